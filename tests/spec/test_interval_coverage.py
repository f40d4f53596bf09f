"""Ten thousand seeded draws of cells whose truth is known: how often the published intervals hold it.

The draws go through the functions of the inference step. Each test has a wrong interval beside it that
the bounds would reject.
"""

import numpy as np
import pytest
from scipy import stats

from flows.stats.mean import t_interval
from flows.stats.moments import Floats, Ints
from flows.stats.proportion import wilson_interval
from flows.steps.infer_change import size_columns
from flows.steps.infer_tests import Changes, rank_columns

N_DRAWS = 10_000
MEAN, SD = 1.2, 2.0


def coverage(lower: Floats, upper: Floats, truth: float) -> float:
    return float(((lower <= truth) & (truth <= upper)).mean())


def drawn(n: int) -> dict[str, Floats]:
    """Moments of N_DRAWS cells of n pairs: baseline and visit correlate by .5, change has MEAN and SD."""
    rng = np.random.default_rng(n)
    base = rng.normal(6, SD, (N_DRAWS, n))
    aval = 0.5 * base + 3 - MEAN + rng.normal(0, SD * np.sqrt(0.75), (N_DRAWS, n))
    improve = base - aval
    return {
        "improve_mean": improve.mean(axis=1), "improve_sd": improve.std(axis=1, ddof=1),
        "baseline_sd": base.std(axis=1, ddof=1), "followup_sd": aval.std(axis=1, ddof=1),
    }  # fmt: skip


@pytest.mark.parametrize("n", [11, 25, 60])
def test_mean_change(n: int) -> None:
    moments = drawn(n)
    size: Ints = np.full(N_DRAWS, n)
    mean, sd = moments["improve_mean"], moments["improve_sd"]
    assert 0.94 <= coverage(*t_interval(size, mean, sd, 0.95), MEAN) <= 0.96
    normal = 1.96 * sd / np.sqrt(n)
    if n == 11:  # the wrong one: normal limits for few people
        assert coverage(mean - normal, mean + normal, MEAN) < 0.94


@pytest.mark.slow
@pytest.mark.parametrize("n", [11, 25, 60])
def test_standardised_response_mean(n: int) -> None:
    moments = drawn(n)
    sizes = size_columns(moments, np.full(N_DRAWS, float(n)), 0.95)
    truth = MEAN / SD
    assert 0.94 <= coverage(sizes["srm_ci_lo"], sizes["srm_ci_hi"], truth) <= 0.96
    # The wrong one: the interval of the mean over the SD, as if the SD were known.
    half = stats.t.ppf(0.975, n - 1) / np.sqrt(n)
    wrong = coverage(sizes["srm"] - half / 2, sizes["srm"] + half / 2, truth)
    assert wrong < 0.94


@pytest.mark.slow
def test_g_av_where_both_visits_vary_alike() -> None:
    sizes = size_columns(drawn(40), np.full(N_DRAWS, 40.0), 0.95)
    factor = 1 - 3 / (8 * 40 - 9)
    assert 0.93 <= coverage(sizes["g_av_ci_lo"], sizes["g_av_ci_hi"], factor * MEAN / SD) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 60])
def test_hodges_lehmann(n: int) -> None:
    n_cells = 2000
    improve = np.sort(np.random.default_rng(n).normal(MEAN, SD, (n_cells, n)).round(9), axis=1)
    group = np.repeat(np.arange(n_cells), n)
    changes = Changes(group, improve.ravel(), np.ones(n_cells * n, np.int64))
    told = rank_columns(changes, n_cells, 0.95)
    assert 0.935 <= coverage(told["hl_ci_lo"], told["hl_ci_hi"], MEAN) <= 0.97


@pytest.mark.parametrize("n", [15, 40, 120])
def test_wilson_averaged_over_shares(n: int) -> None:
    rng = np.random.default_rng(n)
    share = rng.uniform(0.02, 0.98, N_DRAWS)
    count = rng.binomial(n, share)
    lower, upper = wilson_interval(count, n)
    assert 0.93 <= ((lower <= share) & (share <= upper)).mean() <= 0.97
    # The wrong one: Wald's interval falls short with few people.
    half = 1.96 * np.sqrt(count / n * (1 - count / n) / n)
    wald = ((count / n - half <= share) & (share <= count / n + half)).mean()
    assert wald < 0.93 or n > 15
