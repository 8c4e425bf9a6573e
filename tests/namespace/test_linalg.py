"""Products of matrices and vectors against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.errors import ShapeError

from .helpers import COMPLEX, FLOATS, of, same

RNG = np.random.default_rng(0)
SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((6, 1, 2, 3), (5, 3, 4)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
]


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, pg.int64], ids=str)
@pytest.mark.parametrize("a, b", SHAPES, ids=str)
def test_matmul(backend: str, a: Any, b: Any, dtype: pg.DType) -> None:
    (x, want_x), (y, want_y) = (of(RNG.integers(-3, 3, s), dtype) for s in (a, b))
    same(pg.matmul(x, y), np.matmul(want_x, want_y))
    same(x @ y, np.matmul(want_x, want_y))


@pytest.mark.parametrize("dtype", [pg.float64, pg.complex128], ids=str)
@pytest.mark.parametrize("a, b", SHAPES, ids=str)
def test_the_operator_has_the_derivatives_of_the_function(backend: str, a: Any, b: Any, dtype: pg.DType) -> None:
    """What it does by a shorter way where it can."""
    x, y = (of(RNG.normal(size=s), dtype)[0] for s in (a, b))
    z, pullback = pg.vjp(pg.matmul, x, y)
    ct = pg.cos(z)
    for leaf, want in zip((x.requires_grad_(), y.requires_grad_()), pullback(ct), strict=True):
        (got,) = pg.autograd.grad(x @ y, leaf, ct)
        same(got, want.to_backend("numpy").numpy())


@pytest.mark.parametrize(
    "a, b", [((3,), (2,)), ((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 3), (2,)), ((2, 2, 3), (3, 3, 2))], ids=str
)
def test_matmul_that_does_not_fit(backend: str, a: Any, b: Any) -> None:
    with pytest.raises(ShapeError, match=r"matmul: the shapes .* and .* do not fit"):
        pg.matmul(pg.ones(a), pg.ones(b))
    with pytest.raises(ShapeError, match=r"matmul: the shapes .* and .* do not fit"):
        pg.ones(a) @ pg.ones(b)


@pytest.mark.parametrize("a, b", [((), (2,)), ((2, 2), ())], ids=str)
def test_matmul_of_a_number(a: Any, b: Any) -> None:
    with pytest.raises(ShapeError, match="an operand has no axis to sum over; multiply scales"):
        pg.matmul(pg.ones(a), pg.ones(b))
    with pytest.raises(ShapeError, match="multiply scales"):
        pg.ones(2) @ 2


@pytest.mark.parametrize("shape", [(2, 3), (4, 2, 3), (0, 2)], ids=str)
def test_matrix_transpose(backend: str, shape: Any) -> None:
    x, want = of(RNG.normal(size=shape))
    same(pg.matrix_transpose(x), want.mT)
    same(x.mT, want.mT)


def test_matrix_transpose_of_a_vector() -> None:
    with pytest.raises(ShapeError, match=r"matrix_transpose: a matrix has at least two axes, got the shape \(3,\)"):
        pg.matrix_transpose(pg.ones(3))


@pytest.mark.parametrize(
    "a, b, axes",
    [
        ((2, 3, 4), (3, 4, 5), 2),
        ((2, 3), (4, 5), 0),
        ((2, 3), (3,), 1),
        ((2, 3, 4), (4, 2), ([0, 2], [1, 0])),
        ((2, 3, 4), (4, 2), ([-1], [0])),
        ((2, 3), (2, 3), ([0, 1], [0, 1])),
        ((2, 0), (0, 3), 1),
        ((2,), (3,), ((), ())),
    ],
    ids=str,
)
def test_tensordot(backend: str, a: Any, b: Any, axes: Any) -> None:
    (x, want_x), (y, want_y) = (of(RNG.normal(size=s)) for s in (a, b))
    same(pg.tensordot(x, y, axes=axes), np.tensordot(want_x, want_y, axes), ulps=16)


def test_tensordot_that_does_not_fit() -> None:
    with pytest.raises(
        ShapeError, match=r"tensordot: axes \(1,\) of the shape \(2, 3\) and \(0,\) of \(2, 3\) are not as long"
    ):
        pg.tensordot(pg.ones((2, 3)), pg.ones((2, 3)), axes=1)
    with pytest.raises(ShapeError, match="tensordot: axes=3 of operands with 2 and 2 axes"):
        pg.tensordot(pg.ones((2, 3)), pg.ones((2, 3)), axes=3)
    with pytest.raises(ShapeError, match="tensordot: there is no axis 2"):
        pg.tensordot(pg.ones((2, 3)), pg.ones((2, 3)), axes=([2], [0]))


@pytest.mark.parametrize("dtype", [pg.float32, pg.complex128, pg.int32], ids=str)
@pytest.mark.parametrize(
    "a, b, axis", [((3,), (3,), -1), ((2, 3), (3,), -1), ((4, 1, 3), (2, 3), -1), ((3, 2), (3, 2), -2)], ids=str
)
def test_vecdot(backend: str, a: Any, b: Any, axis: int, dtype: pg.DType) -> None:
    (x, want_x), (y, want_y) = (of(RNG.integers(-3, 3, s), dtype) for s in (a, b))
    if dtype.kind == "c":
        x, want_x = x * (1 + 2j), want_x * (1 + 2j)
    same(pg.vecdot(x, y, axis=axis), np.vecdot(want_x, want_y, axis=axis))


def test_vecdot_does_not_broadcast_the_vectors() -> None:
    with pytest.raises(ShapeError, match=r"vecdot: the shapes \(1,\) and \(3,\) are not as long along axis -1"):
        pg.vecdot(pg.ones(1), pg.ones(3))


def test_outer(backend: str) -> None:
    (x, want_x), (y, want_y) = of([1 + 1j, 2]), of([3, -1, 4])
    same(pg.outer(x, y), np.outer(want_x, want_y))
    with pytest.raises(ShapeError, match=r"outer: takes two vectors, got the shapes \(2, 2\) and \(3,\)"):
        pg.outer(pg.ones((2, 2)), y)
