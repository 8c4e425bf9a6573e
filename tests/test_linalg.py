"""plugrad.linalg against numpy.linalg and the decompositions' own equations; its derivatives against torch."""

from __future__ import annotations

import doctest
import inspect
import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

import plugrad as pg
from plugrad.errors import AxisError, LinearAlgebraError, ShapeError, ValidationError
from plugrad.testing import check_grads, error_in_eps

SIGNATURES = {  # of the standard's edition 2025.12
    **dict.fromkeys(("det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "slogdet", "svdvals"), "x, /"),
    "cholesky": "x, /, *, upper=False",
    "cross": "x1, x2, /, *, axis=-1",
    "diagonal": "x, /, *, offset=0",
    "matmul": "x1, x2, /",
    "matrix_norm": "x, /, *, keepdims=False, ord='fro'",
    "matrix_power": "x, n, /",
    "matrix_rank": "x, /, *, rtol=None",
    "matrix_transpose": "x, /",
    "outer": "x1, x2, /",
    "pinv": "x, /, *, rtol=None",
    "qr": "x, /, *, mode='reduced'",
    "solve": "x1, x2, /",
    "svd": "x, /, *, full_matrices=True",
    "tensordot": "x1, x2, /, *, axes=2",
    "trace": "x, /, *, offset=0, dtype=None",
    "vecdot": "x1, x2, /, *, axis=-1",
    "vector_norm": "x, /, *, axis=None, keepdims=False, ord=2",
}
RNG = np.random.default_rng(3)
KINDS = ("float32", "float64", "complex64", "complex128")
STACKS = ((), (2,), (2, 1), (0,))
INF, NAN = math.inf, math.nan


def random(shape: tuple[int, ...], kind: str = "float64") -> Any:
    x = RNG.normal(size=shape)
    return np.asarray(x + 1j * RNG.normal(size=shape) if kind.startswith("complex") else x, kind)


def adjoint(x: Any) -> Any:
    return np.conj(x).mT


def definite(shape: tuple[int, ...], kind: str = "float64") -> Any:
    x = random(shape, kind)
    return x @ adjoint(x) + np.eye(shape[-1], dtype=kind)


def same(ours: Any, want: Any, eps: float = 64) -> None:
    """Shape, dtype, and values within some eps of the largest."""
    got, want = ours.detach().numpy(), np.asarray(want)
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    assert error_in_eps(got, want) <= eps


def torchs(x: Any) -> Any:
    return torch.as_tensor(np.array(x))


# --------------------------------------------------------------------------------------------------------------- module


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_is_the_standards(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def f({SIGNATURES[name]}): pass", scope)
    want, got = (inspect.signature(f).parameters.values() for f in (scope["f"], getattr(pg.linalg, name)))
    assert [(p.name, p.kind, p.default) for p in got] == [(p.name, p.kind, p.default) for p in want]


OWN = [name for name in SIGNATURES if getattr(pg.linalg, name) is not getattr(pg, name, None)]


@pytest.mark.parametrize("name", OWN)
def test_docstring_says_it_all_and_its_example_runs(name: str) -> None:
    doc = inspect.getdoc(getattr(pg.linalg, name)) or ""
    sections = ("Parameters\n---", "Returns\n---", "Raises\n---", f"pg.linalg.{name}(")
    assert [s for s in sections if s not in doc] == []
    said: list[str] = []
    example = doctest.DocTestParser().get_doctest(doc, {}, name, None, None)
    doctest.DocTestRunner().run(example, out=said.append)
    assert "".join(said) == ""


def test_all_is_offered() -> None:
    assert set(pg.linalg.__all__) == set(SIGNATURES)


def test_loaded_when_asked_for() -> None:
    code = "import sys, plugrad; assert 'plugrad.linalg' not in sys.modules; plugrad.linalg.det([[1.0]])"
    for program in (code, "import plugrad.linalg; plugrad.linalg.det([[1.0]])"):
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_in_the_namespace_of_a_tensor(backend: str) -> None:
    x = pg.asarray([[2.0, 0.0], [0.0, 4.0]])
    with pg.use_backend("numpy"):
        linalg = x.__array_namespace__().linalg
        assert linalg.det is pg.linalg.det
        assert linalg.matrix_power(x, 0).backend == linalg.pinv(x, rtol=0.1).backend == backend


# ------------------------------------------------------------------------------------------------------ values: NumPy's

SQUARE = ("det", "inv", "slogdet")
stacks, sizes, kinds = st.sampled_from(STACKS), st.integers(0, 4), st.sampled_from(KINDS)


@given(stack=stacks, n=sizes, kind=kinds)
@pytest.mark.parametrize("name", SQUARE)
def test_of_square_matrices(backend: str, name: str, stack: Any, n: int, kind: str) -> None:
    x = definite((*stack, n, n), kind) + 0.1
    ours, want = getattr(pg.linalg, name)(pg.asarray(x)), getattr(np.linalg, name)(x)
    if name != "slogdet":
        ours, want = (ours,), (want,)
    for a, b in zip(ours, want, strict=True):
        same(a, b, 1000)


@given(stack=stacks, n=sizes, kind=kinds, upper=st.booleans())
def test_cholesky(backend: str, stack: Any, n: int, kind: str, upper: bool) -> None:
    """x = L L^H, and with `upper` U^H U; the other triangle is not read."""
    x = definite((*stack, n, n), kind)
    read = np.triu(x) if upper else np.tril(x)
    same(pg.linalg.cholesky(pg.asarray(read), upper=upper), np.linalg.cholesky(x, upper=upper))


@given(stack=stacks, m=sizes, n=sizes, kind=kinds, mode=st.sampled_from(("reduced", "complete")))
def test_qr(backend: str, stack: Any, m: int, n: int, kind: str, mode: Any) -> None:
    x, k = random((*stack, m, n), kind), m if mode == "complete" else min(m, n)
    q, r = pg.linalg.qr(pg.asarray(x), mode=mode)
    assert (q.shape, r.shape) == ((*stack, m, k), (*stack, k, n))
    same(q @ r, x)
    same(pg.conj(q.mT) @ q, np.broadcast_to(np.eye(k, dtype=kind), (*stack, k, k)))
    same(pg.tril(r, k=-1), np.zeros((*stack, k, n), kind))
    assert not pg.any(pg.imag(pg.linalg.diagonal(r)) != 0)


@given(stack=stacks, m=sizes, n=sizes, kind=kinds, full=st.booleans())
def test_svd(backend: str, stack: Any, m: int, n: int, kind: str, full: bool) -> None:
    x, k = random((*stack, m, n), kind), min(m, n)
    u, s, vh = pg.linalg.svd(pg.asarray(x), full_matrices=full)
    assert (u.shape, vh.shape) == ((*stack, m, m if full else k), (*stack, n if full else k, n))
    same(s, np.linalg.svd(x, compute_uv=False))
    same(pg.linalg.svdvals(pg.asarray(x)), s.numpy())
    same((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], x)
    for v in (u, pg.conj(vh.mT)):
        columns = v.shape[-1]
        same(pg.conj(v.mT) @ v, np.broadcast_to(np.eye(columns, dtype=kind), (*stack, columns, columns)))


@given(stack=stacks, n=sizes, kind=kinds)
def test_eigh(backend: str, stack: Any, n: int, kind: str) -> None:
    x = random((*stack, n, n), kind)
    x = x + adjoint(x)
    for read in (x, np.tril(x)):
        w, v = pg.linalg.eigh(pg.asarray(read))
        same(w, np.linalg.eigvalsh(x))
        same(pg.linalg.eigvalsh(pg.asarray(read)), w.numpy())
        same((v * w[..., None, :]) @ pg.conj(v.mT), x)


@given(stack=stacks, n=sizes, kind=kinds)
def test_eig(backend: str, stack: Any, n: int, kind: str) -> None:
    """Complex, also of real matrices."""
    x = random((*stack, n, n), kind)
    w, v = pg.linalg.eig(pg.asarray(x))
    compound = np.result_type(x.dtype, np.complex64)
    same(v * w[..., None, :], x @ v.numpy(), 256)
    same(pg.linalg.vector_norm(v, axis=-2), np.ones((*stack, n), x.real.dtype))
    same(pg.linalg.eigvals(pg.asarray(x)), w.numpy())
    assert w.numpy().dtype == compound


def test_real_eigenvalues_are_complex_numbers_too(backend: str) -> None:
    w, v = pg.linalg.eig(pg.asarray([[1.0, 0.0], [0.0, 2.0]], dtype=pg.float32))
    assert (w.dtype, v.dtype) == (pg.complex64, pg.complex64)
    assert w.tolist() == [1, 2]


@given(stack=stacks, m=sizes, n=sizes, kind=kinds)
def test_pinv(backend: str, stack: Any, m: int, n: int, kind: str) -> None:
    """Penrose's four equations."""
    x = random((*stack, m, n), kind)
    p = pg.linalg.pinv(pg.asarray(x)).numpy()
    condition = max([1.0, *np.linalg.cond(x).flat]) if x.size else 1.0
    for left, right in ((x @ p @ x, x), (p @ x @ p, p), (adjoint(x @ p), x @ p), (adjoint(p @ x), p @ x)):
        assert error_in_eps(left, right) <= 64 * condition


SYSTEMS = [
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((2, 3, 3), (3,)),
    ((2, 3, 3), (2, 3, 2)),
    ((2, 2, 2), (2, 2)),  # matrices, not a stack of vectors
    ((4, 1, 2, 2), (3, 2, 1)),
    ((2, 2), (3, 2, 1)),
    ((0, 0), (0,)),
    ((0, 0), (0, 3)),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("a, b", SYSTEMS, ids=str)
def test_solve(backend: str, a: Any, b: Any, kind: str) -> None:
    x1, x2 = definite(a, kind), random(b, kind)
    same(pg.linalg.solve(pg.asarray(x1), pg.asarray(x2)), np.linalg.solve(x1, x2), 256)


def test_solve_promotes(backend: str) -> None:
    a, b = definite((2, 2), "float32"), random((2,), "complex128")
    same(pg.linalg.solve(pg.asarray(a), pg.asarray(b)), np.linalg.solve(a.astype(complex), b), 256)
    same(pg.linalg.solve(pg.asarray([[2, 0], [0, 4]]), pg.asarray([1, 1])), [0.5, 0.25])


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), (2, 0), ()])
@pytest.mark.parametrize("ord", [2, 1, 0, 3, 2.5, 0.5, -1, -2, INF, -INF])
@pytest.mark.parametrize("kind", KINDS)
def test_vector_norm(backend: str, ord: Any, axis: Any, kind: str) -> None:
    x = random((2, 3, 4), kind)
    for keepdims in (False, True):
        want = np.linalg.vector_norm(x, axis=axis, ord=ord, keepdims=keepdims)
        same(pg.linalg.vector_norm(pg.asarray(x), axis=axis, ord=ord, keepdims=keepdims), want)


def test_vector_norm_of_nothing_and_of_numbers(backend: str) -> None:
    assert pg.linalg.vector_norm(pg.zeros(0)).item() == 0
    assert pg.linalg.vector_norm(pg.asarray(-3.0)).item() == 3
    same(pg.linalg.vector_norm(pg.asarray([3, 4])), 5.0)
    same(pg.linalg.vector_norm(pg.asarray([3, -4]), ord=np.int64(1)), 7.0)
    same(pg.linalg.vector_norm(pg.asarray([3, -4]), ord=np.float32(2)), 5.0)
    same(pg.linalg.vector_norm(pg.asarray([NAN, 0.0]), ord=0), 1.0)
    with pytest.raises(ShapeError, match="max"):
        pg.linalg.vector_norm(pg.zeros(0), ord=INF)


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, INF, -INF, None])
@pytest.mark.parametrize("kind", KINDS)
def test_matrix_norm(backend: str, ord: Any, kind: str) -> None:
    x = random((2, 3, 4), kind)
    for keepdims in (False, True):
        want = np.linalg.norm(x, ord, (-2, -1), keepdims)
        same(pg.linalg.matrix_norm(pg.asarray(x), ord=ord, keepdims=keepdims), want)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, -1, -2, -5])
