"""Decompositions, and what is made of them: NumPy's own; several results as a plain tuple."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ... import ops
from ...ops import Op
from ..linalg import checked, pinv
from ..protocol import Kernel

Array = Any


def _several(function: Callable[..., Any]) -> Kernel:
    return lambda *args, **params: tuple(map(np.asarray, function(*args, **params)))


def _eig(x: Array) -> tuple[Array, ...]:
    """Complex, also where all eigenvalues are real."""
    kind = np.result_type(x.dtype, np.complex64)
    return tuple([part.astype(kind, copy=False) for part in np.linalg.eig(x)])


def _vector_norm(x: Array, axis: Any, ord: float, keepdims: bool) -> Array:
    with np.errstate(divide="ignore"):  # a zero to a negative power
        return np.asarray(np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord))


KERNELS: dict[Op, Kernel] = {
    ops.CHOLESKY: np.linalg.cholesky,
    ops.DET: lambda x: np.asarray(np.linalg.det(x)),
    ops.EIG: _eig,
    ops.EIGH: _several(np.linalg.eigh),
    ops.EIGVALSH: np.linalg.eigvalsh,
    ops.INV: np.linalg.inv,
    ops.PINV: partial(pinv, np),
    ops.QR: _several(np.linalg.qr),
    ops.SLOGDET: _several(np.linalg.slogdet),
    ops.SOLVE: np.linalg.solve,
    ops.SVD: _several(np.linalg.svd),
    ops.SVDVALS: partial(np.linalg.svd, compute_uv=False),
}
KERNELS = {op: checked(op, kernel) for op, kernel in KERNELS.items()} | {ops.VECTOR_NORM: _vector_norm}
