# fmt: off
# ruff: noqa: E701, I001  a page to be read in one go: what is short stands in one line
"""The engine of plugrad, told from nothing to compile(grad): a miniature that runs, seven operations on NumPy.

Every array operation is a call `apply(op, *arrays, **params)`. A `Tensor` is three slots, of which `by` says who
computes: a table of kernels (level 0: `data` is a raw array), or a Trace, one run of one transform (`data` is a Tensor
of a lower level). `apply` computes at level 0 and hands the rest to the highest trace. Nothing else exists. Names are
the product's, and each part says where in src/plugrad its grown-up form lives, and ends in assertions that can fail.
"""
import itertools
from functools import partial, reduce
from operator import attrgetter
from types import SimpleNamespace
import numpy as np

# 1. OPERATIONS, AND WHO COMPUTES THEM: ops.py, backends/numpy. Arrays are operands, metadata keyword parameters.
class Op:
    """A name, its operands, and what a rule says: pulls (cotangents back), push (tangents forward), batch (vmap)."""
    def __init__(self, name, *operands): self.name, self.operands = name, operands

ADD, MULTIPLY, NEGATIVE, TANH = Op("add", "a", "b"), Op("multiply", "a", "b"), Op("negative", "x"), Op("tanh", "x")
SUM, RESHAPE, BROADCAST_TO = Op("sum", "x"), Op("reshape", "x"), Op("broadcast_to", "x")
class Kernels(dict):
    """op -> function of raw arrays: who computes at level 0. `xp` is what rules see there."""
    xp = property(lambda self: SimpleNamespace(**{op.name: kernel for op, kernel in self.items()}))
NUMPY = Kernels({
    ADD: np.add, MULTIPLY: np.multiply, NEGATIVE: np.negative, TANH: np.tanh, SUM: lambda x, axis: np.sum(x, axis),
    RESHAPE: lambda x, shape: x.reshape(shape), BROADCAST_TO: lambda x, shape: np.broadcast_to(x, shape)})
assert NUMPY.xp.sum(np.eye(2), axis=(1,)).tolist() == [1, 1]

# 2. THE ONE CLASS AND THE ONE DOOR: tensor.py. (The product has faster doors beside it, for one and two operands.)
class Operators:  # for those who say what `call(op, *operands)` is
    __array_ufunc__ = None  # NumPy on the left of an operator leaves it to us
    __add__ = __radd__ = lambda self, other: self.call(ADD, self, other)
    __mul__ = __rmul__ = lambda self, other: self.call(MULTIPLY, self, other)
    __neg__, __rsub__ = lambda self: self.call(NEGATIVE, self), lambda self, other: -self + other
class Tensor(Operators):
    """Who computes (by), on what (data), and what made it (node) - or what a transform keeps beside it."""
    def __init__(self, data, by=NUMPY, node=None): self.data, self.by, self.node = data, by, node
    def call(self, op, *args): return apply(op, *args)
    shape = property(lambda self: self.data.shape if type(self.by) is Kernels else self.by.shape_of(self))
class Node:
    """One recorded operation: edges to what made its operands, and what its rules may read (the product: do read)."""
    def __init__(self, op, edges, args, out, params, by):
        self.op, self.edges, self.args, self.out, self.params, self.by = op, edges, args, out, params, by
        self.shape, self.seq = out.shape, ticket()
class Leaf:
    """The end of an edge: a value whose gradient is asked for."""
    def __init__(self, shape): self.shape, self.edges, self.grad = shape, (), None
ticket = itertools.count().__next__  # one clock: a node is newer than all that it was made from
def asarray(x): return x if type(x) is Tensor else Tensor(np.asarray(x, float))

