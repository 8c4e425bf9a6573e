"""How each library is asked for the value and all gradients of a case: one function each, which imports it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from cases import Answer, Case

Ways = dict[str, Callable[[], Answer]]


@dataclass(frozen=True)
class Library:
    """A library, and how to measure it."""

    ways: Callable[[Case], Ways]
    rows: tuple[str, ...]
    """The names of its ways."""
    module: str
    packages: tuple[str, ...]
    """The distributions whose versions are reported."""
    install: str = 'pip install ".[peers]"'
    own_threads: bool = False
    """It has a thread pool, which slows NumPy's down (and the reverse) in one process: it must be timed alone."""
    cases: tuple[str, ...] | None = None
    """The cases it can do, where it can't do all."""
    to_numpy: Callable[[Any], np.ndarray] = np.asarray


def numpy_ways(case: Case) -> Ways:
    """The yardstick against itself: its spread is the noise of the machine."""
    return {"numpy by hand": case.by_hand}


def plugrad_ways(case: Case) -> Ways:
    """The three ways of plugrad."""
    import plugrad as pg

    inputs = [pg.asarray(x) for x in case.inputs]
    params = [pg.asarray(p) for p in case.params]
    leaves = [pg.asarray(p, requires_grad=True) for p in case.params]

    def loss(params: list[Any], inputs: list[Any]) -> Any:
        return case.model(pg, params, inputs)

    def backward() -> Answer:
        for leaf in leaves:
            leaf.grad = None
        value = loss(leaves, inputs)
        value.backward()
        return value, [leaf.grad for leaf in leaves]

    functional = pg.value_and_grad(lambda *params: loss(list(params), inputs), argnums=tuple(range(len(params))))
    compiled = pg.compile(functional)  # parameters one by one, inputs closed over, as in the backward way
    return {
        "plugrad backward": backward,
        "plugrad value_and_grad": lambda: functional(*params),
        "plugrad compiled": lambda: compiled(*params),
    }


def torch_ways(case: Case) -> Ways:
    """`.backward()`, as every tutorial has it."""
    import torch

    inputs = [torch.tensor(x) for x in case.inputs]
    leaves = [torch.tensor(p, requires_grad=True) for p in case.params]

    def backward() -> Answer:
        for leaf in leaves:
            leaf.grad = None
        value = case.model(torch, leaves, inputs)
        value.backward()
        return value, [leaf.grad for leaf in leaves]

    return {"torch eager": backward}


def hips_ways(case: Case) -> Ways:
    """HIPS autograd; the gradient of a list is a list."""
    import autograd
    import autograd.numpy as anp

    functional = autograd.value_and_grad(lambda params, inputs: case.model(anp, params, inputs))
    return {"HIPS autograd": lambda: functional(case.params, case.inputs)}


def mygrad_ways(case: Case) -> Ways:
    """MyGrad, its memory guard on, as it comes."""
    import mygrad

    inputs = [mygrad.tensor(x, constant=True) for x in case.inputs]
    leaves = [mygrad.tensor(p) for p in case.params]

    def backward() -> Answer:
        for leaf in leaves:
            leaf.null_grad()
        value = case.model(mygrad, leaves, inputs)
        value.backward()
        return value, [leaf.grad for leaf in leaves]

    return {"MyGrad": backward}


def jax_ways(case: Case) -> Ways:
    """`jit` of `value_and_grad`, waiting for the result."""
    import jax

    jax.config.update("jax_enable_x64", True)
    inputs = [jax.numpy.asarray(x) for x in case.inputs]
    params = [jax.numpy.asarray(p) for p in case.params]
    run = jax.jit(jax.value_and_grad(lambda params, inputs: case.model(jax.numpy, params, inputs)))
    return {"jax.jit": lambda: jax.block_until_ready(run(params, inputs))}


def trial_ways(case: Case) -> Ways:
    """The prototype's three ways; its functions take arrays one by one, not in lists."""
    import lowering
    import mechanism as m

    inputs = [m.Tensor(x) for x in case.inputs]
    params = [m.Tensor(p) for p in case.params]
    leaves = [m.requires_grad(p) for p in params]

    def backward() -> Answer:
        value = case.model(m, leaves, inputs)
        found = m.backward(value)
        return value, [found[leaf.node] for leaf in leaves]

    functional = m.value_and_grad(lambda *params: case.model(m, list(params), inputs))
    compiled = lowering.compile(functional, *case.params)

    def run() -> Answer:
        value, *gradients = compiled(*case.params)
        return value, gradients

    return {"trial backward": backward, "trial value_and_grad": lambda: functional(*params), "trial compiled": run}


LIBRARIES: dict[str, Library] = {
    "numpy": Library(numpy_ways, ("numpy by hand",), "numpy", ("numpy",)),
    "plugrad": Library(
        plugrad_ways,
        ("plugrad backward", "plugrad value_and_grad", "plugrad compiled"),
        "plugrad",
        ("plugrad",),
        install="pip install .",
        to_numpy=attrgetter("data"),
    ),
    "torch": Library(
        torch_ways,
        ("torch eager",),
        "torch",
        ("torch",),
        install="pip install torch==2.13.0",
        own_threads=True,
        to_numpy=lambda t: t.detach().numpy(),
    ),
    "autograd": Library(hips_ways, ("HIPS autograd",), "autograd", ("autograd",)),
    "mygrad": Library(mygrad_ways, ("MyGrad",), "mygrad", ("mygrad",)),
    "jax": Library(jax_ways, ("jax.jit",), "jax", ("jax", "jaxlib"), own_threads=True),
    "trial": Library(
        trial_ways,
        ("trial backward", "trial value_and_grad", "trial compiled"),
        "mechanism",
        (),
        install="--trial PATH",
        cases=("tiny", "deep", "mnist"),
        to_numpy=lambda t: np.asarray(getattr(t, "data", t)),
    ),
}
