"""marts.mart_acute of the session log, recomputed: person-level means first (clinical 4.7)."""

import math
from typing import Any

from scipy import stats
from statsmodels.stats.multitest import multipletests

from oracle.cells import Cell, cells_of
from oracle.enrolments import Enrolment
from oracle.figures import mean, mean_interval, sd, t_quantile, wilson
from oracle.network import Network, Rating
from oracle.ranks import hodges_lehmann, wilcoxon_p

MartRow = dict[str, Any]
SCORE = ("session_log", "0-10", "pain")


def acute_mart(network: Network) -> dict[Any, MartRow]:
    """One row per cell in which any session was rated twice."""
    inside: dict[Cell, list[Enrolment]] = {}
    for one in network.enrolled:
        for cell in cells_of(one, network.policy):
            inside.setdefault(cell, []).append(one)
    found = {}
    for cell, members in inside.items():
        people: dict[str, list[Rating]] = {}
        for one in members:
            if network.ratings.get(one.key):
                people.setdefault(one.participant_key, []).extend(network.ratings[one.key])
        row = acute_row(people, cell[3:] == ("all",) * 4)
        if row["n_persons"]:
            found[(cell, *SCORE)] = row
    add_family(found)
    return found


def acute_row(people: dict[str, list[Rating]], is_heart: bool) -> MartRow:
    rated = {
        key: [(pre, post) for pre, post in ratings if pre is not None and post is not None]
        for key, ratings in people.items()
    }
    changes = {key: [pre - post for pre, post in r] for key, r in rated.items() if r}
    room = {k: [a - b for a, b in r if a >= 1] for k, r in rated.items()}
    means = [mean(values) for values in changes.values()]
    means_room = [mean(values) for values in room.values() if values]
    n, n_worse = len(means), sum(1 for m in means if m < 0)
    n_active = sum(len(r) for r in people.values())
    worse = {key: sum(1 for c in values if c < 0) for key, values in changes.items()}
    low, high = mean_interval(means)
    room_low, room_high = mean_interval(means_room)
    worse_low, worse_high = wilson(n_worse, n)
    n_sessions = sum(len(c) for c in changes.values())
    row = {
        "n_persons_active": len(people), "n_sessions_active": n_active,
        "n_persons": n, "n_sessions": n_sessions,
        "pct_sessions_rated": 100 * n_sessions / n_active if n_active else None,
        "change_mean": None if n == 0 else -mean(means), "improve_mean": mean(means),
        "improve_sd": sd(means), "improve_ci_lo": low, "improve_ci_hi": high,
        "n_persons_room": len(means_room), "n_sessions_room": sum(len(v) for v in room.values()),
        "improve_room_mean": mean(means_room), "improve_room_sd": sd(means_room),
        "improve_room_ci_lo": room_low, "improve_room_ci_hi": room_high,
        "n_persons_worse": n_worse, "pct_persons_worse": 100 * n_worse / n if n else None,
        "pct_persons_worse_ci_lo": worse_low, "pct_persons_worse_ci_hi": worse_high,
        "n_persons_any_worse": sum(1 for w in worse.values() if w),
        "n_sessions_worse": sum(worse.values()),
    }  # fmt: skip
    return row | tests_of(means, is_heart) | random_intercept(list(changes.values()))


def tests_of(means: list[float], is_heart: bool) -> MartRow:
    row: MartRow = dict.fromkeys(
        ("p_t", "p_wilcoxon", "hl_median", "hl_ci_lo", "hl_ci_hi", "p_holm", "q_bh", "family_id", "family_m")
    )  # fmt: skip
    if len(means) >= 20:
        row["p_t"] = float(stats.ttest_1samp(means, 0).pvalue)
        if is_heart:
            row["p_wilcoxon"] = wilcoxon_p(means)
            row["hl_median"], row["hl_ci_lo"], row["hl_ci_hi"] = hodges_lehmann(means)
    return row


def random_intercept(changes: list[list[float]]) -> MartRow:
    """One-way random effects by moments; NULL where nobody has two sessions or nothing varies."""
    names = ("mixed_improve_mean", "mixed_improve_ci_lo", "mixed_improve_ci_hi", "icc")
    people, total = len(changes), sum(len(c) for c in changes)
    if people < 2 or total == people:
        return dict.fromkeys(names)
    within = sum((x - mean(c)) ** 2 for c in changes for x in c) / (total - people)
    if within < 1e-12:
        return dict.fromkeys(names)
    grand = sum(x for c in changes for x in c) / total
    between = sum(len(c) * (mean(c) - grand) ** 2 for c in changes) / (people - 1)
    typical = (total - sum(len(c) ** 2 for c in changes) / total) / (people - 1)
    tau2 = max(0.0, (between - within) / typical)
    weights = [1 / (tau2 + within / len(c)) for c in changes]
    estimate = sum(w * mean(c) for w, c in zip(weights, changes, strict=True)) / sum(weights)
    half = t_quantile(people - 1) / math.sqrt(sum(weights))
    values = (estimate, estimate - half, estimate + half, tau2 / (tau2 + within))
    return dict(zip(names, values, strict=True))


def add_family(found: dict[Any, MartRow]) -> None:
    """Cells of condition x duration band that were tested are one family."""
    members = [
        key for key, row in found.items()
        if row["p_wilcoxon"] is not None and key[0][0] == "condition" and key[0][2] != "all"
    ]  # fmt: skip
    if not members:
        return
    p = [found[key]["p_wilcoxon"] for key in members]
    holm = multipletests(p, method="holm")[1]
    q = multipletests(p, method="fdr_bh")[1]
    for place, key in enumerate(members):
        found[key] |= {"p_holm": float(holm[place]), "q_bh": float(q[place]),
                       "family_id": "acute", "family_m": len(members)}  # fmt: skip
