"""Memory: nothing is written that somebody else sees, views follow, what was saved stays true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import plugrad as pg
from plugrad.errors import GraphError, PlugradError, ValidationError
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import Sample

from ..records import Check, Disagreement
from .asking import (
    Row,
    always,
    bits,
    by_op,
    by_row,
    close,
    directions,
    elsewhere,
    function,
    inner,
    operands,
    smooth,
    some,
)

__all__ = ["CHECKS"]

BOUND = 64.0  # eps between two runs of one kernel: any write changes more


# ------------------------------------------------------------------------------------------------------ of every kernel


def _unwritten(sample: Sample) -> None:
    """No kernel, no rule writes to what it is handed: operands, results that were saved, cotangents, tangents."""
    given = operands(sample)
    seen = {f"operand {i}": x for i, x in enumerate(given) if type(x) is Tensor}
    with _undisturbed("value", seen):
        apply(sample.op, *given, **sample.params)
    if not smooth(sample):
        return
    f, xs = function(sample)
    ys = f(*[x.requires_grad_() for x in xs])
    cts = directions(sample, ys)
    with _undisturbed("vjp", _named(operand=xs, result=ys, cotangent=cts)):
        pg.autograd.grad(ys, xs, cts, materialize_grads=True)
    f, xs = function(sample)
    ts = directions(sample, xs)
    with _undisturbed("jvp", _named(operand=xs, tangent=ts)):
        pg.jvp(f, xs, ts)


def _named(**several: tuple[Tensor, ...]) -> dict[str, Tensor]:
    return {f"{name} {i}": x for name, xs in several.items() for i, x in enumerate(xs)}


class _undisturbed:
    """What these tensors hold is the same after the block, to the last bit."""

    def __init__(self, of: str, seen: dict[str, Tensor]) -> None:
        self._of, self._seen = of, seen

    def __enter__(self) -> None:
        self._before = {name: bits(x) for name, x in self._seen.items()}

    def __exit__(self, kind: Any, *_: object) -> None:
        written = [name for name, x in self._seen.items() if kind is None and bits(x) != self._before[name]]
        if written:
            raise Disagreement(f"{self._of} writes to its {' and '.join(written)}")


def _overwrite(x: Tensor) -> None:
    """Other values in the handle, in place if nobody else is thought to see the memory."""
    x[...] = x.dtype.kind == "b" or 7


def _apart(sample: Sample) -> float:
    """A write into an operand is not seen in a result, nor the other way round, nor in another result."""
    calls = range(sum(type(x) is np.ndarray for x in sample.operands))
    wanted, worst = _called(sample)[1], 0.0
    for k in calls:
        given, ys = _called(sample)
        _overwrite(given[k])
        worst = max(worst, _as_before(f"after a write into operand {k}, result", ys, wanted))
    for k in range(len(wanted)):
        given, ys = _called(sample)
        _overwrite(ys[k])
        worst = max(worst, _as_before(f"after a write into result {k}, operand", given, _called(sample)[0]))
        worst = max(worst, _as_before(f"after a write into result {k}, result", ys, wanted, but=k))
    return worst


def _called(sample: Sample) -> tuple[list[Tensor], list[Tensor]]:
    """(operands that are arrays, results), held by nobody else."""
    given = operands(sample)
    y = apply(sample.op, *given, **sample.params)
    return [x for x in given if type(x) is Tensor], [*y] if type(y) is tuple else [y]


def _as_before(what: str, found: Any, wanted: Any, but: int | None = None) -> float:
    pairs = enumerate(zip(found, wanted, strict=True))
    return max((close(f"{what} {i}", a, b, BOUND) for i, (a, b) in pairs if i != but), default=0.0)


def _lasts(sample: Sample) -> None:
    """A result stays what it is when the same is asked of other numbers: it lies in no buffer that all calls share."""
    with _undisturbed("another call", _named(result=tuple(_called(sample)[1]))):
        _called(elsewhere(sample))


def _kept(sample: Sample) -> float:
    """What a node saved is what it saw, whatever is written later into operands and results."""
    wanted, worst = _gradients(sample, lambda given, ys: None), 0.0
    for who in ("operands", "results"):

        def write(given: list[Any], ys: tuple[Tensor, ...], who: str = who) -> None:
            with pg.no_grad():
                for x in given if who == "operands" else [y.detach() for y in ys]:
                    if type(x) is Tensor:
                        _overwrite(x)

        found = _gradients(sample, write)
        worst = max(worst, _as_before(f"after writes into the {who}, the gradient", found, wanted))
    return worst


def _gradients(sample: Sample, between: Callable[[list[Any], tuple[Tensor, ...]], None]) -> tuple[Tensor, ...]:
    given = operands(sample)
    leaves = [given[i].requires_grad_() for i in sample.moving]
    y = apply(sample.op, *given, **sample.params)
    ys = tuple(y_ for y_ in (y if type(y) is tuple else (y,)) if y_.requires_grad)
    cts = directions(sample, ys)
    between(given, ys)
    found: tuple[Tensor, ...] = pg.autograd.grad(ys, leaves, cts, materialize_grads=True)
    return found


def _owned(sample: Sample) -> float:
    """A gradient is nobody else's: a write into one is not seen in another, nor in the cotangent, nor in an operand."""
    wanted, worst = _walked(sample), 0.0
    for k in range(len(wanted[0])):
        found = _walked(sample)
        _overwrite(found[0][k])
        for what, ours, theirs in zip(("gradient", "cotangent", "operand"), found, wanted, strict=True):
            but = k if what == "gradient" else None
            worst = max(worst, _as_before(f"after a write into gradient {k}, {what}", ours, theirs, but))
    return worst


