"""The kit on a device that is not the default one: a value that is made elsewhere meets nothing of this one.

Each question once of each operation; all cases take four minutes: ``plugrad conform strict:device1``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugrad_conformance.questions import brief, parameters, questions


@pytest.mark.parametrize("question", parameters(brief(questions())))
def test_conformance(question: Any, pg_ask: Callable[[str, Any], None]) -> None:
    pg_ask("strict:device1", question)
