"""JAX's own function for each primitive, wherever its meaning is that of the standard.

What is not here is composed from `jax.numpy` by plugrad. A kernel gives what NumPy gives where JAX's habits differ: the
comments say where. All run in JAX's 64-bit mode, see `plugrad_jax.backend`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.backends.standard import COMPOSITE, whole_index
from plugrad.dtypes import DTYPES, SCALARS, DType
from plugrad.ops import Op

__all__ = ["EXACT", "KERNELS", "RAW", "composed"]

Array = jax.Array
Axis = int | tuple[int, ...] | None
Shape = tuple[int, ...]

RAW: dict[DType, np.dtype[Any]] = {d: np.dtype(d.name) for d in DTYPES.values()}  # JAX's dtypes are NumPy's
EXACT = jax.lax.Precision.HIGHEST  # else float32 is multiplied with fewer bits on TPUs and new GPUs


def composed(op: Op) -> Kernel:
    """As plugrad composes it, compiled by XLA as one: special functions take some hundred calls otherwise."""
    return jax.jit(partial(COMPOSITE[op], jnp), static_argnames=op.params)


# --------------------------------------------------------------------------------------------------------- elementwise


def _angle(x: Array) -> Array:
    y = jnp.angle(x)
    return y.astype(jnp.real(x).dtype)  # jax 0.10 gives float64 for a float32 of no axes


def _conj(x: Any) -> Any:
    """A number is an operand that a rule had saved."""
    return x.conjugate() if type(x) in SCALARS else jnp.conj(x)


@jax.jit
def _log1p(x: Array) -> Array:
    """A step of Newton's, to expm1(y) = x: XLA's own is off by 120 eps near -0.41."""
    y = jnp.log1p(x)
    if x.dtype.kind == "c":
        return y
    return jnp.where(jnp.isfinite(y), y - (jnp.expm1(y) - x) / (1 + x), y)


def _round(x: Array) -> Array:
    if x.dtype.kind == "b":
        raise TypeError("truth values are not rounded")  # JAX's ValueError speaks of no shapes either
    return jnp.round(x)


def _sinh(x: Array) -> Array:
    """-i sin(ix): XLA's own complex one loses 1/|x| eps near 0."""
    if x.dtype.kind != "c":
        return jnp.sinh(x)
    turned = jnp.sin(jax.lax.complex(-x.imag, x.real))
    return jax.lax.complex(turned.imag, -turned.real)


def _sqrt(x: Array) -> Array:
    """Below the cut, too: XLA's own takes -1 - 0i for -1 + 0i."""
    if x.dtype.kind != "c":
        return jnp.sqrt(x)
    below = jnp.signbit(x.imag)
    y = jnp.sqrt(jnp.where(below, jnp.conj(x), x))
    return jnp.where(below, jnp.conj(y), y)


def _where(condition: Array, a: Any, b: Any) -> Array:
    if type(a) in SCALARS and type(b) in SCALARS:  # of numbers alone JAX's result would be weak
        return jnp.where(condition, a, b).astype(np.result_type(type(a), type(b)))
    return jnp.where(condition, a, b)


# ---------------------------------------------------------------------------------------------------------- reductions


