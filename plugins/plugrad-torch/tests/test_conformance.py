"""The whole conformance kit on torch."""

from __future__ import annotations

from plugrad_conformance import suite

globals().update(suite("torch"))
