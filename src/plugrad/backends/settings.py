"""Where new arrays go when the program does not say: environment variable, then config file, then NumPy."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

from ..errors import ValidationError
from .current import Choice

__all__ = ["FALLBACK", "config_path", "from_config", "from_environment", "settled"]

FALLBACK = Choice("numpy", None, "default")


@functools.cache
def settled() -> Choice:
    """What environment and config file say, read once; NumPy if they say nothing.

    Raises
    ------
    ValidationError
        If what they say cannot be understood.
    """
    return from_environment() or from_config() or FALLBACK


def from_environment() -> Choice | None:
    """What ``PLUGRAD_BACKEND`` says: ``torch``, or with a device ``torch:cuda:0``."""
    value = os.environ.get("PLUGRAD_BACKEND", "").strip()
    if not value:
        return None
    name, colon, device = value.partition(":")
    if not name or (colon and not device):
        raise ValidationError(f"PLUGRAD_BACKEND is {value!r}; write a backend, or backend:device as in torch:cuda:0")
    return Choice(name, device or None, "PLUGRAD_BACKEND")


def from_config() -> Choice | None:
    """What the config file says in ``backend`` and ``device``; a file named by ``PLUGRAD_CONFIG`` must exist."""
    path = config_path()
    if not os.path.isfile(path):
        if os.environ.get("PLUGRAD_CONFIG"):
            raise ValidationError(f"PLUGRAD_CONFIG names {path}, which is no file; create it or unset the variable")
        return None
    content = _read(path)
    if unknown := content.keys() - {"backend", "device"}:
        raise ValidationError(f"{path} sets {', '.join(sorted(unknown))}; it may set backend and device")
    if wrong := [key for key, value in content.items() if not isinstance(value, str) or not value]:
        raise ValidationError(f'{path} sets {wrong[0]} to {content[wrong[0]]!r}; write a name, as in backend = "torch"')
    if "device" in content and "backend" not in content:
        raise ValidationError(f'{path} sets a device without a backend; add backend = "..."')
    return Choice(content["backend"], content.get("device"), f"config file {path}") if content else None


def config_path() -> str:
    """``$PLUGRAD_CONFIG``, or ``plugrad/config.toml`` where the system keeps a user's settings."""
    folder = "APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME"
    home = os.environ.get(folder) or os.path.join(os.path.expanduser("~"), ".config")
    return os.environ.get("PLUGRAD_CONFIG") or os.path.join(home, "plugrad", "config.toml")


def _read(path: str) -> dict[str, Any]:
    import tomllib  # 3 ms, and most machines have no such file

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise ValidationError(f"the config file {path} cannot be read: {cause}") from cause
