"""Which backend makes new arrays, and whose a foreign array is.

The arrays decide who computes. Where *new* arrays go: argument > ``with use_backend(...)`` (this context) >
``use_backend(...)`` (the process) > ``PLUGRAD_BACKEND`` > config file > NumPy. The manager, which the first question
loads, fills `resolve`, `recognise` and `settled`: nothing here imports a backend.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from contextvars import ContextVar, Token
from threading import Lock
from typing import Any, NamedTuple

from ..errors import BackendError
from ..ops import Op
from .protocol import Kernel, Kernels


class Choice(NamedTuple):
    """A backend and device for new arrays, and who said so."""

    backend: str
    device: str | None
    source: str


def _unset() -> Any:
    raise BackendError("no backend manager is known; import plugrad, not its parts")


manage: Callable[[], Any] = _unset  # loads the manager: 5 ms that ``import plugrad`` does without


def _managed(slot: str) -> Callable[..., Any]:
    def ask(*args: Any) -> Any:
        manage()
        return globals()[slot](*args)

    return ask


resolve: Callable[[str], Kernels] = _managed("resolve")  # name -> table; loads the backend; raises with cause and mend
recognise: Callable[[type], str | None] = _managed("recognise")  # type of a foreign array -> the backend that takes it
settled: Callable[[], Choice] = _managed("settled")  # what environment and config file say, read once

ACTIVE: dict[str, Kernels] = {}  # by name
OF_TYPE: dict[type, Kernels] = {}  # by type of raw array
GIVEN: dict[str, dict[Op, Kernel]] = {}  # by name of a backend: kernels that users gave it, over its own
SCOPES: dict[str, Callable[[], AbstractContextManager[Any]]] = {}  # by name: of active backends that have one
CONTEXT: ContextVar[Choice | None] = ContextVar("plugrad_backend", default=None)

_NOTHING = nullcontext()
_said: list[Choice] = []  # by statements; the last one counts
_saying = Lock()


def table(name: str) -> Kernels:
    """The kernels of a backend, which is loaded if it is not yet."""
    return ACTIVE.get(name) or resolve(name)


def scopes() -> AbstractContextManager[Any]:
    """What holds while operators meet raw arrays, of whichever backend; a kernel has its own backend's by itself."""
    if not SCOPES:
        return _NOTHING
    if len(SCOPES) == 1:
        (scope,) = SCOPES.values()
        return scope()
    stack = ExitStack()
    for scope in SCOPES.values():
        stack.enter_context(scope())
    return stack


def said(name: Any) -> str | None:
    """A backend or device by its name: other libraries have objects for it, whose text it is."""
    return name if name is None or type(name) is str else str(name)


def require(name: str, device: str | None) -> str | None:
    """The device in full, ``"cuda:0"`` for ``"cuda"``; raise unless the backend can be used, and has it."""
    backend = table(name).backend
    if device is None:
        return None
    return backend.device_of(backend.to_device(backend.zeros(backend.asarray(0.0, None, None, None), ()), device))


def process() -> Choice | None:
    """What ``use_backend(...)`` as a statement says."""
    return next(reversed(_said), None)


def choice() -> Choice:
    """Where new arrays go, and why."""
    return CONTEXT.get() or process() or settled()


def table_of(obj: Any) -> Kernels | None:
    """The kernels of the backend whose raw array `obj` is; None for Python data."""
    kind = type(obj)
    found = OF_TYPE.get(kind)
    if found is None and (name := recognise(kind)) is not None:
        found = OF_TYPE[kind] = table(name)
    return found


class use_backend:
    """Where new arrays go from now on, or within a ``with`` block.

    Parameters
    ----------
    name : str
        A backend's name; `plugrad.backends()` lists them.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ...; the backend's own default if not said.

    Raises
    ------
    BackendNotFoundError, MissingDependencyError, BackendError
        At once, with the cause and the mend, if the backend cannot be used.
    DeviceError
        If it has no such device.

    Examples
    --------
    >>> import plugrad as pg
    >>> with pg.use_backend("numpy"):
    ...     x = pg.ones(3)
    >>> x.backend
    'numpy'
    """

    def __init__(self, name: str, device: str | None = None) -> None:
        name, device = str(name), said(device)
        require(name, device)
        self._choice = Choice(name, device, "use_backend")
        self._tokens: list[Token[Choice | None]] = []
        with _saying:
            _said.append(self._choice)
            del _said[:-100]  # enough for all that are about to be entered

    def __repr__(self) -> str:
        return f"<new arrays go to {':'.join(filter(None, self._choice[:2]))}>"

    def __enter__(self) -> Choice:
        with _saying:  # by identity: other threads are entering theirs
            _said[:] = [said for said in _said if said is not self._choice]
        self._tokens.append(CONTEXT.set(self._choice._replace(source="with use_backend")))
        return self._choice

    def __exit__(self, *_: object) -> None:
        CONTEXT.reset(self._tokens.pop())
