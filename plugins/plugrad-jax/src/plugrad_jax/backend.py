"""JAX's arrays as plain arrays: made, moved and asked about. What computes on them stands in `kernels`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from plugrad import dtypes
from plugrad.backends.protocol import Backend, Kernel, host_data
from plugrad.dtypes import DType
from plugrad.errors import ConversionError, DeviceError, DTypeError, ExchangeError, ValidationError
from plugrad.ops import Op

from .kernels import KERNELS, RAW

__all__ = ["JaxBackend"]

Array = jax.Array
P = ParamSpec("P")
R = TypeVar("R")

_NOTHING = nullcontext()
_PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


def _wide_mode() -> AbstractContextManager[Any]:
    on = jax.config.jax_enable_x64  # type: ignore[attr-defined]
    return _NOTHING if on else jax.enable_x64(True)  # 0.2 us against 1.0


def _wide(function: Callable[P, R]) -> Callable[P, R]:
    """The function, in JAX's 64-bit mode."""

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        with _wide_mode():
            return function(*args, **options)

    return call


class JaxBackend(Backend):
    """JAX on CPU, GPU and TPU.

    JAX's own tracing and derivatives take no part: a value inside one of its transforms is refused. Its 64-bit mode
    holds while plugrad computes, in this thread alone: the process's own setting stays as it is. New arrays lie on the
    host unless a device is said, whatever JAX's default device is, and every array is bound to its device.
    """

    name = "jax"
    array_types = (type(jnp.zeros(())),)
    namespace = jnp
    dtypes = RAW

    def kernels(self) -> Mapping[Op, Kernel]:
        """Those that JAX has; the rest is composed of its namespace."""
        return KERNELS

    def scope(self) -> AbstractContextManager[Any]:
        """JAX's 64-bit mode: without it a 64-bit operand beside a number becomes one of 32 bits."""
        return _wide_mode()

    # Raw arrays in
    @_wide
    def asarray(self, obj: Any, dtype: DType | None, device: str | None, copy: bool | None) -> Array:
        """An array of its own memory, unless ``copy=False`` says to share that of `obj`."""
        foreign = _is_array(obj)
        seen = self.from_dlpack(obj, None) if foreign else _uploaded(host_data(obj, dtype))
        if dtype is not None:
            dtypes.require_real(seen.dtype.kind, dtype)
        to = _fitting(seen, None if dtype is None else self.raw_dtype(dtype))
        where = seen.device if device is None else _device(device)
        if copy is False and not (_shares(seen, obj) and to == seen.dtype and where == seen.device):
            raise ValidationError("copy=False: this cannot be done without a copy; leave copy out")
        if foreign and copy is not False and (copy or not isinstance(obj, Array)):  # JAX's own may be another's memory
            seen = self.copied(seen)
        return jax.device_put(seen.astype(to), where)

    @_wide
    def from_dlpack(self, obj: Any, device: str | None) -> Array:
        """Shares the memory of a JAX array, of a NumPy array, and of what speaks DLPack, where that is possible."""
        if isinstance(obj, Array):
            raw = _plain(obj)
        elif isinstance(obj, np.ndarray | np.generic):
            raw = _of_numpy(np.asarray(obj))
        else:
            raw = _taken_over(obj)
        return raw if device is None else self.to_device(raw, device)

    @_wide
    def zeros(self, like: Any, shape: tuple[int, ...]) -> Array:
        """Zeros of the dtype and device of `like`."""
        return jnp.zeros(shape, like.dtype, device=like.device)

    @_wide
    def full(self, shape: tuple[int, ...], value: Any, dtype: DType, device: str | None) -> Array:
        """Filled with one value."""
        return jnp.full(shape, value, self.raw_dtype(dtype), device=_device(device or "cpu"))

    @_wide
    def dummy(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Ones, or zeros of what may be an index."""
        return super().dummy(shape, dtype)

    @_wide
    def copied(self, raw: Array) -> Array:
        """The values as they are now: XLA would copy later, and the memory may be another library's."""
        return jnp.array(raw, copy=True).block_until_ready()

    def can_view(self, raw: Array, shape: tuple[int, ...]) -> bool:
        """XLA copies at each reshape."""
        return False

    # Raw arrays out
    def to_numpy(self, raw: Array) -> np.ndarray[Any, Any]:
        """The array's own memory on the host, which is read-only; a copy of what lies elsewhere."""
        return np.asarray(raw)

    def item(self, raw: Array) -> bool | int | float | complex:
        """The one element as a Python scalar."""
        return raw.item()

    # Questions
    def device_of(self, raw: Array) -> str:
        """``"cpu"``, ``"cuda:0"``, ``"tpu:0"`` ..."""
        return _names()[raw.device]

    def devices(self) -> tuple[str, ...]:
        """``"cpu"``, and what accelerators JAX sees."""
        return tuple(_devices())

    def to_device(self, raw: Array, device: str) -> Array:
        """`raw` on another device; itself if it lies there."""
        where = _device(device)
        return raw if raw.device == where else jax.device_put(raw, where)

    @_wide
    def unbroadcast(self, g: Array, shape: tuple[int, ...]) -> Array:
        """`g` summed down to `shape`."""
        return super().unbroadcast(g, shape)

    def synchronize(self) -> None:
        """Wait for all that was started."""
        jax.block_until_ready(jax.live_arrays())  # type: ignore[no-untyped-call]


# ------------------------------------------------------------------------------------------------------------- devices


@cache
def _devices() -> dict[str, Any]:
    """Name -> JAX's object. The host's first is ``"cpu"``."""
    found: dict[str, Any] = {}
    for platform in _PLATFORMS:
        try:
            found |= {f"{platform}:{i}": device for i, device in enumerate(jax.local_devices(backend=platform))}
        except RuntimeError:  # JAX has no such platform here
            continue
    return {"cpu" if name == "cpu:0" else name: device for name, device in found.items()}


@cache
def _names() -> dict[Any, str]:
    return {device: name for name, device in _devices().items()}


def _device(name: str) -> Any:
    """By its name or its kind, which means the first one; as in JAX ``"gpu"`` is a GPU of either make."""
    known = _devices()
    for kind in ("cuda", "rocm") if name == "gpu" else (name,):
        for candidate in (kind, f"{kind}:0", kind.removesuffix(":0")):  # JAX's own host is cpu:0
            if candidate in known:
                return known[candidate]
    raise DeviceError(f"the backend jax has no device {name!r}; it has {', '.join(map(repr, known))}")


# ---------------------------------------------------------------------------------------------------- what comes in


def _is_array(obj: Any) -> bool:
    return isinstance(obj, Array | np.generic) or hasattr(obj, "__dlpack__")


def _plain(obj: Array) -> Array:
    """Bound to its device, so that JAX moves it to no other by itself, and of a dtype that numbers do not change."""
    if isinstance(obj, jax.core.Tracer):
        raise ConversionError(
            "a value inside a transform of JAX; use plugrad's grad, jvp, vmap or compile in its place"
        )
    if len(obj.sharding.device_set) > 1:
        raise ConversionError(
            f"this JAX array lies on {len(obj.sharding.device_set)} devices, and plugrad's on one; gather it with "
            "jax.device_put(x, device) first"
        )
    if jnp.issubdtype(obj.dtype, jax.dtypes.extended):
        raise DTypeError(f"JAX's {obj.dtype} are no numbers; for random numbers there is plugrad.random")
    if obj.weak_type:
        obj = obj.astype(obj.dtype)
    return jax.device_put(obj, obj.device)


def _of_numpy(host: np.ndarray[Any, Any]) -> Array:
    """On its memory where XLA can see it as it is, else a copy."""
    host = host_data(host, None)
    try:
        return jnp.from_dlpack(host)
    except (BufferError, RuntimeError):  # what is read-only, or has gaps
        return _uploaded(host)


def _uploaded(host: np.ndarray[Any, Any]) -> Array:
    return jnp.array(host, copy=True, device=_device("cpu")).block_until_ready()


def _taken_over(obj: Any) -> Array:
    try:
        return _plain(jnp.from_dlpack(obj))
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ExchangeError(f"from_dlpack: JAX cannot take over a {type(obj).__name__}: {error}") from error


def _shares(raw: Array, obj: Any) -> bool:
    """Whether `raw` lies in the memory of `obj`."""
    if isinstance(obj, Array):
        return True
    if isinstance(obj, np.ndarray):
        return bool(np.shares_memory(np.asarray(raw), obj)) if raw.size else True
    return _is_array(obj) and not isinstance(obj, np.generic)


def _fitting(raw: Array, to: Any) -> Any:
    """The dtype that an array is to have."""
    if to is None and raw.dtype not in dtypes.OF_RAW:
        raise DTypeError(
            f"an array of JAX's {raw.dtype} has no dtype of the array API standard; convert it with astype"
        )
    return raw.dtype if to is None else to
