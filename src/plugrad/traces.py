"""Transforms at work: a Trace is one run of one transform, and does its part of every operation on its values."""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from typing import Any

from .dtypes import INEXACT
from .errors import TransformError, ValidationError
from .ops import ASTYPE, BROADCAST_TO, DETACH, Op
from .tensor import (
    RECORDING,
    Cut,
    Tensor,
    apply,
    current_mode,
    fresh,
    here,
    record,
    tracing,
)

LIVE: ContextVar[Any] = ContextVar(
    "plugrad_live", default=None
)  # off the hot path: leaves, draws, the outermost grad ask
LIFTING: set[Any] = set()  # the live traces of all threads: a worker thread has no LIVE, yet its closures may be lifted
next_level = itertools.count(1).__next__  # for all threads, never reused: a number says who is inner and who has gone


def live() -> Any:
    """The innermost transform that still runs, unless a program is traced inside it: what that makes is its own."""
    trace = _running()
    program = None if trace is None else tracing()
    return trace if program is None or trace.level > program.level else None


def _running() -> Any:
    """A task or a copied context may remember a transform that has finished."""
    trace = LIVE.get()
    while trace is not None and not trace.live:
        trace = trace.outer
    return trace


class Trace:
    """One run of one transform. `process` does its part of an operation and calls `apply` below.

    Its values are Tensors with ``by`` this trace, ``data`` a Tensor of a lower level, and in ``node`` what it keeps.
    A plain Trace lifts nothing: the outermost grad, whose values are level 0's.
    """

    __slots__ = ("_token", "ambient", "base", "level", "live", "outer")
    called = "grad"
    lifts = False
    xp = RECORDING

    def __init__(self) -> None:
        self.level: float = next_level()
        self.live, self.base = True, current_mode().level
        self.ambient: Ambient | None = None

    def __str__(self) -> str:
        return self.called

    def __enter__(self) -> Any:
        self.outer = _running()
        self._token = LIVE.set(self)
        if self.lifts:
            LIFTING.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        LIVE.reset(self._token)
        LIFTING.discard(self)
        self.live = False
        if self.ambient is not None:
            self.ambient.live = False

    def leave(self, y: Tensor) -> Tensor:
        """What a result is outside: off this transform's ambient tape."""
        return y.data if y.by is self.ambient else y

    def owns(self, x: Any) -> bool:
        """Whether `x` is a value of this run."""
        return type(x) is Tensor and x.by is self

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        """The shape that a value of this trace shows."""
        return x.data.shape

    def below(self, args: tuple[Any, ...]) -> tuple[list[bool], tuple[Any, ...]]:
        """Which of `args` are this trace's, and all of them without it."""
        mine = [type(a) is Tensor and a.by is self for a in args]
        return mine, tuple([a.data if m else a for a, m in zip(args, mine, strict=True)])


class Dual(Trace):
    """Forward mode: node is the tangent."""

    __slots__ = ()
    called = "jvp"
    lifts = True

    def process(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The result with its tangent."""
        mine, primals = self.below(args)
        y = apply(op, *primals, **params)
        some = y[0] if type(y) is tuple else y
        if op.push is None or some.dtype not in INEXACT:
            return y
        tangents = [a.node if m else None for a, m in zip(args, mine, strict=True)]
        tangent = op.push(y, primals, tangents, params)
        if tangent is not None and current_mode().level >= 0 and any([tangent is t for t in tangents]):
            # handed on as it is, with its history
            tangent = apply(ASTYPE, tangent, dtype=some.dtype)
        if type(y) is tuple:
            return tuple(Tensor(r, self, t) for r, t in zip(y, tangent, strict=True))
        return y if tangent is None else Tensor(y, self, tangent)


class Taped(Trace):
    """Reverse mode above another transform: level 0's nodes and walk."""

    __slots__ = ()
    lifts = True

    def process(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The result with its node."""
        mine, primals = self.below(args)
        # what a node keeps is not the user's handle
        primals = tuple([a if m or type(a) is not Tensor else fresh(a) for a, m in zip(primals, mine, strict=True)])
        y = apply(op, *primals, **params)
        if self.level <= current_mode().level:
            return y
        return record(
            op, tuple([a.node if m else None for a, m in zip(args, mine, strict=True)]), primals, y, params, self
        )


class Ambient(Taped):
    """The tape of the leaves made inside a transform: just above it, below what is inside, as old as it for no_grad."""

    __slots__ = ()
    called = "backward"

    def __init__(self, owner: Trace) -> None:
        self.level, self.live, self.base, self.ambient = owner.level + 0.5, True, owner.base, None


class Batched(Trace):
    """vmap: data has one more leading axis than the shape says; node is unused."""

    __slots__ = ("size",)
    called = "vmap"
    lifts = True

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        """The shape of one sample."""
        return x.data.shape[1:]

    def whole(self, y: Tensor) -> Tensor:
        """A result outside, its batch axis in front; repeated where all samples share it."""
        return fresh(y.data) if self.owns(y) else apply(BROADCAST_TO, y, shape=(self.size, *y.shape))

    def process(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The results of all samples at once, by the operation's law of axes."""
        mine, primals = self.below(args)
        y = op.batch(primals, mine, params)
        return tuple(Tensor(r, self) for r in y) if type(y) is tuple else Tensor(y, self)


def tape() -> Ambient | None:
    """The ambient tape of the innermost transform, made when first asked for; None outside all."""
    trace = live()
    if trace is None:
        return None
    trace.ambient = trace.ambient or Ambient(trace)
    return trace.ambient


def require_live(x: Tensor, doing: str) -> None:
    """Raise if `x` belongs to a transform that has finished."""
    while isinstance(x.by, Trace):
        if not x.by.live:
            raise TransformError(
                f"{doing}: a value of a finished {x.by} is used; return it from the function instead of keeping it"
            )
        x = x.data


def require_function(f: Any, who: str) -> None:
    """Raise if `f` is none: most often its result was given in its place."""
    if not callable(f):
        raise ValidationError(
            f"{who}: takes a function, not {type(f).__name__} {f!r:.60}; give the function itself, not its result"
        )


def stopped(x: Tensor) -> Tensor:
    """The value, off every tape and tangent."""
    if not isinstance(x.by, Trace):
        # a program notes it, for those who differentiate the program
        data = x.by[DETACH](x.data) if x.by.name == "tracing" else x.data
        return Tensor(data, x.by, Cut("detach", here()) if x.node is not None else None)
    below = stopped(x.data)
    return Tensor(below, x.by) if type(x.by) is Batched else below
