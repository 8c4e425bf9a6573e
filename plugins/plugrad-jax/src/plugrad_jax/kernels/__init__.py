"""JAX's own function for each primitive, a file for each chapter."""

from __future__ import annotations

from functools import wraps
from typing import Any

import jax
import numpy as np

from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

from . import core, fft, linalg, nn, sorting, special
from .core import RAW

__all__ = ["KERNELS", "RAW"]


def _adapted(kernel: Kernel) -> Kernel:
    """The kernel; JAX has one error for dtypes and for shapes that do not fit, and takes no number as uint64."""

    @wraps(kernel)
    def call(*args: Any, **params: Any) -> Any:
        try:
            return kernel(*args, **params)
        except OverflowError:
            return kernel(*_without_numbers(args), **params)
        except TypeError as error:
            if "shape" in str(error) or "dimension" in str(error):
                raise ValueError(str(error)) from error
            raise

    return call


def _without_numbers(args: tuple[Any, ...]) -> list[Any]:
    """Integers in the dtype of the array beside them."""
    dtype = next(a.dtype for a in args if isinstance(a, jax.Array))
    return [np.asarray(a, dtype) if type(a) is int else a for a in args]


KERNELS: dict[Op, Kernel] = {
    op: _adapted(kernel)
    for chapter in (core, sorting, fft, linalg, nn, special)
    for op, kernel in chapter.KERNELS.items()
}