def _walked(sample: Sample) -> tuple[Any, Any, Any]:
    """(gradients, cotangents, operands), each held once more at most, by whom it should."""
    f, xs = function(sample)
    ys = f(*[x.requires_grad_() for x in xs])
    cts = directions(sample, ys)
    return pg.autograd.grad(ys, xs, cts, materialize_grads=True), cts, [x.detach() for x in xs]


# --------------------------------------------------------------------------------------------- programs that write


def _buffer(n: int = 6) -> Tensor:
    return pg.arange(n, dtype=pg.float64)


def view_of_view() -> Any:
    x = pg.reshape(_buffer(), (2, 3)) * 1.0
    x[1][1:][0] = 9.0
    return x


def root_is_seen_in_views() -> Any:
    x = _buffer(4)
    a, b = x[:3], x[::-1]
    x[1:3] = pg.asarray([8.0, 9.0])
    return a, b


def views_see_each_other() -> Any:
    x = _buffer(4)
    a, b = x[:3], x[1:]
    a[2] = 9.0
    b[0] = 7.0
    return x, a, b


def backwards() -> Any:
    x = _buffer(4)
    v = x[::-1]
    v[0] = 9.0
    v[1:][::-2][0] = 8.0
    return x, v


def a_new_axis() -> Any:
    x = _buffer(3)
    v = x[None, :, None]
    v[0, 1] = 9.0
    return x, v


def overlapping_value() -> Any:
    x = _buffer(5)
    x[1:] = x[:-1]
    return x


def in_place_operators() -> Any:
    x = _buffer(4)
    same, v = x, x[1:]
    x += 1.0
    v *= 2.0
    return x is same, x, v


def index_arrays_into_a_view() -> Any:
    x = _buffer(6)
    x[2:][pg.asarray([0, -1])] = pg.asarray([8.0, 9.0])
    return x


def by_a_mask() -> Any:
    x = _buffer(4)
    v = x[1:]
    x[x > 1.5] = 0.0
    return x, v


def values_are_not_views() -> Any:
    x = pg.reshape(_buffer(4), (2, 2))
    made = [pg.matrix_transpose(x), pg.reshape(x, (4,)), x[pg.asarray([0, 1])], pg.flip(x), x * 1.0, x.T, x + 0.0]
    for y in made:
        y[0] = 9.0
    return x


def a_write_reaches_no_value() -> Any:
    x = pg.reshape(_buffer(4), (2, 2)) * 1.0
    made = [
        pg.matrix_transpose(x),
        pg.reshape(x, (4,)),
        pg.broadcast_to(x, (1, 2, 2)),
        pg.real(x),
        pg.astype(x, x.dtype),
    ]
    made += [*pg.unstack(x), pg.expand_dims(x, axis=0), pg.asarray(x, copy=True), pg.concat([x]), pg.clip(x), x.clone()]
    x[...] = 9.0
    return [pg.reshape(y, (-1,)) for y in made]


def rows() -> Any:
    x = pg.reshape(_buffer(4), (2, 2)) * 1.0
    for k, row in enumerate(x):
        row[0] = 10.0 + k
    return x


def a_refused_write() -> Any:
    x = _buffer(3)
    v = x[1:]
    refused = []
    for target, index, value in ((x, 7, 1.0), (v, 5, 1.0), (v, 0, pg.ones(2)), (v, 0, 1j), (x, 0, "text")):
        try:
            target[index] = value
        except PlugradError as error:
            refused.append(type(error).__name__)
    return {*refused}, x, v


