"""cross_validate: one source text on every backend and on torch.autograd, and how far the results are apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import numpy as np

from .. import autograd, dtypes
from ..backends import current, manager
from ..backends.current import use_backend
from ..dtypes import DType
from ..errors import BackendError, ValidationError
from ..grad_mode import enable_grad
from ..namespace import asarray
from ..traces import require_function
from ..tree import flatten
from .report import Report, Row
from .tolerances import eps_of, error_in_eps, on_host

__all__ = ["cross_validate"]

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


def cross_validate(
    fn: Function,
    *inputs: Any,
    backends: str | Iterable[str] | None = None,
    reference: Literal["torch"] | None = "torch",
    bound: float = 100.0,
    dtype: DType | None = None,
    order: int = 1,
    seed: int = 0,
    check: bool = True,
) -> Report:
    """Run a function on every backend and on torch.autograd, and compare values and gradients.

    Parameters
    ----------
    fn : callable
        ``fn(xp, *inputs)`` gives a tensor, or a pytree of them. `xp` is plugrad while a backend computes, and new
        arrays go to that backend. For torch.autograd it is torch's array API namespace, ``xp.nn`` is
        torch.nn.functional, and `inputs` are torch's tensors. It is called several times, and must be a function.
    *inputs : pytree of Tensor, array or Python number
        The point. What is floating or complex is differentiated.
    backends : str or iterable of str, optional
        Which, with a device if need be, as in ``"torch:cuda"``; if not said, all that can be used.
    reference : {"torch", None}
        What to compare with: torch.autograd (without torch the backend numpy, and the report says so), or numpy.
    bound : float
        The largest error that passes: max|a - b| / (eps * max(1, max|b|)), b the reference, for each array by itself.
    dtype : DType, optional
        Cast what is differentiated to this precision; it is also the default dtype meanwhile.
    order : int
        Up to which derivative. Each is that of the one before, multiplied by random numbers and summed.
    seed : int
        Of the random cotangents that are taken where a result is not one real number; the same for all backends.
    check : bool
        Whether to raise if something does not pass.

    Returns
    -------
    Report
        A table of all errors: ``report.ok``, ``report.rows``, and its text; rich prints it in colour, and
        ``report.to_json()`` and ``report.to_html()`` are for files.

    Raises
    ------
    ValidationError
        With the table, if `check` and an error is beyond the bound, or a result has another shape or a coarser dtype
        than the reference. Also for an argument that is not of the allowed ones.
    BackendNotFoundError, BackendError
        For a backend that is named and cannot be used. One that is only installed is left out; the report says so.
    DTypeError
        If `dtype` is not floating, or a backend that is named does not have it.

    Examples
    --------
    >>> import plugrad as pg
    >>> def h(xp, w):
    ...     return xp.sum(xp.exp(w) * w)
    >>> pg.testing.cross_validate(h, pg.asarray([0.0, 1.0]), backends="numpy", reference=None)
    h against plugrad on numpy, errors in eps, bound 100
    backend  quantity               shape  dtype    error  verdict
    numpy    value                  ()     float64  0      ok
    numpy    gradient of inputs[0]  (2,)   float64  0      ok
    """
    require_function(fn, "cross_validate")
    if reference not in ("torch", None):
        raise ValidationError(f"cross_validate: reference is 'torch' or None, not {reference!r}")
    if order < 0 or bound < 0:
        raise ValidationError(f"cross_validate: order = {order} and bound = {bound} must not be negative")
    with _default_dtype(dtype):
        task = _task(fn, inputs, dtype, order, seed)
        engines, left_out = _usable(task) if backends is None else (_named(backends), ())
        judge, title = _judge(reference)
        wanted = _results(judge, task)
        rows = [row for engine in engines for row in _compared(engine, judge, task, wanted, bound)]
    name = getattr(fn, "__name__", type(fn).__name__)
    report = Report(name, title, bound, tuple(rows), left_out, _inputs(task), order, seed, _versions(engines))
    if check:
        report.raise_if_failed()
    return report


# --------------------------------------------------------------------------------------------- what is run, and by whom


class Task(NamedTuple):
    """A function and the point, on the host."""

    fn: Function
    leaves: list[Array]
    names: list[str]
    rebuild: Function
    order: int
    seed: int


class Engine(NamedTuple):
    """A backend of plugrad, or torch."""

    name: str
    xp: Any
    context: Callable[[], AbstractContextManager[Any]]
    tensor: Callable[[Array, bool], Any]  # of a host array; whether it is recorded
    grad: Function  # with the arguments of torch.autograd.grad
    host: Callable[[Any], Array]


def _task(fn: Function, inputs: Any, dtype: DType | None, order: int, seed: int) -> Task:
    leaves, rebuild, structure = flatten(inputs)
    names = [path.codify("inputs") for path in structure.accessors()]
    return Task(fn, [_cast(on_host(x), dtype) for x in leaves], names, rebuild, order, seed)


def _cast(x: Array, dtype: DType | None) -> Array:
    if dtype is None or x.dtype.kind not in "fc":
        return x
    return x.astype((dtype if x.dtype.kind == "f" else dtypes.complex_of(dtype)).name)


@contextmanager
def _default_dtype(dtype: DType | None) -> Iterator[None]:
    before = dtypes.default_dtype()
    if dtype is not None:
        dtypes.set_default_dtype(dtype)
    try:
        yield
    finally:
        dtypes.set_default_dtype(before)


def _named(backends: str | Iterable[str]) -> list[Engine]:
    engines = [_of_backend(name) for name in ([backends] if isinstance(backends, str) else backends)]
    if not engines:
        raise ValidationError("cross_validate: backends is empty; leave it out for all that can be used")
    return engines


def _usable(task: Task) -> tuple[list[Engine], tuple[str, ...]]:
    """All backends that can be used and have the dtypes, and why the others are left out."""
    engines, left_out = [], []
    for name in [info.name for info in manager.backends()]:
        try:
            engine = _of_backend(name)
        except BackendError:
            left_out.append(f"{name} ({manager.info(name).status})")
            continue
        lacking = {d.name for d in _dtypes_of(task)} - {d.name for d in current.table(name).backend.dtypes}
        if lacking:
            left_out.append(f"{name} (has no {', '.join(sorted(lacking))})")
        else:
            engines.append(engine)
    return engines, tuple(left_out)


def _inputs(task: Task) -> tuple[str, ...]:
    return tuple(f"{name}: {x.dtype} {x.shape}" for name, x in zip(task.names, task.leaves, strict=True))


def _versions(engines: list[Engine]) -> dict[str, str]:
    """plugrad's, and those of the libraries that computed."""
    names = dict.fromkeys(engine.name.partition(":")[0] for engine in engines)
    found = {name: manager.info(name).version for name in names}
    return {"plugrad": _package().__version__, **{name: version for name, version in found.items() if version}}


