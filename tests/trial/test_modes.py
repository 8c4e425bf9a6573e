"""The 67 tests of the mode variable and of compile's hidden inputs: everything older than a program that it reads."""

from __future__ import annotations

import contextvars
import threading
import time
from contextlib import contextmanager

import numpy as np
import torch
from torch import func

import plugrad as pg
from plugrad.tensor import MODE, current_mode, switched

from .helpers import (
    ONE,
    THREE,
    backward,
    floats,
    given,
    holds,
    in_thread,
    jvp,
    leaf,
    quietly,
    raw,
    refuses,
    requires_grad,
    table,
)

X3 = np.array([1.0, 2.0, 3.0])
C3 = np.array([0.3, -0.5, 0.7])
X23 = np.stack([X3, -X3, X3 * 2])
GIVEN, GIVEN3 = given(np.asarray(3.0)), given(X3)


def is_plain(x):
    """A value of level 0 without history, on a real array: nothing of a program or a transform is left in it."""
    return type(x.data) is type(ONE.data) and x.by is ONE.by and x.node is None


# ------------------------------------------------------------------------- a closed-over tensor changes after the trace


def before_and_after(change):
    """The results of a compiled function before and after a change of the tensor it closes over."""
    c = floats([1, 1, 1])
    f = pg.compile(lambda x: pg.sum(x * c))
    first = f(GIVEN3)
    change(c)
    return [first, f(GIVEN3)]


def rebind_slot(c):
    c.data = floats([2.0, 2.0, 2.0]).data


def assign(c):
    c[0] = 10.0


def losses_of_an_optimiser():
    c, losses = leaf([1, 1, 1]), []
    f = pg.compile(lambda x: pg.sum(pg.square(x * c)))
    for _ in range(3):
        loss = f(GIVEN3)
        losses.append(float(raw(loss)))
        g = backward(loss, c)
        c.grad = None
        with pg.no_grad():
            c -= g * 0.1  # the leaf stays
    return losses


def losses_of_numpys_optimiser():
    c, losses = np.ones(3), []
    for _ in range(3):
        losses.append(((X3 * c) ** 2).sum())
        c = c - 0.1 * 2 * X3 * X3 * c
    return losses


def exp_of_a_captured():
    c = floats([0, 1, 2])
    f = pg.compile(lambda x: x * pg.exp(c))
    first = f(GIVEN3)
    c[0] = 5.0
    return [first, f(GIVEN3)]


def follows(name, inside, want):
    """A case: what `inside` makes of a captured tensor, while tracing, is made anew when that tensor has changed."""

    def ours():
        c = floats([1, 2, 3])
        f = pg.compile(lambda x: x * inside(c))
        first = f(GIVEN3)
        c[:] = floats([3, 3, 3])
        return [first, f(GIVEN3)]

    return holds(
        f"transform inside: {name}, c changes",
        ours,
        lambda: [X3 * want(np.array([1.0, 2.0, 3.0])), X3 * want(np.full(3, 3.0))],
    )


def gradient_of_square(c):
    w = requires_grad(c)
    return backward(pg.sum(w * w), w)


def filled_from(c):
    b = pg.asarray(np.zeros(3))
    b[0] = c[0]
    return b


def captured_is_returned():
    c = floats([1, 2, 3])
    f = pg.compile(lambda x: (x, [c]))
    f(GIVEN3)
    c[0] = 9.0
    return f(GIVEN3)[1][0]


def grad_inside_backward_outside():
    w = leaf(2.0)
    return backward(pg.compile(pg.grad(lambda z: z * z * w))(GIVEN), w)


@table(
    holds("slots rebound", lambda: before_and_after(rebind_slot), [6, 12]),
    holds("assigned", lambda: before_and_after(assign), [6, 15]),
    holds("optimiser step under no_grad", losses_of_an_optimiser, losses_of_numpys_optimiser),
    holds(
        "exp(c), c alone in an operation",
        exp_of_a_captured,
        lambda: [X3 * np.exp([0, 1, 2]), X3 * np.exp([5, 1, 2])],
    ),
    follows("grad at c", lambda c: pg.grad(lambda z: pg.sum(z * z * z))(c), lambda v: 3 * v * v),
    follows("jvp at c", lambda c: jvp(pg.square, c, c)[1], lambda v: 2 * v * v),
    follows("vmap over c", lambda c: pg.vmap(pg.exp)(c), np.exp),
    follows("c[1]", lambda c: c[1], lambda v: v[1]),
    follows("requires_grad(c)", gradient_of_square, lambda v: 2 * v),
    follows("NumPy-made buffer filled from c", filled_from, lambda v: np.array([v[0], 0, 0])),
    holds("c itself returned", captured_is_returned, [9, 2, 3]),
    holds("grad inside over closed-over leaf, backward outside", grad_inside_backward_outside, 6),
)
def test_hidden_inputs_are_read_at_each_call(case):
    case()


