"""Activation functions: elementwise, and along axes."""

from __future__ import annotations

import math
from typing import Any, Literal

from .. import namespace as xp
from .. import ops
from ..errors import ShapeError, ValidationError
from ..namespace._arguments import Array, Axis, flag, number, one_axis, one_of, reduced
from ..tensor import Tensor, apply, unary
from ._arguments import real

__all__ = [
    "celu",
    "elu",
    "erf",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
]

_erf, _relu, _sigmoid = map(unary, (ops.ERF, ops.RELU, ops.SIGMOID))
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


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
    return _relu(real("relu", x))


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
    return _erf(real("erf", x))


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
    z: Any = real("gelu", x)
    one_of(approximate, ("none", "tanh"), "gelu", "approximate")
    if approximate == "none":
        twice: Any = _erf(z * math.sqrt(0.5))
    else:
        twice = xp.tanh((z + z * z * z * 0.044715) * math.sqrt(2 / math.pi))
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
    x = real("silu", x)
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
    return xp.logaddexp(real("softplus", x), 0)


def leaky_relu(x: Array, negative_slope: float = 0.01) -> Tensor:
    """x where it is positive, else x times `negative_slope`, at 0 too.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    negative_slope : float
        The slope below 0.

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
    >>> pg.nn.leaky_relu(pg.asarray([-1.0, 2.0]), 0.25).tolist()
    [-0.25, 2.0]
    """
    x, negative_slope = real("leaky_relu", x), number(negative_slope, "leaky_relu", "negative_slope")
    return xp.where(xp.greater(x, 0), x, xp.multiply(x, negative_slope))


def elu(x: Array, alpha: float = 1.0) -> Tensor:
    """x where it is positive, else alpha (exp(x) - 1) (Clevert, Unterthiner, Hochreiter, arXiv:1511.07289).

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    alpha : float
        The limit, but for its sign, far below 0.

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
    >>> pg.nn.elu(pg.asarray([-1000.0, 2.0])).tolist()
    [-1.0, 2.0]
    """
    x, alpha = real("elu", x), number(alpha, "elu", "alpha")
    positive = xp.greater(x, 0)
    below = xp.expm1(xp.where(positive, 0, x))  # what overflows would have a NaN for a gradient
    return xp.where(positive, x, xp.multiply(below, alpha))


