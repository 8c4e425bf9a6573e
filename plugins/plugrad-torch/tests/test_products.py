"""Products of integers by pairs, beside torch's own on the CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from plugrad import ops
from plugrad.testing.samples import samples
from plugrad_torch.kernels.products import PRODUCTS

DTYPES = (torch.int8, torch.uint8, torch.int64)
SHAPES = [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((2, 0), (0, 3)), ((0, 3), (3, 2))]


def integers(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Some whose products int8 does not hold."""
    return torch.arange(3, 3 + torch.Size(shape).numel()).mul(29).to(dtype).reshape(shape)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("a, b", SHAPES)
def test_matrices(a: tuple[int, ...], b: tuple[int, ...], dtype: torch.dtype) -> None:
    x, y = integers(a, dtype), integers(b, dtype)
    found, want = PRODUCTS[ops.MATMUL](x, y), x @ y
    assert found.dtype is dtype
    assert torch.equal(found, want)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("sample", samples(ops.EINSUM), ids=lambda sample: sample.name)
def test_named_axes(sample: Any, dtype: torch.dtype) -> None:
    x, y = (integers(operand.shape, dtype) for operand in sample.operands)
    found, want = PRODUCTS[ops.EINSUM](x, y, **sample.params), torch.einsum(sample.params["subscripts"], x, y)
    assert found.dtype is dtype
    assert torch.equal(found, want)
