"""What becomes of a kernel's error: nothing is said of it that is not so."""

from __future__ import annotations

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.errors import BackendError, ShapeError, ValidationError
from plugrad.failures import explain
from plugrad.ops import Op


class OutOfMemory(RuntimeError):
    """As torch and JAX say it."""


@pytest.fixture
def thin() -> pg.Tensor:
    """Of a dtype that torch has few kernels of."""
    pytest.importorskip("plugrad_torch")
    return pg.asarray([1, 2], dtype=pg.uint16, backend="torch")


@pytest.mark.parametrize("op", [ops.ADD, ops.MATMUL, ops.CONV], ids=lambda op: op.name)
def test_a_class_of_the_librarys_own_stays(op: Op) -> None:
    error = OutOfMemory("no memory on the device")
    with pytest.raises(OutOfMemory) as raised:
        explain(op, (np.ones((2, 3, 4)), np.ones((3, 4, 5))), error)
    assert raised.value is error


@pytest.mark.parametrize(
    "op, shapes",
    [(ops.ADD, [(2, 3), (3,)]), (ops.MATMUL, [(2, 3, 4), (4, 5)]), (ops.CONV, [(1, 2, 5), (3, 2, 2)])],
    ids=["add", "matmul", "conv"],
)
def test_shapes_that_fit_are_not_blamed(op: Op, shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValidationError, match=f"{op.name}: cannot be computed of float64 .*: launch failed") as raised:
        explain(op, tuple(map(np.ones, shapes)), RuntimeError("launch failed"))
    assert isinstance(raised.value.__cause__, RuntimeError)


def test_shapes_that_do_not_fit_are() -> None:
    with pytest.raises(ShapeError, match=r"matmul: .*\(2, 3, 4\) and \(5, 4, 3\) .*before the last two must be equal"):
        explain(ops.MATMUL, (np.ones((2, 3, 4)), np.ones((5, 4, 3))), ValueError("?"))
    with pytest.raises(ShapeError, match=r"hypot: .*\(2,\) and \(3,\) .*equal from the last axis on, or 1"):
        explain(ops.HYPOT, (np.ones(2), np.ones(3)), RuntimeError("?"))


def test_a_kernel_that_takes_other_arguments_is_named() -> None:
    """A slip of the backend's author, no dtype that is not taken."""
    x = pg.ones(2)
    pg.extend.kernel("softmax", "numpy", lambda x, dim: x)
    try:
        words = r"the kernel of the backend numpy for <primitive softmax\(x; axis\)> cannot be called so: .*'axis'"
        with pytest.raises(BackendError, match=words):
            pg.nn.softmax(x)
    finally:
        pg.extend.kernel("softmax", "numpy", None)


def test_what_the_other_way_lacks_is_said_in_the_operations_words(thin: pg.Tensor) -> None:
    with pytest.raises(ShapeError, match=r"less: the shapes \(2,\) and \(3,\) do not fit"):
        _ = thin < pg.concat([thin, thin[:1]])
    with pytest.raises(ShapeError, match=r"matmul: the shapes \(1, 2\) and \(1, 2\) do not fit: the axes summed over"):
        _ = thin[None] @ thin[None]


def test_a_compiled_program_knows_the_other_way(thin: pg.Tensor) -> None:
    f = pg.compile(lambda x: pg.maximum(x, x + x) + pg.max(x))
    assert f(thin).tolist() == [2 + 2, 4 + 2]
    assert f(thin).dtype is pg.uint16
