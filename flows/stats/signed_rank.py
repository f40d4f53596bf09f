"""Wilcoxon's signed-rank test and the Hodges-Lehmann estimate of paired differences.

Wilcoxon 1945, Biometrics Bull 1:80; Pratt 1959, JASA 54:655; Hodges & Lehmann 1963, Ann Math Stat
34:598; intervals from Walsh averages as in Hollander & Wolfe 1999, 3.3. Differences are rounded to 9
decimals first, so that float noise does not break ties.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from flows.stats.moments import Floats, Ints

EXACT_UP_TO = 50
# Up to here all pairs are laid out; above, Walsh averages are counted instead of listed.
LISTED_UP_TO = 300


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
    values, counts = np.unique(np.round(np.asarray(differences, float), 9), return_counts=True)
    return signed_rank_of_counts(values, counts, zeros, exact_up_to)


def signed_rank_of_counts(
    values: Floats, counts: Ints, zeros: str = "wilcox", exact_up_to: int = EXACT_UP_TO
) -> SignedRank:
    """The same from distinct rounded differences in ascending order, and how often each occurs."""
    n_zero = int(counts[values == 0].sum())
    kept = values != 0 if zeros == "wilcox" else np.ones(len(values), bool)
    size, place = np.unique(np.abs(values[kept]), return_inverse=True)
    tied = np.bincount(place, counts[kept], len(size))
    rank = (np.cumsum(tied) - (tied - 1) / 2)[place]  # the mean of the ranks that a tie takes up
    moved, times = values[kept] != 0, counts[kept]
    w_plus = float((rank * times)[values[kept] > 0].sum())
    if not moved.any():
        return SignedRank(0.0, 1.0, n_zero, "exact")
    if times[moved].sum() <= exact_up_to:
        return SignedRank(
            w_plus, _exact_p(np.repeat(rank[moved], times[moved]), w_plus), n_zero, "exact"
        )
    p = _normal_p(rank[moved], times[moved], w_plus)
    return SignedRank(w_plus, p, n_zero, "normal")


def _exact_p(ranks: Floats, w_plus: float) -> float:
    """Two-sided p over all sign patterns. Doubled ranks are whole, 2^50 patterns still are as doubles."""
    ways = _ways(tuple(sorted(np.rint(2 * ranks).astype(np.int64).tolist())))
    place, total = round(2 * w_plus), ways.sum()
    return float(min(1.0, 2 * min(ways[: place + 1].sum(), ways[place:].sum()) / total))


# Bounded: every cell has ranks of its own, and the table of fifty of them takes 20 kB.
@lru_cache(maxsize=256)
def _ways(doubled_ranks: tuple[int, ...]) -> Floats:
    """Number of sign patterns by doubled sum of positive ranks."""
    ways = np.zeros(sum(doubled_ranks) + 1)
    ways[0] = 1
    for rank in doubled_ranks:
        ways[rank:] = ways[rank:] + ways[: len(ways) - rank]
    return ways


def _normal_p(rank: Floats, times: Ints, w_plus: float) -> float:
    """Normal approximation: the variance is the sum of squared ranks / 4, which corrects for ties."""
    distance = abs(w_plus - (rank * times).sum() / 2)
    spread = np.sqrt((np.square(rank) * times).sum() / 4)
    return float(min(1.0, 2 * special.ndtr(-max(distance - 0.5, 0) / spread)))


@dataclass(frozen=True)
class HodgesLehmann:
    """Median of the Walsh averages with distribution-free limits, and the level they really have."""

    estimate: float
    lower: float
    upper: float
    level: float


def hodges_lehmann(differences: Floats, level: float = 0.95) -> HodgesLehmann:
    """Of all differences, zeros included: leaving them out would move the estimate away from zero."""
    values, counts = np.unique(np.round(np.asarray(differences, float), 9), return_counts=True)
    return hodges_lehmann_of_counts(values, counts, level)


def hodges_lehmann_of_counts(
    values: Floats, counts: Ints, level: float = 0.95, table: "WalshTable | None" = None
) -> HodgesLehmann:
    """The same from distinct rounded differences in ascending order, and how often each occurs.

    A `table` of these values saves sorting their averages again for each of many samples.
    """
    n = int(counts.sum())
    n_walsh = n * (n + 1) // 2
    rank, true_level = _limit_rank(n, level)
    middle = ((n_walsh + 1) // 2, n_walsh // 2 + 1)
    wanted = (rank, *middle, n_walsh + 1 - rank) if rank else middle
    found = table.at(counts, wanted) if table else _walsh_averages(values, counts, wanted)
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
    return max(1, int(n * (n + 1) / 4 + special.ndtri(tail) * spread)), level


@dataclass(frozen=True)
class WalshTable:
    """All averages (x + y) / 2 of distinct values, ascending, with the places of both among the values;
    `own` are the places at which both are the same value."""

    average: Floats
    left: Ints
    right: Ints
    own: Ints

    @classmethod
    def of(cls, values: Floats) -> "WalshTable":
        """The table of these values, given in ascending order."""
        left, right = np.triu_indices(len(values))
        average = (values[left] + values[right]) / 2
        order = np.argsort(average, kind="stable")
        left, right = left[order], right[order]
        return cls(average[order], left, right, np.flatnonzero(left == right))

    def at(self, counts: Ints, ranks: tuple[int, ...]) -> dict[int, float]:
        """The averages of these ranks where each value occurs so often."""
        many = counts[self.left] * counts[self.right]
        mine = counts[self.left[self.own]]
        many[self.own] = mine * (mine + 1) // 2
        places = np.searchsorted(np.cumsum(many), ranks)
        return dict(zip(ranks, self.average[places].tolist(), strict=True))


def _walsh_averages(values: Floats, counts: Ints, ranks: tuple[int, ...]) -> dict[int, float]:
    """The averages of these ranks in ascending order."""
    if len(values) > LISTED_UP_TO:
        return {rank: _selected_walsh(values, counts, rank) for rank in set(ranks)}
    return WalshTable.of(values).at(counts, ranks)


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
