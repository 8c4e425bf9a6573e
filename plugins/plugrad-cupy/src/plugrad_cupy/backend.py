"""CuPy's arrays: made, moved and asked about. What computes on them stands in `kernels`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache, cached_property
from sys import getrefcount
from typing import Any

import cupy
import cupyx
import cupyx.scipy.special
import numpy as np
from cupy.cuda import Device, get_current_stream, memory, runtime

from plugrad import dtypes, ops
from plugrad.backends import standard
from plugrad.backends.protocol import Backend, Kernel, Pulls, broadcast_axes, host_data
from plugrad.dtypes import DType
from plugrad.errors import DeviceError, DriverError, DTypeError, ExchangeError, ValidationError
from plugrad.ops import Op

from .kernels import RAW, Library, kernels, pulls
from .kernels.fused import Fused
from .kernels.linalg import NO_EIG

__all__ = ["LIBRARY", "CuPyBackend"]

Array = Any

_NO_COPY = "copy=False: this cannot be done without a copy; leave copy out"
_NO_DEVICE = 100  # cudaErrorNoDevice
_HOST = 1  # kDLCPU, in DLPack's list of devices


def _elementwise(formula: Fused) -> Kernel:
    name, operands, operation, result = formula
    return cupy.ElementwiseKernel(operands, result, operation, f"plugrad_{name}")


LIBRARY = Library(cupy, cupyx.scipy.special, cupyx.scatter_add, lambda: cupyx.errstate(linalg="raise"), _elementwise)


class CuPyBackend(Backend):
    """CuPy on NVIDIA GPUs, on the current stream.

    As everywhere in CuPy, the current device computes: ``with cupy.cuda.Device(1): ...`` says which one. Operands that
    lie elsewhere are refused, where CuPy would read them over the bus and put the result on the current device.
    """

    name = "cupy"
    array_types = (cupy.ndarray,)
    dtypes = RAW

    def __init__(self) -> None:
        if not _count():
            raise DeviceError("CuPy sees no GPU here")
        try:
            cupy.ones(())
        except (ImportError, OSError, RuntimeError) as error:
            raise DriverError(
                f"CuPy cannot run a kernel here: {error}; what compiles kernels comes with a CUDA toolkit, or by "
                'pip install "cupy-cuda12x[ctk]" (cupy-cuda13x[ctk] for CUDA 13)'
            ) from error

    @cached_property
    def namespace(self) -> Any:
        """CuPy as array-api-compat has it."""
        import array_api_compat.cupy

        return array_api_compat.cupy

    @cached_property
    def unsupported(self) -> Mapping[Op, str]:  # type: ignore[override]  # asked of cuSOLVER, once
        """What the cuSOLVER of this machine has not."""
        try:
            from cupyx.cusolver import check_availability
        except ImportError:  # no cuSOLVER at all: CuPy's own error says so for the other decompositions
            return {ops.EIG: NO_EIG}
        return {} if check_availability("geev") else {ops.EIG: NO_EIG}

    def kernels(self) -> Mapping[Op, Kernel]:
        """CuPy's own; where there are several GPUs all of them, for each has to see that its operands lie here."""
        own = kernels(LIBRARY)
        if _count() == 1:
            return own
        return {op: _here(op, kernel) for op, kernel in (standard.kernels(self) | own).items()}

    def pulls(self) -> Mapping[Op, Pulls]:
        """Those that save launches, or a look at indices."""
        return pulls(LIBRARY)

    # Raw arrays in
    def asarray(self, obj: Any, dtype: DType | None, device: str | None, copy: bool | None) -> Array:
        """An array of its own memory, unless ``copy=False`` says to share that of `obj`."""
        to, where = None if dtype is None else self.raw_dtype(dtype), self._device(device)
        if _on_host(obj):
            if copy is False:
                raise ValidationError(_NO_COPY)
            return _uploaded(_host(obj, dtype), where)
        seen = self.from_dlpack(obj, None)
        if dtype is not None:
            dtypes.require_real(seen.dtype.kind, dtype)
        out = _converted(seen if where is None else _moved(seen, where), to)
        if copy is False and out is not seen:
            raise ValidationError(_NO_COPY)
        return self.copied(out) if out is seen and copy is not False else out

    def from_dlpack(self, obj: Any, device: str | None) -> Array:
        """Shares the memory of what lies on a GPU, its producer ahead of the current stream; uploads the rest."""
        where = self._device(device)
        if _on_host(obj):
            return _uploaded(_host(obj, None), where)
        raw = obj if type(obj) is cupy.ndarray else _taken_over(obj)
        return raw if where is None else _moved(raw, where)

    def zeros(self, like: Any, shape: tuple[int, ...]) -> Array:
        """Zeros of the dtype and device of `like`."""
        with like.device:
            return cupy.zeros(shape, like.dtype)

    def full(self, shape: tuple[int, ...], value: Any, dtype: DType, device: str | None) -> Array:
        """Filled with one value."""
        with Device(self._device(device)):
            return cupy.full(shape, value, self.raw_dtype(dtype))

    def one(self, like: Any) -> Array:
        """A 1 of the dtype of `like`, where it lies: a walk from there computes there."""
        _require_here("backward", [like])
        return cupy.ones((), like.dtype)

    def dummy(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """One element, seen at every place."""
        return cupy.broadcast_to(cupy.full((), 1 if dtype.kind in "fc" else 0, dtype), shape)

    def copied(self, raw: Array) -> Array:
        """Dense, where it lies."""
        with raw.device:
            return raw.copy()

    # Raw arrays out
    def to_numpy(self, raw: Array) -> np.ndarray[Any, Any]:
        """A copy on the host, once the current stream has come that far."""
        with raw.device:
            return cupy.asnumpy(raw)

    # Questions
    def device_of(self, raw: Array) -> str:
        """``"cuda:0"`` ..."""
        return f"cuda:{raw.device.id}"

    def devices(self) -> tuple[str, ...]:
        """``"cuda:0"`` ...: the names that torch has for them."""
        return tuple(f"cuda:{i}" for i in range(_count()))

    def to_device(self, raw: Array, device: str) -> Array:
        """`raw` on another GPU; itself if it lies there."""
        where = self._device(device)
        return raw if where is None else _moved(raw, where)

    def _device(self, device: str | None) -> int | None:
        """None where nothing is said; ``"cuda"`` is the current one."""
        if device is None:
            return None
        if device == "cuda":
            return int(runtime.getDevice())
        names = self.devices()
        if device not in names:
            host = "; for the host, move with x.to_backend('numpy')" if device == "cpu" else ""
            raise DeviceError(f"the backend cupy has no device {device!r}; it has {', '.join(map(repr, names))}{host}")
        return names.index(device)

    def is_sole_owner(self, raw: Array) -> bool:
        """One reference to the array, to its pointer and to the memory behind, which is of CuPy's own allocators."""
        if type(raw) is not cupy.ndarray or raw.base is not None or not raw.flags.c_contiguous:
            return False
        own = isinstance(raw.data.mem, memory.PooledMemory | memory.Memory | memory.MemoryAsync)
        return own and _holders(raw) == _alone()

    def unbroadcast(self, g: Array, shape: tuple[int, ...]) -> Array:
        """`g` summed down to `shape`."""
        _require_here("unbroadcast", [g])
        return cupy.sum(g, axis=broadcast_axes(g.shape, shape), dtype=g.dtype).reshape(shape)

    def synchronize(self) -> None:
        """Wait for the current device, which is the one that computes."""
        Device().synchronize()


# -------------------------------------------------------------------------------------------------------------- devices


def _count() -> int:
    """How many GPUs CuPy sees; no driver is an error of its own."""
    try:
        return int(runtime.getDeviceCount())
    except runtime.CUDARuntimeError as error:
        if error.status == _NO_DEVICE:
            return 0
        raise DriverError(f"CuPy cannot ask for GPUs: {error}") from error


def _require_here(who: str, arrays: list[Array]) -> None:
    """Operands lie on one device, which is the current one."""
    devices, here = sorted({a.device.id for a in arrays}), runtime.getDevice()
    if len(devices) > 1:
        names = " and ".join(f"cuda:{i}" for i in devices)
        raise DeviceError(f"{who}: operands on {names}; move one with x.to_device(...)")
    if devices and devices[0] != here:
        raise DeviceError(
            f"{who}: the operands lie on cuda:{devices[0]}, and CuPy's current device is cuda:{here}; compute within "
            f"`with cupy.cuda.Device({devices[0]}):`, or move them with x.to_device('cuda:{here}')"
        )


def _here(op: Op, kernel: Kernel) -> Kernel:
    def call(*args: Any, **params: Any) -> Any:
        _require_here(op.name, [a for a in args if type(a) is cupy.ndarray])
        return kernel(*args, **params)

    return call


def _moved(raw: Array, where: int) -> Array:
    """The copy waits for what is under way here, and what comes after it here waits for the copy."""
    if raw.device.id == where:
        return raw
    with raw.device:
        dense, source = cupy.ascontiguousarray(raw), get_current_stream()
        ready = source.record()
    with Device(where):
        target = get_current_stream()
        target.wait_event(ready)
        out = dense.copy()
        done = target.record()
    with raw.device:
        source.wait_event(done)  # lest the memory of `dense` be used anew before it was read
    return out


# ---------------------------------------------------------------------------------------------------- what comes in


def _on_host(obj: Any) -> bool:
    if type(obj) is cupy.ndarray:
        return False
    asked = getattr(obj, "__dlpack_device__", None)
    return asked is None or isinstance(obj, np.ndarray | np.generic) or asked()[0] == _HOST


def _uploaded(host: np.ndarray[Any, Any], where: int | None) -> Array:
    with Device(where):
        return cupy.array(host)


def _host(obj: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    """What lies on the host, as NumPy reads it."""
    foreign = hasattr(obj, "__dlpack__") and not isinstance(obj, np.ndarray | np.generic)
    return host_data(np.from_dlpack(obj) if foreign else obj, dtype)


def _taken_over(obj: Any) -> Array:
    try:
        return cupy.from_dlpack(obj)
    except Exception as error:  # each producer has its own kinds
        raise ExchangeError(f"from_dlpack: CuPy cannot take over a {type(obj).__name__}: {error}") from error


def _converted(raw: Array, to: Any) -> Array:
    if to is None and raw.dtype not in dtypes.OF_RAW:
        raise DTypeError(f"an array of {raw.dtype} has no dtype of the array API standard; cast it with astype first")
    with raw.device:
        return raw if to is None else raw.astype(to, copy=False)


# ------------------------------------------------------------------------------------------------- whose memory it is


class _Holder:
    """Holds an array as the one owner does, and asks as the engine does: with an attribute, from a method."""

    def __init__(self) -> None:
        self.data = cupy.empty(1)

    def count(self, raw: Array) -> tuple[int, ...]:
        return _holders(raw)


def _holders(raw: Array) -> tuple[int, ...]:
    """References to the array, to its pointer, and to the memory: views hold one of these, DLPack holds the array."""
    return getrefcount(raw), getrefcount(raw.data), getrefcount(raw.data.mem)


@cache
def _alone() -> tuple[int, ...] | None:
    """What `_holders` counts for a sole owner; None where another thread may take a reference meanwhile."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    holder = _Holder()
    return holder.count(holder.data)
