"""Elementwise functions against NumPy: values, dtypes, scalars, broadcasting, refusals."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays, mutually_broadcastable_shapes

import plugrad as pg
from plugrad.errors import DTypeError, MixedBackendsError, PlugradError, ShapeError

from .helpers import COMPLEX, FLOATS, SIGNED, UNSIGNED, names, of, same

# name -> (NumPy's function, values in its domain)
ALL = [-2.5, -1.0, -0.0, 0.5, 1.0, 3.0]
POSITIVE = [0.25, 1.0, 2.0, 100.0]
UNIT = [-1.0, -0.5, 0.0, 0.5, 1.0]
UNARY: dict[str, tuple[Any, list[Any]]] = {
    "abs": (np.abs, ALL),
    "acos": (np.arccos, UNIT),
    "acosh": (np.arccosh, [1.0, 2.0, 50.0]),
    "asin": (np.arcsin, UNIT),
    "asinh": (np.arcsinh, ALL),
    "atan": (np.arctan, ALL),
    "atanh": (np.arctanh, [-0.5, 0.0, 0.5]),
    "ceil": (np.ceil, ALL),
    "conj": (np.conj, ALL),
    "cos": (np.cos, ALL),
    "cosh": (np.cosh, ALL),
    "exp": (np.exp, ALL),
    "expm1": (np.expm1, ALL),
    "floor": (np.floor, ALL),
    "isfinite": (np.isfinite, [*ALL, np.inf, np.nan]),
    "isinf": (np.isinf, [*ALL, np.inf, np.nan]),
    "isnan": (np.isnan, [*ALL, np.inf, np.nan]),
    "log": (np.log, POSITIVE),
    "log10": (np.log10, POSITIVE),
    "log1p": (np.log1p, POSITIVE),
    "log2": (np.log2, POSITIVE),
    "negative": (np.negative, ALL),
    "positive": (np.positive, ALL),
    "reciprocal": (np.reciprocal, POSITIVE),
    "round": (np.round, [-1.5, -0.5, 0.5, 1.5, 2.4]),
    "sign": (np.sign, ALL),
    "signbit": (np.signbit, ALL),
    "sin": (np.sin, ALL),
    "sinh": (np.sinh, ALL),
    "sqrt": (np.sqrt, POSITIVE),
    "square": (np.square, ALL),
    "tan": (np.tan, ALL),
    "tanh": (np.tanh, ALL),
    "trunc": (np.trunc, ALL),
}
BINARY: dict[str, Any] = {
    "add": np.add,
    "atan2": np.arctan2,
    "copysign": np.copysign,
    "divide": np.divide,
    "equal": np.equal,
    "floor_divide": np.floor_divide,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "hypot": np.hypot,
    "less": np.less,
    "less_equal": np.less_equal,
    "logaddexp": np.logaddexp,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "multiply": np.multiply,
    "nextafter": np.nextafter,
    "not_equal": np.not_equal,
    "pow": lambda a, b: np.power(np.abs(a), b),
    "remainder": np.remainder,
    "subtract": np.subtract,
}
HOLOMORPHIC = names("acos acosh asin asinh atan atanh cos cosh exp expm1 log log10 log1p log2 sin sinh sqrt tan tanh")


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", UNARY)
def test_one_operand(backend: str, name: str, dtype: pg.DType) -> None:
    theirs, values = UNARY[name]
    x, want = of(values, dtype)
    same(getattr(pg, name)(x), theirs(want), ulps=8)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_two_operands_that_broadcast(backend: str, name: str, dtype: pg.DType) -> None:
    (a, want_a), (b, want_b) = of([[-2.5], [0.5], [3.0]], dtype), of([0.75, 2.0], dtype)
    ours = pg.pow(pg.abs(a), b) if name == "pow" else getattr(pg, name)(a, b)
    same(ours, BINARY[name](want_a, want_b), ulps=8)


@pytest.mark.parametrize("name", [*HOLOMORPHIC, "negative", "positive", "reciprocal", "square", "conj"])
def test_complex_operand(backend: str, name: str) -> None:
    theirs = UNARY[name][0]
    x, want = of([0.5 + 0.25j, -1.0 + 2.0j], pg.complex128)
    same(getattr(pg, name)(x), theirs(want), ulps=32)


@pytest.mark.parametrize("dtype", COMPLEX, ids=str)
def test_parts_of_complex_numbers(backend: str, dtype: pg.DType) -> None:
    x, want = of([3 + 4j, -1j], dtype)
    same(pg.real(x), want.real)
    same(pg.imag(x), want.imag)
    same(pg.abs(x), np.abs(want))
    same(pg.sign(x), want / np.abs(want), ulps=4)


@pytest.mark.parametrize("dtype", [pg.bool, pg.int32, pg.float32], ids=str)
def test_parts_of_real_numbers(backend: str, dtype: pg.DType) -> None:
    x, want = of([1, 0], dtype)
    same(pg.real(x), want)
    same(pg.imag(x), np.zeros_like(want))


@pytest.mark.parametrize("name", ["exp", "sin", "sqrt", "reciprocal", "log1p"])
@pytest.mark.parametrize("dtype", [pg.bool, *SIGNED, *UNSIGNED], ids=str)
def test_integers_become_the_default_dtype_where_a_floating_one_is_asked(
    backend: str, name: str, dtype: pg.DType
) -> None:
    x, want = of([1, 1], dtype)
    same(getattr(pg, name)(x), UNARY[name][0](want.astype(float)), ulps=4)


@pytest.mark.parametrize("dtype", [pg.int8, pg.int64, pg.uint8, pg.bool], ids=str)
def test_bits(backend: str, dtype: pg.DType) -> None:
    (a, x), (b, y) = of([1, 0, 1, 0], dtype), of([1, 1, 0, 0], dtype)
    same(pg.bitwise_and(a, b), x & y)
    same(pg.bitwise_or(a, b), x | y)
    same(pg.bitwise_xor(a, b), x ^ y)
    same(pg.bitwise_invert(a), ~x)


def test_truth_values_are_not_rounded(backend: str) -> None:
    with pytest.raises(DTypeError, match="round: takes no bool; cast with astype"):
        pg.round(pg.asarray([True]))


def test_shifts(backend: str) -> None:
    x, want = of([1, -8, 7])
    same(pg.bitwise_left_shift(x, 2), want << 2)
    same(pg.bitwise_right_shift(x, 1), want >> 1)


def test_truth(backend: str) -> None:
    (a, x), (b, y) = of([True, False, True, False]), of([True, True, False, False])
    for name in ("logical_and", "logical_or", "logical_xor"):
        same(getattr(pg, name)(a, b), getattr(np, name)(x, y))
    same(pg.logical_not(a), ~x)


@pytest.mark.parametrize("scalar", [2, 2.0])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_python_scalars_are_weak_on_either_side(backend: str, dtype: pg.DType, scalar: Any) -> None:
    x, want = of([1.0, -3.0], dtype)
    same(pg.add(x, scalar), want + np.asarray(scalar, want.dtype))
    same(pg.subtract(scalar, x), np.asarray(scalar, want.dtype) - want)


def test_a_float_beside_integers_gives_the_default_dtype(backend: str) -> None:
    x, want = of([1, 2], pg.int32)
    same(pg.multiply(x, 0.5), want * 0.5)
    same(pg.add(x, 1j), want.astype(float) + 1j)
    same(pg.divide(x, 2), want / 2)


@pytest.mark.numpy
def test_foreign_arrays_are_taken() -> None:
    same(pg.add(np.asarray([1.0, 2.0]), pg.ones(2)), np.asarray([2.0, 3.0]))
    same(pg.exp(0.0), np.asarray(1.0))


@pytest.mark.parametrize("dtype", [pg.int32, pg.float32, pg.float64, pg.complex64], ids=str)
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 2.0, 0.5, -1.0])
def test_pow_with_a_number(backend: str, dtype: pg.DType, exponent: float) -> None:
    x, want = of([1, 2, 5], dtype)
    ours = pg.pow(x, exponent)
    if dtype is pg.int32 and isinstance(exponent, float):
        want = want.astype(float)
    same(ours, want**exponent if ours.dtype.kind in "iu" else want ** np.asarray(exponent, want.dtype), ulps=16)


def test_pow_of_a_number(backend: str) -> None:
    x, want = of([0.0, 1.0, -2.0], pg.float32)
    same(pg.pow(2, x), np.float32(2) ** want, ulps=4)
    n, whole = of([0, 3])
    same(pg.pow(2, n), 2**whole)
    same(pg.pow(2.0, n), 2.0**whole)
    same(pg.pow(x, 1j), want.astype(np.complex64) ** np.complex64(1j), ulps=8)


def test_pow_of_an_integer_to_a_negative_integer_says_what_to_write(backend: str) -> None:
    with pytest.raises(DTypeError, match=r"pow: int64 to the power -1 is no integer; write -1\.0"):
        pg.pow(pg.asarray([1, 2]), -1)


@pytest.mark.parametrize("bounds", [(-1, 1), (None, 1), (-1, None), (0.5, 2.5)], ids=str)
@pytest.mark.parametrize("dtype", [pg.int8, pg.uint8, pg.int64, pg.float32, pg.float64], ids=str)
def test_clip(backend: str, dtype: pg.DType, bounds: tuple[Any, Any]) -> None:
    if dtype is pg.uint8 and bounds[0] == -1:
        pytest.skip("-1 is outside of uint8, which the standard leaves open")
    x, want = of([0, 1, 2, 3, 100], dtype)
    low, high = bounds
    ours = pg.clip(x, low, high)
    wide = want.astype(ours.dtype.name)
    same(ours, np.clip(wide, low, high).astype(wide.dtype))


def test_clip_by_arrays_that_broadcast(backend: str) -> None:
    x, want = of([[0.0, 5.0], [1.0, -5.0]])
    low, want_low = of([[-1.0], [0.0]])
    same(pg.clip(x, low, 2.0), np.clip(want, want_low, 2.0))
    same(pg.clip(x, min=low), np.maximum(want, want_low))
    same(pg.clip(x), want)


def test_clip_of_nan_and_crossed_bounds(backend: str) -> None:
    same(pg.clip(pg.asarray([np.nan, 5.0]), -1, 1), np.asarray([np.nan, 1.0]))
    same(pg.clip(pg.asarray([0.0]), 3, 2), np.asarray([2.0]))


@pytest.mark.parametrize("name", ["less", "less_equal", "greater", "greater_equal", "maximum", "minimum"])
def test_complex_numbers_have_no_order(backend: str, name: str) -> None:
    for a, b in [(pg.asarray([1j]), 1.0), (pg.asarray([1.0]), 1j), (pg.asarray([1j]), pg.asarray([1j]))]:
        with pytest.raises(DTypeError, match=f"{name}: complex numbers have no order; take abs"):
            getattr(pg, name)(a, b)


def test_clip_refuses_complex_numbers(backend: str) -> None:
    with pytest.raises(DTypeError, match="clip: complex numbers have no order"):
        pg.clip(pg.asarray([1j]), 0, 1)


def test_shapes_that_do_not_broadcast(backend: str) -> None:
    with pytest.raises(ShapeError, match=r"add: the shapes \(2,\) and \(3,\) do not fit"):
        pg.add(pg.ones(2), pg.ones(3))


@pytest.mark.parametrize("what", ["text", None, Ellipsis, [None]], ids=repr)
def test_what_is_no_number(what: Any) -> None:
    with pytest.raises(PlugradError):
        pg.exp(what)


@pytest.mark.parametrize("name", UNARY)
def test_empty_and_0d(backend: str, name: str) -> None:
    door = getattr(pg, name)
    assert door(pg.ones((0, 2))).shape == (0, 2)
    assert door(pg.asarray(1.0)).shape == ()


@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_broadcasting_is_numpys(backend: str, shapes: Any) -> None:
    a, b = (np.arange(float(np.prod(s))).reshape(s) for s in shapes.input_shapes)
    same(pg.add(pg.asarray(a), pg.asarray(b)), np.asarray(a + b))


@given(x=arrays(np.float64, array_shapes(max_dims=2, max_side=4), elements=st.floats(-1e3, 1e3)))
def test_rounding_is_numpys(backend: str, x: Any) -> None:
    for name in ("ceil", "floor", "round", "trunc", "sign"):
        same(getattr(pg, name)(pg.asarray(x)), getattr(np, name)(x))


@pytest.mark.numpy
@given(
    dtypes=st.tuples(*[st.sampled_from([*SIGNED, *UNSIGNED, *FLOATS, *COMPLEX, pg.bool])] * 2),
)
def test_the_result_has_the_dtype_that_result_type_says(dtypes: Any) -> None:
    a, b = (pg.ones(1, dtype=d) for d in dtypes)
    try:
        want = pg.result_type(*dtypes)
    except DTypeError:
        with pytest.raises(DTypeError, match="no dtype holds both"):
            pg.multiply(a, b)
    else:
        assert pg.multiply(a, b).dtype is want


def test_operands_of_several_backends() -> None:
    torch = pytest.importorskip("plugrad_torch")
    assert torch
    with pytest.raises(MixedBackendsError, match=r"add: .*to_backend"):
        pg.add(pg.ones(2, backend="numpy"), pg.ones(2, backend="torch"))
