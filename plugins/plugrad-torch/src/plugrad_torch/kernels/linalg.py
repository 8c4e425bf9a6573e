"""Decompositions, and what is made of them: torch's own; several results as a plain tuple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from plugrad import ops
from plugrad.backends.linalg import checked, pinv
from plugrad.backends.protocol import Kernel
from plugrad.ops import Op


def _several(function: Callable[..., Any]) -> Kernel:
    """Without torch's lazy conjugates, which cannot be exported."""
    return lambda *args, **params: tuple([part.resolve_conj() for part in function(*args, **params)])


def _solve(a: Tensor, b: Tensor) -> Tensor:
    """Of as many axes, lest torch take a matrix for a stack of vectors."""
    return torch.linalg.solve(a, b[(None,) * (a.ndim - b.ndim)])


def _vector_norm(x: Tensor, axis: Any, ord: float, keepdims: bool) -> Tensor:
    if ord == 0:  # along an axis of one torch warns of the imaginary parts that it has looked at
        return _vector_norm((x != 0).to(x.real.dtype), axis, 1, keepdims)
    if axis == ():  # to torch all of them
        return torch.linalg.vector_norm(x.unsqueeze(-1), ord, -1, False)
    return torch.linalg.vector_norm(x, ord, axis, keepdims)


KERNELS: dict[Op, Kernel] = {
    ops.CHOLESKY: torch.linalg.cholesky,
    ops.DET: torch.linalg.det,
    ops.EIG: _several(torch.linalg.eig),
    ops.EIGH: _several(torch.linalg.eigh),
    ops.EIGVALSH: torch.linalg.eigvalsh,
    ops.INV: torch.linalg.inv,
    ops.PINV: lambda x, rtol: pinv(torch, x, rtol).resolve_conj(),
    ops.QR: _several(torch.linalg.qr),
    ops.SLOGDET: _several(torch.linalg.slogdet),
    ops.SOLVE: _solve,
    ops.SVD: _several(torch.linalg.svd),
    ops.SVDVALS: torch.linalg.svdvals,
}
KERNELS = {op: checked(op, kernel) for op, kernel in KERNELS.items()} | {ops.VECTOR_NORM: _vector_norm}
