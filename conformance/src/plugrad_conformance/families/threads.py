"""Eight threads at once: what they record, walk, accumulate, compile and switch off is their own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import plugrad as pg
from plugrad.backends import current
from plugrad.errors import GraphError, PlugradError
from plugrad.tensor import Tensor
from plugrad.testing.samples import Sample

from ..records import Check
from .asking import Row, by_op, by_row, by_rule, close, directions, elsewhere, function, here, smooth, some

__all__ = ["CHECKS", "at_once"]

THREADS, ROUNDS, PATIENCE = 8, 10, 60.0
LONG = 20_000  # elements
BOUND = 64.0  # eps between two runs of one kernel


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """The results of work(0) ... work(7), begun together in threads of their own that have the caller's backend."""
    gate, home, interval = threading.Barrier(THREADS), here(), sys.getswitchinterval()

    def begin(k: int) -> Any:
        with pg.use_backend(home.name, home.device), np.errstate(all="ignore"):
            gate.wait(PATIENCE)
            return work(k)

    sys.setswitchinterval(1e-6)  # as often as may be
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return [future.result(PATIENCE) for future in [pool.submit(begin, k) for k in range(THREADS)]]
    finally:
        sys.setswitchinterval(interval)


def _loss(x: Tensor) -> Tensor:
    return pg.sum(pg.tanh(x) * pg.exp(x) + x[0] * x)


def _x(k: int = 0) -> Tensor:
    return pg.linspace(0.1, 1.0, 5) * float(k + 1)


def _leaf(k: int = 0) -> Tensor:
    return _x(k).requires_grad_()


def _like_alone(f: Callable[[int], Tensor]) -> float:
    """Every thread gets, each time, what it gets alone."""
    alone = [f(k) for k in range(THREADS)]
    worst = 0.0
    for k, found in enumerate(at_once(lambda k: [f(k) for _ in range(ROUNDS)])):
        for y in found:
            worst = max(worst, close(f"thread {k}", y, alone[k], BOUND))
    return worst


# ------------------------------------------------------------------------------------------------------- every kernel


def _kernel(sample: Sample) -> float:
    """Values and gradients of two calls, in turn: no buffer, cache or state of a kernel is seen by another thread."""
    other = elsewhere(sample)
    wanted, worst = [_results(sample), _results(other)], 0.0
    for k, found in enumerate(at_once(lambda k: [_results((sample, other)[(k + i) % 2]) for i in range(3)])):
        for i, ys in enumerate(found):
            for y, want in zip(ys, wanted[(k + i) % 2], strict=True):
                worst = max(worst, close(f"thread {k}, call {i}", y, want, BOUND))
    return worst


def _results(sample: Sample) -> tuple[Tensor, ...]:
    f, xs = function(sample)
    ys, pull = pg.vjp(f, *xs)
    return (*ys, *pull(directions(sample, ys)))


# ---------------------------------------------------------------------------------------------- what threads do at once


def _backward(k: int) -> Any:
    w = _leaf(k)
    _loss(w).backward()
    return w.grad


def _assigned(k: int) -> Tensor:
    y = _x(k) * 1.0
    y[1:][0] = y[0] * 2.0
    y[y > 1.0] = 0.0
    return y


COMPILED: dict[str, Callable[[], Callable[[Tensor], Tensor]]] = {
    "compile": lambda: pg.compile(_loss),
    "compile of grad": lambda: pg.compile(pg.grad(_loss)),
    "grad of compile": lambda: pg.grad(pg.compile(_loss)),
}
ALONE: dict[str, Callable[[int], Tensor]] = {
    "backward": _backward,
    "grad": lambda k: pg.grad(_loss)(_x(k)),
    "second order": lambda k: pg.grad(lambda x: pg.sum(pg.grad(_loss)(x) ** 2))(_x(k)),
    "jvp": lambda k: pg.jvp(_loss, (_x(k),), (_x(),))[1],
    "vmap": lambda k: pg.vmap(pg.grad(_loss))(pg.stack([_x(k), _x()])),
    "assignment": _assigned,
    "linear algebra": lambda k: pg.linalg.inv(pg.eye(5) + _x(k)[:, None] * _x()),
    "a seed": lambda k: pg.random.normal(5, generator=pg.random.Generator(k)),
}


def _alone(name: str) -> Callable[[], float]:
    return lambda: _like_alone(ALONE[name])


