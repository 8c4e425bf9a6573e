"""The namespace of a tensor: the same functions, and new arrays go where the tensor is, whatever the context says.

Code written for any array library makes its constants by ``x.__array_namespace__().zeros(...)``; the context's backend
would mix owners.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any

from .. import namespace
from ..tensor import Tensor
from .inspection import Info

CREATION = ("arange", "empty", "eye", "from_dlpack", "full", "linspace", "ones", "zeros")
EXTENSIONS: dict[str, Callable[[], ModuleType]] = {}  # name -> what loads it: filled from above


class Bound(ModuleType):
    """The functions of plugrad, their new arrays on one backend."""

    def __init__(self, backend: str) -> None:
        super().__init__("plugrad", f"plugrad's namespace, where new arrays go to the backend {backend}.")
        self.__dict__.update({name: getattr(namespace, name) for name in namespace.__all__})
        self.__dict__.update({name: partial(getattr(namespace, name), backend=backend) for name in CREATION})
        self.__dict__.update(asarray=partial(_asarray, backend), __array_namespace_info__=partial(Info, backend))
        self.backend = backend

    def __repr__(self) -> str:
        return f"<plugrad on {self.backend}>"

    def __getattr__(self, name: str) -> ModuleType:
        """An extension of the standard, loaded when first asked for; what it creates is on this backend, too."""
        if name not in EXTENSIONS:
            raise AttributeError(f"module 'plugrad' has no attribute {name!r}")
        its, here = EXTENSIONS[name](), ModuleType(f"plugrad.{name}", f"plugrad.{name} on the backend {self.backend}.")
        here.__dict__.update({f: getattr(its, f) for f in its.__all__})
        here.__dict__.update({f: partial(getattr(its, f), backend=self.backend) for f in getattr(its, "CREATION", ())})
        setattr(self, name, here)
        return here


def _asarray(bound_to: str, obj: Any, /, *, backend: str | None = None, **options: Any) -> Tensor:
    """`asarray` on this backend; a Tensor of another one is not moved unasked."""
    there = backend if type(obj) is Tensor else backend or bound_to
    return namespace.asarray(obj, backend=there, **options)


@cache
def bound(backend: str) -> Bound:
    """The namespace of a backend's tensors, always the same object."""
    return Bound(backend)
