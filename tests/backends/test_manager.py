"""Each status provoked for real, one way in for all backends, all or nothing, and nobody's fault is another's."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plugrad import dtypes, hookimpl, ops
from plugrad.backends import current, manager
from plugrad.backends.numpy import NumPyBackend
from plugrad.backends.spec import BackendSpec
from plugrad.errors import (
    BackendError,
    BackendNotFoundError,
    DeviceError,
    DriverError,
    MissingDependencyError,
    ValidationError,
)

from .plugins import Site

# ------------------------------------------------------------------------------------ plugins that are installed


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One of each kind, installed side by side."""
    site = Site(tmp_path_factory.mktemp("zoo"))
    site.announce("good", requires=("numpy",), array_types=("good_library.Array",), maturity="stable")
    site.announce("lacking", requires=("no_such_library>=2",), fix="conda install no-such-library")
    site.announce("old", requires=("numpy>=1000",))
    site.announce("deviceless", body="devices = lambda self: ()")
    site.announce("driverless", body="import ctypes; ctypes.CDLL('libno_such_driver.so.1')")
    site.announce("future", api=(2, 0))
    site.announce("past", api=(0, 9))
    site.announce("newer", api=(1, 99))
    site.announce("twice", "plugrad-twice-a")
    site.announce("twice", "plugrad-twice-b")
    site.announce("numpy", "plugrad-impostor")
    site.announce("thief", name="good")
    site.install("off", "raise RuntimeError('loaded all the same')")
    site.install("raises", "raise RuntimeError('out of order')")
    site.install("exits", "import sys; sys.exit('no licence')")
    site.install("hookless", "def plugrad_backends(): return []")
    site.install("wrong", "from plugrad import hookimpl\n@hookimpl\ndef plugrad_backends(): return 'torch'")
    site.install("misspelt", "from plugrad import hookimpl\n@hookimpl\ndef plugrad_backends(arg): return []")
    site.install("absent", "", points="[plugrad.backends]\nabsent = no_such_module\n")
    site.announce("badspec", device_kinds=())
    site.announce("crashes", body="raise ZeroDivisionError('while loading')")
    site.announce("quits", body="raise SystemExit(3)")
    site.announce("miscalculates", body="item = lambda self, raw: 3.0")
    site.announce("mistyped", body="asarray = lambda self, x, *_: NumPyBackend.asarray(self, x, None, None, True)")
    site.announce("listing", body="to_numpy = lambda self, raw: raw.tolist()")
    site.announce("placeless", body="device_of = lambda self, raw: None")
    return site


@pytest.fixture(scope="module")
def zoo_rows(zoo: Site) -> list[dict[str, Any]]:
    """Each row of the table before anything was asked for, what asking raised, and the status and mend after it."""
    return zoo.run(
        """
        import sys
        from plugrad.backends import current, manager

        def asked(name):
            try:
                current.table(name)
            except Exception as error:
                return {"said": str(error), "kind": type(error).__name__, "chain": type(error.__cause__).__name__}
            return {"said": ""}

        out = [{"name": row.name, "source": row.source, "before": row.status} for row in manager.backends()]
        heavy = [name for name in sys.modules if name.endswith("_backend")]
        for row in out:
            row.update(asked(row["name"]), heavy=heavy)
        for row, now in zip(out, manager.backends()):
            row.update(after=now.status, mend=now.mend, cause=str(now.cause), version=now.version)
        """,
        PLUGRAD_DISABLE="off, unheard-of",
    )


