"""What a plugin says of a backend before anything heavy is imported: data, checked by itself."""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import ValidationError

__all__ = ["API", "BackendSpec", "Maturity", "installed_version", "unmet"]

API = (1, 0)
"""The plugin API: another major breaks plugins, a higher minor adds to it."""

Maturity = Literal["stable", "beta", "experimental"]

_RESERVED = frozenset(("constants", "tracing"))  # names of tables that are no backend's
_NAME = r"[a-z][a-z0-9_-]*"
_DOTTED = r"[^\W\d]\w*(\.[^\W\d]\w*)+"
_LOADER = r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*"
_KIND = r"[a-z][a-z0-9_]*"
_BOUND = r"\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*"
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt
}  # fmt: skip
_REQUIREMENT = rf"([^\W\d]\w*)(?:{_BOUND}(?:,{_BOUND})*)?"


@dataclass(frozen=True, kw_only=True)
class BackendSpec:
    """A backend as its plugin announces it: pure data, validated when made.

    Parameters
    ----------
    name : str
        What users write in `use_backend`: lower-case letters, digits, ``-`` and ``_``.
    api : tuple of int
        ``(major, minor)`` of the plugin API that the plugin was written for.
    loader : str
        ``"module:attribute"`` of a `Backend` subclass, or of a function without arguments that returns a `Backend`.
        Imported when the backend is first used.
    requires : tuple of str, optional
        Modules that must be importable, the array library first, each with bounds on its version if need be:
        ``"torch>=2.4"``, ``"cupy>=13,<15"``. Looked up without importing them.
    array_types : tuple of str, optional
        The library's array types as ``"module.QualName"``. Foreign arrays of these types and of their subclasses are
        this backend's.
    device_kinds : tuple of str, optional
        Kinds of devices it knows, whether or not this machine has one.
    priority : int, optional
        Decides between two plugins that take one array type; it never decides where new arrays go.
    fix : str, optional
        How to install what is missing; ``pip install`` of the requirement if not said.
    maturity : {"stable", "beta", "experimental"}, optional
        What users may expect.
    summary : str, optional
        One line about it.

    Raises
    ------
    ValidationError
        If a field does not have the form given above.

    Examples
    --------
    >>> spec = BackendSpec(
    ...     name="torch",
    ...     api=(1, 0),
    ...     loader="plugrad_torch.backend:TorchBackend",
    ...     requires=("torch>=2.4",),
    ...     array_types=("torch.Tensor",),
    ...     device_kinds=("cpu", "cuda"),
    ... )
    >>> spec.maturity
    'experimental'
    """

    name: str
    api: tuple[int, int]
    loader: str
    requires: tuple[str, ...] = ()
    array_types: tuple[str, ...] = ()
    device_kinds: tuple[str, ...] = ("cpu",)
    priority: int = 0
    fix: str = ""
    maturity: Maturity = "experimental"
    summary: str = ""

    def __post_init__(self) -> None:
        self._check_text("name", _NAME, 'lower-case letters, digits, "-" and "_"')
        self._check(self.name not in _RESERVED, "name", "not one that plugrad keeps for itself")
        self._check(_is_version(self.api), "api", "two integers (major, minor), such as (1, 0)")
        self._check_text("loader", _LOADER, '"module:attribute"')
        self._check_texts("requires", _REQUIREMENT, 'import names with bounds, such as "torch>=2.4"')
        self._check_texts("array_types", _DOTTED, '"module.QualName", such as "torch.Tensor"')
        self._check_texts("device_kinds", _KIND, 'such as "cpu", "cuda"')
        self._check(len(self.device_kinds) > 0, "device_kinds", "at least one kind")
        self._check(type(self.priority) is int, "priority", "an integer")
        self._check(self.maturity in get_args(Maturity), "maturity", f"one of {', '.join(get_args(Maturity))}")
        for field in ("fix", "summary"):
            self._check(isinstance(getattr(self, field), str), field, "a string")

    def _check(self, holds: bool, field: str, wanted: str) -> None:
        if not holds:
            value = getattr(self, field)
            raise ValidationError(f"BackendSpec of {self.name!r}: {field} is {value!r}; it must be {wanted}")

    def _check_text(self, field: str, form: str, wanted: str) -> None:
        self._check(_has_form(getattr(self, field), form), field, wanted)

    def _check_texts(self, field: str, form: str, wanted: str) -> None:
        values = getattr(self, field)
        fits = isinstance(values, tuple) and all(_has_form(value, form) for value in values)
        self._check(fits, field, f"a tuple of strings: {wanted}")


def _has_form(value: Any, form: str) -> bool:
    return isinstance(value, str) and re.fullmatch(form, value) is not None


def _is_version(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(type(part) is int and part >= 0 for part in value)


def unmet(requirement: str) -> str | None:
    """What a requirement lacks on this machine, in words; None if it is met.

    The module is looked up, not imported. A version that nobody can tell is taken to fit, and one of a pre-release
    counts as the release.

    Parameters
    ----------
    requirement : str
        As in `BackendSpec.requires`.

    Examples
    --------
    >>> unmet("numpy>=1.0")
    >>> unmet("numpy>=1000")  # doctest: +ELLIPSIS
    'numpy>=1000 is needed and numpy ... is installed'
    >>> unmet("no_such_library")
    'no_such_library is not installed'
    """
    module, bounds = imported_name(requirement), re.findall(_BOUND, requirement)
    if not _is_importable(module):
        return f"{module} is not installed"
    version = installed_version(module) if bounds else None
    if version is None or all(_satisfies(version, *bound) for bound in bounds):
        return None
    return f"{requirement} is needed and {module} {version} is installed"


def imported_name(requirement: str) -> str:
    """The module of a requirement, without the bounds."""
    found = re.match(r"\w+", requirement)
    return found[0] if found else ""


def installed_version(module: str) -> str | None:
    """The version of the distribution that brings a module, which is not imported; None if nobody can tell."""
    if not _is_importable(module):
        return None
    from importlib import metadata  # 33 ms, a third of NumPy's import

    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:  # cupy comes as cupy-cuda12x
        owners = metadata.packages_distributions().get(module, ())
        return next(map(metadata.version, owners), None)


def _is_importable(module: str) -> bool:
    if module in sys.modules:  # also None, which forbids the import
        return sys.modules[module] is not None
    from importlib.util import find_spec  # 0.3 ms

    found = find_spec(module)
    return found is not None and found.origin is not None  # a mere folder of this name has no origin


def _satisfies(version: str, sign: str, bound: str) -> bool:
    return _COMPARE[sign](_release(version), _release(bound))


def _release(version: str) -> tuple[int, ...]:
    """``2.4.0+cpu`` as (2, 4): numbers up to the first other sign, without trailing zeros."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(part) for part in found[0].split(".")] if found else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
