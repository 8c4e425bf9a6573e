"""Indexing functions: elements at integer indices along an axis."""

from __future__ import annotations

from ..errors import ShapeError
from ..indexing import as_index
from ..ops import GATHER, TAKE_ALONG_AXIS
from ..tensor import Tensor, apply, spread_to
from ._arguments import Array, integral, one_axis, tensor
from .manipulation import broadcast_shapes, moveaxis, permute_dims

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
    IndexingError
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
    if along == 0:
        return apply(GATHER, x, at)
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
    IndexingError
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
    shapes = ([1 if a == along else n for a, n in enumerate(y.shape)] for y in (x, at))
    rows = broadcast_shapes(*map(tuple, shapes))
    x, at = (spread_to(y, (*rows[:along], y.shape[along], *rows[along + 1 :])) for y in (x, at))
    return apply(TAKE_ALONG_AXIS, x, at, axis=along)
