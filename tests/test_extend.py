"""Primitives of one's own: one of each family on every backend, what is refused, kernels given and taken back."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import extend, ops
from plugrad.backends import current
from plugrad.compiler.tracing import TABLES
from plugrad.errors import BackendError, PlugradWarning, ValidationError
from plugrad.extend import Primitive, axes
from plugrad.tensor import DOORS, RECORDING
from plugrad.testing import check_grads
from plugrad.testing.samples import Sample, samples


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """What a test registers, it registers for itself."""
    yield
    for op in tuple(ops.EXTENSIONS):
        extend.unregister(op.name)
    for backend, given in current.GIVEN.items():
        for op in tuple(given):
            extend.kernel(op, backend, None)


# --------------------------------------------------------------------------------------------------- one of each family


def _centred(xp: Any, x: Any, axis: int) -> Any:
    return x - xp.mean(x, axis=axis, keepdims=True)


def _forth(ct: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """What one operand contributes to the tangents of (r, r^2)."""
    return ct * x / y[0], 2 * ct * x


def _back(ct: Any, x: Any, y: Any) -> Any:
    r, square = ct
    terms = [*([] if r is None else [r * x / y[0]]), *([] if square is None else [2 * square * x])]
    return sum(terms[1:], terms[0])


FAMILIES: dict[str, dict[str, Any]] = {
    "elementwise": {
        "signature": "waves(x, a; shift)",
        "rule": extend.elementwise(
            lambda xp, x, a, shift: a * xp.cos(x + shift), lambda xp, x, shift: xp.sin(x + shift)
        ),
        "default": lambda xp, x, a, shift: a * xp.sin(x + shift),
        "samples": lambda rng: {
            "rows": (rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), {"shift": 0.5}),
            "broadcast": (rng.normal(size=(2, 1)), rng.normal(size=3), {"shift": 0.0}),
            "other rank": (rng.normal(size=()), rng.normal(size=(3, 2)), {"shift": 1.0}),
            "empty": (rng.normal(size=(0, 3)), rng.normal(size=3), {"shift": 1.0}),
            "complex": (rng.normal(size=3) + 1j, rng.normal(size=3) - 2j, {"shift": 1.0}),
        },
    },
    "real_valued": {
        "signature": "energy(x)",
        "rule": extend.real_valued(lambda x: 2 * x),
        "default": lambda xp, x: xp.abs(x) ** 2,
        "samples": lambda rng: {
            "real": (rng.normal(size=(3, 2)),),
            "complex": (rng.normal(size=3) + 1j * rng.normal(size=3),),
        },
    },
    "linear": {
        "signature": "reversed_twice(x; axis, factor)",
        "promotion": "any",
        "rule": extend.linear(
            lambda xp, ct, axis, factor: factor * xp.flip(ct, axis=(axis,)), law=lambda op: axes.moved(op, "axis")
        ),
        "default": lambda xp, x, axis, factor: xp.flip(x * factor, axis=axis),
        "samples": lambda rng: {"columns": (rng.normal(size=(2, 3)), {"axis": 0, "factor": 2.0})},
    },
    "linear_in_all": {
        "signature": "heap(*arrays)",
        "rule": extend.linear_in_all(lambda xp, ct, position, edge: ct, law=axes.elementwise),
        "default": lambda xp, *arrays: sum(arrays[1:], arrays[0]),
        "samples": lambda rng: {"three": (rng.normal(size=3), rng.normal(size=(2, 3)), rng.normal(size=(2, 1)))},
    },
    "bilinear": {
        "signature": "product(a, b)",
        "rule": extend.bilinear(
            lambda xp, ct, b: xp.matmul(ct, xp.matrix_transpose(b)),
            lambda xp, a, ct: xp.matmul(xp.matrix_transpose(a), ct),
            law=axes.stacked,
        ),
        "default": lambda xp, a, b: xp.matmul(a, b),
        "samples": lambda rng: {
            "matrices": (rng.normal(size=(2, 3)), rng.normal(size=(3, 4))),
            "complex": (rng.normal(size=(2, 3)) + 1j, rng.normal(size=(3, 4)) - 1j),
        },
    },
    "reduction": {
        "signature": "cubes(x; axis, keepdims)",
        "rule": extend.reduction(lambda x: 3 * x * x),
        "default": lambda xp, x, axis, keepdims: xp.sum(x * x * x, axis=axis, keepdims=keepdims),
        "samples": lambda rng: {
            "all": (rng.normal(size=(2, 3)), {"axis": None, "keepdims": False}),
            "one kept": (rng.normal(size=(2, 3)), {"axis": 1, "keepdims": True}),
        },
    },
    "symmetric": {
        "signature": "centred(x; axis)",
        "rule": extend.symmetric(
            lambda xp, ct, axis: ct - xp.mean(ct, axis=axis, keepdims=True), law=lambda op: axes.moved(op, "axis")
        ),
        "default": _centred,
        "samples": lambda rng: {"rows": (rng.normal(size=(2, 3)), {"axis": 1})},
    },
    "custom, several results": {
        "signature": "lengths(a, b)",
        "rule": extend.custom(
            (lambda ct, a, y: _back(ct, a, y), lambda ct, b, y: _back(ct, b, y)),
            (lambda ct, a, y: _forth(ct, a, y), lambda ct, b, y: _forth(ct, b, y)),
            law=axes.elementwise,
        ),
        "default": lambda xp, a, b: (xp.sqrt(a * a + b * b), a * a + b * b),
        "samples": lambda rng: {"rows": (rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))},
    },
    "no law": {
        "signature": "trace_of(x)",
        "rule": extend.linear(lambda xp, ct, edge: xp.put(xp.zeros(ct, tuple(edge.shape)), ct, index=(0, 0))),
        "default": lambda xp, x: x[0, 0],
        "samples": lambda rng: {"square": (rng.normal(size=(2, 2)),)},
    },
}  # fmt: skip
IGNORED = pytest.mark.filterwarnings("ignore:trace_of has no law of axes")  # asserted by a test of its own


def results(y: Any) -> tuple[pg.Tensor, ...]:
    return y if isinstance(y, tuple) else (y,)


def same(got: Any, want: Any) -> None:
    for a, b in zip(results(got), results(want), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-12, strict=True)


def calls(family: str) -> tuple[Primitive, list[tuple[Callable[..., Any], list[pg.Tensor], Sample]]]:
    """The primitive, and each of its samples as a function of tensors, these, and another sample's of the same form."""
    made = extend.primitive(**FAMILIES[family])
    found = []
    for sample in samples(made.op):

        def f(*xs: Any, params: Any = sample.params) -> Any:
            return made(*xs, **params)

        found.append((f, [pg.asarray(x) for x in sample.operands], sample))
    return made, found


