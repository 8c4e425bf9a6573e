"""Every primitive, composed from the functions of the Python array API standard and operators alone.

What a backend does not bind natively runs from here, so a library that has a standard namespace and nothing else is a
backend at once. A composite is correct first: it costs several calls where a native kernel costs one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import dtypes, ops
from ..dtypes import SCALARS, DType
from ..errors import BackendError
from ..ops import Op
from .protocol import Backend, Kernel

__all__ = ["COMPOSITE", "DIRECT", "OPTIONAL", "kernels", "whole_index"]

Array = Any
Axis = int | tuple[int, ...] | None
Shape = tuple[int, ...]

# The standard's function of this name takes these operands and parameters as they are.
DIRECT: tuple[Op, ...] = (
    ops.ABS,
    ops.ACOS,
    ops.ACOSH,
    ops.ASIN,
    ops.ASINH,
    ops.ATAN,
    ops.ATANH,
    ops.BITWISE_INVERT,
    ops.CEIL,
    ops.COS,
    ops.COSH,
    ops.EXP,
    ops.EXPM1,
    ops.FLOOR,
    ops.ISFINITE,
    ops.ISINF,
    ops.ISNAN,
    ops.LOG,
    ops.LOG10,
    ops.LOG1P,
    ops.LOG2,
    ops.LOGICAL_NOT,
    ops.NEGATIVE,
    ops.ROUND,
    ops.SIGN,
    ops.SIGNBIT,
    ops.SIN,
    ops.SINH,
    ops.SQRT,
    ops.SQUARE,
    ops.TAN,
    ops.TANH,
    ops.TRUNC,
    ops.ADD,
    ops.ATAN2,
    ops.BITWISE_AND,
    ops.BITWISE_LEFT_SHIFT,
    ops.BITWISE_OR,
    ops.BITWISE_RIGHT_SHIFT,
    ops.BITWISE_XOR,
    ops.COPYSIGN,
    ops.DIVIDE,
    ops.EQUAL,
    ops.FLOOR_DIVIDE,
    ops.GREATER,
    ops.GREATER_EQUAL,
    ops.HYPOT,
    ops.LESS,
    ops.LESS_EQUAL,
    ops.LOGADDEXP,
    ops.LOGICAL_AND,
    ops.LOGICAL_OR,
    ops.LOGICAL_XOR,
    ops.MAXIMUM,
    ops.MINIMUM,
    ops.MULTIPLY,
    ops.NEXTAFTER,
    ops.NOT_EQUAL,
    ops.POW,
    ops.REMAINDER,
    ops.SUBTRACT,
    ops.WHERE,
    ops.ALL,
    ops.ANY,
    ops.ARGMAX,
    ops.ARGMIN,
    ops.MAX,
    ops.MEAN,
    ops.MIN,
    ops.MATMUL,
    ops.MATRIX_TRANSPOSE,
    ops.BROADCAST_TO,
    ops.FLIP,
    ops.PERMUTE_DIMS,
    ops.RESHAPE,
    ops.ROLL,
    ops.TRIL,
    ops.TRIU,
)


def kernels(backend: Backend) -> dict[Op, Kernel]:
    """A kernel for every primitive that has one.

    Parameters
    ----------
    backend : Backend
        Only its namespace, its dtypes and `asarray` are used.

    Returns
    -------
    dict
        op -> function of raw arrays. Where the namespace lacks a function, its kernel raises when it is called, so that
        the rest of a partial namespace can be used.

    Examples
    --------
    >>> import plugrad as pg
    >>> from plugrad import ops
    >>> from plugrad.backends import current, standard
    >>> table = standard.kernels(current.table("numpy").backend)
    >>> float(
    ...     table[ops.SUM](
    ...         current.table("numpy").backend.asarray([1.0, 2.0], None, None, None), axis=None, keepdims=False
    ...     )
    ... )
    3.0
    """
    xp = backend.namespace
    table: dict[Op, Kernel] = {op: getattr(xp, op.name, None) or _missing(backend.name, op) for op in DIRECT}
    table |= {op: partial(composite, xp) for op, composite in COMPOSITE.items()}
    table |= {op: found for op in OPTIONAL if (found := getattr(xp, op.name, None))}
    table |= {ops.ASTYPE: partial(_astype, backend), ops.PUT: partial(_put, backend)}
    if (erf := getattr(getattr(xp, "special", None), "erf", None)) is not None:
        table[ops.ERF] = erf
    table |= {
        op: _without_numbers(xp, op, table[op]) for op in table if op.promotion in MEETING and len(op.operands) > 1
    }
    if _gives_scalars(xp):
        table = {op: _as_arrays(xp, kernel) for op, kernel in table.items()}
    return table


def _missing(backend: str, op: Op) -> Kernel:
    def kernel(*args: Array, **params: Any) -> Array:
        raise BackendError(
            f"{op.name}: the namespace of the backend {backend} has no function of this name; "
            f"give it a kernel for ops.{op.name.upper()} in Backend.kernels()"
        )

    return kernel


MEETING = frozenset(("shared", "floating", "branches"))  # operands in one dtype, which a Python number takes


def _without_numbers(xp: Any, op: Op, kernel: Kernel) -> Kernel:
    """The kernel, also for Python numbers: the standard takes them beside an array only lately, and not everywhere."""
    first = op.promotion == "branches"  # the condition is no operand of theirs

    def call(*args: Array) -> Array:
        operands = args[first:]
        if any([type(a) in SCALARS for a in operands]):
            like = next((a for a in operands if type(a) not in SCALARS), None)
            dtype, device = (None, args[0].device) if like is None else (like.dtype, like.device)
            operands = tuple([xp.asarray(a, dtype=dtype, device=device) if type(a) in SCALARS else a for a in operands])
        return kernel(*args[:first], *operands)

    return call


def _gives_scalars(xp: Any) -> bool:
    """Whether a 0-d result is no array: NumPy's functions give NumPy scalars."""
    zero = xp.zeros(())
    return not isinstance(xp.add(zero, zero), type(zero))


