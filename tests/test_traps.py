"""Where array libraries silently lose a gradient, a dtype or a value: each trap is a test."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import func

import plugrad as pg
from plugrad.errors import (
    ConversionError,
    DTypeError,
    GraphError,
    IndexingError,
    MixedBackendsError,
    ShapeError,
    TracingError,
    TransformError,
    ValidationError,
)

from .helpers import agree, as_in_torch, const, leaf

X = np.array([1.0, 2.0, 3.0])

# ------------------------------------------------------------------------------------- NumPy on the left of an operator

FLOAT_OPERATORS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne"]
INT_OPERATORS = ["and_", "or_", "xor", "lshift", "rshift"]
LEFT = {
    "array": lambda kind: np.array([3, 1, 2], kind),
    "matrix": lambda kind: np.array([[3, 1, 2], [1, 1, 1]], kind),
    "0-d array": lambda kind: np.array(2, kind),
    "scalar": lambda kind: np.dtype(kind).type(2),
}


@pytest.mark.numpy
@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("name", FLOAT_OPERATORS + INT_OPERATORS)
def test_numpy_on_the_left_of_an_operator_gives_one_tensor(name: str, left: Any) -> None:
    kind = "i8" if name in INT_OPERATORS else "f8"
    op, a, b = getattr(operator, name), left(kind), np.array([1, 2, 3], kind)
    agree(op(a, pg.asarray(b)), np.asarray(op(a, b)))


@pytest.mark.numpy
@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_the_gradient_goes_to_the_right_of_a_numpy_operand(name: str, left: Any) -> None:
    op, a = getattr(operator, name), left("f8")
    w, v = leaf(pg, X), leaf(torch, X)
    pg.sum(op(a, w)).backward()
    torch.sum(op(torch.asarray(a), v)).backward()
    agree(w.grad, v.grad)


@pytest.mark.numpy
def test_matrix_products_with_numpy_on_the_left() -> None:
    m, w = np.arange(6.0).reshape(2, 3), leaf(pg, X)
    pg.sum(m @ w).backward()
    agree(m @ w, m @ X)
    agree(w.grad, m.sum(0))


@pytest.mark.numpy
@pytest.mark.parametrize("run", [pg.grad, lambda f: pg.vmap(pg.grad(f)), pg.compile], ids=["grad", "vmap", "compile"])
def test_numpy_on_the_left_inside_of_a_transform(run: Any) -> None:
    x = pg.asarray([[1.0, 2.0], [3.0, 4.0]])
    f = lambda v: pg.sum(np.array([10.0, 20.0]) * v)  # noqa: E731
    agree(run(f)(x), {pg.compile: np.asarray(160.0)}.get(run, np.array([[10.0, 20.0]] * 2)))


def test_a_numpy_scalar_is_an_array_of_its_dtype_and_a_python_number_is_weak() -> None:
    narrow = pg.ones(2, dtype=pg.float32)
    assert (2.0 * narrow).dtype is pg.float32
    assert (np.float32(2) * narrow).dtype is pg.float32
    assert (np.float32(2) * pg.asarray(X)).dtype is pg.float64
    assert (np.int64(2) * narrow).dtype is pg.float32


def test_numpy_does_not_swallow_a_tensor() -> None:
    a = np.ones(3)
    with pytest.raises(TypeError):
        a += pg.asarray(X)
    with pytest.raises(TypeError):
        np.sin(pg.asarray(X))
    assert a.tolist() == [1, 1, 1]


# ----------------------------------------------------------------------------------------------- values for Python

CONVERSIONS = {
    "float": (float, 2.0),
    "int": (int, 2),
    "bool": (bool, True),
    "complex": (complex, 2 + 0j),
    "item": (lambda x: x.item(), 2.0),
    "tolist": (lambda x: x.tolist(), 2.0),
    "format": (lambda x: f"{x:.2f}", "2.00"),
}
ARRAYS = {
    "np.asarray": lambda x: np.asarray(x),
    "np.array": lambda x: np.array([x, x]),
    "numpy": lambda x: x.numpy(),
    "into a NumPy array": lambda x: operator.setitem(np.zeros(1), slice(None), x),
    "np.from_dlpack": lambda x: np.from_dlpack(x),
}


def within(run: Any, look: Any) -> Any:
    """What `look` gives for the value 2 inside of a transform."""
    seen = []

    def f(x: pg.Tensor) -> pg.Tensor:
        seen.append(look(x))
        return x * x

    run(f)
    return seen[0]


VALUED = {
    "constant": lambda f: f(const(pg, 2)),
    "leaf": lambda f: f(leaf(pg, 2)),
    "computed": lambda f: f(leaf(pg, 1) * 2),
    "fast grad": lambda f: pg.grad(f)(const(pg, 2)),
    "taped grad": lambda f: pg.jvp(lambda z: pg.grad(f)(z), (const(pg, 2),), (const(pg, 1),)),
    "jvp": lambda f: pg.jvp(f, (const(pg, 2),), (const(pg, 1),)),
    "vjp": lambda f: pg.vjp(f, const(pg, 2)),
}
UNKNOWN = {
    "vmap": (lambda f: pg.vmap(f)(const(pg, [2, 3])), TransformError, "under vmap"),
    "vmap of grad": (lambda f: pg.vmap(pg.grad(f))(const(pg, [2, 3])), TransformError, "under vmap"),
    "compile": (lambda f: pg.compile(f)(const(pg, 2)), TracingError, "while a program is traced"),
    "compile of grad": (lambda f: pg.compile(pg.grad(f))(const(pg, 2)), TracingError, "while a program is traced"),
}


@pytest.mark.parametrize("look, want", CONVERSIONS.values(), ids=CONVERSIONS)
@pytest.mark.parametrize("run", VALUED.values(), ids=VALUED)
def test_python_gets_the_value_wherever_there_is_one(run: Any, look: Any, want: Any) -> None:
    got = within(run, look)
    assert (type(got), got) == (type(want), want)


@pytest.mark.parametrize(
    "look", (CONVERSIONS | {k: (v,) for k, v in ARRAYS.items()}).values(), ids=[*CONVERSIONS, *ARRAYS]
)
@pytest.mark.parametrize("run, error, text", UNKNOWN.values(), ids=UNKNOWN)
def test_python_gets_no_value_where_there_are_many_or_none_yet(run: Any, error: Any, text: str, look: Any) -> None:
    with pytest.raises(error, match=text):
        within(run, look[0])


@pytest.mark.numpy
@pytest.mark.parametrize("look", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize("run", VALUED.values(), ids=VALUED)
def test_numpy_gets_no_array_that_would_lose_a_history(run: Any, look: Any) -> None:
    if run is VALUED["constant"]:
        given = within(run, look)
        assert given is None or np.all(given == 2.0)
    else:
        with pytest.raises(ConversionError, match=r"detach\(\)"):
            within(run, look)


@pytest.mark.parametrize("run", VALUED.values(), ids=VALUED)
def test_a_detached_value_may_leave(run: Any) -> None:
    assert within(run, lambda x: np.asarray(x.detach()).tolist()) == 2.0


def test_more_or_less_than_one_element_has_no_single_value() -> None:
    x = const(pg, X)
    for convert in (float, int, complex, bool, pg.Tensor.item, lambda x: f"{x:.1f}"):
        for wrong in (x, x[:0]):
            with pytest.raises(ConversionError, match=r"shape \((3|0),\)"):
                convert(wrong)
    assert (float(x[:1]), bool(x[:1]), pg.reshape(x[:1], (1, 1)).item()) == (1.0, True, 1.0)


def test_only_integers_are_an_index_of_python() -> None:
    assert [10, 20, 30][pg.asarray(1)] == 20
    assert list(range(pg.asarray(2))) == [0, 1]
    with pytest.raises(ConversionError, match="float64"):
        operator.index(const(pg, 1))
    with pytest.raises(ConversionError, match="complex128"):
        float(pg.asarray(1j))


def test_a_0d_tensor_has_no_length_and_no_elements() -> None:
    for f in (len, list):
        with pytest.raises(ConversionError, match="0-d"):
            f(const(pg, 1))


# ------------------------------------------------------------------------------------------------------------ asarray


def test_asarray_of_a_tensor_is_the_tensor() -> None:
    w = leaf(pg, X)
    y = w * 2
    assert pg.asarray(w) is w
    assert pg.asarray(y) is y
    assert pg.asarray(y, dtype=pg.float64, copy=False) is y


@pytest.mark.filterwarnings("ignore:torch.asarray. unspecified requires_grad:UserWarning")
@as_in_torch
def test_asarray_of_a_tracked_tensor_is_differentiable(xp: Any) -> Any:
    w = leaf(xp, X)
    xp.sum(xp.asarray(w * 2, dtype=xp.float32) * xp.asarray(w, copy=True)).backward()
    return w.grad


def test_asarray_of_a_list_of_tracked_tensors_is_differentiable() -> None:
    w = leaf(pg, X)
    pg.sum(pg.asarray([w[0] * 3, w[1]]) * pg.asarray([[w[2], 2.0]])).backward()
    agree(w.grad, [9.0, 2.0, 3.0] * np.ones(3))


def test_asarray_inside_of_transforms_keeps_what_they_follow() -> None:
    f = lambda x: pg.sum(pg.asarray(x, copy=True) * pg.asarray([x[0], 2.0, 1.0]))  # noqa: E731
    x = const(pg, X)
    want = np.array([2.0, 2.0, 1.0])
    agree(pg.grad(f)(x), want)
    agree(pg.vmap(pg.grad(f))(pg.stack([x, x])), np.stack([want] * 2))
    agree(pg.jvp(f, (x,), (x,))[1], np.asarray(want @ X))
    agree(pg.compile(pg.grad(f))(x), want)


# -------------------------------------------------------------------------------------------------- NaN, ties, lists


@as_in_torch
def test_where_hides_a_value_but_not_its_infinite_derivative(xp: Any) -> Any:
    w = leaf(xp, [0, 4])
    xp.sum(xp.where(w > 0, xp.sqrt(w), xp.zeros(2, dtype=xp.float64))).backward()
    return w.grad


@as_in_torch
def test_where_on_both_sides_of_the_root_is_safe(xp: Any) -> Any:
    w = leaf(xp, [0, 4])
    safe = xp.where(w > 0, w, xp.ones(2, dtype=xp.float64))
    xp.sum(xp.where(w > 0, xp.sqrt(safe), xp.zeros(2, dtype=xp.float64))).backward()
    return w.grad


TIES = {
    "maximum": lambda xp, x: xp.maximum(x, xp.flip(x) if xp is pg else xp.flip(x, (0,))),
    "minimum": lambda xp, x: xp.minimum(x, xp.flip(x) if xp is pg else xp.flip(x, (0,))),
    "max": lambda xp, x: xp.max(x),
    "min": lambda xp, x: xp.min(x),
    "amax along an axis": lambda xp, x: xp.amax(x, 0) if xp is torch else xp.max(x, axis=0),
    "abs": lambda xp, x: xp.abs(x),
    "sign": lambda xp, x: xp.sign(x),
}


@pytest.mark.parametrize("values", [[2, 2, 1], [1, 1, 1], [0, -1, 0]], ids=str)
@pytest.mark.parametrize("f", TIES.values(), ids=TIES)
def test_ties_have_torchs_gradient(f: Any, values: Any) -> None:
    def program(xp: Any) -> Any:
        w = leaf(xp, values)
        xp.sum(f(xp, w)).backward()
        return w.grad

    agree(program(pg), program(torch))


def test_shapes_are_accepted_as_lists_and_numpy_integers() -> None:
    for shape in ([2, 3], (2, 3), [np.int64(2), 3]):
        assert pg.zeros(shape).shape == pg.ones(shape).shape == pg.full(shape, 1.0).shape == (2, 3)
        assert pg.reshape(pg.ones(6), shape).shape == pg.broadcast_to(pg.ones(3), shape).shape == (2, 3)
        assert pg.random.normal(shape).shape == (2, 3)
    assert all(type(n) is int for n in pg.zeros([np.int64(2), 3]).shape)


# -------------------------------------------------------------------------------------------- copies, pickles, texts


def test_a_pickle_has_values_dtype_and_whether_it_is_a_leaf() -> None:
    for x in (
        const(pg, X),
        leaf(pg, X),
        pg.asarray([1, 2]),
        pg.asarray(1j),
        pg.ones((0, 2), dtype=pg.float32),
        leaf(pg, 1),
    ):
        y = pickle.loads(pickle.dumps(x))
        assert (y.tolist(), y.shape, y.dtype, y.requires_grad, y.backend) == (
            x.tolist(), x.shape, x.dtype, x.requires_grad, x.backend,
        )  # fmt: skip


def test_a_copy_of_a_view_is_whole_and_writes_nothing_else() -> None:
    x = const(pg, X)
    view = x[1:]
    for twin in (pickle.loads(pickle.dumps(view)), copy.deepcopy(view)):
        twin[0] = 9.0
        assert twin.tolist() == [9, 3]
    assert x.tolist() == [1, 2, 3]


def test_what_has_a_graph_is_neither_pickled_nor_deep_copied() -> None:
    y = leaf(pg, X) * 2
    with pytest.raises(ConversionError, match=r"pickle.*detach\(\)"):
        pickle.dumps(y)
    with pytest.raises(GraphError, match=r"deepcopy.*detach\(\) or clone\(\)"):
        copy.deepcopy({"y": y})


FOLLOWED: dict[str, Callable[[Any], Any]] = {
    "grad": pg.grad,
    "value_and_grad": pg.value_and_grad,
    "grad of grad": lambda f: pg.grad(pg.grad(f)),
    "compile": lambda f: pg.compile(pg.grad(f)),
    "grad under vmap": lambda f: lambda x: pg.vmap(pg.grad(f))(pg.stack([x, x])),
    "jvp": lambda f: lambda x: pg.jvp(f, (x,), (x,)),
}


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("transform", FOLLOWED.values(), ids=FOLLOWED)
def test_the_variable_of_a_transform_is_neither_pickled_nor_deep_copied(transform: Any, twin: Any) -> None:
    """A copy has no gradient: it would be zero without a word."""
    with pytest.raises((GraphError, ConversionError), match=r"(deepcopy|pickle).*detach\(\)"):
        transform(lambda x: twin({"w": x})["w"] ** 2)(const(pg, 3))


def test_deepcopy_keeps_what_is_shared() -> None:
    w = leaf(pg, X)
    one, two = copy.deepcopy([w, w])
    assert one is two
    assert one is not w
    assert one.is_leaf


def test_a_shallow_copy_is_another_handle_of_the_same_leaf() -> None:
    w = leaf(pg, X)
    twin = copy.copy(w)
    pg.sum(twin * 2).backward()
    assert twin is not w
    assert w.grad.tolist() == [2, 2, 2]


TEXTS = {
    "constant": (lambda f: f(const(pg, [1, 2])), "tensor([1., 2.])"),
    "integers": (lambda f: f(pg.asarray([1, 2])), "tensor([1, 2])"),
    "float32": (lambda f: f(pg.ones(2, dtype=pg.float32)), "tensor([1., 1.], dtype=float32)"),
    "leaf": (lambda f: f(leaf(pg, [1, 2])), "tensor([1., 2.], requires_grad=True)"),
    "computed": (lambda f: f(leaf(pg, [1, 2]) + 1), "tensor([2., 3.], grad_fn=<AddBackward>)"),
    "0-d": (lambda f: f(const(pg, 1)), "tensor(1.)"),
    "jvp": (lambda f: pg.jvp(f, (const(pg, [1, 2]),), (const(pg, [1, 2]),)), "tensor([1., 2.], in jvp)"),
    "vmap": (lambda f: pg.vmap(f)(const(pg, [[1, 2]])), "tensor(shape=(2,), dtype=float64, in vmap)"),
    "vjp": (lambda f: pg.vjp(f, const(pg, [1, 2])), "tensor([1., 2.], in grad, requires_grad=True)"),
    "compile": (lambda f: pg.compile(f)(const(pg, [1, 2])), "tensor(shape=(2,), dtype=float64, in compile)"),
    "jvp of vmap": (
        lambda f: pg.jvp(pg.vmap(f), (const(pg, [[1, 2]]),), (const(pg, [[1, 2]]),)),
        "tensor(shape=(2,), dtype=float64, in vmap)",
    ),
}


@pytest.mark.numpy
@pytest.mark.parametrize("run, want", TEXTS.values(), ids=TEXTS)
def test_the_text_of_a_value_at_every_level(run: Any, want: str) -> None:
    texts: list[str] = []
    run(lambda x: texts.extend([repr(x), str(x), f"{x}"]) or x)
    assert texts == [want] * 3


def test_the_text_of_a_value_that_outlived_its_transform_can_be_read() -> None:
    kept: list[pg.Tensor] = []
    for run in (VALUED["jvp"], VALUED["taped grad"], VALUED["vjp"], UNKNOWN["vmap"][0], UNKNOWN["compile"][0]):
        run(lambda x: kept.append(x * 2) or x)
    assert all(repr(x).startswith("tensor(") for x in kept)


# ---------------------------------------------------------------------------------------------------------- namespace


def test_the_namespace_of_a_tensor_is_hashable_named_and_one_object() -> None:
    xp = const(pg, X).__array_namespace__()
    assert xp is leaf(pg, X).__array_namespace__(api_version="2024.12")
    assert xp.__name__ == "plugrad"
    assert {xp: 1}[xp] == 1
    with pytest.raises(ValidationError, match=r"no version '1999\.01'"):
        const(pg, X).__array_namespace__(api_version="1999.01")


def test_the_namespace_of_a_value_inside_of_a_transform_is_the_same() -> None:
    seen = []
    for run in [*VALUED.values(), *[run for run, *_ in UNKNOWN.values()]]:
        run(lambda x: seen.append(x.__array_namespace__()) or x * x)
    assert len(set(seen)) == 1


@pytest.fixture
def torch_plugin() -> None:
    pytest.importorskip("plugrad_torch")


@pytest.mark.usefixtures("torch_plugin")
def test_new_arrays_of_a_tensors_namespace_are_on_its_backend() -> None:
    x = pg.ones(2, backend="torch")
    xp = x.__array_namespace__()
    made = [xp.zeros(2), xp.ones(2), xp.full(2, 1.0), xp.arange(2.0), xp.linspace(0, 1, 2), xp.asarray([1.0, 2.0])]
    assert {y.backend for y in made} == {"torch"}
    assert all((x + y).backend == "torch" for y in made)
    with pg.use_backend("torch"):
        assert const(pg, X).backend == "torch"
        assert xp is x.__array_namespace__()


@pytest.mark.numpy
@pytest.mark.usefixtures("torch_plugin")
def test_backends_that_meet_raise_and_name_to_backend() -> None:
    a, b = pg.ones(2), pg.ones(2, backend="torch")
    for meet in (
        lambda: a + b, lambda: b * np.ones(2), lambda: torch.ones(2) - a, lambda: pg.matmul(b, a),
        lambda: pg.where(a > 0, b, b), lambda: pg.concat([a, b]), lambda: b[pg.asarray([0])],
        lambda: pg.compile(lambda x: x * b)(a), lambda: pg.vmap(lambda x, y: x + y)(a, b),
    ):  # fmt: skip
        with pytest.raises(MixedBackendsError, match="to_backend"):
            meet()


@pytest.mark.usefixtures("torch_plugin")
@pytest.mark.parametrize("start, other", [("numpy", "torch"), ("torch", "numpy")])
def test_to_backend_is_differentiable_both_ways(start: str, other: str) -> None:
    w = pg.asarray(X, backend=start, requires_grad=True)
    y = w.to_backend(other)
    assert (y.backend, y.is_leaf, y.grad_fn.name()) == (other, False, "ToBackendBackward")
    pg.sum((y * y).to_backend(start) * w).backward()
    assert w.grad.backend == start
    np.testing.assert_allclose(w.grad.tolist(), 3 * X**2)
    (g,) = pg.autograd.grad(pg.sum(w.to_backend(other) ** 3), w, create_graph=True)
    (h,) = pg.autograd.grad(pg.sum(g), w)
    assert (g.backend, h.tolist()) == (start, (6 * X).tolist())
    back = w.to_backend(start)
    assert back is w


@pytest.mark.numpy
@pytest.mark.usefixtures("torch_plugin")
def test_to_backend_inside_of_transforms() -> None:
    f = lambda x: pg.sum(pg.tanh(x.to_backend("torch")).to_backend("numpy") * x)  # noqa: E731
    want = pg.grad(lambda x: pg.sum(pg.tanh(x) * x))(const(pg, X)).numpy()
    x = const(pg, X)
    agree(pg.grad(f)(x), want)
    agree(pg.vmap(pg.grad(f))(pg.stack([x, x])), np.stack([want] * 2))
    agree(pg.jvp(f, (x,), (pg.ones(3),))[1], np.asarray(want.sum()))


@pytest.mark.numpy
@pytest.mark.usefixtures("torch_plugin")
def test_to_backend_inside_compile_is_refused_and_says_so() -> None:
    with pytest.raises(TracingError, match="to_backend inside compile"):
        pg.compile(lambda x: x.to_backend("torch"))(const(pg, X))


# ----------------------------------------------------------------------------------------------------------- indexing

BLOCK = np.random.default_rng(5).normal(size=(4, 3, 5))
I, J, K = np.array([0, 2, 2]), np.array([1, 0, -1]), np.array([[0], [3]])
MASK, ROW_MASK = BLOCK > 0, np.array([True, False, True, True])

INDICES: dict[str, Any] = {
    "int": 1,
    "negative int": -1,
    "two ints": (1, -2),
    "all ints": (3, 0, -5),
    "slice": slice(1, 3),
    "empty slice": slice(2, 2),
    "slices out of range": (slice(-10, 10), slice(2, 9)),
    "step": (slice(None, None, 2), slice(None), slice(1, None, 3)),
    "ellipsis": ...,
    "ellipsis and int": (..., 0),
    "int, ellipsis, slice": (1, ..., slice(0, 2)),
    "new axes": (None, slice(None), None, 1),
    "nothing": (),
    "int and new axis": (0, None, ..., None),
    "NumPy int": (np.int64(2), slice(None)),
    "array": I,
    "array of arrays": K,
    "list": [0, -1, 0],
    "empty list": [],
    "empty array": np.zeros(0, int),
    "negative and repeated": np.array([-1, -1, 3, 0, 3]),
    "array behind": (slice(None), J),
    "array last": (..., I),
    "two arrays together": (I, J),
    "two arrays together behind": (slice(None), I, J),
    "two arrays apart": (I, slice(None), J),
    "three arrays": (I, J, I),
    "arrays that broadcast": (K, J),
    "arrays that broadcast apart": (K, slice(None), J),
    "array and int": (I, 1),
    "int and array": (1, J),
    "int and array apart": (1, slice(None), I),
    "array and int apart": (I, slice(1, 3), 2),
    "array and slice": (I, slice(None, None, 2)),
    "slice and array and slice": (slice(1, 3), J, slice(0, 2)),
    "array and new axis": (I, None, J),
    "new axis and array": (None, I),
    "array and ellipsis": (I, ..., 1),
    "ellipsis between arrays": (I, ..., I),
    "new axis and arrays apart": (None, I, slice(None), J),
    "new axis between arrays": (slice(None), J, None, I),
    "0-d array": np.asarray(2),
    "0-d array and array": (np.asarray(1), slice(None), I),
    "mask": MASK,
    "mask of rows": ROW_MASK,
    "mask of rows and int": (ROW_MASK, 1),
    "mask of rows and array": (ROW_MASK, J),
    "mask behind": (slice(None), np.array([True, False, True])),
    "mask of two axes": BLOCK[:, :, 0] > 0,
    "mask of the last two axes": (slice(None), BLOCK[0] > 0),
    "mask and slice": (ROW_MASK, slice(0, 2)),
    "empty mask": np.zeros(4, bool),
    "list of booleans": [True, False, True, False],
    "tuple in a list's place": ([0, 1], [1, 2]),
    "tuple in a tuple": ((0, 2),),
    "tuple in a tuple and int": ((0, 2, 2), -1),
    "int and tuple in a tuple": (1, (0, 2)),
    "empty tuple in a tuple": ((), 0),
}
BACKWARDS: dict[str, Any] = {  # not in torch
    "backwards": slice(None, None, -1),
    "backwards by two": (slice(None), slice(None), slice(4, 0, -2)),
    "backwards and array": (slice(None, None, -1), J),
}


def translated(index: Any, wrap: Callable[[Any], Any]) -> Any:
    """The index with other index arrays."""
    if isinstance(index, tuple):
        return tuple(translated(part, wrap) for part in index)
    return (
        wrap(np.asarray(index, None if len(index) else int))
        if isinstance(index, np.ndarray | list) and np.ndim(index)
        else index
    )


def for_torch(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(for_torch, index))
    if isinstance(index, np.integer) or (isinstance(index, np.ndarray) and index.ndim == 0):
        return int(index)
    return translated(index, torch.asarray)


@pytest.mark.parametrize("index", (INDICES | BACKWARDS).values(), ids=INDICES | BACKWARDS)
def test_reading_is_numpys(index: Any, backend: str) -> None:
    x, want = pg.asarray(BLOCK), np.asarray(BLOCK[index])
    for given in (index, translated(index, pg.asarray)):
        got = x[given]
        assert (got.backend, got.shape) == (backend, want.shape)
        np.testing.assert_array_equal(got.numpy(), want)


@pytest.mark.parametrize("index", (INDICES | BACKWARDS).values(), ids=INDICES | BACKWARDS)
def test_the_gradient_of_reading_adds_where_an_index_repeats(index: Any) -> None:
    weights = np.random.default_rng(6).normal(size=BLOCK[index].shape)
    want = np.zeros_like(BLOCK)
    np.add.at(want, index, weights)
    f = lambda x: pg.sum(x[index] * pg.asarray(weights))  # noqa: E731
    w = leaf(pg, BLOCK)
    f(w).backward()
    agree(w.grad, want)
    x = const(pg, BLOCK)
    agree(pg.jvp(lambda x: x[index], (x,), (x * 2,))[1], np.asarray(2 * BLOCK[index]))
    agree(pg.vmap(pg.grad(f))(pg.stack([x, -x])), np.stack([want] * 2))
    agree(pg.compile(pg.grad(f))(x), want)


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_the_gradient_of_reading_is_torchs(index: Any) -> None:
    w, v = leaf(pg, BLOCK), leaf(torch, BLOCK)
    pg.sum(w[index] ** 2).backward()
    torch.sum(v[for_torch(index)] ** 2).backward()
    agree(w.grad, v.grad)


def repeats(index: Any) -> bool:
    """Whether an index names an element twice: who wins is open there."""
    count = np.zeros(BLOCK.shape, int)
    np.add.at(count, index, 1)
    return bool(count.max() > 1)


ONCE = {name: index for name, index in INDICES.items() if not repeats(index)}


@pytest.mark.parametrize("index", (INDICES | BACKWARDS).values(), ids=INDICES | BACKWARDS)
def test_writing_a_number_is_numpys(index: Any, backend: str) -> None:
    x, want = pg.asarray(BLOCK), BLOCK.copy()
    x[translated(index, pg.asarray)] = 7
    want[index] = 7
    np.testing.assert_array_equal(x.numpy(), want)
    y = pg.asarray(BLOCK)
    y[index] += 1.0
    want = BLOCK.copy()
    want[index] += 1.0
    np.testing.assert_array_equal(y.numpy(), want)


@pytest.mark.parametrize("index", ONCE.values(), ids=ONCE)
def test_writing_arrays_and_its_gradients_are_torchs(index: Any) -> None:
    shape = BLOCK[index].shape
    rng = np.random.default_rng(7)
    weights = rng.normal(size=BLOCK.shape)
    for values in {rng.normal(size=s).tobytes(): rng.normal(size=s) for s in {shape, shape[-1:], ()}}.values():

        def program(xp: Any, at: Any, values: Any = values) -> Any:
            w, v = leaf(xp, BLOCK), leaf(xp, values)
            y = w * 1
            y[at] = v * 2
            xp.sum(y * y * const(xp, weights)).backward()
            return y, w.grad, v.grad

        ours = program(pg, index)
        if isinstance(index, np.ndarray | list) and np.asarray(index).dtype == bool and values.ndim:
            agree(ours[0], np.where(written_at(index), 0, BLOCK) + put(index, 2 * values))
        else:
            agree(ours, program(torch, for_torch(index)))


def written_at(index: Any) -> np.ndarray[Any, Any]:
    out = np.zeros(BLOCK.shape, bool)
    out[index] = True
    return out


def put(index: Any, values: Any) -> np.ndarray[Any, Any]:
    out = np.zeros(BLOCK.shape)
    out[index] = values
    return out


@pytest.mark.parametrize("index", ONCE.values(), ids=ONCE)
def test_writing_goes_through_transforms(index: Any) -> None:
    def f(x: pg.Tensor, v: pg.Tensor) -> pg.Tensor:
        y = x * 1
        y[index] = v
        return pg.sum(y * y)

    gx, gv = np.where(written_at(index), 0, 2 * BLOCK), np.asarray(6.0 * written_at(index).sum())
    x, v = const(pg, BLOCK), const(pg, 3)
    agree(pg.grad(f, (0, 1))(x, v), (gx, gv))
    agree(pg.vmap(pg.grad(f, (0, 1)), (None, 0))(x, pg.asarray([3.0, 3.0])), (np.stack([gx] * 2), np.stack([gv] * 2)))
    agree(pg.compile(pg.grad(f, (0, 1)))(x, v), (gx, gv))
    agree(pg.jvp(f, (x, v), (x, v))[1], np.asarray((gx * BLOCK).sum() + 3 * gv))


WRONG_INDICES: dict[str, Any] = {
    "int out of bounds": 4,
    "negative int out of bounds": -5,
    "array out of bounds": np.array([0, 4]),
    "array out of bounds of its axis": (I, np.array([0, 3, 0])),
    "negative array out of bounds of its axis": (I, np.array([0, -4, 0])),
    "too many": (0, 0, 0, 0),
    "too many with an array": (I, 0, 0, 0),
    "two ellipses": (..., I, ...),
    "floats": np.array([0.5]),
    "a mask that is too short": np.ones(3, bool),
    "a mask that is too long": np.ones(5, bool),
    "a mask that does not fit behind": (slice(None), np.ones(4, bool)),
    "a mask of two axes that does not fit": np.ones((4, 2), bool),
    "a mask that does not fit beside an array": (I, np.ones(2, bool)),
    "a mask of too many axes": np.ones((4, 3, 5, 1), bool),
    "arrays that do not broadcast": (I, np.array([0, 1])),
}


@pytest.mark.parametrize("index", WRONG_INDICES.values(), ids=WRONG_INDICES)
def test_an_index_that_does_not_fit_is_refused_and_writes_nothing(index: Any) -> None:
    x = const(pg, BLOCK)
    for wrong in (lambda: x[index], lambda: operator.setitem(x, index, 0.0)):
        with pytest.raises((IndexError, ShapeError)):
            wrong()
    agree(x, BLOCK)


OUTSIDE = {
    name: index if type(index) is tuple else (index,) for name, index in WRONG_INDICES.items() if "array out" in name
} | {"array out of bounds of its first axis": (np.array([4]), np.array([-9]))}
INDEXED: dict[str, Callable[[Any], Any]] = {
    "compile": pg.compile,
    "vmap": lambda f: lambda x, *at: pg.vmap(f, (None, *([0] * len(at))))(x, *[pg.stack([0 * i, i]) for i in at]),
    "compile of vmap": lambda f: pg.compile(
        lambda x, *at: pg.vmap(f, (None, *([0] * len(at))))(x, *[i[None] for i in at])
    ),
    "grad": lambda f: pg.grad(lambda x, *at: pg.sum(f(x, *at))),
}


@pytest.mark.parametrize("transform", INDEXED.values(), ids=INDEXED)
@pytest.mark.parametrize("index", OUTSIDE.values(), ids=OUTSIDE)
def test_an_index_that_is_unknown_or_lifted_reaches_no_neighbour(index: Any, transform: Any) -> None:
    def read(x: Any, *at: Any) -> Any:
        return x[at]

    def write(x: Any, *at: Any) -> Any:
        x = x + 0
        x[at] = 9.0
        return x

    def add(x: Any, *at: Any) -> Any:
        return pg.at(x, at).add(5.0)

    for f in (read, write, add):
        with pytest.raises(IndexingError, match="out of bounds"):
            transform(f)(const(pg, BLOCK), *map(pg.asarray, index))


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_mask_of_no_axes_takes_all_or_nothing(shape: tuple[int, ...], flag: bool, backend: str) -> None:
    """As in NumPy, an axis is added that has one element or none. Other people's code meets this in 0-d arrays."""
    host, mask = np.full(shape, 3.0), np.asarray(flag)
    w, v = pg.asarray(host, requires_grad=True), pg.asarray(np.full(host[mask].shape, 5.0), requires_grad=True)
    taken, x = w[pg.asarray(mask)], w * 1
    np.testing.assert_array_equal(taken.detach().numpy(), host[mask])
    x[pg.asarray(mask)] = v
    np.testing.assert_array_equal(x.detach().numpy(), np.full(shape, 5.0 if flag else 3.0))
    (pg.sum(taken * taken) + pg.sum(x)).backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.full(shape, 6.0 * flag + (not flag)))
    np.testing.assert_array_equal(v.grad.numpy(), np.ones(v.shape))


