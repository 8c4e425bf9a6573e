"""Reductions against NumPy: axes, dtypes, empty arrays, refusals."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

import plugrad as pg
from plugrad.errors import DTypeError, ShapeError

from .helpers import COMPLEX, FLOATS, SIGNED, UNSIGNED, of, same

NAMES = ("sum", "prod", "mean", "max", "min", "var", "std")
AXES = [None, 0, -1, 1, (0, 2), (-1, 0), (0, 1, 2)]
VALUES = np.linspace(-2, 3, 24).reshape(2, 3, 4)


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_axes(backend: str, name: str, axis: Any, keepdims: bool) -> None:
    x, want = of(VALUES)
    same(
        getattr(pg, name)(x, axis=axis, keepdims=keepdims),
        getattr(np, name)(want, axis=axis, keepdims=keepdims),
        ulps=32,
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_axis_at_all(backend: str, name: str) -> None:
    x, want = of(VALUES)
    same(getattr(pg, name)(x, axis=()), getattr(np, name)(want, axis=()), ulps=4)
    same(getattr(pg, name)(pg.asarray(2.0)), getattr(np, name)(2.0))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_floats_keep_their_dtype(backend: str, name: str, dtype: pg.DType) -> None:
    x, want = of([1.0, 2.0, 5.0], dtype)
    same(getattr(pg, name)(x), getattr(np, name)(want), ulps=4)


@pytest.mark.parametrize("dtype", [pg.bool, *SIGNED, *UNSIGNED], ids=str)
@pytest.mark.parametrize("name", ["sum", "prod"])
def test_integers_are_accumulated_in_the_widest(backend: str, name: str, dtype: pg.DType) -> None:
    x, want = of([1, 1, 0] if dtype is pg.bool else [100, 100, 3], dtype)
    wide = np.uint64 if dtype.kind == "u" else np.int64
    same(getattr(pg, name)(x), getattr(np, name)(want, dtype=wide))


@pytest.mark.parametrize("to", [pg.int8, pg.int32, pg.float32, pg.complex64], ids=str)
@pytest.mark.parametrize("name", ["sum", "prod"])
def test_accumulated_in_a_dtype(backend: str, name: str, to: pg.DType) -> None:
    x, want = of([[1, 2], [3, 4]], pg.int16)
    same(getattr(pg, name)(x, axis=0, dtype=to), getattr(np, name)(want, axis=0, dtype=to.name))


@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum", "cumulative_prod", "linalg.trace"])
def test_no_dtype_drops_imaginary_parts(backend: str, name: str) -> None:
    z = pg.asarray([[1j, 2.0]] if "trace" in name else [1j, 2.0])
    with pytest.raises(DTypeError, match="complex values do not fit into float64; take real"):
        attrgetter(name)(pg)(z, dtype=pg.float64)


@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_integers_become_the_default_dtype(backend: str, name: str) -> None:
    x, want = of([1, 2, 4], pg.int8)
    same(getattr(pg, name)(x), getattr(np, name)(want), ulps=4)


@pytest.mark.parametrize("dtype", COMPLEX, ids=str)
@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var"])
def test_complex_numbers(backend: str, name: str, dtype: pg.DType) -> None:
    x, want = of([1 + 1j, 2 - 3j], dtype)
    same(getattr(pg, name)(x), getattr(np, name)(want), ulps=8)


@pytest.mark.parametrize("correction", [0, 1, 0.5, 2.0])
@pytest.mark.parametrize("name", ["var", "std"])
def test_correction(backend: str, name: str, correction: float) -> None:
    x, want = of([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]])
    same(getattr(pg, name)(x, axis=0, correction=correction), getattr(np, name)(want, axis=0, ddof=correction), ulps=8)


@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
@pytest.mark.parametrize("name", ["var", "std"])
def test_no_freedom_is_nan(backend: str, name: str) -> None:
    same(getattr(pg, name)(pg.asarray([2.0]), correction=1), np.asarray(np.nan))


def test_of_nothing(backend: str) -> None:
    x = pg.ones((0, 2))
    same(pg.sum(x, axis=0), np.zeros(2))
    same(pg.prod(x, axis=0), np.ones(2))
    same(pg.mean(x, axis=0), np.full(2, np.nan))
    same(pg.sum(x, axis=1), np.zeros(0))
    same(pg.max(x, axis=1), np.zeros(0))


@pytest.mark.parametrize("name", ["max", "min"])
def test_no_element_to_choose(backend: str, name: str) -> None:
    with pytest.raises(ShapeError, match=rf"{name}: the shape \(0, 2\) has no element along axis 0 to choose from"):
        getattr(pg, name)(pg.ones((0, 2)), axis=0)
    with pytest.raises(ShapeError, match="has no element"):
        getattr(pg, name)(pg.ones((0, 2)))


@pytest.mark.parametrize("name", ["max", "min"])
def test_nan_spreads_and_complex_numbers_have_no_order(backend: str, name: str) -> None:
    assert np.isnan(getattr(pg, name)(pg.asarray([1.0, np.nan, 3.0])).item())
    with pytest.raises(DTypeError, match=f"{name}: complex128 has no order"):
        getattr(pg, name)(pg.asarray([1j]))


@pytest.mark.parametrize("name", NAMES)
def test_axes_that_are_not_there(name: str) -> None:
    reduce = getattr(pg, name)
    with pytest.raises(ShapeError, match=f"{name}: there is no axis 2; axes go from -2 to 1"):
        reduce(pg.ones((2, 3)), axis=2)
    with pytest.raises(ShapeError, match=f"{name}: there is no axis 0; a 0-d tensor has no axes"):
        reduce(pg.asarray(1.0), axis=0)
    with pytest.raises(ShapeError, match=rf"{name}: \(0, -2\) names an axis twice"):
        reduce(pg.ones((2, 3)), axis=(0, -2))
    with pytest.raises(ShapeError, match=f"{name}: axis must be an int or a tuple of ints, not 'rows'"):
        reduce(pg.ones((2, 3)), axis="rows")


def test_an_axis_may_be_given_by_position_or_as_a_numpy_integer(backend: str) -> None:
    x, want = of(VALUES)
    same(pg.sum(x, 1), want.sum(1), ulps=4)
    same(pg.max(x, np.int64(-1)), want.max(-1))


@given(
    x=arrays(np.float64, array_shapes(max_dims=4, max_side=4), elements=st.floats(-10, 10)),
    data=st.data(),
    keepdims=st.booleans(),
)
def test_any_axes(backend: str, x: Any, data: st.DataObject, keepdims: bool) -> None:
    axes = data.draw(st.sets(st.integers(0, x.ndim - 1)).map(tuple))
    signed = tuple(a - x.ndim * data.draw(st.booleans()) for a in axes)
    for name in ("sum", "max"):
        ours = getattr(pg, name)(pg.asarray(x), axis=signed, keepdims=keepdims)
        want = np.asarray(getattr(np, name)(x, axis=signed, keepdims=keepdims))
        assert ours.shape == want.shape
        np.testing.assert_allclose(ours.numpy(), want, rtol=1e-12, atol=1e-12)


CUMULATIVE = {"cumulative_sum": np.cumsum, "cumulative_prod": np.cumprod}


@pytest.mark.parametrize("name", CUMULATIVE)
@given(
    x=arrays(np.float64, array_shapes(max_dims=3, max_side=5, min_side=0), elements=st.integers(-4, 4).map(float)),
    axis=st.integers(-3, 2),
    initial=st.booleans(),
)
def test_cumulative(backend: str, name: str, x: Any, axis: int, initial: bool) -> None:
    axis %= x.ndim
    want = CUMULATIVE[name](x, axis)
    if initial:
        first = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), float(name == "cumulative_prod"))
        want = np.concatenate([first, want], axis)
    same(getattr(pg, name)(pg.asarray(x), axis=axis, include_initial=initial), want)


@pytest.mark.parametrize("dtype", [pg.bool, *SIGNED, *UNSIGNED, *FLOATS, *COMPLEX], ids=str)
@pytest.mark.parametrize("name", CUMULATIVE)
def test_cumulative_dtypes(backend: str, name: str, dtype: pg.DType) -> None:
    x, want = of([1, 1, 0] if dtype is pg.bool else [100, 100, 3], dtype)
    wide = {"f": want.dtype, "c": want.dtype, "u": np.dtype(np.uint64)}.get(dtype.kind, np.dtype(np.int64))
    same(getattr(pg, name)(x), CUMULATIVE[name](want, dtype=wide))
    narrow = pg.complex64 if dtype.kind == "c" else pg.float32
    same(getattr(pg, name)(x, dtype=narrow), CUMULATIVE[name](want, dtype=narrow.name))
    assert getattr(pg, name)(x, include_initial=True).dtype.name == wide.name


@pytest.mark.parametrize("name", CUMULATIVE)
def test_cumulative_refuses(backend: str, name: str) -> None:
    function = getattr(pg, name)
    with pytest.raises(ShapeError, match=rf"{name}: the shape \(2, 2\) has not one axis; name the axis to go along"):
        function(pg.ones((2, 2)))
    with pytest.raises(ShapeError, match=rf"{name}: the shape \(\) has not one axis"):
        function(pg.asarray(1.0))
    with pytest.raises(ShapeError, match=f"{name}: there is no axis 1"):
        function(pg.ones(2), axis=1)


def test_cumulative_products_with_zeros_are_exact_to_any_order(backend: str) -> None:
    """d3 (a b c) / da db dc is 1, also where all are zero."""
    x = pg.asarray([0.0, 0.0, 0.0])
    third = pg.jacobian(pg.hessian(lambda x: pg.cumulative_prod(x)[2]))(x)
    assert third.tolist() == [[[float(len({i, j, k}) == 3) for k in range(3)] for j in range(3)] for i in range(3)]


def test_of_many_factors(backend: str) -> None:
    """The recurrence halves: no length is special."""
    for n in range(1, 20):
        x = np.linspace(-1.5, 1.5, n)
        want = [[np.prod(np.delete(x[: i + 1], j)) if j <= i else 0.0 for j in range(n)] for i in range(n)]
        for jacobian in (pg.jacobian(pg.cumulative_prod), lambda x: pg.stack([
            pg.jvp(pg.cumulative_prod, (x,), (e,))[1] for e in pg.eye(x.shape[0])
        ], axis=1)):  # fmt: skip
            np.testing.assert_allclose(jacobian(pg.asarray(x)).numpy(), want, rtol=0, atol=1e-15)
