"""A consumer's function as an entry of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

Arrays = Any  # an array, or nested tuples of them


@dataclass(frozen=True, eq=False)
class Entry:
    """One public function of a library, unmodified, called on arrays of any library."""

    name: str  # "scipy.stats.zscore"
    call: Callable[..., Arrays]  # of (xp, *inputs); xp is the namespace of the inputs
    inputs: tuple[np.ndarray[Any, Any], ...]  # the inexact ones are differentiated
    smooth: bool = True  # False: the result has no derivative, only its value counts
    values: float = 1e3  # how far from NumPy's result, in eps; more where the two are computed differently
    slopes: float = 1e-7  # how far from central differences, relative to the largest
    refused: str = ""  # where the consumer cuts the graph, and how: plugrad has to say so
    broken: str = ""  # what is wrong in the consumer itself

    @property
    def library(self) -> str:
        """Such as ``"scipy"``."""
        return self.name.partition(".")[0]


def entry(name: str, call: Callable[..., Arrays], *inputs: Any, **remarks: Any) -> Entry:
    """An entry on NumPy arrays."""
    return Entry(name, call, tuple(map(np.asarray, inputs)), **remarks)


def named(library: Any, name: str, **options: Any) -> Callable[..., Arrays]:
    """A function of a library that takes the inputs as they are."""
    return lambda xp, *inputs: getattr(library, name)(*inputs, **options)


def normal(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Numbers in general position: a step of the central differences meets no tie, edge or pole."""
    return np.random.default_rng(seed).standard_normal(shape)


def positive(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Between 0.5 and 2."""
    return np.random.default_rng(seed).uniform(0.5, 2.0, shape)


def unit(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Between 0.1 and 0.9."""
    return np.random.default_rng(seed).uniform(0.1, 0.9, shape)


def complex_normal(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Complex numbers in general position."""
    return normal(*shape, seed=seed) + 1j * normal(*shape, seed=seed + 1)


S = SimpleNamespace(
    vector=normal(7),
    other=normal(7, seed=1),
    matrix=normal(6, 3, seed=2),
    square=normal(3, 3, seed=3),
    positive=positive(7, seed=4),
    positives=positive(6, 3, seed=5),
    other_positive=positive(7, seed=6),
    unit=unit(7, seed=7),
    other_unit=unit(7, seed=8),
    complex=complex_normal(6, seed=9),
    sample=normal(20, seed=10),
    other_sample=normal(20, seed=11),
)
"""What most entries take."""
