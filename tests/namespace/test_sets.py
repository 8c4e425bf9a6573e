"""Set functions against Python's and NumPy's."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

import plugrad as pg
from plugrad.errors import DTypeError, TracingError, TransformError

from .helpers import COMPLEX, FLOATS, SIGNED, UNSIGNED, of, same

NAN = float("nan")
SHAPES = array_shapes(min_dims=0, max_dims=3, max_side=5, min_side=0)
FEW = {
    "float64": st.sampled_from([NAN, 0.0, -0.0, 1.0, -2.5]),
    "complex128": st.sampled_from([0j, -0.0 + 0j, 1j, 1 + 1j, complex(NAN, 1), complex(1, NAN), -1 + 1j]),
    "int64": st.integers(-2, 2),
    "bool": st.booleans(),
}
UNIQUE = ("unique_all", "unique_counts", "unique_inverse", "unique_values")


@pytest.mark.parametrize("dtype", FEW)
@given(data=st.data())
def test_unique(backend: str, dtype: str, data: st.DataObject) -> None:
    x = data.draw(arrays(dtype, SHAPES, elements=FEW[dtype]))
    found = pg.unique_all(pg.asarray(x))
    want, at, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    np.testing.assert_array_equal(found.counts.numpy(), counts)
    np.testing.assert_array_equal(found.indices.numpy(), at)
    np.testing.assert_array_equal(found.inverse_indices.numpy(), inverse.reshape(x.shape))
    same(found.values, np.ravel(x)[at])
    assert [found.indices.dtype, found.inverse_indices.dtype, found.counts.dtype] == [pg.int64] * 3
    assert want.shape == found.values.shape


@pytest.mark.parametrize("dtype", [pg.bool, *SIGNED, *UNSIGNED, *FLOATS, *COMPLEX], ids=str)
def test_the_four_agree(backend: str, dtype: pg.DType) -> None:
    x, want = of([[1, 0, 1], [0, 0, 1]], dtype)
    every = pg.unique_all(x)
    same(every.values, np.unique(want))
    assert every.indices.tolist() == [1, 0]
    assert every.inverse_indices.tolist() == [[1, 0, 1], [0, 0, 1]]
    assert every.counts.tolist() == [3, 3]
    for name, fields in (("unique_counts", ("values", "counts")), ("unique_inverse", ("values", "inverse_indices"))):
        found = getattr(pg, name)(x)
        assert found._fields == fields
        assert [part.tolist() for part in found] == [getattr(every, f).tolist() for f in fields]
    same(pg.unique_values(x), np.unique(want))


@pytest.mark.parametrize("name", UNIQUE)
def test_unique_asks_for_known_values(name: str) -> None:
    def values(x: pg.Tensor) -> Any:
        found = getattr(pg, name)(x)
        return found if isinstance(found, pg.Tensor) else found[0]

    with pytest.raises(TransformError, match=f"{name}: under vmap there is a value for each sample"):
        pg.vmap(values)(pg.ones((2, 3)))
    with pytest.raises(TracingError, match=f"{name}: the value is not known while a program is traced"):
        pg.compile(values)(pg.ones(3))


def test_a_gradient_goes_to_the_first(backend: str) -> None:
    x = pg.asarray([[3.0, 1.0], [3.0, -0.0]], requires_grad=True)
    found = pg.unique_all(x)
    pg.sum(found.values**2).backward()
    same(x.grad, np.asarray([[6.0, 2.0], [0.0, 0.0]]))
    assert not found.counts.requires_grad
    _, tangent = pg.jvp(pg.unique_values, (x.detach(),), (pg.asarray([[1.0, 2.0], [3.0, 4.0]]),))
    same(tangent, np.asarray([4.0, 2.0, 1.0]))


@pytest.mark.parametrize("dtype", FEW)
@given(data=st.data(), invert=st.booleans())
def test_isin(backend: str, dtype: str, data: st.DataObject, invert: bool) -> None:
    one, two = (data.draw(arrays(dtype, SHAPES, elements=FEW[dtype])) for _ in range(2))
    want = np.any(one[..., None] == two.ravel(), axis=-1)
    same(pg.isin(pg.asarray(one), pg.asarray(two), invert=invert), want != invert)


def test_isin_with_scalars_and_other_dtypes(backend: str) -> None:
    x, want = of([[1, 2], [3, 2]], pg.int16)
    same(pg.isin(x, 2), want == 2)
    same(pg.isin(2, x), np.asarray(True))
    same(pg.isin(5, x, invert=True), np.asarray(True))
    same(pg.isin(x, 2.5), np.zeros((2, 2), bool))
    same(pg.isin(x, pg.asarray([3.0, 1.0], dtype=pg.float32)), want != 2)
    with pytest.raises(DTypeError, match="no dtype holds both"):
        pg.isin(pg.asarray([1], dtype=pg.uint64), x)


def test_isin_is_known_by_shape(backend: str) -> None:
    """So it may stand under vmap and be traced, whichever of the two is batched; it has no gradient."""
    x, among = pg.asarray([[1.0, 2.0], [3.0, 4.0], [1.0, 1.0]]), pg.asarray([[1.0, 4.0], [1.0, 4.0], [2.0, 0.0]])
    rows = [np.isin(a, b) for a, b in zip(x.numpy(), among.numpy(), strict=True)]
    same(pg.vmap(pg.isin)(x, among), np.stack(rows))
    same(pg.vmap(pg.isin, in_axes=(0, None))(x, among[0]), np.isin(x.numpy(), [1, 4]))
    same(pg.vmap(pg.isin, in_axes=(None, 0))(x[0], among), np.stack([np.isin([1, 2], b) for b in among.numpy()]))
    same(pg.compile(pg.isin)(x, among), np.isin(x.numpy(), among.numpy()))
    assert not pg.isin(pg.ones(2, requires_grad=True), x).requires_grad
