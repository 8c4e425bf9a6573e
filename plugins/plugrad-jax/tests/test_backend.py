"""What goes in and out, 64 bits in a process of 32, devices that do not mix, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugrad as pg
from plugrad import dtypes, ops
from plugrad.backends import current
from plugrad.errors import ConversionError, DeviceError, DTypeError, ExchangeError, ValidationError
from plugrad_jax.backend import JaxBackend

TABLE = current.table("jax")
BACKEND = TABLE.backend
RNG = np.random.default_rng(5)


@pytest.fixture
def jax_home() -> Iterator[None]:
    """New arrays are JAX's."""
    with pg.use_backend("jax"):
        yield


def test_announcing_it_does_not_import_jax() -> None:
    code = "import plugrad_jax, sys; assert plugrad_jax.plugrad_backends(); sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------------------------------------------------- 64 bits
# The process keeps JAX's default, which is 32 bits: these tests would not be worth much otherwise.


@pytest.fixture
def narrow() -> None:
    """The tests run as most programs do."""
    assert jnp.ones(2).dtype == np.float32, "run these tests without JAX_ENABLE_X64"


NARROWED: dict[str, Callable[[Any], Any]] = {  # by a number, by an accumulator, by an index, when made
    "times a number": lambda x: x * 2.0,
    "a sum": pg.sum,
    "a product": lambda x: x @ x,
    "a mean": pg.mean,
    "made": lambda x: pg.full((2,), 0.1),
    "like another": pg.ones_like,
    "cast": lambda x: pg.astype(x, pg.float32).astype(pg.float64),
    "from NumPy": lambda x: pg.asarray(np.array([0.1])),
    "random": lambda x: pg.random.normal(2),
    "a gradient": pg.grad(lambda x: pg.sum(pg.exp(x) * 2.0 / 3.0)),
    "a gradient of an entry": pg.grad(lambda x: x[pg.asarray([1, 1])][0] * 2.0),
    "a second derivative": pg.grad(pg.grad(lambda x: x**3 * 2.0)),
    "a tangent": lambda x: pg.jvp(lambda x: x * 2.0, (x,), (x,))[1],
    "a batch": pg.vmap(lambda x: x * 2.0),
    "a program": pg.compile(lambda x: pg.sum(x * 2.0)),
    "a program of a gradient": pg.compile(pg.grad(lambda x: pg.sum(pg.tanh(x * 2.0)))),
    "an attribute": lambda x: _grad_of(x),
    "a composed function": lambda x: pg.special.betainc(x, x, 0.5),
    "a pseudo-inverse": lambda x: pg.linalg.pinv(x[:, None]),
}
INTEGERS: dict[str, Callable[[Any], Any]] = {
    "positions": pg.argmax,
    "an order": pg.argsort,
    "places": lambda x: pg.nonzero(x)[0],
    "a search": lambda x: pg.searchsorted(x, x),
    "a range": lambda x: pg.arange(3),
    "a count": pg.count_nonzero,
}


def _grad_of(x: pg.Tensor) -> pg.Tensor:
    leaf = pg.asarray(x, requires_grad=True)
    pg.sum(leaf * leaf * 3.0).backward()
    assert leaf.grad is not None
    return leaf.grad


@pytest.mark.parametrize("name", NARROWED)
@pytest.mark.usefixtures("narrow", "jax_home")
def test_double_precision_in_a_process_of_single_precision(name: str) -> None:
    values = np.array([0.1, 0.7]) if name != "a second derivative" else np.array(0.7)
    found = NARROWED[name](pg.asarray(values))  # a warning of JAX's that it truncates would be an error
    assert (found.dtype, found.backend) == (pg.float64, "jax")
    if name != "random":
        with pg.use_backend("numpy"):
            expected = NARROWED[name](pg.asarray(values))
        assert pg.testing.error_in_eps(found.to_backend("numpy"), expected) < 16


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.usefixtures("narrow", "jax_home")
def test_indices_have_64_bits(name: str) -> None:
    assert INTEGERS[name](pg.asarray([0.1, 0.7])).dtype is pg.int64


