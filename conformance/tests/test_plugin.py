"""pytest as a third party runs it: by name, by three lines in a file, on several processes, with lists and reports."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from plugrad_conformance.references import identity
from plugrad_conformance.report import read

BY_NAME = ("--pyargs", "plugrad_conformance")
TANH = ("-k", "gradients and tanh-")
LINES = 'from plugrad_conformance import suite\n\nglobals().update(suite("numpy"))\n'
FEW = """
from plugrad_conformance import suite
from plugrad_conformance.questions import questions

globals().update(suite("numpy", checks=questions("gradients", "tanh")))
"""
BROKEN = """
from plugrad import ops
from plugrad.backends import current

current.table("numpy").pulls[ops.TANH] = (lambda xp, ct, y, args, params, edge: ct * y,)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs pytest in a folder of its own; gives the exit code and what it printed."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")

    def call(*args: str, folder: str = ".") -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
        done = subprocess.run(command, cwd=tmp_path / folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return call


def test_by_name(run: Any) -> None:
    code, said = run(*BY_NAME, *TANH, "--pg-backend", "numpy", "--pg-backend", "torch")
    assert code == 0, said
    assert " passed" in said
    listed = run(*BY_NAME, *TANH, "--pg-backend", "torch:cuda", "--collect-only")[1]
    assert "test_conformance[torch:cuda-gradients-vjp-tanh-rectangular]" in listed


def test_three_lines(run: Any, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(LINES, encoding="utf-8")
    assert run(*TANH)[0] == 0
    assert "test_mine.py::test_conformance[gradients-vjp-tanh-rectangular]" in run(*TANH, "--collect-only")[1]


def test_a_failure_and_its_script(run: Any, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FEW + BROKEN, encoding="utf-8")
    code, said = run("--pg-repro")
    assert code == 1
    assert "FAIL_VJP: the cotangent of operand 0 is" in said
    assert "gradients-walk-tanh-rectangular]" in said
    assert "gradients-vjp-tanh-rectangular]" not in said  # nobody asked backward's way
    script = said.partition("\n\n\n")[0]
    assert 'OP = ops.TABLE["tanh"]'.replace('"', "'") in said
    assert "Traceback" not in script
    assert "--pg-repro prints a script of it" in run()[1]


def test_a_list_of_expected_failures(run: Any, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FEW + BROKEN, encoding="utf-8")
    listed = tmp_path / "xfails.txt"
    listed.write_text("gradients/walk/tanh-*  it is broken\n", encoding="utf-8")
    said = run("--pg-xfails", "xfails.txt")[1]
    # Where there is no element a wrong pull goes unseen: those lines are stale.
    assert "STALE" in said
    assert "FAIL_VJP" not in said.partition("short test summary")[2]
    assert " xfailed" in said
    listed.write_text("gradients/walk/tangent-*  it is broken\n", encoding="utf-8")
    code, said = run("--pg-xfails", "xfails.txt")
    assert (code, "names no case; take the line away" in said) == (4, True)
    assert run("--pg-xfails", "nowhere.txt")[0] == 4


def test_a_list_that_the_project_names_is_found_from_everywhere(run: Any, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FEW, encoding="utf-8")
    (tmp_path / "xfails.txt").write_text("gradients/walk/tanh-rectangular  it is not broken\n", encoding="utf-8")
    with (tmp_path / "pytest.ini").open("a", encoding="utf-8") as settings:
        settings.write("addopts = --pg-xfails=xfails.txt\n")
    (tmp_path / "below").mkdir()
    assert "STALE" in run("..", folder="below")[1]


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_reports(run: Any, tmp_path: Path, more: tuple[str, ...]) -> None:
    if more and find_spec("xdist") is None:
        pytest.skip("pytest-xdist is not installed")
    (tmp_path / "test_mine.py").write_text(FEW + BROKEN, encoding="utf-8")
    said = run(*more, "--pg-report", "report.json", "--pg-scoreboard", "board.html")[1]
    report = read(tmp_path / "report.json")
    counts = Counter(r.outcome for r in report)
    assert report.reference == identity()
    assert f"{counts['PASS_NATIVE']} passed" in said
    assert f"{counts['FAIL_VJP']} failed" in said
    assert {r.check for r in report if r.outcome == "FAIL_VJP"} == {"walk"}
    assert all(r.repro for r in report if r.outcome == "FAIL_VJP")
    assert "<!doctype html>" in (tmp_path / "board.html").read_text(encoding="utf-8").lower()


def test_what_is_not_here_is_skipped(run: Any) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    code, said = run(*BY_NAME, *TANH, "--pg-backend", "torch:cuda", "-rs")
    assert code == 0
    assert "passed" not in said
    assert "SKIP_NO_HARDWARE" in said


def test_live_references(run: Any) -> None:
    pytest.importorskip("torch")
    code, said = run(*BY_NAME, "-k", "references and tanh-", "--pg-live-reference")
    assert code == 0, said
    assert run(*BY_NAME, "-k", "references and tanh-")[0] == 5  # nothing is asked


def test_it_is_light() -> None:
    """pytest loads it always."""
    program = "import sys, plugrad_conformance.plugin; print(sorted({'numpy', 'plugrad', 'torch'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_no_fixture_is_needed_that_the_kit_does_not_have(run: Any, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FEW, encoding="utf-8")
    said = run("--setup-plan", "--co")[1]
    assert "error" not in said.lower()
