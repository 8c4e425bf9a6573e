"""Laws of axes: how an operation runs on a whole batch, one law per shape behaviour.

A law is ``batch(args, mine, params)``: those of `args` that are `mine` have the batch as their first axis, and so has
the result. Logical ranks are aligned first: the batch axis goes before *all* logical leading axes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backends import current
from ..dtypes import int64
from ..errors import PlugradWarning
from ..indexing import as_index
from ..ops import (
    BROADCAST_TO,
    CONCAT,
    CONV_WEIGHT,
    EINSUM,
    GATHER,
    GETITEM,
    LETTERS,
    PERMUTE_DIMS,
    PUT,
    RESHAPE,
    SEARCHSORTED,
    UNSTACK,
    WHERE,
    Op,
)
from ..tensor import Tensor, apply, as_tensor, base, constants, zeros

Law = Callable[[tuple[Any, ...], list[bool], dict[str, Any]], Any]


def align(x: Tensor, rank: int) -> Tensor:
    """`x` with axes of length 1 behind the batch, until its logical rank is `rank`."""
    missing = rank - len(x.shape) + 1
    return apply(RESHAPE, x, shape=(x.shape[0],) + (1,) * missing + x.shape[1:]) if missing else x


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as a tuple; None is all."""
    return tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def part(axis: int, *of: int | None) -> tuple[slice, ...]:
    """The basic index of a slice of one axis."""
    return (*(slice(None),) * axis, slice(*of))


def size_of(args: tuple[Any, ...], mine: list[bool]) -> int:
    """The length of the batch."""
    return next(a.shape[0] for a, m in zip(args, mine, strict=True) if m)


def batched(x: Tensor, mine: bool, size: int) -> Tensor:
    """`x` with a batch axis, repeated if it has none."""
    return x if mine else apply(BROADCAST_TO, x, shape=(size, *x.shape))


def elementwise(op: Op) -> Law:
    """Every operand broadcasts against the others."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        rank = max(len(a.shape) - m for a, m in zip(args, mine, strict=True) if type(a) is Tensor)
        return apply(op, *[align(a, rank) if m else a for a, m in zip(args, mine, strict=True)], **params)

    return law


def same(op: Op) -> Law:
    """One operand; what is done to its last axes, or to each element, needs no change."""
    return lambda args, mine, params: apply(op, *args, **params)


def moved(op: Op, name: str) -> Law:
    """The parameter `name` is an axis or a tuple of axes: each is one further back."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        at = params[name]
        return apply(op, args[0], **params | {name: tuple(a + 1 for a in at) if isinstance(at, tuple) else at + 1})

    return law


def reduces(op: Op) -> Law:
    """Axes are reduced; None is all but the batch."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        axes = axes_of(params["axis"], len(args[0].shape) - 1)
        return apply(op, args[0], **params | {"axis": tuple(a + 1 for a in axes)})

    return law


def selects(op: Op) -> Law:
    """argmax: one axis, or None for the place in the flattened sample."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        (x,), axis = args, params["axis"]
        if axis is not None:
            return apply(op, x, **params | {"axis": axis + 1})
        flat = apply(op, apply(RESHAPE, x, shape=(x.shape[0], int(np.prod(x.shape[1:])))), axis=1, keepdims=False)
        return apply(RESHAPE, flat, shape=(x.shape[0],) + (1,) * (x.ndim - 1)) if params["keepdims"] else flat

    return law


