"""What layers compute that are neither convolutions nor attention."""

from __future__ import annotations

from .. import namespace as xp
from .. import ops, random
from ..dtypes import int64
from ..errors import IndexingError, ShapeError
from ..namespace._arguments import Array, integral, tensor
from ..namespace._places import known
from ..random import Generator
from ..tensor import Tensor, apply
from ..traces import stopped
from ._arguments import existing, shaped, share

__all__ = ["dropout", "embedding", "linear", "one_hot"]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Tensor:
    """x times the transpose of `weight`, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (..., m)
        Numbers.
    weight : Tensor, shape (n, m) or (m,)
        One row for each output.
    bias : Tensor, shape (n,) or (), optional
        () if `weight` has one axis.

    Returns
    -------
    Tensor, shape (..., n) or (...)

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.linear(pg.asarray([1.0, 2.0]), pg.asarray([[1.0, 1.0], [0.0, 3.0]]), pg.asarray([0.5, 0.0])).tolist()
    [3.5, 6.0]
    """
    x = tensor(x)
    w = tensor(weight, x)
    if w.ndim not in (1, 2) or x.shape[-1:] != w.shape[-1:]:
        raise ShapeError(
            f"linear: x of shape {x.shape} and weight of shape {w.shape}; they must be (..., m) and (n, m) or (m,)"
        )
    y = xp.matmul(x, xp.matrix_transpose(w) if w.ndim == 2 else w)
    return y if bias is None else xp.add(y, shaped("linear: bias", bias, w.shape[:-1], y))


def embedding(indices: Array, weight: Array, padding_idx: int | None = None) -> Tensor:
    """The rows of a table.

    Parameters
    ----------
    indices : Tensor of integers, shape (...)
        Which rows, from 0 to n - 1.
    weight : Tensor, shape (n, m)
        The table.
    padding_idx : int, optional
        A row that gets no gradient; negative ones count from the end.

    Returns
    -------
    Tensor, shape (..., m)
        Dtype of `weight`.

    Raises
    ------
    IndexingError
        If there is no such row. Within a compiled function it comes from the backend when the program runs, if that
        checks indices.
    ShapeError
        If `weight` is no table.
    DTypeError
        If the indices are no integers.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.embedding(pg.asarray([1, 1, 0]), pg.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    table = tensor(weight, indices if type(indices) is Tensor else None)
    if table.ndim != 2:
        raise ShapeError(f"embedding: weight is a table (n, m), not of the shape {table.shape}")
    count = table.shape[0]
    at = existing("embedding", "row", tensor(indices, table), count)
    rows = apply(ops.GATHER, table, at)
    if padding_idx is None:
        return rows
    if type(padding_idx) is not int or not -count <= padding_idx < count:
        raise IndexingError(f"embedding: padding_idx is a row from {-count} to {count - 1}, not {padding_idx!r:.60}")
    padding = xp.expand_dims(xp.equal(at, padding_idx % count), -1)
    return xp.where(padding, stopped(rows), rows)


def one_hot(indices: Array, num_classes: int = -1) -> Tensor:
    """1 at the place that each index names, else 0.

    Parameters
    ----------
    indices : Tensor of integers, shape (...)
        From 0 to `num_classes` - 1.
    num_classes : int
        How many places; -1 is one more than the largest index, whose value must be known: no vmap, no tracing.

    Returns
    -------
    Tensor of int64, shape (..., num_classes)
        ``astype`` makes floats of it.

    Raises
    ------
    IndexingError
        If there is no such place. Within a compiled function the row is then of zeros.
    DTypeError
        If the indices are no integers.
    ShapeError
        If `num_classes` is no such number, or there is no index to tell it.
    TransformError, TracingError
        For -1 where the indices are not known.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.one_hot(pg.asarray([1, 0]), 3).tolist()
    [[0, 1, 0], [1, 0, 0]]
    """
    at = integral(tensor(indices), "one_hot", "indices")
    if num_classes == -1 and 0 not in at.shape:
        num_classes = known(xp.max(at), "one_hot") + 1
    if type(num_classes) is not int or num_classes < 1:
        raise ShapeError(f"one_hot: num_classes is a number of places from 1 on, not {num_classes!r:.60}")
    at = existing("one_hot", "place", at, num_classes)
    places = xp.arange(num_classes, dtype=int64, backend=at.backend, device=at.device)
    return xp.astype(xp.equal(xp.expand_dims(at, -1), places), int64)


def dropout(x: Array, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """x with elements replaced by 0 at random, the others larger in return (Srivastava et al., JMLR 15, 1929, 2014).

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating or complex.
    p : float
        The probability of each element to go; the others are multiplied by 1 / (1 - p).
    training : bool
        If not, nothing happens.
    generator : Generator, optional
        Whose numbers say which; those of `plugrad.random`'s default generator if not said.

    Returns
    -------
    Tensor, shape of `x`

    Raises
    ------
    ValidationError
        If `p` is no probability.
    TransformError, TracingError
        Under vmap without `generator`, and while a program is traced: draw a mask outside and pass it as an argument.

    Examples
    --------
    >>> import plugrad as pg
    >>> y = pg.nn.dropout(pg.ones(100), 0.2, generator=pg.random.Generator(7))
    >>> sorted(set(y.tolist()))
    [0.0, 1.25]
    """
    x, p = tensor(x), share("dropout", "p", p)
    if not training or p == 0:
        return xp.multiply(x, 1)
    kept = random.bernoulli(x.shape, 1 - p, backend=x.backend, device=x.device, generator=generator)
    return xp.where(kept, xp.multiply(x, 0 if p == 1 else 1 / (1 - p)), 0)
