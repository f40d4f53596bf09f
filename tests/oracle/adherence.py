"""Adherence of one enrolment (clinical 3.2, 3.3, 3.5; architecture 8, Adherence), exact in fractions.

The keys of the result are those under `expected` in vectors/adherence.json, plus what the mart sums.
"""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from oracle.definitions import Policy
from oracle.enrolments import Enrolment
from oracle.persistence import persistence
from oracle.sessions import Session

Measures = dict[str, Any]


def adherence(
    one: Enrolment, sessions: list[Session], policy: Policy, silent: set[date]
) -> Measures:
    """Every measure of one enrolment; an enrolment without a start has none."""
    if one.start is None:
        return {"reason": "no_start_date"}
    if one.band == "single":
        return single_session(one, sessions, policy)
    seen = {**weekly(one, sessions, policy, silent), **outside(one, sessions)}
    seen |= dose(one, sessions) | recall(one, sessions)
    seen["initiated"], seen["km_time"], seen["km_event"] = persistence(one, sessions, policy)
    return seen


def single_session(one: Enrolment, sessions: list[Session], policy: Policy) -> Measures:
    """Done or not within the due days (3.5); no weekly measure, no persistence."""
    last = min(one.due_days, one.as_of_day() or 0)
    inside = [s for s in sessions if 1 <= s.day <= last]
    completed = int(any(is_counted(s, one, policy) for s in inside))
    evaluable = bool(completed) or (one.as_of_day() or 0) >= one.due_days
    active = any(s.is_active() for s in inside)
    due_minutes = one.version_on(1).minutes if evaluable else None
    minutes = recorded_minutes(inside)
    return {
        "prescribed_total": 1,
        "evaluable": evaluable,
        "completed": completed,
        "programme_state": "finished" if evaluable else "running",
        "adherence_capped": Fraction(completed) if evaluable else None,
        # spec silent: the minutes adherence of a single session. Its minutes over those prescribed.
        "minutes_adherence_capped": ratio(capped_at(minutes, due_minutes), due_minutes),
        "minutes_adherence_uncapped": ratio(minutes, due_minutes),
        "adherent80": bool(completed) if evaluable else None,
        "final_adherent80": bool(completed) if evaluable else None,
        "initiated": True if active else (False if evaluable else None),
        "capped_sessions": Fraction(completed if evaluable else 0),
        "expected_to_date": Fraction(1 if evaluable else 0),
        "km_time": None,
        "km_event": None,
        **dose(one, sessions),
        **recall(one, sessions),
        **outside(one, sessions),
    }


