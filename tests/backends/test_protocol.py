"""What backends share when they are handed what lies on the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.backends.protocol import host_data
from plugrad.errors import ConversionError, DTypeError, ValidationError


def test_integers_beyond_int64_are_exact() -> None:
    """NumPy makes floats of them where it is not told the dtype at once."""
    assert host_data([2**63 + 1, 1], pg.uint64).tolist() == [2**63 + 1, 1]


@pytest.mark.parametrize("given", [[1.0, 2.0], (1j,), 0.5, [[1]], True], ids=repr)
def test_python_data_takes_the_default_dtype(given: Any) -> None:
    pg.set_default_dtype(pg.float32)
    try:
        found = host_data(given, None)
    finally:
        pg.set_default_dtype(pg.float64)
    narrow = {"f": "float32", "c": "complex64"}
    its = np.asarray(given).dtype
    assert found.dtype == narrow.get(its.kind, its.name)
    np.testing.assert_array_equal(found, given)


def test_whose_memory_it_is() -> None:
    theirs, swapped = np.ones(2), np.ones(2, ">f8")
    assert host_data(theirs, None, copy=False) is theirs
    assert np.shares_memory(host_data(theirs, None), theirs)
    assert not np.shares_memory(host_data(theirs, None, copy=True), theirs)
    assert host_data(swapped, None).dtype == np.float64
    for given, dtype in ((swapped, None), (theirs, pg.float32), ([1.0], None)):
        with pytest.raises(ValidationError, match="copy=False: this cannot be done without a copy"):
            host_data(given, dtype, copy=False)


@pytest.mark.parametrize(
    "given, dtype, error, words",
    [
        ([[1], [1, 2]], None, ConversionError, "is no array of numbers"),
        ([1j], pg.float64, ConversionError, "is no array of numbers"),
        (["a"], None, DTypeError, r"list \['a'\] is no array of numbers or booleans; give these"),
        (np.asarray(["a"]), None, DTypeError, "NumPy's <U1 has no dtype of the array API standard"),
        (np.ones(1, np.float16), None, DTypeError, "NumPy's float16 has no dtype"),
        (np.asarray([1j]), pg.float64, DTypeError, r"do not fit into float64; take real\(x\)"),
    ],
    ids=repr,
)
def test_refused(given: Any, dtype: pg.DType | None, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        host_data(given, dtype)
