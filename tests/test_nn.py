"""nn against torch.nn.functional: values, gradients and second derivatives, also of extreme logits and in float32."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import plugrad as pg
from plugrad import nn
from plugrad.errors import DTypeError, IndexingError, ShapeError, ValidationError
from plugrad.testing import check_grads, cross_validate, error_in_eps

torch = pytest.importorskip("torch")
F = importlib.import_module("torch.nn.functional")

rng = np.random.default_rng(0)
INF = np.inf


def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
    return scale * rng.standard_normal(shape)


def simplex(*shape: int) -> np.ndarray:
    """Probabilities along axis 1, or along the only one."""
    p = rng.random(shape)
    return p / p.sum(min(1, p.ndim - 1), keepdims=True)


class Case(NamedTuple):
    """The same function here and in torch, and its arguments."""

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    inputs: tuple[Any, ...]

    def __str__(self) -> str:
        return self.name

    def either(self, xp: Any, *xs: Any) -> Any:
        return (self.ours if xp is pg else self.theirs)(*xs)


def same(name: str, *inputs: Any, of: str = "", **options: Any) -> Case:
    """A function of one name and signature in both."""
    function = of or name
    ours, theirs = getattr(nn, function), getattr(F, function)
    return Case(name, lambda *xs: ours(*xs, **options), lambda *xs: theirs(*xs, **options), inputs)


def each_reduction(name: str, of: str, *inputs: Any, **options: Any) -> list[Case]:
    return [same(f"{name}-{r}", *inputs, of=of, reduction=r, **options) for r in ("mean", "sum", "none")]


def layer_norms(shape: tuple[int, ...], eps: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Of x and perhaps weight and bias, here and in torch."""
    ours, theirs = (lambda x, *affine, f=f: f(x, shape, *affine, eps=eps) for f in (nn.layer_norm, F.layer_norm))
    return ours, theirs


