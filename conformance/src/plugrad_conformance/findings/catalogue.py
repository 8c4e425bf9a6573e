"""The findings: what each says is executed, and written behind the line that asks for it.

A name that begins with a library's is what that library answers, and what is right is said where mathematics says it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FINDINGS", "KINDS", "Finding"]


class Finding(NamedTuple):
    """One cause, shown at one place."""

    title: str
    kind: str  # of KINDS
    code: str  # assignments: those to names of libraries are shown with what comes out
    why: str
    right: str = ""  # as answers are shown; empty where mathematics leaves a choice
    explains: tuple[str, ...] = ()  # what the sweep found, as SUBJECT/OP patterns


KINDS = {
    "modes": "Reverse mode against forward mode",
    "first": "A first derivative against its function",
    "second": "Second derivatives against each other",
    "zero": "Zero times infinity",
    "ties": "Ties, zeros and ends: libraries against each other",
    "complex": "Complex numbers",
    "digits": "Digits",
}

FINDINGS: tuple[Finding, ...] = (
    # ------------------------------------------------------------------------------------------------ reverse, forward
    Finding(
        "det of a singular matrix",
        "modes",
        """
a = np.array([[1.0, 2.0], [2.0, 4.0]])
x, ones = torch.tensor(a), torch.ones(2, 2).double()
torch_reverse = torch.func.grad(torch.linalg.det)(x).sum()
torch_forward = torch.func.jvp(torch.linalg.det, (x,), (ones,))[1]
jax_reverse = jax.grad(jnp.linalg.det)(a).sum()
jax_forward = jax.jvp(jnp.linalg.det, (a,), (np.ones((2, 2)),))[1]
plugrad_reverse = pg.sum(pg.grad(pg.linalg.det)(pg.asarray(a)))
plugrad_forward = pg.jvp(pg.linalg.det, (pg.asarray(a),), (pg.ones((2, 2)),))[1]
""",
        "Jacobi's formula: the derivative is the adjugate, which is not 0 at rank n - 1. HIPS/autograd raises, for it "
        "inverts the matrix.",
        "1",
        ("torch.func/det",),
    ),
    Finding(
        "det of a singular matrix, with and without a graph",
        "first",
        """
