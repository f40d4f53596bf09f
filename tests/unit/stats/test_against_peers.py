"""500 random inputs each against pingouin, statsmodels and scipy: ties, zeros, n = 2, constant data."""

from collections.abc import Iterator

import numpy as np
import pingouin
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from flows.stats import effect_size, multiplicity, pooling, proportion
from flows.stats.correlation import spearman
from flows.stats.mean import t_interval, t_test
from flows.stats.moments import grouped_correlation, grouped_moments

ROUNDS = 500


def samples(smallest: int = 2) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Baselines and follow-ups: continuous, tied, with zeros, tiny."""
    rng = np.random.default_rng(20261122)
    for _ in range(ROUNDS):
        n = int(rng.integers(smallest, 40))
        pre = np.round(rng.normal(6, 2, n), int(rng.integers(0, 4)))
        yield pre, np.round(pre - rng.normal(0.5, 1.5, n), int(rng.integers(0, 4)))


def as_cell(*values: float) -> list[np.ndarray]:
    return [np.array([float(value)]) for value in values]


def test_moments_t_and_correlation_by_group() -> None:
    pairs = list(samples())
    group = np.concatenate([np.full(len(pre), i) for i, (pre, _) in enumerate(pairs)])
    shuffled = np.random.default_rng(3).permutation(len(group))
    pre, post = (np.concatenate(side)[shuffled] for side in zip(*pairs, strict=True))
    group = group[shuffled]
    d = grouped_moments(group, pre - post, ROUNDS)
    t, p = t_test(d.n, d.mean, d.sd)
    lower, upper = t_interval(d.n, d.mean, d.sd, 0.95)
    r = grouped_correlation(
        group, pre, post, grouped_moments(group, pre, ROUNDS), grouped_moments(group, post, ROUNDS)
    )
    for i, (x, y) in enumerate(pairs):
        difference = x - y
        assert (d.n[i], d.mean[i], d.sd[i]) == pytest.approx(
            (len(x), difference.mean(), difference.std(ddof=1)), abs=1e-9
        )
        if difference.std(ddof=1) > 1e-9:
            truth = stats.ttest_1samp(difference, 0)
            interval = truth.confidence_interval(0.95)
            assert (t[i], p[i]) == pytest.approx((truth.statistic, truth.pvalue), rel=1e-8)
            assert (lower[i], upper[i]) == pytest.approx((interval.low, interval.high), abs=1e-8)
        if np.ptp(x) > 0 and np.ptp(y) > 0:
            assert r[i] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)


def test_constant_data_have_an_sd_of_zero_and_no_test() -> None:
    found = grouped_moments(np.zeros(7, int), np.full(7, 7.1), 1)
    assert (found.mean[0], found.sd[0]) == (7.1, 0.0)
    assert np.isnan(t_test(found.n, found.mean, found.sd)[1][0])
    assert np.isnan(effect_size.standardised_response_mean(*as_cell(7, 7.1, 0))).all()


def test_hedges_g_average_equals_pingouin() -> None:
    for pre, post in samples(3):
        d = pre - post
        if d.std() < 1e-9 or pre.std() + post.std() == 0:
            continue
        cell = as_cell(len(d), d.mean(), d.std(ddof=1), pre.std(ddof=1), post.std(ddof=1))
        expected = pingouin.compute_effsize(pre, post, paired=True, eftype="hedges")
        assert effect_size.hedges_g_average(*cell)[0][0] == pytest.approx(expected, abs=1e-9)


def test_noncentral_limits_have_the_tails_they_promise() -> None:
    rng = np.random.default_rng(5)
    t, degrees = rng.normal(0, 12, ROUNDS), rng.integers(1, 500, ROUNDS).astype(float)
    lower, upper = effect_size.noncentrality_limits(t, degrees, 0.95)
    assert stats.nct.cdf(t, degrees, lower) == pytest.approx(np.full(ROUNDS, 0.975), abs=1e-8)
    assert stats.nct.cdf(t, degrees, upper) == pytest.approx(np.full(ROUNDS, 0.025), abs=1e-8)


@pytest.mark.parametrize(
    ("method", "interval"),
    [
        ("wilson", proportion.wilson_interval),
        ("beta", proportion.clopper_pearson_interval),
    ],
)
def test_proportions_equal_statsmodels(method: str, interval: object) -> None:
    rng = np.random.default_rng(8)
    n = rng.integers(1, 400, ROUNDS)
    count = np.array([rng.integers(0, total + 1) for total in n])
    count[:20], count[20:40] = 0, n[20:40]
    expected = proportion_confint(count, n, method=method)
    for ours, theirs in zip(interval(count, n), expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-10)
    assert np.isnan(interval(0, 0)).all()


@pytest.mark.parametrize(
    ("method", "adjust"),
    [
        ("fdr_bh", multiplicity.benjamini_hochberg),
        ("bonferroni", multiplicity.bonferroni), ("simes-hochberg", multiplicity.hochberg),
    ],
)  # fmt: skip
def test_adjusted_p_equal_statsmodels(method: str, adjust: multiplicity.Adjust) -> None:
    rng = np.random.default_rng(9)
    for _ in range(ROUNDS):
        p = np.round(rng.uniform(0, 1, rng.integers(1, 13)) ** 3, 3)
        assert adjust(p) == pytest.approx(multipletests(p, method=method)[1], abs=1e-12)


def test_holm_equals_pingouin() -> None:
    """Not statsmodels: its Holm takes a fifth of a second a call. One call there is test_reference_stats."""
    rng = np.random.default_rng(12)
    for _ in range(ROUNDS):
        p = np.round(rng.uniform(0, 1, rng.integers(1, 50)) ** 3, 3)
        assert multiplicity.holm(p) == pytest.approx(
            pingouin.multicomp(p, method="holm")[1], abs=1e-12
        )


def test_a_missing_p_is_no_member_of_the_family() -> None:
    adjusted = multiplicity.holm(np.array([0.01, np.nan, 0.02]))
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.02])
    assert np.isnan(adjusted[1])


def test_spearman_equals_scipy() -> None:
    for x, y in samples(4):
        found = spearman(x, y)
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            assert np.isnan(found.rho)
        elif abs(found.rho) < 1:
            truth = stats.spearmanr(x, y)
            assert (found.rho, found.p) == pytest.approx((truth.statistic, truth.pvalue), abs=1e-9)


@pytest.mark.filterwarnings("ignore:invalid value")  # their root of a negative tau2
@pytest.mark.parametrize(("method", "name"), [("dl", "chi2"), ("pm", "iterated")])
def test_pooling_equals_statsmodels(method: str, name: str) -> None:
    rng = np.random.default_rng(10)
    for _ in range(ROUNDS):
        k = int(rng.integers(2, 15))
        y, v = rng.normal(-1, 0.5, k), rng.uniform(0.01, 0.5, k)
        theirs = combine_effects(y, v, method_re=name)
        ours = pooling.pool(y, v, method=method)
        # Theirs is not floored at zero, and their Paule-Mandel stops at 1e-5.
        assert ours.tau2 == pytest.approx(
            max(0.0, theirs.tau2), abs=1e-9 if method == "dl" else 2e-4
        )
        if theirs.tau2 >= 0:
            tolerance = 1e-9 if method == "dl" else 2e-4
            assert ours.mu == pytest.approx(theirs.mean_effect_re, abs=tolerance)


def test_restricted_likelihood_is_at_its_maximum() -> None:
    rng = np.random.default_rng(11)

    def log_likelihood(tau2: float, y: np.ndarray, v: np.ndarray) -> float:
        w = 1 / (v + tau2)
        return -0.5 * (
            np.log(v + tau2).sum() + np.log(w.sum()) + pooling.heterogeneity(y, v + tau2)
        )

    for _ in range(ROUNDS):
        k = int(rng.integers(2, 15))
        y, v = rng.normal(-1, 0.5, k), rng.uniform(0.01, 0.5, k)
        tau2 = pooling.pool(y, v).tau2
        best = log_likelihood(tau2, y, v)
        assert best >= log_likelihood(tau2 * 1.01 + 1e-4, y, v) - 1e-12
        assert best >= log_likelihood(max(0.0, tau2 * 0.99 - 1e-4), y, v) - 1e-12


def test_nothing_is_pooled_from_one_clinic() -> None:
    with pytest.raises(ValueError, match="two effects"):
        pooling.pool(np.array([1.0]), np.array([0.1]))


def test_the_sign_test_of_nobody_says_nothing() -> None:
    assert proportion.sign_test(0, 0) == 1.0
