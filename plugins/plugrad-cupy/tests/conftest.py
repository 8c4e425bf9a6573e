"""What stands for CuPy where there is none: NumPy, and the fused formulas compiled for the host."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad.backends import current, manager
from plugrad.errors import BackendError, BackendNotFoundError
from plugrad_cupy import SPEC
from plugrad_cupy.kernels import Library
from plugrad_cupy.kernels.fused import FORMULAS, Fused

COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
C = {np.dtype(k): c for k, c in (
    ("bool", "bool"), ("int8", "signed char"), ("int16", "short"), ("int32", "int"), ("int64", "long long"),
    ("uint8", "unsigned char"), ("uint16", "unsigned short"), ("uint32", "unsigned"), ("uint64", "unsigned long long"),
    ("float32", "float"), ("float64", "double"),
)}  # fmt: skip
FLOATS = tuple(d for d in C if d.kind == "f")
OF_ANY_DTYPE = frozenset(("clip", "relu"))
OF_INTEGERS = frozenset(("outside",))


def dtypes_of(formula: Fused) -> tuple[np.dtype[Any], ...]:
    """What T may be."""
    if formula.name in OF_INTEGERS:
        return tuple(d for d in C if d.kind in "iu")
    return tuple(C) if formula.name in OF_ANY_DTYPE else FLOATS


def _declared(parameters: str) -> list[tuple[str, str]]:
    """[(type, name)]."""
    return [tuple(part.split()) for part in parameters.split(",")]  # type: ignore[misc]


def source(formula: Fused, dtype: np.dtype[Any], kind_of: str = "") -> str:
    """A C++ function that applies a formula to n elements: the loop that CuPy would write, on one thread."""
    types = {"T": C[dtype], "int64": "long long", "bool": "bool"}
    operands = [(types[kind], name) for kind, name in _declared(formula.operands)]
    ((kind, result),) = _declared(formula.result)
    arguments = [f"const {c} *{name}_" for c, name in operands] + [f"{types[kind]} *{result}_"]
    seen = [f"const {c} &{name} = {name}_[i];" for c, name in operands] + [f"{types[kind]} &{result} = {result}_[i];"]
    head = f"{kind_of} void {formula.name}_{dtype.name}(long long length, {', '.join(arguments)})"
    body = f"for (long long i = 0; i < length; ++i) {{ {' '.join(seen)} {formula.operation}; }}"
    return f'extern "C" {head} {{ typedef {C[dtype]} T; {body} }}'


@pytest.fixture(scope="session")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All formulas for all dtypes, compiled for the host."""
    if COMPILER is None:
        pytest.skip("no C++ compiler: neither c++, g++ nor clang++ is on the path")
    folder: Path = tmp_path_factory.mktemp("formulas")
    lines = [source(formula, dtype) for formula in FORMULAS.values() for dtype in dtypes_of(formula)]
    (folder / "formulas.cpp").write_text("#include <cmath>\nusing namespace std;\n" + "\n".join(lines))
    command = [COMPILER, "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-o", "formulas.so", "formulas.cpp"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(folder / "formulas.so"))


def on_host(compiled: ctypes.CDLL, formula: Fused) -> Any:
    """As `cupy.ElementwiseKernel` calls it: T is the dtype of the arrays, which must agree; numbers take it."""
    declared = _declared(formula.operands)
    ((kind, _),) = _declared(formula.result)

    def call(*args: Any) -> np.ndarray[Any, Any]:
        of_t = {a.dtype for a, (c, _) in zip(args, declared, strict=True) if c == "T" and hasattr(a, "dtype")}
        (dtype,) = of_t  # CuPy: "type is mismatched"
        raw = {"T": dtype, "int64": np.dtype("int64"), "bool": np.dtype("bool")}
        given = [np.asarray(a, raw[c]) for a, (c, _) in zip(args, declared, strict=True)]
        given = [np.ascontiguousarray(a) for a in np.broadcast_arrays(*given)]
        out = np.empty(np.broadcast_shapes(*(np.shape(a) for a in args)), raw[kind])
        function = getattr(compiled, f"{formula.name}_{dtype.name}")
        function(ctypes.c_longlong(out.size), *(ctypes.c_void_p(a.ctypes.data) for a in (*given, out)))
        return out

    return call


@pytest.fixture(scope="session")
def device_source() -> str:
    """The same for a GPU."""
    return "\n".join(source(f, dtype, "__global__") for f in FORMULAS.values() for dtype in dtypes_of(f))


class _Special:
    """scipy.special, asked only when called: without SciPy the other kernels can still be tried."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: getattr(pytest.importorskip("scipy.special"), name)(*args)


@pytest.fixture(scope="session")
def stand_in(formulas: ctypes.CDLL) -> Library:
    """NumPy in CuPy's place."""
    return Library(np, _Special(), np.add.at, nullcontext, lambda formula: on_host(formulas, formula))


def absence() -> str:
    """Why no GPU can be used, by the manager's own status; empty if one can."""
    try:
        try:
            current.table("cupy")
        except BackendNotFoundError:  # the plugin is on the path and not installed
            manager.register(SPEC)
            current.table("cupy")
    except BackendError as error:
        if pg.backends.manager.info("cupy").status not in ("missing-dependency", "no-device", "driver-error"):
            raise
        return re.sub(r"\s+", " ", str(error))
    return ""


@pytest.fixture(scope="session")
def gpu() -> Any:
    """The active backend on a GPU."""
    if why := absence():
        pytest.skip(f"SKIP_NO_HARDWARE: {why}")
    return current.table("cupy").backend
