"""Every primitive, composed from the functions of the Python array API standard and operators alone.

What a backend does not bind natively runs from here, so a library that has a standard namespace and nothing else is a
backend at once. A composite is correct first: it costs several calls where a native kernel costs one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ... import dtypes, ops
from ...dtypes import SCALARS
from ...errors import BackendError
from ...ops import Op
from ..protocol import Backend, Kernel
from . import elementwise, fft, indexing, linalg, nn, reductions, sorting, special
from ._arrays import Array
from .indexing import whole_index

__all__ = ["COMPOSITE", "DIRECT", "OPTIONAL", "composed", "kernels", "whole_index"]

DIRECT: tuple[Op, ...] = (
    ops.ABS,
    ops.ACOS,
    ops.ACOSH,
    ops.ASIN,
    ops.ASINH,
    ops.ATAN,
    ops.ATANH,
    ops.BITWISE_INVERT,
    ops.CEIL,
    ops.COS,
    ops.COSH,
    ops.EXP,
    ops.FLOOR,
    ops.ISFINITE,
    ops.ISINF,
    ops.ISNAN,
    ops.LOG,
    ops.LOG10,
    ops.LOG1P,
    ops.LOG2,
    ops.LOGICAL_NOT,
    ops.NEGATIVE,
    ops.ROUND,
    ops.SIGN,
    ops.SIGNBIT,
    ops.SIN,
    ops.SINH,
    ops.SQRT,
    ops.SQUARE,
    ops.TAN,
    ops.TANH,
    ops.TRUNC,
    ops.ADD,
    ops.ATAN2,
    ops.BITWISE_AND,
    ops.BITWISE_LEFT_SHIFT,
    ops.BITWISE_OR,
    ops.BITWISE_RIGHT_SHIFT,
    ops.BITWISE_XOR,
    ops.COPYSIGN,
    ops.DIVIDE,
    ops.EQUAL,
    ops.FLOOR_DIVIDE,
    ops.GREATER,
    ops.GREATER_EQUAL,
    ops.HYPOT,
    ops.LESS,
    ops.LESS_EQUAL,
    ops.LOGADDEXP,
    ops.LOGICAL_AND,
    ops.LOGICAL_OR,
    ops.LOGICAL_XOR,
    ops.MAXIMUM,
    ops.MINIMUM,
    ops.MULTIPLY,
    ops.NEXTAFTER,
    ops.NOT_EQUAL,
    ops.POW,
    ops.REMAINDER,
    ops.SUBTRACT,
    ops.WHERE,
    ops.ALL,
    ops.ANY,
    ops.ARGMAX,
    ops.ARGMIN,
    ops.MAX,
    ops.MEAN,
    ops.MIN,
    ops.MATMUL,
    ops.MATRIX_TRANSPOSE,
    ops.BROADCAST_TO,
    ops.FLIP,
    ops.PERMUTE_DIMS,
    ops.RESHAPE,
    ops.ROLL,
    ops.TRIL,
    ops.TRIU,
)

COMPOSITE: dict[Op, Callable[..., Any]] = {  # functions of (xp, *operands, **parameters)
    **elementwise.COMPOSITE,
    **reductions.COMPOSITE,
    **indexing.COMPOSITE,
    **special.COMPOSITE,
    **sorting.COMPOSITE,
    **fft.COMPOSITE,
    **linalg.COMPOSITE,
    **nn.COMPOSITE,
}
OPTIONAL: tuple[Op, ...] = (  # in newer versions of the standard
    ops.COUNT_NONZERO,
    ops.RECIPROCAL,
    ops.TAKE_ALONG_AXIS,
    ops.UNSTACK,
)


def kernels(backend: Backend) -> dict[Op, Kernel]:
    """A kernel for every primitive that has one.

    Parameters
    ----------
    backend : Backend
        Only its namespace, its dtypes and `asarray` are used.

    Returns
    -------
    dict
        op -> function of raw arrays. Where the namespace lacks a function, its kernel raises when it is called, so that
        the rest of a partial namespace can be used.

    Examples
    --------
    >>> import plugrad as pg
    >>> from plugrad import ops
    >>> from plugrad.backends import current, standard
    >>> table = standard.kernels(current.table("numpy").backend)
    >>> float(
    ...     table[ops.SUM](
    ...         current.table("numpy").backend.asarray([1.0, 2.0], None, None, None), axis=None, keepdims=False
    ...     )
    ... )
    3.0
    """
    xp = backend.namespace
    table: dict[Op, Kernel] = {op: getattr(xp, op.name, None) or _missing(backend.name, op) for op in DIRECT}
    table |= {op: _over(backend, op.name, partial(composite, xp)) for op, composite in COMPOSITE.items()}
    table |= {op: found for op in OPTIONAL if (found := getattr(xp, op.name, None))}
    table |= {op: _over(backend, op.name, partial(f, backend)) for op, f in indexing.OF_BACKEND.items()}
    table |= {op: found for op in special.COMPOSITE if not op.params and (found := _special(xp, op))}
    table |= {
        op: _without_numbers(backend, op, table[op]) for op in table if op.promotion in MEETING and len(op.operands) > 1
    }
    return {op: _as_arrays(xp, kernel) for op, kernel in table.items()} if _gives_scalars(xp) else table


def composed(backend: Backend, composite: Callable[..., Any]) -> Kernel:
    """The kernel of a primitive that somebody else registered; `composite` is as those above."""
    xp = backend.namespace
    kernel = partial(composite, xp)
    return _as_arrays(xp, kernel) if _gives_scalars(xp) else kernel


def _special(xp: Any, op: Op) -> Kernel | None:
    """The library's own, in the module where SciPy looks for it, too."""
    return getattr(getattr(xp, "special", None), op.name, None)