def test_a_lone_boolean_is_no_index() -> None:
    for index in (True, False, np.True_, (0, True), (0, pg.asarray(False))):
        with pytest.raises(IndexError, match="mask"):
            _ = const(pg, BLOCK)[index]


def test_index_arrays_may_be_changed_after_use() -> None:
    w, i, m = leaf(pg, X), np.array([0, 1]), np.array([True, False, True])
    y, z = w[i] * 2, w[m] * 3
    i[:], m[:] = 2, False
    (pg.sum(y) + pg.sum(z)).backward()
    assert w.grad.tolist() == [5, 2, 3]


def test_index_arrays_of_a_write_may_be_changed_after_it() -> None:
    v, i, m = leaf(pg, [5.0, 6.0]), np.array([0, 1]), np.array([False, True, False])
    y = const(pg, X)
    y[i] = v
    i[:] = 2
    y[m] = v[0] * 2
    m[:] = True
    pg.sum(y * y).backward()
    assert (y.tolist(), v.grad.tolist()) == ([5, 10, 3], [2 * 5 + 4 * 10, 0])


def test_an_index_tensor_may_be_assigned_to_after_use() -> None:
    w, i = leaf(pg, X), pg.asarray([0, 1])
    y = w[i] * 2
    i[0] = 2
    pg.sum(y).backward()
    assert w.grad.tolist() == [2, 2, 0]


