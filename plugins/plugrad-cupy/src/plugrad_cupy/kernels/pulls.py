"""Native pulls: the rules' own formulas in one launch, and those that would copy zeros or look at indices again."""

from __future__ import annotations

from typing import Any

from plugrad import ops
from plugrad.backends.protocol import Pulls
from plugrad.ops import Op

from .fused import FORMULAS
from .indexing import add_at, places
from .library import Library

__all__ = ["pulls"]

Array = Any


def pulls(lib: Library) -> dict[Op, Pulls]:
    """For real dtypes."""
    xp, add = lib.xp, add_at(lib)
    tanh, sigmoid, relu = (lib.elementwise(FORMULAS[f"{name}_pull"]) for name in ("tanh", "sigmoid", "relu"))
    square, softmax, log_softmax = (
        lib.elementwise(FORMULAS[f"{name}_pull"]) for name in ("square", "softmax", "log_softmax")
    )

    def zeros(ct: Array, edge: Any) -> Array:
        return xp.zeros(edge.shape, ct.dtype)

    def getitem_pull(xp_: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
        out = zeros(ct, edge)
        out[params["index"]] = ct
        return out

    def gather_pull(xp_: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
        out = zeros(ct, edge)
        add(out, args[1], ct)
        return out

    def take_along_axis_pull(xp_: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
        out = zeros(ct, edge)
        add(out, places(xp, args[1], params["axis"]), ct)
        return out

    def softmax_pull(xp_: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
        return softmax(ct, y, xp.sum(ct * y, axis=params["axis"], keepdims=True))

    def log_softmax_pull(xp_: Any, ct: Array, y: Array, args: Any, params: Any, edge: Any) -> Array:
        return log_softmax(ct, y, xp.sum(ct, axis=params["axis"], keepdims=True))

    return {
        ops.GATHER: (gather_pull,),
        ops.GETITEM: (getitem_pull,),
        ops.LOG_SOFTMAX: (log_softmax_pull,),
        ops.RELU: (lambda xp_, ct, y, args, params, edge: relu(ct, y),),
        ops.SIGMOID: (lambda xp_, ct, y, args, params, edge: sigmoid(ct, y),),
        ops.SOFTMAX: (softmax_pull,),
        ops.SQUARE: (lambda xp_, ct, y, args, params, edge: square(ct, args[0]),),
        ops.TAKE_ALONG_AXIS: (take_along_axis_pull,),
        ops.TANH: (lambda xp_, ct, y, args, params, edge: tanh(ct, y),),
    }
