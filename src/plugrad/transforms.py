"""Transforms of functions: grad, vjp, jvp, vmap and what they compose to, over any pytree, freely nested."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import index
from typing import Any, Literal

import numpy as np

from .backends import current
from .backends.protocol import Kernels
from .dtypes import INEXACT
from .errors import ConversionError, DTypeError, ShapeError, TransformError, ValidationError
from .namespace._arguments import one_of
from .ops import ASTYPE, CONJ, PERMUTE_DIMS, RESHAPE
from .tensor import (
    MODE,
    Leaf,
    Tensor,
    apply,
    as_tensor,
    base,
    captured,
    constants,
    fresh,
    ones,
    require_beside,
    zeros,
)
from .traces import LIFTING, Batched, Dual, Taped, Trace, live, require_function
from .tree import flatten, map_leaves
from .walk import gradient, under, walk

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp", "vmap"]

Argnums = int | tuple[int, ...]


def _leaves(tree: Any) -> tuple[list[Any], Callable[[Any], Any]]:
    """Leaves of a tree and what puts others in their place; a lone tensor needs no library."""
    if type(tree) is Tensor:
        return [tree], lambda leaves: leaves[0]
    leaves, rebuild, _ = flatten(tree)
    return leaves, rebuild


def _position(k: Any, what: str) -> int:
    """Which positional argument."""
    try:
        return index(k)
    except TypeError:
        raise ValidationError(
            f"{what} names positional arguments by an int or a tuple of ints, not by {k!r:.60}; the arguments "
            "themselves go into the call of what comes out"
        ) from None


def _chosen(argnums: Argnums, what: str) -> tuple[int, ...]:
    """Which positional arguments, each named once."""
    several = isinstance(argnums, tuple | list)
    chosen = tuple([_position(k, f"{what}: argnums") for k in (argnums if several else (argnums,))])  # type: ignore[union-attr]
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValidationError(f"{what}: argnums {argnums} names {'an argument twice' if chosen else 'no argument'}")
    return chosen


def _require_positions(chosen: tuple[int, ...], many: int, argnums: Argnums, what: str) -> None:
    """Raise unless a call with so many positional arguments has these, each once."""
    if not -many <= min(chosen) <= max(chosen) < many:
        raise ValidationError(f"{what}: argnums {argnums} of a call with {many} positional arguments")
    if len({k % many for k in chosen}) < len(chosen):
        raise ValidationError(f"{what}: argnums {argnums} names one of {many} arguments twice")


def _differentiable(x: Any, what: str) -> Tensor:
    x = captured(as_tensor(x))
    if x.dtype not in INEXACT:
        raise DTypeError(
            f"{what}: an argument of {x.dtype.name} has no derivative; cast it with astype, or leave it out with "
            "argnums"
        )
    return x


def _with_aux(out: Any, what: str) -> tuple[Any, Any]:
    if not isinstance(out, tuple) or len(out) != 2:
        kind = type(out).__name__
        raise ValidationError(f"{what}: with has_aux=True the function returns a pair (result, aux), not a {kind}")
    return out


def _as_result(y: Any, what: str) -> Tensor:
    if type(y) is not Tensor:
        raise ConversionError(f"{what}: the function returned {type(y).__name__}, not a tensor")
    return y


# ---------------------------------------------------------------------------------------------------------- reverse


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives `f`'s value and its gradient.

    Parameters
    ----------
    f : callable
        Its result is a tensor of shape (), or ``(result, aux)`` if `has_aux`.
    argnums : int or tuple of int
        Which positional arguments to differentiate, each any pytree of floating or complex tensors.
    has_aux : bool
        Whether `f` returns something beside its result.

    Returns
    -------
    callable
        ``(value, gradient)`` or ``((value, aux), gradient)``; the gradient has the structure of the argument, and is a
        tuple of such for a tuple of argnums. For complex arguments: the conjugate Wirtinger derivative, as torch's; of
        a complex result, which torch refuses, that of its real part.

    Raises
    ------
    ShapeError
        If the result is not of shape ().
    DTypeError
        For an integer argument or result.
    ValidationError
        If `f` is no function, or `argnums` does not name arguments of the call, each once.

    Examples
    --------
    >>> import plugrad as pg
    >>> value, g = pg.value_and_grad(lambda p: pg.sum(p["w"] ** 2))({"w": pg.asarray([1.0, 2.0])})
    >>> float(value), g["w"].tolist()
    (5.0, [2.0, 4.0])
    """
    require_function(f, "grad")
    several, chosen = isinstance(argnums, tuple | list), _chosen(argnums, "grad")
    first, last, in_order = min(chosen), max(chosen), chosen == tuple(range(len(chosen)))

    def with_value(*args: Any, **kwargs: Any) -> Any:
        if not 0 <= first <= last < len(args):
            _require_positions(chosen, len(args), argnums, "grad")
        picked = [args[k] for k in chosen]
        rebuild: Callable[[Any], Any] = list
        xs = picked
        # so they are tensors, nothing to capture: without looking for trees 0.9 of a small network's gradient
        outermost = MODE.get() is None and _is_outermost(xs)
        if not outermost:
            xs, rebuild = _leaves(picked)
            if MODE.get() is not None:
                xs = list(map(captured, xs))
            outermost = _is_outermost(xs)
        if not outermost:
            xs = [_differentiable(x, "grad") for x in xs]
            outermost = _is_outermost(xs)

        def call(variables: list[Tensor]) -> tuple[Tensor, Any]:
            given = variables
            if rebuild is not list or not in_order or len(args) > len(variables):
                given = list(args)
                for k, x in zip(chosen, rebuild(variables)):
                    given[k] = x
            out = f(*given, **kwargs)
            y, aux = _with_aux(out, "grad") if has_aux else (out, None)
            return y if type(y) is Tensor else _as_result(y, "grad"), aux

        value, aux, found = (_outermost if outermost else _taped)(call, xs)
        grads = rebuild(found) if rebuild is not list else found
        g = tuple(grads) if several else grads[0]
        return ((value, aux), g) if has_aux else (value, g)

    return with_value


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `f`.

    Parameters
    ----------
    f, argnums, has_aux
        As of `value_and_grad`, which gives the value, too.

    Returns
    -------
    callable
        The gradient, or ``(gradient, aux)`` if `has_aux`.

    Raises
    ------
    ShapeError, DTypeError, ValidationError
        As of `value_and_grad`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.grad(pg.grad(lambda x: x**3))(2.0).item()
    12.0
    """
    both = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return gradient


def _is_outermost(xs: list[Any]) -> bool:
    """No transform runs and nothing is tracked: level 0's own nodes and raw rules serve, at half the cost of a tape."""
    mode = MODE.get()
    if mode is not None and (mode.level >= 0 or mode.watch is not None):
        return False
    if LIFTING or live() is not None:
        return False
    return all([type(x) is Tensor and type(x.by) is Kernels and not x.node and x.data.dtype in INEXACT for x in xs])


