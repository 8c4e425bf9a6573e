"""Runs `probe` for a backend in a process of its own, and reads what became of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from ..backends.report import BackendInfo
from . import probe

__all__ = ["Outcome", "examine"]


@dataclass
class Outcome:
    """What became of one backend.

    Attributes
    ----------
    name : str
        The backend.
    seconds : dict
        Step -> time it took, for the steps that passed.
    step : str
        The step that it did not get past; empty if it passed all.
    cause, mend : str
        Why, and what to do unless the cause says it; empty if all passed.
    """

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    step: str = "start"
    cause: str = ""
    mend: str = ""

    @property
    def passed(self) -> bool:
        """Whether every step did."""
        return not self.cause


def examine(info: BackendInfo, device: str | None = None, timeout: float = 60.0) -> Outcome:
    """Probe one backend; a crash or a hang of it ends only the process that probes it.

    Parameters
    ----------
    info : BackendInfo
        Its record. A backend that cannot be used is not probed.
    device : str, optional
        Where its arrays go.
    timeout : float, optional
        Seconds after which it counts as hanging.
    """
    if info.cause is not None:
        return Outcome(info.name, step="find", cause=str(info.cause))
    command = [sys.executable, "-X", "faulthandler", "-m", probe.__name__, info.name, *([device] if device else [])]
    try:
        run = subprocess.run(command, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        outcome = _read(info.name, late.stdout or b"")
        outcome.cause = f"no answer after {timeout:g} s"
        outcome.mend = f"give it longer with --timeout, or keep it away with PLUGRAD_DISABLE={info.name}"
        return outcome
    outcome = _read(info.name, run.stdout)
    crashed = run.returncode != 0 and not outcome.cause
    if crashed:
        outcome.cause = f"the process ended with {_ending(run.returncode)}{_last_words(run.stderr)}"
    if crashed or (outcome.cause and outcome.step != "load"):  # what failed to load has said its mend
        outcome.mend = (
            f"update or reinstall {info.source.split(' ')[0]}, or show its authors: python {' '.join(command[1:])}"
        )
    return outcome


def _read(name: str, output: bytes) -> Outcome:
    """The steps of a probe, as far as it came."""
    outcome = Outcome(name)
    for line in output.decode(errors="replace").splitlines():
        if line.startswith(probe.MARK):
            _take(outcome, json.loads(line.removeprefix(probe.MARK)))
    return outcome


def _take(outcome: Outcome, said: dict[str, Any]) -> None:
    outcome.step = said.get("begin", outcome.step)
    outcome.cause = said.get("error", "")
    if "end" in said:
        outcome.step, outcome.seconds[said["end"]] = "", said["seconds"]


def _ending(code: int) -> str:
    """``SIGSEGV``, or the exit code."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _last_words(stderr: bytes) -> str:
    """What the process wrote last, or what Python says of a crash."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return f": {(fatal or lines)[-1]}" if lines else ""
