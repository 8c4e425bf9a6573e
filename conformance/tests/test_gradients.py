"""The family "gradients" passes what is right, and fails what is not, by the question that is about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plugrad import dtypes, ops
from plugrad.backends import current
from plugrad.backends.numpy.backend import NumPyBackend
from plugrad.ops import Op
from plugrad.tensor import Tensor
from plugrad.testing.samples import SPECS
from plugrad_conformance import gradients, subjects
from plugrad_conformance.deviations import DEVIATES, UNSETTLED, deviates, unsettled
from plugrad_conformance.records import Outcome, Result, Subject
from plugrad_conformance.references import everything

Answer = Callable[..., list[Result]]
Broken = Callable[..., Any]


def failures(results: list[Result]) -> list[Result]:
    assert results
    return [r for r in results if not r.outcome.ok]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Broken:
    """Gives an operation another kernel."""
    return lambda op, f, backend="numpy": monkeypatch.setitem(current.table(backend), op, f)


QUESTIONS = [check.name for check in gradients.CHECKS]


@pytest.mark.parametrize("check", QUESTIONS)
@pytest.mark.parametrize("subject", ["numpy", "torch", "strict:device1"])
def test_what_is_right_passes(answer: Answer, check: str, subject: str) -> None:
    for op in ("matmul", "solve", "divide") if check == "alone" else ("tanh", "matmul", "prod", "solve", "getitem"):
        assert not failures(answer(subject, check, op))


def test_a_result_says_all_about_itself(answer: Answer) -> None:
    (result,) = answer("torch", "vjp", "tanh", only="rectangular-float32")
    assert (result.family, result.op, result.order, result.dtype) == ("gradients", "tanh", 1, "float32")
    assert result.eps is not None
    assert result.bound is not None
    assert 0 <= result.eps <= result.bound
    assert result.seconds > 0
    assert set(result.versions) == {"plugrad", "torch"}
    assert not result.message + result.repro


def test_every_case_has_a_bound_and_a_name_of_its_own() -> None:
    for check in gradients.CHECKS:
        cases = list(check.cases())
        assert len({case.name for case in cases}) == len(cases) > 0
        assert all(0 < case.bound < 1e9 for case in cases)


def test_every_operation_with_a_derivative_is_asked_everything() -> None:
    counts = {check.name: Counter(case.op for case in check.cases()) for check in gradients.CHECKS}
    smooth = {s.op.name for s in everything() if s.moving}
    for check in ("vjp", "walk", "jvp", "second"):
        assert smooth - counts[check].keys() == {"floor_divide"}
    for check in ("duality", "linearity", "differences", "nesting"):
        assert counts[check].keys() == smooth
    assert {op.name for op in gradients.NOT_ANALYTIC} < {op.name for op in SPECS} - counts["complex_step"].keys()
    assert min(counts["value"].values()) >= 4


# ------------------------------------------------------------------------------------------------------------- broken


def test_a_wrong_kernel(answer: Answer, kernel: Broken) -> None:
    kernel(ops.TANH, np.sin)
    found = failures(answer("numpy", "value", "tanh"))
    assert {r.outcome for r in found} == {Outcome.FAIL_VALUE}
    assert all(r.eps is not None and r.bound is not None and r.eps > r.bound for r in found if "empty" not in r.case)


def test_a_wrong_dtype(answer: Answer, kernel: Broken) -> None:
    kernel(ops.TANH, lambda x: np.tanh(x).astype(np.float32))
    assert any("should have" in r.message for r in failures(answer("numpy", "value", "tanh")))


def test_a_kernel_that_raises(answer: Answer, kernel: Broken) -> None:
    def raises(x: Any) -> Any:
        raise OSError("out of paper")

    kernel(ops.TANH, raises)
    found = failures(answer("numpy", "value", "tanh"))
    assert {r.message for r in found} == {"OSError: out of paper"}


def more(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
    """A pull that is off."""
    return ct * y * 1.0001


@pytest.mark.parametrize("check, outcome", [("vjp", "FAIL_VJP"), ("duality", "FAIL_ORACLE")])
def test_a_wrong_pull(answer: Answer, monkeypatch: pytest.MonkeyPatch, check: str, outcome: str) -> None:
    monkeypatch.setattr(ops.EXP, "pulls", (more,))
    assert {r.outcome for r in failures(answer("numpy", check, "exp", only="exp-rect"))} == {outcome}


@pytest.mark.parametrize("check, outcome", [("jvp", "FAIL_JVP"), ("differences", "FAIL_ORACLE")])
def test_a_wrong_push(answer: Answer, monkeypatch: pytest.MonkeyPatch, check: str, outcome: str) -> None:
    monkeypatch.setattr(ops.EXP, "push", lambda y, args, tangents, params: tangents[0] * y * 1.0001)
    assert {r.outcome for r in failures(answer("numpy", check, "exp", only="exp-rect"))} == {outcome}


def test_a_rule_that_is_not_linear(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.EXP, "pulls", (lambda xp, ct, y, args, params, edge: ct * y + 1,))
    assert failures(answer("numpy", "linearity", "exp", only="exp-rectangular"))


def test_a_native_pull_that_lies(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only ``backward`` takes it."""
    table = current.table("torch")
    monkeypatch.setitem(table.pulls, ops.TANH, (more,))
    assert failures(answer("torch", "walk", "tanh"))
    assert not failures(answer("torch", "vjp", "tanh"))


