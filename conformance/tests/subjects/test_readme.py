"""The README's library of two functions is asked, and it is found by an entry point."""

from __future__ import annotations

import doctest
import re
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from plugrad_conformance import subjects
from plugrad_conformance.questions import questions
from plugrad_conformance.runner import run

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf8")
SECTION = README.partition("## Your own library as a subject\n")[2].partition("\n## ")[0]


@pytest.fixture
def names() -> dict[str, Any]:
    """What the programs of the section define."""
    found: dict[str, Any] = {}
    for program in re.findall(r"^```python\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL):
        exec(program, found)
    return found


def test_the_section_says_what_comes_out(names: dict[str, Any]) -> None:
    (console,) = re.findall(r"^```pycon\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    session = doctest.DocTestParser().get_doctest(console, names, "README", "README", 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(session, out=said.append)
    assert (failed, tried) == (0, 5), "".join(said)


def test_a_wrong_library_fails(names: dict[str, Any]) -> None:
    names["Tape"].functions = {"sin": names["cos"]}
    results = list(run(names["Tape"](), questions("gradients", "sin")))
    assert {r.check for r in results if not r.outcome.ok} >= {"value", "vjp", "jvp", "second"}


def test_it_is_found_by_its_entry_point(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("tape")
    module.make_tape = lambda name: names["Tape"]()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tape", module)
    entry = metadata.EntryPoint("tape", "tape:make_tape", "plugrad.subjects")
    monkeypatch.setattr(
        subjects, "entry_points", lambda group, name: [entry] if (group, name) == (entry.group, entry.name) else []
    )
    assert subjects.is_library("tape")
    assert not subjects.is_library("numpy")
    assert subjects.find("tape").versions() == {"tape": "0.1"}
