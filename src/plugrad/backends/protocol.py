"""What a backend is: an object that makes and moves raw arrays, and a table of kernels that compute on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import numpy as np

from .. import dtypes, ops
from ..dtypes import DType
from ..errors import BackendError, ConversionError, DTypeError, ShapeError, ValidationError
from ..ops import Op

Kernel = Callable[..., Any]
Pulls = tuple[Callable[..., Any], ...]


class Namespace:
    """What a rule may call beside operators: every primitive by its name, bound when first asked for."""

    def __init__(self, bind: Callable[[Op], Kernel], **more: Kernel) -> None:
        self.__dict__.update(more)
        self._bind = bind

    def __getattr__(self, name: str) -> Kernel:
        if name not in ops.TABLE:
            raise AttributeError(f"no primitive is named {name!r}")
        kernel = self._bind(ops.TABLE[name])
        setattr(self, name, kernel)
        return kernel


class Kernels(dict[Op, Kernel]):
    """op -> function of raw arrays: who computes on a tensor of level 0.

    Attributes
    ----------
    name : str
        The backend's name, ``"tracing"`` or ``"constants"``.
    owner : str
        Operands meet if their owners agree: the backend's own table, its tracing table and the tables of a program's
        constants have one owner.
    backend : Backend
        Makes and moves the raw arrays.
    xp : Namespace
        What rules see when they run on raw arrays of this table.
    pulls : dict
        op -> native pulls that stand for the rule's own, for real dtypes.
    """

    __slots__ = ("backend", "missing", "name", "native", "owner", "pulls", "xp")

    def __init__(self, backend: Backend, table: Mapping[Op, Kernel], name: str = "") -> None:
        super().__init__(table)
        self.backend, self.owner, self.name = backend, backend.name, name or backend.name
        self.native: frozenset[Op] = frozenset()
        self.pulls: dict[Op, Pulls] = {}
        self.missing: Callable[[Op], Kernel] = table.__getitem__ if isinstance(table, Kernels) else self.no_kernel
        self[ops.TO_BACKEND], self[ops.DETACH], self[ops.GRAFT] = _carry, _same, _same
        self.xp = Namespace(self.__getitem__, zeros=backend.zeros, unbroadcast=backend.unbroadcast)

    def __missing__(self, op: Op) -> Kernel:
        """A kernel that is composed, or of a primitive that was registered later."""
        kernel = self[op] = self.missing(op)
        return kernel

    def forget(self, op: Op) -> None:
        """Ask anew who computes an operation."""
        self.pop(op, None)
        self.xp.__dict__.pop(op.name, None)

    def own(self, kernel: Kernel) -> Kernel:
        """The kernel, in the backend's scope."""
        scope = self.backend.scope
        if scope is None:
            return kernel

        def call(*args: Any, **params: Any) -> Any:
            with scope():
                return kernel(*args, **params)

        return call

    def no_kernel(self, op: Op) -> Kernel:
        """Say that nobody computes this here."""
        raise BackendError(
            f"the backend {self.owner} has no kernel for {op.name}; register one, or move the array with to_backend"
        )

    def __hash__(self) -> int:  # type: ignore[override]  # a table is itself, not its content
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


def _carry(x: Any, table: Kernels, device: str | None, source: Kernels, source_device: str | None) -> Any:
    """The cotangent comes back by the same way; from a device that the other backend does not know over the host."""
    if source.backend.device_of(x) not in table.backend.devices():
        x = source.backend.to_numpy(x)
    return table.backend.from_dlpack(x, device)


