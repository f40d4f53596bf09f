"""marts.mart_outcome, recomputed: one row per cell x score x visit (clinical 1.8, 4.2 to 4.4, 4.6)."""

from typing import Any

from oracle.definitions import Policy
from oracle.enrolments import Enrolment
from oracle.figures import mean, mean_interval, percent, quantile, sd, wilson
from oracle.outcomes import Outcome, is_due

MartRow = dict[str, Any]


def outcome_row(
    visit: str, members: list[Enrolment], rows: list[Outcome], policy: Policy
) -> MartRow:
    """Every recomputed column of one cell x score x visit; `rows` are the cell's of that score."""
    due = {one.key for one in members if is_due(one, visit, policy)}
    here = [row for row in rows if row.visit == visit]
    # spec silent: pairs of the baseline with itself. The baseline row has none.
    pairs = [row for row in here if row.base is not None and visit != "BASELINE"]
    return {
        "n_enrolled": len(members),
        "n_persons": len({one.participant_key for one in members}),
        "n_due": len(due),
        "n_baseline": len({row.enrolment.key for row in rows if row.visit == "BASELINE"}),
        "n_followup": len(here),
        "n_pair": len(pairs),
        # spec silent: pairs whose window is still open. They are not due, and stay out of both.
        "completeness_pct": percent(sum(1 for p in pairs if p.enrolment.key in due), len(due)),
        "n_visit": len(here),
        "visit_mean": mean([row.aval for row in here]),
        "visit_sd": sd([row.aval for row in here]),
        **change_columns(pairs),
        **responder_columns(pairs, {row.enrolment.key for row in pairs} & due, len(due), policy),
    }


def change_columns(pairs: list[Outcome]) -> MartRow:
    """Means, SDs and Student's interval over the pairs (4.2, 4.4)."""
    base = [row.base for row in pairs if row.base is not None]
    change = [value for row in pairs if (value := row.change()) is not None]
    improve = [value for row in pairs if (value := row.improve()) is not None]
    percents = [value for row in pairs if (value := row.percent_change()) is not None]
    low, high = mean_interval(change)
    improve_low, improve_high = mean_interval(improve)
    return {
        "baseline_mean": mean(base),
        "baseline_sd": sd(base),
        "followup_mean": mean([row.aval for row in pairs]),
        "followup_sd": sd([row.aval for row in pairs]),
        "change_mean": mean(change),
        "change_sd": sd(change),
        "change_ci_lo": low,
        "change_ci_hi": high,
        "improve_mean": mean(improve),
        "improve_sd": sd(improve),
        "improve_ci_lo": improve_low,
        "improve_ci_hi": improve_high,
        "improve_median": quantile(improve, 0.5),
        "pchg_mean": mean(percents),
        "n_pchg": len(percents),
    }


def responder_columns(
    pairs: list[Outcome], due_pairs: set[Any], n_due: int, policy: Policy
) -> MartRow:
    """Three definitions of a responder over three denominators (4.3; architecture 8)."""
    r30 = float(policy.exact("responder.moderate_percent"))
    r50 = float(policy.exact("responder.substantial_percent"))
    row: MartRow = {"n_worse_mic": sum(1 for p in pairs if p.moved_by_mic(-1))}
    for name, flags, eligible in (
        ("mic", [p.moved_by_mic(+1) for p in pairs], [p.can_respond_mic() for p in pairs]),
        ("r30", [p.is_responder(r30) for p in pairs], [p.can_respond_percent() for p in pairs]),
        ("r50", [p.is_responder(r50) for p in pairs], [p.can_respond_percent() for p in pairs]),
    ):
        chosen = [p.enrolment.key in due_pairs for p in pairs]
        n_pair = sum(1 for flag in flags if flag)
        n_due_resp = sum(1 for flag, due in zip(flags, chosen, strict=True) if flag and due)
        n_can = sum(1 for flag, can in zip(flags, eligible, strict=True) if flag and can)
        row |= rates(name, "pair", n_pair, len(pairs))
        row |= rates(name, "due", n_due_resp, n_due)
        row |= rates(name, "eligible", n_can, sum(eligible))
    return row


def rates(name: str, over: str, part: int, whole: int) -> MartRow:
    """One responder rate with its counts and Wilson interval."""
    low, high = wilson(part, whole)
    return {
        f"n_resp_{name}_{over}": part,
        f"n_{over}_{name}": whole,
        f"pct_resp_{name}_{over}": percent(part, whole),
        f"pct_resp_{name}_{over}_ci_lo": low,
        f"pct_resp_{name}_{over}_ci_hi": high,
    }
