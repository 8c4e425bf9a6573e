"""Every slot is filled, a bad rule is refused, and what a rule states holds: duality, linearity, dtypes, shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import plugrad as pg
from plugrad import ops
from plugrad.dtypes import INEXACT
from plugrad.errors import ValidationError
from plugrad.ops import Op
from plugrad.rules import axes, families
from plugrad.tensor import apply
from plugrad.testing.samples import UNSAMPLED, Sample, samples

from .helpers import (
    PRIMITIVES,
    SAMPLES,
    SMOOTH,
    alike,
    boundary,
    close,
    directions,
    dot,
    eps_of,
    every,
    function,
    inner,
    leaves,
    size,
    subsets,
    tensor,
    without_native_pulls,
)

EPS = 16  # the two sides of a scalar product may differ by so many roundings of their terms

# -------------------------------------------------------------------------------------------------------- completeness


@pytest.mark.parametrize("op", PRIMITIVES, ids=lambda op: op.name)
def test_no_slot_is_empty(op: Op) -> None:
    for slot in ("pulls", "complex_pulls", "push", "batch", "keep", "result_readers", "saves"):
        getattr(op, slot)
    for pulls in (op.pulls, op.complex_pulls):
        assert op.push is None or op is ops.CONCAT or len(list(pulls)) == len(op.operands)


@pytest.mark.parametrize("op", PRIMITIVES, ids=lambda op: op.name)
def test_every_primitive_has_samples_or_a_reason(op: Op) -> None:
    found = SAMPLES[op]
    assert len({str(s) for s in found}) == len(found)
    assert bool(found) != (op in UNSAMPLED)
    assert op in UNSAMPLED or op.push is None or any(s.moving for s in found)


def test_samples_of_another_seed_have_the_same_forms_and_other_values() -> None:
    for a, b in zip(SAMPLES[ops.ADD], samples(ops.ADD, seed=1), strict=True):
        assert (a.name, [np.shape(x) for x in a.operands]) == (b.name, [np.shape(x) for x in b.operands])
    assert not np.array_equal(SAMPLES[ops.ADD][0].operands[0], samples(ops.ADD, seed=1)[0].operands[0])


def test_primitives_of_others_have_no_samples() -> None:
    with pytest.raises(ValidationError, match="theirs"):
        samples(Op("theirs", ("x",), (), "any"))


def _one() -> Op:
    return Op("one", ("x",), ("axis", "keepdims"), "any")


def _two() -> Op:
    return Op("two", ("a", "b"), (), "shared")


REFUSED: dict[str, Callable[[], None]] = {
    "elementwise": lambda: families.elementwise(_one(), lambda z: z),
    "elementwise, second operand": lambda: families.elementwise(_two(), lambda b: b, lambda x: x),
    "elementwise, too few": lambda: families.elementwise(_two(), lambda b: b),
    "elementwise, too many": lambda: families.elementwise(_one(), lambda y: y, lambda y: y),
    "real_valued": lambda: families.real_valued(_one(), lambda a: a),
    "linear": lambda: families.linear(_one(), lambda ct, axes: ct, batch=axes.same(_one())),
    "linear, too few": lambda: families.linear(_two(), lambda ct: ct, batch=axes.same(_two())),
    "linear_in_all": lambda: families.linear_in_all(_one(), lambda xp, ct, i, edge, axes: ct, axes.same(_one())),
    "bilinear": lambda: families.bilinear(_two(), lambda ct, b: ct, lambda ct, c: ct, axes.same(_two())),
    "symmetric": lambda: families.symmetric(_one(), lambda ct, t: ct, axes.same(_one())),
    "reduction": lambda: families.reduction(_one(), lambda xp, z: z),
    "custom, vjp": lambda: families.custom(_one(), lambda ct, z: z, lambda ct: ct, axes.same(_one())),
    "custom, jvp": lambda: families.custom(_one(), lambda ct: ct, lambda ct, z: z, axes.same(_one())),
}


@pytest.mark.parametrize("register", REFUSED.values(), ids=REFUSED)
def test_a_rule_that_does_not_fit_its_operation_is_refused(register: Callable[[], None]) -> None:
    with pytest.raises(ValidationError, match=r"one|two"):
        register()


# -------------------------------------------------------------------------------------------- what every rule must obey


@every(inner, SMOOTH)
def test_reverse_and_forward_are_dual(sample: Sample) -> None:
    """Re<u, J v> = Re<J^T u, v>, for every choice of operands; derivatives have the operands' shapes and dtypes."""
    for moving in subsets(sample.moving):
        f, xs = function(sample, moving)
        vs = directions(sample, xs, "v")
        ys, ts = pg.jvp(f, xs, vs)
        us = directions(sample, ys, "u")
        gs = pg.vjp(f, *xs)[1](us)
        alike(ts, ys)
        alike(gs, xs)
        scale = eps_of(*xs, *ys) * max(1, size(us, ts) + size(gs, vs))
        assert abs(float(dot(us, ts)) - float(dot(gs, vs))) <= EPS * scale


