"""marts.mart_outcome, recomputed: one row per cell x score x visit (clinical 1.8, 4.2 to 4.4, 4.6).

Where the specification leaves a denominator open, the public comment of the column was taken as the
definition, and the place says `spec silent:`.
"""

from typing import Any

from oracle.definitions import Policy, Score
from oracle.enrolments import Enrolment
from oracle.figures import correlation, mean, mean_interval, percent, sd, wilson
from oracle.inference import code_columns, inference_columns
from oracle.outcomes import Outcome

MartRow = dict[str, Any]


def outcome_row(
    visit: str,
    members: list[Enrolment],
    rows: list[Outcome],
    recall_days: float | None,
    policy: Policy,
) -> MartRow:
    """Every recomputed column of one cell x score x visit; `rows` are the cell's of that score."""
    here = [row for row in rows if row.visit == visit]
    answered = [row for row in here if row.aval is not None]
    due = [row for row in here if row.is_due]
    pairs = [row for row in here if row.is_pair()]
    # spec silent: completeness of the baseline itself. Answers among those due.
    complete = [row for row in (answered if visit == "BASELINE" else pairs) if row.is_due]
    row: MartRow = {
        "n_enrolled": len(members),
        "n_persons": len({one.participant_key for one in members}),
        "n_due": len(due),
        "n_baseline": len({row.enrolment.key for row in rows if row.base is not None}),
        "n_followup": 0 if visit == "BASELINE" else len(answered),
        "n_pair": len(pairs),
        # spec silent: pairs whose window is still open. They are not due, and stay out of both.
        "n_pair_due": sum(1 for row in pairs if row.is_due),
        "completeness_pct": percent(len(complete), len(due)),
        **visit_columns(answered, recall_days),
        **change_columns(pairs),
        **responder_columns(visit, here[0].score, pairs, len(due), policy),
        **inference_columns(visit, here[0].score, here, pairs, policy),
    }
    return row | code_columns(visit, row, here[0].score, policy)


def visit_columns(answered: list[Outcome], recall_days: float | None) -> MartRow:
    """All valid scores at the visit, paired or not (architecture 8)."""
    values = [row.aval for row in answered if row.aval is not None]
    days = [row.ady for row in answered if row.ady is not None]
    # spec silent: the recall period of a baseline always reaches back before the start; no flag.
    flagged = [row.ady for row in answered if row.ady is not None and row.visit != "BASELINE"]
    n_overlaps = sum(1 for day in flagged if recall_days is not None and day < recall_days)
    authors = {row.scored_by for row in answered}
    return {
        "n_visit": len(values),
        "visit_mean": mean(values),
        "visit_sd": sd(values),
        "n_label": len(answered) - len(days),
        "n_recall_overlap": n_overlaps,
        "scored_by": (authors.pop() if len(authors) == 1 else "mixed") if authors else None,
    }


def change_columns(pairs: list[Outcome]) -> MartRow:
    """Means, SDs and Student's interval over the pairs (4.2, 4.4)."""
    both = [(p.base, p.aval) for p in pairs if p.base is not None and p.aval is not None]
    change = [value for p in pairs if (value := p.change()) is not None]
    improve = [value for p in pairs if (value := p.improve()) is not None]
    percents = [value for p in pairs if (value := p.percent_change()) is not None]
    low, high = mean_interval(change)
    improve_low, improve_high = mean_interval(improve)
    return {
        "baseline_mean": mean([base for base, _ in both]),
        "baseline_sd": sd([base for base, _ in both]),
        "followup_mean": mean([aval for _, aval in both]),
        "followup_sd": sd([aval for _, aval in both]),
        "change_mean": mean(change),
        "change_sd": sd(change),
        "change_ci_lo": low,
        "change_ci_hi": high,
        "improve_mean": mean(improve),
        "improve_sd": sd(improve),
        "improve_ci_lo": improve_low,
        "improve_ci_hi": improve_high,
        "pchg_mean": mean(percents),
        "n_pchg": len(percents),
        "r_pre_post": correlation(both),
        "floor_pct": percent(sum(1 for p in pairs if p.is_base_at_best()), len(pairs)),
    }


def responder_columns(
    visit: str, score: Score, pairs: list[Outcome], n_due: int, policy: Policy
) -> MartRow:
    """Three definitions of a responder over three denominators (4.3; architecture 8)."""
    r30 = float(policy.exact("responder.moderate_percent"))
    r50 = float(policy.exact("responder.substantial_percent"))
    eligible = [p for p in pairs if p.can_respond()]
    # spec silent: a share that cannot exist (the baseline row, no MIC, no percent change allowed)
    # is NULL, and so are its counts.
    has_mic = score.mic is not None and visit != "BASELINE"
    has_percent = score.percent_change and visit != "BASELINE"
    mic = score.mic or {}
    row: MartRow = {
        "mic_value": mic.get("value"),
        "mic_unit": mic.get("unit"),
        "mic_source": mic.get("source"),
        "n_eligible_resp": len(eligible) if has_mic else None,
        "n_worse_mic": sum(1 for p in pairs if p.moved_by_mic(-1)) if has_mic else None,
    }
    for name, exists, responds in (
        ("mic", has_mic, {id(p) for p in pairs if p.moved_by_mic(+1)}),
        ("r30", has_percent, {id(p) for p in pairs if p.is_responder(r30)}),
        ("r50", has_percent, {id(p) for p in pairs if p.is_responder(r50)}),
    ):
        due = sum(1 for p in pairs if p.is_due and id(p) in responds)
        can = sum(1 for p in eligible if id(p) in responds)
        row |= rates(name, "pair", len(responds), len(pairs), exists)
        row |= rates(name, "due", due, n_due, exists)
        row |= rates(name, "eligible", can, len(eligible), exists and has_mic)
    return row


def rates(name: str, over: str, part: int, whole: int, exists: bool) -> MartRow:
    """One responder rate with its count and Wilson interval."""
    low, high = wilson(part, whole) if exists else (None, None)
    return {
        f"n_resp_{name}_{over}": part if exists else None,
        f"pct_resp_{name}_{over}": percent(part, whole) if exists else None,
        f"pct_resp_{name}_{over}_ci_lo": low,
        f"pct_resp_{name}_{over}_ci_hi": high,
    }
