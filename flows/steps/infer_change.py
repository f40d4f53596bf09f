"""Means, intervals and standardised sizes of the changes, group by group. No test stands here."""

import numpy as np

from flows.stats.effect_size import (
    hedges_g_average,
    noncentrality_limits,
    standardised_response_mean,
)
from flows.stats.mean import t_interval
from flows.stats.moments import Floats, Ints, grouped_correlation, grouped_moments
from flows.stats.proportion import wilson_interval
from flows.steps.infer_groups import Groups, Scores

MOMENTS = (
    "visit_mean", "visit_sd", "baseline_mean", "baseline_sd", "followup_mean", "followup_sd",
    "improve_mean", "improve_sd", "pchg_mean", "r_pre_post", "improve_due_mean", "n_improve_due",
)  # fmt: skip
SIZES = ("srm", "srm_ci_lo", "srm_ci_hi", "g_av", "g_av_ci_lo", "g_av_ci_hi")
RESPONSES = ("mic", "r30", "r50")
DENOMINATORS = {"pair": "n_pair", "due": "n_due", "eligible": "n_eligible_resp"}


def moments_by_group(scores: Scores, groups: Groups) -> dict[str, Floats]:
    """Means, SDs and the correlation of the pairs, by group."""
    result = {name: np.full(groups.n, np.nan) for name in MOMENTS}
    pairs = scores.where("improve")
    parts = (scores, pairs, pairs.where("pchg"), pairs.where("improve_due"))
    # One kind at a time: thirty kinds of a large release side by side would not fit into memory.
    for place, start, stop in groups.kinds(scores.stratum, scores.score_visit):
        new = [part.among((place >= 0)[part.leaf]) for part in parts]
        for name, column in _moments([place[n.leaf] for n in new], new, stop - start).items():
            result[name][start:stop] = column
    return groups.from_first(result)


def _moments(groups: list[Ints], parts: list[Scores], n_groups: int) -> dict[str, Floats]:
    """Moments of one kind of cell: of all scores, of the pairs, of those with a percent change, of the due."""
    (of_all, of_pair, of_percent, of_due), (scores, pairs, percents, due) = groups, parts
    base_value, aval_value = pairs.values["base"], pairs.values["aval"]
    visit = grouped_moments(of_all, scores.values["aval"], n_groups)
    base = grouped_moments(of_pair, base_value, n_groups)
    followup = grouped_moments(of_pair, aval_value, n_groups)
    improve = grouped_moments(of_pair, pairs.values["improve"], n_groups)
    improve_due = grouped_moments(of_due, due.values["improve_due"], n_groups)
    return {
        "visit_mean": visit.mean, "visit_sd": visit.sd,
        "baseline_mean": base.mean, "baseline_sd": base.sd,
        "followup_mean": followup.mean, "followup_sd": followup.sd,
        "improve_mean": improve.mean, "improve_sd": improve.sd,
        "pchg_mean": grouped_moments(of_percent, percents.values["pchg"], n_groups).mean,
        "r_pre_post": grouped_correlation(of_pair, base_value, aval_value, base, followup),
        "improve_due_mean": improve_due.mean, "n_improve_due": improve_due.n.astype(np.float64),
    }  # fmt: skip


def change_columns(moments: dict[str, Floats], groups: Groups, level: float) -> dict[str, Floats]:
    """Intervals of the mean improvement, and the same seen as change of the score."""
    mean, sd, sign = moments["improve_mean"], moments["improve_sd"], groups.number("sign")
    lower, upper = t_interval(groups.counts["n_pair"].astype(np.int64), mean, sd, level)
    return {
        "improve_ci_lo": lower, "improve_ci_hi": upper,
        "change_mean": sign * mean, "change_sd": sd,
        "change_ci_lo": np.minimum(sign * lower, sign * upper),
        "change_ci_hi": np.maximum(sign * lower, sign * upper),
    }  # fmt: skip


def size_columns(moments: dict[str, Floats], n_pair: Floats, level: float) -> dict[str, Floats]:
    """SRM and g_av with their intervals; equal groups (a cell and its only part) are worked out once."""
    names = ("improve_mean", "improve_sd", "baseline_sd", "followup_sd")
    wanted = np.flatnonzero((n_pair > 1) & (moments["improve_sd"] > 0))
    result = {name: np.full(len(n_pair), np.nan) for name in SIZES}
    rows = np.column_stack([n_pair[wanted], *(moments[name][wanted] for name in names)])
    unique, back = np.unique(rows, axis=0, return_inverse=True)
    n, mean, sd, sd_pre, sd_post = unique.T
    limits = noncentrality_limits(mean / sd * np.sqrt(n), n - 1, level)
    sizes = (
        *standardised_response_mean(n, mean, sd, level, limits),
        *hedges_g_average(n, mean, sd, sd_pre, sd_post, level, limits),
    )
    for name, size in zip(SIZES, sizes, strict=True):
        result[name][wanted] = size[back]
    return result


def responder_intervals(groups: Groups, level: float) -> dict[str, Floats]:
    """Wilson limits in percent of every responder share and of those worse; the mart drops what has no meaning."""
    shares = {
        f"resp_{response}_{name}": (f"n_resp_{response}_{name}", denominator)
        for response in RESPONSES
        for name, denominator in DENOMINATORS.items()
    }
    shares["worse_mic"] = ("n_worse_mic", "n_pair")
    columns: dict[str, Floats] = {}
    for share, (count, denominator) in shares.items():
        lower, upper = wilson_interval(groups.number(count), groups.number(denominator), level)
        columns |= {f"pct_{share}_ci_lo": 100 * lower, f"pct_{share}_ci_hi": 100 * upper}
    return columns
