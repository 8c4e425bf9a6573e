"""Transforms: forms of their arguments, nestings, and refusals; torch.func computes the same beside them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import func

import plugrad as pg
from plugrad.errors import (
    ConversionError,
    DTypeError,
    GraphError,
    PlugradError,
    ShapeError,
    TransformError,
    ValidationError,
)

from .helpers import agree, const, leaf

rng = np.random.default_rng(0)
X, Y, V, M, XS = (rng.normal(size=shape) for shape in [(3,), (3,), (3,), (3, 3), (4, 3)])


def _value_and_grad(f: Any, argnums: Any = 0, has_aux: bool = False) -> Any:
    def swapped(*args: Any) -> Any:
        g, value = func.grad_and_value(f, argnums, has_aux)(*args)
        return value, g

    return swapped


def _hvp(f: Any, primals: Any, tangents: Any) -> Any:
    return func.jvp(func.grad(f), primals, tangents)[1]


OURS = SimpleNamespace(
    xp=pg, grad=pg.grad, value_and_grad=pg.value_and_grad, vjp=pg.vjp, jvp=pg.jvp, vmap=pg.vmap, hvp=pg.hvp,
    jacobian=pg.jacobian, forward_jacobian=lambda f, k=0: pg.jacobian(f, k, "forward"), hessian=pg.hessian,
    compile=pg.compile,
)  # fmt: skip
THEIRS = SimpleNamespace(
    xp=torch, grad=func.grad, value_and_grad=_value_and_grad, vjp=func.vjp, jvp=func.jvp, hvp=_hvp,
    vmap=lambda f, in_axes=0, out_axes=0: func.vmap(f, in_axes, out_axes), jacobian=func.jacrev,
    forward_jacobian=func.jacfwd, hessian=func.hessian, compile=lambda f: f,
)  # fmt: skip


class Pair(NamedTuple):
    w: Any
    b: Any


def as_in_torch(program: Callable[..., Any]) -> Callable[[], None]:
    """A test: what the program computes with our transforms it computes with torch.func's."""

    def test() -> None:
        ours, theirs = (program(t, *[const(t.xp, a) for a in (X, Y, V, M, XS)]) for t in (OURS, THEIRS))
        agree(ours, theirs)

    test.__name__ = test.__qualname__ = program.__name__
    test.__doc__ = program.__doc__
    return test


def loss(xp: Any) -> Any:
    """A scalar function with all derivatives."""
    return lambda x: xp.sum(xp.tanh(x) * xp.exp(-x * x) + x**3)


def loss2(xp: Any) -> Any:
    return lambda x, y: xp.sum(xp.sin(x) * y * y + x * x * xp.exp(y))


# ----------------------------------------------------------------------------------------- grad and value_and_grad

ARGNUMS = [0, 1, -1, -3, (0,), (0, 2), (2, 0), (-1, 0), (1, 2, 0)]


@pytest.mark.parametrize("argnums", ARGNUMS, ids=str)
def test_argnums_choose_and_order_the_gradients(argnums: Any) -> None:
    def program(t: Any) -> Any:
        def f(x: Any, y: Any, m: Any) -> Any:
            return t.xp.sum(t.xp.tanh(m @ x) * y)

        args = [const(t.xp, a) for a in (X, Y, M)]
        return t.grad(f, argnums)(*args), t.value_and_grad(f, argnums)(*args)

    agree(program(OURS), program(THEIRS))


TREES = {
    "dict": (lambda x, y: {"w": x, "b": y}, lambda xp, p: xp.sum(p["w"] ** 2 * p["b"])),
    "list": (lambda x, y: [x, y], lambda xp, p: xp.sum(p[0] ** 2 * p[1])),
    "tuple": (lambda x, y: (x, y), lambda xp, p: xp.sum(p[0] ** 2 * p[1])),
    "namedtuple": (Pair, lambda xp, p: xp.sum(p.w**2 * p.b)),
    "nested": (
        lambda x, y: {"layers": [Pair(x, y), (y, {"x": x})]},
        lambda xp, p: xp.sum(p["layers"][0].w ** 2 * p["layers"][1][0] * p["layers"][1][1]["x"]),
    ),
    "unused leaf": (lambda x, y: [x, (y,)], lambda xp, p: xp.sum(p[0] ** 2)),
}


@pytest.mark.parametrize("tree, f", TREES.values(), ids=TREES)
def test_a_gradient_has_the_structure_of_its_argument(tree: Any, f: Any) -> None:
    def program(t: Any) -> Any:
        p = tree(const(t.xp, X), const(t.xp, Y))
        g, (value, both) = t.grad(lambda p: f(t.xp, p))(p), t.value_and_grad(lambda p: f(t.xp, p))(p)
        assert type(g) is type(both) is type(p)
        return g, value, both

    agree(program(OURS), program(THEIRS))


def test_an_empty_argument_has_an_empty_gradient() -> None:
    nothing = {"w": [], "none": None}
    assert pg.grad(lambda p, x: pg.sum(x))(nothing, const(pg, X)) == nothing


