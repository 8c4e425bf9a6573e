"""The one class users hold, and how an operation on it travels.

A `Tensor` is three slots. ``by`` says who computes on it: a backend's kernel table (level 0: ``data`` is a raw array)
or a Trace, one run of one transform (``data`` is a Tensor of a lower level). ``node`` is what made it, where a gradient
may be asked for - or, inside a transform, what that transform keeps beside it. `apply` computes level-0 calls on the
spot and hands every other call to the highest Trace among the operands, which does its part and calls `apply` on what
it wraps. So nesting is composition; there is no current interpreter.

The doors `unary` and `binary` are `apply` for the usual case, because packing arguments costs as much as all the rest.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from . import dtypes
from .backends import current
from .backends.protocol import Kernels, Namespace, unbroadcaster
from .declared import Declared
from .dtypes import INEXACT, OF_RAW, SCALARS, DType
from .errors import ConversionError, DeviceError, DTypeError, MixedBackendsError, PlugradError, TransformError
from .failures import SAID, rescued
from .ops import ASTYPE, BROADCAST_TO, EXTENSIONS, PICK, TO_BACKEND, Op

ticket = itertools.count().__next__  # one clock: a node is newer than all that it was made from


class Tensor(Declared):
    """An array that remembers how it was made. Made by `asarray` and the other creation functions, not by hand."""

    # kin: unset until it has views or is one, see views.py; paused: until requires_grad_(False), see autograd.py
    __slots__ = ("__weakref__", "by", "data", "kin", "node", "paused")
    __array_ufunc__ = None  # NumPy on the left defers to our reflected operators

    data: Any
    by: Any
    node: Any
    kin: Any
    paused: Any

    def __init__(self, data: Any, by: Any, node: Any = None) -> None:
        self.data = data
        self.by = by
        self.node = node

    @property
    def shape(self) -> tuple[int, ...]:
        """The size along each axis."""
        if type(self.by) is Kernels:
            shape = self.data.shape
            return shape if type(shape) is tuple else tuple(shape)
        return self.by.shape_of(self)

    @property
    def dtype(self) -> DType:
        """plugrad's own dtype object."""
        return OF_RAW[self.data.dtype]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def device(self) -> str:
        """Where the values lie: ``"cpu"``, ``"cuda:0"`` ..."""
        low = base(self)
        return low.by.backend.device_of(low.data)

    @property
    def backend(self) -> str:
        """The name of the backend that computes."""
        return base(self).by.owner


def base(x: Tensor) -> Tensor:
    """The tensor of level 0 under all transforms."""
    while type(x.by) is not Kernels:
        x = x.data
    return x


def tracked(x: Tensor) -> bool:
    """Whether this level records what is done with `x`."""
    return type(x.node) in (Node, Leaf)


# ------------------------------------------------------------------------------------------------- the recorded graph


def _metadata(self: Any) -> dict[str, Any]:
    """A place for notes about a node, made when first asked for."""
    if self.extra is None:
        self.extra = {}
    notes: dict[str, Any] = self.extra.setdefault("metadata", {})
    return notes


class Node:
    """One recorded operation: where its cotangents go (edges), and only what the pulls of those edges will read."""

    __slots__ = ("__weakref__", "args", "by", "dtype", "edges", "extra", "op", "out", "params", "seq", "shape")

    def __init__(
        self, op: Op, edges: tuple[Any, ...], args: Any, out: Any, params: Any, shape: Any, dtype: Any, by: Any
    ) -> None:
        self.op = op
        self.edges = edges
        self.args = args  # operands that were saved, or None, or FREED
        self.out = out
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.by = by
        self.extra: Any = None  # a retained gradient, metadata: a dict when first asked for
        self.seq = ticket()

    metadata = property(_metadata)

    def name(self) -> str:
        """Such as ``"MatmulBackward"``."""
        op = self.edges[0].op if self.op is PICK else self.op
        return "".join(map(str.capitalize, op.name.split("_"))) + "Backward"

    @property
    def next_functions(self) -> tuple[tuple[Node | Leaf | None, int], ...]:
        """(node, number of its result) for each operand; None where no gradient goes."""
        return tuple((edge or None, edge.params if edge and edge.op is PICK else 0) for edge in self.edges)

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class Leaf:
    """The end of an edge: a value whose gradient is asked for."""

    __slots__ = ("__weakref__", "by", "dtype", "extra", "grad", "owner", "seq", "shape")
    edges = ()
    op = None
    next_functions = ()

    def __init__(self, shape: tuple[int, ...], dtype: Any, by: Any, owner: Any = None) -> None:
        self.shape = shape
        self.dtype = dtype
        self.by = by
        self.owner = owner  # the grad whose variable it is
        self.seq = ticket()
        self.grad: Tensor | None = None
        self.extra: Any = None  # metadata, whether it is paused: a dict when first asked for

    metadata = property(_metadata)

    def name(self) -> str:
        """``"AccumulateGrad"``, as torch calls it."""
        return "AccumulateGrad"

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


