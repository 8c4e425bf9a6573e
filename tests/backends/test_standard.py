"""The composed kernels, on NumPy's own namespace and on array-api-strict, which has nothing but the standard."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from plugrad import dtypes, ops
from plugrad.backends import standard
from plugrad.backends.protocol import Backend
from plugrad.errors import BackendError
from plugrad.ops import Op
from plugrad.testing.samples import samples

INF, NAN = math.inf, math.nan
PRIMITIVES = {op for op in vars(ops).values() if type(op) is Op}  # not ops.TABLE: other tests register their own
ELSEWHERE = {ops.PICK, ops.DETACH, ops.GRAFT, ops.TO_BACKEND}  # never computed; the engine's


class Library(Backend):
    """What a third party has at least: a namespace."""

    def __init__(self, namespace: Any) -> None:
        self.name = namespace.__name__  # type: ignore[misc]
        self._namespace = namespace
        dtypes.learn(self.dtypes)

    @property
    def namespace(self) -> Any:
        return self._namespace

    @property
    def dtypes(self) -> dict[Any, Any]:
        found = {ours: getattr(self.namespace, name) for name, ours in dtypes.DTYPES.items()}
        return {ours: np.dtype(its) if isinstance(its, type) else its for ours, its in found.items()}  # arrays' own

    def asarray(self, obj: Any, dtype: Any, device: Any, copy: Any) -> Any:
        return self.namespace.asarray(obj, dtype=dtype and self.raw_dtype(dtype), copy=copy)

    def to_numpy(self, raw: Any) -> Any:
        return np.from_dlpack(raw) if self.namespace is not np else raw

    def to_device(self, raw: Any, device: str) -> Any:
        return raw


@pytest.fixture(scope="module", params=["numpy", "strict"])
def library(request: pytest.FixtureRequest) -> Library:
    return Library(np if request.param == "numpy" else pytest.importorskip("plugrad_strict.namespace").namespace)


@pytest.fixture(scope="module")
def table(library: Library) -> dict[Op, Any]:
    return standard.kernels(library)


# ------------------------------------------------------------------------------------------------------------- operands


class Case(NamedTuple):
    """A call and what NumPy says of it."""

    op: Op
    args: tuple[Any, ...]
    params: dict[str, Any]
    expected: Any

    def __str__(self) -> str:
        shapes = ",".join(f"{a.dtype}{list(a.shape)}" for a in self.args)
        return f"{self.op.name}-{shapes}-{self.params}".replace(" ", "")


RNG = np.random.default_rng(7)
SHAPES = ((2, 3), (2, 1, 3), (), (0, 3))
PAIRS = (((2, 3), (2, 3)), ((2, 1), (1, 3)), ((), (3,)), ((0, 3), (3,)), ((), ()))


def real(*shape: int) -> Any:
    return RNG.normal(size=shape) * 2


def single(*shape: int) -> Any:
    return np.asarray(real(*shape), np.float32)


def compound(*shape: int) -> Any:
    return np.asarray(real(*shape) + 1j * real(*shape))


def positive(*shape: int) -> Any:
    return np.abs(real(*shape)) + 1.5


def within(*shape: int) -> Any:
    return np.tanh(real(*shape))


def whole(*shape: int) -> Any:
    return RNG.integers(-5, 6, shape)


def counts(*shape: int) -> Any:
    return RNG.integers(1, 6, shape)


def truth(*shape: int) -> Any:
    return RNG.integers(0, 2, shape).astype(bool)


def probabilities(*shape: int) -> Any:
    return RNG.uniform(size=shape)


Maker = Callable[..., Any]

UNARY: dict[Op, tuple[Callable[..., Any], tuple[Maker, ...]]] = {
    ops.ABS: (np.abs, (real, compound, whole)),
    ops.ACOS: (np.arccos, (within, compound)),
    ops.ACOSH: (np.arccosh, (positive, compound)),
    ops.ANGLE: (np.angle, (real, compound)),
    ops.ASIN: (np.arcsin, (within, compound)),
    ops.ASINH: (np.arcsinh, (real, compound)),
    ops.ATAN: (np.arctan, (real, compound)),
    ops.ATANH: (np.arctanh, (within, compound)),
    ops.BITWISE_INVERT: (np.invert, (whole, truth)),
    ops.CEIL: (np.ceil, (real, whole)),
    ops.CONJ: (np.conjugate, (real, compound)),
    ops.COS: (np.cos, (real, compound)),
    ops.COSH: (np.cosh, (real, compound)),
    ops.ERF: (np.vectorize(math.erf, otypes=[float]), (real,)),
    ops.EXP: (np.exp, (real, single, compound)),
    ops.EXPM1: (np.expm1, (real, compound)),
    ops.FLOOR: (np.floor, (real, whole)),
    ops.IMAG: (np.imag, (real, compound)),
    ops.ISFINITE: (np.isfinite, (real, compound)),
    ops.ISINF: (np.isinf, (real, compound)),
    ops.ISNAN: (np.isnan, (real, compound)),
    ops.LOG: (np.log, (positive, compound)),
    ops.LOG10: (np.log10, (positive, compound)),
    ops.LOG1P: (np.log1p, (positive, compound)),
    ops.LOG2: (np.log2, (positive, compound)),
    ops.LOGICAL_NOT: (np.logical_not, (truth,)),
    ops.NEGATIVE: (np.negative, (real, whole, compound)),
    ops.REAL: (np.real, (real, compound)),
    ops.RECIPROCAL: (lambda x: 1 / x, (positive, single, compound)),
    ops.RELU: (lambda x: np.maximum(x, 0), (real, single, whole)),
    ops.ROUND: (np.round, (real, whole, compound)),
    ops.SIGMOID: (lambda x: 1 / (1 + np.exp(-x)), (real, single, compound)),
    ops.SIGN: (np.sign, (real, whole, compound)),
    ops.SIGNBIT: (np.signbit, (real,)),
    ops.SIN: (np.sin, (real, compound)),
    ops.SINH: (np.sinh, (real, compound)),
    ops.SQRT: (np.sqrt, (positive, compound)),
    ops.SQUARE: (np.square, (real, whole, compound)),
    ops.TAN: (np.tan, (within, compound)),
    ops.TANH: (np.tanh, (real, single, compound)),
    ops.TRUNC: (np.trunc, (real, whole)),
}
BINARY: dict[Op, tuple[Callable[..., Any], tuple[tuple[Maker, Maker], ...]]] = {
    ops.ADD: (np.add, ((real, real), (whole, whole), (compound, compound))),
    ops.ATAN2: (np.arctan2, ((real, real),)),
    ops.BCE_WITH_LOGITS: (lambda x, t: np.log(1 + np.exp(x)) - x * t, ((real, probabilities),)),
    ops.BITWISE_AND: (np.bitwise_and, ((whole, whole), (truth, truth))),
    ops.BITWISE_LEFT_SHIFT: (np.left_shift, ((whole, counts),)),
    ops.BITWISE_OR: (np.bitwise_or, ((whole, whole), (truth, truth))),
    ops.BITWISE_RIGHT_SHIFT: (np.right_shift, ((whole, counts),)),
    ops.BITWISE_XOR: (np.bitwise_xor, ((whole, whole), (truth, truth))),
    ops.COPYSIGN: (np.copysign, ((real, real),)),
    ops.DIVIDE: (np.true_divide, ((real, positive), (single, single), (compound, compound))),
    ops.EQUAL: (np.equal, ((whole, whole), (compound, compound))),
    ops.FLOOR_DIVIDE: (np.floor_divide, ((real, positive), (whole, counts))),
    ops.GREATER: (np.greater, ((real, real), (whole, whole))),
    ops.GREATER_EQUAL: (np.greater_equal, ((real, real), (whole, whole))),
    ops.HYPOT: (np.hypot, ((real, real),)),
    ops.LESS: (np.less, ((real, real), (whole, whole))),
    ops.LESS_EQUAL: (np.less_equal, ((real, real), (whole, whole))),
    ops.LOGADDEXP: (np.logaddexp, ((real, real),)),
    ops.LOGICAL_AND: (np.logical_and, ((truth, truth),)),
    ops.LOGICAL_OR: (np.logical_or, ((truth, truth),)),
    ops.LOGICAL_XOR: (np.logical_xor, ((truth, truth),)),
    ops.MAXIMUM: (np.maximum, ((real, real), (whole, whole))),
    ops.MINIMUM: (np.minimum, ((real, real), (whole, whole))),
    ops.MULTIPLY: (np.multiply, ((real, real), (whole, whole), (compound, compound))),
    ops.NEXTAFTER: (np.nextafter, ((real, real),)),
    ops.NOT_EQUAL: (np.not_equal, ((whole, whole), (compound, compound))),
    ops.POW: (np.power, ((positive, real), (whole, counts), (compound, compound))),
    ops.REMAINDER: (np.remainder, ((real, positive), (real, real), (whole, counts))),
    ops.SUBTRACT: (np.subtract, ((real, real), (whole, whole), (compound, compound))),
}
AXES: tuple[Any, ...] = (None, 0, 1, (0, 1), (1, 2), ())
REDUCTIONS: dict[Op, tuple[Callable[..., Any], tuple[Maker, ...]]] = {
    ops.ALL: (np.all, (truth, whole)),
    ops.ANY: (np.any, (truth, whole)),
    ops.COUNT_NONZERO: (np.count_nonzero, (whole, real)),
    ops.LOGSUMEXP: (lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis, keepdims=keepdims)), (real, compound)),
    ops.MAX: (np.max, (real, whole)),
    ops.MEAN: (np.mean, (real, single, compound)),
    ops.MIN: (np.min, (real, whole)),
    ops.PROD: (np.prod, (real, whole, compound)),
    ops.SUM: (np.sum, (real, single, whole, compound)),
}


def elementwise_cases() -> Iterator[Case]:
    for op, (f, makers) in UNARY.items():
        for make in makers:
            for shape in SHAPES:
                x = make(*shape)
                yield Case(op, (x,), {}, f(x))
    for op, (g, pairs) in BINARY.items():
        for left, right in pairs:
            for m, n in PAIRS:
                a, b = left(*m), right(*n)
                yield Case(op, (a, b), {}, g(a, b))
    for exponent in (2, 0, -1.5, 0.5, 3):
        x = positive(2, 3)
        yield Case(ops.POW_SCALAR, (x,), {"exponent": exponent}, x**exponent)
    for x, exponent in ((whole(3), 2), (compound(3), 2), (compound(3), 1 + 2j), (real(), 2), (real(0, 2), 2)):
        yield Case(ops.POW_SCALAR, (x,), {"exponent": exponent}, x**exponent)
    for shapes in (((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ()), ((), (), ()), ((0, 3), (3,), (1, 1))):
        x, low, high = (real(*shape) for shape in shapes)
        yield Case(ops.CLIP, (x, low, high), {}, np.minimum(np.maximum(x, low), high))
        condition = truth(*shapes[0])
        yield Case(ops.WHERE, (condition, low, high), {}, np.where(condition, low, high))


def reduction_cases() -> Iterator[Case]:
    for op, (f, makers) in REDUCTIONS.items():
        for make in makers:
            for axis in AXES:
                for keepdims in (False, True):
                    params = {"axis": axis, "keepdims": keepdims}
                    x = make(2, 3, 4)
                    yield Case(op, (x,), params, f(x, **params))
            params = {"axis": None, "keepdims": False}
            x = make()
            yield Case(op, (x,), params, f(x, **params))
    for op, identity in ((ops.SUM, 0.0), (ops.PROD, 1.0), (ops.LOGSUMEXP, -INF)):
        params = {"axis": 0, "keepdims": False}
        yield Case(op, (np.zeros((0, 3)),), params, np.full(3, identity))
    for op, g in ((ops.ARGMAX, np.argmax), (ops.ARGMIN, np.argmin)):
        for axis in (None, 0, 2):
            for keepdims in (False, True):
                x = whole(2, 3, 4)
                yield Case(op, (x,), {"axis": axis, "keepdims": keepdims}, g(x, axis=axis, keepdims=keepdims))
    for op, h in ((ops.VAR, np.var), (ops.STD, np.std)):
        for axis in AXES[:-1]:
            for make in (real, single, compound):
                x = make(2, 3, 4)
                params = {"axis": axis, "correction": 1, "keepdims": axis == 1}
                yield Case(op, (x,), params, h(x, axis=axis, ddof=1, keepdims=axis == 1))


def along_axes_cases() -> Iterator[Case]:
    for shape, axis in (((2, 3), 0), ((2, 3), 1), ((2, 3, 4), 1), ((0, 3), 0), ((0, 3), 1)):
        for x in (real(*shape), single(*shape)):
            e = np.exp(x)
            y = e / np.sum(e, axis, keepdims=True)
            yield Case(ops.SOFTMAX, (x,), {"axis": axis}, y)
            yield Case(ops.LOG_SOFTMAX, (x,), {"axis": axis}, np.log(y))
    for axes in ((0,), (1, 2), (0, 2)):
        x = real(2, 3, 4)
        y = (x - np.mean(x, axes, keepdims=True)) / np.sqrt(np.var(x, axes, keepdims=True) + 1e-3)
        yield Case(ops.NORMALIZE, (x,), {"axis": axes, "eps": 1e-3}, y)


PRODUCTS = (
    ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((2, 0), (0, 3)), ((0, 2), (2, 3))
)  # fmt: skip
CASTS = (
    (real, "float32"), (real, "int64"), (real, "complex128"), (whole, "bool"), (counts, "uint8"), (truth, "float64"),
    (compound, "float64"), (compound, "complex64"), (compound, "bool"), (compound, "int32"),
)  # fmt: skip


def manipulation_cases() -> Iterator[Case]:
    for make in (real, whole, compound):
        for m, n in PRODUCTS:
            a, b = make(*m), make(*n)
            yield Case(ops.MATMUL, (a, b), {}, a @ b)
    for make, name in CASTS:
        x = make(2, 3)
        expected = (x.real if x.dtype.kind == "c" and name[0] != "c" else x).astype(name)
        yield Case(ops.ASTYPE, (x,), {"dtype": dtypes.DTYPES[name]}, expected)
    x, flat, zero = real(2, 3, 4), real(3), real()
    for y in (x, real(2, 3), real(0, 3), compound(2, 3)):
        yield Case(ops.MATRIX_TRANSPOSE, (y,), {}, np.swapaxes(y, -1, -2))
        for k in (-1, 0, 1, 9):
            yield Case(ops.TRIL, (y,), {"k": k}, np.tril(y, k))
            yield Case(ops.TRIU, (y,), {"k": k}, np.triu(y, k))
    for y, shape in ((flat, (2, 3)), (zero, (2, 2)), (real(2, 1), (4, 2, 3)), (zero, ()), (flat, (0, 3))):
        yield Case(ops.BROADCAST_TO, (y,), {"shape": shape}, np.broadcast_to(y, shape))
    yield Case(ops.CONCAT, (real(2, 3), real(0, 3), real(1, 3)), {"axis": 0, "sizes": (2, 0, 1)}, ...)
    yield Case(ops.CONCAT, (real(2, 3), real(2, 1)), {"axis": 1, "sizes": (3, 1)}, ...)
    for axes in ((0,), (0, 2), ()):
        yield Case(ops.FLIP, (x,), {"axis": axes}, np.flip(x, axes))
    for axes in ((2, 0, 1), (0, 1, 2)):
        yield Case(ops.PERMUTE_DIMS, (x,), {"axes": axes}, np.transpose(x, axes))
    yield Case(ops.PERMUTE_DIMS, (zero,), {"axes": ()}, zero)
    for y, shape in ((x, (4, 6)), (zero, (1, 1)), (real(1), ()), (real(0, 3), (3, 0, 2))):
        yield Case(ops.RESHAPE, (y,), {"shape": shape}, np.reshape(y, shape))
    for shift, axes in (((1,), (0,)), ((-2, 5), (1, 2)), ((), ())):
        yield Case(ops.ROLL, (x,), {"shift": shift, "axis": axes}, np.roll(x, shift, axes))
    for axis in (0, 2):
        yield Case(ops.UNSTACK, (x,), {"axis": axis}, tuple(np.moveaxis(x, axis, 0)))


INDICES: tuple[Any, ...] = (
    0, -1, (), ..., None, slice(None), slice(1, 99), slice(5, 2), slice(None, None, -1), slice(-1, -99, -2),
    (1, slice(None, None, 2)), (..., 0), (slice(0, 1), ..., slice(None, None, -2)), (None, 0, ..., None),
    (0, 1, 2), (..., None, slice(3, 1, -1)), (slice(-99, 99, 3), None, -2),
)  # fmt: skip
INDEX_ARRAYS = (
    np.array([2, 0]), np.array([[0, -1], [1, 1]]), np.array(-2), np.zeros((0, 2), int), np.array([1], np.int32)
)  # fmt: skip


def indexing_cases() -> Iterator[Case]:
    for index in INDICES:
        x = real(2, 3, 4)
        yield Case(ops.GETITEM, (x,), {"index": index}, x[index])
        for value in (real(*x[index].shape), real(*x[index].shape[-1:]), real()):
            expected = x.copy()
            expected[index] = value
            yield Case(ops.PUT, (x, value), {"index": index}, expected)
    for index in ((), ..., None):
        x, value = real(), real()
        yield Case(ops.GETITEM, (x,), {"index": index}, x[index])
        yield Case(ops.PUT, (x, value), {"index": index}, value)
    for shape in ((3,), (3, 2), (3, 2, 2)):
        x = real(*shape)
        for at in INDEX_ARRAYS:
            yield Case(ops.GATHER, (x, at), {}, x[at])
            value = np.asarray(real(*x[at].shape))
            expected = x.copy()
            expected[at] = value
            yield Case(ops.SCATTER, (x, value, at), {}, expected)
            expected = x.copy()
            np.add.at(expected, at, value)
            yield Case(ops.SCATTER_ADD, (x, value, at), {}, expected)
            expected = x.copy()
            np.add.at(expected, at, one := real())
            yield Case(ops.SCATTER_ADD, (x, one, at), {}, expected)


ALONG: tuple[tuple[tuple[int, ...], int], ...] = (
    ((2, 3), 1),
    ((4, 2), 0),
    ((2, 5, 3), 1),
    ((3,), 0),
    ((0, 3), 1),
    ((2, 0), 1),
)
TIES = np.array([[1.0, NAN, 0.0, -0.0, 1.0, INF, NAN, -INF, 0.0]])


def sorting_cases() -> Iterator[Case]:
    for shape, axis in ALONG:
        for x in (real(*shape), whole(*shape)):
            yield Case(ops.ARGSORT, (x,), {"axis": axis, "descending": False}, np.argsort(x, axis, stable=True))
            yield Case(ops.ARGSORT, (x,), {"axis": axis, "descending": True}, np.argsort(-x, axis, stable=True))
        for x in (real(*shape), single(*shape), whole(*shape), compound(*shape)):
            yield Case(ops.CUMULATIVE_SUM, (x,), {"axis": axis}, np.cumsum(x, axis))
            yield Case(ops.CUMULATIVE_PROD, (x,), {"axis": axis}, np.cumprod(x, axis))
        x, n = real(*shape), shape[axis]
        at = RNG.integers(-n, n, (*shape[:axis], 4 * (n > 0), *shape[axis + 1 :])) if n else np.zeros(shape, int)
        yield Case(ops.TAKE_ALONG_AXIS, (x, at), {"axis": axis}, np.take_along_axis(x, at, axis))
        value = real(*at.shape)
        one_hot = np.moveaxis(at, axis, -1)[..., None] % max(n, 1) == np.arange(n)
        added = np.sum(np.where(one_hot, np.moveaxis(value, axis, -1)[..., None], 0), axis=-2)
        yield Case(ops.ADD_ALONG_AXIS, (x, value, at), {"axis": axis}, x + np.moveaxis(added, -1, axis))
    yield Case(ops.ARGSORT, (TIES,), {"axis": 1, "descending": False}, [[7, 2, 3, 8, 0, 4, 5, 1, 6]])
    yield Case(ops.ARGSORT, (TIES,), {"axis": 1, "descending": True}, [[1, 6, 5, 0, 4, 2, 3, 8, 7]])
    for side in ("left", "right"):
        for row, values in ((real(5), real(4)), (whole(5), whole(7)), (real(0), real(2)), (real(3), real(0))):
            row = np.sort(row)
            yield Case(ops.SEARCHSORTED, (row, values), {"side": side}, np.searchsorted(row, values, side))
            stack, several = np.stack([row, row + 1, row - 2]), np.stack([values, -values, values])
            found = [np.searchsorted(a, v, side) for a, v in zip(stack, several)]
            yield Case(ops.SEARCHSORTED, (stack[:, None], several[:, None]), {"side": side}, np.stack(found)[:, None])
    yield Case(ops.SEARCHSORTED, (np.zeros((0, 3)), np.zeros((0, 2))), {"side": "left"}, np.zeros((0, 2), int))


def fft_cases() -> Iterator[Case]:
    for norm in ("backward", "ortho", "forward"):
        for shape, axes in (((2, 4), (1,)), ((2, 5), (1,)), ((3, 4, 2), (2, 0)), ((0, 3), (1,)), ((3, 1), (1,))):
            for z in (compound(*shape), np.asarray(compound(*shape), np.complex64)):
                for inverse, f in ((False, np.fft.fftn), (True, np.fft.ifftn)):
                    params = {"axes": axes, "inverse": inverse, "norm": norm}
                    yield Case(ops.FFT, (z,), params, f(z, axes=axes, norm=norm))
        for shape, axis, size in (((2, 3), 1, 4), ((2, 3), 1, 5), ((3, 2, 2), 0, 5), ((2, 1), 1, 1), ((0, 3), 1, 4)):
            z, whole_shape = compound(*shape), (*shape[:axis], size, *shape[axis + 1 :])
            yield Case(ops.IRFFT, (z,), {"axis": axis, "size": size, "norm": norm}, np.fft.irfft(z, size, axis, norm))
            for x in (real(*whole_shape), single(*whole_shape)):
                yield Case(ops.RFFT, (x,), {"axis": axis, "norm": norm}, np.fft.rfft(x, None, axis, norm))


def _with_eigenvalues(x: Any) -> tuple[Any, ...]:
    return tuple(part.astype(np.result_type(x, np.complex64)) for part in np.linalg.eig(x))


LINALG: dict[Op, Callable[..., Any]] = {
    ops.CHOLESKY: np.linalg.cholesky,
    ops.DET: np.linalg.det,
    ops.EIG: _with_eigenvalues,
    ops.EIGH: np.linalg.eigh,
    ops.EIGVALSH: np.linalg.eigvalsh,
    ops.INV: np.linalg.inv,
    ops.PINV: lambda x, rtol: np.linalg.pinv(x + 0 * rtol, rtol=rtol[..., 0, 0]),
    ops.QR: np.linalg.qr,
    ops.SLOGDET: np.linalg.slogdet,
    ops.SOLVE: np.linalg.solve,
    ops.SVD: np.linalg.svd,
    ops.SVDVALS: np.linalg.svdvals,
    ops.VECTOR_NORM: np.linalg.vector_norm,
}


def linalg_cases() -> Iterator[Case]:
    for op, f in LINALG.items():
        for sample in samples(op):
            expected = f(*sample.operands, **sample.params)
            yield Case(op, sample.operands, sample.params, tuple(expected) if isinstance(expected, tuple) else expected)


def _pad_places(geometry: Any, size: Any, kernel: Any) -> Any:
    """(place of a window, place in it, element that is seen there), for all places; None for padding."""
    spans = []
    for n, k, s, (before, behind), d in zip(size, kernel, *geometry[:3]):
        out = (n + before + behind - d * (k - 1) - 1) // s + 1
        spans.append([(p, j, p * s + j * d - before) for p in range(out) for j in range(k)])
    for axes in product(*spans):
        p, j, i = zip(*axes)
        yield p, j, i if all(0 <= at < n for at, n in zip(i, size)) else None


def _convolved(op: Op, a: Any, b: Any, geometry: Any, **last: Any) -> Any:
    """The sum that each of the three is, term by term."""
    groups, dtype = geometry.groups, np.result_type(a, b)
    if op is ops.CONV:
        size, kernel, x, w, g = a.shape[2:], b.shape[2:], a, b, None
        out = tuple(1 + max(p[i] for p, *_ in _pad_places(geometry, size, kernel)) for i in range(len(size)))
        g = result = np.zeros((len(a), len(b), *out), dtype)
    elif op is ops.CONV_INPUT:
        g, w, size, kernel = a, b, last["size"], b.shape[2:]
        x = result = np.zeros((len(a), groups * b.shape[1], *size), dtype)
    else:
        x, g, size, kernel = a, b, a.shape[2:], last["kernel"]
        w = result = np.zeros((b.shape[1], a.shape[1] // groups, *kernel), dtype)
    for (p, j, i), n, (o, c) in product(_pad_places(geometry, size, kernel), range(len(x)), np.ndindex(w.shape[:2])):
        if i is not None:
            at = (n, o // (len(w) // groups) * w.shape[1] + c, *i), (o, c, *j), (n, o, *p)
            if op is ops.CONV:
                g[at[2]] += x[at[0]] * w[at[1]]
            elif op is ops.CONV_INPUT:
                x[at[0]] += g[at[2]] * w[at[1]]
            else:
                w[at[1]] += g[at[2]] * x[at[0]]
    return result


def _windows(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    """By NumPy's own windows of the full length, thinned out."""
    axes = tuple(range(x.ndim - len(kernel), x.ndim))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axes)
    return seen[(..., *[slice(None, None, s) for s in stride], *[slice(None, None, d) for d in dilation])]


