"""Pooling: the largest or the mean of what a window sees as it moves over the last axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes, ops
from .. import namespace as xp
from ..errors import DTypeError, ShapeError
from ..namespace._arguments import Array, tensor
from ..namespace._places import place, uploaded
from ..tensor import Tensor, apply
from ..traces import stopped
from ._arguments import each

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]

Each = int | Sequence[int]


def avg_pool1d(
    x: Array,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of what a window sees as it moves over the last axis.

    Parameters
    ----------
    x : Tensor, shape (..., l)
        Floating or complex; integers and booleans become the default dtype.
    kernel_size : int
        The sizes of the window.
    stride : int, optional
        How far it moves each time; as far as it is long if not said.
    padding : int
        So many zeros at both ends, at most half of the window.
    ceil_mode : bool
        Whether windows that reach beyond the end count: of what is beyond the padding neither sum nor number does.
    count_include_pad : bool
        Whether the padding is among what the sum is divided by.

    Returns
    -------
    Tensor, shape (..., *out)
        out is ``(size + 2 * padding - kernel_size) // stride + 1``, rounded up in `ceil_mode`.

    Raises
    ------
    ShapeError
        If the window is larger than what it moves in, is padded by more than half, or there are too few axes.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.avg_pool1d(pg.asarray([[1.0, 3.0, 2.0, 5.0]]), 2).tolist()
    [[2.0, 3.5]]
    """
    return _avg_pool("avg_pool1d", 1, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    x: Array,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of what a window sees as it moves over the last two axes.

    Parameters
    ----------
    x : Tensor, shape (..., h, w)
        Floating or complex; integers and booleans become the default dtype.
    kernel_size : int or tuple of 2 int
        The sizes of the window.
    stride : int or tuple of 2 int, optional
        How far it moves each time; as far as it is long if not said.
    padding : int or tuple of 2 int
        So many zeros at both ends, at most half of the window.
    ceil_mode : bool
        Whether windows that reach beyond the end count: of what is beyond the padding neither sum nor number does.
    count_include_pad : bool
        Whether the padding is among what the sum is divided by.

    Returns
    -------
    Tensor, shape (..., *out)
        out is ``(size + 2 * padding - kernel_size) // stride + 1``, rounded up in `ceil_mode`.

    Raises
    ------
    ShapeError
        If the window is larger than what it moves in, is padded by more than half, or there are too few axes.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.avg_pool2d(pg.asarray([[[1.0, 3.0], [2.0, 6.0]]]), 2).tolist()
    [[[3.0]]]
    """
    return _avg_pool("avg_pool2d", 2, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool3d(
    x: Array,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of what a window sees as it moves over the last three axes.

    Parameters
    ----------
    x : Tensor, shape (..., d, h, w)
        Floating or complex; integers and booleans become the default dtype.
    kernel_size : int or tuple of 3 int
        The sizes of the window.
    stride : int or tuple of 3 int, optional
        How far it moves each time; as far as it is long if not said.
    padding : int or tuple of 3 int
        So many zeros at both ends, at most half of the window.
    ceil_mode : bool
        Whether windows that reach beyond the end count: of what is beyond the padding neither sum nor number does.
    count_include_pad : bool
        Whether the padding is among what the sum is divided by.

    Returns
    -------
    Tensor, shape (..., *out)
        out is ``(size + 2 * padding - kernel_size) // stride + 1``, rounded up in `ceil_mode`.

    Raises
    ------
    ShapeError
        If the window is larger than what it moves in, is padded by more than half, or there are too few axes.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.avg_pool3d(pg.ones((2, 4, 4, 4)), 2).shape
    (2, 2, 2, 2)
    """
    return _avg_pool("avg_pool3d", 3, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def max_pool1d(
    x: Array,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest of what a window sees as it moves over the last axis; of several the first gets the gradient.

    Parameters
    ----------
    x : Tensor, shape (..., l)
        Real numbers.
    kernel_size : int
        The sizes of the window.
    stride : int, optional
        How far it moves each time; as far as it is long if not said.
    padding : int
        So much of what is never the largest at both ends, at most half of what the window spans.
    dilation : int
        How far apart the elements are that it sees.
    ceil_mode : bool
        Whether windows that reach beyond the end count.

    Returns
    -------
    Tensor, shape (..., *out)
        Dtype of `x`. out is ``(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``, rounded up in
        `ceil_mode`. NaN where the window sees one.

    Raises
    ------
    ShapeError
        If the window is larger than what it moves in, is padded by more than half, or there are too few axes.
    DTypeError
        For complex numbers and booleans.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.max_pool1d(pg.asarray([[1.0, 3.0, 2.0, 5.0]]), 2).tolist()
    [[3.0, 5.0]]
    """
    return _max_pool("max_pool1d", 1, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    x: Array,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest of what a window sees as it moves over the last two axes; of several the first gets the gradient.

    Parameters
    ----------
    x : Tensor, shape (..., h, w)
        Real numbers.
    kernel_size : int or tuple of 2 int
        The sizes of the window.
    stride : int or tuple of 2 int, optional
        How far it moves each time; as far as it is long if not said.
    padding : int or tuple of 2 int
        So much of what is never the largest at both ends, at most half of what the window spans.
    dilation : int or tuple of 2 int
        How far apart the elements are that it sees.
    ceil_mode : bool
        Whether windows that reach beyond the end count.

    Returns
    -------
    Tensor, shape (..., *out)
        Dtype of `x`. out is ``(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``, rounded up in
        `ceil_mode`. NaN where the window sees one.

    Raises
    ------
    ShapeError
        If the window is larger than what it moves in, is padded by more than half, or there are too few axes.
    DTypeError
        For complex numbers and booleans.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.max_pool2d(pg.asarray([[[1.0, 3.0], [2.0, 5.0]]]), 2).tolist()
    [[[5.0]]]
    """
    return _max_pool("max_pool2d", 2, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    x: Array,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest of what a window sees as it moves over the last three axes; of several the first gets the gradient.

    Parameters
    ----------
    x : Tensor, shape (..., d, h, w)
        Real numbers.
    kernel_size : int or tuple of 3 int
        The sizes of the window.
    stride : int or tuple of 3 int, optional
        How far it moves each time; as far as it is long if not said.
    padding : int or tuple of 3 int
        So much of what is never the largest at both ends, at most half of what the window spans.
    dilation : int or tuple of 3 int
        How far apart the elements are that it sees.
    ceil_mode : bool
        Whether windows that reach beyond the end count.

    Returns
    -------
    Tensor, shape (..., *out)
        Dtype of `x`. out is ``(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``, rounded up in
        `ceil_mode`. NaN where the window sees one.

    Raises
    ------
    ShapeError
        If the window is larger than what it moves in, is padded by more than half, or there are too few axes.
    DTypeError
        For complex numbers and booleans.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.max_pool3d(pg.ones((2, 4, 4, 4)), 2).shape
    (2, 2, 2, 2)
    """
    return _max_pool("max_pool3d", 3, x, kernel_size, stride, padding, dilation, ceil_mode)


class Plan(NamedTuple):
    """How a window moves: an entry for each of the last axes."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...]
    behind: tuple[int, ...]  # the padding, or more where the last window reaches further
    out: tuple[int, ...]


def _plan(
    who: str, size: tuple[int, ...], kernel: Each, stride: Each | None, padding: Each, dilation: Each, ceil: bool
) -> Plan:
    axes = len(size)
    k, d = each(who, "kernel_size", kernel, axes, 1), each(who, "dilation", dilation, axes, 1)
    s, p = k if stride is None else each(who, "stride", stride, axes, 1), each(who, "padding", padding, axes, 0)
    spans = [b * (a - 1) + 1 for a, b in zip(k, d)]
    if any([2 * pad > span for pad, span in zip(p, spans)]):
        raise ShapeError(f"{who}: a window that spans {spans} is padded by {p}; at most half of it may be padding")
    out = tuple([_places(n + 2 * pad - span, step, n + pad, ceil) for n, pad, span, step in zip(size, p, spans, s)])
    if min(out) < 1:
        raise ShapeError(f"{who}: a window that spans {spans} does not fit into {size} padded by {p}")
    reach = [(o - 1) * step + span - n - pad for o, step, span, n, pad in zip(out, s, spans, size, p)]
    return Plan(k, s, d, p, tuple(map(max, p, reach)), out)


def _places(free: int, step: int, end: int, ceil: bool) -> int:
    """How many places a window has; rounded up, the last one must begin before the padding behind does."""
    if not ceil:
        return free // step + 1
    out = -(-free // step) + 1
    return out - ((out - 1) * step >= end)


def _last(who: str, x: Tensor, axes: int) -> tuple[int, ...]:
    """The sizes of the last axes."""
    if x.ndim < axes:
        raise ShapeError(f"{who}: a window over {axes} axes in an array of shape {x.shape}")
    return x.shape[x.ndim - axes :]


def _padded(x: Tensor, plan: Plan, fill: float) -> Tensor:
    widths = ((0, 0),) * (x.ndim - len(plan.out)) + tuple(zip(plan.padding, plan.behind))
    return xp.pad(x, widths, constant_values=fill) if any(map(any, widths)) else x


def _seen(x: Tensor, plan: Plan) -> Tensor:
    return apply(ops.WINDOWS, x, kernel=plan.kernel, stride=plan.stride, dilation=plan.dilation)


def _avg_pool(
    who: str,
    axes: int,
    x: Array,
    kernel: Each,
    stride: Each | None,
    padding: Each,
    ceil: bool,
    include: bool,
) -> Tensor:
    x = tensor(x)
    x = xp.astype(x, dtypes.default_dtype()) if x.dtype.kind in "biu" else x
    size = _last(who, x, axes)
    plan = _plan(who, size, kernel, stride, padding, 1, ceil)
    total = apply(
        ops.SUM,
        _seen(_padded(x, plan, 0), plan),
        axis=tuple(range(x.ndim, x.ndim + axes)),
        keepdims=False,
    )
    counts = _counts(plan, size, include)
    if np.all(counts == counts.flat[0]):
        return xp.divide(total, int(counts.flat[0]))
    return xp.divide(total, uploaded(counts, dtypes.real_of(x.dtype), place(None, None, x)))


def _counts(plan: Plan, size: tuple[int, ...], include: bool) -> Any:
    """What the sum in each window is divided by."""
    many: Any = np.ones((), np.int64)
    for n, k, s, p, out in zip(size, plan.kernel, plan.stride, plan.padding, plan.out):
        start = np.arange(out) * s - p
        end = np.minimum(start + k, n + p)
        many = np.multiply.outer(many, end - start if include else np.minimum(end, n) - np.maximum(start, 0))
    return many


def _max_pool(
    who: str, axes: int, x: Array, kernel: Each, stride: Each | None, padding: Each, dilation: Each, ceil: bool
) -> Tensor:
    """One gather from x; which element is the largest is asked of its windows, off the record."""
    x = tensor(x)
    if x.dtype.kind not in "iuf":
        raise DTypeError(f"{who}: takes real numbers, got {x.dtype.name}; cast it with astype")
    plan = _plan(who, _last(who, x, axes), kernel, stride, padding, dilation, ceil)
    x = _padded(x, plan, -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min)
    lead, size = x.shape[: x.ndim - axes], x.shape[x.ndim - axes :]
    many, across = math.prod(plan.out), math.prod(plan.kernel)
    seen = apply(ops.RESHAPE, _seen(stopped(x), plan), shape=(*lead, many, across))
    largest = apply(ops.ARGMAX, seen, axis=len(lead) + 1, keepdims=False)
    inside, first = _flat(plan.kernel, plan.dilation, size), _flat(plan.out, plan.stride, size)
    where = place(None, None, x)
    at = apply(ops.GATHER, uploaded(inside, dtypes.int64, where), largest)
    at = xp.add(at, uploaded(first, dtypes.int64, where))
    rows = apply(ops.RESHAPE, x, shape=(*lead, math.prod(size)))
    return apply(ops.RESHAPE, apply(ops.TAKE_ALONG_AXIS, rows, at, axis=len(lead)), shape=(*lead, *plan.out))


def _flat(counts: tuple[int, ...], steps: tuple[int, ...], size: tuple[int, ...]) -> Any:
    """Where in the flattened axes a grid of these counts and steps lies, that begins at their first element."""
    return np.ravel_multi_index(np.ix_(*[np.arange(n) * s for n, s in zip(counts, steps)]), size).reshape(-1)