@pytest.mark.usefixtures("narrow", "jax_home")
def test_the_process_keeps_its_setting() -> None:
    pg.grad(lambda x: pg.sum(pg.sin(x)))(pg.ones(3))
    with pytest.raises(pg.errors.ShapeError):
        pg.ones(3) + pg.ones(2)
    assert not jax.config.jax_enable_x64
    assert (jnp.ones(2) * 2.0).dtype == np.float32
    seen = []

    def beside() -> None:
        seen.append(pg.sum(pg.asarray([0.1, 0.2], backend="jax") * 2.0).dtype)
        seen.append(jnp.ones(2).dtype)

    thread = threading.Thread(target=beside)
    thread.start()
    thread.join()
    assert seen == [pg.float64, np.float32]


@pytest.mark.usefixtures("narrow")
def test_single_precision_stays_single_precision() -> None:
    x = pg.asarray(jnp.asarray([0.5, 2.0]), requires_grad=True)
    y = pg.sum(pg.where(x > 1, x * 2.0, pg.exp(x)) / 3)
    y.backward()
    assert (x.backend, x.dtype, y.dtype, x.grad.dtype) == ("jax", pg.float32, pg.float32, pg.float32)


# ------------------------------------------------------------------------------------------------------------------ in

IN: dict[str, tuple[Any, str | None, str, Any]] = {  # what comes, asked dtype, dtype, values
    "a bool": (True, None, "bool", True),
    "an int": (3, None, "int64", 3),
    "a float": (0.1, None, "float64", 0.1),
    "a complex": (1j, None, "complex128", 1j),
    "nested lists": ([[1, 2], [3, 4.5]], None, "float64", [[1, 2], [3, 4.5]]),
    "an empty list": ([], None, "float64", []),
    "integers as float32": ([1, 2], "float32", "float32", [1, 2]),
    "a NumPy scalar": (np.float32(2), None, "float32", 2),
    "a NumPy array": (np.array([1, 2], np.int16), None, "int16", [1, 2]),
    "a large integer": (np.array([2**63 + 1], np.uint64), None, "uint64", [2**63 + 1]),
    "a NumPy array, cast": (np.array([1.5, 2.5]), "complex64", "complex64", [1.5, 2.5]),
    "a reversed NumPy array": (np.arange(3)[::-1], None, "int64", [2, 1, 0]),
    "every second element": (np.arange(6.0)[::2], None, "float64", [0, 2, 4]),
    "a NumPy array of swapped bytes": (np.array([1.0, 2.0], ">f8"), None, "float64", [1, 2]),
    "a broadcast NumPy array": (np.broadcast_to(np.array(7.0), (2,)), None, "float64", [7, 7]),
    "a transposed NumPy array": (np.array([[1, 2], [3, 4]]).T, None, "int64", [[1, 3], [2, 4]]),
    "a JAX array": (jnp.asarray([1.0, 2.0]), None, "float32", [1, 2]),
    "a JAX array, cast": (jnp.asarray([1.0, 2.0]), "int8", "int8", [1, 2]),
    "a weak JAX array": (jnp.asarray(2.0), None, "float32", 2),
    "a bfloat16, cast": (jnp.ones(2, jnp.bfloat16), "float64", "float64", [1, 1]),
}


@pytest.mark.parametrize("copy", [None, True])
@pytest.mark.parametrize("name", IN)
def test_asarray(name: str, copy: bool | None) -> None:
    obj, asked, dtype, values = IN[name]
    raw = BACKEND.asarray(obj, asked and dtypes.DTYPES[asked], None, copy)
    assert isinstance(raw, jax.Array)
    assert (raw.dtype.name, raw.weak_type, raw.committed) == (dtype, False, True)
    assert raw.tolist() == values
    assert BACKEND.device_of(raw) == "cpu"
    if isinstance(obj, np.ndarray):
        assert not np.shares_memory(np.asarray(raw), obj)


def test_python_floats_take_the_default_dtype() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dtypes, "_default", dtypes.float32)
        assert BACKEND.asarray([0.5], None, None, None).dtype == np.float32
        assert BACKEND.asarray(1j, None, None, None).dtype == np.complex64
        assert BACKEND.asarray(np.array([0.5]), None, None, None).dtype == np.float64