def test_matrix_power(backend: str, n: int) -> None:
    for x in (definite((2, 3, 3)) / 4, definite((2, 2), "complex64")):
        same(pg.linalg.matrix_power(pg.asarray(x), n), np.linalg.matrix_power(x, n), 1000)
    whole = np.array([[1, 2], [3, 4]])
    want = np.linalg.matrix_power(whole.astype(float) if n < 0 else whole, n)
    same(pg.linalg.matrix_power(pg.asarray(whole), n), want, 1000)


def test_matrix_rank(backend: str) -> None:
    x = np.stack([np.diag([1.0, 1e-3, 0.0]), np.ones((3, 3)), np.zeros((3, 3))])
    assert pg.linalg.matrix_rank(pg.asarray(x)).tolist() == [2, 1, 0]
    assert pg.linalg.matrix_rank(pg.asarray(x), rtol=0.01).tolist() == [1, 1, 0]
    assert pg.linalg.matrix_rank(pg.asarray(x), rtol=pg.asarray([1e-5, 0.01, 1.0])).tolist() == [2, 1, 0]
    assert pg.linalg.matrix_rank(pg.asarray(x[0]), rtol=pg.asarray([1e-5, 0.01])).tolist() == [2, 1]
    assert pg.linalg.matrix_rank(pg.zeros((2, 0, 3))).tolist() == [0, 0]
    assert pg.linalg.matrix_rank(pg.asarray(x)).dtype is pg.int64


