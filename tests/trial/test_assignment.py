"""The 58 tests of assignment: values against NumPy, gradients against torch or against differences of NumPy's values.

A program works on a buffer x of shape (4, 5, 3) and a vector u of shape (3,), of any of the three libraries; it returns
what is to be looked at.
"""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from torch import func

import plugrad as pg
from plugrad.errors import PlugradError

from .helpers import backward, floats, jvp, leaf, raw, requires_grad, same

R = np.random.default_rng(0).normal(size=(4, 5, 3))
U = np.random.default_rng(2).normal(size=(3,))


# ------------------------------------------------------------------------------------------------------------- programs


def chain(x, u):
    x[0][1] = u
    return [x]


def chain3(x, u):
    x[0][1][2] = u[1]
    return [x]


def overlap(x, u):
    a, b = x[:3], x[1:]
    a[1] = u
    b[0, 2] = u * u
    a[2][...] = 7.0
    return [x, a, b]


def dead(x, u):
    v = x[1:][::2][0]
    gc.collect()
    v[2] = u
    x[1] = v * 2.0
    return [x, v]


def before_after(x, u):
    a = x[1]
    x[1, 0] = u
    b = x[1]
    x[1, 1] = u * u
    return [x, a, b, a * b]


def used_before(x, u):
    a = x[1]
    y = a * a
    a[0] = u
    return [x, y, a]


def ellipsis(x, u):
    x[..., 1][2] = u[0]
    x[...][1, 2] = u
    return [x]


def newaxis(x, u):
    v = x[None, 1, :, None]
    v[0, 2] = u
    return [x, v]


def negative(x, u):
    v = x[-2][-1]
    v[-1] = u[0]
    x[1:4:2][1, -2] = u
    return [x, v]


def iadd(x, u):
    x[0][1] += u
    v = x[2]
    v *= 2.0
    x[1:3] += u
    return [x, v]


def overlapping_value(x, u):
    x[1:] = x[:-1]
    x[0][1:] = x[0][:-1]
    x[0, 0] = u
    return [x]


def self_square(x, u):
    v = x[0]
    v[...] = v * v
    v[1] = u
    return [x, v * x[0]]


def advanced_last(x, u):
    x[1:][np.array([0, 2]), 1] = u
    return [x]


def swap(x, u):
    t = x[0] * 1.0
    x[0] = x[1]
    x[1] = t
    x[0, 0] = u
    return [x]


def detached(x, u):
    return [x, x[1] if isinstance(x, np.ndarray) else x[1].detach()]


def loop(x, u):
    for i in range(3):
        x[i + 1, 0] = x[i, 0] * 0.5 + u
    return [x]


def popped(x, u):
    y = (pg.reshape(x, (60,)) if isinstance(x, pg.Tensor) else x.reshape(60)) * 1.0
    v = y
    for _ in range(40):
        v = v[1:]
    v[:3] = u
    return [y, v]


def reversed_(x, u):
    v = x[::-1]
    v[0, 1] = u
    w = v[1:][::-2]
    w[0] = u * u
    return [x, v, w]


def empty(x, u):
    v = x[2:2]
    v[...] = 3.0
    w = x[None][:0]
    w[...] = 1.0
    x[0][4:1:-1][::2][1] = u
    assert x[-10::-1].shape == (0, 5, 3)
    return [x]


PROGRAMS = [
    chain,
    chain3,
    overlap,
    dead,
    before_after,
    ellipsis,
    newaxis,
    negative,
    iadd,
    advanced_last,
    swap,
    detached,
    loop,
    popped,
]
# torch knows no negative steps, and refuses to differentiate the others
REFUSED_BY_TORCH = [reversed_, used_before, overlapping_value, self_square, empty]


def total(outs, sum_):
    """A loss that sees every result."""
    return sum(sum_(o * (o * (k + 1.0))) for k, o in enumerate(outs))


@pytest.mark.parametrize("program", PROGRAMS + REFUSED_BY_TORCH, ids=lambda p: p.__name__)
def test_numpy_values(program):
    for ours, want in zip(program(floats(R), floats(U)), program(R.copy(), U.copy()), strict=True):
        same(ours, want)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_torch(program):
    def ours(r, u):
        return total(program(r * 1.0, u), pg.sum)

    def theirs(r, u):
        return total(program(r * 1.0, u), torch.sum)

    def filled(u):  # the buffer is a constant at first
        return ours(floats(R), u)

    def by_backward(r, u):
        leaves = [requires_grad(r), requires_grad(u)]
        loss = ours(*leaves)
        loss.backward()
        return loss, [np.zeros(w.shape) if w.grad is None else w.grad for w in leaves]

    def at(u):
        return theirs(r, u)

    r, u, t = torch.tensor(R), torch.tensor(U), torch.tensor(U * 2)
    gradients, value = func.grad_and_value(theirs, (0, 1))(r, u)
    for how in (pg.value_and_grad(ours, argnums=(0, 1)), by_backward):
        got = how(floats(R), floats(U))
        same(got[0], value)
        same(got[1][0], gradients[0])
        same(got[1][1], gradients[1])
    same(pg.grad(filled)(floats(U)), func.grad(at)(u))
    for ours_, theirs_ in ((filled, at), (pg.grad(filled), func.grad(at))):
        for a, b in zip(jvp(ours_, floats(U), floats(U * 2)), func.jvp(theirs_, (u,), (t,)), strict=True):
            same(a, b)
    us = np.stack([U, 2 * U, -U])
    samples = torch.tensor(us)  # torch's vmap refuses a plain buffer: sample by sample
    same(pg.vmap(filled)(floats(us)), torch.stack([at(s) for s in samples]))
    each = torch.stack([func.grad(at)(s) for s in samples])
    same(pg.vmap(pg.grad(filled))(floats(us)), each)
    same(pg.vmap(pg.grad(ours, argnums=1))(floats(np.stack([R] * 3)), floats(us)), each)


