"""NumPy's kernels and pulls where one of two spellings is chosen by size or shape: both say the same."""

import numpy as np
import pytest

import plugrad as pg
from plugrad.backends.numpy import kernels

SHAPES = [((400, 3), (3, 400)), ((3, 400), (400, 2)), ((1, 1), (1, 1)), ((2, 0), (0, 3)), ((2, 3, 4), (4, 5))]


@pytest.fixture(autouse=True)
def _on_numpy():
    with pg.use_backend("numpy"):
        yield


def _products(a, b):
    """The product, and both gradients of a weighted sum of it."""
    x, y = (pg.asarray(raw, requires_grad=True) for raw in (a, b))
    z = x @ y
    z.backward(pg.asarray(np.cos(np.arange(z.size, dtype=a.dtype)).reshape(z.shape)))
    return z.detach().numpy(), x.grad.numpy(), y.grad.numpy()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("left, right", SHAPES)
def test_products_of_every_size_agree(left, right, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape).astype(dtype) for shape in (left, right))
    by_size = _products(a, b)
    for much in (0, 2**60):  # by matmul alone, by dot alone
        monkeypatch.setattr(kernels, "MUCH", much)
        for one, other in zip(by_size, _products(a, b), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=30 * np.finfo(dtype).eps, atol=30 * np.finfo(dtype).eps)


def test_a_large_result_is_not_filled_with_zeros_first(monkeypatch):
    """`dot` does that, at the cost of a pass over memory."""
    used = []
    monkeypatch.setattr(kernels.np, "matmul", lambda x, y: used.append((x.shape, y.shape)) or x @ y)
    x, y = (pg.asarray(np.ones(shape), requires_grad=True) for shape in ((400, 2), (2, 400)))
    pg.sum(x @ y).backward()
    assert used == [((400, 2), (2, 400))]  # the gradients are small


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1), ()])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (0, 3), (3, 0), (1, 1)])
def test_the_cotangent_of_a_mean_is_shared_out_exactly(shape, axis, keepdims, dtype):
    """Each element's share is the quotient, rounded once."""
    x = pg.zeros(shape, dtype=dtype, requires_grad=True)
    y = pg.mean(x, axis=axis, keepdims=keepdims)
    ct = np.asarray(np.sin(1 + np.arange(y.size)).reshape(y.shape), dtype)
    y.backward(pg.asarray(ct))
    kept = np.sum(np.ones(shape), axis=axis, keepdims=True).shape
    count = np.dtype(dtype).type(max(x.size, 1) // max(y.size, 1))
    np.testing.assert_array_equal(x.grad.numpy(), np.broadcast_to(ct.reshape(kept) / count, shape))


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -0.0, 1e-45, 3.4e38])
def test_a_single_cotangent_reaches_every_element_as_it_is(value):
    x = pg.zeros((2, 3), dtype="float32", requires_grad=True)
    pg.sum(x).backward(pg.asarray(np.float32(value)))
    assert x.grad.numpy().tobytes() == np.full((2, 3), value, np.float32).tobytes()
