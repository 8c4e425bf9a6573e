"""torch.autograd's surface, run with both libraries: one program, the same gradients and the same refusals."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import plugrad as pg
from plugrad.errors import (
    ConversionError,
    DTypeError,
    GraphError,
    PlugradWarning,
    ShapeError,
    ValidationError,
)

from .helpers import agree, as_in_torch, const, leaf, refused

# ---------------------------------------------------------------------------------------------------------- backward


@as_in_torch
def test_backward_returns_none_and_sums_into_every_leaf(xp: Any) -> Any:
    w, b = leaf(xp, [[1, 2, 3], [4, 5, 6]]), leaf(xp, [1, 2, 3])
    returned = xp.sum(xp.tanh(w * b) + b).backward()
    return returned, w.grad, b.grad


@as_in_torch
def test_gradient_weighs_the_elements_of_the_root(xp: Any) -> Any:
    w = leaf(xp, [1, 2, 3])
    (w * w).backward(gradient=const(xp, [1, 10, 100]))
    return w.grad


@as_in_torch
def test_gradient_of_a_0d_root_scales(xp: Any) -> Any:
    w = leaf(xp, [1, 2, 3])
    xp.sum(w * w).backward(const(xp, 10))
    return w.grad


@as_in_torch
def test_gradient_is_cast_to_the_dtype_of_the_root(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    (w * w).backward(const(xp, [1, 2], "float32"))
    return w.grad


@as_in_torch
def test_a_leaf_is_a_root(xp: Any) -> Any:
    w, seed = leaf(xp, [1, 2]), const(xp, [3, 4])
    w.backward(seed)
    return w.grad, seed


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 1, 1)], ids=str)
def test_one_real_element_needs_no_seed(shape: tuple[int, ...]) -> None:
    def program(xp: Any) -> Any:
        w = leaf(xp, [2, 3])
        xp.reshape(xp.sum(w * w), shape).backward()
        return w.grad

    agree(program(pg), program(torch))


@as_in_torch
def test_inputs_restrict_who_gets_a_gradient(xp: Any) -> Any:
    a, b = leaf(xp, [1, 2]), leaf(xp, [3, 4])
    xp.sum(a * b * b).backward(inputs=[b])
    return a.grad, b.grad


@as_in_torch
def test_inputs_may_be_one_tensor(xp: Any) -> Any:
    a, b = leaf(xp, [1, 2]), leaf(xp, [3, 4])
    xp.sum(a * b).backward(inputs=a)
    return a.grad, b.grad


@as_in_torch
def test_an_input_that_is_no_leaf_gets_a_gradient_too(xp: Any) -> Any:
    a = leaf(xp, [1, 2])
    y = a * 3
    z = y * y
    xp.sum(z).backward(inputs=[y, a])
    return y.grad, a.grad


@as_in_torch
def test_an_input_outside_the_graph_stays_without_a_gradient(xp: Any) -> Any:
    a, b = leaf(xp, [1, 2]), leaf(xp, [3, 4])
    xp.sum(a * a).backward(inputs=[a, b])
    return a.grad, b.grad


@as_in_torch
def test_several_roots_are_walked_at_once(xp: Any) -> Any:
    w = leaf(xp, [1, 2, 3])
    y = w * w
    xp.autograd.backward([xp.sum(y), xp.exp(y), y], [None, const(xp, [1, 2, 3]), const(xp, [3, 2, 1])])
    return w.grad


@as_in_torch
def test_a_root_named_twice_counts_twice(xp: Any) -> Any:
    w = leaf(xp, [1, 2, 3])
    loss = xp.sum(w * w)
    xp.autograd.backward([loss, loss])
    return w.grad


@as_in_torch
def test_roots_need_no_seeds_where_each_has_one_element(xp: Any) -> Any:
    w = leaf(xp, [1, 2, 3])
    xp.autograd.backward((xp.sum(w * w), xp.reshape(xp.sum(xp.exp(w)), (1,))))
    return w.grad


@as_in_torch
def test_one_root_takes_one_seed_that_is_no_list(xp: Any) -> Any:
    w = leaf(xp, [1, 2, 3])
    xp.autograd.backward(w * w, const(xp, [1, 0, 1]))
    return w.grad


# ------------------------------------------------------------------------------------------------------ autograd.grad


@as_in_torch
def test_grad_gives_a_tuple_and_touches_no_grad(xp: Any) -> Any:
    a, b = leaf(xp, [1, 2]), leaf(xp, [3, 4])
    found = xp.autograd.grad(xp.sum(a * b * b), [a, b])
    return type(found).__name__, found, a.grad, b.grad


@as_in_torch
def test_grad_of_one_input_is_a_tuple_of_one(xp: Any) -> Any:
    a = leaf(xp, [1, 2])
    return xp.autograd.grad(xp.sum(a * a), a)


@as_in_torch
def test_grad_of_a_dict_of_inputs_is_a_dict(xp: Any) -> Any:
    p = {"w": leaf(xp, [1, 2]), "b": leaf(xp, 3)}
    found = xp.autograd.grad(xp.sum(xp.exp(p["w"]) * p["b"]), p)
    return type(found).__name__, found


@as_in_torch
def test_grad_takes_inputs_that_are_no_leaves_and_the_output_itself(xp: Any) -> Any:
    a = leaf(xp, [1, 2])
    y = xp.exp(a)
    z = xp.sum(y * y)
    return xp.autograd.grad(z, [y, z, a, y])


@as_in_torch
def test_grad_of_several_outputs_sums(xp: Any) -> Any:
    a = leaf(xp, [1, 2])
    return xp.autograd.grad([a * a, xp.sum(a)], a, [const(xp, [1, 10]), None])


@as_in_torch
def test_an_unused_input_gives_none_if_that_is_allowed(xp: Any) -> Any:
    a, b = leaf(xp, [1, 2]), leaf(xp, [[3, 4]])
    return xp.autograd.grad(xp.sum(a), [a, b], allow_unused=True)


@as_in_torch
def test_an_unused_input_gives_zeros_if_grads_are_materialized(xp: Any) -> Any:
    a, b = leaf(xp, [1, 2]), leaf(xp, [[3, 4]], "float32")
    return xp.autograd.grad(xp.sum(a), [a, b], materialize_grads=True)


@as_in_torch
def test_an_unused_result_of_several_gives_none(xp: Any) -> Any:
    a = leaf(xp, [[1, 2], [3, 4]])
    first, second = xp.unbind(a) if xp is torch else xp.unstack(a)
    return xp.autograd.grad(xp.sum(first * first), [first, second, a], allow_unused=True)


# ----------------------------------------------------------------------------------------- many cotangents, one walk


@as_in_torch
def test_batched_cotangents_give_the_rows_of_a_jacobian(xp: Any) -> Any:
    w = leaf(xp, [1, 2, 3])
    return xp.autograd.grad(xp.tanh(w) * w, w, xp.eye(3, dtype=xp.float64), is_grads_batched=True)


@as_in_torch
def test_batched_cotangents_of_several_outputs_and_inputs(xp: Any) -> Any:
    w, b = leaf(xp, [[1, 2], [3, 4]]), leaf(xp, [1, 2])
    y, z = w @ b, xp.sum(w * w)
    seeds = const(xp, [[1, 0], [0, 1], [2, 2]], "float32"), const(xp, [1, 10, 100])
    return xp.autograd.grad([y, z], {"w": w, "b": b}, seeds, is_grads_batched=True)


@as_in_torch
def test_batched_cotangents_of_a_broadcast_and_of_several_results(xp: Any) -> Any:
    w, b = leaf(xp, [[1, 2], [3, 4]]), leaf(xp, [1, 2])
    first, second = xp.unbind(w + b) if xp is torch else xp.unstack(w + b)
    seeds = const(xp, [[1, 0], [0, 1], [2, 2]])
    return xp.autograd.grad(first[:1] * second, [w, b, second], seeds, is_grads_batched=True)


@as_in_torch
def test_an_input_that_batched_cotangents_do_not_reach(xp: Any) -> Any:
    w, other = leaf(xp, [1, 2]), leaf(xp, [3, 4, 5])
    y, eye = w * w, xp.eye(2, dtype=xp.float64)
    how = {"retain_graph": True, "is_grads_batched": True}
    none = xp.autograd.grad(y, [w, other], eye, allow_unused=True, **how)
    return none, xp.autograd.grad(y, [w, other], eye, materialize_grads=True, **how)


@as_in_torch
def test_batched_gradients_are_differentiated_under_create_graph(xp: Any) -> Any:
    w, eye = leaf(xp, [1, 2, 3]), leaf(xp, np.eye(3).tolist())
    (g,) = xp.autograd.grad(w**3, w, eye, create_graph=True, is_grads_batched=True)
    return g, g.requires_grad, xp.autograd.grad(xp.sum(g * g), [w, eye])


@as_in_torch
def test_batched_gradients_are_constants_otherwise_and_free_the_graph(xp: Any) -> Any:
    w, eye = leaf(xp, [1, 2]), leaf(xp, [[1, 0], [0, 1]])
    y = w * w
    (g,) = xp.autograd.grad(y, w, eye, is_grads_batched=True)
    return g, g.requires_grad, refused(lambda: xp.autograd.grad(y, w, eye, is_grads_batched=True))


def test_batched_cotangents_inside_transforms() -> None:
    x, eye = const(pg, [1.0, 2.0]), pg.eye(2)

    def rows(x: pg.Tensor) -> pg.Tensor:
        w = pg.asarray(x).requires_grad_()
        return pg.autograd.grad(w**3, w, eye, is_grads_batched=True)[0]

    want = np.diag([3.0, 12.0])
    agree(pg.vmap(rows)(pg.stack([x, x])), np.stack([want, want]))
    agree(pg.compile(rows)(x), want)
    agree(pg.jvp(rows, (x,), (pg.ones(2),))[1], np.diag([6.0, 12.0]))


BATCHES = {
    "none": (None, ShapeError, "one more axis in front.*None"),
    "a 0-d one": (1.0, ShapeError, r"one more axis in front.*\(\)"),
    "one that is no batch": (const(pg, [1, 1, 1]), ShapeError, r"\(3,\) for a root of shape \(3,\); .*first axis"),
    "one of another shape": (pg.ones((2, 4)), ShapeError, r"\(2, 4\) for a root of shape \(3,\); .*first axis"),
    "a complex one": (pg.eye(3) * 1j, DTypeError, "complex128.*float64"),
}


@pytest.mark.parametrize("seed, error, text", BATCHES.values(), ids=BATCHES)
def test_batched_cotangents_that_do_not_fit_leave_the_graph_as_it_was(seed: Any, error: Any, text: str) -> None:
    def left(xp: Any, seed: Any, error: Any, match: str | None) -> Any:
        w = leaf(xp, [1, 2, 3])
        y = w * w
        with pytest.raises(error, match=match):
            xp.autograd.grad(y, w, seed, is_grads_batched=True)
        return xp.autograd.grad(y, w, const(xp, [1, 1, 1]))

    its = torch.asarray(seed.numpy()) if isinstance(seed, pg.Tensor) else seed
    agree(left(pg, seed, error, text), left(torch, its, (RuntimeError, TypeError, ValueError), None))


def test_batches_of_two_sizes_are_refused() -> None:
    w = leaf(pg, [1, 2])
    with pytest.raises(ShapeError, match=r"as long for all; their shapes are \(2, 2\), \(3, 2\)"):
        pg.autograd.grad([w * w, w * 2], w, [pg.eye(2), pg.ones((3, 2))], is_grads_batched=True)


# -------------------------------------------------------------------------------------------- one walk, and the next


WALKED = {
    "x + 1": lambda xp, x: x + 1,
    "x - c": lambda xp, x: x - const(xp, [1, 2]),
    "-x": lambda xp, x: -x,
    "sum": lambda xp, x: xp.sum(x),
    "mean": lambda xp, x: xp.mean(x),
    "reshape": lambda xp, x: xp.reshape(x, (2, 1)),
    "x[0]": lambda xp, x: x[0],
    "x[::2]": lambda xp, x: x[::2],
    "broadcast_to": lambda xp, x: xp.broadcast_to(x, (3, 2)),
    "concat": lambda xp, x: xp.concat([x, x]),
    "astype": lambda xp, x: x.to(xp.float32) if xp is torch else xp.astype(x, xp.float32),
    "clone": lambda xp, x: x.clone(),
    "x * x": lambda xp, x: x * x,
    "x * c": lambda xp, x: x * const(xp, [1, 2]),
    "x / c": lambda xp, x: x / const(xp, [1, 2]),
    "x @ c": lambda xp, x: x @ const(xp, [1, 2]),
    "exp": lambda xp, x: xp.exp(x),
    "tanh": lambda xp, x: xp.tanh(x),
    "sqrt": lambda xp, x: xp.sqrt(x),
    "x ** 3": lambda xp, x: x**3,
    "max": lambda xp, x: xp.max(x),
    "where": lambda xp, x: xp.where(const(xp, [True, False], "bool"), x, x * x),
    "2 (x * x) + 1": lambda xp, x: 2 * (x * x) + 1,
}


@pytest.mark.parametrize("f", WALKED.values(), ids=WALKED)
def test_a_second_walk_is_refused_exactly_where_torch_refuses_it(f: Callable[[Any, Any], Any]) -> None:
    def outcome(xp: Any) -> tuple[bool, Any]:
        x = leaf(xp, [1, 2])
        y = f(xp, x)
        seed = xp.ones(tuple(y.shape), dtype=y.dtype)
        y.backward(seed)
        return refused(lambda: y.backward(seed)), x.grad

    agree(outcome(pg), outcome(torch))


def test_the_refusal_of_a_second_walk_names_the_node_and_the_mend() -> None:
    x = leaf(pg, [1, 2])
    loss = pg.sum(pg.exp(x))
    loss.backward()
    with pytest.raises(GraphError, match=r"<ExpBackward>.*walked before.*retain_graph=True"):
        loss.backward()


@as_in_torch
def test_retain_graph_allows_any_number_of_walks(xp: Any) -> Any:
    x = leaf(xp, [1, 2])
    loss = xp.sum(x * x * x)
    for _ in range(3):
        loss.backward(retain_graph=True)
    loss.backward()
    return x.grad, refused(loss.backward)


@as_in_torch
def test_create_graph_retains_the_graph_unless_told_not_to(xp: Any) -> Any:
    x = leaf(xp, [1, 2])
    kept, dropped = xp.sum(x * x), xp.sum(x * x)
    xp.autograd.grad(kept, x, create_graph=True)
    xp.autograd.grad(dropped, x, create_graph=True, retain_graph=False)
    return refused(lambda: xp.autograd.grad(kept, x)), refused(lambda: xp.autograd.grad(dropped, x))


@as_in_torch
def test_walks_that_share_a_part_need_it_retained(xp: Any) -> Any:
    x = leaf(xp, [1, 2])
    y = x * x
    first, second = xp.sum(y), xp.sum(y * y)
    first.backward()
    return refused(second.backward), x.grad


@as_in_torch
def test_a_walk_in_two_stages_needs_nothing_retained(xp: Any) -> Any:
    """The node whose gradient is asked for is not walked through, so it keeps what it saved."""
    x = leaf(xp, [1, 2])
    y = x * x
    (g,) = xp.autograd.grad(xp.sum(y * y), y)
    y.backward(g)
    z = x * x * x
    xp.autograd.grad(z, z, xp.ones_like(z))
    z.backward(xp.ones_like(z))
    return g, x.grad, refused(lambda: z.backward(xp.ones_like(z)))


@as_in_torch
def test_what_was_walked_through_to_a_node_is_freed_and_the_node_is_not(xp: Any) -> Any:
    x = leaf(xp, [1, 2])
    y = x * x
    z = y * y
    loss = xp.sum(z)
    y.backward(xp.ones_like(y))
    return refused(lambda: xp.autograd.grad(loss, x, retain_graph=True)), xp.autograd.grad(loss, y), x.grad


@as_in_torch
def test_create_graph_gives_gradients_of_any_order(xp: Any) -> Any:
    x = leaf(xp, 2)
    found = [xp.tanh(x) * x**3]
    for _ in range(4):
        found += xp.autograd.grad(found[-1], x, create_graph=True)
    return found, [g.requires_grad for g in found]


@as_in_torch
def test_backward_through_a_gradient(xp: Any) -> Any:
    x, v = leaf(xp, [1, 2, 3]), const(xp, [1, 0, 2])
    (g,) = xp.autograd.grad(xp.sum(xp.exp(x) * x), x, create_graph=True)
    xp.sum(g * v).backward()
    return x.grad


@as_in_torch
def test_the_seed_is_differentiated_under_create_graph(xp: Any) -> Any:
    x, v = leaf(xp, [1, 2, 3]), leaf(xp, [4, 5, 6])
    (g,) = xp.autograd.grad(x * x, x, grad_outputs=v, create_graph=True)
    return xp.autograd.grad(xp.sum(g), v)


@as_in_torch
def test_without_create_graph_gradients_are_constants(xp: Any) -> Any:
    x = leaf(xp, [1, 2])
    (g,) = xp.autograd.grad(xp.sum(x * x), x)
    xp.sum(x * x).backward()
    return g.requires_grad, x.grad.requires_grad, g.is_leaf


@as_in_torch
def test_create_graph_records_also_under_no_grad(xp: Any) -> Any:
    x = leaf(xp, 3)
    y = x**3
    with xp.no_grad():
        (g,) = xp.autograd.grad(y, x, create_graph=True)
    return g.requires_grad, xp.autograd.grad(g, x)


@as_in_torch
def test_the_second_order_of_a_linear_function_is_refused_or_unused(xp: Any) -> Any:
    x = leaf(xp, [1, 2])
    (g,) = xp.autograd.grad(xp.sum(x * 2), x, create_graph=True)
    return g.requires_grad, refused(lambda: xp.autograd.grad(xp.sum(g), x))


# ------------------------------------------------------------------------------------------------------- accumulation


@as_in_torch
def test_gradients_sum_over_walks_into_one_object(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    xp.sum(w * w).backward()
    first = w.grad
    xp.sum(xp.exp(w)).backward()
    return w.grad is first, first


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")  # torch's word on the cycle that .grad then closes
@as_in_torch
def test_under_create_graph_the_sum_is_a_new_object_with_a_history(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    xp.sum(w * w * w).backward(create_graph=True)
    first = w.grad
    xp.sum(w * w).backward(create_graph=True)
    total, w.grad = w.grad, None
    xp.sum(total).backward()
    return total is first, first, total, w.grad


@as_in_torch
def test_grad_set_to_none_starts_again(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    xp.sum(w * w).backward()
    old, w.grad = w.grad, None
    none = w.grad
    xp.sum(w * w * w).backward()
    return none, old, w.grad


@as_in_torch
def test_gradients_are_added_to_one_that_was_set(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    w.grad = const(xp, [100, 200])
    xp.sum(w * w).backward()
    return w.grad


@as_in_torch
def test_several_uses_are_summed_before_a_node_runs(xp: Any) -> Any:
    """A node that ran once a path would run 2 ** 60 times."""
    x = y = leaf(xp, 1)
    for _ in range(60):
        y = (y + y) * 0.5
    y.backward()
    return x.grad


def test_gradients_share_no_memory_that_can_be_written() -> None:
    a, b, seed = leaf(pg, [1, 2]), leaf(pg, [1, 2]), const(pg, [1, 1])
    (a + b).backward(seed)
    a.grad[0] = 9.0
    a.grad += 1.0
    assert (a.grad.tolist(), b.grad.tolist(), seed.tolist()) == ([10, 2], [1, 1], [1, 1])


def test_accumulation_changes_no_array_that_somebody_else_holds() -> None:
    a, b, seed = leaf(pg, [1, 2]), leaf(pg, [1, 2]), const(pg, [1, 1])
    (a + b).backward(seed)
    raw = a.grad.data
    (a * 2).backward(seed)
    assert (a.grad.tolist(), b.grad.tolist(), seed.tolist(), pg.Tensor(raw, seed.by).tolist()) == (
        [3, 3],
        [1, 1],
        [1, 1],
        [1, 1],
    )


SHAPES = [((), (3,)), ((1,), (3,)), ((3,), (2, 3)), ((1, 3), (2, 3)), ((2, 1), (2, 3)), ((2, 1), (1, 3)),
          ((1, 1, 1), ()), ((0,), ()), ((0,), (1,)), ((2, 0), (1,)), ((4, 1, 1), (2, 3))]  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("op", ["add", "subtract", "multiply", "divide", "maximum", "hypot"])
def test_a_gradient_is_summed_down_to_the_shape_it_was_broadcast_from(op: str, shapes: Any) -> None:
    def program(xp: Any) -> Any:
        rng = np.random.default_rng(0)
        a, b = (leaf(xp, rng.uniform(1, 2, shape)) for shape in shapes)
        y = getattr(xp, op)(a, b)
        y.backward(xp.ones(tuple(y.shape), dtype=xp.float64))
        return a.grad, b.grad

    agree(program(pg), program(torch))


DTYPES = [("float32", "float64"), ("float64", "float32"), ("float64", "complex128"), ("complex64", "float64"),
          ("complex64", "complex128"), ("float32", "complex64")]  # fmt: skip


@pytest.mark.parametrize("dtypes", DTYPES, ids="-".join)
@pytest.mark.parametrize("op", ["add", "multiply", "divide"])
def test_a_gradient_has_the_dtype_of_its_value(op: str, dtypes: tuple[str, str]) -> None:
    def program(xp: Any) -> Any:
        a, b = leaf(xp, [1, 2], dtypes[0]), leaf(xp, [3, 4], dtypes[1])
        y = getattr(xp, op)(a, b)
        y.backward(xp.ones(2, dtype=y.dtype))
        return a.grad, b.grad

    ours, theirs = program(pg), program(torch)
    assert [str(g.dtype).split(".")[1] for g in ours] == [str(g.dtype).split(".")[1] for g in theirs] == list(dtypes)
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), its.numpy(), rtol=1e-6)


# ---------------------------------------------------------------------------------------------------- setting .grad

GRADS = {
    "another shape": (lambda xp: xp.ones(3, dtype=xp.float64), ShapeError, r"\(3,\).*\(2,\)"),
    "a shape that would broadcast": (lambda xp: xp.ones((1, 2), dtype=xp.float64), ShapeError, r"\(1, 2\).*\(2,\)"),
    "another dtype": (lambda xp: xp.ones(2, dtype=xp.float32), DTypeError, "float32.*float64.*astype"),
    "a number": (lambda xp: 1.0, ConversionError, "float.*asarray"),
    "an array of NumPy": (lambda xp: np.ones(2), ConversionError, "ndarray.*asarray"),
}


@pytest.mark.parametrize("value, error, text", GRADS.values(), ids=GRADS)
def test_setting_grad_to_what_does_not_fit_is_refused_and_keeps_the_old(value: Any, error: Any, text: str) -> None:
    w = leaf(pg, [1, 2])
    w.grad = before = const(pg, [5, 6])
    with pytest.raises(error, match=text):
        w.grad = value(pg)
    assert w.grad is before
    with pytest.raises((RuntimeError, TypeError)):
        leaf(torch, [1, 2]).grad = value(torch)


def test_a_constant_keeps_no_gradient() -> None:
    c = const(pg, [1, 2])
    c.grad = None
    with pytest.raises(GraphError, match="requires_grad_"):
        c.grad = const(pg, [1, 2])
    assert c.grad is None


def test_reading_the_grad_of_what_is_no_leaf_warns_and_names_retain_grad() -> None:
    y = leaf(pg, [1, 2]) * 2
    with pytest.warns(PlugradWarning, match="retain_grad"):
        assert y.grad is None


@as_in_torch
def test_retain_grad_keeps_the_gradient_of_what_is_no_leaf(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    y = w * 3
    before = y.retain_grad(), y.grad
    loss = xp.sum(y * y)
    loss.backward(retain_graph=True)
    once = y.grad + 0
    y.retain_grad()
    loss.backward()
    return before, once, y.grad, w.grad


@as_in_torch
def test_retain_grad_goes_along_when_the_tensor_is_written(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    y, z = w * 2, w * 2
    y.retain_grad()
    z.retain_grad()
    y *= 3
    z[1] = 5.0
    xp.sum(y * y + z * z * z).backward()
    return y.grad, z.grad, w.grad


@as_in_torch
def test_retain_grad_does_nothing_on_a_leaf(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    w.retain_grad()
    xp.sum(w * w).backward()
    return w.grad


@as_in_torch
def test_retain_grad_works_on_one_of_several_results(xp: Any) -> Any:
    w = leaf(xp, [[1, 2], [3, 4]])
    first, second = xp.unbind(w) if xp is torch else xp.unstack(w)
    second.retain_grad()
    xp.sum(first * second * second).backward()
    return second.grad, w.grad


# ------------------------------------------------------------------------------------------------ refusals, and state

# What is asked of x (a leaf), y = x * x, another leaf and a constant; the error and what its text says
REFUSALS = {
    "a vector without a gradient": (lambda xp, x, y, o, c: y.backward(), ShapeError, r"\(3,\).*pass a gradient"),
    "an empty root": (lambda xp, x, y, o, c: y[:0].backward(), ShapeError, r"\(0,\).*pass a gradient"),
    "a gradient of another shape": (
        lambda xp, x, y, o, c: y.backward(xp.ones(2, dtype=xp.float64)), ShapeError, r"\(2,\).*\(3,\).*equal"),
    "a gradient that would broadcast": (
        lambda xp, x, y, o, c: y.backward(xp.ones((), dtype=xp.float64)), ShapeError, r"\(\).*\(3,\).*equal"),
    "a complex gradient": (
        lambda xp, x, y, o, c: y.backward(xp.ones(3, dtype=xp.complex128)), DTypeError, "complex128.*float64.*real"),
    "a real gradient of a complex root": (
        lambda xp, x, y, o, c: (y * 1j).backward(xp.ones(3, dtype=xp.float64)), DTypeError, "float64.*complex128"),
    "a complex root without a gradient": (
        lambda xp, x, y, o, c: xp.sum(y * 1j).backward(), ShapeError, "complex.*pass a gradient"),
    "no roots": (lambda xp, x, y, o, c: xp.autograd.backward(None), ValidationError, "tensors is a .*not NoneType"),
    "a number as root": (
        lambda xp, x, y, o, c: xp.autograd.grad(3, 4), ValidationError, "grad: inputs is a tensor or.*not int 4"),
    "a number as output": (
        lambda xp, x, y, o, c: xp.autograd.grad(3, x), ValidationError, "grad: outputs is a tensor or.*not int 3"),
    "an array as inputs": (
        lambda xp, x, y, o, c: xp.sum(y).backward(inputs=np.ones(3)), ValidationError, "inputs is a tensor.*ndarray"),
    "text as inputs": (
        lambda xp, x, y, o, c: xp.autograd.grad(xp.sum(y), "x"), ValidationError, "inputs is a tensor or.*str 'x'"),
    "text among inputs": (
        lambda xp, x, y, o, c: xp.autograd.grad(xp.sum(y), [x, "x"]), ValidationError, r"inputs\[1\] .*str 'x'"),
    "a flag as gradient": (
        lambda xp, x, y, o, c: xp.sum(y).backward(True), ValidationError, "True is no cotangent.*retain_graph=True"),
    "text as gradient": (lambda xp, x, y, o, c: y.backward("x"), DTypeError, "str 'x' is no array of numbers"),
    "one seed for two roots": (
        lambda xp, x, y, o, c: xp.autograd.backward([y, y], [c]), ValidationError, "1 cotangents for 2 roots"),
    "no inputs of backward": (
        lambda xp, x, y, o, c: xp.sum(y).backward(inputs=[]), ValidationError, "inputs is empty; leave it out"),
    "no inputs of grad": (lambda xp, x, y, o, c: xp.autograd.grad(xp.sum(y), []), ValidationError, "inputs is empty"),
    "a constant as input of backward": (
        lambda xp, x, y, o, c: xp.sum(y).backward(inputs=[x, c]), GraphError, r"inputs\[1\].*requires_grad_\(\)"),
    "a constant as input of grad": (
        lambda xp, x, y, o, c: xp.autograd.grad(xp.sum(y), [c, x]), GraphError, r"inputs\[0\].*requires_grad_\(\)"),
    "an unused input": (
        lambda xp, x, y, o, c: xp.autograd.grad(xp.sum(y), [x, o], retain_graph=True), GraphError,
        r"inputs\[1\].*allow_unused=True.*materialize_grads=True"),
    "zeros that are not allowed": (
        lambda xp, x, y, o, c: xp.autograd.grad(xp.sum(y), [x, o], allow_unused=False, materialize_grads=True),
        ValidationError, "materialize_grads=True.*allow_unused"),
    "a constant as root": (lambda xp, x, y, o, c: xp.sum(c).backward(), GraphError, r"requires_grad_\(\)"),
    "a constant beside a root": (
        lambda xp, x, y, o, c: xp.autograd.backward([xp.sum(y), xp.sum(c)]), GraphError, r"requires_grad_\(\)"),
    "requires_grad_(False) of what is no leaf": (
        lambda xp, x, y, o, c: y.requires_grad_(False), GraphError, r"detach\(\)"),
    "requires_grad of integers": (
        lambda xp, x, y, o, c: xp.asarray([1, 2]).requires_grad_(), DTypeError, "int64.*astype"),
    "requires_grad of booleans": (
        lambda xp, x, y, o, c: xp.asarray([True], requires_grad=True), DTypeError, "bool.*astype"),
    "retain_grad of a constant": (lambda xp, x, y, o, c: c.retain_grad(), GraphError, "does not require grad"),
    "numpy() of what is tracked": (lambda xp, x, y, o, c: y.numpy(), ConversionError, r"x\.detach\(\)\.numpy\(\)"),
    "numpy() of a leaf": (lambda xp, x, y, o, c: x.numpy(), ConversionError, r"x\.detach\(\)\.numpy\(\)"),
    "deepcopy of what was computed": (lambda xp, x, y, o, c: copy.deepcopy(y), GraphError, r"detach\(\) or clone\(\)"),
}  # fmt: skip


@pytest.mark.parametrize("ask, error, text", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_the_mend_and_leaves_all_as_it_was(ask: Any, error: Any, text: str) -> None:
    def state_after(xp: Any, expected: Any, match: str | None) -> Any:
        x, o, c = leaf(xp, [1, 2, 3]), leaf(xp, [4, 5, 6]), const(xp, [1, 1, 1])
        y = x * x
        with pytest.raises(expected, match=match):
            ask(xp, x, y, o, c)
        untouched = x.grad, o.grad
        y.backward(c)
        return untouched, x.grad

    ours, theirs = state_after(pg, error, text), state_after(torch, (RuntimeError, TypeError, ValueError), None)
    agree(ours, theirs)


def test_an_unused_input_is_noticed_before_the_walk() -> None:
    x, other = leaf(pg, [1, 2]), leaf(pg, [3, 4])
    loss = pg.sum(x * x)
    with pytest.raises(GraphError, match=r"inputs\[1\]"):
        pg.autograd.grad(loss, [x, other])
    loss.backward()  # torch has freed the graph by now
    assert x.grad.tolist() == [2, 4]


def test_a_freed_graph_is_noticed_before_any_gradient_changes() -> None:
    x, other = leaf(pg, [1, 2]), leaf(pg, [3, 4])
    y = x * x
    pg.sum(y).backward()
    before = x.grad.tolist()
    z = other * y
    with pytest.raises(GraphError, match="retain_graph=True"):
        pg.sum(z).backward()
    assert (x.grad.tolist(), other.grad) == (before, None)


# --------------------------------------------------------------------------------------------- where the graph broke

BROKEN = {
    "detach": lambda w: pg.sum((w * 2).detach() * 3),
    "no_grad": lambda w: pg.sum(quietly(w) * 3),
    "set_grad_enabled\\(False\\)": lambda w: pg.sum(switched_off(w) * 3),
    "astype, which gives int64": lambda w: pg.sum(pg.astype(pg.astype(w, pg.int64), pg.float64)),
    "argmax, which gives int64": lambda w: pg.astype(pg.argmax(w * 2), pg.float64) * 3.0,
    "argmin, which gives int64": lambda w: pg.astype(pg.argmin(w * 2), pg.float64) * 3.0,
    "count_nonzero": lambda w: pg.astype(pg.count_nonzero(w), pg.float64),
}


def quietly(w: pg.Tensor) -> pg.Tensor:
    with pg.no_grad():
        return w * 2


def switched_off(w: pg.Tensor) -> pg.Tensor:
    with pg.set_grad_enabled(False):
        return w * 2


@pytest.mark.parametrize("why, broken", BROKEN.items(), ids=BROKEN)
def test_backward_without_a_graph_says_where_it_broke(why: str, broken: Any) -> None:
    loss = broken(leaf(pg, [1.0, 2.0]))
    with pytest.raises(GraphError, match=rf"cut by .*{why}.*{Path(__file__).name}:\d+"):
        loss.backward()


def test_the_place_is_the_line_of_the_user() -> None:
    w = leaf(pg, [1.0, 2.0])
    cut = (w * w).detach()
    line = test_the_place_is_the_line_of_the_user.__code__.co_firstlineno + 2
    with pytest.raises(GraphError, match=rf"detach, at .*{Path(__file__).name}:{line}\b"):
        (cut * 2).sum().backward()


@pytest.mark.parametrize("bound", [1, const(pg, [1, 1])], ids=["number", "tensor"])
def test_a_comparison_is_named_as_the_end_of_a_graph(bound: Any) -> None:
    w = leaf(pg, [1.0, 2.0])
    with pytest.raises(GraphError, match=r"cut by greater\b"):
        pg.sum(pg.astype(w > bound, pg.float64)).backward()


def test_an_unused_input_says_where_the_graph_of_the_outputs_was_cut() -> None:
    w, v = leaf(pg, [1.0, 2.0]), leaf(pg, [3.0, 4.0])
    loss = pg.sum(w.detach() * v)
    with pytest.raises(GraphError, match=rf"inputs\[0\].*cut by detach, at .*{Path(__file__).name}:\d+"):
        pg.autograd.grad(loss, w)


def test_retain_grad_says_where_the_graph_was_cut() -> None:
    y = leaf(pg, [1.0, 2.0]).detach()
    with pytest.raises(GraphError, match="cut by detach"):
        y.retain_grad()


def test_a_detour_through_numpy_is_refused_where_it_begins() -> None:
    w = leaf(pg, [1.0, 2.0])
    with pytest.raises(ConversionError, match=r"requires grad.*detach"):
        np.asarray(w * 2)


# ------------------------------------------------------------------------------------------------------------- leaves

REQUIRES = {
    "constant": lambda xp, w, c: c,
    "leaf": lambda xp, w, c: w,
    "computed": lambda xp, w, c: w * c,
    "computed from constants": lambda xp, w, c: c * c,
    "detached": lambda xp, w, c: (w * c).detach(),
    "computed from a detached one": lambda xp, w, c: (w * c).detach() * c,
    "comparison": lambda xp, w, c: w > c,
    "argmax": lambda xp, w, c: xp.argmax(w),
    "cast to integers": lambda xp, w, c: w.to(xp.int64) if xp is torch else w.astype(xp.int64),
    "cast to float32": lambda xp, w, c: w.to(xp.float32) if xp is torch else w.astype(xp.float32),
    "floor": lambda xp, w, c: xp.floor(w),
    "sign": lambda xp, w, c: xp.sign(w),
    "where by a tracked condition": lambda xp, w, c: xp.where(w > 1, c, c),
    "clone": lambda xp, w, c: w.clone(),
    "detached leaf made a leaf": lambda xp, w, c: w.detach().requires_grad_(),
    "leaf that was stopped": lambda xp, w, c: w.clone().detach().requires_grad_().requires_grad_(False),
}


@pytest.mark.parametrize("make", REQUIRES.values(), ids=REQUIRES)
@pytest.mark.parametrize("recording", [True, False], ids=["grad", "no_grad"])
def test_requires_grad_is_leaf_and_grad_fn_as_in_torch(make: Any, recording: bool) -> None:
    def flags(xp: Any) -> Any:
        w, c = leaf(xp, [1, 2]), const(xp, [3, 4])
        with xp.set_grad_enabled(recording):
            y = make(xp, w, c)
        return y.requires_grad, y.is_leaf, y.grad_fn is None

    assert flags(pg) == flags(torch)


def test_a_view_under_no_grad_is_a_constant() -> None:
    """In torch a view of a leaf says there that it requires grad and is a leaf, and never gets a gradient."""
    w = leaf(pg, [1, 2])
    assert w[0].requires_grad
    with pg.no_grad():
        assert not w[0].requires_grad


def test_requires_grad_can_be_set_as_a_property() -> None:
    w = const(pg, [1, 2])
    w.requires_grad = True
    assert w.is_leaf
    assert w.requires_grad
    w.requires_grad = False
    assert not w.requires_grad


@as_in_torch
def test_a_leaf_that_is_stopped_and_started_again_keeps_its_gradient(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    xp.sum(w * w).backward()
    before = w.grad
    w.requires_grad_(False)
    paused = w.grad + 0, w.is_leaf, w.requires_grad, (w * 2).requires_grad, (w * 2).grad
    w.requires_grad_()
    xp.sum(w * 3).backward()
    return paused, w.grad, w.grad is before


@as_in_torch
def test_the_gradient_of_a_stopped_leaf_may_be_set(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    w.requires_grad = False
    first = w.grad
    w.grad = const(xp, [5, 6])
    second = w.grad + 0
    w.requires_grad = True
    xp.sum(w).backward()
    third = w.grad + 0
    w.requires_grad = False
    w.grad = None
    w.requires_grad = True
    return first, second, third, w.grad


@as_in_torch
def test_a_graph_that_is_older_adds_nothing_to_a_stopped_leaf_and_something_after(xp: Any) -> Any:
    w, v = leaf(xp, [1, 2]), leaf(xp, [3, 4])
    loss = xp.sum(w * w * v)
    w.requires_grad_(False)
    loss.backward(retain_graph=True)
    stopped = w.grad, v.grad + 0
    no_input = refused(lambda: xp.autograd.grad(loss, w, retain_graph=True))
    w.requires_grad_(True)
    loss.backward()
    return stopped, no_input, w.grad, v.grad


@as_in_torch
def test_deepcopy_of_a_stopped_leaf_has_its_gradient_and_is_stopped(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    xp.sum(w * w).backward()
    twin = copy.deepcopy(w.requires_grad_(False))
    twin.grad[0] = 7
    return w.grad, twin.grad, twin.requires_grad, twin.requires_grad_().grad


def test_a_leaf_stopped_inside_a_transform_is_another_there() -> None:
    w = leaf(pg, [1.0, 2.0])
    pg.sum(w * w).backward()
    w.requires_grad_(False)

    def inside(x: pg.Tensor) -> pg.Tensor:
        v = pg.asarray(x).requires_grad_()
        pg.sum(v * v).backward()
        v.requires_grad_(False)
        assert v.grad is not None
        v.requires_grad_()
        pg.sum(v).backward()
        return v.grad

    agree(pg.vmap(inside)(w), np.array([3.0, 5.0]))
    agree(w.requires_grad_().grad, np.array([2.0, 4.0]))


def test_requires_grad_returns_the_tensor_itself_and_keeps_what_was_computed() -> None:
    w = const(pg, [1, 2])
    assert w.requires_grad_() is w
    y = w * 2
    assert y.requires_grad_() is y
    assert not y.is_leaf


def test_to_the_device_where_it_is_stays_a_leaf() -> None:
    w = leaf(pg, [1, 2])
    assert w.to_device(w.device).is_leaf


@as_in_torch
def test_detach_shares_values_and_drops_the_history(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    y = w * 1
    d = y.detach()
    d[0] = 7
    return y, d, d.requires_grad, d.grad_fn, y.requires_grad


@as_in_torch
def test_deepcopy_of_a_leaf_is_a_leaf_of_its_own_with_its_gradient(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    xp.sum(w * w).backward()
    twin = copy.deepcopy(w)
    xp.sum(twin * 3).backward()
    return w.grad, twin.grad, twin.is_leaf, twin is w


# ------------------------------------------------------------------------------------------------------------- nodes

NAMES = {
    "MatmulBackward": lambda w: w @ w,
    "AddBackward": lambda w: w + w,
    "MultiplyBackward": lambda w: w * 2,
    "PowScalarBackward": lambda w: w**3,
    "SumBackward": lambda w: w.sum(),
    "GetitemBackward": lambda w: w[0],
    "GatherBackward": lambda w: w[pg.asarray([0, 0])],
    "ReshapeBackward": lambda w: w.reshape(-1),
    "MatrixTransposeBackward": lambda w: w.T,
    "AstypeBackward": lambda w: w.astype(pg.float32),
    "UnstackBackward": lambda w: pg.unstack(w)[1],
    "ConcatBackward": lambda w: pg.concat([w, w]),
    "WhereBackward": lambda w: pg.where(w > 0, w, 0.0),
}


@pytest.mark.parametrize("name, f", NAMES.items(), ids=NAMES)
def test_a_node_is_named_after_its_operation(name: str, f: Any) -> None:
    y = f(leaf(pg, [[1, 2], [3, 4]]))
    assert y.grad_fn.name() == name
    assert repr(y.grad_fn) == f"<{name}>"
    assert repr(y).endswith(f"grad_fn=<{name}>)")


@pytest.mark.numpy
def test_the_text_of_a_tensor_shows_its_history() -> None:
    w = leaf(pg, [1.0, 2.0])
    assert repr(w) == "tensor([1., 2.], requires_grad=True)"
    assert repr(w * 2) == "tensor([2., 4.], grad_fn=<MultiplyBackward>)"
    assert repr(w.detach()) == "tensor([1., 2.])"
    assert repr(w.grad_fn) == "None"


@as_in_torch
def test_next_functions_tell_where_gradients_go(xp: Any) -> Any:
    w, c = leaf(xp, [[1, 2], [3, 4]]), const(xp, [1, 2])
    second = (xp.unbind(w) if xp is torch else xp.unstack(w))[1]
    y = second * c
    z = w * w

    def ends(node: Any) -> list[Any]:
        return [(n is not None, i) for n, i in node.next_functions]

    same_leaf = z.grad_fn.next_functions[0][0] is z.grad_fn.next_functions[1][0]
    return ends(y.grad_fn), ends(z.grad_fn), same_leaf, z.grad_fn.next_functions[0][0].name().split("::")[-1]


@as_in_torch
def test_a_node_takes_notes_that_are_its_own(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    y, z = w * 2, w * 3
    empty = dict(y.grad_fn.metadata)
    y.grad_fn.metadata["scale"] = 2
    y.grad_fn.next_functions[0][0].metadata["of"] = "w"
    cannot = [refused_to_set(y.grad_fn), y.grad_fn.metadata is y.grad_fn.metadata]
    return empty, y.grad_fn.metadata, z.grad_fn.metadata, z.grad_fn.next_functions[0][0].metadata, cannot


def refused_to_set(node: Any) -> bool:
    try:
        node.metadata = {}
    except AttributeError:
        return True
    return False


def test_notes_keep_no_gradient_and_a_kept_gradient_leaves_the_notes() -> None:
    w = leaf(pg, [1, 2])
    y, z = w * 2, w * 3
    assert y.grad_fn.extra is None
    y.grad_fn.metadata["a"] = z.grad_fn.metadata["a"] = 1
    z.retain_grad()
    pg.sum(y * z).backward(retain_graph=True)
    with pytest.warns(PlugradWarning, match="retain_grad"):
        assert y.grad is None
    agree(z.grad, np.array([2.0, 4.0]))
    assert y.grad_fn.metadata == z.grad_fn.metadata == {"a": 1}
    w.requires_grad_(False).requires_grad_()
    agree(w.grad, np.array([12.0, 24.0]))


def test_the_graph_can_be_walked_by_hand_to_its_leaves() -> None:
    w = leaf(pg, [1, 2])
    node, names = pg.sum(pg.exp(w) * 2).grad_fn, []
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    assert names == ["SumBackward", "MultiplyBackward", "ExpBackward", "AccumulateGrad"]


# ---------------------------------------------------------------------------------------------------------- no_grad


def modes(xp: Any) -> tuple[bool, bool]:
    """What the switch says, and what an operation does."""
    return xp.is_grad_enabled(), (leaf(xp, 1) * 2).requires_grad


@as_in_torch
def test_no_grad_and_enable_grad_nest(xp: Any) -> Any:
    seen = [modes(xp)]
    with xp.no_grad():
        seen.append(modes(xp))
        with xp.enable_grad():
            seen.append(modes(xp))
            with xp.no_grad():
                seen.append(modes(xp))
            seen.append(modes(xp))
        seen.append(modes(xp))
    return [*seen, modes(xp)]


@as_in_torch
def test_set_grad_enabled_is_a_block_and_a_plain_call(xp: Any) -> Any:
    with xp.set_grad_enabled(False):
        seen = [modes(xp)]
        with xp.set_grad_enabled(True):
            seen.append(modes(xp))
    seen.append(modes(xp))
    xp.set_grad_enabled(False)
    seen.append(modes(xp))
    xp.set_grad_enabled(True)
    return [*seen, modes(xp)]


def test_a_switch_can_be_entered_again_also_within_itself() -> None:
    """Torch's remembers one state, and leaves its outer block with that of the inner."""
    quiet, seen = pg.no_grad(), []
    for _ in range(2):
        with quiet:
            with quiet:
                seen.append(modes(pg))
            seen.append(modes(pg))
        seen.append(modes(pg))
    assert seen == [(False, False), (False, False), (True, True)] * 2


