"""Discrete Fourier transforms: the array API standard's extension `fft`, differentiable in both modes and to any order.

Loaded when first asked for. A transform of complex numbers takes real ones too, as complex of their precision, and
integers as the default dtype. Three primitives compute everything here: complex to complex over several axes, real to
complex and complex to real along one; what is cut off or filled up with zeros is so before.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal

import numpy as np

from .dtypes import DType, complex_of, default_dtype, of
from .errors import DTypeError, ShapeError, ValidationError
from .namespace import astype, concat, conj, roll
from .namespace._arguments import Array, Axis, all_axes, copied, ints, one_of, tensor
from .namespace._places import place, uploaded
from .ops import FFT, GETITEM, IRFFT, RFFT
from .tensor import Tensor, apply, zeros

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

CREATION = ("fftfreq", "rfftfreq")
Norm = Literal["backward", "ortho", "forward"]
_OTHER: dict[str, Norm] = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


# ---------------------------------------------------------------------------------------------------------- transforms


def fft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """The discrete Fourier transform along an axis.

    Parameters
    ----------
    x : Tensor, shape (..., m, ...)
        Numbers; integers and real ones become complex.
    n : int, optional
        How many points: `x` is cut off or filled up with zeros at the end; m if not said.
    axis : int
        Which axis.
    norm : {"backward", "ortho", "forward"}
        By what to divide: nothing, the square root of the number of points, or the number itself.

    Returns
    -------
    Tensor, shape (..., n, ...)
        Complex, in the precision of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis or no point.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.fft(pg.asarray([1.0, 0.0, -1.0, 0.0])).tolist()
    [0j, (2+0j), 0j, (2+0j)]
    """
    return _complex(x, _points(n, "fft"), (axis,), False, norm, "fft")


def ifft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """The inverse of `fft`.

    Parameters
    ----------
    x : Tensor, shape (..., m, ...)
        Numbers; integers and real ones become complex.
    n : int, optional
        How many points: `x` is cut off or filled up with zeros at the end; m if not said.
    axis : int
        Which axis.
    norm : {"backward", "ortho", "forward"}
        By what to divide: the number of points, its square root, or nothing.

    Returns
    -------
    Tensor, shape (..., n, ...)
        Complex, in the precision of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis or no point.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.ifft(pg.asarray([2.0, 0.0])).tolist()
    [(1+0j), (1+0j)]
    """
    return _complex(x, _points(n, "ifft"), (axis,), True, norm, "ifft")


def fftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Tensor:
    """The discrete Fourier transform along several axes.

    Parameters
    ----------
    x : Tensor, shape (...)
        Numbers; integers and real ones become complex.
    s : sequence of int, optional
        How many points along each of the axes, -1 for all there are: `x` is cut off or filled up with zeros.
    axes : sequence of int, optional
        Which axes; all of them if not said or, with `s`, as many last ones.
    norm : {"backward", "ortho", "forward"}
        By what to divide: nothing, the square root of the number of points, or the number itself.

    Returns
    -------
    Tensor, shape (...)
        Complex, in the precision of `x`. The axes are as long as `s` says.

    Raises
    ------
    ShapeError
        If there is no such axis or no point, an axis is named twice, or `s` is not as long as `axes`.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.fftn(pg.ones((2, 2))).tolist()
    [[(4+0j), 0j], [0j, 0j]]
    """
    return _complex(x, s, axes, False, norm, "fftn")


def ifftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Tensor:
    """The inverse of `fftn`.

    Parameters
    ----------
    x : Tensor, shape (...)
        Numbers; integers and real ones become complex.
    s : sequence of int, optional
        How many points along each of the axes, -1 for all there are: `x` is cut off or filled up with zeros.
    axes : sequence of int, optional
        Which axes; all of them if not said or, with `s`, as many last ones.
    norm : {"backward", "ortho", "forward"}
        By what to divide: the number of points, its square root, or nothing.

    Returns
    -------
    Tensor, shape (...)
        Complex, in the precision of `x`. The axes are as long as `s` says.

    Raises
    ------
    ShapeError
        If there is no such axis or no point, an axis is named twice, or `s` is not as long as `axes`.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.ifftn(pg.asarray([[4.0, 0.0], [0.0, 0.0]])).tolist()
    [[(1+0j), (1+0j)], [(1+0j), (1+0j)]]
    """
    return _complex(x, s, axes, True, norm, "ifftn")


def rfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """The discrete Fourier transform of real numbers: the half that says all.

    Parameters
    ----------
    x : Tensor, shape (..., m, ...)
        Real numbers; integers become the default dtype.
    n : int, optional
        How many points: `x` is cut off or filled up with zeros at the end; m if not said.
    axis : int
        Which axis.
    norm : {"backward", "ortho", "forward"}
        By what to divide: nothing, the square root of the number of points, or the number itself.

    Returns
    -------
    Tensor, shape (..., n // 2 + 1, ...)
        Complex, in the precision of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis or no point.
    DTypeError
        For complex numbers.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.rfft(pg.asarray([1.0, 0.0, -1.0, 0.0])).tolist()
    [0j, (2+0j), 0j]
    """
    return _halved(x, _points(n, "rfft"), (axis,), norm, "rfft")


def irfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """The inverse of `rfft`, which has to be told of an odd length.

    Parameters
    ----------
    x : Tensor, shape (..., m, ...)
        Numbers; integers and real ones become complex. The imaginary part of the first and, for even n,
        the last does not count.
    n : int, optional
        How many points come out, of n // 2 + 1 that go in, cut off or filled up with zeros; 2 (m - 1) if not said.
    axis : int
        Which axis.
    norm : {"backward", "ortho", "forward"}
        By what to divide: the number of points, its square root, or nothing.

    Returns
    -------
    Tensor, shape (..., n, ...)
        Real, in the precision of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis or no point.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.irfft(pg.asarray([0.0, 2.0, 0.0])).tolist()
    [1.0, 0.0, -1.0, 0.0]
    """
    return _restored(x, _points(n, "irfft"), (axis,), norm, "irfft")


def rfftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Tensor:
    """The discrete Fourier transform of real numbers along several axes: the half that says all.

    Parameters
    ----------
    x : Tensor, shape (...)
        Real numbers; integers become the default dtype.
    s : sequence of int, optional
        How many points along each of the axes, -1 for all there are: `x` is cut off or filled up with zeros.
    axes : sequence of int, optional
        Which axes, the halved one last; all of them if not said or, with `s`, as many last ones.
    norm : {"backward", "ortho", "forward"}
        By what to divide: nothing, the square root of the number of points, or the number itself.

    Returns
    -------
    Tensor, shape (...)
        Complex, in the precision of `x`; along the last of the axes ``s[-1] // 2 + 1`` points.

    Raises
    ------
    ShapeError
        If there is no such axis or no point, no axis at all, an axis is named twice, or `s` is not as long as `axes`.
    DTypeError
        For complex numbers.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.rfftn(pg.ones((2, 2))).tolist()
    [[(4+0j), 0j], [0j, 0j]]
    """
    return _halved(x, s, axes, norm, "rfftn")


def irfftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Tensor:
    """The inverse of `rfftn`, which has to be told of an odd length.

    Parameters
    ----------
    x : Tensor, shape (...)
        Numbers; integers and real ones become complex.
    s : sequence of int, optional
        How many points come out along each of the axes, -1 for as many as if not said: along the last one m points
        that go in make 2 (m - 1).
    axes : sequence of int, optional
        Which axes, the halved one last; all of them if not said or, with `s`, as many last ones.
    norm : {"backward", "ortho", "forward"}
        By what to divide: the number of points, its square root, or nothing.

    Returns
    -------
    Tensor, shape (...)
        Real, in the precision of `x`. The axes are as long as `s` says.

    Raises
    ------
    ShapeError
        If there is no such axis or no point, no axis at all, an axis is named twice, or `s` is not as long as `axes`.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.irfftn(pg.asarray([[4.0, 0.0], [0.0, 0.0]])).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return _restored(x, s, axes, norm, "irfftn")


def hfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """The discrete Fourier transform of a signal with Hermitian symmetry, of which the first half is given.

    Parameters
    ----------
    x : Tensor, shape (..., m, ...)
        Numbers; integers and real ones become complex. The imaginary part of the first and, for even n,
        the last does not count.
    n : int, optional
        How many points come out, of n // 2 + 1 that go in, cut off or filled up with zeros; 2 (m - 1) if not said.
    axis : int
        Which axis.
    norm : {"backward", "ortho", "forward"}
        By what to divide: nothing, the square root of the number of points, or the number itself.

    Returns
    -------
    Tensor, shape (..., n, ...)
        Real, in the precision of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis or no point.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.hfft(pg.asarray([1.0, 1j, 1.0])).tolist()
    [2.0, 2.0, 2.0, -2.0]
    """
    return _restored(conj(tensor(x)), _points(n, "hfft"), (axis,), _OTHER[one_of(norm, _OTHER, "hfft", "norm")], "hfft")


def ihfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """The inverse of `hfft`: the half that says all.

    Parameters
    ----------
    x : Tensor, shape (..., m, ...)
        Real numbers; integers become the default dtype.
    n : int, optional
        How many points: `x` is cut off or filled up with zeros at the end; m if not said.
    axis : int
        Which axis.
    norm : {"backward", "ortho", "forward"}
        By what to divide: the number of points, its square root, or nothing.

    Returns
    -------
    Tensor, shape (..., n // 2 + 1, ...)
        Complex, in the precision of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis or no point.
    DTypeError
        For complex numbers.
    ValidationError
        For another `norm`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.ihfft(pg.asarray([2.0, 2.0, 2.0, -2.0])).tolist()
    [(1-0j), 1j, (1-0j)]
    """
    return conj(_halved(x, _points(n, "ihfft"), (axis,), _OTHER[one_of(norm, _OTHER, "ihfft", "norm")], "ihfft"))


def _complex(x: Array, s: Axis, axes: Axis, inverse: bool, norm: str, who: str) -> Tensor:
    z = _as_complex(x)
    along, sizes = _plan(z, s, axes, norm, who)
    return _over(_fitted(z, along, sizes), along, inverse, norm) if along else copied(z)


def _halved(x: Array, s: Axis, axes: Axis, norm: str, who: str) -> Tensor:
    r = _as_real(x, who)
    along, sizes = _plan(r, s, axes, norm, who, real=True)
    half = apply(RFFT, _fitted(r, along, sizes), axis=along[-1], norm=norm)
    return _over(half, along[:-1], False, norm)


def _restored(x: Array, s: Axis, axes: Axis, norm: str, who: str) -> Tensor:
    z = _as_complex(x)
    along, (*sizes, size) = _plan(z, s, axes, norm, who, real=True, back=True)
    half = _over(_fitted(z, along, (*sizes, size // 2 + 1)), along[:-1], True, norm)
    return apply(IRFFT, half, axis=along[-1], size=size, norm=norm)


def _over(z: Tensor, axes: tuple[int, ...], inverse: bool, norm: str) -> Tensor:
    return apply(FFT, z, axes=axes, inverse=inverse, norm=norm) if axes else z


# ----------------------------------------------------------------------------------------------------------- arguments


def _as_complex(x: Array) -> Tensor:
    x = tensor(x)
    return astype(x, complex_of(x.dtype if x.dtype.kind in "fc" else default_dtype()), copy=False)


def _as_real(x: Array, who: str) -> Tensor:
    x = tensor(x)
    if x.dtype.kind == "c":
        raise DTypeError(f"{who}: takes real numbers, got {x.dtype.name}; fft takes complex ones")
    return x if x.dtype.kind == "f" else astype(x, default_dtype())


def _points(n: int | None, who: str) -> tuple[int] | None:
    return None if n is None else (_one(n, who),)


def _one(n: int, who: str) -> int:
    given = ints(n, who, "n")
    if len(given) != 1 or given[0] < 1:
        raise ShapeError(f"{who}: n={n!r}; there must be a number of points, at least 1")
    return given[0]


def _plan(
    x: Tensor, s: Axis, axes: Axis, norm: str, who: str, real: bool = False, back: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes, and how many points there are along each: of the result, where real numbers come `back`."""
    one_of(norm, _OTHER, who, "norm")
    given = None if s is None else ints(s, who, "s")
    last = axes is None and given is not None
    along = all_axes(tuple(range(-len(given or ()), 0)) if last else axes, x.ndim, who)
    own = [x.shape[a] for a in along]
    if real and not along:
        raise ShapeError(f"{who}: there is no axis to transform along; fftn takes none")
    if back:
        own[-1] = 2 * (own[-1] - 1)
    if given is not None and len(given) != len(along):
        raise ShapeError(f"{who}: {len(given)} sizes s={given} for the {len(along)} axes {along}; give one for each")
    sizes = tuple(own) if given is None else tuple([m if n == -1 else n for m, n in zip(own, given)])
    if min(sizes, default=1) < 1:
        raise ShapeError(f"{who}: a transform has at least one point along each axis, not {sizes}")
    return along, sizes


def _fitted(x: Tensor, axes: tuple[int, ...], sizes: tuple[int, ...]) -> Tensor:
    """`x` cut off or filled up with zeros at the end of each axis."""
    wanted = dict(zip(axes, sizes))
    kept = tuple([min(n, wanted.get(a, n)) for a, n in enumerate(x.shape)])
    if kept != x.shape:
        x = apply(GETITEM, x, index=tuple([slice(0, n) for n in kept]))
    for axis, size in wanted.items():
        if (missing := size - x.shape[axis]) > 0:
            x = concat([x, zeros(x, (*x.shape[:axis], missing, *x.shape[axis + 1 :]))], axis=axis)
    return x


# --------------------------------------------------------------------------------------------------------- frequencies


def fftfreq(
    n: int,
    /,
    *,
    d: float = 1.0,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
) -> Tensor:
    """The frequencies of what `fft` gives: those from 0 up, then the negative ones.

    Parameters
    ----------
    n : int
        How many points.
    d : float
        The distance of the points.
    dtype : DType, optional
        Real floating; the default dtype if not said.
    device, backend : str, optional
        Where to put them, and who is to compute.

    Returns
    -------
    Tensor, shape (n,)
        Multiples of ``1 / (n * d)``.

    Raises
    ------
    ShapeError
        If there is no point.
    DTypeError
        If the dtype is not real floating, or the backend has no such dtype.
    ValidationError
        If the distance is 0.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.fftfreq(4, d=0.5).tolist()
    [0.0, 0.5, -1.0, -0.5]
    """
    steps = np.arange(_one(n, "fftfreq"))
    return _frequencies(np.where(steps < (n + 1) // 2, steps, steps - n), n, d, dtype, device, backend, "fftfreq")


def rfftfreq(
    n: int,
    /,
    *,
    d: float = 1.0,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
) -> Tensor:
    """The frequencies of what `rfft` gives, none of them negative.

    Parameters
    ----------
    n : int
        How many points go in.
    d : float
        The distance of the points.
    dtype : DType, optional
        Real floating; the default dtype if not said.
    device, backend : str, optional
        Where to put them, and who is to compute.

    Returns
    -------
    Tensor, shape (n // 2 + 1,)
        Multiples of ``1 / (n * d)``.

    Raises
    ------
    ShapeError
        If there is no point.
    DTypeError
        If the dtype is not real floating, or the backend has no such dtype.
    ValidationError
        If the distance is 0.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.rfftfreq(4, d=0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    return _frequencies(np.arange(_one(n, "rfftfreq") // 2 + 1), n, d, dtype, device, backend, "rfftfreq")


def _frequencies(
    steps: np.ndarray[Any, Any],
    n: int,
    d: float,
    dtype: DType | None,
    device: str | None,
    backend: str | None,
    who: str,
) -> Tensor:
    to = default_dtype() if dtype is None else of(dtype)
    if to.kind != "f":
        raise DTypeError(f"{who}: frequencies are real floating numbers, not {to.name}; use float32 or float64")
    if not isinstance(d, Real) or d == 0:
        raise ValidationError(f"{who}: points at the distance d={d!r:.60} have no frequencies; a number, and not zero")
    return uploaded(steps / (n * d), to, place(backend, device))


def fftshift(x: Array, /, *, axes: Axis = None) -> Tensor:
    """The frequency 0 in the middle: negative frequencies first.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axes : int or sequence of int, optional
        Along which axes; all of them if not said.

    Returns
    -------
    Tensor, shape (...)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.fftshift(pg.fft.fftfreq(4)).tolist()
    [-0.5, -0.25, 0.0, 0.25]
    """
    x = tensor(x)
    along = all_axes(axes, x.ndim, "fftshift")
    return roll(x, tuple([x.shape[a] // 2 for a in along]), axis=along)


def ifftshift(x: Array, /, *, axes: Axis = None) -> Tensor:
    """The inverse of `fftshift`, which is another for odd lengths.

    Parameters
    ----------
    x : Tensor, shape (...)
        Any dtype.
    axes : int or sequence of int, optional
        Along which axes; all of them if not said.

    Returns
    -------
    Tensor, shape (...)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If there is no such axis, or one is named twice.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.fft.ifftshift(pg.asarray([-1, 0, 1])).tolist()
    [0, 1, -1]
    """
    x = tensor(x)
    along = all_axes(axes, x.ndim, "ifftshift")
    return roll(x, tuple([-(x.shape[a] // 2) for a in along]), axis=along)
