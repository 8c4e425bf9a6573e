"""A saboteur at work: which check is the first to notice it, and whether it is the harm that is noticed."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np

from plugrad.errors import PlugradError

from .. import families, gradients
from ..records import Case, Check, NoHardware, Result, Subject
from ..runner import ask
from ..subjects import find
from .places import patched
from .records import Saboteur

__all__ = ["Trial", "tried"]


class Trial(NamedTuple):
    """What came out."""

    name: str
    kind: str
    subject: str
    check: str  # FAMILY/CHECK of the case that failed first; empty if none did
    others: tuple[str, ...]  # the other checks that fail, where all were asked
    case: str
    message: str
    asked: int  # cases until then
    objection: str  # why a failure is no kill
    missing: str  # why the subject cannot be asked here
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether a check noticed it, and rightly."""
        return bool(self.check) and not self.objection


def tried(saboteur: Saboteur, thorough: bool = False) -> Trial:
    """Ask the kit about a sabotaged subject until a case fails; then the same without the harm, which must pass.

    Parameters
    ----------
    saboteur : Saboteur
        One of `plugrad_conformance.saboteurs.ALL`.
    thorough : bool
        Ask the other checks, too, each until a case fails.

    Returns
    -------
    Trial
        A failure counts as a kill if the case passes with nothing changed, and under the control: the same hand at the
        same places, doing nothing. An error of Python's counts only where it is what a user would see.
    """
    start, subject, asked = time.perf_counter(), find(saboteur.subject), 0
    said = Trial(saboteur.name, saboteur.kind, saboteur.subject, "", (), "", "", 0, "", "", 0.0)
    try:
        subject.versions()
    except (NoHardware, PlugradError) as error:
        return said._replace(missing=str(error))
    with _at_work(saboteur):
        failures = []
        for check, cases in _checks(saboteur):
            for case in cases:
                result, asked = _ask(subject, check, case), asked + 1
                if not result.outcome.ok:
                    failures.append((check, case, result))
                    break
            if failures and not thorough:
                break
    if failures:
        first, *others = failures
        said = said._replace(
            check=_path(first[0]),
            others=tuple(_path(check) for check, *_ in others),
            case=first[1].name,
            message=first[2].message,
            objection=_objection(saboteur, subject, *first),
        )
    return said._replace(asked=asked, seconds=time.perf_counter() - start)


def _path(check: Check) -> str:
    return f"{check.family}/{check.name}"


def _checks(saboteur: Saboteur) -> Iterator[tuple[Check, list[Case]]]:
    """Those that it names, with the cases of its primitives and those that are about none."""
    about = {op.name for op in saboteur.ops}
    checks = (*gradients.checks(saboteur.ops), *families.ALL)
    for pattern in saboteur.asks:
        for check in checks:
            if fnmatchcase(_path(check), pattern):
                yield check, [case for case in check.cases() if case.op in about or case.op == check.family]


def _ask(subject: Subject, check: Check, case: Case) -> Result:
    """In a context of its own: what a saboteur leaves switched on ends with the case."""
    return copy_context().run(ask, subject, check, case)


def _objection(saboteur: Saboteur, subject: Subject, check: Check, case: Case, result: Result) -> str:
    """Why a failure is no kill, if so."""
    if clean := _clean(subject, check, case):
        return f"with nothing changed the check fails too: {clean}"
    with _at_work(saboteur, control=True):
        again = _ask(subject, check, case)
    if not again.outcome.ok:
        return f"under the control the check fails too: {again.message}"
    if not saboteur.raises and (error := _PYTHONS.search(result.message)):
        return f"it is the hand that is noticed, not the harm: {error[0]}"
    if check.family == "gradients" and saboteur.order not in (None, check.order):
        return f"it should be right below order {saboteur.order}, and is wrong at order {check.order}"
    return ""


_PYTHONS = re.compile(r"\b(Type|Attribute|Name|Key|UnboundLocal|Recursion|ZeroDivision)Error: .*")
_CLEAN: dict[tuple[str, ...], str] = {}


def _clean(subject: Subject, check: Check, case: Case) -> str:
    """What is wrong where nothing is changed; asked once."""
    key = (subject.name, check.family, check.name, case.name)
    if key not in _CLEAN:
        with _at_work(None):
            result = _ask(subject, check, case)
        _CLEAN[key] = "" if result.outcome.ok else result.message or result.outcome
    return _CLEAN[key]


@contextmanager
def _at_work(saboteur: Saboteur | None, control: bool = False) -> Iterator[None]:
    """The changes, or the controls, or nothing; what the kit has learnt of a subject does not stay."""
    _forget()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            with patched(saboteur.changes if saboteur else (), control):
                yield
        finally:
            _forget()


def _forget() -> None:
    """Which samples a backend does not compute, and how its plugin behaves."""
    families.asking._refusal.cache_clear()
    families.hygiene.report.cache_clear()
