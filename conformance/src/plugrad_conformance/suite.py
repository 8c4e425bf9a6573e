"""The cases: every sample of every primitive, and the questions that fit it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from plugrad import ops
from plugrad.testing.samples import Sample, samples

from . import checks

Check = Callable[[Sample, str], None]

VALUES: tuple[Check, ...] = (checks.value,)
DERIVATIVES: tuple[Check, ...] = (checks.pullback, checks.pushforward, checks.duality)


def cases() -> Iterator[tuple[Check, Sample]]:
    """(question, sample): values everywhere; derivatives where there is one, away from ties and ends of domains."""
    for op in ops.TABLE.values():
        for sample in samples(op):
            yield from ((check, sample) for check in VALUES if not sample.boundary)
            if sample.moving and not sample.boundary:
                yield from ((check, sample) for check in DERIVATIVES)


def suite(backend: str) -> dict[str, Callable[..., None]]:
    """Test functions for one backend, by name, to be put into a module of one's own.

    Parameters
    ----------
    backend : str
        A backend's name, as in `plugrad.use_backend`.

    Examples
    --------
    >>> sorted(suite("numpy"))
    ['test_conformance', 'test_round_trip']
    """

    @pytest.mark.parametrize("check, sample", [pytest.param(c, s, id=f"{s}-{c.__name__}") for c, s in cases()])
    def test_conformance(check: Check, sample: Sample) -> None:
        check(sample, backend)

    def test_round_trip() -> None:
        checks.round_trip(backend)

    return {"test_conformance": test_conformance, "test_round_trip": test_round_trip}
