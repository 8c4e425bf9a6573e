"""What an entry gives on plugrad: values against NumPy's, derivatives in both modes against central differences."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import array_api_compat
import numpy as np
import torch

import plugrad as pg
from plugrad.errors import ConversionError
from plugrad.testing.tolerances import error_in_eps

from .entries import Entry

Host = np.ndarray[Any, Any]
STEP = 1e-3  # central differences of fourth order: truncation and rounding both leave 1e-12 of a function of size 1
RECKONED = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))
PLACE = re.compile(r", at \S*/(?:array_api_extra|einops|scipy|sklearn)/\S+\.py:\d+")


class Verdict(NamedTuple):
    """How an entry fared."""

    outcome: str  # "right", "refused" or "wrong"
    remark: str = ""  # what was wrong, or where the graph was cut
    torch: bool = False  # whether torch.autograd, on torch's own tensors, gave the same gradient


@cache
def judge(entry: Entry, backend: str) -> Verdict:
    """The verdict on an entry."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # theirs: small samples, p-values out of range
        try:
            return _judged(entry, backend)
        except Exception as error:
            return _failed(entry, error)


def _judged(entry: Entry, backend: str) -> Verdict:
    reference = _on_numpy(entry, entry.inputs)
    with pg.use_backend(backend):
        inputs = [pg.asarray(x, requires_grad=entry.smooth and _moves(x)) for x in entry.inputs]
        results = list(_flat(entry.call(inputs[0].__array_namespace__(), *inputs)))
        if (wrong := _wrong_values(entry, results, reference)) or not entry.smooth:
            return Verdict("wrong", wrong) if wrong else Verdict("right")
        return _judged_slopes(entry, inputs, results, reference)


def _judged_slopes(entry: Entry, inputs: list[Any], results: list[Any], reference: list[Host]) -> Verdict:
    lost = [i for i, y in enumerate(results) if not y.requires_grad]
    if lost:
        return Verdict("wrong", f"results {lost} have no history")
    moving = [i for i, x in enumerate(entry.inputs) if _moves(x)]
    rng = np.random.default_rng(0)
    weights, direction = ([_random(rng, x) for x in xs] for xs in (reference, [entry.inputs[i] for i in moving]))
    variables = [inputs[i] for i in moving]
    found = pg.autograd.grad(
        results, variables, [pg.asarray(w) for w in weights], allow_unused=True, materialize_grads=True
    )
    reverse = [g.numpy() for g in found]
    numeric = [_differences(entry, i, weights) for i in moving]
    for i, mine, other in zip(moving, reverse, numeric, strict=True):
        if not (far := _apart(mine, other)) <= entry.slopes:
            return Verdict("wrong", f"gradient of input {i} is {far:.1e} from central differences: {mine}, {other}")
    along = _inner(direction, reverse)
    forward = _inner(weights, _tangents(entry, inputs, moving, direction))
    if not abs(along - forward) <= 1e-10 * max(1, abs(along), abs(forward), _size(reverse)):
        return Verdict("wrong", f"forward mode gives {forward}, reverse mode {along}")
    return _beside_torch(entry, moving, weights, reverse)


def _tangents(entry: Entry, inputs: list[Any], moving: list[int], direction: list[Host]) -> list[Host]:
    def f(*moved: Any) -> list[Any]:
        whole = [x.detach() for x in inputs]
        for i, x in zip(moving, moved, strict=True):
            whole[i] = x
        return list(_flat(entry.call(whole[0].__array_namespace__(), *whole)))

    primals = tuple([inputs[i].detach() for i in moving])
    return [t.numpy() for t in pg.jvp(f, primals, tuple([pg.asarray(v) for v in direction]))[1]]


def _beside_torch(entry: Entry, moving: list[int], weights: list[Host], reverse: list[Host]) -> Verdict:
    """Where torch differentiates the consumer itself, and rightly, the gradients are the same to rounding."""
    inputs = [torch.tensor(x, requires_grad=_moves(x)) for x in entry.inputs]
    try:
        results = list(_flat(entry.call(array_api_compat.array_namespace(inputs[0]), *inputs)))
        found = torch.autograd.grad(results, [inputs[i] for i in moving], [torch.tensor(w) for w in weights])
    except Exception as error:  # what torch, or the consumer for torch, cannot do: no oracle here
        return Verdict("right", f"torch: {error}")
    theirs = [g.resolve_conj().numpy() for g in found]
    far = max(map(_apart, reverse, theirs))
    return Verdict("right", "" if far <= entry.slopes else f"torch is {far:.1e} away", far <= entry.slopes)


def _failed(entry: Entry, error: BaseException) -> Verdict:
    """A refusal of plugrad names a line of the consumer; anything else is a failure."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ConversionError):
        cause = cause.__cause__ or cause.__context__
    if PLACE.search(str(cause)):
        return Verdict("refused", str(cause))
    trace, last = error.__traceback__, ""
    while trace is not None:
        last, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
    return Verdict("wrong", f"{type(error).__name__}: {error} ({last})")


def _wrong_values(entry: Entry, results: list[Any], reference: list[Host]) -> str:
    if len(results) != len(reference):
        return f"{len(results)} results, not {len(reference)}"
    for mine, ref in zip(results, reference, strict=True):
        if type(mine) is not pg.Tensor:
            return f"the result is a {type(mine).__name__}, not a tensor"
        if mine.shape != ref.shape:
            return f"the shape is {mine.shape}, not {ref.shape}"
        if not (far := error_in_eps(mine.detach(), ref)) <= entry.values:
            return f"values are {far:.3g} eps from NumPy's: {mine}, {ref}"
    return ""


def _on_numpy(entry: Entry, inputs: Any) -> list[Host]:
    return [np.asarray(y) for y in _flat(entry.call(array_api_compat.array_namespace(inputs[0]), *inputs))]


def _flat(results: Any) -> Iterator[Any]:
    if isinstance(results, tuple | list):
        for part in results:
            yield from _flat(part)
    else:
        yield results


def _moves(x: Host) -> bool:
    return x.dtype.kind in "fc"


def _random(rng: np.random.Generator, like: Host) -> Host:
    re, im = rng.standard_normal((2, *like.shape))
    return re + 1j * im if like.dtype.kind == "c" else re


def _differences(entry: Entry, i: int, weights: list[Host]) -> Host:
    """dL/dx + i dL/dy of L = Re<weights, results>, element by element of input i."""
    x = entry.inputs[i]
    out = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        for direction in (1, 1j) if x.dtype.kind == "c" else (1,):
            for steps, factor in RECKONED:
                moved = x.copy()
                moved[at] += steps * STEP * direction
                inputs = (*entry.inputs[:i], moved, *entry.inputs[i + 1 :])
                out[at] += direction * factor / STEP * _inner(weights, _on_numpy(entry, inputs))
    return out


def _inner(us: list[Host], vs: list[Host]) -> float:
    return float(sum(np.sum((np.conj(u) * v).real) for u, v in zip(us, vs, strict=True)))


def _size(xs: list[Host]) -> float:
    return float(sum(np.sum(np.abs(x)) for x in xs))


def _apart(a: Host, b: Host) -> float:
    return float(np.max(np.abs(a - b), initial=0) / np.max(np.abs(b), initial=1))
