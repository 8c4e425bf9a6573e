"""Which backends there are, and how one becomes active.

A backend is loaded when it is first asked for, by name or by an array of its type, and enters all tables at once or
none. NumPy takes the same way as every plugin, except that nobody looks for plugins on its account.

This module fills the slots of `current`. ``import plugrad`` reads it, so pluggy and the entry points, which cost half
as much as NumPy, are imported by `registry` when a backend other than NumPy is asked for.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes, ops
from ..dtypes import DType
from ..errors import BackendError, BackendNotFoundError, DeviceError, TransformError, ValidationError
from ..ops import Op
from . import current, problems, settings
from .current import Choice
from .problems import Status
from .protocol import Backend, Kernel, Kernels
from .registry import Offer, Registry
from .spec import BackendSpec, imported_name, installed_version

if TYPE_CHECKING:
    from .report import BackendInfo, BackendTable

__all__ = ["backends", "explain", "info", "register", "unregister"]

_registry = Registry()
_HOST = frozenset(sys.stdlib_module_names | {"numpy"})  # types from here are Python data or NumPy's own
OFFICIAL = ("cupy", "jax", "strict", "torch")  # there is a wheel plugrad-<name>


def backends() -> BackendTable:
    """All backends that are installed or registered, and what each lacks; none is loaded.

    Returns
    -------
    BackendTable
        A tuple of `BackendInfo` that prints as a table.

    Examples
    --------
    >>> import plugrad as pg
    >>> x = pg.ones(3)
    >>> {backend.name: backend.status for backend in pg.backends()}["numpy"]
    'ready'
    """
    from .report import BackendTable

    with _registry.lock:
        return BackendTable(_info(offer) for offer in _registry.all())


def info(name: str) -> BackendInfo:
    """The record of one backend, which is not loaded.

    Raises
    ------
    BackendNotFoundError
        If there is none of this name.
    """
    with _registry.lock:
        offer = _registry.named(name)
        if offer is None:
            raise _unknown(name)
        return _info(offer)


def register(plugin: object) -> tuple[str, ...]:
    """Make a plugin's backends known in this process, without installing it.

    Parameters
    ----------
    plugin : module, object or BackendSpec
        Something with a function ``plugrad_backends`` marked with `plugrad.hookimpl`, or a single spec.

    Returns
    -------
    tuple of str
        The names of its backends, all of which are registered.

    Raises
    ------
    BackendError
        If a name is taken, or the plugin was written for another plugin API; nothing is registered.
    ValidationError
        If it is no plugin.
    """
    with _registry.lock:
        return tuple(offer.name for offer in _registry.add(_plugin_of(plugin)))


def unregister(name: str) -> None:
    """Take back a backend that came by `register`. Its tensors live on; new ones cannot be made.

    Raises
    ------
    BackendError
        If there is none of this name, or it was installed.
    """
    with _registry.lock:
        _registry.remove(name)
        table = current.ACTIVE.pop(name, None)
        current.SCOPES.pop(name, None)
        for kind in [kind for kind, owner in current.OF_TYPE.items() if owner is table]:
            del current.OF_TYPE[kind]


def explain() -> list[tuple[str, Choice | None]]:
    """What each level says of where new arrays go, the first one first; an argument of the call stands before all."""
    return [
        ("with use_backend", current.CONTEXT.get()),
        ("use_backend", current.process()),
        ("PLUGRAD_BACKEND", settings.from_environment()),
        ("config file", settings.from_config()),
        ("default", settings.FALLBACK),
    ]


# ---------------------------------------------------------------------------------------- what `current` asks for


def resolve(name: str) -> Kernels:
    """The kernels of a backend, loaded if need be; else an error with the cause and the mend."""
    with _registry.lock:
        if active := current.ACTIVE.get(name):  # another thread was faster
            return active
        offer = _registry.named(name)
        if offer is None:
            raise _unknown(name)
        if problem := offer.hindrance():
            raise problem.error(name, _asker(name))
        return _activate(offer)


def recognise(kind: type) -> str | None:
    """The backend that takes arrays of this type, told by the names of the type and its bases.

    The nearest base decides, then whether the backend can be used, then priority. NumPy's types are NumPy's.
    """
    if kind.__module__ == "builtins":  # Python data, seen at every call
        return None
    if all(_module(base).partition(".")[0] in _HOST for base in kind.__mro__):
        offer = _registry.named("numpy")
        offers = [] if offer is None else [offer]
    else:
        with _registry.lock:
            offers = _registry.all()
    for base in kind.__mro__:
        name = f"{_module(base)}.{base.__qualname__}"
        takers = [offer for offer in offers if _takes(offer, name)]
        if takers:
            return max(takers, key=_rank).name
    return None


def _module(kind: type) -> str:
    return str(kind.__module__)


def _takes(offer: Offer, name: str) -> bool:
    disabled = offer.problem is not None and offer.problem.status == "disabled"
    return offer.spec is not None and name in offer.spec.array_types and not disabled


def _rank(offer: Offer) -> tuple[bool, int]:
    return offer.hindrance() is None, offer.spec.priority if offer.spec else 0


# -------------------------------------------------------------------------------------------------- becoming active


def _activate(offer: Offer) -> Kernels:
    """Load a backend and enter it everywhere; its own failure is remembered. A failure leaves nothing behind."""
    assert offer.spec is not None
    try:
        backend = _load(offer.spec)
        table = _table(backend)
        with _learnt(backend.dtypes):
            _try_out(table)
    except (KeyboardInterrupt, TransformError):  # the user's, the place's
        raise
    except BaseException as cause:  # a library may even call sys.exit
        offer.problem = problems.diagnose(offer.spec, offer.source, cause)
        raise offer.problem.error(offer.name, _asker(offer.name)) from cause
    current.ACTIVE[offer.name] = table
    if backend.scope is not None:
        current.SCOPES[offer.name] = backend.scope
    return table


def _load(spec: BackendSpec) -> Backend:
    module, _, attribute = spec.loader.partition(":")
    backend = attrgetter(attribute)(import_module(module))()
    if not isinstance(backend, Backend) or backend.name != spec.name:
        raise BackendError(f"{spec.loader}() gave {backend!r}, not a Backend named {spec.name!r}")
    return backend


def _table(backend: Backend) -> Kernels:
    """The backend's own kernels over those composed from its namespace."""
    own, pulls = backend.kernels(), backend.pulls()
    for what, entries in (("kernels", own), ("pulls", pulls)):
        if strangers := [key for key in entries if not isinstance(key, Op)]:
            raise BackendError(f"{what}() of the backend {backend.name} has {strangers[0]!r}, which is no primitive")
    table = Kernels(backend, {})
    table.update({op: table.own(kernel) for op, kernel in {**own, **current.GIVEN.get(backend.name, {})}.items()})
    table.native, table.pulls, table.missing = frozenset(own), dict(pulls), _composed(table)
    return table


