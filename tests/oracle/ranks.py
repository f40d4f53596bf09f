"""Wilcoxon and Hodges-Lehmann by laying everything out."""

import math
from collections import Counter
from statistics import NormalDist, median

from scipy import stats


def wilcoxon_p(values: list[float]) -> float:
    """Two-sided p: every pattern of signs up to 50 people, the normal approximation beyond."""
    rounded = [round(v, 9) for v in values]
    rounded = [v for v in rounded if v != 0]
    if not rounded:
        return 1.0
    if len(rounded) > 50:
        test = stats.wilcoxon(rounded, correction=True, method="approx")
        return float(test.pvalue)
    ranks = [int(2 * r) for r in stats.rankdata([abs(v) for v in rounded])]
    seen = sum(r for r, v in zip(ranks, rounded, strict=True) if v > 0)
    ways = patterns(ranks)
    below = sum(n for total, n in ways.items() if total <= seen)
    above = sum(n for total, n in ways.items() if total >= seen)
    return min(1.0, 2 * min(below, above) / 2 ** len(ranks))


def patterns(ranks: list[int]) -> Counter[int]:
    """How many patterns of signs give each sum of positive ranks."""
    ways = Counter({0: 1})
    for rank in ranks:
        ways = Counter(ways) + Counter({total + rank: n for total, n in ways.items()})
    return ways


def hodges_lehmann(values: list[float]) -> tuple[float, float, float]:
    """Median of the Walsh averages, and those at the ranks of the 95 % limits."""
    d = sorted(round(v, 9) for v in values)
    walsh = sorted((a + b) / 2 for i, a in enumerate(d) for b in d[i:])
    n = len(d)
    if n <= 50:
        ways = patterns(list(range(1, n + 1)))
        below, rank = 0, 0
        while (below + ways[rank]) / 2**n <= 0.025:
            below += ways[rank]
            rank += 1
    else:
        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        rank = max(1, int(n * (n + 1) / 4 + NormalDist().inv_cdf(0.025) * spread))
    return median(walsh), walsh[rank - 1], walsh[-rank]
