"""nn.dropout: who goes, what stays, and where the numbers come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import nn
from plugrad.errors import TracingError, TransformError, ValidationError
from plugrad.random import Generator
from plugrad.testing import check_grads


def dropped(x: Any, p: float, seed: int = 0) -> Any:
    return nn.dropout(x, p, generator=Generator(seed))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_a_share_goes_and_the_sum_stays(backend: str, p: float) -> None:
    n = 20_000
    y = dropped(pg.ones(n), p).numpy()
    assert set(np.round(np.unique(y), 12)) == {0, round(1 / (1 - p), 12)}
    deviation = np.sqrt(p * (1 - p) / n)
    assert abs(np.mean(y == 0) - p) < 5 * deviation


def test_elements_go_by_themselves(backend: str) -> None:
    gone = dropped(pg.ones((200, 100)), 0.5).numpy() == 0
    assert np.ptp(gone.mean(0)) > 0.05  # no row, and no column, goes as one
    assert np.ptp(gone.mean(1)) > 0.05
    assert not np.array_equal(gone[0], gone[1])


def test_the_ends(backend: str) -> None:
    x = pg.asarray([1.0, np.inf, np.nan])
    assert dropped(x, 1).tolist() == [0, 0, 0]
    for kept in (nn.dropout(x, 0), nn.dropout(x, 0.7, training=False)):
        np.testing.assert_array_equal(kept.numpy(), x.numpy())
    assert dropped(pg.ones((0, 3)), 0.5).shape == (0, 3)


def test_what_gave_no_value_gives_no_gradient(backend: str) -> None:
    x = pg.asarray([np.inf, 2.0, -3.0, np.nan, 5.0, 7.0], requires_grad=True)
    y = dropped(x, 0.5)
    y.backward(pg.ones(6))
    np.testing.assert_array_equal(x.grad.numpy(), np.where(y.detach().numpy() == 0, 0.0, 2.0))
    assert 0 < np.count_nonzero(x.grad.numpy()) < 6


def test_both_modes(backend: str) -> None:
    check_grads(lambda x: dropped(x**2, 0.4), pg.asarray([[0.5, -1.0, 2.0], [1.5, 3.0, 0.25]]))


def test_a_seed_says_which_on_every_backend(backend: str) -> None:
    x = np.ones((5, 7))
    assert dropped(pg.asarray(x), 0.3).tolist() == dropped(pg.asarray(x, backend="numpy", device="cpu"), 0.3).tolist()
    assert dropped(pg.asarray(x), 0.3, seed=1).tolist() != dropped(pg.asarray(x), 0.3).tolist()


def test_the_default_generator_goes_on(backend: str) -> None:
    x = pg.ones(50)
    pg.random.seed(3)
    first, second = nn.dropout(x), nn.dropout(x)
    assert first.tolist() != second.tolist()
    pg.random.seed(3)
    assert nn.dropout(x).tolist() == first.tolist()


def test_dtypes(backend: str) -> None:
    for dtype in (pg.float32, pg.float64, pg.complex64):
        assert dropped(pg.ones(4, dtype=dtype), 0.5).dtype is dtype


@pytest.mark.parametrize("p", [-0.1, 1.5, np.nan, "half", None], ids=repr)
def test_no_probability(p: Any) -> None:
    with pytest.raises(ValidationError, match="dropout: p is a share from 0 to 1, not "):
        nn.dropout(pg.ones(2), p)


def test_under_transforms_the_mask_comes_from_outside(backend: str) -> None:
    with pytest.raises(TransformError):
        pg.vmap(nn.dropout)(pg.ones((2, 3)))
    with pytest.raises(TracingError):
        pg.compile(nn.dropout)(pg.ones(3))
    same_for_all = pg.vmap(lambda x: dropped(x, 0.5))(pg.ones((2, 30))).numpy()
    np.testing.assert_array_equal(same_for_all[0], same_for_all[1])
