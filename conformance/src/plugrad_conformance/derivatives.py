"""A sample on a subject: its value and derivatives, as arrays on the host. Checks and references ask this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from plugrad.testing.samples import Sample

from .records import Arrays, Host, Subject
from .stream import numbers

__all__ = ["Point", "complex_of", "cotangents", "inner", "point", "tangents", "values", "widened"]

Hosts = tuple[Host, ...]


class Point(NamedTuple):
    """A function of a subject's arrays, where it is asked, and along which directions."""

    subject: Subject
    f: Callable[..., Arrays]
    xs: Arrays
    us: Arrays  # cotangents
    vs: Arrays  # tangents

    def value(self) -> Hosts:
        """f(x)."""
        return self.hosts(self.f(*self.xs))

    def vjp(self) -> Hosts:
        """J^H u."""
        return self.hosts(self.subject.vjp(self.f, self.xs, self.us)[1])

    def jvp(self) -> Hosts:
        """J v."""
        return self.hosts(self.subject.jvp(self.f, self.xs, self.vs)[1])

    def second(self) -> Hosts:
        """H v, by reverse over reverse; H is the Hessian of Re<u, f(x)>."""
        return self.hosts(self.subject.vjp(self.gradient, self.xs, self.vs)[1])

    def gradient(self, *xs: object) -> Arrays:
        """J^H u, as a function of where."""
        return self.subject.vjp(self.f, xs, self.us)[1]

    def slope(self, *xs: object) -> Arrays:
        """J v, as a function of where."""
        return self.subject.jvp(self.f, xs, self.vs)[1]

    def alone(self, i: int) -> Point:
        """The same of operand `i`, the others held."""
        before, after = self.xs[:i], self.xs[i + 1 :]
        return self._replace(f=lambda x: self.f(*before, x, *after), xs=(self.xs[i],), vs=(self.vs[i],))

    def hosts(self, arrays: Arrays) -> Hosts:
        """Their values."""
        return tuple(map(self.subject.host, arrays))


def point(subject: Subject, sample: Sample, us: Sequence[Host] = (), vs: Sequence[Host] = ()) -> Point:
    """The sample on the subject."""
    array = subject.array
    xs = tuple(array(sample.operands[i]) for i in sample.moving)
    return Point(subject, subject.function(sample), xs, tuple(map(array, us)), tuple(map(array, vs)))


def values(subject: Subject, sample: Sample) -> Hosts:
    """The results alone."""
    return point(subject, sample).value()


def cotangents(sample: Sample, results: Sequence[Host], role: str = "u") -> Hosts:
    """A cotangent for each result: random, or ones at a boundary, where a random one would only hide what is chosen."""
    if sample.boundary:
        return tuple(np.ones_like(y) for y in results)
    return tuple(numbers(f"{sample} {role}{i}", y.shape, y.dtype) for i, y in enumerate(results))


def tangents(sample: Sample, role: str = "v") -> Hosts:
    """A random tangent for each moving operand."""
    xs = [sample.operands[i] for i in sample.moving]
    return tuple(numbers(f"{sample} {role}{i}", x.shape, x.dtype) for i, x in enumerate(xs))


def inner(us: Sequence[Host], ys: Sequence[Host]) -> float:
    """Re<u, y> over all of a tuple, in double precision."""
    wide = [(_wide(u).ravel(), _wide(y).ravel()) for u, y in zip(us, ys, strict=True)]
    return float(sum(np.vdot(u, y).real for u, y in wide))


def widened(sample: Sample) -> Sample:
    """The same in double precision."""
    return sample._replace(operands=tuple(_wide(x) if isinstance(x, np.ndarray) else x for x in sample.operands))


def complex_of(sample: Sample, ts: Sequence[Host], step: float) -> Sample:
    """The sample at x + i step t."""
    operands = list(sample.operands)
    for i, t in zip(sample.moving, ts, strict=True):
        operands[i] = np.asarray(operands[i] + 1j * step * t)
    return sample._replace(operands=tuple(operands))


def _wide(x: Host) -> Host:
    """In double precision, with the strides it has; integers and truth values stay."""
    if x.dtype.kind not in "fc":
        return x
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64, copy=False)
