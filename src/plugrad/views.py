"""Assignment. Raw arrays are never written while anyone else may see them; ``x[i] = v`` makes a new one and rebinds x.

A result of basic indexing is a view: it holds its root and one basic index into it, and the root knows its views
weakly. A write puts into the root and slices the live views again, so programs that write through views do what they do
in NumPy and torch, also under every transform. Reshapes and transposes are values.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NoReturn
from weakref import ref

from .backends.protocol import Kernels
from .dtypes import SCALARS, require_fit
from .errors import GraphError, IndexingError, PlugradError, ShapeError, TracingError
from .grad_mode import no_grad
from .indexing import is_basic, read, region_of, taken, written
from .ops import GRAFT
from .tensor import Leaf, Node, Tensor, as_tensor, base, captured, current_mode, fresh, tracked
from .traces import stopped

WHOLE = ...  # the index of a view that is its root


def getitem(self: Tensor, index: Any) -> Tensor:
    """The elements at `index`: a view of this tensor for a basic index, a value for index arrays and masks."""
    index = taken(index, self)
    y = read(self, index)
    return _view(y, self, index, False) if is_basic(index) and 0 not in y.shape else y


def detach(self: Tensor) -> Tensor:
    """The same values without history or tangent: a view, so that writing to it writes this tensor's data alone.

    Examples
    --------
    >>> import plugrad as pg
    >>> w = pg.ones(2, requires_grad=True)
    >>> (w * 2).detach().requires_grad
    False
    """
    self = captured(self)
    return _view(stopped(self), self, WHOLE, True)


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """Assign: this handle holds a new value from now on; views of it, and what it is a view of, follow.

    Raises
    ------
    GraphError
        For a leaf that requires grad, outside `no_grad`.
    TracingError
        While a program is traced, for an array that is older than it.
    """
    if captured(self) is not self:
        raise TracingError(
            "assignment into an array that is older than the program that is traced; return the new value instead"
        )
    index, (root, at, cut, head, inside) = taken(index, self), _kin(self)
    head = self if cut and head is None else head
    its, brings = index, cut and type(value) is Tensor and _may_have_history(value)
    if at is not WHOLE and is_basic(index):
        if 0 in region_of(self.shape, index):  # a new axis of a view is none of its root: look here
            return
        at, index = WHOLE, _compose(root.shape, at, index)
    if type(value) is Tensor:
        if at is WHOLE and is_basic(index) and not brings and _is_same_place(value, root, index):
            return  # the second half of x[i] += 1
        value = fresh(value)  # holds the raw array: a value that overlaps is never written in place
    elif type(value) not in SCALARS:
        value = as_tensor(value, self)
    views = [view for r in tuple(_views(root)) if (view := r()) is not None]
    own = None
    try:
        if head is not None and (brings or _may_have_history(head)):  # what is detached has a history of its own
            _refuse_leaf(head)
            own = _put(head, inside, its, value)
        for view in views:
            if type(view.by) is Kernels and view.by.name != "tracing":
                view.data = None  # lets go of the raw array; a symbol says what its history is
        with no_grad() if cut else nullcontext():
            _write(root, at, index, stopped(value) if cut and type(value) is Tensor else value, cut)
    except (IndexError, TypeError, ValueError, RuntimeError) as error:
        _explain(self, value, error)
    finally:
        for view in views:
            new = read(root, view.kin[1])
            _follow(view, stopped(new) if view.kin[2] else new)
    if head is not None and own is not None:
        _swap(head, own)
        for view in views:
            if view.kin[3] is head:
                _swap(view, read(head, view.kin[4]))


def _explain(x: Tensor, value: Any, error: Exception) -> NoReturn:
    if isinstance(error, PlugradError):
        raise error
    if isinstance(error, IndexError | TypeError):
        raise IndexingError(f"assignment: {error}; the shape is {x.shape}") from error
    raise ShapeError(
        f"assignment: a value of shape {getattr(value, 'shape', ())} does not fit the index: {error}"
    ) from error


def _views(root: Tensor) -> Any:
    kin = getattr(root, "kin", None)
    return kin if type(kin) is set else ()


def _kin(x: Tensor) -> tuple[Tensor, Any, bool, Tensor | None, Any]:
    """(root, index of `x` in it, whether the history ends between them, the detached tensor it is a view of, index)."""
    kin = getattr(x, "kin", None)
    return kin if type(kin) is tuple else (x, WHOLE, False, None, WHOLE)


def _is_same_place(value: Tensor, root: Tensor, index: Any) -> bool:
    its_root, at, *_ = _kin(value)
    return its_root is root and _compose(root.shape, at) == _compose(root.shape, index)


def _compose(shape: tuple[int, ...], *indices: Any) -> tuple[Any, ...]:
    """One basic index that does what these do one after the other: per axis an int, a range, or None for a new one."""
    at: list[Any] = [range(n) for n in shape]
    for index in indices:
        index = index if type(index) is tuple else (index,)
        k = next((i for i, part in enumerate(index) if part is ...), len(index))
        missing = sum(type(a) is not int for a in at) - sum(i is not None and i is not ... for i in index)
        steps, before, at = iter(index[:k] + (slice(None),) * missing + index[k + 1 :]), at, []
        for a in before:
            i: Any = None
            while type(a) is not int and (i := next(steps)) is None:
                at.append(None)
            if a is not None:
                at.append(a if isinstance(a, int) else a[i])
            elif type(i) is slice:
                at.append(None)
        at += [None for _ in steps]
    return tuple([_as_slice(a) if type(a) is range else a for a in at])


def _as_slice(a: range) -> slice:
    return slice(a.start, a.stop if a.stop >= 0 else None, a.step) if a else slice(0, 0)


def _view(y: Tensor, x: Tensor, index: Any, cut: bool) -> Tensor:
    root, at, ended, head, inside = _kin(x)
    if ended and not cut:
        head, inside = (x, index) if head is None else (head, _compose(head.shape, inside, index))
    else:
        head, inside = None, WHOLE
    y.kin = (root, index if x is root else _compose(root.shape, at, index), cut or ended, head, inside)
    try:
        views = root.kin
    except AttributeError:
        views = root.kin = set()
    views.add(ref(y, views.discard))
    return y


def _write(x: Tensor, at: Any, index: Any, value: Any, cut: bool) -> None:
    _refuse_leaf(x)
    quiet = current_mode().level >= 0
    if (
        at is WHOLE
        and is_basic(index)
        and type(x.by) is Kernels
        and (quiet or not x.node)
        and x.by.backend.is_sole_owner(x.data)
    ):
        raw = _raw_value(x, value, quiet)
        if raw is not None:
            x.by.backend.write(x.data, index, raw)  # nobody else sees it
            return
    _swap(x, _put(x, at, index, value), cut)


def _put(x: Tensor, at: Any, index: Any, value: Any) -> Tensor:
    """A copy of `x` in which x[at][index] is `value`; index arrays do not compose."""
    if at is WHOLE:
        return written(x, value, index)
    return written(x, written(read(x, at), value, index), at)


def _refuse_leaf(x: Tensor) -> None:
    if type(x.node) is Leaf and _level(x) > current_mode().level:
        raise GraphError(
            "assignment into a leaf that requires grad, or into a view of it; under no_grad only its data changes"
        )


def _raw_value(x: Tensor, value: Any, quiet: bool) -> Any:
    """What may be written into the raw array as it is; None for what has a history, another dtype or another owner."""
    if type(value) in (bool, int, float):
        require_fit(value, x.dtype)  # torch wraps, NumPy raises an OverflowError
        return value
    if type(value) is Tensor and value.by is x.by and (quiet or not value.node) and value.data.dtype == x.data.dtype:
        raw = value.data
        return None if raw.shape and raw.shape[0] == 1 else raw  # it may have more axes than the place
    return None


def _follow(view: Tensor, new: Tensor) -> None:
    """What a view shows after a write to its root: the data alone, if it has a history of its own."""
    _swap(view, new, cut=view.kin[2] or (type(view.node) is Leaf and type(new.node) is not Node))


def _swap(x: Tensor, new: Tensor, cut: bool = False) -> None:
    quiet = cut or current_mode().level >= 0
    if quiet and type(x.node) is Leaf and _level(new) > _level(x):
        raise GraphError(
            "a value of a transform is assigned into a leaf made before it; return it from the transform instead"
        )
    if quiet:
        new = grafted(new, x, cut)
    elif type(new.node) is Node and type(x.node) is Node and "grad" in (x.node.extra or ()):
        new.node.extra = {"grad": x.node.extra["grad"]}  # what retains its gradient goes on to
    x.data, x.by, x.node = new.data, new.by, new.node


def _may_have_history(x: Tensor) -> bool:
    """Or a tangent; what a traced value has is known when its program is differentiated."""
    return type(x.node) in (Node, Leaf, Tensor) or base(x).by.name == "tracing"


def _level(x: Tensor) -> float:
    return 0 if type(x.by) is Kernels else x.by.level


def grafted(new: Tensor, x: Tensor, cut: bool) -> Tensor:
    """The data of `new` where what made `x` stays, on each tape: torch's assignment under no_grad.

    Tangents are new, too, as forward mode knows no no_grad; but with `cut`, for a write through `detach`, they stay.
    """
    recorded = tracked(x)
    if _level(new) > _level(x) or (new.by is x.by and tracked(new)):
        return new  # of a transform inside the no_grad, which records
    if type(x.by) is Kernels:
        node = x.node if recorded else new.node
        if x.by.name == "tracing":
            return Tensor(x.by[GRAFT](new.data, x.data, cut=cut), x.by, node)
        return Tensor(new.data, new.by, node)
    if not (recorded or cut or new.by is x.by):
        return new
    kept = x.node
    if not (recorded or cut) and kept is not None:
        kept = None if new.node is None else grafted(new.node, kept, cut)
    return Tensor(grafted(new.data if new.by is x.by else new, x.data, cut), x.by, kept)
