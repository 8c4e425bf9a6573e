"""CuPy as a backend of plugrad. This module only announces it: CuPy is imported when the backend is first used."""

from __future__ import annotations

from plugrad.backends.hookspecs import hookimpl
from plugrad.backends.spec import BackendSpec

__all__ = ["SPEC", "plugrad_backends"]

SPEC = BackendSpec(
    name="cupy",
    api=(1, 0),
    loader="plugrad_cupy.backend:CuPyBackend",
    requires=("cupy>=14",),
    array_types=("cupy.ndarray",),
    device_kinds=("cuda",),
    fix='pip install "plugrad-cupy[cuda12]" or "plugrad-cupy[cuda13]", as the driver allows',
    maturity="experimental",
    summary="CuPy's kernels on NVIDIA GPUs, on the current device and stream",
)


@hookimpl
def plugrad_backends() -> list[BackendSpec]:
    """CuPy alone."""
    return [SPEC]
