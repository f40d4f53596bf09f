"""Signed ranks and Walsh averages against scipy and against listing everything."""

import numpy as np
import pytest
from scipy import stats

from flows.stats import signed_rank


@pytest.mark.parametrize("seed", range(40))
def test_exact_p_equals_all_sign_patterns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = np.round(rng.normal(0.5, 1, rng.integers(2, 11)), int(rng.integers(0, 3)))
    found = signed_rank.signed_rank_test(d)
    ranks = stats.rankdata(np.abs(d[d != 0]))
    sums = [
        ranks[[bool(mask >> i & 1) for i in range(len(ranks))]].sum()
        for mask in range(1 << len(ranks))
    ]
    tails = np.mean(np.array(sums) <= found.w_plus), np.mean(np.array(sums) >= found.w_plus)
    assert found.p == pytest.approx(min(1, 2 * min(tails)), abs=1e-12)


@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
@pytest.mark.parametrize("seed", range(20))
def test_normal_p_equals_scipy(zeros: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = np.round(rng.normal(0.2, 2, 80), 0)
    expected = stats.wilcoxon(d, zero_method=zeros, correction=True, method="approx").pvalue
    assert signed_rank.signed_rank_test(d, zeros).p == pytest.approx(expected, abs=1e-12)


def test_float_noise_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    d = rng.integers(-3, 6, 30).astype(float)
    noisy = d + rng.normal(0, 1e-13, 30)
    assert signed_rank.signed_rank_test(d) == signed_rank.signed_rank_test(noisy)
    assert signed_rank.hodges_lehmann(d) == signed_rank.hodges_lehmann(noisy)


def test_no_change_at_all_has_p_one() -> None:
    assert signed_rank.signed_rank_test(np.zeros(25)) == signed_rank.SignedRank(
        0.0, 1.0, 25, "exact"
    )
    found = signed_rank.hodges_lehmann(np.zeros(25))
    assert (found.estimate, found.lower, found.upper) == (0, 0, 0)


def test_too_few_for_an_interval() -> None:
    found = signed_rank.hodges_lehmann(np.array([1.0, 2.0, 4.0]))
    assert found.estimate == 2.25
    assert np.isnan(found.lower)


@pytest.mark.parametrize("seed", range(5))
def test_counting_walsh_averages_equals_listing_them(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    d = np.round(rng.normal(1, 3, 120), seed % 3)
    listed = signed_rank.hodges_lehmann(d)
    monkeypatch.setattr(signed_rank, "LISTED_UP_TO", 0)
    counted = signed_rank.hodges_lehmann(d)
    numbers = [(r.estimate, r.lower, r.upper) for r in (listed, counted)]
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-12)
    walsh = [(x + y) / 2 for i, x in enumerate(d) for y in d[i:]]
    assert listed.estimate == pytest.approx(np.median(walsh), abs=1e-12)
