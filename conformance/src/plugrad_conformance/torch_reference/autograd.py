"""torch.autograd as the kit asks everybody: reverse mode by graphs, forward mode by dual numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from plugrad.testing.samples import Sample

from ..records import Arrays, Host
from . import TORCH, Functions, gradients, results

__all__ = ["Autograd", "OnTorch"]


class OnTorch:
    """What all of torch's ways to a derivative share: its tensors, and its functions with some operands moving."""

    def versions(self) -> dict[str, str]:
        """torch's."""
        return {"torch": torch.__version__.partition("+")[0]}

    def array(self, x: Host) -> Any:
        """A tensor on the CPU."""
        return torch.as_tensor(np.array(x))

    def host(self, x: Any) -> Host:
        """Its values."""
        return np.asarray(x.numpy(force=True))

    def results(self, sample: Sample, moved: Arrays, functions: Functions = TORCH) -> Arrays:
        """Those of a call whose moving operands are others."""
        given = [self.array(x) for x in sample.operands]
        for i, x in zip(sample.moving, moved, strict=True):
            given[i] = x
        return results(sample, given, functions)


class Autograd(OnTorch):
    """The subject that the frozen references come from."""

    name = "torch.autograd"

    def function(self, sample: Sample) -> Callable[..., Arrays]:
        """By torch's word for it."""
        return lambda *xs: self.results(sample, xs)

    def vjp(self, f: Callable[..., Arrays], xs: Arrays, cts: Arrays) -> tuple[Arrays, Arrays]:
        """By torch.autograd.grad; with a graph where the operands have one, so that it nests."""
        nested = any(x.requires_grad for x in xs)
        leaves = xs if nested else tuple(x.detach().requires_grad_() for x in xs)
        ys = f(*leaves)
        return ys, tuple(gradients(ys, leaves, cts, create_graph=nested))

    def jvp(self, f: Callable[..., Arrays], xs: Arrays, ts: Arrays) -> tuple[Arrays, Arrays]:
        """By dual numbers, which do not nest."""
        with forward_ad.dual_level():
            pairs = [forward_ad.unpack_dual(y) for y in f(*map(forward_ad.make_dual, xs, ts))]  # type: ignore[no-untyped-call]
        tangents = (torch.zeros_like(pair.primal) if pair.tangent is None else pair.tangent for pair in pairs)
        return tuple(pair.primal for pair in pairs), tuple(tangents)
