"""Sorting, searching and cumulative functions."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...ops import Op
from ..protocol import Kernel
from ._arrays import Array, function


def _argsort(xp: Any, x: Array, axis: int, descending: bool) -> Array:
    """NumPy's own argsort takes no `descending`; turned round twice, equal elements stay in order."""
    x = _numbers(xp, x)
    if not descending:
        return xp.argsort(x, axis=axis, stable=True)
    return x.shape[axis] - 1 - xp.flip(xp.argsort(xp.flip(x, axis=axis), axis=axis, stable=True), axis=axis)


def _numbers(xp: Any, x: Array) -> Array:
    """The standard orders no truth values."""
    return xp.astype(x, xp.uint8) if x.dtype == xp.bool else x


def _searchsorted(xp: Any, x1: Array, x2: Array, side: str) -> Array:
    search, x1, x2 = function(xp, "searchsorted"), _numbers(xp, x1), _numbers(xp, x2)
    if x1.ndim == 1:
        return search(x1, x2, side=side)
    rows, n, m = math.prod(x1.shape[:-1]), x1.shape[-1], x2.shape[-1]
    x1, flat = xp.reshape(x1, (rows, n)), xp.reshape(x2, (rows, m))
    found = [search(x1[i, :], flat[i, :], side=side) for i in range(rows)]
    every = xp.stack(found) if found else xp.zeros((0, m), dtype=xp.int64, device=x2.device)
    return xp.reshape(every, x2.shape)


def _cumulative_sum(xp: Any, x: Array, axis: int) -> Array:
    return function(xp, "cumulative_sum")(x, axis=axis, dtype=x.dtype)


def _cumulative_prod(xp: Any, x: Array, axis: int) -> Array:
    return function(xp, "cumulative_prod")(x, axis=axis, dtype=x.dtype)


COMPOSITE: dict[Op, Kernel] = {
    ops.ARGSORT: _argsort,
    ops.CUMULATIVE_PROD: _cumulative_prod,
    ops.CUMULATIVE_SUM: _cumulative_sum,
    ops.SEARCHSORTED: _searchsorted,
}
