"""Writes that change data only, under transforms and in programs; views that are leaves, and that hold gradients."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, reject, settings
from torch import func

import plugrad as pg

from .helpers import agree, as_in_torch, const, leaf

X = np.array([1.0, 2.0, 3.0])


def under_no_grad(xp: Any, x: Any) -> Any:
    y = x * 1
    with xp.no_grad():
        y *= 2
    return xp.sum(y * y) + xp.sum(x)


def one_element_under_no_grad(xp: Any, x: Any) -> Any:
    y = x * x
    with xp.no_grad():
        y[0] = y[1] * 5
    return xp.sum(y * y * x)


def through_detach(xp: Any, x: Any) -> Any:
    y = x * 1
    y.detach()[0] = 5.0
    return xp.sum(y * y)


def a_function_of_it_through_detach(xp: Any, x: Any) -> Any:
    y = x * x
    y.detach()[1:] = x[:1].detach() * 3
    return xp.sum(y * y * y)


def twice(xp: Any, x: Any) -> Any:
    y = x * x
    with xp.no_grad():
        y += 1
    y = y * x
    y.detach()[2] = 7.0
    return xp.sum(y * y)


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    f.__name__: f
    for f in (under_no_grad, one_element_under_no_grad, through_detach, a_function_of_it_through_detach, twice)
}

V = np.array([0.5, -1.0, 2.0])

# what is asked of a function: by plugrad, by torch
ASKED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "grad": (lambda f, x, v: pg.grad(f)(x), lambda f, x, v: func.grad(f)(x)),
    "jvp": (lambda f, x, v: pg.jvp(f, (x,), (v,)), lambda f, x, v: func.jvp(f, (x,), (v,))),
    "reverse over reverse": (
        lambda f, x, v: pg.vjp(pg.grad(f), x)[1](v)[0], lambda f, x, v: func.vjp(func.grad(f), x)[1](v)[0]),
    "forward over reverse": (
        lambda f, x, v: pg.jvp(pg.grad(f), (x,), (v,))[1], lambda f, x, v: func.jvp(func.grad(f), (x,), (v,))[1]),
    "grad under vmap": (
        lambda f, x, v: pg.vmap(pg.grad(f))(pg.stack([x, v])),
        lambda f, x, v: func.vmap(func.grad(f))(torch.stack([x, v]))),
}  # fmt: skip
COMPILED: dict[str, Callable[[Any], Any]] = {
    "eager": lambda f: f,
    "compiled": pg.compile,
    "compiled twice": lambda f: pg.compile(pg.compile(f)),
}


@pytest.mark.parametrize("compiled", COMPILED.values(), ids=COMPILED)
@pytest.mark.parametrize("ours, theirs", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("f", WRITES.values(), ids=WRITES)
def test_data_is_written_and_history_stays(f: Any, ours: Any, theirs: Any, compiled: Any) -> None:
    """Torch's rule, also for those who differentiate a program or derive again."""
    want = theirs(lambda x: f(torch, x), torch.tensor(X), torch.tensor(V))
    agree(ours(compiled(lambda x: f(pg, x)), const(pg, X), const(pg, V)), want)
    agree(pg.compile(lambda x, v: ours(lambda x: f(pg, x), x, v))(const(pg, X), const(pg, V)), want)


@pytest.mark.parametrize("f", WRITES.values(), ids=WRITES)
def test_backward_through_a_program_that_writes_data_only(f: Any) -> None:
    w, v = leaf(pg, X), leaf(torch, X)
    pg.compile(lambda x: f(pg, x))(w).backward()
    f(torch, v).backward()
    agree(w.grad, v.grad)


def test_what_a_write_through_detach_brings_has_neither_history_nor_tangent() -> None:
    def f(x: Any) -> Any:
        y = x * 1
        y.detach()[0] = x[1] * 5
        return pg.sum(y * y)

    x, v = const(pg, X), const(pg, V)
    agree(pg.jvp(f, (x,), (v,))[1], np.sum(2 * np.array([10.0, 2, 3]) * V))
    agree(pg.grad(f)(x), np.array([20.0, 4, 6]))


def test_under_no_grad_a_tangent_hands_no_history_to_an_outer_grad() -> None:
    def inner(xp: Any) -> Any:
        def f(z: Any) -> Any:
            z = z**3
            with xp.no_grad():
                y = z + 1.0
            return xp.sum(y * y)

        return f

    ours = pg.grad(lambda x: pg.jvp(inner(pg), (x,), (const(pg, V),))[1])(const(pg, X))
    agree(ours, func.grad(lambda x: func.jvp(inner(torch), (x,), (torch.tensor(V),))[1])(torch.tensor(X)))


# ----------------------------------------------------------------------------------------- views that are leaves, too