def _composed(table: Kernels) -> Callable[[Op], Kernel]:
    """The kernels composed from the backend's namespace, made when one is first asked for: NumPy needs none of ours."""

    @cache
    def kernels() -> dict[Op, Kernel]:
        from . import standard  # 3 ms

        return standard.kernels(table.backend)

    def missing(op: Op) -> Kernel:
        extension = ops.EXTENSIONS.get(op)
        if extension is not None and extension.default is not None:
            from . import standard

            return table.own(standard.composed(table.backend, extension.default))
        return table.own(kernels().get(op) or table.no_kernel(op))

    return missing


@contextmanager
def _learnt(raw: Mapping[DType, Any]) -> Iterator[None]:
    """`dtypes.of` knows these; no longer after an error."""
    for ours, its in raw.items():
        if not isinstance(ours, DType) or dtypes.OF_RAW.get(its, ours) is not ours:
            raise BackendError(f"its dtypes have {ours!r}: {its!r}, which means another dtype already")
    new = [its for its in raw.values() if its not in dtypes.OF_RAW]
    dtypes.learn(raw)
    try:
        yield
    except BaseException:
        dtypes.forget(new)
        raise


def _try_out(table: Kernels) -> None:
    """Every dtype, and 1 + 1, on the default device and back to the host: what `ready` vouches for."""
    backend = table.backend
    if not backend.devices():
        raise DeviceError(f"the backend {backend.name} finds no device")
    for dtype in backend.dtypes:
        _try_dtype(backend, dtype)
    floating = next(dtype for dtype in backend.dtypes if dtype.kind == "f")
    one = backend.asarray(1.0, floating, None, None)
    if (two := backend.item(table[ops.ADD](one, one))) != 2:
        raise BackendError(f"the backend {backend.name} computes 1 + 1 = {two!r}")


