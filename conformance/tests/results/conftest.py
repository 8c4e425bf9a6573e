"""Results as a kit would find them on a bad day: every outcome, errors that are no number, text that is hostile."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import cycle

import pytest

from plugrad_conformance.records import Outcome, Result
from plugrad_conformance.report import Report

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> & \x1b[31m \"'{{data}}"
VERSIONS = {"numpy": {"numpy": "2.4.6"}, "torch:cpu": {"torch": "2.13.0"}, "<b>mine</b>": {}}

Make = Callable[..., Result]


def make(subject: str = "numpy", outcome: Outcome = Outcome.PASS_NATIVE, **changes: object) -> Result:
    """A result, with what is said changed."""
    fields = {
        "family": "gradients",
        "check": "vjp",
        "op": "matmul",
        "case": "matmul-2x3-float64",
        "order": 1,
        "dtype": "float64",
        "eps": 0.5,
        "bound": 1000.0,
    }
    return Result(subject=subject, outcome=outcome, versions=VERSIONS.get(subject, {}), **fields | changes)


@pytest.fixture(name="make", scope="session")
def make_() -> Make:
    """Makes results."""
    return make


@pytest.fixture(scope="session")
def report() -> Report:
    """Some thousand results of three subjects: NumPy is right, torch mostly, and the third is hostile."""
    results = []
    errors = cycle([0.0, 0.25, 3.0, 70.0, 999.0])
    for subject in VERSIONS:
        for op in ("abs", "add", "log", "log1p", "logsumexp", "matmul", "sum"):
            for check, order in (("value", 0), ("vjp", 1), ("jvp", 1), ("second", 2)):
                for dtype in ("float32", "float64", "complex128"):
                    results += [
                        make(subject, check=check, op=op, case=f"{op}-{n}-{dtype}", order=order, dtype=dtype, eps=eps)
                        for n, eps in zip(range(12), errors)
                    ]
    for n, outcome in enumerate(Outcome):
        case = f"tan-{outcome.lower()}"
        eps = None if outcome in (Outcome.CRASH, Outcome.UNSUPPORTED) else 10.0**n
        results.append(make("torch:cpu", outcome, op="tan", case=case, eps=eps, message=f"it is {outcome}", seconds=n))
    worst = {"log": math.nan, "add": math.inf, "sum": 3e12, "abs": 4e3}
    for op, eps in worst.items():
        case = f"{op}-bad"
        told = {"message": f"{op} is wrong\n{HOSTILE}", "repro": f"print({op!r})\n# {HOSTILE}\n"}
        results.append(
            make("<b>mine</b>", Outcome.FAIL_SECOND, op=op, check="second", order=2, case=case, eps=eps, **told)
        )
    leak = {"family": "leaks", "check": "holds", "op": HOSTILE, "case": HOSTILE, "order": 0, "eps": None, "bound": None}
    results.append(make("<b>mine</b>", Outcome.FAIL_FAMILY, **leak, message=HOSTILE))
    results.append(make("numpy", **leak | {"op": "graph", "case": "graph-1"}))
    return Report(tuple(results), {"torch": "2.13.0", "hash": "0123456789abcdef"})
