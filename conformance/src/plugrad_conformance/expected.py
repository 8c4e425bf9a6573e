"""Lists of expected failures: text files, a line each, ``FAMILY/CHECK/CASE  why``. They are strict.

A line's first word is a pattern as in fnmatch; what follows is the reason, which has to be there. ``#`` begins a
comment. A case that a line names and that passes is stale, and so a failure; a line that names no case is an error at
once.

    gradients/second/eig-*          no second derivative of eigenvectors yet
    gradients/*/fft-*-complex64     https://github.com/.../issues/1
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from plugrad.errors import ValidationError

from .records import Check, Outcome, Result

__all__ = ["Line", "judged", "path_of", "read"]


class Line(NamedTuple):
    """Cases that are expected to fail, and why."""

    pattern: str
    reason: str


def read(path: str | PathLike[str], checks: Iterable[Check]) -> tuple[Line, ...]:
    """The lines of a file.

    Parameters
    ----------
    path : str or path
    checks : iterable of Check
        All questions, not only those that are asked.

    Raises
    ------
    ValidationError
        With the number of the line, if one has no reason, or names none of the cases.
    """
    text = Path(path).read_text(encoding="utf-8").splitlines()
    found = {i: Line(*_words(line)) for i, line in enumerate(text, 1) if _words(line)[0]}
    if wrong := [i for i, line in found.items() if not line.reason]:
        raise ValidationError(f"{path}, line {wrong[0]}: {found[wrong[0]].pattern} is expected to fail, and why?")
    paths = [path_of(check.family, check.name, case.name) for check in checks for case in check.cases()]
    if stale := [i for i, line in found.items() if not any(fnmatchcase(p, line.pattern) for p in paths)]:
        raise ValidationError(f"{path}, line {stale[0]}: {found[stale[0]].pattern} names no case; take the line away")
    return tuple(found.values())


def _words(line: str) -> tuple[str, str]:
    pattern, _, reason = line.partition("#")[0].strip().partition(" ")
    return pattern, reason.strip()


def path_of(family: str, check: str, case: str) -> str:
    """What a pattern is about, one word.

    Examples
    --------
    >>> path_of("errors", "calls", "an axis twice")
    'errors/calls/an-axis-twice'
    """
    return f"{family}/{check}/{case}".replace(" ", "-")


def judged(result: Result, lines: Sequence[Line]) -> Result:
    """The result, in the light of what was expected."""
    path = path_of(result.family, result.check, result.case)
    line = next((line for line in lines if fnmatchcase(path, line.pattern)), None)
    if line is None or result.outcome is Outcome.SKIP_NO_HARDWARE:
        return result
    if result.outcome.ok:
        message = f"{result.outcome}, though {line.pattern} is expected to fail: {line.reason}; take the line away"
        return replace(result, outcome=Outcome.STALE, message=message)
    return replace(result, outcome=Outcome.XFAIL, message=f"{line.reason} ({result.outcome}: {result.message})")
