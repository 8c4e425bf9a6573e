"""check_grads passes right derivatives to any order, and says which mode is wrong, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.errors import ConversionError, ValidationError
from plugrad.testing import check_grads

X = pg.asarray([0.5, -1.0, 2.0])
Z = pg.asarray([0.5 + 1j, -1.0 - 0.5j])
M = pg.asarray(np.arange(6.0).reshape(2, 3) / 3)

RIGHT: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "scalar": (lambda x: pg.sum(pg.exp(x) * x), (X,)),
    "0-d": (lambda x: pg.sin(x), (0.5,)),
    "vector": (lambda x: pg.tanh(x) / (1 + x * x), (X,)),
    "several": (lambda x, m: (m @ x, {"outer": x[:, None] * x}), (X, M)),
    "pytree": (lambda p: pg.sum(pg.sin(p["a"][0]) * p["b"]), ({"a": [X], "b": X},)),
    "integers": (lambda x, at: x[at] ** 3, (X, pg.asarray([2, 2, 0]))),
    "integer-result": (lambda x: (x * x, pg.argmax(x)), (X,)),
    "python": (lambda x, n: x**3 * n, (0.5, 2)),
    "numpy": (lambda x: pg.exp(x), (np.array([0.5, 1.0]),)),
    "linear": (lambda x: pg.sum(x), (X,)),
    "constant": (lambda x: pg.ones(2), (X,)),
    "empty": (lambda x: pg.sum(x**2), (pg.zeros((0, 3)),)),
    "holomorphic": (lambda z: pg.exp(z) * z, (Z,)),
    "not-holomorphic": (lambda z: pg.sum(pg.abs(z) * pg.conj(z)), (Z,)),
    "real-of-complex": (lambda z: pg.real(z * z) + pg.imag(z), (Z,)),
    "float32": (lambda x: pg.sum(pg.exp(x) * x), (pg.astype(X, pg.float32),)),
    "complex64": (lambda z: pg.exp(z), (pg.astype(Z, pg.complex64),)),
    "large": (lambda x: pg.sin(x), (X * 1000,)),
    "offset": (lambda x: x + 1e8, (X,)),
    "steep": (lambda x: x**9, (X * 3,)),
}


@pytest.mark.parametrize("f, inputs", RIGHT.values(), ids=RIGHT)
def test_right_derivatives_pass(f: Any, inputs: Any, backend: str) -> None:
    inputs = tuple(x.to_backend(backend) if isinstance(x, pg.Tensor) else x for x in inputs)
    for seed in range(3):
        check_grads(f, *inputs, order=3, seed=seed)


def wrong(pull: Any, factor: float) -> Any:
    return lambda *given: pull(*given) * factor


def test_wrong_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.SINH, "pulls", tuple(wrong(pull, 1 + 1e-6) for pull in ops.SINH.pulls))
    with pytest.raises(ValidationError, match=r"by reverse and .* by central differences; .* the bound is 100"):
        check_grads(pg.sinh, X, order=1)


def test_wrong_forward_mode_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.SINH, "push", wrong(ops.SINH.push, 1 + 1e-6))
    check_grads(pg.sinh, X, order=1, modes=["reverse"])
    with pytest.raises(ValidationError, match=r"by forward and .* by central differences"):
        check_grads(pg.sinh, X, order=1)


def test_modes_that_differ_by_less_than_differences_see_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.SINH, "push", wrong(ops.SINH.push, 1 + 1e-12))
    check_grads(pg.sinh, X, order=1, modes=["forward"])
    with pytest.raises(ValidationError, match=r"by forward and .* by reverse"):
        check_grads(pg.sinh, X, order=1)


def test_rule_wrong_at_second_order_alone_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        return ct * xp.cosh(args[0].detach())

    monkeypatch.setattr(ops.SINH, "pulls", (once,))
    check_grads(pg.sinh, X, order=1)
    with pytest.raises(ValidationError, match=r"by reverse over reverse and .* by central differences"):
        check_grads(pg.sinh, X, order=2)


def test_only_the_modes_asked_for_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.SINH, "pulls", ())
    monkeypatch.setattr(ops.SINH, "push", lambda y, args, tangents, params: tangents[0] * pg.cosh(args[0]))
    check_grads(pg.sinh, X, modes=["forward"])


def test_kink_fails() -> None:
    with pytest.raises(ValidationError, match="central differences"):
        check_grads(pg.nn.relu, pg.zeros(3), order=1)


def test_nan_fails() -> None:
    with pytest.raises(ValidationError, match="nan"):
        check_grads(lambda x: pg.sqrt(x), pg.asarray(-1.0), order=1)


def test_python_data_is_made_where_new_arrays_go(backend: str) -> None:
    seen = set()

    def f(x: Any) -> Any:
        seen.add(x.backend)
        return x * x

    check_grads(f, 0.5)
    assert seen == {backend}


REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("modes", lambda: check_grads(pg.sin, X, modes=["backward"]), ValidationError, "'reverse' and 'forward'"),  # type: ignore[list-item]
    ("no-modes", lambda: check_grads(pg.sin, X, modes=[]), ValidationError, "modes are"),
    ("integers", lambda: check_grads(pg.sin, 1), ValidationError, "nothing to differentiate"),
    ("no-function", lambda: check_grads(3, X), ValidationError, "check_grads: takes a function, not int 3"),  # type: ignore[arg-type]
    ("result", lambda: check_grads(lambda x: 1.0, X), ConversionError, "returned float, not a tensor"),
]


@pytest.mark.parametrize("call, error, match", [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_refused(call: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
