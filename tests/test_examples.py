"""The examples run on every backend, and find what they look for."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from plugrad.backends import current

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str) -> list[float]:
    """The result of an example's main, on the backend that the fixture chose."""
    result = runpy.run_path(str(EXAMPLES / name))["main"](current.choice().backend)
    assert result.backend == current.choice().backend
    return result.tolist()


@pytest.mark.usefixtures("backend")
def test_newton_finds_the_minimum() -> None:
    assert run("newton.py") == pytest.approx([1.0, 1.0], abs=1e-9)


@pytest.mark.usefixtures("backend")
def test_per_sample_norms_are_those_by_hand() -> None:
    """2 |w x - y| |x|: the first two samples are met exactly, the third is off by 3.25."""
    assert run("per_sample.py") == pytest.approx([0.0, 0.0, 2 * 3.25 * 10**0.5])


def test_every_example_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"newton.py", "per_sample.py"}
