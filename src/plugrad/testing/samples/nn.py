"""Products along named axes, windows, convolutions, losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...ops import Geometry, Op
from .forms import *


def undecided(rng: np.random.Generator, shape: Shape) -> Array:
    """Probabilities between 0.2 and 0.8."""
    return rng.uniform(0.2, 0.8, shape)


_PRODUCTS: dict[str, tuple[str, Shape, Shape]] = {
    "matrices": ("ab,bc->ac", (2, 3), (3, 4)),
    "stack in the middle": ("bac,cbd->abd", (2, 3, 2), (2, 2, 3)),
    "two summed, result turned": ("abc,cbd->da", (2, 3, 2), (2, 3, 3)),
    "outer product": ("a,b->ba", (2,), (3,)),
    "elementwise": ("ab,ba->ab", (2, 3), (3, 2)),
    "scalar product": ("ab,ba->", (2, 3), (3, 2)),
    "rows": ("ab,ab->a", (3, 2), (3, 2)),
    "number and matrix": (",ab->ba", (), (2, 3)),
    "numbers": (",->", (), ()),
    "vector and matrix": ("b,ab->a", (3,), (2, 3)),
    "no rows": ("ab,bc->ac", (0, 3), (3, 2)),
    "nothing to sum": ("ab,bc->ac", (2, 0), (0, 3)),
}
PRODUCTS: Forms = {name: Form((a, b), {"subscripts": s}) for name, (s, a, b) in _PRODUCTS.items()} | {
    "strided": Form(((3, 2), (2, 3)), {"subscripts": "ab,bc->ac"}, strided=True),
}

_PLANE = Geometry((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
_LINE = Geometry((1,), ((0, 0),), (1,), 1)
_CONVOLUTIONS: dict[str, tuple[Shape, Shape, Shape, Geometry]] = {  # input, weight, result
    "plane": ((2, 2, 4, 3), (3, 2, 2, 2), (2, 3, 3, 2), _PLANE),
    "line": ((3, 2, 5), (2, 2, 3), (3, 2, 3), _LINE),
    "stride and padding": ((2, 2, 5, 4), (2, 2, 3, 2), (2, 2, 3, 5), Geometry((2, 1), ((1, 1), (1, 1)), (1, 1), 1)),
    "groups": ((2, 4, 3, 3), (4, 2, 2, 1), (2, 4, 2, 3), _PLANE._replace(groups=2)),
    "a channel a group": ((2, 3, 4), (3, 1, 2), (2, 3, 3), _LINE._replace(groups=3)),
    "dilation": ((2, 1, 6, 5), (2, 1, 2, 3), (2, 2, 4, 1), _PLANE._replace(dilation=(2, 2))),
    "uneven padding": ((1, 2, 5), (3, 2, 4), (1, 3, 5), _LINE._replace(padding=((1, 2),))),
    "uneven padding, stride": ((2, 2, 4, 5), (2, 1, 2, 3), (2, 2, 2, 2), Geometry((2, 3), ((0, 1), (0, 2)), (1, 1), 2)),
    "what no window sees": ((2, 1, 6), (2, 1, 2), (2, 2, 2), _LINE._replace(stride=(3,))),
    "windows of one": ((3, 2, 3), (2, 2, 1), (3, 2, 3), _LINE),
    "space": ((1, 2, 3, 2, 3), (2, 1, 2, 1, 2), (1, 2, 2, 2, 2), Geometry((1,) * 3, ((0, 0),) * 3, (1,) * 3, 2)),
    "no samples": ((0, 2, 4), (3, 2, 2), (0, 3, 3), _LINE),
}


def _convolutions(left: int, right: int, **last: int) -> Forms:
    """Two of input, weight and result as operands; a parameter is the last axes of another."""
    forms = {}
    for name, (*shapes, geometry) in _CONVOLUTIONS.items():
        params = {param: shapes[i][2:] for param, i in last.items()} | {"geometry": geometry}
        forms[name] = Form((shapes[left], shapes[right]), params)
    return forms | {"strided": forms["line"]._replace(strided=True)}


_WINDOWS: dict[str, tuple[Shape, Shape, Shape, Shape, Shape]] = {  # input, what windows see, kernel, stride, dilation
    "plane": ((2, 4, 3), (2, 3, 2, 2, 2), (2, 2), (1, 1), (1, 1)),
    "line": ((2, 3, 5), (2, 3, 3, 3), (3,), (1,), (1,)),
    "stride": ((2, 5, 6), (2, 2, 3, 3, 2), (3, 2), (2, 2), (1, 1)),
    "dilation": ((3, 7), (3, 3, 3), (3,), (1,), (2,)),
    "what no window sees": ((2, 8), (2, 2, 2), (2,), (4,), (1,)),
    "stride and dilation": ((9, 5), (3, 2, 2, 2), (2, 2), (3, 2), (2, 2)),
    "windows of one": ((2, 3), (2, 3, 1), (1,), (1,), (1,)),
    "no rows": ((0, 4), (0, 3, 2), (2,), (1,), (1,)),
}
SEEN: Forms = {
    name: Form((x,), {"kernel": kernel, "stride": stride, "dilation": dilation})
    for name, (x, _, kernel, stride, dilation) in _WINDOWS.items()
} | {"strided": Form(((3, 4),), {"kernel": (2,), "stride": (1,), "dilation": (1,)}, strided=True)}
FOLDED: Forms = {
    name: Form((seen,), {"size": x[len(x) - len(stride) :], "stride": stride, "dilation": dilation})
    for name, (x, seen, _, stride, dilation) in _WINDOWS.items()
} | {"strided": Form(((3, 2, 2),), {"size": (3,), "stride": (1,), "dilation": (1,)}, strided=True)}

LOSSES: Forms = {
    "matrix": Form(((2, 3), (2, 3))),
    "column and row": Form(((2, 1), (3,))),
    "0-d": Form(((), ())),
    "empty": Form(((0, 3), (0, 3))),
    "strided": Form(((3, 2), (3, 2)), strided=True),
}

SPECS: dict[Op, Spec] = {
    ops.BINARY_CROSS_ENTROPY: Spec("f", (undecided,), LOSSES),
    ops.CONV: Spec("fc", (real,), _convolutions(0, 1)),
    ops.CONV_INPUT: Spec("fc", (real,), _convolutions(2, 1, size=0)),
    ops.CONV_WEIGHT: Spec("fc", (real,), _convolutions(0, 2, kernel=1)),
    ops.EINSUM: Spec("fc", (real,), PRODUCTS),
    ops.FOLD: Spec("fc", (real,), FOLDED),
    ops.WINDOWS: Spec("fc", (real,), SEEN),
}

_ENDS: Any = np.array([0.0, 0.0, 0.0, 1e-13, 0.25, 1.0, 1.0, 1.0]), np.array([0.0, 0.5, 1.0, 1.0, 0.0, 0.0, 0.5, 1.0])
BOUNDARIES: dict[Op, list[Boundary]] = {ops.BINARY_CROSS_ENTROPY: [("ends", _ENDS, {})]}
