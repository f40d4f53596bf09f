"""Hand-made rows, enrolments and forms for the oracle's own tests."""

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from oracle.definitions import read_policy
from oracle.enrolments import Enrolment, Version, duration_band
from oracle.landed import Row
from oracle.scores import Response

POLICY = read_policy(Path(__file__).parents[2] / "schemas" / "policy.toml")
START = date(2026, 3, 2)
AS_OF = date(2026, 9, 30)
COLUMNS = (
    "session_id enrolment_id local_date started_at ended_at minutes status log_source recorded_at "
    "arm effective_from plan_type duration_weeks sessions_per_week minutes_per_session due_days "
    "setting modality status_date stop_reason sessions_reported self_massage_share home_tz tz "
    "tz_source utc_offset_min"
).split()


def file_of(key: str, day: int = 1, mode: str = "delta", sha: str = "a") -> Row:
    return {
        "file_key": key,
        "clinic_id": "c",
        "source_id": "s",
        "table": "session",
        "file_sha256": sha,
        "exported_at": datetime(2026, 4, day),
        "mode": mode,
        "data_through": None,
    }


def row_of(file_key: str = "f1", line: int = 2, **given: Any) -> Row:
    place = {"file_key": file_key, "line": line, "clinic_id": "c", "participant_key": "p"}
    blank: Row = dict.fromkeys(COLUMNS)
    return blank | place | given


def enrolment_of(**given: Any) -> Enrolment:
    plan: dict[str, Any] = {"plan_type": "fixed_term", "weeks": 4} | given
    versions = plan.pop("versions", [Version(None, Fraction(3), Fraction(20))])
    return Enrolment(
        **{
            "key": ("one",),
            "clinic_id": "c",
            "enrolment_id": "e",
            "participant_key": "p",
            "condition": "neck_pain",
            "condition_group": "spine_pain",
            "modality": "unknown",
            "arm": "none",
            "setting": "unknown",
            "start": START,
            "band": duration_band(plan["plan_type"], plan["weeks"], versions[0].per_week),
            "due_days": 7,
            "versions": versions,
            "status": None,
            "status_date": None,
            "stop_reason": None,
            "as_of": AS_OF,
            **plan,
        }
    )


def form_of(day: date, value: float, number: int = 1, **given: Any) -> Response:
    plain: dict[str, Any] = {
        "key": (number,),
        "participant_key": "p",
        "enrolment_id": None,
        "instrument": "nrs_pain",
        "version": "0-10",
        "status": "completed",
        "completed_at": datetime(day.year, day.month, day.day, 12),
        "local_date": day,
        "visit": None,
        "response_id": str(number),
        "scores": {"score": value},
    }
    return Response(**(plain | given))
