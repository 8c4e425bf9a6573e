"""The whole of what a plugin implements: one hook, run once, when the plugin is registered."""

from __future__ import annotations

from pluggy import HookimplMarker, HookspecMarker

from .spec import BackendSpec

__all__ = ["hookimpl", "hookspec", "plugrad_backends"]

hookspec = HookspecMarker("plugrad")
hookimpl = HookimplMarker("plugrad")


@hookspec
def plugrad_backends() -> list[BackendSpec]:  # type: ignore[empty-body]
    """The backends that a plugin brings. Import nothing heavy here or in the module around it.

    Returns
    -------
    list of BackendSpec
        One or more. The name of one is that of the plugin's entry point.
    """