def sums_of_exps(*where: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """logsumexp over some axes, here and in torch."""
    return lambda x: nn.logsumexp(x, *where), lambda x: torch.logsumexp(x, *where)


BCE, CE, MSE = "binary_cross_entropy_with_logits", "cross_entropy", "mse_loss"
CLASSES = np.array([2, 0, 3, 3])
PIXELS = rng.integers(0, 4, (2, 3, 5))

SMOOTH = [
    *each_reduction("bce", BCE, normal(3, 4), rng.random((3, 4))),
    same("bce-0d", normal(), rng.random(()), of=BCE),
    *each_reduction("ce-classes", CE, normal(4, 5), CLASSES),
    *each_reduction("ce-classes-smoothed", CE, normal(4, 5), CLASSES, label_smoothing=0.2),
    *each_reduction("ce-probabilities", CE, normal(4, 5), simplex(4, 5)),
    *each_reduction("ce-probabilities-smoothed", CE, normal(4, 5), simplex(4, 5), label_smoothing=0.3),
    *each_reduction("ce-pixels", CE, normal(2, 4, 3, 5), PIXELS),
    same("ce-pixels-smoothed", normal(2, 4, 3, 5), PIXELS, of=CE, label_smoothing=1.0),
    same("ce-pixel-probabilities", normal(2, 4, 3), simplex(2, 4, 3), of=CE),
    same("ce-one", normal(4), np.array(2), of=CE),
    same("ce-one-probabilities", normal(4), simplex(4), of=CE),
    same("ce-one-class", normal(3, 1), np.zeros(3, np.int64), of=CE),
    *each_reduction("mse", MSE, normal(3, 4), normal(3, 4)),
    Case("softmax", nn.softmax, lambda x: F.softmax(x, -1), (normal(3, 4),)),
    Case("softmax-0", lambda x: nn.softmax(x, axis=0), lambda x: F.softmax(x, 0), (normal(3, 4),)),
    Case("log_softmax", nn.log_softmax, lambda x: F.log_softmax(x, -1), (normal(3, 4),)),
    Case("log_softmax-1", lambda x: nn.log_softmax(x, 1), lambda x: F.log_softmax(x, 1), (normal(2, 3, 4),)),
    Case("logsumexp", nn.logsumexp, lambda x: torch.logsumexp(x, (0, 1)), (normal(3, 4),)),
    Case("logsumexp-1", *sums_of_exps(-1), (normal(2, 3),)),
    Case("logsumexp-0-2", *sums_of_exps((0, 2), True), (normal(2, 3, 4),)),
    Case("layer_norm", *layer_norms((4,), 1e-5), (normal(3, 4),)),
    Case("layer_norm-affine", *layer_norms((3, 4), 1e-3), (normal(2, 3, 4), normal(3, 4), normal(3, 4))),
    Case("layer_norm-weight", *layer_norms((4,), 1e-5), (normal(2, 4), normal(4))),
    same("linear", normal(2, 3, 4), normal(5, 4), normal(5)),
    same("linear-vector", normal(4), normal(5, 4), of="linear"),
    same("linear-one-output", normal(3, 4), normal(4), of="linear"),
    same("sigmoid", normal(3, 4, scale=3)),
    same("sigmoid-complex", normal(5, scale=3) + 1j * normal(5), of="sigmoid"),
    Case("erf", nn.erf, torch.erf, (normal(3, 4),)),
    same("gelu", normal(3, 4, scale=3)),
    same("gelu-tanh", normal(3, 4, scale=3), of="gelu", approximate="tanh"),
    same("silu", normal(3, 4, scale=3)),
    same("softplus", normal(3, 4, scale=3)),
]  # fmt: skip

HUGE = np.array([-1e4, -800.0, -1e-300, 0.0, 1e-300, 800.0, 1e4])
ROWS = np.array([[1e4, 0.0, -1e4], [-INF, 0.0, 1.0], [1e300, 1e300, 1e300], [-800.0, -801.0, -802.0]])

# Where a careless formula overflows, cancels or gives NaN, and at kinks
EXTREME = [
    *(same(f"bce-target-{t}", HUGE, np.full(7, t), of=BCE, reduction="none") for t in (0.0, 0.5, 1.0)),
    *(same(f"ce-class-{c}", ROWS, np.full(4, c), of=CE, reduction="none") for c in (0, 1, 2)),
    same("ce-probabilities", ROWS[2:], simplex(2, 3), of=CE, reduction="none"),
    Case("softmax", nn.softmax, lambda x: F.softmax(x, -1), (ROWS,)),
    Case("softmax-nothing", nn.softmax, lambda x: F.softmax(x, -1), (np.full((2, 2), -INF),)),
    Case("log_softmax", nn.log_softmax, lambda x: F.log_softmax(x, -1), (ROWS,)),
    Case("logsumexp", *sums_of_exps(-1), (ROWS,)),
    Case("logsumexp-nothing", nn.logsumexp, lambda x: torch.logsumexp(x, 0), (np.full(2, -INF),)),
    same("sigmoid", np.array([-INF, *HUGE, INF])),
    same("relu", np.array([-INF, -1.0, -0.0, 0.0, 1.0, INF])),
    Case("erf", nn.erf, torch.erf, (np.array([-INF, -30.0, 0.0, 1e-300, 30.0, INF]),)),
    same("gelu", HUGE),
    same("gelu-tanh", HUGE[1:-1], of="gelu", approximate="tanh"),
    same("silu", HUGE),
    same("softplus", np.array([-INF, *HUGE, INF])),
    Case("layer_norm-constant", *layer_norms((3,), 1e-5), (np.full((2, 3), 7.0),)),
]

cases = pytest.mark.parametrize("case", SMOOTH, ids=str)
extreme_cases = pytest.mark.parametrize("case", EXTREME, ids=str)


# ------------------------------------------------------------------------------------------------------- against torch


@cases
def test_two_orders_against_torch(case: Case, backend: str) -> None:
    cross_validate(case.either, *case.inputs, backends=backend, order=2)


@cases
def test_float32_against_torch(case: Case, backend: str) -> None:
    cross_validate(case.either, *case.inputs, backends=backend, dtype=pg.float32)


@extreme_cases
def test_extremes_against_torch(case: Case, backend: str) -> None:
    cross_validate(case.either, *case.inputs, backends=backend, order=2)


# --------------------------------------------------------------------------------------------------------- every mode


@cases
def test_both_modes_against_differences(case: Case) -> None:
    check_grads(case.ours, *case.inputs)


def stacked(x: Any) -> np.ndarray:
    """Three samples: of classes three orders, of numbers three sizes."""
    x = np.asarray(x)
    return np.stack([x, x[::-1] if x.ndim else x, x] if x.dtype.kind == "i" else [x, x / 2, x / 4])


WHICH = [
    (True,),
    (True, True),
    (True, False),
    (False, True),
    (True, True, True),
    (False, True, True),
    (True, False, False),
]


@pytest.mark.parametrize(
    "case, batched",
    [pytest.param(c, w, id=f"{c}-{w}") for c in SMOOTH for w in WHICH if len(w) == len(c.inputs)],
)
def test_vmap_is_a_loop(case: Case, batched: tuple[bool, ...]) -> None:
    xs = [pg.asarray(stacked(x) if b else np.asarray(x)) for x, b in zip(case.inputs, batched, strict=True)]

    def gradient(*xs: Any) -> Any:
        return pg.grad(lambda x: pg.sum(pg.real(case.ours(x, *xs[1:]))))(xs[0])

    at_once = pg.vmap(gradient, in_axes=tuple(0 if b else None for b in batched))(*xs)
    one_by_one = [gradient(*(x[i] if b else x for x, b in zip(xs, batched, strict=True))) for i in range(3)]
    assert error_in_eps(at_once, pg.stack(one_by_one)) <= 10


@cases
def test_compiled(case: Case) -> None:
    xs = [pg.asarray(x) for x in case.inputs]
    gradient = pg.value_and_grad(lambda *xs: pg.sum(pg.real(case.ours(*xs))))
    value, g = pg.compile(gradient)(*xs)
    want_value, want_g = gradient(*xs)
    assert error_in_eps(value, want_value) <= 10
    assert error_in_eps(g, want_g) <= 10


# ------------------------------------------------------------------------------------------------------- cross_entropy


@pytest.mark.parametrize("dtype", [pg.int8, pg.uint8, pg.int32, pg.uint64], ids=lambda d: d.name)
def test_classes_of_any_integer_dtype(dtype: Any) -> None:
    x = pg.asarray(normal(4, 5))
    want = nn.cross_entropy(x, pg.asarray(CLASSES)).item()
    assert nn.cross_entropy(x, pg.asarray(CLASSES, dtype=dtype)).item() == want


WRONG = pytest.mark.parametrize("wrong", [-1, 5, -100])


@WRONG
def test_absent_class_is_named(wrong: int) -> None:
    with pytest.raises(IndexingError, match=rf"no class {wrong}; of 5 the first is 0 and the last 4"):
        nn.cross_entropy(pg.zeros((3, 5)), pg.asarray([0, wrong, 4]))


@WRONG
def test_absent_class_of_one_sample_under_transforms(wrong: int) -> None:
    classes = pg.asarray([[0, 1], [4, wrong]])
    with pytest.raises(IndexingError, match=f"no class {wrong}"):
        pg.vmap(pg.grad(nn.cross_entropy))(pg.zeros((2, 2, 5)), classes)


@WRONG
def test_absent_class_does_not_read_a_neighbours_row_when_compiled(wrong: int) -> None:
    loss = pg.compile(nn.cross_entropy)
    assert loss(pg.zeros((3, 5)), pg.asarray([0, 1, 4])).item() == pytest.approx(np.log(5))
    with pytest.raises(IndexingError):
        loss(pg.zeros((3, 5)), pg.asarray([0, wrong, 4]))
    batched = pg.compile(pg.vmap(nn.cross_entropy))
    with pytest.raises(IndexingError):
        batched(pg.zeros((2, 2, 5)), pg.asarray([[0, wrong], [0, 0]]))


def test_no_samples() -> None:
    logits, classes = pg.zeros((0, 5)), pg.zeros(0, dtype=pg.int64)
    assert nn.cross_entropy(logits, classes, "sum").item() == 0
    assert np.isnan(nn.cross_entropy(logits, classes).item())  # as in torch


def test_python_data() -> None:
    assert nn.cross_entropy([0.0, 0.0], 1).item() == pytest.approx(np.log(2))
    assert nn.mse_loss([1, 2], [1.0, 4.0]).tolist() == 2.0


# ---------------------------------------------------------------------------------------------------------- as in torch


def test_grad_fn() -> None:
    x = pg.zeros(3, requires_grad=True)
    loss = nn.binary_cross_entropy_with_logits(x, pg.ones(3))
    assert repr(loss.grad_fn) == "<MeanBackward>"
    loss.backward()
    assert x.grad.tolist() == pytest.approx([-1 / 6] * 3)


def test_softplus_is_exact_where_torch_gives_up() -> None:
    x = 20.5  # torch gives x itself from 20 on
    assert nn.softplus(pg.asarray(x)).item() == np.logaddexp(x, 0) > x


def test_relu_of_nan_is_nan() -> None:
    assert np.isnan(nn.relu(pg.asarray(np.nan)).item())


def test_linear_with_one_output_takes_a_lone_bias() -> None:
    assert nn.linear(pg.ones((2, 3)), pg.ones(3), 0.5).tolist() == [3.5, 3.5]


def test_relu_keeps_integers() -> None:
    assert nn.relu(pg.asarray([-1, 2])).dtype is pg.int64


# ------------------------------------------------------------------------------------------------------ what is wrong

REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("mse-shapes", lambda: nn.mse_loss(pg.ones((3, 1)), pg.ones(3)), ShapeError, r"mse_loss: .*\(3, 1\).*\(3,\)"),
    ("bce-shapes", lambda: getattr(nn, BCE)(pg.ones(3), 1.0), ShapeError, r"binary_cross.*\(3,\).*\(\)"),
    ("reduction", lambda: nn.mse_loss(pg.ones(3), pg.ones(3), "max"), ValidationError, "'mean', 'sum' or 'none'"),  # type: ignore[arg-type]
    ("ce-0d", lambda: nn.cross_entropy(1.0, 0), ShapeError, "no axis of classes"),
    ("ce-column", lambda: nn.cross_entropy(pg.ones((2, 3)), pg.asarray([[0], [1]])), ShapeError, r"shape \(2,\)"),
    ("ce-floats", lambda: nn.cross_entropy(pg.ones((3, 2)), pg.ones(3)), ShapeError, r"floating of shape \(3, 2\)"),
    ("ce-bool", lambda: nn.cross_entropy(pg.ones((3, 2)), pg.ones(3) > 0), DTypeError, "target of bool; cast"),
    ("ce-smoothing", lambda: nn.cross_entropy(pg.ones(2), 0, "mean", 1.5), ValidationError, "from 0 to 1, not 1.5"),
    ("ce-smoothing-none", lambda: nn.cross_entropy(pg.ones(2), 0, "mean", None), ValidationError, "to 1, not None"),  # type: ignore[arg-type]
    ("reduction-list", lambda: nn.mse_loss(pg.ones(3), pg.ones(3), ["sum"]), ValidationError, r"not \['sum'\]"),  # type: ignore[arg-type]
    ("layer_norm-eps", lambda: nn.layer_norm(pg.ones(3), 3, eps="a"), ValidationError, "eps is a number, not 'a'"),  # type: ignore[arg-type]
    ("gelu-none", lambda: nn.gelu(1.0, None), ValidationError, "'none' or 'tanh', not None"),  # type: ignore[arg-type]
    ("softmax-axes", lambda: nn.softmax(pg.ones((2, 2)), (0, 1)), ShapeError, "softmax: takes one axis, not 2"),  # type: ignore[arg-type]
    ("softmax-axis", lambda: nn.softmax(pg.ones(2), 1), ShapeError, "softmax: there is no axis 1"),
    ("softmax-0d", lambda: nn.softmax(1.0), ShapeError, "no axes"),
    ("layer_norm-end", lambda: nn.layer_norm(pg.ones((2, 3)), (2,)), ShapeError, r"\(2,\) is not the end"),
    ("layer_norm-none", lambda: nn.layer_norm(pg.ones(3), ()), ShapeError, r"\(\) is not the end"),
    ("layer_norm-weight", lambda: nn.layer_norm(pg.ones((2, 3)), 3, pg.ones(2)), ShapeError, r"weight .*\(2,\)"),
    ("linear-weight", lambda: nn.linear(pg.ones((2, 3)), pg.ones((3, 4))), ShapeError, r"\(2, 3\).*\(3, 4\)"),
    ("linear-bias", lambda: nn.linear(pg.ones((2, 3)), pg.ones((4, 3)), pg.ones(1)), ShapeError, r"bias .*\(1,\)"),
    ("gelu", lambda: nn.gelu(1.0, "exact"), ValidationError, "'none' or 'tanh', not 'exact'"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("call, error, match", [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_refused(call: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize("name", ["erf", "gelu", "log_softmax", "logsumexp", "relu", "silu", "softmax", "softplus"])
def test_complex_is_refused(name: str) -> None:
    with pytest.raises(DTypeError, match=f"{name}: takes real numbers, got complex128"):
        getattr(nn, name)(pg.asarray([1j]))


def test_all_is_said() -> None:
    assert sorted(nn.__all__) == nn.__all__
    assert all(getattr(nn, name).__doc__ for name in nn.__all__)
