"""Adjoints of reading and writing at an index: each is the other's."""

from __future__ import annotations

from typing import Any

from ..ops import GATHER, GETITEM, PICK, PUT, SCATTER, SCATTER_ADD
from .axes import gather, getitem, put, same, scatters
from .families import linear


def _put_zero(xp: Any, ct: Any, index: Any) -> Any:
    hole = xp.getitem(ct, index=index)
    return xp.put(ct, xp.zeros(hole, tuple(hole.shape)), index=index)


def _scatter_zero(xp: Any, ct: Any, indices: Any) -> Any:
    hole = xp.gather(ct, indices)
    return xp.scatter(ct, xp.zeros(hole, tuple(hole.shape)), indices)


linear(GETITEM, lambda xp, ct, edge, index: xp.put(xp.zeros(ct, tuple(edge.shape)), ct, index=index), batch=getitem)
linear(
    PUT, lambda xp, ct, index: _put_zero(xp, ct, index), lambda xp, ct, index: xp.getitem(ct, index=index), batch=put
)
linear(
    GATHER,
    lambda xp, ct, edge, indices: xp.scatter_add(xp.zeros(ct, tuple(edge.shape)), ct, indices),
    None,
    batch=gather,
)
linear(
    SCATTER,
    lambda xp, ct, indices: _scatter_zero(xp, ct, indices),
    lambda xp, ct, indices: xp.gather(ct, indices),
    None,
    batch=scatters(SCATTER),
)
linear(SCATTER_ADD, lambda ct: ct, lambda xp, ct, indices: xp.gather(ct, indices), None, batch=scatters(SCATTER_ADD))
linear(PICK, lambda ct: ct, batch=same(PICK))  # the walk handles it: it fills its slot of the several