def test_set_grad_enabled_restores_what_held_where_it_was_entered() -> None:
    """Torch's restores what held where it was made."""
    loud, seen = pg.set_grad_enabled(True), []
    for _ in range(2):
        with pg.no_grad():
            with loud:
                seen.append(modes(pg))
            seen.append(modes(pg))
        seen.append(modes(pg))
    assert seen == [(True, True), (False, False), (True, True)] * 2


@as_in_torch
def test_set_grad_enabled_as_a_plain_call_serves_as_a_block_later(xp: Any) -> Any:
    off = xp.set_grad_enabled(False)
    try:
        with xp.enable_grad():
            with off:
                seen = [modes(xp)]
            seen.append(modes(xp))
        seen.append(modes(xp))
    finally:
        xp.set_grad_enabled(True)
    return seen


@as_in_torch
def test_an_error_ends_a_no_grad_block(xp: Any) -> Any:
    try:
        with xp.no_grad():
            raise KeyError
    except KeyError:
        return modes(xp)


@as_in_torch
def test_the_switches_decorate_with_and_without_parentheses(xp: Any) -> Any:
    @xp.no_grad
    def bare() -> Any:
        """Kept."""
        return modes(xp)

    @xp.no_grad()
    def called() -> Any:
        return modes(xp)

    @xp.enable_grad
    def loud() -> Any:
        return modes(xp)

    @xp.set_grad_enabled(False)
    def off() -> Any:
        return modes(xp)

    @xp.no_grad()
    def deep(n: int) -> Any:
        return deep(n - 1) if n else modes(xp)

    with xp.no_grad():
        inside = loud()
    return bare(), called(), inside, off(), deep(3), modes(xp), bare.__name__, bare.__doc__


