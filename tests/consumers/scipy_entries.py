"""SciPy, whose functions ask their arrays for a namespace when SCIPY_ARRAY_API=1 is set before it is imported."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import (
    cluster,
    constants,
    differentiate,
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    special,
    stats,
)
from scipy.optimize import elementwise
from scipy.spatial.transform import RigidTransform, Rotation, Slerp

from .entries import S, entry, named, normal, positive

HOST = "computes in compiled code on NumPy's arrays"
P_VALUE = "computes the p-value on NumPy's arrays"
UNKNOWN = "calls its own function on NumPy's arrays where plugrad.special has none"
OVERWRITTEN = "squares NaN and puts another value in its place, whose gradient 0 times NaN is NaN, in torch as here"

# ---------------------------------------------------------------------------------------------------------------- stats

STATS = [
    entry("scipy.stats.zscore", lambda xp, x: stats.zscore(x, ddof=1), S.matrix),
    entry("scipy.stats.zmap", lambda xp, x, y: stats.zmap(x, y), S.vector, S.other),
    entry("scipy.stats.gzscore", lambda xp, x: stats.gzscore(x), S.positives),
    entry("scipy.stats.gmean", lambda xp, x: stats.gmean(x), S.positives),
    entry("scipy.stats.gmean weighted", lambda xp, x, w: stats.gmean(x, weights=w), S.positive, S.other_positive),
    entry("scipy.stats.hmean", lambda xp, x: stats.hmean(x, axis=1), S.positives),
    entry("scipy.stats.pmean", lambda xp, x: stats.pmean(x, 3), S.positives),
    entry("scipy.stats.quantile", lambda xp, x: stats.quantile(x, 0.3, keepdims=False), S.sample),
    entry("scipy.stats.quantile at several", lambda xp, x, q: stats.quantile(x, q), S.sample, [0.13, 0.34, 0.71]),
    entry("scipy.stats.quantile harrell-davis", lambda xp, x: stats.quantile(x, 0.3, method="harrell-davis"), S.vector),
    entry("scipy.stats.circmean", lambda xp, x: stats.circmean(x), S.positive),
    entry("scipy.stats.circvar", lambda xp, x: stats.circvar(x, axis=0), S.matrix),
    entry("scipy.stats.circstd", lambda xp, x: stats.circstd(x), S.matrix),
    entry("scipy.stats.directional_stats", lambda xp, x: (
        (d := stats.directional_stats(x)).mean_direction, d.mean_resultant_length), S.matrix),
    entry("scipy.stats.boxcox_llf", lambda xp, x: stats.boxcox_llf(0.3, x), S.positive),
    entry("scipy.stats.yeojohnson_llf", lambda xp, x: stats.yeojohnson_llf(0.3, x), S.vector),
    entry("scipy.stats.pearsonr", lambda xp, x, y: stats.pearsonr(x, y).statistic, S.vector, S.other),
    entry("scipy.stats.pearsonr p-value", lambda xp, x, y: stats.pearsonr(x, y).pvalue, S.vector, S.other),
    entry("scipy.stats.ttest_ind", lambda xp, x, y: stats.ttest_ind(x, y).statistic, S.vector, S.other),
    entry("scipy.stats.ttest_ind p-value", lambda xp, x, y: stats.ttest_ind(x, y).pvalue, S.vector, S.other),
    entry("scipy.stats.ttest_ind welch", lambda xp, x, y: stats.ttest_ind(x, y, equal_var=False).statistic,
          S.vector, S.sample),
    entry("scipy.stats.ttest_ind_from_stats", lambda xp, m, s, n, t: stats.ttest_ind_from_stats(
        m, s, 10, n, t, 12).statistic, 0.3, 1.2, 0.7, 0.9),
    entry("scipy.stats.ttest_1samp", lambda xp, x: stats.ttest_1samp(x, 0.1).statistic, S.matrix),
    entry("scipy.stats.ttest_1samp interval", lambda xp, x: tuple(stats.ttest_1samp(x, 0.1).confidence_interval()),
          S.vector),
    entry("scipy.stats.ttest_rel", lambda xp, x, y: stats.ttest_rel(x, y).statistic, S.vector, S.other),
    entry("scipy.stats.entropy", lambda xp, p: stats.entropy(p), S.positives),
    entry("scipy.stats.entropy relative", lambda xp, p, q: stats.entropy(p, q, base=2), S.unit, S.other_unit),
    entry("scipy.stats.skew", lambda xp, x: stats.skew(x), S.matrix),
    entry("scipy.stats.skew unbiased", lambda xp, x: stats.skew(x, bias=False), S.vector),
    entry("scipy.stats.kurtosis", lambda xp, x: stats.kurtosis(x), S.matrix),
    entry("scipy.stats.kurtosis unbiased", lambda xp, x: stats.kurtosis(x, fisher=False, bias=False), S.vector),
    entry("scipy.stats.moment", lambda xp, x: stats.moment(x, 3), S.matrix),
    entry("scipy.stats.moment about a center", lambda xp, x, c: stats.moment(x, 4, center=c), S.vector, 0.2),
    entry("scipy.stats.describe", lambda xp, x: (
        (d := stats.describe(x)).minmax, d.mean, d.variance, d.skewness, d.kurtosis), S.matrix),
    entry("scipy.stats.variation", lambda xp, x: stats.variation(x, ddof=1), S.positives),
    entry("scipy.stats.sem", lambda xp, x: stats.sem(x), S.matrix),
    entry("scipy.stats.tmean", lambda xp, x: stats.tmean(x, (-1, 1)), S.vector),
    entry("scipy.stats.tvar", lambda xp, x: stats.tvar(x, (-1, 1)), S.sample, broken=OVERWRITTEN),
    entry("scipy.stats.tstd", lambda xp, x: stats.tstd(x, (-1, None)), S.sample, broken=OVERWRITTEN),
    entry("scipy.stats.tsem", lambda xp, x: stats.tsem(x, (-1, 1)), S.sample, broken=OVERWRITTEN),
    entry("scipy.stats.tmin", lambda xp, x: stats.tmin(x, -0.5), S.vector),
    entry("scipy.stats.tmax", lambda xp, x: stats.tmax(x, 0.5), S.vector),
    entry("scipy.stats.trim_mean", lambda xp, x: stats.trim_mean(x, 0.2), S.sample),
    entry("scipy.stats.sigmaclip", lambda xp, x: stats.sigmaclip(x, 2.0, 2.0).clipped, S.sample),
    entry("scipy.stats.iqr", lambda xp, x: stats.iqr(x), S.vector),
    entry("scipy.stats.iqr of columns", lambda xp, x: stats.iqr(x, axis=0, rng=(10, 80)), S.matrix),
    entry("scipy.stats.median_abs_deviation", lambda xp, x: stats.median_abs_deviation(x), S.vector),
    entry("scipy.stats.gstd", lambda xp, x: stats.gstd(x), S.positives),
    entry("scipy.stats.differential_entropy vasicek", lambda xp, x: stats.differential_entropy(x, method="vasicek"),
          S.sample),
    entry("scipy.stats.differential_entropy van es", lambda xp, x: stats.differential_entropy(x, method="van es"),
          S.sample),
    entry("scipy.stats.differential_entropy ebrahimi", lambda xp, x: stats.differential_entropy(x, method="ebrahimi"),
          S.sample),
    entry("scipy.stats.differential_entropy correa", lambda xp, x: stats.differential_entropy(x, method="correa"),
          S.sample),
    entry("scipy.stats.bartlett", lambda xp, x, y: stats.bartlett(x, y).statistic, S.vector, S.other),
    entry("scipy.stats.bartlett p-value", lambda xp, x, y: stats.bartlett(x, y).pvalue, S.vector, S.sample),
    entry("scipy.stats.levene", lambda xp, x, y: stats.levene(x, y, center="mean").statistic, S.vector, S.other),
    entry("scipy.stats.f_oneway", lambda xp, x, y: stats.f_oneway(x, y).statistic, S.vector, S.other),
    entry("scipy.stats.f_oneway p-value", lambda xp, x, y: stats.f_oneway(x, y).pvalue, S.vector, S.other),
    entry("scipy.stats.alexandergovern", lambda xp, x, y: stats.alexandergovern(x, y).statistic, S.vector, S.other),
    entry("scipy.stats.chisquare", lambda xp, x: stats.chisquare(x).statistic, S.positive),
    entry("scipy.stats.chisquare p-value", lambda xp, x: stats.chisquare(x).pvalue, S.positive),
    entry("scipy.stats.power_divergence", lambda xp, x: stats.power_divergence(x, lambda_="log-likelihood").statistic,
          S.positives),
    entry("scipy.stats.kstat", lambda xp, x: (stats.kstat(x, 3), stats.kstat(x, 4)), S.vector),
    entry("scipy.stats.kstatvar", lambda xp, x: stats.kstatvar(x, 2), S.vector),
    entry("scipy.stats.lmoment", lambda xp, x: stats.lmoment(x), S.vector),
    entry("scipy.stats.jarque_bera", lambda xp, x: stats.jarque_bera(x).statistic, S.vector),
    entry("scipy.stats.skewtest", lambda xp, x: stats.skewtest(x).statistic, S.sample),
    entry("scipy.stats.skewtest p-value", lambda xp, x: stats.skewtest(x).pvalue, S.sample),
    entry("scipy.stats.kurtosistest", lambda xp, x: stats.kurtosistest(x).statistic, S.sample),
    entry("scipy.stats.normaltest", lambda xp, x: stats.normaltest(x).statistic, S.sample),
    entry("scipy.stats.combine_pvalues fisher", lambda xp, p: stats.combine_pvalues(p).statistic, S.unit),
    entry("scipy.stats.combine_pvalues stouffer", lambda xp, p, w: stats.combine_pvalues(
        p, method="stouffer", weights=w).statistic, S.unit, S.other_unit),
    entry("scipy.stats.false_discovery_control", lambda xp, p: stats.false_discovery_control(p), S.unit),
    entry("scipy.stats.cramervonmises", lambda xp, x: stats.cramervonmises(x, special.ndtr).statistic, S.vector,
          refused=P_VALUE),
    entry("scipy.stats.ks_1samp", lambda xp, x: stats.ks_1samp(x, special.ndtr).statistic, S.vector, refused=P_VALUE),
    entry("scipy.stats.epps_singleton_2samp", lambda xp, x, y: stats.epps_singleton_2samp(x, y).statistic,
          S.sample, S.other_sample),
    entry("scipy.stats.bootstrap", lambda xp, x: stats.bootstrap(
        (x,), lambda y, axis: xp.mean(y, axis=axis), n_resamples=50, rng=np.random.default_rng(0), method="percentile",
    ).standard_error, S.vector),
    entry("scipy.stats.permutation_test", lambda xp, x, y: stats.permutation_test(
        (x, y), lambda x, y, axis: xp.mean(x, axis=axis) - xp.mean(y, axis=axis), n_resamples=50,
        rng=np.random.default_rng(0), vectorized=True).statistic, S.vector, S.other),
    entry("scipy.stats.monte_carlo_test", lambda xp, x: stats.monte_carlo_test(
        x, lambda size: xp.asarray(np.random.default_rng(0).standard_normal(size)),
        lambda x, axis: xp.mean(x, axis=axis) / xp.std(x, axis=axis), n_resamples=50, vectorized=True).statistic,
        S.vector),
    entry("scipy.stats.rankdata", lambda xp, x: stats.rankdata(x), S.vector, smooth=False),
    entry("scipy.stats.mode", lambda xp, x: stats.mode(x).mode, [1.0, 3.0, 3.0, 2.0], smooth=False),
    entry("scipy.stats.kruskal", lambda xp, x, y: stats.kruskal(x, y).statistic, S.vector, S.other, smooth=False),
    entry("scipy.stats.mannwhitneyu", lambda xp, x, y: stats.mannwhitneyu(x, y).statistic, S.vector, S.other,
          smooth=False),
    entry("scipy.stats.friedmanchisquare", lambda xp, x, y, z: stats.friedmanchisquare(x, y, z).statistic,
          S.vector, S.other, S.positive, smooth=False),
    entry("scipy.stats.spearmanrho", lambda xp, x, y: stats.spearmanrho(x, y).statistic, S.vector, S.other,
          smooth=False),
    entry("scipy.stats.chatterjeexi", lambda xp, x, y: stats.chatterjeexi(x, y).statistic, S.vector, S.other,
          smooth=False),
    entry("scipy.stats.wilcoxon", lambda xp, x, y: stats.wilcoxon(x, y, method="asymptotic").statistic,
          S.vector, S.other, smooth=False),
]  # fmt: skip

# ------------------------------------------------------------------------------- integrate, optimize, differentiate

CALCULUS = [
    entry("scipy.integrate.trapezoid", lambda xp, y, x: integrate.trapezoid(y, x), S.vector, S.other),
    entry("scipy.integrate.cumulative_trapezoid", lambda xp, y: integrate.cumulative_trapezoid(y, initial=0), S.vector),
    entry("scipy.integrate.cumulative_simpson", lambda xp, y: integrate.cumulative_simpson(y, dx=0.5), S.vector),
    entry("scipy.integrate.romb", lambda xp, y: integrate.romb(y, dx=0.25), normal(9)),
    entry("scipy.integrate.simpson", lambda xp, y: integrate.simpson(y, dx=0.25), normal(9), refused=HOST),
    entry("scipy.integrate.cubature", lambda xp, a: integrate.cubature(
        lambda x: xp.exp(-a * x[:, 0] ** 2) * xp.cos(x[:, 1]), xp.asarray([0.0, 0.0]), xp.asarray([1.0, 1.0]),
    ).estimate, 0.7),
    entry("scipy.integrate.cubature limits", lambda xp, a, b: integrate.cubature(
        lambda x: xp.sin(x[:, 0]), a, b).estimate, [0.1], [1.3]),
    entry("scipy.integrate.qmc_quad", lambda xp, a: integrate.qmc_quad(
        lambda x: xp.sum(xp.exp(-a * x**2), axis=0) if x.ndim > 1 else xp.sum(xp.exp(-a * x**2), axis=-1),
        xp.asarray([0.0]), xp.asarray([1.0]), n_points=16,
        qrng=stats.qmc.Halton(1, rng=np.random.default_rng(0))).integral, 0.7),
    entry("scipy.integrate.tanhsinh", lambda xp, a: integrate.tanhsinh(
        lambda x, a: xp.exp(-a * x**2), xp.zeros_like(a), xp.ones_like(a), args=(a,)).integral, S.positive),
    entry("scipy.integrate.nsum", lambda xp, p: integrate.nsum(
        lambda k, p: 1 / k**p, 1, xp.asarray(20.0), args=(p,)).sum, [2.5]),
    entry("scipy.optimize.elementwise.find_root", lambda xp, c: elementwise.find_root(
        lambda x, c: x**3 - c, (xp.zeros_like(c), xp.full_like(c, 3.0)), args=(c,)).x, S.positive),
    entry("scipy.optimize.elementwise.find_minimum", lambda xp, c: elementwise.find_minimum(
        lambda x, c: xp.cosh(x) - c * x, (xp.full_like(c, -1.0), xp.full_like(c, 0.9), xp.full_like(c, 4.0)),
        args=(c,)).f_x, S.positive),
    entry("scipy.optimize.elementwise.bracket_root", lambda xp, c: elementwise.bracket_root(
        lambda x, c: x**3 - c, xp.full_like(c, 3.0), xp.full_like(c, 4.0), args=(c,)).f_bracket, S.positive),
    entry("scipy.optimize.elementwise.bracket_minimum", lambda xp, c: elementwise.bracket_minimum(
        lambda x, c: (x - c) ** 2, xp.full_like(c, 3.0), args=(c,)).f_bracket, S.positive),
    entry("scipy.optimize.rosen", lambda xp, x: optimize.rosen(x), S.vector),
    entry("scipy.optimize.rosen_der", lambda xp, x: optimize.rosen_der(x), S.vector),
    entry("scipy.optimize.rosen_hess", lambda xp, x: optimize.rosen_hess(x), S.vector),
    entry("scipy.optimize.rosen_hess_prod", lambda xp, x, p: optimize.rosen_hess_prod(x, p), S.vector, S.other),
    entry("scipy.differentiate.derivative", lambda xp, x: differentiate.derivative(xp.exp, x).df, S.vector),
    entry("scipy.differentiate.jacobian", lambda xp, x: differentiate.jacobian(
        lambda z: xp.stack([z[0, ...] * z[1, ...], xp.sin(z[1, ...])]), x).df, [0.7, 1.2], values=1e5),
    entry("scipy.differentiate.hessian", lambda xp, x: differentiate.hessian(
        lambda z: z[0, ...] ** 2 * xp.exp(z[1, ...]), x).ddf, [0.7, 0.2]),
]  # fmt: skip

# -------------------------------------------------------------------------------------------------- spatial.transform

ROTVEC, QUAT = normal(4, 3, seed=20), normal(4, 4, seed=21)
MATRIX = Rotation.from_rotvec(normal(3, seed=22)).as_matrix()
VECTORS = normal(4, 3, seed=23)
POSE = np.concatenate([MATRIX + 0.1 * normal(3, 3), normal(3, 1, seed=24)], axis=1)


def pose(xp: Any, rotvec: Any, translation: Any) -> Any:
    return RigidTransform.from_components(translation, Rotation.from_rotvec(rotvec))


ROTATIONS = [
    entry("scipy.spatial.Rotation.from_rotvec", lambda xp, v: Rotation.from_rotvec(v).as_quat(), ROTVEC),
    entry("scipy.spatial.Rotation.from_quat", lambda xp, q: Rotation.from_quat(q).as_matrix(), QUAT),
    entry("scipy.spatial.Rotation.from_euler", lambda xp, a: Rotation.from_euler("xyz", a).as_matrix(), ROTVEC),
    entry("scipy.spatial.Rotation.from_mrp", lambda xp, m: Rotation.from_mrp(m).as_matrix(), ROTVEC),
    entry("scipy.spatial.Rotation.from_matrix", lambda xp, m: Rotation.from_matrix(m, assume_valid=True).as_quat(),
          MATRIX),
    entry("scipy.spatial.Rotation.from_matrix orthogonalized", lambda xp, m: Rotation.from_matrix(m * 1).as_matrix(),
          MATRIX + 0.1 * normal(3, 3)),
    entry("scipy.spatial.Rotation.from_davenport", lambda xp, a: Rotation.from_davenport(
        xp.asarray([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]), "extrinsic", a).as_matrix(), [0.3, 0.7]),
    entry("scipy.spatial.Rotation.as_rotvec", lambda xp, q: Rotation.from_quat(q).as_rotvec(), QUAT),
    entry("scipy.spatial.Rotation.as_euler", lambda xp, q: Rotation.from_quat(q).as_euler("zyx"), QUAT),
    entry("scipy.spatial.Rotation.as_mrp", lambda xp, q: Rotation.from_quat(q).as_mrp(), QUAT),
    entry("scipy.spatial.Rotation.as_davenport", lambda xp, q: Rotation.from_quat(q).as_davenport(
        xp.asarray([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), "extrinsic"), QUAT),
    entry("scipy.spatial.Rotation.apply", lambda xp, v, x: Rotation.from_rotvec(v).apply(x), ROTVEC, VECTORS),
    entry("scipy.spatial.Rotation.apply inverse", lambda xp, v, x: Rotation.from_rotvec(v).apply(x, inverse=True),
          ROTVEC[0], VECTORS),
    entry("scipy.spatial.Rotation product", lambda xp, v, w: (
        Rotation.from_rotvec(v) * Rotation.from_rotvec(w)).as_quat(), ROTVEC, VECTORS),
    entry("scipy.spatial.Rotation power", lambda xp, v: (Rotation.from_rotvec(v) ** 0.3).as_quat(), ROTVEC),
    entry("scipy.spatial.Rotation.inv", lambda xp, v: Rotation.from_rotvec(v).inv().as_quat(), ROTVEC),
    entry("scipy.spatial.Rotation.magnitude", lambda xp, v: Rotation.from_rotvec(v).magnitude(), ROTVEC),
    entry("scipy.spatial.Rotation.mean", lambda xp, v: Rotation.from_rotvec(v).mean().as_matrix(), 0.3 * ROTVEC),
    entry("scipy.spatial.Rotation.concatenate", lambda xp, v, w: Rotation.concatenate(
        [Rotation.from_rotvec(v), Rotation.from_rotvec(w)]).as_quat(), ROTVEC, VECTORS),
    entry("scipy.spatial.Rotation item", lambda xp, v: Rotation.from_rotvec(v)[1:3].as_quat(), ROTVEC),
    entry("scipy.spatial.Rotation.align_vectors", lambda xp, a, b: Rotation.align_vectors(a, b)[0].as_matrix(),
          VECTORS, ROTVEC),
    entry("scipy.spatial.Slerp", lambda xp, v, t: Slerp(
        xp.asarray([0.0, 1.0, 2.0, 3.0]), Rotation.from_rotvec(v))(t).as_quat(), ROTVEC, [0.2, 1.7]),
    entry("scipy.spatial.RigidTransform.from_components", lambda xp, v, t: pose(xp, v, t).as_matrix(),
          ROTVEC, VECTORS),
    entry("scipy.spatial.RigidTransform.from_matrix", lambda xp, m: RigidTransform.from_matrix(
        xp.concat([m, xp.asarray([[0.0, 0.0, 0.0, 1.0]])])).as_matrix(), POSE),
    entry("scipy.spatial.RigidTransform.from_translation", lambda xp, t: RigidTransform.from_translation(
        t).as_matrix(), VECTORS),
    entry("scipy.spatial.RigidTransform.from_exp_coords", lambda xp, c: RigidTransform.from_exp_coords(c).as_matrix(),
          normal(4, 6)),
    entry("scipy.spatial.RigidTransform.from_dual_quat", lambda xp, q: RigidTransform.from_dual_quat(q).as_matrix(),
          normal(4, 8)),
    entry("scipy.spatial.RigidTransform.as_exp_coords", lambda xp, v, t: pose(xp, v, t).as_exp_coords(),
          ROTVEC, VECTORS),
    entry("scipy.spatial.RigidTransform.as_dual_quat", lambda xp, v, t: pose(xp, v, t).as_dual_quat(),
          ROTVEC, VECTORS),
    entry("scipy.spatial.RigidTransform.apply", lambda xp, v, t, x: pose(xp, v, t).apply(x),
          ROTVEC[0], VECTORS[0], VECTORS),
    entry("scipy.spatial.RigidTransform.inv", lambda xp, v, t: pose(xp, v, t).inv().as_matrix(), ROTVEC, VECTORS),
    entry("scipy.spatial.RigidTransform product", lambda xp, v, t: (
        pose(xp, v, t) * pose(xp, v, t)).as_matrix(), ROTVEC, VECTORS),
    entry("scipy.spatial.RigidTransform power", lambda xp, v, t: (pose(xp, v, t) ** 0.5).as_matrix(), ROTVEC, VECTORS),
]  # fmt: skip

# ----------------------------------------------------------------------------------------------------- signal and fft

SIGNALS = [
    entry("scipy.signal.fftconvolve", lambda xp, x, y: signal.fftconvolve(x, y), S.vector, S.positive),
    entry("scipy.signal.fftconvolve same", lambda xp, x, y: signal.fftconvolve(x, y, mode="same", axes=0),
          S.matrix, S.positives),
    entry("scipy.signal.oaconvolve", lambda xp, x, y: signal.oaconvolve(x, y), normal(40), S.vector[:3],
          broken="writes through a result of permute_dims; whether that is a view the standard leaves open"),
    entry("scipy.signal.convolve", lambda xp, x, y: signal.convolve(x, y, method="fft"), S.vector, S.other),
    entry("scipy.signal.correlate", lambda xp, x, y: signal.correlate(x, y, method="fft"), S.vector, S.other),
    entry("scipy.signal.hilbert", lambda xp, x: signal.hilbert(x), S.vector),
    entry("scipy.signal.hilbert2", lambda xp, x: signal.hilbert2(x), S.matrix),
    entry("scipy.signal.envelope", lambda xp, x: signal.envelope(x, (1, 3)), S.sample),
    entry("scipy.signal.resample", lambda xp, x: signal.resample(x, 10), S.vector),
    entry("scipy.signal.detrend", lambda xp, x: signal.detrend(x), S.vector, refused=HOST),
    entry("scipy.signal.detrend constant", lambda xp, x: signal.detrend(x, type="constant", axis=0), S.matrix,
          refused=HOST),
    entry("scipy.signal.vectorstrength", lambda xp, x: signal.vectorstrength(x, 0.7), S.vector),
    entry("scipy.signal.gauss_spline", lambda xp, x: signal.gauss_spline(x, 3), S.vector),
    entry("scipy.signal.zpk2tf", lambda xp, z, p: signal.zpk2tf(z, p, 2.0), [0.3, 0.5], [0.1, 0.7], refused=HOST),
    entry("scipy.signal.freqz", lambda xp, b, a: signal.freqz(b, a, worN=8)[1], S.vector, S.positive),
    entry("scipy.signal.freqz_zpk", lambda xp, z, p: signal.freqz_zpk(z, p, 2.0, worN=8)[1], [0.3, 0.5], [0.1, 0.7]),
    entry("scipy.signal.freqs", lambda xp, b, a: signal.freqs(b, a, worN=xp.asarray([0.3, 1.0, 2.0]))[1],
          S.vector, S.positive),
    entry("scipy.signal.lp2lp_zpk", lambda xp, z, p: signal.lp2lp_zpk(z, p, 2.0, wo=1.5)[:2],
          [0.3, 0.5], [0.1, 0.7, 2]),
    entry("scipy.signal.lp2hp_zpk", lambda xp, z, p: signal.lp2hp_zpk(z, p, 2.0, wo=1.5)[:2],
          [0.3, 0.5], [0.1, 0.7, 2]),
    entry("scipy.signal.bilinear_zpk", lambda xp, z, p: signal.bilinear_zpk(z, p, 2.0, 1.5)[:2],
          [0.3, 0.5], [0.1, 0.7, 2]),
    entry("scipy.signal.normalize", lambda xp, b, a: signal.normalize(b, a), S.vector, S.positive),
    entry("scipy.signal.upfirdn", lambda xp, h, x: signal.upfirdn(h, x), S.vector[:3], S.other, refused=HOST),
    entry("scipy.signal.lfilter", lambda xp, b, x: signal.lfilter(b, xp.asarray([1.0]), x), S.vector[:3], S.other,
          refused=HOST),
    entry("scipy.signal.savgol_filter", lambda xp, x: signal.savgol_filter(x, 5, 2), S.vector, refused=HOST),
    entry("scipy.signal.wiener", lambda xp, x: signal.wiener(x), S.vector, refused=HOST),
    entry("scipy.signal.medfilt", lambda xp, x: signal.medfilt(x), S.vector, refused=HOST),
    entry("scipy.signal.sosfilt", lambda xp, s, x: signal.sosfilt(s, x), [[1.0, 0.2, 0.1, 1.0, 0.3, 0.2]], S.vector,
          refused=HOST),
    *[
        entry(f"scipy.fft.{name}", named(fft, name), x)
        for name, x in {
            "fft": S.complex, "ifft": S.complex, "fft2": S.matrix, "ifft2": S.matrix, "fftn": S.matrix,
            "ifftn": S.matrix, "rfft": S.vector, "irfft": S.complex, "rfft2": S.matrix, "irfft2": S.matrix,
            "rfftn": S.matrix, "irfftn": S.matrix, "hfft": S.complex, "ihfft": S.vector, "hfft2": S.matrix,
            "ihfft2": S.matrix, "fftshift": S.vector, "ifftshift": S.matrix,
        }.items()
    ],
    entry("scipy.fft.fht", lambda xp, x: fft.fht(x, 0.3, 0.5), positive(8)),
    entry("scipy.fft.ifht", lambda xp, x: fft.ifht(x, 0.3, 0.5), positive(8)),
    entry("scipy.fft.dct", lambda xp, x: fft.dct(x), S.vector, refused=HOST),
    entry("scipy.fft.idst", lambda xp, x: fft.idst(x), S.vector, refused=HOST),
]  # fmt: skip

# ------------------------------------------------------------- linalg, interpolate, ndimage, cluster, constants

CHAPTERS = [
    entry("scipy.linalg.orthogonal_procrustes", lambda xp, a, b: linalg.orthogonal_procrustes(a, b),
          S.matrix, S.positives),
    entry("scipy.linalg.block_diag", lambda xp, a, b: linalg.block_diag(a, b), S.matrix, S.square),
    entry("scipy.linalg.fiedler", lambda xp, a: linalg.fiedler(a), S.vector),
    entry("scipy.linalg.expm", lambda xp, a: linalg.expm(a), S.square, refused=HOST),
    entry("scipy.interpolate.RBFInterpolator", lambda xp, y, d, x: interpolate.RBFInterpolator(y, d, kernel="gaussian",
          epsilon=1.0)(x), S.matrix, S.vector[:6], normal(2, 3),
          broken="calls d.view(float), which no other library has"),
    entry("scipy.interpolate.CubicSpline", lambda xp, y: interpolate.CubicSpline(xp.arange(7.0), y)(
        xp.asarray([0.5, 2.2])), S.vector, refused=HOST),
    entry("scipy.interpolate.RegularGridInterpolator", lambda xp, v: interpolate.RegularGridInterpolator(
        (xp.arange(6.0), xp.arange(3.0)), v)(xp.asarray([[0.5, 1.2]])), S.matrix, refused=HOST),
    entry("scipy.ndimage.gaussian_filter", lambda xp, x: ndimage.gaussian_filter(x, 1.0), S.matrix, refused=HOST),
    entry("scipy.ndimage.sobel", lambda xp, x: ndimage.sobel(x), S.matrix, refused=HOST),
    entry("scipy.cluster.vq.whiten", lambda xp, x: cluster.vq.whiten(x), S.matrix),
    entry("scipy.cluster.vq.vq", lambda xp, x, c: cluster.vq.vq(x, c)[1], S.matrix, S.square, refused=HOST),
    entry("scipy.cluster.hierarchy.linkage", lambda xp, x: cluster.hierarchy.linkage(x), S.matrix, refused=HOST),
    entry("scipy.constants.convert_temperature", lambda xp, t: constants.convert_temperature(t, "C", "F"), S.vector),
    entry("scipy.constants.lambda2nu", lambda xp, x: constants.lambda2nu(x), S.positive),
    entry("scipy.constants.nu2lambda", lambda xp, x: constants.nu2lambda(x), S.positive),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------- special

ELEMENTWISE = {
    "erf": S.vector, "erfc": S.vector, "erfinv": S.unit, "expit": S.vector, "logit": S.unit, "gammaln": S.positive,
    "digamma": S.positive, "psi": S.positive, "entr": S.positive, "ndtr": S.vector, "ndtri": S.unit,
    "log_ndtr": S.vector, "i0": S.vector, "i0e": S.vector, "i1": S.vector, "i1e": S.vector, "exp2": S.vector,
    "sinc": S.vector, "gamma": S.positive, "rgamma": S.positive,
}  # fmt: skip

HOST_ONLY = ("cbrt", "expi", "exprel", "j0", "spence")

SPECIAL = [
    *[entry(f"scipy.special.{name}", named(special, name), x) for name, x in ELEMENTWISE.items()],
    *[entry(f"scipy.special.{name}", named(special, name), S.positive, refused=UNKNOWN) for name in HOST_ONLY],
    entry("scipy.special.xlogy", lambda xp, x, y: special.xlogy(x, y), S.positive, S.other_positive),
    entry("scipy.special.xlog1py", lambda xp, x, y: special.xlog1py(x, y), S.positive, S.other_positive),
    entry("scipy.special.rel_entr", lambda xp, x, y: special.rel_entr(x, y), S.positive, S.other_positive),
    entry("scipy.special.kl_div", lambda xp, x, y: special.kl_div(x, y), S.positive, S.other_positive),
    entry("scipy.special.betaln", lambda xp, x, y: special.betaln(x, y), S.positive, S.other_positive),
    entry("scipy.special.zeta", lambda xp, q: special.zeta(xp.asarray(3.0), q), S.positive),
    entry("scipy.special.polygamma", lambda xp, x: special.polygamma(xp.asarray(2), x), S.positive),
    entry("scipy.special.gammainc", lambda xp, a, x: special.gammainc(a, x), S.positive, S.other_positive),
    entry("scipy.special.gammaincc", lambda xp, a, x: special.gammaincc(a, x), S.positive, S.other_positive),
    entry("scipy.special.betainc", lambda xp, x: special.betainc(xp.asarray(2.0), xp.asarray(0.5), x), S.unit),
    entry("scipy.special.betaincc", lambda xp, x: special.betaincc(xp.asarray(2.0), xp.asarray(0.5), x), S.unit),
    entry("scipy.special.stdtr", lambda xp, t: special.stdtr(xp.asarray(3.0), t), S.vector),
    entry("scipy.special.chdtr", lambda xp, x: special.chdtr(xp.asarray(3.0), x), S.positive),
    entry("scipy.special.chdtrc", lambda xp, x: special.chdtrc(xp.asarray(3.0), x), S.positive),
    entry("scipy.special.fdtr", lambda xp, x: special.fdtr(xp.asarray(3.0), xp.asarray(4.0), x), S.positive),
    entry("scipy.special.fdtrc", lambda xp, x: special.fdtrc(xp.asarray(3.0), xp.asarray(4.0), x), S.positive),
    entry("scipy.special.logsumexp", lambda xp, x: special.logsumexp(x, axis=1), S.matrix),
    entry("scipy.special.logsumexp weighted", lambda xp, x, b: special.logsumexp(x, b=b), S.vector, S.positive),
    entry("scipy.special.softmax", lambda xp, x: special.softmax(x, axis=0), S.matrix),
    entry("scipy.special.log_softmax", lambda xp, x: special.log_softmax(x, axis=1), S.matrix),
    entry("scipy.special.multigammaln", lambda xp, x: special.multigammaln(x, 2), S.positive + 1),
]

ENTRIES = [*STATS, *CALCULUS, *ROTATIONS, *SIGNALS, *CHAPTERS, *SPECIAL]
