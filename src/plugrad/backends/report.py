"""What `plugrad.backends()` answers: a record per backend, and a table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BackendError
from .problems import Status

__all__ = ["BackendInfo", "BackendTable"]


@dataclass(frozen=True)
class BackendInfo:
    """What is known of one backend without loading it.

    Attributes
    ----------
    name : str
        What `use_backend` takes.
    status : str
        ``ready`` (loaded, and has computed), ``available`` (what it needs is there), or why it cannot be used:
        ``missing-dependency``, ``no-device``, ``driver-error``, ``incompatible-api``, ``needs-newer-plugrad``,
        ``conflict``, ``disabled``, ``broken``.
    version : str
        The array library's version, empty if nobody can tell.
    devices : tuple of str
        Kinds of devices it knows, whether or not this machine has one.
    maturity : str
        ``stable``, ``beta``, ``experimental``, or empty if the plugin could not be asked.
    source : str
        The distribution that brings it, with its version.
    summary : str
        One line about it.
    cause : BackendError or None
        What asking for it raises, with the plugin's own exception chained.
    mend : str
        What to do about it; empty if it can be used.
    """

    name: str
    status: Status
    version: str = ""
    devices: tuple[str, ...] = ()
    maturity: str = ""
    source: str = ""
    summary: str = ""
    cause: BackendError | None = None
    mend: str = ""


class BackendTable(tuple[BackendInfo, ...]):
    """Records of backends; prints as a table.

    Examples
    --------
    >>> print(BackendTable([BackendInfo("numpy", "ready", "2.4.0", ("cpu",), "stable")]))
    name   status  version  devices  maturity  mend
    numpy  ready   2.4.0    cpu      stable
    """

    __slots__ = ()

    COLUMNS = ("name", "status", "version", "devices", "maturity", "mend")

    def rows(self) -> list[tuple[str, ...]]:
        """The cells of `COLUMNS`, as text."""
        return [tuple(_text(getattr(info, column)) for column in self.COLUMNS) for info in self]

    def __repr__(self) -> str:
        lines = [self.COLUMNS, *self.rows()]
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
