"""A wrong engine: promotion, errors, the graph, assignment, laws of axes, programs, random numbers."""

from __future__ import annotations

import copy
import time
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from plugrad import dtypes, methods, ops, tensor, traces
from plugrad.dtypes import DType
from plugrad.errors import ShapeError
from plugrad.random import _of
from plugrad.tensor import Tensor, apply

from . import places
from .mutations import become, pull, replaced
from .places import Change, attribute, item, slot
from .records import Saboteur, of_kind, saboteur

__all__ = ["ALL"]


def _engine(
    name: str, asks: str | tuple[str, ...], *changes: Change, raises: bool = False, subject: str = "numpy"
) -> Saboteur:
    return saboteur(name, *changes, asks=asks, order=None, raises=raises, subject=subject)


# ----------------------------------------------------------------------------------------------------------- promotion


def _numpys(pair: Any) -> Any:
    """int64 with float32 is float64."""

    def run(a: DType, b: DType) -> DType:
        if {a.kind, b.kind} == {"i", "f"} and max(a.bits, b.bits) == 64:
            return dtypes.float64
        return pair(a, b)

    return run


def _unsigned(pair: Any) -> Any:
    """uint64 with int64 is float64."""
    return lambda a, b: dtypes.float64 if {a.name, b.name} == {"int64", "uint64"} else pair(a, b)


def _narrow(pair: Any) -> Any:
    """float64 with complex64 is complex64."""
    return lambda a, b: dtypes.complex64 if {a.name, b.name} == {"float64", "complex64"} else pair(a, b)


def _strong(with_scalars: Any) -> Any:
    """A Python float is a float64."""
    return lambda dtype, scalars: (
        dtypes.float64 if dtype is dtypes.float32 and float in map(type, scalars) else with_scalars(dtype, scalars)
    )


_DTYPES = "plugrad.dtypes"
PROMOTION = of_kind(
    "wrong promotion",
    _engine("promotion: the left one's dtype", "promotion/*", replaced(_DTYPES, "_pair", become(lambda a, b: a))),
    _engine("promotion: integers widen floats", "promotion/*", replaced(_DTYPES, "_pair", _numpys)),
    _engine("promotion: uint64 and int64 are float64", "promotion/*", replaced(_DTYPES, "_pair", _unsigned)),
    _engine("promotion: float64 and complex64 are complex64", "promotion/*", replaced(_DTYPES, "_pair", _narrow)),
    _engine("promotion: Python's floats are float64", "promotion/*", replaced(_DTYPES, "with_scalars", _strong)),
    _engine(
        "promotion: any integer fits", "promotion/*", replaced(_DTYPES, "holds", become(lambda dtype, value: True))
    ),
    _engine(
        "promotion: complex numbers in double precision",
        "promotion/*",
        replaced(_DTYPES, "complex_of", become(lambda dtype: dtypes.complex128)),
    ),
    _engine(
        "promotion: the sine of integers is not floating",
        "promotion/*",
        Change(slot(ops.SIN, "promotion"), become("any")),
        raises=True,
    ),
    _engine(
        "promotion: casts are not recorded",
        ("gradients/*", "promotion/*"),
        pull(ops.ASTYPE, lambda p: lambda xp, ct, y, args, params, edge: xp.zeros(ct, ct.shape)),
    )._replace(ops=(ops.ASTYPE,)),
)


# -------------------------------------------------------------------------------------------------------------- errors


class _All:
    def __contains__(self, x: object) -> bool:
        return True


def _raised(op: Any, args: Any, error: Exception) -> Any:
    raise error


