"""The distributions are those of scipy.stats, bit for bit; only the import is spared."""

import numpy as np
import pytest
from scipy import stats

from flows.stats import distributions as ours

DEGREES = np.concatenate([np.arange(1, 200.0), [1e3, 1e6, 0.0, np.nan]])
AWAY = np.linspace(0, 12, len(DEGREES))


@pytest.mark.parametrize("probability", [0.9, 0.95, 0.975, 0.995])
def test_quantiles(probability: float) -> None:
    expected = stats.t.ppf(probability, DEGREES)
    np.testing.assert_array_equal(ours.t_quantile(probability, DEGREES), expected)
    assert ours.normal_quantile(probability) == stats.norm.ppf(probability)
    count = np.arange(1, 80.0)
    expected = stats.beta.ppf(probability, count, 81 - count)
    np.testing.assert_array_equal(ours.beta_quantile(probability, count, 81 - count), expected)


def test_tails() -> None:
    expected = 2 * stats.t.sf(AWAY, DEGREES)
    np.testing.assert_array_equal(ours.t_two_sided(AWAY, DEGREES), expected)
    np.testing.assert_array_equal(ours.t_two_sided(-AWAY, DEGREES), expected)
    for z in np.linspace(-5, 5, 101):
        assert ours.normal_tail(z) == stats.norm.sf(z)
        assert ours.normal_density(z) == stats.norm.pdf(z)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 61, 400])
def test_a_fair_coin(n: int) -> None:
    for count in range(n + 1):
        expected = stats.binomtest(count, n, 0.5).pvalue
        assert ours.fair_coin_two_sided(count, n) == pytest.approx(expected, rel=1e-12)


def test_nothing_tossed_is_no_evidence() -> None:
    assert ours.fair_coin_two_sided(0, 0) == 1.0


def test_mid_ranks() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 3.0, 1.0])
    np.testing.assert_array_equal(ours.mid_ranks(values), stats.rankdata(values))
