"""Indexing. CuPy wraps an index that is out of range; here it raises, which takes a look at the indices.

That look is one launch and a wait for one truth value. A pull does not repeat it: the indices have been seen before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plugrad import ops
from plugrad.backends.protocol import Kernel
from plugrad.dtypes import SCALARS
from plugrad.ops import Op

from .fused import FORMULAS
from .library import Library

__all__ = ["add_at", "kernels", "places"]

Array = Any
Add = Callable[[Array, Any, Any], None]

ATOMIC = frozenset(map(np.dtype, ("int32", "uint32", "uint64", "float32", "float64")))  # what CUDA's atomicAdd adds


def add_at(lib: Library) -> Add:
    """``out[index] += value`` in place, repeated indices accumulate; of any dtype."""

    def add(out: Array, index: Any, value: Any) -> None:
        if out.dtype in ATOMIC:
            lib.scatter_add(out, index, value)
        elif out.dtype.kind == "c":
            for part in ("real", "imag"):
                add(getattr(out, part), index, getattr(value, part))
        elif out.dtype == np.int64:  # two's complement has the same bits
            add(out.view(np.uint64), index, _as(value, np.int64).view(np.uint64))
        else:  # bool, 8 and 16 bits: what int32 holds beyond them is cut off, and what is not 0 is True
            wide = out.astype(np.int32)
            add(wide, index, _as(value, out.dtype).astype(np.int32))
            out[...] = wide.astype(out.dtype)

    def _as(value: Any, dtype: Any) -> Array:
        return lib.xp.asarray(value, dtype=dtype)

    return add


def places(xp: Any, indices: Array, axis: int) -> tuple[Array, ...]:
    """Index arrays that name what `take_along_axis` takes."""
    ranges = [xp.arange(n).reshape((-1,) + (1,) * (indices.ndim - a - 1)) for a, n in enumerate(indices.shape)]
    ranges[axis] = indices
    return tuple(ranges)


def kernels(lib: Library) -> dict[Op, Kernel]:
    """Those of this chapter."""
    xp, add, outside = lib.xp, add_at(lib), lib.elementwise(FORMULAS["outside"])

    def check(indices: Array, n: int) -> None:
        if indices.size and bool(outside(indices, n).any()):
            raise IndexError(f"an index is out of bounds for an axis of size {n}")

    def add_along_axis(x: Array, value: Any, indices: Array, axis: int) -> Array:
        check(indices, x.shape[axis])
        out = x.copy()
        add(out, places(xp, indices, axis), value)
        return out

    def gather(x: Array, indices: Array) -> Array:
        check(indices, x.shape[0])
        return x.take(indices, axis=0)

    def scatter(x: Array, value: Any, indices: Array) -> Array:
        """Of repeated indices any may count."""
        check(indices, x.shape[0])
        return put(x, value, indices)

    def scatter_add(x: Array, value: Any, indices: Array) -> Array:
        check(indices, x.shape[0])
        out = x.copy()
        add(out, indices, value)
        return out

    def take_along_axis(x: Array, indices: Array, axis: int) -> Array:
        check(indices, x.shape[axis])
        return xp.take_along_axis(x, indices, axis)

    return {
        ops.ADD_ALONG_AXIS: add_along_axis,
        ops.GATHER: gather,
        ops.GETITEM: lambda x, index: x[index],
        ops.PUT: put,
        ops.SCATTER: scatter,
        ops.SCATTER_ADD: scatter_add,
        ops.TAKE_ALONG_AXIS: take_along_axis,
    }


def put(x: Array, value: Any, index: Any) -> Array:
    """A dense copy, written to."""
    out = x.copy()
    out[index] = value if type(value) in SCALARS else value.astype(x.dtype, copy=False)
    return out
