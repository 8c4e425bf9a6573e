"""NumPy, announced as every plugin announces its backends.

This module is read by ``import plugrad``, so the hook goes without its marker, which would import pluggy (4 ms); the
registry sets it.
"""

from __future__ import annotations

from .spec import API, BackendSpec

__all__ = ["SPEC", "plugrad_backends"]

SPEC = BackendSpec(
    name="numpy",
    api=API,
    loader="plugrad.backends.numpy:NumPyBackend",
    requires=("numpy",),
    array_types=("numpy.ndarray", "numpy.generic"),
    maturity="stable",
    summary="NumPy on the host; always there",
)


def plugrad_backends() -> list[BackendSpec]:
    """NumPy alone."""
    return [SPEC]
