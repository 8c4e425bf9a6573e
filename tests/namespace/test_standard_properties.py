"""Every function of the array API standard, called as its signature allows: shape, dtype and values beside NumPy's.

One table, `CALLS`, says for each function which arguments it takes; NumPy has the standard's functions under the
standard's names, so the same call is made of it. What NumPy does not follow is asked of the standard itself, below:
promotion, operators with Python scalars and in place, and the special cases of its elementwise functions.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import plugrad as pg
from plugrad.errors import DTypeError, PlugradError, ShapeError

from .helpers import names, same
from .test_standard import BINARY, SIGNATURES, UNARY

KINDS = {
    "b": ["bool"],
    "i": names("int8 int16 int32 int64"),
    "u": names("uint8 uint16 uint32 uint64"),
    "f": names("float32 float64"),
    "c": names("complex64 complex128"),
}
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
FULL = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)
"""Shapes without a size of 0, for what chooses among elements."""


# -------------------------------------------------------------------------------------------------- what may be given


def dtypes_of(kinds: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name for kind in kinds for name in KINDS[kind]])


def filled(dtype: str, shape: Any, seed: int, low: float = -4, high: float = 4) -> np.ndarray[Any, Any]:
    """Numbers from an interval; what has no sign gets the upper half of it."""
    rng, kind = np.random.default_rng(seed), np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.integers(0, 2, shape), bool)
    if kind in "iu":
        return np.asarray(
            rng.integers(int(max(low, 0) if kind == "u" else low), int(high), shape, endpoint=True), dtype
        )
    parts = [rng.uniform(low, high, shape) for _ in range(2 if kind == "c" else 1)]
    return np.asarray(parts[0] + 1j * parts[1] if kind == "c" else parts[0], dtype)


@st.composite
def arrays(draw: Any, kinds: str, shape: Any = SHAPES, low: float = -4, high: float = 4) -> Any:
    to = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    return filled(draw(dtypes_of(kinds)), to, draw(st.integers(0, 999)), low, high)


@st.composite
def pairs(draw: Any, kinds: str, low: float = -4, high: float = 4) -> Any:
    """Two arrays of shapes that broadcast; dtypes of one kind, or of one dtype."""
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0)).input_shapes
    kind = draw(st.sampled_from(kinds))
    return tuple(draw(arrays(kind, shape, low, high)) for shape in shapes)


@st.composite
def along(draw: Any, x: Any, options: Any, several: bool = True) -> Any:
    """An array, and over which of its axes; None is all."""
    a = draw(x)
    one = st.integers(-a.ndim, a.ndim - 1) if a.ndim else st.none()
    many = st.lists(st.integers(0, a.ndim - 1), unique=True).map(tuple) if several and a.ndim else st.none()
    return (a,), {"axis": draw(st.none() | one | many), **draw(st.fixed_dictionaries({}, optional=options))}


@st.composite
def with_axis(draw: Any, x: Any, **options: Any) -> Any:
    """An array of at least one axis, and one of its axes."""
    a = draw(x)
    return (a,), {"axis": draw(st.integers(-a.ndim, a.ndim - 1)), **draw(st.fixed_dictionaries({}, optional=options))}


def called(*args: Any, **options: Any) -> st.SearchStrategy[Any]:
    """Arguments by position, and options each of which may be left out."""
    given_ = st.tuples(*[a if isinstance(a, st.SearchStrategy) else st.just(a) for a in args])
    return st.tuples(given_, st.fixed_dictionaries({}, optional=options))


def each(table: dict[str, Any]) -> dict[str, Any]:
    """Names side by side, each with the strategy."""
    return {name: strategy for together, strategy in table.items() for name in names(together)}


@st.composite
def reshaped(draw: Any) -> Any:
    x = draw(arrays("biufc"))
    sizes = [n for n in (1, 2, 3, 4, 6, 8, 12) if x.size and x.size % n == 0] or [1]
    first = draw(st.sampled_from(sizes))
    return (x, draw(st.sampled_from([(-1,), x.shape[::-1], (first, x.size // first)]))), {}


@st.composite
def broadcasting(draw: Any, many: int = 2) -> Any:
    return draw(hnp.mutually_broadcastable_shapes(num_shapes=many, max_dims=3, max_side=3, min_side=0))


@st.composite
def permuted(draw: Any) -> Any:
    x = draw(arrays("biufc"))
    return (x, tuple(draw(st.permutations(range(x.ndim))))), {}


@st.composite
def moved(draw: Any) -> Any:
    x = draw(arrays("biufc"))
    axes = st.lists(st.integers(0, x.ndim - 1), unique=True) if x.ndim else st.just([])
    source = draw(axes)
    to = draw(st.permutations(range(x.ndim)))[: len(source)]
    return (x, tuple(source), tuple(t - draw(st.sampled_from([0, x.ndim])) for t in to)), {}


@st.composite
def expanded(draw: Any) -> Any:
    x = draw(arrays("biufc"))
    return (x, draw(st.integers(-x.ndim - 1, x.ndim))), {}


@st.composite
def squeezed(draw: Any) -> Any:
    x = draw(arrays("biufc", FULL))
    at = draw(st.integers(0, x.ndim))
    return (np.expand_dims(x, at), at - draw(st.sampled_from([0, x.ndim + 1]))), {}


@st.composite
def joined(draw: Any, several: bool = True) -> Any:
    """Arrays of one kind and of one shape, but for the axis that they are joined along."""
    shape, kind = draw(hnp.array_shapes(max_dims=3, max_side=3)), draw(st.sampled_from("biufc"))
    axis, many = draw(st.integers(0, len(shape) - 1)), draw(st.integers(1, 3))
    sizes = [draw(st.integers(0, 3)) if several else shape[axis] for _ in range(many)]
    parts = [draw(arrays(kind, (*shape[:axis], n, *shape[axis + 1 :]))) for n in sizes]
    return (parts,), {"axis": draw(st.sampled_from([axis, axis - len(shape), None] if several else [axis, -1]))}


@st.composite
def rolled(draw: Any) -> Any:
    x = draw(arrays("biufc"))
    if not x.ndim or draw(st.booleans()):
        return (x, 3), {}
    axes = tuple(draw(st.lists(st.integers(0, x.ndim - 1), min_size=1, max_size=2)))
    shifts = tuple(draw(st.integers(-5, 5)) for _ in axes)
    return (x, draw(st.sampled_from([shifts, -2]))), {"axis": axes}


@st.composite
def repeated(draw: Any) -> Any:
    x = draw(arrays("biufc", hnp.array_shapes(max_dims=3, max_side=3)))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    counts = draw(arrays("i", (x.shape[axis],), 0, 3))
    return (x, draw(st.sampled_from([2, 0, counts]))), {"axis": axis}


@st.composite
def indexed(draw: Any, along_axis: bool) -> Any:
    x = draw(arrays("biufc", hnp.array_shapes(max_dims=3, max_side=3)))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    shape = list(x.shape)
    shape[axis] = draw(st.integers(0, 3))
    at = draw(arrays("i", tuple(shape) if along_axis else hnp.array_shapes(min_dims=1, max_dims=1), -n, n - 1))
    return (x, at), {"axis": axis}


@st.composite
def searched(draw: Any) -> Any:
    kind = draw(st.sampled_from("iuf"))
    x = draw(arrays(kind, hnp.array_shapes(max_dims=1, max_side=5)))
    options = draw(st.fixed_dictionaries({}, optional={"side": st.sampled_from(["left", "right"])}))
    if draw(st.booleans()):
        return (x, draw(arrays(kind))), {**options, "sorter": np.argsort(x)}
    return (np.sort(x), draw(arrays(kind))), options


@st.composite
def multiplied(draw: Any) -> Any:
    kind, (i, j, k) = draw(st.sampled_from("iufc")), draw(st.tuples(*[st.integers(0, 3)] * 3))
    before = draw(broadcasting()).input_shapes
    shapes = [((*before[0], i, j), (*before[1], j, k)), ((j,), (*before[1], j, k)), ((*before[0], i, j), (j,))]
    return tuple(draw(arrays(kind, shape)) for shape in draw(st.sampled_from(shapes))), {}


@st.composite
def contracted(draw: Any) -> Any:
    kind, n = draw(st.sampled_from("iufc")), draw(st.integers(0, 2))
    shared = tuple(draw(st.integers(0, 3)) for _ in range(n))
    x, y = draw(arrays(kind, (2, *shared))), draw(arrays(kind, (*shared, 3)))
    return (x, y), {"axes": draw(st.sampled_from([n, (tuple(range(1, n + 1)), tuple(range(n)))]))}


@st.composite
def differenced(draw: Any) -> Any:
    x = draw(arrays("iufc", hnp.array_shapes(max_dims=3, max_side=4)))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    edge = filled(x.dtype.name, tuple(1 if a == axis % x.ndim else n for a, n in enumerate(x.shape)), 7)
    return (x,), {"axis": axis, **draw(st.sampled_from([{"n": 0}, {"n": 2}, {"prepend": edge}]))}


@st.composite
def bounded(draw: Any) -> Any:
    kind = draw(st.sampled_from("iuf"))
    dtype, shapes = draw(st.sampled_from(KINDS[kind])), draw(broadcasting()).input_shapes
    x, low = (filled(dtype, shape, draw(st.integers(0, 99))) for shape in shapes)
    return (x,), draw(st.sampled_from([{"min": low}, {"max": low}, {"min": low, "max": low + low.dtype.type(1)}]))


DTYPE = dtypes_of("biufc")
KEEP = {"keepdims": st.booleans()}
ORDER = {"descending": st.booleans(), "stable": st.just(True)}
ONES = arrays("fc", low=0.25, high=2)
SMALL = st.integers(0, 4)

ELEMENTWISE = each({
    # of floating numbers; inside the domain, for outside NumPy and others have several NaN
    "acos acosh asin asinh atan atanh cos cosh exp expm1 sin sinh tan tanh": called(arrays("fc", low=1, high=1)),
    "log log1p log2 log10 reciprocal sqrt": called(ONES),
    "abs conj imag isfinite isinf isnan negative positive real round sign square": called(arrays("iufc")),
    "ceil floor trunc": called(arrays("iuf")),
    "signbit": called(arrays("f")),
    "bitwise_invert": called(arrays("biu")),
    "logical_not": called(arrays("b")),
    "add multiply subtract": pairs("iufc").map(lambda two: (two, {})),
    "equal not_equal": pairs("biufc").map(lambda two: (two, {})),
    "greater greater_equal less less_equal maximum minimum": pairs("iuf").map(lambda two: (two, {})),
    "divide": pairs("fc").map(lambda two: (two, {})),
    "floor_divide remainder": pairs("iuf", 1).map(lambda two: (two, {})),
    "pow": pairs("iufc", 1, 3).map(lambda two: (two, {})),
    "atan2 copysign hypot logaddexp nextafter": pairs("f").map(lambda two: (two, {})),
    "bitwise_and bitwise_or bitwise_xor": pairs("biu").map(lambda two: (two, {})),
    "bitwise_left_shift bitwise_right_shift": pairs("iu", 0).map(lambda two: (two, {})),
    "logical_and logical_or logical_xor": pairs("b").map(lambda two: (two, {})),
    "clip": bounded(),
})  # fmt: skip

CALLS = ELEMENTWISE | each({
    # creation
    "arange": called(st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([1, 2, -3]))
    | called(st.integers(0, 9), dtype=dtypes_of("iuf")),
    "empty_like": called(arrays("biufc", (0, 2)), dtype=DTYPE),  # which has no values to compare
    "empty": called(st.sampled_from([(0,), (2, 0)]), dtype=DTYPE),
    "ones_like zeros_like": called(arrays("biufc"), dtype=DTYPE),
    "full_like": called(arrays("iufc"), st.integers(0, 4), dtype=DTYPE),
    "ones zeros": called(SHAPES | SMALL, dtype=DTYPE),
    "full": called(SHAPES | SMALL, st.integers(0, 4) | st.booleans() | st.just(1.5)),
    "eye": called(SMALL, SMALL | st.none(), k=st.integers(-5, 5), dtype=DTYPE),
    "linspace": called(st.integers(-9, 9), st.floats(-9, 9), SMALL, endpoint=st.booleans(), dtype=dtypes_of("fc")),
    "asarray": called(arrays("biufc"), dtype=dtypes_of("c"), copy=st.sampled_from([None, True])),
    "from_dlpack": called(arrays("biufc"), copy=st.booleans() | st.none()),
    "meshgrid": st.lists(arrays("f", hnp.array_shapes(max_dims=1, max_side=3)), min_size=1, max_size=3).map(
        lambda axes: (tuple(axes), {"indexing": "ij"} if len(axes) == 2 else {})
    ),
    "tril triu": called(arrays("biufc", hnp.array_shapes(min_dims=2, max_dims=3, min_side=0)), k=st.integers(-4, 4)),
    # data types
    "astype": called(arrays("biuf", low=0), dtypes_of("biufc"), copy=st.booleans()),
    # indexing
    "take": indexed(False),
    "take_along_axis": indexed(True),
    # linear algebra
    "matmul": multiplied(),
    "matrix_transpose": called(arrays("biufc", hnp.array_shapes(min_dims=2, max_dims=3, min_side=0))),
    "tensordot": contracted(),
    "vecdot": st.sampled_from("iufc").flatmap(lambda k: called(arrays(k, (2, 3)), arrays(k, (1, 3)), axis=st.just(-1))),
    # manipulation
    "broadcast_arrays": broadcasting(3).map(lambda b: (tuple(filled("int32", s, 1) for s in b.input_shapes), {})),
    "broadcast_shapes": broadcasting(3).map(lambda b: (b.input_shapes, {})),
    "broadcast_to": broadcasting().map(lambda b: ((filled("float32", b.input_shapes[0], 1), b.result_shape), {})),
    "concat": joined(),
    "expand_dims": expanded(),
    "flip": along(arrays("biufc"), {}),
    "moveaxis": moved(),
    "permute_dims": permuted(),
    "repeat": repeated(),
    "reshape": reshaped(),
    "roll": rolled(),
    "squeeze": squeezed(),
    "stack": joined(several=False),
    "tile": called(arrays("biufc"), st.lists(st.integers(0, 2), max_size=3).map(tuple)),
    "unstack": with_axis(arrays("biufc", hnp.array_shapes(max_dims=3, max_side=3))),
    # searching
    "argmax argmin": along(arrays("iuf", FULL), KEEP, several=False),
    "count_nonzero": along(arrays("biufc"), KEEP),
    "nonzero": called(arrays("biufc", hnp.array_shapes(max_dims=3, max_side=3, min_side=0))),
    "searchsorted": searched(),
    "where": pairs("biufc").map(lambda two: ((np.asarray(two[0] > 0), *two), {})),
    # sets
    "isin": called(arrays("i"), arrays("i"), invert=st.booleans()),
    "unique_values unique_counts unique_inverse": called(arrays("biuf", hnp.array_shapes(max_dims=2, min_side=0))),
    "unique_all": called(arrays("biuf", hnp.array_shapes(max_dims=1, min_side=0))),
    # sorting
    "argsort sort": with_axis(arrays("iuf", hnp.array_shapes(max_dims=3, max_side=4)), **ORDER),
    # statistical
    "cumulative_sum cumulative_prod": with_axis(
        arrays("iufc", hnp.array_shapes(max_dims=3, min_side=0, max_side=3)), include_initial=st.booleans()
    ),
    "max min": along(arrays("iuf", FULL), KEEP),
    "mean": along(arrays("fc", FULL), KEEP),
    "prod sum": along(arrays("iufc"), KEEP | {"dtype": dtypes_of("c")}),
    "std var": along(arrays("f", FULL), KEEP | {"correction": st.just(0.5)}),
    # utility
    "all any": along(arrays("biufc"), KEEP),
    "diff": differenced(),
})  # fmt: skip

NO_ARRAY_CALLED = {"__array_namespace_info__", "can_cast", "finfo", "iinfo", "isdtype", "result_type"}
"""Tested in test_data_types.py and test_inspection.py."""


# -------------------------------------------------------------------------------------------------------- beside NumPy


def tensors(value: Any) -> Any:
    """NumPy's arrays in the arguments as Tensors, names of dtypes as plugrad's."""
    if isinstance(value, np.ndarray):
        return pg.asarray(value)
    if isinstance(value, str):
        return getattr(pg, value, value)
    return type(value)(map(tensors, value)) if isinstance(value, list | tuple) else value


def sort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    ordered = np.sort(x, axis, stable=stable)
    return np.flip(ordered, axis) if descending else ordered


def argsort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Ties keep their order in both directions."""
    if not descending:
        return np.argsort(x, axis, stable=stable)
    return np.flip(x.shape[axis] - 1 - np.argsort(np.flip(x, axis), axis, stable=stable), axis)


