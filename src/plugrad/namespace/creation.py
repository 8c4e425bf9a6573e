"""Creation functions: new arrays, placed where the argument, the context or the process says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np

from .. import dtypes
from ..backends import current
from ..backends.protocol import Kernels
from ..dtypes import SCALARS, DType
from ..errors import ConversionError, DTypeError, ExchangeError, PlugradError, ShapeError, ValidationError
from ..ops import TRIL, TRIU
from ..tensor import Tensor, apply, fresh
from ._arguments import Array, Scalar, Shape, copied, leaf_if, one_of, sizes, tensor, whole
from ._places import Place, moved, place, uploaded
from .data_types import astype
from .manipulation import broadcast_arrays, broadcast_to, reshape, stack

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def asarray(
    obj: Any,
    /,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    copy: bool | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """What is given, as a Tensor.

    Parameters
    ----------
    obj : Tensor, array, Python scalar or nested sequence of scalars or Tensors
        A Tensor comes back itself where nothing is to change, with its history in any case. An array of a backend's
        library stays on its backend, but NumPy's arrays are host data, as lists are, and go where new arrays go.
    dtype : DType, optional
        The result's. If not said: that of an array; bool, int64, the default dtype or its complex one for Python data.
    device : str, optional
        Where to put it.
    copy : bool, optional
        True: always another tensor. False: never a copy; memory that is shared so may be written behind our back.
        None: foreign memory is copied, a Tensor is not.
    backend : str, optional
        Which backend is to compute.
    requires_grad : bool
        Whether to record what is done with it. A given Tensor is left as it is: the result is another handle.

    Returns
    -------
    Tensor
        Shape of `obj`.

    Raises
    ------
    DTypeError
        If `obj` is no array of numbers, `dtype` would drop an imaginary part, or it can have no gradient.
    ShapeError
        If rows differ in length.
    ValidationError
        If ``copy=False`` and nothing else would do.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.asarray([[1, 2], [3, 4]]).shape
    (2, 2)
    >>> pg.asarray([0.5, 1], requires_grad=True).dtype
    plugrad.float64
    """
    to = None if dtype is None else dtypes.of(dtype)
    if type(obj) is Tensor:
        out = _of_tensor(obj, to, device, copy, backend)
        return leaf_if(requires_grad, fresh(out) if out is obj and requires_grad and not out.requires_grad else out)
    if _holds_tensors(obj):
        out = _of_tensor(_stacked(obj), to, device, copy, backend)
    else:
        out = _of_data(obj, to, device, copy, backend)
    return leaf_if(requires_grad, out)


def _of_tensor(x: Tensor, dtype: DType | None, device: str | None, copy: bool | None, backend: str | None) -> Tensor:
    out = moved(x, backend, device)
    out = out if dtype is None else astype(out, dtype, copy=False)
    if out is x:
        return copied(x) if copy else x
    if copy is False:
        raise ValidationError("asarray(copy=False): another dtype, device or backend takes a copy; leave copy out")
    return out


def _holds_tensors(obj: Any) -> bool:
    if not isinstance(obj, list | tuple):
        return False
    kinds = set(map(type, obj))  # a million numbers in 25 ms, where asking each takes 210
    return Tensor in kinds or (not kinds.isdisjoint((list, tuple)) and any(map(_holds_tensors, obj)))


def _stacked(obj: Any) -> Tensor:
    """Nested sequences with tensors among their entries: they keep their history, and numbers go where they lie."""
    parts = [_stacked(part) if _holds_tensors(part) else part for part in obj]
    like = next(part for part in parts if type(part) is Tensor)
    whole = [part if type(part) is Tensor else _of_data(part, None, like.device, None, like.backend) for part in parts]
    return stack(whole)


def _of_data(obj: Any, dtype: DType | None, device: str | None, copy: bool | None, backend: str | None) -> Tensor:
    its = current.table_of(obj)
    if its is None and not hasattr(obj, "__dlpack__"):
        return _of_python(obj, dtype, device, copy, backend)
    owner = None if its is None else its.owner
    table, device = place(owner if backend is None and owner != "numpy" else backend, device)
    if owner not in ("numpy", table.owner):  # another library's: its dtype comes along
        obj = _exchanged(obj, table, device)
    return Tensor(table.backend.asarray(obj, dtype, device, True if copy is None else copy), table)


def _of_python(obj: Any, dtype: DType | None, device: str | None, copy: bool | None, backend: str | None) -> Tensor:
    """Scalars, sequences, and what speaks the buffer protocol."""
    try:
        host = np.asarray(obj)
    except ValueError as error:
        raise ShapeError(f"asarray: a sequence whose parts differ in length has no shape: {error}") from None
    except RuntimeError as error:  # what another library says whose arrays lie in a list
        raise ConversionError(f"asarray: {type(obj).__name__} {obj!r:.60} is no array of numbers: {error}") from error
    if dtype is not None and (host.dtype.kind == "O" or dtype is dtypes.uint64):
        host = _exact(host, obj, dtype)
    if host.dtype.kind not in "biufc":
        raise DTypeError(f"asarray: {type(obj).__name__} {obj!r:.60} is no array of numbers or booleans")
    if type(obj) in SCALARS or isinstance(obj, list | tuple):
        if copy is False:
            raise ValidationError("asarray: Python data cannot become an array without a copy; leave copy out")
        return uploaded(host, dtype or _default_of(host), place(backend, device))
    return _of_data(host, dtype, device, copy, backend)


def _exact(host: np.ndarray[Any, Any], obj: Any, dtype: DType) -> np.ndarray[Any, Any]:
    """Integers beyond int64, of which NumPy makes floats or objects before it is told the dtype."""
    if host.dtype.kind not in "fO" or not host.size:
        return host
    whole = np.asarray(obj, object)
    if not {int, bool}.issuperset(map(type, whole.flat)):
        return host
    for extreme in (whole.min(), whole.max()):
        dtypes.require_fit(extreme, dtype)
    return whole.astype(dtype.name)


def _default_of(host: np.ndarray[Any, Any]) -> DType:
    """The dtype of Python data, from what NumPy makes of it: our default for what is not bool or integer."""
    default = dtypes.default_dtype()
    return {"f": default, "c": dtypes.complex_of(default)}.get(host.dtype.kind) or dtypes.DTYPES[host.dtype.name]


def zeros(
    shape: Shape,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Zeros.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    dtype : DType, optional
        The default dtype if not said.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with them.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.zeros((2, 1)).tolist()
    [[0.0], [0.0]]
    """
    return _full(sizes(shape, "zeros"), 0, dtype or dtypes.default_dtype(), place(backend, device), requires_grad)


