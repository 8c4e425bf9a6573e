"""The engine of plugrad, told from nothing to compile(grad): a miniature that runs.

Names are the product's and each part says where its grown-up form lives, so that src/plugrad reads easily afterwards.
Ten operations, NumPy only, no checks worth reading. Every part ends in assertions; `python docs/engine.py` runs them.

The whole idea: every array operation is a call `apply(op, *arrays, **params)`. A `Tensor` is three slots, and `by` says
who computes on it: a table of kernels (level 0: `data` is a raw array), or a Trace, one run of one transform (`data` is
a Tensor of a lower level). `apply` computes at level 0 and hands all else to the highest Trace. Nothing else exists.
"""

from __future__ import annotations

import itertools
import re
from functools import partial
from operator import attrgetter

import numpy as np

# ------------------------------------------------------- 1. Operations and who computes them: ops.py, backends/numpy.py
TABLE = {}


class Op:
    """A name, and slots that a rule fills: how cotangents go back (pulls), tangents forward (push), axes move (batch)."""

    def __init__(self, name, operands):
        self.name, self.operands = name, operands


def primitive(signature):
    """Arrays are positional operands, metadata are keyword parameters: "name(operand, ...; parameter, ...)"."""
    name, *operands = re.findall(r"\w+", signature.partition(";")[0])
    TABLE[name] = Op(name, operands)
    return TABLE[name]


ADD, MULTIPLY, MATMUL = map(primitive, ("add(a, b)", "multiply(a, b)", "matmul(a, b)"))  # matmul: at least 2-D
NEGATIVE, EXP, TANH, MATRIX_TRANSPOSE = map(primitive, ("negative(x)", "exp(x)", "tanh(x)", "matrix_transpose(x)"))
SUM, RESHAPE, BROADCAST_TO = map(primitive, ("sum(x; axis)", "reshape(x; shape)", "broadcast_to(x; shape)"))


class Namespace:
    """What a rule may call: every operation by its name. Raw kernels, or `apply` where the rule itself is recorded."""

    def __init__(self, bind):
        for op in TABLE.values():
            setattr(self, op.name, bind(op))


class Kernels(dict):
    """op -> function of raw arrays: who computes at level 0."""

    def __init__(self, table):
        super().__init__(table)
        self.xp = Namespace(self.__getitem__)


NUMPY = Kernels({
    ADD: np.add, MULTIPLY: np.multiply, MATMUL: np.matmul, NEGATIVE: np.negative, EXP: np.exp, TANH: np.tanh,
    MATRIX_TRANSPOSE: attrgetter("mT"), SUM: lambda x, axis: np.sum(x, axis=axis),
    RESHAPE: lambda x, shape: x.reshape(shape), BROADCAST_TO: lambda x, shape: np.broadcast_to(x, shape),
})  # fmt: skip

# ------------------------------------------------------------------------------------------ 2. The one class: tensor.py
ticket = itertools.count().__next__  # one clock: a node is newer than all that it was made from


class Tensor:
    """Who computes (by), on what (data), and what made it (node) - or what a transform keeps beside it."""

    __slots__ = ("by", "data", "node")
    __array_ufunc__ = None  # NumPy on the left of an operator leaves it to us

    def __init__(self, data, by=NUMPY, node=None):
        self.data, self.by, self.node = data, by, node

    shape = property(lambda self: self.data.shape if type(self.by) is Kernels else self.by.shape_of(self))
    grad = property(lambda self: self.node.grad)


class Node:
    """One recorded operation: edges to what made its operands, and what its rules will read (all; the product saves less)."""

    def __init__(self, op, edges, args, out, params, by):
        self.op, self.edges, self.args, self.out, self.params, self.by = op, edges, args, out, params, by
        self.shape, self.seq = out.shape, ticket()


class Leaf:
    """The end of an edge: a value whose gradient is asked for."""

    edges = ()

    def __init__(self, shape):
        self.shape, self.seq, self.grad = shape, ticket(), None


