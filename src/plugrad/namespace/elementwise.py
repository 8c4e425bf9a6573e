"""Elementwise functions, a line each: primitive, meaning, operands' dtypes, result's dtype, an example and its result.

Nearly all are doors, which settle scalars, foreign arrays, promotion and broadcasting themselves.
"""

from __future__ import annotations

import math
from functools import wraps
from typing import Any

import numpy as np

from .. import dtypes, ops
from ..backends import current
from ..backends.protocol import Kernels
from ..dtypes import COMPLEX, SCALARS, DType
from ..errors import DTypeError
from ..tensor import Door1, Door2, Tensor, apply, binary, unary
from ._arguments import Array, Scalar, copied, tensor
from ._places import place, uploaded
from .creation import zeros_like
from .data_types import iinfo, result_type

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "trunc",
]

# What operands may be. Integers and booleans become the default dtype where a floating one is asked for.
ANY = "Any dtype"
TRUTH = "Any dtype; all but 0 and False holds"
BITS = "Integers or booleans"
FLOATS = "Floating or complex; others become the default dtype"
INTEGERS = "Integers"
NUMBERS = "Any dtype but bool"
REALS = "Any dtype but complex"
REAL_FLOATS = "Floating; integers and booleans become the default dtype"

# What results are.
BOOL = "Of dtype bool."
MET = "In the dtype in which the operands meet."
PART = "In the dtype of `x`; in that of its parts if it is complex."
SAME = "In the dtype of `x`."

_ONE = """{meaning}

Parameters
----------
x : Tensor, shape (...)
    {takes}.

Returns
-------
Tensor, shape (...)
    {gives}

Raises
------
DTypeError
    If `x` is no array of numbers.
TransformError
    If it belongs to a transform that has finished.

Examples
--------
>>> import plugrad as pg
>>> pg.{name}(pg.asarray({example})).tolist()
{result}
"""

_TWO = """{meaning}

Parameters
----------
x1, x2 : Tensor or Python scalar
    {takes}. Shapes that broadcast.

Returns
-------
Tensor
    {gives}

Raises
------
ShapeError
    If the shapes do not broadcast.
DTypeError
    If an operand is no array of numbers, or no dtype holds both.
MixedBackendsError
    If they lie on several backends.
TransformError
    If one belongs to a transform that has finished.

Examples
--------
>>> import plugrad as pg
>>> pg.{name}(pg.asarray({example[0]}), {example[1]}).tolist()
{result}
"""


def _one(op: ops.Op, meaning: str, takes: str, gives: str, example: str, result: str) -> Door1:
    return unary(
        op, _ONE.format(name=op.name, meaning=meaning, takes=takes, gives=gives, example=example, result=result)
    )


def _two(op: ops.Op, meaning: str, takes: str, gives: str, example: tuple[str, str], result: str) -> Door2:
    return binary(
        op, _TWO.format(name=op.name, meaning=meaning, takes=takes, gives=gives, example=example, result=result)
    )


def _ordered(door: Door2) -> Door2:
    """A door for what has an order: NumPy compares complex numbers without a word, other libraries refuse."""

    @wraps(door)
    def refusing(a: Array, b: Array, /) -> Tensor:
        if type(a) is Tensor and type(b) is Tensor and a.data.dtype is b.data.dtype:  # half the cost of asking both
            refused = a.data.dtype in COMPLEX
        else:
            refused = _is_complex(a) or _is_complex(b)
        if refused:
            raise DTypeError(f"{door.__name__}: complex numbers have no order; take abs, real or imag first")
        return door(a, b)

    return refusing


def _is_complex(x: Array) -> bool:
    return type(x) is complex or getattr(x.data if type(x) is Tensor else x, "dtype", None) in COMPLEX


# fmt: off
# Powers, exponentials, logarithms
square = _one(ops.SQUARE, "The square.", NUMBERS, SAME, "[3.0, -1.0]", "[9.0, 1.0]")
sqrt = _one(ops.SQRT, "The square root.", FLOATS, SAME, "[9.0, 0.25]", "[3.0, 0.5]")
reciprocal = _one(ops.RECIPROCAL, "One divided by each element.", FLOATS, SAME, "[2.0, 4.0]", "[0.5, 0.25]")
exp = _one(ops.EXP, "e to the power of each element.", FLOATS, SAME, "[0.0, -pg.inf]", "[1.0, 0.0]")
expm1 = _one(ops.EXPM1, "exp(x) - 1, exact also near 0.", FLOATS, SAME, "[0.0, -pg.inf]", "[0.0, -1.0]")
log = _one(ops.LOG, "The natural logarithm.", FLOATS, SAME, "[1.0, 0.0]", "[0.0, -inf]")
log1p = _one(ops.LOG1P, "log(1 + x), exact also near 0.", FLOATS, SAME, "[0.0, -1.0]", "[0.0, -inf]")
log2 = _one(ops.LOG2, "The logarithm to base 2.", FLOATS, SAME, "[8.0, 0.5]", "[3.0, -1.0]")
log10 = _one(ops.LOG10, "The logarithm to base 10.", FLOATS, SAME, "[100.0, 1.0]", "[2.0, 0.0]")

