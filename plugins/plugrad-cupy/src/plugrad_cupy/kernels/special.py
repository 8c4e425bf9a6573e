"""Special functions: those that `cupyx.scipy.special` has; plugrad composes the others."""

from __future__ import annotations

from typing import Any

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.backends.standard import COMPOSITE
from plugrad.ops import Op

from .library import Library

__all__ = ["NAMED", "ORDERS", "kernels"]

Array = Any

NAMED: tuple[Op, ...] = (
    ops.BETAINC,
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
ORDERS: dict[Op, tuple[str, ...]] = {ops.IV: ("i0", "i1"), ops.IVE: ("i0e", "i1e")}  # the higher ones are composed


def kernels(lib: Library) -> dict[Op, Kernel]:
    """Those of this chapter."""

    def of_order(op: Op) -> Kernel:
        own = [getattr(lib.special, name) for name in ORDERS[op]]

        def kernel(x: Array, n: int) -> Array:
            return own[n](x) if n < len(own) else COMPOSITE[op](lib.xp, x, n=n)

        return kernel

    return {op: _of_floats(getattr(lib.special, op.name)) for op in NAMED} | {op: of_order(op) for op in ORDERS}


def _of_floats(function: Kernel) -> Kernel:
    """An integer beside an array of floats is a float: they have a loop for integers, too."""

    def kernel(*args: Any) -> Array:
        return function(*[float(a) if type(a) is int else a for a in args])

    return kernel
