"""Linear algebra functions of the standard's main namespace, and `outer`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import ops
from ..errors import ShapeError
from ..ops import RESHAPE
from ..tensor import Tensor, apply, binary, unary
from ._arguments import Array, all_axes, one_axis, tensor, whole
from .elementwise import conj, multiply
from .manipulation import expand_dims, moveaxis, permute_dims, reshape

__all__ = ["matmul", "matrix_transpose", "outer", "tensordot", "vecdot"]

_transpose = unary(ops.MATRIX_TRANSPOSE)


def _product(op: ops.Op, x1: Array, x2: Array) -> Tensor:
    """What the door leaves: vectors, other dtypes, values of a transform, what is no Tensor yet."""
    x1, x2 = tensor(x1, x2 if type(x2) is Tensor else None), tensor(x2, x1 if type(x1) is Tensor else None)
    s, t = x1.shape, x2.shape
    m, n = len(s), len(t)
    if not (m and n):
        raise ShapeError(f"matmul: the shapes {s} and {t}: an operand has no axis to sum over; multiply scales")
    if s[-1] != (t[-2] if n > 1 else t[0]):
        raise ShapeError(f"matmul: the shapes {s} and {t} do not fit: the axes summed over must be as long")
    if m > 1 and n > 1:
        return apply(op, x1, x2)
    y = matmul(x1 if m > 1 else expand_dims(x1, 0), x2 if n > 1 else expand_dims(x2, 1))
    rows, columns = y.shape[-2:-1] if m > 1 else (), y.shape[-1:] if n > 1 else ()
    return apply(RESHAPE, y, shape=y.shape[:-2] + rows + columns)


matmul = binary(
    ops.MATMUL,
    """The product of matrices.

    Parameters
    ----------
    x1 : Tensor, shape (..., m, k) or (k,)
        Numbers. A vector counts as one row.
    x2 : Tensor, shape (..., k, n) or (k,)
        Numbers. A vector counts as one column.

    Returns
    -------
    Tensor, shape (..., m, n)
        Without the axis of what was a vector.

    Raises
    ------
    ShapeError
        If an operand is 0-d, or the shapes do not fit.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.matmul(pg.asarray([[1, 2], [3, 4]]), pg.asarray([1, 1])).tolist()
    [3, 7]
    """,
    _product,
    stacks=True,
)


def matrix_transpose(x: Array, /) -> Tensor:
    """Matrices with rows and columns exchanged; without conjugation.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Any dtype.

    Returns
    -------
    Tensor, shape (..., n, m)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.matrix_transpose(pg.asarray([[1, 2], [3, 4]])).tolist()
    [[1, 3], [2, 4]]
    """
    x = tensor(x)
    if len(x.shape) < 2:
        raise ShapeError(f"matrix_transpose: a matrix has at least two axes, got the shape {x.shape}")
    return _transpose(x)


def tensordot(x1: Array, x2: Array, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """The sum of products over some axes of each.

    Parameters
    ----------
    x1, x2 : Tensor
        Numbers.
    axes : int, or tuple of two sequences of int
        So many last axes of `x1` with so many first ones of `x2`; or which of `x1` with which of `x2`.

    Returns
    -------
    Tensor
        The axes of `x1` that are left, then those of `x2`.

    Raises
    ------
    ShapeError
        If the axes to sum over do not exist or are not as long.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.tensordot(pg.ones((2, 3)), pg.ones((3, 2)), axes=([0, 1], [1, 0])).item()
    6.0
    """
    x1, x2 = tensor(x1), tensor(x2)
    one, two = _summed(axes, x1.ndim, x2.ndim)
    if [x1.shape[a] for a in one] != [x2.shape[a] for a in two]:
        raise ShapeError(f"tensordot: axes {one} of the shape {x1.shape} and {two} of {x2.shape} are not as long")
    rest1, rest2 = ([a for a in range(x.ndim) if a not in over] for x, over in ((x1, one), (x2, two)))
    shape = [x1.shape[a] for a in rest1] + [x2.shape[a] for a in rest2]
    k = math.prod(x1.shape[a] for a in one)
    left = reshape(permute_dims(x1, (*rest1, *one)), (math.prod(shape[: len(rest1)]), k))
    right = reshape(permute_dims(x2, (*two, *rest2)), (k, math.prod(shape[len(rest1) :])))
    return reshape(matmul(left, right), shape)


def _summed(axes: int | tuple[Sequence[int], Sequence[int]], m: int, n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of each operand that are summed over."""
    if isinstance(axes, tuple | list):
        if len(axes) != 2:
            raise ShapeError(f"tensordot: axes is a number, or the axes of either operand, not {axes!r:.60}")
        one, two = (all_axes(a, ndim, "tensordot") for a, ndim in zip(axes, (m, n)))
        return one, two
    axes = whole(axes, "tensordot", "axes")
    if not 0 <= axes <= min(m, n):
        raise ShapeError(f"tensordot: axes={axes} of operands with {m} and {n} axes; there must be as many")
    return tuple(range(m - axes, m)), tuple(range(axes))


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Tensor:
    """The scalar product of vectors, the first conjugated.

    Parameters
    ----------
    x1, x2 : Tensor, shape (..., n, ...)
        Numbers. The other axes broadcast.
    axis : int
        The axis of the vectors, negative: it is counted from the end in both.

    Returns
    -------
    Tensor
        Without that axis.

    Raises
    ------
    ShapeError
        If the vectors are not as long, there is no such axis, or the others do not broadcast.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.vecdot(pg.asarray([1j, 2]), pg.asarray([1j, 1])).item()
    (3+0j)
    """
    x1, x2 = tensor(x1), tensor(x2)
    one, two = (moveaxis(x, one_axis(axis, x.ndim, "vecdot"), -1) for x in (x1, x2))
    if one.shape[-1] != two.shape[-1]:
        raise ShapeError(
            f"vecdot: the shapes {x1.shape} and {x2.shape} are not as long along axis {axis}; broadcast_to first"
        )
    y = matmul(expand_dims(conj(one) if one.dtype.kind == "c" else one, -2), expand_dims(two, -1))
    return reshape(y, y.shape[:-2])


def outer(x1: Array, x2: Array, /) -> Tensor:
    """All products of the elements of two vectors; without conjugation.

    Parameters
    ----------
    x1 : Tensor, shape (m,)
        Numbers.
    x2 : Tensor, shape (n,)
        Numbers.

    Returns
    -------
    Tensor, shape (m, n)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If an operand has not one axis.
    MixedBackendsError
        If they lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.outer(pg.asarray([1, 2]), pg.asarray([3, 4])).tolist()
    [[3, 4], [6, 8]]
    """
    x1, x2 = tensor(x1), tensor(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(
            f"outer: takes two vectors, got the shapes {x1.shape} and {x2.shape}; flatten them with reshape(x, -1)"
        )
    return multiply(expand_dims(x1, 1), x2)
