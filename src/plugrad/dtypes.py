"""plugrad's own dtypes: the standard's, as objects; one promotion table; one default.

Backends map these to theirs. `of` answers for every raw dtype of an active backend, so that a `Tensor` shows the same
object whoever computes on it.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from .errors import DTypeError

__all__ = ["COMPLEX", "DTYPES", "INEXACT", "DType", "default_dtype", "promote", "set_default_dtype"]

Kind = Literal["b", "i", "u", "f", "c"]
SCALARS = frozenset((builtins.bool, builtins.int, builtins.float, builtins.complex))


class DType:
    """A data type of the array API standard.

    Attributes
    ----------
    name : str
        The standard's name, such as ``"float32"``.
    kind : {"b", "i", "u", "f", "c"}
        Boolean, signed, unsigned, real floating, complex.
    bits : int
        Bits of one element.
    """

    __slots__ = ("bits", "kind", "name")

    def __init__(self, name: str, kind: Kind, bits: builtins.int) -> None:
        self.name, self.kind, self.bits = name, kind, bits

    def __repr__(self) -> str:
        return f"plugrad.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # pickling and copying give the one object back


bool = DType("bool", "b", 8)
int8, int16, int32, int64 = (DType(f"int{n}", "i", n) for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (DType(f"uint{n}", "u", n) for n in (8, 16, 32, 64))
float32, float64 = DType("float32", "f", 32), DType("float64", "f", 64)
complex64, complex128 = DType("complex64", "c", 64), DType("complex128", "c", 128)

DTYPES: dict[str, DType] = {
    d.name: d
    for d in (bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64, complex128)
}
OF_RAW: dict[Any, DType] = {d: d for d in DTYPES.values()}  # raw dtype of any active backend -> ours; ours -> itself
INEXACT: set[Any] = {float32, float64, complex64, complex128}  # raw ones are added by `learn`
COMPLEX: set[Any] = {complex64, complex128}

_KINDS = "biufc"
_SIGNED = {8: int16, 16: int32, 32: int64}  # the signed type that holds an unsigned one of so many bits
_default = float64


def learn(raw: Mapping[DType, Any]) -> None:
    """Let `of` know a backend's dtypes."""
    for ours, its in raw.items():
        OF_RAW[its] = ours
        if ours.kind in "fc":
            INEXACT.add(its)
        if ours.kind == "c":
            COMPLEX.add(its)


def forget(raw: Iterable[Any]) -> None:
    """Take back what `learn` was told."""
    for its in raw:
        OF_RAW.pop(its, None)
        INEXACT.discard(its)
        COMPLEX.discard(its)


def of(raw: Any) -> DType:
    """Our dtype for a raw dtype, one of ours, a name, or a type of Python's scalars, as NumPy and torch take it."""
    try:
        return OF_RAW[raw]
    except (KeyError, TypeError):
        if isinstance(raw, str) and raw in DTYPES:
            return DTYPES[raw]
        if isinstance(raw, type) and raw in SCALARS:
            return of_scalar(raw())
        raise DTypeError(f"{raw!r} is no dtype of the array API standard; use one of {', '.join(DTYPES)}") from None


def default_dtype() -> DType:
    """The floating dtype of new arrays when none is said: float64 unless `set_default_dtype` changed it."""
    return _default


def set_default_dtype(dtype: DType) -> None:
    """Set the floating dtype of new arrays, on every backend.

    Parameters
    ----------
    dtype : DType
        ``plugrad.float32`` or ``plugrad.float64``.

    Raises
    ------
    DTypeError
        For any other dtype.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.set_default_dtype(pg.float32)
    >>> pg.ones(2).dtype
    plugrad.float32
    >>> pg.set_default_dtype(pg.float64)
    """
    global _default
    if of(dtype).kind != "f":
        raise DTypeError(f"the default dtype must be float32 or float64, not {dtype}")
    _default = of(dtype)


def complex_of(dtype: DType) -> DType:
    """The complex dtype of the same precision."""
    return dtype if dtype.kind == "c" else complex64 if dtype is float32 else complex128


def real_of(dtype: DType) -> DType:
    """The real dtype of the same precision."""
    return dtype if dtype.kind != "c" else float32 if dtype is complex64 else float64


def promote(*dtypes: DType) -> DType:
    """The one dtype that operands of these meet in.

    Within a kind the standard's table. Between kinds, which the standard leaves open, the higher kind decides, and
    integers never widen a floating operand: int64 with float32 is float32.

    Raises
    ------
    DTypeError
        For uint64 with a signed integer, which no dtype holds.
    """
    out = dtypes[0]
    for d in dtypes[1:]:
        out = out if d is out else _pair(out, d)
    return out


def _pair(a: DType, b: DType) -> DType:
    if _KINDS.index(a.kind) > _KINDS.index(b.kind):
        a, b = b, a
    if a.kind == b.kind:
        return a if a.bits >= b.bits else b
    if b.kind == "u" and a.kind == "i":
        if b.bits < a.bits:
            return a
        if b.bits == 64:
            raise DTypeError(f"no dtype holds both {a.name} and {b.name}; cast one with astype")
        return _SIGNED[b.bits]
    if a.kind == "f":  # real and complex: the precision of the wider
        return b if complex_of(a).bits <= b.bits else complex_of(a)
    return b


def with_scalars(dtype: DType, scalars: list[Any]) -> DType:
    """`dtype` beside Python scalars, which are weak: only their kind counts."""
    for kind in map(type, scalars):
        if kind is builtins.complex:
            dtype = complex_of(dtype if dtype.kind in "fc" else _default)
        elif kind is builtins.float and dtype.kind in "biu":
            dtype = _default
        elif kind is builtins.int and dtype.kind == "b":
            dtype = int64
    return dtype


def require_fit(value: Any, dtype: DType) -> None:
    """DTypeError for a number outside an integer dtype: libraries wrap it, or raise in their own ways."""
    if type(value) in (builtins.int, builtins.float) and not holds(dtype, value):
        raise DTypeError(f"{value} is no {dtype.name}; take a dtype that holds it")


def require_real(kind: str, dtype: DType) -> None:
    """DTypeError where numbers of this kind would lose their imaginary parts: libraries drop them."""
    if kind == "c" and dtype.kind in "iuf":
        raise DTypeError(f"complex values do not fit into {dtype.name}; take real(x), imag(x) or abs(x) first")


def holds(dtype: DType, value: builtins.float) -> builtins.bool:
    """Whether a number lies in the range of an integer dtype; any other dtype takes it."""
    if dtype.kind not in "iu":
        return True
    signed = dtype.kind == "i"
    return -signed * 2 ** (dtype.bits - 1) <= value < 2 ** (dtype.bits - signed)


def of_scalar(value: Any) -> DType:
    """The dtype of a new array made from a Python scalar."""
    kinds = {builtins.bool: bool, builtins.int: int64, builtins.float: _default, builtins.complex: complex_of(_default)}
    return kinds[type(value)]
