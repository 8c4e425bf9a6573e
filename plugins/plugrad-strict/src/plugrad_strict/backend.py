"""array-api-strict's arrays: made, moved and asked about. What computes on them is composed from the standard."""

from __future__ import annotations

from typing import Any

import array_api_strict as library
import numpy as np

from plugrad import dtypes
from plugrad.backends.protocol import Backend, host_data
from plugrad.dtypes import DType
from plugrad.errors import DeviceError, ValidationError

from .namespace import CPU, DTYPES, Array, Raw, namespace

__all__ = ["StrictBackend"]

_DEVICES = {"cpu": CPU} | {name: library.Device(name) for name in ("device1", "device2")}
_NO_COPY = "copy=False: this cannot be done without a copy; leave copy out"
_NAMES = {device: name for name, device in _DEVICES.items()}


class StrictBackend(Backend):
    """The standard and nothing else.

    Every kernel is composed. All devices are the host, which two of them do not admit: what lies on one meets nothing
    that lies on another.
    """

    name = "strict"
    array_types = (Array,)
    namespace = namespace
    dtypes = {dtype: DTYPES[name] for name, dtype in dtypes.DTYPES.items()}  # noqa: RUF012  as the protocol has it
    shapes_without_values = True  # dummies lie on the default device

    # Raw arrays in
    def asarray(self, obj: Any, dtype: DType | None, device: str | None, copy: bool | None) -> Array:
        """An array of its own memory, unless ``copy=False`` says to share that of `obj`."""
        foreign = not isinstance(obj, np.ndarray | np.generic) and (type(obj) is Raw or hasattr(obj, "__dlpack__"))
        if foreign:
            its = self.from_dlpack(obj, None).its
        else:
            its = library.asarray(host_data(obj, dtype, copy is not False), copy=False)
        if dtype is not None and library.isdtype(its.dtype, "complex floating"):
            dtypes.require_real("c", dtype)
        to = its.dtype if dtype is None else self.raw_dtype(dtype).its
        where = its.device if device is None else _device(device)
        if copy is False and (to != its.dtype or where != its.device):
            raise ValidationError(_NO_COPY)
        return Array(library.asarray(its, dtype=to, device=where, copy=(foreign and copy is not False) or None))

    def from_dlpack(self, obj: Any, device: str | None) -> Array:
        """Shares the memory of an array of the library, and of what lies on the host."""
        if type(obj) is not Array:
            obj = Array(obj if type(obj) is Raw else library.from_dlpack(obj))
        return obj if device is None else self.to_device(obj, device)

    # Raw arrays out
    def to_numpy(self, raw: Array) -> np.ndarray[Any, Any]:
        """The array's own memory, a copy of what lies on another device."""
        return np.asarray(raw.its.to_device(CPU))

    # Questions
    def device_of(self, raw: Array) -> str:
        """``"cpu"``, ``"device1"`` or ``"device2"``."""
        return _NAMES[raw.device]

    def devices(self) -> tuple[str, ...]:
        """Those that take all dtypes."""
        return tuple(_DEVICES)

    def to_device(self, raw: Array, device: str) -> Array:
        """`raw` on another device; itself if it lies there."""
        where = _device(device)
        return raw if raw.device == where else Array(raw.its.to_device(where))


def _device(name: str) -> Any:
    try:
        return _DEVICES["cpu" if name == "CPU_DEVICE" else name]
    except KeyError:
        raise DeviceError(
            f"the backend strict has no device {name!r}; it has {', '.join(map(repr, _DEVICES))}"
        ) from None
