"""The kit's records: what is asked, of whom, and what came out. Everything else makes or reads these."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np

from plugrad.testing.samples import Sample

__all__ = ["Case", "Check", "Disagreement", "NoHardware", "Outcome", "Result", "Subject", "Unsupported"]

Host = np.ndarray[Any, Any]
Arrays = tuple[Any, ...]


class Outcome(StrEnum):
    """How a case came out. What passes says by which way; what fails says in which respect."""

    PASS_NATIVE = "PASS_NATIVE"  # by the backend's own kernels alone
    PASS_COMPOSITE = "PASS_COMPOSITE"  # by kernels composed of the standard's functions
    PASS_HOSTCOPY = "PASS_HOSTCOPY"  # right, but by way of the host, and the backend says so
    UNSUPPORTED = "UNSUPPORTED"  # declared, and refused with a clean error
    XFAIL = "XFAIL"  # listed as an expected failure, with a reason, and it does fail
    STALE = "STALE"  # listed, and it passes: the list is old
    FAIL_VALUE = "FAIL_VALUE"
    FAIL_VJP = "FAIL_VJP"
    FAIL_JVP = "FAIL_JVP"
    FAIL_SECOND = "FAIL_SECOND"
    FAIL_ORACLE = "FAIL_ORACLE"  # an oracle beside torch: duality, linearity, complex step, differences, nestings
    FAIL_FAMILY = "FAIL_FAMILY"  # a property beside derivatives: promotion, aliasing, devices, threads ...
    CRASH = "CRASH"  # the process died
    TIMEOUT = "TIMEOUT"
    SKIP_NO_HARDWARE = "SKIP_NO_HARDWARE"

    @property
    def ok(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self.startswith(("PASS", "UNSUPPORTED", "XFAIL", "SKIP"))


class Unsupported(Exception):
    """The subject says that it does not do this."""


class NoHardware(Exception):
    """What the subject runs on is not here."""


class Disagreement(AssertionError):
    """A check does not hold: by how many eps, if it is a matter of numbers."""

    def __init__(self, message: str, eps: float | None = None) -> None:
        super().__init__(message)
        self.eps = eps


class Subject(Protocol):
    """Who is asked: a backend under plugrad's engine, or a library with its own derivatives.

    Arrays are the subject's own. Complex derivatives are torch's, conjugate Wirtinger; an adapter translates.
    """

    name: str  # "numpy", "torch:cuda", "jax.vjp": what the report calls it

    def versions(self) -> dict[str, str]:
        """The libraries that compute, with versions. NoHardware or Unsupported where it cannot run here."""

    def array(self, x: Host) -> Any:
        """An array on the subject's device, strides and all where it can."""

    def host(self, x: Any) -> Host:
        """Its values, without history."""

    def function(self, sample: Sample) -> Callable[..., Arrays]:
        """The operation as a function of its moving operands, with a tuple of results; Unsupported if there is none."""

    def vjp(self, f: Callable[..., Arrays], xs: Arrays, cts: Arrays) -> tuple[Arrays, Arrays]:
        """(results, cotangents of the operands); nests: `f` may call vjp and jvp."""

    def jvp(self, f: Callable[..., Arrays], xs: Arrays, ts: Arrays) -> tuple[Arrays, Arrays]:
        """(results, their tangents); nests."""


class Case(NamedTuple):
    """One thing to try. Of a family that is not about one operation, `op` names the property's subject."""

    op: str  # "matmul"; "threads"
    name: str  # "matmul-stacks-float32": unique in its check
    sample: Sample | None = None
    dtype: str = "float64"
    bound: float = 0.0  # eps that pass, by the law of tolerances or a public declaration
    needs: frozenset[str] = frozenset()  # capabilities: "complex", "float64", "forward" ...
    note: str = ""  # why the bound is another, or where the case lies


class Check(NamedTuple):
    """One question, and all the cases it is asked of."""

    family: str  # "gradients", "promotion", "threads" ...
    name: str  # "value", "vjp", "jvp", "second", "duality" ...
    order: int  # of derivative: 0, 1, 2
    failure: Outcome
    cases: Callable[[], Iterable[Case]]
    run: Callable[[Case, Any], float | None]  # (case, subject) -> worst error in eps; Disagreement, Unsupported ...


@dataclass(frozen=True)
class Result:
    """What came out of one case."""

    subject: str
    family: str
    check: str
    op: str
    case: str
    order: int
    dtype: str
    outcome: Outcome
    eps: float | None = None  # the worst error
    bound: float | None = None
    message: str = ""
    seconds: float = 0.0
    repro: str = ""  # a script that shows it alone
    versions: dict[str, str] = field(default_factory=dict, compare=False)
