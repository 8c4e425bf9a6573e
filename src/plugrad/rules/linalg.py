"""Derivatives of linear algebra; shapes beside the rules."""

from __future__ import annotations

from ..ops import MATMUL, MATRIX_TRANSPOSE
from .axes import same, stacked
from .families import bilinear, linear

bilinear(
    MATMUL,
    lambda xp, ct, b: xp.matmul(ct, xp.matrix_transpose(b)),  # (m, n) @ (k, n).T -> (m, k)
    lambda xp, ct, a: xp.matmul(xp.matrix_transpose(a), ct),  # (m, k).T @ (m, n) -> (k, n)
    batch=stacked(MATMUL),
)
linear(MATRIX_TRANSPOSE, lambda xp, ct: xp.matrix_transpose(ct), batch=same(MATRIX_TRANSPOSE))
