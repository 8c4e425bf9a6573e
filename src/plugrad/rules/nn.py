"""Derivatives of products along named axes, of convolutions and of what lies between them and a network's losses."""

from __future__ import annotations

from re import sub
from typing import Any

from ..ops import *
from .axes import channels, letters, same
from .families import bilinear, elementwise, linear

# The cotangent stands for the operand: every letter of that is in the other operand or in the result, so none is lost.
_ALL = "(.*),(.*)->(.*)"  # of ab,bc->ac come ac,bc->ab and ab,ac->bc
bilinear(
    EINSUM,
    lambda xp, ct, b, subscripts: xp.einsum(ct, b, subscripts=sub(_ALL, r"\3,\2->\1", subscripts)),
    lambda xp, ct, a, subscripts: xp.einsum(a, ct, subscripts=sub(_ALL, r"\1,\3->\2", subscripts)),
    batch=letters,
)


# --------------------------------------------------------------------------------------------------------- convolutions
# The sum of g_i w_j x_(i stride + j dilation) is linear in each of the three: any two give the cotangent of the third.


def _last(edge: Any) -> tuple[int, ...]:
    return tuple(edge.shape[2:])


bilinear(
    CONV,
    lambda xp, ct, w, edge, geometry: xp.conv_input(ct, w, size=_last(edge), geometry=geometry),
    lambda xp, ct, x, edge, geometry: xp.conv_weight(x, ct, kernel=_last(edge), geometry=geometry),
    batch=channels(CONV),
)
bilinear(
    CONV_INPUT,
    lambda xp, ct, w, geometry: xp.conv(ct, w, geometry=geometry),
    lambda xp, ct, g, edge, geometry: xp.conv_weight(ct, g, kernel=_last(edge), geometry=geometry),
    batch=channels(CONV_INPUT),
)
bilinear(
    CONV_WEIGHT,
    lambda xp, ct, g, edge, geometry: xp.conv_input(g, ct, size=_last(edge), geometry=geometry),
    lambda xp, ct, x, geometry: xp.conv(x, ct, geometry=geometry),
    batch=channels(CONV_WEIGHT),
)
linear(
    WINDOWS,
    lambda xp, ct, edge, stride, dilation: xp.fold(
        ct, size=tuple(edge.shape[len(edge.shape) - len(stride) :]), stride=stride, dilation=dilation
    ),
    batch=same(WINDOWS),
)
linear(
    FOLD,
    lambda xp, ct, edge, stride, dilation: xp.windows(
        ct, kernel=tuple(edge.shape[len(edge.shape) - len(stride) :]), stride=stride, dilation=dilation
    ),
    batch=same(FOLD),
)


# --------------------------------------------------------------------------------------------------------------- losses

_LEAST = 9.999999960041972e-13  # 1e-12 in float32, which holds torch's denominator off zero

elementwise(
    BINARY_CROSS_ENTROPY,
    lambda xp, x, target: (x - target) / xp.maximum(x * (1 - x), _LEAST),
    lambda xp, x: xp.log1p(-x) - xp.log(x),
)
