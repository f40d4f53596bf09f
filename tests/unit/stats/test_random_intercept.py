"""The moment estimator against statsmodels' mixed model where both must agree, and its edges."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from flows.stats.random_intercept import random_intercept


def summary(values: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    n = np.array([len(v) for v in values], float)
    mean = np.array([v.mean() for v in values])
    return n, mean, np.array([np.square(v - v.mean()).sum() for v in values])


def test_equals_reml_of_balanced_data() -> None:
    """With equally many values each, moments and REML are the same by algebra."""
    dice = np.random.default_rng(30)
    values = [dice.normal(own, 1, 8) for own in dice.normal(1, 1, 25)]
    found = random_intercept(np.zeros(25, int), *summary(values), 1, 0.95)
    frame = pd.DataFrame({"y": np.concatenate(values), "person": np.repeat(np.arange(25), 8)})
    fit = smf.mixedlm("y ~ 1", frame, groups=frame["person"]).fit(reml=True)
    between, within = float(fit.cov_re.iloc[0, 0]), float(fit.scale)
    assert found.mean[0] == pytest.approx(fit.fe_params.iloc[0], abs=1e-6)
    assert found.icc[0] == pytest.approx(between / (between + within), abs=1e-4)


def test_nothing_can_be_said_without_repeats_spread_or_people() -> None:
    once = [np.array([1.0]), np.array([2.0])]
    same = [np.array([1.0, 1.0]), np.array([1.0, 1.0])]
    alone = [np.array([1.0, 2.0, 3.0])]
    for values in (once, same, alone):
        found = random_intercept(np.zeros(len(values), int), *summary(values), 1, 0.95)
        assert np.isnan(found.mean[0]) and np.isnan(found.icc[0])


def test_groups_do_not_feel_each_other() -> None:
    dice = np.random.default_rng(31)
    values = [dice.normal(size=dice.integers(2, 9)) for _ in range(40)]
    group = np.repeat([0, 1], 20)
    both = random_intercept(group, *summary(values), 2, 0.95)
    second = random_intercept(np.zeros(20, int), *summary(values[20:]), 1, 0.95)
    assert (both.mean[1], both.icc[1]) == pytest.approx((second.mean[0], second.icc[0]), abs=1e-12)