def _as_arrays(xp: Any, kernel: Kernel) -> Kernel:
    def call(*args: Array, **params: Any) -> Array:
        out = kernel(*args, **params)
        return tuple(map(xp.asarray, out)) if type(out) is tuple else xp.asarray(out)

    return call


def _is_complex(x: Array) -> bool:
    return x.dtype in dtypes.COMPLEX


def _parts(xp: Any, x: Array) -> tuple[Array, Array | None]:
    """Real and imaginary part, None for a real `x`: the standard's `real` and `imag` take complex input only."""
    return (xp.real(x), xp.imag(x)) if _is_complex(x) else (x, None)


# ---------------------------------------------------------------------------------------------------------- elementwise


def _angle(xp: Any, x: Array) -> Array:
    re, im = _parts(xp, x)
    return xp.atan2(xp.zeros_like(re) if im is None else im, re)


def _conj(xp: Any, x: Array) -> Array:
    if type(x) in SCALARS:  # an operand that a rule had saved
        return x.conjugate()
    return xp.conj(x) if _is_complex(x) else x


def _real(xp: Any, x: Array) -> Array:
    return _parts(xp, x)[0]


def _imag(xp: Any, x: Array) -> Array:
    im = _parts(xp, x)[1]
    return xp.zeros_like(x) if im is None else im


# W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969) 631-637, in the digits
# of his CALERF: erf(x) = x P(x^2) / Q(x^2) up to 0.46875, erfc(x) = exp(-x^2) P(x) / Q(x) beyond; highest power first.
ERF_NUMERATOR = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3,
)  # fmt: skip
ERF_DENOMINATOR = (
    1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3,
)  # fmt: skip
ERFC_NUMERATOR = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1, 2.98635138197400131e2,
    8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
