"""Sorting, searching and cumulative functions, with NumPy's order of NaN: behind all numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

from .core import SIGNED


def _argsort(x: Tensor, axis: int, descending: bool) -> Tensor:
    return torch.argsort(x, dim=axis, descending=descending, stable=True)


def _searchsorted(x1: Tensor, x2: Tensor, side: Literal["left", "right"]) -> Tensor:
    x1, x2 = _comparable(x1).contiguous(), _comparable(x2).contiguous()  # torch would warn that it copies
    if not x1.is_floating_point():
        return torch.searchsorted(x1, x2, side=side)
    nan1, nan2 = torch.isnan(x1), torch.isnan(x2)  # torch takes them for less than everything
    numbers = torch.sum(~nan1, -1, keepdim=True)
    found = torch.searchsorted(torch.where(nan1, math.inf, x1), torch.where(nan2, math.inf, x2), side=side)
    found = torch.minimum(found, numbers)
    return torch.where(nan2, numbers if side == "left" else x1.shape[-1], found)


def _comparable(x: Tensor) -> Tensor:
    """In the same order, in a dtype that torch compares."""
    if x.dtype not in SIGNED:
        return x.to(torch.uint8) if x.dtype is torch.bool else x
    signed = SIGNED[x.dtype]
    return x.view(signed) ^ torch.iinfo(signed).min


def _accumulated(function: Callable[..., Tensor]) -> Kernel:
    def kernel(x: Tensor, axis: int) -> Tensor:
        signed = x.view(SIGNED[x.dtype]) if x.dtype in SIGNED else x
        return function(signed, axis, dtype=signed.dtype).view(x.dtype)

    return kernel


KERNELS: dict[Op, Kernel] = {
    ops.ARGSORT: _argsort,
    ops.CUMULATIVE_PROD: _accumulated(torch.cumprod),
    ops.CUMULATIVE_SUM: _accumulated(torch.cumsum),
    ops.SEARCHSORTED: _searchsorted,
}
