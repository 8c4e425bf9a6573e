"""Convolutions: correlation with a kernel, as torch has it, and its transpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .. import namespace as xp
from .. import ops
from ..errors import ShapeError, ValidationError
from ..namespace._arguments import Array, one_of, tensor
from ..ops import Geometry
from ..tensor import Tensor, apply
from ._arguments import each, shaped

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]

Each = int | Sequence[int]
Padding = Each | Literal["same", "valid"]


def conv1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Each = 1,
    padding: Padding = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Tensor:
    """Correlation with kernels over one axis, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (n, c, l) or (c, l)
        Floating or complex; the channels c of samples.
    weight : Tensor, shape (o, c / groups, k)
        A kernel for each channel of the result and each of those it is made from.
    bias : Tensor, shape (o,), optional
        Zeros if not said.
    stride : int
        How far the kernel moves from one element of the result to the next.
    padding : int, "same" or "valid"
        Zeros at both ends: so many, as many as keep the size where the stride is 1, or none.
    dilation : int
        How far apart the elements are that a kernel sees.
    groups : int
        Into so many groups the channels are divided; each of the result is made from those of its own group.

    Returns
    -------
    Tensor, shape (n, o, ...) or (o, ...)
        The sizes are ``(size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1``.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or the kernel is larger than what it moves in.
    ValidationError
        For another `padding` or `groups`, or "same" with a stride.

    Examples
    --------
    >>> import plugrad as pg
    >>> x, w = pg.asarray([[[1.0, 2.0, 3.0]]]), pg.asarray([[[1.0, -1.0]]])
    >>> pg.nn.conv1d(x, w).tolist()
    [[[-1.0, -1.0]]]
    """
    return _conv("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Each = 1,
    padding: Padding = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Tensor:
    """Correlation with kernels over two axes, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (n, c, h, w) or (c, h, w)
        Floating or complex; the channels c of samples.
    weight : Tensor, shape (o, c / groups, kh, kw)
        A kernel for each channel of the result and each of those it is made from.
    bias : Tensor, shape (o,), optional
        Zeros if not said.
    stride : int or tuple of 2 int
        How far the kernel moves from one element of the result to the next.
    padding : int, tuple of 2 int, "same" or "valid"
        Zeros at both ends: so many, as many as keep the size where the stride is 1, or none.
    dilation : int or tuple of 2 int
        How far apart the elements are that a kernel sees.
    groups : int
        Into so many groups the channels are divided; each of the result is made from those of its own group.

    Returns
    -------
    Tensor, shape (n, o, ...) or (o, ...)
        The sizes are ``(size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1``.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or the kernel is larger than what it moves in.
    ValidationError
        For another `padding` or `groups`, or "same" with a stride.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.conv2d(pg.ones((1, 1, 4, 4)), pg.ones((2, 1, 3, 3)), padding="same").shape
    (1, 2, 4, 4)
    """
    return _conv("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Each = 1,
    padding: Padding = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Tensor:
    """Correlation with kernels over three axes, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (n, c, d, h, w) or (c, d, h, w)
        Floating or complex; the channels c of samples.
    weight : Tensor, shape (o, c / groups, kd, kh, kw)
        A kernel for each channel of the result and each of those it is made from.
    bias : Tensor, shape (o,), optional
        Zeros if not said.
    stride : int or tuple of 3 int
        How far the kernel moves from one element of the result to the next.
    padding : int, tuple of 3 int, "same" or "valid"
        Zeros at both ends: so many, as many as keep the size where the stride is 1, or none.
    dilation : int or tuple of 3 int
        How far apart the elements are that a kernel sees.
    groups : int
        Into so many groups the channels are divided; each of the result is made from those of its own group.

    Returns
    -------
    Tensor, shape (n, o, ...) or (o, ...)
        The sizes are ``(size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1``.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or the kernel is larger than what it moves in.
    ValidationError
        For another `padding` or `groups`, or "same" with a stride.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.conv3d(pg.ones((1, 1, 4, 4, 4)), pg.ones((2, 1, 3, 2, 1))).shape
    (1, 2, 2, 3, 4)
    """
    return _conv("conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Tensor:
    """The transpose of `conv1d` as a linear map, plus `bias`: from the shapes of its results to those of its operands.

    Parameters
    ----------
    x : Tensor, shape (n, c, l) or (c, l)
        Floating or complex; the channels c of samples.
    weight : Tensor, shape (c, o / groups, k)
        A kernel for each channel and each of the result that is made from it.
    bias : Tensor, shape (o,), optional
        Zeros if not said.
    stride, padding, dilation : int
        Those of the convolution that it is the transpose of.
    output_padding : int
        Of the sizes that this convolution takes to those of `x`, how many above the least; below the stride.
    groups : int
        Into so many groups the channels are divided.

    Returns
    -------
    Tensor, shape (n, o, ...) or (o, ...)
        The sizes are ``(size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or nothing is left of the result.
    ValidationError
        For another `groups`.

    Examples
    --------
    >>> import plugrad as pg
    >>> x, w = pg.asarray([[[1.0, 2.0, 3.0]]]), pg.asarray([[[1.0, -1.0]]])
    >>> pg.nn.conv_transpose1d(x, w).tolist()
    [[[1.0, 1.0, 1.0, -3.0]]]
    """
    return _conv_transpose("conv_transpose1d", 1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Tensor:
    """The transpose of `conv2d` as a linear map, plus `bias`: from the shapes of its results to those of its operands.

    Parameters
    ----------
    x : Tensor, shape (n, c, h, w) or (c, h, w)
        Floating or complex; the channels c of samples.
    weight : Tensor, shape (c, o / groups, kh, kw)
        A kernel for each channel and each of the result that is made from it.
    bias : Tensor, shape (o,), optional
        Zeros if not said.
    stride, padding, dilation : int or tuple of 2 int
        Those of the convolution that it is the transpose of.
    output_padding : int or tuple of 2 int
        Of the sizes that this convolution takes to those of `x`, how many above the least; below the stride.
    groups : int
        Into so many groups the channels are divided.

    Returns
    -------
    Tensor, shape (n, o, ...) or (o, ...)
        The sizes are ``(size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or nothing is left of the result.
    ValidationError
        For another `groups`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.conv_transpose2d(pg.ones((1, 2, 4, 4)), pg.ones((2, 1, 2, 2)), stride=2).shape
    (1, 1, 8, 8)
    """
    return _conv_transpose("conv_transpose2d", 2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Tensor:
    """The transpose of `conv3d` as a linear map, plus `bias`: from the shapes of its results to those of its operands.

    Parameters
    ----------
    x : Tensor, shape (n, c, d, h, w) or (c, d, h, w)
        Floating or complex; the channels c of samples.
    weight : Tensor, shape (c, o / groups, kd, kh, kw)
        A kernel for each channel and each of the result that is made from it.
    bias : Tensor, shape (o,), optional
        Zeros if not said.
    stride, padding, dilation : int or tuple of 3 int
        Those of the convolution that it is the transpose of.
    output_padding : int or tuple of 3 int
        Of the sizes that this convolution takes to those of `x`, how many above the least; below the stride.
    groups : int
        Into so many groups the channels are divided.

    Returns
    -------
    Tensor, shape (n, o, ...) or (o, ...)
        The sizes are ``(size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or nothing is left of the result.
    ValidationError
        For another `groups`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.conv_transpose3d(pg.ones((1, 2, 4, 4, 4)), pg.ones((2, 1, 2, 1, 2)), stride=2).shape
    (1, 1, 8, 7, 8)
    """
    return _conv_transpose("conv_transpose3d", 3, x, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv(
    who: str,
    axes: int,
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Each,
    padding: Padding,
    dilation: Each,
    groups: int,
) -> Tensor:
    x, w, alone = _operands(who, axes, x, weight, groups)
    if x.shape[1] != w.shape[1] * groups or w.shape[0] % groups or 0 in w.shape:
        raise ShapeError(
            f"{who}: x of shape {x.shape} and weight of shape {w.shape} in {groups} groups; they must be (n, c, ...) "
            "and (o, c / groups, ...), and the groups divide o"
        )
    stride, dilation = each(who, "stride", stride, axes, 1), each(who, "dilation", dilation, axes, 1)
    spans = tuple([d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:])])
    pairs = _pairs(who, padding, spans, stride)
    if any([n + before + behind < span for n, span, (before, behind) in zip(x.shape[2:], spans, pairs)]):
        raise ShapeError(f"{who}: a kernel that spans {spans} does not fit into {x.shape[2:]} padded by {pairs}")
    y = apply(ops.CONV, x, w, geometry=Geometry(stride, pairs, dilation, groups))
    return _with_bias(who, y, bias, alone)


def _conv_transpose(
    who: str,
    axes: int,
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Each,
    padding: Each,
    more: Each,
    groups: int,
    dilation: Each,
) -> Tensor:
    x, w, alone = _operands(who, axes, x, weight, groups)
    if x.shape[1] != w.shape[0] or w.shape[0] % groups or 0 in w.shape:
        raise ShapeError(
            f"{who}: x of shape {x.shape} and weight of shape {w.shape} in {groups} groups; they must be (n, c, ...) "
            "and (c, o / groups, ...), and the groups divide c"
        )
    stride, dilation = each(who, "stride", stride, axes, 1), each(who, "dilation", dilation, axes, 1)
    padding, more = each(who, "padding", padding, axes, 0), each(who, "output_padding", more, axes, 0)
    if any([m >= s for m, s in zip(more, stride)]):
        raise ShapeError(f"{who}: an output_padding of {more} is not below the stride of {stride}")
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:])]
    size = tuple(
        [(n - 1) * s - 2 * p + span + m for n, s, p, span, m in zip(x.shape[2:], stride, padding, spans, more)]
    )
    if min(size) < 1 or 0 in x.shape[2:]:
        raise ShapeError(f"{who}: from {x.shape[2:]} the result would have the sizes {size}; pad less")
    geometry = Geometry(stride, tuple([(p, p) for p in padding]), dilation, groups)
    return _with_bias(who, apply(ops.CONV_INPUT, x, w, size=size, geometry=geometry), bias, alone)


def _operands(who: str, axes: int, x: Array, weight: Array, groups: int) -> tuple[Tensor, Tensor, bool]:
    """(a batch of x, weight, whether x was one sample)."""
    x = tensor(x, weight if type(weight) is Tensor else None)
    w = tensor(weight, x)
    if x.ndim not in (axes + 1, axes + 2) or w.ndim != axes + 2:
        raise ShapeError(
            f"{who}: x of shape {x.shape} and weight of shape {w.shape}; each has {axes + 2} axes, and x may do "
            "without the first"
        )
    if type(groups) is not int or groups < 1:
        raise ValidationError(f"{who}: groups is an int from 1 on, not {groups!r:.60}")
    alone = x.ndim == axes + 1
    return xp.expand_dims(x, 0) if alone else x, w, alone


def _pairs(who: str, padding: Padding, spans: tuple[int, ...], stride: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Zeros before and behind each axis; of an odd number the odd one is behind."""
    if not isinstance(padding, str):
        return tuple([(p, p) for p in each(who, "padding", padding, len(spans), 0)])
    if one_of(padding, ("same", "valid"), who, "padding") == "valid":
        return ((0, 0),) * len(spans)
    if max(stride) > 1:
        raise ValidationError(f"{who}: no padding keeps the size with a stride of {stride}; give ints, not 'same'")
    return tuple([((span - 1) // 2, span // 2) for span in spans])


def _with_bias(who: str, y: Tensor, bias: Array | None, alone: bool) -> Tensor:
    """Plus a number for each channel; without the axis of samples, if there was one alone."""
    if bias is not None:
        channels = y.shape[1:2]
        b = shaped(f"{who}: bias", bias, channels, y)
        y = xp.add(y, apply(ops.RESHAPE, b, shape=channels + (1,) * (y.ndim - 2)))
    return apply(ops.RESHAPE, y, shape=y.shape[1:]) if alone else y