def _check_result(y: Tensor) -> None:
    if y.shape != ():
        raise ShapeError(
            f"grad: the result has shape {y.shape}, and a gradient needs shape (); reduce it with sum or mean, or use "
            "vjp or jacobian"
        )
    if y.dtype not in INEXACT:
        raise DTypeError(f"grad: the result is of {y.dtype.name}, which has no derivative")


def _outermost(call: Any, xs: list[Tensor]) -> tuple[Tensor, Any, list[Tensor]]:
    with Trace() as trace:
        leaves = [Leaf(x.data.shape, x.data.dtype, x.by, trace) for x in xs]
        y, aux = call([Tensor(x.data, x.by, leaf) for x, leaf in zip(xs, leaves)])
        y = trace.leave(y)
    if type(y.by) is not Kernels:
        raise TransformError("grad: a value of another thread's transform came in")
    if y.data.shape != () or y.data.dtype not in INEXACT:
        _check_result(y)
    root, value, found, mine = y.node, y, None, set(leaves)
    if root:
        found = walk({root: y.by.backend.one(y.data)}, retain=aux is not None, only=mine)
    if not root or found is not None:
        value = Tensor(y.data, y.by)
        by, get = y.by, (found or {}).get
        grads = [
            zeros(x) if (g := get(n)) is None else Tensor(g, by) if x.by is by else gradient(g, n, by)
            for n, x in zip(leaves, xs)
        ]
    else:  # a leaf was closed over: the gradients have a history of their own
        found = walk({root: ones(value)}, record=True, owned=True)
        assert found is not None
        grads = [fresh(found[leaf]) if leaf in found else zeros(x) for leaf, x in zip(leaves, xs)]
    if aux is not None:
        aux = map_leaves(lambda a: _off_the_tape(a, trace, mine), aux)
    if value.node:
        for leaf in leaves:
            leaf.owner = None  # a result that other leaves hang on keeps these as ends
    return value, aux, grads