def detached() -> Any:
    w = pg.ones(2, requires_grad=True)
    y = w * 2.0
    d = y.detach()
    d[0] = 7.0
    pg.sum(y * 3.0).backward()
    return y, d, w.grad


def a_leaf_refuses() -> Any:
    w = pg.ones(2, requires_grad=True)
    w[0] = 5.0


def a_view_of_a_leaf_refuses() -> Any:
    w = pg.ones(2, requires_grad=True)
    w[:1][0] = 5.0


def a_step_under_no_grad() -> Any:
    w = pg.ones(2, requires_grad=True)
    pg.sum(w * w).backward()
    with pg.no_grad():
        w -= 0.25 * w.grad
    return w, w.is_leaf, w.requires_grad


def a_write_under_no_grad() -> Any:
    """Into what was recorded: the data alone is new."""
    w = pg.ones(2, requires_grad=True)
    y = w * 2.0
    z = y * y
    with pg.no_grad():
        y[0] = 7.0
    pg.sum(y * 3.0 + z).backward()
    return y, y.requires_grad, w.grad


def a_saved_value_stays() -> Any:
    w, c = pg.ones(2, requires_grad=True), pg.asarray([3.0, 4.0])
    y = w * 2.0
    z = y * y + w * c
    y[0] = 100.0
    c[...] = 0.0
    c += 50.0
    pg.sum(z).backward()
    return w.grad


def history_of_a_write() -> Any:
    w, v = pg.ones(3, requires_grad=True), pg.asarray(2.0, requires_grad=True)
    y = w * 1.0
    y[1] = v * 3.0
    y[pg.asarray([2])] = y[0] * 5.0
    pg.sum(y * y).backward()
    return y, w.grad, v.grad


def a_view_that_was_read_before() -> Any:
    w = pg.ones(2, requires_grad=True)
    y = w * 3.0
    a = y[0]
    b = a * a
    y[0] = 0.0
    (b + pg.sum(y)).backward()
    return b, a, w.grad


def gradients_of_a_sum() -> Any:
    a, b = pg.ones(2, requires_grad=True), pg.ones(2, requires_grad=True)
    seed = pg.asarray([2.0, 3.0])
    (a + b).backward(seed)
    a.grad[0] = 9.0
    seed[1] = 9.0
    return a.grad, b.grad, seed


def accumulation_owns() -> Any:
    a, b = pg.ones(2, requires_grad=True), pg.ones(2, requires_grad=True)
    (a + b).backward(pg.ones(2))
    kept = a.grad
    (a * 2.0).backward(pg.ones(2))
    return a.grad is kept, kept, b.grad


def what_was_read_stays() -> Any:
    w = pg.ones(2, requires_grad=True)
    pg.sum(w).backward()
    host, seen = w.grad.numpy(), w.grad + 0.0
    pg.sum(w).backward()
    return host, seen, w.grad


def foreign_memory() -> Any:
    host = np.ones(3)
    x = pg.asarray(host)
    host[0] = 9.0
    x[1] = 5.0
    return x, host


def shared_memory() -> Any:
    """Shared where it can be, else refused; a write into the tensor is never seen outside."""
    host = np.ones(2)
    try:
        x = pg.asarray(host, copy=False)
    except ValidationError:
        return [1.0, 1.0]
    x[0] = 9.0
    return host


def no_sharing_of_a_list() -> Any:
    return pg.asarray([1.0], copy=False)


def numpys_copy() -> Any:
    x = pg.ones(2)
    x.numpy()[0] = 9.0
    np.asarray(x)[1] = 9.0
    return x


def numpys_copy_stays() -> Any:
    x = pg.ones(2)
    host, other = x.numpy(), np.asarray(x)
    x[...] = 9.0
    return host, other


def index_arrays_may_change() -> Any:
    w, host, i = pg.ones(3, requires_grad=True), np.asarray([0, 1]), pg.asarray([0, 1])
    y = w[host] * 2.0 + w[i] * 3.0
    host[:], i[0] = 2, 2
    pg.sum(y).backward()
    return w.grad


def a_copy_is_apart() -> Any:
    x = pg.ones(2)
    y, z = pg.asarray(x, copy=True), pg.astype(x, pg.float64)
    y[0], z[1] = 5.0, 6.0
    return x, y, z


def the_same_object() -> Any:
    x = pg.ones(2)
    return [pg.asarray(x) is x, pg.asarray(x, copy=False) is x, pg.astype(x, pg.float64, copy=False) is x]


def many_writes() -> Any:
    x = pg.zeros(50)
    for k in range(50):
        x[k] = float(k)
    return pg.sum(x)


