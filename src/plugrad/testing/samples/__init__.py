"""Sample inputs of every primitive: what a rule, a law of axes, a kernel or a backend is tried on.

Each operation is one line: the kinds of numbers it takes, where its operands may lie, and the forms of its calls.
Values are random, the same for the same seed, and away from ties and ends of domains; those are samples of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from ... import dtypes, ops
from ...errors import ValidationError
from ...ops import Op
from . import core, fft, linalg, nn, sorting, special
from .forms import Boundary, Domain, Shape, Spec, Whole, whole

__all__ = ["UNSAMPLED", "Sample", "invariants", "samples"]

Array = Any

UNSAMPLED: dict[Op, str] = {
    ops.PICK: "never computed: it stands in the graph for one of several results, which the samples of unstack cover",
    ops.DETACH: "its value is its operand; a program alone holds it, and the tests of compile ask what it ends",
    ops.GRAFT: "its value is its first operand; a program alone holds it, and the tests of compile ask what it keeps",
    ops.TO_BACKEND: "it takes two backends; the tests of each plugin and the conformance kit move arrays to and fro",
}


class Sample(NamedTuple):
    """One call of a primitive: NumPy arrays or Python scalars as operands, and all parameters."""

    op: Op
    name: str
    operands: tuple[Any, ...]
    params: dict[str, Any]
    boundary: bool = False  # at a tie, a zero, an infinity, a NaN or the end of a domain
    smooth: bool = True  # whether this call has a derivative, where others have

    @property
    def moving(self) -> tuple[int, ...]:
        """The positions of the operands that have a derivative."""
        if self.op.push is None or not self.smooth:
            return ()
        return tuple([i for i, x in enumerate(self.operands) if type(x) is np.ndarray and x.dtype.kind in "fc"])

    def __str__(self) -> str:
        return f"{self.op.name}-{self.name}".replace(" ", "-")


def samples(op: Op, seed: int = 0) -> list[Sample]:
    """Sample inputs of one primitive.

    Parameters
    ----------
    op : Op
        One of plugrad's own, or one that was registered with samples.
    seed : int
        Other random values in the same forms: sample k of one seed is sample k of another, elsewhere.

    Returns
    -------
    list of Sample
        Empty for the few that `UNSAMPLED` gives a reason for.

    Raises
    ------
    ValidationError
        For a primitive that was registered without samples, or with some that do not fit it.

    Examples
    --------
    >>> from plugrad import ops
    >>> [str(s) for s in samples(ops.MATRIX_TRANSPOSE)][:2]
    ['matrix_transpose-one-matrix', 'matrix_transpose-several']
    """
    if op in UNSAMPLED:
        return []
    if op in ops.EXTENSIONS:
        return _given(op, ops.EXTENSIONS[op].samples, seed)
    if op not in SPECS:
        raise ValidationError(f"no samples are known of {op.name}; write them beside where it is registered")
    spec = SPECS[op]
    inner = [_sample(op, spec, name, kinds, seed) for kinds, names in _variants(op, spec) for name in names]
    edges = core.boundaries(op, spec) + BOUNDARIES.get(op, [])
    return inner + [Sample(op, name, operands, params, True) for name, operands, params in edges]


def _given(op: Op, make: Callable[..., Any] | None, seed: int) -> list[Sample]:
    """Those that came with a primitive, as `plugrad.extend.primitive` has them."""
    if make is None:
        raise ValidationError(f"no samples are known of {op.name}; register it with samples=")
    rng, found = np.random.default_rng((seed, crc32(op.name.encode()))), []
    for name, given in make(rng).items():
        *operands, params = given if op.params else (*given, {})
        fits = len(operands) == len(op.operands) or op.operands[0].startswith("*")
        if not fits or type(params) is not dict or set(params) != set(op.params):
            raise ValidationError(f"the sample {name!r} of {op!r} is {given!r:.200}, which does not fit it")
        operands = [x if type(x) in dtypes.SCALARS else np.asarray(x) for x in operands]
        found.append(Sample(op, name, tuple(operands), params))
    return found


def invariants(op: Op, results: tuple[Any, ...]) -> tuple[Any, ...]:
    """What of an operation's results does not depend on who computes: of vectors of any phase, sums of products.

    Parameters
    ----------
    op : Op
        A primitive.
    results : tuple of array, shapes (...)
        All its results, of any library whose arrays have ``conj()``, ``mT`` and operators.

    Returns
    -------
    tuple of array
        The results themselves, for most primitives.

    Examples
    --------
    >>> import numpy as np
    >>> from plugrad import ops
    >>> v = np.array([[0.6, 0.8], [0.8, -0.6]])
    >>> one, other = (invariants(ops.EIGH, (np.array([1.0, 2.0]), v)) for v in (v, v * [1, -1]))
    >>> bool(np.all(one[1] == other[1]))
    True
    """
    return linalg.INVARIANTS[op](*results) if op in linalg.INVARIANTS else results


SPECS: dict[Op, Spec] = {
    **core.SPECS,
    **sorting.SPECS,
    **fft.SPECS,
    **linalg.SPECS,
    **nn.SPECS,
    **special.SPECS,
}
BOUNDARIES: dict[Op, list[Boundary]] = {  # beside those of all operations that are called alike
    **sorting.BOUNDARIES,
    **linalg.BOUNDARIES,
    **special.BOUNDARIES,
    **nn.BOUNDARIES,
}


def _variants(op: Op, spec: Spec) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """(dtypes of the inexact operands, names of the forms): all forms in float64, a few in the others."""
    if spec.kinds == "c":
        yield ("complex128",), [*spec.forms]
        yield ("complex64",), [*spec.forms][:1]
        return
    compound = "c" in spec.kinds
    several = len(set(op.operands) - {"condition", "indices", "rtol"}) > 1 or op.operands[0].startswith("*")
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
    return Sample(op, name, tuple(operands), dict(form.params), smooth=form.smooth)


def _operand(domain: Domain, rng: np.random.Generator, shape: Shape, kind: str, strided: bool) -> Array:
    compound = kind.startswith("complex")
    x = np.asarray(domain.make(rng, shape, compound) if isinstance(domain, Whole) else domain(rng, shape))
    if x.dtype.kind == "f" and compound and not isinstance(domain, Whole):
        x = x + 1j * domain(rng, shape)
    if x.dtype.kind in "fc":
        x = np.asarray(x, kind if x.dtype.kind == "c" else dtypes.real_of(dtypes.DTYPES[kind]).name)
    return np.stack([x, x], -1)[..., 0] if strided else x
