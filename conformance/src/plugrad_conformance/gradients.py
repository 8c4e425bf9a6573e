"""The family "gradients": values and derivatives against frozen references, and oracles that need none.

torch is wrong in places, and whoever reads its results may be wrong about them. So derivatives are also asked whether
they agree with each other (the two modes, the four nestings, one cotangent with the sum of two) and with the function
itself (a complex step, central differences).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from plugrad import ops
from plugrad.ops import Op
from plugrad.testing.samples import SPECS, UNSAMPLED, Sample, samples
from plugrad.testing.tolerances import eps_of, error_in_eps

from . import references
from .derivatives import Hosts, Point, complex_of, cotangents, inner, point, tangents, values
from .deviations import deviates, unsettled
from .records import Case, Check, Disagreement, Host, Outcome, Subject, Unsupported
from .tolerances import law

__all__ = ["CHECKS", "NOT_ANALYTIC", "checks"]

# ---------------------------------------------------------------------------------------------- against the references


def value(case: Case, subject: Subject) -> float:
    """The result has the reference's shape, dtype and numbers."""
    sample = _sample(case)
    reference = references.of(sample)
    found, wanted = values(subject, sample), reference.parts["value"]
    if sample.boundary:
        found, wanted = (_compared(arrays, unsettled(sample)) for arrays in (found, wanted))
    return _agree("the result", found, wanted, reference.dtypes, case)


def vjp(case: Case, subject: Subject) -> float:
    """Random cotangents come back as torch takes them back."""
    return _against(case, subject, "vjp", lambda at: at.vjp())


def walk(case: Case, subject: Any) -> float:
    """The same by another way, that ``backward`` takes: raw rules and native pulls."""
    if not hasattr(subject, "walk"):
        raise Unsupported(f"{subject.name} has one way to take cotangents back")
    return _against(case, subject, "vjp", lambda at: at.hosts(subject.walk(at.f, at.xs, at.us)))


def jvp(case: Case, subject: Subject) -> float:
    """Random tangents go forward as torch takes them."""
    return _against(case, subject, "jvp", lambda at: at.jvp())


def second(case: Case, subject: Subject) -> float:
    """The second derivative along a random direction is torch's."""
    return _against(case, subject, "second", lambda at: at.second())


def _against(case: Case, subject: Subject, part: str, ask: Callable[[Point], Hosts]) -> float:
    sample = _sample(case)
    reference = references.of(sample)
    found, wanted = ask(_point(subject, sample)), reference.parts[part]
    dtypes = reference.dtypes if part == "jvp" else [sample.operands[i].dtype.name for i in sample.moving]
    if sample.boundary:
        found, wanted = (_compared(arrays, deviates(sample)) for arrays in (found, wanted))
    return _agree(_WORDS[part], found, wanted, dtypes, case)


_WORDS = {"vjp": "the cotangent of operand", "jvp": "the tangent of result", "second": "H v of operand"}


def _compared(arrays: Hosts, ignored: Any) -> Hosts:
    """Without what is not compared; a complex number that is not finite has no direction."""
    shown = [np.where(ignored, x.dtype.type(0), x) for x in arrays]
    return tuple(np.where(np.isfinite(x), x, x.dtype.type(np.nan)) if x.dtype.kind == "c" else x for x in shown)


def _agree(what: str, found: Sequence[Host], wanted: Sequence[Host], dtypes: Sequence[str], case: Case) -> float:
    """The largest error in eps; Disagreement beyond the bound, or with another number, shape or dtype."""
    if len(found) != len(wanted):
        raise Disagreement(f"{len(found)} arrays came out, and there should be {len(wanted)}")
    worst = 0.0
    for i, (a, b, dtype) in enumerate(zip(found, wanted, dtypes, strict=True)):
        name = f"{what} {i}" if what in _WORDS.values() or len(wanted) > 1 else what
        if (a.shape, a.dtype.name) != (b.shape, dtype):
            raise Disagreement(f"{name} has shape {a.shape} and dtype {a.dtype}, and should have {b.shape} and {dtype}")
        off = error_in_eps(a, b)
        if not off <= case.bound:
            raise Disagreement(
                f"{name} is {off:.3g} eps from the reference, and {case.bound:.3g} pass: {a!r:.300}, want {b!r:.300}",
                off,
            )
        worst = max(worst, off)
    return worst


