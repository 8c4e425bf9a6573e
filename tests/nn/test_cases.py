"""nn against torch.nn.functional: values, gradients and second derivatives, in float32, in every mode and at ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.testing import check_grads, cross_validate, error_in_eps

from .cases import EXTREME, FIRST, SMOOTH, Case

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")  # torch's, of kl_div

cases = pytest.mark.parametrize("case", SMOOTH, ids=str)
first_cases = pytest.mark.parametrize("case", FIRST, ids=str)
extreme_cases = pytest.mark.parametrize("case", EXTREME, ids=str)


# ------------------------------------------------------------------------------------------------------- against torch


@cases
def test_two_orders_against_torch(case: Case, backend: str) -> None:
    cross_validate(case.either, *case.inputs, backends=backend, order=2)


@cases
def test_float32_against_torch(case: Case, backend: str) -> None:
    cross_validate(case.either, *case.inputs, backends=backend, dtype=pg.float32)


@first_cases
def test_one_order_against_torch(case: Case, backend: str) -> None:
    cross_validate(case.either, *case.inputs, backends=backend, bound=case.bound)


@extreme_cases
def test_extremes_against_torch(case: Case, backend: str) -> None:
    cross_validate(case.either, *case.inputs, backends=backend, order=2)


# --------------------------------------------------------------------------------------------------------- every mode


@cases
def test_both_modes_against_differences(case: Case) -> None:
    check_grads(case.ours, *case.inputs)


def stacked(x: Any) -> np.ndarray:
    """Three samples: of classes three orders, of numbers three sizes."""
    x = np.asarray(x)
    return np.stack([x, x[::-1] if x.ndim else x, x] if x.dtype.kind == "i" else [x, x / 2, x / 4])


WHICH = [
    (True,),
    (True, True),
    (True, False),
    (False, True),
    (True, True, True),
    (False, True, True),
    (True, False, False),
]


@pytest.mark.parametrize(
    "case, batched",
    [pytest.param(c, w, id=f"{c}-{w}") for c in SMOOTH for w in WHICH if len(w) == len(c.inputs)],
)
def test_vmap_is_a_loop(case: Case, batched: tuple[bool, ...]) -> None:
    xs = [pg.asarray(stacked(x) if b else np.asarray(x)) for x, b in zip(case.inputs, batched, strict=True)]

    def gradient(*xs: Any) -> Any:
        return pg.grad(lambda x: pg.sum(pg.real(case.ours(x, *xs[1:]))))(xs[0])

    at_once = pg.vmap(gradient, in_axes=tuple(0 if b else None for b in batched))(*xs)
    one_by_one = [gradient(*(x[i] if b else x for x, b in zip(xs, batched, strict=True))) for i in range(3)]
    assert error_in_eps(at_once, pg.stack(one_by_one)) <= 10


@cases
def test_compiled(case: Case) -> None:
    xs = [pg.asarray(x) for x in case.inputs]
    gradient = pg.value_and_grad(lambda *xs: pg.sum(pg.real(case.ours(*xs))))
    value, g = pg.compile(gradient)(*xs)
    want_value, want_g = gradient(*xs)
    assert error_in_eps(value, want_value) <= 10
    assert error_in_eps(g, want_g) <= 10
