"""Spearman's rank correlation. Interval by Fisher's z with the standard error of Bonett & Wright 2000,
Psychometrika 65:23, which keeps its coverage for ranks."""

from dataclasses import dataclass

import numpy as np

from flows.stats.distributions import mid_ranks, normal_quantile, t_two_sided
from flows.stats.moments import Floats, Ints


@dataclass(frozen=True)
class RankCorrelation:
    """rho with limits and the two-sided p of no association; NaN where one side is constant."""

    rho: float
    lower: float
    upper: float
    p: float
    n: int


def spearman(x: Floats | Ints, y: Floats | Ints, level: float = 0.95) -> RankCorrelation:
    """Pearson correlation of the mid-ranks, p by t with n - 2 degrees of freedom.

    Of many samples from the same values, `order_of` those values may be given instead: ranks are then cheap.
    """
    n = len(x)
    ranks_x, ranks_y = (mid_ranks(v if v.dtype.kind == "i" else _rounded(v)) for v in (x, y))
    if n < 4 or np.ptp(ranks_x) == 0 or np.ptp(ranks_y) == 0:
        return RankCorrelation(np.nan, np.nan, np.nan, np.nan, n)
    rho = float(np.clip(np.corrcoef(ranks_x, ranks_y)[0, 1], -1, 1))
    if abs(rho) == 1:
        return RankCorrelation(rho, rho, rho, 0.0, n)
    half = normal_quantile((1 + level) / 2) * np.sqrt((1 + rho * rho / 2) / (n - 3))
    t = rho * np.sqrt((n - 2) / (1 - rho * rho))
    lower, upper = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return RankCorrelation(rho, float(lower), float(upper), float(t_two_sided(t, n - 2)), n)


def _rounded(values: Floats | Ints) -> Floats:
    """Values that differ by float noise are equal."""
    return np.asarray(np.round(values, 9), np.float64)
