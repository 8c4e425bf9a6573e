"""Fourier transforms: CuPy's own, but for a batch of no rows, of which cuFFT makes no plan."""

from __future__ import annotations

from typing import Any

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

from .library import Library

__all__ = ["kernels"]

Array = Any


def kernels(lib: Library) -> dict[Op, Kernel]:
    """Those of this chapter."""
    xp = lib.xp

    def fft(x: Array, axes: tuple[int, ...], inverse: bool, norm: str) -> Array:
        if not x.size:
            return x.copy()
        return (xp.fft.ifftn if inverse else xp.fft.fftn)(x, axes=axes, norm=norm)

    def irfft(x: Array, axis: int, size: int, norm: str) -> Array:
        return xp.fft.irfft(x, size, axis, norm) if x.size else none(x, axis, size, x.real.dtype)

    def rfft(x: Array, axis: int, norm: str) -> Array:
        if not x.size:
            return none(x, axis, x.shape[axis] // 2 + 1, xp.result_type(x.dtype, xp.complex64))
        return xp.fft.rfft(x, None, axis, norm)

    def none(x: Array, axis: int, size: int, dtype: Any) -> Array:
        return xp.empty((*x.shape[:axis], size, *x.shape[axis + 1 :]), dtype)

    return {ops.FFT: fft, ops.IRFFT: irfft, ops.RFFT: rfft}
