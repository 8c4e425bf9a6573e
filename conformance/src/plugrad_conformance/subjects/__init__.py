"""Who can be asked, by name: backends under plugrad's engine, and libraries with derivatives of their own.

A distribution that has an adapter for a library names it in its entry points, group ``plugrad.subjects``:

    [project.entry-points."plugrad.subjects"]
    example = "plugrad_example.subject:Example"  # called with the name
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from ..records import Subject, Unsupported

__all__ = ["LIBRARIES", "find", "is_library", "loaded"]

LIBRARIES: dict[str, str] = {  # the kit's own: name -> "module:factory", which is given the name
    "autograd": "plugrad_conformance.subjects.autograd:Autograd",
    "jax.vjp": "plugrad_conformance.subjects.jax:Jax",
    "torch.func": "plugrad_conformance.subjects.torch:TorchFunc",
}


def is_library(name: str) -> bool:
    """Whether it has derivatives of its own; only values and derivatives are asked of it."""
    return bool(_where(name))


def _where(name: str) -> str:
    """The module and the factory of a library; empty for a backend."""
    known = name.partition(":")[0]
    named = [entry.value for entry in entry_points(group="plugrad.subjects", name=known)]
    return LIBRARIES.get(known) or next(iter(named), "")


def find(name: str) -> Subject:
    """The subject of a name; nothing heavy is imported before it is asked something.

    Parameters
    ----------
    name : str
        A backend of plugrad, or one and a device, ``"torch:cuda"``; or a library, of `LIBRARIES` or of entry points.

    Examples
    --------
    >>> find("numpy").name
    'numpy'
    """
    where = _where(name)
    if not where:
        from .plugrad import Backend

        return Backend(name)
    subject: Any = _Library(name, where)
    return subject


class _Library:
    """A subject whose library is imported when something is asked; Unsupported where it is not installed."""

    def __init__(self, name: str, where: str) -> None:
        self.name, self._where = name, where

    def __getattr__(self, name: str) -> Any:
        return getattr(loaded(self.name, self._where), name)


@cache
def loaded(name: str, where: str) -> Any:
    """The subject itself. Unsupported if its library is not installed."""
    module, _, factory = where.partition(":")
    try:
        found = import_module(module)
    except ModuleNotFoundError as lack:
        if module.startswith(lack.name or ""):  # not the library, but what knows it
            raise
        raise Unsupported(f"{name} needs {lack.name}, which is not here: pip install {lack.name}") from lack
    return getattr(found, factory)(name)