REFERENCE: dict[str, Callable[..., Any]] = {
    "argsort": argsort,
    "sort": sort,
    "unique_values": np.unique,  # NumPy's unique_values has an order of its own
}
"""Where NumPy's function of this name does not do all that the standard says."""


def compare(ours: Any, want: Any) -> None:
    if isinstance(want, tuple | list) and not all(isinstance(n, int) for n in want):
        assert len(ours) == len(want)
        for a, b in zip(ours, want):
            compare(a, b)
    elif isinstance(ours, pg.Tensor):
        same(ours, want, ulps=32)
    else:
        assert ours == want


def test_the_table_is_the_standards() -> None:
    assert set(CALLS) == set(SIGNATURES) - NO_ARRAY_CALLED
    assert {*UNARY, *BINARY, "clip"} == set(ELEMENTWISE)


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=20)
@given(data=st.data())
def test_call_gives_what_numpy_gives(backend: str, name: str, data: Any) -> None:
    args, options = data.draw(CALLS[name])
    with np.errstate(all="ignore"):
        want = REFERENCE.get(name, getattr(np, name))(*args, **options)
    compare(getattr(pg, name)(*tensors(args), **{k: tensors(v) for k, v in options.items()}), want)


# ----------------------------------------------------------------------------------------------------------- promotion

