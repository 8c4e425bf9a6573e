"""Per-sample gradients: which of the samples pull hardest? python examples/per_sample.py [BACKEND]."""

from __future__ import annotations

import sys

import plugrad as pg


def loss(w: pg.Tensor, x: pg.Tensor, y: pg.Tensor) -> pg.Tensor:
    """Squared error of one sample of a linear model."""
    return (pg.sum(w * x) - y) ** 2


def main(backend: str = "numpy") -> pg.Tensor:
    """The norm of each sample's gradient; the mean of the gradients is the gradient of the mean."""
    with pg.use_backend(backend):
        w, xs = pg.asarray([0.5, -0.25]), pg.asarray([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0]])
        ys = pg.asarray([0.0, -0.25, 5.0])
        each = pg.vmap(pg.grad(loss), in_axes=(None, 0, 0))(w, xs, ys)
        whole = pg.grad(lambda w: pg.mean(pg.vmap(loss, in_axes=(None, 0, 0))(w, xs, ys)))(w)
        norms = pg.sqrt(pg.sum(each**2, axis=1))
    print("norms:", [round(v, 4) for v in norms.tolist()])
    print("mean of the gradients:", pg.mean(each, axis=0).tolist())
    print("gradient of the mean: ", whole.tolist())
    return norms


if __name__ == "__main__":
    main(*sys.argv[1:2])
