"""torch's own function for each primitive, wherever its meaning is that of the standard.

array-api-compat's wrappers cost 2 to 8 times a call of these on small tensors, so none is used. A kernel never writes
to an operand, runs on the meta device (shapes without values), and gives what NumPy gives where torch's habits differ:
the comments say where.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor

from plugrad import ops
from plugrad.backends.protocol import Kernel, Pulls
from plugrad.backends.standard import whole_index
from plugrad.dtypes import DTYPES, SCALARS, DType
from plugrad.errors import DeviceError
from plugrad.ops import Op

__all__ = ["KERNELS", "PULLS", "RAW", "write"]

Axis = int | tuple[int, ...] | None
Shape = tuple[int, ...]

RAW: dict[DType, torch.dtype] = {d: getattr(torch, d.name) for d in DTYPES.values() if hasattr(torch, d.name)}

# torch gathers, sums and compares none of these; two's complement has the same bits
SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


def numbers(function: Callable[..., Tensor]) -> Kernel:
    """The function, also for Python numbers among its operands, which torch's refuses; 0.1 us where there are none."""

    def kernel(*args: Any) -> Tensor:
        try:
            return function(*args)
        except (TypeError, AttributeError):
            like = next((a for a in args if isinstance(a, Tensor)), None)
            if like is None or all([isinstance(a, Tensor) for a in args]):
                raise
            return function(*[a if isinstance(a, Tensor) else like.new_full((), a) for a in args])

    return kernel


# --------------------------------------------------------------------------------------------------------- elementwise


def _angle(x: Tensor) -> Tensor:
    return torch.angle(x) if x.is_complex() else torch.atan2(torch.zeros_like(x), x)  # torch's own gives 0 at -0.0


def _conj(x: Any) -> Any:
    """At once: torch's lazy conjugate cannot be exported. A number is an operand that a rule had saved."""
    return x.conjugate() if type(x) in SCALARS else torch.conj_physical(x)


def _imag(x: Tensor) -> Tensor:
    return x.imag if x.is_complex() else torch.zeros_like(x)


def _round(x: Tensor) -> Tensor:
    return torch.complex(torch.round(x.real), torch.round(x.imag)) if x.is_complex() else torch.round(x)


def _sign(x: Tensor) -> Tensor:
    y = torch.sgn(x)
    return torch.where(x == x, y, x) if x.is_floating_point() else y  # torch's own makes NaN 0


def _expm1(x: Tensor) -> Tensor:
    y = torch.expm1(x)
    if not x.is_complex():
        return y
    return torch.where(torch.isfinite(x) & (x != 0), y, torch.exp(x) - 1)  # torch's own has NaN at infinities, -0 at 0


def _log1p(x: Tensor) -> Tensor:
    y = torch.log1p(x)
    return torch.where(torch.isfinite(x), y, torch.log(x)) if x.is_complex() else y  # the same


def _remainder(a: Tensor, b: Tensor) -> Tensor:
    y = torch.remainder(a, b)
    return torch.copysign(y, b) if y.is_floating_point() else y  # of torch's own a zero has the sign of a


def _bce_with_logits(x: Tensor, target: Tensor) -> Tensor:
    if x.shape != target.shape:
        shape = torch.broadcast_shapes(x.shape, target.shape)  # type: ignore[no-untyped-call]
        x, target = x.expand(shape), target.expand(shape)
    return torch.binary_cross_entropy_with_logits(x, target, None, None, 0)


def _where(condition: Any, a: Any, b: Any) -> Tensor:
    if type(a) in SCALARS and type(b) in SCALARS:  # torch would take its own default dtype
        a = torch.tensor(a, dtype=_OF_NUMBER[type(a)], device=condition.device)
        b = torch.tensor(b, dtype=_OF_NUMBER[type(b)], device=condition.device)
    return torch.where(condition, a, b)


_OF_NUMBER = {bool: torch.bool, int: torch.int64, float: torch.float64, complex: torch.complex128}  # as NumPy


# ---------------------------------------------------------------------------------------------------------- reductions


