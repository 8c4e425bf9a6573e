"""Which questions there are, and a choice of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from plugrad.ops import Op

from . import families, gradients, references
from .records import Case, Check, Disagreement, Outcome, Subject

__all__ = ["ALL", "FAMILIES", "LIVE", "brief", "parameters", "questions"]


def _drift(case: Case, subject: Subject) -> float:
    """The installed torch answers what is frozen; whoever is asked has no part in it."""
    assert case.sample is not None
    off = references.drift(case.sample)
    if not off <= case.bound:
        raise Disagreement(f"torch is {off:.3g} eps from what it said when it was frozen", off)
    return off


def _drifting() -> Iterator[Case]:
    return (Case(s.op.name, str(s), s, "float64", 128.0) for s in references.everything())


LIVE = Check("references", "drift", 2, Outcome.FAIL_FAMILY, _drifting, _drift)
ALL: tuple[Check, ...] = (*gradients.CHECKS, *families.ALL)
FAMILIES = tuple(dict.fromkeys(check.family for check in ALL))


def questions(
    family: str = "*", op: str = "*", live: bool = False, primitives: Sequence[Op] | None = None
) -> tuple[Check, ...]:
    """The checks that are asked for.

    Parameters
    ----------
    family, op : str
        Patterns as in fnmatch. Of a family that is not about operations, `op` is what it is about.
    live : bool
        Whether the frozen references are compared with the torch that is installed, too.
    primitives : sequence of Op, optional
        Only these, which somebody registered with samples, and of them only values and derivatives.

    Examples
    --------
    >>> [check.name for check in questions("gradients", "tanh")][:3]
    ['value', 'vjp', 'walk']
    """
    asked = ALL if primitives is None else gradients.checks(primitives)
    if live:
        asked = (*asked, LIVE)
    fit = [check for check in asked if fnmatchcase(check.family, family)]
    return tuple(fit if op == "*" else [check._replace(cases=partial(_fitting, check, op)) for check in fit])


def _fitting(check: Check, op: str) -> Iterable[Case]:
    return (case for case in check.cases() if fnmatchcase(case.op, op))


def brief(checks: Iterable[Check]) -> list[Check]:
    """The same questions, of each operation about its first case alone: for subjects that are slow.

    Examples
    --------
    >>> (check,) = brief(check for check in questions("gradients", "tanh") if check.name == "value")
    >>> [case.name for case in check.cases()]
    ['tanh-rectangular']
    """
    return [check._replace(cases=partial(_firsts, check)) for check in checks]


def _firsts(check: Check) -> Iterator[Case]:
    seen = set()
    for case in check.cases():
        if case.sample is None or case.op not in seen:
            seen.add(case.op)
            yield case


def parameters(checks: Iterable[Check]) -> list[Any]:
    """A parameter for pytest for each case of the checks, (check, case), named by it."""
    import pytest  # here, for nobody else needs it

    return [
        pytest.param((check, case), id=f"{check.family}-{check.name}-{case.name}")
        for check in checks
        for case in check.cases()
    ]