@pytest.mark.filterwarnings("ignore:the .type, exc, tb. signature of throw:DeprecationWarning")  # torch's, Python 3.12
@as_in_torch
def test_a_decorated_generator_is_quiet_only_while_it_runs(xp: Any) -> Any:
    seen = []

    @xp.no_grad()
    def numbers() -> Any:
        got = None
        try:
            while got != "stop":
                seen.append(("generator", *modes(xp), got))
                got = yield xp.is_grad_enabled()
        except KeyError:
            seen.append(("thrown", *modes(xp)))
            yield "caught"
        finally:
            seen.append(("closed", *modes(xp)))
        return "returned"

    def through() -> Any:
        seen.append((yield from numbers()))

    sent = numbers()
    seen.append(next(sent))
    seen.append(("consumer", *modes(xp)))
    seen.append(sent.send("value"))
    seen.append(sent.throw(KeyError()))
    sent.close()
    stopped = through()
    next(stopped)
    with pytest.raises(StopIteration):
        stopped.send("stop")
    abandoned = numbers()
    next(abandoned)
    abandoned.close()
    return [*seen, modes(xp)]


@as_in_torch
def test_a_generator_that_enters_no_grad_itself_leaks_nothing(xp: Any) -> Any:
    @xp.enable_grad()
    def loud() -> Any:
        for _ in range(2):
            yield modes(xp)

    with xp.no_grad():
        return [(inside, modes(xp)) for inside in loud()]


