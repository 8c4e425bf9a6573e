"""What ``--pyargs plugrad_conformance`` runs."""

from __future__ import annotations

import pytest

from plugrad.testing.samples import Sample

from . import checks
from .suite import Check, cases


@pytest.mark.parametrize("check, sample", [pytest.param(c, s, id=f"{s}-{c.__name__}") for c, s in cases()])
def test_conformance(check: Check, sample: Sample, pg_backend: str) -> None:
    """One question about one call."""
    check(sample, pg_backend)


def test_round_trip(pg_backend: str) -> None:
    """Values and gradients move to NumPy and back."""
    checks.round_trip(pg_backend)
