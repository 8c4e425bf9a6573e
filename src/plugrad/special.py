"""Special functions under SciPy's names, differentiable in both modes and to any order by every operand that is real.

Loaded when first asked for. SciPy finds them as ``x.__array_namespace__().special``: where SCIPY_ARRAY_API=1 is set,
`scipy.special.gammaln` and its kin take tensors. On NumPy, SciPy's own functions compute if it is installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import namespace as xp
from . import nn, ops
from .dtypes import SCALARS, default_dtype
from .errors import ConversionError, DTypeError, ValidationError
from .namespace._arguments import Array, Axis, reduced, tensor
from .nn import log_softmax, softmax
from .tensor import Tensor, apply, unary

__all__ = [
    "beta",
    "betainc",
    "betaincc",
    "betaln",
    "chdtr",
    "chdtrc",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp2",
    "exp10",
    "expit",
    "fdtr",
    "fdtrc",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammaln",
    "gammasgn",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "kl_div",
    "log_expit",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "rel_entr",
    "rgamma",
    "sinc",
    "softmax",
    "spherical_jn",
    "xlog1py",
    "xlogy",
    "zeta",
]

Function = Callable[..., Tensor]

_TEXT = """{meaning}

Parameters
----------
{operands} : Tensor{or_number}, shape (...)
    Floating; integers and booleans become the default dtype.{broadcast}

Returns
-------
Tensor, shape (...)
    {gives}

Raises
------
DTypeError
    For complex operands.{shapes}

