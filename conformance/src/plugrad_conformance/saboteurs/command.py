"""``python -m plugrad_conformance.saboteurs``: try them, say which survive, write the page."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path

from . import ALL
from .page import markdown
from .trial import Trial, tried

__all__ = ["main"]


def main(arguments: Iterable[str] | None = None) -> int:
    """Zero if none survives."""
    parser = argparse.ArgumentParser(prog="python -m plugrad_conformance.saboteurs", description=__doc__)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="of names or kinds, as in fnmatch")
    parser.add_argument("-n", type=int, default=1, metavar="N", help="so many processes")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the kill matrix, in Markdown")
    parser.add_argument("--all", action="store_true", help="ask all checks, not only until the first fails")
    said = parser.parse_args(None if arguments is None else [*arguments])
    numbers = [i for i, s in enumerate(ALL) if fnmatchcase(s.name, said.only) or fnmatchcase(s.kind, said.only)]
    if said.n > 1:
        with ProcessPoolExecutor(said.n, get_context("spawn")) as pool:
            trials = [*pool.map(_one, numbers, [said.all] * len(numbers), chunksize=8)]
    else:
        trials = [_one(number, said.all) for number in numbers]
    if said.page:
        said.page.write_text(markdown(trials), encoding="utf-8")
    survivors = [t for t in trials if not t.killed]
    lines = [f"SURVIVED {t.kind}: {t.name}: {t.objection or t.missing or f'{t.asked} cases pass'}" for t in survivors]
    cases, seconds = sum(t.asked for t in trials), sum(t.seconds for t in trials)
    lines.append(f"{len(trials) - len(survivors)} of {len(trials)} killed, by {cases} cases in {seconds:.0f} s")
    print("\n".join(lines))  # noqa: T201
    return int(bool(survivors))


def _one(number: int, thorough: bool) -> Trial:
    return tried(ALL[number], thorough)
