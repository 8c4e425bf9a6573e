"""JAX as a backend of plugrad. This module only announces it: JAX is imported when the backend is first used."""

from __future__ import annotations

from plugrad.backends.hookspecs import hookimpl
from plugrad.backends.spec import BackendSpec

__all__ = ["SPEC", "plugrad_backends"]

SPEC = BackendSpec(
    name="jax",
    api=(1, 0),
    loader="plugrad_jax.backend:JaxBackend",
    requires=("jax>=0.8", "jaxlib>=0.8"),
    array_types=("jaxlib._jax.ArrayImpl", "jax._src.core.Tracer"),  # the latter to be refused in our words
    device_kinds=("cpu", "cuda", "rocm", "tpu"),
    fix="pip install jax",
    maturity="beta",
    summary="JAX's kernels on CPU, GPU and TPU; its own tracing and derivatives take no part",
)


@hookimpl
def plugrad_backends() -> list[BackendSpec]:
    """JAX alone."""
    return [SPEC]
