"""HIPS/autograd's own derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.builtins import SequenceBox
from autograd.core import make_jvp, make_vjp
from autograd.scipy import special

from plugrad import ops
from plugrad.backends.standard import DIRECT, elementwise, fft, linalg, reductions
from plugrad.ops import Op
from plugrad.testing.samples import Sample
from plugrad.testing.samples.linalg import INVARIANTS

from ..records import Arrays, Host, Unsupported
from ._operands import together

__all__ = ["FUNCTIONS", "Autograd"]


class Autograd:
    """HIPS/autograd over NumPy. Its cotangents are conjugates of torch's, and are translated."""

    def __init__(self, name: str) -> None:
        self.name = name

    def versions(self) -> dict[str, str]:
        """autograd's and NumPy's."""
        return {"autograd": version("autograd"), "numpy": np.__version__}

    def array(self, x: Host) -> Any:
        """A copy."""
        return np.array(x)

    def host(self, x: Any) -> Host:
        """Itself; a scalar as an array."""
        return np.asarray(x)

    def function(self, sample: Sample) -> Callable[..., Arrays]:
        """By its own function."""
        if sample.op not in FUNCTIONS:
            raise Unsupported(f"autograd has no {sample.op.name}")
        if sample.op in INVARIANTS:
            raise Unsupported("autograd's arrays have no conj() and mT, of which what is compared of vectors is made")

        def f(*xs: Any) -> Arrays:
            given = list(sample.operands)
            for i, x in zip(sample.moving, xs, strict=True):
                given[i] = x
            with _refusals():
                y = FUNCTIONS[sample.op](*together(sample, given), **sample.params)
            several = isinstance(y, tuple | SequenceBox)
            return tuple(y[j] for j in range(len(y))) if several else (y,)

        return f

    def vjp(self, f: Callable[..., Arrays], xs: Arrays, cts: Arrays) -> tuple[Arrays, Arrays]:
        """By its `make_vjp`, one operand and one result at a time, conjugated on the way in and out."""
        with _refusals():
            ys = f(*xs)
            found = []
            for i, x in enumerate(xs):
                pulls = [make_vjp(partial(_part, f, xs, i, j), x)[0] for j in range(len(ys))]
                found.append(anp.conj(sum(pull(anp.conj(ct)) for pull, ct in zip(pulls, cts, strict=True))))
            return ys, tuple(found)

    def jvp(self, f: Callable[..., Arrays], xs: Arrays, ts: Arrays) -> tuple[Arrays, Arrays]:
        """By its `make_jvp`, the same way."""
        with _refusals():
            ys = f(*xs)
            pushed = [
                [make_jvp(partial(_part, f, xs, i, j), x)(t)[1] for i, (x, t) in enumerate(zip(xs, ts, strict=True))]
                for j in range(len(ys))
            ]
            return ys, tuple(map(sum, pushed))


def _part(f: Callable[..., Arrays], xs: Arrays, i: int, j: int, x: Any) -> Any:
    """Result `j` as a function of operand `i`."""
    return f(*xs[:i], x, *xs[i + 1 :])[j]


@contextmanager
def _refusals() -> Iterator[None]:
    """What it says that it does not have is Unsupported."""
    try:
        yield
    except NotImplementedError as error:
        raise Unsupported(f"autograd: {error}") from error


# ---------------------------------------------------------------------------------------------------- its own functions


class _Standard:
    """``autograd.numpy`` by the standard's names, of which NumPy's newer ones have no derivatives there."""

    def __getattr__(self, name: str) -> Any:
        return getattr(anp, OLDER.get(name, name))

    def astype(self, x: Any, dtype: Any) -> Any:
        return x.astype(dtype)

    def matrix_transpose(self, x: Any) -> Any:
        return anp.swapaxes(x, -1, -2)


OLDER = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "concat": "concatenate",
    "permute_dims": "transpose",
    "pow": "power",
}


