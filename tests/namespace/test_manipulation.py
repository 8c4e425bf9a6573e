"""Manipulation functions against NumPy: shapes, axes, values, refusals."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

import plugrad as pg
from plugrad.errors import DTypeError, ShapeError, TransformError, ValidationError
from plugrad.testing import check_grads

from .helpers import of, same


def counted(*shape: int) -> tuple[pg.Tensor, Any]:
    """0, 1, 2 ... in a shape, as Tensor and as NumPy's."""
    return of(np.arange(np.prod(shape, dtype=int)).reshape(shape))


def test_reshape(backend: str) -> None:
    x, want = counted(2, 6)
    for shape in [(3, 4), (12,), 12, -1, (-1,), (3, -1), [2, 3, 2], (1, 12, 1), (np.int64(4), 3)]:
        same(pg.reshape(x, shape), want.reshape(shape))
        same(pg.reshape(x, shape, copy=True), want.reshape(shape))
    same(pg.reshape(pg.asarray(1.0), ()), np.asarray(1.0))
    same(pg.reshape(pg.ones((0, 2)), (2, -1)), np.ones((2, 0)))


@pytest.mark.parametrize("shape", [(5,), (-1, -1), (4, -1, 5), (-2, -6), (0, -1), (-12,)], ids=str)
def test_reshape_that_does_not_fit(shape: Any) -> None:
    with pytest.raises(ShapeError, match="reshape: 12 elements do not fill the shape"):
        pg.reshape(pg.ones((2, 6)), shape)


def test_reshape_is_a_value() -> None:
    x = pg.zeros((2, 2))
    y = pg.reshape(x, -1)
    y[0] = 1.0
    assert x.tolist() == [[0, 0], [0, 0]]


@given(shapes=mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
def test_broadcasting(backend: str, shapes: Any) -> None:
    arrays = [np.ones(s) for s in shapes.input_shapes]
    assert pg.broadcast_shapes(*shapes.input_shapes) == shapes.result_shape
    assert [a.shape for a in pg.broadcast_arrays(*map(pg.asarray, arrays))] == [shapes.result_shape] * 3
    for a in arrays:
        same(pg.broadcast_to(pg.asarray(a), shapes.result_shape), np.broadcast_to(a, shapes.result_shape))


def test_broadcasting_that_does_not_fit(backend: str) -> None:
    for shape in [(2,), (3, 1), (), (1,)]:
        with pytest.raises(ShapeError, match=r"broadcast_to: \(3,\) does not broadcast to"):
            pg.broadcast_to(pg.ones(3), shape)
    with pytest.raises(ShapeError, match=r"broadcast_shapes: \(2,\) and \(3,\) do not fit"):
        pg.broadcast_shapes((2,), (3,))
    with pytest.raises(ShapeError, match="do not fit"):
        pg.broadcast_arrays(pg.ones(2), pg.ones(3))
    assert pg.broadcast_shapes() == ()
    assert pg.broadcast_arrays() == ()


def test_broadcast_arrays_keep_their_dtypes(backend: str) -> None:
    a, b = pg.broadcast_arrays(pg.ones(2, dtype=pg.int8), pg.ones((3, 1), dtype=pg.float32))
    assert (a.dtype, b.dtype) == (pg.int8, pg.float32)


@given(shape=array_shapes(min_dims=0, max_dims=4, max_side=3), data=st.data())
def test_permute_dims(backend: str, shape: Any, data: st.DataObject) -> None:
    x, want = counted(*shape)
    axes = data.draw(st.permutations(range(len(shape))))
    signed = tuple(a - len(shape) * data.draw(st.booleans()) for a in axes)
    same(pg.permute_dims(x, signed), want.transpose(axes))


@pytest.mark.parametrize("axes", [(0,), (0, 0), (0, 2), (0, 1, 2)], ids=str)
def test_permute_dims_refuses(axes: Any) -> None:
    with pytest.raises(ShapeError, match="permute_dims: "):
        pg.permute_dims(pg.ones((2, 3)), axes)


@given(shape=array_shapes(max_dims=4, max_side=3), data=st.data())
def test_moveaxis(backend: str, shape: Any, data: st.DataObject) -> None:
    x, want = counted(*shape)
    many = data.draw(st.integers(0, len(shape)))
    source, destination = (data.draw(st.permutations(range(len(shape))))[:many] for _ in range(2))
    same(pg.moveaxis(x, tuple(source), tuple(destination)), np.moveaxis(want, source, destination))


def test_moveaxis_of_one(backend: str) -> None:
    x, want = counted(2, 3, 4)
    same(pg.moveaxis(x, 0, -1), np.moveaxis(want, 0, -1))
    with pytest.raises(ShapeError, match="moveaxis: 2 axes to 1 places"):
        pg.moveaxis(x, (0, 1), 0)
    with pytest.raises(ShapeError, match="moveaxis: there is no axis 3"):
        pg.moveaxis(x, 3, 0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3, (0, 1), (0, -1), (2, 0), ()], ids=str)
def test_expand_dims(backend: str, axis: Any) -> None:
    x, want = counted(2, 3)
    same(pg.expand_dims(x, axis), np.expand_dims(want, axis))


