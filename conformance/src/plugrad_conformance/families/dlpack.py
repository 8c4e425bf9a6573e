"""Exchange: values, dtypes and gradients go to NumPy and back; no history is lost, and copies are copies."""

from __future__ import annotations

from typing import Any

import numpy as np

import plugrad as pg
from plugrad.dtypes import DTYPES
from plugrad.errors import ConversionError, DeviceError, ExchangeError, PlugradError
from plugrad.tensor import Tensor

from ..records import Check
from .asking import Row, by_row, by_rule, done, here
from .promotion import has

__all__ = ["CHECKS"]

Host = np.ndarray[Any, Any]


class Foreign:
    """An array of a library that nobody knows: it speaks DLPack and nothing else."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def __dlpack__(self, **options: Any) -> Any:
        return self._host.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._host.__dlpack_device__()


def _given_away(x: Tensor) -> Any:
    """What NumPy sees of a tensor, by way of the host where it lies elsewhere and is refused."""
    try:
        return np.from_dlpack(x)
    except ExchangeError:
        if x.device == "cpu":
            raise
        return x.to_backend("numpy").numpy()


SHAPES: dict[str, Host] = {
    "a vector": np.arange(3.0),
    "a matrix": np.arange(6.0).reshape(2, 3),
    "0-d": np.asarray(2.0),
    "empty": np.zeros((0, 3)),
    "with gaps": np.arange(12.0).reshape(3, 4)[:, ::2],
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "backwards": np.arange(4.0)[::-1],
}


def _dtype(name: str) -> None:
    """A dtype goes out and comes in."""
    has(name)
    host = np.asarray([1, 0, 1]).astype(name)
    _both_ways(host)


def _both_ways(host: Host) -> None:
    name = here().name
    for way, x in (("asarray", pg.asarray(host)), ("from_dlpack", pg.from_dlpack(host, copy=True))):
        wanted = [name, DTYPES[host.dtype.name], host.shape, host.tolist()]
        done(f"{way} gives", [x.backend, x.dtype, x.shape, x.tolist()], wanted)
    x = pg.asarray(host)
    there = x.to_backend("numpy")
    back = there.to_backend(name, x.device)
    wanted = [x.dtype, host.shape, host.tolist()]
    done("to_backend gives", [there.backend, there.dtype, there.shape, there.tolist()], ["numpy", *wanted])
    done("and back", [back.backend, back.device, back.dtype, back.shape, back.tolist()], [name, x.device, *wanted])
    given = _given_away(x)
    wanted = [host.dtype.name, host.shape, host.tolist()]
    done("np.from_dlpack gives", [given.dtype.name, given.shape, given.tolist()], wanted)


def gradient() -> Any:
    name, x = here().name, pg.asarray([1.0, 2.0], requires_grad=True)
    y = x.to_backend("numpy")
    pg.sum((y * y).to_backend(name, x.device) * x).backward()
    return x.grad, x.grad.backend == name, x.grad.device == x.device


def gradient_from_numpy() -> Any:
    x = pg.asarray([1.0, 2.0], backend="numpy", device="cpu", requires_grad=True)
    home = here()
    y = x.to_backend(home.name, home.device)
    pg.sum(y * y * y).backward()
    return x.grad, x.grad.backend, y.backend == home.name


def second_order() -> Any:
    x = pg.asarray([1.0, 2.0], requires_grad=True)
    (g,) = pg.autograd.grad(pg.sum(x.to_backend("numpy") ** 3), x, create_graph=True)
    return g, pg.autograd.grad(pg.sum(g), x)[0]


def in_transforms() -> Any:
    name, x = here().name, pg.asarray([1.0, 2.0])
    device = x.device
    f = lambda x: pg.sum((x.to_backend("numpy") ** 2).to_backend(name, device) * x)  # noqa: E731
    found = pg.grad(f)(x), pg.vmap(pg.grad(f))(pg.stack([x, x])), pg.jvp(f, (x,), (x,))[1]
    return found, {y.backend for y in found} == {name}


def complex_gradient() -> Any:
    has("complex128")
    z = pg.asarray([3 + 4j], requires_grad=True)
    pg.sum(pg.real(z.to_backend("numpy") * pg.conj(z.to_backend("numpy")))).backward()
    return z.grad


def where_it_is() -> Any:
    x = pg.ones(2, requires_grad=True)
    return x.to_backend(here().name) is x


def device_numbers() -> Any:
    kind, number = pg.ones(1).__dlpack_device__()
    return int(kind) > 0, int(number) >= 0


def exported_stays() -> Any:
    """A write into the tensor is not seen by whom it was given to."""
    x = pg.ones(2)
    given = _given_away(x)
    x[0] = 9.0
    return given, x


def imported_stays() -> Any:
    """Nor by whom it was taken from."""
    host = np.ones(2)
    x, y = pg.from_dlpack(host), pg.from_dlpack(Foreign(host))
    x[0], y[1] = 9.0, 8.0
    return host, x, y


def copied() -> Any:
    host = np.ones(2)
    made = pg.from_dlpack(host, copy=True), pg.from_dlpack(Foreign(host), copy=True), pg.asarray(Foreign(host))
    host[0] = 9.0
    return made


def copies_given_away() -> Any:
    """What is said to be a copy has memory of its own: whoever it is given to may write."""
    x = pg.ones(2)
    for y in (pg.asarray(x, copy=True), pg.astype(x, x.dtype), pg.compile(lambda x: x)(x), x.clone()):
        given = _given_away(y)
        if given.flags.writeable:
            given[0] = 9.0
    return x


def moved_is_apart() -> Any:
    x = pg.ones(2)
    there = x.to_backend("numpy")
    y = pg.ones(2) * there.to_backend(here().name, x.device)
    x[0] = 9.0
    if there is not x:
        done("what was moved before a write", there.tolist(), [1.0, 1.0])
    return y


def a_tracked_import() -> Any:
    w = pg.ones(2, requires_grad=True)
    pg.sum(pg.from_dlpack(w) * 3.0).backward()
    return w.grad


MOVES: dict[str, Row] = {
    "gradient": (gradient, [[3.0, 12.0], True, True]),
    "gradient, from NumPy": (gradient_from_numpy, [[3.0, 12.0], "numpy", True]),
    "second order": (second_order, [[3.0, 12.0], [6.0, 12.0]]),
    "transforms": (in_transforms, [[[3.0, 12.0], [[3.0, 12.0]] * 2, 27.0], True]),
    "a complex gradient": (complex_gradient, [6 + 8j]),
    "to where it is": (where_it_is, True),
    "the numbers of the device": (device_numbers, [True, True]),
    "from a tensor": (a_tracked_import, [3.0, 3.0]),
}
MEMORY: dict[str, Row] = {
    "given away": (exported_stays, [[1.0, 1.0], [9.0, 1.0]]),
    "taken": (imported_stays, [[1.0, 1.0], [9.0, 1.0], [1.0, 8.0]]),
    "copied": (copied, [[1.0, 1.0]] * 3),
    "copies, given away": (copies_given_away, [1.0, 1.0]),
    "moved": (moved_is_apart, [1.0, 1.0]),
}
REFUSED: dict[str, Row] = {
    "a leaf": (lambda: np.from_dlpack(pg.ones(2, requires_grad=True)), ConversionError),
    "what was recorded": (lambda: np.from_dlpack(pg.ones(2, requires_grad=True) * 2.0), ConversionError),
    "a value of grad": (lambda: pg.grad(lambda x: np.from_dlpack(x) and x)(2.0), ConversionError),
    "a value of jvp": (lambda: pg.jvp(np.from_dlpack, (pg.ones(1),), (pg.ones(1),)), ConversionError),
    "np.asarray of a leaf": (lambda: np.asarray(pg.ones(2, requires_grad=True)), ConversionError),
    "float16": (lambda: pg.from_dlpack(np.ones(2, np.float16)), PlugradError),
    "float16 of another library": (lambda: pg.asarray(Foreign(np.ones(2, np.float16))), PlugradError),
    "no array": (lambda: pg.from_dlpack("text"), ConversionError),
    "to no device": (lambda: pg.from_dlpack(np.ones(2), device="nowhere"), DeviceError),
    "from a device that is none": (lambda: pg.ones(1).to_backend("numpy", "nowhere"), DeviceError),
}

CHECKS: tuple[Check, ...] = (
    by_rule("dlpack", "dtypes", {name: name for name in DTYPES}, _dtype),
    by_rule("dlpack", "shapes", SHAPES, _both_ways),
    by_row("dlpack", "moves", MOVES, order=1),
    by_row("dlpack", "memory", MEMORY),
    by_row("dlpack", "refused", REFUSED),
)
