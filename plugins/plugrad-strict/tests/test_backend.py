"""Devices do not mix, nothing goes to the host unasked, dtypes are told apart in silence, kernels are composed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import array_api_strict
import numpy as np
import pytest

import plugrad as pg
from plugrad import dtypes, ops
from plugrad.backends import current
from plugrad.errors import ConversionError, DeviceError, DTypeError, ExchangeError, PlugradError, ValidationError
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import Sample, samples
from plugrad_strict.namespace import CPU, DTYPES, Array, namespace

DEVICES = ("cpu", "device1", "device2")


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """New arrays lie there."""
    with pg.use_backend("strict", request.param):
        yield request.param


# ------------------------------------------------------------------------------------------------------------- devices


def test_devices() -> None:
    backend = current.table("strict").backend
    assert backend.devices() == DEVICES
    assert pg.ones(1, backend="strict").device == pg.ones(1, backend="strict", device="CPU_DEVICE").device == "cpu"
    with pytest.raises(DeviceError, match="no device 'cuda'; it has 'cpu', 'device1', 'device2'"):
        pg.use_backend("strict", "cuda")


MADE: dict[str, Callable[[], Any]] = {
    "zeros": lambda: pg.zeros(2),
    "full": lambda: pg.full((2, 2), 3),
    "arange": lambda: pg.arange(3),
    "eye": lambda: pg.eye(2),
    "a number": lambda: pg.asarray(2.0),
    "an operation on numbers": lambda: pg.add(1.0, 2),
    "NumPy's array": lambda: pg.asarray(np.ones(3, np.float32)),
    "like another": lambda: pg.zeros_like(pg.ones(2)),
    "random": lambda: pg.random.normal(3),
    "a shuffle": lambda: pg.random.permutation(3),
    "an index": lambda: pg.argmax(pg.asarray([1.0, 3.0])),
    "by an index array": lambda: pg.asarray([1.0, 2.0])[[1, 0, -1]],
    "by a mask": lambda: pg.asarray([1.0, 2.0])[pg.asarray([True, False])],
    "written": lambda: _written(),
    "a gradient": lambda: pg.grad(lambda x: pg.sum(x[[0, 0]] ** 2))(pg.ones(2)),
    "a batch": lambda: pg.vmap(lambda x: x[[1, 0]] + pg.ones(2))(pg.ones((3, 2))),
    "compiled": lambda: pg.compile(lambda x: pg.stack([x, pg.ones(2)]))(pg.ones(2)),
    "unpickled": lambda: __import__("pickle").loads(__import__("pickle").dumps(pg.ones(2))),
}


def _written() -> pg.Tensor:
    x = pg.zeros((2, 3))
    x[:, 1] = 2.0
    x[pg.asarray([0]), [2]] = pg.asarray([1.0])
    x[x == 0] = 5.0
    return x


@pytest.mark.parametrize("what", MADE)
def test_what_is_made_lies_where_new_arrays_go(what: str, device: str) -> None:
    made = MADE[what]()
    assert (made.backend, made.device, type(made.data)) == ("strict", device, Array)


def _several() -> list[Sample]:
    """One call of each primitive of several arrays."""
    found = []
    for op in [op for op in ops.TABLE.values() if op not in ops.EXTENSIONS]:
        found += [s for s in samples(op) if sum(type(x) is np.ndarray for x in s.operands) > 1][:1]
    return found


@pytest.mark.parametrize("sample", _several(), ids=str)
def test_devices_do_not_mix(sample: Sample) -> None:
    table = current.table("strict")
    operands = [
        Tensor(table.backend.asarray(x, None, DEVICES[i > 0], True), table) if type(x) is np.ndarray else x
        for i, x in enumerate(sample.operands)
    ]
    with pytest.raises(DeviceError, match=rf"{sample.op.name}: operands on cpu and device1; move one with x.to_device"):
        apply(sample.op, *operands, **sample.params)


def test_a_gradient_comes_back_from_another_device() -> None:
    x = pg.asarray([1.0, 2.0], backend="strict", requires_grad=True)
    pg.sum(x.to_device("device1") ** 2).backward()
    assert (x.grad.device, x.grad.tolist()) == ("cpu", [2, 4])
    host = pg.asarray([1.0, 2.0], backend="numpy", requires_grad=True)
    pg.sum(host.to_backend("strict", "device2") ** 2).backward()
    assert (host.grad.backend, host.grad.tolist()) == ("numpy", [2, 4])


# --------------------------------------------------------------------------------------------------------- to the host


def test_numpy_reads_nothing_unasked(device: str) -> None:
    raw = pg.ones(2).data
    with pytest.raises(TypeError, match="does not become NumPy's by itself"):
        np.asarray(raw)
    for mixed in (lambda: raw + np.ones(2), lambda: np.ones(2) + raw, lambda: namespace.add(raw, np.ones(2))):
        with pytest.raises(TypeError):
            mixed()
    assert pg.ones(2).numpy().tolist() == [1, 1]


def test_dlpack_gives_away_what_lies_on_the_host() -> None:
    x = pg.asarray([1.0, 2.0], backend="strict")
    assert np.from_dlpack(x).tolist() == x.to_backend("numpy").tolist() == [1, 2]
    there = x.to_device("device1")
    with pytest.raises(ExchangeError, match="move it with to_device first"):
        np.from_dlpack(there)
    assert there.to_backend("numpy").tolist() == [1, 2]


def test_what_comes_in(device: str) -> None:
    theirs = array_api_strict.asarray([1.0, 2.0], device=array_api_strict.Device("device2"))
    with pg.use_backend("numpy"):
        x = pg.asarray(theirs)
    assert (x.backend, x.device, x.tolist()) == ("strict", "device2", [1, 2])
    theirs[0] = 7.0
    assert x.tolist() == [1, 2]
    host = np.asarray([1.0, 2.0], ">f8")
    assert pg.asarray(host).dtype is pg.float64
    assert pg.asarray(host[::-1], dtype=pg.float32).tolist() == [2, 1]
    with pytest.raises(DTypeError, match="float16 has no dtype of the array API standard"):
        pg.asarray(np.ones(2, np.float16))
    with pytest.raises(PlugradError):
        pg.asarray([1.0], copy=False)


def test_memory_is_shared_where_it_can_be() -> None:
    host = np.zeros(2)
    shared = pg.asarray(host, backend="strict", copy=False)
    own = pg.asarray(host, backend="strict")
    host[0] = 1
    assert (shared.tolist(), own.tolist()) == ([1, 0], [0, 0])
    raw = shared.data
    backend = current.table("strict").backend
    assert backend.asarray(raw, None, None, False).its is not None
    for change in ({"device": "device1"}, {"dtype": pg.float32}):
        with pytest.raises(ValidationError, match="cannot be done without a copy"):
            backend.asarray(raw, change.get("dtype"), change.get("device"), False)
    with pytest.raises(ValidationError, match="cannot be done without a copy"):
        backend.asarray([1.0], None, None, False)


# -------------------------------------------------------------------------------------------------------------- dtypes


def test_dtypes_are_told_apart_by_identity() -> None:
    """Under ``-W error``: the library's own would warn beside NumPy's."""
    current.table("numpy"), current.table("strict")
    for name, ours in dtypes.DTYPES.items():
        raw = getattr(namespace, name)
        assert raw is namespace.zeros(1, dtype=raw).dtype is (namespace.zeros(1, dtype=raw)[0]).dtype
        assert dtypes.of(raw) is dtypes.of(np.dtype(name)) is ours
        assert raw != np.dtype(name)
    assert repr(DTYPES["bool"]) == "plugrad_strict.bool"


def test_python_floats_become_the_default_dtype_on_every_device(device: str) -> None:
    """The library's own default on device2 is float32."""
    assert pg.asarray(1.5).dtype is pg.asarray([1.5]).dtype is pg.zeros(1).dtype is pg.float64
    assert pg.asarray(1j).dtype is pg.complex128


