"""What an index does: a slice of the basic part, and one gather or scatter along one axis for all index arrays.

NumPy's rule: where index arrays (and the integers beside them) stand together, their axes come in their place; where a
slice stands between them, first. Under transforms nothing more is needed, for each step is a primitive with its own
rule and law of axes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from . import dtypes
from .backends import current
from .backends.protocol import Kernels
from .errors import IndexingError, ShapeError, TracingError, TransformError
from .ops import ASTYPE, GATHER, GETITEM, PERMUTE_DIMS, PUT, RESHAPE, SCATTER, WHERE
from .tensor import Tensor, apply, as_tensor, base, cast_into, constants, fresh, spread_to

BASIC = frozenset((int, slice, type(None), type(...)))
_ALL = slice(None)
NOWHERE = 2**62  # an index that no array has


def taken(index: Any, x: Tensor) -> Any:
    """`index` with integers as ints and index arrays as tensors of our own: the caller may write to his later."""
    kind = type(index)
    if kind is int or kind is slice or index is None or index is ...:
        return index
    if kind is tuple:  # a tuple in it is a sequence of places, as in NumPy
        return tuple([taken(list(part) if type(part) is tuple else part, x) for part in index])
    if kind is Tensor:
        return fresh(index) if index.dtype.kind not in "iu" or index.dtype is dtypes.int64 else as_index(index)
    if kind is bool or isinstance(index, np.bool_):
        raise IndexingError("a lone True or False is no index here; use a mask of the array's shape, or where")
    if isinstance(index, np.integer):
        return int(index)
    try:
        if hasattr(index, "__index__") and not hasattr(index, "shape"):
            return operator.index(index)
        if kind is list:
            index = np.asarray(index, dtype=None if index else np.int64)
        array = _beside(x, index) if type(index) is np.ndarray else as_tensor(index)
    except TracingError:
        raise
    except (TypeError, ValueError) as error:
        raise IndexingError(
            f"{kind.__name__} {index!r:.60} is no index; take integers, slices, ..., None, a mask, arrays of integers"
        ) from error
    return taken(array, x)


def as_index(i: Tensor) -> Tensor:
    """Integers as int64: those of fewer bits cannot count the places of a large array."""
    return i if i.dtype is dtypes.int64 else apply(ASTYPE, i, dtype=dtypes.int64)


def _beside(x: Tensor, host: np.ndarray[Any, Any]) -> Tensor:
    """An index array of NumPy, put where `x` is."""
    table = constants(current.table(base(x).by.owner))
    dtype = dtypes.of(host.dtype.name)  # the name: nobody told of NumPy's own where another backend is used alone
    return Tensor(table.backend.asarray(host, dtype, x.device, True), table)


def is_basic(index: Any) -> bool:
    """Whether there are no index arrays."""
    return type(index) in BASIC or (type(index) is tuple and BASIC.issuperset(map(type, index)))


def read(x: Tensor, index: Any) -> Tensor:
    """x[index] for a taken index."""
    if is_basic(index):
        return apply(GETITEM, x, index=index)
    mask = _lone_mask(x, index)
    if mask is not None and not mask.ndim:  # adds an axis, as None does: of one element or of none
        x, index = _lifted(x), _lifted(mask)
    plan = _plan(x, index)
    x = apply(GETITEM, x, index=plan.basic) if plan.slices else x
    rest = tuple(a for a in range(x.ndim) if a not in plan.axes)
    flat, at = _flattened(_permuted(x, plan.axes + rest), plan)
    y = apply(GATHER, flat, at)
    many, before = at.ndim, plan.position
    order = (*range(many, many + before), *range(many), *range(many + before, y.ndim))
    return _permuted(y, order)


Change = Callable[[Tensor, Any], Tensor]
Scatter = Callable[[Tensor, Tensor, Tensor], Tensor]


def written(x: Tensor, value: Any, index: Any) -> Tensor:
    """A copy of `x` in which x[index] is `value`."""
    return updated(x, value, index, None, partial(apply, SCATTER))


def updated(x: Tensor, value: Any, index: Any, change: Change | None, scatter: Scatter) -> Tensor:
    """A copy of `x` in which x[index] is change(x[index], value), or `value` itself.

    Index arrays come down to ``scatter(rows, values, indices)``, which changes the rows at indices along axis 0.
    """
    if is_basic(index):
        if change is not None:
            value = change(read(x, index), _fitted(as_tensor(value, x), region_of(x.shape, index)))
        elif type(value) is Tensor and value.shape[:1] == (1,):
            value = _fitted(value, region_of(x.shape, index))
        return apply(PUT, x, value, index=index)
    dtypes.require_fit(value, x.dtype)
    mask = _lone_mask(x, index)
    if mask is not None:
        value = as_tensor(value, x)
        if value.ndim <= x.ndim - mask.ndim:  # every place gets the same: no need to know where
            _check_fits(value, x.shape[mask.ndim :])
            value = cast_into(SCATTER, x, value)
            here = apply(RESHAPE, mask, shape=mask.shape + (1,) * (x.ndim - mask.ndim))
            if change is not None:  # elsewhere of ones: what an infinite derivative there is multiplied by is NaN
                value = change(apply(WHERE, here, x, 1), apply(WHERE, here, value, 1))
            return apply(WHERE, here, value, x)
        if not mask.ndim:
            return apply(RESHAPE, updated(_lifted(x), value, _lifted(mask), change, scatter), shape=x.shape)
    plan = _plan(x, index)
    part = apply(GETITEM, x, index=plan.basic) if plan.slices else x
    rest = tuple(a for a in range(part.ndim) if a not in plan.axes)
    order = plan.axes + rest
    flat, at = _flattened(_permuted(part, order), plan)
    free = [part.shape[a] for a in rest]
    region = (*free[: plan.position], *at.shape, *free[plan.position :])
    value = spread_to(_fitted(cast_into(SCATTER, x, as_tensor(value, x)), region), region)
    many, before = at.ndim, plan.position
    value = _permuted(value, (*range(before, before + many), *range(before), *range(before + many, value.ndim)))
    new = apply(RESHAPE, scatter(flat, value, at), shape=tuple(part.shape[a] for a in order))
    new = _permuted(new, tuple(order.index(a) for a in range(part.ndim)))
    return apply(PUT, x, new, index=plan.basic) if plan.slices else new


def _lifted(x: Tensor) -> Tensor:
    return apply(RESHAPE, x, shape=(1, *x.shape))


def region_of(shape: tuple[int, ...], index: Any) -> tuple[int, ...]:
    """The shape of what a basic index selects; IndexingError if there is no such place."""
    try:
        return np.empty(shape, np.dtype([]))[index].shape  # of no bytes an element
    except (IndexError, TypeError, ValueError) as error:
        raise IndexingError(f"{error}; the shape is {shape}") from error


def _fitted(value: Tensor, region: tuple[int, ...]) -> Tensor:
    """`value`, without leading axes of length 1 that the region has not; ShapeError if it does not broadcast."""
    extra = max(0, value.ndim - len(region))
    if extra and value.shape[:extra] == (1,) * extra:
        value = apply(RESHAPE, value, shape=value.shape[extra:])
    _check_fits(value, region)
    return value


def _check_fits(value: Tensor, region: tuple[int, ...]) -> None:
    try:
        fits = np.broadcast_shapes(value.shape, region) == region
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"assignment: a value of shape {value.shape} does not fit a place of shape {region}")


class Plan(NamedTuple):
    """An index taken apart."""

    basic: tuple[Any, ...]  # slices, integers and new axes; all of an axis where an array stands
    slices: bool  # whether `basic` does anything
    arrays: tuple[Tensor, ...]  # integers, broadcast against each other
    axes: tuple[int, ...]  # the axes they index, after `basic`
    position: int  # the axis of the result at which theirs begin


def _plan(x: Tensor, index: Any) -> Plan:
    parts: list[Any] = []
    masks: dict[int, tuple[int, Tensor]] = {}  # by id of an index array that a mask gave: the size it is for, the mask
    for part in index if type(index) is tuple else (index,):
        if type(part) is Tensor and part.dtype.kind == "b":
            parts += (found := _indices_of(part))
            masks |= {id(i): (n, part) for i, n in zip(found, part.shape, strict=True)}
        else:
            parts.append(part)
    consumed = sum(part is not None and part is not ... for part in parts)
    if consumed > x.ndim or sum(part is ... for part in parts) > 1:
        raise IndexingError(
            f"the index takes {consumed} axes of an array of shape {x.shape}, with {sum(p is ... for p in parts)} "
            "ellipses"
        )
    gap = [_ALL] * (x.ndim - consumed)
    k = next((i for i, part in enumerate(parts) if part is ...), len(parts))
    parts = parts[:k] + gap + parts[k + 1 :]
    axis, places, arrays, axes = 0, [], [], []  # axis: of the sliced array
    starts = []
    sizes = iter(x.shape)
    for place, part in enumerate(parts):
        size = None if part is None else next(sizes)
        if id(part) in masks and size != masks[id(part)][0]:
            raise IndexingError(f"a mask of shape {masks[id(part)][1].shape} does not fit an array of shape {x.shape}")
        if type(part) is Tensor:
            if part.dtype.kind not in "iu":
                raise IndexingError(
                    f"an index array must be of integers or a mask, not {part.dtype.name}; cast it with astype"
                )
            arrays.append(part)
            axes.append(axis)
        if type(part) in (Tensor, int):
            places.append(place)
            starts.append(axis)
        axis += type(part) is not int
    together = places[-1] - places[0] < len(places)
    basic = tuple(_ALL if type(part) is Tensor else part for part in parts)
    return Plan(
        basic, any(part != _ALL for part in basic), _broadcast(arrays), tuple(axes), starts[0] if together else 0
    )


def _broadcast(arrays: list[Tensor]) -> tuple[Tensor, ...]:
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        raise ShapeError(
            f"index arrays of the shapes {', '.join(str(a.shape) for a in arrays)} do not broadcast"
        ) from None
    return tuple(spread_to(a, shape) for a in arrays)


def _flattened(x: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
    """`x` with its leading, indexed axes as one, and the one index along it."""
    if len(plan.arrays) == 1:
        return x, plan.arrays[0]
    sizes, rest = x.shape[: len(plan.arrays)], x.shape[len(plan.arrays) :]
    at: Any = 0
    inside: Any = None
    for i, n in zip(plan.arrays, sizes, strict=True):
        if not _checked(i, n):
            there = (i >= -n) & (i < n)
            inside = there if inside is None else inside & there
        at = at * n + apply(WHERE, i < 0, i + n, i)
    if inside is not None:
        at = apply(WHERE, inside, at, NOWHERE)
    return apply(RESHAPE, x, shape=(math.prod(sizes), *rest)), at


def _checked(i: Tensor, n: int) -> bool:
    """A flattened index could fall into a neighbour's row: look first, where the values are known; under vmap, too."""
    low = base(i)
    if low.by.name == "tracing":
        return False
    with current.scopes():
        outside = bool(low.by.backend.namespace.any((low.data < -n) | (low.data >= n)))
    if outside:
        raise IndexingError(f"an index is out of bounds for an axis of size {n}; take {-n} to {n - 1}")
    return True


def _indices_of(mask: Tensor) -> list[Tensor]:
    """A mask as index arrays, one an axis: what it selects must be known."""
    if not mask.ndim:
        raise IndexingError("a mask of no axes is an index only by itself; reshape it, or use where")
    if type(mask.by) is not Kernels:
        raise TransformError(
            "reading by a mask that a transform follows: the shape of the result depends on its values; use "
            "where(mask, x, 0)"
        )
    if mask.by.name == "tracing":
        raise TracingError(
            "reading by a traced mask: the shape of the result depends on its values; use where(mask, x, 0)"
        )
    with current.scopes():
        return [Tensor(i, mask.by) for i in mask.by.backend.namespace.nonzero(mask.data)]


def _lone_mask(x: Tensor, index: Any) -> Tensor | None:
    while type(index) is tuple and len(index) == 1:
        (index,) = index
    if type(index) is not Tensor or index.dtype is not dtypes.bool:
        return None
    if index.shape != x.shape[: index.ndim]:
        raise IndexingError(f"a mask of shape {index.shape} does not fit an array of shape {x.shape}")
    return index


def _permuted(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return x if axes == tuple(range(len(axes))) else apply(PERMUTE_DIMS, x, axes=axes)
