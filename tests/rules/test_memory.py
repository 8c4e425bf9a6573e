"""What a node holds: exactly what the rules of its tracked operands name, watched by weak references."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.ops import Op
from plugrad.tensor import apply

from .helpers import SAMPLES, SMOOTH, subsets

pytestmark = pytest.mark.numpy  # it looks at NumPy's memory

# For each operand, what its gradient reads: operands by name, y the result. All others read nothing.
READS: dict[Op, tuple[str, ...]] = {
    ops.ABS: ("x",),
    ops.ACOS: ("x",),
    ops.ACOSH: ("x",),
    ops.ADD_ALONG_AXIS: ("", "indices"),
    ops.ANGLE: ("x",),
    ops.ASIN: ("x",),
    ops.ASINH: ("x",),
    ops.ATAN: ("x",),
    ops.ATAN2: ("a b", "a b"),
    ops.ATANH: ("x",),
    ops.BCE_WITH_LOGITS: ("x target", "x"),
    ops.BETAINC: ("a b x", "a b x", "a b x"),
    ops.BETAINCC: ("a b x", "a b x", "a b x"),
    ops.BETALN: ("a b", "a b"),
    ops.BINARY_CROSS_ENTROPY: ("x target", "x"),
    ops.CHOLESKY: ("y",),
    ops.CLIP: ("x low high", "x low high", "x low high"),
    ops.CONV: ("w", "x"),
    ops.CONV_INPUT: ("w", "g"),
    ops.CONV_WEIGHT: ("g", "x"),
    ops.COPYSIGN: ("a y", ""),
    ops.COS: ("x",),
    ops.COSH: ("x",),
    ops.CUMULATIVE_PROD: ("x y",),
    ops.DET: ("x",),
    ops.DIGAMMA: ("x",),
    ops.DIVIDE: ("b", "b y"),
    ops.EIG: ("y",),
    ops.EIGH: ("y",),
    ops.EIGVALSH: ("x",),
    ops.EINSUM: ("b", "a"),
    ops.ENTR: ("x",),
    ops.ERF: ("x",),
    ops.ERFC: ("x",),
    ops.ERFCX: ("x y",),
    ops.ERFINV: ("y",),
    ops.EXP: ("y",),
    ops.EXPM1: ("y",),
    ops.GAMMA: ("x y",),
    ops.GAMMAINC: ("a x", "a x"),
    ops.GAMMAINCC: ("a x", "a x"),
    ops.GAMMALN: ("x",),
    ops.GATHER: ("indices",),
    ops.HYPOT: ("a y", "b y"),
    ops.INV: ("y",),
    ops.IV: ("x",),
    ops.IVE: ("x y",),
    ops.LOG: ("x",),
    ops.LOG10: ("x",),
    ops.LOG1P: ("x",),
    ops.LOG2: ("x",),
    ops.LOGADDEXP: ("a b", "a b"),
    ops.LOGIT: ("x",),
    ops.LOGSUMEXP: ("x y",),
    ops.LOG_NDTR: ("x",),
    ops.LOG_SOFTMAX: ("y",),
    ops.MATMUL: ("b", "a"),
    ops.MAX: ("x y",),
    ops.MAXIMUM: ("a b", "a b"),
    ops.MIN: ("x y",),
    ops.MINIMUM: ("a b", "a b"),
    ops.MULTIPLY: ("b", "a"),
    ops.NDTRI: ("y",),
    ops.NEXTAFTER: ("a b", ""),
    ops.NORMALIZE: ("x y",),
    ops.PINV: ("x y", ""),
    ops.POW: ("a b", "a b y"),
    ops.POW_SCALAR: ("x",),
    ops.PROD: ("x",),
    ops.QR: ("y",),
    ops.RECIPROCAL: ("y",),
    ops.RELU: ("y",),
    ops.REL_ENTR: ("a b", "a b"),
    ops.REMAINDER: ("", "a b"),
    ops.SCATTER: ("indices", "indices"),
    ops.SCATTER_ADD: ("", "indices"),
    ops.SIGMOID: ("y",),
    ops.SIGN: ("x",),
    ops.SIN: ("x",),
    ops.SINH: ("x",),
    ops.SLOGDET: ("x y",),
    ops.SOFTMAX: ("y",),
    ops.SOLVE: ("a y", "a"),
    ops.SPHERICAL_JN: ("x",),
    ops.SQRT: ("y",),
    ops.SQUARE: ("x",),
    ops.STD: ("x y",),
    ops.SVD: ("y",),
    ops.SVDVALS: ("x",),
    ops.TAKE_ALONG_AXIS: ("indices",),
    ops.TAN: ("y",),
    ops.TANH: ("y",),
    ops.VAR: ("x",),
    ops.VECTOR_NORM: ("x y",),
    ops.WHERE: ("", "condition", "condition"),
    ops.XLOG1PY: ("a b", "a b"),
    ops.XLOGY: ("a b", "a b"),
    ops.ZETA: ("s q", "s q"),
}


@pytest.mark.parametrize("op", SMOOTH, ids=lambda op: op.name)
def test_a_node_holds_what_its_rules_read(op: Op) -> None:
    sample = next(s for s in SAMPLES[op] if s.params.get("axis", 0) is not None)  # a result that is no scalar
    reads = READS.get(op, ("",) * len(sample.operands))
    for tracked in subsets(sample.moving):
        raw = [np.array(x) for x in sample.operands]
        given = [pg.asarray(x, copy=False, requires_grad=i in tracked) for i, x in enumerate(raw)]
        result = apply(op, *given, **sample.params)
        result = result[0] if type(result) is tuple else result
        node = result.node if result.node.op is not ops.PICK else result.node.edges[0]
        names = op.operands if len(op.operands) == len(raw) else range(len(raw))
        watched = {name: weakref.ref(x) for name, x in zip(names, raw, strict=True)} | {"y": weakref.ref(result.data)}
        del raw, given, result
        named = {name for i in tracked for name in reads[i].split()}
        assert {name for name, array in watched.items() if array() is not None} == named
        del node


def test_the_table_is_about_operations_that_exist() -> None:
    assert set(SMOOTH) >= set(READS)


def test_a_walk_lets_go_of_what_was_held() -> None:
    raw = np.ones(3)
    x = pg.asarray(raw, copy=False, requires_grad=True)
    y = pg.sum(pg.sin(x * 2.0) * x)
    held = weakref.ref(raw)
    pg.autograd.grad(y, x, retain_graph=True)
    del raw
    assert held() is not None
    pg.autograd.grad(y, x)
    del x
    assert held() is None
    assert y.node
