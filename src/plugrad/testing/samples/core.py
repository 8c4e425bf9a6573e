"""Elementwise functions, reductions, manipulation, indexing: one line each."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ... import dtypes, ops
from ...ops import Op
from .forms import *

ONE: Forms = {
    "rectangular": Form(((2, 3),)),
    "0-d": Form(((),)),
    "empty": Form(((0, 3),)),
    "high rank": Form(((2, 1, 3, 2),)),
    "strided": Form(((3, 2),), strided=True),
}
TWO: Forms = {
    "rectangular": Form(((2, 3), (2, 3))),
    "column and row": Form(((2, 1), (3,))),
    "other rank": Form(((3,), (2, 1, 3))),
    "0-d": Form(((), ())),
    "0-d and matrix": Form(((), (2, 3))),
    "matrix and one": Form(((2, 3), (1, 1))),
    "empty": Form(((0, 3), (3,))),
    "empty by broadcasting": Form(((1, 3), (0, 3))),
    "strided": Form(((3, 2), (3, 1)), strided=True),
    "scalar right": Form(((2, 3), 0.75)),
    "scalar left": Form((0.75, (2, 3))),
    "complex scalar right": Form(((2, 3), 0.75 - 2j)),
    "complex scalar left": Form((0.75 - 2j, (2, 3))),
}
MIXED: Forms = {  # beside an operand of integers
    "integers right": Form(((2, 3), (3,)), integers=(1,)),
    "integers left": Form(((3,), (2, 3)), integers=(0,)),
}
EXPONENTS = (2, 0.5, 0, -1, 1, 3, -2, 1.5, -0.5)
POWERS: Forms = {
    **{f"to the power {e}": Form(((2, 3),), {"exponent": e}) for e in EXPONENTS},
    "0-d": Form(((),), {"exponent": 3}),
    "empty": Form(((0, 3),), {"exponent": -1.5}),
    "strided": Form(((3, 2),), {"exponent": 2.0}, strided=True),
}
THREE: Forms = {
    "rectangular": Form(((2, 3), (2, 3), (2, 3))),
    "broadcast": Form(((2, 1), (3,), (2, 1, 1))),
    "other rank": Form(((3,), (2, 3), ())),
    "0-d": Form(((), (), ())),
    "empty": Form(((0, 3), (3,), (1, 3))),
    "strided": Form(((3, 2), (3, 1), (3, 2)), strided=True),
    "scalar right": Form(((2, 3), (2, 3), 0.75)),
    "scalar left": Form(((2, 3), -0.25, (2, 3))),
    "scalars": Form(((2, 3), -0.25, 0.75)),
}


def _reduced(shape: Shape, axis: Any, keepdims: bool = False, strided: bool = False) -> Form:
    return Form((shape,), {"axis": axis, "keepdims": keepdims}, strided)


CHOSEN: Forms = {
    "all": _reduced((2, 3), None),
    "all kept": _reduced((2, 3), None, True),
    "first axis": _reduced((3, 2, 3), 0),
    "inner axis kept": _reduced((2, 3, 2), 1, True),
    "lone axis": _reduced((3,), 0),
    "axis of one": _reduced((3, 1), 1),
    "0-d": _reduced((), None),
    "no rows": _reduced((0, 3), 1),
    "strided": _reduced((3, 2), 1, strided=True),
}
REDUCED: Forms = CHOSEN | {
    "two axes": _reduced((2, 3, 2), (0, 2)),
    "two axes, not in order": _reduced((2, 3, 2), (2, 0), True),
    "high rank": _reduced((2, 1, 3, 2), (1, 3)),
    "no axis": _reduced((2, 3), ()),
}
SUMMED: Forms = REDUCED | {"of nothing": _reduced((2, 0), 1), "all of nothing": _reduced((0, 3), None)}
CORRECTIONS = {"axis of one": 0.5, "0-d": 0, "no axis": 0.0, "all kept": 1.5, "first axis": 0}  # elsewhere 1
SPREAD: Forms = {
    name: form._replace(params={**form.params, "correction": CORRECTIONS.get(name, 1)})
    for name, form in REDUCED.items()
}
ALONG: Forms = {
    "last axis": Form(((2, 3),), {"axis": 1}),
    "first axis": Form(((3, 3),), {"axis": 0}),
    "inner axis": Form(((2, 3, 2),), {"axis": 1}),
    "lone axis": Form(((3,),), {"axis": 0}),
    "axis of one": Form(((3, 1),), {"axis": 1}),
    "no rows": Form(((0, 3),), {"axis": 1}),
    "of nothing": Form(((2, 0),), {"axis": 1}),
    "strided": Form(((3, 2),), {"axis": 1}, strided=True),
}
NORMALIZED: Forms = {
    "last axis": Form(((2, 3),), {"axis": (1,), "eps": 1e-5}),
    "two axes": Form(((2, 3, 2),), {"axis": (1, 2), "eps": 0.1}),
    "two axes, not in order": Form(((2, 3, 2),), {"axis": (2, 0), "eps": 1e-3}),
    "without eps": Form(((3, 4),), {"axis": (0,), "eps": 0.0}),
    "axis of one": Form(((3, 1),), {"axis": (1,), "eps": 0.5}),
    "no rows": Form(((0, 3),), {"axis": (1,), "eps": 1e-5}),
    "strided": Form(((3, 4),), {"axis": (1,), "eps": 1e-5}, strided=True),
}
STACKS: Forms = {
    "two matrices": Form(((2, 3), (3, 4))),
    "square": Form(((3, 3), (3, 3))),
    "stacks": Form(((2, 3, 2), (2, 2, 3))),
    "stack and matrix": Form(((3, 2, 3), (3, 3))),
    "matrix and stack": Form(((2, 3), (2, 3, 2))),
    "stacks that broadcast": Form(((2, 1, 2, 3), (3, 3, 2))),
    "row and column": Form(((1, 3), (3, 1))),
    "no rows": Form(((0, 3), (3, 2))),
    "nothing to sum": Form(((2, 0), (0, 3))),
    "empty stack": Form(((0, 2, 3), (3, 2))),
    "strided": Form(((3, 2), (2, 3)), strided=True),
}
MATRICES: Forms = {
    "one matrix": Form(((2, 3),)),
    "several": Form(((3, 2, 3),)),
    "empty": Form(((0, 3),)),
    "strided": Form(((3, 2),), strided=True),
}
CAST: Forms = {
    "to float64": Form(((2, 3),), {"dtype": dtypes.float64}),
    "to float32": Form(((2, 3),), {"dtype": dtypes.float32}),
    "to complex128": Form(((2, 3),), {"dtype": dtypes.complex128}),
    "0-d": Form(((),), {"dtype": dtypes.float64}),
    "empty": Form(((0, 3),), {"dtype": dtypes.complex64}),
    "strided": Form(((3, 2),), {"dtype": dtypes.float32}, strided=True),
}
BROADCAST: Forms = {
    "new axis": Form(((3,),), {"shape": (3, 3)}),
    "axis of one": Form(((2, 1),), {"shape": (2, 3)}),
    "both": Form(((2, 1),), {"shape": (3, 2, 3)}),
    "0-d": Form(((),), {"shape": (2, 2)}),
    "as it is": Form(((2, 3),), {"shape": (2, 3)}),
    "to nothing": Form(((1, 3),), {"shape": (0, 3)}),
    "strided": Form(((3, 1),), {"shape": (3, 2)}, strided=True),
}
JOINED: Forms = {
    "rows": Form(((2, 3), (1, 3), (3, 3)), {"axis": 0, "sizes": (2, 1, 3)}),
    "columns": Form(((3, 2), (3, 2)), {"axis": 1, "sizes": (2, 2)}),
    "inner axis": Form(((2, 1, 2), (2, 3, 2)), {"axis": 1, "sizes": (1, 3)}),
    "one": Form(((2, 3),), {"axis": 0, "sizes": (2,)}),
    "with nothing": Form(((2, 3), (0, 3)), {"axis": 0, "sizes": (2, 0)}),
    "strided": Form(((3, 2), (3, 2)), {"axis": 0, "sizes": (3, 3)}, strided=True),
}
FLIPPED: Forms = {
    "one axis": Form(((2, 3),), {"axis": (0,)}),
    "two axes": Form(((3, 3, 2),), {"axis": (0, 2)}),
    "no axis": Form(((2, 3),), {"axis": ()}),
    "0-d": Form(((),), {"axis": ()}),
    "empty": Form(((0, 3),), {"axis": (0, 1)}),
    "strided": Form(((3, 2),), {"axis": (1,)}, strided=True),
}
PERMUTED: Forms = {
    "two": Form(((3, 2),), {"axes": (1, 0)}),
    "three, round": Form(((2, 3, 3),), {"axes": (2, 0, 1)}),
    "four": Form(((2, 1, 3, 2),), {"axes": (3, 1, 0, 2)}),
    "0-d": Form(((),), {"axes": ()}),
    "empty": Form(((0, 3),), {"axes": (1, 0)}),
    "strided": Form(((3, 2),), {"axes": (1, 0)}, strided=True),
}
RESHAPED: Forms = {
    "flat": Form(((2, 3),), {"shape": (6,)}),
    "more axes": Form(((2, 6),), {"shape": (2, 2, 1, 3)}),
    "across": Form(((3, 2),), {"shape": (2, 3)}),
    "0-d to one": Form(((),), {"shape": (1, 1)}),
    "one to 0-d": Form(((1,),), {"shape": ()}),
    "empty": Form(((0, 3),), {"shape": (3, 0, 2)}),
    "strided": Form(((3, 2),), {"shape": (2, 3)}, strided=True),
}
ROLLED: Forms = {
    "one axis": Form(((3,),), {"shift": (1,), "axis": (0,)}),
    "two axes": Form(((2, 3),), {"shift": (2, -1), "axis": (1, 0)}),
    "an axis twice": Form(((3, 2),), {"shift": (1, 1), "axis": (0, 0)}),
    "further than its length": Form(((3, 3),), {"shift": (-7,), "axis": (1,)}),
    "empty": Form(((0, 3),), {"shift": (1,), "axis": (0,)}),
    "strided": Form(((3, 2),), {"shift": (1,), "axis": (1,)}, strided=True),
}
TRIANGLES: Forms = {
    "square": Form(((3, 3),), {"k": 0}),
    "wide, above": Form(((2, 4),), {"k": 1}),
    "tall, below": Form(((4, 2),), {"k": -1}),
    "stack": Form(((3, 3, 3),), {"k": 0}),
    "all": Form(((2, 2),), {"k": -5}),
    "empty": Form(((0, 3),), {"k": 0}),
    "strided": Form(((3, 2),), {"k": 0}, strided=True),
}
UNSTACKED: Forms = {
    "rows": Form(((3, 2),), {"axis": 0}),
    "inner axis": Form(((2, 3, 2),), {"axis": 1}),
    "one": Form(((1, 3),), {"axis": 0}),
    "to 0-d": Form(((3,),), {"axis": 0}),
    "empty rows": Form(((2, 0),), {"axis": 0}),
    "strided": Form(((3, 2),), {"axis": 1}, strided=True),
}
TAKEN: Forms = {
    "rows": Form(((3, 2), (4,))),
    "rows at a matrix of places": Form(((3, 3), (3, 3))),
    "of a vector": Form(((3,), (3,))),
    "one place": Form(((3, 2), ())),
    "no place": Form(((3, 2), (0,))),
    "empty rows": Form(((3, 0), (2,))),
    "high rank": Form(((3, 2, 1, 2), (2, 1))),
    "strided": Form(((3, 2), (2,)), strided=True),
}
ROWS_WRITTEN: Forms = {
    "rows": Form(((3, 2), (2, 2), (2,))),
    "all of a matrix": Form(((3, 3), (3, 3), (3,))),
    "of a vector": Form(((3,), (3,), (3,))),
    "one place": Form(((3, 2), (2,), ())),
    "a matrix of places": Form(((3, 2), (1, 3, 2), (1, 3))),
    "no place": Form(((3, 2), (0, 2), (0,))),
    "strided": Form(((3, 2), (2, 2), (2,)), strided=True),
}
_INDICES: dict[str, tuple[Shape, Any]] = {
    "integer": ((3, 2), 1),
    "from the end": ((3, 2), -1),
    "slice": ((3, 3), slice(1, 3)),
    "stride": ((5, 2), slice(None, None, 2)),
    "backwards": ((4, 2), slice(None, None, -1)),
    "backwards by two": ((5, 2), (slice(4, 0, -2), 1)),
    "integer and slice": ((3, 3, 2), (0, slice(0, 2))),
    "slice and integer": ((3, 3, 2), (slice(None), 1)),
    "ellipsis": ((3, 2, 3), (..., 0)),
    "ellipsis between": ((3, 2, 2, 3), (0, ..., slice(1, None))),
    "new axis": ((3, 2), (None, slice(None), None, 0)),
    "all integers": ((3, 2), (1, 0)),
    "nothing taken": ((3, 2), slice(2, 2)),
    "everything": ((3, 2), ()),
    "of a 0-d array": ((), ()),
    "empty": ((0, 3), (slice(None), 1)),
}
READ: Forms = {name: Form((shape,), {"index": index}) for name, (shape, index) in _INDICES.items()} | {
    "strided": Form(((3, 2),), {"index": (slice(None), 1)}, strided=True)
}


def _region(shape: Shape, index: Any) -> Shape:
    return np.empty(shape)[index].shape


WRITTEN: Forms = {
    **{name: Form((shape, _region(shape, i)), {"index": i}) for name, (shape, i) in _INDICES.items()},
    "one value for all": Form(((3, 3), ()), {"index": slice(0, 2)}),
    "a row for all": Form(((3, 3), (3,)), {"index": slice(0, 2)}),
    "a column for all": Form(((3, 3), (2, 1)), {"index": slice(0, 2)}),
    "scalar": Form(((3, 2), 0.75), {"index": (slice(None), 1)}),
    "integers": Form(((3, 2), (2,)), {"index": 0}, integers=(1,)),
    "strided": Form(((3, 2), (3,)), {"index": (slice(None), 1)}, strided=True),
}

# fmt: off
SPECS: dict[Op, Spec] = {
    # Elementwise, one operand
    ops.ABS: Spec("fc", (away_from_zero,), ONE),
    ops.ACOS: Spec("fc", (inside,), ONE),
    ops.ACOSH: Spec("fc", (above_one,), ONE),
    ops.ANGLE: Spec("fc", (away_from_zero,), ONE),
    ops.ASIN: Spec("fc", (inside,), ONE),
    ops.ASINH: Spec("fc", (real,), ONE),
    ops.ATAN: Spec("fc", (inside,), ONE),  # complex: the poles are at i and -i
    ops.ATANH: Spec("fc", (inside,), ONE),
    ops.BITWISE_INVERT: Spec("-", (whole,), ONE),
    ops.CEIL: Spec("f", (between_integers,), ONE),
    ops.CONJ: Spec("fc", (real,), ONE),
    ops.COS: Spec("fc", (real,), ONE),
    ops.COSH: Spec("fc", (real,), ONE),
    ops.ERF: Spec("f", (real,), ONE),
    ops.EXP: Spec("fc", (real,), ONE),
    ops.EXPM1: Spec("fc", (real,), ONE),
    ops.FLOOR: Spec("f", (between_integers,), ONE),
    ops.IMAG: Spec("fc", (real,), ONE),
    ops.ISFINITE: Spec("fc", (real,), ONE),
    ops.ISINF: Spec("fc", (real,), ONE),
    ops.ISNAN: Spec("fc", (real,), ONE),
    ops.LOG: Spec("fc", (positive,), ONE),
    ops.LOG10: Spec("fc", (positive,), ONE),
    ops.LOG1P: Spec("fc", (positive,), ONE),
    ops.LOG2: Spec("fc", (positive,), ONE),
    ops.LOGICAL_NOT: Spec("-", (truth,), ONE),
    ops.NEGATIVE: Spec("fc", (real,), ONE),
    ops.POW_SCALAR: Spec("fc", (positive,), POWERS),
    ops.REAL: Spec("fc", (real,), ONE),
    ops.RECIPROCAL: Spec("fc", (away_from_zero,), ONE),
    ops.RELU: Spec("f", (away_from_zero,), ONE),
    ops.ROUND: Spec("f", (between_integers,), ONE),
    ops.SIGMOID: Spec("fc", (real,), ONE),
    ops.SIGN: Spec("fc", (away_from_zero,), ONE),
    ops.SIGNBIT: Spec("f", (real,), ONE),
    ops.SIN: Spec("fc", (real,), ONE),
    ops.SINH: Spec("fc", (real,), ONE),
    ops.SQRT: Spec("fc", (positive,), ONE),
    ops.SQUARE: Spec("fc", (real,), ONE),
    ops.TAN: Spec("fc", (inside,), ONE),
    ops.TANH: Spec("fc", (inside,), ONE),  # complex: the poles are at odd multiples of i pi / 2
    ops.TRUNC: Spec("f", (between_integers,), ONE),
    # Elementwise, several operands
    ops.ADD: Spec("fc", (real,), TWO | MIXED),
    ops.ATAN2: Spec("f", (away_from_zero,), TWO | MIXED),
    ops.BCE_WITH_LOGITS: Spec("f", (real, probabilities), TWO),
    ops.BITWISE_AND: Spec("-", (whole,), TWO),
    ops.BITWISE_LEFT_SHIFT: Spec("-", (counts,), TWO),
    ops.BITWISE_OR: Spec("-", (whole,), TWO),
    ops.BITWISE_RIGHT_SHIFT: Spec("-", (whole, counts), TWO),
    ops.BITWISE_XOR: Spec("-", (whole,), TWO),
    ops.CLIP: Spec("f", (real, low, high), THREE),
    ops.COPYSIGN: Spec("f", (away_from_zero,), TWO),
    ops.DIVIDE: Spec("fc", (real, away_from_zero), TWO),
    ops.EQUAL: Spec("fc", (steps,), TWO),
    ops.FLOOR_DIVIDE: Spec("f", (real, away_from_zero), TWO),
    ops.GREATER: Spec("f", (steps,), TWO),
    ops.GREATER_EQUAL: Spec("f", (steps,), TWO),
    ops.HYPOT: Spec("f", (away_from_zero,), TWO),
    ops.LESS: Spec("f", (steps,), TWO),
    ops.LESS_EQUAL: Spec("f", (steps,), TWO),
    ops.LOGADDEXP: Spec("f", (real,), TWO),
    ops.LOGICAL_AND: Spec("-", (truth,), TWO),
    ops.LOGICAL_OR: Spec("-", (truth,), TWO),
    ops.LOGICAL_XOR: Spec("-", (truth,), TWO),
    ops.MAXIMUM: Spec("f", (real,), TWO | MIXED),
    ops.MINIMUM: Spec("f", (real,), TWO | MIXED),
    ops.MULTIPLY: Spec("fc", (real,), TWO | MIXED),
    ops.NEXTAFTER: Spec("f", (real,), TWO),
    ops.NOT_EQUAL: Spec("fc", (steps,), TWO),
    ops.POW: Spec("fc", (positive, real), TWO),
    ops.REMAINDER: Spec("f", (real, away_from_zero), TWO),
    ops.SUBTRACT: Spec("fc", (real,), TWO | MIXED),
    ops.WHERE: Spec("fc", (truth, real, real), THREE),
    # Reductions, and along axes
    ops.ALL: Spec("-", (truth,), SUMMED),
    ops.ANY: Spec("-", (truth,), SUMMED),
    ops.ARGMAX: Spec("f", (real,), CHOSEN),
    ops.ARGMIN: Spec("f", (real,), CHOSEN),
    ops.COUNT_NONZERO: Spec("-", (truth,), SUMMED),
    ops.LOGSUMEXP: Spec("fc", (real,), REDUCED),
    ops.MAX: Spec("f", (real,), REDUCED),
    ops.MEAN: Spec("fc", (real,), REDUCED),
    ops.MIN: Spec("f", (real,), REDUCED),
    ops.PROD: Spec("fc", (away_from_zero,), SUMMED),
    ops.STD: Spec("fc", (real,), SPREAD),
    ops.SUM: Spec("fc", (real,), SUMMED),
    ops.VAR: Spec("fc", (real,), SPREAD),
    ops.LOG_SOFTMAX: Spec("f", (real,), ALONG),
    ops.NORMALIZE: Spec("f", (real,), NORMALIZED),
    ops.SOFTMAX: Spec("f", (real,), ALONG),
    # Linear algebra
    ops.MATMUL: Spec("fc", (real,), STACKS),
    ops.MATRIX_TRANSPOSE: Spec("fc", (real,), MATRICES),
    # Manipulation
    ops.ASTYPE: Spec("fc", (real,), CAST),
    ops.BROADCAST_TO: Spec("fc", (real,), BROADCAST),
    ops.CONCAT: Spec("fc", (real,), JOINED),
    ops.FLIP: Spec("fc", (real,), FLIPPED),
    ops.PERMUTE_DIMS: Spec("fc", (real,), PERMUTED),
    ops.RESHAPE: Spec("fc", (real,), RESHAPED),
    ops.ROLL: Spec("fc", (real,), ROLLED),
    ops.TRIL: Spec("fc", (real,), TRIANGLES),
    ops.TRIU: Spec("fc", (real,), TRIANGLES),
    ops.UNSTACK: Spec("fc", (real,), UNSTACKED),
    # Indexing
    ops.GATHER: Spec("fc", (real, places(3)), TAKEN),
    ops.GETITEM: Spec("fc", (real,), READ),
    ops.PUT: Spec("fc", (real,), WRITTEN),
    ops.SCATTER: Spec("fc", (real, real, different_places(3)), ROWS_WRITTEN),
    ops.SCATTER_ADD: Spec("fc", (real, real, places(3)), ROWS_WRITTEN),
}
# fmt: on


# --------------------------------------------------------------------------------- zeros, ties, infinities, NaN, ends

EDGES = (0.0, -0.0, 1.0, -1.0, 2.0, INF, -INF, NAN)
COMPLEX_EDGES = (0j, 1 + 0j, -1 + 0j, 1j, -1j, 2 - 2j)
GRID: dict[int, tuple[Array, ...]] = {
    1: (np.array(EDGES),),
    2: tuple(np.array(list(product(EDGES, repeat=2))).T.copy()),
    3: tuple(np.array(list(product((-1.0, 0.0, 1.0, INF, NAN), repeat=3))).T.copy()),
}
ORDERED: dict[str, Any] = {  # for what chooses the largest or the smallest
    "ties": [[1.0, 3.0, 3.0], [1.0, 1.0, 3.0]],
    "all equal": [[2.0, 2.0, 2.0]],
    "zeros of both signs": [[0.0, -0.0, -1.0], [-0.0, 0.0, 1.0]],
    "NaN": [[1.0, NAN, 3.0], [NAN, NAN, 0.0]],
    "infinities": [[INF, INF, 1.0], [-INF, -INF, 1.0], [-INF, -INF, -INF]],
}
CONSTANT: dict[str, Any] = {
    "constant": [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]],
    "one element": [[2.0], [3.0]],
    "NaN": [[NAN, 1.0, 2.0]],
}
EXPONENTIAL: dict[str, Any] = {  # for what sums exponentials
    "with -inf": [[-INF, 1.0], [1.0, 1.0]],
    "large": [[1000.0, 1001.0], [-1000.0, -1001.0]],
    "nothing but -inf": [[-INF, -INF]],
    "infinity": [[INF, 1.0]],
    "NaN": [[NAN, 1.0]],
}
ROWS: dict[Op, dict[str, Any]] = {  # reduced along the last axis
    ops.MAX: ORDERED,
    ops.MIN: ORDERED,
    ops.PROD: {
        "zeros": [[2.0, 0.0, 3.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [-0.0, 1.0, 2.0]],
        "infinity": [[INF, 2.0, 3.0], [NAN, 2.0, 3.0]],
    },
    ops.SUM: {"infinities": [[INF, -INF, 1.0], [NAN, 0.0, 1.0]]},
    ops.MEAN: {"infinities": [[INF, -INF, 1.0], [NAN, 0.0, 1.0]], "of nothing": [[], []]},
    ops.STD: CONSTANT,
    ops.VAR: CONSTANT,
    ops.LOGSUMEXP: EXPONENTIAL | {"of nothing": [[], []]},
    ops.SOFTMAX: EXPONENTIAL,
    ops.LOG_SOFTMAX: EXPONENTIAL,
    ops.NORMALIZE: CONSTANT,
}
_LAST = {"axis": 1, "keepdims": False, "correction": 1, "eps": 1e-5}


def boundaries(op: Op, spec: Spec) -> list[Boundary]:
    """(name, operands, parameters) of the samples where a choice was made."""
    if op is ops.POW_SCALAR:
        return [(f"edges to the power {e}", GRID[1], {"exponent": e}) for e in EXPONENTS]
    if op in ROWS:
        params = {name: (1,) if (op, name) == (ops.NORMALIZE, "axis") else _LAST[name] for name in op.params}
        return [(name, (np.array(rows),), params) for name, rows in ROWS[op].items()]
    if op is ops.WHERE:
        return [("edges", (np.array([True, False] * 32), *GRID[2]), {})]
    if "rectangular" not in spec.forms or spec.domains[0] in (whole, counts, truth):
        return []
    edges: list[Boundary] = [("edges", GRID[len(op.operands)], {})]
    if "c" in spec.kinds and len(op.operands) == 1:
        edges.append(("complex edges", (np.array(COMPLEX_EDGES),), {}))
    return edges
