"""pg.at against NumPy's ufunc.at: a place that is named several times gets all of its values, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.errors import DTypeError, ShapeError, TracingError, TransformError
from plugrad.testing import check_grads

from ..helpers import const

X = np.array([[0.5, 2.0, 1.5], [3.0, 0.25, 1.0]])
V = np.array([[2.25, 0.8], [0.75, 0.6]])
PLACES: dict[str, Any] = {
    "a row": 1,
    "a slice": (slice(None), slice(1, None)),
    "columns": (slice(None), np.array([2, 0])),
    "a column twice": (slice(None), np.array([1, 1])),
    "places twice": (np.array([[0], [0]]), np.array([2, -1])),
    "a mask": X > 0.9,
}
UFUNCS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "min": np.minimum,
    "max": np.maximum,
}


def one_after_the_other(name: str, x: Any, place: Any, v: Any) -> Any:
    y = x.copy()
    UFUNCS[name].at(y, place, v)
    return y


def values_for(place: Any) -> Any:
    """As many as fit: one for each of two by two places, else a number."""
    return V if X[place].shape == V.shape else np.array(0.75)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", UFUNCS)
def test_it_does_what_numpys_ufuncs_do(backend: str, name: str, place: str) -> None:
    index = PLACES[place]
    x, v = const(pg, X), const(pg, values_for(index))
    y = getattr(pg.at(x, index), name)(v)
    np.testing.assert_allclose(y.numpy(), one_after_the_other(name, X, index, values_for(index)), rtol=1e-15)
    assert x.tolist() == X.tolist()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [*UFUNCS, "set"])
def test_derivatives(name: str, place: str) -> None:
    index = PLACES[place]
    if name == "set" and "twice" in place:
        pytest.skip("the gradient goes to every value, the tangent is the last one's: docs/conventions.md")
    check_grads(lambda x, v: getattr(pg.at(x, index), name)(v), const(pg, X), const(pg, values_for(index)), bound=1e4)


@pytest.mark.parametrize("name", UFUNCS)
def test_each_sample_has_places_of_its_own(name: str) -> None:
    """What is known of neither values nor places is refused where the turns must be counted."""
    places = pg.asarray([[0, 2], [1, 1]])

    def changed(x: Any, at: Any) -> Any:
        return getattr(pg.at(x, at), name)(2.0)

    if name not in ("add", "subtract"):
        with pytest.raises(TransformError, match=rf"at\(...\)\.{name}: under vmap"):
            pg.vmap(changed)(const(pg, X), places)
        with pytest.raises(TracingError, match=rf"at\(...\)\.{name}: the value is not known"):
            pg.compile(changed)(const(pg, X[0]), places[0])
        return
    expected = [one_after_the_other(name, x, at, 2.0).tolist() for x, at in zip(X, np.array([[0, 2], [1, 1]]))]
    assert pg.vmap(changed)(const(pg, X), places).tolist() == expected
    assert pg.compile(changed)(const(pg, X[1]), places[1]).tolist() == expected[1]


@pytest.mark.parametrize("place", [slice(0, 2), [0, 2], np.array([True, True, False])], ids=str)
def test_leading_axes_of_length_one_do_not_count(backend: str, place: Any) -> None:
    """Neither in `at` nor in assignment, nor under vmap: as in NumPy."""
    for shape in ((1, 2), (1, 1, 2), (1, 1), (1, 1, 1)):
        v = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
        want = X[0].copy()
        want[place] = np.broadcast_to(v.reshape(-1), 2)
        x = const(pg, X[0])
        assert pg.at(x, place).set(const(pg, v)).tolist() == want.tolist()
        assert (pg.at(x, place).add(const(pg, v)) - x)[place].tolist() == want[place].tolist()
        rows = pg.vmap(lambda v, x=x: pg.at(x, place).set(v))(const(pg, np.stack([v, v + 1])))
        assert rows[0].tolist() == want.tolist()
        y = const(pg, X[0]) * 1
        y[place] = const(pg, v)
        assert y.tolist() == want.tolist()


def test_refused(backend: str) -> None:
    x = const(pg, X)
    with pytest.raises(ShapeError, match=r"a value of shape \(2, 2\) does not fit a place of shape \(3,\)"):
        pg.at(x, 0).add(pg.ones((2, 2)))
    with pytest.raises(ShapeError, match=r"a value of shape \(2, 2\) does not fit a place of shape \(2, 3\)"):
        pg.at(x, [0, 1]).add(pg.ones((2, 2)))
    with pytest.raises(DTypeError, match=r"at\(...\)\.add: float64 into an array of int64"):
        pg.at(pg.asarray([1, 2]), 0).add(1.5)
    with pytest.raises(IndexError, match="at which index"):
        pg.at(x).add(1.0)
    with pytest.raises(IndexError, match="there is an index already"):
        pg.at(x, 0)[1]
