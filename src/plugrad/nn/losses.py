"""Losses, and distances between vectors. A loss takes its arguments in torch's order, ``(input, target)``."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from .. import namespace as xp
from .. import ops
from ..dtypes import int64
from ..errors import DTypeError, ShapeError, ValidationError
from ..linalg import vector_norm
from ..namespace._arguments import Array, integral, number, one_axis, one_of, tensor
from ..namespace._places import place, uploaded
from ..tensor import Tensor, apply, binary
from ._arguments import existing, real, share
from .activations import hardtanh
from .normalization import length

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_similarity",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "pairwise_distance",
    "smooth_l1_loss",
]

Reduction = Literal["mean", "sum", "none"]

_REDUCTIONS = {"mean": ops.MEAN, "sum": ops.SUM}
_bce, _bce_with_logits = binary(ops.BINARY_CROSS_ENTROPY), binary(ops.BCE_WITH_LOGITS)


def binary_cross_entropy_with_logits(input: Array, target: Array, reduction: Reduction = "mean") -> Tensor:
    """The negative log-likelihood of yes or no, from the logits: max(x, 0) - x t + log(1 + exp(-|x|)).

    Parameters
    ----------
    input : Tensor, shape (...)
        The logits x, floating. None is too large: nothing overflows.
    target : Tensor, shape (...)
        The probability t of yes, 0 and 1 included; the shape of `input`.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all elements.

    Returns
    -------
    Tensor, shape () or (...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        For complex operands.
    ValidationError
        For another `reduction`.

    Examples
    --------
    >>> import plugrad as pg
    >>> x = pg.asarray([0.0, 1000.0], requires_grad=True)
    >>> pg.nn.binary_cross_entropy_with_logits(x, pg.asarray([1.0, 1.0]), "sum").backward()
    >>> x.grad.tolist()
    [-0.5, 0.0]
    """
    x, t = _pair("binary_cross_entropy_with_logits", input, target)
    return _over_all("binary_cross_entropy_with_logits", _bce_with_logits(x, t), reduction)


def cross_entropy(input: Array, target: Array, reduction: Reduction = "mean", label_smoothing: float = 0.0) -> Tensor:
    """The negative log-likelihood of one of C classes, from the logits.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...) or (C,)
        The logits, floating.
    target : Tensor, shape (N, ...) or (), of integers; or shape of `input`, floating
        The class of each sample, from 0 to C - 1; or the probability of each class. The dtype says which. No class is
        ignored: to leave samples out, multiply the losses of ``reduction="none"`` by a mask.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all samples.
    label_smoothing : float
        How much of the target, from 0 to 1, is spread evenly over all classes.

    Returns
    -------
    Tensor, shape () or (N, ...)
        In the dtype of `input`.

    Raises
    ------
    IndexingError
        If there is no such class. Within a compiled function it comes from the backend when the program runs, if that
        checks indices.
    ShapeError
        If the shapes do not fit.
    DTypeError
        If `target` is neither of integers nor floating, or `input` is complex.
    ValidationError
        For another `reduction`, or a `label_smoothing` outside of 0 to 1.

    Examples
    --------
    >>> import plugrad as pg
    >>> logits = pg.asarray([[0.0, 0.0], [1000.0, 0.0]])
    >>> pg.nn.cross_entropy(logits, pg.asarray([1, 1]), "none").tolist()
    [0.6931471805599453, 1000.0]
    """
    x = real("cross_entropy", input)
    t = tensor(target, x)
    label_smoothing = share("cross_entropy", "label_smoothing", label_smoothing)
    axis = _class_axis("cross_entropy", x, t)
    log_p = apply(ops.LOG_SOFTMAX, x, axis=axis)
    loss = (_of_classes if t.dtype.kind in "iu" else _of_probabilities)(log_p, t, axis, label_smoothing)
    return _over_all("cross_entropy", loss, reduction)


def mse_loss(input: Array, target: Array, reduction: Reduction = "mean") -> Tensor:
    """The squared difference.

    Parameters
    ----------
    input, target : Tensor, shape (...)
        Floating, of one shape: torch broadcasts with a warning, since (N, 1) against (N,) is a mistake.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all elements.

    Returns
    -------
    Tensor, shape () or (...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        For complex operands.
    ValidationError
        For another `reduction`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.mse_loss(pg.asarray([1.0, 2.0]), pg.asarray([1.0, 4.0])).item()
    2.0
    """
    x, t = _pair("mse_loss", input, target)
    return _over_all("mse_loss", xp.square(xp.subtract(x, t)), reduction)


def nll_loss(input: Array, target: Array, reduction: Reduction = "mean") -> Tensor:
    """The negative log-likelihood of one of C classes, from the logarithms of their probabilities.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...) or (C,)
        Such as `log_softmax` gives; floating.
    target : Tensor, shape (N, ...) or (), of integers
        The class of each sample, from 0 to C - 1.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all samples.

    Returns
    -------
    Tensor, shape () or (N, ...)
        In the dtype of `input`.

    Raises
    ------
    IndexingError
        If there is no such class. Within a compiled function it comes from the backend when the program runs, if that
        checks indices.
    ShapeError
        If the shapes do not fit.
    DTypeError
        If `target` is not of integers, or `input` is complex.
    ValidationError
        For another `reduction`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.nll_loss(pg.asarray([[-1.0, -2.0], [-3.0, -4.0]]), pg.asarray([0, 1])).item()
    2.5
    """
    log_p = real("nll_loss", input)
    t = integral(tensor(target, log_p), "nll_loss", "a target")
    picked = _picked("nll_loss", log_p, t, _class_axis("nll_loss", log_p, t))
    return _over_all("nll_loss", xp.negative(picked), reduction)


def l1_loss(input: Array, target: Array, reduction: Reduction = "mean") -> Tensor:
    """The size of the difference; where there is none, the gradient is 0.

    Parameters
    ----------
    input, target : Tensor, shape (...)
        Floating, of one shape.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all elements.

    Returns
    -------
    Tensor, shape () or (...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        For complex operands.
    ValidationError
        For another `reduction`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.l1_loss(pg.asarray([1.0, 2.0]), pg.asarray([1.0, 4.0])).item()
    1.0
    """
    x, t = _pair("l1_loss", input, target)
    return _over_all("l1_loss", xp.abs(xp.subtract(x, t)), reduction)


def huber_loss(input: Array, target: Array, reduction: Reduction = "mean", delta: float = 1.0) -> Tensor:
    """Half the square of the difference up to `delta`, and linear beyond (Huber, Ann. Math. Stat. 35, 73, 1964).

    Parameters
    ----------
    input, target : Tensor, shape (...)
        Floating, of one shape.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all elements.
    delta : float
        Where the two meet, above 0; the slope beyond.

    Returns
    -------
    Tensor, shape () or (...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        For complex operands.
    ValidationError
        For another `reduction`, or `delta` not above 0.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.huber_loss(pg.asarray([1.0, 2.0]), pg.asarray([2.0, 5.0]), "none").tolist()
    [0.5, 2.5]
    """
    x, t = _pair("huber_loss", input, target)
    return _over_all("huber_loss", _bent(xp.subtract(x, t), _positive("huber_loss", "delta", delta)), reduction)


def smooth_l1_loss(input: Array, target: Array, reduction: Reduction = "mean", beta: float = 1.0) -> Tensor:
    """`huber_loss` over its delta, so that the slope far out is 1; `l1_loss` for a `beta` of 0.

    Parameters
    ----------
    input, target : Tensor, shape (...)
        Floating, of one shape.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all elements.
    beta : float
        Where square and line meet, not negative.

    Returns
    -------
    Tensor, shape () or (...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        For complex operands.
    ValidationError
        For another `reduction`, or a negative `beta`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.smooth_l1_loss(pg.asarray([1.0, 2.0]), pg.asarray([2.0, 5.0]), "none", beta=2.0).tolist()
    [0.25, 2.0]
    """
    if number(beta, "smooth_l1_loss", "beta") == 0:
        return l1_loss(input, target, reduction)
    x, t = _pair("smooth_l1_loss", input, target)
    beta = _positive("smooth_l1_loss", "beta", beta)
    return _over_all("smooth_l1_loss", xp.divide(_bent(xp.subtract(x, t), beta), beta), reduction)


def binary_cross_entropy(input: Array, target: Array, reduction: Reduction = "mean") -> Tensor:
    """The negative log-likelihood of yes or no, from probabilities. `binary_cross_entropy_with_logits` is more exact.

    Parameters
    ----------
    input : Tensor, shape (...)
        The probability of yes, from 0 to 1; NaN comes out for another. Its logarithm counts as -100 at least.
    target : Tensor, shape (...)
        The probability of yes that there should be; the shape of `input`.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of all elements.

    Returns
    -------
    Tensor, shape () or (...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        For complex operands.
    ValidationError
        For another `reduction`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.binary_cross_entropy(pg.asarray([0.0, 1.0]), pg.asarray([1.0, 1.0]), "none").tolist()
    [100.0, -0.0]
    """
    x, t = _pair("binary_cross_entropy", input, target)
    return _over_all("binary_cross_entropy", _bce(x, t), reduction)


def kl_div(
    input: Array, target: Array, reduction: Reduction | Literal["batchmean"] = "mean", log_target: bool = False
) -> Tensor:
    """The terms of the divergence of Kullback and Leibler, from the logarithms of probabilities.

    Parameters
    ----------
    input : Tensor, shape (N, ...)
        The logarithms of the probabilities that are judged; floating.
    target : Tensor, shape (N, ...)
        The probabilities that are true, or their logarithms; a probability of 0 contributes nothing.
    reduction : {"mean", "sum", "none", "batchmean"}
        What to do with the terms: the divergence of N distributions, on average, is their sum over N, "batchmean".
    log_target : bool
        Whether `target` is of logarithms.

    Returns
    -------
    Tensor, shape () or (N, ...)
        In the dtype in which the operands meet.

    Raises
    ------
    ShapeError
        If the shapes differ, or there is no N for "batchmean".
    DTypeError
        For complex operands.
    ValidationError
        For another `reduction`.

    Examples
    --------
    >>> import plugrad as pg
    >>> log_p = pg.log(pg.asarray([[0.5, 0.5]]))
    >>> round(pg.nn.kl_div(log_p, pg.asarray([[1.0, 0.0]]), "batchmean").item(), 4)
    0.6931
    """
    log_p, t = _pair("kl_div", input, target)
    if log_target:
        terms = xp.multiply(xp.exp(t), xp.subtract(t, log_p))
    else:  # a log of 0 would have an infinite derivative
        terms = xp.multiply(t, xp.subtract(xp.log(xp.where(xp.equal(t, 0), 1, t)), log_p))
    if reduction != "batchmean":
        return _over_all("kl_div", terms, reduction, more=("batchmean",))
    if not terms.ndim:
        raise ShapeError("kl_div: operands of shape () are no batch; take reduction='sum'")
    return xp.divide(_over_all("kl_div", terms, "sum"), terms.shape[0])


def _pair(who: str, input: Array, target: Array) -> tuple[Tensor, Tensor]:
    """Both operands of an elementwise loss, in which broadcasting would hide a mistake."""
    x = real(who, input)
    t = real(who, tensor(target, x))
    if x.shape != t.shape:
        raise ShapeError(
            f"{who}: input of shape {x.shape} and target of shape {t.shape}; reshape one, or say broadcast_to"
        )
    return x, t


def _over_all(who: str, loss: Tensor, reduction: Reduction, more: tuple[str, ...] = ()) -> Tensor:
    if one_of(reduction, (*_REDUCTIONS, "none", *more), who, "reduction") == "none":
        return loss
    return apply(_REDUCTIONS[reduction], loss, axis=None, keepdims=False)


def _class_axis(who: str, x: Tensor, target: Tensor) -> int:
    """The axis of the classes, once the shapes are known to fit."""
    if x.ndim == 0:
        raise ShapeError(f"{who}: an input of shape () has no axis of classes; give (N, C, ...) or (C,)")
    if target.dtype.kind not in "iuf":
        raise DTypeError(
            f"{who}: a target of {target.dtype.name}; cast classes to int64, or probabilities to {x.dtype.name}"
        )
    axis = 0 if x.ndim == 1 else 1
    of_classes, of_probabilities = x.shape[:axis] + x.shape[axis + 1 :], x.shape
    if target.shape != (of_probabilities if target.dtype.kind == "f" else of_classes):
        raise ShapeError(
            f"{who}: an input of shape {x.shape} and a target of {target.dtype.name} of shape {target.shape}; "
            f"classes are integers of shape {of_classes}, probabilities floating of shape {of_probabilities}"
        )
    return axis


def _of_classes(log_p: Tensor, target: Tensor, axis: int, smoothing: float) -> Tensor:
    """(N, C, ...) and (N, ...) -> (N, ...)."""
    picked = _picked("cross_entropy", log_p, target, axis)
    if not smoothing:
        return xp.negative(picked)
    evenly = apply(ops.MEAN, log_p, axis=axis, keepdims=False)
    return xp.subtract(xp.multiply(picked, smoothing - 1), xp.multiply(evenly, smoothing))


def _of_probabilities(log_p: Tensor, target: Tensor, axis: int, smoothing: float) -> Tensor:
    """(N, C, ...) and (N, C, ...) -> (N, ...)."""
    if smoothing:
        target = xp.add(xp.multiply(target, 1 - smoothing), smoothing / log_p.shape[axis])
    return xp.negative(apply(ops.SUM, xp.multiply(log_p, target), axis=axis, keepdims=False))


def _picked(who: str, log_p: Tensor, target: Tensor, axis: int) -> Tensor:
    """The entry of each target's class: one gather from the flat array, whose rows begin at multiples of C."""
    many, count = math.prod(target.shape), log_p.shape[axis]
    rows = uploaded(np.arange(many).reshape(target.shape) * count, int64, place(None, None, log_p))
    at = xp.add(rows, existing(who, "class", target, count))
    in_rows = log_p if axis == log_p.ndim - 1 else xp.moveaxis(log_p, axis, -1)
    return apply(ops.GATHER, xp.reshape(in_rows, -1), at)


def _bent(distance: Tensor, at: float) -> Tensor:
    """d^2 / 2 up to a, and a (abs(d) - a / 2) beyond: m (d - m / 2) with d held between -a and a for m."""
    m = hardtanh(distance, -at, at)  # whose gradient is 0 at -a and a: then the curvature is torch's there
    return xp.multiply(m, xp.subtract(distance, xp.multiply(m, 0.5)))


def _positive(who: str, what: str, given: float) -> float:
    if not number(given, who, what) > 0:
        raise ValidationError(f"{who}: {what} is above 0, not {given}")
    return given


# ------------------------------------------------------------------------------------------------------------ distances


def cosine_similarity(x1: Array, x2: Array, axis: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors.

    Parameters
    ----------
    x1, x2 : Tensor, shape (..., n, ...)
        Floating; they broadcast.
    axis : int
        The axis of the n.
    eps : float
        The least length that is divided by.

    Returns
    -------
    Tensor, shape (...)
        Without that axis.

    Raises
    ------
    ShapeError
        If there is no such axis, or the shapes do not broadcast.
    DTypeError
        For complex operands.
    ValidationError
        If `eps` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.cosine_similarity(pg.asarray([[3.0, 4.0]]), pg.asarray([[4.0, 3.0]])).tolist()
    [0.96]
    """
    x1 = real("cosine_similarity", x1, x2 if type(x2) is Tensor else None)
    x1, x2 = xp.broadcast_arrays(x1, real("cosine_similarity", x2, x1))
    along = one_axis(axis, x1.ndim, "cosine_similarity")
    eps = number(eps, "cosine_similarity", "eps")
    one, two = (xp.divide(x, length(x, 2.0, along, eps)) for x in (x1, x2))
    return apply(ops.SUM, xp.multiply(one, two), axis=along, keepdims=False)


def pairwise_distance(x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Tensor:
    """The p-norm of the difference between vectors, along the last axis.

    Parameters
    ----------
    x1, x2 : Tensor, shape (..., n)
        Floating; they broadcast.
    p : float
        Which norm.
    eps : float
        Added to every difference, so that equal vectors have a gradient.
    keepdims : bool
        Whether the last axis stays, with size 1.

    Returns
    -------
    Tensor, shape (...) or (..., 1)

    Raises
    ------
    ShapeError
        If the shapes do not broadcast, or are ().
    DTypeError
        For complex operands.
    ValidationError
        If `p` or `eps` is no number.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.pairwise_distance(pg.asarray([[3.0, 4.0]]), pg.asarray([[0.0, 0.0]]), eps=0.0).tolist()
    [5.0]
    """
    x1 = real("pairwise_distance", x1, x2 if type(x2) is Tensor else None)
    apart = xp.subtract(x1, real("pairwise_distance", x2, x1))
    apart = xp.add(apart, number(eps, "pairwise_distance", "eps"))
    along = one_axis(-1, apart.ndim, "pairwise_distance")
    return vector_norm(apart, axis=along, keepdims=keepdims, ord=number(p, "pairwise_distance", "p"))