@pytest.mark.parametrize("check", ["second", "nesting"])
def test_a_first_derivative_that_forgets_its_own(answer: Answer, monkeypatch: pytest.MonkeyPatch, check: str) -> None:
    """d exp = y ct, but y is taken for a constant in reverse mode: right to first order."""

    def pull(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        return ct * (y.detach() if type(y) is Tensor else y)

    monkeypatch.setattr(ops.EXP, "pulls", (pull,))
    monkeypatch.setattr(ops.EXP, "push", lambda y, args, tangents, params: tangents[0] * y)
    assert not failures(answer("numpy", "vjp", "exp", only="exp-rectangular"))
    assert not failures(answer("numpy", "jvp", "exp", only="exp-rectangular"))
    assert failures(answer("numpy", check, "exp", only="exp-rectangular"))


@pytest.mark.parametrize("check", ["complex_step", "differences"])
def test_derivatives_of_another_function(answer: Answer, kernel: Broken, check: str) -> None:
    """Both modes agree with each other and with torch; the values are another function's."""
    kernel(ops.SIN, np.cos)
    assert failures(answer("numpy", check, "sin", only="sin-rectangular"))


def test_another_choice_at_a_tie(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    def first(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        return ct

    def none(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        return ct * 0

    monkeypatch.setattr(ops.MAXIMUM, "pulls", (first, none))
    assert failures(answer("numpy", "vjp", "maximum", only="edges"))


def test_what_lies_elsewhere(answer: Answer, kernel: Broken) -> None:
    table = current.table("strict")
    tanh = table[ops.TANH]
    kernel(ops.TANH, lambda x: table.backend.to_device(tanh(x), "cpu"), "strict")
    found = failures(answer("strict:device1", "value", "tanh"))
    assert {r.message for r in found} == {"what comes out lies on strict:cpu, not on strict:device1"}


# -------------------------------------------------------------------------------------- how it passed, what is declared


def test_whose_kernels_ran(answer: Answer) -> None:
    assert {r.outcome for r in answer("torch", "vjp", "tanh")} == {Outcome.PASS_NATIVE}
    assert {r.outcome for r in answer("strict", "vjp", "softmax")} == {Outcome.PASS_COMPOSITE}


def test_by_way_of_the_host(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current.table("torch").backend, "host_copies", {ops.TANH: "of no GPU"})
    assert {r.outcome for r in answer("torch", "walk", "tanh")} == {Outcome.PASS_HOSTCOPY}


def _unsupported(monkeypatch: pytest.MonkeyPatch, op: Op) -> None:
    monkeypatch.setattr(current.table("numpy").backend, "unsupported", {op: "nobody asked for it"})


def test_what_is_declared_and_refused_is_unsupported(answer: Answer, kernel: Broken, monkeypatch: Any) -> None:
    _unsupported(monkeypatch, ops.TANH)
    kernel(ops.TANH, lambda x: current.table("numpy").no_kernel(ops.TANH))
    results = answer("numpy", "vjp", "tanh")
    assert {(r.outcome, r.message) for r in results} == {(Outcome.UNSUPPORTED, "nobody asked for it")}


def test_what_is_declared_and_there(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    _unsupported(monkeypatch, ops.TANH)
    assert all("and it has" in r.message for r in failures(answer("numpy", "vjp", "tanh")))


def test_what_is_declared_and_fails_in_another_way(answer: Answer, kernel: Broken, monkeypatch: Any) -> None:
    _unsupported(monkeypatch, ops.TANH)
    kernel(ops.TANH, lambda x: {}["no kernel"])
    assert all("KeyError" in r.message for r in failures(answer("numpy", "vjp", "tanh")))


def test_what_is_refused_and_not_declared(answer: Answer, kernel: Broken) -> None:
    kernel(ops.TANH, lambda x: current.table("numpy").no_kernel(ops.TANH))
    assert all("BackendError" in r.message for r in failures(answer("numpy", "vjp", "tanh")))


def test_a_dtype_that_there_is_not(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = {ours: its for ours, its in NumPyBackend.dtypes.items() if ours is not dtypes.float64}
    monkeypatch.setattr(NumPyBackend, "dtypes", narrow)
    assert all("yet takes it" in r.message for r in failures(answer("numpy", "value", "tanh", only="tanh-0-d")))
    asarray = NumPyBackend.asarray

    def refusing(self: Any, obj: Any, dtype: Any, device: Any, copy: Any) -> Any:
        return asarray(self, obj, self.raw_dtype(dtypes.DTYPES[obj.dtype.name]), device, copy)

    monkeypatch.setattr(NumPyBackend, "asarray", refusing)
    result, *_ = answer("numpy", "value", "tanh", only="tanh-0-d")
    assert (result.outcome, result.message) == (Outcome.UNSUPPORTED, "numpy has no float64")


def test_a_device_that_is_not_here(answer: Answer) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert {r.outcome for r in answer("torch:cuda", "value", "tanh")} == {Outcome.SKIP_NO_HARDWARE}


def test_a_device_that_there_is_nowhere(answer: Answer) -> None:
    assert all("no device 'gpu'" in r.message for r in failures(answer("torch:gpu", "value", "tanh")))


def autograd(name: str) -> Subject:
    from plugrad_conformance.torch_reference.autograd import Autograd

    return Autograd()


def test_a_library_is_asked_no_question_about_plugrad(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(subjects.LIBRARIES, "torch.autograd", f"{__name__}:autograd")
    assert not failures(answer("torch.autograd", "second", "tanh"))
    assert {r.outcome for r in answer("torch.autograd", "walk", "tanh")} == {Outcome.UNSUPPORTED}


# ----------------------------------------------------------------------------------------------------------- deviations


@pytest.mark.parametrize("table, where", [(DEVIATES, deviates), (UNSETTLED, unsettled)])
def test_deviations_leave_something_to_compare(table: Any, where: Callable[..., Any]) -> None:
    samples = [s for s in everything() if s.boundary and s.moving]
    for sample in samples:
        assert not np.size(where(sample)) or not np.all(where(sample))
    for op in table:
        assert any(np.any(where(s)) for s in samples if s.op is op)
