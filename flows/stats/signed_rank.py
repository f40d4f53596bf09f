"""Wilcoxon's signed-rank test and the Hodges-Lehmann estimate of paired differences.

Wilcoxon 1945, Biometrics Bull 1:80; Pratt 1959, JASA 54:655; Hodges & Lehmann 1963, Ann Math Stat
34:598; intervals from Walsh averages as in Hollander & Wolfe 1999, 3.3. Differences are rounded to 9
decimals first, so that float noise does not break ties.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from flows.stats.moments import Floats, Ints

EXACT_UP_TO = 50
# Up to here all pairs are laid out; above, Walsh averages are counted instead of listed.
LISTED_UP_TO = 1000


@dataclass(frozen=True)
class SignedRank:
    """Sum of the ranks of positive differences, two-sided p, how many were zero, and how p was had."""

    w_plus: float
    p: float
    n_zero: int
    method: str


def signed_rank_test(
    differences: Floats, zeros: str = "wilcox", exact_up_to: int = EXACT_UP_TO
) -> SignedRank:
    """Exact (permutation of signs, so ties are allowed) for few, normal with correction for many.

    zeros: `wilcox` drops them before ranking, `pratt` after.
    """
    d = np.round(np.asarray(differences, float), 9)
    n_zero = int(np.count_nonzero(d == 0))
    ranked = d[d != 0] if zeros == "wilcox" else d
    ranks = stats.rankdata(np.abs(ranked))[ranked != 0]
    positive = ranked[ranked != 0] > 0
    w_plus = float(ranks[positive].sum())
    if len(ranks) == 0:
        return SignedRank(0.0, 1.0, n_zero, "exact")
    if len(ranks) <= exact_up_to:
        return SignedRank(w_plus, _exact_p(ranks, w_plus), n_zero, "exact")
    return SignedRank(w_plus, _normal_p(ranks, w_plus), n_zero, "normal")


def _exact_p(ranks: Floats, w_plus: float) -> float:
    """Two-sided p over all sign patterns. Doubled ranks are whole, 2^50 patterns still are as doubles."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    ways = _ways(tuple(sorted(doubled.tolist())))
    place, total = round(2 * w_plus), ways.sum()
    return float(min(1.0, 2 * min(ways[: place + 1].sum(), ways[place:].sum()) / total))


@cache
def _ways(doubled_ranks: tuple[int, ...]) -> Floats:
    """Number of sign patterns by doubled sum of positive ranks."""
    ways = np.zeros(sum(doubled_ranks) + 1)
    ways[0] = 1
    for rank in doubled_ranks:
        ways[rank:] = ways[rank:] + ways[: len(ways) - rank]
    return ways


def _normal_p(ranks: Floats, w_plus: float) -> float:
    """Normal approximation: the variance is the sum of squared ranks / 4, which corrects for ties."""
    distance = abs(w_plus - ranks.sum() / 2)
    spread = np.sqrt(np.square(ranks).sum() / 4)
    return float(min(1.0, 2 * stats.norm.sf(max(distance - 0.5, 0) / spread)))


@dataclass(frozen=True)
class HodgesLehmann:
    """Median of the Walsh averages with distribution-free limits, and the level they really have."""

    estimate: float
    lower: float
    upper: float
    level: float


def hodges_lehmann(differences: Floats, level: float = 0.95) -> HodgesLehmann:
    """Of all differences, zeros included: leaving them out would move the estimate away from zero."""
    d = np.round(np.asarray(differences, float), 9)
    n = len(d)
    n_walsh = n * (n + 1) // 2
    rank, true_level = _limit_rank(n, level)
    middle = ((n_walsh + 1) // 2, n_walsh // 2 + 1)
    wanted = (rank, *middle, n_walsh + 1 - rank) if rank else middle
    found = _walsh_averages(d, wanted)
    estimate = (found[middle[0]] + found[middle[1]]) / 2
    if not rank:
        return HodgesLehmann(estimate, np.nan, np.nan, np.nan)
    return HodgesLehmann(estimate, found[rank], found[n_walsh + 1 - rank], true_level)


def _limit_rank(n: int, level: float) -> tuple[int, float]:
    """Which Walsh average from either end is the limit (0: n is too small), and the true level."""
    tail = (1 - level) / 2
    if n <= EXACT_UP_TO:
        ways = _ways(tuple(range(2, 2 * n + 1, 2)))[::2]
        below = np.cumsum(ways) / ways.sum()
        rank = int(np.searchsorted(below, tail, side="right"))
        return rank, float(1 - 2 * below[rank - 1]) if rank else np.nan
    spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return max(1, int(n * (n + 1) / 4 + stats.norm.ppf(tail) * spread)), level


def _walsh_averages(d: Floats, ranks: tuple[int, ...]) -> dict[int, float]:
    """The averages (d_i + d_j) / 2, i <= j, of these ranks in ascending order."""
    values, counts = np.unique(d, return_counts=True)
    if len(values) > LISTED_UP_TO:
        return {rank: _selected_walsh(values, counts, rank) for rank in set(ranks)}
    left, right = np.triu_indices(len(values))
    many = np.where(
        left == right, counts[left] * (counts[left] + 1) // 2, counts[left] * counts[right]
    )
    averages = (values[left] + values[right]) / 2
    order = np.argsort(averages, kind="stable")
    up_to = np.cumsum(many[order])
    return {rank: float(averages[order[np.searchsorted(up_to, rank)]]) for rank in set(ranks)}


def _selected_walsh(values: Floats, counts: Ints, rank: int) -> float:
    """Bisection on the value: the number of averages up to t takes one binary search per value."""
    cumulated = np.concatenate([[0], np.cumsum(counts)])
    low, high = 2 * values[0], 2 * values[-1]
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        partners = np.searchsorted(values, middle - values, side="right")
        own = counts[2 * values <= middle].sum()
        if (np.dot(counts, cumulated[partners]) + own) / 2 >= rank:
            high = middle
        else:
            low = middle
    # `high` is now a rounding error above the sum that is meant.
    partners = np.searchsorted(values, high - values, side="right") - 1
    usable = partners >= 0
    return float((values[usable] + values[partners[usable]]).max() / 2)
