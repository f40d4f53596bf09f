"""What a source usually sends, and what it has not sent: fewer rows than usual, no export when one was due.

Told as warnings, because a clinic may have closed for a week; a release is refused for it only if the policy says so. The usual is the
source's own past, so a source with a short past is not judged.
"""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from flows.steps.checks import Check, Kind, Outcome
from schemas.policy import Policy


def source_states(files: list[dict[str, Any]], policy: Policy, today: date) -> list[dict[str, Any]]:
    """One entry per source: newest export and its age, rows and days as usual (None: not enough exports), warnings."""
    rows: dict[tuple[str, str], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for file in files:
        # Files of one day are one export: a snapshot may come in several.
        day = date.fromisoformat(file["exported_at"][:10])
        rows[file["clinic_id"], file["source_id"]][day] += file["rows_read"]
    return [_state("/".join(source), dict(rows[source]), policy, today) for source in sorted(rows)]


def _state(source: str, rows: dict[date, int], policy: Policy, today: date) -> dict[str, Any]:
    days = sorted(rows)
    state: dict[str, Any] = {
        "source": source, "newest_export": str(days[-1]), "age_days": (today - days[-1]).days,
        "rows": rows[days[-1]], "usual_rows": None, "usual_days": None, "fewer_rows": None, "overdue": None,
    }  # fmt: skip
    if len(days) < policy.number("silence.min_exports"):
        return state
    k = int(policy.number("silence.usual_exports"))
    usual_rows = median(rows[day] for day in days[:-1][-k:])
    gaps = [(b - a).days for a, b in pairwise(days)][-k:]
    state |= {"usual_rows": usual_rows, "usual_days": median(gaps)}
    if rows[days[-1]] < policy.number("silence.volume_share") * usual_rows:
        state["fewer_rows"] = (
            f"{source}: the newest export ({days[-1]}) holds {rows[days[-1]]} rows, usually {usual_rows:g}; "
            "look whether it was cut short, and if so have it exported again"
        )
    due = days[-1] + timedelta(days=policy.number("silence.due_factor") * median(gaps))
    if today > due:
        state["overdue"] = (
            f"{source}: no export since {days[-1]} ({(today - days[-1]).days} days), usually one every "
            f"{median(gaps):g} days; look whether the transfer still works, or ask the clinic for it"
        )
    return state


def source_warnings(states: list[dict[str, Any]]) -> list[str]:
    """What is to be told of all sources."""
    return [state[key] for state in states for key in ("fewer_rows", "overdue") if state[key]]


def source_checks(states: list[dict[str, Any]], policy: Policy) -> list[Check]:
    """The same as checks of the gate; sources that were not judged are left out."""
    is_blocking = policy.number("silence.blocks") > 0
    told = {
        "fewer_rows": "the newest export holds as many rows as usual",
        "overdue": "no export is overdue",
    }
    return [
        Check(
            f"{state['source']}: {key}", state[key] or f"{state['source']}: {what}",
            Outcome.FAILED if state[key] else Outcome.PASSED, kind=Kind.SOURCE, is_blocking=is_blocking,
        )
        for state in states if state["usual_rows"] is not None
        for key, what in told.items()
    ]  # fmt: skip
