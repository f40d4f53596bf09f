"""Tests, standardised sizes and codes of mart_outcome, recomputed cell by cell (clinical 4.4 to 4.9).

Ranks, sign patterns and Walsh averages are listed one by one; only the distribution function of the
non-central t is scipy's.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist, median
from typing import Any

from scipy.optimize import brentq
from scipy.special import nctdtr

from oracle.definitions import Policy, Score
from oracle.figures import Z, incomplete_beta, mean, percent, sd, wilson
from oracle.outcomes import Outcome

MartRow = dict[str, Any]
EXACT_UP_TO = 50
# Standardised limits stop where the changes are all but equal.
MAX_RATIO = 50


def inference_columns(
    visit: str, score: Score, here: list[Outcome], pairs: list[Outcome], policy: Policy
) -> MartRow:
    """What a row says beyond counts and means."""
    improve = [round(value, 12) for p in pairs if (value := p.improve()) is not None]
    due = [row for row in here if row.is_due and row.base is not None and visit != "BASELINE"]
    answered = [round(v, 12) for row in due if (v := row.improve()) is not None]
    worse = sum(1 for p in pairs if p.moved_by_mic(-1))
    has_mic = score.mic is not None and visit != "BASELINE"
    low, high = wilson(worse, len(pairs)) if has_mic else (None, None)
    return {
        **sizes(pairs, improve),
        **tests(score, improve, policy),
        "n_due_baseline": len(due),
        # No answer is no change: the sum stays, the number of people grows.
        "sens_bocf_mean": math.fsum(answered) / len(due) if due else None,
        "rtm_expected": expected_by_regression(score, policy) if pairs else None,
        "pct_worse_mic": percent(worse, len(pairs)) if has_mic else None,
        "pct_worse_mic_ci_lo": low,
        "pct_worse_mic_ci_hi": high,
        "n_floor": sum(1 for p in pairs if p.is_base_at_best()),
    }


def sizes(pairs: list[Outcome], improve: list[float]) -> MartRow:
    """SRM and g_av with limits by the non-central t (4.4)."""
    names = ("srm", "srm_ci_lo", "srm_ci_hi", "g_av", "g_av_ci_lo", "g_av_ci_hi")
    n, spread, centre = len(improve), sd(improve), mean(improve)
    if not spread or centre is None:
        return dict.fromkeys(names)
    pre = sd([p.base for p in pairs if p.base is not None]) or 0.0
    post = sd([p.aval for p in pairs if p.aval is not None]) or 0.0
    srm, average = centre / spread, math.sqrt((pre**2 + post**2) / 2)
    low, high = noncentral_limits(srm * math.sqrt(n), n - 1)
    factor = 1 - 3 / (4 * (2 * n) - 9)
    limits = [None if v is None else v / math.sqrt(n) for v in (low, high)]
    standardised = [None if v is None else factor * v * spread / average for v in limits]
    told = (srm, *limits, factor * centre / average, *standardised)
    return dict(zip(names, told, strict=True))


def noncentral_limits(t: float, df: int) -> tuple[float | None, float | None]:
    """The non-centralities under which t lies at the upper and the lower 2.5 percent."""
    if abs(t) > MAX_RATIO * math.sqrt(df + 1):
        return None, None
    return noncentrality(t, df, 0.975), noncentrality(t, df, 0.025)


@cache
def noncentrality(t: float, df: int, probability: float) -> float:
    """By bracketing and Brent's method; P(T <= t) falls as the non-centrality rises."""

    def miss(nc: float) -> float:
        below = float(nctdtr(df, nc, t))
        if math.isnan(below):  # scipy gives up far out, where it is all or nothing
            below = 1.0 if nc < t else 0.0
        return below - probability

    low = high = t
    step = 1.0
    while miss(low) < 0:
        low, step = low - step, 2 * step
    step = 1.0
    while miss(high) > 0:
        high, step = high + step, 2 * step
    return float(brentq(miss, low, high, xtol=1e-13, rtol=1e-14)) if low < high else t


