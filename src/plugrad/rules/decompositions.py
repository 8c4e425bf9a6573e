"""Derivatives of decompositions: triangular factors, eigenvalues, singular values. t is a tangent, x^H an adjoint.

Vectors that are free up to a phase, or up to a basis of a space, are differentiated along the path on which they do not
turn among themselves: right for every function that does not depend on that choice.
"""

from __future__ import annotations

from typing import Any

from ..dtypes import COMPLEX
from ..errors import LinearAlgebraError
from ..ops import *
from .axes import same
from .families import custom
from .matrices import *

# ---------------------------------------------------------------------------------------------------------- triangular


def _cholesky_vjp(xp: Any, ct: Any, y: Any) -> Any:
    inverse = xp.inv(y)
    return hermitian(xp, sandwich(xp, adjoint(xp, inverse), lower(xp, project(xp, y, ct)), inverse))


def _cholesky_jvp(xp: Any, ct: Any, y: Any) -> Any:
    """Murray, arXiv:1602.07527, section 3: l moves by l lower(l^-1 t l^-H)."""
    inverse = xp.inv(y)
    return xp.matmul(y, lower(xp, sandwich(xp, inverse, hermitian(xp, ct), adjoint(xp, inverse))))


def _qr_vjp(xp: Any, ct: Any, y: Any, mode: str) -> Any:
    """The adjoint of `_qr_jvp`: (q' + q (w + w^H)) r^-H, w the upper half of r' r^H - q^H q'."""
    _require_reduced(mode)
    (q, r), (gq, gr) = y, ct
    w = total(None if gr is None else xp.matmul(gr, adjoint(xp, r)), None if gq is None else -project(xp, q, gq))
    w = upper(xp, w)
    return over(xp, total(gq, xp.matmul(q, w + adjoint(xp, w))), adjoint(xp, r))


def _qr_jvp(xp: Any, ct: Any, y: Any, mode: str) -> tuple[Any, Any]:
    """Walter and Lehmann, arXiv:1009.6112: with x = t r^-1, r moves by s r and q by x - q s.

    s is upper triangular with a real diagonal, and s + s^H = q^H x + x^H q.
    """
    _require_reduced(mode)
    q, r = y
    x = over(xp, ct, r)
    inner = project(xp, q, x)
    s = upper(xp, inner + adjoint(xp, inner))
    return x - xp.matmul(q, s), xp.matmul(s, r)


def _require_reduced(mode: str) -> None:
    if mode == "complete":
        raise LinearAlgebraError(
            "qr: with mode='complete' and more rows than columns, the last columns of Q are any basis of what is left, "
            "and have no derivative; use mode='reduced'"
        )


custom(CHOLESKY, vjp=_cholesky_vjp, jvp=_cholesky_jvp, batch=same(CHOLESKY))
custom(QR, vjp=_qr_vjp, jvp=_qr_jvp, batch=same(QR))


# --------------------------------------------------------------------------------------------------------- eigenvalues
# Giles, An extended collection of matrix derivative results, 2008, section 3.1: with p = v^-1 t v, w moves by the
# diagonal of p, and v by v (p_ij / (w_j - w_i)).


def _over_gaps(xp: Any, p: Any, w: Any) -> Any:
    """p_ij / (w_j - w_i), and 0 on the diagonal."""
    return off(xp, p) / (columns(xp, w) - rows(xp, w) + eye(xp, w))


def _eigh_vjp(xp: Any, ct: Any, y: Any) -> Any:
    (w, v), (gw, gv) = y, ct
    values = None if gw is None else v * columns(xp, gw)
    vectors = None if gv is None else xp.matmul(v, _over_gaps(xp, project(xp, v, gv), w))
    return hermitian(xp, xp.matmul(total(values, vectors), adjoint(xp, v)))


def _eigh_jvp(xp: Any, ct: Any, y: Any) -> tuple[Any, Any]:
    w, v = y
    p = sandwich(xp, adjoint(xp, v), hermitian(xp, ct), v)
    return real(xp, diagonal(xp, p)), xp.matmul(v, _over_gaps(xp, p, w))


def _eigvalsh_vjp(xp: Any, ct: Any, x: Any) -> Any:
    v = xp.eigh(x)[1]
    return xp.matmul(v * columns(xp, ct), adjoint(xp, v))


def _eigvalsh_jvp(xp: Any, ct: Any, x: Any) -> Any:
    v = xp.eigh(x)[1]
    return real(xp, diagonal(xp, sandwich(xp, adjoint(xp, v), ct, v)))


def _eig_vjp(xp: Any, ct: Any, y: Any, edge: Any) -> Any:
    """The adjoint of `_eig_jvp`; a real matrix gets the real part."""
    (w, v), (gw, gv) = y, ct
    vh = adjoint(xp, v)
    values = None if gw is None else rows(xp, gw) * vh
    vectors = None
    if gv is not None:
        inner = project(xp, v, gv)
        inner = inner - xp.matmul(vh, v) * columns(xp, xp.real(diagonal(xp, inner)))
        vectors = xp.matmul(_over_gaps(xp, inner, xp.conj(w)), vh)
    g = xp.solve(vh, total(values, vectors))
    return g if edge.dtype in COMPLEX else xp.real(g)


def _eig_jvp(xp: Any, ct: Any, y: Any) -> tuple[Any, Any]:
    """The columns of v stay as long as they are, 1."""
    w, v = y
    p = xp.solve(v, xp.matmul(ct, v))
    free = xp.matmul(v, _over_gaps(xp, p, w))
    return diagonal(xp, p), free - v * columns(xp, xp.real(diagonal(xp, project(xp, v, free))))


