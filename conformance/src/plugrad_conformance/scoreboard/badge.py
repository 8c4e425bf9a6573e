"""The badge: what passed, of what was asked."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ..records import Result
from ..report import Score, score

__all__ = ["badge"]

# Dark enough for white letters, and apart in every kind of colour vision; the words say the same.
_COLOURS = {"passes": "#00734f", "passes in part": "#7a6a00", "fails": "#c2410c", "was not run": "#6b7280"}


def badge(results: Iterable[Result], label: str = "plugrad conformance") -> str:
    """An SVG badge: "plugrad conformance | 1234/1240".

    Unsupported and expected failures were asked and did not pass; what no hardware was there for was not asked. It is
    green only if all that was asked passed, and one failure makes it red and is named.

    Parameters
    ----------
    results : iterable of Result, or Report
        Commonly of one subject.
    label : str
        What stands on the left.

    Examples
    --------
    >>> badge([]).startswith("<svg")
    True
    """
    found = score(results)
    verdict, said = _verdict(found), _said(found)
    left, right = _width(label), _width(said)
    title = escape(f"{label}: {said}, {verdict}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="w{left + right}"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#w{left + right})"><rect width="{left}" height="20" fill="#3f4650"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[verdict]}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(label, left / 2, left)}{_text(said, left + right / 2, right)}</g></svg>\n"
    )


def _verdict(found: Score) -> str:
    if not found.asked:
        return "was not run"
    if found.failed:
        return "fails"
    return "passes" if found.passed == found.asked else "passes in part"


def _said(found: Score) -> str:
    if not found.asked:
        return "not run"
    counts = f"{found.passed}/{found.asked}"
    return f"{counts}, {found.failed} failed" if found.failed else counts


def _width(text: str) -> int:
    """About what Verdana takes at 11 pixels, and a margin; `textLength` makes it fit exactly, whatever the font."""
    return 12 + sum(4 if c in " fijlrt.,/|:" else 10 if c in "mwMW" else 7 for c in text)


def _text(text: str, middle: float, width: int) -> str:
    return f'<text x="{middle:g}" y="14" textLength="{width - 12}">{escape(text)}</text>'
