"""The one measure of how far apart two results are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.testing import error_in_eps

INF, NAN, EPS, EPS32 = np.inf, np.nan, 2.0**-52, 2.0**-23


@pytest.mark.parametrize(
    "a, ref, error",
    [
        ([1.0, 2.0], [1.0, 2.0], 0),
        ([1.0 + EPS], [1.0], 1),
        ([4.0 + 4 * EPS, 1.0], [4.0, 1.0], 1),  # in roundings of the largest
        ([3 * EPS], [0.0], 3),  # and of 1 at least
        ([1e-30], [-1e-30], 2e-30 / EPS),
        (np.float32([1.0 + EPS32]), np.float32([1.0]), 1),
        (np.float32([1.0 + EPS32]), np.float64([1.0]), 1),  # the coarser dtype counts
        ([1.0 + 1j * EPS], [1.0 + 0j], 1),
        ([NAN, INF, -INF, 1.0], [NAN, INF, -INF, 1.0], 0),
        ([INF, 1.0 + EPS], [INF, 1.0], 1),  # infinities are no scale
        ([NAN], [1.0], INF),
        ([1.0], [NAN], INF),
        ([INF], [1.0], INF),
        ([INF], [-INF], INF),
        ([complex(INF, NAN)], [complex(INF, NAN)], 0),
        ([complex(INF, NAN)], [complex(INF, 0)], INF),
        ([1.0], [[1.0]], INF),
        ([1, 2], [1, 2], 0),
        ([1, 2], [1, 3], INF),
        ([True], [False], INF),
        ([1], [1.0 + EPS], pytest.approx(1)),
        (np.zeros((0, 3)), np.zeros((0, 3)), 0),
        (2.0, 2.0, 0),
    ],
)
def test_error(a: Any, ref: Any, error: float) -> None:
    assert error_in_eps(np.asarray(a), np.asarray(ref)) == error


def test_difference_of_float32_is_not_rounded_itself() -> None:
    a, ref = np.float32([16777216.0]), np.float64([16777217.0])
    assert 0 < error_in_eps(a, ref) < 1


def test_tensors_with_history() -> None:
    x = pg.ones(2, requires_grad=True)
    assert error_in_eps(x * 2, [2.0, 2.0]) == 0
