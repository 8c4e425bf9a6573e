"""Creation functions: values, dtypes, places, leaves, what `asarray` takes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import plugrad as pg
from plugrad.errors import (
    BackendNotFoundError,
    DeviceError,
    DTypeError,
    ExchangeError,
    PlugradError,
    ShapeError,
    TransformError,
    ValidationError,
)

from .helpers import COMPLEX, FLOATS, SIGNED, UNSIGNED, of, same

DTYPES = [pg.bool, *SIGNED, *UNSIGNED, *FLOATS, *COMPLEX]


@contextmanager
def default(dtype: pg.DType) -> Iterator[None]:
    """Another default dtype within a block."""
    before = pg.default_dtype()
    pg.set_default_dtype(dtype)
    try:
        yield
    finally:
        pg.set_default_dtype(before)


# --------------------------------------------------------------------------------------------------------- by a shape


@pytest.mark.parametrize("shape", [(), 3, (2, 3), [2, 3], (0, 2), (np.int64(2), 1)], ids=str)
@pytest.mark.parametrize("name", ["zeros", "ones"])
def test_by_shape(backend: str, name: str, shape: Any) -> None:
    same(getattr(pg, name)(shape), getattr(np, name)(shape))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", ["zeros", "ones", "empty"])
def test_by_shape_in_every_dtype(backend: str, name: str, dtype: pg.DType) -> None:
    out = getattr(pg, name)(2, dtype=dtype)
    assert (out.dtype, out.shape, out.backend) == (dtype, (2,), backend)
    if name != "empty":
        same(out, getattr(np, name)(2, dtype.name))


@pytest.mark.parametrize("name", ["zeros", "ones", "empty"])
def test_the_default_dtype_is_taken(backend: str, name: str) -> None:
    assert getattr(pg, name)(1).dtype is pg.float64
    with default(pg.float32):
        assert getattr(pg, name)(1).dtype is pg.float32


@pytest.mark.parametrize("shape", [-1, (2, -1)], ids=str)
@pytest.mark.parametrize("name", ["zeros", "ones", "empty"])
def test_sizes_are_not_negative(name: str, shape: Any) -> None:
    with pytest.raises(ShapeError, match=f"{name}: sizes are not negative"):
        getattr(pg, name)(shape)


@pytest.mark.parametrize("shape", [1.5, "2", (2, None), Ellipsis], ids=str)
def test_shapes_are_of_ints(shape: Any) -> None:
    with pytest.raises(ShapeError, match="zeros: a shape must be an int or a tuple of ints"):
        pg.zeros(shape)


@pytest.mark.parametrize("value", [True, 3, 0.5, 2j, np.float32(0.5)], ids=repr)
def test_full_takes_the_dtype_of_its_value(backend: str, value: Any) -> None:
    same(
        pg.full((2, 1), value),
        np.full(
            (2, 1),
            value,
            None
            if isinstance(value, complex)
            else np.asarray(value).dtype
            if not isinstance(value, np.generic)
            else float,
        ),
    )


def test_full_with_a_dtype(backend: str) -> None:
    same(pg.full(2, 1, dtype=pg.float32), np.full(2, 1, np.float32))
    with pytest.raises(DTypeError, match="full: the complex 1j does not fit float64"):
        pg.full(2, 1j, dtype=pg.float64)


def test_full_does_not_swallow_a_history(backend: str) -> None:
    value = pg.asarray(3.0, requires_grad=True)
    pg.sum(pg.full((2, 2), value) * pg.full_like(pg.ones(2), value)).backward()
    assert value.grad is not None
    assert value.grad.item() == 24.0  # of 4 v^2
    same(pg.full(2, np.asarray(1), dtype=pg.float32), np.full(2, 1, np.float32))
    assert pg.full(2, pg.ones(()), requires_grad=True).is_leaf
    with pytest.raises(DTypeError, match="full: Tensor is neither a Python scalar nor 0-d; broadcast_to"):
        pg.full(2, pg.ones(2))


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "full", "arange", "linspace", "eye"])
def test_leaves(name: str) -> None:
    arguments = {"full": (2, 1.0), "arange": (3.0,), "linspace": (0, 1, 3)}.get(name, (2,))
    out = getattr(pg, name)(*arguments, requires_grad=True)
    assert out.requires_grad
    assert out.is_leaf
    with pytest.raises(DTypeError):
        getattr(pg, name)(*arguments, dtype=pg.int64, requires_grad=True)


# --------------------------------------------------------------------------------------------------------- by a range


@pytest.mark.parametrize(
    "arguments", [(5,), (2, 5), (5, 2), (5, 2, -1), (0, 1, 0.25), (3.0,), (1, 2, 0.3), (0,)], ids=str
)
def test_arange(backend: str, arguments: Any) -> None:
    same(pg.arange(*arguments), np.arange(*arguments))


@pytest.mark.parametrize("dtype", [pg.int8, pg.uint64, pg.float32], ids=str)
def test_arange_in_a_dtype(backend: str, dtype: pg.DType) -> None:
    same(pg.arange(4, dtype=dtype), np.arange(4, dtype=dtype.name))


@pytest.mark.parametrize("arguments", [(3j,), (0, 3j), (0, 3, 1j)], ids=str)
def test_arange_of_complex_numbers(arguments: Any) -> None:
    with pytest.raises(DTypeError, match="arange: complex numbers have no order; linspace takes"):
        pg.arange(*arguments)


def test_arange_by_zero() -> None:
    with pytest.raises(ValidationError, match="arange: a step of 0 leads nowhere"):
        pg.arange(0, 1, 0)


@given(start=st.integers(-20, 20), stop=st.integers(-20, 20), step=st.integers(-5, 5).filter(bool))
def test_arange_of_ints_is_range(start: int, stop: int, step: int) -> None:
    assert pg.arange(start, stop, step).tolist() == list(range(start, stop, step))


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("arguments", [(0, 1, 5), (1.0, -1.0, 4), (0, 3, 1), (0, 1, 0), (0, 1j, 3)], ids=str)
def test_linspace(backend: str, arguments: Any, endpoint: bool) -> None:
    same(pg.linspace(*arguments, endpoint=endpoint), np.linspace(*arguments, endpoint=endpoint))


def test_linspace_in_a_dtype(backend: str) -> None:
    same(pg.linspace(0, 1, 7, dtype=pg.float32), np.linspace(0, 1, 7).astype(np.float32))
    with default(pg.float32):
        assert pg.linspace(0, 1, 3).dtype is pg.float32
        assert pg.linspace(0, 1j, 0).dtype is pg.complex64


def test_linspace_of_fewer_than_none() -> None:
    with pytest.raises(ShapeError, match="linspace: sizes are not negative"):
        pg.linspace(0, 1, -1)


@pytest.mark.parametrize("k", [-2, -1, 0, 1, 3])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 2), (0,)], ids=str)
def test_eye(backend: str, shape: Any, k: int) -> None:
    same(pg.eye(*shape, k=k), np.eye(*shape, k=k))
    same(pg.eye(*shape, k=k, dtype=pg.complex64), np.eye(*shape, k=k, dtype=np.complex64))


# -------------------------------------------------------------------------------------------------------- like another


@pytest.mark.parametrize("dtype", [pg.bool, pg.int32, pg.float32, pg.complex64], ids=str)
@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like"])
def test_like(backend: str, name: str, dtype: pg.DType) -> None:
    out = getattr(pg, name)(pg.ones((2, 0, 3), dtype=dtype))
    assert (out.shape, out.dtype, out.backend) == ((2, 0, 3), dtype, backend)
    assert getattr(pg, name)(out, dtype=pg.float64).dtype is pg.float64


def test_full_like(backend: str) -> None:
    same(pg.full_like(pg.zeros(2, dtype=pg.float32), 3), np.full(2, 3, np.float32))
    same(pg.full_like(pg.zeros(2), 3, dtype=pg.int8), np.full(2, 3, np.int8))


@pytest.mark.parametrize("name", ["zeros_like", "ones_like"])
def test_like_a_recorded_or_lifted_tensor_is_a_constant(name: str) -> None:
    made = []

    def f(x: pg.Tensor) -> pg.Tensor:
        made.append(getattr(pg, name)(x))
        return pg.sum(x * made[-1])

    pg.grad(f)(pg.ones((3, 2)))
    pg.vmap(f)(pg.ones((3, 2)))
    assert [c.shape for c in made] == [(3, 2), (2,)]
    assert not any(c.requires_grad for c in made)
    same(getattr(pg, name)(made[1]), getattr(np, name[:-5])(2))
    assert not getattr(pg, name)(pg.ones(2, requires_grad=True)).requires_grad


# ------------------------------------------------------------------------------------------------------------- asarray


@pytest.mark.parametrize(
    "data, dtype",
    [
        (True, "bool"),
        (3, "int64"),
        (0.5, "float64"),
        (1j, "complex128"),
        ([True, 2], "int64"),
        ([1, 2.0], "float64"),
        ([1, 2j], "complex128"),
        ([[1, 2], [3, 4]], "int64"),
        (((1.0,), (2.0,)), "float64"),
        ([], "float64"),
        ([[], []], "float64"),
    ],
    ids=str,
)
def test_python_data(backend: str, data: Any, dtype: str) -> None:
    same(pg.asarray(data), np.asarray(data, dtype))


def test_python_data_takes_the_default_dtype(backend: str) -> None:
    with default(pg.float32):
        assert pg.asarray([0.5]).dtype is pg.float32
        assert pg.asarray([0.5j]).dtype is pg.complex64
        assert pg.asarray([1]).dtype is pg.int64
        assert pg.asarray(np.ones(1)).dtype is pg.float64


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_numpy_arrays_keep_their_dtype_and_go_where_new_arrays_go(backend: str, dtype: pg.DType) -> None:
    theirs = np.ones((2, 2), dtype.name)
    out = pg.asarray(theirs)
    assert out.backend == backend
    same(out, theirs)
    same(pg.asarray(theirs[0, 0]), theirs[0, 0])


def test_foreign_memory_is_copied_unless_told(backend: str) -> None:
    theirs = np.zeros(2)
    ours, shared = pg.asarray(theirs), pg.asarray(theirs, copy=False, device="cpu")
    theirs[0] = 1
    assert ours.tolist() == [0, 0]
    assert shared.tolist() == [1, 0]


def test_swapped_bytes_are_not_shared(backend: str) -> None:
    theirs = np.asarray([1.0, 2.0], ">f8")
    same(pg.asarray(theirs), np.asarray([1.0, 2.0]))
    with pytest.raises(ValidationError, match="copy=False: this cannot be done without a copy"):
        pg.asarray(theirs, copy=False, device="cpu")


@pytest.mark.parametrize("dtype", [pg.int8, pg.uint64, pg.float32], ids=str)
@pytest.mark.parametrize(
    "given",
    [1j, [1.0, 1j], np.asarray([1j], np.complex64), np.asarray(1j, ">c16"), np.zeros((0, 2), complex)],
    ids=repr,
)
def test_imaginary_parts_are_not_dropped(backend: str, given: Any, dtype: pg.DType) -> None:
    for obj in (given, pg.asarray(given), pg.asarray(given).data):
        with pytest.raises(DTypeError, match=f"complex values do not fit into {dtype.name}; take real"):
            pg.asarray(obj, dtype=dtype)
    assert pg.asarray(given, dtype=pg.bool).dtype is pg.bool  # as astype has it


def test_linspace_drops_no_imaginary_part(backend: str) -> None:
    with pytest.raises(DTypeError, match="complex values do not fit into float64"):
        pg.linspace(0, 1j, 3, dtype=pg.float64)


@pytest.mark.parametrize("dtype", [pg.bool, pg.int8, pg.float32, pg.complex128], ids=str)
def test_asarray_in_a_dtype(backend: str, dtype: pg.DType) -> None:
    same(pg.asarray([0, 1, 2], dtype=dtype), np.asarray([0, 1, 2], dtype.name))
    same(pg.asarray(np.asarray([0, 1]), dtype=dtype), np.asarray([0, 1], dtype.name))


class Speaks:
    """An array of a library that no backend knows."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


