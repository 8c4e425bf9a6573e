"""What kernels of linear algebra share: one error for what cannot be decomposed, and the pseudo-inverse."""

from __future__ import annotations

from itertools import product
from typing import Any, NoReturn

from .. import ops
from ..errors import LinearAlgebraError
from ..ops import Op
from .protocol import Kernel

WHY: dict[Op, str] = {
    ops.CHOLESKY: "is not positive definite; add a multiple of the identity, or check that it is Hermitian",
    ops.INV: "is singular; pinv takes those, too",
    ops.SOLVE: "is singular; pinv(a) @ b is the solution of least norm",
}
NOT_FINITE = "has no finite decomposition; look for NaN and infinity in it"


def checked(op: Op, kernel: Kernel) -> Kernel:
    """The kernel; where its library raises a LinAlgError of its own, this raises plugrad's."""

    def call(*args: Any, **params: Any) -> Any:
        try:
            return kernel(*args, **params)
        except Exception as error:
            if "LinAlgError" in type(error).__name__ or "infs or NaNs" in str(error):
                _explain(op, kernel, args, params, error)
            raise

    return call


def _explain(op: Op, kernel: Kernel, args: tuple[Any, ...], params: dict[str, Any], error: Exception) -> NoReturn:
    """Raise with the place of the first matrix of the stack that fails alone."""
    x = args[0]
    stack, shape = tuple(x.shape[:-2]), tuple(x.shape[-2:])
    place = next((i for i in product(*map(range, stack)) if _fails(kernel, x[(*i, ...)], len(args), params)), ())
    which = f"matrix {list(place)} of the stack of shape {stack}" if stack else "the matrix"
    why = WHY.get(op, NOT_FINITE)
    raise LinearAlgebraError(f"{op.name}: {which}, of shape {shape}, {why} ({error})") from error


def _fails(kernel: Kernel, x: Any, operands: int, params: dict[str, Any]) -> bool:
    try:
        kernel(*(x,) * operands, **params)
    except Exception:
        return True
    return False


def pinv(xp: Any, x: Any, rtol: Any) -> Any:
    """V diag(1 / s) U^H, without the singular values up to rtol times the largest; in words that all libraries have."""
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    kept = s > rtol[..., 0] * s[..., : min(1, s.shape[-1])]
    inverse = xp.where(kept, 1 / xp.where(kept, s, 1), 0)
    return xp.conj((u * inverse[..., None, :]) @ vh).mT
