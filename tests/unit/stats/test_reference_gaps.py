"""The numbers of the shared reference file that follow from our routines by one more step, and a list that
shows that none is left out: every number is held by a test or named with the reason why it is not ours."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from flows.stats import effect_size, pooling, signed_rank
from tests.unit.stats.test_reference_stats import DEPRESSION, SLEEP, bcg_effects, close, summary

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", HERE.parents[3] / "shared"))
REFERENCE = SHARED / "vectors" / "reference_stats.json"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not REFERENCE.is_file(), reason="no vectors; set FOLLOWTHROUGH_SHARED"),
]


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads(REFERENCE.read_text(encoding="utf-8"))


def test_the_other_small_sample_factor_of_g(expected: dict[str, Any]) -> None:
    """With n - 1 degrees of freedom instead of 2n - 2 it is another number: ours is named g_av."""
    n, mean, sd, pre, post = summary()
    d_av = effect_size.cohen_d_average(n, mean, sd, pre, post)[0][0]
    told = expected["sleep_student1908"]
    assert d_av == close(told["pingouin_cohen_paired(d_avg)"])
    assert d_av * (1 - 3 / (4 * (n[0] - 1) - 1)) == close(told["g_av_hedges(J df=n-1)"])


@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
def test_float_noise_in_the_differences_changes_no_p(expected: dict[str, Any], zeros: str) -> None:
    told = expected["sleep_student1908"]
    for name, exact_up_to in (("auto", 50), ("approx", 0)):
        found = signed_rank.signed_rank_test(SLEEP, zeros, exact_up_to)
        assert found.p == close(told[f"wilcoxon[raw_float,{zeros},{name}]"][1])
    assert signed_rank.signed_rank_test(SLEEP).p == close(told["wilcoxon_auto"][1])


def test_without_the_continuity_correction_p_is_the_uncorrected_one(
    expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference's oldest number took none; ours corrects, and the difference is the half rank."""
    found = signed_rank.signed_rank_test(SLEEP, "pratt", 0)
    n_ranked, rank_sum = 9, sum(range(1, 11)) - 1
    ranks = stats.rankdata(np.abs(np.round(SLEEP, 9)))[np.round(SLEEP, 9) != 0]
    assert (len(ranks), ranks.sum()) == (n_ranked, rank_sum)
    spread = np.sqrt(np.square(ranks).sum() / 4)
    distance = abs(found.w_plus - rank_sum / 2)
    told = expected["sleep_student1908"]["wilcoxon_pratt_approx"][1]
    assert 2 * stats.norm.sf(distance / spread) == close(told)
    assert 2 * stats.norm.sf((distance - 0.5) / spread) == close(found.p)


def test_one_sided_is_half_of_two_sided(expected: dict[str, Any]) -> None:
    found = signed_rank.signed_rank_test(DEPRESSION)
    assert found.p / 2 == close(expected["hollander_wolfe"]["p_one"])


def test_hartung_knapp_by_its_t(expected: dict[str, Any]) -> None:
    told, found = expected["bcg"]["reml_own"], pooling.pool(*bcg_effects())
    t = found.mu / found.hk_se
    assert (t, 2 * stats.t.sf(abs(t), found.k - 1)) == (close(told["hk_t"]), close(told["hk_p"]))
    told, found = expected["bcg"]["pymare_DL"], pooling.pool(*bcg_effects(), method="dl")
    assert (found.tau2, found.mu, found.hk_se) == close((told["tau2"], told["mu"], told["se"]))


def test_three_clinics_step_by_step(expected: dict[str, Any]) -> None:
    told = expected["three_clinics_DL"]
    y, v = np.array(told["y"]), np.array(told["v"])
    found, weight = pooling.pool(y, v, method="dl"), 1 / v
    c = weight.sum() - np.square(weight).sum() / weight.sum()
    assert c == close(told["C"])
    assert found.tau2 == close((found.q - 2) / c)
    assert weight @ y / weight.sum() == close(told["fixed"])
    assert (found.hk_se / found.se) ** 2 == close(told["hk_q"])
    assert (found.hk_lower, found.hk_upper) == close(tuple(told["hk_ci"]))


def test_seven_significant_of_eleven_are_no_accident_of_testing(expected: dict[str, Any]) -> None:
    told = expected["vote_chance_alpha05_two_sided_fav"]
    assert stats.binom.sf(6, 11, 0.025) == pytest.approx(told, rel=1e-6)


# Not by their name in a test: why.
ELSEWHERE = {
    "freireich_6mp": "tests/spec/test_adherence_persistence.py, through the mart of the curve",
    "pingouin": "another standard error of Spearman's rho, given to 2 decimals; its r and p are ours",
    "wilcoxon[rounded_9dp": "test_signed_rank_of_tied_data spells the key by its parts",
    "wilcoxon[raw_float": "above, spelled by its parts",
    "wilcoxon_min_p_two_sided": "test_the_smallest_p_that_n_allows runs over all of them",
    "rtm_expected_change": "test_regression_to_the_mean, by correlation",
    "bh1995": "test_multiplicity, by method",
    "bcg/dl": "test_moment_estimates_of_the_bcg_trials, by method",
    "bcg/pm": "test_moment_estimates_of_the_bcg_trials, by method",
}


def leaves(told: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in told.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}/")
        else:
            yield f"{above}{key}", key


def test_every_number_of_the_reference_is_held_by_a_test(expected: dict[str, Any]) -> None:
    names = ("test_reference_stats.py", Path(__file__).name)
    code = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    quoted = set(re.findall(r'\["([^"]+)"\]', code))
    forgotten = [
        path
        for path, key in leaves(expected)
        if key not in quoted and not any(part in path for part in ELSEWHERE)
    ]
    assert forgotten == []
