"""The words that the formulas of linear algebra are written in; `xp` as rules are handed it."""

from __future__ import annotations

from typing import Any

from ..dtypes import COMPLEX


def adjoint(xp: Any, x: Any) -> Any:
    """x^H."""
    x = xp.matrix_transpose(x)
    return xp.conj(x) if x.dtype in COMPLEX else x


def real(xp: Any, x: Any) -> Any:
    """The real part, of any numbers."""
    return xp.real(x) if x.dtype in COMPLEX else x


def hermitian(xp: Any, x: Any) -> Any:
    """The Hermitian part: where one triangle is read, the gradient of both is the same."""
    return (x + adjoint(xp, x)) / 2


def sandwich(xp: Any, a: Any, x: Any, b: Any) -> Any:
    """a x b."""
    return xp.matmul(xp.matmul(a, x), b)


def project(xp: Any, q: Any, x: Any) -> Any:
    """q^H x."""
    return xp.matmul(adjoint(xp, q), x)


def over(xp: Any, a: Any, b: Any) -> Any:
    """a b^-1."""
    return adjoint(xp, xp.solve(adjoint(xp, b), adjoint(xp, a)))


def eye(xp: Any, like: Any) -> Any:
    """The identity of as many columns; made from zeros, so of any backend and under any transform."""
    n = like.shape[-1]
    return xp.triu(xp.tril(xp.zeros(like, (n, n)) + 1, k=0), k=0)


def diagonal(xp: Any, x: Any) -> Any:
    """The diagonal of a square matrix."""
    *stack, n, _ = x.shape
    return xp.getitem(xp.reshape(x, shape=(*stack, n * n)), index=(..., slice(None, None, n + 1)))


def off(xp: Any, x: Any) -> Any:
    """Without the diagonal."""
    return xp.tril(x, k=-1) + xp.triu(x, k=1)


def lower(xp: Any, x: Any) -> Any:
    """The lower triangle with half of the diagonal: what of l + l^H is l."""
    return (xp.tril(x, k=0) + xp.tril(x, k=-1)) / 2


def upper(xp: Any, x: Any) -> Any:
    """The upper triangle with half of the diagonal."""
    return (xp.triu(x, k=0) + xp.triu(x, k=1)) / 2


def columns(xp: Any, v: Any) -> Any:
    """x * this is x diag(v)."""
    return xp.getitem(v, index=(..., None, slice(None)))


def rows(xp: Any, v: Any) -> Any:
    """this * x is diag(v) x."""
    return xp.getitem(v, index=(..., None))


def each(xp: Any, v: Any) -> Any:
    """this * x is each matrix by its own number."""
    return xp.getitem(v, index=(..., None, None))


def split(xp: Any, x: Any, k: int) -> Any:
    """The first k columns, and the others."""
    return [xp.getitem(x, index=(..., part)) for part in (slice(k), slice(k, None))]


def split_rows(xp: Any, x: Any, k: int) -> Any:
    """The first k rows, and the others."""
    return [xp.getitem(x, index=(..., part, slice(None))) for part in (slice(k), slice(k, None))]


def total(*terms: Any) -> Any:
    """The sum of those that there are: an unused result has no cotangent."""
    first, *others = [term for term in terms if term is not None]
    for other in others:
        first = first + other
    return first