class Cut:
    """The place where a history ended. It stands where a node would, is passed on by what follows, and is false."""

    __slots__ = ("where", "why")
    edges = ()

    def __init__(self, why: str, where: str = "") -> None:
        self.why, self.where = why, where

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.why}{self.where and f', at {self.where}'}"


FREED = ("freed",)  # in place of what a node had saved; a tuple, so that its type is that of what it replaces


def here() -> str:
    """file:line of the caller outside plugrad, and outside NumPy, through which others ask for values."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(("plugrad.", "numpy.")):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


# --------------------------------------------------------------------------------------------- what is unusual, if any


class Mode(NamedTuple):
    """Anything unusual that is on in this context. The doors only ask whether there is one."""

    level: float = -1  # no_grad: traces up to this level record nothing; level 0 does from 0 on; -1: all record
    program: Any = None  # what is traced
    watch: Any = None  # a profiler: watch(op, kernel, raw operands, params) calls the kernel
    cut: Any = None  # what a result that is not recorded says of it
    plain: bool = False  # no_grad alone: the doors serve


USUAL = Mode()
MODE: ContextVar[Mode | None] = ContextVar("plugrad_mode", default=None)


def current_mode() -> Mode:
    """The mode that is on in this context."""
    return MODE.get() or USUAL


def set_mode(**changes: Any) -> Any:
    """Change the mode for good; returns the token that undoes it."""
    new = current_mode()._replace(**changes)
    plain = new.program is None and new.watch is None
    return MODE.set(None if plain and new.level < 0 else new._replace(plain=plain))


@contextmanager
def switched(**changes: Any) -> Iterator[None]:
    """Another mode within a block."""
    token = set_mode(**changes)
    try:
        yield
    finally:
        MODE.reset(token)


def tracing() -> Any:
    """The program that is traced here: a copied context may remember one that has finished."""
    program = current_mode().program
    while program is not None and not program.live:
        program = program.outer
    return program


def captured(x: Any) -> Any:
    """`x`, or while a program is traced that `x` is older than: the input that stands for its handle."""
    program = tracing()
    return x if program is None or type(x) is not Tensor or program.owns(x) else program.capture(x)


def fresh(x: Tensor) -> Tensor:
    """Another handle: assignment into the one is not seen in the other."""
    x = captured(x)
    return Tensor(x.data, x.by, x.node)


# ----------------------------------------------------------------------------------------------------- new tensors


def constants(table: Kernels) -> Kernels:
    """`table`, or while a program of its owner is traced: the table that says whose constants these are."""
    program = tracing()
    return program.constants if program is not None and program.owner == table.owner else table


def home() -> tuple[Kernels, str | None]:
    """(table, device) of a new array."""
    where = current.choice()
    return constants(current.table(where.backend)), where.device


def as_tensor(obj: Any, like: Tensor | None = None) -> Tensor:
    """`obj` itself, or Python data or a foreign array as a Tensor; Python data goes where `like` is."""
    if type(obj) is Tensor:
        return obj
    try:
        return _as_tensor(obj, like)
    except PlugradError:
        raise
    except (TypeError, ValueError) as error:
        raise ConversionError(f"{type(obj).__name__} {obj!r:.60} is no array of numbers: {error}") from error


def _as_tensor(obj: Any, like: Tensor | None) -> Tensor:
    table = None if like is not None and isinstance(obj, np.generic) else current.table_of(obj)
    if table is not None:
        return Tensor(table.backend.asarray(obj, None, None, True), constants(table))
    if like is None:
        table, device = home()
    else:
        table, device = base(like).by, like.device
        table = constants(current.table(table.owner))
    return Tensor(table.backend.asarray(obj, None, device, True), table)


def zeros(like: Tensor, shape: Any = None) -> Tensor:
    """Constant zeros: made, never multiplied, because x * 0 is NaN where x is infinite."""
    low = base(like)
    backend = low.by.backend
    return Tensor(
        backend.zeros(low.data, like.shape if shape is None else shape), constants(current.table(low.by.owner))
    )


def ones(like: Tensor) -> Tensor:
    """Constant ones, shape and dtype of `like`."""
    low = base(like)
    raw = low.by.backend.full(like.shape, 1, like.dtype, like.device)
    return Tensor(raw, constants(current.table(low.by.owner)))


# ------------------------------------------------------------------------------------------------------- the doors

Door1 = Callable[[Any], Tensor]
Door2 = Callable[[Any, Any], Tensor]
DOORS: dict[Op, Callable[..., Tensor]] = {}


def unary(op: Op, doc: str = "") -> Door1:
    """The door of an operation of one operand and no parameters."""
    saves, saves_result, discrete, floating = (
        op.saves,
        bool(op.result_readers),
        op.push is None,
        op.promotion == "floating",
    )
    no_history = Cut(f"{op.name}, which has no derivative")

    def door(x: Any, /) -> Tensor:
        if type(x) is Tensor:
            by, mode = x.by, MODE.get()
            if type(by) is Kernels and (mode is None or mode.plain):
                data, node = x.data, x.node
                try:
                    if not node or mode is not None or discrete:
                        if not floating or data.dtype in INEXACT:
                            if node:
                                node = no_history if mode is None else mode.cut
                            return Tensor(by[op](data), by, node)
                    else:
                        out = by[op](data)
                        args, kept = (data,) if saves else None, out if saves_result else None
                        return Tensor(out, by, Node(op, (node,), args, kept, None, out.shape, out.dtype, by))
                except Exception as error:
                    return Tensor(rescued(op, by, (data,), {}, error), by)
        return apply(op, x)

    DOORS[op] = door
    return _named(op, door, doc)


def binary(op: Op, doc: str = "", otherwise: Callable[..., Any] | None = None, stacks: bool = False) -> Door2:
    """The door of an operation of two operands; fast for two tensors of one backend and dtype, or one and a number.

    `otherwise` stands for `apply` where the operands are not such: an operator first asks who the other one is. With
    `stacks` each must have two axes.
    """
    saves, keep, discrete = op.saves, op.keep, op.push is None
    left_reads, right_reads = 0 in op.result_readers, 1 in op.result_readers
    floating, crosswise = op.promotion == "floating", op.saves == "crosswise"
    weak = (int, float) if op.promotion in ("shared", "floating") and not stacks else ()  # 1.3 us, through apply 3.9
    no_history = Cut(f"{op.name}, which has no derivative")
    slow = otherwise or apply

    def door(x1: Any, x2: Any, /) -> Tensor:
        if type(x1) is Tensor or type(x2) is Tensor:
            mode = MODE.get()
            if type(x1) is type(x2):
                by, x, y = x1.by, x1.data, x2.data  # three at once build no tuple
                left, right = x1.node, x2.node
                usual = (
                    by is x2.by and type(by) is Kernels and x.dtype is y.dtype and (not stacks or x.ndim > 1 < y.ndim)
                )
            elif type(x2) in weak:
                by, x, y = x1.by, x1.data, x2
                left, right = x1.node, None
                usual = type(by) is Kernels and x.dtype in INEXACT
            elif type(x1) in weak:
                by, x, y = x2.by, x1, x2.data
                left, right = None, x2.node
                usual = type(by) is Kernels and y.dtype in INEXACT
            else:
                usual = False
            if usual and (mode is None or mode.plain):
                try:
                    if not (left or right) or mode is not None or discrete:
                        if not floating or type(x1) is not type(x2) or x.dtype in INEXACT:
                            out = by[op](x, y)
                            if left or right:
                                return Tensor(out, by, no_history if mode is None else mode.cut)
                            return Tensor(out, by, right if left is None else left)
                    else:
                        out = by[op](x, y)
                        args: Any
                        if crosswise:  # a product: each edge reads the other operand
                            args = (x if right else None, y if left else None)
                        else:
                            args = keep((left, right), (x, y)) if saves else None
                        kept = out if (left_reads and left) or (right_reads and right) else None
                        return Tensor(out, by, Node(op, (left, right), args, kept, None, out.shape, out.dtype, by))
                except Exception as error:
                    return Tensor(rescued(op, by, (x, y), {}, error), by)
        return slow(op, x1, x2)

    DOORS.setdefault(op, door)  # the function's, which comes before the operator's
    return _named(op, door, doc)


def _named(op: Op, door: Any, doc: str) -> Any:
    door.__name__ = door.__qualname__ = op.name
    door.__doc__ = doc
    return door


def apply(op: Op, *operands: Any, **params: Any) -> Any:
    """The general door: any arity, parameters, scalars, promotion, transforms, modes.

    Parameters
    ----------
    op : Op
        A primitive.
    *operands : Tensor, Python scalar or foreign array
        As many as the primitive has.
    **params
        All of its parameters: axes not negative, shapes whole.

    Returns
    -------
    Tensor or tuple of Tensor
        Of the highest transform among the operands, recorded where one is tracked.

    Raises
    ------
    ShapeError, DTypeError, MixedBackendsError, TransformError
        With the operation, what came, and what would do.
    """
    mode = MODE.get()
    if len(operands) == 1 and (mode is None or mode.plain) and type(operands[0]) is Tensor:
        x = operands[0]
        by, data, node = x.by, x.data, x.node
        if type(by) is Kernels and op is not TO_BACKEND and (op.promotion == "any" or data.dtype in INEXACT):
            try:
                result = by[op](data, **params)
            except Exception as error:
                result = rescued(op, by, (data,), params, error)
            if node and mode is None:
                return record(op, (node,), (data,), result, params, by)
            if node:
                node = mode.cut  # type: ignore[union-attr]
            return tuple([Tensor(r, by, node) for r in result]) if type(result) is tuple else Tensor(result, by, node)
    args = settle(op, operands)
    if mode is not None and mode.program is not None:
        args = tuple(map(captured, args))
    by = trace = None
    for a in args:
        if type(a) is Tensor:
            its = a.by
            if type(its) is Kernels:
                by = its if by is None or by is its else _meet(op, by, its)
            elif trace is None or its.level > trace.level:
                trace = its
    if trace is not None:
        if not trace.live:
            raise TransformError(
                f"{op.name}: a value of a finished {trace} is used; return it from the function instead of keeping it"
            )
        return trace.process(op, args, params)
    assert by is not None
    raw = tuple([a.data if type(a) is Tensor else a for a in args])
    try:
        kernel = by[op]
        result = kernel(*raw, **params) if mode is None or mode.watch is None else mode.watch(op, kernel, raw, params)
    except Exception as error:
        result = rescued(op, by, raw, params, error)
    if op is TO_BACKEND:
        by = params["table"]
    edges = tuple([a.node if type(a) is Tensor else None for a in args])
    if (mode is None or mode.level < 0) and any(edges):
        return record(op, edges, raw, result, params, by)
    history: Any = next((e for e in edges if e is not None), None)
    if history:
        assert mode is not None
        history = mode.cut
    return tuple(Tensor(r, by, history) for r in result) if type(result) is tuple else Tensor(result, by, history)


def record(op: Op, edges: tuple[Any, ...], args: Any, result: Any, params: Any, by: Any) -> Any:
    """The result with its node. Several results hang on one node by a `pick` each, which fills its cotangent's slot."""
    some = result[0] if type(result) is tuple else result
    if op.push is None or some.dtype not in INEXACT:  # integers and booleans are constants to every derivative
        if type(by) is Kernels:
            return Tensor(result, by, Cut(f"{op.name}, which gives {OF_RAW[some.dtype].name}", here()))
        return result
    args = op.keep(edges, args) if op.saves else None
    out = result if op.result_readers and any([edges[i] for i in op.result_readers]) else None
    if type(result) is tuple:
        node = Node(op, edges, args, out, params, len(result), some.dtype, by)
        return picks(node, result, by)
    return Tensor(result, by, Node(op, edges, args, out, params, result.shape, result.dtype, by))