def test_expand_dims_refuses() -> None:
    with pytest.raises(ShapeError, match="expand_dims: there is no axis 3; axes go from -3 to 2"):
        pg.expand_dims(pg.ones((2, 3)), 3)
    with pytest.raises(ShapeError, match=r"expand_dims: \(0, -4\) names an axis twice"):
        pg.expand_dims(pg.ones((2, 3)), (0, -4))


@pytest.mark.parametrize("axis", [0, 2, -1, (0, 2), (-2, 0), ()], ids=str)
def test_squeeze(backend: str, axis: Any) -> None:
    x, want = counted(1, 3, 1, 1)
    same(pg.squeeze(x, axis), np.squeeze(want, axis))
    same(pg.squeeze(x), np.squeeze(want))


def test_squeeze_refuses() -> None:
    with pytest.raises(
        ShapeError, match=r"squeeze: axis 1 of the shape \(1, 3\) has size 3; only axes of size 1 can go"
    ):
        pg.squeeze(pg.ones((1, 3)), 1)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_concat(backend: str, axis: int | None) -> None:
    shapes = [(2, 3), (2, 3), (0, 3)] if axis == 0 else [(2, 3), (2, 1), (2, 0)]
    pairs = [counted(*shape) for shape in shapes]
    same(pg.concat([x for x, _ in pairs], axis=axis), np.concatenate([want for _, want in pairs], axis=axis))
    same(pg.concat(tuple(x for x, _ in pairs), axis=axis), np.concatenate([want for _, want in pairs], axis=axis))


def test_joining_promotes(backend: str) -> None:
    a, b = pg.ones(2, dtype=pg.float32), pg.ones(2, dtype=pg.float64)
    assert pg.concat([a, b]).dtype is pg.float64
    assert pg.stack([a, a]).dtype is pg.float32
    same(pg.stack([pg.asarray(1), pg.asarray(2.5)]), np.asarray([1, 2.5]))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_stack_and_unstack(backend: str, axis: int) -> None:
    pairs = [counted(2, 3), counted(2, 3)]
    whole = pg.stack([x for x, _ in pairs], axis=axis)
    same(whole, np.stack([want for _, want in pairs], axis=axis))
    parts = pg.unstack(whole, axis=axis)
    assert isinstance(parts, tuple)
    for part, (_, want) in zip(parts, pairs, strict=True):
        same(part, want)


def test_unstack_of_nothing(backend: str) -> None:
    assert pg.unstack(pg.ones((0, 2))) == ()
    assert [p.shape for p in pg.unstack(pg.ones((0, 2)), axis=1)] == [(0,), (0,)]


def test_joining_refuses(backend: str) -> None:
    for join in (pg.concat, pg.stack):
        with pytest.raises(ShapeError, match=f"{join.__name__}: there is no array to join"):
            join([])
    with pytest.raises(ShapeError, match=r"concat: the shapes \(2, 2\), \(2, 3\) differ in more than axis 0"):
        pg.concat([pg.ones((2, 2)), pg.ones((2, 3))])
    with pytest.raises(ShapeError, match=r"stack: the shapes \(2,\), \(3,\) differ; concat"):
        pg.stack([pg.ones(2), pg.ones(3)])
    with pytest.raises(ShapeError, match="concat: there is no axis 0; a 0-d tensor has no axes"):
        pg.concat([pg.asarray(1.0)])
    with pytest.raises(ShapeError, match="stack: there is no axis 2"):
        pg.stack([pg.ones(2)], axis=2)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), ()], ids=str)
def test_flip(backend: str, axis: Any) -> None:
    x, want = counted(2, 3, 2)
    same(pg.flip(x, axis=axis), np.flip(want, axis=axis))


@pytest.mark.parametrize(
    "shift, axis",
    [(1, None), (-2, None), (1, 0), (-1, -1), ((1, 2), (0, 1)), (1, (0, 1)), (5, 1), ((1, 1), (0, 0)), (3, (0,))],
    ids=str,
)
def test_roll(backend: str, shift: Any, axis: Any) -> None:
    x, want = counted(2, 3)
    same(pg.roll(x, shift, axis=axis), np.roll(want, shift, axis=axis))


def test_roll_refuses() -> None:
    with pytest.raises(ShapeError, match="roll: 3 shifts for 2 axes"):
        pg.roll(pg.ones((2, 3)), (1, 2, 3), axis=(0, 1))
    with pytest.raises(ShapeError, match="roll: there is no axis 2"):
        pg.roll(pg.ones((2, 3)), 1, axis=2)


@pytest.mark.parametrize("repetitions", [(), 2, (2,), (2, 3), (2, 1, 3), (0, 1), (1, 1)], ids=str)
@pytest.mark.parametrize("shape", [(2, 3), (3,), (), (0, 2)], ids=str)
def test_tile(backend: str, shape: Any, repetitions: Any) -> None:
    x, want = counted(*shape)
    same(pg.tile(x, repetitions), np.tile(want, repetitions))


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("repeats", [0, 1, 3])
def test_repeat(backend: str, repeats: int, axis: int | None) -> None:
    x, want = counted(2, 3)
    same(pg.repeat(x, repeats, axis=axis), np.repeat(want, repeats, axis=axis))


