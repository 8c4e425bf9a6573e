"""Dtypes: which two meet in which, what functions give, what is made when none is said, what is cast to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

import plugrad as pg
from plugrad.dtypes import DTYPES
from plugrad.errors import DTypeError
from plugrad.tensor import Tensor, apply
from plugrad.testing.samples import Sample

from ..records import Check, Disagreement, Unsupported
from .asking import Row, by_op, by_row, by_rule, done, here, operands, told

__all__ = ["CHECKS"]

# Rows and columns in one order. Within a kind it is the array API standard's table, and between signed and unsigned
# integers; the rest is plugrad's: the higher kind decides, integers widen no floating dtype. "-": refused.
NAMES = tuple(DTYPES)
MEETING = """
    bool int8  int16 int32 int64 uint8  uint16 uint32 uint64 float32 float64 complex64  complex128
         int8  int16 int32 int64 int16  int32  int64  -      float32 float64 complex64  complex128
               int16 int32 int64 int16  int32  int64  -      float32 float64 complex64  complex128
                     int32 int64 int32  int32  int64  -      float32 float64 complex64  complex128
                           int64 int64  int64  int64  -      float32 float64 complex64  complex128
                                 uint8  uint16 uint32 uint64 float32 float64 complex64  complex128
                                        uint16 uint32 uint64 float32 float64 complex64  complex128
                                               uint32 uint64 float32 float64 complex64  complex128
                                                      uint64 float32 float64 complex64  complex128
                                                             float32 float64 complex64  complex128
                                                                     float64 complex128 complex128
                                                                             complex64  complex128
                                                                                        complex128
