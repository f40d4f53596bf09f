"""marts.mart_adherence, recomputed: one row per cell (clinical 1.8, 3.3, 3.4; architecture 8).

Where the specification leaves a denominator open, the public comment of the column was taken as the
definition, and the place says `spec silent:`.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from oracle.adherence import Measures
from oracle.cells import Cell
from oracle.enrolments import Enrolment
from oracle.figures import (
    mean,
    median_survival,
    percent,
    quantile,
    survival,
    survival_interval,
    wilson,
)

MartRow = dict[str, Any]
Pairs = Sequence[tuple[Enrolment, Measures]]


def adherence_row(cell: Cell, members: Pairs, n_planned: int) -> MartRow:
    """Every recomputed column of one cell; over all durations, single sessions stay out (8)."""
    # spec silent: what else than n_enrolled keeps single sessions there. People and planned ones.
    over_all_bands = cell[2] == "all"
    judged = [(one, m) for one, m in members if not (over_all_bands and one.band == "single")]
    measures = [m for _, m in judged]
    reported = [one.sessions_reported for one, _ in judged if one.sessions_reported is not None]
    shares = [one.self_massage_share or 0 for one, _ in judged]
    return {
        "n_enrolled": len(members),
        "n_persons": len({one.participant_key for one, _ in members}),
        "n_planned": n_planned,
        "n_single_excluded": len(members) - len(judged),
        "n_no_start_date": sum(1 for one, _ in judged if one.start is None),
        "n_sessions_reported": len(reported),
        "sessions_reported_mean": mean([Fraction(value) for value in reported]),
        "n_over_half_self_massage": sum(1 for share in shares if share > 0.5),
        **counts(measures),
        **ratios(measures),
        **doses(measures),
        **weeks(measures),
        **lasting(measures),
    }


def counts(measures: list[Measures]) -> MartRow:
    """How many can be judged, began, finished, are adherent."""
    evaluable = [m for m in measures if m.get("adherence_capped") is not None]
    final = [m for m in evaluable if m["programme_state"] == "finished"]
    states = [m.get("programme_state") for m in measures]
    initiated = [m["initiated"] for m in measures if m.get("initiated") is not None]
    return {
        "n_evaluable": len(evaluable),
        "n_adherence_excluded": len(measures) - len(evaluable),
        # spec silent: the denominator of initiation. Those of whom it can be said (3.3).
        "n_initiation_evaluable": len(initiated),
        "n_initiation_excluded": len(measures) - len(initiated),
        "n_initiated": sum(initiated),
        **rate("pct_initiated", sum(initiated), len(initiated)),
        "n_finished": states.count("finished"),
        "n_running": states.count("running"),
        # spec silent: provisional judgements count, as they do in the mean beside them.
        "n_adherent80": sum(1 for m in evaluable if m["adherent80"]),
        "n_adherent80_evaluable": len(evaluable),
        **rate("pct_adherent80", sum(1 for m in evaluable if m["adherent80"]), len(evaluable)),
        "n_final_adherent80": sum(1 for m in final if m["final_adherent80"]),
        "n_final_evaluable": len(final),
        "n_final_excluded": states.count("finished") - len(final),
        **rate("pct_final_adherent80", sum(1 for m in final if m["final_adherent80"]), len(final)),
    }


def rate(name: str, part: int, whole: int) -> MartRow:
    """A rate in percent with its Wilson interval."""
    low, high = wilson(part, whole)
    return {name: percent(part, whole), f"{name}_ci_lo": low, f"{name}_ci_hi": high}


def ratios(measures: list[Measures]) -> MartRow:
    """Adherence over persons, and pooled over doses."""
    evaluable = [m for m in measures if m.get("adherence_capped") is not None]
    minutes = known(measures, "minutes_adherence_capped")
    expected = sum((m["expected_to_date"] for m in evaluable), Fraction(0))
    pooled = sum((m["capped_sessions"] for m in evaluable), Fraction(0))
    return {
        **spread("adherence_capped", [m["adherence_capped"] for m in evaluable]),
        **spread("minutes_adherence", minutes),
        "n_minutes_evaluable": len(minutes),
        "n_minutes_excluded": len(measures) - len(minutes),
        "adherence_pooled": float(pooled / expected) if expected else None,
        "sessions_capped_sum": float(pooled) if evaluable else None,
        "sessions_expected_sum": float(expected) if evaluable else None,
    }


def known(measures: list[Measures], name: str) -> list[Fraction]:
    """The values of one measure where it has one."""
    return [m[name] for m in measures if m.get(name) is not None]


def spread(name: str, values: list[Fraction]) -> MartRow:
    """Mean, median and quartiles of one measure."""
    return {
        f"{name}_mean": mean(values),
        f"{name}_median": quantile(values, 0.5),
        f"{name}_q1": quantile(values, 0.25),
        f"{name}_q3": quantile(values, 0.75),
    }


def doses(measures: list[Measures]) -> MartRow:
    """Minutes received, relative dose intensity, logs from memory."""
    received, intensity = known(measures, "dose_minutes"), known(measures, "rdi")
    recall_known = sum(m.get("sessions_recall_known", 0) for m in measures)
    recalled = sum(m.get("sessions_recalled", 0) for m in measures)
    return {
        "n_dose": len(received),
        "dose_minutes_median": quantile(received, 0.5),
        "dose_minutes_q1": quantile(received, 0.25),
        "dose_minutes_q3": quantile(received, 0.75),
        "n_rdi": len(intensity),
        "rdi_median": quantile(intensity, 0.5),
        "logs_recall_known_sum": recall_known,
        "logs_recall_unknown_sum": sum(m.get("sessions_recall_unknown", 0) for m in measures),
        "logs_recalled_sum": recalled,
        "pct_recalled_logs": percent(recalled, recall_known),
    }


def weeks(measures: list[Measures]) -> MartRow:
    """Programme weeks that matured, those over-adherent, those left out."""
    # spec silent: the cell's share of over-adherent weeks. Over the matured weeks of the evaluable.
    evaluable = [m for m in measures if m.get("adherence_capped") is not None]
    matured = sum(m.get("weeks_matured", 0) for m in evaluable)
    over = sum(m.get("over_adherent_weeks", 0) for m in evaluable)
    return {
        "weeks_matured_sum": matured,
        "weeks_over_adherent_sum": over,
        "over_adherent_pct": percent(over, matured),
        "weeks_excused_sum": sum(m.get("weeks_excused", 0) for m in measures),
        "weeks_not_observed_sum": sum(m.get("weeks_not_observed", 0) for m in measures),
    }


def lasting(measures: list[Measures]) -> MartRow:
    """Kaplan-Meier persistence from the prescription at weeks 1, 2, 4, 8, 12."""
    times = [(m["km_time"], m["km_event"]) for m in measures if m.get("km_time") is not None]
    median = median_survival(times)
    row: MartRow = {
        "n_persistence": len(times),
        "n_persistence_excluded": len(measures) - len(times),
        "median_persistence_days": None if median is None else float(median),
    }
    for week in (1, 2, 4, 8, 12):
        value = survival(times, 7 * week)
        low, high = survival_interval(times, 7 * week)
        row[f"persist_w{week}"] = None if value is None else float(value)
        row[f"persist_w{week}_ci_lo"], row[f"persist_w{week}_ci_hi"] = low, high
        # spec silent: the n at risk of an empty curve. Unknown, not zero.
        at_risk = sum(1 for time, _ in times if time >= 7 * week)
        row[f"persist_w{week}_n_at_risk"] = at_risk if times else None
    return row
