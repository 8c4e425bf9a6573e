"""What is held, and for how long: saved arrays, nodes, cycles, and chains of a million operations."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.tensor import Leaf, Node, Tensor, switched
from plugrad.traces import Trace

from .helpers import const, leaf


@contextmanager
def no_collector() -> Iterator[None]:
    """What dies here dies by its reference count alone; what is older is not looked at."""
    gc.collect()
    gc.disable()
    gc.freeze()  # for good, see conftest.py
    try:
        yield
    finally:
        gc.enable()


def raw_ref(x: pg.Tensor) -> weakref.ref[Any]:
    """A weak reference to the raw array of a tensor."""
    return weakref.ref(x.data)


def alive(refs: Any) -> list[bool]:
    return [r() is not None for r in refs]


def vector() -> pg.Tensor:
    return leaf(pg, np.linspace(0.1, 1, 8))


# ----------------------------------------------------------------------------------------------- what a walk lets go of


def graph(w: pg.Tensor) -> tuple[pg.Tensor, list[weakref.ref[Any]]]:
    """A loss that saves three arrays nobody else holds: exp's result, and both operands of a product."""
    a = pg.exp(w)
    b = pg.sin(w) * 2
    return pg.sum(a * b), [raw_ref(a), raw_ref(b)]


def test_saved_arrays_are_freed_at_once_by_backward() -> None:
    w = vector()
    with no_collector():
        loss, saved = graph(w)
        assert alive(saved) == [True, True]
        loss.backward()
        assert alive(saved) == [False, False]
        assert loss.grad_fn is not None  # though its graph is still there


@pytest.mark.parametrize("keep", [{"retain_graph": True}, {"create_graph": True}], ids=str)
@pytest.mark.filterwarnings("ignore::plugrad.errors.PlugradWarning")
def test_saved_arrays_stay_where_they_are_needed_again(keep: Any) -> None:
    w = vector()
    with no_collector():
        loss, saved = graph(w)
        pg.autograd.grad(loss, w, **keep)
        assert alive(saved) == [True, True]
        pg.autograd.grad(loss, w)
        assert alive(saved) == [False, False]


def test_saved_arrays_are_freed_while_the_walk_goes_on() -> None:
    w = vector()
    seen: list[bool] = []
    with no_collector():
        middle = pg.exp(w)
        late = pg.tanh(middle * 2)
        loss, saved = pg.sum(late * 1), raw_ref(late)
        del late

        def watch(op: Any, kernel: Any, raw: Any, params: Any) -> Any:
            seen.append(saved() is None)
            return kernel(*raw, **params)

        with switched(watch=watch):
            loss.backward()
    assert seen[0] is False
    assert seen[-1] is True


def test_a_chain_of_products_with_constants_keeps_no_values_in_between() -> None:
    factors = [const(pg, np.full(8, 1.0 + k)) for k in range(10)]
    y, refs = vector(), []
    with no_collector():
        for factor in factors:
            y = y * factor
            refs.append(raw_ref(y))
        assert alive(refs) == [False] * 9 + [True]


# operations, and whether the input's values live on in the graph of the result
SAVES = {
    "x + x": (lambda x: x + x, False),
    "x * 2": (lambda x: x * 2, False),
    "2 / (constant) * x": (lambda x: x * const(pg, 2), False),
    "-x": (lambda x: -x, False),
    "sum": (pg.sum, False),
    "mean": (pg.mean, False),
    "exp": (pg.exp, False),
    "tanh": (pg.tanh, False),
    "sqrt": (pg.sqrt, False),
    "reshape": (lambda x: pg.reshape(x, (2, 4)), False),
    "x[::2]": (lambda x: x[::2], False),
    "gather": (lambda x: x[pg.asarray([0, 1])], False),
    "concat": (lambda x: pg.concat([x, x]), False),
    "x @ constant": (lambda x: x @ pg.ones(8), False),
    "where": (lambda x: pg.where(pg.asarray([True] * 8), x, 0.0), False),
    "unstack": (lambda x: pg.unstack(pg.reshape(x, (2, 4)))[0] + 1, False),
    "sin": (pg.sin, True),
    "x * x": (lambda x: x * x, True),
    "x ** 3": (lambda x: x**3, True),
    "log": (pg.log, True),
}


