"""JAX's kernels where they could differ: ends of domains, NaN, indices, matrices without a decomposition, digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import plugrad as pg
from plugrad import dtypes, ops
from plugrad.backends import current, standard
from plugrad.errors import IndexingError, LinearAlgebraError, ShapeError
from plugrad.ops import Geometry, Op
from plugrad.tensor import apply
from plugrad_jax.kernels import KERNELS, nn

INF, NAN = math.inf, math.nan
TABLE = current.table("jax")
REFERENCE = standard.kernels(current.table("numpy").backend)
RNG = np.random.default_rng(3)


def to_jax(a: Any) -> Any:
    return TABLE.backend.asarray(a, None, None, None) if isinstance(a, np.ndarray) else a


def assert_same(op: Op, *args: Any, eps: float = 16, **params: Any) -> None:
    """Shape, dtype, and values within some eps of the largest: as composed on NumPy."""
    with np.errstate(all="ignore"):
        expected = REFERENCE[op](*args, **params)
    found = TABLE[op](*map(to_jax, args), **params)
    assert isinstance(found, jax.Array)
    assert not found.weak_type
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype.kind in "biu":
        np.testing.assert_array_equal(np.asarray(found), expected)
    else:
        scale = max(1.0, float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0)))
        atol = eps * np.finfo(expected.dtype).eps * scale
        np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=atol)


# ----------------------------------------------------------------------------------------------- ends of the domain

ENDS = np.array([-INF, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 3.0, INF, NAN])
LEFT, RIGHT = (part.ravel() for part in np.meshgrid(ENDS, ENDS, indexing="ij"))
ONE = [
    ops.ABS, ops.ACOS, ops.ACOSH, ops.ANGLE, ops.ASIN, ops.ASINH, ops.ATAN, ops.ATANH, ops.CEIL, ops.CONJ, ops.COS,
    ops.COSH, ops.ENTR, ops.ERF, ops.ERFC, ops.ERFCX, ops.ERFINV, ops.EXP, ops.EXPM1, ops.FLOOR, ops.IMAG,
    ops.ISFINITE, ops.ISINF, ops.ISNAN, ops.LOG, ops.LOG10, ops.LOG1P, ops.LOG2, ops.LOGIT, ops.LOG_NDTR, ops.NDTRI,
    ops.NEGATIVE, ops.REAL, ops.RECIPROCAL, ops.RELU, ops.ROUND, ops.SIGMOID, ops.SIGN, ops.SIGNBIT, ops.SIN, ops.SINH,
    ops.SQRT, ops.SQUARE, ops.TAN, ops.TANH, ops.TRUNC,
]  # fmt: skip
TWO = [
    ops.ADD, ops.ATAN2, ops.COPYSIGN, ops.DIVIDE, ops.EQUAL, ops.FLOOR_DIVIDE, ops.GREATER, ops.GREATER_EQUAL,
    ops.HYPOT, ops.LESS, ops.LESS_EQUAL, ops.LOGADDEXP, ops.MAXIMUM, ops.MINIMUM, ops.MULTIPLY, ops.NOT_EQUAL, ops.POW,
    ops.REL_ENTR, ops.REMAINDER, ops.SUBTRACT, ops.XLOG1PY, ops.XLOGY,
]  # fmt: skip


@pytest.mark.parametrize("op", ONE, ids=str)
def test_ends_of_the_domain(op: Op) -> None:
    assert_same(op, ENDS)


@pytest.mark.parametrize("op", TWO, ids=str)
def test_ends_of_the_domain_of_two(op: Op) -> None:
    assert_same(op, LEFT, RIGHT)


@pytest.mark.parametrize("op", [ops.CLIP, ops.WHERE], ids=str)
def test_ends_of_the_domain_of_three(op: Op) -> None:
    x, low, high = (part.ravel() for part in np.meshgrid(ENDS, ENDS, ENDS, indexing="ij"))
    assert_same(op, x > 0 if op is ops.WHERE else x, low, high)


ALONG: dict[str, tuple[Op, dict[str, Any]]] = {
    "logsumexp": (ops.LOGSUMEXP, {"axis": 1, "keepdims": False}),
    "softmax": (ops.SOFTMAX, {"axis": 1}),
    "log_softmax": (ops.LOG_SOFTMAX, {"axis": 1}),
    "max": (ops.MAX, {"axis": 1, "keepdims": False}),
    "min": (ops.MIN, {"axis": 1, "keepdims": False}),
    "sum": (ops.SUM, {"axis": 1, "keepdims": False}),
    "prod": (ops.PROD, {"axis": 1, "keepdims": False}),
    "var": (ops.VAR, {"axis": 1, "correction": 0, "keepdims": False}),
    "argmax": (ops.ARGMAX, {"axis": 1, "keepdims": False}),
    "argmin": (ops.ARGMIN, {"axis": 1, "keepdims": False}),
    "all": (ops.ALL, {"axis": 1, "keepdims": False}),
    "any": (ops.ANY, {"axis": 1, "keepdims": False}),
    "argsort": (ops.ARGSORT, {"axis": 0, "descending": False}),
    "argsort, descending": (ops.ARGSORT, {"axis": 0, "descending": True}),
    "cumulative_sum": (ops.CUMULATIVE_SUM, {"axis": 1}),
    "cumulative_prod": (ops.CUMULATIVE_PROD, {"axis": 1}),
}


@pytest.mark.parametrize("name", ALONG)
def test_infinities_and_nan_along_an_axis(name: str) -> None:
    op, params = ALONG[name]
    assert_same(op, np.stack([LEFT, RIGHT, -np.abs(LEFT)], axis=1), **params)


@pytest.mark.parametrize("side", ["left", "right"])
def test_nan_is_searched_behind_all_numbers(side: str) -> None:
    for row in (np.sort(LEFT), np.array([1.0]), np.array([NAN, NAN])):
        assert_same(ops.SEARCHSORTED, row, ENDS, side=side)


# --------------------------------------------------------------------------------------------------------------- digits

DIGITS: dict[str, tuple[Op, tuple[Any, ...], Callable[[Any], Any]]] = {  # on what, and the same by what is exact
    "log1p": (ops.LOG1P, (np.linspace(-0.5, 0.5, 999),), np.log1p),
    "sinh of small complex numbers": (ops.SINH, ((1 + 1j) * np.logspace(-8, -1, 99),), np.sinh),
}


@pytest.mark.parametrize("name", DIGITS)
def test_digits_that_jaxs_own_function_loses(name: str) -> None:
    op, args, exact = DIGITS[name]
    expected = exact(*args)
    off = np.abs(np.asarray(TABLE[op](*map(to_jax, args))) - expected) / np.abs(np.where(expected == 0, 1, expected))
    assert off.max() < 8 * np.finfo(float).eps


@pytest.mark.parametrize("number", [-1 - 0j, complex(-1, 0), complex(-4, -0.0), 3 - 4j, complex(0, -0.0)])
def test_roots_on_both_sides_of_the_cut(number: complex) -> None:
    found, expected = complex(TABLE[ops.SQRT](to_jax(np.array(number)))), np.sqrt(number)
    assert found == expected
    assert math.copysign(1, found.imag) == math.copysign(1, expected.imag)


NEAR = {
    ops.BETAINC: (np.array([20.0, 0.3, 900.0]), np.array([0.3, 20.0, 500.0]), np.array([0.9, 0.05, 0.6])),
    ops.BETALN: (np.array([8.7, 0.3, 300.0]), np.array([0.4, 20.0, 2.0])),
    ops.DIGAMMA: (np.array([-11.7, 0.1, 1.4, 1e5]),),
    ops.ERFINV: (np.array([0.999999992577787, -0.3, 0.9]),),
    ops.GAMMA: (np.array([-8.6, 1e-3, 151.8]),),
    ops.GAMMAINC: (np.array([1800.0, 0.1, 45.0]), np.array([1647.0, 1.0, 0.8])),
    ops.GAMMAINCC: (np.array([1831.0, 0.1, 49.0]), np.array([1834.0, 1.0, 84.0])),
    ops.LOG_NDTR: (np.array([7.98, -20.0, 0.0]),),
}


@pytest.mark.parametrize("op", NEAR, ids=str)
def test_special_functions_are_as_exact_as_composed_on_numpy(op: Op) -> None:
    assert_same(op, *NEAR[op], eps=64)


def test_single_precision_is_multiplied_in_single_precision() -> None:
    """Not with fewer bits, which is JAX's default on TPUs and new GPUs: the program says what is asked for."""
    x = np.ones((1, 2, 3, 3), np.float32)
    geometry = Geometry((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    for op, args, params in (
        (ops.MATMUL, (x[0, 0], x[0, 0]), {}),
        (ops.EINSUM, (x[0, 0], x[0, 0]), {"subscripts": "ij,jk->ik"}),
        (ops.CONV, (x, x), {"geometry": geometry}),
        (ops.CONV_INPUT, (x[..., :1, :1], x[:, :1].repeat(2, 0)), {"size": (3, 3), "geometry": geometry}),
        (ops.CONV_WEIGHT, (x, x[..., :1, :1]), {"kernel": (3, 3), "geometry": geometry}),
    ):
        program = str(jax.make_jaxpr(lambda *a, op=op, params=params: KERNELS[op](*a, **params))(*args))
        assert "HIGHEST" in program, op
        assert "precision=None" not in program, op


# --------------------------------------------------------------------------------------------------------- manipulation


def test_what_the_standard_widens_stays() -> None:
    for name in ("int8", "uint8", "uint16", "uint32", "uint64"):
        x = TABLE.backend.asarray([[100, 2], [3, 2]], dtypes.DTYPES[name], None, None)
        total = TABLE[ops.SUM](x, axis=0, keepdims=False)
        assert (total.dtype, total.tolist()) == (x.dtype, [103, 4])  # plugrad's namespace has widened it above


def test_numbers_alone_are_of_numpys_dtype() -> None:
    condition = to_jax(np.array([True, False]))
    for pair, dtype in (((1, 2.0), "float64"), ((1, 2), "int64"), ((1.0, 2j), "complex128"), ((True, False), "bool")):
        found = TABLE[ops.WHERE](condition, *pair)
        assert (found.dtype.name, found.weak_type, found.tolist()) == (dtype, False, list(pair))
    assert TABLE[ops.CONJ](1 + 2j) == 1 - 2j


def test_numbers_beside_wide_unsigned_integers() -> None:
    x = to_jax(np.array([1, 2**64 - 1], np.uint64))
    assert TABLE[ops.SUBTRACT](x, 2**63).tolist() == [2**63 + 1, 2**63 - 1]
    assert TABLE[ops.CLIP](x, 0, 2**64 - 1).tolist() == x.tolist()
    with pytest.raises(OverflowError):
        TABLE[ops.ADD](x, 2**64)


def test_an_exponent_is_not_read_on_the_host() -> None:
    x, exponent = to_jax(np.array([2, 3])), to_jax(np.array(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(x), "__index__", lambda self: pytest.fail("it was"))
        assert TABLE[ops.POW](x, exponent).tolist() == [4, 9]


def test_truth_values_are_not_rounded() -> None:
    with pytest.raises(TypeError, match="not rounded"):
        TABLE[ops.ROUND](to_jax(np.array([True])))


GEOMETRIES = {
    "plain": ((2, 4, 7), (6, 4, 3), Geometry((1,), ((0, 0),), (1,), 1)),
    "all at once": ((2, 4, 9, 8), (6, 2, 3, 2), Geometry((2, 3), ((1, 2), (0, 1)), (2, 1), 2)),
    "what the stride leaves over": ((1, 2, 8), (2, 2, 3), Geometry((3,), ((0, 0),), (1,), 1)),
    "wide padding": ((1, 2, 3), (2, 1, 2), Geometry((1,), ((3, 4),), (1,), 2)),
}


@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_convolution_in_three_roles(name: str, kind: type) -> None:
    (n, w, geometry) = GEOMETRIES[name]
    x, k = (RNG.normal(size=shape).astype(kind) * kind(1 + 1j if kind is complex else 1) for shape in (n, w))
    y = REFERENCE[ops.CONV](x, k, geometry=geometry)
    g = RNG.normal(size=y.shape).astype(kind)
    assert_same(ops.CONV, x, k, geometry=geometry, eps=64)
    assert_same(ops.CONV_INPUT, g, k, size=n[2:], geometry=geometry, eps=64)
    assert_same(ops.CONV_WEIGHT, x, g, kernel=w[2:], geometry=geometry, eps=64)


def test_the_smaller_part_of_complex_convolutions_stays() -> None:
    """What differentiating by a complex step reads."""
    x, w = RNG.normal(size=(1, 2, 5)), RNG.normal(size=(3, 2, 2))
    geometry = Geometry((1,), ((0, 0),), (1,), 1)
    found = TABLE[ops.CONV](to_jax(x + 1e-30j * x), to_jax(w.astype(complex)), geometry=geometry)
    expected = REFERENCE[ops.CONV](x, w, geometry=geometry)
    np.testing.assert_allclose(np.asarray(found).imag, 1e-30 * expected, rtol=1e-12, atol=1e-44)


def test_windows_and_fold_see_the_same() -> None:
    x = RNG.normal(size=(2, 9, 8))
    params: dict[str, Any] = {"stride": (2, 1), "dilation": (1, 3)}
    assert_same(ops.WINDOWS, x, kernel=(3, 2), **params)
    seen = REFERENCE[ops.WINDOWS](x, kernel=(3, 2), **params)
    assert_same(ops.FOLD, seen, size=(9, 8), **params)
    assert set(nn.KERNELS) == {ops.CONV, ops.CONV_INPUT, ops.CONV_WEIGHT, ops.EINSUM, ops.FOLD, ops.WINDOWS}


# -------------------------------------------------------------------------------------------------------------- indices
# JAX reads the nearest element and drops what is written.

X = np.arange(6.0).reshape(2, 3)
OUTSIDE: dict[str, tuple[Op, tuple[Any, ...], dict[str, Any]]] = {
    "getitem": (ops.GETITEM, (X,), {"index": (0, 3)}),
    "getitem, negative": (ops.GETITEM, (X,), {"index": (..., -4)}),
    "getitem, too many": (ops.GETITEM, (X,), {"index": (0, 0, 0)}),
    "put": (ops.PUT, (X, 1.0), {"index": (slice(None), 3)}),
    "put, negative": (ops.PUT, (X, 1.0), {"index": (-3, None)}),
    "gather": (ops.GATHER, (X, np.array([0, 2])), {}),
    "gather, negative": (ops.GATHER, (X, np.array([[0], [-3]])), {}),
    "gather, of few bits": (ops.GATHER, (np.zeros(300), np.array([-1], np.int16).view(np.uint16)), {}),
    "gather, of nothing": (ops.GATHER, (np.zeros((0, 2)), np.array([0])), {}),
    "scatter": (ops.SCATTER, (X, 1.0, np.array([0, 2])), {}),
    "scatter_add": (ops.SCATTER_ADD, (X, 1.0, np.array([-3, 0])), {}),
    "take_along_axis": (ops.TAKE_ALONG_AXIS, (X, np.array([[3], [0]])), {"axis": 1}),
    "take_along_axis, negative": (ops.TAKE_ALONG_AXIS, (X, np.array([[0, 0, -3]])), {"axis": 0}),
    "add_along_axis": (ops.ADD_ALONG_AXIS, (X, 1.0, np.array([[-4], [0]])), {"axis": 1}),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_index_out_of_range_raises(name: str) -> None:
    op, args, params = OUTSIDE[name]
    with pg.use_backend("jax"), pytest.raises(IndexingError, match=r"out of bounds|Too many"):
        apply(op, *[pg.asarray(a) if isinstance(a, np.ndarray) else a for a in args], **params)


def test_indices_at_the_ends_are_in_range() -> None:
    for at in (np.array([-2, 1]), np.array(-1), np.zeros((0, 3), int), np.array([1, 0], np.uint8)):
        assert_same(ops.GATHER, X, at)
        assert_same(ops.SCATTER_ADD, X, np.ones((*at.shape, 3)), at)
    assert_same(ops.GATHER, np.arange(300.0), np.array([200, 255], np.uint8))
    assert_same(ops.GATHER, np.zeros((0, 2)), np.zeros((0,), int))
    for index in (0, -1, (), ..., None, slice(5, 2), (slice(None, None, -2), None), (1, -3), (..., slice(-9, 9, 2))):
        assert_same(ops.GETITEM, X, index=index)
        assert_same(ops.PUT, X, np.full(X[index].shape, 7.0), index=index)


def test_repeated_indices_accumulate_beside_infinities() -> None:
    y = TABLE[ops.SCATTER_ADD](*map(to_jax, (np.array([INF, 0, 0]), np.array([1, INF]), np.array([1, 1]))))
    assert y.tolist() == [INF, INF, 0]


@pytest.mark.parametrize("op", [ops.PUT, ops.SCATTER, ops.SCATTER_ADD], ids=str)
def test_an_operand_is_never_written(op: Op) -> None:
    x = to_jax(X.copy())
    params = {"index": 0} if op is ops.PUT else {}
    TABLE[op](x, 5.0, *((to_jax(np.array([0])),) if op is not ops.PUT else ()), **params)
    assert x.tolist() == X.tolist()


# ------------------------------------------------------------------------------------------------------------- matrices
# JAX gives NaN.

SINGULAR, INDEFINITE, UNKNOWN = np.ones((2, 2)), -np.eye(2), np.full((2, 2), NAN)
WITHOUT: dict[str, tuple[Op, tuple[Any, ...], dict[str, Any], str]] = {
    "cholesky": (ops.CHOLESKY, (INDEFINITE,), {}, "not positive definite"),
    "cholesky, in a stack": (ops.CHOLESKY, (np.stack([np.eye(2), INDEFINITE]),), {}, r"matrix \[1\] of the stack"),
    "inv": (ops.INV, (SINGULAR,), {}, "singular"),
    "solve": (ops.SOLVE, (SINGULAR, np.ones((2, 1))), {}, "singular"),
    "solve, of zeros": (ops.SOLVE, (np.zeros((2, 2)), np.zeros((2, 1))), {}, "singular"),
    "eig": (ops.EIG, (UNKNOWN,), {}, "no finite decomposition"),
    "eigh": (ops.EIGH, (UNKNOWN,), {}, "no finite decomposition"),
    "eigvalsh": (ops.EIGVALSH, (UNKNOWN,), {}, "no finite decomposition"),
    "svd": (ops.SVD, (UNKNOWN,), {"full_matrices": False}, "no finite decomposition"),
    "svdvals": (ops.SVDVALS, (UNKNOWN,), {}, "no finite decomposition"),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_a_matrix_without_a_decomposition_raises(name: str) -> None:
    op, args, params, words = WITHOUT[name]
    with pg.use_backend("jax"), pytest.raises(LinearAlgebraError, match=words):
        apply(op, *map(pg.asarray, args), **params)


def test_a_triangle_alone_is_read() -> None:
    x = np.array([[4.0, NAN], [2.0, 5.0]])
    assert TABLE[ops.CHOLESKY](to_jax(x)).tolist() == [[2, 0], [1, 2]]
    whole = np.array([[4.0, 2.0], [2.0, 5.0]])
    np.testing.assert_allclose(np.asarray(TABLE[ops.EIGVALSH](to_jax(x))), np.linalg.eigvalsh(whole), rtol=1e-14)
    np.testing.assert_allclose(np.asarray(TABLE[ops.EIGH](to_jax(x))[0]), np.linalg.eigvalsh(whole), rtol=1e-14)


def test_infinities_are_no_singular_matrix() -> None:
    x = np.array([[1.0, INF], [0.0, 1.0]])
    assert not np.isfinite(np.asarray(TABLE[ops.INV](to_jax(x)))).all()


# --------------------------------------------------------------------------------------------------------------- errors


def test_shapes_that_do_not_fit_are_told_from_dtypes() -> None:
    with pg.use_backend("jax"):
        for wrong in (lambda: pg.ones((2, 3)) + pg.ones(2), lambda: pg.ones((2, 3)) @ pg.ones((2, 3))):
            with pytest.raises(ShapeError, match="do not fit"):
                wrong()
        with pytest.raises(pg.errors.DTypeError, match="floor: takes no complex128"):
            pg.floor(pg.ones(2) * 1j)
