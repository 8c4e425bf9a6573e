"""Run by itself in a fresh process: ``python -P probe.py BACKEND [DEVICE]`` says what loading a backend changes.

Standard output and error up to the line `MARK` are the library's own; behind it comes one line of JSON, and nothing
else where all is well.
"""

from __future__ import annotations

import builtins
import gc
import json
import locale
import logging
import os
import random
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterable
from importlib import import_module, metadata
from importlib.util import find_spec
from types import ModuleType
from typing import Any

MARK = "-- now the plugin"
GETTER = re.compile(
    r"(get_default_\w+|get_num_\w+|get_\w+_precision|is_\w+_enabled|are_\w+_enabled|geterr|get_printoptions)"
)

Names = dict[str, Any]


def main(name: str, device: str | None) -> None:
    """Import, snapshot, load and use, snapshot again, and print the differences."""
    report: Names = {}
    import plugrad as pg

    numbers = _numbers(pg)
    report["imported"] = _packages()
    spec = _spec(name)
    report["imported by the spec"] = sorted(set(_packages()) - set(report["imported"]))
    report["plugin"] = spec.loader.partition(":")[0].partition(".")[0]
    report["libraries"] = [re.split(r"\W", requirement)[0] for requirement in spec.requires]
    report["entry point"] = _entry_point(name)
    libraries = [import_module(library) for library in report["libraries"]]
    for space in [f"{library.__name__}.numpy" for library in libraries if hasattr(library, "__path__")]:
        if find_spec(space):  # where some keep what makes arrays
            import_module(space)
    types = [kind for kind in map(_resolved, spec.array_types) if kind is not None]
    for stream in (sys.stdout, sys.stderr):
        stream.write(MARK + "\n")
        stream.flush()
    before = _state(libraries), _held(libraries, types), _engine()
    with pg.use_backend(name, device):
        _use(pg)
    report["numbers"] = numbers == _numbers(pg)
    after = _state(libraries), _held(libraries, types), _engine()
    for what, old, new, compare in zip(("process", "names", "engine"), before, after, COMPARE, strict=True):
        report[what] = compare(old, new)
    report["status"] = pg.backends.manager.info(name).status
    sys.stdout.write(json.dumps(report) + "\n")


def _numbers(pg: Any) -> str:
    """What NumPy computes, by way of plugrad, where no backend was chosen."""
    with pg.use_backend("numpy"):
        return repr(pg.grad(lambda x: pg.sum(pg.tanh(x @ x) ** 2))(pg.linspace(0, 1, 9).reshape(3, 3)).tolist())


def _packages() -> list[str]:
    return sorted({name.partition(".")[0] for name in sys.modules})


def _spec(name: str) -> Any:
    from plugrad.backends import manager

    with manager._registry.lock:
        offer = manager._registry.named(name)
    assert offer is not None
    return offer.spec


def _entry_point(name: str) -> Names | None:
    """What an installer wrote down."""
    found = list(metadata.entry_points(group="plugrad.backends", name=name))
    if not found:
        return None
    dist = found[0].dist
    needs = [re.split(r"[^\w-]", requirement)[0] for requirement in (dist.requires or ())] if dist else []
    hooks = hasattr(found[0].load(), "plugrad_backends")
    return {
        "many": len(found),
        "hooks": hooks,
        "dist": dist.name if dist else None,
        "needs plugrad": "plugrad" in needs,
    }


def _resolved(name: str) -> Any:
    """A type of the library by its dotted name, if it is loaded."""
    module, _, qualified = name.rpartition(".")
    return getattr(sys.modules.get(module), qualified, None)


def _use(pg: Any) -> None:
    x = pg.linspace(0.1, 1.0, 4)
    w = pg.asarray(x, copy=True).requires_grad_()
    pg.sum(pg.tanh(w) * w[pg.asarray([0, 0, 1, 2])] + pg.max(w)).backward()
    pg.vmap(pg.grad(lambda x: pg.linalg.det(x[:, None] * x + pg.eye(4))))(pg.stack([x, x]))
    pg.compile(pg.grad(lambda x: pg.sum(pg.exp(x) ** 2)))(x)
    pg.asarray(1j) * pg.random.normal(2)
    x[1:] = x.to_backend("numpy").to_backend(x.backend, x.device)[:-1]
    try:
        pg.linalg.inv(pg.zeros((2, 2)))
    except pg.errors.PlugradError:
        return


# ------------------------------------------------------------------------------------------------------------ snapshots


