"""pg.special against SciPy, against numbers of fifty digits and against identities, wherever it is computed.

On NumPy SciPy's functions compute, or the composed ones where SciPy is missing; on torch its own and composed ones.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plugrad as pg
from plugrad.backends.numpy import special as native
from plugrad.errors import DTypeError, PlugradError, ShapeError, TransformError, ValidationError
from plugrad.testing import check_grads

from .conftest import BACKENDS, HOME, ready

scipy = pytest.importorskip("scipy.special")

EPS = 2.0**-52
INF, NAN = math.inf, math.nan


COMPOSED = pytest.param(("numpy", None), id="composed")  # NumPy without SciPy
COMPUTERS = [*BACKENDS[:2], COMPOSED] if HOME.backend == "numpy" else [ready(*HOME[:2])]


@pytest.fixture(params=COMPUTERS)
def computer(request: pytest.FixtureRequest) -> Iterator[str]:
    """NumPy with SciPy and without it, and torch; array-api-strict has the same composed functions, and other tests."""
    name, device = request.param
    with pytest.MonkeyPatch.context() as patch:
        if "composed" in request.node.callspec.id.split("-"):
            patch.setattr(native, "_scipy", lambda: None)
        with pg.use_backend(name, device):
            yield name


def values(x: Any) -> Any:
    return x.detach().numpy()


# --------------------------------------------------------------------------------------------------- against SciPy


class Case(NamedTuple):
    """A function, where its operands lie, and how many eps it may be off SciPy's: of a value below `floor`, of that."""

    name: str
    operands: tuple[st.SearchStrategy[float], ...]
    eps: float
    floor: float = 0.0
    first: tuple[int, ...] = ()  # integers before the operands, and after them
    last: tuple[int, ...] = ()
    where: Callable[..., Any] | None = None  # which points are asked

    def __str__(self) -> str:
        return "-".join(map(str, (self.name, *self.first)))


def between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    """Of all orders of magnitude alike."""
    return st.floats(math.log(low), math.log(high)).map(math.exp)


def off_poles(x: Any) -> Any:
    return (x > 0) | (np.abs(x - np.round(x)) > 1e-3)


CASES = [
    Case("erf", (between(-7, 7),), 8),
    Case("erfc", (between(-6, 26.5),), 1000),
    Case("erfcx", (between(-25, 1e6),), 1000),
    Case("erfinv", (between(-1, 1),), 16),
    Case("erfcinv", (powers(1e-300, 2),), 32, 1e-2),
    Case("ndtr", (between(-37, 9),), 5000),
    Case("log_ndtr", (between(-1e4, 5),), 64),
    Case("ndtri", (powers(1e-300, 1),), 32, 0.1),
    Case("gamma", (between(-30, 170),), 256, where=off_poles),
    Case("rgamma", (between(-30, 170),), 256, where=off_poles),
    Case("gammaln", (between(-50, 1e6),), 64, 1, where=off_poles),
    Case("gammasgn", (between(-50, 50),), 0, where=off_poles),
    Case("digamma", (between(-50, 1e6),), 500, 1, where=off_poles),
    Case("psi", (powers(1e-6, 1e6),), 16, 1),
    Case("zeta", (between(1.01, 50), powers(1e-3, 1e6)), 128),
    *[Case("polygamma", (powers(1e-2, 1e4),), 64, 1, first=(n,)) for n in (0, 1, 2, 7)],
    Case("betaln", (powers(1e-6, 50), powers(1e-6, 50)), 128, 1),
    Case("beta", (powers(1e-3, 50), powers(1e-3, 50)), 256),
    Case("gammainc", (powers(1e-3, 200), powers(1e-3, 400)), 256, 1),
    Case("gammaincc", (powers(1e-3, 200), powers(1e-3, 400)), 256, 1),
    Case("betainc", (powers(1e-2, 200), powers(1e-2, 200), between(0, 1)), 1024, 1),
    Case("betaincc", (powers(1e-2, 200), powers(1e-2, 200), between(0, 1)), 1024, 1),
    Case("chdtr", (powers(1e-2, 200), powers(1e-2, 400)), 256, 1),
    Case("chdtrc", (powers(1e-2, 200), powers(1e-2, 400)), 256, 1),
    Case("fdtr", (powers(1e-1, 200), powers(1e-1, 200), powers(1e-2, 1e2)), 4096, 1),  # n / (n + m x) is next to 1
    Case("fdtrc", (powers(1e-1, 200), powers(1e-1, 200), powers(1e-2, 1e2)), 1024, 1),
    Case("multigammaln", (between(3, 1e3),), 32, last=(3,)),
    Case("i0", (between(-700, 700),), 16),
    Case("i0e", (between(-1e4, 1e4),), 16),
    Case("i1", (between(-700, 700),), 16),
    Case("i1e", (between(-1e4, 1e4),), 16),
    Case("sinc", (between(-50, 50),), 4, 1),
    *[Case("spherical_jn", (between(-30, 30),), 16, 0.1, first=(n,)) for n in (0, 1, 4)],
    Case("exp2", (between(-300, 300),), 4),
    Case("exp10", (between(-300, 300),), 4),
    Case("expit", (between(-700, 700),), 4),
    Case("logit", (between(0, 1),), 8, 1),
    Case("log_expit", (between(-1e3, 700),), 4),
    Case("entr", (between(0, 1e3),), 4),
    Case("xlogy", (between(0, 1e3), powers(1e-300, 1e300)), 4),
    Case("xlog1py", (between(0, 1e3), between(-0.9, 1e6)), 8),
    Case("rel_entr", (between(0, 1e3), powers(1e-3, 1e3)), 16, 1),
    Case("kl_div", (between(0, 1e3), powers(1e-3, 1e3)), 16, 1e3),
]