@as_in_torch
def test_has_aux_brings_any_tree_along(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    def f(x: Any) -> Any:
        h = t.xp.tanh(x)
        return t.xp.sum(h * h), {"h": h, "both": (x, y)}

    g, aux = t.grad(f, has_aux=True)(x)
    (value, more), again = t.value_and_grad(f, has_aux=True)(x)
    return g, aux, value, more, again, aux["h"].requires_grad


def test_aux_may_hold_what_is_no_tensor() -> None:
    g, aux = pg.grad(lambda x: (pg.sum(x * x), {"note": "as it is", "n": 3}), has_aux=True)(const(pg, [1, 2]))
    assert (g.tolist(), aux) == ([2, 4], {"note": "as it is", "n": 3})


@as_in_torch
def test_keyword_arguments_pass_through(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    return t.grad(lambda x, scale=1.0, other=None: t.xp.sum(x * x * other) * scale)(x, scale=3.0, other=y)


def test_python_numbers_and_numpy_arrays_are_arguments() -> None:
    assert pg.grad(lambda x: x**3)(2.0).item() == 12
    assert pg.grad(lambda x: pg.sum(x**3))(np.array([1.0, 2.0])).tolist() == [3, 12]
    assert pg.grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 3.0})["a"].item() == 3


def test_an_argument_and_its_gradient_share_no_handle() -> None:
    x = const(pg, [1, 2])
    value, g = pg.value_and_grad(lambda x: pg.sum(x))(x)
    g[0] = 7.0
    assert (x.tolist(), value.item()) == ([1, 2], 3)
    assert not value.requires_grad