@as_in_torch
def test_a_leaf_made_under_no_grad_counts(xp: Any) -> Any:
    with xp.no_grad():
        w = leaf(xp, [1, 2])
        quiet = w * 2
    xp.sum(w * w).backward()
    return w.requires_grad, quiet.requires_grad, w.grad


@as_in_torch
def test_an_optimiser_step_under_no_grad(xp: Any) -> Any:
    w = leaf(xp, [1, 2])
    for _ in range(3):
        xp.sum(w**4).backward()
        with xp.no_grad():
            w -= 0.01 * w.grad
        w.grad = None
    return w, w.is_leaf, w.requires_grad


@as_in_torch
def test_no_grad_holds_for_its_thread_alone(xp: Any) -> Any:
    seen = []
    with xp.no_grad():
        worker = threading.Thread(target=lambda: seen.append(modes(xp)))
        worker.start()
        worker.join()
        seen.append(modes(xp))
    return seen


@as_in_torch
def test_tangents_flow_under_no_grad(xp: Any) -> Any:
    jvp = torch.func.jvp if xp is torch else pg.jvp

    def quiet(x: Any) -> Any:
        with xp.no_grad():
            return xp.sin(x) * x

    return jvp(quiet, (const(xp, [1, 2]),), (const(xp, [1, 10]),))


