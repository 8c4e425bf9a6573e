"""What is not compared at ties, poles and ends of domains: where plugrad deviates from torch, or libraries differ.

docs/conventions.md says why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from plugrad import ops
from plugrad.ops import Op
from plugrad.testing.samples import Sample

__all__ = ["DEVIATES", "UNSETTLED", "deviates", "unsettled"]

NO_ORDER = "outside, and at the ends of the domain, which torch does not differentiate by all operands"


def _off(x: Any) -> Any:
    return (x <= 0) | np.isinf(x)


DEVIATES: dict[Op, tuple[Callable[..., Any], str]] = {  # where, and what plugrad does there
    ops.ACOSH: (lambda x: (x.dtype.kind == "f") & (x.real < 1), "outside of the domain: NaN"),
    ops.BCE_WITH_LOGITS: (lambda x, target: np.isinf(x), "an infinite logit: another formula"),
    ops.BETAINC: (lambda a, b, x: _off(a) | _off(b) | _off(1 - x) | _off(x), NO_ORDER),
    ops.BETAINCC: (lambda a, b, x: _off(a) | _off(b) | _off(1 - x) | _off(x), NO_ORDER),
    ops.BETALN: (lambda a, b: (a == -1) | (b == -1), "a pole: NaN"),
    ops.CLIP: (lambda x, low, high: low == high, "low = high: torch's three gradients are all zero where x is outside"),
    ops.COPYSIGN: (lambda a, b: np.isinf(a), "an infinite number: 1 or -1; torch: NaN"),
    ops.CUMULATIVE_PROD: (lambda x: ~np.isfinite(x), "exact; torch divides sums of products by each element"),
    ops.DET: (lambda x: np.abs(np.linalg.det(x)[:, None, None]) < 1e-9, "exact; torch: 0, unless create_graph is said"),
    ops.DIGAMMA: (lambda x: np.isinf(x) | ((x <= 0) & (x == np.round(x))), "a pole: inf; torch: something large"),
    ops.GAMMA: (lambda x: (x <= 0) & (x == np.round(x)), "a pole: -inf at 0, else NaN"),
    ops.GAMMAINC: (lambda a, x: _off(a) | _off(x), NO_ORDER),
    ops.GAMMAINCC: (lambda a, x: _off(a) | _off(x), NO_ORDER),
    ops.LOG_NDTR: (lambda x: x < -5, "all digits; torch's formula loses some, and gives NaN at -inf"),
    ops.POW_SCALAR: (lambda x: np.isinf(x) | (np.signbit(x) & (x == 0)), "NumPy's pow; torch takes rsqrt"),
    ops.PROD: (lambda x: ~np.isfinite(x), "exact; torch divides the product by each element"),
    ops.REL_ENTR: (lambda a, b: _off(a) | _off(b), "torch has none"),
    ops.ZETA: (lambda s, q: ~(s > 1) | _off(s) | _off(q), NO_ORDER),
}


UNSETTLED: dict[Op, tuple[Callable[..., Any], str]] = {  # where, and why there is no one value
    ops.BCE_WITH_LOGITS: (lambda x, target: np.isinf(x), "inf - inf in one formula and not in the other"),
    ops.BETALN: (lambda a, b: _off(a) | _off(b) | np.isnan(a + b), "poles: SciPy says inf, others NaN"),
    ops.GAMMALN: (lambda x: x == -np.inf, "SciPy says -inf, others inf"),
    ops.POW_SCALAR: (lambda x: np.isinf(x) | (np.signbit(x) & (x == 0)), "torch takes rsqrt, of which -0.0 is -inf"),
    ops.ZETA: (lambda s, q: np.isinf(s) | np.isinf(q) | np.isnan(s), "SciPy has limits, others NaN"),
}


def deviates(sample: Sample) -> Any:
    """Where the gradients of a boundary sample are not compared: where plugrad deviates; elementwise, also at NaN.

    Returns
    -------
    array of bool
        That broadcasts with every operand's gradient.
    """
    arrays = _arrays(sample)
    return _where(DEVIATES, sample) | reduce(np.logical_or, map(np.isnan, arrays)) * (arrays[0].ndim == 1)


def unsettled(sample: Sample) -> Any:
    """Where the values of a boundary sample are not compared: where libraries have several."""
    return _where(UNSETTLED, sample)


def _where(table: dict[Op, tuple[Callable[..., Any], str]], sample: Sample) -> Any:
    where, _ = table.get(sample.op, (lambda *xs: np.False_, ""))
    with np.errstate(all="ignore"):
        return where(*_arrays(sample))


def _arrays(sample: Sample) -> list[Any]:
    return [x for x in sample.operands if x.dtype.kind in "fc"]