SIGNED_WITH_UNSIGNED = {  # with uint8, uint16, uint32
    "int8": "int16 int32 int64",
    "int16": "int16 int32 int64",
    "int32": "int32 int32 int64",
    "int64": "int64 int64 int64",
}
MEETINGS = [
    *[(a, b, max(a, b, key=KINDS[kind].index)) for kind in KINDS for a in KINDS[kind] for b in KINDS[kind]],
    *[(a, b, out) for a, row in SIGNED_WITH_UNSIGNED.items() for b, out in zip(KINDS["u"], row.split())],
    ("float32", "complex64", "complex64"),
    ("float32", "complex128", "complex128"),
    ("float64", "complex64", "complex128"),
    ("float64", "complex128", "complex128"),
]


@pytest.mark.parametrize("a, b, meets", MEETINGS)
def test_operands_meet_where_the_standard_says(backend: str, a: str, b: str, meets: str) -> None:
    x, y, to = pg.ones(2, dtype=getattr(pg, a)), pg.ones(2, dtype=getattr(pg, b)), getattr(pg, meets)
    assert pg.result_type(x, y) is pg.result_type(y.dtype, x.dtype) is to
    found = [pg.where(pg.asarray([True, False]), x, y), pg.concat([y, x]), pg.equal(x, y)]
    if meets != "bool":
        found += [x + y, y * x]
    assert [z.dtype for z in found] == [to, to, pg.bool, to, to][: len(found)]