def _over_axes(reduce: Callable[..., Tensor]) -> Kernel:
    """A reduction whose ``()`` means no axis, as in the standard; to torch it means all of them."""

    def kernel(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
        return reduce(x.unsqueeze(-1), -1, False) if axis == () else reduce(x, axis, keepdims)

    return kernel


def _axes(x: Tensor, axis: Axis) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def _sum(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    if axis == ():
        return x
    y = torch.sum(x, axis, keepdims)
    return y if y.dtype is x.dtype else y.to(x.dtype)  # torch sums integers in int64; uint64 wraps to the same bits


def _prod(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    if x.dtype is torch.uint64:  # torch has no product of these; int64 wraps to the same bits
        return _prod(x.view(torch.int64), axis, keepdims).view(torch.uint64)
    for a in sorted(_axes(x, axis), reverse=True):  # torch takes one axis at a time
        x = torch.prod(x, a, keepdims, dtype=x.dtype)
    return x


def _max(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return torch.amax(x, () if axis is None else axis, keepdims)


def _min(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return torch.amin(x, () if axis is None else axis, keepdims)


def _all(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return torch.all(x if x.dtype is torch.bool else x != 0, axis, keepdims)  # of uint8 torch gives uint8


def _any(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return torch.any(x if x.dtype is torch.bool else x != 0, axis, keepdims)


def _count_nonzero(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return torch.sum(x != 0, axis, keepdims)  # torch's own cannot keep axes


def _logsumexp(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return torch.logsumexp(x, _axes(x, axis), keepdims) if x.ndim and axis != () else _logsumexp(x[None], 0, False)


def _var(x: Tensor, axis: Axis, correction: float, keepdims: bool) -> Tensor:
    if axis == ():
        return _var(x.unsqueeze(-1), -1, correction, False)
    if x.numel() and math.prod([x.shape[a] for a in _axes(x, axis)]) > correction:
        return torch.var(x, axis, correction=correction, keepdim=keepdims)
    deviation = torch.abs(x - torch.mean(x, axis, True))  # torch's own would warn, on standard error
    return torch.sum(deviation * deviation, axis, keepdims) / 0.0


def _std(x: Tensor, axis: Axis, correction: float, keepdims: bool) -> Tensor:
    return torch.sqrt(_var(x, axis, correction, keepdims))


# ---------------------------------------------------------------------------------------------------------- along axes


def _softmax(x: Tensor, axis: int) -> Tensor:
    return torch.softmax(x, axis)


def _log_softmax(x: Tensor, axis: int) -> Tensor:
    return torch.log_softmax(x, axis)


def _normalize(x: Tensor, axis: tuple[int, ...], eps: float) -> Tensor:
    if axis == tuple(range(x.ndim - len(axis), x.ndim)) and x.is_floating_point():  # the last ones: torch has it in one
        return torch.native_layer_norm(x, x.shape[x.ndim - len(axis) :], None, None, eps)[0]
    centred = x - torch.mean(x, axis, True)
    return centred / torch.sqrt(torch.mean(centred * centred, axis, True) + eps)


# -------------------------------------------------------------------------------------------------------- manipulation


def _astype(x: Tensor, dtype: DType) -> Tensor:
    return (x.real if dtype.kind != "c" and x.is_complex() else x).to(RAW[dtype], copy=True)


def _concat(*arrays: Tensor, axis: int, sizes: Shape) -> Tensor:
    return torch.cat(arrays, axis)


def _roll(x: Tensor, shift: Shape, axis: Shape) -> Tensor:
    return torch.roll(x, shift, axis) if axis else x


# ------------------------------------------------------------------------------------------------------------ indexing

_OUT_OF_BOUNDS = "an index is out of bounds for an axis of size {}"


def _positions(indices: Tensor) -> Tensor:
    """Index arrays as torch takes them: uint8 would be a mask, int8 and int16 are refused."""
    return indices if indices.dtype is torch.int64 else indices.to(torch.int64)


def _within(n: int, indices: Tensor) -> Tensor:
    """The positions on an axis of size n. CUDA's own check ends the process: asking first is a wait."""
    at = _positions(indices)
    if at.is_cuda and bool(((at < -n) | (at >= n)).any()):
        raise IndexError(_OUT_OF_BOUNDS.format(n))
    return at


def _gather(x: Tensor, indices: Tensor) -> Tensor:
    at = _within(x.shape[0], indices)
    return x[at] if at.ndim else x[at[None]][0]  # a 0-d index would be read out: a wait on a GPU, else an error


def _scatter(x: Tensor, value: Any, indices: Tensor) -> Tensor:
    """Of repeated indices any may count."""
    return torch.index_put(x, (_within(x.shape[0], indices),), _written(value, x))


def _scatter_add(x: Tensor, value: Any, indices: Tensor) -> Tensor:
    return torch.index_put(x, (_within(x.shape[0], indices),), _written(value, x), True)


def _along_axis(function: Callable[..., Tensor], x: Tensor, indices: Tensor, axis: int, *value: Tensor) -> Tensor:
    """torch's gather and scatter_add: without negative indices, and an error of another kind where there is none."""
    n, own = x.shape[axis], SIGNED.get(x.dtype, x.dtype)
    at = _within(n, indices)
    at = torch.where(at < 0, at + n, at)
    try:
        return function(x.view(own), axis, at, *[v.expand(at.shape).view(own) for v in value]).view(x.dtype)
    except RuntimeError as error:
        if bool(((at < 0) | (at >= n)).any()):
            raise IndexError(_OUT_OF_BOUNDS.format(n)) from error
        raise


def _take_along_axis(x: Tensor, indices: Tensor, axis: int) -> Tensor:
    return _along_axis(torch.gather, x, indices, axis)


def _add_along_axis(x: Tensor, value: Any, indices: Tensor, axis: int) -> Tensor:
    return _along_axis(torch.scatter_add, x, indices, axis, _written(value, x))


def _written(value: Any, x: Tensor) -> Tensor:
    return x.new_full((), value) if type(value) in SCALARS else value


def _getitem(x: Tensor, index: Any) -> Tensor:
    try:
        return x[index]
    except ValueError:  # torch has no negative steps
        forward, turned = _forward(index, x.shape)
        return torch.flip(x[forward], turned)


def _put(x: Tensor, value: Any, index: Any) -> Tensor:
    out = torch.clone(x, memory_format=torch.contiguous_format)
    write(out, index, value)
    return out


def write(out: Tensor, index: Any, value: Any) -> None:
    """``out[index] = value`` for a basic index, in place."""
    if type(value) not in SCALARS and value.device != out.device:  # torch would copy it over
        raise DeviceError(
            f"assignment: a value on {value.device} into an array on {out.device}; move it with x.to_device(...)"
        )
    try:
        out[index] = value
    except ValueError:
        forward, turned = _forward(index, out.shape)
        if type(value) not in SCALARS:
            value = torch.flip(torch.broadcast_to(value, out[forward].shape), turned)
        out[forward] = value


def _forward(index: Any, shape: Shape) -> tuple[Any, tuple[int, ...]]:
    """A basic index without negative steps, and the axes of its result to turn round after."""
    parts: list[Any] = []
    turned, axis, sizes = [], 0, iter(shape)
    for i in whole_index(index, shape):
        size = 1 if i is None else next(sizes)
        if isinstance(i, slice) and i.step is not None and i.step < 0:
            taken = range(size)[i]
            i = slice(taken[-1], taken[0] + 1, -i.step)
            turned.append(axis)
        parts.append(i)
        axis += not isinstance(i, int)
    return tuple(parts), tuple(turned)


KERNELS: dict[Op, Kernel] = {
    ops.ABS: torch.abs,
    ops.ACOS: torch.acos,
    ops.ACOSH: torch.acosh,
    ops.ANGLE: _angle,
    ops.ASIN: torch.asin,
    ops.ASINH: torch.asinh,
    ops.ATAN: torch.atan,
    ops.ATANH: torch.atanh,
    ops.BITWISE_INVERT: torch.bitwise_not,
    ops.CEIL: torch.ceil,
    ops.CONJ: _conj,
    ops.COS: torch.cos,
    ops.COSH: torch.cosh,
    ops.ERF: torch.erf,
    ops.EXP: torch.exp,
    ops.EXPM1: _expm1,
    ops.FLOOR: torch.floor,
    ops.IMAG: _imag,
    ops.ISFINITE: torch.isfinite,
    ops.ISINF: torch.isinf,
    ops.ISNAN: torch.isnan,
    ops.LOG: torch.log,
    ops.LOG10: torch.log10,
    ops.LOG1P: _log1p,
    ops.LOG2: torch.log2,
    ops.LOGICAL_NOT: torch.logical_not,
    ops.NEGATIVE: torch.neg,
    ops.POW_SCALAR: lambda x, exponent: torch.pow(x, exponent),
    ops.REAL: attrgetter("real"),
    ops.RECIPROCAL: torch.reciprocal,
    ops.RELU: torch.relu,
    ops.ROUND: _round,
    ops.SIGMOID: torch.sigmoid,
    ops.SIGN: _sign,
    ops.SIGNBIT: torch.signbit,
    ops.SIN: torch.sin,
    ops.SINH: torch.sinh,
    ops.SQRT: torch.sqrt,
    ops.SQUARE: torch.square,
    ops.TAN: torch.tan,
    ops.TANH: torch.tanh,
    ops.TRUNC: torch.trunc,
    # Operators, not torch.add ...: as fast, and a number may stand on either side.
    ops.ADD: operator.add,
    ops.BITWISE_AND: operator.and_,
    ops.BITWISE_LEFT_SHIFT: operator.lshift,
    ops.BITWISE_OR: operator.or_,
    ops.BITWISE_RIGHT_SHIFT: operator.rshift,
    ops.BITWISE_XOR: operator.xor,
    ops.DIVIDE: operator.truediv,
    ops.EQUAL: operator.eq,
    ops.GREATER: operator.gt,
    ops.GREATER_EQUAL: operator.ge,
    ops.LESS: operator.lt,
    ops.LESS_EQUAL: operator.le,
    ops.MULTIPLY: operator.mul,
    ops.NOT_EQUAL: operator.ne,
    ops.SUBTRACT: operator.sub,
    ops.ATAN2: numbers(torch.atan2),
    ops.BCE_WITH_LOGITS: numbers(_bce_with_logits),
    ops.CLIP: numbers(torch.clamp),
    ops.COPYSIGN: numbers(torch.copysign),
    ops.FLOOR_DIVIDE: numbers(torch.floor_divide),
    ops.HYPOT: numbers(torch.hypot),
    ops.LOGADDEXP: numbers(torch.logaddexp),
    ops.LOGICAL_AND: numbers(torch.logical_and),
    ops.LOGICAL_OR: numbers(torch.logical_or),
    ops.LOGICAL_XOR: numbers(torch.logical_xor),
    ops.MAXIMUM: numbers(torch.maximum),
    ops.MINIMUM: numbers(torch.minimum),
    ops.NEXTAFTER: numbers(torch.nextafter),
    ops.POW: numbers(torch.pow),
    ops.REMAINDER: numbers(_remainder),
    ops.WHERE: _where,
    ops.ALL: _over_axes(_all),
    ops.ANY: _over_axes(_any),
    ops.COUNT_NONZERO: _over_axes(_count_nonzero),
    ops.ARGMAX: lambda x, axis, keepdims: torch.argmax(x, axis, keepdims),
    ops.ARGMIN: lambda x, axis, keepdims: torch.argmin(x, axis, keepdims),
    ops.LOGSUMEXP: _logsumexp,
    ops.MAX: _over_axes(_max),
    ops.MEAN: _over_axes(torch.mean),
    ops.MIN: _over_axes(_min),
    ops.PROD: _prod,
    ops.STD: _std,
    ops.SUM: _sum,
    ops.VAR: _var,
    ops.LOG_SOFTMAX: _log_softmax,
    ops.NORMALIZE: _normalize,
    ops.SOFTMAX: _softmax,
    ops.MATMUL: torch.matmul,
    ops.MATRIX_TRANSPOSE: attrgetter("mT"),
    ops.ASTYPE: _astype,
    ops.BROADCAST_TO: lambda x, shape: torch.broadcast_to(x, shape),
    ops.CONCAT: _concat,
    ops.FLIP: lambda x, axis: torch.flip(x, axis),
    ops.PERMUTE_DIMS: lambda x, axes: torch.permute(x, axes),
    ops.RESHAPE: lambda x, shape: torch.reshape(x, shape),
    ops.ROLL: _roll,
    ops.TRIL: lambda x, k: torch.tril(x, k),
    ops.TRIU: lambda x, k: torch.triu(x, k),
    ops.UNSTACK: lambda x, axis: torch.unbind(x, axis),
    ops.ADD_ALONG_AXIS: _add_along_axis,
    ops.GATHER: _gather,
    ops.GETITEM: _getitem,
    ops.PUT: _put,
    ops.SCATTER: _scatter,
    ops.SCATTER_ADD: _scatter_add,
    ops.TAKE_ALONG_AXIS: _take_along_axis,
}


# -------------------------------------------------------------------------------------------------------- native pulls
# torch's fused ones; the figures are of 10 x 10 float64, in us, against the rule's own chain of kernels.

_tanh_backward = torch.ops.aten.tanh_backward.default  # 2.0 against 4.1
_sigmoid_backward = torch.ops.aten.sigmoid_backward.default  # 2.0 against 4.0
_threshold_backward = torch.ops.aten.threshold_backward.default  # 3.0 against 6.0
_softmax_backward = torch._softmax_backward_data  # 1.8 against 5.9
_log_softmax_backward = torch._log_softmax_backward_data


def _tanh_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    return _tanh_backward(ct, y)


def _sigmoid_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    return _sigmoid_backward(ct, y)


def _relu_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    return _threshold_backward(ct, y, 0)


def _square_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    g = ct * args[0]
    g += g
    return g


def _softmax_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    return _softmax_backward(ct, y, params["axis"], y.dtype)


def _log_softmax_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    return _log_softmax_backward(ct, y, params["axis"], y.dtype)


def _getitem_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    out = ct.new_zeros(edge.shape)  # written at once: `put` would copy the zeros
    write(out, params["index"], ct)
    return out


def _gather_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    return ct.new_zeros(edge.shape).index_put_((_positions(args[1]),), ct, True)


PULLS: dict[Op, Pulls] = {
    ops.GATHER: (_gather_pull,),
    ops.GETITEM: (_getitem_pull,),
    ops.LOG_SOFTMAX: (_log_softmax_pull,),
    ops.RELU: (_relu_pull,),
    ops.SIGMOID: (_sigmoid_pull,),
    ops.SOFTMAX: (_softmax_pull,),
    ops.SQUARE: (_square_pull,),
    ops.TANH: (_tanh_pull,),
}
