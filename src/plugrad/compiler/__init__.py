"""compile: trace a function once per structure, shapes and dtypes, and run the program that it leaves."""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import update_wrapper
from types import MethodType
from typing import Any, NamedTuple

import numpy as np

from ..backends import current
from ..backends.protocol import Kernels
from ..dtypes import SCALARS, default_dtype
from ..errors import IndexingError, MixedBackendsError, PlugradWarning, TracingError, TransformError, ValidationError
from ..ops import ASTYPE, DETACH, GRAFT
from ..tensor import MODE, Tensor, apply, as_tensor, base, captured, constants, fresh, switched
from ..traces import next_level, require_function, stopped
from ..tree import flatten
from ..views import grafted
from .lowering import Dialect, Writer
from .numpy import DIALECT as NUMPY
from .passes import simplify
from .tracing import Equation, Program, Symbol

__all__ = ["compile"]

DIALECTS = {"numpy": NUMPY}
MANY = 64  # programs of one function


class Entry(NamedTuple):
    """One traced program and what it takes to run it."""

    program: Program
    names: list[Any]  # of the results: a name, or a value that is no tensor
    rebuild: Callable[[Sequence[Any]], Any]
    guards: list[tuple[weakref.ref[Tensor], tuple[int, ...], Any]]  # hidden inputs: handle, shape, dtype
    run: Callable[..., tuple[Any, ...]]
    buffers: threading.local
    shapes: list[Any]
    table: Kernels
    source: str
    plain: Callable[..., list[Any] | None] | None  # the raw arrays of all inputs, if they are as when it was traced
    structure: Any  # of the arguments; None for lone tensors
    surroundings: Any  # what else decides on new arrays

    def leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Any] | None:
        """The leaves of a call's arguments, if they have the structure of this entry's."""
        if self.structure is None:
            return None if kwargs else args
        leaves, _, structure = flatten((args, kwargs))
        return leaves if structure == self.structure else None

    def hidden(self) -> list[Tensor] | None:
        """The hidden inputs as they are now; None if one died or changed shape or dtype: trace again."""
        found = []
        for handle, shape, dtype in self.guards:
            x = handle()
            if x is None or x.shape != shape or x.dtype is not dtype:
                return None
            found.append(x)
        return found


class Compiled:
    """A compiled function; made by `compile`."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f = f
        self._entries: dict[Any, Entry] = {}
        self._latest: Entry | None = None
        update_wrapper(self, f, updated=())

    @property
    def source(self) -> str:
        """What runs: the Python source of the latest program.

        Raises
        ------
        TracingError
            Before the first call.
        """
        if self._latest is None:
            raise TracingError("nothing was traced yet: the source is known after the first call")
        return self._latest.source

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: the instance is an argument like others, static if it is no pytree."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As the function itself."""
        latest = self._latest
        if latest is not None and latest.plain is not None and MODE.get() is None:  # as last time: 4 to 9 us less
            given = latest.leaves(args, kwargs)
            if given is not None:
                raw = latest.plain(*given)
                if raw is not None and latest.surroundings == _surroundings():
                    return self._run(latest, raw)
        leaves, rebuild, structure = flatten((args, kwargs))
        mode = MODE.get()
        silent = mode is not None and mode.level >= 0
        key: list[Any] = [structure, silent, _surroundings()]
        xs: list[Tensor] = []
        places: list[int] = []
        plain = mode is None or (mode.program is None and mode.watch is None)
        for i, x in enumerate(leaves):
            if type(x) is not Tensor:
                number = type(x) in SCALARS or isinstance(x, np.generic)
                if number or x is None or current.table_of(x) is None:
                    key.append((type(x), repr(x) if number else x))  # 0.0 is not -0.0
                    continue
                x = as_tensor(x)
            by = x.by
            if type(by) is Kernels and by.name != "tracing":
                plain = plain and (silent or not x.node)
                key.append((by.owner, x.data.shape, x.data.dtype, x.data.device))
            else:
                plain = False
                key.append((x.backend, x.shape, x.dtype, x.device))
            xs.append(x)
            places.append(i)
        entry, hidden = self._entry(tuple(key), xs, places, leaves, rebuild, structure)
        if plain and all([type(h.by) is Kernels and (silent or not h.node) for h in hidden]):
            return self._run(entry, [x.data for x in (*xs, *hidden)])
        return entry.rebuild(_replay(entry, xs, hidden))

    def _entry(self, key: Any, xs: Any, places: Any, *given: Any) -> tuple[Entry, list[Tensor]]:
        try:
            entry = self._entries.get(key)
        except TypeError as error:
            raise ValidationError(
                "compile: an argument that is no array must be hashable, because its value is part of the program; "
                "pass arrays as tensors"
            ) from error
        hidden = None if entry is None else entry.hidden()
        if entry is None or hidden is None:
            entry, hidden = _trace(self._f, xs, places, *given)
            self._entries[key] = entry  # after success: a failed trace leaves nothing
            if len(self._entries) == MANY:
                warnings.warn(
                    f"compile: {MANY} programs of {getattr(self._f, '__name__', self._f)!r} are kept by now; each new "
                    "number or shape makes one: pass what changes with each call as a tensor, pad the shape",
                    PlugradWarning,
                    stacklevel=3,
                )
        self._latest = entry
        return entry, hidden

    @staticmethod
    def _run(entry: Entry, raw: list[Any]) -> Any:
        try:
            buffers = entry.buffers.arrays
        except AttributeError:  # buffers belong to a thread
            backend = entry.table.backend
            buffers = entry.buffers.arrays = [backend.namespace.empty(s, dtype=d) for s, d in entry.shapes]
        try:
            out = entry.run(*raw, *buffers)
        except IndexError as error:
            raise IndexingError(f"compile: {error}; the program looks at indices when it runs") from error
        table = entry.table
        if len(out) == len(entry.names):  # nothing but tensors
            return entry.rebuild([Tensor(y, table) for y in out])
        results = iter(out)
        return entry.rebuild([Tensor(next(results), table) if type(n) is str else n[0] for n in entry.names])


