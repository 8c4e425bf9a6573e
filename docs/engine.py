# ruff: noqa: E701, E731, E741, RUF005
# fmt: off  (a page to be read in one go: short functions stand in one line)
"""The engine of plugrad, told from nothing to compile(grad): a miniature that runs. `python docs/engine.py` exits with 0.

Every array operation is a call `apply(op, *arrays, **params)`. A `Tensor` is three slots, of which `by` says who computes:
a table of kernels (level 0: `data` is a raw array), or a Trace, one run of one transform (`data` is a Tensor of a lower
level). `apply` computes at level 0 and hands the rest to the highest trace. Nothing else exists. Names are the product's,
and each part says where its grown-up form lives; each ends in assertions that could fail.
"""
import itertools
from functools import partial, reduce
from operator import attrgetter
from types import SimpleNamespace

import numpy as np

# 1. OPERATIONS, AND WHO COMPUTES THEM: ops.py, backends/numpy.py. Arrays are positional, metadata are keyword parameters.
class Op:
    """A name, its operands, and what a rule says: pulls (cotangents back), push (tangents forward), batch (vmap)."""
    def __init__(self, name, *operands): self.name, self.operands = name, operands

ADD, MULTIPLY, MATMUL = Op("add", "a", "b"), Op("multiply", "a", "b"), Op("matmul", "a", "b")  # matmul: at least 2-D
NEGATIVE, TANH, TRANSPOSE = Op("negative", "x"), Op("tanh", "x"), Op("matrix_transpose", "x")
SUM, RESHAPE, BROADCAST_TO = Op("sum", "x"), Op("reshape", "x"), Op("broadcast_to", "x")

class Kernels(dict):
    """op -> function of raw arrays: who computes at level 0. `xp` is what rules see there."""
    xp = property(lambda self: SimpleNamespace(**{op.name: kernel for op, kernel in self.items()}))

NUMPY = Kernels({
    ADD: np.add, MULTIPLY: np.multiply, MATMUL: np.matmul, NEGATIVE: np.negative, TANH: np.tanh, TRANSPOSE: attrgetter("mT"),
    SUM: lambda x, axis: np.add.reduce(x, axis), RESHAPE: lambda x, shape: x.reshape(shape), BROADCAST_TO: lambda x, shape: np.broadcast_to(x, shape)})

# 2. THE ONE CLASS AND THE ONE DOOR: tensor.py. What follows is all of level 0; traces come in part 5.
class Operators:
    """Python's operators, for those who say what `call(op, *operands)` is."""
    __array_ufunc__ = None  # NumPy on the left of an operator leaves it to us
    def __add__(a, b): return a.call(ADD, a, b)
    def __mul__(a, b): return a.call(MULTIPLY, a, b)
    def __matmul__(a, b): return a.call(MATMUL, a, b)
    def __neg__(a): return a.call(NEGATIVE, a)
    def __rsub__(a, b): return -a + b
    __radd__, __rmul__ = __add__, __mul__

class Tensor(Operators):
    """Who computes (by), on what (data), and what made it (node) - or what a transform keeps beside it."""
    def __init__(self, data, by=NUMPY, node=None): self.data, self.by, self.node = data, by, node
    def call(self, op, *args): return apply(op, *args)
    shape = property(lambda self: self.data.shape if type(self.by) is Kernels else self.by.shape_of(self))

class Node:
    """One recorded operation: edges to what made its operands, and what its rules may read (the product saves less)."""
    def __init__(self, op, edges, args, out, params, by):
        self.op, self.edges, self.args, self.out, self.params, self.by = op, edges, args, out, params, by
        self.shape, self.seq = out.shape, ticket()

class Leaf:
    """The end of an edge: a value whose gradient is asked for."""
    def __init__(self, shape): self.shape, self.edges, self.seq, self.grad = shape, (), ticket(), None

ticket = itertools.count().__next__  # one clock: a node is newer than all that it was made from

def asarray(x): return x if type(x) is Tensor else Tensor(np.asarray(x, float))

def apply(op, *args, **params):
    args = tuple(map(asarray, args))
    traces = [a.by for a in args if type(a.by) is not Kernels]
    if traces:
        trace = max(traces, key=attrgetter("level"))
        if not trace.live:
            raise RuntimeError(f"{op.name}: a value of a finished transform is used")
        return trace.process(op, args, params)
    by = next((a.by for a in args if a.by is not NUMPY), NUMPY)  # in part 6 constants go with a symbol
    raw = tuple(a.data for a in args)
    return record(op, tuple(a.node for a in args), raw, by[op](*raw, **params), params, by)