@pytest.mark.parametrize("dtype", [pg.int8, pg.float32, pg.complex64], ids=str)
def test_arrays_of_other_libraries_keep_their_dtype(backend: str, dtype: pg.DType) -> None:
    theirs = np.ones(2, dtype.name)
    out = pg.asarray(Speaks(theirs))
    assert out.backend == backend
    theirs[0] = 5
    same(out, np.ones(2, dtype.name))


def test_arrays_of_a_backends_library_stay_there_unless_told() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("plugrad_torch")
    with pg.use_backend("numpy"):
        assert pg.asarray(torch.ones(2)).backend == "torch"
        same(pg.asarray(torch.ones(2), backend="numpy"), np.ones(2, np.float32))


def test_the_buffer_protocol(backend: str) -> None:
    same(pg.asarray(array("d", [1.0, 2.0])), np.asarray([1.0, 2.0]))
    same(pg.asarray(memoryview(b"ab")), np.asarray([97, 98], np.uint8))


def test_a_tensor_comes_back_itself() -> None:
    x = pg.ones(2, requires_grad=True)
    assert pg.asarray(x) is x
    assert pg.asarray(x, dtype=pg.float64, device=x.device, copy=False, backend=x.backend) is x
    assert pg.asarray(x, requires_grad=True) is x