@pytest.mark.parametrize("family", FAMILIES)
def test_both_modes_to_second_order(family: str, backend: str) -> None:
    for f, xs, _ in calls(family)[1]:
        check_grads(f, *xs)
        leaves = [pg.asarray(x, copy=True).requires_grad_() for x in xs]
        first = pg.autograd.grad(_total(f(*leaves)), leaves, create_graph=True)
        assert [g.backend for g in first] == [backend] * len(leaves)


def _total(y: Any) -> pg.Tensor:
    return sum(pg.sum(pg.real(pg.conj(r) * r)) if r.dtype.kind == "c" else pg.sum(r * r) for r in results(y))


@IGNORED
@pytest.mark.parametrize("family", FAMILIES)
def test_vmap_is_a_loop(family: str, backend: str) -> None:
    made, found = calls(family)
    others = samples(made.op, seed=1)
    for (f, xs, _), other in zip(found, others, strict=True):
        ys = [pg.asarray(y) for y in other.operands]
        stacked = [pg.stack([x, y]) for x, y in zip(xs, ys, strict=True)]
        want = [pg.stack([a, b]) for a, b in zip(results(f(*xs)), results(f(*ys)), strict=True)]
        same(pg.vmap(f)(*stacked), tuple(want))
        if len(xs) > 1:  # a batch of the first alone
            over = (0, *(None,) * (len(xs) - 1))
            want = [pg.stack([a, b]) for a, b in zip(results(f(*xs)), results(f(ys[0], *xs[1:])), strict=True)]
            same(pg.vmap(f, in_axes=over)(stacked[0], *xs[1:]), tuple(want))

        def gradient(*xs: Any, f: Any = f) -> Any:
            return pg.grad(lambda *xs: _total(f(*xs)), argnums=tuple(range(len(xs))))(*xs)

        want = [pg.stack([a, b]) for a, b in zip(gradient(*xs), gradient(*ys), strict=True)]
        same(pg.vmap(gradient)(*stacked), tuple(want))


