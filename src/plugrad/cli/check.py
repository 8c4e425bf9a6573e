"""A user's own function and its inputs, by the words of a command line."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ..dtypes import DTYPES, DType
from ..errors import DTypeError, ShapeError, ValidationError

__all__ = ["floating", "importable_from_here", "inputs_of", "named"]


@contextmanager
def importable_from_here() -> Iterator[None]:
    """The current directory can be imported from, as with ``python -m``."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def named(text: str) -> Callable[..., Any]:
    """The function that ``"module:function"`` names.

    Raises
    ------
    ValidationError
        If there is no such module or function, or it cannot be called. What the module raises itself goes through.
    """
    module, colon, path = text.partition(":")
    if not (module and colon and path):
        raise ValidationError(f'{text!r} names no function; write "module:function", as in "mine:loss"')
    found: Any = _module(module)
    for name in path.split("."):
        if not hasattr(found, name):
            raise ValidationError(f"{text}: {getattr(found, '__name__', found)} has no {name!r}{_near(name, found)}")
        found = getattr(found, name)
    if not callable(found):
        raise ValidationError(
            f"{text} is of type {type(found).__name__}, which cannot be called; name a function fn(xp, ...)"
        )
    return found


def inputs_of(fn: Callable[..., Any], source: str | None, shapes: Sequence[str], seed: int) -> tuple[Any, ...]:
    """What `fn` takes beside the namespace: from a function, from a file, or random numbers.

    Parameters
    ----------
    fn : callable
        ``fn(xp, *inputs)``.
    source : str, optional
        ``"module:make_inputs"``, which gives one input or a tuple of them; or a ``.npz`` file, whose arrays are
        `fn`'s parameters by name, or in order if they are called ``arr_0``, ``arr_1`` ...
    shapes : sequence of str
        ``"3,4"``: one input each, of standard normal numbers; ``"()"`` is one number.
    seed : int
        Of these.

    Raises
    ------
    ValidationError
        If there is no such source, both or neither are given, or `fn` does not take that many.
    ShapeError
        If a shape is none.
    """
    if source is not None and shapes:
        raise ValidationError("--inputs and --shape both say what the inputs are; give one of them")
    if source is None:
        rng = np.random.default_rng(seed)
        inputs = tuple(rng.standard_normal(_shape(text)) for text in shapes)
    elif source.endswith(".npz"):
        inputs = _arrays(fn, Path(source))
    else:
        made = named(source)()
        inputs = made if isinstance(made, tuple) else (made,)
    _check_fits(fn, inputs)
    return inputs


def floating(name: str | None) -> DType | None:
    """The floating dtype of this name.

    Raises
    ------
    DTypeError
        If there is none.
    """
    if name is None:
        return None
    dtype = DTYPES.get(name)
    if dtype is None or dtype.kind != "f":
        raise DTypeError(f"--dtype {name!r} is no floating dtype; there are float32 and float64")
    return dtype


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not f"{name}.".startswith(f"{missing.name}."):
            raise  # the module is there, and lacks another
        meant = Path(name).with_suffix("").as_posix().replace("/", ".")
        mend = f"write {meant}" if name.endswith(".py") else f"it is looked for in {os.getcwd()} and what is installed"
        raise ValidationError(f"no module is named {name!r}; {mend}") from missing


def _near(name: str, where: Any) -> str:
    near = get_close_matches(name, [n for n in dir(where) if not n.startswith("_")], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _shape(text: str) -> tuple[int, ...]:
    parts = [part for part in text.strip("() ").split(",") if part.strip()]
    if not all(part.strip().isdecimal() for part in parts):
        raise ShapeError(f'--shape {text!r} is no shape; write "3,4", "3" or "()"')
    return tuple(map(int, parts))


def _arrays(fn: Callable[..., Any], path: Path) -> tuple[Any, ...]:
    if not path.is_file():
        raise ValidationError(f"there is no file {path}; numpy.savez({str(path)!r}, w=w, b=b) makes one")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, TypeError, ValueError, BadZipFile) as error:  # TypeError: it is a .npy, and not of several arrays
        raise ValidationError(f"{path} cannot be read: {error}; numpy.savez makes a file of arrays") from error
    if all(name.startswith("arr_") for name in arrays):
        return tuple(arrays.values())
    try:
        bound = inspect.signature(fn).bind(None, **arrays)
    except TypeError as error:
        raise ValidationError(f"{path} has {', '.join(arrays)}, and {_head(fn)} {error}") from error
    return bound.args[1:]


def _check_fits(fn: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    try:
        signature = inspect.signature(fn)
    except ValueError:  # of some that are written in C nobody knows it
        return
    try:
        signature.bind(None, *inputs)
    except TypeError as error:
        mend = "give its inputs with --inputs, or --shape once for each" if not inputs else "give as many as it takes"
        raise ValidationError(f"{_head(fn)} is given xp and {len(inputs)} inputs: {error}; {mend}") from error


def _head(fn: Callable[..., Any]) -> str:
    return f"{getattr(fn, '__name__', type(fn).__name__)}{inspect.signature(fn)}"
