"""Processes of their own: a death or a hang is the result of one case, and the rest goes on."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from collections import Counter
from importlib.util import find_spec
from itertools import islice
from typing import Any

import pytest

from plugrad import ops
from plugrad.backends import current
from plugrad_conformance import isolation
from plugrad_conformance.expected import Line
from plugrad_conformance.isolation import Job, decoded, encoded, isolated
from plugrad_conformance.questions import questions
from plugrad_conformance.records import Outcome, Result

MODULE = "conformance_worse"  # this file, as workers import it


def _worse(what: Any) -> None:
    """One kernel of NumPy's that does something worse than computing a wrong number, at the edges."""
    table = current.table("numpy")
    tanh = table[ops.TANH]
    table[ops.TANH] = lambda x: what() if x.shape == (8,) else tanh(x)


def dies() -> None:
    _worse(lambda: ctypes.string_at(0))


def ends() -> None:
    _worse(lambda: os._exit(0))


def hangs() -> None:
    _worse(lambda: time.sleep(600))


def chats() -> None:
    table = current.table("numpy")
    tanh = table[ops.TANH]

    def kernel(x: Any) -> Any:
        sys.stdout.write("no end of line")
        return tanh(x)

    table[ops.TANH] = kernel


def swells() -> None:
    isolation.ENOUGH = 0


def falls() -> None:
    raise OSError("no such thing")


@pytest.fixture(autouse=True)
def importable(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find this file."""
    with open(__file__, encoding="utf-8") as source:
        (tmp_path / f"{MODULE}.py").write_text(source.read(), encoding="utf-8")
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


JOB = Job("numpy", "gradients", "tanh")


def _asked(function: str = "", workers: int = 1, **more: Any) -> list[Result]:
    job = JOB._replace(prepare=f"{MODULE}:{function}" if function else "")
    return list(isolated(job, workers, **more))


def test_it_gives_what_is_given_here(answer: Any) -> None:
    found = Counter((r.check, r.case, r.outcome) for r in _asked(workers=2))
    here = [r for check in {c.name for c in questions(*JOB[1:3])} for r in answer("numpy", check, "tanh")]
    assert found == Counter((r.check, r.case, r.outcome) for r in here)
    assert len(found) > 100


@pytest.mark.parametrize(
    "function, outcome, said",
    [
        ("dies", Outcome.CRASH, "SIGSEGV"),
        ("ends", Outcome.CRASH, "exit code 0"),
        ("hangs", Outcome.TIMEOUT, "no answer after 6 s"),
    ],
)
def test_what_is_worse_than_wrong(function: str, outcome: Outcome, said: str) -> None:
    if said == "SIGSEGV" and os.name == "nt":
        said = "exit code"
    whole = Counter((r.check, r.case) for r in _asked())
    found = _asked(function, timeout=6.0)
    assert Counter((r.check, r.case) for r in found) == whole
    worse = [r for r in found if not r.outcome.ok]
    assert {(r.outcome, r.case, r.op, r.family) for r in worse} == {(outcome, "tanh-edges", "tanh", "gradients")}
    assert {r.check for r in worse} == {"value", "vjp", "walk"}
    assert all(said in r.message for r in worse)


def test_what_is_expected_to_crash() -> None:
    line = Line("gradients/*/tanh-edges", "a null pointer")
    assert {r.outcome for r in _asked("dies", expected=[line]) if r.case == "tanh-edges"} == {Outcome.XFAIL}


def test_a_worker_that_cannot_start() -> None:
    (result,) = _asked("falls")
    assert (result.outcome, result.family, result.case) == (Outcome.CRASH, "runner", "start")
    assert "OSError: no such thing" in result.message


def test_a_process_that_holds_much_is_relieved(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each case here; none is lost, and none asked twice."""
    if find_spec("resource") is None:
        pytest.skip("no module resource: the system does not say what a process holds")
    begun = []
    start = isolation._Worker.__init__
    monkeypatch.setattr(isolation._Worker, "__init__", lambda self, job: (begun.append(job.first), start(self, job))[1])
    job = Job("numpy", "gradients", "negative", prepare=f"{MODULE}:swells")
    every = [(check.name, case.name) for check in questions(*job[1:3]) for case in check.cases()][:5]
    found = list(islice(isolated(job), 5))
    assert [(r.check, r.case) for r in found] == every
    assert begun[:5] == [0, 1, 2, 3, 4]


def test_what_libraries_print_is_no_answer() -> None:
    assert all(r.outcome.ok for r in _asked("chats"))


def test_whoever_has_seen_enough_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    processes = []
    popen = isolation.subprocess.Popen

    def started(*args: Any, **how: Any) -> Any:
        processes.append(popen(*args, **how))
        return processes[-1]

    monkeypatch.setattr(isolation.subprocess, "Popen", started)
    results = isolated(JOB, 2)
    next(results)
    results.close()
    assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)


def test_results_travel() -> None:
    for result in (
        Result("a", "b", "c", "d", "e", 1, "f", Outcome.PASS_NATIVE, eps=0.5, versions={"g": "1"}),
        Result("a", "b", "c", "d", "e", 2, "f", Outcome.FAIL_SECOND, eps=float("inf"), message="\n"),
    ):
        assert decoded(json.loads(json.dumps(encoded(result)))) == result


def test_a_file_of_the_folder_stands_for_no_library(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in any installed command: where it was started is no place to import from."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "optree.py").write_text("raise ImportError('not this one')", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    assert all(r.outcome.ok for r in _asked())
