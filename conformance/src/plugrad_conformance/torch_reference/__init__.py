"""torch's function for every primitive with a derivative: the primitive's operands and parameters, torch's tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import torch

from plugrad import ops
from plugrad.ops import Op
from plugrad.testing.samples import invariants

from . import core, fft, linalg, nn, sorting, special

Functions = dict[Op, Callable[..., Any]]

TORCH: Functions = {
    **core.TORCH,
    **sorting.TORCH,
    **fft.TORCH,
    **linalg.TORCH,
    **nn.TORCH,
    **special.TORCH,
}

UNKNOWN: dict[Op, str] = {ops.FLOOR_DIVIDE: "torch: derivative not implemented; plugrad: zero"}


def operands(sample: Any) -> list[Any]:
    """The operands of a sample as torch's tensors, leaves where they have a derivative."""
    found = [torch.as_tensor(np.array(x)) for x in sample.operands]
    return [x.requires_grad_() if i in sample.moving else x for i, x in enumerate(found)]


def _weak(x: Any) -> Any:
    """The narrowest dtype of a Python number's kind."""
    return {float: torch.float16, complex: torch.complex32}.get(type(x))


def results(sample: Any, given: list[Any], functions: Functions = TORCH) -> tuple[Any, ...]:
    """torch's results, as a tuple; operands are cast to one dtype first, which torch does not do everywhere."""
    first = sample.op.promotion == "branches"
    if sample.op.promotion in ("shared", "arrays", "floating", "branches"):
        kinds = [_weak(own) or x.dtype for x, own in zip(given, sample.operands, strict=True)][first:]
        if not any(isinstance(x, np.ndarray) for x in sample.operands[first:]):
            kinds = [x.dtype for x in given[first:]]  # numbers alone are in double precision
        to = reduce(torch.promote_types, kinds)
        given = [*given[:first], *(x.to(to) for x in given[first:])]
    y = functions[sample.op](*given, **sample.params)
    return invariants(sample.op, tuple(y) if isinstance(y, tuple) else (y,))


def gradients(ys: Any, xs: Any, cotangents: Any, create_graph: bool = False) -> list[Any]:
    """What torch.autograd answers; zeros for what the results do not depend on."""
    tracked = [(y, torch.as_tensor(ct)) for y, ct in zip(ys, cotangents, strict=True) if y.requires_grad]
    if not tracked:
        return [torch.zeros_like(x) for x in xs]
    ys, cts = zip(*tracked, strict=True)
    return list(torch.autograd.grad(ys, xs, cts, create_graph=create_graph, materialize_grads=True))
