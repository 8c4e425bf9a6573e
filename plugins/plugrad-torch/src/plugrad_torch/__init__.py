"""torch as a backend of plugrad. This module only announces it: torch is imported when the backend is first used."""

from __future__ import annotations

from plugrad.backends.hookspecs import hookimpl
from plugrad.backends.spec import BackendSpec

__all__ = ["SPEC", "plugrad_backends"]

SPEC = BackendSpec(
    name="torch",
    api=(1, 0),
    loader="plugrad_torch.backend:TorchBackend",
    requires=("torch>=2.4",),
    array_types=("torch.Tensor", "torch.nn.parameter.Parameter"),
    device_kinds=("cpu", "cuda"),
    fix="pip install torch",
    maturity="beta",
    summary="torch's kernels on CPU and GPU; its own autograd takes no part",
)


@hookimpl
def plugrad_backends() -> list[BackendSpec]:
    """torch alone."""
    return [SPEC]
