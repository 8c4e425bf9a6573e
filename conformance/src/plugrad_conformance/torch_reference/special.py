"""Special functions: torch's own where it differentiates by all operands, else sums and integrals of its others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.polynomial import legendre

from plugrad import ops
from plugrad.ops import Op

# Takahasi and Mori's rule for the interval from 0 to 1: u = 1 / (1 + exp(-pi sinh t)), and 1 - u beside it.
T = torch.linspace(-4.5, 4.5, 211, dtype=torch.float64)
LEFT, RIGHT = (torch.nn.functional.logsigmoid(sign * math.pi * torch.sinh(T)) for sign in (1, -1))  # log(u), log(1 - u)
WEIGHTS = torch.exp(LEFT + RIGHT) * math.pi * torch.cosh(T) * (T[1] - T[0])
# Of 0 to infinity: u / (1 - u)
ODDS, ODDS_WEIGHTS = torch.exp(LEFT - RIGHT), torch.exp(LEFT - RIGHT) * math.pi * torch.cosh(T) * (T[1] - T[0])


def _precisely(f: Callable[..., Any], nodes: bool = True) -> Callable[..., Any]:
    """In double precision and back; on operands that have one axis more, for the nodes of a rule."""

    def call(*operands: Any, **params: Any) -> Any:
        doubled = [x.double() for x in torch.broadcast_tensors(*operands)]  # type: ignore[no-untyped-call]
        return f(*[x[..., None] if nodes else x for x in doubled], **params).to(operands[0].dtype)

    return call


class _LogGamma(torch.autograd.Function):
    """torch's own is right, and so is its derivative; its second derivative has nine digits."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.x = x  # lives while the forward pass does
        return torch.lgamma(x)

    @staticmethod
    def backward(ctx: Any, ct: Any) -> Any:
        return ct * _digamma(ctx.saved_tensors[0])

    @staticmethod
    def jvp(ctx: Any, t: Any) -> Any:
        return t * _digamma(ctx.x)


def _gammaln(x: Any) -> Any:
    return _LogGamma.apply(x)  # type: ignore[no-untyped-call]


def _digamma(x: Any) -> Any:
    """By ten steps and DLMF 5.11.2; reflected, 5.5.4."""
    z = torch.where(x > 0, x, 1 - x)
    far, steps = z + 10, (1 / (z[..., None] + torch.arange(10, dtype=x.dtype))).sum(-1)
    square, rest = far**-2, torch.zeros_like(far)
    for c in (1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12):
        rest = (rest + c) * square
    right = torch.log(far) - 0.5 / far - rest - steps
    left = right - math.pi / torch.tan(math.pi * torch.where(x > 0, 0.5, x))
    return torch.where(x > 0, right, torch.where(x == torch.round(x), torch.digamma(x), left))


def _gamma(x: Any) -> Any:
    return torch.exp(_gammaln(x)) * (1 - 2 * torch.remainder(torch.floor(x.clamp(max=0)), 2))


def _betaln(a: Any, b: Any) -> Any:
    return _gammaln(a) + _gammaln(b) - _gammaln(a + b)


def _gammainc(a: Any, x: Any) -> Any:
    """DLMF 8.2.1, t = x u."""
    logs = a * torch.log(x) + (a - 1) * LEFT - x * torch.exp(LEFT) - _gammaln(a)
    return (torch.exp(logs) * WEIGHTS).sum(-1)


def _betainc(a: Any, b: Any, x: Any) -> Any:
    """DLMF 8.17.1, t = x u."""
    logs = a * torch.log(x) + (a - 1) * LEFT + (b - 1) * torch.log1p(-x * torch.exp(LEFT)) - _betaln(a, b)
    return (torch.exp(logs) * WEIGHTS).sum(-1)


def _zeta(s: Any, q: Any) -> Any:
    """DLMF 25.11.25."""
    logs = (s - 1) * torch.log(ODDS) - q * ODDS - torch.log(-torch.expm1(-ODDS)) - _gammaln(s)
    return (torch.exp(logs) * ODDS_WEIGHTS).sum(-1)


def _iv(x: Any, n: int) -> Any:
    """DLMF 10.32.3: the integrand is periodic."""
    theta = torch.linspace(0, 2 * math.pi, 97, dtype=torch.float64)[:-1]
    return (torch.exp(x * torch.cos(theta)) * torch.cos(n * theta)).mean(-1)


def _spherical_jn(x: Any, n: int) -> Any:
    """DLMF 18.17.19, the Fourier transform of a Legendre polynomial, by Gauss's rule."""
    t, w = legendre.leggauss(40)
    weights = torch.as_tensor(w * legendre.legval(t, np.eye(n + 1)[n]) / 2)
    waves = torch.sin if n % 2 else torch.cos
    return (waves(x * torch.as_tensor(t)) * weights).sum(-1) * (-1) ** (n // 2)


def _ive(x: Any, n: int) -> Any:
    return _precisely(_iv)(x, n=n) * torch.exp(-torch.abs(x))


TORCH: dict[Op, Callable[..., Any]] = {
    ops.BETAINC: _precisely(_betainc),
    ops.BETAINCC: lambda a, b, x: 1 - _precisely(_betainc)(a, b, x),
    ops.BETALN: _precisely(_betaln, nodes=False),
    ops.DIGAMMA: _precisely(_digamma, nodes=False),
    ops.ENTR: torch.special.entr,
    ops.ERFC: torch.special.erfc,
    ops.ERFCX: torch.special.erfcx,
    ops.ERFINV: torch.special.erfinv,
    ops.GAMMA: _precisely(_gamma, nodes=False),
    ops.GAMMAINC: _precisely(_gammainc),
    ops.GAMMAINCC: lambda a, x: 1 - _precisely(_gammainc)(a, x),
    ops.GAMMALN: _gammaln,
    ops.IV: _precisely(_iv),
    ops.IVE: _ive,
    ops.LOGIT: torch.logit,
    ops.LOG_NDTR: torch.special.log_ndtr,
    ops.NDTRI: torch.special.ndtri,
    ops.REL_ENTR: lambda a, b: a * torch.log(a / b),
    ops.SPHERICAL_JN: _precisely(_spherical_jn),
    ops.XLOG1PY: torch.special.xlog1py,
    ops.XLOGY: torch.xlogy,
    ops.ZETA: _precisely(_zeta),
}
