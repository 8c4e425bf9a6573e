"""Quantifiers and differences against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.errors import ShapeError

from .helpers import of, same


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), ()], ids=str)
@pytest.mark.parametrize("dtype", [pg.bool, pg.int8, pg.float32, pg.complex128], ids=str)
@pytest.mark.parametrize("name", ["all", "any"])
def test_quantifiers(backend: str, name: str, dtype: pg.DType, axis: Any, keepdims: bool) -> None:
    x, want = of([[1, 0, 1], [1, 0, 0]], dtype)
    same(getattr(pg, name)(x, axis=axis, keepdims=keepdims), getattr(np, name)(want, axis=axis, keepdims=keepdims))


def test_quantifiers_of_nothing_and_nan(backend: str) -> None:
    same(pg.all(pg.ones((0,))), np.asarray(True))
    same(pg.any(pg.ones((0,))), np.asarray(False))
    same(pg.any(pg.asarray([np.nan])), np.asarray(True))


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("dtype", [pg.int64, pg.float64, pg.bool], ids=str)
def test_diff(backend: str, dtype: pg.DType, axis: int, n: int) -> None:
    x, want = of([[1, 4, 0], [1, 0, 1]], dtype)
    same(pg.diff(x, axis=axis, n=n), np.diff(want, n=n, axis=axis))


def test_diff_of_what_is_put_before_and_behind(backend: str) -> None:
    (x, want), (more, want_more) = of([[1.0, 4.0], [9.0, 16.0]]), of([[0.0], [1.0]])
    same(pg.diff(x, prepend=more, append=more), np.diff(want, prepend=want_more, append=want_more))


def test_diff_refuses() -> None:
    with pytest.raises(ShapeError, match="diff: differences are taken n = -1 times"):
        pg.diff(pg.ones(3), n=-1)
    with pytest.raises(ShapeError, match="diff: there is no axis 1"):
        pg.diff(pg.ones(3), axis=1)
