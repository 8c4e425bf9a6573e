"""NumPy's dialect: ufuncs with ``out=``, a bias's gradient as ones.dot, scalars as 0-d arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..backends.numpy.kernels import MUCH
from ..backends.protocol import Kernel
from ..dtypes import SCALARS
from ..ops import Op
from .lowering import VIEWS, Dialect, Writer
from .tracing import Equation

UFUNCS: dict[Op, str] = {
    ops.ABS: "absolute",
    ops.ADD: "add",
    ops.COS: "cos",
    ops.DIVIDE: "divide",
    ops.EXP: "exp",
    ops.GREATER: "greater",
    ops.LESS: "less",
    ops.LOG: "log",
    ops.LOG1P: "log1p",
    ops.MAXIMUM: "maximum",
    ops.MINIMUM: "minimum",
    ops.MULTIPLY: "multiply",
    ops.NEGATIVE: "negative",
    ops.SIN: "sin",
    ops.SQRT: "sqrt",
    ops.SQUARE: "square",
    ops.SUBTRACT: "subtract",
    ops.TANH: "tanh",
}


def _ufunc(e: Equation, out: str, writer: Writer) -> str:
    operands = [_operand(a, e, writer) for a in e.inputs]
    return f"{UFUNCS[e.op]}({', '.join(operands)}{out and f', out={out}'})"


def _operand(a: Any, e: Equation, writer: Writer) -> str:
    """A Python scalar beside an array costs 1.57 us, a 0-d array 0.96."""
    dtype = e.avals[0][1]
    if type(a) in SCALARS and dtype.kind in "fc":  # not for comparisons, whose operands have a dtype of their own
        return writer.constant("s", np.asarray(a, dtype))
    return a if type(a) is str else writer.text(a)


def _matmul(e: Equation, out: str, writer: Writer) -> str:
    """Of matrices dot is matmul, at two thirds of the cost, unless there is much to fill with zeros first."""
    small = math.prod(e.avals[0][0]) < MUCH
    kernel = "dot" if small and all(len(writer.shapes[a]) == 2 for a in e.inputs) else "matmul"
    return f"{kernel}({', '.join(e.inputs)}{out and f', {out}'})"


def _reduced(e: Equation, out: str, writer: Writer) -> str:
    return f"reduce({e.inputs[0]}, {writer.text(e.params['axis'])}, None, {out or None}, {e.params['keepdims']})"


def _sum(e: Equation, out: str, writer: Writer) -> str:
    ones = _ones(e, writer)
    return f"dot({ones}, {e.inputs[0]}{out and f', {out}'})" if ones else f"asarray({_reduced(e, out, writer)})"


def _ones(e: Equation, writer: Writer) -> str:
    """The name of a vector of ones whose product is this sum, if it is of a matrix down its rows; else nothing."""
    (shape, dtype), rows = e.avals[0], writer.shapes[e.inputs[0]][:1]
    down = e.params["axis"] in (0, (0,)) and not e.params["keepdims"] and len(shape) == 1
    return writer.constant("ones", np.ones(rows, dtype)) if down and dtype.char in "fd" and rows[0] <= 4096 else ""


def _mean(e: Equation, out: str, writer: Writer) -> str:
    (shape, dtype), size = e.avals[0], math.prod(writer.shapes[e.inputs[0]])
    count = writer.constant("s", dtype.type(size / math.prod(shape) if size else math.nan))
    return f"asarray({_reduced(e, '', writer)} / {count})"


def _broadcast(e: Equation, out: str, writer: Writer) -> str:
    shape, dtype = e.avals[0]
    return f"filled({out or f'empty({shape}, {writer.text(dtype)})'}, {e.inputs[0]})"


def _apart(kernel: Kernel) -> Kernel:
    """The kernel, with results that lie in the memory of no operand and of no other result."""

    def run(*args: Any, **params: Any) -> Any:
        out, seen = kernel(*args, **params), list(args)

        def alone(y: Any) -> Any:
            seen.append(np.array(y) if any([np.may_share_memory(y, x) for x in seen]) else y)
            return seen[-1]

        return tuple(map(alone, out)) if type(out) is tuple else alone(out)

    return run


def _filled(out: Any, x: Any) -> Any:
    out[...] = x
    return out


EXPRESSIONS: dict[Op, Callable[[Equation, str, Writer], str]] = dict.fromkeys(UFUNCS, _ufunc) | {
    ops.BROADCAST_TO: _broadcast,
    ops.MATMUL: _matmul,
    ops.MATRIX_TRANSPOSE: lambda e, out, writer: f"{e.inputs[0]}.mT",
    ops.MEAN: _mean,
    ops.RESHAPE: lambda e, out, writer: f"{e.inputs[0]}.reshape({e.params['shape']})",
    ops.SUM: _sum,
}

DIALECT = Dialect(
    expressions=EXPRESSIONS,
    into=frozenset(UFUNCS) | {ops.MATMUL, ops.SUM, ops.BROADCAST_TO},
    overwrites=frozenset(UFUNCS),
    views=VIEWS,
    scope={"reduce": np.add.reduce, "asarray": np.asarray, "empty": np.empty, "dot": np.dot, "matmul": np.matmul}
    | {name: getattr(np, name) for name in UFUNCS.values()}
    | {"filled": _filled},
    apart=_apart,
)