x = torch.tensor([[1.0, 2.0], [2.0, 4.0]]).double().requires_grad_()
torch_plain = torch.autograd.grad(torch.linalg.det(x), x)[0].sum()
torch_create_graph = torch.autograd.grad(torch.linalg.det(x), x, create_graph=True)[0].sum()
y = pg.asarray([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
plugrad_plain = pg.sum(pg.autograd.grad(pg.linalg.det(y), y)[0])
plugrad_create_graph = pg.sum(pg.autograd.grad(pg.linalg.det(y), y, create_graph=True)[0])
""",
        "The adjugate, whether a second derivative is wanted or not.",
        "1",
    ),
    Finding(
        "the tangent of a matrix that is taken for symmetric",
        "modes",
        """
def of_cholesky(a):
    return torch.linalg.cholesky(a).sum()

def of_eigh(a):
    return (torch.linalg.eigh(a)[1] ** 2)[0, 0]

x, v = torch.tensor([[4.0, 2.0], [2.0, 5.0]]).double(), torch.tensor([[0.0, 1.0], [0.0, 0.0]]).double()
torch_cholesky_reverse = (torch.func.grad(of_cholesky)(x) * v).sum()
torch_cholesky_forward = torch.func.jvp(of_cholesky, (x,), (v,))[1]
torch_eigh_reverse = (torch.func.grad(of_eigh)(x) * v).sum()
torch_eigh_forward = torch.func.jvp(of_eigh, (x,), (v,))[1]
f, p, t = lambda a: pg.sum(pg.linalg.cholesky(a)), pg.asarray(x.numpy()), pg.asarray(v.numpy())
plugrad_cholesky_reverse = pg.sum(pg.grad(f)(p) * t)
plugrad_cholesky_forward = pg.jvp(f, (p,), (t,))[1]
""",
        "Both read one triangle. Reverse mode takes the matrix for symmetric and shares the gradient out to both; "
        "forward mode puts the tangent into a formula for symmetric ones as it is, so the two are not each other's "
        "adjoint. In plugrad they are.",
    ),
    Finding(
        "atan2 at the origin",
        "modes",
        """
zero, one = torch.zeros(()).double(), torch.ones(()).double()
torch_reverse = torch.func.grad(torch.atan2)(zero, zero)
torch_forward = torch.func.jvp(lambda y: torch.atan2(y, zero), (zero,), (one,))[1]
jax_reverse = jax.grad(jnp.arctan2)(0.0, 0.0)
hips_reverse = autograd.grad(anp.arctan2)(0.0, 0.0)
plugrad_reverse = pg.grad(pg.atan2)(pg.zeros(()), pg.zeros(()))
plugrad_forward = pg.jvp(lambda y: pg.atan2(y, 0.0), (pg.zeros(()),), (pg.ones(()),))[1]
""",
        "There is no derivative. torch masks the 0 / 0 in one of its modes; plugrad answers as that one.",
        explains=("torch.func/atan2", "jax.vjp/atan2"),
    ),
    Finding(
        "fmax of equal numbers",
        "modes",
        """
one = torch.ones(()).double()
torch_reverse = torch.func.grad(torch.fmax, (0, 1))(one, one)
either = (lambda x: torch.fmax(x, one)), (lambda x: torch.fmax(one, x))
torch_forward = tuple(torch.func.jvp(f, (one,), (one,))[1] for f in either)
jax_reverse = jax.grad(jnp.fmax, (0, 1))(1.0, 1.0)
hips_reverse = autograd.grad(anp.fmax)(1.0, 1.0), autograd.grad(anp.fmax, 1)(1.0, 1.0)
plugrad_maximum = pg.grad(pg.maximum, (0, 1))(pg.ones(()), pg.ones(()))
""",
        "Any (a, 1 - a) with a between 0 and 1 is a subgradient; the two modes should have the same one. The "
        "standard has no fmax; plugrad's maximum halves.",
    ),
    Finding(
        "maximum with a NaN",
        "modes",
        """
nan, one = torch.tensor(float("nan")).double(), torch.ones(()).double()
torch_reverse = torch.func.grad(torch.maximum)(nan, one)
torch_forward = torch.func.jvp(lambda x: torch.maximum(x, one), (nan,), (one,))[1]
jax_reverse = jax.grad(jnp.maximum)(np.nan, 1.0)
hips_reverse = autograd.grad(anp.maximum)(np.nan, 1.0)
plugrad_reverse = pg.grad(pg.maximum)(pg.asarray(np.nan), pg.ones(()))
plugrad_forward = pg.jvp(lambda x: pg.maximum(x, 1.0), (pg.asarray(np.nan),), (pg.ones(()),))[1]
""",
        "The result is the NaN, so a derivative of 1 by it lets the next step see it; 0 hides where it came from.",
    ),
    Finding(
        "clamp between equal bounds, by the lower one",
        "modes",
        """
x, zero, one = -torch.ones(()).double(), torch.zeros(()).double(), torch.ones(()).double()
torch_reverse = torch.func.grad(lambda low: torch.clamp(x, low, zero))(zero)
torch_forward = torch.func.jvp(lambda low: torch.clamp(x, low, zero), (zero,), (one,))[1]
plugrad_reverse = pg.grad(lambda low: pg.clip(-1.0, low, 0.0))(pg.zeros(()))
plugrad_forward = pg.jvp(lambda low: pg.clip(-1.0, low, 0.0), (pg.zeros(()),), (pg.ones(()),))[1]
""",
        "Down from 0 the result follows the bound, up from 0 it does not: 0 and 1 are both one-sided derivatives. In"
        " torch's reverse mode all three gradients are 0.",
        explains=("torch.func/clip",),
    ),
    Finding(
        "reverse mode divides a product by its factors",
        "first",
        """
a = np.array([2.0, 0.0, 3.0])
torch_reverse = torch.func.grad(torch.prod)(torch.tensor(a))
jax_reverse = jax.grad(jnp.prod)(a)
hips_reverse = autograd.grad(anp.prod)(a)
plugrad_reverse = pg.grad(pg.prod)(pg.asarray(a))
""",
        "Each gets the product of the others.",
        "[0, 6, 0]",
        ("autograd/prod",),
    ),
    Finding(
        "var of one element",
        "modes",
        """
torch_reverse = torch.func.grad(torch.var)(torch.ones(1).double())[0]
torch_forward = torch.func.jvp(torch.var, (torch.ones(1).double(),), (torch.ones(1).double(),))[1]
jax_reverse = jax.grad(lambda x: jnp.var(x, correction=1))(np.ones(1))[0]
jax_forward = jax.jvp(lambda x: jnp.var(x, correction=1), (np.ones(1),), (np.ones(1),))[1]
hips_reverse = autograd.grad(lambda x: anp.var(x, ddof=1))(np.ones(1))[0]
plugrad_reverse = pg.grad(lambda x: pg.var(x, correction=1))(pg.ones(1))[0]
plugrad_forward = pg.jvp(lambda x: pg.var(x, correction=1), (pg.ones(1),), (pg.ones(1),))[1]
""",
        "0 / 0: there is no variance, and no derivative of it.",
        explains=("jax.vjp/var",),
    ),
    Finding(
        "hypot beside an infinity",
        "modes",
        """
torch_reverse = torch.func.grad(torch.hypot)(torch.ones(()).double(), torch.tensor(float("inf")).double())
jax_reverse = jax.grad(jnp.hypot)(1.0, np.inf)
jax_forward = jax.jvp(lambda x: jnp.hypot(x, np.inf), (1.0,), (1.0,))[1]
plugrad_reverse = pg.grad(pg.hypot)(pg.ones(()), pg.asarray(np.inf))
plugrad_forward = pg.jvp(lambda x: pg.hypot(x, np.inf), (pg.ones(()),), (pg.ones(()),))[1]
""",
        "The result does not change with the other one.",
        "0",
        ("jax.vjp/hypot",),
    ),
    # ------------------------------------------------------------------------------------------- first against function
    Finding(
        "where, of branches that broadcast",
        "first",
        """
here = np.ones((2, 3), bool)
hips_reverse = autograd.grad(lambda x: anp.sum(anp.where(here, x, 0.0)))(np.ones(3))
jax_reverse = jax.grad(lambda x: jnp.sum(jnp.where(here, x, 0.0)))(np.ones(3))
plugrad_reverse = pg.grad(lambda x: pg.sum(pg.where(pg.asarray(here), x, 0.0)))(pg.ones(3))
""",
        "A gradient has the shape of what it belongs to; what was broadcast is summed.",
        "[2, 2, 2]",
    ),
    Finding(
        'rfft, when `norm="backward"` is said',
        "first",
        """
a = np.array([1.0, 2.0, 4.0, 8.0])
hips_reverse = autograd.grad(lambda x: anp.sum(anp.real(anp.fft.rfft(x))))(a)
hips_norm_said = autograd.grad(lambda x: anp.sum(anp.real(anp.fft.rfft(x, norm="backward"))))(a)
jax_norm_said = jax.grad(lambda x: jnp.sum(jnp.fft.rfft(x, norm="backward").real))(a)
plugrad_norm_said = pg.grad(lambda x: pg.sum(pg.real(pg.fft.rfft(x, norm="backward"))))(pg.asarray(a))
""",
        "It is the default's other name.",
        "[3, 0, 1, 0]",
    ),
    Finding(
        "functions that silently have no derivative",
        "first",
        """
one, h = torch.ones(()).double(), 1e-6
j0, y0, airy = torch.special.spherical_bessel_j0, torch.special.bessel_y0, torch.special.airy_ai
torch_reverse = tuple(torch.func.grad(f)(one) for f in (j0, y0, airy))
torch_differences = tuple((f(one + h) - f(one - h)) / (2 * h) for f in (j0, y0, airy))
plugrad_j0 = pg.grad(lambda x: pg.special.spherical_jn(0, x))(pg.ones(()))
""",
        "All of torch's Bessel functions but i0, i0e, i1 and i1e, and Airy's, take no part in a graph. "
        "torch.autograd.grad raises, for the result requires no gradient; torch.func gives zeros, in both modes.",
    ),
    Finding(
        "i0 at 0, once and twice",
        "first",
        """
zero = torch.zeros(()).double()
torch_reverse = torch.func.grad(torch.special.i0)(zero), torch.func.grad(torch.func.grad(torch.special.i0))(zero)
jax_reverse = jax.grad(jax.scipy.special.i0)(0.0), jax.grad(jax.grad(jax.scipy.special.i0))(0.0)
plugrad_reverse = pg.grad(pg.special.i0)(pg.zeros(())), pg.grad(pg.grad(pg.special.i0))(pg.zeros(()))
""",
        "I0 is even and smooth. JAX has exp(|x|) i0e(x), and takes 1 for the slope of |x|.",
        "(0, 0.5)",
    ),
    Finding(
        "columns that `svd(full_matrices=True)` adds",
        "first",
        """
def added(a):
    return torch.linalg.svd(a)[0][0, 2] ** 2

x, v, h = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]).double(), torch.eye(3, 2).double(), 1e-6
torch_reverse = (torch.func.grad(added)(x) * v).sum()
torch_differences = (added(x + h * v) - added(x - h * v)) / (2 * h)
p, t = pg.asarray(x.numpy()), pg.asarray(v.numpy())
plugrad_reverse = pg.sum(pg.grad(lambda a: pg.linalg.svd(a)[0][0, 2] ** 2)(p) * t)
""",
        "They turn with the others. JAX raises NotImplementedError.",
        "-0.346939",
    ),
    Finding(
        "`x ** 0.0` at 0",
        "first",
        """
