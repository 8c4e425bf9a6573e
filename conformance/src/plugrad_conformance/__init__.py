"""Gradient conformance: every primitive of a backend, its value and derivatives in both modes, against NumPy's.

A third party installs this kit and runs ``pytest --pyargs plugrad_conformance --pg-backend NAME``, or writes a test
file of three lines::

    from plugrad_conformance import suite

    globals().update(suite("NAME"))
"""

from .suite import suite

__all__ = ["suite"]
