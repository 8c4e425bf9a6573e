"""Pages of the documentation as programs."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
REMARK = re.compile(r",\s*(?:backend|device)='\w+'")  # the words by which the text of a tensor tells who computes
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.\d*(?:e[-+]?\d+)?")


def blocks(page: str, languages: str) -> list[str]:
    """The fenced blocks of a language, or of several (``"python|toml"``), in order."""
    text = (DOCS / page).read_text(encoding="utf8")
    return re.findall(rf"^```(?:{languages})\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_console(source: str, **names: Any) -> int:
    """Execute a console session; the number of statements that ran. Every output must be the one that is shown."""
    session = doctest.DocTestParser().get_doctest(source, names, "page", "page", 0)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    report: list[str] = []
    failed, tried = doctest.DocTestRunner(_Checker(), verbose=False, optionflags=flags).run(session, out=report.append)
    if failed:
        pytest.fail("".join(report), pytrace=False)
    return tried


class _Checker(doctest.OutputChecker):
    """Equal text, but for backend and device where none is shown, and for the last digits of numbers."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if not REMARK.search(want):
            got = REMARK.sub("", got)
        expected, found = (list(map(float, NUMBER.findall(text))) for text in (want, got))
        if "..." not in want and found != pytest.approx(expected, rel=1e-6):
            return False
        return super().check_output(NUMBER.sub("#", want), NUMBER.sub("#", got), optionflags)