torch_reverse = torch.func.grad(lambda x: x**0.0)(torch.zeros(()).double())
jax_reverse = jax.grad(lambda x: x**0.0)(0.0)
jax_of_an_integer = jax.grad(lambda x: x**0)(0.0)
plugrad_reverse = pg.grad(lambda x: x**0.0)(pg.zeros(()))
""",
        "x ** 0 is 1 everywhere, also at 0, in all these libraries.",
        "0",
        ("jax.vjp/pow*",),
    ),
    Finding(
        "a complex sign does not stand still",
        "first",
        """
z, one, h = np.array(2 - 2j), np.array(1 + 0j), 1e-6
torch_forward = torch.func.jvp(torch.sgn, (torch.tensor(z),), (torch.tensor(one),))[1]
hips_forward = autograd.core.make_jvp(anp.sign, z)(one)[1]
hips_differences = (anp.sign(z + h) - anp.sign(z - h)) / (2 * h)
plugrad_forward = pg.jvp(pg.sign, (pg.asarray(z),), (pg.asarray(one),))[1]
""",
        "z / |z| turns with z; a real sign is constant.",
        "0.176777+0.176777j",
        ("autograd/sign",),
    ),
    Finding(
        "acosh on the left half plane",
        "first",
        """
z, one, h = np.array(-1 + 1j), np.array(1 + 0j), 1e-6
torch_forward = torch.func.jvp(torch.acosh, (torch.tensor(z),), (torch.tensor(one),))[1]
jax_forward = jax.jvp(jnp.acosh, (z,), (one,))[1]
hips_forward = autograd.core.make_jvp(anp.arccosh, z)(one)[1]
jax_differences = (jnp.acosh(z + h) - jnp.acosh(z - h)) / (2 * h)
hips_differences = (anp.arccosh(z + h) - anp.arccosh(z - h)) / (2 * h)
plugrad_forward = pg.jvp(pg.acosh, (pg.asarray(z),), (pg.asarray(one),))[1]
""",
        "1 / (sqrt(z - 1) sqrt(z + 1)); with one root, of z^2 - 1, its sign is wrong there (DLMF 4.38.10).",
        "-0.351578-0.568864j",
        ("autograd/acosh", "jax.vjp/acosh"),
    ),
    # ----------------------------------------------------------------------------------------------------- second order
    Finding(
        "reverse over forward of slogdet, det and solve",
        "second",
        """
