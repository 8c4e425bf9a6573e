"""The badge says what passed, and its colour does not flatter."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from plugrad_conformance.records import Outcome
from plugrad_conformance.scoreboard import badge

SVG = "{http://www.w3.org/2000/svg}"
GREEN, YELLOW, RED, GREY = "#00734f", "#7a6a00", "#c2410c", "#6b7280"


@pytest.mark.parametrize(
    "outcomes, said, colour",
    [
        ([Outcome.PASS_NATIVE, Outcome.PASS_COMPOSITE, Outcome.PASS_HOSTCOPY], "3/3", GREEN),
        ([Outcome.PASS_NATIVE, Outcome.SKIP_NO_HARDWARE], "1/1", GREEN),
        ([Outcome.PASS_NATIVE, Outcome.UNSUPPORTED], "1/2", YELLOW),
        ([Outcome.PASS_NATIVE, Outcome.XFAIL], "1/2", YELLOW),
        ([Outcome.PASS_NATIVE] * 9 + [Outcome.FAIL_VJP], "9/10, 1 failed", RED),
        ([Outcome.PASS_NATIVE, Outcome.STALE, Outcome.CRASH, Outcome.TIMEOUT], "1/4, 3 failed", RED),
        ([Outcome.SKIP_NO_HARDWARE], "not run", GREY),
        ([], "not run", GREY),
    ],
)
def test_what_it_says(make: Any, outcomes: list[Outcome], said: str, colour: str) -> None:
    svg = Xml.fromstring(badge(make(outcome=outcome) for outcome in outcomes))
    assert [text.text for text in svg.iter(f"{SVG}text")] == ["plugrad conformance", said]
    assert [rect.get("fill") for rect in svg.iter(f"{SVG}rect")][-1] == colour
    assert said in svg.get("aria-label", "")


def test_the_words_fit(make: Any) -> None:
    svg = Xml.fromstring(badge([make()]))
    left, right = (float(rect.get("width", "")) for rect in list(svg.iter(f"{SVG}rect"))[1:])
    assert left + right == float(svg.get("width", ""))
    for text, width in zip(svg.iter(f"{SVG}text"), (left, right), strict=True):
        assert float(text.get("textLength", "")) < width


def test_a_label_is_text() -> None:
    svg = Xml.fromstring(badge([], label="<script>&"))
    assert next(svg.iter(f"{SVG}text")).text == "<script>&"


def test_white_letters_can_be_read() -> None:
    def luminance(colour: str) -> float:  # WCAG 2, relative luminance
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    assert all(1.05 / (luminance(colour) + 0.05) >= 4.5 for colour in (GREEN, YELLOW, RED, GREY))
