"""Fourier transforms: even and odd lengths, the shortest ones, each direction and norm."""

from __future__ import annotations

from itertools import product

from ... import ops
from ...ops import Op
from .forms import *

NORMS = ("backward", "ortho", "forward")
_AXES: dict[str, tuple[Shape, Shape]] = {
    "odd": ((2, 3), (1,)),
    "even": ((2, 4), (1,)),
    "first axis": ((3, 2), (0,)),
    "two axes": ((2, 3, 4), (0, 2)),
    "two axes, not in order": ((3, 2, 4), (2, 0)),
    "high rank": ((2, 1, 3, 2), (1, 2, 3)),
    "lone axis": ((5,), (0,)),
    "axis of one": ((3, 1), (1,)),
    "no rows": ((0, 3), (1,)),
}
_HALVES: dict[str, tuple[Shape, int, int]] = {  # shape, axis and size of the whole
    "odd": ((2, 3), 1, 5),
    "even": ((2, 3), 1, 4),
    "first axis": ((4, 2), 0, 6),
    "inner axis": ((2, 3, 2), 1, 4),
    "high rank": ((2, 1, 2, 2), 2, 3),
    "lone axis": ((3,), 0, 5),
    "to one": ((3, 1), 1, 1),
    "to two": ((3, 2), 1, 2),
    "no rows": ((0, 3), 1, 4),
}


def _with_norms(forms: Forms) -> Forms:
    """Each form in one norm, the first two in all."""
    first = [*forms][:2]
    return {
        (name if norm == NORMS[0] else f"{name}, {norm}"): form._replace(params={**form.params, "norm": norm})
        for (name, form), norm in product(forms.items(), NORMS)
        if norm == NORMS[0] or name in first
    }


COMPLEX: Forms = {
    f"{name}{', inverse' if inverse else ''}": Form((shape,), {"axes": axes, "inverse": inverse})
    for inverse, (name, (shape, axes)) in product((False, True), _AXES.items())
} | {"strided": Form(((3, 4),), {"axes": (1,), "inverse": False}, strided=True)}
TO_REAL: Forms = {name: Form((shape,), {"axis": at, "size": size}) for name, (shape, at, size) in _HALVES.items()} | {
    "strided": Form(((3, 2),), {"axis": 0, "size": 4}, strided=True),
}
OF_REAL: Forms = {
    name: Form(((*shape[:at], size, *shape[at + 1 :]),), {"axis": at}) for name, (shape, at, size) in _HALVES.items()
} | {"strided": Form(((3, 4),), {"axis": 1}, strided=True)}

SPECS: dict[Op, Spec] = {
    ops.FFT: Spec("c", (real,), _with_norms(COMPLEX)),
    ops.IRFFT: Spec("c", (real,), _with_norms(TO_REAL)),
    ops.RFFT: Spec("f", (real,), _with_norms(OF_REAL)),
}
