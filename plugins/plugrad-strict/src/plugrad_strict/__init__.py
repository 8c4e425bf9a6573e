"""array-api-strict as a backend of plugrad. This module only announces it: the library is imported when first used."""

from __future__ import annotations

from plugrad.backends.hookspecs import hookimpl
from plugrad.backends.spec import BackendSpec

__all__ = ["SPEC", "plugrad_backends"]

SPEC = BackendSpec(
    name="strict",
    api=(1, 0),
    loader="plugrad_strict.backend:StrictBackend",
    requires=("array_api_strict>=2.4",),
    array_types=("array_api_strict._array_object.Array", "plugrad_strict.namespace.Array"),
    device_kinds=("cpu", "device1", "device2"),
    fix="pip install array-api-strict",
    maturity="beta",
    summary="the array API standard and nothing else, on devices that do not mix; for tests",
)


@hookimpl
def plugrad_backends() -> list[BackendSpec]:
    """array-api-strict alone."""
    return [SPEC]
