"""plugrad.fft against numpy.fft: values, dtypes, shapes, derivatives, refusals."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import plugrad as pg
from plugrad.errors import DTypeError, ShapeError, ValidationError
from plugrad.testing import check_grads, error_in_eps

ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fftn", "ifftn", "rfftn", "irfftn")
OF_REAL = ("rfft", "rfftn", "ihfft")
TO_REAL = ("irfft", "irfftn", "hfft")
NORMS = ("backward", "ortho", "forward")
RNG = np.random.default_rng(5)
Z = RNG.normal(size=(3, 4, 5)) + 1j * RNG.normal(size=(3, 4, 5))
SIGNATURES = {  # of the standard's edition 2025.12
    **dict.fromkeys(ONE, "x, /, *, n=None, axis=-1, norm='backward'"),
    **dict.fromkeys(SEVERAL, "x, /, *, s=None, axes=None, norm='backward'"),
    **dict.fromkeys(("fftfreq", "rfftfreq"), "n, /, *, d=1.0, dtype=None, device=None"),
    **dict.fromkeys(("fftshift", "ifftshift"), "x, /, *, axes=None"),
}


def same(ours: pg.Tensor, want: Any, eps: float = 16) -> None:
    """Shape, dtype, and values within some eps of the largest."""
    got, want = ours.detach().numpy(), np.asarray(want)
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    assert error_in_eps(got, want) <= eps


# --------------------------------------------------------------------------------------------------------------- module


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_and_docstring_are_the_standards(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def f({SIGNATURES[name]}): pass", scope)
    function = getattr(pg.fft, name)
    want, got = (inspect.signature(f).parameters for f in (scope["f"], function))
    assert [(p.name, p.kind, p.default) for p in got.values() if p.name != "backend"] == [
        (p.name, p.kind, p.default) for p in want.values()
    ]
    doc = inspect.getdoc(function) or ""
    assert [s for s in ("Parameters\n---", "Returns\n---", "Raises\n---", f"pg.fft.{name}(") if s not in doc] == []
    said: list[str] = []
    example = doctest.DocTestParser().get_doctest(doc, {}, name, None, None)
    doctest.DocTestRunner().run(example, out=said.append)
    assert "".join(said) == ""


def test_all_is_offered() -> None:
    assert set(pg.fft.__all__) == set(SIGNATURES)


def test_loaded_when_asked_for() -> None:
    """Neither it nor NumPy's own is loaded by `import plugrad`."""
    code = "import sys, plugrad; assert not {'plugrad.fft', 'numpy.fft'} & {*sys.modules}; plugrad.fft.fft([1.0])"
    for program in (code, "import plugrad.fft; plugrad.fft.fft([1.0])"):
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_in_the_namespace_of_a_tensor(backend: str) -> None:
    xp = pg.ones(2).__array_namespace__()
    with pg.use_backend("numpy"):
        assert xp.fft.fftfreq(4).backend == xp.fft.rfftfreq(4).backend == backend
        assert xp.fft.fftfreq(4, backend="numpy").backend == "numpy"
    assert xp.fft.fft is pg.fft.fft
    assert xp.fft is xp.fft
    with pytest.raises(AttributeError, match="no attribute 'ttf'"):
        xp.ttf


# --------------------------------------------------------------------------------------------------------------- values


def operand(name: str, shape: Any, single: bool = False) -> Any:
    z = RNG.normal(size=shape) + 1j * RNG.normal(size=shape)
    x = z.real if name in OF_REAL else z
    return x.astype(x.real.dtype.str.replace("8", "4") if x.dtype.kind == "f" else np.complex64) if single else x


@pytest.mark.parametrize("name", ONE)
@given(data=st.data(), single=st.booleans(), norm=st.sampled_from(NORMS), n=st.none() | st.integers(1, 9))
def test_along_one_axis(backend: str, name: str, data: st.DataObject, single: bool, norm: Any, n: int | None) -> None:
    shape = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    if name in TO_REAL and n is None:
        shape[axis] += 1  # of one point nothing would come out
    x = operand(name, shape, single)
    ours = getattr(pg.fft, name)(pg.asarray(x), n=n, axis=axis, norm=norm)
    same(ours, getattr(np.fft, name)(x, n=n, axis=axis, norm=norm))


