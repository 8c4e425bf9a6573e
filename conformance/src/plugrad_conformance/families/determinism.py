"""The same call gives the same bits, value and gradient."""

from __future__ import annotations

import plugrad as pg
from plugrad import ops
from plugrad.ops import Op
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import Sample

from ..records import Check, Disagreement
from .asking import always, bits, by_op, close, directions, here, operands, smooth

__all__ = ["ATOMIC", "CHECKS"]

BOUND = 64.0  # eps between two orders of summation

ADDED, CHOSEN = "atomic additions come in any order", "the library sums as it finds best"
ATOMIC: dict[Op, str] = {  # may differ in the last bits, on accelerators: these add, or their gradients do
    ops.ADD_ALONG_AXIS: ADDED,
    ops.SCATTER_ADD: ADDED,
    ops.GATHER: ADDED,
    ops.TAKE_ALONG_AXIS: ADDED,
    ops.FOLD: ADDED,
    ops.WINDOWS: ADDED,
    ops.CONV: CHOSEN,
    ops.CONV_INPUT: CHOSEN,
    ops.CONV_WEIGHT: CHOSEN,
}


def _twice(sample: Sample) -> float:
    """On the same operands, and on others that have the same values."""
    given = operands(sample)
    runs = [_run(sample, given), _run(sample, given), _run(sample, operands(sample))]
    return max(
        _alike(f"result {i}", x, y, sample.op)
        for run in runs[1:]
        for i, (x, y) in enumerate(zip(runs[0], run, strict=True))
    )


def _run(sample: Sample, given: list[Tensor]) -> list[Tensor]:
    """Results and, where there are some, gradients."""
    y = apply(sample.op, *given, **sample.params)
    found = [*y] if type(y) is tuple else [y]
    if smooth(sample):
        fresh = [x.detach() if type(x) is Tensor else x for x in given]
        leaves = [fresh[i].requires_grad_() for i in sample.moving]
        again = apply(sample.op, *fresh, **sample.params)
        ys = tuple(y for y in (again if type(again) is tuple else (again,)) if y.requires_grad)
        found += pg.autograd.grad(ys, leaves, directions(sample, ys), materialize_grads=True)
    return found


def _alike(what: str, x: Tensor, y: Tensor, op: Op) -> float:
    if bits(x) == bits(y):
        return 0.0
    if here().backend.device_of(x.data) != "cpu" and op in ATOMIC:
        return close(what, x, y, BOUND)
    raise Disagreement(f"{what} of the same call: {x.detach().tolist()!r:.300}, then {y.detach().tolist()!r:.300}")


CHECKS: tuple[Check, ...] = (by_op("determinism", "twice", always, _twice, order=1),)
