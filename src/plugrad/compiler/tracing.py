"""Tracing: a backend below level 0, whose raw arrays are symbols that append equations to a program.

Everything above it compiles unchanged, an ambient ``.backward()`` too. What is older than the program is a hidden
input, captured wherever a handle enters an operation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.linalg import LinAlgError

from .. import dtypes, ops
from ..backends import current
from ..backends.protocol import Kernels, unbroadcaster
from ..errors import DeviceError, MixedBackendsError, TracingError, TransformError
from ..ops import Op
from ..tensor import Leaf, Tensor, base, current_mode, ticket, tracing
from ..traces import next_level


class Equation(NamedTuple):
    """names = op(inputs; params): an input is a name, a constant array or a Python scalar."""

    names: tuple[str, ...]
    op: Op
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    avals: tuple[tuple[tuple[int, ...], Any], ...]  # (shape, raw dtype) of each result
    stopped: bool  # whether it ran under a no_grad of the traced function
    several: bool  # whether the results come as a tuple


class Program(list[Equation]):
    """Equations of a traced run. ``start`` and ``level`` tell what is older; symbols of a finished one are refused."""

    def __init__(self, table: Kernels) -> None:
        super().__init__()
        self.start, self.level, self.live = ticket(), next_level(), True
        self.base, self.outer = current_mode().level, tracing()
        self.owner, self.device = table.owner, None
        self.place: str | None = None  # the device by its name
        self.table = tracing_table(table)
        self.constants = Kernels(table.backend, table, "constants")
        self.constants.xp = self.table.xp  # a constant's cotangent may be a symbol
        self.hidden: dict[int, tuple[Tensor, Tensor]] = {}  # by id of the handle, which is held: (handle, its input)
        self.made = 0

    def __reduce__(self) -> Any:
        raise TracingError("a program that is being traced is not pickled")

    def owns(self, x: Tensor) -> bool:
        """Whether `x` was made within this program."""
        if type(x.by) is not Kernels:
            return x.by.level > self.level
        if x.by.name == "tracing":
            return type(x.data) is not Symbol or x.data.program is self
        return x.by is self.constants

    def capture(self, x: Tensor) -> Tensor:
        """The hidden input for a handle that is older. Its gradient is asked outside: here its history ends."""
        holder = x.by if type(x.by) is not Kernels else x.data.program if x.by.name == "tracing" else self
        if not holder.live:
            raise TransformError("compile: a value of a finished transform or program is used; pass it as an argument")
        if x.backend != self.owner:
            raise MixedBackendsError(
                f"compile: an array of {x.backend} in a program of {self.owner}; move it with "
                f"to_backend({self.owner!r})"
            )
        self.require_place(base(x).data)
        if id(x) not in self.hidden:
            end = None
            if type(x.by) is Kernels and x.node:
                end = Leaf(x.shape, x.dtype, x.by)
                end.seq = -1  # older than all
            raw_dtype = self.table.backend.raw_dtype(x.dtype)
            symbol = Symbol(f"h{len(self.hidden)}", self, x.shape, raw_dtype)
            self.hidden[id(x)] = x, Tensor(symbol, self.table, end)
        return self.hidden[id(x)][1]

    def require_place(self, raw: Any) -> None:
        """Raise unless a raw array lies where the program runs; the first one says where that is."""
        place = self.table.backend.device_of(raw)
        if self.place is None:
            self.place, self.device = place, raw.device
        if place != self.place:
            raise DeviceError(
                f"compile: an array on {place} in a program on {self.place}; move it with x.to_device({self.place!r})"
            )

    def input(self, i: int, x: Tensor) -> Tensor:
        """The tensor that stands for argument number `i`."""
        self.require_place(base(x).data)
        raw_dtype = self.table.backend.raw_dtype(x.dtype)
        return Tensor(Symbol(f"x{i}", self, x.shape, raw_dtype), self.table)

    def add(self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any], result: Any) -> tuple[Symbol, ...]:
        """Append one equation; the symbols of its results, of which `result` is one, or a tuple of them."""
        several = type(result) is tuple
        avals = tuple((tuple(r.shape), r.dtype) for r in (result if several else (result,)))
        symbols = tuple(Symbol(f"v{self.made + i}", self, *aval) for i, aval in enumerate(avals))
        self.made += len(symbols)
        given = tuple(
            a.name if type(a) is Symbol else np.asarray(a) if isinstance(a, np.generic) else a for a in inputs
        )
        stopped = current_mode().level > max(0, self.base)
        self.append(Equation(tuple(s.name for s in symbols), op, given, params, avals, stopped, several))
        return symbols


class Symbol:
    """A raw array of the tracing backend: it has a shape, a dtype and operators. Its value is not known."""

    __slots__ = ("dtype", "name", "program", "shape")
    __array_ufunc__ = None

    def __init__(self, name: str, program: Program, shape: tuple[int, ...], dtype: Any) -> None:
        self.name, self.program, self.shape, self.dtype = name, program, shape, dtype

    @property
    def device(self) -> Any:
        """Where the program runs."""
        return self.program.device

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __bool__(self) -> bool:
        raise TracingError(
            "a branch on a value that is not known while tracing; use where, or make the argument static (not an array)"
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TracingError("the values of a traced array are not known; keep to plugrad's functions inside compile")


def _operator(op: Op, swapped: bool = False) -> Callable[..., Any]:
    if swapped:
        return lambda self, other: self.program.table[op](other, self)
    return lambda self, *other: self.program.table[op](self, *other)


_BINARY = {
    "add": ops.ADD,
    "sub": ops.SUBTRACT,
    "mul": ops.MULTIPLY,
    "truediv": ops.DIVIDE,
    "pow": ops.POW,
    "matmul": ops.MATMUL,
    "floordiv": ops.FLOOR_DIVIDE,
    "mod": ops.REMAINDER,
    "and": ops.BITWISE_AND,
    "or": ops.BITWISE_OR,
    "xor": ops.BITWISE_XOR,
}
_OTHERS = {
    "neg": ops.NEGATIVE,
    "abs": ops.ABS,
    "invert": ops.BITWISE_INVERT,
    "lt": ops.LESS,
    "le": ops.LESS_EQUAL,
    "gt": ops.GREATER,
    "ge": ops.GREATER_EQUAL,
    "eq": ops.EQUAL,
    "ne": ops.NOT_EQUAL,
}
for _name, _op in _BINARY.items():
    setattr(Symbol, f"__{_name}__", _operator(_op))
    setattr(Symbol, f"__r{_name}__", _operator(_op, swapped=True))
for _name, _op in _OTHERS.items():
    setattr(Symbol, f"__{_name}__", _operator(_op))
Symbol.__hash__ = object.__hash__  # type: ignore[method-assign]


def _equation(table: Kernels, op: Op) -> Callable[..., Any]:
    """The kernel of the tracing backend: constants meet constants, anything else becomes an equation."""
    kernel = table[op]

    def run(*args: Any, **params: Any) -> Any:
        symbol = next((a for a in args if type(a) is Symbol), None)
        if symbol is None:
            return kernel(*args, **params)
        program = symbol.program
        if not program.live or any(type(a) is Symbol and a.program is not program for a in args):
            raise TransformError(
                "compile: a value of a finished program, or of a program around this one, is used; return it, or pass "
                "it as an argument"
            )
        if op is ops.TO_BACKEND:
            raise TracingError(
                "to_backend inside compile: a program runs on one backend; move the value before or after"
            )
        for a in args:
            if type(a) is not Symbol and hasattr(a, "shape"):
                program.require_place(a)
        with np.errstate(all="ignore"):
            try:
                result = kernel(*[_stand_in(table, a, table.backend.dummy) for a in args], **params)
            except LinAlgError:  # the dummy is singular
                result = kernel(*[_stand_in(table, a, partial(_identities, table)) for a in args], **params)
        symbols = program.add(op, args, params, result)
        return symbols if type(result) is tuple else symbols[0]

    return run


def _stand_in(table: Kernels, a: Any, dummy: Callable[..., Any]) -> Any:
    """Something of its shape and dtype: the kernel says what comes out, and the result is dropped at once."""
    if type(a) is Symbol or (table.backend.shapes_without_values and hasattr(a, "shape")):
        return dummy(tuple(a.shape), a.dtype)
    return a


def _identities(table: Kernels, shape: tuple[int, ...], dtype: Any) -> Any:
    """A stack of identities, for a kernel that refuses singular matrices."""
    one = np.eye(shape[-2], shape[-1]) if len(shape) > 1 else np.ones(1)
    return table.backend.asarray(np.broadcast_to(one, shape), dtypes.of(dtype), None, None)


TABLES: dict[str, Kernels] = {}


def tracing_table(of: Kernels) -> Kernels:
    """The table of symbols beside a backend's own."""
    if of.owner not in TABLES:
        own = current.table(of.owner)
        table = Kernels(own.backend, {}, "tracing")
        table |= {op: _equation(own, op) for op in (ops.TO_BACKEND, ops.DETACH, ops.GRAFT)}  # a table makes its own
        table.missing = lambda op: _equation(own, op)
        table.xp.__dict__["unbroadcast"] = unbroadcaster(table.__getitem__)
        TABLES[of.owner] = table
    return TABLES[of.owner]
