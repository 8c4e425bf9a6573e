"""torch as a backend: kernels against the composed ones on NumPy, native pulls, and what goes in and out."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import plugrad as pg
from plugrad import dtypes, ops
from plugrad.backends import current, manager, standard
from plugrad.errors import BackendNotFoundError, ConversionError, DeviceError, DTypeError, ValidationError
from plugrad.ops import Op
from plugrad.testing.samples import invariants, samples
from plugrad_torch import SPEC
from plugrad_torch.backend import TorchBackend
from plugrad_torch.kernels import KERNELS, PULLS, linalg, nn, special

torch.set_num_threads(1)

INF, NAN = math.inf, math.nan
PRIMITIVES = {op for op in vars(ops).values() if type(op) is Op}
REFERENCE = standard.kernels(current.table("numpy").backend)
BACKEND = TorchBackend()
dtypes.learn(BACKEND.dtypes)

# NumPy's, in the reference; torch's own would fail the test.
pytestmark = pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:Mean of empty slice")


class Case(NamedTuple):
    """A call; the reference computes what it should give."""

    op: Op
    args: tuple[Any, ...]
    params: dict[str, Any]

    def __str__(self) -> str:
        shapes = ",".join(f"{a.dtype}{list(a.shape)}" for a in self.args)
        return f"{self.op.name}-{shapes}-{self.params}".replace(" ", "")


RNG = np.random.default_rng(11)
Maker = Callable[..., Any]


def f8(*shape: int) -> Any:
    return np.asarray(RNG.normal(size=shape) * 2)


def f4(*shape: int) -> Any:
    return f8(*shape).astype(np.float32)


def c16(*shape: int) -> Any:
    return np.asarray(f8(*shape) + 1j * f8(*shape))


def i8(*shape: int) -> Any:
    return np.asarray(RNG.integers(-5, 6, shape))


def u1(*shape: int) -> Any:
    return np.asarray(RNG.integers(1, 4, shape).astype(np.uint8))


def b1(*shape: int) -> Any:
    return np.asarray(RNG.integers(0, 2, shape).astype(bool))


def above_one(*shape: int) -> Any:
    return np.abs(f8(*shape)) + 1.5


def within_one(*shape: int) -> Any:
    return np.tanh(f8(*shape))


# ------------------------------------------------------------------------------------------------------ which operands

SHAPES = ((2, 3), (2, 1, 3), (), (0, 3))
PAIRS = (((2, 3), (2, 3)), ((2, 1), (1, 3)), ((), (3,)), ((0, 3), (3,)), ((), ()))

UNARY: dict[Op, tuple[Maker, ...]] = {
    ops.ABS: (f8, f4, c16, i8),
    ops.ACOS: (within_one, c16),
    ops.ACOSH: (above_one, c16),
    ops.ANGLE: (f8, c16),
    ops.ASIN: (within_one, c16),
    ops.ASINH: (f8, c16),
    ops.ATAN: (f8, f4, c16),
    ops.ATANH: (within_one, c16),
    ops.BITWISE_INVERT: (i8, u1, b1),
    ops.CEIL: (f8, i8),
    ops.CONJ: (f8, c16),
    ops.COS: (f8, f4, c16),
    ops.COSH: (f8, c16),
    ops.ERF: (f8, f4),
    ops.EXP: (f8, f4, c16),
    ops.EXPM1: (f8, f4, c16),
    ops.FLOOR: (f8, i8),
    ops.IMAG: (f8, c16),
    ops.ISFINITE: (f8, c16, i8),
    ops.ISINF: (f8, c16, i8),
    ops.ISNAN: (f8, c16, i8),
    ops.LOG: (above_one, f4, c16),
    ops.LOG10: (above_one, c16),
    ops.LOG1P: (above_one, c16),
    ops.LOG2: (above_one, c16),
    ops.LOGICAL_NOT: (b1,),
    ops.NEGATIVE: (f8, c16, i8),
    ops.REAL: (f8, c16),
    ops.RECIPROCAL: (f8, f4, c16),
    ops.RELU: (f8, f4, i8),
    ops.ROUND: (f8, i8, c16),
    ops.SIGMOID: (f8, f4, c16),
    ops.SIGN: (f8, f4, i8, u1, c16),
    ops.SIGNBIT: (f8,),
    ops.SIN: (f8, f4, c16),
    ops.SINH: (f8, c16),
    ops.SQRT: (above_one, f4, c16),
    ops.SQUARE: (f8, i8, u1, c16),
    ops.TAN: (within_one, c16),
    ops.TANH: (f8, f4, c16),
    ops.TRUNC: (f8, i8),
}
BINARY: dict[Op, tuple[tuple[Maker, Maker], ...]] = {
    ops.ADD: ((f8, f8), (f4, f4), (i8, i8), (u1, u1), (c16, c16)),
    ops.ATAN2: ((f8, f8), (f4, f4)),
    ops.BCE_WITH_LOGITS: ((f8, within_one), (f4, f4)),
    ops.BITWISE_AND: ((i8, i8), (b1, b1)),
    ops.BITWISE_LEFT_SHIFT: ((u1, u1),),
    ops.BITWISE_OR: ((i8, i8), (b1, b1)),
    ops.BITWISE_RIGHT_SHIFT: ((u1, u1),),
    ops.BITWISE_XOR: ((i8, i8), (b1, b1)),
    ops.COPYSIGN: ((f8, f8),),
    ops.DIVIDE: ((f8, f8), (f4, f4), (c16, c16)),
    ops.EQUAL: ((i8, i8), (c16, c16), (b1, b1)),
    ops.FLOOR_DIVIDE: ((f8, f8), (u1, u1)),
    ops.GREATER: ((f8, f8), (i8, i8)),
    ops.GREATER_EQUAL: ((f8, f8), (i8, i8)),
    ops.HYPOT: ((f8, f8),),
    ops.LESS: ((f8, f8), (i8, i8)),
    ops.LESS_EQUAL: ((f8, f8), (i8, i8)),
    ops.LOGADDEXP: ((f8, f8), (f4, f4)),
    ops.LOGICAL_AND: ((b1, b1),),
    ops.LOGICAL_OR: ((b1, b1),),
    ops.LOGICAL_XOR: ((b1, b1),),
    ops.MAXIMUM: ((f8, f8), (i8, i8)),
    ops.MINIMUM: ((f8, f8), (i8, i8)),
    ops.MULTIPLY: ((f8, f8), (f4, f4), (i8, i8), (c16, c16)),
    ops.NEXTAFTER: ((f8, f8),),
    ops.NOT_EQUAL: ((i8, i8), (c16, c16)),
    ops.POW: ((above_one, f8), (u1, u1), (c16, c16)),
    ops.REMAINDER: ((f8, f8), (u1, u1)),
    ops.SUBTRACT: ((f8, f8), (i8, i8), (c16, c16)),
}
AXES: tuple[Any, ...] = (None, 0, 1, (0, 1), (1, 2), ())
REDUCTIONS: dict[Op, tuple[Maker, ...]] = {
    ops.ALL: (b1, u1, f8, c16),
    ops.ANY: (b1, u1, f8, c16),
    ops.COUNT_NONZERO: (i8, b1, c16),
    ops.LOGSUMEXP: (f8, f4),
    ops.MAX: (f8, i8),
    ops.MEAN: (f8, f4, c16),
    ops.MIN: (f8, i8),
    ops.PROD: (f8, i8, u1, c16),
    ops.SUM: (f8, f4, i8, u1, c16),
}
INDICES: tuple[Any, ...] = (
    0, -1, (), ..., None, slice(None), slice(1, 99), slice(5, 2), slice(None, None, -1), slice(-1, -99, -2),
    (1, slice(None, None, 2)), (..., 0), (slice(0, 1), ..., slice(None, None, -2)), (None, 0, ..., None),
    (0, 1, 2), (..., None, slice(3, 1, -1)), (slice(-99, 99, 3), None, -2), (slice(0, 0, -1), slice(None, None, -1)),
)  # fmt: skip
INDEX_ARRAYS = (
    np.array([2, 0]), np.array([[0, -1], [1, 1]]), np.array(-2), np.zeros((0, 2), int), np.array([1], np.int32),
    np.array([2, 1], np.uint8),
)  # fmt: skip


def elementwise_cases() -> Iterator[Case]:
    for op, makers in UNARY.items():
        yield from (Case(op, (make(*shape),), {}) for make in makers for shape in SHAPES)
    for op, pairs in BINARY.items():
        yield from (Case(op, (left(*m), right(*n)), {}) for left, right in pairs for m, n in PAIRS)
    for exponent in (2, 0, -1.5, 0.5, 3):
        yield from (Case(ops.POW_SCALAR, (above_one(*shape),), {"exponent": exponent}) for shape in SHAPES)
    for make, power in ((i8, 2), (u1, 3), (c16, 2), (c16, 1 + 2j), (f4, 2)):
        yield Case(ops.POW_SCALAR, (make(3),), {"exponent": power})
    for shapes in (((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ()), ((), (), ()), ((0, 3), (3,), (1, 1))):
        for maker in (f8, i8):
            yield Case(ops.CLIP, tuple(maker(*shape) for shape in shapes), {})
            yield Case(ops.WHERE, (b1(*shapes[0]), *(maker(*shape) for shape in shapes[1:])), {})


def reduction_cases() -> Iterator[Case]:
    for op, makers in REDUCTIONS.items():
        for make, axis, keepdims in itertools.product(makers, AXES, (False, True)):
            yield Case(op, (make(2, 3, 4),), {"axis": axis, "keepdims": keepdims})
        yield from (Case(op, (make(),), {"axis": None, "keepdims": True}) for make in makers)
    for op in (ops.SUM, ops.PROD, ops.LOGSUMEXP, ops.ALL, ops.ANY, ops.COUNT_NONZERO, ops.MEAN):
        yield Case(op, (np.zeros((0, 3)),), {"axis": 0, "keepdims": False})
    for op in (ops.ARGMAX, ops.ARGMIN):
        for axis, keepdims in itertools.product((None, 0, 2), (False, True)):
            yield Case(op, (i8(2, 3, 4),), {"axis": axis, "keepdims": keepdims})
    for op in (ops.VAR, ops.STD):
        for make, axis, correction in itertools.product((f8, f4, c16), AXES, (0, 1, 1.5)):
            params = {"axis": axis, "correction": correction, "keepdims": axis == 1}
            yield Case(op, (make(2, 3, 4),), params)
        for shape in ((1, 2), (0, 2)):  # too few to correct for
            yield Case(op, (f8(*shape),), {"axis": 0, "correction": 1, "keepdims": False})


def along_axes_cases() -> Iterator[Case]:
    for shape, axis in (((2, 3), 0), ((2, 3), 1), ((2, 3, 4), 1), ((0, 3), 0), ((0, 3), 1)):
        for op, make in itertools.product((ops.SOFTMAX, ops.LOG_SOFTMAX), (f8, f4)):
            yield Case(op, (make(*shape),), {"axis": axis})
    for axes, make in itertools.product(((0,), (2,), (1, 2), (0, 2), (0, 1, 2)), (f8, f4, c16)):
        yield Case(ops.NORMALIZE, (make(2, 3, 4),), {"axis": axes, "eps": 1e-3})
    yield Case(ops.NORMALIZE, (f8(0, 3),), {"axis": (1,), "eps": 1e-3})


def manipulation_cases() -> Iterator[Case]:
    products = (((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((2, 0), (0, 3)), ((0, 2), (2, 3)))
    for make, (m, n) in itertools.product((f8, f4, i8, c16), products):
        yield Case(ops.MATMUL, (make(*m), make(*n)), {})
    for make, name in itertools.product((f8, c16, i8, b1), dtypes.DTYPES):
        if make is b1 or name[0] != "u":  # what a negative number becomes is nobody's promise
            yield Case(ops.ASTYPE, (make(2, 3),), {"dtype": dtypes.DTYPES[name]})
    for y in (f8(2, 3, 4), f8(2, 3), f8(0, 3), c16(2, 3), b1(3, 3)):
        yield Case(ops.MATRIX_TRANSPOSE, (y,), {})
        yield from (Case(op, (y,), {"k": k}) for op in (ops.TRIL, ops.TRIU) for k in (-1, 0, 1, 9))
    for shape, to in (((3,), (2, 3)), ((), (2, 2)), ((2, 1), (4, 2, 3)), ((), ()), ((3,), (0, 3))):
        yield Case(ops.BROADCAST_TO, (f8(*shape),), {"shape": to})
    yield Case(ops.CONCAT, (f8(2, 3), f8(0, 3), f8(1, 3)), {"axis": 0, "sizes": (2, 0, 1)})
    yield Case(ops.CONCAT, (i8(2, 3), i8(2, 1)), {"axis": 1, "sizes": (3, 1)})
    yield from (Case(ops.FLIP, (f8(2, 3, 4),), {"axis": axes}) for axes in ((0,), (0, 2), ()))
    yield from (Case(ops.PERMUTE_DIMS, (f8(2, 3, 4),), {"axes": axes}) for axes in ((2, 0, 1), (0, 1, 2)))
    yield Case(ops.PERMUTE_DIMS, (f8(),), {"axes": ()})
    for shape, to in (((2, 3, 4), (4, 6)), ((), (1, 1)), ((1,), ()), ((0, 3), (3, 0, 2))):
        yield Case(ops.RESHAPE, (f8(*shape),), {"shape": to})
    for shift, axes in (((1,), (0,)), ((-2, 5), (1, 2)), ((), ())):
        yield Case(ops.ROLL, (f8(2, 3, 4),), {"shift": shift, "axis": axes})
    yield from (Case(ops.UNSTACK, (f8(2, 3, 4),), {"axis": axis}) for axis in (0, 2))


def indexing_cases() -> Iterator[Case]:
    for index in INDICES:
        x = f8(2, 3, 4)
        region = x[index].shape
        yield Case(ops.GETITEM, (x,), {"index": index})
        for value in (f8(*region), f8(*region[-1:]), f8()):
            yield Case(ops.PUT, (x, value), {"index": index})
    for index in ((), ..., None):
        yield Case(ops.GETITEM, (f8(),), {"index": index})
        yield Case(ops.PUT, (f8(), f8()), {"index": index})
    for shape, at in itertools.product(((3,), (3, 2), (3, 2, 2)), INDEX_ARRAYS):
        x = f8(*shape)
        value = f8(*x[at].shape)
        yield Case(ops.GATHER, (x, at), {})
        yield Case(ops.SCATTER_ADD, (x, value, at), {})
        yield Case(ops.SCATTER_ADD, (x, f8(), at), {})
        if len(set((at % 3).ravel())) == at.size:  # of repeated indices any may count
            yield Case(ops.SCATTER, (x, value, at), {})
    yield Case(ops.SCATTER_ADD, (c16(3), c16(4), np.array([0, 0, 2, -1])), {})
    yield Case(ops.SCATTER_ADD, (i8(3), i8(4), np.array([0, 0, 2, -1])), {})


def wide(name: str) -> Maker:
    """Unsigned integers of which torch has little more than the name."""
    return lambda *shape: np.asarray(RNG.integers(0, 4, shape) * (np.iinfo(name).max // 4), name)


def sorting_cases() -> Iterator[Case]:
    makers = (f8, f4, i8, u1, wide("uint16"), wide("uint32"), wide("uint64"))
    for make, (shape, axis) in itertools.product(makers, (((2, 3), 1), ((4, 2), 0), ((2, 5, 3), 1), ((2, 0), 1))):
        yield Case(ops.CUMULATIVE_SUM, (make(*shape),), {"axis": axis})
        yield Case(ops.CUMULATIVE_PROD, (make(*shape),), {"axis": axis})
        for descending in (False, True):
            yield Case(ops.ARGSORT, (make(*shape),), {"axis": axis, "descending": descending})
        x, at = make(*shape), RNG.integers(-shape[axis], shape[axis], shape) if 0 not in shape else np.zeros(shape, int)
        yield Case(ops.TAKE_ALONG_AXIS, (x, at), {"axis": axis})
        yield Case(ops.ADD_ALONG_AXIS, (x, make(*shape), at), {"axis": axis})
    for make, side in itertools.product((*makers, b1), ("left", "right")):
        yield Case(ops.SEARCHSORTED, (np.sort(make(5)), make(7)), {"side": side})
        yield Case(ops.SEARCHSORTED, (np.sort(make(2, 3, 4)), make(2, 3, 2)), {"side": side})
        yield Case(ops.SEARCHSORTED, (make(0), make(3)), {"side": side})
    for shape in ((2, 3), (3,)):
        yield Case(ops.CUMULATIVE_PROD, (c16(*shape),), {"axis": len(shape) - 1})
        yield Case(ops.CUMULATIVE_SUM, (c16(*shape),), {"axis": len(shape) - 1})
    for at in (np.array([[2, 1]], np.uint8), np.array([[-1, 0, 0]], np.int8)):
        yield Case(ops.TAKE_ALONG_AXIS, (f8(1, 3), at), {"axis": 1})
        yield Case(ops.ADD_ALONG_AXIS, (c16(1, 3), c16(*at.shape), at), {"axis": 1})
    yield from (Case(ops.ARGSORT, (b1(9),), {"axis": 0, "descending": d}) for d in (False, True))


def fft_cases() -> Iterator[Case]:
    for norm in ("backward", "ortho", "forward"):
        for shape, axes in (((2, 4), (1,)), ((2, 5), (1,)), ((3, 4, 2), (2, 0)), ((0, 3), (1,)), ((3, 1), (1,))):
            for z, inverse in itertools.product((c16(*shape), c16(*shape).astype(np.complex64)), (False, True)):
                yield Case(ops.FFT, (z,), {"axes": axes, "inverse": inverse, "norm": norm})
        for shape, axis, size in (((2, 3), 1, 4), ((2, 3), 1, 5), ((3, 2, 2), 0, 5), ((2, 1), 1, 1), ((0, 3), 1, 4)):
            yield Case(ops.IRFFT, (c16(*shape),), {"axis": axis, "size": size, "norm": norm})
            yield Case(ops.IRFFT, (c16(*shape).astype(np.complex64),), {"axis": axis, "size": size, "norm": norm})
            yield Case(ops.RFFT, (f8(*shape),), {"axis": axis, "norm": norm})
            yield Case(ops.RFFT, (f4(*shape),), {"axis": axis, "norm": norm})


def linalg_cases() -> Iterator[Case]:
    for sample in (sample for op in linalg.KERNELS for sample in samples(op)):
        if sample.op is not ops.SOLVE or len({a.dtype for a in sample.operands}) == 1:  # promotion has been above
            yield Case(sample.op, sample.operands, sample.params)


def special_cases() -> Iterator[Case]:
    for sample in (sample for op in special.KERNELS for sample in samples(op)):
        kinds = {a.dtype if type(a) is np.ndarray else None for a in sample.operands}
        if not sample.boundary and len(kinds) == 1:
            yield Case(sample.op, sample.operands, sample.params)


def nn_cases() -> Iterator[Case]:
    for sample in (sample for op in nn.KERNELS for sample in samples(op)):
        if len({a.dtype for a in sample.operands}) == 1:  # promotion has been above
            yield Case(sample.op, sample.operands, sample.params)


GROUPS = (
    elementwise_cases,
    reduction_cases,
    along_axes_cases,
    manipulation_cases,
    indexing_cases,
    sorting_cases,
    fft_cases,
    linalg_cases,
    nn_cases,
    special_cases,
)
with np.errstate(all="ignore"):
    CASES = [case for group in GROUPS for case in group()]


def to_torch(a: Any) -> torch.Tensor:
    return BACKEND.asarray(a, None, None, None)


def assert_same(found: torch.Tensor, expected: Any, eps: float = 16) -> None:
    """Shape, dtype, and values within some eps of the largest."""
    assert type(found) is torch.Tensor
    assert not found.requires_grad
    assert tuple(found.shape) == expected.shape
    assert dtypes.of(found.dtype) is dtypes.of(expected.dtype)
    values = found.numpy()  # raises where torch kept a lazy conjugate
    if expected.dtype.kind in "biu":
        np.testing.assert_array_equal(values, expected)
    else:
        scale = max(1.0, float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0)))
        np.testing.assert_allclose(values, expected, rtol=0, atol=eps * np.finfo(expected.dtype).eps * scale)


# -------------------------------------------------------------------------------------------------------------- values


def test_every_primitive_is_native_and_has_a_case() -> None:
    assert set(KERNELS) == PRIMITIVES - {ops.PICK, ops.DETACH, ops.GRAFT, ops.TO_BACKEND}
    assert {case.op for case in CASES} == set(KERNELS)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_numpy(case: Case) -> None:
    with np.errstate(all="ignore"):
        expected = REFERENCE[case.op](*case.args, **case.params)
    args = tuple(map(to_torch, case.args))
    before = [a.clone() for a in args]
    found = KERNELS[case.op](*args, **case.params)
    assert type(found) is (tuple if type(expected) is tuple else torch.Tensor)
    ours, theirs = (invariants(case.op, y if type(y) is tuple else (y,)) for y in (found, expected))
    for one, other in zip(ours, theirs, strict=True):
        assert_same(one, other)
    assert all(torch.equal(a, b) for a, b in zip(args, before))  # an operand is never written


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shapes_without_values(case: Case) -> None:
    expected = KERNELS[case.op](*map(to_torch, case.args), **case.params)
    dummies = [BACKEND.dummy(a.shape, to_torch(a).dtype) for a in case.args]
    found = KERNELS[case.op](*dummies, **case.params)
    for one, other in zip(found, expected) if type(expected) is tuple else [(found, expected)]:
        assert one.device.type == "meta"
        assert (one.shape, one.dtype) == (other.shape, other.dtype)


ENDS = np.array([-INF, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 3.0, INF, NAN])
LEFT, RIGHT = (part.ravel() for part in np.meshgrid(ENDS, ENDS, indexing="ij"))


@pytest.mark.parametrize("op", [op for op, makers in UNARY.items() if makers != (b1,) and makers[0] is not i8], ids=str)
def test_ends_of_the_domain(op: Op) -> None:
    with np.errstate(all="ignore"):
        assert_same(KERNELS[op](to_torch(ENDS)), REFERENCE[op](ENDS))


# Where two ways to write one formula end in inf - inf, and torch's own function, at half the price, took the other.
OPEN: dict[Op, Callable[[Any, Any], Any]] = {ops.BCE_WITH_LOGITS: lambda x, target: np.isinf(x) | np.isinf(target)}


@pytest.mark.parametrize("op", [op for op, pairs in BINARY.items() if f8 in pairs[0]], ids=str)
def test_ends_of_the_domain_of_two(op: Op) -> None:
    settled = ~OPEN.get(op, lambda a, b: np.zeros(a.shape, bool))(LEFT, RIGHT)
    a, b = LEFT[settled], RIGHT[settled]
    with np.errstate(all="ignore"):
        assert_same(KERNELS[op](to_torch(a), to_torch(b)), REFERENCE[op](a, b))


@pytest.mark.parametrize("op", [ops.CLIP, ops.WHERE], ids=str)
def test_ends_of_the_domain_of_three(op: Op) -> None:
    x, low, high = (part.ravel() for part in np.meshgrid(ENDS, ENDS, ENDS, indexing="ij"))
    args = (x, low, high) if op is ops.CLIP else (x > 0, low, high)
    assert_same(KERNELS[op](*map(to_torch, args)), REFERENCE[op](*args))  # low above high gives high; NaN spreads


ALONG = {
    "logsumexp": (ops.LOGSUMEXP, {"axis": 1, "keepdims": False}),
    "softmax": (ops.SOFTMAX, {"axis": 1}),
    "log_softmax": (ops.LOG_SOFTMAX, {"axis": 1}),
    "max": (ops.MAX, {"axis": 1, "keepdims": False}),
    "min": (ops.MIN, {"axis": 1, "keepdims": False}),
    "sum": (ops.SUM, {"axis": 1, "keepdims": False}),
    "prod": (ops.PROD, {"axis": 1, "keepdims": False}),
    "mean": (ops.MEAN, {"axis": 1, "keepdims": False}),
    "var": (ops.VAR, {"axis": 1, "correction": 0, "keepdims": False}),
    "argmax": (ops.ARGMAX, {"axis": 1, "keepdims": False}),
    "argmin": (ops.ARGMIN, {"axis": 1, "keepdims": False}),
    "all": (ops.ALL, {"axis": 1, "keepdims": False}),
    "any": (ops.ANY, {"axis": 1, "keepdims": False}),
    "count_nonzero": (ops.COUNT_NONZERO, {"axis": 1, "keepdims": False}),
    "argsort": (ops.ARGSORT, {"axis": 0, "descending": False}),
    "argsort, descending": (ops.ARGSORT, {"axis": 0, "descending": True}),
    "cumulative_sum": (ops.CUMULATIVE_SUM, {"axis": 1}),
    "cumulative_prod": (ops.CUMULATIVE_PROD, {"axis": 1}),
}


@pytest.mark.parametrize("name", ALONG)
def test_infinities_and_nan_along_an_axis(name: str) -> None:
    op, params = ALONG[name]
    x = np.stack([LEFT, RIGHT, -np.abs(LEFT)], axis=1)
    with np.errstate(all="ignore"):
        assert_same(KERNELS[op](to_torch(x), **params), REFERENCE[op](x, **params))


@pytest.mark.parametrize("side", ["left", "right"])
def test_nan_is_searched_behind_all_numbers(side: str) -> None:
    for row in (np.sort(LEFT), np.sort(RIGHT[:12]), np.array([1.0]), np.array([NAN, NAN])):
        found = KERNELS[ops.SEARCHSORTED](to_torch(row), to_torch(ENDS), side=side)
        assert_same(found, np.searchsorted(row, ENDS, side))


# ----------------------------------------------------------------------------------------------------- where torch errs


def test_what_the_standard_widens_stays() -> None:
    for name in ("int8", "uint8", "uint16", "uint32", "uint64"):
        x = BACKEND.asarray([[100, 2], [3, 2]], dtypes.DTYPES[name], None, None)
        total = KERNELS[ops.SUM](x, axis=0, keepdims=False)
        assert (total.dtype, total.tolist()) == (x.dtype, [103, 4])  # plugrad's namespace has widened it above
    x = BACKEND.asarray([3, 2**62, 4], dtypes.uint64, None, None)
    assert KERNELS[ops.PROD](x, axis=0, keepdims=True).tolist() == [3 * 2**64 % 2**64]
    assert KERNELS[ops.PROD](x[:2], axis=None, keepdims=False).item() == 3 * 2**62


def test_no_lazy_conjugate_is_left() -> None:
    z = KERNELS[ops.CONJ](to_torch(np.array([1 + 2j])))
    assert not z.is_conj()
    assert not KERNELS[ops.IMAG](z).is_neg()
    assert np.from_dlpack(z).tolist() == [1 - 2j]


@pytest.mark.parametrize("op", [ops.GATHER, ops.SCATTER, ops.SCATTER_ADD], ids=str)
@pytest.mark.parametrize("at", [3, -4])
def test_an_index_out_of_range_raises(op: Op, at: int) -> None:
    with pytest.raises(IndexError):
        KERNELS[op](torch.zeros(3), *((1.0,) if op is not ops.GATHER else ()), torch.tensor([0, at]))


@pytest.mark.parametrize("at", [3, -4])
def test_an_index_out_of_range_along_an_axis_raises(at: int) -> None:
    x, indices = torch.zeros(2, 3), torch.tensor([[at], [0]])
    with pytest.raises(IndexError, match="out of bounds for an axis of size 3"):
        KERNELS[ops.TAKE_ALONG_AXIS](x, indices, axis=1)
    with pytest.raises(IndexError, match="out of bounds for an axis of size 3"):
        KERNELS[ops.ADD_ALONG_AXIS](x, 1.0, indices, axis=1)
    with pytest.raises(RuntimeError, match="expand"):
        KERNELS[ops.ADD_ALONG_AXIS](x, torch.zeros(7), torch.tensor([[0], [0]]), axis=1)


def test_scatter_add_beside_infinities() -> None:
    y = KERNELS[ops.SCATTER_ADD](torch.tensor([INF, 0.0, 0.0]), torch.tensor([1.0, INF]), torch.tensor([1, 1]))
    assert y.tolist() == [INF, INF, 0]


WRITES = {
    ops.ADD_ALONG_AXIS: ((5.0, torch.tensor([[1, 1]] * 3)), {"axis": 1}),
    ops.PUT: ((5.0,), {"index": (slice(None, None, -1), 0)}),
    ops.SCATTER: ((5.0, torch.tensor([1, 1])), {}),
    ops.SCATTER_ADD: ((5.0, torch.tensor([1, 1])), {}),
}


@pytest.mark.parametrize("op", WRITES, ids=str)
def test_a_write_makes_a_dense_copy_and_takes_numbers(op: Op) -> None:
    args, params = WRITES[op]
    x = torch.zeros(1).expand(3, 2)  # one element, seen six times
    y = KERNELS[op](x, *args, **params)
    assert x.tolist() == [[0, 0]] * 3
    assert y.is_contiguous()
    assert y.untyped_storage().nbytes() == 6 * y.element_size()
    assert (y >= 5).any()


NUMBERS: dict[str, tuple[Op, tuple[Any, ...], list[Any]]] = {
    "add": (ops.ADD, (1, torch.tensor([1.0])), [2]),
    "subtract": (ops.SUBTRACT, (1.0, torch.tensor([3.0])), [-2]),
    "divide": (ops.DIVIDE, (1.0, torch.tensor([4.0])), [0.25]),
    "less": (ops.LESS, (0, torch.tensor([1, -1])), [True, False]),
    "bitwise_or": (ops.BITWISE_OR, (1, torch.tensor([2])), [3]),
    "bitwise_left_shift": (ops.BITWISE_LEFT_SHIFT, (1, torch.tensor([2])), [4]),
    "maximum": (ops.MAXIMUM, (torch.tensor([-1.0, 1.0]), 0.0), [0, 1]),
    "atan2": (ops.ATAN2, (0.0, torch.tensor([1.0])), [0]),
    "pow": (ops.POW, (2.0, torch.tensor([3.0])), [8]),
    "remainder": (ops.REMAINDER, (5.0, torch.tensor([3.0])), [2]),
    "floor_divide": (ops.FLOOR_DIVIDE, (5.0, torch.tensor([3.0])), [1]),
    "where, one": (ops.WHERE, (torch.tensor([True, False]), 0, torch.tensor([1.0, 2.0])), [0, 2]),
    "where, both": (ops.WHERE, (torch.tensor([True, False]), 1, 2), [1, 2]),
    "clip": (ops.CLIP, (torch.tensor([-9.0, 9.0]), 0.0, 1.0), [0, 1]),
    "clip, mixed": (ops.CLIP, (2.0, torch.tensor([0.0]), 1.0), [1]),
    "bce": (ops.BCE_WITH_LOGITS, (torch.tensor([0.0]), 0.5), [pytest.approx(math.log(2))]),
    "logical_and": (ops.LOGICAL_AND, (torch.tensor([True, False]), True), [True, False]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_python_numbers_beside_tensors(name: str) -> None:
    op, args, expected = NUMBERS[name]
    assert KERNELS[op](*args).tolist() == expected


def test_numbers_alone_are_of_numpys_dtype() -> None:
    condition = torch.tensor([True])
    assert KERNELS[ops.WHERE](condition, 1, 2.0).dtype is torch.float64  # torch's own: float32
    assert KERNELS[ops.CONJ](1 + 2j) == 1 - 2j
    with pytest.raises(TypeError):
        KERNELS[ops.MAXIMUM](torch.zeros(2), "a")


# --------------------------------------------------------------------------------------------------------------- pulls

KEPT: dict[Op, tuple[dict[str, Any] | None, Callable[[torch.Tensor], Any]]] = {  # parameters, saved operands
    ops.GATHER: ({}, lambda x: (None, torch.tensor([[0, -1], [1, 1]]))),
    ops.GETITEM: ({"index": (..., slice(None, None, -2))}, lambda x: None),
    ops.LOG_SOFTMAX: ({"axis": 1}, lambda x: None),
    ops.RELU: (None, lambda x: None),
    ops.SIGMOID: (None, lambda x: None),
    ops.SOFTMAX: ({"axis": 1}, lambda x: None),
    ops.SQUARE: (None, lambda x: (x,)),
    ops.TANH: (None, lambda x: None),
}


@pytest.fixture(scope="module")
def table() -> Iterator[Any]:
    """The active kernels of torch, registered for these tests where the plugin is not installed."""
    try:
        yield current.table("torch")
    except BackendNotFoundError:
        manager.register(SPEC)
        yield current.table("torch")
        manager.unregister("torch")


@pytest.mark.parametrize("op", PULLS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_native_pull_is_the_rule(table: Any, op: Op, dtype: torch.dtype) -> None:
    assert set(KEPT) == set(PULLS)
    params, kept = KEPT[op]
    x = to_torch(f8(3, 4)).to(dtype)
    args = kept(x)
    indices = args[1:] if op is ops.GATHER else ()
    y = KERNELS[op](x, *indices, **(params or {}))
    ct = to_torch(f8(*y.shape)).to(dtype)
    before = ct.clone()
    given = (table.xp, ct, y, args, params, x)
    found = PULLS[op][0](*given)
    assert_same(found, next(iter(op.pulls))(*given).numpy())
    assert torch.equal(ct, before)


def test_a_nan_in_the_cotangent_goes_through() -> None:
    ct, y = torch.tensor([NAN, NAN]), torch.tensor([0.5, 1.0])
    for op in (ops.TANH, ops.SIGMOID, ops.RELU):
        assert torch.isnan(PULLS[op][0](None, ct, y, None, None, y)).all()


def test_the_gradient_of_a_network_is_numpys(table: Any) -> None:
    def loss(w: Any, x: Any) -> Any:
        hidden = pg.nn.softmax(pg.tanh(x @ w) ** 2, axis=1)
        return pg.sum(pg.exp(hidden[:, ::-1]) * pg.maximum(hidden, 0.2))

    w, x = f8(3, 4), f8(5, 3)
    expected = pg.grad(loss)(pg.asarray(w), pg.asarray(x)).numpy()
    with pg.use_backend("torch"):
        found = pg.grad(loss)(pg.asarray(w, backend="torch"), pg.asarray(x, backend="torch"))
    assert found.backend == "torch"
    assert pg.testing.error_in_eps(found, pg.asarray(expected)) < 4


# --------------------------------------------------------------------------------------------------------- in and out

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")


def test_announcing_it_does_not_import_torch() -> None:
    code = "import plugrad_torch, sys; assert plugrad_torch.plugrad_backends(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


IN: dict[str, tuple[Any, str | None, str, Any]] = {  # what comes, asked dtype, dtype, values
    "a bool": (True, None, "bool", True),
    "an int": (3, None, "int64", 3),
    "a float": (0.1, None, "float64", 0.1),
    "a complex": (1j, None, "complex128", 1j),
    "nested lists": ([[1, 2], [3, 4.5]], None, "float64", [[1, 2], [3, 4.5]]),
    "a list of bools": ([True, False], None, "bool", [True, False]),
    "an empty list": ([], None, "float64", []),
    "integers as float32": ([1, 2], "float32", "float32", [1, 2]),
    "a range": (range(3), None, "int64", [0, 1, 2]),
    "a NumPy scalar": (np.float32(2), None, "float32", 2),
    "a NumPy array": (np.array([1, 2], np.int16), None, "int16", [1, 2]),
    "an unsigned NumPy array": (np.array([1, 2], np.uint32), None, "uint32", [1, 2]),
    "a NumPy array, cast": (np.array([1.5, 2.5]), "complex64", "complex64", [1.5, 2.5]),
    "a reversed NumPy array": (np.arange(3)[::-1], None, "int64", [2, 1, 0]),
    "a NumPy array of swapped bytes": (np.array([1.0, 2.0], ">f8"), None, "float64", [1, 2]),
    "a strided field": (np.array([(1, 2.0), (3, 4.0)], "i4,f8")["f1"], None, "float64", [2, 4]),
    "a broadcast NumPy array": (np.broadcast_to(np.array(7.0), (2,)), None, "float64", [7, 7]),
    "a tensor": (torch.tensor([1.0, 2.0], dtype=torch.float32), None, "float32", [1, 2]),
    "a tensor, cast": (torch.tensor([1.0, 2.0]), "int8", "int8", [1, 2]),
    "a transposed tensor": (torch.tensor([[1, 2], [3, 4]]).T, None, "int64", [[1, 3], [2, 4]]),
    "a lazily conjugated tensor": (torch.tensor([1j]).conj(), None, "complex64", [-1j]),
    "a parameter": (torch.nn.Parameter(torch.ones(2), requires_grad=False), None, "float32", [1, 1]),
    "a half, cast": (torch.ones(2, dtype=torch.float16), "float64", "float64", [1, 1]),
}


@pytest.mark.parametrize("copy", [None, True])
@pytest.mark.parametrize("name", IN)
def test_asarray(name: str, copy: bool | None) -> None:
    obj, asked, dtype, values = IN[name]
    with warnings.catch_warnings(action="error"):
        raw = BACKEND.asarray(obj, asked and dtypes.DTYPES[asked], None, copy)
    assert type(raw) is torch.Tensor
    assert raw.dtype is getattr(torch, dtype)
    assert raw.tolist() == values
    assert BACKEND.device_of(raw) == "cpu"
    if isinstance(obj, np.ndarray):
        assert not np.shares_memory(raw.numpy(), obj)
    if isinstance(obj, torch.Tensor):
        assert raw.untyped_storage().data_ptr() != obj.untyped_storage().data_ptr()


def test_python_floats_take_the_default_dtype() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dtypes, "_default", dtypes.float32)
        assert BACKEND.asarray([0.5], None, None, None).dtype is torch.float32
        assert BACKEND.asarray(1j, None, None, None).dtype is torch.complex64
        assert BACKEND.asarray(np.array([0.5]), None, None, None).dtype is torch.float64


def test_memory_is_shared_when_asked() -> None:
    host, tensor = np.zeros(2), torch.zeros(2)
    shared = [BACKEND.asarray(obj, None, None, False) for obj in (host, tensor)]
    host[0] = tensor[0] = 5
    assert [raw.tolist() for raw in shared] == [[5, 0]] * 2
    shared[1].requires_grad_()
    assert not tensor.requires_grad  # a handle of its own


@pytest.mark.parametrize(
    "obj",
    [1.0, [1.0], np.float64(1), np.arange(2.0)[::-1], np.broadcast_to(1.0, (2,)), torch.tensor([1j]).conj()],
    ids=str,
)
def test_what_cannot_be_shared_is_refused(obj: Any) -> None:
    with pytest.raises(ValidationError, match="leave copy out"):
        BACKEND.asarray(obj, None, None, False)


def test_sharing_in_another_dtype_is_refused() -> None:
    with pytest.raises(ValidationError, match="leave copy out"):
        BACKEND.asarray(torch.zeros(2), dtypes.float64, None, False)


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "requires grad": (torch.ones(2, requires_grad=True), ConversionError, r"x\.detach\(\)"),
    "has a history": (torch.ones(2, requires_grad=True) * 2, ConversionError, r"x\.detach\(\)"),
    "a trainable parameter": (torch.nn.Parameter(torch.ones(2)), ConversionError, r"x\.detach\(\)"),
    "sparse": (torch.eye(2).to_sparse(), ConversionError, "to_dense"),
    "bfloat16": (torch.ones(2, dtype=torch.bfloat16), DTypeError, "bfloat16"),
    "NumPy's float16": (np.ones(2, np.float16), DTypeError, "float16"),
    "objects": (np.array([None]), DTypeError, "object"),
    "strings": (["a"], DTypeError, "no array of numbers"),
    "ragged": ([[1], [1, 2]], ConversionError, "no array of numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    obj, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        BACKEND.asarray(obj, None, None, None)


@pytest.mark.parametrize("obj", [torch.tensor([1j]), np.array([1j])], ids=str)
def test_complex_values_are_not_narrowed(obj: Any) -> None:
    with pytest.raises(DTypeError, match=r"take real\(x\)"):
        BACKEND.asarray(obj, dtypes.float64, None, None)


def test_a_first_use_inside_torch_func_is_refused_and_spoils_nothing() -> None:
    code = """