@pytest.mark.parametrize("program", REFUSED_BY_TORCH, ids=lambda p: p.__name__)
def test_refused_by_torch(program):
    def f(r, u, sum_=pg.sum):
        return total(program(r * 1.0, u), sum_)

    def difference(direction_r, direction_u, step=1e-6):
        up, down = (f(R + s * direction_r, U + s * direction_u, np.sum) for s in (step, -step))
        return (up - down) / (2 * step)

    def filled(u):
        return f(floats(R), u)

    for g in (
        pg.grad(filled)(floats(U)),
        pg.vmap(pg.grad(filled))(floats(np.stack([U, U])))[1],
        pg.vmap(pg.grad(f, argnums=1))(floats(R[None]), floats(U[None]))[0],
    ):
        np.testing.assert_allclose(raw(g), [difference(0.0, unit) for unit in np.eye(3)], atol=1e-5)
    direction = np.random.default_rng(5).normal(size=R.shape)
    want = difference(direction, 0.0)
    gradient = pg.grad(lambda r: f(r, floats(U)))(floats(R))
    np.testing.assert_allclose((raw(gradient) * direction).sum(), want, atol=1e-5)
    np.testing.assert_allclose(raw(jvp(lambda r: f(r, floats(U)), floats(R), floats(direction))[1]), want, atol=1e-5)


# ----------------------------------------------- leaves, in both libraries: w is a leaf, back(loss) gives its gradient


def leaf_write(w, no_grad, back, sum_):
    w[0] = 1.0
    return [w]


def leaf_view(w, no_grad, back, sum_):
    v = w[0]
    v[1] = 1.0
    return [w]


def leaf_quiet(w, no_grad, back, sum_):
    with no_grad():
        w[0] = 9.0
    return [w, back(sum_(w * w))]


def leaf_step(w, no_grad, back, sum_):
    with no_grad():
        w -= w * 0.5
    return [w, back(sum_(w * w))]


def leaf_view_quiet(w, no_grad, back, sum_):
    v = w[0]
    with no_grad():
        v[1] = 9.0
    return [w, v, back(sum_(w * w) + sum_(v * 3.0))]


def leaf_detach(w, no_grad, back, sum_):
    w.detach()[0, 1] = 8.0
    return [w, back(sum_(w * w))]


def deep_quiet(w, no_grad, back, sum_):
    y = w * 2.0
    v = y[1]
    u = v[1:]
    with no_grad():
        u[0] = 5.0
    return [y, v, u, back(sum_(y) + sum_(v) + sum_(u) * 3.0)]


def detach_sees(w, no_grad, back, sum_):
    y = w * 2.0
    d = y.detach()
    e = d[0]
    y[0] = w[1] * 3.0
    return [y, d, e, back(sum_(y * d))]


def detach_writes(w, no_grad, back, sum_):
    y = w * 2.0
    v = y[0]
    d = y.detach()
    d[0, 1] = 50.0
    return [y, v, d, back(sum_(y) + sum_(v * 2.0))]


def zero_d(w, no_grad, back, sum_):
    y = sum_(w) * 1.0
    v = y[...]
    v[...] = w[0, 1] * 3.0
    y *= 2.0
    return [y, v, back(y * y)]


REFUSED_BY_BOTH = [leaf_write, leaf_view]
ALLOWED = [
    leaf_quiet,
    leaf_step,
    leaf_view_quiet,
    leaf_detach,
    deep_quiet,
    detach_sees,
    detach_writes,
    zero_d,
]


def back_to(w):
    def back(loss):
        loss.backward()
        return w.grad

    return back


@pytest.mark.parametrize("program", REFUSED_BY_BOTH + ALLOWED, ids=lambda p: p.__name__)
def test_leaves(program):
    values = np.arange(6.0).reshape(2, 3)
    theirs = torch.tensor(values, requires_grad=True)
    if program in REFUSED_BY_BOTH:
        w = leaf(values)
        with pytest.raises(RuntimeError):
            program(theirs, torch.no_grad, back_to(theirs), torch.sum)
        with pytest.raises(PlugradError):
            program(w, pg.no_grad, back_to(w), pg.sum)
        return
    want = raw(program(theirs, torch.no_grad, back_to(theirs), torch.sum))
    for seen_elsewhere in (False, True):  # where nobody else sees the raw array, it is written in place
        w = leaf(values)
        held = w.data if seen_elsewhere else None
        for a, b in zip(program(w, pg.no_grad, back_to(w), pg.sum), want, strict=True):
            same(a, b)
        assert held is None or np.array_equal(raw(pg.Tensor(held, w.by)), values)