def aligned(n: int) -> Any:
    """A NumPy array where XLA can see it: at a multiple of 64 bytes."""
    memory = np.zeros(8 * n + 64, np.uint8)
    first = -memory.ctypes.data % 64
    return memory[first : first + 8 * n].view(np.float64)


def test_memory_is_shared_when_asked() -> None:
    host, own = aligned(2), jnp.zeros(2)
    raw = BACKEND.asarray(host, None, None, False)
    assert np.shares_memory(np.asarray(raw), host)
    assert BACKEND.asarray(own, None, None, False).unsafe_buffer_pointer() == own.unsafe_buffer_pointer()
    copies = [
        BACKEND.asarray(host, None, None, None),
        BACKEND.copied(raw),
        BACKEND.asarray(Exporter(host), None, None, None),
    ]
    host[0] = 5
    assert [copy.tolist() for copy in copies] == [[0, 0]] * 3


def test_a_copy_is_made_at_once() -> None:
    """XLA would make it when it comes to it."""
    host = aligned(10**6)
    copies = [BACKEND.asarray(host, dtype, None, True) for dtype in (None, dtypes.float32)]
    host[:] = 1
    assert [np.asarray(copy).max() for copy in copies] == [0, 0]


@pytest.mark.parametrize("obj", [1.0, [1.0], np.float64(1), np.arange(2.0)[::-1], aligned(3)[1:]], ids=str)
def test_what_cannot_be_shared_is_refused(obj: Any) -> None:
    with pytest.raises(ValidationError, match="leave copy out"):
        BACKEND.asarray(obj, None, None, False)


def test_sharing_in_another_dtype_is_refused() -> None:
    with pytest.raises(ValidationError, match="leave copy out"):
        BACKEND.asarray(jnp.zeros(2), dtypes.float64, None, False)


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "bfloat16": (lambda: jnp.ones(2, jnp.bfloat16), DTypeError, "bfloat16"),
    "NumPy's float16": (lambda: np.ones(2, np.float16), DTypeError, "float16"),
    "keys": (lambda: jax.random.key(0), DTypeError, "no numbers"),
    "objects": (lambda: np.array([None]), DTypeError, "object"),
    "strings": (lambda: ["a"], DTypeError, "no array of numbers"),
    "ragged": (lambda: [[1], [1, 2]], ConversionError, "no array of numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    made, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        BACKEND.asarray(made(), None, None, None)


@pytest.mark.parametrize("obj", [jnp.asarray([1j]), np.array([1j])], ids=str)
def test_complex_values_are_not_narrowed(obj: Any) -> None:
    with pytest.raises(DTypeError, match=r"take real\(x\)"):
        BACKEND.asarray(obj, dtypes.float64, None, None)


@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap])
def test_a_value_inside_a_transform_of_jax_is_refused(transform: Any) -> None:
    with pytest.raises(ConversionError, match="a transform of JAX; use plugrad's"):
        transform(lambda x: pg.sum(pg.asarray(x)).data)(jnp.ones(2))