import torch, plugrad as pg
for transform in (torch.func.grad, torch.func.vmap):
    try:
        transform(lambda x: pg.asarray(x).data.sum())(torch.ones(2))
    except pg.errors.TransformError as error:
        assert "first asked for torch inside a transform of torch.func; use plugrad's" in str(error), error
    else:
        raise AssertionError("it was loaded")
assert pg.sum(pg.asarray(torch.ones(2))).item() == 2
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_value_inside_torch_func_is_refused() -> None:
    with pytest.raises(ConversionError, match=r"torch\.func"):
        torch.func.vmap(lambda x: BACKEND.asarray(x, None, None, None))(torch.ones(2))


def test_results_never_require_grad() -> None:
    with torch.enable_grad():
        y = KERNELS[ops.TANH](BACKEND.asarray(torch.ones(2, requires_grad=True).detach(), None, None, None))
    assert not y.requires_grad


class Exporter:
    """Speaks DLPack and nothing else."""

    def __init__(self, host: Any) -> None:
        self.host = host

    def __dlpack__(self, **options: Any) -> Any:
        return self.host.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.host.__dlpack_device__()


def test_dlpack_both_ways() -> None:
    host = np.arange(3.0)
    for raw in (BACKEND.from_dlpack(Exporter(host), None), BACKEND.from_dlpack(host, "cpu")):
        assert raw.data_ptr() == host.ctypes.data
        assert np.shares_memory(np.from_dlpack(raw), host)
    assert BACKEND.asarray(Exporter(host), None, None, None).data_ptr() != host.ctypes.data
    assert BACKEND.from_dlpack(np.float64(3), None).item() == 3  # NumPy's scalars do not speak it
    host.flags.writeable = False
    misaligned = np.frombuffer(bytearray(17), np.uint8)[1:].view(np.float64)
    for strange in (host, misaligned):
        assert BACKEND.from_dlpack(strange, None).data_ptr() != strange.ctypes.data
    lazy = torch.tensor([1j]).conj()
    assert not any(raw.is_conj() or raw.is_neg() for raw in (BACKEND.from_dlpack(z, None) for z in (lazy, lazy.imag)))
    with pytest.raises(ConversionError, match="Exporter"):
        BACKEND.from_dlpack(Exporter(np.array(["a"])), None)


