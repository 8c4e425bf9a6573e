"""Linear algebra, the standard's extension: decompositions, inverses, determinants, norms.

Matrices lie in the last two axes, before them any number of axes that make stacks. Where a decomposition leaves a
choice - the sign or phase of a singular vector, the basis of a space - it is the backend's, and derivatives are right
for every function that does not depend on it.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from . import dtypes, ops
from . import namespace as xp
from .dtypes import INEXACT, DType
from .errors import ShapeError, ValidationError
from .namespace import matmul, matrix_transpose, tensordot, vecdot
from .namespace._arguments import Array, Axis, flag, one_axis, reduced, tensor, whole
from .namespace.linalg import outer
from .tensor import Tensor, apply

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
CREATION: tuple[str, ...] = ()  # none of them makes arrays of nothing


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Tensor
    R: Tensor


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Tensor
    logabsdet: Tensor


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor


# ----------------------------------------------------------------------------------------------------------- arguments


def _matrices(x: Array, who: str) -> Tensor:
    x = tensor(x)
    if len(x.shape) < 2:
        raise ShapeError(f"{who}: a matrix has at least two axes, got the shape {x.shape}")
    return x


def _square(x: Array, who: str) -> Tensor:
    x = _matrices(x, who)
    if x.shape[-2] != x.shape[-1]:
        raise ShapeError(f"{who}: takes square matrices, got the shape {x.shape}")
    return x


def _floating(x: Tensor) -> Tensor:
    """Integers become the default dtype."""
    return x if x.dtype in INEXACT else xp.astype(x, dtypes.default_dtype())


def _adjoint(x: Tensor) -> Tensor:
    x = matrix_transpose(x)
    return xp.conj(x) if x.dtype.kind == "c" else x


def _tolerance(rtol: Array | None, x: Tensor) -> Tensor:
    """What is small beside the largest singular value: (...); by default max(m, n) eps."""
    real = dtypes.real_of(x.dtype)
    if rtol is None:
        rtol = max(x.shape[-2:]) * xp.finfo(real).eps
    return xp.astype(tensor(rtol, x), real, copy=False)


# -------------------------------------------------------------------------------------------------- parts and products


def cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Tensor:
    """The cross product of vectors of three elements.

    Parameters
    ----------
    x1, x2 : Tensor, shape (..., 3, ...)
        Numbers. The other axes broadcast.
    axis : int
        The axis of the vectors, negative: it is counted from the end in both.

    Returns
    -------
    Tensor, shape (..., 3, ...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the vectors have not three elements, there is no such axis, or the others do not broadcast.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.cross(pg.asarray([1, 0, 0]), pg.asarray([0, 1, 0])).tolist()
    [0, 0, 1]
    """
    x1, x2 = tensor(x1), tensor(x2)
    a, b = (xp.moveaxis(x, one_axis(axis, x.ndim, "cross"), -1) for x in (x1, x2))
    if (a.shape[-1], b.shape[-1]) != (3, 3):
        raise ShapeError(f"cross: the shapes {x1.shape} and {x2.shape} must both have 3 elements along axis {axis}")
    y = xp.roll(a * xp.roll(b, -1, axis=-1) - xp.roll(a, -1, axis=-1) * b, -1, axis=-1)
    return xp.moveaxis(y, -1, axis)


def diagonal(x: Array, /, *, offset: int = 0) -> Tensor:
    """The elements along a diagonal of matrices.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Any dtype.
    offset : int
        Which diagonal: above the main one if positive, below if negative.

    Returns
    -------
    Tensor, shape (..., k)
        As many as there are.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.
    ValidationError
        If `offset` is no integer.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.diagonal(pg.asarray([[1, 2, 3], [4, 5, 6]]), offset=1).tolist()
    [2, 6]
    """
    x, offset = _matrices(x, "diagonal"), whole(offset, "diagonal", "offset")
    *stack, m, n = x.shape
    length = max(0, min(m + min(offset, 0), n - max(offset, 0)))
    start = offset if offset > 0 else -offset * n
    flat = xp.reshape(x, (*stack, m * n))  # with rows side by side, a diagonal goes on by n + 1
    places = slice(start, start + (length - 1) * (n + 1) + 1, n + 1) if length else slice(0, 0)
    return apply(ops.GETITEM, flat, index=(..., places))


def trace(x: Array, /, *, offset: int = 0, dtype: DType | None = None) -> Tensor:
    """The sum along a diagonal of matrices.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Numbers.
    offset : int
        Which diagonal: above the main one if positive, below if negative.
    dtype : DType, optional
        What to cast to before. If not said, integers are summed as int64, unsigned ones as uint64.

    Returns
    -------
    Tensor, shape (...)
        0 where there is nothing to sum.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.
    ValidationError
        If `offset` is no integer.
    DTypeError
        If `dtype` would drop an imaginary part.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.trace(pg.asarray([[1, 2], [3, 4]])).item()
    5
    """
    return xp.sum(diagonal(_matrices(x, "trace"), offset=offset), axis=-1, dtype=dtype)


def matrix_power(x: Array, n: int, /) -> Tensor:
    """The n-th power of square matrices, by repeated squaring.

    Parameters
    ----------
    x : Tensor, shape (..., m, m)
        Numbers.
    n : int
        0 gives identities; a negative power is one of the inverse.

    Returns
    -------
    Tensor, shape (..., m, m)

    Raises
    ------
    ShapeError
        If the matrices are not square.
    ValidationError
        If `n` is no integer.
    LinearAlgebraError
        For a negative power of a singular matrix.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.matrix_power(pg.asarray([[1.0, 1.0], [0.0, 1.0]]), -3).tolist()
    [[1.0, -3.0], [0.0, 1.0]]
    """
    x, n = _square(x, "matrix_power"), whole(n, "matrix_power", "the power")
    if n == 0:
        identity = xp.tril(xp.triu(xp.ones_like(x)))
        return xp.where(xp.zeros_like(x, dtype=dtypes.bool), x, identity)  # its gradient is zero
    x, n = (inv(x), -n) if n < 0 else (x, n)
    y = x
    for bit in bin(n)[3:]:
        y = matmul(y, y)
        y = matmul(y, x) if bit == "1" else y
    return y


# --------------------------------------------------------------------------------------------------------------- norms


def vector_norm(x: Array, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """The p-norm, (sum of |x|^p)^(1/p).

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating or complex; others become the default dtype.
    axis : int or tuple of int, optional
        Over which axes, as one vector; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.
    ord : int or float
        p, also below 1 or negative. inf is the largest and -inf the smallest size, 0 the number of elements that are
        not 0.

    Returns
    -------
    Tensor
        Real.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice; for inf and -inf if there is no element.
    ValidationError
        If `ord` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> x = pg.asarray([3.0, -4.0])
    >>> pg.linalg.vector_norm(x).item(), pg.linalg.vector_norm(x, ord=pg.inf).item()
    (5.0, 4.0)
    """
    x, ord = _floating(tensor(x)), ord.item() if isinstance(ord, np.generic) else ord
    if type(ord) not in (int, float) or ord != ord:
        raise ValidationError(f"vector_norm: ord must be a number, inf or -inf, not {ord!r}")
    if math.isinf(ord):
        return (xp.max if ord > 0 else xp.min)(xp.abs(x), axis=axis, keepdims=keepdims)
    if ord == 1:
        return xp.sum(xp.abs(x), axis=axis, keepdims=keepdims)
    return apply(
        ops.VECTOR_NORM,
        x,
        axis=reduced(axis, x, "vector_norm"),
        ord=ord,
        keepdims=flag(keepdims, "vector_norm", "keepdims"),
    )


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro") -> Tensor:
    """A norm of matrices.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Floating or complex; others become the default dtype.
    keepdims : bool
        Whether the two axes stay, with size 1.
    ord : {"fro", "nuc", 1, -1, 2, -2, inf, -inf}
        The root of all squares; the sum of the singular values; the largest or smallest sum of a column; the largest
        or smallest singular value; the largest or smallest sum of a row.

    Returns
    -------
    Tensor, shape (...) or (..., 1, 1)
        Real.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes, or there is nothing to choose the largest or smallest from.
    ValidationError
        For another `ord`.

    Examples
    --------
    >>> import plugrad as pg
    >>> x = pg.asarray([[3.0, 0.0], [4.0, 5.0]])
    >>> pg.linalg.matrix_norm(x, ord=1).item(), pg.linalg.matrix_norm(x, ord=pg.inf).item()
    (7.0, 9.0)
    """
    x = _floating(_matrices(x, "matrix_norm"))
    norm = _MATRIX_NORMS.get("fro" if ord is None else ord if isinstance(ord, str | int | float) else "")
    if norm is None:
        raise ValidationError(f"matrix_norm: ord={ord!r}; there are {', '.join(map(repr, _MATRIX_NORMS))}")
    y = norm(x)
    return xp.reshape(y, (*y.shape, 1, 1)) if keepdims else y


def _sums(x: Tensor, axis: int) -> Tensor:
    return xp.sum(xp.abs(x), axis=axis)


_MATRIX_NORMS: dict[Any, Any] = {
    "fro": lambda x: vector_norm(x, axis=(-2, -1)),
    "nuc": lambda x: xp.sum(svdvals(x), axis=-1),
    1: lambda x: xp.max(_sums(x, -2), axis=-1),
    -1: lambda x: xp.min(_sums(x, -2), axis=-1),
    2: lambda x: xp.max(svdvals(x), axis=-1),
    -2: lambda x: xp.min(svdvals(x), axis=-1),
    math.inf: lambda x: xp.max(_sums(x, -1), axis=-1),
    -math.inf: lambda x: xp.min(_sums(x, -1), axis=-1),
}


# ------------------------------------------------------------------------------------- determinants, inverses, systems


def det(x: Array, /) -> Tensor:
    """The determinant of square matrices.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype.

    Returns
    -------
    Tensor, shape (...)
        1 for matrices without elements. The gradient is the adjugate, also of a singular matrix.

    Raises
    ------
    ShapeError
        If the matrices are not square.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.det(pg.asarray([[0.0, 2.0], [3.0, 0.0]])).item()
    -6.0
    >>> pg.grad(pg.linalg.det)(pg.asarray([[1.0, 2.0], [2.0, 4.0]])).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]
    """
    return apply(ops.DET, _square(x, "det"))


def slogdet(x: Array, /) -> SlogdetResult:
    """Sign and logarithm of the size of the determinant, which itself may be too large or too small for its dtype.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype.

    Returns
    -------
    sign : Tensor, shape (...)
        1 or -1, of complex matrices a number of size 1; 0 for a singular matrix.
    logabsdet : Tensor, shape (...)
        Real; -inf for a singular matrix. Its gradient is the inverse of the adjoint.

    Raises
    ------
    ShapeError
        If the matrices are not square.
    LinearAlgebraError
        If a derivative is asked at a singular matrix.

    Examples
    --------
    >>> import plugrad as pg
    >>> sign, logabsdet = pg.linalg.slogdet(pg.asarray([[0.0, 1.0], [1.0, 0.0]]))
    >>> sign.item(), logabsdet.item()
    (-1.0, 0.0)
    """
    return SlogdetResult(*apply(ops.SLOGDET, _square(x, "slogdet")))


def inv(x: Array, /) -> Tensor:
    """The inverse of square matrices.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype.

    Returns
    -------
    Tensor, shape (..., n, n)

    Raises
    ------
    ShapeError
        If the matrices are not square.
    LinearAlgebraError
        If one is singular.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.inv(pg.asarray([[0.0, 2.0], [1.0, 0.0]])).tolist()
    [[0.0, 1.0], [0.5, 0.0]]
    """
    return apply(ops.INV, _square(x, "inv"))


def solve(x1: Array, x2: Array, /) -> Tensor:
    """What times `x1` is `x2`: the solutions of systems of linear equations.

    Parameters
    ----------
    x1 : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype.
    x2 : Tensor, shape (n,) or (..., n, k)
        One right side, or k of them as columns. Stacks broadcast.

    Returns
    -------
    Tensor, shape (..., n) or (..., n, k)

    Raises
    ------
    ShapeError
        If the matrices are not square, or the right sides are not as long.
    LinearAlgebraError
        If a matrix is singular.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.solve(pg.asarray([[2.0, 0.0], [0.0, 4.0]]), pg.asarray([2.0, 2.0])).tolist()
    [1.0, 0.5]
    """
    x1, x2 = _square(x1, "solve"), tensor(x2)
    vector = x2.ndim == 1
    b = xp.expand_dims(x2, -1) if vector else x2
    if b.ndim < 2 or b.shape[-2] != x1.shape[-1]:
        raise ShapeError(
            f"solve: the shapes {x1.shape} and {x2.shape} do not fit: right sides are one vector, or the columns of "
            "matrices, with as many rows"
        )
    y = apply(ops.SOLVE, x1, b)
    return xp.reshape(y, y.shape[:-1]) if vector else y


def pinv(x: Array, /, *, rtol: Array | None = None) -> Tensor:
    """The Moore-Penrose inverse.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Floating or complex; others become the default dtype.
    rtol : float or Tensor, shape (...), optional
        Singular values up to `rtol` times the largest count as 0; if not said, up to max(m, n) eps.

    Returns
    -------
    Tensor, shape (..., n, m)
        Its derivative is that among the matrices of the same rank.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.
    LinearAlgebraError
        For NaN and infinity.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.pinv(pg.asarray([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]])).tolist()
    [[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    x = _floating(_matrices(x, "pinv"))
    return apply(ops.PINV, x, xp.expand_dims(xp.expand_dims(_tolerance(rtol, x), -1), -1))


def matrix_rank(x: Array, /, *, rtol: Array | None = None) -> Tensor:
    """The number of singular values that are not small.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Floating or complex; others become the default dtype.
    rtol : float or Tensor, shape (...), optional
        What is small: up to `rtol` times the largest; if not said, up to max(m, n) eps.

    Returns
    -------
    Tensor, shape (...)
        int64, without a derivative.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.
    LinearAlgebraError
        For NaN and infinity.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.matrix_rank(pg.asarray([[1.0, 2.0], [2.0, 4.0]])).item()
    1
    """
    x = _floating(_matrices(x, "matrix_rank"))
    s = svdvals(x)
    return xp.count_nonzero(s > xp.expand_dims(_tolerance(rtol, x), -1) * s[..., :1], axis=-1)


# ------------------------------------------------------------------------------------------------------- decompositions


def cholesky(x: Array, /, *, upper: bool = False) -> Tensor:
    """The triangular factor L of positive definite matrices, x = L L^H.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype. Only one triangle is read.
    upper : bool
        Read the upper triangle, and return U with x = U^H U.

    Returns
    -------
    Tensor, shape (..., n, n)
        Its gradient is that of a Hermitian matrix.

    Raises
    ------
    ShapeError
        If the matrices are not square.
    LinearAlgebraError
        If one is not positive definite.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.cholesky(pg.asarray([[4.0, 2.0], [2.0, 2.0]])).tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """
    x = _square(x, "cholesky")
    return _adjoint(apply(ops.CHOLESKY, _adjoint(x))) if flag(upper, "cholesky", "upper") else apply(ops.CHOLESKY, x)


def qr(x: Array, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QRResult:
    """Orthonormal columns Q and an upper triangular R, x = Q R.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Floating or complex; others become the default dtype.
    mode : {"reduced", "complete"}
        k is min(m, n), or m: then Q is square. Of the latter there is a derivative where m <= n alone.

    Returns
    -------
    Q : Tensor, shape (..., m, k)
        For a derivative, the first min(m, n) columns of `x` must be independent.
    R : Tensor, shape (..., k, n)
        Its diagonal is real.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.
    ValidationError
        For another `mode`.
    LinearAlgebraError
        If a derivative is asked where there is none.

    Examples
    --------
    >>> import plugrad as pg
    >>> q, r = pg.linalg.qr(pg.asarray([[0.0, 2.0], [1.0, 3.0]]))
    >>> pg.abs(r).tolist()
    [[1.0, 3.0], [0.0, 2.0]]
    """
    x = _matrices(x, "qr")
    if mode not in ("reduced", "complete"):
        raise ValidationError(f"qr: mode={mode!r}; there are 'reduced' and 'complete'")
    m, n = x.shape[-2:]
    if m >= n:
        return QRResult(*apply(ops.QR, x, mode=mode if m > n else "reduced"))
    square, more = (apply(ops.GETITEM, x, index=(..., part)) for part in (slice(m), slice(m, None)))
    q, r = apply(ops.QR, square, mode="reduced")
    return QRResult(q, xp.concat([r, matmul(_adjoint(q), more)], axis=-1))


def svd(x: Array, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular values S, and orthonormal vectors of both sides, x = U diag(S) Vh.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Floating or complex; others become the default dtype.
    full_matrices : bool
        Whether U and Vh are square; else they have k = min(m, n) columns and rows.

    Returns
    -------
    U : Tensor, shape (..., m, m) or (..., m, k)
        The vectors have derivatives where no two singular values are equal and, if `x` is not square, none is 0.
    S : Tensor, shape (..., k)
        Real, the largest first.
    Vh : Tensor, shape (..., n, n) or (..., k, n)
        The adjoint of V.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.
    LinearAlgebraError
        For NaN and infinity.

    Examples
    --------
    >>> import plugrad as pg
    >>> u, s, vh = pg.linalg.svd(pg.asarray([[0.0, 2.0], [3.0, 0.0], [0.0, 0.0]]))
    >>> u.shape, s.tolist(), vh.shape
    ((3, 3), [3.0, 2.0], (2, 2))
    """
    return SVDResult(*apply(ops.SVD, _matrices(x, "svd"), full_matrices=flag(full_matrices, "svd", "full_matrices")))


def svdvals(x: Array, /) -> Tensor:
    """Singular values.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Floating or complex; others become the default dtype.

    Returns
    -------
    Tensor, shape (..., min(m, n))
        Real, the largest first. Their gradient exists where some are equal, too.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.
    LinearAlgebraError
        For NaN and infinity.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.svdvals(pg.asarray([[0.0, -4.0]])).tolist()
    [4.0]
    """
    return apply(ops.SVDVALS, _matrices(x, "svdvals"))


def eigh(x: Array, /) -> EighResult:
    """Eigenvalues and orthonormal eigenvectors of Hermitian matrices.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype. Only the lower triangle is read.

    Returns
    -------
    eigenvalues : Tensor, shape (..., n)
        Real, the smallest first.
    eigenvectors : Tensor, shape (..., n, n)
        As columns. They have derivatives where no two eigenvalues are equal; the gradient is that of a Hermitian
        matrix.

    Raises
    ------
    ShapeError
        If the matrices are not square.
    LinearAlgebraError
        For NaN and infinity.

    Examples
    --------
    >>> import plugrad as pg
    >>> w, v = pg.linalg.eigh(pg.asarray([[2.0, 0.0], [0.0, 1.0]]))
    >>> w.tolist(), pg.abs(v).tolist()
    ([1.0, 2.0], [[0.0, 1.0], [1.0, 0.0]])
    """
    return EighResult(*apply(ops.EIGH, _square(x, "eigh")))


def eigvalsh(x: Array, /) -> Tensor:
    """Eigenvalues of Hermitian matrices.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype. Only the lower triangle is read.

    Returns
    -------
    Tensor, shape (..., n)
        Real, the smallest first. Their gradient exists where some are equal, too.

    Raises
    ------
    ShapeError
        If the matrices are not square.
    LinearAlgebraError
        For NaN and infinity.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.eigvalsh(pg.asarray([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [1.0, 2.0]
    """
    return apply(ops.EIGVALSH, _square(x, "eigvalsh"))


def eig(x: Array, /) -> EigResult:
    """Eigenvalues and eigenvectors of square matrices.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype.

    Returns
    -------
    eigenvalues : Tensor, shape (..., n)
        Complex, in no order.
    eigenvectors : Tensor, shape (..., n, n)
        Complex, as columns of length 1. They have derivatives where no two eigenvalues are equal.

    Raises
    ------
    ShapeError
        If the matrices are not square.
    LinearAlgebraError
        For NaN and infinity; and if a derivative is asked where there are too few eigenvectors.

    Examples
    --------
    >>> import plugrad as pg
    >>> w, v = pg.linalg.eig(pg.asarray([[0.0, 1.0], [-1.0, 0.0]]))
    >>> sorted(pg.imag(w).tolist())
    [-1.0, 1.0]
    """
    return EigResult(*apply(ops.EIG, _square(x, "eig")))


def eigvals(x: Array, /) -> Tensor:
    """Eigenvalues of square matrices.

    Parameters
    ----------
    x : Tensor, shape (..., n, n)
        Floating or complex; others become the default dtype.

    Returns
    -------
    Tensor, shape (..., n)
        Complex, in no order.

    Raises
    ------
    ShapeError
        If the matrices are not square.
    LinearAlgebraError
        For NaN and infinity; and if a derivative is asked where there are too few eigenvectors.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linalg.eigvals(pg.asarray([[2.0, 1.0], [0.0, 2.0]])).tolist()
    [(2+0j), (2+0j)]
    """
    return apply(ops.EIG, _square(x, "eigvals"))[0]
