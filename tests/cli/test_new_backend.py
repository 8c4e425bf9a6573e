"""``plugrad new-backend`` writes a project that builds, is found, computes and passes the kit; or it writes nothing."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_wheel
from typer.testing import CliRunner, Result

from plugrad.backends import manager
from plugrad.backends.spec import BackendSpec
from plugrad.cli.app import app
from plugrad.cli.new_backend import TEMPLATE
from plugrad.errors import BackendError, MissingDependencyError, PlugradError, ValidationError

from ..backends.plugins import Site
from .test_cli import plugrad_

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with nothing in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def new_backend(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["new-backend", *arguments], catch_exceptions=False)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------------- what it writes


def test_files(here: Path) -> None:
    done = new_backend("my-lib")
    assert done.exit_code == 0
    assert re.search(r"plugrad-my-lib is written.*cd plugrad-my-lib\n.*doctor my-lib\n", done.output, re.DOTALL)
    assert {path.name for path in here.iterdir()} == {"plugrad-my-lib"}
    project = here / "plugrad-my-lib"
    assert files(project) == {
        ".github/workflows/ci.yml",
        ".gitignore",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "src/plugrad_my_lib/__init__.py",
        "src/plugrad_my_lib/backend.py",
        "src/plugrad_my_lib/kernels.py",
        "src/plugrad_my_lib/py.typed",
        "tests/test_conformance.py",
        "tests/xfails.txt",
    }
    for name in files(project) - {".github/workflows/ci.yml"}:
        assert not re.search(r"\{[{%]|[%}]\}", (project / name).read_text(encoding="utf8")), name
    assert "${{ matrix.python }}" in (project / ".github/workflows/ci.yml").read_text(encoding="utf8")
    assert (project / "tests/test_conformance.py").read_text(encoding="utf8").splitlines() == [
        "from plugrad_conformance import suite",
        "",
        'globals().update(suite("my-lib"))',
    ]


LIBRARIES = {
    "array_api_compat.numpy": ["numpy", "array_api_compat"],
    "array_api_compat.torch": ["torch", "array_api_compat"],
    "array_api_strict": ["array_api_strict"],
    "jax.numpy": ["jax"],
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_follows_from_the_library(here: Path, library: str) -> None:
    new_backend("mine", "--library", library, "--output", "made")
    project = tomllib.loads((here / "made/pyproject.toml").read_text(encoding="utf8"))["project"]
    assert project["dependencies"] == ["plugrad>=0.1", *(name.replace("_", "-") for name in LIBRARIES[library])]
    assert project["entry-points"]["plugrad.backends"] == {"mine": "plugrad_mine"}
    light = ast.parse((here / "made/src/plugrad_mine/__init__.py").read_text(encoding="utf8"))
    (call,) = [node for node in ast.walk(light) if isinstance(node, ast.Call) and "BackendSpec" in ast.dump(node.func)]
    spec = BackendSpec(**{word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg})
    assert (spec.name, list(spec.requires)) == ("mine", LIBRARIES[library])
    assert spec.loader == "plugrad_mine.backend:MineBackend"


@pytest.mark.parametrize("library", ["array_api_strict", "zzz"])
def test_its_style_is_ours(here: Path, library: str) -> None:
    new_backend("mine", "--library", library)
    ruff = [sys.executable, "-m", "ruff"]
    chosen = ["--isolated", "--no-cache", "--line-length=120"]
    subprocess.run([*ruff, "check", *chosen, "--select=E,F,I,UP,RUF,B,PIE,SIM", str(here)], check=True)
    subprocess.run([*ruff, "format", "--check", *chosen, str(here)], check=True)


KIT = """
from plugrad_conformance.questions import questions
from plugrad_conformance.runner import run
from plugrad_conformance.subjects import find

