"""Is a derivative right? Against other backends and torch.autograd, and against differences of the function itself."""

from .check_grads import check_grads
from .cross_validate import cross_validate
from .report import Report, Row
from .tolerances import error_in_eps

__all__ = ["Report", "Row", "check_grads", "cross_validate", "error_in_eps"]
