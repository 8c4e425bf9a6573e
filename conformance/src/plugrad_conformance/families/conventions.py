"""Gradients where there is a choice: the table of plugrad's docs/conventions.md as data, asked in both modes.

At ties, zeros, ends of domains, infinities and NaN. The gradient, if there is one; else the subgradient
(supergradient) of least norm; else what continuity gives, infinity allowed; else what costs least, mostly NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import plugrad as pg
from plugrad import ops
from plugrad.ops import Op
from plugrad.tensor import Tensor, apply

from ..records import Check, Disagreement
from .asking import by_rule

__all__ = ["CHECKS", "ROWS", "Point"]

BOUND = 16.0  # eps of the gradient's own entry
INF, NAN = math.inf, math.nan


class Point(NamedTuple):
    """A function, where it is asked, and its gradients there: one of each operand's shape, the cotangent being 1."""

    f: Callable[..., Tensor]
    at: tuple[Any, ...]
    gradients: tuple[Any, ...]


def primitive(op: Op, **params: Any) -> Callable[..., Tensor]:
    """A primitive with its parameters."""
    return lambda *xs: apply(op, *xs, **params)


def over_all(op: Op, **params: Any) -> Callable[..., Tensor]:
    """A reduction over all elements."""
    return primitive(op, axis=None, keepdims=False, **params)


def norm(**params: Any) -> Callable[..., Tensor]:
    """A norm of vectors."""
    return lambda x: pg.linalg.vector_norm(x, **params)


def squares_of_eigenvalues(x: Tensor) -> Tensor:
    """Their sum."""
    return pg.sum(pg.linalg.eigvalsh(x) ** 2)


def nuclear(x: Tensor) -> Tensor:
    """The sum of the singular values."""
    return pg.sum(pg.linalg.svdvals(x))


def logdet(x: Tensor) -> Tensor:
    """Of a positive definite matrix."""
    return 2 * pg.sum(pg.log(pg.linalg.diagonal(pg.linalg.cholesky(x))))


def sum_of_pinv(x: Tensor) -> Tensor:
    """Over all its elements."""
    return pg.sum(pg.linalg.pinv(x))


def _ten() -> Tensor:
    """So that it is seen where each gradient goes."""
    return pg.asarray([1.0, 10.0, 100.0])


relu, angle, clip = primitive(ops.RELU), primitive(ops.ANGLE), primitive(ops.CLIP)
logsumexp, std, var = over_all(ops.LOGSUMEXP), over_all(ops.STD, correction=1), over_all(ops.VAR, correction=1)

