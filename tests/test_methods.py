"""What is attached to Tensor: methods, properties, operators in place and reflected, conversions, text, copies."""

from __future__ import annotations

import ast
import copy
import inspect
import operator
import pickle
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import methods
from plugrad.errors import (
    ConversionError,
    DTypeError,
    GraphError,
    PlugradError,
    ShapeError,
    TracingError,
    TransformError,
    ValidationError,
)

VALUES = [[1.0, 2.0], [3.0, 4.0]]
ATTACHED = {**methods.METHODS, **methods.PROPERTIES, **methods.OPERATORS}


def equal(ours: Any, want: Any) -> None:
    """The values of a tensor."""
    np.testing.assert_array_equal(ours.detach().numpy(), want)


# ------------------------------------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("name", ATTACHED)
def test_attached_and_documented(name: str) -> None:
    assert vars(pg.Tensor)[name] is ATTACHED[name]
    assert inspect.getdoc(ATTACHED[name])


def declared() -> set[str]:
    """What the class says that it has, for type checkers alone."""
    classes = [ast.parse(inspect.getsource(cls)).body[0] for cls in pg.Tensor.__mro__[:-1]]
    blocks = [node for cls in classes if isinstance(cls, ast.ClassDef) for node in cls.body if isinstance(node, ast.If)]
    return {node.name for block in blocks for node in block.body if isinstance(node, ast.FunctionDef)}


def test_declared_is_what_is_attached() -> None:
    assert declared() == set(ATTACHED)


@pytest.mark.parametrize("name", [n for n, f in methods.METHODS.items() if getattr(pg, n, None) is f])
def test_methods_are_functions_of_the_namespace(name: str) -> None:
    if name not in (
        "broadcast_to",
        "clip",
        "astype",
        "expand_dims",
        "moveaxis",
        "matmul",
        "pow",
        "permute_dims",
        "to_backend",
    ):
        x = pg.asarray(VALUES) / 4
        ours, want = getattr(x, name)(), getattr(pg, name)(x)
        for a, b in zip(*[r if isinstance(r, tuple) else (r,) for r in (ours, want)], strict=True):
            equal(a, b.numpy())


# ------------------------------------------------------------------------------------------------------------- methods


def test_shapes(backend: str) -> None:
    x, want = pg.reshape(pg.arange(24), (2, 3, 4)), np.arange(24).reshape(2, 3, 4)
    equal(x.reshape(4, -1), want.reshape(4, -1))
    equal(x.reshape((6, 4)), want.reshape(6, 4))
    equal(x.reshape(-1), want.reshape(-1))
    equal(x.permute(2, 0, 1), want.transpose(2, 0, 1))
    equal(x.permute((2, 0, 1)), want.transpose(2, 0, 1))
    equal(x.permute_dims((2, 0, 1)), want.transpose(2, 0, 1))
    equal(x.swapaxes(0, -1), want.swapaxes(0, -1))
    equal(x.flatten(), want.ravel())
    equal(x.ravel(), want.ravel())
    equal(x.unsqueeze(0).squeeze(0), want)
    equal(x.cumsum(1), want.cumsum(1))
    equal((x + 1).cumprod(-1), (want + 1).cumprod(-1))
    equal((-x).argsort(0), (-want).argsort(0))
    equal(x.mT, want.mT)
    assert [part.shape for part in x.unbind(1)] == [(2, 4)] * 3
    assert x.size == 24


def test_sums_by_position(backend: str) -> None:
    x, want = pg.asarray(VALUES), np.asarray(VALUES)
    for name in ("sum", "mean", "max", "min", "prod", "var", "std", "argmax", "argmin"):
        equal(getattr(x, name)(0), getattr(want, name)(0))
        equal(getattr(x, name)(axis=-1, keepdims=True), getattr(want, name)(axis=-1, keepdims=True))
    assert x.all().item() is True
    assert (x > 3).any().item() is True


def test_transposes(backend: str) -> None:
    x = pg.asarray(VALUES)
    equal(x.T, np.asarray(VALUES).T)
    for shape in [(2,), (2, 2, 2), ()]:
        with pytest.raises(ShapeError, match=r"T: takes two axes, got the shape .*; mT exchanges the last two"):
            pg.ones(shape).T


