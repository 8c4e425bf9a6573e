"""Products along named axes, windows, convolutions, losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from plugrad import ops
from plugrad.ops import Geometry, Op


def conv(x: Any, w: Any, geometry: Geometry) -> Any:
    stride, padding, dilation, groups = geometry
    conv = (functional.conv1d, functional.conv2d, functional.conv3d)[x.ndim - 3]
    padded = functional.pad(x, [n for pair in reversed(padding) for n in pair])
    return conv(padded, w, None, stride, 0, dilation, groups)


def _conv_input(g: Any, w: Any, size: Any, geometry: Geometry) -> Any:
    x = torch.zeros((g.shape[0], geometry.groups * w.shape[1], *size), dtype=g.dtype, requires_grad=True)
    return torch.autograd.grad(conv(x, w.conj(), geometry), x, g, create_graph=True)[0]


def _conv_weight(x: Any, g: Any, kernel: Any, geometry: Geometry) -> Any:
    w = torch.zeros((g.shape[1], x.shape[1] // geometry.groups, *kernel), dtype=g.dtype, requires_grad=True)
    return torch.autograd.grad(conv(x.conj(), w, geometry), w, g, create_graph=True)[0]


def windows(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    """torch unfolds one axis at a time; a dilated window is a part of a longer one."""
    first = x.ndim - len(kernel)
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True), first):
        x = x.unfold(axis, d * (k - 1) + 1, s)[..., ::d]
    return x


def _fold(x: Any, size: Any, stride: Any, dilation: Any) -> Any:
    n = len(size)
    seen = torch.zeros((*x.shape[: x.ndim - 2 * n], *size), dtype=x.dtype, requires_grad=True)
    y = windows(seen, x.shape[x.ndim - n :], stride, dilation)
    return torch.autograd.grad(y, seen, x, create_graph=True)[0]


def _binary_cross_entropy(x: Any, target: Any) -> Any:
    """torch's own at the ends; between them its second derivative is off by 1e-12."""
    x, target = torch.broadcast_tensors(x, target)  # type: ignore[no-untyped-call]
    end = x * (1 - x) < 1e-6
    inner = torch.where(end, 0.5, x)
    plain = (target - 1) * torch.log1p(-inner) - target * torch.log(inner)
    return torch.where(end, functional.binary_cross_entropy(x, target, reduction="none"), plain)


TORCH: dict[Op, Callable[..., Any]] = {
    ops.BINARY_CROSS_ENTROPY: _binary_cross_entropy,
    ops.CONV: conv,
    ops.CONV_INPUT: _conv_input,
    ops.CONV_WEIGHT: _conv_weight,
    ops.EINSUM: lambda a, b, subscripts: torch.einsum(subscripts, a, b),
    ops.FOLD: _fold,
    ops.WINDOWS: windows,
}