def zeros_are_new() -> Any:
    x, y = pg.zeros((2,)), pg.zeros((2,))
    x[0] = 1.0
    a, b = pg.zeros_like(x), pg.zeros_like(x)
    a[0] = 1.0
    return y, b, pg.zeros((2,))


PROGRAMS: dict[str, Row] = {
    "a view of a view": (view_of_view, [[0.0, 1.0, 2.0], [3.0, 9.0, 5.0]]),
    "a write into the root": (root_is_seen_in_views, [[0.0, 8.0, 9.0], [3.0, 9.0, 8.0, 0.0]]),
    "views that overlap": (views_see_each_other, [[0.0, 7.0, 9.0, 3.0], [0.0, 7.0, 9.0], [7.0, 9.0, 3.0]]),
    "backwards": (backwards, [[8.0, 1.0, 2.0, 9.0], [9.0, 2.0, 1.0, 8.0]]),
    "a new axis": (a_new_axis, [[0.0, 9.0, 2.0], [[[0.0], [9.0], [2.0]]]]),
    "a value that overlaps": (overlapping_value, [0.0, 0.0, 1.0, 2.0, 3.0]),
    "in-place operators": (in_place_operators, [True, [1.0, 4.0, 6.0, 8.0], [4.0, 6.0, 8.0]]),
    "index arrays into a view": (index_arrays_into_a_view, [0.0, 1.0, 8.0, 3.0, 4.0, 9.0]),
    "a mask": (by_a_mask, [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
    "writes into values": (values_are_not_views, [[0.0, 1.0], [2.0, 3.0]]),
    "values of what is written": (
        a_write_reaches_no_value,
        [[0.0, 2.0, 1.0, 3.0], *[[0.0, 1.0, 2.0, 3.0]] * 4, [0.0, 1.0], [2.0, 3.0], *[[0.0, 1.0, 2.0, 3.0]] * 5],
    ),
    "rows": (rows, [[10.0, 1.0], [11.0, 3.0]]),
    "a refused write": (a_refused_write, [{"IndexingError", "ShapeError", "DTypeError"}, [0.0, 1.0, 2.0], [1.0, 2.0]]),
    "zeros are new": (zeros_are_new, [[0.0, 0.0]] * 3),
    "many writes": (many_writes, 1225.0),
    "asarray, NumPy's memory": (foreign_memory, [[1.0, 5.0, 1.0], [9.0, 1.0, 1.0]]),
    "asarray, copy=False": (shared_memory, [1.0, 1.0]),
    "asarray of a list, copy=False": (no_sharing_of_a_list, ValidationError),
    "asarray, copy=True": (a_copy_is_apart, [[1.0, 1.0], [5.0, 1.0], [1.0, 6.0]]),
    "asarray of a tensor": (the_same_object, [True] * 3),
    "numpy(), written": (numpys_copy, [1.0, 1.0]),
    "numpy() of what is written": (numpys_copy_stays, [[1.0, 1.0]] * 2),
}  # fmt: skip
RECORDED: dict[str, Row] = {
    "detach": (detached, [[7.0, 2.0], [7.0, 2.0], [6.0, 6.0]]),
    "a leaf": (a_leaf_refuses, GraphError),
    "a view of a leaf": (a_view_of_a_leaf_refuses, GraphError),
    "a step under no_grad": (a_step_under_no_grad, [[0.5, 0.5], True, True]),
    "a write under no_grad": (a_write_under_no_grad, [[7.0, 2.0], True, [14.0, 14.0]]),
    "what was saved": (a_saved_value_stays, [11.0, 12.0]),
    "the history of a write": (history_of_a_write, [[1.0, 6.0, 5.0], [52.0, 0.0, 0.0], 36.0]),
    "a view that was read before": (a_view_that_was_read_before, [9.0, 0.0, [18.0, 3.0]]),
    "gradients of a sum": (gradients_of_a_sum, [[9.0, 3.0], [2.0, 3.0], [2.0, 9.0]]),
    "accumulation": (accumulation_owns, [True, [3.0, 3.0], [1.0, 1.0]]),
    "a gradient that was read": (what_was_read_stays, [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]]),
    "index arrays": (index_arrays_may_change, [5.0, 5.0, 0.0]),
}

CHECKS: tuple[Check, ...] = (
    by_op("aliasing", "operands", always, _unwritten),
    by_op("aliasing", "results", some(inner), _apart),
    by_op("aliasing", "calls", some(inner, 2), _lasts),
    by_op("aliasing", "saved", some(smooth), _kept, order=1),
    by_op("aliasing", "gradients", some(smooth), _owned, order=1),
    by_row("aliasing", "programs", PROGRAMS),
    by_row("aliasing", "history", RECORDED, order=1),
)
