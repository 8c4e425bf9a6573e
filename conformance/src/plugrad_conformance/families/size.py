"""Many numbers: kernels go other ways from some size on, in blocks, tiles and threads, and samples are small."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate
from math import fsum
from typing import Any, NamedTuple

import numpy as np

import plugrad as pg
from plugrad.tensor import Tensor
from plugrad.testing.samples import Sample

from ..records import Check
from ..stream import numbers
from .asking import by_op, by_rule, close, directions, elsewhere, function, inner, some, tensor

__all__ = ["CHECKS"]

MANY = 5000  # elements of the largest operand, at least: beyond the blocks of most libraries
BOUND = 256.0  # eps between one at a time and many at once, which round otherwise


# -------------------------------------------------------------------------------------------------- of every primitive


class Member(NamedTuple):
    """A sample by itself."""

    xs: tuple[Tensor, ...]
    ys: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]


def _batches(sample: Sample) -> float:
    """Of a large batch, two samples in turn, the results and gradients are theirs."""
    f, _ = function(sample, _arrays(sample))
    pair = [_alone(sample, member) for member in (sample, elsewhere(sample))]
    turns = -(-MANY // (2 * max(np.size(x) for x in sample.operands)))
    xs = [_in_turn(both, turns) for both in zip(*[member.xs for member in pair], strict=True)]
    ys, gradients = _derived(sample, pg.vmap(f), xs, [_in_turn((u, u), turns) for u in _cotangents(sample, pair[0].ys)])
    worst = 0.0
    for what, many, ones in (
        ("result", ys, [m.ys for m in pair]),
        ("gradient", gradients, [m.gradients for m in pair]),
    ):
        for i, (y, both) in enumerate(zip(many, zip(*ones, strict=True), strict=True)):
            worst = max(worst, close(f"{what} {i} of {2 * turns} samples", y, _in_turn(both, turns), BOUND))
    return worst


def _alone(sample: Sample, member: Sample) -> Member:
    f, _ = function(sample, _arrays(sample))
    xs = tuple(tensor(member.operands[i]) for i in _arrays(sample))
    return Member(xs, *_derived(sample, f, xs, _cotangents(sample, f(*xs))))


def _derived(
    sample: Sample, f: Callable[..., Any], xs: Iterable[Tensor], cts: Iterable[Tensor]
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """(results, gradients of what moves), by a walk on raw arrays."""
    leaves = [x.requires_grad_() if i in sample.moving else x for i, x in zip(_arrays(sample), xs, strict=True)]
    ys = f(*leaves)
    if not sample.moving:
        return ys, ()
    return ys, pg.autograd.grad(ys, [x for x in leaves if x.requires_grad], [*cts], materialize_grads=True)


def _cotangents(sample: Sample, ys: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return directions(sample, ys) if sample.moving else ()


def _in_turn(both: Iterable[Tensor], turns: int) -> Tensor:
    return pg.concat([pg.stack([x.detach() for x in both])] * turns)


def _arrays(sample: Sample) -> tuple[int, ...]:
    return tuple(i for i, x in enumerate(sample.operands) if type(x) is np.ndarray)


def _whole(sample: Sample) -> bool:
    return inner(sample) and all(np.size(x) for x in sample.operands)


# ------------------------------------------------------------------------------------------------ of one long operand

X = numbers("a long operand", (MANY,), np.float64) + np.arange(MANY) / MANY
A, B = X[:2400].reshape(40, 60), X[2400:4800].reshape(60, 40)


class Long(NamedTuple):
    """A function of a tensor, where it is asked, and its values, added up as exactly as Python does."""

    f: Callable[[Tensor], Tensor]
    at: Any
    wanted: Callable[[], Any]


def _decay(x: Tensor) -> Tensor:
    return pg.sum(pg.exp(-x) * x)


LONG: dict[str, Long] = {
    "sum": Long(pg.sum, X, lambda: fsum(X)),
    "mean": Long(pg.mean, X, lambda: fsum(X) / MANY),
    "var": Long(pg.var, X, lambda: fsum((X - fsum(X) / MANY) ** 2) / MANY),
    "max": Long(pg.max, X, lambda: max(X.tolist())),
    "argmin": Long(pg.argmin, X, lambda: X.tolist().index(min(X.tolist()))),
    "cumulative_sum": Long(pg.cumulative_sum, X, lambda: [*accumulate(X.tolist())]),
    "sort": Long(pg.sort, X, lambda: sorted(X.tolist())),
    "argsort": Long(pg.argsort, X, lambda: sorted(range(MANY), key=X.tolist().__getitem__)),
    "unique_values": Long(lambda x: pg.unique_values(pg.floor(x)), X, lambda: sorted({*np.floor(X).tolist()})),
    "tanh": Long(pg.tanh, X, lambda: [float(np.tanh(x)) for x in X]),
    "x @ y": Long(lambda x: x @ tensor(B), A, lambda: [[fsum(a * b) for b in B.T] for a in A]),
    "the gradient of a bias": Long(
        pg.grad(lambda b: pg.sum((tensor(A.reshape(1200, 2)) * 2.0 + b) ** 2)),
        np.zeros(2),
        lambda: [4 * 2 * fsum(column) / 2 for column in A.reshape(1200, 2).T],
    ),
    "the gradient of tanh": Long(
        pg.grad(lambda x: pg.sum(pg.tanh(x))), X, lambda: [1 - float(np.tanh(x)) ** 2 for x in X]
    ),
    "the gradient of x[i]": Long(
        pg.grad(lambda x: pg.sum(x[tensor(np.arange(MANY) % 7)])),
        np.zeros(7),
        lambda: [MANY // 7 + (k < MANY % 7) for k in range(7)],
    ),
    "compiled": Long(lambda x: pg.compile(_decay)(x), X, lambda: fsum(float(np.exp(-x)) * x for x in X)),
}  # fmt: skip


def _long(row: Long) -> float:
    y = row.f(tensor(np.asarray(row.at)))
    return close("it", y, np.asarray(row.wanted(), y.dtype.name), BOUND)


CHECKS: tuple[Check, ...] = (
    by_op("size", "batches", some(_whole, 1), _batches, order=1),
    by_rule("size", "long", LONG, _long),
)
