"""torch's own derivatives, by ``torch.func``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from plugrad import ops
from plugrad.ops import Geometry, Op
from plugrad.testing.samples import Sample

from ..records import Arrays, Unsupported
from ..torch_reference import TORCH, UNKNOWN
from ..torch_reference.autograd import OnTorch
from ..torch_reference.nn import conv, windows

__all__ = ["NONE", "OWN", "TorchFunc"]


class TorchFunc(OnTorch):
    """torch on the CPU. Its functions are its own, also where the references take others, which are more exact."""

    def __init__(self, name: str) -> None:
        self.name = name

    def function(self, sample: Sample) -> Callable[..., Arrays]:
        """By torch's word for it."""
        if sample.op in NONE or sample.op not in TORCH:
            raise Unsupported(NONE.get(sample.op) or UNKNOWN.get(sample.op) or f"torch: {sample.op.name} is discrete")

        def f(*xs: Any) -> Arrays:
            with _refusals():
                return self.results(sample, xs, TORCH | OWN)

        return f

    def vjp(self, f: Callable[..., Arrays], xs: Arrays, cts: Arrays) -> tuple[Arrays, Arrays]:
        """By `torch.func.vjp`."""
        with _refusals():
            ys, pull, *_ = torch.func.vjp(f, *xs)
            return ys, pull(tuple(cts))

    def jvp(self, f: Callable[..., Arrays], xs: Arrays, ts: Arrays) -> tuple[Arrays, Arrays]:
        """By `torch.func.jvp`."""
        with _refusals():
            ys, tangents, *_ = torch.func.jvp(f, tuple(xs), tuple(ts))
            return ys, tangents


@contextmanager
def _refusals() -> Iterator[None]:
    """What torch says that it does not have is Unsupported."""
    try:
        yield
    except (NotImplementedError, RuntimeError) as error:
        if isinstance(error, NotImplementedError) or any(words in str(error) for words in REFUSES):
            raise Unsupported(f"torch: {str(error).partition('. ')[0]}") from error
        raise


REFUSES = ("not implemented", "not supported", "not differentiable", "does not support", "is not yet")

# ---------------------------------------------------------------------------------------------------- its own functions


def _conv_input(g: Any, w: Any, size: Any, geometry: Geometry) -> Any:
    x = torch.zeros((g.shape[0], geometry.groups * w.shape[1], *size), dtype=g.dtype)
    return torch.func.vjp(lambda x: conv(x, w.conj(), geometry), x)[1](g)[0]


def _conv_weight(x: Any, g: Any, kernel: Any, geometry: Geometry) -> Any:
    w = torch.zeros((g.shape[1], x.shape[1] // geometry.groups, *kernel), dtype=g.dtype)
    return torch.func.vjp(lambda w: conv(x.conj(), w, geometry), w)[1](g)[0]


def _fold(x: Any, size: Any, stride: Any, dilation: Any) -> Any:
    n = len(size)
    seen = torch.zeros((*x.shape[: x.ndim - 2 * n], *size), dtype=x.dtype)
    return torch.func.vjp(lambda y: windows(y, x.shape[x.ndim - n :], stride, dilation), seen)[1](x)[0]


def _bessel(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, n: int) -> Any:
        if n > 1:
            raise Unsupported(f"torch has no Bessel function of order {n}")
        return (first, second)[n](x)

    return call


def _spherical_jn(x: Any, n: int) -> Any:
    if n:
        raise Unsupported(f"torch has no spherical Bessel function of order {n}")
    return torch.special.spherical_bessel_j0(x)


def _binary_cross_entropy(x: Any, target: Any) -> Any:
    shape = np.broadcast_shapes(x.shape, target.shape)
    return functional.binary_cross_entropy(x.expand(shape), target.expand(shape), reduction="none")


OWN: dict[Op, Callable[..., Any]] = {  # where the references have another
    ops.BINARY_CROSS_ENTROPY: _binary_cross_entropy,
    ops.CHOLESKY: torch.linalg.cholesky,
    ops.CONV_INPUT: _conv_input,
    ops.CONV_WEIGHT: _conv_weight,
    ops.DIGAMMA: torch.digamma,
    ops.EIGH: torch.linalg.eigh,
    ops.FOLD: _fold,
    ops.GAMMAINC: torch.special.gammainc,
    ops.GAMMAINCC: torch.special.gammaincc,
    ops.GAMMALN: torch.lgamma,
    ops.IV: _bessel(torch.special.i0, torch.special.i1),
    ops.IVE: _bessel(torch.special.i0e, torch.special.i1e),
    ops.SPHERICAL_JN: _spherical_jn,
    ops.SVD: lambda x, full_matrices: tuple(torch.linalg.svd(x, full_matrices)),
    ops.ZETA: torch.special.zeta,
}
NONE: dict[Op, str] = {
    op: f"torch has no {op.name}" for op in (ops.BETAINC, ops.BETAINCC, ops.BETALN, ops.GAMMA, ops.REL_ENTR)
}
