"""Adjoints of discrete Fourier transforms.

The matrix of the transform is symmetric, so its adjoint is its conjugate: the other direction with the other norm. Of a
real signal half of the spectrum is kept, for the other half is its conjugate (Oppenheim and Schafer, Discrete-Time
Signal Processing, 3rd edition, table 8.2): each bin stands for two, but for those that are their own conjugates.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..ops import FFT, IRFFT, RFFT
from .axes import moved, part
from .families import linear

_BACK = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _but_ends(xp: Any, half: Any, factor: float, axis: int, size: int) -> Any:
    """Half of a spectrum, times a factor where a bin stands for two: not the first nor, of an even size, the last."""
    bounds = (0, 1, (size + 1) // 2, half.shape[axis])
    sizes = tuple([stop - start for start, stop in pairwise(bounds)])
    first, inner, last = [xp.getitem(half, index=part(axis, *ends)) for ends in pairwise(bounds)]
    return xp.concat(first, inner * factor, last, axis=axis, sizes=sizes)


def _irfft_adjoint(xp: Any, ct: Any, axis: int, size: int, norm: str) -> Any:
    return _but_ends(xp, xp.rfft(ct, axis=axis, norm=_BACK[norm]), 2.0, axis, size)


def _rfft_adjoint(xp: Any, ct: Any, edge: Any, axis: int, norm: str) -> Any:
    size = edge.shape[axis]
    return xp.irfft(_but_ends(xp, ct, 0.5, axis, size), axis=axis, size=size, norm=_BACK[norm])


linear(
    FFT,
    lambda xp, ct, axes, inverse, norm: xp.fft(ct, axes=axes, inverse=not inverse, norm=_BACK[norm]),
    batch=moved(FFT, "axes"),
)
linear(IRFFT, _irfft_adjoint, batch=moved(IRFFT, "axis"))
linear(RFFT, _rfft_adjoint, batch=moved(RFFT, "axis"))