def logdet(a):
    return torch.linalg.slogdet(a)[1]

def solve(a):
    return torch.linalg.solve(a, torch.tensor([1.0, 2.0]).double()).sum()

def reverse_reverse(f, x, v):
    return torch.func.grad(lambda a: (torch.func.grad(f)(a) * v).sum())(x)[0, 0]

def reverse_forward(f, x, v):
    return torch.func.grad(lambda a: torch.func.jvp(f, (a,), (v,))[1])(x)[0, 0]

x, v = torch.tensor([[2.0, 1.0], [1.0, 3.0]]).double(), torch.tensor([[1.0, 0.0], [0.0, 0.0]]).double()
torch_reverse_reverse = tuple(reverse_reverse(f, x, v) for f in (logdet, torch.linalg.det, solve))
torch_reverse_forward = tuple(reverse_forward(f, x, v) for f in (logdet, torch.linalg.det, solve))
p, t, b = pg.asarray(x.numpy()), pg.asarray(v.numpy()), pg.asarray([1.0, 2.0])
functions = (lambda a: pg.linalg.slogdet(a)[1], pg.linalg.det, lambda a: pg.sum(pg.linalg.solve(a, b)))
plugrad_reverse_forward = tuple(pg.grad(lambda a: pg.jvp(f, (a,), (t,))[1])(p)[0, 0] for f in functions)
""",
        "At a regular matrix, by d2 log det A = -tr(A^-1 dA A^-1 dA) and what follows. torch's tangents come from a "
        "saved LU decomposition, and reverse mode takes that for a constant: torch.func.jacrev(jacfwd(f)) is wrong, "
        "hessian, which is jacfwd(jacrev(f)), is right.",
        "(-0.36, 0, 0.096)",
        ("torch.func/slogdet", "torch.func/solve"),
    ),
    Finding(
        "sinc at 0",
        "second",
        """
def slope(x):
    return torch.func.grad(torch.sinc)(x)

zero, one = torch.zeros(()).double(), torch.ones(()).double()
torch_reverse_reverse = torch.func.grad(slope)(zero)
torch_forward_reverse = torch.func.jvp(slope, (zero,), (one,))[1]
jax_reverse_reverse = jax.grad(jax.grad(jnp.sinc))(0.0)
plugrad_reverse_reverse = pg.grad(pg.grad(pg.special.sinc))(pg.zeros(()))
plugrad_forward_reverse = pg.jvp(pg.grad(pg.special.sinc), (pg.zeros(()),), (pg.ones(()),))[1]
""",
        "-pi^2 / 3, from the power series. HIPS/autograd's first derivative is NaN already.",
        "-3.28987",
    ),
    Finding(
        "cumprod with a zero",
        "second",
        """
def total(x):
    return torch.cumprod(x, 0).sum()

x = torch.tensor([2.0, 0.0, 3.0]).double()
torch_reverse_reverse = torch.func.jacrev(torch.func.grad(total))(x)
torch_reverse_forward = torch.func.jacrev(torch.func.jacfwd(total))(x)
torch_forward_forward = torch.func.jacfwd(torch.func.jacfwd(total))(x)
jax_reverse_reverse = jax.jacrev(jax.grad(lambda x: jnp.cumprod(x).sum()))(x.numpy())
p = pg.asarray(x.numpy())
plugrad_hessian = pg.hessian(lambda x: pg.sum(pg.cumulative_prod(x)))(p)
""",
        "The sum is a + ab + abc, a polynomial: its second derivatives by a, b and by b, c are 1 + c and a.",
        "[[0, 4, 0], [4, 0, 2], [0, 2, 0]]",
    ),
    Finding(
        "`x ** 2.0` at 0, the exponent an array",
        "second",
        """
def power(x):
    return torch.pow(x, torch.tensor(2.0).double())

zero, one = torch.zeros(()).double(), torch.ones(()).double()
torch_reverse_reverse = torch.func.grad(torch.func.grad(power))(zero)
torch_reverse_forward = torch.func.grad(lambda x: torch.func.jvp(power, (x,), (one,))[1])(zero)
jax_reverse_reverse = jax.grad(jax.grad(jnp.power))(0.0, 2.0)
two = pg.asarray(2.0)
plugrad_reverse_reverse = pg.grad(pg.grad(lambda x: pg.pow(x, two)))(pg.zeros(()))
plugrad_reverse_forward = pg.grad(lambda x: pg.jvp(lambda x: pg.pow(x, two), (x,), (pg.ones(()),))[1])(pg.zeros(()))
""",
        "A parabola. torch's tangent has the exponent's part, 0 times a logarithm of 0, which it hides until it is "
        "differentiated.",
        "2",
        ("torch.func/pow",),
    ),
    Finding(
        "copysign at 0",
        "second",
        """