# ----------------------------------------------------------------------------------------------------------- operators

ARITHMETIC = {
    "add": "iufc", "sub": "iufc", "mul": "iufc", "truediv": "fc", "floordiv": "iuf", "mod": "iuf", "pow": "iufc",
    "and_": "biu", "or_": "biu", "xor": "biu", "lshift": "iu", "rshift": "iu",
}  # fmt: skip
COMPARISONS = {"eq": "biufc", "ne": "biufc", "lt": "iuf", "le": "iuf", "gt": "iuf", "ge": "iuf"}
SCALARS: dict[str, list[Any]] = {
    "b": [True],
    "i": [1, 2, True],
    "u": [1, 2],
    "f": [1.5, 2, True],
    "c": [1.5 + 1j, 2.5, 2, True],
}
"""Python's scalars that an array of a kind takes without leaving its dtype."""


def exactly(ours: pg.Tensor, want: pg.Tensor) -> None:
    assert (ours.dtype, ours.shape) == (want.dtype, want.shape)
    np.testing.assert_allclose(
        ours.numpy(), want.numpy(), rtol=1e-6 if ours.dtype.name in ("float32", "complex64") else 1e-14
    )


@pytest.mark.parametrize("name", [*ARITHMETIC, *COMPARISONS])
@settings(max_examples=20)
@given(data=st.data())
def test_a_python_scalar_takes_the_dtype_of_the_array(backend: str, name: str, data: Any) -> None:
    kind = data.draw(st.sampled_from((ARITHMETIC | COMPARISONS)[name]))
    x, scalar = pg.asarray(data.draw(arrays(kind, low=1, high=3))), data.draw(st.sampled_from(SCALARS[kind]))
    like, apply = pg.full((), scalar, dtype=x.dtype), getattr(operator, name)
    exactly(apply(x, scalar), apply(x, like))
    exactly(apply(scalar, x), apply(like, x))
    assert apply(x, scalar).dtype is (x.dtype if name in ARITHMETIC else pg.bool)