ERRORS = of_kind(
    "a wrong error, or none",
    _engine(
        "errors: as the library has them",
        ("errors/*", "leaks/graphs"),
        replaced("plugrad.failures", "explain", become(_raised)),
        raises=True,
    ),
    _engine(
        "errors: of shapes for those of graphs",
        ("errors/*", "graph/*"),
        replaced("plugrad.autograd", "GraphError", become(ShapeError)),
        raises=True,
    ),
    _engine(
        "errors: an index error of Python's",
        ("errors/*", "aliasing/*"),
        replaced("plugrad.views", "IndexingError", become(IndexError)),
        raises=True,
    ),
    _engine(
        "errors: singular matrices, as the library has them",
        ("errors/*", "leaks/graphs"),
        Change(places.kernel(ops.INV), become(np.linalg.inv)),
        raises=True,
    ),
    _engine(
        "errors: integers may require a gradient",
        ("errors/*", "graph/refused"),
        replaced("plugrad.autograd", "INEXACT", become(_All())),
    ),
    _engine(
        "errors: a value of a finished transform serves",
        ("errors/*", "graph/refused"),
        replaced("plugrad.traces:Trace", "__exit__", become(lambda self, *_: traces.LIVE.reset(self._token))),
    ),
    _engine(
        "errors: numpy() drops a history unseen",
        ("errors/*", "graph/refused", "dlpack/*"),
        replaced("plugrad.methods", "_without_history", become(lambda self, who, mend: tensor.base(self))),
    ),
    _engine(
        "errors: an unused input is None",
        "graph/gradients",
        replaced("plugrad.autograd", "_check_used", become(lambda what, roots, needed: None)),
    ),
    _engine(
        "errors: a root without a graph is passed over",
        ("errors/*", "graph/refused"),
        replaced("plugrad.autograd", "_check_root", become(lambda what, t: None)),
        raises=True,
    ),
)


# ----------------------------------------------------------------------------------------------------------- the graph


def _into_grad(grad: Any) -> Any:
    def run(outputs: Any, inputs: Any, *args: Any, **options: Any) -> Any:
        found = grad(outputs, inputs, *args, **options)
        xs = inputs.values() if isinstance(inputs, dict) else [inputs] if type(inputs) is Tensor else inputs
        for x, g in zip(xs, found.values() if isinstance(found, dict) else found, strict=True):
            x.grad = g
        return found

    return run


def _awake(accumulate: Any) -> Any:
    def run(found: Any, by: Any, create_graph: bool) -> None:
        kept = {node: node.extra for node in found}
        for node in found:
            node.extra = None
        try:
            accumulate(found, by, create_graph)
        finally:
            for node, extra in kept.items():
                node.extra = extra

    return run


def _twice(accumulate: Any) -> Any:
    return lambda found, by, create_graph: (accumulate(found, by, create_graph), accumulate(found, by, create_graph))[0]


def _of_ones(seed: Any) -> Any:
    return lambda what, t, g, create_graph, batch: seed(
        what, t, g if g is None or batch or g.shape != t.shape else tensor.ones(t.detach()), create_graph, batch
    )


def _in_place(old: Tensor, new: Tensor) -> Tensor:
    old.data += new.data
    return old


def _without_tangents(process: Any) -> Any:
    def run(self: Any, op: Any, args: Any, params: Any) -> Any:
        if tensor.current_mode().level >= 0:
            return apply(op, *self.below(args)[1], **params)
        return process(self, op, args, params)

    return run


def _swapped_picks(picks: Any) -> Any:
    def run(node: Any, results: Any, by: Any) -> Any:
        found = picks(node, results, by)
        for y in found:
            y.node.params = len(results) - 1 - y.node.params
        return found

    return run


