"""What the tests of rules share: samples as cases and as functions of their operands, random directions, distances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import combinations
from typing import Any
from zlib import crc32

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.backends import current
from plugrad.dtypes import INEXACT
from plugrad.ops import Op
from plugrad.tensor import apply
from plugrad.testing import error_in_eps
from plugrad.testing.samples import UNSAMPLED, Sample, invariants, samples

PRIMITIVES = [op for op in vars(ops).values() if type(op) is Op]  # not ops.TABLE: other tests register their own
SMOOTH = [op for op in PRIMITIVES if op.push is not None and op not in UNSAMPLED]  # those with a derivative
SAMPLES = {op: samples(op) for op in PRIMITIVES}
HOME = current.choice()  # PLUGRAD_BACKEND=strict:device1 asks all this of another backend
TABLE = current.table(HOME.backend)

Tensors = tuple[pg.Tensor, ...]

# torch says so where a deviation is asked of nothing
torch_warns = pytest.mark.filterwarnings(r"ignore:(std|var)\(\). degrees of freedom:UserWarning")


def every(kind: Callable[[Sample], bool], of: Iterable[Op] = PRIMITIVES) -> pytest.MarkDecorator:
    """Parametrise a test by the samples that are of a kind."""
    return pytest.mark.parametrize("sample", [pytest.param(s, id=str(s)) for op in of for s in SAMPLES[op] if kind(s)])


def inner(sample: Sample) -> bool:
    """A sample with a derivative, away from ties and ends of domains."""
    return bool(sample.moving) and not sample.boundary


def boundary(sample: Sample) -> bool:
    """A sample with a derivative, on them."""
    return bool(sample.moving) and sample.boundary


def tensor(x: Any) -> Any:
    """An operand as a tensor, where it can on the same memory, strides and all; a Python scalar as it is."""
    return pg.asarray(x, copy=False if HOME.device is None else None) if type(x) is np.ndarray else x


def function(sample: Sample, moving: tuple[int, ...] | None = None) -> tuple[Callable[..., Tensors], Tensors]:
    """The primitive as a function of some of its operands, with a tuple of results; and these operands."""
    at = sample.moving if moving is None else moving
    operands = [tensor(x) for x in sample.operands]

    def f(*xs: pg.Tensor) -> Tensors:
        given = list(operands)
        for i, x in zip(at, xs, strict=True):
            given[i] = x
        y = apply(sample.op, *given, **sample.params)
        return invariants(sample.op, y if type(y) is tuple else (y,))

    return f, tuple(operands[i] for i in at)


@cache
def _of_seed(op: Op, seed: int) -> dict[str, Sample]:
    return {s.name: s for s in samples(op, seed)}


def another(sample: Sample, seed: int) -> tuple[Any, ...]:
    """Other operands of the same form: of another seed, or the same ones rolled where values are not random."""
    if sample.boundary:
        return tuple(np.roll(x, seed) if type(x) is np.ndarray else x for x in sample.operands)
    return _of_seed(sample.op, seed)[sample.name].operands


def leaves(xs: Iterable[pg.Tensor]) -> list[pg.Tensor]:
    """The same values, whose gradients are asked for."""
    return [pg.asarray(x, copy=True).requires_grad_() for x in xs]


@contextmanager
def without_native_pulls() -> Iterator[None]:
    """Raw walks use the rules alone."""
    native = dict(TABLE.pulls)
    TABLE.pulls.clear()
    try:
        yield
    finally:
        TABLE.pulls.update(native)


def arrays(sample: Sample) -> tuple[int, ...]:
    """The positions of the operands that are arrays."""
    return tuple(i for i, x in enumerate(sample.operands) if type(x) is np.ndarray)


def subsets(moving: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every choice of at least one."""
    for n in range(1, len(moving) + 1):
        yield from combinations(moving, n)


def directions(sample: Sample, of: Iterable[pg.Tensor], role: str = "") -> Tensors:
    """Random values of the shapes and dtypes of `of`, others for another role; small multiples of them are exact."""
    rng = np.random.default_rng(crc32(f"{sample} {role}".encode()))

    def one(x: pg.Tensor) -> pg.Tensor:
        values = rng.normal(size=x.shape)
        values = values + 1j * rng.normal(size=x.shape) if x.dtype.kind == "c" else values
        return pg.asarray(np.asarray(np.round(64 * values) / 64, x.dtype.name))

    return tuple(one(x) for x in of)


def dot(us: Iterable[pg.Tensor], vs: Iterable[pg.Tensor]) -> pg.Tensor:
    """Re<u, v>, over all of a tuple."""
    total: Any = 0.0
    for u, v in zip(us, vs, strict=True):
        total = total + pg.sum(pg.real(pg.conj(u) * v) if "c" in (u.dtype.kind, v.dtype.kind) else u * v)
    return total


def size(us: Iterable[pg.Tensor], vs: Iterable[pg.Tensor]) -> float:
    """The sum of |u||v|: what the rounding of <u, v> is measured by."""
    return float(sum(np.sum(np.abs(host(u)) * np.abs(host(v))) for u, v in zip(us, vs, strict=True)))


def host(x: Any) -> Any:
    """The values of a tensor, plugrad's or torch's, as a NumPy array."""
    if isinstance(x, pg.Tensor):
        return x.detach().numpy()
    return x.numpy(force=True) if hasattr(x, "resolve_conj") else np.asarray(x)


def eps_of(*xs: pg.Tensor) -> float:
    """The spacing of the coarsest dtype."""
    return max(float(np.finfo(x.dtype.name).eps) for x in xs)


def close(got: Iterable[Any], expected: Iterable[Any], eps: float = 0.0) -> None:
    """The results have the shapes, the dtypes and, within so many eps, the values of what was expected."""
    for a, b in zip(got, expected, strict=True):
        a, b = host(a), host(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert error_in_eps(a, b) <= eps, f"{a} is not {b}"


def alike(derivatives: Iterable[pg.Tensor], values: Iterable[pg.Tensor]) -> None:
    """Derivatives have the shapes and dtypes of their values."""
    for d, x in zip(derivatives, values, strict=True):
        assert (d.shape, d.dtype) == (x.shape, x.dtype)
        assert d.dtype in INEXACT
