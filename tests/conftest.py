"""What all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# Read when torch is first loaded, here and in child processes: its threads and xdist's workers slow each other down.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Read when SciPy is first loaded, by whichever test comes first: its functions then take arrays of any library.
os.environ["SCIPY_ARRAY_API"] = "1"

import plugrad as pg
from plugrad.backends import current

settings.register_profile(
    "plugrad",
    deadline=None,  # the first call of a backend loads it
    derandomize=bool(os.environ.get("CI")),  # a red CI must mean this change
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # `backend` holds for all examples alike
)
settings.load_profile("plugrad")


def ready(name: str, device: str | None = None) -> Any:
    """(backend, device) as a parameter, where the plugin is installed."""
    missing = name != "numpy" and find_spec(f"plugrad_{name}") is None
    return pytest.param((name, device), id=name, marks=pytest.mark.skipif(missing, reason=f"plugrad-{name} is missing"))


# PLUGRAD_BACKEND=strict:device1 runs all tests there, but for those marked as NumPy's own.
HOME = current.choice()
BACKENDS = [ready("numpy"), ready("torch"), ready("strict", "device1")]


@pytest.fixture(params=BACKENDS if HOME.backend == "numpy" else [ready(*HOME[:2])])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each ready backend in turn: new arrays of the test are its own."""
    name, device = request.param
    with pg.use_backend(name, device):
        yield name


def pytest_collection_finish() -> None:
    """The collector of cycles need not walk 100,000 tests each time: half a second, where a test asks for it."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what is marked as NumPy's own where new arrays are another backend's; draw the same in any order."""
    if HOME.backend != "numpy" and item.get_closest_marker("numpy"):
        pytest.skip(f"about NumPy's arrays, and new arrays go to {HOME.backend}")
    shared = getattr(getattr(item, "module", None), "RNG", None)
    if shared is not None:  # workers share tests out anew each time
        shared.bit_generator.state = np.random.default_rng(crc32(item.nodeid.encode())).bit_generator.state
