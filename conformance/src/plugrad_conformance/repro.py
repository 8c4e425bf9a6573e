"""A failure as a script of its own: its inputs written out, nothing needed but plugrad and the backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plugrad import dtypes, ops
from plugrad.ops import Geometry
from plugrad.testing.samples import Sample

from . import references
from .derivatives import cotangents, tangents
from .deviations import deviates, unsettled
from .records import Case, Check, Disagreement, Host
from .subjects import is_library

__all__ = ["script"]

HEAD = '''\
"""{path} on {subject}. It raises where the backend is wrong, and says nothing where it is right."""

import numpy as np
from numpy import inf, nan

import plugrad as pg
from plugrad import ops
from plugrad.tensor import apply
from plugrad.testing import error_in_eps
from plugrad.testing.samples import invariants


def strided(x):
    return np.stack([x, x], -1)[..., 0]


pg.use_backend({backend!r}, {device!r})
OP = ops.TABLE[{op!r}]{theirs}
PARAMS = {params}
OPERANDS = [{operands}]
MOVING = {moving}  # the operands that have a derivative
U = [{us}]  # cotangents
V = [{vs}]  # tangents
WANTED = {wanted}
KEPT = {kept}  # what is compared
BOUND = {bound}  # eps of max(1, the largest number wanted)


def tensor(x):
    return x if not isinstance(x, np.ndarray) else pg.asarray(x, copy=None if x.flags.forc else False)


def f(*xs):
    given = [tensor(x) for x in OPERANDS]
    for i, x in zip(MOVING, xs):
        given[i] = x
    y = apply(OP, *given, **PARAMS)
    return invariants(OP, y if isinstance(y, tuple) else (y,))


def gradient(*xs):
    return pg.vjp(f, *xs)[1](us)


def slope(*xs):
    return pg.jvp(f, xs, vs)[1]


def inner(us, ys):  # Re<u, y>
    return sum(np.vdot(u.numpy(), y.detach().numpy()).real for u, y in zip(us, ys))


def compare(what, found, wanted):
    for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
        a = a.detach().numpy() if isinstance(a, pg.Tensor) else np.asarray(a)
        b = b.detach().numpy() if isinstance(b, pg.Tensor) else np.asarray(b)
        assert a.shape == b.shape, f"{{what}} {{i}} has shape {{a.shape}}, and should have {{b.shape}}"
        if a.dtype.kind == "c":  # a complex number that is not finite has no direction
            a, b = (np.where(np.isfinite(x), x, nan) for x in (a, b))
        off = error_in_eps(np.where(KEPT, a, 0).astype(a.dtype), np.where(KEPT, b, 0).astype(b.dtype))
        assert off <= BOUND, f"{{what}} {{i}} is {{off:.3g}} eps off:\\n{{a!r}}\\nwant\\n{{b!r}}"


xs, us, vs = (tuple(map(tensor, of)) for of in ([OPERANDS[i] for i in MOVING], U, V))
'''

BODIES: dict[str, str] = {
    "value": 'compare("result", f(*xs), WANTED)\n',
    "vjp": 'compare("cotangent of operand", gradient(*xs), WANTED)\n',
    "walk": """\
leaves = [x.requires_grad_() for x in xs]
compare("gradient of operand", pg.autograd.grad(f(*leaves), leaves, us, materialize_grads=True), WANTED)
""",
    "jvp": 'compare("tangent of result", slope(*xs), WANTED)\n',
    "second": 'compare("H v of operand", pg.vjp(gradient, *xs)[1](vs), WANTED)\n',
    "duality": """\
ts, gs = slope(*xs), gradient(*xs)
size = max(1.0, inner(map(pg.abs, us), map(pg.abs, ts)) + inner(map(pg.abs, gs), map(pg.abs, vs)))
eps = max(np.finfo(x.dtype.name).eps for x in (*us, *gs))
off = abs(inner(us, ts) - inner(gs, vs)) / (eps * size)
assert off <= BOUND, f"Re<u, J v> = {inner(us, ts)}, Re<J^H u, v> = {inner(gs, vs)}: {off:.3g} eps apart"
""",
    "linearity": """\
ws = [u + 1 for u in us]
pull = pg.vjp(f, *xs)[1]
both = pull(tuple(-3 * u + w for u, w in zip(us, ws)))
compare("sum for operand", both, [-3 * g + h for g, h in zip(gradient(*xs), pull(tuple(ws)))])
""",
    "complex_step": """\
h = 1e-20
WANTED = slope(*xs)
for i, v in zip(MOVING, V):
    OPERANDS[i] = np.asarray(OPERANDS[i] + 1j * h * v)
compare("tangent of result", [pg.imag(y) / h for y in f(*[tensor(OPERANDS[i]) for i in MOVING])], WANTED)
""",
    "differences": """\
h = max(np.finfo(x.dtype).eps for x in V) ** (1 / 3)
if OP.name in ("cholesky", "eigh", "eigvalsh"):  # one triangle is read
    V = [(v + v.conj().mT) / 2 for v in V]
    vs = tuple(map(tensor, V))
