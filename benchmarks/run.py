"""What a gradient costs: each library's time for a value and all its gradients, over that of NumPy written by hand.

Exits with 1 if a library fails or its gradients are not those by hand; a goal that is missed only shows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np

from cases import CASES, GOALS
from libraries import LIBRARIES, Library
from timing import BY_HAND, Ratio, WorkerError, alternating, duration, worker

RESULTS = "<!-- results: written by run.py --markdown -->"


@dataclass(frozen=True)
class Figure:
    """One way on one case."""

    way: str
    case: str
    ratio: Ratio
    seconds: float
    goal: float | None

    def __str__(self) -> str:
        if self.way == "numpy by hand":
            return f"{self.ratio}, {duration(self.seconds)}"
        if self.goal is None:
            return str(self.ratio)
        met = round(self.ratio.median, 2) <= self.goal  # as precise as what is shown
        return f"{self.ratio} {'<=' if met else 'MISSES'} {self.goal}"


def figures(name: str, case: str, rounds: int) -> list[Figure]:
    """All ways of one library on one case."""
    took = alternating(name, case, rounds // 2) if LIBRARIES[name].own_threads else worker(name, case, rounds)
    hand = took.pop(BY_HAND)
    return [
        Figure(way, case, Ratio.of(times, hand), statistics.median(times), GOALS.get(way, {}).get(case))
        for way, times in took.items()
    ]


def installed(library: Library) -> bool:
    """Whether it can be imported, without importing it."""
    return find_spec(library.module) is not None


def environment(libraries: list[str]) -> dict[str, str]:
    """What the figures depend on."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    packages = dict.fromkeys(p for name in libraries for p in ("numpy", *LIBRARIES[name].packages))
    return {
        "CPU": f"{_processor()}, {_cores()} of {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        platform.python_implementation(): platform.python_version(),
        **{package: _version(package) for package in packages},
        "BLAS of numpy": f"{blas['name']} {blas['version']}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "source tree" if find_spec(package) else "not installed"


def table(cases: list[str], libraries: list[str], found: list[Figure], failed: set[str]) -> list[list[str]]:
    """A row for each way, a column for each case; the first row is the header."""
    cells = {(figure.way, figure.case): str(figure) for figure in found}
    rows = [["ratio to NumPy by hand (quartiles)", *cases]]
    for name in libraries:
        library = LIBRARIES[name]
        if installed(library):
            blank = "FAILED" if name in failed else "-"
            rows += [[way, *(cells.get((way, case), blank) for case in cases)] for way in library.rows]
        else:
            rows += [[way, f"not installed: {library.install}", *[""] * (len(cases) - 1)] for way in library.rows]
    return rows


def markdown(rows: list[list[str]], about: dict[str, str]) -> str:
    """The table and what it depends on."""
    header, *body = [f"| {' | '.join(row)} |" for row in rows]
    context = "; ".join(f"{key} {value}" for key, value in about.items())
    return "\n".join([header, "|" + "---|" * len(rows[0]), *body, "", context + ".", ""])


def write_markdown(path: Path, text: str) -> None:
    """Below the marker, where the file has one (the README does); else the whole file."""
    before, marker, _ = path.read_text(encoding="utf-8").partition(RESULTS) if path.exists() else ("", "", "")
    path.write_text(f"{before}{marker}\n\n{text}" if marker else text, encoding="utf-8")


def show(rows: list[list[str]], about: dict[str, str]) -> None:
    """On the terminal: by rich if it is there."""
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    else:
        drawn = Table(*rows[0])
        for row in rows[1:]:
            drawn.add_row(*row)
        Console(width=None if sys.stdout.isatty() else 200).print(drawn)
    print("; ".join(f"{key} {value}" for key, value in about.items()))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=[n for n in LIBRARIES if n != "trial"])
    parser.add_argument("--rounds", type=int, default=15, help="at least 4; torch and jax take half as many processes")
    parser.add_argument("--cores", type=int, help="keep to that many (Linux): 1 is steady on a busy machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--trial", type=Path, metavar="PATH", help="a folder with the prototype (mechanism.py)")
    given = parser.parse_args()
    if given.rounds < 4:
        parser.error("--rounds must be at least 4, for there to be a spread")
    if given.cores:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[: given.cores])  # workers inherit it, and all thread pools follow it
    if given.trial:
        paths = [os.environ.get("PYTHONPATH"), str(given.trial.resolve())]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        sys.path.append(str(given.trial))
        given.libraries = [*dict.fromkeys([*given.libraries, "trial"])]
    return given


def main() -> int:
    """Measure, show, write."""
    given = parse()
    found: list[Figure] = []
    failures: dict[str, list[str]] = {}
    for name in filter(lambda name: installed(LIBRARIES[name]), given.libraries):
        for case in given.cases:
            if case not in (LIBRARIES[name].cases or CASES):
                continue
            print(f"{name}, {case}", file=sys.stderr)
            try:
                found += figures(name, case, given.rounds)
            except WorkerError as error:
                failures.setdefault(name, []).append(str(error))
    rows, about = table(given.cases, given.libraries, found, set(failures)), environment(given.libraries)
    show(rows, about)
    if given.json:
        content = {"environment": about, "figures": [asdict(figure) for figure in found], "failures": failures}
        given.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if given.markdown:
        write_markdown(given.markdown, markdown(rows, about))
    for failure in chain.from_iterable(failures.values()):
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
