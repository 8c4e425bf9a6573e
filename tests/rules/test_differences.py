"""Tangents against central differences of the primitive's own values: an oracle that shares nothing with the rules."""

from __future__ import annotations

import numpy as np

import plugrad as pg
from plugrad import ops
from plugrad.testing.samples import Sample

from .helpers import SMOOTH, directions, eps_of, every, function, host, inner

ULPS = 64  # of eps ** (2 / 3), what a central difference with the best step is good for
HERMITIAN = (ops.CHOLESKY, ops.EIGH, ops.EIGVALSH)  # one triangle is read, and the tangent taken for Hermitian


@every(inner, SMOOTH)
def test_tangent_is_the_limit_of_differences(sample: Sample) -> None:
    """Along a random direction; reverse mode hangs on forward mode by duality."""
    f, xs = function(sample)
    vs = directions(sample, xs, "v")
    if sample.op in HERMITIAN:
        vs = tuple((v + pg.conj(v.mT)) / 2 for v in vs)
    ys, ts = pg.jvp(f, xs, vs)
    step = eps_of(*xs, *ys) ** (1 / 3)
    after, before = (f(*(x + h * v for x, v in zip(xs, vs, strict=True))) for h in (step, -step))
    for t, a, b, y in zip(ts, after, before, ys, strict=True):
        difference = (host(a) - host(b)) / (2 * step)
        size = np.max(np.abs(np.concatenate([host(t).ravel(), host(y).ravel()])), initial=1)
        assert np.max(np.abs(host(t) - difference), initial=0) <= ULPS * step**2 * size
