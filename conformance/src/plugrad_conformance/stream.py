"""Random numbers that never change: NumPy's generators may give others in another version, a counter's hash may not."""

from __future__ import annotations

from math import prod
from typing import Any
from zlib import crc32

import numpy as np

__all__ = ["numbers"]

_STEP, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def numbers(text: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
    """Numbers between -2 and 2, the same for the same text: odd multiples of 1/64, so exact in every dtype.

    Parameters
    ----------
    text : str
        What they are for.
    shape : tuple of int
        Of the array.
    dtype : dtype
        Real or complex.

    Examples
    --------
    >>> numbers("a cotangent", (3,), "float64")
    array([ 0.234375, -0.078125,  1.953125])
    """
    dtype = np.dtype(dtype)
    x = _uniform(text, shape)
    return (x + 1j * _uniform(f"{text}, imaginary", shape) if dtype.kind == "c" else x).astype(dtype)


def _uniform(text: str, shape: tuple[int, ...]) -> Any:
    """SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), its top bits."""
    start = np.uint64(crc32(text.encode()) << 32)
    x = start + _STEP * np.arange(1, prod(shape) + 1, dtype=np.uint64)
    x = (x ^ x >> np.uint64(30)) * _FIRST
    x = (x ^ x >> np.uint64(27)) * _SECOND
    x ^= x >> np.uint64(31)
    return ((x >> np.uint64(57)).astype(np.float64) * 2 - 127).reshape(shape) / 64
