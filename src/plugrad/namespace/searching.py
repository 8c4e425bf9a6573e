"""Searching functions."""

from __future__ import annotations

import math
from typing import Literal

from ..backends import current
from ..dtypes import SCALARS
from ..errors import DTypeError, ShapeError, ValidationError
from ..indexing import as_index
from ..ops import ARGMAX, ARGMIN, COUNT_NONZERO, GATHER, NOT_EQUAL, SEARCHSORTED, WHERE, Op
from ..tensor import Tensor, apply
from ._arguments import Array, Axis, flag, integral, one_axis, ordered, reduced, tensor
from ._places import beneath
from .creation import full
from .data_types import astype, result_type
from .manipulation import reshape

__all__ = ["argmax", "argmin", "count_nonzero", "nonzero", "searchsorted", "where"]


def where(condition: Array, x1: Array, x2: Array, /) -> Tensor:
    """Elements of one array or another, as a condition says.

    Parameters
    ----------
    condition : Tensor, dtype bool
        Where to take the first.
    x1, x2 : Tensor or Python scalar
        What to take. Shapes that broadcast.

    Returns
    -------
    Tensor
        In the dtype in which `x1` and `x2` meet.

    Raises
    ------
    DTypeError
        If the condition is not boolean.
    ShapeError
        If the shapes do not broadcast.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> x = pg.asarray([-1.0, 2.0])
    >>> pg.where(x > 0, x, 0).tolist()
    [0.0, 2.0]
    """
    condition = tensor(condition, next((x for x in (x1, x2) if type(x) is Tensor), None))
    if condition.dtype.kind != "b":
        raise DTypeError(f"where: the condition is of {condition.dtype.name}, not bool; compare it, as in c != 0")
    return apply(WHERE, condition, x1, x2)


def argmax(x: Array, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index of the largest element, the first one at ties.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype but complex.
    axis : int, optional
        Along which axis; in the flattened array if not said.
    keepdims : bool
        Whether the axis stays, with size 1.

    Returns
    -------
    Tensor, dtype int64
        Has no gradient.

    Raises
    ------
    ShapeError
        If there is no element to choose, or no such axis.
    DTypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.argmax(pg.asarray([[1, 2], [4, 4]]), axis=1).tolist()
    [1, 0]
    """
    return _found(ARGMAX, tensor(x), axis, keepdims)


def argmin(x: Array, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index of the smallest element, the first one at ties.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype but complex.
    axis : int, optional
        Along which axis; in the flattened array if not said.
    keepdims : bool
        Whether the axis stays, with size 1.

    Returns
    -------
    Tensor, dtype int64
        Has no gradient.

    Raises
    ------
    ShapeError
        If there is no element to choose, or no such axis.
    DTypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.argmin(pg.asarray([[1, 2], [4, 4]]), axis=1).tolist()
    [0, 0]
    """
    return _found(ARGMIN, tensor(x), axis, keepdims)


def _found(op: Op, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    ordered(x, op.name)
    along = None if axis is None else one_axis(axis, x.ndim, op.name)
    if (math.prod(x.shape) if along is None else x.shape[along]) == 0:
        raise ShapeError(f"{op.name}: the shape {x.shape} has no element along axis {axis} to choose from")
    return apply(op, x, axis=along, keepdims=flag(keepdims, op.name, "keepdims"))


def count_nonzero(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """How many elements are not zero.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axis : int or tuple of int, optional
        Over which axes; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor, dtype int64
        Has no gradient.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.count_nonzero(pg.asarray([0, 3, 0])).item()
    1
    """
    x = tensor(x)
    return apply(
        COUNT_NONZERO, x, axis=reduced(axis, x, "count_nonzero"), keepdims=flag(keepdims, "count_nonzero", "keepdims")
    )


def nonzero(x: Array, /) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, in row-major order.

    How many there are depends on the values, so these must be known: not under vmap, not while a program is traced.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype, at least one axis.

    Returns
    -------
    tuple of Tensor, dtype int64
        The indices along each axis; ``x[nonzero(x)]`` are the elements.

    Raises
    ------
    ShapeError
        If `x` is 0-d.
    TransformError, TracingError
        If the values are not known; ``where(x != 0, ...)`` keeps the shape.

    Examples
    --------
    >>> import plugrad as pg
    >>> [i.tolist() for i in pg.nonzero(pg.asarray([0, 3, 4]))]
    [[1, 2]]
    """
    x = tensor(x)
    if x.ndim == 0:
        raise ShapeError("nonzero: a 0-d tensor has no index; compare it with 0")
    low = beneath(x if x.dtype.kind == "b" else apply(NOT_EQUAL, x, 0), "nonzero")
    with current.scopes():
        return tuple([Tensor(raw, low.by) for raw in low.by.backend.namespace.nonzero(low.data)])


def searchsorted(
    x1: Array, x2: Array, /, *, side: Literal["left", "right"] = "left", sorter: Array | None = None
) -> Tensor:
    """Before which elements of a row others have to be put to keep it in order.

    Parameters
    ----------
    x1 : Tensor, shape (n,)
        The row, ascending; any dtype but complex.
    x2 : Tensor, shape (...), or Python scalar
        What is to be put there.
    side : {"left", "right"}
        Before or behind those that are equal.
    sorter : Tensor of integers, shape (n,), optional
        The places of the elements of `x1` in order, where it is not: ``argsort(x1)``.

    Returns
    -------
    Tensor, shape (...), dtype int64
        From 0 to n. NaN counts as larger than all numbers, as in `sort`. Has no gradient.

    Raises
    ------
    ShapeError
        If `x1` is no row, or `sorter` has another shape.
    DTypeError
        For complex numbers, which have no order, or a sorter that is not of integers.
    ValidationError
        For another `side`.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.searchsorted(pg.asarray([1.0, 2.0, 4.0]), pg.asarray([2.0, 5.0])).tolist()
    [1, 3]
    """
    row, values = (ordered(x, "searchsorted") for x in in_one_dtype(x1, x2))
    if side not in ("left", "right"):
        raise ValidationError(f"searchsorted: side is 'left' or 'right', not {side!r}")
    if row.ndim != 1:
        raise ShapeError(f"searchsorted: takes a row to search in, got the shape {row.shape}; search row after row")
    if sorter is not None:
        order = as_index(integral(tensor(sorter, row), "searchsorted", "sorter"))
        if order.shape != row.shape:
            raise ShapeError(f"searchsorted: a sorter of shape {order.shape} for a row of shape {row.shape}")
        row = apply(GATHER, row, order)
    return reshape(apply(SEARCHSORTED, row, reshape(values, -1), side=side), values.shape)


def in_one_dtype(x1: Array, x2: Array) -> tuple[Tensor, Tensor]:
    """Both in the dtype in which they meet; a Python scalar, which is weak, beside the other one."""
    arrays = [x if type(x) in SCALARS else tensor(x) for x in (x1, x2)]
    to, like = result_type(*arrays), next(x for x in arrays if type(x) is Tensor)
    one, two = (
        astype(x, to, copy=False)
        if type(x) is Tensor
        else full((), x, dtype=to, backend=like.backend, device=like.device)
        for x in arrays
    )
    return one, two
