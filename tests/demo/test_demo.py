"""The demo learns, proves its gradients, says what it lacks, and fails when a gradient is wrong."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.backends import current
from plugrad.demo import run, train
from plugrad.demo.digits import load, split
from plugrad.errors import BackendNotFoundError, DeviceError

torch = pytest.importorskip("torch")

FOLDER = Path(train.__file__).parent


def held_out_accuracy(output: str) -> float:
    """In percent, as the demo says."""
    found = re.search(r"accuracy ([\d.]+)% on 359 digits that were held out", output)
    assert found, output
    return float(found[1])


# -------------------------------------------------------------------------------------------------------------- digits


def test_digits_are_scikit_learns() -> None:
    pytest.importorskip("sklearn")
    wanted = runpy.run_path(str(Path(__file__).with_name("make_digits.py")))["digits"]()
    for name, array in load()._asdict().items():
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, wanted[name])


def test_digits_are_small_and_say_where_they_come_from() -> None:
    assert (FOLDER / "digits.npz").stat().st_size < 70_000
    said = (FOLDER / "README.md").read_text(encoding="utf-8")
    for word in ("Alpaydin", "Kaynak", "UCI", "creativecommons.org/licenses/by/4.0"):
        assert word in said


def test_held_out_digits_are_not_learnt_from() -> None:
    learnt, held_out = split(load())
    assert len(learnt.labels) + len(held_out.labels) == 1797
    both = {image.tobytes() for image in learnt.images} & {image.tobytes() for image in held_out.images}
    assert not both
    assert set(held_out.labels) == set(range(10))


# ------------------------------------------------------------------------------------------------------------- the run


def test_learns_and_agrees_with_torch(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    start = time.perf_counter()
    assert run() == 0
    assert time.perf_counter() - start < 30
    output = capsys.readouterr().out
    assert output.startswith(
        f"plugrad on {backend} ({pg.ones(1).device}), float64: 1438 digits to learn from\nepoch  1: loss "
    )
    assert held_out_accuracy(output) >= 95
    assert f"largest difference to torch.autograd {torch.__version__}: " in output
    assert "(at most 100 pass)\n" in output
    for quantity in ("value", *(f"gradient of params['{name}']" for name in ("b1", "b2", "w1", "w2"))):
        assert re.search(rf"^{re.escape(quantity)} +[\d.e-]+ +[\d.e-]+$", output, re.MULTILINE), output


@pytest.mark.parametrize("seed", range(1, 4))
def test_learns_from_any_start(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(backend="numpy", seed=seed) == 0
    assert held_out_accuracy(capsys.readouterr().out) >= 95


def test_same_seed_same_run(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for seed in (0, 0, 1):
        run("numpy", epochs=1, seed=seed)
        outputs.append(capsys.readouterr().out.splitlines()[1])
    assert outputs[0] == outputs[1] != outputs[2]


@pytest.mark.numpy
def test_default_dtype_and_device(capsys: pytest.CaptureFixture[str]) -> None:
    pg.set_default_dtype(pg.float32)
    try:
        assert run(device="cpu", epochs=1) == 0
    finally:
        pg.set_default_dtype(pg.float64)
    assert capsys.readouterr().out.startswith("plugrad on numpy (cpu), float32")


@pytest.mark.numpy
def test_backend_without_the_default_dtype_takes_float32(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = current.table("numpy").backend
    without = {ours: its for ours, its in backend.dtypes.items() if ours is not pg.float64}
    monkeypatch.setattr(type(backend), "dtypes", property(lambda self: without))
    assert train.initial(pg.random.Generator(0))["w1"].dtype is pg.float32


@pytest.mark.numpy
def test_unknown_backend_or_device() -> None:
    with pytest.raises(BackendNotFoundError, match="nunpy"):
        run("nunpy")
    with pytest.raises(DeviceError, match="cuda"):
        run("numpy", "cuda")
    assert current.choice().backend == "numpy"


# ------------------------------------------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize("op", [ops.TANH, ops.LOG_SOFTMAX], ids=["tanh", "log_softmax"])
def test_wrong_gradient_gives_exit_code_1(
    op: Any, backend: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (pull,) = op.pulls
    monkeypatch.setattr(op, "pulls", (lambda *given: pull(*given) * (1 + 1e-10),))
    monkeypatch.delitem(current.table(backend).pulls, op, raising=False)
    assert run(epochs=1) == 1
    output = capsys.readouterr().out
    assert re.search(r"^gradient of params\['w1'\] .*  first step: beyond the bound", output, re.MULTILINE), output
    assert re.search(r"^value +[\d.e-]+ +[\d.e-]+$", output, re.MULTILINE), output


def test_without_torch_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(train, "find_spec", lambda name: None)
    monkeypatch.setattr(train, "cross_validate", lambda *_, **__: pytest.fail("something was compared"))
    assert run("numpy", epochs=1) == 0
    assert capsys.readouterr().out.endswith("torch is not installed, so no gradient was compared: pip install torch\n")


def test_torch_is_not_loaded_unless_needed() -> None:
    code = "import sys, plugrad.demo; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ----------------------------------------------------------------------------------------------------------- the bar


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("rich._console", None)  # a console of its own: what other tests do with rich's is not seen
    assert list(train._shown(iter("abc"), 3)) == ["a", "b", "c"]
    assert "learning" in capsys.readouterr().out


@pytest.mark.parametrize("terminal, rich", [(True, False), (False, True)])
def test_no_bar_otherwise(terminal: bool, rich: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    if not rich:
        monkeypatch.setattr(train, "find_spec", lambda name: None)
    steps = iter("abc")
    assert train._shown(steps, 3) is steps