@pytest.mark.parametrize("dtype", [pg.float32, pg.complex128], ids=str)
def test_by_default_small_is_the_longer_side_times_eps(backend: str, dtype: pg.DType) -> None:
    x = pg.asarray(np.eye(2, 10) * [[1.0], [5 * pg.finfo(dtype).eps]], dtype=dtype)
    assert pg.linalg.matrix_rank(x).item() == pg.linalg.matrix_rank(x.mT).item() == 1
    assert pg.linalg.matrix_rank(x[:, :2]).item() == 2
    assert pg.linalg.pinv(x)[1, 1].item() == 0


def test_pinv_with_tolerances(backend: str) -> None:
    x = np.diag([1.0, 1e-3])
    for rtol in (0.01, np.float64(0.01), pg.asarray(0.01)):
        same(pg.linalg.pinv(pg.asarray(x), rtol=rtol), np.diag([1.0, 0.0]))
    two = pg.linalg.pinv(pg.asarray(x, dtype=pg.float32), rtol=pg.asarray([0.01, 1e-4]))
    same(two, np.array([np.diag([1.0, 0.0]), np.diag([1.0, 1e3])], "float32"))


@pytest.mark.parametrize("offset", [-5, -2, -1, 0, 1, 2, 3, 5])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (2, 3, 5), (0, 3), (3, 0), (1, 1)], ids=str)
def test_diagonal_and_trace(backend: str, shape: Any, offset: int) -> None:
    x = random(shape)
    same(pg.linalg.diagonal(pg.asarray(x), offset=offset), np.linalg.diagonal(x, offset=offset))
    same(pg.linalg.trace(pg.asarray(x), offset=offset), np.linalg.trace(x, offset=offset))