def test_dot(backend: str) -> None:
    x = pg.asarray(VALUES)
    equal(x.dot(x), np.asarray(VALUES) @ np.asarray(VALUES))
    equal(x[0].dot(x[1]), 11.0)
    with pytest.raises(ShapeError, match="dot: of more than two axes"):
        pg.ones((2, 2, 2)).dot(x)


def test_a_clone_goes_its_own_way_and_the_gradient_goes_through(backend: str) -> None:
    w = pg.asarray([1.0, 2.0], requires_grad=True)
    for copied in (w.clone(), w.copy()):
        copied[0] = 5.0
        equal(w, [1, 2])
        assert not copied.is_leaf
    pg.sum(copied * copied).backward()
    equal(w.grad, [0, 4])


def test_moves(backend: str) -> None:
    w = pg.asarray([1.0, 2.0], requires_grad=True)
    assert w.to_backend(backend) is w
    assert w.to_device(w.device) is w
    there = w.to_backend("numpy")
    assert there.backend == "numpy"
    pg.sum(there * 3).backward()
    assert w.grad.backend == backend
    equal(w.grad, [3, 3])
    with pytest.raises(ValidationError, match="to_device: streams are not supported"):
        w.to_device(w.device, stream=1)
    with pytest.raises(PlugradError):
        w.to_device("nosuch")


# ----------------------------------------------------------------------------------------------------------- operators

ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
BITS = ("and_", "or_", "xor", "lshift", "rshift")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


@pytest.mark.parametrize("name", [*ARITHMETIC, *BITS, *COMPARISONS])
def test_operators(backend: str, name: str) -> None:
    values = [[1, 2], [3, 4]] if name in BITS else VALUES
    f, x, want = getattr(operator, name), pg.asarray(values), np.asarray(values)
    equal(f(x, x), f(want, want))
    if name != "matmul":
        equal(f(x, 2), f(want, 2))
        equal(f(2, x), f(2, want))


@pytest.mark.parametrize("name", [*ARITHMETIC, *BITS])
def test_operators_in_place(backend: str, name: str) -> None:
    values = [[1, 2], [3, 4]] if name in BITS else VALUES
    f = getattr(operator, f"i{name.rstrip('_')}")
    x, want = pg.asarray(values), np.asarray(values)
    before, view = x, x[0]
    x = f(x, pg.asarray(values))
    want = getattr(operator, name)(want, want)
    assert x is before
    equal(x, want)
    equal(view, want[0])


def test_operators_of_one(backend: str) -> None:
    x, want = pg.asarray([-1.0, 2.0]), np.asarray([-1.0, 2.0])
    equal(-x, -want)
    equal(+x, want)
    equal(abs(x), abs(want))
    equal(~pg.asarray([True, False]), [False, True])


@pytest.mark.numpy
def test_numpy_on_the_left() -> None:
    for out in (np.ones(2) + pg.ones(2), np.float64(1) + pg.ones(2), np.ones((2, 2)) @ pg.ones(2)):
        assert type(out) is pg.Tensor
        equal(out, [2, 2])


def test_in_place_fits_or_says_so(backend: str) -> None:
    n = pg.asarray([1, 2])
    few, wide = pg.asarray([1, 2], dtype=pg.int32), pg.ones(2, dtype=pg.float32, requires_grad=True) * 1
    few += n
    wide *= pg.asarray([0.5, 2.0])  # within a kind the dtype stays, as in NumPy and torch
    equal(few, np.asarray([2, 4], np.int32))
    equal(wide, np.asarray([0.5, 2.0], np.float32))
    assert (few.dtype, wide.dtype, wide.requires_grad) == (pg.int32, pg.float32, True)
    with pytest.raises(DTypeError, match="multiply in place: float64 does not fit int64; assign to x instead"):
        n *= 0.5
    x = pg.ones(2)
    with pytest.raises(ShapeError, match=r"add in place: \(3, 2\) does not fit \(2,\)"):
        x += pg.ones((3, 2))
    with pytest.raises(GraphError, match="leaf"):
        pg.ones(2, requires_grad=True).__iadd__(1)


