"""A spec is data, and checked when it is made; requirements are looked up without importing."""

from __future__ import annotations

import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from plugrad.backends import builtin
from plugrad.backends.spec import BackendSpec, installed_version, unmet
from plugrad.errors import ValidationError

GOOD: dict[str, Any] = {
    "name": "torch",
    "api": (1, 0),
    "loader": "plugrad_torch.backend:TorchBackend",
    "requires": ("torch>=2.4,<3",),
    "array_types": ("torch.Tensor", "torch.nn.parameter.Parameter"),
    "device_kinds": ("cpu", "cuda", "mps"),
    "priority": 10,
    "maturity": "beta",
}


def test_good_spec_is_frozen_data() -> None:
    spec = BackendSpec(**GOOD)
    assert spec == BackendSpec(**GOOD)
    assert hash(spec) == hash(BackendSpec(**GOOD))
    with pytest.raises(FrozenInstanceError):
        spec.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", "Torch"),
        ("name", "torch:cuda"),
        ("name", "a,b"),
        ("name", ""),
        ("name", "tracing"),
        ("name", None),
        ("api", (1,)),
        ("api", (1, "0")),
        ("api", (1, True)),
        ("api", "1.0"),
        ("api", (1, -1)),
        ("loader", "plugrad_torch.backend"),
        ("loader", "plugrad_torch.backend:"),
        ("loader", "a b:C"),
        ("requires", "torch"),
        ("requires", ["torch"]),
        ("requires", ("torch>>2",)),
        ("requires", ("torch>=2.4; python_version>'3.11'",)),
        ("requires", ("plugrad-torch",)),
        ("array_types", "torch.Tensor"),
        ("array_types", ("Tensor",)),
        ("device_kinds", ()),
        ("device_kinds", ("cuda:0",)),
        ("priority", 1.5),
        ("priority", True),
        ("maturity", "alpha"),
        ("fix", None),
        ("summary", 3),
    ],
)
def test_bad_field_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=rf"{field} is .*must be"):
        BackendSpec(**{**GOOD, field: value})


def test_api_and_loader_must_be_said() -> None:
    with pytest.raises(TypeError, match="loader"):
        BackendSpec(name="torch", api=(1, 0))  # type: ignore[call-arg]


def test_numpy_has_a_spec_like_every_other() -> None:
    assert builtin.plugrad_backends() == [builtin.SPEC]
    assert replace(builtin.SPEC, name="other").loader == "plugrad.backends.numpy:NumPyBackend"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """my_library 2.4.1+cu12, from the distribution my-library-cu12; it raises when it is imported."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_library.py").write_text("raise RuntimeError('imported')")
    info = tmp_path / "my_library_cu12-2.4.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-library-cu12\nVersion: 2.4.1+cu12\n")
    (info / "top_level.txt").write_text("my_library\n")
    return "my_library"


@pytest.mark.parametrize(
    "bounds", ["", ">=2.4", ">=2.4.1", " >= 2.4", "==2.4.1", "==2.4.1.0", ">2.4,<3", "<=2.10", "!=2.4"]
)
def test_requirement_that_is_met(library: str, bounds: str) -> None:
    assert unmet(library + bounds) is None


@pytest.mark.parametrize("bounds", [">=2.4.2", ">=2.10", ">2.4.1", "<2.4.1", "==2.4", ">=2,<2.4", "!=2.4.1"])
def test_requirement_on_another_version(library: str, bounds: str) -> None:
    assert unmet(library + bounds) == f"my_library{bounds} is needed and my_library 2.4.1+cu12 is installed"


def test_looking_up_does_not_import(library: str) -> None:
    assert installed_version(library) == "2.4.1+cu12"
    assert library not in sys.modules


def test_absent_library() -> None:
    assert unmet("no_such_library>=1") == "no_such_library is not installed"
    assert installed_version("no_such_library") is None


def test_folder_of_the_name_is_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torchlike").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert unmet("torchlike") == "torchlike is not installed"


def test_what_is_loaded_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "made_up", ModuleType("made_up"))  # it has no __spec__
    assert unmet("made_up>=7") is None  # nobody can tell its version
    monkeypatch.setitem(sys.modules, "made_up", None)  # type: ignore[arg-type]
    assert unmet("made_up") == "made_up is not installed"
