"""The command ``plugrad``. It needs typer and rich, which come with ``pip install "plugrad[cli]"``."""

from __future__ import annotations

import sys

from ..errors import PlugradError

__all__ = ["main"]


def main() -> None:
    """Run the command line, or say what it lacks."""
    try:
        from .app import app
    except ModuleNotFoundError as lack:
        library = (lack.name or "").partition(".")[0]
        if library not in ("rich", "typer"):
            raise
        print(f'The command line needs {library}: pip install "plugrad[cli]"', file=sys.stderr)
        sys.exit(1)
    try:
        app(prog_name="plugrad")
    except PlugradError as error:
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        sys.exit(1)