def asarray(x):
    return x if type(x) is Tensor else Tensor(np.asarray(x, float))


def apply(op, *args, **params):
    """The only door: compute at level 0, or leave it to the highest trace among the operands."""
    args = tuple(map(asarray, args))
    traces = [a.by for a in args if type(a.by) is not Kernels]
    if traces:
        trace = max(traces, key=attrgetter("level"))
        if not trace.live:
            raise RuntimeError(f"{op.name}: a value of a finished transform is used")
        return trace.process(op, args, params)
    by = next((a.by for a in args if a.by is not NUMPY), NUMPY)  # part 6: constants follow a symbol
    raw = tuple(a.data for a in args)
    return record(op, tuple(a.node for a in args), raw, by[op](*raw, **params), params, by)


def record(op, edges, args, out, params, by):
    """The result, with its node if an operand has one. So nothing is recorded that nobody asked for."""
    return Tensor(out, by, Node(op, edges, args, out, params, by) if any(edges) else None)


RECORDING = Namespace(lambda op: partial(apply, op))
add, multiply, matmul, exp, tanh = (getattr(RECORDING, n) for n in ("add", "multiply", "matmul", "exp", "tanh"))
Tensor.__add__ = Tensor.__radd__ = add
Tensor.__mul__ = Tensor.__rmul__ = multiply
Tensor.__neg__, Tensor.__matmul__ = RECORDING.negative, matmul
Tensor.__sub__, Tensor.__rsub__ = lambda a, b: a + -asarray(b), lambda a, b: -a + b


def sum(x, axis=None):
    """The namespace settles arguments before dispatch: rules only ever see a tuple of axes. namespace/ is all of these."""
    return apply(SUM, x, axis=tuple(range(len(x.shape))) if axis is None else axis)


x0, w0, t0 = (np.random.default_rng(seed).normal(size=size) for seed, size in enumerate([(4, 3), (3, 2), (3, 2)]))


def loss(w, x=x0):  # the example of this page: one layer, and something that broadcasts
    y = tanh(matmul(x, w)) + exp(sum(w, axis=(0,)))
    return sum(y * y)


assert np.allclose(loss(asarray(w0)).data, np.sum((np.tanh(x0 @ w0) + np.exp(w0.sum(0))) ** 2))

# ---------------------------------------------------------------------- 3. Rules: one fact gives every mode: rules/*.py
# A rule names what it reads: y (the result), operands and parameters by their own names, ct (the cotangent; or the
# tangent, where it goes the same way), edge (the operand's shape), xp. It is written in array operations, so what it
# computes can itself be recorded, batched or compiled: higher order costs no line.


def named(op, rule):
    names = rule.__code__.co_varnames[: rule.__code__.co_argcount]

    def pull(xp, ct, y, args, params, edge):
        known = {"xp": xp, "ct": ct, "y": y, "edge": edge, **dict(zip(op.operands, args, strict=True)), **params}
        value = rule(*[known[n] for n in names])
        return value if "ct" in names else ct * value

    return pull


def align(x, rank):
    """Under vmap logical ranks are aligned first: the batch axis goes before all logical leading axes."""
    return apply(RESHAPE, x, shape=(x.shape[0],) + (1,) * (rank + 1 - len(x.shape)) + x.shape[1:])


def alongside(op):  # the law of axes of what broadcasts its operands
    def law(args, mine, params):
        rank = max(len(a.shape) - m for a, m in zip(args, mine, strict=True))
        return apply(op, *[align(a, rank) if m else a for a, m in zip(args, mine, strict=True)], **params)

    return law


def elementwise(op, *partials):
    """partials[i] is d result / d operand i; or, naming ct, the product with it."""
    op.pulls, op.batch = [named(op, rule) for rule in partials], alongside(op)

    def push(y, args, tangents, params):
        moving = [(pull, t) for pull, t in zip(op.pulls, tangents, strict=True) if t is not None]
        terms = [apply(BROADCAST_TO, pull(RECORDING, t, y, args, params, y), shape=y.shape) for pull, t in moving]
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]

    op.push = push


