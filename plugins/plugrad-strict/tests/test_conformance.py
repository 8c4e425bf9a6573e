"""The kit on a device that is not the default one: a value that is made elsewhere meets nothing of this one.

Each question once of each operation; all cases take four minutes: ``plugrad conform strict:device1``. Threads and
repeated calls know no device, and array-api-strict computes as NumPy does, which is asked about them.
"""

from __future__ import annotations

from plugrad_conformance import suite
from plugrad_conformance.questions import brief, questions

CHECKS = [check for check in questions() if check.family not in ("determinism", "threads")]

globals().update(suite("strict:device1", checks=brief(CHECKS)))