def test_a_foreign_array_may_be_changed_after_asarray() -> None:
    raw = np.ones(3)
    c, w = pg.asarray(raw), leaf(pg, X)
    y = w * c
    raw[:] = 100
    pg.sum(y).backward()
    assert (c.tolist(), w.grad.tolist()) == ([1, 1, 1], [1, 1, 1])


def test_a_value_may_be_changed_after_it_was_saved() -> None:
    w, c = leaf(pg, X), const(pg, X)
    y = pg.sum(w * c)
    c[0] = 100.0
    c += 1
    y.backward()
    agree(w.grad, X)


def test_a_value_of_another_dtype_is_cast_into_what_it_is_written_to() -> None:
    x, n = pg.ones(2, dtype=pg.float32), pg.asarray([1, 2])
    x[0], n[0] = const(pg, 2.5), 2.9
    assert (x.dtype, x.tolist(), n.dtype, n.tolist()) == (pg.float32, [2.5, 1], pg.int64, [2, 2])
    with pytest.raises(DTypeError, match="complex"):
        x[0] = 1j


def test_values_that_do_not_fit_are_refused_and_write_nothing() -> None:
    x = const(pg, BLOCK)
    for index in (0, (slice(None), 1), I, MASK, ROW_MASK):
        with pytest.raises((ShapeError, ValueError)):
            x[index] = pg.ones(7)
    agree(x, BLOCK)


