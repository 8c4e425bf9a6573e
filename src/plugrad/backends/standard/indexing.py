"""Manipulation and indexing."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ... import ops
from ...dtypes import SCALARS, DType
from ...ops import Op
from ..protocol import Backend, Kernel
from ._arrays import Array, Shape, real


def _astype(backend: Backend, x: Array, dtype: DType) -> Array:
    xp = backend.namespace
    return xp.astype(x if dtype.kind == "c" else real(xp, x), backend.raw_dtype(dtype))


def _concat(xp: Any, *arrays: Array, axis: int, sizes: Shape = ()) -> Array:
    return xp.concat(arrays, axis=axis)


def _unstack(xp: Any, x: Array, axis: int) -> tuple[Array, ...]:
    return tuple(x[(*(slice(None),) * axis, i, ...)] for i in range(x.shape[axis]))


# ------------------------------------------------------------------------------------------------------------- indexing


def whole_index(index: Any, shape: Shape) -> tuple[int | slice | None, ...]:
    """A basic index as the standard wants it: every axis named, no ellipsis, no slice that reaches out of bounds."""
    index = index if isinstance(index, tuple) else (index,)
    named = sum(i is not None and i is not Ellipsis for i in index)
    at = next((k for k, i in enumerate(index) if i is Ellipsis), len(index))
    full = (*index[:at], *(slice(None),) * (len(shape) - named), *index[at + 1 :])
    sizes = iter(shape)
    return tuple(None if i is None else _within(i, next(sizes, 0)) for i in full)


def _within(i: Any, size: int) -> int | slice:
    if not isinstance(i, slice):
        return operator.index(i)
    r = range(*i.indices(size))
    return slice(r.start, r.stop if r.stop >= 0 else None, r.step) if r else slice(0, 0)


def _region(index: tuple[int | slice | None, ...], shape: Shape) -> Shape:
    """The shape of what a whole basic index names."""
    sizes = iter(shape)
    parts = [(i, 1 if i is None else next(sizes)) for i in index]
    return tuple(len(range(n)[i]) if isinstance(i, slice) else n for i, n in parts if not isinstance(i, int))


def _getitem(xp: Any, x: Array, index: Any) -> Array:
    return x[whole_index(index, x.shape)]


def _spread(xp: Any, value: Any, like: Array, shape: Shape) -> Array:
    """A value to write, in full."""
    if type(value) in SCALARS:
        return xp.full(shape, value, dtype=like.dtype, device=like.device)
    return xp.broadcast_to(value, shape)


def _put(backend: Backend, x: Array, value: Any, index: Any) -> Array:
    xp = backend.namespace
    whole = whole_index(index, x.shape)
    plain = tuple(i for i in whole if i is not None)
    if len(plain) < len(whole):  # a new axis may be read, not written
        value = xp.reshape(_spread(xp, value, x, _region(whole, x.shape)), _region(plain, x.shape))
    out = xp.asarray(x, copy=True)
    try:
        out[plain] = value
    except TypeError:  # the library's arrays cannot be written: the standard lets them
        return _put_by_where(backend, x, value, plain)
    return out


def _put_by_where(backend: Backend, x: Array, value: Any, index: Any) -> Array:
    """The same without a write: the host says which element of the value goes where."""
    xp = backend.namespace
    source = np.full(x.shape, -1)
    region = source[index].shape
    if 0 in region:
        return x
    source[index] = np.arange(source[index].size).reshape(region)
    flat = backend.asarray(np.maximum(source, 0).reshape(-1), None, backend.device_of(x), None)
    here = backend.asarray(source >= 0, None, backend.device_of(x), None)
    rows = xp.take(xp.reshape(_spread(xp, value, x, region), (-1,)), flat, axis=0)
    return xp.where(here, xp.reshape(rows, x.shape), x)


def _positions(xp: Any, indices: Array, size: int) -> Array:
    """Indices in one row and counted from the front; one out of range stays so, for the library to notice."""
    flat = xp.astype(xp.reshape(indices, (-1,)), xp.int64, copy=False)
    flat = xp.where(flat < 0, flat + size, flat)
    return xp.where(flat < 0, xp.full_like(flat, size), flat)


def _gather(xp: Any, x: Array, indices: Array) -> Array:
    rows = xp.take(x, _positions(xp, indices, x.shape[0]), axis=0)
    return xp.reshape(rows, tuple(indices.shape) + tuple(x.shape[1:]))


def _grouped(xp: Any, x: Array, value: Any, indices: Array) -> tuple[Array, Array]:
    """The rows to write, ordered by where they go, and where each goes."""
    size, rest = x.shape[0], tuple(x.shape[1:])
    every = xp.arange(size, dtype=xp.int64, device=x.device)
    at = xp.take(every, _positions(xp, indices, size), axis=0)  # the library's check of the bounds
    order = xp.argsort(at, stable=True)
    rows = xp.reshape(_spread(xp, value, x, tuple(indices.shape) + rest), (at.shape[0], *rest))
    return xp.take(rows, order, axis=0), xp.take(at, order, axis=0)


def _last(xp: Any, x: Array, rows: Array, at: Array) -> tuple[Array, Array]:
    """Whether any of the ordered rows goes to row i of `x`, in as many dimensions as the rows have, and the last."""
    every = xp.arange(x.shape[0], dtype=xp.int64, device=x.device)
    end = xp.searchsorted(at, every, side="right")
    some = end > xp.searchsorted(at, every)
    found = xp.take(rows, xp.where(some, end - 1, xp.zeros_like(end)), axis=0)
    return xp.reshape(some, (*some.shape, *(1,) * (found.ndim - 1))), found


def _scatter(xp: Any, x: Array, value: Any, indices: Array) -> Array:
    """Of repeated indices the last counts."""
    if 0 in indices.shape:
        return xp.asarray(x, copy=True)
    return xp.where(*_last(xp, x, *_grouped(xp, x, value, indices)), x)


def _scatter_add(xp: Any, x: Array, value: Any, indices: Array) -> Array:
    """Of repeated indices all count: log(n) rounds over the n rows, none of which reads a value on the host.

    Never a sum against a mask of zeros, which is NaN at infinity. Each round adds to a row the one 1, 2, 4 ... before
    it if both go to the same place (Hillis and Steele: Data Parallel Algorithms, 1986, within segments), so the last
    row of a place is the sum of all.
    """
    if 0 in indices.shape:
        return xp.asarray(x, copy=True)
    rows, at = _grouped(xp, x, value, indices)
    step = 1
    while step < at.shape[0]:
        same = xp.reshape(at[step:] == at[:-step], (-1, *(1,) * (rows.ndim - 1)))
        later = rows[step:, ...]
        rows = xp.concat([rows[:step, ...], xp.where(same, later + rows[:-step, ...], later)])
        step *= 2
    some, total = _last(xp, x, rows, at)
    return xp.where(some, x + total, x)


def _flat_places(xp: Any, shape: Shape, indices: Array, axis: int) -> Array:
    """Where indices along an axis lie in the flattened array, row by row."""
    every = xp.arange(shape[axis], dtype=xp.int64, device=indices.device)
    at = xp.take(every, _positions(xp, indices, shape[axis]), axis=0)  # the library's check of the bounds
    at = xp.reshape(at, indices.shape) * math.prod(shape[axis + 1 :])
    for other in range(len(shape)):
        if other != axis:
            own = xp.arange(shape[other], dtype=xp.int64, device=indices.device) * math.prod(shape[other + 1 :])
            at = at + xp.reshape(own, (-1,) + (1,) * (len(shape) - other - 1))
    return xp.reshape(at, (-1,))


def _take_along_axis(xp: Any, x: Array, indices: Array, axis: int) -> Array:
    places = _flat_places(xp, x.shape, indices, axis)
    return xp.reshape(xp.take(xp.reshape(x, (-1,)), places, axis=0), indices.shape)


def _add_along_axis(xp: Any, x: Array, value: Any, indices: Array, axis: int) -> Array:
    places, flat = _flat_places(xp, x.shape, indices, axis), xp.reshape(_spread(xp, value, x, indices.shape), (-1,))
    return xp.reshape(_scatter_add(xp, xp.reshape(x, (-1,)), flat, places), x.shape)


COMPOSITE: dict[Op, Kernel] = {
    ops.ADD_ALONG_AXIS: _add_along_axis,
    ops.CONCAT: _concat,
    ops.UNSTACK: _unstack,
    ops.GATHER: _gather,
    ops.GETITEM: _getitem,
    ops.SCATTER: _scatter,
    ops.SCATTER_ADD: _scatter_add,
    ops.TAKE_ALONG_AXIS: _take_along_axis,
}
OF_BACKEND: dict[Op, Kernel] = {  # they ask the backend for more than its namespace
    ops.ASTYPE: _astype,
    ops.PUT: _put,
}
