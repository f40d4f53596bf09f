"""Intervals of a proportion and the sign test. Wilson 1927, JASA 22:209; Clopper & Pearson 1934,
Biometrika 26:404. Wilson is the default: it keeps its coverage near 0 and 1 and with few people."""

import numpy as np
from numpy.typing import ArrayLike

from flows.stats.distributions import beta_quantile, fair_coin_two_sided, normal_quantile
from flows.stats.moments import Floats


def wilson_interval(count: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Score limits of count / n, elementwise; NaN where n is 0 or missing."""
    k, total = np.asarray(count, float), np.asarray(n, float)
    total = np.where(total > 0, total, np.nan)
    z = normal_quantile((1 + level) / 2)
    share, shrink = k / total, 1 + z * z / total
    centre = (share + z * z / (2 * total)) / shrink
    half = z / shrink * np.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    # At the ends the limit is 0 or 1 by algebra; floating point would leave 1e-17.
    lower = np.where(k == 0, np.where(np.isnan(total), np.nan, 0.0), centre - half)
    upper = np.where(k == total, 1.0, centre + half)
    return lower, upper


def clopper_pearson_interval(
    count: ArrayLike, n: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Exact (conservative) limits of count / n, elementwise; NaN where n is 0 or missing."""
    k, total = np.asarray(count, float), np.asarray(n, float)
    total = np.where(total > 0, total, np.nan)
    tail = (1 - level) / 2
    lower = np.where(k == 0, 0.0 * total, beta_quantile(tail, k, total - k + 1))
    upper = np.where(k == total, 1.0, beta_quantile(1 - tail, k + 1, total - k))
    return lower, upper


def sign_test(n_positive: int, n: int) -> float:
    """Two-sided exact p that positive and negative signs are equally likely."""
    return fair_coin_two_sided(n_positive, n)