def linear(op, adjoint, batch):
    """The tangent is the operation itself; the cotangent goes back by its adjoint."""
    op.pulls, op.push, op.batch = [named(op, adjoint)], lambda y, args, ts, params: apply(op, *ts, **params), batch


def bilinear(op, left, right):
    """Linear in each operand: two tangents add up."""
    op.pulls, op.batch = [named(op, left), named(op, right)], alongside(op)

    def push(y, args, ts, params):
        terms = [apply(op, *(args[:i] + (t,) + args[i + 1 :]), **params) for i, t in enumerate(ts) if t is not None]
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]

    op.push = push


def spread(xp, ct, edge, axis):  # a sum's cotangent goes to every term
    kept = tuple(1 if i in axis else n for i, n in enumerate(edge.shape))
    return xp.broadcast_to(xp.reshape(ct, shape=kept), shape=edge.shape)


def wider(op):
    return lambda args, mine, params: apply(op, args[0], shape=(args[0].shape[0], *params["shape"]))


elementwise(ADD, lambda ct: ct, lambda ct: ct)
elementwise(MULTIPLY, lambda b: b, lambda a: a)
elementwise(NEGATIVE, lambda ct: -ct)
elementwise(EXP, lambda y: y)
elementwise(TANH, lambda y: 1 - y * y)
bilinear(MATMUL, lambda xp, ct, b: ct @ xp.matrix_transpose(b), lambda xp, ct, a: xp.matrix_transpose(a) @ ct)
linear(MATRIX_TRANSPOSE, lambda xp, ct: xp.matrix_transpose(ct), lambda args, mine, params: apply(MATRIX_TRANSPOSE, *args))
linear(SUM, spread, lambda args, mine, params: apply(SUM, *args, axis=tuple(a + 1 for a in params["axis"])))
linear(RESHAPE, lambda xp, ct, edge: xp.reshape(ct, shape=edge.shape), wider(RESHAPE))
linear(BROADCAST_TO, lambda ct: ct, lambda args, mine, params: wider(BROADCAST_TO)([align(args[0], len(params["shape"]))], mine, params))
assert all(op.pulls and op.push and op.batch for op in TABLE.values())  # no slot is empty

# ---------------------------------------------------------------------------- 4. Reverse mode: walk.py and autograd.py


def walk(root, seed):
    """{leaf: cotangent}, newest node first, without recursion. Broadcasting is undone in this one place."""
    order, stack, seen = [], [root], {root}
    while stack:
        node = stack.pop()
        order.append(node)
        stack += (new := {e for e in node.edges if e} - seen)
        seen |= new
    cotangents = {root: seed}
    for node in sorted((n for n in order if type(n) is Node), key=attrgetter("seq"), reverse=True):
        ct, xp = cotangents.pop(node), node.by.xp  # raw kernels at level 0, recorded calls above: the rules are the same
        for edge, pull in zip(node.edges, node.op.pulls, strict=True):
            if edge:
                g = unbroadcast(xp, pull(xp, ct, node.out, node.args, node.params, edge), edge.shape)
                cotangents[edge] = cotangents[edge] + g if edge in cotangents else g
    return cotangents


def unbroadcast(xp, g, shape):
    extra = len(g.shape) - len(shape)
    spent = tuple(i for i, n in enumerate(g.shape) if i < extra or shape[i - extra] < n)
    return xp.reshape(xp.sum(g, axis=spent), shape=shape) if spent else g


def requires_grad(x):
    return Tensor(x.data, x.by, Leaf(x.shape))


def backward(y):
    """Into the .grad of level 0's leaves, as torch has it. (The product's also nests: a leaf made inside a transform.)"""
    for leaf, g in walk(y.node, np.ones(y.shape)).items():
        leaf.grad = Tensor(g, y.by) if leaf.grad is None else leaf.grad + Tensor(g, y.by)


