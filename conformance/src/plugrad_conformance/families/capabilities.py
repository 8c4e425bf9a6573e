"""What a backend says of itself, held against what it does: kernels, pulls, dtypes, devices, exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plugrad as pg
from plugrad import ops
from plugrad.dtypes import DTYPES
from plugrad.errors import DeviceError, DTypeError

from ..records import Check
from .asking import by_rule, done, here, told
from .promotion import NAMES

__all__ = ["CHECKS"]

COMPOSED = "plugrad.backends.standard"  # where kernels lie that every backend has


def native() -> None:
    """What counts as its own kernels is what it hands over, and what it hands over is not ours."""
    home = here()
    its = home.backend.kernels()
    done("native kernels that it did not give", _names(home.table.native - its.keys()), [])
    done("native kernels that count as composed", _names(its.keys() - home.table.native), [])
    ours = [op for op, kernel in its.items() if str(getattr(kernel, "__module__", "")).startswith(COMPOSED)]
    done("native kernels that are composed ones", _names(ours), [])


def pulls() -> None:
    """A native pull for each operand, of primitives that have pulls."""
    found = {op: len(those) for op, those in here().backend.pulls().items()}
    wrong = [op for op, many in found.items() if op.push is None or many < _moving(op)]
    done("primitives whose native pulls are too few, or that have no derivative", _names(wrong), [])


def _moving(op: ops.Op) -> int:
    return len([name for name in op.operands if name not in ("indices", "condition", "rtol")])


def exceptions() -> None:
    """What is refused, or goes by way of the host, is known and has a reason."""
    backend = here().backend
    for what in ("unsupported", "host_copies"):
        declared = getattr(backend, what)
        done(f"{what}, without a reason", _names(op for op, why in declared.items() if not str(why).strip()), [])
        done(f"{what}, and no primitive", [str(op) for op in declared if op not in ops.TABLE.values()], [])
    done("refused, and by way of the host", _names(backend.unsupported.keys() & backend.host_copies.keys()), [])


def dtypes() -> None:
    """Those that are named are made, different from each other; others are refused."""
    backend = here().backend
    for name in NAMES:
        wanted = name if DTYPES[name] in backend.dtypes else DTypeError
        done(f"zeros of {name}", told(lambda name=name: pg.zeros(2, dtype=DTYPES[name]).dtype.name), wanted)
    raw = [backend.raw_dtype(dtype) for dtype in backend.dtypes]
    done("dtypes that are one", len(raw) - len({str(dtype) for dtype in raw}), 0)


def devices() -> None:
    """Those that are named are there, different from each other; others are not."""
    backend = here().backend
    named = backend.devices()
    done("devices twice", len(named) - len({*named}), 0)
    for device in named:
        done(f"ones on {device}", told(lambda d=device: pg.ones(1, device=d).tolist()), [1.0])
        done(f"ones on {device} lie", told(lambda d=device: backend.device_of(pg.ones(1, device=d).data)), device)
    done("ones on no device", told(lambda: pg.ones(1, device="no device")), DeviceError)


def _names(these: Any) -> list[str]:
    return sorted(op.name for op in these)


SAID: dict[str, Callable[[], None]] = {f.__name__: f for f in (native, pulls, exceptions, dtypes, devices)}

CHECKS: tuple[Check, ...] = (by_rule("capabilities", "declared", SAID, lambda ask: ask()),)
