"""uint16, uint32 and uint64, for which torch has few kernels: what it cannot compute is computed in int64.

That holds the first two. The third it holds modulo 2**64, which is all that sums, products and bits need; where an
order counts and a number is beyond int64, there is no other way.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.errors import DTypeError
from plugrad.ops import Op

__all__ = ["in_int64"]

_THIN = frozenset((torch.uint16, torch.uint32, torch.uint64))
_LARGEST = 2**63 - 1
_PLACES = frozenset((ops.ARGMAX, ops.ARGMIN, ops.ARGSORT, ops.COUNT_NONZERO, ops.SEARCHSORTED))
"""Whose results are int64 whatever the operands."""
_ORDERED = _PLACES - {ops.COUNT_NONZERO} | {
    ops.ABS, ops.BITWISE_RIGHT_SHIFT, ops.CLIP, ops.FLOOR_DIVIDE, ops.GREATER, ops.GREATER_EQUAL, ops.LESS,
    ops.LESS_EQUAL, ops.MAX, ops.MAXIMUM, ops.MIN, ops.MINIMUM, ops.POW, ops.POW_SCALAR, ops.REMAINDER, ops.SIGN,
}  # fmt: skip


def in_int64(op: Op, kernel: Kernel, raw: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """The result in the dtype of the operands; NotImplemented if none of them is such."""
    thin = [x for x in raw if isinstance(x, Tensor) and x.dtype in _THIN]
    if not thin:
        return NotImplemented
    wide = [_wide(x, op) for x in raw]
    if op in _ORDERED and any(bool((x < 0).any() if isinstance(x, Tensor) else x < 0) for x in wide):
        raise DTypeError(f"{op.name}: takes no uint64 beyond int64, for which torch has no kernel; cast with astype")
    out = kernel(*wide, **params)
    if isinstance(out, tuple):
        return tuple(_back(part, op, thin[0].dtype) for part in out)
    return _back(out, op, thin[0].dtype)


def _wide(x: Any, op: Op) -> Any:
    if type(x) is int and x > _LARGEST:  # what is above all operands binds as little as what is as large
        return _LARGEST if op is ops.CLIP else x - 2**64
    return x.to(torch.int64) if isinstance(x, Tensor) and x.dtype in _THIN else x


def _back(out: Tensor, op: Op, to: torch.dtype) -> Tensor:
    return out.to(to) if out.dtype is torch.int64 and op not in _PLACES else out
