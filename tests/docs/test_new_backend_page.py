"""docs/new_backend.md from its first line to its last, as a reader types it. Only pip is told to stay in a folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from plugrad.backends.protocol import Backend

from ..backends.plugins import Site
from . import pages
from .pages import blocks

PAGE = "new_backend.md"
TEXT = (pages.DOCS / PAGE).read_text(encoding="utf8")
FILE = re.compile(r"\A# (\S+)\n(.*)", re.DOTALL)  # a block that is a file begins with its name


class Reader:
    """Who does what the page says, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder / "site")
        self.site.folder.mkdir()
        self.here = folder

    def types(self, block: str, works: bool = True) -> str:
        """The lines of a block into a shell; what it prints."""
        return "".join([self._runs(line, works) for line in block.splitlines()])

    def _runs(self, line: str, works: bool) -> str:
        program, *words = shlex.split(line)
        found = {"cd": self._cd, "pip": self._pip, "plugrad": self._plugrad, "pytest": self._pytest}[program](words)
        if found is None:
            return ""
        assert (found.returncode == 0) == works, found.stdout + found.stderr
        return found.stdout

    def _cd(self, words: list[str]) -> None:
        (folder,) = words
        self.here = self.here / folder
        assert self.here.is_dir()

    def _pip(self, words: list[str]) -> None:
        """What has that extra; of an installation in place the announcement comes from the wheel, the rest from src."""
        assert words[0] == "install"
        what, extra = re.fullmatch(r"(\S+)\[(\w+)\]", words[-1]).groups()  # type: ignore[union-attr]
        project = self.here if what == "." else pages.DOCS.parent
        assert extra in tomllib.loads((project / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        if what == ".":
            assert words[1] == "-e"
            self.site.install_project(self.here)

    def _plugrad(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        return self._python("-c", "from plugrad.cli import main; main()", *words)

    def _pytest(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """All of it takes a minute, which .ci/run has."""
        return self._python("-m", "pytest", "-p", "no:cacheprovider", *(words or ["-k", "tanh"]))

    def _python(self, *words: str) -> subprocess.CompletedProcess[str]:
        path = [*map(str, self.here.glob("src")), str(self.site.folder)]
        environment = self.site.environ(COLUMNS="200", PYTHONPATH=os.pathsep.join(path))
        command = [sys.executable, "-B", *words]
        return subprocess.run(
            command, cwd=self.here, env=environment, capture_output=True, encoding="utf8", check=False
        )

    def console(self, session: str) -> int:
        """The number of statements of a session that ran, each with the output that is shown."""
        code = "import sys\nsys.path.append({!r})\nfrom tests.docs.pages import run_console\nprint(run_console({!r}))"
        done = self._python("-c", code.format(str(pages.DOCS.parent), session))
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout)

    def writes(self, block: str) -> Path:
        """A file that the page shows whole."""
        name, text = FILE.fullmatch(block).groups()  # type: ignore[union-attr]
        path = self.here / name
        assert path.is_file(), "the page changes a file of the project"
        path.write_text(text, encoding="utf8")
        return path


def test_from_the_first_line_to_the_last(tmp_path: Path) -> None:
    pytest.importorskip("plugrad_conformance")
    reader = Reader(tmp_path)
    made, installed, proven, tried, mended = blocks(PAGE, "bash")
    before, after = blocks(PAGE, "pycon")
    first, second = blocks(PAGE, "python")
    assert "plugrad-example is written" in reader.types(made)
    assert re.search(r"example\s+works", reader.types(installed))
    assert reader.console(before) == 6
    assert "passed" in reader.types(proven)
    kernels = reader.writes(first)
    failed = re.findall(r"^FAILED .*\[(.*?)\]", reader.types(tried, works=False), re.MULTILINE)
    assert failed
    assert {"softmax-of-nothing" in name for name in failed} == {True}
    text = kernels.read_text(encoding="utf8")
    kernels.write_text(re.sub(r"def softmax.*?\n\n\n", f"{second}\n\n", text, flags=re.DOTALL), encoding="utf8")
    assert "passed" in reader.types(mended)
    assert reader.console(after) == 3


def test_the_files_are_those_of_the_project(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.types("plugrad new-backend example\ncd plugrad-example")
    table = TEXT.partition("| file | says |\n|---|---|\n")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    written = {path.relative_to(reader.here).as_posix() for path in reader.here.rglob("*") if path.is_file()}
    assert written - named == {".gitignore", "src/plugrad_example/py.typed"}
    assert not named - written


def test_what_is_named_exists() -> None:
    last = TEXT.partition("## Before others use it")[2]
    for name in re.findall(r"`(\w+)\(\)`", last):
        assert isinstance(getattr(Backend, name), Callable)  # type: ignore[arg-type]
    assert len(re.findall(r"`(\w+)\(\)`", last)) == 3
