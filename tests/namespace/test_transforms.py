"""What the namespace composes goes through every transform: vmap, compile, forward mode and reverse mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg

COMPOSED = [
    lambda x: pg.reshape(x, (3, 2)),
    lambda x: pg.broadcast_to(x, (4, 2, 3)),
    lambda x: pg.permute_dims(x, (1, 0)),
    lambda x: pg.moveaxis(x, 0, 1),
    lambda x: pg.expand_dims(x, (0, -1)),
    lambda x: pg.concat([x, x], axis=1),
    lambda x: pg.stack([x, x], axis=-1),
    lambda x: pg.unstack(x, axis=1)[1],
    lambda x: pg.flip(x, axis=1),
    lambda x: pg.roll(x, 1),
    lambda x: pg.roll(x, 1, axis=1),
    lambda x: pg.tile(x, (2, 1, 2)),
    lambda x: pg.repeat(x, 2, axis=1),
    lambda x: pg.repeat(x, pg.asarray([1, 2, 0]), axis=1),
    lambda x: pg.tril(x),
    lambda x: pg.take(x, pg.asarray([2, 0]), axis=1),
    lambda x: pg.take_along_axis(x, pg.asarray([[0], [-1]]), axis=1),
    lambda x: pg.diff(x, axis=0),
    lambda x: pg.tensordot(x, x, axes=([0], [0])),
    lambda x: pg.vecdot(x, x),
    lambda x: pg.clip(x, -0.5, 0.5),
    lambda x: pg.where(x > 0, x, 0.0),
    lambda x: pg.max(x, axis=0),
    lambda x: pg.std(x, axis=-1),
    lambda x: pg.zeros_like(x) + x,
    lambda x: pg.full_like(x, 2) * x,
    lambda x: pg.pow(2, x),
    lambda x: pg.pow(x, 3),
    lambda x: pg.astype(x, pg.float32) * 2,
    lambda x: pg.asarray(x, copy=True),
    lambda x: pg.asarray([x[0, 0], 2.0 * x[1, 1]]),
    lambda x: pg.outer(x[0], x[1]),
    lambda x: pg.matmul(x, x[0]),
    lambda x: pg.matmul(x[:, 0], x),
    lambda x: pg.meshgrid(x[0], x[1])[0],
    lambda x: pg.imag(x) + pg.real(x),
    lambda x: x.clone().T,
    lambda x: x.sum(0).reshape(3, -1),
    lambda x: x.swapaxes(0, 1).flatten(),
]

XS = np.random.default_rng(0).normal(size=(4, 2, 3))


def close(ours: pg.Tensor, want: pg.Tensor) -> None:
    """Up to rounding in the lower of the two precisions."""
    assert ours.dtype is want.dtype
    np.testing.assert_allclose(ours.numpy(), want.numpy(), rtol=8 * pg.finfo(ours.dtype).eps, atol=1e-14)


@pytest.mark.parametrize("f", COMPOSED)
def test_under_vmap_each_sample_is_as_alone(backend: str, f: Any) -> None:
    xs = pg.asarray(XS)
    close(pg.vmap(f)(xs), pg.stack([f(x) for x in pg.unstack(xs)]))


@pytest.mark.parametrize("f", COMPOSED)
def test_compiled_is_as_eager(f: Any) -> None:
    compiled = pg.compile(f)
    for x in map(pg.asarray, XS):
        close(compiled(x), f(x))


@pytest.mark.parametrize("f", COMPOSED)
def test_both_modes_agree(backend: str, f: Any) -> None:
    x, t = pg.asarray(XS[0]), pg.asarray(XS[1])
    y, tangent = pg.jvp(f, (x,), (t,))
    u = pg.astype(pg.reshape(pg.linspace(0.5, 1.5, y.size), y.shape), y.dtype)
    _, pull = pg.vjp(f, x)
    (back,) = pull(u)
    both = [pg.sum(u * tangent).item(), pg.sum(back * t).item()]
    np.testing.assert_allclose(*both, rtol=64 * pg.finfo(y.dtype).eps, atol=1e-6 if y.dtype is pg.float32 else 1e-13)
