"""What the ported attacks share: a table of named cases, and the few doors that make a case one line.

A table is a list of `holds(name, ours, want)` and `refuses(name, f)`; the names are the prototype's own, so that
one can count that none was dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.backends import current
from plugrad.errors import PlugradError
from plugrad.tensor import base

Case = Callable[[], None]


def table(*cases: Any) -> pytest.MarkDecorator:
    """Parametrise a test function, whose body is `case()`, by the cases of a table."""
    return pytest.mark.parametrize("case", cases)


def holds(name: str, ours: Callable[[], Any], want: Any, *marks: Any) -> Any:
    """A case: the value of ours() has the shape and the values of `want`, which may be a function too."""

    def case() -> None:
        same(ours(), want() if callable(want) else want)

    return pytest.param(case, id=name, marks=marks)


def refuses(name: str, f: Callable[[], Any]) -> Any:
    """A case: f() raises one of plugrad's own errors."""

    def case() -> None:
        with pytest.raises(PlugradError):
            f()

    return pytest.param(case, id=name)


def same(ours: Any, want: Any) -> None:
    """Both have one shape, and the same values up to rounding."""
    got, expected = np.asarray(raw(ours)), np.asarray(raw(want))
    assert got.shape == expected.shape, f"shape {got.shape}, want {expected.shape}"
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def raw(value: Any) -> Any:
    """The NumPy array at the bottom of a tensor of any level, of either library; lists and tuples item by item."""
    if isinstance(value, (tuple, list)):
        return [raw(item) for item in value]
    if isinstance(value, pg.Tensor):
        low = base(value)
        return low.by.backend.to_numpy(low.data)
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def floats(values: Any) -> pg.Tensor:
    """A constant of dtype float64."""
    return pg.asarray(values, dtype=pg.float64)


def leaf(values: Any) -> pg.Tensor:
    """A float64 constant whose gradient is asked for; inside a transform, a leaf of that transform's ambient tape."""
    return pg.asarray(values, dtype=pg.float64, requires_grad=True)


def given(values: Any) -> Any:
    """An argument as users hand it over: a NumPy array; where another backend makes new arrays, moved to it before."""
    return values if current.choice().backend == "numpy" else floats(values)


def requires_grad(x: pg.Tensor) -> pg.Tensor:
    """A leaf with the value of x, which stays a function of whatever the transforms around differentiate."""
    return pg.asarray(x, copy=True).requires_grad_()


def backward(loss: pg.Tensor, to: pg.Tensor) -> pg.Tensor:
    """The gradient that loss.backward() leaves in the leaf `to`."""
    loss.backward()
    assert to.grad is not None
    return to.grad


def jvp(f: Callable[..., Any], x: Any, tangent: Any) -> Any:
    """(value, tangent) of a function of one argument."""
    return pg.jvp(f, (x,), (tangent,))


def second_derivative(f: Callable[..., Any], x: Any) -> pg.Tensor:
    """The gradient of the sum of the gradient of f at x, by create_graph."""
    w = leaf(x)
    (g,) = pg.autograd.grad(f(w), w, grad_outputs=floats(1.0), create_graph=True)
    return backward(pg.sum(g), w)


def quietly(f: Callable[[], Any]) -> Any:
    """f() under no_grad."""
    with pg.no_grad():
        return f()


def off_fast_path(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, called where an outermost grad can't use level 0's own nodes: under no_grad, which stops only older traces."""
    return lambda *xs: quietly(lambda: f(*xs))


def in_thread(f: Callable[[], Any]) -> Any:
    """f() as a worker thread computes it; its error is raised here."""
    results, errors = [], []

    def work() -> None:
        try:
            results.append(f())
        except Exception as error:
            errors.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    if errors:
        raise errors[0]
    return results[0]


def leaked(run: Callable[[Callable[..., Any]], Any]) -> pg.Tensor:
    """A value that is made inside the transform that `run` runs, and kept after it has finished."""
    kept = []

    def f(x: pg.Tensor) -> pg.Tensor:
        kept.append(x * x)
        return x

    run(f)
    return kept[0]


def ambient(z: pg.Tensor) -> pg.Tensor:
    """d/dw (w * w * z) * z at w = 2, which is 4 * z * z, by .backward() of a leaf made here."""
    w = leaf(2.0)
    return backward(w * w * z, w) * z


ONE, THREE = floats(1.0), floats(3.0)
