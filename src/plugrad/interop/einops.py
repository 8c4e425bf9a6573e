"""einops on tensors: `einops.rearrange`, `reduce`, `repeat`, `einsum`, `pack` and `unpack`, every step recorded.

einops finds this class among the subclasses of its own; `einops.array_api` needs nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from einops._backends import AbstractBackend

from .. import namespace as xp
from ..dtypes import DType
from ..tensor import Tensor

__all__ = ["Backend"]


class Backend(AbstractBackend):
    """What einops asks of an array library. Methods that Tensor has under einops's name are left to it."""

    framework_name = "plugrad"

    def is_appropriate_type(self, tensor: Any) -> bool:
        """Whether this backend is the one for it."""
        return isinstance(tensor, Tensor)

    def to_numpy(self, x: Tensor) -> np.ndarray[Any, Any]:
        """For `einops.asnumpy`; a history is not given up unseen."""
        return x.numpy()

    def transpose(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """All axes in another order."""
        return xp.permute_dims(x, axes)

    def stack_on_zeroth_dimension(self, tensors: list[Tensor]) -> Tensor:
        """A list as one tensor."""
        return xp.stack(tensors)

    def add_axes(self, x: Tensor, n_axes: int, pos2len: dict[int, int]) -> Tensor:
        """New axes along which all is the same."""
        x = xp.expand_dims(x, tuple(pos2len))
        return xp.broadcast_to(x, [pos2len.get(axis, n) for axis, n in enumerate(x.shape)])

    def concat(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        """Joined along an axis."""
        return xp.concat(tensors, axis=axis)

    def is_float_type(self, x: Tensor) -> bool:
        """Whether a mean of it may be asked for."""
        dtype: DType = x.dtype
        return dtype.kind == "f"

    def einsum(self, pattern: str, *x: Tensor) -> Tensor:
        """`plugrad.einsum`."""
        return xp.einsum(pattern, *x)
