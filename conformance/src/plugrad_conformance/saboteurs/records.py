"""What a saboteur is."""

from __future__ import annotations

from typing import NamedTuple

from plugrad.ops import Op

from .places import Change

__all__ = ["Saboteur", "of_kind", "saboteur"]


class Saboteur(NamedTuple):
    """One way to break something, and where it should be seen."""

    name: str  # "exp: a sign"
    kind: str
    changes: tuple[Change, ...]
    ops: tuple[Op, ...]  # whose cases are asked, beside those that are about no operation
    asks: tuple[str, ...]  # patterns of FAMILY/CHECK, in this order
    order: int | None  # of the derivative that is the first to be wrong; None: where it is not about derivatives
    subject: str  # the backend that is asked
    raises: bool  # whether what is seen may be an error of Python's


def of_kind(kind: str, *rows: Saboteur) -> tuple[Saboteur, ...]:
    """Of one kind."""
    return tuple(row._replace(kind=kind) for row in rows)


def saboteur(
    name: str,
    *changes: Change,
    ops: tuple[Op, ...] | Op = (),
    asks: tuple[str, ...] | str = "gradients/*",
    order: int | None = 1,
    subject: str = "numpy",
    raises: bool = False,
) -> Saboteur:
    """One whose kind will be said by `of_kind`."""
    return Saboteur(
        name,
        "",
        changes,
        (ops,) if isinstance(ops, Op) else ops,
        (asks,) if isinstance(asks, str) else asks,
        order,
        subject,
        raises,
    )
