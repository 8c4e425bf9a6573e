"""Which questions there are, and a choice of them."""

from __future__ import annotations

import importlib
import pkgutil

from plugrad_conformance import families
from plugrad_conformance.expected import path_of
from plugrad_conformance.questions import ALL, FAMILIES, LIVE, questions


def test_all_is_all() -> None:
    assert questions() == ALL
    assert FAMILIES[0] == "gradients"
    assert questions(live=True) == (*ALL, LIVE)


def test_every_module_of_families_is_asked() -> None:
    found = [importlib.import_module(f"{families.__name__}.{m.name}") for m in pkgutil.iter_modules(families.__path__)]
    stated = {check.name + check.family for module in found for check in getattr(module, "CHECKS", ())}
    assert stated <= {check.name + check.family for check in ALL}


def test_names_are_unique_and_can_be_matched() -> None:
    paths = [path_of(check.family, check.name, case.name) for check in ALL for case in check.cases()]
    assert len(set(paths)) == len(paths)
    assert not [path for path in paths if "#" in path]


def test_a_choice_by_family_and_operation() -> None:
    assert {check.family for check in questions("g*")} <= {family for family in FAMILIES if family.startswith("g")}
    cases = [case for check in questions("gradients", "tan*") for case in check.cases()]
    assert {case.op for case in cases} == {"tan", "tanh"}
