"""einops, plain (plugrad's backend is registered when both are imported) and over the array API."""

from __future__ import annotations

import einops
from einops import array_api

from .entries import S, complex_normal, entry, normal, positive

BLOCK = normal(2, 6, 4)

ENTRIES = [
    entry("einops.rearrange", lambda xp, x: einops.rearrange(x, "b (h w) c -> b c h w", h=2), BLOCK),
    entry("einops.rearrange with an ellipsis", lambda xp, x: einops.rearrange(x, "b ... c -> ... (c b)"), BLOCK),
    entry("einops.rearrange a list", lambda xp, x, y: einops.rearrange([x, y], "n i -> i n"), S.vector, S.other),
    entry("einops.rearrange complex", lambda xp, x: einops.rearrange(x, "(a b) -> b a", a=2), complex_normal(6)),
    entry("einops.reduce sum", lambda xp, x: einops.reduce(x, "b (h w) c -> b h", "sum", h=3), BLOCK),
    entry("einops.reduce mean", lambda xp, x: einops.reduce(x, "b (h w) c -> b h c", "mean", h=3), BLOCK),
    entry("einops.reduce max", lambda xp, x: einops.reduce(x, "b (h w) c -> b h c", "max", w=3), BLOCK),
    entry("einops.reduce min", lambda xp, x: einops.reduce(x, "b h c -> c", "min"), BLOCK),
    entry("einops.reduce prod", lambda xp, x: einops.reduce(x, "b h c -> b c", "prod"), positive(2, 3, 2)),
    entry("einops.reduce keeping axes", lambda xp, x: einops.reduce(x, "b h c -> b () c", "mean"), BLOCK),
    entry("einops.reduce by a function", lambda xp, x: einops.reduce(
        x, "b h c -> b c", lambda x, axes: xp.sum(x**2, axis=axes)), BLOCK),
    entry("einops.repeat", lambda xp, x: einops.repeat(x, "a b -> a (b r)", r=2), S.square),
    entry("einops.repeat new axes", lambda xp, x: einops.repeat(x, "a b -> m b n a", m=2, n=3), S.square),
    entry("einops.einsum product", lambda xp, a, b: einops.einsum(a, b, "i j, k j -> i k"), S.matrix, S.square),
    entry("einops.einsum batched", lambda xp, a, b: einops.einsum(a, b, "n i j, n k j -> n i k"), BLOCK,
          normal(2, 3, 4)),
    entry("einops.einsum trace", lambda xp, a: einops.einsum(a, "i i ->"), S.square),
    entry("einops.einsum three operands", lambda xp, a, b, c: einops.einsum(a, b, c, "i j, j, i -> i"),
          S.square, S.vector[:3], S.other[:3]),
    entry("einops.pack", lambda xp, x, y: einops.pack([x, y], "* c")[0], S.matrix, S.square),
    entry("einops.unpack", lambda xp, x: einops.unpack(x, [(2,), (2, 2)], "* c"), S.matrix),
    entry("einops.array_api.rearrange", lambda xp, x: array_api.rearrange(x, "b (h w) c -> b c h w", h=2), BLOCK),
    entry("einops.array_api.reduce sum", lambda xp, x: array_api.reduce(x, "b (h w) c -> b h", "sum", h=3), BLOCK),
    entry("einops.array_api.reduce max", lambda xp, x: array_api.reduce(x, "b h c -> c", "max"), BLOCK),
    entry("einops.array_api.reduce mean", lambda xp, x: array_api.reduce(x, "b h c -> b () c", "mean"), BLOCK),
    entry("einops.array_api.repeat", lambda xp, x: array_api.repeat(x, "a b -> m (b n) a", m=2, n=3), S.square),
    entry("einops.array_api.pack", lambda xp, x, y: array_api.pack([x, y], "* c")[0], S.matrix, S.square),
    entry("einops.array_api.unpack", lambda xp, x: array_api.unpack(x, [(2,), (2, 2)], "* c"), S.matrix),
]  # fmt: skip
