"""Whether long graphs stay linear: a chain of 1e4, 1e5 and 1e6 operations, time per operation forward and backward.

Exits with 1 if a gradient is wrong, or an operation of the longest chain costs over GROWTH times one of the shortest.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from timing import duration

GROWTH = 1.5
START = np.linspace(-2, 2, 8)
Chain = Callable[[int], tuple[float, float, np.ndarray]]
"""`length -> (seconds forward, seconds backward, gradient)`."""


def by_hand(length: int) -> np.ndarray:
    """The gradient of sum(tanh(tanh(...tanh(x))))."""
    x, gradient = START, np.ones_like(START)
    for _ in range(length):
        x = np.tanh(x)
        gradient = gradient * (1 - x * x)
    return gradient


def timed(tanh: Callable[[Any], Any], leaf: Any, length: int) -> tuple[float, float, Any]:
    """Freeing the graph is part of the way back."""
    start = time.perf_counter()
    x = leaf
    for _ in range(length):
        x = tanh(x)
    loss = x.sum()
    built = time.perf_counter()
    loss.backward()
    del x, loss
    return built - start, time.perf_counter() - built, leaf.grad


def plugrad_chain(length: int) -> tuple[float, float, np.ndarray]:
    """plugrad's `.backward()`."""
    import plugrad as pg

    forward, backward, gradient = timed(pg.tanh, pg.asarray(START, requires_grad=True), length)
    return forward, backward, gradient.data


def torch_chain(length: int) -> tuple[float, float, np.ndarray]:
    """torch's `.backward()`, to compare with."""
    import torch

    forward, backward, gradient = timed(torch.tanh, torch.tensor(START, requires_grad=True), length)
    return forward, backward, gradient.numpy()


CHAINS: dict[str, Chain] = {"plugrad": plugrad_chain, "torch": torch_chain}


def main() -> int:
    """One line for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", choices=CHAINS, default="plugrad")
    parser.add_argument("--lengths", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3, help="the best of these counts")
    given = parser.parse_args()
    chain = CHAINS[given.library]
    chain(1000)  # warms up
    failed, each = False, []
    for length in given.lengths:
        runs = [chain(length) for _ in range(given.rounds)]
        forward, backward = (min(run[way] for run in runs) / length for way in (0, 1))
        right = all(np.allclose(run[2], by_hand(length), rtol=1e-9, atol=0) for run in runs)
        each.append(forward + backward)
        failed |= not right
        verdict = "" if right else ": WRONG"
        print(f"{length:>9,} operations: forward {duration(forward)}, backward {duration(backward)} each{verdict}")
    growth = each[-1] / each[0]
    print(f"from the shortest to the longest chain an operation grows {growth:.2f} times; goal {GROWTH}")
    return int(failed or growth > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
