"""The commands as a user types them: what they print, and what they exit with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import plugrad
from plugrad import cli
from plugrad.backends import settings
from plugrad.cli.app import app

from ..backends.plugins import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Distributions for a command of its own process."""
    return Site(tmp_path)


def plugrad_(site: Site, *arguments: str, **environ: str) -> tuple[int, str, str]:
    """Exit code, output and errors of ``plugrad ARGUMENTS`` in a pipe, which counts as 80 columns wide."""
    command = [sys.executable, "-c", "from plugrad.cli import main; main()", *arguments]
    done = subprocess.run(command, env=site.environ(COLUMNS="80", **environ), capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def in_process(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


# ------------------------------------------------------------------------------------------------------------ main


@pytest.mark.parametrize("lacking", ["rich", "typer"])
def test_without_the_extra(site: Site, lacking: str) -> None:
    code = f"import sys; sys.modules[{lacking!r}] = None; from plugrad.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=site.environ(), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f'The command line needs {lacking}: pip install "plugrad[cli]"\n'


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plugrad.cli.app", None)  # type: ignore[arg-type]
    monkeypatch.delattr(cli, "app")
    with pytest.raises(ModuleNotFoundError, match=r"plugrad\.cli\.app"):
        cli.main()


def test_version() -> None:
    assert in_process("--version").output == f"plugrad {plugrad.__version__}\n"


COMMANDS = [*get_command(app).commands]  # type: ignore[attr-defined]


def test_help_names_the_commands() -> None:
    output = in_process("--help").output
    assert {"backends", "check", "conform", "demo", "doctor", "new-backend", "which"} == {*COMMANDS}
    assert all(command in output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_has_a_help_text(command: str) -> None:
    output = in_process(command, "--help").output
    assert in_process(command, "--help").exit_code == 0
    for option in re.findall(r"--[a-z][a-z-]*", output):
        described = re.search(rf"{option}\s+(<[^>]+>)?\s+\S+", output)
        assert described, option


def test_own_errors_are_one_line(site: Site) -> None:
    code, out, err = plugrad_(site, "which", PLUGRAD_BACKEND="numpi")
    assert (code, out) == (1, "numpi (PLUGRAD_BACKEND)\n")
    assert err.startswith("no backend is named 'numpi', which PLUGRAD_BACKEND asks for; there are: numpy")
    code, _, err = plugrad_(site, "which", PLUGRAD_CONFIG=str(site.folder / "absent.toml"))
    assert (code, err.count("\n")) == (1, 1)


# -------------------------------------------------------------------------------------------------------- backends


def test_backends(site: Site) -> None:
    site.announce("lacking", requires=("no_such_library",), fix='pip install "lib[cuda]"', device_kinds=("cpu", "cuda"))
    site.announce("heavy")
    site.write("heavy_backend.py", "raise SystemExit('loaded')")
    code, out, _ = plugrad_(site, "backends")
    assert code == 0
    rows = {line.split()[0]: re.split(r"\s{2,}", line.strip()) for line in out.splitlines()}
    assert rows["name"] == ["name", "status", "version", "devices", "maturity"]
    assert rows["numpy"][1] == "available"
    assert rows["heavy"][1] == "available"
    assert rows["lacking"][1] == "missing-dependency"
    (why,) = [line for line in out.splitlines() if line.startswith("the backend 'lacking' cannot be used")]
    assert why.endswith('no_such_library is not installed; pip install "lib[cuda]"')  # rich takes [cuda] for a style
    assert len(why) > 80, "whole, though a pipe has 80 columns"


# ----------------------------------------------------------------------------------------------------------- which


def test_which_says_who_decides(site: Site) -> None:
    site.announce("good")
    assert plugrad_(site, "which")[:2] == (0, "numpy (default)\n")
    site.write("plugrad/config.toml", 'backend = "good"')
    path = os.path.join(str(site.folder), "plugrad", "config.toml")
    assert plugrad_(site, "which")[:2] == (0, f"good (config file {path})\n")
    code, out, _ = plugrad_(site, "which", "--explain", PLUGRAD_BACKEND="numpy:cpu")
    levels = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in out.splitlines()[1:])
    assert code == 0
    assert levels == {
        "level": "says",
        "argument": "decides for one call, where it is given",
        "with use_backend": "nothing",
        "use_backend": "nothing",
        "PLUGRAD_BACKEND": "numpy on cpu <- decides",
        "config file": f"good ({path})",
        "default": "numpy",
    }


def test_which_fails_if_it_cannot_be_used(site: Site) -> None:
    site.announce("lacking", requires=("no_such_library",))
    code, out, err = plugrad_(site, "which", PLUGRAD_BACKEND="lacking")
    assert (code, out) == (1, "lacking (PLUGRAD_BACKEND)\n")
    assert err.endswith('no_such_library is not installed; pip install "no_such_library"\n')


def test_which_fails_if_the_backend_has_no_such_device(site: Site) -> None:
    site.announce("good")
    for asked, backend in (("numpy:cuda", "numpy"), ("good:cuda", "good")):
        code, out, err = plugrad_(site, "which", "--explain", PLUGRAD_BACKEND=asked)
        assert (code, out.splitlines()[0]) == (1, f"{backend} on cuda (PLUGRAD_BACKEND)")
        assert re.fullmatch(r".* no device 'cuda'; it has 'cpu'.*; PLUGRAD_BACKEND asks for it\n", err)
    site.write("plugrad/config.toml", 'backend = "numpy"\ndevice = "gpu"')
    code, _, err = plugrad_(site, "which")
    assert code == 1
    assert re.search(r"'gpu'.*; config file .*config\.toml asks for it\n", err)
    assert plugrad_(site, "which", PLUGRAD_BACKEND="good:cpu")[:2] == (0, "good on cpu (PLUGRAD_BACKEND)\n")


def test_which_loads_a_backend_only_to_ask_for_its_devices(site: Site) -> None:
    site.announce("heavy")
    site.write("heavy_backend.py", "raise SystemExit('loaded')")
    assert plugrad_(site, "which", PLUGRAD_BACKEND="heavy")[:2] == (0, "heavy (PLUGRAD_BACKEND)\n")
    code, _, err = plugrad_(site, "which", PLUGRAD_BACKEND="heavy:cpu")
    assert code == 1
    assert "SystemExit: loaded" in err


# ---------------------------------------------------------------------------------------------------------- doctor

CRASH = "kernels = lambda self: __import__('os').abort()"
WRONG = "to_numpy = lambda self, raw: __import__('numpy').array(raw) * 2"


def test_doctor_examines_all_and_none_stops_the_others(site: Site) -> None:
    site.announce("aborts", body=CRASH)
    site.announce("good", body="print('a library that talks')")
    site.announce("lacking", requires=("no_such_library",))
    site.announce("quits", body="raise SystemExit('no licence')")
    site.announce("wrong", body=WRONG)
    code, out, _ = plugrad_(site, "doctor")
    assert code == 0  # nobody asked for any of these
    assert f"plugrad {plugrad.__version__}, Python " in out
    works = r"{}\s+works\s+load .* ms, array .* ms, add .* ms, matmul .* ms, backward .* ms, dlpack .* ms\n"
    for pattern in (
        works.format("numpy"),
        works.format("good"),
        r"aborts\s+fails\s+at load\n\s+cause: the process ended with .*\n\s+mend: .*plugrad-aborts.*-m plugrad.cli",
        r"lacking\s+fails\s+at find\n\s+cause: .*no_such_library is not installed; pip install",
        r"quits\s+fails\s+at load\n\s+cause: .*SystemExit: no licence; update or reinstall plugrad-quits",
        r"wrong\s+fails\s+at \w+",
    ):
        assert re.search(pattern, out), (pattern, out)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for this")
def test_doctor_names_the_signal(site: Site) -> None:
    site.announce("aborts", body=CRASH)
    out = plugrad_(site, "doctor", "aborts")[1]
    assert "ended with SIGABRT: Fatal Python error: Aborted" in out


@pytest.mark.parametrize("asked", [("doctor", "quits"), ("doctor",)])
def test_doctor_fails_if_one_that_was_asked_for_does(site: Site, asked: tuple[str, ...]) -> None:
    site.announce("quits", body="raise SystemExit")
    environ = {} if len(asked) > 1 else {"PLUGRAD_BACKEND": "quits"}
    assert plugrad_(site, *asked, **environ)[0] == 1


def test_doctor_does_not_wait_for_ever(site: Site) -> None:
    site.announce("hangs")
    site.write("hangs_backend.py", "import time; time.sleep(600)")
    start = time.perf_counter()
    code, out, _ = plugrad_(site, "doctor", "hangs", "--timeout", "2")
    assert code == 1
    assert "no answer after 2 s" in out
    assert "PLUGRAD_DISABLE=hangs" in out
    assert time.perf_counter() - start < 60


def test_doctor_reports_a_wrong_step(site: Site) -> None:
    kernels = "{**super().kernels(), TABLE['matmul']: lambda a, b: a @ b + 1}"
    site.announce("wrong", body=f"def kernels(self): from plugrad.ops import TABLE; return {kernels}")
    code, out, _ = plugrad_(site, "doctor", "wrong", "--device", "cpu")
    assert code == 1
    assert re.search(r"wrong\s+fails\s+at matmul, after load .* ms, array .* ms, add .* ms", out)
    assert "cause: ArithmeticError: [[8.0, 11.0], [16.0, 23.0]] of float64 came out, and NumPy says [[7.0, 10.0]" in out
    assert "mend: update or reinstall plugrad-wrong" in out


def test_doctor_asks_for_what_is_chosen(site: Site) -> None:
    code, _, err = plugrad_(site, "doctor", PLUGRAD_BACKEND="numpi")
    assert (code, "did you mean 'numpy'?" in err, "PLUGRAD_BACKEND" in err) == (1, True, True)
    code, out, _ = plugrad_(site, "doctor", PLUGRAD_BACKEND="numpy:cuda")
    assert (code, "has no device 'cuda'" in out) == (1, True)


def test_doctor_of_an_unknown_backend(site: Site) -> None:
    code, _, err = plugrad_(site, "doctor", "numpi")
    assert code == 1
    assert "did you mean 'numpy'?" in err


def test_doctor_on_a_device_that_is_not_there(site: Site) -> None:
    code, out, _ = plugrad_(site, "doctor", "numpy", "--device", "cuda")
    assert code == 1
    assert "DeviceError" in out


# ------------------------------------------------------------------------------------------------------------ demo


@pytest.mark.parametrize(
    "arguments, run_with",
    [
        ((), (None, None, 5, 0)),
        (("--backend", "numpy", "--device", "cpu", "--epochs", "2", "--seed", "7"), ("numpy", "cpu", 2, 7)),
    ],
)
def test_demo_hands_over(monkeypatch: pytest.MonkeyPatch, arguments: Any, run_with: Any) -> None:
    calls: list[Any] = []
    demo = ModuleType("plugrad.demo")
    demo.__dict__["run"] = lambda *given: calls.append(given) or 3
    monkeypatch.setitem(sys.modules, "plugrad.demo", demo)
    assert in_process("demo", *arguments).exit_code == 3
    assert calls == [run_with]


def test_settings_are_what_the_library_says() -> None:
    assert settings.FALLBACK.backend in in_process("which", "--explain").output
