"""Derivatives of products, inverses, determinants and norms; shapes beside the rules. t is a tangent, x^H an adjoint.

What is not said otherwise is in Giles, An extended collection of matrix derivative results, 2008, section 2.
"""

from __future__ import annotations

from typing import Any

from ..dtypes import COMPLEX, of
from ..ops import *
from ..tensor import Tensor
from ..traces import stopped
from .axes import same, stacked
from .families import bilinear, custom, linear, reduction
from .matrices import *

bilinear(
    MATMUL,
    lambda xp, ct, b: xp.matmul(ct, xp.matrix_transpose(b)),  # (m, n) @ (k, n).T -> (m, k)
    lambda xp, ct, a: xp.matmul(xp.matrix_transpose(a), ct),  # (m, k).T @ (m, n) -> (k, n)
    batch=stacked(MATMUL),
)
linear(MATRIX_TRANSPOSE, lambda xp, ct: xp.matrix_transpose(ct), batch=same(MATRIX_TRANSPOSE))

# Inverses and systems
custom(
    INV,
    vjp=lambda xp, ct, y: -sandwich(xp, adjoint(xp, y), ct, adjoint(xp, y)),
    jvp=lambda xp, ct, y: -sandwich(xp, y, ct, y),
    batch=same(INV),
)
custom(
    SOLVE,
    vjp=(
        lambda xp, ct, a, y: -xp.matmul(xp.solve(adjoint(xp, a), ct), adjoint(xp, y)),  # (n, k) @ (n, k)^H -> (n, n)
        lambda xp, ct, a: xp.solve(adjoint(xp, a), ct),
    ),
    jvp=(
        lambda xp, ct, a, y: -xp.solve(a, xp.matmul(ct, y)),
        lambda xp, ct, a: xp.solve(a, ct),
    ),
    batch=stacked(SOLVE),
)
custom(
    PINV,
    vjp=(
        lambda xp, ct, x, y: _pinv_map(xp, ct, adjoint(xp, x), adjoint(xp, y)),
        lambda xp, ct, edge: xp.zeros(real(xp, ct), edge.shape),  # which singular values count is constant
    ),
    jvp=(lambda xp, ct, x, y: _pinv_map(xp, ct, x, y), lambda xp, y: xp.zeros(y, y.shape)),
    batch=stacked(PINV),
)


def _pinv_map(xp: Any, t: Any, a: Any, p: Any) -> Any:
    """-p t p + p p^H t^H (1 - a p) + (1 - p a) t^H p^H p, among matrices of one rank; of a^H and p^H it is the adjoint.

    Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973) 413-432, eq. 4.12.
    """
    th, ph = adjoint(xp, t), adjoint(xp, p)
    right, left = sandwich(xp, p, ph, th), sandwich(xp, th, ph, p)
    return right - sandwich(xp, right, a, p) + left - sandwich(xp, p, a, left) - sandwich(xp, p, t, p)


# Determinants
custom(
    DET,
    vjp=lambda xp, ct, x: each(xp, ct) * adjoint(xp, _adjugate(xp, x)),
    jvp=lambda xp, ct, x: _trace(xp, xp.matmul(_adjugate(xp, x), ct)),
    batch=same(DET),
)
custom(
    SLOGDET,
    vjp=lambda xp, ct, x, y: each(xp, _slogdet_weight(xp, ct, y)) * adjoint(xp, xp.inv(x)),
    jvp=lambda xp, ct, x, y: _slogdet_moves(xp, _trace(xp, xp.solve(x, ct)), y),
    batch=same(SLOGDET),
)


def _trace(xp: Any, x: Any) -> Any:
    return xp.sum(diagonal(xp, x), axis=len(x.shape) - 2, keepdims=False)


def _slogdet_moves(xp: Any, r: Any, y: Any) -> Any:
    """With r = tr(x^-1 t) the sign s moves by i s Im r, and the logarithm by Re r."""
    return y[0] * (xp.imag(r) * 1j) if r.dtype in COMPLEX else xp.zeros(r, r.shape), real(xp, r)


