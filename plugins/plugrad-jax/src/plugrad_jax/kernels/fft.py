"""Fourier transforms: JAX's own."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

Array = jax.Array


def _fft(x: Array, axes: tuple[int, ...], inverse: bool, norm: str) -> Array:
    return (jnp.fft.ifftn if inverse else jnp.fft.fftn)(x, axes=axes, norm=norm)


def _irfft(x: Array, axis: int, size: int, norm: str) -> Array:
    return jnp.fft.irfft(x, size, axis, norm)


def _rfft(x: Array, axis: int, norm: str) -> Array:
    return jnp.fft.rfft(x, None, axis, norm)


KERNELS: dict[Op, Kernel] = {ops.FFT: _fft, ops.IRFFT: _irfft, ops.RFFT: _rfft}
