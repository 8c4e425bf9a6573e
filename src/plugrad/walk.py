"""Reverse mode: the walk from a root to the leaves that it was made from."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Any

from .backends import current
from .backends.protocol import Kernels
from .dtypes import COMPLEX, SCALARS
from .errors import GraphError, ShapeError
from .ops import PICK
from .tensor import FREED, RECORDING, Cut, Leaf, Node, Tensor, fresh, picks

_age = attrgetter("seq")


def gradient(g: Any, node: Any, root: Any) -> Tensor:
    """What a walk found for `node`, as a tensor; `root` is who computed the root."""
    if type(g) is Tensor:
        return fresh(g)
    return Tensor(g, root if root is node.by or root.owner == node.by.owner else node.by)


def under(roots: Iterable[Any]) -> tuple[list[Node], list[Leaf], list[Cut]]:
    """(nodes, leaves, places where a history was cut) that `roots` were made from, roots included."""
    nodes: list[Node] = []
    leaves: list[Leaf] = []
    cuts: list[Cut] = []
    seen = set(roots)
    for root in seen:
        (leaves if type(root) is Leaf else nodes).append(root)
    for node in nodes:  # which grows
        for edge in node.edges:
            if edge:
                if edge not in seen:
                    seen.add(edge)
                    (leaves if type(edge) is Leaf else nodes).append(edge)
            elif edge is not None:
                cuts.append(edge)
    return nodes, leaves, cuts


def walk(
    seeds: dict[Any, Any],
    record: bool = False,
    retain: bool = True,
    wanted: Collection[Any] | None = None,
    only: set[Leaf] | None = None,
    owned: bool = False,
    again: bool = False,
) -> dict[Any, Any] | None:
    """Cotangents of the leaves under the roots, newest node first, without recursion.

    Parameters
    ----------
    seeds : dict of node to cotangent
        The roots. Raw arrays, or Tensors if `record`.
    record : bool
        Cotangents are Tensors and the rules are recorded: create_graph, or the nodes of a Taped trace.
    retain : bool
        Keep what the nodes saved. Else it is freed on the way.
    wanted : collection of nodes and leaves, optional
        Visit only what lies between the roots and these, and return these alone, be they nodes.
    only : set of leaves, optional
        Give up with None when a leaf outside this set is reached.
    owned : bool
        The caller is the grad whose variables may be among the leaves.
    again : bool
        The nodes of a tape record the walk themselves: create_graph inside a transform.

    Returns
    -------
    dict of node to cotangent
        Of leaves and of nodes that retain their gradient; of `wanted` alone if given.

    Raises
    ------
    GraphError
        If what a node had saved was freed by an earlier walk, or a leaf belongs to a grad around or a finished one.
    """
    order, leaves, _ = under(seeds)
    if only is None or not only.issuperset(leaves):
        for leaf in leaves:
            if leaf.owner is not None and not owned and (only is None or (leaf not in only and not leaf.owner.live)):
                raise GraphError(
                    "this depends on the variable of a grad around it, or of one that has finished; differentiate it "
                    "with grad, inside"
                )
        if only is not None:
            return None
    order.sort(key=_age, reverse=True)
    between, found = None, {}
    cotangents = dict(seeds)
    if wanted is not None:
        between = _between(order, wanted)
        order = [node for node in order if node in between]
        cotangents = {node: ct for node, ct in seeds.items() if node in between}
    for node in order:
        if node.args is FREED and (between is None or _pulled(node, between)):  # before any rule runs
            raise GraphError(
                f"{node}: the graph was walked before and what its nodes had saved is freed; pass retain_graph=True to "
                "the earlier call"
            )
    pop, get = cotangents.pop, cotangents.get
    with current.scopes():
        for node in order:
            ct, op, by = pop(node), node.op, node.by  # three at once build no tuple
            args, out, params = node.args, node.out, node.params
            if (node.extra is not None and "grad" in node.extra) or (between is not None and node in wanted):  # type: ignore[operator]
                found[node] = ct
            if op is PICK:
                (source,) = node.edges
                slots = cotangents.setdefault(source, [None] * source.shape)
                slots[params] = ct if slots[params] is None else slots[params] + ct
                continue
            if record:
                xp, pulls = RECORDING, op.pulls
                args, out = _with_history(node, again)
            else:
                xp, pulls = by.xp, by.pulls.get(op) or op.pulls
            for edge, pull in zip(node.edges, op.complex_pulls if node.dtype in COMPLEX else pulls):
                if edge and (between is None or edge in between):
                    g = pull(xp, ct, out, args, params, edge)
                    if g.shape != edge.shape:
                        try:
                            g = xp.unbroadcast(g, tuple(edge.shape))
                        except ShapeError as error:
                            raise ShapeError(
                                f"{node}: the rule gives a cotangent of the wrong shape: {error}"
                            ) from error
                    before = get(edge)
                    cotangents[edge] = g if before is None else before + g
            if not (retain or (node.args is None is node.out)) and (between is None or _pulled(node, between)):
                node.args, node.out = FREED, None
    if found:
        cotangents |= found
    return cotangents if wanted is None else {n: ct for n, ct in cotangents.items() if n in wanted}


def _between(order: list[Node], wanted: Collection[Any]) -> set[Any]:
    """Those of `wanted`, and the nodes through which a cotangent reaches them; `order` is newest first."""
    between = set(wanted)
    for node in reversed(order):
        if _pulled(node, between):
            between.add(node)
    return between


def _pulled(node: Node, between: set[Any]) -> bool:
    """Whether a cotangent goes on from `node`: one that is only asked for its own keeps what it saved."""
    return any([edge in between for edge in node.edges if edge])


def _with_history(node: Node, again: bool) -> tuple[Any, Any]:
    """What a node saved, as Tensors. Level 0 saved raw arrays: their history is restored by edge, never by type."""
    args, out, by = node.args, node.out, node.by
    if type(by) is not Kernels and not again:
        return args, out
    if args is not None:
        args = tuple(
            [a if a is None or type(a) in SCALARS else Tensor(a, by, e) for a, e in zip(args, node.edges, strict=True)]
        )
    if out is not None:
        out = picks(node, out, by) if type(out) is tuple else Tensor(out, by, node)
    return args, out
