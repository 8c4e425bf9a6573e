"""Asks a subject the questions: in this process, or in others, which may die or hang."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from . import repro
from .expected import Line, judged
from .isolation import Job, isolated
from .records import Case, Check, Disagreement, NoHardware, Outcome, Result, Subject, Unsupported
from .tolerances import allowed

__all__ = ["Job", "ask", "isolated", "run"]


def run(subject: Subject, checks: Iterable[Check], expected: Sequence[Line] = ()) -> Iterator[Result]:
    """Ask all cases of the checks, one after the other, in this process.

    Parameters
    ----------
    subject : Subject
        Who is asked; see `plugrad_conformance.subjects.find`.
    checks : iterable of Check
        Which questions; see `plugrad_conformance.questions`.
    expected : sequence of Line
        Failures that are expected; see `plugrad_conformance.expected`.

    Yields
    ------
    Result
        One a case, as it comes out. Nothing is raised: what a case raises is its result.
    """
    for check in checks:
        for case in check.cases():
            yield judged(ask(subject, check, case), expected)


def ask(subject: Subject, check: Check, case: Case) -> Result:
    """One question about one case."""
    start, eps, message, script = time.perf_counter(), None, "", ""
    case, versions = allowed(case, check, subject.name), {}
    try:
        versions = subject.versions()
        with _in_silence(), _watched(subject, check) as way:
            eps = check.run(case, subject)
            outcome = way()
    except Exception as error:
        outcome, message = _verdict(check, error), _words(error)
        eps = error.eps if isinstance(error, Disagreement) else None
        script = "" if outcome.ok else repro.script(subject.name, check, case)
    return Result(
        subject=subject.name,
        family=check.family,
        check=check.name,
        op=case.op,
        case=case.name,
        order=check.order,
        dtype=case.dtype,
        outcome=outcome,
        eps=eps,
        bound=case.bound or None,
        message=message,
        seconds=time.perf_counter() - start,
        repro=script,
        versions=versions,
    )


@contextmanager
def _in_silence() -> Iterator[None]:
    """Cases lie at ends of domains on purpose."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _watched(subject: Any, check: Check) -> AbstractContextManager[Callable[[], Outcome]]:
    """Which kernels run is noted where derivatives are asked for; a watcher changes what else is asked."""
    if check.family == "gradients" and hasattr(subject, "watched"):
        return subject.watched()
    return nullcontext(lambda: Outcome.PASS_NATIVE)


def _verdict(check: Check, error: Exception) -> Outcome:
    if isinstance(error, NoHardware):
        return Outcome.SKIP_NO_HARDWARE
    return Outcome.UNSUPPORTED if isinstance(error, Unsupported) else check.failure


def _words(error: Exception) -> str:
    own = isinstance(error, Disagreement | NoHardware | Unsupported)
    return str(error) if own else f"{type(error).__name__}: {error}"