def size(x):
    return torch.copysign(x, torch.ones(()).double())

zero, one = torch.zeros(()).double(), torch.ones(()).double()
torch_reverse_reverse = torch.func.grad(torch.func.grad(size))(zero)
torch_forward_reverse = torch.func.jvp(torch.func.grad(size), (zero,), (one,))[1]
plugrad_reverse_reverse = pg.grad(pg.grad(lambda x: pg.copysign(x, 1.0)))(pg.zeros(()))
plugrad_forward_reverse = pg.jvp(pg.grad(lambda x: pg.copysign(x, 1.0)), (pg.zeros(()),), (pg.ones(()),))[1]
""",
        "Its slope is taken for 0 there, and is -1 and 1 around it: a second derivative that is 0 is as good as any "
        "number, and NaN is none.",
        explains=("torch.func/copysign",),
    ),
    Finding(
        "x / 0, twice by x",
        "second",
        """
def ratio(x):
    return x / torch.zeros(len(x)).double()

def twice(n):
    one = torch.ones(n).double()
    return torch.func.jvp(lambda x: torch.func.jvp(ratio, (x,), (one,))[1], (one,), (one,))[1]

torch_forward_forward_of_one = twice(1)[0]
torch_forward_forward_of_two = twice(2)[0]
def pg_slope(x):
    return pg.jvp(lambda x: x / pg.zeros(()), (x,), (pg.ones(()),))[1]

plugrad_reverse_reverse = pg.grad(pg.grad(lambda x: x / pg.zeros(())))(pg.ones(()))
plugrad_forward_forward = pg.jvp(pg_slope, (pg.ones(()),), (pg.ones(()),))[1]
""",
        "The slope 1 / 0 does not depend on x, nor on how many numbers there are.",
        "0",
        explains=("torch.func/divide",),
    ),
    Finding(
        "`binary_cross_entropy` where a probability is 0 or 1",
        "second",
        """
def loss(x):
    return torch.nn.functional.binary_cross_entropy(x, torch.tensor(0.5).double())

zero, one = torch.zeros(()).double(), torch.ones(()).double()
torch_reverse_reverse = torch.func.grad(torch.func.grad(loss))(zero)
torch_reverse_forward = torch.func.grad(lambda x: torch.func.jvp(loss, (x,), (one,))[1])(zero)
""",
        "The logarithm is held at -100 there; its derivatives are those of one that is held at 1e-12 instead. "
        "plugrad's derivatives are torch's first ones.",
        explains=("torch.func/binary_cross_entropy",),
    ),
    Finding(
        "the norm of a zero vector",
        "second",
        """
zeros = torch.zeros(2).double()
torch_reverse_reverse = torch.func.jacrev(torch.func.grad(torch.linalg.vector_norm))(zeros)[0, 0]
torch_forward_reverse = torch.func.jacfwd(torch.func.grad(torch.linalg.vector_norm))(zeros)[0, 0]
plugrad_reverse_reverse = pg.jacobian(pg.grad(pg.linalg.vector_norm), mode="reverse")(pg.zeros(2))[0, 0]
plugrad_forward_reverse = pg.jacobian(pg.grad(pg.linalg.vector_norm), mode="forward")(pg.zeros(2))[0, 0]
""",
        "The least subgradient is constant 0 there.",
        explains=("torch.func/vector_norm",),
    ),
    Finding(
        "std of a constant",
        "second",
        """
x = torch.full((2,), 2.0).double()
torch_forward_reverse = torch.func.jacfwd(torch.func.grad(torch.std))(x)[0, 0]
torch_reverse_forward = torch.func.jacrev(torch.func.jacfwd(torch.std))(x)[0, 0]
f = lambda x: pg.std(x, correction=1)
plugrad_forward_reverse = pg.jacobian(pg.grad(f), mode="forward")(pg.full(2, 2.0))[0, 0]
plugrad_reverse_forward = pg.jacobian(pg.jacobian(f, mode="forward"), mode="reverse")(pg.full(2, 2.0))[0, 0]
""",
        "As for the norm, 0 would be the least. plugrad's is that of its formula for the first, in which 1 stands "
        "for the 0 that it would divide by.",
        explains=("torch.func/std",),
    ),
    Finding(
        "at the end of a domain",
        "second",
        """
zero, one = torch.zeros(()).double(), torch.ones(()).double()
torch_reverse_reverse = torch.func.grad(torch.func.grad(torch.logit))(zero)
torch_forward_reverse = torch.func.jvp(torch.func.grad(torch.logit), (zero,), (one,))[1]
plugrad_reverse_reverse = pg.grad(pg.grad(pg.special.logit))(pg.zeros(()))
plugrad_forward_reverse = pg.jvp(pg.grad(pg.special.logit), (pg.zeros(()),), (pg.ones(()),))[1]
""",
        "By continuity -inf. plugrad's second derivatives have NaN there, too.",
        "-inf",
        ("*/logit", "*/asin", "*/atanh", "jax.vjp/beta*", "jax.vjp/erfinv", "jax.vjp/ndtri"),
    ),
    # ---------------------------------------------------------------------------------------------- zero times infinity
    Finding(
        "the branch that where does not take",
        "zero",
        """
