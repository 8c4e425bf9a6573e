"""vmap against a loop: every primitive, every choice of batched operands, and its rules under a batch.

The batch is as long as an axis of the operands, so that a confusion of the two goes through without an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import plugrad as pg
from plugrad.testing.samples import Sample

from .helpers import (
    PRIMITIVES,
    SMOOTH,
    Tensors,
    another,
    arrays,
    close,
    directions,
    every,
    function,
    host,
    inner,
    subsets,
    tensor,
)

EPS = 16


def size_of_batch(sample: Sample) -> int:
    """As long as the longest axis."""
    return max([2, *(n for x in sample.operands for n in np.shape(x))])


def rows(sample: Sample, batched: tuple[int, ...], size: int) -> list[list[Any]]:
    """The operands of each sample of a batch."""
    others = [another(sample, k) for k in range(size)]
    return [[tensor(o[i] if i in batched else x) for i, x in enumerate(sample.operands)] for o in others]


def stacked(xs: Any) -> pg.Tensor:
    """Along a new first axis, by NumPy."""
    return pg.asarray(np.stack([host(x) for x in xs]))


def looped(f: Callable[..., Tensors], columns: list[list[pg.Tensor]]) -> list[pg.Tensor]:
    """The results of f on row after row, stacked."""
    return [stacked(ys) for ys in zip(*[f(*row) for row in zip(*columns, strict=True)], strict=True)]


@every(lambda sample: True, PRIMITIVES)
def test_primitive(sample: Sample) -> None:
    for batched in subsets(arrays(sample)):
        table = rows(sample, batched, size_of_batch(sample))
        columns = [[row[i] for row in table] for i in batched]
        f, _ = function(sample, batched)
        close(pg.vmap(f)(*map(stacked, columns)), looped(f, columns), EPS)


@every(inner, SMOOTH)
def test_rules(sample: Sample) -> None:
    """Gradients and tangents of a batch, one sample at a time and all at once."""
    f, _ = function(sample)
    columns = [[row[i] for row in rows(sample, sample.moving, 2)] for i in sample.moving]
    us = [directions(sample, f(*xs), str(k)) for k, xs in enumerate(zip(*columns, strict=True))]
    vs = [directions(sample, xs, str(k)) for k, xs in enumerate(zip(*columns, strict=True))]
    many = len(columns)

    def both(*given: pg.Tensor) -> Tensors:
        xs, vs, us = given[:many], given[many : 2 * many], given[2 * many :]
        return (*pg.vjp(f, *xs)[1](us), *pg.jvp(f, xs, vs)[1])

    columns = [*columns, *map(list, zip(*vs, strict=True)), *map(list, zip(*us, strict=True))]
    close(pg.vmap(both)(*map(stacked, columns)), looped(both, columns), EPS)


@every(lambda sample: not sample.boundary, PRIMITIVES)
def test_within_vmap(sample: Sample) -> None:
    """The outer batch over the first operand, the inner one over the last; both over a lone one."""
    first, last = arrays(sample)[0], arrays(sample)[-1]
    if first == last:
        f, _ = function(sample, (last,))
        table = [[tensor(another(sample, 3 * i + j)[last]) for j in range(3)] for i in range(2)]
        got = pg.vmap(pg.vmap(f))(stacked([stacked(row) for row in table]))
        by_row = [looped(f, [row]) for row in table]
    else:
        f, _ = function(sample, (first, last))
        outer = [tensor(another(sample, k)[first]) for k in (1, 2)]
        inner = [tensor(another(sample, k)[last]) for k in (3, 4, 5)]
        got = pg.vmap(pg.vmap(f, in_axes=(None, 0)), in_axes=(0, None))(stacked(outer), stacked(inner))
        by_row = [looped(f, [[x] * 3, inner]) for x in outer]
    close(got, [stacked(rows) for rows in zip(*by_row, strict=True)], EPS)
