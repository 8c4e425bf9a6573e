"""What is chosen at ties, zeros, ends of domains, infinities and NaN: the table of docs/conventions.md, row by row.

Every row is asked of all paths: recorded and raw rules, level 0's own nodes, and forward mode, one element at a time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.ops import Op
from plugrad.tensor import apply
from plugrad.testing.samples import Sample

from . import oracle
from .helpers import SMOOTH, Tensors, boundary, close, every, function, host, leaves

INF, NAN = math.inf, math.nan
PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"


class Row(NamedTuple):
    """A function, where it is asked, and its gradients there: one of each operand's shape."""

    name: str
    f: Callable[..., pg.Tensor]
    at: tuple[Any, ...]
    gradients: tuple[Any, ...]

    def __str__(self) -> str:
        return self.name


def primitive(op: Op, **params: Any) -> Callable[..., pg.Tensor]:
    return lambda *xs: apply(op, *xs, **params)


def over_all(op: Op, **params: Any) -> Callable[..., pg.Tensor]:
    return primitive(op, axis=None, keepdims=False, **params)


TEN = pg.asarray([1.0, 10.0, 100.0])
relu, angle, clip = primitive(ops.RELU), primitive(ops.ANGLE), primitive(ops.CLIP)


def norm(**params: Any) -> Callable[..., pg.Tensor]:
    return lambda x: pg.linalg.vector_norm(x, **params)


def squares_of_eigenvalues(x: pg.Tensor) -> pg.Tensor:
    return pg.sum(pg.linalg.eigvalsh(x) ** 2)


def nuclear(x: pg.Tensor) -> pg.Tensor:
    return pg.sum(pg.linalg.svdvals(x))


def logdet(x: pg.Tensor) -> pg.Tensor:
    return 2 * pg.sum(pg.log(pg.linalg.diagonal(pg.linalg.cholesky(x))))


def sum_of_pinv(x: pg.Tensor) -> pg.Tensor:
    return pg.sum(pg.linalg.pinv(x))


logsumexp, std, var = over_all(ops.LOGSUMEXP), over_all(ops.STD, correction=1), over_all(ops.VAR, correction=1)

