"""Derivatives of the elementwise functions: operation, partial derivatives, and where the choice at a tie comes from.

Conventions at ties, zeros and ends of domains are torch's; docs/conventions.md lists them.
"""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..dtypes import COMPLEX
from ..ops import *
from .axes import same
from .families import MINUS_ONE, ONE, ZERO, discrete, elementwise, linear, real_valued, symmetric

# One operand, holomorphic
# (1 - x)(1 + x): 1 - x * x would lose all digits at the ends of the domain
elementwise(ACOS, lambda xp, ct, x: -ct / xp.sqrt((1 - x) * (1 + x)))
elementwise(ACOSH, lambda xp, ct, x: ct / (xp.sqrt(x - 1) * xp.sqrt(x + 1)))  # two roots: the branch of complex acosh
elementwise(ASIN, lambda xp, ct, x: ct / xp.sqrt((1 - x) * (1 + x)))
elementwise(ASINH, lambda xp, ct, x: ct / xp.sqrt(x * x + 1))
elementwise(ATAN, lambda ct, x: ct / (x * x + 1))
elementwise(ATANH, lambda ct, x: ct / ((1 - x) * (1 + x)))
elementwise(COS, lambda xp, x: -xp.sin(x))
elementwise(COSH, lambda xp, x: xp.sinh(x))
elementwise(ERF, lambda xp, x: 2 / math.sqrt(math.pi) * xp.exp(-x * x))
elementwise(EXP, lambda y: y)
elementwise(EXPM1, lambda y: y + 1)
elementwise(LOG, lambda ct, x: ct / x)
elementwise(LOG10, lambda ct, x: ct / (x * math.log(10)))
elementwise(LOG1P, lambda ct, x: ct / (x + 1))
elementwise(LOG2, lambda ct, x: ct / (x * math.log(2)))
elementwise(NEGATIVE, MINUS_ONE)
elementwise(POW_SCALAR, lambda xp, ct, x, exponent: _power_rule(xp, ct, x, exponent))
elementwise(RECIPROCAL, lambda y: -y * y)
elementwise(SIGMOID, lambda y: (1 - y) * y)
elementwise(SIN, lambda xp, x: xp.cos(x))
elementwise(SINH, lambda xp, x: xp.cosh(x))
elementwise(SQRT, lambda ct, y: ct / (2 * y))
elementwise(SQUARE, lambda ct, x: (ct + ct) * x)  # no Python scalar: 2 * x costs 0.6 us more
elementwise(TAN, lambda y: y * y + 1)
elementwise(TANH, lambda y: 1 - y * y)


def _power_rule(xp: Any, ct: Any, x: Any, exponent: Any) -> Any:
    """x ** 0 has gradient 0, also at 0, where 0 * x ** -1 would be NaN."""
    return ct * (exponent * xp.pow_scalar(x, exponent=exponent - 1)) if exponent else xp.zeros(ct, ct.shape)


# One operand, real-linear: the derivative is Re(conj(w) dz)
real_valued(ABS, lambda xp, x: xp.sign(x))
real_valued(ANGLE, lambda xp, x: _angle_weight(xp, x))
linear(CONJ, lambda xp, ct: xp.conj(ct), batch=same(CONJ))
linear(IMAG, lambda xp, ct, edge: xp.astype(ct * 1j, dtype=dtypes.of(edge.dtype)), batch=same(IMAG))
linear(REAL, lambda xp, ct, edge: xp.astype(ct, dtype=dtypes.of(edge.dtype)), batch=same(REAL))
symmetric(SIGN, lambda xp, ct, x: _across(xp, ct, x), batch=same(SIGN))


def _angle_weight(xp: Any, x: Any) -> Any:
    """i z / |z|^2, and 0 at 0; d angle = Im(dz / z). Constant for real operands."""
    return xp.sign(x) * 1j / _or_one(xp, xp.abs(x)) if x.dtype in COMPLEX else xp.zeros(x, x.shape)


def _or_one(xp: Any, x: Any) -> Any:
    """What is divided by, where something else makes the quotient 0."""
    return xp.where(x == 0, 1, x)


def _across(xp: Any, ct: Any, x: Any) -> Any:
    """(t - s Re(conj(s) t)) / |z|, s = z / |z|: what turns the sign; 0 at 0. Constant for real operands."""
    if x.dtype not in COMPLEX:
        return xp.zeros(ct, ct.shape)
    s, length = xp.sign(x), xp.abs(x)
    return xp.where(length == 0, 0, (ct - s * xp.real(xp.conj(s) * ct)) / _or_one(xp, length))


