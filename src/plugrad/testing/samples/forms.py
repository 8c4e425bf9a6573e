"""Where values lie, and the forms of calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Array = Any
Shape = tuple[int, ...]


class Whole(NamedTuple):
    """A domain of arrays that are not random in each element: it is told whether they are to be complex."""

    make: Callable[[np.random.Generator, Shape, bool], Array]


Domain = Callable[[np.random.Generator, Shape], Array] | Whole

INF, NAN = math.inf, math.nan


def real(rng: np.random.Generator, shape: Shape) -> Array:
    """Any number, two of them never equal."""
    return rng.normal(size=shape)


def positive(rng: np.random.Generator, shape: Shape) -> Array:
    """From 1/2 on."""
    return np.abs(rng.normal(size=shape)) + 0.5


def above_one(rng: np.random.Generator, shape: Shape) -> Array:
    """From 3/2 on."""
    return np.abs(rng.normal(size=shape)) + 1.5


def inside(rng: np.random.Generator, shape: Shape) -> Array:
    """Between -0.9 and 0.9."""
    return rng.uniform(-0.9, 0.9, shape)


def away_from_zero(rng: np.random.Generator, shape: Shape) -> Array:
    """From 1/2 on, of either sign."""
    return positive(rng, shape) * rng.choice((-1.0, 1.0), shape)


def between_integers(rng: np.random.Generator, shape: Shape) -> Array:
    """Off the integers and the halves."""
    return rng.integers(-4, 4, shape) + rng.uniform(0.1, 0.4, shape)


def probabilities(rng: np.random.Generator, shape: Shape) -> Array:
    """Between 0 and 1."""
    return rng.uniform(size=shape)


def steps(rng: np.random.Generator, shape: Shape) -> Array:
    """A few different numbers, so that many are equal."""
    return rng.integers(-1, 2, shape).astype(np.float64)


def low(rng: np.random.Generator, shape: Shape) -> Array:
    """Lower bounds for `real`: some of them bind."""
    return rng.uniform(-1.0, -0.1, shape)


def high(rng: np.random.Generator, shape: Shape) -> Array:
    """Upper bounds for `real`: some of them bind."""
    return rng.uniform(0.1, 1.0, shape)


def whole(rng: np.random.Generator, shape: Shape) -> Array:
    """Integers."""
    return rng.integers(-5, 6, shape)


def counts(rng: np.random.Generator, shape: Shape) -> Array:
    """Small integers above 0."""
    return rng.integers(1, 6, shape)


def truth(rng: np.random.Generator, shape: Shape) -> Array:
    """True and False."""
    return rng.integers(0, 2, shape).astype(np.bool_)


def places(n: int) -> Domain:
    """Indices of an axis of length n, counted from either end, some of them repeated."""
    return lambda rng, shape: rng.integers(-n, n, shape)


def different_places(n: int) -> Domain:
    """Indices of an axis of length n, none of them twice."""
    return lambda rng, shape: rng.permutation(n)[: math.prod(shape)].reshape(shape) - n * rng.integers(0, 2, shape)


class Form(NamedTuple):
    """Shapes of the operands, parameters, and how the operands are handed over."""

    shapes: tuple[Any, ...]  # a Python scalar stands for itself
    params: Mapping[str, Any] = {}
    strided: bool = False  # elements do not lie side by side
    integers: tuple[int, ...] = ()  # operands that are integers, to be promoted
    smooth: bool = True  # else it has no derivative, unlike the others


class Spec(NamedTuple):
    """Kinds of numbers (f: real, c: complex, -: as the domain says), where operands lie, how it is called."""

    kinds: str
    domains: tuple[Domain, ...]  # the last one stands for all that follow
    forms: Forms


Forms = dict[str, Form]
Boundary = tuple[str, tuple[Array, ...], dict[str, Any]]  # name, operands, parameters
