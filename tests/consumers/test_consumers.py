"""SciPy, scikit-learn, einops and array-api-extra, as they are, on tensors: entry by entry, and how many are right."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from . import einops_entries, extra_entries, scipy_entries, sklearn_entries
from .entries import Entry
from .judge import judge

TABLES = (scipy_entries, sklearn_entries, einops_entries, extra_entries)
ENTRIES: list[Entry] = [entry for table in TABLES for entry in table.ENTRIES]
PAGE = Path(__file__).parents[2] / "docs" / "consumers.md"


def case(entry: Entry) -> Any:
    """An entry that the consumer itself breaks must go on failing, or it has been mended and the table is old."""
    marks = pytest.mark.xfail(strict=True, reason=entry.broken, raises=AssertionError) if entry.broken else ()
    return pytest.param(entry, id=entry.name, marks=marks)


@pytest.mark.parametrize("entry", [case(entry) for entry in ENTRIES])
def test_entry(entry: Entry, backend: str) -> None:
    verdict = judge(entry, backend)
    assert verdict.outcome == ("refused" if entry.refused else "right"), verdict.remark


def test_names_are_unique() -> None:
    assert [name for name, times in Counter(entry.name for entry in ENTRIES).items() if times > 1] == []


def test_counts_are_those_of_the_page() -> None:
    """Each row of the table in docs/consumers.md: library, version, entries, right, refused, broken by itself."""
    rows = dict(
        re.findall(r"^\| ([\w-]+) [\d.]+ (\| \d+ \| \d+ \| \d+ \| \d+) \|", PAGE.read_text(encoding="utf8"), re.M)
    )
    found = {}
    for library in dict.fromkeys(entry.library for entry in ENTRIES):
        mine = [entry for entry in ENTRIES if entry.library == library]
        broken, refused = (sum(map(bool, flags)) for flags in zip(*[(e.broken, e.refused) for e in mine], strict=True))
        found[library] = f"| {len(mine)} | {len(mine) - refused - broken} | {refused} | {broken}"
    assert rows == found


def test_torch_is_an_oracle_where_it_can(backend: str) -> None:
    """torch.autograd through the same consumers, on torch's own tensors, says the same of half of the entries."""
    verdicts = {entry.name: judge(entry, backend) for entry in ENTRIES if entry.smooth}
    apart = {name for name, v in verdicts.items() if v.outcome == "right" and " away" in v.remark}
    assert apart == {"scipy.signal.vectorstrength"}  # on torch the period becomes a float32, its default dtype
    assert sum(v.torch for v in verdicts.values()) > len(ENTRIES) // 2
