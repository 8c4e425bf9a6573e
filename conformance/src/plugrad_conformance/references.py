"""What torch.autograd answers for every case, frozen, so that nobody who runs the kit needs torch.

Values and derivatives are in double precision, along directions that never change. Narrower dtypes are judged by the
same, at their own eps. At ties and ends of domains, where torch changes its mind from version to version, results are
kept for each version.

``python -m plugrad_conformance.references`` computes them anew, to the same last bit on the same machine; ``--summary``
counts what there is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plugrad import ops
from plugrad.testing.samples import UNSAMPLED, Sample, samples
from plugrad.testing.tolerances import error_in_eps

from .derivatives import Hosts, cotangents, point, tangents, values, widened
from .records import Disagreement, Host, Subject

__all__ = ["PARTS", "Reference", "everything", "identity", "live", "of", "regenerate", "summary"]

CONVENTIONS = "2.13"  # the torch whose choices at ties are plugrad's
PARTS = ("value", "vjp", "jvp", "second")
DATA = files("plugrad_conformance") / "data"
SMOOTH, TIES = "smooth.npz", "ties-torch-{}.npz"


class Reference(NamedTuple):
    """What is right for one sample."""

    inputs: str  # a hash of the operands and parameters
    dtypes: tuple[str, ...]  # of the results, for the operands' own dtypes
    parts: Mapping[str, Hosts]  # some of PARTS, in double precision
    by: Mapping[str, str]  # part -> who says so: "torch", or "numpy"
    gaps: Mapping[str, str] = {}  # the others that there should be, and why there are none

    @property
    def results(self) -> Hosts:
        """Arrays of the shapes and dtypes of the results."""
        return tuple(y.astype(d) for y, d in zip(self.parts["value"], self.dtypes, strict=True))


def of(sample: Sample) -> Reference:
    """The frozen reference of a sample; of a primitive that somebody else registered, what its rule gives on NumPy.

    Raises
    ------
    Disagreement
        If nothing is frozen for it, or the sample has changed since.
    """
    if sample.op in ops.EXTENSIONS:
        return _answered(sample, _numpy(), "numpy", PARTS if sample.moving else PARTS[:1])
    frozen = _frozen().get(str(sample))
    regenerate = "; regenerate with `python -m plugrad_conformance.references`"
    if frozen is None:
        raise Disagreement(f"no reference is frozen for {sample}{regenerate}")
    if frozen.inputs != fingerprint(sample):
        raise Disagreement(f"the operands of {sample} are not those that its reference was frozen for{regenerate}")
    return frozen


def has(sample: Sample, part: str) -> bool:
    """Whether there is, or should be, this part for a sample."""
    frozen = None if sample.op in ops.EXTENSIONS else _frozen().get(str(sample))
    return (part == "value" or bool(sample.moving)) if frozen is None else part in frozen.parts


def live(sample: Sample) -> Reference:
    """The same as `of`, computed now by the torch that is installed.

    NumPy gives the values that torch has no word for; and at boundaries, where NumPy's meaning is plugrad's.
    """
    from . import torch_reference
    from .torch_reference.autograd import Autograd

    known, asked = sample.op in torch_reference.TORCH, PARTS[: 1 if not sample.moving else 2 if sample.boundary else 4]
    if known and not sample.boundary:
        return _answered(sample, Autograd(), "torch", asked)
    found = _answered(sample, _numpy(), "numpy", PARTS[:1])
    if not known:
        why = torch_reference.UNKNOWN.get(sample.op, "")
        return found._replace(gaps=dict.fromkeys(asked[1:], why))
    ties = _answered(sample, Autograd(), "torch", asked[1:2])
    return found._replace(parts={**found.parts, **ties.parts}, by={**found.by, **ties.by})


def identity() -> dict[str, str]:
    """Of what is frozen: the version of torch, and a hash."""
    return {"torch": _index(SMOOTH)["torch"], "hash": _index(SMOOTH)["hash"]}


def everything() -> Iterator[Sample]:
    """All samples of plugrad's own primitives."""
    for op in ops.TABLE.values():
        if op not in ops.EXTENSIONS and op not in UNSAMPLED:
            yield from samples(op)


def drift(sample: Sample) -> float:
    """How many eps the installed torch is from what is frozen.

    Raises
    ------
    Disagreement
        If it answers something else in kind: other dtypes, shapes or parts.
    """
    frozen, now = of(sample), live(sample)
    if (frozen.dtypes, frozen.parts.keys(), frozen.gaps) != (now.dtypes, now.parts.keys(), now.gaps):
        raise Disagreement(f"{sample}: frozen {frozen.dtypes} {[*frozen.parts]}, now {now.dtypes} {[*now.parts]}")
    pairs = [(a, b) for part in now.parts for a, b in zip(now.parts[part], frozen.parts[part], strict=True)]
    return max((error_in_eps(a, b) for a, b in pairs), default=0.0)


def fingerprint(sample: Sample) -> str:
    """A hash of operands and parameters; six decimals of the former, for matrices are made by one LAPACK or another."""
    found = hashlib.sha256(repr(sample.params).encode())
    for x in sample.operands:
        if isinstance(x, np.ndarray):
            found.update(f"{x.dtype} {x.shape}".encode())
            with np.errstate(all="ignore"):
                x = np.ascontiguousarray(np.round(x, 6) + 0.0 if x.dtype.kind in "fc" else x)
        found.update(x.tobytes() if isinstance(x, np.ndarray) else repr(x).encode())
    return found.hexdigest()[:12]


