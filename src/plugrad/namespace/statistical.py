"""Statistical functions: reductions over one, several or all axes."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..dtypes import INEXACT, DType
from ..errors import ShapeError
from ..ops import ASTYPE, CUMULATIVE_PROD, CUMULATIVE_SUM, MAX, MEAN, MIN, PROD, STD, SUM, VAR, Op
from ..tensor import Tensor, apply
from ._arguments import Array, Axis, all_axes, flag, number, one_axis, ordered, reduced, tensor, widest
from .creation import full
from .manipulation import concat

__all__ = ["cumulative_prod", "cumulative_sum", "max", "mean", "min", "prod", "std", "sum", "var"]


def sum(x: Array, /, axis: Axis = None, *, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The sum over axes.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    dtype : DType, optional
        What to cast to before. If not said, integers are summed as int64, unsigned ones as uint64, booleans as int64.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        0 where there is nothing to sum.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.
    DTypeError
        If `dtype` would drop an imaginary part.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.sum(pg.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [4.0, 6.0]
    """
    return _accumulated(SUM, tensor(x), axis, dtype, keepdims)


def prod(x: Array, /, axis: Axis = None, *, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The product over axes.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    dtype : DType, optional
        What to cast to before. If not said, as in `sum`.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        1 where there is nothing to multiply.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.
    DTypeError
        If `dtype` would drop an imaginary part.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.prod(pg.asarray([[1, 2], [3, 4]])).item()
    24
    """
    return _accumulated(PROD, tensor(x), axis, dtype, keepdims)


def _accumulated(op: Op, x: Tensor, axis: Axis, dtype: DType | None, keepdims: bool) -> Tensor:
    if dtype is not None or x.data.dtype not in INEXACT:
        x = _widened(x, dtype)
    return apply(op, x, axis=reduced(axis, x, op.name), keepdims=flag(keepdims, op.name, "keepdims"))


def _widened(x: Tensor, dtype: DType | None) -> Tensor:
    to = widest(x.dtype) if dtype is None else dtypes.of(dtype)
    dtypes.require_real(x.dtype.kind, to)
    return x if x.dtype is to else apply(ASTYPE, x, dtype=to)


def cumulative_sum(
    x: Array, /, axis: int | None = None, *, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """The sums up to each element along an axis.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype.
    axis : int, optional
        Along which axis; may be left out if it is the only one.
    dtype : DType, optional
        What to cast to before. If not said, as in `sum`.
    include_initial : bool
        Whether to begin with 0, the sum of nothing.

    Returns
    -------
    Tensor, shape (..., n, ...)
        With `include_initial` n + 1.

    Raises
    ------
    ShapeError
        If there is no such axis, or none or several and none is named.
    DTypeError
        If `dtype` would drop an imaginary part.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.cumulative_sum(pg.asarray([1, 2, 3]), include_initial=True).tolist()
    [0, 1, 3, 6]
    """
    return _cumulated(CUMULATIVE_SUM, tensor(x), axis, dtype, 0 if include_initial else None)


def cumulative_prod(
    x: Array, /, axis: int | None = None, *, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """The products up to each element along an axis. Their derivatives are exact at zeros, to any order.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype.
    axis : int, optional
        Along which axis; may be left out if it is the only one.
    dtype : DType, optional
        What to cast to before. If not said, as in `sum`.
    include_initial : bool
        Whether to begin with 1, the product of nothing.

    Returns
    -------
    Tensor, shape (..., n, ...)
        With `include_initial` n + 1.

    Raises
    ------
    ShapeError
        If there is no such axis, or none or several and none is named.
    DTypeError
        If `dtype` would drop an imaginary part.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.cumulative_prod(pg.asarray([2.0, 0.0, 3.0])).tolist()
    [2.0, 0.0, 0.0]
    """
    return _cumulated(CUMULATIVE_PROD, tensor(x), axis, dtype, 1 if include_initial else None)


def _cumulated(op: Op, x: Tensor, axis: int | None, dtype: DType | None, initial: int | None) -> Tensor:
    if axis is None and x.ndim != 1:
        raise ShapeError(f"{op.name}: the shape {x.shape} has not one axis; name the axis to go along")
    x, along = _widened(x, dtype), one_axis(0 if axis is None else axis, x.ndim, op.name)
    y = apply(op, x, axis=along)
    if initial is None:
        return y
    shape = (*x.shape[:along], 1, *x.shape[along + 1 :])
    return concat([full(shape, initial, dtype=x.dtype, backend=x.backend, device=x.device), y], axis=along)


def mean(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The arithmetic mean over axes.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating or complex; others become the default dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        NaN where there is nothing to take the mean of.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.mean(pg.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=-1).tolist()
    [1.5, 3.5]
    """
    x = tensor(x)
    return apply(MEAN, x, axis=reduced(axis, x, "mean"), keepdims=flag(keepdims, "mean", "keepdims"))


def max(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest element over axes. Its gradient goes evenly to all that are as large.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype but complex.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        Dtype of `x`. NaN where one element is.

    Raises
    ------
    ShapeError
        If there is no element to choose, no such axis, or one is named twice.
    DTypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.max(pg.asarray([[1, 2], [4, 3]]), axis=1).tolist()
    [2, 4]
    """
    return _chosen(MAX, tensor(x), axis, keepdims)


def min(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The smallest element over axes. Its gradient goes evenly to all that are as small.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype but complex.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        Dtype of `x`. NaN where one element is.

    Raises
    ------
    ShapeError
        If there is no element to choose, no such axis, or one is named twice.
    DTypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.min(pg.asarray([[1, 2], [4, 3]]), axis=1).tolist()
    [1, 3]
    """
    return _chosen(MIN, tensor(x), axis, keepdims)


def _chosen(op: Op, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    ordered(x, op.name)
    if 0 in x.shape and any(x.shape[a] == 0 for a in all_axes(axis, x.ndim, op.name)):
        raise ShapeError(f"{op.name}: the shape {x.shape} has no element along axis {axis} to choose from")
    return apply(op, x, axis=reduced(axis, x, op.name), keepdims=flag(keepdims, op.name, "keepdims"))


def var(x: Array, /, axis: Axis = None, *, correction: int | float = 0.0, keepdims: bool = False) -> Tensor:
    """The variance over axes: the mean squared distance from the mean.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    correction : int or float
        What to take off the number of elements before dividing by it; 1 for the estimate from a sample.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        NaN where the number of elements is not above the correction.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.var(pg.asarray([1.0, 3.0]), correction=1).item()
    2.0
    """
    return _spread(VAR, tensor(x), axis, correction, keepdims)


def std(x: Array, /, axis: Axis = None, *, correction: int | float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes: the square root of the variance.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    correction : int or float
        What to take off the number of elements before dividing by it; 1 for the estimate from a sample.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        NaN where the number of elements is not above the correction.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.std(pg.asarray([1.0, 3.0])).item()
    1.0
    """
    return _spread(STD, tensor(x), axis, correction, keepdims)


def _spread(op: Op, x: Tensor, axis: Axis, correction: Any, keepdims: bool) -> Tensor:
    over = reduced(axis, x, op.name)
    by, keeps = number(correction, op.name, "correction"), flag(keepdims, op.name, "keepdims")
    return apply(op, x, axis=over, correction=by, keepdims=keeps)