# ----------------------------------------------------------------------- derivatives of and through a compiled function


def body(c):
    return lambda x: pg.sum(pg.tanh(x * c) * c)


def body_torch(c):
    return lambda x: (torch.tanh(x * c) * c).sum()


X3_TORCH, C3_TORCH, X23_TORCH = map(torch.tensor, (X3, C3, X23))


def compiled(c):
    """The compiled body over c, traced already."""
    f = pg.compile(body(c))
    f(GIVEN3)
    return f


def to_the_leaf(loss_of):
    """The gradient of loss_of(c) to the leaf c."""
    c = leaf(C3)
    return backward(loss_of(c), c)


def second_order():
    c = leaf(C3)
    (g,) = pg.autograd.grad(pg.compile(body(c))(GIVEN3), c, grad_outputs=floats(1.0), create_graph=True)
    return backward(pg.sum(g), c)


def tangent(f):
    return jvp(f, floats(X3), floats(X3))[1]


def tangent_torch(f):
    return func.jvp(f, (X3_TORCH,), (X3_TORCH,))[1]


def compiled_grad_in_jvp():
    f = pg.compile(pg.grad(body(floats(C3))))
    f(GIVEN3)
    return tangent(f)


def times_lifted(z):
    """A function compiled inside a transform, over a value of it."""
    return pg.compile(lambda y: y * z)(floats(2.0))


def outlives_the_lifted_value():
    kept = []

    def f(z):
        kept.append(pg.compile(lambda y: y * z))
        kept[0](floats(2.0))
        return z

    jvp(f, THREE, ONE)
    return kept[0](floats(2.0))


@table(
    holds(
        "leaf: first order",
        lambda: to_the_leaf(lambda c: pg.compile(body(c))(GIVEN3)),
        lambda: func.grad(lambda c: body_torch(c)(X3_TORCH))(C3_TORCH),
    ),
    holds(
        "leaf: second order (create_graph)",
        second_order,
        lambda: func.grad(lambda c: func.grad(lambda c: body_torch(c)(X3_TORCH))(c).sum())(C3_TORCH),
    ),
    holds(
        "tracked, not a leaf",
        lambda: to_the_leaf(lambda w: pg.compile(body(w * w))(GIVEN3)),
        lambda: func.grad(lambda w: body_torch(w * w)(X3_TORCH))(C3_TORCH),
    ),
    holds(
        "vmap of the compiled call",
        lambda: pg.vmap(compiled(floats(C3)))(floats(X23)),
        lambda: func.vmap(body_torch(C3_TORCH))(X23_TORCH),
    ),
    holds(
        "vmap of the call, gradient to the leaf",
        lambda: to_the_leaf(lambda c: pg.sum(pg.vmap(compiled(c))(floats(X23)))),
        lambda: func.grad(lambda c: func.vmap(body_torch(c))(X23_TORCH).sum())(C3_TORCH),
    ),
    holds("jvp of the call", lambda: tangent(compiled(floats(C3))), lambda: tangent_torch(body_torch(C3_TORCH))),
    holds(
        "jvp of the call, gradient to the leaf",
        lambda: to_the_leaf(lambda c: tangent(compiled(c))),
        lambda: func.grad(lambda c: tangent_torch(body_torch(c)))(C3_TORCH),
    ),
    holds(
        "hvp of the call",
        lambda: tangent(pg.grad(compiled(floats(C3)))),
        lambda: tangent_torch(func.grad(body_torch(C3_TORCH))),
    ),
    holds(
        "vmap(grad) of the call",
        lambda: pg.vmap(pg.grad(compiled(floats(C3))))(floats(X23)),
        lambda: func.vmap(func.grad(body_torch(C3_TORCH)))(X23_TORCH),
    ),
    holds(
        "compile of grad, called in jvp",
        compiled_grad_in_jvp,
        lambda: tangent_torch(func.grad(body_torch(C3_TORCH))),
    ),
    holds("lifted closure: Dual", lambda: jvp(times_lifted, THREE, ONE)[1], 2),
    holds("lifted closure: Batched", lambda: pg.vmap(times_lifted)(floats([1, 2])), [2, 4]),
    holds(
        "lifted closure: Taped",
        lambda: pg.grad(lambda z: pg.grad(lambda u: pg.compile(lambda y: y * u * z)(floats(2.0)))(z) * z)(THREE),
        12,
    ),
    holds(
        "closed over fast-grad variable",
        lambda: pg.grad(lambda z: pg.compile(lambda y: y * z * z)(floats(2.0)))(THREE),
        12,
    ),
    refuses("a compiled function that outlives the lifted value it closed over", outlives_the_lifted_value),
)
def test_derivatives_of_a_compiled_function(case):
    case()


