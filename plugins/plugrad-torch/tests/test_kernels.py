"""torch's kernels against the composed ones on NumPy: values, ends of domains, shapes without values, native pulls."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import plugrad as pg
import pytest
import torch
from plugrad import dtypes, ops
from plugrad.backends import current, manager, standard
from plugrad.backends.numpy import NumPyBackend
from plugrad.errors import BackendNotFoundError
from plugrad.ops import Op
from plugrad_torch import SPEC
from plugrad_torch.backend import TorchBackend
from plugrad_torch.kernels import KERNELS, PULLS

torch.set_num_threads(1)

INF, NAN = math.inf, math.nan
PRIMITIVES = {op for op in vars(ops).values() if type(op) is Op}
REFERENCE = standard.kernels(NumPyBackend())
BACKEND = TorchBackend()


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


GROUPS = (elementwise_cases, reduction_cases, along_axes_cases, manipulation_cases, indexing_cases)
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


@pytest.fixture(autouse=True, scope="module")
def known_dtypes() -> None:
    dtypes.learn(BACKEND.dtypes)


# -------------------------------------------------------------------------------------------------------------- values


def test_every_primitive_is_native_and_has_a_case() -> None:
    assert set(KERNELS) == PRIMITIVES - {ops.PICK, ops.TO_BACKEND}
    assert {case.op for case in CASES} == set(KERNELS)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_numpy(case: Case) -> None:
    with np.errstate(all="ignore"):
        expected = REFERENCE[case.op](*case.args, **case.params)
    args = tuple(map(to_torch, case.args))
    before = [a.clone() for a in args]
    found = KERNELS[case.op](*args, **case.params)
    assert type(found) is type(expected) if type(expected) is tuple else type(found) is torch.Tensor
    for one, other in zip(found, expected) if type(expected) is tuple else [(found, expected)]:
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


# Where torch or NumPy leaves the standard, or the standard leaves it open.
OPEN: dict[Op, Callable[[Any, Any], Any]] = {
    ops.FLOOR_DIVIDE: lambda a, b: np.isinf(a) | np.isinf(b) | (b == 0),
}


@pytest.mark.parametrize("op", [op for op, pairs in BINARY.items() if f8 in pairs[0]], ids=str)
def test_ends_of_the_domain_of_two(op: Op) -> None:
    settled = ~OPEN.get(op, lambda a, b: np.zeros(a.shape, bool))(LEFT, RIGHT)
    a, b = LEFT[settled], RIGHT[settled]
    with np.errstate(all="ignore"):
        assert_same(KERNELS[op](to_torch(a), to_torch(b)), REFERENCE[op](a, b))
