"""Two thousand releases in which nothing happened, through the inference step (clinical.md section 6, 12).

Each release has ten cells of condition x band with 20 to 90 pairs. Changes are whole numbers with ties and
zeros, baseline and visit from one distribution. What a release calls improved after Holm is an accident.
"""

from collections.abc import Callable

import numpy as np
import pytest

from flows.stats.moments import Floats, grouped_moments
from flows.stats.multiplicity import holm
from flows.steps.infer_tests import Changes, Plan, p_columns, rank_columns

N_RELEASES, N_CELLS = 2000, 10
ALLOWED = 0.06


def null_pairs() -> tuple[Floats, Floats]:
    """Group number (release x cell) and improvement of every pair."""
    rng = np.random.default_rng(20261122)
    sizes = rng.integers(20, 91, N_RELEASES * N_CELLS)
    group = np.repeat(np.arange(len(sizes)), sizes)
    base, aval = (np.clip(np.rint(rng.normal(5, 2, len(group))), 0, 10) for _ in range(2))
    return group, base - aval


def releases_of_p() -> tuple[Floats, Floats]:
    """Primary p and Holm's p of each release, as the inference step gives them one release at a time."""
    group, improve = null_pairs()
    code = group * 100 + (improve + 50).astype(np.int64)
    key, count = np.unique(code, return_counts=True)
    changes = Changes(key // 100, key % 100 - 50.0, count)
    n_groups = N_RELEASES * N_CELLS
    moments = grouped_moments(group, improve, n_groups)
    p_wilcoxon = rank_columns(changes, n_groups, 0.95)["p_wilcoxon"]
    primary, adjusted = [], []
    for cells in np.arange(n_groups).reshape(N_RELEASES, N_CELLS):
        everyone = np.ones(N_CELLS, bool)
        # Half of the cells declare the t test, as means and T-scores do.
        plan = Plan(everyone, np.arange(N_CELLS) % 2 == 0, everyone)
        told = p_columns(
            plan, moments.n[cells], moments.mean[cells], moments.sd[cells], p_wilcoxon[cells]
        )
        primary.append(told["p_primary"])
        adjusted.append(told["p_holm"])
    return np.array(primary), np.array(adjusted)


@pytest.fixture(scope="module")
def simulated() -> tuple[Floats, Floats]:
    return releases_of_p()


def share_with_a_finding(p: Floats) -> float:
    return float((p < 0.05).any(axis=1).mean())


@pytest.mark.slow
def test_few_null_releases_find_anything(simulated: tuple[Floats, Floats]) -> None:
    assert share_with_a_finding(simulated[1]) <= ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("p not adjusted", lambda p: p),
        ("a family of its own for each filter", lambda p: np.hstack([_each(p[:, :5]), _each(p[:, 5:])])),
        ("only what looks promising is adjusted", lambda p: _each(np.where(p < 0.2, p, np.nan))),
    ],
)  # fmt: skip
def test_wrong_families_find_too_much(
    simulated: tuple[Floats, Floats], name: str, wrong: Callable[[Floats], Floats]
) -> None:
    assert share_with_a_finding(wrong(simulated[0])) > ALLOWED, name


def _each(p: Floats) -> Floats:
    return np.array([holm(release) for release in p])


@pytest.mark.slow
def test_a_single_p_is_below_five_percent_five_times_in_a_hundred(
    simulated: tuple[Floats, Floats],
) -> None:
    assert 0.040 <= (simulated[0] < 0.05).mean() <= 0.055
