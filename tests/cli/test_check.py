"""``plugrad check`` finds a user's function and its inputs, gives cross_validate's table, and says what is wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import plugrad as pg
from plugrad.cli.app import app
from plugrad.cli.check import importable_from_here, inputs_of
from plugrad.errors import BackendNotFoundError, DTypeError, PlugradError, ShapeError, ValidationError
from plugrad.testing import cross_validate

from ..backends.plugins import Site
from .test_cli import plugrad_

MINE = """
import numpy as np

NUMBER = 3

def loss(xp, w, b=1.0):
    return xp.sum(xp.exp(w) * b)

def wrong(xp, w):
    y = xp.sum(xp.exp(w))
    return y * (1 + 1e-9) if xp.__name__ == "plugrad" else y

def alone(xp):
    return xp.ones(3)

def pair():
    return np.ones((2, 3)), 2.0

def lone():
    return {"w": np.ones(2)}

def of_tree(xp, tree):
    return xp.sum(tree["w"] ** 2)

class Model:
    @staticmethod
    def loss(xp, w):
        return w * w
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, with modules in it."""
    (tmp_path / "mine.py").write_text(MINE, encoding="utf8")
    (tmp_path / "lacks.py").write_text("import no_such_library", encoding="utf8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    yield tmp_path
    for name in ("mine", "lacks"):
        sys.modules.pop(name, None)


def check(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments], catch_exceptions=False)


def ran(*arguments: str) -> dict[str, Any]:
    """The report of a run on NumPy alone, judged by itself."""
    check(*arguments, "--backend", "numpy", "--no-torch", "--json", "report.json")
    found: dict[str, Any] = json.loads(Path("report.json").read_text(encoding="utf8"))
    return found


# ------------------------------------------------------------------------------------------------------------ what runs


def test_table_and_exit_code() -> None:
    pytest.importorskip("torch")
    done = check("mine:loss", "--shape", "3,4", "--backend", "numpy", "--order", "2")
    assert done.exit_code == 0
    lines = [re.split(r"\s{2,}", line.strip()) for line in done.output.splitlines()]
    assert lines[0][0].startswith("loss against torch.autograd")
    assert [(*row[:4], row[5]) for row in lines[2:]] == [
        ("numpy", "value", "()", "float64", "ok"),
        ("numpy", "gradient of inputs[0]", "(3, 4)", "float64", "ok"),
        ("numpy", "derivative 2 of inputs[0]", "(3, 4)", "float64", "ok"),
    ]
    done = check("mine:wrong", "--shape", "3", "--backend", "numpy")
    assert done.exit_code == 1
    assert done.output.count("beyond the bound") == 2
    assert check("mine:wrong", "--shape", "3", "--backend", "numpy", "--bound", "1e9").exit_code == 0


def test_files_have_what_the_library_gives() -> None:
    def loss(xp: Any, w: Any) -> Any:
        return xp.sum(xp.exp(w))

    options = ("--backend", "numpy", "--seed", "3", "--no-torch", "--json", "r.json", "--html", "r.html")
    assert check("mine:loss", "--shape", "2", *options).exit_code == 0
    w = np.random.default_rng(3).standard_normal(2)
    report = cross_validate(loss, w, backends=["numpy"], reference=None, seed=3)
    assert json.loads(Path("r.json").read_text(encoding="utf8")) == json.loads(report.to_json())
    assert Path("r.html").read_text(encoding="utf8") == report.to_html()


def test_all_backends_that_can_be_used_if_none_is_named() -> None:
    check("mine:loss", "--shape", "3", "--no-torch", "--json", "all.json")
    rows = json.loads(Path("all.json").read_text(encoding="utf8"))["rows"]
    assert {row["backend"] for row in rows} == {info.name for info in pg.backends() if info.cause is None}


def test_where_inputs_come_from() -> None:
    np.savez("named.npz", b=np.float64(2.0), w=np.ones((2, 3)))
    np.savez("ordered.npz", np.ones((2, 3)), 2.0)
    pair = ["inputs[0]: float64 (2, 3)", "inputs[1]: float64 ()"]
    for source in ("mine:pair", "named.npz", "ordered.npz"):
        assert ran("mine:loss", "--inputs", source)["inputs"] == pair, source
    assert ran("mine:of_tree", "--inputs", "mine:lone")["inputs"] == ["inputs[0]['w']: float64 (2,)"]
    assert ran("mine:loss", "--shape", "(2, 3)", "--shape", "()")["inputs"] == pair
    assert ran("mine:alone")["inputs"] == []
    assert ran("mine:Model.loss", "--shape", "2,", "--dtype", "float32")["inputs"] == ["inputs[0]: float32 (2,)"]


def test_random_inputs_are_those_of_the_seed() -> None:
    def f(xp: Any, a: Any, b: Any) -> None: ...

    a, b = inputs_of(f, None, ("2", "2"), 0)
    assert not np.array_equal(a, b)
    assert np.array_equal(a, inputs_of(f, None, ("2", "2"), 0)[0])
    assert not np.array_equal(a, inputs_of(f, None, ("2", "2"), 1)[0])


def test_the_path_stays_as_it_was(here: Path) -> None:
    before = list(sys.path)
    with importable_from_here():
        assert sys.path[0] == str(here)
    assert sys.path == before


# ------------------------------------------------------------------------------------------------------- what does not

REFUSED: list[tuple[str, str, type[PlugradError], str]] = [
    ("no colon", "mine", ValidationError, "'mine' names no function; write \"module:function\""),
    ("no module", "mne:loss --shape 3", ValidationError, "no module is named 'mne'; it is looked for in"),
    ("a file", "mine.py:loss --shape 3", ValidationError, "no module is named 'mine.py'; write mine"),
    ("no function", "mine:los --shape 3", ValidationError, "mine has no 'los'; did you mean 'loss'"),
    ("no attribute", "mine:Model.los --shape 3", ValidationError, "Model has no 'los'; did you mean 'loss'"),
    ("no function at all", "mine:NUMBER", ValidationError, "mine:NUMBER is of type int, which cannot be called"),
    ("no inputs", "mine:loss", ValidationError, r"loss\(xp, w, b=1.0\) is given xp and 0 inputs: .*'w'; .*--shape"),
    ("too many", "mine:loss --shape 1 --shape 1 --shape 1", ValidationError, "too many positional arguments"),
    ("two sources", "mine:loss --shape 3 --inputs mine:pair", ValidationError, "give one of them"),
    ("no such inputs", "mine:loss --inputs mine:pear", ValidationError, "mine has no 'pear'; did you mean 'pair'"),
    ("no shape", "mine:loss --shape 3,x", ShapeError, "--shape '3,x' is no shape"),
    ("no file", "mine:loss --inputs none.npz", ValidationError, r"no file none.npz; numpy.savez\("),
    ("no archive", "mine:loss --inputs text.npz", ValidationError, "text.npz cannot be read: .*; numpy.savez makes"),
    ("half an archive", "mine:loss --inputs half.npz", ValidationError, "half.npz cannot be read"),
    ("one array", "mine:loss --inputs one.npz", ValidationError, "one.npz cannot be read"),
    ("objects", "mine:loss --inputs objects.npz", ValidationError, "objects.npz cannot be read: Object arrays"),
    ("other names", "mine:loss --inputs other.npz", ValidationError, r"other.npz has q, and loss\(xp, w, b=1.0\) "),
    ("no backend", "mine:loss --shape 3 --backend numpi", BackendNotFoundError, "did you mean 'numpy'"),
    ("no dtype", "mine:loss --shape 3 --dtype int8", DTypeError, "'int8' is no floating dtype"),
    ("no folder", "mine:loss --shape 3 --no-torch --html a/b.html", ValidationError, "a/b.html cannot be written"),
]


@pytest.mark.parametrize("words, error, match", [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_refused(words: str, error: type[PlugradError], match: str) -> None:
    Path("text.npz").write_text("a, b")
    np.savez("half.npz", np.ones(99))
    Path("half.npz").write_bytes(Path("half.npz").read_bytes()[:200])
    with open("one.npz", "wb") as file:
        np.save(file, np.ones(3))
    np.savez("objects.npz", w=np.array([None]))
    np.savez("other.npz", q=np.ones(3))
    with pytest.raises(error, match=match) as caught:
        check(*words.split())
    assert "\n" not in str(caught.value)


def test_what_a_users_module_lacks_is_not_taken_for_the_module() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        check("lacks:loss")


def test_in_a_shell(tmp_path: Path) -> None:
    """From the current directory; one line for an error, and who ran the function if that raised it."""
    site = Site(tmp_path)
    code, out, _ = plugrad_(site, "check", "mine:loss", "--shape", "3", "--backend", "numpy", "--no-torch")
    assert (code, out.count("ok")) == (0, 2)
    code, out, err = plugrad_(site, "check", "mine:nothing")
    assert (code, out, err) == (1, "", "mine:nothing: mine has no 'nothing'\n")
    site.write("mine.py", "def fails(xp, w): return xp.reshape(w, (5,))")
    code, _, err = plugrad_(site, "check", "mine:fails", "--shape", "3", "--backend", "numpy", "--no-torch")
    assert code == 1
    assert re.fullmatch(r"reshape.*\ncross_validate: while numpy ran the function\n", err)
