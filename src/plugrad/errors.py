"""Every error that plugrad raises on purpose. Each says what was wrong, with the values, and what would do instead."""

from __future__ import annotations

from numpy.linalg import LinAlgError

__all__ = [
    "AxisError",
    "BackendError",
    "BackendNotFoundError",
    "ConversionError",
    "DTypeError",
    "DeviceError",
    "DriverError",
    "ExchangeError",
    "GraphError",
    "IndexingError",
    "LinearAlgebraError",
    "MissingDependencyError",
    "MixedBackendsError",
    "PlugradError",
    "PlugradWarning",
    "ShapeError",
    "TracingError",
    "TransformError",
    "ValidationError",
]


class PlugradError(Exception):
    """The base of all errors of plugrad."""


class PlugradWarning(UserWarning):
    """Something works, but not as the caller may think."""


class ShapeError(PlugradError, ValueError):
    """Shapes, axes or sizes do not fit."""


class AxisError(ShapeError, IndexError):
    """There is no such axis."""


class IndexingError(PlugradError, IndexError):
    """There is no such element, or what was given is no index."""


class DTypeError(PlugradError, TypeError):
    """A dtype does not fit: a gradient of an integer, a complex value into a real array."""


class DeviceError(PlugradError, RuntimeError):
    """No such device, or operands on several devices."""


class DriverError(DeviceError):
    """A device is there, its driver or runtime does not work; plugins raise it while they load."""


class GraphError(PlugradError, RuntimeError):
    """The recorded graph does not allow it: no graph, a graph walked twice, a write into a leaf."""


class TransformError(GraphError):
    """A value is used outside the run of the transform that it belongs to."""


class TracingError(PlugradError, TypeError):
    """A compiled function asks for what is not known while it is traced."""


class ConversionError(PlugradError, TypeError):
    """A tensor would lose its history, or has no single value."""


class ExchangeError(ConversionError, BufferError, AttributeError):
    """DLPack cannot hand the array over as asked; these are the kinds of refusal that the standard names."""


class LinearAlgebraError(PlugradError, LinAlgError):
    """A matrix is singular, not positive definite or not finite, where its inverse or a factor of it is asked for."""


class ValidationError(PlugradError, ValueError):
    """Two ways to compute the same thing disagree, or an argument is not of the allowed ones."""


class BackendError(PlugradError, RuntimeError):
    """A backend is installed and cannot be used; the cause is chained."""


class BackendNotFoundError(BackendError, LookupError):
    """No backend has this name."""


class MissingDependencyError(BackendError, ImportError):
    """A backend is there, the library under it is not."""


class MixedBackendsError(PlugradError, TypeError):
    """Operands of several backends meet; `to_backend` moves one."""
