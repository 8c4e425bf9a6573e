"""Special functions: inside their domains, at their ends, at poles and zeros."""

from __future__ import annotations

from itertools import product

import numpy as np

from ... import ops
from ...ops import Op
from .core import ONE, TWO
from .forms import *


def fractions(rng: np.random.Generator, shape: Shape) -> Array:
    """Between 0.2 and 0.8."""
    return rng.uniform(0.2, 0.8, shape)


THREE: Forms = {
    "of one shape": Form(((2, 3), (2, 3), (2, 3))),
    "broadcast": Form(((2, 1), (3,), (2, 1, 1))),
    "0-d": Form(((), (), ())),
    "empty": Form(((0, 3), (3,), (1, 3))),
    "strided": Form(((3, 2), (3, 1), (3, 2)), strided=True),
    "scalar right": Form(((2, 3), (2, 3), 0.75)),
    "scalar left": Form((0.75, 2.0, (2, 3))),
}
ABOVE_ONE: Forms = {name: form for name, form in TWO.items() if name != "scalar left"} | {
    "scalar order": Form((3.0, (2, 3))),
}
ORDERS: Forms = {
    **{f"order {n}": Form(((2, 3),), {"n": n}) for n in range(4)},
    "0-d": Form(((),), {"n": 0}),
    "empty": Form(((0, 3),), {"n": 1}),
    "high rank": Form(((2, 1, 3, 2),), {"n": 1}),
    "strided": Form(((3, 2),), {"n": 2}, strided=True),
}

SPECS: dict[Op, Spec] = {
    ops.BETAINC: Spec("f", (positive, positive, fractions), THREE),
    ops.BETAINCC: Spec("f", (positive, positive, fractions), THREE),
    ops.BETALN: Spec("f", (positive,), TWO),
    ops.DIGAMMA: Spec("f", (positive,), ONE),
    ops.ENTR: Spec("f", (positive,), ONE),
    ops.ERFC: Spec("f", (real,), ONE),
    ops.ERFCX: Spec("f", (real,), ONE),
    ops.ERFINV: Spec("f", (inside,), ONE),
    ops.GAMMA: Spec("f", (positive,), ONE),
    ops.GAMMAINC: Spec("f", (positive,), TWO),
    ops.GAMMAINCC: Spec("f", (positive,), TWO),
    ops.GAMMALN: Spec("f", (positive,), ONE),
    ops.IV: Spec("f", (real,), ORDERS),
    ops.IVE: Spec("f", (away_from_zero,), ORDERS),
    ops.LOGIT: Spec("f", (fractions,), ONE),
    ops.LOG_NDTR: Spec("f", (real,), ONE),
    ops.NDTRI: Spec("f", (fractions,), ONE),
    ops.REL_ENTR: Spec("f", (positive,), TWO),
    ops.SPHERICAL_JN: Spec("f", (real,), ORDERS),
    ops.XLOG1PY: Spec("f", (real, positive), TWO),
    ops.XLOGY: Spec("f", (real, positive), TWO),
    ops.ZETA: Spec("f", (above_one, positive), ABOVE_ONE),
}

FAR = np.array([-30.0, -8.0, -1e-8, 1e-8, 8.0, 30.0])
POLES = np.array([-3.0, -2.5, -2.0, -0.5, 1e-8, 1.5, 8.0])
ENDS = np.array([0.0, 1e-300, 1e-8, 0.5, 1.0 - 1e-8, 1.0, -0.5, 1.5])
AROUND_0 = np.array([0.0, -0.0, 1e-8, -1e-8, 1.0, -1.0, 25.0, -25.0])
SHAPES, SHARES = (0.0, 0.5, 1.0, 2.0, INF), (-0.5, 0.0, 0.25, 1.0, NAN)
BOUNDARIES: dict[Op, list[Boundary]] = {
    **{
        op: [("edges", tuple(np.array(list(product(SHAPES, SHAPES, SHARES))).T.copy()), {})]
        for op in (ops.BETAINC, ops.BETAINCC)
    },
    **{op: [("far", (FAR,), {})] for op in (ops.ERFC, ops.LOG_NDTR)},
    **{op: [("poles", (POLES,), {})] for op in (ops.DIGAMMA, ops.GAMMA, ops.GAMMALN)},
    **{op: [("ends", (ENDS,), {})] for op in (ops.ERFINV, ops.LOGIT, ops.NDTRI)},
    **{
        op: [(f"around 0, order {n}", (AROUND_0,), {"n": n}) for n in range(3)]
        for op in (ops.IV, ops.IVE, ops.SPHERICAL_JN)
    },
}
