"""What is compared with torch.nn.functional: calls away from kinks, and calls at them and far out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import plugrad as pg
from plugrad import nn

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


def undecided(*shape: int) -> np.ndarray:
    """Probabilities along axis 1 that are not near 0."""
    p = rng.random(shape) + 0.5
    return p / p.sum(1, keepdims=True)


class Case(NamedTuple):
    """The same function here and in torch, and its arguments."""

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    inputs: tuple[Any, ...]
    bound: float = 100.0

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


def along(name: str, *inputs: Any, of: str = "", axis: int, **options: Any) -> Case:
    """A function of one name, along what is an axis here and a dim there."""
    ours, theirs = getattr(nn, of or name), getattr(F, of or name)
    return Case(name, lambda *xs: ours(*xs, axis=axis, **options), lambda *xs: theirs(*xs, dim=axis, **options), inputs)


def attention(name: str, *inputs: Any, **options: Any) -> Case:
    """torch by its plain formula: its fused kernels have no second derivative."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def theirs(*xs: Any) -> Any:
        with sdpa_kernel(SDPBackend.MATH):
            return F.scaled_dot_product_attention(*xs, **options)

    return Case(name, lambda *xs: nn.scaled_dot_product_attention(*xs, **options), theirs, inputs)


def embedding(name: str, indices: Any, table: Any, **options: Any) -> Case:
    """The table first, for that is what is differentiated."""
    ours, theirs = (lambda w, i, f=f: f(i, w, **options) for f in (nn.embedding, F.embedding))
    return Case(name, ours, theirs, (table, indices))


def normalized(name: str, *inputs: Any, of: str, first: tuple[Any, ...] = (), eps: float = 1e-5) -> Case:
    """A normalization of x, and perhaps weight and bias, which torch's instance_norm takes behind its statistics."""
    ours, theirs = getattr(nn, of), getattr(F, of)
    gap = (None, None) if of == "instance_norm" else ()
    return Case(
        name,
        lambda x, *affine: ours(x, *first, *affine, eps=eps),
        lambda x, *affine: theirs(x, *first, *gap, *affine, eps=eps),
        inputs,
    )


BCE, CE, MSE = "binary_cross_entropy_with_logits", "cross_entropy", "mse_loss"
CLASSES = np.array([2, 0, 3, 3])
PIXELS = rng.integers(0, 4, (2, 3, 5))


def activations() -> Iterator[Case]:
    for name in ("celu", "elu", "logsigmoid", "mish", "selu", "softsign", "tanhshrink"):
        yield same(name, normal(3, 4, scale=3))
    for name in ("hardshrink", "hardswish", "hardtanh", "leaky_relu", "relu6", "softshrink"):
        yield same(name, normal(3, 4, scale=3))
    yield same("celu-2", normal(3, 4), of="celu", alpha=2.5)
    yield same("elu-2", normal(3, 4), of="elu", alpha=2.5)
    yield same("hardshrink-1", normal(3, 4), of="hardshrink", lambd=1.0)
    yield same("hardtanh-bounds", normal(3, 4), of="hardtanh", min_val=-0.25, max_val=2.0)
    yield same("leaky_relu-2", normal(3, 4), of="leaky_relu", negative_slope=0.25)
    yield same("softshrink-1", normal(3, 4), of="softshrink", lambd=1.0)
    yield along("glu", normal(3, 4), axis=-1)
    yield along("glu-0", normal(4, 3), of="glu", axis=0)


def losses() -> Iterator[Case]:
    for name in ("l1_loss", "huber_loss", "smooth_l1_loss"):
        yield from each_reduction(name, name, normal(3, 4, scale=2), normal(3, 4))
    yield same("huber-delta", normal(3, 4), normal(3, 4), of="huber_loss", delta=0.5)
    yield same("smooth_l1-beta", normal(3, 4), normal(3, 4), of="smooth_l1_loss", beta=0.5)
    yield same("smooth_l1-no-beta", normal(3, 4), normal(3, 4), of="smooth_l1_loss", beta=0.0)
    yield from each_reduction("nll", "nll_loss", normal(4, 5), CLASSES)
    yield same("nll-pixels", normal(2, 4, 3, 5), PIXELS, of="nll_loss")
    yield same("nll-one", normal(4), np.array(2), of="nll_loss")
    for r in ("mean", "sum", "none", "batchmean"):
        yield same(f"kl-{r}", np.log(simplex(3, 4)), undecided(3, 4), of="kl_div", reduction=r)
    yield same("kl-logs", np.log(simplex(3, 4)), np.log(simplex(3, 4)), of="kl_div", reduction="sum", log_target=True)
    yield along("cosine", normal(3, 4), normal(3, 4), of="cosine_similarity", axis=1)
    yield along("cosine-broadcast", normal(2, 3, 4), normal(3, 1), of="cosine_similarity", axis=-2)
    yield Case("distance", nn.pairwise_distance, F.pairwise_distance, (normal(3, 4), normal(3, 4)))
    yield same("distance-1", normal(3, 4), normal(4), of="pairwise_distance", p=1.0)