_AUTOGRAD, _WALK = "plugrad.autograd", "plugrad.walk"
GRAPH = of_kind(
    "a wrong graph",
    _engine(
        "accumulation: the last one stays", "graph/*", replaced(_AUTOGRAD, "_plain_sum", become(lambda old, new: new))
    ),
    _engine("accumulation: twice", "graph/*", replaced(_AUTOGRAD, "_accumulate", _twice)),
    _engine("accumulation: into a leaf that is stopped", "graph/*", replaced(_AUTOGRAD, "_accumulate", _awake)),
    _engine(
        "accumulation: into memory that others see", "aliasing/*", replaced(_AUTOGRAD, "_plain_sum", become(_in_place))
    ),
    _engine("autograd.grad: fills .grad", "graph/*", replaced(_AUTOGRAD, "grad", _into_grad)),
    _engine("walk: oldest first", "graph/*", replaced(_WALK, "_age", become(lambda node: -node.seq)), raises=True),
    _engine(
        "walk: nothing is freed",
        "graph/*",
        replaced(
            _AUTOGRAD, "walk", lambda f: lambda seeds, record=False, retain=True, **more: f(seeds, record, True, **more)
        ),
    ),
    _engine(
        "walk: retain_graph is not heard",
        "graph/*",
        replaced(
            _AUTOGRAD,
            "walk",
            lambda f: lambda seeds, record=False, retain=True, **more: f(seeds, record, False, **more),
        ),
    ),
    _engine(
        "walk: create_graph is not heard",
        "graph/*",
        replaced(_AUTOGRAD, "_mode_of_walk", become(lambda by, create_graph, watched: {"level": traces.next_level()})),
    ),
    _engine("walk: the cotangent is ones", "graph/*", replaced(_AUTOGRAD, "_seed", _of_ones)),
    _engine(
        "walk: a slot that is not used is zero for all",
        "graph/*",
        pull(
            ops.UNSTACK,
            lambda p: (
                lambda xp, ct, y, args, params, edge: p(
                    xp, [c for c in ct if c is not None] * len(ct) if None in ct else ct, y, args, params, edge
                )
            ),
        ),
    ),
    _engine("picks: the results the other way round", "graph/*", replaced("plugrad.tensor", "picks", _swapped_picks)),
    _engine(
        "detach: keeps the history",
        "graph/*",
        replaced("plugrad.views", "stopped", become(lambda x: Tensor(x.data, x.by, x.node))),
    ),
    _engine(
        "no_grad: is not heard",
        "graph/*",
        replaced("plugrad.grad_mode:no_grad", "_set", become(lambda self: tensor.set_mode())),
    ),
    _engine(
        "no_grad: does not end",
        "graph/*",
        replaced("plugrad.grad_mode:_Switch", "__exit__", become(lambda self, *_: None)),
    ),
    _engine("no_grad: stops tangents", "graph/*", replaced("plugrad.traces:Dual", "process", _without_tangents)),
    _engine(
        "enable_grad: is not heard",
        "graph/*",
        replaced("plugrad.grad_mode:enable_grad", "_set", become(lambda self: tensor.set_mode())),
    ),
    _engine(
        "nodes: are named by their class",
        "graph/nodes",
        replaced("plugrad.tensor:Node", "name", become(lambda self: type(self).__name__)),
    ),
    _engine(
        "traces: all of one level", "graph/*", replaced("plugrad.traces", "next_level", become(lambda: 1)), raises=True
    ),
)


# ---------------------------------------------------------------------------------------------------------- assignment

_NUMPY = "plugrad.backends.numpy.backend:NumPyBackend"


def _shares(asarray: Any) -> Any:
    return lambda self, obj, dtype, device, copy: (
        obj
        if type(obj) is np.ndarray and dtype is None and obj.dtype.isnative
        else asarray(self, obj, dtype, device, copy)
    )


ASSIGNMENT = of_kind(
    "assignment and memory",
    _engine(
        "backend: is always the sole owner",
        "aliasing/*",
        replaced(_NUMPY, "is_sole_owner", become(lambda self, raw: raw.flags.writeable)),
    ),
    _engine("backend: shares foreign memory", "aliasing/*", replaced(_NUMPY, "asarray", _shares)),
    _engine(
        "backend: a copy is the array itself",
        ("aliasing/*", "dlpack/*", "compiled/*"),
        replaced("plugrad.backends.protocol:Backend", "copied", become(lambda self, raw: raw)),
    ),
    _engine(
        "numpy(): the memory itself",
        "aliasing/*",
        replaced("plugrad.tensor:Tensor", "numpy", become(lambda self: methods._given_away(self, "numpy", ""))),
    ),
    _engine("views: do not follow", "aliasing/*", replaced("plugrad.views", "_views", become(lambda root: ()))),
    _engine(
        "views: any value is in its place already",
        "aliasing/*",
        replaced("plugrad.views", "_is_same_place", become(lambda value, root, index: True)),
    ),
    _engine(
        "views: backwards to the first but one",
        "aliasing/*",
        replaced(
            "plugrad.views", "_as_slice", become(lambda a: slice(a.start, max(a.stop, 0), a.step) if a else slice(0, 0))
        ),
    ),
    _engine(
        "views: under no_grad the history is new, too",
        ("aliasing/*", "graph/*"),
        replaced("plugrad.views", "grafted", become(lambda new, x, cut: new)),
    ),
)