# -------------------------------------------------------------------------------------------------- oracles without one


def duality(case: Case, subject: Subject) -> float:
    """Re<u, J v> = Re<J^H u, v>: the two modes say the same."""
    at = _point(subject, _sample(case))
    us, ts, gs, vs = at.hosts(at.us), at.jvp(), at.vjp(), at.hosts(at.vs)
    return _same("forward", inner(us, ts), "reverse", inner(gs, vs), _size(us, ts) + _size(gs, vs), (us, gs), case)


def linearity(case: Case, subject: Subject) -> float:
    """What comes back of -3 u + w is -3 of what comes back of u and one of what comes back of w."""
    sample = _sample(case)
    at, reference = _point(subject, sample), references.of(sample)
    us, ws = (cotangents(sample, reference.results, role) for role in "uw")
    both = tuple(np.asarray(-3 * u + w, u.dtype) for u, w in zip(us, ws, strict=True))
    of = [at._replace(us=tuple(map(subject.array, cts))).vjp() for cts in (both, us, ws)]
    apart = [-3 * u.astype(np.result_type(u, np.float64)) + w for _, u, w in zip(*of, strict=True)]
    return _agree("the sum", of[0], apart, [g.dtype.name for g in of[0]], case)


def complex_step(case: Case, subject: Subject) -> float:
    """Im f(x + i h v) / h, where nothing cancels (Squire and Trapp, SIAM Review 40, 1998), is the tangent."""
    sample, vs = _sample(case), tangents(_sample(case))
    found = values(subject, complex_of(sample, vs, _STEP))
    forward = point(subject, sample, vs=vs).jvp()
    return _agree("the tangent", forward, [y.imag / _STEP for y in found], [t.dtype.name for t in forward], case)


_STEP = 1e-20


def differences(case: Case, subject: Subject) -> float:
    """(f(x + h v) - f(x - h v)) / 2h is the tangent, as far as differences go."""
    sample = _sample(case)
    vs = _hermitian(tangents(sample)) if sample.op in _OF_ONE_TRIANGLE else tangents(sample)
    at = point(subject, sample, vs=vs)
    ys, ts = at.value(), at.jvp()
    eps = max(eps_of(x.dtype) for x in (*vs, *ys))
    h = eps ** (1 / 3)
    ahead, behind = (
        at.hosts(
            at.f(*(subject.array(np.asarray(sample.operands[i] + step * v, v.dtype)) for i, v in _moves(sample, vs)))
        )
        for step in (h, -h)
    )
    worst = 0.0
    for t, a, b, y in zip(ts, ahead, behind, ys, strict=True):
        size = max(1.0, _largest(t), _largest(y))
        off = _largest(t - (a - b) / (2 * h)) / (eps * size)
        worst = max(worst, off if np.isfinite(off) else np.inf)
    return _within("the tangent from central differences", worst, case)


def nesting(case: Case, subject: Subject) -> float:
    """Forward over reverse, reverse over forward and forward over forward give what reverse over reverse gives."""
    at, ws = _point(subject, _sample(case)), tangents(_sample(case), "w")
    expected = at.second()
    dtypes = [g.dtype.name for g in expected]
    over_reverse = at.hosts(subject.jvp(at.gradient, at.xs, at.vs)[1])
    worst = _agree("forward over reverse", over_reverse, expected, dtypes, case)
    over_forward = at.hosts(subject.vjp(at.slope, at.xs, at.us)[1])
    worst = max(worst, _agree("reverse over forward", over_forward, expected, dtypes, case))
    tensors = tuple(map(subject.array, ws))
    twice, us = at.hosts(subject.jvp(at.slope, at.xs, tensors)[1]), at.hosts(at.us)
    size = _size(us, twice) + _size(expected, ws)
    pair = ("forward over forward", inner(us, twice), "reverse over reverse", inner(expected, ws))
    return max(worst, _same(*pair, size, (us, ws), case))


