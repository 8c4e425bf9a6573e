"""What a Tensor needs from above, attached to it from the tables below: methods, properties, operators, conversions.

Most methods are the namespace's functions as they are; the operators are doors too, so that ``a + b`` costs no call
more than ``add(a, b)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeAlias

import numpy as np

from . import autograd, views
from . import namespace as xp
from .backends import current
from .backends.protocol import Kernels
from .dtypes import default_dtype
from .errors import ConversionError, DTypeError, ExchangeError, GraphError, ShapeError, ValidationError
from .namespace._arguments import copied, one_axis
from .namespace._places import beneath, known, moved
from .namespace.bound import bound
from .namespace.inspection import __array_api_version__
from .ops import MATMUL, TABLE, Op
from .tensor import DOORS, Leaf, Node, Tensor, apply, binary, fresh, here, tracked
from .traces import Batched

__all__ = ["METHODS", "OPERATORS", "PROPERTIES", "to_backend"]

Function: TypeAlias = Callable[..., Any]
Number: TypeAlias = bool | int | float | complex


# ----------------------------------------------------------------------------------------------------- shape and place


def reshape(self: Tensor, *shape: Any) -> Tensor:
    """`plugrad.reshape`; the sizes may stand side by side: ``x.reshape(2, -1)``."""
    return xp.reshape(self, shape[0] if len(shape) == 1 else shape)


def permute(self: Tensor, *axes: Any) -> Tensor:
    """`plugrad.permute_dims`; the axes may stand side by side: ``x.permute(1, 0)``."""
    return xp.permute_dims(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes)


def flatten(self: Tensor) -> Tensor:
    """All elements along one axis, in row-major order."""
    return xp.reshape(self, -1)


def swapaxes(self: Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    Raises
    ------
    ShapeError
        If there are no such axes.
    """
    one, other = (one_axis(axis, self.ndim, "swapaxes") for axis in (axis1, axis2))
    order = list(range(self.ndim))
    order[one], order[other] = other, one
    return xp.permute_dims(self, tuple(order))


def unstack(self: Tensor, axis: int = 0) -> tuple[Tensor, ...]:
    """`plugrad.unstack`: the slices along an axis."""
    return xp.unstack(self, axis=axis)


def transposed(self: Tensor) -> Tensor:
    """The transpose of a matrix.

    Raises
    ------
    ShapeError
        If there are not two axes: `mT` exchanges the last two, `permute_dims` any.
    """
    if len(self.shape) != 2:
        raise ShapeError(f"T: takes two axes, got the shape {self.shape}; mT exchanges the last two, permute_dims any")
    return xp.matrix_transpose(self)


def dot(self: Tensor, other: Any) -> Tensor:
    """The product of vectors and matrices, where NumPy and torch agree on it.

    Raises
    ------
    ShapeError
        For more than two axes: `matmul` and `tensordot` say what is meant.
    """
    if self.ndim > 2 or getattr(other, "ndim", 0) > 2:
        raise ShapeError("dot: of more than two axes it means this or that; use matmul or tensordot")
    return xp.matmul(self, other)


def clone(self: Tensor) -> Tensor:
    """A copy with history: the gradient goes through, and writing to it writes nothing else."""
    return copied(self)


def to_device(self: Tensor, device: str, /, *, stream: Any = None) -> Tensor:
    """The same values on another device of the backend; the gradient goes back.

    Raises
    ------
    DeviceError
        If there is no such device.
    ValidationError
        For a stream, which no backend takes yet.
    """
    if stream is not None:
        raise ValidationError("to_device: streams are not supported; leave stream out")
    return moved(self, None, device)