@pytest.mark.parametrize("kind", ["int8", "uint8", "int64", "float32", "complex64"])
def test_trace_widens_as_sum(backend: str, kind: str) -> None:
    x = pg.asarray([[100, 1], [1, 100]], dtype=getattr(pg, kind))
    assert pg.linalg.trace(x).dtype is pg.sum(x).dtype
    assert pg.linalg.trace(x).item() == 200
    assert pg.linalg.trace(x, dtype=pg.complex128).dtype is pg.complex128


@pytest.mark.parametrize("kind", ["int32", "float64", "complex64"])
@pytest.mark.parametrize(
    "a, b, axis", [((3,), (3,), -1), ((4, 3), (3,), -1), ((2, 1, 3), (5, 3), -1), ((3, 2), (2, 3, 1), -2)], ids=str
)
def test_cross(backend: str, a: Any, b: Any, axis: int, kind: str) -> None:
    x, y = (np.asarray(4 * random(s, kind.replace("int32", "float64")), kind) for s in (a, b))
    u, v = np.broadcast_arrays(x, y)
    same(pg.linalg.cross(pg.asarray(x), pg.asarray(y), axis=axis), np.linalg.cross(u, v, axis=axis))


def test_cross_along_an_axis_from_the_front(backend: str) -> None:
    x, y = random((3, 2)), random((3, 2))
    same(pg.linalg.cross(pg.asarray(x), pg.asarray(y), axis=0), np.linalg.cross(x, y, axis=0))


def test_products_are_those_of_the_main_namespace() -> None:
    for name in ("matmul", "matrix_transpose", "tensordot", "vecdot"):
        assert getattr(pg.linalg, name) is getattr(pg, name)
    assert pg.linalg.outer(pg.asarray([1, 2]), pg.asarray([3.0])).tolist() == [[3], [6]]


def test_results_have_names() -> None:
    x = pg.asarray([[2.0, 1.0], [1.0, 2.0]])
    for name, fields in {
        "eig": ("eigenvalues", "eigenvectors"),
        "eigh": ("eigenvalues", "eigenvectors"),
        "qr": ("Q", "R"),
        "slogdet": ("sign", "logabsdet"),
        "svd": ("U", "S", "Vh"),
    }.items():
        result = getattr(pg.linalg, name)(x)
        assert result._fields == fields
        assert type(pg.vmap(getattr(pg.linalg, name))(x[None])) is type(result)


@pytest.mark.parametrize("name", ["det", "inv", "eigh", "svdvals", "qr", "pinv", "matrix_norm", "cholesky"])
def test_integers_become_the_default_dtype(backend: str, name: str) -> None:
    out = getattr(pg.linalg, name)(pg.asarray([[2, 1], [1, 2]]))
    first = out[0] if isinstance(out, tuple) else out
    assert first.dtype is pg.float64