def test_a_first_use_inside_a_transform_of_jax_is_refused_and_spoils_nothing() -> None:
    code = """
import jax, plugrad as pg
try:
    jax.jit(lambda x: pg.asarray(x).data)(jax.numpy.ones(2))
except pg.errors.TransformError as error:
    assert "first asked for JAX inside a transform of JAX's own; use plugrad's" in str(error), error
else:
    raise AssertionError("it was loaded")
assert pg.sum(pg.asarray(jax.numpy.ones(2))).item() == 2
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_arrays_of_jax_are_known_by_their_type() -> None:
    assert JaxBackend.array_types == (type(jnp.ones(1)),)
    x = pg.asarray(jnp.asarray([1.0, 2.0]))
    assert (x.backend, x.device) == ("jax", "cpu")
    assert pg.sum(x * x).item() == 5


# ----------------------------------------------------------------------------------------------------------------- out


class Exporter:
    """Speaks DLPack and nothing else."""

    def __init__(self, host: Any) -> None:
        self.host = host

    def __dlpack__(self, **options: Any) -> Any:
        return self.host.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.host.__dlpack_device__()


def test_dlpack_both_ways() -> None:
    host = aligned(3)
    for raw in (BACKEND.from_dlpack(Exporter(host), None), BACKEND.from_dlpack(host, "cpu")):
        assert raw.unsafe_buffer_pointer() == host.ctypes.data
        assert np.shares_memory(np.from_dlpack(raw), host)
    assert BACKEND.asarray(Exporter(host), None, None, None).unsafe_buffer_pointer() != host.ctypes.data
    assert BACKEND.from_dlpack(np.float64(3), None).item() == 3  # NumPy's scalars do not speak it
    host.flags.writeable = False
    assert BACKEND.from_dlpack(host, None).tolist() == [0, 0, 0]
    with pytest.raises(ExchangeError, match="Exporter"):
        BACKEND.from_dlpack(Exporter(np.arange(6.0)[::2]), None)


@pytest.mark.parametrize("name", dtypes.DTYPES)
def test_every_dtype_goes_out_and_comes_back(name: str) -> None:
    x = pg.asarray(np.array([0, 1, 1]).astype(name), backend="jax")
    assert x.dtype is dtypes.DTYPES[name]
    there = x.to_backend("numpy")
    assert (there.dtype, there.to_backend("jax").tolist()) == (x.dtype, x.tolist())


def test_a_gradient_comes_back_from_another_backend() -> None:
    x = pg.asarray([1.0, 2.0], backend="jax", requires_grad=True)
    pg.sum(x.to_backend("numpy") ** 2).backward()
    assert (x.grad.backend, x.grad.tolist()) == ("jax", [2, 4])
    y = pg.asarray([1.0, 2.0], backend="numpy", requires_grad=True)
    pg.sum(y.to_backend("jax") ** 2 * 0.1).backward()
    assert (y.grad.backend, y.grad.dtype) == ("numpy", pg.float64)
    np.testing.assert_allclose(y.grad.numpy(), [0.2, 0.4], rtol=1e-15)


def test_values_come_out() -> None:
    raw = BACKEND.asarray([[1.5, 2.5]], None, None, None)
    assert BACKEND.to_numpy(raw).tolist() == [[1.5, 2.5]]
    assert BACKEND.item(raw[:, :1]) == 1.5
    assert BACKEND.full((2,), 3, dtypes.int8, "cpu").tolist() == [3, 3]
    assert BACKEND.unbroadcast(BACKEND.asarray(np.ones((4, 2, 3)), None, None, None), (2, 1)).tolist() == [[12], [12]]
    assert set(BACKEND.dtypes) == set(dtypes.DTYPES.values())
    BACKEND.synchronize()


# ------------------------------------------------------------------------------------------------------------- devices


def test_devices_that_are_not_there_are_refused() -> None:
    assert BACKEND.devices()[0] == "cpu"
    assert pg.ones(1, backend="jax", device=jax.devices("cpu")[0]).device == "cpu"
    for name in ("cuda:99", "meta", "cpu:7"):
        with pytest.raises(DeviceError, match=f"no device '{name}'; it has 'cpu'"):
            BACKEND.to_device(jnp.zeros(1), name)
        with pytest.raises(DeviceError):
            BACKEND.asarray([1.0], None, name, None)


TWO_DEVICES = """
import jax, jax.numpy as jnp, plugrad as pg, pytest
from plugrad.errors import ConversionError, DeviceError

with pg.use_backend("jax", "cpu:1"):
    there = pg.asarray([1.0, 2.0], requires_grad=True)
    made = [pg.zeros(2), pg.arange(2), pg.ones_like(there), there[[1, 0]], pg.random.normal(2), pg.argmax(there)]
    made.append(pg.grad(lambda x: pg.sum(x[[0, 0]] ** 2))(there))
    made.append(pg.compile(lambda x: pg.stack([x, pg.ones(2)]))(there))
    assert {x.device for x in made} == {"cpu:1"}
