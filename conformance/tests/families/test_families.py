"""Each check of each family fails where something is broken on purpose.

That they pass on backends that are right is asked where these are tested: in test_numpy.py, and by each plugin.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from fnmatch import fnmatchcase
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import plugrad as pg
from plugrad import autograd, compiler, dtypes, ops, random, tensor, walk
from plugrad.backends import current
from plugrad.backends.numpy import kernels as module_of_kernels
from plugrad.backends.numpy.backend import NumPyBackend
from plugrad.ops import Op
from plugrad.random import Generator
from plugrad.tensor import Node, Tensor
from plugrad_conformance.families import ALL, asking, devices, hygiene
from plugrad_conformance.records import Case, Check, Outcome, Result
from plugrad_conformance.runner import ask
from plugrad_conformance.saboteurs import ALL as SABOTEURS
from plugrad_conformance.subjects import find

NAMES = [f"{check.family}/{check.name}" for check in ALL]


def outcomes(check: Check, subject: str, wanted: Callable[[Case], bool] = lambda case: True) -> list[Result]:
    """What comes out of the cases of a check that are wanted."""
    return [ask(find(subject), check, case) for case in check.cases() if wanted(case)]


def checked(name: str) -> Check:
    """A check by its name."""
    return ALL[NAMES.index(name)]


def test_ids_are_unique() -> None:
    assert len({*NAMES}) == len(NAMES)
    for check in ALL:
        names = [case.name for case in check.cases()]
        assert len({*names}) == len(names) > 0


def test_what_is_no_backend_of_plugrad_is_not_asked() -> None:
    stranger: Any = SimpleNamespace(name="stranger", versions=dict)
    for check in ALL:
        result = ask(stranger, check, next(iter(check.cases())))
        assert (result.outcome, result.message) == (
            Outcome.UNSUPPORTED,
            "stranger is no backend of plugrad, whose engine this is about",
        )


def test_a_dtype_that_is_missing_is_unsupported_and_must_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    its = current.table("strict").backend
    narrow = {ours: raw for ours, raw in its.dtypes.items() if ours is not dtypes.int8}
    monkeypatch.setattr(type(its), "dtypes", narrow)
    for name in ("promotion/pairs", "promotion/numbers", "promotion/casts", "dlpack/dtypes"):
        results = outcomes(checked(name), "strict", lambda case: case.name.startswith("int8"))
        assert {r.outcome for r in results} == {Outcome.UNSUPPORTED}, name
    monkeypatch.setattr(type(its), "raw_dtype", lambda self, dtype: self.dtypes.get(dtype, self.dtypes[dtypes.int16]))
    (result,) = outcomes(checked("promotion/casts"), "strict", lambda case: case.name == "int8")
    assert "which the backend does not have" in result.message


def test_a_primitive_that_is_missing_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    table = current.table("numpy")
    monkeypatch.setitem(table, ops.TANH, partial(table.no_kernel, ops.TANH))
    monkeypatch.setattr(asking, "_refusal", asking._refusal.__wrapped__)
    (result,) = outcomes(checked("determinism/twice"), "numpy", lambda case: case.op == "tanh")
    assert result.outcome is Outcome.UNSUPPORTED


def test_a_declared_host_copy_is_no_hidden_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _over_the_host(monkeypatch)
    backend: Any = current.table("torch").backend
    monkeypatch.setattr(backend, "host_copies", {ops.TANH: "torch has none"}, raising=False)
    (result,) = outcomes(checked("devices/host"), "torch", lambda case: case.op == "tanh")
    assert (result.outcome, result.message) == (
        Outcome.UNSUPPORTED,
        "by way of the host, as torch says: torch has none",
    )


@pytest.mark.parametrize("op, allowed", [(ops.GATHER, True), (ops.SOLVE, True), (ops.TANH, False)], ids=str)
def test_a_look_is_allowed_where_values_alone_tell_what_must_be_refused(
    op: Op, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looks(right: Any, x: Any, *others: Any) -> Any:
        assert bool((x == x).any()) or not x.numel()
        return right(x, *others)

    _kernel(op, looks, "torch")(monkeypatch)
    (result,) = outcomes(checked("devices/host"), "torch", lambda case: case.op == op.name)
    assert result.outcome.ok is allowed


def test_the_sentinel_leaves_no_trace() -> None:
    import torch

    before = {name: torch.Tensor.__dict__.get(name) for name in devices.OUT}
    backend = current.table("torch").backend
    with devices.watched(asking.Home(current.table("torch"), None)) as seen:
        assert torch.ones(1).item() == 1.0
        assert torch.Tensor.__dict__["item"] is not before["item"]
    assert len(seen) == 1
    assert "test_families" in seen[0]
    assert {name: torch.Tensor.__dict__.get(name) for name in devices.OUT} == before
    assert not {"to_numpy", "item"} & vars(backend).keys()


# ------------------------------------------------------------------------------------------------------------- breaks

Patch = pytest.MonkeyPatch


class Break(NamedTuple):
    """What is broken, and the case that must fail for it."""

    case: str
    harm: Callable[[Patch], Any]
    subject: str = "numpy"


def _kernel(op: Op, f: Callable[..., Any], backend: str = "numpy") -> Callable[[Patch], Any]:
    """Another kernel, which is handed the right one first."""

    def harm(patch: Patch) -> None:
        table = current.table(backend)
        patch.setitem(table, op, partial(f, table[op]))

    return harm


def _attribute(holder: Any, name: str, value: Any) -> Callable[[Patch], Any]:
    return lambda patch: patch.setattr(holder, name, value)


def _method(holder: Any, name: str, f: Callable[..., Any]) -> Callable[[Patch], Any]:
    """Another method, which is handed the right one first."""
    right = getattr(holder, name)
    return lambda patch: patch.setattr(holder, name, lambda *args, **options: f(right, *args, **options))


def _pull(op: Op, f: Callable[..., Any]) -> Callable[[Patch], Any]:
    def harm(patch: Patch) -> None:
        patch.setattr(op, "pulls", tuple(partial(f, pull) for pull in op.pulls))
        patch.setitem(current.table("numpy").pulls, op, op.pulls)

    return harm


def _strict(name: str, f: Callable[..., Any]) -> Callable[[Patch], Any]:
    def harm(patch: Patch) -> None:
        its = type(current.table("strict").backend)
        _method(its, name, f)(patch)

    return harm


def _over_the_host(patch: Patch) -> None:
    import torch

    patch.setitem(current.table("torch"), ops.TANH, lambda x: torch.from_numpy(np.asarray(np.tanh(x.numpy()))))


def _home_again(right: Any, x: Any) -> Any:
    return current.table("strict").backend.to_device(right(x), "cpu")


def _shared_buffer() -> Callable[..., Any]:
    buffers: dict[Any, Any] = {}

    def kernel(right: Any, x: Any) -> Any:
        buffer = buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        buffer[...] = right(x)
        time.sleep(1e-5)  # others come by
        return buffer.copy()

    return kernel


def _hoarder(kept: list[Any]) -> Callable[..., Any]:
    def kernel(right: Any, x: Any) -> Any:
        kept.append(x)
        return right(x)

    return kernel


def _growing_table(patch: Patch) -> None:
    patch.setattr(module_of_kernels, "SEEN", [], raising=False)
    patch.setitem(
        current.table("numpy"),
        ops.TANH,
        lambda x: (module_of_kernels.SEEN.append(x), np.tanh(x))[1],  # type: ignore[attr-defined]
    )


def _cyclic(x: Tensor) -> Tensor:
    y: Any = tensor.DOORS[ops.TANH](x)
    y.paused = [y]
    return y


def _slow_sum(patch: Patch) -> None:
    patch.setattr(autograd, "_accumulating", nullcontext())
    _kernel(ops.ADD, lambda right, a, b: (time.sleep(1e-4), right(a, b))[1])(patch)


def _first_result(f: Callable[..., Any]) -> Callable[..., Any]:
    kept: list[Any] = []

    def compiled(*args: Any) -> Any:
        if not kept:
            kept.append(f(*args))
        return kept[0]

    return compiled


def _walk(**said: Any) -> Callable[[Patch], Any]:
    return _attribute(autograd, "walk", lambda *args, **options: walk.walk(*args, **(options | said)))


def _raises(error: Exception) -> Callable[..., Any]:
    def kernel(*_: Any) -> Any:
        raise error

    return kernel


def _reported(**changed: Any) -> Callable[[Patch], Any]:
    fine = {
        "plugin": "its", "libraries": ["lib"], "imported": [], "imported by the spec": ["its"], "status": "ready",
        "entry point": {"many": 1, "hooks": True, "dist": "its", "needs plugrad": True}, "printed": "", "numbers": True,
        "process": [], "names": [], "engine": [],
    }  # fmt: skip
    return _attribute(hygiene, "report", lambda *_: fine | changed)


drift = itertools.count()
everybodys = _attribute(NumPyBackend, "is_sole_owner", lambda self, raw: True)
BREAKS: dict[str, list[Break]] = {
    "promotion/pairs": [
        Break("int8+float32", _kernel(ops.MULTIPLY, lambda right, a, b: np.asarray(right(a, b), np.float64))),
        Break("int8+uint64", _attribute(dtypes, "_pair", lambda a, b: dtypes.float64)),
    ],
    "promotion/numbers": [
        Break("float32+float", _kernel(ops.MULTIPLY, lambda right, a, b: np.asarray(right(a, b), np.float64))),
    ],
    "promotion/results": [
        Break("abs", _kernel(ops.ABS, lambda right, x: np.asarray(right(x), np.float64))),
        Break("argmax", _kernel(ops.ARGMAX, lambda right, x, **how: np.asarray(right(x, **how), np.int32))),
    ],
    "promotion/half": [
        Break("cos", _kernel(ops.COS, lambda right, x: right(x) if x.ndim else np.asarray(right(x), np.float64))),
        Break("sum", _kernel(ops.SUM, lambda right, x, **how: right(x, **how) if x.size else np.sum(x, 0, float))),
    ],
    "promotion/range": [Break("sum of int8", _kernel(ops.ASTYPE, lambda right, x, dtype: x))],
    "promotion/casts": [Break("float32", _kernel(ops.ASTYPE, lambda right, x, dtype: x))],
    "promotion/defaults": [Break("ones", _method(NumPyBackend, "full", lambda f, *a: f(*a).astype(np.float32)))],
    "promotion/derivatives": [
        Break("float32 beside float64", _pull(ops.ASTYPE, lambda pull, xp, ct, *_: ct)),
    ],
    "conventions/reverse": [
        Break("relu(0)", _pull(ops.RELU, lambda pull, xp, ct, y, *_: ct * (y >= 0))),
        Break("sort ties", _kernel(ops.ARGSORT, lambda right, x, **how: np.flip(right(-x, **how)))),
    ],
    "conventions/forward": [
        Break("relu(0)", _attribute(ops.RELU, "push", lambda y, args, tangents, params: tangents[0])),
    ],
    "aliasing/operands": [Break("tanh", _kernel(ops.TANH, lambda right, x: np.tanh(x, out=x)))],
    "aliasing/results": [Break("reshape", everybodys)],
    "aliasing/saved": [Break("multiply", everybodys)],
    "aliasing/gradients": [Break("add", everybodys)],
    "aliasing/programs": [Break("values of what is written", everybodys)],
    "aliasing/history": [Break("what was saved", everybodys)],
    "graph/gradients": [Break("accumulation", _kernel(ops.ADD, lambda right, a, b: b))],
    "graph/walks": [Break("twice", _walk(retain=True))],
    "graph/leaves": [Break("no_grad", _attribute(pg, "no_grad", nullcontext))],
    "graph/nodes": [Break("names", _attribute(Node, "name", lambda self: "Backward"))],
    "graph/refused": [
        Break("a constant root", _attribute(autograd, "_check_root", lambda what, t: None)),
    ],
    "errors/calls": [
        Break("shapes that do not broadcast", _kernel(ops.ADD, _raises(OSError("no")))),
        Break("an inverse", _kernel(ops.INV, lambda right, x: x)),
        Break("cholesky", _kernel(ops.CHOLESKY, _raises(pg.errors.LinearAlgebraError("no")))),
    ],
    "errors/backends": [Break("add", _attribute(tensor, "_meet", lambda op, one, two: one), "torch")],
    "devices/results": [
        Break("tanh", _kernel(ops.TANH, _home_again, "strict"), "strict"),
        Break("tanh", _kernel(ops.TANH, lambda right, x: np.tanh(x.numpy()), "torch"), "torch"),
    ],
    "devices/host": [Break("tanh", _over_the_host, "torch")],
    "devices/programs": [Break("a training step", _over_the_host, "torch")],
    "devices/sentinel": [Break("item", _attribute(devices, "_noted", lambda *_: nullcontext()))],
    "devices/creation": [
        Break("zeros", _strict("full", lambda f, its, shape, one, dtype, _: f(its, shape, one, dtype, None)), "strict"),
    ],
    "devices/moves": [Break("there and back", _strict("to_device", lambda f, self, raw, device: raw), "strict")],
    "dlpack/dtypes": [
        Break("float32", _method(NumPyBackend, "from_dlpack", lambda f, *a: f(*a).astype(np.float64)), "torch"),
    ],
    "dlpack/shapes": [Break("a matrix", _method(NumPyBackend, "from_dlpack", lambda f, *a: f(*a).ravel()), "torch")],
    "dlpack/moves": [
        Break("gradient", _pull(ops.TO_BACKEND, lambda pull, xp, ct, *rest: pull(xp, ct * 2, *rest)), "torch"),
    ],
    "dlpack/memory": [Break("given away", everybodys)],
    "dlpack/refused": [Break("a leaf", _attribute(Tensor, "__dlpack__", lambda x, **how: x.data.__dlpack__(**how)))],
    "random/first": [Break("normal", _method(random, "normal", lambda f, *a, **how: f(*a, **how) * 1.5))],
    "random/again": [Break("normal", _attribute(random, "seed", lambda seed: None))],
    "random/transforms": [Break("normal", _attribute(random, "tracing", lambda: None))],
    "random/streams": [Break("spawned", _attribute(Generator, "spawn", lambda self, n: [Generator(0)] * n))],
    "threads/kernels": [Break("tanh", _kernel(ops.TANH, _shared_buffer()))],
    "threads/alone": [Break("grad", _kernel(ops.TANH, _shared_buffer()))],
    "threads/compiled": [
        Break("compile", _attribute(compiler, "threading", SimpleNamespace(local=SimpleNamespace))),
        Break("grad of compile", _kernel(ops.TANH, _shared_buffer(), "torch"), "torch"),
    ],
    "threads/shared": [Break("one leaf", _slow_sum)],
    "leaks/walk": [Break("tanh", _kernel(ops.TANH, _hoarder([])))],
    "leaks/saved": [Break("exp", _kernel(ops.EXP, _hoarder([])))],
    "leaks/graphs": [Break("backward", _walk(retain=True))],
    "leaks/cycles": [Break("backward", _attribute(pg, "tanh", _cyclic))],
    "leaks/tables": [Break("grad", _growing_table)],
    "determinism/twice": [Break("tanh", _kernel(ops.TANH, lambda right, x: right(x) + 1e-12 * next(drift)))],
    "hygiene/manners": [
        Break("imported unasked", _reported(imported=["lib"])),
        Break("the announcement", _reported(**{"imported by the spec": ["its", "lib"]})),
        Break("the entry point", _reported(**{"entry point": None})),
        Break("the process", _reported(process=["environ X is new"])),
        Break("patched names", _reported(names=["lib.f is g of its"])),
        Break("rules and other kernels", _reported(engine=["rule of add"])),
        Break("NumPy's numbers", _reported(numbers=False)),
        Break("printed", _reported(printed="hello")),
        Break("status", _reported(status="broken")),
    ],
    "compiled/operations": [Break("tanh", _attribute(pg, "compile", _first_result))],
    "compiled/programs": [Break("traced anew", _attribute(pg, "compile", _first_result))],
}  # fmt: skip


@pytest.fixture
def healthy_afterwards() -> Iterator[None]:
    """What the kit learnt of a broken backend is forgotten."""
    asking._refusal.cache_clear()
    yield
    asking._refusal.cache_clear()


@pytest.mark.usefixtures("healthy_afterwards")
@pytest.mark.parametrize(
    "name, harm", [pytest.param(n, b, id=f"{n}-{b.case}") for n, several in BREAKS.items() for b in several]
)
def test_what_is_broken_is_noticed(name: str, harm: Break) -> None:
    with pytest.MonkeyPatch.context() as patch:
        harm.harm(patch)
        for _ in range(10):  # threads need not meet each time
            (result,) = outcomes(checked(name), harm.subject, lambda case: case.name == harm.case)
            if not result.outcome.ok:
                break
    assert result.outcome is Outcome.FAIL_FAMILY
    assert len(result.message) > 15


def test_every_check_has_a_break_or_a_saboteur() -> None:
    asked = {pattern for saboteur in SABOTEURS for pattern in saboteur.asks}
    assert BREAKS.keys() <= {*NAMES}
    assert not [name for name in NAMES if name not in BREAKS and not any(fnmatchcase(name, p) for p in asked)]