# ---------------------------------------------------------------------------------------------------------- complex


def by_backward(f: Any, z: complex, xp: Any = pg) -> Any:
    w = leaf(xp, z, "complex128")
    f(w).backward()
    return w.grad


def test_the_gradient_is_the_conjugate_wirtinger_derivative() -> None:
    assert by_backward(lambda z: pg.real(z * pg.conj(z)), 3 + 4j).item() == 6 + 8j
    z = leaf(pg, 1 + 1j, "complex128")
    (z**2).backward(const(pg, 1, "complex128"))
    assert z.grad.item() == 2 - 2j
    point = const(pg, 1 + 1j, "complex128")
    assert pg.jvp(lambda z: z**2, (point,), (const(pg, 1, "complex128"),))[1].item() == 2 + 2j


HOLOMORPHIC = {
    "exp": lambda xp, z: xp.exp(z),
    "sin": lambda xp, z: xp.sin(z),
    "tanh": lambda xp, z: xp.tanh(z),
    "log": lambda xp, z: xp.log(z),
    "sqrt": lambda xp, z: xp.sqrt(z),
    "z ** 3": lambda xp, z: z**3,
    "1 / z": lambda xp, z: 1 / z,
    "z * (2 + 1j)": lambda xp, z: z * (2 + 1j),
    "z @ z.T": lambda xp, z: z @ z.T,
    "cumulated": lambda xp, z: xp.sum(z * z[0]),
}


