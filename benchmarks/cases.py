"""What is measured: each case is data, one model for every library, and its gradient as NumPy written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

Arrays = list[np.ndarray]
Answer = tuple[Any, list[Any]]
"""A value, and the gradient of every parameter."""


@dataclass(frozen=True)
class Case:
    """A scalar function of `params`; `inputs` are not differentiated."""

    params: Arrays
    inputs: Arrays
    model: Callable[[Any, list[Any], list[Any]], Any]
    """`(namespace, params, inputs) -> value`: only operators and functions that every library has under one name."""
    gradient: Callable[[Arrays, Arrays], Answer]
    """`(params, inputs) -> (value, gradients)`, as a careful NumPy programmer writes it."""

    def by_hand(self) -> Answer:
        """The yardstick: every figure is a ratio to this call."""
        return self.gradient(self.params, self.inputs)

    def agrees(self, answer: Answer) -> bool:
        """Whether shapes, dtypes and numbers are those by hand, to 1000 eps of each array's largest."""
        value, gradients = self.by_hand()
        return len(gradients) == len(answer[1]) and all(map(_close, [answer[0], *answer[1]], [value, *gradients]))


def _close(got: np.ndarray, want: np.ndarray) -> bool:
    tolerance = 1000 * np.finfo(want.dtype).eps
    same_kind = got.shape == want.shape and got.dtype == want.dtype
    return same_kind and np.allclose(got, want, rtol=tolerance, atol=tolerance * np.abs(want).max())


def mlp(sizes: list[int], batch: int) -> Case:
    """Mean squared error of a multilayer perceptron with tanh between its layers; float32."""
    rng = np.random.default_rng(0)
    params = []
    for fan_in, fan_out in pairwise(sizes):
        params.append((rng.normal(size=(fan_in, fan_out)) / np.sqrt(fan_in)).astype(np.float32))
        params.append(np.zeros(fan_out, np.float32))
    inputs = [rng.normal(size=(batch, size)).astype(np.float32) for size in (sizes[0], sizes[-1])]
    return Case(params, inputs, _mlp_model, _mlp_gradient)


def _mlp_model(xp: Any, params: list[Any], inputs: list[Any]) -> Any:
    h, target = inputs
    last = len(params) - 2
    for i in range(0, len(params), 2):
        h = h @ params[i] + params[i + 1]
        if i < last:
            h = xp.tanh(h)
    return xp.mean(xp.square(h - target))


def _mlp_gradient(params: Arrays, inputs: Arrays) -> Answer:
    x, target = inputs
    last = len(params) - 2
    layers = [x]
    for i in range(0, len(params), 2):
        h = layers[-1] @ params[i]
        h += params[i + 1]
        layers.append(np.tanh(h, out=h) if i < last else h)
    error = layers[-1] - target
    g, gradients = error * np.float32(2 / error.size), []
    for i in range(last, -1, -2):
        if i < last:
            h = layers[i // 2 + 1]
            g = g * (1 - h * h)
        gradients += [g.sum(0), layers[i // 2].T @ g]
        if i:
            g = g @ params[i].T
    return np.mean(error * error), gradients[::-1]


def scalar(size: int) -> Case:
    """sum(tanh(x) exp(-x^2) + log1p(x^2)), the square computed once; float64."""
    return Case([np.random.default_rng(0).normal(size=size)], [], _scalar_model, _scalar_gradient)


def _scalar_model(xp: Any, params: list[Any], inputs: list[Any]) -> Any:
    (x,) = params
    s = xp.square(x)
    return xp.sum(xp.tanh(x) * xp.exp(-s) + xp.log1p(s))


def _scalar_gradient(params: Arrays, inputs: Arrays) -> Answer:
    (x,) = params
    s = x * x
    t, e = np.tanh(x), np.exp(-s)
    te = t * e
    return np.sum(te + np.log1p(s)), [(1 - t * t) * e + 2 * x * (1 / (1 + s) - te)]


CASES: dict[str, Callable[[], Case]] = {
    "tiny": partial(mlp, [16, 32, 32, 1], batch=32),
    "deep": partial(mlp, [64] * 21, batch=64),
    "mnist": partial(mlp, [784, 512, 256, 10], batch=128),
    "scalar100": partial(scalar, 100),
    "scalar1e6": partial(scalar, 1_000_000),
}

GOALS: dict[str, dict[str, float]] = {
    "plugrad backward": {"tiny": 1.7, "deep": 1.2, "mnist": 1.05, "scalar100": 4.0},
    "plugrad value_and_grad": {"tiny": 1.9, "deep": 1.3, "mnist": 1.05},
    "plugrad compiled": {"tiny": 0.8, "deep": 0.93, "mnist": 0.97},
}
"""At most this ratio to the gradient by hand."""
