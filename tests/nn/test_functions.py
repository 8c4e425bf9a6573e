"""nn's functions one by one: classes and their bounds, nothing to sum, where torch gives up, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import nn
from plugrad.errors import DTypeError, IndexingError, ShapeError, ValidationError

from .cases import BCE, CLASSES, normal

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

LINE, SQUARE = pg.ones((1, 1, 4)), pg.ones((2, 2))
attend = nn.scaled_dot_product_attention

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

REFUSED_LAYERS: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("embedding-table", lambda: nn.embedding([0], LINE), ShapeError, r"weight is a table \(n, m\), not of the shape"),
    ("embedding-row", lambda: nn.embedding([2], SQUARE), IndexingError, "there is no row 2"),
    ("embedding-padding", lambda: nn.embedding([0], SQUARE, padding_idx=2), IndexingError, "from -2 to 1, not 2"),
    ("one_hot-none", lambda: nn.one_hot([0], 0), ShapeError, "num_classes is a number of places from 1 on, not 0"),
    ("one_hot-place", lambda: nn.one_hot([3], 3), IndexingError, "there is no place 3"),
    ("one_hot-nothing", lambda: nn.one_hot(pg.zeros(0, dtype=pg.int64)), ShapeError, "places from 1 on, not -1"),
    ("celu", lambda: nn.celu(1.0, 0), ValidationError, "celu: alpha is what x is divided by"),
    ("hardtanh", lambda: nn.hardtanh(1.0, 1.0, 1.0), ValidationError, "min_val = 1.0 is not below max_val = 1.0"),
    ("glu", lambda: nn.glu(pg.ones(3)), ShapeError, r"axis 0 of the shape \(3,\) cannot be halved"),
    ("group_norm", lambda: nn.group_norm(pg.ones((1, 4)), 3), ShapeError, r"3 groups of the channels of .*\(1, 4\)"),
    ("instance_norm", lambda: nn.instance_norm(SQUARE), ShapeError, r"\(2, 2\) is not \(N, C, ...\)"),
    (
        "attention-mask",
        lambda: attend(*[SQUARE] * 3, pg.asarray([[0, 1]])),
        DTypeError,
        "boolean or floating, not int64",
    ),
    ("pool-bool", lambda: nn.max_pool1d(LINE > 0, 2), DTypeError, "max_pool1d: takes real numbers, got bool"),
    (
        "conv-channels",
        lambda: nn.conv1d(LINE, pg.ones((1, 2, 2))),
        ShapeError,
        r"\(1, 2, 2\) in 1 groups; they must be",
    ),
    ("conv-axes", lambda: nn.conv2d(LINE, SQUARE), ShapeError, r"conv2d: x of shape \(1, 1, 4\) .* each has 4 axes"),
    ("conv-groups", lambda: nn.conv1d(LINE, LINE, groups=0), ValidationError, "groups is an int from 1 on, not 0"),
    ("transpose-channels", lambda: nn.conv_transpose1d(LINE, pg.ones((2, 1, 2))), ShapeError, "the groups divide c"),
    ("transpose-more", lambda: nn.conv_transpose1d(LINE, LINE, output_padding=1), ShapeError, r"\(1,\) is not below"),
    ("transpose-padding", lambda: nn.conv_transpose1d(LINE, LINE, padding=4), ShapeError, r"sizes \(-1,\); pad less"),
    ("kl-0d", lambda: nn.kl_div(0.0, 1.0, "batchmean"), ShapeError, r"shape \(\) are no batch; take reduction='sum'"),
    ("kl-shapes", lambda: nn.kl_div(pg.ones((2, 3)), pg.ones(3)), ShapeError, r"\(2, 3\) and target .*\(3,\); reshape"),
    ("huber-delta", lambda: nn.huber_loss(pg.ones(2), pg.ones(2), delta=0), ValidationError, "delta is above 0, not 0"),
    (
        "attention-masks",
        lambda: attend(*[pg.ones((2, 2))] * 4, is_causal=True),
        ValidationError,
        "is_causal is a mask; give it or attn_mask",
    ),
    (
        "attention-shapes",
        lambda: attend(*[pg.ones((2, 2))] * 2, pg.ones((3, 2))),
        ShapeError,
        r"\(2, 2\), \(2, 2\) and \(3, 2\)",
    ),
    (
        "pool-axes",
        lambda: nn.max_pool2d(pg.ones(4), 2),
        ShapeError,
        r"max_pool2d: a window over 2 axes in an array of shape \(4,\)",
    ),
    (
        "pool-padding",
        lambda: nn.avg_pool1d(LINE, 2, padding=2),
        ShapeError,
        r"spans \[2\] is padded by \(2,\); at most half",
    ),
    ("pool-window", lambda: nn.avg_pool1d(LINE, 5), ShapeError, r"spans \[5\] does not fit into \(4,\)"),
    (
        "pool-kernel",
        lambda: nn.max_pool2d(pg.ones((1, 1, 4, 4)), (2, 2, 2)),
        ShapeError,
        "an int from 1 on, or 2 of them, not",
    ),
    ("conv-stride", lambda: nn.conv1d(LINE, pg.ones((1, 1, 2)), stride=0), ShapeError, "stride is an int from 1 on"),
    (
        "conv-same",
        lambda: nn.conv1d(LINE, pg.ones((1, 1, 2)), stride=2, padding="same"),
        ValidationError,
        r"stride of \(2,\); give ints, not 'same'",
    ),
    ("conv-kernel", lambda: nn.conv1d(LINE, pg.ones((1, 1, 5))), ShapeError, r"spans \(5,\) does not fit into \(4,\)"),
]


@pytest.mark.parametrize("call, error, match", [pytest.param(*r[1:], id=r[0]) for r in REFUSED + REFUSED_LAYERS])
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