def _dtypes_of(task: Task) -> set[DType]:
    return {dtypes.default_dtype(), *(dtypes.of(x.dtype) for x in task.leaves)}


def _judge(reference: str | None) -> tuple[Engine, str]:
    """Whose results the others are compared with, and what the report calls it."""
    if reference is None:
        return _of_backend("numpy"), "plugrad on numpy"
    if find_spec("torch") is None:
        return _of_backend("numpy"), "plugrad on numpy (torch is not installed)"
    engine = _torch()
    return engine, engine.name


def _of_backend(name: str) -> Engine:
    """A backend by its name, or by name and device as in ``torch:cuda``; it is loaded."""
    backend, _, device = name.partition(":")
    current.table(backend)

    @contextmanager
    def context() -> Iterator[None]:
        with use_backend(backend, device or None), enable_grad():
            yield

    def tensor(host: Array, recorded: bool) -> Any:
        return asarray(host, requires_grad=recorded)

    return Engine(name, _package(), context, tensor, autograd.grad, on_host)


def _package() -> Any:
    """plugrad, by name: it imports testing itself when it is asked for."""
    return import_module(__name__.partition(".")[0])


def _torch() -> Engine:
    import torch
    from array_api_compat import torch as standard

    @contextmanager
    def context() -> Iterator[None]:
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, dtypes.default_dtype().name))
        try:
            with torch.enable_grad():
                yield
        finally:
            torch.set_default_dtype(before)

    def tensor(host: Array, recorded: bool) -> Any:
        return torch.tensor(host, requires_grad=recorded)

    def host(x: Any) -> Array:
        return torch.as_tensor(x).numpy(force=True)  # also of zeros that torch has not written out

    xp = _Torch(standard, torch.nn.functional)
    return Engine(f"torch.autograd {torch.__version__}", xp, context, tensor, torch.autograd.grad, host)