# ------------------------------------------------------------------------------------------------------------- branches


def branches_on(condition):
    """A compiled function that branches on condition(), called."""
    return pg.compile(lambda x: x * (10.0 if condition() else 0.0))(GIVEN3)


def branch_on_a_constant_of_an_earlier_trace():
    kept = []

    def first(x):
        kept.append(pg.asarray(1.0))
        return x

    pg.compile(first)(GIVEN3)
    return branches_on(lambda: kept[0] > 0)


def constant_escapes():
    kept = []

    def first(x):
        kept.append(pg.asarray([1.0, 1, 1]))
        return x

    pg.compile(first)(GIVEN3)
    return kept[0] * floats(X3) + pg.exp(kept[0] - kept[0])


@table(
    holds("bool(asarray(3) > 2)", lambda: branches_on(lambda: bool(pg.asarray(3) > 2)), X3 * 10),
    holds(
        "bool of an operation on constants",
        lambda: branches_on(lambda: pg.sum(pg.asarray([1.0, 2]) * 3.0) > 8),
        X3 * 10,
    ),
    refuses("bool(c > 0) of a captured c", lambda: branches_on(lambda: ONE > 0)),
    refuses("bool(c) of a captured c", lambda: branches_on(lambda: ONE)),
    refuses("bool(exp(c) > 0)", lambda: branches_on(lambda: pg.exp(ONE) > 0)),
    refuses("a constant of an earlier trace is older in the next", branch_on_a_constant_of_an_earlier_trace),
    holds("a constant that outlives its trace is an ordinary array", constant_escapes, X3 + 1),
    holds("c > 0 eager", lambda: bool(ONE > 0), True),
)
def test_branches(case):
    case()


# --------------------------------------------------------------------------------------------------- compile in compile


def traced_inside():
    c = floats([1, 1, 1])
    f = pg.compile(lambda x: pg.compile(lambda y: y * x * c)(x + 1.0))
    first = f(GIVEN3)
    c[0] = 5.0
    return [first, f(GIVEN3)]


def called_inside():
    c = floats([1, 1, 1])
    g = pg.compile(lambda y: pg.exp(c) * y)
    g(GIVEN3)
    f = pg.compile(lambda x: g(x) * 2.0)
    first = f(GIVEN3)
    c[0] = 5.0
    return [first, f(GIVEN3)]


def gradient_of_called_inside():
    c = leaf([1, 1, 1])
    g = pg.compile(lambda y: pg.square(c) * y)
    g(GIVEN3)
    return backward(pg.compile(lambda x: pg.sum(g(x)))(GIVEN3), c)


@table(
    holds(
        "traced inside, closing over the outer symbol and c",
        traced_inside,
        lambda: [X3 * (X3 + 1), X3 * (X3 + 1) * [5, 1, 1]],
    ),
    holds(
        "compiled before, called inside; its hidden input is the outer's",
        called_inside,
        lambda: [X3 * 2 * np.e, X3 * 2 * np.exp([5, 1, 1])],
    ),
    holds("and its gradient", gradient_of_called_inside, 2 * X3),
    holds(
        "a program in a program closes over its symbol",
        lambda: pg.compile(lambda x: pg.compile(lambda y: y * y + x)(pg.asarray([10.0])) * x)(given(np.array([1.0]))),
        [101],
    ),
)
def test_compile_in_compile(case):
    case()


# -------------------------------------------------------------------------------------------------------------- threads


def eager_beside_a_trace():
    """What an eager thread computes while another one traces a function over the same tensor, and that one's result."""
    c, seen = floats(X3), []
    tracing, done = threading.Event(), threading.Event()

    def eager():
        tracing.wait(60)
        y = c * 2.0
        z = pg.exp(c) + pg.asarray(X3)
        seen.extend([is_plain(y), is_plain(z)])
        done.set()

    def f(x):
        tracing.set()
        done.wait(60)
        return x * c

    thread = threading.Thread(target=eager)
    thread.start()
    result = pg.compile(f)(GIVEN3)
    thread.join()
    return [*seen, *raw(result)]