@pytest.mark.parametrize("axis, repeats", [(0, [2, 0]), (1, [1, 2, 3]), (None, [0, 1, 2, 3, 0, 1]), (1, [2])], ids=str)
def test_repeat_each(backend: str, repeats: Any, axis: int | None) -> None:
    x, want = counted(2, 3)
    same(pg.repeat(x, pg.asarray(repeats), axis=axis), np.repeat(want, repeats, axis=axis))


def test_repeat_refuses(backend: str) -> None:
    x = pg.ones((2, 3))
    with pytest.raises(ShapeError, match="repeat: 2 numbers for 3 elements"):
        pg.repeat(x, pg.asarray([1, 2]), axis=1)
    with pytest.raises(DTypeError, match="repeat: repeats must be integers, got float64"):
        pg.repeat(x, pg.asarray([1.0]), axis=1)
    with pytest.raises(ShapeError, match="repeat: sizes are not negative"):
        pg.repeat(x, -1)
    with pytest.raises(TransformError, match="repeat: under vmap there is a value for each sample"):
        pg.vmap(lambda n: pg.repeat(x, n, axis=0))(pg.asarray([[1], [2]]))


# ---------------------------------------------------------------------------------------------------------------- pad

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")
WIDTHS = (0, 2, (1, 0), [(0, 3), (4, 1)], ((1, 2),), np.asarray([[2, 2], [0, 1]]))


@pytest.mark.parametrize("width", WIDTHS, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_pad(backend: str, mode: str, width: Any) -> None:
    for dtype in (pg.int8, pg.float32, pg.complex128, pg.bool):
        x, want = of([[0, 1, 2], [3, 4, 5]], dtype)
        same(pg.pad(x, width, mode), np.pad(want, width, mode))


@pytest.mark.parametrize("constant", [7, -1.5, True, np.float32(2)], ids=repr)
def test_pad_with_a_constant(backend: str, constant: Any) -> None:
    x, want = of([[0.5, 1], [2, 3]])
    same(pg.pad(x, (0, 1), constant_values=constant), np.pad(want, (0, 1), constant_values=constant))


def test_pad_of_nothing(backend: str) -> None:
    same(pg.pad(pg.ones((0, 2)), ((1, 1), (0, 0)), constant_values=3), np.full((2, 2), 3.0))
    same(pg.pad(pg.asarray(2.0), 0), np.asarray(2.0))
    same(pg.pad(pg.ones((0, 2)), ((0, 0), (1, 0)), "edge"), np.ones((0, 3)))


@pytest.mark.parametrize("mode", MODES)
def test_pad_is_differentiable(backend: str, mode: str) -> None:
    x = pg.asarray([[0.5, -1.0, 2.0], [1.5, 3.0, 0.25]])
    check_grads(lambda x: pg.pad(x**2, [(0, 3), (4, 1)], mode), x)
    every = pg.stack([x, 2 * x])
    got = pg.compile(pg.vmap(lambda x: pg.pad(x, 2, mode)))(every)
    same(got, np.stack([np.pad(part, 2, mode) for part in every.numpy()]))


def test_pad_is_differentiable_by_the_constant(backend: str) -> None:
    x, c = pg.asarray([1.0, 2.0]), pg.asarray(0.5)
    check_grads(lambda x, c: pg.pad(x, (2, 1), constant_values=c**2), x, c)
    assert pg.grad(lambda c: pg.sum(pg.pad(x, (2, 1), constant_values=c)))(c).item() == 3


PADS: dict[str, tuple[Any, type[Exception], str]] = {
    "negative": (lambda x: pg.pad(x, -1), ShapeError, "-1 is no pad_width of 2 axes"),
    "floats": (lambda x: pg.pad(x, 1.5), ShapeError, "1.5 is no pad_width of 2 axes"),
    "three axes": (lambda x: pg.pad(x, [(1, 1)] * 3), ShapeError, "no pad_width of 2 axes"),
    "rows of several lengths": (lambda x: pg.pad(x, [(1, 1), (1,)]), ShapeError, "no pad_width of 2 axes"),
    "a mode": (lambda x: pg.pad(x, 1, "mirror"), ValidationError, "'mirror' is none"),
    "a constant without use": (lambda x: pg.pad(x, 1, "edge", constant_values=1), ValidationError, "'edge' takes"),
    "two constants": (lambda x: pg.pad(x, 1, constant_values=[1, 2]), ShapeError, r"one number, got the shape \(2,\)"),
    "a complex constant": (lambda x: pg.pad(x, 1, constant_values=1j), DTypeError, "do not fit into float64"),
    "no element": (lambda x: pg.pad(x[:0], 1, "wrap"), ShapeError, "axis 0 of the shape .* has no element to repeat"),
}


@pytest.mark.parametrize("what", PADS)
def test_pad_refuses(backend: str, what: str) -> None:
    call, error, words = PADS[what]
    with pytest.raises(error, match=f"^(pad: )?.*{words}"):
        call(pg.ones((2, 3)))
