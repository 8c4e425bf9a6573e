"""Utility functions: quantifiers and differences."""

from __future__ import annotations

from ..errors import ShapeError
from ..ops import ALL, ANY
from ..tensor import Tensor, apply
from ._arguments import Array, Axis, flag, one_axis, reduced, tensor, whole
from .elementwise import not_equal, subtract
from .manipulation import concat

__all__ = ["all", "any", "diff"]


def all(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Whether no element is zero or False.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype; NaN counts as True.
    axis : int or tuple of int, optional
        Over which axes; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor, dtype bool
        True where there is no element.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.all(pg.asarray([[True, False], [True, True]]), axis=1).tolist()
    [False, True]
    """
    x = tensor(x)
    return apply(ALL, x, axis=reduced(axis, x, "all"), keepdims=flag(keepdims, "all", "keepdims"))


def any(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Whether an element is not zero or False.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype; NaN counts as True.
    axis : int or tuple of int, optional
        Over which axes; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor, dtype bool
        False where there is no element.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.any(pg.asarray([[True, False], [False, False]]), axis=1).tolist()
    [True, False]
    """
    x = tensor(x)
    return apply(ANY, x, axis=reduced(axis, x, "any"), keepdims=flag(keepdims, "any", "keepdims"))


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None, append: Array | None = None
) -> Tensor:
    """The differences of neighbours along an axis.

    Parameters
    ----------
    x : Tensor, shape (..., m, ...)
        Numbers; of booleans, whether neighbours differ.
    axis : int
        Along which axis.
    n : int
        How many times.
    prepend, append : Tensor, optional
        What to put before and behind along the axis first.

    Returns
    -------
    Tensor, shape (..., m - n, ...)
        m counts what was put before and behind; at least 0.

    Raises
    ------
    ShapeError
        If there is no such axis, `n` is negative, or what is put before or behind does not fit.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.diff(pg.asarray([1.0, 4.0, 9.0])).tolist()
    [3.0, 5.0]
    """
    x = tensor(x)
    along = one_axis(axis, x.ndim, "diff")
    if whole(n, "diff", "n") < 0:
        raise ShapeError(f"diff: differences are taken n = {n} times; it must not be negative")
    parts = [tensor(part, x) for part in (prepend, x, append) if part is not None]
    out = concat(parts, axis=along) if len(parts) > 1 else x
    step, before = not_equal if out.dtype.kind == "b" else subtract, (slice(None),) * along
    for _ in range(n):
        out = step(out[(*before, slice(1, None))], out[(*before, slice(None, -1))])
    return out