def picks(node: Node, results: Any, by: Any) -> tuple[Tensor, ...]:
    """The several results of one node."""
    return tuple(Tensor(r, by, Node(PICK, (node,), None, None, i, r.shape, r.dtype, by)) for i, r in enumerate(results))


# ------------------------------------------------------------- settled before dispatch, above the traces: each sees it


def settle(op: Op, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands as tensors and weak Python scalars, in the dtype that they meet in; the cast is recorded."""
    how = op.promotion
    if how == "any":
        if len(operands) == 1 and type(operands[0]) is Tensor:
            return operands
        like = next((a for a in operands if type(a) is Tensor), None)
        return tuple([a if type(a) is Tensor else as_tensor(a, like) for a in operands])
    if not all(type(a) is Tensor or type(a) in SCALARS for a in operands):
        like = next((a for a in operands if type(a) is Tensor), None)
        operands = tuple([a.item() if isinstance(a, np.generic) else a for a in operands])  # as weak as Python's
        operands = tuple([a if type(a) is Tensor or type(a) in SCALARS else as_tensor(a, like) for a in operands])
    if how == "into":
        x = as_tensor(operands[0])
        return (x, cast_into(op, x, operands[1]), *operands[2:])
    if how == "branches":
        condition = as_tensor(operands[0], next((a for a in operands if type(a) is Tensor), None))
        return (condition, *_meeting(op, operands[1:], condition))
    return _meeting(op, operands, None)


def _meeting(op: Op, operands: tuple[Any, ...], like: Tensor | None) -> tuple[Any, ...]:
    found = [a.dtype for a in operands if type(a) is Tensor]
    scalars = [a for a in operands if type(a) is not Tensor]
    to = dtypes.promote(*found) if found else dtypes.promote(*map(dtypes.of_scalar, scalars))
    if scalars:
        to = dtypes.with_scalars(to, scalars)
    if op.promotion == "floating" and to.kind in "biu":
        to = dtypes.default_dtype()
    for a in scalars:
        if type(a) is int and not dtypes.holds(to, a):
            raise DTypeError(f"{op.name}: {a} is no {to.name}; cast the array with astype")
    if bool in map(type, scalars) and to.kind != "b":  # a truth value is a number beside numbers
        operands = tuple([int(a) if type(a) is bool else a for a in operands])
    if not found or op.promotion == "arrays" or op in EXTENSIONS:
        if like is None:
            like = next((a for a in operands if type(a) is Tensor), None)
        operands = tuple([a if type(a) is Tensor else as_tensor(a, like) for a in operands])
    return tuple([a if type(a) is not Tensor or a.dtype is to else apply(ASTYPE, a, dtype=to) for a in operands])


def cast_into(op: Op, x: Tensor, value: Any) -> Any:
    """`value` in the dtype of the array that it is written into."""
    kind = "c" if type(value) is complex else value.dtype.kind if type(value) is Tensor else "b"
    if kind == "c" and x.dtype.kind != "c":
        raise DTypeError(
            f"{SAID.get(op, op.name)}: a complex value into an array of {x.dtype.name}; take its real part, or cast "
            "the array"
        )
    dtypes.require_fit(value, x.dtype)
    return apply(ASTYPE, value, dtype=x.dtype) if type(value) is Tensor and value.dtype is not x.dtype else value


def _meet(op: Op, one: Kernels, two: Kernels) -> Kernels:
    """The table for operands of two: tracing over a program's constants, a plain one over constants that outlive it."""
    if one.owner != two.owner:
        raise MixedBackendsError(
            f"{op.name}: operands of the backends {one.owner} and {two.owner} meet; move one, a tensor with "
            f"x.to_backend({_theirs(one, two)!r}), a raw array with asarray(a, backend={_theirs(one, two)!r})"
        )
    traced = one if one.name == "tracing" else two if two.name == "tracing" else None
    if traced is not None:
        if (two if one is traced else one).name != "constants":
            raise TransformError(
                f"{op.name}: a traced value meets one that is not, outside the context that traces; in a worker "
                "thread, pass it as an argument"
            )
        return traced
    return current.table(one.owner)


def _theirs(one: Kernels, two: Kernels) -> str:
    """Where to: what meets another library's arrays by mistake is NumPy's, most often."""
    return two.owner if one.owner == "numpy" else one.owner


def require_beside(what: str, x: Tensor, value: Tensor) -> None:
    """Raise unless `x` lies on the backend and device of `value`.

    Raises
    ------
    MixedBackendsError, DeviceError
        With both places.
    """
    if x.backend != value.backend:
        raise MixedBackendsError(
            f"{what} of the backend {x.backend} for a value of {value.backend}; move it with to_backend"
        )
    if x.device != value.device:
        raise DeviceError(f"{what} on {x.device} for a value on {value.device}; move it with to_device")


# ------------------------------------------------------------------------ the namespace that rules see when recorded


def _recorded(op: Op) -> Callable[..., Any]:
    return DOORS.get(op) or partial(apply, op)


RECORDING = Namespace(_recorded, zeros=zeros, unbroadcast=unbroadcaster(_recorded))


def spread_to(t: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tangent of the result's shape: broadcast in this one place."""
    return t if t.shape == shape else apply(BROADCAST_TO, t, shape=shape)
