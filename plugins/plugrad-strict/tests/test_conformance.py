"""The whole kit on a device that is not the default one: a value that is made elsewhere meets nothing of this one."""

from __future__ import annotations

from plugrad_conformance import suite

globals().update(suite("strict:device1"))
