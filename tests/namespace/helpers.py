"""What the tests of the chapters share: how a result is compared with NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

import plugrad as pg

FLOATS = (pg.float32, pg.float64)
COMPLEX = (pg.complex64, pg.complex128)
SIGNED = (pg.int8, pg.int16, pg.int32, pg.int64)
UNSIGNED = (pg.uint8, pg.uint16, pg.uint32, pg.uint64)


def same(ours: pg.Tensor, want: Any, *, ulps: float = 0) -> None:
    """A Tensor with the shape, the dtype and the values of `want`, up to so many units in the last place."""
    assert type(ours) is pg.Tensor
    got, expected = ours.numpy(), np.asarray(want)
    assert ours.shape == got.shape == expected.shape
    assert ours.dtype.name == got.dtype.name == expected.dtype.name
    rtol = ulps * float(np.finfo(expected.dtype).eps) if expected.dtype.kind in "fc" else 0
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol)


def of(values: Any, dtype: pg.DType | None = None) -> tuple[pg.Tensor, Any]:
    """Values as a Tensor of the backend under test, and as NumPy's."""
    ours = pg.asarray(values, dtype=dtype)
    return ours, np.asarray(values, ours.dtype.name)


def names(of_several: str) -> list[str]:
    """The words of a text: a table of names that reads as one."""
    return of_several.split()
