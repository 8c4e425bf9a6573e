"""Eight threads at once: recording, walking, accumulating, modes and transforms do not meet."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.errors import GraphError, PlugradError

from .helpers import agree, const, leaf

THREADS = 8
X = np.linspace(0.1, 1.0, 5)


def in_threads(work: Callable[[int], Any]) -> list[Any]:
    """The results of work(0) ... work(7), begun together in threads of their own; an error is raised here."""
    gate = threading.Barrier(THREADS)

    def begin(k: int) -> Any:
        gate.wait(30)
        return work(k)

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result(30) for future in [pool.submit(begin, k) for k in range(THREADS)]]


def loss(x: pg.Tensor) -> pg.Tensor:
    return pg.sum(pg.tanh(x) * pg.exp(x) + x[0] * x)


def gradient(x: Any) -> np.ndarray[Any, Any]:
    """Of `loss`, by hand."""
    e = np.exp(x)
    g = (1 - np.tanh(x) ** 2) * e + np.tanh(x) * e + x[0]
    g[0] += x.sum()
    return g


def test_each_thread_records_and_walks_its_own_graph() -> None:
    def work(k: int) -> Any:
        found = []
        for _ in range(20):
            w = leaf(pg, X * (k + 1))
            loss(w).backward()
            found.append(w.grad)
        return found

    for k, found in enumerate(in_threads(work)):
        for g in found:
            agree(g, gradient(X * (k + 1)))


def test_threads_sum_into_one_leaf_and_lose_nothing() -> None:
    w = leaf(pg, np.zeros(5))

    def work(k: int) -> None:
        for _ in range(200):
            pg.sum(w * float(k + 1)).backward()

    in_threads(work)
    assert w.grad.tolist() == [200.0 * sum(range(1, THREADS + 1))] * 5  # small integers: exact


def test_the_object_of_a_shared_gradient_stays_the_same() -> None:
    w = leaf(pg, X)
    pg.sum(w).backward()
    first = w.grad
    in_threads(lambda k: pg.sum(w).backward())
    assert w.grad is first
    assert first.tolist() == [THREADS + 1.0] * 5


def test_threads_walk_one_retained_graph() -> None:
    w = leaf(pg, X)
    shared = loss(w)
    for found in in_threads(lambda k: pg.autograd.grad(shared, w, retain_graph=True)[0]):
        agree(found, gradient(X))


def test_threads_walk_one_graph_in_second_order() -> None:
    w = leaf(pg, X)
    (g,) = pg.autograd.grad(loss(w), w, create_graph=True)
    want = pg.hessian(loss)(const(pg, X)).numpy()
    for k, found in enumerate(in_threads(lambda k: pg.autograd.grad(g[k % 5], w, retain_graph=True)[0])):
        agree(found, want[k % 5])


def test_a_graph_recorded_in_many_threads_is_walked_in_one() -> None:
    w = leaf(pg, X)
    total = sum(in_threads(lambda k: loss(w * float(k + 1))), start=const(pg, 0))
    total.backward()
    agree(w.grad, sum(gradient(X * (k + 1)) * (k + 1) for k in range(THREADS)))


@pytest.mark.parametrize("quiet", [pg.no_grad, lambda: pg.set_grad_enabled(False)], ids=["no_grad", "set_grad_enabled"])
def test_no_grad_in_some_threads_is_not_seen_by_the_others(quiet: Any) -> None:
    w, gate = leaf(pg, X), threading.Barrier(THREADS)

    def work(k: int) -> list[bool]:
        seen = []
        for _ in range(20):
            if k % 2:
                with quiet():
                    gate.wait(30)
                    seen.append((w * 2).requires_grad)
            else:
                gate.wait(30)
                seen.append((w * 2).requires_grad)
        return seen

    assert in_threads(work) == [[k % 2 == 0] * 20 for k in range(THREADS)]


def test_set_grad_enabled_as_a_plain_call_ends_with_its_thread() -> None:
    w = leaf(pg, X)

    def work(k: int) -> bool:
        pg.set_grad_enabled(bool(k % 2))
        return (w * 2).requires_grad

    assert in_threads(work) == [bool(k % 2) for k in range(THREADS)]
    assert pg.is_grad_enabled()


def test_use_backend_in_some_threads_is_not_seen_by_the_others() -> None:
    pytest.importorskip("plugrad_torch")
    names, gate = ["numpy", "torch"], threading.Barrier(THREADS)

    def work(k: int) -> list[str]:
        seen = []
        for i in range(20):
            with pg.use_backend(names[(k + i) % 2]):
                gate.wait(30)
                seen.append(pg.ones(2).backend)
        return seen

    assert in_threads(work) == [[names[(k + i) % 2] for i in range(20)] for k in range(THREADS)]


TRANSFORMS = {
    "grad": (lambda x: pg.grad(loss)(x), lambda x: gradient(x)),
    "vjp": (lambda x: pg.vjp(loss, x)[1](1.0)[0], lambda x: gradient(x)),
    "jvp": (lambda x: pg.jvp(loss, (x,), (pg.ones(5),))[1], lambda x: np.asarray(gradient(x).sum())),
    "vmap of grad": (lambda x: pg.vmap(pg.grad(loss))(pg.stack([x, x])), lambda x: np.stack([gradient(x)] * 2)),
    "taped grad": (lambda x: pg.vmap(lambda _: pg.grad(loss)(x))(pg.ones(2)), lambda x: np.stack([gradient(x)] * 2)),
    "compiled grad": (pg.compile(pg.grad(loss)), lambda x: gradient(x)),
    "grad of compiled": (pg.grad(pg.compile(loss)), lambda x: gradient(x)),
}


@pytest.mark.parametrize("transform, want", TRANSFORMS.values(), ids=TRANSFORMS)
def test_a_transform_runs_in_many_threads_at_once(transform: Any, want: Any) -> None:
    found = in_threads(lambda k: [transform(const(pg, X * (k + 1))) for _ in range(5)])
    for k, results in enumerate(found):
        for result in results:
            agree(result, want(X * (k + 1)))


def test_different_transforms_run_beside_each_other() -> None:
    names = list(TRANSFORMS)

    def work(k: int) -> list[Any]:
        return [TRANSFORMS[names[(k + i) % len(names)]][0](const(pg, X)) for i in range(len(names))]

    for k, results in enumerate(in_threads(work)):
        for i, result in enumerate(results):
            agree(result, TRANSFORMS[names[(k + i) % len(names)]][1](X))


def test_backward_in_one_thread_is_free_of_the_transform_of_another() -> None:
    inside, done = threading.Event(), threading.Event()

    def slow(x: pg.Tensor) -> pg.Tensor:
        inside.set()
        assert done.wait(30)
        return loss(x)

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(pg.grad(slow), const(pg, X))
        assert inside.wait(30)
        w = leaf(pg, X)
        loss(w).backward()
        done.set()
        agree(found.result(30), gradient(X))
    agree(w.grad, gradient(X))


def test_a_worker_of_a_transform_computes_with_its_values() -> None:
    def square_in_worker(x: pg.Tensor) -> pg.Tensor:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: x * x).result(30)

    agree(pg.grad(lambda x: pg.sum(square_in_worker(x)))(const(pg, X)), 2 * X)
    agree(pg.vmap(square_in_worker)(const(pg, X)), X * X)
    agree(pg.jvp(square_in_worker, (const(pg, X),), (pg.ones(5),))[1], 2 * X)


def test_a_context_copied_into_a_worker_brings_the_modes_along() -> None:
    w = leaf(pg, X)
    with pg.no_grad():
        context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(context.run, lambda: (w * 2).requires_grad).result(30) is False
        assert pool.submit(lambda: (w * 2).requires_grad).result(30) is True


def test_one_compiled_function_is_first_called_in_many_threads_with_many_shapes() -> None:
    f = pg.compile(lambda x: pg.sum(pg.tanh(x) * pg.exp(x) + x))

    def work(k: int) -> list[bool]:
        right = []
        for i in range(60):
            x = np.linspace(0, 1, 1 + (k + i) % 5)
            right.append(bool(np.isclose(f(x).item(), (np.tanh(x) * np.exp(x) + x).sum())))
        return right

    assert in_threads(work) == [[True] * 60] * THREADS


def test_one_compiled_function_sums_into_a_leaf_it_closes_over() -> None:
    w = leaf(pg, np.zeros(3))
    f = pg.compile(lambda x: pg.sum(x * w))

    def work(k: int) -> None:
        for _ in range(20):
            f(pg.ones(3) * (k + 1)).backward()

    in_threads(work)
    assert w.grad.tolist() == [20.0 * 36] * 3


def test_an_error_in_one_thread_is_its_own() -> None:
    def work(k: int) -> str:
        w = leaf(pg, X)
        try:
            (w if k % 2 else loss(w)).backward()
        except GraphError:
            return "graph"
        except PlugradError as error:
            return type(error).__name__
        return "fine"

    assert in_threads(work) == ["ShapeError" if k % 2 else "fine" for k in range(THREADS)]


def test_the_default_dtype_and_new_arrays_agree_in_all_threads() -> None:
    assert in_threads(lambda k: pg.ones(1).dtype) == [pg.default_dtype()] * THREADS
