"""Decompositions, by the standard's extension; norms by its main functions."""

from __future__ import annotations

from functools import partial
from typing import Any

from ... import ops
from ...ops import Op
from ..linalg import checked, pinv
from ..protocol import Kernel
from ._arrays import Array, Axis, function

EXTENSION = (
    ops.CHOLESKY,
    ops.DET,
    ops.EIGH,
    ops.EIGVALSH,
    ops.INV,
    ops.QR,
    ops.SLOGDET,
    ops.SOLVE,
    ops.SVD,
    ops.SVDVALS,
)


def _of_extension(op: Op, xp: Any, *args: Array, **params: Any) -> Any:
    """Several results as a plain tuple."""
    out = checked(op, function(xp, f"linalg.{op.name}"))(*args, **params)
    return tuple(out) if isinstance(out, tuple) else out


def _eig(xp: Any, x: Array) -> tuple[Array, ...]:
    """Complex, also where a library gives real eigenvalues as real numbers."""
    kind = xp.result_type(x.dtype, xp.complex64)
    return tuple([xp.astype(part, kind) for part in _of_extension(ops.EIG, xp, x)])


def _pinv(xp: Any, x: Array, rtol: Array) -> Array:
    function(xp, "linalg.svd")
    return checked(ops.PINV, partial(pinv, xp))(x, rtol)


def _vector_norm(xp: Any, x: Array, axis: Axis, ord: float, keepdims: bool) -> Array:
    size = xp.abs(x)
    if ord == 0:
        size = xp.astype(size != 0, size.dtype)
    total = xp.sum(size if ord == 0 else size**ord, axis=axis, keepdims=keepdims, dtype=size.dtype)
    return total if ord == 0 else total ** (1 / ord)


COMPOSITE: dict[Op, Kernel] = {
    **{op: partial(_of_extension, op) for op in EXTENSION},
    ops.EIG: _eig,
    ops.PINV: _pinv,
    ops.VECTOR_NORM: _vector_norm,
}
