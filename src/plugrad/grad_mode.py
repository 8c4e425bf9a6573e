"""Whether operations are recorded: torch's no_grad, enable_grad and set_grad_enabled, per context, so per thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any, TypeVar, overload

from .errors import ValidationError
from .tensor import MODE, Cut, current_mode, here, set_mode
from .traces import live, next_level, require_function

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class _Switch:
    """A context manager that can be entered again and decorates functions and generators."""

    def __init__(self) -> None:
        self._tokens: list[Any] = []

    def _set(self) -> Any:
        raise NotImplementedError

    def _again(self) -> _Switch:
        return type(self)()

    def __enter__(self) -> None:
        self._tokens.append(self._set())

    def __exit__(self, *_: object) -> None:
        MODE.reset(self._tokens.pop())

    def __call__(self, f: F) -> F:
        require_function(f, type(self).__name__)
        if inspect.isgeneratorfunction(f):
            return _decorated_generator(self._again, f)  # type: ignore[return-value]

        @wraps(f)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return f(*args, **kwargs)

        return inside  # type: ignore[return-value]


def _decorated_generator(
    switch: Callable[[], _Switch], f: Callable[..., Generator[Any, Any, Any]]
) -> Callable[..., Generator[Any, Any, Any]]:
    """The mode is on while the generator runs, and off while its consumer does."""

    @wraps(f)
    def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = f(*args, **kwargs)
        resume, sent = inner.send, None
        try:
            while True:
                with switch():
                    value = resume(sent)
                try:
                    sent, resume = (yield value), inner.send
                except GeneratorExit:
                    with switch():
                        inner.close()
                    raise
                except BaseException as error:
                    sent, resume = error, inner.throw
        except StopIteration as stop:
            return stop.value

    return generate


class _Bare(_Switch):
    """A switch that also decorates without parentheses."""

    @overload
    def __new__(cls, f: F, /) -> F: ...  # type: ignore[misc]
    @overload
    def __new__(cls) -> _Bare: ...
    def __new__(cls, *f: Any) -> Any:
        return cls()(*f) if f else super().__new__(cls)


class no_grad(_Bare):
    """Record nothing within: results do not require a gradient.

    Stops every transform that is older than itself and none younger: ``no_grad()`` around `grad` changes
    nothing, inside it does (torch's rule). Forward-mode tangents still flow.

    Examples
    --------
    >>> import plugrad as pg
    >>> w = pg.ones(2, requires_grad=True)
    >>> with pg.no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """

    def _set(self) -> Any:
        return set_mode(level=next_level(), cut=Cut("an operation under no_grad", here()))


class enable_grad(_Bare):
    """Record within, also inside a `no_grad`: what held where the innermost transform began, or outside all.

    Examples
    --------
    >>> import plugrad as pg
    >>> w = pg.ones(2, requires_grad=True)
    >>> with pg.no_grad(), pg.enable_grad():
    ...     y = w * 2
    >>> y.requires_grad
    True
    """

    def _set(self) -> Any:
        return set_mode(level=_outside())


class set_grad_enabled(_Switch):
    """Record or not, from now on or within a ``with`` block.

    Parameters
    ----------
    mode : bool
        Whether to record.

    Raises
    ------
    ValidationError
        If `mode` is neither True nor False.

    Examples
    --------
    >>> import plugrad as pg
    >>> with pg.set_grad_enabled(False):
    ...     (pg.ones(1, requires_grad=True) * 2).requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        if type(mode) is not bool:
            raise ValidationError(f"set_grad_enabled: takes True or False, not {mode!r:.60}")
        super().__init__()
        self._mode = mode
        self._token = self._set()
        self._on = MODE.get()

    def _set(self) -> Any:
        if self._mode:
            return set_mode(level=_outside())
        return set_mode(level=next_level(), cut=Cut("an operation under set_grad_enabled(False)", here()))

    def _again(self) -> set_grad_enabled:
        return set_grad_enabled(self._mode)

    def __enter__(self) -> None:
        on_already = self._token is not None and MODE.get() is self._on
        self._tokens.append(self._token if on_already else self._set())
        self._token = None  # undone once

    def __call__(self, f: F) -> F:
        require_function(f, type(self).__name__)
        if self._token is not None:
            MODE.reset(self._token)
            self._token = None
        return super().__call__(f)


def _outside() -> float:
    """The no_grad level that held where the innermost transform began."""
    trace = live()
    return -1 if trace is None else trace.base


def is_grad_enabled() -> bool:
    """Whether the innermost transform, or eager code outside all, records here.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.is_grad_enabled()
    True
    """
    trace = live()
    return current_mode().level < (0 if trace is None else trace.level)
