"""torch.autograd's surface: backward, grad, leaves and their gradients, the graph. Thin over the walk."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from .backends import current
from .backends.protocol import Kernels
from .dtypes import COMPLEX, INEXACT
from .errors import ConversionError, DTypeError, GraphError, PlugradWarning, ShapeError, ValidationError
from .grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .ops import ADD, ASTYPE
from .tensor import (
    MODE,
    Cut,
    Leaf,
    Node,
    Tensor,
    apply,
    as_tensor,
    captured,
    current_mode,
    fresh,
    ones,
    require_beside,
    switched,
    tracked,
    zeros,
)
from .traces import LIVE, Ambient, Batched, live, require_live, tape
from .views import setitem
from .walk import gradient as gradient_of
from .walk import under, walk

__all__ = ["backward", "enable_grad", "grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

_accumulating = threading.Lock()


# ---------------------------------------------------------------------------------------------- entry points


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Sum the gradients of `tensors` into the ``.grad`` of the leaves that they were made from.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        The roots.
    grad_tensors : Tensor, None or sequence of these
        Their cotangents; None is one, for a root of one real element.
    retain_graph : bool, optional
        Keep what the graph saved, to walk it again. Defaults to `create_graph`.
    create_graph : bool
        Record the walk, so that the gradients can be differentiated.
    inputs : Tensor or sequence of Tensor, optional
        Only these get a gradient, be they leaves or not.

    Raises
    ------
    GraphError
        If a root has no graph (the message says where it was cut), if the graph was freed, or from inside a transform
        for a leaf made outside.
    ShapeError, DTypeError
        If a cotangent does not fit its root.
    ValidationError
        If `tensors` or `inputs` are no tensors, or there are not as many cotangents as roots.

    Examples
    --------
    >>> import plugrad as pg
    >>> w = pg.asarray([1.0, 2.0], requires_grad=True)
    >>> pg.autograd.backward(pg.sum(w * w))
    >>> w.grad.tolist()
    [2.0, 4.0]
    """
    roots = _as_list(tensors, "backward: tensors")
    wanted = None
    if inputs is not None:
        handles = [captured(t) for t in _as_list(inputs, "backward: inputs")]
        if not handles:
            raise ValidationError("backward: inputs is empty; leave it out for all leaves")
        wanted = {_node_of(t, f"inputs[{i}]") for i, t in enumerate(handles)}
    found, by = _run("backward", roots, grad_tensors, retain_graph, create_graph, wanted)
    _accumulate(found, by, create_graph)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of `outputs` with respect to `inputs`; no ``.grad`` is touched.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        The roots.
    inputs : Tensor, sequence or mapping of Tensor
        Leaves or not.
    grad_outputs : Tensor, None or sequence of these
        The cotangents of `outputs`.
    retain_graph, create_graph : bool
        As in `backward`.
    allow_unused : bool, optional
        An input that the outputs do not depend on gives None, not an error. Defaults to `materialize_grads`.
    is_grads_batched : bool
        The first axis of each of `grad_outputs` counts cotangents, and that of each result their gradients: one walk,
        vectorised as by `vmap`.
    materialize_grads : bool
        It gives zeros, of the shape of the input.

    Returns
    -------
    tuple of Tensor, or dict for a mapping of inputs

    Raises
    ------
    GraphError
        If an output or an input has no graph, or none leads from one to the other; else as in `backward`.
    ShapeError, DTypeError
        If a cotangent does not fit its output.
    ValidationError
        If `outputs` or `inputs` are no tensors, there are not as many cotangents as outputs, or flags contradict.

    Examples
    --------
    >>> import plugrad as pg
    >>> w = pg.asarray(3.0, requires_grad=True)
    >>> (g,) = pg.autograd.grad(w**3, w, create_graph=True)
    >>> pg.autograd.grad(g, w)[0].item()
    18.0
    >>> y = w * pg.asarray([1.0, 2.0])
    >>> pg.autograd.grad(y, w, pg.eye(2), is_grads_batched=True)[0].tolist()
    [1.0, 2.0]
    """
    if materialize_grads and allow_unused is False:
        raise ValidationError(
            "grad: materialize_grads=True gives zeros for unused inputs, so allow_unused cannot be False"
        )
    named = inputs if isinstance(inputs, Mapping) else None
    handles = [captured(t) for t in (named.values() if named is not None else _as_list(inputs, "grad: inputs"))]
    if not handles:
        raise ValidationError("grad: inputs is empty; name at least one tensor")
    nodes = [_node_of(t, f"inputs[{i}]") for i, t in enumerate(handles)]
    roots = _as_list(outputs, "grad: outputs")
    needed = [] if allow_unused or materialize_grads else nodes
    found, by = _run("grad", roots, grad_outputs, retain_graph, create_graph, set(nodes), needed, is_grads_batched)
    results: list[Tensor | None] = []
    for node, x in zip(nodes, handles, strict=True):
        if node in found:
            results.append(gradient_of(found[node], node, by))
        else:
            results.append(zeros(x) if materialize_grads else None)
    return dict(zip(named, results, strict=True)) if named is not None else tuple(results)


def _as_list(tensors: Any, what: str) -> list[Any]:
    if type(tensors) is Tensor:
        return [tensors]
    if not _is_sequence(tensors):
        raise ValidationError(
            f"{what} is a tensor or a sequence of tensors, not {type(tensors).__name__} {tensors!r:.60}"
        )
    return list(tensors)


def _is_sequence(given: Any) -> bool:
    """Whether it holds what is meant, and is not itself an array, a number or a text."""
    return (
        isinstance(given, Iterable)
        and not isinstance(given, Tensor | str | bytes | Mapping)
        and (current.table_of(given) is None)
    )


def _node_of(t: Any, which: str) -> Any:
    if type(t) is not Tensor:
        raise ValidationError(f"{which} is no tensor but {type(t).__name__} {t!r:.60}")
    if not tracked(t):
        raise GraphError(f"{which} does not require grad; make it a leaf with requires_grad_() before it is used")
    return t.node


# -------------------------------------------------------------------------------------------------- one walk


def _run(
    what: str,
    roots: list[Any],
    cotangents: Any,
    retain: bool | None,
    create_graph: bool,
    wanted: set[Any] | None,
    needed: Sequence[Any] = (),
    batched: bool = False,
) -> tuple[dict[Any, Any], Any]:
    """The walk from roots of one level, after all checks, so that an error leaves all as it was."""
    retain, create_graph = bool(create_graph if retain is None else retain), bool(create_graph)
    cts = _cotangents(what, cotangents, len(roots))
    roots = [captured(as_tensor(t)) for t in roots]
    for t in roots:
        _check_root(what, t)
    by = roots[0].by
    if any(t.by is not by and not (type(t.by) is type(by) is Kernels) for t in roots):
        raise GraphError(f"{what}: the roots belong to several transforms; walk each inside its own")
    if needed:
        _check_used(what, [t.node for t in roots], needed)
    cts = [None if ct is None else captured(as_tensor(ct, t)) for t, ct in zip(roots, cts, strict=True)]
    batch = _batch(what, cts) if batched else None
    watched = current_mode().watch is not None or batch is not None
    record = create_graph or watched or type(by) is not Kernels
    seeds: dict[Any, Any] = {}
    for t, ct in zip(roots, cts, strict=True):
        s = _seed(what, t, ct, create_graph, batch)
        s = s if record else s.data
        seeds[t.node] = seeds[t.node] + s if t.node in seeds else s
    with switched(**_mode_of_walk(by, create_graph, watched)), batch or nullcontext():
        found = walk(seeds, record=record, retain=retain, wanted=wanted, again=create_graph)
    assert found is not None
    return (found if batch is None else {node: batch.whole(g) for node, g in found.items()}), by


def _cotangents(what: str, given: Any, many: int) -> list[Any]:
    cts = [given] * many if given is None else list(given) if _is_sequence(given) else [given]
    if len(cts) != many or not many:
        raise ValidationError(f"{what}: {len(cts)} cotangents for {many} roots; give one for each")
    for ct in cts:
        if type(ct) is bool:
            raise ValidationError(f"{what}: {ct} is no cotangent; say flags by name, as retain_graph={ct}")
    return cts


def _batch(what: str, cts: list[Any]) -> Batched:
    """The transform over the first axis of all cotangents."""
    shapes: list[tuple[int, ...]] = [() if ct is None else ct.shape for ct in cts]
    if () in shapes or len({shape[0] for shape in shapes}) != 1:
        raise ShapeError(
            f"{what}: with is_grads_batched each cotangent has one more axis in front, as long for all; their shapes "
            f"are {', '.join('None' if ct is None else str(ct.shape) for ct in cts)}"
        )
    return Batched(shapes[0][0])


def _mode_of_walk(by: Any, create_graph: bool, watched: bool) -> dict[str, Any]:
    """create_graph overrides no_grad; a walk through the doors (watched, batched) records nothing unless asked."""
    if create_graph:
        return {"level": min(current_mode().level, -1 if type(by) is Kernels else by.base)}
    if type(by) is not Kernels:
        return {}
    return {"level": max(0, current_mode().level)} if watched else {}


def _check_root(what: str, t: Tensor) -> None:
    require_live(t, what)
    trace, by = live(), t.by
    if type(by) is Kernels and not t.node:
        cuts = _cuts([t.node])
        mend = "leave that out, or make a leaf behind it" if cuts else "nothing that it was made from is: make a leaf"
        raise GraphError(f"{what}: the root does not require grad{cuts}; {mend} with requires_grad_()")
    if type(by) is Kernels:
        if by.name == "tracing" and any(leaf.seq < t.data.program.start for leaf in under([t.node])[1]):
            raise GraphError(
                f"{what}: a leaf is older than the program that is traced; pass it as an argument and use grad inside"
            )
        if trace is not None:
            raise GraphError(
                f"{what}: the leaf is older than the {trace} around this call; use grad, or make the leaf inside"
            )
    elif not isinstance(by, Ambient):
        raise GraphError(
            f"{what}: this value belongs to the {by} around; a leaf made outside it is out of reach: use grad"
        )
    elif trace is None or by is not trace.ambient:
        raise GraphError(
            f"{what}: the leaf is older than the {trace or by} around this call; use grad, or make the leaf inside"
        )


def _check_used(what: str, roots: list[Any], needed: Sequence[Any]) -> None:
    """Before the walk, which frees the graph: torch notices after it."""
    inner, leaves, _ = under(roots)
    reached = {*inner, *leaves}
    for i, node in enumerate(needed):
        if node not in reached:
            raise GraphError(
                f"{what}: inputs[{i}] is not in the graph of the outputs{_cuts(roots)}; "
                "pass allow_unused=True for None, or materialize_grads=True for zeros"
            )


def _cuts(nodes: list[Any]) -> str:
    """Where histories ended: the most repeated question of those whose gradient does not arrive."""
    cuts = [n for n in nodes if type(n) is Cut] + under([n for n in nodes if type(n) in (Node, Leaf)])[2]
    said = list(dict.fromkeys(str(c) for c in cuts))
    return f" (the graph was cut by {'; by '.join(said[:5])})" if said else ""


def _seed(what: str, t: Tensor, g: Tensor | None, create_graph: bool, batch: Batched | None) -> Tensor:
    value = t.data if type(t.by) is not Kernels else t
    if g is None:
        if math.prod(t.shape) != 1 or t.node.dtype in COMPLEX:
            kind = "complex " if t.node.dtype in COMPLEX else ""
            raise ShapeError(
                f"{what}: the root is {kind}of shape {t.shape}; only one real element has a gradient by itself: pass a "
                "gradient of its shape, or reduce it with sum or mean"
            )
        return ones(value)
    require_live(g, what)
    if type(t.by) is Kernels and type(g.by) is not Kernels:
        raise GraphError(f"{what}: the gradient is a value of a {g.by}, the root is older; make the root inside, too")
    if g.shape[batch is not None :] != t.shape:
        fit = "they must be equal" if batch is None else "they must be equal but for the first axis, the batch's"
        raise ShapeError(f"{what}: a gradient of shape {g.shape} for a root of shape {t.shape}; {fit}")
    if (g.dtype.kind == "c") != (t.dtype.kind == "c"):
        raise DTypeError(
            f"{what}: a gradient of {g.dtype.name} for a root of {t.dtype.name}; both must be real, or complex"
        )
    require_beside(f"{what}: a gradient", g, t)
    g = g if g.dtype is t.dtype else apply(ASTYPE, g, dtype=t.dtype)
    g = g.data if g.by is t.by and type(g.by) is not Kernels and not create_graph else g
    return g if batch is None else Tensor(fresh(g), batch)


def _accumulate(found: dict[Any, Any], by: Any, create_graph: bool) -> None:
    """Into leaves, and what nodes retain. The first gradient is the incoming array; a sum is a new one."""
    with _accumulating:
        for node, g in found.items():
            if node.extra is not None and "paused" in node.extra:
                continue
            new = Tensor(g, by) if by is node.by and type(g) is not Tensor else gradient_of(g, node, by)
            old = node.grad if type(node) is Leaf else _retaining(node)["grad"]
            if old is not None and not create_graph:
                _add_in_place(old, _plain_sum(old, new) if type(by) is Kernels else old + new)
                continue
            new = new if old is None else old + new
            if type(node) is Leaf:
                node.grad = new
            else:
                _retaining(node)["grad"] = new


def _add_in_place(old: Tensor, total: Tensor) -> None:
    """The same object, as in torch; what it is a view of, such as one buffer for all gradients, sees it, too."""
    if getattr(old, "kin", None):
        with no_grad():
            setitem(old, ..., total)
    else:
        old.data, old.by, old.node = total.data, total.by, total.node


def _plain_sum(old: Tensor, new: Tensor) -> Tensor:
    """Without a history, whatever the two have."""
    if old.by is new.by and type(old.by) is Kernels:
        return Tensor(old.by[ADD](old.data, new.data), old.by)
    with no_grad():
        return old + new


def _retaining(node: Node) -> dict[str, Any]:
    """What is kept of a node beside the graph, with a place for its gradient."""
    extra: dict[str, Any] = node.extra or {}
    extra.setdefault("grad", None)
    node.extra = extra
    return extra


# ------------------------------------------------------------------------- what a Tensor shows of it; see methods.py


def requires_grad(self: Tensor) -> bool:
    """Whether a gradient is asked of what is made from this."""
    return tracked(self)


def set_requires_grad(self: Tensor, value: bool) -> None:
    """As `requires_grad_`."""
    requires_grad_(self, value)


def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Make this tensor a leaf whose gradient is asked for, or stop that. Changes it in place and returns it.

    While it is stopped it keeps its ``.grad``, to which nothing is added; started again, it is the leaf that it was.

    Inside a transform the leaf lives on that transform's tape: ``.backward()`` works there, and derivatives of the
    transform flow through.

    Raises
    ------
    DTypeError
        For integers and booleans.
    GraphError
        For stopping a tensor that is not a leaf: use `detach`.
    ValidationError
        For what is neither True nor False.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.ones(2).requires_grad_().is_leaf
    True
    """
    if type(requires_grad) is not bool:
        raise ValidationError(f"requires_grad is True or False, not {requires_grad!r:.60}")
    if not requires_grad:
        if type(self.node) is Node:
            raise GraphError("requires_grad_(False) on a tensor that was computed; only leaves can stop: use detach()")
        if type(self.node) is Leaf:
            _pause(self, self.node)
        return self
    if tracked(self):
        return self
    if self.dtype not in INEXACT:
        raise DTypeError(
            f"requires_grad on an array of {self.dtype.name}; only floating and complex arrays have a gradient: cast "
            "it with astype"
        )
    ambient, x = tape(), captured(self)
    if ambient is None:
        self.data, self.by, self.node = x.data, x.by, _resumed(self, x.by) or Leaf(x.shape, x.data.dtype, x.by)
    else:
        x = fresh(x)
        self.data, self.by, self.node = x, ambient, _resumed(self, ambient) or Leaf(x.shape, x.dtype, ambient)
    return self


