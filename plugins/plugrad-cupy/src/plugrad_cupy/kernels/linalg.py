"""Decompositions, and what is made of them: cuSOLVER's, by CuPy; several results as a plain tuple.

CuPy gives what a failed decomposition left, unless it is told to wait and see: here it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plugrad import ops
from plugrad.backends.linalg import checked, pinv
from plugrad.backends.protocol import Kernel
from plugrad.errors import BackendError
from plugrad.ops import Op

from .library import Library

__all__ = ["NO_EIG", "kernels"]

Array = Any
NO_EIG = "the cuSOLVER of this CUDA has no geev, which 12.6 update 2 brought"


def kernels(lib: Library) -> dict[Op, Kernel]:
    """Those of this chapter."""
    xp, linalg = lib.xp, lib.xp.linalg

    def several(function: Callable[..., Any]) -> Kernel:
        return lambda *args, **params: tuple(function(*args, **params))

    def eig(x: Array) -> tuple[Array, ...]:
        """Complex, also where all eigenvalues are real."""
        kind = xp.result_type(x.dtype, xp.complex64)
        try:
            parts = linalg.eig(x)
        except RuntimeError as error:
            if "geev" not in str(error):
                raise
            raise BackendError(f"eig: {NO_EIG}; update CUDA, or move the matrix with to_backend") from error
        return tuple([part.astype(kind, copy=False) for part in parts])

    def solve(a: Array, b: Array) -> Array:
        """CuPy's own does not broadcast."""
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return linalg.solve(xp.broadcast_to(a, stack + a.shape[-2:]), xp.broadcast_to(b, stack + b.shape[-2:]))

    table: dict[Op, Kernel] = {
        ops.CHOLESKY: linalg.cholesky,
        ops.DET: linalg.det,
        ops.EIG: eig,
        ops.EIGH: several(linalg.eigh),
        ops.EIGVALSH: linalg.eigvalsh,
        ops.INV: linalg.inv,
        ops.PINV: lambda x, rtol: pinv(xp, x, rtol),
        ops.QR: several(linalg.qr),
        ops.SLOGDET: several(linalg.slogdet),
        ops.SOLVE: solve,
        ops.SVD: several(linalg.svd),
        ops.SVDVALS: lambda x: linalg.svd(x, compute_uv=False),
    }
    return {op: checked(op, _carefully(lib, kernel)) for op, kernel in table.items()}


def _carefully(lib: Library, kernel: Kernel) -> Kernel:
    def call(*args: Any, **params: Any) -> Any:
        with lib.careful():
            return kernel(*args, **params)

    return call
