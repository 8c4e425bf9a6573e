"""``plugrad conform``: what it prints and writes, and what it exits with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..backends.plugins import Site
from .test_cli import plugrad_

pytest.importorskip("plugrad_conformance")

TANH = ("--family", "gradients", "--op", "tanh")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Distributions for a command of its own process."""
    return Site(tmp_path)


def test_what_passes(site: Site) -> None:
    report, board, junit, badge = (
        site.folder / name for name in ("report.json", "board.html", "junit.xml", "badge.svg")
    )
    files = f"--report={report}", f"--scoreboard={board}", f"--junit={junit}", f"--badge={badge}"
    code, out, _ = plugrad_(site, "conform", "numpy", *TANH, "-n", "2", *files)
    assert code == 0, out
    header, row, total = out.splitlines()
    assert header.split() == ["family", "PASS_NATIVE", "worst"]
    assert re.fullmatch(r"gradients +(\d+) +\d+% of its bound", row)
    assert row.split()[1:] == total.split()[1:]
    written = json.loads(report.read_text(encoding="utf8"))
    assert len(written["results"]) == int(row.split()[1])
    assert written["subjects"][0]["versions"].keys() == {"plugrad", "numpy"}
    assert written["reference"].keys() == {"torch", "hash"}
    assert "<!doctype html>" in board.read_text(encoding="utf8").lower()
    assert junit.read_text(encoding="utf8").count("<testcase ") == len(written["results"])
    assert f"{row.split()[1]}/{row.split()[1]}" in badge.read_text(encoding="utf8")


def test_what_fails(site: Site) -> None:
    kernels = "{**super().kernels(), TABLE['tanh']: lambda x: x * 2 / 2}"
    site.announce("wrong", body=f"def kernels(self): from plugrad.ops import TABLE; return {kernels}")
    code, out, _ = plugrad_(site, "conform", "wrong", *TANH)
    assert code == 1
    assert re.search(r"^family +PASS_NATIVE.* FAIL_VALUE.* worst", out)
    assert re.search(
        r"^FAIL_VALUE gradients/value/tanh-rectangular \(\d+ like this\): the result is .* eps from the reference",
        out,
        re.M,
    )
    assert re.search(r"^\d+ failures of \d+ kinds; --report FILE.json has all", out, re.M)
    assert len(out.splitlines()) < 30
    assert "…" not in out, "whole, though a pipe has 80 columns"


def test_what_does_not_load_is_not_asked(site: Site) -> None:
    site.announce("quits", body="raise SystemExit(3)")
    code, out, err = plugrad_(site, "conform", "quits", *TANH)
    assert (code, out) == (1, "")
    assert "the backend 'quits' does not load" in err
    assert "SystemExit: 3" in err


@pytest.mark.parametrize("option", ["--report", "--scoreboard", "--junit", "--badge"])
def test_a_folder_that_is_not_there_is_said_before_anything_is_asked(site: Site, option: str) -> None:
    code, out, err = plugrad_(site, "conform", "numpy", *TANH, f"{option}={site.folder / 'none' / 'file'}")
    assert (code, out) == (1, "")
    assert re.search("cannot be written: there is no folder .*none", err)


def test_expected_failures(site: Site) -> None:
    kernels = "{**super().kernels(), TABLE['tanh']: lambda x: x * 2 / 2}"
    site.announce("wrong", body=f"def kernels(self): from plugrad.ops import TABLE; return {kernels}")
    listed = site.folder / "xfails.txt"
    listed.write_text("gradients/value/tanh-rectangular  it is not tanh\n", encoding="utf8")
    only = ("--family", "gradients", "--op", "tanh", f"--xfails={listed}")
    assert "XFAIL" in plugrad_(site, "conform", "wrong", *only)[1]
    code, out, _ = plugrad_(site, "conform", "numpy", *only)
    assert code == 1
    assert "STALE gradients/value/tanh-rectangular: PASS_NATIVE, though" in out
    listed.write_text("gradients/value/tanh-none  it is not tanh\n", encoding="utf8")
    code, _, err = plugrad_(site, "conform", "numpy", *only)
    assert (code, "names no case" in err) == (1, True)


def test_a_crash_is_the_result_of_one_case(site: Site) -> None:
    kernels = "{**super().kernels(), TABLE['tanh']: lambda x: __import__('os').abort() if x.shape == (8,) else x}"
    site.announce("aborts", body=f"def kernels(self): from plugrad.ops import TABLE; return {kernels}")
    code, out, _ = plugrad_(site, "conform", "aborts", *TANH)
    assert code == 1
    assert re.search(r"CRASH gradients/value/tanh-edges( \(\d+ like this\))?: the process ended with", out)
    assert "FAIL_ORACLE" in out.splitlines()[0]  # of questions that come after it


def test_without_the_kit(site: Site) -> None:
    code = "import sys; sys.modules['plugrad_conformance'] = None; from plugrad.cli import main; main()"
    command = [sys.executable, "-c", code, "conform", "numpy"]
    done = subprocess.run(command, env=site.environ(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the conformance kit is not here: pip install plugrad-conformance\n"


def test_whom_it_does_not_find(site: Site) -> None:
    code, _, err = plugrad_(site, "conform", "numpi")
    assert (code, "did you mean 'numpy'?" in err) == (1, True)
    site.announce("lacking", requires=("no_such_library",))
    code, _, err = plugrad_(site, "conform", "lacking")
    assert (code, "no_such_library is not installed" in err) == (1, True)


def test_questions_that_there_are_not(site: Site) -> None:
    code, _, err = plugrad_(site, "conform", "numpy", "--op", "tanhh")
    assert code == 1
    assert "no question is about" in err
