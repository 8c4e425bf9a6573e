"""docs/engine.py runs, is as short as it claims, and its miniature computes what plugrad computes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import plugrad as pg

PAGE = Path(__file__).parents[2] / "docs" / "engine.py"
X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
W = np.array([0.2, -0.9, 1.3])
T = np.array([1.0, 0.5, -2.0])


@pytest.fixture(scope="module")
def engine() -> ModuleType:
    """The page as a module: its assertions have held."""
    spec = spec_from_file_location("engine", PAGE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def model(xp: Any) -> Callable[[Any, Any], Any]:
    """One source text for both; an operand is used twice, one broadcasts, one sum has axes."""

    def f(w: Any, x: Any) -> Any:
        y = xp.tanh(xp.sum(x * w, axis=(0,)) + xp.sum(w)) * w
        return xp.sum(y * y * w) + -2.0 * xp.sum(xp.tanh(w))

    return f


def transformed(xp: Any, jvp: Any) -> dict[str, Callable[[Any, Any, Any], Any]]:
    """Each nesting, of (w, x, t); x is one sample of shape (2, 3), or a batch of rows for vmap."""
    f, g = model(xp), xp.grad(model(xp))
    return {
        "value": lambda w, x, t: f(w, x),
        "grad": lambda w, x, t: g(w, x),
        "jvp": lambda w, x, t: jvp(lambda w: f(w, x), w, t),
        "grad(grad)": lambda w, x, t: xp.grad(lambda w: xp.sum(g(w, x) * t))(w),
        "grad(grad(grad))": lambda w, x, t: xp.grad(lambda w: xp.sum(xp.grad(lambda w: xp.sum(g(w, x) * t))(w) * t))(w),
        "jvp(grad)": lambda w, x, t: jvp(lambda w: g(w, x), w, t),
        "grad(jvp)": lambda w, x, t: xp.grad(lambda w: jvp(lambda w: f(w, x), w, t))(w),
        "jvp(jvp)": lambda w, x, t: jvp(lambda w: jvp(lambda w: f(w, x), w, t), w, t),
        "vmap": lambda w, x, t: xp.vmap(f, in_axes=(None, 0))(w, x),
        "vmap(grad)": lambda w, x, t: xp.vmap(g, in_axes=(None, 0))(w, x),
        "vmap(grad), the other argument": lambda w, x, t: xp.vmap(g, in_axes=(0, None))(x, w),
        "vmap(vmap(grad))": lambda w, x, t: xp.vmap(xp.vmap(g, in_axes=(None, 0)), in_axes=(0, None))(x, x),
        "grad(vmap)": lambda w, x, t: xp.grad(lambda w: xp.sum(xp.vmap(f, in_axes=(None, 0))(w, x)))(w),
        "vmap(jvp(grad))": lambda w, x, t: xp.vmap(lambda w, x: jvp(lambda w: g(w, x), w, t), in_axes=(None, 0))(w, x),
        "vmap of a constant": lambda w, x, t: xp.vmap(lambda w, x: g(w, w), in_axes=(None, 0))(w, x),
        "grad of a constant": lambda w, x, t: xp.grad(lambda w: f(t, x))(w),
        "jvp of a constant": lambda w, x, t: jvp(lambda w: f(t, x), w, t),
    }


def from_plugrad(name: str) -> np.ndarray[Any, Any]:
    def jvp(f: Any, w: Any, t: Any) -> Any:
        return pg.jvp(f, (w,), (t,))[1]

    return transformed(pg, jvp)[name](*map(pg.asarray, (W, X, T))).numpy()


def from_engine(engine: ModuleType, name: str, compiled: bool = False) -> np.ndarray[Any, Any]:
    f = transformed(engine, lambda *args: engine.jvp(*args)[1])[name]
    f = engine.compile(f) if compiled else f
    return np.asarray(f(*map(engine.asarray, (W, X, T))).data)


NESTINGS = list(transformed(pg, pg.jvp))


@pytest.mark.parametrize("name", NESTINGS)
def test_agrees_with_plugrad(engine: ModuleType, name: str) -> None:
    np.testing.assert_allclose(from_engine(engine, name), from_plugrad(name), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [n for n in NESTINGS if "constant" not in n])
def test_compiled_agrees_with_plugrad(engine: ModuleType, name: str) -> None:
    np.testing.assert_allclose(from_engine(engine, name, compiled=True), from_plugrad(name), rtol=1e-12, atol=1e-12)


def test_backward_agrees_with_plugrad(engine: ModuleType) -> None:
    leaf = engine.requires_grad(engine.asarray(W))
    for _ in range(2):  # it accumulates
        engine.backward(model(engine)(leaf, engine.asarray(X)))
    w = pg.asarray(W, requires_grad=True)
    for _ in range(2):
        model(pg)(w, pg.asarray(X)).backward()
    assert w.grad is not None
    np.testing.assert_allclose(leaf.node.grad.data, w.grad.numpy(), rtol=1e-12)


def test_source_is_without_dead_code_and_without_the_engine(engine: ModuleType) -> None:
    fast = engine.compile(engine.grad(model(engine)))
    fast(engine.asarray(W), engine.asarray(X))
    lines = fast.source.splitlines()
    made = [line.split(" = ")[0].strip() for line in lines[1:-1]]
    assert lines[0] == "def run(x0, x1):"
    assert lines[-1] == f"    return {made[-1]}"
    assert all(any(name in line.split(" = ")[-1] for line in lines[1:]) for name in made)


def test_other_shapes_are_traced_again(engine: ModuleType) -> None:
    square = engine.compile(lambda x: engine.sum(x * x))
    assert square(engine.asarray([1.0, 2.0])).data == 5
    assert square(engine.asarray([1.0, 2.0, 3.0])).data == 14


def test_a_value_does_not_outlive_its_transform(engine: ModuleType) -> None:
    kept: list[Any] = []
    engine.jvp(lambda w: kept.append(w) or w, engine.asarray(W), engine.asarray(T))
    with pytest.raises(RuntimeError, match="finished transform"):
        engine.tanh(kept[0])


def test_names_are_the_products(engine: ModuleType) -> None:
    from plugrad import ops, tensor, traces, transforms, walk
    from plugrad.backends import protocol
    from plugrad.compiler import tracing
    from plugrad.rules import families

    for module, names in {
        ops: "Op ADD MULTIPLY NEGATIVE TANH SUM RESHAPE BROADCAST_TO",
        protocol: "Kernels",
        tensor: "Tensor Node Leaf apply record ticket RECORDING",
        families: "elementwise linear",
        walk: "walk",
        traces: "Trace Dual Taped Batched",
        transforms: "jvp grad vmap",
        tracing: "Symbol",
        pg: "asarray sum tanh compile",
    }.items():
        for name in names.split():
            assert hasattr(module, name), f"{module.__name__} has no {name}"
            assert hasattr(engine, name)
    for op in engine.NUMPY:
        assert tuple(op.operands) == tuple(ops.TABLE[op.name].operands)


def test_runs_as_a_script_in_a_page_of_that_length() -> None:
    done = subprocess.run([sys.executable, "-W", "error", str(PAGE)], capture_output=True, encoding="utf8", check=False)
    assert done.returncode == 0, done.stderr
    assert "def run(x0, x1):" in done.stdout
    text = PAGE.read_text(encoding="utf8")
    assert 160 <= len(text.splitlines()) <= 240
    assert "plugrad" not in {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