@pytest.mark.parametrize("f", HOLOMORPHIC.values(), ids=HOLOMORPHIC)
def test_a_holomorphic_function_conjugates_its_derivative(f: Any) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2))

    def program(xp: Any) -> Any:
        z = leaf(xp, values, "complex128")
        y = f(xp, z)
        seed = rng.normal(size=tuple(y.shape)) * (1 - 2j)
        y.backward(const(xp, seed * 0 + (1 - 2j), "complex128"))
        return z.grad

    agree(program(pg), program(torch))


REAL_VALUED = {
    "abs": lambda xp, z: xp.abs(z),
    "angle": lambda xp, z: xp.angle(z) if xp is torch else xp.atan2(xp.imag(z), xp.real(z)),
    "real": lambda xp, z: xp.real(z) ** 2,
    "imag": lambda xp, z: xp.imag(z) ** 3,
    "conj": lambda xp, z: xp.real(xp.conj(z) * z * z),
    "abs of a product": lambda xp, z: xp.abs(z * xp.conj(z) + 2j * z),
}


@pytest.mark.parametrize("f", REAL_VALUED.values(), ids=REAL_VALUED)
@pytest.mark.parametrize("z", [3 + 4j, -1 + 0.5j, 2j], ids=str)
def test_a_real_valued_function_of_a_complex_number(f: Any, z: complex) -> None:
    agree(by_backward(lambda w: f(pg, w), z), by_backward(lambda w: f(torch, w), z, torch))


