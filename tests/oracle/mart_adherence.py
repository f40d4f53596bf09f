"""marts.mart_adherence, recomputed: one row per cell (clinical 1.8, 3.3, 3.4; architecture 8)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from oracle.adherence import Measures
from oracle.cells import Cell
from oracle.enrolments import Enrolment
from oracle.figures import mean, median_survival, percent, quantile, survival, wilson

MartRow = dict[str, Any]
Pairs = Sequence[tuple[Enrolment, Measures]]


def adherence_row(cell: Cell, members: Pairs) -> MartRow:
    """Every recomputed column of one cell; over all durations, single sessions stay out (8)."""
    over_all_bands = cell[2] == "all"
    judged = [(one, m) for one, m in members if not (over_all_bands and one.band == "single")]
    measures = [m for _, m in judged]
    return {
        "n_enrolled": len(members),
        "n_persons": len({one.participant_key for one, _ in members}),
        **counts(measures),
        **ratios(measures),
        **doses(measures),
        **lasting(measures),
    }


def counts(measures: list[Measures]) -> MartRow:
    """How many can be judged, began, finished, are adherent."""
    evaluable = [m for m in measures if m.get("adherence_capped") is not None]
    initiated = [m["initiated"] for m in measures if m.get("initiated") is not None]
    adherent = sum(1 for m in evaluable if m["adherent80"])
    low, high = wilson(adherent, len(evaluable))
    return {
        "n_evaluable": len(evaluable),
        "n_initiated": sum(initiated),
        # spec silent: the denominator of initiation. Those of whom it can be said (3.3).
        "pct_initiated": percent(sum(initiated), len(initiated)),
        "n_finished": sum(1 for m in measures if m.get("programme_state") == "finished"),
        "n_running": sum(1 for m in measures if m.get("programme_state") == "running"),
        # spec silent: provisional judgements count, as they do in the mean beside them.
        "n_adherent80": adherent,
        "pct_adherent80": percent(adherent, len(evaluable)),
        "pct_adherent80_ci_lo": low,
        "pct_adherent80_ci_hi": high,
    }


def ratios(measures: list[Measures]) -> MartRow:
    """Adherence over persons, and pooled over doses."""
    capped = [m["adherence_capped"] for m in measures if m.get("adherence_capped") is not None]
    minutes = [
        m["minutes_adherence_capped"]
        for m in measures
        if m.get("minutes_adherence_capped") is not None
    ]
    evaluable = [m for m in measures if m.get("adherence_capped") is not None]
    expected = sum((m["expected_to_date"] for m in evaluable), Fraction(0))
    pooled = sum((m["capped_sessions"] for m in evaluable), Fraction(0))
    return {
        **spread("adherence_capped", capped),
        **spread("minutes_adherence", minutes),
        "adherence_pooled": float(pooled / expected) if expected else None,
    }


def spread(name: str, values: list[Fraction]) -> MartRow:
    """Mean, median and quartiles of one measure."""
    return {
        f"{name}_mean": mean(values),
        f"{name}_median": quantile(values, 0.5),
        f"{name}_q1": quantile(values, 0.25),
        f"{name}_q3": quantile(values, 0.75),
    }


def doses(measures: list[Measures]) -> MartRow:
    """Minutes received, relative dose intensity, over-adherence."""
    received = [m["dose_minutes"] for m in measures if m.get("dose_minutes") is not None]
    intensity = [m["rdi"] for m in measures if m.get("rdi") is not None]
    matured = sum(m.get("weeks_matured", 0) for m in measures if "over_adherent_weeks" in m)
    over = sum(m.get("over_adherent_weeks", 0) for m in measures)
    return {
        "dose_minutes_median": quantile(received, 0.5),
        "dose_minutes_q1": quantile(received, 0.25),
        "dose_minutes_q3": quantile(received, 0.75),
        "rdi_median": quantile(intensity, 0.5),
        # spec silent: the cell's share of over-adherent weeks. Over all its matured weeks.
        "over_adherent_pct": percent(over, matured),
    }


def lasting(measures: list[Measures]) -> MartRow:
    """Kaplan-Meier persistence from the prescription at weeks 1, 2, 4, 8, 12."""
    times = [(m["km_time"], m["km_event"]) for m in measures if m.get("km_time") is not None]
    row: MartRow = {}
    for week in (1, 2, 4, 8, 12):
        value = survival(times, 7 * week)
        row[f"persist_w{week}"] = None if value is None else float(value)
        row[f"persist_w{week}_n_at_risk"] = sum(1 for time, _ in times if time >= 7 * week)
    median = median_survival(times)
    row["median_persistence_days"] = None if median is None else float(median)
    return row
