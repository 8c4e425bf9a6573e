"""JAX as a backend of plugrad. This module only announces it: JAX is imported when the backend is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugrad.backends.hookspecs import hookimpl
from plugrad.backends.spec import BackendSpec
from plugrad.errors import TransformError

if TYPE_CHECKING:
    from plugrad.backends.protocol import Backend

__all__ = ["SPEC", "load", "plugrad_backends"]

SPEC = BackendSpec(
    name="jax",
    api=(1, 0),
    loader="plugrad_jax:load",
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


def load() -> Backend:
    """The backend.

    Raises
    ------
    TransformError
        Inside a transform of JAX's own, where what is made has no value.
    """
    import jax

    if isinstance(jax.numpy.zeros(()), jax.core.Tracer):
        raise TransformError(
            "plugrad is first asked for JAX inside a transform of JAX's own; use plugrad's grad, jvp, vmap or compile "
            "in its place"
        )
    from .backend import JaxBackend

    return JaxBackend()