def celu(x: Array, alpha: float = 1.0) -> Tensor:
    """x where it is positive, else alpha (exp(x / alpha) - 1) (Barron, arXiv:1704.07483).

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    alpha : float
        The limit, but for its sign, far below 0; not 0.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    DTypeError
        For a complex operand.
    ValidationError
        If `alpha` is 0.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.celu(pg.asarray([-1000.0, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    if not number(alpha, "celu", "alpha"):
        raise ValidationError("celu: alpha is what x is divided by; give another number than 0")
    x = real("celu", x)
    return xp.multiply(elu(xp.divide(x, alpha)), alpha)


def selu(x: Array) -> Tensor:
    """A multiple of `elu` that keeps mean 0 and variance 1 (Klambauer et al., arXiv:1706.02515, equations 2 and 14).

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
    >>> round(pg.nn.selu(pg.asarray(1.0)).item(), 7)
    1.050701
    """
    return xp.multiply(elu(real("selu", x), _SELU_ALPHA), _SELU_SCALE)


def mish(x: Array) -> Tensor:
    """x times tanh(softplus(x)) (Misra, arXiv:1908.08681).

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
    >>> pg.nn.mish(pg.asarray([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    x = real("mish", x)
    return xp.multiply(x, xp.tanh(softplus(x)))


def logsigmoid(x: Array) -> Tensor:
    """log(sigmoid(x)), exact also where the sigmoid underflows.

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
    >>> pg.nn.logsigmoid(pg.asarray([-1000.0, 1000.0])).tolist()
    [-1000.0, -0.0]
    """
    return xp.negative(softplus(xp.negative(real("logsigmoid", x))))


def softsign(x: Array) -> Tensor:
    """x / (1 + abs(x)).

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
    >>> pg.nn.softsign(pg.asarray([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """
    x = real("softsign", x)
    return xp.divide(x, xp.add(xp.abs(x), 1))


def tanhshrink(x: Array) -> Tensor:
    """x - tanh(x).

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
    >>> pg.nn.tanhshrink(pg.asarray([0.0, 100.0])).tolist()
    [0.0, 99.0]
    """
    x = real("tanhshrink", x)
    return xp.subtract(x, xp.tanh(x))


def hardtanh(x: Array, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x, held between two numbers; at both of them, unlike that of `clip`, the gradient is 0.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    min_val, max_val : float
        The least and the largest result.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    DTypeError
        For a complex operand.
    ValidationError
        If `min_val` is not below `max_val`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.hardtanh(pg.asarray([-2.0, 0.5, 2.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    if not number(min_val, "hardtanh", "min_val") < number(max_val, "hardtanh", "max_val"):
        raise ValidationError(f"hardtanh: min_val = {min_val} is not below max_val = {max_val}")
    x = real("hardtanh", x)
    return xp.where(xp.less_equal(x, min_val), min_val, xp.where(xp.greater_equal(x, max_val), max_val, x))


def relu6(x: Array) -> Tensor:
    """x, held between 0 and 6; at both of them the gradient is 0.

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
    >>> pg.nn.relu6(pg.asarray([-1.0, 2.0, 8.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    return hardtanh(real("relu6", x), 0.0, 6.0)


def hardsigmoid(x: Array) -> Tensor:
    """(x + 3) / 6, held between 0 and 1; at both of them the gradient is 0.

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
    >>> pg.nn.hardsigmoid(pg.asarray([-4.0, 0.0, 3.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    x = real("hardsigmoid", x)
    return xp.add(xp.divide(hardtanh(x, -3.0, 3.0), 6), 0.5)


def hardswish(x: Array) -> Tensor:
    """x times hardsigmoid(x) (Howard et al., arXiv:1905.02244).

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
    >>> pg.nn.hardswish(pg.asarray([-4.0, 3.0])).tolist()
    [-0.0, 3.0]
    """
    x = real("hardswish", x)
    return xp.multiply(x, hardsigmoid(x))


def hardshrink(x: Array, lambd: float = 0.5) -> Tensor:
    """x, but 0 where abs(x) is not above `lambd`.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    lambd : float
        The largest size that goes to 0.

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
    >>> pg.nn.hardshrink(pg.asarray([-1.0, 0.5])).tolist()
    [-1.0, 0.0]
    """
    x, lambd = real("hardshrink", x), number(lambd, "hardshrink", "lambd")
    return xp.where(xp.less_equal(xp.abs(x), lambd), 0, x)


def softshrink(x: Array, lambd: float = 0.5) -> Tensor:
    """x, nearer to 0 by `lambd`, and 0 where that would change its sign.

    Parameters
    ----------
    x : Tensor, shape (...)
        Floating; integers and booleans become the default dtype.
    lambd : float
        How much nearer.

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
    >>> pg.nn.softshrink(pg.asarray([-1.0, 0.5])).tolist()
    [-0.5, 0.0]
    """
    x, lambd = real("softshrink", x), number(lambd, "softshrink", "lambd")
    return xp.where(xp.less_equal(xp.abs(x), lambd), 0, xp.subtract(x, xp.multiply(xp.sign(x), lambd)))


def glu(x: Array, axis: int = -1) -> Tensor:
    """The first half along an axis times the sigmoid of the second (Dauphin et al., arXiv:1612.08083).

    Parameters
    ----------
    x : Tensor, shape (..., 2 n, ...)
        Floating; integers and booleans become the default dtype.
    axis : int
        The axis of the 2 n.

    Returns
    -------
    Tensor, shape (..., n, ...)

    Raises
    ------
    ShapeError
        If there is no such axis, or it cannot be halved.
    DTypeError
        For a complex operand.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.nn.glu(pg.asarray([2.0, 4.0, 0.0, 0.0])).tolist()
    [1.0, 2.0]
    """
    x = real("glu", x)
    along = one_axis(axis, x.ndim, "glu")
    half, odd = divmod(x.shape[along], 2)
    if odd:
        raise ShapeError(f"glu: axis {along} of the shape {x.shape} cannot be halved; it must be even")
    halves = slice(0, half), slice(half, 2 * half)
    first, second = (apply(ops.GETITEM, x, index=(*(slice(None),) * along, part)) for part in halves)
    return xp.multiply(first, _sigmoid(second))


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
    x = real("softmax", x)
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
    x = real("log_softmax", x)
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
    x = real("logsumexp", x)
    return apply(ops.LOGSUMEXP, x, axis=reduced(axis, x, "logsumexp"), keepdims=flag(keepdims, "logsumexp", "keepdims"))
