"""Sorting and searching, cumulative functions, and elements at places along an axis."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...ops import Op
from .forms import *


def ascending(rng: np.random.Generator, shape: Shape) -> Array:
    """Rows in order, with a few elements that are equal."""
    return np.sort(rng.integers(-3, 4, shape) / 2.0, axis=-1)


_LENGTHS: dict[str, tuple[Shape, int]] = {
    "last axis": ((2, 3), 1),
    "first axis": ((4, 2), 0),
    "inner axis": ((2, 5, 2), 1),
    "high rank": ((2, 1, 3, 2), 2),
    "lone axis": ((3,), 0),
    "two": ((3, 2), 1),
    "seven": ((2, 7), 1),
    "eight": ((2, 8), 1),
    "axis of one": ((3, 1), 1),
    "no rows": ((0, 3), 1),
    "of nothing": ((2, 0), 1),
}
CUMULATED: Forms = {name: Form((shape,), {"axis": axis}) for name, (shape, axis) in _LENGTHS.items()} | {
    "strided": Form(((3, 2),), {"axis": 1}, strided=True),
}
SORTED: Forms = {
    f"{name}{', descending' if descending else ''}": form._replace(params={**form.params, "descending": descending})
    for name, form in CUMULATED.items()
    for descending in (False, True)
}
SEARCHED: Forms = {
    "from the left": Form(((5,), (4,)), {"side": "left"}),
    "from the right": Form(((5,), (4,)), {"side": "right"}),
    "stacks": Form(((2, 3, 4), (2, 3, 3)), {"side": "left"}),
    "stack of one": Form(((1, 3), (1, 3)), {"side": "right"}),
    "no values": Form(((3,), (0,)), {"side": "left"}),
    "in nothing": Form(((0,), (3,)), {"side": "left"}),
    "empty stack": Form(((0, 3), (0, 2)), {"side": "left"}),
    "strided": Form(((3, 2), (3, 3)), {"side": "right"}, strided=True),
}
_PLACES: dict[str, tuple[Shape, Shape, int]] = {
    "last axis": ((2, 3), (2, 2), 1),
    "first axis": ((3, 2), (3, 2), 0),
    "inner axis": ((2, 3, 2), (2, 4, 2), 1),
    "high rank": ((2, 1, 3, 2), (2, 1, 2, 2), 2),
    "lone axis": ((3,), (5,), 0),
    "no place": ((2, 3), (2, 0), 1),
    "no rows": ((0, 3), (0, 2), 1),
    "of nothing": ((2, 0), (2, 0), 1),
}
TAKEN_ALONG: Forms = {name: Form((x, at), {"axis": axis}) for name, (x, at, axis) in _PLACES.items()} | {
    "strided": Form(((2, 3), (2, 2)), {"axis": 1}, strided=True),
}
ADDED_ALONG: Forms = {name: Form((x, at, at), {"axis": axis}) for name, (x, at, axis) in _PLACES.items()} | {
    "strided": Form(((2, 3), (2, 2), (2, 2)), {"axis": 1}, strided=True),
}

SPECS: dict[Op, Spec] = {
    ops.ADD_ALONG_AXIS: Spec("fc", (real, real, places(3)), ADDED_ALONG),
    ops.ARGSORT: Spec("f", (real,), SORTED),
    ops.CUMULATIVE_PROD: Spec("fc", (away_from_zero,), CUMULATED),
    ops.CUMULATIVE_SUM: Spec("fc", (real,), CUMULATED),
    ops.SEARCHSORTED: Spec("f", (ascending, steps), SEARCHED),
    ops.TAKE_ALONG_AXIS: Spec("fc", (real, places(3)), TAKEN_ALONG),
}

_UNORDERED = np.array([[2.0, 1.0, 2.0, 1.0], [0.0, -0.0, 0.0, -0.0], [NAN, 1.0, NAN, INF], [-INF, NAN, INF, 0.0]])
BOUNDARIES: dict[Op, list[Boundary]] = {
    ops.ARGSORT: [
        (
            f"ties, zeros, NaN{', descending' if descending else ''}",
            (_UNORDERED,),
            {"axis": 1, "descending": descending},
        )
        for descending in (False, True)
    ],
    ops.CUMULATIVE_PROD: [
        (name, (np.array(rows),), {"axis": 1})
        for name, rows in {
            "zeros": [[2.0, 0.0, 3.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [-0.0, 1.0, 2.0]],
            "infinity": [[2.0, 3.0, INF], [NAN, 2.0, 3.0]],
        }.items()
    ],
    ops.CUMULATIVE_SUM: [("infinities", (np.array([[INF, -INF, 1.0], [NAN, 0.0, 1.0]]),), {"axis": 1})],
}
