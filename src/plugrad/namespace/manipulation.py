"""Manipulation functions: the same elements in another shape, order or company.

All results are values: writing to a reshaped or permuted tensor is not seen in the one that it was made from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..dtypes import int64, require_real
from ..errors import ShapeError, ValidationError
from ..ops import ASTYPE, BROADCAST_TO, CONCAT, FLIP, GATHER, PERMUTE_DIMS, PUT, RESHAPE, ROLL, UNSTACK
from ..tensor import Tensor, apply, base
from ._arguments import Array, Axis, Shape, all_axes, copied, integral, ints, one_axis, sizes, solved, tensor
from ._places import known, place, uploaded

__all__ = [
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "moveaxis",
    "pad",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "unstack",
]


def reshape(x: Array, /, shape: Shape, *, copy: bool | None = None) -> Tensor:
    """The same elements, in row-major order, in another shape.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    shape : int or tuple of int
        The new sizes; one of them may be -1 and is then what the others leave.
    copy : bool, optional
        True: memory of its own. False: never a copy, where there are values that could need one. What is written to the
        one is in any case not seen in the other.

    Returns
    -------
    Tensor, shape `shape`
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If the elements do not fill the shape.
    ValidationError
        If ``copy=False`` and the elements lie in another order than the shape asks for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.reshape(pg.arange(6), (2, -1)).tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    x = tensor(x)
    to = solved(shape, math.prod(x.shape), "reshape")
    if copy is False:
        _require_view(x, to)
    y = apply(RESHAPE, x, shape=to)
    return copied(y) if copy else y


def _require_view(x: Tensor, shape: tuple[int, ...]) -> None:
    low = base(x)
    if low.shape == x.shape and low.by.name != "tracing" and not low.by.backend.can_view(low.data, shape):
        raise ValidationError(f"reshape(copy=False): from {x.shape} to {shape} takes a copy here; leave copy out")


