"""torch's tensors as plain arrays: made, moved and asked about. What computes on them stands in `kernels`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from sys import getrefcount
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plugrad import dtypes
from plugrad.backends.protocol import Backend, Kernel, Pulls, host_data
from plugrad.dtypes import DType
from plugrad.errors import ConversionError, DeviceError, DTypeError, ExchangeError, ValidationError
from plugrad.ops import Op

from .kernels import KERNELS, PULLS, RAW, write
from .kernels.products import PRODUCTS
from .kernels.unsigned import in_int64

__all__ = ["TorchBackend"]

_CPU = torch.device("cpu")
_KNOWN = frozenset(RAW.values())


class TorchBackend(Backend):
    """torch on CPU and GPU.

    torch's own autograd takes no part: a tensor that requires grad is refused, so no result ever requires it. New
    arrays lie on the host unless a device is said, whatever torch's default device and dtype are.
    """

    name = "torch"
    array_types = (Tensor, torch.nn.Parameter)
    dtypes = RAW
    shapes_without_values = True

    @cached_property
    def namespace(self) -> Any:
        """torch as array-api-compat has it."""
        import array_api_compat.torch

        return array_api_compat.torch

    def kernels(self) -> Mapping[Op, Kernel]:
        """Every primitive is native; where there is a GPU, operands on two devices are refused."""
        if len(self.devices()) == 1:
            return KERNELS
        several = [op for op in KERNELS if len(op.operands) > 1 or op.operands[0].startswith("*")]
        return KERNELS | {op: _on_one_device(KERNELS[op]) for op in several}

    def pulls(self) -> Mapping[Op, Pulls]:
        """Those that torch has fused, and those whose rule would copy zeros."""
        return PULLS

    def rescued(self, op: Op, kernel: Kernel, raw: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """In int64 what unsigned integers of more than 8 bits lack; by pairs CUDA's missing products of integers."""
        by_pairs = PRODUCTS.get(op) if all([_is_whole(x) and x.is_cuda for x in raw]) else None
        out = in_int64(op, by_pairs or kernel, raw, params)
        return by_pairs(*raw, **params) if by_pairs and out is NotImplemented else out

    # Raw arrays in
    def asarray(self, obj: Any, dtype: DType | None, device: str | None, copy: bool | None) -> Tensor:
        """A tensor of its own memory, unless ``copy=False`` says to share that of `obj`."""
        if _is_array(obj):
            seen = self.from_dlpack(obj, None)
        else:
            seen = torch.from_numpy(_fit(host_data(obj, dtype)))
        if dtype is not None and seen.is_complex():
            dtypes.require_real("c", dtype)
        to = None if dtype is None else self.raw_dtype(dtype)
        out = _converted(seen, to, None if device is None else self._device(device))
        if copy is False and (out is not seen or not _can_share(obj)):
            raise ValidationError("copy=False: this cannot be done without a copy; leave copy out")
        return out.clone() if out is seen and copy is not False else out

    def from_dlpack(self, obj: Any, device: str | None) -> Tensor:
        """Shares the memory of a tensor, of a NumPy array, and of what speaks DLPack, where that is possible."""
        if isinstance(obj, Tensor):
            raw = _plain(obj)
        elif isinstance(obj, np.ndarray | np.generic):
            raw = torch.from_numpy(_fit(np.asarray(obj)))
        else:
            raw = _taken_over(obj)
        return raw if device is None else self.to_device(raw, device)

    def zeros(self, like: Any, shape: tuple[int, ...]) -> Tensor:
        """Zeros of the dtype and device of `like`."""
        return torch.zeros(shape, dtype=like.dtype, device=like.device)

    def full(self, shape: tuple[int, ...], value: Any, dtype: DType, device: str | None) -> Tensor:
        """Filled with one value."""
        return torch.full(shape, value, dtype=self.raw_dtype(dtype), device=self._device(device))

    def dummy(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """On the meta device: kernels tell shapes and compute nothing. Dummies mix with dummies alone."""
        return torch.empty(shape, dtype=dtype, device="meta")

    def can_view(self, raw: Tensor, shape: tuple[int, ...]) -> bool:
        """Whether `raw` can have this shape without a copy; the compat namespace knows no ``copy=False``."""
        try:
            raw.view(shape)
        except RuntimeError:
            return False
        return True

    # Raw arrays out
    def to_numpy(self, raw: Tensor) -> np.ndarray[Any, Any]:
        """The tensor's own memory on the host, a copy of what lies on a GPU."""
        return raw.cpu().numpy()

    def item(self, raw: Tensor) -> bool | int | float | complex:
        """The one element as a Python scalar."""
        return raw.item()

    # Questions
    def devices(self) -> tuple[str, ...]:
        """``"cpu"``, and ``"cuda:0"`` ... where torch sees GPUs."""
        return ("cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count())))

    def to_device(self, raw: Tensor, device: str) -> Tensor:
        """`raw` on another device; itself if it lies there."""
        return raw.to(self._device(device))

    def _device(self, device: str | None) -> torch.device:
        if device in (None, "cpu"):
            return _CPU
        names = self.devices()
        if device == "cuda" and len(names) > 1:
            return torch.device("cuda", torch.cuda.current_device())
        if device not in names:
            why = "" if torch.cuda.is_available() else "; torch sees no GPU here"
            raise DeviceError(f"the backend torch has no device {device!r}; it has {', '.join(map(repr, names))}{why}")
        return torch.device(device)

    def is_sole_owner(self, raw: Tensor) -> bool:
        """One reference in Python, none in C++, and a storage that is torch's own and nobody else's."""
        if _ALONE is None or type(raw) is not Tensor or raw.is_inference() or not raw.is_contiguous():
            return False
        storage = raw.untyped_storage()
        return (
            _holders(raw, storage) == _ALONE
            and storage.resizable()  # not where NumPy or DLPack owns the memory, or ever saw it
            and (raw.is_cuda or not storage.is_shared())  # with other processes
        )

    def write(self, raw: Tensor, index: Any, value: Any) -> None:
        """In place, for the sole owner; torch itself refuses a negative step."""
        write(raw, index, value)

    def unbroadcast(self, g: Tensor, shape: tuple[int, ...]) -> Tensor:
        """`g` summed down to `shape`, in one call."""
        return g.sum_to_size(shape)

    def synchronize(self) -> None:
        """Wait for the GPUs that were used."""
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            for i in range(torch.cuda.device_count()):
                torch.cuda.synchronize(i)


def _is_whole(x: Any) -> bool:
    return isinstance(x, Tensor) and not x.is_floating_point() and not x.is_complex()


def _on_one_device(kernel: Kernel) -> Kernel:
    """torch lets a 0-d operand and indices lie elsewhere: a gradient would then not lie where its value does."""

    def call(*args: Any, **params: Any) -> Any:
        where = None
        for a in args:
            if isinstance(a, Tensor):
                its = a.get_device()  # its number, -1 on the host: a third of what comparing devices takes
                if where is None:
                    where = its
                elif its != where:
                    raise RuntimeError("operands on two devices")
        return kernel(*args, **params)

    return call


# ---------------------------------------------------------------------------------------------------- what comes in


def _is_array(obj: Any) -> bool:
    return isinstance(obj, Tensor | np.generic) or hasattr(obj, "__dlpack__")


def _can_share(obj: Any) -> bool:
    """Whether `from_dlpack` sees the memory of `obj` itself."""
    if isinstance(obj, Tensor):
        return not (obj.is_conj() or obj.is_neg())
    if isinstance(obj, np.ndarray):
        return _fit(obj) is obj
    return _is_array(obj) and not isinstance(obj, np.generic)


def _plain(obj: Tensor) -> Tensor:
    """Another handle of a user's tensor: what torch's autograd will do with his own does not reach ours."""
    if torch._C._functorch.is_functorch_wrapped_tensor(obj):
        raise ConversionError("a value inside a transform of torch.func; use plugrad's grad, jvp or vmap in its place")
    if obj.requires_grad:
        raise ConversionError(
            "this torch tensor requires grad, and its history would be lost, for torch's autograd takes no part here: "
            "pass x.detach(), and ask plugrad for gradients with requires_grad=True"
        )
    if obj.layout is not torch.strided or obj.is_quantized or _has_own_dispatch(obj):
        raise ConversionError(
            f"a {type(obj).__name__} of {obj.layout} is no plain tensor; convert it first (to_dense, dequantize ...)"
        )
    return obj.detach().as_subclass(Tensor).resolve_conj().resolve_neg()  # torch's lazy views cannot be exported


def _has_own_dispatch(obj: Tensor) -> bool:
    return type(obj).__torch_dispatch__ is not Tensor.__torch_dispatch__


def _taken_over(obj: Any) -> Tensor:
    try:
        return torch.from_dlpack(obj)  # type: ignore[attr-defined]
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ExchangeError(f"from_dlpack: torch cannot take over a {type(obj).__name__}: {error}") from error


def _fit(host: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array itself, or a copy of what torch cannot see as it is: read-only, reversed, misaligned, swapped bytes."""
    host = host_data(host, None)
    regular = all(step >= 0 and step % host.itemsize == 0 for step in host.strides)
    return host if regular and host.flags.writeable and host.flags.aligned else np.array(host)


def _converted(raw: Tensor, to: torch.dtype | None, device: torch.device | None) -> Tensor:
    if to is None and raw.dtype not in _KNOWN:
        raise DTypeError(f"a tensor of {raw.dtype} has no dtype of the array API standard; convert it with .to first")
    return raw.to(device or raw.device, to or raw.dtype)


# ------------------------------------------------------------------------------------------------- whose memory it is


class _Holder:
    """Holds a tensor as the one owner does, and asks as the engine does: with an attribute, from a method."""

    def __init__(self) -> None:
        self.data = torch.zeros(1)

    def count(self, raw: Tensor) -> tuple[int, ...]:
        storage = raw.untyped_storage()
        return _holders(raw, storage)


def _holders(raw: Tensor, storage: torch.UntypedStorage) -> tuple[int, ...]:
    """References to the tensor in Python and in C++ (DLPack, torch's graphs), and to its storage (views) in both."""
    in_cpp: int = raw._use_count()  # type: ignore[attr-defined]
    return getrefcount(raw), in_cpp, torch._C._storage_Use_Count(storage._cdata), getrefcount(storage)


def _calibrated() -> tuple[int, ...] | None:
    """What `_holders` counts for a sole owner; None where this Python or torch cannot tell."""
    if not getattr(
        sys, "_is_gil_enabled", lambda: True
    )():  # another thread may take a reference between count and write
        return None
    try:
        holder = _Holder()
        return holder.count(holder.data)
    except AttributeError:
        return None


_ALONE = _calibrated()
