"""Fourier transforms, by the standard's extension."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...ops import Op
from ..protocol import Kernel
from ._arrays import Array, function


def _fft(xp: Any, x: Array, axes: tuple[int, ...], inverse: bool, norm: str) -> Array:
    return function(xp, "fft.ifftn" if inverse else "fft.fftn")(x, axes=axes, norm=norm)


def _irfft(xp: Any, x: Array, axis: int, size: int, norm: str) -> Array:
    return function(xp, "fft.irfft")(x, n=size, axis=axis, norm=norm)


def _rfft(xp: Any, x: Array, axis: int, norm: str) -> Array:
    return function(xp, "fft.rfft")(x, axis=axis, norm=norm)


COMPOSITE: dict[Op, Kernel] = {ops.FFT: _fft, ops.IRFFT: _irfft, ops.RFFT: _rfft}
