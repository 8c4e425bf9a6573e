"""Data types: casts, promotion, limits, kinds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.errors import DTypeError, ValidationError

from .helpers import COMPLEX, FLOATS, SIGNED, UNSIGNED, of, same

ALL = [pg.bool, *SIGNED, *UNSIGNED, *FLOATS, *COMPLEX]


@pytest.mark.parametrize("to", ALL, ids=str)
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_astype(backend: str, dtype: pg.DType, to: pg.DType) -> None:
    x, want = of([0, 1, 2], dtype)
    if dtype.kind == "c" and to.kind in "iuf":
        with pytest.raises(DTypeError, match=rf"complex values do not fit into {to.name}; take real\(x\)"):
            pg.astype(x, to)
    else:
        same(pg.astype(x, to), want.astype(to.name))


def test_astype_and_copies() -> None:
    x = pg.ones(2)
    assert pg.astype(x, pg.float64, copy=False) is x
    y = pg.astype(x, pg.float64)
    y[0] = 2.0
    assert x.tolist() == [1, 1]
    assert pg.astype(x, pg.float64, device=x.device, copy=False) is x


def test_astype_takes_names_and_raw_dtypes(backend: str) -> None:
    assert pg.astype(pg.ones(1), "float32").dtype is pg.float32  # type: ignore[arg-type]
    assert [pg.zeros(1, dtype=kind).dtype for kind in (bool, int, float, complex)] == [  # type: ignore[arg-type]
        pg.bool, pg.int64, pg.float64, pg.complex128
    ]  # fmt: skip
    with pytest.raises(DTypeError, match="is no dtype of the array API standard; use one of bool"):
        pg.astype(pg.ones(1), "float16")  # type: ignore[arg-type]


def test_the_gradient_of_a_cast_comes_back_in_the_dtype_it_left() -> None:
    x = pg.ones(2, dtype=pg.float32, requires_grad=True)
    pg.sum(pg.astype(x, pg.float64) * 2).backward()
    same(x.grad, np.full(2, 2, np.float32))


@pytest.mark.parametrize("a, b", list(itertools.product(ALL, ALL)), ids=str)
def test_result_type_is_numpys_but_for_integers_beside_floats(a: pg.DType, b: pg.DType) -> None:
    kinds = {a.kind, b.kind}
    if kinds == {"u", "i"} and pg.uint64 in (a, b):
        with pytest.raises(DTypeError, match="no dtype holds both"):
            pg.result_type(a, b)
    elif kinds & set("iu") and kinds & set("fc"):
        assert pg.result_type(a, b) is (a if a.kind in "fc" else b)
    else:
        assert pg.result_type(a, b).name == np.result_type(a.name, b.name).name


@pytest.mark.parametrize(
    "given, want",
    [
        ((pg.float32, 1.0), pg.float32),
        ((pg.int8, 1), pg.int8),
        ((pg.int8, 1.0), pg.float64),
        ((pg.float32, 1j), pg.complex64),
        ((pg.bool, 1), pg.int64),
        ((pg.bool, True), pg.bool),
        ((1, pg.float32, 2j, pg.int64), pg.complex64),
    ],
    ids=str,
)
def test_result_type_with_scalars(given: Any, want: pg.DType) -> None:
    assert pg.result_type(*given) is want
    arrays = [pg.ones(1, dtype=g) if isinstance(g, pg.DType) else g for g in given]
    assert pg.result_type(*arrays) is want


def test_result_type_of_scalars_alone() -> None:
    with pytest.raises(ValidationError, match="result_type: give at least one array or dtype"):
        pg.result_type(1, 2.0)
    with pytest.raises(DTypeError):
        pg.result_type("text")


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_can_cast(dtype: pg.DType) -> None:
    assert pg.can_cast(dtype, dtype)
    assert pg.can_cast(pg.ones(1, dtype=dtype), pg.complex128)
    assert pg.can_cast(pg.bool, dtype)
    assert pg.can_cast(dtype, pg.bool) is (dtype is pg.bool)


def test_can_cast_across() -> None:
    assert pg.can_cast(pg.uint8, pg.int16)
    assert not pg.can_cast(pg.uint8, pg.int8)
    assert not pg.can_cast(pg.uint64, pg.int64)
    assert not pg.can_cast(pg.complex64, pg.float64)


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX], ids=str)
def test_finfo(dtype: pg.DType) -> None:
    ours, theirs = pg.finfo(dtype), np.finfo(dtype.name)
    for name in ("eps", "max", "min", "smallest_normal", "bits"):
        assert getattr(ours, name) == getattr(theirs, name)
        assert type(getattr(ours, name)) is (int if name == "bits" else float)
    assert ours.dtype.name == theirs.dtype.name
    assert pg.finfo(pg.ones(1, dtype=dtype)) == ours


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED], ids=str)
def test_iinfo(dtype: pg.DType) -> None:
    ours, theirs = pg.iinfo(dtype), np.iinfo(dtype.name)
    assert (ours.bits, ours.max, ours.min, ours.dtype) == (theirs.bits, theirs.max, theirs.min, dtype)
    assert pg.iinfo(pg.ones(1, dtype=dtype)) == ours


def test_limits_of_the_wrong_kind() -> None:
    with pytest.raises(DTypeError, match="finfo: int64 is not floating; iinfo"):
        pg.finfo(pg.int64)
    with pytest.raises(DTypeError, match="iinfo: float64 is no integer dtype; finfo"):
        pg.iinfo(pg.float64)


KINDS = {
    "bool": [pg.bool],
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": [*SIGNED, *UNSIGNED],
    "real floating": FLOATS,
    "complex floating": COMPLEX,
    "numeric": [*SIGNED, *UNSIGNED, *FLOATS, *COMPLEX],
}


@pytest.mark.parametrize("kind", KINDS)
def test_isdtype(kind: str) -> None:
    assert [d for d in ALL if pg.isdtype(d, kind)] == list(KINDS[kind])


def test_isdtype_of_several() -> None:
    assert pg.isdtype(pg.int8, ("bool", pg.int8))
    assert not pg.isdtype(pg.int8, ("bool", pg.int16))
    with pytest.raises(ValidationError, match="isdtype: 'float' is no kind of dtypes; use one of 'bool'"):
        pg.isdtype(pg.int8, "float")
