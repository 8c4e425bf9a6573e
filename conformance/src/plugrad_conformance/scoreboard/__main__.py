"""The command: ``python -m plugrad_conformance.scoreboard report.json... -o scoreboard.html --badge badge.svg``."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from ..report import ReportError, merge, read
from . import badge, html


def main(args: Sequence[str] | None = None) -> None:
    """Make what is asked for. The exit code is 2 if the reports cannot be read or do not go together."""
    parser = ArgumentParser("python -m plugrad_conformance.scoreboard", description="A scoreboard from JSON reports.")
    parser.add_argument("reports", nargs="+", type=Path, metavar="report.json")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="the page; scoreboard.html if not said")
    parser.add_argument("--badge", type=Path, metavar="FILE", help="a badge, too; and no page, unless -o says so")
    given = parser.parse_args(args)
    try:
        report = merge(map(read, given.reports))
    except (OSError, ReportError) as error:
        parser.error(str(error))
    if given.badge:
        given.badge.write_text(badge(report), encoding="utf-8")
    if given.output or not given.badge:
        (given.output or Path("scoreboard.html")).write_text(html(report), encoding="utf-8")


if __name__ == "__main__":
    main()
