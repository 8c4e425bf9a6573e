"""Indexing functions against NumPy."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import plugrad as pg
from plugrad.errors import DTypeError, ShapeError

from .helpers import of, same

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("indices", [[0, 1, 1], [-1, 0], [], [[0, 1], [1, 0]], 1], ids=str)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take(backend: str, axis: int, indices: Any) -> None:
    x, want = of(X)
    at, want_at = of(indices, pg.int64)
    same(pg.take(x, at, axis=axis), np.take(want, want_at, axis=axis))


@pytest.mark.parametrize("dtype", [pg.int8, pg.int32, pg.uint8], ids=str)
def test_take_by_other_integers(backend: str, dtype: pg.DType) -> None:
    x, want = of([1.0, 2.0, 3.0])
    same(pg.take(x, pg.asarray([2, 0], dtype=dtype)), want[[2, 0]])


def test_lists_and_numpys_arrays_are_indices_where_numpy_never_computed(backend: str) -> None:
    """In a process of its own: whoever made one array of NumPy's has told what NumPy calls its dtypes."""
    code = f"""
import numpy as np, plugrad as pg
pg.use_backend({backend!r})
x = pg.ones(3)
x[[0, 2]] = 5.0
assert x[[0, 1]].tolist() == x[np.asarray([0, 1], np.int8)].tolist() == [5, 1]
assert x[[True, False, True]].tolist() == x[np.asarray([True, False, True])].tolist() == [5, 5]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_take_refuses(backend: str) -> None:
    with pytest.raises(ShapeError, match=r"take: the shape \(2, 2\) has not one axis; name the axis"):
        pg.take(pg.ones((2, 2)), pg.asarray([0]))
    with pytest.raises(DTypeError, match="take: indices must be integers, got float64"):
        pg.take(pg.ones(2), pg.asarray([0.0]))
    with pytest.raises(IndexError):
        pg.take(pg.ones(2), pg.asarray([2]))


@given(data=st.data())
def test_take_along_axis(backend: str, data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    axis, many = data.draw(st.integers(-len(shape), len(shape) - 1)), data.draw(st.integers(0, 4))
    n, its = shape[axis], list(shape)
    its[axis] = many
    at = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-n, n, its)
    x = np.arange(float(np.prod(shape))).reshape(shape)
    same(pg.take_along_axis(pg.asarray(x), pg.asarray(at), axis=axis), np.take_along_axis(x, at, axis))


def test_take_along_axis_broadcasts(backend: str) -> None:
    x, want = of(X)
    at, want_at = of([[[3]], [[0]]])
    same(pg.take_along_axis(x, at), np.take_along_axis(want, np.broadcast_to(want_at, (2, 3, 1)), -1))
    same(
        pg.take_along_axis(x[:1], at),
        np.take_along_axis(np.broadcast_to(want[:1], (2, 3, 4)), np.broadcast_to(want_at, (2, 3, 1)), -1),
    )


def test_take_along_axis_refuses(backend: str) -> None:
    with pytest.raises(ShapeError, match=r"take_along_axis: the shapes \(2, 2\) and \(1,\) must have as many axes"):
        pg.take_along_axis(pg.ones((2, 2)), pg.asarray([0]))
    with pytest.raises(ShapeError, match="do not fit"):
        pg.take_along_axis(pg.ones((2, 2)), pg.asarray([[0], [0], [0]]))
    with pytest.raises(DTypeError, match="take_along_axis: indices must be integers, got bool"):
        pg.take_along_axis(pg.ones(2), pg.asarray([True]))


def test_gradients_go_to_what_was_taken() -> None:
    x = pg.asarray(X[0], requires_grad=True)
    pg.sum(pg.take_along_axis(x, pg.asarray([[1, 1], [0, -1], [2, 0]]))).backward()
    same(x.grad, np.asarray([[0, 2, 0, 0], [1, 0, 0, 1], [1, 0, 1, 0.0]]))