# --------------------------------------------------------------------------------------------------------- laws of axes


def _unaware(op: ops.Op) -> Any:
    return become(lambda args, mine, params: apply(op, *args, **params))


def _first_for_all(law: Any) -> Any:
    def run(args: Any, mine: Any, params: Any) -> Any:
        y = law(args, mine, params)
        first = apply(ops.GETITEM, y, index=slice(0, 1))
        return apply(ops.BROADCAST_TO, first, shape=y.shape)

    return run


LAWS = of_kind(
    "a wrong law of axes",
    *(
        saboteur(
            f"{op.name}: the batch is an axis like others",
            Change(slot(op, "batch"), _unaware(op)),
            ops=op,
            asks="size/*",
            order=None,
            raises=True,
        )
        for op in (ops.SUM, ops.CUMULATIVE_SUM, ops.FLIP, ops.FFT, ops.VECTOR_NORM, ops.SOFTMAX)
    ),
    *(
        saboteur(
            f"{op.name}: all samples are the first",
            Change(slot(op, "batch"), _first_for_all),
            ops=op,
            asks="size/*",
            order=None,
        )
        for op in (ops.MATMUL, ops.GATHER, ops.CONV, ops.SEARCHSORTED)
    ),
)


# -------------------------------------------------------------------------------------------------------------- threads


class _Everybodys:
    """A context variable without contexts."""

    def __init__(self) -> None:
        self._values: list[Any] = [None]

    def anew(self, before: Any) -> _Everybodys:
        """As a mutation: it stands there, and nothing is set."""
        self.__init__()  # type: ignore[misc]
        return self

    def get(self) -> Any:
        return self._values[-1]

    def set(self, value: Any) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def reset(self, token: int) -> None:
        del self._values[max(1, token) :]


class _NoLock:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def _slow_sum(old: Tensor, new: Tensor) -> Tensor:
    total = old.data + new.data
    time.sleep(1e-4)
    return Tensor(total, old.by)


_MODE, _MODES = _Everybodys(), ("autograd", "grad_mode", "transforms", "tensor", "compiler")
THREADS = of_kind(
    "a thread race",
    _engine(
        "accumulation: without a lock",
        "threads/*",
        replaced(_AUTOGRAD, "_accumulating", become(_NoLock())),
        replaced(_AUTOGRAD, "_plain_sum", become(_slow_sum)),
    ),
    _engine(
        "no_grad: of the whole process",
        "threads/*",
        *(replaced(f"plugrad.{name}", "MODE", _MODE.anew) for name in _MODES),
        raises=True,
    ),
    _engine(
        "use_backend: of the whole process",
        "threads/*",
        replaced("plugrad.backends.current", "CONTEXT", _Everybodys().anew),
        raises=True,
        subject="strict",
    ),
)


# ------------------------------------------------------------------------------------------------------------- programs


def _same_key(v: Any) -> Any:
    return (
        tuple(map(_same_key, v))
        if isinstance(v, tuple)
        else v
        if isinstance(v, int | float)
        else repr(v)
        if isinstance(v, str | slice) or v is None
        else id(v)
    )


def _any_parameter(key: Any) -> Any:
    return lambda v: 0 if isinstance(v, tuple) else key(v)