def transposed(case: Case, subject: Subject) -> float:
    """J takes back what J^H gives of a cotangent: derivatives flow through cotangents, too."""
    at = _point(subject, _sample(case))
    found = subject.vjp(lambda *us: subject.vjp(at.f, at.xs, us)[1], at.us, at.vs)[1]
    forward = at.jvp()
    return _agree(_WORDS["jvp"], at.hosts(found), forward, [t.dtype.name for t in forward], case)


def alone(case: Case, subject: Subject) -> float:
    """With the others held, an operand has the cotangent that it has beside them, and the tangents add up."""
    at = _point(subject, _sample(case))
    each = [at.alone(i) for i in range(len(at.xs))]
    cts, forward = at.vjp(), at.jvp()
    worst = _agree(_WORDS["vjp"], [g for one in each for g in one.vjp()], cts, [g.dtype.name for g in cts], case)
    parts, last = [one.jvp() for one in each[:-1]], each[-1].jvp()
    rest = [t - sum(those, np.zeros_like(t)) for t, *those in zip(forward, *parts, strict=True)]
    return max(worst, _agree(_WORDS["jvp"], last, rest, [t.dtype.name for t in forward], case))


def _same(one: str, a: float, other: str, b: float, size: float, of: tuple[Hosts, ...], case: Case) -> float:
    """How many eps two scalar products are apart."""
    eps = max(eps_of(x.dtype) for arrays in of for x in arrays)
    off = abs(a - b) / (eps * max(1.0, size))
    return _within(f"{one} mode says {a:.17g}, {other} mode {b:.17g}, which", off, case)


def _within(what: str, off: float, case: Case) -> float:
    if not off <= case.bound:
        raise Disagreement(f"{what} is {off:.3g} eps off, and {case.bound:.3g} pass", off)
    return off


def _size(us: Sequence[Host], ys: Sequence[Host]) -> float:
    """The sum of |u| |y|: what the rounding of <u, y> is measured by."""
    return inner([np.abs(u) for u in us], [np.abs(y) for y in ys])


def _largest(x: Host) -> float:
    return float(np.max(np.abs(x), initial=0))


_OF_ONE_TRIANGLE = (ops.CHOLESKY, ops.EIGH, ops.EIGVALSH)  # one triangle is read, and the tangent taken for Hermitian


def _hermitian(vs: Hosts) -> Hosts:
    return tuple((v + v.conj().mT) / 2 for v in vs)


def _moves(sample: Sample, vs: Hosts) -> Iterator[tuple[int, Host]]:
    return zip(sample.moving, vs, strict=True)


def _point(subject: Subject, sample: Sample) -> Point:
    """Where all are asked, along the directions that the reference was frozen for."""
    return point(subject, sample, cotangents(sample, references.of(sample).results), tangents(sample))


def _sample(case: Case) -> Sample:
    assert case.sample is not None
    return case.sample


# ------------------------------------------------------------------------------------------------------------ the cases

Kind = Callable[[Sample], bool]


def cases(check: str, kind: Kind, primitives: Sequence[Op] | None = None) -> Iterator[Case]:
    """All samples of a kind as cases: of the primitives that are named, or of plugrad's own."""
    own = [op for op in ops.TABLE.values() if op not in ops.EXTENSIONS and op not in UNSAMPLED]
    for op in own if primitives is None else primitives:
        yield from (_case(check, sample) for sample in _samples(op) if kind(sample))


@cache
def _samples(op: Op) -> list[Sample]:
    return samples(op)


