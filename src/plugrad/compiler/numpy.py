"""NumPy's dialect: ufuncs with ``out=``, a bias's gradient as ones.dot, scalars as 0-d arrays."""

from __future__ import annotations

import math

import numpy as np

from .. import ops
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
    ops.EXPM1: "expm1",
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


def _line(equation: Equation, out: str, writer: Writer) -> str | None:
    names, op, inputs, params, ((shape, dtype),), _ = (
        equation if len(equation.avals) == 1 else (*equation[:4], ((None, None),), 0)
    )
    name, to = names[0], out and f", out={out}"
    if op in UFUNCS:
        return f"{name} = {UFUNCS[op]}({', '.join(_array(a, dtype, op, writer) for a in inputs)}{to})"
    x = inputs[0] if inputs else ""
    if op is ops.MATMUL:
        flat = all(len(writer.shapes[a]) == 2 for a in inputs)  # of matrices dot is matmul, at two thirds of the cost
        return f"{name} = {'dot' if flat else 'matmul'}({', '.join(inputs)}{to})"
    if op is ops.MEAN:
        size = math.prod(writer.shapes[x])
        scale = writer.constant("s", dtype.type(math.prod(shape) / size if size else math.nan))
        return (
            f"{name} = asarray(reduce({x}, {writer.text(params['axis'])}, None, None, {params['keepdims']}) * {scale})"
        )
    if op is ops.SUM:
        ones = _leading_sum(writer, equation)
        if ones:
            return f"{name} = dot({ones}, {x}{to})"
        return (
            f"{name} = asarray(reduce({x}, {writer.text(params['axis'])}, None, {out or None}, {params['keepdims']}))"
        )
    if op is ops.BROADCAST_TO:
        return f"{name} = {out or f'empty({shape}, {x}.dtype)'}; {name}[...] = {x}"
    if op is ops.MATRIX_TRANSPOSE:
        return f"{name} = {x}.mT"
    if op is ops.RESHAPE:
        return f"{name} = {x}.reshape({shape})"
    return None


def _array(a: object, dtype: np.dtype, op: Op, writer: Writer) -> str:  # type: ignore[type-arg]
    """An operand. A Python scalar beside an array costs 1.57 us, a 0-d array 0.96."""
    if type(a) in SCALARS:
        if dtype.kind in "fc" and op not in (ops.GREATER, ops.LESS):
            return writer.constant("s", np.asarray(a, dtype))
        return writer.text(a)
    return str(a)


def _leading_sum(writer: Writer, equation: Equation) -> str:
    """The name of a vector of ones whose product is this sum, or nothing: a matrix summed down its rows."""
    (shape, dtype), params = equation.avals[0], equation.params
    rows = writer.shapes.get(equation.inputs[0], ())[:1]
    if (
        len(shape) != 1
        or params["axis"] not in (0, (0,))
        or params["keepdims"]
        or dtype.char not in "fd"
        or not rows
        or rows[0] > 4096
    ):
        return ""
    return writer.constant("ones", np.ones(rows[0], dtype))


DIALECT = Dialect(
    line=_line,
    into=frozenset(UFUNCS) | {ops.MATMUL, ops.SUM, ops.BROADCAST_TO},
    overwrites=frozenset(UFUNCS),
    views=VIEWS,
    scope={"reduce": np.add.reduce, "asarray": np.asarray, "empty": np.empty, "dot": np.dot, "matmul": np.matmul}
    | {name: getattr(np, name) for name in UFUNCS.values()},
)
