"""A small network learns to read digits, on whatever backend, and its gradients are compared with torch's.

`loss` is the one source text: plugrad runs it on any backend, and `cross_validate` hands it torch's functions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import plugrad as pg

from ..backends import current
from ..testing import Report, cross_validate
from .digits import Digits, load, split

__all__ = ["BOUND", "loss", "run"]

Params: TypeAlias = dict[str, Any]

HIDDEN = 64
BATCH = 32
RATE = 0.02
BOUND = 100.0
"""The largest difference to torch that passes: max|a - b| / (eps * max(1, max|b|)), for each array by itself."""


def run(backend: str | None = None, device: str | None = None, epochs: int = 5, seed: int = 0) -> int:
    """Train a network on handwritten digits, show that it reads, and compare its gradients with torch.autograd.

    Parameters
    ----------
    backend, device : str, optional
        Where to compute; as the context says if not said.
    epochs : int
        How often to go over the digits.
    seed : int
        Of the first weights and the order of the digits; the same on every backend.

    Returns
    -------
    int
        An exit code: 1 if a gradient is farther from torch's than `BOUND`, else 0, also where torch is not installed.

    Raises
    ------
    BackendNotFoundError, BackendError, DeviceError
        If the backend cannot be used, or has no such device.

    Examples
    --------
    >>> from plugrad.demo import run
    >>> code = run(epochs=1)  # doctest: +SKIP
    """
    chosen = current.choice()
    with pg.use_backend(backend or chosen.backend, device or (None if backend else chosen.device)):
        return _run(epochs, seed)


def _run(epochs: int, seed: int) -> int:
    learnt, held_out = split(load())
    generator = pg.random.Generator(seed)
    first = initial(generator)
    w = first["w1"]
    print(f"plugrad on {w.backend} ({w.device}), {w.dtype.name}: {len(learnt.labels)} digits to learn from")
    start = time.perf_counter()
    trained = _train(first, learnt, held_out, epochs, generator)
    took = time.perf_counter() - start
    print(
        f"{took:.1f} s, accuracy {accuracy(trained, held_out):.1%} on {len(held_out.labels)} digits that were held out"
    )
    return _compare_with_torch({"first step": first, "trained": trained}, learnt)


# -------------------------------------------------------------------------------------------------------- the network


def loss(xp: Any, params: Params, images: Any, labels: Any) -> Any:
    """The mean negative log-likelihood of the labels."""
    return xp.nn.cross_entropy(logits(xp, params, images), labels)


def logits(xp: Any, params: Params, images: Any) -> Any:
    """(n, 64) images -> (n, 10) logits, by one hidden layer."""
    hidden = xp.tanh(xp.nn.linear(images, params["w1"], params["b1"]))
    return xp.nn.linear(hidden, params["w2"], params["b2"])


def initial(generator: pg.random.Generator) -> Params:
    """The first weights: normal, so that each layer keeps the size of what it is given."""
    has = pg.__array_namespace_info__().dtypes(kind="real floating").values()
    dtype = pg.default_dtype() if pg.default_dtype() in has else pg.float32
    sizes = {"1": (HIDDEN, 64), "2": (10, HIDDEN)}
    weights = {
        f"w{k}": pg.random.normal((n, m), std=m**-0.5, dtype=dtype, generator=generator) for k, (n, m) in sizes.items()
    }
    return weights | {f"b{k}": pg.zeros(n, dtype=dtype) for k, (n, _) in sizes.items()}


def uploaded(digits: Digits, like: Any, xp: Any = pg) -> tuple[Any, Any]:
    """Images from 0 to 1 and labels, as arrays of `xp`."""
    return xp.asarray(digits.images / 16, dtype=like.dtype), xp.asarray(digits.labels.astype(np.int64))


def accuracy(params: Params, digits: Digits) -> float:
    """The share of digits that are read right."""
    images, labels = uploaded(digits, params["w1"])
    right = pg.argmax(logits(pg, params, images), axis=1) == labels
    return pg.count_nonzero(right).item() / len(digits.labels)


# --------------------------------------------------------------------------------------------------------- the training


class Adam(NamedTuple):
    """Weights, and the running means of gradients and their squares (Kingma, Ba, arXiv:1412.6980)."""

    params: Params
    mean: Params
    square: Params
    steps: int = 0

    def step(self, gradient: Params, rate: float) -> Adam:
        """One step against the gradient, each weight at its own scale."""
        t = self.steps + 1
        mean = {k: 0.9 * self.mean[k] + 0.1 * g for k, g in gradient.items()}
        square = {k: 0.999 * self.square[k] + 0.001 * g * g for k, g in gradient.items()}
        scale = rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
        params = {k: p - scale * mean[k] / (pg.sqrt(square[k]) + 1e-8) for k, p in self.params.items()}
        return Adam(params, mean, square, t)


def _train(params: Params, learnt: Digits, held_out: Digits, epochs: int, generator: pg.random.Generator) -> Params:
    images, labels = uploaded(learnt, params["w1"])
    step = pg.value_and_grad(lambda params, images, labels: loss(pg, params, images, labels))
    zeros = {k: pg.zeros_like(p) for k, p in params.items()}
    state = Adam(params, zeros, zeros)
    per_epoch = -(-len(learnt.labels) // BATCH)
    total = 0.0
    for k, rows in enumerate(_shown(_batches(len(learnt.labels), epochs, generator), epochs * per_epoch), start=1):
        value, gradient = step(state.params, images[rows], labels[rows])
        state = state.step(gradient, RATE * (1 - (k - 1) / (epochs * per_epoch)))
        total += value.item()
        if k % per_epoch == 0:
            share = accuracy(state.params, held_out)
            print(f"epoch {k // per_epoch:2}: loss {total / per_epoch:.4f}, accuracy {share:.1%}")
            total = 0.0
    return state.params


def _batches(n: int, epochs: int, generator: pg.random.Generator) -> Iterator[Any]:
    """The rows of each batch, in another order each time."""
    for _ in range(epochs):
        order = pg.random.permutation(n, generator=generator)
        yield from (order[i : i + BATCH] for i in range(0, n, BATCH))


def _shown(steps: Iterable[Any], many: int) -> Iterable[Any]:
    """The same steps, with a bar that fills on a terminal if rich is installed."""
    if find_spec("rich") is None or not sys.stdout.isatty():
        return steps
    from rich.progress import track

    return track(steps, "learning", many, transient=True)


# ---------------------------------------------------------------------------------------------------------- the proof


def _compare_with_torch(points: dict[str, Params], learnt: Digits) -> int:
    if find_spec("torch") is None:
        print("torch is not installed, so no gradient was compared: pip install torch")
        return 0
    reports = {name: _against_torch(params, learnt) for name, params in points.items()}
    print(_table(reports))
    return 0 if all(report.ok for report in reports.values()) else 1


def _against_torch(params: Params, digits: Digits) -> Report:
    """Value and gradients of all weights on all digits."""

    def network(xp: Any, params: Params) -> Any:
        return loss(xp, params, *uploaded(digits, params["w1"], xp))

    w = params["w1"]
    return cross_validate(network, params, backends=f"{w.backend}:{w.device}", bound=BOUND, check=False)


def _table(reports: dict[str, Report]) -> str:
    one, largest = next(iter(reports.values())), max(report.largest for report in reports.values())
    lines = [f"largest difference to {one.reference}: {largest:.3g} eps (at most {one.bound:g} pass)"]
    lines.append(f"{'':26}" + "".join(f"{name:>12}" for name in reports))
    for rows in zip(*(report.rows for report in reports.values()), strict=True):
        cells = "".join(f"{row.error:>12.3g}" for row in rows)
        wrong = "".join(f"  {name}: {row.verdict}" for name, row in zip(reports, rows, strict=True) if not row.ok)
        lines.append(f"{rows[0].quantity.replace('inputs[0]', 'params'):26}{cells}{wrong}")
    return "\n".join(lines)