def test_a_second_derivative_through_reading_and_writing() -> None:
    def f(xp: Any) -> Any:
        def of(x: Any) -> Any:
            y = x * 1
            y[1] = x[0] ** 3
            return xp.sum(y[xp.asarray([1, 1, 2])] ** 2)

        return of

    agree(pg.hessian(f(pg))(const(pg, X)), torch.autograd.functional.hessian(f(torch), const(torch, X)))
    agree(pg.grad(f(pg))(const(pg, X)), func.grad(f(torch))(const(torch, X)))


# ------------------------------------------------------------------------------------- small integers, odd regions


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32])
def test_indices_of_few_bits_count_the_places_of_a_large_array(dtype: Any) -> None:
    table = np.arange(10000).reshape(100, 100)
    i, j = (pg.asarray(np.asarray([k], dtype)) for k in (5, 3))
    x = pg.asarray(table)
    assert x[i, j].tolist() == [503]
    x[i, j] = -1
    assert x[5, 3].item() == -1
    rows = pg.vmap(lambda a, k: a[k])(pg.asarray(np.arange(900).reshape(300, 3)), pg.asarray(np.full(300, 2, dtype)))
    assert rows.tolist() == (np.arange(300) * 3 + 2).tolist()
    wide = np.arange(400).reshape(2, 200)
    at = np.asarray([[100], [3]], dtype)
    assert pg.take_along_axis(pg.asarray(wide), pg.asarray(at), axis=1).tolist() == [[100], [203]]