"""
PAIRS = {
    f"{a}+{b}": (a, b, None if c == "-" else c)
    for (a, b), c in zip(combinations_with_replacement(NAMES, 2), MEETING.split(), strict=True)
}
TOGETHER: dict[str, Callable[[Any, Any], Any]] = {  # how two arrays meet in one dtype
    "where": lambda a, b: pg.where(pg.asarray([True, False]), a, b),
    "concat": lambda a, b: pg.concat([a, b]),
    "multiply": lambda a, b: a * b,
    "add": lambda a, b: a + b,
}


def has(*names: str) -> None:
    """Unsupported where the backend lacks one of these dtypes, and refuses to make arrays of it."""
    ours = here().backend.dtypes
    for lacking in [name for name in names if DTYPES[name] not in ours]:
        refusal = told(pg.ones, 1, dtype=DTYPES[lacking])
        done(f"ones of {lacking}, which the backend does not have", refusal, DTypeError)
        raise Unsupported(f"the backend {here().name} has no {lacking}")


def of(name: str, values: Any = (1, 0)) -> Tensor:
    """Small numbers in a dtype."""
    has(name)
    return pg.asarray(list(values), dtype=DTYPES[name])


def _dtype(f: Callable[..., Tensor], *names: str) -> Any:
    return f(*map(of, names)).dtype


def _pair(row: tuple[str, str, str | None]) -> None:
    one, other, wanted = row
    has(*{one, other, wanted or one})
    for a, b in ((one, other), (other, one)):
        for how, f in TOGETHER.items():
            if a == b == "bool" and how in ("multiply", "add"):  # the standard has no arithmetic of them
                continue
            done(f"{how} of {a} and {b}", told(_dtype, f, a, b), DTYPES[wanted] if wanted else DTypeError)
    if wanted:
        done(
            f"{one} and {other} joined",
            told(lambda: pg.concat([of(one), of(other)])),
            [_as(wanted, n) for n in (1, 0, 1, 0)],
        )


def _as(name: str, number: int) -> Any:
    return {"b": bool, "f": float, "c": complex}.get(DTYPES[name].kind, int)(number)


WEAK = {  # what a Python number makes of each kind of dtype; a name of a function of the dtype, or a dtype
    "bool": {"bool": "bool", "int": "int64", "float": "float64", "complex": "complex128"},
    "integer": {"bool": "same", "int": "same", "float": "float64", "complex": "complex128"},
    "real": {"bool": "same", "int": "same", "float": "same", "complex": "compound"},
    "complex": {"bool": "same", "int": "same", "float": "same", "complex": "same"},
}
KINDS = {"b": "bool", "i": "integer", "u": "integer", "f": "real", "c": "complex"}
NUMBERS = {"bool": True, "int": 2, "float": 0.5, "complex": 1j}
SCALARS = {f"{name}+{kind}": (name, kind) for name in NAMES for kind in NUMBERS}


def _scalar(row: tuple[str, str]) -> None:
    name, kind = row
    compound = {"float32": "complex64", "float64": "complex128"}.get(name, name)
    wanted = {"same": name, "compound": compound}.get(w := WEAK[KINDS[DTYPES[name].kind]][kind], w)
    has(name, wanted)
    number = NUMBERS[kind]
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "in where": lambda x: pg.where(pg.asarray([True, False]), x, number),
        "on the right": lambda x: x * number,
        "on the left": lambda x: number * x,
    }
    for how, f in [*ways.items()][: 1 if row == ("bool", "bool") else 3]:  # the standard has no arithmetic of them
        done(f"{name} with {number!r} {how}", told(_dtype, f, name), DTYPES[wanted])


# ------------------------------------------------------------------------------------------------ what functions give

SAME = "same"
REAL = {"complex64": "float32", "complex128": "float64"}
INTEGERS = tuple(name for name in NAMES if DTYPES[name].kind in "iu")
FLOATS, COMPLEX = ("float32", "float64"), ("complex64", "complex128")


class Kept(NamedTuple):
    """A function, the dtypes that it is asked in, and the dtype of its result: SAME, "real", "compound", or a name."""

    f: Callable[[Tensor], Any]
    dtypes: tuple[str, ...]
    gives: str


def _wide(f: Callable[[Tensor], Any]) -> list[Kept]:
    """What adds up integers does it in the widest of their kind."""
    return [
        Kept(f, tuple(n for n in NAMES if DTYPES[n].kind == "i"), "int64"),
        Kept(f, tuple(n for n in NAMES if DTYPES[n].kind == "u"), "uint64"),
        Kept(f, FLOATS + COMPLEX, SAME),
    ]


RESULTS: dict[str, list[Kept]] = {
    "sum": _wide(pg.sum),
    "prod": _wide(pg.prod),
    "cumulative_sum": _wide(pg.cumulative_sum),
    "cumulative_prod": _wide(pg.cumulative_prod),
    "sum, dtype": [Kept(lambda x: pg.sum(x, dtype=pg.float64), INTEGERS + FLOATS, "float64")],
    "mean": [Kept(pg.mean, FLOATS + COMPLEX, SAME)],
    "std": [Kept(pg.std, FLOATS, SAME), Kept(pg.std, COMPLEX, "real")],
    "var": [Kept(pg.var, FLOATS, SAME), Kept(pg.var, COMPLEX, "real")],
    "max": [Kept(pg.max, INTEGERS + FLOATS, SAME)],
    "min": [Kept(pg.min, INTEGERS + FLOATS, SAME)],
    "argmax": [Kept(pg.argmax, INTEGERS + FLOATS, "int64")],
    "argmin": [Kept(pg.argmin, INTEGERS + FLOATS, "int64")],
    "argsort": [Kept(pg.argsort, INTEGERS + FLOATS, "int64")],
    "sort": [Kept(pg.sort, INTEGERS + FLOATS, SAME)],
    "searchsorted": [Kept(lambda x: pg.searchsorted(x, x), INTEGERS + FLOATS, "int64")],
    "nonzero": [Kept(lambda x: pg.nonzero(x)[0], tuple(NAMES), "int64")],
    "count_nonzero": [Kept(pg.count_nonzero, tuple(NAMES), "int64")],
    "unique_values": [Kept(pg.unique_values, tuple(NAMES), SAME)],
    "unique_counts": [Kept(lambda x: pg.unique_counts(x).counts, tuple(NAMES), "int64")],
    "any": [Kept(pg.any, tuple(NAMES), "bool")],
    "all": [Kept(pg.all, tuple(NAMES), "bool")],
    "equal": [Kept(lambda x: x == x, tuple(NAMES), "bool")],
    "less": [Kept(lambda x: x < x, INTEGERS + FLOATS, "bool")],
    "logical_not": [Kept(pg.logical_not, ("bool",), "bool")],
    "isnan": [Kept(pg.isnan, INTEGERS + FLOATS + COMPLEX, "bool")],
    "abs": [Kept(pg.abs, INTEGERS + FLOATS, SAME), Kept(pg.abs, COMPLEX, "real")],
    "real": [Kept(pg.real, FLOATS, SAME), Kept(pg.real, COMPLEX, "real")],
    "imag": [Kept(pg.imag, COMPLEX, "real")],
    "conj": [Kept(pg.conj, COMPLEX, SAME)],
    "sign": [Kept(pg.sign, INTEGERS + FLOATS + COMPLEX, SAME)],
    "floor": [Kept(pg.floor, INTEGERS + FLOATS, SAME)],
    "square": [Kept(pg.square, INTEGERS + FLOATS + COMPLEX, SAME)],
    "exp": [Kept(pg.exp, FLOATS + COMPLEX, SAME), Kept(pg.exp, INTEGERS, "float64")],
    "sin": [Kept(pg.sin, FLOATS + COMPLEX, SAME), Kept(pg.sin, INTEGERS, "float64")],
    "divide": [Kept(lambda x: x / x, FLOATS + COMPLEX, SAME), Kept(lambda x: x / x, INTEGERS, "float64")],
    "pow": [Kept(lambda x: x**2, INTEGERS + FLOATS + COMPLEX, SAME), Kept(lambda x: x**0.5, INTEGERS, "float64")],
    "matmul": [Kept(lambda x: x @ x, INTEGERS + FLOATS + COMPLEX, SAME)],
    "clip": [Kept(lambda x: pg.clip(x, 0, 1), INTEGERS + FLOATS, SAME)],
    "softmax": [Kept(lambda x: pg.nn.softmax(x, axis=0), FLOATS, SAME)],
    "fft": [Kept(pg.fft.fft, COMPLEX, SAME)],
    "rfft": [Kept(pg.fft.rfft, FLOATS, "compound")],
    "irfft": [Kept(pg.fft.irfft, COMPLEX, "real")],
    "svdvals": [
        Kept(lambda x: pg.linalg.svdvals(x[None]), FLOATS, SAME),
        Kept(lambda x: pg.linalg.svdvals(x[None]), COMPLEX, "real"),
    ],
    "eigvals": [Kept(lambda x: pg.linalg.eigvals(x[None, :1]), FLOATS, "compound")],
    "vector_norm": [
        Kept(pg.linalg.vector_norm, FLOATS, SAME),
        Kept(pg.linalg.vector_norm, COMPLEX, "real"),
    ],
    "reshape": [Kept(lambda x: pg.reshape(x, (2, 1)), tuple(NAMES), SAME)],
    "x[i]": [Kept(lambda x: x[0], tuple(NAMES), SAME), Kept(lambda x: x[pg.asarray([1, 0])], tuple(NAMES), SAME)],
    "zeros_like": [Kept(pg.zeros_like, tuple(NAMES), SAME)],
}


def _result(rows: list[Kept]) -> None:
    compound, asked = {real: name for name, real in REAL.items()}, 0
    for row in rows:
        for name in row.dtypes:
            wanted = {SAME: name, "real": REAL.get(name), "compound": compound.get(name)}.get(row.gives, row.gives)
            if {DTYPES[name], DTYPES[str(wanted)]} <= {*here().backend.dtypes}:
                done(f"of {name}", told(_dtype, row.f, name), DTYPES[str(wanted)])
                asked += 1
    if not asked:
        raise Unsupported(f"the backend {here().name} has none of the dtypes that this is about")


HALF = {"float64": "float32", "complex128": "complex64"}


def _sparse(sample: Sample) -> bool:
    """Where libraries widen: an operand in full width that has no axes, or no elements."""
    return (
        not sample.boundary
        and "dtype" not in sample.params
        and any(
            type(x) is np.ndarray and x.dtype.name in HALF and (x.ndim == 0 or x.size == 0) for x in sample.operands
        )
    )


def _halved(sample: Sample) -> None:
    """In half the width every result has half the width."""
    has("float32", "complex64")
    narrow = [x.astype(HALF.get(x.dtype.name, x.dtype)) if type(x) is np.ndarray else x for x in sample.operands]
    wide, half = (_dtypes(s) for s in (sample, sample._replace(operands=tuple(narrow))))
    done("of operands half as wide the dtypes", half, [HALF.get(name, name) for name in wide])


def _dtypes(sample: Sample) -> list[str]:
    y = apply(sample.op, *operands(sample), **sample.params)
    return [part.dtype.name for part in (y if type(y) is tuple else (y,))]


MANY = {  # more than the dtype itself holds
    "sum of int8": (lambda: pg.sum(of("int8", [100] * 200)), 20_000),
    "sum of uint8": (lambda: pg.sum(of("uint8", [200] * 200)), 40_000),
    "sum of bool": (lambda: pg.sum(of("bool", [True] * 300)), 300),
    "prod of int16": (lambda: pg.prod(of("int16", [300] * 3)), 27_000_000),
    "cumulative_sum of int8": (lambda: pg.cumulative_sum(of("int8", [100, 100])), [100, 200]),
    "sum of float32 in float64": (lambda: pg.sum(of("float32", [2.0**24, 1.0, 1.0]), dtype=pg.float64), 2.0**24 + 2),
    "int64 beyond 2**53": (lambda: of("int64", [2**53 + 1]) + 0, [2**53 + 1]),
    "uint64 beyond 2**63": (lambda: of("uint64", [2**64 - 1]) + 0, [2**64 - 1]),
    "int8 + 300": (lambda: of("int8") + 300, DTypeError),
    "uint8 > -1": (lambda: of("uint8") > -1, DTypeError),
    "where(int8, 300)": (lambda: pg.where(pg.asarray([True, False]), of("int8"), 300), DTypeError),
    "2 ** int64 -1": (lambda: pg.pow(2, of("int64", [-1])), DTypeError),
    "full of what does not fit": (lambda: pg.full(2, 300, dtype=pg.int8), DTypeError),
    "x[0] = what does not fit": (lambda: _written(300), DTypeError),
    "x[0] = 1j": (lambda: _written(1j), DTypeError),
    "x[0] = 2.9": (lambda: _written(2.9), [2, 0]),
}  # fmt: skip


def _written(value: Any) -> Tensor:
    x = of("int8")
    x[0] = value
    return x


# ----------------------------------------------------------------------------------------------------- casts, defaults


def _cast(name: str) -> None:
    """To every dtype; a complex number has no real one."""
    has(name)
    for to in [dtype for dtype in here().backend.dtypes if dtype.name in NAMES]:
        lossy = DTYPES[name].kind == "c" and to.kind in "iuf"
        wanted: Any = DTypeError if lossy else [_as(to.name, n) for n in (1, 0)]
        done(f"{name} to {to.name}", told(pg.astype, of(name), to), wanted)
        if not lossy:
            done(f"{name} to {to.name}", pg.astype(of(name), to).dtype, to)


MADE: dict[str, tuple[Callable[[], Tensor], str]] = {
    "zeros": (lambda: pg.zeros(2), "float"),
    "ones": (lambda: pg.ones((2, 2)), "float"),
    "empty": (lambda: pg.empty(2), "float"),
    "full(1.0)": (lambda: pg.full(2, 1.0), "float"),
    "full(1)": (lambda: pg.full(2, 1), "int64"),
    "full(True)": (lambda: pg.full(2, True), "bool"),
    "full(1j)": (lambda: pg.full(2, 1j), "complex"),
    "arange of ints": (lambda: pg.arange(3), "int64"),
    "arange of floats": (lambda: pg.arange(0.0, 1.0, 0.5), "float"),
    "linspace": (lambda: pg.linspace(0, 1, 3), "float"),
    "eye": (lambda: pg.eye(2), "float"),
    "asarray(1.5)": (lambda: pg.asarray(1.5), "float"),
    "asarray of floats": (lambda: pg.asarray([1.5, 2.0]), "float"),
    "asarray of ints": (lambda: pg.asarray([1, 2]), "int64"),
    "asarray of booleans": (lambda: pg.asarray([True]), "bool"),
    "asarray of complex": (lambda: pg.asarray([1j]), "complex"),
    "normal": (lambda: pg.random.normal(2), "float"),
    "uniform": (lambda: pg.random.uniform(2), "float"),
    "integers": (lambda: pg.random.integers(2, 0, 5), "int64"),
    "int / int": (lambda: pg.asarray([1]) / pg.asarray([2]), "float"),
    "int * 0.5": (lambda: pg.asarray([1]) * 0.5, "float"),
    "sin of an int": (lambda: pg.sin(pg.asarray([1])), "float"),
    "mean of ints": (lambda: pg.mean(pg.asarray([1, 2])), "float"),
    "fftfreq": (lambda: pg.fft.fftfreq(4), "float"),
    "a gradient of Python's number": (lambda: pg.grad(lambda x: x * x)(2.0), "float"),
}


@contextmanager
def _default(dtype: Any) -> Iterator[None]:
    before = pg.default_dtype()
    pg.set_default_dtype(dtype)
    try:
        yield
    finally:
        pg.set_default_dtype(before)


def _made(row: tuple[Callable[[], Tensor], str]) -> None:
    make, wanted = row
    for default, compound in ((pg.float64, pg.complex128), (pg.float32, pg.complex64)):
        if default in here().backend.dtypes:
            with _default(default):
                want = {"float": default, "complex": compound}.get(wanted) or DTYPES[wanted]
                done(f"with the default dtype {default.name}", told(lambda: make().dtype), want)
                done("NumPy's copy has", told(lambda: make().detach().numpy().dtype.name), want.name)


GRADIENTS: dict[str, Row] = {  # a gradient has the dtype of what it belongs to
    "float32 beside float64": (lambda: _gradients("float32", "float64"), ["float32", "float64"]),
    "float64 beside complex64": (lambda: _gradients("float64", "complex64"), ["float64", "complex64"]),
    "float32 beside complex128": (lambda: _gradients("float32", "complex128"), ["float32", "complex128"]),
    "float32 beside int64": (lambda: _gradients("float32", "int64"), ["float32", None]),
    "float64 by way of float32": (
        lambda: pg.grad(lambda x: pg.sum(pg.astype(pg.astype(x, pg.float32), pg.float64) * 3))(pg.ones(2)),
        [3.0, 3.0],
    ),
    "tangents": (lambda: _tangent_dtype(), "float32"),
}


def _gradients(*names: str) -> list[str | None]:
    has(*names)
    xs = [pg.ones(2, dtype=DTYPES[name], requires_grad=DTYPES[name].kind in "fc") for name in names]
    y = xs[0] * xs[1]
    pg.sum(pg.real(y) if y.dtype.kind == "c" else y).backward()
    return [None if x.grad is None else x.grad.dtype.name for x in xs]


def _tangent_dtype() -> str:
    has("float32")
    x = pg.ones(2, dtype=pg.float32)
    y, t = pg.jvp(lambda x: pg.sin(x) * pg.asarray([1, 2]) + 0.5, (x,), (x,))
    if y.dtype is not t.dtype:
        raise Disagreement(f"the value is {y.dtype.name}, its tangent {t.dtype.name}")
    return t.dtype.name


CHECKS: tuple[Check, ...] = (
    by_rule("promotion", "pairs", PAIRS, _pair),
    by_rule("promotion", "numbers", SCALARS, _scalar),
    by_rule("promotion", "results", RESULTS, _result),
    by_op("promotion", "half", _sparse, _halved),
    by_row("promotion", "range", MANY),
    by_rule("promotion", "casts", {name: name for name in NAMES}, _cast),
    by_rule("promotion", "defaults", MADE, _made),
    by_row("promotion", "derivatives", GRADIENTS, order=1),
)
