"""Sample inputs of every primitive: what a rule, a law of axes, a kernel or a backend is tried on.

Each operation is one line: the kinds of numbers it takes, where its operands may lie, and the forms of its calls.
Values are random, the same for the same seed, and away from ties and ends of domains; those are samples of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from ... import dtypes, ops
from ...errors import ValidationError
from ...ops import Op
from . import core
from .forms import Boundary, Domain, Shape, Spec, whole

__all__ = ["UNSAMPLED", "Sample", "samples"]

Array = Any

UNSAMPLED: dict[Op, str] = {
    ops.PICK: "never computed: it stands in the graph for one of several results, which the samples of unstack cover",
    ops.DETACH: "its value is its operand; a program alone holds it, and the tests of compile ask what it ends",
    ops.TO_BACKEND: "it takes two backends; the tests of each plugin and the conformance kit move arrays to and fro",
}


class Sample(NamedTuple):
    """One call of a primitive: NumPy arrays or Python scalars as operands, and all parameters."""

    op: Op
    name: str
    operands: tuple[Any, ...]
    params: dict[str, Any]
    boundary: bool = False  # at a tie, a zero, an infinity, a NaN or the end of a domain

    @property
    def moving(self) -> tuple[int, ...]:
        """The positions of the operands that have a derivative."""
        if self.op.push is None:
            return ()
        return tuple([i for i, x in enumerate(self.operands) if type(x) is np.ndarray and x.dtype.kind in "fc"])

    def __str__(self) -> str:
        return f"{self.op.name}-{self.name}".replace(" ", "-")


def samples(op: Op, seed: int = 0) -> list[Sample]:
    """Sample inputs of one primitive.

    Parameters
    ----------
    op : Op
        One of plugrad's own.
    seed : int
        Other random values in the same forms: sample k of one seed is sample k of another, elsewhere.

    Returns
    -------
    list of Sample
        Empty for the few that `UNSAMPLED` gives a reason for.

    Raises
    ------
    ValidationError
        For a primitive that is registered elsewhere.

    Examples
    --------
    >>> from plugrad import ops
    >>> [str(s) for s in samples(ops.MATRIX_TRANSPOSE)][:2]
    ['matrix_transpose-one-matrix', 'matrix_transpose-several']
    """
    if op in UNSAMPLED:
        return []
    if op not in SPECS:
        raise ValidationError(f"no samples are known of {op.name}; write them beside where it is registered")
    spec = SPECS[op]
    inner = [_sample(op, spec, name, kinds, seed) for kinds, names in _variants(op, spec) for name in names]
    edges = core.boundaries(op, spec) + BOUNDARIES.get(op, [])
    return inner + [Sample(op, name, operands, params, True) for name, operands, params in edges]


SPECS: dict[Op, Spec] = {**core.SPECS}
BOUNDARIES: dict[Op, list[Boundary]] = {}  # beside those of all operations that are called alike


def _variants(op: Op, spec: Spec) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """(dtypes of the inexact operands, names of the forms): all forms in float64, a few in the others."""
    compound = "c" in spec.kinds
    several = len(set(op.operands) - {"condition", "indices"}) > 1 or op.operands[0].startswith("*")
    names = [n for n in spec.forms if "scalar" not in n or (spec.kinds != "-" and (compound or "complex" not in n))]
    yield ("float64",), names
    if spec.kinds != "-":
        yield ("float32",), names[:1]
    if compound:
        yield ("complex128",), names[:4] + [n for n in names[4:] if "scalar" in n]
        yield ("complex64",), names[:1]
    if several and spec.kinds != "-":
        yield ("float32", "float64"), names[:1]
    if several and compound:
        yield ("complex128", "float64"), names[:1]
    if several and compound and op.promotion != "into":
        yield ("float64", "complex128"), names[:1]


def _sample(op: Op, spec: Spec, name: str, kinds: tuple[str, ...], seed: int) -> Sample:
    form = spec.forms[name]
    name = name if kinds == ("float64",) else f"{name} {' with '.join(kinds)}"
    rng = np.random.default_rng((seed, crc32(f"{op.name} {name}".encode())))
    left = list(kinds)
    operands = []
    for i, shape in enumerate(form.shapes):
        domain = whole if i in form.integers else spec.domains[min(i, len(spec.domains) - 1)]
        x = shape if type(shape) is not tuple else _operand(domain, rng, shape, left[0], form.strided)
        if len(left) > 1 and getattr(x, "dtype", dtypes.bool).kind in "fc":
            del left[0]
        operands.append(x)
    return Sample(op, name, tuple(operands), dict(form.params))


def _operand(domain: Domain, rng: np.random.Generator, shape: Shape, kind: str, strided: bool) -> Array:
    x = np.asarray(domain(rng, shape))
    if x.dtype.kind == "f":
        x = np.asarray(x + 1j * domain(rng, shape) if kind.startswith("complex") else x, kind)
    return np.stack([x, x], -1)[..., 0] if strided else x