def _in_own_dtype(function: Callable[..., Array]) -> Kernel:
    """The standard's upcast is done above."""
    return lambda x, axis, keepdims: function(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


def _reduction(function: Callable[..., Array]) -> Kernel:
    return lambda x, axis, keepdims: function(x, axis=axis, keepdims=keepdims)


# -------------------------------------------------------------------------------------------------------- manipulation


def _astype(x: Array, dtype: DType) -> Array:
    return (x.real if dtype.kind != "c" else x).astype(RAW[dtype])


# ------------------------------------------------------------------------------------------------------------ indexing
# JAX raises for no index: it reads the nearest element, and drops what is written. So each kernel looks first; of index
# arrays one truth value is waited for.


@jax.jit
def _outside(at: Array, n: int) -> Array:
    return jnp.any((at < -n) | (at >= n))


def _within(indices: Array, n: int) -> Array:
    """Index arrays as int64, all of them places along an axis of size n."""
    at = indices.astype(np.int64)
    if bool(_outside(at, n)):
        raise IndexError(f"an index is out of bounds for an axis of size {n}")
    return at


def _basic(index: Any, shape: Shape) -> tuple[int | slice | None, ...]:
    whole = whole_index(index, shape)
    for i, n in zip([i for i in whole if i is not None], shape):
        if isinstance(i, int) and not -n <= i < n:
            raise IndexError(f"index {i} is out of bounds for an axis of size {n}")
    return whole


def _gather(x: Array, indices: Array) -> Array:
    return x[_within(indices, x.shape[0])]


def _scatter(x: Array, value: Any, indices: Array) -> Array:
    """Of repeated indices any may count."""
    return x.at[_within(indices, x.shape[0])].set(value)


def _scatter_add(x: Array, value: Any, indices: Array) -> Array:
    return x.at[_within(indices, x.shape[0])].add(value)


def _places(x: Array, indices: Array, axis: int) -> tuple[Array, ...]:
    """What an index along one axis stands for along all of them."""
    places = list(jnp.indices(indices.shape, sparse=True))
    places[axis] = _within(indices, x.shape[axis])
    return tuple(places)


def _take_along_axis(x: Array, indices: Array, axis: int) -> Array:
    return x[_places(x, indices, axis)]


def _add_along_axis(x: Array, value: Any, indices: Array, axis: int) -> Array:
    return x.at[_places(x, indices, axis)].add(value)


KERNELS: dict[Op, Kernel] = {
    ops.ABS: jnp.abs,
    ops.ACOS: jnp.acos,
    ops.ACOSH: jnp.acosh,
    ops.ANGLE: _angle,
    ops.ASIN: jnp.asin,
    ops.ASINH: jnp.asinh,
    ops.ATAN: jnp.atan,
    ops.ATANH: jnp.atanh,
    ops.BITWISE_INVERT: jnp.bitwise_invert,
    ops.CEIL: jnp.ceil,
    ops.CONJ: _conj,
    ops.COS: jnp.cos,
    ops.COSH: jnp.cosh,
    ops.EXP: jnp.exp,
    ops.EXPM1: jnp.expm1,
    ops.FLOOR: jnp.floor,
    ops.IMAG: jnp.imag,
    ops.ISFINITE: jnp.isfinite,
    ops.ISINF: jnp.isinf,
    ops.ISNAN: jnp.isnan,
    ops.LOG: jnp.log,
    ops.LOG10: jnp.log10,
    ops.LOG1P: _log1p,
    ops.LOG2: jnp.log2,
    ops.LOGICAL_NOT: jnp.logical_not,
    ops.NEGATIVE: operator.neg,
    ops.POW_SCALAR: lambda x, exponent: x**exponent,
    ops.REAL: jnp.real,
    ops.RECIPROCAL: jnp.reciprocal,
    ops.RELU: lambda x: jnp.maximum(x, 0),
    ops.ROUND: _round,
    ops.SIGMOID: jax.nn.sigmoid,
    ops.SIGN: jnp.sign,
    ops.SIGNBIT: jnp.signbit,
    ops.SIN: jnp.sin,
    ops.SINH: _sinh,
    ops.SQRT: _sqrt,
    ops.SQUARE: jnp.square,
    ops.TAN: jnp.tan,
    ops.TANH: jnp.tanh,
    ops.TRUNC: jnp.trunc,
    ops.ADD: operator.add,
    ops.ATAN2: jnp.atan2,
    ops.BCE_WITH_LOGITS: composed(ops.BCE_WITH_LOGITS),
    ops.BITWISE_AND: operator.and_,
    ops.BITWISE_LEFT_SHIFT: operator.lshift,
    ops.BITWISE_OR: operator.or_,
    ops.BITWISE_RIGHT_SHIFT: operator.rshift,
    ops.BITWISE_XOR: operator.xor,
    ops.CLIP: lambda x, low, high: jnp.minimum(jnp.maximum(x, low), high),
    ops.COPYSIGN: jnp.copysign,
    ops.DIVIDE: operator.truediv,
    ops.EQUAL: operator.eq,
    ops.FLOOR_DIVIDE: jnp.floor_divide,
    ops.GREATER: operator.gt,
    ops.GREATER_EQUAL: operator.ge,
    ops.HYPOT: jnp.hypot,
    ops.LESS: operator.lt,
    ops.LESS_EQUAL: operator.le,
    ops.LOGADDEXP: jnp.logaddexp,
    ops.LOGICAL_AND: jnp.logical_and,
    ops.LOGICAL_OR: jnp.logical_or,
    ops.LOGICAL_XOR: jnp.logical_xor,
    ops.MAXIMUM: jnp.maximum,
    ops.MINIMUM: jnp.minimum,
    ops.MULTIPLY: operator.mul,
    ops.NEXTAFTER: jnp.nextafter,
    ops.NOT_EQUAL: operator.ne,
    ops.POW: jax.jit(jnp.pow),  # else a 0-d integer exponent is read on the host
    ops.REMAINDER: jnp.remainder,
    ops.SUBTRACT: operator.sub,
    ops.WHERE: _where,
    ops.ALL: _reduction(jnp.all),
    ops.ANY: _reduction(jnp.any),
    ops.ARGMAX: _reduction(jnp.argmax),
    ops.ARGMIN: _reduction(jnp.argmin),
    ops.COUNT_NONZERO: _reduction(jnp.count_nonzero),
    ops.LOGSUMEXP: _reduction(jax.nn.logsumexp),
    ops.MAX: _reduction(jnp.max),
    ops.MEAN: _reduction(jnp.mean),
    ops.MIN: _reduction(jnp.min),
    ops.PROD: _in_own_dtype(jnp.prod),
    ops.STD: lambda x, axis, correction, keepdims: jnp.std(x, axis, correction=correction, keepdims=keepdims),
    ops.SUM: _in_own_dtype(jnp.sum),
    ops.VAR: lambda x, axis, correction, keepdims: jnp.var(x, axis, correction=correction, keepdims=keepdims),
    ops.NORMALIZE: composed(ops.NORMALIZE),
    ops.LOG_SOFTMAX: lambda x, axis: jax.nn.log_softmax(x, axis),
    ops.SOFTMAX: lambda x, axis: jax.nn.softmax(x, axis),
    ops.MATMUL: lambda a, b: jnp.matmul(a, b, precision=EXACT),
    ops.MATRIX_TRANSPOSE: jnp.matrix_transpose,
    ops.ASTYPE: _astype,
    ops.BROADCAST_TO: lambda x, shape: jnp.broadcast_to(x, shape),
    ops.CONCAT: lambda *arrays, axis, sizes: jnp.concatenate(arrays, axis),
    ops.FLIP: lambda x, axis: jnp.flip(x, axis),
    ops.PERMUTE_DIMS: lambda x, axes: jnp.permute_dims(x, axes),
    ops.RESHAPE: lambda x, shape: jnp.reshape(x, shape),
    ops.ROLL: lambda x, shift, axis: jnp.roll(x, shift, axis) if axis else x,
    ops.TRIL: lambda x, k: jnp.tril(x, k),
    ops.TRIU: lambda x, k: jnp.triu(x, k),
    ops.UNSTACK: lambda x, axis: tuple(jnp.unstack(x, axis=axis)),
    ops.ADD_ALONG_AXIS: _add_along_axis,
    ops.GATHER: _gather,
    ops.GETITEM: lambda x, index: x[_basic(index, x.shape)],
    ops.PUT: lambda x, value, index: x.at[_basic(index, x.shape)].set(value),
    ops.SCATTER: _scatter,
    ops.SCATTER_ADD: _scatter_add,
    ops.TAKE_ALONG_AXIS: _take_along_axis,
}