# ------------------------------------------------------------------------------------------------------------- refusals

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    **{
        name: (lambda name=name: getattr(pg.linalg, name)(pg.ones((2, 3))), ShapeError, rf"{name}: .*square.*\(2, 3\)")
        for name in ("cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "slogdet")
    },
    **{
        f"{name} of a vector": (
            lambda name=name: getattr(pg.linalg, name)(pg.ones(3)),
            ShapeError,
            rf"{name}: a matrix has at least two axes, got the shape \(3,\)",
        )
        for name in ("diagonal", "matrix_norm", "matrix_rank", "pinv", "qr", "svd", "svdvals", "trace", "inv")
    },
    "matrix_power": (lambda: pg.linalg.matrix_power(pg.ones((2, 3)), 2), ShapeError, "matrix_power: .*square"),
    **{
        f"the power {n}": (
            lambda n=n: pg.linalg.matrix_power(pg.ones((2, 2)), n),
            ValidationError,
            "matrix_power: the power is an integer, not",
        )
        for n in (0.5, (2, 2), ())
    },
    **{
        f"{name}, offset {k}": (
            lambda name=name, k=k: getattr(pg.linalg, name)(pg.ones((2, 2)), offset=k),
            ValidationError,
            "diagonal: offset is an integer, not",
        )
        for name in ("diagonal", "trace")
        for k in (0.5, (0, 1), ())
    },
    "cross of two": (lambda: pg.linalg.cross(pg.ones(2), pg.ones(2)), ShapeError, r"cross: .*\(2,\).*3 elements"),
    "cross of one": (lambda: pg.linalg.cross(pg.ones(3), pg.ones((3, 1))), ShapeError, "3 elements along axis -1"),
    "cross, no axis": (lambda: pg.linalg.cross(pg.ones(3), pg.ones(3), axis=-2), AxisError, "cross: there is no axis"),
    "solve, rows": (lambda: pg.linalg.solve(pg.ones((2, 2)), pg.ones(3)), ShapeError, r"solve: .*\(2, 2\) and \(3,\)"),
    "solve, a number": (lambda: pg.linalg.solve(pg.ones((2, 2)), pg.ones(())), ShapeError, r"solve: .*\(\) do not fit"),
    "solve, wide": (lambda: pg.linalg.solve(pg.ones((2, 3)), pg.ones(2)), ShapeError, "solve: .*square"),
    "solve, stacks": (
        lambda: pg.linalg.solve(pg.ones((2, 2, 2)) + pg.eye(2), pg.ones((3, 2, 2))),
        ShapeError,
        r"solve: .*\(2, 2, 2\) and \(3, 2, 2\)",
    ),
    "qr, mode": (lambda: pg.linalg.qr(pg.ones((2, 2)), mode="r"), ValidationError, "qr: mode='r'.*'complete'"),  # type: ignore[arg-type]
    "matrix_norm, ord": (lambda: pg.linalg.matrix_norm(pg.ones((2, 2)), ord=3), ValidationError, "ord=3.*'nuc'"),
    "matrix_norm, name": (
        lambda: pg.linalg.matrix_norm(pg.ones((2, 2)), ord="no"),  # type: ignore[arg-type]
        ValidationError,
        "ord='no'.*'fro'",
    ),
    "matrix_norm, a list": (
        lambda: pg.linalg.matrix_norm(pg.ones((2, 2)), ord=[2]),  # type: ignore[arg-type]
        ValidationError,
        r"ord=\[2\]",
    ),
    "vector_norm, ord": (
        lambda: pg.linalg.vector_norm(pg.ones(2), ord="fro"),  # type: ignore[arg-type]
        ValidationError,
        "vector_norm: ord must be a number.*'fro'",
    ),
    "vector_norm, nan": (lambda: pg.linalg.vector_norm(pg.ones(2), ord=NAN), ValidationError, "not nan"),
    "vector_norm, axis": (lambda: pg.linalg.vector_norm(pg.ones(2), axis=1), AxisError, "there is no axis 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(backend: str, name: str) -> None:
    f, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        f()


SINGULAR = np.stack([np.eye(2), np.ones((2, 2))])
UNSOLVABLE: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "inv": (pg.linalg.inv, np.ones((3, 3)), r"inv: the matrix, of shape \(3, 3\), is singular; pinv"),
    "inv, stack": (pg.linalg.inv, SINGULAR, r"inv: matrix \[1\] of the stack of shape \(2,\)"),
    "inv, deeper stack": (pg.linalg.inv, SINGULAR[:, None], r"inv: matrix \[1, 0\] of the stack of shape \(2, 1\)"),
    "solve": (lambda x: pg.linalg.solve(x, pg.ones(2)), SINGULAR[1], "solve: the matrix, .*is singular; pinv"),
    "solve, stack": (lambda x: pg.linalg.solve(x, pg.ones((1, 2, 5))), SINGULAR, r"solve: matrix \[1\]"),
    "cholesky": (pg.linalg.cholesky, -np.eye(2), "cholesky: the matrix, .*is not positive definite; add"),
    "cholesky, stack": (pg.linalg.cholesky, SINGULAR[::-1], r"cholesky: matrix \[0\] of the stack"),
    "matrix_power": (lambda x: pg.linalg.matrix_power(x, -2), np.ones((2, 2)), "inv: .*singular"),
    "svd": (pg.linalg.svd, np.full((2, 3), NAN), "svd: .*NaN and infinity"),
    "svdvals": (pg.linalg.svdvals, np.full((2, 2, 3), NAN), r"svdvals: matrix \[0\].*NaN and infinity"),
    "pinv": (pg.linalg.pinv, np.full((2, 3), NAN), "pinv: .*NaN and infinity"),
    "matrix_rank": (pg.linalg.matrix_rank, np.full((2, 3), NAN), "svdvals: .*NaN and infinity"),
    "eigh": (pg.linalg.eigh, np.full((3, 3), NAN), "eigh: .*NaN and infinity"),
    "eig": (pg.linalg.eig, np.full((2, 2), NAN), "eig: .*NaN and infinity"),
    "the gradient of slogdet": (
        lambda x: pg.grad(lambda x: pg.linalg.slogdet(x).logabsdet)(x),
        np.ones((2, 2)),
        "inv: .*singular",
    ),
    "the tangent of slogdet": (
        lambda x: pg.jvp(lambda x: pg.linalg.slogdet(x).logabsdet, (x,), (x,)),
        np.ones((2, 2)),
        "solve: .*singular",
    ),
}


@pytest.mark.parametrize("name", UNSOLVABLE)
def test_what_has_no_decomposition_is_one_error_on_every_backend(backend: str, name: str) -> None:
    f, x, words = UNSOLVABLE[name]
    with pytest.raises(LinearAlgebraError, match=words) as caught:
        f(pg.asarray(x))
    assert isinstance(caught.value, np.linalg.LinAlgError)
    assert caught.value.__cause__ is not None


def test_a_walk_raises_the_same_error(backend: str) -> None:
    x = pg.ones((2, 2), requires_grad=True)
    with pytest.raises(LinearAlgebraError, match=r"inv: .*singular"):
        pg.linalg.slogdet(x).logabsdet.backward()


# --------------------------------------------------------------------------------------------------------- derivatives
# The primitives are tested in tests/rules; here is what is made of them.

COMPOSED: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], tuple[int, ...]]] = {
    "cholesky, upper": (
        lambda x: pg.linalg.cholesky(x @ pg.conj(x.mT), upper=True),
        lambda x: torch.linalg.cholesky(x @ x.mH).mH,
        (2, 3, 3),
    ),
    "cross": (lambda x: pg.linalg.cross(x, x[::-1]), lambda x: torch.linalg.cross(x, x.flip(0)), (2, 3)),
    "diagonal": (lambda x: pg.linalg.diagonal(x, offset=1), lambda x: torch.diagonal(x, 1, -2, -1), (2, 3, 4)),
    "trace": (
        lambda x: pg.linalg.trace(x, offset=-1),
        lambda x: torch.diagonal(x, -1, -2, -1).sum(-1),
        (2, 3, 4),
    ),
    "eigvals": (
        lambda x: pg.sum(pg.exp(pg.linalg.eigvals(x)), axis=-1),
        lambda x: torch.exp(torch.linalg.eigvals(x)).sum(-1),
        (2, 3, 3),
    ),
    "matrix_power": (
        lambda x: pg.linalg.matrix_power(x, 5),
        lambda x: torch.linalg.matrix_power(x, 5),
        (2, 3, 3),
    ),
    "matrix_power, negative": (
        lambda x: pg.linalg.matrix_power(x, -3),
        lambda x: torch.linalg.matrix_power(x, -3),
        (3, 3),
    ),
    "pinv": (pg.linalg.pinv, torch.linalg.pinv, (2, 4, 3)),
    "outer": (lambda x: pg.linalg.outer(x[0], x[1]), lambda x: torch.outer(x[0], x[1]), (2, 3)),
    "qr, wide": (
        lambda x: pg.abs(pg.linalg.qr(x).R),
        lambda x: torch.linalg.qr(x).R.abs(),
        (2, 4),
    ),
    "solve, a vector": (
        lambda x: pg.linalg.solve(x[..., :3], x[0, ..., 3]),
        lambda x: torch.linalg.solve(x[..., :3], x[0, ..., 3]),
        (2, 3, 4),
    ),
    **{
        f"matrix_norm, {ord}": (
            lambda x, ord=ord: pg.linalg.matrix_norm(x, ord=ord),
            lambda x, ord=ord: torch.linalg.matrix_norm(x, ord),
            (2, 3, 4),
        )
        for ord in ("fro", "nuc", 1, -1, 2, -2, INF, -INF)
    },
    **{
        f"vector_norm, {ord}": (
            lambda x, ord=ord: pg.linalg.vector_norm(x, ord=ord, axis=1),
            lambda x, ord=ord: torch.linalg.vector_norm(x, ord, 1),
            (2, 3),
        )
        for ord in (2, 1, 2.5, 0.5, -1, INF, -INF)
    },
}


