"""What the plugin says and refuses, where there is no CuPy, and with one that is NumPy on devices that are numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import plugrad as pg
from plugrad_cupy import SPEC, plugrad_backends

HERE = Path(__file__).parent
BEGIN = """
import sys
import numpy as np, plugrad as pg
from plugrad.backends import current, manager
from plugrad.errors import *
import plugrad_cupy
def start():
    try: current.table("cupy")
    except BackendNotFoundError: manager.register(plugrad_cupy.SPEC)
    return current.table("cupy").backend
def raised(kind, f, *words):
    try: f()
    except kind as error: assert all(w in str(error) for w in words), error
    else: raise AssertionError("nothing was raised")
"""


def run(code: str, cupy: str | None = None, **more: str) -> str:
    """What a new Python prints, with the false CuPy in the state that is said, or without it."""
    path = [str(HERE / "fake"), *sys.path] if cupy is not None else sys.path
    env = os.environ | {"PYTHONPATH": os.pathsep.join(path), "FAKE_CUPY": cupy or ""} | more
    done = subprocess.run([sys.executable, "-c", BEGIN + code], env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --------------------------------------------------------------------------------------------------------- announcing


def test_announcing_it_imports_no_cupy() -> None:
    code = "import plugrad_cupy.kernels; assert not {'cupy', 'cupyx'} & set(sys.modules), 'imported'"
    run(code)
    run("list(pg.backends()); assert not {'cupy', 'cupyx'} & set(sys.modules), 'imported'", cupy="1")


def test_the_mend_names_what_the_wheel_offers() -> None:
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    assert plugrad_backends() == [SPEC]
    assert project["entry-points"]["plugrad.backends"] == {SPEC.name: "plugrad_cupy"}
    assert set(project["optional-dependencies"]) == {"cuda12", "cuda13"}
    for extra, needs in project["optional-dependencies"].items():
        assert f'"{project["name"]}[{extra}]"' in SPEC.fix
        assert [need.partition(">=")[2] for need in needs] == ["14"]
    assert SPEC.requires == ("cupy>=14",)


STATUS: dict[str, tuple[str | None, str, str]] = {  # the state of CuPy, status, what is said
    "no cupy": (None, "missing-dependency", "cupy is not installed; pip install \"plugrad-cupy[cuda12]\""),
    "no driver": ("driver", "driver-error", "cudaErrorInsufficientDriver; install or update the driver"),
    "no device": ("none", "no-device", "CuPy sees no GPU here; make the device visible to this process"),
    "all devices hidden": ("0", "no-device", "CuPy sees no GPU here"),
    "no compiler": ("compiler", "driver-error", "Failed to find CUDA headers.; what compiles kernels comes with"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATUS)
def test_status_and_mend(name: str) -> None:
    state, status, words = STATUS[name]
    absent = "sys.modules['cupy'] = None\n" if state is None else ""
    code = f"raised(BackendError, start, {words!r}); print(manager.info('cupy').status)"
    assert run(absent + code, cupy=state) == status


def test_nothing_else_breaks_without_a_driver() -> None:
    code = (
        "raised(BackendError, start); x = pg.ones(2, requires_grad=True); pg.sum(x).backward(); print(x.grad.tolist())"
    )
    assert run(code, cupy="driver") == "[1.0, 1.0]"
    assert pg.ones(1).backend


# -------------------------------------------------------------------------------------------------------- in and out


def test_arrays_are_made_moved_and_asked_about() -> None:
    run(
        """
b = start()
import cupy
assert b.devices() == ("cuda:0",)
x = pg.asarray([1.0, 2.0], backend="cupy", requires_grad=True)
assert (x.device, x.dtype, type(x.data)) == ("cuda:0", pg.float64, cupy.ndarray)
y = x.to_backend("numpy")
assert (y.backend, y.device, y.tolist()) == ("numpy", "cpu", [1, 2])
z = y.to_backend("cupy")
pg.sum(z * z).backward()
assert (x.grad.backend, x.grad.device, x.grad.tolist()) == ("cupy", "cuda:0", [2, 4])
assert pg.ones(2, backend="cupy", device="cuda").device == "cuda:0"
assert pg.asarray(np.arange(3.0)[::-1], backend="cupy", dtype=pg.float32).tolist() == [2, 1, 0]
assert pg.asarray(np.array([1, 2], ">i4"), backend="cupy").dtype is pg.int32
assert pg.asarray(np.float32(2), backend="cupy").dtype is pg.float32
assert pg.from_dlpack(np.ones(2), backend="cupy").device == "cuda:0"
with pg.use_backend("numpy"):
    assert pg.asarray(cupy.zeros(2)).backend == "cupy"
