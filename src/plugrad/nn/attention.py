"""Attention."""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes, ops
from .. import namespace as xp
from ..errors import DTypeError, ShapeError, ValidationError
from ..namespace._arguments import Array, number, tensor
from ..namespace._places import place, uploaded
from ..random import Generator
from ..tensor import Tensor, apply
from ._arguments import real
from .layers import dropout

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    attn_mask: Array | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """The mean of values, weighted by softmax(query key^T * scale) (Vaswani et al., arXiv:1706.03762, equation 1).

    Parameters
    ----------
    query : Tensor, shape (..., l, e)
        Floating.
    key : Tensor, shape (..., s, e)
        Of what each value is about. Leading axes broadcast.
    value : Tensor, shape (..., s, v)
        What is taken the mean of.
    attn_mask : Tensor, broadcasts to (..., l, s), optional
        True where a value may count; or floating, to be added before the softmax.
    dropout_p : float
        The probability with which a weight is dropped; see `dropout`. 0 where nothing is to be trained.
    is_causal : bool
        Whether row i may see values 0 to i alone; there is no other mask then.
    scale : float, optional
        1 / sqrt(e) if not said.
    generator : Generator, optional
        Whose numbers say what is dropped; those of `plugrad.random`'s default generator if not said.

    Returns
    -------
    Tensor, shape (..., l, v)
        0 in rows in which no value may count.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    DTypeError
        For complex operands, or a mask of integers.
    ValidationError
        For a mask beside `is_causal`, or if `dropout_p` is no probability.
    TransformError, TracingError
        With dropout, under vmap without `generator`, and while a program is traced.

    Examples
    --------
    >>> import plugrad as pg
    >>> q, k, v = pg.zeros((1, 2)), pg.ones((2, 2)), pg.asarray([[1.0], [3.0]])
    >>> pg.nn.scaled_dot_product_attention(q, k, v).tolist()
    [[2.0]]
    """
    who = "scaled_dot_product_attention"
    q = real(who, query)
    k, v = real(who, key, q), real(who, value, q)
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"{who}: query, key and value of the shapes {q.shape}, {k.shape} and {v.shape}; they must be (..., l, e), "
            "(..., s, e) and (..., s, v)"
        )
    if is_causal and attn_mask is not None:
        raise ValidationError(f"{who}: is_causal is a mask; give it or attn_mask, or make one mask of both")
    by = 1 / math.sqrt(max(1, q.shape[-1])) if scale is None else number(scale, who, "scale")
    scores = xp.matmul(xp.multiply(q, by), xp.matrix_transpose(k))
    mask = _causal(q, k) if is_causal else None if attn_mask is None else tensor(attn_mask, q)
    weights = _softmax(scores) if mask is None else _masked_softmax(who, scores, mask)
    return xp.matmul(dropout(weights, dropout_p, generator=generator) if dropout_p else weights, v)


def _softmax(scores: Tensor) -> Tensor:
    return apply(ops.SOFTMAX, scores, axis=scores.ndim - 1)


def _causal(q: Tensor, k: Tensor) -> Tensor:
    """True on and below the diagonal, counted from the first row."""
    return uploaded(np.tri(q.shape[-2], k.shape[-2]), dtypes.bool, place(None, None, q))


def _masked_softmax(who: str, scores: Tensor, mask: Tensor) -> Tensor:
    """0 in a row of nothing but -inf, where it would be NaN, and its derivative too."""
    if mask.dtype.kind not in "bf":
        raise DTypeError(f"{who}: attn_mask is boolean or floating, not {mask.dtype.name}; cast it with astype")
    scores = xp.where(mask, scores, -math.inf) if mask.dtype.kind == "b" else xp.add(scores, mask)
    nothing = apply(ops.ALL, xp.equal(scores, -math.inf), axis=scores.ndim - 1, keepdims=True)
    return xp.where(nothing, 0, _softmax(xp.where(nothing, 0, scores)))