def tests(score: Score, improve: list[float], policy: Policy) -> MartRow:
    """p of both tests and the Hodges-Lehmann estimate, from the smallest number of pairs on (4.5)."""
    names = ("p_t", "p_wilcoxon", "wilcoxon_method", "n_zero", "primary_test", "p_primary",
             "hl_median", "hl_ci_lo", "hl_ci_hi")  # fmt: skip
    if len(improve) < policy.exact("outcome.min_pairs_test"):
        return dict.fromkeys(names)
    rounded = tuple(sorted(round(value, 9) for value in improve))
    p_wilcoxon, method = signed_rank(rounded)
    p_t = student(improve)
    declared = score.method in str(policy.numbers["outcome.t_test_methods"]).split()
    by_t = declared and len(improve) >= policy.exact("outcome.t_min_pairs") and p_t is not None
    told = (p_t, p_wilcoxon, method, rounded.count(0), "t" if by_t else "wilcoxon",
            p_t if by_t else p_wilcoxon, *hodges_lehmann(rounded))  # fmt: skip
    return dict(zip(names, told, strict=True))


def student(values: Sequence[float]) -> float | None:
    """Two-sided p of Student's t, none where nothing varies."""
    spread, centre, n = sd(values), mean(values), len(values)
    if not spread or centre is None:
        return None
    t = centre / spread * math.sqrt(n)
    return incomplete_beta((n - 1) / 2, 0.5, (n - 1) / (n - 1 + t * t))


@cache
def signed_rank(values: tuple[float, ...]) -> tuple[float, str]:
    """Two-sided p without the zeros: over all sign patterns, or normal beyond fifty changes."""
    changed = sorted((value for value in values if value != 0), key=abs)
    if not changed:
        return 1.0, "exact"
    size = [abs(value) for value in changed]
    # Twice the mean rank of a tie: first plus last place that it takes up.
    last = {value: place for place, value in enumerate(size, start=1)}
    first = {value: place for place, value in reversed(list(enumerate(size, start=1)))}
    doubled = [first[value] + last[value] for value in size]
    positive = sum(r for r, value in zip(doubled, changed, strict=True) if value > 0)
    if len(changed) <= EXACT_UP_TO:
        return all_sign_patterns(doubled, positive), "exact"
    away = max(abs(positive - sum(doubled) / 2) / 2 - 0.5, 0)
    z = away / math.sqrt(sum(r * r for r in doubled) / 16)
    return min(1.0, math.erfc(z / math.sqrt(2))), "normal"


def all_sign_patterns(doubled: list[int], positive: int) -> float:
    """Share of sign patterns at least as far out, twice the smaller tail; whole numbers throughout."""
    ways = [1] + [0] * sum(doubled)
    reached = 0
    for rank in doubled:
        reached += rank
        for total in range(reached, rank - 1, -1):
            ways[total] += ways[total - rank]
    smaller = min(sum(ways[: positive + 1]), sum(ways[positive:]))
    return min(1.0, 2 * smaller / 2 ** len(doubled))


@cache
def hodges_lehmann(values: tuple[float, ...]) -> tuple[float, float | None, float | None]:
    """Median of all (x + y) / 2 and the averages at the place of the limits."""
    walsh = sorted((x + y) / 2 for i, x in enumerate(values) for y in values[i:])
    place = limit_place(len(values))
    if not place:
        return median(walsh), None, None
    return median(walsh), walsh[place - 1], walsh[-place]