def test_an_index_on_the_new_axis_of_a_view_counts() -> None:
    b = pg.zeros(3)
    with pytest.raises(IndexError):
        b[None][5] = 1.0
    b[:, None][:, 1:] = 1.0
    b[None, 2][2:0:-2] = -1.0
    assert b.tolist() == [0.0, 0.0, 0.0]


def test_a_value_does_not_widen_the_array_that_a_mask_writes_into() -> None:
    b = pg.zeros((3, 1))
    with pytest.raises(ShapeError, match=r"\(5,\) does not fit"):
        b[pg.asarray([True, False, True])] = pg.ones(5)
    assert b.shape == (3, 1)


@pytest.mark.parametrize(
    "how",
    [pg.grad, lambda f: pg.compile(pg.grad(f)), lambda f: lambda v: pg.vmap(pg.grad(f))(pg.stack([v, v]))[0]],
    ids=["grad", "compile", "vmap"],
)
def test_leading_ones_of_an_assigned_value_are_dropped(how: Any) -> None:
    def f(v: pg.Tensor) -> pg.Tensor:
        b = pg.zeros((2, 3))
        b[0] = v
        return pg.sum(b * b)

    assert how(f)(pg.ones((1, 3))).tolist() == [[2.0, 2.0, 2.0]]


