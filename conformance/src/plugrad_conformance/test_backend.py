"""What ``--pyargs plugrad_conformance`` runs: the plugin says of whom what is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_conformance(pg_backend: str, pg_question: Any, pg_ask: Callable[[str, Any], None]) -> None:
    """One question about one case."""
    pg_ask(pg_backend, pg_question)
