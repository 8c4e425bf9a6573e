"""Subjects are found by name, and import nothing before they are asked."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from plugrad.errors import BackendNotFoundError
from plugrad_conformance import subjects
from plugrad_conformance.subjects import find
from plugrad_conformance.subjects.plugrad import Backend


def test_a_name_is_a_backend_and_a_device() -> None:
    subject = find("strict:device1")
    assert isinstance(subject, Backend)
    assert (subject.name, subject.device, subject.table.name) == ("strict:device1", "device1", "strict")
    assert set(subject.versions()) == {"plugrad", "strict"}


def test_a_name_of_nobody() -> None:
    with pytest.raises(BackendNotFoundError, match="nobody"):
        find("nobody").versions()


@pytest.mark.parametrize("name", ["torch", *subjects.LIBRARIES])
def test_finding_imports_nothing_heavy(name: str) -> None:
    program = f"""
import sys
from plugrad_conformance.subjects import find
assert find({name!r}).name == {name!r}
print(sorted({{"torch", "jax", "autograd"}} & {{*sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("name", ["numpy", "torch", "strict:device1"])
def test_arrays_are_there_and_nobody_elses_memory(name: str) -> None:
    subject, host = find(name), np.arange(6.0).reshape(2, 3)
    x = subject.array(host)
    host[:] = 0
    assert subject.host(x).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_strides_are_kept_where_they_can_be(name: str) -> None:
    strided = np.stack([np.arange(6.0).reshape(2, 3)] * 2, -1)[..., 0]
    x = find(name).array(strided)
    assert not np.asarray(x.data).flags.forc
    assert find(name).host(x).tolist() == strided.tolist()