def torch_f(x):
    return torch.where(x > 0, torch.sqrt(x), 0.0)

def jax_f(x):
    return jnp.where(x > 0, jnp.sqrt(x), 0.0)

def hips_f(x):
    return anp.where(x > 0, anp.sqrt(x), 0.0)

def pg_f(x):
    return pg.where(x > 0, pg.sqrt(x), 0.0)

torch_reverse = torch.func.grad(torch_f)(torch.zeros(()).double())
torch_forward = torch.func.jvp(torch_f, (torch.zeros(()).double(),), (torch.ones(()).double(),))[1]
jax_reverse = jax.grad(jax_f)(0.0)
jax_forward = jax.jvp(jax_f, (0.0,), (1.0,))[1]
hips_reverse = autograd.grad(hips_f)(np.zeros(1))[0]
hips_forward = autograd.make_jvp(hips_f)(np.zeros(1))(np.ones(1))[1][0]
plugrad_reverse = pg.grad(pg_f)(pg.zeros(()))
plugrad_forward = pg.jvp(pg_f, (pg.zeros(()),), (pg.ones(()),))[1]
""",
        "The cotangent of the branch not taken is 0, and the slope of sqrt infinite. Everybody has it; make the "
        "operand harmless first: where(x > 0, sqrt(where(x > 0, x, 1)), 0). What is composed of where has it, too: "
        "JAX's entr.",
        explains=("*/entr",),
    ),
    Finding(
        "a tangent of 0 beside one of 1",
        "zero",
        """
zero, one = torch.zeros(()).double(), torch.ones(()).double()
torch_alone = torch.func.jvp(lambda x: torch.pow(x, -one), (zero,), (one,))[1]
torch_with_a_zero = torch.func.jvp(torch.pow, (zero, -one), (one, zero))[1]
torch_reverse = torch.func.grad(torch.pow)(zero, -one)
x, one = pg.zeros(()), pg.ones(())
plugrad_alone = pg.jvp(lambda x: pg.pow(x, -one), (x,), (one,))[1]
plugrad_with_a_zero = pg.jvp(pg.pow, (x, -one), (one, x))[1]
plugrad_reverse = pg.grad(pg.pow)(x, -one)
xlogy = jax.scipy.special.xlogy
jax_held_reverse = jax.grad(lambda x: xlogy(x, 0.0))(1.0)
jax_held_forward = jax.jvp(lambda x: xlogy(x, 0.0), (1.0,), (1.0,))[1]
""",
        "The tangents of several operands are added up: 0 times an infinite slope is NaN. By this alone do torch's "
        "modes differ for pow and xlogy at a zero, and for whatever has an infinite slope by one of two operands; "
        "plugrad's as well. In JAX some functions are given zeros for operands that do not move at all: xlogy, zeta.",
        explains=("jax.vjp/xlogy", "jax.vjp/xlog1py", "jax.vjp/zeta", "jax.vjp/rel_entr"),
    ),
    # ------------------------------------------------------------------------------------------------ ties, zeros, ends
    Finding(
        "abs at 0",
        "ties",
        """
torch_reverse = torch.func.grad(torch.abs)(torch.zeros(()).double())
jax_reverse = jax.grad(jnp.abs)(0.0)
hips_reverse = autograd.grad(anp.abs)(0.0)
plugrad_reverse = pg.grad(pg.abs)(pg.zeros(()))
""",
        "All of [-1, 1]; plugrad takes the least, as torch.",
    ),
    Finding(
        "max(x, 0) at 0",
        "ties",
        """
torch_relu = torch.func.grad(torch.relu)(torch.zeros(()).double())
torch_maximum = torch.func.grad(lambda x: torch.maximum(x, torch.zeros(()).double()))(torch.zeros(()).double())
jax_relu = jax.grad(jax.nn.relu)(0.0)
jax_maximum = jax.grad(lambda x: jnp.maximum(x, 0.0))(0.0)
hips_maximum = autograd.grad(lambda x: anp.maximum(x, 0.0))(0.0)
plugrad_relu = pg.grad(pg.nn.relu)(pg.zeros(()))
plugrad_maximum = pg.grad(lambda x: pg.maximum(x, 0.0))(pg.zeros(()))
""",
        "One function by two names: a rule sees the function that it belongs to, not its use.",
    ),
    Finding(
        "clip at a bound that is a number",
        "ties",
        """
torch_reverse = torch.func.grad(lambda x: torch.clamp(x, -1.0, 1.0))(torch.ones(()).double())
jax_reverse = jax.grad(lambda x: jnp.clip(x, -1.0, 1.0))(1.0)
hips_reverse = autograd.grad(lambda x: anp.clip(x, -1.0, 1.0))(1.0)
plugrad_reverse = pg.grad(lambda x: pg.clip(x, -1.0, 1.0))(pg.ones(()))
""",
        "Three libraries, three subgradients. torch 2.14 has 0.",
    ),
    Finding(
        "the norm of a zero vector, first order",
        "ties",
        """
