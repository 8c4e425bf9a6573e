"""What is chosen at ties, zeros, ends of domains, infinities and NaN: the table of docs/conventions.md, row by row.

The rows are the conformance kit's family of conventions, which asks them of every backend in both modes; here is that
the page says them, and that the modes agree at every other boundary there is, where the kit compares with torch, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.testing.samples import Sample
from plugrad_conformance.families import conventions

from .helpers import SMOOTH, Tensors, boundary, close, every, function, host

INF, NAN = math.inf, math.nan
PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"


def _parts(g: Any) -> list[tuple[complex, Any]]:
    """A direction of an operand, and the part of its gradient that the derivative along it is."""
    return [(1, g.real), (1j, g.imag)] if g.dtype.kind == "c" else [(1, g)]


def _tangent(f: Callable[..., Tensors], xs: Tensors, k: int, index: Any, unit: complex) -> Any:
    step = np.zeros(xs[k].shape, xs[k].dtype.name)
    step[index] = unit
    (t,) = pg.jvp(lambda x: f(*xs[:k], x, *xs[k + 1 :]), (xs[k],), (pg.asarray(step),))[1]
    return host(t).real


def test_the_page_says_the_same() -> None:
    """docs/conventions.md has every row, and the same gradients: | `row` `row` ... | `gradients` | remark |"""
    lines = re.findall(r"^\| ((?:`[^`]+` ?)+) \| `([^`]+)` \|", PAGE.read_text(encoding="utf8"), re.MULTILINE)
    said = {name: gradients for names, gradients in lines for name in re.findall(r"`([^`]+)`", names)}
    assert said.keys() == conventions.ROWS.keys()
    for name, point in conventions.ROWS.items():
        on_the_page = eval(f"({said[name]},)", {"inf": INF, "nan": NAN})
        close(map(_as_double, on_the_page), map(_as_double, point.gradients))


def _as_double(g: Any) -> Any:
    return np.asarray(g, np.complex128 if np.iscomplexobj(g) else np.float64)


# ------------------------------------------------------------------------------------------- every boundary there is


@every(lambda s: boundary(s) and s.operands[0].ndim == 1, SMOOTH)
def test_modes_agree_elementwise(sample: Sample) -> None:
    f, xs = function(sample)
    (y,), pull = pg.vjp(f, *xs)
    for k, g in enumerate(map(host, pull((pg.ones_like(y),)))):
        for unit, part in _parts(g):
            close([_tangent(f, xs, k, slice(None), unit)], [part], 1)


@every(lambda s: boundary(s) and s.operands[0].ndim == 2, SMOOTH)
def test_modes_agree_along_rows(sample: Sample) -> None:
    """The Jacobian of each row, by columns and by rows; where it is infinite in places, a zero beside it gives NaN."""
    f, (x,) = function(sample)
    (y,), pull = pg.vjp(f, x)
    forward = [_tangent(f, (x,), 0, (slice(None), j), 1) for j in range(x.shape[1])]
    for i in np.ndindex(y.shape[1:]):
        seed = np.zeros(y.shape)
        seed[(slice(None), *i)] = 1
        g = host(pull((pg.asarray(seed),))[0])
        alike = np.isfinite(g).all(axis=1) | np.isnan(g).all(axis=1)
        for j, column in enumerate(forward):
            close([column[(alike, *i)]], [g[alike, j]], 16)


# ------------------------------------------------------------------------------ what a rule by itself cannot make good


def test_where_does_not_undo_an_infinite_derivative() -> None:
    """The branch that is not taken gets a zero, and 0 * inf is NaN; forward mode drops the branch. As torch.

    The safe form gives the branch a harmless operand first.
    """

    def unsafe(x: pg.Tensor) -> pg.Tensor:
        return pg.where(x > 0, pg.sqrt(x), 0.0)

    def safe(x: pg.Tensor) -> pg.Tensor:
        return pg.where(x > 0, pg.sqrt(pg.where(x > 0, x, 1.0)), 0.0)

    x = pg.asarray([0.0, 4.0])
    _, pull = pg.vjp(unsafe, x)
    close(pull(pg.ones(2)), [np.array([NAN, 0.25])])
    close(pg.jvp(unsafe, (x,), (pg.ones(2),))[1:], [np.array([0.0, 0.25])])
    _, pull = pg.vjp(safe, x)
    close(pull(pg.ones(2)), [np.array([0.0, 0.25])])


def test_a_repeated_index_gives_its_gradient_to_every_value() -> None:
    """The value written last counts, and so does its tangent. As torch, which leaves the value itself open."""

    def written(v: pg.Tensor) -> pg.Tensor:
        x = pg.zeros(3)
        x[pg.asarray([0, 0])] = v
        return x

    y, pull = pg.vjp(written, pg.asarray([1.0, 2.0]))
    assert y.tolist() == [2.0, 0.0, 0.0]
    assert pg.jvp(written, (pg.ones(2),), (pg.asarray([3.0, 4.0]),))[1].tolist() == [4.0, 0.0, 0.0]
    assert pull(pg.asarray([5.0, 6.0, 7.0]))[0].tolist() == [5.0, 5.0]


def test_of_nothing_there_is_no_gradient() -> None:
    for f, value in ((pg.mean, NAN), (conventions.logsumexp, -INF), (pg.sum, 0.0), (pg.prod, 1.0)):
        y, pull = pg.vjp(f, pg.zeros((0, 3)))
        close([y], [np.array(value)])
        assert pull(pg.ones(()))[0].shape == (0, 3)


@pytest.mark.numpy
def test_values_that_are_not_torchs() -> None:
    close([pg.sign(pg.asarray(NAN))], [np.array(NAN)])
    close([pg.asarray([-0.0, -INF]) ** -0.5], [np.array([INF, 0.0])])


def test_a_nan_in_the_cotangent_goes_through() -> None:
    for f in (pg.sin, pg.abs, pg.exp, conventions.relu, lambda x: x * 2.0, lambda x: pg.maximum(x, 0.0)):
        _, pull = pg.vjp(f, pg.asarray([1.0, 2.0]))
        assert np.isnan(host(pull(pg.asarray([NAN, 1.0]))[0])).tolist() == [True, False]


@pytest.mark.parametrize("f", [pg.asin, pg.acos, pg.atanh], ids=lambda f: f.__name__)
def test_derivatives_near_the_end_of_the_domain_have_all_digits(f: Callable[..., pg.Tensor]) -> None:
    """1 - x * x would have lost nine of them."""
    x = 1.0 - 2.0**-30
    distance = 2.0**-30 * (2.0 - 2.0**-30)
    exact = {"asin": distance**-0.5, "acos": -(distance**-0.5), "atanh": 1 / distance}[f.__name__]
    assert pg.grad(f)(x).item() == pytest.approx(exact, rel=1e-15)


def test_products_with_zeros_are_exact_to_any_order() -> None:
    """d3 (a b c) / da db dc is 1, also where all are zero."""
    x = pg.asarray([0.0, 0.0, 0.0])
    third = pg.jacobian(pg.hessian(pg.prod))(x)
    assert third.tolist() == [[[float(len({i, j, k}) == 3) for k in range(3)] for j in range(3)] for i in range(3)]


def test_integers_do_not_widen_and_python_numbers_are_weak() -> None:
    single, ints = pg.ones(2, dtype=pg.float32), pg.asarray([1, 2])
    assert (single * ints).dtype is pg.float32
    assert (single * 2.5).dtype is pg.float32
    assert (single * 2.5j).dtype is pg.complex64
    assert (pg.ones(2) * pg.ones(2, dtype=pg.complex64)).dtype is pg.complex128
    assert (ints * 2).dtype is pg.int64
    assert (ints * 2.5).dtype is pg.default_dtype()
    assert (ints / ints).dtype is pg.default_dtype()
    assert pg.sin(ints).dtype is pg.default_dtype()
    assert (pg.asarray([True]) + 1).dtype is pg.int64


def test_promotion_is_undone_in_the_gradient() -> None:
    a, b, z = pg.ones(2, dtype=pg.float32), pg.ones(2), pg.asarray([1 + 2j, 3j])
    _, pull = pg.vjp(lambda a, b, z: a * b * z, a, b, z)
    found = pull(pg.asarray([1 + 0j, 1j]))
    assert [g.dtype for g in found] == [pg.float32, pg.float64, pg.complex128]
    assert found[1].tolist() == [1.0, 3.0]
