"""Values and gradients of every primitive against torch.autograd: random cotangents, all four inexact dtypes."""

from __future__ import annotations

import plugrad as pg
from plugrad.testing.samples import Sample
from plugrad_conformance import torch_reference

from .helpers import SMOOTH, close, directions, every, function, host, inner, torch_warns

EPS = 64


def test_torch_has_a_word_for_every_primitive() -> None:
    assert set(SMOOTH) == set(torch_reference.TORCH) | set(torch_reference.UNKNOWN)


@torch_warns
@every(inner, torch_reference.TORCH)
def test_value_and_gradient(sample: Sample) -> None:
    f, xs = function(sample)
    ys, pull = pg.vjp(f, *xs)
    us = directions(sample, ys, "u")
    given = torch_reference.operands(sample)
    its = torch_reference.results(sample, given)
    close(ys, its, EPS)
    close(pull(us), torch_reference.gradients(its, [given[i] for i in sample.moving], map(host, us)), EPS)
