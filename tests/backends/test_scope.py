"""A backend's scope holds while plugrad computes on raw arrays, and at no other time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

import plugrad as pg
from plugrad.backends import current, manager
from plugrad.backends.numpy import NumPyBackend
from plugrad.backends.spec import BackendSpec

pytestmark = pytest.mark.numpy
ENTERED: list[str] = []  # the scopes that hold now
SEEN: list[list[str]] = []  # those that held when an operator met a raw array, or a kernel ran


def made(name: str) -> type[NumPyBackend]:
    """NumPy with a scope."""

    @contextmanager
    def scope(self: Any) -> Iterator[None]:
        ENTERED.append(name)
        try:
            yield
        finally:
            ENTERED.remove(name)

    return type("Made", (NumPyBackend,), {"name": name, "scope": scope})


@pytest.fixture
def one_and_two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two backends with scopes."""
    for name in ("one", "two"):
        module = ModuleType(f"{name}_backend")
        module.__dict__["Made"] = made(name)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        manager.register(BackendSpec(name=name, api=(1, 0), loader=f"{name}_backend:Made"))
    yield
    for name in ("one", "two"):
        manager.unregister(name)
    assert not current.SCOPES.keys() & {"one", "two"}
    SEEN.clear()


def noted(x: Any) -> Any:
    """Twice the operand, and a note of what holds."""
    SEEN.append(ENTERED.copy())
    return x + x


def test_kernels_run_in_their_own_scope(one_and_two: None) -> None:
    double = pg.extend.primitive(
        "scoped_double(x)", rule=pg.extend.elementwise(lambda ct: noted(ct)), default=lambda xp, x: noted(x)
    )
    try:
        for name in ("one", "two"):
            assert double(pg.asarray(3.0, backend=name)).item() == 6
        pg.extend.kernel(double, "one", noted)
        double(pg.asarray(3.0, backend="one"))
        pg.compile(double)(pg.asarray(3.0, backend="two"))
        double(pg.asarray(3.0, backend="numpy"))
        assert [SEEN[0], SEEN[1], SEEN[2], SEEN[-2], SEEN[-1]] == [["one"], ["two"], ["one"], ["two"], []]
    finally:
        pg.extend.unregister(double)


def test_a_walk_has_the_scopes_of_all_active_backends(one_and_two: None) -> None:
    double = pg.extend.primitive(
        "scoped_pull(x)", rule=pg.extend.elementwise(lambda ct: noted(ct)), default=lambda xp, x: x + x
    )
    try:
        for name, scopes in (("numpy", []), ("one", ["one"]), ("two", ["one", "two"]), ("numpy", ["one", "two"])):
            x = pg.asarray(3.0, backend=name, requires_grad=True)
            double(x).backward()
            assert (x.grad.item(), SEEN.pop(), SEEN, ENTERED) == (2, scopes, [], [])
    finally:
        pg.extend.unregister(double)


def test_a_scope_ends_with_an_error(one_and_two: None) -> None:
    with pytest.raises(pg.errors.ShapeError):
        pg.ones(2, backend="one") + pg.ones(3, backend="one")
    with pytest.raises(pg.errors.IndexingError):
        pg.ones((2, 2), backend="one")[[5], [0]]
    assert ENTERED == []


def test_where_operators_meet_raw_arrays_outside_of_kernels(one_and_two: None) -> None:
    def look(function: Any) -> Any:
        return lambda *args, **options: (SEEN.append(ENTERED.copy()), function(*args, **options))[1]

    x = pg.asarray([[1, 0], [2, 3]], backend="one")
    namespace = current.table("one").backend.namespace
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(namespace, "any", look(namespace.any))
        patch.setattr(namespace, "nonzero", look(namespace.nonzero))
        calls = (
            lambda: x[[0, 1], [1, 0]],
            lambda: x[x > 0],
            lambda: pg.nonzero(x),
            lambda: pg.pow(x, x),
            lambda: pg.nn.one_hot(x, 4),
        )
        for call in calls:
            SEEN.clear()
            call()
            assert SEEN
            assert all("one" in scopes for scopes in SEEN), SEEN