def test_every_elementwise_function_is_compared() -> None:
    along_an_axis = {"logsumexp", "softmax", "log_softmax"}
    assert {case.name for case in CASES} == set(pg.special.__all__) - along_an_axis


@pytest.mark.parametrize("case", CASES, ids=str)
@settings(max_examples=25)
@given(data=st.data())
def test_value(computer: str, case: Case, data: st.DataObject) -> None:
    drawn = [np.array(data.draw(st.lists(s, min_size=8, max_size=8))) for s in case.operands]
    ours, theirs = getattr(pg.special, case.name), getattr(scipy, case.name)
    with np.errstate(all="ignore"):
        expected = theirs(*case.first, *drawn, *case.last)
    found = values(ours(*case.first, *map(pg.asarray, drawn), *case.last))
    asked = np.True_ if case.where is None else case.where(*drawn)
    allowed = case.eps * EPS * np.maximum(np.abs(expected), case.floor) + 1e-307
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        wrong = asked & ~same & ~(np.abs(found - expected) <= allowed)
    assert not wrong.any(), (case.name, [x[wrong] for x in drawn], found[wrong], expected[wrong])


EDGES = np.array([-INF, -2.5, -2.0, -1.0, -0.5, -0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 20.0, 200.0, INF, NAN])
PAIRS = tuple(x.ravel() for x in np.meshgrid(EDGES, EDGES))
TRIPLES = tuple(x.ravel() for x in np.meshgrid(EDGES[4:], EDGES[4:], np.array([-0.5, 0.0, 0.25, 1.0, 1.5, NAN])))
ELSEWHERE: dict[str, Callable[..., Any]] = {  # where the answers are no one's
    "gammaln": np.isneginf,  # SciPy -inf, torch inf
    "rgamma": np.isneginf,  # SciPy 0, though it grows and swings
    "digamma": np.isneginf,
    "psi": np.isneginf,
    "i0": np.isinf,  # SciPy and torch NaN
    "i1": np.isinf,
    "sinc": lambda x: np.isinf(x) | (x == np.round(x)),  # SciPy NaN, and not quite 0 at integers
    "spherical_jn": np.isinf,
    "betaln": lambda a, b: ~((a > 0) & (b > 0)) | np.isinf(a) | np.isinf(b),
    "beta": lambda a, b: ~((a > 0) & (b > 0)) | np.isinf(a) | np.isinf(b),
    "gammainc": lambda a, x: np.isnan(a) | np.isnan(x),  # torch does not look at all of them
    "gammaincc": lambda a, x: np.isnan(a) | np.isnan(x),
    "chdtr": lambda a, x: np.isnan(a) | np.isnan(x),
    "chdtrc": lambda a, x: np.isnan(a) | np.isnan(x),
    "fdtr": lambda m, n, x: ~((m > 0) & (n > 0) & (x >= 0)) | np.isinf(m) | np.isinf(n),
    "fdtrc": lambda m, n, x: ~((m > 0) & (n > 0) & (x >= 0)) | np.isinf(m) | np.isinf(n),
    "kl_div": lambda x, y: np.isinf(x) | np.isinf(y),
    "zeta": lambda s, q: ~np.isfinite(s) | ~np.isfinite(q) | (s == 1),
    "multigammaln": lambda x: np.ones_like(x, bool),  # SciPy raises
}


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_ends_of_domains(computer: str, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    edges = ((EDGES,), PAIRS, TRIPLES)[len(case.operands) - 1]
    elsewhere = ELSEWHERE.get(name, lambda *xs: np.False_)(*edges)
    if np.all(elsewhere):
        return
    with np.errstate(all="ignore"):
        expected = getattr(scipy, name)(*case.first, *edges, *case.last)
    found = values(getattr(pg.special, name)(*case.first, *map(pg.asarray, edges), *case.last))
    expected, found = np.where(elsewhere, 0, expected), np.where(elsewhere, 0, found)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_of_infinities_what_a_limit_says(computer: str) -> None:
    assert pg.special.sinc(pg.asarray([INF, -INF])).tolist() == [0, 0]
    assert pg.special.spherical_jn(2, pg.asarray([INF])).tolist() == [0]
    assert pg.special.i0e(pg.asarray([INF, -INF])).tolist() == [0, 0]
    assert pg.special.log_ndtr(pg.asarray([-INF])).tolist() == [-INF]


# ------------------------------------------------------------------------------------------------------ against numbers

DIGITS: list[tuple[str, tuple[Any, ...], float]] = [  # by mpmath, from 60 digits
    ("erfc", (26.0,), 5.663192408856142846e-296),
    ("erfc", (5.5,), 7.357847917974398063e-15),
    ("erfc", (-3.0,), 1.999977909503001415),
    ("erfc", (0.1,), 0.8875370839817151016),
    ("erfcx", (1e6,), 5.641895835474741922e-7),
    ("erfcx", (10.0,), 0.05614099274382258586),
    ("erfcx", (0.3,), 0.7345993345676551499),
    ("erfcx", (-5.0,), 144009798674.6610404),
    ("log_ndtr", (-1000.0,), -500007.8266948121843),
    ("log_ndtr", (-38.0,), -726.5572160188201301),
    ("log_ndtr", (-5.0,), -15.06499839398872574),
    ("log_ndtr", (3.0,), -0.001350809964748193799),
    ("ndtr", (-5.0,), 2.866515718791939117e-7),
    ("ndtri", (1e-300,), -37.04709629936119924),
    ("ndtri", (1e-20,), -9.26234008979840758),
    ("ndtri", (0.001,), -3.090232306167813535),
    ("erfcinv", (1e-300,), 26.20946996051612389),
    ("erfcinv", (1e-20,), 6.601580622355142566),
    ("erfinv", (1e-05,), 8.862269254759594528e-6),
    ("erfinv", (0.9999,), 2.751063905712079692),
    ("gammaln", (1e-10,), 23.02585092988273524),
    ("gammaln", (1e10,), 220258509288.8105815),
    ("gammaln", (-10.5,), -15.14727059071784115),
    ("gamma", (170.5,), 5.562092414559999611e305),
    ("gamma", (-20.5,), -2.834656574391334871e-19),
    ("gamma", (1e-10,), 9999999999.422783971),
    ("rgamma", (-2.9999999990686774,), -5.587935441155820666e-9),
    ("rgamma", (-150.5,), -2.232916573625751559e263),
    ("rgamma", (100.0,), 1.071510288125466923e-156),
    ("digamma", (1e-10,), -10000000000.5772153),
    ("digamma", (1e10,), 23.02585092989045684),
    ("digamma", (-10.25,), 5.516858419886273305),
    ("zeta", (1.001, 3.0), 999.0776349295164005),
    ("zeta", (30.0, 0.25), 1152921504606846976.0),
    ("zeta", (3.0, 100000.0), 5.00005000025e-11),
    ("polygamma", (3, -2.25), 1558.45502318871434),
    ("polygamma", (10, 0.5), -7431824508.858768975),
    ("betaln", (1e-10, 1e-10), 23.71899811050040211),
    ("gammainc", (50.0, 10.0), 1.854726883869799301e-19),
    ("gammainc", (0.1, 0.001), 0.5267685683924451118),
    ("gammainc", (1000.0, 900.0), 0.000549902265711782923),
    ("gammaincc", (5.0, 80.0), 3.240215404422504796e-29),
    ("gammaincc", (0.1, 30.0), 4.476766580012691726e-16),
    ("gammaincc", (200.0, 300.0), 3.371103255525884324e-10),
    ("betainc", (50.0, 5.0, 0.5), 1.901484525390628733e-11),
    ("betainc", (0.25, 30.0, 1e-06), 0.08139464224702680016),
    ("betainc", (200.0, 300.0, 0.3), 1.04969852432929467e-6),
    ("betaincc", (5.0, 50.0, 0.5), 1.901484525390628733e-11),
    ("betaincc", (200.0, 300.0, 0.5), 3.543480264392538064e-6),
    ("i0", (700.0,), 1.529593347671873736e302),
    ("i0", (5.0,), 27.23987182360444689),
    ("i0e", (1e5,), 0.001261567837976776767),
    ("i0e", (31.0,), 0.07194649669698383276),
    ("i1", (1e-10,), 5.000000000000000182e-11),
    ("i1", (-700.0,), -1.528500390233900688e302),
    ("i1e", (-1e5,), -0.001261561530121817127),
    ("i1e", (29.0,), 0.0731131179393883651),
    ("spherical_jn", (3, 0.01), 9.523756613876864317e-9),
    ("spherical_jn", (3, 20.0), 0.006030359081110789606),
    ("log_expit", (40.0,), -4.248354255291588986e-18),
    ("rel_entr", (1.0, 1.0000000009313226), -9.313225741817976469e-10),
    ("chdtrc", (3.0, 500.0), 4.771672031912758463e-108),
    ("multigammaln", (5.5, 3), 11.3066991975832044),
]


@pytest.mark.parametrize("name, at, expected", DIGITS)
def test_digits(computer: str, name: str, at: tuple[Any, ...], expected: float) -> None:
    """To 100 eps, and as many of each part of an exponent as one part is."""
    found = getattr(pg.special, name)(*[pg.asarray(x) if type(x) is float else x for x in at]).item()
    size = 1 + max(0.0, -math.log(abs(expected)))
    assert abs(found - expected) <= 100 * EPS * size * abs(expected)


SLOPES: list[tuple[str, int, tuple[float, ...], float]] = [  # by parameters: differences of mpmath's, to 19 digits
    ("gammainc", 0, (0.5, 0.1), -0.8229360969795987523),
    ("gammainc", 0, (2.0, 3.0), -0.1974254195792024694),
    ("gammainc", 0, (0.01, 0.5), -0.5655459117152577677),
    ("gammainc", 0, (100.0, 90.0), -0.02461191684397990958),
    ("gammainc", 0, (100.0, 120.0), -0.0062131859291406567),
    ("gammainc", 0, (3.0, 0.001), -1.359635825199828381e-9),
    ("gammainc", 0, (1000.0, 1010.0), -0.01194573133722544152),
    ("gammaincc", 0, (1000.0, 1010.0), 0.01194573133722544152),
    ("betainc", 0, (0.5, 0.5, 0.3), -0.642811481157283854),
    ("betainc", 1, (0.5, 0.5, 0.3), 0.4687445839155054471),
    ("betainc", 0, (2.0, 5.0, 0.9), -0.00007497082946512070032),
    ("betainc", 1, (2.0, 5.0, 0.9), 0.0001176421801146723966),
    ("betainc", 0, (20.0, 0.1, 0.99), -0.003753237016816569817),
    ("betainc", 1, (20.0, 0.1, 0.99), 1.192364770496075347),
    ("betainc", 0, (100.0, 200.0, 0.3), -0.01579154131969264045),
    ("betaincc", 1, (100.0, 200.0, 0.3), -0.007306944329466244624),
    ("betainc", 0, (0.01, 3.0, 0.2), -0.493114537251675301),
    ("betainc", 1, (0.01, 3.0, 0.2), 0.002233338596573355123),
    ("zeta", 0, (2.0, 1.0), -0.9375482543158437537),
    ("zeta", 0, (1.1, 0.5), -98.54623880363008682),
    ("zeta", 0, (10.0, 3.0), -0.00002013146465582210245),
]


@pytest.mark.parametrize("name, by, at, expected", SLOPES)
def test_slopes_by_parameters(computer: str, name: str, by: int, at: tuple[float, ...], expected: float) -> None:
    """In both modes: as exact as their terms, which are about 1."""
    xs = tuple(map(pg.asarray, at))
    units = tuple(pg.asarray(float(i == by)) for i in range(len(at)))
    f = getattr(pg.special, name)
    forward = pg.jvp(f, xs, units)[1].item()
    reverse = pg.grad(f, argnums=by)(*xs).item()
    assert max(abs(forward - expected), abs(reverse - expected)) <= 100 * EPS * max(1, abs(expected))


# --------------------------------------------------------------------------------------------------- against themselves

X = np.array([-3.75, -1.25, -0.5, 0.125, 0.5, 1.5, 2.0, 7.25, 30.0])
POSITIVE = X[X > 0]
A, B = (x.ravel() for x in np.meshgrid(POSITIVE, POSITIVE))
S = pg.special
IDENTITIES: dict[str, Callable[[Any, Any, Any], tuple[Any, Any]]] = {  # of x, a and b: both sides
    "erf is odd": lambda x, a, b: (S.erf(-x), -S.erf(x)),
    "erf + erfc": lambda x, a, b: (S.erf(x) + S.erfc(x), pg.ones_like(x)),
    "the inverse of erf": lambda x, a, b: (S.erf(S.erfinv(pg.tanh(x) * 0.999)), pg.tanh(x) * 0.999),
    "the inverse of ndtr": lambda x, a, b: (S.ndtr(S.ndtri(S.expit(x))), S.expit(x)),
    "the inverse of logit": lambda x, a, b: (S.expit(S.logit(S.expit(x))), S.expit(x)),
    "the steps of gamma": lambda x, a, b: (S.gamma(x + 1) * S.rgamma(x) / x, pg.ones_like(x)),
    "gamma by its logarithm": lambda x, a, b: (S.gammasgn(x) * pg.exp(S.gammaln(x)) * S.rgamma(x), pg.ones_like(x)),
    "the reflection of digamma": lambda x, a, b: (
        S.digamma(1 - x[x != pg.round(x)]) - S.digamma(x[x != pg.round(x)]),
        math.pi / pg.tan(math.pi * x[x != pg.round(x)]),
    ),
    "the steps of trigamma": lambda x, a, b: (S.polygamma(1, x) - S.polygamma(1, x + 1), 1 / x**2),
    "beta by gamma": lambda x, a, b: (S.beta(a, b) * S.gamma(a + b) / S.gamma(a) / S.gamma(b), pg.ones_like(a)),
    "both parts of the incomplete gamma": lambda x, a, b: (S.gammainc(a, b) + S.gammaincc(a, b), pg.ones_like(a)),
    "the incomplete gamma of order 1": lambda x, a, b: (S.gammaincc(pg.ones_like(a), a), pg.exp(-a)),
    "the incomplete gamma of order 1/2": lambda x, a, b: (S.gammainc(pg.ones_like(a) / 2, a), S.erf(pg.sqrt(a))),
    "both parts of the incomplete beta": lambda x, a, b: (
        S.betainc(a, b, S.expit(a - b)) + S.betaincc(a, b, S.expit(a - b)),
        pg.ones_like(a),
    ),
    "the mirrored incomplete beta": lambda x, a, b: (S.betainc(a, b, a / (a + b)), S.betaincc(b, a, b / (a + b))),
    "the incomplete beta of b = 1": lambda x, a, b: (S.betainc(a, pg.ones_like(a), S.expit(b)), S.expit(b) ** a),
    "Wronski's determinant": lambda x, a, b: (  # of j_0 and j_1, DLMF 10.50 with 10.49
        (S.spherical_jn(0, a) ** 2 + (pg.cos(a) / a) ** 2) * a**2,
        pg.ones_like(a),
    ),
    "log_expit": lambda x, a, b: (pg.exp(S.log_expit(x)), S.expit(x)),
    "log_ndtr": lambda x, a, b: (pg.exp(S.log_ndtr(x)), S.ndtr(x)),
    "erfcx": lambda x, a, b: (S.erfcx(x[x < 20]) * pg.exp(-(x[x < 20] ** 2)), S.erfc(x[x < 20])),
    "i0 and i1": lambda x, a, b: (pg.vmap(pg.grad(S.i0))(x) * pg.exp(-pg.abs(x)), S.i1e(x)),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_identity(computer: str, name: str) -> None:
    left, right = IDENTITIES[name](pg.asarray(X), pg.asarray(A), pg.asarray(B))
    np.testing.assert_allclose(values(left), values(right), rtol=1e-11, atol=1e-13)


RISING = {
    "erf": np.linspace(-7, 7, 1501),
    "erfinv": np.linspace(-1, 1, 1501),
    "ndtri": np.linspace(0, 1, 1501),
    "log_ndtr": np.linspace(-40, 8, 1501),
    "gammaln": np.linspace(2, 30, 1501),
    "digamma": np.linspace(0.01, 30, 1501),
    "logit": np.linspace(0, 1, 1501),
    "i0": np.linspace(0, 60, 1501),
}


@pytest.mark.parametrize("name", RISING)
def test_no_step_where_formulas_meet(computer: str, name: str) -> None:
    """On a fine grid, and on neighbouring numbers: up to a few eps."""
    f = getattr(pg.special, name)
    for x in (RISING[name], np.nextafter(RISING[name], INF)):
        y = values(f(pg.asarray(x[x <= RISING[name][-1]])))
        assert (np.diff(y) > -8 * EPS * np.abs(y[1:])).all()


def test_incomplete_functions_rise_from_0_to_1(computer: str) -> None:
    a = pg.asarray(np.geomspace(1e-2, 1e3, 11)[:, None])
    x = np.concatenate([[0], np.geomspace(1e-3, 1e4, 800), [INF]])
    t = np.concatenate([[0], np.geomspace(1e-6, 0.5, 400), 1 - np.geomspace(0.49, 1e-6, 400), [1]])
    for y in (values(pg.special.gammainc(a, pg.asarray(x))), values(pg.special.betainc(a, 2.5, pg.asarray(t)))):
        assert (y[:, 0] == 0).all()
        assert (y[:, -1] == 1).all()
        assert (np.diff(y, axis=1) > -256 * EPS).all()


def test_the_logarithm_of_beta_keeps_its_digits() -> None:
    """B(a, 1) = 1 / a: the difference of logarithms of gamma would have five digits left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_scipy", lambda: None)
        assert pg.special.betaln(300.0, 0.25).item() == pytest.approx(-0.1376105072690745681, rel=16 * EPS)
        for a in (1e10, 1e15, 1e100):
            assert pg.special.betaln(a, 1.0).item() == pytest.approx(-math.log(a), rel=4 * EPS)


# ---------------------------------------------------------------------------------------------------------- derivatives

R, U, P = np.array([[-1.3, 0.4, 2.1]]), np.array([[0.2, 0.45, 0.85]]), np.array([[0.6], [1.7], [4.2]])
SMOOTH: dict[str, tuple[Any, ...]] = {
    "beta": (P, P.T),
    "betainc": (P, P.T, U),
    "betaincc": (P, P.T, U),
    "betaln": (P, P.T),
    "chdtr": (P, P.T),
    "chdtrc": (P, P.T),
    "digamma": (P,),
    "entr": (P,),
    "erf": (R,),
    "erfc": (R,),
    "erfcinv": (2 * U,),
    "erfcx": (R,),
    "erfinv": (2 * U - 1,),
    "exp10": (R,),
    "exp2": (R,),
    "expit": (R,),
    "fdtr": (P, P.T, U[0, 1]),
    "fdtrc": (P, P.T, U[0, 1]),
    "gamma": (R,),
    "gammainc": (P, P.T),
    "gammaincc": (P, P.T),
    "gammaln": (R,),
    "i0": (R,),
    "i0e": (R,),
    "i1": (R,),
    "i1e": (R,),
    "kl_div": (P, P.T),
    "log_expit": (R,),
    "log_ndtr": (R,),
    "log_softmax": (R,),
    "logit": (U,),
    "logsumexp": (R,),
    "ndtr": (R,),
    "ndtri": (U,),
    "psi": (P,),
    "rel_entr": (P, P.T),
    "rgamma": (R,),
    "sinc": (R,),
    "softmax": (R,),
    "xlog1py": (R, P),
    "xlogy": (R, P),
    "zeta": (P + 1, P.T),
}
ORDERED: dict[str, Callable[[Any], Any]] = {
    "polygamma of order 0": lambda x: pg.special.polygamma(0, x),
    "polygamma of order 3": lambda x: pg.special.polygamma(3, x),
    "multigammaln": lambda x: pg.special.multigammaln(x + 1, 4),
    "spherical_jn": lambda x: pg.special.spherical_jn(2, x),
    "Riemann's zeta": lambda x: pg.special.zeta(x + 1),
    "logsumexp over an axis": lambda x: pg.special.logsumexp(x, axis=0, b=2.5, keepdims=True),
    "a parameter that is a number": lambda x: pg.special.gammainc(2.5, x) * pg.special.betainc(x, 0.5, 0.25),
}


def test_every_function_is_differentiated() -> None:
    ordered = {"polygamma", "multigammaln", "spherical_jn"}
    assert set(SMOOTH) | ordered | {"gammasgn"} == set(pg.special.__all__)


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives(computer: str, name: str) -> None:
    """Both modes, and the derivatives of both, against central differences."""
    check_grads(getattr(pg.special, name), *map(pg.asarray, SMOOTH[name]), order=2)


@pytest.mark.parametrize("name", ORDERED)
def test_derivatives_beside_parameters(computer: str, name: str) -> None:
    check_grads(ORDERED[name], pg.asarray(P), order=2)


def test_weights_of_logsumexp(computer: str) -> None:
    x, b = pg.asarray(np.array([[0.3, 800.0, -2.0], [1.0, 2.0, 3.0]])), pg.asarray(np.array([2.0, 0.0, 0.5]))

    def f(x: Any, b: Any) -> Any:
        return pg.special.logsumexp(x, axis=1, b=b)

    expected = scipy.logsumexp(values(x), axis=1, b=values(b))
    np.testing.assert_allclose(values(f(x, b)), expected, rtol=4 * EPS)
    check_grads(f, x[1:], b, order=2)
    by_weight = pg.jacobian(lambda b: f(x[1:], b))(b)
    np.testing.assert_allclose(values(by_weight)[0], np.exp(values(x)[1] - expected[1]), rtol=1e-14)
    assert f(pg.zeros((2, 0)), 1.0).tolist() == [-INF, -INF]
    assert math.isnan(f(pg.asarray([[0.0]]), -1.0).item())


AT_ZERO: dict[str, list[float]] = {  # value and derivatives
    "sinc": [1, 0, -(math.pi**2) / 3, 0, math.pi**4 / 5],
    "i0": [1, 0, 1 / 2, 0, 3 / 8],
    "i1": [0, 1 / 2, 0, 3 / 8, 0],
    "erfcx": [1, -2 / math.sqrt(math.pi), 2, -8 / math.sqrt(math.pi), 12],
    "erfinv": [0, math.sqrt(math.pi) / 2, 0, math.pi**1.5 / 4, 0],
}


@pytest.mark.parametrize("name", AT_ZERO)
def test_derivatives_of_any_order_at_zero(computer: str, name: str) -> None:
    f, x = getattr(pg.special, name), pg.asarray(0.0)
    for expected in AT_ZERO[name]:
        assert f(x).item() == pytest.approx(expected, rel=64 * EPS, abs=64 * EPS)
        f = pg.grad(f)


def test_the_derivatives_of_gammaln_are_polygammas(computer: str) -> None:
    f: Any = pg.special.gammaln
    x = pg.asarray([0.3, -1.7, 12.0])
    for n in range(4):
        f = pg.grad(f)
        np.testing.assert_allclose(values(pg.vmap(f)(x)), values(pg.special.polygamma(n, x)), rtol=1e-13)


def test_parameters_to_the_third_order(computer: str) -> None:
    """The derivative by x is a density, whose derivatives by a are polynomials in log(x) and polygammas."""
    third = pg.grad(pg.grad(pg.grad(pg.special.gammainc, argnums=1)))
    for a, x in ((0.7, 0.4), (3.0, 5.0), (40.0, 35.0)):
        psi, one = (pg.special.polygamma(n, a).item() for n in (0, 1))
        density = math.exp((a - 1) * math.log(x) - x - math.lgamma(a))
        expected = density * ((math.log(x) - psi) ** 2 - one)
        assert third(pg.asarray(a), pg.asarray(x)).item() == pytest.approx(expected, rel=1e-11, abs=1e-14)


def test_the_tails_have_derivatives(computer: str) -> None:
    """Where a quotient of the function's own values would be 0 / 0."""
    assert pg.grad(pg.special.log_ndtr)(pg.asarray(-1e8)).item() == pytest.approx(1e8, rel=1e-14)
    assert pg.grad(pg.special.log_expit)(pg.asarray(-1e3)).item() == 1
    assert pg.grad(pg.special.ndtri)(pg.asarray(1e-300)).item() == pytest.approx(2.69730446504261232e298, rel=1e-12)
    assert pg.grad(pg.special.rgamma)(pg.asarray(-3.0)).item() == pytest.approx(-6, rel=1e-13)


# ------------------------------------------------------------------------------------------------------- dtypes, errors


@pytest.mark.parametrize("name", SMOOTH)
def test_single_precision_stays(computer: str, name: str) -> None:
    f = getattr(pg.special, name)
    singles = [pg.asarray(x.astype(np.float32), requires_grad=True) for x in SMOOTH[name]]
    y, exact = f(*singles), f(*[pg.asarray(x.astype(np.float32).astype(float)) for x in SMOOTH[name]])
    assert y.dtype is pg.float32
    np.testing.assert_allclose(values(y), values(exact), rtol=1e-4, atol=1e-5)
    pg.sum(y).backward()
    assert {x.grad.dtype for x in singles} == {pg.float32}


def test_integers_and_numbers(computer: str) -> None:
    assert pg.special.gammaln(pg.asarray([1, 2])).dtype is pg.float64
    assert pg.special.xlogy(2, pg.asarray([1.5], dtype=pg.float32)).dtype is pg.float32
    assert pg.special.gammainc(pg.asarray([2]), pg.asarray([3])).tolist() == pg.special.gammainc(2.0, [3.0]).tolist()
    assert pg.special.xlogy(np.float64(2), pg.asarray([1.5], dtype=pg.float32)).dtype is pg.float32
    assert pg.special.betainc(2, 3, 0.5).item() == pytest.approx(0.6875)
    assert pg.special.erf(0.5).item() == pytest.approx(math.erf(0.5))
    assert pg.special.polygamma(pg.asarray(2), 1.5).item() == pg.special.polygamma(2, 1.5).item()
    assert pg.special.multigammaln(2.5, np.int64(2)).item() == pg.special.multigammaln(2.5, 2).item()


@pytest.mark.parametrize("name", [name for name, xs in SMOOTH.items() if len(xs) > 1])
def test_numbers_are_weak(computer: str, name: str) -> None:
    """Also in what is composed of several operations."""
    f, xs = getattr(pg.special, name), SMOOTH[name]
    numbers = [float(np.ravel(x)[0]) for x in xs]
    exact = f(*numbers).item()
    for i in range(len(xs)):
        one = pg.asarray([numbers[i]], dtype=pg.float32)
        y = f(*numbers[:i], one, *numbers[i + 1 :])
        assert y.dtype is pg.float32
        assert y.item() == pytest.approx(exact, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in SMOOTH if name != "logsumexp"])
def test_booleans_are_numbers(computer: str, name: str) -> None:
    f, many = getattr(pg.special, name), len(SMOOTH[name])
    for flag in (False, True):
        y = f(*[pg.asarray([flag])] * many)
        assert y.dtype is pg.float64
        np.testing.assert_array_equal(values(y), values(f(*[pg.asarray([float(flag)])] * many)))


def test_lists_go_where_the_tensor_is(backend: str) -> None:
    assert pg.special.xlogy([1.0, 2.0], pg.ones(2)).backend == backend


@pytest.mark.numpy
def test_arrays_of_a_library_are_taken() -> None:
    assert type(pg.special.gammaln(np.array([1.0, 2.0]))) is pg.Tensor
    assert type(pg.special.xlogy(np.array([1.0]), pg.ones(1))) is pg.Tensor


REFUSED: dict[str, tuple[type[PlugradError], str, Callable[[], Any]]] = {
    "complex": (DTypeError, "gammaln: takes real numbers, got complex128", lambda: S.gammaln(pg.asarray([1j]))),
    "a complex number": (DTypeError, "xlogy: takes real", lambda: S.xlogy(1j, pg.ones(2))),
    "a complex exponent": (DTypeError, "logsumexp: takes real", lambda: S.logsumexp(pg.asarray([1j]))),
    "shapes": (ShapeError, r"xlogy: the shapes \(2,\) and \(3,\)", lambda: S.xlogy(pg.ones(2), pg.ones(3))),
    "weights": (ShapeError, "broadcast", lambda: S.logsumexp(pg.ones(2), b=pg.ones(3))),
    "a negative order": (ValidationError, "n is one integer from 0 on, not -1", lambda: S.polygamma(-1, 1.0)),
    "a fraction": (ValidationError, "polygamma: n is one integer", lambda: S.polygamma(1.5, 1.0)),  # type: ignore
    "several orders": (ValidationError, "one integer", lambda: S.polygamma(pg.asarray([1, 2]), 1.0)),
    "no dimension": (ValidationError, "d is one integer from 1 on, not 0", lambda: S.multigammaln(2.0, 0)),
    "an order for each sample": (
        TransformError,
        "vmap",
        lambda: pg.vmap(lambda n: S.polygamma(n, 1.0))(pg.asarray([1, 2])),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    error, words, call = REFUSED[name]
    with pytest.raises(error, match=words):
        call()


# ------------------------------------------------------------------------------------------------------------- programs


@pytest.mark.parametrize("name", ["rgamma", "gammasgn", "kl_div", "beta", "betainc", "chdtr", "logsumexp", "sinc"])
def test_compiled_and_mapped(computer: str, name: str) -> None:
    f = getattr(pg.special, name)
    xs = tuple(pg.asarray(np.broadcast_to(x, (3, 3))) for x in SMOOTH.get(name, (P,)))
    expected = values(f(*xs))
    np.testing.assert_allclose(values(pg.compile(f)(*xs)), expected, rtol=1e-14, atol=1e-300)
    if name != "logsumexp":
        np.testing.assert_allclose(values(pg.vmap(f)(*xs)), expected, rtol=1e-14, atol=1e-300)


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.numpy
def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    run(
        "import sys, plugrad as pg\n"
        "assert not {'plugrad.special', 'scipy'} & set(sys.modules)\n"
        "pg.special.erf\n"
        "assert 'scipy' not in sys.modules\n"
        "pg.special.gammaln(1.5)\n"
        "assert 'scipy.special' in sys.modules\n"
    )
    run("import plugrad.special; assert plugrad.special.gammaln(3.0).item() > 0.69")


def test_numpy_needs_no_scipy() -> None:
    run(
        "import sys; sys.modules['scipy'] = sys.modules['scipy.special'] = None\n"
        "import plugrad as pg\n"
        "assert abs(pg.special.gammaln(3.0).item() - 0.6931471805599453) < 1e-14\n"
        "assert abs(pg.grad(pg.special.i0)(1.0).item() - 0.565159103992485) < 1e-14\n"
        "assert abs(pg.nn.gelu(1.0).item() - 0.8413447460685429) < 1e-14\n"
    )


# ------------------------------------------------------------------------------------------ SciPy's own, called on ours


def dispatched() -> list[Any]:
    """What SciPy looks for in a namespace it does not know, and finds here."""
    module = pytest.importorskip("scipy.special._support_alternative_backends")
    return [info for info in module._special_funcs if info.name in pg.special.__all__]


def test_scipy_finds_what_it_looks_for() -> None:
    names = {info.name for info in dispatched()} | {"digamma"}
    beside = {"beta", "erfcinv", "gammasgn", "log_expit", "logsumexp", "softmax", "log_softmax", "spherical_jn"}
    assert set(pg.special.__all__) - names <= beside | {"rgamma", "exp10"}
    assert len(names) > 30


@pytest.mark.parametrize("info", dispatched(), ids=lambda info: info.name)
def test_scipy_calls_ours(backend: str, info: Any) -> None:
    name = info.name
    order = {"polygamma": (pg.asarray(2),)}.get(name, ())
    last = {"multigammaln": (2,)}.get(name, ())
    xs = [pg.asarray(x + 1 if name == "multigammaln" else x) for x in SMOOTH.get(name, (P,))]
    tracked = [x.requires_grad_() for x in xs]
    y = getattr(scipy, name)(*order, *tracked, *last)
    assert type(y) is pg.Tensor
    assert y.backend == backend
    expected = getattr(pg.special, name)(*order, *tracked, *last)
    np.testing.assert_array_equal(values(y), values(expected))
    if name != "gammasgn":
        pg.sum(y).backward()
        assert all(np.isfinite(values(x.grad)).all() for x in tracked)


def test_the_namespace_of_a_tensor_has_it() -> None:
    xp = pg.ones(1).__array_namespace__()
    assert xp.special.gammaln is pg.special.gammaln
    assert xp.special is xp.special


def test_what_scipy_builds_of_ours(backend: str) -> None:
    """Student's distribution, which SciPy takes from `betainc`; and its own logsumexp."""
    t = pg.asarray([0.5, -1.5], requires_grad=True)
    y = scipy.stdtr(pg.asarray([3.0, 5.0]), t)
    np.testing.assert_allclose(values(y), [0.6742760175759245, 0.09695184012123672], rtol=1e-13)
    pg.sum(y).backward()
    assert np.isfinite(values(t.grad)).all()