def normalizations() -> Iterator[Case]:
    yield normalized("group_norm", normal(2, 6, 3), of="group_norm", first=(3,))
    yield normalized("group_norm-affine", normal(2, 4, 3, 2), normal(4), normal(4), of="group_norm", first=(2,))
    yield normalized("group_norm-flat", normal(2, 6), normal(6), of="group_norm", first=(2,))
    yield normalized("instance_norm", normal(2, 3, 4), of="instance_norm")
    yield normalized("instance_norm-affine", normal(2, 3, 4, 2), normal(3), normal(3), of="instance_norm", eps=0.1)
    yield normalized("rms_norm", normal(2, 3, 4), of="rms_norm", first=((4,),))
    yield normalized("rms_norm-affine", normal(2, 3, 4), normal(3, 4), of="rms_norm", first=((3, 4),), eps=0.1)
    yield Case("rms_norm-eps", *[lambda x, f=f: f(x, (4,)) for f in (nn.rms_norm, F.rms_norm)], (normal(3, 4),))  # type: ignore[misc]
    yield along("normalize", normal(3, 4), axis=1)
    yield along("normalize-3", normal(3, 4), of="normalize", p=3.0, axis=0)


def convolutions() -> Iterator[Case]:
    line, plane, space = normal(2, 4, 7), normal(2, 4, 5, 6), normal(1, 2, 3, 4, 3)
    yield same("conv1d", line, normal(3, 4, 3), normal(3))
    yield same("conv1d-one", line[0], normal(3, 4, 2), normal(3), of="conv1d", padding=1)
    yield same("conv1d-same", line, normal(4, 2, 3), of="conv1d", padding="same", dilation=2, groups=2)
    yield same("conv2d", plane, normal(3, 4, 3, 2), normal(3))
    yield same("conv2d-stride", plane, normal(3, 4, 3, 2), of="conv2d", stride=(2, 3), padding=(1, 0))
    yield same("conv2d-groups", plane, normal(6, 2, 2, 3), normal(6), of="conv2d", groups=2, dilation=(2, 1), padding=1)
    yield same("conv2d-depthwise", plane, normal(4, 1, 2, 2), of="conv2d", groups=4, padding="valid")
    yield same("conv3d", space, normal(2, 1, 2, 3, 1), normal(2), of="conv3d", groups=2, stride=(1, 2, 1), padding=1)
    yield same("conv_transpose1d", line, normal(4, 3, 3), normal(3), of="conv_transpose1d", stride=2, output_padding=1)
    yield same("conv_transpose1d-one", line[0], normal(4, 1, 3), of="conv_transpose1d", groups=2, padding=1)
    yield same("conv_transpose2d", plane, normal(4, 3, 2, 3), normal(3))
    yield same(
        "conv_transpose2d-all",
        plane,
        normal(4, 3, 3, 2),
        normal(6),
        of="conv_transpose2d",
        stride=(2, 3),
        padding=(1, 0),
        output_padding=(0, 2),
        groups=2,
        dilation=(1, 2),
    )
    yield same("conv_transpose3d", space, normal(2, 1, 2, 1, 2), of="conv_transpose3d", stride=2, padding=(0, 0, 1))


def poolings() -> Iterator[Case]:
    line, plane, space = normal(2, 3, 7), normal(2, 3, 5, 6), normal(2, 3, 4, 3)
    for kind in ("avg", "max"):
        yield same(f"{kind}_pool1d", line, kernel_size=2)
        yield same(f"{kind}_pool1d-overlap", line, of=f"{kind}_pool1d", kernel_size=3, stride=1, padding=1)
        yield same(f"{kind}_pool2d", plane, kernel_size=(2, 3))
        yield same(
            f"{kind}_pool2d-ceil", plane, of=f"{kind}_pool2d", kernel_size=3, stride=2, padding=1, ceil_mode=True
        )
        yield same(f"{kind}_pool2d-ceil-2", plane, of=f"{kind}_pool2d", kernel_size=2, stride=(3, 4), ceil_mode=True)
        yield same(f"{kind}_pool3d", space, kernel_size=(3, 2, 2), stride=1)
    yield same(
        "avg_pool2d-without",
        plane,
        of="avg_pool2d",
        kernel_size=3,
        stride=2,
        padding=1,
        ceil_mode=True,
        count_include_pad=False,
    )
    yield same("max_pool1d-dilation", line, of="max_pool1d", kernel_size=2, dilation=3, padding=1, stride=2)
    yield same("max_pool2d-dilation", plane, of="max_pool2d", kernel_size=2, dilation=(2, 1), stride=1)


