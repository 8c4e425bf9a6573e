"""array-api-extra: what SciPy and scikit-learn are built of, and updates of parts of arrays above all."""

from __future__ import annotations

import array_api_extra as xpx
import numpy as np

from .entries import S, complex_normal, entry

MASK, INDICES = S.vector > 0, np.asarray([0, 3, 5])
HOLES = np.where(S.matrix > 1, np.nan, S.matrix)

ENTRIES = [
    entry("array_api_extra.at.set", lambda xp, x, v: xpx.at(x, 2).set(v, copy=True), S.vector, 1.5),
    entry("array_api_extra.at.set slice", lambda xp, x, v: xpx.at(x)[1:4].set(v, copy=True), S.vector, S.other[:3]),
    entry("array_api_extra.at.set mask", lambda xp, x, v: xpx.at(x)[xp.asarray(MASK)].set(v, copy=True),
          S.vector, 1.5),
    entry("array_api_extra.at.set values by mask", lambda xp, x, v: xpx.at(x)[x > 0].set(v, copy=True),
          S.vector, S.other[: np.sum(MASK)]),
    entry("array_api_extra.at.set indices", lambda xp, x, v: xpx.at(x)[xp.asarray(INDICES)].set(v, copy=True),
          S.vector, S.other[:3]),
    entry("array_api_extra.at.set 0-d", lambda xp, x, v: xpx.at(x)[x > 0].set(v, copy=True), 0.5, 1.5),
    entry("array_api_extra.at.set in place", lambda xp, x, v: xpx.at(x * 1)[:, 1].set(v), S.matrix, S.vector[:6]),
    entry("array_api_extra.at.add", lambda xp, x, v: xpx.at(x)[..., 1].add(v, copy=True), S.matrix, S.vector[:6]),
    entry("array_api_extra.at.subtract", lambda xp, x, v: xpx.at(x)[2].subtract(v, copy=True), S.matrix, 0.5),
    entry("array_api_extra.at.multiply", lambda xp, x, v: xpx.at(x)[x > 0].multiply(v, copy=True), S.vector, 0.5),
    entry("array_api_extra.at.divide", lambda xp, x, v: xpx.at(x)[::2].divide(v, copy=True), S.vector, 0.5),
    entry("array_api_extra.at.power", lambda xp, x: xpx.at(x)[::2].power(3, copy=True), S.vector),
    entry("array_api_extra.at.min", lambda xp, x, v: xpx.at(x)[:3].min(v, copy=True), S.vector, S.other[:3]),
    entry("array_api_extra.at.max", lambda xp, x, v: xpx.at(x)[1:].max(v, copy=True), S.vector, 0.1),
    entry("array_api_extra.apply_where", lambda xp, x: xpx.apply_where(x > 0, x, xp.exp, xp.sin), S.vector),
    entry("array_api_extra.apply_where fill", lambda xp, x, y: xpx.apply_where(
        x > 0, (x, y), lambda x, y: xp.sqrt(x) * y, fill_value=0.0), S.vector, S.other),
    entry("array_api_extra.apply_where 0-d", lambda xp, x: xpx.apply_where(x > 0, x, xp.log, fill_value=0.0), 1.5),
    entry("array_api_extra.angle", lambda xp, z: xpx.angle(z), complex_normal(5)),
    entry("array_api_extra.atleast_nd", lambda xp, x: xpx.atleast_nd(x, ndim=3), S.matrix),
    entry("array_api_extra.cov", lambda xp, x: xpx.cov(x), S.matrix),
    entry("array_api_extra.cov weighted", lambda xp, x, w: xpx.cov(x, aweights=w, xp=xp), S.matrix,
          S.positive[:3]),
    entry("array_api_extra.create_diagonal", lambda xp, x: xpx.create_diagonal(x, offset=1), S.vector),
    entry("array_api_extra.deg2rad", lambda xp, x: xpx.deg2rad(x), S.vector),
    entry("array_api_extra.rad2deg", lambda xp, x: xpx.rad2deg(x), S.vector),
    entry("array_api_extra.expand_dims", lambda xp, x: xpx.expand_dims(x, axis=(0, 2)), S.matrix),
    entry("array_api_extra.kron", lambda xp, a, b: xpx.kron(a, b), S.square, S.matrix),
    entry("array_api_extra.nan_to_num", lambda xp, x: xpx.nan_to_num(x * x, fill_value=0.5), S.vector),
    entry("array_api_extra.nanmax", lambda xp, x: xpx.nanmax(x, axis=0), HOLES),
    entry("array_api_extra.nanmin", lambda xp, x: xpx.nanmin(x, axis=0), HOLES),
    entry("array_api_extra.nanmean", lambda xp, x: xpx.nanmean(x, axis=0), HOLES),
    entry("array_api_extra.nansum", lambda xp, x: xpx.nansum(x, axis=1), HOLES),
    entry("array_api_extra.pad", lambda xp, x: xpx.pad(x, ((1, 2), (0, 1)), constant_values=1.5), S.matrix),
    entry("array_api_extra.partition", lambda xp, x: xpx.partition(x, 3), S.vector),
    entry("array_api_extra.sinc", lambda xp, x: xpx.sinc(x), S.vector),
    entry("array_api_extra.sinc at 0", lambda xp, x: xpx.sinc(x), [0.0, 0.5]),
    entry("array_api_extra.union1d", lambda xp, x, y: xpx.union1d(x, y), [0.3, 2.0, 1.1], [0.7, 1.6]),
    entry("array_api_extra.setdiff1d", lambda xp, x, y: xpx.setdiff1d(x, y), S.vector, S.other),
    entry("array_api_extra.lazy_apply", lambda xp, x: xpx.lazy_apply(np.sin, x, as_numpy=True), S.vector,
          refused="is asked for NumPy's arrays"),
    entry("array_api_extra.lazy_apply of its own functions", lambda xp, x: xpx.lazy_apply(lambda x: x * x, x),
          S.vector),
    entry("array_api_extra.argpartition", lambda xp, x: xpx.argpartition(x, 0)[0], S.vector, smooth=False),
    entry("array_api_extra.isclose", lambda xp, x, y: xpx.isclose(x, y), S.vector, S.vector + 1e-9, smooth=False),
    entry("array_api_extra.isin", lambda xp, x, y: xpx.isin(x, y), S.vector, S.vector[2:4], smooth=False),
    entry("array_api_extra.nunique", lambda xp, x: xpx.nunique(x), [1.0, 2.0, 1.0], smooth=False),
    entry("array_api_extra.one_hot", lambda xp, i: xpx.one_hot(i, 4), [0, 3, 1], smooth=False),
    entry("array_api_extra.searchsorted", lambda xp, x, y: xpx.searchsorted(x, y), [0.1, 0.5, 0.9], S.unit,
          smooth=False),
    entry("array_api_extra.tril_indices", lambda xp, i: xpx.tril_indices(3, xp=xp), [0], smooth=False),
    entry("array_api_extra.unravel_index", lambda xp, i: xpx.unravel_index(i, (2, 3)), [1, 5], smooth=False),
]  # fmt: skip
