"""Special functions: SciPy's where it is installed, loaded when one is first asked for; else the composed ones."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from ... import ops
from ...ops import Op
from .. import current
from ..protocol import Kernel

Array = Any

NAMED: tuple[Op, ...] = (
    ops.BETAINC,
    ops.BETAINCC,
    ops.BETALN,
    ops.DIGAMMA,
    ops.ENTR,
    ops.ERF,
    ops.ERFC,
    ops.ERFCX,
    ops.ERFINV,
    ops.GAMMA,
    ops.GAMMAINC,
    ops.GAMMAINCC,
    ops.GAMMALN,
    ops.LOGIT,
    ops.LOG_NDTR,
    ops.NDTRI,
    ops.REL_ENTR,
    ops.XLOG1PY,
    ops.XLOGY,
    ops.ZETA,
)
FAST: dict[Op, dict[int, str]] = {ops.IV: {0: "i0", 1: "i1"}, ops.IVE: {0: "i0e", 1: "i1e"}}


@cache
def _scipy() -> Any:
    """scipy.special, or None where there is no SciPy."""
    try:
        return import_module("scipy.special")
    except ImportError:
        return None


def _named(op: Op) -> Kernel:
    def kernel(*args: Array) -> Array:
        # A Python number is not weak to SciPy: 2.0 and a float32 would be a float64
        (dtype,) = {a.dtype for a in args if type(a) not in (int, float)}
        alike = [dtype.type(a) if type(a) in (int, float) else a for a in args]
        return (getattr(_scipy(), op.name, None) or _composed(op))(*alike)

    return kernel


def _of_order(op: Op) -> Kernel:
    def kernel(x: Array, n: int) -> Array:
        scipy, fast = _scipy(), FAST[op].get(n)
        if scipy is None:
            return _composed(op)(x, n=n)
        return getattr(scipy, fast)(x) if fast else getattr(scipy, op.name)(n, x)

    return kernel


def _composed(op: Op) -> Kernel:
    return current.table("numpy").missing(op)


KERNELS: dict[Op, Kernel] = {op: _named(op) for op in NAMED} | {op: _of_order(op) for op in FAST}
