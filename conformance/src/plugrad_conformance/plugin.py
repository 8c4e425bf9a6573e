"""The pytest plugin: ``pytest --pyargs plugrad_conformance --pg-backend NAME``. Light, for pytest loads it always."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The backends that are asked."""
    group = parser.getgroup("plugrad")
    group.addoption(
        "--pg-backend", action="append", default=[], metavar="NAME", help="a backend that plugrad_conformance asks"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The kit's own tests, once for each backend."""
    if "pg_backend" in metafunc.fixturenames:
        metafunc.parametrize("pg_backend", metafunc.config.getoption("--pg-backend") or ["numpy"])