def attentions() -> Iterator[Case]:
    q, k, v = normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 3)
    yield attention("attention", q, k, v)
    yield attention("attention-matrices", q[0], k[0], v[0], scale=0.3)
    yield attention("attention-heads", normal(2, 2, 3, 4), normal(2, 2, 5, 4), normal(2, 2, 5, 4))
    yield attention("attention-causal", q, k, v, is_causal=True)
    yield attention("attention-causal-tall", normal(5, 4), normal(3, 4), normal(3, 2), is_causal=True)
    yield attention("attention-bias", q, k, v, normal(3, 5))
    yield attention("attention-mask", q, k, v, rng.random((2, 3, 5)) < 0.7)
    yield attention("attention-empty-row", q, k, v, np.arange(3)[:, None] > np.zeros(5))


def tables() -> Iterator[Case]:
    yield embedding("embedding", np.array([[1, 0, 1], [3, 3, 2]]), normal(4, 3))


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
    *activations(),
    *losses(),
    *normalizations(),
    *convolutions(),
    *poolings(),
    *attentions(),
    *tables(),
]  # fmt: skip

TIES = np.array([-6.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0])
STEPS = rng.integers(0, 2, (2, 3, 8, 6)).astype(float)
HUGE = np.array([-1e4, -800.0, -1e-300, 0.0, 1e-300, 800.0, 1e4])

# Compared in the first order alone: what is not the derivative of its values, and where torch has another second one
FIRST = [
    *(
        same(f"{name}-{at}", xs, of=name)
        for name in ("celu", "elu", "selu")
        for at, xs in (("far", HUGE), ("tie", TIES))
    ),
    same("mish-far", HUGE, of="mish"),
    along("normalize-zero", np.array([[0.0, 0.0], [3.0, 4.0]]), of="normalize", axis=1),
    along("cosine-zero", np.zeros((2, 3)), normal(2, 3), of="cosine_similarity", axis=1),
    *each_reduction("bce-plain", "binary_cross_entropy", undecided(3, 4), undecided(3, 4)),
    same("bce-plain-ends", np.array([0.0, 0, 0, 1, 1, 1]), np.array([0, 0.5, 1] * 2), of="binary_cross_entropy"),
    embedding("embedding-padding", np.array([1, 0, 3]), normal(4, 2), padding_idx=1),
    embedding("embedding-padding-last", np.array([1, 0, 3]), normal(4, 2), padding_idx=-1),
    *(
        same(f"hardsigmoid-{at}", xs, of="hardsigmoid")._replace(bound=5e7)  # torch's slope is 1 / 6 in float32
        for at, xs in (("ties", TIES), ("between", np.array([-4.0, -2.0, 0.0, 2.0])))
    ),
]

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
    *(same(name, HUGE) for name in ("logsigmoid", "softsign", "tanhshrink")),
    *(same(name, TIES) for name in ("leaky_relu", "logsigmoid", "mish", "relu6", "softsign", "tanhshrink")),
    *(same(name, TIES) for name in ("hardshrink", "hardswish", "hardtanh", "softshrink")),
    *(
        same(f"{name}-ties", TIES, np.zeros(11), of=name, reduction="none")
        for name in ("l1_loss", "smooth_l1_loss", "huber_loss")
    ),
    *(same(f"{kind}_pool2d-ties", STEPS, of=f"{kind}_pool2d", kernel_size=3, padding=1) for kind in ("avg", "max")),
    same("max_pool1d-ties", STEPS[0], of="max_pool1d", kernel_size=4, stride=1),
    attention("attention-inf", normal(3, 4), normal(5, 4), normal(5, 2), np.full((3, 5), [-INF, 0.0, -INF, 1.0, 2.0])),
    Case("layer_norm-constant", *layer_norms((3,), 1e-5), (np.full((2, 3), 7.0),)),
]
