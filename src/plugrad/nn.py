"""Functions of neural networks, after torch.nn.functional: the same names, values and gradients, numerically stable.

What is used most is one primitive with a rule of its own; the rest is composed. A loss takes its arguments in torch's
order, ``(input, target)``.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from . import namespace as xp
from . import ops
from .dtypes import COMPLEX, int64
from .errors import DTypeError, ShapeError, ValidationError
from .namespace._arguments import Array, Axis, Shape, one_axis, reduced, sizes, tensor
from .namespace._places import place, uploaded
from .tensor import Tensor, apply, base, binary, tracing, unary

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "erf",
    "gelu",
    "layer_norm",
    "linear",
    "log_softmax",
    "logsumexp",
    "mse_loss",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]

Reduction = Literal["mean", "sum", "none"]

_REDUCTIONS = {"mean": ops.MEAN, "sum": ops.SUM}
_NOWHERE = 2**62  # an index that no array has
_bce, _erf, _relu, _sigmoid = binary(ops.BCE_WITH_LOGITS), *map(unary, (ops.ERF, ops.RELU, ops.SIGMOID))


# ----------------------------------------------------------------------------------------------------------- losses


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
    return _over_all("binary_cross_entropy_with_logits", _bce(x, t), reduction)


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
    IndexError
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
    x = _real("cross_entropy", input)
    t = tensor(target, x)
    if not 0 <= label_smoothing <= 1:
        raise ValidationError(f"cross_entropy: label_smoothing is a share from 0 to 1, not {label_smoothing}")
    axis = _class_axis(x, t)
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


def _pair(who: str, input: Array, target: Array) -> tuple[Tensor, Tensor]:
    """Both operands of an elementwise loss, in which broadcasting would hide a mistake."""
    x = _real(who, input)
    t = _real(who, tensor(target, x))
    if x.shape != t.shape:
        raise ShapeError(
            f"{who}: input of shape {x.shape} and target of shape {t.shape}; reshape one, or say broadcast_to"
        )
    return x, t


def _over_all(who: str, loss: Tensor, reduction: Reduction) -> Tensor:
    if reduction == "none":
        return loss
    if reduction not in _REDUCTIONS:
        raise ValidationError(f"{who}: reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    return apply(_REDUCTIONS[reduction], loss, axis=None, keepdims=False)


def _class_axis(x: Tensor, target: Tensor) -> int:
    """The axis of the classes, once the shapes are known to fit."""
    if x.ndim == 0:
        raise ShapeError("cross_entropy: an input of shape () has no axis of classes; give (N, C, ...) or (C,)")
    if target.dtype.kind not in "iuf":
        raise DTypeError(
            f"cross_entropy: a target of {target.dtype.name}; cast classes to int64, or probabilities to {x.dtype.name}"
        )
    axis = 0 if x.ndim == 1 else 1
    of_classes, of_probabilities = x.shape[:axis] + x.shape[axis + 1 :], x.shape
    if target.shape != (of_probabilities if target.dtype.kind == "f" else of_classes):
        raise ShapeError(
            f"cross_entropy: an input of shape {x.shape} and a target of {target.dtype.name} of shape {target.shape}; "
            f"classes are integers of shape {of_classes}, probabilities floating of shape {of_probabilities}"
        )
    return axis


def _of_classes(log_p: Tensor, target: Tensor, axis: int, smoothing: float) -> Tensor:
    """(N, C, ...) and (N, ...) -> (N, ...)."""
    picked = _picked(log_p, target if target.dtype is int64 else xp.astype(target, int64), axis)
    if not smoothing:
        return xp.negative(picked)
    evenly = apply(ops.MEAN, log_p, axis=axis, keepdims=False)
    return xp.subtract(xp.multiply(picked, smoothing - 1), xp.multiply(evenly, smoothing))


def _of_probabilities(log_p: Tensor, target: Tensor, axis: int, smoothing: float) -> Tensor:
    """(N, C, ...) and (N, C, ...) -> (N, ...)."""
    if smoothing:
        target = xp.add(xp.multiply(target, 1 - smoothing), smoothing / log_p.shape[axis])
    return xp.negative(apply(ops.SUM, xp.multiply(log_p, target), axis=axis, keepdims=False))


def _picked(log_p: Tensor, target: Tensor, axis: int) -> Tensor:
    """The entry of each target's class: one gather from the flat array, whose rows begin at multiples of C."""
    many, count = math.prod(target.shape), log_p.shape[axis]
    rows = uploaded(np.arange(many).reshape(target.shape) * count, int64, place(None, None, log_p))
    at: Any = xp.add(rows, target)
    if tracing() is None:
        _check_classes(target, count)
    else:  # nobody knows the classes yet, and one that does not exist must not read its neighbour's row
        exists = xp.logical_and(xp.greater_equal(target, 0), xp.less(target, count))
        at = xp.where(exists, at, _NOWHERE)
    in_rows = log_p if axis == log_p.ndim - 1 else xp.moveaxis(log_p, axis, -1)
    return apply(ops.GATHER, xp.reshape(in_rows, -1), at)


