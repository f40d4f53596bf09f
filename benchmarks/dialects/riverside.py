"""Riverside (US): comma CSV, mm/dd/yyyy hh:mm am/pm on the local clock, minutes, plain English labels.

The app sends deltas that overlap by a week; the surveys are one row per visit with an event label.
"""

from datetime import date, datetime, timedelta

import numpy as np

from benchmarks.behaviour import ITEMS, Response, Session, responses, sessions
from benchmarks.dirt import Export, Row, Spoil
from benchmarks.world import Clinic, Enrolment

CONDITIONS = {
    "knee_oa": "Knee osteoarthritis",
    "low_back_pain": "Low back pain",
    "neck_pain": "Neck pain",
    "stress": "Stress",
    "anxiety": "Anxiety",
    "hand_oa": "Hand osteoarthritis",
    "fibromyalgia": "Fibromyalgia",
    "back_pain": "Back pain",
    "tension_headache": "Tension headache",
}
PLANS = {"single_session": "One time", "fixed_term": "Weeks", "open_ended": "Ongoing"}
STATUSES = {
    "planned": "Planned",
    "running": "Active",
    "completed": "Completed",
    "stopped_by_participant": "Stopped by patient",
}
EVENTS = {
    "BASELINE": "Intake",
    "FU1W": "One week",
    "WK2": "Week 2",
    "WK4": "Week 4",
    "EOP": "End of program",
    "WK8": "Week 8",
    "WK12": "Week 12",
    "WK26": "Six months",
}
DELTA_DAYS = (150, 60, 0)  # how long before the last export each app export was taken
OVERLAP_DAYS = 7
ASKED = ("nrs_pain", "gad7", "pss10")
STRANGERS = tuple(f"RVX{n}" for n in range(100, 400))
NOT_DATES = ("13/45/2025 09:10 AM", "02/30/2026 07:00 PM", "yesterday evening")

REGISTRY_SPOILS = (
    Spoil("unknown_code", "Condition", ("Knee OA?", "see chart")),
    Spoil("not_a_date", "Start Date", ("02/30/2026", "next Monday")),
    Spoil("not_a_number", "Sessions/Week", ("three", "daily")),
    Spoil("missing_required", "Condition", ("",)),
    Spoil("out_of_range", "Minutes/Session", ("0", "500")),
)
APP_SPOILS = (
    Spoil("unknown_code", "Status", ("Finished?", "DONE-ISH")),
    Spoil("unknown_participant", "Patient ID", STRANGERS),
    Spoil("not_a_date", "Start", NOT_DATES),
    Spoil("not_a_number", "Minutes", ("forty", "~20")),
    Spoil("missing_required", "Patient ID", ("",)),
    Spoil("out_of_range", "Minutes", ("0", "600")),
    Spoil("out_of_range", "Pain before", ("14",)),
    Spoil("duplicate_key", "Minutes", ("3", "4")),
    # A device whose clock fell back to 2000 while the session ran.
    Spoil("end_before_start", "End", ("01/01/2000 12:00 AM", "01/01/2000 12:07 AM")),
)
# No strangers here: a row holds several questionnaires, and each would be refused by itself.
SURVEY_SPOILS = (
    Spoil("missing_required", "Patient ID", ("",)),
    Spoil("not_a_date", "Completed", NOT_DATES),
)


def exports(clinic: Clinic, people: list[Enrolment], rng: np.random.Generator) -> list[Export]:
    """Registry, three app deltas and the surveys."""
    log = sessions(clinic, people, rng)
    answered = responses(clinic, people, ASKED, rng)
    return [
        _registry(clinic, people),
        *[_app(clinic, log, days) for days in DELTA_DAYS],
        _surveys(clinic, answered),
    ]


def _file_name(what: str, on: date) -> str:
    return f"synthetic_{what}_{on:%Y-%m-%d}.csv"


def _day(value: date | None) -> str:
    return "" if value is None else f"{value:%m/%d/%Y}"


def _clock(value: datetime) -> str:
    return f"{value:%m/%d/%Y %I:%M %p}"


