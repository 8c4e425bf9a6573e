"""Of the kit: values and derivatives of every operation once, and what is not about one operation.

All of it takes the better part of an hour, as XLA compiles each operation anew for each shape: ``plugrad conform jax``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plugrad_conformance.questions import parameters, questions
from plugrad_conformance.records import Check


def first(check: Check) -> Check:
    """The check with the first case of each operation, where it has samples."""

    def cases() -> Iterator[Any]:
        seen = set()
        for case in check.cases():
            if case.sample is None or case.op not in seen:
                seen.add(case.op)
                yield case

    return check._replace(cases=cases)


ASKED = [check for check in questions("gradients") if check.name in ("value", "walk", "jvp")]
ASKED += [check for family in ("graph", "errors", "dlpack", "random") for check in questions(family)]


@pytest.mark.parametrize("question", parameters(map(first, ASKED)))
def test_conformance(question: Any, pg_ask: Callable[[str, Any], None]) -> None:
    pg_ask("jax", question)