@as_in_torch
def test_a_leaf_that_is_a_view_stays_a_leaf_when_its_root_is_written(xp: Any) -> Any:
    root = const(xp, [1, 2, 3])
    w = root.detach().requires_grad_()
    xp.sum(w * w).backward()
    root[0] = 5.0
    xp.sum(w * w).backward()
    return w.requires_grad, w.is_leaf, w.grad, w.detach()


@as_in_torch
def test_one_buffer_for_all_gradients(xp: Any) -> Any:
    """Gradients are added where they lie, and what else looks there sees it."""
    buffer, ws = const(xp, [0, 0, 0, 0]), [leaf(xp, [1, 2]), leaf(xp, [3, 4])]
    for k, w in enumerate(ws):
        w.grad = buffer[2 * k : 2 * k + 2]
    seen = ws[0].grad[:1]
    for _ in range(2):
        xp.sum(ws[0] * ws[1] * 3).backward()
    sums = buffer + 0, seen + 0
    buffer *= 0
    return *sums, ws[0].grad, ws[1].grad


@as_in_torch
def test_a_view_of_a_gradient_sees_the_next_one(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    xp.sum(w * w).backward()
    seen = w.grad[0:1]
    xp.sum(w * w).backward()
    return seen, w.grad


# ------------------------------------------------------------------------------------------------------ many live views


def test_rows_are_views_that_die_when_the_loop_goes_on() -> None:
    """A list of them all would make n writes cost n * n."""
    x = const(pg, np.zeros((50, 2)))
    for k, row in enumerate(x):
        row[0] = float(k)
        assert len(x.kin) <= 2
    agree(x, np.stack([np.arange(50.0), np.zeros(50)], 1))


# ---------------------------------------------------------------------------------------------------- random programs

PLACES = [
    0,
    -1,
    slice(None),
    slice(1, None),
    slice(None, None, 2),
    (..., 0),
    (0, slice(1, None)),
    (slice(None), -1),
    ...,
]
STEPS = ["view", "sin", "product", "detach", "write", "add", "scale", "write", "add", "scale"]  # of 10, writes twice
STEP = st.tuples(
    st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9), st.sampled_from(PLACES), st.booleans(), st.booleans()
)


def run(xp: Any, x: Any, steps: list[Any]) -> Any:
    """A straight line of operations, views and writes, some of them under no_grad; torch says what is no program."""
    made = [x * 1]
    for what, i, j, place, whole, quiet in steps:
        a, b = made[i % len(made)], made[j % len(made)]
        place = ... if whole or not a.ndim else place
        if what == "view":
            made.append(a[place])
        elif what == "sin":
            made.append(xp.sin(a))
        elif what == "product":
            made.append(a * xp.sum(b))
        elif what == "detach":
            made.append(a.detach())
        else:
            with xp.no_grad() if quiet else nullcontext():
                if what == "write":
                    a[place] = xp.sum(b) * 0.5
                elif what == "add":
                    a[place] += xp.sum(b)
                else:
                    a[place] *= 1.5
    return sum([xp.sum(a * a) * 0.1 for a in made], xp.sum(x))


@settings(max_examples=150)
@given(steps=st.lists(STEP, min_size=3, max_size=9))
def test_random_programs_that_write_have_torchs_derivatives(steps: Any) -> None:
    rng = np.random.default_rng(len(steps))
    values, direction = rng.normal(size=(2, 2, 3)) * 0.3
    x, v = torch.tensor(values), torch.tensor(direction)
    for name, (ours, theirs) in ASKED.items():
        try:
            want = theirs(lambda x: run(torch, x, steps), x, v)
        except (RuntimeError, IndexError):  # an in-place operation that torch has not, no such axis
            reject()
        f = partial(lambda x, steps: run(pg, x, steps), steps=steps)
        for g in (f, pg.compile(f)):
            same(ours(g, const(pg, values), const(pg, direction)), want, name)
        same(
            pg.compile(lambda x, v, f=f, ours=ours: ours(f, x, v))(const(pg, values), const(pg, direction)), want, name
        )


def same(ours: Any, theirs: Any, name: str) -> None:
    """To some digits of the largest: both sum in orders of their own."""
    if isinstance(theirs, tuple):
        for mine, its in zip(ours, theirs, strict=True):
            same(mine, its, name)
        return
    want = theirs.detach().numpy()
    np.testing.assert_allclose(ours.numpy(), want, rtol=1e-9, atol=1e-9 * max(1, np.abs(want).max()), err_msg=name)


@as_in_torch
def test_one_element_with_an_axis_fits_a_place_without(xp: Any) -> Any:
    x, y = const(xp, [1, 2, 3]), const(xp, [[1, 2], [3, 4]])
    x[-1] = const(xp, [5])
    y[0] = const(xp, [[7, 8]])
    return x, y