def test_values_come_out() -> None:
    raw = to_torch(np.array([[1.5, 2.5]]))
    assert BACKEND.to_numpy(raw).tolist() == [[1.5, 2.5]]
    assert BACKEND.item(raw[:, :1]) == 1.5
    assert BACKEND.zeros(raw.to(torch.float32), (2,)).dtype is torch.float32
    assert BACKEND.full((2,), 3, dtypes.int8, "cpu").tolist() == [3, 3]
    assert BACKEND.unbroadcast(torch.ones(4, 2, 3), (2, 1)).tolist() == [[12], [12]]
    assert set(BACKEND.dtypes) == set(dtypes.DTYPES.values())
    BACKEND.synchronize()


def test_devices_that_are_not_there_are_refused() -> None:
    assert BACKEND.devices()[0] == "cpu"
    for name in ("cuda:99", "tpu", "meta"):
        with pytest.raises(DeviceError, match=f"no device '{name}'; it has 'cpu'"):
            BACKEND.to_device(torch.zeros(1), name)
        with pytest.raises(DeviceError):
            BACKEND.asarray([1.0], None, name, None)


def test_torchs_own_defaults_do_not_count() -> None:
    torch.set_default_dtype(torch.float16)
    try:
        with torch.device("meta"):
            raw = BACKEND.asarray([0.5], None, None, None)
            assert (raw.dtype, raw.device.type) == (torch.float64, "cpu")
            assert BACKEND.full((), 1, dtypes.float64, None).device.type == "cpu"
            where = KERNELS[ops.WHERE](torch.tensor([True], device="cpu"), 1.0, 2.0)
            assert (where.dtype, where.device.type) == (torch.float64, "cpu")
    finally:
        torch.set_default_dtype(torch.float32)


