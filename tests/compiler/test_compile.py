"""compile: what a program is keyed by, how it reads, what its results share, and that it computes the same."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.linalg import LinAlgError

import plugrad as pg
from plugrad import ops
from plugrad.backends import current
from plugrad.compiler import MANY, Compiled
from plugrad.compiler.lowering import MAY_ALIAS, VIEWS
from plugrad.errors import (
    ConversionError,
    GraphError,
    IndexingError,
    PlugradWarning,
    TracingError,
    TransformError,
    ValidationError,
)
from plugrad.tensor import Tensor, apply, settle
from plugrad.testing.samples import samples

from ..helpers import agree, const, leaf

X = np.array([1.0, 2.0, 3.0])


def counted(f: Callable[..., Any]) -> tuple[Compiled, list[int]]:
    """`f` compiled, and a list that grows whenever it is run in Python: when it is traced."""
    runs: list[int] = []

    def counting(*args: Any, **kwargs: Any) -> Any:
        runs.append(len(runs))
        return f(*args, **kwargs)

    return pg.compile(counting), runs


def ones(*shape: int, **how: Any) -> pg.Tensor:
    return pg.ones(shape, **how)


# -------------------------------------------------------------------------------------------------------------- keys

# calls, and how many programs they make
KEYS = {
    "values are no key": ([lambda f: f(ones(3)), lambda f: f(ones(3) * 2), lambda f: f(pg.zeros(3))], 1),
    "shapes": ([lambda f: f(ones(3)), lambda f: f(ones(2)), lambda f: f(ones(3, 1)), lambda f: f(ones(3))], 3),
    "dtypes": ([lambda f: f(ones(3)), lambda f: f(ones(3, dtype=pg.float32)), lambda f: f(ones(3, dtype=pg.int64))], 3),
    "a leaf and a constant": ([lambda f: f(ones(3)), lambda f: f(leaf(pg, X)), lambda f: f(ones(3))], 1),
    "an array of the library's own and a tensor": ([lambda f: f(ones(3)), lambda f: f(ones(3).data)], 1),
    "static numbers": ([lambda f: f(ones(3), 1), lambda f: f(ones(3), 2), lambda f: f(ones(3), 1)], 2),
    "static types": ([lambda f: f(ones(3), 1), lambda f: f(ones(3), 1.0), lambda f: f(ones(3), True)], 3),
    "static zeros": ([lambda f: f(ones(3), 0.0), lambda f: f(ones(3), -0.0), lambda f: f(ones(3), 0.0)], 2),
    "static NaN": ([lambda f: f(ones(3), float("nan")), lambda f: f(ones(3), float("nan"))], 1),
    "static strings and None": ([lambda f: f(ones(3), "a"), lambda f: f(ones(3), None), lambda f: f(ones(3), "a")], 2),
    "a number and a tensor": ([lambda f: f(ones(3), 1.0), lambda f: f(ones(3), ones())], 2),
    "structure": ([lambda f: f([ones(3)]), lambda f: f((ones(3),)), lambda f: f([ones(3)]), lambda f: f(ones(3))], 3),
    "names in a dict": ([lambda f: f({"a": ones(3)}), lambda f: f({"b": ones(3)}), lambda f: f({"a": ones(3) * 2})], 2),
    "keyword and position": ([lambda f: f(ones(3), 1), lambda f: f(ones(3), k=1), lambda f: f(ones(3), k=1)], 2),
    "order of keywords": ([lambda f: f(ones(3), a=1, b=2), lambda f: f(ones(3), b=2, a=1)], 1),
    "grad mode": ([lambda f: f(ones(3)), lambda f: pg.no_grad()(f)(ones(3)), lambda f: f(ones(3))], 2),
    "more and fewer": ([lambda f: f(ones(3)), lambda f: f(ones(3), ones(3)), lambda f: f(ones(3))], 2),
    "no arguments": ([lambda f: f(), lambda f: f()], 1),
}  # fmt: skip


@pytest.mark.parametrize("calls, programs", KEYS.values(), ids=KEYS)
def test_a_program_is_made_for_each_key_once(calls: Any, programs: int) -> None:
    compiled, runs = counted(lambda *args, **kwargs: ones(1))
    for call in calls:
        call(compiled)
    assert len(runs) == programs


def test_static_values_are_part_of_the_program() -> None:
    f = pg.compile(lambda x, n, how: pg.sum(x) * n if how == "sum" else pg.mean(x) * n)
    x = const(pg, X)
    calls = [f(x, 2, "sum"), f(x, 2, "mean"), f(x, 3, "sum"), f(x, 2, how="sum")]
    assert [y.item() for y in calls] == [12, 4, 18, 12]
    assert str(f(x, -0.0, "sum").item()) == "-0.0"
    assert str(f(x, 0.0, "sum").item()) == "0.0"


def test_each_key_keeps_its_own_program() -> None:
    f = pg.compile(lambda x: x.shape[0] * pg.sum(x))
    assert [f(ones(n)).item() for n in (2, 3, 2, 3)] == [4, 9, 4, 9]


def test_recording_depends_on_the_grad_mode_of_the_call() -> None:
    f, w = pg.compile(lambda x: x * x), leaf(pg, X)
    with pg.no_grad():
        assert not f(w).requires_grad
    assert f(w).requires_grad
    with pg.no_grad():
        assert not f(w).requires_grad
        with pg.enable_grad():
            assert f(w).requires_grad


@pytest.mark.parametrize("static", [{1, 2}, bytearray(b"a"), [{1}]], ids=str)
def test_a_static_value_that_cannot_be_hashed_is_refused_and_says_so(static: Any) -> None:
    with pytest.raises(ValidationError, match=r"hashable.*pass arrays as tensors"):
        pg.compile(lambda x, s: x)(const(pg, X), static)


def test_a_failed_trace_caches_nothing() -> None:
    switch = {"fails": True}

    def f(x: pg.Tensor) -> pg.Tensor:
        if switch["fails"]:
            return x if x[0] > 0 else -x
        return x * 2

    compiled, x = pg.compile(f), const(pg, X)
    for _ in range(2):
        with pytest.raises(TracingError):
            compiled(x)
    with pytest.raises(TracingError, match="after the first call"):
        _ = compiled.source
    switch["fails"] = False
    assert compiled(x).tolist() == [2, 4, 6]


def test_the_cache_holds_no_arguments() -> None:
    f = pg.compile(lambda x, p: x * p["w"])
    x, w = const(pg, X), const(pg, X)
    refs = [weakref.ref(x.data), weakref.ref(w.data)]
    f(x, {"w": w})
    f(x, {"w": w})
    del x, w
    assert [r() for r in refs] == [None, None]


# ------------------------------------------------------------------------------------------------------------ source


def source_of(f: Callable[..., Any], *args: Any) -> str:
    compiled = pg.compile(f)
    compiled(*args)
    return compiled.source


def lines_of(f: Callable[..., Any], *args: Any) -> list[str]:
    """Those that compute: without the head and the return."""
    return [line.strip() for line in source_of(f, *args).splitlines()[1:-1]]


def test_the_source_is_python_and_reads_as_what_it_does() -> None:
    source = source_of(lambda x, y: pg.tanh(x) * y, const(pg, X), const(pg, X))
    compile(source, "program", "exec")
    first, *_, last = source.splitlines()
    assert first.startswith("def run(x0, x1")
    assert last.strip().startswith("return (")
    assert "tanh(x0" in source
    assert "multiply(" in source


def test_the_source_is_unknown_before_the_first_call_and_then_that_of_the_latest() -> None:
    f = pg.compile(lambda x: pg.exp(x) if x.ndim == 1 else pg.sin(x))
    with pytest.raises(TracingError, match="after the first call"):
        _ = f.source
    f(ones(2))
    assert "exp" in f.source
    f(ones(2, 2))
    assert "sin" in f.source
    f(ones(2))
    assert "exp" in f.source


def test_dead_code_is_removed() -> None:
    def f(x: pg.Tensor) -> pg.Tensor:
        unused = pg.exp(x)
        pg.sum(pg.sin(unused) @ unused)
        first, _ = pg.unstack(pg.stack([x, pg.cos(x)]))
        return first * 2

    source = source_of(f, const(pg, X))
    assert not any(name in source for name in ("exp", "sin(", "matmul", "sum"))


def test_what_is_computed_twice_is_computed_once() -> None:
    assert len(lines_of(lambda x: pg.exp(x) * pg.exp(x), const(pg, X))) == 2
    assert len(lines_of(lambda x: pg.sum(pg.exp(x + 1)) + pg.sum(pg.exp(x + 1)), const(pg, X))) == 4


def test_what_differs_by_type_sign_or_parameter_is_not_merged() -> None:
    x = const(pg, [[-1.5, 2.0], [3.0, 0.0]])
    for f in [
        lambda x: (pg.sum(x, axis=0), pg.sum(x, axis=1)),
        lambda x: (x * 0.0, x * -0.0),
        lambda x: (x[0], x[1], x[:1], x[None, 0]),
        lambda x: (x + 1, x - 1, 1 - x),
        lambda x: (pg.astype(x, pg.float32), pg.astype(x, pg.int64)),
    ]:
        for ours, want in zip(pg.compile(f)(x), f(x), strict=True):
            np.testing.assert_array_equal(ours.numpy(), want.numpy(), strict=True)
            np.testing.assert_array_equal(np.signbit(ours.numpy()), np.signbit(want.numpy()))


@pytest.mark.numpy
def test_a_python_array_in_the_function_is_a_constant_of_the_program() -> None:
    rows = np.array([10.0, 20.0, 30.0])
    f = pg.compile(lambda x: x * rows + pg.asarray([1.0, 1.0, 1.0]) + 2)
    assert f(const(pg, X)).tolist() == [13, 43, 93]
    assert f(ones(3)).tolist() == [13, 23, 33]


def test_a_constant_can_be_looked_at_while_tracing() -> None:
    def f(x: pg.Tensor) -> pg.Tensor:
        scale = pg.asarray([1.0, 3.0])
        return x * float(pg.max(scale)) if pg.any(scale > 2) else x

    assert pg.compile(f)(const(pg, X)).tolist() == [3, 6, 9]


# --------------------------------------------------------------------------------------------- results and memory

ALIASES = {
    "the input": lambda x: (x,),
    "the input twice": lambda x: (x, x),
    "a reshape": lambda x: (pg.reshape(x, (6,)), x),
    "a transpose": lambda x: (x.T, x.T),
    "slices": lambda x: (x[0], x[0:1], x[:, ::-1]),
    "a broadcast": lambda x: (pg.broadcast_to(x, (2, 2, 3)),),
    "parts": lambda x: pg.unstack(x),
    "parts of a result": lambda x: pg.unstack(pg.exp(x)),
    "a result twice": lambda x: (y := pg.exp(x), y, y),
    "a result and a view of it": lambda x: (y := pg.exp(x), y[0], pg.reshape(y, -1)),
    "what is merged": lambda x: (pg.exp(x), pg.exp(x)),
    "a cast to its own dtype": lambda x: (pg.astype(x, pg.float64, copy=False), pg.real(x)),
    "an expanded one": lambda x: (x[None], pg.expand_dims(x, 0), pg.flip(x)),
    "a constant": lambda x: (pg.asarray([1.0]), pg.zeros(3)),
    "a gradient": lambda x: (pg.grad(pg.sum)(x), pg.grad(lambda x: pg.sum(x * x))(x)),
}


def memory(x: pg.Tensor) -> np.ndarray[Any, Any]:
    return x.by.backend.to_numpy(x.data)


@pytest.mark.parametrize("f", ALIASES.values(), ids=ALIASES)
def test_results_alias_neither_inputs_nor_each_other_nor_a_later_call(f: Any, backend: str) -> None:
    x = const(pg, np.arange(6.0).reshape(2, 3))
    compiled = pg.compile(f)
    first = [*compiled(x)]
    want = [y.numpy() for y in f(x)]
    others = [x, *compiled(x), *compiled(x + 1)]
    for i, y in enumerate(first):
        assert not any(np.shares_memory(memory(y), memory(z)) for z in [*others, *first[:i]])
    for y, values in zip(first, want, strict=True):
        np.testing.assert_array_equal(y.numpy(), values, strict=True)  # also after the later calls


def test_kernels_whose_results_lie_in_an_operand_are_listed() -> None:
    """Of NumPy's: a buffer is used again when what lies in it is dead, and such a result is not."""
    table = current.table("numpy")
    assert VIEWS <= MAY_ALIAS
    for op in set(ops.TABLE.values()) - VIEWS - ops.EXTENSIONS.keys():
        for sample in samples(op):
            given = [Tensor(x, table) if type(x) is np.ndarray else x for x in sample.operands]
            raw = [a.data if type(a) is Tensor else a for a in settle(op, tuple(given))]  # in the dtype they meet in
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                try:
                    result = table[op](*raw, **sample.params)
                except LinAlgError:  # at a boundary
                    continue
            for y in result if type(result) is tuple else (result,):
                assert not any(np.may_share_memory(y, x) for x in raw), str(sample)


