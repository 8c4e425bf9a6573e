"""The kit on a device that is not the default one: a value that is made elsewhere meets nothing of this one.

Each question once of each operation; all cases take four minutes: ``plugrad conform strict:device1``.
"""

from __future__ import annotations

from plugrad_conformance import suite
from plugrad_conformance.questions import brief, questions

globals().update(suite("strict:device1", checks=brief(questions())))
