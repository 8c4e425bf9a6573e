"""Sorting, searching and cumulative functions, with NumPy's order of NaN: behind all numbers."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

Array = jax.Array


def _argsort(x: Array, axis: int, descending: bool) -> Array:
    return jnp.argsort(x, axis, stable=True, descending=descending)


def _searchsorted(x1: Array, x2: Array, side: str) -> Array:
    search = partial(jnp.searchsorted, side=side)
    for _ in range(x1.ndim - 1):
        search = jax.vmap(search)
    return search(x1, x2).astype(np.int64)  # of a short row JAX gives int32


KERNELS: dict[Op, Kernel] = {
    ops.ARGSORT: _argsort,
    ops.CUMULATIVE_PROD: lambda x, axis: jnp.cumprod(x, axis, x.dtype),
    ops.CUMULATIVE_SUM: lambda x, axis: jnp.cumsum(x, axis, x.dtype),
    ops.SEARCHSORTED: _searchsorted,
}