def _check_classes(target: Tensor, count: int) -> None:
    """Under vmap, too: the values of all samples lie at level 0."""
    low = base(target)
    wrong = (low.data < 0) | (low.data >= count)
    backend = low.by.backend
    if bool(backend.namespace.any(wrong)):
        first = backend.to_numpy(low.data)[backend.to_numpy(wrong)].flat[0]
        raise IndexError(
            f"cross_entropy: there is no class {first}; of {count} classes the first is 0 and the last {count - 1}"
        )


# ------------------------------------------------------------------------------------------------------ along an axis


def softmax(x: Array, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis, without overflow.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Floating; integers and booleans become the default dtype.
    axis : int
        The axis of the n.

    Returns
    -------
    Tensor, shape (..., n, ...)
        Sums to one along the axis. NaN where all of a row is -inf.

    Raises
    ------
    ShapeError
        If there is no such axis.
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.softmax(pg.asarray([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    x = _real("softmax", x)
    return apply(ops.SOFTMAX, x, axis=one_axis(axis, x.ndim, "softmax"))


def log_softmax(x: Array, axis: int = -1) -> Tensor:
    """log(softmax(x)) along an axis, exact also where the softmax underflows.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Floating; integers and booleans become the default dtype.
    axis : int
        The axis of the n.

    Returns
    -------
    Tensor, shape (..., n, ...)
        NaN where all of a row is -inf.

    Raises
    ------
    ShapeError
        If there is no such axis.
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.log_softmax(pg.asarray([0.0, 1000.0])).tolist()
    [-1000.0, 0.0]
    """
    x = _real("log_softmax", x)
    return apply(ops.LOG_SOFTMAX, x, axis=one_axis(axis, x.ndim, "log_softmax"))


def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over axes, without overflow.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        -inf where there is nothing to sum, or nothing but -inf; the gradient is NaN there.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.logsumexp(pg.asarray([1000.0, -1000.0])).item()
    1000.0
    """
    x = _real("logsumexp", x)
    return apply(ops.LOGSUMEXP, x, axis=reduced(axis, x, "logsumexp"), keepdims=keepdims)


def layer_norm(
    x: Array, normalized_shape: Shape, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) over the last axes, times `weight`, plus `bias`.

    Parameters
    ----------
    x : Tensor, shape (..., *normalized_shape)
        Floating.
    normalized_shape : int or tuple of int
        The sizes of the last axes, over which mean and (biased) variance are taken.
    weight, bias : Tensor, shape normalized_shape, optional
        Ones and zeros if not said.
    eps : float
        Keeps the denominator off zero.

    Returns
    -------
    Tensor, shape of `x`

    Raises
    ------
    ShapeError
        If the last axes of `x`, or the shape of `weight` or `bias`, are not `normalized_shape`.
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.layer_norm(pg.asarray([[1.0, 3.0], [5.0, 5.0]]), 2, eps=0.25).tolist()
    [[-0.8944271909999159, 0.8944271909999159], [0.0, 0.0]]
    """
    x, shape = _real("layer_norm", x), sizes(normalized_shape, "layer_norm")
    first = x.ndim - len(shape)
    if not shape or first < 0 or x.shape[first:] != shape:
        raise ShapeError(f"layer_norm: normalized_shape {shape} is not the end of the shape {x.shape} of x")
    y = apply(ops.NORMALIZE, x, axis=tuple(range(first, x.ndim)), eps=float(eps))
    if weight is not None:
        y = xp.multiply(y, _shaped("layer_norm: weight", weight, shape, y))
    return y if bias is None else xp.add(y, _shaped("layer_norm: bias", bias, shape, y))


def _shaped(what: str, given: Array, shape: tuple[int, ...], like: Tensor) -> Tensor:
    out = tensor(given, like)
    if out.shape != shape:
        raise ShapeError(f"{what} has the shape {out.shape}; it must be {shape}")
    return out


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
    return y if bias is None else xp.add(y, _shaped("linear: bias", bias, w.shape[:-1], y))


# -------------------------------------------------------------------------------------------------------- activations


def relu(x: Array) -> Tensor:
    """x where it is positive, else 0. The gradient at 0 is 0.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype but complex.

    Returns
    -------
    Tensor, shape (...)
        Dtype of `x`.

    Raises
    ------
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.relu(pg.asarray([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return _relu(_real("relu", x))


def sigmoid(x: Array) -> Tensor:
    """1 / (1 + exp(-x)), without overflow.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating or complex; others become the default dtype.

    Returns
    -------
    Tensor, shape (...)

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.sigmoid(pg.asarray([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return _sigmoid(x)


def erf(x: Array) -> Tensor:
    """The error function: twice the integral of exp(-t**2) / sqrt(pi) from 0 to x.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.erf(pg.asarray([0.0, pg.inf])).tolist()
    [0.0, 1.0]
    """
    return _erf(_real("erf", x))


def gelu(x: Array, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """x times the probability that a standard normal variable is below it (Hendrycks, Gimpel, arXiv:1606.08415).

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    approximate : {"none", "tanh"}
        The probability by `erf`, or by the tanh of a cubic, which is off by up to 5e-4.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    DTypeError
        For a complex operand.
    ValidationError
        For another `approximate`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.gelu(pg.asarray([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    z: Any = _real("gelu", x)
    if approximate == "none":
        twice: Any = _erf(z * math.sqrt(0.5))
    elif approximate == "tanh":
        twice = xp.tanh((z + z * z * z * 0.044715) * math.sqrt(2 / math.pi))
    else:
        raise ValidationError(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}")
    return z * (twice + 1) * 0.5


def silu(x: Array) -> Tensor:
    """x times sigmoid(x), also called swish.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.silu(pg.asarray([-1000.0, 0.0, 1000.0])).tolist()
    [-0.0, 0.0, 1000.0]
    """
    x = _real("silu", x)
    return xp.multiply(x, _sigmoid(x))


def softplus(x: Array) -> Tensor:
    """log(1 + exp(x)), exact to the last bits everywhere (torch returns x itself above a threshold).

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.softplus(pg.asarray([-1000.0, 1000.0])).tolist()
    [0.0, 1000.0]
    """
    return xp.logaddexp(_real("softplus", x), 0)


def _real(who: str, x: Array) -> Tensor:
    """`x`, unless it is complex: these functions order their operand, or are not holomorphic."""
    x = tensor(x)
    if x.dtype in COMPLEX:
        raise DTypeError(f"{who}: takes real numbers, got {x.dtype.name}; apply it to real, imag or abs")
    return x
