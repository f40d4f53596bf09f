"""Direct standardisation and trends within strata: what is left of a comparison once the mix of clinics and
conditions is the same on both sides. Simpson 1951, JRSS B 13:238; weights as in Rothman, Modern Epidemiology.
"""

from dataclasses import dataclass

import numpy as np

from flows.stats.distributions import t_quantile, t_two_sided
from flows.stats.moments import Floats, Ints


@dataclass(frozen=True)
class Trend:
    """Least-squares slopes with standard errors, one per set; NaN where nothing varies."""

    slope: Floats
    se: Floats
    degrees: Floats

    def p(self) -> Floats:
        """Two-sided p of a flat line, by t."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(t_two_sided(self.slope / self.se, self.degrees))


def trend_within(set_no: Ints, stratum: Ints, x: Floats, y: Floats, n_sets: int) -> Trend:
    """Slope of y on x by set, each stratum with a level of its own.

    Strata are numbered without gaps and belong to one set each; one per set gives the ordinary slope.
    """
    n_strata = int(stratum.max(initial=-1)) + 1
    n = np.maximum(np.bincount(stratum, minlength=n_strata), 1)
    x = x - (np.bincount(stratum, x, n_strata) / n)[stratum]
    y = y - (np.bincount(stratum, y, n_strata) / n)[stratum]
    squares = _sum(set_no, x * x, n_sets)
    slope = _ratio(_sum(set_no, x * y, n_sets), squares)
    left = _sum(set_no, np.square(y - slope[set_no] * x), n_sets)
    set_of_stratum = np.zeros(n_strata, np.int64)
    set_of_stratum[stratum] = set_no
    n_people, n_own = (
        np.bincount(set_no, minlength=n_sets),
        np.bincount(set_of_stratum, minlength=n_sets),
    )
    degrees = (n_people - n_own - 1).astype(np.float64)
    variance = _ratio(_ratio(left, degrees), squares)
    return Trend(slope, np.asarray(np.sqrt(variance), np.float64), degrees)


def standardised_mean(
    weight: Floats, n: Floats, mean: Floats, within_ss: Floats, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean of stratum means under common weights, with limits by the spread within strata.

    within_ss are the squared deviations from each stratum's mean; NaN limits where nobody shares a stratum.
    """
    share, degrees = weight / weight.sum(), float(n.sum() - len(n))
    estimate = float(share @ mean)
    if degrees < 1:
        return estimate, np.nan, np.nan
    variance = float(within_ss.sum()) / degrees
    half = float(t_quantile((1 + level) / 2, degrees)) * np.sqrt(
        variance * float(np.square(share) @ (1 / n))
    )
    return estimate, estimate - half, estimate + half


def _sum(group: Ints, value: Floats, n_groups: int) -> Floats:
    return np.bincount(group, value, n_groups).astype(np.float64)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Quotient, NaN where the divisor is not above zero."""
    result: Floats = np.divide(top, bottom, out=np.full(len(bottom), np.nan), where=bottom > 0)
    return result