def record(op, edges, args, out, params, by):
    return Tensor(out, by, Node(op, edges, args, out, params, by) if any(edges) else None)  # only where somebody asks

RECORDING = SimpleNamespace(**{op.name: partial(apply, op) for op in NUMPY})
tanh, matmul = RECORDING.tanh, RECORDING.matmul  # namespace/ is these, and settles arguments before dispatch:
def sum(x, axis=None): return apply(SUM, x, axis=tuple(range(len(x.shape))) if axis is None else axis)

def loss(w, x):  # the example of this page: a layer, and something that broadcasts
    y = tanh(matmul(x, w)) * sum(w, axis=(0,)) + 0.5
    return sum(y * y)

x0, w0, t0 = (np.random.default_rng(seed).normal(size=size) for seed, size in enumerate([(5, 4, 3), (3, 2), (3, 2)]))
x, w, t = map(asarray, (x0, w0, t0))
assert np.allclose(loss(w, x).data, np.sum((np.tanh(x0 @ w0) * w0.sum(0) + 0.5) ** 2))

# 3. RULES: rules/*.py. One fact gives reverse and forward mode. A rule names what it reads: y (the result), operands and
# parameters by their names, xp, edge (of the operand's shape), ct: the cotangent - or the tangent, where it goes the same
# way. It is written in array operations, so what it computes can be recorded, batched or compiled: higher orders are free.
def pull_of(op, rule):
    names = rule.__code__.co_varnames[:rule.__code__.co_argcount]
    def pull(xp, ct, y, args, params, edge):
        known = {"xp": xp, "ct": ct, "y": y, "edge": edge, **dict(zip(op.operands, args)), **params}
        value = rule(*[known[n] for n in names])
        return value if "ct" in names else ct * value
    return pull

def family(op, rules, push, batch):
    """push(i, t, ...) is what the tangent t of operand i adds to the result's, whose shape it is given in this one place."""
    op.pulls, op.batch = [pull_of(op, rule) for rule in rules], batch
    op.push = lambda y, args, tangents, params: reduce(RECORDING.add, [
        apply(BROADCAST_TO, push(i, t, y, args, params), shape=y.shape) for i, t in enumerate(tangents) if t is not None])

def elementwise(op, *partials):
    """partials[i] is d result / d operand i; or, naming ct, the product with it."""
    family(op, partials, lambda i, t, y, args, params: op.pulls[i](RECORDING, t, y, args, params, y), alongside(op))

def linear(op, adjoint, batch):
    """The tangent is the operation itself; `adjoint` takes the cotangent back."""
    family(op, [adjoint], lambda i, t, y, args, params: apply(op, t, **params), batch)

def bilinear(op, *adjoints):
    """Linear in each operand."""
    family(op, adjoints, lambda i, t, y, args, params: apply(op, *args[:i], t, *args[i + 1:]), alongside(op))

def aligned(x, rank): return apply(RESHAPE, x, shape=x.shape[:1] + (1,) * (rank + 1 - len(x.shape)) + x.shape[1:])

def alongside(op):  # a law of axes, of what broadcasts its operands: the batch goes before all logical leading axes
    def law(args, mine, params):
        rank = max(len(a.shape) - m for a, m in zip(args, mine))
        return apply(op, *[aligned(a, rank) if m else a for a, m in zip(args, mine)])
    return law

def reshaped(xs, mine, params): return apply(RESHAPE, *xs, shape=xs[0].shape[:1] + params["shape"])
def widened(xs, mine, params): return apply(BROADCAST_TO, aligned(*xs, len(params["shape"])), shape=xs[0].shape[:1] + params["shape"])
def spread(xp, ct, edge, axis):  # a sum's cotangent goes to every term
    return xp.broadcast_to(xp.reshape(ct, shape=tuple(1 if i in axis else n for i, n in enumerate(edge.shape))), shape=edge.shape)