ERFC_DENOMINATOR = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    out = x * coefficients[0]
    for c in coefficients[1:-1]:
        out = (out + c) * x
    return out + coefficients[-1]


def _erf(xp: Any, x: Array) -> Array:
    """Within 3 eps of the true value; real dtypes.

    Cody's third interval is left out: from 4 on erfc is below 2e-8, so that the second's few digits of it suffice, and
    from 6 on erf is 1 in double precision.
    """
    size = xp.abs(x)
    t = xp.where(size > 6.0, xp.full_like(size, 6.0), size)
    square = t * t
    near = t * (_polynomial(ERF_NUMERATOR, square) / _polynomial(ERF_DENOMINATOR, square))
    far = 1.0 - xp.exp(-square) * (_polynomial(ERFC_NUMERATOR, t) / _polynomial(ERFC_DENOMINATOR, t))
    out = xp.where(t <= 0.46875, near, far)
    return xp.where(x < 0.0, -out, out)


def _pow_scalar(xp: Any, x: Array, exponent: complex) -> Array:
    return x**exponent


def _reciprocal(xp: Any, x: Array) -> Array:
    return 1.0 / x


def _relu(xp: Any, x: Array) -> Array:
    return xp.where(x <= 0, xp.zeros_like(x), x)  # not maximum: whether 0 or -0 is larger is open


def _sigmoid(xp: Any, x: Array) -> Array:
    right = _real(xp, x) >= 0
    e = xp.exp(xp.where(right, -x, x))  # never overflows
    return xp.where(right, xp.ones_like(e), e) / (1.0 + e)


def _bce_with_logits(xp: Any, x: Array, target: Array) -> Array:
    return _relu(xp, x) - x * target + xp.log1p(xp.exp(-xp.abs(x)))


def _clip(xp: Any, x: Array, low: Array, high: Array) -> Array:
    return xp.minimum(xp.maximum(x, low), high)  # xp.clip leaves low > high open


# ----------------------------------------------------------------------------------------------------------- reductions


