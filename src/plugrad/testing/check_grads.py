"""check_grads: both modes against central differences and against each other, along random directions, to any order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ..dtypes import INEXACT
from ..errors import ConversionError, ValidationError
from ..namespace import add, asarray, multiply
from ..tensor import Tensor, as_tensor
from ..traces import require_function
from ..transforms import jvp, vjp
from ..tree import flatten
from .tolerances import on_host

__all__ = ["check_grads"]

Mode = Literal["reverse", "forward"]
Function = Callable[..., list[Tensor]]


def check_grads(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    modes: Sequence[Mode] = ("reverse", "forward"),
    bound: float = 100.0,
    seed: int = 0,
) -> None:
    """Check the derivatives of a function where it is smooth.

    Along a random direction v of the inputs, the results weighted by random numbers u, the slope is Re<u, J v> in
    forward mode and Re<J^H u, v> in reverse mode. Each must agree with the central difference of step h = eps^(1/3),
    Re<u, f(x + h v) - f(x - h v)> / (2 h), to within

        bound * eps^(2/3) * max(1, |u| |f(x)|, d * max(1, max|x|))      where d = |u| |J v| or |J^H u| |v|,

    which is what truncation (h^2) and rounding (eps / h) leave of it; and with the other mode to within
    bound * eps * max(1, d). Higher orders check the function that each mode computes in the same way.

    Parameters
    ----------
    f : callable
        A tensor, or a pytree of them, from `inputs`.
    *inputs : pytree of Tensor, array or Python number
        The point. What is floating or complex is differentiated. eps is that of their coarsest dtype.
    order : int
        Up to which derivative.
    modes : sequence of {"reverse", "forward"}
        Which modes, nested in all orders.
    bound : float
        The factor in the laws above.
    seed : int
        Of the random directions and weights.

    Raises
    ------
    ValidationError
        If two of them disagree: it says which, at which order, and how far. Also if nothing is to be differentiated.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.testing.check_grads(lambda x: pg.sum(pg.sin(x)) * x, pg.asarray([0.5, 1.0]))
    """
    require_function(f, "check_grads")
    if not modes or not set(modes) <= {"reverse", "forward"}:
        raise ValidationError(f"check_grads: modes are 'reverse' and 'forward', not {modes!r}")
    leaves, rebuild, _ = flatten(inputs)
    xs = [as_tensor(x) for x in leaves]
    moving = [i for i, x in enumerate(xs) if x.dtype in INEXACT]
    if not moving:
        raise ValidationError("check_grads: no input is floating or complex; there is nothing to differentiate")

    def flat(*moved: Tensor) -> list[Tensor]:
        whole = list(xs)
        for i, x in zip(moving, moved, strict=True):
            whole[i] = x
        results, _, _ = flatten(f(*rebuild(whole)))
        return [y for y in map(_as_tensor, results) if y.dtype in INEXACT]

    _Check(tuple(modes), bound, np.random.default_rng(seed)).run(flat, [xs[i] for i in moving], order, "")


def _as_tensor(y: Any) -> Tensor:
    if type(y) is not Tensor:
        raise ConversionError(f"check_grads: the function returned {type(y).__name__}, not a tensor")
    return y


class _Check(NamedTuple):
    """What all orders of one call have in common."""

    modes: tuple[Mode, ...]
    bound: float
    rng: np.random.Generator

    def run(self, f: Function, xs: list[Tensor], order: int, path: str) -> None:
        """Check the derivatives of `f` and, as far as `order` goes, the functions that compute them."""
        if order < 1:
            return
        ys = f(*xs)
        us, vs = self.random(ys), self.random(xs)
        derivative: dict[Mode, Function] = {
            "forward": lambda *at: jvp(f, at, tuple(vs))[1],
            "reverse": lambda *at: list(vjp(f, *at)[1](us)),
        }
        eps = max([float(np.finfo(x.dtype.name).eps) for x in (*xs, *ys)])
        numeric = _difference(f, xs, us, vs, eps ** (1 / 3))
        slopes, sizes = {}, {}
        for mode in self.modes:
            found, weights = derivative[mode](*xs), us if mode == "forward" else vs
            slopes[mode], sizes[mode] = _inner(weights, found), _norm(weights) * _norm(found)
            scale = max(1.0, _norm(us) * _norm(ys), sizes[mode] * max(1.0, _largest(xs)))
            self.agree(mode + path, slopes[mode], "central differences", numeric, eps ** (2 / 3) * scale)
        if len(slopes) == 2:
            unit = eps * max(1.0, *sizes.values())
            self.agree("forward" + path, slopes["forward"], "reverse" + path, slopes["reverse"], unit)
        for mode in slopes:
            self.run(derivative[mode], xs, order - 1, f" over {mode}{path}")

    def random(self, like: list[Tensor]) -> list[Tensor]:
        """Random numbers with the shapes and dtypes and at the places of `like`."""
        return [asarray(self._numbers(x), dtype=x.dtype, device=x.device, backend=x.backend) for x in like]

    def _numbers(self, like: Tensor) -> Any:
        re, im = self.rng.standard_normal((2, *like.shape))
        return re + 1j * im if like.dtype.kind == "c" else re

    def agree(self, one: str, a: float, other: str, b: float, unit: float) -> None:
        """Raise unless `a` and `b` are at most `bound` units apart; a NaN never is."""
        if not abs(a - b) <= self.bound * unit:
            raise ValidationError(
                f"check_grads: along a random direction the slope is {a:.10g} by {one} and {b:.10g} by {other}; "
                f"they are {abs(a - b) / unit:.3g} units of rounding apart, and the bound is {self.bound:g}"
            )


def _difference(f: Function, xs: list[Tensor], us: list[Tensor], vs: list[Tensor], h: float) -> float:
    """The slope by two more calls."""
    ahead, behind = (f(*[add(x, multiply(v, step)) for x, v in zip(xs, vs, strict=True)]) for step in (h, -h))
    return (_inner(us, ahead) - _inner(us, behind)) / (2 * h)


def _inner(us: list[Tensor], ys: list[Tensor]) -> float:
    """Re<u, y>, conjugate in the first, in double precision."""
    return math.fsum([float(np.vdot(_finely(u), _finely(y)).real) for u, y in zip(us, ys, strict=True)])


def _norm(xs: list[Tensor]) -> float:
    return math.hypot(*[float(np.linalg.norm(_finely(x))) for x in xs])


def _largest(xs: list[Tensor]) -> float:
    return max(float(np.max(np.abs(on_host(x)), initial=0)) for x in xs)


def _finely(x: Tensor) -> Any:
    return on_host(x).astype(np.complex128 if x.dtype.kind == "c" else np.float64).reshape(-1)
