"""einops is told of plugrad when both are there, in whichever order they come; a program without it pays nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import einops
import pytest

import plugrad as pg
from plugrad.errors import ConversionError

TURNS = "print(einops.rearrange(pg.asarray([[1, 2], [3, 4]]), 'a b -> (b a)').tolist())"


def output(program: str, folder: Path) -> str:
    """What a program prints in a new process, `folder` on its path before what is installed."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{program}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "imports",
    [
        "import plugrad as pg, einops",
        "import einops, plugrad as pg",
        "import plugrad as pg\nfrom einops.layers import _einmix\nimport einops",
        "import einops, numpy\neinops.rearrange(numpy.ones((2, 2)), 'a b -> b a')\nimport plugrad as pg",
    ],
    ids=["plugrad first", "einops first", "a part of einops first", "einops in use first"],
)
def test_einops_knows_tensors(imports: str, tmp_path: Path) -> None:
    assert output(f"{imports}\n{TURNS}", tmp_path) == "[1, 3, 2, 4]\n"


def test_einops_is_not_imported_unasked(tmp_path: Path) -> None:
    assert output("import plugrad\nprint('einops' in sys.modules)", tmp_path) == "False\n"


def test_without_einops_its_import_fails_as_ever(tmp_path: Path) -> None:
    program = """
import plugrad
sys.path[:] = [p for p in sys.path if not p.endswith("-packages")]
try:
    import einops
except ModuleNotFoundError as error:
    print(error)
"""
    assert output(program, tmp_path) == "No module named 'einops'\n"


def test_another_einops_imports_with_a_warning(tmp_path: Path) -> None:
    """One that has no backends of this form, as a later version may: its own import goes on."""
    (tmp_path / "einops.py").write_text("works = True\n", encoding="utf8")
    said = output("import plugrad\nimport einops\nprint(einops.works)", tmp_path)
    assert "True" in said
    assert "PlugradWarning: this version of einops does not take plugrad's tensors" in said


def test_asnumpy_gives_no_history_away() -> None:
    w = pg.ones(2, requires_grad=True)
    assert einops.asnumpy(w.detach()).tolist() == [1.0, 1.0]
    with pytest.raises(ConversionError, match="history would be lost"):
        einops.asnumpy(w)


def test_means_of_integers_are_refused_as_everywhere_in_einops() -> None:
    with pytest.raises(NotImplementedError, match="reduce_mean is not available for non-floating tensors"):
        einops.reduce(pg.asarray([1, 2]), "a ->", "mean")


def test_transforms_go_through() -> None:
    pool = lambda x: einops.reduce(x * x, "(h k) w -> h w", "mean", k=2)  # noqa: E731
    x = pg.asarray([[1.0], [2.0], [3.0], [4.0]])
    assert pg.vmap(pg.grad(lambda x: pg.sum(pool(x))))(pg.stack([x, x])).tolist() == [[[1.0], [2.0], [3.0], [4.0]]] * 2
    assert pg.compile(pool)(x).tolist() == [[2.5], [12.5]]