@IGNORED
@pytest.mark.parametrize("family", FAMILIES)
def test_compiled_is_eager(family: str, backend: str) -> None:
    for f, xs, _ in calls(family)[1]:

        def both(*xs: Any, f: Any = f) -> Any:
            n = len(xs) // 2
            first = pg.grad(lambda *xs: _total(f(*xs)), argnums=tuple(range(n)))
            return (*results(f(*xs[:n])), *first(*xs[:n]), *pg.jvp(first, xs[:n], xs[n:])[1])

        compiled = pg.compile(both)
        for given in (xs, [x * 2 for x in xs]):
            same(compiled(*given, *given), both(*given, *given))


def test_no_derivative(backend: str) -> None:
    steps = extend.primitive("steps(x)", rule=extend.discrete(), default=lambda xp, x: xp.astype(xp.floor(x), xp.int64))
    x = pg.asarray([[0.5, 1.5], [2.5, 3.5]], requires_grad=True)
    assert pg.vmap(steps)(x).tolist() == [[0, 1], [2, 3]]
    assert not steps(x).requires_grad


def test_without_a_law_vmap_loops_and_says_so(backend: str) -> None:
    made, _ = calls("no law")
    with pytest.warns(PlugradWarning, match="trace_of has no law of axes: vmap runs it sample by sample"):
        assert pg.vmap(made)(pg.ones((3, 2, 2))).tolist() == [1, 1, 1]


@IGNORED
def test_without_a_law_there_may_be_no_sample(backend: str) -> None:
    made, _ = calls("no law")
    assert pg.vmap(made)(pg.ones((0, 2, 2))).shape == (0,)
    assert pg.vmap(pg.grad(lambda x: made(x) ** 2))(pg.ones((0, 2, 2))).shape == (0, 2, 2)


def test_dtypes_meet_as_the_promotion_says(backend: str) -> None:
    made, _ = calls("bilinear")
    assert made(pg.ones((2, 2), dtype=pg.float32), pg.ones((2, 2), dtype=pg.int64)).dtype is pg.float32
    waves, _ = calls("elementwise")
    assert waves(pg.asarray([1, 2]), 2, shift=0).dtype is pg.default_dtype()
    small = pg.ones(2, dtype=pg.float32)
    assert waves(small, 0.5, shift=0.0).dtype is waves(0.5, small, shift=0.0).dtype is pg.float32


def test_results_of_a_kernel_may_be_its_operands(backend: str) -> None:
    itself = extend.primitive("itself(x)", rule=extend.linear(lambda ct: ct, law=axes.same), default=lambda xp, x: x)
    turned = extend.primitive(
        "turned(x)",
        rule=extend.linear(lambda xp, ct: xp.matrix_transpose(ct), law=axes.same),
        default=lambda xp, x: (xp.matrix_transpose(x),)[0],
    )

    def f(x: Any) -> Any:
        y = itself(pg.tanh(x))
        z = turned(pg.exp(x))
        return y + pg.sin(x) * 2, y, z, itself(x)

    x = pg.asarray([[0.0, 1.0], [2.0, 3.0]])
    compiled = pg.compile(f)
    first, values = compiled(x), [y.tolist() for y in f(x)]
    compiled(x + 1)
    assert [y.tolist() for y in first] == values
    y = itself(x)
    y[0, 0] = 7.0
    assert x.tolist() == [[0, 1], [2, 3]]


def test_a_lone_result_in_a_tuple(backend: str) -> None:
    boxed = extend.primitive(
        "boxed(x)",
        rule=extend.custom(lambda ct: ct[0], lambda ct: (ct,), law=axes.same),
        default=lambda xp, x: (x * 1,),
    )
    (y,) = pg.compile(boxed)(pg.ones(2))
    assert y.tolist() == [1, 1]
    assert pg.grad(lambda x: pg.sum(boxed(x)[0]))(pg.ones(2)).tolist() == [1, 1]


