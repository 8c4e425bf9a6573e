"""The names and signatures of the array API standard, and that every docstring has an example that runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from typing import Any

import pytest

import plugrad as pg
from plugrad import namespace

from .helpers import names

# Of the standard's edition 2025.12, chapter by chapter: "/" ends what is positional, "*" begins what is by keyword.
UNARY = names(
    "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan "
    "log log1p log2 log10 logical_not negative positive real reciprocal round sign signbit sin sinh square sqrt tan "
    "tanh trunc"
)
BINARY = names(
    "add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal "
    "floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum "
    "minimum multiply nextafter not_equal pow remainder subtract"
)
SIGNATURES = {
    **dict.fromkeys(UNARY, "x, /"),
    **dict.fromkeys(BINARY, "x1, x2, /"),
    "clip": "x, /, min=None, max=None",
    # creation
    "arange": "start, /, stop=None, step=1, *, dtype=None, device=None",
    "asarray": "obj, /, *, dtype=None, device=None, copy=None",
    "empty": "shape, *, dtype=None, device=None",
    "empty_like": "x, /, *, dtype=None, device=None",
    "eye": "n_rows, n_cols=None, /, *, k=0, dtype=None, device=None",
    "from_dlpack": "x, /, *, device=None, copy=None",
    "full": "shape, fill_value, *, dtype=None, device=None",
    "full_like": "x, /, fill_value, *, dtype=None, device=None",
    "linspace": "start, stop, /, num, *, dtype=None, device=None, endpoint=True",
    "meshgrid": "*arrays, indexing='xy'",
    "ones": "shape, *, dtype=None, device=None",
    "ones_like": "x, /, *, dtype=None, device=None",
    "tril": "x, /, *, k=0",
    "triu": "x, /, *, k=0",
    "zeros": "shape, *, dtype=None, device=None",
    "zeros_like": "x, /, *, dtype=None, device=None",
    # data types
    "astype": "x, dtype, /, *, copy=True, device=None",
    "can_cast": "from_, to, /",
    "finfo": "type, /",
    "iinfo": "type, /",
    "isdtype": "dtype, kind",
    "result_type": "*arrays_and_dtypes",
    # indexing
    "take": "x, indices, /, *, axis=None",
    "take_along_axis": "x, indices, /, *, axis=-1",
    # inspection
    "__array_namespace_info__": "",
    # linear algebra
    "matmul": "x1, x2, /",
    "matrix_transpose": "x, /",
    "tensordot": "x1, x2, /, *, axes=2",
    "vecdot": "x1, x2, /, *, axis=-1",
    # manipulation
    "broadcast_arrays": "*arrays",
    "broadcast_shapes": "*shapes",
    "broadcast_to": "x, /, shape",
    "concat": "arrays, /, *, axis=0",
    "expand_dims": "x, /, axis",
    "flip": "x, /, *, axis=None",
    "moveaxis": "x, source, destination, /",
    "permute_dims": "x, /, axes",
    "repeat": "x, repeats, /, *, axis=None",
    "reshape": "x, /, shape, *, copy=None",
    "roll": "x, /, shift, *, axis=None",
    "squeeze": "x, /, axis",
    "stack": "arrays, /, *, axis=0",
    "tile": "x, repetitions, /",
    "unstack": "x, /, *, axis=0",
    # searching
    "argmax": "x, /, *, axis=None, keepdims=False",
    "argmin": "x, /, *, axis=None, keepdims=False",
    "count_nonzero": "x, /, *, axis=None, keepdims=False",
    "nonzero": "x, /",
    "searchsorted": "x1, x2, /, *, side='left', sorter=None",
    "where": "condition, x1, x2, /",
    # sets
    "isin": "x1, x2, /, *, invert=False",
    **dict.fromkeys(("unique_all", "unique_counts", "unique_inverse", "unique_values"), "x, /"),
    # sorting
    "argsort": "x, /, *, axis=-1, descending=False, stable=True",
    "sort": "x, /, *, axis=-1, descending=False, stable=True",
    # statistical
    "cumulative_prod": "x, /, *, axis=None, dtype=None, include_initial=False",
    "cumulative_sum": "x, /, *, axis=None, dtype=None, include_initial=False",
    "max": "x, /, *, axis=None, keepdims=False",
    "mean": "x, /, *, axis=None, keepdims=False",
    "min": "x, /, *, axis=None, keepdims=False",
    "prod": "x, /, *, axis=None, dtype=None, keepdims=False",
    "std": "x, /, *, axis=None, correction=0.0, keepdims=False",
    "sum": "x, /, *, axis=None, dtype=None, keepdims=False",
    "var": "x, /, *, axis=None, correction=0.0, keepdims=False",
    # utility
    "all": "x, /, *, axis=None, keepdims=False",
    "any": "x, /, *, axis=None, keepdims=False",
    "diff": "x, /, *, axis=-1, n=1, prepend=None, append=None",
}
CONSTANTS = ("e", "inf", "nan", "newaxis", "pi")
DTYPES = names("bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128")
OURS = {"backend": None, "requires_grad": False}
"""What we add to the standard's keywords."""


