"""Backends: who computes. `protocol` says what one is, `current` which one makes new arrays, `manager` finds them.

The package may be called: ``pg.backends()`` lists what it manages.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import BackendTable


class _Callable(ModuleType):
    def __call__(self) -> BackendTable:
        """All backends that are installed or registered, and what each lacks; none is loaded."""
        from .manager import backends  # loaded by now; at the top it would go in a circle

        return backends()


sys.modules[__name__].__class__ = _Callable