def _bessel(first: Callable[..., Any], second: Callable[..., Any], general: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, n: (first, second)[n](x) if n < 2 else general(n, x)


def _vector_norm(x: Any, axis: Any, ord: float, keepdims: bool) -> Any:
    """Of one axis, or of all."""
    if keepdims or isinstance(axis, tuple) or x.ndim == 0:
        raise Unsupported("autograd's norm is along one axis or all of them, and keeps none")
    return anp.linalg.norm(x if axis is not None else anp.reshape(x, (-1,)), ord, axis)


xp = _Standard()
OWN: dict[Op, Callable[..., Any]] = {
    ops.ANGLE: anp.angle,
    ops.ASTYPE: lambda x, dtype: (x if dtype.kind == "c" else anp.real(x)).astype(dtype.name),
    ops.BETAINC: special.betainc,
    ops.BETALN: special.betaln,
    ops.BROADCAST_TO: lambda x, shape: anp.broadcast_to(x, shape),
    ops.CLIP: lambda x, low, high: anp.minimum(anp.maximum(x, low), high),
    ops.CONCAT: lambda *arrays, axis, sizes: anp.concatenate(arrays, axis),
    ops.CONJ: anp.conj,
    ops.CUMULATIVE_SUM: lambda x, axis: anp.cumsum(x, axis),
    ops.DET: anp.linalg.det,
    ops.DIGAMMA: special.psi,
    ops.EINSUM: lambda a, b, subscripts: anp.einsum(subscripts, a, b),
    ops.ERF: special.erf,
    ops.ERFC: special.erfc,
    ops.ERFINV: special.erfinv,
    ops.EXPM1: anp.expm1,
    ops.FFT: lambda x, axes, inverse, norm: (anp.fft.ifftn if inverse else anp.fft.fftn)(x, None, axes, norm),
    ops.GAMMA: special.gamma,
    ops.GAMMAINC: special.gammainc,
    ops.GAMMAINCC: special.gammaincc,
    ops.GAMMALN: special.gammaln,
    ops.GATHER: lambda x, indices: x[indices],
    ops.GETITEM: lambda x, index: x[index],
    ops.IMAG: anp.imag,
    ops.IRFFT: lambda x, axis, size, norm: anp.fft.irfft(x, size, axis, norm),
    ops.IV: _bessel(special.i0, special.i1, special.iv),
    ops.IVE: lambda x, n: special.ive(n, x),
    ops.LOGIT: special.logit,
    ops.LOGSUMEXP: lambda x, axis, keepdims: special.logsumexp(x, axis, keepdims=keepdims),
    ops.PINV: lambda x, rtol: anp.linalg.pinv(x),  # its derivative takes no tolerance
    ops.PROD: lambda x, axis, keepdims: anp.prod(x, axis, keepdims=keepdims),
    ops.REAL: anp.real,
    ops.RECIPROCAL: anp.reciprocal,
    ops.RELU: lambda x: anp.maximum(x, 0.0),
    ops.RFFT: lambda x, axis, norm: anp.fft.rfft(x, None, axis, norm),
    ops.SOLVE: lambda a, b: anp.linalg.solve(a, b[(None,) * (a.ndim - b.ndim)]),
    ops.STD: lambda x, axis, correction, keepdims: anp.std(x, axis, ddof=correction, keepdims=keepdims),
    ops.SUM: lambda x, axis, keepdims: anp.sum(x, axis, keepdims=keepdims),
    ops.VAR: lambda x, axis, correction, keepdims: anp.var(x, axis, ddof=correction, keepdims=keepdims),
    ops.VECTOR_NORM: _vector_norm,
}
COMPOSED = elementwise.COMPOSITE | reductions.COMPOSITE | fft.COMPOSITE | linalg.COMPOSITE
FUNCTIONS: dict[Op, Callable[..., Any]] = {
    **{op: getattr(xp, op.name) for op in DIRECT},
    **{op: partial(composite, xp) for op, composite in COMPOSED.items()},
    **OWN,
}
