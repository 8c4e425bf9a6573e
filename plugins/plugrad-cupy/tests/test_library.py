"""Where CuPy is installed, with or without a GPU: what the kernels call is there, and takes what it is given."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from plugrad_cupy.kernels import core, special
from plugrad_cupy.kernels.fused import FORMULAS

cupy = pytest.importorskip("cupy", reason="no module cupy: whether its functions are there cannot be asked")

CALLED: dict[str, tuple[int, tuple[str, ...]]] = {  # function: arguments by position, by keyword
    "all": (1, ("axis", "keepdims")),
    "any": (1, ("axis", "keepdims")),
    "arange": (1, ()),
    "argmax": (1, ("axis", "keepdims")),
    "argmin": (1, ("axis", "keepdims")),
    "argsort": (1, ("axis", "kind")),
    "array": (1, ()),
    "asarray": (1, ("dtype",)),
    "ascontiguousarray": (1, ()),
    "asnumpy": (1, ()),
    "broadcast_to": (2, ()),
    "concatenate": (2, ()),
    "cumprod": (1, ("axis", "dtype")),
    "cumsum": (1, ("axis", "dtype")),
    "empty": (2, ()),
    "fft.fftn": (1, ("axes", "norm")),
    "fft.ifftn": (1, ("axes", "norm")),
    "fft.irfft": (4, ()),
    "fft.rfft": (4, ()),
    "flip": (2, ()),
    "full": (3, ()),
    "lib.stride_tricks.as_strided": (3, ()),
    "linalg.cholesky": (1, ()),
    "linalg.det": (1, ()),
    "linalg.eig": (1, ()),
    "linalg.eigh": (1, ()),
    "linalg.eigvalsh": (1, ()),
    "linalg.inv": (1, ()),
    "linalg.qr": (1, ("mode",)),
    "linalg.slogdet": (1, ()),
    "linalg.solve": (2, ()),
    "linalg.svd": (1, ("full_matrices", "compute_uv")),
    "max": (1, ("axis", "keepdims")),
    "min": (1, ("axis", "keepdims")),
    "moveaxis": (3, ()),
    "ones": (2, ()),
    "prod": (1, ("axis", "dtype", "keepdims")),
    "roll": (3, ()),
    "searchsorted": (3, ()),
    "sum": (3, ("keepdims",)),
    "take_along_axis": (3, ()),
    "tril": (2, ()),
    "triu": (2, ()),
    "where": (3, ()),
    "zeros": (2, ()),
}
METHODS: dict[str, tuple[str, ...]] = {
    "ndarray": (
        "T", "__dlpack__", "__dlpack_device__", "any", "astype", "base", "copy", "data", "device", "dtype", "flags",
        "imag", "mT", "real", "reshape", "strides", "take", "transpose", "view",
    ),
    "cuda.Device": ("__enter__", "__exit__", "id", "synchronize"),
    "cuda.MemoryPointer": ("device", "mem"),
    "cuda.Stream": ("record", "wait_event"),
}  # fmt: skip


def found(path: str, root: Any = cupy) -> Any:
    for name in path.split("."):
        root = getattr(root, name)
    return root


@pytest.mark.parametrize("path", CALLED)
def test_a_function_takes_what_it_is_given(path: str) -> None:
    positions, keywords = CALLED[path]
    inspect.signature(found(path)).bind(*range(positions), **dict.fromkeys(keywords))


def test_every_function_that_is_called_is_asked_for() -> None:
    """The kernels' text against the table above, and against what CuPy has."""
    folder = Path(core.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py")) + (folder.parent / "backend.py").read_text()
    text = re.sub(r"import cupy\S*|from cupy\S* import|cupyx?\.(cuda|scipy)\.\w+", "", text)
    called = set(re.findall(r"\b(?:xp|cupy)\.((?:fft\.|linalg\.|lib\.stride_tricks\.)?[a-z]\w*)\(?", text))
    called |= {f"linalg.{name}" for name in re.findall(r"\blinalg\.([a-z]\w*)", text) if name not in ("solve",)}
    other = {"complex64", "remainder", "floor_divide", "ndarray", "isnan", "sqrt", "result_type", "from_dlpack"}
    names = {name for name in called if name not in ("fft", "linalg", "lib", "cuda") and "errors" not in name}
    for name in names:
        assert found(name) is not None
    missing = {name for name in names - set(CALLED) - other if callable(found(name))}
    assert not missing


@pytest.mark.parametrize("op", core.OWN, ids=str)
def test_a_kernel_of_its_own_name_is_a_ufunc_of_as_many_operands(op: Any) -> None:
    function = getattr(cupy, op.name)
    nin = getattr(function, "nin", None)
    if nin is None:  # round, matmul
        inspect.signature(function).bind(*op.operands)
    else:
        assert nin == len(op.operands)


@pytest.mark.parametrize("op", [*special.NAMED, *special.ORDERS], ids=str)
def test_a_special_function_has_a_loop_in_single_and_double(op: Any) -> None:
    namespace = pytest.importorskip("cupyx.scipy.special")
    for name in special.ORDERS.get(op, (op.name,)):
        function = getattr(namespace, name)
        types = function.types
        for char in "fd":
            n = function.nin
            assert f"{char * n}->{char}" in types, types


@pytest.mark.parametrize("kind", METHODS)
def test_methods_and_attributes(kind: str) -> None:
    for name in METHODS[kind]:
        assert hasattr(found(kind), name)


def test_what_is_called_beside() -> None:
    import cupyx

    inspect.signature(cupyx.scatter_add).bind(0, 1, 2)
    inspect.signature(cupyx.errstate).bind(linalg="raise")
    from cupy.cuda import Device, get_current_stream, memory, runtime

    assert callable(get_current_stream)
    assert isinstance(Device, type)
    for kind in (memory.PooledMemory, memory.Memory, memory.MemoryAsync, runtime.CUDARuntimeError):
        assert isinstance(kind, type)
    assert callable(runtime.getDevice)
    assert callable(runtime.getDeviceCount)


def test_cusolver_can_be_asked_for_eig() -> None:
    cusolver = pytest.importorskip("cupyx.cusolver", reason="no cuSOLVER here", exc_type=ImportError)
    assert cusolver.check_availability("geev") in (True, False)


def test_the_array_type_is_the_announced_one() -> None:
    from plugrad_cupy import SPEC

    assert SPEC.array_types == (f"{cupy.ndarray.__module__}.{cupy.ndarray.__qualname__}",)


def test_cupy_accepts_the_formulas() -> None:
    """Their declarations; the operations are compiled when they are first run."""
    for name, operands, operation, result in FORMULAS.values():
        kernel = cupy.ElementwiseKernel(operands, result, operation, f"plugrad_{name}")
        assert (kernel.nin, kernel.nout) == (operands.count(",") + 1, 1)


def test_nvrtc_compiles_the_formulas(device_source: str) -> None:
    """For a GPU, without one: where the library that does it is at hand."""
    from cupy.cuda import nvrtc

    try:
        nvrtc.getVersion()
    except RuntimeError as error:
        pytest.skip(f"no NVRTC: {error}")
    program = nvrtc.createProgram(device_source, "formulas.cu", (), ())
    try:
        nvrtc.compileProgram(program, ("-arch=compute_80", "--std=c++17"))
    except Exception:
        pytest.fail(nvrtc.getProgramLog(program))
    assert all(f"{name}_float64" in nvrtc.getPTX(program).decode() for name in FORMULAS if name != "outside")
