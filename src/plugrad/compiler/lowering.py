"""A program as Python source: readable, every buffer reused with ``out=`` where the backend's dialect has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from types import MappingProxyType
from typing import Any, NamedTuple

from .. import ops
from ..backends import current
from ..backends.protocol import Kernel, Kernels
from ..failures import guarded
from ..ops import Op
from .passes import Simple
from .tracing import Equation

VIEWS = frozenset(
    (
        ops.FFT,  # over no axes it gives back its operand
        ops.FLIP,
        ops.GETITEM,
        ops.IMAG,
        ops.MATRIX_TRANSPOSE,
        ops.PERMUTE_DIMS,
        ops.REAL,
        ops.RESHAPE,
        ops.ROLL,  # over no axes
        ops.UNSTACK,
        ops.WINDOWS,
    )
)
MAY_ALIAS = VIEWS | {ops.ASTYPE, ops.BROADCAST_TO, ops.CONJ}  # what some library gives back as it came
Aval = tuple[tuple[int, ...], Any]


class Dialect(NamedTuple):
    """How a backend's programs are written.

    `views` are operations whose result may lie in the memory of their first operand. `expressions` give the source of
    an equation's result where it is not a plain kernel call; they are told the name of an output buffer, or "". `into`
    are operations that can write into one; `overwrites` those that may overwrite an operand's. `apart` makes a kernel
    that nobody vouches for give memory of its own; without it every result of one counts as a view.
    """

    expressions: Mapping[Op, Callable[[Equation, str, Writer], str]] = MappingProxyType({})
    into: frozenset[Op] = frozenset()
    overwrites: frozenset[Op] = frozenset()
    views: frozenset[Op] = MAY_ALIAS
    scope: Mapping[str, Any] = MappingProxyType({})
    copy: str = "copy"
    apart: Callable[[Kernel], Kernel] | None = None

    def without(self, theirs: Set[Op]) -> Dialect:
        """For operations whose kernels users gave: they are called, whatever is known of the operation."""
        return self._replace(
            expressions={op: write for op, write in self.expressions.items() if op not in theirs},
            into=self.into - theirs,
            overwrites=self.overwrites - theirs,
            views=self.views - theirs if self.apart else self.views | theirs,
        )


class Writer:
    """Writes one program; afterwards `source`, `buffers` and `scope` are what it takes to run it."""

    def __init__(
        self, program: Simple, inputs: list[str], table: Kernels, dialect: Dialect, shapes: dict[str, tuple[int, ...]]
    ) -> None:
        self._theirs = ops.EXTENSIONS.keys() | current.GIVEN.get(table.owner, {}).keys()
        self.dialect, self.table = dialect.without(self._theirs) if self._theirs else dialect, table
        made = {n: shape for e in program.equations for n, (shape, _) in zip(e.names, e.avals, strict=True)}
        self.shapes = shapes | made | {n: tuple(c.shape) for n, c in program.constants.items()}
        self.equations, self.results = program.equations, program.results
        self.scope: dict[str, Any] = {**dialect.scope, **program.constants}
        self.buffers: list[Aval] = []
        self._free: dict[Aval, list[int]] = {}
        self._home: dict[str, int] = {}  # name -> its buffer
        self._owner = self._owners()
        self._last = self._last_uses()
        lines = [line for at, equation in enumerate(self.equations) for line in self._written(at, equation)]
        body = "\n    ".join([*lines, f"return {self._returned()}"])
        given = ", ".join([*inputs, *(f"b{i}" for i in range(len(self.buffers)))])
        self.source = f"def run({given}):\n    {body}\n"

    def constant(self, prefix: str, value: Any) -> str:
        """A name for a value that does not print as itself."""
        name = f"{prefix}{len(self.scope)}"
        self.scope[name] = value
        return name

    def text(self, value: Any) -> str:
        """A parameter or scalar as source."""
        if type(value) in (int, bool, str, type(None)) or (type(value) is float and value - value == 0):
            return repr(value)
        if type(value) is tuple:
            return f"({''.join(self.text(v) + ', ' for v in value)})"
        if type(value) is slice:
            return f"slice({self.text(value.start)}, {self.text(value.stop)}, {self.text(value.step)})"
        return self.constant("p", value)

    def operands(self, equation: Equation) -> list[str]:
        """The inputs as source."""
        return [a if type(a) is str else self.text(a) for a in equation.inputs]

    # Whose memory a value lies in: a view's is its first operand's
    def _owners(self) -> dict[str, str]:
        owner: dict[str, str] = {}
        for names, op, inputs, *_ in self.equations:
            for name in names:
                owner[name] = owner.get(inputs[0], inputs[0]) if op in self.dialect.views else name
        return owner

    def _last_uses(self) -> dict[str, int]:
        last = {self._owner.get(a, a): at for at, e in enumerate(self.equations) for a in e.inputs if type(a) is str}
        return last | {self._owner.get(r, r): len(self.equations) for r in self.results}

    def _written(self, at: int, equation: Equation) -> list[str]:
        names, op, inputs, _, avals, *_ = equation
        memory = {self._owner.get(a, a) for a in inputs if type(a) is str}
        dying = {m for m in memory if self._last.get(m) == at} & self._home.keys()
        if op in self.dialect.overwrites:  # elementwise: the result may take the place of an operand that dies here
            fit = [m for m in dying if self.buffers[self._home[m]] == avals[0] and self._owned_whole(m, inputs)]
            for m in fit[:1]:
                self._release(m)
                dying.discard(m)
        out = ""
        escapes = self._last.get(self._owner[names[0]]) == len(self.equations)  # what does is new memory
        if op in self.dialect.into and not escapes:
            self._home[names[0]] = self._take(avals[0])
            out = f"b{self._home[names[0]]}"
        expression = self.dialect.expressions.get(op)
        line = f"{names[0]} = {expression(equation, out, self)}" if expression else self._call(equation)
        for m in dying:
            self._release(m)
        return [line]

    def _owned_whole(self, memory: str, inputs: tuple[Any, ...]) -> bool:
        """Not read through a view in this very equation: u + u.T must not write into u."""
        return all(a == memory for a in inputs if type(a) is str and self._owner.get(a, a) == memory)

    def _call(self, equation: Equation) -> str:
        name, kernel = f"k_{equation.op.name}", guarded(equation.op, self.table)
        apart = self.dialect.apart if equation.op in self._theirs else None
        self.scope[name] = kernel if apart is None else apart(kernel)
        given = [*self.operands(equation), *(f"{k}={self.text(v)}" for k, v in equation.params.items())]
        return f"{', '.join(equation.names)}{',' if equation.several else ''} = {name}({', '.join(given)})"

    def _take(self, aval: Aval) -> int:
        pool = self._free.setdefault(aval, [])
        if not pool:
            pool.append(len(self.buffers))
            self.buffers.append(aval)
        return pool.pop()

    def _release(self, name: str) -> None:
        at = self._home[name]
        self._free.setdefault(self.buffers[at], []).append(at)

    def _returned(self) -> str:
        """Results alias neither the inputs nor each other."""
        made = {name for e in self.equations if e.op not in self.dialect.views for name in e.names}
        given_out: set[str] = set()
        texts = []
        for r in self.results:
            memory = self._owner.get(r, r)
            texts.append(r if memory in made and memory not in given_out else f"{self.dialect.copy}({r})")
            given_out.add(memory)
        self.scope.setdefault(self.dialect.copy, self.table.backend.copied)
        return f"({''.join(t + ', ' for t in texts)})"