# name; status before it was asked for, and after; what asking raised
STATUSES = [
    ("good", "available", "ready", "^$"),
    ("lacking", "missing-dependency", "", "no_such_library is not installed; conda install no-such-library"),
    ("old", "missing-dependency", "", 'numpy>=1000 is needed and numpy .* is installed; pip install "numpy>=1000"'),
    ("deviceless", "available", "no-device", "finds no device; make the device visible"),
    ("driverless", "available", "driver-error", "libno_such_driver.so.1: .*; install or update the driver"),
    ("future", "incompatible-api", "", "version 2.0 of the plugin API, .* has 1.0; pip install --upgrade plugrad$"),
    ("past", "incompatible-api", "", "version 0.9 .*; pip install --upgrade plugrad-past"),
    ("newer", "needs-newer-plugrad", "", "version 1.99 .*; pip install --upgrade plugrad$"),
    ("twice", "conflict", "", "comes with plugrad-twice-[ab] 1.0 and with plugrad-twice-[ab] 1.0; uninstall one"),
    ("off", "disabled", "", "PLUGRAD_DISABLE names it; take off out of"),
    ("raises", "broken", "", "RuntimeError: out of order; update or reinstall plugrad-raises, or tell its authors"),
    ("exits", "broken", "", "SystemExit: no licence"),
    ("hookless", "broken", "", r"no function plugrad_backends\(\) marked with plugrad.hookimpl"),
    ("wrong", "broken", "", "returned 'torch', not a list of BackendSpec"),
    ("misspelt", "broken", "", "misspelt.*arg"),
    ("absent", "broken", "", "ModuleNotFoundError: No module named 'no_such_module'"),
    ("badspec", "broken", "", r"device_kinds is \(\); it must be at least one kind"),
    ("crashes", "available", "broken", "loading it raised ZeroDivisionError: while loading"),
    ("quits", "available", "broken", "loading it raised SystemExit: 3"),
    ("miscalculates", "available", "broken", r"computes 1 \+ 1 = 3.0"),
    ("mistyped", "available", "broken", r"gave dtype\('int64'\) for bool; its dtypes must map bool to"),
    ("listing", "available", "broken", "to_numpy of the backend listing gave .* for 1 of bool"),
    ("placeless", "available", "broken", "device_of of the backend placeless gave None, not the name of a device"),
]


@pytest.mark.parametrize("name, before, after, said", STATUSES, ids=[row[0] for row in STATUSES])
def test_status_cause_and_mend(zoo_rows: Any, name: str, before: str, after: str, said: str) -> None:
    row = next(row for row in zoo_rows if row["name"] == name)
    assert (row["before"], row["after"]) == (before, after or before)
    assert re.search(said, row["said"], re.DOTALL), row["said"]
    if row["said"]:
        assert row["said"].endswith(row["mend"])
        assert f"({row['after']})" in row["said"]
        assert row["cause"] == row["said"]


@pytest.mark.parametrize(
    "name, kind, chain",
    [
        ("lacking", "MissingDependencyError", "NoneType"),
        ("deviceless", "BackendError", "DeviceError"),
        ("driverless", "BackendError", "OSError"),
        ("raises", "BackendError", "RuntimeError"),
        ("exits", "BackendError", "SystemExit"),
        ("crashes", "BackendError", "ZeroDivisionError"),
    ],
)
def test_cause_is_chained(zoo_rows: Any, name: str, kind: str, chain: str) -> None:
    row = next(row for row in zoo_rows if row["name"] == name)
    assert (row["kind"], row["chain"]) == (kind, chain)


def test_listing_loads_no_backend(zoo_rows: Any) -> None:
    assert zoo_rows[0]["heavy"] == []


def test_numpy_cannot_be_taken(zoo_rows: Any) -> None:
    ours, impostor = [row for row in zoo_rows if row["name"] == "numpy"]
    assert (ours["source"], ours["before"], ours["after"]) == ("plugrad", "available", "ready")
    assert (impostor["source"], impostor["after"]) == ("plugrad-impostor 1.0", "conflict")
    assert ours["version"] == np.__version__


def test_a_name_is_its_own_plugins(zoo_rows: Any) -> None:
    ours, thief = sorted((row for row in zoo_rows if row["name"] == "good"), key=lambda row: row["source"])
    assert (ours["source"], ours["after"]) == ("plugrad-good 1.0", "ready")
    assert (thief["source"], thief["after"]) == ("plugrad-thief 1.0", "conflict")


