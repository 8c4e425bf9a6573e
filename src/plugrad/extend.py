"""Primitives of one's own: registered with a rule of the families, kernels, a law of axes, and samples to try them on.

`primitive` is the door; the page docs/extending.md tells how to write each part. A primitive that is registered is one
like plugrad's own: both modes to any order, vmap and compile, on every backend that has a kernel for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from . import ops
from .backends import current
from .backends.protocol import Kernel
from .compiler import tracing
from .errors import ValidationError
from .ops import Extension, Op, Promotion
from .rules import axes, families
from .rules.axes import Law
from .rules.families import MINUS_ONE, ONE, ZERO
from .tensor import RECORDING, apply

__all__ = [
    "MINUS_ONE",
    "ONE",
    "ZERO",
    "Primitive",
    "apply",
    "axes",
    "bilinear",
    "custom",
    "discrete",
    "elementwise",
    "kernel",
    "linear",
    "linear_in_all",
    "primitive",
    "real_valued",
    "reduction",
    "symmetric",
    "unregister",
]

Fact: TypeAlias = Callable[..., Any]
"""A function that names what it reads: operands and parameters, ``y``, ``ct``, ``xp``, ``edge``."""

Rule: TypeAlias = Callable[[Op], None]
"""A fact of a family, to be stated of an operation."""

Axes: TypeAlias = Callable[[Op], Law]
"""A law of axes for an operation: `axes.same`, `axes.reduces`, or one's own."""

Samples: TypeAlias = Callable[[np.random.Generator], Mapping[str, tuple[Any, ...]]]

_SLOTS = ("batch", "complex_pulls", "keep", "pulls", "push", "result_readers", "saves")
_READ = ("xp", "ct", "y", "edge")  # what a rule may name beside operands and parameters
_registering = threading.RLock()


class Primitive:
    """A registered primitive, called like a function; made by `primitive`.

    Attributes
    ----------
    op : Op
        Its entry in the table of primitives: what samples, checks and other rules know it by.
    """

    def __init__(self, op: Op, doc: str) -> None:
        self.op, self.__name__, self.__doc__ = op, op.name, doc

    def __repr__(self) -> str:
        return repr(self.op)

    def __reduce__(self) -> tuple[Any, ...]:
        return _registered, (self.op.name,)

    def __call__(self, *operands: Any, **params: Any) -> Any:
        """The result, a Tensor or a tuple of them.

        Parameters
        ----------
        *operands : Tensor, Python scalar or array
            As many as the signature has.
        **params
            All of its parameters.

        Raises
        ------
        ValidationError
            If something is missing or too much, or the primitive was taken back.
        """
        _op(self)
        enough = operands if self.op.operands[0].startswith("*") else len(operands) == len(self.op.operands)
        if not enough or params.keys() != set(self.op.params):
            got = [f"{len(operands)} operand{'s' * (len(operands) != 1)}", *(f"{name}=" for name in params)]
            raise ValidationError(f"{self!r} was called with {', '.join(got)}")
        return apply(self.op, *operands, **params)


_PRIMITIVES: dict[str, Primitive] = {}