@pytest.mark.parametrize("name", SEVERAL)
@given(data=st.data(), norm=st.sampled_from(NORMS))
def test_along_several_axes(backend: str, name: str, data: st.DataObject, norm: Any) -> None:
    shape = data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    axes = data.draw(st.none() | st.permutations(range(-len(shape), 0)).map(lambda p: p[: 1 + len(p) // 2]))
    sizes = st.lists(st.integers(1, 5), min_size=len(axes or shape), max_size=len(axes or shape))
    s = data.draw(st.none() | sizes)
    x = operand(name, shape)
    want = getattr(np.fft, name)(x, s=s, axes=range(len(shape)) if axes is None else axes, norm=norm)
    same(getattr(pg.fft, name)(pg.asarray(x), s=s, axes=axes, norm=norm), want)


@pytest.mark.parametrize("name", SEVERAL)
def test_sizes_that_are_not_said(backend: str, name: str) -> None:
    """-1 stands for all; sizes without axes are of the last ones."""
    x = Z.real if name in OF_REAL else Z
    ours, want = getattr(pg.fft, name), getattr(np.fft, name)
    same(ours(pg.asarray(x), s=(-1, 3), axes=(0, 2)), want(x, s=(3, 3), axes=(0, 2)))
    whole = 8 if name in TO_REAL else 5
    same(ours(pg.asarray(x), s=(3, -1), axes=(0, 2)), want(x, s=(3, whole), axes=(0, 2)))
    same(ours(pg.asarray(x), s=[2, 6]), want(x, s=(2, 6), axes=(1, 2)))


def test_no_axis_is_no_transform(backend: str) -> None:
    x = pg.asarray([1.0, 2.0])
    y = pg.fft.fftn(x, axes=())
    same(y, np.asarray([1.0, 2.0]) + 0j)
    z = pg.fft.ifftn(y, axes=())
    z[0] = 7.0
    assert y[0] == 1
    same(pg.fft.fftn(pg.asarray(2.0)), np.asarray(2 + 0j))


@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_no_rows(backend: str, name: str) -> None:
    x = np.zeros((0, 3), float if name in OF_REAL else complex)
    which = {"axes": (1,)} if name in SEVERAL else {}
    same(getattr(pg.fft, name)(pg.asarray(x), **which), getattr(np.fft, name)(x, **which))


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("dtype", [pg.bool, pg.int8, pg.uint32, pg.int64], ids=str)
def test_integers_become_the_default_dtype(backend: str, name: str, dtype: pg.DType) -> None:
    x = pg.asarray([1, 0, 1], dtype=dtype)
    same(getattr(pg.fft, name)(x), getattr(np.fft, name)([1.0, 0.0, 1.0]))
    pg.set_default_dtype(pg.float32)
    try:
        assert getattr(pg.fft, name)(x).dtype is (pg.float32 if name in TO_REAL else pg.complex64)
    finally:
        pg.set_default_dtype(pg.float64)


@pytest.mark.parametrize("name", ["fft", "ifft", "irfft", "hfft", "fftn", "irfftn"])
def test_real_numbers_become_complex_of_their_precision(backend: str, name: str) -> None:
    for dtype in (np.float32, np.float64):
        x = Z.real.astype(dtype)
        same(getattr(pg.fft, name)(pg.asarray(x)), getattr(np.fft, name)(x))


def test_imaginary_parts_of_the_ends_do_not_count(backend: str) -> None:
    for n in (4, 5):
        z = np.asarray([1 + 2j, 3 + 4j, 5 + 6j])
        real = z - 1j * z.imag * [1, 0, n == 4]
        same(pg.fft.irfft(pg.asarray(z), n=n), np.fft.irfft(real, n=n))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies(backend: str, name: str, n: int) -> None:
    for d in (1.0, 0.1, -2):
        same(getattr(pg.fft, name)(n, d=d), getattr(np.fft, name)(n, d), 2)
    found = getattr(pg.fft, name)(n, dtype=pg.float32)
    assert (found.dtype, found.backend) == (pg.float32, backend)


@pytest.mark.parametrize("axes", [None, 0, -1, (1, 2), [0]], ids=str)
@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(backend: str, name: str, axes: Any) -> None:
    for x in (Z, np.arange(60).reshape(3, 4, 5)):
        same(getattr(pg.fft, name)(pg.asarray(x), axes=axes), getattr(np.fft, name)(x, axes=axes))
    same(pg.fft.ifftshift(pg.fft.fftshift(pg.asarray(Z))), Z)


# ---------------------------------------------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("n, norm", [(None, "backward"), (2, "ortho"), (3, "forward"), (7, "ortho"), (8, "forward")])
@pytest.mark.parametrize("name", ONE)
def test_derivatives(backend: str, name: str, n: int | None, norm: Any) -> None:
    """Cut off and filled up, of an even and of an odd length, both modes, first and second order."""
    x = pg.asarray(operand(name, (2, 5)))
    check_grads(lambda x: getattr(pg.fft, name)(x, n=n, norm=norm) ** 2, x)


@pytest.mark.parametrize("name", SEVERAL)
def test_derivatives_over_several_axes(backend: str, name: str) -> None:
    x = pg.asarray(operand(name, (2, 3, 4)))
    check_grads(lambda x: getattr(pg.fft, name)(x, s=(3, 3), axes=(2, 0)) ** 2, x)


def test_a_real_operand_has_a_real_gradient(backend: str) -> None:
    x = pg.asarray(Z.real[0], requires_grad=True)
    pg.sum(pg.abs(pg.fft.fft(x)) ** 2).backward()
    assert x.grad is not None
    same(x.grad, 2 * 5 * Z.real[0])  # Parseval


def test_under_transforms(backend: str) -> None:
    x = pg.asarray(Z)
    same(pg.vmap(lambda x: pg.fft.fftn(x, s=(3, 6)))(x), np.fft.fftn(Z, s=(3, 6), axes=(1, 2)))
    same(pg.compile(lambda x: pg.fft.ihfft(pg.fft.hfft(x)))(x), np.fft.ihfft(np.fft.hfft(Z)))
    per_row = pg.vmap(pg.grad(lambda r: pg.sum(pg.abs(pg.fft.rfft(r)) ** 2)))(pg.real(x)[0])
    k = np.fft.rfft(Z.real[0])
    same(per_row, 5 * np.fft.irfft(k * np.array([2, 1, 1]), 5), 64)


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", ONE)
def test_refusals_along_one_axis(backend: str, name: str) -> None:
    transform, x = getattr(pg.fft, name), pg.ones((2, 3))
    with pytest.raises(ShapeError, match=f"{name}: there is no axis 2; axes go from -2 to 1"):
        transform(x, axis=2)
    with pytest.raises(ShapeError, match=f"{name}: there is no axis -1; a 0-d tensor has no axes"):
        transform(pg.asarray(1.0))
    for n in (0, -1, (2, 3)):
        with pytest.raises(ShapeError, match=rf"{name}: n=.*; there must be a number of points, at least 1"):
            transform(x, n=n)
    with pytest.raises(ShapeError, match=f"{name}: a transform has at least one point along each axis, not "):
        transform(pg.ones((2, 1 if name in TO_REAL else 0)))
    with pytest.raises(ValidationError, match=f"{name}: norm is 'backward', 'ortho' or 'forward', not 'both'"):
        transform(x, norm="both")
    with pytest.raises(ValidationError, match=rf"{name}: norm is .*, not \['ortho'\]"):
        transform(x, norm=["ortho"])


@pytest.mark.parametrize("name", SEVERAL)
def test_refusals_along_several_axes(backend: str, name: str) -> None:
    transform, x = getattr(pg.fft, name), pg.ones((2, 3))
    with pytest.raises(ShapeError, match=rf"{name}: \(1, -1\) names an axis twice"):
        transform(x, axes=(1, -1))
    with pytest.raises(ShapeError, match=rf"{name}: 1 sizes s=\(3,\) for the 2 axes \(0, 1\); give one for each"):
        transform(x, s=(3,), axes=(0, 1))
    with pytest.raises(ShapeError, match=f"{name}: a transform has at least one point along each axis"):
        transform(x, s=(0, 2))
    with pytest.raises(ShapeError, match=f"{name}: there is no axis -3"):
        transform(x, s=(2, 2, 2))
    if name not in ("fftn", "ifftn"):
        with pytest.raises(ShapeError, match=f"{name}: there is no axis to transform along"):
            transform(x, axes=())


@pytest.mark.parametrize("name", OF_REAL)
def test_no_complex_numbers_where_real_ones_are_meant(backend: str, name: str) -> None:
    with pytest.raises(DTypeError, match=f"{name}: takes real numbers, got complex128; fft takes complex ones"):
        getattr(pg.fft, name)(pg.asarray([1j]))


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_refusals_of_frequencies(backend: str, name: str) -> None:
    frequencies = getattr(pg.fft, name)
    with pytest.raises(ShapeError, match=f"{name}: n=0; there must be a number of points, at least 1"):
        frequencies(0)
    with pytest.raises(DTypeError, match=f"{name}: frequencies are real floating numbers, not int64"):
        frequencies(3, dtype=pg.int64)
    with pytest.raises(ValidationError, match=f"{name}: points at the distance d=0 have no frequencies"):
        frequencies(3, d=0)
    with pytest.raises(ValidationError, match=f"{name}: points at the distance d='a' have no frequencies"):
        frequencies(3, d="a")
