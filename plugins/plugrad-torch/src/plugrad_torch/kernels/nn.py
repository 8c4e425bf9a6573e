"""Products along named axes, windows and convolutions: torch's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.backends.standard.nn import offsets, places, within
from plugrad.ops import Geometry, Op

from .core import numbers

Shape = tuple[int, ...]

_backward = torch.ops.aten.convolution_backward.default


def _einsum(a: Tensor, b: Tensor, subscripts: str) -> Tensor:
    return torch.einsum(subscripts, a, b)


def _windows(x: Tensor, kernel: Shape, stride: Shape, dilation: Shape) -> Tensor:
    """A view: each element is seen from several windows."""
    lead, steps = x.ndim - len(kernel), x.stride()
    out = places(x.shape[lead:], kernel, stride, dilation)
    moving = [n * s for n, s in zip(steps[lead:], stride)], [n * d for n, d in zip(steps[lead:], dilation)]
    return x.as_strided((*x.shape[:lead], *out, *kernel), (*steps[:lead], *moving[0], *moving[1]))


def _fold(x: Tensor, size: Shape, stride: Shape, dilation: Shape) -> Tensor:
    n = len(size)
    out, kernel = x.shape[x.ndim - 2 * n : x.ndim - n], x.shape[x.ndim - n :]
    total = x.new_zeros((*x.shape[: x.ndim - 2 * n], *size))
    for at, seen in offsets(kernel, out, stride, dilation):
        total[(..., *seen)] += x[(..., *at)]
    return total


# --------------------------------------------------------------------------------------------------------- convolutions


def _by_parts(f: Kernel) -> Kernel:
    """A bilinear function, also of complex numbers, which torch does not convolve."""

    def kernel(a: Tensor, b: Tensor, **params: Any) -> Tensor:
        if not a.is_complex():
            return f(a, b, **params)
        real = f(a.real, b.real, **params) - f(a.imag, b.imag, **params)
        return torch.complex(real, f(a.real, b.imag, **params) + f(a.imag, b.real, **params))

    return kernel


def _even(x: Tensor, geometry: Geometry) -> tuple[Tensor, Shape]:
    """(x, as many zeros at both ends, which is all that torch pads)."""
    if all([before == behind for before, behind in geometry.padding]):
        return x, tuple([before for before, _ in geometry.padding])
    ends = [n for pair in reversed(geometry.padding) for n in pair]
    return torch.nn.functional.pad(x, ends), (0,) * len(geometry.padding)


def _conv(x: Tensor, w: Tensor, geometry: Geometry) -> Tensor:
    x, padding = _even(x, geometry)
    none = (0,) * len(padding)
    return torch.convolution(x, w, None, geometry.stride, padding, geometry.dilation, False, none, geometry.groups)


def _adjoint(g: Tensor, x: Tensor, w: Tensor, padding: Shape, geometry: Geometry, which: int) -> Tensor:
    stride, _, dilation, groups = geometry
    asked, none = [which == k for k in range(3)], (0,) * len(padding)
    return _backward(g, x, w, None, stride, padding, dilation, False, none, groups, asked)[which]


def _conv_input(g: Tensor, w: Tensor, size: Shape, geometry: Geometry) -> Tensor:
    like = g.new_empty(()).expand((g.shape[0], geometry.groups * w.shape[1], *size))  # its shape is all that counts
    like, padding = _even(like, geometry)
    x = _adjoint(g, like, w, padding, geometry, 0)
    return x if x.shape[2:] == size else x[(..., *within(size, geometry.padding))]


def _conv_weight(x: Tensor, g: Tensor, kernel: Shape, geometry: Geometry) -> Tensor:
    like = g.new_empty(()).expand((g.shape[1], x.shape[1] // geometry.groups, *kernel))
    x, padding = _even(x, geometry)
    return _adjoint(g, x, like, padding, geometry, 1)


# --------------------------------------------------------------------------------------------------------------- losses


def _binary_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    return (target - 1) * torch.log1p(-x).clamp_min(-100) - target * torch.log(x).clamp_min(-100)


KERNELS: dict[Op, Kernel] = {
    ops.BINARY_CROSS_ENTROPY: numbers(_binary_cross_entropy),
    ops.CONV: _by_parts(_conv),
    ops.CONV_INPUT: _by_parts(_conv_input),
    ops.CONV_WEIGHT: _by_parts(_conv_weight),
    ops.EINSUM: _einsum,
    ops.FOLD: _fold,
    ops.WINDOWS: _windows,
}
