"""Sums of products along named axes, beyond the standard."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from .. import dtypes
from ..errors import DTypeError, ShapeError, ValidationError
from ..ops import ASTYPE, EINSUM, GETITEM, LETTERS, PERMUTE_DIMS, RESHAPE, SUM
from ..tensor import Tensor, apply
from ._arguments import tensor

__all__ = ["einsum"]

Label = Any
"""A letter, an int below 52, or for an axis that an ellipsis stands for: (..., its place from the end)."""


class Term(NamedTuple):
    """An operand, and the names of its axes."""

    x: Tensor
    labels: tuple[Label, ...]


def einsum(subscripts: Any, /, *operands: Any) -> Tensor:
    """Sums of products along named axes, after Einstein.

    Parameters
    ----------
    subscripts : str
        A letter for each axis of each operand, and for each axis of the result: ``"ij,jk->ik"``. What is not in the
        result is summed over; a letter twice in one operand is its diagonal. ``...`` stands for any further axes, which
        broadcast. Without ``->`` the result has these and, in alphabetical order, the letters that occur once. As in
        NumPy, a list of ints for each operand may be given instead: ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.
    *operands : Tensor, shape (...)
        Numbers. Axes of one name are as long, or 1.

    Returns
    -------
    Tensor
        In the dtype in which the operands meet. Of more than two, those are multiplied first whose product is smallest
        beside what it replaces, the greedy order of opt_einsum (Smith, Gray, J. Open Source Softw. 3, 753, 2018).

    Raises
    ------
    ValidationError
        If the subscripts cannot be read, name as many operands as there are not, or an axis of the result that no
        operand has or that it has already.
    ShapeError
        If an operand has more or fewer axes than letters, or axes of one name are not as long.
    DTypeError
        For booleans.
    MixedBackendsError
        If the operands lie on several backends.

    Examples
    --------
    >>> import plugrad as pg
    >>> a = pg.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> pg.einsum("ij,jk->ik", a, a).tolist()
    [[7.0, 10.0], [15.0, 22.0]]
    >>> pg.einsum("ii", a).item()
    5.0
    """
    terms, asked = _read(subscripts, operands)
    terms, ellipsis = _without_ellipses(terms)
    named = [label for term in terms for label in term.labels]
    result = _result(named, asked, ellipsis)
    sizes = _sizes(terms)
    terms = [_diagonal(_without_broadcast(term, sizes)) for term in _in_one_dtype(terms)]
    terms = [_summed(term, others, result) for term, others in _each(terms)]
    if len(terms) == 1:
        ((x, labels),) = terms
        return apply(PERMUTE_DIMS, x, axes=tuple(map(labels.index, result)))
    while len(terms) > 1:
        i, j = _next(terms, result, sizes)
        rest = [term for k, term in enumerate(terms) if k not in (i, j)]
        terms = [*rest, _product(terms[i], terms[j], _kept(terms[i], terms[j], rest, result))]
    return terms[0].x


# ------------------------------------------------------------------------------------------------------------- reading


def _read(first: Any, rest: tuple[Any, ...]) -> tuple[list[Term], Sequence[Label] | None]:
    """(operands with the names of their axes, ellipses among them; those of the result, if it is said)."""
    if isinstance(first, str):
        text, arrow, asked = first.replace(" ", "").partition("->")
        names, operands = [_letters(part, first) for part in text.split(",")], rest
        result = _letters(asked, first) if arrow else None
    else:
        given = (first, *rest)
        operands, lists = given[: len(given) // 2 * 2 : 2], given[1::2]
        names = [_ints(part) for part in lists]
        result = _ints(given[-1]) if len(given) % 2 else None
    if len(names) != len(operands) or not operands:
        raise ValidationError(f"einsum: {len(names)} lists of axes for {len(operands)} operands; give one for each")
    like = next((x for x in operands if type(x) is Tensor), None)
    return [Term(tensor(x, like), labels) for x, labels in zip(operands, names)], result


def _letters(part: str, whole: str) -> tuple[Label, ...]:
    before, dots, after = part.partition("...")
    labels = (*before, *([...] if dots else []), *after)
    if not all([label is ... or label in LETTERS for label in labels]):
        raise ValidationError(
            f"einsum: {whole!r} cannot be read; write letters, one ellipsis an operand at most, commas and one arrow"
        )
    return labels


def _ints(part: Any) -> tuple[Label, ...]:
    labels = tuple(part) if isinstance(part, list | tuple) else (None,)
    if not all([label is ... or (type(label) is int and 0 <= label < 52) for label in labels]) or labels.count(...) > 1:
        raise ValidationError(f"einsum: {part!r} names no axes; write a list of ints from 0 to 51, or subscripts first")
    return labels


def _without_ellipses(terms: list[Term]) -> tuple[list[Term], tuple[Label, ...]]:
    """Axes that an ellipsis stands for by names of their own, from the end; and the most of them that there are."""
    found, longest = [], 0
    for k, (x, labels) in enumerate(terms):
        extra = x.ndim - len(labels) + (... in labels)
        if extra < 0 or (extra and ... not in labels):
            named = len(labels) - (... in labels)
            raise ShapeError(f"einsum: {named} names for the {x.ndim} axes of operand {k}, of shape {x.shape}")
        longest = max(longest, extra)
        at = labels.index(...) if ... in labels else 0
        found.append(Term(x, (*labels[:at], *_ellipsis(extra), *labels[at + 1 :]) if ... in labels else labels))
    return found, _ellipsis(longest)


def _ellipsis(many: int) -> tuple[Label, ...]:
    return tuple([(..., k) for k in range(many, 0, -1)])


def _result(named: list[Label], asked: Sequence[Label] | None, ellipsis: tuple[Label, ...]) -> tuple[Label, ...]:
    """The names of the axes of the result."""
    if asked is None:
        once = Counter(named)
        return (*ellipsis, *sorted([n for n in once if once[n] == 1 and type(n) is not tuple]))
    if ellipsis and ... not in asked:
        raise ValidationError("einsum: the result must have the ellipsis of the operands; sum over those axes apart")
    whole = tuple([n for label in asked for n in (ellipsis if label is ... else (label,))])
    wrong = [n for n in whole if n not in named or whole.count(n) > 1]
    if wrong:
        raise ValidationError(f"einsum: the result names the axis {wrong[0]!r} twice, or no operand has it")
    return whole


def _sizes(terms: list[Term]) -> dict[Label, int]:
    sizes: dict[Label, int] = {}
    for x, labels in terms:
        own = dict(zip(labels, x.shape))
        for label, n in zip(labels, x.shape):
            known = sizes.get(label, 1)
            if n != own[label]:
                raise ShapeError(f"einsum: the axes {label!r} of a diagonal have the lengths {n} and {own[label]}")
            if n != known and 1 not in (n, known):
                raise ShapeError(
                    f"einsum: axes {label!r} of the lengths {known} and {n}; axes of one name are as long, or 1"
                )
            sizes[label] = n if known == 1 else known
    return sizes


# ------------------------------------------------------------------------------- until each name is in two places, once


def _in_one_dtype(terms: list[Term]) -> list[Term]:
    to = dtypes.promote(*[term.x.dtype for term in terms])
    if to.kind == "b":
        raise DTypeError("einsum: takes numbers, got bool; cast with astype")
    return [term if term.x.dtype is to else Term(apply(ASTYPE, term.x, dtype=to), term.labels) for term in terms]


def _without_broadcast(term: Term, sizes: dict[Label, int]) -> Term:
    """An axis of 1 beside longer ones is none: what it multiplies it multiplies everywhere."""
    kept = [a for a, label in enumerate(term.labels) if term.x.shape[a] == sizes[label]]
    if len(kept) == len(term.labels):
        return term
    shape = tuple([term.x.shape[a] for a in kept])
    return Term(apply(RESHAPE, term.x, shape=shape), tuple([term.labels[a] for a in kept]))


def _diagonal(term: Term) -> Term:
    """Where all axes of one name are at the same place: every (n + 1)st of n * n elements, and so on."""
    x, labels = term
    for label, many in Counter(labels).items():
        if many > 1:
            its = [a for a, other in enumerate(labels) if other == label]
            rest = [a for a in range(len(labels)) if a not in its]
            n, free = x.shape[its[0]], tuple([x.shape[a] for a in rest])
            x = apply(RESHAPE, apply(PERMUTE_DIMS, x, axes=(*rest, *its)), shape=(*free, n**many))
            x = apply(GETITEM, x, index=(..., slice(None, None, sum([n**k for k in range(many)]))))
            labels = (*[labels[a] for a in rest], label)
    return Term(x, labels)


def _each(terms: list[Term]) -> Iterable[tuple[Term, list[Term]]]:
    return ((term, terms[:k] + terms[k + 1 :]) for k, term in enumerate(terms))


def _summed(term: Term, others: list[Term], result: tuple[Label, ...]) -> Term:
    """What no other operand and not the result has is summed over at once."""
    elsewhere = {label for other in others for label in other.labels}.union(result)
    alone = tuple([a for a, label in enumerate(term.labels) if label not in elsewhere])
    if not alone:
        return term
    labels = tuple([label for label in term.labels if label in elsewhere])
    return Term(apply(SUM, term.x, axis=alone, keepdims=False), labels)


# ------------------------------------------------------------------------------------------------------------- products


def _kept(a: Term, b: Term, rest: list[Term], result: tuple[Label, ...]) -> tuple[Label, ...]:
    """The axes of a product that are still needed: in the order of the result, if it is the last."""
    if not rest:
        return result
    needed = {label for term in rest for label in term.labels}.union(result)
    return tuple([label for label in dict.fromkeys((*a.labels, *b.labels)) if label in needed])


def _next(terms: list[Term], result: tuple[Label, ...], sizes: dict[Label, int]) -> tuple[int, int]:
    """The pair whose product is smallest beside what it replaces."""

    def growth(pair: tuple[int, int]) -> int:
        a, b = (terms[k] for k in pair)
        rest = [term for k, term in enumerate(terms) if k not in pair]
        new, old_a, old_b = (
            math.prod([sizes[label] for label in labels]) for labels in (_kept(a, b, rest, result), a.labels, b.labels)
        )
        return new - old_a - old_b

    return min(combinations(range(len(terms)), 2), key=growth)


def _product(a: Term, b: Term, kept: tuple[Label, ...]) -> Term:
    letters = dict(zip(dict.fromkeys((*a.labels, *b.labels)), LETTERS))
    left, right, y = ("".join([letters[label] for label in labels]) for labels in (a.labels, b.labels, kept))
    return Term(apply(EINSUM, a.x, b.x, subscripts=f"{left},{right}->{y}"), kept)
