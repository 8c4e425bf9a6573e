"""Sorting functions."""

from __future__ import annotations

from ..ops import ARGSORT, TAKE_ALONG_AXIS
from ..tensor import Tensor, apply
from ._arguments import Array, flag, one_axis, ordered, tensor

__all__ = ["argsort", "sort"]


def sort(x: Array, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """The elements in order. A gradient goes to the element that was moved, also among equal ones.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype but complex.
    axis : int
        Along which axis.
    descending : bool
        Whether the largest comes first.
    stable : bool
        Makes no difference: equal elements, such as 0 and -0, always stay in their order.

    Returns
    -------
    Tensor, shape (..., n, ...)
        Dtype of `x`. NaN counts as larger than all numbers.

    Raises
    ------
    ShapeError
        If there is no such axis.
    DTypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.sort(pg.asarray([3, 1, 2]), descending=True).tolist()
    [3, 2, 1]
    """
    x, along, falling = _ordered_along(x, axis, descending, "sort")
    return apply(TAKE_ALONG_AXIS, x, apply(ARGSORT, x, axis=along, descending=falling), axis=along)


def argsort(x: Array, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """The places of the elements in order.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype but complex.
    axis : int
        Along which axis.
    descending : bool
        Whether the largest comes first.
    stable : bool
        Makes no difference: the places of equal elements are always ascending.

    Returns
    -------
    Tensor, shape (..., n, ...), dtype int64
        ``take_along_axis(x, argsort(x))`` is sorted; NaN counts as larger than all numbers. Has no gradient.

    Raises
    ------
    ShapeError
        If there is no such axis.
    DTypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.argsort(pg.asarray([3, 1, 2])).tolist()
    [1, 2, 0]
    """
    x, along, falling = _ordered_along(x, axis, descending, "argsort")
    return apply(ARGSORT, x, axis=along, descending=falling)


def _ordered_along(x: Array, axis: int, descending: bool, who: str) -> tuple[Tensor, int, bool]:
    x = ordered(tensor(x), who)
    return x, one_axis(axis, x.ndim, who), flag(descending, who, "descending")
