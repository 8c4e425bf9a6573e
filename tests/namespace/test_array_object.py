"""The array object of the standard: operators beside other classes, DLPack out and in, memory that is shared or not."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.errors import ConversionError, DeviceError, DTypeError, ExchangeError, ValidationError

from .helpers import names

ARITHMETIC = names("add sub mul truediv floordiv mod pow matmul and or xor lshift rshift")
COMPARISONS = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


def of(name: str) -> Any:
    return getattr(operator, f"{name}_" if name in ("and", "or") else name)


class Answering:
    """Knows nothing of arrays, and answers every operator by its name."""

    __hash__ = None  # type: ignore[assignment]  # it compares


for _name in [f"r{name}" for name in ARITHMETIC] + list(COMPARISONS):
    setattr(Answering, f"__{_name}__", lambda self, other, name=_name: (name, other))


# ----------------------------------------------------------------------------------------------------------- operators


@pytest.mark.parametrize("name", ARITHMETIC)
def test_a_class_of_its_own_answers_from_the_right(backend: str, name: str) -> None:
    x = y = pg.ones((2, 2))
    assert of(name)(x, Answering())[0] == f"r{name}"
    y = getattr(operator, f"i{name}")(y, Answering())
    assert y[0] == f"r{name}"


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_class_of_its_own_compares(backend: str, name: str) -> None:
    assert of(name)(pg.ones(2), Answering())[0] == COMPARISONS[name]


def test_what_is_no_array_is_not_equal() -> None:
    x = pg.ones(2)
    for other in (None, "text", object(), {}):
        assert (x == other) is False
        assert (x != other) is True
        with pytest.raises(TypeError):
            operator.lt(x, other)


@pytest.mark.parametrize("other", [None, "text", object()], ids=["None", "text", "object"])
def test_what_has_no_operator_of_its_own_is_an_error_that_speaks(other: Any) -> None:
    for apply in (lambda: pg.ones(2) + other, lambda: other - pg.ones(2)):
        with pytest.raises(TypeError):
            apply()


def test_other_numbers_are_not_guessed() -> None:
    with pytest.raises(TypeError):
        pg.ones(2) * Fraction(1, 2)


@pytest.mark.parametrize("other", [[1.0, 2.0], (1, 2), np.asarray([1.0, 2.0]), np.float32(2)], ids=repr)
def test_arrays_of_others_are_arrays_on_both_sides(backend: str, other: Any) -> None:
    x = pg.asarray([1.0, 4.0])
    if isinstance(other, np.ndarray) and backend != "numpy":
        other = pg.asarray(other)
    want = np.asarray(other, float)
    assert (x - other).tolist() == ([1, 4] - want).tolist()
    assert (other - x).tolist() == (want - [1, 4]).tolist()
    assert (x == other).tolist() == (want == [1, 4]).tolist()


# -------------------------------------------------------------------------------------------------------------- DLPack


def test_export_shares_memory_unless_a_copy_is_asked_for(backend: str) -> None:
    x = pg.asarray([1.0, 2.0], device="cpu" if backend == "strict" else None)
    theirs = np.from_dlpack(x)
    assert theirs.tolist() == [1, 2]
    assert np.shares_memory(theirs, np.from_dlpack(x))
    assert not np.shares_memory(theirs, np.from_dlpack(x, copy=True))
    assert x.__dlpack_device__() == (1, 0)


def test_what_was_handed_over_stays_as_it_was(backend: str) -> None:
    x = pg.asarray([1.0, 2.0], device="cpu" if backend == "strict" else None)
    theirs = np.from_dlpack(x)
    x[0] = 5.0
    assert theirs.tolist() == [1, 2]


@pytest.mark.parametrize(
    "options", [{"max_version": (1, 0)}, {"dl_device": (1, 0)}, {"copy": True}, {"stream": None, "copy": None}], ids=str
)
def test_export_takes_what_the_standard_gives(backend: str, options: Any) -> None:
    x = pg.ones(2, device="cpu" if backend == "strict" else None)
    assert "dltensor" in repr(x.__dlpack__(**options))


@pytest.mark.parametrize("options", [{"stream": 3}, {"dl_device": (2, 0)}], ids=str)
def test_export_that_is_not_possible(backend: str, options: Any) -> None:
    x = pg.ones(2, device="cpu" if backend == "strict" else None)
    with pytest.raises(BufferError, match=rf"__dlpack__: {backend} cannot hand the array over"):
        x.__dlpack__(**options)


@pytest.mark.parametrize("export", [pg.Tensor.__dlpack__, pg.Tensor.__dlpack_device__], ids=lambda f: f.__name__)
def test_export_loses_no_history(backend: str, export: Any) -> None:
    w = pg.ones(2, requires_grad=True)
    for x in (w, w * 2):
        with pytest.raises(ConversionError, match=r"requires grad.*x\.detach\(\)"):
            export(x)
    with pytest.raises(ConversionError, match="follows this value"):
        pg.jvp(lambda x: export(x), (pg.ones(2),), (pg.ones(2),))


def test_import_copies_as_told(backend: str) -> None:
    theirs = np.zeros(2)
    shared, own = pg.from_dlpack(theirs, copy=False), pg.from_dlpack(theirs, copy=True)
    theirs[0] = 1
    assert (shared.tolist(), own.tolist()) == ([1, 0], [0, 0])
    assert shared.device == own.device == pg.from_dlpack(theirs).device


def test_import_without_a_copy_where_there_must_be_one() -> None:
    pytest.importorskip("plugrad_torch")
    read_only = np.zeros(2)
    read_only.flags.writeable = False
    with pytest.raises(ValidationError, match="copy=False"):
        pg.from_dlpack(read_only, copy=False, backend="torch")


def test_import_of_a_dtype_that_the_standard_has_not(backend: str) -> None:
    with pytest.raises(TypeError, match="float16"):
        pg.from_dlpack(np.zeros(2, np.float16))


class Refusing:
    """An exporter that cannot."""

    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("not today")

    def __dlpack_device__(self) -> Any:
        return (1, 0)


def test_import_says_why_it_failed(backend: str) -> None:
    with pytest.raises(ExchangeError, match=r"from_dlpack: .*Refusing.*not today") as refused:
        pg.from_dlpack(Refusing())
    assert isinstance(refused.value, BufferError)
    with pytest.raises(AttributeError, match="list has no __dlpack__"):
        pg.from_dlpack([1])


def test_import_to_a_device_that_is_not_there(backend: str) -> None:
    with pytest.raises(DeviceError, match="nosuch"):
        pg.from_dlpack(np.ones(2), device="nosuch")


# ---------------------------------------------------------------------------------------------- copies and what is held


def test_a_reshape_with_a_copy_has_memory_of_its_own(backend: str) -> None:
    theirs = np.zeros(4)
    shared = pg.asarray(theirs, copy=False, device="cpu")
    views = [pg.reshape(shared, (2, 2), copy=True), pg.asarray(shared, copy=True), pg.astype(shared, pg.float64)]
    theirs[0] = 1
    assert shared.tolist() == [1, 0, 0, 0]
    assert [float(pg.max(view)) for view in views] == [0, 0, 0]


def test_a_reshape_without_a_copy_where_there_must_be_one(backend: str) -> None:
    x = pg.reshape(pg.arange(6), (2, 3))
    assert pg.reshape(x, (3, 2), copy=False).tolist() == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(ValidationError, match=r"reshape\(copy=False\): from \(3, 2\) to \(6,\)"):
        pg.reshape(x.mT, (6,), copy=False)


MAKERS = {
    "asarray of a number": lambda n, dtype: pg.asarray(n, dtype=dtype),
    "asarray of a list": lambda n, dtype: pg.asarray([[0, n]], dtype=dtype),
    "full": lambda n, dtype: pg.full((2, 2), n, dtype=dtype),
    "full_like": lambda n, dtype: pg.full_like(pg.ones(2, dtype=dtype), n),
    "arange": lambda n, dtype: pg.arange(n, n + 1, dtype=dtype),
    "assignment": lambda n, dtype: pg.zeros(2, dtype=dtype).__setitem__(0, n),
    "assignment by a mask": lambda n, dtype: pg.zeros(2, dtype=dtype).__setitem__(pg.asarray([True, False]), n),
    "add": lambda n, dtype: pg.ones(2, dtype=dtype) + n,
}


@pytest.mark.parametrize("number, dtype", [(128, pg.int8), (-129, pg.int8), (-1, pg.uint8), (256, pg.uint8)])
@pytest.mark.parametrize("make", MAKERS.values(), ids=list(MAKERS))
def test_a_number_that_an_integer_dtype_does_not_hold(backend: str, make: Any, number: int, dtype: pg.DType) -> None:
    """NumPy wraps some of these, torch others."""
    with pytest.raises(DTypeError, match=rf"{number} is no {dtype.name}"):
        make(number, dtype)


def test_integers_beyond_int64(backend: str) -> None:
    """NumPy makes floats of 1 beside 2**64 - 1, and objects of 2**70, before it is told the dtype."""
    largest = 2**64 - 1
    assert pg.asarray([1, largest], dtype=pg.uint64).tolist() == [1, largest]
    assert pg.asarray([], dtype=pg.uint64).shape == (0,)
    assert pg.asarray([2**70, True], dtype=pg.float64).tolist() == [2.0**70, 1]
    with pytest.raises(DTypeError, match=f"{2**64} is no uint64"):
        pg.asarray([1, 2**64], dtype=pg.uint64)


def test_nan_is_no_integer(backend: str) -> None:
    with pytest.raises(DTypeError, match="nan is no int64"):
        pg.asarray([1.0, pg.nan], dtype=pg.int64)


def test_a_zero_keeps_its_sign(backend: str) -> None:
    made = [pg.full(2, -0.0), pg.full_like(pg.ones(2), -0.0), pg.asarray([-0.0]), pg.asarray(-0.0)]
    assert all(bool(pg.all(pg.signbit(x))) for x in made)


@pytest.mark.parametrize("dtype", [pg.uint16, pg.uint32, pg.uint64], ids=str)
def test_wide_unsigned_integers_are_right_or_refused(backend: str, dtype: pg.DType) -> None:
    """torch has few kernels for them: what int64 does not hold, and counts by its order, is refused."""
    largest = pg.iinfo(dtype).max
    x = pg.asarray([1, largest], dtype=dtype)
    assert (x + 1).tolist() == [2, 0]
    assert (x * 2).tolist() == [2, largest - 1]
    assert (x & 5).tolist() == [1, 5]
    assert pg.sort(x, descending=True).tolist() == [largest, 1]
    ordered = [lambda: x > 3, lambda: pg.max(x), lambda: pg.clip(x, 2)]
    if backend == "torch" and dtype is pg.uint64:
        for ask in ordered:
            with pytest.raises(DTypeError, match="takes no uint64"):
                ask()
    else:
        assert [ask().tolist() for ask in ordered] == [[False, True], largest, [2, largest]]
