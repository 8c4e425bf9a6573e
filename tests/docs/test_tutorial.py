"""The tutorial runs as it stands on every ready backend, and its numbers are torch's."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import plugrad as pg
from plugrad.cli.app import app

from .pages import blocks, run_console

PAGE = "tutorial.md"
ONCE = [[4.0 if i == k else 2.0 for k in range(5)] for i in range(4)]
TWICE = [[2 * g for g in row] for row in ONCE]


def session() -> str:
    """All that the page types, as one."""
    return "\n".join(blocks(PAGE, "pycon"))


def test_runs_on_every_backend(backend: str) -> None:
    assert run_console(session()) > 40


def test_other_library_as_shown() -> None:
    pytest.importorskip("plugrad_torch")
    (shown,) = blocks(PAGE, "text")
    with pg.use_backend("numpy"):
        assert run_console(shown, pg=pg) > 3


def test_check_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (file,), (line,) = blocks(PAGE, "python"), blocks(PAGE, "bash")
    name, _, text = file.removeprefix("# ").partition("\n")
    (tmp_path / name).write_text(text, encoding="utf8")
    program, *words = shlex.split(line)
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    sys.modules.pop("mine")
    assert (program, done.exit_code) == ("plugrad", 0), done.output
    assert done.output.count("derivative 2") == 2
    assert "all agree" in (tmp_path / words[-1]).read_text(encoding="utf8")


WRONG = {
    "a value": ("tensor(0.84333965", "tensor(0.84334965"),
    "an element": ("[4., 2., 2.", "[4., 2., 3."),
    "an error": ("pass retain_graph=True", "pass retain_graph=False"),
    "a flag": ("(True, False, None)", "(True, True, None)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_claim_is_noticed(what: str) -> None:
    right, wrong = WRONG[what]
    assert right in session()
    with pytest.raises(pytest.fail.Exception):
        run_console(session().replace(right, wrong, 1))


def vector_jacobian_products(xp: Any) -> list[Any]:
    """The page's three walks in words that are torch's and ours, and a fourth after zeroing the other way."""
    inp = xp.eye(4, 5, requires_grad=True)
    out = (inp + 1).pow(2).T
    found = []
    for before in (lambda: inp.grad, lambda: inp.grad, lambda: None, lambda: xp.zeros_like(inp)):
        inp.grad = before()
        out.backward(xp.ones_like(out), retain_graph=True)
        found.append(inp.grad.tolist())
    return found


def test_vector_jacobian_products_are_torchs(backend: str) -> None:
    torch = pytest.importorskip("torch")
    assert vector_jacobian_products(pg) == vector_jacobian_products(torch) == [ONCE, TWICE, ONCE, ONCE]


def test_one_layer_is_torchs(backend: str) -> None:
    """The page's network: same parameters, loss and gradients within an eps or two."""
    torch = pytest.importorskip("torch")
    pg.random.seed(0)
    w, b = (pg.random.normal(shape, requires_grad=True) for shape in ((5, 3), (3,)))
    loss = pg.nn.binary_cross_entropy_with_logits(pg.matmul(pg.ones(5), w) + b, pg.zeros(3))
    loss.backward()
    its_w, its_b = (torch.tensor(t.tolist(), dtype=torch.float64, requires_grad=True) for t in (w, b))
    its_z = torch.matmul(torch.ones(5, dtype=torch.float64), its_w) + its_b
    its_loss = torch.nn.functional.binary_cross_entropy_with_logits(its_z, torch.zeros(3, dtype=torch.float64))
    its_loss.backward()
    assert loss.item() == pytest.approx(its_loss.item(), rel=1e-14)
    np.testing.assert_allclose(w.grad.tolist(), its_w.grad.tolist(), rtol=1e-14)
    np.testing.assert_allclose(b.grad.tolist(), its_b.grad.tolist(), rtol=1e-14)
