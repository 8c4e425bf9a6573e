"""What `import plugrad` costs: whole processes, `import numpy` and `import plugrad` by turns. The goal is 1.3 times."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from timing import Ratio, duration

GOAL = 1.3


def process(module: str) -> float:
    """Seconds from start to end of an interpreter that imports one module."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Exits with 1 over the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="?", default="plugrad")
    parser.add_argument("against", nargs="?", default="numpy")
    parser.add_argument("--rounds", type=int, default=25)
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else a source tree is compiled at every start
    took: dict[str, list[float]] = {given.against: [], given.module: []}
    for module in took:
        process(module)  # compiles what isn't, and reads the files
    for _ in range(given.rounds):
        for module, times in took.items():
            times.append(process(module))
    for module, times in took.items():
        print(f"import {module}: {duration(statistics.median(times))}")
    ratio = Ratio.of(took[given.module], took[given.against])
    print(f"ratio {ratio}, goal {GOAL}")
    return int(ratio.median > GOAL)


if __name__ == "__main__":
    sys.exit(main())
