"""Random numbers: one stream for all backends, dtypes and devices.

Numbers are drawn in float64 (integers in int64) by NumPy's Philox on the host, rounded to the dtype that is asked for,
and uploaded. So a seed gives the same numbers everywhere; float32 numbers are those of float64, rounded. Draws take
them from the default generator, seeded by the system until `seed` is called, or from a `Generator` that is handed in.

A draw is a constant to every derivative. It has one value, so inside `vmap`, which would want one for each sample, the
default generator raises and a generator that is handed in gives all samples the same; and inside `compile`, where a
draw would become part of the program, both raise. In both, draw outside and pass the numbers as an argument.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from numbers import Real
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from .dtypes import DType
from .errors import DTypeError, TracingError, TransformError, ValidationError
from .namespace._arguments import Shape, leaf_if, sizes, whole
from .namespace._places import place, uploaded
from .tensor import Tensor, tracing
from .traces import Batched, live

if TYPE_CHECKING:
    from numpy import random as host  # 15 ms, and most programs draw nothing

__all__ = [
    "Generator",
    "bernoulli",
    "default_generator",
    "integers",
    "normal",
    "permutation",
    "seed",
    "uniform",
]


# ------------------------------------------------------------------------------------------------------------ streams


class Generator:
    """A stream of random numbers. Draws of several threads take turns.

    Parameters
    ----------
    seed : int, optional
        Not negative, of any size. If not said, the system gives one.

    Raises
    ------
    ValidationError
        For another seed.

    Examples
    --------
    >>> import plugrad as pg
    >>> a, b = pg.random.Generator(7), pg.random.Generator(7)
    >>> bool(pg.all(pg.random.normal(3, generator=a) == pg.random.normal(3, generator=b)))
    True
    """

    __slots__ = ("_host",)

    def __init__(self, seed: int | None = None) -> None:
        from numpy import random as host

        self._host = host.Generator(host.Philox(None if seed is None else _seed(seed)))

    def spawn(self, n: int) -> list[Generator]:
        """`n` generators whose streams are independent of this one's and of each other's, each time others.

        Raises
        ------
        ValidationError
            If `n` is no integer, or negative.

        Examples
        --------
        >>> import plugrad as pg
        >>> one, other = pg.random.Generator(7).spawn(2)
        """
        many = whole(n, "random.spawn", "n")
        if not 0 <= many < 2**32:
            raise ValidationError(f"random.spawn: n is from 0 to 2**32 - 1, not {many}")
        return [_of(child) for child in self._host.spawn(many)]

    @property
    def state(self) -> dict[str, Any]:
        """Where the stream stands, a copy; assign it to draw the same again. How many were spawned is no part of it.

        Raises
        ------
        ValidationError
            For what is no such state.

        Examples
        --------
        >>> import plugrad as pg
        >>> generator = pg.random.Generator(7)
        >>> before, first = generator.state, pg.random.normal(3, generator=generator)
        >>> generator.state = before
        >>> bool(pg.all(first == pg.random.normal(3, generator=generator)))
        True
        """
        return dict(self._host.bit_generator.state)

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        try:
            self._host.bit_generator.state = state
        except (KeyError, TypeError, ValueError) as error:
            raise ValidationError("state: this is not the state of a generator; assign what `state` gave") from error

    def __reduce__(self) -> tuple[Any, ...]:
        return _of, (self._host,)


def _of(host: host.Generator) -> Generator:
    out = Generator.__new__(Generator)
    out._host = host
    return out


def _seed(seed: int) -> int:
    try:
        out = index(seed)
    except TypeError:
        out = -1
    if out < 0 or isinstance(seed, bool):
        raise ValidationError(f"a seed is an integer that is not negative, not {seed!r}")
    return out


_default: Generator | None = None
_making = threading.Lock()


def default_generator() -> Generator:
    """The generator of draws that are handed none.

    Returns
    -------
    Generator
        Seeded by the system, unless `seed` was called.

    Examples
    --------
    >>> import plugrad as pg
    >>> saved = pg.random.default_generator().state
    """
    global _default
    with _making:
        if _default is None:
            _default = Generator()
        return _default


def seed(seed: int) -> None:
    """Start the default generator anew, for all threads.

    Parameters
    ----------
    seed : int
        Not negative, of any size.

    Raises
    ------
    ValidationError
        For another seed.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.random.seed(7)
    >>> first = pg.random.normal(3)
    >>> pg.random.seed(7)
    >>> bool(pg.all(first == pg.random.normal(3)))
    True
    """
    global _default
    new = Generator(seed)
    with _making:
        _default = new


def _stream(who: str, generator: Generator | None) -> host.Generator:
    """Who gives the numbers, if it may here."""
    if tracing() is not None:
        raise TracingError(
            f"random.{who}: what is drawn while a program is traced would be the same at every call; "
            "draw outside and pass the numbers as an argument"
        )
    if generator is None:
        if _mapped():
            raise TransformError(
                f"random.{who}: under vmap it is open whether all samples get the same numbers; draw outside and pass "
                "them as an argument with an axis in in_axes, or pass generator= for the same numbers to all"
            )
        return default_generator()._host
    if not isinstance(generator, Generator):
        raise ValidationError(f"random.{who}: generator is a plugrad.random.Generator, not {type(generator).__name__}")
    return generator._host


def _mapped() -> bool:
    """Whether a vmap runs here, be it outside of other transforms."""
    trace = live()
    while trace is not None and not (trace.live and isinstance(trace, Batched)):
        trace = trace.outer
    return trace is not None


# -------------------------------------------------------------------------------------------------------------- draws


def normal(
    shape: Shape = (),
    mean: float = 0.0,
    std: float = 1.0,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed numbers.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    mean, std : float
        Of the distribution. For tensors: ``mean + std * normal(shape)``, which is differentiable, too.
    dtype : DType, optional
        Floating; the default dtype if not said.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with them.
    generator : Generator, optional
        Whose numbers; the default generator's if not said.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If `dtype` is not floating, or the backend has no such dtype.
    ValidationError
        If `mean` or `std` is no number, or `std` is negative.
    TransformError, TracingError
        Under vmap without `generator`, and while a program is traced.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.random.normal((2, 3), std=0.1).shape
    (2, 3)
    """
    if not (_is_number(mean) and _is_number(std) and std >= 0):
        raise ValidationError(
            f"random.normal: mean = {mean!r} and std = {std!r} must be numbers, std not negative; for tensors write "
            "mean + std * normal(shape), which is differentiable, too"
        )
    to, draw = _floating("normal", dtype), _stream("normal", generator).standard_normal
    return _made(mean + std * draw(sizes(shape, "random.normal")), to, device, backend, requires_grad)