@pytest.mark.parametrize("name", ARITHMETIC)
@settings(max_examples=20)
@given(data=st.data())
def test_in_place_is_the_same_tensor_with_what_it_is_out_of_place(backend: str, name: str, data: Any) -> None:
    kind = data.draw(st.sampled_from(ARITHMETIC[name]))
    theirs = data.draw(arrays(kind, FULL, low=1, high=3))
    part = theirs[data.draw(st.sampled_from([(), *[(slice(1),)] * theirs.ndim, *[0] * theirs.ndim]))]
    other = data.draw(st.sampled_from([pg.asarray(part), *SCALARS[kind]]))
    x = pg.asarray(theirs)
    was = y = pg.asarray(x, copy=True)
    y = getattr(operator, f"i{name.rstrip('_')}")(y, other)
    assert y is was
    exactly(y, getattr(operator, name)(x, other))


MISFITS = [
    (lambda x: operator.iadd(x, 0.5), [1, 2], DTypeError, "float64 does not fit int64"),
    (lambda x: operator.itruediv(x, 2), [1, 2], DTypeError, "float64 does not fit int64"),
    (lambda x: operator.imul(x, 1j), [1.0, 2.0], DTypeError, "complex128 does not fit float64"),
    (lambda x: operator.iadd(x, pg.ones(2)), [True, False], DTypeError, "float64 does not fit bool"),
    (lambda x: operator.isub(x, pg.ones((3, 2))), [1.0, 2.0], ShapeError, r"\(3, 2\) does not fit \(2,\)"),
    (lambda x: operator.iadd(x, pg.ones(3)), [1.0, 2.0], ShapeError, r"\(2,\) and \(3,\) do not fit"),
]


@pytest.mark.parametrize("write, values, error, says", MISFITS)
def test_what_does_not_fit_in_place_leaves_the_array_as_it_was(
    backend: str, write: Any, values: Any, error: type[Exception], says: str
) -> None:
    x = pg.asarray(values)
    with pytest.raises(error, match=says):
        write(x)
    assert x.tolist() == values


# ------------------------------------------------------------------------------------------------------- special cases

