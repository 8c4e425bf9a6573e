"""One autograd for any array library.

``import plugrad as pg``: pg is itself a namespace of the Python array API standard; tensors remember how they were made
as in torch.autograd; `grad`, `vjp`, `jvp`, `vmap` and `compile` transform functions. Which library computes is chosen
at runtime with `use_backend`; NumPy is built in.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as _numpy  # noqa: F401  first: CPython runs it 20 ms slower from deeper in its stack, where calls cross a chunk of it

from . import autograd, backends, errors, namespace, random
from . import interop as interop  # it tells einops of plugrad
from .backends import current as _current
from .backends.current import use_backend
from .dtypes import (
    DType,
    bool,
    complex64,
    complex128,
    default_dtype,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .methods import to_backend
from .namespace import *  # noqa: F403  says itself what it offers
from .tensor import Tensor
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp, vmap

if TYPE_CHECKING:
    from . import extend as extend
    from . import fft as fft
    from . import linalg as linalg
    from . import nn as nn
    from . import special as special
    from . import testing as testing
    from .backends.hookspecs import hookimpl as hookimpl
    from .backends.manager import register as register
    from .backends.manager import unregister as unregister
    from .compiler import compile as compile

__version__ = "0.1.0"

__all__ = [
    "DType",
    "Tensor",
    "autograd",
    "backends",
    "bool",
    "compile",
    "complex64",
    "complex128",
    "default_dtype",
    "enable_grad",
    "errors",
    "float32",
    "float64",
    "grad",
    "hessian",
    "hvp",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "nn",
    "no_grad",
    "random",
    "register",
    "set_default_dtype",
    "set_grad_enabled",
    "to_backend",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "unregister",
    "use_backend",
    "value_and_grad",
    "vjp",
    "vmap",
    *namespace.__all__,
]


_EXTENSIONS = ("fft", "linalg", "special")  # of the standard, and what SciPy asks of a namespace beside
_LATER = (*_EXTENSIONS, "extend", "nn", "testing")
_MANAGER = ".backends.manager"
_OBJECTS_LATER = {
    "compile": ".compiler",
    "hookimpl": ".backends.hookspecs",
    "register": _MANAGER,
    "unregister": _MANAGER,
}
_current.manage = partial(import_module, _MANAGER, __name__)
namespace.bound.EXTENSIONS |= {name: partial(import_module, f".{name}", __name__) for name in _EXTENSIONS}


def __dir__() -> list[str]:
    return sorted({*__all__, *_LATER, "autograd", "random"})


def __getattr__(name: str) -> Any:
    """What is loaded when first asked for, because it would slow the import down."""
    if name in _LATER:
        return import_module(f".{name}", __name__)
    if name in _OBJECTS_LATER:
        found = globals()[name] = getattr(import_module(_OBJECTS_LATER[name], __name__), name)
        return found
    raise AttributeError(f"module 'plugrad' has no attribute {name!r}")
