"""Elementwise functions, reductions, what is done along axes, and manipulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.backends.standard import COMPOSITE
from plugrad.dtypes import DTYPES, SCALARS, DType
from plugrad.ops import Op

from .fused import FORMULAS
from .library import Library

__all__ = ["OWN", "RAW", "kernels", "lengths"]

Array = Any
Axis = int | tuple[int, ...] | None
Shape = tuple[int, ...]

RAW: dict[DType, np.dtype[Any]] = {d: np.dtype(d.name) for d in DTYPES.values()}  # CuPy's dtypes are NumPy's

OWN: tuple[Op, ...] = (  # CuPy's function of this name means the same, and takes Python numbers
    ops.ABS,
    ops.ACOS,
    ops.ACOSH,
    ops.ASIN,
    ops.ASINH,
    ops.ATAN,
    ops.ATANH,
    ops.BITWISE_INVERT,
    ops.CEIL,
    ops.COS,
    ops.COSH,
    ops.EXP,
    ops.FLOOR,
    ops.ISFINITE,
    ops.ISINF,
    ops.ISNAN,
    ops.LOG,
    ops.LOG10,
    ops.LOG1P,
    ops.LOG2,
    ops.LOGICAL_NOT,
    ops.NEGATIVE,
    ops.RECIPROCAL,
    ops.ROUND,
    ops.SIGN,
    ops.SIGNBIT,
    ops.SIN,
    ops.SINH,
    ops.SQRT,
    ops.SQUARE,
    ops.TAN,
    ops.TANH,
    ops.TRUNC,
    ops.ADD,
    ops.ATAN2,
    ops.BITWISE_AND,
    ops.BITWISE_LEFT_SHIFT,
    ops.BITWISE_OR,
    ops.BITWISE_RIGHT_SHIFT,
    ops.BITWISE_XOR,
    ops.COPYSIGN,
    ops.DIVIDE,
    ops.EQUAL,
    ops.GREATER,
    ops.GREATER_EQUAL,
    ops.HYPOT,
    ops.LESS,
    ops.LESS_EQUAL,
    ops.LOGADDEXP,
    ops.LOGICAL_AND,
    ops.LOGICAL_OR,
    ops.LOGICAL_XOR,
    ops.MAXIMUM,
    ops.MINIMUM,
    ops.MULTIPLY,
    ops.NEXTAFTER,
    ops.NOT_EQUAL,
    ops.POW,
    ops.SUBTRACT,
    ops.MATMUL,
)


def _real_floating(args: tuple[Any, ...]) -> bool:
    return all([a.dtype.kind == "f" for a in args if type(a) not in SCALARS])


def _either(fused: Kernel, other: Kernel) -> Kernel:
    """One launch for real floating operands, another way for the rest."""

    def kernel(*args: Any, **params: Any) -> Array:
        return (fused if _real_floating(args) else other)(*args, **params)

    return kernel


def kernels(lib: Library) -> dict[Op, Kernel]:
    """Those of this chapter."""
    return {
        **{op: getattr(lib.xp, op.name) for op in OWN},
        **_elementwise(lib),
        **_reductions(lib),
        **_along_axes(lib),
        **_manipulation(lib.xp),
    }


# --------------------------------------------------------------------------------------------------------- elementwise


def _elementwise(lib: Library) -> dict[Op, Kernel]:
    xp = lib.xp
    fused = {op: lib.elementwise(FORMULAS[op.name]) for op in (ops.BCE_WITH_LOGITS, ops.BINARY_CROSS_ENTROPY, ops.CLIP)}
    own = {ops.REMAINDER: xp.remainder, ops.FLOOR_DIVIDE: xp.floor_divide}  # of integers

    def sigmoid(x: Array) -> Array:
        return COMPOSITE[ops.SIGMOID](xp, x)

    def where(condition: Array, a: Any, b: Any) -> Array:
        if type(a) in SCALARS and type(b) in SCALARS:  # of which no operand says the dtype
            a, b = xp.asarray(a), xp.asarray(b)
        return xp.where(condition, a, b)

    return {
        **fused,
        **{op: _either(lib.elementwise(FORMULAS[op.name]), other) for op, other in own.items()},
        ops.IMAG: attrgetter("imag"),
        ops.POW_SCALAR: lambda x, exponent: x**exponent,
        ops.REAL: attrgetter("real"),
        ops.RELU: lib.elementwise(FORMULAS["relu"]),
        ops.SIGMOID: _either(lib.elementwise(FORMULAS["sigmoid"]), sigmoid),
        ops.WHERE: where,
    }


# ---------------------------------------------------------------------------------------------------------- reductions


def lengths(x: Array, axis: Axis) -> int:
    """The number of elements that are reduced to one."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod([x.shape[a] for a in axes])


