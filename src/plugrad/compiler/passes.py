"""Before a program is written out: constants named, common subexpressions merged, dead code dropped."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..dtypes import SCALARS
from ..ops import DETACH, GRAFT
from .tracing import Equation, Program


class Simple(NamedTuple):
    """A program in names alone."""

    equations: list[Equation]  # inputs are names or Python scalars
    results: list[str]
    constants: dict[str, Any]  # name -> array


def simplify(program: Program, results: list[str]) -> Simple:
    """Merge what is computed twice, drop what nobody reads."""
    constants: dict[str, Any] = {}
    alias: dict[str, str] = {}
    seen: dict[Any, tuple[str, ...]] = {}
    equations = []
    for equation in program:
        inputs = tuple(_named(a, alias, constants) for a in equation.inputs)
        if equation.op in (DETACH, GRAFT):  # said to those who differentiate
            alias[equation.names[0]] = inputs[0]
            continue
        key = (equation.op, *map(_key, inputs), *((k, _key(v)) for k, v in equation.params.items()))
        if key in seen:
            alias.update(zip(equation.names, seen[key], strict=True))
        else:
            seen[key] = equation.names
            equations.append(equation._replace(inputs=inputs))
    results = [alias.get(r, r) for r in results]
    return Simple(_alive(equations, results), results, constants)


def _named(a: Any, alias: dict[str, str], constants: dict[str, Any]) -> Any:
    if type(a) is str:
        return alias.get(a, a)
    if type(a) in SCALARS:
        return a
    constants[f"c{id(a)}"] = a  # the program holds the array, so the number stays its own
    return f"c{id(a)}"


def _key(v: Any) -> Any:
    """Equal only for what computes the same: arrays by identity, scalars with their type (1, 1.0, True; 0.0, -0.0)."""
    if isinstance(v, tuple):
        return tuple(map(_key, v))
    return (type(v), repr(v)) if type(v) in SCALARS or isinstance(v, str | slice) or v is None else id(v)


def _alive(equations: list[Equation], results: list[str]) -> list[Equation]:
    live, kept = set(results), []
    for equation in reversed(equations):
        if live.intersection(equation.names):
            kept.append(equation)
            live.update(a for a in equation.inputs if type(a) is str)
    return kept[::-1]
