"""What can stand in the way of a backend: a status, what happened, what mends it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..errors import BackendError, DeviceError, DriverError, MissingDependencyError
from .spec import API, BackendSpec, imported_name, unmet

__all__ = ["Problem", "Status", "broken", "conflict", "diagnose", "disabled", "incompatible", "missing"]

Status = Literal[
    "ready",  # loaded, and it has computed
    "available",  # what it needs is there; not loaded
    "missing-dependency",
    "no-device",
    "driver-error",
    "incompatible-api",
    "needs-newer-plugrad",
    "conflict",
    "disabled",
    "broken",
]

_NOT_LOADED = ("cannot open shared object", "DLL load failed", "Library not loaded", "image not found")  # by systems


class Problem(NamedTuple):
    """Why a backend cannot be used, and what would mend it."""

    status: Status
    text: str
    mend: str
    cause: BaseException | None = None

    def error(self, name: str, asked_by: str = "") -> BackendError:
        """What asking for the backend `name` raises, the cause chained."""
        kind = MissingDependencyError if self.status == "missing-dependency" else BackendError
        asked = f", which {asked_by} asks for," if asked_by else ""
        error = kind(f"the backend {name!r}{asked} cannot be used ({self.status}): {self.text}; {self.mend}")
        error.__cause__ = self.cause
        return error


def missing(spec: BackendSpec) -> Problem | None:
    """The first requirement that is not met, looked up without importing it."""
    lacking = ((need, text) for need in spec.requires if (text := unmet(need)))
    return next((_lacks(spec, need, text) for need, text in lacking), None)


def _lacks(spec: BackendSpec, requirement: str, text: str, cause: BaseException | None = None) -> Problem:
    return Problem("missing-dependency", text, spec.fix or f'pip install "{requirement}"', cause)


def disabled(name: str) -> Problem:
    """``PLUGRAD_DISABLE`` names it."""
    return Problem("disabled", "PLUGRAD_DISABLE names it", f"take {name} out of the variable PLUGRAD_DISABLE")


def conflict(name: str, sources: list[str]) -> Problem:
    """Several plugins bring it."""
    return Problem("conflict", f"a backend of this name comes with {' and with '.join(sources)}", "uninstall one")


def incompatible(spec: BackendSpec, source: str) -> Problem | None:
    """Another major of the plugin API breaks; a higher minor has what this plugrad has not."""
    if spec.api[0] == API[0] and spec.api[1] <= API[1]:
        return None
    theirs, ours = (".".join(map(str, version)) for version in (spec.api, API))
    text = f"it was written for version {theirs} of the plugin API, and this plugrad has {ours}"
    if spec.api[0] == API[0]:
        return Problem("needs-newer-plugrad", text, "pip install --upgrade plugrad")
    older = distribution(source) if spec.api < API else "plugrad"
    return Problem("incompatible-api", text, f"pip install --upgrade {older}")


def broken(name: str, source: str, text: str, cause: BaseException) -> Problem:
    """The plugin does not work as it is."""
    mend = f"update or reinstall {distribution(source)}, or tell its authors; PLUGRAD_DISABLE={name} keeps it away"
    return Problem("broken", text, mend, cause)


def diagnose(spec: BackendSpec, source: str, cause: BaseException) -> Problem:
    """Whose fault it is that loading failed: a library's, a driver's, a device's or the plugin's."""
    said = f"{type(cause).__name__}: {cause}"
    if isinstance(cause, ModuleNotFoundError | MissingDependencyError):
        module = (cause.name or "").partition(".")[0]
        for need in spec.requires:
            if imported_name(need) == module or isinstance(cause, MissingDependencyError):
                return _lacks(spec, need, said, cause)
    not_loaded = isinstance(cause, ImportError | OSError) and any(text in said for text in _NOT_LOADED)
    if isinstance(cause, DriverError) or not_loaded:
        mend = f"install or update the driver or runtime that {spec.name} needs, then start Python anew"
        return Problem("driver-error", said, mend, cause)
    if isinstance(cause, DeviceError):
        return Problem("no-device", said, "make the device visible to this process, or use another backend", cause)
    return broken(spec.name, source, f"loading it raised {said}", cause)


def distribution(source: str) -> str:
    """The name in ``"plugrad-torch 0.1.0"``."""
    return source.partition(" ")[0]
