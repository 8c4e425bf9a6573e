"""Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from plugrad import ops
from plugrad.ops import Op


def _also_of_none(transform: Callable[..., Any]) -> Callable[..., Any]:
    """torch's MKL refuses a batch of no rows: one is put behind them, and taken off."""

    def call(x: Any, **params: Any) -> Any:
        if len(x):
            return transform(x, **params)
        return transform(torch.cat((x, x.new_zeros(1, *x.shape[1:]))), **params)[:0]

    return call


def _fft(x: Any, axes: tuple[int, ...], inverse: bool, norm: str) -> Any:
    return (torch.fft.ifftn if inverse else torch.fft.fftn)(x, dim=axes, norm=norm)


TORCH: dict[Op, Callable[..., Any]] = {
    ops.FFT: _also_of_none(_fft),
    ops.IRFFT: _also_of_none(lambda x, axis, size, norm: torch.fft.irfft(x, size, axis, norm)),
    ops.RFFT: _also_of_none(lambda x, axis, norm: torch.fft.rfft(x, None, axis, norm)),
}
