"""Fourier transforms: torch's own, but for a batch of no rows, which its MKL refuses."""

from __future__ import annotations

import torch
from torch import Tensor

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op


def _fft(x: Tensor, axes: tuple[int, ...], inverse: bool, norm: str) -> Tensor:
    if not x.numel():
        return x.clone()
    return torch.fft.ifftn(x, dim=axes, norm=norm) if inverse else torch.fft.fftn(x, dim=axes, norm=norm)


def _irfft(x: Tensor, axis: int, size: int, norm: str) -> Tensor:
    if not x.numel():
        return _none(x, axis, size, x.dtype.to_real())
    return torch.fft.irfft(x, size, axis, norm)


def _rfft(x: Tensor, axis: int, norm: str) -> Tensor:
    if not x.numel():
        return _none(x, axis, x.shape[axis] // 2 + 1, x.dtype.to_complex())
    return torch.fft.rfft(x, None, axis, norm)


def _none(x: Tensor, axis: int, size: int, dtype: torch.dtype) -> Tensor:
    return x.new_empty((*x.shape[:axis], size, *x.shape[axis + 1 :]), dtype=dtype)


KERNELS: dict[Op, Kernel] = {ops.FFT: _fft, ops.IRFFT: _irfft, ops.RFFT: _rfft}
