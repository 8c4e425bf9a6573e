"""Traced against eager: the value, the pullback and the pushforward of every primitive, at boundaries too.

Each program is run on the operands that it was traced with and on others, so that a value that was taken for a
constant, or a result that lies in a reused buffer, is seen.
"""

from __future__ import annotations

from collections.abc import Callable

import plugrad as pg
from plugrad.testing.samples import Sample

from .helpers import PRIMITIVES, SMOOTH, Tensors, another, arrays, close, directions, every, function, tensor

EPS = 4


def moves(sample: Sample) -> bool:
    return bool(sample.moving)


def check(sample: Sample, f: Callable[..., Tensors], at: tuple[int, ...], directions: Tensors) -> None:
    """f(xs, directions), compiled, is f: twice, on the sample's operands and on others, and the first result stays."""
    first, second = (tuple(tensor(given[i]) for i in at) for given in (sample.operands, another(sample, 1)))
    expected, compiled = f(first, directions), pg.compile(f)
    got = compiled(first, directions)
    close(compiled(second, directions), f(second, directions), EPS)
    close(got, expected, EPS)


@every(lambda sample: True, PRIMITIVES)
def test_value(sample: Sample) -> None:
    f, _ = function(sample, arrays(sample))
    check(sample, lambda xs, _: f(*xs), arrays(sample), ())


@every(moves, SMOOTH)
def test_pullback(sample: Sample) -> None:
    f, xs = function(sample)
    us = directions(sample, f(*xs), "u")
    check(sample, lambda xs, us: pg.vjp(f, *xs)[1](us), sample.moving, us)


@every(moves, SMOOTH)
def test_pushforward(sample: Sample) -> None:
    f, xs = function(sample)
    check(sample, lambda xs, vs: pg.jvp(f, xs, vs)[1], sample.moving, directions(sample, xs, "v"))