def inputs(shape: tuple[int, ...], kind: str = "float64") -> Any:
    return definite(shape, kind) if shape[-2:] == (3, 3) else random(shape, kind)


@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize("name", COMPOSED)
def test_gradients_of_what_is_composed_are_torchs(name: str, kind: str) -> None:
    ours, theirs, shape = COMPOSED[name]
    x = inputs(shape, kind)
    y, pull = pg.vjp(ours, pg.asarray(x))
    leaf = torchs(x).requires_grad_()
    its = theirs(leaf)
    same(y, its.detach().resolve_conj().numpy(), 256)
    u = random(y.shape, y.dtype.name)
    (g,) = torch.autograd.grad(its, leaf, torchs(u))
    same(pull(pg.asarray(u))[0], g.numpy(), 1000)


@pytest.mark.parametrize("name", COMPOSED)
def test_both_modes_of_what_is_composed(name: str) -> None:
    f, _, shape = COMPOSED[name]
    check_grads(f, pg.asarray(inputs(shape)), bound=1e4)


def test_the_zeroth_power_has_a_gradient_of_zeros() -> None:
    x = pg.asarray(random((2, 2)), requires_grad=True)
    pg.sum(pg.linalg.matrix_power(x, 0)).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0], [0, 0]]


def leibniz(x: Any) -> Any:
    """The determinant as the sum over permutations."""
    n = x.shape[0]
    total = 0.0
    for p in itertools.permutations(range(n)):
        sign = round(np.linalg.det(np.eye(n)[list(p)]))
        total = total + math.prod([x[i, p[i]] for i in range(n)], start=float(sign))
    return total


