"""Conformance: any namespace's values and gradients, in both modes and to second order, against torch.autograd's.

A third party installs this kit and runs ``plugrad conform NAME``, or ``pytest --pyargs plugrad_conformance --pg-backend
NAME``, or writes a test file of three lines::

    from plugrad_conformance import suite

    globals().update(suite("NAME"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugrad.ops import Op

    from .records import Check

__all__ = ["suite"]


def suite(
    backend: str, primitives: Iterable[Op] | None = None, checks: Iterable[Check] | None = None
) -> dict[str, Callable[..., None]]:
    """Test functions for one subject, by name, to be put into a module of one's own.

    Parameters
    ----------
    backend : str
        A backend's name, as in `plugrad.use_backend`; a name and a device, ``"torch:cuda"``; or another subject.
    primitives : iterable of Op, optional
        Values and derivatives of these alone; all questions if not said. Those of `plugrad.extend.primitive` have
        theirs in ``.op``.
    checks : iterable of Check, optional
        These alone, of those that `plugrad_conformance.questions.questions` gives.

    Examples
    --------
    >>> [*suite("numpy")]
    ['test_conformance']
    """
    import pytest  # here, for pytest imports this package before anybody asks for it

    from .questions import parameters, questions

    if checks is None:
        checks = questions(primitives=None if primitives is None else [*primitives])

    @pytest.mark.parametrize("question", parameters(checks))
    def test_conformance(question: Any, pg_ask: Callable[[str, Any], None]) -> None:
        pg_ask(backend, question)

    return {"test_conformance": test_conformance}
