"""Wrong derivatives: of one primitive each, in both modes where its rule makes both of one fact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from plugrad import dtypes, ops, tensor
from plugrad.backends.protocol import broadcast_axes
from plugrad.ops import Op
from plugrad.rules.axes import axes_of
from plugrad.rules.families import ZERO, bilinear, elementwise, kept_shape, linear, real_valued, symmetric
from plugrad.rules.matrices import columns, eye, off, rows, sandwich, split

from . import places
from .mutations import (
    after,
    become,
    cut,
    frozen,
    given,
    instead,
    native,
    pull,
    push,
    replaced,
    scaled,
    stated,
    swapped,
    unconjugated,
    word,
)
from .places import Change, table
from .records import Saboteur, of_kind, saboteur

__all__ = ["ALL"]


def _pulls(what: str, op: Op, change: Any, *operands: int) -> Saboteur:
    """The pulls of one operand, or of all."""
    where = f", operand {operands[0]}" if operands else ""
    return saboteur(f"{op.name}{where}: {what}", pull(op, change, *operands), ops=op)


def _says(what: str, op: Op, family: Any, *facts: Any) -> Saboteur:
    """The whole rule."""
    return saboteur(f"{op.name}: {what}", stated(op, family, *facts), ops=op)


def _word(what: str, op: Op, module: str, name: str, f: Any) -> Saboteur:
    """A word of its rule."""
    return saboteur(f"{op.name}: {what}", word(module, name, become(f)), ops=op)


def _edge(what: str, op: Op, module: str, name: str, f: Any) -> Saboteur:
    """The same, at a tie or an end, where conventions may be the first to see it."""
    return _word(what, op, module, name, f)._replace(asks=("gradients/*", "conventions/*"))


# ------------------------------------------------------------------------------------------------------- signs, factors

SIGNS = of_kind(
    "a wrong sign",
    *(
        _pulls("the sign", op, scaled(-1), i)
        for op, i in (
            (ops.COS, 0),
            (ops.ATAN2, 1),
            (ops.DIVIDE, 1),
            (ops.SUBTRACT, 1),
            (ops.REMAINDER, 1),
            (ops.REL_ENTR, 1),
            (ops.BETAINCC, 2),
            (ops.INV, 0),
            (ops.RFFT, 0),
        )
    ),
    _pulls("as of erf", ops.ERFC, scaled(-1)),
    _says("turned on, not back", ops.ROLL, linear, lambda xp, ct, shift, axis: xp.roll(ct, shift=shift, axis=axis)),
    _word(
        "gaps the other way round",
        ops.EIGH,
        "decompositions",
        "_over_gaps",
        lambda xp, p, w: off(xp, p) / (rows(xp, w) - columns(xp, w) + eye(xp, w)),
    ),
)


def _of_the_population(x: Any, axis: Any, correction: float) -> float:
    return 1 / max(1, math.prod(x.shape[a] for a in axes_of(axis, len(x.shape))))


def _whole(xp: Any, ct: Any, edge: Any, axis: Any, keepdims: bool) -> Any:
    kept = ct if keepdims else xp.reshape(ct, shape=kept_shape(edge.shape, axis))
    return xp.broadcast_to(kept, shape=tuple(edge.shape))


_NORMS = {norm: norm for norm in ("backward", "ortho", "forward")}

FACTORS = of_kind(
    "a wrong factor",
    *(
        _pulls(f"times {factor:.14g}", op, scaled(factor), i)
        for op, i, factor in (
            (ops.LOG2, 0, math.log(2)),
            (ops.LOG10, 0, math.log(10)),
            (ops.SQRT, 0, 2.0),
            (ops.ERF, 0, math.sqrt(math.pi) / 2),
            (ops.SQUARE, 0, 0.5),
            (ops.GAMMALN, 0, 1 + 1e-9),
            (ops.EXP, 0, 1 + 1e-12),
            (ops.CONV, 1, 2.0),
            (ops.NDTRI, 0, math.sqrt(2)),
        )
    ),
    _word("of the population, whatever is said", ops.VAR, "reductions", "_per_freedom", _of_the_population),
    _word("not divided by the number", ops.MEAN, "reductions", "_mean_adjoint", _whole),
    _word("the norm of the way there, back", ops.FFT, "fft", "_BACK", _NORMS),
    _word("every bin for two", ops.IRFFT, "fft", "_but_ends", lambda xp, half, factor, axis, size: half * factor),
    _word("the whole diagonal", ops.CHOLESKY, "decompositions", "lower", lambda xp, x: xp.tril(x, k=0)),
)


# ------------------------------------------------------------------------------------------------------- missing terms


def _unprojected(xp: Any, ct: Any, x: Any, y: Any, axis: Any, eps: float) -> Any:
    off_constants = ct + 0 * y - xp.mean(ct, axis=axis, keepdims=True)
    return off_constants / xp.sqrt(xp.var(x, axis=axis, correction=0, keepdims=True) + eps)


def _thin_alone(xp: Any, u: Any, g: Any, s: Any) -> Any:
    return tuple(None if x is None else split(xp, x, s.shape[-1])[0] for x in (u, g))


def _logarithm_alone(xp: Any, ct: Any, y: Any) -> Any:
    return xp.zeros(y[1], y[1].shape) if ct[1] is None else ct[1]


MISSING = of_kind(
    "a missing term",
    _says("1 - y", ops.TANH, elementwise, lambda y: 1 - y),
    _says("without the 1", ops.EXPM1, elementwise, lambda y: y),
    _says("without 1 - y", ops.SIGMOID, elementwise, lambda y: y),
    _says("without the sum", ops.SOFTMAX, symmetric, lambda xp, ct, y, axis: ct * y),
    _says("without the projection off y", ops.NORMALIZE, symmetric, _unprojected),
    _says("without 2 x y", ops.ERFCX, elementwise, lambda x, y: 0 * x * y - 2 / math.sqrt(math.pi)),
    _says(
        "without the weight",
        ops.IVE,
        elementwise,
        lambda xp, x, y, n: 0.5 * (xp.ive(x, n=abs(n - 1)) + xp.ive(x, n=n + 1)) + 0 * y,
    ),
    _says("without the 1", ops.ENTR, elementwise, lambda xp, x: -xp.log(x)),
    _says(
        "without the sum's",
        ops.BETALN,
        elementwise,
        lambda xp, a, b: xp.digamma(a) + 0 * b,
        lambda xp, a, b: xp.digamma(b) - xp.digamma(a + b),
    ),
    _says(
        "what is written over keeps its gradient",
        ops.PUT,
        linear,
        lambda xp, ct, index: ct + 0,
        lambda xp, ct, index: xp.getitem(ct, index=index),
    ),
    _says(
        "of what is read twice the last one",
        ops.GATHER,
        linear,
        lambda xp, ct, edge, indices: xp.scatter(xp.zeros(ct, tuple(edge.shape)), ct, indices),
        None,
    ),
    _word("one term of three", ops.PINV, "linalg", "_pinv_map", lambda xp, t, a, p: -sandwich(xp, p, t, p)),
    _word("the logarithm alone", ops.SLOGDET, "linalg", "_slogdet_weight", _logarithm_alone),
    _word("no diagonal", ops.QR, "decompositions", "upper", lambda xp, x: xp.triu(x, k=1)),
    _word("nothing outside of the columns", ops.SVD, "decompositions", "_is_tall", lambda u: False),
    _word("the phases of complex vectors", ops.SVD, "decompositions", "_phase", lambda xp, p, s: None),
    _word("the vectors beside the thin ones", ops.SVD, "decompositions", "_thin", _thin_alone),
    _word("one triangle", ops.EIGH, "decompositions", "hermitian", lambda xp, x: x),
    _word("the mean", ops.VAR, "reductions", "_deviation", lambda xp, x, axis: x),
)


# ------------------------------------------------------------------------------------------------------ wrong operands

_TRANSPOSED: tuple[Any, Any] = (
    lambda xp, ct, b: xp.matmul(ct, b if b.shape[-1] == b.shape[-2] else xp.matrix_transpose(b)),
    lambda xp, ct, a: xp.matmul(xp.matrix_transpose(a), ct),
)


def _undiluted(xp: Any, ct: Any, x: Any, edge: Any, geometry: Any) -> Any:
    plain = geometry._replace(dilation=(1,) * len(geometry.dilation))
    return xp.conv_weight(x, ct, kernel=tuple(edge.shape[2:]), geometry=plain)


OPERANDS = of_kind(
    "a wrong operand",
    *(saboteur(f"{op.name}: each by the other's rule", swapped(op), ops=op) for op in (ops.MULTIPLY, ops.ATAN2)),
    _says(
        "a - b for b - a",
        ops.LOGADDEXP,
        elementwise,
        lambda xp, a, b: xp.sigmoid(b - a),
        lambda xp, a, b: xp.sigmoid(a - b),
    ),
    _says(
        "the branches the other way round",
        ops.WHERE,
        elementwise,
        ZERO,
        lambda xp, ct, condition: xp.where(condition, 0, ct),
        lambda xp, ct, condition: xp.where(condition, ct, 0),
    ),
    _says("square matrices are not transposed", ops.MATMUL, bilinear, *_TRANSPOSED),
    _says(
        "without the dilation",
        ops.CONV,
        bilinear,
        lambda xp, ct, w, edge, geometry: xp.conv_input(ct, w, size=tuple(edge.shape[2:]), geometry=geometry),
        _undiluted,
    ),
    _says("the main diagonal, whatever is said", ops.TRIL, linear, lambda xp, ct, k: xp.tril(ct, k=0)),
    _says("as it came", ops.FLIP, linear, lambda xp, ct, axis: ct + 0),
    _says("the sine for its derivative", ops.SIN, elementwise, lambda xp, x: xp.sin(x)),
    _says("the next zeta but one", ops.DIGAMMA, elementwise, lambda xp, x: xp.zeta(3.0, x)),
    _word("the same permutation back", ops.PERMUTE_DIMS, "manipulation", "_inverse", tuple),
    _word(
        "sums from the first on",
        ops.CUMULATIVE_SUM,
        "reductions",
        "_backwards",
        lambda xp, ct, axis: xp.cumulative_sum(ct, axis=axis),
    ),
    _word("products with the element itself", ops.CUMULATIVE_PROD, "reductions", "_before", lambda xp, y, axis: y),
    _word(
        "of order 2, whatever is said",
        ops.VECTOR_NORM,
        "linalg",
        "_norm_weight",
        lambda xp, x, y, ord: xp.where(y == 0, 0, x / xp.where(y == 0, 1, y)),
    ),
    _word(
        "the sum of the squares for their difference",
        ops.SVD,
        "decompositions",
        "_skew",
        lambda xp, x, s: off(xp, x) / (rows(xp, s) ** 2 + columns(xp, s) ** 2),
    ),
    saboteur(
        "betainc: not mirrored",
        word("special", "_beta_by_order", lambda f: lambda xp, a, b, x, mirrored=False: f(xp, a, b, x)),
        ops=ops.BETAINC,
    ),
)


# --------------------------------------------------------------------------------------------------------- conjugation

CONJUGATES = of_kind(
    "a missing conjugate",
    *(
        saboteur(f"{op.name}: as of real numbers", unconjugated(op), ops=op)
        for op in (ops.MULTIPLY, ops.DIVIDE, ops.EXP, ops.POW, ops.MATMUL, ops.EINSUM, ops.CONV_WEIGHT, ops.PROD)
    ),
    _says("as it came", ops.CONJ, linear, lambda xp, ct: ct + 0),
    _says(
        "with -i",
        ops.IMAG,
        linear,
        lambda xp, ct, edge: xp.astype(ct * -1j, dtype=dtypes.of(edge.dtype)),
    ),
    _says(
        "the same direction",
        ops.FFT,
        linear,
        lambda xp, ct, axes, inverse, norm: xp.fft(ct, axes=axes, inverse=inverse, norm=norm),
    ),
    _says("of z, not of its direction", ops.ABS, real_valued, lambda xp, x: xp.conj(xp.sign(x))),
    *(
        _word("transposed, not adjoint", op, module, "adjoint", lambda xp, x: xp.matrix_transpose(x))
        for op, module in ((ops.SOLVE, "linalg"), (ops.PINV, "linalg"), (ops.EIG, "decompositions"))
    ),
)


# -------------------------------------------------------------------------------------------------------- broadcasting


def _unbroadcast(name: str, f: Any) -> Saboteur:
    """What undoes broadcasting, where walks on raw arrays and where recorded ones look it up."""
    raw = replaced(lambda: table("numpy").xp, "unbroadcast", become(f))
    recorded = replaced(lambda: tensor.RECORDING, "unbroadcast", become(f))
    return saboteur(f"unbroadcast: {name}", raw, recorded, ops=(ops.ADD, ops.MULTIPLY))


def _first(g: Any, shape: Any) -> Any:
    places = tuple(slice(0, n) if n < m else slice(None) for n, m in zip(shape, g.shape[g.ndim - len(shape) :]))
    return g[(0,) * (g.ndim - len(shape)) + places]


def _sums(g: Any, axes: tuple[int, ...], keepdims: bool = False) -> Any:
    if type(g) is tensor.Tensor:
        return tensor.apply(ops.SUM, g, axis=axes, keepdims=keepdims)
    return np.sum(g, axis=axes, keepdims=keepdims)


def _averaged(g: Any, shape: Any) -> Any:
    axes = broadcast_axes(g.shape, shape)
    count = max(1, math.prod(g.shape[a] for a in axes))
    return _reshaped(_sums(g, axes), shape) * (1 / count)


def _reshaped(g: Any, shape: Any) -> Any:
    return tensor.apply(ops.RESHAPE, g, shape=tuple(shape)) if type(g) is tensor.Tensor else g.reshape(shape)


BROADCASTING = of_kind(
    "broadcasting not undone",
    _unbroadcast("nothing is done", lambda g, shape: g),
    _unbroadcast("the first of each", _first),
    _unbroadcast("the mean", _averaged),
    _unbroadcast("new axes alone", lambda g, shape: _sums(g, tuple(range(g.ndim - len(shape))))),
    _unbroadcast("the sum of all", lambda g, shape: g[...] * 0 + 1 if not shape else _averaged(g, shape)),
    saboteur(
        "unbroadcast: a walk on raw arrays, the mean",
        replaced(lambda: table("numpy").xp, "unbroadcast", become(_averaged)),
        ops=(ops.DIVIDE,),
    ),
    saboteur(
        "unbroadcast: a recorded walk, the mean",
        replaced(lambda: tensor.RECORDING, "unbroadcast", become(_averaged)),
        ops=(ops.DIVIDE,),
    ),
    saboteur(
        "spread: a tangent keeps its own shape",
        replaced("plugrad.rules.families", "spread_to", become(lambda t, shape: t)),
        ops=ops.ADD,
    ),
    _word(
        "as if axes were kept",
        ops.SUM,
        "reductions",
        "_spread",
        lambda xp, ct, edge, axis, keepdims: xp.broadcast_to(ct, shape=tuple(edge.shape)),
    )._replace(raises=True),
    _says("to the first alone", ops.BROADCAST_TO, linear, lambda xp, ct, edge: _first(ct, edge.shape)),
)


# ---------------------------------------------------------------------------------------------------------------- ties

TIES = of_kind(
    "a wrong choice at a tie",
    _edge("both get all", ops.MAXIMUM, "elementwise", "_chosen", lambda xp, ct, lost, tie: xp.where(lost, 0, ct)),
    _edge(
        "both get none", ops.MINIMUM, "elementwise", "_chosen", lambda xp, ct, lost, tie: xp.where(lost | tie, 0, ct)
    ),
    saboteur(
        "maximum: the first gets all",
        pull(ops.MAXIMUM, instead(lambda at: at.xp.where(at.args[0] < at.args[1], 0, at.ct)), 0),
        pull(ops.MAXIMUM, instead(lambda at: at.xp.where(at.args[1] <= at.args[0], 0, at.ct)), 1),
        ops=ops.MAXIMUM,
        asks=("gradients/*", "conventions/*"),
    ),
    _edge("all ties get all", ops.MAX, "reductions", "_shared", lambda xp, ct, x, y, axis: xp.where(x == y, ct, 0)),
    _edge(
        "the first tie gets all",
        ops.MIN,
        "reductions",
        "_shared",
        lambda xp, ct, x, y, axis: _first_tie(xp, ct, x, y, axis),
    ),
    _says(
        "at a bound nothing",
        ops.CLIP,
        elementwise,
        lambda xp, ct, x, low, high: xp.where((x <= low) | (x >= high), 0, ct),
        lambda xp, ct, x, low, high: xp.where((x < low) & (low <= high), ct, 0),
        lambda xp, ct, x, low, high: xp.where((x > high) | (low > high), ct, 0),
    ),
    _says("at 0 as above", ops.RELU, elementwise, lambda xp, ct, y: xp.where(y < 0, 0, ct)),
    _says("at 0 as above", ops.ABS, real_valued, lambda xp, x: xp.where(x == 0, 1, xp.sign(x))),
    _edge(
        "0 ** 0 by the formula",
        ops.POW_SCALAR,
        "elementwise",
        "_power_rule",
        lambda xp, ct, x, exponent: ct * (exponent * xp.pow_scalar(x, exponent=exponent - 1)),
    ),
    _edge(
        "a power of 0 by the formula", ops.POW, "elementwise", "_exponent", lambda xp, ct, a, b, y: ct * (y * xp.log(a))
    ),
    _edge(
        "an exponent of 0 by the formula", ops.POW, "elementwise", "_base", lambda xp, ct, a, b: ct * (b * a ** (b - 1))
    ),
    _edge("0 / 0", ops.ATAN2, "elementwise", "_or_one", lambda xp, x: x),
    _edge(
        "at 0 0 / 0",
        ops.VECTOR_NORM,
        "linalg",
        "_norm_weight",
        lambda xp, x, y, ord: (
            xp.sign(x) * xp.pow_scalar(xp.abs(x) / y, exponent=ord - 1) if ord else xp.zeros(x, x.shape)
        ),
    ),
    _edge(
        "of a constant 0 / 0",
        ops.STD,
        "reductions",
        "_std_weight",
        lambda xp, x, y, axis, correction: (
            (x - xp.mean(x, axis=axis, keepdims=True))
            / (y * max(1, math.prod(x.shape[a] for a in axes_of(axis, len(x.shape))) - correction))
        ),
    ),
    _edge(
        "of singular matrices det(x) / x",
        ops.DET,
        "linalg",
        "_adjugate",
        lambda xp, x: xp.reshape(xp.det(x), shape=(*x.shape[:-2], 1, 1)) * xp.inv(x),
    )._replace(raises=True),
    _edge(
        "the product over the element",
        ops.PROD,
        "reductions",
        "_others",
        lambda xp, x, axis: xp.prod(x, axis=axis, keepdims=True) / x,
    ),
    _says(
        "log 0 with a 0 before it",
        ops.XLOGY,
        elementwise,
        lambda xp, ct, a, b: ct * xp.log(b) + 0 * a,
        lambda a, b: a / b,
    ),
)


def _first_tie(xp: Any, ct: Any, x: Any, y: Any, axis: Any) -> Any:
    return xp.where(x == y, ct, 0) / xp.sum(xp.astype(x == y, dtype=dtypes.of(ct.dtype)), axis=axis, keepdims=True) * 2


# ----------------------------------------------------------------------------------------- one mode, one way, one order


def _without(k: int) -> Any:
    """The tangent of an operand is forgotten."""

    def change(push: Any) -> Any:
        return lambda y, args, tangents, params: push(
            y, args, [_nothing(t) if i == k else t for i, t in enumerate(tangents)], params
        )

    return change


def _nothing(t: Any) -> Any:
    return None if t is None else t * 0


def _of(f: Any) -> Any:
    """Something is done to each tangent that comes out."""

    def change(push: Any) -> Any:
        def run(y: Any, args: Any, tangents: Any, params: Any) -> Any:
            t = push(y, args, tangents, params)
            return tuple(map(f, t)) if type(t) is tuple else f(t)

        return run

    return change


FORWARD = of_kind(
    "forward mode alone",
    *(
        saboteur(f"{op.name}: the tangent of operand {k} is forgotten", push(op, _without(k)), ops=op)
        for op, k in (
            (ops.MATMUL, 1),
            (ops.SOLVE, 0),
            (ops.PUT, 1),
            (ops.CONCAT, 0),
            (ops.SCATTER_ADD, 1),
            (ops.XLOG1PY, 1),
        )
    ),
    *(
        saboteur(
            f"{op.name}: the tangent times {factor:.14g}", push(op, _of(lambda t, factor=factor: t * factor)), ops=op
        )
        for op, factor in (
            (ops.SUM, 2.0),
            (ops.QR, -1.0),
            (ops.LOG_SOFTMAX, 1 + 1e-12),
            (ops.CUMULATIVE_PROD, 0.5),
            (ops.EIGVALSH, 2.0),
            (ops.IRFFT, -1.0),
        )
    ),
    saboteur(
        "gather: the operand for its tangent",
        push(ops.GATHER, lambda push: lambda y, args, tangents, params: y),
        ops=ops.GATHER,
    ),
)

NATIVE = of_kind(
    "a native pull alone",
    *(
        saboteur(f"{op.name}: {what}", native(op, change), ops=op)
        for op, what, change in (
            (ops.TANH, "1 + y^2", after(lambda g, at: at.ct * (1 + at.y * at.y))),
            (ops.SUM, "twice", scaled(2)),
            (ops.MEAN, "not divided", after(lambda g, at: g * (math.prod(at.edge.shape) / max(1, at.ct.size)))),
            (ops.GETITEM, "flat", after(lambda g, at: np.zeros_like(g))),
            (ops.MATMUL, "the cotangent reversed", given(lambda at: at._replace(ct=at.ct[..., ::-1]))),
        )
    ),
    *(
        saboteur(f"{op.name}: {what}, of torch", native(op, change, "torch"), ops=op, subject="torch")
        for op, what, change in (
            (ops.RELU, "nothing is held back", instead(lambda at: at.ct)),
            (ops.SOFTMAX, "along the first axis", given(lambda at: at._replace(params={"axis": 0}))),
            (ops.GATHER, "the last of what is read twice", after(lambda g, at: g.sign())),
        )
    ),
    saboteur(
        "exp: one that nobody needs, without y",
        Change(places.native(ops.EXP), become((lambda xp, ct, y, args, params, edge: ct + 0,))),
        ops=ops.EXP,
    ),
)

_NONLINEAR = (
    ops.TANH,
    ops.EXP,
    ops.MULTIPLY,
    ops.DIVIDE,
    ops.POW,
    ops.MATMUL,
    ops.EINSUM,
    ops.CONV,
    ops.SOFTMAX,
    ops.LOGSUMEXP,
    ops.NORMALIZE,
    ops.PROD,
    ops.VECTOR_NORM,
    ops.INV,
    ops.CHOLESKY,
    ops.SVDVALS,
    ops.ERFINV,
)
SECOND = of_kind(
    "the second order alone",
    *(saboteur(f"{op.name}: what is saved is a constant", pull(op, frozen), ops=op, order=2) for op in _NONLINEAR),
    saboteur(
        "walk: a saved result has no history",
        replaced("plugrad.walk", "_with_history", lambda f: lambda node, again: _unhistoried(f(node, again))),
        ops=(ops.SQRT, ops.SIGMOID),
        order=2,
    ),
    *(
        saboteur(f"{op.name}: the cotangent is a constant", pull(op, cut), ops=op, order=2)
        for op in (ops.SUM, ops.PERMUTE_DIMS, ops.GETITEM, ops.CONCAT, ops.RFFT, ops.SOLVE)
    ),
)


def _unhistoried(saved: Any) -> Any:
    args, out = saved
    return args, out if out is None else tensor.Tensor(out.data, out.by) if type(out) is tensor.Tensor else out


ALL: tuple[Saboteur, ...] = (
    *SIGNS,
    *FACTORS,
    *MISSING,
    *OPERANDS,
    *CONJUGATES,
    *BROADCASTING,
    *TIES,
    *FORWARD,
    *NATIVE,
    *SECOND,
)