def _sum(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return xp.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def _prod(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return xp.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def _count_nonzero(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return xp.sum(xp.astype(xp.astype(x, xp.bool), xp.int64), axis=axis, keepdims=keepdims, dtype=xp.int64)


def _var(xp: Any, x: Array, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    re, im = _parts(xp, x)
    of = partial(xp.var, axis=axis, correction=correction, keepdims=keepdims)
    return of(re) if im is None else of(re) + of(im)


def _std(xp: Any, x: Array, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    return xp.sqrt(_var(xp, x, axis, correction, keepdims))


def _logsumexp(xp: Any, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    if 0 in x.shape:  # no largest element; the sum is 0
        return xp.log(_sum(xp, x, axis, keepdims))
    top = xp.max(_real(xp, x), axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))  # inf - inf would be NaN
    out = xp.log(_sum(xp, xp.exp(x - top), axis, True)) + top
    return out if keepdims else xp.reshape(out, _reduced(x.shape, axis))


def _reduced(shape: Shape, axis: Axis) -> Shape:
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(n for i, n in enumerate(shape) if i not in axes)


# ----------------------------------------------------------------------------------------------------------- along axes


def _below_top(xp: Any, x: Array, axis: int) -> Array:
    """`x` less its largest element along `axis`, so that exp neither overflows nor loses everything."""
    return x - xp.max(x, axis=axis, keepdims=True) if x.shape[axis] else x


def _softmax(xp: Any, x: Array, axis: int) -> Array:
    e = xp.exp(_below_top(xp, x, axis))
    return e / _sum(xp, e, axis, True)


def _log_softmax(xp: Any, x: Array, axis: int) -> Array:
    z = _below_top(xp, x, axis)
    return z - xp.log(_sum(xp, xp.exp(z), axis, True))


def _normalize(xp: Any, x: Array, axis: tuple[int, ...], eps: float) -> Array:
    centred = x - xp.mean(x, axis=axis, keepdims=True)
    return centred / xp.sqrt(xp.mean(centred * centred, axis=axis, keepdims=True) + eps)


# --------------------------------------------------------------------------------------------------------- manipulation


def _astype(backend: Backend, x: Array, dtype: DType) -> Array:
    xp = backend.namespace
    return xp.astype(x if dtype.kind == "c" else _real(xp, x), backend.raw_dtype(dtype), copy=False)


def _concat(xp: Any, *arrays: Array, axis: int, sizes: Shape = ()) -> Array:
    return xp.concat(arrays, axis=axis)


def _unstack(xp: Any, x: Array, axis: int) -> tuple[Array, ...]:
    return tuple(x[(*(slice(None),) * axis, i, ...)] for i in range(x.shape[axis]))


# ------------------------------------------------------------------------------------------------------------- indexing


def whole_index(index: Any, shape: Shape) -> tuple[int | slice | None, ...]:
    """A basic index as the standard wants it: every axis named, no ellipsis, no slice that reaches out of bounds."""
    index = index if isinstance(index, tuple) else (index,)
    named = sum(i is not None and i is not Ellipsis for i in index)
    at = next((k for k, i in enumerate(index) if i is Ellipsis), len(index))
    full = (*index[:at], *(slice(None),) * (len(shape) - named), *index[at + 1 :])
    sizes = iter(shape)
    return tuple(None if i is None else _within(i, next(sizes, 0)) for i in full)


def _within(i: Any, size: int) -> int | slice:
    if not isinstance(i, slice):
        return operator.index(i)
    r = range(*i.indices(size))
    return slice(r.start, r.stop if r.stop >= 0 else None, r.step) if r else slice(0, 0)


def _region(index: tuple[int | slice | None, ...], shape: Shape) -> Shape:
    """The shape of what a whole basic index names."""
    sizes = iter(shape)
    parts = [(i, 1 if i is None else next(sizes)) for i in index]
    return tuple(len(range(n)[i]) if isinstance(i, slice) else n for i, n in parts if not isinstance(i, int))


def _getitem(xp: Any, x: Array, index: Any) -> Array:
    return x[whole_index(index, x.shape)]


def _spread(xp: Any, value: Any, like: Array, shape: Shape) -> Array:
    """A value to write, in full."""
    if type(value) in SCALARS:
        return xp.full(shape, value, dtype=like.dtype, device=like.device)
    return xp.broadcast_to(value, shape)


def _put(backend: Backend, x: Array, value: Any, index: Any) -> Array:
    xp = backend.namespace
    whole = whole_index(index, x.shape)
    plain = tuple(i for i in whole if i is not None)
    if len(plain) < len(whole):  # a new axis may be read, not written
        value = xp.reshape(_spread(xp, value, x, _region(whole, x.shape)), _region(plain, x.shape))
    out = xp.asarray(x, copy=True)
    try:
        out[plain] = value
    except TypeError:  # the library's arrays cannot be written: the standard lets them
        return _put_by_where(backend, x, value, plain)
    return out


def _put_by_where(backend: Backend, x: Array, value: Any, index: Any) -> Array:
    """The same without a write: the host says which element of the value goes where."""
    xp = backend.namespace
    source = np.full(x.shape, -1)
    region = source[index].shape
    if 0 in region:
        return x
    source[index] = np.arange(source[index].size).reshape(region)
    flat = backend.asarray(np.maximum(source, 0).reshape(-1), None, backend.device_of(x), None)
    here = backend.asarray(source >= 0, None, backend.device_of(x), None)
    rows = xp.take(xp.reshape(_spread(xp, value, x, region), (-1,)), flat, axis=0)
    return xp.where(here, xp.reshape(rows, x.shape), x)


def _positions(xp: Any, indices: Array, size: int) -> Array:
    """Indices in one row and counted from the front; one out of range stays so, for the library to notice."""
    flat = xp.astype(xp.reshape(indices, (-1,)), xp.int64, copy=False)
    flat = xp.where(flat < 0, flat + size, flat)
    return xp.where(flat < 0, xp.full_like(flat, size), flat)


def _gather(xp: Any, x: Array, indices: Array) -> Array:
    rows = xp.take(x, _positions(xp, indices, x.shape[0]), axis=0)
    return xp.reshape(rows, tuple(indices.shape) + tuple(x.shape[1:]))


def _grouped(xp: Any, x: Array, value: Any, indices: Array) -> tuple[Array, Array, Array]:
    """The rows to write, ordered by where they go, and for each row of `x` where its own begin and end."""
    size, rest = x.shape[0], tuple(x.shape[1:])
    every = xp.arange(size, dtype=xp.int64, device=x.device)
    at = xp.take(every, _positions(xp, indices, size), axis=0)  # the library's check of the bounds
    order = xp.argsort(at, stable=True)
    rows = xp.reshape(_spread(xp, value, x, tuple(indices.shape) + rest), (at.shape[0], *rest))
    at = xp.take(at, order, axis=0)
    return xp.take(rows, order, axis=0), xp.searchsorted(at, every), xp.searchsorted(at, every, side="right")


def _chosen(xp: Any, rows: Array, at: Array, valid: Array) -> tuple[Array, Array]:
    """Row `at[i]` for every i where that is valid, and where that is, in as many dimensions as the rows have."""
    found = xp.take(rows, xp.where(valid, at, xp.zeros_like(at)), axis=0)
    return xp.reshape(valid, (*valid.shape, *(1,) * (found.ndim - 1))), found


def _scatter(xp: Any, x: Array, value: Any, indices: Array) -> Array:
    """Of repeated indices the last counts."""
    if 0 in indices.shape:
        return xp.asarray(x, copy=True)
    rows, first, end = _grouped(xp, x, value, indices)
    return xp.where(*_chosen(xp, rows, end - 1, end > first), x)


def _scatter_add(xp: Any, x: Array, value: Any, indices: Array) -> Array:
    """Slow: one round for as many times as the most frequent index repeats, each of which reads the whole of `x`.

    Never a sum against a mask of zeros, which is NaN at infinity; the order of additions is that of the indices.
    """
    if 0 in indices.shape:
        return xp.asarray(x, copy=True)
    rows, first, end = _grouped(xp, x, value, indices)
    for k in range(int(xp.max(end - first))):
        here, found = _chosen(xp, rows, first + k, first + k < end)
        x = xp.where(here, x + found, x)
    return x


COMPOSITE: dict[Op, Callable[..., Any]] = {  # functions of (xp, *operands, **parameters)
    ops.ANGLE: _angle,
    ops.CONJ: _conj,
    ops.ERF: _erf,
    ops.IMAG: _imag,
    ops.POW_SCALAR: _pow_scalar,
    ops.REAL: _real,
    ops.RECIPROCAL: _reciprocal,
    ops.RELU: _relu,
    ops.SIGMOID: _sigmoid,
    ops.BCE_WITH_LOGITS: _bce_with_logits,
    ops.CLIP: _clip,
    ops.COUNT_NONZERO: _count_nonzero,
    ops.LOGSUMEXP: _logsumexp,
    ops.PROD: _prod,
    ops.STD: _std,
    ops.SUM: _sum,
    ops.VAR: _var,
    ops.LOG_SOFTMAX: _log_softmax,
    ops.NORMALIZE: _normalize,
    ops.SOFTMAX: _softmax,
    ops.CONCAT: _concat,
    ops.UNSTACK: _unstack,
    ops.GATHER: _gather,
    ops.GETITEM: _getitem,
    ops.SCATTER: _scatter,
    ops.SCATTER_ADD: _scatter_add,
}
OPTIONAL: tuple[Op, ...] = (ops.COUNT_NONZERO, ops.RECIPROCAL, ops.UNSTACK)  # in newer versions of the standard
