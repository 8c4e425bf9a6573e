"""The table of kernels, made of NumPy in CuPy's place: a test of our code around CuPy's functions, not of CuPy's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from plugrad import ops
from plugrad.backends import current
from plugrad.backends.numpy.kernels import KERNELS as NUMPY
from plugrad.errors import BackendError, LinearAlgebraError
from plugrad.ops import Op
from plugrad.testing.samples import Sample, invariants, samples
from plugrad_cupy.kernels import CHAPTERS, Library, kernels, pulls

INF, NAN = math.inf, math.nan
COMPOSED = {  # CuPy has none, or none that means the same in as few launches
    ops.ANGLE, ops.BETAINCC, ops.CONJ, ops.CONV, ops.CONV_INPUT, ops.CONV_WEIGHT, ops.EINSUM, ops.EXPM1,
    ops.SPHERICAL_JN, ops.VECTOR_NORM,
}  # fmt: skip
PRIMITIVES = [op for op in ops.TABLE.values() if op not in ops.EXTENSIONS]
PLUMBING = {ops.DETACH, ops.GRAFT, ops.PICK, ops.TO_BACKEND}


@pytest.fixture(scope="module")
def table(stand_in: Library) -> dict[Op, Any]:
    return kernels(stand_in)


def test_every_primitive_is_native_or_said_to_be_composed(table: dict[Op, Any]) -> None:
    assert set(table) | COMPOSED | PLUMBING == set(PRIMITIVES)
    assert not set(table) & (COMPOSED | PLUMBING)


def test_no_chapter_has_what_another_has(stand_in: Library) -> None:
    tables = [chapter.kernels(stand_in) for chapter in CHAPTERS]
    assert sum(map(len, tables)) == len(kernels(stand_in))


def assert_same(found: Any, expected: Any, eps: float = 64) -> None:
    """Shape, dtype, and values within some eps of the largest."""
    assert (np.shape(found), found.dtype) == (np.shape(expected), expected.dtype)
    if expected.dtype.kind in "biu":
        np.testing.assert_array_equal(found, expected)
    else:
        scale = max(1.0, float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=eps * np.finfo(expected.dtype).eps * scale)


def every_sample() -> Iterator[Sample]:
    for op in PRIMITIVES:
        if op not in COMPOSED | PLUMBING:
            for sample in samples(op):
                kinds = {a.dtype for a in sample.operands if type(a) is np.ndarray}
                if len(kinds) == 1 or op.promotion in ("any", "into", "branches"):  # promotion has been above
                    yield sample


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("sample", [*every_sample()], ids=str)
def test_gives_what_numpys_kernel_gives(table: dict[Op, Any], sample: Sample) -> None:
    before = [np.array(a) for a in sample.operands]
    with np.errstate(all="ignore"):
        found = table[sample.op](*sample.operands, **sample.params)
        expected = NUMPY[sample.op](*sample.operands, **sample.params)
        ours, theirs = (invariants(sample.op, y if type(y) is tuple else (y,)) for y in (found, expected))
    assert type(found) is tuple or type(expected) is not tuple
    for one, other in zip(ours, theirs, strict=True):
        assert_same(np.asarray(one), np.asarray(other))
    for a, b in zip(sample.operands, before, strict=True):
        np.testing.assert_array_equal(a, b)  # an operand is never written


# ------------------------------------------------------------------------------------------------- ends of the domains

ENDS = np.array([-INF, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 3.0, 1e17, INF, NAN])
LEFT, RIGHT = (part.ravel() for part in np.meshgrid(ENDS, ENDS, indexing="ij"))
OF_ONE = (ops.RELU, ops.SIGMOID)
OF_TWO = (ops.BCE_WITH_LOGITS, ops.BINARY_CROSS_ENTROPY, ops.FLOOR_DIVIDE, ops.REMAINDER)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", OF_ONE + OF_TWO, ids=str)
def test_a_formula_at_the_ends_of_its_domain(table: dict[Op, Any], op: Op, dtype: str) -> None:
    args = [x.astype(dtype) for x in ((ENDS,) if op in OF_ONE else (LEFT, RIGHT))]
    with np.errstate(all="ignore"):
        found, expected = table[op](*args), NUMPY[op](*args)
    assert_same(found, expected)
    if op in (ops.REMAINDER, ops.FLOOR_DIVIDE):
        np.testing.assert_array_equal(np.signbit(found)[~np.isnan(found)], np.signbit(expected)[~np.isnan(found)])


def test_clip_at_the_ends_of_its_domain(table: dict[Op, Any]) -> None:
    args = [part.ravel() for part in np.meshgrid(ENDS, ENDS, ENDS, indexing="ij")]
    assert_same(table[ops.CLIP](*args), NUMPY[ops.CLIP](*args))
    for name in ("bool", "uint8", "int64"):
        args = [part.ravel() for part in np.meshgrid(*[np.arange(3).astype(name)] * 3, indexing="ij")]
        assert_same(table[ops.CLIP](*args), NUMPY[ops.CLIP](*args))


ALONG: dict[str, tuple[Op, dict[str, Any]]] = {
    "argmax": (ops.ARGMAX, {"axis": 1, "keepdims": False}),
    "argmin": (ops.ARGMIN, {"axis": 1, "keepdims": True}),
    "logsumexp": (ops.LOGSUMEXP, {"axis": 1, "keepdims": False}),
    "softmax": (ops.SOFTMAX, {"axis": 1}),
    "log_softmax": (ops.LOG_SOFTMAX, {"axis": 1}),
    "var": (ops.VAR, {"axis": 1, "correction": 1, "keepdims": False}),
    "argsort": (ops.ARGSORT, {"axis": 0, "descending": False}),
    "argsort, descending": (ops.ARGSORT, {"axis": 0, "descending": True}),
}


@pytest.mark.parametrize("name", ALONG)
def test_infinities_and_nan_along_an_axis(table: dict[Op, Any], name: str) -> None:
    op, params = ALONG[name]
    x = np.stack([LEFT, RIGHT, -np.abs(LEFT)], axis=1)
    with np.errstate(all="ignore"):
        assert_same(table[op](x, **params), NUMPY[op](x, **params))


EMPTY: list[tuple[Op, tuple[int, ...], dict[str, Any]]] = [
    (ops.SUM, (0, 3), {"axis": 0, "keepdims": False}),
    (ops.LOGSUMEXP, (0, 3), {"axis": 0, "keepdims": False}),
    (ops.SOFTMAX, (0, 3), {"axis": 0}),
    (ops.LOG_SOFTMAX, (0, 3), {"axis": 1}),
    (ops.ARGSORT, (0, 3), {"axis": 1, "descending": True}),
    (ops.CUMULATIVE_SUM, (3, 0), {"axis": 0}),
    (ops.CUMULATIVE_PROD, (0, 3), {"axis": 1}),
    (ops.RFFT, (0, 3), {"axis": 1, "norm": "ortho"}),
    *[(op, (2, 3), {"axis": (), "keepdims": False}) for op in (ops.SUM, ops.MAX, ops.ALL, ops.MEAN, ops.COUNT_NONZERO)],
    (ops.VAR, (2, 3), {"axis": (), "correction": 0, "keepdims": False}),
    *[(op, (2, 3), params) for op, params in ((ops.FLIP, {"axis": ()}), (ops.ROLL, {"shift": (), "axis": ()}))],
]


@pytest.mark.parametrize("op, shape, params", EMPTY, ids=str)
def test_no_elements_and_no_axes(table: dict[Op, Any], op: Op, shape: tuple[int, ...], params: dict[str, Any]) -> None:
    x = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    with np.errstate(all="ignore"):
        assert_same(np.asarray(table[op](x, **params)), np.asarray(NUMPY[op](x, **params)))


# ------------------------------------------------------------------------------------------------------------- indexing


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("at", [3, -4, 200])
def test_an_index_out_of_range_raises(table: dict[Op, Any], dtype: str, at: int) -> None:
    if not np.iinfo(dtype).min <= at <= np.iinfo(dtype).max:
        at = int(np.iinfo(dtype).max)
    x, indices = np.zeros((3, 3)), np.array([0, at], dtype)
    for op, value in ((ops.GATHER, ()), (ops.SCATTER, (1.0,)), (ops.SCATTER_ADD, (1.0,))):
        with pytest.raises(IndexError, match="out of bounds for an axis of size 3"):
            table[op](x, *value, indices)
    for op, value in ((ops.TAKE_ALONG_AXIS, ()), (ops.ADD_ALONG_AXIS, (1.0,))):
        with pytest.raises(IndexError, match="out of bounds for an axis of size 3"):
            table[op](x, *value, np.full((3, 1), at, dtype), axis=1)


@pytest.mark.parametrize("n", [0, 3])
def test_no_index_is_never_out_of_range(table: dict[Op, Any], n: int) -> None:
    assert table[ops.GATHER](np.zeros((n, 2)), np.zeros((0, 4), int)).shape == (0, 4, 2)


def test_the_ends_of_the_range_are_in_it(table: dict[Op, Any]) -> None:
    for dtype in ("int8", "int64"):
        assert table[ops.GATHER](np.arange(3.0), np.array([2, -3], dtype)).tolist() == [2, 0]


def test_scatter_add_asks_cuda_only_for_what_it_adds(stand_in: Library) -> None:
    """CuPy 14 documents atomicAdd of these; of other dtypes it raises."""
    atomic, seen = {"int32", "uint32", "uint64", "float32", "float64"}, set()

    def add(out: Any, index: Any, value: Any) -> None:
        assert out.dtype.name in atomic
        assert np.asarray(value).dtype == out.dtype or type(value) in (float, int)
        seen.add(out.dtype.name)
        np.add.at(out, index, value)

    table = kernels(stand_in._replace(scatter_add=add))
    for dtype in ("bool", *(f"{u}int{b}" for u in ("", "u") for b in (8, 16, 32, 64)), "float32", "complex64"):
        x = np.array([1, 0, 1, 0], dtype)
        value = np.array([1, 1, 120, 120, 120], dtype) if dtype != "bool" else np.array([1, 0, 0, 1, 0], bool)
        at = np.array([1, 1, 2, 2, -2])
        expected = np.array(x)
        np.add.at(expected, at, value)
        assert_same(table[ops.SCATTER_ADD](x, value, at), expected)
        assert_same(table[ops.ADD_ALONG_AXIS](x, value, at, axis=0), expected)
        number = True if dtype == "bool" else 2
        assert table[ops.SCATTER_ADD](x, number, at).dtype == x.dtype
    assert seen == atomic - {"float64"}


# ---------------------------------------------------------------------------------------------------- linear algebra


def test_what_cannot_be_decomposed_raises(table: dict[Op, Any]) -> None:
    with pytest.raises(LinearAlgebraError, match=r"inv: matrix \[1\] of the stack of shape \(2,\)"):
        table[ops.INV](np.stack([np.eye(2), np.zeros((2, 2))]))


def test_a_decomposition_runs_in_the_care_of_the_library(stand_in: Library) -> None:
    entered = []

    class Care:
        def __enter__(self) -> None:
            entered.append(True)

        def __exit__(self, *_: object) -> None:
            entered.append(False)

    kernels(stand_in._replace(careful=Care))[ops.CHOLESKY](np.eye(2))
    assert entered == [True, False]


def test_eig_says_what_it_needs(stand_in: Library) -> None:
    class Linalg:
        def __getattr__(self, name: str) -> Any:
            return getattr(np.linalg, name)

        def eig(self, x: Any) -> Any:
            raise RuntimeError("geev is not available")  # what CuPy says before CUDA 12.6 update 2

    class Namespace:
        linalg = Linalg()

        def __getattr__(self, name: str) -> Any:
            return getattr(np, name)

    with pytest.raises(BackendError, match="update CUDA, or move the matrix with to_backend"):
        kernels(stand_in._replace(xp=Namespace()))[ops.EIG](np.eye(2))


# ---------------------------------------------------------------------------------------------------- Python numbers

NUMBERS: dict[str, tuple[Op, tuple[Any, ...]]] = {
    "remainder": (ops.REMAINDER, (5.0, np.array([3.0], np.float32))),
    "floor_divide": (ops.FLOOR_DIVIDE, (np.array([5], np.uint8), 3)),
    "maximum": (ops.MAXIMUM, (np.array([-1.0, 1.0], np.float32), 0.2)),
    "where, one": (ops.WHERE, (np.array([True, False]), 0, np.array([1.0, 2.0], np.float32))),
    "where, both": (ops.WHERE, (np.array([True, False]), 1, 2.0)),
    "clip": (ops.CLIP, (np.array([-9.0, 9.0], np.float32), 0, 1.5)),
    "clip, mixed": (ops.CLIP, (2.0, np.array([0.0]), 1.0)),
    "bce": (ops.BCE_WITH_LOGITS, (np.array([0.0, 1.0], np.float32), 0.5)),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_python_numbers_beside_arrays(table: dict[Op, Any], name: str) -> None:
    op, args = NUMBERS[name]
    assert_same(np.asarray(table[op](*args)), np.asarray(NUMPY[op](*args)))


# ---------------------------------------------------------------------------------------------------------------- pulls

KEPT: dict[Op, tuple[dict[str, Any], tuple[Any, ...]]] = {  # parameters, operands behind the first
    ops.GATHER: ({}, (np.array([[0, -1], [1, 1]]),)),
    ops.GETITEM: ({"index": (..., slice(None, None, -2))}, ()),
    ops.LOG_SOFTMAX: ({"axis": 1}, ()),
    ops.RELU: ({}, ()),
    ops.SIGMOID: ({}, ()),
    ops.SOFTMAX: ({"axis": 0}, ()),
    ops.SQUARE: ({}, ()),
    ops.TAKE_ALONG_AXIS: ({"axis": 1}, (np.array([[0, -1], [1, 1], [2, 2]]),)),
    ops.TANH: ({}, ()),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", KEPT, ids=str)
def test_a_native_pull_is_the_rule(stand_in: Library, table: dict[Op, Any], op: Op, dtype: str) -> None:
    native = pulls(stand_in)
    assert set(native) == set(KEPT)
    params, others = KEPT[op]
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3, 4)).astype(dtype)
    y = np.asarray(table[op](x, *others, **params))
    ct = rng.normal(size=y.shape).astype(dtype)
    before = ct.copy()
    given = (current.table("numpy").xp, ct, y, (x, *others), params, x)
    assert_same(native[op][0](*given), np.asarray(next(iter(op.pulls))(*given)))
    np.testing.assert_array_equal(ct, before)


def test_a_nan_in_the_cotangent_goes_through(stand_in: Library) -> None:
    ct, y = np.array([NAN, NAN, NAN]), np.array([0.5, 1.0, NAN])
    for op in (ops.TANH, ops.SIGMOID, ops.RELU):
        assert np.isnan(pulls(stand_in)[op][0](None, ct, y, None, None, y)).all()
