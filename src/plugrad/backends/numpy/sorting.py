"""Sorting, searching and cumulative functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...ops import Op
from ..protocol import Kernel

Array = Any


def _argsort(x: Array, axis: int, descending: bool) -> Array:
    if not descending:
        return x.argsort(axis, "stable")
    return x.shape[axis] - 1 - np.flip(np.flip(x, axis).argsort(axis, "stable"), axis)  # equal ones stay in order


def _searchsorted(x1: Array, x2: Array, side: Any) -> Array:
    if x1.ndim == 1:
        return x1.searchsorted(x2, side)
    out = np.empty(x2.shape, np.int64)
    for row in np.ndindex(x2.shape[:-1]):
        out[row] = x1[row].searchsorted(x2[row], side)
    return out


KERNELS: dict[Op, Kernel] = {
    ops.ARGSORT: _argsort,
    ops.CUMULATIVE_PROD: lambda x, axis: np.multiply.accumulate(x, axis, x.dtype),
    ops.CUMULATIVE_SUM: lambda x, axis: np.add.accumulate(x, axis, x.dtype),
    ops.SEARCHSORTED: _searchsorted,
}
