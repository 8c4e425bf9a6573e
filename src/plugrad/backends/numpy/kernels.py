"""The cheap spelling of each kernel, once.

Measured on arrays of a few hundred elements, where the call is the cost: x.mT 0.12 us against np.matrix_transpose 1.0,
np.add.reduce 1.5 against np.sum 2.9 and np.mean 5.1; x.reshape 0.2 against np.reshape 1.2. Together 0.83 of the time of
a small network's gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from ... import dtypes, ops
from ...dtypes import DType
from ...errors import ShapeError
from ...ops import Op
from ..protocol import Kernel, Pulls
from . import fft, linalg, nn, sorting, special

Array = Any  # an ndarray, or the NumPy scalar that a ufunc gives for 0-d operands

RAW: dict[DType, np.dtype[Any]] = {d: np.dtype(d.name) for d in dtypes.DTYPES.values()}


# ------------------------------------------------------------------------------------------------------- kernels


def _reduction(ufunc: np.ufunc, in_own_dtype: bool = False) -> Kernel:
    """By position - array, axis, dtype, out, keepdims: 1.0 us, by keyword 1.7. The standard's upcast is done above."""
    reduce: Any = ufunc.reduce

    def kernel(x: Array, axis: Any, keepdims: bool) -> Array:
        return np.asarray(reduce(x, axis, x.dtype if in_own_dtype else None, None, keepdims))

    return kernel


_add_reduce: Any = np.add.reduce  # NumPy's types know no call by position


def _mean(x: Array, axis: Any, keepdims: bool) -> Array:
    total = _add_reduce(x, axis, None, None, keepdims)
    return np.asarray(total / (x.size / total.size if x.size else math.nan))


MUCH = 2**17  # elements of a result that dot, the shorter call, fills with zeros first: 0.93 of the time of 784 x 512


def _matmul(x: Array, y: Array) -> Array:
    if x.ndim == y.ndim == 2 and len(x) * y.shape[1] < MUCH:
        return x.dot(y)  # 1.0 us against 1.65 for 32 x 32
    return np.matmul(x, y)


def _var(x: Array, axis: Any, correction: float, keepdims: bool) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):  # of nothing: NaN, without a word, as torch
        deviation = x - np.add.reduce(x, axis=axis, keepdims=True) / _length(x, axis)
        if x.dtype.kind == "c":
            deviation = np.abs(deviation)
        total = _add_reduce(np.square(deviation), axis, None, None, keepdims)
        return np.asarray(np.divide(total, max(_length(x, axis) - correction, 0), dtype=total.dtype))


