"""docs/functions.md says what is so: the page is made anew and compared, and it leaves no function out."""

from __future__ import annotations

import importlib.util
import inspect
from types import ModuleType

import pytest

import plugrad as pg
from plugrad import ops
from plugrad.testing import functions

from .pages import DOCS


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("functions_page", DOCS / "functions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_makes(script: ModuleType) -> None:
    text = script.PAGE.read_text(encoding="utf8")
    backends = script.backends_of(text)
    missing = set(backends) - {row.name for row in pg.backends() if row.status in ("ready", "available")}
    if missing:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")
    made, failed = script.page(backends)
    assert made == text, "run python docs/functions.py"
    assert failed == 0


def public() -> list[str]:
    """Every public function of the standard's chapters and of the namespaces beside them."""
    found = [n for n in pg.namespace.__all__ if inspect.isfunction(getattr(pg, n)) and not n.startswith("__")]
    for name in ("linalg", "fft", "nn", "special"):
        module = getattr(pg, name)
        found += [f"{name}.{n}" for n in module.__all__ if inspect.isfunction(getattr(module, n))]
    return found


@pytest.mark.parametrize("name", public())
def test_every_public_function_is_on_the_page(name: str) -> None:
    assert any(call.startswith(f"{name}(") for _, call in functions.calls())


def test_four_fifths_of_the_rules_are_one_expression(script: ModuleType) -> None:
    one, every = script.rules()
    assert every > 100
    assert one >= 0.8 * every


def test_a_wrong_rule_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    good = functions.probe("sinh(x)", "numpy")
    assert (good.reverse, good.forward, good.second, good.compound) == (True, True, True, True)
    wrong = tuple(lambda xp, ct, y, args, params, edge: ct * xp.sinh(args[0]) for _ in range(1))
    ops.SINH.pulls  # compiled before it is replaced
    monkeypatch.setattr(ops.SINH, "pulls", wrong)
    bad = functions.probe("sinh(x)", "numpy")
    assert (bad.value, bad.reverse) == (True, False)
    assert "central differences" in bad.problem


def test_what_does_not_run_is_said() -> None:
    verdict = functions.probe("sinh(nobody)", "numpy")
    assert not verdict.value
    assert "nobody" in verdict.problem
