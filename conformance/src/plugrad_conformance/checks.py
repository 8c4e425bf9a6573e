"""What is asked of a backend, a function a question: each gets a sample and raises AssertionError with the numbers.

Backends are told by name, or by name and device: ``"torch:cuda"``. All that comes out must lie there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import plugrad as pg
from plugrad.backends import current
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import Sample, invariants
from plugrad.testing.tolerances import error_in_eps

BOUND = 1000.0  # eps, of the largest entry or of 1: room for another order of summation, not for another formula


def value(sample: Sample, backend: str) -> None:
    """The result is NumPy's, in shape, dtype and numbers."""
    _agree(_results(sample, backend), _results(sample, "numpy"), "the result")


def pullback(sample: Sample, backend: str) -> None:
    """Random cotangents come back as by the rules on NumPy, recorded and by the backend's native pulls."""
    theirs = _pulled(sample, "numpy")[1]
    _agree(_walked(sample, backend), theirs, "the gradient")
    ours = _pulled(sample, backend)[1]
    _agree(ours, theirs, "the cotangent")


def pushforward(sample: Sample, backend: str) -> None:
    """Random tangents go forward as they do on NumPy."""
    ours, theirs = (_pushed(sample, where)[1] for where in (backend, "numpy"))
    _agree(ours, theirs, "the tangent")


def duality(sample: Sample, backend: str) -> None:
    """Re<u, J v> = Re<J^T u, v>: the two modes of the backend say the same."""
    us, gs = _pulled(sample, backend)
    vs, ts = _pushed(sample, backend)
    forward, reverse = _inner(us, ts), _inner(gs, vs)
    size = max(1.0, _norm(us) * _norm(ts), _norm(gs) * _norm(vs))
    eps = max(np.finfo(a.dtype).eps for a in (*us, *gs, *vs, *ts))
    off = abs(forward - reverse) / (eps * size)
    assert off <= BOUND or np.isnan(off), f"{sample}: forward {forward}, reverse {reverse}: {off:.0f} eps apart"


def round_trip(backend: str) -> None:
    """To NumPy and back: the values stay, and the gradient arrives."""
    name, device = _place(backend)
    x = pg.asarray([1.0, 2.0, 3.0], backend=name, device=device, requires_grad=True)
    pg.sum(x.to_backend("numpy").to_backend(name, device) ** 2).backward()
    assert x.grad is not None
    assert _host(x.grad, backend)[0].tolist() == [2.0, 4.0, 6.0]


def _place(backend: str) -> tuple[str, str | None]:
    name, _, device = backend.partition(":")
    return name, device or None


def _function(sample: Sample, backend: str) -> tuple[Callable[..., Any], list[Tensor]]:
    """The operation as a function of the operands that have a derivative."""
    name, device = _place(backend)
    table = current.table(name)
    operands = [
        Tensor(table.backend.asarray(x, None, device, True), table) if isinstance(x, np.ndarray) else x
        for x in sample.operands
    ]

    def f(*xs: Tensor) -> Any:
        given = list(operands)
        for i, x in zip(sample.moving, xs, strict=True):
            given[i] = x
        y = apply(sample.op, *given, **sample.params)
        return invariants(sample.op, y) if isinstance(y, tuple) else y

    return f, [operands[i] for i in sample.moving]


def _results(sample: Sample, backend: str) -> list[np.ndarray[Any, Any]]:
    f, xs = _function(sample, backend)
    with np.errstate(all="ignore"):
        return _host(f(*xs), backend)


def _pulled(sample: Sample, backend: str) -> tuple[list[Any], list[Any]]:
    """(cotangents given, cotangents that come back)."""
    f, xs = _function(sample, backend)
    with np.errstate(all="ignore"):
        y, back = pg.vjp(f, *xs)
        us = [_random(v, xs[0]) for v in (y if isinstance(y, tuple) else (y,))]
        gs = back(tuple(us) if isinstance(y, tuple) else us[0])
    return _host(us, backend), _host(gs, backend)


def _walked(sample: Sample, backend: str) -> list[Any]:
    """The same cotangents, walked back at level 0."""
    f, xs = _function(sample, backend)
    leaves = [x.requires_grad_() for x in xs]
    with np.errstate(all="ignore"):
        y = f(*leaves)
        ys = y if isinstance(y, tuple) else (y,)
        found = pg.autograd.grad(ys, leaves, [_random(v, xs[0]) for v in ys], materialize_grads=True)
    return _host(found, backend)


def _pushed(sample: Sample, backend: str) -> tuple[list[Any], list[Any]]:
    """(tangents given, tangents that come out)."""
    f, xs = _function(sample, backend)
    vs = [_random(x, x) for x in xs]
    with np.errstate(all="ignore"):
        ts = pg.jvp(f, tuple(xs), tuple(vs))[1]
    return _host(vs, backend), _host(ts, backend)


def _random(like: Tensor, on: Tensor) -> Tensor:
    """Reproducible numbers of this shape and dtype."""
    rng = np.random.default_rng(len(like.shape) + 7)
    values = rng.normal(size=like.shape)
    if like.dtype.kind == "c":
        values = values + 1j * rng.normal(size=like.shape)
    return pg.asarray(values.astype(like.dtype.name), backend=on.backend, device=on.device)


def _host(ys: Any, backend: str) -> list[np.ndarray[Any, Any]]:
    """The values, once it is known where they lie."""
    ys, (name, device) = ys if isinstance(ys, tuple | list) else (ys,), _place(backend)
    for y in ys:
        there = y.backend == name and device in (None, y.device, y.device.partition(":")[0])
        assert there, f"what comes out lies on {y.backend}:{y.device}"
    return [np.asarray(y.detach().numpy()) for y in ys]


def _agree(ours: Sequence[Any], theirs: Sequence[Any], what: str) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), f"{what}: {a.shape} {a.dtype}, on NumPy {b.shape} {b.dtype}"
        off = error_in_eps(a, b)
        assert off <= BOUND, f"{what} is {off:.0f} eps from NumPy's: {a}, want {b}"


def _inner(us: Sequence[Any], vs: Sequence[Any]) -> float:
    return float(sum(np.sum(np.conj(u) * v).real for u, v in zip(us, vs, strict=True)))


def _norm(us: Sequence[Any]) -> float:
    return float(np.sqrt(sum(np.sum(np.abs(u) ** 2) for u in us)))
