"""A wrong backend: devices, exchange, what it declares, hidden ways over the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from plugrad import ops
from plugrad.backends.protocol import Kernels
from plugrad.errors import BackendError
from plugrad.tensor import Tensor, base

from .mutations import become, kernel, native, pull, replaced, result
from .places import Change, attribute, method, processes, table
from .records import Saboteur, of_kind, saboteur

__all__ = ["ALL"]


def _method(backend: str, name: str, change: Any) -> Change:
    """A method of a backend is changed."""
    return Change(method(name, backend), change)


def _asked(
    name: str,
    asks: str | tuple[str, ...],
    *changes: Change,
    ops: Any = (),
    subject: str = "strict",
    raises: bool = False,
) -> Saboteur:
    return saboteur(name, *changes, ops=ops, asks=asks, order=None, subject=subject, raises=raises)


# -------------------------------------------------------------------------------------------------------------- devices


def _home(raw: Any) -> Any:
    return table("strict").backend.to_device(raw, "cpu")


def _together(k: Any) -> Any:
    """What lies elsewhere is brought here, unasked."""

    def run(a: Any, b: Any) -> Any:
        its = table("strict").backend
        return k(a, its.to_device(b, its.device_of(a)) if hasattr(a, "device") and hasattr(b, "device") else b)

    return run


DEVICES = of_kind(
    "a wrong device",
    *(
        _asked(f"{op.name}: the result on the default device", "devices/*", kernel(op, result(_home), "strict"), ops=op)
        for op in (ops.EXP, ops.SVD, ops.GATHER)
    ),
    _asked(
        "sum: the gradient on the default device",
        "devices/*",
        pull(ops.SUM, lambda p: lambda *handed: _lowered(p(*handed))),
        ops=ops.SUM,
        raises=True,
    ),
    _asked(
        "zeros: on the default device",
        "devices/*",
        replaced(lambda: table("strict").xp, "zeros", lambda f: lambda like, shape: _home(f(like, shape))),
        ops=(ops.GATHER, ops.WHERE),
        raises=True,
    ),
    _asked(
        "full: on the default device",
        "devices/creation",
        _method("strict", "full", lambda f: lambda shape, value, dtype, device: f(shape, value, dtype, None)),
    ),
    _asked(
        "asarray: on the default device",
        ("devices/creation", "capabilities/*"),
        _method("strict", "asarray", lambda f: lambda obj, dtype, device, copy: f(obj, dtype, None, copy)),
        raises=True,
    ),
    _asked(
        "to_device: stays where it is",
        "devices/*",
        _method("strict", "to_device", lambda f: lambda raw, device: f(raw, device) and raw),
        raises=True,
    ),
    _asked(
        "to_device: takes any name",
        "devices/moves",
        _method(
            "strict",
            "to_device",
            lambda f: lambda raw, device: f(raw, device if device in table("strict").backend.devices() else "cpu"),
        ),
    ),
    _asked(
        "device_of: says the default",
        "devices/*",
        _method("strict", "device_of", lambda f: lambda raw: "cpu"),
        raises=True,
    ),
    _asked("add: devices mix", "devices/moves", kernel(ops.ADD, _together, "strict")),
    _asked(
        "to_device: the cotangent stays there",
        "devices/moves",
        pull(ops.TO_BACKEND, lambda p: lambda xp, ct, y, args, params, edge: ct),
        raises=True,
    ),
)


def _lowered(g: Any) -> Any:
    """A gradient moved, raw or not."""
    if type(g) is not Tensor:
        return _home(g)
    return Tensor(_home(g.data), g.by, g.node) if type(g.by) is Kernels else g


def _by_way_of_the_host(backend: str) -> Any:
    def change(k: Any) -> Any:
        def run(x: Any, *others: Any, **params: Any) -> Any:
            its = table(backend).backend
            return k(its.asarray(its.to_numpy(x), None, its.device_of(x), None), *others, **params)

        return run

    return change


def _looks(k: Any) -> Any:
    """It looks whether there is anything to do."""
    return lambda x: k(x) if bool((x < 0).any()) else x + 0


def _asks_torch(p: Any) -> Any:
    return lambda xp, ct, *handed: p(xp, ct, *handed) if ct.abs().sum().item() else ct


HOST = of_kind(
    "a hidden host copy",
    *(
        _asked(
            f"{op.name}: by way of the host, {backend}",
            "devices/*",
            kernel(op, _by_way_of_the_host(backend), backend),
            ops=op,
            subject=backend,
        )
        for op, backend in (
            (ops.TANH, "strict"),
            (ops.CUMULATIVE_SUM, "strict"),
            (ops.MATMUL, "torch"),
            (ops.INV, "torch"),
        )
    ),
    _asked(
        "relu: looks at the values first, torch",
        "devices/*",
        kernel(ops.RELU, _looks, "torch"),
        ops=ops.RELU,
        subject="torch",
    ),
    _asked(
        "sigmoid: a native pull looks at the cotangent, torch",
        "devices/*",
        native(ops.SIGMOID, _asks_torch, "torch"),
        ops=ops.SIGMOID,
        subject="torch",
    ),
    _asked(
        "exp: a pull that goes by way of the host",
        "devices/*",
        pull(ops.EXP, lambda p: lambda xp, ct, *handed: p(xp, _read(ct), *handed)),
        ops=ops.EXP,
    ),
)


def _read(ct: Any) -> Any:
    """Looks at the values of a cotangent, raw or not."""
    table("strict").backend.to_numpy(base(ct).data if type(ct) is Tensor else ct)
    return ct


# ------------------------------------------------------------------------------------------------------------- exchange


def _in_order(raw: Any) -> Any:
    """Memory read as it lies, whatever the strides say."""
    return np.lib.stride_tricks.as_strided(raw, raw.shape, np.empty(raw.shape, raw.dtype).strides) if raw.size else raw


EXCHANGE = of_kind(
    "a wrong exchange",
    _asked(
        "from_dlpack: strides are not read",
        "dlpack/*",
        _method("numpy", "from_dlpack", lambda f: lambda obj, device: _in_order(f(obj, device))),
        subject="numpy",
    ),
    _asked(
        "from_dlpack: float32 becomes float64",
        "dlpack/*",
        _method("numpy", "from_dlpack", lambda f: lambda obj, device: _wider(f(obj, device))),
        subject="numpy",
    ),
    _asked(
        "from_dlpack: nothing of size 0",
        "dlpack/*",
        _method(
            "numpy",
            "from_dlpack",
            lambda f: lambda obj, device: f(obj, device).reshape(-1) if not f(obj, device).size else f(obj, device),
        ),
        subject="numpy",
    ),
    _asked(
        "asarray: the values a little off, in float32",
        "dlpack/*",
        _method("numpy", "asarray", lambda f: lambda obj, dtype, device, copy: _off(f(obj, dtype, device, copy))),
        subject="numpy",
    ),
    _asked(
        "to_numpy: the first row", "dlpack/*", _method("strict", "to_numpy", lambda f: lambda raw: _rows_alike(f(raw)))
    ),
    _asked(
        "to_backend: the history ends",
        "dlpack/*",
        pull(ops.TO_BACKEND, lambda p: lambda xp, ct, y, args, params, edge: p(xp, ct * 0, y, args, params, edge)),
    ),
    _asked(
        "to_backend: a complex cotangent comes back conjugated",
        "dlpack/*",
        pull(ops.TO_BACKEND, lambda p: lambda xp, ct, *handed: p(xp, xp.conj(ct), *handed)),
    ),
    _asked(
        "to_backend: the cotangent stays there",
        "dlpack/*",
        pull(ops.TO_BACKEND, lambda p: lambda xp, ct, y, args, params, edge: ct),
        subject="torch",
        raises=True,
    ),
)


def _wider(raw: Any) -> Any:
    return raw.astype(np.float64) if raw.dtype == np.float32 else raw


def _off(raw: Any) -> Any:
    return raw * np.float32(1 + 2**-20) if raw.dtype == np.float32 else raw


def _rows_alike(host: Any) -> Any:
    return np.broadcast_to(host[:1], host.shape) if host.ndim == 2 and len(host) > 1 else host


# ------------------------------------------------------------------------------------------------------- what it says


def _says(name: str, value: Any, backend: str = "numpy") -> Change:
    return Change(method(name, backend), become(value))


def _refuses(error: type[Exception]) -> Any:
    def change(k: Any) -> Any:
        def run(*operands: Any, **params: Any) -> Any:
            raise error("not here")

        return run

    return change


def _without(name: str) -> Any:
    return lambda these: {dtype: raw for dtype, raw in these.items() if dtype.name != name}


LIES = of_kind(
    "a lie about what it does",
    *(
        saboteur(
            f"{op.name}: declared to be missing, and there", _says("unsupported", {op: "not yet"}), ops=op, order=0
        )
        for op in (ops.EXP, ops.CONV)
    ),
    saboteur(
        "fft: declared to be missing, refused with an error of Python's",
        _says("unsupported", {ops.FFT: "not yet"}),
        kernel(ops.FFT, _refuses(KeyError)),
        ops=ops.FFT,
        order=0,
        raises=True,
    ),
    saboteur("qr: missing, and not declared", kernel(ops.QR, _refuses(BackendError)), ops=ops.QR, order=0),
    saboteur(
        "cumulative_prod: missing beyond two axes",
        kernel(
            ops.CUMULATIVE_PROD,
            lambda k: lambda x, axis: k(x, axis=axis) if x.ndim < 3 else _refuses(NotImplementedError)(k)(),
        ),
        ops=ops.CUMULATIVE_PROD,
        order=0,
    ),
    saboteur(
        "float32: declared to be missing, and taken",
        _method("numpy", "dtypes", _without("float32")),
        ops=ops.SIN,
        order=0,
    ),
    _asked(
        "devices: one that is not there",
        "capabilities/*",
        _says("devices", lambda: ("cpu", "gpu7")),
        subject="numpy",
        raises=True,
    ),
    _asked(
        "dtypes: float32 that is float64",
        ("promotion/*", "capabilities/*"),
        _method(
            "numpy", "raw_dtype", lambda f: lambda dtype: np.dtype(np.float64) if dtype.name == "float32" else f(dtype)
        ),
        subject="numpy",
    ),
    _asked(
        "native: all is said to be",
        "capabilities/*",
        Change(attribute(lambda: table("strict"), "native"), become(frozenset(ops.TABLE.values()))),
    ),
    _asked(
        "native: what was composed is called its own",
        "capabilities/*",
        _method("strict", "kernels", lambda f: lambda: {ops.EXPM1: table("strict")[ops.SOFTMAX]}),
        raises=True,
    ),
    _asked(
        "pulls: one for two operands",
        "capabilities/*",
        _says("pulls", lambda: {ops.ADD: (lambda xp, ct, *_: ct,)}),
        subject="numpy",
    ),
    _asked(
        "host copies: of an operation that nobody knows, without a reason",
        "capabilities/*",
        _says("host_copies", {ops.EXP: ""}),
        subject="numpy",
    ),
)


# -------------------------------------------------------------------------------------------------------------- manners


def _does(name: str, code: str, module: str = "plugrad_strict.backend") -> Saboteur:
    """In a process of its own."""
    place = processes(module)
    return _asked(f"plugin: {name}", "hygiene/*", Change(place, lambda nothing: nothing._replace(code=code)))


MANNERS = of_kind(
    "bad manners",
    _does("sets a variable of the environment", "import os; os.environ['STRICT_THREADS'] = '1'"),
    _does("silences warnings", "import warnings; warnings.simplefilter('ignore')"),
    _does("patches its library", "import array_api_strict as a; a.sum = lambda *x, f=a.sum, **how: f(*x, **how)"),
    _does("has NumPy ignore overflow", "import numpy; numpy.seterr(over='ignore')"),
    _does("seeds Python's random numbers", "import random; random.seed(0)"),
    _does("changes a rule", "from plugrad import ops; ops.EXP.push = ops.LOG.push"),
    _does("prints", "print('a banner')"),
    _does("imports its library with its announcement", "import array_api_strict", "plugrad_strict"),
    _does("is imported with plugrad", "import array_api_strict", "plugrad"),
)


ALL: tuple[Saboteur, ...] = (*DEVICES, *HOST, *EXCHANGE, *LIES, *MANNERS)