@as_in_torch
def test_a_gradient_has_the_dtype_of_its_argument(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    return t.grad(lambda a: t.xp.sum(a * y))(const(t.xp, X, "float32"))


# -------------------------------------------------------------------------------------------------------------- vjp


@as_in_torch
def test_vjp_takes_cotangents_back_any_number_of_times(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    value, pullback = t.vjp(lambda x, y: t.xp.tanh(m @ x) * y, x, y)
    return value, pullback(v), pullback(y), pullback(v * 0)


@as_in_torch
def test_vjp_of_trees_takes_a_cotangent_of_the_structure_of_the_result(
    t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any
) -> Any:
    def f(p: Any) -> Any:
        return {"a": p["x"] * p["y"][0], "s": [t.xp.sum(p["x"] ** 2)]}

    value, pullback = t.vjp(f, {"x": x, "y": (y,)})
    return value, pullback({"a": v, "s": [t.xp.sum(x)]})


@as_in_torch
def test_vjp_brings_aux_along(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    value, pullback, aux = t.vjp(lambda x: (x * x, {"twice": x * 2}), x, has_aux=True)
    return value, pullback(v), aux


@as_in_torch
def test_a_pullback_is_differentiated_in_its_cotangent(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    _, pullback = t.vjp(lambda x: t.xp.tanh(m @ x), x)
    return t.jvp(lambda v: pullback(v)[0], (v,), (y,)), t.grad(lambda v: t.xp.sum(pullback(v)[0] ** 2))(v)


def test_a_result_that_depends_on_nothing_takes_nothing_back() -> None:
    value, pullback = pg.vjp(lambda x: (const(pg, [1, 2]), pg.argmax(x)), const(pg, X))
    assert value[0].tolist() == [1, 2]
    assert pullback((const(pg, [1, 1]), 1))[0].tolist() == [0, 0, 0]


# -------------------------------------------------------------------------------------------------------------- jvp


@as_in_torch
def test_jvp_of_several_arguments(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    return t.jvp(lambda x, m: m @ t.xp.sin(x), (x, m), (v, m * 2))


@as_in_torch
def test_jvp_of_trees(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    return t.jvp(lambda p: {"r": p["x"] * p["y"][0], "s": (p["x"],)}, ({"x": x, "y": [y]},), ({"x": v, "y": [x]},))


@as_in_torch
def test_jvp_brings_aux_along(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    return t.jvp(lambda x: (x * x, {"twice": x * 2}), (x,), (v,), has_aux=True)


@as_in_torch
def test_the_tangent_of_a_constant_result_is_zero(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    return t.jvp(lambda x: (y, x[0], t.xp.sum(x) * 0 + 1), (x,), (v,))


@as_in_torch
def test_several_results_each_have_a_tangent(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    split = torch.unbind if t.xp is torch else pg.unstack
    return t.jvp(lambda m: tuple(r * r for r in split(m)), (m,), (m + 1,))


# ------------------------------------------------------------------------------------------------------------- vmap

# in_axes, the arguments' shapes, the function
IN_AXES = {
    "0": (0, [(4, 3), (4, 3)], lambda xp, a, b: a * b),
    "1": (1, [(3, 4), (3, 4)], lambda xp, a, b: a * b),
    "-1": (-1, [(3, 4), (2, 3, 4)], lambda xp, a, b: a * b),
    "(0, 1)": ((0, 1), [(4, 3), (3, 4)], lambda xp, a, b: a * b),
    "(0, None)": ((0, None), [(4, 3), (3,)], lambda xp, a, b: a * b),
    "(None, -2)": ((None, -2), [(3,), (2, 4, 3)], lambda xp, a, b: a @ b.mT if b.ndim > 1 else a * b),
    "different ranks": ((0, 0), [(4,), (4, 3)], lambda xp, a, b: a * b),
    "0-d samples": ((0, 0), [(4,), (4,)], lambda xp, a, b: xp.sin(a) * b),
    "matrices": ((0, None), [(4, 3), (3, 3)], lambda xp, a, b: xp.tanh(b @ a)),
    "one sample": (0, [(1, 3), (1, 3)], lambda xp, a, b: a * b),
    "no sample": (0, [(0, 3), (0, 3)], lambda xp, a, b: a * b + 1),
}


@pytest.mark.parametrize("in_axes, shapes, f", IN_AXES.values(), ids=IN_AXES)
def test_in_axes_say_where_the_batch_stands(in_axes: Any, shapes: Any, f: Any) -> None:
    values = [np.random.default_rng(1).normal(size=shape) for shape in shapes]

    def program(t: Any) -> Any:
        return t.vmap(lambda a, b: f(t.xp, a, b), in_axes)(*[const(t.xp, v) for v in values])

    if 0 in shapes[0]:
        agree(program(OURS), np.ones((0, 3)))  # torch refuses an empty batch
    else:
        agree(program(OURS), program(THEIRS))


@as_in_torch
def test_in_axes_are_a_tree_that_the_argument_begins_with(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    def f(p: Any, z: Any) -> Any:
        return p["w"] * p["rest"][0] + p["rest"][1] * z

    p = {"w": xs, "rest": [x, xs.T]}
    return t.vmap(f, ({"w": 0, "rest": [None, 1]}, None))(p, y)


def test_one_axis_holds_for_a_whole_subtree() -> None:
    xs = const(pg, XS)
    p = {"w": xs, "rest": [xs, (xs,)]}
    y = pg.vmap(lambda p, c: p["w"] * p["rest"][0] * p["rest"][1][0] * c, ({"w": 0, "rest": 0}, None))(p, 2.0)
    agree(y, XS**3 * 2)
    agree(pg.vmap(lambda p: p["w"] * p["rest"][0], 1)(pg_tree := {"w": xs.T, "rest": [xs.T, (xs.T,)]}), XS**2)
    assert pg_tree["w"].shape == (3, 4)


def test_in_axes_may_be_a_list() -> None:
    agree(pg.vmap(lambda a, b: a * b, [0, None])(const(pg, XS), const(pg, X)), XS * X)


def test_an_argument_without_batch_axis_may_be_anything() -> None:
    agree(pg.vmap(lambda x, name, n: x * len(name) * n, (0, None, None))(const(pg, X), "two", 2), X * 6)


OUT_AXES = {
    "0": (0, lambda xp, x: xp.outer(x, x) if xp is torch else x[:, None] * x),
    "1": (1, lambda xp, x: xp.outer(x, x) if xp is torch else x[:, None] * x),
    "-1": (-1, lambda xp, x: xp.outer(x, x) if xp is torch else x[:, None] * x),
    "(0, 1)": ((0, 1), lambda xp, x: (x * 2, x * 3)),
    "0 for a tuple": (0, lambda xp, x: (x * 2, xp.sum(x))),
    "0-d results": (0, lambda xp, x: xp.sum(x)),
}


@pytest.mark.parametrize("out_axes, f", OUT_AXES.values(), ids=OUT_AXES)
def test_out_axes_say_where_the_batch_goes(out_axes: Any, f: Any) -> None:
    ours, theirs = (t.vmap(lambda x: f(t.xp, x), 0, out_axes)(const(t.xp, XS)) for t in (OURS, THEIRS))  # noqa: B023
    agree(ours, theirs)


def test_out_axes_may_be_a_tree_and_none_for_what_all_samples_share() -> None:
    f = pg.vmap(lambda x: {"a": x, "b": (const(pg, 5), x)}, out_axes={"a": -1, "b": (None, 0)})
    agree(f(const(pg, XS)), {"a": XS.T, "b": (np.asarray(5.0), XS)})


def test_a_result_that_all_samples_share_is_repeated() -> None:
    agree(pg.vmap(lambda x: const(pg, Y))(const(pg, XS)), np.broadcast_to(Y, (4, 3)))
    agree(pg.vmap(lambda x: 2.0)(const(pg, X)), np.full(3, 2.0))


@as_in_torch
def test_vmap_in_vmap_over_different_axes(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    def dot(a: Any, b: Any) -> Any:
        return t.xp.sum(a * b)

    return t.vmap(t.vmap(dot, (None, 0)), (0, None))(xs, m), t.vmap(t.vmap(dot, (None, 1), 0), (1, None), 1)(xs.T, m)


def test_integers_and_masks_are_mapped_too() -> None:
    ints = pg.asarray([[1, 2], [3, 4]])
    assert pg.vmap(lambda i: pg.sum(i * 2))(ints).tolist() == [6, 14]
    assert pg.vmap(lambda i: i > 2)(ints).tolist() == [[False, False], [True, True]]


# --------------------------------------------------------------------------------- jacobian, hessian, hvp

JACOBIANS = {
    "vector of a vector": lambda xp, m: lambda x: xp.tanh(m @ x) * x,
    "matrix of a vector": lambda xp, m: lambda x: m * xp.sin(x),
    "0-d of a vector": lambda xp, m: lambda x: xp.sum(x**3),
    "linear": lambda xp, m: lambda x: m @ x,
    "fewer results than arguments": lambda xp, m: lambda x: xp.exp(m[:2] @ x),
    "identity": lambda xp, m: lambda x: x * 1,
    "tree": lambda xp, m: lambda x: {"a": m @ x, "b": (xp.sum(x) ** 2, x * x)},
}


@pytest.mark.parametrize("f", JACOBIANS.values(), ids=JACOBIANS)
@pytest.mark.parametrize("mode", ["jacobian", "forward_jacobian"])
def test_a_jacobian_has_the_axes_of_the_result_then_of_the_argument(mode: str, f: Any) -> None:
    ours, theirs = (getattr(t, mode)(f(t.xp, const(t.xp, M)))(const(t.xp, X)) for t in (OURS, THEIRS))
    agree(ours, theirs)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("argnums", [0, 1, -1, -2, (0,), (1, 0), (0, -1)])
def test_a_jacobian_with_respect_to_some_of_several_arguments(mode: Any, argnums: Any) -> None:
    def ours(x: Any, m: Any, scale: float = 1.0) -> Any:
        return pg.tanh(m @ x) * scale

    def theirs(x: Any, m: Any) -> Any:
        return torch.tanh(m @ x) * 2

    its = tuple(k % 2 for k in argnums) if type(argnums) is tuple else argnums % 2
    want = func.jacrev(theirs, its)(*[const(torch, a) for a in (X, M)])
    agree(pg.jacobian(ours, argnums, mode)(const(pg, X), const(pg, M), scale=2.0), want)


def of_a_tree(xp: Any, p: Any, x: Any) -> Any:
    """A tree of results; rectangular, 0-d."""
    y = p["w"] @ x * p["scale"]
    return {"y": y, "both": (xp.sum(y**2), xp.exp(x))}


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("argnums", [0, (0, 1)])
def test_jacobians_and_hessians_of_trees(mode: Any, argnums: Any) -> None:
    """The structure of the result, in each entry that of the arguments; for a Hessian that twice."""

    def given(xp: Any) -> Any:
        return {"w": const(xp, M[:2]), "scale": const(xp, 0.5)}, const(xp, X)

    of_torch = func.jacrev(partial(of_a_tree, torch), argnums)(*given(torch))
    agree(pg.jacobian(partial(of_a_tree, pg), argnums, mode)(*given(pg)), of_torch)
    of_torch = func.hessian(lambda p, x: of_a_tree(torch, p, x)["both"][0], argnums)(*given(torch))
    agree(pg.hessian(lambda p, x: of_a_tree(pg, p, x)["both"][0], argnums, mode)(*given(pg)), of_torch)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_jacobian_of_real_and_complex_parts_of_a_tree(mode: Any) -> None:
    """Holomorphic in z, and linear in the real r: 2 z r and z * z, none of them conjugated."""
    z, r = const(pg, [1 + 2j, 3 - 1j], "complex128"), const(pg, [2, -1])
    found = pg.jacobian(lambda p: p["z"] ** 2 * p["r"], mode=mode)({"z": z, "r": r})
    agree(found["z"], np.diag(2 * z.numpy() * r.numpy()))
    agree(found["r"], np.diag(z.numpy() ** 2))


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_jacobians_of_0d_and_empty_arguments_and_of_constants(mode: Any) -> None:
    agree(pg.jacobian(lambda x: x * const(pg, Y), mode=mode)(const(pg, 2)), Y)
    agree(pg.jacobian(lambda x: x * x, mode=mode)(2.0), np.asarray(4.0))
    agree(pg.jacobian(lambda x: x * x, mode=mode)(pg.ones(0)), np.ones((0, 0)))
    agree(pg.jacobian(lambda x: const(pg, Y), mode=mode)(const(pg, X)), np.zeros((3, 3)))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_hessian_both_ways(mode: Any) -> None:
    for shape in [(), (3,), (2, 2)]:
        values = np.random.default_rng(2).normal(size=shape)
        agree(pg.hessian(loss(pg), mode=mode)(const(pg, values)), func.hessian(loss(torch))(const(torch, values)))
    args = [(const(t, X), const(t, Y)) for t in (pg, torch)]
    agree(pg.hessian(loss2(pg), 1, mode)(*args[0]), func.hessian(loss2(torch), 1)(*args[1]))
    agree(pg.hessian(lambda x: pg.sum(x * const(pg, Y)), mode=mode)(const(pg, X)), np.zeros((3, 3)))


@as_in_torch
def test_hvp_is_the_hessian_times_the_vector(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    product = t.hvp(loss(t.xp), (x,), (v,))
    return product, t.hessian(loss(t.xp))(x) @ v, t.hvp(loss2(t.xp), (x, y), (v, x))


# ---------------------------------------------------------------------------------------------------------- nestings


@as_in_torch
def test_gradients_of_each_sample(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    def model(w: Any, x: Any, y: Any) -> Any:
        return (t.xp.tanh(w["m"] @ x) @ w["v"] - y) ** 2

    return t.vmap(t.grad(model), (None, 0, 0))({"m": m, "v": v}, xs, xs[:, 0])


@as_in_torch
def test_grad_of_grad_of_grad(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    f = lambda x: t.xp.tanh(x) * x**4  # noqa: E731
    return [t.grad(f)(x[0]), t.grad(t.grad(f))(x[0]), t.grad(t.grad(t.grad(f)))(x[0])]


@as_in_torch
def test_grad_of_a_gradient_in_another_argument(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    f = loss2(t.xp)
    return t.grad(lambda y: t.xp.sum(t.grad(f, 0)(x, y) ** 2))(y)


@as_in_torch
def test_every_pair_of_modes_gives_one_second_derivative(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    f, xp = loss(t.xp), t.xp
    return [
        t.jvp(t.grad(f), (x,), (v,))[1],
        t.grad(lambda x: t.jvp(f, (x,), (v,))[1])(x),
        t.grad(lambda x: xp.sum(t.grad(f)(x) * v))(x),
        t.jvp(lambda x: t.jvp(f, (x,), (v,))[1], (x,), (v,)),
        t.vjp(t.grad(f), x)[1](v)[0],
        t.vmap(lambda v: t.jvp(t.grad(f), (x,), (v,))[1])(xs),
        t.jvp(t.vmap(t.grad(f)), (xs,), (xs * 2,)),
        t.grad(lambda xs: xp.sum(t.vmap(t.grad(f))(xs) ** 2))(xs),
        t.vmap(t.vmap(t.grad(lambda a: a**3)))(xs),
        t.vmap(t.hessian(f))(xs),
        t.jacobian(t.jacobian(lambda x: m @ xp.sin(x)))(x),
        t.forward_jacobian(t.jacobian(lambda x: m @ xp.sin(x)))(x),
        t.jacobian(t.vmap(t.grad(f)))(xs),
    ]


@as_in_torch
def test_third_orders_by_three_modes(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    f = loss(t.xp)
    return [
        t.jvp(lambda x: t.jvp(t.grad(f), (x,), (v,))[1], (x,), (y,))[1],
        t.grad(lambda x: t.xp.sum(t.hessian(f)(x) @ v))(x),
        t.jvp(lambda x: t.grad(lambda z: t.jvp(f, (z,), (v,))[1])(x), (x,), (y,))[1],
        t.vmap(lambda v: t.jvp(lambda x: t.hvp(f, (x,), (v,)), (x,), (v,))[1])(xs),
    ]


@as_in_torch
def test_compiled_transforms_and_transforms_of_what_is_compiled(t: Any, x: Any, y: Any, v: Any, m: Any, xs: Any) -> Any:
    f = loss(t.xp)
    c = t.compile(f)
    return [
        t.compile(t.grad(f))(x),
        t.compile(t.value_and_grad(f))(x),
        t.compile(lambda x, v: t.hvp(f, (x,), (v,)))(x, v),
        t.compile(t.vmap(t.grad(f)))(xs),
        t.compile(t.hessian(f))(x),
        t.compile(t.jacobian(lambda x: m @ x**2))(x),
        t.compile(lambda x, v: t.jvp(f, (x,), (v,)))(x, v),
        t.grad(c)(x),
        t.grad(lambda x: t.xp.sum(t.grad(c)(x) ** 2))(x),
        t.jvp(c, (x,), (v,)),
        t.vmap(c)(xs),
        t.vmap(t.grad(c))(xs),
        t.hvp(c, (x,), (v,)),
        t.hessian(c)(x),
        t.compile(t.grad(t.compile(lambda x: c(x) * c(x))))(x),
    ]


# ----------------------------------------------------------------------------- torch's surface inside of transforms


def by_backward(x: pg.Tensor) -> pg.Tensor:
    """Y^2 x^2, half of it the gradient of a leaf made here."""
    w = leaf(pg, Y)
    pg.sum(w**3 * x / 3).backward()
    return w.grad * x


INSIDE = {
    "vmap": (lambda f: pg.vmap(f)(const(pg, XS)), Y**2 * XS**2),
    "grad": (lambda f: pg.grad(lambda x: pg.sum(f(x)))(const(pg, X)), 2 * Y**2 * X),
    "vmap of grad": (lambda f: pg.vmap(pg.grad(lambda x: pg.sum(f(x))))(const(pg, XS)), 2 * Y**2 * XS),
    "jvp": (lambda f: pg.jvp(f, (const(pg, X),), (const(pg, V),)), (Y**2 * X**2, 2 * Y**2 * X * V)),
    "vjp": (lambda f: pg.vjp(f, const(pg, X))[1](const(pg, V))[0], 2 * Y**2 * X * V),
    "compile": (lambda f: pg.compile(f)(const(pg, X)), Y**2 * X**2),
    "compile of vmap": (lambda f: pg.compile(pg.vmap(f))(const(pg, XS)), Y**2 * XS**2),
    "compile of grad": (lambda f: pg.compile(pg.grad(lambda x: pg.sum(f(x))))(const(pg, X)), 2 * Y**2 * X),
    "grad of compile": (lambda f: pg.grad(lambda x: pg.sum(pg.compile(f)(x)))(const(pg, X)), 2 * Y**2 * X),
    "jacobian": (lambda f: pg.jacobian(f)(const(pg, X)), np.diag(2 * Y**2 * X)),
    "hessian": (lambda f: pg.hessian(lambda x: pg.sum(f(x)))(const(pg, X)), np.diag(2 * Y**2)),
}


@pytest.mark.parametrize("run, want", INSIDE.values(), ids=INSIDE)
def test_backward_inside_a_transform(run: Any, want: Any) -> None:
    agree(run(by_backward), want)


def by_create_graph(x: pg.Tensor) -> pg.Tensor:
    """Y^2 x^2, by the gradient of a gradient of a leaf made here."""
    w = leaf(pg, Y)
    (g,) = pg.autograd.grad(pg.sum(w**4 * x / 12), w, create_graph=True)
    pg.sum(g * x).backward()
    return w.grad


@pytest.mark.parametrize("run, want", INSIDE.values(), ids=INSIDE)
def test_create_graph_inside_a_transform(run: Any, want: Any) -> None:
    agree(run(by_create_graph), want)


def test_a_tracked_seed_leaves_the_gradient_a_constant_inside_as_outside() -> None:
    def f(x: pg.Tensor) -> pg.Tensor:
        w, seed = leaf(pg, Y), leaf(pg, X)
        (w * x).backward(seed)
        assert not w.grad.requires_grad
        return w.grad

    agree(f(const(pg, V)), X * V)
    agree(pg.vmap(f)(const(pg, XS)), X * XS)
    agree(pg.jvp(f, (const(pg, V),), (const(pg, Y),)), (X * V, X * Y))


def test_gradients_accumulate_inside_a_transform() -> None:
    def twice(x: pg.Tensor) -> pg.Tensor:
        w = pg.asarray(x, copy=True).requires_grad_()
        pg.sum(w * x).backward()
        first = w.grad
        pg.sum(w * w * x).backward()
        assert w.grad is first
        return w.grad

    agree(pg.vmap(twice)(const(pg, XS)), XS + 2 * XS**2)
    agree(pg.jvp(twice, (const(pg, X),), (const(pg, V),)), (X + 2 * X**2, V + 4 * X * V))


def test_a_leaf_around_a_transform_gets_its_gradient_outside() -> None:
    w = leaf(pg, X)
    pg.sum(pg.vmap(lambda x: pg.grad(lambda x: pg.sum(x * x * w))(x))(const(pg, XS))).backward()
    agree(w.grad, 2 * XS.sum(0))
    w = leaf(pg, X)
    pg.sum(pg.jvp(lambda x: x * x * w, (const(pg, Y),), (const(pg, V),))[1]).backward()
    agree(w.grad, 2 * Y * V)


def test_transforms_of_tracked_arguments_are_recorded() -> None:
    w = leaf(pg, X)
    for f in [pg.grad(loss(pg)), lambda w: pg.vjp(loss(pg), w)[1](1.0)[0], pg.compile(pg.grad(loss(pg)))]:
        w.grad = None
        pg.sum(f(w) * const(pg, V)).backward()
        agree(w.grad, _hvp(loss(torch), (const(torch, X),), (const(torch, V),)))


def test_no_grad_inside_and_around() -> None:
    def quiet(x: pg.Tensor) -> pg.Tensor:
        with pg.no_grad():
            y = x * x
        return pg.sum(x * y)

    def quiet_torch(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            y = x * x
        return (x * y).sum()

    x, theirs = const(pg, X), const(torch, X)
    agree(pg.grad(quiet)(x), func.grad(quiet_torch)(theirs))
    agree(pg.jvp(quiet, (x,), (const(pg, V),)), func.jvp(quiet_torch, (theirs,), (const(torch, V),)))
    agree(pg.hessian(quiet)(x), func.hessian(quiet_torch)(theirs))
    with pg.no_grad(), torch.no_grad():
        agree(pg.grad(loss(pg))(x), func.grad(loss(torch))(theirs))
        agree(pg.hessian(loss(pg))(x), func.hessian(loss(torch))(theirs))


# ------------------------------------------------------------------------------------------------------------ errors

x, xs, ints = const(pg, X), const(pg, XS), pg.asarray([1, 2, 3])

REFUSALS = {
    # what cannot be differentiated
    "grad of integers": (lambda: pg.grad(pg.sum)(ints), DTypeError, r"grad: .*int64.*astype.*argnums"),
    "grad of a mask": (lambda: pg.grad(pg.sum)(x > 0), DTypeError, r"grad: .*bool"),
    "grad of integers in a tree": (
        lambda: pg.grad(lambda p: pg.sum(p["x"]))({"x": x, "n": ints}), DTypeError, r"grad: .*int64.*astype"),
    "vjp of integers": (lambda: pg.vjp(pg.sum, ints), DTypeError, r"vjp: .*int64"),
    "jvp of integers": (lambda: pg.jvp(pg.sum, (ints,), (ints,)), DTypeError, r"jvp: .*int64"),
    "jacobian of integers": (lambda: pg.jacobian(pg.sum)(ints), DTypeError, r"jacobian: .*int64"),
    "an integer result": (lambda: pg.grad(pg.argmax)(x), DTypeError, "result is of int64"),
    "a vector": (lambda: pg.grad(lambda x: x * x)(x), ShapeError, r"\(3,\).*shape \(\).*sum or mean, or use vjp"),
    "one element that is no 0-d": (lambda: pg.grad(lambda x: x[:1])(x), ShapeError, r"\(1,\)"),
    "hessian of a vector": (lambda: pg.hessian(lambda x: x)(x), ShapeError, r"\(3,\)"),
    "a result that is no tensor": (lambda: pg.grad(lambda x: 3.0)(x), ConversionError, "grad: .*float, not a tensor"),
    "no result": (lambda: pg.grad(lambda x: None)(x), ConversionError, "NoneType"),
    "jvp of no tensor": (lambda: pg.jvp(lambda x: (x, 3.0), (x,), (x,)), ConversionError, "jvp: .*float"),
    "vjp of no tensor": (lambda: pg.vjp(lambda x: [3.0], x), ConversionError, "vjp: .*float"),
    # what is no function
    **{
        f"{t.__name__} of no function": (lambda t=t: t(x), ValidationError, f"{t.__name__}: takes a function, not Tens")
        for t in (pg.grad, pg.vjp, pg.vmap, pg.jacobian, pg.hessian, pg.compile)
    },
    "value_and_grad of no function": (lambda: pg.value_and_grad(3), ValidationError, "takes a function, not int 3"),
    "jvp of no function": (lambda: pg.jvp(None, (x,), (x,)), ValidationError, "jvp: takes a function, not NoneType"),
    "hvp of no function": (lambda: pg.hvp("f", (x,), (x,)), ValidationError, "hvp: takes a function, not str 'f'"),
    # which argument
    "half an argument": (lambda: pg.grad(pg.sum, 0.5), ValidationError, "grad: argnums .*an int.*not by 0.5"),
    "an argument by name": (lambda: pg.grad(pg.sum, "x"), ValidationError, "argnums .*not by 'x'"),
    "an argument by name among others": (lambda: pg.grad(pg.sum, (0, "x")), ValidationError, "argnums .*not by 'x'"),
    "the argument itself": (lambda: pg.grad(pg.sum, x), ValidationError, "argnums .*not by tensor.*into the call"),
    "None as argnums": (lambda: pg.grad(pg.sum, None), ValidationError, "argnums .*not by None"),
    "jacobian of no tensor": (lambda: pg.jacobian(pg.sum)([]), ValidationError, "jacobian: the arguments 0 hold no"),
    "an argument of jacobian twice": (lambda: pg.jacobian(pg.sum, (1, -1))(x, x), ValidationError, "jacobian.*twice"),
    "a mode of hessian": (lambda: pg.hessian(pg.sum, mode="rev"), ValidationError, "hessian: mode is 'reverse' or"),
    "argnums out of range": (lambda: pg.grad(pg.sum, 1)(x), ValidationError, "argnums 1 .* 1 positional"),
    "negative argnums out of range": (lambda: pg.grad(pg.sum, (0, -2))(x), ValidationError, r"argnums \(0, -2\)"),
    "no arguments": (lambda: pg.grad(lambda: x)(), ValidationError, "0 positional"),
    "no argnums": (lambda: pg.grad(pg.sum, ()), ValidationError, "no argument"),
    "an argument twice": (lambda: pg.grad(loss2(pg), (0, 0)), ValidationError, "twice"),
    "an argument twice, once from behind": (lambda: pg.grad(loss2(pg), (1, -1))(x, x), ValidationError, "twice"),
    "jacobian's argnums out of range": (lambda: pg.jacobian(pg.sum, 1)(x), ValidationError, "argnums 1 .* 1 posit"),
    "a mode that is no text": (lambda: pg.hessian(pg.sum, mode=X), ValidationError, "or 'forward', not array"),
    "an unknown mode": (lambda: pg.jacobian(pg.sum, mode="backward"), ValidationError, "'reverse' or 'forward'"),
    # has_aux
    "aux that is not there": (lambda: pg.grad(pg.sum, has_aux=True)(x), ValidationError, r"pair \(result, aux\)"),
    "too much aux": (
        lambda: pg.vjp(lambda x: (x, x, x), x, has_aux=True), ValidationError, r"vjp: .*pair \(result, aux\)"),
    "a vector of two as result and aux": (
        lambda: pg.jvp(lambda x: x[:2], (x,), (x,), has_aux=True), ValidationError, r"jvp: .*not a Tensor"),
    # shapes and structures
    "jvp without tuples": (lambda: pg.jvp(pg.sin, x, x), ValidationError, r"jvp\(f, \(x,\), \(t,\)\)"),
    "a missing tangent": (lambda: pg.jvp(loss2(pg), (x, x), (x,)), ValidationError, "jvp: .*structure"),
    "a tangent tree of another form": (
        lambda: pg.jvp(lambda p: p["a"], ({"a": x},), ({"b": x},)), ValidationError, "jvp: .*structure"),
    "a tangent of another shape": (
        lambda: pg.jvp(pg.sin, (x,), (x[:1],)), ShapeError, r"jvp: a tangent of shape \(1,\) .*\(3,\)"),
    "a complex tangent": (lambda: pg.jvp(pg.sin, (x,), (x * 1j,)), DTypeError, "complex128.*float64.*real part"),
    "a cotangent of another shape": (
        lambda: pg.vjp(pg.sin, x)[1](1.0), ShapeError, r"vjp: a cotangent of shape \(\) .*\(3,\)"),
    "a cotangent of another structure": (
        lambda: pg.vjp(lambda x: (x, x), x)[1]([x, x]), ValidationError, "vjp: .*structure"),
    # vmap
    "sizes that differ": (lambda: pg.vmap(pg.add)(x, x[:2]), ShapeError, r"vmap: .*\[3, 2\]"),
    "sizes 1 and 3": (lambda: pg.vmap(pg.add)(x[:1], x), ShapeError, r"vmap: .*\[1, 3\]"),
    "no batch axis at all": (lambda: pg.vmap(pg.sin, None)(x), ShapeError, "vmap: .*in_axes"),
    "an axis too many": (lambda: pg.vmap(pg.sin, 1)(x), ShapeError, r"vmap: in_axes 1 .*\(3,\)"),
    "a 0-d argument": (lambda: pg.vmap(pg.sin)(1.0), ShapeError, r"vmap: in_axes 0 .*\(\)"),
    "an axis by name": (lambda: pg.vmap(pg.sin, "a"), ValidationError, "in_axes is an int, None, or a tree.*'a'"),
    "half an axis": (lambda: pg.vmap(pg.sin, ({"a": 0.5},)), ValidationError, "in_axes .*0.5 is neither"),
    "an out axis by name": (lambda: pg.vmap(pg.sin, out_axes=(0, "a")), ValidationError, "out_axes .*'a' is neither"),
    "too many in_axes": (lambda: pg.vmap(pg.sin, (0, 0))(x), ValidationError, "2 entries for 1 arguments"),
    "too few in_axes": (lambda: pg.vmap(pg.add, (0,))(x, x), ValidationError, "1 entries for 2 arguments"),
    "in_axes of another structure": (
        lambda: pg.vmap(lambda p: p["a"], ({"b": 0},))({"a": x}), ValidationError, "in_axes .*structure"),
    "out_axes of another structure": (
        lambda: pg.vmap(lambda x: (x, x), out_axes=(0, 0, 0))(x), ValidationError, "out_axes .*structure"),
    "an out axis too many": (lambda: pg.vmap(pg.sin, out_axes=2)(x), ShapeError, r"out_axes 2"),
    "no out axis for what differs": (
        lambda: pg.vmap(pg.sin, out_axes=None)(x), ShapeError, "out_axes is None .* differs between samples"),
    "a branch on a sample": (lambda: pg.vmap(lambda x: x if x > 0 else -x)(x), TransformError, "bool: under vmap"),
    "a number of a sample": (lambda: pg.vmap(float)(x), TransformError, "float: under vmap"),
    "selection by a sample": (lambda: pg.vmap(lambda x: x[x > 0])(xs), TransformError, "mask.*where"),
    # torch's surface inside
    "backward on the variable of grad": (
        lambda: pg.vmap(pg.grad(lambda x: pg.sum(x * x).backward()))(xs), GraphError, "the grad around.*use grad"),
    "backward on a tangent": (lambda: pg.jvp(lambda x: pg.sum(x).backward(), (x,), (x,)), GraphError, "use grad"),
    "deepcopy's graph": (lambda: pg.vmap(__import__("copy").deepcopy)(x), GraphError, r"detach\(\) or clone\(\)"),
}  # fmt: skip


@pytest.mark.parametrize("f, error, text", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_typed_and_says_what_came_and_what_would_do(f: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        f()
    agree(pg.grad(loss(pg))(x), func.grad(loss(torch))(const(torch, X)))  # and leaves nothing behind


RUNS = {
    "fast grad": lambda f: pg.grad(f)(const(pg, 2)),
    "taped grad": lambda f: pg.jvp(lambda z: pg.grad(f)(z), (const(pg, 2),), (const(pg, 1),)),
    "vjp": lambda f: pg.vjp(f, const(pg, 2)),
    "jvp": lambda f: pg.jvp(f, (const(pg, 2),), (const(pg, 1),)),
    "vmap": lambda f: pg.vmap(f)(const(pg, [2])),
    "compile": lambda f: pg.compile(f)(const(pg, 2)),
}
USES = {
    "in another grad": lambda v: pg.grad(lambda x: x * v)(const(pg, 1)),
    "in another jvp": lambda v: pg.jvp(lambda x: x * v, (const(pg, 1),), (const(pg, 1),)),
    "in another vmap": lambda v: pg.vmap(lambda x: x * v)(const(pg, [1])),
    "in another program": lambda v: pg.compile(lambda x: x * v)(const(pg, 1)),
    "by an operation and backward": lambda v: pg.sum(v * 2).backward(),
    "as the seed of a walk": lambda v: (pg.reshape(leaf(pg, 2), v.shape) * 2).backward(v),
}
# What the outermost grad leaves behind is a value of level 0: refused where a derivative is asked through it
HARMLESS = {"in another jvp", "in another vmap", "in another program", "as the seed of a walk"}
LEAKS = [(run, use) for run in RUNS for use in USES if run != "fast grad" or use not in HARMLESS]


@pytest.mark.parametrize("run, use", LEAKS)
def test_a_value_that_left_its_transform_unreturned_is_refused(run: str, use: str) -> None:
    kept = []

    def keeps(x: Any) -> Any:
        kept.append(x * x)
        return x

    RUNS[run](keeps)
    with pytest.raises(PlugradError):
        USES[use](kept[0])


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_an_error_inside_ends_the_transform(run: Any) -> None:
    def fails(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(fails)
    w = leaf(pg, X)
    loss(pg)(w).backward()  # would be refused inside a transform
    agree(w.grad, func.grad(loss(torch))(const(torch, X)))


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_complex_jacobian_is_the_same_in_both_modes(mode: Any) -> None:
    z, x = np.asarray([1 + 1j, 2 - 1j]), np.asarray([0.5, 2.0])
    holomorphic = pg.jacobian(lambda z: z * z * z[0], mode=mode)(pg.asarray(z))
    agree(holomorphic, np.asarray([[3 * z[0] ** 2, 0], [z[1] ** 2, 2 * z[0] * z[1]]]))
    from_reals = pg.jacobian(lambda x: x * x * (1 + 2j), mode=mode)(const(pg, x))
    agree(from_reals, np.diag(2 * x * (1 + 2j)))
