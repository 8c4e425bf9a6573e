"""torch as a backend of plugrad. This module only announces it: torch is imported when the backend is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugrad.backends.hookspecs import hookimpl
from plugrad.backends.spec import BackendSpec
from plugrad.errors import TransformError

if TYPE_CHECKING:
    from plugrad.backends.protocol import Backend

__all__ = ["SPEC", "load", "plugrad_backends"]

SPEC = BackendSpec(
    name="torch",
    api=(1, 0),
    loader="plugrad_torch:load",
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


def load() -> Backend:
    """The backend.

    Raises
    ------
    TransformError
        Inside a transform of torch.func, where what is made is wrapped.
    """
    import torch

    if torch._C._functorch.peek_interpreter_stack() is not None:
        raise TransformError(
            "plugrad is first asked for torch inside a transform of torch.func; use plugrad's grad, jvp or vmap in its "
            "place"
        )
    from .backend import TorchBackend

    return TorchBackend()