# One operand, piecewise
elementwise(RELU, lambda xp, ct, y: xp.where(y <= 0, 0, ct))  # a NaN passes it on, as in torch
for _op in (CEIL, DETACH, FLOOR, ROUND, TRUNC):
    elementwise(_op, ZERO)

# Two operands
elementwise(ADD, ONE, ONE)
elementwise(ATAN2, lambda xp, a, b: _over_square(xp, b, a, b), lambda xp, a, b: _over_square(xp, -a, a, b))
elementwise(BCE_WITH_LOGITS, lambda xp, x, target: xp.sigmoid(x) - target, lambda x: -x)
elementwise(COPYSIGN, lambda xp, a, y: xp.sign(a) * xp.sign(y), ZERO)
elementwise(DIVIDE, lambda ct, b: ct / b, lambda ct, y, b: -ct * (y / b))
elementwise(FLOOR_DIVIDE, ZERO, ZERO)
elementwise(GRAFT, ZERO, ONE)
elementwise(HYPOT, lambda ct, a, y: ct * (a / y), lambda ct, b, y: ct * (b / y))
elementwise(LOGADDEXP, lambda xp, a, b: xp.sigmoid(a - b), lambda xp, a, b: xp.sigmoid(b - a))
elementwise(
    MAXIMUM, lambda xp, ct, a, b: _chosen(xp, ct, a < b, a == b), lambda xp, ct, a, b: _chosen(xp, ct, b < a, a == b)
)
elementwise(
    MINIMUM, lambda xp, ct, a, b: _chosen(xp, ct, a > b, a == b), lambda xp, ct, a, b: _chosen(xp, ct, b > a, a == b)
)
elementwise(MULTIPLY, lambda b: b, lambda a: a)
elementwise(NEXTAFTER, lambda xp, ct, a, b: xp.where(a == b, 0, ct), ZERO)
elementwise(POW, lambda xp, ct, a, b: _base(xp, ct, a, b), lambda xp, ct, a, b, y: _exponent(xp, ct, a, b, y))
elementwise(REMAINDER, ONE, lambda xp, a, b: -xp.floor_divide(a, b))
elementwise(SUBTRACT, ONE, MINUS_ONE)


def _over_square(xp: Any, c: Any, a: Any, b: Any) -> Any:
    """c / (a^2 + b^2), and 0 where both are 0; in two steps, because the square overflows first."""
    return c / (length := _or_one(xp, xp.hypot(a, b))) / length


def _chosen(xp: Any, ct: Any, lost: Any, tie: Any) -> Any:
    """All to the larger, half to each at a tie; a NaN is neither, and both get all."""
    return xp.where(lost, 0, xp.where(tie, ct / 2, ct))


def _base(xp: Any, ct: Any, a: Any, b: Any) -> Any:
    """b a^(b-1), and 0 where b is 0, also at a = 0; the inner `where` keeps NaN out of second derivatives."""
    return xp.where(b == 0, 0, ct * (b * a ** xp.where(b == 0, 1, b - 1)))


def _exponent(xp: Any, ct: Any, a: Any, b: Any, y: Any) -> Any:
    """y log(a), and 0 where a is 0 and the power stays finite."""
    gone = (a == 0) & (xp.real(b) >= 0)
    return xp.where(gone, 0, ct * (y * xp.log(xp.where(gone, 1, a))))


# Three operands
elementwise(
    WHERE,
    ZERO,
    lambda xp, ct, condition: xp.where(condition, ct, 0),
    lambda xp, ct, condition: xp.where(condition, 0, ct),
)
elementwise(
    CLIP,  # at a bound the operand keeps its gradient; with low > high the result is high
    lambda xp, ct, x, low, high: xp.where((x < low) | (x > high), 0, ct),
    lambda xp, ct, x, low, high: xp.where((x < low) & (low <= high), ct, 0),
    lambda xp, ct, x, low, high: xp.where((x > high) | (low > high), ct, 0),
)

# Results without a derivative
for _op in (
    BITWISE_AND,
    BITWISE_INVERT,
    BITWISE_LEFT_SHIFT,
    BITWISE_OR,
    BITWISE_RIGHT_SHIFT,
    BITWISE_XOR,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    ISFINITE,
    ISINF,
    ISNAN,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    LOGICAL_XOR,
    NOT_EQUAL,
    SIGNBIT,
):
    discrete(_op)