def _fold(x: Any, size: Any, stride: Any, dilation: Any) -> Any:
    """Element by element: where does what a window sees come from?"""
    n = len(size)
    total = np.zeros((*x.shape[: x.ndim - 2 * n], *size), x.dtype)
    places = np.arange(total.size).reshape(total.shape)
    np.add.at(total.reshape(-1), _windows(places, x.shape[x.ndim - n :], stride, dilation), x)
    return total


NN: dict[Op, Callable[..., Any]] = {
    ops.BINARY_CROSS_ENTROPY: lambda x, t: -t * np.log(x) - (1 - t) * np.log(1 - x),
    **{op: partial(_convolved, op) for op in (ops.CONV, ops.CONV_INPUT, ops.CONV_WEIGHT)},
    ops.EINSUM: lambda a, b, subscripts: np.einsum(subscripts, a, b),
    ops.FOLD: _fold,
    ops.WINDOWS: _windows,
}


def nn_cases() -> Iterator[Case]:
    for op, f in NN.items():
        for sample in samples(op):
            if not sample.boundary and len({x.dtype for x in sample.operands}) == 1:  # promotion has been above
                yield Case(op, sample.operands, sample.params, f(*sample.operands, **sample.params))


def special_cases() -> Iterator[Case]:
    scipy = pytest.importorskip("scipy.special")
    for op in standard.special.COMPOSITE:
        f = getattr(scipy, op.name)
        for sample in samples(op):
            kinds = {x.dtype if type(x) is np.ndarray else None for x in sample.operands}
            if not sample.boundary and len(kinds) == 1:
                order = [sample.params["n"]] if sample.params else []  # which SciPy takes first
                expected = np.asarray(f(*order, *sample.operands), sample.operands[0].dtype)
                yield Case(op, sample.operands, sample.params, expected)