def reshape(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """(B, old) -> (B, new)."""
    return apply(RESHAPE, args[0], shape=(args[0].shape[0], *params["shape"]))


def broadcast(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """(B, old) -> (B, 1 ..., old) -> (B, new)."""
    shape = params["shape"]
    return apply(BROADCAST_TO, align(args[0], len(shape)), shape=(args[0].shape[0], *shape))


def permute(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """The batch stays first."""
    return apply(PERMUTE_DIMS, args[0], axes=(0, *(a + 1 for a in params["axes"])))


def along(op: Op) -> Law:
    """All operands get a batch axis, and the axis is one further back."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        size = size_of(args, mine)
        whole = [batched(a, m, size) for a, m in zip(args, mine, strict=True)]
        return apply(op, *whole, **params | {"axis": params["axis"] + 1})

    return law


def unstack(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """Several results, each with the batch first."""
    return apply(UNSTACK, args[0], axis=params["axis"] + 1)


def stacked(op: Op) -> Law:
    """Every operand is a stack of matrices (..., m, n); the stacks are aligned as by broadcasting."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        rank = max(len(a.shape) - m for a, m in zip(args, mine, strict=True))
        return apply(op, *[align(a, rank) if m else a for a, m in zip(args, mine, strict=True)], **params)

    return law


def behind(index: Any) -> tuple[Any, ...]:
    """A basic index, behind the batch axis."""
    return (slice(None), *(index if type(index) is tuple else (index,)))


def getitem(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """x[:, index]."""
    return apply(GETITEM, args[0], index=behind(params["index"]))


def put(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """x[:, index] = value, the value aligned to the rank of the region that it is written to."""
    (x, value), index = args, params["index"]
    if mine[1]:
        logical = x.shape[1:] if mine[0] else x.shape
        value = align(value, np.empty(logical, np.dtype([]))[index].ndim)  # no bytes an element: only the shape counts
    x = batched(x, mine[0], size_of(args, mine))
    return apply(PUT, x, value, index=behind(index))


def _in_second_place(x: Tensor, to: int = 1) -> Tensor:
    """The batch axis moved from the front to `to`."""
    axes = [*range(1, x.ndim)]
    axes.insert(to, 0)
    return apply(PERMUTE_DIMS, x, axes=tuple(axes))


def _in_front(x: Tensor, at: int) -> Tensor:
    """The batch axis moved from `at` to the front."""
    return apply(PERMUTE_DIMS, x, axes=(at, *range(at), *range(at + 1, x.ndim)))


def _one_axis(x: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Batched x (B, n, ...) as (B n, ...), and batched indices into that."""
    size, n, *rest = x.shape
    low, indices = base(x), as_index(indices)
    raw = low.by.backend.asarray(np.arange(size) * n, int64, x.device, True)
    start = Tensor(raw, constants(current.table(low.by.owner)))
    start = apply(RESHAPE, start, shape=(size,) + (1,) * (indices.ndim - 1))
    return apply(RESHAPE, x, shape=(size * n, *rest)), apply(WHERE, indices < 0, indices + n, indices) + start


def gather(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """x[indices]: a batch of x comes along as one more trailing axis; a batch of both is one longer axis."""
    x, indices = args
    if not mine[0]:
        return apply(GATHER, x, indices)
    if not mine[1]:
        return _in_front(apply(GATHER, _in_second_place(x), indices), indices.ndim)
    return apply(GATHER, *_one_axis(x, indices))


def scatters(op: Op) -> Law:
    """x[indices] = value, or +=, as `gather`."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        size = size_of(args, mine)
        x, value = (batched(a, m, size) for a, m in zip(args[:2], mine[:2], strict=True))
        indices = args[2]
        if not mine[2]:
            y = apply(op, _in_second_place(x), _in_second_place(value, indices.ndim), indices)
            return _in_front(y, 1)
        flat, at = _one_axis(x, indices)
        return apply(RESHAPE, apply(op, flat, value, at), shape=x.shape)

    return law


def searchsorted(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """A batch of rows is a longer stack; a batch of values alone, longer rows of values."""
    x1, x2 = args
    if mine[0]:
        return apply(SEARCHSORTED, x1, batched(x2, mine[1], x1.shape[0]), **params)
    stack = len(x1.shape) - 1
    apart = _in_second_place(x2, stack)  # (..., B, m)
    long = apply(RESHAPE, apart, shape=(*x1.shape[:-1], apart.shape[-2] * apart.shape[-1]))
    return _in_front(apply(RESHAPE, apply(SEARCHSORTED, x1, long, **params), shape=apart.shape), stack)


def letters(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
    """ab,bc->ac: zab,bc->zac."""
    a, b, y = params["subscripts"].replace("->", ",").split(",")
    z = next(letter for letter in LETTERS if letter not in params["subscripts"])
    return apply(EINSUM, *args, subscripts=f"{z * mine[0]}{a},{z * mine[1]}{b}->{z}{y}")


def channels(op: Op) -> Law:
    """A batch of samples is more samples (n, c, ...); a batch of weights (o, c, ...), or of both, is more groups."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        size = size_of(args, mine)
        if not size:  # no groups: the shapes are those of a batch of one
            one = [zeros(x, (1, *x.shape[1:])) if m else x for x, m in zip(args, mine, strict=True)]
            return apply(GETITEM, law(tuple(one), mine, params), index=slice(0, 0))
        if mine == [True, False] and op is not CONV_WEIGHT:
            return _apart(apply(op, _together(args[0]), args[1], **params), 0, size)
        a, b = (batched(x, m, size) for x, m in zip(args, mine, strict=True))
        b = _in_second_place(b) if op is CONV_WEIGHT else b
        geometry = params["geometry"]
        params = params | {"geometry": geometry._replace(groups=geometry.groups * size)}
        y = apply(op, _together(_in_second_place(a), 1), _together(b, int(op is CONV_WEIGHT)), **params)
        return _apart(y, 0, size) if op is CONV_WEIGHT else _in_front(_apart(y, 1, size), 1)

    return law


def _together(x: Tensor, at: int = 0) -> Tensor:
    """Axis `at` and the next one as one."""
    return apply(RESHAPE, x, shape=(*x.shape[:at], x.shape[at] * x.shape[at + 1], *x.shape[at + 2 :]))


def _apart(x: Tensor, at: int, size: int) -> Tensor:
    """The inverse: axis `at` as one of this size and the rest."""
    return apply(RESHAPE, x, shape=(*x.shape[:at], size, x.shape[at] // size, *x.shape[at + 1 :]))


def loop(op: Op) -> Law:
    """One sample after the other, for an operation registered without a law."""

    def law(args: tuple[Any, ...], mine: list[bool], params: dict[str, Any]) -> Any:
        warnings.warn(f"{op.name} has no law of axes: vmap runs it sample by sample", PlugradWarning, stacklevel=2)
        size = size_of(args, mine)
        if not size:  # one sample says what shapes would have come out
            args = tuple([zeros(a, (1, *a.shape[1:])) if m else a for a, m in zip(args, mine, strict=True)])
        columns = [apply(UNSTACK, a, axis=0) if m else (a,) * max(1, size) for a, m in zip(args, mine, strict=True)]
        ys = [apply(op, *row, **params) for row in zip(*columns, strict=True)]
        if isinstance(ys[0], tuple):
            return tuple([_stack(y, size) for y in zip(*ys, strict=True)])
        return _stack(ys, size)

    return law


def _stack(ys: Any, size: int) -> Any:
    rows = [apply(RESHAPE, as_tensor(y), shape=(1, *y.shape)) for y in ys]
    y = apply(CONCAT, *rows, axis=0, sizes=(1,) * len(rows))
    return y if size else apply(GETITEM, y, index=(slice(0, 0),))
