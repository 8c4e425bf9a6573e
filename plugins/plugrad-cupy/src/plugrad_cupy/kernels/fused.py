"""Formulas of several operations, each one launch: in CUDA C++, of operands of one dtype T.

A launch costs a few microseconds and a pass over memory, on a GPU more than any arithmetic of a formula. An operand is
an array or a Python number; shapes broadcast.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FORMULAS", "Fused"]


class Fused(NamedTuple):
    """A formula, as `cupy.ElementwiseKernel` takes it."""

    name: str
    operands: str
    operation: str
    result: str = "T y"


FORMULAS: dict[str, Fused] = {
    formula.name: formula
    for formula in (
        # exp never overflows
        Fused("sigmoid", "T x", "T t = exp(x < 0 ? x : -x); y = (x < 0 ? t : T(1)) / (T(1) + t)"),
        Fused("relu", "T x", "y = x <= 0 ? T(0) : x"),  # a NaN stays
        # with NaN as maximum and minimum have it, and low above high gives high
        Fused(
            "clip", "T x, T low, T high",
            "T m = (x > low || x != x) ? x : low; y = (m < high || m != m) ? m : high",
        ),
        # CuPy's own two go by a quotient: they lose the digits of a large one, and have NaN beside infinity
        Fused(
            "remainder", "T a, T b",
            "T m = fmod(a, b); if (m == 0) m = copysign(T(0), b); else if ((b < 0) != (m < 0)) m += b; y = m",
        ),
        Fused(
            "floor_divide", "T a, T b",
            "T m = fmod(a, b), q = (a - m) / b; if (m != 0 && (b < 0) != (m < 0)) q -= T(1);"
            " T whole = floor(q); if (q - whole > T(0.5)) whole += T(1);"
            " y = b == 0 ? a / b : q == 0 ? copysign(T(0), a / b) : whole",
        ),
        Fused("bce_with_logits", "T x, T target", "y = (x < 0 ? T(0) : x) - x * target + log1p(exp(-fabs(x)))"),
        # the log of 0 is held at -100, as in torch
        Fused(
            "binary_cross_entropy", "T x, T target",
            "T rest = log1p(-x), of = log(x); if (rest < T(-100)) rest = T(-100); if (of < T(-100)) of = T(-100);"
            " y = (target - T(1)) * rest - target * of",
        ),
        # parts of what is done along axes: the largest element, a mean or a sum has been found before
        Fused("exp_below", "T x, T top", "y = exp(x - top)"),
        Fused("exp_below_finite", "T x, T top", "y = exp(x - (isfinite(top) ? top : T(0)))"),  # inf - inf would be NaN
        Fused("log_onto_finite", "T total, T top", "y = log(total) + (isfinite(top) ? top : T(0))"),
        Fused("log_softmax", "T x, T top, T total", "y = (x - top) - log(total)"),
        Fused("square_of_difference", "T x, T mean", "T d = x - mean; y = d * d"),
        Fused("standardised", "T x, T mean, T variance, T eps", "y = (x - mean) / sqrt(variance + eps)"),
        # pulls: the rules' own formulas
        Fused("tanh_pull", "T ct, T t", "y = ct * (T(1) - t * t)"),
        Fused("sigmoid_pull", "T ct, T s", "y = ct * ((T(1) - s) * s)"),
        Fused("relu_pull", "T ct, T r", "y = r <= 0 ? T(0) : ct"),
        Fused("square_pull", "T ct, T x", "y = (ct + ct) * x"),
        Fused("softmax_pull", "T ct, T s, T total", "y = (ct - total) * s"),
        Fused("log_softmax_pull", "T ct, T l, T total", "y = ct - exp(l) * total"),
        # is there no such element; of an index of any integer dtype
        Fused(
            "outside", "T at, int64 n",
            "y = at < 0 ? (long long)at < -n : (unsigned long long)at >= (unsigned long long)n",
            "bool y",
        ),
    )
}  # fmt: skip