def test_a_gradient_is_nobody_elses_array() -> None:
    w = pg.ones((), requires_grad=True)
    (w + 1).backward()
    w.grad.data[...] = 7.0  # as whoever shares its memory may
    assert pg.grad(lambda a: a * a)(pg.asarray(2.0)).item() == 4.0


@pytest.mark.parametrize(
    "run",
    [
        lambda: pg.asarray(np.asarray([2], np.int8)) + 300,
        lambda: pg.asarray(np.asarray([2], np.uint8)) > -1,
        lambda: pg.pow(2, pg.asarray([-1, -2])),
        lambda: pg.asarray([2, 3]) ** pg.asarray([-1, 1]),
        lambda: pg.where(pg.asarray([True]), pg.asarray(np.asarray([1], np.int8)), 300),
    ],
    ids=["sum", "comparison", "power", "power of arrays", "where"],
)
@pytest.mark.usefixtures("backend")
def test_what_an_integer_dtype_cannot_hold_is_refused_on_every_backend(run: Any) -> None:
    with pytest.raises(DTypeError):
        run()


@pytest.mark.usefixtures("backend")
def test_relu_lets_the_cotangent_through_at_nan_on_every_backend() -> None:
    assert pg.grad(lambda x: pg.sum(pg.nn.relu(x)))(pg.asarray([float("nan"), -1.0, 0.0, 2.0])).tolist() == [1, 0, 0, 1]
