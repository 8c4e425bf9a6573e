"""docs/consumers.md does what it shows. Its table is held against what is counted by tests/consumers."""

from __future__ import annotations

from .pages import blocks, run_console


def test_console(backend: str) -> None:
    assert run_console("\n".join(blocks("consumers.md", "pycon"))) > 15
