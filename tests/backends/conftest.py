"""Tests of who makes new arrays start where nobody has said anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugrad.backends import current, settings


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variable, no config file, no use_backend; what the test says is forgotten after it."""
    for variable in ("PLUGRAD_BACKEND", "PLUGRAD_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    for folder in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(folder, str(tmp_path))
    monkeypatch.setattr(current, "_said", [])
    settings.settled.cache_clear()
    yield
    settings.settled.cache_clear()