# Trigonometric and hyperbolic
sin = _one(ops.SIN, "The sine of an angle in radians.", FLOATS, SAME, "[0.0]", "[0.0]")
cos = _one(ops.COS, "The cosine of an angle in radians.", FLOATS, SAME, "[0.0]", "[1.0]")
tan = _one(ops.TAN, "The tangent of an angle in radians.", FLOATS, SAME, "[0.0]", "[0.0]")
asin = _one(ops.ASIN, "The angle in radians with this sine.", FLOATS, SAME, "[0.0, 2.0]", "[0.0, nan]")
acos = _one(ops.ACOS, "The angle in radians with this cosine.", FLOATS, SAME, "[1.0, 2.0]", "[0.0, nan]")
atan = _one(ops.ATAN, "The angle in radians with this tangent.", FLOATS, SAME, "[0.0]", "[0.0]")
sinh = _one(ops.SINH, "The hyperbolic sine.", FLOATS, SAME, "[0.0, pg.inf]", "[0.0, inf]")
cosh = _one(ops.COSH, "The hyperbolic cosine.", FLOATS, SAME, "[0.0, pg.inf]", "[1.0, inf]")
tanh = _one(ops.TANH, "The hyperbolic tangent.", FLOATS, SAME, "[0.0, pg.inf]", "[0.0, 1.0]")
asinh = _one(ops.ASINH, "The inverse of sinh.", FLOATS, SAME, "[0.0, pg.inf]", "[0.0, inf]")
acosh = _one(ops.ACOSH, "The inverse of cosh.", FLOATS, SAME, "[1.0, pg.inf]", "[0.0, inf]")
atanh = _one(ops.ATANH, "The inverse of tanh.", FLOATS, SAME, "[0.0, 1.0]", "[0.0, inf]")

# Signs and rounding
abs = _one(ops.ABS, "The absolute value; of a complex number its length.", NUMBERS, PART, "[-2.0, 3.0]", "[2.0, 3.0]")
negative = _one(ops.NEGATIVE, "The number with its sign changed.", NUMBERS, SAME, "[1, -2]", "[-1, 2]")
sign = _one(ops.SIGN, "-1, 0 or 1; of a complex z, z / abs(z).", NUMBERS, SAME, "[-2.0, 3.0]", "[-1.0, 1.0]")
signbit = _one(ops.SIGNBIT, "Whether negative or -0.0.", REAL_FLOATS, BOOL, "[-0.0, 0.0]", "[True, False]")
ceil = _one(ops.CEIL, "The least integer not below.", REALS, SAME, "[1.5, -1.5]", "[2.0, -1.0]")
floor = _one(ops.FLOOR, "The greatest integer not above.", REALS, SAME, "[1.5, -1.5]", "[1.0, -2.0]")
round = _one(ops.ROUND, "The nearest integer.", NUMBERS, SAME, "[0.5, 1.5, 1.7]", "[0.0, 2.0, 2.0]")
trunc = _one(ops.TRUNC, "The nearest integer toward 0.", REALS, SAME, "[1.5, -1.5]", "[1.0, -1.0]")
conj = _one(ops.CONJ, "The complex conjugate.", NUMBERS, SAME, "[1 + 2j]", "[(1-2j)]")

# Questions
isfinite = _one(ops.ISFINITE, "Whether neither infinite nor NaN.", ANY, BOOL, "[1.0, pg.inf]", "[True, False]")
isinf = _one(ops.ISINF, "Whether infinite.", ANY, BOOL, "[1.0, pg.inf]", "[False, True]")
isnan = _one(ops.ISNAN, "Whether NaN.", ANY, BOOL, "[1.0, pg.nan]", "[False, True]")