def _reductions(lib: Library) -> dict[Op, Kernel]:
    xp = lib.xp
    squares, exps = (lib.elementwise(FORMULAS[n]) for n in ("square_of_difference", "exp_below_finite"))
    logs = lib.elementwise(FORMULAS["log_onto_finite"])

    def var(x: Array, axis: Axis, correction: float, keepdims: bool) -> Array:
        if x.dtype.kind == "c":
            return var(x.real, axis, correction, keepdims) + var(x.imag, axis, correction, keepdims)
        n = lengths(x, axis)
        centre = xp.sum(x, axis=axis, keepdims=True) / float(n)
        return xp.sum(squares(x, centre), axis=axis, keepdims=keepdims) / float(max(n - correction, 0))

    def logsumexp(x: Array, axis: Axis, keepdims: bool) -> Array:
        if 0 in x.shape or x.dtype.kind == "c":
            return COMPOSITE[ops.LOGSUMEXP](xp, x, axis=axis, keepdims=keepdims)
        top = xp.max(x, axis=axis, keepdims=True)
        total = xp.sum(exps(x, top), axis=axis, keepdims=keepdims)
        return logs(total, top.reshape(total.shape))

    def place(of: Callable[..., Array]) -> Kernel:
        """The first NaN, if there is one: of several CuPy's own gives any."""

        def kernel(x: Array, axis: int | None, keepdims: bool) -> Array:
            found = of(x, axis=axis, keepdims=keepdims)
            if x.dtype.kind == "f":
                nan = xp.isnan(x)
                first = xp.argmax(nan, axis=axis, keepdims=keepdims)
                found = xp.where(xp.any(nan, axis=axis, keepdims=keepdims), first, found)
            return found.astype(np.int64, copy=False)

        return kernel

    return {
        ops.ALL: lambda x, axis, keepdims: xp.all(x, axis=axis, keepdims=keepdims),
        ops.ANY: lambda x, axis, keepdims: xp.any(x, axis=axis, keepdims=keepdims),
        ops.ARGMAX: place(xp.argmax),
        ops.ARGMIN: place(xp.argmin),
        # CuPy's own cannot keep axes
        ops.COUNT_NONZERO: lambda x, axis, keepdims: xp.sum(x != 0, axis, np.int64, keepdims=keepdims),
        ops.LOGSUMEXP: logsumexp,
        ops.MAX: lambda x, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims),
        ops.MEAN: lambda x, axis, keepdims: xp.sum(x, axis=axis, keepdims=keepdims) / float(lengths(x, axis)),
        ops.MIN: lambda x, axis, keepdims: xp.min(x, axis=axis, keepdims=keepdims),
        ops.PROD: lambda x, axis, keepdims: xp.prod(x, axis=axis, dtype=x.dtype, keepdims=keepdims),
        ops.STD: lambda x, axis, correction, keepdims: xp.sqrt(var(x, axis, correction, keepdims)),
        ops.SUM: lambda x, axis, keepdims: xp.sum(x, axis=axis, dtype=x.dtype, keepdims=keepdims),
        ops.VAR: var,
    }


# ---------------------------------------------------------------------------------------------------------- along axes


def _along_axes(lib: Library) -> dict[Op, Kernel]:
    xp = lib.xp
    exps, logs = lib.elementwise(FORMULAS["exp_below"]), lib.elementwise(FORMULAS["log_softmax"])
    squares, standard = (lib.elementwise(FORMULAS[n]) for n in ("square_of_difference", "standardised"))

    def exponentials(x: Array, axis: int) -> tuple[Array, Array, Array]:
        """(the largest elements, exp below them, the sums of these)."""
        top = xp.max(x, axis=axis, keepdims=True)
        y = exps(x, top)
        return top, y, xp.sum(y, axis=axis, keepdims=True)

    def softmax(x: Array, axis: int) -> Array:
        if not x.size or x.dtype.kind == "c":
            return COMPOSITE[ops.SOFTMAX](xp, x, axis=axis)
        _, y, total = exponentials(x, axis)
        return y / total

    def log_softmax(x: Array, axis: int) -> Array:
        if not x.size or x.dtype.kind == "c":
            return COMPOSITE[ops.LOG_SOFTMAX](xp, x, axis=axis)
        top, _, total = exponentials(x, axis)
        return logs(x, top, total)

    def normalize(x: Array, axis: Shape, eps: float) -> Array:
        if x.dtype.kind == "c":
            return COMPOSITE[ops.NORMALIZE](xp, x, axis=axis, eps=eps)
        n = float(lengths(x, axis))
        centre = xp.sum(x, axis=axis, keepdims=True) / n
        return standard(x, centre, xp.sum(squares(x, centre), axis=axis, keepdims=True) / n, eps)

    return {ops.LOG_SOFTMAX: log_softmax, ops.NORMALIZE: normalize, ops.SOFTMAX: softmax}


# -------------------------------------------------------------------------------------------------------- manipulation


def _astype(x: Array, dtype: DType) -> Array:
    return (x.real if dtype.kind != "c" else x).astype(RAW[dtype])


def _manipulation(xp: Any) -> dict[Op, Kernel]:
    return {
        ops.ASTYPE: _astype,
        ops.BROADCAST_TO: lambda x, shape: xp.broadcast_to(x, shape),
        ops.CONCAT: lambda *arrays, axis, sizes: xp.concatenate(arrays, axis),
        ops.FLIP: lambda x, axis: xp.flip(x, axis) if axis else x,
        ops.MATRIX_TRANSPOSE: attrgetter("mT"),
        ops.PERMUTE_DIMS: lambda x, axes: x.transpose(axes),
        ops.RESHAPE: lambda x, shape: x.reshape(shape),
        ops.ROLL: lambda x, shift, axis: xp.roll(x, shift, axis) if axis else x,
        ops.TRIL: lambda x, k: xp.tril(x, k),
        ops.TRIU: lambda x, k: xp.triu(x, k),
        ops.UNSTACK: lambda x, axis: tuple(xp.moveaxis(x, axis, 0)),
    }