def is_counted(session: Session, one: Enrolment, policy: Policy) -> bool:
    """A session that counts: done, and at least half of the prescribed minutes (3.2)."""
    week_start = 7 * ((session.day - 1) // 7) + 1
    prescribed = one.version_on(week_start).minutes
    if session.minutes is None or prescribed is None:
        return session.status == "completed"
    share = policy.exact("adherence.counted_share")
    return session.was_done() and session.minutes >= share * prescribed


def weekly(one: Enrolment, sessions: list[Session], policy: Policy, silent: set[date]) -> Measures:
    """Sessions and minutes against the weeks that have matured, week by week (3.3)."""
    excused = [w for w in matured_weeks(one) if is_excused(one, w)]
    unseen = [w for w in matured_weeks(one) if w not in excused and is_unseen(one, w, silent)]
    weeks = [w for w in matured_weeks(one) if w not in excused and w not in unseen]
    due = {w: due_in_week(one, w) for w in weeks}
    minutes_due = {w: minutes_due_in_week(one, w) for w in weeks}
    done, minutes = {}, {}
    for w in weeks:
        inside = [s for s in sessions if 7 * w - 6 <= s.day <= 7 * w]
        done[w] = sum(1 for s in inside if is_counted(s, one, policy))
        minutes[w] = minutes_of(inside)
    in_weeks = [s for s in sessions if (s.day - 1) // 7 + 1 in weeks]
    if recorded_minutes(in_weeks) is None:
        minutes_due = dict.fromkeys(weeks)
    end = one.end_day()
    finished = end is not None and (one.as_of_day() or 0) >= end
    found: Measures = {
        "prescribed_total": prescribed_total(one),
        "programme_state": "finished" if finished else "running",
        "weeks_matured": len(weeks),
        "weeks_excused": len(excused),
        "weeks_not_observed": len(unseen),
    }
    if any(value is None for value in due.values()) or one.versions[0].per_week is None:
        return found | {"adherence_capped": None, "reason": "no_frequency"}
    return found | against(due, done, minutes, minutes_due, finished, policy)


def against(
    due: dict[int, Any],
    done: dict[int, int],
    minutes: dict[int, Fraction],
    minutes_due: dict[int, Any],
    finished: bool,
    policy: Policy,
) -> Measures:
    """The ratios of 3.3 over the weeks that are keys of `due`."""
    expected = sum(due.values(), Fraction(0))
    capped = sum((min(Fraction(done[w]), due[w]) for w in due), Fraction(0))
    knows_minutes = all(value is not None for value in minutes_due.values())
    dose_due = sum(minutes_due.values(), Fraction(0)) if knows_minutes else None
    capped_minutes = sum((min(minutes[w], minutes_due[w] or Fraction(0)) for w in due), Fraction(0))
    threshold = policy.exact("adherence.threshold")
    adherent = None if not expected else capped >= threshold * expected
    return {
        "expected_to_date": expected,
        "sessions_to_date": sum(done.values()),
        "capped_sessions": capped,
        "adherence_capped": ratio(capped, expected),
        "adherence_uncapped": ratio(Fraction(sum(done.values())), expected),
        "minutes_adherence_capped": ratio(capped_minutes, dose_due),
        "minutes_adherence_uncapped": ratio(sum(minutes.values(), Fraction(0)), dose_due),
        "adherent80": adherent,
        "final_adherent80": adherent if finished else None,
        "weeks_fully_adherent": sum(1 for w in due if done[w] >= due[w]),
        "over_adherent_weeks": sum(1 for w in due if done[w] > due[w]),
    }


def matured_weeks(one: Enrolment) -> range:
    """Programme weeks 1..k, k = min(W, floor(A / 7)) (3.2)."""
    k = max(0, (one.as_of_day() or 0) // 7)
    return range(1, (k if one.weeks is None else min(one.weeks, k)) + 1)


def is_excused(one: Enrolment, week: int) -> bool:
    """Wholly paused, so outside k (architecture 8)."""
    return all(one.paused_on(day) for day in range(7 * week - 6, 7 * week + 1))


def is_unseen(one: Enrolment, week: int, silent: set[date]) -> bool:
    """Inside an export hole of the clinic, so outside k (3.5)."""
    start, days = one.start or date.max, range(7 * week - 6, 7 * week + 1)
    # spec silent: how much of a week must lie in the hole. All of it: one observed day is evidence.
    return all(start + timedelta(days=day - 1) in silent for day in days)


def due_in_week(one: Enrolment, week: int) -> Fraction | None:
    """F_w, less paused days (architecture 8: F_w x unpaused days / 7)."""
    per_week = one.version_on(7 * week - 6).per_week
    unpaused = sum(1 for day in range(7 * week - 6, 7 * week + 1) if not one.paused_on(day))
    return None if per_week is None else per_week * unpaused / 7


def minutes_due_in_week(one: Enrolment, week: int) -> Fraction | None:
    """F_w M_w."""
    due, minutes = due_in_week(one, week), one.version_on(7 * week - 6).minutes
    return None if due is None or minutes is None else due * minutes


def prescribed_total(one: Enrolment) -> Fraction | None:
    """P: the sum of F_w over the whole plan; open-ended plans have none."""
    # spec silent: whether pauses shorten P. They do not: P is what was prescribed.
    if one.weeks is None:
        return None
    per_week = [one.version_on(7 * w - 6).per_week for w in range(1, one.weeks + 1)]
    if any(value is None for value in per_week):
        return None
    return sum((value for value in per_week if value is not None), Fraction(0))


def outside(one: Enrolment, sessions: list[Session]) -> Measures:
    """Sessions before day 1 and after the end, counted apart (3.5), up to the as-of date."""
    end, as_of = one.end_day(), one.as_of_day() or 0
    return {
        "sessions_pre_start": sum(1 for s in sessions if s.day < 1 and s.was_done()),
        "sessions_post_end": sum(
            1 for s in sessions if end is not None and end < s.day <= as_of and s.was_done()
        ),
    }


def dose(one: Enrolment, sessions: list[Session]) -> Measures:
    """Minutes received in the plan so far, and relative dose intensity (3.3)."""
    end, as_of = one.end_day(), one.as_of_day() or 0
    last = as_of if end is None else min(end, as_of)
    received = recorded_minutes([s for s in sessions if 1 <= s.day <= last])
    # spec silent: F and M of the intensity. Those in force on day 1, as for the band. A single
    # session has no frequency, so no intensity.
    first = one.version_on(1)
    knows = one.band != "single" and first.per_week and first.minutes
    planned = first.per_week * first.minutes if knows and first.per_week and first.minutes else None
    return {
        "dose_minutes": received,
        "rdi": ratio(received, None if planned is None else planned * Fraction(last, 7)),
    }


def recall(one: Enrolment, sessions: list[Session]) -> Measures:
    """How many active sessions in the plan were logged from memory (1.2 recalled_lag_h, 3.5)."""
    end, as_of = one.end_day(), one.as_of_day() or 0
    last = as_of if end is None else min(end, as_of)
    known = [s.was_recalled() for s in sessions if 1 <= s.day <= last and s.is_active()]
    return {
        "sessions_recall_known": sum(1 for flag in known if flag is not None),
        "sessions_recalled": sum(1 for flag in known if flag),
        "sessions_recall_unknown": known.count(None),
    }


def minutes_of(sessions: list[Session]) -> Fraction:
    """Minutes of what was done; any minutes count for dose, unknown ones add nothing."""
    return sum((s.minutes for s in sessions if s.was_done() and s.minutes), Fraction(0))


def recorded_minutes(sessions: list[Session]) -> Fraction | None:
    """Minutes of what was done; NULL if sessions were done and none tells its minutes."""
    # spec silent: sessions of which no minutes were recorded. Their dose is unknown, not zero.
    active = [s for s in sessions if s.is_active()]
    return None if active and all(s.minutes is None for s in active) else minutes_of(active)


def capped_at(minutes: Fraction | None, due: Fraction | None) -> Fraction | None:
    """Minutes, at most those due."""
    return minutes if minutes is None or due is None else min(minutes, due)


def ratio(part: Fraction | None, whole: Fraction | None) -> Fraction | None:
    """part / whole, NULL where either is unknown or the denominator is zero."""
    return part / whole if whole and part is not None else None
