"""Every example in the kit runs."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import plugrad_conformance

LIBRARIES = ("subjects.", "torch_reference.")  # which take torch, jax or autograd
MODULES = [m.name for m in walk_packages(plugrad_conformance.__path__, "plugrad_conformance.")]
OURS = [name for name in MODULES if not name.partition(".")[2].startswith(LIBRARIES) and "__main__" not in name]


@pytest.mark.parametrize("name", OURS)
def test_examples(name: str) -> None:
    found = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0


def test_there_are_some() -> None:
    modules = map(import_module, OURS)
    assert sum(bool(test.examples) for m in modules for test in doctest.DocTestFinder().find(m)) >= 8
