"""The backend of NumPy's arrays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import copysign
from sys import getrefcount
from typing import Any

import numpy as np

from ...dtypes import DType
from ...errors import DeviceError
from ...ops import Op
from ..protocol import Backend, Kernel, Pulls, broadcast_axes, host_data
from .kernels import KERNELS, ONE, PULLS, RAW, Array


@cache
def _ones(n: int, dtype: Any) -> Array:
    return np.ones(n, dtype)


class NumPyBackend(Backend):
    """NumPy's arrays, on the host."""

    name = "numpy"
    array_types = (np.ndarray,)
    namespace = np
    dtypes = RAW

    def kernels(self) -> Mapping[Op, Kernel]:
        """Every primitive is native."""
        return KERNELS

    def pulls(self) -> Mapping[Op, Pulls]:
        """Those that save a pass over memory or a scalar."""
        return PULLS

    def asarray(self, obj: Any, dtype: DType | None, device: str | None, copy: bool | None) -> Array:
        """An ndarray of its own memory, unless ``copy=False`` says to share that of `obj`."""
        self._check(device)
        return host_data(obj, dtype, copy is not False)

    def _check(self, device: str | None) -> None:
        if device not in (None, "cpu"):
            raise DeviceError(
                f"the backend numpy has no device {device!r}; it has 'cpu'. For a GPU use a backend that has one"
            )

    def from_dlpack(self, obj: Any, device: str | None) -> Array:
        """Shares the memory of what lies on the host."""
        self._check(device)
        return np.from_dlpack(obj)

    def zeros(self, like: Any, shape: tuple[int, ...]) -> Array:
        """Zeros of the dtype of `like`."""
        return np.zeros(shape, like.dtype)

    def full(self, shape: tuple[int, ...], value: Any, dtype: DType, device: str | None) -> Array:
        """Filled with one value."""
        self._check(device)
        if value == 0 and type(value) is not complex and copysign(1, value) > 0:
            return np.zeros(shape, RAW[dtype])  # which are lazy
        out = np.empty(shape, RAW[dtype])  # np.full costs 1 us more
        out.fill(value)
        return out

    def one(self, like: Any) -> Array:
        """A 1 of the dtype of `like`."""
        out = np.empty((), like.dtype)
        out.fill(1)
        return out

    def dummy(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """One element, seen at every place."""
        return np.broadcast_to(np.full((), 1 if dtype.kind in "fc" else 0, dtype), shape)

    def to_numpy(self, raw: Array) -> np.ndarray[Any, Any]:
        """The array itself."""
        return np.asarray(raw)

    def device_of(self, raw: Array) -> str:
        """Always ``"cpu"``."""
        return "cpu"

    def to_device(self, raw: Array, device: str) -> Array:
        """The array itself, on ``"cpu"``."""
        self._check(device)
        return raw

    def is_sole_owner(self, raw: Array) -> bool:
        """One reference, counted as this Python counts, and memory of its own."""
        return type(raw) is np.ndarray and raw.base is None and raw.flags.writeable and getrefcount(raw) == _ALONE

    def unbroadcast(self, g: Array, shape: tuple[int, ...]) -> Array:
        """A bias's gradient as ones.dot: 0.95 of a small network's gradient, and more accurate in float32."""
        if len(shape) == 1 and g.shape[1:] == shape and g.dtype in ONE and len(g) < 4096:
            return _ones(len(g), g.dtype).dot(g)
        return np.add.reduce(g, axis=broadcast_axes(g.shape, shape)).reshape(shape)


class _Holder:
    """Holds one array as a tensor does."""

    def __init__(self) -> None:
        self.data = np.empty(1)

    def count(self, raw: Array) -> int:
        """References to `raw` as seen by a method that was handed an attribute."""
        return getrefcount(raw)


def _calibrated() -> int:
    holder = _Holder()
    return holder.count(holder.data)


_ALONE = _calibrated()
