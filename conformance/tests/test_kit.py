"""The kit itself: it passes what is right, and fails what is not."""

from __future__ import annotations

import numpy as np
import pytest

from plugrad import ops
from plugrad.backends import current
from plugrad.testing.samples import samples
from plugrad_conformance import checks, suite

globals().update(suite("torch"))  # the whole kit, on a plugin of this repository


def test_what_lies_elsewhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    (sample, *_) = samples(ops.TANH)
    table = current.table("strict")
    tanh = table[ops.TANH]
    monkeypatch.setitem(table, ops.TANH, lambda x: table.backend.to_device(tanh(x), "cpu"))
    with pytest.raises(AssertionError, match="what comes out lies on strict:cpu"):
        checks.value(sample, "strict:device1")


def test_a_wrong_kernel_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    (sample, *_) = samples(ops.TANH)
    table = current.table("torch")
    monkeypatch.setitem(table, ops.TANH, lambda x: x.sin())
    with pytest.raises(AssertionError, match="eps from NumPy"):
        checks.value(sample, "torch")


def test_a_wrong_native_pull_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    (sample, *_) = samples(ops.TANH)
    table = current.table("torch")
    monkeypatch.setitem(table.pulls, ops.TANH, (lambda xp, ct, y, args, params, edge: ct * y,))
    with pytest.raises(AssertionError, match="eps from NumPy"):
        checks.pullback(sample, "torch")


def test_modes_that_disagree_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    (sample, *_) = samples(ops.EXP)
    monkeypatch.setattr(ops.EXP, "push", lambda y, args, tangents, params: tangents[0])
    with pytest.raises(AssertionError, match="eps apart"):
        checks.duality(sample, "numpy")


def test_samples_are_the_same_every_time() -> None:
    for one, two in zip(samples(ops.ADD), samples(ops.ADD), strict=True):
        for a, b in zip(one.operands, two.operands, strict=True):
            np.testing.assert_array_equal(a, b)