# ------------------------------------------------------------------------------------------------------ what stays true


def test_saved_stays_true():
    """torch raises here; we give the answer of the time."""
    w = leaf([1.0, 2.0])
    y = w * 1.0
    z = y * y
    y[0] = 100.0
    same(backward(pg.sum(z), w), [2.0, 4.0])
    w.grad = None
    c = floats([3.0, 4.0])
    z = w * c
    c[0] = 0.0
    v = c[1:]
    v[0] = 0.0
    same(backward(pg.sum(z), w), [3.0, 4.0])


@pytest.mark.numpy
def test_raw_seen_elsewhere():
    a = np.zeros(3)
    x = pg.asarray(a, copy=False)
    x[0] = 1.0
    assert a[0] == 0
    y = pg.asarray(x, copy=True)
    x[1] = 1.0
    same(y, [1, 0, 0])
    r = x.data
    x[2] = 5.0
    assert r[2] == 0
    memory = memoryview(x.data)
    x[0] = 9.0
    assert memory[0] == 1.0
    del memory
    t = pg.matrix_transpose(floats(np.zeros((2, 2))))
    t[0, 1] = 4.0
    same(t, [[0, 4], [0, 0]])
    v = floats(np.zeros(4))
    k = v[1:]
    seen = k.data
    k[0] = 3.0
    assert seen[0] == 0
    same(v, [0, 3, 0, 0])


def test_failed_write_leaves_all():
    x = floats(np.zeros(3))
    v, w = x[1:], x[1:]
    for target, index, value in ((x, 7, 1.0), (v, 5, 1.0), (v, 0, np.ones(2)), (v, 0, 1j)):
        with pytest.raises((PlugradError, IndexError, ValueError)):
            target[index] = value
        same(x, [0, 0, 0])
        same(v, [0, 0])
        same(w, [0, 0])


def test_views_are_forgotten():
    x = floats(np.zeros(3))
    for _ in range(1000):
        x[1]
    assert len(x.kin) == 0


@pytest.mark.parametrize(
    "transform",
    [
        pytest.param(lambda f: pg.vmap(f)(floats(np.ones(2))), id="vmap"),
        pytest.param(lambda f: jvp(f, floats(1.0), floats(1.0)), id="jvp"),
    ],
)
def test_older_buffer(transform):
    b = floats(np.zeros(3))
    v = b[1:]

    def f(x):
        v[0] = x
        return x

    transform(f)
    for t in (b, v):
        with pytest.raises(PlugradError):
            t * 1.0


def test_older_buffer_grad():
    b = floats(np.zeros(3))
    v = b[1:]

    def f(x):
        v[0] = x
        return x * 1.0

    pg.grad(f)(floats(1.0))
    with pytest.raises(PlugradError):
        pg.sum(b * b).backward()
    w = leaf(2.0)
    with pytest.raises(PlugradError):
        pg.sum(b * w).backward()


def test_lifted_into_leaf():
    w = leaf(np.zeros(2))

    def f(x):
        with pg.no_grad():
            w[0] = x
        return x

    with pytest.raises(PlugradError):
        pg.vmap(f)(floats(np.ones(2)))
    same(w * 1.0, [0, 0])


def test_no_grad_inside_transforms():
    def quiet_write(sum_, no_grad):
        def f(x):
            y = x * 2.0
            v = y[1:]
            with no_grad():
                v[0] = 5.0
            return sum_(y * y) + sum_(v)

        return f

    def product_with_detached(x):
        return (x.detach() * x).sum()

    ours, theirs = quiet_write(pg.sum, pg.no_grad), quiet_write(torch.sum, torch.no_grad)
    x = np.array([1.0, 2.0, 3.0])
    xs = np.stack([x, -x])
    X, XS, x_torch, xs_torch = floats(x), floats(xs), torch.tensor(x), torch.tensor(xs)
    same(pg.grad(ours)(X), func.grad(theirs)(x_torch))
    same(pg.vmap(pg.grad(ours))(XS), func.vmap(func.grad(theirs))(xs_torch))
    same(
        pg.grad(lambda z: pg.sum(pg.vmap(ours)(z)))(XS),
        func.grad(lambda z: func.vmap(theirs)(z).sum())(xs_torch),
    )
    for f, g in (
        (ours, theirs),
        (pg.grad(ours), func.grad(theirs)),
        (product_with_detached, product_with_detached),
    ):
        for a, b in zip(jvp(f, X, X), func.jvp(g, (x_torch,), (x_torch,)), strict=True):
            same(a, b)
    same(pg.vmap(pg.grad(product_with_detached))(XS), xs)


def test_transpose_is_a_value():
    """The trap: NumPy and torch write through."""
    x = floats(np.zeros((2, 2)))
    pg.matrix_transpose(x)[0, 1] = 1.0
    same(x, np.zeros((2, 2)))
