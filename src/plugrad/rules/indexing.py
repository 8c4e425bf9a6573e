"""Adjoints of reading and writing at an index: each is the other's."""

from __future__ import annotations

from typing import Any

from ..ops import ADD_ALONG_AXIS, GATHER, GETITEM, PICK, PUT, SCATTER, SCATTER_ADD, TAKE_ALONG_AXIS
from .axes import along, gather, getitem, put, same, scatters
from .families import linear


def _nothing(xp: Any, x: Any) -> Any:
    return xp.zeros(x, tuple(x.shape))


linear(GETITEM, lambda xp, ct, edge, index: xp.put(xp.zeros(ct, tuple(edge.shape)), ct, index=index), batch=getitem)
linear(
    PUT,
    lambda xp, ct, index: xp.put(ct, _nothing(xp, xp.getitem(ct, index=index)), index=index),
    lambda xp, ct, index: xp.getitem(ct, index=index),
    batch=put,
)
linear(
    GATHER,
    lambda xp, ct, edge, indices: xp.scatter_add(xp.zeros(ct, tuple(edge.shape)), ct, indices),
    None,
    batch=gather,
)
linear(
    SCATTER,
    lambda xp, ct, indices: xp.scatter(ct, _nothing(xp, xp.gather(ct, indices)), indices),
    lambda xp, ct, indices: xp.gather(ct, indices),
    None,
    batch=scatters(SCATTER),
)
linear(SCATTER_ADD, lambda ct: ct, lambda xp, ct, indices: xp.gather(ct, indices), None, batch=scatters(SCATTER_ADD))
linear(
    TAKE_ALONG_AXIS,
    lambda xp, ct, edge, indices, axis: xp.add_along_axis(xp.zeros(ct, tuple(edge.shape)), ct, indices, axis=axis),
    None,
    batch=along(TAKE_ALONG_AXIS),
)
linear(
    ADD_ALONG_AXIS,
    lambda ct: ct,
    lambda xp, ct, indices, axis: xp.take_along_axis(ct, indices, axis=axis),
    None,
    batch=along(ADD_ALONG_AXIS),
)
linear(PICK, lambda ct: ct, batch=same(PICK))  # the walk handles it: it fills its slot of the several
