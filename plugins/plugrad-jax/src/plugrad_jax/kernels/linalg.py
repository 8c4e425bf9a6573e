"""Decompositions, and what is made of them: JAX's own; several results as a plain tuple.

JAX raises for no matrix, it gives NaN. So what came out is looked at, which waits for one truth value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import linalg as lapack

from plugrad import ops
from plugrad.backends.linalg import checked, pinv
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

Array = jax.Array


@jax.jit
def _not_a_number(x: Array) -> Array:
    return jnp.any(jnp.isnan(x))


@jax.jit
def _not_finite(x: Array) -> Array:
    return ~jnp.all(jnp.isfinite(x))


@jax.jit
def _singular(x: Array) -> Array:
    """Whether a pivot is 0."""
    return jnp.any(jnp.diagonal(lapack.lu(x)[0], axis1=-2, axis2=-1) == 0)


def _raising(function: Callable[..., Any], words: str) -> Kernel:
    """The function, whose first result is NaN where there is none."""

    def kernel(x: Array, **params: Any) -> Any:
        out = function(x, **params)
        if bool(_not_a_number(out[0] if isinstance(out, tuple | list) else out)):
            raise np.linalg.LinAlgError(words)
        return tuple(out) if isinstance(out, tuple | list) else out

    return kernel


def _of_regular(function: Callable[..., Array]) -> Kernel:
    """The function, which divides by 0 where the matrix is singular."""

    def kernel(x: Array, *others: Array) -> Array:
        y = function(x, *others)
        if bool(_not_finite(y)) and bool(_singular(x)):
            raise np.linalg.LinAlgError("a pivot is 0")
        return y

    return kernel


def _solve(a: Array, b: Array) -> Array:
    """Of as many axes, lest a matrix be taken for a stack of vectors."""
    return jnp.linalg.solve(a, b[(None,) * (a.ndim - b.ndim)])


def _vector_norm(x: Array, axis: Any, ord: Any, keepdims: bool) -> Array:
    return jnp.linalg.vector_norm(x, axis=axis, ord=ord, keepdims=keepdims)


KERNELS: dict[Op, Kernel] = {
    ops.CHOLESKY: _raising(lambda x: lapack.cholesky(x, symmetrize_input=False), "a leading minor is not positive"),
    ops.DET: jnp.linalg.det,
    ops.EIG: _raising(jnp.linalg.eig, "no convergence"),
    ops.EIGH: _raising(lambda x: jnp.linalg.eigh(x, symmetrize_input=False), "no convergence"),
    ops.EIGVALSH: _raising(lambda x: jnp.linalg.eigh(x, symmetrize_input=False)[0], "no convergence"),
    ops.INV: _of_regular(jnp.linalg.inv),
    ops.PINV: lambda x, rtol: pinv(jnp, x, rtol),
    ops.QR: lambda x, mode: tuple(jnp.linalg.qr(x, mode)),
    ops.SLOGDET: lambda x: tuple(jnp.linalg.slogdet(x)),
    ops.SOLVE: _of_regular(_solve),
    ops.SVD: _raising(jnp.linalg.svd, "no convergence"),
    ops.SVDVALS: _raising(jnp.linalg.svdvals, "no convergence"),
}
KERNELS = {op: checked(op, kernel) for op, kernel in KERNELS.items()} | {ops.VECTOR_NORM: _vector_norm}
