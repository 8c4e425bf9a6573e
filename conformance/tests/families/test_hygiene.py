"""The probe of a fresh process, on a plugin that has no manners at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugrad_conformance.families import hygiene
from plugrad_conformance.records import Disagreement

ANNOUNCEMENT = """
import rude_library
from plugrad.backends.hookspecs import hookimpl
from plugrad.backends.spec import BackendSpec

SPEC = BackendSpec(name="rude", api=(1, 0), loader="rude_plugin.backend:Rude", requires=("rude_library",))


@hookimpl
def plugrad_backends():
    return [SPEC]
"""
LIBRARY = """
import numpy as np

default = "float64"


class Array(np.ndarray):
    pass


def get_default_dtype():
    return default
"""
BACKEND = """
import builtins, os, random, signal, sys, warnings

import numpy as np
import rude_library

from plugrad import ops
from plugrad.backends import current
from plugrad.backends.numpy.backend import NumPyBackend

print("hello from the plugin")
warnings.warn("and a warning")
os.environ["RUDE"] = "1"
np.seterr(all="raise")
warnings.filterwarnings("ignore", category=FutureWarning, message="rude")
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
sys.meta_path.append(object())
sys.path.append("/rude")
sys.setrecursionlimit(12345)
random.seed(1)
rude_library.default = "float32"
np.sin = lambda x: x
np.added = Added = type("Added", (), {})
builtins.rude = lambda: None
push = ops.NEGATIVE.push
ops.NEGATIVE.push = lambda y, args, tangents, params: push(y, args, tangents, params)
current.table("numpy")[ops.TANH] = lambda x: x


class Rude(NumPyBackend):
    name = "rude"
    array_types = ()
"""
METADATA = "Metadata-Version: 2.1\nName: rude-plugin\nVersion: 1.0\nRequires-Dist: numpy\n"


@pytest.fixture
def rude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is installed, for child processes."""
    for path, text in {
        "rude_plugin/__init__.py": ANNOUNCEMENT,
        "rude_plugin/backend.py": BACKEND,
        "rude_library.py": LIBRARY,
        "rude_plugin-1.0.dist-info/METADATA": METADATA,
        "rude_plugin-1.0.dist-info/entry_points.txt": "[plugrad.backends]\nrude = rude_plugin\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    yield
    hygiene.report.cache_clear()


@pytest.mark.usefixtures("rude")
def test_everything_rude_is_seen() -> None:
    found = hygiene.report("rude", None)
    assert found["libraries"] == ["rude_library"]
    assert "rude_library" in found["imported by the spec"]
    assert not {"rude_plugin", "rude_library"} & {*found["imported"]}
    assert found["entry point"] == {"many": 1, "hooks": True, "dist": "rude-plugin", "needs plugrad": False}
    assert "hello from the plugin" in found["printed"]
    assert "and a warning" in found["printed"]
    for change in (
        "environ RUDE is new",
        "numpy.geterr(): \"{'divide': 'warn'",
        "warnings ('ignore'",
        "signal <Signals.SIGUSR1",
        "sys.meta_path <object object",
        "sys.path '/rude' is new",
        "sys.getrecursionlimit()",
        "random:",
        "rude_library.get_default_dtype(): \"'float64'\", now \"'float32'\"",
    ):
        assert [line for line in found["process"] if line.startswith(change)], change
    assert [line for line in found["names"] if line.startswith("numpy.sin is <function <lambda>")]
    assert [
        line for line in found["names"] if line.startswith(("numpy.added is new, of rude_plugin", "builtins.rude is"))
    ]
    assert [line for line in found["engine"] if line.startswith("rule of negative")]
    assert [line for line in found["engine"] if line.startswith("NumPy's tanh")]
    assert not found["numbers"]


@pytest.mark.usefixtures("rude")
@pytest.mark.parametrize("manner", ["the announcement", "the entry point", "the process", "patched names", "printed"])
def test_and_refused(manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report: Any = hygiene.report("rude", None)
    monkeypatch.setattr(hygiene, "here", lambda: None)
    with pytest.raises(Disagreement):
        hygiene.MANNERS[manner](report)


def test_a_process_that_ends_badly_is_told() -> None:
    with pytest.raises(Disagreement, match="a fresh process with this backend ends with 1"):
        hygiene.report("no-such-backend", None)
