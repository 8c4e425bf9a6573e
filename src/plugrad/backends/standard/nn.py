"""Products along named axes, windows, convolutions, and the losses of networks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from ... import ops
from ...ops import Geometry, Op
from ..protocol import Kernel
from ._arrays import Array, Shape

Index = tuple[Any, ...]  # ints and slices: they go beside an Ellipsis


class Contraction(NamedTuple):
    """A product of two arrays as one of stacks of matrices: axes of each operand in order, and how many of a kind."""

    left: tuple[int, ...]  # axes of the stack, of rows, summed over
    right: tuple[int, ...]  # axes of the stack, summed over, of columns
    result: tuple[int, ...]  # from (stack, rows, columns) to the order that is asked for
    stack: int
    summed: int


@cache
def contraction(subscripts: str) -> Contraction:
    """What `subscripts` say, once for all shapes."""
    a, b, y = subscripts.replace("->", ",").split(",")
    stack = [n for n in y if n in a and n in b]
    rows, columns = [n for n in a if n not in b], [n for n in b if n not in a]
    summed = [n for n in a if n in b and n not in y]
    made = stack + rows + columns
    return Contraction(
        tuple(map(a.index, stack + rows + summed)),
        tuple(map(b.index, stack + summed + columns)),
        tuple(map(made.index, y)),
        len(stack),
        len(summed),
    )


def shapes(plan: Contraction, a: Shape, b: Shape) -> tuple[Shape, Shape, Shape]:
    """The stacks of matrices that permuted operands of these shapes are, and the shape of the result before its own."""
    rows = len(a) - plan.summed
    stack, columns = a[: plan.stack], b[plan.stack + plan.summed :]
    k, m, n = math.prod(a[rows:]), math.prod(a[plan.stack : rows]), math.prod(columns)
    return (*stack, m, k), (*stack, k, n), (*a[:rows], *columns)


def _einsum(xp: Any, a: Array, b: Array, subscripts: str) -> Array:
    plan = contraction(subscripts)
    a, b = xp.permute_dims(a, plan.left), xp.permute_dims(b, plan.right)
    left, right, shape = shapes(plan, a.shape, b.shape)
    y = xp.matmul(xp.reshape(a, left), xp.reshape(b, right))
    return xp.permute_dims(xp.reshape(y, shape), plan.result)


# -------------------------------------------------------------------------------------------------------------- windows


def places(size: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> Shape:
    """How many places a window has along each axis."""
    return tuple([(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(size, kernel, stride, dilation)])


def offsets(kernel: Shape, out: Shape, stride: Shape, dilation: Shape) -> Iterator[tuple[Index, Index]]:
    """For each place in a window, what it sees as the window moves."""
    for at in product(*map(range, kernel)):
        yield at, tuple([slice(i * d, i * d + (n - 1) * s + 1, s) for i, n, s, d in zip(at, out, stride, dilation)])


def _windows(xp: Any, x: Array, kernel: Shape, stride: Shape, dilation: Shape) -> Array:
    lead = x.ndim - len(kernel)
    out = places(x.shape[lead:], kernel, stride, dilation)
    every = (slice(None),) * lead
    seen = xp.stack([x[(*every, *here)] for _, here in offsets(kernel, out, stride, dilation)], axis=-1)
    return xp.reshape(seen, (*x.shape[:lead], *out, *kernel))


def _fold(xp: Any, x: Array, size: Shape, stride: Shape, dilation: Shape) -> Array:
    """Each place of the window by itself, with zeros where it does not come: arrays need not be written."""
    n = len(size)
    out, kernel = x.shape[x.ndim - 2 * n : x.ndim - n], x.shape[x.ndim - n :]
    every, total = (slice(None),) * (x.ndim - n), None
    for at, _ in offsets(kernel, out, stride, dilation):
        part = x[(*every, *at)]
        for axis, (i, s, d, whole) in enumerate(zip(at, stride, dilation, size), part.ndim - n):
            part = _spread(xp, part, axis, i * d, s, whole)
        total = part if total is None else total + part
    return total


def _spread(xp: Any, x: Array, axis: int, first: int, step: int, size: int) -> Array:
    """The elements along an axis at every `step` from `first` on, in zeros."""
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    between = _zeros(xp, x, (*before, n, step - 1, *after))
    x = xp.reshape(xp.concat((xp.expand_dims(x, axis=axis + 1), between), axis=axis + 1), (*before, n * step, *after))
    x = x[(*(slice(None),) * axis, slice(0, (n - 1) * step + 1), ...)]
    behind = size - first - x.shape[axis]
    parts = (_zeros(xp, x, (*before, first, *after)), x, _zeros(xp, x, (*before, behind, *after)))
    return xp.concat(parts, axis=axis)


def _zeros(xp: Any, like: Array, shape: Shape) -> Array:
    return xp.zeros(shape, dtype=like.dtype, device=like.device)


# --------------------------------------------------------------------------------------------------------- convolutions
# n: samples, g: groups, c and o: channels of a group, p: places, k: places of a window.

CONV, INPUT, WEIGHT = "ngcpk,gock->ngop", "ngop,gock->ngcpk", "ngcpk,ngop->gock"


def ngcpk(x: Shape, groups: int) -> Shape:
    """(n, g c, *out, *kernel): what windows see."""
    axes = (len(x) - 2) // 2
    return (x[0], groups, x[1] // groups, math.prod(x[2 : 2 + axes]), math.prod(x[2 + axes :]))


def gock(w: Shape, groups: int) -> Shape:
    """(g o, c, *kernel): weights."""
    return (groups, w[0] // groups, w[1], math.prod(w[2:]))


def ngop(y: Shape, groups: int) -> Shape:
    """(n, g o, *out): results."""
    return (y[0], groups, y[1] // groups, math.prod(y[2:]))


def _conv(xp: Any, x: Array, w: Array, geometry: Geometry) -> Array:
    stride, padding, dilation, groups = geometry
    seen = _windows(xp, _padded(xp, x, padding), w.shape[2:], stride, dilation)
    terms = xp.reshape(seen, ngcpk(seen.shape, groups)), xp.reshape(w, gock(w.shape, groups))
    return xp.reshape(_einsum(xp, *terms, CONV), (x.shape[0], w.shape[0], *seen.shape[2 : w.ndim]))


def _conv_weight(xp: Any, x: Array, g: Array, kernel: Shape, geometry: Geometry) -> Array:
    stride, padding, dilation, groups = geometry
    seen = _windows(xp, _padded(xp, x, padding), kernel, stride, dilation)
    terms = xp.reshape(seen, ngcpk(seen.shape, groups)), xp.reshape(g, ngop(g.shape, groups))
    return xp.reshape(_einsum(xp, *terms, WEIGHT), (g.shape[1], x.shape[1] // groups, *kernel))


def _conv_input(xp: Any, g: Array, w: Array, size: Shape, geometry: Geometry) -> Array:
    stride, padding, dilation, groups = geometry
    terms = xp.reshape(g, ngop(g.shape, groups)), xp.reshape(w, gock(w.shape, groups))
    seen = xp.reshape(_einsum(xp, *terms, INPUT), (g.shape[0], groups * w.shape[1], *g.shape[2:], *w.shape[2:]))
    whole = _fold(xp, seen, tuple([a + n + b for n, (a, b) in zip(size, padding)]), stride, dilation)
    return whole[(slice(None), slice(None), *within(size, padding))]


def within(size: Shape, padding: tuple[tuple[int, int], ...]) -> Index:
    """Where an array lies in what it was padded to."""
    return tuple([slice(before, before + n) for n, (before, _) in zip(size, padding)])


def _padded(xp: Any, x: Array, padding: tuple[tuple[int, int], ...]) -> Array:
    for axis, (before, behind) in enumerate(padding, 2):
        if before or behind:
            sides = [_zeros(xp, x, (*x.shape[:axis], n, *x.shape[axis + 1 :])) for n in (before, behind)]
            x = xp.concat((sides[0], x, sides[1]), axis=axis)
    return x


# --------------------------------------------------------------------------------------------------------------- losses


def _binary_cross_entropy(xp: Any, x: Array, target: Array) -> Array:
    least = xp.asarray(-100.0, dtype=x.dtype, device=x.device)  # as torch: not more than 100 times the target
    return (target - 1.0) * xp.maximum(xp.log1p(-x), least) - target * xp.maximum(xp.log(x), least)


COMPOSITE: dict[Op, Kernel] = {
    ops.BINARY_CROSS_ENTROPY: _binary_cross_entropy,
    ops.CONV: _conv,
    ops.CONV_INPUT: _conv_input,
    ops.CONV_WEIGHT: _conv_weight,
    ops.EINSUM: _einsum,
    ops.FOLD: _fold,
    ops.WINDOWS: _windows,
}
