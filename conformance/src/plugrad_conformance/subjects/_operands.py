"""Operands as plugrad gives them to a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from plugrad.testing.samples import Sample

__all__ = ["together"]

MEETING = ("shared", "arrays", "floating", "branches")


def together(sample: Sample, given: list[Any]) -> list[Any]:
    """Arrays in the dtype in which they meet, where the primitive's operands do; of numbers their kind counts.

    Parameters
    ----------
    sample : Sample
    given : list
        The operands of the sample, as arrays with ``astype`` or Python numbers.
    """
    first = sample.op.promotion == "branches"  # the condition
    kinds = [type(x)(0) if isinstance(x, int | float | complex) else x.dtype for x in sample.operands[first:]]
    if sample.op.promotion not in MEETING or not any(isinstance(kind, np.dtype) for kind in kinds):
        return given
    to = np.result_type(*kinds)
    return [*given[:first], *(x.astype(to) if hasattr(x, "astype") and x.dtype != to else x for x in given[first:])]
