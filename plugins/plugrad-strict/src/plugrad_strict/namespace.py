"""array-api-strict's functions, on arrays whose dtypes are told apart by identity.

The library's own dtypes hash as NumPy's do and warn when they are compared with them, which any table does that has
both as keys, such as `plugrad.dtypes`. So an `Array` here holds one of the library's and shows a `DType` for its dtype;
everything else is the library's answer. It also hides what the library grants beyond the standard: NumPy cannot read
an array unless it is told to, and nobody one on another device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from types import ModuleType
from typing import Any

import array_api_strict as library

from plugrad import dtypes

__all__ = ["CPU", "DTYPES", "Array", "DType", "Namespace", "Raw", "namespace"]

Function = Callable[..., Any]
CPU = library.Device("CPU_DEVICE")
Raw = type(library.zeros(()))


class DType:
    """A dtype of the standard: equal to itself alone."""

    __slots__ = ("its", "name")

    def __init__(self, name: str) -> None:
        self.name, self.its = name, getattr(library, name)

    def __repr__(self) -> str:
        return f"plugrad_strict.{self.name}"


DTYPES = {name: DType(name) for name in dtypes.DTYPES}
_OURS = {dtype.its: dtype for dtype in DTYPES.values()}


class Array:
    """One of the library's arrays, with the attributes and operators of the standard."""

    __slots__ = ("__weakref__", "dtype", "its")
    device: Any  # and what else is attached below
    __array_ufunc__ = None

    def __init__(self, its: Any) -> None:
        self.its, self.dtype = its, _OURS[its.dtype]

    def __repr__(self) -> str:
        return repr(self.its)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("an array of array-api-strict does not become NumPy's by itself; use from_dlpack")

    def __dlpack__(self, **options: Any) -> Any:
        if self.its.device != CPU:
            raise BufferError(f"an array on {self.its.device} is not given away; move it with to_device first")
        return self.its.__dlpack__(**options)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return namespace


def _property(name: str) -> property:
    return property(lambda self: _lifted(getattr(self.its, name)))


def _method(name: str) -> Function:
    def method(self: Array, *args: Any, **options: Any) -> Any:
        function = getattr(self.its, name)
        return _lifted(function(*map(_lowered, args), **options))

    method.__name__ = name
    return method


def _operator(name: str) -> Function:
    method = _method(name)
    return lambda self, other: method(self, other) if type(other) in _OPERANDS else NotImplemented


_OPERANDS = frozenset((Array, bool, int, float, complex))
_ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
)
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_OTHERS = ("neg", "pos", "abs", "invert", "bool", "int", "float", "complex", "index", "getitem", "setitem")
for _name in ("shape", "ndim", "size", "device"):
    setattr(Array, _name, property(attrgetter(f"its.{_name}")))
for _name in ("T", "mT"):
    setattr(Array, _name, _property(_name))
for _name in (*_ARITHMETIC, *(f"r{name}" for name in _ARITHMETIC), *_COMPARISONS):
    setattr(Array, f"__{_name}__", _operator(f"__{_name}__"))
for _name in (*_OTHERS, "dlpack_device"):
    setattr(Array, f"__{_name}__", _method(f"__{_name}__"))
setattr(Array, "to_device", _method("to_device"))  # noqa: B010
setattr(Array, "__hash__", None)  # noqa: B010


def _lowered(x: Any) -> Any:
    """What the library is handed."""
    if type(x) in (Array, DType):
        return x.its
    return type(x)(map(_lowered, x)) if type(x) in (tuple, list) else x


def _lifted(x: Any) -> Any:
    """What it gives back."""
    if type(x) is Raw:
        return Array(x)
    if type(x) is type(library.bool):
        return _OURS[x]
    if isinstance(x, tuple):
        parts = map(_lifted, x)
        return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)
    return [*map(_lifted, x)] if type(x) is list else x


FORGOTTEN = ("eig", "eigvals")  # the library has them, and not in the `__all__` of its linalg


class Namespace:
    """A namespace of the library, or one of its extensions."""

    def __init__(self, its: ModuleType) -> None:
        self._its = its
        self.__name__ = its.__name__

    def __getattr__(self, name: str) -> Any:
        if name not in self._its.__all__ and name not in FORGOTTEN:
            raise AttributeError(f"{self.__name__} has no {name}")
        found = DTYPES.get(name) or _of_namespace(getattr(self._its, name))
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return list(self._its.__all__)


def _of_namespace(x: Any) -> Any:
    return Namespace(x) if type(x) is ModuleType else _function(x) if callable(x) else x


def _function(function: Function) -> Function:
    @wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        given = {name: _lowered(value) for name, value in options.items()}
        return _lifted(function(*map(_lowered, args), **given))

    return run


namespace = Namespace(library)