class _Torch:
    """torch's array API namespace, with the functions of neural networks where plugrad has them."""

    def __init__(self, standard: Any, nn: Any) -> None:
        self._standard, self.nn = standard, nn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._standard, name)


# --------------------------------------------------------------------------------------------- one run and its verdict


def _results(engine: Engine, task: Task) -> dict[str, Array]:
    """Value and derivatives by name, on the host."""
    try:
        with engine.context():
            return {name: engine.host(value) for name, value in _computed(engine, task)}
    except Exception as error:
        error.add_note(f"cross_validate: while {engine.name} ran the function")
        raise


def _computed(engine: Engine, task: Task) -> Iterator[tuple[str, Any]]:
    moving = [i for i, x in enumerate(task.leaves) if x.dtype.kind in "fc"]
    xs = [engine.tensor(x, i in moving) for i, x in enumerate(task.leaves)]
    ys, _, structure = flatten(task.fn(engine.xp, *task.rebuild(xs)))
    yield from zip([path.codify("value") for path in structure.accessors()], ys, strict=True)
    rng = np.random.default_rng(task.seed)
    for k in range(1, task.order + 1 if moving else 0):
        seeds = _cotangents(engine, ys, rng)
        roots = [i for i, y in enumerate(ys) if getattr(y, "requires_grad", False)]
        if roots:
            ys = engine.grad(
                [ys[i] for i in roots],
                [xs[i] for i in moving],
                [seeds[i] for i in roots],
                create_graph=k < task.order,
                materialize_grads=True,
            )
        else:  # constant, to this order
            ys = [np.zeros_like(task.leaves[i]) for i in moving]
        kind = "gradient" if k == 1 else f"derivative {k}"
        yield from zip([f"{kind} of {task.names[i]}" for i in moving], ys, strict=True)


def _cotangents(engine: Engine, ys: Any, rng: np.random.Generator) -> list[Any]:
    """One for a lone real number, else random: the same for all engines, as long as shapes and dtypes are."""
    hosts = [engine.host(y) for y in ys]
    if len(hosts) == 1 and hosts[0].shape == () and hosts[0].dtype.kind != "c":
        return [None]
    return [engine.tensor(_random(y, rng), False) for y in hosts]


def _random(like: Array, rng: np.random.Generator) -> Array:
    re, im = rng.standard_normal((2, *like.shape))
    return np.asarray(re + 1j * im if like.dtype.kind == "c" else re, like.dtype)


def _compared(engine: Engine, judge: Engine, task: Task, wanted: dict[str, Array], bound: float) -> Iterator[Row]:
    found = wanted if engine.name == judge.name else _results(engine, task)
    for quantity, _ in itertools.zip_longest(found, wanted):
        if quantity not in found or quantity not in wanted:
            raise ValidationError(f"cross_validate: {engine.name} gives {list(found)}, and {judge.name} {list(wanted)}")
        got, want = found[quantity], wanted[quantity]
        error = error_in_eps(got, want)
        yield Row(engine.name, quantity, got.shape, str(got.dtype), error, _verdict(got, want, error <= bound))


def _verdict(got: Array, want: Array, close: bool) -> str:
    if got.shape != want.shape:
        return f"shape, not {want.shape}"
    if eps_of(got.dtype) > eps_of(want.dtype):
        return f"coarser than {want.dtype}"
    return "ok" if close else "beyond the bound"