@needs_gpu
def test_a_gpu_and_back() -> None:
    raw = BACKEND.asarray([1.0, 2.0], None, "cuda", None)
    assert BACKEND.device_of(raw) == "cuda:0"
    assert BACKEND.device_of(BACKEND.zeros(raw, (2,))) == "cuda:0"
    assert BACKEND.to_numpy(KERNELS[ops.ADD](raw, raw)).tolist() == [2, 4]
    assert BACKEND.device_of(BACKEND.to_device(raw, "cpu")) == "cpu"
    assert raw is BACKEND.to_device(raw, "cuda:0")
    BACKEND.synchronize()


# --------------------------------------------------------------------------------------------------- whose memory it is


class Holder:
    """Holds a raw array as a tensor of plugrad does."""

    def __init__(self, data: torch.Tensor) -> None:
        self.data = data


def alone(holder: Holder) -> bool:
    return BACKEND.is_sole_owner(holder.data)


OWN: dict[str, Callable[[], torch.Tensor]] = {
    "new": lambda: torch.zeros(3),
    "a result": lambda: torch.ones(2, 3).sum(0),
    "asarray of a list": lambda: BACKEND.asarray([1.0, 2.0], None, None, None),
    "asarray of a NumPy array": lambda: to_torch(np.zeros(3)),
    "asarray of a tensor": lambda: to_torch(torch.zeros(4)[::2]),
    "a put": lambda: KERNELS[ops.PUT](torch.zeros(2, 3).T, 1.0, index=0),
    "0-d": lambda: torch.zeros(()),
}
NOT_OWN: dict[str, Callable[[], torch.Tensor]] = {
    "a slice that is left": lambda: torch.zeros(3)[1:],
    "a reshape that is left": lambda: torch.zeros(4).reshape(2, 2),
    "an expanded element": lambda: torch.zeros(1).expand(3),
    "NumPy's memory": lambda: torch.from_numpy(np.zeros(3)),
    "memory taken over": lambda: torch.from_dlpack(np.zeros(3)),
    "a buffer": lambda: torch.frombuffer(bytearray(24), dtype=torch.float64),
    "shared with processes": lambda: torch.zeros(3).share_memory_(),
    "a parameter": lambda: torch.nn.Parameter(torch.zeros(3), requires_grad=False),
    "of inference mode": torch.inference_mode()(lambda: torch.zeros(3)),
    "a transposed one": lambda: torch.zeros(2, 3).T.clone(),
}
SEEN: dict[str, Callable[[torch.Tensor], Any]] = {
    "a name": lambda raw: raw,
    "a view": lambda raw: raw[1:],
    "detached": lambda raw: raw.detach(),
    "of another dtype": lambda raw: raw.view(torch.int32),
    "NumPy's view": lambda raw: raw.numpy(),
    "NumPy's, by DLPack": np.from_dlpack,
    "a capsule": lambda raw: raw.__dlpack__(),
    "torch's, by DLPack": torch.from_dlpack,
    "the storage": lambda raw: raw.untyped_storage(),
    "saved in torch's graph": lambda raw: torch.ones(3, requires_grad=True) * raw,
}


@pytest.mark.parametrize("name", OWN)
def test_a_sole_owner_knows_it(name: str) -> None:
    holder = Holder(OWN[name]())  # within the assert pytest would hold it, too
    assert alone(holder)


@pytest.mark.parametrize("name", NOT_OWN)
def test_memory_that_is_not_all_its_own(name: str) -> None:
    holder = Holder(NOT_OWN[name]())
    assert not alone(holder)


@pytest.mark.parametrize("name", SEEN)
def test_memory_that_someone_else_sees(name: str) -> None:
    holder = Holder(torch.zeros(3))
    seen = SEEN[name](holder.data)
    assert not alone(holder)
    del seen
    assert (
        alone(holder) or "NumPy's" in name or "torch's" in name
    )  # where others have been, torch does not say they left


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_write_in_place(index: Any) -> None:
    expected = np.zeros((2, 3, 4))
    value = np.arange(expected[index].size, dtype=float).reshape(expected[index].shape)
    expected[index] = value
    raw = torch.zeros(2, 3, 4, dtype=torch.float64)
    BACKEND.write(raw, index, to_torch(value))
    np.testing.assert_array_equal(raw.numpy(), expected)