def apply(op, *args, **params):
    args = tuple(map(asarray, args))
    if traces := [a.by for a in args if type(a.by) is not Kernels]:
        return max(traces, key=attrgetter("level")).process(op, args, params)
    by = next((a.by for a in args if a.by is not NUMPY), NUMPY)  # in part 6 constants go with a symbol
    raw, edges = tuple(a.data for a in args), tuple(a.node for a in args)
    return record(op, edges, raw, by[op](*raw, **params), params, by)
def record(op, edges, args, out, params, by):  # a node only where a gradient will be asked for
    return Tensor(out, by, Node(op, edges, args, out, params, by) if any(edges) else None)
RECORDING = SimpleNamespace(**{op.name: partial(apply, op) for op in NUMPY})
tanh = RECORDING.tanh  # namespace/ is these, and settles arguments, so that rules see axes in one form: a tuple
def sum(x, axis=None): return apply(SUM, x, axis=tuple(range(len(x.shape))) if axis is None else axis)

def loss(w, x):  # the example of this page
    y = tanh(sum(x * w, axis=(1,))) + 0.5
    return sum(y * y)
x0, w0, t0 = (np.random.default_rng(seed).normal(size=size) for seed, size in enumerate([(4, 3), 3, 3]))
x, w, t = map(asarray, (x0, w0, t0))
assert np.allclose(loss(w, x).data, np.sum((np.tanh(x0 @ w0) + 0.5) ** 2))

# 3. RULES: rules/. One fact gives reverse and forward mode. A rule names what it reads: y (the result), operands and
# parameters by their names, xp, edge (of the operand's shape), ct: the cotangent - or the tangent, where it goes the
# same way. It is written in array operations, so what it computes can be recorded, batched, compiled: higher orders.
def pull_of(op, rule):
    names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    def pull(xp, ct, y, args, params, edge):
        known = {"xp": xp, "ct": ct, "y": y, "edge": edge, **dict(zip(op.operands, args)), **params}
        value = rule(*[known[n] for n in names])
        return value if "ct" in names else ct * value
    return pull
def elementwise(op, *partials):
    """partials[i] is d result / d operand i; or, naming ct, the product with it."""
    def push(y, args, tangents, params):  # each tangent in the result's shape, then their sum
        terms = [pull(RECORDING, t, y, args, params, y) for pull, t in zip(op.pulls, tangents) if t is not None]
        return reduce(RECORDING.add, [apply(BROADCAST_TO, t, shape=y.shape) for t in terms])
    def batch(args, mine, params):  # the batch goes before all logical leading axes
        rank = max(len(a.shape) - m for a, m in zip(args, mine))
        return apply(op, *[aligned(a, rank) if m else a for a, m in zip(args, mine)])
    op.pulls, op.push, op.batch = [pull_of(op, rule) for rule in partials], push, batch
def linear(op, adjoint, batch):
    """The tangent is the operation itself; `adjoint` takes the cotangent back."""
    op.pulls, op.push = [pull_of(op, adjoint)], lambda y, args, tangents, params: apply(op, *tangents, **params)
    op.batch = lambda args, mine, params: batch(*args, **params)
def reshaped(x, shape, op=RESHAPE): return apply(op, x, shape=x.shape[:1] + shape)  # the first axis is the batch
def aligned(x, rank): return reshaped(x, (1,) * (rank + 1 - len(x.shape)) + x.shape[1:])
def spread(xp, ct, edge, axis):  # a sum's cotangent goes to every term
    kept = tuple(1 if i in axis else n for i, n in enumerate(edge.shape))
    return xp.broadcast_to(xp.reshape(ct, shape=kept), shape=edge.shape)
elementwise(ADD, lambda ct: ct, lambda ct: ct)
elementwise(MULTIPLY, lambda b: b, lambda a: a)
elementwise(NEGATIVE, lambda ct: -ct)
elementwise(TANH, lambda y: 1 - y * y)
linear(SUM, spread, batch=lambda x, axis: apply(SUM, x, axis=tuple(a + 1 for a in axis)))
linear(RESHAPE, lambda xp, ct, edge: xp.reshape(ct, shape=edge.shape), batch=reshaped)
linear(BROADCAST_TO, lambda ct: ct, batch=lambda x, shape: reshaped(aligned(x, len(shape)), shape, BROADCAST_TO))
assert all(op.pulls and op.push and op.batch for op in NUMPY)  # no slot is empty