@table(
    holds("one thread traces, the other does not", eager_beside_a_trace, [1, 1, 1, 4, 9]),
    refuses("a worker started inside a trace", lambda: pg.compile(lambda x: in_thread(lambda: x * ONE))(GIVEN3)),
)
def test_threads(case):
    case()


# --------------------------------------------------------------------------------------------------------------- shapes


def captured_with_other_shapes():
    c = floats([1, 1, 1])
    f = pg.compile(lambda x: pg.sum(x * c))
    results = [f(GIVEN3)]
    for changed in (floats(np.ones((2, 3))), pg.ones((), dtype=pg.float32)):
        c.data = changed.data
        results.append(f(GIVEN3))
    return results


def mean_over_a_shrunk_capture():
    c = floats([1, 1, 1])
    f = pg.compile(lambda x: pg.mean(x * c))
    f(GIVEN3)
    c.data = floats(2.0).data
    return f(GIVEN3)


@table(
    holds("captured with another shape, rank and dtype: traced anew", captured_with_other_shapes, [6, 12, 6]),
    holds("mean's count follows", mean_over_a_shrunk_capture, 4),
)
def test_shapes_of_hidden_inputs(case):
    case()


# -------------------------------------------------------------------------------------------------------------- no_grad


def detached_square(u):
    return quietly(lambda: u * u)


def quiet_square_of_a_leaf():
    c = leaf(2.0)
    return backward(pg.compile(lambda u: u * c * detached_square(c))(GIVEN), c)


def quiet_call_is_plain():
    c = leaf(X3)
    return is_plain(quietly(lambda: pg.compile(lambda u: u * c)(GIVEN3)))


def traced_quietly_used_loudly():
    c = leaf(2.0)
    f = pg.compile(lambda u: u * u * c)
    quietly(lambda: f(GIVEN))
    return backward(f(GIVEN), c)


def older_buffer_is_assigned():
    b = floats(X3)

    def f(x):
        b[0] = x[0]
        raise AssertionError("the write was accepted")

    return pg.compile(f)(GIVEN3)


@table(
    holds(
        "no_grad inside, gradient outside by x",
        lambda: pg.grad(lambda x: pg.compile(lambda u: u * detached_square(u))(x))(THREE),
        9,
    ),
    holds("no_grad inside, leaf closed over", quiet_square_of_a_leaf, 12),
    holds(
        "no_grad inside: tangents flow",
        lambda: jvp(lambda x: pg.compile(lambda u: u * detached_square(u))(x), THREE, ONE)[1],
        27,
    ),
    holds(
        "grad around no_grad inside compile",
        lambda: pg.compile(pg.grad(lambda u: u * detached_square(u)))(GIVEN),
        9,
    ),
    holds("no_grad around the call: no history, fast path", quiet_call_is_plain, True),
    holds("traced under no_grad, used without", traced_quietly_used_loudly, 9),
    holds(
        "no_grad around, grad inside",
        lambda: quietly(lambda: pg.compile(pg.grad(lambda u: u * u * u))(GIVEN)),
        27,
    ),
    refuses("assignment into an older buffer, at the write", older_buffer_is_assigned),
)
def test_no_grad_in_programs(case):
    case()


# ------------------------------------------------------------------------------------------------- a profiler as a mode


@contextmanager
def profile():
    """{operation: (how often, seconds)} of what runs inside; profilers nest."""
    seen, outer = {}, current_mode().watch

    def watch(op, kernel, raw_args, params):
        start = time.perf_counter()
        out = outer(op, kernel, raw_args, params) if outer else kernel(*raw_args, **params)
        count, seconds = seen.get(op.name, (0, 0.0))
        seen[op.name] = count + 1, seconds + time.perf_counter() - start
        return out

    with switched(watch=watch):
        yield seen


def nested_profilers():
    w = leaf(X3)
    with profile() as outer:
        with profile() as inner:
            y = pg.sum(pg.tanh(w) * w)
        with pg.no_grad():
            pg.exp(w)
    pg.exp(w)
    counts = [seen[name][0] for seen, name in [(inner, "tanh"), (inner, "multiply"), (outer, "exp"), (outer, "tanh")]]
    return [*counts, MODE.get() is None, y.node is not None]


