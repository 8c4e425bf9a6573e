"""Inspection, constants, and the namespace that a tensor is bound to."""

from __future__ import annotations

import math

import numpy as np
import pytest

import plugrad as pg
from plugrad.errors import ValidationError


def test_version() -> None:
    assert pg.__array_api_version__ == "2025.12"


def test_constants() -> None:
    assert (pg.e, pg.pi, pg.inf, pg.newaxis) == (math.e, math.pi, math.inf, None)
    assert math.isnan(pg.nan)


def test_info(backend: str) -> None:
    info = pg.__array_namespace_info__()
    assert set(info.capabilities()) == {"boolean indexing", "data-dependent shapes", "max dimensions"}
    assert info.default_device() in info.devices()
    assert info.default_dtypes() == {
        "real floating": pg.float64,
        "complex floating": pg.complex128,
        "integral": pg.int64,
        "indexing": pg.int64,
    }
    assert all(pg.ones(1, device=device).device == device for device in info.devices())


def test_info_on_dtypes(backend: str) -> None:
    info = pg.__array_namespace_info__()
    assert info.dtypes()["float32"] is pg.float32
    assert set(info.dtypes(kind="bool")) == {"bool"}
    assert set(info.dtypes(kind=("bool", "complex floating"))) == {"bool", "complex64", "complex128"}
    with pytest.raises(ValidationError, match="'floating' is no kind"):
        info.dtypes(kind="floating")


def test_a_tensors_namespace_is_one_object_that_makes_arrays_beside_it(backend: str) -> None:
    x = pg.ones(2)
    xp = x.__array_namespace__()
    with pg.use_backend("numpy"):
        assert xp is pg.ones(2, backend=backend).__array_namespace__(api_version="2025.12")
        made = [
            xp.zeros(2),
            xp.arange(3),
            xp.asarray([1.0]),
            xp.full(2, 1.0),
            xp.eye(2),
            xp.linspace(0, 1, 2),
            xp.asarray(np.ones(2)),
        ]
    assert {t.backend for t in made} == {backend}
    assert xp.zeros_like(x).backend == backend
    assert xp.__name__ == "plugrad"
    assert hash(xp)
    assert xp.sin is pg.sin
    assert xp.float64 is pg.float64
    assert xp.__array_namespace_info__().default_device() == x.device


def test_a_bound_namespace_moves_no_tensor_unasked() -> None:
    x = pg.ones(2)
    assert x.__array_namespace__().asarray(x) is x


def test_versions_that_are_not_there() -> None:
    with pytest.raises(
        ValidationError, match=r"there is no version '1999\.12' of the array API here; this is 2025\.12"
    ):
        pg.ones(1).__array_namespace__(api_version="1999.12")
