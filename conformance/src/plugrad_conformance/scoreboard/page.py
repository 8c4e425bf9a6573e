"""The page: a template, a style, a script, and the report as columns of numbers that point into lists of words."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from ..records import Outcome, Result
from ..report import Report

__all__ = ["MEANING", "html"]

# (kind, what it means): the page shows kinds, and says the meaning where one case is looked at.
MEANING = {
    Outcome.PASS_NATIVE: ("native", "Right, by the subject's own kernels alone."),
    Outcome.PASS_COMPOSITE: ("composite", "Right, by kernels composed of the standard's functions."),
    Outcome.PASS_HOSTCOPY: ("hostcopy", "Right, but by way of the host, and the subject says so."),
    Outcome.UNSUPPORTED: ("unsupported", "Declared as unsupported, and refused with a clean error."),
    Outcome.XFAIL: ("xfail", "Listed as an expected failure, and it does fail."),
    Outcome.STALE: ("fail", "Listed as an expected failure, and it passes: the list is old."),
    Outcome.FAIL_VALUE: ("fail", "The result is wrong."),
    Outcome.FAIL_VJP: ("fail", "The reverse derivative is wrong."),
    Outcome.FAIL_JVP: ("fail", "The forward derivative is wrong."),
    Outcome.FAIL_SECOND: ("fail", "The second derivative is wrong."),
    Outcome.FAIL_ORACLE: ("fail", "An oracle beside torch disagrees."),
    Outcome.FAIL_FAMILY: ("fail", "A property beside derivatives does not hold."),
    Outcome.CRASH: ("fail", "The process died."),
    Outcome.TIMEOUT: ("fail", "No answer in time."),
    Outcome.SKIP_NO_HARDWARE: ("skip", "Not run: what it runs on is not here."),
}

_WORDS = ("subject", "family", "check", "op", "case", "order", "dtype", "outcome", "message", "repro")
_NUMBERS: dict[str, Callable[[Result], Any]] = {
    "eps": lambda r: _short(r.eps),
    "bound": lambda r: _short(r.bound),
    "milliseconds": lambda r: round(1e3 * r.seconds),
}


def html(results: Iterable[Result]) -> str:
    """The scoreboard, a page in one file; works without a network.

    Parameters
    ----------
    results : iterable of Result, or Report
        Of several subjects: `plugrad_conformance.report.merge`.

    Examples
    --------
    >>> result = Result("numpy", "gradients", "vjp", "abs", "abs-3", 1, "float64", Outcome.PASS_NATIVE, eps=0.5)
    >>> html([result]).startswith("<!doctype html>")
    True
    """
    report = Report.of(results)
    script = _resource("page.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    parts = {
        "title": escape(f"Gradient conformance: {', '.join(report.subjects)}"),
        "digest": digest,  # the page runs this script and no other, whatever stands in a message
        "style": _resource("page.css"),
        "script": script,
        "data": json.dumps(_data(report), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _resource("page.html"))


def _data(report: Report) -> dict[str, Any]:
    """A column of numbers for each field. Words are told once, and pointed to."""
    words: dict[str, dict[Any, int]] = {name: {} for name in _WORDS}
    words["outcome"] = {outcome: i for i, outcome in enumerate(MEANING)}
    words["subject"] = {subject: i for i, subject in enumerate(report.subjects)}
    pointing = {name: [told.setdefault(getattr(r, name), len(told)) for r in report] for name, told in words.items()}
    return {
        "kit": report.kit,
        "plugrad": report.plugrad,
        "reference": dict(report.reference),
        "versions": list(report.subjects.values()),
        "outcomes": [{"kind": kind, "meaning": meaning} for kind, meaning in MEANING.values()],
        "words": {name: list(told) for name, told in words.items()},
        "columns": pointing | {name: [of(r) for r in report] for name, of in _NUMBERS.items()},
    }


def _short(x: float | None) -> float | int | str | None:
    """Three digits say enough, and take a third of the room."""
    if x is None or not math.isfinite(x):
        return None if x is None else "nan" if math.isnan(x) else "inf"
    short = float(f"{x:.3g}")
    return int(short) if short.is_integer() and short < 1e6 else short


def _resource(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
