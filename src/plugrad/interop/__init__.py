"""Introductions: what a library that keeps a list of array libraries has to be told of plugrad.

It is told when it is imported: a program that never imports it pays nothing, and nobody has to call anything.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import PlugradWarning

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = ["introduce"]


def introduce(library: str) -> None:
    """Import the module of this package that is named like `library` as soon as the library has been imported."""
    if library in sys.modules:
        _introduced(library)
    else:
        sys.meta_path.insert(0, _Awaiting(library))


def _introduced(library: str) -> None:
    try:
        import_module(f".{library}", __name__)
    except (ImportError, AttributeError) as error:  # it has changed inside: its own import must not fail for that
        warnings.warn(
            f"this version of {library} does not take plugrad's tensors: {error}", PlugradWarning, stacklevel=2
        )


class _Awaiting:
    """A finder that finds nothing itself, but has the loader of one library go on when the library is there."""

    def __init__(self, library: str) -> None:
        self.library = library

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The library's own spec, once; None for every other module."""
        if fullname != self.library:
            return None
        others = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, others), None)
        if spec is not None and spec.loader is not None:
            _go_on(spec.loader, self.library)
        return spec


def _go_on(loader: Any, library: str) -> None:
    load = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        load(module)
        if module.__name__ == library:
            _introduced(library)

    loader.exec_module = exec_module


introduce("einops")
