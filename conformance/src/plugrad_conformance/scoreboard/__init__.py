"""The scoreboard: one HTML file that needs no network, and a badge, from a report.

``python -m plugrad_conformance.scoreboard report.json... -o scoreboard.html --badge badge.svg``
"""

from .badge import badge
from .page import html

__all__ = ["badge", "html"]