# Bits and truth
bitwise_invert = _one(ops.BITWISE_INVERT, "Every bit changed.", BITS, SAME, "[0, 5]", "[-1, -6]")
bitwise_and = _two(ops.BITWISE_AND, "The bits that both have.", BITS, MET, ("[6, 5]", "3"), "[2, 1]")
bitwise_or = _two(ops.BITWISE_OR, "The bits that one has.", BITS, MET, ("[6, 5]", "3"), "[7, 7]")
bitwise_xor = _two(ops.BITWISE_XOR, "The bits that only one has.", BITS, MET, ("[6, 5]", "3"), "[5, 6]")
bitwise_left_shift = _two(ops.BITWISE_LEFT_SHIFT, "The bits of x1, up by x2.", INTEGERS, MET, ("[3]", "2"), "[12]")
bitwise_right_shift = _two(ops.BITWISE_RIGHT_SHIFT, "The bits of x1, down by x2.", INTEGERS, MET, ("[5]", "2"), "[1]")
logical_not = _one(ops.LOGICAL_NOT, "Whether it does not hold.", TRUTH, BOOL, "[True, False]", "[False, True]")
logical_and = _two(ops.LOGICAL_AND, "Whether both hold.", TRUTH, BOOL, ("[True, False]", "True"), "[True, False]")
logical_or = _two(ops.LOGICAL_OR, "Whether one holds.", TRUTH, BOOL, ("[True, False]", "False"), "[True, False]")
logical_xor = _two(ops.LOGICAL_XOR, "Whether only one holds.", TRUTH, BOOL, ("[True]", "True"), "[False]")

# Arithmetic
add = _two(ops.ADD, "The sum.", ANY, MET, ("[1.0, 2.0]", "0.5"), "[1.5, 2.5]")
subtract = _two(ops.SUBTRACT, "The difference.", NUMBERS, MET, ("[1.0, 2.0]", "0.5"), "[0.5, 1.5]")
multiply = _two(ops.MULTIPLY, "The product.", ANY, MET, ("[1.0, 2.0]", "0.5"), "[0.5, 1.0]")
divide = _two(ops.DIVIDE, "The quotient.", FLOATS, MET, ("[1, 2]", "4"), "[0.25, 0.5]")
floor_divide = _two(ops.FLOOR_DIVIDE, "The quotient, rounded down.", REALS, MET, ("[7, -7]", "2"), "[3, -4]")
remainder = _two(ops.REMAINDER, "What floor_divide leaves.", REALS, MET, ("[7, -7]", "3"), "[1, 2]")
atan2 = _two(ops.ATAN2, "The angle in radians of the point (x2, x1).", REAL_FLOATS, MET, ("[0.0]", "1.0"), "[0.0]")
hypot = _two(ops.HYPOT, "sqrt(x1**2 + x2**2), without overflow.", REAL_FLOATS, MET, ("[3.0, 0.0]", "4.0"), "[5.0, 4.0]")
copysign = _two(ops.COPYSIGN, "x1 with the sign of x2.", REAL_FLOATS, MET, ("[1.0, -2.0]", "-0.0"), "[-1.0, -2.0]")
nextafter = _two(ops.NEXTAFTER, "The next number after x1 toward x2.", REAL_FLOATS, MET, ("[0.0]", "1.0"), "[5e-324]")
logaddexp = _two(ops.LOGADDEXP, "log(exp(x1) + exp(x2)), stable.", REAL_FLOATS, MET, ("[3.0]", "-pg.inf"), "[3.0]")
maximum = _ordered(_two(ops.MAXIMUM, "The larger; NaN if one is.", REALS, MET, ("[1.0, 3.0]", "2.0"), "[2.0, 3.0]"))
minimum = _ordered(_two(ops.MINIMUM, "The smaller; NaN if one is.", REALS, MET, ("[1.0, 3.0]", "2.0"), "[1.0, 2.0]"))

# Comparisons
equal = _two(ops.EQUAL, "Whether equal.", ANY, BOOL, ("[1, 2]", "2"), "[False, True]")
not_equal = _two(ops.NOT_EQUAL, "Whether not equal.", ANY, BOOL, ("[1, 2]", "2"), "[True, False]")
less = _ordered(_two(ops.LESS, "Whether x1 is below x2.", REALS, BOOL, ("[1, 2]", "2"), "[True, False]"))
less_equal = _ordered(_two(ops.LESS_EQUAL, "Whether x1 is not above x2.", REALS, BOOL, ("[1, 2]", "2"), "[True, True]"))
greater = _ordered(_two(ops.GREATER, "Whether x1 is above x2.", REALS, BOOL, ("[1, 2]", "1"), "[False, True]"))
greater_equal = _ordered(_two(ops.GREATER_EQUAL, "Whether x1 is not below x2.", REALS, BOOL, ("[1]", "2"), "[False]"))
# fmt: on

_real, _imag, _pow = unary(ops.REAL), unary(ops.IMAG), binary(ops.POW)


def positive(x: Array, /) -> Tensor:
    """The number itself, as another tensor.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.

    Returns
    -------
    Tensor, shape (...)
        Dtype of `x`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.positive(pg.asarray([1, -2])).tolist()
    [1, -2]
    """
    return copied(tensor(x))


