"""What the tests of the engine share: one program run with plugrad and with torch, and how results are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import plugrad as pg
from plugrad.backends.protocol import Kernels
from plugrad.errors import PlugradError

Program = Callable[[Any], Any]  # of a library: plugrad or torch


def leaf(xp: Any, values: Any, dtype: str = "float64") -> Any:
    """A tensor of either library whose gradient is asked for."""
    return xp.asarray(values, dtype=getattr(xp, dtype), requires_grad=True)


def const(xp: Any, values: Any, dtype: str = "float64") -> Any:
    """A tensor of either library."""
    return xp.asarray(values, dtype=getattr(xp, dtype))


def agree(ours: Any, theirs: Any) -> None:
    """The same values, shapes and dtypes, in the same containers."""
    if isinstance(theirs, torch.Tensor | np.ndarray):
        assert isinstance(ours, pg.Tensor)
        assert isinstance(ours.by, Kernels), f"{ours} has not left its transform"
        want = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
        np.testing.assert_allclose(ours.detach().numpy(), want, rtol=1e-12, atol=1e-14, strict=True)
    elif isinstance(theirs, tuple | list):
        assert isinstance(ours, tuple | list)
        assert len(ours) == len(theirs)
        for mine, its in zip(ours, theirs, strict=True):
            agree(mine, its)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        agree(list(ours.values()), list(theirs.values()))
    else:
        assert ours == theirs


def as_in_torch(program: Program) -> Callable[[], None]:
    """A test: what the program returns with plugrad is what it returns with torch."""

    def test() -> None:
        agree(program(pg), program(torch))

    test.__name__ = test.__qualname__ = program.__name__
    test.__doc__ = program.__doc__
    return test


def refused(f: Callable[[], Any]) -> bool:
    """Whether f() is an error, in either library."""
    try:
        f()
    except (PlugradError, RuntimeError):
        return True
    return False