def primitive(
    signature: str,
    promotion: Promotion = "floating",
    *,
    rule: Rule,
    default: Callable[..., Any] | None = None,
    kernels: Mapping[str, Kernel] | None = None,
    samples: Samples | None = None,
    doc: str = "",
) -> Primitive:
    """Register a primitive.

    Parameters
    ----------
    signature : str
        ``"name(operand, ...; parameter, ...)"``: arrays, then what is no array, handed over by keyword.
        ``"name(*arrays)"`` takes any number of operands.
    promotion : {"floating", "shared", "any", "arrays", "branches", "into"}
        What the operands' dtypes become: one floating dtype; one dtype; what they are; and see `plugrad.ops.Op`. Python
        numbers become arrays.
    rule : Rule
        Its derivative, from one of the families here: ``elementwise(lambda x: 3 * x * x)``.
    default : callable, optional
        The kernel for every backend that has no other: ``default(xp, *operands, **parameters)`` of raw arrays, `xp` the
        backend's standard namespace.
    kernels : mapping of str to callable, optional
        By name of a backend, installed or not: functions of raw arrays of that library.
    samples : callable, optional
        ``samples(rng)`` gives calls to try it on, by name: each a tuple of operands, NumPy arrays or Python numbers,
        with a dict of the parameters last if it has any.
    doc : str, optional
        The docstring; that of `default` if not said.

    Returns
    -------
    Primitive
        Called like a function.

    Raises
    ------
    ValidationError
        If the signature cannot be read, the name is taken, the rule does not fit, or there is no kernel. Nothing is
        registered then.

    Examples
    --------
    >>> import plugrad as pg
    >>> cube = pg.extend.primitive(
    ...     "cube(x)",
    ...     rule=pg.extend.elementwise(lambda x: 3 * x * x),
    ...     default=lambda xp, x: x * x * x,
    ... )
    >>> pg.grad(cube)(pg.asarray(2.0)).item()
    12.0
    >>> pg.extend.unregister(cube)
    """
    op = _checked(ops.parsed(signature, promotion))
    if default is None and not kernels:
        raise ValidationError(f"{op.name}: nobody computes it; give default=, or kernels= by backend")
    own = {name: _callable(op, function, f"kernels[{name!r}]") for name, function in (kernels or {}).items()}
    for what, function in (("rule", rule), ("default", default), ("samples", samples)):
        if function is not None or what == "rule":
            _callable(op, function, what)
    rule(op)
    if empty := [slot for slot in _SLOTS if not hasattr(op, slot)]:  # asking compiles the pulls
        raise ValidationError(f"{op.name}: the rule says nothing of {', '.join(empty)}; take one of the families")
    with _registering:
        ops.enter(op)
        ops.EXTENSIONS[op] = Extension(default, samples)
        for name, function in own.items():
            kernel(op, name, function)
        made = _PRIMITIVES[op.name] = Primitive(op, doc or getattr(default, "__doc__", None) or "")
    return made


def _checked(op: Op) -> Op:
    names = [name.removeprefix("*") for name in (*op.operands, *op.params)]
    if not op.operands or len(set(names)) < len(names):
        raise ValidationError(f"{op!r}: there must be an operand, and no name twice")
    if taken := [name for name in names if name in _READ]:
        raise ValidationError(f"{op!r}: {', '.join(taken)} means something else in a rule; choose other names")
    return op


def _callable(op: Op, function: Any, what: str) -> Any:
    if not callable(function):
        raise ValidationError(f"{op.name}: {what} is {function!r}, not a function")
    return function


def kernel(of: Primitive | Op | str, backend: str, function: Kernel | None) -> None:
    """Give a primitive, be it plugrad's own, another kernel on one backend.

    Programs that are compiled already keep the old one.

    Parameters
    ----------
    of : Primitive, Op or str
        Which, or its name in the table of primitives.
    backend : str
        The backend's name; it need not be installed.
    function : callable or None
        A function of raw arrays, with the primitive's parameters by keyword, that never writes to them. None takes back
        what was given.

    Raises
    ------
    ValidationError
        If there is no such primitive, or `function` cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> import plugrad as pg
    >>> pg.extend.kernel("relu", "numpy", lambda x: np.maximum(x, 0))
    >>> pg.extend.kernel("relu", "numpy", None)
    """
    op = _op(of)
    with _registering:
        given = current.GIVEN.setdefault(backend, {})
        if function is None:
            given.pop(op, None)
        else:
            given[op] = _callable(op, function, "the kernel")
        _forget(op, backend)
        if table := current.ACTIVE.get(backend):
            own = {**table.backend.kernels(), **given}
            table.update({op: table.own(own[op])} if op in own else {})


def unregister(which: Primitive | str) -> None:
    """Take back a primitive that came by `primitive`, for tests and notebooks. What was computed keeps its history.

    Raises
    ------
    ValidationError
        If there is none, or it is plugrad's own.
    """
    op = _op(which)
    with _registering:
        if ops.EXTENSIONS.pop(op, None) is None:
            raise ValidationError(f"{op.name} is plugrad's own, and stays")
        for given in current.GIVEN.values():
            given.pop(op, None)
        del ops.TABLE[op.name], _PRIMITIVES[op.name]
        _forget(op, *current.ACTIVE)
        RECORDING.__dict__.pop(op.name, None)


