"""The kill matrix as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .. import families, gradients
from .trial import Trial

__all__ = ["markdown", "named"]

HEAD = """# Saboteurs

The kit is itself tested: each of these breaks something on purpose - a rule, a kernel, a piece of the engine, a method
of a backend - and some check must notice. Asked are the kit's checks of the operations and families that the saboteur
touches, in the kit's order, until a case fails. That counts as a kill if the same case passes with nothing changed, and
under a control: the same hand at the same place, doing no harm; a wrong derivative must also be seen at its own order.

This page is made by `python -m plugrad_conformance.saboteurs --all --page docs/saboteurs.md`; the tests try all of them
again, and hold the names against the page.
"""


def markdown(trials: Sequence[Trial]) -> str:
    """The page: counts, the matrix of kinds and checks, and each saboteur with its killer."""
    killed = [t for t in trials if t.killed]
    rate = f"{len(killed)} of {len(trials)} are killed, {100 * len(killed) / max(1, len(trials)):.4g} %."
    parts = [HEAD, rate, "\n".join(_matrix(killed)), *(_kind(kind, those) for kind, those in _by_kind(trials).items())]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def named(page: str) -> dict[str, bool]:
    """The saboteurs that a page names, and whether it says that they were killed."""
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ") and line.count(" | ") == 3]
    return {row[0].removeprefix("| "): row[2] != "survived" for row in rows if row[0] != "| saboteur"}


def _by_kind(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.kind, []).append(trial)
    return found


def _matrix(killed: Sequence[Trial]) -> Iterator[str]:
    """How many of a kind each family notices; of gradients each check by itself."""
    noticed = Counter((t.kind, column) for t in killed for column in {*map(_column, (t.check, *t.others))})
    columns = sorted({column for _, column in noticed}, key=_ORDER.index)
    kinds = _by_kind(killed)
    yield "## What notices what"
    yield ""
    yield "How many of a kind a check of gradients notices, or any check of another family, of those that were asked."
    yield ""
    yield f"| kind | {' | '.join(columns)} | all |"
    yield f"|---|{'---:|' * (len(columns) + 1)}"
    for kind, those in kinds.items():
        yield f"| {kind} | {' | '.join(str(noticed[kind, c] or '') for c in columns)} | {len(those)} |"
    yield f"| all | {' | '.join(str(sum(noticed[kind, c] for kind in kinds)) for c in columns)} | {len(killed)} |"


_ORDER = [check.name for check in gradients.CHECKS] + list(dict.fromkeys(check.family for check in families.ALL))


def _column(path: str) -> str:
    family, _, check = path.partition("/")
    return check if family == "gradients" else family


def _kind(kind: str, trials: Sequence[Trial]) -> str:
    lines = [f"## {kind[0].upper()}{kind[1:]}", "", "| saboteur | subject | killed by | case |", "|---|---|---|---|"]
    for t in trials:
        killer = t.check if t.killed else "survived"
        lines.append(f"| {t.name} | {t.subject} | {killer} | {t.case if t.killed else t.objection or t.missing} |")
    return "\n".join(lines)