@pytest.mark.parametrize("over_no_axes", [lambda x: pg.roll(x, (), axis=()), lambda x: pg.fft.fftn(x, axes=())])
def test_what_gives_back_its_operand_is_not_overwritten(over_no_axes: Any) -> None:
    def f(x: Any) -> Any:
        return over_no_axes(pg.tanh(x)) + pg.exp(x) * pg.sin(x)

    x = pg.asarray(X, dtype=pg.complex128)
    assert pg.compile(f)(x).tolist() == pytest.approx(f(x).tolist())


def test_a_constant_result_is_new_at_each_call() -> None:
    f = pg.compile(lambda x: pg.asarray([1.0, 2.0]))
    y = f(const(pg, X))
    y[0] = 7.0
    assert f(const(pg, X)).tolist() == [1, 2]


def test_an_output_buffer_never_overlaps_an_operand_that_is_read_through_a_view() -> None:
    u = const(pg, np.arange(9.0).reshape(3, 3))
    for f in [
        lambda x: (y := x * 2) + y.T,
        lambda x: (y := x * 2)[::-1] - y,
        lambda x: (y := x * 2) @ y + y,
        lambda x: (y := x * 2) * y[0] + y[:, :1],
        lambda x: pg.reshape(y := x * 2, (9,))[::-1].reshape(3, 3) + y,
        lambda x: pg.exp((y := x * 0.1) + y.T) + y.T,
    ]:
        agree(pg.compile(f)(u) * 1, (f(u) * 1).numpy())
        agree(pg.compile(lambda x, f=f: f(x) * 1.0)(u), f(u).numpy())