def test_a_copy_keeps_the_history_and_may_be_written() -> None:
    x = pg.asarray([1.0, 2.0], requires_grad=True)
    y = pg.asarray(x, copy=True)
    assert y is not x
    y[0] = 5.0
    assert x.tolist() == [1, 2]
    pg.sum(y * y).backward()
    assert x.grad.tolist() == [0, 4]


def test_a_cast_keeps_the_history() -> None:
    x = pg.ones(2, requires_grad=True)
    y = pg.asarray(x, dtype=pg.float32)
    assert y.dtype is pg.float32
    pg.sum(y * 3).backward()
    same(x.grad, np.full(2, 3.0))


def test_requires_grad_of_a_given_tensor_makes_another_handle() -> None:
    x = pg.ones(2)
    y = pg.asarray(x, requires_grad=True)
    assert y.requires_grad
    assert not x.requires_grad


def test_sequences_with_tensors_keep_their_history() -> None:
    a = pg.asarray(2.0, requires_grad=True)
    y = pg.asarray([[a, 1], [0, a * a]])
    same(y.detach(), np.asarray([[2.0, 1.0], [0.0, 4.0]]))
    pg.sum(y).backward()
    assert a.grad.item() == 5


@pytest.mark.parametrize("what", ["text", None, Ellipsis, [None], ["a"], {1: 2}, [2**70]], ids=repr)
def test_what_is_no_array(what: Any) -> None:
    with pytest.raises(DTypeError, match=r"asarray: .* is no array of numbers"):
        pg.asarray(what)


