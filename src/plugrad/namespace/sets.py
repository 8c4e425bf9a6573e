"""Set functions: what is in an array, and what is in two.

How many different elements there are depends on the values, so these must be known: not under vmap, not while a program
is traced. The values have gradients: each goes to the first element that is as large.
"""

from __future__ import annotations

from typing import NamedTuple

from ..dtypes import int64
from ..ops import SCATTER
from ..tensor import Tensor, apply
from ._arguments import Array, tensor
from ._places import beneath
from .creation import full
from .data_types import astype
from .elementwise import equal, imag, logical_not, minimum, not_equal, real
from .indexing import take
from .manipulation import concat, expand_dims, reshape
from .searching import in_one_dtype, nonzero, searchsorted
from .sorting import argsort, sort
from .statistical import cumulative_sum
from .utility import any, diff

__all__ = ["isin", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """What `unique_all` finds."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What `unique_counts` finds."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What `unique_inverse` finds."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Array, /) -> UniqueAll:
    """The different elements, where each stands first, which of them stands where, and how often.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.

    Returns
    -------
    UniqueAll
        ``values``, shape (k,), ascending; complex ones by real, then by imaginary part. No NaN equals another, 0 equals
        -0. ``indices``, shape (k,): where each stands first in the flattened `x`. ``inverse_indices``, shape of `x`:
        ``take(values, inverse_indices)`` is `x`. ``counts``, shape (k,). All but the values are int64.

    Raises
    ------
    TransformError, TracingError
        If the values are not known.

    Examples
    --------
    >>> import plugrad as pg
    >>> found = pg.unique_all(pg.asarray([3.0, 1.0, 3.0]))
    >>> found.values.tolist(), found.indices.tolist()
    ([1.0, 3.0], [1, 0])
    >>> found.inverse_indices.tolist(), found.counts.tolist()
    ([1, 0, 1], [1, 2])
    """
    return _unique(tensor(x), "unique_all")


def unique_counts(x: Array, /) -> UniqueCounts:
    """The different elements, and how often each of them stands there.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.

    Returns
    -------
    UniqueCounts
        ``values`` and ``counts``, as of `unique_all`.

    Raises
    ------
    TransformError, TracingError
        If the values are not known.

    Examples
    --------
    >>> import plugrad as pg
    >>> values, counts = pg.unique_counts(pg.asarray([3, 1, 3]))
    >>> values.tolist(), counts.tolist()
    ([1, 3], [1, 2])
    """
    found = _unique(tensor(x), "unique_counts")
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Array, /) -> UniqueInverse:
    """The different elements, and which of them stands where.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.

    Returns
    -------
    UniqueInverse
        ``values`` and ``inverse_indices``, as of `unique_all`.

    Raises
    ------
    TransformError, TracingError
        If the values are not known.

    Examples
    --------
    >>> import plugrad as pg
    >>> values, inverse = pg.unique_inverse(pg.asarray([[3, 1], [1, 3]]))
    >>> values.tolist(), inverse.tolist()
    ([1, 3], [[1, 0], [0, 1]])
    """
    found = _unique(tensor(x), "unique_inverse")
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Array, /) -> Tensor:
    """The different elements.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.

    Returns
    -------
    Tensor, shape (k,)
        As the values of `unique_all`.

    Raises
    ------
    TransformError, TracingError
        If the values are not known.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.unique_values(pg.asarray([3, 1, 3])).tolist()
    [1, 3]
    """
    return _unique(tensor(x), "unique_values").values


def _unique(x: Tensor, who: str) -> UniqueAll:
    low = beneath(x, who)
    flat = reshape(Tensor(low.data, low.by), -1)  # the places have no derivative
    order = _order(flat)
    row, n = take(flat, order), flat.shape[0]
    first = full(min(n, 1), True, backend=low.backend, device=low.device)
    new = concat([first, not_equal(row[1:], row[:-1])])
    (starts,) = nonzero(new)
    indices = take(order, starts)
    rank = cumulative_sum(astype(new, int64)) - 1
    end = full(1, n, backend=low.backend, device=low.device)
    return UniqueAll(
        values=take(reshape(x, -1), indices),
        indices=indices,
        inverse_indices=reshape(apply(SCATTER, rank, rank, order), x.shape),
        counts=diff(starts, append=end),
    )


def _order(flat: Tensor) -> Tensor:
    """The places of the elements by value, equal ones ascending."""
    if flat.dtype.kind != "c":
        return argsort(flat)
    order = argsort(imag(flat))
    return take(order, argsort(take(real(flat), order)))


def isin(x1: Array, x2: Array, /, *, invert: bool = False) -> Tensor:
    """Which elements of one array are in another.

    Parameters
    ----------
    x1 : Tensor, shape (...), or Python scalar
        The elements to look for.
    x2 : Tensor or Python scalar
        Where to look; the shape does not matter. One of the two is a Tensor.
    invert : bool
        Whether to say instead which are not.

    Returns
    -------
    Tensor, shape (...), dtype bool
        NaN is in nothing. Has no gradient.

    Raises
    ------
    DTypeError
        If no dtype holds both, or a scalar lies outside that of the array.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.isin(pg.asarray([1, 2, 3]), pg.asarray([3, 1])).tolist()
    [True, False, True]
    """
    x1, x2 = in_one_dtype(x1, x2)
    among = reshape(x2, -1)
    if among.dtype.kind == "c" or among.shape == (0,):  # no order, or no last element
        found = any(equal(expand_dims(x1, -1), among), axis=-1)
    else:
        row = sort(among)
        found = equal(take(row, minimum(searchsorted(row, x1), row.shape[0] - 1)), x1)
    return logical_not(found) if invert else found
