"""Runs the conformance kit, which is a distribution of its own, and tells what came out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..backends import manager
from ..errors import BackendError, MissingDependencyError, ValidationError
from ..ops import TABLE
from .doctor import examine
from .tables import print_whole

__all__ = ["Wanted", "conform"]

SHOWN = 10  # kinds of failures in the terminal; the report has all


class Wanted(NamedTuple):
    """What is asked of whom, and where it goes."""

    subject: str
    family: str
    op: str
    xfails: Path | None
    report: Path | None
    scoreboard: Path | None
    junit: Path | None
    badge: Path | None
    live: bool
    workers: int
    timeout: float


def conform(wanted: Wanted) -> int:
    """Ask all that is asked for, in processes of their own; the exit code is 1 if anything fails.

    Raises
    ------
    MissingDependencyError
        If the kit is not installed.
    BackendNotFoundError, BackendError
        If there is no such backend, or it lacks something.
    ValidationError
        If there is no such question, or a line of the list of expected failures is wrong.
    """
    questions, expected, runner = map(_kit, ("questions", "expected", "runner"))
    _require(wanted.subject, wanted.timeout)
    for path in (wanted.report, wanted.scoreboard, wanted.junit, wanted.badge):
        if path is not None and not path.absolute().parent.is_dir():
            raise ValidationError(f"{path} cannot be written: there is no folder {path.parent}")
    wanted = _about_derivatives(wanted)
    lines = expected.read(wanted.xfails, questions.questions(live=wanted.live)) if wanted.xfails else ()
    checks = questions.questions(wanted.family, wanted.op, wanted.live)
    total = sum(1 for check in checks for _ in check.cases())
    if not total:
        raise ValidationError(f"conform: no question is about {wanted.op!r} in {wanted.family!r}; both are patterns")
    job = runner.Job(wanted.subject, wanted.family, wanted.op, wanted.live)
    results = []
    with _progress() as progress:
        bar = progress.add_task(wanted.subject, total=total)
        for result in runner.isolated(job, wanted.workers, wanted.timeout, lines):
            results.append(result)
            progress.advance(bar)
    _tell(results)
    _write(results, wanted)
    return 0 if all(result.outcome.ok for result in results) else 1


def _kit(module: str) -> Any:
    """A module of the kit, imported by name: plugrad does not depend on it."""
    try:
        return import_module(f"plugrad_conformance.{module}")
    except ModuleNotFoundError as lack:
        if (lack.name or "").partition(".")[0] != "plugrad_conformance":
            raise
        raise MissingDependencyError("the conformance kit is not here: pip install plugrad-conformance") from lack


def _require(subject: str, timeout: float) -> None:
    """Raise for a backend that there is not, or that cannot be loaded; what lacks hardware is asked, and says so."""
    name = subject.partition(":")[0]
    if _kit("subjects").is_library(name):
        return _require_library(subject)
    info = manager.info(name)
    if info.status in ("no-device", "driver-error"):
        return
    if info.cause is not None:
        raise info.cause
    outcome = examine(info, timeout=timeout)
    if outcome.step == "load" and "DeviceError" not in outcome.cause and "DriverError" not in outcome.cause:
        raise BackendError(f"conform: the backend {name!r} does not load: {outcome.cause}")


def _require_library(subject: str) -> None:
    try:
        _kit("subjects").find(subject).versions()
    except _kit("records").Unsupported as lack:
        raise MissingDependencyError(str(lack)) from lack


def _about_derivatives(wanted: Wanted) -> Wanted:
    """Of a library with derivatives of its own nothing else is asked by default: the rest is about plugrad."""
    is_library = _kit("subjects").is_library(wanted.subject)
    return wanted._replace(family="gradients") if is_library and wanted.family == "*" else wanted


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True))


def _write(results: list[Any], wanted: Wanted) -> None:
    report = _kit("report").Report.of(results, _kit("references").identity())
    if wanted.report:
        _kit("report").write(report, wanted.report)
    if wanted.scoreboard:
        wanted.scoreboard.write_text(_kit("scoreboard").html(report), encoding="utf-8")
    if wanted.junit:
        _kit("report").junit(report, wanted.junit)
    if wanted.badge:
        wanted.badge.write_text(_kit("scoreboard").badge(report), encoding="utf-8")


# ------------------------------------------------------------------------------------------------------- what is told


def _tell(results: list[Any]) -> None:
    console = Console()
    print_whole(_summary(results))
    alike = defaultdict(list)
    for result in results:
        if not result.outcome.ok:
            alike[_gist(result)].append(result)
    for (outcome, _), group in sorted(alike.items(), key=lambda item: -len(item[1]))[:SHOWN]:
        first, more = group[0], f" ({len(group)} like this)" if len(group) > 1 else ""
        path = f"{first.family}/{first.check}/{first.case}"
        said = first.message.partition("\n")[0]
        console.print(Text.assemble((f"{outcome} ", "red"), path, more, ": ", said), soft_wrap=True)
    failed = sum(map(len, alike.values()))
    if failed > SHOWN:
        console.print(f"{failed} failures of {len(alike)} kinds; --report FILE.json has all, each with its script")


def _gist(result: Any) -> tuple[str, str]:
    """What failures of one cause have in common: the message without numbers, values and the operation's name."""
    said = result.message.partition("\n")[0].partition(": array(")[0]
    name, _, rest = said.partition(": ")
    return result.outcome, re.sub(r"\d[\d.e+-]*", "", rest if name in TABLE else said)


def _summary(results: list[Any]) -> Table:
    """Families by outcomes."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        counts[result.family][result.outcome] += 1
        counts["all"][result.outcome] += 1
    by_family = {family: counts[family] for family in (*(f for f in counts if f != "all"), "all") if family in counts}
    outcomes = [outcome for outcome in type(results[0].outcome) if counts["all"][outcome]]
    table = Table("family", *outcomes, "worst", box=None, pad_edge=False, header_style="bold")
    for family, count in by_family.items():
        worst = _worst([r for r in results if family in (r.family, "all")])
        cells = [_cell(outcome, count[outcome]) for outcome in outcomes]
        table.add_row(family, *cells, worst)
    return table


def _cell(outcome: Any, count: int) -> Text:
    style = "green" if outcome.startswith("PASS") else "" if outcome.ok else "red"
    return Text(str(count or ""), style, justify="right")


def _worst(results: list[Any]) -> str:
    """The error that comes nearest to its bound, as a part of it."""
    shares = [r.eps / r.bound for r in results if r.outcome.ok and r.eps is not None and r.bound]
    return f"{max(shares):.0%} of its bound" if shares else ""
