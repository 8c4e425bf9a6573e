"""Products along named axes, windows and convolutions: XLA's convolution in three roles."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.backends.standard.nn import places
from plugrad.ops import Geometry, Op

from .core import EXACT

Array = jax.Array
Shape = tuple[int, ...]


def _einsum(a: Array, b: Array, subscripts: str) -> Array:
    return jnp.einsum(subscripts, a, b, precision=EXACT)


# -------------------------------------------------------------------------------------------------------------- windows


def _seen(kernel: Shape, out: Shape, stride: Shape, dilation: Shape) -> tuple[Any, ...]:
    """Where each place of each window lies along each axis: arrays that broadcast to (*out, *kernel)."""
    every = np.indices((*out, *kernel), sparse=True)
    n = len(kernel)
    return (..., *[every[i] * s + every[n + i] * d for i, (s, d) in enumerate(zip(stride, dilation))])


def _windows(x: Array, kernel: Shape, stride: Shape, dilation: Shape) -> Array:
    out = places(x.shape[x.ndim - len(kernel) :], kernel, stride, dilation)
    return x[_seen(kernel, out, stride, dilation)]


def _fold(x: Array, size: Shape, stride: Shape, dilation: Shape) -> Array:
    n = len(size)
    lead, out, kernel = x.shape[: x.ndim - 2 * n], x.shape[x.ndim - 2 * n : x.ndim - n], x.shape[x.ndim - n :]
    return jnp.zeros((*lead, *size), x.dtype).at[_seen(kernel, out, stride, dilation)].add(x)


# --------------------------------------------------------------------------------------------------------- convolutions
# A side of n elements, padded, with windows of k places that lie d apart and move by s, gives the places of windows.
# Its adjoints are convolutions, too: what is missing of the padding is found from the size that must come out.


def _by_parts(f: Kernel) -> Kernel:
    """A bilinear function, also of complex numbers, of which JAX makes three products, and loses the smaller part."""

    def kernel(a: Array, b: Array, **params: Any) -> Array:
        if a.dtype.kind != "c":
            return f(a, b, **params)
        real = f(a.real, b.real, **params) - f(a.imag, b.imag, **params)
        return lax.complex(real, f(a.real, b.imag, **params) + f(a.imag, b.real, **params))

    return kernel


def _conv(x: Array, w: Array, geometry: Geometry) -> Array:
    stride, padding, dilation, groups = geometry
    return lax.conv_general_dilated(
        x, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups, precision=EXACT
    )


def _conv_input(g: Array, w: Array, size: Shape, geometry: Geometry) -> Array:
    """The result, its elements `stride` apart, under the turned windows."""
    stride, padding, dilation, groups = geometry
    kernel, out = w.shape[2:], g.shape[2:]
    w = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    w = jnp.flip(w.reshape(-1, w.shape[2], *kernel), range(2, 2 + len(kernel)))
    ends = []
    for n, p, k, s, d, (before, _) in zip(size, out, kernel, stride, dilation, padding):
        first = d * (k - 1) - before
        ends.append((first, n + d * (k - 1) - (s * (p - 1) + 1) - first))
    ones = (1,) * len(kernel)
    return lax.conv_general_dilated(
        g, w, ones, ends, lhs_dilation=stride, rhs_dilation=dilation, feature_group_count=groups, precision=EXACT
    )


def _conv_weight(x: Array, g: Array, kernel: Shape, geometry: Geometry) -> Array:
    """The result as a window of places `stride` apart that moves by `dilation`; samples and channels change roles."""
    stride, padding, dilation, groups = geometry
    ends = []
    for n, p, k, s, d, (before, _) in zip(x.shape[2:], g.shape[2:], kernel, stride, dilation, padding):
        ends.append((before, s * (p - 1) + 1 + d * (k - 1) - n - before))
    x, g = x.swapaxes(0, 1), g.swapaxes(0, 1)
    y = lax.conv_general_dilated(x, g, dilation, ends, rhs_dilation=stride, batch_group_count=groups, precision=EXACT)
    return y.swapaxes(0, 1)


KERNELS: dict[Op, Kernel] = {
    ops.CONV: _by_parts(_conv),
    ops.CONV_INPUT: _by_parts(_conv_input),
    ops.CONV_WEIGHT: _by_parts(_conv_weight),
    ops.EINSUM: _einsum,
    ops.FOLD: _fold,
    ops.WINDOWS: _windows,
}
