"""Elementwise functions, reductions, manipulation, indexing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from plugrad import ops
from plugrad.ops import Op

TORCH_DTYPES = {name: getattr(torch, name) for name in ("float32", "float64", "complex64", "complex128")}


def _along(f: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction over axes, for which torch has no word for none of them."""
    return lambda x, axis, keepdims: f(x, _axes(x, axis), keepdim=keepdims) if _axes(x, axis) else f(x[None], 0)


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def _spread(f: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any, correction: float, keepdims: bool) -> Any:
        if _axes(x, axis):
            return f(x, _axes(x, axis), correction=correction, keepdim=keepdims)
        return f(x[None], 0, correction=correction)

    return call


def _prod(x: Any, axis: Any, keepdims: bool) -> Any:
    for a in _axes(x, axis):
        x = torch.prod(x, a, keepdim=True)
    return x if keepdims else x.reshape([n for a, n in enumerate(x.shape) if a not in _axes(x, axis)])


def _normalize(x: Any, axis: tuple[int, ...], eps: float) -> Any:
    centred = x - x.mean(axis, keepdim=True)
    return centred / torch.sqrt((centred * centred).mean(axis, keepdim=True) + eps)


def _astype(x: Any, dtype: Any) -> Any:
    to = TORCH_DTYPES[dtype.name]
    return (x.real if x.is_complex() and not to.is_complex else x).to(to)


def _getitem(x: Any, index: Any) -> Any:
    """torch has no negative steps: a flip first."""
    for axis, part in enumerate(index if isinstance(index, tuple) else (index,)):
        if isinstance(part, slice) and (part.step or 1) < 0:
            places = range(x.shape[axis])[part]
            x = x.index_select(axis, torch.tensor(places))
            index = (*index[:axis], slice(None), *index[axis + 1 :]) if isinstance(index, tuple) else slice(None)
    return x[index]


def _put(x: Any, value: Any, index: Any) -> Any:
    """x[index] = value, through the places of a flat x."""
    places = _getitem(torch.arange(x.numel()).reshape(x.shape), index)
    value = torch.as_tensor(value, dtype=x.dtype).to(x.dtype)
    value = value.real if value.is_complex() and not x.is_complex() else value
    flat = x.reshape(-1).index_put((places.reshape(-1),), value.expand(places.shape).reshape(-1))
    return flat.reshape(x.shape)


_broadcast: Any = torch.broadcast_tensors
_cross_entropy: Any = functional.binary_cross_entropy_with_logits

TORCH: dict[Op, Callable[..., Any]] = {
    # Elementwise, one operand
    ops.ABS: torch.abs,
    ops.ACOS: torch.acos,
    ops.ACOSH: torch.acosh,
    ops.ANGLE: torch.angle,
    ops.ASIN: torch.asin,
    ops.ASINH: torch.asinh,
    ops.ATAN: torch.atan,
    ops.ATANH: torch.atanh,
    ops.CEIL: torch.ceil,
    ops.CONJ: torch.conj,
    ops.COS: torch.cos,
    ops.COSH: torch.cosh,
    ops.ERF: torch.erf,
    ops.EXP: torch.exp,
    ops.EXPM1: torch.expm1,
    ops.FLOOR: torch.floor,
    ops.IMAG: lambda x: torch.imag(x if x.is_complex() else torch.complex(x, torch.zeros_like(x))),
    ops.LOG: torch.log,
    ops.LOG10: torch.log10,
    ops.LOG1P: torch.log1p,
    ops.LOG2: torch.log2,
    ops.NEGATIVE: torch.neg,
    ops.POW_SCALAR: lambda x, exponent: x**exponent,
    ops.REAL: lambda x: torch.real(x) if x.is_complex() else x * 1,
    ops.RECIPROCAL: torch.reciprocal,
    ops.RELU: torch.relu,
    ops.ROUND: torch.round,
    ops.SIGMOID: torch.sigmoid,
    ops.SIGN: torch.sgn,
    ops.SIN: torch.sin,
    ops.SINH: torch.sinh,
    ops.SQRT: torch.sqrt,
    ops.SQUARE: torch.square,
    ops.TAN: torch.tan,
    ops.TANH: torch.tanh,
    ops.TRUNC: torch.trunc,
    # Elementwise, several operands
    ops.ADD: torch.add,
    ops.ATAN2: torch.atan2,
    ops.BCE_WITH_LOGITS: lambda *operands: _cross_entropy(*_broadcast(*operands), reduction="none"),
    ops.CLIP: lambda *operands: torch.clamp(*_broadcast(*operands)),
    ops.COPYSIGN: torch.copysign,
    ops.DIVIDE: torch.divide,
    ops.HYPOT: torch.hypot,
    ops.LOGADDEXP: torch.logaddexp,
    ops.MAXIMUM: torch.maximum,
    ops.MINIMUM: torch.minimum,
    ops.MULTIPLY: torch.multiply,
    ops.NEXTAFTER: torch.nextafter,
    ops.POW: torch.pow,
    ops.REMAINDER: torch.remainder,
    ops.SUBTRACT: torch.subtract,
    ops.WHERE: torch.where,
    # Reductions, and along axes
    ops.LOGSUMEXP: _along(torch.logsumexp),
    ops.MAX: _along(torch.amax),
    ops.MEAN: _along(torch.mean),
    ops.MIN: _along(torch.amin),
    ops.PROD: _prod,
    ops.STD: _spread(torch.std),
    ops.SUM: _along(torch.sum),
    ops.VAR: _spread(torch.var),
    ops.LOG_SOFTMAX: lambda x, axis: torch.log_softmax(x, axis),
    ops.NORMALIZE: _normalize,
    ops.SOFTMAX: lambda x, axis: torch.softmax(x, axis),
    # Linear algebra
    ops.MATMUL: torch.matmul,
    ops.MATRIX_TRANSPOSE: lambda x: x.mT,
    # Manipulation
    ops.ASTYPE: _astype,
    ops.BROADCAST_TO: lambda x, shape: torch.broadcast_to(x, shape),
    ops.CONCAT: lambda *arrays, axis, sizes: torch.concat(arrays, axis),
    ops.FLIP: lambda x, axis: torch.flip(x, axis),
    ops.PERMUTE_DIMS: lambda x, axes: torch.permute(x, axes),
    ops.RESHAPE: lambda x, shape: torch.reshape(x, shape),
    ops.ROLL: lambda x, shift, axis: torch.roll(x, shift, axis),
    ops.TRIL: lambda x, k: torch.tril(x, k),
    ops.TRIU: lambda x, k: torch.triu(x, k),
    ops.UNSTACK: lambda x, axis: torch.unbind(x, axis),
    # Indexing
    ops.GATHER: lambda x, indices: x[indices],
    ops.GETITEM: _getitem,
    ops.PUT: _put,
    ops.SCATTER: lambda x, value, indices: x.index_put((indices,), value.to(x.dtype)),
    ops.SCATTER_ADD: lambda x, value, indices: x.index_put((indices,), value.to(x.dtype), accumulate=True),
}
