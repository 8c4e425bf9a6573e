"""Where new arrays go: every level says something else, and each is taken away in turn; threads and contexts apart."""

from __future__ import annotations

import contextvars
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from plugrad.backends import current, manager, settings
from plugrad.backends.current import Choice, use_backend
from plugrad.backends.numpy import NumPyBackend
from plugrad.backends.spec import BackendSpec
from plugrad.errors import BackendNotFoundError, DeviceError, ValidationError

NAMES = ("config", "variable", "process", "context")

pytestmark = pytest.mark.usefixtures("unset", "four")


class Abacus(NumPyBackend):
    """NumPy under another name, on the devices cpu and abacus:0."""

    def to_device(self, raw: Any, device: str) -> Any:
        if device not in ("cpu", "abacus:0"):
            raise DeviceError(f"the backend {self.name} has no device {device!r}; it has 'cpu' and 'abacus:0'")
        return raw


MADE = {name: type(name, (Abacus,), {"name": name}) for name in NAMES}
globals().update(MADE)


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four backends, one for each level to choose."""
    monkeypatch.setitem(sys.modules, "four_backends", sys.modules[__name__])
    for name in NAMES:
        manager.register(BackendSpec(name=name, api=(1, 0), loader=f"four_backends:{name}"))
    yield
    for name in NAMES:
        manager.unregister(name)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Writes the config file of PLUGRAD_CONFIG."""

    def write(text: str) -> Path:
        path = tmp_path / "my.toml"
        path.write_text(text, encoding="utf8")
        monkeypatch.setenv("PLUGRAD_CONFIG", str(path))
        return path

    return write


def test_each_level_beats_those_below(monkeypatch: pytest.MonkeyPatch, config: Any) -> None:
    assert current.choice() == ("numpy", None, "default")
    path = config('backend = "config"\ndevice = "abacus:0"')
    settings.settled.cache_clear()
    assert current.choice() == ("config", "abacus:0", f"config file {path}")
    monkeypatch.setenv("PLUGRAD_BACKEND", "variable:abacus:0")
    settings.settled.cache_clear()
    assert current.choice() == ("variable", "abacus:0", "PLUGRAD_BACKEND")
    use_backend("process", "abacus:0")
    assert current.choice() == ("process", "abacus:0", "use_backend")
    with use_backend("context", device="cpu"):
        assert current.choice() == ("context", "cpu", "with use_backend")
        assert [says and says.backend for _, says in manager.explain()] == [
            "context", "process", "variable", "config", "numpy"
        ]  # fmt: skip
    assert current.choice() == ("process", "abacus:0", "use_backend")


def test_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert current.choice().backend == "numpy"
    monkeypatch.setenv("PLUGRAD_BACKEND", "variable")
    assert current.choice().backend == "numpy"


def test_blocks_nest_and_end_after_errors() -> None:
    def fail() -> None:
        with use_backend("process"), use_backend("context"):
            assert current.choice().backend == "context"
            1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert current.choice().backend == "numpy"


def test_statement_within_a_block_shows_after_it() -> None:
    with use_backend("context"):
        use_backend("process")
        assert current.choice().backend == "context"
    assert current.choice().backend == "process"


def test_one_object_may_be_entered_again() -> None:
    block = use_backend("context")
    use_backend("process")
    for _ in range(2):
        with block, block:
            assert current.choice().backend == "context"
        assert current.choice().backend == "process"


def test_statement_holds_for_all_threads() -> None:
    use_backend("process")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(current.choice).result().backend == "process"


def test_block_holds_for_its_context_alone() -> None:
    with use_backend("context"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current.choice).result().backend == "numpy"
        carried = contextvars.copy_context()
    assert current.choice().backend == "numpy"
    assert carried.run(current.choice).backend == "context"


def test_blocks_of_two_threads_leave_nothing_behind() -> None:
    """Both are made before either is entered, so each sees the other's name as what held before."""
    made, done = threading.Barrier(2, timeout=10), threading.Barrier(2, timeout=10)

    def work(name: str) -> str:
        block = use_backend(name)
        made.wait()
        with block:
            done.wait()
            return current.choice().backend

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, ["process", "context"])) == ["process", "context"]
    assert current.choice().backend == "numpy"


def test_unknown_backend_or_device_is_refused_at_once() -> None:
    with pytest.raises(BackendNotFoundError, match="did you mean 'context'"):
        use_backend("contxt")
    with pytest.raises(DeviceError, match="it has 'cpu' and 'abacus:0'"):
        use_backend("context", "abacus:1")
    with pytest.raises(BackendNotFoundError, match="3"):
        use_backend(3)  # type: ignore[arg-type]
    with pytest.raises(BackendNotFoundError, match=r"\['numpy'\]"):
        use_backend(["numpy"])  # type: ignore[arg-type]
    with pytest.raises(DeviceError, match="it has 'cpu'"):
        use_backend("context", 1)  # type: ignore[arg-type]
    assert current.choice() == Choice("numpy", None, "default")


@pytest.mark.parametrize("text", [":cuda", "torch:", ":"])
def test_variable_that_makes_no_sense(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PLUGRAD_BACKEND", text)
    with pytest.raises(ValidationError, match="write a backend, or backend:device as in torch:cuda:0"):
        current.choice()


def test_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUGRAD_BACKEND", " ")
    monkeypatch.setenv("PLUGRAD_CONFIG", "")
    assert current.choice().source == "default"


@pytest.mark.parametrize(
    "text, said",
    [
        ("backend = ", "cannot be read"),
        ("backend = 3", "sets backend to 3"),
        ('backend = ""', "sets backend to ''"),
        ('device = "cuda"', "sets a device without a backend"),
        ('backend = "torch"\ndevise = "cuda"', "sets devise; it may set backend and device"),
    ],
)
def test_config_file_that_makes_no_sense(config: Any, text: str, said: str) -> None:
    path = config(text)
    with pytest.raises(ValidationError, match=said) as caught:
        current.choice()
    assert str(path) in str(caught.value)


def test_empty_config_file_says_nothing(config: Any) -> None:
    config("# nothing yet")
    assert current.choice().source == "default"


def test_named_config_file_must_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLUGRAD_CONFIG", str(tmp_path / "absent.toml"))
    with pytest.raises(ValidationError, match=r"absent\.toml, which is no file; create it or unset"):
        current.choice()


@pytest.mark.parametrize(
    "platform, folder", [("linux", "XDG_CONFIG_HOME"), ("darwin", "XDG_CONFIG_HOME"), ("win32", "APPDATA")]
)
def test_config_file_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, folder: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(folder, str(tmp_path / "own settings"))
    path = tmp_path / "own settings" / "plugrad" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('backend = "config"', encoding="utf8")
    assert settings.config_path() == str(path)
    assert current.choice().backend == "config"


def test_config_file_without_a_settings_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", "home"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert settings.config_path() == os.path.join("home", ".config", "plugrad", "config.toml")


def test_arrays_keep_their_backend() -> None:
    import numpy as np

    with use_backend("context"):
        found = current.table_of(np.ones(2))
    assert found is not None
    assert found.name == "numpy"


def test_many_statements_do_not_pile_up() -> None:
    for _ in range(300):
        use_backend("process")
    assert len(current._said) <= 100