def test_in_place_is_recorded(backend: str) -> None:
    w = pg.asarray([1.0, 2.0], requires_grad=True)
    x = w * 1
    x *= w
    x[0] += 5 * w[1]
    pg.sum(x).backward()
    equal(w.grad, [2, 9])


def test_tensors_are_keys() -> None:
    x, y = pg.ones(2), pg.ones(2)
    assert {x: 1, y: 2}[x] == 1


# --------------------------------------------------------------------------------------------------------- conversions


def test_python_numbers(backend: str) -> None:
    assert float(pg.asarray(1.5)) == 1.5
    assert type(float(pg.asarray(1))) is float
    assert int(pg.asarray(2.75)) == 2
    assert complex(pg.asarray(1j)) == 1j
    assert bool(pg.asarray([[3]])) is True
    assert [10, 20, 30][pg.asarray(1)] == 20
    assert pg.asarray(2.5).item() == 2.5
    assert pg.asarray(VALUES).tolist() == VALUES
    assert pg.asarray(True).tolist() is True


def test_numbers_of_recorded_and_lifted_values() -> None:
    w = pg.asarray(2.0, requires_grad=True)
    assert float(w * w) == 4
    assert (w * w).tolist() == 4
    seen = []
    pg.grad(lambda x: (seen.append(float(x)), x * x)[1])(pg.asarray(3.0))
    pg.jvp(lambda x: (seen.append(x.item()), x * x)[1], (pg.asarray(4.0),), (pg.asarray(1.0),))
    pg.grad(pg.grad(lambda x: (seen.append(int(x)), x * x)[1]))(pg.asarray(5.0))
    assert seen == [3, 4, 5]


@pytest.mark.parametrize("convert", [bool, float, int, pg.Tensor.item, pg.Tensor.tolist], ids=lambda f: f.__name__)
def test_no_number_under_vmap_or_while_tracing(convert: Any) -> None:
    with pytest.raises(TransformError, match="under vmap there is a value for each sample"):
        pg.vmap(lambda x: (convert(x), x)[1])(pg.ones(3))
    with pytest.raises(TracingError, match="not known while a program is traced"):
        pg.compile(lambda x: (convert(x), x)[1])(pg.asarray(1.0))


@pytest.mark.parametrize("convert", [bool, float, int, complex, pg.Tensor.item], ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(2,), (0,)], ids=str)
def test_no_number_of_several(backend: str, convert: Any, shape: Any) -> None:
    with pytest.raises(ConversionError, match=r"the shape \(\d,\) has \d elements, not one"):
        convert(pg.ones(shape))


def test_numbers_of_the_wrong_kind() -> None:
    for convert in (float, int):
        with pytest.raises(ConversionError, match=r"\(\) of a tensor of complex128"):
            convert(pg.asarray(1j))
    with pytest.raises(ConversionError, match=r"index\(\) of a tensor of float64"):
        operator.index(pg.asarray(1.0))


def test_sequences(backend: str) -> None:
    x = pg.asarray(VALUES)
    assert len(x) == 2
    assert [row.tolist() for row in x] == VALUES
    assert 3.0 in x
    assert 5.0 not in x
    for row in x:
        row[0] = 0.0
    equal(x, [[0, 2], [0, 4]])
    for refuse in (len, list):
        with pytest.raises(ConversionError, match=r"len\(\) of a 0-d tensor"):
            refuse(pg.asarray(1.0))


def test_numpy_gets_a_copy(backend: str) -> None:
    x = pg.ones(2)
    for out in (x.numpy(), np.asarray(x), np.array(x, np.float32)):
        assert type(out) is np.ndarray
        out[0] = 5
    equal(x, [1, 1])
    with pytest.raises(ValidationError, match="copy=False"):
        np.array(x, copy=False)


@pytest.mark.numpy
@pytest.mark.parametrize("export", [pg.Tensor.numpy, np.asarray, np.from_dlpack], ids=lambda f: f.__name__)
def test_a_history_is_not_lost_unseen(export: Any) -> None:
    w = pg.ones(2, requires_grad=True)
    for x in (w, w * 2):
        with pytest.raises(ConversionError, match=r"requires grad, and its history .* lost, at \S*test_methods.py:"):
            export(x)
        equal(pg.asarray(export(x.detach())), x.detach().numpy())
    for transform in (
        pg.grad(lambda x: (export(x * 1), pg.sum(x))[1]),
        lambda x: pg.jvp(lambda x: (export(x), x)[1], (x,), (x,)),
    ):
        with pytest.raises(ConversionError, match=r"history would be lost|follows this value"):
            transform(pg.ones(2))
    with pytest.raises(TransformError):
        pg.vmap(lambda x: (export(x), x)[1])(pg.ones((2, 2)))


