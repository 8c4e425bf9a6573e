"""Assignment that makes a new array, beyond the standard: ``at(x, index).add(values)``."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import SCALARS, int64
from ..errors import DTypeError
from ..indexing import Change, Scatter, taken, updated
from ..ops import GATHER, RESHAPE, SCATTER, SCATTER_ADD
from ..tensor import Tensor, apply, as_tensor
from ._arguments import Array, tensor
from ._places import beneath, place, uploaded
from .elementwise import add, divide, maximum, minimum, multiply, negative, pow, subtract

__all__ = ["at"]

_UNSAID: Any = object()  # None is an index


class At:
    """Places of an array; its methods give copies of the array that differ there. Made by `at`."""

    __slots__ = ("_index", "_x")

    def __init__(self, x: Tensor, index: Any) -> None:
        self._x, self._index = x, index

    def __getitem__(self, index: Any) -> At:
        """The places at `index`, which no index was given for yet."""
        if self._index is not _UNSAID:
            raise IndexError("at(x, index)[another]: there is an index already; write at(x, index) or at(x)[index]")
        return At(self._x, index)

    def __repr__(self) -> str:
        return f"at({self._x!r}{'' if self._index is _UNSAID else f', {self._index!r}'})"

    def set(self, values: Array) -> Tensor:
        """A copy in which the places are `values`; of several for one place the last."""
        return self._updated("set", values, None, partial(apply, SCATTER))

    def add(self, values: Array) -> Tensor:
        """A copy in which `values` are added; several for one place all are."""
        return self._updated("add", values, add, partial(apply, SCATTER_ADD))

    def subtract(self, values: Array) -> Tensor:
        """A copy from which `values` are subtracted, several for one place all of them."""
        return self._updated("subtract", values, subtract, _less)

    def multiply(self, values: Array) -> Tensor:
        """A copy multiplied by `values`, several for one place one after the other."""
        return self._in_turn("multiply", values, multiply)

    def divide(self, values: Array) -> Tensor:
        """A copy divided by `values`, several for one place one after the other."""
        if self._x.dtype.kind not in "fc":
            raise DTypeError(f"at(...).divide: a quotient is no {self._x.dtype.name}; cast the array with astype")
        return self._in_turn("divide", values, divide)

    def power(self, values: Array) -> Tensor:
        """A copy raised to the powers `values`, several for one place one after the other."""
        return self._in_turn("power", values, pow)

    def min(self, values: Array) -> Tensor:
        """A copy in which nothing is above `values`; equal ones share the gradient as in `minimum`."""
        return self._in_turn("min", values, minimum)

    def max(self, values: Array) -> Tensor:
        """A copy in which nothing is below `values`; equal ones share the gradient as in `maximum`."""
        return self._in_turn("max", values, maximum)

    def _in_turn(self, who: str, values: Array, change: Change) -> Tensor:
        return self._updated(who, values, change, partial(_one_after_the_other, f"at(...).{who}", change))

    def _updated(self, who: str, values: Array, change: Change | None, scatter: Scatter) -> Tensor:
        if self._index is _UNSAID:
            raise IndexError(f"at(...).{who}: at which index? Write at(x, index) or at(x)[index]")
        values = values if type(values) in SCALARS else as_tensor(values, self._x)
        _require_kind(who, self._x, values)
        return updated(self._x, values, taken(self._index, self._x), change, scatter)


def _require_kind(who: str, x: Tensor, values: Any) -> None:
    """An assignment would cut off what an array of this kind cannot hold, as NumPy's does."""
    if type(values) in SCALARS:
        to = dtypes.with_scalars(x.dtype, [values])
    else:
        to = dtypes.promote(x.dtype, values.dtype)
    if "biufc".index(to.kind) > "biufc".index(x.dtype.kind) and to.kind + x.dtype.kind not in ("iu", "ui"):
        raise DTypeError(f"at(...).{who}: {to.name} into an array of {x.dtype.name}; cast one of them with astype")
    if x.dtype.kind == "b" and who != "set":
        raise DTypeError(f"at(...).{who}: takes numbers, got an array of bool; cast it with astype")


def _less(rows: Tensor, values: Tensor, at: Tensor) -> Tensor:
    return apply(SCATTER_ADD, rows, negative(values), at)


def _one_after_the_other(who: str, change: Change, rows: Tensor, values: Tensor, at: Tensor) -> Tensor:
    """Each time those of the values that have no earlier one for the same place left."""
    low, many = beneath(at, who), math.prod(at.shape)
    at, values = apply(RESHAPE, at, shape=(many,)), apply(RESHAPE, values, shape=(many, *rows.shape[1:]))
    for turn in _turns(low.by.backend.to_numpy(low.data).reshape(-1), rows.shape[0]):
        these = uploaded(turn, int64, place(None, None, rows))
        here = apply(GATHER, at, these)
        new = change(apply(GATHER, rows, here), apply(GATHER, values, these))
        rows = apply(SCATTER, rows, new, here)
    return rows


def _turns(at: Any, size: int) -> list[Any]:
    """Which of the indices are the first for their place, which the second, and so on."""
    at = np.where(at < 0, at + size, at)
    order = np.argsort(at, stable=True)
    count = np.arange(len(at))
    first = np.maximum.accumulate(np.where(np.diff(at[order], prepend=-1), count, 0))
    turn = np.empty_like(count)
    turn[order] = count - first
    return [np.flatnonzero(turn == k) for k in range(turn.max(initial=-1) + 1)]


def at(x: Array, index: Any = _UNSAID, /) -> At:
    """Places of an array, to be changed in a copy: ``at(x, index).add(values)``, also ``at(x)[index].add(values)``.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype; numbers for all methods but ``set``.
    index : int, slice, None, ..., tuple, mask or Tensor of integers, optional
        What ``x[index]`` takes.

    Returns
    -------
    At
        With the methods ``set``, ``add``, ``subtract``, ``multiply``, ``divide``, ``power``, ``min`` and ``max``, each
        of which takes values that broadcast to ``x[index]`` and gives a Tensor of the shape and dtype of `x`. Where an
        index array names a place several times, all of its values count, one after the other; for ``set`` this means
        the last.

    Raises
    ------
    IndexError
        When a method is called, if there is no such place, or no index was given.
    ShapeError
        If the values do not fit.
    DTypeError
        If their kind is not held by the array's: floats in one of integers.
    TransformError, TracingError
        From ``multiply``, ``divide``, ``power``, ``min`` and ``max``, where the values of an index array are not known:
        samples of a vmap differ in them, or they are traced. From any of them, where the values for the places of a
        mask are not known to be as many.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.at(pg.zeros(3), pg.asarray([0, 2, 2])).add(pg.asarray([1.0, 2.0, 3.0])).tolist()
    [1.0, 0.0, 5.0]
    >>> pg.at(pg.ones(3))[1:].multiply(2.0).tolist()
    [1.0, 2.0, 2.0]
    """
    return At(tensor(x), index)