torch_reverse = torch.func.grad(torch.linalg.vector_norm)(torch.zeros(2).double())
jax_reverse = jax.grad(jnp.linalg.norm)(np.zeros(2))
hips_reverse = autograd.grad(anp.linalg.norm)(np.zeros(2))
plugrad_reverse = pg.grad(pg.linalg.vector_norm)(pg.zeros(2))
""",
        "Every vector of length 1 or less is a subgradient; NaN is none.",
        explains=("jax.vjp/vector_norm", "autograd/vector_norm"),
    ),
    Finding(
        "std of a constant, first order",
        "ties",
        """
torch_reverse = torch.func.grad(torch.std)(torch.full((2,), 2.0).double())
jax_reverse = jax.grad(jnp.std)(np.full(2, 2.0))
hips_reverse = autograd.grad(anp.std)(np.full(2, 2.0))
plugrad_reverse = pg.grad(lambda x: pg.std(x, correction=1))(pg.full(2, 2.0))
""",
        "A norm of what is left of the mean: the same.",
        explains=("jax.vjp/std", "autograd/std"),
    ),
    Finding(
        "hypot at the origin",
        "ties",
        """
zero = torch.zeros(()).double()
torch_reverse = torch.func.grad(torch.hypot)(zero, zero)
jax_reverse = jax.grad(jnp.hypot)(0.0, 0.0)
plugrad_reverse = pg.grad(pg.hypot)(pg.zeros(()), pg.zeros(()))
""",
        "The norm of two numbers, whose least subgradient is 0; torch, and plugrad with it, has NaN here and 0 for "
        "the norm.",
    ),
    Finding(
        "logaddexp of infinities",
        "ties",
        """
inf, zero = torch.tensor(float("inf")).double(), torch.zeros(()).double()
torch_reverse = torch.func.grad(torch.logaddexp)(inf, zero)
torch_both = torch.func.grad(torch.logaddexp)(inf, inf)
jax_reverse = jax.grad(jnp.logaddexp)(np.inf, 0.0)
jax_both = jax.grad(jnp.logaddexp)(np.inf, np.inf)
hips_reverse = autograd.grad(anp.logaddexp)(np.inf, 0.0)
plugrad_reverse = pg.grad(pg.logaddexp)(pg.asarray(np.inf), pg.zeros(()))
plugrad_both = pg.grad(pg.logaddexp)(pg.asarray(np.inf), pg.asarray(np.inf))
""",
        "By continuity 1 where only the first is infinite; for both there is no limit.",
        explains=("jax.vjp/logaddexp",),
    ),
    Finding(
        "xlogy(0, 0), by the first",
        "ties",
        """
zero = torch.zeros(()).double()
torch_reverse = torch.func.grad(torch.xlogy)(zero, zero)
jax_reverse = jax.grad(jax.scipy.special.xlogy)(0.0, 0.0)
plugrad_reverse = pg.grad(pg.special.xlogy)(pg.zeros(()), pg.zeros(()))
""",
        "x log y at y = 0 is 0 for x = 0, and -inf to the right of it: by the difference quotient -inf, as the value"
        " is defined 0.",
    ),
    Finding(
        "the gradient at -0.0",
        "ties",
        """
torch_sqrt = torch.func.grad(torch.sqrt)(-torch.zeros(()).double())
jax_sqrt = jax.grad(jnp.sqrt)(-0.0)
pull, _ = autograd.core.make_vjp(anp.sqrt, np.array([-0.0]))
hips_sqrt = pull(np.ones(1))[0]
plugrad_sqrt = pg.grad(pg.sqrt)(-pg.zeros(()))
torch_logit = torch.func.grad(torch.logit)(-torch.zeros(()).double())
plugrad_logit = pg.grad(pg.special.logit)(-pg.zeros(()))
""",
        "0.5 / sqrt(-0.0) is -inf, though sqrt nowhere falls; plugrad follows torch there, and not at logit, which "
        "has no left side either.",
    ),
    # ---------------------------------------------------------------------------------------------------------- complex
    Finding(
        "which of two conjugates the gradient is",
        "complex",
        """
torch_gradient = torch.func.grad(lambda z: (z * z.conj()).real)(torch.tensor(3 + 4j).to(torch.complex128))
jax_gradient = jax.grad(lambda z: (z * z.conj()).real)(np.array(3 + 4j))
hips_gradient = autograd.grad(lambda z: anp.real(z * anp.conj(z)))(3 + 4j)
plugrad_gradient = pg.grad(lambda z: pg.real(z * pg.conj(z)))(pg.asarray(3 + 4j))
""",
        "Descent goes along -(6+8j). In JAX and HIPS/autograd conjugate a gradient before a step; their cotangents are "
        "row vectors, which are not conjugated.",
    ),
    Finding(
        "angle of 0",
        "complex",
        """
