"""Which score stands for which visit of which enrolment (clinical 4.1; architecture 8, Windows)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from oracle.definitions import Policy, Window
from oracle.enrolments import Enrolment
from oracle.identity import Key
from oracle.scores import Response
from oracle.sessions import Session

ScoreKey = tuple[str, str, str]
EARLIEST = datetime.min
MONTH_DAYS = 28


@dataclass(frozen=True)
class Candidate:
    """One valid score that may stand for a visit; `ady` is None where only a label tells."""

    response: Response
    value: float
    ady: int | None


Selected = dict[str, Candidate]


def study_day(moment: date, start: date) -> int:
    """ADY without a day 0: day 1 is the start, the day before it is -1 (clinical 1.7)."""
    days = (moment - start).days
    return days + 1 if days >= 0 else days


def windows_of(one: Enrolment, policy: Policy) -> list[Window]:
    """The windows that apply to one plan, EOP included for fixed terms (4.1)."""
    found = [w for w in policy.windows if applies(w, one)]
    if one.band != "single" and one.weeks is not None:
        found.append(end_of_programme(one.weeks))
    return found


def applies(window: Window, one: Enrolment) -> bool:
    """FU1W is for single sessions only, WK2 to WK12 for plans long enough, the others for all."""
    if window.single:
        return one.band == "single"
    if not window.min_weeks:
        return True
    if one.band == "single":
        return False
    return one.weeks is None or one.weeks >= window.min_weeks


def end_of_programme(weeks: int) -> Window:
    """EOP: 7W - max(3, floor(0.15 x 7W)) .. 7W + 1 .. 7W + max(3, floor(0.25 x 7W))."""
    days = 7 * weeks
    low = days - max(3, days * 15 // 100)
    return Window("EOP", low, days + 1, days + max(3, days * 25 // 100), None, False)


def is_recall_guarded(window: Window, one: Enrolment, recall_days: float | None) -> bool:
    """One-month recall cannot describe the end of a programme of one to three weeks (4.1)."""
    long_recall = recall_days is not None and recall_days >= MONTH_DAYS
    return window.visit == "EOP" and one.band == "w1_3" and long_recall


def candidates_of(one: Enrolment, responses: list[Response]) -> dict[ScoreKey, list[Candidate]]:
    """Valid scores that may speak for the enrolment, up to its as-of date."""
    found: dict[ScoreKey, list[Candidate]] = defaultdict(list)
    for r in responses:
        if not r.is_valid() or (r.local_date is not None and r.local_date > one.as_of):
            continue
        dated = r.local_date is not None and one.start is not None
        ady = study_day(r.local_date, one.start) if dated and r.local_date and one.start else None
        for score_id, value in r.scores.items():
            if value is not None:
                key = (r.instrument, r.version, score_id)
                found[key].append(Candidate(r, value, ady))
    return found


def selected_visits(
    one: Enrolment,
    candidates: list[Candidate],
    sessions: list[Session],
    policy: Policy,
    recall_days: float | None,
) -> Selected:
    """The score of every visit of one enrolment and score; dates decide, labels only without."""
    chosen: Selected = {}
    for window in windows_of(one, policy):
        inside = [c for c in candidates if c.ady is not None and window.low <= c.ady <= window.high]
        if window.visit == "BASELINE":
            inside = [c for c in inside if not is_after_first_session(c.response, sessions)]
            best = max(inside, key=lambda c: last_first(c), default=None)
        elif is_recall_guarded(window, one, recall_days):
            continue
        else:
            best = max(inside, key=lambda c: nearest_first(c, window.target), default=None)
        if best is not None:
            chosen[window.visit] = best
    return labelled_visits(candidates) | chosen


def labelled_visits(candidates: list[Candidate]) -> Selected:
    """Visits told by the clinic's label, for scores that have no study day."""
    chosen: Selected = {}
    for candidate in sorted((c for c in candidates if c.ady is None), key=last_first):
        if candidate.response.visit is not None:
            chosen[candidate.response.visit] = candidate
    return chosen


def last_first(c: Candidate) -> tuple[object, ...]:
    """Order of baselines: the last one stands; ties as in 4.1."""
    r = c.response
    return (c.ady or 0, r.status == "completed", r.completed_at or EARLIEST, r.response_id)


def nearest_first(c: Candidate, target: int) -> tuple[object, ...]:
    """Order of 4.1: nearest to target, later day, completed, later instant, larger id."""
    return (-abs((c.ady or 0) - target), *last_first(c))


def is_after_first_session(response: Response, sessions: list[Session]) -> bool:
    """A form filled after the first session began is no baseline (4.1)."""
    # spec silent: "first session". The first one of the programme (day 1 or later) that was done.
    first = min(
        (s for s in sessions if s.day >= 1 and s.is_active() and s.local_date),
        key=lambda s: (s.local_date, s.started_at or EARLIEST),
        default=None,
    )
    if first is None or first.local_date is None or response.local_date is None:
        return False
    if response.completed_at is not None and first.started_at is not None:
        return response.completed_at > first.started_at
    # spec silent: bare dates. The same day is accepted, nothing shows that the form came later.
    return response.local_date > first.local_date


def one_owner_per_baseline(
    visits: dict[tuple[Key, ScoreKey], Selected],
) -> dict[tuple[Key, ScoreKey], Selected]:
    """A baseline may serve only one enrolment (4.1)."""
    # spec silent: which one. That whose start is nearest to the form, then the smaller key; the
    # other enrolment has no baseline then.
    owners: dict[tuple[Key, ScoreKey], tuple[int, str]] = {}
    for (enrolment, score), chosen in visits.items():
        if "BASELINE" in chosen:
            place = (chosen["BASELINE"].response.key, score)
            claim = (abs((chosen["BASELINE"].ady or -1) + 1), repr(enrolment))
            owners[place] = min(owners.get(place, claim), claim)
    kept = {}
    for (enrolment, score), chosen in visits.items():
        base = chosen.get("BASELINE")
        owned = base is None or owners[base.response.key, score][1] == repr(enrolment)
        kept[enrolment, score] = (
            chosen if owned else {v: c for v, c in chosen.items() if v != "BASELINE"}
        )
    return kept
