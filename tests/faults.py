"""What a clinic wrote and what it should have written: good rows of every table, and one fault of every kind.

Literals: what a reader of the test wants to see is the wrong cells beside what is told of them.
"""

from dataclasses import dataclass
from datetime import date, timedelta

Row = dict[str, str]
START = date(2026, 1, 5)


@dataclass(frozen=True)
class Fault:
    """One thing wrong: the cells that differ from the good row, and what is told of it."""

    rule: str
    column: str
    wrong: Row
    severity: str = "row"
    part: str = ""


def enrolment(person: str, **cells: str) -> Row:
    """A good row of the registry."""
    return {
        "participant_id": person, "enrolment_id": f"E-{person}", "condition_code": "neck_pain", "start_date": str(START),
        "index_date": str(START), "plan_type": "fixed_term", "duration_weeks": "4", "sessions_per_week": "3",
        "minutes_per_session": "20", "due_days": "", "setting": "home_unsupervised", "technique": "kneading",
        "body_site": "neck", "tool": "ball", "modality": "self_massage_adjunct", "self_massage_share": "0.6", "arm": "a",
        "effective_from": "", "status": "running", "status_date": "", "stop_reason": "", "sessions_reported": "3",
        "birth_year": "1970", "age": "", "sex_at_birth": "female", "gender": "woman", "language": "en",
        "home_tz": "Europe/Berlin", "consent_research": "yes", "consent_date": "2026-01-02",
    } | cells  # fmt: skip


def session(person: str, number: int, **cells: str) -> Row:
    """A good row of the app, one every other day."""
    day = START + timedelta(days=1 + 2 * number)
    return {
        "participant_id": person, "session_id": f"S-{person}-{number}", "enrolment_id": f"E-{person}",
        "started_at": f"{day} 10:00", "ended_at": f"{day} 10:20", "minutes": "20", "status": "completed",
        "technique": "kneading", "body_site": "neck", "supervised": "no", "pain_pre": "5", "pain_post": "4",
        "log_source": "device", "recorded_at": f"{day} 10:30", "adverse_event": "none", "tz": "Europe/Berlin",
    } | cells  # fmt: skip


def survey(person: str, day: date, answer: int) -> Row:
    """A good form: seven and nine answers, and the second total."""
    row = {
        "participant_id": person, "response_id": f"R-{person}-{day}", "enrolment_id": f"E-{person}",
        "completed_at": f"{day} 09:00", "status": "completed", "mode": "app", "language": "en",
    }  # fmt: skip
    row |= {f"g{n}": str(answer) for n in range(1, 8)} | {
        f"p{n}": str(answer) for n in range(1, 10)
    }
    return row | {"ptotal": str(9 * answer)}


def pause(person: str) -> Row:
    """A good pause of three days."""
    return {
        "participant_id": person, "from_date": "2026-01-12", "to_date": "2026-01-14", "reason": "holiday",
        "recorded_at": "2026-01-11 08:00", "enrolment_id": f"E-{person}",
    }  # fmt: skip


def measure(person: str, **cells: str) -> Row:
    """A good pressure pain threshold."""
    return {
        "participant_id": person, "measured_at": "2026-01-05 08:00", "kind": "ppt", "value": "300", "unit": "kPa",
        "site": "neck", "side": "left", "device": "algometer",
    } | cells  # fmt: skip


PEOPLE = [f"P{n:02}" for n in range(1, 13)]
OTHERS = ("harbour", "lakeside", "seaside")  # with riverside, where most faults are, four clinics
LOST = {"status": "lost", "status_date": "2026-01-20", "stop_reason": "time_burden"}
OPEN = {"plan_type": "open_ended", "duration_weeks": ""}

