"""Reductions, and what is done along axes."""

from __future__ import annotations

from functools import partial
from typing import Any

from ... import ops
from ...ops import Op
from ..protocol import Kernel
from ._arrays import Array, Axis, Shape, parts, real


def _sum(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return xp.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def _prod(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return xp.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def _count_nonzero(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return xp.sum(xp.astype(xp.astype(x, xp.bool), xp.int64), axis=axis, keepdims=keepdims, dtype=xp.int64)


def _var(xp: Any, x: Array, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    re, im = parts(xp, x)
    of = partial(xp.var, axis=axis, correction=correction, keepdims=keepdims)
    return of(re) if im is None else of(re) + of(im)


def _std(xp: Any, x: Array, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    return xp.sqrt(_var(xp, x, axis, correction, keepdims))


def _logsumexp(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    if 0 in x.shape:  # no largest element; the sum is 0
        return xp.log(_sum(xp, x, axis, keepdims))
    top = xp.max(real(xp, x), axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))  # inf - inf would be NaN
    out = xp.log(_sum(xp, xp.exp(x - top), axis, True)) + top
    return out if keepdims else xp.reshape(out, _reduced(x.shape, axis))


def _reduced(shape: Shape, axis: Axis) -> Shape:
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(n for i, n in enumerate(shape) if i not in axes)


# ----------------------------------------------------------------------------------------------------------- along axes


def _below_top(xp: Any, x: Array, axis: int) -> Array:
    """`x` less its largest element along `axis`, so that exp neither overflows nor loses everything."""
    return x - xp.max(x, axis=axis, keepdims=True) if x.shape[axis] else x


def _softmax(xp: Any, x: Array, axis: int) -> Array:
    e = xp.exp(_below_top(xp, x, axis))
    return e / _sum(xp, e, axis, True)


def _log_softmax(xp: Any, x: Array, axis: int) -> Array:
    z = _below_top(xp, x, axis)
    return z - xp.log(_sum(xp, xp.exp(z), axis, True))


def _normalize(xp: Any, x: Array, axis: tuple[int, ...], eps: float) -> Array:
    centred = x - xp.mean(x, axis=axis, keepdims=True)
    return centred / xp.sqrt(xp.mean(centred * centred, axis=axis, keepdims=True) + eps)


COMPOSITE: dict[Op, Kernel] = {
    ops.COUNT_NONZERO: _count_nonzero,
    ops.LOGSUMEXP: _logsumexp,
    ops.PROD: _prod,
    ops.STD: _std,
    ops.SUM: _sum,
    ops.VAR: _var,
    ops.LOG_SOFTMAX: _log_softmax,
    ops.NORMALIZE: _normalize,
    ops.SOFTMAX: _softmax,
}
