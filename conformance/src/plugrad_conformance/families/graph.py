"""The recorded graph: what a walk sums and frees, what is a leaf, what is refused. As torch.autograd has it."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import plugrad as pg
from plugrad.errors import (
    ConversionError,
    DTypeError,
    GraphError,
    PlugradError,
    PlugradWarning,
    ShapeError,
    TransformError,
    ValidationError,
)
from plugrad.tensor import Tensor

from ..records import Check
from .asking import Row, by_row, told

__all__ = ["CHECKS"]


def leaf(*values: float) -> Any:
    """A vector whose gradient is asked for."""
    return pg.asarray([float(value) for value in values], requires_grad=True)


# ----------------------------------------------------------------------------------------------------------- gradients


def accumulation() -> Any:
    w = leaf(1, 2)
    for _ in range(3):
        pg.sum(w * w).backward()
    kept = w.grad
    pg.sum(w * 3.0).backward()
    return w.grad is kept, w.grad


def after_none() -> Any:
    w = leaf(1, 2)
    pg.sum(w * w).backward()
    w.grad = None
    pg.sum(w).backward()
    return w.grad


def several_uses() -> Any:
    w = leaf(3)
    y = w * w
    z = y * y + y + w
    z.backward(pg.ones(1))
    return w.grad


def several_roots() -> Any:
    w, v = leaf(1, 2), leaf(3, 4)
    pg.autograd.backward([w * v, pg.sum(w)], [pg.asarray([1.0, 10.0]), None])
    return w.grad, v.grad


def of_grad() -> Any:
    w, v = leaf(1, 2), leaf(3, 4)
    found = pg.autograd.grad(pg.sum(w * v), {"w": w, "v": v})
    return found, w.grad, v.grad


def inputs() -> Any:
    w, v = leaf(1, 2), leaf(3, 4)
    pg.sum(w * v).backward(inputs=[v])
    return w.grad, v.grad


def intermediate() -> Any:
    w = leaf(1, 2)
    y = w * 2.0
    return pg.autograd.grad(pg.sum(y * y), [y, w])


def unused() -> Any:
    w, v = leaf(1, 2), leaf(3, 4)
    y = pg.sum(w * w)
    refused = told(lambda: pg.autograd.grad(y, v))
    none = pg.autograd.grad(y, [w, v], allow_unused=True, retain_graph=True)
    return refused is GraphError, none, pg.autograd.grad(y, [w, v], materialize_grads=True)


def retained() -> Any:
    w = leaf(1, 2)
    y = w * 2.0
    y.retain_grad()
    pg.sum(y * y).backward()
    return y.grad, w.grad


def not_retained() -> Any:
    y = leaf(1, 2) * 2.0
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = y.grad
    return found, [issubclass(warning.category, PlugradWarning) for warning in said]


def batched() -> Any:
    w = leaf(1, 2)
    return pg.autograd.grad(w * w, w, pg.eye(2), is_grads_batched=True)


def several_results() -> Any:
    w = pg.asarray([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = pg.unstack(w)
    pg.sum(second * second).backward()
    return w.grad, first.requires_grad


def each_its_own() -> Any:
    """What one transform moves is a constant to another, whichever is inside: perturbations are not confused."""
    one, push = pg.asarray(1.0), lambda f: lambda x: pg.jvp(f, (x,), (pg.ones_like(x),))[1]

    def nested(x: Tensor, inner: Any) -> Tensor:
        return x * inner(lambda y: x + y * y)(one) + inner(lambda y: x * y)(x)

    ways = (pg.grad, push)
    return [outer(partial(nested, inner=inner))(pg.asarray(3.0)) for outer in ways for inner in ways]


# ------------------------------------------------------------------------------------------------------- walked again


def twice() -> Any:
    w = leaf(1, 2)
    y = pg.sum(w * w)
    y.backward()
    y.backward()


def twice_but_nothing_saved() -> Any:
    w = leaf(1, 2)
    y = pg.sum(w + 1.0)
    y.backward()
    y.backward()
    return w.grad


def twice_retained() -> Any:
    w = leaf(1, 2)
    y = pg.sum(w * w)
    y.backward(retain_graph=True)
    y.backward()
    return w.grad, told(y.backward) is GraphError


def a_freed_part() -> Any:
    """It is noticed before any gradient changes."""
    w, v = leaf(1, 2), leaf(3, 4)
    y = w * w
    pg.sum(y).backward()
    refused = told((pg.sum(v * y)).backward)
    return refused is GraphError, w.grad, v.grad


def second_order() -> Any:
    w = leaf(2)
    (g,) = pg.autograd.grad(pg.sum(w**3), w, create_graph=True)
    (h,) = pg.autograd.grad(pg.sum(g * g), w)
    return g, h


def constants_without_create_graph() -> Any:
    w = leaf(2)
    (g,) = pg.autograd.grad(pg.sum(w**3), w)
    return g.requires_grad, g.grad_fn


def through_the_seed() -> Any:
    w, seed = leaf(2, 3), leaf(5, 7)
    (g,) = pg.autograd.grad(w * w, w, seed, create_graph=True)
    return pg.autograd.grad(pg.sum(g), seed)


# -------------------------------------------------------------------------------------------------------- leaves, modes


def flags() -> Any:
    w, c = leaf(1, 2), pg.asarray([3.0, 4.0])
    made = [c, w, w * c, c * c, (w * c).detach(), w > c, pg.argmax(w), pg.astype(w, pg.int64), w.clone(), w[0]]
    return [(y.requires_grad, y.is_leaf, y.grad_fn is None) for y in made]


_CONSTANT, _RECORDED = [False, True, True], [True, False, False]
FLAGS = [_CONSTANT, [True, True, True], _RECORDED, *[_CONSTANT] * 5, *[_RECORDED] * 2]


def under_no_grad() -> Any:
    w = leaf(1, 2)
    with pg.no_grad():
        quiet, made = w * 2.0, leaf(3)
        with pg.enable_grad():
            loud = w * 2.0
    return quiet.requires_grad, made.requires_grad, loud.requires_grad, (w * 2.0).requires_grad, pg.is_grad_enabled()


def no_grad_after_an_error() -> Any:
    try:
        with pg.no_grad():
            raise KeyError
    except KeyError:
        return pg.is_grad_enabled(), (leaf(1) * 2.0).requires_grad


def decorated() -> Any:
    @pg.no_grad()
    def quiet(x: Tensor) -> Tensor:
        return x * 2.0

    return quiet(leaf(1)).requires_grad


def tangents_under_no_grad() -> Any:
    def quiet(x: Tensor) -> Tensor:
        with pg.no_grad():
            return x * x

    return pg.jvp(quiet, (pg.asarray([1.0, 2.0]),), (pg.asarray([1.0, 10.0]),))


def cut() -> Any:
    w = leaf(1, 2)
    y = w * 2.0
    pg.sum(y.detach() * w).backward()
    return w.grad, y.detach().requires_grad


def stopped_leaf() -> Any:
    w = leaf(1, 2)
    pg.sum(w).backward()
    w.requires_grad_(False)
    quiet = (w * 2.0).requires_grad
    w.requires_grad_()
    pg.sum(w * 3.0).backward()
    return quiet, w.grad


def a_cast_leaf() -> Any:
    w = leaf(1, 2)
    y = pg.astype(w, pg.float32)
    pg.sum(y * y).backward()
    return w.grad, w.grad.dtype is pg.float64


def set_grad() -> Any:
    w = leaf(1, 2)
    w.grad = pg.asarray([5.0, 6.0])
    kinds = []
    for wrong in (pg.ones(3), pg.ones(2, dtype=pg.float32), "text"):
        try:
            w.grad = wrong
        except PlugradError as error:
            kinds.append(type(error).__name__)
    pg.sum(w).backward()
    return len(kinds), w.grad


# ------------------------------------------------------------------------------------------------------ nodes by name


def names() -> Any:
    w = pg.asarray([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    made = [w @ w, w + w, w * 2.0, w**3, pg.sum(w), w[0], pg.exp(w), pg.reshape(w, (-1,)), pg.unstack(w)[1]]
    return [y.grad_fn.name() for y in made]


NAMES = [
    f"{name}Backward"
    for name in ("Matmul", "Add", "Multiply", "PowScalar", "Sum", "Getitem", "Exp", "Reshape", "Unstack")
]


def edges() -> Any:
    w, c = pg.asarray([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), pg.ones(2)
    y = pg.unstack(w)[1] * c
    z = w * w
    (unstacked, number), (constant, _) = y.grad_fn.next_functions
    (one, _), (other, _) = z.grad_fn.next_functions
    return unstacked.name(), number, constant, one is other, one.name()


def chain() -> Any:
    node, found = pg.sum(pg.exp(leaf(1)) * 2.0).grad_fn, []
    while node is not None:
        found.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return found


def text() -> Any:
    w = leaf(1)
    return "requires_grad=True" in repr(w), repr(w * 2.0).endswith("grad_fn=<MultiplyBackward>)"), repr((w * 2).grad_fn)


# ----------------------------------------------------------------------------------------------- what a complex one is


def wirtinger() -> Any:
    z = pg.asarray(3 + 4j, requires_grad=True)
    pg.real(z * pg.conj(z)).backward()
    return z.grad


def holomorphic() -> Any:
    z = pg.asarray(1 + 1j, requires_grad=True)
    (z**2).backward(pg.asarray(1 + 0j))
    return z.grad, pg.jvp(lambda z: z**2, (pg.asarray(1 + 1j),), (pg.asarray(1 + 0j),))[1]


def a_real_operand() -> Any:
    x, z = pg.asarray([2.0], requires_grad=True), pg.asarray([3 + 4j])
    pg.sum(pg.real(x * z * z)).backward()
    return x.grad, x.grad.dtype is pg.float64


GRADIENTS: dict[str, Row] = {
    "accumulation": (accumulation, [True, [9.0, 15.0]]),
    "accumulation after None": (after_none, [1.0, 1.0]),
    "several uses": (several_uses, [115.0]),
    "several roots": (several_roots, [[4.0, 41.0], [1.0, 20.0]]),
    "autograd.grad": (of_grad, [{"w": [3.0, 4.0], "v": [1.0, 2.0]}, None, None]),
    "inputs": (inputs, [None, [1.0, 2.0]]),
    "an intermediate": (intermediate, [[4.0, 8.0], [8.0, 16.0]]),
    "an unused input": (unused, [True, [[2.0, 4.0], None], [[2.0, 4.0], [0.0, 0.0]]]),
    "retain_grad": (retained, [[4.0, 8.0], [8.0, 16.0]]),
    "no retain_grad": (not_retained, [None, [True]]),
    "batched cotangents": (batched, [[[2.0, 0.0], [0.0, 4.0]]]),
    "nested transforms": (each_its_own, [3.0] * 4),
    "one of several results": (several_results, [[[0.0, 0.0], [6.0, 8.0]], True]),
    "conjugate Wirtinger": (wirtinger, 6 + 8j),
    "holomorphic": (holomorphic, [2 - 2j, 2 + 2j]),
    "a real operand": (a_real_operand, [[-7.0], True]),
}
WALKS: dict[str, Row] = {
    "twice": (twice, GraphError),
    "twice, nothing saved": (twice_but_nothing_saved, [2.0, 2.0]),
    "twice, retain_graph": (twice_retained, [[4.0, 8.0], True]),
    "a part was freed": (a_freed_part, [True, [2.0, 4.0], None]),
    "create_graph": (second_order, [[12.0], [288.0]]),
    "no create_graph": (constants_without_create_graph, [False, None]),
    "create_graph, the seed": (through_the_seed, [[4.0, 6.0]]),
}
LEAVES: dict[str, Row] = {
    "flags": (flags, FLAGS),
    "no_grad": (under_no_grad, [False, True, True, True, True]),
    "no_grad, an error": (no_grad_after_an_error, [True, True]),
    "no_grad, a decorator": (decorated, False),
    "no_grad, tangents": (tangents_under_no_grad, [[1.0, 4.0], [2.0, 40.0]]),
    "detach": (cut, [[2.0, 4.0], False]),
    "requires_grad_(False)": (stopped_leaf, [False, [4.0, 4.0]]),
    "a cast": (a_cast_leaf, [[2.0, 4.0], True]),
    "grad, set": (set_grad, [3, [6.0, 7.0]]),
}
NODES: dict[str, Row] = {
    "names": (names, NAMES),
    "next_functions": (edges, ["UnstackBackward", 1, None, True, "AccumulateGrad"]),
    "to the leaf": (chain, ["SumBackward", "MultiplyBackward", "ExpBackward", "AccumulateGrad"]),
    "text": (text, [True, True, "<MultiplyBackward>"]),
}
REFUSED: dict[str, Row] = {
    "integers": (lambda: pg.asarray([1, 2], requires_grad=True), DTypeError),
    "booleans": (lambda: pg.asarray([True]).requires_grad_(), DTypeError),
    "a vector without a cotangent": (lambda: (leaf(1, 2) * 2.0).backward(), ShapeError),
    "a cotangent of another shape": (lambda: (leaf(1, 2) * 2.0).backward(pg.ones(3)), ShapeError),
    "a complex cotangent": (lambda: (leaf(1, 2) * 2.0).backward(pg.ones(2, dtype=pg.complex128)), DTypeError),
    "a constant root": (lambda: pg.sum(pg.ones(2)).backward(), GraphError),
    "a cut root": (lambda: pg.sum((leaf(1, 2) * 2.0).detach()).backward(), GraphError),
    "an empty list of inputs": (lambda: pg.sum(leaf(1) * 2.0).backward(inputs=[]), ValidationError),
    "a constant input": (lambda: pg.autograd.grad(pg.sum(leaf(1) * 2.0), pg.ones(1)), GraphError),
    "requires_grad_(False) of no leaf": (lambda: (leaf(1) * 2.0).requires_grad_(False), GraphError),
    "numpy() of a leaf": (lambda: leaf(1).numpy(), ConversionError),
    "numpy() of what was recorded": (lambda: (leaf(1) * 2.0).numpy(), ConversionError),
    "a value that left its transform": (lambda: escaped() * 2.0, TransformError),
}


def escaped() -> Tensor:
    """A value of a transform that is over."""
    kept: list[Tensor] = []

    def f(x: Tensor) -> Tensor:
        kept.append(x * 2.0)
        return x

    pg.jvp(f, (pg.ones(2),), (pg.ones(2),))
    return kept[0]


CHECKS: tuple[Check, ...] = (
    by_row("graph", "gradients", GRADIENTS, order=1),
    by_row("graph", "walks", WALKS, order=2),
    by_row("graph", "leaves", LEAVES, order=1),
    by_row("graph", "nodes", NODES, order=1),
    by_row("graph", "refused", REFUSED, order=1),
)