def cases() -> Iterator[Case]:
    for group in (
        elementwise_cases, reduction_cases, along_axes_cases, manipulation_cases, indexing_cases, sorting_cases,
        fft_cases, linalg_cases, nn_cases, special_cases,
    ):  # fmt: skip
        for case in group():
            expected = np.concatenate(case.args, case.params["axis"]) if case.expected is ... else case.expected
            yield case._replace(args=tuple(map(np.asarray, case.args)), expected=expected)


with np.errstate(all="ignore"):
    CASES = list(cases())


def assert_same(found: Any, expected: Any, eps: float = 16) -> None:
    """Shape, dtype, and values within some eps of the largest."""
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    if expected.dtype.kind in "biu":
        np.testing.assert_array_equal(found, expected)
    else:
        scale = max(1.0, float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=eps * np.finfo(expected.dtype).eps * scale)


# ---------------------------------------------------------------------------------------------------------------- tests


def test_every_primitive_has_a_kernel_and_a_case(table: dict[Op, Any]) -> None:
    assert set(table) == PRIMITIVES - ELSEWHERE
    assert {case.op for case in CASES} == PRIMITIVES - ELSEWHERE
    assert not set(standard.DIRECT) & set(standard.COMPOSITE)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_numpy(library: Library, table: dict[Op, Any], case: Case) -> None:
    args = [library.asarray(a, None, None, None) for a in case.args]
    kind = type(library.namespace.zeros(()))
    found = table[case.op](*args, **case.params)
    if type(case.expected) is tuple:
        assert type(found) is tuple
        assert len(found) == len(case.expected)
    else:
        found, case = (found,), case._replace(expected=(case.expected,))
    for one, expected in zip(found, case.expected):
        assert isinstance(one, kind)  # a 0-d result, too
        assert_same(library.to_numpy(one), expected)


