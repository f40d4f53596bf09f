"""Trends within strata against least squares with dummies, and the mean under a common mix."""

import numpy as np
import pytest
import statsmodels.api as sm

from flows.stats.standardise import standardised_mean, trend_within


def test_the_trend_within_is_least_squares_with_a_level_per_stratum() -> None:
    dice = np.random.default_rng(17)
    for _ in range(100):
        n = int(dice.integers(12, 60))
        stratum, x = dice.integers(0, 4, n), dice.integers(1, 6, n).astype(float)
        _, stratum = np.unique(stratum, return_inverse=True)
        y = x * dice.normal() + stratum * 3 + dice.normal(size=n)
        found = trend_within(np.zeros(n, int), stratum, x, y, 1)
        fit = sm.OLS(y, np.column_stack([x, np.eye(stratum.max() + 1)[stratum]])).fit()
        assert (found.slope[0], found.se[0], found.p()[0]) == pytest.approx(
            (fit.params[0], fit.bse[0], fit.pvalues[0]), rel=1e-9
        )


def test_where_nothing_varies_there_is_no_trend() -> None:
    found = trend_within(np.zeros(3, int), np.arange(3), np.arange(3.0), np.arange(3.0), 1)
    assert np.isnan(found.slope[0]) and np.isnan(found.p()[0])
    flat = trend_within(np.zeros(2, int), np.zeros(2, int), np.arange(2.0), np.arange(2.0), 1)
    assert flat.slope[0] == 1 and np.isnan(flat.se[0])


def test_the_common_mix_weighs_the_strata() -> None:
    weight, n = np.array([75.0, 25.0]), np.array([10.0, 40.0])
    estimate, lower, upper = standardised_mean(
        weight, n, np.array([1.0, 3.0]), np.array([9.0, 39.0])
    )
    assert estimate == 1.5
    # Both variances are one: 0.75^2 / 10 + 0.25^2 / 40 with 48 degrees of freedom.
    assert (upper - lower) / 2 == pytest.approx(2.010634757624228 * np.sqrt(0.0578125))
    alone = standardised_mean(np.ones(1), np.ones(1), np.array([2.0]), np.zeros(1))
    assert alone[0] == 2 and np.isnan(alone[1])
