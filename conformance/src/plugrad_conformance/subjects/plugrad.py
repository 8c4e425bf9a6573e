"""A backend under plugrad's engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from typing import Any, NoReturn

import numpy as np

import plugrad as pg
from plugrad import dtypes
from plugrad.backends import current, manager
from plugrad.backends.protocol import Kernels
from plugrad.errors import DeviceError, DTypeError, PlugradError
from plugrad.ops import Op
from plugrad.tensor import Tensor, apply, switched
from plugrad.testing.samples import UNSAMPLED, Sample, invariants

from ..records import Arrays, Disagreement, Host, NoHardware, Outcome, Unsupported

__all__ = ["Backend"]


class Backend:
    """One of plugrad's backends, and where its arrays lie.

    Attributes
    ----------
    name : str
        As it was asked for: ``"torch"``, ``"torch:cuda"``.
    table : Kernels
        The backend's kernels; ``table.name`` is its own name. It is loaded when first asked for.
    device : str or None
        Where arrays go; None for the backend's default.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        backend, _, device = name.partition(":")
        self._backend, self.device = backend, device or None

    @cached_property
    def table(self) -> Kernels:
        """The backend's kernels. NoHardware where there is no such device."""
        try:
            current.require(self._backend, self.device)
        except DeviceError as error:  # a driver's, too
            if self.device and self.device.partition(":")[0] not in manager.info(self._backend).devices:
                raise  # no hardware could help
            raise NoHardware(str(error)) from error
        return current.table(self._backend)

    @cached_property
    def _versions(self) -> dict[str, str]:
        return {"plugrad": version("plugrad"), self.table.name: manager.info(self.table.name).version}

    def versions(self) -> dict[str, str]:
        """Of plugrad, and of the library that computes. NoHardware where there is no such device."""
        return self._versions

    def array(self, x: Host) -> Tensor:
        """On the device, with the strides of `x` where it shares memory with the host; never with `x` itself."""
        own = x.copy() if x.flags.c_contiguous else np.stack([x, x], -1)[..., 0]
        dtype = dtypes.DTYPES[x.dtype.name]
        if dtype not in self.table.backend.dtypes:
            self._refuses_dtype(own)
        return Tensor(self._raw(own), self.table)

    def _raw(self, x: Host) -> Any:
        backend = self.table.backend
        if self.device is None:
            try:
                return backend.asarray(x, None, None, False)
            except (PlugradError, ValueError):  # not without a copy
                pass
        return backend.asarray(x, None, self.device, None)

    def host(self, x: Tensor) -> Host:
        """The values; Disagreement if they do not lie where they should."""
        there = x.backend == self.table.name and self.device in (None, x.device, x.device.partition(":")[0])
        if not there:
            raise Disagreement(f"what comes out lies on {x.backend}:{x.device}, not on {self.name}")
        return np.asarray(x.detach().numpy())

    def function(self, sample: Sample) -> Callable[..., Arrays]:
        """The primitive as a function of its moving operands, with what of its results is unique."""
        operands = [self.array(x) if isinstance(x, np.ndarray) else x for x in sample.operands]

        def f(*xs: Tensor) -> Arrays:
            given = list(operands)
            for i, x in zip(sample.moving, xs, strict=True):
                given[i] = x
            y = apply(sample.op, *given, **sample.params)
            return invariants(sample.op, y if type(y) is tuple else (y,))

        if sample.op in self.table.backend.unsupported:
            self._refuses(sample.op, lambda: f(*[operands[i] for i in sample.moving]))
        return f

    def vjp(self, f: Callable[..., Arrays], xs: Arrays, cts: Arrays) -> tuple[Arrays, Arrays]:
        """By `plugrad.vjp`."""
        ys, pull = pg.vjp(f, *xs)
        return ys, pull(tuple(cts))

    def jvp(self, f: Callable[..., Arrays], xs: Arrays, ts: Arrays) -> tuple[Arrays, Arrays]:
        """By `plugrad.jvp`."""
        found: tuple[Arrays, Arrays] = pg.jvp(f, tuple(xs), tuple(ts))
        return found

    def walk(self, f: Callable[..., Arrays], xs: Arrays, cts: Arrays) -> Arrays:
        """The cotangents by ``backward``'s way: unwatched, for under a watcher native pulls give way to rules."""
        leaves = [x.requires_grad_() for x in xs]
        ys = f(*leaves)
        with switched(watch=None):
            return pg.autograd.grad(ys, leaves, cts, materialize_grads=True)

    @contextmanager
    def watched(self) -> Iterator[Callable[[], Outcome]]:
        """Within the block, the primitives that run are noted; what is given says by which way they ran."""
        ran: set[Op] = set()

        def watch(op: Op, kernel: Any, raw: Any, params: Any) -> Any:
            ran.add(op)
            return kernel(*raw, **params)

        with switched(watch=watch):
            yield lambda: self._way(ran)

    def _way(self, ran: set[Op]) -> Outcome:
        table = self.table
        if ran & table.backend.host_copies.keys():
            return Outcome.PASS_HOSTCOPY
        return Outcome.PASS_NATIVE if ran <= table.native | UNSAMPLED.keys() else Outcome.PASS_COMPOSITE

    def _refuses(self, op: Op, call: Callable[[], Any]) -> NoReturn:
        """Unsupported, if what is declared is so and the error is plugrad's."""
        why = self.table.backend.unsupported[op]
        try:
            call()
        except PlugradError as error:
            raise Unsupported(why) from error
        raise Disagreement(f"{self.table.name} declares that it does not have {op.name} ({why}), and it has")

    def _refuses_dtype(self, x: Host) -> NoReturn:
        try:
            self.table.backend.asarray(x, None, self.device, None)
        except DTypeError as error:
            raise Unsupported(f"{self.table.name} has no {x.dtype}") from error
        raise Disagreement(f"{self.table.name} has no {x.dtype} among its dtypes, and yet takes it")