def slope(f, x, t, h=1e-6):  # the judge of this page: central differences
    return (f(asarray(x + h * t)).data - f(asarray(x - h * t)).data) / (2 * h)


w = requires_grad(asarray(w0))
backward(loss(w))
assert w.grad.shape == w0.shape
assert np.allclose(np.sum(w.grad.data * t0), slope(loss, w0, t0))
print("backward       ", np.sum(w.grad.data * t0))

# ------------------------------------------------------ 5. Transforms: a trace is one run: traces.py and transforms.py
next_level = itertools.count(1).__next__  # never used twice: a number says who is inner, and `live` who has gone


class Trace:
    """`process` does this transform's part of an operation and calls `apply` below. So transforms nest by themselves."""

    xp = RECORDING

    def __enter__(self):
        self.level, self.live = next_level(), True
        return self

    def __exit__(self, *_):
        self.live = False

    def shape_of(self, x):
        return x.data.shape

    def below(self, args):
        mine = [a.by is self for a in args]
        return mine, tuple(a.data if m else a for a, m in zip(args, mine, strict=True))


class Dual(Trace):
    """Forward mode: node is the tangent."""

    def process(self, op, args, params):
        mine, primals = self.below(args)
        y = apply(op, *primals, **params)
        return Tensor(y, self, op.push(y, primals, [a.node if m else None for a, m in zip(args, mine, strict=True)], params))


class Taped(Trace):
    """Reverse mode above another transform: the nodes and the walk of level 0, over Tensors."""

    def process(self, op, args, params):
        mine, primals = self.below(args)
        edges = tuple(a.node if m else None for a, m in zip(args, mine, strict=True))
        return record(op, edges, primals, apply(op, *primals, **params), params, self)


class Batched(Trace):
    """vmap: data has one more leading axis than the shape shows."""

    def shape_of(self, x):
        return x.data.shape[1:]

    def process(self, op, args, params):
        mine, primals = self.below(args)
        return Tensor(op.batch(primals, mine, params), self)


# An exit unwraps its own values only: any other result does not depend on this transform's inputs.
def jvp(f, x, t):
    with Dual() as trace:
        y = f(Tensor(x, trace, t))
    return (y.data, y.node) if y.by is trace else (y, asarray(np.zeros(y.shape)))


def grad(f):
    def gradient(x, *others):
        with Taped() as trace:
            y = f(Tensor(x, trace, leaf := Leaf(x.shape)), *others)
        found = walk(y.node, asarray(np.ones(y.shape))) if y.by is trace else {}
        return found.get(leaf, asarray(np.zeros(x.shape)))

    return gradient


def vmap(f, in_axes=0):
    def over_batch(*xs):
        axes = in_axes if type(in_axes) is tuple else (in_axes,) * len(xs)
        size = next(x.shape[0] for x, axis in zip(xs, axes, strict=True) if axis == 0)
        with Batched() as trace:
            y = f(*[x if axis is None else Tensor(x, trace) for x, axis in zip(xs, axes, strict=True)])
        return y.data if y.by is trace else apply(BROADCAST_TO, y, shape=(size, *y.shape))

    return over_batch


w, t, xs = asarray(w0), asarray(t0), asarray(x0.reshape(4, 1, 3))
assert np.allclose(jvp(loss, w, t)[1].data, slope(loss, w0, t0))
assert np.allclose(jvp(grad(loss), w, t)[1].data, slope(grad(loss), w0, t0))  # forward over reverse
assert np.allclose(grad(lambda w: sum(grad(loss)(w) * t))(w).data, slope(grad(loss), w0, t0))  # reverse over reverse
rows = vmap(grad(loss), in_axes=(None, 0))(w, xs)  # one gradient a sample, in one pass
assert np.allclose(rows.data, [grad(loss)(w, Tensor(x)).data for x in xs.data])
escaped = []
jvp(lambda w: escaped.append(w) or sum(w), w, t)
try:
    escaped[0] * 2
    raise AssertionError("a value outlived its transform")
