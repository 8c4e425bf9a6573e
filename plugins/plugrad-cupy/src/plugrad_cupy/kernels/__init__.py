"""CuPy's own function for each primitive that it has better than the composed one, a file for each chapter."""

from __future__ import annotations

from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

from . import core, fft, indexing, linalg, nn, sorting, special
from .core import RAW
from .library import Library
from .pulls import pulls

__all__ = ["CHAPTERS", "RAW", "Library", "kernels", "pulls"]

CHAPTERS = (core, indexing, sorting, fft, linalg, nn, special)


def kernels(lib: Library) -> dict[Op, Kernel]:
    """The table, made of a library; what it lacks plugrad composes."""
    return {op: kernel for chapter in CHAPTERS for op, kernel in chapter.kernels(lib).items()}
