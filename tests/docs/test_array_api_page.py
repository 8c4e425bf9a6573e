"""What docs/array_api.md counts is what is listed, and every entry of a list has a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import DOCS

LISTS = sorted((DOCS.parent / "tests" / "array_api").glob("*-xfails.txt"))
TABLE = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|$", (DOCS / "array_api.md").read_text("utf8"), re.MULTILINE)


def test_every_list_is_counted() -> None:
    assert sorted(row[0] for row in TABLE) == [path.name.removesuffix("-xfails.txt") for path in LISTS]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_entries_are_counted_and_have_reasons(path: Path) -> None:
    first, *groups = path.read_text("utf8").strip().split("\n\n")
    assert first.startswith("# ")
    entries = [line for group in groups for line in group.splitlines() if not line.startswith("#")]
    assert all(group.startswith("# ") for group in groups)
    assert all(re.fullmatch(r"array_api_tests/\w+\.py::\w+(\[.+\])?", entry) for entry in entries)
    assert len(set(entries)) == len(entries)
    ((library, plugrad, listed),) = [row[1:] for row in TABLE if path.name.startswith(row[0])]
    assert int(plugrad) <= int(listed) == len(entries) <= int(library)