# ------------------------------------------------------------------------------------------------------ the door itself


def cube(**more: Any) -> Primitive:
    given = {"rule": extend.elementwise(lambda x: 3 * x * x), "default": lambda xp, x: x * x * x}
    return extend.primitive(**{"signature": "cube(x)"} | given | more)


def test_it_is_called_like_a_function() -> None:
    def third_power(xp: Any, x: Any) -> Any:
        """x x x."""
        return x * x * x

    made = cube(default=third_power)
    assert (made.__name__, made.__doc__, repr(made)) == ("cube", "x x x.", "<primitive cube(x)>")
    assert cube.__name__ not in dir(pg)
    assert pickle.loads(pickle.dumps(made)) is made
    assert made(2.0).item() == 8
    assert repr(made(pg.asarray(2.0, requires_grad=True)).grad_fn) == "<CubeBackward>"
    for call, got in [
        (lambda: made(), "0 operands"),
        (lambda: made(1.0, 2.0), "2 operands"),
        (lambda: made(1.0, axis=0), "1 operand, axis="),
    ]:
        with pytest.raises(ValidationError, match=rf"<primitive cube\(x\)> was called with {got}"):
            call()


def test_one_rule_may_call_another_primitive(backend: str) -> None:
    square = extend.primitive("squared(x)", rule=extend.elementwise(lambda x: 2 * x), default=lambda xp, x: x * x)
    made = cube(rule=extend.elementwise(lambda xp, x: 3 * xp.squared(x)))
    check_grads(made, pg.asarray([0.5, 2.0]), order=3)
    extend.unregister(square)
    extend.primitive("squared(x)", rule=extend.elementwise(lambda x: 2 * x), default=lambda xp, x: x * x + 1)
    assert pg.grad(made)(pg.asarray(2.0)).item() == 15  # asked by name: the new one


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no signature": ({"signature": "cube x"}, "is no signature"),
    "a star before the name": ({"signature": "*cube(x)"}, "is no signature"),
    "more behind": ({"signature": "cube(x))"}, "is no signature"),
    "an operand that is no name": ({"signature": "cube(2x)"}, "is no signature"),
    "no operand": ({"signature": "cube()"}, "there must be an operand"),
    "a name twice": ({"signature": "cube(x; x)"}, "no name twice"),
    "a name that rules have": ({"signature": "cube(y)"}, "y means something else in a rule"),
    "a taken name": ({"signature": "tanh(x)"}, "a primitive named tanh is registered already"),
    "a rule that reads what is not there": ({"rule": extend.elementwise(lambda z: z)}, "the rule of cube names z"),
    "too many rules": ({"rule": extend.elementwise(lambda x: x, lambda x: x)}, "2 rules for the 1 operands of cube"),
    "no rule": ({"rule": None}, "rule is None, not a function"),
    "a rule of no family": ({"rule": lambda op: None}, "the rule says nothing of batch"),
    "a default that is none": ({"default": 3}, "default is 3, not a function"),
    "a kernel that is none": ({"kernels": {"torch": "x"}}, r"kernels\['torch'\] is 'x', not a function"),
    "no kernel": ({"default": None}, "nobody computes it"),
    "samples that are none": ({"samples": [1]}, r"samples is \[1\], not a function"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_all_or_nothing(what: str) -> None:
    given, why = REFUSED[what]

    def state() -> Any:
        return dict(ops.TABLE), dict(ops.EXTENSIONS), {n: dict(g) for n, g in current.GIVEN.items()}, dict(DOORS)

    before = state()
    with pytest.raises(ValidationError, match=why):
        cube(**given)
    assert state() == before
    assert cube()(2.0).item() == 8


def test_samples_that_do_not_fit_are_refused() -> None:
    for given in (lambda rng: {"two": (1.0, 2.0)}, lambda rng: {"more": (1.0, {"axis": 0})}):
        made = cube(samples=given)
        with pytest.raises(
            ValidationError, match=r"the sample '\w+' of <primitive cube\(x\)> is .*, which does not fit"
        ):
            samples(made.op)
        extend.unregister(made)
    with pytest.raises(ValidationError, match="no samples are known of cube; register it with samples="):
        samples(cube().op)


@pytest.mark.numpy
def test_what_is_taken_back_is_gone() -> None:
    made = cube(kernels={"torch": abs})
    x = pg.asarray(2.0, requires_grad=True)
    y, compiled = made(x), pg.compile(made)
    compiled(x.detach())
    extend.unregister(made)
    y.backward()
    assert x.grad.item() == 12
    assert compiled(x.detach()).item() == 8
    tables = (*current.ACTIVE.values(), *TABLES.values())
    assert not any(made.op in table or "cube" in table.xp.__dict__ for table in tables)
    assert "cube" not in {**ops.TABLE, **RECORDING.__dict__}
    assert not any(made.op in given for given in current.GIVEN.values())
    for call in (lambda: made(x), lambda: extend.unregister(made), lambda: pickle.loads(pickle.dumps(made))):
        with pytest.raises(ValidationError, match="no primitive 'cube' is registered"):
            call()
    with pytest.raises(ValidationError, match="tanh is plugrad's own, and stays"):
        extend.unregister("tanh")


# -------------------------------------------------------------------------------------------------------------- kernels


def test_each_backend_has_the_kernel_that_is_named_for_it(backend: str) -> None:
    asked = []

    def kernel(name: str) -> Callable[[Any], Any]:
        def third_power(x: Any) -> Any:
            asked.append(name)
            return x * x * x

        return third_power

    made = cube(default=lambda xp, x: kernel("default")(x), kernels={n: kernel(n) for n in ("numpy", "absent")})
    assert made(pg.asarray([1.0, 2.0])).tolist() == [1, 8]
    assert asked == ["numpy" if backend == "numpy" else "default"]


def test_a_backend_without_a_kernel_says_so() -> None:
    made = cube(default=None, kernels={"absent": abs})
    with pytest.raises(BackendError, match="has no kernel for cube; register one"):
        made(2.0)


def test_a_kernel_for_what_there_is(backend: str) -> None:
    """Eager, in rules, under vmap and compiled; what was compiled before keeps the old one."""
    x = pg.asarray([0.25, 0.5])
    own, before = pg.tanh(x).tolist(), pg.compile(pg.tanh)
    before(x)
    extend.kernel("tanh", backend, lambda x: x * 0 + 0.5)
    half = [0.5, 0.5]
    assert pg.tanh(x).tolist() == pg.vmap(pg.tanh)(x).tolist() == pg.compile(lambda x: pg.tanh(x))(x).tolist() == half
    assert pg.grad(lambda x: pg.sum(pg.tanh(x)))(x).tolist() == [0.75, 0.75]  # 1 - y^2
    assert before(x).tolist() == own
    extend.kernel(ops.TANH, backend, None)
    assert pg.tanh(x).tolist() == pg.compile(lambda x: pg.tanh(x))(x).tolist() == own


def test_a_given_kernel_may_return_a_view_that_a_buffer_would_overwrite() -> None:
    extend.kernel("negative", "numpy", lambda x: x)
    with pg.use_backend("numpy"):
        x = pg.asarray([0.0, 1.0])
        f = pg.compile(lambda x: -pg.tanh(x) + pg.exp(x) * pg.sin(x))
        np.testing.assert_allclose(f(x).numpy(), np.tanh([0, 1]) + np.exp([0, 1]) * np.sin([0, 1]))


def test_a_kernel_waits_for_its_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("plugrad_strict")
    current.table("strict")
    monkeypatch.delitem(current.ACTIVE, "strict")
    extend.kernel("tanh", "strict", lambda x: x)
    assert pg.tanh(pg.asarray([3.0], backend="strict")).tolist() == [3]


def test_a_kernel_for_what_there_is_not() -> None:
    for of, function in (("tan h", abs), ("tanh", 3)):
        with pytest.raises(ValidationError, match=r"no primitive 'tan h'|tanh: the kernel is 3, not a function"):
            extend.kernel(of, "numpy", function)