def multiplications_seen(create_graph):
    """How many products a profiler around the walk sees."""
    w = leaf(X3)
    y = pg.sum(pg.tanh(w) * w)
    with profile() as seen:
        pg.autograd.grad(y, w, create_graph=create_graph)
    return seen.get("multiply", (0,))[0]


def tanhs_seen_in_a_compiled_call():
    f = pg.compile(lambda x: pg.tanh(x) * 2.0)
    f(GIVEN3)
    with profile() as seen:
        f(GIVEN3)
    return seen["tanh"][0]


@table(
    holds("profiler: forward, nested, with no_grad", nested_profilers, [1, 1, 1, 1, 1, 1]),
    # raw rules pass the profiler by, and the prototype saw 0; here a walk goes through the doors while one watches
    holds("profiler: the raw walk is invisible", lambda: multiplications_seen(create_graph=False), 4),
    holds("profiler: the recording walk is seen", lambda: multiplications_seen(create_graph=True), 4),
    holds("profiler: a compiled call is seen operation by operation", tanhs_seen_in_a_compiled_call, 1),
)
def test_profiler(case):
    case()


# --------------------------------------------------------------------------------------------- what a handle cannot see


def name_rebound(old_is_held):
    c = floats([1, 1, 1])
    held = c if old_is_held else None
    f = pg.compile(lambda x: pg.sum(x * c))
    f(GIVEN3)
    c = floats([2, 2, 2])
    result = f(GIVEN3)
    del held
    return result


def parameter_replaced():
    parameters = [floats([1, 1, 1])]
    f = pg.compile(lambda x: pg.sum(x * parameters[0]))
    f(GIVEN3)
    parameters[0] = parameters[0] * 2.0
    return f(GIVEN3)


def read_in_a_worker():
    c = floats([1, 1, 1])
    f = pg.compile(lambda x: x * in_thread(lambda: c * 2.0))
    first = f(GIVEN3)
    c[:] = 5.0
    return [first, f(GIVEN3)]


def context_outlives_its_program():
    contexts, c = [], floats(X3)

    def f(x):
        contexts.append(contextvars.copy_context())
        return x * c

    pg.compile(f)(GIVEN3)
    return is_plain(contexts[0].run(lambda: c * pg.asarray(2.0)))


def traces_of_calls(inside, calls):
    """How often a function is traced that is called so often over the same tensor."""
    traces, c = [], floats([1, 2, 3])

    def f(x):
        traces.append(1)
        return x * inside(c)

    g = pg.compile(f)
    for _ in range(calls):
        g(GIVEN3)
    return len(traces)


def traces_with_and_without_grad():
    c, traces = leaf(2.0), []

    def f(u):
        traces.append(1)
        return u * c

    g = pg.compile(f)
    g(GIVEN)
    quietly(lambda: g(GIVEN))
    return len(traces)


def backward_to_an_older_and_a_younger_leaf():
    older = leaf([1, 2, 3])

    def f(x):
        w = requires_grad(x)
        return backward(pg.sum(w * older), w)

    return pg.compile(f)(GIVEN3)


@table(
    holds("Python name rebound, old tensor dropped: traced anew", lambda: name_rebound(old_is_held=False), 12),
    # a program knows handles, not names: documented, and asserted here so that a change is noticed
    holds(
        "Python name rebound, old tensor held elsewhere (STALE, known limit: 6)",
        lambda: name_rebound(old_is_held=True),
        6,
    ),
    holds("list of parameters replaced", parameter_replaced, 12),
    holds("c read in a worker thread only", read_in_a_worker, lambda: [X3 * 2, X3 * 10]),
    holds("a context that outlives its program", context_outlives_its_program, True),
    holds("many calls, one trace", lambda: traces_of_calls(lambda c: c, calls=5), 1),
    holds(
        "one trace for four calls: jvp at c",
        lambda: traces_of_calls(lambda c: jvp(pg.square, c, c)[1], calls=4),
        1,
    ),
    holds("one trace for four calls: vmap over c", lambda: traces_of_calls(pg.vmap(pg.exp), calls=4), 1),
    holds(
        "one trace for four calls: grad at c",
        lambda: traces_of_calls(pg.grad(lambda z: pg.sum(z * z * z)), calls=4),
        1,
    ),
    holds("one trace for four calls: requires_grad(c)", lambda: traces_of_calls(requires_grad, calls=4), 1),
    holds("grad mode is in the key", traces_with_and_without_grad, 2),
    refuses("backward to an older leaf and a younger one", backward_to_an_older_and_a_younger_leaf),
)
def test_keys_and_handles(case):
    case()
