"""Derivatives of reductions, and of the functions along an axis that are built on them."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..ops import *
from .axes import axes_of, moved, part, reduces, selects
from .families import custom, discrete, kept_shape, linear, reduction, symmetric


def _count(x: Any, axis: Any) -> int:
    return math.prod(x.shape[a] for a in axes_of(axis, len(x.shape)))


def _spread(xp: Any, ct: Any, edge: Any, axis: Any, keepdims: bool) -> Any:
    """The cotangent of a sum goes to every term."""
    return xp.broadcast_to(
        ct if keepdims else xp.reshape(ct, shape=kept_shape(edge.shape, axis)), shape=tuple(edge.shape)
    )


def _mean_adjoint(xp: Any, ct: Any, edge: Any, axis: Any, keepdims: bool) -> Any:
    return _spread(xp, ct * (1 / max(1, _count(edge, axis))), edge, axis, keepdims)


def _shared(xp: Any, ct: Any, x: Any, y: Any, axis: Any) -> Any:
    """Evenly over ties; with a NaN none equals the result, and 0 / 0 spreads it."""
    return xp.where(at := x == y, ct, 0) / xp.sum(xp.astype(at, dtype=dtypes.of(ct.dtype)), axis=axis, keepdims=True)


def _others(xp: Any, x: Any, axis: Any) -> Any:
    """The product of all other elements, exact at zeros and to any order: down a tree of pairs and up again.

    In the manner of Blelloch's exclusive scan (Prefix sums and their applications, CMU-CS-90-190, 1990), n terms in
    O(n): a node's outside product is its parent's times its sibling.
    """
    ndim, axes = len(x.shape), axes_of(axis, len(x.shape))
    order = tuple(a for a in range(ndim) if a not in axes) + axes
    there = xp.permute_dims(x, axes=order)
    rows, n = tuple(there.shape[: ndim - len(axes)]), _count(x, axis)
    outside = _outside(xp, xp.reshape(there, shape=(math.prod(rows), n)))
    back = tuple(order.index(a) for a in range(ndim))
    return xp.permute_dims(xp.reshape(outside, shape=tuple(there.shape)), axes=back)


def _outside(xp: Any, x: Any) -> Any:
    rows, n = x.shape
    if n <= 1:
        return xp.zeros(x, (rows, n)) + 1
    pairs = (n + 1) // 2
    if n % 2:
        x = xp.concat(x, xp.zeros(x, (rows, 1)) + 1, axis=1, sizes=(n, 1))
    x = xp.reshape(x, shape=(rows, pairs, 2))
    left, right = (xp.getitem(x, index=(slice(None), slice(None), k)) for k in (0, 1))
    above = xp.broadcast_to(xp.reshape(_outside(xp, left * right), shape=(rows, pairs, 1)), shape=(rows, pairs, 2))
    both = xp.reshape(above * xp.flip(x, axis=(2,)), shape=(rows, 2 * pairs))
    return xp.getitem(both, index=(slice(None), slice(0, n)))


def _deviation(xp: Any, x: Any, axis: Any) -> Any:
    return x - xp.mean(x, axis=axis, keepdims=True)


def _per_freedom(x: Any, axis: Any, correction: float) -> float:
    return 1 / free if (free := _count(x, axis) - correction) > 0 else math.nan


def _std_weight(xp: Any, x: Any, y: Any, axis: Any, correction: float) -> Any:
    """Zero for a constant, where the deviation is zero: only its division by zero must be avoided."""
    return _deviation(xp, x, axis) * _per_freedom(x, axis, correction) / xp.where(y == 0, 1, y)


def _backwards(xp: Any, ct: Any, axis: int) -> Any:
    """The sums from each element to the last."""
    return xp.flip(xp.cumulative_sum(xp.flip(ct, axis=(axis,)), axis=axis), axis=(axis,))


def _running(xp: Any, a: Any, b: Any, axis: int) -> Any:
    """r[k] = a[k] r[k - 1] + b[k] along an axis, r[0] = b[0]: exact at zeros and to any order, n terms in O(n).

    A scan of pairs, in the manner of Blelloch (Prefix sums and their applications, section 1.4): the second terms of
    pairs have such a recurrence of their own, half as long, and the first ones follow from them.
    """
    n = b.shape[axis]
    if n < 2:
        return b
    (a0, b0), (a1, b1) = ([xp.getitem(x, index=part(axis, k, None, 2)) for x in (a, b)] for k in (0, 1))
    pairs, more = n // 2, (n - 1) // 2

    def some(x: Any, start: int, stop: int) -> Any:
        return xp.getitem(x, index=part(axis, start, stop))

    second = _running(xp, a1 * some(a0, 0, pairs), a1 * some(b0, 0, pairs) + b1, axis)
    later = some(a0, 1, more + 1) * some(second, 0, more) + some(b0, 1, more + 1)
    first = xp.concat(some(b0, 0, 1), later, axis=axis, sizes=(1, more))
    before, after = tuple(b.shape[:axis]), tuple(b.shape[axis + 1 :])
    apart = [xp.reshape(some(x, 0, pairs), shape=(*before, pairs, 1, *after)) for x in (first, second)]
    both = xp.reshape(xp.concat(*apart, axis=axis + 1, sizes=(1, 1)), shape=(*before, 2 * pairs, *after))
    return xp.concat(both, some(first, pairs, n - pairs), axis=axis, sizes=(2 * pairs, n % 2)) if n % 2 else both


def _before(xp: Any, y: Any, axis: int) -> Any:
    """The product of all before each element, from the products up to each."""
    n, one = y.shape[axis], xp.zeros(y, (*y.shape[:axis], 1, *y.shape[axis + 1 :])) + 1
    return xp.getitem(xp.concat(one, y, axis=axis, sizes=(1, n)), index=part(axis, 0, n))


def _cumulative_prod_vjp(xp: Any, ct: Any, x: Any, y: Any, axis: int) -> Any:
    """What follows on each element, s[k] = ct[k] + x[k + 1] s[k + 1], times what stands before it."""
    ahead = xp.roll(xp.flip(xp.conj(x), axis=(axis,)), shift=(1,), axis=(axis,))
    follows = xp.flip(_running(xp, ahead, xp.flip(ct, axis=(axis,)), axis), axis=(axis,))
    return follows * xp.conj(_before(xp, y, axis))


linear(SUM, lambda xp, ct, edge, axis, keepdims: _spread(xp, ct, edge, axis, keepdims), batch=reduces(SUM))
linear(MEAN, lambda xp, ct, edge, axis, keepdims: _mean_adjoint(xp, ct, edge, axis, keepdims), batch=reduces(MEAN))
reduction(MAX, lambda xp, ct, x, y, axis: _shared(xp, ct, x, y, axis))
reduction(MIN, lambda xp, ct, x, y, axis: _shared(xp, ct, x, y, axis))
reduction(PROD, lambda xp, x, axis: _others(xp, x, axis))
reduction(VAR, lambda xp, x, axis, correction: _deviation(xp, x, axis) * (2 * _per_freedom(x, axis, correction)))
reduction(STD, lambda xp, x, y, axis, correction: _std_weight(xp, x, y, axis, correction))
reduction(LOGSUMEXP, lambda xp, x, y: xp.exp(x - y))
linear(CUMULATIVE_SUM, lambda xp, ct, axis: _backwards(xp, ct, axis), batch=moved(CUMULATIVE_SUM, "axis"))
custom(
    CUMULATIVE_PROD,
    vjp=_cumulative_prod_vjp,
    jvp=lambda xp, ct, x, y, axis: _running(xp, x, ct * _before(xp, y, axis), axis),  # (x y)' = x y' + x' y
    batch=moved(CUMULATIVE_PROD, "axis"),
)

for _op in (ALL, ANY, COUNT_NONZERO):
    discrete(_op, reduces(_op))
for _op in (ARGMAX, ARGMIN):
    discrete(_op, selects(_op))


def _along(xp: Any, x: Any, axis: Any) -> Any:
    return xp.sum(x, axis=axis, keepdims=True)


# y_i (t_i - sum_j y_j t_j)
symmetric(SOFTMAX, lambda xp, ct, y, axis: (ct - _along(xp, ct * y, axis)) * y, batch=moved(SOFTMAX, "axis"))
custom(
    LOG_SOFTMAX,
    vjp=lambda xp, ct, y, axis: ct - xp.exp(y) * _along(xp, ct, axis),
    jvp=lambda xp, ct, y, axis: ct - _along(xp, xp.exp(y) * ct, axis),
    batch=moved(LOG_SOFTMAX, "axis"),
)


def _normalize_jacobian(xp: Any, ct: Any, x: Any, y: Any, axis: Any, eps: float) -> Any:
    """(t - mean t - y mean(y t)) / s: the projection off the constants and off y (Ba et al., arXiv:1607.06450)."""
    return (_deviation(xp, ct, axis) - y * xp.mean(ct * y, axis=axis, keepdims=True)) / xp.sqrt(
        xp.var(x, axis=axis, correction=0, keepdims=True) + eps
    )


symmetric(NORMALIZE, _normalize_jacobian, batch=moved(NORMALIZE, "axis"))
