"""What sorts and searches gives places, which have no derivative: values move by `take_along_axis`."""

from __future__ import annotations

from ..ops import ARGSORT, SEARCHSORTED
from .axes import moved, searchsorted
from .families import discrete

discrete(ARGSORT, moved(ARGSORT, "axis"))
discrete(SEARCHSORTED, searchsorted)