@cache
def limit_place(n: int) -> int:
    """Which Walsh average from either end is the limit; 0: too few for one."""
    if n > EXACT_UP_TO:
        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return max(1, int(n * (n + 1) / 4 - Z * spread))
    ways = [1] + [0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for total in range(len(ways) - 1, rank - 1, -1):
            ways[total] += ways[total - rank]
    place, below = 0, 0
    while (below := below + ways[place]) <= 0.025 * 2**n:
        place += 1
    return place


def expected_by_regression(score: Score, policy: Policy) -> float | None:
    """E = -(1 - rho) sigma phi(a) / (1 - Phi(a)) for the scores with an assumed distribution (4.9)."""
    listed = str(policy.numbers["regression_to_mean.scores"]).split()
    if f"{score.instrument}.{score.score_id}" not in listed:
        return None
    names = ("mean", "sd", "cutoff", "correlation")
    mu, sigma, cutoff, rho = (float(policy.exact(f"regression_to_mean.{n}")) for n in names)
    alpha, normal = (cutoff - mu) / sigma, NormalDist()
    return -(1 - rho) * sigma * normal.pdf(alpha) / (1 - normal.cdf(alpha))


def code_columns(visit: str, row: MartRow, score: Score, policy: Policy) -> MartRow:
    """Codes of a row that is whole otherwise (4.9)."""
    share = row["completeness_pct"]
    is_low = None if share is None else share < policy.exact("outcome.min_completeness_pct")
    if visit == "BASELINE":
        return {"low_completeness": is_low, "change_code": None, "wording_code": None}
    if row["n_pair"] < policy.exact("outcome.min_pairs_test"):
        return {"low_completeness": is_low, "change_code": None, "wording_code": "INSUFFICIENT"}
    code = change_code(row, score)
    return {
        "low_completeness": is_low,
        "change_code": code,
        "wording_code": "LOW_COMPLETENESS" if is_low else code,
    }


def change_code(row: MartRow, score: Score) -> str:
    """What the interval of the mean improvement says."""
    low, high, mic = row["improve_ci_lo"], row["improve_ci_hi"], math.inf
    if score.mic is not None:
        share = score.mic["unit"] == "percent"
        mic = score.mic["value"] * (row["baseline_mean"] / 100 if share else 1)
    if high < 0:
        return "WORSE"
    if low <= 0:
        return "NO_CLEAR_CHANGE"
    return "CHANGE_GE_MIC" if low >= mic - 1e-9 else "CHANGE_BELOW_MIC"


def add_family(mart: dict[Any, MartRow], policy: Policy) -> dict[Any, MartRow]:
    """Holm's p and Benjamini-Hochberg's q over the primary score of each domain in each cell (4.5)."""
    domain_of = {
        name: (key.removeprefix("primary."), place)
        for key, told in policy.numbers.items()
        if key.startswith("primary.")
        for place, name in enumerate(str(told).split())
    }
    chosen: dict[Any, Any] = {}
    for key, row in mart.items():
        (cell, instrument, version, score_id, visit) = key
        level, _, band, *splits = cell
        single = "_single" if band == "single" else ""
        is_primary_visit = visit == policy.numbers[f"outcome.primary_visit{single}"]
        domain = domain_of.get(f"{instrument}.{score_id}")
        is_heart = level == "condition" and band != "all" and set(splits) == {"all"}
        if is_heart and is_primary_visit and domain and row["p_primary"] is not None:
            claim = (domain[1], instrument, version, score_id, key)
            chosen[cell, domain[0]] = min(chosen.get((cell, domain[0]), claim), claim)
    members = [claim[-1] for claim in chosen.values()]
    holm, bh = adjusted([mart[key]["p_primary"] for key in members])
    blank = dict.fromkeys(("p_holm", "q_bh", "family_id", "family_m"))
    found = {key: row | blank for key, row in mart.items()}
    for place, key in enumerate(members):
        found[key] |= {"p_holm": holm[place], "q_bh": bh[place],
                       "family_id": "mart_outcome.primary", "family_m": len(members)}  # fmt: skip
    return found


def adjusted(p: list[float]) -> tuple[list[float], list[float]]:
    """Each p by the definitions: Holm's running maximum, Benjamini-Hochberg's running minimum."""
    m, rank = len(p), Counter[int]()
    for place, index in enumerate(sorted(range(m), key=lambda i: p[i]), start=1):
        rank[index] = place
    holm = [
        min(1.0, max((m - rank[j] + 1) * p[j] for j in range(m) if rank[j] <= rank[i]))
        for i in range(m)
    ]
    bh = [min(1.0, min(m / rank[j] * p[j] for j in range(m) if rank[j] >= rank[i]))
          for i in range(m)]  # fmt: skip
    return holm, bh
