"""NumPy, built in."""

from .backend import NumPyBackend

__all__ = ["NumPyBackend"]