def _slogdet_weight(xp: Any, ct: Any, y: Any) -> Any:
    """The cotangent of r."""
    sign, log = ct
    weight = xp.zeros(y[1], y[1].shape) if log is None else log
    turns = sign is not None and sign.dtype in COMPLEX
    return weight + xp.imag(sign * xp.conj(y[0])) * 1j if turns else weight


def _adjugate(xp: Any, x: Any) -> Any:
    """det(x) x^-1, and what it is by continuity where x is singular; so are its own derivatives, up to rank n - 2.

    In the bases of the singular vectors, which are held constant, x is [[a, b], [c, d]] with a of all but the two
    smallest singular values. With the Schur complement e = d - c a^-1 b its adjugate is, by the inverse of a block
    matrix (Horn and Johnson, Matrix Analysis, section 0.7.3),

        det(a) (det(e) [[a^-1, 0], [0, 0]] + [[-a^-1 b], [1]] adj(e) [-c a^-1, 1]),

    in which no small number is divided by. At rank n - 3 all of it is 0, and so is its first derivative.
    """
    n = x.shape[-1]
    if n < 3:
        return _small_adjugate(xp, x)
    held = stopped(x) if type(x) is Tensor else xp.detach(x)
    u, s, vh = xp.svd(xp.where(xp.isfinite(held), held, 0), full_matrices=False)  # any bases do where the result is NaN
    uh, v = adjoint(xp, u), adjoint(xp, vh)
    (a, b), (c, d) = _blocks(xp, sandwich(xp, uh, x, v), n - 2)
    (u1, u2), (v1, v2) = split_rows(xp, uh, n - 2), split(xp, v, n - 2)
    inverse = xp.inv(a + _guard(xp, s))
    e = d - sandwich(xp, c, inverse, b)
    left, right = v2 - sandwich(xp, v1, inverse, b), u2 - sandwich(xp, c, inverse, u1)
    inner = _det2(xp, e) * sandwich(xp, v1, inverse, u1) + sandwich(xp, left, _small_adjugate(xp, e), right)
    return each(xp, xp.det(u) * xp.det(vh) * xp.det(a)) * inner


def _small_adjugate(xp: Any, x: Any) -> Any:
    """[[d, -b], [-c, a]] for [[a, b], [c, d]], and 1 for less."""
    if x.shape[-1] < 2:
        return xp.zeros(x, x.shape) + 1
    turned = xp.flip(x, axis=(len(x.shape) - 2, len(x.shape) - 1))
    return xp.matrix_transpose(turned) * (2 * eye(xp, x) - 1)


def _blocks(xp: Any, x: Any, k: int) -> Any:
    return [split(xp, part, k) for part in split_rows(xp, x, k)]


def _det2(xp: Any, x: Any) -> Any:
    """(..., 1, 1)."""
    (a, b), (c, d) = _blocks(xp, x, 1)
    return a * d - b * c


def _guard(xp: Any, s: Any) -> Any:
    """What keeps the block of the larger singular values regular where a third one vanishes, so that 0 stays 0."""
    eps = 2.0**-52 if of(s.dtype).bits == 64 else 2.0**-23
    kept, largest = xp.getitem(s, index=(..., slice(s.shape[-1] - 2))), xp.getitem(s, index=(..., slice(1)))
    instead = xp.where(largest == 0, 1, largest)
    return columns(xp, xp.where(kept <= eps * largest, instead, 0)) * eye(xp, kept)


# Norms
reduction(VECTOR_NORM, lambda xp, x, y, ord: _norm_weight(xp, x, y, ord))


def _norm_weight(xp: Any, x: Any, y: Any, ord: float) -> Any:
    """sign(x) (|x| / y)^(ord - 1), and 0 at 0, to any order; of order 0 a number of elements, which is constant."""
    if ord == 0:
        return xp.zeros(x, x.shape)
    if ord == 2:
        return xp.where(y == 0, 0, x / xp.where(y == 0, 1, y))
    size = xp.abs(x)
    gone = (size == 0) | (y == 0)
    part = xp.where(gone, 1, size / xp.where(y == 0, 1, y))
    return xp.where(gone, 0, xp.sign(x) * xp.pow_scalar(part, exponent=ord - 1))
