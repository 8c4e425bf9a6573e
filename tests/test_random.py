"""One stream for all backends: which numbers come, how they are distributed, and where they may be drawn."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import random
from plugrad.errors import (
    BackendNotFoundError,
    DTypeError,
    ShapeError,
    TracingError,
    TransformError,
    ValidationError,
)
from plugrad.random import Generator

DRAWS: dict[str, Callable[..., Any]] = {
    "normal": lambda **kw: random.normal((3, 2), 1.0, 2.0, **kw),
    "uniform": lambda **kw: random.uniform((3, 2), -1.0, 3.0, **kw),
    "integers": lambda **kw: random.integers((3, 2), -5, 100, **kw),
    "permutation": lambda **kw: random.permutation(6, **kw),
    "bernoulli": lambda **kw: random.bernoulli((3, 2), 0.3, **kw),
}

each_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


@pytest.fixture(autouse=True)
def _default_generator_stays() -> Iterator[None]:
    before = random.default_generator()
    yield
    random._default = before


# ------------------------------------------------------------------------------------------------------- which numbers


def philox(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (DRAWS["normal"], lambda g: 1 + 2 * g.standard_normal((3, 2))),
        (DRAWS["uniform"], lambda g: -1 + 4 * g.random((3, 2))),
        (DRAWS["integers"], lambda g: g.integers(-5, 100, (3, 2))),
        (DRAWS["permutation"], lambda g: g.permutation(6)),
        (DRAWS["bernoulli"], lambda g: g.random((3, 2)) < 0.3),
    ],
    ids=DRAWS,
)
def test_numbers_are_those_of_numpys_philox_on_every_backend(ours: Any, theirs: Any, backend: str) -> None:
    x = ours(generator=Generator(7))
    assert x.backend == backend
    assert x.tolist() == theirs(philox(7)).tolist()


@pytest.mark.parametrize("name", ["normal", "uniform"])
def test_float32_is_float64_rounded(name: str) -> None:
    wide, narrow = (DRAWS[name](generator=Generator(7), dtype=dtype) for dtype in (pg.float64, pg.float32))
    assert narrow.dtype is pg.float32
    assert narrow.tolist() == pg.astype(wide, pg.float32).tolist()


def test_dtypes_if_none_is_said() -> None:
    assert [draw().dtype.name for draw in DRAWS.values()] == ["float64", "float64", "int64", "int64", "bool"]
    pg.set_default_dtype(pg.float32)
    try:
        assert random.normal(2).dtype is pg.float32
    finally:
        pg.set_default_dtype(pg.float64)


@pytest.mark.parametrize("dtype", [pg.uint8, pg.int16], ids=lambda d: d.name)
def test_integers_are_the_same_in_every_dtype(dtype: Any) -> None:
    here, there = (random.integers(5, 0, 200, generator=Generator(7), dtype=d) for d in (pg.int64, dtype))
    assert there.dtype is dtype
    assert here.tolist() == there.tolist()


def test_bernoulli_of_numbers() -> None:
    x = random.bernoulli(8, 0.5, dtype=pg.float32, generator=Generator(7))
    assert x.dtype is pg.float32
    assert set(x.tolist()) == {0.0, 1.0}
    assert random.bernoulli(8, 0.0).tolist() == [False] * 8


def test_high_does_not_come_out_where_rounding_reaches_it() -> None:
    class Top(Generator):
        def __init__(self) -> None:
            self._host = type("Host", (), {"random": staticmethod(lambda shape: np.full(shape, 1 - 2**-53))})()  # type: ignore[assignment]

    for dtype, low, high in ((pg.float32, 0.0, 1.0), (pg.float32, -1.0, 3.0), (pg.float64, 1.0, 2.0)):
        x = random.uniform(2, low, high, dtype=dtype, generator=Top())
        assert x.tolist() == [float(np.nextafter(np.asarray(high, dtype.name), low))] * 2


def test_requires_grad() -> None:
    w = random.normal(3, requires_grad=True)
    pg.sum(w * w).backward()
    assert w.grad.tolist() == (2 * w.detach()).tolist()


# ------------------------------------------------------------------------------------------------------- distributions


def test_moments() -> None:
    n = 40_000  # errors of the mean are 5 of its deviations at most
    g = Generator(0)
    normal = random.normal(n, 3.0, 2.0, generator=g).numpy()
    assert abs(normal.mean() - 3) < 5 * 2 / n**0.5
    assert abs(normal.std() - 2) < 5 * 2 / n**0.5
    uniform = random.uniform(n, -1, 3, generator=g).numpy()
    assert abs(uniform.mean() - 1) < 5 * 2 / n**0.5
    assert uniform.min() >= -1
    assert uniform.max() < 3
    assert abs(random.bernoulli(n, 0.3, generator=g).numpy().mean() - 0.3) < 5 * 0.5 / n**0.5
    dice = np.bincount(random.integers(n, 1, 7, generator=g).numpy(), minlength=7)
    assert dice[0] == 0
    assert np.all(abs(dice[1:] / n - 1 / 6) < 5 * 0.4 / n**0.5)
    assert sorted(random.permutation(100, generator=g).tolist()) == list(range(100))


# ---------------------------------------------------------------------------------------------------------- generators


@each_draw
def test_seed_starts_the_default_stream_anew(draw: Any) -> None:
    random.seed(7)
    first, second = draw(), draw()
    random.seed(7)
    assert draw().tolist() == first.tolist()
    assert draw().tolist() == second.tolist()
    assert draw(generator=Generator(7)).tolist() == first.tolist()


def test_handed_in_generator_leaves_the_default_one_alone() -> None:
    random.seed(7)
    first = random.normal(3)
    random.seed(7)
    random.normal(100, generator=Generator(1))
    assert random.normal(3).tolist() == first.tolist()


def test_seeds_of_the_system_differ() -> None:
    assert random.normal(3, generator=Generator()).tolist() != random.normal(3, generator=Generator()).tolist()


def test_state_comes_back() -> None:
    g = Generator(7)
    random.normal(5, generator=g)
    state = g.state
    first = random.normal(3, generator=g)
    random.integers(3, 0, 5, generator=g)
    g.state = state
    assert random.normal(3, generator=g).tolist() == first.tolist()
    other = Generator(8)
    other.state = state
    assert random.normal(3, generator=other).tolist() == first.tolist()


def test_state_is_a_copy() -> None:
    g = Generator(7)
    state = g.state
    state["state"]["counter"][:] = 5
    assert g.state["state"]["counter"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("copied", [lambda g: pickle.loads(pickle.dumps(g)), deepcopy], ids=["pickle", "deepcopy"])
def test_copies_go_on_alike_and_apart(copied: Any) -> None:
    g = Generator(7)
    random.normal(5, generator=g)
    other = copied(g)
    assert random.normal(3, generator=g).tolist() == random.normal(3, generator=other).tolist()
    random.normal(1, generator=g)
    assert random.normal(3, generator=g).tolist() != random.normal(3, generator=other).tolist()


def test_spawned_streams_are_known_and_different() -> None:
    def drawn(g: Generator) -> list[list[float]]:
        return [random.normal(3, generator=child).tolist() for child in (*g.spawn(2), *g.spawn(1))]

    one, other, later = drawn(Generator(7))
    assert drawn(Generator(7)) == [one, other, later]
    assert len({tuple(x) for x in (one, other, later, random.normal(3, generator=Generator(7)).tolist())}) == 4


def test_threads_share_the_default_stream_and_get_no_number_twice() -> None:
    random.seed(7)
    drawn: list[list[float]] = []

    def work() -> None:
        drawn.extend(random.uniform(5).tolist() for _ in range(200))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    numbers = sorted(x for draw in drawn for x in draw)
    assert numbers == sorted(philox(7).random(4000).tolist())


def test_importing_plugrad_does_not_load_numpys_generators() -> None:
    code = "import sys, plugrad; sys.exit('numpy.random' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------------------------------------- inside of transforms


@each_draw
def test_grad_and_jvp_take_draws_as_constants(draw: Any) -> None:
    random.seed(7)
    noise = pg.astype(draw(), pg.float64)
    x = pg.asarray(2.0)
    for f in (
        lambda x: pg.sum(x * pg.astype(draw(), pg.float64)),
        lambda x: pg.sum(x * pg.astype(draw(generator=Generator(7)), pg.float64)),
    ):
        random.seed(7)
        assert pg.grad(f)(x).item() == pytest.approx(pg.sum(noise).item())
        random.seed(7)
        assert pg.jvp(f, (x,), (pg.asarray(1.0),))[1].item() == pytest.approx(pg.sum(noise).item())


@each_draw
def test_vmap_refuses_the_default_generator(draw: Any) -> None:
    for f in (lambda x: x + pg.sum(draw()), pg.grad(lambda x: x * pg.sum(draw()))):
        with pytest.raises(TransformError, match=r"random\..* under vmap .* draw outside .* or pass generator="):
            pg.vmap(f)(pg.ones(3))


@each_draw
def test_vmap_hands_all_samples_one_draw_of_a_generator(draw: Any) -> None:
    g = Generator(7)
    y = pg.vmap(lambda x: x + pg.sum(draw(generator=g)), in_axes=0)(pg.zeros(3))
    assert y.tolist() == [float(pg.sum(draw(generator=Generator(7))).item())] * 3


@each_draw
@pytest.mark.parametrize("generator", [None, Generator(7)], ids=["default", "handed-in"])
@pytest.mark.parametrize("transform", [lambda f: f, pg.grad, pg.vmap], ids=["eager", "grad", "vmap"])
def test_compile_refuses_any_draw(draw: Any, generator: Any, transform: Any) -> None:
    f = pg.compile(transform(lambda x: pg.sum(x) + pg.sum(draw(generator=generator))))
    with pytest.raises(TracingError, match=r"random\..* would be the same at every call; draw outside"):
        f(pg.ones(3) if transform is pg.vmap else pg.asarray(1.0))


def test_draws_work_again_after_a_transform_failed() -> None:
    with pytest.raises(TransformError):
        pg.vmap(lambda x: x + random.normal())(pg.ones(3))
    assert random.normal().shape == ()


# ------------------------------------------------------------------------------------------------------ what is wrong

REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("seed-negative", lambda: Generator(-1), ValidationError, "not negative, not -1"),
    ("seed-float", lambda: random.seed(1.5), ValidationError, "integer .*, not 1.5"),  # type: ignore[arg-type]
    ("seed-bool", lambda: random.seed(True), ValidationError, "integer .*, not True"),
    ("state", lambda: setattr(Generator(0), "state", {"a": 1}), ValidationError, "not the state of a generator"),
    ("generator", lambda: random.normal(2, generator=np.random.default_rng(0)), ValidationError, "not Generator"),  # type: ignore[arg-type]
    ("shape", lambda: random.normal((2, -1)), ShapeError, "random.normal: sizes are not negative"),
    ("std", lambda: random.normal(2, 0, -1), ValidationError, "std not negative"),
    ("std-nan", lambda: random.normal(2, 0, np.nan), ValidationError, "std not negative"),
    ("mean-tensor", lambda: random.normal(2, pg.ones(2)), ValidationError, r"mean \+ std \* normal"),  # type: ignore[arg-type]
    ("dtype-normal", lambda: random.normal(2, dtype=pg.int64), DTypeError, "floating numbers, not int64"),
    ("dtype-complex", lambda: random.uniform(2, dtype=pg.complex64), DTypeError, "floating numbers, not complex64"),
    ("dtype-integers", lambda: random.integers(2, 0, 5, dtype=pg.float32), DTypeError, "integers, not float32"),
    ("range", lambda: random.uniform(2, 1.0, 1.0), ValidationError, "low below high in float64"),
    ("range-rounded", lambda: random.uniform(2, 1.0, 1 + 1e-12, dtype=pg.float32), ValidationError, "in float32"),
    ("range-infinite", lambda: random.uniform(2, 0.0, np.inf), ValidationError, "finite numbers"),
    ("range-too-wide", lambda: random.uniform(2, -1e308, 1e308), ValidationError, "finite numbers"),
    ("integers-empty", lambda: random.integers(2, 5, 5), ValidationError, "low = 5 is not below high = 5"),
    ("integers-int8", lambda: random.integers(2, 0, 129, dtype=pg.int8), ValidationError, "does not fit int8"),
    ("integers-int64", lambda: random.integers(2, 0, 2**64, dtype=pg.uint64), ValidationError, "does not fit int64"),
    ("integers-float", lambda: random.integers(2, 0.5, 5), ValidationError, "low is an integer, not 0.5"),  # type: ignore[arg-type]
    ("integers-none", lambda: random.integers(2, 0, None), ValidationError, "high is an integer, not None"),  # type: ignore[arg-type]
    ("permutation-float", lambda: random.permutation(2.5), ValidationError, "n is an integer, not 2.5"),  # type: ignore[arg-type]
    ("permutation-huge", lambda: random.permutation(10**30), ShapeError, "fits into no memory"),
    ("spawn", lambda: Generator(0).spawn("two"), ValidationError, "n is an integer, not 'two'"),  # type: ignore[arg-type]
    ("spawn-negative", lambda: Generator(0).spawn(-1), ValidationError, "not -1"),
    ("backend", lambda: random.normal(2, backend=["numpy"]), BackendNotFoundError, "numpy"),  # type: ignore[arg-type]
    ("permutation", lambda: random.permutation(-1), ShapeError, "not negative"),
    ("p", lambda: random.bernoulli(2, 1.5), ValidationError, "from 0 to 1, not 1.5"),
]


@pytest.mark.parametrize("call, error, match", [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_refused(call: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
