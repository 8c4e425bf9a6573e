"""scikit-learn, under ``sklearn.config_context(array_api_dispatch=True)``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import sklearn
from sklearn import metrics, preprocessing
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import pairwise
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import extmath

from .entries import Entry, S, named, normal, positive, unit
from .entries import entry as plain

X, Y, TARGET, LABELS = S.matrix, normal(4, 3), S.vector[:6], np.asarray([0, 1, 0, 1, 1, 0])
WIDE = normal(8, 3, seed=30)
CLASSES = np.asarray([0, 0, 0, 0, 1, 1, 1, 1])
LABELLED = WIDE + 0.5 * CLASSES[:, None]
NUMBER = "gives a Python float"
OVERWRITTEN = "divides 0 by 0 and writes over the result, whose gradient 0 times NaN is NaN"
P, Q = positive(6, 2, seed=31), positive(6, 2, seed=32)


def entry(name: str, call: Callable[..., Any], *inputs: Any, **remarks: Any) -> Entry:
    """An entry under dispatch."""

    @wraps(call)
    def dispatched(*args: Any) -> Any:
        with sklearn.config_context(array_api_dispatch=True):
            return call(*args)

    return plain(f"sklearn.{name}", dispatched, *inputs, **remarks)


PAIRWISE = [
    entry("pairwise.rbf_kernel", lambda xp, x, y: pairwise.rbf_kernel(x, y, gamma=0.5), X, Y),
    entry("pairwise.rbf_kernel with itself", lambda xp, x: pairwise.rbf_kernel(x), X),
    entry("pairwise.linear_kernel", lambda xp, x, y: pairwise.linear_kernel(x, y), X, Y),
    entry("pairwise.polynomial_kernel", lambda xp, x, y: pairwise.polynomial_kernel(x, y, degree=2), X, Y),
    entry("pairwise.sigmoid_kernel", lambda xp, x, y: pairwise.sigmoid_kernel(x, y), X, Y),
    entry("pairwise.laplacian_kernel", lambda xp, x, y: pairwise.laplacian_kernel(x, y), X, Y),
    entry("pairwise.chi2_kernel", lambda xp, x, y: pairwise.chi2_kernel(x, y), P, Q),
    entry("pairwise.additive_chi2_kernel", lambda xp, x, y: pairwise.additive_chi2_kernel(x, y), P, Q),
    entry("pairwise.cosine_similarity", lambda xp, x, y: pairwise.cosine_similarity(x, y), X, Y),
    entry("pairwise.cosine_distances", lambda xp, x, y: pairwise.cosine_distances(x, y), X, Y),
    entry("pairwise.euclidean_distances", lambda xp, x, y: pairwise.euclidean_distances(x, y), X, Y),
    entry("pairwise.euclidean_distances squared", lambda xp, x, y: pairwise.euclidean_distances(x, y, squared=True),
          X, Y),
    entry("pairwise.manhattan_distances", lambda xp, x, y: pairwise.manhattan_distances(x, y), X, Y),
    entry("pairwise.paired_cosine_distances", lambda xp, x, y: pairwise.paired_cosine_distances(x, y), X, X + 1),
    entry("pairwise.paired_euclidean_distances", lambda xp, x, y: pairwise.paired_euclidean_distances(x, y), X, X + P[
        :, :1]),
    entry("pairwise.paired_manhattan_distances", lambda xp, x, y: pairwise.paired_manhattan_distances(x, y), X, X + P[
        :, :1]),
    entry("pairwise.pairwise_distances", lambda xp, x, y: pairwise.pairwise_distances(x, y, metric="euclidean"), X, Y),
    entry("pairwise.pairwise_kernels", lambda xp, x, y: pairwise.pairwise_kernels(x, y, metric="rbf"), X, Y),
]  # fmt: skip

METRICS = [
    entry(f"metrics.{name}", named(metrics, name, multioutput="raw_values"), P, Q)
    for name in (
        "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
        "mean_squared_log_error", "root_mean_squared_log_error", "mean_pinball_loss", "r2_score",
        "explained_variance_score",
    )
] + [
    entry(f"metrics.{name}", named(metrics, name), P[:, 0], Q[:, 0], broken=NUMBER)
    for name in ("mean_tweedie_deviance", "mean_poisson_deviance", "mean_gamma_deviance", "d2_tweedie_score",
                 "max_error")
] + [
    entry("metrics.median_absolute_error", lambda xp, y, p: metrics.median_absolute_error(
        y, p, multioutput="raw_values"), P, Q, refused="takes NumPy's median where a namespace has none"),
    entry("metrics.log_loss", lambda xp, p: metrics.log_loss(xp.asarray(LABELS), p), unit(6), broken=NUMBER),
    entry("metrics.brier_score_loss", lambda xp, p: metrics.brier_score_loss(xp.asarray(LABELS), p), unit(6),
          broken=NUMBER),
    entry("metrics.roc_curve", lambda xp, p: metrics.roc_curve(
        xp.asarray(LABELS), p, drop_intermediate=False)[:2], unit(6), smooth=False),
    entry("metrics.roc_curve without points between", lambda xp, p: metrics.roc_curve(xp.asarray(LABELS), p)[:2],
          unit(6), smooth=False, broken="calls diff(x, 2), whose second argument the standard takes by name"),
    entry("metrics.confusion_matrix", lambda xp, y, p: metrics.confusion_matrix(y, p), LABELS, CLASSES[1:7],
          smooth=False),
]  # fmt: skip

PREPROCESSING = [
    entry("preprocessing.StandardScaler", lambda xp, x: preprocessing.StandardScaler().fit_transform(x), X,
          broken=OVERWRITTEN),
    entry("preprocessing.StandardScaler inverse", lambda xp, x, y: preprocessing.StandardScaler().fit(
        x).inverse_transform(y), X, Y, broken=OVERWRITTEN),
    entry("preprocessing.MinMaxScaler", lambda xp, x: preprocessing.MinMaxScaler().fit_transform(x), X),
    entry("preprocessing.MaxAbsScaler", lambda xp, x: preprocessing.MaxAbsScaler().fit_transform(x), X),
    entry("preprocessing.Normalizer", lambda xp, x: preprocessing.Normalizer().fit_transform(x), X),
    entry("preprocessing.normalize l1", lambda xp, x: preprocessing.normalize(x, norm="l1"), X),
    entry("preprocessing.normalize max", lambda xp, x: preprocessing.normalize(x, norm="max", axis=0), X),
    entry("preprocessing.scale", lambda xp, x: preprocessing.scale(x), X,
          broken="asks for NumPy's dtypes by NumPy's names for them"),
    entry("preprocessing.KernelCenterer", lambda xp, x: preprocessing.KernelCenterer().fit_transform(x @ x.T), X),
    entry("preprocessing.PolynomialFeatures", lambda xp, x: preprocessing.PolynomialFeatures(2).fit_transform(x), X),
    entry("preprocessing.Binarizer", lambda xp, x: preprocessing.Binarizer().fit_transform(x), X, smooth=False),
    entry("preprocessing.LabelEncoder", lambda xp, y: preprocessing.LabelEncoder().fit_transform(y), [3, 1, 3],
          smooth=False),
]  # fmt: skip

MODELS = [
    entry("decomposition.PCA", lambda xp, x: PCA(2, svd_solver="full").fit_transform(x), WIDE),
    entry("decomposition.PCA covariance", lambda xp, x: PCA(2, svd_solver="covariance_eigh").fit(x).explained_variance_,
          WIDE),
    entry("decomposition.PCA whitened", lambda xp, x: PCA(2, svd_solver="full", whiten=True).fit_transform(x), WIDE),
    entry("decomposition.PCA log-likelihood", lambda xp, x: PCA(2, svd_solver="full").fit(x).score_samples(x), WIDE),
    entry("linear_model.Ridge svd", lambda xp, x, y: Ridge(0.5, solver="svd").fit(x, y).predict(x), WIDE,
          normal(8, seed=33)),
    entry("linear_model.Ridge coefficients", lambda xp, x, y: (
        (m := Ridge(0.5, solver="svd").fit(x, y)).coef_, m.intercept_), WIDE, normal(8, seed=33)),
    entry("linear_model.RidgeCV", lambda xp, x, y: RidgeCV((0.5, 1.0)).fit(x, y).coef_, WIDE, normal(8, seed=33)),
    entry("linear_model.LinearRegression", lambda xp, x, y: LinearRegression().fit(x, y).coef_, WIDE,
          normal(8, seed=33), refused="calls scipy.linalg.lstsq, which computes on NumPy's arrays"),
    entry("linear_model.LogisticRegression", lambda xp, x: LogisticRegression(solver="lbfgs").fit(
        x, xp.asarray(CLASSES)).coef_, LABELLED, refused="minimizes on the host"),
    entry("discriminant_analysis.LDA", lambda xp, x: LinearDiscriminantAnalysis(solver="svd").fit(
        x, xp.asarray(CLASSES)).decision_function(x), LABELLED),
    entry("discriminant_analysis.LDA probabilities", lambda xp, x: LinearDiscriminantAnalysis(solver="svd").fit(
        x, xp.asarray(CLASSES)).predict_proba(x), LABELLED),
    entry("naive_bayes.GaussianNB log-probabilities", lambda xp, x: GaussianNB().fit(
        x, xp.asarray(CLASSES)).predict_log_proba(x), LABELLED),
    entry("naive_bayes.GaussianNB moments", lambda xp, x: ((m := GaussianNB().fit(
        x, xp.asarray(CLASSES))).theta_, m.var_), LABELLED),
    entry("mixture.GaussianMixture", lambda xp, x: GaussianMixture(
        2, init_params="random_from_data", random_state=0, max_iter=3).fit(x).means_, LABELLED),
    entry("kernel_approximation.Nystroem", lambda xp, x: Nystroem(
        "rbf", n_components=3, random_state=0, gamma=0.2).fit_transform(x), WIDE),
    entry("utils.extmath.softmax", lambda xp, x: extmath.softmax(x), X),
    entry("utils.extmath.row_norms", lambda xp, x: extmath.row_norms(x), X),
]  # fmt: skip

ENTRIES = [*PAIRWISE, *METRICS, *PREPROCESSING, *MODELS]
