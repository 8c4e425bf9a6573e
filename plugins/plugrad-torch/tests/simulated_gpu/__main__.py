"""``python -m simulated_gpu LIBRARY FAMILY ...``: what the conformance kit has against torch on ``"cuda"``, by line.

It ends with 1 where there is something.
"""

from __future__ import annotations

import sys
from pathlib import Path

from plugrad_conformance.questions import brief, questions
from plugrad_conformance.records import Result
from plugrad_conformance.runner import run
from plugrad_conformance.subjects import find

from . import load


def ask(families: list[str]) -> list[Result]:
    """The answers of all families that are named; of those with many questions the first of each table alone."""
    asked = [check for check in questions() if check.family in families]
    return list(run(find("torch:cuda"), brief(asked)))


if __name__ == "__main__":
    library, *families = sys.argv[1:]
    load(Path(library))
    answers = ask(families)
    wrong = [f"{a.family} {a.check} {a.case}: {a.outcome}, {a.message}" for a in answers if not a.outcome.ok]
    wrong += [f"{family}: no question was asked" for family in set(families) - {a.family for a in answers}]
    sys.exit("\n".join(wrong) or 0)
