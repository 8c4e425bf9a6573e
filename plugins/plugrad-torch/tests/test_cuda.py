"""torch on a GPU: the whole conformance kit where there is one, and everywhere on one that is simulated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
FAMILIES = ("conventions", "devices", "errors", "gradients", "promotion")  # where a GPU could differ


def test_on_a_gpu(subtests: pytest.Subtests) -> None:
    if not torch.cuda.is_available():
        pytest.skip("SKIP_NO_HARDWARE: torch sees no GPU")
    from plugrad_conformance.questions import questions
    from plugrad_conformance.runner import run
    from plugrad_conformance.subjects import find

    for result in run(find("torch:cuda"), questions()):
        with subtests.test(f"{result.family}-{result.check}-{result.case}"):
            assert result.outcome.ok, f"{result.outcome}: {result.message}"


def test_on_a_simulated_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    import simulated_gpu

    if torch.version.cuda is not None:
        pytest.skip(f"SKIP_CUDA_BUILD: this torch has kernels for CUDA {torch.version.cuda} of its own")
    if simulated_gpu.COMPILER is None:
        pytest.skip("SKIP_NO_COMPILER: there is no c++ on the path")
    library = simulated_gpu.build(tmp_path)
    asked = subprocess.run(
        [sys.executable, "-m", "simulated_gpu", str(library), *FAMILIES],
        cwd=HERE, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stdout + asked.stderr
