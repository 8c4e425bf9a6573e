"""Where a saboteur puts its hand: a place is read, something else is written there, and what was there comes back.

Every change is a mutation of what a place holds, so that each has a control: the same place, written with what does the
same as before. A check that fails under the control fails because of the hand, not of the harm.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from plugrad.backends import current
from plugrad.backends.protocol import Kernels
from plugrad.compiler import tracing
from plugrad.ops import Op

__all__ = [
    "Change",
    "Mutation",
    "Place",
    "attribute",
    "item",
    "kernel",
    "method",
    "native",
    "patched",
    "processes",
    "pulls",
    "rule",
    "slot",
    "table",
]

Mutation = Callable[[Any], Any]
ABSENT: Any = object()  # what is read where nothing lies


class Place(NamedTuple):
    """How what lies there is read, and how something else is put there."""

    read: Callable[[], Any]
    write: Callable[[Any], None]


class Change(NamedTuple):
    """What is done at one place."""

    place: Place
    mutation: Mutation


@contextmanager
def patched(changes: Sequence[Change], control: bool = False) -> Iterator[None]:
    """The changes within the block; as a control, mutations that change nothing."""
    with ExitStack() as undone:
        for place, mutation in changes:
            before = place.read()
            undone.callback(place.write, before)
            place.write((same if control else mutation)(before))
        yield


def same(x: Any) -> Any:
    """Something else that does the same: a function is wrapped, what holds some is made anew."""
    if isinstance(x, FunctionType | MethodType):
        return wraps(x)(lambda *args, **params: x(*args, **params))
    if type(x) is dict:
        return {key: same(value) for key, value in x.items()}
    if type(x) is Startup:
        return x._replace(code="pass")
    return tuple(map(same, x)) if type(x) is tuple else x


# ------------------------------------------------------------------------------------------------------------ anywhere


def attribute(holder: Any, name: str) -> Place:
    """What a module ("plugrad.walk"), a class ("plugrad.random:Generator") or an object has under a name of its own."""

    def write(value: Any) -> None:
        if value is not ABSENT:
            setattr(_found(holder), name, value)
        elif name in vars(_found(holder)):
            delattr(_found(holder), name)

    def read() -> Any:
        found = _found(holder)
        return vars(found).get(name, ABSENT) if hasattr(found, "__dict__") else getattr(found, name)

    return Place(read, write)


def _found(holder: Any) -> Any:
    if callable(holder) and not isinstance(holder, type):
        return holder()
    if type(holder) is not str:
        return holder
    module, _, cls = holder.partition(":")
    return getattr(import_module(module), cls) if cls else import_module(module)


def item(holder: Callable[[], dict[Any, Any]], key: Any) -> Place:
    """What a dict has under a key."""

    def write(value: Any) -> None:
        if value is ABSENT:
            holder().pop(key, None)
        else:
            holder()[key] = value

    return Place(lambda: holder().get(key, ABSENT), write)


class Startup(NamedTuple):
    """What other processes do beside importing a module."""

    module: str
    code: str


def processes(module: str) -> Place:
    """What processes that are started run as soon as they have imported a module; nothing, as a rule."""
    folders: list[TemporaryDirectory[str]] = []
    paths: list[str | None] = []

    def write(startup: Startup) -> None:
        if folders:
            folders.pop().cleanup()
            before = paths.pop()
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before
        if startup.code:
            folders.append(TemporaryDirectory())
            Path(folders[0].name, "sitecustomize.py").write_text(_HOOK.format(*startup), encoding="utf-8")
            paths.append(os.environ.get("PYTHONPATH"))
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folders[0].name, paths[0])))

    return Place(lambda: Startup(module, ""), write)


_HOOK = """
import sys
from importlib.machinery import PathFinder


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != {0!r}:
            return None
        spec = PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            exec({1!r}, {{}})

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder)
"""


# ------------------------------------------------------------------------------------------------------ of a primitive


def slot(op: Op, name: str) -> Place:
    """A slot of the table of primitives: "push", "batch", "promotion"."""
    return Place(lambda: getattr(op, name), lambda value: setattr(op, name, value))


def pulls(op: Op) -> Place:
    """(pulls for real results, pulls for complex ones); the forward mode of most families is made of them."""

    def write(both: Any) -> None:
        op.pulls, op.complex_pulls = both

    return Place(lambda: (op.pulls, op.complex_pulls), write)


def rule(op: Op) -> Place:
    """All that a rule says, both modes: slots by name."""

    def write(slots: dict[str, Any]) -> None:
        for name, value in slots.items():
            setattr(op, name, value)

    return Place(lambda: {name: getattr(op, name) for name in _SAID if hasattr(op, name)}, write)


_SAID = ("batch", "complex_pulls", "keep", "pulls", "push", "result_readers", "rule", "saves")


# -------------------------------------------------------------------------------------------------------- of a backend


def table(backend: str) -> Kernels:
    """Its kernels, loaded when they are asked for."""
    return current.table(backend)


def kernel(op: Op, backend: str = "numpy") -> Place:
    """Who computes a primitive there."""

    def write(function: Any) -> None:
        table(backend)[op] = function
        table(backend).xp.__dict__.pop(op.name, None)  # what rules have bound
        if backend in tracing.TABLES:  # and what tells the shapes of programs
            tracing.TABLES[backend].forget(op)

    return Place(lambda: table(backend)[op], write)


def native(op: Op, backend: str = "numpy") -> Place:
    """The backend's own pulls of a primitive, that stand for the rule's."""
    return item(lambda: table(backend).pulls, op)


def method(name: str, backend: str) -> Place:
    """A method of a backend, or what else its class says; put on the object, and taken off it."""

    def write(value: Any) -> None:
        its = table(backend).backend
        vars(its).pop(name, None)
        if value != getattr(its, name):
            setattr(its, name, value)

    return Place(lambda: getattr(table(backend).backend, name), write)
