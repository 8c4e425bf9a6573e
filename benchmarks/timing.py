"""Times that can be compared on a noisy machine: rounds interleaved, ratios taken within a round, medians of those.

As a script it is a worker: `python timing.py LIBRARY CASE ROUNDS [--alone]` prints {way: seconds of each round}, JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Times = dict[str, list[float]]
BY_HAND = "by hand"
ROUND = 0.03  # seconds of each way in a round: long against the clock, short against the machine's moods

KEEPING = {"MALLOC_TRIM_THRESHOLD_": str(2**29), "MALLOC_MMAP_THRESHOLD_": str(2**25)}
"""glibc keeps what is freed. Else it gives back the top of its heap and fetches it again, call by call, or not: by what
happens to lie there. The gradient by hand of `deep` took 0.60 or 0.82 ms, one process for another."""


@dataclass(frozen=True)
class Ratio:
    """A median ratio with its quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, times: list[float], yardsticks: list[float]) -> Ratio:
        """Ratios are taken round by round, so what slows a whole round down cancels."""
        ratios = [t / y for t, y in zip(times, yardsticks, strict=True)]
        low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return cls(median, low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def duration(value: float) -> str:
    """Seconds, to three digits, in a unit that suits them."""
    for unit in ("s", "ms", "us"):
        if value >= 1:
            return f"{value:.3g} {unit}"
        value *= 1000
    return f"{value:.3g} ns"


def seconds(f: Callable[[], Any], calls: int) -> float:
    """Seconds per call, after one that is not counted: it finds the caches as others left them."""
    f()
    start = time.perf_counter()
    for _ in range(calls):
        f()
    return (time.perf_counter() - start) / calls


def interleaved(ways: Mapping[str, Callable[[], Any]], rounds: int) -> Times:
    """Every way once a round, for ROUND seconds each, in another order each; settling the number of calls warms up."""
    calls = {way: max(1, int(ROUND / seconds(f, 5))) for way, f in ways.items()}
    took: Times = {way: [] for way in ways}
    order, chance = list(ways), random.Random(0)
    for _ in range(rounds):
        chance.shuffle(order)
        for way in order:
            took[way].append(seconds(ways[way], calls[way]))
    return took


class WorkerError(RuntimeError):
    """A library failed, or its gradients are not those by hand."""


def worker(library: str, case: str, rounds: int, *, alone: bool = False) -> Times:
    """Times of one library on one case in a process of its own; beside the gradient by hand unless alone."""
    command = [sys.executable, __file__, library, case, str(rounds), *["--alone"] * alone]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | KEEPING)
    if done.returncode:
        raise WorkerError(f"{library}, {case}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    took: Times = json.loads(done.stdout)
    return took


def alternating(library: str, case: str, rounds: int) -> Times:
    """As `worker`, for a library with threads of its own: short processes by turns, one round the medians of a pair."""
    took: Times = {}
    for _ in range(rounds):
        (hand,) = worker("numpy", case, 3, alone=True).values()
        pair = {BY_HAND: hand, **worker(library, case, 3, alone=True)}
        for way, times in pair.items():
            took.setdefault(way, []).append(statistics.median(times))
    return took


def work(library_name: str, case_name: str, rounds: int, *, alone: bool) -> Times:
    """What a worker does. The check comes after the timing: NumPy's thread pool should not wake before it."""
    from cases import CASES
    from libraries import LIBRARIES

    case, library = CASES[case_name](), LIBRARIES[library_name]
    ways = library.ways(case)
    beside = {} if alone else {BY_HAND: case.by_hand}
    took = interleaved(beside | ways, rounds)
    for way, f in ways.items():
        value, gradients = f()
        if not case.agrees((library.to_numpy(value), [library.to_numpy(g) for g in gradients])):
            raise WorkerError(f"{way} differs from the gradient by hand")
    return took


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("case")
    parser.add_argument("rounds", type=int)
    parser.add_argument("--alone", action="store_true")
    given = parser.parse_args()
    print(json.dumps(work(given.library, given.case, given.rounds, alone=given.alone)))
