"""Harbour (an app, Australia): JSON Lines, instants in UTC with Z, milliseconds, a zone on every row.

Programmes are prescribed per day and in days; GAD-7 answers arrive as words.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.behaviour import Response, Session, responses, sessions
from benchmarks.dirt import Export, Row, Spoil
from benchmarks.world import Clinic, Enrolment

ASKED = ("nrs_pain", "peg", "gad7")
GAD7_WORDS = ("Not at all", "Several days", "More than half the days", "Nearly every day")
TRAVEL_ZONES = ("Asia/Singapore", "Pacific/Auckland")
STRANGERS = tuple(f"HBX{n}" for n in range(100, 400))
NOT_INSTANTS = ("2026-02-30T07:00:00Z", "0000-00-00T00:00:00Z", "Tue evening")

PROGRAMME_SPOILS = (
    Spoil("unknown_code", "condition", ("knee", "stressed")),
    Spoil("not_a_date", "start", ("2026-02-30", "soon")),
    Spoil("not_a_number", "minutes", ("ten", "5-10")),
    Spoil("missing_required", "condition", (None,)),
    Spoil("out_of_range", "minutes", (0, 900)),
    Spoil("duplicate_key", "minutes", (7, 12)),
)
LOG_SPOILS = (
    Spoil("unknown_code", "state", ("ok", "abandoned?")),
    Spoil("unknown_participant", "user", STRANGERS),
    Spoil("not_a_date", "start", NOT_INSTANTS),
    Spoil("not_a_number", "duration_ms", ("long", "15m")),
    Spoil("missing_required", "user", (None,)),
    Spoil("out_of_range", "duration_ms", (0, 36_000_000)),
    Spoil("out_of_range", "pain_before", (14,)),
    Spoil("duplicate_key", "duration_ms", (61_000, 62_000)),
    Spoil("end_before_start", "end", ("2000-01-01T00:00:00Z", "2000-01-01T00:09:00Z")),
)
# No strangers here: a row holds several questionnaires, and each would be refused by itself.
CHECKIN_SPOILS = (
    Spoil("missing_required", "user", (None,)),
    Spoil("not_a_date", "at", NOT_INSTANTS),
)


def exports(clinic: Clinic, people: list[Enrolment], rng: np.random.Generator) -> list[Export]:
    """Programmes, session log and check-ins of one app."""
    log = sessions(clinic, people, rng)
    answered = responses(clinic, people, ASKED, rng)
    day = f"{clinic.exported:%Y-%m-%d}"
    return [
        Export(
            source="programmes",
            file_name=f"synthetic_programmes_{day}.jsonl",
            format="jsonl",
            rows=[_enrolment(clinic, person) for person in people],
            spoils=PROGRAMME_SPOILS,
            newcomer={"user": "HBN", "programme": "HBN-"},
        ),
        Export(
            source="log",
            file_name=f"synthetic_log_{day}.jsonl",
            format="jsonl",
            rows=[_session(clinic, s) for s in log],
            spoils=LOG_SPOILS,
        ),
        Export(
            source="checkins",
            file_name=f"synthetic_checkins_{day}.jsonl",
            format="jsonl",
            rows=[_response(clinic, r) for r in answered],
            spoils=CHECKIN_SPOILS,
        ),
    ]


def _instant(local: datetime, zone: str) -> str:
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _enrolment(clinic: Clinic, person: Enrolment) -> Row:
    status = person.status(clinic.exported)
    return {
        "user": person.participant_id,
        "programme": person.enrolment_id,
        "email": f"{person.participant_id.lower()}@synthetic.invalid",
        "condition": person.condition,
        "prescribed": _day(person.index_date),
        "start": _day(person.start),
        "plan": person.plan_type,
        "days": 7 * person.weeks if person.plan_type == "fixed_term" else None,
        "per_day": None if person.per_week is None else max(1, person.per_week // 7),
        "minutes": person.minutes,
        "setting": person.setting,
        "technique": person.technique,
        "site": person.body_site,
        "modality": person.modality,
        "share": person.share,
        "arm": person.arm,
        "status": status,
        "status_date": _day(person.quit_date) if status == "stopped_by_participant" else None,
        "born": person.birth_year,
        "sex": person.sex,
        "home_tz": clinic.timezone,
    }


def _zone(clinic: Clinic, session: Session) -> str:
    """Where the phone was: some weeks of the year a person is abroad."""
    week = session.start.isocalendar().week
    traveller = int(session.enrolment.participant_id[2:]) % 9
    return TRAVEL_ZONES[week % 2] if week % 9 == traveller else clinic.timezone


def _session(clinic: Clinic, session: Session) -> Row:
    zone = _zone(clinic, session)
    return {
        "id": session.session_id,
        "user": session.enrolment.participant_id,
        "programme": session.enrolment.enrolment_id,
        "start": _instant(session.start, zone),
        "end": _instant(session.end, zone),
        "duration_ms": 60_000 * session.minutes,
        "tz": zone,
        "state": session.status,
        "pain_before": session.pain_pre,
        "pain_after": session.pain_post,
        "supervised": session.enrolment.setting == "clinic_supervised",
        "source": session.log_source,
    }


def _response(clinic: Clinic, response: Response) -> Row:
    row: Row = {
        "id": response.response_id,
        "user": response.enrolment.participant_id,
        "programme": response.enrolment.enrolment_id,
        "at": _instant(response.completed, clinic.timezone),
        "tz": clinic.timezone,
    }
    for instrument, answers in response.answers.items():
        words = GAD7_WORDS if instrument == "gad7" else range(11)
        for item, answer in enumerate(answers, 1):
            row[f"{instrument}.{item}"] = None if answer is None else words[answer]
    return row