ONE = {
    "abs": "nan: nan; -0.: 0.; -inf: inf",
    "acos": "nan: nan; 2: nan; -2: nan; 1: 0",
    "acosh": "nan: nan; .5: nan; 1: 0; inf: inf",
    "asin": "nan: nan; 2: nan; -2: nan; 0: 0; -0.: -0.",
    "asinh": "nan: nan; 0: 0; -0.: -0.; inf: inf; -inf: -inf",
    "atan": "nan: nan; 0: 0; -0.: -0.; inf: pi/2; -inf: -pi/2",
    "atanh": "nan: nan; 2: nan; -2: nan; 1: inf; -1: -inf; 0: 0; -0.: -0.",
    "ceil": "nan: nan; inf: inf; -inf: -inf; 0: 0; -0.: -0.; -.5: -0.",
    "cos": "nan: nan; 0: 1; -0.: 1; inf: nan; -inf: nan",
    "cosh": "nan: nan; 0: 1; -0.: 1; inf: inf; -inf: inf",
    "exp": "nan: nan; 0: 1; -0.: 1; inf: inf; -inf: 0",
    "expm1": "nan: nan; 0: 0; -0.: -0.; inf: inf; -inf: -1",
    "floor": "nan: nan; inf: inf; -inf: -inf; 0: 0; -0.: -0.",
    "isfinite": "nan: 0; inf: 0; -inf: 0; 0: 1",
    "isinf": "nan: 0; inf: 1; -inf: 1; 0: 0",
    "isnan": "nan: 1; inf: 0; 0: 0",
    "log": "nan: nan; -1: nan; 0: -inf; -0.: -inf; 1: 0; inf: inf",
    "log1p": "nan: nan; -2: nan; -1: -inf; 0: 0; -0.: -0.; inf: inf",
    "log2": "nan: nan; -1: nan; 0: -inf; -0.: -inf; 1: 0; inf: inf",
    "log10": "nan: nan; -1: nan; 0: -inf; -0.: -inf; 1: 0; inf: inf",
    "negative": "nan: nan; 0: -0.; -0.: 0; inf: -inf",
    "reciprocal": "nan: nan; 0: inf; -0.: -inf; inf: 0; -inf: -0.",
    "round": "nan: nan; inf: inf; -inf: -inf; 0: 0; -0.: -0.; .5: 0; 1.5: 2; 2.5: 2; -.5: -0.",
    "sign": "nan: nan; -2: -1; -inf: -1; 0: 0; inf: 1",
    "signbit": "0: 0; -0.: 1; inf: 0; -inf: 1; -2: 1",
    "sin": "nan: nan; 0: 0; -0.: -0.; inf: nan; -inf: nan",
    "sinh": "nan: nan; 0: 0; -0.: -0.; inf: inf; -inf: -inf",
    "sqrt": "nan: nan; -1: nan; 0: 0; -0.: -0.; inf: inf",
    "tan": "nan: nan; 0: 0; -0.: -0.; inf: nan; -inf: nan",
    "tanh": "nan: nan; 0: 0; -0.: -0.; inf: 1; -inf: -1",
    "trunc": "nan: nan; inf: inf; -inf: -inf; 0: 0; -0.: -0.; -.5: -0.",
}
TWO = {
    "add": "nan, 1: nan; 1, nan: nan; inf, -inf: nan; -inf, inf: nan; inf, inf: inf; -inf, 1: -inf; -0., -0.: -0.; "
    "-0., 0: 0; 0, -0.: 0; 1, -1: 0",
    "atan2": "nan, 1: nan; 1, nan: nan; 1, 0: pi/2; 1, -0.: pi/2; 0, 1: 0; 0, 0: 0; 0, -0.: pi; 0, -1: pi; "
    "-0., 1: -0.; -0., 0: -0.; -0., -0.: -pi; -0., -1: -pi; -1, 0: -pi/2; -1, -0.: -pi/2; 1, inf: 0; 1, -inf: pi; "
    "-1, inf: -0.; -1, -inf: -pi; inf, 1: pi/2; -inf, 1: -pi/2; inf, inf: pi/4; inf, -inf: 3*pi/4; -inf, inf: -pi/4; "
    "-inf, -inf: -3*pi/4",
    "copysign": "nan, 1: nan; 1, -0.: -1; 1, 0: 1; -1, 2: 1; 0, -1: -0.; -inf, 1: inf",
    "divide": "nan, 1: nan; 1, nan: nan; inf, inf: nan; inf, -inf: nan; 0, 0: nan; -0., 0: nan; 0, 1: 0; 0, -1: -0.; "
    "1, 0: inf; 1, -0.: -inf; -1, 0: -inf; inf, -1: -inf; inf, 0: inf; 1, inf: 0; 1, -inf: -0.; -1, inf: -0.",
    "equal": "nan, nan: 0; 0, -0.: 1; inf, inf: 1; -inf, inf: 0",
    "floor_divide": "nan, 1: nan; 1, nan: nan; inf, inf: nan; 0, 0: nan; 1, 0: inf; 1, -0.: -inf; -1, 0: -inf; "
    "0, 1: 0; 0, -1: -0.; inf, 1: inf; inf, -1: -inf; -inf, 1: -inf; -inf, -1: inf; 1, inf: 0; 1, -inf: -0.; "
    "-1, inf: -0.; -1, -inf: 0",
    "greater": "nan, 1: 0; 1, nan: 0; inf, 1: 1; 0, -0.: 0; 1, -inf: 1",
    "greater_equal": "nan, nan: 0; -inf, -inf: 1; 0, -0.: 1",
    "hypot": "inf, nan: inf; nan, -inf: inf; nan, 1: nan; 1, nan: nan; 0, -0.: 0; -3, 0: 3",
    "less": "nan, 1: 0; 1, nan: 0; 1, inf: 1; -0., 0: 0",
    "less_equal": "nan, nan: 0; inf, inf: 1; -0., 0: 1",
    "logaddexp": "nan, 1: nan; 1, nan: nan; inf, 1: inf; 1, inf: inf; -inf, -inf: -inf",
    "maximum": "nan, 1: nan; 1, nan: nan; -inf, 1: 1; inf, 1: inf",
    "minimum": "nan, 1: nan; 1, nan: nan; -inf, 1: -inf; inf, 1: 1",
    "multiply": "nan, 1: nan; inf, 0: nan; -0., inf: nan; inf, -1: -inf; -inf, -inf: inf; 0, -1: -0.; -0., -0.: 0",
    "nextafter": "nan, 1: nan; 1, nan: nan; 1, 1: 1; -0., 0: 0; 0, -0.: -0.",
    "not_equal": "nan, nan: 1; 0, -0.: 0; -inf, inf: 1",
    "pow": "2, nan: nan; nan, 0: 1; nan, -0.: 1; nan, 1: nan; 2, inf: inf; 2, -inf: 0; 1, inf: 1; -1, inf: 1; "
    "1, -inf: 1; -1, -inf: 1; .5, inf: 0; .5, -inf: inf; inf, 2: inf; inf, -2: 0; -inf, 3: -inf; -inf, 2: inf; "
    "-inf, -3: -0.; -inf, -2: 0; 0, 2: 0; 0, -2: inf; -0., 3: -0.; -0., 2: 0; -0., -3: -inf; -0., -2: inf; "
    "-8, .5: nan; 0, 0: 1",
    "remainder": "nan, 1: nan; 1, nan: nan; inf, 1: nan; -inf, 1: nan; 1, 0: nan; 0, 0: nan; 0, 1: 0; -0., 1: 0; "
    "0, -1: -0.; -0., -1: -0.; 1, inf: 1; -1, inf: inf; 1, -inf: -inf; -1, -inf: -1; 3, -2: -1; -3, 2: 1",
    "subtract": "nan, 1: nan; inf, inf: nan; -inf, -inf: nan; inf, 1: inf; 1, inf: -inf; 0, 0: 0; "
    "-0., 0: -0.; 0, -0.: 0",
}  # fmt: skip
COMPLEX = {
    "abs": "c(inf, nan): inf; c(-inf, 1): inf; c(nan, -inf): inf; c(-3, 4): 5; c(nan, 1): nan",
    "conj": "c(1, 2): c(1, -2); c(1, 0.): c(1, -0.)",
    "exp": "c(-0., 0): c(1, 0); c(-inf, inf): c(0, 0); c(inf, 0): c(inf, 0); c(inf, inf): c(inf, nan); "
    "c(nan, 0): c(nan, 0); c(1, inf): c(nan, nan); c(-inf, nan): c(0, 0); c(inf, nan): c(inf, nan)",
    "expm1": "c(-0., 0): c(0, 0); c(-inf, inf): c(-1, 0); c(inf, 0): c(inf, 0); c(inf, inf): c(inf, nan); "
    "c(nan, 0): c(nan, 0); c(1, inf): c(nan, nan); c(-inf, nan): c(-1, 0); c(inf, nan): c(inf, nan); "
    "c(1, nan): c(nan, nan); c(-inf, 1): c(-1, 0)",
    "log": "c(-0., 0): c(-inf, pi); c(0, 0): c(-inf, 0); c(1, inf): c(inf, pi/2); c(1, nan): c(nan, nan); "
    "c(-inf, 1): c(inf, pi); c(inf, 1): c(inf, 0); c(-inf, inf): c(inf, 3*pi/4); c(inf, inf): c(inf, pi/4); "
    "c(inf, nan): c(inf, nan); c(nan, 1): c(nan, nan); c(nan, inf): c(inf, nan)",
    "log1p": "c(-1, 0): c(-inf, 0); c(1, inf): c(inf, pi/2); c(1, nan): c(nan, nan); c(-inf, 1): c(inf, pi); "
    "c(inf, 1): c(inf, 0); c(-inf, inf): c(inf, 3*pi/4); c(inf, inf): c(inf, pi/4); c(inf, nan): c(inf, nan); "
    "c(nan, 1): c(nan, nan); c(nan, inf): c(inf, nan)",
    "sign": "c(0, 0): c(0, 0); c(0, -2): c(0, -1); c(3, 4): c(.6, .8); c(nan, 1): c(nan, nan)",
    "sqrt": "c(0, 0): c(0, 0); c(-0., 0): c(0, 0); c(1, inf): c(inf, inf); c(nan, inf): c(inf, inf); "
    "c(-inf, 1): c(0, inf); c(inf, 1): c(inf, 0); c(1, nan): c(nan, nan); c(-inf, inf): c(inf, inf)",
    "tanh": "c(0, 0): c(0, 0); c(1, inf): c(nan, nan); c(inf, inf): c(1, 0); c(inf, nan): c(1, 0); "
    "c(nan, 0): c(nan, 0)",
}
NUMBERS = {"c": complex, "inf": math.inf, "nan": math.nan, "pi": math.pi}
AS_PYTHON = {("floor_divide", case) for case in ("inf, 1", "inf, -1", "-inf, 1", "-inf, -1", "1, -inf", "-1, inf")}
"""NaN, and -1 for -0: the standard prefers otherwise, and allows this."""


