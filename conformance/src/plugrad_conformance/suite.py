"""The cases: every sample of every primitive, and the questions that fit it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from plugrad import ops
from plugrad.ops import Op
from plugrad.testing.samples import Sample, samples

from . import checks

Check = Callable[[Sample, str], None]

VALUES: tuple[Check, ...] = (checks.value,)
DERIVATIVES: tuple[Check, ...] = (checks.pullback, checks.pushforward, checks.duality)


def cases(primitives: Iterable[Op] | None = None) -> Iterator[tuple[Check, Sample]]:
    """(question, sample): values everywhere; derivatives where there is one, away from ties and ends of domains.

    If no primitives are named, plugrad's own.
    """
    for op in [op for op in ops.TABLE.values() if op not in ops.EXTENSIONS] if primitives is None else primitives:
        for sample in samples(op):
            yield from ((check, sample) for check in VALUES if not sample.boundary)
            if sample.moving and not sample.boundary:
                yield from ((check, sample) for check in DERIVATIVES)


def suite(backend: str, primitives: Iterable[Op] | None = None) -> dict[str, Callable[..., None]]:
    """Test functions for one backend, by name, to be put into a module of one's own.

    Parameters
    ----------
    backend : str
        A backend's name, as in `plugrad.use_backend`, or a name and a device, ``"torch:cuda"``.
    primitives : iterable of Op, optional
        Which to ask for; all of plugrad's own if not said. Those of `plugrad.extend.primitive` have theirs in ``.op``.

    Examples
    --------
    >>> sorted(suite("numpy"))
    ['test_conformance', 'test_round_trip']
    """

    asked = [pytest.param(check, sample, id=f"{sample}-{check.__name__}") for check, sample in cases(primitives)]

    @pytest.mark.parametrize("check, sample", asked)
    def test_conformance(check: Check, sample: Sample) -> None:
        check(sample, backend)

    def test_round_trip() -> None:
        checks.round_trip(backend)

    return {"test_conformance": test_conformance, "test_round_trip": test_round_trip}