def _case(check: str, sample: Sample) -> Case:
    dtypes = {x.dtype.name: x.dtype for x in sample.operands if isinstance(x, np.ndarray)}
    inexact = [d for d in dtypes.values() if d.kind in "fc"]
    meet = np.result_type(*inexact) if inexact else next(iter(dtypes.values()))
    return Case(sample.op.name, str(sample), sample, meet.name, law(check, sample), frozenset(dtypes))


def _has(part: str) -> Kind:
    return lambda sample: references.has(sample, part)


def _smooth(sample: Sample) -> bool:
    """With a derivative, away from boundaries."""
    return bool(sample.moving) and not sample.boundary


def _smooth_double(sample: Sample) -> bool:
    """The same, in double precision: these are about what flows where."""
    return _smooth(sample) and all(sample.operands[i].dtype.name in ("float64", "complex128") for i in sample.moving)


def _several(sample: Sample) -> bool:
    """The same, of several operands."""
    return _smooth_double(sample) and len(sample.moving) > 1


def _analytic(sample: Sample) -> bool:
    """Where a complex step can be taken: a complex function, in double precision, that is its own continuation."""
    of_double = all(sample.operands[i].dtype == np.float64 for i in sample.moving)
    real = of_double and complex not in map(type, sample.operands)
    return _smooth(sample) and real and sample.op in _CONTINUED and sample.op not in NOT_ANALYTIC


_CONTINUED = {op for op, spec in SPECS.items() if "f" in spec.kinds and "c" in spec.kinds}
NOT_ANALYTIC: dict[Op, str] = {
    ops.ABS: "of z and its conjugate",
    ops.ANGLE: "of z and its conjugate",
    ops.ASTYPE: "a cast to a real dtype drops the step",
    ops.CHOLESKY: "of z and its conjugate",
    ops.CONJ: "of the conjugate",
    ops.EIG: "what is compared of the vectors has conjugates",
    ops.EIGH: "of z and its conjugate",
    ops.EIGVALSH: "of z and its conjugate",
    ops.IMAG: "of z and its conjugate",
    ops.PINV: "of z and its conjugate",
    ops.QR: "of z and its conjugate",
    ops.REAL: "of z and its conjugate",
    ops.SIGN: "of z and its conjugate",
    ops.SLOGDET: "of z and its conjugate",
    ops.STD: "of z and its conjugate",
    ops.SVD: "of z and its conjugate",
    ops.SVDVALS: "of z and its conjugate",
    ops.VAR: "of z and its conjugate",
    ops.VECTOR_NORM: "of z and its conjugate",
}

_Run = Callable[[Case, Any], float]
_QUESTIONS: tuple[tuple[_Run, int, Outcome, Kind], ...] = (
    (value, 0, Outcome.FAIL_VALUE, _has("value")),
    (vjp, 1, Outcome.FAIL_VJP, _has("vjp")),
    (walk, 1, Outcome.FAIL_VJP, _has("vjp")),
    (jvp, 1, Outcome.FAIL_JVP, _has("jvp")),
    (second, 2, Outcome.FAIL_SECOND, _has("second")),
    (duality, 1, Outcome.FAIL_ORACLE, _smooth),
    (linearity, 1, Outcome.FAIL_ORACLE, _smooth),
    (complex_step, 1, Outcome.FAIL_ORACLE, _analytic),
    (differences, 1, Outcome.FAIL_ORACLE, _smooth),
    (nesting, 2, Outcome.FAIL_ORACLE, _smooth),
    (transposed, 2, Outcome.FAIL_ORACLE, _smooth_double),
    (alone, 1, Outcome.FAIL_ORACLE, _several),
)


def checks(primitives: Sequence[Op] | None = None) -> tuple[Check, ...]:
    """The questions, about some primitives or all of plugrad's own."""
    return tuple(
        Check("gradients", run.__name__, order, failure, partial(cases, run.__name__, kind, primitives), run)
        for run, order, failure, kind in _QUESTIONS
    )


CHECKS = checks()