here = pg.asarray(jnp.asarray([1.0, 2.0]))  # JAX itself would move it
assert pg.backends.manager.current.table("jax").backend.devices() == ("cpu", "cpu:1")
assert (here.device, there.device) == ("cpu", "cpu:1")
for mixed in (lambda: here + there, lambda: pg.where(here > 0, here, there), lambda: pg.concat([here, there])):
    with pytest.raises(DeviceError, match="operands on cpu and cpu:1; move one"):
        mixed()
pg.sum(there.to_device("cpu") ** 2).backward()
assert (there.grad.device, there.grad.tolist()) == ("cpu:1", [2, 4])
spread = jax.sharding.NamedSharding(jax.make_mesh((2,), ("x",)), jax.sharding.PartitionSpec("x"))
with pytest.raises(ConversionError, match="lies on 2 devices"):
    pg.asarray(jax.device_put(jnp.ones(2), spread))
"""


def test_devices_do_not_mix() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], env=environment, capture_output=True, encoding="utf8", check=False
    )
    assert done.returncode == 0, done.stderr


ACCELERATORS = [name for name in BACKEND.devices() if not name.startswith("cpu")]


@pytest.mark.skipif(not ACCELERATORS, reason="JAX sees no accelerator")
def test_an_accelerator_and_back() -> None:
    name = ACCELERATORS[0]
    with pg.use_backend("jax", name.partition(":")[0]):
        x = pg.asarray([1.0, 2.0], requires_grad=True)
        pg.sum(pg.exp(x) @ pg.ones((2, 2))).backward()
    assert (x.device, x.grad.device, x.grad.dtype) == (name, name, pg.float64)
    np.testing.assert_allclose(x.grad.to_device("cpu").numpy(), 2 * np.exp([1.0, 2.0]), rtol=1e-14)
    BACKEND.synchronize()


# --------------------------------------------------------------------------------------------------------- derivatives


def loss(w: Any, x: Any) -> Any:
    """A little of everything."""
    hidden = pg.nn.softmax(pg.tanh(x @ w) ** 2, axis=1)
    return pg.sum(pg.exp(hidden[:, ::-1]) * pg.maximum(hidden, 0.2))


@pytest.mark.parametrize("compiled", [False, True])
def test_the_gradient_of_a_network_is_numpys(compiled: bool) -> None:
    w, x = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 3))
    expected = pg.grad(loss)(pg.asarray(w), pg.asarray(x)).numpy()
    with pg.use_backend("jax"):
        gradient = pg.compile(pg.grad(loss)) if compiled else pg.grad(loss)
        found = gradient(pg.asarray(w), pg.asarray(x))
    assert found.backend == "jax"
    assert pg.testing.error_in_eps(found, pg.asarray(expected)) < 8


def test_assignment_never_reaches_what_was_saved(jax_home: None) -> None:
    x = pg.asarray([1.0, 2.0, 3.0], requires_grad=True)
    buffer = pg.zeros(3)
    buffer[:2] = x[1:] * 2.0
    view = buffer[1:]
    buffer[pg.asarray([0, 0])] = 5.0
    buffer += 1
    assert (buffer.tolist(), view.tolist()) == ([6, 7, 1], [7, 1])
    pg.sum(view * view).backward()
    assert x.grad.tolist() == [0, 0, 28]


def test_a_kernel_of_a_users_own_runs_in_64_bits(jax_home: None) -> None:
    pg.extend.kernel("square", "jax", lambda x: x * x * 1.0)
    try:
        assert pg.square(pg.asarray([0.1])).dtype is pg.float64
    finally:
        pg.extend.kernel("square", "jax", None)
    assert pg.square(pg.asarray([0.1])).dtype is pg.float64
    cube = pg.extend.primitive(
        "jax_cube(x)", rule=pg.extend.elementwise(lambda x: 3.0 * x * x), default=lambda xp, x: x * x * x * 1.0
    )
    try:
        assert pg.grad(cube)(pg.asarray(0.1)).item() == pytest.approx(0.03, rel=1e-15)
    finally:
        pg.extend.unregister(cube)


def test_native_kernels_are_the_plugins() -> None:
    assert TABLE.native == set(BACKEND.kernels())
    assert ops.BINARY_CROSS_ENTROPY not in TABLE.native