raw = cupy.zeros(2)
own, shared = b.asarray(raw, None, None, None), b.asarray(raw, None, None, False)
raw[0] = 5
assert (own.tolist(), shared.tolist()) == ([0, 0], [5, 0])
b.synchronize()
assert cupy.LOG[-1] == ("synchronize", 0)
raised(DeviceError, lambda: pg.ones(1, backend="cupy", device="cuda:1"), "no device 'cuda:1'; it has 'cuda:0'")
raised(DeviceError, lambda: x.to_device("cpu"), "for the host, move with x.to_backend('numpy')")
raised(DTypeError, lambda: pg.asarray(np.ones(2, np.float16), backend="cupy"), "float16")
raised(DTypeError, lambda: b.asarray(cupy.zeros(2, np.float16), None, None, None), "float16")
raised(DTypeError, lambda: b.asarray(cupy.ones(2, complex), pg.float64, None, None), "take real")
raised(DTypeError, lambda: b.asarray(np.ones(2, complex), pg.float64, None, None), "take real")
for obj in ([1.0], np.ones(2)):
    raised(ValidationError, lambda: b.asarray(obj, None, None, False), "leave copy out")
raised(ValidationError, lambda: b.asarray(raw, pg.float32, None, False), "leave copy out")
raised(ConversionError, lambda: b.asarray([[1], [1, 2]], None, None, None), "no array of numbers")
""",
        cupy="1",
    )


def test_another_library_takes_the_same_way() -> None:
    run(
        """
b = start()
class Odd:
    def __init__(self, kind): self.kind = kind
    def __dlpack_device__(self): return self.kind, 0
    def __dlpack__(self, **options): return np.ones(2).__dlpack__(**options)
assert b.from_dlpack(Odd(1), None).tolist() == b.asarray(Odd(1), None, None, None).tolist() == [1, 1]
raised(ExchangeError, lambda: b.from_dlpack(Odd(2), None), "CuPy cannot take over a Odd")
raised(ValidationError, lambda: b.asarray(Odd(1), None, None, False), "leave copy out")
""",
        cupy="1",
    )


# -------------------------------------------------------------------------------------------------------- several GPUs


def test_only_the_current_device_computes() -> None:
    run(
        """
b = start()
import cupy
assert b.devices() == ("cuda:0", "cuda:1")
here, there = (pg.asarray([1.0, 2.0], backend="cupy", device=d, requires_grad=True) for d in ("cuda:0", "cuda:1"))
assert (here.device, there.device) == ("cuda:0", "cuda:1")
assert (pg.zeros_like(there).device, pg.ones(1, backend="cupy", device="cuda:1").device) == ("cuda:1", "cuda:1")
mend = "compute within `with cupy.cuda.Device(1):`, or move them with x.to_device('cuda:0')"
for f in (lambda: there * 2.0, lambda: pg.sum(there), lambda: pg.linalg.matrix_norm(there[None])):
    raised(DeviceError, f, "lie on cuda:1, and CuPy's current device is cuda:0", mend)
raised(DeviceError, lambda: here + there, "operands on cuda:0 and cuda:1; move one with x.to_device(...)")
with cupy.cuda.Device(1):
    y = pg.sum(there * 2.0)
    assert y.device == "cuda:1"
raised(DeviceError, y.backward, "backward: the operands lie on cuda:1")
with cupy.cuda.Device(1):
    y.backward()
assert (there.grad.device, there.grad.tolist()) == ("cuda:1", [2, 2])
assert there.detach().numpy().tolist() == [1, 2]
""",
        cupy="2",
    )


def test_a_move_is_ordered_with_both_streams() -> None:
    run(
        """
b = start()
import cupy
x = pg.asarray([1.0, 2.0], backend="cupy", requires_grad=True)
cupy.LOG.clear()
y = x.to_device("cuda:1")
assert cupy.LOG == [("record", 0), ("wait for 0", 1), ("copy from 0", 1), ("record", 1), ("wait for 1", 0)], cupy.LOG
assert (y.device, y.tolist()) == ("cuda:1", [1, 2])
assert b.to_device(x.data, "cuda:0") is x.data
with cupy.cuda.Device(1):
    z = pg.sum(y * 3.0)
    z.backward()
assert (x.grad.device, x.grad.tolist()) == ("cuda:0", [3, 3])
""",
        cupy="2",
    )


# --------------------------------------------------------------------------------------------------------- what lacks


def test_what_cusolver_lacks_is_declared() -> None:
    run(
        """
import cupyx
from plugrad import ops
b = start()
for has in (True, False):
    cupyx.HAS = has
    b.__dict__.pop("unsupported", None)
    assert list(b.unsupported) == ([] if has else [ops.EIG]), b.unsupported
""",
        cupy="1",
    )