elementwise(ADD, lambda ct: ct, lambda ct: ct)
elementwise(MULTIPLY, lambda b: b, lambda a: a)
elementwise(NEGATIVE, lambda ct: -ct)
elementwise(TANH, lambda y: 1 - y * y)
bilinear(MATMUL, lambda xp, ct, b: ct @ xp.matrix_transpose(b), lambda xp, ct, a: xp.matrix_transpose(a) @ ct)
linear(TRANSPOSE, lambda xp, ct: xp.matrix_transpose(ct), lambda xs, mine, params: apply(TRANSPOSE, *xs))
linear(SUM, spread, lambda xs, mine, params: apply(SUM, *xs, axis=tuple(a + 1 for a in params["axis"])))
linear(RESHAPE, lambda xp, ct, edge: xp.reshape(ct, shape=edge.shape), reshaped)
linear(BROADCAST_TO, lambda ct: ct, widened)  # the walk sums it down
assert all(op.pulls and op.push and op.batch for op in NUMPY)  # no slot is empty

# 4. REVERSE MODE: walk.py, autograd.py
def walk(root, seed):
    """{leaf: cotangent}, newest node first, without recursion. Rules see raw kernels at level 0 and recorded calls above."""
    seen, stack = {root}, [root]
    while stack:
        stack += (new := {e for e in stack.pop().edges if e} - seen)
        seen |= new
    cotangents = {root: seed}
    for node in sorted((n for n in seen if type(n) is Node), key=attrgetter("seq"), reverse=True):
        ct, xp = cotangents.pop(node), node.by.xp
        for edge, pull in zip(node.edges, node.op.pulls):
            if edge:
                g = unbroadcast(xp, pull(xp, ct, node.out, node.args, node.params, edge), edge.shape)
                cotangents[edge] = cotangents[edge] + g if edge in cotangents else g
    return cotangents

def unbroadcast(xp, g, shape):  # broadcasting is undone in this one place
    extra = len(g.shape) - len(shape)
    spent = tuple(i for i, n in enumerate(g.shape) if i < extra or shape[i - extra] < n)
    return xp.reshape(xp.sum(g, axis=spent), shape=shape) if spent else g

def requires_grad(x): return Tensor(x.data, x.by, Leaf(x.shape))

def backward(y):  # sums into the leaves, as in torch
    for leaf, g in walk(y.node, np.ones(y.shape)).items():
        leaf.grad = Tensor(g, y.by) if leaf.grad is None else leaf.grad + Tensor(g, y.by)

def slope(f, h=1e-6): return (f(asarray(w0 + h * t0)).data - f(asarray(w0 - h * t0)).data) / (2 * h)  # central differences

leaf = requires_grad(w)
backward(loss(leaf, x))
assert np.allclose(np.sum(leaf.node.grad.data * t0), slope(lambda w: loss(w, x)))
print("backward, along t:  ", np.sum(leaf.node.grad.data * t0))

# 5. TRANSFORMS: traces.py, transforms.py. A trace does its part of an operation and calls `apply` below: so they nest.
class Trace:
    xp, level_of = RECORDING, itertools.count(1).__next__  # levels are never used twice: they say who is inner
    def __enter__(self): self.level, self.live = self.level_of(), True; return self
    def __exit__(self, *_): self.live = False
    def shape_of(self, x): return x.data.shape
    def below(self, args): return [a.by is self for a in args], tuple(a.data if a.by is self else a for a in args)
    def kept(self, args): return tuple(a.node if a.by is self else None for a in args)

class Dual(Trace):
    """Forward mode: node is the tangent."""
    def process(self, op, args, params):
        y = apply(op, *self.below(args)[1], **params)
        return Tensor(y, self, op.push(y, self.below(args)[1], self.kept(args), params))

class Taped(Trace):
    """Reverse mode above another transform: level 0's nodes and walk, over Tensors."""
    def process(self, op, args, params):
        primals = self.below(args)[1]
        return record(op, self.kept(args), primals, apply(op, *primals, **params), params, self)

class Batched(Trace):
    """vmap: data has one more leading axis than the shape shows; node is unused."""
    def shape_of(self, x): return x.data.shape[1:]
    def process(self, op, args, params):
        mine, xs = self.below(args)
        return Tensor(op.batch(xs, mine, params), self)

# An exit unwraps its own values only: any other result does not depend on this transform's inputs.
def jvp(f, x, t):
    with Dual() as trace: y = f(Tensor(x, trace, t))
    return (y.data, y.node) if y.by is trace else (y, asarray(np.zeros(y.shape)))

def grad(f):
    def gradient(x, *others):
        with Taped() as trace: y = f(Tensor(x, trace, leaf := Leaf(x.shape)), *others)
        found = walk(y.node, asarray(np.ones(y.shape))) if y.by is trace else {}
        return found.get(leaf, asarray(np.zeros(x.shape)))
    return gradient

