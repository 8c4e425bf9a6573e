"""Arguments made whole before the door: axes without signs, shapes without gaps.

Primitives and their rules see neither a negative axis nor a -1 in a shape; what is wrong is said here, with the name of
the function that was called.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from numbers import Real
from operator import index
from typing import Any, TypeAlias

import numpy as np

from ..dtypes import DType, int64, uint64
from ..errors import AxisError, DTypeError, ShapeError, ValidationError
from ..ops import ASTYPE
from ..tensor import Tensor, apply, as_tensor

Array: TypeAlias = Any
"""A Tensor, or what `as_tensor` makes one of: a Python scalar, an array of a backend's own library."""

Scalar: TypeAlias = bool | int | float | complex
Shape: TypeAlias = int | Sequence[int]
Axis: TypeAlias = int | Sequence[int] | None

_TOO_MANY = 2**59  # elements of 16 bytes: beyond what 64 bits count, where libraries differ in what they raise


def tensor(x: Array, like: Tensor | None = None) -> Tensor:
    """`x` as a Tensor; Python data goes where `like` is."""
    return x if type(x) is Tensor else as_tensor(x, like)


def copied(x: Tensor) -> Tensor:
    """The same values, recorded: the copy of a leaf is no leaf, so it may be written to."""
    return apply(ASTYPE, x, dtype=x.dtype)


def ints(given: Any, who: str, what: str) -> tuple[int, ...]:
    """One int, or a sequence of them, as a tuple."""
    if isinstance(given, tuple | list):
        parts: Any = given
    else:
        parts = given if getattr(given, "ndim", 0) else (given,)
    try:
        return tuple(map(index, parts))
    except TypeError:
        raise ShapeError(f"{who}: {what} must be an int or a tuple of ints, not {given!r}") from None


def whole(given: Any, who: str, what: str) -> int:
    """An integer that is neither an axis nor a size."""
    try:
        return index(given)
    except TypeError as error:
        raise ValidationError(f"{who}: {what} is an integer, not {given!r:.60}") from error


def number(given: Any, who: str, what: str) -> float:
    """A parameter that is a real number."""
    if not isinstance(given, Real):
        raise ValidationError(f"{who}: {what} is a number, not {given!r:.60}")
    return float(given)


def flag(given: Any, who: str, what: str) -> bool:
    """A parameter that is true or false: NumPy's, and 0 and 1, too; no text, no array."""
    if type(given) is bool:
        return given
    if not isinstance(given, int | np.bool) or given not in (0, 1):
        raise ValidationError(f"{who}: {what} is True or False, not {given!r:.60}")
    return bool(given)


def leaf_if(requires_grad: bool, made: Tensor) -> Tensor:
    """What a creation function made, as a leaf if that is asked for."""
    return made if requires_grad is False else made.requires_grad_(requires_grad)


def one_of(given: Any, allowed: Collection[str], who: str, what: str) -> str:
    """`given`, if it is one of the names that are allowed."""
    if not isinstance(given, str) or given not in allowed:
        *others, last = map(repr, allowed)
        raise ValidationError(f"{who}: {what} is {', '.join(others)} or {last}, not {given!r:.60}")
    return given


def sizes(shape: Shape, who: str) -> tuple[int, ...]:
    """A shape as a tuple of sizes, none of them negative."""
    out = ints(shape, who, "a shape")
    if min(out, default=0) < 0:
        raise ShapeError(f"{who}: sizes are not negative, got the shape {out}")
    if math.prod(filter(None, out)) >= _TOO_MANY:
        raise ShapeError(f"{who}: an array of the shape {out} fits into no memory; ask for fewer elements")
    return out


def solved(shape: Shape, size: int, who: str) -> tuple[int, ...]:
    """A new shape for `size` elements, its -1 replaced by what is left."""
    out = ints(shape, who, "a shape")
    if out.count(-1) == 1:
        known = math.prod([n for n in out if n != -1])
        out = tuple([size // known if n == -1 and known else n for n in out])
    if min(out, default=0) < 0 or math.prod(out) != size:
        raise ShapeError(
            f"{who}: {size} elements do not fill the shape {shape!r}; sizes multiply to {size}, one may be -1"
        )
    return out


def one_axis(axis: int, ndim: int, who: str) -> int:
    """One axis, counted from the front."""
    out = axis if type(axis) is int else _lone(ints(axis, who, "axis"), who)
    if not -ndim <= out < ndim:
        there = f"axes go from {-ndim} to {ndim - 1}" if ndim else "a 0-d tensor has no axes"
        raise AxisError(f"{who}: there is no axis {out}; {there}")
    return out + ndim if out < 0 else out


def _lone(axes: tuple[int, ...], who: str) -> int:
    if len(axes) != 1:
        raise ShapeError(f"{who}: takes one axis, not {len(axes)}: {axes!r}")
    return axes[0]


def all_axes(axis: Axis, ndim: int, who: str) -> tuple[int, ...]:
    """One, several or (None) all axes, counted from the front, each named once."""
    if axis is None:
        return tuple(range(ndim))
    out = tuple([one_axis(a, ndim, who) for a in ints(axis, who, "axis")])
    if len(set(out)) < len(out):
        raise ShapeError(f"{who}: {axis!r} names an axis twice")
    return out


def reduced(axis: Axis, x: Tensor, who: str) -> int | tuple[int, ...] | None:
    """The axis parameter of a reduction: None and a lone axis stay what they are, which kernels take faster."""
    if axis is None:
        return None
    return one_axis(axis, x.ndim, who) if type(axis) is int else all_axes(axis, x.ndim, who)


def ordered(x: Tensor, who: str) -> Tensor:
    """`x`, unless its elements have no order: NumPy compares complex numbers without a word."""
    if x.dtype.kind == "c":
        raise DTypeError(f"{who}: {x.dtype.name} has no order; take abs, real or imag first")
    return x


def integral(x: Tensor, who: str, what: str) -> Tensor:
    """`x`, unless it is not of integers."""
    if x.dtype.kind not in "iu":
        raise DTypeError(f"{who}: {what} must be integers, got {x.dtype.name}; cast with astype")
    return x


def widest(dtype: DType) -> DType:
    """What sums of integers and booleans are computed in."""
    return dtype if dtype.kind in "fc" else uint64 if dtype.kind == "u" else int64