def to_backend(x: Any, backend: str, device: str | None = None) -> Tensor:
    """The same values on another backend, by DLPack; the gradient goes back.

    Parameters
    ----------
    x : Tensor or array, shape (...)
        Any dtype that both backends have.
    backend : str
        The name of the other backend.
    device : str, optional
        A device of it; if not said, the one that the values can stay on.

    Returns
    -------
    Tensor, shape (...)
        `x` itself if it is there.

    Raises
    ------
    BackendNotFoundError, BackendError
        If there is no such backend, or it cannot be used.
    DeviceError
        If it has no such device.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.to_backend(pg.ones(2), "numpy").backend
    'numpy'
    """
    return moved(xp.asarray(x), backend, device)


# -------------------------------------------------------------------------------------------------------------- values


def item(self: Tensor) -> Number:
    """The one element as a Python number.

    Raises
    ------
    ConversionError
        If there is not exactly one element.
    TransformError, TracingError
        If there is a value for each sample, or none yet.
    """
    return _lone(self, "item", "index one, or use tolist")


def _lone(self: Tensor, who: str, mend: str) -> Number:
    low = beneath(self, who)
    if math.prod(self.shape) != 1:
        raise ConversionError(f"{who}: the shape {self.shape} has {math.prod(self.shape)} elements, not one; {mend}")
    found: Number = low.by.backend.item(low.data)
    return found


def tolist(self: Tensor) -> Any:
    """The elements as nested lists of Python numbers; of a 0-d tensor the number.

    Raises
    ------
    TransformError, TracingError
        If there are values for each sample, or none yet.
    """
    return known(self, "tolist")


def numpy(self: Tensor) -> np.ndarray[Any, Any]:
    """A NumPy array with a copy of the values.

    Raises
    ------
    ConversionError
        If the tensor is recorded or lifted, for its history would be lost: ``x.detach().numpy()`` says that it may.
    TracingError
        If there are no values yet.
    """
    return np.array(_given_away(self, "numpy", "x.detach().numpy()"))


def _given_away(self: Tensor, who: str, mend: str) -> Any:
    """The raw array on the host, for others."""
    low = _without_history(self, who, mend)
    return low.by.backend.to_numpy(low.data)


def _without_history(self: Tensor, who: str, mend: str) -> Tensor:
    low = beneath(self, who)
    if type(self.by) is not Kernels:
        raise ConversionError(
            f"{who}: a {self.by} follows this value and would lose it, at {here()}; {mend} says it may"
        )
    if tracked(self):
        raise ConversionError(
            f"{who}: the tensor requires grad, and its history would be lost, at {here()}; {mend} says it may"
        )
    return low


def as_array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    """What NumPy asks for: the values, unless a history would be lost unseen."""
    if copy is False:
        raise ValidationError("__array__: the values are given as a copy; leave copy=False out")
    values = np.array(_given_away(self, "__array__", "np.asarray(x.detach())"))
    try:
        return values if dtype is None else values.astype(dtype)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"__array__: NumPy does not convert {self.dtype.name} to {dtype!r:.60}: {error}") from error


