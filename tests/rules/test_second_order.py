"""Second derivatives of every primitive: all nestings, create_graph and torch's double backward give one H v.

H is the Hessian of Re<u, f(x)>, so that H v is symmetric in how it is come by.
"""

from __future__ import annotations

from collections.abc import Callable

import plugrad as pg
from plugrad.testing.samples import Sample
from plugrad_conformance import torch_reference

from .helpers import (
    SMOOTH,
    Tensors,
    close,
    directions,
    dot,
    eps_of,
    every,
    function,
    host,
    inner,
    leaves,
    size,
    torch_warns,
)

EPS = 64


@every(inner, SMOOTH)
def test_nestings_agree(sample: Sample) -> None:
    f, xs = function(sample)
    us, vs, ws = directions(sample, f(*xs), "u"), directions(sample, xs, "v"), directions(sample, xs, "w")

    def gradient(*xs: pg.Tensor) -> Tensors:
        return pg.vjp(f, *xs)[1](us)

    def slope(*xs: pg.Tensor) -> pg.Tensor:
        return dot(us, pg.jvp(f, xs, vs)[1])

    expected = reverse_over_reverse(f, xs, us, vs)
    close(pg.jvp(gradient, xs, vs)[1], expected, EPS)
    y, pull = pg.vjp(slope, *xs)
    close(pull(pg.ones_like(y)), expected, EPS)
    nested_forward = pg.jvp(slope, xs, ws)[1]
    scale = eps_of(*xs, *us) * max(1, size(expected, ws))
    assert abs(float(nested_forward) - float(dot(expected, ws))) <= EPS * scale


@torch_warns
@every(inner, torch_reference.TORCH)
def test_against_torch(sample: Sample) -> None:
    f, xs = function(sample)
    us, vs = directions(sample, f(*xs), "u"), directions(sample, xs, "v")
    given = torch_reference.operands(sample)
    its = [given[i] for i in sample.moving]
    first = torch_reference.gradients(torch_reference.results(sample, given), its, map(host, us), create_graph=True)
    theirs = torch_reference.gradients(first, its, map(host, vs))
    close(reverse_over_reverse(f, xs, us, vs), theirs, 2 * EPS)  # they round, too


@every(inner, SMOOTH)
def test_create_graph(sample: Sample) -> None:
    f, xs = function(sample)
    us, vs = directions(sample, f(*xs), "u"), directions(sample, xs, "v")
    ws = leaves(xs)
    first = pg.autograd.grad(f(*ws), ws, us, create_graph=True)
    tracked = [(g, v) for g, v in zip(first, vs, strict=True) if g.node]
    if tracked:
        gs, vs_ = zip(*tracked, strict=True)
        close(pg.autograd.grad(gs, ws, vs_, materialize_grads=True), reverse_over_reverse(f, xs, us, vs), EPS)


def reverse_over_reverse(f: Callable[..., Tensors], xs: Tensors, us: Tensors, vs: Tensors) -> Tensors:
    """H v, by two walks."""
    return pg.vjp(lambda *xs: pg.vjp(f, *xs)[1](us), *xs)[1](vs)  # type: ignore[no-any-return]