ROWS: dict[str, Point] = {
    # Kinks and jumps
    "abs(0)": Point(pg.abs, (0.0,), (0.0,)),
    "abs(-0)": Point(pg.abs, (-0.0,), (0.0,)),
    "abs(0j)": Point(pg.abs, (0j,), (0j,)),
    "abs(3+4j)": Point(pg.abs, (3 + 4j,), (0.6 + 0.8j,)),
    "sign(0)": Point(pg.sign, (0.0,), (0.0,)),
    "sign(0j)": Point(pg.sign, (0j,), (0j,)),
    "relu(0)": Point(relu, (0.0,), (0.0,)),
    "floor(1)": Point(pg.floor, (1.0,), (0.0,)),
    "ceil(1)": Point(pg.ceil, (1.0,), (0.0,)),
    "round(0.5)": Point(pg.round, (0.5,), (0.0,)),
    "trunc(1)": Point(pg.trunc, (1.0,), (0.0,)),
    "floor_divide(6, 3)": Point(pg.floor_divide, (6.0, 3.0), (0.0, 0.0)),
    # Ends of domains
    "sqrt(0)": Point(pg.sqrt, (0.0,), (INF,)),
    "sqrt(-1)": Point(pg.sqrt, (-1.0,), (NAN,)),
    "log(0)": Point(pg.log, (0.0,), (INF,)),
    "log2(0)": Point(pg.log2, (0.0,), (INF,)),
    "log10(0)": Point(pg.log10, (0.0,), (INF,)),
    "log1p(-1)": Point(pg.log1p, (-1.0,), (INF,)),
    "reciprocal(0)": Point(pg.reciprocal, (0.0,), (-INF,)),
    "acos(1)": Point(pg.acos, (1.0,), (-INF,)),
    "acos(-1)": Point(pg.acos, (-1.0,), (-INF,)),
    "asin(1)": Point(pg.asin, (1.0,), (INF,)),
    "asin(-1)": Point(pg.asin, (-1.0,), (INF,)),
    "acosh(1)": Point(pg.acosh, (1.0,), (INF,)),
    "acosh(-1)": Point(pg.acosh, (-1.0,), (NAN,)),
    "atanh(1)": Point(pg.atanh, (1.0,), (INF,)),
    "atanh(-1)": Point(pg.atanh, (-1.0,), (INF,)),
    # Powers
    "0 ** 0": Point(lambda x: x**0, (0.0,), (0.0,)),
    "2 ** 0": Point(lambda x: x**0, (2.0,), (0.0,)),
    "nan ** 0": Point(lambda x: x**0, (NAN,), (0.0,)),
    "0 ** 1": Point(lambda x: x**1, (0.0,), (1.0,)),
    "0 ** 0.5": Point(lambda x: x**0.5, (0.0,), (INF,)),
    "0 ** -1": Point(lambda x: x**-1, (0.0,), (-INF,)),
    "(-2) ** 3": Point(lambda x: x**3, (-2.0,), (12.0,)),
    "pow(0, 0)": Point(pg.pow, (0.0, 0.0), (0.0, 0.0)),
    "pow(0, 0.5)": Point(pg.pow, (0.0, 0.5), (INF, 0.0)),
    "pow(0, 1)": Point(pg.pow, (0.0, 1.0), (1.0, 0.0)),
    "pow(0, 2)": Point(pg.pow, (0.0, 2.0), (0.0, 0.0)),
    "pow(0, -1)": Point(pg.pow, (0.0, -1.0), (-INF, -INF)),
    "pow(-2, 3)": Point(pg.pow, (-2.0, 3.0), (12.0, NAN)),
    # Two operands
    "maximum tie": Point(pg.maximum, (1.0, 1.0), (0.5, 0.5)),
    "minimum tie": Point(pg.minimum, (1.0, 1.0), (0.5, 0.5)),
    "maximum(0, -0)": Point(pg.maximum, (0.0, -0.0), (0.5, 0.5)),
    "maximum(nan, 1)": Point(pg.maximum, (NAN, 1.0), (1.0, 1.0)),
    "maximum(1, nan)": Point(pg.maximum, (1.0, NAN), (1.0, 1.0)),
    "minimum(nan, 1)": Point(pg.minimum, (NAN, 1.0), (1.0, 1.0)),
    "hypot(0, 0)": Point(pg.hypot, (0.0, 0.0), (NAN, NAN)),
    "logaddexp(-inf, -inf)": Point(pg.logaddexp, (-INF, -INF), (NAN, NAN)),
    "logaddexp(inf, inf)": Point(pg.logaddexp, (INF, INF), (NAN, NAN)),
    "logaddexp(inf, 0)": Point(pg.logaddexp, (INF, 0.0), (1.0, 0.0)),
    "logaddexp(-inf, 0)": Point(pg.logaddexp, (-INF, 0.0), (0.0, 1.0)),
    "atan2(0, 0)": Point(pg.atan2, (0.0, 0.0), (0.0, 0.0)),
    "atan2(1e-200, 1e-200)": Point(pg.atan2, (1e-200, 1e-200), (5e199, -5e199)),
    "atan2(1e200, 1e200)": Point(pg.atan2, (1e200, 1e200), (5e-201, -5e-201)),
    "copysign(0, -1)": Point(pg.copysign, (0.0, -1.0), (0.0, 0.0)),
    "copysign(2, -0)": Point(pg.copysign, (2.0, -0.0), (-1.0, 0.0)),
    "copysign(inf, -1)": Point(pg.copysign, (INF, -1.0), (-1.0, 0.0)),
    "remainder(5, 3)": Point(pg.remainder, (5.0, 3.0), (1.0, -1.0)),
    "remainder(-5, 3)": Point(pg.remainder, (-5.0, 3.0), (1.0, 2.0)),
    "remainder(6, 3)": Point(pg.remainder, (6.0, 3.0), (1.0, -2.0)),
    "remainder(1, 0.1), 9 times 0.1": Point(pg.remainder, (1.0, 0.1), (1.0, -9.0)),
    "nextafter(1, 1)": Point(pg.nextafter, (1.0, 1.0), (0.0, 0.0)),
    "nextafter(1, 2)": Point(pg.nextafter, (1.0, 2.0), (1.0, 0.0)),
    # Bounds: x, low, high
    "clip, low binds": Point(clip, (-2.0, -1.0, 1.0), (0.0, 1.0, 0.0)),
    "clip, high binds": Point(clip, (2.0, -1.0, 1.0), (0.0, 0.0, 1.0)),
    "clip, at low": Point(clip, (-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    "clip, at high": Point(clip, (1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    "clip, low > high": Point(clip, (0.0, 2.0, 1.0), (0.0, 0.0, 1.0)),
    "clip, low > high, x between": Point(clip, (1.5, 2.0, 1.0), (0.0, 0.0, 1.0)),
    "clip, low > high, x = low": Point(clip, (2.0, 2.0, 1.0), (0.0, 0.0, 1.0)),
    "clip, low = high, x below": Point(clip, (0.0, 1.0, 1.0), (0.0, 1.0, 0.0)),
    "clip, low = high, x above": Point(clip, (2.0, 1.0, 1.0), (0.0, 0.0, 1.0)),
    "clip, low = high = x": Point(clip, (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)),
    "clip by numbers, at a bound": Point(lambda x: pg.clip(x, -1, 1), (1.0,), (1.0,)),
    # Reductions
    "max() ties": Point(pg.max, ((1.0, 3.0, 3.0),), ((0.0, 0.5, 0.5),)),
    "min() ties": Point(pg.min, ((1.0, 1.0, 3.0),), ((0.5, 0.5, 0.0),)),
    "max(axis) ties": Point(lambda x: pg.max(x, axis=0), ((1.0, 3.0, 3.0),), ((0.0, 0.5, 0.5),)),
    "max() with one NaN": Point(pg.max, ((1.0, NAN, 3.0),), ((NAN, NAN, NAN),)),
    "max() with two NaN": Point(pg.max, ((1.0, NAN, NAN),), ((NAN, NAN, NAN),)),
    "min(axis) with a NaN": Point(lambda x: pg.min(x, axis=0), ((1.0, NAN, 3.0),), ((NAN, NAN, NAN),)),
    "max() of infinities": Point(pg.max, ((INF, INF, 1.0),), ((0.5, 0.5, 0.0),)),
    "std of a constant": Point(std, ((2.0, 2.0),), ((0.0, 0.0),)),
    "var of a constant": Point(var, ((2.0, 2.0),), ((0.0, 0.0),)),
    "std of one element": Point(std, ((2.0,),), ((NAN,),)),
    "var of one element": Point(var, ((2.0,),), ((NAN,),)),
    "prod, one zero": Point(pg.prod, ((2.0, 0.0, 3.0),), ((0.0, 6.0, 0.0),)),
    "prod, two zeros": Point(pg.prod, ((2.0, 0.0, 0.0),), ((0.0, 0.0, 0.0),)),
    "logsumexp of -inf": Point(logsumexp, ((-INF, -INF),), ((NAN, NAN),)),
    "logsumexp with -inf": Point(logsumexp, ((-INF, 1.0),), ((0.0, 1.0),)),
    # Order and place: the results times 1, 10, 100, so that it is seen where each gradient goes
    "sort ties": Point(lambda x: pg.sum(pg.sort(x) * _ten()), ((3.0, 1.0, 1.0),), ((100.0, 1.0, 10.0),)),
    "sort ties, descending": Point(
        lambda x: pg.sum(pg.sort(x, descending=True) * _ten()),
        ((1.0, 3.0, 3.0),),
        ((100.0, 1.0, 10.0),),
    ),
    "sort 0 and -0": Point(lambda x: pg.sum(pg.sort(x) * _ten()), ((0.0, -0.0, -1.0),), ((10.0, 100.0, 1.0),)),
    "sort with two NaN": Point(lambda x: pg.sum(pg.sort(x) * _ten()), ((NAN, NAN, 1.0),), ((10.0, 100.0, 1.0),)),
    "unique_values": Point(lambda x: pg.sum(pg.unique_values(x) * _ten()[:2]), ((3.0, 1.0, 3.0),), ((10.0, 1.0, 0.0),)),
    "unique_values with two NaN": Point(
        lambda x: pg.sum(pg.unique_values(x) * _ten()),
        ((NAN, 1.0, NAN),),
        ((10.0, 1.0, 100.0),),
    ),
    "take_along_axis, an index twice": Point(
        lambda x: pg.sum(pg.take_along_axis(x, pg.asarray([1, 1, -1])) * _ten()),
        ((3.0, 1.0, 3.0),),
        ((0.0, 11.0, 100.0),),
    ),
    # Cumulative functions
    "cumulative_prod, one zero": Point(lambda x: pg.sum(pg.cumulative_prod(x)), ((2.0, 0.0, 3.0),), ((1.0, 8.0, 0.0),)),
    "cumulative_prod, two zeros": Point(
        lambda x: pg.sum(pg.cumulative_prod(x)), ((2.0, 0.0, 0.0),), ((1.0, 2.0, 0.0),)
    ),
    # Linear algebra
    "vector_norm of zeros": Point(norm(), ((0.0, 0.0),), ((0.0, 0.0),)),
    "vector_norm of zeros, ord=1": Point(norm(ord=1), ((0.0, 0.0),), ((0.0, 0.0),)),
    "vector_norm of zeros, ord=3": Point(norm(ord=3), ((0.0, 0.0),), ((0.0, 0.0),)),
    "vector_norm of zeros, ord=0.5": Point(norm(ord=0.5), ((0.0, 0.0),), ((0.0, 0.0),)),
    "vector_norm beside a zero, ord=0.5": Point(norm(ord=0.5), ((0.0, 4.0),), ((0.0, 1.0),)),
    "vector_norm beside a zero, ord=-1": Point(norm(ord=-1), ((0.0, 4.0),), ((0.0, 0.0),)),
    "vector_norm, ord=0": Point(norm(ord=0), ((0.0, 4.0),), ((0.0, 0.0),)),
    "vector_norm, ord=inf, tie": Point(norm(ord=INF), ((2.0, -2.0, 1.0),), ((0.5, -0.5, 0.0),)),
    "vector_norm, ord=-inf, tie": Point(norm(ord=-INF), ((2.0, -1.0, 1.0),), ((0.0, -0.5, 0.5),)),
    "vector_norm(0j)": Point(norm(), ((0j,),), ((0j,),)),
    "matrix_norm of zeros": Point(pg.linalg.matrix_norm, (((0.0, 0.0),),), (((0.0, 0.0),),)),
    "det, rank 1 of 2": Point(pg.linalg.det, (((1.0, 2.0), (2.0, 4.0)),), (((4.0, -2.0), (-2.0, 1.0)),)),
    "det, rank 0 of 2": Point(pg.linalg.det, (((0.0, 0.0), (0.0, 0.0)),), (((0.0, 0.0), (0.0, 0.0)),)),
    "det, rank 1 of 3": Point(pg.linalg.det, (((1.0, 1.0, 1.0),) * 3,), (((0.0, 0.0, 0.0),) * 3,)),
    "eigvalsh, equal values": Point(squares_of_eigenvalues, (((3.0, 0.0), (0.0, 3.0)),), (((6.0, 0.0), (0.0, 6.0)),)),
    "svdvals, equal values": Point(nuclear, (((0.0, 3.0), (-3.0, 0.0)),), (((0.0, 1.0), (-1.0, 0.0)),)),
    "eigvalsh, lower triangle": Point(
        squares_of_eigenvalues, (((1.0, 9.0), (2.0, 5.0)),), (((2.0, 4.0), (4.0, 10.0)),)
    ),
    "cholesky, lower triangle": Point(logdet, (((4.0, 9.0), (2.0, 2.0)),), (((0.5, -0.5), (-0.5, 1.0)),)),
    "pinv, rank 1 of 2": Point(sum_of_pinv, (((2.0, 0.0), (0.0, 0.0)),), (((-0.25, 0.25), (0.25, 0.0)),)),
    # Special functions
    "erfinv(1)": Point(pg.special.erfinv, (1.0,), (INF,)),
    "ndtri(0)": Point(pg.special.ndtri, (0.0,), (INF,)),
    "logit(0)": Point(pg.special.logit, (0.0,), (INF,)),
    "logit(-0)": Point(pg.special.logit, (-0.0,), (INF,)),
    "logit(1)": Point(pg.special.logit, (1.0,), (INF,)),
    "logit(2)": Point(pg.special.logit, (2.0,), (NAN,)),
    "entr(0)": Point(pg.special.entr, (0.0,), (INF,)),
    "entr(-1)": Point(pg.special.entr, (-1.0,), (NAN,)),
    "log_ndtr(-inf)": Point(pg.special.log_ndtr, (-INF,), (INF,)),
    "gammaln(0)": Point(pg.special.gammaln, (0.0,), (-INF,)),
    "gammaln(-1)": Point(pg.special.gammaln, (-1.0,), (NAN,)),
    "gamma(0)": Point(pg.special.gamma, (0.0,), (-INF,)),
    "gamma(-0)": Point(pg.special.gamma, (-0.0,), (-INF,)),
    "digamma(0)": Point(pg.special.digamma, (0.0,), (INF,)),
    "digamma(-1)": Point(pg.special.digamma, (-1.0,), (INF,)),
    "rgamma(-2)": Point(pg.special.rgamma, (-2.0,), (2.0,)),
    "gammasgn(-0.5)": Point(pg.special.gammasgn, (-0.5,), (0.0,)),
    "i0e(0)": Point(pg.special.i0e, (0.0,), (0.0,)),
    "i1(0)": Point(pg.special.i1, (0.0,), (0.5,)),
    "sinc(0)": Point(pg.special.sinc, (0.0,), (0.0,)),
    "xlogy(0, 0)": Point(pg.special.xlogy, (0.0, 0.0), (0.0, NAN)),
    "xlogy(0, -1)": Point(pg.special.xlogy, (0.0, -1.0), (0.0, 0.0)),
    "xlogy(2, 0)": Point(pg.special.xlogy, (2.0, 0.0), (-INF, INF)),
    "xlog1py(0, -1)": Point(pg.special.xlog1py, (0.0, -1.0), (0.0, NAN)),
    "rel_entr(0, 1)": Point(pg.special.rel_entr, (0.0, 1.0), (-INF, 0.0)),
    "rel_entr(1, 0)": Point(pg.special.rel_entr, (1.0, 0.0), (INF, -INF)),
    "rel_entr(0, 0)": Point(pg.special.rel_entr, (0.0, 0.0), (NAN, NAN)),
    "rel_entr(-1, 1)": Point(pg.special.rel_entr, (-1.0, 1.0), (NAN, NAN)),
    "rel_entr(1, -1)": Point(pg.special.rel_entr, (1.0, -1.0), (NAN, NAN)),
    "gammainc(0.5, 0)": Point(pg.special.gammainc, (0.5, 0.0), (0.0, INF)),
    "gammainc(1, 0)": Point(pg.special.gammainc, (1.0, 0.0), (0.0, 1.0)),
    "gammainc(2, 0)": Point(pg.special.gammainc, (2.0, 0.0), (0.0, 0.0)),
    "gammainc(2, inf)": Point(pg.special.gammainc, (2.0, INF), (0.0, 0.0)),
    "gammaincc(2, inf)": Point(pg.special.gammaincc, (2.0, INF), (0.0, 0.0)),
    "gammainc(-1, 1)": Point(pg.special.gammainc, (-1.0, 1.0), (NAN, NAN)),
    "gammainc(2, -1)": Point(pg.special.gammainc, (2.0, -1.0), (NAN, NAN)),
    "betainc(0.5, 1, 0)": Point(pg.special.betainc, (0.5, 1.0, 0.0), (0.0, 0.0, INF)),
    "betainc(1, 2, 0)": Point(pg.special.betainc, (1.0, 2.0, 0.0), (0.0, 0.0, 2.0)),
    "betainc(2, 2, 1)": Point(pg.special.betainc, (2.0, 2.0, 1.0), (0.0, 0.0, 0.0)),
    "betainc(2, 2, 1.5)": Point(pg.special.betainc, (2.0, 2.0, 1.5), (NAN, NAN, NAN)),
    "zeta(2, 0)": Point(pg.special.zeta, (2.0, 0.0), (NAN, -INF)),
    # Complex: the conjugate Wirtinger derivative
    "z conj(z) at 3+4j": Point(lambda z: pg.real(z * pg.conj(z)), (3 + 4j,), (6 + 8j,)),
    "z ** 2 at 1+1j": Point(lambda z: z**2, (1 + 1j,), (2 - 2j,)),
    "angle(-1), real": Point(angle, (-1.0,), (0.0,)),
    "angle(0j)": Point(angle, (0j,), (0j,)),
    "angle(1j)": Point(angle, (1j,), (-1 + 0j,)),
    "log(-1+0j)": Point(pg.log, (-1 + 0j,), (-1 - 0j,)),
    "sqrt(0j)": Point(pg.sqrt, (0j,), (complex(INF, NAN),)),
    "z ** 0.5 at 0j": Point(lambda z: z**0.5, (0j,), (complex(NAN, NAN),)),
    "z ** 0 at 0j": Point(lambda z: z**0, (0j,), (0j,)),
    "pow(0j, 2+0j)": Point(pg.pow, (0j, 2 + 0j), (0j, 0j)),
    "real(1+2j)": Point(pg.real, (1 + 2j,), (1 + 0j,)),
    "imag(1+2j)": Point(pg.imag, (1 + 2j,), (1j,)),
    "conj(1+2j)": Point(pg.conj, (1 + 2j,), (1 + 0j,)),
    "irfft, second of 4": Point(lambda z: pg.fft.irfft(z)[1], ((1 + 2j, 1j, 3 + 1j),), ((0.25, -0.5j, -0.25),)),
}


def _reverse(point: Point) -> float:
    """By a transform, at level 0 with the backend's native pulls, and with the walk itself recorded."""
    f, at, gradients = point
    xs = tuple(map(pg.asarray, at))
    y, pull = pg.vjp(f, *xs)
    found = [("vjp", pull(pg.ones_like(y)))]
    for how in ({}, {"create_graph": True}):
        ws = [pg.asarray(x, copy=True).requires_grad_() for x in xs]
        found.append((f"backward {how or ''}", pg.autograd.grad(f(*ws), ws, pg.ones_like(y), **how)))
    return max(
        _near(f"{name}, operand {k}", _values(g), np.asarray(want))
        for name, gs in found
        for k, (g, want) in enumerate(zip(gs, gradients, strict=True))
    )


def _forward(point: Point) -> float:
    """Element by element: Re J = Re g and, for complex operands, Re (J i) = Im g."""
    f, at, gradients = point
    xs, worst = tuple(map(pg.asarray, at)), 0.0
    for k, g in enumerate(map(np.asarray, gradients)):
        for unit, part in [(1, g.real), (1j, g.imag)] if g.dtype.kind == "c" else [(1, g)]:
            found = [_tangent(f, xs, k, place, unit) for place in np.ndindex(g.shape)]
            worst = max(worst, _near(f"jvp, operand {k}, along {unit}", np.reshape(found, g.shape), part))
    return worst


def _tangent(f: Callable[..., Tensor], xs: tuple[Tensor, ...], k: int, index: Any, unit: complex) -> Any:
    step = np.zeros(xs[k].shape, xs[k].dtype.name)
    step[index] = unit
    t = pg.jvp(lambda x: f(*xs[:k], x, *xs[k + 1 :]), (xs[k],), (pg.asarray(step),))[1]
    return _values(t).real


def _values(x: Tensor) -> np.ndarray[Any, Any]:
    return x.detach().numpy()


def _near(what: str, found: Any, wanted: Any) -> float:
    """The distance in eps of each entry, which may be small beyond measure; of a matrix, of its largest."""
    size = max(1.0, float(np.max(np.abs(wanted)))) if wanted.ndim == 2 else None
    off = max((_off(a, b, size) for a, b in zip(found.flat, wanted.flat, strict=True)), default=0.0)
    if found.shape != wanted.shape or not off <= BOUND:
        raise Disagreement(f"{what}: {found.tolist()}, where {wanted.tolist()} is right", off)
    return off


def _off(a: Any, b: Any, size: float | None) -> float:
    if not np.isfinite(b):  # of a complex number that is not, no part is specified
        same = not np.isfinite(a) if isinstance(b, complex) else a == b or (a != a and b != b)
        return 0.0 if same else INF
    scale = (size or abs(b)) * float(np.finfo(np.float64).eps)
    return float(abs(a - b) / scale) if scale else 0.0 if a == b else INF


CHECKS: tuple[Check, ...] = (
    by_rule("conventions", "reverse", ROWS, _reverse, order=1),
    by_rule("conventions", "forward", ROWS, _forward, order=1),
)