def test_rows_of_several_lengths() -> None:
    with pytest.raises(ShapeError, match="asarray: a sequence whose parts differ in length"):
        pg.asarray([[1], [1, 2]])


def test_no_copy_where_there_must_be_one() -> None:
    with pytest.raises(ValidationError, match="asarray: Python data cannot"):
        pg.asarray([1], copy=False)
    with pytest.raises(ValidationError, match=r"asarray\(copy=False\): another dtype"):
        pg.asarray(pg.ones(1), dtype=pg.float32, copy=False)
    with pytest.raises(PlugradError, match="copy"):
        pg.asarray(np.ones(1), dtype=pg.float32, copy=False)


def test_asarray_drops_no_imaginary_part() -> None:
    with pytest.raises(DTypeError, match="complex values do not fit into float64; take real"):
        pg.asarray(pg.asarray([1j]), dtype=pg.float64)


# -------------------------------------------------------------------------------------------------------------- places


MAKERS = [
    lambda **where: pg.zeros(2, **where),
    lambda **where: pg.full(2, 1, **where),
    lambda **where: pg.arange(3, **where),
    lambda **where: pg.linspace(0, 1, 3, **where),
    lambda **where: pg.eye(2, **where),
    lambda **where: pg.asarray([1], **where),
    lambda **where: pg.asarray(np.ones(2), **where),
    lambda **where: pg.asarray(pg.ones(2), **where),
    lambda **where: pg.ones_like(pg.ones(2), **where),
    lambda **where: pg.from_dlpack(np.ones(2), **where),
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_argument_says_where(backend: str, make: Any) -> None:
    assert make(backend="numpy").backend == "numpy"
    assert make(device="cpu").device == "cpu"
    with pytest.raises(BackendNotFoundError, match="'nosuch'"):
        make(backend="nosuch")
    with pytest.raises((DeviceError, PlugradError)):
        make(device="nosuch")


def test_like_functions_follow_their_array_and_not_the_context() -> None:
    pytest.importorskip("plugrad_torch")
    x = pg.ones(2, backend="torch")
    assert pg.zeros_like(x).backend == "torch"
    assert pg.zeros_like(x, backend="numpy").backend == "numpy"
    with pg.use_backend("torch"):
        assert pg.zeros_like(pg.ones(2, backend="numpy")).backend == "numpy"


def test_from_dlpack_shares_and_copies(backend: str) -> None:
    theirs = np.zeros(2)
    shared, ours = pg.from_dlpack(theirs), pg.from_dlpack(theirs, copy=True)
    theirs[0] = 1
    assert shared.backend == ours.backend == backend
    assert shared.tolist() == [1, 0]
    assert ours.tolist() == [0, 0]


def test_from_dlpack_of_a_tensor_keeps_the_history() -> None:
    x = pg.ones(2, requires_grad=True)
    assert pg.from_dlpack(x) is x


def test_from_dlpack_of_what_does_not_speak_it() -> None:
    with pytest.raises(ExchangeError, match="from_dlpack: list has no __dlpack__; asarray"):
        pg.from_dlpack([1])


# ------------------------------------------------------------------------------------------- triangles and grids


@pytest.mark.parametrize("k", [-1, 0, 2])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 4), (0, 2)], ids=str)
def test_triangles(backend: str, shape: Any, k: int) -> None:
    x, want = of(np.arange(float(np.prod(shape))).reshape(shape))
    same(pg.tril(x, k=k), np.tril(want, k))
    same(pg.triu(x, k=k), np.triu(want, k))