def _try_dtype(backend: Backend, dtype: DType) -> None:
    raw = backend.asarray(1, dtype, None, None)
    its = getattr(raw, "dtype", None)
    if dtypes.OF_RAW.get(its) is not dtype:
        raise BackendError(
            f"asarray of the backend {backend.name} gave {its!r} for {dtype.name}; its dtypes must map {dtype.name} to "
            "what its arrays have as dtype"
        )
    host = backend.to_numpy(raw)
    if not isinstance(host, np.ndarray) or host.dtype.name != dtype.name or host.tolist() != 1:
        raise BackendError(f"to_numpy of the backend {backend.name} gave {host!r:.60} for 1 of {dtype.name}")
    if not isinstance(place := backend.device_of(raw), str):
        raise BackendError(f"device_of of the backend {backend.name} gave {place!r}, not the name of a device")


# ------------------------------------------------------------------------------------------------- saying what is wrong


def _unknown(name: object) -> BackendNotFoundError:
    table = backends()
    known = ", ".join(f"{row.name} ({row.status})" for row in table)
    hint = _hint(str(name), {row.name for row in table})
    asked = f", which {asker} asks for" if (asker := _asker(name)) else ""
    return BackendNotFoundError(f"no backend is named {name!r}{asked}; there are: {known}; {hint}")


def _hint(name: str, known: set[str]) -> str:
    """What may have been meant by an unknown name."""
    from difflib import get_close_matches  # 1.4 ms

    if name in OFFICIAL:
        return f"pip install plugrad-{name}"
    if ":" in name:
        backend, _, device = name.partition(":")
        return f"say the device by itself: use_backend({backend!r}, device={device!r})"
    near = get_close_matches(name.lower(), sorted(known.union(OFFICIAL)), n=1, cutoff=0.7)
    return f"did you mean {near[0]!r}?" if near else "install the plugin that brings it"


def _info(offer: Offer) -> BackendInfo:
    from .report import BackendInfo

    spec, problem = offer.spec, offer.hindrance()
    status: Status = problem.status if problem else "ready" if offer.name in current.ACTIVE else "available"
    return BackendInfo(
        name=offer.name,
        status=status,
        version=_version(spec),
        devices=spec.device_kinds if spec else (),
        maturity=spec.maturity if spec else "",
        source=offer.source,
        summary=spec.summary if spec else "",
        cause=problem.error(offer.name) if problem else None,
        mend=problem.mend if problem else "",
    )


def _version(spec: BackendSpec | None) -> str:
    """Of the library, which is the first requirement."""
    return (installed_version(imported_name(spec.requires[0])) or "") if spec and spec.requires else ""


def _asker(name: object) -> str:
    """Who asks for this backend, if it is not the program."""
    if current.CONTEXT.get() or current.process():
        return ""
    try:
        choice = settings.settled()
    except ValidationError:  # an error of its own, when it matters
        return ""
    return choice.source if choice.backend == name and choice is not settings.FALLBACK else ""


def _plugin_of(plugin: object) -> object:
    """A lone spec as a plugin, so that there is one way in."""
    if not isinstance(plugin, BackendSpec):
        return plugin
    from .hookspecs import hookimpl  # imports pluggy: 4 ms

    spec, module = plugin, types.ModuleType(plugin.name)
    module.__dict__["plugrad_backends"] = hookimpl(lambda: [spec])
    return module


current.resolve, current.recognise, current.settled = resolve, recognise, settings.settled