def _parameters(signature: str) -> list[inspect.Parameter]:
    scope: dict[str, Any] = {}
    exec(f"def f({signature}): pass", scope)
    return list(inspect.signature(scope["f"]).parameters.values())


@pytest.mark.parametrize("name", [*SIGNATURES, *CONSTANTS, *DTYPES, "__array_api_version__"])
def test_a_name_of_the_standard_is_there(name: str) -> None:
    assert hasattr(pg, name)
    assert name in namespace.__all__


def test_what_is_loaded_later_is_listed_too() -> None:
    """Completion asks `dir`; what a module of ours imports is no offer."""
    listed = set(dir(pg))
    assert {"autograd", "compile", "extend", "fft", "linalg", "nn", "random", "special", "testing"} <= listed
    assert set(pg.__all__) <= listed
    assert listed.isdisjoint({"Any", "annotations", "import_module", "partial", "declared", "failures"})
    assert all(hasattr(pg, name) for name in listed)


def test_names_are_given_once_and_exist() -> None:
    assert len(set(namespace.__all__)) == len(namespace.__all__)
    assert all(hasattr(namespace, name) for name in namespace.__all__)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_takes_what_the_standard_gives(name: str) -> None:
    """Same names, order and defaults; a keyword of the standard may be given by position too."""
    want, got = _parameters(SIGNATURES[name]), list(inspect.signature(getattr(pg, name)).parameters.values())
    if not any(p.kind is p.KEYWORD_ONLY for p in want) and len(want) == len(got):
        assert [p.kind for p in got] == [p.kind for p in want]
    by_name = {p.name: p for p in got}
    for p in want:
        if p.kind is p.POSITIONAL_ONLY:
            assert by_name[p.name].kind is p.kind
            continue
        assert by_name[p.name].default == p.default or name == "squeeze"
        assert by_name[p.name].kind in (p.kind, p.POSITIONAL_OR_KEYWORD)
    assert sum(p.kind is p.POSITIONAL_ONLY for p in got) == sum(p.kind is p.POSITIONAL_ONLY for p in want)
    more = {p.name: p.default for p in got if p.kind is not p.POSITIONAL_ONLY and p.name not in {q.name for q in want}}
    assert more.items() <= OURS.items()


CREATION = names("arange asarray empty empty_like eye full full_like linspace ones ones_like zeros zeros_like")


@pytest.mark.parametrize("name", CREATION)
def test_creation_functions_take_what_tensors_need(name: str) -> None:
    given = inspect.signature(getattr(pg, name)).parameters
    assert all(given[keyword].kind is inspect.Parameter.KEYWORD_ONLY for keyword in ("device", "dtype", *OURS))


FUNCTIONS = [
    name
    for name in namespace.__all__
    if callable(getattr(namespace, name)) and not isinstance(getattr(namespace, name), pg.DType)
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_says_it_all_and_its_example_runs(name: str) -> None:
    """Doors are made elsewhere than they stand, so that a search for doctests in modules does not find theirs."""
    doc = inspect.getdoc(getattr(namespace, name)) or ""
    sections = ["Returns\n-------", "Examples\n--------", f"pg.{name}("]
    assert [s for s in sections if s not in doc] == []
    if SIGNATURES.get(name):
        parameters = doc.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
        named = re.findall(
            r"\w+", " ".join(line.partition(" :")[0] for line in parameters.splitlines() if line[0] != " ")
        )
        assert set(named) == set(inspect.signature(getattr(namespace, name)).parameters)
    example = doctest.DocTestParser().get_doctest(doc, {}, name, None, None)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=said.append)
    assert "".join(said) == ""


CHAPTERS = [info.name for info in pkgutil.iter_modules(namespace.__path__) if not info.name.startswith("_")]


@pytest.mark.parametrize("chapter", [c for c in CHAPTERS if c != "bound"])
def test_chapter_offers_what_it_says(chapter: str) -> None:
    module = importlib.import_module(f"plugrad.namespace.{chapter}")
    assert set(module.__all__) <= set(namespace.__all__)
    assert all(getattr(module, name) is getattr(namespace, name) for name in module.__all__)
