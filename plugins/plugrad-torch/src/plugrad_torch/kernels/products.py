"""Products of integers where torch has none, which is on CUDA: multiplied in pairs, and summed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

__all__ = ["PRODUCTS"]


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    return torch.sum(a[..., None] * b[..., None, :, :], -2, dtype=a.dtype)


def _einsum(a: Tensor, b: Tensor, subscripts: str) -> Tensor:
    given, _, kept = subscripts.partition("->")
    names = given.split(",")
    summed = sorted({*given} - {*kept, ","})
    y = torch.mul(*[_along(x, its, [*kept, *summed]) for x, its in zip((a, b), names, strict=True)])
    return torch.sum(y, tuple(range(len(kept), y.ndim)), dtype=a.dtype) if summed else y


def _along(x: Tensor, its: str, axes: list[str]) -> Tensor:
    """`x` with an axis for each name, of length 1 where it has none."""
    ordered = x.permute([its.index(name) for name in axes if name in its])
    return ordered[tuple(slice(None) if name in its else None for name in axes)]


PRODUCTS: Mapping[Op, Kernel] = MappingProxyType({ops.MATMUL: _matmul, ops.EINSUM: _einsum})
"""They hold every product at once; what they take is no step of a gradient, for integers have none."""
