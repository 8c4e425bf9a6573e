"""Searching functions."""

from __future__ import annotations

import math

from ..errors import DTypeError, ShapeError
from ..ops import ARGMAX, ARGMIN, COUNT_NONZERO, WHERE, Op
from ..tensor import Tensor, apply
from ._arguments import Array, Axis, one_axis, ordered, reduced, tensor
from ._places import beneath

__all__ = ["argmax", "argmin", "count_nonzero", "nonzero", "where"]


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
    return apply(op, x, axis=along, keepdims=keepdims)


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
    return apply(COUNT_NONZERO, x, axis=reduced(axis, x, "count_nonzero"), keepdims=keepdims)


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
    low = beneath(x, "nonzero")
    return tuple([Tensor(raw, low.by) for raw in low.by.backend.namespace.nonzero(low.data)])
