"""One backend tried from end to end, in a process of its own: ``python -m plugrad.cli.probe NAME [DEVICE]``.

Each step prints one line of JSON behind `MARK` when it begins and one when it ends, so that whoever started this
process knows where a crash or a hang was. What libraries print in between is not ours.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import plugrad as pg

from .. import dtypes
from ..backends import current
from ..dtypes import DType

MARK = "plugrad-probe "
STEPS = ("load", "array", "add", "matmul", "backward", "dlpack")

_X = np.array([[1.0, 2.0], [3.0, 4.0]])


def probe(name: str, device: str | None) -> None:
    """Load, make arrays, compute, differentiate, and move to NumPy and back; each step is checked against NumPy."""
    with _step("load"), pg.use_backend(name, device):
        pass
    with pg.use_backend(name, device):
        with _step("array"):
            x = pg.asarray(_X.tolist(), dtype=_floating(name), requires_grad=True)
            _same(x.detach(), _X)
        with _step("add"):
            _same((x + x).detach(), _X + _X)
        with _step("matmul"):
            y = x @ x
            _same(y.detach(), _X @ _X)
        with _step("backward"):
            pg.sum(y).backward()
            _same(x.grad, _X.sum(0)[:, None] + _X.sum(1)[None, :])
        with _step("dlpack"):
            there = x.detach().to_backend("numpy")
            _same(there.to_backend(name), _X)


def _floating(name: str) -> DType:
    """float64, or what the backend has in its place."""
    has = current.table(name).backend.dtypes
    return dtypes.float64 if dtypes.float64 in has else dtypes.float32


def _same(x: Any, wanted: np.ndarray[Any, Any]) -> None:
    got = x.numpy()
    if got.dtype.name != x.dtype.name or not np.array_equal(got, wanted):
        raise ArithmeticError(f"{got.tolist()} of {got.dtype} came out, and NumPy says {wanted.tolist()}")


@contextmanager
def _step(name: str) -> Iterator[None]:
    _say(begin=name)
    start = time.perf_counter()
    try:
        yield
    except BaseException as error:
        traceback.print_exc()
        _say(error=f"{type(error).__name__}: {error}")
        sys.exit(1)
    _say(end=name, seconds=time.perf_counter() - start)


def _say(**what: object) -> None:
    print(MARK + json.dumps(what), flush=True)


if __name__ == "__main__":
    probe(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
