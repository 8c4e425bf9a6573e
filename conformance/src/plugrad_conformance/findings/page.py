"""docs/findings.md, made of the catalogue by asking the libraries that are installed."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np

from .catalogue import FINDINGS, KINDS, Finding

__all__ = [
    "NAMES",
    "SWEPT",
    "Answer",
    "answered",
    "found",
    "page",
    "script",
    "shown",
    "told",
    "versions",
    "versions_of",
]

NAMES = {
    "torch": "torch",
    "jax": "JAX",
    "hips": "HIPS/autograd",
    "plugrad": "plugrad",
}  # what an answer's name begins with
PACKAGES = {"torch": "torch", "jax": "jax", "hips": "autograd"}  # what is installed, in which version
IMPORTS = {
    "math.": "import math",
    "np.": "import numpy as np",
    "torch.": "import torch",
    "jax.": "import jax",
    "jnp.": "import jax.numpy as jnp",
    "autograd.": "import autograd",
    "anp.": "import autograd.numpy as anp",
    "pg.": "import plugrad as pg",
}
DOUBLE = 'jax.config.update("jax_enable_x64", True)'
SAID = re.compile(rf"^((?:{'|'.join(NAMES)})_\w+) = .*$", re.MULTILINE)
TOLD = re.compile(rf"^((?:{'|'.join(NAMES)})_\w+) = .*(?:  |\n)# (.*)$", re.MULTILINE)
SWEPT = files("plugrad_conformance.findings") / "swept.json"


class Answer(NamedTuple):
    """What a library says in one way."""

    name: str  # "torch_reverse"
    value: str

    @property
    def library(self) -> str:
        """A key of `NAMES`."""
        return self.name.partition("_")[0]

    @property
    def way(self) -> str:
        """The rest of the name, as words."""
        return self.name.partition("_")[2].replace("_", " ")


def script(finding: Finding) -> str:
    """A program that shows a finding: nothing else is needed."""
    needed = [line for word, line in IMPORTS.items() if re.search(rf"(?<![\w.]){re.escape(word)}", finding.code)]
    third = [line for line in needed if line != "import math"]
    parts = [["import math"] if "import math" in needed else [], third, [DOUBLE] if "import jax" in needed else []]
    text = "\n\n".join("\n".join(part) for part in parts if part) + "\n" + finding.code
    text = re.sub(r"\n+(?=def )", "\n\n\n", text)  # as ruff formats it
    return re.sub(r"(\n    .*\n)\n(?=[^\n d])", r"\1\n\n", text)


def answered(text: str) -> list[Answer]:
    """What the answers of a program are, in its order."""
    space: dict[str, Any] = {}
    with _undisturbed():
        exec(text, space)
        return [Answer(name, shown(space[name])) for name in SAID.findall(text)]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without warnings, and JAX as it was."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            jax: Any = import_module("jax")
        except ModuleNotFoundError:
            yield
            return
        before = jax.config.jax_enable_x64
        try:
            yield
        finally:
            jax.config.update("jax_enable_x64", before)


def shown(x: Any) -> str:
    """A value in a few digits, the same whoever computed it; what is nearer to 0 than a rounding error is 0."""
    if isinstance(x, tuple | list):
        return f"({', '.join(map(shown, x))})"
    if type(x).__module__.startswith("torch"):
        x = x.numpy(force=True)
    return _rows(np.asarray(x.detach().numpy() if hasattr(x, "detach") else x))


def _rows(x: np.ndarray[Any, Any]) -> str:
    return _number(x.item()) if x.ndim == 0 else f"[{', '.join(map(_rows, x))}]"


def _number(x: complex | str) -> str:
    if isinstance(x, str):
        return x
    if isinstance(x, complex):
        return f"{_number(x.real)}{'' if str(_number(x.imag))[0] == '-' else '+'}{_number(x.imag)}j"
    return f"{0.0 if abs(x) < 1e-12 else x:.6g}"


# ------------------------------------------------------------------------------------------------------------- the page

HEAD = """\
# Findings

Where torch, JAX and HIPS/autograd disagree with themselves, with each other or with mathematics about a derivative, and
what plugrad answers. `python -m plugrad_conformance.findings` runs every program below and writes down what comes out;
the tests run them again. Here it was {versions}. One finding is one cause, and may show in
many functions.

`plugrad conform torch.func`, `jax.vjp` and `autograd` ask the libraries all questions about values and derivatives.

