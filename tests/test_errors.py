"""Bad input: each an error of plugrad.errors, with what came and the mend in its text."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import plugrad as pg
from plugrad import errors
from plugrad.backends import manager
from plugrad.backends.spec import BackendSpec
from plugrad.errors import (
    BackendError,
    BackendNotFoundError,
    ConversionError,
    DeviceError,
    DTypeError,
    GraphError,
    IndexingError,
    MissingDependencyError,
    MixedBackendsError,
    PlugradError,
    ShapeError,
    TracingError,
    TransformError,
    ValidationError,
)

from .helpers import agree, const, leaf

ones = pg.ones


def ints() -> pg.Tensor:
    return pg.asarray([1, 2])


def truths() -> pg.Tensor:
    return pg.asarray([True, False])


def tracked() -> pg.Tensor:
    return pg.ones(2, requires_grad=True)


SHAPES = {
    "add": (
        lambda: ones(2) + ones(3),
        r"add: the shapes \(2,\) and \(3,\) do not fit.*equal from the last axis on, or 1",
    ),
    "tracked": (lambda: tracked() - ones((2, 3)), r"subtract: the shapes \(2,\) and \(2, 3\)"),
    "where": (lambda: pg.where(ones(2) > 0, ones(3), ones(2)), r"where: .*\(3,\)"),
    "matmul": (lambda: ones((2, 3)) @ ones((2, 3)), r"matmul: the shapes \(2, 3\) and \(2, 3\).*summed"),
    "matmul of stacks": (
        lambda: ones((2, 3, 4)) @ ones((5, 4, 3)),
        r"matmul: .*\(2, 3, 4\) and \(5, 4, 3\).*before the last two must be equal, or 1",
    ),
    "matmul of a 0-d": (lambda: ones(2) @ ones(()), r"matmul: .*\(2,\) and \(\).*multiply"),
    "vecdot": (lambda: pg.vecdot(ones(3), ones(2)), r"vecdot: .*\(3,\) and \(2,\)"),
    "tensordot": (lambda: pg.tensordot(ones((2, 3)), ones((2, 3)), axes=1), r"tensordot: .*\(2, 3\)"),
    "concat": (lambda: pg.concat([ones((2, 3)), ones((3, 2))]), r"concat: .*\(2, 3\), \(3, 2\).*stack"),
    "stack": (lambda: pg.stack([ones(2), ones(3)]), r"stack: .*\(2,\), \(3,\).*concat"),
    "reshape": (lambda: pg.reshape(ones(6), (4,)), r"reshape: 6 elements .*\(4,\).*-1"),
    "broadcast_to": (lambda: pg.broadcast_to(ones(3), (2,)), r"broadcast_to: \(3,\) .*\(2,\)"),
    "an axis": (lambda: pg.sum(ones(2), axis=3), r"sum: there is no axis 3; axes go from -1 to 0"),
    "an axis of a 0-d": (lambda: pg.sum(ones(()), axis=0), r"sum: .*0-d"),
    "too many elements for any memory": (lambda: ones((10**15, 10**15)), r"ones: .*fits into no memory"),
    "several axes where one is taken": (lambda: pg.argmax(ones((2, 2)), axis=(0, 1)), r"argmax: takes one axis, not 2"),
    "axes of three operands": (lambda: pg.tensordot(ones(2), ones(2), axes=[0, 0, 0]), r"tensordot: .*\[0, 0, 0\]"),
    "swapaxes": (lambda: ones(2).swapaxes(0, 5), "swapaxes: there is no axis 5; axes go from -1 to 0"),
    "swapaxes of no axis": (lambda: ones(2).swapaxes(0, None), "swapaxes: axis must be an int.*None"),
    "no axis at all": (lambda: pg.sum(ones(2), axis="a"), "sum: axis must be an int.*'a'"),
    "a negative size": (lambda: pg.zeros(-1), r"zeros: .*\(-1,\)"),
    "a broken size": (lambda: pg.zeros(1.5), "zeros: .*1.5"),
    "T of three axes": (lambda: ones((1, 2, 3)).T, r"T: .*\(1, 2, 3\).*permute_dims"),
    "a ragged list": (lambda: pg.asarray([[1.0], [1.0, 2.0]]), "asarray: .*differ in length"),
    "nothing to choose from": (lambda: pg.max(ones(0)), r"max: .*\(0,\)"),
    "in place": (lambda: ones(2).__iadd__(ones((3, 2))), r"add in place: \(3, 2\) does not fit \(2,\)"),
    "assignment": (lambda: ones(3).__setitem__(slice(2), ones(3)), r"assignment: a value of shape \(3,\)"),
    "assignment to a view": (lambda: ones((2, 3))[0].__setitem__(slice(2), ones(3)), r"\(3,\)"),
    "assignment to a mask": (lambda: ones(3).__setitem__(np.array([True, True, False]), ones(3)), r"\(3,\)"),
    "a gradient": (lambda: (tracked() * 2).backward(ones(3)), r"backward: .*\(3,\).*\(2,\)"),
    "a vector as loss": (lambda: (tracked() * 2).backward(), r"backward: .*\(2,\).*pass a gradient"),
    "a vector as result of grad": (lambda: pg.grad(lambda x: x)(ones(2)), r"grad: .*\(2,\).*sum or mean"),
    "an axis to map over": (
        lambda: pg.vmap(pg.sin, in_axes=2)(ones(2)),
        r"vmap: in_axes 2 of an array of shape \(2,\)",
    ),
    "nothing to map over": (lambda: pg.vmap(pg.sin, in_axes=None)(ones(2)), "the sizes of none; in_axes must name"),
    "a .grad": (lambda: setattr(tracked(), "grad", ones(3)), r"\.grad of shape \(3,\) for a tensor of shape \(2,\)"),
    "batch sizes": (lambda: pg.vmap(pg.add)(ones(2), ones(3)), r"vmap: .*\[2, 3\]"),
}
DTYPES = {
    "a cotangent": (lambda: pg.vjp(pg.sin, ones(2))[1](ones(2) * 1j), "complex128 for a value of float64; take"),
    "an int that does not fit": (lambda: pg.asarray([1], dtype=pg.int8) + 300, "add: 300 is no int8; cast the array"),
    "a number in no range": (lambda: pg.asarray([300], dtype=pg.int8), "300 is no int8; take a dtype that holds it"),
    "a quotient of integers": (lambda: pg.at(ints(), 0).divide(2), r"at\(...\).divide: a quotient is no int64; cast"),
    "drawn integers": (
        lambda: pg.random.integers((2,), 0, 3, dtype=pg.float64),
        "random.integers: draws integers, not float64; cast them",
    ),
    "integers that require grad": (lambda: ones(2, dtype=pg.int64, requires_grad=True), r"int64.*astype"),
    "a list of integers": (lambda: pg.asarray([1, 2], requires_grad=True), r"int64.*astype"),
    "a range": (lambda: pg.arange(3, requires_grad=True), r"int64.*astype"),
    "booleans": (lambda: pg.asarray([True]).requires_grad_(), r"bool.*astype"),
    "the property": (lambda: setattr(pg.asarray([1]), "requires_grad", True), r"int64.*astype"),
    "grad of integers": (lambda: pg.grad(pg.sum)(ints()), "grad: .*int64.*astype.*argnums"),
    "a name that is none": (lambda: ones(2, dtype="float16"), "'float16'.*float32, float64"),
    "NumPy's class": (lambda: ones(2, dtype=np.float64), "float64.*use one of"),
    "the default": (lambda: pg.set_default_dtype(pg.int64), "float32 or float64.*int64"),
    "text": (lambda: pg.asarray("abc"), "asarray: str 'abc'"),
    "an object": (lambda: pg.asarray([object()]), "asarray: list"),
    "a set": (lambda: pg.asarray({1, 2}), "asarray: set"),
    "nothing": (lambda: pg.asarray(None), "asarray: NoneType"),
    "text as operand": (lambda: ones(2) + "a", "str 'a' is no array of numbers.*give these, nested lists"),
    "None as operand": (lambda: ones(2) * None, "NoneType None is no array of numbers.*give these, nested lists"),
    "text to write": (lambda: ones(2).__setitem__(0, "a"), "str 'a' is no array of numbers"),
    "text as bound": (lambda: pg.clip(ones(2), "a"), "str 'a' is no array of numbers"),
    "a tree in place of a tensor": (lambda: pg.sum({"a": ones(2)}), "dict {'a'.* is no array of numbers"),
    "unsigned and signed": (lambda: pg.asarray([1], dtype=pg.uint64) + ints(), "int64 and uint64.*astype"),
    "bits of floats": (lambda: pg.bitwise_and(ones(2), ones(2)), "bitwise_and: .*float64.*astype"),
    "an order of complex numbers": (lambda: pg.asarray([1j]) < pg.asarray([1j]), "less: complex.*abs, real or imag"),
    "a complex value into a real array": (lambda: ones(2).__setitem__(0, 1j), "complex.*float64.*real part"),
    "in place": (lambda: ints().__iadd__(0.5), "add in place: float64 does not fit int64"),
    "the difference of booleans": (lambda: truths() - truths(), r"subtract: takes no bool.*astype"),
    "a boolean with its sign turned": (lambda: -truths(), r"negative: takes no bool.*astype"),
    "bits of floats and an int": (lambda: ones(2) & 1, r"bitwise_and: takes no float64.*astype"),
    "an integer that no int64 is": (lambda: ints() ** 10**30, "out of range beside int64; write it as a float"),
    "NumPy's conversion to no dtype": (lambda: ones(2).__array__("abc"), r"__array__: .*float64 to 'abc'"),
    "a float as index of take": (lambda: pg.take(ones(2), ones(1)), "take: .*integers.*float64"),
}  # fmt: skip
INDICES = {
    "beyond the end": (lambda: ones((2, 3))[7], r"getitem: .*7.*\(2, 3\)"),
    "too many": (lambda: ones(2)[0, 0], r"\(2,\)"),
    "text": (lambda: ones(2)["a"], "str 'a' is no index; take integers"),
    "a type": (lambda: ones(2)[int], "type .*is no index"),
    "a float": (lambda: ones(2)[0.5], "integers or a mask, not float64; cast it with astype"),
    "a ragged list": (lambda: ones(2)[[[0], [0, 1]]], r"list \[\[0\], \[0, 1\]\] is no index"),
    "a slice of text": (lambda: ones(2)[slice("a")], r"getitem: .*slice.*\(2,\)"),
    "a step of 0": (lambda: ones(2)[::0], r"getitem: .*step.*\(2,\)"),
    "a lone truth value": (lambda: ones(2)[True], "use a mask of the array's shape, or where"),
    "a mask of another shape": (lambda: ones((2, 2))[ones(3) > 0], r"mask of shape \(3,\) .*\(2, 2\)"),
    "an array of places": (lambda: ones(2)[pg.asarray([0, 2])], "2.*out of bounds"),
    "arrays of places": (
        lambda: ones((2, 3))[pg.asarray([0]), pg.asarray([3])], "axis of size 3; take -3 to 2"),
    "take": (lambda: pg.take(ones(2), pg.asarray([2])), "2.*out of bounds"),
    "a place to write to": (lambda: ones(2).__setitem__(2, 1.0), r"assignment: .*2.*\(2,\)"),
    "a slice to write to": (lambda: ones(2).__setitem__(slice("a"), 1.0), r"slice.*\(2,\)"),
    "a place of a view to write to": (lambda: ones((2, 2))[0].__setitem__(2, 1.0), r"2.*\(2,\)"),
    "text to write to": (lambda: tracked().__setitem__("a", 1.0), "str 'a' is no index"),
}  # fmt: skip
CONVERSIONS = {
    "np.asarray of a leaf": (lambda: np.asarray(tracked()), r"requires grad.*detach\(\)"),
    "np.asarray of what was computed": (lambda: np.asarray(tracked() * 2), r"requires grad.*detach\(\)"),
    "numpy()": (lambda: tracked().numpy(), r"requires grad.*detach\(\)"),
    "float of a vector": (lambda: float(ones(2)), r"float: the shape \(2,\).*index one"),
    "int of a complex": (lambda: int(pg.asarray(1j)), "int.. of a tensor of complex128.*real"),
    "bool of a vector": (lambda: bool(ones(2) > 0), "bool: .*any or all"),
    "bool of nothing": (lambda: bool(ones(0)), "bool: .*0 elements"),
    "item of a vector": (lambda: ones(2).item(), "item: .*2 elements.*tolist"),
    "len of a 0-d": (lambda: len(ones(())), "len.*0-d"),
    "a gradient that is no tensor": (lambda: setattr(tracked(), "grad", 1.0), "float.*asarray"),
    "a result that is no tensor": (lambda: pg.grad(lambda x: 1.0)(ones(2)), "grad: .*float"),
}
VALUES_UNKNOWN = {
    "float under vmap": (TransformError, lambda: pg.vmap(float)(ones(2)), "float: under vmap.*move this out"),
    "bool under vmap": (TransformError, lambda: pg.vmap(lambda x: x if x > 0 else -x)(ones(2)), "bool: under vmap"),
    "float in compile": (TracingError, lambda: pg.compile(float)(ones(())), "float: .*static argument"),
    "bool in compile": (TracingError, lambda: pg.compile(lambda x: x if x > 0 else -x)(ones(())), "bool: .*static"),
    "np.asarray in compile": (TracingError, lambda: pg.compile(np.asarray)(ones(())), "__array__: .*static"),
}
BACKENDS = {
    "an unknown name": (
        BackendNotFoundError,
        lambda: pg.use_backend("no-such"),
        "'no-such'.*numpy.*install",
    ),
    "a name that is nearly right": (BackendNotFoundError, lambda: pg.use_backend("nunpy"), "did you mean 'numpy'"),
    "of a new array": (BackendNotFoundError, lambda: ones(2, backend="no-such"), "'no-such'"),
    "of to_backend": (BackendNotFoundError, lambda: ones(2).to_backend("no-such"), "'no-such'"),
    "no such device": (DeviceError, lambda: ones(2, device="cuda"), "has no device 'cuda'; it has 'cpu'"),
    "no such device to go to": (DeviceError, lambda: ones(2).to_device("gpu:7"), "'gpu:7'.*'cpu'"),
    "no such device to use": (DeviceError, lambda: pg.use_backend("numpy", device="cuda"), "'cuda'.*'cpu'"),
    "a stream": (ValidationError, lambda: ones(2).to_device("cpu", stream=1), "leave stream out"),
}
GRAPHS = {
    "no leaf": (lambda: pg.sum(ones(2)).backward(), r"requires_grad_\(\)"),
    "detached": (lambda: pg.sum(tracked().detach()).backward(), r"detach, at .*test_errors\.py:\d+"),
    "walked twice": (lambda: [pg.sum(v := tracked() ** 2).backward(), pg.sum(v).backward()], "retain_graph=True"),
    "unused": (lambda: pg.autograd.grad(pg.sum(tracked() * 2), leaf(pg, 1)), r"inputs\[0\].*allow_unused=True"),
    "a write into a leaf": (lambda: tracked().__setitem__(0, 1.0), "leaf that requires grad.*no_grad"),
    "a stop in the middle": (lambda: (tracked() * 2).requires_grad_(False), r"detach\(\)"),
}
ARGUMENTS = {
    "correction that is none": (lambda: pg.var(ones(2), correction=None), "var: correction is a number, not None"),
    "correction that is an array": (lambda: pg.std(ones(2), correction=ones(2)), "std: correction is a number, not t"),
    "keepdims": (lambda: pg.sum(ones(2), keepdims="a"), "sum: keepdims is True or False, not 'a'"),
    "keepdims of a mean": (lambda: pg.mean(ones(2), keepdims=2), "mean: keepdims is True or False, not 2"),
    "descending": (lambda: pg.sort(ones(2), descending="a"), "sort: descending is True or False, not 'a'"),
    "upper": (lambda: pg.linalg.cholesky(pg.eye(2), upper=None), "cholesky: upper is True or False, not None"),
    "a leaf that is perhaps one": (lambda: pg.ones(1, requires_grad="no"), "requires_grad is True or False, not 'no'"),
    "a drawn leaf that is perhaps one": (
        lambda: pg.random.normal(1, requires_grad=2),
        "requires_grad is True or False, not 2",
    ),
    "tangents of another structure": (
        lambda: pg.jvp(lambda x: x[0], ([ones(2)],), (ones(2),)),
        "jvp: the tangents have the structure .*, the primals ",
    ),
    "one argument twice": (
        lambda: pg.grad(pg.add, argnums=(0, -2))(ones(()), ones(())),
        "names one of 2 arguments twice",
    ),
    "axes of another structure": (
        lambda: pg.vmap(lambda x: x, in_axes=({"b": 0},))({"a": ones(2)}),
        "vmap: in_axes .* does not fit the structure of its argument",
    ),
    "an input that is none": (
        lambda: pg.autograd.grad(pg.sum(tracked()), ["x"]),
        r"inputs\[0\] is no tensor but str 'x'",
    ),
    "a mode of qr": (
        lambda: pg.linalg.qr(ones((2, 2)), mode="full"),
        "qr: mode='full'; there are 'reduced' and 'complete'",
    ),
    "too many streams": (
        lambda: pg.random.Generator(0).spawn(2**32),
        r"random.spawn: n is from 0 to 2\*\*32 - 1, not ",
    ),
    "a range of text": (lambda: pg.arange("a"), "arange: .*'a'.* are not the numbers that it takes"),
    "a range from nothing": (lambda: pg.linspace(None, 1, 3), "linspace: .*None"),
    "a diagonal of text": (lambda: pg.eye(2, k="a"), "eye: k is an integer, not 'a'"),
    "half a diagonal": (lambda: pg.tril(ones((2, 2)), k=0.5), "tril: k is an integer, not 0.5"),
    "half an axis to sum over": (lambda: pg.tensordot(ones(2), ones(2), axes=0.5), "tensordot: axes is an integer"),
    "nothing to join": (lambda: pg.concat(None), "concat: takes a sequence of arrays, not NoneType"),
    "half a difference": (lambda: pg.diff(ones(3), n=0.5), "diff: n is an integer, not 0.5"),
    "an order of axes": (lambda: pg.meshgrid(ones(2), indexing=["xy"]), r"'xy' or 'ij', not \['xy'\]"),
    "grad of a result": (lambda: pg.grad(pg.sum(ones(2))), "grad: takes a function, not Tensor.*not its result"),
    "no_grad of a number": (lambda: pg.no_grad(3), "no_grad: takes a function, not int 3"),
    "no_grad of None": (lambda: pg.no_grad(None), "no_grad: takes a function, not NoneType"),
    "enable_grad of a number": (lambda: pg.enable_grad()(3), "enable_grad: takes a function, not int 3"),
    "set_grad_enabled without its flag": (lambda: pg.set_grad_enabled(tracked), "takes True or False, not <function"),
    "requires_grad of text": (lambda: ones(2).requires_grad_("yes"), "True or False, not 'yes'"),
    "the property": (lambda: setattr(ones(2), "requires_grad", None), "True or False, not None"),
    "a version of the standard": (
        lambda: ones(2).__array_namespace__(api_version="2020.1"),
        "no version '2020.1'.*this is",
    ),
}

CASES = {
    **{f"shapes: {name}": (ShapeError, *case) for name, case in SHAPES.items()},
    **{f"dtypes: {name}": (DTypeError, *case) for name, case in DTYPES.items()},
    **{f"indices: {name}": (IndexingError, *case) for name, case in INDICES.items()},
    **{f"arguments: {name}": (ValidationError, *case) for name, case in ARGUMENTS.items()},
    **{f"conversions: {name}": (ConversionError, *case) for name, case in CONVERSIONS.items()},
    **{f"values: {name}": case for name, case in VALUES_UNKNOWN.items()},
    **{f"backends: {name}": case for name, case in BACKENDS.items()},
    **{f"graphs: {name}": (GraphError, *case) for name, case in GRAPHS.items()},
}


@pytest.mark.parametrize("error, f, text", CASES.values(), ids=CASES)
def test_bad_input_is_a_typed_error_with_the_mend_in_its_text(error: Any, f: Any, text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        f()
    assert isinstance(caught.value, PlugradError)


@pytest.mark.numpy
def test_numpy_beside_a_tensor_of_another_shape_is_refused_by_plugrad() -> None:
    with pytest.raises(ShapeError, match=r"subtract: the shapes \(3,\) and \(2,\)"):
        _ = np.ones(3) - ones(2)


def test_the_same_mistakes_are_typed_on_every_backend(backend: str) -> None:
    assert ones(1).backend == backend
    groups = ((SHAPES, ShapeError), (DTYPES, DTypeError), (INDICES, IndexingError), (CONVERSIONS, ConversionError))
    for group, error in groups:
        for f, _ in group.values():
            with pytest.raises(error):
                f()


def test_a_refused_argument_changes_no_mode_and_no_tensor() -> None:
    x, w = ones(2), tracked()
    for f, _ in ARGUMENTS.values():
        with pytest.raises(ValidationError):
            f()
    for wrong in (lambda: x.requires_grad_(1), lambda: w.requires_grad_(0), lambda: w.requires_grad_(None)):
        with pytest.raises(ValidationError):
            wrong()
    assert pg.is_grad_enabled()
    assert (x.requires_grad, w.requires_grad) == (False, True)


def test_the_bits_of_a_float_are_a_typed_error() -> None:
    with pytest.raises(DTypeError, match="bitwise_invert"):
        _ = ~ones(2)


def test_every_error_is_one_of_plugrads_and_of_pythons_that_callers_catch() -> None:
    bases = {
        ShapeError: ValueError, DTypeError: TypeError, DeviceError: RuntimeError, GraphError: RuntimeError,
        ConversionError: TypeError, ValidationError: ValueError, BackendError: RuntimeError, TracingError: TypeError,
        BackendNotFoundError: LookupError, MissingDependencyError: ImportError, MixedBackendsError: TypeError,
        TransformError: GraphError, IndexingError: IndexError,
    }  # fmt: skip
    assert all(issubclass(error, base) and issubclass(error, PlugradError) for error, base in bases.items())
    assert all(getattr(errors, name).__doc__ for name in errors.__all__)


def plugin(name: str, **fields: Any) -> Any:
    """A plugin that announces one backend."""

    @pg.hookimpl
    def plugrad_backends() -> list[BackendSpec]:
        return [BackendSpec(name=name, api=(1, 0), loader="plugrad.backends.numpy:NumPyBackend", **fields)]

    return SimpleNamespace(plugrad_backends=plugrad_backends)


@pytest.mark.numpy
def test_a_missing_dependency_is_named_with_how_to_install_it() -> None:
    manager.register(plugin("lacking", requires=("no_such_library>=2",), fix="pip install no-such-library"))
    try:
        for use in (lambda: pg.use_backend("lacking"), lambda: ones(2, backend="lacking")):
            with pytest.raises(MissingDependencyError, match=r"no_such_library.*pip install no-such-library"):
                use()
        with pytest.raises(ImportError):
            ones(2).to_backend("lacking")
    finally:
        manager.unregister("lacking")
    assert ones(2).backend == "numpy"


@pytest.mark.numpy
def test_backends_that_meet_name_the_way_from_one_to_the_other() -> None:
    pytest.importorskip("plugrad_torch")
    with pytest.raises(
        MixedBackendsError, match=r"add: .*numpy and torch.*x\.to_backend\('torch'\).*asarray\(a, backend='torch'\)"
    ):
        _ = ones(2) + ones(2, backend="torch")


@pytest.mark.numpy
def test_an_error_keeps_its_cause() -> None:
    with pytest.raises(ShapeError) as caught:
        _ = ones(2) + ones(3)
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_failed_assignment_leaves_array_and_views_as_they_were() -> None:
    x = const(pg, [1, 2, 3])
    view = x[:2]
    for value in (ones(7), 1j, ones(2, dtype=pg.complex64)):
        with pytest.raises((ShapeError, DTypeError)):
            x[:2] = value
        with pytest.raises((ShapeError, DTypeError)):
            view[:] = value
    agree([x, view], [np.array([1.0, 2, 3]), np.array([1.0, 2])])
    view[0] = 9.0
    assert x.tolist() == [9, 2, 3]
