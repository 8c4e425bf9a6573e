"""The backend that docs/backends.md shows, installed as shown: it computes, and passes the conformance kit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from plugrad.backends.problems import Status
from plugrad.backends.protocol import Backend

from . import pages
from .pages import blocks, run_console

PAGE = "backends.md"
LIBRARY = "import array_api_compat.numpy as library"
NAMED = re.compile(r"\A# (\S+)\n(.*)", re.DOTALL)  # a block that is a file begins with its name
AFTER = "# after installation\n"

KIT = """
from plugrad_conformance.questions import questions
from plugrad_conformance.runner import run
from plugrad_conformance.subjects import find

for result in run(find("example"), [*questions("gradients", "re*"), *questions("errors")]):
    print(result.outcome, result.case, result.message)
"""


class Installed:
    """The files of the page in a folder, as an installer would leave them."""

    def __init__(self, folder: Path, library: str) -> None:
        self.folder = folder
        files = {name: text for block in blocks(PAGE, "python|toml") for name, text in NAMED.findall(block)}
        project = tomllib.loads(files.pop("pyproject.toml"))["project"]
        assert LIBRARY in files["plugrad_example/backend.py"]
        info = f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        points = project["entry-points"]["plugrad.backends"].items()
        files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        files[f"{info}/entry_points.txt"] = "[plugrad.backends]\n" + "".join(f"{k} = {v}\n" for k, v in points)
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text.replace(LIBRARY, f"import {library} as library"), encoding="utf8")

    def run(self, code: str, **variables: str) -> str:
        """What a program prints in a new process that has this plugin."""
        own = {k: v for k, v in os.environ.items() if not k.startswith("PLUGRAD_")}
        path = os.pathsep.join([str(self.folder), *filter(None, [own.get("PYTHONPATH")])])
        environment = {**own, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(self.folder), "APPDATA": str(self.folder)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment | variables, capture_output=True, encoding="utf8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=["array_api_compat.numpy", "array_api_strict"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The page's backend, on its own library and on one that allows nothing beyond the standard."""
    if find_spec(request.param.partition(".")[0]) is None:
        pytest.skip(f"{request.param} is not installed")
    return Installed(tmp_path_factory.mktemp("example"), request.param)


def sessions() -> dict[bool, str]:
    """Whether it is about the installed example -> what the page types."""
    found = {True: "", False: ""}
    for block in blocks(PAGE, "pycon"):
        found[block.startswith(AFTER)] += block.removeprefix(AFTER)
    return found


def test_console(backend: str) -> None:
    assert run_console(sessions()[False]) > 5


def test_installed_backend_does_what_the_page_shows(installed: Installed) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(pages.DOCS.parent)!r})
from tests.docs.pages import run_console
print(run_console({sessions()[True]!r}))
"""
    assert int(installed.run(program)) > 5


def test_levels_decide_in_the_order_of_the_table(installed: Installed) -> None:
    says = """
import plugrad as pg
print(pg.ones(1).backend)
pg.use_backend("numpy")
print(pg.ones(1).backend)
with pg.use_backend("example"):
    print(pg.ones(1).backend, pg.ones(1, backend="numpy").backend)
"""
    assert installed.run(says).split() == ["numpy", "numpy", "example", "numpy"]
    assert installed.run(says, PLUGRAD_BACKEND="example").split() == ["example", "numpy", "example", "numpy"]
    config = installed.folder / "config.toml"
    config.write_text('backend = "example"', encoding="utf8")
    assert installed.run(says, PLUGRAD_CONFIG=str(config)).split()[0] == "example"
    assert installed.run(says, PLUGRAD_CONFIG=str(config), PLUGRAD_BACKEND="numpy").split()[0] == "numpy"


def test_it_passes_the_conformance_kit(installed: Installed) -> None:
    pytest.importorskip("plugrad_conformance")
    found = [line.split(maxsplit=1) for line in installed.run(KIT).splitlines()]
    assert len(found) > 400
    assert [line for line in found if not line[0].startswith("PASS")] == []


def test_every_status_is_explained() -> None:
    table = (pages.DOCS / PAGE).read_text(encoding="utf8").partition("## What there is")[2].partition("## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    assert rows == list(get_args(Status))


def test_what_may_be_overridden_exists() -> None:
    table = (pages.DOCS / PAGE).read_text(encoding="utf8").partition("### Then fast")[2].partition("### Then proven")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    assert len(named) > 10
    assert all(hasattr(Backend, name) for name in named)
    public = {name for name in vars(Backend) if not name.startswith("_")}
    required = {"name", "array_types", "namespace", "dtypes", "asarray", "to_numpy", "to_device"}
    shown_or_kept = {"full", "raw_dtype", "device_of"}
    assert public - required - shown_or_kept <= named | required, "an optional part that the page does not name"
