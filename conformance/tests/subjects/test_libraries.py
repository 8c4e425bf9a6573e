"""Libraries with derivatives of their own are asked as backends are, and say what they do not have."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from plugrad_conformance import subjects
from plugrad_conformance.records import Outcome, Result, Unsupported
from plugrad_conformance.subjects import find

Answer = Callable[..., list[Result]]
NEEDS = {"torch.func": "torch", "jax.vjp": "jax", "autograd": "autograd"}
ALL = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(needs) is None, reason=f"{needs} is not installed"))
    for name, needs in NEEDS.items()
]


def test_every_library_is_tested() -> None:
    assert NEEDS.keys() == subjects.LIBRARIES.keys()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("check", ["vjp", "jvp", "second", "nesting", "differences"])
def test_what_is_right_passes(answer: Answer, name: str, check: str) -> None:
    for op, case in (("tanh", "tanh-rectangular-complex128"), ("matmul", "matmul-two-matrices")):
        results = [r for r in answer(name, check, op, only=case) if r.case == case]
        assert {(r.outcome, r.message) for r in results} == {(Outcome.PASS_NATIVE, "")}


@pytest.mark.parametrize("name", ALL)
def test_operands_of_two_dtypes_and_numbers(answer: Answer, name: str) -> None:
    for case in ("multiply-rectangular-float32-with-float64", "multiply-scalar-right"):
        results = [r for r in answer(name, "vjp", "multiply", only=case) if r.case == case]
        assert {r.outcome for r in results} == {Outcome.PASS_NATIVE}


@pytest.mark.parametrize("name", ALL)
def test_complex_cotangents_are_conjugated(name: str) -> None:
    """z^2 has the derivative 2z, and the gradient 2 conj(z)."""
    subject = find(name)
    (z, one) = (subject.array(np.array(x)) for x in (1 + 1j, 1 + 0j))
    square = lambda z: (z * z,)  # noqa: E731
    assert subject.host(subject.vjp(square, (z,), (one,))[1][0]) == 2 - 2j
    assert subject.host(subject.jvp(square, (z,), (one,))[1][0]) == 2 + 2j


@pytest.mark.parametrize("name", ALL)
def test_arrays_are_nobody_elses_memory(name: str) -> None:
    subject, host = find(name), np.arange(6.0).reshape(2, 3)
    x = subject.array(host)
    host[:] = 0
    assert subject.host(x).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    "name, check, case, words",
    [
        ("torch.func", "vjp", "betaln-0-d", "torch has no betaln"),
        ("torch.func", "vjp", "zeta-0-d", "not implemented"),
        ("torch.func", "vjp", "iv-order-2", "order 2"),
        ("jax.vjp", "vjp", "nextafter-0-d", "not implemented"),
        ("jax.vjp", "vjp", "erfcx-0-d", "JAX has no erfcx"),
        ("autograd", "vjp", "copysign-0-d", "VJP of copysign"),
        ("autograd", "jvp", "solve-matrices", "JVP of solve"),
        ("autograd", "vjp", "conv-plane", "autograd has no conv"),
        ("autograd", "walk", "tanh-0-d", "one way"),
    ],
)
def test_what_a_library_does_not_have(answer: Answer, name: str, check: str, case: str, words: str) -> None:
    pytest.importorskip(NEEDS[name])
    (result,) = [r for r in answer(name, check, case.partition("-")[0], only=case) if r.case == case]
    assert result.outcome is Outcome.UNSUPPORTED
    assert words in result.message


@pytest.mark.parametrize("case", ["nesting/solve-matrices", "vjp/spherical_jn-order-0"])
def test_what_is_wrong_fails_and_can_be_shown_alone(answer: Answer, case: str) -> None:
    """docs/findings.md says why."""
    pytest.importorskip("torch")
    check, _, name = case.partition("/")
    (result,) = [r for r in answer("torch.func", check, name.partition("-")[0], only=name) if r.case == name]
    assert result.outcome.startswith("FAIL")
    with pytest.raises(AssertionError):
        exec(result.repro, {})


def test_jaxs_64_bits_are_nobody_elses(answer: Answer) -> None:
    jax = pytest.importorskip("jax")
    assert {r.dtype for r in answer("jax.vjp", "vjp", "exp", only="exp-0-d")} == {"float64", "complex128"}
    assert not jax.config.jax_enable_x64
    assert jax.numpy.zeros(()).dtype == np.float32


# -------------------------------------------------------------------------------------------------------- not installed


@pytest.mark.parametrize("name", ALL)
def test_a_library_that_is_not_here(answer: Answer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module = subjects.LIBRARIES[name].partition(":")[0]
    importlib.import_module(module)
    monkeypatch.setitem(sys.modules, NEEDS[name], None)
    monkeypatch.delitem(sys.modules, module)
    subjects.loaded.cache_clear()
    try:
        results = answer(name, "vjp", "tanh", only="tanh-0-d")
        assert {r.outcome for r in results} == {Outcome.UNSUPPORTED}
        assert all(f"pip install {NEEDS[name]}" in r.message for r in results)
        with pytest.raises(Unsupported, match="not here"):
            find(name).versions()
    finally:
        subjects.loaded.cache_clear()


# -------------------------------------------------------------------------------------------------- on the command line


def test_it_is_asked_about_derivatives_alone(tmp_path: object) -> None:
    pytest.importorskip("autograd")
    path = f"{tmp_path}/report.json"
    program = "import plugrad.cli; plugrad.cli.main()"
    command = [sys.executable, "-c", program, "conform", "autograd", "--op", "tanh", "--report", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    with open(path, encoding="utf8") as file:
        report = json.load(file)
    assert {result["family"] for result in report["results"]} == {"gradients"}
    (subject,) = report["subjects"]
    assert set(subject["versions"]) == {"autograd", "numpy"}