@pytest.mark.parametrize("name", ["tril", "triu"])
def test_triangles_are_of_matrices(name: str) -> None:
    with pytest.raises(ShapeError, match=rf"{name}: a matrix has at least two axes, got the shape \(2,\)"):
        getattr(pg, name)(pg.ones(2))


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("lengths", [(), (3,), (2, 3), (2, 3, 4), (0, 2)], ids=str)
def test_meshgrid(backend: str, lengths: tuple[int, ...], indexing: Any) -> None:
    axes = [np.arange(n) for n in lengths]
    ours = pg.meshgrid(*map(pg.asarray, axes), indexing=indexing)
    assert isinstance(ours, tuple)
    for got, want in zip(ours, np.meshgrid(*axes, indexing=indexing), strict=True):
        same(got, want)


def test_meshgrid_refuses() -> None:
    with pytest.raises(ValidationError, match="indexing is 'xy' or 'ij'"):
        pg.meshgrid(pg.ones(2), indexing="yx")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"coordinates have one axis, got \(2, 2\)"):
        pg.meshgrid(pg.ones((2, 2)))


def test_a_value_of_a_finished_transform_is_refused() -> None:
    kept: list[pg.Tensor] = []
    pg.vmap(lambda x: kept.append(x) or x)(pg.ones(2))  # type: ignore[func-returns-value]
    with pytest.raises(TransformError, match="finished vmap"):
        pg.asarray(kept[0], dtype=pg.float32)