@pytest.mark.parametrize("f, saves", SAVES.values(), ids=SAVES)
def test_only_what_a_rule_reads_is_saved(f: Callable[[Any], Any], saves: bool) -> None:
    w = vector()
    with no_collector():
        x = w * 1
        y, ref = f(x), raw_ref(x)
        shares = hasattr(y, "kin") or (type(x.data) is np.ndarray and np.shares_memory(y.data, x.data))
        shares = shares or getattr(y.data, "_base", None) is x.data  # torch's views
        y = y * 1 if shares else y  # a view holds what it is a view of
        del x
        assert (ref() is not None) is saves
        del y
        assert ref() is None


def test_one_operation_of_a_constant_and_a_leaf_saves_one_operand() -> None:
    w = vector()
    with no_collector():
        c = const(pg, np.ones(8))
        y, constants = w * c, raw_ref(c)
        del c
        assert constants() is not None
        pg.sum(y).backward()
        assert constants() is None


# -------------------------------------------------------------------------------------------------- the graph's life


def nodes_under(root: pg.Tensor) -> list[weakref.ref[Any]]:
    refs, stack = [], [root.grad_fn]
    while stack:
        node = stack.pop()
        refs.append(weakref.ref(node))
        stack += [edge for edge, _ in node.next_functions if type(edge) is Node]
    return refs


def test_a_graph_dies_with_its_root() -> None:
    w = vector()
    with no_collector():
        loss = pg.sum(pg.tanh(w * 2) @ pg.exp(w) + pg.sum(pg.unstack(pg.stack([w, w]))[0]))
        nodes = nodes_under(loss)
        assert len(nodes) > 6
        assert all(alive(nodes))
        del loss
        assert not any(alive(nodes))


def test_a_view_holds_its_root_and_no_more() -> None:
    with no_collector():
        x = const(pg, np.ones(8))
        root, view = weakref.ref(x), x[2:4]
        del x
        assert root() is not None
        del view
        assert root() is None


def test_a_leaf_does_not_hold_what_was_made_from_it() -> None:
    w = vector()
    with no_collector():
        y = w * w
        made = weakref.ref(y), weakref.ref(y.grad_fn)
        del y
        assert alive(made) == [False, False]


def test_an_error_leaves_no_graph_behind() -> None:
    w = vector()
    refs = []
    with no_collector():
        y = pg.exp(w)
        refs.append(weakref.ref(y.grad_fn))
        try:
            pg.autograd.grad(pg.sum(y), vector())
        except pg.errors.GraphError:
            del y
        assert alive(refs) == [False]


# ------------------------------------------------------------------------------------------------------------- cycles


def loss(x: pg.Tensor) -> pg.Tensor:
    return pg.sum(pg.tanh(x) * pg.exp(x) + x[0] * x)


def by_backward(x: pg.Tensor) -> Any:
    w = pg.asarray(x, copy=True).requires_grad_()
    loss(w).backward()
    return w.grad


def by_create_graph(x: pg.Tensor) -> Any:
    w = pg.asarray(x, copy=True).requires_grad_()
    (g,) = pg.autograd.grad(loss(w), w, create_graph=True)
    return pg.autograd.grad(pg.sum(g * g), w)


def assigned(x: pg.Tensor) -> Any:
    y = x * 1
    view = y[1:]
    view[0] = 3.0
    y[y > 1] = 0.0
    y[pg.asarray([0, 1])] += 1
    return y


def refused(x: pg.Tensor) -> Any:
    try:
        pg.vmap(lambda v: v if v > 0 else -v)(x)
    except pg.errors.PlugradError:
        return None


def with_leaf_inside(x: pg.Tensor) -> Any:
    w = leaf(pg, np.ones(8))
    loss(w * x).backward()
    return w.grad


