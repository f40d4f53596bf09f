"""Every routine against published data and the numbers that independent programs gave for them.

Student 1908 (sleep), Hollander & Wolfe 1999 (depression), the BCG trials of Colditz 1994, the 15 p-values
of Benjamini & Hochberg 1995. The expected numbers are in the shared reference file, not repeated here.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from flows.stats import effect_size, multiplicity, pooling, proportion, signed_rank
from flows.stats.correlation import spearman
from flows.stats.mean import t_interval, t_test
from flows.stats.regression_to_mean import expected_change

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[4] / "shared"))
REFERENCE = SHARED / "vectors" / "reference_stats.json"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not REFERENCE.is_file(), reason="no vectors; set FOLLOWTHROUGH_SHARED"),
]

FIRST = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
SLEEP = SECOND - FIRST
DEPRESSION = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]) - np.array(
    [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
)
BH_1995 = np.array(
    [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
     0.6528, 0.7590, 1.0]
)  # fmt: skip
# vaccinated: cases, others; not vaccinated: cases, others
BCG = np.array([
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619),
    (33, 5036, 47, 5761), (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892),
    (29, 7470, 45, 7232), (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
])  # fmt: skip
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads(REFERENCE.read_text(encoding="utf-8"))


def close(value: Any) -> Any:
    return pytest.approx(value, abs=TOLERANCE)


@pytest.fixture(scope="module")
def sleep(expected: dict[str, Any]) -> dict[str, Any]:
    return expected["sleep_student1908"]


def summary() -> tuple[np.ndarray, ...]:
    values = (len(SLEEP), SLEEP.mean(), SLEEP.std(ddof=1), FIRST.std(ddof=1), SECOND.std(ddof=1))
    return tuple(np.array([float(value)]) for value in values)


def test_student_t(sleep: dict[str, Any]) -> None:
    n, mean, sd, *_ = summary()
    t, p = t_test(n, mean, sd)
    assert (mean[0], sd[0], t[0], p[0]) == close(
        (sleep["mean"], sleep["sd_diff"], sleep["t"], sleep["p"])
    )
    assert [limit[0] for limit in t_interval(n, mean, sd, 0.95)] == close(sleep["ci"])


def test_standardised_changes(sleep: dict[str, Any]) -> None:
    n, mean, sd, pre, post = summary()
    srm, *srm_ci = (value[0] for value in effect_size.standardised_response_mean(n, mean, sd))
    assert (srm, srm_ci) == (close(sleep["srm"]), close(sleep["ci_srm_noncentral_t"]))
    d_av, *d_ci = (v[0] for v in effect_size.cohen_d_average(n, mean, sd, pre, post))
    assert (d_av, d_ci) == (close(sleep["d_av"]), close(sleep["ci_d_av_algina_keselman"]))
    g_av = effect_size.hedges_g_average(n, mean, sd, pre, post)[0][0]
    assert g_av == close(sleep["pingouin_hedges_paired"])
    r = np.array([np.corrcoef(FIRST, SECOND)[0, 1]])
    y, v = effect_size.standardised_mean_change(n, mean, pre, r)
    assert r[0] == close(sleep["r_pre_post"])
    assert y[0] == close(sleep["smcr_becker(J df=n-1, SD_pre)"])
    assert v[0] == close(sleep["var_smcr"])


@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
@pytest.mark.parametrize(("name", "exact_up_to"), [("auto", 50), ("approx", 0)])
def test_signed_rank_of_tied_data(
    sleep: dict[str, Any], zeros: str, name: str, exact_up_to: int
) -> None:
    found = signed_rank.signed_rank_test(SLEEP, zeros, exact_up_to)
    smaller, p = sleep[f"wilcoxon[rounded_9dp,{zeros},{name}]"]
    w_minus = signed_rank.signed_rank_test(-SLEEP, zeros, exact_up_to).w_plus
    assert (min(found.w_plus, w_minus), found.p, found.n_zero) == (smaller, close(p), 1)


def test_hollander_wolfe(expected: dict[str, Any]) -> None:
    truth = expected["hollander_wolfe"]
    rank = signed_rank.signed_rank_test(DEPRESSION)
    assert (rank.w_plus, rank.p) == (truth["V"], close(truth["p_two"]))
    found = signed_rank.hodges_lehmann(DEPRESSION)
    assert found.estimate == close(truth["hodges_lehmann"])
    assert (found.lower, found.upper) == close(tuple(truth["exact_ci"]))
    assert found.level == close(truth["exact_ci_level"])


def test_the_smallest_p_that_n_allows(expected: dict[str, Any]) -> None:
    for n, p in expected["wilcoxon_min_p_two_sided"].items():
        assert signed_rank.signed_rank_test(np.arange(1.0, int(n) + 1)).p == close(p)


@pytest.mark.parametrize(
    ("name", "adjust"),
    [
        ("fdr_bh", multiplicity.benjamini_hochberg), ("holm", multiplicity.holm),
        ("bonferroni", multiplicity.bonferroni), ("simes-hochberg", multiplicity.hochberg),
    ],
)  # fmt: skip
def test_multiplicity(expected: dict[str, Any], name: str, adjust: multiplicity.Adjust) -> None:
    adjusted = adjust(BH_1995)
    assert list(adjusted) == close(expected["bh1995"][name]["adj"])
    assert np.count_nonzero(adjusted < 0.05) == expected["bh1995"][name]["n_reject"]


def test_seven_of_eleven(expected: dict[str, Any]) -> None:
    assert [float(x) for x in proportion.wilson_interval(7, 11)] == close(
        expected["wilson_7_of_11"]
    )
    exact = proportion.clopper_pearson_interval(7, 11)
    assert [float(x) for x in exact] == close(expected["clopper_7_of_11"])
    assert proportion.sign_test(7, 11) == close(expected["sign_test_7_of_11"])


def test_spearman(expected: dict[str, Any]) -> None:
    truth = expected["spearman_demo"]
    # Thirty ranks with exactly this correlation: sum of squared rank differences 3022 without ties.
    x = np.arange(30.0)
    y = ranks_with_rho(truth["r"])
    # The reference took 1.96 for the normal quantile; to 1e-6 that shows.
    found = spearman(x, y, level=2 * stats.norm.cdf(1.96) - 1)
    assert (found.rho, found.p) == close((truth["r"], truth["p"]))
    assert (found.lower, found.upper) == close(tuple(truth["ci_bonett_wright"]))


def ranks_with_rho(rho: float) -> np.ndarray:
    """A permutation of 0..29 whose Spearman correlation with 0..29 is rho."""
    n = 30
    wanted = round((1 - rho) * n * (n * n - 1) / 6)
    y = np.arange(float(n))
    while (missing := wanted - int(np.square(y - np.arange(n)).sum())) != 0:
        gains = [
            (int(2 * (y[i] - y[j]) * (i - j)), i, j)
            for i in range(n)
            for j in range(i + 1, n)
            if 0 < 2 * (y[i] - y[j]) * (i - j) <= missing
        ]
        _, i, j = max(gains)
        y[i], y[j] = y[j], y[i]
    return y


@pytest.mark.parametrize(
    ("rho", "change"), [("0.5", 0.5), ("0.6", 0.6), ("0.7", 0.7), ("0.8", 0.8)]
)
def test_regression_to_the_mean(expected: dict[str, Any], rho: str, change: float) -> None:
    truth = expected["rtm_expected_change(SD2.0,mean5,enrolled>=4)"][rho]
    assert expected_change(5, 2, 4, change) == pytest.approx(
        truth, abs=5.1e-5
    )  # given to 4 decimals


def bcg_effects() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = BCG.T.astype(float)
    return np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


@pytest.mark.parametrize("method", ["dl", "pm"])
def test_moment_estimates_of_the_bcg_trials(expected: dict[str, Any], method: str) -> None:
    truth, found = expected["bcg"][method], pooling.pool(*bcg_effects(), method=method)
    assert (found.tau2, found.mu, found.se) == close((truth["tau2"], truth["re"], truth["se"]))
    assert (found.q, found.i2) == close((truth["Q"], truth["I2"]))
    assert found.hk_se == close(truth["hksj_se"])
    # The reference program widens its DL interval by t only, its PM interval by Hartung-Knapp too.
    half = stats.t.ppf(0.975, found.k - 1) * (found.se if method == "dl" else found.hk_se)
    assert (found.mu - half, found.mu + half) == close(tuple(truth["hksj_ci"]))


def test_restricted_likelihood_of_the_bcg_trials(expected: dict[str, Any]) -> None:
    truth, found = expected["bcg"]["reml_own"], pooling.pool(*bcg_effects())
    assert (found.tau2, found.mu, found.se) == close((truth["tau2"], truth["mu"], truth["se"]))
    assert found.hk_se == close(truth["hk_se"])
    assert (found.hk_lower, found.hk_upper) == close(tuple(truth["hk_ci"]))
    assert (found.wald_lower, found.wald_upper) == close(tuple(truth["wald_ci"]))
    assert (found.prediction_lower, found.prediction_upper) == close(tuple(truth["pred_int_t_k2"]))
    other = expected["bcg"]["pymare_REML"]
    assert (found.tau2, found.mu, found.hk_se) == close((other["tau2"], other["mu"], other["se"]))


def test_three_clinics(expected: dict[str, Any]) -> None:
    truth = expected["three_clinics_DL"]
    found = pooling.pool(np.array(truth["y"]), np.array(truth["v"]), method="dl")
    assert (found.q, found.tau2, found.mu, found.se, found.i2) == close(
        (truth["Q"], truth["tau2"], truth["mu"], truth["se"], truth["I2"])
    )
    assert (found.hk_se, found.hk_lower, found.hk_upper) == close(
        (truth["hk_se"], *truth["hk_ci_floor_q1"])
    )
