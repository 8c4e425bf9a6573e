"""Pytrees: nested tuples, lists, dicts and registered classes, through optree.

optree is loaded when a tree is first seen: it costs half as much as NumPy to import, and a lone tensor needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["flatten", "map_leaves"]

_tree_flatten: Any = None  # optree's, when first needed


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any], Any]:
    """The leaves, a function that puts others in their place, and the structure (hashable, comparable).

    Examples
    --------
    >>> leaves, rebuild, _ = flatten({"a": 1, "b": (2, 3)})
    >>> leaves
    [1, 2, 3]
    >>> rebuild([4, 5, 6])
    {'a': 4, 'b': (5, 6)}
    """
    global _tree_flatten
    if _tree_flatten is None:
        import optree

        _tree_flatten = optree.tree_flatten
    leaves, structure = _tree_flatten(tree)
    return leaves, structure.unflatten, structure


def map_leaves(f: Callable[..., Any], tree: Any) -> Any:
    """`f` of every leaf, in the tree's shape."""
    leaves, rebuild, _ = flatten(tree)
    return rebuild([f(leaf) for leaf in leaves])
