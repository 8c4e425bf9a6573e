"""What `plugrad_cupy.backend` asks of CuPy, on the host: NumPy's arrays on devices that are a number.

As in CuPy, what an operation makes lies on the current device, whatever its operands. The variable FAKE_CUPY says how
many devices there are, or what is wrong: "driver", "none" or "compiler".
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import array_api_compat
import numpy as np

WANTED = os.environ["FAKE_CUPY"]
LOG: list[tuple[str, int]] = []  # what streams were told, and of which device
_current = [0]


class CUDARuntimeError(RuntimeError):
    def __init__(self, status: int) -> None:
        super().__init__({35: "cudaErrorInsufficientDriver", 100: "cudaErrorNoDevice"}[status])
        self.status = status


def _device_count() -> int:
    if WANTED in ("driver", "none"):
        raise CUDARuntimeError(35 if WANTED == "driver" else 100)
    return 1 if WANTED == "compiler" else int(WANTED)


class Device:
    def __init__(self, id: int | None = None) -> None:
        self.id = _current[-1] if id is None else id

    def __enter__(self) -> Device:
        _current.append(self.id)
        return self

    def __exit__(self, *_: object) -> None:
        _current.pop()

    def synchronize(self) -> None:
        LOG.append(("synchronize", self.id))


class Stream:
    def __init__(self, device: int) -> None:
        self.device = device

    def record(self) -> Stream:
        LOG.append(("record", self.device))
        return self

    def wait_event(self, event: Stream) -> None:
        LOG.append((f"wait for {event.device}", self.device))


class ndarray(np.ndarray[Any, Any]):
    def __array_finalize__(self, obj: Any) -> None:
        self._device = getattr(obj, "_device", _current[-1])

    @property
    def device(self) -> Device:
        return Device(self._device)

    @property
    def data(self) -> Any:  # type: ignore[override]
        return SimpleNamespace(mem=None)

    def copy(self, order: Any = "C") -> ndarray:
        LOG.append((f"copy from {self._device}", _current[-1]))
        return _new(np.array(self.view(np.ndarray)))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, ndarray) else x for x in inputs]
        return _new(np.asarray(getattr(ufunc, method)(*plain, **options)))

    def __dlpack_device__(self) -> tuple[int, int]:  # type: ignore[override]
        return 2, self._device


def _new(host: np.ndarray[Any, Any]) -> ndarray:
    out = host.view(ndarray)
    out._device = _current[-1]
    return out


def _maker(name: str) -> Any:
    return lambda *args, **options: _new(getattr(np, name)(*args, **options))


array, empty, full, zeros = map(_maker, ("array", "empty", "full", "zeros"))


def ones(*args: Any) -> ndarray:
    if WANTED == "compiler":
        raise RuntimeError("Failed to find CUDA headers.")
    return _new(np.ones(*args))


def ascontiguousarray(x: ndarray) -> ndarray:
    return x


def broadcast_to(x: ndarray, shape: tuple[int, ...]) -> ndarray:
    return np.broadcast_to(x, shape, subok=True)


def asnumpy(x: ndarray) -> np.ndarray[Any, Any]:
    return np.array(x.view(np.ndarray))


def from_dlpack(x: Any) -> ndarray:
    raise TypeError("no")


def ElementwiseKernel(*_: str) -> Any:
    return lambda *args: NotImplemented


def __getattr__(name: str) -> Any:
    return getattr(np, name)


_cuda: Any = ModuleType("cupy.cuda")
_cuda.Device = Device
_cuda.get_current_stream = lambda: Stream(_current[-1])
_cuda.memory = SimpleNamespace(PooledMemory=int, Memory=int, MemoryAsync=int)
_cuda.runtime = SimpleNamespace(
    CUDARuntimeError=CUDARuntimeError, getDeviceCount=_device_count, getDevice=lambda: _current[-1]
)
cuda = sys.modules["cupy.cuda"] = _cuda
errstate = nullcontext
sys.modules["array_api_compat.cupy"] = array_api_compat.cupy = sys.modules["cupy"]  # type: ignore[attr-defined]
