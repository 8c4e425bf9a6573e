"""What becomes of a kernel's error: another way of the backend's, or an error in the words of the operation."""

from __future__ import annotations

from types import FunctionType
from typing import Any, NoReturn

import numpy as np

from . import dtypes
from .backends import current
from .backends.protocol import Kernel, Kernels
from .dtypes import OF_RAW
from .errors import BackendError, DeviceError, DTypeError, IndexingError, PlugradError, ShapeError, ValidationError
from .ops import (
    BROADCAST_TO,
    CONCAT,
    CONV,
    CONV_INPUT,
    CONV_WEIGHT,
    EINSUM,
    GATHER,
    GETITEM,
    MATMUL,
    PUT,
    SCATTER,
    SCATTER_ADD,
    SEARCHSORTED,
    Op,
)

_NO_INDEX = {GETITEM: (IndexError, TypeError, ValueError), PUT: (IndexError, TypeError)}  # slices of what is no int
_CALLER_KNOWS = {BROADCAST_TO, PUT}  # what was asked for is not among the operands
SAID = {PUT: "assignment", SCATTER: "assignment"}  # what the user wrote
_STACKS = "the axes before the last two must be equal, or 1"
_UNLIKE = {CONCAT, CONV, CONV_INPUT, CONV_WEIGHT, EINSUM, GATHER, SCATTER, SCATTER_ADD, SEARCHSORTED}  # by their nature


def _cannot_be_called(op: Op, by: Kernels, error: Exception) -> bool:
    """Whether Python refused the call itself: the arguments of a kernel are not the operation's."""
    inside = error.__traceback__.tb_next if error.__traceback__ else None  # ours is the first
    return type(error) is TypeError and inside is None and isinstance(by[op], FunctionType)


def rescued(op: Op, by: Kernels, raw: tuple[Any, ...], params: dict[str, Any], error: Exception) -> Any:
    """What the backend computes by another way, where its library has no kernel; else the error, explained."""
    if isinstance(error, RuntimeError):
        try:
            result = by.backend.rescued(op, by[op], raw, params)
        except Exception as again:
            explain(op, raw, again)
        if result is not NotImplemented:
            return result
    if _cannot_be_called(op, by, error):
        raise BackendError(f"the kernel of the backend {by.owner} for {op!r} cannot be called so: {error}") from error
    explain(op, raw, error)


def guarded(op: Op, by: Kernels) -> Kernel:
    """The kernel, or what `rescued` gives in its place where it raises."""
    kernel = by[op]

    def call(*args: Any, **params: Any) -> Any:
        try:
            return kernel(*args, **params)
        except Exception as error:
            return rescued(op, by, args, params, error)

    return call


def explain(op: Op, args: tuple[Any, ...], error: Exception) -> NoReturn:
    """Raise what a kernel could not do in the words of the operation: its name, what came, what would do."""
    arrays = [a for a in args if hasattr(a, "shape")]
    shapes = " and ".join(str(tuple(a.shape)) for a in arrays)
    devices = {_device_of(a) for a in arrays}
    if isinstance(error, PlugradError | MemoryError):
        raise error
    if op is MATMUL and arrays[0].shape[-1] != arrays[1].shape[-2]:
        raise ShapeError(f"matmul: the shapes {shapes} do not fit: the axes summed over must be as long") from error
    if isinstance(error, _NO_INDEX.get(op, IndexError)):
        raise IndexingError(f"{SAID.get(op, op.name)}: {error}; the shape is {shapes}") from error
    if len(devices) > 1:
        raise DeviceError(
            f"{op.name}: operands on {' and '.join(sorted(devices))}; move one with x.to_device(...)"
        ) from error
    names = " and ".join(OF_RAW[a.dtype].name if a.dtype in OF_RAW else str(a.dtype) for a in arrays)
    refused = f"{op.name}: takes no {names}; cast with astype ({error})"
    if isinstance(error, TypeError | NotImplementedError) and arrays:
        raise DTypeError(refused) from error
    if isinstance(error, OverflowError):
        raise DTypeError(
            f"{op.name}: a number is out of range beside {names}; write it as a float ({error})"
        ) from error
    refused_as_such = type(error) in (ValueError, RuntimeError)  # a class of its own says more: out of memory ...
    if refused_as_such and op not in _UNLIKE and (fits := _misfit(op, [tuple(a.shape) for a in arrays])):
        raise ShapeError(f"{op.name}: the shapes {shapes} do not fit: {fits}") from error
    if arrays and type(error) is RuntimeError and all([OF_RAW.get(a.dtype) is dtypes.bool for a in arrays]):
        raise DTypeError(refused) from error  # as torch says it of truth values
    if refused_as_such and op not in _CALLER_KNOWS:
        raise ValidationError(f"{op.name}: cannot be computed of {names} of shape {shapes}: {error}") from error
    raise error


def _misfit(op: Op, shapes: list[tuple[int, ...]]) -> str:
    """What broadcasting asks for, where these shapes do not broadcast."""
    stacks = op is MATMUL
    try:
        np.broadcast_shapes(*[shape[:-2] if stacks else shape for shape in shapes])
    except ValueError:
        return _STACKS if stacks else "sizes must be equal from the last axis on, or 1"
    return ""


def _device_of(raw: Any) -> str:
    table = current.table_of(raw)
    return str(getattr(raw, "device", "cpu")) if table is None else table.backend.device_of(raw)
