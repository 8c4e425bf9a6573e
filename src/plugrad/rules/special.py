"""Derivatives of special functions; section and equation numbers are those of the DLMF, https://dlmf.nist.gov.

By a parameter, incomplete gamma and beta functions and zeta have no derivative among named functions: there the
integrals and sums that they are computed by are differentiated, in words that are differentiated again.
"""

from __future__ import annotations

import math
from typing import Any

from ..backends.special import NODES, beta_density, beta_tail, gamma_density, gamma_tail, hurwitz_zeta
from ..ops import *
from .families import elementwise

# Error functions and the normal distribution: 7.2
elementwise(ERFC, lambda xp, x: -2 / math.sqrt(math.pi) * xp.exp(-x * x))
elementwise(ERFCX, lambda x, y: 2 * x * y - 2 / math.sqrt(math.pi))
elementwise(ERFINV, lambda xp, y: math.sqrt(math.pi) / 2 * xp.exp(y * y))
elementwise(LOG_NDTR, lambda xp, ct, x: ct * math.sqrt(2 / math.pi) / xp.erfcx(x * -math.sqrt(0.5)))
elementwise(NDTRI, lambda xp, y: math.sqrt(2 * math.pi) * xp.exp(y * y * 0.5))

# Gamma: 5.2.2, 5.15.1, 5.12; zeta: 25.11.17
elementwise(GAMMALN, lambda xp, x: xp.digamma(x))
elementwise(GAMMA, lambda xp, x, y: y * xp.digamma(x))
elementwise(DIGAMMA, lambda xp, x: xp.zeta(2.0, x))
elementwise(ZETA, lambda xp, s, q: _zeta_by_order(xp, s, q), lambda xp, s, q: -s * xp.zeta(s + 1, q))
elementwise(
    BETALN,
    lambda xp, a, b: xp.digamma(a) - xp.digamma(a + b),
    lambda xp, a, b: xp.digamma(b) - xp.digamma(a + b),
)

# Incomplete gamma and beta functions: 8.2, 8.17.1
elementwise(GAMMAINC, lambda xp, a, x: _gamma_by_order(xp, a, x), lambda xp, a, x: _gamma_rate(xp, a, x))
elementwise(GAMMAINCC, lambda xp, a, x: -_gamma_by_order(xp, a, x), lambda xp, a, x: -_gamma_rate(xp, a, x))
elementwise(
    BETAINC,
    lambda xp, a, b, x: _beta_by_order(xp, a, b, x),
    lambda xp, a, b, x: -_beta_by_order(xp, b, a, x, mirrored=True),
    lambda xp, a, b, x: _beta_rate(xp, a, b, x),
)
elementwise(
    BETAINCC,
    lambda xp, a, b, x: -_beta_by_order(xp, a, b, x),
    lambda xp, a, b, x: _beta_by_order(xp, b, a, x, mirrored=True),
    lambda xp, a, b, x: -_beta_rate(xp, a, b, x),
)

# Bessel functions: 10.29.1, with I_-1 = I_1; 10.51.2. No division by x, so that all orders hold at 0
elementwise(IV, lambda xp, x, n: 0.5 * (xp.iv(x, n=abs(n - 1)) + xp.iv(x, n=n + 1)))
elementwise(IVE, lambda xp, x, y, n: 0.5 * (xp.ive(x, n=abs(n - 1)) + xp.ive(x, n=n + 1)) - xp.sign(x) * y)
elementwise(
    SPHERICAL_JN,
    lambda xp, x, n: (n * xp.spherical_jn(x, n=abs(n - 1)) - (n + 1) * xp.spherical_jn(x, n=n + 1)) / (2 * n + 1),
)

# Logarithms and entropies; xlogy of the cotangent: 0 * log(0) is 0 there, too
elementwise(ENTR, lambda xp, x: -xp.log(x) - 1)
elementwise(LOGIT, lambda xp, ct, x: xp.where((x < 0) | (x > 1), math.nan, ct / (x * (1 - x) + 0.0)))  # -0 is 0
elementwise(
    REL_ENTR,
    lambda xp, a, b: xp.where((a < 0) | (b < 0), math.nan, xp.log(a / b) + 1),
    lambda xp, a, b: xp.where((a < 0) | (b < 0), math.nan, -a / b),
)
elementwise(XLOGY, lambda xp, ct, a, b: xp.where((a == 0) & (b <= 0), 0, xp.xlogy(ct, b)), lambda a, b: a / b)
elementwise(
    XLOG1PY, lambda xp, ct, a, b: xp.where((a == 0) & (b <= -1), 0, xp.xlog1py(ct, b)), lambda a, b: a / (b + 1)
)


