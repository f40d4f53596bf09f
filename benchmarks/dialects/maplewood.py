"""Maplewood (Canada): tab-separated, ISO dates, ICD-10 codes, a paper diary that knows days only.

Outcomes are totals that the source computed, sent as full snapshots; a timepoint label stands in where
nobody wrote the date down. Pauses are announced in an export of their own.
"""

from datetime import date, timedelta

import numpy as np

from benchmarks.behaviour import Response, Session, responses, sessions
from benchmarks.dirt import Export, Row, Spoil
from benchmarks.world import Clinic, Enrolment

ICD10 = {
    "knee_oa": "M17",
    "low_back_pain": "M54.5",
    "neck_pain": "M54.2",
    "stress": "Z73.3",
    "anxiety": "F41",
    "hand_oa": "M18",
    "fibromyalgia": "M79.7",
    "back_pain": "M54.9",
    "tension_headache": "G44.2",
}
TIMEPOINTS = {"BASELINE": "Intake", "FU1W": "1 wk", "WK4": "Mid", "EOP": "End", "WK12": "Discharge"}
ASKED = ("nrs_pain", "phq9", "gad7")
SNAPSHOT_DAYS = (90, 0)  # how long before the last export each full export was taken
STRANGERS = tuple(f"MWX{n}" for n in range(100, 400))

REGISTRY_SPOILS = (
    Spoil("unknown_code", "icd10", ("M99.9", "?")),
    Spoil("not_a_date", "start", ("2026-02-30", "TBD")),
    Spoil("not_a_number", "per_week", ("2x", "prn")),
    Spoil("missing_required", "icd10", ("",)),
    Spoil("out_of_range", "minutes", ("0", "500")),
    Spoil("duplicate_key", "minutes", ("8", "13")),
)
# No id and no time of day: a second row of one day is a second session, so no key can be duplicate.
DIARY_SPOILS = (
    Spoil("unknown_code", "status", ("ok", "x")),
    Spoil("unknown_participant", "id", STRANGERS),
    Spoil("not_a_date", "day", ("2026-02-30", "2025-13-01", "Sunday")),
    Spoil("not_a_number", "min", ("ten", "<5")),
    Spoil("missing_required", "day", ("",)),
    Spoil("out_of_range", "min", ("0", "600")),
)
# No strangers here: a row holds several questionnaires, and each would be refused by itself.
OUTCOME_SPOILS = (
    Spoil("missing_required", "id", ("",)),
    Spoil("not_a_date", "completed", ("2026-02-30", "Monday")),
)


def exports(clinic: Clinic, people: list[Enrolment], rng: np.random.Generator) -> list[Export]:
    """Registry, diary, two snapshots of outcomes, pauses."""
    log = sessions(clinic, people, rng)
    answered = [r for r in responses(clinic, people, ASKED, rng) if r.visit in TIMEPOINTS]
    day = f"{clinic.exported:%Y-%m-%d}"
    return [
        Export(
            source="registry",
            file_name=f"synthetic_registry_{day}.tsv",
            format="csv_tab",
            rows=[_enrolment(clinic, person) for person in people],
            spoils=REGISTRY_SPOILS,
            newcomer={"id": "MWN", "episode": "MWN-"},
        ),
        Export(
            source="diary",
            file_name=f"synthetic_diary_{day}.tsv",
            format="csv_tab",
            rows=[_session(s) for s in log],
            spoils=DIARY_SPOILS,
            is_keyed=False,
        ),
        *[_outcomes(clinic, answered, days) for days in SNAPSHOT_DAYS],
        Export(
            source="pauses",
            file_name=f"synthetic_pauses_{day}.tsv",
            format="csv_tab",
            rows=_pauses(clinic, people),
        ),
    ]


def _day(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def _enrolment(clinic: Clinic, person: Enrolment) -> Row:
    status = person.status(clinic.exported)
    return {
        "id": person.participant_id,
        "episode": person.enrolment_id,
        "icd10": ICD10[person.condition],
        "ordered": _day(person.index_date),
        "start": _day(person.start),
        "plan": person.plan_type,
        "weeks": person.weeks if person.plan_type == "fixed_term" else "",
        "due_days": 7 if person.plan_type == "single_session" else "",
        "per_week": "" if person.per_week is None else person.per_week,
        "minutes": person.minutes,
        "setting": person.setting,
        "modality": person.modality,
        "share": f"{person.share:.2f}",
        "arm": person.arm,
        "status": status,
        "status_date": _day(person.quit_date) if status == "stopped_by_participant" else "",
        "birth_year": person.birth_year,
        "sex": person.sex,
    }


def _session(session: Session) -> Row:
    return {
        "id": session.enrolment.participant_id,
        "day": _day(session.start.date()),
        "min": session.minutes,
        "status": session.status,
        "pain": session.pain_pre,
    }


def _outcomes(clinic: Clinic, answered: list[Response], days: int) -> Export:
    """A full export of everything answered until then; only the newest one is soiled."""
    upto = clinic.exported - timedelta(days=days)
    return Export(
        source="outcomes",
        file_name=f"synthetic_outcomes_{upto:%Y-%m-%d}.tsv",
        format="csv_tab",
        rows=[_response(r) for r in answered if r.completed.date() <= upto],
        spoils=OUTCOME_SPOILS if days == 0 else (),
    )


def _response(response: Response) -> Row:
    has_date = int(response.response_id[3:]) % 5 != 0
    return {
        "id": response.enrolment.participant_id,
        "episode": response.enrolment.enrolment_id,
        "timepoint": TIMEPOINTS[response.visit],
        "completed": _day(response.completed.date()) if has_date else "",
        "pain": response.answers["nrs_pain"][0],
        "phq9_total": _total(response.answers.get("phq9")),
        "gad7_total": _total(response.answers.get("gad7")),
    }


def _total(answers: list[int | None] | None) -> int | str:
    """The sum as the clinic's system computes it: nothing when an item is missing."""
    if answers is None or None in answers:
        return ""
    return sum(answer for answer in answers if answer is not None)


def _pauses(clinic: Clinic, people: list[Enrolment]) -> list[Row]:
    """Every twelfth person of a longer programme is away for ten days; one in four told too late."""
    rows = []
    for number, person in enumerate(p for p in people if p.weeks >= 4):
        first = person.start + timedelta(days=10)
        last = first + timedelta(days=9)
        told = last + timedelta(days=3) if number % 48 == 0 else first - timedelta(days=2)
        if number % 12 == 0 and max(last, told) <= clinic.exported:
            rows.append(_pause(person, first, last, told))
    return rows


def _pause(person: Enrolment, first: date, last: date, told: date) -> Row:
    return {
        "id": person.participant_id,
        "episode": person.enrolment_id,
        "from": _day(first),
        "to": _day(last),
        "reason": "holiday",
        "recorded": _day(told),
    }
