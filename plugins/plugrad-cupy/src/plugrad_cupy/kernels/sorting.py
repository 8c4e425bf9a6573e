"""Sorting, searching and cumulative functions. CuPy sorts stably, NaN behind all numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

from .library import Library

__all__ = ["kernels"]

Array = Any


def kernels(lib: Library) -> dict[Op, Kernel]:
    """Those of this chapter."""
    xp = lib.xp

    def argsort(x: Array, axis: int, descending: bool) -> Array:
        if not x.size:
            return xp.empty(x.shape, np.int64)
        if not descending:
            return xp.argsort(x, axis=axis, kind="stable")
        flipped = xp.argsort(xp.flip(x, axis), axis=axis, kind="stable")
        return x.shape[axis] - 1 - xp.flip(flipped, axis)  # equal ones stay in order

    def searchsorted(x1: Array, x2: Array, side: str) -> Array:
        if x1.ndim == 1:
            return xp.searchsorted(x1, x2, side)
        out = xp.empty(x2.shape, np.int64)
        for row in np.ndindex(x2.shape[:-1]):
            out[row] = xp.searchsorted(x1[row], x2[row], side)
        return out

    def cumulative_sum(x: Array, axis: int) -> Array:
        return xp.cumsum(x, axis=axis, dtype=x.dtype) if x.size else x.copy()

    def cumulative_prod(x: Array, axis: int) -> Array:
        return xp.cumprod(x, axis=axis, dtype=x.dtype) if x.size else x.copy()

    return {
        ops.ARGSORT: argsort,
        ops.CUMULATIVE_PROD: cumulative_prod,
        ops.CUMULATIVE_SUM: cumulative_sum,
        ops.SEARCHSORTED: searchsorted,
    }
