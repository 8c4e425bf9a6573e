"""What the chapters share."""

from __future__ import annotations

from typing import Any

from ... import dtypes
from ...errors import BackendError

Array = Any
Axis = int | tuple[int, ...] | None
Shape = tuple[int, ...]


def function(xp: Any, name: str) -> Any:
    """A function of a namespace or of one of its extensions, which came with later editions of the standard."""
    found = xp
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise BackendError(
            f"the namespace {getattr(xp, '__name__', xp)} has no {name}; give the backend a kernel of its own in "
            "Backend.kernels()"
        )
    return found


def is_complex(x: Array) -> bool:
    return x.dtype in dtypes.COMPLEX


def parts(xp: Any, x: Array) -> tuple[Array, Array | None]:
    """Real and imaginary part, None for a real `x`: the standard's `real` and `imag` take complex input only."""
    return (xp.real(x), xp.imag(x)) if is_complex(x) else (x, None)


def real(xp: Any, x: Array) -> Array:
    """The real part, of any number."""
    return parts(xp, x)[0]
