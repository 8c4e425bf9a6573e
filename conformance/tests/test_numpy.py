"""The whole kit on NumPy: who is right passes, with no false alarm."""

from __future__ import annotations

from plugrad_conformance import suite

globals().update(suite("numpy"))