def _pause(self: Tensor, leaf: Leaf) -> None:
    """Off the tape; the leaf waits, for the gradient that it has and for graphs that know it."""
    leaf.extra = {**(leaf.extra or {}), "paused": True}
    below = self if type(self.by) is Kernels else self.data
    self.data, self.by, self.node = below.data, below.by, None if below is self else below.node
    self.paused = leaf


def _waiting(self: Tensor) -> Leaf | None:
    leaf: Leaf | None = getattr(self, "paused", None)
    return leaf


def _resumed(self: Tensor, by: Any) -> Leaf | None:
    """The leaf that waits on this level, awake."""
    leaf = _waiting(self)
    if leaf is None or leaf.by is not by:
        return None
    del leaf.extra["paused"], self.paused
    return leaf


def is_leaf(self: Tensor) -> bool:
    """Whether it was made by the user, not computed from what requires grad."""
    return type(self.node) is not Node


def grad_fn(self: Tensor) -> Node | None:
    """The node that made it; None for a leaf."""
    return self.node if type(self.node) is Node else None


def get_grad(self: Tensor) -> Tensor | None:
    """The gradient that `backward` has summed so far; None before the first, and after it was set to None."""
    node = self.node
    if type(node) is Leaf:
        return node.grad
    if type(node) is not Node:
        leaf = _waiting(self)
        return None if leaf is None else leaf.grad
    if node.extra is None or "grad" not in node.extra:
        warnings.warn(
            "the .grad of a tensor that is not a leaf is not kept; call retain_grad() on it before backward",
            PlugradWarning,
            stacklevel=2,
        )
        return None
    return node.extra["grad"]