def test_sums_keep_their_dtype(library: Library, table: dict[Op, Any]) -> None:
    x = library.asarray([100, 100], dtypes.int8, None, None)
    total = table[ops.SUM](x, axis=None, keepdims=False)
    assert total.dtype == x.dtype  # plugrad's namespace has widened what the standard widens


BOUNDARY: dict[str, tuple[Op, tuple[Any, ...], dict[str, Any], Any]] = {
    "relu of nan": (ops.RELU, ([NAN, -0.0, -1.0],), {}, [NAN, 0, 0]),
    "sigmoid far out": (ops.SIGMOID, ([-1e3, 1e3, -INF, INF, NAN],), {}, [0, 1, 0, 1, NAN]),
    "sign of nan": (ops.SIGN, ([NAN, -0.0, -2.0],), {}, [NAN, 0, -1]),
    "angle of -0": (ops.ANGLE, ([-0.0, 0.0, -1.0, NAN],), {}, [math.pi, 0, math.pi, NAN]),
    "bce far out": (ops.BCE_WITH_LOGITS, ([1e3, -1e3, NAN], [0.0, 1.0, 0.0]), {}, [1e3, 1e3, NAN]),
    "clip of nan": (ops.CLIP, ([NAN, 5.0], [0.0, 0.0], [1.0, 1.0]), {}, [NAN, 1]),
    "clip, low above high": (ops.CLIP, ([-9.0, 0.5, 9.0], [2.0] * 3, [1.0] * 3), {}, [1, 1, 1]),
    "logsumexp of -inf": (ops.LOGSUMEXP, ([-INF, -INF],), {"axis": 0, "keepdims": False}, -INF),
    "logsumexp of inf": (ops.LOGSUMEXP, ([INF, 1.0],), {"axis": None, "keepdims": False}, INF),
    "logsumexp of both": (ops.LOGSUMEXP, ([INF, -INF],), {"axis": 0, "keepdims": True}, [INF]),
    "logsumexp far out": (ops.LOGSUMEXP, ([1e3, 1e3],), {"axis": 0, "keepdims": False}, 1e3 + math.log(2)),
    "logsumexp of nan": (ops.LOGSUMEXP, ([NAN, 1.0],), {"axis": 0, "keepdims": False}, NAN),
    "softmax far out": (ops.SOFTMAX, ([1e3, 1e3, -1e3],), {"axis": 0}, [0.5, 0.5, 0]),
    "softmax of -inf": (ops.SOFTMAX, ([-INF, 0.0],), {"axis": 0}, [0, 1]),
    "log_softmax of -inf": (ops.LOG_SOFTMAX, ([-INF, 0.0],), {"axis": 0}, [-INF, 0]),
    "log_softmax far out": (ops.LOG_SOFTMAX, ([1e3, 0.0],), {"axis": 0}, [0, -1e3]),
    "max of nan": (ops.MAX, ([NAN, 1.0],), {"axis": None, "keepdims": False}, NAN),
    "maximum of nan": (ops.MAXIMUM, ([NAN, 1.0], [1.0, NAN]), {}, [NAN, NAN]),
    "normalize a constant": (ops.NORMALIZE, ([2.0, 2.0],), {"axis": (0,), "eps": 1e-5}, [0, 0]),
    "round half to even": (ops.ROUND, ([0.5, 1.5, -2.5],), {}, [0, 2, -2]),
    "floor division": (ops.FLOOR_DIVIDE, ([-5.0, 5.0], [3.0, -3.0]), {}, [-2, -2]),
    "remainder takes the divisor's sign": (ops.REMAINDER, ([-5.0, 5.0], [3.0, -3.0]), {}, [1, -1]),
    "cumulative_sum after inf": (ops.CUMULATIVE_SUM, ([1.0, INF, -INF, 1.0],), {"axis": 0}, [1, INF, NAN, NAN]),
    "cumulative_prod after zero": (ops.CUMULATIVE_PROD, ([2.0, 0.0, 3.0, INF],), {"axis": 0}, [2, 0, 0, NAN]),
    "binary_cross_entropy at the ends": (
        ops.BINARY_CROSS_ENTROPY,
        ([0.0, 0.0, 1.0, 1.0, NAN], [0.0, 1.0, 0.5, 1.0, 0.0]),
        {},
        [0, 100, 50, 0, NAN],
    ),
    "scatter_add beside inf": (ops.SCATTER_ADD, ([INF, 0.0, NAN], [1.0, 2.0], np.array([1, 1])), {}, [INF, 3, NAN]),
    "scatter_add of inf": (ops.SCATTER_ADD, ([0.0, 0.0], [INF, 1.0], np.array([0, 1])), {}, [INF, 1]),
    "scatter, the last counts": (ops.SCATTER, ([0.0, 0.0], [1.0, 2.0, 3.0], np.array([0, 0, -2])), {}, [3, 0]),
}


