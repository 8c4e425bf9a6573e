"""Values and gradients of every primitive against torch.autograd: random cotangents, all four inexact dtypes."""

from __future__ import annotations

import plugrad as pg
from plugrad import ops
from plugrad.testing.samples import Sample

from . import oracle
from .helpers import SMOOTH, close, directions, every, function, host, inner

UNKNOWN = {ops.FLOOR_DIVIDE: "torch: derivative not implemented; plugrad: zero"}
EPS = 64


def test_torch_has_a_word_for_every_primitive() -> None:
    assert set(SMOOTH) == set(oracle.TORCH) | set(UNKNOWN)


@oracle.warns
@every(inner, oracle.TORCH)
def test_value_and_gradient(sample: Sample) -> None:
    f, xs = function(sample)
    ys, pull = pg.vjp(f, *xs)
    us = directions(sample, ys, "u")
    given = oracle.operands(sample)
    its = oracle.results(sample, given)
    close(ys, its, EPS)
    close(pull(us), oracle.gradients(its, [given[i] for i in sample.moving], map(host, us)), EPS)
