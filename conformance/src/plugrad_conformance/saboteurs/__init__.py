"""Ways to break what the kit asks about, each of which it must notice: who watches the watchmen.

``python -m plugrad_conformance.saboteurs`` tries them all; ``--all --page FILE`` writes the matrix.
"""

from __future__ import annotations

from . import backends, engine, kernels, rules
from .records import Saboteur

__all__ = ["ALL", "Saboteur"]

ALL: tuple[Saboteur, ...] = (*rules.ALL, *kernels.ALL, *engine.ALL, *backends.ALL)