@pytest.mark.parametrize("name", BOUNDARY)
def test_boundary(library: Library, table: dict[Op, Any], name: str) -> None:
    op, args, params, expected = BOUNDARY[name]
    raw = [library.asarray(np.asarray(a), None, None, None) for a in args]
    found = library.to_numpy(table[op](*raw, **params))
    np.testing.assert_allclose(found, np.asarray(expected, float), rtol=1e-15)


def test_erf_is_within_three_eps(library: Library, table: dict[Op, Any]) -> None:
    for name in ("float32", "float64"):
        x = np.concatenate([np.linspace(-7, 7, 20001), np.logspace(-30, 2, 500), [0, -INF, INF]]).astype(name)
        expected = np.vectorize(math.erf)(x.astype(np.float64))
        found = library.to_numpy(table[ops.ERF](library.asarray(x, None, None, None)))
        np.testing.assert_allclose(found, expected, rtol=3 * np.finfo(name).eps)
    assert np.isnan(library.to_numpy(table[ops.ERF](library.asarray([NAN], None, None, None))))[0]


@pytest.mark.parametrize("at", [3, -4])
def test_an_index_out_of_range_along_an_axis_raises(library: Library, table: dict[Op, Any], at: int) -> None:
    """It is no index of the next row."""
    x, indices = (library.asarray(v, None, None, None) for v in (np.ones((2, 3)), np.array([[at], [0]])))
    for take in (table[ops.TAKE_ALONG_AXIS], partial(standard.indexing._take_along_axis, library.namespace)):
        with pytest.raises(IndexError):
            take(x, indices, axis=1)
    with pytest.raises(IndexError):
        table[ops.ADD_ALONG_AXIS](x, 1.0, indices, axis=1)


