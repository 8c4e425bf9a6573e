"""Beside `cupy`: names to import."""

import sys
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import numpy as np


class _Special(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return NotImplemented


scipy: Any = ModuleType("cupyx.scipy")
scipy.special = _Special("cupyx.scipy.special")
sys.modules["cupyx.scipy"], sys.modules["cupyx.scipy.special"] = scipy, scipy.special
scatter_add, errstate = np.add.at, lambda linalg: nullcontext()
HAS = True
cusolver: Any = ModuleType("cupyx.cusolver")
cusolver.check_availability = lambda name: HAS
sys.modules["cupyx.cusolver"] = cusolver