def _length(x: Array, axis: Any) -> Any:
    """The number of elements reduced, as a float that divides without a warning."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return np.float64(math.prod(x.shape[a] for a in axes)).astype(x.real.dtype)


def _logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    top = np.asarray(np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf))
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    with np.errstate(divide="ignore"):  # the log of an empty sum, or of nothing but -inf, is -inf
        y = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.asarray(y.reshape(_without(x.shape, axis)))


def _without(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    gone = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(n for a, n in enumerate(shape) if a not in gone)


def _softmax(x: Array, axis: int) -> Array:
    y = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf))
    y /= np.add.reduce(y, axis=axis, keepdims=True)
    return y


def _log_softmax(x: Array, axis: int) -> Array:
    y = x - np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
    y -= np.log(np.add.reduce(np.exp(y), axis=axis, keepdims=True))
    return y


def _normalize(x: Array, axis: Any, eps: float) -> Array:
    y = x - np.add.reduce(x, axis=axis, keepdims=True) / _length(x, axis)
    y /= np.sqrt(np.add.reduce(y * y, axis=axis, keepdims=True) / _length(x, axis) + eps)
    return y


def _round(x: Array) -> Array:
    if x.dtype == bool:
        raise TypeError("NumPy would make float16 of them, which is no dtype here")
    return np.round(x)


def _sigmoid(x: Array) -> Array:
    right = x.real >= 0
    t = np.exp(np.where(right, -x, x))  # never overflows
    return np.where(right, 1, t) / (t + 1)


def _expm1(x: Array) -> Array:
    y = np.expm1(x)
    if x.dtype.kind != "c" or (usual := np.isfinite(x) & (x != 0)).all():
        return y
    with np.errstate(invalid="ignore"):
        return np.where(usual, y, np.exp(x) - 1)  # NumPy's own has NaN at infinities, and -0 at 0


def _bce_with_logits(x: Array, target: Array) -> Array:
    return np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))


def _broadcast_to(x: Array, shape: tuple[int, ...]) -> Array:
    try:
        out = np.empty(shape, x.dtype)  # np.broadcast_to costs 2.4 us and gives a read-only view
        out[...] = x
    except ValueError as error:
        raise ShapeError(f"broadcast_to: an array of shape {x.shape} does not broadcast to {shape}") from error
    return out


def _astype(x: Array, dtype: DType) -> Array:
    raw = RAW[dtype]
    return (x.real if x.dtype.kind == "c" != raw.kind else x).astype(raw)


def _put(x: Array, value: Array, index: Any) -> Array:
    out = np.array(x)  # raw arrays are never written to: what a node saved stays true
    out[index] = value
    return out


def _scatter(x: Array, value: Array, indices: Array) -> Array:
    return _put(x, value, indices)


def _scatter_add(x: Array, value: Array, indices: Array) -> Array:
    out = np.array(x)
    np.add.at(out, indices, value)
    return out


def _add_along_axis(x: Array, value: Array, indices: Array, axis: int) -> Array:
    out, places = np.array(x), list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    np.add.at(out, tuple(places), value)
    return out


def _arg(function: Callable[..., Any]) -> Kernel:
    return lambda x, axis, keepdims: np.asarray(function(x, axis=axis, keepdims=keepdims), np.int64)


KERNELS: dict[Op, Kernel] = {
    ops.ABS: np.abs,
    ops.ACOS: np.arccos,
    ops.ACOSH: np.arccosh,
    ops.ANGLE: np.angle,
    ops.ASIN: np.arcsin,
    ops.ASINH: np.arcsinh,
    ops.ATAN: np.arctan,
    ops.ATANH: np.arctanh,
    ops.BITWISE_INVERT: np.invert,
    ops.CEIL: np.ceil,
    ops.CONJ: np.conjugate,
    ops.COS: np.cos,
    ops.COSH: np.cosh,
    ops.EXP: np.exp,
    ops.EXPM1: _expm1,
    ops.FLOOR: np.floor,
    ops.IMAG: np.imag,
    ops.ISFINITE: np.isfinite,
    ops.ISINF: np.isinf,
    ops.ISNAN: np.isnan,
    ops.LOG: np.log,
    ops.LOG10: np.log10,
    ops.LOG1P: np.log1p,
    ops.LOG2: np.log2,
    ops.LOGICAL_NOT: np.logical_not,
    ops.NEGATIVE: np.negative,
    ops.POW_SCALAR: lambda x, exponent: x**exponent,
    ops.REAL: np.real,
    ops.RECIPROCAL: np.reciprocal,
    ops.RELU: lambda x: np.maximum(x, 0),
    ops.ROUND: _round,
    ops.SIGMOID: _sigmoid,
    ops.SIGN: np.sign,
    ops.SIGNBIT: np.signbit,
    ops.SIN: np.sin,
    ops.SINH: np.sinh,
    ops.SQRT: np.sqrt,
    ops.SQUARE: np.square,
    ops.TAN: np.tan,
    ops.TANH: np.tanh,
    ops.TRUNC: np.trunc,
    ops.ADD: np.add,
    ops.ATAN2: np.arctan2,
    ops.BCE_WITH_LOGITS: _bce_with_logits,
    ops.BITWISE_AND: np.bitwise_and,
    ops.BITWISE_LEFT_SHIFT: np.left_shift,
    ops.BITWISE_OR: np.bitwise_or,
    ops.BITWISE_RIGHT_SHIFT: np.right_shift,
    ops.BITWISE_XOR: np.bitwise_xor,
    ops.CLIP: lambda x, low, high: np.minimum(np.maximum(x, low), high),
    ops.COPYSIGN: np.copysign,
    ops.DIVIDE: np.true_divide,
    ops.EQUAL: np.equal,
    ops.FLOOR_DIVIDE: np.floor_divide,
    ops.GREATER: np.greater,
    ops.GREATER_EQUAL: np.greater_equal,
    ops.HYPOT: np.hypot,
    ops.LESS: np.less,
    ops.LESS_EQUAL: np.less_equal,
    ops.LOGADDEXP: np.logaddexp,
    ops.LOGICAL_AND: np.logical_and,
    ops.LOGICAL_OR: np.logical_or,
    ops.LOGICAL_XOR: np.logical_xor,
    ops.MAXIMUM: np.maximum,
    ops.MINIMUM: np.minimum,
    ops.MULTIPLY: np.multiply,
    ops.NEXTAFTER: np.nextafter,
    ops.NOT_EQUAL: np.not_equal,
    ops.POW: np.power,
    ops.REMAINDER: np.remainder,
    ops.SUBTRACT: np.subtract,
    ops.WHERE: np.where,
    ops.ALL: _reduction(np.logical_and),
    ops.ANY: _reduction(np.logical_or),
    ops.ARGMAX: _arg(np.argmax),
    ops.ARGMIN: _arg(np.argmin),
    ops.COUNT_NONZERO: _arg(np.count_nonzero),
    ops.LOGSUMEXP: _logsumexp,
    ops.MAX: _reduction(np.maximum),
    ops.MEAN: _mean,
    ops.MIN: _reduction(np.minimum),
    ops.PROD: _reduction(np.multiply, True),
    ops.STD: lambda x, axis, correction, keepdims: np.sqrt(_var(x, axis, correction, keepdims)),
    ops.SUM: _reduction(np.add, True),
    ops.VAR: _var,
    ops.LOG_SOFTMAX: _log_softmax,
    ops.NORMALIZE: _normalize,
    ops.SOFTMAX: _softmax,
    ops.MATMUL: _matmul,
    ops.MATRIX_TRANSPOSE: attrgetter("mT"),
    ops.ASTYPE: _astype,
    ops.BROADCAST_TO: _broadcast_to,
    ops.CONCAT: lambda *arrays, axis, sizes: np.concatenate(arrays, axis),
    ops.FLIP: lambda x, axis: np.flip(x, axis),
    ops.PERMUTE_DIMS: lambda x, axes: x.transpose(axes),
    ops.RESHAPE: lambda x, shape: x.reshape(shape),
    ops.ROLL: lambda x, shift, axis: np.roll(x, shift, axis) if axis else x,
    ops.TRIL: lambda x, k: np.tril(x, k),
    ops.TRIU: lambda x, k: np.triu(x, k),
    ops.UNSTACK: lambda x, axis: tuple(np.moveaxis(x, axis, 0)),
    ops.ADD_ALONG_AXIS: _add_along_axis,
    ops.GATHER: lambda x, indices: x.take(indices, axis=0),
    ops.GETITEM: lambda x, index: x[index],
    ops.PUT: _put,
    ops.SCATTER: _scatter,
    ops.SCATTER_ADD: _scatter_add,
    ops.TAKE_ALONG_AXIS: lambda x, indices, axis: np.take_along_axis(x, indices, axis),
    **sorting.KERNELS,
    **fft.KERNELS,
    **linalg.KERNELS,
    **nn.KERNELS,
    **special.KERNELS,
}


# ----------------------------------------------------------------------------------------------------- native pulls
# No Python scalar meets an array here: 1 - z costs 1.57 us, with a 0-d array 0.96.

ONE = {np.dtype(k): np.ones((), k) for k in ("f4", "f8")}


def _tanh_pull(xp: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
    t = y * y
    if type(t) is not np.ndarray:
        return ct * (1 - t)
    np.subtract(ONE[t.dtype], t, out=t)
    return np.multiply(t, ct, out=t)


def _spread(ct: Array, axis: Any, shape: tuple[int, ...], dtype: Any, count: float = 1) -> Array:
    """Over all that was summed, `count`-th parts of the cotangent."""
    out = np.empty(shape, dtype)
    if ct.ndim == 0:
        out.fill(ct.item() / count)  # 0.5 us, as below 1.6
        return out
    if axis is not None and out.ndim != ct.ndim:
        axes = axis if isinstance(axis, tuple) else (axis,)
        ct = ct.reshape([1 if i in axes else n for i, n in enumerate(shape)])
    out[...] = ct if count == 1 else ct / count
    return out


def _sum_pull(xp: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
    return _spread(ct, params["axis"], edge.shape, edge.dtype)


def _mean_pull(xp: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
    count = max(1, math.prod(edge.shape)) / max(1, ct.size)
    return _spread(ct, params["axis"], edge.shape, edge.dtype, count)


def _getitem_pull(xp: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
    out = np.zeros(edge.shape, edge.dtype)
    out[params["index"]] = ct
    return out


def _left_pull(xp: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
    b = args[1]
    return ct.dot(b.T) if ct.ndim == b.ndim == 2 and len(ct) * len(b) < MUCH else np.matmul(ct, b.mT)


def _right_pull(xp: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
    a = args[0]
    a_t = a.mT
    return a_t.dot(ct) if a.ndim == ct.ndim == 2 and len(a_t) * ct.shape[1] < MUCH else np.matmul(a_t, ct)


PULLS: dict[Op, Pulls] = {
    ops.MATMUL: (_left_pull, _right_pull),  # 0.96: two calls of kernels less
    ops.TANH: (_tanh_pull,),  # 0.96 of a small network's gradient
    ops.SUM: (_sum_pull,),
    ops.MEAN: (_mean_pull,),
    ops.GETITEM: (_getitem_pull,),
}