ROWS = [
    # Kinks and jumps
    Row("abs(0)", pg.abs, (0.0,), (0.0,)),
    Row("abs(-0)", pg.abs, (-0.0,), (0.0,)),
    Row("abs(0j)", pg.abs, (0j,), (0j,)),
    Row("abs(3+4j)", pg.abs, (3 + 4j,), (0.6 + 0.8j,)),
    Row("sign(0)", pg.sign, (0.0,), (0.0,)),
    Row("sign(0j)", pg.sign, (0j,), (0j,)),
    Row("relu(0)", relu, (0.0,), (0.0,)),
    Row("floor(1)", pg.floor, (1.0,), (0.0,)),
    Row("ceil(1)", pg.ceil, (1.0,), (0.0,)),
    Row("round(0.5)", pg.round, (0.5,), (0.0,)),
    Row("trunc(1)", pg.trunc, (1.0,), (0.0,)),
    Row("floor_divide(6, 3)", pg.floor_divide, (6.0, 3.0), (0.0, 0.0)),
    # Ends of domains
    Row("sqrt(0)", pg.sqrt, (0.0,), (INF,)),
    Row("sqrt(-1)", pg.sqrt, (-1.0,), (NAN,)),
    Row("log(0)", pg.log, (0.0,), (INF,)),
    Row("log2(0)", pg.log2, (0.0,), (INF,)),
    Row("log10(0)", pg.log10, (0.0,), (INF,)),
    Row("log1p(-1)", pg.log1p, (-1.0,), (INF,)),
    Row("reciprocal(0)", pg.reciprocal, (0.0,), (-INF,)),
    Row("acos(1)", pg.acos, (1.0,), (-INF,)),
    Row("acos(-1)", pg.acos, (-1.0,), (-INF,)),
    Row("asin(1)", pg.asin, (1.0,), (INF,)),
    Row("asin(-1)", pg.asin, (-1.0,), (INF,)),
    Row("acosh(1)", pg.acosh, (1.0,), (INF,)),
    Row("acosh(-1)", pg.acosh, (-1.0,), (NAN,)),
    Row("atanh(1)", pg.atanh, (1.0,), (INF,)),
    Row("atanh(-1)", pg.atanh, (-1.0,), (INF,)),
    # Powers
    Row("0 ** 0", lambda x: x**0, (0.0,), (0.0,)),
    Row("2 ** 0", lambda x: x**0, (2.0,), (0.0,)),
    Row("nan ** 0", lambda x: x**0, (NAN,), (0.0,)),
    Row("0 ** 1", lambda x: x**1, (0.0,), (1.0,)),
    Row("0 ** 0.5", lambda x: x**0.5, (0.0,), (INF,)),
    Row("0 ** -1", lambda x: x**-1, (0.0,), (-INF,)),
    Row("(-2) ** 3", lambda x: x**3, (-2.0,), (12.0,)),
    Row("pow(0, 0)", pg.pow, (0.0, 0.0), (0.0, 0.0)),
    Row("pow(0, 0.5)", pg.pow, (0.0, 0.5), (INF, 0.0)),
    Row("pow(0, 1)", pg.pow, (0.0, 1.0), (1.0, 0.0)),
    Row("pow(0, 2)", pg.pow, (0.0, 2.0), (0.0, 0.0)),
    Row("pow(0, -1)", pg.pow, (0.0, -1.0), (-INF, -INF)),
    Row("pow(-2, 3)", pg.pow, (-2.0, 3.0), (12.0, NAN)),
    # Two operands
    Row("maximum tie", pg.maximum, (1.0, 1.0), (0.5, 0.5)),
    Row("minimum tie", pg.minimum, (1.0, 1.0), (0.5, 0.5)),
    Row("maximum(0, -0)", pg.maximum, (0.0, -0.0), (0.5, 0.5)),
    Row("maximum(nan, 1)", pg.maximum, (NAN, 1.0), (1.0, 1.0)),
    Row("maximum(1, nan)", pg.maximum, (1.0, NAN), (1.0, 1.0)),
    Row("minimum(nan, 1)", pg.minimum, (NAN, 1.0), (1.0, 1.0)),
    Row("hypot(0, 0)", pg.hypot, (0.0, 0.0), (NAN, NAN)),
    Row("logaddexp(-inf, -inf)", pg.logaddexp, (-INF, -INF), (NAN, NAN)),
    Row("logaddexp(inf, inf)", pg.logaddexp, (INF, INF), (NAN, NAN)),
    Row("logaddexp(inf, 0)", pg.logaddexp, (INF, 0.0), (1.0, 0.0)),
    Row("logaddexp(-inf, 0)", pg.logaddexp, (-INF, 0.0), (0.0, 1.0)),
    Row("atan2(0, 0)", pg.atan2, (0.0, 0.0), (0.0, 0.0)),
    Row("atan2(1e-200, 1e-200)", pg.atan2, (1e-200, 1e-200), (5e199, -5e199)),
    Row("atan2(1e200, 1e200)", pg.atan2, (1e200, 1e200), (5e-201, -5e-201)),
    Row("copysign(0, -1)", pg.copysign, (0.0, -1.0), (0.0, 0.0)),
    Row("copysign(2, -0)", pg.copysign, (2.0, -0.0), (-1.0, 0.0)),
    Row("copysign(inf, -1)", pg.copysign, (INF, -1.0), (-1.0, 0.0)),
    Row("remainder(5, 3)", pg.remainder, (5.0, 3.0), (1.0, -1.0)),
    Row("remainder(-5, 3)", pg.remainder, (-5.0, 3.0), (1.0, 2.0)),
    Row("remainder(6, 3)", pg.remainder, (6.0, 3.0), (1.0, -2.0)),
    Row("remainder(1, 0.1), 9 times 0.1", pg.remainder, (1.0, 0.1), (1.0, -9.0)),
    Row("nextafter(1, 1)", pg.nextafter, (1.0, 1.0), (0.0, 0.0)),
    Row("nextafter(1, 2)", pg.nextafter, (1.0, 2.0), (1.0, 0.0)),
    # Bounds: x, low, high
    Row("clip, low binds", clip, (-2.0, -1.0, 1.0), (0.0, 1.0, 0.0)),
    Row("clip, high binds", clip, (2.0, -1.0, 1.0), (0.0, 0.0, 1.0)),
    Row("clip, at low", clip, (-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    Row("clip, at high", clip, (1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    Row("clip, low > high", clip, (0.0, 2.0, 1.0), (0.0, 0.0, 1.0)),
    Row("clip, low > high, x between", clip, (1.5, 2.0, 1.0), (0.0, 0.0, 1.0)),
    Row("clip, low > high, x = low", clip, (2.0, 2.0, 1.0), (0.0, 0.0, 1.0)),
    Row("clip, low = high, x below", clip, (0.0, 1.0, 1.0), (0.0, 1.0, 0.0)),
    Row("clip, low = high, x above", clip, (2.0, 1.0, 1.0), (0.0, 0.0, 1.0)),
    Row("clip, low = high = x", clip, (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)),
    Row("clip by numbers, at a bound", lambda x: pg.clip(x, -1, 1), (1.0,), (1.0,)),
    # Reductions
    Row("max() ties", pg.max, ((1.0, 3.0, 3.0),), ((0.0, 0.5, 0.5),)),
    Row("min() ties", pg.min, ((1.0, 1.0, 3.0),), ((0.5, 0.5, 0.0),)),
    Row("max(axis) ties", lambda x: pg.max(x, axis=0), ((1.0, 3.0, 3.0),), ((0.0, 0.5, 0.5),)),
    Row("max() with one NaN", pg.max, ((1.0, NAN, 3.0),), ((NAN, NAN, NAN),)),
    Row("max() with two NaN", pg.max, ((1.0, NAN, NAN),), ((NAN, NAN, NAN),)),
    Row("min(axis) with a NaN", lambda x: pg.min(x, axis=0), ((1.0, NAN, 3.0),), ((NAN, NAN, NAN),)),
    Row("max() of infinities", pg.max, ((INF, INF, 1.0),), ((0.5, 0.5, 0.0),)),
    Row("std of a constant", std, ((2.0, 2.0),), ((0.0, 0.0),)),
    Row("var of a constant", var, ((2.0, 2.0),), ((0.0, 0.0),)),
    Row("std of one element", std, ((2.0,),), ((NAN,),)),
    Row("var of one element", var, ((2.0,),), ((NAN,),)),
    Row("prod, one zero", pg.prod, ((2.0, 0.0, 3.0),), ((0.0, 6.0, 0.0),)),
    Row("prod, two zeros", pg.prod, ((2.0, 0.0, 0.0),), ((0.0, 0.0, 0.0),)),
    Row("logsumexp of -inf", logsumexp, ((-INF, -INF),), ((NAN, NAN),)),
    Row("logsumexp with -inf", logsumexp, ((-INF, 1.0),), ((0.0, 1.0),)),
    # Order and place: the results times 1, 10, 100, so that it is seen where each gradient goes
    Row("sort ties", lambda x: pg.sum(pg.sort(x) * TEN), ((3.0, 1.0, 1.0),), ((100.0, 1.0, 10.0),)),
    Row(
        "sort ties, descending",
        lambda x: pg.sum(pg.sort(x, descending=True) * TEN),
        ((1.0, 3.0, 3.0),),
        ((100.0, 1.0, 10.0),),
    ),
    Row("sort 0 and -0", lambda x: pg.sum(pg.sort(x) * TEN), ((0.0, -0.0, -1.0),), ((10.0, 100.0, 1.0),)),
    Row("sort with two NaN", lambda x: pg.sum(pg.sort(x) * TEN), ((NAN, NAN, 1.0),), ((10.0, 100.0, 1.0),)),
    Row("unique_values", lambda x: pg.sum(pg.unique_values(x) * TEN[:2]), ((3.0, 1.0, 3.0),), ((10.0, 1.0, 0.0),)),
    Row(
        "unique_values with two NaN",
        lambda x: pg.sum(pg.unique_values(x) * TEN),
        ((NAN, 1.0, NAN),),
        ((10.0, 1.0, 100.0),),
    ),
    Row(
        "take_along_axis, an index twice",
        lambda x: pg.sum(pg.take_along_axis(x, pg.asarray([1, 1, -1])) * TEN),
        ((3.0, 1.0, 3.0),),
        ((0.0, 11.0, 100.0),),
    ),
    # Cumulative functions
    Row("cumulative_prod, one zero", lambda x: pg.sum(pg.cumulative_prod(x)), ((2.0, 0.0, 3.0),), ((1.0, 8.0, 0.0),)),
    Row("cumulative_prod, two zeros", lambda x: pg.sum(pg.cumulative_prod(x)), ((2.0, 0.0, 0.0),), ((1.0, 2.0, 0.0),)),
    # Linear algebra
    Row("vector_norm of zeros", norm(), ((0.0, 0.0),), ((0.0, 0.0),)),
    Row("vector_norm of zeros, ord=1", norm(ord=1), ((0.0, 0.0),), ((0.0, 0.0),)),
    Row("vector_norm of zeros, ord=3", norm(ord=3), ((0.0, 0.0),), ((0.0, 0.0),)),
    Row("vector_norm of zeros, ord=0.5", norm(ord=0.5), ((0.0, 0.0),), ((0.0, 0.0),)),
    Row("vector_norm beside a zero, ord=0.5", norm(ord=0.5), ((0.0, 4.0),), ((0.0, 1.0),)),
    Row("vector_norm beside a zero, ord=-1", norm(ord=-1), ((0.0, 4.0),), ((0.0, 0.0),)),
    Row("vector_norm, ord=0", norm(ord=0), ((0.0, 4.0),), ((0.0, 0.0),)),
    Row("vector_norm, ord=inf, tie", norm(ord=INF), ((2.0, -2.0, 1.0),), ((0.5, -0.5, 0.0),)),
    Row("vector_norm, ord=-inf, tie", norm(ord=-INF), ((2.0, -1.0, 1.0),), ((0.0, -0.5, 0.5),)),
    Row("vector_norm(0j)", norm(), ((0j,),), ((0j,),)),
    Row("matrix_norm of zeros", pg.linalg.matrix_norm, (((0.0, 0.0),),), (((0.0, 0.0),),)),
    Row("det, rank 1 of 2", pg.linalg.det, (((1.0, 2.0), (2.0, 4.0)),), (((4.0, -2.0), (-2.0, 1.0)),)),
    Row("det, rank 0 of 2", pg.linalg.det, (((0.0, 0.0), (0.0, 0.0)),), (((0.0, 0.0), (0.0, 0.0)),)),
    Row("det, rank 1 of 3", pg.linalg.det, (((1.0, 1.0, 1.0),) * 3,), (((0.0, 0.0, 0.0),) * 3,)),
    Row("eigvalsh, equal values", squares_of_eigenvalues, (((3.0, 0.0), (0.0, 3.0)),), (((6.0, 0.0), (0.0, 6.0)),)),
    Row("svdvals, equal values", nuclear, (((0.0, 3.0), (-3.0, 0.0)),), (((0.0, 1.0), (-1.0, 0.0)),)),
    Row("eigvalsh, lower triangle", squares_of_eigenvalues, (((1.0, 9.0), (2.0, 5.0)),), (((2.0, 4.0), (4.0, 10.0)),)),
    Row("cholesky, lower triangle", logdet, (((4.0, 9.0), (2.0, 2.0)),), (((0.5, -0.5), (-0.5, 1.0)),)),
    Row("pinv, rank 1 of 2", sum_of_pinv, (((2.0, 0.0), (0.0, 0.0)),), (((-0.25, 0.25), (0.25, 0.0)),)),
    # Special functions
    Row("erfinv(1)", pg.special.erfinv, (1.0,), (INF,)),
    Row("ndtri(0)", pg.special.ndtri, (0.0,), (INF,)),
    Row("logit(0)", pg.special.logit, (0.0,), (INF,)),
    Row("logit(-0)", pg.special.logit, (-0.0,), (INF,)),
    Row("logit(1)", pg.special.logit, (1.0,), (INF,)),
    Row("logit(2)", pg.special.logit, (2.0,), (NAN,)),
    Row("entr(0)", pg.special.entr, (0.0,), (INF,)),
    Row("entr(-1)", pg.special.entr, (-1.0,), (NAN,)),
    Row("log_ndtr(-inf)", pg.special.log_ndtr, (-INF,), (INF,)),
    Row("gammaln(0)", pg.special.gammaln, (0.0,), (-INF,)),
    Row("gammaln(-1)", pg.special.gammaln, (-1.0,), (NAN,)),
    Row("gamma(0)", pg.special.gamma, (0.0,), (-INF,)),
    Row("gamma(-0)", pg.special.gamma, (-0.0,), (-INF,)),
    Row("digamma(0)", pg.special.digamma, (0.0,), (INF,)),
    Row("digamma(-1)", pg.special.digamma, (-1.0,), (INF,)),
    Row("rgamma(-2)", pg.special.rgamma, (-2.0,), (2.0,)),
    Row("gammasgn(-0.5)", pg.special.gammasgn, (-0.5,), (0.0,)),
    Row("i0e(0)", pg.special.i0e, (0.0,), (0.0,)),
    Row("i1(0)", pg.special.i1, (0.0,), (0.5,)),
    Row("sinc(0)", pg.special.sinc, (0.0,), (0.0,)),
    Row("xlogy(0, 0)", pg.special.xlogy, (0.0, 0.0), (0.0, NAN)),
    Row("xlogy(0, -1)", pg.special.xlogy, (0.0, -1.0), (0.0, 0.0)),
    Row("xlogy(2, 0)", pg.special.xlogy, (2.0, 0.0), (-INF, INF)),
    Row("xlog1py(0, -1)", pg.special.xlog1py, (0.0, -1.0), (0.0, NAN)),
    Row("rel_entr(0, 1)", pg.special.rel_entr, (0.0, 1.0), (-INF, 0.0)),
    Row("rel_entr(1, 0)", pg.special.rel_entr, (1.0, 0.0), (INF, -INF)),
    Row("rel_entr(0, 0)", pg.special.rel_entr, (0.0, 0.0), (NAN, NAN)),
    Row("rel_entr(-1, 1)", pg.special.rel_entr, (-1.0, 1.0), (NAN, NAN)),
    Row("rel_entr(1, -1)", pg.special.rel_entr, (1.0, -1.0), (NAN, NAN)),
    Row("gammainc(0.5, 0)", pg.special.gammainc, (0.5, 0.0), (0.0, INF)),
    Row("gammainc(1, 0)", pg.special.gammainc, (1.0, 0.0), (0.0, 1.0)),
    Row("gammainc(2, 0)", pg.special.gammainc, (2.0, 0.0), (0.0, 0.0)),
    Row("gammainc(2, inf)", pg.special.gammainc, (2.0, INF), (0.0, 0.0)),
    Row("gammaincc(2, inf)", pg.special.gammaincc, (2.0, INF), (0.0, 0.0)),
    Row("gammainc(-1, 1)", pg.special.gammainc, (-1.0, 1.0), (NAN, NAN)),
    Row("gammainc(2, -1)", pg.special.gammainc, (2.0, -1.0), (NAN, NAN)),
    Row("betainc(0.5, 1, 0)", pg.special.betainc, (0.5, 1.0, 0.0), (0.0, 0.0, INF)),
    Row("betainc(1, 2, 0)", pg.special.betainc, (1.0, 2.0, 0.0), (0.0, 0.0, 2.0)),
    Row("betainc(2, 2, 1)", pg.special.betainc, (2.0, 2.0, 1.0), (0.0, 0.0, 0.0)),
    Row("betainc(2, 2, 1.5)", pg.special.betainc, (2.0, 2.0, 1.5), (NAN, NAN, NAN)),
    Row("zeta(2, 0)", pg.special.zeta, (2.0, 0.0), (NAN, -INF)),
    # Complex: the conjugate Wirtinger derivative
    Row("z conj(z) at 3+4j", lambda z: pg.real(z * pg.conj(z)), (3 + 4j,), (6 + 8j,)),
    Row("z ** 2 at 1+1j", lambda z: z**2, (1 + 1j,), (2 - 2j,)),
    Row("angle(-1), real", angle, (-1.0,), (0.0,)),
    Row("angle(0j)", angle, (0j,), (0j,)),
    Row("angle(1j)", angle, (1j,), (-1 + 0j,)),
    Row("log(-1+0j)", pg.log, (-1 + 0j,), (-1 - 0j,)),
    Row("sqrt(0j)", pg.sqrt, (0j,), (complex(INF, NAN),)),
    Row("z ** 0.5 at 0j", lambda z: z**0.5, (0j,), (complex(NAN, NAN),)),
    Row("z ** 0 at 0j", lambda z: z**0, (0j,), (0j,)),
    Row("pow(0j, 2+0j)", pg.pow, (0j, 2 + 0j), (0j, 0j)),
    Row("real(1+2j)", pg.real, (1 + 2j,), (1 + 0j,)),
    Row("imag(1+2j)", pg.imag, (1 + 2j,), (1j,)),
    Row("conj(1+2j)", pg.conj, (1 + 2j,), (1 + 0j,)),
    Row("irfft, second of 4", lambda z: pg.fft.irfft(z)[1], ((1 + 2j, 1j, 3 + 1j),), ((0.25, -0.5j, -0.25),)),
]


def _parts(g: Any) -> list[tuple[complex, Any]]:
    """A direction of an operand, and the part of its gradient that the derivative along it is."""
    return [(1, g.real), (1j, g.imag)] if g.dtype.kind == "c" else [(1, g)]


def _tangent(f: Callable[..., Tensors], xs: Tensors, k: int, index: Any, unit: complex) -> Any:
    step = np.zeros(xs[k].shape, xs[k].dtype.name)
    step[index] = unit
    (t,) = pg.jvp(lambda x: f(*xs[:k], x, *xs[k + 1 :]), (xs[k],), (pg.asarray(step),))[1]
    return host(t).real


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_reverse(row: Row) -> None:
    xs = tuple(map(pg.asarray, row.at))
    expected = [np.asarray(g) for g in row.gradients]
    y, pull = pg.vjp(row.f, *xs)
    close(pull(pg.ones_like(y)), expected, 1)
    for how in ({}, {"create_graph": True}):
        ws = leaves(xs)
        close(pg.autograd.grad(row.f(*ws), ws, pg.ones_like(y), **how), expected, 1)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_forward(row: Row) -> None:
    """Element by element: Re J = Re g and, for complex operands, Re (J i) = Im g."""
    xs = tuple(map(pg.asarray, row.at))
    for k, g in enumerate(map(np.asarray, row.gradients)):
        for unit, part in _parts(g):
            found = [_tangent(lambda *xs: (row.f(*xs),), xs, k, place, unit) for place in np.ndindex(g.shape)]
            close([np.array(found).reshape(g.shape)], [part], 1)


def test_the_page_says_the_same() -> None:
    """docs/conventions.md has every row, and the same gradients: | `row` `row` ... | `gradients` | remark |"""
    lines = re.findall(r"^\| ((?:`[^`]+` ?)+) \| `([^`]+)` \|", PAGE.read_text(encoding="utf8"), re.MULTILINE)
    said = {name: gradients for names, gradients in lines for name in re.findall(r"`([^`]+)`", names)}
    assert said.keys() == {row.name for row in ROWS}
    for row in ROWS:
        on_the_page = eval(f"({said[row.name]},)", {"inf": INF, "nan": NAN})
        close(map(_as_double, on_the_page), map(_as_double, row.gradients))


def _as_double(g: Any) -> Any:
    return np.asarray(g, np.complex128 if np.iscomplexobj(g) else np.float64)


# ------------------------------------------------------------------------------------------- every boundary there is


@every(lambda s: boundary(s) and s.operands[0].ndim == 1, SMOOTH)
def test_modes_agree_elementwise(sample: Sample) -> None:
    f, xs = function(sample)
    (y,), pull = pg.vjp(f, *xs)
    for k, g in enumerate(map(host, pull((pg.ones_like(y),)))):
        for unit, part in _parts(g):
            close([_tangent(f, xs, k, slice(None), unit)], [part], 1)


@every(lambda s: boundary(s) and s.operands[0].ndim == 2, SMOOTH)
def test_modes_agree_along_rows(sample: Sample) -> None:
    """The Jacobian of each row, by columns and by rows; where it is infinite in places, a zero beside it gives NaN."""
    f, (x,) = function(sample)
    (y,), pull = pg.vjp(f, x)
    forward = [_tangent(f, (x,), 0, (slice(None), j), 1) for j in range(x.shape[1])]
    for i in np.ndindex(y.shape[1:]):
        seed = np.zeros(y.shape)
        seed[(slice(None), *i)] = 1
        g = host(pull((pg.asarray(seed),))[0])
        alike = np.isfinite(g).all(axis=1) | np.isnan(g).all(axis=1)
        for j, column in enumerate(forward):
            close([column[(alike, *i)]], [g[alike, j]], 16)


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


@oracle.warns
@every(boundary, oracle.TORCH)
def test_against_torch(sample: Sample) -> None:
    f, xs = function(sample)
    (y,), pull = pg.vjp(f, *xs)
    given = oracle.operands(sample)
    (its,) = oracle.results(sample, given)
    arrays = [x for x in sample.operands if x.dtype.kind in "fc"]
    where, _ = DEVIATES.get(sample.op, (lambda *xs: np.False_, ""))
    ignored = where(*arrays) | reduce(np.logical_or, map(np.isnan, arrays)) * (arrays[0].ndim == 1)
    assert not ignored.size or not np.all(ignored)
    expected = oracle.gradients([its], [given[i] for i in sample.moving], [host(pg.ones_like(y))])
    for ours, theirs in zip(pull((pg.ones_like(y),)), expected, strict=True):
        close([_seen(ours, ignored)], [_seen(theirs, ignored)], 16)


def _seen(g: Any, ignored: Any) -> Any:
    """A gradient without what is ignored; a complex number that is not finite has no direction."""
    g = np.where(ignored, 0, host(g))
    return np.where(np.isfinite(g), g, NAN) if g.dtype.kind == "c" else g


# ------------------------------------------------------------------------------ what a rule by itself cannot make good


def test_where_does_not_undo_an_infinite_derivative() -> None:
    """The branch that is not taken gets a zero, and 0 * inf is NaN; forward mode drops the branch. As torch.

    The safe form gives the branch a harmless operand first.
    """

    def unsafe(x: pg.Tensor) -> pg.Tensor:
        return pg.where(x > 0, pg.sqrt(x), 0.0)

    def safe(x: pg.Tensor) -> pg.Tensor:
        return pg.where(x > 0, pg.sqrt(pg.where(x > 0, x, 1.0)), 0.0)

    x = pg.asarray([0.0, 4.0])
    _, pull = pg.vjp(unsafe, x)
    close(pull(pg.ones(2)), [np.array([NAN, 0.25])])
    close(pg.jvp(unsafe, (x,), (pg.ones(2),))[1:], [np.array([0.0, 0.25])])
    _, pull = pg.vjp(safe, x)
    close(pull(pg.ones(2)), [np.array([0.0, 0.25])])


def test_a_repeated_index_gives_its_gradient_to_every_value() -> None:
    """The value written last counts, and so does its tangent. As torch, which leaves the value itself open."""

    def written(v: pg.Tensor) -> pg.Tensor:
        x = pg.zeros(3)
        x[pg.asarray([0, 0])] = v
        return x

    y, pull = pg.vjp(written, pg.asarray([1.0, 2.0]))
    assert y.tolist() == [2.0, 0.0, 0.0]
    assert pg.jvp(written, (pg.ones(2),), (pg.asarray([3.0, 4.0]),))[1].tolist() == [4.0, 0.0, 0.0]
    assert pull(pg.asarray([5.0, 6.0, 7.0]))[0].tolist() == [5.0, 5.0]


def test_of_nothing_there_is_no_gradient() -> None:
    for f, value in ((pg.mean, NAN), (logsumexp, -INF), (pg.sum, 0.0), (pg.prod, 1.0)):
        y, pull = pg.vjp(f, pg.zeros((0, 3)))
        close([y], [np.array(value)])
        assert pull(pg.ones(()))[0].shape == (0, 3)


def test_values_that_are_not_torchs() -> None:
    close([pg.sign(pg.asarray(NAN))], [np.array(NAN)])
    close([pg.asarray([-0.0, -INF]) ** -0.5], [np.array([INF, 0.0])])


def test_a_nan_in_the_cotangent_goes_through() -> None:
    for f in (pg.sin, pg.abs, pg.exp, relu, lambda x: x * 2.0, lambda x: pg.maximum(x, 0.0)):
        _, pull = pg.vjp(f, pg.asarray([1.0, 2.0]))
        assert np.isnan(host(pull(pg.asarray([NAN, 1.0]))[0])).tolist() == [True, False]


@pytest.mark.parametrize("f", [pg.asin, pg.acos, pg.atanh], ids=lambda f: f.__name__)
def test_derivatives_near_the_end_of_the_domain_have_all_digits(f: Callable[..., pg.Tensor]) -> None:
    """1 - x * x would have lost nine of them."""
    x = 1.0 - 2.0**-30
    distance = 2.0**-30 * (2.0 - 2.0**-30)
    exact = {"asin": distance**-0.5, "acos": -(distance**-0.5), "atanh": 1 / distance}[f.__name__]
    assert pg.grad(f)(x).item() == pytest.approx(exact, rel=1e-15)


def test_products_with_zeros_are_exact_to_any_order() -> None:
    """d3 (a b c) / da db dc is 1, also where all are zero."""
    x = pg.asarray([0.0, 0.0, 0.0])
    third = pg.jacobian(pg.hessian(pg.prod))(x)
    assert third.tolist() == [[[float(len({i, j, k}) == 3) for k in range(3)] for j in range(3)] for i in range(3)]


def test_integers_do_not_widen_and_python_numbers_are_weak() -> None:
    single, ints = pg.ones(2, dtype=pg.float32), pg.asarray([1, 2])
    assert (single * ints).dtype is pg.float32
    assert (single * 2.5).dtype is pg.float32
    assert (single * 2.5j).dtype is pg.complex64
    assert (pg.ones(2) * pg.ones(2, dtype=pg.complex64)).dtype is pg.complex128
    assert (ints * 2).dtype is pg.int64
    assert (ints * 2.5).dtype is pg.default_dtype()
    assert (ints / ints).dtype is pg.default_dtype()
    assert pg.sin(ints).dtype is pg.default_dtype()
    assert (pg.asarray([True]) + 1).dtype is pg.int64


def test_promotion_is_undone_in_the_gradient() -> None:
    a, b, z = pg.ones(2, dtype=pg.float32), pg.ones(2), pg.asarray([1 + 2j, 3j])
    _, pull = pg.vjp(lambda a, b, z: a * b * z, a, b, z)
    found = pull(pg.asarray([1 + 0j, 1j]))
    assert [g.dtype for g in found] == [pg.float32, pg.float64, pg.complex128]
    assert found[1].tolist() == [1.0, 3.0]