def _results_die(last_uses: Any) -> Any:
    def run(self: Any) -> Any:
        last = last_uses(self)
        ends = len(self.equations)
        return {name: at if at < ends else ends - 1 for name, at in last.items()}

    return run


def _resting_exp(*operands: Any, **options: Any) -> Any:
    time.sleep(1e-4)  # another thread runs
    return np.exp(*operands, **options)


def _module(name: str) -> Any:
    return import_module(name)


_SEEN: dict[int, Any] = {}  # entries, whose numbers are their own as long as they live, and their hidden inputs


def _seen(trace: Any) -> Any:
    def run(*given: Any) -> Any:
        entry, hidden = trace(*given)
        _SEEN[id(entry)] = entry, [Tensor(np.array(x.data), x.by, x.node) for x in hidden]
        return entry, hidden

    return run


def _as_seen(hidden: Any) -> Any:
    return lambda self: hidden(self) and _SEEN[id(self)][1]


_NUMPYS, _LOWERING = "plugrad.compiler.numpy", "plugrad.compiler.lowering"
PROGRAMS = of_kind(
    "a wrong program",
    _engine(
        "passes: 0.0 is -0.0, and 1 is True",
        "compiled/*",
        replaced("plugrad.compiler.passes", "_key", become(_same_key)),
    ),
    _engine(
        "passes: equal but for tuples of parameters is equal",
        "compiled/*",
        replaced("plugrad.compiler.passes", "_key", _any_parameter),
    ),
    _engine(
        "lowering: buffers of results are taken again",
        "compiled/*",
        replaced(f"{_LOWERING}:Writer", "_last_uses", _results_die),
    ),
    _engine(
        "lowering: results are not copied",
        ("compiled/*", "dlpack/memory"),
        replaced(
            f"{_LOWERING}:Writer", "_returned", become(lambda self: f"({''.join(r + ', ' for r in self.results)})")
        ),
    ),
    _engine(
        "NumPy's dialect: subtract adds",
        "compiled/*",
        Change(item(lambda: _module(_NUMPYS).UFUNCS, ops.SUBTRACT), become("add")),
    ),
    _engine(
        "NumPy's dialect: minimum for maximum",
        "compiled/*",
        Change(item(lambda: _module(_NUMPYS).UFUNCS, ops.MAXIMUM), become("minimum")),
    ),
    _engine(
        "NumPy's dialect: sums of one too many",
        "compiled/*",
        Change(
            item(lambda: _module(_NUMPYS).EXPRESSIONS, ops.SUM),
            lambda f: lambda e, out, writer: f"{f(e, '', writer)} + 1",
        ),
    ),
    _engine(
        "NumPy's dialect: transposes are copies of what is there",
        "compiled/*",
        Change(
            item(lambda: _module(_NUMPYS).EXPRESSIONS, ops.MATRIX_TRANSPOSE),
            become(lambda e, out, writer: f"{e.inputs[0]}.mT.reshape({e.inputs[0]}.shape).mT"),
        ),
    ),
    _engine(
        "compile: any arguments fit",
        "compiled/*",
        replaced("plugrad.compiler", "_guard", become(lambda xs, table: lambda *given: True)),
        raises=True,
    ),
    _engine(
        "compile: a derivative ends at a program",
        "compiled/*",
        replaced(
            "plugrad.compiler",
            "_replay",
            lambda f: lambda *given: [traces.stopped(y) if type(y) is Tensor else y for y in f(*given)],
        ),
    ),
    _engine(
        "compile: closed over, as it was",
        "compiled/*",
        replaced("plugrad.compiler", "_trace", _seen),
        replaced("plugrad.compiler:Entry", "hidden", _as_seen),
    ),
    _engine(
        "compile: buffers of all threads",
        "threads/*",
        replaced("plugrad.compiler", "threading", become(SimpleNamespace(local=SimpleNamespace))),
        Change(item(lambda: _module(_NUMPYS).DIALECT.scope, "exp"), become(_resting_exp)),
    ),
)


# ------------------------------------------------------------------------------------------------------- random numbers

_RANDOM = "plugrad.random"