except RuntimeError as error:
    print("jvp(grad)      ", np.sum(jvp(grad(loss), w, t)[1].data), "| vmap(grad)", rows.shape, "|", error)

# ------------------------------------------------------------ 6. Compile: a backend below level 0, of symbols: compiler/


class Symbol:
    """A raw array without values. Its operators, and the kernels of TRACING, append equations to its program."""

    __array_ufunc__ = None

    def __init__(self, name, shape, program):
        self.name, self.shape, self.program = name, shape, program

    def __bool__(self):
        raise TypeError("a branch on a value that is not known while tracing")


def equation(op):
    def run(*args, **params):
        program = next((a.program for a in args if type(a) is Symbol), None)
        if program is None:
            return NUMPY[op](*args, **params)  # constants meet constants
        shape = NUMPY[op](*[np.broadcast_to(1.0, np.shape(a)) for a in args], **params).shape  # asked of a stand-in
        program.append((Symbol(f"v{len(program)}", shape, program), op, args, params))
        return program[-1][0]

    return run


TRACING = Kernels({op: equation(op) for op in TABLE.values()})
for name, op in {"add": ADD, "mul": MULTIPLY, "matmul": MATMUL}.items():
    setattr(Symbol, f"__{name}__", lambda a, b, op=op: TRACING[op](a, b))
    setattr(Symbol, f"__r{name}__", lambda a, b, op=op: TRACING[op](b, a))
Symbol.__neg__, Symbol.__rsub__ = TRACING[NEGATIVE], lambda a, b: -a + b


def compile(f):
    """f, traced once for each choice of shapes; `.source` is what runs. Nothing above level 0 knows of it."""
    programs = {}

    def compiled(*xs):
        key = tuple(x.shape for x in xs)
        if key not in programs:
            program = []
            y = f(*[Tensor(Symbol(f"x{i}", shape, program), TRACING) for i, shape in enumerate(key)])
            programs[key] = lower(program, [f"x{i}" for i in range(len(xs))], y.data)
        run, compiled.source = programs[key]
        return Tensor(run(*[x.data for x in xs]))

    return compiled


def lower(program, inputs, result):
    """A program as Python source, without what nobody reads. (The product's also merges, and reuses every buffer.)"""
    alive, lines, scope = {result}, [], {op.name: NUMPY[op] for op in TABLE.values()}
    for symbol, op, args, params in reversed(program):
        if symbol in alive:
            alive |= {a for a in args if type(a) is Symbol}
            names = [a.name if type(a) is Symbol else f"c{len(scope)}_{i}" for i, a in enumerate(args)]
            scope |= {n: a for n, a in zip(names, args, strict=True) if type(a) is not Symbol}
            lines.append(f"    {symbol.name} = {op.name}({', '.join([*names, *(f'{k}={v}' for k, v in params.items())])})")
    source = "\n".join([f"def run({', '.join(inputs)}):", *lines[::-1], f"    return {result.name}"])
    exec(source, scope)
    return scope["run"], source


def step(w, x):  # torch's way of writing, compiled as it is
    w = requires_grad(w)
    backward(loss(w, x))
    return w - 0.1 * w.grad


fast = compile(grad(loss))
assert np.allclose(fast(w, asarray(x0)).data, grad(loss)(w).data)
assert np.allclose(compile(step)(w, asarray(x0)).data, w0 - 0.1 * grad(loss)(w).data)
assert np.allclose(compile(vmap(grad(loss), (None, 0)))(w, xs).data, rows.data)
print(f"compile(grad)\n{fast.source}")

# 7. What the product adds, and where. Leaves inside transforms, no_grad, modes: grad_mode.py, tensor.py. x[i] = v: views.py.
# Promotion, dtypes: dtypes.py. Complex numbers, and the saving of only what a rule names: rules/families.py. Any library
# in place of NUMPY: backends/. The outermost grad on level 0's nodes, at half a tape's cost: transforms.py.
