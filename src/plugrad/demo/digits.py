"""The handwritten digits beside this file; README.md says where they come from."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Digits", "load", "split"]

Array = np.ndarray[Any, Any]


class Digits(NamedTuple):
    """Images and what they mean.

    Attributes
    ----------
    images : numpy.ndarray, shape (n, 64), dtype uint8
        8 rows of 8 fields, the ink in each from 0 to 16.
    labels : numpy.ndarray, shape (n,), dtype uint8
        0 to 9.
    """

    images: Array
    labels: Array


def load() -> Digits:
    """All 1797 digits.

    Examples
    --------
    >>> load().images.shape
    (1797, 64)
    """
    with files(__package__).joinpath("digits.npz").open("rb") as file, np.load(file) as arrays:
        return Digits(arrays["images"], arrays["labels"])


def split(digits: Digits) -> tuple[Digits, Digits]:
    """(to learn from, held out): every fifth is held out, so both have digits of every writer.

    Examples
    --------
    >>> [len(part.labels) for part in split(load())]
    [1438, 359]
    """
    held_out = np.arange(len(digits.labels)) % 5 == 4
    return Digits(*(x[~held_out] for x in digits)), Digits(*(x[held_out] for x in digits))