def cases(table: dict[str, str]) -> list[Any]:
    rows = [(name, *map(str.strip, row.split(":"))) for name, text in table.items() for row in text.split(";")]
    return [pytest.param(*row, id=f"{row[0]}({row[1]})") for row in rows]


@pytest.mark.parametrize("dtype", KINDS["f"])
@pytest.mark.parametrize("name, case, result", cases(ONE | TWO))
def test_special_case(
    backend: str, name: str, case: str, result: str, dtype: str, request: pytest.FixtureRequest
) -> None:
    if (name, case) in AS_PYTHON:
        request.applymarker(pytest.mark.xfail(reason="as in Python", strict=True))
    numbers = eval(f"({case},)", NUMBERS)
    want = eval(result, NUMBERS)
    for shape in ((), (9,)):  # vectorised loops have special cases of their own
        operands = [pg.full(shape, float(n), dtype=getattr(pg, dtype)) for n in numbers]
        found = getattr(pg, name)(*operands)
        assert found.dtype is (operands[0].dtype if found.dtype is not pg.bool else pg.bool)
        got = np.asarray(found.numpy(), float)
        np.testing.assert_allclose(got, np.full(shape, want), rtol=1e-6)
        if want == 0:
            assert np.all(np.signbit(got) == (math.copysign(1, want) < 0))