@pytest.mark.parametrize("case", [c for c in CASES if c.op is ops.TAKE_ALONG_AXIS], ids=str)
def test_take_along_axis_where_the_namespace_has_none(library: Library, case: Case) -> None:
    found = standard.COMPOSITE[case.op](library.namespace, *map(library.namespace.asarray, case.args), **case.params)
    assert_same(library.to_numpy(found), case.expected)


@pytest.mark.parametrize("op", [ops.GATHER, ops.SCATTER, ops.SCATTER_ADD], ids=lambda op: op.name)
@pytest.mark.parametrize("at", [3, -4])
def test_an_index_out_of_range_raises(library: Library, table: dict[Op, Any], op: Op, at: int) -> None:
    x, indices = (library.asarray(v, None, None, None) for v in (np.arange(3.0), np.array([0, at])))
    with pytest.raises(IndexError):
        table[op](x, *((1.0,) if op is not ops.GATHER else ()), indices)


def test_unsigned_and_narrow_indices(library: Library, table: dict[Op, Any]) -> None:
    x = library.asarray(np.arange(300.0), None, None, None)
    for at in (np.array([255, 0], np.uint8), np.array([-1, 127], np.int8)):
        found = table[ops.GATHER](x, library.asarray(at, None, None, None))
        np.testing.assert_array_equal(library.to_numpy(found), np.arange(300.0)[at])