OLDER = vector()
COMPILED = {name: pg.compile(f) for name, f in {"loss": loss, "grad": pg.grad(loss), "backward": by_backward}.items()}
RUNS = {
    "backward": by_backward,
    "create_graph": by_create_graph,
    "no_grad": lambda x: pg.no_grad()(loss)(x),
    "grad": pg.grad(loss),
    "grad with aux": pg.grad(lambda x: (loss(x), {"x": x * 2}), has_aux=True),
    "grad over a leaf": lambda x: pg.grad(lambda z: loss(z * OLDER))(x),
    "grad of grad": pg.grad(lambda x: pg.sum(pg.grad(loss)(x) ** 2)),
    "vjp": lambda x: pg.vjp(loss, x)[1](1.0),
    "vjp kept": lambda x: pg.vjp(loss, x),
    "jvp": lambda x: pg.jvp(loss, (x,), (x,)),
    "hvp": lambda x: pg.hvp(loss, (x,), (x,)),
    "vmap": lambda x: pg.vmap(lambda v: pg.sin(v) * x)(x),
    "jacobian": pg.jacobian(assigned),
    "hessian": pg.hessian(loss),
    "backward inside vmap": lambda x: pg.vmap(with_leaf_inside)(pg.stack([x, x])),
    "backward inside jvp": lambda x: pg.jvp(with_leaf_inside, (x,), (x,)),
    "compiled": COMPILED["loss"],
    "compiled grad": COMPILED["grad"],
    "compiled backward": COMPILED["backward"],
    "grad of compiled": pg.grad(COMPILED["loss"]),
    "compiled with a tracked argument": lambda x: COMPILED["loss"](vector()).backward(),
    "assignment": assigned,
    "an error": refused,
}  # fmt: skip


def engine_objects() -> list[Any]:
    """The tensors, nodes, leaves and runs of transforms that were made since the collector was turned off."""
    return [o for o in gc.get_objects() if issubclass(type(o), Tensor | Node | Leaf | Trace)]


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_no_reference_cycle_is_left(run: Callable[[Any], Any]) -> None:
    x = const(pg, np.linspace(0.1, 1, 8))
    run(x)  # what is loaded and cached once
    with no_collector():
        for _ in range(3):
            run(x)
        assert engine_objects() == []
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            gc.collect()
            ours = [o for o in gc.garbage if type(o).__module__.startswith("plugrad") or isinstance(o, np.ndarray)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
        assert ours == []


def test_a_first_trace_leaves_no_cycle_but_its_program() -> None:
    """The program lives with the compiled function, which dies by its reference count."""
    with no_collector():
        x = const(pg, np.linspace(0.1, 1, 8))
        f = pg.compile(loss)
        f(x)
        ref = weakref.ref(f)
        del f
        assert ref() is None


# ------------------------------------------------------------------------------------------------------- long chains

MILLION = 1_000_000


def test_a_million_operations_are_recorded_walked_and_let_go_without_recursion() -> None:
    """Python's stack has some thousand frames, C's some ten thousand."""
    x = y = leaf(pg, 1.0)
    with no_collector():
        for _ in range(MILLION):
            y = -y
        deepest = weakref.ref(y.grad_fn)
        y.backward()
        assert x.grad.item() == 1
        del y
        assert deepest() is None


LONG = {
    "products": lambda y, x: y * x,
    "sums of both": lambda y, x: y + y * 0,
    "parts": lambda y, x: pg.unstack(pg.stack([y, x]))[0],
    "views": lambda y, x: y[()],
    "assignments": lambda y, x: written(y, x),
}


def written(y: pg.Tensor, x: pg.Tensor) -> pg.Tensor:
    y = y * 1
    y[()] = y * x
    return y


@pytest.mark.parametrize("step", LONG.values(), ids=LONG)
def test_a_long_chain_of_any_kind_dies_without_overflow(step: Any) -> None:
    x = y = leaf(pg, 1.0)
    for _ in range(10_000):
        y = step(y, x)
    y.backward(retain_graph=True)
    assert x.grad is not None
    del y


def test_a_long_chain_that_was_never_walked_dies_without_overflow() -> None:
    y = leaf(pg, 1.0)
    for _ in range(100_000):
        y = y * 1.0
    del y


def test_a_long_chain_inside_a_transform_dies_without_overflow() -> None:
    def f(x: pg.Tensor) -> pg.Tensor:
        y = x
        for _ in range(10_000):
            y = y * 1.0
        return y

    assert pg.grad(f)(2.0).item() == 1
    assert pg.vmap(pg.grad(f))(pg.ones(2)).tolist() == [1, 1]
    assert pg.vjp(f, pg.asarray(2.0))[1](1.0)[0].item() == 1