def _surroundings() -> Any:
    """What decides on dtype and place of the arrays that a function makes."""
    where = current.choice()
    return default_dtype(), where.backend, where.device


def compile(f: Callable[..., Any]) -> Compiled:
    """`f`, traced once per structure, shapes, dtypes, backend and grad mode of its arguments, run as generated source.

    Parameters
    ----------
    f : callable
        Of pytrees of tensors and of hashable values, which become part of the program. It may use any transform, and
        ``.backward()`` on leaves made inside.

    Returns
    -------
    Compiled
        Called as `f`; ``.source`` is what runs. Tensors that `f` closes over are read again at every call, as long as
        their handles live: assign to the tensor rather than to the Python name. Arrays of other libraries, lists and
        numbers are part of the program. What `f` assigns into an argument stays inside: return it. Within `f` its
        arguments do not require grad: differentiate the call, or make a leaf inside.

    Raises
    ------
    TracingError
        For a branch on a value, a shape that depends on one, or an implicit random draw, when traced.
    ValidationError
        If `f` is no function, or, when called, for a static argument that is not hashable.

    Examples
    --------
    >>> import plugrad as pg
    >>> f = pg.compile(pg.grad(lambda x: pg.sum(pg.tanh(x) ** 2)))
    >>> [round(v, 6) for v in f(pg.asarray([0.0, 1.0])).tolist()]
    [0.0, 0.6397]
    """
    require_function(f, "compile")
    return Compiled(f)


