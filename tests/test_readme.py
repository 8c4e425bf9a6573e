"""The README's example runs as it stands, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINKS = re.findall(r"\]\((?!https?:)([^)#]+)", README)
NO_TORCH = "import sys\nsys.modules['torch'] = None\n"  # as if it were not installed


def test_an_example_and_links_were_found() -> None:
    assert EXAMPLES
    assert LINKS


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_runs_on_numpy_alone(example: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(NO_TORCH + example, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PLUGRAD_BACKEND"}
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", LINKS)
def test_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
