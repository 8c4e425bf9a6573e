"""The commands. They print; what they print, the library knows."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import __version__
from ..backends import manager, settings
from ..backends.current import Choice, choice, require
from ..backends.report import BackendTable
from ..errors import DeviceError, ValidationError
from .doctor import Outcome, examine
from .probe import STEPS
from .tables import print_whole

__all__ = ["app"]

app = typer.Typer(
    help="One autograd for any array library: which backends there are, whether they work, and a demo.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # keeps paragraphs together
)

_STYLES = {"ready": "green", "available": "green", "disabled": "dim", "works": "green", "fails": "red"}
_Device = Annotated[str | None, typer.Option(help='Where its arrays go: "cpu", "cuda", "cuda:1" ...')]


def _version(asked: bool) -> None:
    if asked:
        print(f"plugrad {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def backends() -> None:
    """List the backends that are installed, and what each lacks. None is loaded."""
    table = manager.backends()
    *columns, _mend = BackendTable.COLUMNS  # the cause says it, too
    _print_table(columns, [row[:-1] for row in table.rows()])
    for info in table:
        if info.cause is not None:
            Console().print(Text(f"{info.cause}"), soft_wrap=True)


@app.command()
def doctor(
    names: Annotated[list[str] | None, typer.Argument(help="Backends to examine; all if none is named.")] = None,
    device: _Device = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds after which a backend counts as hanging.")] = 60.0,
) -> None:
    """Try backends from end to end, each in a process of its own.

    Loads it, makes arrays, adds, multiplies, differentiates, and moves to NumPy and back. A crash or a hang of one does
    not stop the others. The exit code is 1 if a backend fails that was asked for: by name, or, when none is named, by
    PLUGRAD_BACKEND or the config file.
    """
    chosen = settings.settled()
    asked = names or [chosen.backend]
    infos = [manager.info(name) for name in asked]  # an error for what there is not
    if not names:
        infos = list(manager.backends())
    print(f"plugrad {__version__}, Python {platform.python_version()}, {platform.platform()}")
    failed = set()
    for info in infos:
        its = chosen.device if device is None and not names and info.name == chosen.backend else device
        outcome = examine(info, its, timeout)
        _print_outcome(outcome)
        if not outcome.passed:
            failed.add(info.name)
    raise typer.Exit(1 if failed.intersection(asked) else 0)


@app.command()
def conform(
    backend: Annotated[str, typer.Argument(help='Who is asked: "torch", "torch:cuda" ...')],
    family: Annotated[str, typer.Option(help='Only these families of questions: "gradients", "t*" ...')] = "*",
    op: Annotated[str, typer.Option(help='Only about these operations: "matmul", "conv*" ...')] = "*",
    xfails: Annotated[
        Path | None, typer.Option(exists=True, help="Expected failures, a line each: FAMILY/CHECK/CASE why.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a JSON report to this file.")] = None,
    scoreboard: Annotated[Path | None, typer.Option(help="Write the HTML scoreboard to this file.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML to this file.")] = None,
    badge: Annotated[Path | None, typer.Option(help="Write an SVG badge to this file.")] = None,
    live_reference: Annotated[
        bool, typer.Option("--live-reference", help="Compare the frozen references with the installed torch, too.")
    ] = False,
    workers: Annotated[int, typer.Option("-n", min=1, help="How many processes share the work.")] = 1,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds after which a case counts as hanging.")] = 120.0,
) -> None:
    """Prove a backend: every operation's values and derivatives, and what else a user relies on.

    It needs the conformance kit, pip install plugrad-conformance. The cases run in processes of their own, so that a
    crash or a hang is the result of one case. The exit code is 1 if anything fails.
    """
    from .conform import Wanted
    from .conform import conform as run

    wanted = Wanted(backend, family, op, xfails, report, scoreboard, junit, badge, live_reference, workers, timeout)
    raise typer.Exit(run(wanted))


@app.command()
def which(
    explain: Annotated[bool, typer.Option("--explain", help="Show what each level says, the first one first.")] = False,
) -> None:
    """Say on which backend new arrays are made, and who decides it.

    The exit code is 1 if that backend cannot be used, or has no such device.
    """
    chosen = choice()
    print(f"{_named(chosen)} ({chosen.source})")
    if explain:
        _print_table(("level", "says"), _levels())
    if problem := manager.info(chosen.backend).cause:
        raise problem
    if chosen.device is not None:
        _require_device(chosen)


def _require_device(chosen: Choice) -> None:
    """Loads the backend: before that nobody knows its devices."""
    try:
        require(chosen.backend, chosen.device)
    except DeviceError as error:
        raise DeviceError(f"{error}; {chosen.source} asks for it") from error


@app.command()
def demo(
    backend: Annotated[
        str | None, typer.Option(help="What to train on; if not set, what `plugrad which` says.")
    ] = None,
    device: _Device = None,
    epochs: Annotated[int, typer.Option(min=1, help="How often to go over the data.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the random numbers; the same on every backend.")] = 0,
) -> None:
    """Train a small network, and see that it learns."""
    from ..demo import run

    raise typer.Exit(run(backend, device, epochs, seed))


@app.command()
def check(
    function: Annotated[str, typer.Argument(help="module:function, where fn(xp, *inputs) computes with xp.")],
    backend: Annotated[
        list[str] | None, typer.Option(help="Who computes, again for each; all that can be used if none is named.")
    ] = None,
    inputs: Annotated[
        str | None, typer.Option(help="module:function that gives the inputs as a tuple, or an .npz file.")
    ] = None,
    shape: Annotated[
        list[str] | None, typer.Option(help="An input of random numbers, as in 3,4; again for each.")
    ] = None,
    order: Annotated[int, typer.Option(min=0, help="Up to which derivative.")] = 1,
    dtype: Annotated[str | None, typer.Option(help="Cast what is differentiated, float32 or float64.")] = None,
    bound: Annotated[float, typer.Option(min=0, help="The largest error that passes, in eps.")] = 100.0,
    seed: Annotated[int, typer.Option(min=0, help="Of random inputs and cotangents.")] = 0,
    torch: Annotated[bool, typer.Option(help="Compare with torch.autograd, or with NumPy.")] = True,
    json: Annotated[Path | None, typer.Option(help="Also write the report to this file, as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(help="Also write the report to this file, as a page.")] = None,
) -> None:
    """Check a function of your own: its values and gradients on every backend against torch.autograd.

    The function is `fn(xp, *inputs)`; modules of the current directory can be imported. What is compared, and how, is
    said of plugrad.testing.cross_validate. The exit code is 1 if a result does not pass.
    """
    from ..testing import cross_validate
    from .check import floating, importable_from_here, inputs_of, named

    with importable_from_here():
        fn = named(function)
        report = cross_validate(
            fn,
            *inputs_of(fn, inputs, shape or (), seed),
            backends=backend or None,
            reference="torch" if torch else None,
            bound=bound,
            dtype=floating(dtype),
            order=order,
            seed=seed,
            check=False,
        )
    Console().print(report)
    for path, text in ((json, report.to_json), (html, report.to_html)):
        if path is not None:
            _write(path, text())
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def new_backend(
    name: Annotated[str, typer.Argument(help="The backend's name, as users will write it in use_backend.")],
    output: Annotated[Path | None, typer.Option(help="The project's folder; plugrad-NAME if not set.")] = None,
    library: Annotated[
        str, typer.Option(help="The module with the array API standard's functions.")
    ] = "array_api_compat.numpy",
) -> None:
    """Write a plugin project that works and can be proven, for a library of your own.

    It has a backend over the library's array API namespace, a place for kernels, its conformance test, a list of
    expected failures, a README and CI. An existing folder is left alone.
    """
    from .new_backend import render

    folder = render(name, output, library)
    print(f"{folder} is written. Next:")
    print(f'  cd {shlex.quote(str(folder))}\n  pip install -e ".[test]"\n  plugrad doctor {name}\n  pytest')


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf8")
    except OSError as error:
        raise ValidationError(
            f"{path} cannot be written: {error.strerror}; name a file in a folder there is"
        ) from error


def _named(chosen: Choice) -> str:
    return chosen.backend if chosen.device is None else f"{chosen.backend} on {chosen.device}"


def _levels() -> list[tuple[str, str]]:
    """What each level says; the one that decides is marked."""
    rows = [("argument", "decides for one call, where it is given")]
    mark = " <- decides"
    for level, says in manager.explain():
        where = f" ({settings.config_path()})" if level == "config file" else ""
        rows.append((level, f"{_named(says)}{where}{mark}" if says else f"nothing{where}"))
        mark = "" if says else mark
    return rows


def _print_outcome(outcome: Outcome) -> None:
    took = ", ".join(f"{step} {outcome.seconds[step] * 1e3:.1f} ms" for step in STEPS if step in outcome.seconds)
    if outcome.passed:
        _say(outcome.name, "works", took)
        return
    _say(outcome.name, "fails", f"at {outcome.step}" + (f", after {took}" if took else ""))
    _say("", "", f"cause: {outcome.cause}")
    if outcome.mend:
        _say("", "", f"mend: {outcome.mend}")


def _say(name: str, result: str, text: str) -> None:
    Console().print(Text.assemble(f"{name:9} ", (f"{result:7}", _STYLES.get(result, "")), text), soft_wrap=True)


def _print_table(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:  # as Text, or rich takes the [cuda] of plugrad-cupy[cuda] for a style
        table.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
    print_whole(table)