def broadcast_to(x: Array, /, shape: Shape) -> Tensor:
    """Repeat along axes of size one and new leading axes, without arithmetic.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    shape : tuple of int
        What to broadcast to.

    Returns
    -------
    Tensor, shape `shape`
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If the shape of `x` does not broadcast to it.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.broadcast_to(pg.asarray([1, 2]), (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    x, to = tensor(x), sizes(shape, "broadcast_to")
    if len(x.shape) > len(to) or any(m not in (1, n) for m, n in zip(x.shape[::-1], to[::-1])):
        raise ShapeError(
            f"broadcast_to: {x.shape} does not broadcast to {to}: from the last axis on, sizes must be equal or 1"
        )
    return apply(BROADCAST_TO, x, shape=to)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that arrays of these shapes take together.

    Parameters
    ----------
    *shapes : tuple of int
        Any number of them.

    Returns
    -------
    tuple of int
        Aligned at the last axis; ``()`` for no shapes.

    Raises
    ------
    ShapeError
        If two sizes differ and neither is 1.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    whole = [sizes(shape, "broadcast_shapes") for shape in shapes]
    try:
        return tuple(np.broadcast_shapes(*whole))
    except ValueError:
        together = " and ".join(map(str, whole))
        raise ShapeError(
            f"broadcast_shapes: {together} do not fit: from the last axis on, sizes must be equal or 1"
        ) from None


def broadcast_arrays(*arrays: Array) -> tuple[Tensor, ...]:
    """Several arrays in the one shape that they broadcast to.

    Parameters
    ----------
    *arrays : Tensor
        Any number of them, each with its dtype.

    Returns
    -------
    tuple of Tensor
        All of one shape.

    Raises
    ------
    ShapeError
        If they do not broadcast.

    Examples
    --------
    >>> import plugrad as pg
    >>> [a.shape for a in pg.broadcast_arrays(pg.ones((3, 1)), pg.ones(4))]
    [(3, 4), (3, 4)]
    """
    found = [tensor(a) for a in arrays]
    to = broadcast_shapes(*(a.shape for a in found))
    return tuple([a if a.shape == to else broadcast_to(a, to) for a in found])


def permute_dims(x: Array, /, axes: Sequence[int]) -> Tensor:
    """The axes in another order.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axes : tuple of int
        Every axis of `x` once: axis i of the result is axis ``axes[i]`` of `x`.

    Returns
    -------
    Tensor, shape ``(x.shape[axes[0]], x.shape[axes[1]], ...)``
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If `axes` is not such an order.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.permute_dims(pg.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    x = tensor(x)
    order = all_axes(axes, x.ndim, "permute_dims")
    if len(order) != x.ndim:
        raise ShapeError(
            f"permute_dims: {axes!r} is no order of the {x.ndim} axes of the shape {x.shape}; name each of them once"
        )
    return apply(PERMUTE_DIMS, x, axes=order)


def moveaxis(x: Array, source: int | Sequence[int], destination: int | Sequence[int], /) -> Tensor:
    """Some axes at new positions, the others in their order.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    source : int or tuple of int
        The axes to move.
    destination : int or tuple of int
        Where each of them goes.

    Returns
    -------
    Tensor
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If there are not as many destinations as sources, or there is no such axis.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.moveaxis(pg.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = tensor(x)
    from_, to = (all_axes(a, x.ndim, "moveaxis") for a in (source, destination))
    if len(from_) != len(to):
        raise ShapeError(
            f"moveaxis: {len(from_)} axes to {len(to)} places; {source!r} and {destination!r} must be as long"
        )
    order = [axis for axis in range(x.ndim) if axis not in from_]
    for place_, axis in sorted(zip(to, from_)):
        order.insert(place_, axis)
    return permute_dims(x, order)


def expand_dims(x: Array, /, axis: int | Sequence[int]) -> Tensor:
    """New axes of size one.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axis : int or tuple of int
        Where they stand in the result.

    Returns
    -------
    Tensor
        With one more axis for each.

    Raises
    ------
    ShapeError
        If the result has no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.expand_dims(pg.ones(3), (0, -1)).shape
    (1, 3, 1)
    """
    x = tensor(x)
    many = x.ndim + len(ints(axis, "expand_dims", "axis"))
    new, old = all_axes(axis, many, "expand_dims"), iter(x.shape)
    return apply(RESHAPE, x, shape=tuple([1 if a in new else next(old) for a in range(many)]))


def squeeze(x: Array, /, axis: Axis = None) -> Tensor:
    """Without axes of size one.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axis : int or tuple of int, optional
        Which of them; all that there are if not said.

    Returns
    -------
    Tensor
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If a named axis is longer than one, or there is no such axis.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.squeeze(pg.ones((1, 3, 1)), 0).shape
    (3, 1)
    """
    x = tensor(x)
    gone = all_axes(axis, x.ndim, "squeeze") if axis is not None else [a for a, n in enumerate(x.shape) if n == 1]
    long = [a for a in gone if x.shape[a] != 1]
    if long:
        raise ShapeError(
            f"squeeze: axis {long[0]} of the shape {x.shape} has size {x.shape[long[0]]}; only axes of size 1 can go"
        )
    return apply(RESHAPE, x, shape=tuple([n for a, n in enumerate(x.shape) if a not in gone]))


def concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Tensor:
    """Join arrays along an axis that they have.

    Parameters
    ----------
    arrays : tuple or list of Tensor
        At least one; shapes equal but for `axis`.
    axis : int, optional
        Which axis; None joins the flattened arrays.

    Returns
    -------
    Tensor
        In the dtype in which they meet.

    Raises
    ------
    ShapeError
        If there are none, or another size differs.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.concat([pg.zeros(2), pg.ones(1)]).tolist()
    [0.0, 0.0, 1.0]
    """
    found = _several(arrays, "concat")
    if axis is None:
        return concat([reshape(a, -1) for a in found])
    along = one_axis(axis, found[0].ndim, "concat")
    if len({a.shape[:along] + a.shape[along + 1 :] for a in found}) > 1 or len({a.ndim for a in found}) > 1:
        shapes = ", ".join(str(a.shape) for a in found)
        raise ShapeError(f"concat: the shapes {shapes} differ in more than axis {along}; stack joins along a new axis")
    return apply(CONCAT, *found, axis=along, sizes=tuple([a.shape[along] for a in found]))


def stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Tensor:
    """Join arrays along a new axis.

    Parameters
    ----------
    arrays : tuple or list of Tensor, shape (...)
        At least one, all of one shape.
    axis : int
        Where the new axis stands in the result.

    Returns
    -------
    Tensor
        In the dtype in which they meet.

    Raises
    ------
    ShapeError
        If there are none, or shapes differ.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.stack([pg.zeros(2), pg.ones(2)], axis=-1).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """
    found = _several(arrays, "stack")
    if len({a.shape for a in found}) > 1:
        raise ShapeError(
            f"stack: the shapes {', '.join(str(a.shape) for a in found)} differ; concat joins along an axis there is"
        )
    along = one_axis(axis, found[0].ndim + 1, "stack")
    return concat([expand_dims(a, along) for a in found], axis=along)


def _several(arrays: Sequence[Array], who: str) -> list[Tensor]:
    if not isinstance(arrays, Iterable):
        raise ValidationError(f"{who}: takes a sequence of arrays, not {type(arrays).__name__}; put them in a list")
    arrays = list(arrays)
    like = next((a for a in arrays if type(a) is Tensor), None)
    found = [tensor(a, like) for a in arrays]
    if not found:
        raise ShapeError(f"{who}: there is no array to join; give at least one")
    return found


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without it.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype.
    axis : int
        The axis of the n slices.

    Returns
    -------
    tuple of Tensor
        n of them, dtype of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis.

    Examples
    --------
    >>> import plugrad as pg
    >>> a, b = pg.unstack(pg.asarray([[1, 2], [3, 4]]))
    >>> b.tolist()
    [3, 4]
    """
    x = tensor(x)
    along = one_axis(axis, x.ndim, "unstack")
    return apply(UNSTACK, x, axis=along) if x.shape[along] else ()


def flip(x: Array, /, *, axis: Axis = None) -> Tensor:
    """The elements in reverse order along some axes.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axis : int or tuple of int, optional
        Which axes; all of them if not said.

    Returns
    -------
    Tensor, shape (...)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.flip(pg.arange(3)).tolist()
    [2, 1, 0]
    """
    x = tensor(x)
    return apply(FLIP, x, axis=all_axes(axis, x.ndim, "flip"))


def roll(x: Array, /, shift: int | Sequence[int], *, axis: Axis = None) -> Tensor:
    """The elements moved along axes; what falls off one end comes in at the other.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    shift : int or tuple of int
        How far, toward larger indices; one for all axes or one for each.
    axis : int or tuple of int, optional
        Along which axes; if not said, `x` is flattened, rolled and put in shape again.

    Returns
    -------
    Tensor, shape (...)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis, or shifts and axes are not as many.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.roll(pg.arange(4), 1).tolist()
    [3, 0, 1, 2]
    """
    x, shifts = tensor(x), ints(shift, "roll", "shift")
    if axis is None:
        return reshape(roll(reshape(x, -1), sum(shifts), axis=0), x.shape)
    axes = ints(axis, "roll", "axis")
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes; give one shift, or one for each axis")
    return apply(ROLL, x, shift=shifts, axis=tuple([one_axis(a, x.ndim, "roll") for a in axes]))


def tile(x: Array, repetitions: int | Sequence[int], /) -> Tensor:
    """The whole array repeated along its axes.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    repetitions : tuple of int
        How often along each axis. The shorter of it and the shape of `x` is filled up with ones in front.

    Returns
    -------
    Tensor
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If a number is negative.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.tile(pg.asarray([1, 2]), (2, 2)).tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    x, often = tensor(x), sizes(repetitions, "tile")
    many = max(x.ndim, len(often))
    often, shape = ((1,) * (many - len(t)) + t for t in (often, x.shape))
    apart = reshape(x, [n for size in shape for n in (1, size)])
    whole = broadcast_to(apart, [n for pair in zip(often, shape) for n in pair])
    return reshape(whole, [r * n for r, n in zip(often, shape)])


def repeat(x: Array, repeats: int | Array, /, *, axis: int | None = None) -> Tensor:
    """Each element repeated by itself.

    Parameters
    ----------
    x : Tensor, shape (..., n, ...)
        Any dtype.
    repeats : int, or Tensor of integers, shape (n,) or (1,)
        How often: one number for all, or one for each of the n. Values of a tensor must be known, for the shape of the
        result depends on them: no vmap over it, no tracing.
    axis : int, optional
        Along which axis; if not said, `x` is flattened.

    Returns
    -------
    Tensor
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If a number is negative, there is no such axis, or there are more or fewer numbers than elements.
    TransformError, TracingError
        If the values of `repeats` are not known.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.repeat(pg.asarray([1, 2]), 2).tolist()
    [1, 1, 2, 2]
    """
    x = tensor(x)
    if axis is None:
        return repeat(reshape(x, -1), repeats, axis=0)
    along = one_axis(axis, x.ndim, "repeat")
    if type(repeats) is int:
        return _repeated(x, sizes(repeats, "repeat")[0], along)
    return _repeated_each(x, tensor(repeats, x), along)


def _repeated(x: Tensor, often: int, axis: int) -> Tensor:
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    wide = broadcast_to(expand_dims(x, axis + 1), (*before, n, often, *after))
    return reshape(wide, (*before, n * often, *after))


def _repeated_each(x: Tensor, often: Tensor, axis: int) -> Tensor:
    n = x.shape[axis]
    counts = sizes(known(integral(often, "repeat", "repeats"), "repeat"), "repeat")
    if len(counts) not in (1, n):
        raise ShapeError(f"repeat: {len(counts)} numbers for {n} elements; give one for all, or one for each")
    at = uploaded(np.repeat(np.arange(n), counts), int64, place(None, None, x))
    return moveaxis(apply(GATHER, moveaxis(x, axis, 0), at), 0, axis)


def pad(
    x: Array,
    pad_width: int | Sequence[int] | Sequence[Sequence[int]],
    /,
    mode: str = "constant",
    *,
    constant_values: Array = 0,
) -> Tensor:
    """More elements at the ends of axes, as NumPy's `pad` names them.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    pad_width : int, (int, int), or a sequence of (int, int)
        How many before and behind: on all sides, at both ends of each axis, or for each axis by itself.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What they are: `constant_values`; the outermost elements, again and again; a mirror's image in the outermost
        elements, or in what lies beyond them; or the elements of the other end.
    constant_values : number or Tensor, shape ()
        Differentiable, too.

    Returns
    -------
    Tensor
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If a width is negative or they are not as many as the axes, if `constant_values` is not one number, or if there
        is no element to repeat.
    ValidationError
        For another `mode`, or `constant_values` with one that does not use them.
    DTypeError
        For a complex constant around real numbers.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.pad(pg.asarray([1, 2, 3]), (1, 2)).tolist()
    [0, 1, 2, 3, 0, 0]
    >>> pg.pad(pg.asarray([1, 2, 3]), 2, mode="reflect").tolist()
    [3, 2, 1, 2, 3, 2, 1]
    """
    x = tensor(x)
    widths = _widths(pad_width, x.ndim)
    if mode == "constant":
        return _in_constants(x, widths, constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValidationError(f"pad: the modes are constant, edge, reflect, symmetric and wrap; {mode!r} is none")
    if type(constant_values) is not int or constant_values:
        raise ValidationError(f"pad: constant_values are for the mode 'constant'; {mode!r} takes the array's own")
    for axis, (before, behind) in enumerate(widths):
        if before or behind:
            if not x.shape[axis]:
                raise ShapeError(f"pad: axis {axis} of the shape {x.shape} has no element to repeat; pad by a constant")
            at: Any = np.pad(np.arange(x.shape[axis]), (before, behind), mode)  # type: ignore[call-overload]
            y = apply(GATHER, moveaxis(x, axis, 0), uploaded(at, int64, place(None, None, x)))
            x = moveaxis(y, 0, axis)
    return x


def _widths(given: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """(before, behind) for each axis."""
    try:
        widths = np.broadcast_to(np.asarray(given), (ndim, 2))
        if widths.dtype.kind not in "iu" or np.any(widths < 0):
            raise ValueError("not of integers, or negative")
    except ValueError as error:
        raise ShapeError(
            f"pad: {given!r} is no pad_width of {ndim} axes; give (before, behind), for all or for each, not negative"
        ) from error
    return tuple([(int(before), int(behind)) for before, behind in widths])


def _in_constants(x: Tensor, widths: tuple[tuple[int, int], ...], constant: Array) -> Tensor:
    value = tensor(constant, x)
    if value.ndim:
        raise ShapeError(f"pad: constant_values must be one number, got the shape {value.shape}; pad each end apart")
    require_real(value.dtype.kind, x.dtype)
    shape = tuple([before + n + behind for n, (before, behind) in zip(x.shape, widths)])
    around = apply(BROADCAST_TO, apply(ASTYPE, value, dtype=x.dtype), shape=shape)
    inner = tuple([slice(before, before + n) for n, (before, _) in zip(x.shape, widths)])
    return apply(PUT, around, x, index=inner)
