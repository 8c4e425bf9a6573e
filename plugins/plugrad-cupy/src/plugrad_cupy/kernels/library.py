"""What kernels are made of: a namespace like NumPy's, and the few things that CuPy alone has.

No module of this package imports CuPy. So the table can be made from CuPy, and where there is no GPU, for a test, from
NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from .fused import Fused

__all__ = ["Library"]

Array = Any


class Library(NamedTuple):
    """CuPy, or what stands for it."""

    xp: Any
    """The namespace: ``cupy``."""
    special: Any
    """The namespace of special functions: ``cupyx.scipy.special``."""
    scatter_add: Callable[[Array, Any, Array], None]
    """``a[index] += value`` in place, of dtypes that CUDA adds atomically; repeated indices accumulate."""
    careful: Callable[[], AbstractContextManager[Any]]
    """In it a decomposition that fails raises; outside it CuPy gives what cuSOLVER left."""
    elementwise: Callable[[Fused], Callable[..., Array]]
    """One launch for one formula."""
