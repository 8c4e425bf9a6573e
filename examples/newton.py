"""Newton's method with a Hessian, the same text on every backend: python examples/newton.py [BACKEND]."""

from __future__ import annotations

import sys

import plugrad as pg


def rosenbrock(x: pg.Tensor) -> pg.Tensor:
    """Its minimum, 0, lies at (1, 1)."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def solve(a: pg.Tensor, b: pg.Tensor) -> pg.Tensor:
    """The solution of two equations, by Cramer's rule."""
    det = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return pg.stack([a[1, 1] * b[0] - a[0, 1] * b[1], a[0, 0] * b[1] - a[1, 0] * b[0]]) / det


def main(backend: str = "numpy") -> pg.Tensor:
    """Six steps from (-1, 2), each traced once and then run as generated source."""
    with pg.use_backend(backend):
        step = pg.compile(lambda x: x - solve(pg.hessian(rosenbrock)(x), pg.grad(rosenbrock)(x)))
        x = pg.asarray([-1.0, 2.0])
        for k in range(6):
            print(f"{k}: ({x[0].item():.6f}, {x[1].item():.6f})  {rosenbrock(x).item():.3e}")
            x = step(x)
    return x


if __name__ == "__main__":
    main(*sys.argv[1:2])
