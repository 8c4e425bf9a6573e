"""Pages of the documentation as programs."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
REMARK = re.compile(r",\s*backend='\w+'")  # the only word by which the text of a tensor tells who computes
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.\d*(?:e[-+]?\d+)?")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    text = (DOCS / page).read_text(encoding="utf8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def links(page: str) -> list[str]:
    """Where a page leads within the repository."""
    return re.findall(r"\]\((?!https?:)([^)#]+)", (DOCS / page).read_text(encoding="utf8"))


def run_console(page: str, language: str = "pycon", **names: Any) -> int:
    """Execute the console sessions of a page as one; the number of statements that ran."""
    source = "\n".join(blocks(page, language))
    session = doctest.DocTestParser().get_doctest(source, names, page, page, 0)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    report: list[str] = []
    failed, tried = doctest.DocTestRunner(_Checker(), verbose=False, optionflags=flags).run(session, out=report.append)
    if failed:
        pytest.fail("".join(report), pytrace=False)
    return tried


class _Checker(doctest.OutputChecker):
    """Text must be equal; floating numbers may differ in the last digits that are printed, as libraries' do."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        want, got = (REMARK.sub("", text) for text in (want, got))
        expected, found = (list(map(float, NUMBER.findall(text))) for text in (want, got))
        if "..." not in want and found != pytest.approx(expected, rel=1e-6):
            return False
        return super().check_output(NUMBER.sub("#", want), NUMBER.sub("#", got), optionflags)