def host_data(obj: Any, dtype: DType | None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    """What lies on the host and a backend's `asarray` is given, as NumPy reads it, in the machine's order of bytes.

    Parameters
    ----------
    obj : NumPy array, scalar or nested sequence of scalars
        What is to be read.
    dtype : DType, optional
        The result's. If not said: that of an array; Python's floats get plugrad's default dtype.
    copy : bool, optional
        True: memory of its own. False: that of `obj`.

    Raises
    ------
    ConversionError
        For what is no array of numbers, or holds complex ones of Python's where `dtype` is real.
    DTypeError
        For an array that has none of the standard's dtypes, or whose imaginary parts `dtype` would drop.
    ValidationError
        If ``copy=False`` and nothing else would do.

    Examples
    --------
    >>> host_data([[1, 2.5]], None)
    array([[1. , 2.5]])
    """
    of_python = not isinstance(obj, np.ndarray | np.generic)
    try:  # Python's integers at once in the dtype that is asked for: NumPy makes floats of those beyond int64
        seen = np.asarray(obj, dtype.name if of_python and dtype else None)
    except (TypeError, ValueError) as error:
        raise ConversionError(f"asarray: {obj!r:.60} is no array of numbers: {error}") from error
    to = _dtype_of(seen, obj, of_python) if dtype is None else dtype
    dtypes.require_real(seen.dtype.kind, to)
    host = seen.astype(to.name, copy=bool(copy))
    if copy is False and host is not obj and not np.shares_memory(host, obj):
        raise ValidationError("copy=False: this cannot be done without a copy; leave copy out")
    return host


def _dtype_of(host: np.ndarray[Any, Any], obj: Any, of_python: bool) -> DType:
    native = host.dtype.newbyteorder("=").name
    if native not in dtypes.DTYPES:
        if of_python:
            raise DTypeError(
                f"{type(obj).__name__} {obj!r:.60} is no array of numbers or booleans; give these, nested lists of "
                "them, or an array of a backend's library"
            )
        raise DTypeError(
            f"an array of NumPy's {host.dtype} has no dtype of the array API standard; convert it with astype first"
        )
    default = {"f": dtypes.default_dtype(), "c": dtypes.complex_of(dtypes.default_dtype())} if of_python else {}
    return default.get(host.dtype.kind) or dtypes.DTYPES[native]


def broadcast_axes(given: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of `given` along which `shape` was repeated to become it.

    Raises
    ------
    ShapeError
        If it was not.
    """
    extra = len(given) - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, given[extra:], strict=True)):
        raise ShapeError(f"{tuple(shape)} does not broadcast to {tuple(given)}")
    return (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and given[i + extra] != 1))


def unbroadcaster(bind: Callable[[Op], Kernel]) -> Kernel:
    """`unbroadcast` of the primitives that `bind` gives: the sum over what was repeated, in the shape that it was."""

    def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
        summed = bind(ops.SUM)(g, axis=broadcast_axes(g.shape, shape), keepdims=False)
        return summed if summed.shape == shape else bind(ops.RESHAPE)(summed, shape=shape)

    return unbroadcast


class Backend(ABC):
    """One array library.

    A subclass says its name, its namespace (as the array API standard has it) and its dtypes, and answers a handful of
    questions about raw arrays. Kernels are composed from the namespace; `kernels` overrides those that the library does
    better by itself.
    """

    name: ClassVar[str]
    array_types: ClassVar[tuple[type, ...]] = ()
    shapes_without_values: ClassVar[bool] = (
        False  # whether dummies only mix with dummies: on torch's meta device, or on one of several
    )

    host_copies: Mapping[Op, str] = {}  # operations that go by way of the host, and why: declared, never silent
    unsupported: Mapping[Op, str] = {}  # operations that are refused with an error of plugrad's, and why

    scope: Callable[[], AbstractContextManager[Any]] | None = (
        None  # a setting of the library that holds while plugrad computes on raw arrays, and at no other time
    )

    @property
    @abstractmethod
    def namespace(self) -> Any:
        """The library's functions under the standard's names."""

    @property
    @abstractmethod
    def dtypes(self) -> Mapping[DType, Any]:
        """plugrad's dtypes to the library's."""

    def kernels(self) -> Mapping[Op, Kernel]:
        """Native kernels, by primitive; what is missing is composed from the namespace."""
        return {}

    def pulls(self) -> Mapping[Op, Pulls]:
        """Native pulls ``(xp, ct, y, args, params, edge) -> cotangent``, one an operand, for real dtypes."""
        return {}

    def rescued(self, op: Op, kernel: Kernel, raw: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The result by another way, where a kernel raised a RuntimeError; NotImplemented if there is none."""
        return NotImplemented

    # Raw arrays in
    @abstractmethod
    def asarray(self, obj: Any, dtype: DType | None, device: str | None, copy: bool | None) -> Any:
        """A raw array of `obj`: Python data, a raw array of this backend, or one that speaks DLPack."""

    def from_dlpack(self, obj: Any, device: str | None) -> Any:
        """A raw array that takes over another library's, on `device`."""
        raw = self.namespace.from_dlpack(obj)
        return raw if device is None else self.to_device(raw, device)

    def zeros(self, like: Any, shape: tuple[int, ...]) -> Any:
        """Zeros of the dtype and device of the raw array `like`."""
        return self.namespace.zeros(shape, dtype=like.dtype, device=like.device)

    def full(self, shape: tuple[int, ...], value: Any, dtype: DType, device: str | None) -> Any:
        """A raw array filled with one value."""
        return self.asarray(np.full(shape, value, dtype.name), dtype, device, None)

    def one(self, like: Any) -> Any:
        """A raw 1 of shape (), to start a walk from `like`: a new one each time, for it may come back as a gradient."""
        return self.full((), 1, dtypes.of(like.dtype), self.device_of(like))

    def dummy(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A stand-in with this shape and raw dtype for finding out shapes; the cheaper the better.

        Ones for inexact dtypes, zeros for the others (an index must exist).
        """
        return self.namespace.full(shape, 1 if dtype in dtypes.INEXACT else 0, dtype=dtype)

    def copied(self, raw: Any) -> Any:
        """The same values in memory of their own."""
        return self.namespace.asarray(raw, copy=True)

    def can_view(self, raw: Any, shape: tuple[int, ...]) -> bool:
        """Whether `raw` can have this shape without a copy."""
        try:
            self.namespace.reshape(raw, shape, copy=False)
        except (AttributeError, ValueError):  # the former where a library sets the shape of a NumPy array
            return False
        return True

    # Raw arrays out
    @abstractmethod
    def to_numpy(self, raw: Any) -> np.ndarray[Any, Any]:
        """The values on the host. Only ever called when the user asks for it."""

    def item(self, raw: Any) -> bool | int | float | complex:
        """The one element as a Python scalar."""
        out: bool | int | float | complex = self.to_numpy(raw).reshape(()).item()
        return out

    # Questions
    def raw_dtype(self, dtype: DType) -> Any:
        """The library's dtype, or a DTypeError: never a narrower one."""
        try:
            return self.dtypes[dtype]
        except KeyError:
            raise DTypeError(
                f"the backend {self.name} has no {dtype.name}; it has {', '.join(d.name for d in self.dtypes)}"
            ) from None

    def device_of(self, raw: Any) -> str:
        """``"cpu"``, ``"cuda:0"`` ..."""
        return str(raw.device)

    def devices(self) -> tuple[str, ...]:
        """The devices that can be named here and now."""
        return ("cpu",)

    @abstractmethod
    def to_device(self, raw: Any, device: str) -> Any:
        """`raw` on another device of this backend; a DeviceError names those there are."""

    def is_sole_owner(self, raw: Any) -> bool:
        """Whether nobody but the one tensor that asks can see this memory, so that a write in place goes unseen."""
        return False

    def write(self, raw: Any, index: Any, value: Any) -> None:
        """Write in place, at a basic index; only ever asked for what `is_sole_owner` allows."""
        raw[index] = value

    def unbroadcast(self, g: Any, shape: tuple[int, ...]) -> Any:
        """`g` summed down to `shape`, from which it was broadcast."""
        xp = self.namespace
        return xp.reshape(xp.sum(g, axis=broadcast_axes(g.shape, shape), dtype=g.dtype), shape)

    def synchronize(self) -> None:
        """Wait for what was started; nothing to do on a host."""