def test_buffers_belong_to_their_thread() -> None:
    f = pg.compile(lambda x: pg.sum(pg.tanh(pg.exp(x * 0.1) + x) * x))
    gate, wrong = threading.Barrier(4), []

    def work(k: int) -> None:
        x = np.full(5000, float(k))
        want = np.sum(np.tanh(np.exp(x * 0.1) + x) * x)
        gate.wait()
        wrong.extend(k for _ in range(100) if not np.isclose(f(x).item(), want))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


# ------------------------------------------------------------------------------------- forms of functions and results


class Pair(NamedTuple):
    w: Any
    b: Any


def test_pytrees_go_in_and_come_out() -> None:
    def f(p: Any, *rest: Any, extra: Any = None) -> Any:
        return {"pair": Pair(p.w + p.b, [rest[0]["k"][1] * 2]), "extra": (extra,), "none": None}

    args, extra = (Pair(const(pg, X), 1.0), {"k": [None, const(pg, X)]}), const(pg, X)
    ours, want = pg.compile(f)(*args, extra=extra), f(*args, extra=extra)
    assert type(ours["pair"]) is Pair
    agree(ours["pair"].w, want["pair"].w.numpy())
    agree(ours["pair"].b[0], want["pair"].b[0].numpy())
    agree(ours["extra"][0], X)
    assert ours["none"] is None


