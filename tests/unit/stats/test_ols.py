"""The slope beside clinics and covariates against statsmodels' HC3, and where there is none."""

import numpy as np
import pytest
import statsmodels.api as sm

from flows.stats.ols import slope


def drawn(dice: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    group, x = dice.integers(0, 4, n), dice.normal(50, 200, n)
    others = np.column_stack([dice.integers(0, 11, n).astype(float), dice.normal(50, 12, n)])
    y = others[:, 0] / 5 + x / 300 + group + dice.normal(size=n) * (1 + np.abs(x) / 200)
    return np.round(y), x, others, group


def test_equals_statsmodels_on_500_inputs() -> None:
    dice = np.random.default_rng(8)
    for _ in range(500):
        y, x, others, group = drawn(dice, int(dice.integers(15, 60)))
        kept = np.bincount(group)[group] > 1
        dummies = np.eye(4)[group[kept]]
        design = np.column_stack([x[kept], others[kept], dummies[:, dummies.any(axis=0)]])
        fit = sm.OLS(y[kept], design).fit(cov_type="HC3", use_t=True)
        ours = slope(y, x, others, group)
        assert (ours.estimate, ours.se, ours.p, ours.lower, ours.upper) == pytest.approx(
            (fit.params[0], fit.bse[0], fit.pvalues[0], *fit.conf_int()[0]), rel=1e-8, abs=1e-12
        )
        assert (ours.n, ours.n_columns) == (kept.sum(), design.shape[1])


def test_a_column_that_says_nothing_of_its_own_is_dropped() -> None:
    y, x, others, group = drawn(np.random.default_rng(3), 40)
    constant = np.column_stack([others, np.full(40, 7.0), 2 * others[:, 0]])
    assert slope(y, x, constant, group).estimate == pytest.approx(
        slope(y, x, others, group).estimate
    )
    assert slope(y, x, constant, group).n_columns == slope(y, x, others, group).n_columns


def test_no_slope_where_the_others_say_the_same() -> None:
    y, _, others, group = drawn(np.random.default_rng(4), 40)
    for x in (np.full(40, 3.0), others[:, 1].copy(), (group == 1).astype(float)):
        assert np.isnan(slope(y, x, others, group).estimate)
    few = slope(y[:4], others[:4, 0], others[:4, 1:], np.zeros(4, int))
    assert few.n_columns == 3 and not np.isnan(few.estimate)
    assert np.isnan(slope(y[:3], others[:3, 0], others[:3, 1:], np.zeros(3, int)).se)


def test_people_alone_in_their_clinic_say_nothing_about_a_slope() -> None:
    y, x, others, group = drawn(np.random.default_rng(5), 40)
    alone = np.append(group, 9)
    found = slope(np.append(y, 99.0), np.append(x, 1e4), np.vstack([others, [1, 1]]), alone)
    assert found == slope(y, x, others, group)


def test_one_person_who_decides_alone_leaves_no_error() -> None:
    x = np.zeros(30)
    x[7] = 1.0
    found = slope(np.arange(30.0), x, np.ones((30, 0)), np.zeros(30, int))
    assert not np.isnan(found.estimate) and np.isnan(found.se)
