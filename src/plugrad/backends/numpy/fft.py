"""Fourier transforms. NumPy loads its module `fft` when it is first asked for: so here."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...ops import Op
from ..protocol import Kernel

Array = Any


def _fft(x: Array, axes: tuple[int, ...], inverse: bool, norm: Any) -> Array:
    return (np.fft.ifftn if inverse else np.fft.fftn)(x, axes=axes, norm=norm)


def _irfft(x: Array, axis: int, size: int, norm: Any) -> Array:
    return np.fft.irfft(x, size, axis, norm)


def _rfft(x: Array, axis: int, norm: Any) -> Array:
    return np.fft.rfft(x, None, axis, norm)


KERNELS: dict[Op, Kernel] = {ops.FFT: _fft, ops.IRFFT: _irfft, ops.RFFT: _rfft}
