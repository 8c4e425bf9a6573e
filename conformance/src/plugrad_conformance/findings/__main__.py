"""Makes docs/findings.md; with ``--sweep SUBJECT``, asks a library everything at ties and ends first."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..records import Unsupported
from ..subjects import find
from .catalogue import FINDINGS
from .page import SWEPT, found, page, versions
from .sweep import FIRST, answers, boundary, splits


def swept(who: str) -> dict[str, Any]:
    """How many derivatives were asked of a subject, and in which operations its answers differ, how often."""
    subject, asked = find(who), 0
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for sample in boundary():
        for operand in range(len(sample.moving)):
            try:
                said = answers(subject, sample, operand)
            except Unsupported:
                continue
            asked += bool(said)
            differing = {split.one in FIRST for split in splits(who, sample, operand, said)}
            first[sample.op.name] += True in differing
            second[sample.op.name] += False in differing
    name = "plugrad" if who == "numpy" else next(iter(subject.versions()))
    return {"version": subject.versions()[name], "asked": asked, "first": dict(+first), "second": dict(+second)}


def unexplained(who: str, row: dict[str, Any]) -> list[str]:
    """Operations in which a library's answers differ, and that no finding names."""
    patterns = [pattern for finding in FINDINGS for pattern in finding.explains]
    paths = [f"{who}/{op}" for op in {**row["first"], **row["second"]}]
    return [path for path in paths if not any(fnmatchcase(path, pattern) for pattern in patterns)]


def main(arguments: list[str]) -> int:
    """Make the page; the exit code is 1 if the sweep found something that it does not tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", default="docs/findings.md", type=Path)
    parser.add_argument("--sweep", action="append", default=[], metavar="SUBJECT")
    given = parser.parse_args(arguments)
    path = Path(str(SWEPT))
    rows = json.loads(path.read_text("utf8")) if path.exists() else {}
    for who in given.sweep:
        rows[who] = swept(who)
        path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf8")
    given.page.write_text(page(found(), versions()), encoding="utf8")
    left = [path for who, row in rows.items() if who != "numpy" for path in unexplained(who, row)]
    print(*(f"no finding explains {path}" for path in left), sep="\n", end="\n" if left else "")  # noqa: T201
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
