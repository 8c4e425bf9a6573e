"""Decompositions, inverses, norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from plugrad import ops
from plugrad.ops import Op


def _hermitian(f: Callable[..., Any]) -> Callable[..., Any]:
    """torch's own derivatives have a part that is not Hermitian: cholesky's gradient, the tangent of eigh's vectors."""
    return lambda x: f((x + x.mH) / 2)


def _solve(a: Any, b: Any) -> Any:
    """Of as many axes: torch would take a matrix for a stack of vectors."""
    return torch.linalg.solve(a, b[(None,) * (a.ndim - b.ndim)])


def _svd(x: Any, full_matrices: bool) -> tuple[Any, Any, Any]:
    """torch gives the vectors beside those of singular values no gradient."""
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    if full_matrices:
        more, _, its = torch.linalg.svd(x.detach())
        n = s.shape[-1]
        u, vh = _completed(u, more[..., n:]), _completed(vh.mH, its[..., n:, :].mH).mH
    return u, s, vh


def _completed(u: Any, more: Any) -> Any:
    """With a basis of what is left, made from a constant one."""
    rest = more - u @ (u.mH @ more)
    return torch.cat((u, rest @ torch.linalg.cholesky(torch.linalg.inv(rest.mH @ rest))), -1)


def _vector_norm(x: Any, axis: Any, ord: float, keepdims: bool) -> Any:
    """To torch no axis is all of them."""
    if axis == () or x.ndim == 0:
        return torch.linalg.vector_norm(x[..., None], ord, -1)
    return torch.linalg.vector_norm(x, ord, axis, keepdims)


TORCH: dict[Op, Callable[..., Any]] = {
    ops.CHOLESKY: _hermitian(torch.linalg.cholesky),
    ops.DET: torch.linalg.det,
    ops.EIG: torch.linalg.eig,
    ops.EIGH: _hermitian(torch.linalg.eigh),
    ops.EIGVALSH: torch.linalg.eigvalsh,
    ops.INV: torch.linalg.inv,
    ops.PINV: lambda x, rtol: torch.linalg.pinv(x, rtol=rtol.detach()[..., 0, 0]),
    ops.QR: torch.linalg.qr,
    ops.SLOGDET: torch.linalg.slogdet,
    ops.SOLVE: _solve,
    ops.SVD: _svd,
    ops.SVDVALS: torch.linalg.svdvals,
    ops.VECTOR_NORM: _vector_norm,
}
