"""The page about primitives of one's own runs on every ready backend, takes back what it registers, and names all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from plugrad import extend, ops
from plugrad.backends import current
from plugrad.ops import Op
from plugrad.rules import families

from .pages import DOCS, blocks, run_console

PAGE = "extending.md"
TEXT = (DOCS / PAGE).read_text(encoding="utf8")


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """A page that fails half-way leaves nothing to the next test."""
    before = {*ops.EXTENSIONS}
    yield
    for op in {*ops.EXTENSIONS} - before:
        extend.unregister(op.name)
    extend.kernel("softmax", current.choice().backend, None)


def test_runs_on_every_backend(backend: str) -> None:
    before = dict(ops.TABLE)
    assert run_console("\n".join(blocks(PAGE, "pycon"))) > 25
    assert before == ops.TABLE


def test_the_kit_takes_the_samples(backend: str) -> None:
    questions = pytest.importorskip("plugrad_conformance.questions").questions
    from plugrad_conformance import suite
    from plugrad_conformance.runner import run
    from plugrad_conformance.subjects import find

    (block,) = [block for block in blocks(PAGE, "pycon") if "quartic = " in block]
    run_console(">>> from plugrad import extend\n" + block)
    quartic = [ops.TABLE["quartic"]]
    found = list(run(find(backend), questions(primitives=quartic)))
    assert {(result.outcome, result.message) for result in found} == {("PASS_COMPOSITE", "")}
    assert len(found) >= 9 * 3
    assert suite(backend, quartic), "what the page imports"


def rows(title: str) -> set[str]:
    """The names in the first column of the table after a title."""
    table = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return {word for cell in re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE) for word in re.findall(r"\w+", cell)}


def test_every_family_and_every_law_that_an_operation_is_given_has_a_row() -> None:
    stated = {n for n, f in vars(families).items() if getattr(f, "__module__", "") == families.__name__}
    assert stated & {*extend.__all__} <= rows("Rules")
    laws = {"along", "elementwise", "loop", "moved", "reduces", "same", "stacked"}
    assert laws <= rows("Laws of axes")
    for name in laws - {"moved"}:
        assert callable(getattr(extend.axes, name)(Op("theirs", ("x",), (), "any")))