def _state(libraries: Iterable[Any]) -> Names:
    """Settings of the process and of libraries, as text."""
    import numpy as np

    state: Names = {f"environ {key}": value for key, value in os.environ.items()}
    state |= {f"signal {s!r}": repr(signal.getsignal(s)) for s in signal.valid_signals()}
    state |= {f"sys.{name} {x!r}": "there" for name in ("meta_path", "path", "path_hooks") for x in getattr(sys, name)}
    state |= {f"sys.{name}": repr(getattr(sys, name)) for name in ("excepthook", "stdout", "stderr", "displayhook")}
    state |= {f"sys.{name}()": repr(getattr(sys, name)()) for name in ("gettrace", "getprofile", "getrecursionlimit")}
    state |= {
        f"{f.__module__}.{f.__name__}()": repr(f()) for f in (sys.getswitchinterval, gc.isenabled, gc.get_threshold)
    }
    state |= {"cwd": os.getcwd(), "locale": locale.setlocale(locale.LC_ALL), "umask": _umask()}
    state |= {f"warnings {x!r}": "there" for x in warnings.filters} | {"showwarning": repr(warnings.showwarning)}
    state |= {"logging": repr((logging.root.level, logging.root.handlers)), "random": repr(hash(random.getstate()))}
    state |= {"threads": repr(sorted(t.name for t in threading.enumerate() if not t.daemon))}
    state |= {
        "np.random": repr(np.random.get_state()),  # noqa: NPY002  it is to stay
        "threading.excepthook": repr(threading.excepthook),
    }
    for library in {np, *libraries}:
        state |= _settings(library)
    return state


def _umask() -> str:
    mask = os.umask(0)
    os.umask(mask)
    return oct(mask)


def _settings(library: Any) -> Names:
    """What a library's getters say, what its configuration holds, and what it makes if nothing is said."""
    its = {
        f"{library.__name__}.{name}()": _said(getattr(library, name)) for name in dir(library) if GETTER.fullmatch(name)
    }
    if isinstance(values := getattr(getattr(library, "config", None), "values", None), dict):
        its |= {f"{library.__name__}.config {key}": repr(value) for key, value in values.items()}
    spaces: list[Any] = [library, sys.modules.get(f"{library.__name__}.numpy")]
    for xp in spaces:
        if hasattr(xp, "zeros") and hasattr(xp, "asarray"):
            made = {"zeros(1)": xp.zeros(1), "asarray(1)": xp.asarray(1), "asarray(1.0)": xp.asarray(1.0)}
            its |= {f"{library.__name__} {k}": f"{x.dtype} {getattr(x, 'device', '')}" for k, x in made.items()}
    return its


def _said(getter: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return repr(getter())
        except Exception as error:  # it wants an argument
            return type(error).__name__


def _held(libraries: Iterable[Any], types: Iterable[Any]) -> Names:
    """What names stand for in the builtins, in NumPy, in the libraries and on their array types."""
    import numpy as np

    places = [builtins, np, *libraries, *{base for kind in types for base in kind.__mro__}]
    return {
        f"{_place(place)}.{name}": held
        for place in places
        for name, held in [*vars(place).items()]
        if not re.fullmatch(r"__(warningregistry|annotations(_cache)?|dict|weakref|abstractmethods)__|_abc_impl", name)
    }


def _place(place: Any) -> str:
    return f"{place.__module__}.{place.__name__}" if isinstance(place, type) else str(place.__name__)


def _patched(old: Names, new: Names) -> list[str]:
    """Names that stand for something else; modules and types of a library may grow, and change by its own code."""
    found = [f"{name} is gone" for name in old.keys() - new.keys()]
    for name in old.keys() & new.keys():
        by = _maker(new[name])
        if old[name] is not new[name] and by.partition(".")[0] != name.partition(".")[0]:
            found.append(f"{name} is {new[name]!r:.100} of {by}")
    return sorted(
        found
        + [f"{name} is new, of {_maker(new[name])}" for name in new.keys() - old.keys() if _foreign(name, new[name])]
    )


def _foreign(name: str, held: Any) -> bool:
    return _maker(held).partition(".")[0] not in ("None", name.partition(".")[0]) and not isinstance(held, ModuleType)


def _maker(held: Any) -> str:
    return str(getattr(held, "__module__", None))


def _engine() -> Names:
    """plugrad's primitives, their rules and NumPy's kernels."""
    from plugrad import ops
    from plugrad.backends import current

    numpy = current.table("numpy")
    rules = {
        f"rule of {op.name}": (id(op.rule), id(op.push), id(op.batch))
        for op in ops.TABLE.values()
        if hasattr(op, "rule")
    }
    kernels = {f"NumPy's {op.name}": id(numpy[op]) for op in numpy.native}
    return rules | kernels | {"the default dtype": repr(import_module("plugrad").default_dtype())}


def _changes(old: Names, new: Names) -> list[str]:
    """Settings that differ."""
    gone = [f"{name} is gone" for name in old.keys() - new.keys()]
    more = [f"{name} is new: {new[name]!r:.80}" for name in new.keys() - old.keys()]
    return sorted(
        gone + more + [f"{n}: {old[n]!r:.80}, now {new[n]!r:.80}" for n in old.keys() & new.keys() if old[n] != new[n]]
    )


COMPARE = (_changes, _patched, _changes)

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
