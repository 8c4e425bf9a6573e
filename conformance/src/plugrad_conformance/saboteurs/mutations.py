"""How derivatives, kernels and other functions are made wrong, whatever they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from plugrad.ops import Op
from plugrad.rules import families
from plugrad.tensor import Tensor
from plugrad.traces import stopped

from . import places
from .places import Change, attribute

__all__ = [
    "At",
    "after",
    "become",
    "cut",
    "frozen",
    "given",
    "instead",
    "kernel",
    "native",
    "off_by",
    "only",
    "pull",
    "push",
    "replaced",
    "result",
    "scaled",
    "stated",
    "swapped",
    "unconjugated",
    "word",
]

Pull = Callable[..., Any]
Kernel = Callable[..., Any]


class At(NamedTuple):
    """What a pull is handed."""

    xp: Any
    ct: Any
    y: Any
    args: Any
    params: Any
    edge: Any


# --------------------------------------------------------------------------------------------------------------- pulls


def pull(op: Op, change: Callable[[Pull], Pull], *operands: int) -> Change:
    """The pulls of some operands are changed, of all if none is named."""

    def mutation(both: Any) -> Any:
        return tuple(_changed(those, change, operands) for those in both)

    return Change(places.pulls(op), mutation)


def native(op: Op, change: Callable[[Pull], Pull], backend: str = "numpy") -> Change:
    """The backend's own pulls are changed."""
    return Change(places.native(op, backend), lambda those: _changed(those, change, ()))


def _changed(those: Any, change: Callable[[Pull], Pull], operands: tuple[int, ...]) -> Any:
    if type(those) is not tuple:  # of any number of operands: it gives pulls for ever
        return _Each(those, change)
    return tuple(change(p) if not operands or i in operands else p for i, p in enumerate(those))


class _Each:
    def __init__(self, those: Any, change: Callable[[Pull], Pull]) -> None:
        self._those, self._change = those, change

    def __iter__(self) -> Any:
        return map(self._change, self._those)


def after(f: Callable[[Any, At], Any]) -> Callable[[Pull], Pull]:
    """Something is done to the cotangent that comes out."""
    return lambda pull: lambda *handed: f(pull(*handed), At(*handed))


def given(f: Callable[[At], At]) -> Callable[[Pull], Pull]:
    """The pull is handed something else."""
    return lambda pull: lambda *handed: pull(*f(At(*handed)))


def instead(f: Callable[[At], Any]) -> Callable[[Pull], Pull]:
    """Another pull, that reads no more than the one before."""
    return lambda pull: lambda *handed: f(At(*handed))


def scaled(factor: Any) -> Callable[[Pull], Pull]:
    """Times a number."""
    return after(lambda g, at: g * factor)


def frozen(pull: Pull) -> Pull:
    """What was saved counts as constant: right once, wrong when it is differentiated again."""
    return given(lambda at: at._replace(y=_constant(at.y), args=_constant(at.args)))(pull)


def cut(pull: Pull) -> Pull:
    """The cotangent counts as constant: nothing flows through it."""
    return given(lambda at: at._replace(ct=_constant(at.ct)))(pull)


def _constant(x: Any) -> Any:
    if type(x) is tuple or type(x) is list:
        return type(x)(map(_constant, x))
    return stopped(x) if type(x) is Tensor else x


def unconjugated(op: Op) -> Change:
    """Complex cotangents come back by the pulls for real ones."""
    return Change(places.pulls(op), lambda both: (both[0], both[0]))


def swapped(op: Op) -> Change:
    """The pulls of two operands are each other's."""
    return Change(places.pulls(op), lambda both: tuple(those[::-1] for those in both))


# ------------------------------------------------------------------------------------------------------ rules, pushes


def stated(op: Op, family: Callable[..., None], *facts: Any, **more: Any) -> Change:
    """The whole rule is said anew by its family, so that both modes are wrong alike; it reads what it did."""

    def mutation(before: dict[str, Any]) -> dict[str, Any]:
        family(op, *facts, **({"batch": before["batch"]} | more if family in _WITH_LAW else more))
        op.pulls, op.complex_pulls = op.rule()
        if (op.saves, op.result_readers, op.keep) != (before["saves"], before["result_readers"], before["keep"]):
            places.rule(op).write(before)
            raise ValueError(f"the saboteur of {op.name} reads other things than the rule, which doors know by heart")
        found: dict[str, Any] = places.rule(op).read()
        return found

    return Change(places.rule(op), mutation)


_WITH_LAW = (families.linear, families.bilinear, families.symmetric, families.custom)


def push(op: Op, change: Callable[[Any], Any]) -> Change:
    """Forward mode is changed: a function of (y, operands, tangents, params)."""
    return Change(places.slot(op, "push"), change)


def become(x: Any) -> Callable[[Any], Any]:
    """The mutation to something else, whatever was there."""
    return lambda _: x


def word(module: str, name: str, change: Callable[[Any], Any]) -> Change:
    """A word that rules are written in, in one of their modules."""
    return Change(attribute(f"plugrad.rules.{module}", name), change)


def replaced(holder: Any, name: str, change: Callable[[Any], Any]) -> Change:
    """A function or a value of the engine, where it is looked up."""
    return Change(attribute(holder, name), change)


# ------------------------------------------------------------------------------------------------------------- kernels


def kernel(op: Op, change: Callable[[Kernel], Kernel], backend: str = "numpy") -> Change:
    """A kernel is changed."""
    return Change(places.kernel(op, backend), change)


def result(f: Callable[[Any], Any]) -> Callable[[Kernel], Kernel]:
    """Something is done to each result."""

    def changed(k: Kernel) -> Kernel:
        def run(*operands: Any, **params: Any) -> Any:
            y = k(*operands, **params)
            return tuple(map(f, y)) if type(y) is tuple else f(y)

        return run

    return changed


def only(where: Callable[..., Any], change: Callable[[Kernel], Kernel]) -> Callable[[Kernel], Kernel]:
    """A change for some operands and parameters alone."""

    def changed(k: Kernel) -> Kernel:
        wrong = change(k)
        return lambda *operands, **params: (wrong if where(*operands, **params) else k)(*operands, **params)

    return changed


def off_by(x: Any) -> Any:
    """A thousandth more, in the dtype that it has; what is no number is negated."""
    x = np.asarray(x)
    return (
        np.asarray(x * x.dtype.type(1.001))
        if x.dtype.kind in "fc"
        else np.asarray(~x if x.dtype.kind == "b" else x + 1)
    )
