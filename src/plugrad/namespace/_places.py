"""Where a new array goes, and where the values of one can be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backends import current
from ..backends.protocol import Kernels
from ..dtypes import DType, require_fit, require_real
from ..errors import TracingError, TransformError
from ..ops import TO_BACKEND
from ..tensor import Tensor, apply, base, captured, constants, home
from ..traces import Batched, require_live

Place = tuple[Kernels, str | None]
"""Who computes, and the device, None for the backend's own default."""


def place(backend: str | None, device: str | None, like: Tensor | None = None) -> Place:
    """The place of a new array: as the arguments say, else where `like` lies, else as the context says."""
    backend, device = current.said(backend), current.said(device)
    if like is not None and backend in (None, like.backend):
        return constants(current.table(base(like).by.owner)), device or like.device
    if backend is None:
        table, its = home()
        return table, device or its
    where, table = current.choice(), current.table(backend)
    return constants(table), device or (where.device if where.backend == table.owner else None)


def uploaded(host: Any, dtype: DType, where: Place) -> Tensor:
    """A NumPy array of ours, placed. What is computed once on the host has the same values on every backend.

    Raises
    ------
    DTypeError
        If a number is none of an integer dtype, where NumPy would wrap it, or complex numbers are to become real.
    """
    table, device = where
    host = np.asarray(host)
    require_real(host.dtype.kind, dtype)
    if dtype.kind in "iu" and host.dtype.name != dtype.name and host.dtype.kind in "iuf" and host.size:
        for extreme in (host.min().item(), host.max().item()):
            require_fit(extreme, dtype)
    return Tensor(table.backend.asarray(np.asarray(host, dtype.name), dtype, device, None), table)


def moved(x: Tensor, backend: str | None, device: str | None) -> Tensor:
    """`x` on another backend or device, recorded; `x` itself if it is there."""
    backend, device = current.said(backend), current.said(device)
    if backend in (None, x.backend) and device in (None, x.device):
        return x
    source = base(x).by
    table = source if backend in (None, x.backend) else current.table(backend)
    return apply(TO_BACKEND, x, table=table, device=device, source=source, source_device=x.device)


def beneath(x: Tensor, who: str) -> Tensor:
    """The tensor of level 0 that has the values of `x`.

    Raises
    ------
    TransformError, TracingError
        Where there is more than one value, or none yet.
    """
    require_live(x, who)
    x = captured(x)
    while type(x.by) is not Kernels:
        if type(x.by) is Batched:
            raise TransformError(
                f"{who}: under vmap there is a value for each sample; move this out of the mapped function"
            )
        x = x.data
    if x.by.name == "tracing":
        raise TracingError(f"{who}: the value is not known while a program is traced; pass it as a static argument")
    return x


def known(x: Tensor, who: str) -> Any:
    """The values of `x` as Python data."""
    low = beneath(x, who)
    return low.by.backend.to_numpy(low.data).tolist()