WRITES = {
    ops.ADD_ALONG_AXIS: ((5.0, np.array([[1, 1]] * 3)), {"axis": 1}),
    ops.PUT: ((5.0,), {"index": (slice(None, None, -1), 0)}),
    ops.SCATTER: ((5.0, np.array([1, 1])), {}),
    ops.SCATTER_ADD: ((5.0, np.array([1, 1])), {}),
}


@pytest.mark.parametrize("op", WRITES, ids=lambda op: op.name)
def test_a_write_makes_a_copy_and_takes_numbers(library: Library, table: dict[Op, Any], op: Op) -> None:
    before = np.arange(6.0).reshape(3, 2)
    x = library.asarray(before, None, None, True)
    args = [a if type(a) is float else library.asarray(a, None, None, None) for a in WRITES[op][0]]
    y = library.to_numpy(table[op](x, *args, **WRITES[op][1]))
    np.testing.assert_array_equal(library.to_numpy(x), before)
    assert not np.shares_memory(y, library.to_numpy(x))
    assert not np.array_equal(y, before)


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_put_into_arrays_that_cannot_be_written(library: Library, index: Any) -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    expected = x.copy()
    expected[index] = value = -1 - np.arange(x[index].size, dtype=float).reshape(x[index].shape)
    plain = tuple(i for i in standard.whole_index(index, x.shape) if i is not None)
    raw = [library.asarray(a, None, None, None) for a in (x, value.reshape(x[plain].shape))]
    found = library.to_numpy(standard.indexing._put_by_where(library, *raw, plain))
    np.testing.assert_array_equal(found, expected)