def ones(
    shape: Shape,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    dtype : DType, optional
        The default dtype if not said.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with them.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.ones(2, dtype=pg.float32).dtype
    plugrad.float32
    """
    return _full(sizes(shape, "ones"), 1, dtype or dtypes.default_dtype(), place(backend, device), requires_grad)


def empty(
    shape: Shape,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Memory to be written; its values mean nothing, and happen to be zeros.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    dtype : DType, optional
        The default dtype if not said.
    device, backend : str, optional
        Where to put it; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with it.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.empty((2, 3)).shape
    (2, 3)
    """
    return _full(sizes(shape, "empty"), 0, dtype or dtypes.default_dtype(), place(backend, device), requires_grad)


def full(
    shape: Shape,
    fill_value: Scalar | Tensor,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """One value everywhere.

    Parameters
    ----------
    shape : int or tuple of int
        The sizes.
    fill_value : bool, int, float, complex or 0-d Tensor
        The value; of a Tensor with its history.
    dtype : DType, optional
        If not said, by the kind of the value: bool, int64, the default dtype, its complex one.
    device, backend : str, optional
        Where to put it; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with it.

    Returns
    -------
    Tensor, shape `shape`
        In `dtype`.

    Raises
    ------
    ShapeError
        If a size is negative.
    DTypeError
        If the value is neither a Python scalar nor 0-d, or does not fit the dtype, the backend has no such dtype, or
        it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.full(2, 3).tolist()
    [3, 3]
    """
    return _full(sizes(shape, "full"), fill_value, dtype, place(backend, device), requires_grad)


def _full(shape: tuple[int, ...], value: Any, dtype: DType | None, where: Place, requires_grad: bool = False) -> Tensor:
    value = value.item() if isinstance(value, np.generic) else value
    if getattr(value, "shape", None) == ():
        out = broadcast_to(asarray(value, dtype=dtype, backend=where[0].owner, device=where[1]), shape)
        return leaf_if(requires_grad, out)
    if type(value) not in SCALARS:
        raise DTypeError(
            f"full: {type(value).__name__} is neither a Python scalar nor 0-d; broadcast_to repeats others"
        )
    its = dtypes.of_scalar(value) if dtype is None else dtypes.of(dtype)
    if type(value) is complex and its.kind != "c":
        raise DTypeError(f"full: the complex {value} does not fit {its.name}; take its real part, or a complex dtype")
    dtypes.require_fit(value, its)
    table, device = where
    out = Tensor(table.backend.full(shape, value, its, device), table)
    return leaf_if(requires_grad, out)


def zeros_like(
    x: Array,
    /,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Zeros with the shape of another array: a constant, also inside a transform.

    Parameters
    ----------
    x : Tensor, shape (...)
        Gives the shape, and what is not said below.
    dtype : DType, optional
        That of `x` if not said.
    device, backend : str, optional
        Those of `x` if not said.
    requires_grad : bool
        Whether to record what is done with them.

    Returns
    -------
    Tensor, shape (...)
        In `dtype`.

    Raises
    ------
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.zeros_like(pg.asarray([1, 2])).tolist()
    [0, 0]
    """
    x = tensor(x)
    return _full(x.shape, 0, dtype or x.dtype, place(backend, device, x), requires_grad)


def ones_like(
    x: Array,
    /,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones with the shape of another array: a constant, also inside a transform.

    Parameters
    ----------
    x : Tensor, shape (...)
        Gives the shape, and what is not said below.
    dtype : DType, optional
        That of `x` if not said.
    device, backend : str, optional
        Those of `x` if not said.
    requires_grad : bool
        Whether to record what is done with them.

    Returns
    -------
    Tensor, shape (...)
        In `dtype`.

    Raises
    ------
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.ones_like(pg.asarray([1.5, 2.5])).tolist()
    [1.0, 1.0]
    """
    x = tensor(x)
    return _full(x.shape, 1, dtype or x.dtype, place(backend, device, x), requires_grad)


def empty_like(
    x: Array,
    /,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Memory to be written, with the shape of another array; its values mean nothing, and happen to be zeros.

    Parameters
    ----------
    x : Tensor, shape (...)
        Gives the shape, and what is not said below.
    dtype : DType, optional
        That of `x` if not said.
    device, backend : str, optional
        Those of `x` if not said.
    requires_grad : bool
        Whether to record what is done with it.

    Returns
    -------
    Tensor, shape (...)
        In `dtype`.

    Raises
    ------
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.empty_like(pg.ones((2, 3))).shape
    (2, 3)
    """
    x = tensor(x)
    return _full(x.shape, 0, dtype or x.dtype, place(backend, device, x), requires_grad)


def full_like(
    x: Array,
    /,
    fill_value: Scalar | Tensor,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """One value everywhere, with the shape of another array: a constant, also inside a transform.

    Parameters
    ----------
    x : Tensor, shape (...)
        Gives the shape, and what is not said below.
    fill_value : bool, int, float, complex or 0-d Tensor
        The value; of a Tensor with its history.
    dtype : DType, optional
        That of `x` if not said.
    device, backend : str, optional
        Those of `x` if not said.
    requires_grad : bool
        Whether to record what is done with it.

    Returns
    -------
    Tensor, shape (...)
        In `dtype`.

    Raises
    ------
    DTypeError
        If the value is neither a Python scalar nor 0-d, or does not fit the dtype, the backend has no such dtype, or
        it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.full_like(pg.asarray([1, 2]), 7).tolist()
    [7, 7]
    """
    x = tensor(x)
    return _full(x.shape, fill_value, dtype or x.dtype, place(backend, device, x), requires_grad)


def arange(
    start: int | float,
    /,
    stop: int | float | None = None,
    step: int | float = 1,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from a start up to, and without, a stop. The same on every backend to the last bit.

    Parameters
    ----------
    start : int or float
        The first; or, if it stands alone, the stop, and the first is 0.
    stop : int or float, optional
        Where to end.
    step : int or float
        From one to the next.
    dtype : DType, optional
        If not said, int64 for integers, else the default dtype.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with them.

    Returns
    -------
    Tensor, shape (ceil((stop - start) / step),)
        In `dtype`; empty if the step leads away from the stop.

    Raises
    ------
    ValidationError
        If the step is zero.
    DTypeError
        For complex numbers, or if the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.arange(1, 7, 2).tolist()
    [1, 3, 5]
    """
    if step == 0:
        raise ValidationError("arange: a step of 0 leads nowhere; linspace takes how many numbers there should be")
    ends = (0, start) if stop is None else (start, stop)
    if complex in map(type, (*ends, step)):
        raise DTypeError("arange: complex numbers have no order; linspace takes how many numbers there should be")
    host = _on_host("arange", np.arange, *ends, step)
    out = uploaded(host, _default_of(host) if dtype is None else dtypes.of(dtype), place(backend, device))
    return leaf_if(requires_grad, out)


def linspace(
    start: Scalar,
    stop: Scalar,
    /,
    num: int,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    endpoint: bool = True,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """So many numbers, evenly spaced. The same on every backend to the last bit.

    Parameters
    ----------
    start, stop : int, float or complex
        The first and the last.
    num : int
        How many.
    dtype : DType, optional
        If not said, the default dtype, or its complex one if `start` or `stop` is complex.
    device, backend : str, optional
        Where to put them; as the context says if not said.
    endpoint : bool
        Whether `stop` is among them.
    requires_grad : bool
        Whether to record what is done with them.

    Returns
    -------
    Tensor, shape (num,)
        In `dtype`.

    Raises
    ------
    ShapeError
        If `num` is negative.
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.linspace(0, 1, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    (count,) = sizes((num,), "linspace")
    host = _on_host("linspace", partial(np.linspace, endpoint=endpoint), start, stop, count)
    out = uploaded(host, _default_of(host) if dtype is None else dtypes.of(dtype), place(backend, device))
    return leaf_if(requires_grad, out)


def _on_host(who: str, make: Callable[..., Any], *numbers: Any) -> Any:
    """What NumPy makes of numbers."""
    try:
        return make(*numbers)
    except PlugradError:
        raise
    except (TypeError, ValueError) as error:
        raise ValidationError(f"{who}: {numbers!r:.60} are not the numbers that it takes: {error}") from error


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: DType | None = None,
    device: str | None = None,
    backend: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on one diagonal, zeros elsewhere.

    Parameters
    ----------
    n_rows : int
        The number of rows.
    n_cols : int, optional
        The number of columns; as many as rows if not said.
    k : int
        Which diagonal: 0 the main one, above it positive, below it negative.
    dtype : DType, optional
        The default dtype if not said.
    device, backend : str, optional
        Where to put it; as the context says if not said.
    requires_grad : bool
        Whether to record what is done with it.

    Returns
    -------
    Tensor, shape (n_rows, n_cols)
        In `dtype`.

    Raises
    ------
    ShapeError
        If a number is negative.
    DTypeError
        If the backend has no such dtype, or it can have no gradient that is asked for.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.eye(2, k=1).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    rows, columns = sizes((n_rows, n_rows if n_cols is None else n_cols), "eye")
    its = dtypes.of(dtype or dtypes.default_dtype())
    out = uploaded(np.eye(rows, columns, whole(k, "eye", "k"), dtype=its.name), its, place(backend, device))
    return leaf_if(requires_grad, out)


def tril(x: Array, /, *, k: int = 0) -> Tensor:
    """The lower triangle of matrices, zeros above it.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Any dtype.
    k : int
        Up to which diagonal.

    Returns
    -------
    Tensor, shape (..., m, n)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.tril(pg.ones((2, 2))).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    return apply(TRIL, _matrix(x, "tril"), k=whole(k, "tril", "k"))


def triu(x: Array, /, *, k: int = 0) -> Tensor:
    """The upper triangle of matrices, zeros below it.

    Parameters
    ----------
    x : Tensor, shape (..., m, n)
        Any dtype.
    k : int
        From which diagonal.

    Returns
    -------
    Tensor, shape (..., m, n)
        Dtype of `x`.

    Raises
    ------
    ShapeError
        If `x` has fewer than two axes.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.triu(pg.ones((2, 2))).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    return apply(TRIU, _matrix(x, "triu"), k=whole(k, "triu", "k"))


def _matrix(x: Array, who: str) -> Tensor:
    out = tensor(x)
    if out.ndim < 2:
        raise ShapeError(f"{who}: a matrix has at least two axes, got the shape {out.shape}")
    return out


def meshgrid(*arrays: Array, indexing: Literal["xy", "ij"] = "xy") -> tuple[Tensor, ...]:
    """The coordinates of a grid from those of its axes.

    Parameters
    ----------
    *arrays : Tensor, shape (n_i,)
        The coordinates along each axis; 0-d counts as one.
    indexing : {"xy", "ij"}
        "ij": axis i of the results belongs to array i. "xy": the first two change places, as pictures have it.

    Returns
    -------
    tuple of Tensor
        As many as arrays, all of one shape, each with its dtype.

    Raises
    ------
    ShapeError
        If an array has more than one axis.
    ValidationError
        For another `indexing`.

    Examples
    --------
    >>> import plugrad as pg
    >>> x, y = pg.meshgrid(pg.arange(2), pg.arange(3))
    >>> x.shape, y.tolist()
    ((3, 2), [[0, 0], [1, 1], [2, 2]])
    """
    one_of(indexing, ("xy", "ij"), "meshgrid", "indexing")
    found = [tensor(a) for a in arrays]
    if any(a.ndim > 1 for a in found):
        raise ShapeError(f"meshgrid: coordinates have one axis, got {', '.join(str(a.shape) for a in found)}")
    places = list(range(len(found)))
    if indexing == "xy" and len(found) > 1:
        places[:2] = 1, 0
    apart = [reshape(a, [-1 if axis == at else 1 for axis in range(len(found))]) for a, at in zip(found, places)]
    return broadcast_arrays(*apart)


def from_dlpack(
    x: Any, /, *, device: str | None = None, copy: bool | None = None, backend: str | None = None
) -> Tensor:
    """Another library's array by DLPack, on the backend where new arrays go.

    Parameters
    ----------
    x : object
        Anything with ``__dlpack__`` and ``__dlpack_device__``. A Tensor keeps its history.
    device : str, optional
        Where to put it; its own device if not said.
    copy : bool, optional
        True: always a copy. False: never. None: memory is shared where it can be. What is shared may be written behind
        our back.
    backend : str, optional
        Which backend is to compute.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Raises
    ------
    ExchangeError
        If `x` does not speak DLPack, or one of the libraries cannot hand it over.
    DTypeError
        If its dtype is none of the standard's.
    DeviceError
        If there is no such device.
    ValidationError
        If ``copy=False`` and it takes a copy.

    Examples
    --------
    >>> import numpy as np
    >>> import plugrad as pg
    >>> pg.from_dlpack(np.ones(3)).shape
    (3,)
    """
    if type(x) is Tensor:
        return asarray(x, device=device, copy=copy, backend=backend)
    if not hasattr(x, "__dlpack__"):
        raise ExchangeError(
            f"from_dlpack: {type(x).__name__} has no __dlpack__; asarray takes Python data and NumPy arrays"
        )
    table, _ = place(backend, None)
    if copy is False:
        its = current.table_of(x)
        seen = x if its is not None and its.owner in ("numpy", table.owner) else _exchanged(x, table, None)
        return Tensor(table.backend.asarray(seen, None, device, False), table)
    raw = _exchanged(x, table, device)
    return Tensor(table.backend.asarray(raw, None, None, True) if copy else raw, table)


def _exchanged(x: Any, table: Kernels, device: str | None) -> Any:
    """Another library's array as a raw one, by DLPack; memory is shared where it can be."""
    try:
        raw = table.backend.from_dlpack(x, device)
    except PlugradError:
        raise
    except Exception as error:  # each library has its own kinds
        raise ExchangeError(
            f"from_dlpack: the backend {table.owner} cannot take over a {type(x).__name__}: {error}"
        ) from error
    dtypes.of(raw.dtype)  # or says which there are
    return raw
