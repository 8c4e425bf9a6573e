"""Every nesting of the prototype against torch.func: ten of them, each within a few units in the last place."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import func

import plugrad as pg

from .helpers import floats, given, jvp, raw

rng = np.random.default_rng(1)
w, x, v = rng.normal(size=(5, 4)), rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
w_torch, x_torch, v_torch = map(torch.tensor, (w, x, v))
W, X, V = map(floats, (w, x, v))


def f(z):
    h = z @ W
    return pg.sum(pg.tanh(h) * pg.exp(-pg.square(h)))


def t(z):
    h = z @ w_torch
    return torch.sum(torch.tanh(h) * torch.exp(-torch.square(h)))


def tangent(f, z, direction):
    return jvp(f, z, direction)[1]


def tangent_torch(f, z, direction):
    return func.jvp(f, (z,), (direction,))[1]


# name: (plugrad's value, torch's value)
NESTINGS = {
    "grad": (lambda: pg.grad(f)(X), lambda: func.grad(t)(x_torch)),
    "jvp": (lambda: tangent(f, X, V), lambda: tangent_torch(t, x_torch, v_torch)),
    "forward over reverse": (
        lambda: tangent(pg.grad(f), X, V),
        lambda: tangent_torch(func.grad(t), x_torch, v_torch),
    ),
    "reverse over forward": (
        lambda: pg.grad(lambda z: tangent(f, z, V))(X),
        lambda: func.grad(lambda z: tangent_torch(t, z, v_torch))(x_torch),
    ),
    "reverse over reverse": (
        lambda: pg.grad(lambda z: pg.sum(pg.grad(f)(z) * V))(X),
        lambda: func.grad(lambda z: (func.grad(t)(z) * v_torch).sum())(x_torch),
    ),
    "forward over forward": (
        lambda: tangent(lambda z: tangent(f, z, V), X, V),
        lambda: tangent_torch(lambda z: tangent_torch(t, z, v_torch), x_torch, v_torch),
    ),
    "vmap of grad": (lambda: pg.vmap(pg.grad(f))(X), lambda: func.vmap(func.grad(t))(x_torch)),
    "vmap of hvp": (
        lambda: pg.vmap(lambda z: tangent(pg.grad(f), z, pg.tanh(z)))(X),
        lambda: func.vmap(lambda z: tangent_torch(func.grad(t), z, torch.tanh(z)))(x_torch),
    ),
    "third order": (
        lambda: tangent(lambda z: tangent(pg.grad(f), z, V), X, V),
        lambda: tangent_torch(lambda z: tangent_torch(func.grad(t), z, v_torch), x_torch, v_torch),
    ),
    "compiled hvp": (
        lambda: pg.compile(lambda z: tangent(pg.grad(f), z, V))(given(x)),
        lambda: tangent_torch(func.grad(t), x_torch, v_torch),
    ),
}


@pytest.mark.parametrize("ours, theirs", NESTINGS.values(), ids=NESTINGS)
def test_nesting(ours, theirs):
    got, want = raw(ours()), raw(theirs())
    assert got.shape == want.shape
    error = np.max(np.abs(got - want)) / (np.finfo(want.dtype).eps * max(1.0, np.max(np.abs(want))))
    assert error <= 16
