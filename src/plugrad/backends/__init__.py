"""Backends: who computes. `protocol` says what one is, `current` which one makes new arrays, `manager` finds them.

The package may be called: ``pg.backends()`` lists what it manages.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .report import BackendTable


class _Callable(ModuleType):
    def __call__(self) -> BackendTable:
        """All backends that are installed or registered, and what each lacks; none is loaded."""
        backends: Callable[[], BackendTable] = self.manager.backends
        return backends()

    def __getattr__(self, name: str) -> Any:
        """The manager, loaded when it is first asked for."""
        if name != "manager":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(".manager", __name__)


sys.modules[__name__].__class__ = _Callable
