"""Inspection: what there is here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import dtypes as _dtypes
from ..backends import current
from ..backends.protocol import Backend
from ..dtypes import DType
from ..tensor import tracing
from ..traces import Batched, live
from .data_types import isdtype

__all__ = ["__array_api_version__", "__array_namespace_info__"]

__array_api_version__ = "2025.12"


class Info:
    """What a backend offers, as the array API standard asks for it.

    Parameters
    ----------
    backend : str, optional
        Whose answers to give; those of the backend where new arrays go if not said.
    """

    def __init__(self, backend: str | None = None) -> None:
        self._backend = backend

    def _its(self) -> Backend:
        return current.table(self._backend or current.choice().backend).backend

    def capabilities(self) -> dict[str, bool | int | None]:
        """What is supported of what the standard leaves open.

        Shapes may depend on data wherever there are values: not under vmap, nor while a program is traced.
        """
        shapes = tracing() is None and not any(type(trace) is Batched for trace in _around())
        return {"boolean indexing": True, "data-dependent shapes": shapes, "max dimensions": 64}

    def default_device(self) -> str:
        """The device of a new array if none is said."""
        where, its = current.choice(), self._its()
        said = current.require(its.name, where.device) if where.backend == its.name else None
        return said or its.devices()[0]

    def devices(self) -> tuple[str, ...]:
        """The devices that can be named."""
        return self._its().devices()

    def default_dtypes(self, *, device: str | None = None) -> dict[str, DType]:
        """The dtypes of new arrays if none is said, by kind: the same on all devices.

        Raises
        ------
        DeviceError
            If there is no such device.
        """
        current.require(self._its().name, current.said(device))
        default = _dtypes.default_dtype()
        return {
            "real floating": default,
            "complex floating": _dtypes.complex_of(default),
            "integral": _dtypes.int64,
            "indexing": _dtypes.int64,
        }

    def dtypes(self, *, device: str | None = None, kind: str | tuple[str, ...] | None = None) -> dict[str, DType]:
        """The dtypes that the backend has, by name; of one kind or several if said.

        Raises
        ------
        DeviceError
            If there is no such device.
        ValidationError
            If there is no such kind.
        """
        current.require(self._its().name, current.said(device))
        return {d.name: d for d in self._its().dtypes if kind is None or isdtype(d, kind)}


def _around() -> Iterator[Any]:
    """The transforms that run here, the innermost first."""
    trace = live()
    while trace is not None:
        yield trace
        trace = trace.outer


def __array_namespace_info__() -> Info:
    """What the backend offers where new arrays go.

    Returns
    -------
    Info
        With capabilities, default_device, devices, default_dtypes and dtypes.

    Examples
    --------
    >>> import plugrad as pg
    >>> sorted(pg.__array_namespace_info__().dtypes(kind="real floating"))
    ['float32', 'float64']
    """
    return Info()