@pytest.mark.parametrize("first", ["manager.backends()", "manager.info('owned')", "current.table('owned')"])
def test_a_name_is_its_own_plugins_in_whichever_order_one_asks(tmp_path: Path, first: str) -> None:
    site = Site(tmp_path)
    for plugin in ("a_thief", "z_thief"):  # one is found before the owner, one after
        site.announce(plugin, name="owned")
    site.announce("owned")
    found = site.run(
        f"""
        from plugrad.backends import current, manager, registry
        points = sorted(registry._entry_points(), key=lambda point: point.name)
        registry._entry_points = lambda: points
        {first}
        out = {{row.source: row.status for row in manager.backends() if row.name == "owned"}}
        current.table("owned")
        """
    )
    assert found.pop("plugrad-owned 1.0") in ("ready", "available")
    assert set(found.values()) == {"conflict"}
    assert len(found) == 2


def test_one_asked_by_name_loads_no_other_plugin(zoo: Site) -> None:
    loaded = zoo.run(
        """
        import sys
        from plugrad.backends import current
        assert current.table("good").name == "good"
        out = [name for name in sys.modules if name.startswith("plugrad_")]
        """
    )
    assert loaded == ["plugrad_good"]


def test_foreign_type_is_told_by_name(zoo: Site) -> None:
    out = zoo.run(
        """
        import sys
        from plugrad.backends import current
        kinds = [type("Array", (), {"__module__": "good_library"}), type("Other", (), {"__module__": "good_library"})]
        out = [current.recognise(kind) for kind in kinds] + [name for name in sys.modules if name.endswith("_backend")]
        """
    )
    assert out == ["good", None]


