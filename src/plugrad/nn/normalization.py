"""Normalization: to mean 0 and variance 1, or to length 1."""

from __future__ import annotations

import math

from .. import namespace as xp
from .. import ops
from ..errors import ShapeError
from ..linalg import vector_norm
from ..namespace._arguments import Array, Shape, number, one_axis, sizes
from ..tensor import Tensor, apply
from ._arguments import real, shaped

__all__ = ["group_norm", "instance_norm", "layer_norm", "normalize", "rms_norm"]


def layer_norm(
    x: Array, normalized_shape: Shape, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) over the last axes, times `weight`, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (..., *normalized_shape)
        Floating.
    normalized_shape : int or tuple of int
        The sizes of the last axes, over which mean and (biased) variance are taken.
    weight, bias : Tensor, shape normalized_shape, optional
        Ones and zeros if not said.
    eps : float
        Keeps the denominator off zero.

    Returns
    -------
    Tensor, shape of `x`

    Raises
    ------
    ShapeError
        If the last axes of `x`, or the shape of `weight` or `bias`, are not `normalized_shape`.
    DTypeError
        For a complex operand.
    ValidationError
        If `eps` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.layer_norm(pg.asarray([[1.0, 3.0], [5.0, 5.0]]), 2, eps=0.25).tolist()
    [[-0.8944271909999159, 0.8944271909999159], [0.0, 0.0]]
    """
    x, shape = real("layer_norm", x), sizes(normalized_shape, "layer_norm")
    y = apply(ops.NORMALIZE, x, axis=_last("layer_norm", x, shape), eps=number(eps, "layer_norm", "eps"))
    return _scaled("layer_norm", y, weight, bias, shape)


def group_norm(
    x: Array, num_groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) over the channels of a group, times `weight`, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (N, C, ...)
        Floating.
    num_groups : int
        A divisor of C: so many groups of channels that lie side by side.
    weight, bias : Tensor, shape (C,), optional
        Ones and zeros if not said.
    eps : float
        Keeps the denominator off zero.

    Returns
    -------
    Tensor, shape of `x`

    Raises
    ------
    ShapeError
        If the groups do not divide the channels, or the shape of `weight` or `bias` is not (C,).
    DTypeError
        For a complex operand.
    ValidationError
        If `eps` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.group_norm(pg.asarray([[1.0, 3.0, 5.0, 5.0]]), 2, eps=1e-300).tolist()
    [[-1.0, 1.0, 0.0, 0.0]]
    """
    x = real("group_norm", x)
    if x.ndim < 2 or type(num_groups) is not int or num_groups < 1 or x.shape[1] % num_groups:
        raise ShapeError(f"group_norm: {num_groups!r:.60} groups of the channels of the shape {x.shape}, (N, C, ...)")
    groups = apply(ops.RESHAPE, x, shape=(x.shape[0], num_groups, math.prod(x.shape[1:]) // num_groups))
    y = apply(ops.NORMALIZE, groups, axis=(2,), eps=number(eps, "group_norm", "eps"))
    return _scaled("group_norm", apply(ops.RESHAPE, y, shape=x.shape), weight, bias, (x.shape[1],), x.ndim - 2)


def instance_norm(x: Array, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5) -> Tensor:
    """(x - mean) / sqrt(variance + eps) over each channel of each sample, times `weight`, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (N, C, ...)
        Floating.
    weight, bias : Tensor, shape (C,), optional
        Ones and zeros if not said.
    eps : float
        Keeps the denominator off zero.

    Returns
    -------
    Tensor, shape of `x`

    Raises
    ------
    ShapeError
        If `x` has no channels, or the shape of `weight` or `bias` is not (C,).
    DTypeError
        For a complex operand.
    ValidationError
        If `eps` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.instance_norm(pg.asarray([[[1.0, 3.0], [5.0, 5.0]]]), eps=1e-300).tolist()
    [[[-1.0, 1.0], [0.0, 0.0]]]
    """
    x = real("instance_norm", x)
    if x.ndim < 3:
        raise ShapeError(f"instance_norm: the shape {x.shape} is not (N, C, ...)")
    y = apply(ops.NORMALIZE, x, axis=tuple(range(2, x.ndim)), eps=number(eps, "instance_norm", "eps"))
    return _scaled("instance_norm", y, weight, bias, x.shape[1:2], x.ndim - 2)


def rms_norm(x: Array, normalized_shape: Shape, weight: Array | None = None, eps: float | None = None) -> Tensor:
    """x over the root of its mean square over the last axes, times `weight` (Zhang, Sennrich, arXiv:1910.07467).

    Parameters
    ----------
    x : Tensor, shape (..., *normalized_shape)
        Floating.
    normalized_shape : int or tuple of int
        The sizes of the last axes, over which the mean is taken.
    weight : Tensor, shape normalized_shape, optional
        Ones if not said.
    eps : float, optional
        Added to the mean square; the spacing of the dtype at 1 if not said.

    Returns
    -------
    Tensor, shape of `x`

    Raises
    ------
    ShapeError
        If the last axes of `x`, or the shape of `weight`, are not `normalized_shape`.
    DTypeError
        For a complex operand.
    ValidationError
        If `eps` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.rms_norm(pg.asarray([1.0, 7.0]), 2, eps=0.0).tolist()
    [0.2, 1.4]
    """
    x, shape = real("rms_norm", x), sizes(normalized_shape, "rms_norm")
    axes = _last("rms_norm", x, shape)
    square = apply(ops.MEAN, xp.square(x), axis=axes, keepdims=True)
    more = xp.finfo(square.dtype).eps if eps is None else number(eps, "rms_norm", "eps")
    y = xp.divide(x, xp.sqrt(xp.add(square, more)))
    return _scaled("rms_norm", y, weight, None, shape)


def normalize(x: Array, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Tensor:
    """x over its p-norm along an axis.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Floating.
    p : float
        Which norm.
    axis : int
        The axis of the n.
    eps : float
        The least that is divided by.

    Returns
    -------
    Tensor, shape of `x`

    Raises
    ------
    ShapeError
        If there is no such axis.
    DTypeError
        For a complex operand.
    ValidationError
        If `p` or `eps` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.normalize(pg.asarray([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    x = real("normalize", x)
    along, p = one_axis(axis, x.ndim, "normalize"), number(p, "normalize", "p")
    return xp.divide(x, length(x, p, along, number(eps, "normalize", "eps")))


def length(x: Tensor, p: float, axis: int, eps: float) -> Tensor:
    """The p-norm, its axis kept, and `eps` where that is less."""
    return xp.clip(vector_norm(x, axis=axis, keepdims=True, ord=p), eps)


def _last(who: str, x: Tensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The last axes, if they have this shape."""
    first = x.ndim - len(shape)
    if not shape or first < 0 or x.shape[first:] != shape:
        raise ShapeError(f"{who}: normalized_shape {shape} is not the end of the shape {x.shape} of x")
    return tuple(range(first, x.ndim))


def _scaled(
    who: str, y: Tensor, weight: Array | None, bias: Array | None, shape: tuple[int, ...], behind: int = 0
) -> Tensor:
    """y times weight plus bias, whose axes have so many behind them."""
    there = shape + (1,) * behind
    if weight is not None:
        y = xp.multiply(y, apply(ops.RESHAPE, shaped(f"{who}: weight", weight, shape, y), shape=there))
    if bias is not None:
        y = xp.add(y, apply(ops.RESHAPE, shaped(f"{who}: bias", bias, shape, y), shape=there))
    return y
