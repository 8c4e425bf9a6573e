"""Write docs/functions.md: every function, what holds of it on every backend, and how many rules are one line.

    python docs/functions.py            # writes the page
    python docs/functions.py numpy      # tries these backends only, and writes nothing

Every mark is tried out when the page is made: values against NumPy's, derivatives against central differences.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.progress import track

import plugrad as pg
from plugrad.testing.functions import CALLS, Verdict, probe

PAGE = Path(__file__).with_suffix(".md")
RULES = Path(pg.__file__).parent / "rules"
FAMILIES = ("bilinear", "custom", "elementwise", "linear", "linear_in_all", "multilinear", "real_valued", "reduction")
FAMILIES += ("symmetric",)
HEAD = """# Functions

Made by `python docs/functions.py`, which tries every mark. A call stands for its function: names of one letter are
arrays, the same in all calls.

| mark | means |
|---|---|
| **n** or **c** | the value is NumPy's, by the backend's own kernels (native) or composed of the standard's functions |
| **r** | reverse mode agrees with central differences |
| **f** | forward mode does, and with reverse mode |
| **2** | the derivatives of both, in both, do |
| **z** | all of this for complex operands, too |
| – | no mark: nothing to differentiate, or no complex operands taken |
| **✗** | does not hold; the reason stands below the table |
"""


def marks(v: Verdict) -> str:
    """What holds of one call, in a few letters."""
    if not v.value:
        return "✗"
    held = [(v.reverse, "r"), (v.forward, "f"), (v.second, "2"), (v.compound, "z")]
    return ("n" if v.native else "c") + "".join("" if ok is None else mark if ok else "✗" for ok, mark in held)


def page(backends: list[str]) -> tuple[str, int]:
    """The page's text, and how many calls have something that does not hold."""
    every = [(call, b) for text in CALLS.values() for call in text.split() for b in backends]
    verdicts = {(call, b): probe(call, b) for call, b in track(every, "trying", disable=not sys.stderr.isatty())}
    parts = [HEAD]
    for chapter, text in CALLS.items():
        rows = [[f"`{call}`", *(marks(verdicts[call, b]) for b in backends)] for call in text.split()]
        table = [["call", *backends], ["---"] * (len(backends) + 1), *rows]
        parts.append(f"## {chapter}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in table) + "\n")
    failed = [v for v in verdicts.values() if "✗" in marks(v)]
    if failed:
        parts.append(
            "## What does not hold\n\n" + "\n".join(f"- `{v.call}` on {v.backend}: {v.problem}" for v in failed)
        )
    one, all_of_them = rules()
    parts.append(
        f"## Rules\n\n`src/plugrad/rules` tells a family of {all_of_them} operations with a derivative. For {one} of "
        f"them ({one / all_of_them:.0%}) each operand takes one expression, with the helpers that it names; the others "
        "are decompositions, recurrences, and special functions by their parameters.\n"
    )
    return "\n".join(parts), len(failed)


def rules() -> tuple[int, int]:
    """(operations whose derivative is stated in one expression for each operand and mode, all with a derivative).

    What a rule names of its own module counts with it: a helper with a statement before its result is more than one.
    """
    stated = [every for path in sorted(RULES.glob("*.py")) for every in _stated(ast.parse(path.read_text("utf8")))]
    return sum(stated), len(stated)


def _stated(module: ast.Module) -> Iterator[bool]:
    """For each operation that a family is told of: whether that takes one expression."""
    helpers = {node.name: node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in FAMILIES:
            named = set().union(*[_named(x, helpers) for x in (*call.args[1:], *call.keywords)])
            yield all(map(_is_expression, named))


def _named(node: ast.AST, helpers: dict[str, ast.FunctionDef]) -> set[ast.FunctionDef]:
    """The helpers that an expression calls, and those that they call."""
    found, todo = set(), [node]
    while todo:
        names = {n.id for n in ast.walk(todo.pop()) if isinstance(n, ast.Name)}
        fresh = {helpers[name] for name in names & helpers.keys()} - found
        found, todo = found | fresh, [*todo, *fresh]
    return found


def _is_expression(function: ast.FunctionDef) -> bool:
    body = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return len(body) == 1 and isinstance(body[0], ast.Return)


def backends_of(text: str) -> list[str]:
    """The backends that a page tells of."""
    head = next(line for line in text.splitlines() if line.startswith("| call |"))
    return [cell.strip() for cell in head.split("|")[2:-1]]


def main(argv: list[str]) -> int:
    """Make the page."""
    text, failed = page(argv or [row.name for row in pg.backends() if row.status in ("ready", "available")])
    print(text) if argv else PAGE.write_text(text, encoding="utf8")
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