MODES: dict[str, Callable[[Any], Any]] = {
    "gradient": pg.grad,
    "jacobian, forward": lambda f: (
        lambda x: pg.vmap(lambda t: pg.jvp(f, (x,), (t,))[1])(pg.reshape(pg.eye(x.size), (x.size, *x.shape)))
    ),
    "hessian": pg.hessian,
    "reverse over reverse": lambda f: pg.jacobian(pg.grad(f)),
    "reverse over forward": lambda f: pg.grad(lambda x: pg.jvp(f, (x,), (pg.ones_like(x),))[1]),
    "forward over forward": lambda f: (
        lambda x: pg.jvp(lambda x: pg.jvp(f, (x,), (pg.ones_like(x),))[1], (x,), (pg.triu(pg.ones_like(x)),))[1]
    ),
    "third": lambda f: pg.jacobian(pg.hessian(f)),
}


@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n, rank", [(2, 0), (2, 1), (3, 1), (3, 2), (4, 2), (4, 3), (3, 3)])
def test_derivatives_of_det_are_exact_where_it_is_singular(n: int, rank: int, mode: str, kind: str) -> None:
    x = random((n, rank), kind) @ random((rank, n), kind)
    functions: list[Callable[[Any], Any]] = [pg.linalg.det, leibniz]
    if kind == "complex128":
        functions = [lambda x, f=f: pg.real(f(x)) for f in functions]
        x = x.real if mode == "jacobian, forward" else x
    ours, theirs = (MODES[mode](f)(pg.asarray(x)) for f in functions)
    assert error_in_eps(ours, theirs) <= 1000
    assert rank == 0 or mode == "third" or float(pg.max(pg.abs(theirs))) > 0 or n - rank > 1


@pytest.mark.parametrize("rank", [0, 1])
def test_two_derivatives_of_det_vanish_below(rank: int) -> None:
    x = pg.asarray(random((4, rank)) @ random((rank, 4)))
    for derivative in (pg.grad(pg.linalg.det), pg.hessian(pg.linalg.det)):
        assert float(pg.max(pg.abs(derivative(x)))) <= 1e-13


@pytest.mark.parametrize("scale", [1e-100, 1e-3, 1e80])
def test_det_of_any_size(scale: float) -> None:
    x = np.diag([scale, scale, 0.0])[[1, 0, 2]]
    same(pg.grad(pg.linalg.det)(pg.asarray(x)) / scale**2, np.diag([0.0, 0.0, -1.0]))


def test_det_where_singular_values_are_equal() -> None:
    """The vectors have no derivative there; they are held constant."""
    x = pg.asarray(np.eye(4)[[1, 0, 2, 3]] * 2.0)
    for derivative in (pg.grad, pg.hessian, MODES["third"]):
        assert error_in_eps(derivative(pg.linalg.det)(x), derivative(leibniz)(x)) <= 1000


def test_a_gradient_of_det_is_differentiated_after_it_was_compiled() -> None:
    x = pg.asarray(np.eye(3))
    once = pg.compile(pg.grad(pg.linalg.det))
    assert error_in_eps(pg.jacobian(once)(x), pg.hessian(leibniz)(x)) <= 16


@pytest.mark.parametrize("ord", [2, 3, 1.5, 0.5])
def test_second_derivatives_of_norms_vanish_at_zero(ord: float) -> None:
    x = pg.zeros(3)
    assert pg.hessian(lambda x: pg.linalg.vector_norm(x, ord=ord))(x).tolist() == [[0.0] * 3] * 3


def test_complete_qr_has_no_derivative_where_its_columns_are_free() -> None:
    x = pg.asarray(random((4, 2)), requires_grad=True)
    q, r = pg.linalg.qr(x, mode="complete")
    assert (q.shape, r.shape) == ((4, 4), (4, 2))
    with pytest.raises(LinearAlgebraError, match=r"qr: with mode='complete'.*use mode='reduced'"):
        pg.sum(r).backward()
    with pytest.raises(LinearAlgebraError, match="use mode='reduced'"):
        pg.jvp(lambda x: pg.linalg.qr(x, mode="complete")[0], (pg.ones((3, 2)),), (pg.ones((3, 2)),))
    square = pg.asarray(random((2, 2)), requires_grad=True)
    pg.sum(pg.linalg.qr(square, mode="complete").R).backward()
    assert square.grad is not None