Examples
--------
>>> import plugrad as pg
>>> pg.special.{name}({example}).tolist()
{result}
"""


def _one(name: str, f: Callable[[Any], Tensor], meaning: str, example: str, result: str) -> Function:
    """A public function of one operand."""

    def function(x: Array, /) -> Tensor:
        (x,) = _reals(name, x)
        return f(x)

    words = {
        "operands": "x",
        "or_number": "",
        "broadcast": "",
        "shapes": "",
        "gives": "In the dtype of `x`.",
        "example": f"pg.asarray({example})",
    }
    return _documented(function, name, meaning=meaning, result=result, **words)


def _several(name: str, operands: str, f: Function, meaning: str, example: str, result: str) -> Function:
    """A public function of several operands that broadcast."""

    def function(*given: Array) -> Tensor:
        return f(*_reals(name, *given))

    def two(a: Array, b: Array, /) -> Tensor:
        return function(a, b)

    def three(a: Array, b: Array, x: Array, /) -> Tensor:
        return function(a, b, x)

    words = {
        "operands": operands,
        "or_number": " or Python scalar",
        "broadcast": " Shapes that broadcast.",
        "shapes": "\nShapeError\n    If the shapes do not broadcast.",
        "gives": "In the dtype in which the operands meet.",
        "example": example,
    }
    taken = two if operands.count(",") == 1 else three
    return _documented(taken, name, meaning=meaning, result=result, **words)


def _documented(function: Any, name: str, **words: str) -> Function:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = _TEXT.format(name=name, **words)
    return function


def _reals(who: str, *operands: Array) -> tuple[Tensor, ...]:
    """The operands as tensors in the floating dtype in which they meet, unless one is complex; numbers are weak."""
    given = [x.item() if isinstance(x, np.generic) else x for x in operands]
    first = next((x for x in given if type(x) is Tensor), None)
    found = [x if type(x) in SCALARS else tensor(x, first) for x in given]
    for x in found:
        kind = x.dtype.name if type(x) is Tensor else type(x).__name__
        if kind.startswith("complex"):
            raise DTypeError(f"{who}: takes real numbers, got {kind}; apply it to real, imag or abs")
    like = next((x for x in found if type(x) is Tensor), None)
    to = default_dtype() if like is None else xp.result_type(*found)
    to = to if to.kind == "f" else default_dtype()
    where = (None, None) if like is None else (like.backend, like.device)
    return tuple(
        [
            xp.astype(x, to, copy=False)
            if type(x) is Tensor
            else xp.full((), x, dtype=to, backend=where[0], device=where[1])
            for x in found
        ]
    )


def _binary(op: ops.Op) -> Function:
    return lambda *operands: apply(op, *operands)


_erfc, _gamma, _digamma, _ndtri, _sigmoid = map(unary, (ops.ERFC, ops.GAMMA, ops.DIGAMMA, ops.NDTRI, ops.SIGMOID))


def _share(m: Any, n: Any, x: Any) -> Tensor:
    """n / (n + m x), which turns the F distribution into the beta distribution."""
    return xp.divide(n, xp.add(n, xp.multiply(m, x)))


def _sine_of_pi(x: Any) -> Any:
    """sin(pi x), 0 at every integer."""
    nearest: Any = xp.round(x)
    return xp.sin((x - nearest) * math.pi) * (1.0 - 2.0 * xp.abs(xp.remainder(nearest, 2.0)))


def _rgamma(x: Any) -> Any:
    """Below 1/2 by reflection, DLMF 5.5.3, so that the zeros have a slope; no factor of it overflows before it does."""
    left = x < 0.5
    sine = xp.where(left, _sine_of_pi(x), 1.0)
    safe = xp.where(left & ((sine != 0) | (x > -170.0)), 1.0 - x, 1.0)
    return xp.where(left, sine * _gamma(safe) / math.pi, 1.0 / _gamma(xp.where(left, 1.0, x)))


def _gammasgn(x: Any) -> Any:
    whole = xp.floor(x)
    left = xp.where(whole == x, math.nan, 1.0 - 2.0 * xp.remainder(whole, 2.0))
    return xp.where(x > 0, 1.0, xp.where(x == 0, xp.copysign(1.0, x), left))


def _beta(a: Any, b: Any) -> Any:
    return _gammasgn(a) * _gammasgn(b) * _gammasgn(a + b) * xp.exp(apply(ops.BETALN, a, b))


HALF = math.sqrt(0.5)

# Error functions and the normal distribution
erf = _one("erf", nn.erf, "2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x.", "[0.0, pg.inf]", "[0.0, 1.0]")
erfc = _one("erfc", _erfc, "1 - erf(x), exact also where that is all but 0.", "[0.0, pg.inf]", "[1.0, 0.0]")
erfcx = _one("erfcx", unary(ops.ERFCX), "exp(x**2) * erfc(x), without underflow.", "[0.0, pg.inf]", "[1.0, 0.0]")
erfinv = _one("erfinv", unary(ops.ERFINV), "The inverse of `erf`; else NaN.", "[0.0, 1.0, 2.0]", "[0.0, inf, nan]")
erfcinv = _one(
    "erfcinv",
    lambda x: xp.multiply(_ndtri(xp.multiply(x, 0.5)), -HALF),
    "The inverse of `erfc`, exact also near 0; else NaN.",
    "[0.0, 2.0]",
    "[inf, -inf]",
)
ndtr = _one(
    "ndtr",
    lambda x: xp.multiply(_erfc(xp.multiply(x, -HALF)), 0.5),
    "The probability that a standard normal variable is below x.",
    "[0.0, pg.inf]",
    "[0.5, 1.0]",
)
log_ndtr = _one(
    "log_ndtr",
    unary(ops.LOG_NDTR),
    "The logarithm of `ndtr`, exact also where that underflows.",
    "[pg.inf, -pg.inf]",
    "[-0.0, -inf]",
)
ndtri = _one("ndtri", _ndtri, "The inverse of `ndtr`; else NaN.", "[0.0, 0.5, 1.0]", "[-inf, 0.0, inf]")

# Gamma and beta
gamma = _one("gamma", _gamma, "The gamma function; NaN at negative integers.", "[pg.inf, -1.0]", "[inf, nan]")
rgamma = _one("rgamma", _rgamma, "1 / gamma(x), which is 0 where gamma has a pole.", "[0.0, pg.inf]", "[0.0, 0.0]")
gammaln = _one("gammaln", unary(ops.GAMMALN), "The logarithm of abs(gamma(x)).", "[-1.0, pg.inf]", "[inf, inf]")
gammasgn = _one(
    "gammasgn",
    _gammasgn,
    "The sign of gamma(x); NaN at negative integers. The gradient is 0.",
    "[2.5, -0.5, -1.0]",
    "[1.0, -1.0, nan]",
)
digamma = _one("digamma", _digamma, "The derivative of log(gamma(x)).", "[0.0, pg.inf]", "[-inf, inf]")
psi = _one("psi", _digamma, "Another name of `digamma`.", "[0.0, pg.inf]", "[-inf, inf]")
betaln = _several(
    "betaln",
    "a, b",
    _binary(ops.BETALN),
    "The logarithm of abs(beta(a, b)), exact also where one argument is large.",
    "pg.asarray([0.0]), 2.0",
    "[inf]",
)
beta = _several("beta", "a, b", _beta, "gamma(a) * gamma(b) / gamma(a + b).", "pg.asarray([0.0]), 2.0", "[inf]")
gammainc = _several(
    "gammainc",
    "a, x",
    _binary(ops.GAMMAINC),
    "The regularised lower incomplete gamma function P(a, x); NaN for negative operands.",
    "2.0, pg.asarray([0.0, pg.inf])",
    "[0.0, 1.0]",
)
gammaincc = _several(
    "gammaincc",
    "a, x",
    _binary(ops.GAMMAINCC),
    "1 - gammainc(a, x), exact also where that is all but 0.",
    "2.0, pg.asarray([0.0, pg.inf])",
    "[1.0, 0.0]",
)
betainc = _several(
    "betainc",
    "a, b, x",
    _binary(ops.BETAINC),
    "The regularised incomplete beta function I_x(a, b); NaN for negative operands and for x above 1.",
    "2.0, 1.0, pg.asarray([0.0, 1.0])",
    "[0.0, 1.0]",
)
betaincc = _several(
    "betaincc",
    "a, b, x",
    _binary(ops.BETAINCC),
    "1 - betainc(a, b, x), exact also where that is all but 0.",
    "2.0, 1.0, pg.asarray([0.0, 1.0])",
    "[1.0, 0.0]",
)
chdtr = _several(
    "chdtr",
    "v, x",
    lambda v, x: apply(ops.GAMMAINC, xp.divide(v, 2), xp.divide(x, 2)),
    "The probability that a chi-squared variable with v degrees of freedom is below x.",
    "2.0, pg.asarray([0.0, pg.inf])",
    "[0.0, 1.0]",
)
chdtrc = _several(
    "chdtrc",
    "v, x",
    lambda v, x: apply(ops.GAMMAINCC, xp.divide(v, 2), xp.divide(x, 2)),
    "1 - chdtr(v, x), exact also where that is all but 0.",
    "2.0, pg.asarray([0.0, pg.inf])",
    "[1.0, 0.0]",
)
fdtr = _several(
    "fdtr",
    "m, n, x",
    lambda m, n, x: apply(ops.BETAINCC, xp.divide(n, 2), xp.divide(m, 2), _share(m, n, x)),
    "The probability that an F-distributed variable with m and n degrees of freedom is below x.",
    "2.0, 2.0, pg.asarray([0.0, 1.0, pg.inf])",
    "[0.0, 0.5, 1.0]",
)
fdtrc = _several(
    "fdtrc",
    "m, n, x",
    lambda m, n, x: apply(ops.BETAINC, xp.divide(n, 2), xp.divide(m, 2), _share(m, n, x)),
    "1 - fdtr(m, n, x), exact also where that is all but 0.",
    "2.0, 2.0, pg.asarray([0.0, 1.0, pg.inf])",
    "[1.0, 0.5, 0.0]",
)

# Bessel functions
i0 = _one("i0", lambda x: apply(ops.IV, x, n=0), "The modified Bessel function I of order 0.", "[0.0]", "[1.0]")
i0e = _one("i0e", lambda x: apply(ops.IVE, x, n=0), "exp(-abs(x)) * i0(x).", "[0.0, pg.inf]", "[1.0, 0.0]")
i1 = _one("i1", lambda x: apply(ops.IV, x, n=1), "The modified Bessel function I of order 1.", "[0.0]", "[0.0]")
i1e = _one("i1e", lambda x: apply(ops.IVE, x, n=1), "exp(-abs(x)) * i1(x).", "[0.0, pg.inf]", "[0.0, 0.0]")
sinc = _one(
    "sinc",
    lambda x: apply(ops.SPHERICAL_JN, xp.multiply(x, math.pi), n=0),
    "sin(pi x) / (pi x), 1 at 0; derivatives of any order hold there.",
    "[0.0]",
    "[1.0]",
)

# Exponentials, logarithms, entropies
exp2 = _one("exp2", lambda x: xp.pow(2.0, x), "2 to the power of each element.", "[3.0, -1.0]", "[8.0, 0.5]")
exp10 = _one("exp10", lambda x: xp.pow(10.0, x), "10 to the power of each element.", "[3.0]", "[1000.0]")
logit = _one("logit", unary(ops.LOGIT), "The inverse of `expit`; else NaN.", "[0.0, 0.5, 1.0]", "[-inf, 0.0, inf]")
log_expit = _one(
    "log_expit",
    lambda x: xp.negative(xp.logaddexp(xp.negative(x), 0)),
    "The logarithm of `expit`, exact also where that underflows.",
    "[-1000.0]",
    "[-1000.0]",
)
entr = _one("entr", unary(ops.ENTR), "-x * log(x); 0 at 0, -inf below.", "[0.0, 1.0, -1.0]", "[0.0, -0.0, -inf]")
xlogy = _several(
    "xlogy",
    "x, y",
    _binary(ops.XLOGY),
    "x * log(y), 0 where x is 0 and y is a number.",
    "pg.asarray([0.0, 2.0]), pg.asarray([0.0, 1.0])",
    "[0.0, 0.0]",
)
xlog1py = _several(
    "xlog1py",
    "x, y",
    _binary(ops.XLOG1PY),
    "x * log1p(y), 0 where x is 0 and y is a number.",
    "pg.asarray([0.0, 2.0]), pg.asarray([-1.0, 0.0])",
    "[0.0, 0.0]",
)
rel_entr = _several(
    "rel_entr",
    "x, y",
    _binary(ops.REL_ENTR),
    "x * log(x / y) of positive numbers, the relative entropy; 0 where x is 0 and y is not negative, else inf.",
    "pg.asarray([0.0, 2.0, -1.0]), 2.0",
    "[0.0, 0.0, inf]",
)
kl_div = _several(
    "kl_div",
    "x, y",
    lambda x, y: apply(ops.REL_ENTR, x, y) + xp.subtract(y, x),
    "rel_entr(x, y) - x + y, the Kullback-Leibler divergence of terms that need not add up to 1.",
    "pg.asarray([0.0, 2.0]), 2.0",
    "[2.0, 0.0]",
)


def expit(x: Array, /) -> Tensor:
    """1 / (1 + exp(-x)), without overflow: the logistic function.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating or complex; others become the default dtype.

    Returns
    -------
    Tensor, shape (...)
        In the dtype of `x`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.special.expit(pg.asarray([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return _sigmoid(x)


def polygamma(n: int | Tensor, x: Array, /) -> Tensor:
    """The derivative of order n of `digamma`: (-1)^(n + 1) n! zeta(n + 1, x), DLMF 25.11.12.

    Parameters
    ----------
    n : int, or Tensor of integers, shape ()
        The order, from 0 on. The value of a tensor is read.
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.

    Returns
    -------
    Tensor, shape (...)
        In the dtype of `x`; infinite at the poles 0, -1, -2 ... for n > 0.

    Raises
    ------
    ValidationError
        If `n` is no integer from 0 on, or there are several.
    DTypeError
        For a complex `x`.
    TransformError, TracingError
        If `n` has a value for each sample, or none yet.

    Examples
    --------
    >>> import plugrad as pg
    >>> round(pg.special.polygamma(1, 1.0).item(), 12)  # pi**2 / 6
    1.644934066848
    """
    order = _integer("polygamma", "n", n)
    (x,) = _reals("polygamma", x)
    if order == 0:
        return _digamma(x)
    factor = math.factorial(order) if order < 171 else math.inf
    return xp.multiply(apply(ops.ZETA, float(order + 1), x), factor if order % 2 else -factor)


def zeta(x: Array, q: Array | None = None, /) -> Tensor:
    """Hurwitz's zeta function, the sum of (k + q)^-x over k = 0, 1 ...; Riemann's where q is not said.

    Parameters
    ----------
    x : Tensor or Python scalar
        Above 1, where the sum converges; inf at 1, NaN below.
    q : Tensor or Python scalar, optional
        1 if not said. Below 0 only for an integer x; inf at 0, -1, -2 ...

    Returns
    -------
    Tensor
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.
    DTypeError
        For complex operands.

    Examples
    --------
    >>> import plugrad as pg
    >>> round(pg.special.zeta(2.0).item(), 12)  # pi**2 / 6
    1.644934066848
    """
    return apply(ops.ZETA, *_reals("zeta", x, 1.0 if q is None else q))


def multigammaln(a: Array, d: int | Tensor, /) -> Tensor:
    """The logarithm of the gamma function of d variables, DLMF 35.3.5.

    Parameters
    ----------
    a : Tensor, shape (...)
        Above (d - 1) / 2, else NaN.
    d : int, or Tensor of integers, shape ()
        From 1 on. The value of a tensor is read.

    Returns
    -------
    Tensor, shape (...)
        In the dtype of `a`.

    Raises
    ------
    ValidationError
        If `d` is no integer from 1 on, or there are several.
    DTypeError
        For a complex `a`.
    TransformError, TracingError
        If `d` has a value for each sample, or none yet.

    Examples
    --------
    >>> import plugrad as pg
    >>> round(pg.special.multigammaln(1.0, 2).item(), 12)  # log(pi)
    1.144729885849
    """
    dimension = _integer("multigammaln", "d", d, 1)
    x: Any = _reals("multigammaln", a)[0]
    total: Any = apply(ops.GAMMALN, x)
    for j in range(1, dimension):
        total = total + apply(ops.GAMMALN, x - j / 2)
    total = total + dimension * (dimension - 1) / 4 * math.log(math.pi)
    return xp.where(x > (dimension - 1) / 2, total, math.nan)


def spherical_jn(n: int | Tensor, z: Array, /) -> Tensor:
    """The spherical Bessel function of the first kind and order n.

    Parameters
    ----------
    n : int, or Tensor of integers, shape ()
        From 0 on. The value of a tensor is read.
    z : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.

    Returns
    -------
    Tensor, shape (...)
        In the dtype of `z`.

    Raises
    ------
    ValidationError
        If `n` is no integer from 0 on, or there are several.
    DTypeError
        For a complex `z`.
    TransformError, TracingError
        If `n` has a value for each sample, or none yet.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.special.spherical_jn(0, pg.asarray([0.0])).tolist()
    [1.0]
    """
    order = _integer("spherical_jn", "n", n)
    return apply(ops.SPHERICAL_JN, _reals("spherical_jn", z)[0], n=order)


def _integer(who: str, what: str, given: Any, least: int = 0) -> int:
    """A parameter that says which function: an int, or the value of a tensor or array of one."""
    value = given
    if type(given) is not int:
        try:
            value = given.item()
        except (AttributeError, ConversionError, ValueError):
            value = None
    if type(value) not in (int, float) or value != int(value) or value < least:
        raise ValidationError(f"{who}: {what} is one integer from {least} on, not {given!r:.60}")
    return int(value)


def logsumexp(x: Array, axis: Axis = None, b: Array | None = None, keepdims: bool = False) -> Tensor:
    """log(sum(b * exp(x))) over axes, without overflow.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    b : Tensor, optional
        Weights that broadcast to the shape of `x`: 1 if not said; NaN where their sum is negative.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        -inf where there is nothing to sum, or nothing but -inf; the gradient is NaN there.

    Raises
    ------
    ShapeError
        If there is no such axis, one is named twice, or `b` does not broadcast.
    DTypeError
        For complex operands.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.special.logsumexp(pg.asarray([1000.0, 1000.0]), b=pg.asarray([1.0, 0.0])).item()
    1000.0
    """
    x, *weights = _reals("logsumexp", x, *([] if b is None else [b]))
    if b is None:
        return nn.logsumexp(x, axis, keepdims)
    over, (x, b) = reduced(axis, x, "logsumexp"), xp.broadcast_arrays(x, *weights)
    counts = xp.where(b == 0, -math.inf, x).detach()
    if 0 in x.shape:
        return nn.logsumexp(counts, axis, keepdims)
    top = apply(ops.MAX, counts, axis=over, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0.0)
    bound = math.log(xp.finfo(top.dtype).max) / 2  # of what has no weight, but a derivative by it
    total: Any = xp.log(apply(ops.SUM, b * xp.exp(xp.minimum(x - top, bound)), axis=over, keepdims=True)) + top
    return total if keepdims else xp.reshape(total, apply(ops.SUM, counts, axis=over, keepdims=False).shape)
