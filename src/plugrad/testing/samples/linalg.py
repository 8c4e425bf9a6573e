"""Decompositions, inverses, norms: matrices whose singular values and eigenvalues lie apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...ops import Op
from .forms import *

# ------------------------------------------------------------------------------------------------------------- matrices


def _unitary(rng: np.random.Generator, shape: Shape, compound: bool) -> Array:
    x = rng.normal(size=shape)
    return np.linalg.qr(x + 1j * rng.normal(size=shape) if compound else x)[0]


def _adjoint(x: Array) -> Array:
    return x.conj().mT


def _apart(rng: np.random.Generator, shape: Shape) -> Array:
    """Numbers around 1, 2, 3 ..., a last axis of them."""
    return np.arange(1.0, shape[-1] + 1) + rng.uniform(-0.2, 0.2, shape)


def _regular(rng: np.random.Generator, shape: Shape, compound: bool) -> Array:
    """U diag(s) V^H, with s around 1, 2, 3 ..."""
    *stack, m, n = shape
    k = min(m, n)
    u, v = (_unitary(rng, (*stack, size, size), compound)[..., :k] for size in (m, n))
    return (u * _apart(rng, (*stack, 1, k))) @ _adjoint(v)


def _hermitian(rng: np.random.Generator, shape: Shape, compound: bool) -> Array:
    u, w = _unitary(rng, shape, compound), _apart(rng, shape[:-1])
    x = (u * (w - 2.5)[..., None, :]) @ _adjoint(u)
    return (x + _adjoint(x)) / 2


def _definite(rng: np.random.Generator, shape: Shape, compound: bool) -> Array:
    return _hermitian(rng, shape, compound) + 3 * np.eye(shape[-1])


def _diagonalisable(rng: np.random.Generator, shape: Shape, compound: bool) -> Array:
    """B D B^-1, D of numbers around 1, 2, 3 ... on the diagonal, and real ones with a pair of complex eigenvalues."""
    n, b, d = shape[-1], np.eye(shape[-1]) + _unitary(rng, shape, compound) / 5, _apart(rng, shape[:-1])
    x = (d * (1 + 0.5j) if compound else d)[..., None, :] * np.eye(n)
    if n > 2 and not compound:
        x[..., 0, 1], x[..., 1, 0] = 1.0, -1.5
    return b @ x @ np.linalg.inv(b)


regular, hermitian, definite, diagonalisable = map(Whole, (_regular, _hermitian, _definite, _diagonalisable))
tolerance = Whole(lambda rng, shape, compound: rng.uniform(0.1, 0.15, shape))

# ---------------------------------------------------------------------------------------------------------------- forms

SQUARE: Forms = {
    "one matrix": Form(((3, 3),)),
    "stack": Form(((2, 3, 3),)),
    "of one": Form(((1, 1),)),
    "two rows": Form(((2, 2),)),
    "four rows": Form(((4, 4),)),
    "no rows": Form(((0, 0),)),
    "empty stack": Form(((0, 2, 2),)),
    "strided": Form(((3, 3),), strided=True),
}
RECTANGULAR: Forms = {
    "tall": Form(((4, 3),)),
    "wide": Form(((2, 3),)),
    "square": Form(((3, 3),)),
    "stack": Form(((2, 3, 2),)),
    "of one": Form(((1, 1),)),
    "column": Form(((3, 1),)),
    "no rows": Form(((0, 3),)),
    "strided": Form(((3, 2),), strided=True),
}
THIN_AND_FULL: Forms = {
    f"{name}, {'full' if full else 'thin'}": form._replace(params={"full_matrices": full})
    for full in (False, True)
    for name, form in RECTANGULAR.items()
}
TALL: Forms = {
    "tall": Form(((4, 3),), {"mode": "reduced"}),
    "square": Form(((3, 3),), {"mode": "reduced"}),
    "stack": Form(((2, 3, 2),), {"mode": "reduced"}),
    "of one": Form(((1, 1),), {"mode": "reduced"}),
    "column": Form(((3, 1),), {"mode": "reduced"}),
    "no columns": Form(((2, 0),), {"mode": "reduced"}),
    "complete": Form(((4, 2),), {"mode": "complete"}, smooth=False),
    "strided": Form(((3, 2),), {"mode": "reduced"}, strided=True),
}
SYSTEMS: Forms = {
    "matrices": Form(((3, 3), (3, 2))),
    "stacks": Form(((2, 3, 3), (2, 3, 1))),
    "stack and matrix": Form(((3, 2, 2), (2, 2))),
    "matrix and stack": Form(((3, 3), (2, 3, 2))),
    "stacks that broadcast": Form(((2, 1, 2, 2), (3, 2, 2))),
    "of one": Form(((1, 1), (1, 3))),
    "no right side": Form(((2, 2), (2, 0))),
    "no rows": Form(((0, 0), (0, 2))),
    "strided": Form(((3, 3), (3, 2)), strided=True),
}
PSEUDO: Forms = {
    "tall": Form(((4, 2), (1, 1))),
    "wide": Form(((2, 3), (1, 1))),
    "square": Form(((3, 3), (1, 1))),
    "stack": Form(((2, 3, 2), (2, 1, 1))),
    "several tolerances": Form(((3, 2), (2, 1, 1))),
    "of one": Form(((1, 1), (1, 1))),
    "no rows": Form(((0, 3), (1, 1))),
    "strided": Form(((3, 2), (1, 1)), strided=True),
}


def _normed(shape: Shape, axis: Any, ord: float, keepdims: bool = False, strided: bool = False) -> Form:
    return Form((shape,), {"axis": axis, "ord": ord, "keepdims": keepdims}, strided)


NORMS: Forms = {
    "all": _normed((2, 3), None, 2),
    "of order 3": _normed((2, 3), 1, 3),
    "first axis kept": _normed((3, 2, 3), 0, 2, True),
    "of order 1/2": _normed((2, 3), 0, 0.5),
    "of order -1": _normed((3, 2), 1, -1),
    "of order 3/2": _normed((2, 3), (0, 1), 1.5, True),
    "of order 0": _normed((2, 3), 1, 0),
    "two axes, not in order": _normed((2, 3, 2), (2, 0), 2),
    "no axis": _normed((2, 3), (), 3.0),
    "axis of one": _normed((3, 1), 1, 2),
    "0-d": _normed((), None, 2),
    "no rows": _normed((0, 3), 1, 2),
    "of nothing": _normed((2, 0), 1, 3),
    "strided": _normed((3, 2), 1, 2, strided=True),
}

SPECS: dict[Op, Spec] = {
    ops.CHOLESKY: Spec("fc", (definite,), SQUARE),
    ops.DET: Spec("fc", (regular,), SQUARE),
    ops.EIG: Spec("fc", (diagonalisable,), SQUARE),
    ops.EIGH: Spec("fc", (hermitian,), SQUARE),
    ops.EIGVALSH: Spec("fc", (hermitian,), SQUARE),
    ops.INV: Spec("fc", (regular,), SQUARE),
    ops.PINV: Spec("fc", (regular, tolerance), PSEUDO),
    ops.QR: Spec("fc", (regular,), TALL),
    ops.SLOGDET: Spec("fc", (regular,), SQUARE),
    ops.SOLVE: Spec("fc", (regular, real), SYSTEMS),
    ops.SVD: Spec("fc", (regular,), THIN_AND_FULL),
    ops.SVDVALS: Spec("fc", (regular,), RECTANGULAR),
    ops.VECTOR_NORM: Spec("fc", (away_from_zero,), NORMS),
}

_SINGULAR = {  # behind a regular one
    "two rows": np.array([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]]),
    "three rows": np.array([np.eye(3), np.diag([2.0, 3.0, 0.0])[[1, 2, 0]], np.ones((3, 3)), np.zeros((3, 3))]),
}
_ZEROS = np.array([[0.0, 0.0, 0.0], [0.0, 3.0, -4.0], [1.0, 0.0, 0.0]])
BOUNDARIES: dict[Op, list[Boundary]] = {
    ops.DET: [(f"singular, {name}", (x,), {}) for name, x in _SINGULAR.items()],
    ops.EIGVALSH: [("equal values", (np.array([np.eye(3), np.diag([2.0, 1.0, 2.0])]),), {})],
    ops.PINV: [("of lower rank", (np.array([np.ones((3, 2)), np.eye(3, 2, 1)]), np.full((1, 1, 1), 0.1)), {})],
    ops.SVDVALS: [("equal values", (np.array([np.eye(3), np.diag([2.0, 1.0, -2.0])]),), {})],
    ops.VECTOR_NORM: [
        (f"zeros, of order {ord}", (_ZEROS,), {"axis": 1, "ord": ord, "keepdims": False}) for ord in (2, 3, 1.5, 0.5, 0)
    ],
}

# ----------------------------------------------------------------------------------------------- what is left to choose


def _weighted(a: Array, b: Array) -> Array:
    """sum of (k + 1) a_k b_k^H: of the columns of two matrices that turn together, what does not turn."""
    total = a[..., :0] @ b[..., :0].conj().mT
    for k in range(a.shape[-1]):
        total = total + (k + 1) * (a[..., k : k + 1] @ b[..., k : k + 1].conj().mT)
    return total


def _space(v: Array) -> Array:
    """The projection on the space of these columns."""
    return v @ v.conj().mT


def _of_eig(w: Array, v: Array) -> tuple[Array, ...]:
    return w, _weighted(v, v)


def _of_qr(q: Array, r: Array) -> tuple[Array, ...]:
    n = r.shape[-1]
    q, more, rows = q[..., :n], q[..., n:], r[..., :n, :].conj().mT
    return _weighted(q, q), _weighted(q, rows), _weighted(rows, rows), _space(more)


def _of_svd(u: Array, s: Array, vh: Array) -> tuple[Array, ...]:
    n, v = s.shape[-1], vh.conj().mT
    thin, its = u[..., :n], v[..., :n]
    return s, _weighted(thin, thin), _weighted(thin, its), _weighted(its, its), _space(u[..., n:]), _space(v[..., n:])


INVARIANTS: dict[Op, Callable[..., tuple[Array, ...]]] = {
    ops.EIG: _of_eig,
    ops.EIGH: _of_eig,
    ops.QR: _of_qr,
    ops.SVD: _of_svd,
}
