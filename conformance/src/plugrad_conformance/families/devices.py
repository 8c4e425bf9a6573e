"""Devices: results lie where their operands do, nothing goes by way of the host unasked, devices do not mix."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

import plugrad as pg
from plugrad import ops
from plugrad.backends.protocol import Kernels
from plugrad.errors import DeviceError
from plugrad.ops import Op
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import Sample

from ..records import Check, Disagreement, Unsupported
from .asking import (
    Home,
    Program,
    Row,
    by_op,
    by_row,
    by_rule,
    directions,
    done,
    function,
    here,
    inner,
    operands,
    primitives,
    samples_of,
    smooth,
    some,
    told,
)

__all__ = ["CHECKS", "LOOKS", "watched"]


# -------------------------------------------------------------------------------------------------- where results lie


def _stays(sample: Sample) -> None:
    """All that comes of operands on one device lies there, though new arrays go to another."""
    there = next(iter(here().others), None)
    for what, results in _derived(sample, there):
        for y in results:
            _lies("the result of " + what, y, there)


def _derived(sample: Sample, device: str | None) -> Iterator[tuple[str, Any]]:
    """(how it was got, results): the value and, where there are some, derivatives and batches."""
    f, xs = function(sample, _arrays(sample), device)
    yield "the value", f(*xs)
    if inner(sample) and sample.op.batch is not None:
        yield "vmap", pg.vmap(f)(*[pg.stack([x, x]) for x in xs])
    if smooth(sample):
        f, xs = function(sample, None, device)
        ys, pull = pg.vjp(f, *xs)
        yield "vjp", pull(directions(sample, ys))
        yield "jvp", pg.jvp(f, xs, directions(sample, xs))[1]
        ys = f(*[x.requires_grad_() for x in xs])
        yield "backward", pg.autograd.grad(ys, xs, directions(sample, ys), materialize_grads=True)


def _arrays(sample: Sample) -> tuple[int, ...]:
    return tuple(i for i, x in enumerate(sample.operands) if hasattr(x, "shape"))


def _lies(what: str, y: Tensor, there: str | None) -> None:
    home = here()
    there = there or home.device or home.backend.devices()[0]
    device = there if y.device.partition(":")[0] != there else y.device  # "cuda" is one of "cuda:0", "cuda:1"
    raw = home.backend.asarray(0.0, None, None, None)
    where = (y.backend, y.device, type(y.data).__module__)  # NumPy's own 0-d results are NumPy scalars
    done(f"{what} lies on", where, (home.name, device, type(raw).__module__))


# ------------------------------------------------------------------------------------------------------- the sentinel

OUT = (  # how values leave an array for Python or NumPy
    *("__array__", "__bool__", "__complex__", "__dlpack__", "__float__", "__index__", "__int__"),
    *("cpu", "get", "item", "numpy", "tolist"),
)


INDEX, MATRIX = "an index out of range must be refused", "a matrix without inverse, factor or values must be refused"
LOOKS: dict[Op, str] = {  # may read one truth value: what must be refused, values alone can tell
    ops.ADD_ALONG_AXIS: INDEX,
    ops.GATHER: INDEX,
    ops.SCATTER: INDEX,
    ops.SCATTER_ADD: INDEX,
    ops.TAKE_ALONG_AXIS: INDEX,
    ops.CHOLESKY: MATRIX,
    ops.EIG: MATRIX,
    ops.EIGH: MATRIX,
    ops.EIGVALSH: MATRIX,
    ops.INV: MATRIX,
    ops.PINV: MATRIX,
    ops.QR: MATRIX,
    ops.SOLVE: MATRIX,
    ops.SVD: MATRIX,
    ops.SVDVALS: MATRIX,
}
_LOOKING: ContextVar[bool] = ContextVar("looking", default=False)


@contextmanager
def watched(home: Home) -> Iterator[list[str]]:
    """What reads values of the backend's arrays on the host within the block, and where: the list fills as it happens.

    The ways out of a raw array can be watched where Python lets its type be changed, which NumPy's does not; of every
    backend `Backend.to_numpy` and `Backend.item` are. Kernels of `LOOKS` may ask whether something is so.
    """
    seen: list[str] = []
    kind = type(home.backend.zeros(home.backend.asarray(0.0, None, home.device, None), ()))
    with ExitStack() as stack:
        for holder, name in [(kind, name) for name in OUT] + [(home.backend, name) for name in ("to_numpy", "item")]:
            if callable(getattr(holder, name, None)):
                stack.enter_context(_noted(holder, name, seen))
        for op in LOOKS.keys() - home.backend.unsupported.keys():
            stack.enter_context(_looking(home.table, op))
        yield seen


@contextmanager
def _noted(holder: Any, name: str, seen: list[str]) -> Iterator[None]:
    """Answers of an attribute are noted, and are as before."""
    answer = getattr(holder, name)
    own = vars(holder).get(name)

    def note(*args: Any, **options: Any) -> Any:
        out = answer(*args, **options)  # nothing left where this raises: JAX asks every exponent whether it is an index
        if name != "__bool__" or not _LOOKING.get():
            caller = sys._getframe(1)
            seen.append(f"{name} in {caller.f_code.co_qualname} ({caller.f_globals.get('__name__')}:{caller.f_lineno})")
        return out

    try:
        setattr(holder, name, note)
    except TypeError:  # an immutable type
        yield
        return
    try:
        yield
    finally:
        if own is None:
            delattr(holder, name)
        else:
            setattr(holder, name, own)


@contextmanager
def _looking(table: Kernels, op: Op) -> Iterator[None]:
    """While its kernel runs, whoever asks for it, a truth value may be read."""
    kernel, bound = table[op], table.xp.__dict__.get(op.name)

    def run(*args: Any, **params: Any) -> Any:
        token = _LOOKING.set(True)
        try:
            return kernel(*args, **params)
        finally:
            _LOOKING.reset(token)

    table[op] = table.xp.__dict__[op.name] = run
    try:
        yield
    finally:
        table.forget(op)
        table[op] = kernel
        if bound is not None:
            table.xp.__dict__[op.name] = bound


def _silent(seen: list[str], what: str) -> None:
    if seen:
        raise Disagreement(f"{what} goes by way of the host: {'; '.join(dict.fromkeys(seen))}")


def _unread(sample: Sample) -> None:
    """No kernel and no rule reads values on the host."""
    home = here()
    if why := home.backend.host_copies.get(sample.op):
        raise Unsupported(f"by way of the host, as {home.name} says: {why}")
    made = _derived(sample, None)
    while True:
        with watched(home) as seen:
            what, _ = next(made, (None, None))
        if what is None:
            return
        _silent(seen, what)


def _step() -> Any:
    w: Any = pg.random.normal((3, 2), requires_grad=True)
    b = pg.zeros(2, requires_grad=True)
    x, y = pg.random.normal((4, 3)), pg.asarray([[0.0, 1.0]])
    loss = pg.nn.binary_cross_entropy_with_logits(pg.tanh(x @ w + b), pg.broadcast_to(y, (4, 2)))
    loss.backward()
    with pg.no_grad():
        w -= 0.1 * w.grad
    return w


def _written() -> Any:
    x = pg.zeros((3, 4))
    x[0] = 1.0
    x[:, 1] += pg.ones(3)
    x[1:, ::2][0] = 2.0
    x[pg.asarray([0, 2])] = 3.0
    return pg.grad(lambda v: pg.sum(_put(x * v)))(pg.asarray(2.0))


def _put(y: Tensor) -> Tensor:
    y[0] = y[1] * 2.0
    y[y > 3.0] = 0.0
    return y


DEPENDS = frozenset(("by a mask", "nonzero", "unique", "unpickled"))  # results of a shape, or bytes, that values make
SILENT: dict[str, Callable[[], Any]] = {
    "a training step": _step,
    "assignment": _written,
    "creation": lambda: [make(device=None) for name, (make, _) in MADE.items() if name not in DEPENDS],
    "index arrays": lambda: pg.asarray([1.0, 2.0, 3.0])[[2, 0, -1]],
    "take": lambda: pg.take(pg.ones((2, 3)), pg.asarray([1, 0]), axis=1),
    "masked by where": lambda: pg.where(pg.asarray([1.0, -1.0]) > 0, 1.0, pg.zeros(2)),
    "value_and_grad": lambda: pg.value_and_grad(lambda x: pg.sum(pg.sin(x) ** 2))(pg.ones(3)),
    "hessian": lambda: pg.hessian(lambda x: pg.sum(x**3))(pg.ones(3)),
    "jacobian": lambda: pg.jacobian(lambda x: pg.nn.softmax(x, axis=0))(pg.ones(3)),
    "vmap of grad": lambda: pg.vmap(pg.grad(lambda x: pg.sum(x * x[0])))(pg.ones((2, 3))),
    "solve": lambda: pg.grad(lambda x: pg.sum(pg.linalg.solve(x, pg.ones(2))))(pg.eye(2)),
    "compiled": lambda: pg.compile(pg.grad(lambda x: pg.sum(pg.exp(x) @ x)))(pg.ones(3)),
    "no_grad, detach": lambda: (pg.ones(2, requires_grad=True) * 2.0).detach() + 1.0,
    "random": lambda: pg.random.normal(3) + pg.random.permutation(3),
    "to where it is": lambda: pg.ones(2).to_device(pg.ones(1).device),
    "shapes": lambda: (len(pg.ones((2, 3))), pg.ones(2).shape, pg.ones(2).dtype, pg.ones(2).size),
}


def _silently(program: Callable[[], Any]) -> None:
    with watched(here()) as seen:
        program()
    _silent(seen, "this")


def _heard(read: Callable[[Tensor], Any]) -> None:
    """The sentinel hears what does read: else its silence would say nothing."""
    x = pg.asarray([2.0])
    with watched(here()) as seen:
        read(x)
    if not seen:
        raise Disagreement("nothing is noted of what reads a value on the host")


READ: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda x: x.item(),
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
    "float": float,
    "text": repr,
}

# ------------------------------------------------------------------------------------------------ where arrays are made


def _unpickled(device: str | None = None) -> Tensor:
    y: Tensor = pickle.loads(pickle.dumps(pg.ones(2, device=device)))
    return y


Make = Callable[..., Any]
MADE: dict[str, tuple[Make, bool]] = {  # and whether there is an argument that says where
    "zeros": (lambda **at: pg.zeros(2, **at), True),
    "ones": (lambda **at: pg.ones((2, 1), **at), True),
    "empty": (lambda **at: pg.empty(2, **at), True),
    "full": (lambda **at: pg.full((2, 2), 3, **at), True),
    "arange": (lambda **at: pg.arange(3, **at), True),
    "linspace": (lambda **at: pg.linspace(0, 1, 3, **at), True),
    "eye": (lambda **at: pg.eye(2, **at), True),
    "asarray of a number": (lambda **at: pg.asarray(2.0, **at), True),
    "asarray of a list": (lambda **at: pg.asarray([[1, 2]], **at), True),
    "asarray of NumPy's": (lambda **at: pg.asarray(_host(), **at), True),
    "normal": (lambda **at: pg.random.normal(2, **at), True),
    "permutation": (lambda **at: pg.random.permutation(3, **at), True),
    "fftfreq": (lambda **at: pg.fft.fftfreq(4, **at), True),
    "zeros_like": (lambda **at: pg.zeros_like(pg.ones(2), **at), True),
    "an operation on numbers": (lambda **_: pg.add(1.0, 2), False),
    "a gradient": (lambda **_: pg.grad(lambda x: pg.sum(x[[0, 0]] ** 2))(pg.ones(2)), False),
    "a batch": (lambda **_: pg.vmap(lambda x: x[[1, 0]] + pg.ones(2))(pg.ones((3, 2))), False),
    "compiled": (lambda **_: pg.compile(lambda x: pg.stack([x, pg.ones(2)]))(pg.ones(2)), False),
    "argmax": (lambda **_: pg.argmax(pg.asarray([1.0, 3.0])), False),
    "by a mask": (lambda **_: pg.asarray([1.0, 2.0])[pg.asarray([True, False])], False),
    "nonzero": (lambda **_: pg.nonzero(pg.asarray([1.0, 0.0]))[0], False),
    "unique": (lambda **_: pg.unique_values(pg.asarray([1.0, 1.0])), False),
    "unpickled": (_unpickled, True),
}


def _host() -> Any:
    import numpy as np

    return np.ones(3, np.float32)


def _made(row: tuple[Make, bool]) -> None:
    """On every device: as the argument says, as the context says."""
    make, told_where = row
    home = here()
    for device in home.backend.devices():
        with pg.use_backend(home.name, device):
            _lies(f"in a block for {device} it", make(), device)
        if told_where:
            _lies(f"with device={device!r} it", make(device=device), device)


# -------------------------------------------------------------------------------------------------- from one to another


def _other() -> str:
    home = here()
    if not home.others:
        raise Unsupported(f"the backend {home.name} has one device here")
    return home.others[0]


def mixed() -> Any:
    """Operands of each primitive on two devices."""
    away, mingled = _other(), []
    for op in primitives():
        sample = next((s for s in samples_of(op) if len(_arrays(s)) > 1), None)
        if sample is not None:
            at_home, elsewhere = operands(sample), operands(sample, away)
            given = [
                x if i == _arrays(sample)[0] else y for i, (x, y) in enumerate(zip(at_home, elsewhere, strict=True))
            ]
            if told(apply, op, *given, **sample.params) is not DeviceError:
                mingled.append(op.name)
    return mingled


def there_and_back() -> Any:
    away = _other()
    x = pg.asarray([1.0, 2.0], requires_grad=True)
    y = x.to_device(away)
    pg.sum(y * y * pg.asarray([1.0, 3.0], device=away)).backward()
    return y.device == away, y.is_leaf, x.grad, x.grad.device == x.device, y.to_device(x.device)


def moved_inside_a_transform() -> Any:
    away = _other()
    f = lambda x: pg.sum(x.to_device(away) ** 2)  # noqa: E731
    x = pg.asarray([1.0, 2.0])
    return pg.grad(f)(x), pg.grad(f)(x).device == x.device, pg.vmap(pg.grad(f))(pg.stack([x, x]))


def a_gradient_set_from_elsewhere() -> Any:
    w = pg.ones(2, requires_grad=True)
    w.grad = pg.ones(2, device=_other())


def assigned_from_elsewhere() -> Any:
    x = pg.zeros(2)
    x[:] = pg.ones(2, device=_other())


def beside(program: Callable[[Tensor, Tensor], Any], there: Any = (1.0, 2.0)) -> Program:
    """A program of an array at home and another one elsewhere, where it must not be computed."""

    def run() -> Any:
        away = _other()
        return program(pg.asarray([1.0, 2.0]), pg.asarray(there, device=away))

    return run


def _double(x: Tensor) -> Tensor:
    return x * 2.0


def where_it_is() -> Any:
    w = pg.ones(2, requires_grad=True)
    return w.to_device(w.device) is w, w.to_device(w.device).is_leaf


def known() -> Any:
    info = pg.__array_namespace_info__()
    its, devices = pg.ones(1).device, info.devices()
    return its in devices, its == info.default_device(), len({*devices}) == len(devices)


MOVES: dict[str, Row] = {
    "operands on two devices": (mixed, []),
    "there and back": (there_and_back, [True, False, [2.0, 12.0], True, [1.0, 2.0]]),
    "inside a transform": (moved_inside_a_transform, [[2.0, 4.0], True, [[2.0, 4.0], [2.0, 4.0]]]),
    "a gradient from elsewhere": (a_gradient_set_from_elsewhere, DeviceError),
    "a value from elsewhere": (assigned_from_elsewhere, DeviceError),
    "a 0-d operand from elsewhere": (beside(lambda x, s: x * s, 2.0), DeviceError),
    "a 0-d operand at home": (beside(lambda x, s: pg.sum(x) * s), DeviceError),
    "two 0-d operands": (beside(lambda x, s: pg.sum(x) * s, 2.0), DeviceError),
    "indices from elsewhere": (beside(lambda x, at: x[at], [1, 0]), DeviceError),
    "a mask from elsewhere": (beside(lambda x, mask: x[mask], [True, False]), DeviceError),
    "a 0-d value from elsewhere": (beside(lambda x, s: x.__setitem__(0, s), 2.0), DeviceError),
    "a cotangent from elsewhere": (beside(lambda x, ct: pg.vjp(_double, x)[1](ct)), DeviceError),
    "a tangent from elsewhere": (beside(lambda x, t: pg.jvp(_double, (x,), (t,))), DeviceError),
    "backward from elsewhere": (beside(lambda x, g: _double(x.requires_grad_()).backward(g)), DeviceError),
    "compiled with arguments of two": (beside(lambda x, y: pg.compile(pg.add)(x, y)), DeviceError),
    "compiled with a constant of another": (beside(lambda x, y: pg.compile(lambda a: a + y)(x)), DeviceError),
    "compiled with a new array of another": (
        beside(lambda x, y: pg.compile(lambda a: a + pg.ones(2, device=y.device))(x)),
        DeviceError,
    ),
    "to where it is": (where_it_is, [True, True]),
    "the namespace's own list": (known, [True, True, True]),
    "to nowhere": (lambda: pg.ones(1).to_device("nowhere"), DeviceError),
    "zeros on no device": (lambda: pg.zeros(1, device="nowhere"), DeviceError),
    "asarray on no device": (lambda: pg.asarray([1.0], device="nowhere"), DeviceError),
    "a block for no device": (lambda: pg.use_backend(here().name, "nowhere"), DeviceError),
}

CHECKS: tuple[Check, ...] = (
    by_op("devices", "results", some(inner), _stays),
    by_op("devices", "host", some(inner), _unread),
    by_rule("devices", "programs", SILENT, _silently),
    by_rule("devices", "sentinel", READ, _heard),
    by_rule("devices", "creation", MADE, _made),
    by_row("devices", "moves", MOVES),
)
