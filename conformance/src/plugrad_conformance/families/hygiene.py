"""Manners of a plugin, seen in a fresh process: nothing imported unasked, nothing global changed, nothing printed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import plugrad as pg

from ..records import Check, Disagreement, Unsupported
from .asking import by_rule, done, here
from .probe import MARK

__all__ = ["CHECKS", "OF_LIBRARIES"]

PATIENCE = 300.0  # seconds, for a library that is large and a machine that is busy

OF_LIBRARIES: dict[str, str] = {  # what a library does by itself when a part of it is first used: how it reads, and why
    "environ TORCHINDUCTOR_CACHE_DIR is new": "torch._inductor, imported by torch when its meta device is first used",
    "warnings ('once', None, <class 'sympy.": "SymPy, imported with it",
}

Report = dict[str, Any]


@cache
def report(name: str, device: str | None) -> Report:
    """What `probe` says of a backend, with what its process printed.

    Raises
    ------
    Disagreement
        If the process fails.
    """
    command = [sys.executable, "-P", "-W", "always", str(Path(__file__).with_name("probe.py")), name]
    command += [] if device is None else [device]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if ended.returncode:
        raise Disagreement(f"a fresh process with this backend ends with {ended.returncode}: {ended.stderr[-1000:]}")
    out, err = (text.partition(MARK + "\n")[2] for text in (ended.stdout, ended.stderr))
    *noise, last = out.splitlines()
    found: Report = json.loads(last)
    return found | {"printed": "\n".join([*noise, *err.splitlines()])}


def _its(found: Report) -> set[str]:
    """The packages of the plugin and of its library."""
    return {found["plugin"], *found["libraries"]}


def _unasked(found: Report) -> None:
    """``import plugrad`` and its use on NumPy import neither the plugin nor its library."""
    if found["plugin"] == "plugrad":
        raise Unsupported(f"{here().name} comes with plugrad")
    comes_with_plugrad = {"array_api_compat", "numpy"}  # which are a library to some plugins
    done("imported with plugrad", sorted((_its(found) - comes_with_plugrad) & {*found["imported"]}), [])


def _light(found: Report) -> None:
    """The module that announces the backend imports no library."""
    done("imported by the plugin's announcement", sorted({*found["libraries"]} & {*found["imported by the spec"]}), [])


def _entry_point(found: Report) -> None:
    if found["plugin"] == "plugrad":
        raise Unsupported(f"{here().name} comes with plugrad")
    if (entry := found["entry point"]) is None:
        raise Disagreement(f"no entry point of the group plugrad.backends is named {here().name!r}")
    done("entry points of this name", entry["many"], 1)
    done("its module has plugrad_backends", entry["hooks"], True)
    done("the distribution is named, and requires plugrad", [bool(entry["dist"]), entry["needs plugrad"]], [True, True])


def _process(found: Report) -> None:
    """Environment, warnings, signals, import system, locale, random states, settings of the libraries."""
    changed = [line for line in found["process"] if not line.startswith(tuple(OF_LIBRARIES))]
    done("changed in the process", changed, [])


def _is(what: str, wanted: Any) -> Callable[[Report], None]:
    return lambda found: done(what, found[what], wanted)


MANNERS: dict[str, Callable[[Report], None]] = {
    "imported unasked": _unasked,
    "the announcement": _light,
    "the entry point": _entry_point,
    "the process": _process,
    "patched names": _is("names", []),
    "rules and other kernels": _is("engine", []),
    "NumPy's numbers": _is("numbers", True),
    "printed": _is("printed", ""),
    "status": _is("status", "ready"),
}


def _ask(manner: Callable[[Report], None]) -> None:
    home = here()
    if pg.backends.manager.info(home.name).source == "register()":
        raise Unsupported(f"{home.name} is registered in this process and not installed")
    manner(report(home.name, home.device))


CHECKS: tuple[Check, ...] = (by_rule("hygiene", "manners", MANNERS, _ask),)
