"""Wrong kernels: values at the ends, some shapes alone, dtypes, memory, determinism."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from plugrad import dtypes, ops
from plugrad.ops import Op

from .mutations import after, become, kernel, native, off_by, only, pull, push, result
from .records import Saboteur, of_kind, saboteur

__all__ = ["ALL"]

Array = Any


def _instead(what: str, op: Op, f: Callable[..., Any]) -> Saboteur:
    """Another kernel."""
    return saboteur(f"{op.name}: {what}", kernel(op, become(f)), ops=op, order=0)


def _where(what: str, op: Op, where: Callable[..., Any]) -> Saboteur:
    """Off by a thousandth for some operands and parameters."""
    return saboteur(f"{op.name}: off {what}", kernel(op, only(where, result(off_by))), ops=op, order=0)


# ---------------------------------------------------------------------------------------------------------- at the ends


def _naive_logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    return np.asarray(np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)))


def _naive_softmax(x: Array, axis: int) -> Array:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def _reduced(ufunc: np.ufunc) -> Callable[..., Any]:
    return lambda x, axis, keepdims: np.asarray(ufunc.reduce(x, axis=axis, keepdims=keepdims))


def _down(x: Array, axis: int, descending: bool) -> Array:
    found = np.argsort(x, axis, kind="stable")
    return np.flip(found, axis) if descending else found


def _backwards_at_ties(x: Array, axis: int, descending: bool) -> Array:
    n = x.shape[axis] - 1
    return (
        n - np.flip(np.flip(x, axis).argsort(axis, "stable"), axis)
        if descending
        else n - np.flip(x, axis).argsort(axis, "stable")
    )


VALUES = of_kind(
    "a wrong value at an end",
    _instead("NaN is swallowed", ops.MAXIMUM, np.fmax),
    _instead("NaN is swallowed", ops.MIN, _reduced(np.fmin)),
    _instead("NaN is swallowed", ops.RELU, lambda x: np.fmax(x, 0)),
    _instead("the sign of NaN is 0", ops.SIGN, lambda x: np.where(np.isnan(x), 0, np.sign(x)).astype(x.dtype)),
    _instead("overflows", ops.LOGSUMEXP, _naive_logsumexp),
    _instead("overflows", ops.SOFTMAX, _naive_softmax),
    _instead("overflows", ops.LOGADDEXP, lambda a, b: np.log(np.exp(a) + np.exp(b))),
    _instead("overflows", ops.BCE_WITH_LOGITS, lambda x, target: np.log(1 + np.exp(x)) - x * target),
    _instead("no sign of -0", ops.COPYSIGN, lambda a, b: np.where(b < 0, -np.abs(a), np.abs(a))),
    _instead("no sign of -0", ops.SIGNBIT, lambda x: x < 0),
    _instead("of |a|", ops.POW, lambda a, b: np.power(np.abs(a), b)),
    _instead("towards 0", ops.FLOOR_DIVIDE, lambda a, b: np.trunc(np.true_divide(a, b)).astype(np.result_type(a, b))),
    _instead("the sign of a", ops.REMAINDER, np.fmod),
    _instead(
        "halves away from 0",
        ops.ROUND,
        lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x) if x.dtype.kind == "f" else np.round(x),
    ),
    _instead("0 log 0 is NaN", ops.XLOGY, lambda a, b: a * np.log(b)),
    _instead("0 log 0 is NaN", ops.ENTR, lambda x: -x * np.log(x)),
    _instead("-inf is finite", ops.ISFINITE, lambda x: ~(np.isnan(x) | (x == np.inf))),
    _instead("low, not high, where they cross", ops.CLIP, lambda x, low, high: np.maximum(np.minimum(x, high), low)),
    _instead("ties turned by descending", ops.ARGSORT, _down),
    _instead("digits lost at 0", ops.EXPM1, lambda x: np.exp(x) - 1),
    _instead(
        "NaN where the sum is of nothing",
        ops.MEAN,
        lambda x, axis, keepdims: np.nan_to_num(np.mean(x, axis=axis, keepdims=keepdims)),
    ),
    saboteur(
        "sqrt: the other branch below 0",
        kernel(ops.SQRT, only(lambda x: x.dtype.kind == "c", result(np.conj))),
        ops=ops.SQRT,
        order=0,
    ),
)


# ------------------------------------------------------------------------------------------------------ of some shapes


def _negative(index: Any) -> bool:
    parts = index if type(index) is tuple else (index,)
    return any((i.step or 1) < 0 if type(i) is slice else type(i) is int and i < 0 for i in parts)


def _many(n: int) -> Callable[..., bool]:
    return lambda *operands, **_: max(x.size for x in operands if isinstance(x, np.ndarray)) >= n


def _strided(*operands: Any, **_: Any) -> bool:
    return any(isinstance(x, np.ndarray) and not x.flags.c_contiguous for x in operands)


SHAPES = of_kind(
    "wrong for some shapes or parameters alone",
    _where("of 0-d", ops.EXP, lambda x: x.ndim == 0),
    saboteur(
        "cos: of 0-d it is 1-d",
        kernel(ops.COS, only(lambda x: x.ndim == 0, result(lambda y: np.reshape(y, (1,))))),
        ops=ops.COS,
        order=0,
    ),
    saboteur(
        "prod: of nothing 0",
        kernel(ops.PROD, only(lambda x, **_: not x.size, result(np.zeros_like))),
        ops=ops.PROD,
        order=0,
    ),
    saboteur(
        "all: of nothing False",
        kernel(ops.ALL, only(lambda x, **_: not x.size, result(lambda y: np.zeros_like(y)))),
        ops=ops.ALL,
        order=0,
    ),
    saboteur(
        "matmul: of nothing to sum",
        kernel(ops.MATMUL, only(lambda a, b: not a.shape[-1], result(lambda y: y + 1))),
        ops=ops.MATMUL,
        order=0,
    ),
    _where("of rank 4", ops.SUM, lambda x, **_: x.ndim > 3),
    _where("of rank 4", ops.ERF, lambda x: x.ndim > 3),
    _where("of elements apart", ops.TANH, _strided),
    _where("of elements apart", ops.CHOLESKY, _strided),
    _where("of elements apart", ops.FFT, _strided),
    _where("of negative places", ops.GETITEM, lambda x, index: _negative(index)),
    _instead("negative places are the first", ops.GATHER, lambda x, indices: x.take(np.maximum(indices, 0), axis=0)),
    _where("of negative places", ops.TAKE_ALONG_AXIS, lambda x, indices, axis: (indices < 0).any()),
    _where("below the diagonal", ops.TRIU, lambda x, k: k < 0),
    _where("along the first axis", ops.SOFTMAX, lambda x, axis: axis == 0 and x.ndim > 1),
    _where("along an inner axis", ops.CUMULATIVE_SUM, lambda x, axis: 0 < axis < x.ndim - 1),
    _where(
        "of axes that are not in order",
        ops.VAR,
        lambda x, axis, **_: type(axis) is tuple and list(axis) != sorted(axis),
    ),
    _where("of a fractional correction", ops.STD, lambda x, correction, **_: correction % 1),
    _instead(
        "the first of several axes", ops.ROLL, lambda x, shift, axis: np.roll(x, shift[:1], axis[:1]) if axis else x
    ),
    _where("of an odd length", ops.IRFFT, lambda x, size, **_: size % 2),
    _where("with more rows than columns", ops.QR, lambda x, mode: x.shape[-2] > x.shape[-1]),
    _where("with groups", ops.CONV, lambda x, w, geometry: geometry.groups > 1),
    _where(
        "with unequal padding", ops.CONV_INPUT, lambda g, w, size, geometry: any(a != b for a, b in geometry.padding)
    ),
    _where("with a number on the left", ops.SUBTRACT, lambda a, b: not isinstance(a, np.ndarray) and type(a) is float),
    _where("of stacks that broadcast", ops.SOLVE, lambda a, b: a.shape[:-2] != b.shape[:-2]),
    _where("of order 0", ops.IV, lambda x, n: n == 0),
    *(
        saboteur(
            f"{op.name}: off from {n} elements on",
            kernel(op, only(_many(n), result(off_by))),
            ops=op,
            asks="size/*",
            order=0,
        )
        for op, n in ((ops.ADD, 200), (ops.SUM, 200), (ops.MATMUL, 200), (ops.ARGSORT, 200), (ops.CONV, 200))
    ),
    *(
        saboteur(
            f"{op.name}: a native pull off from 200 elements on",
            native(op, lambda p: after(lambda g, at: g * (1.001 if g.size >= 200 else 1))(p)),
            ops=op,
            asks="size/*",
        )
        for op in (ops.TANH, ops.SUM)
    ),
)


# -------------------------------------------------------------------------------------------------------------- dtypes


def _in_single(k: Callable[..., Any]) -> Callable[..., Any]:
    """Computed in single precision, and given back as if it were not."""

    def run(*operands: Any, **params: Any) -> Any:
        narrow = [
            x.astype({"f": "f4", "c": "c8"}.get(x.dtype.kind, x.dtype)) if isinstance(x, np.ndarray) else x
            for x in operands
        ]
        y = k(*narrow, **params)
        return np.asarray(y).astype(k(*operands, **params).dtype)

    return run


def _to(dtype: str, *kinds: str) -> Any:
    return result(lambda y: np.asarray(y, dtype) if not kinds or np.asarray(y).dtype.name in kinds else y)


def _drifts(what: str, op: Op, change: Any) -> Saboteur:
    return saboteur(f"{op.name}: {what}", kernel(op, change), ops=op, asks=("gradients/*", "promotion/*"), order=0)


DTYPES = of_kind(
    "dtype drift",
    *(
        _drifts("computed in single precision", op, _in_single)
        for op in (ops.EXP, ops.MATMUL, ops.DET, ops.GAMMALN, ops.RFFT)
    ),
    *(_drifts("float32 of float64", op, _to("float32", "float64")) for op in (ops.SIN, ops.CUMULATIVE_PROD, ops.WHERE)),
    *(_drifts("float64 of float32", op, _to("float64", "float32")) for op in (ops.MEAN, ops.SOLVE, ops.DIGAMMA)),
    *(_drifts("complex128 of complex64", op, _to("complex128", "complex64")) for op in (ops.FFT, ops.EXP)),
    _drifts("int32 of places", ops.ARGMAX, _to("int32")),
    _drifts("int32 of places", ops.SEARCHSORTED, _to("int32")),
    _drifts("numbers for truth values", ops.LESS, _to("int8")),
    _drifts("complex of complex", ops.ABS, only(lambda x: x.dtype.kind == "c", _to("complex128"))),
    _drifts("complex of complex", ops.EIGVALSH, only(lambda x: x.dtype.kind == "c", _to("complex128"))),
    _drifts("the real part of complex", ops.MULTIPLY, result(lambda y: np.real(y))),
    saboteur(
        "sum: int8 stays int8",
        kernel(
            ops.ASTYPE, lambda k: lambda x, dtype: x if x.dtype == np.int8 and dtype.kind == "i" else k(x, dtype=dtype)
        ),
        ops=ops.SUM,
        asks="promotion/*",
        order=None,
    ),
    *(
        saboteur(
            f"{op.name}: a gradient in float64",
            pull(op, after(lambda g, at: at.xp.astype(g, dtype=dtypes.float64))),
            ops=op,
            asks=("gradients/*", "promotion/*"),
        )
        for op in (ops.LOG1P, ops.CONCAT)
    ),
    saboteur(
        "rfft: a tangent in double precision", push(ops.RFFT, lambda p: lambda *handed: _wide(p(*handed))), ops=ops.RFFT
    ),
    saboteur(
        "multiply: the gradient of a real operand stays complex",
        pull(ops.ASTYPE, lambda p: lambda xp, ct, y, args, params, edge: ct),
        ops=(ops.ASTYPE, ops.MULTIPLY),
    ),
)


def _wide(t: Any) -> Any:
    from plugrad.tensor import apply

    return apply(ops.ASTYPE, t, dtype=dtypes.complex128)


# -------------------------------------------------------------------------------------------------------------- memory


def _into_operand(k: Callable[..., Any]) -> Callable[..., Any]:
    """The result is written over the first operand where it fits."""

    def run(x: Array, *others: Any, **params: Any) -> Any:
        y = np.asarray(k(x, *others, **params))
        if x.shape == y.shape and x.dtype == y.dtype and x.flags.writeable:
            x[...] = y
            return x
        return y

    return run


def _scratch(k: Callable[..., Any]) -> Callable[..., Any]:
    """Results of one shape and dtype share a buffer."""
    buffers: dict[Any, Array] = {}

    def run(*operands: Any, **params: Any) -> Any:
        y = np.asarray(k(*operands, **params))
        out = buffers.setdefault((y.shape, y.dtype), np.empty_like(y))
        out[...] = y
        return out

    return run


def _spoils(k: Callable[..., Any]) -> Callable[..., Any]:
    """The first operand is overwritten when the result is there."""

    def run(x: Array, *others: Any, **params: Any) -> Any:
        y = k(x, *others, **params)
        y = tuple(map(np.array, y)) if type(y) is tuple else np.array(y)
        if x.flags.writeable and x.dtype.kind in "fc":
            x[...] = 0
        return y

    return run


def _memory(what: str, op: Op, change: Any) -> Saboteur:
    return saboteur(f"{op.name}: {what}", kernel(op, change), ops=op, asks="aliasing/*", order=None)


def _over_the_cotangent(p: Any) -> Any:
    def run(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        g = p(xp, ct, y, args, params, edge)
        if isinstance(ct, np.ndarray) and ct.flags.writeable:
            ct[...] = 0
        return g

    return run


MEMORY = of_kind(
    "aliasing",
    *(_memory("writes over its operand", op, _into_operand) for op in (ops.NEGATIVE, ops.ADD, ops.CUMULATIVE_SUM)),
    *(_memory("spoils its operand", op, _spoils) for op in (ops.INV, ops.SUM, ops.SVD, ops.RFFT)),
    *(_memory("one buffer for all results", op, _scratch) for op in (ops.SIN, ops.MULTIPLY, ops.MATMUL)),
    _memory("writes in place", ops.PUT, lambda k: lambda x, value, index: _put(x, value, index)),
    _memory("adds in place", ops.SCATTER_ADD, lambda k: lambda x, value, indices: _add(x, value, indices)),
    saboteur(
        "tanh: a native pull spoils the cotangent",
        native(ops.TANH, _over_the_cotangent),
        ops=ops.TANH,
        asks="aliasing/*",
    ),
    saboteur(
        "mean: a native pull spoils the cotangent",
        native(ops.MEAN, _over_the_cotangent),
        ops=ops.MEAN,
        asks="aliasing/*",
    ),
    saboteur("exp: the pull spoils the cotangent", pull(ops.EXP, _over_the_cotangent), ops=ops.EXP, asks="aliasing/*"),
)


def _put(x: Array, value: Any, index: Any) -> Array:
    if not x.flags.writeable:
        x = x.copy()
    x[index] = value
    return x


def _add(x: Array, value: Any, indices: Any) -> Array:
    np.add.at(x, indices, value)
    return x


# ----------------------------------------------------------------------------------- determinism, threads, what is kept

_clock = itertools.count(1)


def _jittered(y: Any) -> Any:
    """A rounding more or less, another every time."""
    y = np.asarray(y)
    return np.asarray(y * y.dtype.type(1 + next(_clock) % 3 * np.finfo(y.dtype).eps)) if y.dtype.kind in "fc" else y


def _shared(k: Callable[..., Any]) -> Callable[..., Any]:
    """All threads of a process write their results into one buffer before they take them."""
    buffers: dict[Any, Array] = {}

    def run(*operands: Any, **params: Any) -> Any:
        y = np.asarray(k(*operands, **params))
        out = buffers.setdefault((y.shape, y.dtype), np.empty_like(y))
        out[...] = y
        _rest()
        return out.copy()

    return run


def _rest() -> None:
    """Another thread runs, if there is one."""
    if threading.active_count() > 1:
        threading.Event().wait(1e-3)


def _last_operands(k: Callable[..., Any]) -> Callable[..., Any]:
    """What it is called with is put down, and taken up again."""
    down: dict[str, Any] = {}

    def run(*operands: Any, **params: Any) -> Any:
        down["operands"] = operands
        _rest()
        return k(*down["operands"], **params)

    return run


def _keeps(k: Callable[..., Any]) -> Callable[..., Any]:
    """All operands that there ever were."""
    kept: list[Any] = []

    def run(*operands: Any, **params: Any) -> Any:
        kept.append(operands)
        return k(*operands, **params)

    return run


def _remembers(k: Callable[..., Any]) -> Callable[..., Any]:
    """The last result."""
    kept: list[Any] = []

    def run(*operands: Any, **params: Any) -> Any:
        kept[:] = [k(*operands, **params)]
        return kept[0]

    return run


def _of_all(what: str, family: str, change: Any, *primitives: Op) -> tuple[Saboteur, ...]:
    """One change of several kernels."""
    return tuple(
        saboteur(f"{op.name}: {what}", kernel(op, change), ops=op, asks=f"{family}/*", order=None) for op in primitives
    )


DETERMINISM = of_kind(
    "nondeterminism",
    *_of_all("a rounding more or less", "determinism", result(_jittered), ops.SUM, ops.MATMUL, ops.SCATTER_ADD),
    *(
        saboteur(
            f"{op.name}: a gradient with a rounding more or less",
            pull(op, after(lambda g, at: g * (1 + next(_clock) % 3 * 2.0**-52))),
            ops=op,
            asks="determinism/*",
        )
        for op in (ops.TANH, ops.CONV)
    ),
)

THREADS = of_kind(
    "a thread race",
    *_of_all("one buffer for all threads", "threads", _shared, ops.EXP, ops.MATMUL, ops.FFT),
    *_of_all("operands are put down", "threads", _last_operands, ops.TANH, ops.CUMULATIVE_SUM, ops.SVD),
)

LEAKS = of_kind(
    "a leak",
    *_of_all("keeps its operands", "leaks", _keeps, ops.EXP, ops.CHOLESKY),
    *_of_all("keeps its last result", "leaks", _remembers, ops.SIN, ops.CONV),
)

ALL: tuple[Saboteur, ...] = (
    *(row._replace(asks=("gradients/*", "extremes/*")) for row in VALUES),
    *SHAPES,
    *DTYPES,
    *MEMORY,
    *DETERMINISM,
    *THREADS,
    *LEAKS,
)
