"""What `cross_validate` found: a table as text, in colour, as JSON and as a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import ValidationError
from . import page

__all__ = ["Report", "Row"]


class Row(NamedTuple):
    """One array of one backend, and how far it is from the reference."""

    backend: str
    quantity: str
    shape: tuple[int, ...]
    dtype: str
    error: float
    verdict: str

    @property
    def ok(self) -> bool:
        """Whether it passed."""
        return self.verdict == "ok"


@dataclass(frozen=True, repr=False)
class Report:
    """What `cross_validate` found; its text is a table.

    Attributes
    ----------
    function, reference : str
        What was run, and what it was compared with.
    bound : float
        The largest error that passes, in eps.
    rows : tuple of Row
        One for each backend and array.
    left_out : tuple of str
        Backends that are installed and were not run, each with the reason.
    inputs : tuple of str
        Name, dtype and shape of each array of the point.
    order, seed : int
        As they were asked for.
    versions : mapping of str to str
        plugrad's, and that of the library under each backend, if it tells.
    """

    function: str
    reference: str
    bound: float
    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    order: int = 1
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)

    COLUMNS = ("backend", "quantity", "shape", "dtype", "error", "verdict")

    @property
    def ok(self) -> bool:
        """Whether all rows passed."""
        return all(row.ok for row in self.rows)

    @property
    def largest(self) -> float:
        """The largest error, in eps."""
        return max((row.error for row in self.rows), default=0.0)

    def raise_if_failed(self) -> None:
        """Raise unless all rows passed.

        Raises
        ------
        ValidationError
            Its text is the table.
        """
        if not self.ok:
            raise ValidationError(f"cross_validate: results disagree\n{self}")

    def to_json(self) -> str:
        """The report as JSON: its attributes, ``schema``, ``ok`` and ``largest``; rows are objects.

        An error that is not finite is the string ``"inf"`` or ``"nan"``, which JSON has no numbers for.

        Examples
        --------
        >>> import json
        >>> import plugrad as pg
        >>> report = pg.testing.cross_validate(lambda xp, x: x * x, 2.0, backends="numpy", reference=None)
        >>> json.loads(report.to_json())["rows"][0]
        {'backend': 'numpy', 'quantity': 'value', 'shape': [], 'dtype': 'float64', 'error': 0.0, 'verdict': 'ok'}
        """
        rows = [{**row._asdict(), "error": _number(row.error)} for row in self.rows]
        own = {**vars(self), "versions": dict(self.versions), "bound": _number(self.bound), "rows": rows}
        whole = {"schema": 1, "ok": self.ok, "largest": _number(self.largest), **own}
        return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)

    def to_html(self) -> str:
        """The report as one page of HTML that needs nothing beside it: no script, no network; light and dark.

        Examples
        --------
        >>> import plugrad as pg
        >>> report = pg.testing.cross_validate(lambda xp, x: x * x, 2.0, backends="numpy", reference=None)
        >>> report.to_html().startswith("<!doctype html>")
        True
        """
        return page.of(self)

    def __repr__(self) -> str:
        lines = [self.COLUMNS, *self.cells()]
        widths = [max(map(len, column)) for column in zip(*lines)]
        table = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([self._title(), *table, *self._notes()])

    def __rich__(self) -> Any:
        """The same for rich, in colour."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(*self.COLUMNS, box=None, pad_edge=False, header_style="bold")
        for row, cells in zip(self.rows, self.cells(), strict=True):
            table.add_row(*map(Text, cells[:-1]), Text(cells[-1], "green" if row.ok else "red"))
        return Group(Text(self._title()), table, *map(Text, self._notes()))

    def cells(self) -> list[tuple[str, ...]]:
        """The rows in words, as `COLUMNS` names them."""
        return [(r.backend, r.quantity, str(r.shape), r.dtype, f"{r.error:.3g}", r.verdict) for r in self.rows]

    def _title(self) -> str:
        return f"{self.function} against {self.reference}, errors in eps, bound {self.bound:g}"

    def _notes(self) -> list[str]:
        return [f"left out: {backend}" for backend in self.left_out]


def _number(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