def as_dlpack(
    self: Tensor,
    /,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[Any, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """The raw array as DLPack has it: shared, unless ``copy=True``.

    Raises
    ------
    ConversionError
        If the tensor is recorded or lifted, for its history would be lost.
    ExchangeError
        If its library cannot hand it over so: another device, a stream on a host.
    """
    low = _without_history(self, "__dlpack__", "x.detach()")
    said = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
    options = {name: value for name, value in said.items() if value is not None}
    try:
        return low.data.__dlpack__(**options)
    except Exception as error:  # each library has its own kinds
        why = str(error).partition("\n")[0]
        raise ExchangeError(f"__dlpack__: {self.backend} cannot hand the array over with {options}: {why}") from error


def dlpack_device(self: Tensor, /) -> Any:
    """Where the raw array lies, as DLPack has it: the numbers of a kind of devices and of one of them."""
    return _without_history(self, "__dlpack_device__", "x.detach()").data.__dlpack_device__()


def _converts_to(kind: type, name: str, dtypes: str) -> Function:
    """Python's conversion of a lone element."""

    def conversion(self: Tensor) -> Any:
        if self.dtype.kind not in dtypes:
            raise ConversionError(f"{name}() of a tensor of {self.dtype.name}; cast it with astype, or take real")
        return kind(_lone(self, name, "reduce with any or all" if kind is bool else "index one, or use tolist"))

    conversion.__doc__ = f"The one element as {name}() has it."
    return conversion


def length(self: Tensor) -> int:
    """The size of the first axis."""
    if not self.shape:
        raise ConversionError("len() of a 0-d tensor; it has no axes")
    return self.shape[0]


def iterate(self: Tensor) -> Iterator[Tensor]:
    """The elements along the first axis: views, as in NumPy."""
    return (self[i] for i in range(length(self)))


def contains(self: Tensor, value: Any) -> bool:
    """Whether an element equals `value`."""
    return bool(xp.any(xp.equal(self, value)))


# ------------------------------------------------------------------------------------------------------ text and copies


def text(self: Tensor) -> str:
    """As ``tensor([1., 2.], requires_grad=True)``; shape and dtype where there are no values to show."""
    return f"tensor({', '.join([_values_text(self), *_remarks(self)])})"


def _values_text(x: Tensor) -> str:
    low = _values_of(x)
    if low is None:
        return f"shape={x.shape}"
    if 0 in x.shape:
        return f"[], shape={x.shape}"
    host = np.asarray(low.by.backend.to_numpy(low.data))
    return np.array2string(host, separator=", ", prefix="tensor(", threshold=1000)


def _values_of(x: Tensor) -> Tensor | None:
    """The values under tapes and tangents, also those of a finished transform; None if they are not to be had."""
    while type(x.by) is not Kernels:
        if type(x.by) is Batched:
            return None
        x = x.data
    return None if x.by.name == "tracing" and not hasattr(x.data, "__dlpack__") else x


def _remarks(x: Tensor) -> Iterator[str]:
    usual = (default_dtype(), xp.bool, xp.int64)
    if x.dtype not in usual or _values_of(x) is None or 0 in x.shape:
        yield f"dtype={x.dtype.name}"
    if x.backend != "numpy":
        yield f"backend={x.backend!r}"
    if x.device != "cpu":
        yield f"device={x.device!r}"
    if type(x.by) is not Kernels:
        yield f"in {x.by}"
    elif x.by.name == "tracing":
        yield "in compile"
    if type(x.node) is Leaf:
        yield "requires_grad=True"
    elif type(x.node) is Node:
        yield f"grad_fn={x.node!r}"


def formatted(self: Tensor, how: str) -> str:
    """A lone element as Python's numbers are formatted; the text of `repr` without a format."""
    return format(_lone(self, "format", "format its elements"), how) if how else text(self)


def deep_copied(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """A tensor of its own: a leaf with its gradient for a leaf.

    Raises
    ------
    GraphError
        If it was computed from what requires grad: `detach` or `clone` it.
    """
    if _has_graph(self):
        raise GraphError(
            "deepcopy of a tensor that a graph or a transform follows: neither is copied; use detach() or clone()"
        )
    out = memo[id(self)] = copied(views.detach(self))
    out.node = None
    leaf = self.node if type(self.node) is Leaf else getattr(self, "paused", None)
    if leaf is not None:
        out.requires_grad_()
        out.grad = None if leaf.grad is None else deep_copied(leaf.grad, memo)
        out.requires_grad_(self.node is leaf)
    return out


def _has_graph(x: Tensor) -> bool:
    """Whether it is a value of a transform or of other tensors; a leaf that a grad owns is its variable."""
    return type(x.by) is not Kernels or type(x.node) is Node or (type(x.node) is Leaf and x.node.owner is not None)


def reduced(self: Tensor) -> Any:
    """For pickling: values, backend, device, and whether it is a leaf."""
    if _has_graph(self):
        raise ConversionError("pickle: a graph or a transform follows this tensor, and neither is pickled; detach() it")
    host = numpy(views.detach(self))
    return _rebuilt, (host, self.backend, self.device, type(self.node) is Leaf)


def _rebuilt(host: Any, backend: str, device: str, requires_grad: bool) -> Tensor:
    return xp.asarray(host, backend=backend, device=device, requires_grad=requires_grad)


def array_namespace(self: Tensor, /, *, api_version: str | None = None) -> Any:
    """plugrad's namespace, new arrays on this tensor's backend: one object whatever the version, for each is a part of
    the next.

    Raises
    ------
    ValidationError
        For a version of the standard that it does not follow.
    """
    if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12", __array_api_version__):
        raise ValidationError(
            f"there is no version {api_version!r} of the array API here; this is {__array_api_version__}"
        )
    return bound(self.backend)


def size(self: Tensor) -> int:
    """The number of elements."""
    return math.prod(self.shape)


# ------------------------------------------------------------------------------------------------------------ operators


def _foreign(other: Any, reflected: str) -> bool:
    """Whether `other` is no array, so that its own operator has to answer."""
    known = isinstance(other, Tensor | bool | int | float | complex | list | tuple | np.generic)
    if known or hasattr(other, "__dlpack__") or current.table_of(other) is not None:
        return False
    return getattr(type(other), reflected, None) is not None


def _as_operator(function: Function, reflected: str) -> Function:
    """The function as an operator: NotImplemented for what is foreign. A door asks where its fast path is left."""

    def operator(self: Tensor, other: Any) -> Tensor:
        if type(other) is not Tensor and _foreign(other, reflected):
            return NotImplemented
        return function(self, other)

    op = TABLE.get(function.__name__)
    if op is None or DOORS.get(op) is not function:
        return wraps(function)(operator)
    stacks = op is MATMUL

    def otherwise(op: Op, a: Any, b: Any) -> Any:
        if _foreign(b, reflected):
            return NotImplemented
        return function(a, b) if stacks else apply(op, a, b)

    return binary(op, function.__doc__ or "", otherwise, stacks)


def _reflected(door: Function) -> Function:
    def reflected(self: Tensor, other: Any) -> Tensor:
        return door(other, self)

    reflected.__doc__ = f"`plugrad.{door.__name__}` of the other operand and this one."
    return reflected


def _augmented(operator: Function, name: str) -> Function:
    def augmented(self: Tensor, other: Any) -> Tensor:
        new = operator(self, other)
        if new is NotImplemented:
            return new
        if new.dtype.kind != self.dtype.kind:  # within a kind it is cast, as NumPy and torch do
            raise DTypeError(f"{name} in place: {new.dtype.name} does not fit {self.dtype.name}; assign to x instead")
        if new.shape != self.shape:
            raise ShapeError(f"{name} in place: {new.shape} does not fit {self.shape}; assign to x instead")
        self[...] = new
        return self

    augmented.__doc__ = f"`plugrad.{name}`, written back."
    return augmented


_BINARY: dict[str, Function] = {
    "add": xp.add,
    "sub": xp.subtract,
    "mul": xp.multiply,
    "truediv": xp.divide,
    "floordiv": xp.floor_divide,
    "mod": xp.remainder,
    "pow": xp.pow,
    "matmul": xp.matmul,
    "and": xp.bitwise_and,
    "or": xp.bitwise_or,
    "xor": xp.bitwise_xor,
    "lshift": xp.bitwise_left_shift,
    "rshift": xp.bitwise_right_shift,
}
_COMPARISONS: dict[str, tuple[Function, str]] = {
    "eq": (xp.equal, "eq"),
    "ne": (xp.not_equal, "ne"),
    "lt": (xp.less, "gt"),
    "le": (xp.less_equal, "ge"),
    "gt": (xp.greater, "lt"),
    "ge": (xp.greater_equal, "le"),
}
_COMMUTES = {"add", "mul", "and", "or", "xor"}
_FORWARD = {
    f"__{name}__": _as_operator(function, f"__{other}__")
    for name, (function, other) in (_COMPARISONS | {name: (f, f"r{name}") for name, f in _BINARY.items()}).items()
}

OPERATORS: dict[str, Function] = {
    **_FORWARD,
    **{f"__r{name}__": door if name in _COMMUTES else _reflected(door) for name, door in _BINARY.items()},
    **{f"__i{name}__": _augmented(_FORWARD[f"__{name}__"], door.__name__) for name, door in _BINARY.items()},
    "__abs__": xp.abs,
    "__neg__": xp.negative,
    "__pos__": xp.positive,
    "__invert__": xp.bitwise_invert,
    "__getitem__": views.getitem,
    "__setitem__": views.setitem,
    "__bool__": _converts_to(bool, "bool", "biufc"),
    "__int__": _converts_to(int, "int", "biuf"),
    "__float__": _converts_to(float, "float", "biuf"),
    "__complex__": _converts_to(complex, "complex", "biufc"),
    "__index__": _converts_to(int, "index", "iu"),
    "__len__": length,
    "__iter__": iterate,
    "__contains__": contains,
    "__repr__": text,
    "__format__": formatted,
    "__copy__": fresh,
    "__deepcopy__": deep_copied,
    "__reduce__": reduced,
    "__array__": as_array,
    "__array_namespace__": array_namespace,
    "__dlpack__": as_dlpack,
    "__dlpack_device__": dlpack_device,
}

METHODS: dict[str, Function] = {
    **{f.__name__: f for f in (
        xp.abs, xp.acos, xp.acosh, xp.all, xp.any, xp.argmax, xp.argmin, xp.argsort, xp.asin, xp.asinh, xp.astype,
        xp.atan, xp.atanh, xp.broadcast_to, xp.ceil, xp.clip, xp.conj, xp.cos, xp.cosh, xp.count_nonzero, xp.diff,
        xp.exp, xp.expand_dims, xp.expm1, xp.floor, xp.isfinite, xp.isinf, xp.isnan, xp.log, xp.log10, xp.log1p,
        xp.log2, xp.matmul, xp.max, xp.mean, xp.min, xp.moveaxis, xp.nonzero, xp.permute_dims, xp.pow, xp.prod,
        xp.reciprocal, xp.round, xp.sign, xp.sin, xp.sinh, xp.sqrt, xp.square, xp.squeeze, xp.std, xp.sum,
        xp.tan, xp.tanh, xp.tril, xp.triu, xp.trunc, xp.var,
    )},
    "backward": autograd.tensor_backward,
    "clone": clone,
    "copy": clone,
    "cumprod": xp.cumulative_prod,
    "cumsum": xp.cumulative_sum,
    "detach": views.detach,
    "dot": dot,
    "flatten": flatten,
    "item": item,
    "numpy": numpy,
    "permute": permute,
    "ravel": flatten,
    "requires_grad_": autograd.requires_grad_,
    "reshape": reshape,
    "retain_grad": autograd.retain_grad,
    "swapaxes": swapaxes,
    "to_backend": to_backend,
    "to_device": to_device,
    "tolist": tolist,
    "unbind": unstack,
    "unsqueeze": xp.expand_dims,
    "unstack": unstack,
}  # fmt: skip

PROPERTIES: dict[str, property] = {
    "T": property(transposed),
    "grad": property(autograd.get_grad, autograd.set_grad),
    "grad_fn": property(autograd.grad_fn),
    "imag": property(xp.imag),
    "is_leaf": property(autograd.is_leaf),
    "mT": property(xp.matrix_transpose),
    "real": property(xp.real),
    "requires_grad": property(autograd.requires_grad, autograd.set_requires_grad),
    "size": property(size),
}

for _name, _what in {**METHODS, **PROPERTIES, **OPERATORS}.items():
    setattr(Tensor, _name, _what)