# Each of these stands on a person of its own: a refused enrolment must not orphan anybody's sessions.
REGISTRY: list[tuple[Row, Fault]] = [
    ({}, Fault("missing_required", "condition_code", {"condition_code": ""})),
    ({}, Fault("unknown_code", "condition_code", {"condition_code": "neck"})),
    ({}, Fault("unknown_code", "setting", {"setting": "home"})),
    ({}, Fault("unknown_code", "modality", {"modality": "self"})),
    ({}, Fault("not_a_number", "duration_weeks", {"duration_weeks": "four"})),
    ({}, Fault("not_integer", "duration_weeks", {"duration_weeks": "4.5"})),
    ({}, Fault("not_a_date", "start_date", {"start_date": "2026-02-30"})),
    ({}, Fault("not_yes_no", "consent_research", {"consent_research": "perhaps"})),
    ({}, Fault("unknown_zone", "home_tz", {"home_tz": "Europe/Birlin"})),
    ({}, Fault("out_of_range", "sessions_per_week", {"sessions_per_week": "300"})),
    ({}, Fault("out_of_range", "minutes_per_session", {"minutes_per_session": "0"})),
    ({}, Fault("out_of_range", "self_massage_share", {"self_massage_share": "60"})),
    ({}, Fault("out_of_range", "duration_weeks", {"duration_weeks": "0"})),
    ({}, Fault("fixed_term_needs_weeks", "duration_weeks", {"duration_weeks": ""})),
    ({}, Fault("reserved_word", "arm", {"arm": "all"})),
    ({}, Fault("share_not_whole", "self_massage_share", {"modality": "self_massage_only"})),
    ({}, Fault("duplicate_key", "", {"participant_id": "P03", "enrolment_id": "E-P03", "arm": "b"})),
    ({}, Fault("unknown_code", "technique", {"technique": "rubbing"}, "cell")),
    ({}, Fault("unknown_code", "gender", {"gender": "f"}, "cell")),
    ({}, Fault("out_of_range", "birth_year", {"birth_year": "70"}, "cell")),
    ({}, Fault("born_after_start", "birth_year", {"birth_year": "2070"}, "cell")),
    ({"birth_year": "", "age": "56"}, Fault("not_a_number", "age", {"age": "90+"}, "cell")),
    ({}, Fault("not_a_language", "language", {"language": "spoken English"}, "cell")),
    ({}, Fault("not_a_date", "consent_date", {"consent_date": "soon"}, "cell")),
    (LOST, Fault("stop_without_date", "status", {"status_date": ""}, "warning")),
    (LOST, Fault("stop_reason_without_stop", "stop_reason", {"status": "running"}, "warning")),
    (OPEN, Fault("weeks_without_term", "duration_weeks", {"duration_weeks": "4"}, "warning")),
    ({}, Fault("start_before_index", "start_date", {"index_date": "2026-01-09"}, "warning")),
]  # fmt: skip
APP = [
    Fault("unknown_participant", "participant_id", {"participant_id": "P99", "enrolment_id": ""}),
    Fault("unknown_enrolment", "enrolment_id", {"enrolment_id": "E-P02"}),
    Fault("ambiguous_enrolment", "enrolment_id", {"enrolment_id": ""}),
    Fault("missing_required", "started_at", {"started_at": "", "ended_at": ""}),
    Fault("missing_required", "participant_id", {"participant_id": ""}),
    Fault("not_a_date", "started_at", {"started_at": "yesterday"}),
    Fault("time_in_gap", "started_at", {"started_at": "2026-03-29 02:30", "ended_at": ""}),
    Fault("clock_skew", "started_at", {"recorded_at": "2025-12-01 10:30"}),
    Fault("not_a_number", "minutes", {"minutes": "ten"}),
    Fault("out_of_range", "minutes", {"minutes": "900"}),
    Fault("end_before_start", "ended_at", {"ended_at": "2026-01-01 10:20"}),
    Fault("end_before_start", "ended_at", {"ended_at": "2026-01-01 10:20", "minutes": ""}),
    Fault("too_long", "ended_at", {"ended_at": "2026-03-01 10:20"}),
    Fault("duplicate_key", "", {"session_id": "S-P01-0"}),
    Fault("unknown_code", "status", {"status": "done"}),
    Fault("unknown_code", "log_source", {"log_source": "watch"}),
    Fault("out_of_range", "pain_pre", {"pain_pre": "14"}, "cell"),
    Fault("not_yes_no", "supervised", {"supervised": "partly"}, "cell"),
    Fault("unknown_code", "adverse_event", {"adverse_event": "itching"}, "cell"),
    Fault("not_a_date", "recorded_at", {"recorded_at": "later"}, "cell"),
    Fault("minutes_differ", "minutes", {"minutes": "40"}, "warning"),
    Fault("far_before_start", "started_at", {"started_at": "2025-01-06 10:00", "ended_at": ""}, "warning"),
]  # fmt: skip
FORMS = [
    Fault("answer_out_of_range", "g1", {"g1": "9"}, "response", "gad7"),
    Fault("answer_not_integer", "g2", {"g2": "1.5"}, "response", "gad7"),
    Fault("answer_not_a_number", "p3", {"p3": "often"}, "response", "phq9"),
    Fault("answer_not_a_number", "ptotal", {"ptotal": "many"}, "cell", "phq9"),
    Fault("no_visit", "completed_at", {"completed_at": ""}, "response"),
    Fault("unknown_code", "status", {"status": "finished"}),
    Fault("unknown_code", "mode", {"mode": "fax"}, "cell"),
    Fault("unknown_participant", "participant_id", {"participant_id": "P98", "enrolment_id": ""}),
    Fault("total_mismatch", "ptotal", {"ptotal": "10"}, "warning", "phq9"),
    Fault("total_mismatch", "ptotal", {"ptotal": "99"}, "warning", "phq9"),
]
PAUSES = [
    Fault("end_before_start", "to_date", {"to_date": "2026-01-02"}),
    Fault("missing_required", "from_date", {"from_date": ""}),
    Fault("unknown_enrolment", "enrolment_id", {"enrolment_id": "E-P07"}),
    Fault("pause_not_applied", "recorded_at", {"recorded_at": "2026-02-02 08:00"}, "warning"),
]
MEASURES = [
    ({"kind": "pain_0_10", "value": "4", "unit": "score"}, Fault("pain_beyond_10", "value", {"value": "40"})),
    ({}, Fault("not_a_pressure", "unit", {"unit": "bar"})),
    ({}, Fault("out_of_range", "value", {"value": "-3"})),
    ({}, Fault("unknown_code", "kind", {"kind": "algometry"})),
]  # fmt: skip
# Lines as they stand in the file: what is wrong with these is that they are no rows.
DIARY = (
    "participant_id,started_at,minutes",
    'P11,2026-02-01 10:00,"20"',
    "P11,2026-02-02 10:00,20",
)
BAD_DIARY = ('P11,"2026-02-01" 10:00,"20"', "P11,2026-02-02 10:00,20,good")
PHONE = (
    '{"p": "P12", "at": "2026-02-01 10:00", "min": 20}',
    '{"p": "P12", "at": "2026-02-02 10:00"}',
)
BAD_PHONE = '{"p": "P12", "at": "2026-02-02 10:00"'
