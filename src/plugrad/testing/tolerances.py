"""How far apart two results are, in units in which every dtype and size of numbers compares."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..namespace._places import beneath
from ..tensor import as_tensor

__all__ = ["eps_of", "error_in_eps", "on_host"]


def error_in_eps(a: Any, ref: Any) -> float:
    """max|a - ref| / (eps * max(1, max|ref|)): the largest difference, in roundings of the largest reference.

    Parameters
    ----------
    a, ref : Tensor or array, shape (...)
        The result and the reference. Eps is that of the coarser of their dtypes.

    Returns
    -------
    float
        0 where both are NaN, or infinite with the same sign. inf if the shapes differ, if only one is NaN or infinite,
        and if integers or booleans are not the same.

    Examples
    --------
    >>> import plugrad as pg
    >>> pg.testing.error_in_eps(pg.asarray([4.0, 1.0]), pg.asarray([4.0, 1.0 + 2**-50]))
    1.0
    """
    a, ref = on_host(a), on_host(ref)
    if a.shape != ref.shape:
        return float("inf")
    if "f" not in a.dtype.kind + ref.dtype.kind and "c" not in a.dtype.kind + ref.dtype.kind:
        return 0.0 if np.array_equal(a, ref) else float("inf")
    eps = max(eps_of(x.dtype) for x in (a, ref))
    a, ref = _finely(a), _finely(ref)
    finite = np.isfinite(a) & np.isfinite(ref)
    if not np.all(finite | _same(a.real, ref.real) & _same(a.imag, ref.imag)):
        return float("inf")
    a, ref = a[finite], ref[finite]
    return float(np.max(np.abs(a - ref), initial=0) / (eps * np.max(np.abs(ref), initial=1)))


def eps_of(dtype: np.dtype[Any]) -> float:
    """The relative spacing of a dtype's numbers at 1; 0 for integers and booleans."""
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def on_host(x: Any) -> np.ndarray[Any, Any]:
    """The values of a tensor, array or Python number as a NumPy array, without history."""
    low = beneath(as_tensor(x), "plugrad.testing")
    return np.asarray(low.by.backend.to_numpy(low.data))


def _finely(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """In double precision, so that the difference itself is not rounded to the dtype that is judged."""
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def _same(a: Any, b: Any) -> Any:
    return (a == b) | (np.isnan(a) & np.isnan(b))
