"""Indexing functions: elements at integer indices along an axis."""

from __future__ import annotations

import math

import numpy as np

from ..dtypes import int64
from ..errors import ShapeError
from ..indexing import as_index
from ..ops import GATHER
from ..tensor import Tensor, apply
from ._arguments import Array, integral, one_axis, tensor
from ._places import place, uploaded
from .manipulation import broadcast_shapes, broadcast_to, moveaxis, permute_dims, reshape
from .searching import where

__all__ = ["take", "take_along_axis"]


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Tensor:
    """The slices at some indices along an axis.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype.
    indices : Tensor of integers, shape (...)
        Which of the n, negative ones from the end.
    axis : int, optional
        The axis of the n; may be left out if it is the only one.

    Returns
    -------
    Tensor
        Dtype of `x`; the axes of `indices` stand in place of the axis.

    Raises
    ------
    ShapeError
        If there is no such axis, or several and none is named.
    DTypeError
        If the indices are no integers.
    IndexError
        If an index is out of bounds, from the backends that look.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.take(pg.asarray([[1, 2], [3, 4]]), pg.asarray([1, 1, 0]), axis=1).tolist()
    [[2, 2, 1], [4, 4, 3]]
    """
    x = tensor(x)
    if axis is None and x.ndim != 1:
        raise ShapeError(f"take: the shape {x.shape} has not one axis; name the axis to take from")
    along = one_axis(0 if axis is None else axis, x.ndim, "take")
    at = as_index(integral(tensor(indices, x), "take", "indices"))
    y = apply(GATHER, moveaxis(x, along, 0), at)
    behind = at.ndim + along
    return permute_dims(y, (*range(at.ndim, behind), *range(at.ndim), *range(behind, y.ndim)))


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Tensor:
    """The elements at some indices along an axis, other indices for each place of the other axes.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype.
    indices : Tensor of integers, shape (..., m, ...)
        Which of the n, negative ones from the end. As many axes as `x`; the others broadcast.
    axis : int
        The axis of the n and the m.

    Returns
    -------
    Tensor, shape (..., m, ...)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis, or the shapes do not fit.
    DTypeError
        If the indices are no integers.
    IndexError
        If an index is out of bounds, from the backends that look.

    Examples
    --------
    >>> import plugrad as pg
    >>> x = pg.asarray([[3, 1], [2, 4]])
    >>> pg.take_along_axis(x, pg.argmax(x, axis=1, keepdims=True), axis=1).tolist()
    [[3], [4]]
    """
    x = tensor(x)
    at = as_index(integral(tensor(indices, x), "take_along_axis", "indices"))
    if at.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis: the shapes {x.shape} and {at.shape} must have as many axes; expand_dims adds one"
        )
    along = one_axis(axis, x.ndim, "take_along_axis")
    x, at = moveaxis(x, along, -1), moveaxis(at, along, -1)
    (*rest, n), (*its, m) = x.shape, at.shape
    rows = broadcast_shapes(tuple(rest), tuple(its))
    flat, at = reshape(broadcast_to(x, (*rows, n)), -1), broadcast_to(at, (*rows, m))
    first = uploaded(np.arange(math.prod(rows)).reshape(*rows, 1) * n, int64, place(None, None, x))
    return moveaxis(apply(GATHER, flat, where(at < 0, at + n, at) + first), -1, along)