def _blurred(made: Any) -> Any:
    def run(numbers: Any, dtype: DType, *where: Any) -> Any:
        return made(np.asarray(numbers) + 1e-4 if dtype is dtypes.float32 else numbers, dtype, *where)

    return run


RANDOM = of_kind(
    "wrong random numbers",
    _engine("random: seed() is not heard", "random/*", replaced(_RANDOM, "seed", become(lambda seed: None))),
    _engine("random: every seed is 0", "random/*", replaced(_RANDOM, "_seed", become(lambda seed: 0))),
    _engine(
        "random: PCG64 for Philox", "random/*", replaced("numpy.random", "Philox", become(np.random.PCG64)), raises=True
    ),
    _engine(
        "random: generator= is not heard",
        "random/*",
        replaced(_RANDOM, "_stream", lambda f: lambda who, generator: f(who, None)),
    ),
    _engine(
        "random: spawned streams are the same",
        "random/*",
        replaced(
            f"{_RANDOM}:Generator", "spawn", become(lambda self, n: [_of(copy.deepcopy(self._host)) for _ in range(n)])
        ),
    ),
    _engine(
        "random: a state is not taken",
        "random/*",
        replaced(
            f"{_RANDOM}:Generator",
            "state",
            become(property(lambda self: dict(self._host.bit_generator.state), lambda self, state: None)),
        ),
    ),
    _engine("random: float32 draws numbers of its own", "random/*", replaced(_RANDOM, "_made", _blurred)),
    _engine("random: drawn under vmap", "random/*", replaced(_RANDOM, "_mapped", become(lambda: False))),
    _engine("random: drawn while a program is traced", "random/*", replaced(_RANDOM, "tracing", become(lambda: None))),
    _engine(
        "random: on the default device",
        "random/*",
        replaced(
            _RANDOM,
            "_made",
            lambda f: (
                lambda numbers, dtype, device, backend, requires_grad=False: f(
                    numbers, dtype, None, backend, requires_grad
                )
            ),
        ),
        subject="strict",
    ),
    _engine(
        "random: a permutation that moves nothing",
        "random/*",
        replaced(_RANDOM, "permutation", lambda f: lambda n, **how: f(n, **how) * 0 + f(0, **how).shape[0]),
    ),
)


# --------------------------------------------------------------------------------------------------------------- leaks


def _cyclic(record: Any) -> Any:
    """A node that knows itself."""

    def run(*given: Any) -> Any:
        y = record(*given)
        if type(y) is Tensor and type(y.node) is tensor.Node:
            y.node.metadata["me"] = y.node
        return y

    return run


def _logged(process: Any) -> Any:
    """A table that knows all operations that a transform ever saw."""

    def run(self: Any, op: Any, args: Any, params: Any) -> Any:
        _LOG[len(_LOG)] = op
        return process(self, op, args, params)

    return run


_LOG: dict[int, Any] = {}


def _operands_kept(edges: Any, args: Any) -> Any:
    return args


LEAKS = of_kind(
    "a leak",
    _engine("record: nodes in cycles", "leaks/*", replaced("plugrad.tensor", "record", _cyclic)),
    _engine(
        "vmap: a table of all that was done",
        "leaks/*",
        replaced("plugrad.traces:Batched", "process", _logged),
        Change(attribute("plugrad.traces", "_LOG"), become(_LOG)),
    ),
    _engine(
        "concat: saves its operands",
        "leaks/*",
        Change(slot(ops.CONCAT, "saves"), become("some")),
        Change(slot(ops.CONCAT, "keep"), become(_operands_kept)),
    ),
    _engine("gather: saves what it reads of", "leaks/*", Change(slot(ops.GATHER, "keep"), become(_operands_kept))),
)


ALL: tuple[Saboteur, ...] = (
    *PROMOTION,
    *ERRORS,
    *GRAPH,
    *ASSIGNMENT,
    *LAWS,
    *THREADS,
    *LEAKS,
    *PROGRAMS,
    *RANDOM,
)
