"""Tables in the terminal, never cut: in a pipe or a log 80 columns would lose what is to be read."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

__all__ = ["print_whole"]

_WIDEST = 1000


def print_whole(table: Table) -> None:
    """Print a table as wide as its cells are."""
    console = Console()
    needed = Measurement.get(console, console.options.update(max_width=_WIDEST), table).maximum
    console.width = max(console.width, needed)
    console.print(table)
