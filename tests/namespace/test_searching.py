"""Searching functions against NumPy."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

import plugrad as pg
from plugrad.errors import DTypeError, ShapeError, TracingError, TransformError, ValidationError

from .helpers import FLOATS, SIGNED, UNSIGNED, of, same


@pytest.mark.parametrize("dtypes", [(pg.float32, pg.float32), (pg.int8, pg.int64), (pg.float32, pg.complex64)], ids=str)
def test_where(backend: str, dtypes: Any) -> None:
    (c, want_c), (a, want_a), (b, want_b) = of([[True], [False]]), of([1, 2], dtypes[0]), of([3, 4], dtypes[1])
    same(pg.where(c, a, b), np.where(want_c, want_a, want_b))


def test_where_with_scalars(backend: str) -> None:
    x, want = of([1.0, -2.0], pg.float32)
    same(pg.where(x > 0, x, 0), np.where(want > 0, want, np.float32(0)))
    same(pg.where(x > 0, 1, x), np.where(want > 0, np.float32(1), want))
    same(pg.where(x > 0, 1, 0), np.asarray([1, 0]))
    same(pg.where(x > 0, 1.5, 0), np.asarray([1.5, 0]))


def test_where_takes_a_condition_only() -> None:
    with pytest.raises(DTypeError, match="where: the condition is of float64, not bool; compare it, as in c != 0"):
        pg.where(pg.ones(2), 1.0, 2.0)


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("dtype", [pg.int8, pg.float64], ids=str)
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_first_of_the_extremes(backend: str, name: str, dtype: pg.DType, axis: Any, keepdims: bool) -> None:
    x, want = of([[1, 3, 3], [0, 2, 0]], dtype)
    same(getattr(pg, name)(x, axis=axis, keepdims=keepdims), getattr(np, name)(want, axis=axis, keepdims=keepdims))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_first_of_the_extremes_refuses(backend: str, name: str) -> None:
    find = getattr(pg, name)
    with pytest.raises(ShapeError, match=rf"{name}: the shape \(0, 2\) has no element along axis 0"):
        find(pg.ones((0, 2)), axis=0)
    with pytest.raises(DTypeError, match=f"{name}: complex128 has no order"):
        find(pg.asarray([1j]))
    with pytest.raises(ShapeError, match=f"{name}: there is no axis 1"):
        find(pg.ones(2), axis=1)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)], ids=str)
@pytest.mark.parametrize("dtype", [pg.bool, pg.int16, pg.float32, pg.complex64], ids=str)
def test_count_nonzero(backend: str, dtype: pg.DType, axis: Any) -> None:
    x, want = of([[1, 0, 1], [0, 0, 1]], dtype)
    same(pg.count_nonzero(x, axis=axis), np.asarray(np.count_nonzero(want, axis=axis)))
    same(pg.count_nonzero(x, axis=axis, keepdims=True), np.asarray(np.count_nonzero(want, axis=axis, keepdims=True)))


@pytest.mark.parametrize("dtype", [pg.bool, pg.int16, pg.float32], ids=str)
def test_nonzero(backend: str, dtype: pg.DType) -> None:
    x, want = of([[1, 0, 1], [0, 0, 1]], dtype)
    for ours, theirs in zip(pg.nonzero(x), np.nonzero(want), strict=True):
        same(ours, theirs)
    assert [i.shape for i in pg.nonzero(pg.zeros((0, 2)))] == [(0,), (0,)]


def test_nonzero_asks_for_known_values() -> None:
    with pytest.raises(ShapeError, match="nonzero: a 0-d tensor has no index"):
        pg.nonzero(pg.asarray(1.0))
    with pytest.raises(TransformError, match="nonzero: under vmap there is a value for each sample"):
        pg.vmap(lambda x: pg.nonzero(x)[0])(pg.ones((2, 3)))
    with pytest.raises(TracingError, match="nonzero: the value is not known while a program is traced"):
        pg.compile(lambda x: pg.nonzero(x)[0])(pg.ones(3))


def test_nonzero_is_fine_where_there_is_a_value() -> None:
    x = pg.asarray([0.0, 2.0, 3.0])
    same(pg.grad(lambda x: pg.sum(x[pg.nonzero(x)[0]] ** 2))(x), np.asarray([0.0, 4.0, 6.0]))
    _, tangent = pg.jvp(lambda x: pg.sum(x[pg.nonzero(x)[0]]), (x,), (pg.ones(3),))
    assert tangent.item() == 2


FEW = st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1.0, 2.5])


@given(
    row=arrays(np.float64, st.integers(0, 9), elements=FEW),
    values=arrays(np.float64, array_shapes(min_dims=0, max_dims=3, max_side=4, min_side=0), elements=FEW),
    side=st.sampled_from(["left", "right"]),
)
def test_searchsorted(backend: str, row: Any, values: Any, side: Any) -> None:
    order = np.argsort(row, kind="stable")
    want = np.asarray(np.searchsorted(row[order], values, side))
    same(pg.searchsorted(pg.asarray(row[order]), pg.asarray(values), side=side), want)
    same(pg.searchsorted(pg.asarray(row), pg.asarray(values), side=side, sorter=pg.asarray(order)), want)


@pytest.mark.parametrize("dtype", [pg.bool, *SIGNED, *UNSIGNED, *FLOATS], ids=str)
def test_searchsorted_of_every_dtype_that_has_an_order(backend: str, dtype: pg.DType) -> None:
    (row, want_row), (values, want) = of([0, 1, 1], dtype), of([[1, 0], [0, 1]], dtype)
    same(pg.searchsorted(row, values), np.searchsorted(want_row, want))
    same(pg.searchsorted(row, values, side="right"), np.searchsorted(want_row, want, "right"))


def test_searchsorted_for_a_scalar(backend: str) -> None:
    """It is as weak as beside an operator."""
    row = pg.asarray([0.1, 0.2, 0.3], dtype=pg.float32)
    same(pg.searchsorted(row, 0.2), np.asarray(1))
    same(pg.searchsorted(row, 0.2, side="right"), np.asarray(2))
    same(pg.searchsorted(pg.asarray([1, 2, 3]), 2.5), np.asarray(2))
    with pytest.raises(DTypeError, match="300"):
        pg.searchsorted(pg.asarray([1, 2], dtype=pg.uint8), 300)


def test_searchsorted_under_vmap_and_compile(backend: str) -> None:
    rows, values = np.sort(np.random.default_rng(0).normal(size=(3, 4))), np.linspace(-2, 2, 6).reshape(3, 2)
    a, v = pg.asarray(rows), pg.asarray(values)
    same(pg.vmap(pg.searchsorted)(a, v), np.stack([*map(np.searchsorted, rows, values)]))
    same(pg.vmap(pg.searchsorted, in_axes=(None, 0))(a[0], v), np.searchsorted(rows[0], values))
    same(pg.vmap(pg.searchsorted, in_axes=(0, None))(a, v), np.stack([np.searchsorted(r, values) for r in rows]))
    same(pg.compile(pg.searchsorted)(a[0], v), np.searchsorted(rows[0], values))
    assert not pg.searchsorted(pg.ones(2, requires_grad=True), v).requires_grad


def test_searchsorted_refuses(backend: str) -> None:
    row = pg.asarray([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"searchsorted: takes a row to search in, got the shape \(1, 2\)"):
        pg.searchsorted(row[None], row)
    with pytest.raises(ShapeError, match=r"searchsorted: a sorter of shape \(1,\) for a row of shape \(2,\)"):
        pg.searchsorted(row, row, sorter=pg.asarray([0]))
    with pytest.raises(DTypeError, match="searchsorted: sorter must be integers, got float64"):
        pg.searchsorted(row, row, sorter=row)
    with pytest.raises(DTypeError, match="searchsorted: complex128 has no order"):
        pg.searchsorted(row, pg.asarray([1j]))
    with pytest.raises(ValidationError, match="searchsorted: side is 'left' or 'right', not 'middle'"):
        pg.searchsorted(row, row, side="middle")  # type: ignore[arg-type]
