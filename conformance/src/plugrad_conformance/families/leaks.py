"""What is held, and for how long: nothing outlives a walk, an error or a call, no cycle waits for the collector."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import plugrad as pg
from plugrad.errors import PlugradError
from plugrad.tensor import Leaf, Node, Tensor, apply
from plugrad.testing.samples import Sample
from plugrad.traces import Trace

from ..records import Check, Disagreement
from .asking import Row, by_op, by_row, by_rule, directions, here, operands, smooth, some

__all__ = ["CHECKS"]


@contextmanager
def _no_collector() -> Iterator[None]:
    """What dies here dies by its reference count alone."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Watched:
    """Weak references by name: to tensors, their raw arrays where the library allows it, and what made them."""

    def __init__(self) -> None:
        self._refs: dict[str, weakref.ref[Any]] = {}

    def add(self, name: str, x: Tensor) -> None:
        """Watch a tensor and what it holds."""
        for part, held in (("", x), (", its raw array", x.data), (", its node", x.node)):
            try:
                self._refs[name + part] = weakref.ref(held)
            except TypeError:  # a number, None, or an array that cannot be watched
                continue

    def alive(self) -> list[str]:
        """The names of what still lives."""
        return [name for name, ref in self._refs.items() if ref() is not None]

    def require_dead(self, when: str) -> None:
        """Raise if anything lives; say whether the collector would have ended it."""
        if alive := self.alive():
            gc.collect()
            held = self.alive()
            why = f"held: {', '.join(held)}" if held else "in a reference cycle"
            raise Disagreement(f"{when} {len(alive)} things live on: {', '.join(alive)}; {why}")


def _let_go(sample: Sample) -> None:
    """After a walk, and after a result that is never walked, nothing is left."""
    for walked in (True, False):
        with _no_collector():
            watched = Watched()
            _recorded(sample, watched, walked)
            watched.require_dead("after a walk" if walked else "without a walk")


def _recorded(sample: Sample, watched: Watched, walked: bool) -> None:
    given = operands(sample)
    leaves = [given[i].requires_grad_() for i in sample.moving]
    y = apply(sample.op, *given, **sample.params)
    ys = tuple(y_ for y_ in (y if type(y) is tuple else (y,)) if y_.requires_grad)
    cts = directions(sample, ys)
    found = pg.autograd.grad(ys, leaves, cts, materialize_grads=True) if walked else ()
    for kind, xs in (("operand", given), ("result", ys), ("cotangent", cts), ("gradient", found)):
        for i, x in enumerate(xs):
            if type(x) is Tensor:
                watched.add(f"{kind} {i}", x)


# ------------------------------------------------------------------------------------------------------ what is saved


def _vector() -> Tensor:
    return pg.linspace(0.1, 1.0, 8)


def _raw(x: Tensor) -> Any:
    return weakref.ref(x.data)


SAVES: dict[str, tuple[Callable[[Tensor], Tensor], bool]] = {  # and whether the input's values live on in the graph
    "x + x": (lambda x: x + x, False),
    "x * 2": (lambda x: x * 2.0, False),
    "x * constant": (lambda x: x * pg.ones(8), False),
    "-x": (lambda x: -x, False),
    "sum": (pg.sum, False),
    "mean": (pg.mean, False),
    "exp": (pg.exp, False),
    "tanh": (pg.tanh, False),
    "sqrt": (pg.sqrt, False),
    "concat": (lambda x: pg.concat([x, x]), False),
    "gather": (lambda x: x[pg.asarray([0, 1])], False),
    "x @ constant": (lambda x: x @ pg.ones(8), False),
    "where": (lambda x: pg.where(pg.asarray([True] * 8), x, 0.0), False),
    "sin": (pg.sin, True),
    "x * x": (lambda x: x * x, True),
    "x ** 3": (lambda x: x**3, True),
    "log": (pg.log, True),
}


