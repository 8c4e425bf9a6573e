"""What kernels and rules of special functions share: Gamma, Hurwitz's zeta, incomplete gamma and beta functions.

`xp` is a namespace of the standard, or what rules are handed: so the derivatives by parameters are of any order.
``where`` is given arrays alone, which both take. Operands are positive and finite arrays; whoever calls keeps out what
is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = [
    "BERNOULLI",
    "NODES",
    "beta_density",
    "beta_tail",
    "gamma_density",
    "gamma_tail",
    "horner",
    "hurwitz_zeta",
    "scaled_gamma",
]

Array = Any
Digamma = Callable[[Array], Array]

# B_2, B_4 ..., DLMF 24.2.1
BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
    854513 / 138, -236364091 / 2730,
)  # fmt: skip

# Coefficients, highest power first
_STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI[:8], 1))[::-1]  # DLMF 5.11.1
_ARTANH = tuple(2 / (2 * k + 1) for k in range(18, 0, -1))
_EXP = tuple(1 / math.factorial(k) for k in range(19, 1, -1))


def horner(coefficients: tuple[float, ...], x: Array) -> Array:
    """A polynomial, highest power first."""
    out = x * coefficients[0]
    for c in coefficients[1:-1]:
        out = (out + c) * x
    return out + coefficients[-1]


def _short_of_log1p(z: Array) -> Array:
    """z - log1p(z), exact near 0, for -1/2 < z < 1: log1p(z) = 2 artanh(w), w = z / (2 + z)."""
    w = z / (z + 2.0)
    return w * (z - w * w * horner(_ARTANH, w * w))


def _beyond_expm1(z: Array) -> Array:
    """expm1(z) - z, exact near 0, for -1 < z < 1."""
    return z * z * horner(_EXP, z)


def scaled_gamma(xp: Any, z: Array) -> Array:
    """Gamma(z) by what Stirling's formula sqrt(2 pi) z^(z - 1/2) exp(-z) gives, within 8 eps: DLMF 5.11.1; below 10
    after ten steps of the recurrence 5.5.1, with what z + 10 was rounded by."""
    near = z < 10.0
    one = z * 0.0 + 1.0
    small, large = xp.where(near, z, one), xp.where(near, z + 10.0, z)
    moved = small + 10.0
    lost, pairs = small - (moved - 10.0), small * (small + 9.0)
    rising = pairs * (pairs + 8.0) * (pairs + 14.0) * (pairs + 18.0) * (pairs + 20.0)  # z (z + 1) ... (z + 9)
    steps = moved ** (moved - 0.5) / (rising * small ** (small - 0.5))
    steps = steps * ((lost * (xp.log(moved) + 1.0 - 0.5 / moved) + 1.0) * math.exp(-10))
    return xp.exp(horner(_STIRLING, 1.0 / (large * large)) / large) * xp.where(near, steps, one)


def _down(xp: Any, a: Array, m: Array, z: Array) -> Array:
    """a (u - log(1 + u)), where m = a u and z = a (1 + u)."""
    u = m / a
    return xp.where((u > -0.5) & (u < 0.5), a * _short_of_log1p(u), m - a * xp.log(z / a))


# ----------------------------------------------------------------------------------------------------------------- zeta


def hurwitz_zeta(xp: Any, s: Array, q: Array, slope: bool = False) -> Array:
    """The sum of (q + k)^-s, s > 1: ten terms and the formula of Euler and Maclaurin, DLMF 25.11.5 with the expansion
    of 25.2.9; with `slope`, d/ds of that instead."""
    out, a = _power(xp, s, q, slope), q + 10.0
    for k in range(1, 10):
        out = out + _power(xp, s, q + float(k), slope)
    last = a**-s
    s = xp.where(s > 1e6, s * 0.0 + 1e6, s)  # where the last is 0, and the factors stay finite
    tail, its_slope = 0.5 + a / (s - 1.0), -a / ((s - 1.0) * (s - 1.0))
    factor, logs = s / a, 1.0 / s
    for k, bernoulli in enumerate(BERNOULLI, 1):
        term, one, two = factor * (bernoulli / math.factorial(2 * k)), s + (2.0 * k - 1.0), s + 2.0 * k
        tail, factor = tail + term, factor * one / a * two / a
        if slope:
            its_slope, logs = its_slope + term * logs, logs + 1.0 / one + 1.0 / two
    return out + last * (its_slope - xp.log(a) * tail if slope else tail)


def _power(xp: Any, s: Array, q: Array, slope: bool) -> Array:
    return -xp.log(q) * q**-s if slope else q**-s


# ----------------------------------------------------------------------------------------------------------- integrals

# In well chosen variables the integrands are of one sign and decay exponentially, so that the same few nodes serve all
# arguments, and neither tail loses digits: Takahasi and Mori, "Double exponential formulas for numerical
# integration", Publ. RIMS 9 (1974) 721-741, by s = exp(t - exp(-t)) and the trapezoidal rule in t.
NODES = 64
_FIRST, _LAST = -3.7, 4.2
_STEP = (_LAST - _FIRST) / (NODES - 1)


def _nodes(xp: Any, k: Array, slope: Array, curvature: Array) -> tuple[Array, Array]:
    """Abscissae from 0 to infinity, and weights, on the scale on which exp(-slope s - curvature s^2) decays."""
    t, scale = k * _STEP + _FIRST, 1.0 / xp.sqrt(slope * slope + curvature)
    inner = xp.exp(-t)
    s = xp.exp(t - inner)
    return s * scale, (inner + 1.0) * s * _STEP * scale


def _integral(xp: Any, exponent: Array, weights: Array) -> Array:
    return xp.sum(weights * xp.exp(-exponent), axis=0, keepdims=False)


def gamma_density(xp: Any, a: Array, x: Array) -> Array:
    """x^a exp(-x) / Gamma(a), measured from its largest value, which is at x = a."""
    return xp.sqrt(a / (2 * math.pi)) * xp.exp(-_down(xp, a, x - a, x)) / scaled_gamma(xp, a)


def gamma_tail(xp: Any, k: Array, a: Array, x: Array, digamma: Digamma | None = None) -> tuple[Array, Array]:
    """Whether x <= a + 1, and there P(a, x), else Q(a, x); with `digamma`, d/da of that instead. `k` is 0 ... NODES - 1
    along a first axis of its own.

    P(a, x) = x^a exp(-x) / Gamma(a + 1) + P(a + 1, x), DLMF 8.8.5, and P(a + 1, x) by 8.6.3; Q by 8.6.7 with t for
    x exp(t) and 1 + s for exp(t).
    """
    below = x <= a + 1.0
    c = xp.where(below, a + 1.0, a)
    s, weights = _nodes(xp, k, c - x, x)
    near, log = s < 0.5, xp.log1p(s)
    small = xp.where(near, s, s * 0.0)
    under = xp.where(near, (c - x) * s + x * _beyond_expm1(-small), c * s + x * xp.expm1(-s))
    over = xp.where(near, (x - c + 1.0) * s + (c - 1.0) * _short_of_log1p(small), x * s - (c - 1.0) * log)
    first = xp.where(below, 1.0 / x, x * 0.0)
    if digamma:
        slope = xp.log(x) - digamma(c)
        weights, first = weights * (slope + xp.where(below, -s, log)), first * slope
    return below, gamma_density(xp, c, x) * (first + _integral(xp, xp.where(below, under, over), weights))


# ----------------------------------------------------------------------------------------------------------------- beta


def beta_density(xp: Any, a: Array, b: Array, x: Array, y: Array) -> Array:
    """x^a y^b / B(a, b), y = 1 - x, measured from its largest value, which is at x = a / (a + b)."""
    n, m = a + b, a * y - b * x
    scaled = scaled_gamma(xp, n) / scaled_gamma(xp, a) / scaled_gamma(xp, b)
    down = _down(xp, a, -m, x * n) + _down(xp, b, m, y * n)
    return xp.sqrt(a / n * b / (2 * math.pi)) * xp.exp(-down) * scaled


def beta_tail(
    xp: Any, k: Array, a: Array, b: Array, x: Array, y: Array, digamma: Digamma | None = None
) -> tuple[Array, Array]:
    """Whether x is below the middle, and there I_x(a, b), else 1 - I_x(a, b) = I_y(b, a), y = 1 - x; with `digamma`,
    d/da of that instead. `k` is 0 ... NODES - 1 along a first axis of its own.

    I_x(a, b) = x^a y^b / (a B(a, b)) + I_x(a + 1, b), DLMF 8.17.20, and that by 8.17.1, the odds of t being those of x
    times exp(-s); or, of a large a and x > 1/2, divided by 1 + s, because exp(s) would grow too fast.
    """
    total = a + b
    below = x * (total + 2.0) <= a + 1.0
    a, b = xp.where(below, a, b) + 1.0, xp.where(below, b, a)
    x, y = xp.where(below, x, y), xp.where(below, y, x)
    n, m = a + b, a * y - b * x
    s, weights = _nodes(xp, k, m, n * x * y)
    exponent, log_t, log_rest = _odds(xp, a, b, x, y, s)
    first = 1.0 / (x * total)
    if digamma:
        log = xp.where(below, xp.log(x) - digamma(a), xp.log(y) - digamma(b))
        weights = weights * (log + digamma(n) + xp.where(below, log_t, log_rest))
        first = first * (log + digamma(total))
    return below, beta_density(xp, a, b, x, y) * (first + _integral(xp, exponent, weights))


def _odds(xp: Any, a: Array, b: Array, x: Array, y: Array, s: Array) -> tuple[Array, Array, Array]:
    """The exponent of the integrand, log(t / x) and log((1 - t) / (1 - x))."""
    n, m, near = a + b, a * y - b * x, s < 0.5
    small = xp.where(near, s, s * 0.0)
    divided = (x > 0.5) & (a >= 30.0)
    # The odds times exp(-s)
    log = xp.where(x <= 0.5, xp.log1p(x * xp.expm1(-s)), xp.log(y + x * xp.exp(-s)))
    down, up = _beyond_expm1(-small), _beyond_expm1(small)
    rest = xp.where(
        x <= 0.5, x * down - _short_of_log1p(x * (down - small)), y * up - _short_of_log1p(y * (up + small))
    )
    times = xp.where(near, m * s + n * rest, a * s + n * log)
    # The odds divided by 1 + s
    one, other = xp.log1p(s), xp.log1p(y * s)
    curved = (b - 1.0) * _short_of_log1p(small) - n * _short_of_log1p(y * small)
    over = xp.where(near, (m + 1.0) * s + curved, n * other - (b - 1.0) * one)
    return (
        xp.where(divided, over, times),
        xp.where(divided, -other, -s - log),
        xp.where(divided, one - other, -log),
    )