def test_slow_plugin_costs_nothing_until_used(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.install("slow", "import time; time.sleep(60)")
    site.announce("heavy")
    site.write("heavy_backend.py", "import time; time.sleep(60)")
    site.announce("other")
    code = """
        from plugrad.backends import current
        out = [current.table("numpy").name, current.table("other").name, current.choice().backend]
        """
    start = time.perf_counter()
    assert site.run(code) == ["numpy", "other", "numpy"]
    assert time.perf_counter() - start < 30


def test_unreadable_metadata_hides_nobody(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.install("corrupt", "", points="[plugrad.backends]\ncorrupt\n")
    site.announce("sound")
    out = site.run("from plugrad.backends import current; out = current.table('sound').name")
    assert out == "sound"


def test_import_and_numpy_are_light(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.install("raises", "raise RuntimeError('loaded')")
    heavy = {"array_api_compat", "importlib.metadata", "optree", "pluggy", "rich", "tomllib", "torch", "typer"}
    code = f"""
        import sys
        import numpy as np
        import plugrad
        from plugrad.backends import current
        current.table("numpy"), current.table_of(np.ones(3)), current.table_of([1.0]), current.choice()
        out = sorted(set({sorted(heavy)}).intersection(sys.modules))
        """
    assert site.run(code) == []


def test_numpy_can_be_disabled(tmp_path: Path) -> None:
    code = """
        from plugrad.backends import current
        try:
            current.table("numpy")
        except Exception as error:
            out = str(error)
        """
    assert "take numpy out of the variable PLUGRAD_DISABLE" in Site(tmp_path).run(code, PLUGRAD_DISABLE="numpy")


# --------------------------------------------------------------------------------------- plugins of this process

Announce = Callable[..., str]


@pytest.fixture
def announce(monkeypatch: pytest.MonkeyPatch) -> Iterator[Announce]:
    """Registers a backend called `name`, by default NumPy under that name; takes it back after the test."""
    names: list[str] = []

    def announce(name: str = "made", made: Any = None, **fields: Any) -> str:
        made = made or type("Made", (NumPyBackend,), {"name": name})
        monkeypatch.setitem(sys.modules, f"{name}_backend", module(f"{name}_backend", Made=made))
        names.extend(manager.register(spec(name, **fields)))
        return name

    yield announce
    for name in names:
        manager.unregister(name)


def module(name: str, **content: Any) -> ModuleType:
    out = ModuleType(name)
    out.__dict__.update(content)
    return out


def spec(name: str = "made", **fields: Any) -> BackendSpec:
    return BackendSpec(**{"name": name, "api": (1, 0), "loader": f"{name}_backend:Made", **fields})


def names() -> list[str]:
    return [row.name for row in manager.backends()]


def test_registered_backend_is_like_every_other(announce: Announce) -> None:
    announce("made", requires=("numpy",), device_kinds=("cpu", "abacus"), maturity="beta", summary="made up")
    row = manager.info("made")
    assert (row.status, row.devices, row.maturity, row.summary) == ("available", ("cpu", "abacus"), "beta", "made up")
    table = current.table("made")
    assert table is current.table("made") is current.ACTIVE["made"]
    assert (table.name, table.owner, manager.info("made").status) == ("made", "made", "ready")


def test_module_with_a_hook_is_a_plugin() -> None:
    plugin = module("plugin", plugrad_backends=hookimpl(lambda: [spec("one"), spec("two")]))
    assert manager.register(plugin) == ("one", "two")
    with pytest.raises(ValidationError, match="registered already"):
        manager.register(plugin)
    manager.unregister("one")
    assert "two" in names()
    assert "one" not in names()
    manager.unregister("two")
    assert manager.register(plugin) == ("one", "two")  # pluggy has let go of it
    manager.unregister("one")
    manager.unregister("two")


def test_table_overlays_the_composites(announce: Announce) -> None:
    class Made(NumPyBackend):
        name = "made"

        def kernels(self) -> Any:
            return {ops.EXP: np.exp2}

        def pulls(self) -> Any:
            return {ops.EXP: ("pull",)}

    table = current.table(announce("made", Made))
    assert table[ops.EXP] is np.exp2
    assert table[ops.SIN] is not None
    assert table.native == {ops.EXP}
    assert table.pulls == {ops.EXP: ("pull",)}


def test_loader_may_be_a_function(announce: Announce) -> None:
    made = type("Made", (NumPyBackend,), {"name": "made"})
    assert isinstance(current.table(announce("made", lambda: made())).backend, made)


@pytest.mark.parametrize(
    "plugin, error, said",
    [
        (spec("numpy"), BackendError, "a backend named 'numpy' is registered already"),
        (spec("made", api=(2, 0)), BackendError, "version 2.0 of the plugin API"),
        (SimpleNamespace(), ValidationError, "has no function plugrad_backends"),
        ("torch", ValidationError, "has no function plugrad_backends"),
        (module("p", plugrad_backends=hookimpl(lambda: None)), ValidationError, "not a list of BackendSpec"),
        (module("p", plugrad_backends=hookimpl(lambda: [spec("made"), 3])), ValidationError, "not a list of"),
        (module("p", plugrad_backends=hookimpl(lambda: [spec(), spec()])), ValidationError, "one name twice"),
        (
            module("p", plugrad_backends=hookimpl(lambda: [spec(), spec("numpy")])),
            BackendError,
            "'numpy' is registered",
        ),
        (module("p", plugrad_backends=hookimpl(lambda: 1 / 0)), ZeroDivisionError, "division"),
    ],
)
def test_registering_is_all_or_nothing(plugin: Any, error: type[Exception], said: str) -> None:
    before = names()
    for _ in range(2):  # nothing is left of the first try
        with pytest.raises(error, match=said):
            manager.register(plugin)
        assert names() == before


def test_only_what_was_registered_can_be_unregistered() -> None:
    with pytest.raises(BackendError, match="'numpy' came with plugrad, not by register"):
        manager.unregister("numpy")
    with pytest.raises(BackendError, match="'nobody' did not come by register"):
        manager.unregister("nobody")


def test_unregistering_leaves_nothing(announce: Announce) -> None:
    kind = type("Array", (), {"__module__": "made_library"})
    manager.register(spec("brief", array_types=("made_library.Array",)))
    sys.modules["brief_backend"] = module("brief_backend", Made=type("Made", (NumPyBackend,), {"name": "brief"}))
    assert current.table_of(kind()) is current.table("brief")
    manager.unregister("brief")
    del sys.modules["brief_backend"]
    assert current.table_of(kind()) is None
    with pytest.raises(BackendNotFoundError):
        current.table("brief")


# ------------------------------------------------------------------------------------------------- all or nothing


def failing(**content: Any) -> type:
    """A NumPyBackend called made, one part of which does `content`."""
    return type("Made", (NumPyBackend,), {"name": "made", **content})


def raises(error: BaseException) -> Any:
    def method(*_: Any) -> Any:
        raise error

    return method


NEW = "a dtype of its own"


@pytest.mark.parametrize(
    "made, status, said",
    [
        (failing(name="other"), "broken", "not a Backend named 'made'"),
        (lambda: 3, "broken", "gave 3, not a Backend"),
        (failing(__init__=raises(DriverError("too old"))), "driver-error", "too old; install or update the driver"),
        (failing(__init__=raises(DeviceError("unplugged"))), "no-device", "unplugged; make the device visible"),
        (failing(__init__=raises(ImportError("DLL load failed while importing x"))), "driver-error", "DLL load failed"),
        (failing(__init__=raises(ImportError("no name x"))), "broken", "no name x"),
        (failing(__init__=raises(MissingDependencyError("needs y"))), "missing-dependency", "needs y; fix it"),
        (failing(kernels=raises(SystemExit("bye"))), "broken", "SystemExit: bye"),
        (failing(kernels=lambda self: {"exp": np.exp}), "broken", "'exp', which is no primitive"),
        (failing(pulls=lambda self: {"exp": ()}), "broken", "'exp', which is no primitive"),
        (failing(dtypes={dtypes.float64: np.dtype("f4")}), "broken", "means another dtype already"),
        (failing(dtypes={"float64": NEW}), "broken", "means another dtype already"),
        (failing(dtypes={dtypes.float64: NEW}, asarray=raises(ValueError("no memory"))), "broken", "no memory"),
        (failing(devices=lambda self: ()), "no-device", "finds no device"),
        (failing(item=lambda self, raw: 1), "broken", "computes 1"),
    ],
)
def test_failed_activation_leaves_no_trace(announce: Announce, made: Any, status: str, said: str) -> None:
    current.table("numpy")
    held = (current.ACTIVE, current.OF_TYPE, dtypes.OF_RAW, dtypes.INEXACT, dtypes.COMPLEX)
    before = [held_now.copy() for held_now in held]
    announce("made", made, requires=("numpy",), fix="fix it")
    for _ in range(2):  # the first cause is kept: a half-imported library says something else the second time
        with pytest.raises(BackendError, match=said) as caught:
            current.table("made")
        assert isinstance(caught.value, MissingDependencyError) == (status == "missing-dependency")
    assert list(held) == before
    assert manager.info("made").status == status
    assert current.table("numpy").name == "numpy"


def test_ctrl_c_is_no_fault_of_the_plugin(announce: Announce) -> None:
    made = failing(kernels=raises(KeyboardInterrupt()))
    announce("made", made)
    with pytest.raises(KeyboardInterrupt):
        current.table("made")
    made.kernels = NumPyBackend.kernels  # type: ignore[attr-defined]
    assert current.table("made").name == "made"


def test_missing_module_met_while_loading_is_named(announce: Announce, monkeypatch: pytest.MonkeyPatch) -> None:
    lack = ModuleNotFoundError("No module named 'numpy.extra'", name="numpy.extra")
    announce("made", failing(__init__=raises(lack)), requires=("numpy>=1",))
    with pytest.raises(MissingDependencyError, match=re.escape('pip install "numpy>=1"')) as caught:
        current.table("made")
    assert caught.value.__cause__ is lack


def test_loaded_once_for_all_threads(announce: Announce) -> None:
    made: list[int] = []

    def slow(self: Any) -> None:
        made.append(1)
        time.sleep(0.05)

    announce("made", failing(__init__=slow))
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(current.table("made"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert found == [current.table("made")] * 8


# --------------------------------------------------------------------------------------------- whose an array is


def kind(name: str, *bases: type) -> type:
    return type(name, bases, {"__module__": "made_library"})


ARRAY = kind("Array")


def test_subclass_belongs_to_its_base(announce: Announce) -> None:
    announce("made", array_types=("made_library.Array",))
    assert current.recognise(kind("Special", ARRAY)) == "made"
    assert current.recognise(kind("Other")) is None


def test_nearest_base_decides_before_priority(announce: Announce) -> None:
    announce("general", array_types=("made_library.Array",), priority=9)
    announce("special", array_types=("made_library.Special",))
    assert current.recognise(kind("Special", ARRAY)) == "special"


@pytest.mark.parametrize("first, second", [(1, 2), (2, 1)])
def test_priority_decides_between_two(announce: Announce, first: int, second: int) -> None:
    announce("one", array_types=("made_library.Array",), priority=first)
    announce("two", array_types=("made_library.Array",), priority=second)
    assert current.recognise(ARRAY) == ("one" if first > second else "two")


def test_one_that_cannot_be_used_stands_back(announce: Announce) -> None:
    announce("high", array_types=("made_library.Array",), priority=9, requires=("no_such_library",))
    assert current.recognise(ARRAY) == "high"  # alone it is asked, and says what it lacks
    announce("low", array_types=("made_library.Array",))
    assert current.recognise(ARRAY) == "low"


def test_numpys_types_are_numpys(announce: Announce) -> None:
    announce("greedy", array_types=("numpy.ndarray", "numpy.generic", "builtins.list"), priority=99)
    assert current.recognise(np.ndarray) == "numpy"
    assert current.recognise(np.ma.MaskedArray) == "numpy"
    assert current.recognise(np.float32) == "numpy"
    assert current.recognise(list) is None
    assert current.recognise(Path) is None


def test_table_of_loads_the_backend_of_an_array(announce: Announce) -> None:
    announce("made", array_types=("made_library.Array",))
    assert current.table_of(ARRAY()) is current.ACTIVE["made"]


# -------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "name, hint",
    [
        ("numpi", "did you mean 'numpy'?"),
        ("NumPy", "did you mean 'numpy'?"),
        ("touch", "did you mean 'torch'?"),
        ("torch:cuda:0", "use_backend('torch', device='cuda:0')"),
        ("something-else", "install the plugin that brings it"),
        (None, "no backend is named None"),
    ],
)
def test_unknown_backend(name: Any, hint: str) -> None:
    with pytest.raises(BackendNotFoundError, match=re.escape(hint)) as caught:
        current.table(name)
    assert "there are: numpy (ready)" in str(caught.value)


def test_error_says_who_asked(monkeypatch: pytest.MonkeyPatch, unset: None) -> None:
    monkeypatch.setenv("PLUGRAD_BACKEND", "numpi")
    with pytest.raises(BackendNotFoundError, match="'numpi', which PLUGRAD_BACKEND asks for; there are"):
        current.table(current.choice().backend)


def test_table_prints_well(announce: Announce) -> None:
    announce("made", requires=("no_such_library",), device_kinds=("cpu", "cuda"))
    table = manager.backends()
    header, numpy, made = [line for line in repr(table).splitlines() if re.match("name|numpy|made", line)]
    assert header.split() == ["name", "status", "version", "devices", "maturity", "mend"]
    assert numpy.split() == ["numpy", "ready", np.__version__, "cpu", "stable"]
    assert re.search(r'cpu, cuda +experimental  pip install "no_such_library"$', made)
    assert made.index("cpu") == header.index("devices")
    assert isinstance(table, tuple)
