"""The law of bounds, and what may be declared beside it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from plugrad import ops
from plugrad.testing.samples import samples
from plugrad_conformance import tolerances
from plugrad_conformance.gradients import CHECKS
from plugrad_conformance.records import Case
from plugrad_conformance.tolerances import BOUNDARY, LAW, OVERRIDES, Override, allowed, law

VJP = next(check for check in CHECKS if check.name == "vjp")
CASE = Case("eig", "eig-stack", bound=10.0)


def test_every_question_has_a_constant() -> None:
    assert LAW.keys() == {check.name for check in CHECKS}


def test_bounds_grow_with_the_square_root_of_the_size() -> None:
    by_size = {sum(x.size for x in s.operands): law("vjp", s) for s in samples(ops.RESHAPE)}
    assert by_size[1] == LAW["vjp"]
    assert by_size[6] == LAW["vjp"] * 6**0.5


def test_differences_are_good_for_fewer_digits_the_finer_the_dtype() -> None:
    double, single = (s for s in samples(ops.TANH) if s.name in ("rectangular", "rectangular float32"))
    assert law("differences", double) / law("differences", single) == pytest.approx(2 ** (29 / 3))


def test_boundaries_are_exact_choices() -> None:
    assert {law("vjp", s) for s in samples(ops.MAXIMUM) if s.boundary} == {BOUNDARY}


def test_what_the_kit_overrides_has_a_reason() -> None:
    assert all(o.reason and o.factor > 0 for o in OVERRIDES)


def _declares(monkeypatch: pytest.MonkeyPatch, *lines: Any) -> None:
    entry = SimpleNamespace(load=lambda: SimpleNamespace(OVERRIDES=lines))
    monkeypatch.setattr(tolerances, "entry_points", lambda group, name: [entry] if name == "example" else [])
    tolerances.declared.cache_clear()


def test_a_backends_package_declares_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    _declares(monkeypatch, ("vjp/eig-*", 5.0, "its LAPACK is of single precision"))
    for subject in ("example", "example:cuda"):
        case = allowed(CASE, VJP, subject)
        assert (case.bound, case.note) == (50.0, "its LAPACK is of single precision")
    assert allowed(CASE, VJP, "numpy") == CASE
    assert allowed(CASE._replace(name="qr-stack"), VJP, "example").bound == 10.0


@pytest.mark.parametrize("line", [("*", 5.0, " "), ("*", 0.0, "because")])
def test_what_is_declared_without_a_reason_is_refused(monkeypatch: pytest.MonkeyPatch, line: Any) -> None:
    _declares(monkeypatch, line)
    with pytest.raises(ValueError, match="without a reason"):
        allowed(CASE, VJP, "example")


def test_overrides_of_the_kit_hold_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tolerances, "OVERRIDES", (Override("vjp/eig-*", 2.0, "why"),))
    assert allowed(CASE, VJP, "numpy").bound == 20.0


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Any:
    yield
    tolerances.declared.cache_clear()
