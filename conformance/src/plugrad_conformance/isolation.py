"""Questions asked in processes of their own: the death or silence of one is the result of the case in flight."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import IO, Any, NamedTuple

from .expected import Line, judged
from .records import Outcome, Result

__all__ = ["MARK", "Job", "decoded", "encoded", "isolated"]

START = 120.0  # seconds that a process may take to import its libraries
ENOUGH = 3 * 2**30  # bytes that a process may hold; then another goes on, for XLA keeps what it compiles
MARK = "plugrad-conformance "  # before what a worker says; the rest of its output is what libraries print


class Job(NamedTuple):
    """What a worker is to do; data, for it travels.

    Attributes
    ----------
    subject : str
        A name, as `plugrad_conformance.subjects.find` takes it.
    family, op, live
        As in `plugrad_conformance.questions.questions`.
    prepare : str
        ``"module:function"`` to be called first: it registers a backend by hand, say.
    parts, part : int
        Each of so many workers takes every so many-th case; this is that one.
    first : int
        The number of the case to begin with.
    """

    subject: str
    family: str = "*"
    op: str = "*"
    live: bool = False
    prepare: str = ""
    parts: int = 1
    part: int = 0
    first: int = 0


def isolated(job: Job, workers: int = 1, timeout: float = 120.0, expected: Sequence[Line] = ()) -> Iterator[Result]:
    """As `run`, in processes of their own; after a death the rest goes on in a new one.

    Parameters
    ----------
    job : Job
        Who is asked what.
    workers : int
        How many processes share the cases.
    timeout : float
        Seconds of silence after which a process counts as hanging, and is killed.
    expected : sequence of Line
        Failures that are expected.

    Yields
    ------
    Result
        One a case, in the order in which they come out: CRASH and TIMEOUT for those that end a process.
    """
    found: queue.Queue[Result | None] = queue.Queue()
    stop = threading.Event()

    def work(part: int) -> None:
        try:
            for result in _survived(job._replace(parts=workers, part=part), timeout, stop):
                found.put(result)
        finally:
            found.put(None)

    threads = [threading.Thread(target=work, args=(part,), daemon=True) for part in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for _ in threads:
            while (result := found.get()) is not None:
                yield judged(result, expected)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _survived(job: Job, timeout: float, stop: threading.Event) -> Iterator[Result]:
    """All cases of one part, in as many processes as it takes."""
    first: int | None = job.first
    while first is not None:
        flight: dict[str, Any] = {}
        with _Worker(job._replace(first=first)) as worker:
            for said in worker.listen(timeout, stop):
                if "begin" in said:
                    flight = said
                elif "end" in said:
                    flight = {}
                    yield decoded(said["end"])
                else:
                    first = said["next"]
                    break
            else:
                if stop.is_set():
                    return
                yield _fallen(job, flight, *worker.ending(timeout))
                # Before the first case, or between two, the next process would fare no better.
                first = flight["number"] + 1 if flight else None


class _Worker:
    """One process, and what it says."""

    def __init__(self, job: Job) -> None:
        command = [sys.executable, "-P", "-X", "faulthandler", "-m", "plugrad_conformance.worker", json.dumps(job)]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._errors, text=True)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._silent = False
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._errors.close()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)

    def listen(self, timeout: float, stop: threading.Event) -> Iterator[dict[str, Any]]:
        """What it says, until it ends or is silent for too long."""
        last, limit = time.monotonic(), max(timeout, START)
        while not stop.is_set():
            try:
                line = self._lines.get(timeout=0.5)
            except queue.Empty:
                if time.monotonic() - last > limit:
                    self._silent = True
                    return
                continue
            if line is None:
                return
            _, mark, said = line.partition(MARK)
            if mark:
                last, limit = time.monotonic(), timeout
                yield json.loads(said)

    def ending(self, timeout: float) -> tuple[Outcome, str]:
        """How it ended, in words."""
        if self._silent:
            return Outcome.TIMEOUT, f"no answer after {timeout:g} s"
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        fatal = [line for line in lines if line.startswith("Fatal Python error")]
        return Outcome.CRASH, ": ".join([f"the process ended with {_name(code)}", *(fatal or lines)[-1:]])


def _name(code: int) -> str:
    """``SIGSEGV``, or the exit code."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _fallen(job: Job, flight: dict[str, Any], outcome: Outcome, message: str) -> Result:
    """The result of the case in flight; where there was none, of the start."""
    case = flight.get("begin") or {
        "family": "runner",
        "check": "start",
        "op": "",
        "case": "start",
        "order": 0,
        "dtype": "",
    }
    return Result(subject=job.subject, outcome=outcome, message=message, **case)


def encoded(result: Result) -> dict[str, Any]:
    """As JSON takes it, as Python writes it."""
    return asdict(result)


def decoded(said: dict[str, Any]) -> Result:
    """What `encoded` gave."""
    return Result(**{**said, "outcome": Outcome(said["outcome"])})
