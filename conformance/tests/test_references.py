"""Frozen references: complete, sound by themselves, made again to the last bit, and loud when something has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plugrad import extend, ops
from plugrad.testing.samples import samples
from plugrad.testing.tolerances import error_in_eps
from plugrad_conformance import references
from plugrad_conformance.derivatives import cotangents, inner, tangents, widened
from plugrad_conformance.questions import LIVE, questions
from plugrad_conformance.records import Disagreement, Outcome
from plugrad_conformance.runner import ask, run
from plugrad_conformance.subjects import find

ALL = list(references.everything())
TANH, *_ = samples(ops.TANH)


def test_every_sample_has_one_and_no_part_is_left_out_in_silence() -> None:
    for sample in ALL:
        found = references.of(sample)
        asked = references.PARTS if sample.moving else references.PARTS[:1]
        if sample.boundary:
            asked = asked[:2]
        assert {*found.parts, *found.gaps} == {*asked}
        assert found.by.keys() == found.parts.keys()
        assert all(found.gaps.values())


def test_names_are_unique() -> None:
    assert len({str(sample) for sample in ALL}) == len(ALL)


def test_shapes_and_dtypes_are_those_of_operands_and_results() -> None:
    for sample in ALL:
        found = references.of(sample)
        operands = [widened(sample).operands[i] for i in sample.moving]
        for part in found.parts.keys() & {"vjp", "second"}:
            for g, x in zip(found.parts[part], operands, strict=True):
                assert (g.shape, g.dtype) == (x.shape, x.dtype)
        for y, dtype, t in zip(found.results, found.dtypes, found.parts.get("jvp", found.results), strict=True):
            assert (y.shape, y.dtype.name) == (t.shape, dtype)


def test_torchs_two_modes_agree() -> None:
    """Else one of them would be wrong, and whoever is right would fail."""
    for sample in ALL:
        parts = references.of(sample).parts
        if "jvp" in parts:
            wide = widened(sample)
            us, vs = cotangents(wide, parts["value"]), tangents(wide)
            forward, reverse = inner(us, parts["jvp"]), inner(parts["vjp"], vs)
            assert abs(forward - reverse) <= 1e-12 * max(1, abs(forward)) * max(1, sum(t.size for t in us)), sample


def test_they_are_small() -> None:
    folder = Path(references.__file__).parent / "data"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 5e6


def test_what_it_is_made_of_is_known() -> None:
    found = references.identity()
    assert found["torch"].startswith("2.")
    assert len(found["hash"]) == 16
    text = references.summary()
    assert found["hash"] in text
    assert f"{len(ALL)} cases" in text
    assert "floor_divide" not in text
    assert "derivative not implemented" in text


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of all samples, for speed."""
    some = [s for op in (ops.TANH, ops.MAXIMUM, ops.EIGH, ops.EQUAL, ops.FLOOR_DIVIDE) for s in samples(op)]
    monkeypatch.setattr(references, "everything", lambda: iter(some))


@pytest.mark.usefixtures("only")
def test_they_are_made_again_to_the_last_bit(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = references.regenerate(tmp_path / "a"), references.regenerate(tmp_path / "b")
    assert [path.name for path in one] == [path.name for path in two]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert one[1].name.startswith("ties-torch-2.")


@pytest.mark.usefixtures("only")
def test_what_is_written_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    _, ties = references.regenerate(tmp_path)
    frozen = {str(sample): references.of(sample) for sample in references.everything()}
    monkeypatch.setattr(references, "DATA", tmp_path)
    monkeypatch.setattr(references, "CONVENTIONS", ties.stem.removeprefix("ties-torch-"))
    references._file.cache_clear()
    references._frozen.cache_clear()
    try:
        for sample in references.everything():
            found, before = references.of(sample), frozen[str(sample)]
            assert (found.inputs, found.dtypes, found.by) == (before.inputs, before.dtypes, before.by)
            for part in found.parts:
                for a, b in zip(found.parts[part], before.parts[part], strict=True):
                    assert error_in_eps(a, b) <= 128
    finally:
        references._file.cache_clear()
        references._frozen.cache_clear()


def test_damage_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with np.load(Path(references.__file__).parent / "data" / references.SMOOTH) as arrays:
        np.savez_compressed(tmp_path / references.SMOOTH, index=arrays["index"], numbers=arrays["numbers"] + 1)
    monkeypatch.setattr(references, "DATA", tmp_path)
    with pytest.raises(ValueError, match="is damaged"):
        references._file.__wrapped__(references.SMOOTH)


def test_samples_that_changed_are_noticed() -> None:
    moved = TANH._replace(operands=(TANH.operands[0] + 1e-3,))
    with pytest.raises(Disagreement, match="regenerate with"):
        references.of(moved)
    with pytest.raises(Disagreement, match="regenerate with"):
        references.of(TANH._replace(name="of a form that is new"))
    assert references.of(TANH._replace(operands=(TANH.operands[0] * (1 + 1e-15),)))  # another LAPACK


def test_drift_is_noticed_by_case(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    cases = {case.name: case for case in LIVE.cases() if case.op in ("tanh", "maximum")}
    assert all(ask(find("numpy"), LIVE, case).outcome.ok for case in cases.values())
    frozen = references.of(TANH)
    parts = {**frozen.parts, "second": tuple(x + 1e-9 for x in frozen.parts["second"])}
    monkeypatch.setitem(references._frozen(), str(TANH), frozen._replace(parts=parts))
    result = ask(find("numpy"), LIVE, cases[str(TANH)])
    assert not result.outcome.ok
    assert "eps from what it said when it was frozen" in result.message
    monkeypatch.setitem(references._frozen(), str(TANH), frozen._replace(dtypes=("float32",)))
    assert "float32" in ask(find("numpy"), LIVE, cases[str(TANH)]).message


def test_a_primitive_of_somebody_else_is_judged_by_its_rule_on_numpy() -> None:
    cube = extend.primitive(
        "cube(x)",
        rule=extend.elementwise(lambda x: 3 * x * x),
        default=lambda xp, x: x * x * x,
        samples=lambda rng: {"matrix": (rng.normal(size=(2, 3)),)},
    )
    try:
        (sample,) = samples(cube.op)
        found = references.of(sample)
        (x,), (u,) = sample.operands, cotangents(sample, found.results)
        assert error_in_eps(found.parts["value"][0], x**3) <= 2
        assert error_in_eps(found.parts["vjp"][0], 3 * x * x * u) <= 2
        asked = questions(primitives=[cube.op])
        assert {r.outcome for r in run(find("strict"), asked)} == {Outcome.PASS_COMPOSITE}
    finally:
        extend.unregister("cube")


def test_the_command_counts() -> None:
    command = [sys.executable, "-m", "plugrad_conformance.references", "--summary"]
    assert references.identity()["hash"] in subprocess.run(command, capture_output=True, text=True, check=True).stdout