def set_grad(self: Tensor, value: Any) -> None:
    """Replace the gradient; None forgets it.

    Raises
    ------
    ConversionError, ShapeError, DTypeError, MixedBackendsError, DeviceError, GraphError
        If it is no tensor of this one's shape, dtype, backend and device, or this one keeps no gradient.
    """
    if value is not None:
        if type(value) is not Tensor:
            raise ConversionError(f".grad is a tensor or None, not {type(value).__name__}; make one with asarray")
        if value.shape != self.shape:
            raise ShapeError(f".grad of shape {value.shape} for a tensor of shape {self.shape}; they must be equal")
        if value.dtype is not self.dtype:
            raise DTypeError(f".grad of {value.dtype.name} for a tensor of {self.dtype.name}; cast it with astype")
        require_beside(".grad", value, self)
    leaf = self.node if type(self.node) is Leaf else _waiting(self)
    if type(self.node) is Node:
        _retaining(self.node)["grad"] = value
    elif leaf is not None:
        leaf.grad = value
    elif value is not None:
        raise GraphError("this tensor does not require grad, so it keeps no gradient; call requires_grad_() first")


def retain_grad(self: Tensor) -> None:
    """Keep the gradient of a tensor that is not a leaf. Nothing on a leaf.

    Raises
    ------
    GraphError
        If the tensor does not require grad.
    """
    if type(self.node) is Node:
        _retaining(self.node)
    elif type(self.node) is not Leaf:
        raise GraphError(f"retain_grad on a tensor that does not require grad{_cuts([self.node])}")


def tensor_backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Sum the gradient of this tensor into the leaves that it was made from; see `autograd.backward`."""
    by, node = self.by, self.node
    if (
        gradient is inputs is MODE.get() is LIVE.get() is None
        and not create_graph
        and type(by) is Kernels
        and node
        and _is_one(node)
    ):
        found = walk({node: by.backend.one(self.data)}, retain=bool(retain_graph))  # the usual case
        assert found is not None
        _accumulate(found, by, False)
    else:
        backward(self, None if gradient is None else [gradient], retain_graph, create_graph, inputs)


def _is_one(node: Any) -> bool:
    """One real element: a gradient needs no other seed."""
    return node.shape == () and node.dtype not in COMPLEX
