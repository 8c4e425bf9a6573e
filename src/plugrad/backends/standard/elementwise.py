"""Elementwise functions."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...dtypes import SCALARS
from ...ops import Op
from ..protocol import Kernel
from ._arrays import Array, is_complex, parts, real


def _angle(xp: Any, x: Array) -> Array:
    re, im = parts(xp, x)
    return xp.atan2(xp.zeros_like(re) if im is None else im, re)


def _conj(xp: Any, x: Array) -> Array:
    if type(x) in SCALARS:  # an operand that a rule had saved
        return x.conjugate()
    return xp.conj(x) if is_complex(x) else x


def _expm1(xp: Any, x: Array) -> Array:
    y = xp.expm1(x)
    if not is_complex(x):
        return y
    return xp.where(xp.isfinite(x) & (x != 0.0), y, xp.exp(x) - 1.0)  # several have NaN at infinities, and -0 at 0


def _imag(xp: Any, x: Array) -> Array:
    im = parts(xp, x)[1]
    return xp.zeros_like(x) if im is None else im


def _pow_scalar(xp: Any, x: Array, exponent: complex) -> Array:
    return x**exponent


def _reciprocal(xp: Any, x: Array) -> Array:
    return 1.0 / x


def _relu(xp: Any, x: Array) -> Array:
    return xp.where(x <= 0, xp.zeros_like(x), x)  # not maximum: whether 0 or -0 is larger is open


def _sigmoid(xp: Any, x: Array) -> Array:
    right = real(xp, x) >= 0
    e = xp.exp(xp.where(right, -x, x))  # never overflows
    return xp.where(right, xp.ones_like(e), e) / (1.0 + e)


def _bce_with_logits(xp: Any, x: Array, target: Array) -> Array:
    return _relu(xp, x) - x * target + xp.log1p(xp.exp(-xp.abs(x)))


def _clip(xp: Any, x: Array, low: Array, high: Array) -> Array:
    return xp.minimum(xp.maximum(x, low), high)  # xp.clip leaves low > high open


COMPOSITE: dict[Op, Kernel] = {
    ops.ANGLE: _angle,
    ops.CONJ: _conj,
    ops.EXPM1: _expm1,
    ops.IMAG: _imag,
    ops.POW_SCALAR: _pow_scalar,
    ops.REAL: real,
    ops.RECIPROCAL: _reciprocal,
    ops.RELU: _relu,
    ops.SIGMOID: _sigmoid,
    ops.BCE_WITH_LOGITS: _bce_with_logits,
    ops.CLIP: _clip,
}
