"""Large, small and half numbers: where the formula of a textbook overflows, cancels or rounds the other way.

Samples are of size one, for derivatives to be compared; a kernel that is right there may be wrong at 1000 or 1e-20.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import plugrad as pg
from plugrad import ops
from plugrad.tensor import Tensor, apply

from ..records import Check, Disagreement
from .asking import by_rule

__all__ = ["CHECKS", "ROWS"]


class At(NamedTuple):
    """A function, where it is asked, its value there, and its gradients, one of each operand's shape."""

    f: Callable[..., Tensor]
    at: tuple[Any, ...]
    value: Any
    gradients: tuple[Any, ...]
    bound: float = 16.0  # eps of each number


def _over_all(op: ops.Op, **params: Any) -> Callable[..., Tensor]:
    return lambda x: apply(op, x, axis=None, keepdims=False, **params)


def _primitive(op: ops.Op) -> Callable[..., Tensor]:
    return lambda *xs: apply(op, *xs)


_bce, _sigmoid, _logsumexp = _primitive(ops.BCE_WITH_LOGITS), _primitive(ops.SIGMOID), _over_all(ops.LOGSUMEXP)
_log2, _e = math.log(2), math.exp(-1)
_LOST = 16.0 + 1000.0 / 4  # x - y of two numbers about 1000 has an eps of 1000 less, a quarter at 0.5, as torch's has

ROWS: dict[str, At] = {
    "exp(709)": At(pg.exp, (709.0,), math.exp(709), (math.exp(709),)),
    "exp(710)": At(pg.exp, (710.0,), math.inf, (math.inf,)),
    "expm1(1e-20)": At(pg.expm1, (1e-20,), 1e-20, (1.0,)),
    "log1p(1e-20)": At(pg.log1p, (1e-20,), 1e-20, (1.0,)),
    "sinh(1e-20)": At(pg.sinh, (1e-20,), 1e-20, (1.0,)),
    "tanh(1e-20)": At(pg.tanh, (1e-20,), 1e-20, (1.0,)),
    "asinh(1e-20)": At(pg.asinh, (1e-20,), 1e-20, (1.0,)),
    "atanh(1e-20)": At(pg.atanh, (1e-20,), 1e-20, (1.0,)),
    "sin(1e22)": At(pg.sin, (1e22,), math.sin(1e22), (math.cos(1e22),)),
    "sigmoid(-700)": At(_sigmoid, (-700.0,), math.exp(-700), (math.exp(-700),)),
    "sigmoid(800)": At(_sigmoid, (800.0,), 1.0, (0.0,)),
    "tanh(-800)": At(pg.tanh, (-800.0,), -1.0, (0.0,)),
    "logaddexp(1000, 1000)": At(pg.logaddexp, (1000.0, 1000.0), 1000 + _log2, (0.5, 0.5)),
    "logaddexp(-1000, -1001)": At(
        pg.logaddexp, (-1000.0, -1001.0), math.log1p(_e) - 1000, (1 / (1 + _e), _e / (1 + _e))
    ),
    "logsumexp(1000, 1000)": At(_logsumexp, ((1000.0, 1000.0),), 1000 + _log2, ((0.5, 0.5),), _LOST),
    "logsumexp(-1000, -1000)": At(_logsumexp, ((-1000.0, -1000.0),), _log2 - 1000, ((0.5, 0.5),), _LOST),
    "softmax(1000, 0)": At(lambda x: pg.nn.softmax(x, axis=0)[0], ((1000.0, 0.0),), 1.0, ((0.0, 0.0),)),
    "log_softmax(1000, 0)": At(lambda x: pg.nn.log_softmax(x, axis=0)[1], ((1000.0, 0.0),), -1000.0, ((-1.0, 1.0),)),
    "bce_with_logits(1000, 0)": At(_bce, (1000.0, 0.0), 1000.0, (1.0, -1000.0)),
    "bce_with_logits(-1000, 1)": At(_bce, (-1000.0, 1.0), 1000.0, (-1.0, 1000.0)),
    "bce_with_logits(1000, 1)": At(_bce, (1000.0, 1.0), 0.0, (0.0, -1000.0)),
    "hypot(3e200, 4e200)": At(pg.hypot, (3e200, 4e200), 5e200, (0.6, 0.8)),
    "abs(3e200+4e200j)": At(pg.abs, (3e200 + 4e200j,), 5e200, (0.6 + 0.8j,)),
    "atan2(1e-300, -1)": At(pg.atan2, (1e-300, -1.0), math.pi, (-1.0, -1e-300)),
    "logit(1e-20)": At(pg.special.logit, (1e-20,), math.log(1e-20), (1e20,)),
    "erfc(10)": At(
        pg.special.erfc, (10.0,), 2.088487583762545e-45, (-2 / math.sqrt(math.pi) * math.exp(-100),)
    ),
    "var about 1e8": At(
        _over_all(ops.VAR, correction=0), ((1e8 + 1, 1e8 + 2, 1e8 + 3),), 2 / 3, ((-2 / 3, 0.0, 2 / 3),)
    ),
    "log2(8)": At(pg.log2, (8.0,), 3.0, (1 / (8 * _log2),)),
    "round(0.5)": At(pg.round, (0.5,), 0.0, (0.0,)),
    "round(1.5)": At(pg.round, (1.5,), 2.0, (0.0,)),
    "round(-2.5)": At(pg.round, (-2.5,), -2.0, (0.0,)),
    "trunc(-1.5)": At(pg.trunc, (-1.5,), -1.0, (0.0,)),
    "floor_divide(-7, 2)": At(pg.floor_divide, (-7.0, 2.0), -4.0, (0.0, 0.0)),
    "remainder(-7, 2)": At(pg.remainder, (-7.0, 2.0), 1.0, (1.0, 4.0)),
    "remainder(7, -2)": At(pg.remainder, (7.0, -2.0), -1.0, (1.0, 4.0)),
    "pow(-2, 3)": At(lambda x: x**3, (-2.0,), -8.0, (12.0,)),
    "sqrt(-1-0j)": At(pg.sqrt, (complex(-1.0, -0.0),), -1j, (-0.5j,)),
    "log(-1-0j)": At(pg.log, (complex(-1.0, -0.0),), complex(0.0, -math.pi), (-1 + 0j,)),
}  # fmt: skip


