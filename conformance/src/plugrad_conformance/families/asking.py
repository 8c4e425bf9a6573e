"""How a family asks: on the subject's backend and device, of a row of a table or of all samples of a primitive."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import plugrad as pg
from plugrad import ops
from plugrad.backends import current
from plugrad.backends.protocol import Backend, Kernels
from plugrad.errors import PlugradError
from plugrad.ops import Op
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import UNSAMPLED, Sample, invariants, samples
from plugrad.testing.tolerances import error_in_eps

from ..records import Case, Check, Disagreement, Outcome, Unsupported
from ..stream import numbers
from ..subjects.plugrad import Backend as Subject

__all__ = [
    "Home",
    "Program",
    "Row",
    "always",
    "at_home",
    "bits",
    "by_op",
    "by_row",
    "by_rule",
    "close",
    "directions",
    "done",
    "elsewhere",
    "function",
    "here",
    "inner",
    "operands",
    "primitives",
    "samples_of",
    "smooth",
    "some",
    "tensor",
    "told",
]

Program: TypeAlias = Callable[[], Any]
Row: TypeAlias = tuple[Program, Any]
"""A program, and what it gives: nested lists for tensors, an error's class where it is refused."""


# ------------------------------------------------------------------------------------------------------------- where


class Home(NamedTuple):
    """The backend that is asked, and the device that new arrays lie on, None for its default."""

    table: Kernels
    device: str | None

    @property
    def name(self) -> str:
        """As `use_backend` takes it."""
        return self.table.owner

    @property
    def backend(self) -> Backend:
        """Makes and moves the raw arrays."""
        return self.table.backend

    @property
    def others(self) -> tuple[str, ...]:
        """The other devices of the backend."""
        its, *others = self.backend.devices()
        return tuple(others) if self.device in (None, its) else (its, *(d for d in others if d != self.device))


@contextmanager
def at_home(subject: Any) -> Iterator[Home]:
    """New arrays go to the subject, and what overflows does so in silence.

    Raises
    ------
    Unsupported
        If it is no backend of plugrad.
    """
    if not isinstance(subject, Subject):
        raise Unsupported(f"{subject.name} is no backend of plugrad, whose engine this is about")
    with pg.use_backend(subject.table.owner, subject.device), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield here()


def here() -> Home:
    """Where new arrays go."""
    where = current.choice()
    return Home(current.table(where.backend), where.device)


# --------------------------------------------------------------------------------------------------------- what is said


def done(subject: str, found: Any, wanted: Any) -> None:
    """Raise unless the two are the same, NaN included."""
    if not _same(found, wanted):
        raise Disagreement(f"{subject}: {found!r:.400}, where {wanted!r:.400} is right")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    return type(a) is type(b) and bool(a == b)


def close(subject: str, found: Tensor, wanted: Any, bound: float) -> float:
    """How many eps a tensor is from an array, in shape and dtype as well; raise beyond the bound."""
    ours, theirs = found.detach().numpy(), wanted.detach().numpy() if isinstance(wanted, Tensor) else np.asarray(wanted)
    if (ours.shape, ours.dtype) != (theirs.shape, theirs.dtype):
        raise Disagreement(f"{subject}: {ours.shape} {ours.dtype}, where {theirs.shape} {theirs.dtype} is right")
    off = error_in_eps(ours, theirs)
    if not off <= bound:
        raise Disagreement(
            f"{subject} is {off:.3g} eps off, {bound:g} pass: {ours!r:.300}, right is {theirs!r:.300}", off
        )
    return off