# 4. REVERSE MODE: walk.py, autograd.py. The same rules see raw kernels at level 0, and recorded calls above it.
def walk(root, seed):
    """{leaf: cotangent}, newest node first, without recursion. Broadcasting is undone in one place."""
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
def unbroadcast(xp, g, shape):
    extra = len(g.shape) - len(shape)
    spent = tuple(i for i, n in enumerate(g.shape) if i < extra or shape[i - extra] < n)
    return xp.reshape(xp.sum(g, axis=spent), shape=shape) if spent else g
def requires_grad(x): return Tensor(x.data, x.by, Leaf(x.shape))
def backward(y):  # sums into the leaves, as in torch
    for leaf, g in walk(y.node, np.ones(y.shape)).items():
        leaf.grad = Tensor(g, y.by) if leaf.grad is None else leaf.grad + Tensor(g, y.by)
def slope(f, h=1e-6): return (f(asarray(w0 + h * t0)).data - f(asarray(w0 - h * t0)).data) / (2 * h)  # the judge
v = requires_grad(w)
backward(loss(v, x))
assert np.allclose(v.node.grad.data @ t0, slope(lambda w: loss(w, x)))
print("backward, along t:", v.node.grad.data @ t0)

# 5. TRANSFORMS: traces.py, transforms.py. A trace does its part of an operation and calls `apply` below: so they nest.
class Trace:
    """One run of one transform. Its level is never used twice: a number says who is inner."""
    xp, live, next_level = RECORDING, True, itertools.count(1).__next__
    def __init__(self): self.level = self.next_level()
    def shape_of(self, x): return x.data.shape
    def split(self, args):
        """The operands without this trace, and what it keeps beside each."""
        if not self.live: raise RuntimeError("a value of a finished transform is used")
        return tuple(a.data if a.by is self else a for a in args), tuple(a.node if a.by is self else None for a in args)
    def run(self, f, *args):
        """f's result (or a constant), and what this trace keeps beside it: an exit unwraps its own values only."""
        try: y = f(*args)
        finally: self.live = False
        return (y.data, y.node) if y.by is self else (y, None)
class Dual(Trace):
    """Forward mode: node is the tangent."""
    def process(self, op, args, params):
        primals, tangents = self.split(args)
        return Tensor(y := apply(op, *primals, **params), self, op.push(y, primals, tangents, params))
class Taped(Trace):
    """Reverse mode above another transform: level 0's nodes and walk, over Tensors."""
    def process(self, op, args, params):
        primals, edges = self.split(args)
        return record(op, edges, primals, apply(op, *primals, **params), params, self)
class Batched(Trace):
    """vmap: data has one more leading axis than the shape shows; node only says that it is so."""
    def shape_of(self, x): return x.data.shape[1:]
    def process(self, op, args, params):
        xs, mine = self.split(args)
        return Tensor(op.batch(xs, [m is True for m in mine], params), self, True)

def jvp(f, x, t):
    y, tangent = (trace := Dual()).run(f, Tensor(x, trace, t))
    return y, tangent or asarray(np.zeros(y.shape))
def grad(f):
    def gradient(x, *others):
        y, root = (trace := Taped()).run(f, Tensor(x, trace, leaf := Leaf(x.shape)), *others)
        return (walk(root, asarray(np.ones(y.shape))) if root else {}).get(leaf, asarray(np.zeros(x.shape)))
    return gradient