def _value(row: At) -> float:
    return _near("the value", row.f(*map(pg.asarray, row.at)), row.value, row.bound)


def _gradients(row: At) -> float:
    """Reverse mode, and forward mode along ones."""
    worst = 0.0
    leaves = [pg.asarray(x, requires_grad=True) for x in row.at]
    y = row.f(*leaves)
    for k, g in enumerate(pg.autograd.grad(y, leaves, pg.ones_like(y))):
        worst = max(worst, _near(f"the gradient of operand {k}", g, row.gradients[k], row.bound))
        x = pg.asarray(row.at[k])
        held = lambda x, k=k: row.f(*[x if i == k else pg.asarray(v) for i, v in enumerate(row.at)])  # noqa: E731
        t = pg.jvp(held, (x,), (pg.ones_like(x),))[1]
        if x.dtype.kind != "c":
            worst = max(worst, _near(f"the tangent of operand {k}", t, np.sum(row.gradients[k]), row.bound))
    return worst


def _near(what: str, found: Tensor, wanted: Any, bound: float) -> float:
    ours, right = np.atleast_1d(found.detach().numpy()), np.atleast_1d(np.asarray(wanted))
    off = max(_off(a, b) for a, b in zip(ours.flat, right.flat, strict=True))
    if not off <= bound:
        raise Disagreement(f"{what}: {found.tolist()!r}, where {wanted!r} is right", off)
    return off


def _off(a: Any, b: Any) -> float:
    """In eps of the number itself; a 0 is exact up to what is beneath all digits of 1."""
    if a == b:
        return 0.0
    size = abs(b) or 1.0
    return float(abs(a - b) / size / np.finfo(np.float64).eps) if np.isfinite(a) and np.isfinite(b) else math.inf


CHECKS: tuple[Check, ...] = (
    by_rule("extremes", "values", ROWS, _value),
    by_rule("extremes", "gradients", ROWS, _gradients, order=1),
)