def _trace(
    f: Any, xs: list[Tensor], places: list[int], leaves: list[Any], rebuild: Any, structure: Any
) -> tuple[Entry, list[Tensor]]:
    owners = {x.backend for x in xs} or {current.choice().backend}
    if len(owners) > 1:
        raise MixedBackendsError(
            f"compile: arguments of the backends {' and '.join(sorted(owners))}; move them to one with to_backend"
        )
    table = current.table(next(iter(owners)))
    program = Program(table)
    given = list(leaves)
    for k, (i, x) in enumerate(zip(places, xs)):
        given[i] = program.input(k, x)
    try:
        with switched(program=program):
            args, kwargs = rebuild(given)
            out, rebuild_out, _ = flatten(f(*args, **kwargs))
            out = [captured(y) for y in out]
            names = [_name(program, y) for y in out]
    finally:
        program.live = False
    hidden = [x for x, _ in program.hidden.values()]
    program.hidden = {}
    simple = simplify(program, [n for n in names if type(n) is str])
    inputs = [f"x{i}" for i in range(len(xs))] + [f"h{i}" for i in range(len(hidden))]
    shapes = {f"x{i}": x.shape for i, x in enumerate(xs)} | {f"h{i}": x.shape for i, x in enumerate(hidden)}
    writer = Writer(simple, inputs, table, DIALECTS.get(table.owner, Dialect()), shapes)
    exec(writer.source, writer.scope)
    guards = [(weakref.ref(x), x.shape, x.dtype) for x in hidden]
    args, kwargs = rebuild(leaves)
    lone = not kwargs and len(args) == len(xs) and all([type(a) is Tensor for a in args])
    plain = _guard(xs, hidden, table) if len(xs) == len(leaves) and MODE.get() is None else None
    return Entry(
        program,
        names,
        rebuild_out,
        guards,
        writer.scope.pop("run"),  # else its globals would hold it: a cycle
        threading.local(),
        writer.buffers,
        table,
        writer.source,
        plain,
        None if lone else structure,
        _surroundings(),
    ), hidden


def _guard(xs: list[Tensor], hidden: list[Tensor], table: Kernels) -> Callable[..., list[Any] | None]:
    """The raw arrays of as many tensors and of the hidden ones, if all are untracked and of these shapes and dtypes.

    In one expression: where large products clear the caches, each further call costs a hundredth of a whole gradient.
    """
    several = len(table.backend.devices()) > 1
    names = [f"x{i}" for i in range(len(xs))] + [f"h{i}" for i in range(len(hidden))]
    scope: dict[str, Any] = {"T": Tensor, "table": table}
    tests = ["not more"]
    for name, x in zip(names, (*xs, *hidden), strict=True):
        scope |= {f"s_{name}": x.shape, f"d_{name}": table.backend.raw_dtype(x.dtype), f"p_{name}": base(x).data.device}
        tests.append(f"type({name}) is T" if name[0] == "x" else f"({name} := r_{name}()) is not None")
        tests.append(f"{name}.by is table and not {name}.node")
        tests.append(f"{name}.data.shape == s_{name} and {name}.data.dtype is d_{name}")
        if several:
            tests.append(f"{name}.data.device == p_{name}")
    scope |= {f"r_h{i}": weakref.ref(h) for i, h in enumerate(hidden)}
    given = ", ".join([*(f"x{i}=None" for i in range(len(xs))), "*more"])
    raw = ", ".join(f"{name}.data" for name in names)
    return eval(f"lambda {given}: [{raw}] if {' and '.join(tests)} else None", scope)


def _name(program: Program, y: Any) -> Any:
    """The name of a result; what is no tensor is part of the program, in a tuple of one."""
    if type(y) is not Tensor:
        return (y,)
    if type(y.by) is not Kernels:
        raise TransformError(f"compile: a value of the {y.by} inside is returned; return it from that transform first")
    if type(y.data) is not Symbol:  # a constant, as a copy
        return program.add(ASTYPE, (y.data,), {"dtype": y.dtype}, y.data)[0].name
    if y.data.program is not program:
        raise TransformError("compile: a value of another program is returned")
    return y.data.name


def _performed(equation: Equation, args: list[Any]) -> Any:
    if equation.op is DETACH:
        return stopped(args[0])
    if equation.op is GRAFT:
        value, x = args
        return grafted(value, x, **equation.params)
    return apply(equation.op, *args, **equation.params)


def _replay(entry: Entry, xs: list[Tensor], hidden: list[Tensor]) -> list[Any]:
    """The program through apply: for tracked and lifted arguments, under a mode, and inside another program."""
    values = {f"x{i}": x for i, x in enumerate(xs)} | {f"h{i}": x for i, x in enumerate(hidden)}
    table = constants(entry.table)
    for equation in entry.program:
        args = [values[a] if type(a) is str else a if type(a) in SCALARS else Tensor(a, table) for a in equation.inputs]
        with switched(level=next_level()) if equation.stopped else nullcontext():
            y = _performed(equation, args)
        values.update(zip(equation.names, y if type(y) is tuple else (y,)))
    return [fresh(values[n]) if type(n) is str else n[0] for n in entry.names]
