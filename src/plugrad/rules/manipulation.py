"""Adjoints of what moves elements and changes nothing."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..ops import *
from .axes import along, broadcast, moved, part, permute, reshape, same, unstack
from .families import linear, linear_in_all


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _concat_adjoint(xp: Any, ct: Any, position: int, edge: Any, axis: int, sizes: tuple[int, ...]) -> Any:
    return xp.getitem(ct, index=part(axis, sum(sizes[:position]), sum(sizes[: position + 1])))


def _unstack_adjoint(xp: Any, cts: Any, edge: Any, axis: int) -> Any:
    """An unused result has no cotangent."""
    some, row = next(ct for ct in cts if ct is not None), (*edge.shape[:axis], 1, *edge.shape[axis + 1 :])
    rows = [xp.zeros(some, row) if ct is None else xp.reshape(ct, shape=row) for ct in cts]
    return xp.concat(*rows, axis=axis, sizes=(1,) * len(rows))


linear(ASTYPE, lambda xp, ct, edge: xp.astype(ct, dtype=dtypes.of(edge.dtype)), batch=same(ASTYPE))
linear(BROADCAST_TO, lambda ct: ct, batch=broadcast)  # the walk sums it down, in one place
linear_in_all(CONCAT, _concat_adjoint, batch=along(CONCAT))
linear(FLIP, lambda xp, ct, axis: xp.flip(ct, axis=axis), batch=moved(FLIP, "axis"))
linear(PERMUTE_DIMS, lambda xp, ct, axes: xp.permute_dims(ct, axes=_inverse(axes)), batch=permute)
linear(RESHAPE, lambda xp, ct, edge: xp.reshape(ct, shape=tuple(edge.shape)), batch=reshape)
linear(
    ROLL, lambda xp, ct, shift, axis: xp.roll(ct, shift=tuple(-s for s in shift), axis=axis), batch=moved(ROLL, "axis")
)
linear(TRIL, lambda xp, ct, k: xp.tril(ct, k=k), batch=same(TRIL))
linear(TRIU, lambda xp, ct, k: xp.triu(ct, k=k), batch=same(TRIU))
linear(UNSTACK, lambda xp, ct, edge, axis: _unstack_adjoint(xp, ct, edge, axis), batch=unstack)
linear(
    TO_BACKEND,  # the cotangent goes back to where its value came from
    lambda xp, ct, table, device, source, source_device: xp.to_backend(
        ct, table=source, device=source_device, source=table, source_device=device
    ),
    batch=same(TO_BACKEND),
)
