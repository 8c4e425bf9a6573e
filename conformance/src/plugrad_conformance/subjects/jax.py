"""JAX's own derivatives, in its 64-bit mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special

from plugrad import ops
from plugrad.backends.standard import COMPOSITE, DIRECT, whole_index
from plugrad.backends.standard.special import COMPOSITE as APPROXIMATED  # the derivative of an approximation is none
from plugrad.ops import Geometry, Op
from plugrad.testing.samples import Sample, invariants

from ..records import Arrays, Host, Unsupported
from ._operands import together

__all__ = ["FUNCTIONS", "Jax"]


class Jax:
    """JAX on the CPU. Its cotangents are conjugates of torch's, and are translated."""

    def __init__(self, name: str) -> None:
        self.name = name

    def versions(self) -> dict[str, str]:
        """JAX's."""
        return {"jax": jax.__version__}

    def array(self, x: Host) -> Any:
        """An array of its own dtype."""
        with jax.enable_x64(True):
            return jnp.asarray(x)

    def host(self, x: Any) -> Host:
        """Its values."""
        return np.asarray(x)

    def function(self, sample: Sample) -> Callable[..., Arrays]:
        """By its own function, or composed of ``jax.numpy``."""
        if sample.op not in FUNCTIONS:
            raise Unsupported(f"JAX has no {sample.op.name}")

        def f(*xs: Any) -> Arrays:
            with _doubles():
                given = [jnp.asarray(x) if isinstance(x, np.ndarray) else x for x in sample.operands]
                for i, x in zip(sample.moving, xs, strict=True):
                    given[i] = x
                y = FUNCTIONS[sample.op](*together(sample, given), **sample.params)
                return invariants(sample.op, tuple(y) if isinstance(y, tuple | list) else (y,))

        return f

    def vjp(self, f: Callable[..., Arrays], xs: Arrays, cts: Arrays) -> tuple[Arrays, Arrays]:
        """By `jax.vjp`, conjugated on the way in and out."""
        with _doubles():
            ys, pull = jax.vjp(f, *xs)
            return ys, tuple(map(jnp.conj, pull(tuple(map(jnp.conj, cts)))))

    def jvp(self, f: Callable[..., Arrays], xs: Arrays, ts: Arrays) -> tuple[Arrays, Arrays]:
        """By `jax.jvp`."""
        with _doubles():
            found: tuple[Arrays, Arrays] = jax.jvp(f, tuple(xs), tuple(ts))
            return found


@contextmanager
def _doubles() -> Iterator[None]:
    """In 64 bits, whatever the process has set; what JAX says that it does not have is Unsupported."""
    with jax.enable_x64(True):
        try:
            yield
        except NotImplementedError as error:
            raise Unsupported(f"JAX: {error}") from error


# ---------------------------------------------------------------------------------------------------- its own functions