def _off_the_tape(a: Any, trace: Trace, mine: set[Leaf]) -> Any:
    """An auxiliary result outside: without its history, unless leaves that were closed over are part of it."""
    if type(a) is not Tensor:
        return a
    a = trace.leave(a)
    if type(a.by) is Kernels and a.node and mine.issuperset(under([a.node])[1]):
        return Tensor(a.data, a.by)
    return fresh(a)


def _taped(call: Any, xs: list[Tensor]) -> tuple[Tensor, Any, list[Tensor]]:
    with Taped() as trace:
        leaves = [Leaf(x.shape, x.dtype, trace) for x in xs]
        y, aux = call([Tensor(fresh(x), trace, leaf) for x, leaf in zip(xs, leaves)])
        y = trace.leave(y)
    _check_result(y)
    value, root = (y.data, y.node) if trace.owns(y) else (y, None)
    found = walk({root: ones(value)}, record=True, owned=True) if root else None
    grads = [fresh(found[leaf]) if found and leaf in found else zeros(x) for leaf, x in zip(leaves, xs)]
    if aux is not None:
        aux = map_leaves(lambda a: _outside(a, trace), aux)
    return fresh(value), aux, grads


def _outside(a: Any, trace: Trace) -> Any:
    """A result that an exit takes out of its own trace, and of no other."""
    if type(a) is not Tensor:
        return a
    a = trace.leave(a)
    return fresh(a.data if trace.owns(a) else a)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f` and the function that takes a cotangent back: v -> v^H J, one walk a call.

    Parameters
    ----------
    f : callable
        Its result is any pytree of tensors, or ``(result, aux)`` if `has_aux`.
    *primals : pytree of Tensor
        The point.

    Returns
    -------
    result, pullback[, aux]
        ``pullback(cotangents)``, of the structure and shapes of the result, gives a tuple: one entry a primal.

    Examples
    --------
    >>> import plugrad as pg
    >>> y, pullback = pg.vjp(lambda x: x * x, pg.asarray([1.0, 2.0]))
    >>> pullback(pg.asarray([1.0, 10.0]))[0].tolist()
    [2.0, 40.0]
    """
    require_function(f, "vjp")
    leaves, rebuild, _ = flatten(primals)
    xs = [_differentiable(x, "vjp") for x in leaves]
    with Taped() as trace:
        nodes = [Leaf(x.shape, x.dtype, trace) for x in xs]
        out = f(*rebuild([Tensor(fresh(x), trace, n) for x, n in zip(xs, nodes)]))
    out, aux = _with_aux(out, "vjp") if has_aux else (out, None)
    ys, rebuild_out, structure = flatten(out)
    ys = [trace.leave(_as_result(y, "vjp")) for y in ys]
    roots = [y.node if trace.owns(y) else None for y in ys]
    values = [fresh(y.data if trace.owns(y) else y) for y in ys]

    def pullback(cotangents: Any) -> Any:
        cts, _, its = flatten(cotangents)
        if its != structure:
            raise ValidationError(f"vjp: the cotangent has the structure {its}, the result {structure}")
        seeds: dict[Any, Any] = {}
        for ct, root, value in zip(cts, roots, values):
            ct = _like(ct, value, "vjp: a cotangent")
            if root is not None:
                seeds[root] = seeds[root] + ct if root in seeds else ct
        found = walk(seeds, record=True, owned=True) or {}
        return rebuild([fresh(found[n]) if n in found else zeros(x) for n, x in zip(nodes, xs)])

    if has_aux:
        return rebuild_out(values), pullback, map_leaves(lambda a: _outside(a, trace), aux)
    return rebuild_out(values), pullback


def _like(t: Any, value: Tensor, what: str) -> Tensor:
    """A tangent or cotangent in the dtype of its value, whose shape and place it must have."""
    t = captured(as_tensor(t, value))
    if t.shape != value.shape:
        raise ShapeError(f"{what} of shape {t.shape} for a value of shape {value.shape}; they must be equal")
    if t.dtype.kind == "c" and value.dtype.kind != "c":
        raise DTypeError(f"{what} of {t.dtype.name} for a value of {value.dtype.name}; take its real part")
    require_beside(what, t, value)
    return t if t.dtype is value.dtype else apply(ASTYPE, t, dtype=value.dtype)


# ---------------------------------------------------------------------------------------------------------- forward


def jvp(f: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of `f` and the derivative along `tangents`: t -> J t, in the same pass.

    Parameters
    ----------
    f : callable
        Its result is any pytree of tensors, or ``(result, aux)`` if `has_aux`.
    primals, tangents : tuple of pytrees of Tensor
        The point and the direction, of one structure and the same shapes.

    Returns
    -------
    result, tangent[, aux]

    Examples
    --------
    >>> import plugrad as pg
    >>> y, t = pg.jvp(pg.square, (pg.asarray(3.0),), (pg.asarray(1.0),))
    >>> float(y), float(t)
    (9.0, 6.0)
    """
    require_function(f, "jvp")
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise ValidationError("jvp: primals and tangents are tuples, one entry an argument: jvp(f, (x,), (t,))")
    leaves, rebuild, structure = flatten(tuple(primals))
    moving, _, its = flatten(tuple(tangents))
    if its != structure:
        raise ValidationError(f"jvp: the tangents have the structure {its}, the primals {structure}")
    xs = [_differentiable(x, "jvp") for x in leaves]
    ts = [_like(t, x, "jvp: a tangent") for t, x in zip(moving, xs)]
    with Dual() as trace:
        out = f(*rebuild([Tensor(fresh(x), trace, fresh(t)) for x, t in zip(xs, ts)]))
    out, aux = _with_aux(out, "jvp") if has_aux else (out, None)
    ys, rebuild_out, _ = flatten(out)
    ys = [trace.leave(_as_result(y, "jvp")) for y in ys]
    pairs = [(fresh(y.data), fresh(y.node)) if trace.owns(y) else (fresh(y), zeros(y)) for y in ys]
    result = rebuild_out([v for v, _ in pairs]), rebuild_out([t for _, t in pairs])
    return (*result, map_leaves(lambda a: _outside(a, trace), aux)) if has_aux else result


# ------------------------------------------------------------------------------------------------------------ batch


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """`f` of a whole batch at once: written for one sample, run with one more axis.

    Parameters
    ----------
    f : callable
        Of pytrees of tensors.
    in_axes : int, None or tuple of these (or of pytrees of these)
        The batch axis of each positional argument; None: the same for all samples.
    out_axes : int, None or pytree of these
        Where the batch axis stands in the results.

    Returns
    -------
    callable
        Results that do not depend on the batch are repeated.

    Raises
    ------
    ShapeError
        If sizes differ or an axis does not exist.
    ValidationError
        If `f` is no function, or `in_axes` or `out_axes` does not fit the structure of what it speaks of.

    Examples
    --------
    >>> import plugrad as pg
    >>> per_sample = pg.vmap(pg.grad(lambda w, x: pg.sum(w * x) ** 2), in_axes=(None, 0))
    >>> per_sample(pg.ones(2), pg.asarray([[1.0, 0.0], [1.0, 1.0]])).tolist()
    [[2.0, 0.0], [4.0, 4.0]]
    """

    require_function(f, "vmap")
    _check_axes(in_axes, "in_axes")
    _check_axes(out_axes, "out_axes")

    def over_batch(*args: Any, **kwargs: Any) -> Any:
        given = in_axes if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(given) != len(args):
            raise ValidationError(f"vmap: in_axes has {len(given)} entries for {len(args)} arguments")
        leaves, rebuild, _ = flatten(args)
        axes = [a for axis, arg in zip(given, args, strict=True) for a in _axis_of_each(axis, arg, "in_axes")]
        xs = [x if a is None else captured(as_tensor(x)) for x, a in zip(leaves, axes, strict=True)]
        axes = [a if a is None else _axis(x, a, "in_axes") for x, a in zip(xs, axes, strict=True)]
        sizes = [x.shape[a] for x, a in zip(xs, axes, strict=True) if a is not None]
        if len(set(sizes)) != 1:
            raise ShapeError(
                f"vmap: the batch axes have the sizes {sizes or 'of none'}; in_axes must name axes of one size"
            )
        with Batched(sizes[0]) as trace:
            out = f(
                *rebuild([x if a is None else Tensor(fresh(_to_front(x, a)), trace) for x, a in zip(xs, axes)]),
                **kwargs,
            )
        ys, rebuild_out, _ = flatten(out)
        places = _axis_of_each(out_axes, out, "out_axes")
        return rebuild_out([_leave_batch(trace, y, a) for y, a in zip(ys, places, strict=True)])

    return over_batch


def _check_axes(axes: Any, what: str) -> None:
    if axes is None or isinstance(axes, int):
        return
    import optree

    for a in optree.tree_leaves(axes, none_is_leaf=True):
        if a is not None and not isinstance(a, int | np.integer):
            raise ValidationError(f"vmap: {what} is an int, None, or a tree of these; {a!r:.60} is neither")


def _axis_of_each(axis: Any, tree: Any, what: str) -> list[int | None]:
    """The axis of each leaf: one for all, or a tree of them that the argument's begins with."""
    if axis is None or isinstance(axis, int):
        return [axis] * len(_leaves(tree)[0])
    import optree

    try:
        return optree.broadcast_prefix(axis, tree, is_leaf=lambda a: a is None)
    except ValueError as error:
        raise ValidationError(f"vmap: {what} {axis!r} does not fit the structure of its argument: {error}") from error


def _axis(x: Tensor, axis: int, what: str) -> int:
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"vmap: {what} {axis} of an array of shape {x.shape}")
    return axis % x.ndim


def _to_front(x: Tensor, axis: int) -> Tensor:
    return x if axis == 0 else apply(PERMUTE_DIMS, x, axes=(axis, *range(axis), *range(axis + 1, x.ndim)))


def _leave_batch(trace: Batched, y: Any, axis: int | None) -> Tensor:
    y = trace.leave(as_tensor(y))
    if axis is None:
        if trace.owns(y):
            raise ShapeError("vmap: out_axes is None for a result that differs between samples; say its axis")
        return fresh(y)
    y = trace.whole(y)
    at = _axis(y, axis, "out_axes")
    return y if at == 0 else apply(PERMUTE_DIMS, y, axes=(*range(1, at + 1), 0, *range(at + 1, y.ndim)))


# ----------------------------------------------------------------------------------------------- what they compose to


def hvp(f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The Hessian of `f` times a vector, forward over reverse, with respect to the first argument.

    Parameters
    ----------
    f : callable
        Its result has shape ().
    primals : tuple
        The arguments, each any pytree of floating or complex tensors.
    tangents : tuple
        The vector: a direction in which all arguments move, in the structure, shapes and dtypes of `primals`.

    Returns
    -------
    pytree of Tensor
        The structure of the first argument.

    Raises
    ------
    ShapeError, DTypeError, ValidationError
        As of `jvp` and `grad`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.hvp(lambda x: pg.sum(x**3), (pg.asarray([1.0, 2.0]),), (pg.asarray([1.0, 1.0]),)).tolist()
    [6.0, 12.0]
    """
    require_function(f, "hvp")
    return jvp(grad(f), primals, tangents)[1]


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, mode: Literal["reverse", "forward"] = "reverse"
) -> Callable[..., Any]:
    """A function that gives all partial derivatives of `f`.

    Parameters
    ----------
    f : callable
        Its result is any pytree of tensors.
    argnums : int or tuple of int
        Which positional arguments, each any pytree of floating or complex tensors.
    mode : {"reverse", "forward"}
        Reverse runs one walk an output element, forward one pass an input element, all under one vmap.

    Returns
    -------
    callable
        The structure of the result, in each entry that of the argument (a tuple of such for a tuple of argnums), in it
        tensors of shape ``result.shape + argument.shape``. Not conjugated where it is complex.

    Raises
    ------
    DTypeError
        For an integer argument or result.
    ValidationError
        If `f` is no function, `argnums` does not name arguments of the call, each once, or they hold no tensor.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.jacobian(pg.square)(pg.asarray([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    >>> pg.jacobian(lambda p: p["a"] * p["b"])({"a": pg.asarray(2.0), "b": pg.asarray([3.0, 5.0])})
    {'a': tensor([3., 5.]), 'b': tensor([[2., 0.], [0., 2.]])}
    """
    return _jacobian(f, argnums, mode, "jacobian")


def _jacobian(f: Callable[..., Any], argnums: Argnums, mode: str, what: str) -> Callable[..., Any]:
    require_function(f, what)
    several, chosen = isinstance(argnums, tuple | list), _chosen(argnums, what)
    partials = {"reverse": _rows, "forward": _columns}[one_of(mode, ("reverse", "forward"), what, "mode")]

    def all_partials(*args: Any, **kwargs: Any) -> Any:
        _require_positions(chosen, len(args), argnums, what)
        picked = tuple([args[k] for k in chosen])
        leaves, rebuild, _ = flatten(picked if several else picked[0])
        if not leaves:
            raise ValidationError(f"{what}: the arguments {argnums} hold no tensor")

        def of_leaves(*xs: Tensor) -> Any:
            given, parts = list(args), rebuild(xs)
            for k, part in zip(chosen, parts if several else (parts,), strict=True):
                given[k] = part
            return f(*given, **kwargs)

        return partials(of_leaves, [_differentiable(x, what) for x in leaves], rebuild)

    return all_partials


def _columns(f: Callable[..., Any], xs: list[Tensor], rebuild: Any) -> Any:
    """One pass an input element."""
    blocks = []
    for k, x in enumerate(xs):

        def column(unit: Tensor, k: int = k) -> Any:
            return jvp(f, tuple(xs), tuple([unit if i == k else zeros(v) for i, v in enumerate(xs)]))[1]

        columns, rebuild_out, _ = flatten(vmap(column, out_axes=-1)(_basis(x)))
        blocks.append([apply(RESHAPE, j, shape=j.shape[:-1] + x.shape) for j in columns])
    return rebuild_out([rebuild(block) for block in zip(*blocks, strict=True)])


def _rows(f: Callable[..., Any], xs: list[Tensor], rebuild: Any) -> Any:
    """One walk an output element."""
    y, pullback = vjp(f, *xs)
    ys, rebuild_out, _ = flatten(y)

    def of(i: int) -> Any:
        def row(ct: Tensor) -> Any:
            return pullback(rebuild_out([ct if k == i else zeros(v) for k, v in enumerate(ys)]))

        y, units = ys[i], _basis(ys[i])
        blocks = vmap(row)(units)
        if y.dtype.kind == "c":  # a pullback conjugates what a pushforward does not; to reals it sees the real part,
            turned = blocks if all([x.dtype.kind == "c" for x in xs]) else vmap(row)(1j * units)  # by i the other
            blocks = tuple(
                [
                    apply(CONJ, b) if x.dtype.kind == "c" else b + 1j * t
                    for x, b, t in zip(xs, blocks, turned, strict=True)
                ]
            )
        return rebuild([apply(RESHAPE, block, shape=y.shape + x.shape) for block, x in zip(blocks, xs, strict=True)])

    return rebuild_out([of(i) for i in range(len(ys))])


def _basis(x: Tensor) -> Tensor:
    """The unit vectors of the shape of `x`, along a new first axis."""
    low, size = base(x), math.prod(x.shape)
    backend = low.by.backend
    raw = backend.asarray(np.eye(size, dtype=x.dtype.name), x.dtype, x.device, None)
    eye = Tensor(raw, constants(current.table(low.by.owner)))
    return apply(RESHAPE, eye, shape=(size, *x.shape))


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, mode: Literal["forward", "reverse"] = "forward"
) -> Callable[..., Any]:
    """A function that gives all second derivatives of `f`.

    Parameters
    ----------
    f : callable
        Its result has shape ().
    argnums : int or tuple of int
        Which positional arguments, each any pytree of floating or complex tensors.
    mode : {"forward", "reverse"}
        Of the outer derivative; the inner one is reverse.

    Returns
    -------
    callable
        ``jacobian(grad(f))``: the structure of the argument, in each entry that structure again, in it tensors of shape
        ``entry.shape + argument.shape``.

    Raises
    ------
    ShapeError, DTypeError, ValidationError
        As of `grad` and `jacobian`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.hessian(lambda x: x[0] ** 2 * x[1])(pg.asarray([1.0, 2.0])).tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """
    require_function(f, "hessian")
    return _jacobian(grad(f, argnums), argnums, mode, "hessian")
