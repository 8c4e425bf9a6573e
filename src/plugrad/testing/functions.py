"""One call of every public function, and what holds of it on a backend: what docs/functions.md is generated from.

A call is its own source text. The names in it stand for arrays, the same in all calls; what is floating among them is
differentiated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from ..backends.current import table, use_backend
from ..dtypes import INEXACT
from ..errors import PlugradError
from ..namespace import asarray
from ..ops import Op
from ..tensor import Tensor, switched
from ..tree import flatten
from .check_grads import check_grads
from .tolerances import error_in_eps

__all__ = ["CALLS", "Verdict", "calls", "probe"]

CALLS: dict[str, str] = {
    "Elementwise functions": """
        abs(x) acos(u) acosh(g) add(x,y) asin(u) asinh(x) atan(u) atan2(x,y) atanh(u) bitwise_and(n,k)
        bitwise_invert(n) bitwise_left_shift(k,k) bitwise_or(n,k) bitwise_right_shift(n,k) bitwise_xor(n,k) ceil(x)
        clip(x,-0.5,v) conj(x) copysign(x,y) cos(x) cosh(x) divide(x,y) equal(x,y) exp(x) expm1(x) floor(x)
        floor_divide(x,y) greater(x,y) greater_equal(x,y) hypot(x,y) imag(x) isfinite(x) isinf(x) isnan(x) less(x,y)
        less_equal(x,y) log(p) log10(p) log1p(p) log2(p) logaddexp(x,y) logical_and(t,t) logical_not(t)
        logical_or(t,t) logical_xor(t,t) maximum(x,y) minimum(x,y) multiply(x,y) negative(x) nextafter(x,y)
        not_equal(x,y) positive(x) pow(p,y) real(x) reciprocal(x) remainder(x,y) round(x) sign(x) signbit(x) sin(x)
        sinh(x) sqrt(p) square(x) subtract(x,y) tan(u) tanh(u) trunc(x)
    """,
    "Statistical functions": """
        cumulative_prod(x,axis=1) cumulative_sum(x,axis=0,include_initial=True) max(x,axis=1) mean(x,axis=0)
        min(x,axis=1) prod(x,axis=1) std(x,axis=1,correction=1) sum(x,axis=0) var(x,axis=1)
    """,
    "Linear algebra functions": """
        matmul(x,b) matrix_transpose(x) tensordot(x,y,axes=([0,1],[0,1])) vecdot(x,y) outer(v,w) einsum("ij,kj->ik",x,y)
    """,
    "Manipulation functions": """
        broadcast_arrays(x,v) broadcast_shapes((2,1),(3,)) broadcast_to(v,(2,3)) concat([x,y],axis=1)
        expand_dims(x,axis=1) flip(x,axis=0) moveaxis(x,0,1) pad(x,1) permute_dims(x,(1,0)) repeat(x,2,axis=1)
        reshape(x,(3,2)) roll(x,1,axis=1) squeeze(expand_dims(x,axis=0),axis=0) stack([x,y]) tile(x,(2,1)) unstack(x)
    """,
    "Indexing functions": """
        take(x,i,axis=1) take_along_axis(x,j,axis=1) at(m,i).add(v)
    """,
    "Searching functions": """
        argmax(x,axis=1) argmin(x) count_nonzero(x) nonzero(x) searchsorted(sort(v),x) where(t,x,y)
    """,
    "Set functions": """
        isin(n,k) unique_all(n) unique_counts(n) unique_inverse(n) unique_values(x)
    """,
    "Sorting functions": """
        argsort(x) sort(x,axis=1)
    """,
    "Utility functions": """
        all(t,axis=1) any(t) diff(x)
    """,
    "Creation functions": """
        arange(3) asarray(x) empty((2,3)) empty_like(x) eye(3) from_dlpack(n) full((2,3),1.5) full_like(x,2.0)
        linspace(0.0,1.0,5) meshgrid(v,w) ones((2,3)) ones_like(x) tril(m) triu(m,k=1) zeros((2,3)) zeros_like(x)
    """,
    "Data type functions": """
        astype(x,float32) can_cast(float32,float64) finfo(float64) iinfo(int32) isdtype(int8,"integral")
        result_type(x,n)
    """,
    "Linear algebra extension": """
        linalg.cholesky(m@conj(m.mT)) linalg.cross(x,y) linalg.det(m) linalg.diagonal(m) linalg.eig(m).eigenvalues
        linalg.eigh(m+conj(m.mT)).eigenvalues linalg.eigvals(m) linalg.eigvalsh(m+conj(m.mT)) linalg.inv(m)
        linalg.matmul(x,b) linalg.matrix_norm(m) linalg.matrix_power(m,-2) linalg.matrix_rank(m)
        linalg.matrix_transpose(x) linalg.outer(v,w) linalg.pinv(x) linalg.qr(m).R linalg.slogdet(m).logabsdet
        linalg.solve(m,b) linalg.svd(x,full_matrices=False).S linalg.svdvals(x) linalg.tensordot(x,b,axes=1)
        linalg.trace(m) linalg.vecdot(x,y) linalg.vector_norm(x,ord=3)
    """,
    "Fourier transforms": """
        fft.fft(x) fft.ifft(x) fft.fftn(x) fft.ifftn(x) fft.rfft(x) fft.irfft(x) fft.rfftn(x) fft.irfftn(x)
        fft.hfft(x) fft.ihfft(x) fft.fftfreq(5) fft.rfftfreq(5) fft.fftshift(x) fft.ifftshift(x)
    """,
    "Special functions": """
        special.beta(p,g) special.betainc(p,g,q) special.betaincc(p,g,q) special.betaln(p,g) special.chdtr(v,p)
        special.chdtrc(v,p) special.digamma(p) special.entr(p) special.erf(x) special.erfc(x) special.erfcinv(q)
        special.erfcx(x) special.erfinv(u) special.exp2(x) special.exp10(x) special.expit(x) special.fdtr(g,p,q)
        special.fdtrc(g,p,q) special.gamma(p) special.gammainc(p,g) special.gammaincc(p,g) special.gammaln(p)
        special.gammasgn(p) special.i0(x) special.i0e(x) special.i1(x) special.i1e(x) special.kl_div(p,g)
        special.log_expit(x) special.log_ndtr(x) special.log_softmax(x) special.logit(q) special.logsumexp(x,axis=1)
        special.multigammaln(g,2) special.ndtr(x) special.ndtri(q) special.polygamma(1,p) special.psi(p)
        special.rel_entr(p,g) special.rgamma(p) special.sinc(x) special.softmax(x) special.spherical_jn(1,p)
        special.xlog1py(x,p) special.xlogy(x,p) special.zeta(g,p)
    """,
    "Activations": """
        nn.celu(x) nn.elu(x) nn.erf(x) nn.gelu(x) nn.glu(m[:,:2]) nn.hardshrink(x) nn.hardsigmoid(x) nn.hardswish(x)
        nn.hardtanh(x) nn.leaky_relu(x) nn.log_softmax(x) nn.logsigmoid(x) nn.logsumexp(x,axis=1) nn.mish(x)
        nn.relu(x) nn.relu6(x) nn.selu(x) nn.sigmoid(x) nn.silu(x) nn.softmax(x) nn.softplus(x) nn.softshrink(x)
        nn.softsign(x) nn.tanhshrink(x)
    """,
    "Losses": """
        nn.binary_cross_entropy(q,u**2) nn.binary_cross_entropy_with_logits(x,q) nn.cosine_similarity(x,y)
        nn.cross_entropy(x,i) nn.huber_loss(x,y) nn.kl_div(x,q) nn.l1_loss(x,y) nn.mse_loss(x,y) nn.nll_loss(x,i)
        nn.pairwise_distance(x,y) nn.smooth_l1_loss(x,y)
    """,
    "Layers": """
        nn.avg_pool1d(c1,2) nn.avg_pool2d(c2,2) nn.avg_pool3d(c3,2) nn.conv1d(c1,w1) nn.conv2d(c2,w2,padding="same")
        nn.conv3d(c3,w3) nn.conv_transpose1d(c1,w1) nn.conv_transpose2d(c2,w2,stride=2) nn.conv_transpose3d(c3,w3)
        nn.dropout(x,p=0.0) nn.embedding(i,m) nn.group_norm(c1,2) nn.instance_norm(c1) nn.layer_norm(x,(3,))
        nn.linear(x,m) nn.max_pool1d(c1,2) nn.max_pool2d(c2,2) nn.max_pool3d(c3,2) nn.normalize(x) nn.one_hot(i)
        nn.rms_norm(x,(3,)) nn.scaled_dot_product_attention(x,y,p)
    """,
}


def calls() -> Iterator[tuple[str, str]]:
    """(chapter, call) of every function."""
    for chapter, text in CALLS.items():
        for call in text.split():
            yield chapter, call


# ------------------------------------------------------------------------------------------------- what the names mean


@cache
def _values() -> dict[str, Any]:
    """The arrays: rectangular, never at a tie or at the end of a domain."""
    rng = np.random.default_rng(20251)
    m = rng.normal(size=(3, 3)) + 3 * np.eye(3)
    return {
        "x": rng.normal(size=(2, 3)),
        "y": rng.normal(size=(2, 3)),
        "p": rng.uniform(0.5, 2.0, (2, 3)),
        "q": rng.uniform(0.1, 0.9, (2, 3)),
        "u": rng.uniform(-0.8, 0.8, (2, 3)),
        "g": rng.uniform(1.5, 3.0, (2, 3)),
        "v": rng.uniform(0.1, 1.0, 3),
        "w": rng.normal(size=3),
        "m": m,
        "c1": rng.normal(size=(2, 2, 5)),
        "w1": rng.normal(size=(2, 2, 3)),
        "c2": rng.normal(size=(1, 2, 4, 5)),
        "w2": rng.normal(size=(2, 2, 2, 3)),
        "c3": rng.normal(size=(1, 2, 2, 3, 4)),
        "w3": rng.normal(size=(2, 2, 1, 2, 2)),
        "b": rng.normal(size=(3, 2)),
        "i": np.array([2, 0]),
        "j": np.array([[1, 0, 2], [2, 1, 0]]),
        "n": rng.integers(-5, 6, (2, 3)),
        "k": rng.integers(1, 6, (2, 3)),
        "t": np.array([[True, False, True], [False, False, True]]),
    }


def _complex(value: Any) -> Any:
    """A complex array for a real one."""
    return value + 0.3j * np.roll(value, 1, axis=-1) if value.dtype.kind == "f" else value


class _Names(dict[str, Any]):
    """The arrays of a call, and everything public."""

    def __missing__(self, name: str) -> Any:
        try:
            return getattr(import_module("plugrad"), name)
        except AttributeError:
            raise KeyError(name) from None


def _names_in(call: str) -> list[str]:
    return [name for name in _values() if re.search(rf"\b{name}\b(?!=)", call)]


def _function(call: str, compound: bool) -> tuple[Callable[..., Any], list[Tensor]]:
    """The call as a function of its inexact arrays, and these."""
    code = compile(call, call, "eval")
    values = {n: _complex(_values()[n]) if compound else _values()[n] for n in _names_in(call)}
    given = {n: asarray(v) for n, v in values.items()}
    moving = [n for n, x in given.items() if x.dtype in INEXACT]

    def f(*xs: Tensor) -> Any:
        return eval(code, {"__builtins__": {}}, _Names(given | dict(zip(moving, xs, strict=True))))

    return f, [given[n] for n in moving]


# ------------------------------------------------------------------------------------------------------------- verdicts


class Verdict(NamedTuple):
    """What holds of a call on a backend; None where there is nothing to hold.

    Attributes
    ----------
    call, backend : str
        Which.
    native : bool
        Whether every primitive that ran is a kernel of the backend's own.
    value : bool
        It runs, and gives what NumPy gives.
    reverse, forward, second : bool or None
        The derivative in each mode, and the derivatives of both in both, agree with central differences. None: the
        results have no derivative, or no operand has.
    compound : bool or None
        All of this for complex operands. None: it takes none.
    problem : str
        The first thing that does not hold, in words.
    """

    call: str
    backend: str
    native: bool
    value: bool
    reverse: bool | None
    forward: bool | None
    second: bool | None
    compound: bool | None
    problem: str


def probe(call: str, backend: str) -> Verdict:
    """Try one call on one backend.

    Examples
    --------
    >>> from plugrad.testing.functions import probe
    >>> probe("sinh(x)", "numpy").second
    True
    """
    problems: list[str] = []
    native, value, smooth = _value(call, backend, False, problems)
    reverse, forward, second = [
        _derivative(call, backend, order, problems) if value and smooth else None for order in _ORDERS
    ]
    compound = _compound(call, backend, problems) if value and _names_in(call) else None
    first = problems[0] if problems else ""
    return Verdict(call, backend, native, value, reverse, forward, second, compound, first)


_ORDERS: tuple[dict[str, Any], ...] = (
    {"order": 1, "modes": ("reverse",)},
    {"order": 1, "modes": ("forward",)},
    {"order": 2},
)


def _value(call: str, backend: str, compound: bool, problems: list[str]) -> tuple[bool, bool, bool]:
    """(all kernels its own, the value is NumPy's, there is a derivative)."""
    ran: set[Op] = set()

    def watch(op: Op, kernel: Any, raw: Any, params: Any) -> Any:
        ran.add(op)
        return kernel(*raw, **params)

    try:
        with use_backend(backend):
            f, xs = _function(call, compound)
            with switched(watch=watch):
                ys = _arrays(f(*xs))
            smooth = any(y.requires_grad for y in _arrays(f(*[asarray(x, copy=True).requires_grad_() for x in xs])))
        with use_backend("numpy"):
            f, xs = _function(call, compound)
            refs = _arrays(f(*xs))
    except Exception as error:
        problems.append(f"{type(error).__name__}: {error}")
        return False, False, False
    far = max((error_in_eps(y, ref) for y, ref in zip(ys, refs, strict=True)), default=0.0)
    unset = call.startswith("empty")  # whose values are nobody's
    if far > 1000 and not unset:
        problems.append(f"the value is {far:.3g} eps from NumPy's")
    return ran <= table(backend).native, far <= 1000 or unset, smooth


def _arrays(result: Any) -> list[Tensor]:
    return [y for y in flatten(result)[0] if type(y) is Tensor]


def _derivative(call: str, backend: str, how: dict[str, Any], problems: list[str], compound: bool = False) -> bool:
    try:
        with use_backend(backend):
            f, xs = _function(call, compound)
            check_grads(lambda *at: [y for y in _arrays(f(*at)) if y.dtype in INEXACT], *xs, bound=1000, **how)
    except Exception as error:
        problems.append(f"{type(error).__name__}: {error}")
        return False
    return True


def _compound(call: str, backend: str, problems: list[str]) -> bool | None:
    """None where complex operands are refused, or there is none."""
    try:
        for name in {backend, "numpy"}:  # what NumPy cannot tell is not compared
            with use_backend(name):
                f, xs = _function(call, True)
                f(*xs)
    except PlugradError:
        return None
    except Exception as error:
        problems.append(f"complex: {type(error).__name__}: {error}")
        return False
    if not xs:
        return None
    _, value, smooth = _value(call, backend, True, problems)
    return value and (not smooth or _derivative(call, backend, {"order": 2}, problems, True))