def _saved(row: tuple[Callable[[Tensor], Tensor], bool]) -> None:
    """A graph holds what the rules will read, and nothing else; when it dies, nothing."""
    f, saves = row
    w = _vector().requires_grad_()
    with _no_collector():
        x = w * 1.0
        ref, y = _raw(x), f(x) + 1.0
        del x
        if (ref() is not None) is not saves:
            raise Disagreement(f"the operand's values are {'' if ref() else 'not '}held by the graph")
        del y
        if ref() is not None:
            raise Disagreement("the operand's values outlive the graph")


def freed_by_backward() -> Any:
    """At once, though the graph is still there."""
    w = _vector().requires_grad_()
    with _no_collector():
        a, b = pg.exp(w), pg.sin(w) * 2.0
        refs, loss = [_raw(a), _raw(b)], pg.sum(a * b)
        del a, b
        before = [ref() is not None for ref in refs]
        loss.backward()
        return before, [ref() is not None for ref in refs], loss.grad_fn is not None


def freed_on_the_way() -> Any:
    """A million links of a chain would not fit otherwise: of products with constants no value in between is kept."""
    y, refs = _vector().requires_grad_(), []
    with _no_collector():
        for k in range(10):
            y = y * pg.full(8, float(k))
            refs.append(_raw(y))
        return sum(ref() is not None for ref in refs)


def after_an_error() -> Any:
    with _no_collector():
        watched = Watched()
        for wrong in (_wrong_shape, _singular, _wrong_index, _in_vmap):
            try:
                wrong(watched)
            except PlugradError:
                continue
        watched.require_dead("after errors")


def _wrong_shape(watched: Watched) -> None:
    w = pg.ones((2, 3), requires_grad=True)
    y = pg.exp(w)
    watched.add("y", y)
    _ = y @ y


def _singular(watched: Watched) -> None:
    x = pg.zeros((2, 2), requires_grad=True)
    y = x * 1.0
    watched.add("y", y)
    pg.linalg.inv(y)


def _wrong_index(watched: Watched) -> None:
    y = pg.ones(3, requires_grad=True) * 2.0
    watched.add("y", y)
    _ = y[pg.asarray([7])]


def _in_vmap(watched: Watched) -> None:
    def f(x: Tensor) -> Tensor:
        y = pg.sin(x)
        watched.add("y", y)
        return y if y > 0 else -y

    pg.vmap(f)(pg.ones(3))


def a_long_chain() -> Any:
    """It dies without recursion."""
    y = pg.asarray(1.0, requires_grad=True)
    for _ in range(20_000):
        y = y * 1.0
    ref = weakref.ref(y.grad_fn)
    del y
    return ref() is None


def a_view() -> Any:
    with _no_collector():
        x = _vector()
        root, view = weakref.ref(x), x[2:4]
        del x
        held = root() is not None
        del view
        return held, root() is None


GRAPHS: dict[str, Row] = {
    "backward": (freed_by_backward, [[True, True], [False, False], True]),
    "a chain of products": (freed_on_the_way, 1),
    "errors": (after_an_error, None),
    "a long chain": (a_long_chain, True),
    "a view": (a_view, [True, True]),
}

# ---------------------------------------------------------------------------------------------------- again and again


def _loss(x: Tensor) -> Tensor:
    return pg.sum(pg.tanh(x) * pg.exp(x) + x[0] * x)


def _backward(x: Tensor) -> Any:
    w = pg.asarray(x, copy=True).requires_grad_()
    _loss(w).backward()
    return w.grad


def _second(x: Tensor) -> Any:
    w = pg.asarray(x, copy=True).requires_grad_()
    (g,) = pg.autograd.grad(_loss(w), w, create_graph=True)
    return pg.autograd.grad(pg.sum(g * g), w)


def _assigned(x: Tensor) -> Tensor:
    y = x * 1.0
    view = y[1:]
    view[0] = 3.0
    y[y > 1.0] = 0.0
    y[pg.asarray([0, 1])] += 1.0
    return y


def _refused(x: Tensor) -> None:
    try:
        pg.vmap(lambda v: v if v > 0 else -v)(x)
    except PlugradError:
        return