torch_reverse = torch.func.grad(torch.angle)(torch.tensor(0j).to(torch.complex128))
jax_reverse = jax.grad(jnp.angle)(np.array(0j))
hips_reverse = autograd.grad(anp.angle)(0j)
""",
        "There is none; 0 lets a sum with others live.",
        explains=("jax.vjp/angle", "autograd/angle"),
    ),
    Finding(
        "a small imaginary part in a convolution",
        "complex",
        """
x, w = torch.tensor([[[1.0, 2.0, 4.0]]]).double(), torch.tensor([[[0.3, 0.7]]]).double()
torch_complex_step = torch.nn.functional.conv1d(x + 1e-20j * x, w + 0j).imag[0, 0] / 1e-20
torch_forward = torch.func.jvp(lambda x: torch.nn.functional.conv1d(x, w), (x,), (x,))[1][0, 0]
p, v = pg.asarray(x.numpy()), pg.asarray(w.numpy())
plugrad_complex_step = pg.imag(pg.nn.conv1d(p + 1e-20j * p, v + 0j))[0, 0] / 1e-20
""",
        "torch multiplies complex numbers by three real convolutions, whose difference is the imaginary part: it is "
        "as exact as the whole number, not as itself. A complex step through a convolution gives noise.",
        "[1.7, 3.4]",
    ),
    Finding(
        "atanh at its pole",
        "complex",
        """
z, one = np.array(1 + 0j), np.array(1 + 0j)
_, pull = jax.vjp(jnp.atanh, z)
jax_reverse = pull(one)[0]
jax_forward = jax.jvp(jnp.atanh, (z,), (one,))[1]
""",
        "A complex infinity has no one spelling.",
        explains=("jax.vjp/atanh",),
    ),
    Finding(
        "forward mode of a norm",
        "complex",
        """
z, t, h = np.array([1 + 2j, 3.0]), np.array([1.0 + 0j, 0.0]), 1e-6
torch_forward = torch.func.jvp(torch.linalg.vector_norm, (torch.tensor(z),), (torch.tensor(t),))[1]
jax_forward = jax.jvp(jnp.linalg.norm, (z,), (t,))[1]
hips_forward = autograd.core.make_jvp(anp.linalg.norm, z)(t)[1]
hips_differences = (anp.linalg.norm(z + h * t) - anp.linalg.norm(z - h * t)) / (2 * h)
plugrad_forward = pg.jvp(pg.linalg.vector_norm, (pg.asarray(z),), (pg.asarray(t),))[1]
""",
        "A real function has real tangents: Re(conj(z) t) / |z|.",
        "0.267261",
    ),
    # ----------------------------------------------------------------------------------------------------------- digits
    Finding(
        "the dtype of a gradient",
        "digits",
        """
a = np.array([1.0, 2.0], np.float32)
torch_dtype = str(torch.func.grad(torch.std)(torch.tensor(a)).dtype).removeprefix("torch.")
jax_dtype = str(jax.grad(jnp.std)(jnp.asarray(a)).dtype)
hips_dtype = str(autograd.grad(anp.std)(a).dtype)
plugrad_dtype = pg.grad(pg.std)(pg.asarray(a)).dtype.name
""",
        "That of what it belongs to. HIPS/autograd's grows to double precision by the way.",
        "float32",
    ),
    Finding(
        "hardsigmoid's slope is a float32",
        "digits",
        """
torch_error_in_eps = abs(torch.func.grad(torch.nn.functional.hardsigmoid)(torch.zeros(()).double()) - 1 / 6) / 2**-52
jax_error_in_eps = abs(jax.grad(jax.nn.hard_sigmoid)(0.0) - 1 / 6) / 2**-52
""",
        "1/6, in double precision as in single. torch's backward keeps it in one float32 for both.",
        "< 8",
    ),
    Finding(
        "the derivative of digamma",
        "digits",
        """
torch_error_in_eps = abs(torch.func.grad(torch.digamma)(torch.ones(()).double()) - math.pi**2 / 6) / 2**-52
jax_error_in_eps = abs(jax.grad(jax.scipy.special.digamma)(1.0) - math.pi**2 / 6) / 2**-52
plugrad_error_in_eps = pg.abs(pg.grad(pg.special.digamma)(pg.ones(())) - math.pi**2 / 6) / 2**-52
""",
        "trigamma(1) is pi^2 / 6. torch sums too few terms of an asymptotic series; second derivatives of lgamma "
        "have it, too.",
        "< 8",
    ),
    Finding(
        "the second derivative of `binary_cross_entropy`",
        "digits",
        """
x, half = torch.tensor(0.25).double(), torch.tensor(0.5).double()
loss = lambda x: torch.nn.functional.binary_cross_entropy(x, half)
torch_error_in_eps = abs(torch.func.grad(torch.func.grad(loss))(x) - (0.5 / 0.25**2 + 0.5 / 0.75**2)) / 2**-52
b = pg.asarray(0.5)
f = lambda x: pg.nn.binary_cross_entropy(x, b)
plugrad_error_in_eps = pg.abs(pg.grad(pg.grad(f))(pg.asarray(0.25)) - (0.5 / 0.25**2 + 0.5 / 0.75**2)) / 2**-52
""",
        "t / x^2 + (1 - t) / (1 - x)^2. torch adds 1e-12 to a denominator, wherever x is.",
        "< 8",
    ),
)