def uniform(
    shape: Shape = (),
    low: float = 0.0,
    high: float = 1.0,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers spread evenly between two bounds.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    low, high : float
        The bounds. `low` may come out; `high` may not, for what rounds to it is held below.
    dtype : DType, optional
        Floating; the default dtype if not said.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with them.
    generator : Generator, optional
        Whose numbers; the default generator's if not said.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If `dtype` is not floating, or the backend has no such dtype.
    ValidationError
        If `low` and `high` are not finite numbers, `low` below `high` in `dtype`.
    TransformError, TracingError
        Under vmap without `generator`, and while a program is traced.

    Examples
    --------
    >>> import plugrad as pg
    >>> x = pg.random.uniform(100, -1, 1)
    >>> bool(pg.all((x >= -1) & (x < 1)))
    True
    """
    to = _floating("uniform", dtype)
    if not (_is_number(low) and _is_number(high) and math.isfinite(high - low) and _as(to, low) < _as(to, high)):
        raise ValidationError(
            f"random.uniform: low = {low!r} and high = {high!r} must be finite numbers, low below high in {to.name}"
        )
    draw = _stream("uniform", generator).random
    numbers = _as(to, low + (high - low) * draw(sizes(shape, "random.uniform")))
    last = np.nextafter(_as(to, high), _as(to, low))
    return _made(np.clip(numbers, _as(to, low), last), to, device, backend, requires_grad)


def integers(
    shape: Shape,
    low: int,
    high: int,
    *,
    dtype: DType = dtypes.int64,
    device: str | None = None,
    backend: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Integers, each as likely as the others.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    low, high : int
        The least, and the first that is too large.
    dtype : DType
        Of integers.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    generator : Generator, optional
        Whose numbers; the default generator's if not said.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If `dtype` is not of integers, or the backend has no such dtype.
    ValidationError
        If `low` and `high` are no integers, `low` is not below `high`, or they do not fit int64 and `dtype`.
    TransformError, TracingError
        Under vmap without `generator`, and while a program is traced.

    Examples
    --------
    >>> import plugrad as pg
    >>> sorted(set(pg.random.integers(100, 1, 7).tolist()))
    [1, 2, 3, 4, 5, 6]
    """
    to = _integral("integers", dtype)
    first, end = whole(low, "random.integers", "low"), whole(high, "random.integers", "high")
    if not first < end:
        raise ValidationError(f"random.integers: low = {low} is not below high = {high}")
    for limits in (np.iinfo(np.int64), np.iinfo(to.name)):
        if first < limits.min or end - 1 > limits.max:
            raise ValidationError(
                f"random.integers: {low} to {high} does not fit {limits.dtype}; it ends at {limits.max}"
            )
    return _made(
        _stream("integers", generator).integers(first, end, sizes(shape, "random.integers")), to, device, backend
    )


def permutation(
    n: int,
    *,
    dtype: DType = dtypes.int64,
    device: str | None = None,
    backend: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """The integers from 0 to n - 1 in any order, each as likely as the others: ``x[permutation(len(x))]`` shuffles.

    Parameters
    ----------
    n : int
        How many.
    dtype : DType
        Of integers.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    generator : Generator, optional
        Whose numbers; the default generator's if not said.

    Returns
    -------
    Tensor, shape (n,)
        In `dtype`.

    Raises
    ------
    ShapeError
        If `n` is negative.
    ValidationError
        If `n` is no integer.
    DTypeError
        If `dtype` is not of integers, or the backend has no such dtype.
    TransformError, TracingError
        Under vmap without `generator`, and while a program is traced.

    Examples
    --------
    >>> import plugrad as pg
    >>> sorted(pg.random.permutation(4).tolist())
    [0, 1, 2, 3]
    """
    to, (many,) = _integral("permutation", dtype), sizes(whole(n, "random.permutation", "n"), "random.permutation")
    return _made(_stream("permutation", generator).permutation(many), to, device, backend)


def bernoulli(
    shape: Shape = (),
    p: float = 0.5,
    *,
    dtype: DType = dtypes.bool,
    device: str | None = None,
    backend: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """True with probability p.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    p : float
        From 0 (never) to 1 (always). For a tensor of them: ``uniform(p.shape) < p``.
    dtype : DType
        Any; of numbers 1 stands for True and 0 for False.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    generator : Generator, optional
        Whose numbers; the default generator's if not said.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If the backend has no such dtype.
    ValidationError
        If `p` is no probability.
    TransformError, TracingError
        Under vmap without `generator`, and while a program is traced.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.random.bernoulli(3, 1.0).tolist()
    [True, True, True]
    """
    if not (_is_number(p) and 0 <= p <= 1):
        raise ValidationError(f"random.bernoulli: p is a probability from 0 to 1, not {p!r}")
    draw = _stream("bernoulli", generator).random
    return _made(np.asarray(draw(sizes(shape, "random.bernoulli")) < p), dtypes.of(dtype), device, backend)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real)


def _as(dtype: DType, numbers: Any) -> Any:
    return np.asarray(numbers, dtype.name)


def _floating(who: str, dtype: DType | None) -> DType:
    to = dtypes.default_dtype() if dtype is None else dtypes.of(dtype)
    if to.kind != "f":
        raise DTypeError(f"random.{who}: draws floating numbers, not {to.name}; cast them with astype")
    return to


def _integral(who: str, dtype: DType) -> DType:
    to = dtypes.of(dtype)
    if to.kind not in "iu":
        raise DTypeError(f"random.{who}: draws integers, not {to.name}; cast them with astype")
    return to


def _made(numbers: Any, dtype: DType, device: str | None, backend: str | None, requires_grad: bool = False) -> Tensor:
    out = uploaded(numbers, dtype, place(backend, device))
    return leaf_if(requires_grad, out)
