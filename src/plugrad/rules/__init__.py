"""Derivative rules: one stated fact an operation, both modes from it. Importing this fills the slots of the table."""

from . import decompositions, elementwise, fft, indexing, linalg, manipulation, nn, reductions, sorting, special

__all__ = [
    "decompositions",
    "elementwise",
    "fft",
    "indexing",
    "linalg",
    "manipulation",
    "nn",
    "reductions",
    "sorting",
    "special",
]
