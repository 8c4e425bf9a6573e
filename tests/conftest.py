"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

# Read when torch is first loaded, here and in child processes: its threads and xdist's workers slow each other down.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import plugrad as pg

settings.register_profile(
    "plugrad",
    deadline=None,  # the first call of a backend loads it
    derandomize=bool(os.environ.get("CI")),  # a red CI must mean this change
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # `backend` holds for all examples alike
)
settings.load_profile("plugrad")

needs_torch = pytest.mark.skipif(find_spec("plugrad_torch") is None, reason="plugrad-torch is not installed")


@pytest.fixture(params=["numpy", pytest.param("torch", marks=needs_torch)])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each ready backend in turn: new arrays of the test are its own."""
    with pg.use_backend(request.param):
        yield request.param