def _places(x: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    """What an index along one axis stands for along all of them."""
    places = list(jnp.indices(indices.shape, sparse=True))
    places[axis] = indices
    return tuple(places)


def _conv(x: Any, w: Any, geometry: Geometry) -> Any:
    stride, padding, dilation, groups = geometry
    return jax.lax.conv_general_dilated(
        x, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups, precision="highest"
    )


def _conv_input(g: Any, w: Any, size: Any, geometry: Geometry) -> Any:
    x = jnp.zeros((g.shape[0], geometry.groups * w.shape[1], *size), g.dtype)
    return jax.vjp(lambda x: _conv(x, w, geometry), x)[1](g)[0]


def _conv_weight(x: Any, g: Any, kernel: Any, geometry: Geometry) -> Any:
    w = jnp.zeros((g.shape[1], x.shape[1] // geometry.groups, *kernel), g.dtype)
    return jax.vjp(lambda w: _conv(x, w, geometry), w)[1](g)[0]


def _fold(x: Any, size: Any, stride: Any, dilation: Any) -> Any:
    n = len(size)
    whole = jnp.zeros((*x.shape[: x.ndim - 2 * n], *size), x.dtype)
    windows = partial(COMPOSITE[ops.WINDOWS], jnp, kernel=x.shape[x.ndim - n :], stride=stride, dilation=dilation)
    return jax.vjp(windows, whole)[1](x)[0]


def _svd(x: Any, full_matrices: bool) -> Any:
    return tuple(jnp.linalg.svd(x, full_matrices))


OWN: dict[Op, Callable[..., Any]] = {
    ops.ADD_ALONG_AXIS: lambda x, value, indices, axis: x.at[_places(x, indices, axis)].add(value),
    ops.ANGLE: jnp.angle,
    ops.ASTYPE: lambda x, dtype: (x if dtype.kind == "c" else jnp.real(x)).astype(dtype.name),
    ops.BETAINC: special.betainc,
    ops.BETALN: special.betaln,
    ops.CHOLESKY: jnp.linalg.cholesky,
    ops.CONCAT: lambda *arrays, axis, sizes: jnp.concatenate(arrays, axis),
    ops.CONJ: jnp.conj,
    ops.CONV: _conv,
    ops.CONV_INPUT: _conv_input,
    ops.CONV_WEIGHT: _conv_weight,
    ops.CUMULATIVE_PROD: lambda x, axis: jnp.cumprod(x, axis),
    ops.CUMULATIVE_SUM: lambda x, axis: jnp.cumsum(x, axis),
    ops.DIGAMMA: special.digamma,
    ops.EINSUM: lambda a, b, subscripts: jnp.einsum(subscripts, a, b),
    ops.ENTR: special.entr,
    ops.ERF: special.erf,
    ops.ERFC: special.erfc,
    ops.ERFINV: special.erfinv,
    ops.EXPM1: jnp.expm1,
    ops.FOLD: _fold,
    ops.GAMMA: special.gamma,
    ops.GAMMAINC: special.gammainc,
    ops.GAMMAINCC: special.gammaincc,
    ops.GAMMALN: special.gammaln,
    ops.GATHER: lambda x, indices: x[indices],
    ops.GETITEM: lambda x, index: x[whole_index(index, x.shape)],
    ops.IMAG: jnp.imag,
    ops.LOGIT: special.logit,
    ops.LOG_NDTR: special.log_ndtr,
    ops.LOGSUMEXP: lambda x, axis, keepdims: special.logsumexp(x, axis, keepdims=keepdims),
    ops.LOG_SOFTMAX: lambda x, axis: jax.nn.log_softmax(x, axis),
    ops.NDTRI: special.ndtri,
    ops.PINV: lambda x, rtol: jnp.linalg.pinv(x, rtol=rtol[..., 0, 0]),
    ops.PUT: lambda x, value, index: x.at[whole_index(index, x.shape)].set(value),
    ops.REAL: jnp.real,
    ops.RECIPROCAL: jnp.reciprocal,
    ops.REL_ENTR: special.rel_entr,
    ops.RELU: jax.nn.relu,
    ops.SCATTER: lambda x, value, indices: x.at[indices].set(value),
    ops.SCATTER_ADD: lambda x, value, indices: x.at[indices].add(value),
    ops.SIGMOID: jax.nn.sigmoid,
    ops.SOFTMAX: lambda x, axis: jax.nn.softmax(x, axis),
    ops.SOLVE: lambda a, b: jnp.linalg.solve(a, b[(None,) * (a.ndim - b.ndim)]),
    ops.STD: lambda x, axis, correction, keepdims: jnp.std(x, axis, correction=correction, keepdims=keepdims),
    ops.SVD: _svd,
    ops.TAKE_ALONG_AXIS: lambda x, indices, axis: jnp.take_along_axis(x, indices, axis),
    ops.VAR: lambda x, axis, correction, keepdims: jnp.var(x, axis, correction=correction, keepdims=keepdims),
    ops.VECTOR_NORM: lambda x, axis, ord, keepdims: jnp.linalg.vector_norm(x, axis=axis, ord=ord, keepdims=keepdims),
    ops.XLOG1PY: special.xlog1py,
    ops.XLOGY: special.xlogy,
    ops.ZETA: special.zeta,
}
NONE = {*APPROXIMATED, ops.BINARY_CROSS_ENTROPY}  # composed of what JAX does not trace
FUNCTIONS: dict[Op, Callable[..., Any]] = {
    **{op: getattr(jnp, op.name) for op in DIRECT},
    **{op: partial(composite, jnp) for op, composite in COMPOSITE.items() if op not in NONE},
    **OWN,
}