def _op(of: Primitive | Op | str) -> Op:
    name = of if isinstance(of, str) else of.op.name if isinstance(of, Primitive) else of.name
    op = ops.TABLE.get(name)
    if op is None or (not isinstance(of, str) and op is not getattr(of, "op", of)):
        raise ValidationError(f"no primitive {name!r} is registered; plugrad.ops.TABLE has those there are")
    return op


def _registered(name: str) -> Primitive:
    _op(name)
    return _PRIMITIVES[name]


def _forget(op: Op, *backends: str) -> None:
    """Where these backends kept its kernel, it is asked for anew."""
    for table in [tables[name] for tables in (current.ACTIVE, tracing.TABLES) for name in backends if name in tables]:
        table.forget(op)


# ------------------------------------------------------------------------------------------------------- the families


def elementwise(*partials: Fact) -> Rule:
    """partials[i] is d result / d operand i, holomorphic; or, naming ``ct``, the product with it.

    `ONE`, `MINUS_ONE` and `ZERO` stand for constants. The operands broadcast against each other, also under vmap.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.elementwise(lambda b: b, lambda a: a)  # of a product
    """
    return lambda op: families.elementwise(op, *partials)


def real_valued(weight: Fact) -> Rule:
    """A real function of one complex operand: its derivative is Re(conj(w) dz); for real operands w dx.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.real_valued(lambda x: 2 * x)  # of |x|^2
    """
    return lambda op: families.real_valued(op, weight)


def linear(*adjoints: Fact | None, law: Axes = axes.loop) -> Rule:
    """Linear in the operands that have an adjoint, taken together; None for one that has none, such as indices.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.linear(lambda xp, ct: xp.matrix_transpose(ct), law=pg.extend.axes.same)
    """
    return lambda op: families.linear(op, *adjoints, batch=law(op))


def linear_in_all(adjoint: Fact, law: Axes = axes.loop) -> Rule:
    """Linear in any number of operands: ``adjoint(xp, ct, position, edge, **parameters)``.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.linear_in_all(lambda xp, ct, position, edge: ct)  # of a sum of arrays
    """
    return lambda op: families.linear_in_all(op, adjoint, law(op))


def bilinear(left: Fact, right: Fact, law: Axes = axes.loop) -> Rule:
    """Linear in each of two operands: `left` and `right` take ``ct`` back to it, given the other one.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.bilinear(
    ...     lambda xp, ct, b: xp.matmul(ct, xp.matrix_transpose(b)),
    ...     lambda xp, a, ct: xp.matmul(xp.matrix_transpose(a), ct),
    ...     law=pg.extend.axes.stacked,
    ... )
    """
    return lambda op: families.bilinear(op, left, right, law(op))


def symmetric(jacobian: Fact, law: Axes = axes.loop) -> Rule:
    """One operand and a real, symmetric Jacobian: what it does to a vector ``ct`` serves both modes.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.symmetric(lambda xp, ct: xp.flip(ct, axis=(0,)))  # of the flip itself
    """
    return lambda op: families.symmetric(op, jacobian, law(op))


def reduction(weight: Fact) -> Rule:
    """The tangent is sum(weight * tangent) over the parameter ``axis``, kept where ``keepdims`` is true.

    The rule is handed ``y`` with these axes.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.reduction(lambda xp, x, y: xp.exp(x - y))  # of logsumexp
    """
    return lambda op: families.reduction(op, weight)


def custom(vjp: Fact | tuple[Fact | None, ...], jvp: Fact | tuple[Fact | None, ...], law: Axes = axes.loop) -> Rule:
    """Both modes by hand, a function for each operand; None for one that has no derivative.

    In `jvp` ``ct`` is the tangent of that operand; what the operands contribute is summed. Of several results ``y`` is
    the tuple, ``ct`` a list in which None stands for what was not used, and `jvp` gives a tuple.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.custom(lambda xp, ct, x: ct * xp.cos(x), lambda xp, ct, x: ct * xp.cos(x))  # of a sine
    """
    return lambda op: families.custom(op, vjp, jvp, law(op))


def discrete(law: Axes = axes.elementwise) -> Rule:
    """No derivative: the results are integers or booleans.

    Examples
    --------
    >>> import plugrad as pg
    >>> rule = pg.extend.discrete()
    """
    return lambda op: families.discrete(op, law(op))