def _compiled(name: str) -> Callable[[], float]:
    """One function, first called in all threads at once, on what is long enough for NumPy to let others in."""

    def program() -> float:
        f, plain = COMPILED[name](), pg.grad(_loss) if "grad" in name else _loss
        xs = [[pg.linspace(0.0, (k + 1) / THREADS, n) for n in (LONG, LONG + 1)] for k in range(THREADS)]
        wanted = [[plain(x) for x in both] for both in xs]
        found = at_once(lambda k: [f(x) for _ in range(ROUNDS) for x in xs[k]])
        return max(
            close(f"thread {k}", y, wanted[k][i % 2], BOUND) for k, ys in enumerate(found) for i, y in enumerate(ys)
        )

    return program


def one_leaf() -> Any:
    """Threads sum into it and lose nothing."""
    w = pg.zeros(3, requires_grad=True)
    at_once(lambda k: [pg.sum(w * float(k + 1)).backward() for _ in range(50)])
    return w.grad


def one_gradient() -> Any:
    w = _leaf()
    pg.sum(w).backward()
    first = w.grad
    at_once(lambda k: pg.sum(w).backward())
    return w.grad is first, first


def one_graph() -> Any:
    w = _leaf()
    shared, wanted = _loss(w), pg.grad(_loss)(_x())
    for found in at_once(lambda k: pg.autograd.grad(shared, w, retain_graph=True)[0]):
        close("the gradient of one retained graph", found, wanted, BOUND)


def a_graph_of_many() -> Any:
    w = pg.ones(2, requires_grad=True)
    total = sum(at_once(lambda k: pg.sum(w * float(k))), start=pg.asarray(0.0))
    total.backward()
    return w.grad


def quiet_threads() -> Any:
    w, gate = pg.ones(2, requires_grad=True), threading.Barrier(THREADS)

    def work(k: int) -> list[bool]:
        seen = []
        for _ in range(ROUNDS):
            with pg.no_grad() if k % 2 else pg.enable_grad():
                gate.wait(PATIENCE)
                seen.append((w * 2.0).requires_grad)
        return [*{*seen}, pg.is_grad_enabled()]

    return at_once(work)


def switched_off() -> Any:
    w = pg.ones(2, requires_grad=True)

    def work(k: int) -> bool:
        pg.set_grad_enabled(bool(k % 2))
        return (w * 2.0).requires_grad

    return at_once(work), pg.is_grad_enabled()


def other_backends() -> Any:
    """A block in one thread is not seen by the others."""
    home, gate = here(), threading.Barrier(THREADS)
    places = [(home.name, home.device), ("numpy", None)]

    def work(k: int) -> list[bool]:
        seen = []
        for i in range(ROUNDS):
            name, device = places[(k + i) % 2]
            with pg.use_backend(name, device):
                gate.wait(PATIENCE)
                seen.append(pg.ones(2).backend == name)
        return [*{*seen}]

    return at_once(work), current.choice().backend == home.name


def errors() -> Any:
    def work(k: int) -> str:
        w = _leaf(k)
        try:
            (w if k % 2 else _loss(w)).backward()
        except GraphError:
            return "graph"
        except PlugradError as error:
            return type(error).__name__
        return "fine"

    return at_once(work)


def inside_a_worker() -> Any:
    def square(x: Tensor) -> Tensor:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: x * x).result(PATIENCE)

    x = pg.asarray([1.0, 2.0])
    return pg.grad(lambda x: pg.sum(square(x)))(x), pg.vmap(square)(x)


SHARED: dict[str, Row] = {
    "one leaf": (one_leaf, [1800.0] * 3),
    "one gradient": (one_gradient, [True, [9.0] * 5]),
    "one graph": (one_graph, None),
    "a graph of many threads": (a_graph_of_many, [28.0, 28.0]),
    "no_grad": (quiet_threads, [[True, True], [False, True]] * 4),
    "set_grad_enabled": (switched_off, [[False, True] * 4, True]),
    "use_backend": (other_backends, [[[True]] * 8, True]),
    "errors": (errors, ["fine", "ShapeError"] * 4),
    "a worker of a transform": (inside_a_worker, [[2.0, 4.0], [1.0, 4.0]]),
}

CHECKS: tuple[Check, ...] = (
    by_op("threads", "kernels", some(smooth, 1), _kernel, order=1),
    by_rule("threads", "alone", {name: _alone(name) for name in ALONE}, lambda run: run(), order=1),
    by_rule("threads", "compiled", {name: _compiled(name) for name in COMPILED}, lambda run: run(), order=1),
    by_row("threads", "shared", SHARED, order=1),
)