def _registry(clinic: Clinic, people: list[Enrolment]) -> Export:
    rows = []
    for person in people:
        rows.append(_enrolment(clinic, person))
        if person.changed_on is not None and person.changed_on <= clinic.exported:
            changed = {"Effective From": _day(person.changed_on)}
            rows.append(rows[-1] | changed | {"Sessions/Week": person.changed_per_week})
    return Export(
        source="registry",
        file_name=_file_name("registry", clinic.exported),
        format="csv",
        rows=rows,
        spoils=REGISTRY_SPOILS,
        newcomer={"Patient ID": "RVN", "Program ID": "RVN-"},
    )


def _enrolment(clinic: Clinic, person: Enrolment) -> Row:
    status = person.status(clinic.exported)
    has_stopped = status == "stopped_by_participant"
    return {
        "Patient ID": person.participant_id,
        "Name": f"Synthetic Person {person.participant_id}",
        "Program ID": person.enrolment_id,
        "Condition": CONDITIONS[person.condition],
        "Prescribed On": _day(person.index_date),
        "Start Date": _day(person.start),
        "Plan": PLANS[person.plan_type],
        "Weeks": person.weeks if person.plan_type == "fixed_term" else "",
        "Sessions/Week": "" if person.per_week is None else person.per_week,
        "Minutes/Session": person.minutes,
        "Setting": person.setting.replace("_", " ").capitalize(),
        "Technique": person.technique,
        "Body Area": person.body_site,
        "Approach": person.modality.replace("_", " ").capitalize(),
        "Self-massage %": round(100 * person.share),
        "Pathway": person.arm,
        "Effective From": "",
        "Status": STATUSES[status],
        "Status Date": _day(person.quit_date) if has_stopped else "",
        "Stop Reason": "No benefit" if has_stopped else "",
        "Year of Birth": person.birth_year,
        "Sex": person.sex[0].upper(),
    }


def _app(clinic: Clinic, log: list[Session], days: int) -> Export:
    """Everything since the export before, and the week before that again."""
    taken = [clinic.exported - timedelta(days=d) for d in DELTA_DAYS]
    upto = clinic.exported - timedelta(days=days)
    before = [t for t in taken if t < upto]
    since = max(before) - timedelta(days=OVERLAP_DAYS) if before else date.min
    inside = [s for s in log if since < s.start.date() <= upto]
    return Export(
        source="app",
        file_name=_file_name("app", upto),
        format="csv",
        rows=[_session(s) for s in inside],
        spoils=APP_SPOILS,
        untouched=frozenset(i for i, s in enumerate(inside) if _is_sent_twice(s, taken)),
    )


def _is_sent_twice(session: Session, taken: list[date]) -> bool:
    """Whether two exports hold this session (the last export has no later one)."""
    day = session.start.date()
    return any(t - timedelta(days=OVERLAP_DAYS) < day <= t for t in taken if t != max(taken))


def _session(session: Session) -> Row:
    return {
        "Session ID": session.session_id,
        "Patient ID": session.enrolment.participant_id,
        "Start": _clock(session.start),
        "End": _clock(session.end),
        "Minutes": session.minutes,
        "Status": session.status.capitalize(),
        "Pain before": session.pain_pre,
        "Pain after": session.pain_post,
        "Logged": "Live" if session.log_source == "app_realtime" else "Later",
        # A note that is not mapped, and now and then holds a line break inside its quotes.
        "Note": "felt fine,\nwill go on" if int(session.session_id[3:]) % 97 == 0 else "",
    }


def _surveys(clinic: Clinic, answered: list[Response]) -> Export:
    return Export(
        source="surveys",
        file_name=_file_name("surveys", clinic.exported),
        format="csv",
        rows=[_response(r) for r in answered],
        spoils=SURVEY_SPOILS,
    )


def _response(response: Response) -> Row:
    row: Row = {
        "Response ID": response.response_id,
        "Patient ID": response.enrolment.participant_id,
        "Event": EVENTS[response.visit],
        "Completed": _clock(response.completed),
    }
    for instrument in ASKED:
        answers = response.answers.get(instrument, [None] * ITEMS[instrument][0])
        row |= {f"{instrument}_{n}": "" if a is None else a for n, a in enumerate(answers, 1)}
    return row
