"""Checks that the chapters share."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

from .. import namespace as xp
from ..backends import current
from ..dtypes import COMPLEX, int64
from ..errors import DTypeError, IndexingError, ShapeError, ValidationError
from ..indexing import NOWHERE
from ..namespace._arguments import Array, integral, ints, tensor
from ..tensor import Tensor, base, tracing


def real(who: str, x: Array, like: Tensor | None = None) -> Tensor:
    """`x`, unless it is complex: these functions order their operand, or are not holomorphic."""
    x = tensor(x, like)
    if x.dtype in COMPLEX:
        raise DTypeError(f"{who}: takes real numbers, got {x.dtype.name}; apply it to real, imag or abs")
    return x


def shaped(what: str, given: Array, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """A parameter of the one shape that fits."""
    out = tensor(given, like)
    if out.shape != shape:
        raise ShapeError(f"{what} has the shape {out.shape}; it must be {shape}")
    return out


def share(who: str, what: str, given: Any) -> float:
    """A parameter from 0 to 1."""
    if not (isinstance(given, Real) and 0 <= float(given) <= 1):
        raise ValidationError(f"{who}: {what} is a share from 0 to 1, not {given!r:.60}")
    return float(given)


def each(who: str, what: str, given: int | Sequence[int], axes: int, least: int) -> tuple[int, ...]:
    """A parameter for each of the last axes; one int is for all of them."""
    out = ints(given, who, what)
    out = out * axes if len(out) == 1 else out
    if len(out) != axes or min(out) < least:
        raise ShapeError(f"{who}: {what} is an int from {least} on, or {axes} of them, not {given!r:.60}")
    return out


def existing(who: str, what: str, indices: Tensor, count: int) -> Tensor:
    """Indices from 0 to `count` - 1 as int64; IndexingError for another one, from the backend where a program runs."""
    at = integral(indices, who, what)
    at = at if at.dtype is int64 else xp.astype(at, int64)
    if tracing() is None:
        _check_range(who, what, at, count)
        return at
    exists = xp.logical_and(xp.greater_equal(at, 0), xp.less(at, count))
    return xp.where(exists, at, NOWHERE)  # nobody knows them yet, and no other row must be read


def _check_range(who: str, what: str, at: Tensor, count: int) -> None:
    """Under vmap, too: the values of all samples lie at level 0."""
    low = base(at)
    backend = low.by.backend
    with current.scopes():
        wrong: Any = (low.data < 0) | (low.data >= count)
        found = bool(backend.namespace.any(wrong))
    if found:
        first = backend.to_numpy(low.data)[backend.to_numpy(wrong)].flat[0]
        raise IndexingError(f"{who}: there is no {what} {first}; of {count} the first is 0 and the last {count - 1}")
