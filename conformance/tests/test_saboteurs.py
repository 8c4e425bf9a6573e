"""Whoever breaks something is caught: all of plugrad_conformance.saboteurs, and what docs/saboteurs.md says of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from plugrad_conformance.saboteurs import ALL, Saboteur
from plugrad_conformance.saboteurs.page import markdown, named
from plugrad_conformance.saboteurs.places import patched
from plugrad_conformance.saboteurs.trial import Trial, tried

PAGE = Path(__file__).parents[2] / "docs" / "saboteurs.md"


@pytest.mark.parametrize("saboteur", ALL, ids=lambda s: s.name)
def test_it_is_killed(saboteur: Saboteur) -> None:
    trial = tried(saboteur)
    assert trial.check, f"it survives {trial.asked} cases"
    assert not trial.objection, f"{trial.check}, {trial.case}: {trial.objection}"


def test_what_is_changed_is_changed_back() -> None:
    for saboteur in ALL:
        for control in (False, True):
            before = [change.place.read() for change in saboteur.changes]
            with patched(saboteur.changes, control):
                pass
            assert [change.place.read() for change in saboteur.changes] == before, saboteur.name


def test_who_does_nothing_survives() -> None:
    (honest,) = [s for s in ALL if s.name == "sin: the sine for its derivative"]
    trial = tried(honest._replace(changes=()))
    assert not trial.check
    assert trial.asked > 50


def test_who_is_noticed_for_his_hand_is_no_kill() -> None:
    (wrong,) = [s for s in ALL if s.name == "sqrt, operand 0: times 2"]
    assert "order 2" in tried(wrong._replace(order=2)).objection


def test_there_are_many_of_every_kind() -> None:
    assert len(ALL) >= 150
    assert len({s.name for s in ALL}) == len(ALL)
    assert min(Counter(s.kind for s in ALL).values()) >= 5


def test_the_page_names_them_all_and_no_survivor() -> None:
    assert named(PAGE.read_text(encoding="utf-8")) == {s.name: True for s in ALL}


def test_the_page_tells_survivors() -> None:
    trial = Trial("a", "a kind", "numpy", "", (), "", "", 3, "", "", 0.0)
    killed = trial._replace(name="b", check="graph/walks", case="twice")
    page = markdown([trial, killed])
    assert named(page) == {"a": False, "b": True}
    assert "1 of 2 are killed, 50 %" in page
    assert "| a kind | 1 | 1 |" in page