def _arrays(xp: Any, *operands: Any) -> list[Any]:
    """The operands, Python numbers among them as arrays of no axis."""
    like = next(x for x in operands if hasattr(x, "shape"))
    return [x if hasattr(x, "shape") else xp.zeros(like, ()) + x for x in operands]


def _steps(xp: Any, like: Any) -> Any:
    """0 ... NODES - 1 along a first axis of its own."""
    k = xp.cumulative_sum(xp.zeros(like, (NODES,)) + 1.0, axis=0) - 1.0
    return xp.reshape(k, shape=(NODES,) + (1,) * len(like.shape))


def _zeta_by_order(xp: Any, s: Any, q: Any) -> Any:
    s, q = _arrays(xp, s, q)
    inside = (s > 1) & (q > 0)
    slope = hurwitz_zeta(xp, xp.where(inside, s, 2.0), xp.where(inside, q, 1.0), slope=True)
    return xp.where(inside, slope, math.nan)


def _with_ends(xp: Any, inside: Any, slope: Any, at_end: Any, there: Any) -> Any:
    """A derivative, what it is at the ends, and NaN elsewhere."""
    return xp.where(inside, slope, xp.where(at_end, there, xp.zeros(slope, slope.shape) + math.nan))


def _gamma_inside(xp: Any, a: Any, x: Any) -> tuple[Any, Any, Any]:
    """Where the derivative is to be computed, and operands that are harmless elsewhere."""
    a, x = _arrays(xp, a, x)
    inside = (a > 0) & (x > 0) & xp.isfinite(a) & xp.isfinite(x)
    return inside, xp.where(inside, a, 1.0), xp.where(inside, x, 1.0)


def _gamma_by_order(xp: Any, a: Any, x: Any) -> Any:
    """dP / da; 0 at the ends of x, where P is 0 or 1."""
    inside, order, at = _gamma_inside(xp, a, x)
    below, slope = gamma_tail(xp, _steps(xp, at), order, at, xp.digamma)
    slope = xp.where(below, slope, -slope)
    return _with_ends(xp, inside, slope, (a > 0) & (x >= 0), 0.0)


def _gamma_rate(xp: Any, a: Any, x: Any) -> Any:
    """dP / dx = x^(a - 1) exp(-x) / Gamma(a), 8.8.13."""
    inside, order, at = _gamma_inside(xp, a, x)
    a, x = _arrays(xp, a, x)
    first = xp.where(inside, 1.0, x) ** xp.where(inside, 1.0, a - 1)  # at 0 infinite, 1 or 0
    first = xp.where(x == 0, first, 0.0)
    return _with_ends(xp, inside, gamma_density(xp, order, at) / at, (a >= 0) & (x >= 0), first)


def _beta_inside(xp: Any, a: Any, b: Any, x: Any) -> tuple[Any, ...]:
    """The same of three."""
    a, b, x = _arrays(xp, a, b, x)
    inside = (a > 0) & (b > 0) & (x > 0) & (x < 1) & xp.isfinite(a) & xp.isfinite(b)
    return inside, xp.where(inside, a, 1.0), xp.where(inside, b, 1.0), xp.where(inside, x, 0.5)


def _beta_by_order(xp: Any, a: Any, b: Any, x: Any, mirrored: bool = False) -> Any:
    """dI_x(a, b) / da; 0 at the ends of x, where I is 0 or 1. Mirrored, dI_(1 - x)(a, b) / da."""
    inside, one, other, at = _beta_inside(xp, a, b, x)
    near, far = (1.0 - at, at) if mirrored else (at, 1.0 - at)
    below, slope = beta_tail(xp, _steps(xp, at), one, other, near, far, xp.digamma)
    slope = xp.where(below, slope, -slope)
    return _with_ends(xp, inside, slope, (a > 0) & (b > 0) & (x >= 0) & (x <= 1), 0.0)


def _beta_rate(xp: Any, a: Any, b: Any, x: Any) -> Any:
    """dI_x(a, b) / dx = x^(a - 1) (1 - x)^(b - 1) / B(a, b)."""
    inside, one, other, at = _beta_inside(xp, a, b, x)
    a, b, x = _arrays(xp, a, b, x)
    first = xp.where(x == 0, b * 0.0 ** xp.where(inside, 1.0, a - 1), a * 0.0 ** xp.where(inside, 1.0, b - 1))
    rate = beta_density(xp, one, other, at, 1.0 - at) / (at * (1.0 - at))
    return _with_ends(xp, inside, rate, (a >= 0) & (b >= 0) & ((x == 0) | (x == 1)), first)