ahead, behind = (f(*[tensor(np.asarray(OPERANDS[i] + s * v, v.dtype)) for i, v in zip(MOVING, V)]) for s in (h, -h))
compare("tangent of result", slope(*xs), [(a - b) / (2 * h) for a, b in zip(ahead, behind)])
""",
    "nesting": """\
expected = pg.vjp(gradient, *xs)[1](vs)
compare("forward over reverse, operand", pg.jvp(gradient, xs, vs)[1], expected)
compare("reverse over forward, operand", pg.vjp(slope, *xs)[1](us), expected)
ws = tuple(v / 2 + 1 for v in vs)
twice = inner(us, pg.jvp(slope, xs, ws)[1])
compare("forward over forward, Re<u, D2 f>", [twice], [inner(expected, ws)])
""",
    "transposed": """\
back = pg.vjp(lambda *us: pg.vjp(f, *xs)[1](us), *us)[1](vs)
compare("tangent of result", back, slope(*xs))
""",
    "alone": """\
for i, g in enumerate(gradient(*xs)):
    f_i = lambda x: f(*xs[:i], x, *xs[i + 1 :])
    compare(f"with the others held, the cotangent of operand {MOVING[i]},", pg.vjp(f_i, xs[i])[1](us), [g])
    ts = pg.jvp(f_i, (xs[i],), (vs[i],))[1]
    total = ts if i == 0 else tuple(a + b for a, b in zip(total, ts))
compare("sum of the tangents of result", total, slope(*xs))
""",
}

BY_KIT = '''\
"""{path} on {subject}."""

from plugrad_conformance.questions import questions
from plugrad_conformance.runner import ask
from plugrad_conformance.subjects import find

for check in questions({family!r}, {op!r}):
    for case in check.cases():
        if (check.name, case.name) == ({check!r}, {case!r}):
            result = ask(find({subject!r}), check, case)
            assert result.outcome.ok, result.message
'''


def script(subject: str, check: Check, case: Case) -> str:
    """A program that shows one failure alone.

    Parameters
    ----------
    subject : str
        Who was asked.
    check : Check
    case : Case
        What: with a sample, on a backend of plugrad, all of it is written out. Else the kit is asked once more.

    Examples
    --------
    >>> from plugrad_conformance.gradients import CHECKS
    >>> check = CHECKS[0]
    >>> case = next(iter(check.cases()))
    >>> exec(script("numpy", check, case))
    """
    path = f"{check.family}/{check.name}/{case.name}"
    if case.sample is None or check.name not in BODIES or is_library(subject):
        return BY_KIT.format(
            path=path, subject=subject, family=check.family, op=case.op, check=check.name, case=case.name
        )
    return _head(path, subject, check, case, case.sample) + "\n" + BODIES[check.name]


def _head(path: str, subject: str, check: Check, case: Case, sample: Sample) -> str:
    backend, _, device = subject.partition(":")
    try:
        reference = references.of(sample)
    except Disagreement:  # there is none; the case says so by itself
        reference = None
    part = {"walk": "vjp"}.get(check.name, check.name)
    wanted = reference.parts.get(part, ()) if reference else ()
    ignored = {"value": unsettled, "vjp": deviates}[part](sample) if sample.boundary else np.False_
    return HEAD.format(
        path=path,
        subject=subject,
        backend=backend,
        device=device or None,
        op=sample.op.name,
        theirs="  # whose module has to be imported first" if sample.op in ops.EXTENSIONS else "",
        params=_literal(sample.params),
        operands=_arrays(sample.operands),
        moving=sample.moving,
        us=_arrays(cotangents(sample, reference.results) if reference else ()),
        vs=_arrays(tangents(sample)),
        wanted=f"[{_arrays(wanted)}]",
        kept=_literal(~ignored),
        bound=case.bound,
    )


def _arrays(xs: Sequence[Any]) -> str:
    return ", ".join(map(_literal, xs))


def _literal(x: Any) -> str:
    """What evaluates to it in the script."""
    if isinstance(x, np.ndarray | np.generic):
        return _array(np.asarray(x))
    if isinstance(x, dtypes.DType):
        return f"pg.{x.name}"
    if isinstance(x, Geometry):
        return f"ops.{x!r}"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{key!r}: {_literal(value)}" for key, value in x.items()) + "}"
    return repr(x)


def _array(x: Host) -> str:
    """With all digits; a complex one as pairs, for nan+infj is no literal."""
    flat = np.ascontiguousarray(x).reshape(-1)
    if x.dtype.kind == "c":
        text = f"np.array({flat.view(flat.real.dtype).tolist()}, {flat.real.dtype.name!r}).view({x.dtype.name!r})"
    else:
        text = f"np.array({flat.tolist()}, {x.dtype.name!r})"
    text = text if x.ndim == 1 else f"{text}.reshape({x.shape})"
    return text if x.flags.forc else f"strided({text})"
