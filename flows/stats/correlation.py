"""Spearman's rank correlation. Interval by Fisher's z with the standard error of Bonett & Wright 2000,
Psychometrika 65:23, which keeps its coverage for ranks."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from flows.stats.moments import Floats


@dataclass(frozen=True)
class RankCorrelation:
    """rho with limits and the two-sided p of no association; NaN where one side is constant."""

    rho: float
    lower: float
    upper: float
    p: float
    n: int


def spearman(x: Floats, y: Floats, level: float = 0.95) -> RankCorrelation:
    """Pearson correlation of the mid-ranks, p by t with n - 2 degrees of freedom."""
    n = len(x)
    ranks_x, ranks_y = (stats.rankdata(np.round(v, 9)) for v in (x, y))
    if n < 4 or np.ptp(ranks_x) == 0 or np.ptp(ranks_y) == 0:
        return RankCorrelation(np.nan, np.nan, np.nan, np.nan, n)
    rho = float(np.clip(np.corrcoef(ranks_x, ranks_y)[0, 1], -1, 1))
    if abs(rho) == 1:
        return RankCorrelation(rho, rho, rho, 0.0, n)
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + rho * rho / 2) / (n - 3))
    t = rho * np.sqrt((n - 2) / (1 - rho * rho))
    lower, upper = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return RankCorrelation(rho, float(lower), float(upper), float(2 * stats.t.sf(abs(t), n - 2)), n)
