"""Sorting functions against NumPy."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

import plugrad as pg
from plugrad.errors import DTypeError, ShapeError

from .helpers import FLOATS, SIGNED, UNSIGNED, of, same

NAN, INF = float("nan"), float("inf")
FEW = st.sampled_from([NAN, INF, -INF, 0.0, -0.0, 1.0, 1.0, -2.5])
ROWS = arrays(np.float64, array_shapes(max_dims=3, max_side=6, min_side=0), elements=FEW)


def order_of(x: Any, axis: int, descending: bool) -> Any:
    """The places in order, equal ones ascending; NaN is the largest."""
    ranks = np.unique(np.nan_to_num(x, nan=INF, posinf=1e9, neginf=-1e9), return_inverse=True)[1].reshape(x.shape)
    return np.argsort(-ranks if descending else ranks, axis, kind="stable")


@given(x=ROWS, axis=st.integers(-3, 2), descending=st.booleans(), stable=st.booleans())
def test_in_order(backend: str, x: Any, axis: int, descending: bool, stable: bool) -> None:
    axis %= x.ndim
    order = order_of(x, axis, descending)
    same(pg.argsort(pg.asarray(x), axis=axis, descending=descending, stable=stable), order)
    ours = pg.sort(pg.asarray(x), axis=axis, descending=descending, stable=stable)
    same(ours, np.take_along_axis(x, order, axis))
    np.testing.assert_array_equal(np.signbit(ours.numpy()), np.signbit(np.take_along_axis(x, order, axis)))


@pytest.mark.parametrize("dtype", [pg.bool, *SIGNED, *UNSIGNED, *FLOATS], ids=str)
def test_every_dtype_that_has_an_order(backend: str, dtype: pg.DType) -> None:
    x, want = of([[3, 1, 2], [0, 1, 0]], dtype)
    same(pg.sort(x), np.sort(want))
    same(pg.sort(x, axis=0), np.sort(want, axis=0))
    same(pg.argsort(x), np.argsort(want, kind="stable"))
    same(pg.sort(x, descending=True), np.sort(want)[:, ::-1])


def test_large_unsigned_integers_keep_their_order(backend: str) -> None:
    x, want = of(np.asarray([2**64 - 1, 5, 2**63], np.uint64))
    same(pg.sort(x), np.sort(want))


@pytest.mark.parametrize("name", ["sort", "argsort"])
def test_refuses(backend: str, name: str) -> None:
    function = getattr(pg, name)
    with pytest.raises(DTypeError, match=f"{name}: complex128 has no order; take abs, real or imag first"):
        function(pg.asarray([1j]))
    with pytest.raises(ShapeError, match=f"{name}: there is no axis 2; axes go from -2 to 1"):
        function(pg.ones((2, 2)), axis=2)
    with pytest.raises(ShapeError, match=f"{name}: there is no axis -1; a 0-d tensor has no axes"):
        function(pg.asarray(1.0))


def test_a_gradient_goes_to_the_element_that_was_moved(backend: str) -> None:
    x = pg.asarray([[3.0, 1.0, 3.0], [NAN, 0.0, -0.0]], requires_grad=True)
    pg.sum(pg.sort(x) * pg.asarray([1.0, 10.0, 100.0])).backward()
    same(x.grad, np.asarray([[10.0, 1.0, 100.0], [100.0, 1.0, 10.0]]))
    assert "argsort, which gives int64" in str(pg.argsort(x).node)


def test_under_transforms(backend: str) -> None:
    x = pg.asarray([[3.0, 1.0, 2.0], [0.0, -1.0, 5.0]])
    same(pg.vmap(pg.sort)(x), np.sort(x.numpy()))
    same(pg.compile(lambda x: pg.sort(x, descending=True))(x), np.sort(x.numpy())[:, ::-1])
    y, tangent = pg.jvp(pg.sort, (x,), (x * 2.0,))
    same(tangent, 2.0 * y.numpy())
    hessian = pg.hessian(lambda x: pg.sum(pg.sort(x) ** 3 * pg.asarray([0.0, 1.0, 2.0])))(x[0])
    same(hessian, np.diag([36.0, 0.0, 12.0]))
