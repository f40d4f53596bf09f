"""Initiation and persistence of one enrolment (clinical 3.3 `initiated`, 3.4; architecture 8)."""

from fractions import Fraction

from oracle.definitions import Policy
from oracle.enrolments import Enrolment
from oracle.sessions import Session

Days = int | Fraction


def persistence(
    one: Enrolment, sessions: list[Session], policy: Policy
) -> tuple[bool | None, Days | None, int | None]:
    """(initiated, time, event) of a multi-week or open-ended plan."""
    as_of, end, gap = one.as_of_day() or 0, one.end_day(), longest_gap(one, policy)
    last_day = as_of if end is None else min(end, as_of)
    days = sorted({s.day for s in sessions if s.is_active() and 1 <= s.day <= last_day})
    initiated = True if days else (False if as_of > gap else None)
    time, event = first_discontinuation(days, as_of, end, gap, withdrawal_day(one))
    return initiated, time, event


def longest_gap(one: Enrolment, policy: Policy) -> Days:
    """G of 3.4: 14 days, 7 below four weeks, or 2 x 7 / F if that is larger."""
    short = one.weeks is not None and one.weeks < policy.exact("adherence.gap_short_below_weeks")
    gap = policy.exact("adherence.gap_days_short" if short else "adherence.gap_days")
    # spec silent: the F of G. The one of day 1; without a frequency G is the plain number of days.
    per_week = one.version_on(1).per_week
    return max(gap, Fraction(14) / per_week) if per_week else gap


def withdrawal_day(one: Enrolment) -> int | None:
    """Day of withdrawal by the clinician or death, a competing event (3.4)."""
    competing = one.status == "stopped_by_clinician" or one.stop_reason == "died"
    if not competing or one.status_date is None or one.start is None:
        return None
    return (one.status_date - one.start).days + 1


def first_discontinuation(
    days: list[int], as_of: int, end: int | None, gap: Days, withdrawn: int | None
) -> tuple[Days | None, int | None]:
    """(time, event): the last active day before the first gap, or the end of what can be seen."""
    seen_until: Days = as_of - gap if end is None else min(Fraction(end), as_of - gap)
    if seen_until < 0:
        return None, None
    if not days:
        return never_started(as_of, end, gap, withdrawn)
    # Nobody still running can be active again before the day after the as-of day, so L <= A - G
    # means a gap longer than G; the end of a programme that is over closes the last gap (8).
    horizon = end if end is not None and end <= as_of else as_of + 1
    # spec silent: silence after a withdrawal is no gap, so gaps are looked for up to that day.
    if withdrawn is not None:
        horizon, seen_until = min(horizon, withdrawn), min(seen_until, Fraction(withdrawn))
    days = [day for day in days if day <= horizon]
    if not days:
        return never_started(as_of, end, gap, withdrawn)
    for day, following in zip(days, [*days[1:], horizon], strict=True):
        if following - day > gap and day <= seen_until:
            return day, 1
    return seen_until, 0


def never_started(
    as_of: int, end: int | None, gap: Days, withdrawn: int | None
) -> tuple[Days | None, int | None]:
    """Event at day 0 once A > G, before that not evaluable (3.4)."""
    # spec silent: someone withdrawn before G days had passed could not be seen as a non-starter.
    if withdrawn is not None and withdrawn <= gap:
        return max(0, withdrawn if end is None else min(withdrawn, end)), 0
    return (0, 1) if as_of > gap else (None, None)
