"""How far from right passes, in eps of max(1, the largest number that is right): a law, and what is declared.

The law: a check's constant times the square root of the number n of elements of the operands. A sum of n products, each
rounded, is off by n eps at worst, by sqrt(n) eps with high probability (Higham and Mary, SIAM J. Sci. Comput. 41,
2019); the constant is for what an operation does beside that, and grows with the order of the derivative. A central
difference is good for eps^(2/3), which is eps^(-1/3) eps.

Whoever needs more says so in public, with a reason: in `OVERRIDES` here, or in the package of a backend, which names a
module of such lines in its entry points, group ``plugrad.conformance``, under the name of the backend:

    [project.entry-points."plugrad.conformance"]
    example = "plugrad_example.conformance"  # which has OVERRIDES = (("eig-*", 10.0, "why"),)
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import entry_points
from typing import NamedTuple

import numpy as np

from plugrad.testing.samples import Sample
from plugrad.testing.tolerances import eps_of

from .records import Case, Check

__all__ = ["BOUNDARY", "LAW", "OVERRIDES", "Override", "allowed", "declared", "law"]

LAW: dict[str, float] = {  # check -> constant
    "value": 32.0,
    "vjp": 32.0,
    "walk": 32.0,
    "jvp": 32.0,
    "second": 128.0,
    "duality": 8.0,
    "linearity": 16.0,
    "complex_step": 16.0,
    "differences": 32.0,
    "nesting": 128.0,
    "transposed": 32.0,
    "alone": 32.0,
}
BOUNDARY = 32.0  # at ties and ends of domains: elements by themselves, and exact choices


class Override(NamedTuple):
    """Cases whose bound is another, and why."""

    pattern: str  # of CHECK/CASE, as in fnmatch: "second/eig-*"
    factor: float  # on what the law says
    reason: str


OVERRIDES: tuple[Override, ...] = (
    Override("*/erfinv-ends", 4.0, "at 1 - 1e-8 the gradient is exp(x^2), and takes an eps of the value for many"),
)


def law(check: str, sample: Sample) -> float:
    """The bound of a check on a sample, in eps, for every subject.

    Examples
    --------
    >>> from plugrad import ops
    >>> from plugrad.testing.samples import samples
    >>> sample = samples(ops.MATMUL)[1]
    >>> [x.shape for x in sample.operands], round(law("vjp", sample))
    ([(3, 3), (3, 3)], 136)
    """
    if sample.boundary:
        return BOUNDARY
    arrays = [x for x in sample.operands if isinstance(x, np.ndarray)]
    bound = LAW[check] * max(1, sum(x.size for x in arrays)) ** 0.5
    if check == "differences":
        bound *= max(eps_of(x.dtype) for x in arrays) ** (-1 / 3)
    return bound


def allowed(case: Case, check: Check, subject: str) -> Case:
    """The case with the bound that holds for this subject, and a note of why it is another than the law's."""
    path = f"{check.name}/{case.name}"
    found = [o for o in (*OVERRIDES, *declared(subject.partition(":")[0])) if fnmatchcase(path, o.pattern)]
    for override in found:
        case = case._replace(bound=case.bound * override.factor, note=override.reason)
    return case


@cache
def declared(backend: str) -> tuple[Override, ...]:
    """What the package of a backend declares.

    Raises
    ------
    ValueError
        If a line has no reason, or its factor is none.
    """
    found = [entry.load() for entry in entry_points(group="plugrad.conformance", name=backend)]
    return tuple(_checked(Override(*line), backend) for module in found for line in module.OVERRIDES)


def _checked(line: Override, backend: str) -> Override:
    if not (line.reason.strip() and line.factor > 0):
        raise ValueError(f"the package of {backend} overrides {line.pattern!r} by {line.factor} without a reason")
    return line
