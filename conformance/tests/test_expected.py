"""Lists of expected failures are strict, and have reasons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plugrad.errors import ValidationError
from plugrad_conformance.expected import Line, judged, read
from plugrad_conformance.questions import questions
from plugrad_conformance.records import Outcome, Result

CHECKS = questions("gradients", "tanh")
LINES = (Line("gradients/vjp/tanh-*", "of no use"),)
FAILED = Result("numpy", "gradients", "vjp", "tanh", "tanh-0-d", 1, "float64", Outcome.FAIL_VJP, message="far off")


def _file(folder: Path, text: str) -> Path:
    path = folder / "xfails.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_are_patterns_and_reasons(tmp_path: Path) -> None:
    path = _file(tmp_path, "# a list\n\ngradients/vjp/tanh-*   of no use  # nor will it be\n")
    assert read(path, CHECKS) == LINES


@pytest.mark.parametrize(
    "text, said",
    [
        ("\ngradients/vjp/tanh-*", "line 2: .* and why"),
        ("gradients/vjp/tan-* why", "line 1: .* names no case"),
    ],
)
def test_lines_without_a_reason_or_a_case_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read(_file(tmp_path, text), CHECKS)


def test_what_was_expected_to_fail_and_does() -> None:
    found = judged(FAILED, LINES)
    assert (found.outcome, found.message) == (Outcome.XFAIL, "of no use (FAIL_VJP: far off)")
    assert found.outcome.ok
    assert judged(replace(FAILED, outcome=Outcome.CRASH), LINES).outcome is Outcome.XFAIL


@pytest.mark.parametrize("outcome", [Outcome.PASS_NATIVE, Outcome.UNSUPPORTED])
def test_what_was_expected_to_fail_and_does_not_is_stale(outcome: Outcome) -> None:
    found = judged(replace(FAILED, outcome=outcome), LINES)
    assert found.outcome is Outcome.STALE
    assert not found.outcome.ok
    assert "take the line away" in found.message


def test_the_rest_stays_as_it_is() -> None:
    for result in (replace(FAILED, case="tan-0-d"), replace(FAILED, outcome=Outcome.SKIP_NO_HARDWARE)):
        assert judged(result, LINES) is result
