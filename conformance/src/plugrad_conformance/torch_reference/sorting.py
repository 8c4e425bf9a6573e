"""Cumulative functions, and elements at places along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from plugrad import ops
from plugrad.ops import Op


def _from_the_front(indices: Any, size: int) -> Any:
    return torch.where(indices < 0, indices + size, indices)


TORCH: dict[Op, Callable[..., Any]] = {
    ops.ADD_ALONG_AXIS: lambda x, value, indices, axis: x.scatter_add(
        axis, _from_the_front(indices, x.shape[axis]), value.to(x.dtype)
    ),
    ops.CUMULATIVE_PROD: lambda x, axis: torch.cumprod(x, axis),
    ops.CUMULATIVE_SUM: lambda x, axis: torch.cumsum(x, axis),
    ops.TAKE_ALONG_AXIS: lambda x, indices, axis: torch.gather(x, axis, _from_the_front(indices, x.shape[axis])),
}
