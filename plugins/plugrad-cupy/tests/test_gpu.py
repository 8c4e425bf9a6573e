"""On a GPU, for real: the whole conformance kit, devices, streams, DLPack. Elsewhere SKIP_NO_HARDWARE, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.backends import current
from plugrad.errors import IndexingError, LinearAlgebraError


class Holder:
    """Holds a raw array as a tensor of plugrad does."""

    def __init__(self, data: Any) -> None:
        self.data = data


@pytest.fixture
def cupy(gpu: Any) -> Any:
    return pytest.importorskip("cupy")


def test_conformance(gpu: Any, subtests: pytest.Subtests) -> None:
    from plugrad_conformance.questions import questions
    from plugrad_conformance.runner import run
    from plugrad_conformance.subjects import find

    for result in run(find("cupy"), questions()):
        with subtests.test(f"{result.family}-{result.check}-{result.case}"):
            assert result.outcome.ok, f"{result.outcome}: {result.message}"


def test_an_index_out_of_range_raises(gpu: Any) -> None:
    x = pg.asarray([1.0, 2.0, 3.0], backend="cupy")
    for at in ([0, 3], [-4, 0]):
        with pytest.raises(IndexingError):
            pg.take(x, pg.asarray(at, backend="cupy"))


def test_scatter_add_of_every_dtype(gpu: Any) -> None:
    table = current.table("cupy")
    for dtype in gpu.dtypes.values():
        host = [np.array([1, 0, 1], dtype), np.array([1, 1, 1, 0], dtype), np.array([1, 1, -1, 0])]
        found = table[ops.SCATTER_ADD](*(gpu.asarray(a, None, None, None) for a in host))
        np.add.at(host[0], host[2], host[1])
        np.testing.assert_array_equal(gpu.to_numpy(found), host[0])


def test_a_singular_matrix_raises(gpu: Any) -> None:
    for function in (pg.linalg.inv, pg.linalg.cholesky):
        with pytest.raises(LinearAlgebraError):
            function(pg.zeros((2, 2), backend="cupy"))


def test_a_sole_owner_knows_it(gpu: Any, cupy: Any) -> None:
    def alone(holder: Holder) -> bool:
        return bool(gpu.is_sole_owner(holder.data))

    assert alone(Holder(cupy.zeros(3)))
    assert alone(Holder(gpu.asarray([1.0, 2.0], None, None, None)))
    windows = cupy.lib.stride_tricks.as_strided
    others = (
        lambda raw: raw, lambda raw: raw[1:], lambda raw: raw.reshape(3, 1), lambda raw: windows(raw, (2, 2), (8, 8)),
        lambda raw: raw.__dlpack__(), cupy.from_dlpack, lambda raw: raw.data,
    )  # fmt: skip
    for see in others:
        holder = Holder(cupy.zeros(3))
        seen = see(holder.data)
        assert not alone(holder)
        del seen
        assert alone(holder)
    assert not alone(Holder(windows(cupy.zeros(3), (2, 2), (8, 8))))
    assert not alone(Holder(cupy.from_dlpack(cupy.zeros(3))))


def test_assignment_writes_where_nobody_sees_it(gpu: Any) -> None:
    x = pg.zeros(3, backend="cupy")
    y = x + 0.0
    x[1] = 5.0
    assert (x.tolist(), y.tolist()) == ([0, 5, 0], [0, 0, 0])


def test_work_goes_to_the_current_stream(gpu: Any, cupy: Any) -> None:
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        x = pg.asarray(np.arange(1e6), backend="cupy")
        y = pg.sum(pg.sin(x) * 2.0)
        assert float(y) == pytest.approx(2 * np.sin(np.arange(1e6)).sum())
    assert stream.done


def test_dlpack_names_the_current_stream(gpu: Any, cupy: Any) -> None:
    asked = []

    class Producer:
        def __init__(self, raw: Any) -> None:
            self.raw = raw

        def __dlpack_device__(self) -> Any:
            return self.raw.__dlpack_device__()

        def __dlpack__(self, *, stream: Any = None, **options: Any) -> Any:
            asked.append(stream)
            return self.raw.__dlpack__(stream=stream, **options)

    raw, stream = cupy.arange(3.0), cupy.cuda.Stream(non_blocking=True)
    with stream:
        x = pg.from_dlpack(Producer(raw), backend="cupy")
    assert asked == [stream.ptr]
    assert x.data.data.ptr == raw.data.ptr
    assert cupy.from_dlpack(x).data.ptr == raw.data.ptr
    assert np.from_dlpack(x, device="cpu").tolist() == [0, 1, 2]


def test_torch_and_back_on_the_device(gpu: Any, cupy: Any) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("plugrad_torch")
    if not torch.cuda.is_available():
        pytest.skip("SKIP_NO_HARDWARE: torch sees no GPU")
    x = pg.asarray([1.0, 2.0], backend="cupy", requires_grad=True)
    y = x.to_backend("torch")
    assert (y.device, y.data.data_ptr()) == ("cuda:0", x.data.data.ptr)
    pg.sum(y**2).backward()
    assert (x.grad.backend, x.grad.tolist()) == ("cupy", [2, 4])


def test_several_gpus(gpu: Any, cupy: Any) -> None:
    if len(gpu.devices()) < 2:
        pytest.skip(f"SKIP_NO_HARDWARE: one GPU, {gpu.devices()[0]}, and this takes two")
    x = pg.asarray([1.0, 2.0], backend="cupy", requires_grad=True)
    y = x.to_device("cuda:1")
    with cupy.cuda.Device(1):
        pg.sum(y**2).backward()
    assert (x.grad.device, x.grad.tolist()) == ("cuda:0", [2, 4])