@as_in_torch
def test_a_real_operand_gets_the_real_part(xp: Any) -> Any:
    x, z = leaf(xp, [1, 2]), leaf(xp, [1 + 2j, 3 - 1j], "complex128")
    xp.sum(xp.real(x * z * z)).backward()
    return x.grad, z.grad


@as_in_torch
def test_a_complex_product_with_a_python_number(xp: Any) -> Any:
    x = leaf(xp, [1, 2])
    xp.sum(xp.abs(x * (3 + 4j) + 1j)).backward()
    return x.grad


@pytest.mark.parametrize("f", HOLOMORPHIC.values(), ids=HOLOMORPHIC)
def test_reverse_and_forward_meet_with_conjugation_on_the_cotangent(f: Any) -> None:
    rng = np.random.default_rng(4)

    def draw(shape: Any) -> Any:
        return const(pg, rng.normal(size=shape) + 1j * rng.normal(size=shape), "complex128")

    z, v = draw((2, 2)), draw((2, 2))
    y, tangent = pg.jvp(lambda z: f(pg, z), (z,), (v,))
    u = draw(y.shape)
    (back,) = pg.vjp(lambda z: f(pg, z), z)[1](u)
    forward = float(pg.sum(pg.real(pg.conj(u) * tangent)))
    assert math.isclose(forward, float(pg.sum(pg.real(pg.conj(back) * v))), rel_tol=1e-12)


def test_a_freed_part_of_the_graph_that_is_not_visited_does_no_harm() -> None:
    """As in torch: the walk goes only where `inputs` lie."""

    def program(lib: Any) -> Any:
        x, other = leaf(lib, [1.0, 2.0]), leaf(lib, [3.0, 5.0])
        y = x * x
        lib.sum(y).backward()
        lib.sum(other * y).backward(inputs=[other])
        return other.grad

    agree(program(pg), program(torch))