def real(x: Array, /) -> Tensor:
    """The real part.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype; what is not complex is its own real part.

    Returns
    -------
    Tensor, shape (...)
        In the dtype of the parts of `x`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.real(pg.asarray([1 + 2j])).tolist()
    [1.0]
    """
    x = tensor(x)
    return _real(x) if x.dtype.kind == "c" else copied(x)


def imag(x: Array, /) -> Tensor:
    """The imaginary part.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype; that of what is not complex is 0.

    Returns
    -------
    Tensor, shape (...)
        In the dtype of the parts of `x`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.imag(pg.asarray([1 + 2j])).tolist()
    [2.0]
    """
    x = tensor(x)
    return _imag(x) if x.dtype.kind == "c" else zeros_like(x)


def pow(x1: Array, x2: Array, /) -> Tensor:
    """A base to the power of an exponent.

    Parameters
    ----------
    x1 : Tensor or Python scalar
        The base.
    x2 : Tensor or Python scalar
        The exponent. Shapes that broadcast.

    Returns
    -------
    Tensor
        In the dtype in which the operands meet.

    Raises
    ------
    DTypeError
        For integers to a negative integer power, which is no integer.
    ShapeError
        If the shapes do not broadcast.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.pow(pg.asarray([2.0, 3.0]), 2).tolist()
    [4.0, 9.0]
    >>> pg.pow(2, pg.asarray([0.0, 3.0])).tolist()
    [1.0, 8.0]
    """
    if type(x2) in SCALARS:
        return _power(tensor(x1), x2)
    if type(x1) in SCALARS:
        x2 = tensor(x2)
        its = dtypes.with_scalars(x2.dtype, [x1])
        dtypes.require_fit(x1, its)
        x1 = uploaded(x1, its, place(None, None, x2))
    if type(x2) is Tensor and x2.dtype.kind == "i" and tensor(x1).dtype.kind in "iu" and _has_negative(x2):
        raise DTypeError("pow: integers to a negative integer power are no integers; cast one with astype")
    return _pow(x1, x2)


def _has_negative(x: Tensor) -> bool:
    """Whether an element is known to be below zero."""
    known = type(x.by) is Kernels and x.by.name != "tracing"
    with current.scopes():
        return known and bool(x.by.backend.namespace.any(x.data < 0))


def _power(x: Tensor, exponent: Any) -> Tensor:
    dtype = dtypes.with_scalars(x.dtype, [+exponent])
    x = x if dtype is x.dtype else apply(ops.ASTYPE, x, dtype=dtype)
    if exponent == 2:
        return square(x)
    if dtype.kind in "iu" and exponent < 0:
        raise DTypeError(
            f"pow: {dtype.name} to the power {exponent} is no integer; write {float(exponent)}, or cast with astype"
        )
    return apply(ops.POW_SCALAR, x, exponent=+exponent)


def clip(x: Array, /, min: Array | None = None, max: Array | None = None) -> Tensor:
    """Each element held between two bounds.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype but complex.
    min, max : Tensor or Python scalar, optional
        The bounds; none where not said. Where `min` is above `max`, the result is `max`.

    Returns
    -------
    Tensor
        In the dtype in which `x` and the bounds meet. NaN where one of them is.

    Raises
    ------
    DTypeError
        For complex operands.
    ShapeError
        If the shapes do not broadcast.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.clip(pg.asarray([-2.0, 0.5, 2.0]), -1, 1).tolist()
    [-1.0, 0.5, 1.0]
    """
    x = tensor(x)
    bounds = [_bound(b, x) for b in (min, max)]
    dtype = result_type(x, *[b for b in bounds if b is not None])
    if dtype.kind == "c":
        raise DTypeError("clip: complex numbers have no order; clip abs, real or imag")
    if min is None and max is None:
        return copied(x)
    low, high = [extreme if b is None else b for b, extreme in zip(bounds, _extremes(dtype), strict=True)]
    return apply(ops.CLIP, x, low, high)


def _bound(given: Any, x: Tensor) -> Any:
    """A Python scalar, as weak as that are NumPy's; or a Tensor."""
    if isinstance(given, np.generic):
        return given.item()
    return given if given is None or type(given) in SCALARS else tensor(given, x)


def _extremes(dtype: DType) -> tuple[Scalar, Scalar]:
    """Bounds that bind nothing, so that one bound and two have one rule."""
    if dtype.kind == "f":
        return -math.inf, math.inf
    return (False, True) if dtype.kind == "b" else (iinfo(dtype).min, iinfo(dtype).max)