custom(EIG, vjp=_eig_vjp, jvp=_eig_jvp, batch=same(EIG))
custom(EIGH, vjp=_eigh_vjp, jvp=_eigh_jvp, batch=same(EIGH))
custom(EIGVALSH, vjp=_eigvalsh_vjp, jvp=_eigvalsh_jvp, batch=same(EIGVALSH))


# ----------------------------------------------------------------------------------------------------- singular values
# Wan and Zhang, arXiv:1909.02659, and for the thin one Townsend, Differentiating the singular value decomposition,
# 2016: with p = u^H t v, s moves by Re p_ii, u by u k + (t v - u p) / s and v by v l + (t^H u - v p^H) / s, where
#     k_ij = (p_ij s_j + s_i conj p_ji) / (s_j^2 - s_i^2),  l_ij = (s_i p_ij + conj p_ji s_j) / (s_j^2 - s_i^2),
#     k_ii = -l_ii = i Im p_ii / (2 s_i).
# Beside them a full one has vectors u2 that stay orthogonal: they move by -u u'^H u2.


def _svd_vjp(xp: Any, ct: Any, y: Any, full_matrices: bool) -> Any:
    (u, s, vh), (gu, gs, gvh) = y, ct
    u, gu = _thin(xp, u, gu, s)
    v, gv = _thin(xp, adjoint(xp, vh), None if gvh is None else adjoint(xp, gvh), s)
    inner, outer = [None if gs is None else columns(xp, gs) * eye(xp, u)], []
    if gu is not None:
        k = project(xp, u, gu)
        inner += [_skew(xp, k - adjoint(xp, k), s) * columns(xp, s), _phase(xp, k, s)]
        outer += [_outside(xp, gu / columns(xp, s), u, v)] if _is_tall(u) else []
    if gv is not None:
        l = project(xp, v, gv)
        inner += [rows(xp, s) * _skew(xp, l - adjoint(xp, l), s), _phase(xp, -l, s)]
        outer += [adjoint(xp, _outside(xp, gv / columns(xp, s), v, u))] if _is_tall(v) else []
    return total(sandwich(xp, u, total(*inner), adjoint(xp, v)), *outer)


def _svd_jvp(xp: Any, ct: Any, y: Any, full_matrices: bool) -> tuple[Any, Any, Any]:
    u, s, vh = y
    (u, u2), (v, v2) = (split(xp, x, s.shape[-1]) for x in (u, adjoint(xp, vh)))
    tv, tu = xp.matmul(ct, v), project(xp, ct, u)
    p = project(xp, u, tv)
    ps, sp = p * columns(xp, s), rows(xp, s) * p
    k = total(_skew(xp, ps + adjoint(xp, ps), s), _phase(xp, p, s))
    l = total(_skew(xp, sp + adjoint(xp, sp), s), _phase(xp, -p, s))
    du, dv = _moved(xp, u, u2, k, tv - xp.matmul(u, p), s), _moved(xp, v, v2, l, tu - xp.matmul(v, adjoint(xp, p)), s)
    return du, real(xp, diagonal(xp, p)), adjoint(xp, dv)


def _skew(xp: Any, x: Any, s: Any) -> Any:
    """x_ij / (s_j^2 - s_i^2), and 0 on the diagonal."""
    down, along = rows(xp, s), columns(xp, s)
    return off(xp, x) / ((along - down) * (along + down) + eye(xp, s))


def _phase(xp: Any, p: Any, s: Any) -> Any:
    """i Im p_ii / (2 s_i) as a diagonal: half of what turns a pair of complex vectors."""
    if p.dtype not in COMPLEX:
        return None
    return columns(xp, xp.imag(diagonal(xp, p)) / s * 0.5j) * eye(xp, s)


def _is_tall(u: Any) -> bool:
    """Whether there is anything outside of its columns, which else would be rounding over a small s."""
    return u.shape[-2] > u.shape[-1]


def _outside(xp: Any, g: Any, u: Any, v: Any) -> Any:
    """(1 - u u^H) g v^H."""
    return xp.matmul(g - xp.matmul(u, project(xp, u, g)), adjoint(xp, v))


def _thin(xp: Any, u: Any, g: Any, s: Any) -> tuple[Any, Any]:
    """The vectors of singular values, and their cotangent with what the others' adds to it, -u2 g2^H u."""
    u, u2 = split(xp, u, s.shape[-1])
    if g is None or not u2.shape[-1]:
        return u, g
    g, g2 = split(xp, g, s.shape[-1])
    return u, g - xp.matmul(u2, project(xp, g2, u))


def _moved(xp: Any, u: Any, u2: Any, k: Any, outside: Any, s: Any) -> Any:
    """u k + (what is outside) / s, and how the other vectors stay orthogonal to that."""
    du, n, more = xp.matmul(u, k), u.shape[-1], u2.shape[-1]
    if _is_tall(u):
        du = du + outside / columns(xp, s)
    if not more:
        return du
    return xp.concat(du, -xp.matmul(u, project(xp, du, u2)), axis=len(du.shape) - 1, sizes=(n, more))


def _svdvals_vjp(xp: Any, ct: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, full_matrices=False)
    return xp.matmul(u * columns(xp, ct), vh)


def _svdvals_jvp(xp: Any, ct: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, full_matrices=False)
    return real(xp, diagonal(xp, sandwich(xp, adjoint(xp, u), ct, adjoint(xp, vh))))


custom(SVD, vjp=_svd_vjp, jvp=_svd_jvp, batch=same(SVD))
custom(SVDVALS, vjp=_svdvals_vjp, jvp=_svdvals_jvp, batch=same(SVDVALS))