def vmap(f, in_axes):
    def over_batch(*xs):
        trace = Batched()
        y, mine = trace.run(f, *[x if axis is None else Tensor(x, trace, True) for x, axis in zip(xs, in_axes)])
        return y if mine else apply(BROADCAST_TO, y, shape=xs[in_axes.index(0)].shape[:1] + y.shape)
    return over_batch

def g(w): return grad(loss)(w, x)
assert np.allclose(jvp(lambda w: loss(w, x), w, t)[1].data, slope(lambda w: loss(w, x)))
assert np.allclose(jvp(g, w, t)[1].data, slope(g))  # forward over reverse
assert np.allclose(grad(lambda w: sum(g(w) * t))(w).data, slope(g))  # reverse over reverse
per_sample = vmap(lambda w, row: grad(loss)(w, apply(RESHAPE, row, shape=(1, 3))), in_axes=(None, 0))
assert np.allclose(per_sample(w, x).data, [grad(loss)(w, asarray(x0[i : i + 1])).data for i in range(4)])

# 6. COMPILE: compiler/. A backend below level 0, whose raw arrays are symbols. Nothing above knows of it.
class Symbol(Operators):
    """A raw array without values. Operations on it append equations to its program."""
    def __init__(self, name, shape, program): self.name, self.shape, self.program = name, shape, program
    def call(self, op, *args): return TRACING[op](*args)
def equation(op):
    def run(*args, **params):
        program = next((a.program for a in args if type(a) is Symbol), None)
        if program is None: return NUMPY[op](*args, **params)  # constants meet constants
        out = NUMPY[op](*[np.broadcast_to(1.0, np.shape(a)) for a in args], **params)  # stand-ins tell the shape
        program.append((symbol := Symbol(f"v{len(program)}", out.shape, program), op, args, params))
        return symbol
    return run
TRACING = Kernels({op: equation(op) for op in NUMPY})
def compile(f):
    programs = {}  # by shapes, never by values
    def compiled(*xs):
        if (key := tuple(x.shape for x in xs)) not in programs:
            program = []
            inputs = [Symbol(f"x{i}", shape, program) for i, shape in enumerate(key)]
            programs[key] = lower(program, inputs, f(*[Tensor(symbol, TRACING) for symbol in inputs]).data)
        run, compiled.source = programs[key]
        return Tensor(run(*[x.data for x in xs]))
    return compiled
def lower(program, inputs, result):
    """The program as Python source, without what nobody reads. (The product's merges equations and reuses buffers.)"""
    alive, lines, scope = {result}, [], {op.name: kernel for op, kernel in NUMPY.items()}
    for symbol, op, args, params in program[::-1]:
        if symbol in alive:
            alive |= {a for a in args if type(a) is Symbol}
            names = [a.name if type(a) is Symbol else f"c{len(lines)}_{i}" for i, a in enumerate(args)]
            scope |= {name: a for name, a in zip(names, args) if type(a) is not Symbol}
            lines.append(f"    {symbol.name} = {op.name}({', '.join(names + [f'{k}={v}' for k, v in params.items()])})")
    source = "\n".join([f"def run({', '.join(x.name for x in inputs)}):", *lines[::-1], f"    return {result.name}"])
    exec(source, scope)
    return scope["run"], source

def step(w, x):  # torch's way of writing compiles as it is
    backward(loss(v := requires_grad(w), x))
    return w + -0.1 * v.node.grad
fast = compile(grad(loss))
assert np.allclose(fast(w, x).data, g(w).data)
assert np.allclose(compile(step)(w, x).data, w0 - 0.1 * g(w).data)
assert np.allclose(compile(per_sample)(w, x).data, per_sample(w, x).data)
print(f"compile(grad(loss)):\n{fast.source}")

# 7. WHAT THE PRODUCT ADDS: leaves inside transforms, no_grad, modes (tensor.py); x[i] = v (views.py); dtypes, complex
# numbers; saving only what a rule names (rules/families.py); any library (backends/); reused buffers (compiler/).