def test_results_that_are_no_tensors_are_part_of_the_program() -> None:
    f = pg.compile(lambda x: (x * 2, 3, "s", None, x.shape, {"dtype": x.dtype}))
    for _ in range(2):
        y, *rest = f(const(pg, X))
        assert y.tolist() == [2, 4, 6]
        assert rest == [3, "s", None, (3,), {"dtype": pg.float64}]
    assert pg.compile(lambda x: None)(const(pg, X)) is None


def test_operations_of_several_results() -> None:
    f = pg.compile(lambda x: [r * (i + 1) for i, r in enumerate(pg.unstack(x, axis=1))])
    x = np.arange(6.0).reshape(2, 3)
    agree(f(const(pg, x)), [x[:, 0], x[:, 1] * 2, x[:, 2] * 3])
    agree(pg.compile(lambda x: pg.unstack(x)[1])(const(pg, x)), x[1])
    agree(pg.compile(lambda x: pg.unstack(x))(const(pg, x[:1])), [x[0]])


def test_a_method_is_compiled_for_each_instance() -> None:
    class Layer:
        def __init__(self, w: float) -> None:
            self.w = w

        @pg.compile
        def forward(self, x: pg.Tensor, scale: float = 1.0) -> pg.Tensor:
            """Kept."""
            return x * self.w * scale

    two, three = Layer(2.0), Layer(3.0)
    x = const(pg, X)
    assert [two.forward(x).tolist(), three.forward(x).tolist(), two.forward(x, scale=2.0).tolist()] == [
        [2, 4, 6], [3, 6, 9], [4, 8, 12],
    ]  # fmt: skip
    assert (Layer.forward.__name__, Layer.forward.__doc__) == ("forward", "Kept.")
    assert Layer.forward(two, x).tolist() == [2, 4, 6]


