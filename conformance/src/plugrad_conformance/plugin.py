"""The pytest plugin: ``pytest --pyargs plugrad_conformance --pg-backend NAME``. Light, for pytest loads it always."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .expected import Line
    from .records import Result, Subject

KEY = "plugrad_conformance"  # of a test's property, by which a result comes from xdist's workers, too
FILES = {"--pg-xfails": "expected failures, a line each: FAMILY/CHECK/CASE why", "--pg-report": "write a JSON report"}
FILES["--pg-scoreboard"] = "write the HTML scoreboard"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What plugrad_conformance asks of whom, and where it goes."""
    group = parser.getgroup("plugrad")
    group.addoption(
        "--pg-backend", action="append", default=[], metavar="NAME[:DEVICE]", help="who is asked: a backend of plugrad"
    )
    group.addoption("--pg-repro", action="store_true", help="print a script of its own for each failure")
    group.addoption("--pg-live-reference", action="store_true", help="compare the frozen references with torch, too")
    for name, text in FILES.items():
        group.addoption(name, type=Path, metavar="FILE", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Results are gathered where the session ends, not in workers."""
    written = config.getoption("--pg-report") or config.getoption("--pg-scoreboard")
    if written and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Results(config), "plugrad_conformance_results")


def pytest_sessionstart(session: pytest.Session) -> None:
    """A list of expected failures that is wrong ends the session before it has begun."""
    path = _listed(session.config)
    if path is not None:
        from plugrad.errors import ValidationError

        try:
            _expected(path)
        except (OSError, ValidationError) as error:
            raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The kit's own tests: each subject, each question."""
    if "pg_backend" in metafunc.fixturenames:
        metafunc.parametrize("pg_backend", metafunc.config.getoption("--pg-backend") or ["numpy"])
    if "pg_question" in metafunc.fixturenames:
        from .questions import parameters, questions

        live = metafunc.config.getoption("--pg-live-reference")
        metafunc.parametrize("pg_question", parameters(questions(live=live)))


@pytest.fixture
def pg_ask(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """Asks a subject, by name, a question: the test passes, fails or is skipped as the outcome says."""
    return partial(_ask, request)


def _ask(request: pytest.FixtureRequest, name: str, question: Any) -> None:
    from .expected import judged
    from .isolation import encoded
    from .runner import ask

    result = judged(ask(_subject(name), *question), _expected(_listed(request.config)))
    request.node.user_properties.append((KEY, json.dumps(encoded(result))))
    _tell(result, request.config.getoption("--pg-repro"))


@cache
def _subject(name: str) -> Subject:
    from .subjects import find

    return find(name)


def _listed(config: pytest.Config) -> Path | None:
    """The list of expected failures: from here, else from the project's root, where addopts stand."""
    path: Path | None = config.getoption("--pg-xfails")
    return path if path is None or path.exists() else config.rootpath / path


@cache
def _expected(path: Path | None) -> tuple[Line, ...]:
    from .expected import read
    from .questions import questions

    return () if path is None else read(path, questions())


def _tell(result: Result, with_script: bool) -> None:
    outcome, said = result.outcome, f"{result.outcome}: {result.message}"
    if outcome == "XFAIL":
        pytest.xfail(result.message)
    if outcome in ("UNSUPPORTED", "SKIP_NO_HARDWARE"):
        pytest.skip(said)
    if not outcome.ok:
        script = f"\n\n{result.repro}" if with_script else "; --pg-repro prints a script of it" if result.repro else ""
        pytest.fail(said + script, pytrace=False)


class _Results:
    """Gathers what came out, and writes it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: list[Any] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of a test of the kit, its result."""
        if report.when == "call":
            self._found += [json.loads(str(value)) for key, value in report.user_properties if key == KEY]

    def pytest_sessionfinish(self) -> None:
        """The files that were asked for."""
        from . import references
        from .isolation import decoded
        from .report import Report, write
        from .scoreboard import html

        report = Report.of(map(decoded, self._found), references.identity())
        if path := self._config.getoption("--pg-report"):
            write(report, path)
        if path := self._config.getoption("--pg-scoreboard"):
            path.write_text(html(report), encoding="utf-8")