out = [(r.op, r.outcome, r.message) for r in run(find("mine"), questions("gradients", "so*"))]
"""


def test_it_is_found_computes_and_passes_the_kit(here: Path, tmp_path: Path) -> None:
    """Over array-api-strict; docs/new_backend.md does the same over NumPy, and CI asks everything."""
    pytest.importorskip("plugrad_conformance")
    site = Site(tmp_path)
    new_backend("mine", "--library", "array_api_strict")
    site.install_project(here / "plugrad-mine")
    code, out, _ = plugrad_(site, "doctor", "mine")
    assert (code, re.search(r"mine\s+works", out) is not None) == (0, True), out
    found = site.run(KIT)
    assert {op for op, *_ in found} == {"softmax", "solve"}
    assert [(op, outcome, said) for op, outcome, said in found if outcome != "PASS_COMPOSITE"] == []


def test_neither_git_nor_trust_nor_a_question_is_needed(here: Path, tmp_path: Path) -> None:
    """With nothing but Python on the path, and settings of copier's that would answer otherwise."""
    settings = tmp_path / "settings.yml"
    settings.write_text("defaults: {name: theirs, library: theirs}", encoding="utf8")
    site = Site(tmp_path)
    found = plugrad_(
        site, "new-backend", "mine", PATH=os.path.dirname(sys.executable), COPIER_SETTINGS_PATH=str(settings)
    )
    assert found[0] == 0, found
    text = "".join((here / "plugrad-mine" / name).read_text(encoding="utf8") for name in files(here / "plugrad-mine"))
    assert "theirs" not in text
    config = (TEMPLATE / "copier.yml").read_text(encoding="utf8")
    assert not re.search(r"_tasks|_jinja_extensions|_migrations|_external_data", config)


def test_the_template_lies_in_the_wheel(tmp_path: Path) -> None:
    with chdir(ROOT):
        wheel = build_wheel(str(tmp_path))
    with ZipFile(tmp_path / wheel) as file:
        shipped = {name for name in file.namelist() if name.startswith("plugrad/templates/")}
    assert shipped == {f"plugrad/templates/backend/{name}" for name in files(TEMPLATE)}
    assert len(shipped) == 12


# ---------------------------------------------------------------------------------------------------- what it does not

REFUSED: list[tuple[str, str, type[PlugradError], str]] = [
    ("a capital", "Mine", ValidationError, "'Mine' names no backend; write lower-case letters and digits"),
    ("a digit first", "1st", ValidationError, "'1st' names no backend"),
    ("a dash last", "mine-", ValidationError, "'mine-' names no backend"),
    ("a path", "../mine", ValidationError, "'../mine' names no backend"),
    ("not ASCII", "größe", ValidationError, "'größe' names no backend"),
    ("reserved", "tracing", ValidationError, "not one that plugrad keeps for itself"),
    ("built in", "numpy", BackendError, "there is a backend 'numpy' already"),
    ("official", "cupy", BackendError, "there is a backend 'cupy' already"),
    ("installed", "mine-too", BackendError, "there is a backend 'mine-too' already"),
    ("a package", "conformance", BackendError, "there is a package plugrad_conformance already"),
    ("no module", "mine --library a-b", ValidationError, "--library 'a-b' names no module"),
    ("a folder", "mine --output there", ValidationError, "there is there already and stays as it is; .*--output"),
    ("a file", "mine --output file", ValidationError, "file is there already"),
    ("in a file", "mine --output file/in", ValidationError, "file/in cannot be made: .*; name another"),
]


@pytest.mark.parametrize("words, error, match", [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_refused(here: Path, words: str, error: type[PlugradError], match: str) -> None:
    (here / "there").mkdir()
    (here / "file").write_text("stays")
    manager.register(BackendSpec(name="mine_too", api=(1, 0), loader="no_such_module:Backend"))
    try:
        with pytest.raises(error, match=match) as caught:
            new_backend(*words.split())
    finally:
        manager.unregister("mine_too")
    assert "\n" not in str(caught.value)
    assert files(here) == {"file"}
    assert (here / "file").read_text() == "stays"


def test_without_copier(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "copier", None)
    with pytest.raises(MissingDependencyError, match=r'new-backend needs copier: pip install "plugrad\[new\]"'):
        new_backend("mine")
    assert not files(here)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]["optional-dependencies"]
    assert any(need.startswith("copier") for need in extras["new"])
    assert {*extras["cli"]} < {*extras["new"]}, "the extra is enough for the command"


def test_what_fails_half_way_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_copy(_: str, folder: Path, **__: object) -> None:
        (folder / "half").write_text("of it")
        raise OSError("the disk is full")

    monkeypatch.setattr("copier.run_copy", run_copy)
    with pytest.raises(OSError, match="the disk is full"):
        new_backend("mine")
    assert not [*here.iterdir()]


def test_what_copier_lacks_is_not_taken_for_copier(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "copier"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "plumbum", None)
    with pytest.raises(ModuleNotFoundError, match="plumbum"):
        new_backend("mine")


def test_copier_is_imported_by_nobody_else(tmp_path: Path) -> None:
    assert find_spec("copier")
    code = "import plugrad.cli.app, plugrad.cli.new_backend, sys; out = 'copier' in sys.modules"
    assert Site(tmp_path).run(code) is False