def test_spaces_of_a_full_svd_are_differentiated() -> None:
    """torch gives what full_matrices adds no gradient; the projection on it has one, which the others' give, too."""

    def beyond(x: pg.Tensor) -> pg.Tensor:
        more = pg.linalg.svd(x).U[:, 2:]
        return more @ more.mT

    def less(x: pg.Tensor) -> pg.Tensor:
        u = pg.linalg.svd(x, full_matrices=False).U
        return pg.eye(4) - u @ u.mT

    x, u = pg.asarray(random((4, 2))), pg.asarray(random((4, 4)))
    for f in (beyond, less):
        check_grads(f, x, bound=1e4)
    ours, theirs = (pg.vjp(f, x)[1](u)[0] for f in (beyond, less))
    same(ours, theirs.numpy())


def test_vectors_of_a_square_matrix_have_derivatives_beside_a_singular_value_of_zero() -> None:
    """Nothing lies outside of them, so that nothing is divided by it."""

    def weighted(x: pg.Tensor) -> pg.Tensor:
        u = pg.linalg.svd(x).U
        return u * pg.asarray([1.0, 2.0, 3.0]) @ u.mT

    x = np.diag([3.0, 2.0, 0.0]) @ np.linalg.qr(random((3, 3)))[0]
    check_grads(weighted, pg.asarray(np.linalg.qr(random((3, 3)))[0] @ x), order=1, bound=1e4)


def test_vectors_at_equal_values_have_no_derivative_and_values_have() -> None:
    x = pg.asarray(np.eye(2))
    assert np.isnan(pg.grad(lambda x: pg.linalg.eigh(x).eigenvectors[0, 0])(x).numpy()).all()
    for values in (
        pg.linalg.eigvalsh,
        pg.linalg.svdvals,
        lambda x: pg.linalg.eigh(x)[0],
        lambda x: pg.linalg.svd(x)[1],
    ):
        assert pg.grad(lambda x, f=values: pg.sum(f(x)))(x).tolist() == [[1, 0], [0, 1]]


def test_one_of_several_results_alone() -> None:
    """An unused result has no cotangent."""
    x = random((3, 3))
    for f in (pg.linalg.eig, pg.linalg.eigh, pg.linalg.qr, pg.linalg.slogdet, pg.linalg.svd):
        for i in range(len(f(x))):
            check_grads(lambda x, f=f, i=i: pg.abs(f(x + x.mT)[i]), pg.asarray(x), bound=1e4)


def test_the_singular_values_of_complex_matrices_alone(backend: str) -> None:
    """Their cotangent is real, and multiplies complex vectors: torch multiplies no matrices of two dtypes."""
    x = pg.asarray(random((2, 4, 3), "complex128"))
    for full in (False, True):
        g = pg.grad(lambda x, full=full: pg.sum(pg.linalg.svd(x, full_matrices=full).S ** 2))(x)
        same(g, 2 * x.numpy(), 256)


def test_a_gradient_of_det_is_nan_where_its_value_is(backend: str) -> None:
    """As for matrices of two rows, and as every other derivative; the other matrices of a stack keep theirs."""
    x = definite((2, 3, 3))
    expected = pg.grad(lambda x: pg.sum(pg.linalg.det(x)))(pg.asarray(x)).numpy()[1]
    for what in (NAN, INF):
        x[0, 0, 1] = what
        g = pg.grad(lambda x: pg.sum(pg.linalg.det(x)))(pg.asarray(x)).numpy()
        assert np.isnan(g[0]).any()
        assert np.array_equal(g[1], expected)


def test_matrix_rank_has_no_derivative() -> None:
    x = pg.asarray(random((2, 2)), requires_grad=True)
    assert not pg.linalg.matrix_rank(x).requires_grad


# ------------------------------------------------------------------------------------------------- transforms, programs


@pytest.mark.parametrize("f", [pg.linalg.inv, pg.linalg.cholesky, lambda x: pg.linalg.solve(x, x + 1.0)])
def test_traced_though_ones_are_singular(backend: str, f: Any) -> None:
    x = pg.asarray(definite((2, 3, 3)))
    compiled = pg.compile(f)
    same(compiled(x), f(x).numpy())
    with pytest.raises(LinearAlgebraError):
        compiled(pg.asarray(-np.ones((2, 3, 3))))
    same(pg.compile(pg.vmap(pg.grad(lambda x: pg.sum(f(x)))))(x), pg.vmap(pg.grad(lambda x: pg.sum(f(x))))(x).numpy())


def test_a_matrix_that_the_program_knows(backend: str) -> None:
    a, b = definite((3, 3)), random((3,))
    known = pg.asarray(a)
    same(pg.compile(lambda b: pg.linalg.solve(known, b))(pg.asarray(b)), np.linalg.solve(a, b))


def test_each_sample_has_its_tolerance() -> None:
    x, rtol = random((3, 2, 2)), np.array([0.0, 0.5, 0.9])
    ours = pg.vmap(lambda x, rtol: pg.linalg.pinv(x, rtol=rtol))(pg.asarray(x), pg.asarray(rtol))
    same(ours, np.linalg.pinv(x, rtol=rtol))