def told(program: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """What a program gives, as Python data; of a typed error its class."""
    try:
        return _plain(program(*given, **options))
    except PlugradError as error:
        return type(error)


def _plain(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x.detach().tolist()
    if isinstance(x, np.ndarray | np.generic):
        return x.tolist()
    if isinstance(x, tuple | list):
        return [_plain(part) for part in x]
    return {key: _plain(part) for key, part in x.items()} if isinstance(x, dict) else x


# -------------------------------------------------------------------------------------------------- checks from tables


def by_rule(
    family: str, name: str, rows: Mapping[str, Any], ask: Callable[[Any], float | None], order: int = 0
) -> Check:
    """A check of a table: `ask` is handed one row at a time."""

    def run(case: Case, subject: Any) -> float | None:
        with at_home(subject):
            return ask(rows[case.name])

    return Check(family, name, order, Outcome.FAIL_FAMILY, lambda: (Case(family, row) for row in rows), run)


def by_row(family: str, name: str, rows: Mapping[str, Row], order: int = 0) -> Check:
    """A check of a table of programs and what they give."""

    def ask(row: Row) -> None:
        program, wanted = row
        refused = isinstance(wanted, type)
        try:
            found = _plain(program())
        except PlugradError as error:
            if refused and isinstance(error, wanted):
                return
            right = wanted.__name__ if refused else repr(wanted)
            raise Disagreement(f"{type(error).__name__}: {error}; {right} is right") from error
        done("the program gives", found, wanted.__name__ if refused else _plain(wanted))

    return by_rule(family, name, rows, ask, order)


Ask: TypeAlias = Callable[[Sample], float | None]
Kind: TypeAlias = Callable[[Sample], bool]


def by_op(family: str, name: str, kind: Kind, ask: Ask, order: int = 0) -> Check:
    """A check of every primitive, each on all its samples of a kind that the backend computes."""

    def cases() -> Iterator[Case]:
        return (Case(op.name, op.name) for op in primitives() if any(map(kind, samples_of(op))))

    def run(case: Case, subject: Any) -> float | None:
        with at_home(subject) as home:
            return _worst(home, ops.TABLE[case.op], kind, ask)

    return Check(family, name, order, Outcome.FAIL_FAMILY, cases, run)


def _worst(home: Home, op: Op, kind: Kind, ask: Ask) -> float | None:
    """The worst error over the samples; Unsupported if the backend computes none of them."""
    found, refused = [], ""
    for i, sample in enumerate(samples_of(op)):
        if not kind(sample):
            continue
        if why := _refusal(home, op, i):
            refused = why
            continue
        try:
            found.append(ask(sample))
        except Unsupported:
            raise
        except Disagreement as error:
            raise Disagreement(f"{sample}: {error}", error.eps) from error
        except Exception as error:
            raise Disagreement(f"{sample}: {type(error).__name__}: {error}") from error
    if not found:
        raise Unsupported(refused)
    return max([eps for eps in found if eps is not None], default=None)


@cache
def _refusal(home: Home, op: Op, number: int) -> str:
    """Why the backend does not compute a sample at all, which is the gradients' concern; empty if it does."""
    try:
        f, xs = function(samples_of(op)[number])
        f(*xs)
    except (PlugradError, Unsupported) as error:
        return f"{op.name}: {type(error).__name__}: {error}"
    return ""


def primitives() -> list[Op]:
    """plugrad's own that have samples."""
    return [op for op in ops.TABLE.values() if op not in ops.EXTENSIONS and op not in UNSAMPLED]


@cache
def samples_of(op: Op) -> list[Sample]:
    """The samples of a primitive, made once."""
    return samples(op)


def elsewhere(sample: Sample) -> Sample:
    """Other numbers in the same form."""
    return _elsewhere(sample.op)[sample.name]


@cache
def _elsewhere(op: Op) -> dict[str, Sample]:
    return {sample.name: sample for sample in samples(op, seed=1) if not sample.boundary}


def always(sample: Sample) -> bool:
    """Every sample, ties and ends of domains too."""
    return True


def inner(sample: Sample) -> bool:
    """Away from ties and ends of domains."""
    return not sample.boundary


def smooth(sample: Sample) -> bool:
    """Where there is a derivative, away from ties and ends of domains."""
    return bool(sample.moving) and not sample.boundary


def some(kind: Kind, many: int = 6) -> Kind:
    """At most so many of a kind for each primitive, spread over its forms and dtypes."""

    @cache
    def chosen(op: Op) -> frozenset[int]:
        found = [id(sample) for sample in samples_of(op) if kind(sample)]
        return frozenset(found[:: -(-len(found) // many) or 1])

    return lambda sample: id(sample) in chosen(sample.op)


# ----------------------------------------------------------------------------------------------------- samples as calls


def tensor(x: Any, device: str | None = None) -> Any:
    """An operand on the backend that is asked, in memory of its own, with gaps where the sample has them."""
    home = here()
    return _arrays(home.name, device or home.device).array(x) if type(x) is np.ndarray else x


@cache
def _arrays(name: str, device: str | None) -> Subject:
    return Subject(name if device is None else f"{name}:{device}")


def operands(sample: Sample, device: str | None = None) -> list[Any]:
    """All operands of a sample."""
    return [tensor(x, device) for x in sample.operands]


def function(
    sample: Sample, moving: Iterable[int] | None = None, device: str | None = None
) -> tuple[Callable[..., tuple[Tensor, ...]], tuple[Tensor, ...]]:
    """The primitive as a function of some of its operands, with a tuple of results; and these operands."""
    at, given = tuple(sample.moving if moving is None else moving), operands(sample, device)

    def f(*xs: Tensor) -> tuple[Tensor, ...]:
        moved = list(given)
        for i, x in zip(at, xs, strict=True):
            moved[i] = x
        y = apply(sample.op, *moved, **sample.params)
        return invariants(sample.op, y if type(y) is tuple else (y,))

    return f, tuple(given[i] for i in at)


def directions(sample: Sample, like: Iterable[Tensor], role: str = "") -> tuple[Tensor, ...]:
    """Numbers of the shapes, dtypes and places of `like`, the same every time; others for another role."""
    return tuple(
        pg.asarray(numbers(f"{sample} {role} {k}", x.shape, x.dtype.name), device=x.device) for k, x in enumerate(like)
    )


def bits(x: Tensor) -> bytes:
    """The values to the last bit, read behind the tensor's back."""
    return bytes(np.ascontiguousarray(x.by.backend.to_numpy(x.data)).tobytes())