@pytest.mark.parametrize("dtype", KINDS["c"])
@pytest.mark.parametrize("name, case, result", cases(COMPLEX))
def test_special_case_of_complex_numbers(backend: str, name: str, case: str, result: str, dtype: str) -> None:
    """Signs of zeros in results apart, and of infinities beside NaN: the standard leaves many of them open."""
    want = np.asarray(eval(result, NUMBERS))
    for shape in ((), (9,)):
        got = getattr(pg, name)(pg.full(shape, eval(case, NUMBERS), dtype=getattr(pg, dtype))).numpy()
        assert got.dtype.kind == want.dtype.kind or name == "abs"
        for part in (np.real, np.imag):
            np.testing.assert_allclose(np.abs(part(got)), np.broadcast_to(np.abs(part(want)), shape), rtol=1e-6, atol=0)


# -------------------------------------------------------------------------------------------------------- what is none

NO_ORDER = names(
    "argmax argmin argsort ceil floor floor_divide greater greater_equal less less_equal max maximum min minimum "
    "remainder sort trunc"
)


@pytest.mark.parametrize("name", NO_ORDER)
def test_complex_numbers_have_no_order(backend: str, name: str) -> None:
    z = pg.asarray([1j, 2.0])
    with pytest.raises(DTypeError, match=name):
        getattr(pg, name)(*[z] * (2 if name in BINARY else 1))


@pytest.mark.parametrize("name", names("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift"))
def test_floating_numbers_have_no_bits(backend: str, name: str) -> None:
    with pytest.raises(DTypeError, match=name):
        getattr(pg, name)(pg.ones(2), pg.ones(2))


@pytest.mark.parametrize("name", BINARY)
def test_shapes_that_do_not_broadcast(backend: str, name: str) -> None:
    dtype = pg.bool if name.startswith("logical") else pg.int64 if name.startswith("bitwise") else pg.float64
    with pytest.raises(ShapeError, match=rf"{name}: .*\(2,\).*\(3,\)"):
        getattr(pg, name)(pg.ones(2, dtype=dtype), pg.ones(3, dtype=dtype))


@pytest.mark.parametrize("name", [n for n, signature in SIGNATURES.items() if "axis=" in signature])
def test_an_axis_that_is_not_there(backend: str, name: str) -> None:
    x, at = pg.ones((2, 2)), pg.zeros((2, 2), dtype=pg.int64)
    args = {"take": (x, at[0]), "take_along_axis": (x, at), "vecdot": (x, x), "repeat": (x, 2), "roll": (x, 1)}
    args |= dict.fromkeys(("concat", "stack"), ([x, x],))
    for axis in (2 + (name == "stack"), -3 - (name == "stack")):
        with pytest.raises(PlugradError) as refused:
            getattr(pg, name)(*args.get(name, (x,)), axis=axis)
        assert isinstance(refused.value, IndexError)
        assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    "name", [n for n, s in SIGNATURES.items() if s.split(",")[0] in ("x", "x1") and n in ELEMENTWISE]
)
def test_operands_come_by_position(name: str) -> None:
    with pytest.raises(TypeError):
        getattr(pg, name)(**dict.fromkeys(names("x1 x2" if name in BINARY else "x"), pg.ones(2)))