def test_a_method_is_traced_once() -> None:
    class Layer:
        traces = 0

        @pg.compile
        def forward(self, x: pg.Tensor) -> pg.Tensor:
            Layer.traces += 1
            return x * 2

    layer = Layer()
    for _ in range(3):
        layer.forward(const(pg, X))
    assert Layer.traces == 1


def test_a_compiled_function_keeps_its_name_and_its_text() -> None:
    @pg.compile
    def named(x: pg.Tensor) -> pg.Tensor:
        """Says so."""
        return x

    assert (named.__name__, named.__doc__) == ("named", "Says so.")


class Scaled:
    """A callable object, some of whose attributes are named as those of a compiled function."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f, self._entries, self._latest = f, {}, None

    def __call__(self, x: Any) -> Any:
        return 10 * self._f(x)


def test_a_callable_object_is_compiled_as_it_is() -> None:
    assert pg.compile(Scaled(lambda x: x + 1))(ones()).item() == 20


def test_loops_lengths_and_shapes_are_unrolled() -> None:
    f = pg.compile(lambda x: sum((row * i for i, row in enumerate(x)), start=pg.zeros(x.shape[1])) / len(x))
    x = np.arange(6.0).reshape(3, 2)
    agree(f(const(pg, x)), (x * np.arange(3)[:, None]).sum(0) / 3)


def clipped(x: pg.Tensor) -> pg.Tensor:
    y = x * 2
    y[y > 3] = 3.0
    y[y < 3] = y[0]
    return y


def test_assignment_by_a_traced_mask_becomes_where() -> None:
    x = const(pg, [0.5, 1.0, 5.0])
    assert "where" in source_of(clipped, x)
    assert pg.compile(clipped)(x).tolist() == clipped(x).tolist() == [1, 1, 3]
    agree(pg.compile(pg.vmap(clipped))(pg.stack([x, x * 2])), pg.vmap(clipped)(pg.stack([x, x * 2])).numpy())
    agree(pg.compile(pg.grad(lambda x: pg.sum(clipped(x))))(x), pg.grad(lambda x: pg.sum(clipped(x)))(x).numpy())


def test_assignment_inside_leaves_the_argument_as_it_was() -> None:
    def f(x: pg.Tensor) -> pg.Tensor:
        y = pg.asarray(x, copy=True)
        y[0] = 7.0
        y[1:] += 1
        return y

    x = const(pg, X)
    assert pg.compile(f)(x).tolist() == [7, 3, 4]
    assert x.tolist() == [1, 2, 3]


# ----------------------------------------------------------------------------------------------------------- refusals

REFUSALS = {
    "a branch": (lambda x: x if x[0] > 0 else -x, TracingError, r"bool: .*not known while a program is traced"),
    "a loop until": (lambda x: [x for _ in iter(lambda: bool(x[0] > 0), True)], TracingError, "bool"),
    "float": (lambda x: x * float(x[0]), TracingError, "float: .*static argument"),
    "int": (lambda x: x[int(x[0])], TracingError, "int: .*static argument"),
    "item": (lambda x: x[0].item(), TracingError, "item: "),
    "tolist": (lambda x: x.tolist(), TracingError, "tolist: "),
    "numpy": (lambda x: x.numpy(), TracingError, "numpy: "),
    "np.asarray": (lambda x: np.asarray(x), TracingError, "__array__: "),
    "format": (lambda x: f"{x[0]:.3f}", TracingError, "format: "),
    "reading by a mask": (lambda x: x[x > 1], TracingError, r"mask.*where\(mask, x, 0\)"),
    "nonzero": (lambda x: pg.nonzero(x), TracingError, "nonzero: "),
    "a random draw": (lambda x: x + pg.random.normal((3,)), TracingError, "random.normal: .*draw outside"),
    "backward without a leaf": (lambda x: pg.sum(x).backward(), GraphError, "requires_grad"),
    "a value of a transform inside": (
        lambda x: (kept := [], pg.vmap(lambda v: kept.append(v * 2) or v)(x), kept[0])[2], TransformError, "vmap"),
    "pickling": (lambda x: __import__("pickle").dumps(x), (TracingError, ConversionError), "not known|pickle"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", [3, None, X], ids=["number", "None", "array"])
def test_only_a_function_is_compiled(wrong: Any) -> None:
    with pytest.raises(ValidationError, match=f"compile: takes a function, not {type(wrong).__name__}"):
        pg.compile(wrong)


def test_an_index_out_of_bounds_is_typed_when_the_program_runs() -> None:
    x, read = const(pg, X), pg.compile(lambda x, i: x[i])
    assert read(x, pg.asarray([0])).tolist() == [X[0]]
    with pytest.raises(IndexingError, match=r"compile: .*out of bounds"):
        read(x, pg.asarray([3]))


@pytest.mark.parametrize("f, error, text", REFUSALS.values(), ids=REFUSALS)
def test_what_needs_a_value_is_refused_while_traced(f: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        pg.compile(f)(const(pg, X))
    w = leaf(pg, X)
    pg.sum(w * w).backward()  # and nothing of the program stays behind
    assert w.grad.tolist() == [2, 4, 6]


@pytest.mark.numpy
def test_the_text_of_a_traced_tensor_shows_its_shape() -> None:
    texts = []
    pg.compile(lambda x: texts.append(repr(x)) or x)(const(pg, X))
    assert texts == ["tensor(shape=(3,), dtype=float64, in compile)"]


# ------------------------------------------------------------------------------------------------- hidden inputs


def test_what_is_closed_over_is_read_at_each_call_and_its_gradient_arrives() -> None:
    w = leaf(pg, X)
    f = pg.compile(lambda x: pg.sum(x * w))
    assert f(ones(3)).item() == 6
    with pg.no_grad():
        w *= 2
    loss = f(ones(3) * 2)
    loss.backward()
    assert (loss.item(), w.grad.tolist()) == (24, [2, 2, 2])


def test_a_hidden_input_of_another_shape_or_dtype_is_traced_again() -> None:
    held = [const(pg, X)]
    f, runs = counted(lambda x: x * pg.sum(held[0]))
    x = ones(2)
    assert f(x).tolist() == [6, 6]
    held[0] = const(pg, [1, 2], "float32")  # the old handle dies
    gc.collect()
    assert f(x).tolist() == [3, 3]
    assert len(runs) == 2


# ------------------------------------------------------------------------------------------- random programs of 20

UNARY = [pg.exp, pg.tanh, pg.sin, pg.abs, pg.square, lambda x: -x, lambda x: x.T if x.ndim == 2 else x,
         lambda x: x[::-1], lambda x: x[:1], lambda x: pg.reshape(x, -1), lambda x: x * 2, lambda x: 1.5 - x,
         lambda x: pg.sum(x, axis=0, keepdims=True), lambda x: pg.mean(x), lambda x: pg.max(x, axis=-1, keepdims=True),
         lambda x: pg.where(x > 0, x, 0.5), lambda x: pg.astype(pg.astype(x, pg.float32), pg.float64),
         lambda x: pg.flip(x), lambda x: pg.broadcast_to(x, (2, *x.shape)) if x.ndim < 2 else x,
         lambda x: pg.unstack(x)[-1] if x.ndim > 1 else x, lambda x: clipped(x) if x.ndim == 1 else x,
         lambda x: pg.grad(lambda z: pg.sum(pg.tanh(z) * z))(x)]  # fmt: skip
BINARY = [pg.add, pg.subtract, pg.multiply, pg.maximum, lambda a, b: a / (1 + b * b), lambda a, b: pg.sum(a) * b,
          lambda a, b: pg.where(a > pg.mean(b), a, 1.0)]  # fmt: skip
STEP = st.tuples(st.integers(0, len(UNARY) + len(BINARY) - 1), st.integers(0, 30), st.integers(0, 30))


def program_of(steps: list[tuple[int, int, int]], results: list[int]) -> Callable[..., Any]:
    """A function that runs some operations, each on earlier values, and returns some of what it made."""

    def run(*args: pg.Tensor) -> list[pg.Tensor]:
        made = list(args)
        for which, i, j in steps:
            a, b = made[i % len(made)], made[j % len(made)]
            a = pg.tanh(a)  # keeps all within bounds
            if which < len(UNARY):
                made.append(UNARY[which](a) if a.ndim else pg.sin(a))
            else:
                fits = all(n == m or 1 in (n, m) for n, m in zip(a.shape[::-1], b.shape[::-1], strict=False))
                made.append(BINARY[which - len(UNARY)](a, b) if fits else pg.sum(a) + b)
        return [made[-1], *[made[r % len(made)] for r in results]]

    return run


@settings(max_examples=60)
@given(
    steps=st.lists(STEP, min_size=20, max_size=20),
    results=st.lists(st.integers(0, 30), max_size=3),
    shapes=st.tuples(*[st.sampled_from([(3,), (2, 3), (3, 1), (1,), (3, 3)])] * 2),
    seed=st.integers(0, 100),
)
def test_a_random_program_computes_what_eager_code_does(steps: Any, results: Any, shapes: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    f = program_of(steps, results)
    compiled = pg.compile(f)
    kept = []
    for _ in range(2):  # the second call meets used buffers
        args = [const(pg, rng.normal(size=shape)) for shape in shapes]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, want = compiled(*args), f(*args)
        kept += zip(ours, want, strict=True)
    for mine, its in kept:
        np.testing.assert_allclose(mine.numpy(), its.numpy(), rtol=1e-11, atol=1e-12, strict=True)


@settings(max_examples=30)
@given(steps=st.lists(STEP, min_size=10, max_size=10), seed=st.integers(0, 100))
def test_the_gradient_of_a_random_program_is_that_of_eager_code(steps: Any, seed: int) -> None:
    x = const(pg, np.random.default_rng(seed).normal(size=(3, 3)))
    f = program_of(steps, [])
    g = pg.grad(lambda x: pg.sum(f(x)[0] ** 2))
    want = g(x).numpy()
    for other in (pg.compile(g), pg.grad(pg.compile(lambda x: pg.sum(f(x)[0] ** 2)))):
        np.testing.assert_allclose(other(x).numpy(), want, rtol=1e-10, atol=1e-12, strict=True)


# ------------------------------------------------------------------------------- what a program must not forget


OF_CONSTANTS = [op for op in ops.TABLE.values() if op.push is not None and op not in ops.EXTENSIONS and samples(op)]


@pytest.mark.numpy
@pytest.mark.parametrize("op", OF_CONSTANTS, ids=lambda op: op.name)
def test_what_is_made_of_constants_takes_a_traced_cotangent(op: Any) -> None:
    """A leaf made inside is a constant of the program until a traced value meets it."""
    sample = next(s for s in samples(op) if s.smooth and not s.boundary and s.moving)

    def pulled(s: Any) -> Any:
        def run(*moving: Any) -> Any:
            operands = [pg.asarray(x) if type(x) is np.ndarray else x for x in sample.operands]
            for i, x in zip(sample.moving, moving, strict=True):
                operands[i] = x
            return apply(op, *operands, **sample.params)

        y, pull = pg.vjp(run, *[pg.asarray(sample.operands[i]) for i in sample.moving])
        parts = y if type(y) is tuple else (y,)
        cts = tuple(
            pg.ones_like(v) * pg.astype(s, v.dtype) if v.dtype.kind in "fc" else pg.zeros_like(v) for v in parts
        )
        return pull(cts if type(y) is tuple else cts[0])

    s = const(pg, 3)
    for mine, its in zip(pg.compile(pulled)(s), pulled(s), strict=True):
        np.testing.assert_allclose(mine.numpy(), its.numpy(), rtol=1e-10, atol=1e-12, strict=True)


def with_batched_cotangents(x: Any) -> Any:
    w = pg.ones(3, requires_grad=True)
    y = w * x
    return pg.sum(pg.autograd.grad(y * y, w, pg.eye(3), is_grads_batched=True)[0])


def a_step_of_a_leaf_of_its_own(x: Any) -> Any:
    w = pg.ones(3, requires_grad=True)
    pg.sum(w * w * x).backward()
    with pg.no_grad():
        w -= 0.1 * w.grad
    return pg.sum(w * w * x)


def a_traced_value_into_what_is_made_of_constants(x: Any) -> Any:
    w = pg.ones(3, requires_grad=True)
    y = w * 2
    with pg.no_grad():
        y[0] = x[1]
    pg.sum(y * y * x).backward()
    return pg.sum(w.grad * x)


INSIDE = [with_batched_cotangents, a_step_of_a_leaf_of_its_own, a_traced_value_into_what_is_made_of_constants]


@pytest.mark.parametrize("f", INSIDE, ids=lambda f: f.__name__)
def test_a_program_with_a_leaf_of_its_own_is_differentiated_as_eager_code(f: Any) -> None:
    x, v = const(pg, X), const(pg, [0.5, -1, 2])
    for run in (lambda f: f(x), lambda f: pg.grad(f)(x), lambda f: pg.jvp(f, (x,), (v,))):
        assert repr(run(pg.compile(f))) == repr(run(f)).replace(", grad_fn=<SumBackward>", "")


def half_detached(x: Any) -> Any:
    return pg.sum(x.detach() * x)


def with_a_leaf_of_its_own(x: Any) -> Any:
    y = x.detach().requires_grad_()
    pg.sum(y**3).backward()
    return pg.sum(y.grad * x)


@pytest.mark.parametrize("f", [half_detached, with_a_leaf_of_its_own], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "derivative",
    [
        lambda f, x: pg.grad(f)(x),
        lambda f, x: pg.jvp(f, (x,), (x,))[1],
        lambda f, x: pg.compile(pg.grad(f))(x),
        lambda f, x: pg.vmap(pg.grad(f))(pg.stack([x, 2 * x])),
    ],
    ids=["grad", "jvp", "compile of grad", "vmap of grad"],
)
def test_detach_holds_when_the_compiled_call_is_differentiated(f: Any, derivative: Any) -> None:
    x = pg.asarray([1.0, 2.0])
    assert derivative(pg.compile(f), x).tolist() == derivative(f, x).tolist()


def test_what_was_detached_does_not_require_grad_outside() -> None:
    w = pg.asarray([1.0, 2.0], requires_grad=True)
    assert not pg.compile(lambda x: (x * 2).detach())(w).requires_grad


def test_another_default_dtype_is_another_program() -> None:
    half = pg.compile(lambda i: i / 2)
    assert half(pg.asarray([1, 2])).dtype is pg.float64
    pg.set_default_dtype(pg.float32)
    try:
        assert half(pg.asarray([1, 2])).dtype is pg.float32
    finally:
        pg.set_default_dtype(pg.float64)


def test_a_numpy_scalar_is_a_number_of_the_program() -> None:
    f = pg.compile(lambda x, a: x * a)
    assert f(pg.asarray([1.0, 2.0]), np.float64(3)).tolist() == [3.0, 6.0]
    assert f(pg.asarray([1.0, 2.0]), np.float64(4)).tolist() == [4.0, 8.0]


def test_a_number_that_changes_with_each_call_is_warned_of_once() -> None:
    step = pg.compile(lambda x, rate: x * rate)
    x = pg.ones(2)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for k in range(MANY - 1):
            step(x, k / 7)
        assert said == []
        for k in range(5):
            step(x, -1.5 - k)
    assert [(w.category, w.filename) for w in said] == [(PlugradWarning, __file__)]
    assert "pass what changes with each call as a tensor" in str(said[0].message)


def test_a_compiled_function_goes_with_its_last_name() -> None:
    f = pg.compile(lambda x: x * 2)
    f(pg.ones(2))
    gone = weakref.ref(f._latest.run)
    gc.disable()
    try:
        del f
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.numpy
def test_arrays_made_by_a_program_follow_the_chosen_backend() -> None:
    pytest.importorskip("plugrad_torch")
    f = pg.compile(lambda: pg.ones(2))
    assert f().backend == "numpy"
    with pg.use_backend("torch"):
        assert f().backend == "torch"
    assert f().backend == "numpy"
