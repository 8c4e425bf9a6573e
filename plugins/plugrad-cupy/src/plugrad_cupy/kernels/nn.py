"""Windows: views without a copy, and their adjoint. Convolutions and einsum are composed: products of matrices."""

from __future__ import annotations

from typing import Any

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.backends.standard.nn import offsets, places
from plugrad.ops import Op

from .library import Library

__all__ = ["kernels"]

Array = Any
Shape = tuple[int, ...]


def kernels(lib: Library) -> dict[Op, Kernel]:
    """Those of this chapter."""
    xp = lib.xp
    as_strided = xp.lib.stride_tricks.as_strided

    def windows(x: Array, kernel: Shape, stride: Shape, dilation: Shape) -> Array:
        """A view: each element is seen from several windows."""
        lead, steps = x.ndim - len(kernel), x.strides
        out = places(x.shape[lead:], kernel, stride, dilation)
        over, within = [n * s for n, s in zip(steps[lead:], stride)], [n * d for n, d in zip(steps[lead:], dilation)]
        return as_strided(x, (*x.shape[:lead], *out, *kernel), (*steps[:lead], *over, *within))

    def fold(x: Array, size: Shape, stride: Shape, dilation: Shape) -> Array:
        n = len(size)
        out, kernel = x.shape[x.ndim - 2 * n : x.ndim - n], x.shape[x.ndim - n :]
        total = xp.zeros((*x.shape[: x.ndim - 2 * n], *size), x.dtype)
        for at, seen in offsets(kernel, out, stride, dilation):
            total[(..., *seen)] += x[(..., *at)]
        return total

    return {ops.FOLD: fold, ops.WINDOWS: windows}