A **bold** answer is wrong where mathematics says what is right. Elsewhere there is a choice; a library that has two
answers to one question has not made it. Numbers are double precision.
"""


Found = dict[Finding, list[Answer]]


def found() -> Found:
    """What the installed libraries answer.

    Raises
    ------
    ValueError
        If a finding is none any more: its libraries agree, and with what is right.
    """
    every = {finding: answered(script(finding)) for finding in FINDINGS}
    if gone := [finding.title for finding, answers in every.items() if not is_one(finding, answers)]:
        raise ValueError(f"all agree about {'; '.join(gone)}: take it from the catalogue")
    return every


def told(text: str) -> Found:
    """What a page says that they answer."""
    sections = {part.partition("\n")[0]: part for part in text.split("\n### ")[1:]}
    found = {finding: TOLD.findall(sections.get(finding.title, "")) for finding in FINDINGS}
    return {finding: [Answer(*pair) for pair in pairs] for finding, pairs in found.items()}


def installed(key: str) -> str:
    """The version of a library; empty where it is not here."""
    try:
        return version(PACKAGES[key]).partition("+")[0]
    except PackageNotFoundError:
        return ""


def versions() -> dict[str, str]:
    """Of the libraries that are asked."""
    return {key: installed(key) for key in PACKAGES}


def versions_of(text: str) -> dict[str, str]:
    """Of those that a page was made with."""
    return {key: re.findall(rf"{re.escape(NAMES[key])} (\d[\w.+]*\w)", text)[0] for key in PACKAGES}


def page(found: Found, versions: dict[str, str]) -> str:
    """The text of the page."""
    words = ", ".join(f"{NAMES[key]} {number}" for key, number in versions.items())
    parts = [HEAD.format(versions=words), summary(found), _machine()]
    for kind, title in KINDS.items():
        parts.append(f"## {title}\n")
        parts += [_section(finding, answers) for finding, answers in found.items() if finding.kind == kind]
    return "\n".join(parts)


def is_one(finding: Finding, answers: list[Answer]) -> bool:
    """Whether others than plugrad differ, or are wrong."""
    theirs = {answer.value for answer in answers if answer.library != "plugrad"}
    return len(theirs) > 1 or any(_wrong(finding, answer) for answer in answers if answer.library != "plugrad")


def _wrong(finding: Finding, answer: Answer) -> bool:
    if finding.right.startswith("<"):
        return not float(answer.value) < float(finding.right[1:])
    return bool(finding.right) and answer.value != finding.right


def summary(found: Found) -> str:
    """All findings in a table, a column for each library."""
    counts = " ".join(f"{title}: {sum(f.kind == kind for f in found)}." for kind, title in KINDS.items())
    rows = [fill(f"{len(found)} findings. {counts}", 118) + "\n", f"| finding | {' | '.join(NAMES.values())} | right |"]
    rows.append("|---" * (len(NAMES) + 2) + "|")
    for finding, answers in found.items():
        cells = [_cell(finding, [a for a in answers if a.library == library]) for library in NAMES]
        link = f"[{finding.title}](#{_anchor(finding.title)})"
        rows.append(f"| {link} | {' | '.join(cells)} | {finding.right or '–'} |")
    return "\n".join(rows) + "\n"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _cell(finding: Finding, answers: list[Answer]) -> str:
    """The answers of one library; once if they are one."""
    if len({answer.value for answer in answers}) == 1:
        return _marked(finding, answers[0])
    return ", ".join(f"{answer.way} {_marked(finding, answer)}" for answer in answers)


def _marked(finding: Finding, answer: Answer) -> str:
    return f"**{answer.value}**" if _wrong(finding, answer) else answer.value


def _section(finding: Finding, answers: list[Answer]) -> str:
    """A finding, with its program and what that gives."""
    values = {answer.name: answer.value for answer in answers}
    text = SAID.sub(lambda line: _with(line[0], values[line[1]]), script(finding))
    right = f" Right: {finding.right}." if finding.right else ""
    return f"### {finding.title}\n\n{fill(finding.why + right, 118)}\n\n```python\n{text}```\n"


def _with(line: str, value: str) -> str:
    """A line of a program and what comes out, behind it or, where that is too far, below."""
    return f"{line}  # {value}" if len(line) + len(value) <= 116 else f"{line}\n# {value}"


def _machine() -> str:
    """What the sweep found."""
    swept = json.loads(SWEPT.read_text("utf8"))
    rows = [
        "## What was asked\n",
        MACHINE,
        "| | derivatives asked | modes differ | nestings differ | in |",
        "|---" * 5 + "|",
    ]
    for who, row in swept.items():
        operations = ", ".join(f"`{name}`" for name in sorted({*row["first"], *row["second"]})) or "–"
        first, second = sum(row["first"].values()), sum(row["second"].values())
        name = "plugrad, on numpy," if who == "numpy" else who
        rows.append(f"| {name} {row['version']} | {row['asked']} | {first} | {second} | {operations} |")
    return "\n".join(rows) + "\n"


MACHINE = """\
At every boundary sample of `plugrad.testing.samples` (ties, zeros, infinities, ends of domains) each operand's
derivative was asked for in both modes and, elementwise, the second one in all four nestings, the other operands held.
NaN operands are left out. A sample counts once for each operand. With `--sweep SUBJECT` the script asks again, and
fails if something differs that no finding explains.
"""
