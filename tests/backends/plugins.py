"""Plugins made for a test: as distributions in a folder, for a process of its own, and as modules, for this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from contextlib import chdir
from pathlib import Path
from typing import Any
from zipfile import ZipFile

LIGHT = """
from plugrad import hookimpl
from plugrad.backends.spec import BackendSpec

@hookimpl
def plugrad_backends():
    return [BackendSpec(**{fields!r})]
"""

HEAVY = """
from plugrad.backends.numpy import NumPyBackend

class Made(NumPyBackend):
    name = {name!r}
    {body}
"""


class Site:
    """A folder on the path of a new process, with distributions in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        """A module, or another file."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf8")

    def install(self, name: str, light: str, distribution: str = "", points: str = "") -> None:
        """A distribution with an entry point `name` and the text of its light module."""
        distribution = distribution or f"plugrad-{name}"
        module = distribution.replace("-", "_")
        info = f"{module}-1.0.dist-info"
        self.write(f"{module}.py", light)
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        self.write(f"{info}/entry_points.txt", points or f"[plugrad.backends]\n{name} = {module}\n")

    def announce(self, plugin: str, /, distribution: str = "", body: str = "pass", **fields: Any) -> None:
        """A distribution whose plugin announces one backend: NumPy under another name, `body` within its class."""
        loader = f"{distribution.replace('-', '_') or plugin}_backend"
        fields = {"name": plugin, "api": (1, 0), "loader": f"{loader}:Made", **fields}
        self.install(plugin, LIGHT.format(fields=fields), distribution)
        self.write(f"{loader}.py", HEAVY.format(name=fields["name"], body=body))

    def install_project(self, project: Path) -> None:
        """As an installer does it: the project's build backend makes a wheel, which is unpacked here."""
        from hatchling.build import build_wheel

        with chdir(project):
            wheel = build_wheel(str(self.folder))
        with ZipFile(self.folder / wheel) as file:
            file.extractall(self.folder)

    def run(self, code: str, **environ: str) -> Any:
        """What `code` puts into `out` in a new process that has these distributions."""
        code = f"import json\nout = None\n{textwrap.dedent(code)}\nprint('OUT' + json.dumps(out))"
        done = subprocess.run([sys.executable, "-c", code], env=self.environ(**environ), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.rpartition("OUT")[2])

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of a process that sees this folder, and nothing of the user's settings."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("PLUGRAD_")}
        path = os.pathsep.join([str(self.folder), *filter(None, [own.get("PYTHONPATH")])])
        return {**own, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(self.folder), "APPDATA": str(self.folder), **more}
