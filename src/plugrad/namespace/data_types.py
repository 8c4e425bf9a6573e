"""Data types and the functions on them."""

from __future__ import annotations

import builtins
from typing import NamedTuple, TypeAlias

import numpy as np

from .. import dtypes
from ..dtypes import (
    SCALARS,
    DType,
    bool,
    complex64,
    complex128,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from ..errors import DTypeError, ValidationError
from ..ops import ASTYPE
from ..tensor import Tensor, apply
from ._arguments import Array, copied, tensor
from ._places import moved

__all__ = [
    "astype",
    "bool",
    "can_cast",
    "complex64",
    "complex128",
    "finfo",
    "float32",
    "float64",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "isdtype",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

Kind: TypeAlias = str | DType

KINDS: dict[str, str] = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}
"""The standard's names of kinds, and what they comprise."""


def astype(x: Array, dtype: DType, /, *, copy: builtins.bool = True, device: str | None = None) -> Tensor:
    """Cast to a dtype, whatever the promotion rules say of it. Differentiable between floating dtypes.

    Parameters
    ----------
    x : Tensor, shape (...)
        What to cast.
    dtype : DType
        The dtype of the result.
    copy : bool
        Whether the result is another tensor than `x` also where `x` has the dtype already.
    device : str, optional
        The device of the result; that of `x` if not said.

    Returns
    -------
    Tensor, shape (...)
        In `dtype`.

    Raises
    ------
    DTypeError
        From complex to real: say which part with `real` or `imag`.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.astype(pg.asarray([0.5, 1.5]), pg.int64).tolist()
    [0, 1]
    """
    x, to = moved(tensor(x), None, device), dtypes.of(dtype)
    if x.dtype is to:
        return copied(x) if copy else x
    dtypes.require_real(x.dtype.kind, to)
    return apply(ASTYPE, x, dtype=to)


def result_type(*arrays_and_dtypes: Array | DType) -> DType:
    """The dtype in which these meet in one operation.

    Parameters
    ----------
    *arrays_and_dtypes : Tensor, array, DType or Python scalar
        At least one that is no Python scalar. Scalars count by their kind alone.

    Returns
    -------
    DType
        Within a kind the standard's answer. Between kinds the higher one, and integers never widen it.

    Raises
    ------
    ValidationError
        If there are only scalars.
    DTypeError
        For uint64 with a signed integer.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.result_type(pg.ones(2, dtype=pg.float32), pg.int64, 1.0)
    plugrad.float32
    """
    strong = [_dtype_of(a) for a in arrays_and_dtypes if type(a) not in SCALARS]
    if not strong:
        raise ValidationError("result_type: give at least one array or dtype; Python scalars alone have no dtype")
    return dtypes.with_scalars(dtypes.promote(*strong), [a for a in arrays_and_dtypes if type(a) in SCALARS])


def _dtype_of(a: Array | DType) -> DType:
    return dtypes.of(getattr(a, "dtype", a))


def can_cast(from_: DType | Array, to: DType, /) -> builtins.bool:
    """Whether promotion can take one dtype to another.

    Parameters
    ----------
    from_ : DType, Tensor or array
        What to cast.
    to : DType
        What it would become.

    Returns
    -------
    bool
        Whether `to` is the dtype in which the two meet.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.can_cast(pg.float32, pg.float64), pg.can_cast(pg.float64, pg.float32)
    (True, False)
    """
    try:
        return dtypes.promote(_dtype_of(from_), dtypes.of(to)) is dtypes.of(to)
    except DTypeError:
        return False


class FInfo(NamedTuple):
    """Limits of a floating dtype; of a complex one, those of its parts."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IInfo(NamedTuple):
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: DType | Array, /) -> FInfo:
    """Limits of a floating dtype.

    Parameters
    ----------
    type : DType, Tensor or array
        Floating or complex.

    Returns
    -------
    FInfo
        With bits, eps, max, min, smallest_normal and dtype.

    Raises
    ------
    DTypeError
        For an integer or boolean dtype.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.finfo(pg.float64).eps
    2.220446049250313e-16
    """
    if _dtype_of(type).kind not in "fc":
        raise DTypeError(f"finfo: {_dtype_of(type).name} is not floating; iinfo tells the limits of integers")
    dtype = dtypes.real_of(_dtype_of(type))
    its = np.finfo(dtype.name)
    return FInfo(dtype.bits, float(its.eps), float(its.max), float(its.min), float(its.smallest_normal), dtype)


def iinfo(type: DType | Array, /) -> IInfo:
    """Limits of an integer dtype.

    Parameters
    ----------
    type : DType, Tensor or array
        Signed or unsigned.

    Returns
    -------
    IInfo
        With bits, max, min and dtype.

    Raises
    ------
    DTypeError
        For a dtype that is not an integer's.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.iinfo(pg.int8).max
    127
    """
    dtype = _dtype_of(type)
    if dtype.kind not in "iu":
        raise DTypeError(f"iinfo: {dtype.name} is no integer dtype; finfo tells the limits of floating ones")
    low = -(2 ** (dtype.bits - 1)) if dtype.kind == "i" else 0
    return IInfo(dtype.bits, low + 2**dtype.bits - 1, low, dtype)


def isdtype(dtype: DType, kind: Kind | tuple[Kind, ...]) -> builtins.bool:
    """Whether a dtype is of a kind.

    Parameters
    ----------
    dtype : DType
        The dtype in question.
    kind : DType, str or tuple of those
        A dtype; or "bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating" or
        "numeric"; or several, of which one must fit.

    Returns
    -------
    bool
        Whether it is.

    Raises
    ------
    ValidationError
        For a kind of another name.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.isdtype(pg.int32, "integral"), pg.isdtype(pg.int32, ("bool", pg.int64))
    (True, False)
    """
    return builtins.any([_is_of(dtypes.of(dtype), k) for k in (kind if isinstance(kind, tuple) else (kind,))])


def _is_of(dtype: DType, kind: Kind) -> builtins.bool:
    if not isinstance(kind, str):
        return dtype is dtypes.of(kind)
    if kind not in KINDS:
        raise ValidationError(f"isdtype: {kind!r} is no kind of dtypes; use one of {', '.join(map(repr, KINDS))}")
    return dtype.kind in KINDS[kind]
