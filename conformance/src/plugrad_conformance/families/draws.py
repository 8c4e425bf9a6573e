"""Random numbers: a seed gives the same on every backend, in every dtype, on every device; streams are independent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import plugrad as pg
from plugrad import random
from plugrad.errors import DTypeError, ShapeError, TracingError, TransformError, ValidationError
from plugrad.random import Generator
from plugrad.tensor import Tensor

from ..records import Check
from .asking import Row, by_row, by_rule, done, here
from .promotion import has

__all__ = ["CHECKS"]


class Draw(NamedTuple):
    """How numbers are drawn, and the first of seed 7: those of NumPy's Philox, whatever computes."""

    f: Callable[..., Tensor]
    dtype: str
    first: Any


DRAWS: dict[str, Draw] = {
    "normal": Draw(
        lambda **how: random.normal((2, 2), 1.0, 2.0, **how),
        "float64",
        [[-1.8071286700679523, 2.69683902871877], [3.6173605305826344, -1.4465276584312048]],
    ),
    "uniform": Draw(
        lambda **how: random.uniform((2, 2), -1.0, 3.0, **how),
        "float64",
        [[0.8752699478237314, 0.7045833449567387], [0.45192680333440327, -0.050584363967143275]],
    ),
    "integers": Draw(
        lambda **how: random.integers((2, 3), -5, 100, **how), "int64", [[23, 44, 97], [39, 8, 33]]
    ),
    "permutation": Draw(lambda **how: random.permutation(6, **how), "int64", [1, 0, 4, 2, 3, 5]),
    "bernoulli": Draw(
        lambda **how: random.bernoulli((2, 3), 0.3, **how), "bool", [[False] * 3, [True, True, False]]
    ),
}  # fmt: skip


@contextmanager
def _own_stream() -> Iterator[None]:
    """What is drawn within is not missed outside."""
    generator = random.default_generator()
    before = generator.state
    try:
        yield
    finally:
        generator.state = before
        random._default = generator


def _first(draw: Draw) -> None:
    x = draw.f(generator=Generator(7))
    home = here()
    done("it lies on", [x.backend, x.device], [home.name, pg.ones(1).device])
    done("it has", [x.dtype.name, x.requires_grad], [draw.dtype, False])
    done("seed 7 gives", x.tolist(), draw.first)
    for device in home.backend.devices():
        y = draw.f(generator=Generator(7), device=device)
        done(f"on {device}", [y.device, y.tolist()], [pg.ones(1, device=device).device, draw.first])


def _again(draw: Draw) -> None:
    """The default stream starts anew, goes on, and stands apart from one that is handed in."""
    with _own_stream():
        random.seed(7)
        first, second = draw.f().tolist(), draw.f().tolist()
        random.seed(7)
        draw.f(generator=Generator(1))
        done("after the same seed", [draw.f().tolist(), draw.f().tolist()], [draw.first, second])
        done("the first draw", first, draw.first)


def _constant(draw: Draw) -> None:
    """Inside of transforms: a constant to derivatives, one for all samples, and refused where it would be frozen."""
    noise = float(pg.sum(pg.astype(draw.f(generator=Generator(7)), pg.float64)))

    def f(x: Tensor, generator: Generator | None) -> Tensor:
        return x * pg.sum(pg.astype(draw.f(generator=generator), pg.float64))

    found = [
        pg.grad(lambda x: f(x, Generator(7)))(2.0).item(),
        pg.jvp(lambda x: f(x, Generator(7)), (pg.asarray(2.0),), (pg.asarray(1.0),))[1].item(),
        pg.vmap(lambda x: f(x, Generator(7)))(pg.ones(2)).tolist(),
    ]
    done("grad, jvp, vmap give", found, [noise, noise, [noise, noise]])
    for transform, error in ((pg.vmap, TransformError), (pg.compile, TracingError)):
        try:
            transform(lambda x: f(x, None))(pg.ones(2))
        except error:
            continue
        done(f"a draw under {transform.__name__}", "a number", error.__name__)


def _narrow(name: str) -> Callable[[], Any]:
    def program() -> Any:
        has("float32")
        f = DRAWS[name].f
        wide, narrow = (f(generator=Generator(7), dtype=dtype) for dtype in (pg.float64, pg.float32))
        return narrow.dtype is pg.float32, narrow.tolist() == pg.astype(wide, pg.float32).tolist()

    return program


def of_every_integer() -> Any:
    found = []
    for dtype in [d for d in here().backend.dtypes if d.kind in "iu"]:
        x = random.integers(5, 0, 100, generator=Generator(7), dtype=dtype)
        found.append([x.dtype is dtype, x.tolist() == random.integers(5, 0, 100, generator=Generator(7)).tolist()])
    return [pair for pair in found if not all(pair)]


def spawned() -> Any:
    def drawn(g: Generator) -> list[Any]:
        return [random.normal(3, generator=child).tolist() for child in (*g.spawn(2), *g.spawn(1), g)]

    found = drawn(Generator(7))
    return drawn(Generator(7)) == found, len({tuple(x) for x in found})


def states() -> Any:
    g, other = Generator(7), Generator(8)
    random.normal(5, generator=g)
    other.state = g.state
    return random.normal(3, generator=g).tolist() == random.normal(3, generator=other).tolist()


def shapes() -> Any:
    made = [random.normal(), random.normal(3), random.normal((0, 2)), random.uniform([2, 1]), random.permutation(0)]
    return [list(x.shape) for x in made]


def ranges() -> Any:
    x = random.uniform(200, 1.0, 2.0, generator=Generator(0))
    n = random.integers(200, 1, 7, generator=Generator(0))
    order = sorted(random.permutation(50, generator=Generator(0)).tolist())
    return (
        bool(pg.all((x >= 1.0) & (x < 2.0))),
        sorted({*n.tolist()}),
        order == [*range(50)],
        random.bernoulli(4, 0.0).tolist(),
        random.bernoulli(4, 1.0).tolist(),
    )


def a_leaf() -> Any:
    w: Any = random.normal(3, requires_grad=True)
    pg.sum(w * w).backward()
    return w.is_leaf, w.grad.tolist() == (2 * w.detach()).tolist()


STREAMS: dict[str, Row] = {
    "normal in float32": (_narrow("normal"), [True, True]),
    "uniform in float32": (_narrow("uniform"), [True, True]),
    "every integer dtype": (of_every_integer, []),
    "spawned": (spawned, [True, 4]),
    "states": (states, True),
    "shapes": (shapes, [[], [3], [0, 2], [2, 1], [0]]),
    "ranges": (ranges, [True, [1, 2, 3, 4, 5, 6], True, [False] * 4, [True] * 4]),
    "a leaf": (a_leaf, [True, True]),
    "a seed that is negative": (lambda: Generator(-1), ValidationError),
    "a shape that is negative": (lambda: random.normal((2, -1)), ShapeError),
    "normal in integers": (lambda: random.normal(2, dtype=pg.int64), DTypeError),
    "integers that do not fit": (lambda: random.integers(2, 0, 129, dtype=pg.int8), ValidationError),
    "an empty range": (lambda: random.uniform(2, 1.0, 1.0), ValidationError),
}

CHECKS: tuple[Check, ...] = (
    by_rule("random", "first", DRAWS, _first),
    by_rule("random", "again", DRAWS, _again),
    by_rule("random", "transforms", DRAWS, _constant),
    by_row("random", "streams", STREAMS),
)