@every(inner, SMOOTH)
def test_pullback_and_pushforward_are_linear(sample: Sample) -> None:
    f, xs = function(sample)
    ys, pull = pg.vjp(f, *xs)
    for of, apply_to in ((ys, pull), (xs, lambda ts: pg.jvp(f, xs, ts)[1])):
        u, w = directions(sample, of, "u"), directions(sample, of, "w")
        together = apply_to(tuple(-3.0 * a + b for a, b in zip(u, w, strict=True)))
        apart = [-3.0 * a + b for a, b in zip(apply_to(u), apply_to(w), strict=True)]
        close(together, apart, 8 * EPS)


@every(inner, SMOOTH)
def test_all_paths_to_a_gradient_agree(sample: Sample) -> None:
    """Recorded rules, raw rules, the backend's native pulls, and recorded ones over level 0's own nodes."""
    f, xs = function(sample)
    ys, pull = pg.vjp(f, *xs)
    us = directions(sample, ys, "u")
    expected = pull(us)

    def ours(**how: bool) -> tuple[pg.Tensor, ...]:
        ws = leaves(xs)
        return pg.autograd.grad(f(*ws), ws, us, materialize_grads=True, **how)

    close(ours(), expected, EPS)
    close(ours(create_graph=True), expected, EPS)
    with without_native_pulls():
        close(ours(), expected, EPS)


@every(boundary, SMOOTH)
def test_raw_rules_and_native_pulls_make_the_same_choices(sample: Sample) -> None:
    f, xs = function(sample)
    ys, pull = pg.vjp(f, *xs)
    us = tuple(pg.ones_like(y) for y in ys)
    expected = pull(us)
    ws = leaves(xs)
    close(pg.autograd.grad(f(*ws), ws, us, materialize_grads=True), expected, EPS)
    with without_native_pulls():
        close(pg.autograd.grad(f(*ws), ws, us, materialize_grads=True), expected, EPS)


@pytest.mark.parametrize("op", [op for op in PRIMITIVES if op.push is None], ids=lambda op: op.name)
def test_discrete_results_have_no_history_and_no_tangent(op: Op) -> None:
    for sample in SAMPLES[op]:
        at = tuple(i for i, x in enumerate(sample.operands) if getattr(x, "dtype", None) in INEXACT)
        f, xs = function(sample, at)
        (y,) = f(*leaves(xs))
        assert not y.node
        assert y.dtype not in INEXACT or not xs
        if xs:
            assert pg.jvp(f, xs, xs)[1][0].dtype is y.dtype


@pytest.mark.parametrize("op", [ops.CEIL, ops.FLOOR, ops.FLOOR_DIVIDE, ops.ROUND, ops.TRUNC], ids=lambda op: op.name)
def test_what_is_constant_between_its_jumps_has_gradients_of_zeros(op: Op) -> None:
    for sample in SAMPLES[op]:
        f, xs = function(sample)
        ws = leaves(xs)
        found = pg.autograd.grad(f(*ws), ws, directions(sample, f(*xs)))
        close(found, [pg.zeros_like(x) for x in xs])


def test_a_cast_to_integers_ends_the_history() -> None:
    x = pg.asarray([1.0, 2.0], requires_grad=True)
    y = apply(ops.ASTYPE, x, dtype=pg.int64)
    assert "astype, which gives int64" in str(y.node)
    assert pg.jvp(lambda x: apply(ops.ASTYPE, x, dtype=pg.int64), (pg.ones(2),), (pg.ones(2),))[1].tolist() == [0, 0]


def test_an_unused_one_of_several_results_has_no_cotangent() -> None:
    x = pg.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    _, row, _ = apply(ops.UNSTACK, x, axis=0)
    assert pg.autograd.grad(row, x, tensor(np.array([1.0, -1.0])))[0].tolist() == [[0, 0], [1, -1], [0, 0]]