# ----------------------------------------------------------------------------------------------------------- namespace


def test_every_kernel_is_composed() -> None:
    table = current.table("strict")
    assert not table.native
    assert not table.pulls


def test_the_namespace_is_the_librarys() -> None:
    xp = namespace
    x = xp.asarray([[2.0, 1.0], [1.0, 2.0]])
    assert set(dir(xp)) == set(array_api_strict.__all__)
    values, vectors = xp.linalg.eigh(x)
    assert type(values) is type(vectors) is Array
    assert type(xp.linalg.eigh(x)).__name__ == "EighResult"
    assert xp.linalg.eigh(x).eigenvalues.shape == (2,)
    assert [type(part) for part in xp.unstack(x)] == [Array] * 2
    assert xp.isdtype(x.dtype, "real floating")
    assert xp.result_type(x, xp.float32) is x.dtype
    assert x.__array_namespace__() is xp
    assert repr(x).startswith("Array([[2., 1.]")
    assert (x.device, x.T.shape, x.mT.shape, x.size, x.ndim) == (CPU, (2, 2), (2, 2), 4, 2)
    for name in ("_flags", "bincount", "float16"):
        with pytest.raises(AttributeError, match=f"array_api_strict has no {name}"):
            getattr(xp, name)
    with pytest.raises(IndexError):  # the standard wants every axis named
        x[:, None, 0, 0]


def test_a_foreign_tensor_is_refused_in_our_words() -> None:
    class Odd:
        def __dlpack__(self, **_: Any) -> Any:
            raise BufferError("no")

        def __dlpack_device__(self) -> Any:
            return 1, 0

    with pg.use_backend("strict"), pytest.raises(ConversionError, match="strict cannot take over a Odd: no"):
        pg.from_dlpack(Odd())
