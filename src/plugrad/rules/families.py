"""Rule families: from one stated fact, reverse mode, forward mode, and what a node has to save.

A rule is a function that names what it reads: ``y`` (the result), operands and parameters by the operation's own
names, ``xp`` (the namespace: raw kernels, or recording), ``ct`` (the cotangent - or the tangent, where the map is the
same both ways) and ``edge`` (shape and dtype of the operand). Only what it names is saved, and only for tracked
operands. The pull is compiled from the names: one flat call on the hot path, 0.75 of the time of shuffled arguments.

Pulls conjugate the local derivative, for complex results only; pushes do not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

from ..dtypes import SCALARS
from ..errors import ValidationError
from ..ops import SUM, Op
from ..tensor import RECORDING, Tensor, apply, spread_to, zeros
from . import axes
from .axes import Law, axes_of

Rule = Callable[..., Any]
Pull = Callable[..., Any]

ONE: Any = object()  # the local derivative is 1
MINUS_ONE: Any = object()
ZERO: Any = object()  # it is 0: declared, never forgotten
_FORM = {ONE: "ct", MINUS_ONE: "-ct", ZERO: "xp.zeros(ct, edge.shape)"}


# ------------------------------------------------------------------------------------------------- rules to pulls


def _names(rule: Rule) -> tuple[str, ...]:
    code = getattr(rule, "__code__", None)
    return () if rule in _FORM or code is None else code.co_varnames[: code.co_argcount]


def _places(op: Op) -> dict[str, str]:
    """Where a pull finds what a rule names."""
    operands = {name: f"args[{i}]" for i, name in enumerate(op.operands)}
    return {n: n for n in ("xp", "ct", "y", "edge")} | operands | {p: f"params[{p!r}]" for p in op.params}


def _conj(xp: Any, x: Any) -> Any:
    """Python scalars stay weak."""
    return x.conjugate() if type(x) in SCALARS else xp.conj(x)


@cache
def _compiled(body: str) -> Callable[[Rule], Pull]:
    scope = {"conj": _conj}
    return eval(f"lambda f: lambda xp, ct, y, args, params, edge: {body}", scope)


def _call(op: Op, rule: Rule, conjugated: tuple[str, ...] = ()) -> str:
    """The call of a rule by a pull, some of its arguments conjugated."""
    places = _places(op)
    given = [f"conj(xp, {places[n]})" if n in conjugated else places[n] for n in _names(rule)]
    return f"f({', '.join(given)})"


def _product(op: Op, rule: Rule) -> tuple[Pull, Pull]:
    """(pull for real results, pull for complex ones) of a partial derivative, or of a map that names ct."""
    if rule in _FORM:
        body = conjugate = _FORM[rule]
    elif "ct" in _names(rule):
        body, conjugate = _call(op, rule), f"conj(xp, {_call(op, rule, ('ct',))})"
    else:
        body, conjugate = f"ct * {_call(op, rule)}", f"ct * conj(xp, {_call(op, rule)})"
    return _compiled(body)(rule), _compiled(conjugate)(rule)


def _check_names(op: Op, *rules: Rule) -> None:
    """Refuse a rule that reads what it cannot be given."""
    known = _places(op)
    unknown = [n for rule in rules for n in _names(rule) if n not in known]
    if unknown:
        raise ValidationError(f"the rule of {op.name} names {', '.join(unknown)}; it may name {', '.join(known)}")


def _set_saving(op: Op, rules: tuple[Rule, ...]) -> None:
    """What to keep, per tracked edge, from the names that its rule reads."""
    if len(rules) != len(op.operands):
        raise ValidationError(f"{len(rules)} rules for the {len(op.operands)} operands of {op.name}; give one for each")
    _check_names(op, *rules)
    reads = [{op.operands.index(n) for n in _names(rule) if n in op.operands} for rule in rules]
    readers = [[i for i, r in enumerate(reads) if k in r] for k in range(len(op.operands))]
    op.result_readers = tuple([i for i, rule in enumerate(rules) if "y" in _names(rule)])
    op.saves = "" if not any(readers) else "crosswise" if readers == [[1], [0]] else "some"
    kept = [
        f"args[{k}] if {' or '.join(f'edges[{i}]' for i in r)} else None" if r else "None"
        for k, r in enumerate(readers)
    ]
    op.keep = _keeper(", ".join(kept))


@cache
def _keeper(body: str) -> Any:
    return eval(f"lambda edges, args: ({body},)")


def _total(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


# ----------------------------------------------------------------------------------------------------- the families


def elementwise(op: Op, *partials: Rule) -> None:
    """partials[i] is d result / d operand i, holomorphic; or, naming ``ct``, the product with it.

    Examples
    --------
    >>> elementwise(ops.TANH, lambda y: 1 - y * y)  # doctest: +SKIP
    >>> elementwise(ops.MULTIPLY, lambda b: b, lambda a: a)  # doctest: +SKIP
    """
    _set_saving(op, partials)
    op.rule = lambda: tuple(zip(*[_product(op, rule) for rule in partials], strict=True))

    def push(y: Any, args: Any, tangents: list[Any], params: Any) -> Any:
        moving = [i for i, p in enumerate(partials) if tangents[i] is not None and p is not ZERO]
        pulled = [op.pulls[i](RECORDING, tangents[i], y, args, params, args[i]) for i in moving]
        terms = [spread_to(t, y.shape) for t in pulled]
        return _total(terms) if terms else zeros(y)

    op.push, op.batch = push, axes.elementwise(op)


def real_valued(op: Op, weight: Rule) -> None:
    """A real function of a complex operand: its derivative is Re(conj(w) dz). For real operands w dx.

    The cotangent is ct * w: the conjugate Wirtinger derivative (torch's convention).
    """
    _set_saving(op, (weight,))
    op.rule = lambda: ((_compiled(f"ct * {_call(op, weight)}")(weight),),) * 2

    def push(y: Any, args: Any, tangents: list[Any], params: Any) -> Any:
        (pull,) = op.pulls
        if args[0].dtype.kind != "c":
            return pull(RECORDING, tangents[0], y, args, params, args[0])
        return RECORDING.real(pull(RECORDING, RECORDING.conj(tangents[0]), y, args, params, args[0]))

    op.push, op.batch = push, axes.elementwise(op)


def linear(op: Op, *adjoints: Rule | None, batch: Law) -> None:
    """The tangent is the operation itself; the cotangent is the adjoint; None for an operand that has none."""
    _set_saving(op, adjoints)  # type: ignore[arg-type]
    op.rule = lambda: (tuple(_no_pull if f is None else _compiled(_call(op, f))(f) for f in adjoints),) * 2

    def push(y: Any, args: Any, tangents: list[Any], params: Any) -> Any:
        moved = [a if f is None else _tangent_of(a, t) for f, a, t in zip(adjoints, args, tangents, strict=True)]
        return apply(op, *moved, **params)

    op.push, op.batch = push, batch


def _tangent_of(primal: Any, tangent: Any) -> Any:
    return tangent if tangent is not None else zeros(primal) if type(primal) is Tensor else 0


def _no_pull(*_: Any) -> Any:
    raise ValidationError("a derivative is asked for an operand that has none")


class _Positional:
    """Pulls of an operation of any number of operands: one rule, told the position."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def __iter__(self) -> Iterator[Pull]:
        return (partial(self._pull, i) for i in itertools.count())

    def _pull(self, i: int, xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        return self._rule(xp, ct, i, edge, **params)


def linear_in_all(op: Op, adjoint: Rule, batch: Law) -> None:
    """As `linear`, of any number of operands; ``adjoint(xp, ct, position, edge, **params)``."""
    if set(_names(adjoint)[4:]) != set(op.params):
        given = ", ".join(("xp", "ct", "position", "edge", *op.params))
        raise ValidationError(f"the rule of {op.name} names {', '.join(_names(adjoint))}; it is given {given}")
    op.result_readers, op.saves, op.keep, op.batch = (), "", _keeper("None"), batch
    op.pulls = op.complex_pulls = _Positional(adjoint)
    op.push = lambda y, args, tangents, params: apply(op, *map(_tangent_of, args, tangents), **params)


def bilinear(op: Op, left: Rule, right: Rule, batch: Law) -> None:
    """Linear in each operand; `left` and `right` take the cotangent back to it, given the other one."""
    _set_saving(op, (left, right))
    op.rule = lambda: tuple(
        tuple(_compiled(_call(op, f, conjugated))(f) for f in (left, right)) for conjugated in ((), op.operands)
    )

    def push(y: Any, args: Any, tangents: list[Any], params: Any) -> Any:
        one_moved = [(*args[:i], t, *args[i + 1 :]) for i, t in enumerate(tangents) if t is not None]
        return _total([apply(op, *moved, **params) for moved in one_moved])

    op.push, op.batch = push, batch


def symmetric(op: Op, jacobian: Rule, batch: Law) -> None:
    """The Jacobian is real and symmetric: what it does to a vector ``ct`` serves both modes."""
    _set_saving(op, (jacobian,))
    op.rule = lambda: ((_compiled(_call(op, jacobian))(jacobian),),) * 2

    def push(y: Any, args: Any, tangents: list[Any], params: Any) -> Any:
        (pull,) = op.pulls
        return pull(RECORDING, tangents[0], y, args, params, args[0])

    op.push, op.batch = push, batch


def reduction(op: Op, weight: Rule) -> None:
    """The tangent is sum(weight * tangent) over the reduced axes; y and ct are handed with those axes kept.

    As in `elementwise`, a rule that names ``ct`` is the product itself.
    """
    _set_saving(op, (weight,))
    op.rule = lambda: tuple((_with_axes_kept(p),) for p in _product(op, weight))

    def push(y: Any, args: Any, tangents: list[Any], params: Any) -> Any:
        (x,), (t,) = args, tangents
        to_real = x.dtype.kind == "c" != y.dtype.kind  # as in `real_valued`
        t, y = RECORDING.conj(t) if to_real else t, RECORDING.reshape(y, shape=kept_shape(x.shape, params["axis"]))
        d = _product(op, weight)[0](RECORDING, t, y, args, params, x)
        return apply(SUM, RECORDING.real(d) if to_real else d, axis=params["axis"], keepdims=params["keepdims"])

    op.push, op.batch = push, axes.reduces(op)


def _with_axes_kept(pull: Pull) -> Pull:
    def kept_pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        kept = kept_shape(edge.shape, params["axis"])
        y = None if y is None else xp.reshape(y, shape=kept)
        return pull(xp, xp.reshape(ct, shape=kept), y, args, params, edge)

    return kept_pull


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape of a reduction that keeps its axes."""
    reduced = axes_of(axis, len(shape))
    return tuple([1 if i in reduced else n for i, n in enumerate(shape)])


def custom(op: Op, vjp: Rule | tuple[Rule | None, ...], jvp: Rule | tuple[Rule | None, ...], batch: Law) -> None:
    """Both modes said by hand, a rule for each operand; None for one that has no derivative. Cite paper and equation.

    In `jvp` ``ct`` is the tangent of that operand; what the operands contribute is summed. Of several results ``y`` is
    the tuple and ``ct`` the list of cotangents, None for what was not used; `jvp` gives a tuple of tangents.
    """
    vjps, jvps = (f if isinstance(f, tuple) else (f,) for f in (vjp, jvp))
    _set_saving(op, vjps)  # type: ignore[arg-type]
    _check_names(op, *jvps)  # type: ignore[arg-type]
    op.rule = lambda: (tuple(_no_pull if f is None else _compiled(_call(op, f))(f) for f in vjps),) * 2

    def push(y: Any, args: Any, tangents: list[Any], params: Any) -> Any:
        terms = [
            (_no_pull if f is None else _compiled(_call(op, f))(f))(RECORDING, t, y, args, params, a)
            for f, a, t in zip(jvps, args, tangents, strict=True)
            if t is not None
        ]
        return tuple(map(_total, zip(*terms, strict=True))) if type(y) is tuple else _total(terms)

    op.push, op.batch = push, batch


def discrete(op: Op, batch: Law | None = None) -> None:
    """The results are integers or booleans: plain, whatever they were made from."""
    op.pulls = op.complex_pulls = ()
    op.result_readers, op.saves, op.keep = (), "", _keeper("None")
    op.push, op.batch = None, batch or axes.elementwise(op)
