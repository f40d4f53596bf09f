"""Multiple imputation of a missing follow-up: Rubin's rules by hand, draws against what is known."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.imputation.mice import MICEData

from flows.stats.imputation import barnard_rubin_degrees, imputed_mean, pooled_mean, seed_of


def test_rubins_rules_by_hand() -> None:
    completed = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 6.0]])
    found = pooled_mean(completed)
    within = (1.0 / 3 + 7.0 / 3) / 2  # variances 1 and 7 over three people
    between = 0.5  # of the means 2 and 3
    assert (found.mean, found.between) == (2.5, between)
    degrees = barnard_rubin_degrees(2, 2, within, between)
    half = stats.t.ppf(0.975, degrees) * np.sqrt(within + 1.5 * between)
    assert (found.lower, found.upper) == pytest.approx((2.5 - half, 2.5 + half))


def test_degrees_of_freedom_of_barnard_and_rubin() -> None:
    share = 1.5 * 0.5 / (4 / 3 + 0.75)
    old, observed = 1 / share**2, 3 / 5 * 2 * (1 - share)
    assert barnard_rubin_degrees(2, 2, 4 / 3, 0.5) == pytest.approx(
        old * observed / (old + observed)
    )
    assert barnard_rubin_degrees(9, 20, 1.0, 0.0) == pytest.approx(10 / 12 * 9)
    assert barnard_rubin_degrees(9, 20, 0.0, 0.0) == pytest.approx(10 / 12 * 9)


def test_nothing_missing_is_the_plain_mean() -> None:
    y = np.random.default_rng(1).normal(2, 1, 40)
    found = imputed_mean(y, y[:, None] * 0 + np.arange(40.0)[:, None], 20, 1)
    assert found is not None
    assert (found.mean, found.between) == pytest.approx((y.mean(), 0.0), abs=1e-12)


def test_the_same_cell_draws_the_same_and_another_cell_others() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(6, 2, 60)
    y = np.where(rng.uniform(size=60) < 0.3, np.nan, 0.5 * base + rng.normal(0, 1, 60))
    one = imputed_mean(y, base[:, None], 20, seed_of("knee_oa|w4", "nrs_pain"))
    assert one == imputed_mean(y, base[:, None], 20, seed_of("knee_oa|w4", "nrs_pain"))
    assert one != imputed_mean(y, base[:, None], 20, seed_of("knee_oa|w5_7", "nrs_pain"))
    assert seed_of("a", "bc") != seed_of("ab", "c")


def test_who_is_missing_by_the_baseline_is_put_right() -> None:
    """People with a bad baseline stay away and would have gained more: complete cases say too little."""
    rng = np.random.default_rng(3)
    base = rng.normal(6, 2, 4000)
    y = 0.5 * base + rng.normal(0, 1, 4000)
    seen = np.where((base > 7) & (rng.uniform(size=4000) < 0.8), np.nan, y)
    found = imputed_mean(seen, base[:, None], 20, 7)
    assert found is not None
    assert abs(np.nanmean(seen) - y.mean()) > 0.2
    assert abs(found.mean - y.mean()) < 0.06


def test_coverage_of_the_pooled_interval() -> None:
    rng, n_held = np.random.default_rng(4), 0
    for run in range(1000):
        base = rng.normal(6, 2, 50)
        y = 0.4 * (base - 6) + rng.normal(1, 1, 50)
        found = imputed_mean(
            np.where(rng.uniform(size=50) < 0.3, np.nan, y), base[:, None], 20, run
        )
        assert found is not None
        n_held += found.lower <= 1 <= found.upper
    assert 930 <= n_held <= 975


@pytest.mark.filterwarnings("ignore")
def test_the_mean_agrees_with_chained_equations() -> None:
    """statsmodels' MICE draws by predictive mean matching: the same in the long run, not the same draws."""
    import pandas

    rng = np.random.default_rng(5)
    base = rng.normal(6, 2, 400)
    y = np.where(rng.uniform(size=400) < 0.3, np.nan, 0.5 * base + rng.normal(0, 1, 400))
    state = np.random.get_state()
    np.random.seed(0)  # statsmodels takes its draws from there
    data = MICEData(pandas.DataFrame({"y": y, "base": base}), k_pmm=5)
    means = []
    for _ in range(60):
        data.update_all()
        means.append(data.data["y"].mean())
    np.random.set_state(state)
    found = imputed_mean(y, base[:, None], 60, 1)
    assert found is not None
    assert found.mean == pytest.approx(np.mean(means), abs=0.04)


def test_predictors_that_say_nothing_new_are_left_out() -> None:
    rng = np.random.default_rng(6)
    base = rng.normal(6, 2, 40)
    y = np.where(np.arange(40) < 8, np.nan, base + rng.normal(0, 1, 40))
    plain = imputed_mean(y, base[:, None], 20, 1)
    padded = imputed_mean(y, np.column_stack([base, np.ones(40), 2 * base]), 20, 1)
    assert padded == plain


def test_too_few_known_for_a_regression() -> None:
    assert (
        imputed_mean(np.array([1.0, 2.0, np.nan]), np.array([[1.0], [2.0], [4.0]]), 20, 1) is None
    )
