"""Mean of repeated values, people as random intercepts: the sensitivity beside the mean of person means.

One-way random effects by moments (ANOVA estimator, unbalanced: Searle, Casella & McCulloch 1992, Variance
Components, 3.6), then the mean weighted by what each person's own mean is worth. Closed form, so that it
needs no iteration that could end elsewhere tomorrow.
"""

from dataclasses import dataclass

import numpy as np

from flows.stats.distributions import t_quantile
from flows.stats.moments import Floats, Ints


@dataclass(frozen=True)
class RandomIntercept:
    """Per group: weighted mean with limits by t (people - 1), and the share of the variance that lies between
    people; NaN where nobody has two values, or there is one person."""

    mean: Floats
    lower: Floats
    upper: Floats
    icc: Floats


def random_intercept(
    group: Ints, n: Floats, mean: Floats, within_ss: Floats, n_groups: int, level: float
) -> RandomIntercept:
    """One entry per person: group, number of values, their mean, squared deviations from that mean."""

    def total(values: Floats) -> Floats:
        return np.bincount(group, values, n_groups).astype(np.float64)

    people, values = np.bincount(group, minlength=n_groups).astype(float), total(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        within = np.where(values > people, total(within_ss) / (values - people), np.nan)
        grand = total(n * mean) / values
        between = total(n * np.square(mean - grand[group])) / (people - 1)
        spread = (values - total(n * n) / values) / (people - 1)
        tau2 = np.maximum(0.0, (between - within) / spread)
        weight = 1 / (tau2[group] + within[group] / n)
        estimate = total(weight * mean) / total(weight)
        half = t_quantile((1 + level) / 2, np.where(people > 1, people - 1, np.nan))
        half = half / np.sqrt(total(weight))
        icc = tau2 / (tau2 + within)
    usable = (people > 1) & (values > people) & (within > 0)
    columns = (estimate, estimate - half, estimate + half, icc)
    return RandomIntercept(*(np.where(usable, column, np.nan) for column in columns))
