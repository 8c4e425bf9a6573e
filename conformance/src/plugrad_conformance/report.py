"""Results on paper: the JSON report, which is what everything else is made from, and JUnit's XML for CI systems.

`report.schema.json` beside this file is the report's JSON Schema; the README says in words what the fields are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as Xml

import plugrad as pg
from plugrad.errors import PlugradError

from .records import Outcome, Result

__all__ = ["SCHEMA", "Report", "ReportError", "Score", "junit", "merge", "read", "score", "write"]

SCHEMA = 1

Where = str | PathLike[str]

_FIELDS = tuple(f.name for f in fields(Result) if f.name != "versions")
_WORDS = ("subject", "family", "check", "op", "case", "dtype", "message", "repro")
_NOT_FINITE = {"inf": math.inf, "nan": math.nan}  # JSON has no numbers for these
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class ReportError(PlugradError, ValueError):
    """A file is no report, or reports do not go together."""


@dataclass(frozen=True)
class Report:
    """Results, and what they were found with. Where results are asked for, a report does.

    Attributes
    ----------
    results : tuple of Result
    reference : mapping of str to str
        What the results were compared with: ``{"torch": "2.13.0", "hash": "..."}``.
    kit, plugrad : str
        Versions; of this installation if not said.
    """

    results: tuple[Result, ...]
    reference: Mapping[str, str] = field(default_factory=dict)
    kit: str = field(default_factory=lambda: version("plugrad-conformance"))
    plugrad: str = pg.__version__

    @classmethod
    def of(cls, results: Iterable[Result], reference: Mapping[str, str] | None = None) -> Report:
        """The report of these results; itself, if they are one."""
        return results if isinstance(results, Report) else cls(tuple(results), dict(reference or {}))

    @property
    def subjects(self) -> dict[str, dict[str, str]]:
        """Who was asked, in order, with versions; a process that died cannot tell its own."""
        found: dict[str, dict[str, str]] = {}
        for r in self.results:
            found[r.subject] = found.get(r.subject) or dict(r.versions)
        return found

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)


class Score(NamedTuple):
    """What a badge says."""

    passed: int
    asked: int  # without what no hardware was there for: nobody asked that
    failed: int  # what somebody has to look at; the rest is unsupported or an expected failure


def score(results: Iterable[Result]) -> Score:
    """How many passed, of how many that could be asked here.

    Examples
    --------
    >>> result = Result("numpy", "gradients", "vjp", "abs", "abs-3", 1, "float64", Outcome.PASS_NATIVE)
    >>> score([result])
    Score(passed=1, asked=1, failed=0)
    """
    outcomes = [r.outcome for r in results]
    return Score(
        passed=sum(o.startswith("PASS") for o in outcomes),
        asked=sum(o is not Outcome.SKIP_NO_HARDWARE for o in outcomes),
        failed=sum(not o.ok for o in outcomes),
    )


# ------------------------------------------------------------------------------------------------------------- JSON


def write(results: Iterable[Result], path: Where, reference: Mapping[str, str] | None = None) -> None:
    """Write the JSON report, a result a line, so that two reports can be compared by eye.

    Parameters
    ----------
    results : iterable of Result, or Report
    path : str or path
    reference : mapping of str to str, optional
        As in `Report`, which has its own.

    Examples
    --------
    >>> import tempfile
    >>> result = Result("numpy", "gradients", "vjp", "abs", "abs-3", 1, "float64", Outcome.PASS_NATIVE, eps=0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write([result], f"{folder}/report.json", {"torch": "2.13.0"})
    ...     read(f"{folder}/report.json").results == (result,)
    True
    """
    report = Report.of(results, reference)
    head = {
        "schema": SCHEMA,
        "kit": report.kit,
        "plugrad": report.plugrad,
        "reference": dict(report.reference),
        "subjects": [{"name": name, "versions": versions} for name, versions in report.subjects.items()],
    }
    lines = ",\n".join(json.dumps(_plain(r), allow_nan=False) for r in report)
    text = json.dumps(head, indent=1).removesuffix("\n}") + f',\n "results": [\n{lines}\n]}}\n'
    Path(path).write_text(text, encoding="utf-8")


def read(path: Where) -> Report:
    """Read a JSON report.

    Raises
    ------
    ReportError
        It is no report of schema 1: the message says where.
    """
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as cause:
        raise ReportError(f"{path} is no JSON: {cause}") from cause
    if not isinstance(given, dict) or given.get("schema") != SCHEMA:
        found = given.get("schema") if isinstance(given, dict) else type(given).__name__
        raise ReportError(f"{path}: expected a report of schema {SCHEMA}, found {found!r}")
    try:
        versions = {s["name"]: s["versions"] for s in given["subjects"]}
        results = tuple(_result(r, i, versions) for i, r in enumerate(given["results"]))
        return Report(results, given["reference"], given["kit"], given["plugrad"])
    except KeyError as cause:
        raise ReportError(f"{path}: {cause} is missing") from cause
    except (AttributeError, TypeError, ValueError) as cause:
        raise ReportError(f"{path}: {cause}") from cause


def merge(reports: Iterable[Report]) -> Report:
    """One report of several: of several subjects, or of parts of one. A case that is there twice: the later one.

    Raises
    ------
    ReportError
        There is none; or they were not made with the same kit, plugrad and reference, or a subject not with the same
        versions, so that their numbers cannot stand side by side.
    """
    reports = list(reports)
    if not reports:
        raise ReportError("merge needs a report, and there is none")
    first, subjects = reports[0], dict[str, dict[str, str]]()
    for report in reports:
        for what in ("kit", "plugrad", "reference"):
            _same(what, getattr(first, what), getattr(report, what))
        for name, versions in report.subjects.items():
            _same(f"versions of {name}", subjects.setdefault(name, versions) or versions, versions or subjects[name])
            subjects[name] = subjects[name] or versions
    results = {(r.subject, r.family, r.check, r.op, r.case): r for report in reports for r in report}
    return Report(tuple(results.values()), first.reference, first.kit, first.plugrad)


def _same(what: str, one: Any, other: Any) -> None:
    if one != other:
        raise ReportError(
            f"reports differ in {what}: {one!r} and {other!r}; run both with the same, or keep them apart"
        )


def _plain(result: Result) -> dict[str, Any]:
    """As JSON has it."""
    found = {name: getattr(result, name) for name in _FIELDS}
    return found | {name: _number(found[name]) for name in ("eps", "bound")}


def _number(x: float | None) -> float | str | None:
    if x is None or math.isfinite(x):
        return None if x is None else float(x)  # it may be NumPy's
    return "nan" if math.isnan(x) else "inf"


def _result(given: dict[str, Any], i: int, versions: Mapping[str, dict[str, str]]) -> Result:
    """The result that `_plain` wrote."""
    if wrong := sorted(set(_FIELDS) ^ set(given)):
        raise ValueError(f"results[{i}] lacks, or has and should not: {', '.join(wrong)}")
    if wrong := [name for name in _WORDS if not isinstance(given[name], str)]:
        raise TypeError(f"results[{i}]: {wrong[0]} is {given[wrong[0]]!r}, which is no text")
    if given["subject"] not in versions:
        raise ValueError(f"results[{i}]: {given['subject']!r} is none of the subjects")
    numbers = {name: _NOT_FINITE.get(given[name], given[name]) for name in ("eps", "bound")}
    if wrong := [name for name, x in numbers.items() if not isinstance(x, int | float | None)]:
        raise TypeError(f"results[{i}]: {wrong[0]} is {given[wrong[0]]!r}; a number, null, 'inf' or 'nan'")
    try:
        outcome = Outcome(given["outcome"])
    except ValueError as cause:
        raise ValueError(f"results[{i}]: {cause}; one of {', '.join(Outcome)}") from cause
    return Result(**given | numbers | {"outcome": outcome, "versions": versions[given["subject"]]})


# ------------------------------------------------------------------------------------------------------------ JUnit


def junit(results: Iterable[Result], path: Where) -> None:
    """Write JUnit's XML, as Jenkins, GitLab and others read it: a suite for each subject and family.

    What is unsupported, expected to fail or without hardware counts as skipped, a crash or timeout as an error.

    Parameters
    ----------
    results : iterable of Result, or Report
    path : str or path
    """
    report = Report.of(results)
    root = Xml.Element("testsuites", {"name": "plugrad_conformance"} | _counts(report.results))
    del root.attrib["skipped"]  # which Jenkins' schema has for a suite alone
    for (subject, family), group in groupby(sorted(report, key=_suite), key=_suite):
        root.append(_testsuite(f"{subject}.{family}", report.subjects[subject], list(group)))
    Xml.indent(root)
    Xml.ElementTree(root).write(Path(path), encoding="utf-8", xml_declaration=True)


def _suite(result: Result) -> tuple[str, str]:
    return result.subject, result.family


def _testsuite(name: str, versions: Mapping[str, str], results: list[Result]) -> Xml.Element:
    suite = Xml.Element("testsuite", {"name": _xml(name)} | _counts(results))
    if versions:
        properties = Xml.SubElement(suite, "properties")
        for library, number in versions.items():
            Xml.SubElement(properties, "property", name=_xml(library), value=_xml(number))
    suite.extend(map(_testcase, results))
    return suite


def _testcase(result: Result) -> Xml.Element:
    where = f"{result.subject}.{result.family}.{result.op}"
    case = Xml.Element(
        "testcase", classname=_xml(where), name=_xml(f"{result.case}-{result.check}"), time=f"{result.seconds:.6f}"
    )
    if tag := _tag(result.outcome):
        said, _, _ = result.message.partition("\n")
        verdict = Xml.SubElement(case, tag, type=result.outcome, message=_xml(f"{result.outcome}: {said}"))
        verdict.text = _xml("\n\n".join(filter(None, (result.message, result.repro))))
    return case


def _counts(results: Iterable[Result]) -> dict[str, str]:
    results = list(results)
    tags = [_tag(r.outcome) for r in results]
    return {
        "tests": str(len(tags)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
        "time": f"{sum(r.seconds for r in results):.3f}",  # Jenkins takes no more digits
    }


def _tag(outcome: Outcome) -> str:
    """The element that says it; none if it passed."""
    if outcome.startswith("PASS"):
        return ""
    if outcome in (Outcome.CRASH, Outcome.TIMEOUT):
        return "error"
    return "skipped" if outcome.ok else "failure"


def _xml(text: str) -> str:
    """Without the characters that XML has no way to write, such as a terminal's colours."""
    return _NOT_IN_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
