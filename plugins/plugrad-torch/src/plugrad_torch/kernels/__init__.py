"""torch's own function for each primitive, a file for each chapter."""

from __future__ import annotations

from plugrad.backends.protocol import Kernel
from plugrad.ops import Op

from . import core, fft, linalg, nn, sorting, special
from .core import PULLS, RAW, write

__all__ = ["KERNELS", "PULLS", "RAW", "write"]

KERNELS: dict[Op, Kernel] = {
    **core.KERNELS,
    **sorting.KERNELS,
    **fft.KERNELS,
    **linalg.KERNELS,
    **nn.KERNELS,
    **special.KERNELS,
}
