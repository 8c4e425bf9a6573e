"""einsum against NumPy: every way to write the axes, derivatives in both modes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import plugrad as pg
from plugrad.errors import DTypeError, PlugradError, ShapeError, ValidationError
from plugrad.testing import check_grads

from .helpers import names, same

LENGTHS = dict(zip("ijklmn", (2, 3, 4, 5, 1, 0)))

SUBSCRIPTS = names("""
    ->            i->i          i->          ij->ji        ij->i        ij          ji
    ii->i         ii->          ii           iij->ij       iji->j       iii->i      iiijj->ij      mm->m      nn->
    i,i->         i,i           i,j->ij      i,j->ji       i,->i        ,->         ij,jk->ik      ij,jk      ij,jk->ki
    ij,ij->ij     ij,ij->       ij,kl->ikjl  ijk,kl->ijl   ijk,jil->kl  i,ij,j->    iij,ij->j      ij,jj->i   ij,jkk->ik
    ij,jk,kl->il  ij,jk,kl,li-> i,i,i->i     i,j,k->kji    ij,ik,il->jkl            im,mj->ij      in,nj->ij  in,nj
    ni,ij->nj     iJ,Jk->ik     Ki,iA
""")
ELLIPSES: dict[str, tuple[tuple[int, ...], ...]] = {
    "...->...": ((2, 3),),
    "...i->i...": ((4, 2, 3),),
    "i...->...": ((4, 2, 3),),
    "...ii->...i": ((2, 3, 3),),
    "...ij,...jk->...ik": ((5, 2, 3), (5, 3, 4)),
    "...ij,...jk": ((2, 5, 2, 3), (5, 3, 4)),
    "...i,i": ((2, 4), (4,)),
    "...,...": ((2, 1, 3), (4, 1)),
    "i...,...i->...": ((3, 1, 2), (4, 2, 3)),
    "b...,b...,...->...b": ((2, 3), (2, 3), (3,)),
    "i..., j": ((2,), (3,)),
}


def operands(subscripts: str) -> list[np.ndarray]:
    """Of the lengths that belong to the letters, the same at every call."""
    rng = np.random.default_rng(len(subscripts))
    parts = subscripts.lower().partition("->")[0].split(",")
    return [rng.standard_normal([LENGTHS.get(letter, 3) for letter in part]) for part in parts]


@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_letters(backend: str, subscripts: str) -> None:
    xs = operands(subscripts)
    same(pg.einsum(subscripts, *map(pg.asarray, xs)), np.einsum(subscripts, *xs), ulps=8)


@pytest.mark.parametrize("subscripts", ELLIPSES)
def test_ellipses_broadcast(backend: str, subscripts: str) -> None:
    xs = [np.random.default_rng(k).standard_normal(shape) for k, shape in enumerate(ELLIPSES[subscripts])]
    same(pg.einsum(subscripts, *map(pg.asarray, xs)), np.einsum(subscripts, *xs), ulps=8)


@pytest.mark.parametrize(
    "axes", [([0, 1], [1, 2], [0, 2]), ([0, 1], [1, 2]), ([..., 1], [1, 3], [3, ...]), ([51, 5], [5, 0])]
)
def test_lists_of_ints(backend: str, axes: Any) -> None:
    a, b = operands("ij,jk")
    ours, theirs = [
        [make(a), axes[0], make(b), axes[1], *axes[2:]] for make in (pg.asarray, np.asarray)
    ]  # fmt: skip
    same(pg.einsum(*ours), np.einsum(*theirs), ulps=8)


@given(st.data())
def test_any_subscripts(data: st.DataObject) -> None:
    """Up to four operands with repeated letters, and a result of some of their letters in any order."""
    parts = data.draw(st.lists(st.text("ijkm", max_size=3), min_size=1, max_size=4))
    letters = sorted(set("".join(parts)))
    result = "".join(data.draw(st.permutations(letters)))[: data.draw(st.integers(0, len(letters)))]
    subscripts = f"{','.join(parts)}->{result}"
    xs = operands(subscripts)
    same(pg.einsum(subscripts, *map(pg.asarray, xs)), np.einsum(subscripts, *xs), ulps=64)


@pytest.mark.parametrize("subscripts", ["i,i->", "ij,jk,kl->il", "iij,ij->j", "ii->i", "i,j,k->kji", "ij,ij->ij"])
def test_both_modes_and_two_orders(backend: str, subscripts: str) -> None:
    check_grads(lambda *xs: pg.einsum(subscripts, *xs), *map(pg.asarray, operands(subscripts)))


def test_complex_operands(backend: str) -> None:
    a, b = (x + 1j * x[::-1] for x in operands("ij,jk"))
    same(pg.einsum("ij,jk->k", pg.asarray(a), pg.asarray(b)), np.einsum("ij,jk->k", a, b), ulps=8)
    check_grads(lambda a, b: pg.einsum("ij,jk->k", a, b), pg.asarray(a), pg.asarray(b))


@pytest.mark.parametrize("dtype", [pg.int8, pg.uint16, pg.float32, pg.complex64], ids=str)
def test_dtypes(backend: str, dtype: pg.DType) -> None:
    x = np.asarray([[1, 2], [3, 4]], dtype.name)
    same(pg.einsum("ij,jk->ik", pg.asarray(x), pg.asarray(x)), np.einsum("ij,jk->ik", x, x))


def test_vmap_and_compile(backend: str) -> None:
    a, b = operands("kij,jk")
    ours = pg.compile(pg.vmap(lambda a, b: pg.einsum("ij,j->i", a, b), in_axes=(0, 1)))(pg.asarray(a), pg.asarray(b))
    same(ours, np.einsum("kij,jk->ki", a, b), ulps=8)


def test_long_chains_do_not_build_the_outer_product(backend: str) -> None:
    """200**6 elements would fit into no memory."""
    matrices = [pg.ones((200, 200), dtype=pg.float32) for _ in range(5)]
    out = pg.einsum("ab,bc,cd,de,ef->af", *matrices)
    assert out.shape == (200, 200)
    assert out[0, 0].item() == 200.0**4


REFUSED: dict[str, tuple[Callable[[Any, Any], Any], type[PlugradError], str]] = {
    "a digit": (lambda a, v: pg.einsum("1j", a), ValidationError, "'1j' cannot be read; write letters"),
    "two arrows": (lambda a, v: pg.einsum("ij->i->j", a), ValidationError, "cannot be read"),
    "two ellipses": (lambda a, v: pg.einsum("...i...", a), ValidationError, "cannot be read"),
    "an operand too few": (lambda a, v: pg.einsum("ij,j", a), ValidationError, "2 lists of axes for 1 operands"),
    "an operand too many": (lambda a, v: pg.einsum("ij", a, v), ValidationError, "1 lists of axes for 2 operands"),
    "no operand": (lambda a, v: pg.einsum(), TypeError, "subscripts"),  # type: ignore[call-arg, dict-item]
    "an int too large": (lambda a, v: pg.einsum(a, [0, 52]), ValidationError, "names no axes; write a list of ints"),
    "no list": (lambda a, v: pg.einsum(a, 0), ValidationError, "0 names no axes; write a list of ints from 0 to 51"),
    "an axis too many": (lambda a, v: pg.einsum("ijk", a), ShapeError, r"3 names for the 2 axes of operand 0"),
    "an axis too few": (lambda a, v: pg.einsum("i", a), ShapeError, r"1 names for the 2 axes of operand 0"),
    "a result from nowhere": (lambda a, v: pg.einsum("ij->k", a), ValidationError, "'k' twice, or no operand has it"),
    "a result twice": (lambda a, v: pg.einsum("ij->ii", a), ValidationError, "the result names the axis 'i' twice"),
    "a lost ellipsis": (lambda a, v: pg.einsum("...j->j", a), ValidationError, "must have the ellipsis"),
    "lengths": (lambda a, v: pg.einsum("ij,i", a, v), ShapeError, "axes 'i' of the lengths 2 and 3"),
    "a diagonal of no square": (
        lambda a, v: pg.einsum("ii", a),
        ShapeError,
        "axes 'i' of a diagonal have the lengths 2 and 3",
    ),
    "a diagonal of 1 by 3": (
        lambda a, v: pg.einsum("ii", a[:1]),
        ShapeError,
        "axes 'i' of a diagonal have the lengths 1 and 3",
    ),
    "booleans": (lambda a, v: pg.einsum("ij", a > 0), DTypeError, "takes numbers, got bool"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(backend: str, what: str) -> None:
    call, error, words = REFUSED[what]
    with pytest.raises(error, match=words):
        call(pg.ones((2, 3)), pg.ones(3))