def vmap(f, in_axes):
    def over_batch(*xs):
        with Batched() as trace: y = f(*[x if axis is None else Tensor(x, trace) for x, axis in zip(xs, in_axes)])
        size = xs[in_axes.index(0)].shape[0]
        return y.data if y.by is trace else apply(BROADCAST_TO, y, shape=(size, *y.shape))
    return over_batch

g = grad(loss)(w, x)
assert np.allclose(g.data, leaf.node.grad.data)
assert np.allclose(jvp(lambda w: loss(w, x), w, t)[1].data, slope(lambda w: loss(w, x)))
assert np.allclose(jvp(lambda w: grad(loss)(w, x), w, t)[1].data, slope(lambda w: grad(loss)(w, x)))  # forward over reverse
assert np.allclose(grad(lambda w: sum(grad(loss)(w, x) * t))(w).data, slope(lambda w: grad(loss)(w, x)))  # reverse over it
per_sample = vmap(grad(loss), (None, 0))(w, x)
assert np.allclose(per_sample.data, [grad(loss)(w, asarray(sample)).data for sample in x0])
escaped = []
jvp(lambda w: escaped.append(w) or w, w, t)
try: print(f"nothing stops {escaped[0] * 2}")
except RuntimeError as error: print("a value that escaped:", error)
else: raise AssertionError

# 6. COMPILE: compiler/. A backend below level 0, whose raw arrays are symbols. Nothing above knows of it.
class Symbol(Operators):
    """A raw array without values. Operations on it append equations to its program."""
    def __init__(self, name, shape, program): self.name, self.shape, self.program = name, shape, program
    def call(self, op, *args): return TRACING[op](*args)
    def __bool__(self): raise TypeError("a branch on a value that is not known while tracing")

def equation(op):
    def run(*args, **params):
        programs = [a.program for a in args if type(a) is Symbol]
        if not programs: return NUMPY[op](*args, **params)  # constants meet constants
        shape = NUMPY[op](*[np.broadcast_to(1.0, np.shape(a)) for a in args], **params).shape  # stand-ins say what comes out
        programs[0].append((Symbol(f"v{len(programs[0])}", shape, programs[0]), op, args, params))
        return programs[0][-1][0]
    return run

TRACING = Kernels({op: equation(op) for op in NUMPY})

def compile(f):
    programs = {}
    def compiled(*xs):
        key = tuple(x.shape for x in xs)  # never the values
        if key not in programs:
            y = f(*[Tensor(Symbol(f"x{i}", shape, program := []), TRACING) for i, shape in enumerate(key)])
            programs[key] = lower(program, len(xs), y.data)
        run, compiled.source = programs[key]
        return Tensor(run(*[x.data for x in xs]))
    return compiled

def lower(program, arity, result):
    """The program as Python source, without what nobody reads. (The product's merges equations and reuses buffers.)"""
    alive, lines, scope = {result}, [], {op.name: kernel for op, kernel in NUMPY.items()}
    for symbol, op, args, params in program[::-1]:
        if symbol in alive:
            alive |= {a for a in args if type(a) is Symbol}
            scope |= {f"c{id(a)}": a for a in args if type(a) is not Symbol}
            names = [a.name if type(a) is Symbol else f"c{id(a)}" for a in args]
            lines.append(f"    {symbol.name} = {op.name}({', '.join(names + [f'{k}={v}' for k, v in params.items()])})")
    source = "\n".join([f"def run({', '.join(f'x{i}' for i in range(arity))}):", *lines[::-1], f"    return {result.name}"])
    exec(source, scope)
    return scope["run"], source

def step(w, x):  # torch's way of writing compiles as it is
    backward(loss(w := requires_grad(w), x))
    return w + -0.1 * w.node.grad

fast = compile(grad(loss))
assert np.allclose(fast(w, x).data, g.data)
assert np.allclose(compile(step)(w, x).data, w0 - 0.1 * g.data)
assert np.allclose(compile(vmap(grad(loss), (None, 0)))(w, x).data, per_sample.data)
print(f"compile(grad):\n{fast.source}")

# 7. What the product adds: leaves inside transforms, no_grad and modes (tensor.py, grad_mode.py); x[i] = v (views.py);
# dtypes and promotion (dtypes.py); complex numbers, saving only what a rule names (rules/families.py); other libraries
# (backends/); the outermost grad on level 0's nodes, at half a tape's cost (transforms.py); buffers (compiler/lowering.py).