def _compiled(f: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    """Traced at the first call, and run."""

    def run(x: Tensor) -> Any:
        compiled = pg.compile(f)
        return compiled(x), compiled(x * 2.0)

    return run


RUNS: dict[str, Callable[[Tensor], Any]] = {
    "backward": _backward,
    "create_graph": _second,
    "no_grad": pg.no_grad()(_loss),
    "grad": pg.grad(_loss),
    "grad of grad": pg.grad(lambda x: pg.sum(pg.grad(_loss)(x) ** 2)),
    "vjp": lambda x: pg.vjp(_loss, x)[1](1.0),
    "vjp, kept": lambda x: pg.vjp(_loss, x),
    "jvp": lambda x: pg.jvp(_loss, (x,), (x,)),
    "vmap": pg.vmap(lambda v: pg.sin(v) * v),
    "jacobian": pg.jacobian(_assigned),
    "hessian": pg.hessian(_loss),
    "backward inside vmap": lambda x: pg.vmap(_backward)(pg.stack([x, x])),
    "compiled": _compiled(_loss),
    "compiled grad": _compiled(pg.grad(_loss)),
    "assignment": _assigned,
    "linear algebra": lambda x: pg.grad(lambda x: pg.linalg.det(x[:, None] * x + pg.eye(8)))(x),
    "to NumPy and back": lambda x: x.to_backend("numpy").to_backend(x.backend, x.device) * 1.0,
    "random": lambda x: x + pg.random.normal(8),
    "an error": _refused,
}


def _acyclic(run: Callable[[Tensor], Any]) -> None:
    x = _vector()
    run(x)  # what is loaded and cached once
    with _no_collector():
        frozen = gc.get_freeze_count()
        gc.freeze()  # what is older is not looked at
        try:
            for _ in range(3):
                run(x)
            left = [o for o in gc.get_objects() if issubclass(type(o), Tensor | Node | Leaf | Trace)]
        finally:
            if not frozen:  # else it would thaw what is not ours, too
                gc.unfreeze()
    if left:
        raise Disagreement(f"after 3 runs {len(left)} live on: {', '.join(sorted({type(o).__name__ for o in left}))}")


def _bounded(run: Callable[[Tensor], Any]) -> None:
    """No table grows with the number of calls: neither a backend's nor the engine's."""
    x = _vector()
    for k in range(3):
        run(x * float(k + 1))
    before = _sizes()
    for k in range(20):
        run(x * float(k + 2))
    after = _sizes()
    if grown := {name: (before.get(name, 0), n) for name, n in after.items() if n > before.get(name, 0) + 1}:
        raise Disagreement(f"20 calls later these have grown: {grown}")


def _sizes() -> dict[str, int]:
    """Of all tables in modules of plugrad and of the backend's plugin, of caches of functions, of the backend."""
    home = here()
    packages = {"plugrad", type(home.backend).__module__.partition(".")[0]}
    modules = [(name, m) for name, m in [*sys.modules.items()] if name.partition(".")[0] in packages]
    places = [(name, m.__dict__) for name, m in modules if type(m) is ModuleType]
    places += [("the backend", vars(home.backend)), ("its class", {**vars(type(home.backend))})]
    found = {f"{where}.{name}": _size(x) for where, names in places for name, x in [*names.items()]}
    return {name: size for name, size in found.items() if size is not None} | {"its table": len(home.table)}


def _size(x: Any) -> int | None:
    if callable(info := getattr(x, "cache_info", None)):
        return int(info().currsize)
    return len(x) if isinstance(x, Sized) and isinstance(x, dict | list | set | weakref.WeakSet) else None


CHECKS: tuple[Check, ...] = (
    by_op("leaks", "walk", some(smooth, 3), _let_go, order=1),
    by_rule("leaks", "saved", SAVES, _saved, order=1),
    by_row("leaks", "graphs", GRAPHS, order=1),
    by_rule("leaks", "cycles", RUNS, _acyclic, order=1),
    by_rule("leaks", "tables", RUNS, _bounded, order=1),
)
