"""compile: a traced function gives what the function gives, with other values too, and is traced anew when it must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import plugrad as pg
from plugrad.errors import IndexingError, TracingError, ValidationError
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import Sample

from ..records import Check
from ..stream import numbers
from .asking import Row, always, by_op, by_row, by_rule, close, directions, elsewhere, operands, smooth, tensor

__all__ = ["CHECKS"]

BOUND = 16.0  # eps between a program and the eager call: the same kernels, less some that cancel


# ------------------------------------------------------------------------------------------------------ every operation


def _equal(sample: Sample) -> float:
    """Value and gradient, on the operands that were traced and on others; the first result stays as it was."""
    given, other = operands(sample), [tensor(x) for x in _another(sample)]
    at = [i for i, x in enumerate(given) if type(x) is Tensor]
    first, second = ([xs[i] for i in at] for xs in (given, other))

    def f(*xs: Tensor) -> Any:
        return _called(sample, given, at, xs)

    compiled = pg.compile(f)
    wanted, got = f(*first), compiled(*first)
    worst = _agree("with other values", compiled(*second), f(*second))
    return max(worst, _agree("as traced", got, wanted), _agree("again", compiled(*first), wanted))


def _called(sample: Sample, given: list[Any], at: list[int], xs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    moving = [k for k, i in enumerate(at) if i in sample.moving]

    def f(*moved: Tensor) -> tuple[Tensor, ...]:
        all_ = list(given)
        for i, x in zip(at, xs, strict=True):
            all_[i] = x
        for k, x in zip(moving, moved, strict=True):
            all_[at[k]] = x
        y = apply(sample.op, *all_, **sample.params)
        return y if type(y) is tuple else (y,)

    if not smooth(sample):
        return f(*[xs[k] for k in moving])
    ys, pull = pg.vjp(f, *[xs[k] for k in moving])
    return (*ys, *pull(directions(sample, ys)))


def _agree(what: str, found: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> float:
    pairs = enumerate(zip(found, wanted, strict=True))
    return max(close(f"{what}, result {i}", a, b, BOUND) for i, (a, b) in pairs)


def _another(sample: Sample) -> tuple[Any, ...]:
    """Other operands of the same form: of another seed, or the same ones rolled where values are not random."""
    if sample.boundary:
        return tuple(np.roll(x, 1) if type(x) is np.ndarray else x for x in sample.operands)
    return elsewhere(sample).operands


# ------------------------------------------------------------------------------ what an optimizer may take for the same


def _chain(x: Tensor) -> Any:
    """What is read late outlives what is made between."""
    a = pg.exp(x)
    b = a * 2.0
    c = b + 1.0
    return a, c * a - b, c


def _views_of_a_value(x: Tensor) -> Any:
    u = pg.tanh(x) + 1.0
    return u + u.T, u.T, u[::-1] * u, u


def _written(x: Tensor) -> Any:
    u = x * 2.0
    v = u + 0.0
    v[0] = u[1]
    v[:, 1:] *= 3.0
    return v - u, u


TEMPTING: dict[str, Callable[[Tensor], Any]] = {  # of a square matrix
    "signs of zeros": lambda x: (1.0 / (x * x * 0.0), 1.0 / (x * x * -0.0)),
    "kinds of ones": lambda x: (pg.floor(x) ** 2 * 1.0, pg.astype(x, pg.int64) * 1, pg.astype(x, pg.int64) * 1.0),
    "axes": lambda x: (pg.sum(x, axis=0), pg.sum(x, axis=1), pg.mean(x, axis=0), pg.mean(x, axis=1), pg.sum(x)),
    "axes kept": lambda x: (pg.max(x, axis=0, keepdims=True) - x, pg.max(x, axis=1, keepdims=True) - x),
    "slices": lambda x: (x[:2] * 2.0, x[1:] * 2.0, x[::-1] * 2.0, x[0] * 2.0, x[:, 0] * 2.0),
    "shapes": lambda x: (pg.reshape(x, (1, -1)) + 1.0, pg.reshape(x, (-1, 1)) + 1.0, pg.reshape(x, (-1,)) + 1.0),
    "dtypes": lambda x: (
        pg.astype(x, pg.float32) * 0.1,
        x * 0.1,
        pg.astype(pg.astype(x, pg.float32) * 0.1, pg.float64),
    ),
    "operands the other way round": lambda x: (
        x - x.T,
        x.T - x,
        x / (x.T**2 + 1.0),
        x.T / (x**2 + 1.0),
        x @ x.T,
        x.T @ x,
    ),
    "the larger and the smaller": lambda x: (
        pg.maximum(x, x.T),
        pg.minimum(x, x.T),
        pg.maximum(x, 0.5),
        pg.minimum(x, 0.5),
    ),
    "rows and columns": lambda x: (x * x[0], x * x[:, :1], x + pg.sum(x, axis=0), x + pg.sum(x, axis=1, keepdims=True)),
    "the same twice": lambda x: (y := pg.sin(x) * 2.0, y, pg.sin(x) * 2.0, pg.sin(x * 2.0)),
    "a chain": _chain,
    "views of a value": _views_of_a_value,
    "what is not used": lambda x: [pg.exp(x * 100.0), pg.cos(x)][1],
    "what is written": _written,
    "parts and wholes": lambda x: (
        pg.concat([*pg.unstack(x)[::-1]]),
        pg.stack([*pg.unstack(x, axis=1)]),
        pg.roll(x, 1, axis=0) - pg.roll(x, 1, axis=1),
    ),
    "many products": lambda x: ((x @ x) @ x - x @ (x @ x), pg.sum((x @ x) * x, axis=0) @ x),
}


def _tempted(f: Callable[[Tensor], Any]) -> float:
    """Values and gradients are those of the eager call, and stay when others are asked for."""
    x, other = (tensor(numbers(f"a square {k}", (3, 3), np.float64)) for k in (0, 1))
    worst = 0.0
    for g in (lambda x: _as_tuple(f(x)), lambda x: (pg.grad(lambda x: _total(_as_tuple(f(x))))(x),)):
        compiled = pg.compile(g)
        first, second = compiled(x), compiled(other)
        worst = max(worst, _agree("of others", second, g(other)), _agree("as traced", first, g(x)))
    return worst


def _as_tuple(y: Any) -> tuple[Tensor, ...]:
    return y if type(y) is tuple else (y,)


def _total(ys: tuple[Tensor, ...]) -> Tensor:
    """One number that moves with all of them, as far as they are finite."""
    return sum((pg.sum(pg.astype(y, pg.float64) * (k + 1.0)) for k, y in enumerate(ys)), start=pg.asarray(0.0))


# ------------------------------------------------------------------------------------------------------------- programs


def traced_anew() -> Any:
    """For each structure, shape and dtype once."""
    calls = []

    def f(x: Tensor) -> Tensor:
        calls.append(x.shape)
        return pg.sum(x * x)

    g = pg.compile(f)
    found = [g(x).item() for x in (pg.ones(2), pg.ones(3), pg.ones(2) * 2.0, pg.ones(2, dtype=pg.float32), pg.ones(3))]
    return found, len(calls)


def static_values() -> Any:
    f = pg.compile(lambda x, n: x * n if n > 1 else x)
    return f(pg.ones(1), 3), f(pg.ones(1), 1), f(pg.ones(1), 3)


def hidden_inputs() -> Any:
    """What is closed over is read again at each call, and its gradient arrives."""
    w = pg.asarray([1.0, 2.0], requires_grad=True)
    f = pg.compile(lambda x: pg.sum(x * w))
    first = f(pg.ones(2))
    with pg.no_grad():
        w *= 10.0
    second = f(pg.ones(2))
    second.backward()
    return first, second, w.grad


def tracked_arguments() -> Any:
    f = pg.compile(lambda x: pg.sum(pg.exp(x * 0.0) * x))
    w = pg.asarray([1.0, 2.0], requires_grad=True)
    f(w).backward()
    return w.grad, pg.grad(f)(w.detach()), pg.vmap(f)(pg.ones((2, 2)))


def second_order() -> Any:
    f = pg.compile(pg.grad(lambda x: pg.sum(x**3)))
    return f(pg.asarray([1.0, 2.0])), pg.jvp(f, (pg.asarray([1.0, 2.0]),), (pg.ones(2),))[1]


def backward_inside() -> Any:
    def f(x: Tensor) -> Tensor:
        w = pg.asarray(x, copy=True).requires_grad_()
        pg.sum(w * w * x).backward()
        return w.grad

    return pg.compile(f)(pg.asarray([1.0, 2.0]))


def results_are_apart() -> Any:
    """From the arguments, from each other and from those of a later call."""
    f = pg.compile(lambda x: (x, pg.reshape(x, (2, 1)), x + 0.0, pg.exp(x * 0.0)))
    x = pg.asarray([1.0, 2.0])
    first = f(x)
    second = f(x)
    for y in first:
        y[...] = 9.0
    x[0] = 7.0
    return second


def assignment() -> Any:
    def f(x: Tensor) -> Tensor:
        y = x * 1.0
        y[1:][0] = 5.0
        y[y < 2.0] = 4.0
        return y

    x = pg.asarray([1.0, 2.0, 3.0])
    return pg.compile(f)(x), x


def new_arrays() -> Any:
    y = pg.compile(lambda x: pg.stack([x, pg.zeros(2), pg.asarray([1.0, 2.0])]))(pg.ones(2))
    return y, y.device == pg.ones(1).device, y.backend == pg.ones(1).backend


def trees() -> Any:
    return pg.compile(lambda d: {"sum": d["a"] + d["b"][0], "name": "x"})({"a": pg.ones(1), "b": [pg.ones(1)]})


def under_no_grad() -> Any:
    f, w = pg.compile(lambda x: x * 2.0), pg.ones(1, requires_grad=True)
    with pg.no_grad():
        quiet = f(w).requires_grad
    return quiet, f(w).requires_grad


def a_failed_trace() -> Any:
    """It leaves nothing: the next call traces."""
    wrong = [True]

    def f(x: Tensor) -> Tensor:
        if wrong:
            wrong.pop()
            float(x)
        return x * 2.0

    g = pg.compile(f)
    try:
        g(pg.asarray(1.0))
    except TracingError:
        return g(pg.asarray(1.0)), (pg.ones(1, requires_grad=True) * 2.0).requires_grad


def source() -> Any:
    f = pg.compile(pg.grad(lambda x: pg.sum(pg.tanh(x))))
    f(pg.ones(2))
    return f.source.startswith("def ") or "def run" in f.source


def _branch(x: Tensor) -> Tensor:
    return x if x > 0 else -x


PROGRAMS: dict[str, Row] = {
    "traced anew": (traced_anew, [[2.0, 3.0, 8.0, 2.0, 3.0], 3]),
    "static values": (static_values, [[3.0], [1.0], [3.0]]),
    "hidden inputs": (hidden_inputs, [3.0, 30.0, [1.0, 1.0]]),
    "tracked arguments": (tracked_arguments, [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]]),
    "second order": (second_order, [[3.0, 12.0], [6.0, 12.0]]),
    "backward inside": (backward_inside, [2.0, 8.0]),
    "results": (results_are_apart, [[1.0, 2.0], [[1.0], [2.0]], [1.0, 2.0], [1.0, 1.0]]),
    "assignment": (assignment, [[4.0, 5.0, 3.0], [1.0, 2.0, 3.0]]),
    "new arrays": (new_arrays, [[[1.0, 1.0], [0.0, 0.0], [1.0, 2.0]], True, True]),
    "trees": (trees, {"sum": [2.0], "name": "x"}),
    "no_grad": (under_no_grad, [False, True]),
    "a failed trace": (a_failed_trace, [2.0, True]),
    "source": (source, True),
    "a branch on a value": (lambda: pg.compile(_branch)(pg.asarray(1.0)), TracingError),
    "a shape that depends on a value": (lambda: pg.compile(pg.nonzero)(pg.ones(2)), TracingError),
    "a draw": (lambda: pg.compile(lambda x: x + pg.random.normal())(pg.ones(1)), TracingError),
    "a list that is static": (lambda: pg.compile(lambda x, s: x)(pg.ones(1), {1, 2}), ValidationError),
    "an index out of bounds": (
        lambda: pg.compile(lambda x, i: x[i])(pg.ones(2), pg.asarray([5])), IndexingError),
}  # fmt: skip

CHECKS: tuple[Check, ...] = (
    by_op("compiled", "operations", always, _equal, order=1),
    by_rule("compiled", "equality", TEMPTING, _tempted, order=1),
    by_row("compiled", "programs", PROGRAMS, order=1),
)