def test_a_library_whose_arrays_cannot_be_written_still_puts(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = pytest.importorskip("plugrad_strict.namespace").namespace

    def refuse(*_: Any) -> None:
        raise TypeError("does not support item assignment")

    monkeypatch.setattr(type(strict.zeros(())), "__setitem__", refuse)
    put = standard.kernels(Library(strict))[ops.PUT]
    np.testing.assert_array_equal(np.from_dlpack(put(strict.zeros(3), 7.0, index=slice(1, None))), [0, 7, 7])


NUMBERS = {
    "maximum": (ops.MAXIMUM, (np.array([-1.0, 1.0]), 0.0), [0, 1]),
    "atan2, on the left": (ops.ATAN2, (1.0, np.array([1.0])), [math.pi / 4]),
    "where, one": (ops.WHERE, (np.array([True, False]), 0.0, np.array([1.0, 2.0])), [0, 2]),
    "where, both": (ops.WHERE, (np.array([True, False]), 1.0, 2.0), [1, 2]),
    "clip": (ops.CLIP, (np.array([-9.0, 9.0]), 0.0, 1.0), [0, 1]),
    "clip, mixed": (ops.CLIP, (2.0, np.array([0.0]), 1.0), [1]),
    "bce": (ops.BCE_WITH_LOGITS, (0.0, np.array([1.0])), [math.log(2)]),
    "complex, beside real ones": (ops.MULTIPLY, (np.array([1.0, 2.0]), 1j), [1j, 2j]),
    "complex, beside floats": (ops.MULTIPLY, (1j, np.array([2.0], np.float32)), [2j]),
    "less, on the left": (ops.LESS, (0, np.array([1, -1])), [True, False]),
    "logical_and": (ops.LOGICAL_AND, (np.array([True, False]), True), [True, False]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_python_numbers_beside_arrays(library: Library, table: dict[Op, Any], name: str) -> None:
    op, args, expected = NUMBERS[name]
    raw = [library.asarray(a, None, None, None) if isinstance(a, np.ndarray) else a for a in args]
    np.testing.assert_allclose(library.to_numpy(table[op](*raw)), expected, rtol=1e-15)


def test_conj_of_a_number(table: dict[Op, Any]) -> None:
    assert table[ops.CONJ](1 + 2j) == 1 - 2j


def test_a_partial_namespace_works_but_for_what_it_lacks() -> None:
    class Old(SimpleNamespace):
        """As `numpy`, without a few newer functions."""

        __name__ = "old"
        lacks = (
            "nextafter",
            "count_nonzero",
            "reciprocal",
            "unstack",
            "take_along_axis",
            "cumulative_sum",
            "log1p",
            "fft",
            "linalg",
        )

        def __getattr__(self, name: str) -> Any:
            if name in self.lacks:
                raise AttributeError(name)
            return getattr(np, name)

    table = standard.kernels(Library(Old()))
    x = np.array([[0.0, 2.0], [3.0, 4.0]])
    assert table[ops.COUNT_NONZERO](x, axis=1, keepdims=False).tolist() == [1, 2]
    assert table[ops.RECIPROCAL](x[1:]).tolist() == [[1 / 3, 0.25]]
    assert [part.tolist() for part in table[ops.UNSTACK](x, axis=1)] == [[0, 3], [2, 4]]
    assert table[ops.TAKE_ALONG_AXIS](x, np.array([[1], [0]]), axis=1).tolist() == [[2], [3]]
    with pytest.raises(BackendError, match=r"the namespace old has no cumulative_sum; give the backend a kernel"):
        table[ops.CUMULATIVE_SUM](x, axis=0)
    words = r"bce_with_logits: the namespace of the backend old has no log1p, of which .*; give it a kernel for ops.BCE"
    with pytest.raises(BackendError, match=words):
        table[ops.BCE_WITH_LOGITS](x, x)
    with pytest.raises(BackendError, match=r"the namespace old has no fft.fftn; give the backend a kernel of its own"):
        table[ops.FFT](x + 0j, axes=(0,), inverse=False, norm="ortho")
    with pytest.raises(BackendError, match=r"the namespace old has no linalg.qr; give the backend a kernel of its own"):
        table[ops.QR](x, mode="reduced")
    with pytest.raises(BackendError, match=r"the namespace old has no linalg.svd"):
        table[ops.PINV](x, np.zeros((1, 1)))
    assert table[ops.VECTOR_NORM](x, axis=1, ord=2, keepdims=False).tolist() == [2, 5]
    with pytest.raises(BackendError, match=r"nextafter: the namespace of the backend old .* ops.NEXTAFTER"):
        table[ops.NEXTAFTER](x, x)


def test_a_special_erf_is_preferred() -> None:
    namespace = SimpleNamespace(__name__="special", special=SimpleNamespace(erf=lambda x: "its own"))
    namespace.__dict__.update({name: getattr(np, name) for name in dir(np) if name not in ("special", "__name__")})
    assert standard.kernels(Library(namespace))[ops.ERF].__call__ is not None
    assert standard.kernels(Library(namespace))[ops.ERF](np.zeros(1)).item() == "its own"
