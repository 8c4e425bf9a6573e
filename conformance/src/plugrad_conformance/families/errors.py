"""What is wrong is refused by a typed error that says so, and leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import plugrad as pg
from plugrad.backends import current
from plugrad.errors import (
    AxisError,
    BackendNotFoundError,
    ConversionError,
    DTypeError,
    GraphError,
    IndexingError,
    LinearAlgebraError,
    MixedBackendsError,
    PlugradError,
    ShapeError,
    TracingError,
    TransformError,
    ValidationError,
)
from plugrad.tensor import MODE, Tensor

from ..records import Check, Disagreement, Unsupported
from .asking import by_rule, done, here

__all__ = ["CHECKS"]


class Given(NamedTuple):
    """What a wrong call is made of: a leaf, a matrix, integers, a mask, complex numbers."""

    w: Any
    m: Tensor
    i: Tensor
    b: Tensor
    z: Tensor


def _given() -> Given:
    return Given(
        pg.asarray([1.0, 2.0, 3.0], requires_grad=True),
        pg.asarray([[1.0, 2.0], [3.0, 4.0]]),
        pg.asarray([0, 1, 2]),
        pg.asarray([True, False, True]),
        pg.asarray([1j, 2.0]),
    )


Wrong = tuple[Callable[[Given], Any], type[PlugradError]]
WRONG: dict[str, Wrong] = {
    "shapes that do not broadcast": (lambda g: g.w + pg.ones(2), ShapeError),
    "shapes of a product": (lambda g: g.m @ g.w, ShapeError),
    "where of two shapes": (lambda g: pg.where(g.b, g.w, pg.ones(2)), ShapeError),
    "broadcast_to": (lambda g: pg.broadcast_to(g.w, (2, 2)), ShapeError),
    "reshape": (lambda g: pg.reshape(g.w, (2, 2)), ShapeError),
    "concat": (lambda g: pg.concat([g.m, pg.ones((3, 3))]), ShapeError),
    "permute_dims": (lambda g: pg.permute_dims(g.m, (0, 0)), ShapeError),
    "stack": (lambda g: pg.stack([g.w, pg.ones(2)]), ShapeError),
    "an axis": (lambda g: pg.sum(g.w, axis=1), AxisError),
    "an axis twice": (lambda g: pg.sum(g.m, axis=(0, 0)), ShapeError),
    "squeeze": (lambda g: pg.squeeze(g.w, axis=0), ShapeError),
    "the maximum of nothing": (lambda g: pg.max(pg.zeros(0)), PlugradError),
    "an index": (lambda g: g.w[3], IndexingError),
    "an index array": (lambda g: g.w[pg.asarray([0, 3])], IndexingError),
    "a negative index array": (lambda g: g.w[pg.asarray([-4])], IndexingError),
    "too many indices": (lambda g: g.w[0, 0], IndexingError),
    "a floating index": (lambda g: g.w[pg.asarray([0.5])], IndexingError),
    "a mask of another shape": (lambda g: g.w[pg.asarray([True])], IndexingError),
    "take": (lambda g: pg.take(g.w, pg.asarray([7])), IndexingError),
    "assignment of another shape": (lambda g: _set(g.m, 0, pg.ones(3)), ShapeError),
    "assignment out of bounds": (lambda g: _set(g.m, 2, 0.0), IndexingError),
    "assignment at an index array": (lambda g: _set(g.m, pg.asarray([5]), 0.0), IndexingError),
    "assignment of a complex number": (lambda g: _set(g.m, 0, 1j), DTypeError),
    "assignment to a leaf": (lambda g: _set(g.w, 0, 1.0), GraphError),
    "the order of complex numbers": (lambda g: g.z < 1.0, DTypeError),
    "the maximum of complex numbers": (lambda g: pg.maximum(g.z, g.z), DTypeError),
    "the sort of complex numbers": (lambda g: pg.sort(g.z), DTypeError),
    "floor of complex numbers": (lambda g: pg.floor(g.z), DTypeError),
    "bits of floats": (lambda g: g.m & g.m, DTypeError),
    "a logarithm of text": (lambda g: pg.log("text"), PlugradError),
    "sin of None": (lambda g: pg.sin(None), PlugradError),
    "complex to real": (lambda g: pg.astype(g.z, pg.float64), DTypeError),
    "a dtype that is none": (lambda g: pg.zeros(2, dtype="float17"), DTypeError),
    "an integer to a negative power": (lambda g: g.i**-1, DTypeError),
    "an inverse": (lambda g: pg.linalg.inv(pg.ones((2, 2))), LinearAlgebraError),
    "an inverse in a stack": (lambda g: pg.linalg.inv(pg.stack([pg.eye(2), pg.ones((2, 2))])), LinearAlgebraError),
    "solve": (lambda g: pg.linalg.solve(pg.zeros((2, 2)), pg.ones(2)), LinearAlgebraError),
    "cholesky": (lambda g: pg.linalg.cholesky(-pg.eye(2)), LinearAlgebraError),
    "det of no square": (lambda g: pg.linalg.det(pg.ones((2, 3))), ShapeError),
    "qr of a vector": (lambda g: pg.linalg.qr(g.w), ShapeError),
    "einsum": (lambda g: pg.einsum("ij,jk->ik", g.m, pg.ones((3, 2))), PlugradError),
    "a convolution": (lambda g: pg.nn.conv1d(pg.ones((1, 2, 4)), pg.ones((1, 3, 2))), ShapeError),
    "fft along no axis": (lambda g: pg.fft.fft(g.z, axis=3), AxisError),
    "searchsorted": (lambda g: pg.searchsorted(g.m, g.w), PlugradError),
    "a gradient of integers": (lambda g: pg.grad(lambda i: pg.sum(i))(g.i), DTypeError),
    "a gradient of a vector": (lambda g: pg.grad(lambda m: m)(g.m), ShapeError),
    "a tangent of another shape": (lambda g: pg.jvp(pg.sin, (g.m,), (pg.ones(3),)), ShapeError),
    "a cotangent of another shape": (lambda g: pg.vjp(pg.sin, g.m)[1](pg.ones(3)), ShapeError),
    "a batch of another length": (lambda g: pg.vmap(lambda a, b: a)(g.m, pg.ones(3)), ShapeError),
    "vmap, a branch": (lambda g: pg.vmap(lambda x: x if x > 0 else -x)(g.w), TransformError),
    "compile, a branch": (lambda g: pg.compile(lambda x: x if x > 0 else -x)(g.w[0]), TracingError),
    "backward of a vector": (lambda g: (g.w * 2.0).backward(), ShapeError),
    "float of several": (lambda g: float(g.w), ConversionError),
    "an index that is no integer": (lambda g: [1, 2][g.w[0]], ConversionError),
    "len of a number": (lambda g: len(pg.asarray(1.0)), ConversionError),
    "asarray of text": (lambda g: pg.asarray("text"), PlugradError),
    "asarray of rows of several lengths": (lambda g: pg.asarray([[1.0], [1.0, 2.0]]), PlugradError),
    "asarray of objects": (lambda g: pg.asarray(np.asarray([None])), PlugradError),
    "asarray of complex numbers as real ones": (lambda g: pg.asarray([1j], dtype=pg.float64), DTypeError),
    "asarray of a complex array as a real one": (lambda g: pg.asarray(np.ones(2) * 1j, dtype=pg.float64), DTypeError),
    "asarray of its own complex array as a real one": (lambda g: pg.asarray(g.z.data, dtype=pg.float64), DTypeError),
    "asarray of float16": (lambda g: pg.asarray(np.ones(2, np.float16)), DTypeError),
    "zeros of a negative size": (lambda g: pg.zeros((2, -1)), ShapeError),
    "arange by zero": (lambda g: pg.arange(0, 3, 0), ValidationError),
    "no such backend": (lambda g: g.m.to_backend("no-such"), BackendNotFoundError),
    "a namespace of no version": (lambda g: g.m.__array_namespace__(api_version="1999.01"), ValidationError),
}


def _set(x: Tensor, index: Any, value: Any) -> None:
    x[index] = value


def _refused(row: Wrong) -> None:
    wrong, error = row
    given = _given()
    y = given.w * given.w
    before = _state(given)
    try:
        found = wrong(given)
    except PlugradError as refusal:
        if not isinstance(refusal, error):
            raise Disagreement(f"{type(refusal).__name__}: {refusal}; {error.__name__} is right") from refusal
        _speaks(refusal)
    except Exception as raw:
        raise Disagreement(f"{type(raw).__name__} of the library: {raw}; {error.__name__} is right") from raw
    else:
        raise Disagreement(f"it gives {found!r:.200}; {error.__name__} is right")
    done("what was there, after the error,", _state(given), before)
    pg.sum(y).backward()
    done("a gradient, after the error,", given.w.grad.tolist(), [2.0, 4.0, 6.0])


def _speaks(error: PlugradError) -> None:
    if len(str(error)) < 10:
        raise Disagreement(f"the {type(error).__name__} says {str(error)!r}, which helps nobody")


def _state(given: Given) -> Any:
    """Values, histories, modes, and where new arrays go."""
    values = [(x.detach().tolist(), x.requires_grad, x.dtype.name, x.device) for x in given]
    mode = [pg.is_grad_enabled(), MODE.get() is None, pg.default_dtype().name, *current.choice()[:2]]
    return [values, given.w.grad, mode]


def _mixed(f: Callable[[Tensor, Tensor], Any]) -> None:
    """Operands of two backends: the mend is named."""
    home = here()
    if home.name == "numpy":
        raise Unsupported("asked of every other backend, against NumPy")
    a, b = pg.ones(2), pg.ones(2, backend="numpy", device="cpu")
    for x, y in ((a, b), (b, a)):
        try:
            found = f(x, y)
        except MixedBackendsError as error:
            done("the error names to_backend", "to_backend" in str(error), True)
            continue
        raise Disagreement(f"operands of {x.backend} and {y.backend} give {found!r:.100}")


MIXED: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "add": lambda a, b: a + b,
    "matmul": lambda a, b: a @ b,
    "where": lambda a, b: pg.where(a > 0, b, b),
    "concat": lambda a, b: pg.concat([a, b]),
    "index": lambda a, b: a[pg.astype(b, pg.int64)],
    "assignment": lambda a, b: _set(a, slice(None), b),
    "vmap": lambda a, b: pg.vmap(lambda x, y: x * y)(a, b),
    "compile": lambda a, b: pg.compile(lambda x, y: x * y)(a, b),
    "jvp": lambda a, b: pg.jvp(lambda x: x * b, (a,), (a,)),
}

CHECKS: tuple[Check, ...] = (
    by_rule("errors", "calls", WRONG, _refused),
    by_rule("errors", "backends", MIXED, _mixed),
)