def _over(backend: Backend, name: str, composite: Kernel) -> Kernel:
    """A composed kernel; what it finds lacking in the namespace is said with its own name and the mend."""
    xp = backend.namespace
    places = [xp, *[getattr(xp, part, None) for part in ("linalg", "fft")]]

    def kernel(*args: Array, **params: Any) -> Array:
        try:
            return composite(*args, **params)
        except AttributeError as error:
            if error.obj is None or not any([error.obj is place for place in places]):
                raise
            raise BackendError(
                f"{name}: the namespace of the backend {backend.name} has no {error.name}, of which it would be "
                f"composed; give it a kernel for ops.{name.upper()} in Backend.kernels()"
            ) from error

    return kernel


def _missing(backend: str, op: Op) -> Kernel:
    def kernel(*args: Array, **params: Any) -> Array:
        raise BackendError(
            f"{op.name}: the namespace of the backend {backend} has no function of this name; "
            f"give it a kernel for ops.{op.name.upper()} in Backend.kernels()"
        )

    return kernel


MEETING = frozenset(("shared", "floating", "branches"))  # operands in one dtype, which a Python number takes


def _without_numbers(backend: Backend, op: Op, kernel: Kernel) -> Kernel:
    """The kernel, also for Python numbers: the standard takes them beside an array only lately, and not everywhere."""
    first = op.promotion == "branches"  # the condition is no operand of theirs

    def array(number: Any, dtype: Any, device: Any) -> Array:
        if type(number) is complex and dtype is not None:  # beside real numbers, too
            dtype = backend.raw_dtype(dtypes.with_scalars(dtypes.of(dtype), [number]))
        return backend.namespace.asarray(number, dtype=dtype, device=device)

    def call(*args: Array, **params: Any) -> Array:
        operands = args[first:]
        if any([type(a) in SCALARS for a in operands]):
            like = next((a for a in operands if type(a) not in SCALARS), None)
            dtype, device = (None, args[0].device) if like is None else (like.dtype, like.device)
            operands = tuple([array(a, dtype, device) if type(a) in SCALARS else a for a in operands])
        return kernel(*args[:first], *operands, **params)

    return call


def _gives_scalars(xp: Any) -> bool:
    """Whether a 0-d result is no array: NumPy's functions give NumPy scalars."""
    zero = xp.zeros(())
    return not isinstance(xp.add(zero, zero), type(zero))


def _as_arrays(xp: Any, kernel: Kernel) -> Kernel:
    def call(*args: Array, **params: Any) -> Array:
        out = kernel(*args, **params)
        return tuple(map(xp.asarray, out)) if type(out) is tuple else xp.asarray(out)

    return call
