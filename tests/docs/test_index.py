"""Pages can be found, and decisions are told in the one form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import DOCS

PAGES = sorted(DOCS.rglob("*.md"))
DECISIONS = sorted((DOCS / "adr").iterdir())
INDEX = (DOCS / "README.md").read_text(encoding="utf8")


def name(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", [p for p in (*PAGES, *DOCS.glob("*.py")) if p.name != "README.md"], ids=name)
def test_page_is_listed(page: Path) -> None:
    assert f"]({name(page)})" in INDEX


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_decision_has_the_form(page: Path) -> None:
    text = page.read_text(encoding="utf8")
    assert int(page.name[:4]) == DECISIONS.index(page) + 1
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == ["Context", "Decision", "What was measured", "What it costs"]
    assert len(text.splitlines()) <= 70, "one page"
    title = text.partition("\n")[0].partition(". ")[2]
    assert f"[{title}]({name(page)})" in INDEX
