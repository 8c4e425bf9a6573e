"""What the tests of the kit share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plugrad_conformance.questions import questions
from plugrad_conformance.records import Check, Result
from plugrad_conformance.runner import run
from plugrad_conformance.subjects import find

Answer = Callable[..., list[Result]]


def named(check: Check, part: str) -> Check:
    """The check, of cases with this in their names."""
    return check._replace(cases=lambda: [case for case in check.cases() if part in case.name])


@pytest.fixture
def answer() -> Answer:
    """Asks a subject one question about an operation, and gives what came out."""

    def ask(subject: str, check: str, op: str, only: str = "") -> list[Result]:
        asked = [c for c in questions("gradients", op) if c.name == check]
        return list(run(find(subject), [named(c, only) for c in asked]))

    return ask
