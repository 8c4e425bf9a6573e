"""Where a library says two things of one derivative: all its answers at ties, zeros and ends of domains, by machine.

At each such point the derivative is asked for in both modes, and the second one in all four nestings, one operand at a
time, the others held: a tangent of 0 times an infinite slope would only hide what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from plugrad.testing.samples import Sample

from ..derivatives import Point, point, tangents
from ..records import Host, Subject, Unsupported
from ..references import everything

__all__ = ["Split", "answers", "boundary", "same", "splits"]

FIRST, SECOND = ("reverse", "forward"), ("rr", "fr", "rf", "ff")  # fr: forward over reverse
Answers = dict[str, Host]


class Split(NamedTuple):
    """Two answers to one question."""

    who: str
    op: str
    sample: str
    operand: int  # by which is differentiated
    one: str
    other: str
    at: str  # where, and the two numbers, the first few


def boundary() -> Iterator[Sample]:
    """The samples at ties and ends, but for those whose infinities meet the zeros of a Jacobian's directions."""
    for sample in everything():
        if sample.boundary and sample.moving and ("infinit" not in sample.name or elementwise(sample)):
            yield sample


def elementwise(sample: Sample) -> bool:
    """Whether the operands are points in a row."""
    return all(x.ndim == 1 for x in sample.operands if isinstance(x, np.ndarray))


def answers(subject: Subject, sample: Sample, operand: int) -> Answers:
    """What a subject says, a number for each element; nothing where it has no such derivative."""
    with np.errstate(all="ignore"):
        at = point(subject, sample, vs=tangents(sample)).alone(operand)
        y = at.value()[0]
        x = subject.host(at.xs[0])
        if not elementwise(sample):
            return _asked(FIRST, {"reverse": lambda: _rows(at, y), "forward": lambda: _columns(at, x)})
        if "c" in (x.dtype.kind, y.dtype.kind):
            return _asked(FIRST, {"reverse": lambda: _turned(at, y, x), "forward": lambda: _pushed(at, y, x)})
        at = at._replace(us=(subject.array(np.ones_like(y)),), vs=(subject.array(np.ones_like(x)),))
        return _asked((*FIRST, *SECOND), {
            "reverse": lambda: at.vjp()[0],
            "forward": lambda: at.jvp()[0],
            "rr": lambda: at.second()[0],
            "fr": lambda: subject.host(subject.jvp(at.gradient, at.xs, at.vs)[1][0]),
            "rf": lambda: subject.host(subject.vjp(at.slope, at.xs, at.us)[1][0]),
            "ff": lambda: subject.host(subject.jvp(at.slope, at.xs, at.vs)[1][0]),
        })  # fmt: skip


def _asked(modes: tuple[str, ...], ask: dict[str, Callable[[], Host]]) -> Answers:
    found = {}
    for mode in modes:
        try:
            found[mode] = ask[mode]()
        except (Unsupported, np.linalg.LinAlgError):
            continue
        except (RuntimeError, TypeError, ValueError, ArithmeticError):
            continue
    return found


def _basis(x: Host) -> Iterator[Host]:
    return (b.reshape(x.shape).astype(x.dtype) for b in np.eye(x.size))


def _rows(at: Point, y: Host) -> Host:
    return np.array([at._replace(us=(at.subject.array(b),)).vjp()[0].ravel() for b in _basis(y)])


def _columns(at: Point, x: Host) -> Host:
    return np.array([at._replace(vs=(at.subject.array(b),)).jvp()[0].ravel() for b in _basis(x)]).T


def _turns(x: Host) -> list[Host]:
    """The directions of the real and, of a complex number, of the imaginary axis."""
    return [np.ones_like(x), *([np.full_like(x, 1j)] if x.dtype.kind == "c" else [])]


def _parts(x: Host) -> list[Host]:
    return [x.real, x.imag] if x.dtype.kind == "c" else [x]


def _turned(at: Point, y: Host, x: Host) -> Host:
    """The real Jacobian of each element: rows by reverse mode."""
    return np.array([_parts(at._replace(us=(at.subject.array(u),)).vjp()[0]) for u in _turns(y)])


def _pushed(at: Point, y: Host, x: Host) -> Host:
    """The same: columns by forward mode."""
    return np.array([_parts(at._replace(vs=(at.subject.array(v),)).jvp()[0]) for v in _turns(x)]).swapaxes(0, 1)


def same(a: Host, b: Host) -> Any:
    """Where two answers are one, rounding aside."""
    near = np.abs(a - b) <= 1e-6 * np.maximum(1.0, np.abs(b))
    return np.where(np.isfinite(a) & np.isfinite(b), near, (a == b) | (np.isnan(a) & np.isnan(b)))


def splits(who: str, sample: Sample, operand: int, said: Answers) -> Iterator[Split]:
    """The pairs of its answers that differ somewhere, where no operand is NaN."""
    for one, other in [*combinations(FIRST, 2), *combinations(SECOND, 2)]:
        if one in said and other in said:
            yield from between(who, sample, operand, (one, said[one]), (other, said[other]))


def between(who: str, sample: Sample, operand: int, a: tuple[str, Host], b: tuple[str, Host]) -> Iterator[Split]:
    """What two answers differ in."""
    with np.errstate(all="ignore"):
        apart = ~same(a[1], b[1])
    if elementwise(sample):
        inexact = [x for x in sample.operands if x.dtype.kind in "fc"]
        apart &= ~np.any([np.isnan(x) for x in inexact], axis=0)
    if apart.any():
        where = "; ".join(_told(sample, place, a[1], b[1]) for place in np.argwhere(apart)[:8])
        yield Split(who, sample.op.name, str(sample), operand, a[0], b[0], f"{int(apart.sum())}: {where}")


def _told(sample: Sample, place: Host, a: Host, b: Host) -> str:
    at = tuple(place)
    point = [x[at[-1]].item() for x in sample.operands] if elementwise(sample) else [int(i) for i in at]
    return f"{', '.join(map(str, point))}: {a[at]:.6g} {b[at]:.6g}"