# ------------------------------------------------------------------------------------------------------ text and copies


@pytest.mark.numpy
@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: pg.asarray([1.0, 2.5]), "tensor([1. , 2.5])"),
        (lambda: pg.asarray([1, 2]), "tensor([1, 2])"),
        (lambda: pg.asarray([True]), "tensor([ True])"),
        (lambda: pg.asarray(1.5), "tensor(1.5)"),
        (lambda: pg.ones(1, dtype=pg.float32), "tensor([1.], dtype=float32)"),
        (lambda: pg.ones((0, 2)), "tensor([], shape=(0, 2), dtype=float64)"),
        (lambda: pg.ones(1, requires_grad=True), "tensor([1.], requires_grad=True)"),
        (lambda: pg.ones(1, requires_grad=True) + pg.ones(1), "tensor([2.], grad_fn=<AddBackward>)"),
        (lambda: pg.asarray([[1, 2], [3, 4]]), "tensor([[1, 2],\n        [3, 4]])"),
    ],
)
def test_text(make: Any, text: str) -> None:
    x = make()
    assert repr(x) == str(x) == f"{x}" == text


def test_text_says_where(backend: str) -> None:
    assert ("backend='torch'" in repr(pg.ones(1))) is (backend == "torch")


@pytest.mark.numpy
def test_text_of_values_that_are_not_to_be_had() -> None:
    said = []

    def f(x: pg.Tensor) -> pg.Tensor:
        said.append(repr(x))
        return x * x

    pg.jvp(f, (pg.asarray(1.0),), (pg.asarray(1.0),))
    pg.vmap(f)(pg.ones((3, 2)))
    pg.compile(f)(pg.ones(2))
    assert said == [
        "tensor(1., in jvp)",
        "tensor(shape=(2,), dtype=float64, in vmap)",
        "tensor(shape=(2,), dtype=float64, in compile)",
    ]


def test_text_of_a_value_that_outlived_its_transform() -> None:
    kept = []
    pg.vmap(lambda x: (kept.append(x), x)[1])(pg.ones((3, 2)))
    assert "in vmap" in repr(kept[0])


def test_formats() -> None:
    assert f"{pg.asarray(2.0):.2f}" == "2.00"
    assert f"{pg.asarray([7]):03d}" == "007"
    with pytest.raises(ConversionError, match="format: the shape"):
        f"{pg.ones(2):.2f}"


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_copies_of_their_own(backend: str, again: Any) -> None:
    x, w = pg.asarray(VALUES, dtype=pg.float32), pg.ones(2, requires_grad=True)
    y, v = again([x, w])
    y[0, 0] = 9.0
    equal(x, VALUES)
    assert (y.dtype, y.backend) == (pg.float32, backend)
    assert v.requires_grad
    assert v.is_leaf
    pg.sum(v).backward()
    assert w.grad is None


def test_a_deep_copy_of_a_leaf_has_a_gradient_of_its_own() -> None:
    w = pg.ones(2, requires_grad=True)
    pg.sum(w).backward()
    v = copy.deepcopy(w)
    pg.sum(v).backward()
    equal(w.grad, [1, 1])
    equal(v.grad, [2, 2])


def test_a_shallow_copy_is_another_handle() -> None:
    x = pg.ones(2)
    y = copy.copy(x)
    y[0] = 2.0
    equal(x, [1, 1])


def test_a_graph_is_not_copied() -> None:
    y = pg.ones(2, requires_grad=True) * 2
    with pytest.raises(GraphError, match=r"deepcopy of a tensor that a graph.*detach\(\) or clone\(\)"):
        copy.deepcopy(y)
    with pytest.raises(ConversionError, match=r"pickle: a graph or a transform follows.*detach\(\)"):
        pickle.dumps(y)
    equal(copy.deepcopy(y.detach()), [2, 2])
