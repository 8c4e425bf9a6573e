"""Derivative rules: one stated fact an operation, both modes from it. Importing this fills the slots of the table."""

from . import elementwise, indexing, linalg, manipulation, reductions

__all__ = ["elementwise", "indexing", "linalg", "manipulation", "reductions"]
