"""docs/findings.md: the libraries still say what the page says they say, and it tells what the sweep finds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plugrad import ops
from plugrad.testing.samples import samples
from plugrad_conformance.findings import page
from plugrad_conformance.findings.__main__ import unexplained
from plugrad_conformance.findings.catalogue import FINDINGS, KINDS, Finding
from plugrad_conformance.findings.sweep import answers, same, splits
from plugrad_conformance.subjects import find

PAGE = Path(__file__).parents[2] / "docs" / "findings.md"
TEXT = PAGE.read_text(encoding="utf8")
FOUND = page.told(TEXT)
NUMBER = re.compile(r"(?<![\w.])-?\d[\d.]*(?:e[-+]?\d+)?")


def test_the_page_is_what_the_catalogue_makes_of_these_answers() -> None:
    made = page.page(FOUND, page.versions_of(TEXT))
    assert made == TEXT, "run python -m plugrad_conformance.findings"


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.title)
def test_the_libraries_say_so(finding: Finding) -> None:
    missing = {a.library for a in FOUND[finding]} & _others()
    if missing:
        pytest.skip(f"the page was made with other versions of {', '.join(sorted(missing))}")
    now = page.answered(page.script(finding))
    assert [a.name for a in now] == [a.name for a in FOUND[finding]]
    for said, told in zip(now, FOUND[finding], strict=True):
        assert _alike(said.value, told.value), f"{said.name}: {said.value}, the page says {told.value}"


def _others() -> set[str]:
    """The libraries that are not here in the versions of the page."""
    wanted = page.versions_of(TEXT)
    return {key for key in page.PACKAGES if page.installed(key) != wanted[key]}


def _alike(a: str, b: str) -> bool:
    """Equal words, and numbers to four digits: of a rounding error no more is said."""
    numbers = [[float(n) for n in NUMBER.findall(text)] for text in (a, b)]
    return NUMBER.sub("#", a) == NUMBER.sub("#", b) and numbers[0] == pytest.approx(numbers[1], rel=1e-4)


def test_what_is_alike() -> None:
    assert _alike("(1.00001, [nan, 3])", "(1, [nan, 3])")
    assert not _alike("0.101", "0.1")
    assert not _alike("nan", "0")
    assert not _alike("[1, 2]", "[1]")


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.title)
def test_a_finding_is_one(finding: Finding) -> None:
    assert finding.kind in KINDS
    assert page.is_one(finding, FOUND[finding])


def test_no_finding_is_told_twice() -> None:
    assert len({finding.title for finding in FINDINGS}) == len(FINDINGS)
    assert len({finding.code for finding in FINDINGS}) == len(FINDINGS)


def test_agreement_is_no_finding() -> None:
    one = Finding("abs", "ties", "", "", right="1")
    assert not page.is_one(one, [page.Answer("torch_reverse", "1"), page.Answer("jax_reverse", "1")])
    assert page.is_one(one, [page.Answer("torch_reverse", "0"), page.Answer("jax_reverse", "0")])
    assert not page.is_one(one._replace(right=""), [page.Answer("torch_reverse", "0"), page.Answer("plugrad", "1")])


def test_an_answer_in_few_digits() -> None:
    shown = [
        page.shown(x) for x in (1 / 3, np.array([[1, -0.0]]), (np.nan, 1e-17), 2 - 1j, np.float32(1e10), "float32")
    ]
    assert shown == ["0.333333", "[[1, 0]]", "(nan, 0)", "2-1j", "1e+10", "float32"]


@pytest.mark.parametrize("who", ["torch.func", "jax.vjp", "autograd"])
def test_what_the_sweep_found_is_explained(who: str) -> None:
    row = json.loads(page.SWEPT.read_text("utf8"))[who]
    assert row["asked"] > 100
    assert not unexplained(who, row)


def test_what_nobody_explains_is_said() -> None:
    assert unexplained("torch.func", {"first": {"tanh": 1}, "second": {}}) == ["torch.func/tanh"]


def test_plugrads_first_derivatives_have_one_answer() -> None:
    assert json.loads(page.SWEPT.read_text("utf8"))["numpy"]["first"] == {}


def test_the_sweep_sees_two_answers() -> None:
    torch, sample = find("torch.func"), next(s for s in samples(ops.DET) if s.boundary)
    (split,) = splits("torch.func", sample, 0, answers(torch, sample, 0))
    assert (split.one, split.other) == ("reverse", "forward")
    numpy = find("numpy")
    assert not [*splits("numpy", sample, 0, answers(numpy, sample, 0))]


def test_the_sweep_asks_all_nestings_elementwise() -> None:
    sample = next(s for s in samples(ops.EXP) if s.boundary)
    said = answers(find("numpy"), sample, 0)
    assert set(said) == {"reverse", "forward", "rr", "fr", "rf", "ff"}
    wrong = said | {"ff": said["ff"] + 1}
    assert {split.other for split in splits("numpy", sample, 0, wrong)} == {"ff"}


def test_the_sweep_asks_for_the_whole_jacobian_of_complex_functions() -> None:
    sample = next(s for s in samples(ops.ABS) if s.boundary and s.operands[0].dtype.kind == "c")
    said: dict[str, Any] = answers(find("numpy"), sample, 0)
    assert said["reverse"].shape == (1, 2, len(sample.operands[0]))
    assert np.all(same(said["reverse"], said["forward"]))
