"""A report as one page of HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import Report, Row

__all__ = ["of"]

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c2330; --soft: #5b6576; --line: #dde2ea; --head: #f5f7fa;
        --good: #18794e; --goodly: #e3f5ec; --bad: #b3261e; --badly: #fdeceb; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181f; --text: #e4e8ef; --soft: #98a3b5; --line: #2b323e; --head: #1b212a;
          --good: #58c998; --goodly: #16362a; --bad: #ff8a80; --badly: #45201e; } }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { font-size: 1.5rem; font-weight: 600; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h1 small { font-size: 1rem; font-weight: 400; color: var(--soft); }
code, td, .fact dd { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .9em; }
.verdict { display: inline-block; border-radius: .4rem; padding: .1rem .5rem; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: var(--goodly); }
.bad { color: var(--bad); background: var(--badly); }
.fact { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; margin: 1.25rem 0 1.75rem; }
.fact dt { color: var(--soft); }
.fact dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .45rem .8rem; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { background: var(--head); border: 0; font-size: .85em; color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
meter { width: 6rem; }
footer { margin-top: 1rem; color: var(--soft); font-size: .9em; }
"""


def of(report: Report) -> str:
    """The page, whole; whatever the report says is escaped."""
    title = f"{escape(report.function)} against {escape(report.reference)}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}: {_word(report)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(report.function)} <small>against {escape(report.reference)}</small></h1>
<p>{_verdict(report.ok, _word(report))}</p>
<dl class="fact">
{_lines(_facts(report))}
</dl>
<div class="wide">
<table>
<thead><tr><th>backend</th><th>quantity</th><th>shape</th><th>dtype</th>\
<th class="number">error</th><th>of the bound</th><th>verdict</th></tr></thead>
<tbody>
{_lines(_row(report, row, cells) for row, cells in zip(report.rows, report.cells(), strict=True))}
</tbody>
</table>
</div>
<footer>An error is max|a - b| / (eps * max(1, max|b|)), b the reference; {report.bound:g} eps pass. \
Bars are logarithmic.</footer>
</main>
</body>
</html>
"""


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)


def _word(report: Report) -> str:
    bad = sum(not row.ok for row in report.rows)
    return "all agree" if report.ok else f"{bad} of {len(report.rows)} disagree"


def _verdict(ok: bool, text: str) -> str:
    return f'<span class="verdict {"good" if ok else "bad"}">{escape(text)}</span>'


def _facts(report: Report) -> Iterable[str]:
    facts = [
        *(("input", text) for text in report.inputs),
        ("order", f"{report.order}"),
        ("seed", f"{report.seed}"),
        ("largest error", f"{report.largest:.3g} eps"),
        ("versions", ", ".join(f"{name} {version}" for name, version in report.versions.items())),
        *(("left out", text) for text in report.left_out),
    ]
    return (f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts)


def _row(report: Report, row: Row, cells: tuple[str, ...]) -> str:
    backend, quantity, shape, dtype, error, verdict = map(escape, cells)
    share = _share(row.error, report.bound)
    return (
        f'<tr><th scope="row">{backend}</th><td>{quantity}</td><td>{shape}</td><td>{dtype}</td>'
        f'<td class="number">{error}</td>'
        f'<td><meter value="{share:.3f}" low="0.999" high="0.999" optimum="0"></meter></td>'
        f"<td>{_verdict(row.ok, verdict)}</td></tr>"
    )


def _share(error: float, bound: float) -> float:
    """How much of the bound is used up, on a scale where 1 eps shows beside 100."""
    if not error:
        return 0.0
    return 1.0 if error >= bound else math.log1p(error) / math.log1p(bound)
