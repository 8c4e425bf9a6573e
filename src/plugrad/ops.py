"""The primitives: every array operation is a call of one of these.

An `Op` is a name, its operands (arrays, positional) and its parameters (metadata, by keyword), and slots that the rule
families fill: how cotangents go back (`pulls`), how tangents go forward (`push`), how axes move under vmap (`batch`),
and what a node has to save (`keep`, `result_readers`). Kernels are not here: a backend's table maps Op to function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from .errors import ValidationError

Promotion = Literal["any", "shared", "arrays", "floating", "branches", "into"]


class Op:
    """A primitive.

    Attributes
    ----------
    name : str
        Unique; the standard's name where there is one.
    operands : tuple of str
        Names of the array operands. ``("*arrays",)`` takes any number.
    params : tuple of str
        Names of the keyword parameters; `apply` is given all of them.
    promotion : {"any", "shared", "arrays", "floating", "branches", "into"}
        Operands as they are; in one dtype; the same, with Python scalars made arrays; in one floating dtype; in one
        dtype but for the first (a condition); or in the dtype of the first (a write).
    """

    __slots__ = (
        "batch",
        "complex_pulls",
        "keep",
        "name",
        "operands",
        "params",
        "promotion",
        "pulls",
        "push",
        "result_readers",
        "rule",
        "saves",
    )

    rule: Callable[[], Any]  # compiles (pulls, complex_pulls)
    pulls: Any  # (xp, ct, y, args, params, edge) -> cotangent, one an operand
    complex_pulls: Any  # the same for complex results
    push: Callable[..., Any] | None  # None: the results are discrete, no derivative is defined
    batch: Callable[..., Any]
    keep: Callable[[tuple[Any, ...], Any], Any]
    saves: str  # "" (no operand), "crosswise" (each edge reads the other operand) or "some" (ask `keep`)
    result_readers: tuple[int, ...]  # the operands whose pull reads the result

    def __init__(self, name: str, operands: tuple[str, ...], params: tuple[str, ...], promotion: Promotion) -> None:
        self.name, self.operands, self.params, self.promotion = name, operands, params, promotion

    def __getattr__(self, name: str) -> Any:
        """Pulls are compiled when first asked for: all at import would cost a tenth of NumPy's."""
        if name not in ("pulls", "complex_pulls"):
            raise AttributeError(f"the primitive {self.name} has no {name}: no rule family was given for it")
        self.pulls, self.complex_pulls = self.rule()
        return getattr(self, name)

    def __repr__(self) -> str:
        return (
            f"<primitive {self.name}({', '.join(self.operands)}{'; ' if self.params else ''}{', '.join(self.params)})>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (TABLE.__getitem__, (self.name,))


TABLE: dict[str, Op] = {}


class Extension(NamedTuple):
    """What came with a primitive that somebody else registered, beside its rule."""

    default: Callable[..., Any] | None  # the kernel over a standard namespace: (xp, *operands, **parameters)
    samples: Callable[..., Any] | None  # operands to try it on: (rng) -> name -> operands, parameters last


EXTENSIONS: dict[Op, Extension] = {}


def primitive(signature: str, promotion: Promotion = "shared") -> Op:
    """Add an operation to the table.

    Parameters
    ----------
    signature : str
        ``"name(operand, ...; parameter, ...)"``.
    promotion : {"any", "shared", "arrays", "floating", "branches", "into"}
        What happens to the operands' dtypes; see `Op`.

    Raises
    ------
    ValidationError
        If the signature cannot be read or the name is taken.
    """
    return enter(parsed(signature, promotion))


def parsed(signature: str, promotion: Promotion) -> Op:
    """An operation that stands in no table yet."""
    name, _, rest = signature.partition("(")
    inside, closed, behind = rest.partition(")")
    first, _, second = inside.partition(";")
    operands, params = [tuple([n.strip() for n in part.split(",") if n.strip()]) for part in (first, second)]
    named = name.isidentifier() and all([n.removeprefix("*").isidentifier() for n in (*operands, *params)])
    if not closed or behind or not named:
        raise ValidationError(f"{signature!r} is no signature; write 'name(operand, ...; parameter, ...)'")
    return Op(name, operands, params, promotion)


def enter(op: Op) -> Op:
    """Put an operation into the table."""
    if op.name in TABLE:
        raise ValidationError(f"a primitive named {op.name} is registered already; choose another name")
    TABLE[op.name] = op
    return op


class Geometry(NamedTuple):
    """How a convolution lies: an entry for each of the last axes, and the number of groups of channels."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]  # zeros before and behind
    dilation: tuple[int, ...]
    groups: int


# Elementwise, one operand
ABS = primitive("abs(x)", "any")
ACOS = primitive("acos(x)", "floating")
ACOSH = primitive("acosh(x)", "floating")
ANGLE = primitive("angle(x)", "floating")
ASIN = primitive("asin(x)", "floating")
ASINH = primitive("asinh(x)", "floating")
ATAN = primitive("atan(x)", "floating")
ATANH = primitive("atanh(x)", "floating")
BITWISE_INVERT = primitive("bitwise_invert(x)", "any")
CEIL = primitive("ceil(x)", "any")
CONJ = primitive("conj(x)", "any")
COS = primitive("cos(x)", "floating")
COSH = primitive("cosh(x)", "floating")
ERF = primitive("erf(x)", "floating")
EXP = primitive("exp(x)", "floating")
EXPM1 = primitive("expm1(x)", "floating")
FLOOR = primitive("floor(x)", "any")
IMAG = primitive("imag(x)", "any")
ISFINITE = primitive("isfinite(x)", "any")
ISINF = primitive("isinf(x)", "any")
ISNAN = primitive("isnan(x)", "any")
LOG = primitive("log(x)", "floating")
LOG10 = primitive("log10(x)", "floating")
LOG1P = primitive("log1p(x)", "floating")
LOG2 = primitive("log2(x)", "floating")
LOGICAL_NOT = primitive("logical_not(x)", "any")
NEGATIVE = primitive("negative(x)", "any")
POW_SCALAR = primitive("pow_scalar(x; exponent)", "any")
REAL = primitive("real(x)", "any")
RECIPROCAL = primitive("reciprocal(x)", "floating")
RELU = primitive("relu(x)", "any")
ROUND = primitive("round(x)", "any")
SIGMOID = primitive("sigmoid(x)", "floating")
SIGN = primitive("sign(x)", "any")
SIGNBIT = primitive("signbit(x)", "any")
SIN = primitive("sin(x)", "floating")
SINH = primitive("sinh(x)", "floating")
SQRT = primitive("sqrt(x)", "floating")
SQUARE = primitive("square(x)", "any")
TAN = primitive("tan(x)", "floating")
TANH = primitive("tanh(x)", "floating")
TRUNC = primitive("trunc(x)", "any")

# Elementwise, several operands
ADD = primitive("add(a, b)")
ATAN2 = primitive("atan2(a, b)", "floating")
BCE_WITH_LOGITS = primitive("bce_with_logits(x, target)", "floating")
BINARY_CROSS_ENTROPY = primitive("binary_cross_entropy(x, target)", "floating")
BITWISE_AND = primitive("bitwise_and(a, b)")
BITWISE_LEFT_SHIFT = primitive("bitwise_left_shift(a, b)")
BITWISE_OR = primitive("bitwise_or(a, b)")
BITWISE_RIGHT_SHIFT = primitive("bitwise_right_shift(a, b)")
BITWISE_XOR = primitive("bitwise_xor(a, b)")
CLIP = primitive("clip(x, low, high)")
COPYSIGN = primitive("copysign(a, b)", "floating")
DIVIDE = primitive("divide(a, b)", "floating")
EQUAL = primitive("equal(a, b)")
FLOOR_DIVIDE = primitive("floor_divide(a, b)")
GREATER = primitive("greater(a, b)")
GREATER_EQUAL = primitive("greater_equal(a, b)")
HYPOT = primitive("hypot(a, b)", "floating")
LESS = primitive("less(a, b)")
LESS_EQUAL = primitive("less_equal(a, b)")
LOGADDEXP = primitive("logaddexp(a, b)", "floating")
LOGICAL_AND = primitive("logical_and(a, b)")
LOGICAL_OR = primitive("logical_or(a, b)")
LOGICAL_XOR = primitive("logical_xor(a, b)")
MAXIMUM = primitive("maximum(a, b)")
MINIMUM = primitive("minimum(a, b)")
MULTIPLY = primitive("multiply(a, b)")
NEXTAFTER = primitive("nextafter(a, b)", "floating")
NOT_EQUAL = primitive("not_equal(a, b)")
POW = primitive("pow(a, b)", "arrays")  # its rule calls functions of both operands
REMAINDER = primitive("remainder(a, b)")
SUBTRACT = primitive("subtract(a, b)")
WHERE = primitive("where(condition, a, b)", "branches")

# Reductions: axis is None, an axis or a tuple of axes, none of them negative
ALL = primitive("all(x; axis, keepdims)", "any")
ANY = primitive("any(x; axis, keepdims)", "any")
ARGMAX = primitive("argmax(x; axis, keepdims)", "any")  # axis: None or one axis
ARGMIN = primitive("argmin(x; axis, keepdims)", "any")
COUNT_NONZERO = primitive("count_nonzero(x; axis, keepdims)", "any")
LOGSUMEXP = primitive("logsumexp(x; axis, keepdims)", "floating")
MAX = primitive("max(x; axis, keepdims)", "any")
MEAN = primitive("mean(x; axis, keepdims)", "floating")
MIN = primitive("min(x; axis, keepdims)", "any")
PROD = primitive("prod(x; axis, keepdims)", "any")
STD = primitive("std(x; axis, correction, keepdims)", "floating")
SUM = primitive("sum(x; axis, keepdims)", "any")
VAR = primitive("var(x; axis, correction, keepdims)", "floating")

# Along axes, shape kept: axis is one axis (softmax) or a tuple (normalize), none negative
LOG_SOFTMAX = primitive("log_softmax(x; axis)", "floating")
NORMALIZE = primitive("normalize(x; axis, eps)", "floating")  # (x - mean) / sqrt(var + eps)
SOFTMAX = primitive("softmax(x; axis)", "floating")

# Products. einsum: each letter once in an operand, and again in the other one or in the result
EINSUM = primitive("einsum(a, b; subscripts)")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # without the module string, which costs 1 ms

# Linear algebra: operands at least 2-D
MATMUL = primitive("matmul(a, b)")
MATRIX_TRANSPOSE = primitive("matrix_transpose(x)", "any")

# Linear algebra, decompositions: of stacks of matrices; several results but for CHOLESKY and the lone values
CHOLESKY = primitive("cholesky(x)", "floating")  # lower, from the lower triangle
DET = primitive("det(x)", "floating")
EIG = primitive("eig(x)", "floating")  # complex, also of real matrices
EIGH = primitive("eigh(x)", "floating")  # from the lower triangle
EIGVALSH = primitive("eigvalsh(x)", "floating")
INV = primitive("inv(x)", "floating")
PINV = primitive("pinv(x, rtol)", "any")  # rtol: real, (..., 1, 1)
QR = primitive("qr(x; mode)", "floating")  # "reduced" or "complete"; no fewer rows than columns
SLOGDET = primitive("slogdet(x)", "floating")
SOLVE = primitive("solve(a, b)", "floating")
SVD = primitive("svd(x; full_matrices)", "floating")
SVDVALS = primitive("svdvals(x)", "floating")
VECTOR_NORM = primitive("vector_norm(x; axis, ord, keepdims)", "floating")  # a reduction; ord: finite

# Manipulation: axes are not negative, shapes are whole
ASTYPE = primitive("astype(x; dtype)", "any")  # dtype: a plugrad DType; complex to real takes the real part
BROADCAST_TO = primitive("broadcast_to(x; shape)", "any")
CONCAT = primitive("concat(*arrays; axis, sizes)")  # sizes: the operands' lengths along axis
FLIP = primitive("flip(x; axis)", "any")  # a tuple
PERMUTE_DIMS = primitive("permute_dims(x; axes)", "any")
RESHAPE = primitive("reshape(x; shape)", "any")
ROLL = primitive("roll(x; shift, axis)", "any")  # two tuples
TRIL = primitive("tril(x; k)", "any")
TRIU = primitive("triu(x; k)", "any")
UNSTACK = primitive("unstack(x; axis)", "any")  # several results

# Indexing
ADD_ALONG_AXIS = primitive("add_along_axis(x, value, indices; axis)", "into")  # x + value at what take_along_axis takes
GATHER = primitive("gather(x, indices)", "any")  # x[indices] along axis 0: indices.shape + x.shape[1:]
GETITEM = primitive("getitem(x; index)", "any")  # basic: integers, slices, None, ...
PUT = primitive("put(x, value; index)", "into")  # a copy of x with x[index] = value, basic index
SCATTER = primitive("scatter(x, value, indices)", "into")  # a copy of x with x[indices] = value along axis 0
SCATTER_ADD = primitive("scatter_add(x, value, indices)", "into")  # the same, adding; repeated indices accumulate
TAKE_ALONG_AXIS = primitive("take_along_axis(x, indices; axis)", "any")  # one shape but for axis

# Windows and convolution, over the last axes: (n, c, *size) with (o, c / groups, *kernel) gives (n, o, *out)
CONV = primitive("conv(x, w; geometry)", "floating")
CONV_INPUT = primitive("conv_input(g, w; size, geometry)", "floating")  # its adjoint in x
CONV_WEIGHT = primitive("conv_weight(x, g; kernel, geometry)", "floating")  # and in w
FOLD = primitive("fold(x; size, stride, dilation)", "any")  # the adjoint of windows: what overlaps is summed
WINDOWS = primitive("windows(x; kernel, stride, dilation)", "any")  # (..., *size) to (..., *out, *kernel)

# Sorting and searching, cumulative functions: axis is one axis, not negative
ARGSORT = primitive("argsort(x; axis, descending)", "any")  # stable
CUMULATIVE_PROD = primitive("cumulative_prod(x; axis)", "any")
CUMULATIVE_SUM = primitive("cumulative_sum(x; axis)", "any")
SEARCHSORTED = primitive("searchsorted(x1, x2; side)", "arrays")  # (..., n) and (..., m), for each row of the stack

# Special functions, of real numbers
BETAINC = primitive("betainc(a, b, x)", "floating")  # regularised, as all four
BETAINCC = primitive("betaincc(a, b, x)", "floating")
BETALN = primitive("betaln(a, b)", "floating")
DIGAMMA = primitive("digamma(x)", "floating")
ENTR = primitive("entr(x)", "floating")
ERFC = primitive("erfc(x)", "floating")
ERFCX = primitive("erfcx(x)", "floating")
ERFINV = primitive("erfinv(x)", "floating")
GAMMA = primitive("gamma(x)", "floating")
GAMMAINC = primitive("gammainc(a, x)", "floating")
GAMMAINCC = primitive("gammaincc(a, x)", "floating")
GAMMALN = primitive("gammaln(x)", "floating")
IV = primitive("iv(x; n)", "floating")  # n: an integer, not negative, as below
IVE = primitive("ive(x; n)", "floating")
LOGIT = primitive("logit(x)", "floating")
LOG_NDTR = primitive("log_ndtr(x)", "floating")
NDTRI = primitive("ndtri(x)", "floating")
REL_ENTR = primitive("rel_entr(a, b)", "floating")
SPHERICAL_JN = primitive("spherical_jn(x; n)", "floating")
XLOG1PY = primitive("xlog1py(a, b)", "floating")
XLOGY = primitive("xlogy(a, b)", "floating")
ZETA = primitive("zeta(s, q)", "floating")

# Fourier transforms; norm is "backward", "ortho" or "forward"
FFT = primitive("fft(x; axes, inverse, norm)", "any")  # complex to complex; axes: a tuple
IRFFT = primitive("irfft(x; axis, size, norm)", "any")  # from size // 2 + 1 to size; imaginary parts of the ends drop
RFFT = primitive("rfft(x; axis, norm)", "any")

# Plumbing
DETACH = primitive("detach(x)", "any")  # the value, where a program has to note that histories and tangents end
GRAFT = primitive("graft(value, x; cut)", "any")  # the value, where a program has to note that it keeps x's history
PICK = primitive("pick(x; index)", "any")  # one of several results; never computed
TO_BACKEND = primitive("to_backend(x; table, device, source, source_device)", "any")
