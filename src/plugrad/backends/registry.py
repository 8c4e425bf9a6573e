"""What plugins offer, by name, and what stands in the way of each offer.

A plugin is an entry point of the group `GROUP`, or an object given to `register`. Entry points are read when something
other than NumPy is asked for; the module of one is loaded when its name, or all there is, is asked for. Whatever one
does wrong stays its own problem.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import BackendError, ValidationError
from . import builtin, problems
from .problems import Problem
from .spec import BackendSpec

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from pluggy import PluginManager

__all__ = ["GROUP", "Offer", "Registry"]

GROUP = "plugrad.backends"
IN_PROCESS = "register()"


class Offer:
    """A backend that a plugin brings, or an entry point that brings none for a reason.

    Attributes
    ----------
    name : str
        The backend's name; the entry point's where there is no spec.
    source : str
        The distribution and its version, or `IN_PROCESS`.
    spec : BackendSpec or None
        None if the plugin was not loaded, or could not be.
    problem : Problem or None
        What stood in the way when it was registered or loaded.
    plugin : object
        What pluggy knows it by.
    """

    __slots__ = ("name", "plugin", "problem", "source", "spec")  # a dataclass would cost 1 ms of every import

    def __init__(
        self, name: str, source: str, spec: BackendSpec | None, problem: Problem | None = None, plugin: object = None
    ) -> None:
        self.name, self.source, self.spec, self.problem, self.plugin = name, source, spec, problem, plugin

    def hindrance(self) -> Problem | None:
        """What stands in the way now, without loading anything."""
        if self.problem is not None or self.spec is None:
            return self.problem
        return problems.missing(self.spec)


class Registry:
    """All offers. Whoever calls its methods holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._offers = [_offer(spec, "plugrad", builtin) for spec in builtin.plugrad_backends()]
        self._own = frozenset(offer.name for offer in self._offers)
        self._claimed = self._own  # names of backends that are an entry point's own
        self._waiting: dict[str, list[EntryPoint]] | None = None
        self._plugins: PluginManager

    def named(self, name: str) -> Offer | None:
        """The offer of this name; its own plugin is asked first, all others only if that does not bring it."""
        if name not in self._own:
            self._load(name)
            if self._first(name) is None:
                self._load_all()
        return self._first(name)

    def all(self) -> list[Offer]:
        """Every offer there is."""
        self._load_all()
        return list(self._offers)

    def add(self, plugin: object) -> list[Offer]:
        """Register a plugin of this process; all of its backends or none.

        Raises
        ------
        BackendError
            If a name is taken, or the plugin was written for another plugin API.
        ValidationError
            If it has no hook, or the hook gives no specs.
        """
        taken = {offer.name for offer in self.all()}
        offers = self._take(plugin, f"register {id(plugin)}", IN_PROCESS)
        refused = [offer.problem.text for offer in offers if offer.problem is not None]
        refused += [f"a backend named {offer.name!r} is registered already" for offer in offers if offer.name in taken]
        if refused:
            self._plugins.unregister(plugin)
            raise BackendError(f"the plugin is not registered: {'; '.join(refused)}")
        self._offers += offers
        return offers

    def remove(self, name: str) -> None:
        """Take back one backend of a plugin that `add` registered."""
        offer = self._first(name)
        if offer is None or offer.source != IN_PROCESS:
            source = f"came with {offer.source}, not by" if offer else "did not come by"
            raise BackendError(f"the backend {name!r} {source} register(), so unregister cannot take it back")
        self._offers.remove(offer)
        if all(other.plugin is not offer.plugin for other in self._offers):
            self._plugins.unregister(offer.plugin)

    def _first(self, name: str) -> Offer | None:
        """The offer of this name, one without a problem if there is one."""
        offers = [offer for offer in self._offers if offer.name == name]
        return min(offers, key=lambda offer: offer.problem is not None, default=None)

    def _open(self) -> dict[str, list[EntryPoint]]:
        """Make the plugin manager and read the entry points, once."""
        if self._waiting is None:
            from pluggy import PluginManager  # 4 ms; importlib.metadata 33 ms more

            from . import hookspecs

            self._plugins = PluginManager("plugrad")
            self._plugins.add_hookspecs(hookspecs)
            hookspecs.hookimpl(builtin.plugrad_backends)
            self._plugins.register(builtin, "numpy")
            self._waiting = {}
            for point in _entry_points():
                self._waiting.setdefault(point.name, []).append(point)
            self._claimed |= frozenset(self._waiting)
        return self._waiting

    def _load_all(self) -> None:
        for name in list(self._open()):
            self._load(name)

    def _load(self, name: str) -> None:
        """Load the entry points of this name. Two of them are a conflict, and neither is loaded."""
        points = self._open().pop(name, [])
        if name in _disabled():
            self._offers += [Offer(name, _source(point), None, problems.disabled(name)) for point in points]
        elif len(points) > 1 or name in self._own:
            problem = problems.conflict(name, [*(["plugrad"] if name in self._own else []), *map(_source, points)])
            self._offers += [Offer(name, _source(point), None, problem) for point in points]
        else:
            for point in points:
                self._offers += self._admit(point)

    def _admit(self, point: EntryPoint) -> list[Offer]:
        """What one entry point brings; a failure of it is an offer with a problem."""
        source = _source(point)
        try:
            offers = self._take(point.load(), point.name, source)
        except KeyboardInterrupt:  # the user's, not the plugin's, which will be asked again
            self._open()[point.name] = [point]
            raise
        except BaseException as cause:  # a plugin may even call sys.exit
            text = f"its plugin {point.value!r} ({source}) cannot be read: {type(cause).__name__}: {cause}"
            return [Offer(point.name, source, None, problems.broken(point.name, source, text, cause))]
        for offer in offers:
            self._settle(offer, point.name)
        return offers

    def _settle(self, new: Offer, plugin: str) -> None:
        """See that a name has one owner, in whichever order: the plugin of that name; else none, if several want it."""
        same = [offer for offer in (*self._offers, new) if offer.name == new.name]
        rivals = [offer for offer in same if offer.problem is None or offer.problem.status == "conflict"]
        if new.name == plugin:
            return
        if new.name in self._claimed:
            new.problem = new.problem or problems.conflict(new.name, [new.source, f"the plugin {new.name!r}"])
        elif new in rivals and len(rivals) > 1:
            problem = problems.conflict(new.name, [offer.source for offer in rivals])
            for offer in rivals:
                offer.problem = problem

    def _take(self, plugin: object, name: str, source: str) -> list[Offer]:
        """Register a plugin with pluggy and ask its hook; a failure takes it out again."""
        if self._plugins.is_registered(plugin):
            raise ValidationError(f"{plugin!r} is registered already, as {self._plugins.get_name(plugin)!r}")
        try:
            self._plugins.register(plugin, name)
            return [_offer(spec, source, plugin) for spec in self._specs(plugin)]
        except BaseException:
            if self._plugins.is_registered(plugin):
                self._plugins.unregister(plugin)
            raise

    def _specs(self, plugin: object) -> list[BackendSpec]:
        hooks = [hook for hook in self._plugins.hook.plugrad_backends.get_hookimpls() if hook.plugin is plugin]
        if not hooks:
            raise ValidationError(f"{plugin!r} has no function plugrad_backends() marked with plugrad.hookimpl")
        specs: Any = hooks[0].function()
        if not isinstance(specs, list) or not specs or not all(isinstance(spec, BackendSpec) for spec in specs):
            raise ValidationError(f"plugrad_backends() of {plugin!r} returned {specs!r}, not a list of BackendSpec")
        if len({spec.name for spec in specs}) < len(specs):
            raise ValidationError(f"plugrad_backends() of {plugin!r} gives one name twice: {[s.name for s in specs]}")
        return specs


def _entry_points() -> Iterable[EntryPoint]:
    from importlib import metadata

    try:
        return metadata.entry_points(group=GROUP)
    except Exception:  # a distribution with an unreadable entry_points.txt hides all others
        return list(_readable_entry_points())


def _readable_entry_points() -> Iterator[EntryPoint]:
    from importlib import metadata

    seen: set[str] = set()
    for distribution in metadata.distributions():
        try:
            name, points = distribution.metadata["Name"], distribution.entry_points
        except Exception:
            continue
        if name not in seen:  # the first on the path hides the others, as for imports
            seen.add(name)
            yield from points.select(group=GROUP)


def _source(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _disabled() -> frozenset[str]:
    return frozenset(name.strip() for name in os.environ.get("PLUGRAD_DISABLE", "").split(","))


def _offer(spec: BackendSpec, source: str, plugin: object) -> Offer:
    off = problems.disabled(spec.name) if spec.name in _disabled() else None
    return Offer(spec.name, source, spec, off or problems.incompatible(spec, source), plugin)