def _answered(sample: Sample, subject: Subject, by: str, parts: Sequence[str]) -> Reference:
    """What a subject says in double precision."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        dtypes = tuple(y.dtype.name for y in values(subject, sample))
        wide = widened(sample)
        at = point(subject, wide, cotangents(wide, values(subject, wide)), tangents(wide))
        found = {part: getattr(at, part)() for part in parts}
    return Reference(fingerprint(sample), dtypes, found, dict.fromkeys(parts, by))


def _numpy() -> Subject:
    from .subjects.plugrad import Backend

    return Backend("numpy")


# ----------------------------------------------------------------------------------------------------------- the files


class _Numbers:
    """All numbers in one row, none of them twice: an array is its kind, its shape and where it begins."""

    def __init__(self) -> None:
        self.row: list[Any] = []
        self._places: dict[bytes, int] = {}
        self._length = 0

    def add(self, x: Host) -> list[Any]:
        """Where it stands, from now on."""
        flat = np.ascontiguousarray(x).reshape(-1)
        flat = flat.view(np.float64) if x.dtype.kind == "c" else flat.astype(np.float64)
        place = self._places.setdefault(flat.tobytes(), self._length)
        if place == self._length:
            self.row.append(flat)
            self._length += flat.size
        return [x.dtype.kind, list(x.shape), place]


_KINDS = {"f": np.float64, "c": np.complex128, "i": np.int64, "b": np.bool_}


def _taken(row: Any, kind: str, shape: Sequence[int], place: int) -> Host:
    size = int(np.prod(shape))
    found: Host = row[place : place + size * (2 if kind == "c" else 1)]
    return (found.view(np.complex128) if kind == "c" else found.astype(_KINDS[kind])).reshape(shape)


def _packed(found: Mapping[str, Reference], versions: Mapping[str, str]) -> dict[str, Any]:
    """The arrays of a file."""
    numbers = _Numbers()
    cases = {
        name: {
            "inputs": r.inputs,
            "dtypes": r.dtypes,
            "parts": {part: [numbers.add(x) for x in r.parts[part]] for part in r.parts},
            "by": dict(r.by),
            "gaps": dict(r.gaps),
        }
        for name, r in found.items()
    }
    row = np.concatenate([np.empty(0), *numbers.row])
    return {"numbers": row, "index": _as_bytes({**versions, "hash": _hash(cases, row), "cases": cases})}


def _hash(cases: Any, row: Any) -> str:
    return hashlib.sha256(_as_bytes(cases).tobytes() + row.tobytes()).hexdigest()[:16]


def _as_bytes(index: Any) -> Any:
    return np.frombuffer(json.dumps(index, separators=(",", ":")).encode(), np.uint8)


@cache
def _file(name: str) -> tuple[Any, Any]:
    """(index, numbers)."""
    with (DATA / name).open("rb") as stream, np.load(stream) as arrays:
        index, row = json.loads(arrays["index"].tobytes()), arrays["numbers"]
    if index["hash"] != _hash(index["cases"], row):
        raise ValueError(f"{name} is damaged: its content has not the hash that it was written with; reinstall the kit")
    return index, row


def _index(name: str) -> Any:
    return _file(name)[0]


@cache
def _frozen(version: str = CONVENTIONS) -> dict[str, Reference]:
    """By name of the sample; at ties, what this version of torch chooses."""
    return {
        name: Reference(
            r["inputs"],
            tuple(r["dtypes"]),
            {part: tuple(_taken(row, *x) for x in r["parts"][part]) for part in r["parts"]},
            r["by"],
            r["gaps"],
        )
        for index, row in map(_file, (SMOOTH, TIES.format(version)))
        for name, r in index["cases"].items()
    }


# --------------------------------------------------------------------------------------------------- made, and counted


def regenerate(folder: Path) -> list[Path]:
    """Compute all anew with the torch that is installed, and write the files.

    Parameters
    ----------
    folder : Path
        Where to. What another version of torch chose at ties stays there.

    Returns
    -------
    list of Path
        What was written.
    """
    from .torch_reference.autograd import Autograd

    found = {str(sample): live(sample) for sample in everything()}
    ties = {str(s) for s in everything() if s.boundary and "torch" in found[str(s)].by.values()}
    versions = {**Autograd().versions(), "numpy": np.__version__}
    torch = ".".join(versions["torch"].split(".")[:2])
    written = []
    for file, names in ((SMOOTH, found.keys() - ties), (TIES.format(torch), ties)):
        written.append(folder / file)
        np.savez_compressed(written[-1], **_packed({n: r for n, r in found.items() if n in names}, versions))
    return written


def summary() -> str:
    """What is frozen, and what is not and why."""
    found = [*_frozen().values()]
    index, _ = _file(SMOOTH)
    lines = [f"{len(found)} cases, torch {index['torch']}, NumPy {index['numpy']}, hash {index['hash']}"]
    lines += [
        f"{part}: {count}" for part, count in Counter(f"{p} by {r.by[p]}" for r in found for p in r.parts).items()
    ]
    gaps = Counter(f"no {part}: {why}" for r in found for part, why in r.gaps.items())
    lines += [f"{text}: {count}" for text, count in gaps.items()] or ["no gaps"]
    size = sum(len((DATA / name).read_bytes()) for name in (SMOOTH, TIES.format(CONVENTIONS)))
    return "\n".join([*lines, f"{size / 1e6:.2f} MB"])


def _main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m plugrad_conformance.references", description=__doc__)
    parser.add_argument("--summary", action="store_true", help="count what is frozen, and compute nothing")
    parser.add_argument("--folder", type=Path, default=Path(str(DATA)), help="where to write; the package itself")
    said = parser.parse_args(arguments)
    if not said.summary:
        for path in regenerate(said.folder):
            print(f"{path}: {path.stat().st_size} bytes")  # noqa: T201
    else:
        print(summary())  # noqa: T201


if __name__ == "__main__":
    _main()
