"""Scripts of failures: they raise where the backend is wrong, and say nothing where it is right."""

from __future__ import annotations

import subprocess
import sys

import pytest

from plugrad_conformance import repro
from plugrad_conformance.questions import questions
from plugrad_conformance.records import Case, Check
from plugrad_conformance.tolerances import allowed

BREAK = """
from plugrad import ops
from plugrad.backends import current

OP = ops.{op}
OP.pulls, OP.complex_pulls  # made now, not over what follows
{how}
"""
KERNEL = "current.table({backend!r})[OP] = lambda x: x * x.dtype.type(3) if hasattr(x.dtype, 'type') else x * 3"
PULL = "OP.pulls = (lambda xp, ct, y, args, params, edge: ct * y * 1.01 + 0.01,)"
PUSH = "OP.push = lambda y, args, tangents, params: tangents[0] * y * 1.01"
LAZY = """
from plugrad.tensor import Tensor
still = lambda y: y.detach() if type(y) is Tensor else y
OP.pulls = (lambda xp, ct, y, args, params, edge: ct * still(y),)
"""
LAZY_PUSH = LAZY + "OP.push = lambda y, args, tangents, params: tangents[0] * y"
NATIVE = "current.table({backend!r}).pulls[OP] = (lambda xp, ct, y, args, params, edge: ct * y * 1.01,)"


def _case(check: str, name: str) -> tuple[Check, Case]:
    op = name.partition("-")[0]
    asked = next(c for c in questions("gradients", op) if c.name == check)
    return asked, next(case for case in asked.cases() if case.name == name)


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, check=False)


def _script(subject: str, check: str, name: str) -> str:
    asked, case = _case(check, name)
    return repro.script(subject, asked, allowed(case, asked, subject))


@pytest.mark.parametrize(
    "check, name, how",
    [
        ("value", "exp-rectangular", KERNEL),
        ("vjp", "exp-rectangular-complex128", PULL.replace("pulls", "complex_pulls")),
        ("walk", "exp-strided", NATIVE),
        ("jvp", "exp-0-d", PUSH),
        ("second", "exp-rectangular", LAZY),
        ("duality", "exp-high-rank", PUSH),
        ("linearity", "exp-rectangular", PULL),
        ("complex_step", "exp-rectangular", PUSH),
        ("differences", "exp-rectangular-float32", PUSH),
        ("nesting", "exp-rectangular", LAZY_PUSH),
        ("transposed", "exp-rectangular", PUSH),
    ],
)
def test_a_script_fails_where_the_backend_does_and_nowhere_else(check: str, name: str, how: str) -> None:
    script = _script("numpy", check, name)
    assert "plugrad_conformance" not in script
    right = _run(script)
    assert (right.returncode, right.stdout, right.stderr) == (0, "", "")
    wrong = _run(BREAK.format(op="EXP", how=how.format(backend="numpy")) + script.partition('"""\n')[2])
    assert wrong.returncode == 1
    assert "AssertionError" in wrong.stderr


EVERY = {
    "torch": ("divide-rectangular", "conv-stride-and-padding", "getitem-backwards", "astype-to-float32"),
    "strict:device1": ("where-rectangular", "clip-edges", "reciprocal-complex-edges", "gather-rows", "concat-rows"),
    "numpy": ("vector_norm-all", "eigh-stack", "vector_norm-zeros,-of-order-2", "einsum-matrices", "put-scalar"),
}


@pytest.mark.parametrize("subject", EVERY)
def test_scripts_of_all_kinds_of_operands_and_parameters(subject: str) -> None:
    """One process for all: each is a program of its own."""
    programs = []
    for check in questions("gradients"):
        programs += [repro.script(subject, check, case) for case in check.cases() if case.name in EVERY[subject]]
    assert len(programs) > 20
    done = _run("\n".join(f"exec({program!r}, {{}})" for program in programs))
    assert done.returncode == 0, done.stderr


def test_every_question_about_derivatives_has_a_script() -> None:
    assert {check.name for check in questions("gradients")} == repro.BODIES.keys()


def test_of_other_families_the_kit_is_asked_again() -> None:
    check = next(check for check in questions("errors") if check.name == "calls")
    case = next(case for case in check.cases() if case.name == "shapes that do not broadcast")
    script = repro.script("numpy", check, case)
    assert _run(script).returncode == 0
    assert "AssertionError: it gives" in _run(ADDS + script).stderr


ADDS = """
from plugrad.backends import current
from plugrad import ops
current.table("numpy")[ops.ADD] = lambda x, y: x
"""
