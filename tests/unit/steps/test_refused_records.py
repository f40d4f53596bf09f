"""What a refused record is known by: the same whether the way in noted it or SQL reads it from a landed row."""

from datetime import date, datetime

import polars as pl

from flows.steps.refused_records import refused_records

LINES = pl.Series("line", [3, 4])


def test_a_session_is_known_by_its_id_else_by_person_and_start():
    rows = pl.DataFrame(
        {
            "line": [2, 3, 4],
            "participant_id": ["P1", "P1", "P2"],
            "session_id": ["a", "b", None],
            "started_at": [datetime(2026, 1, 5, 9), None, datetime(2026, 1, 6, 9)],
            "local_date": [date(2026, 1, 5)] * 3,
        }
    )
    told = refused_records(rows, LINES, "session", "app")
    assert told.rows() == [
        (3, "P1", "app b", None, datetime(2026, 1, 5), ""),
        (4, "P2", None, None, datetime(2026, 1, 6, 9), ""),
    ]


def test_an_enrolment_is_known_with_its_version():
    rows = pl.DataFrame(
        {
            "line": [3, 4],
            "participant_id": ["P1", "P2"],
            "enrolment_id": ["E1", None],
            "condition_code": ["neck_pain", "neck_pain"],
            "start_date": [date(2026, 1, 5)] * 2,
            "effective_from": [date(2026, 2, 1), None],
        }
    )
    told = refused_records(rows, LINES, "enrolment", "registry")
    assert told["record_id"].to_list() == ["E1 2026-02-01", None]
    assert told["words"].to_list() == ["neck_pain none 2026-02-01", "neck_pain none"]
    assert told["enrolment_id"].to_list() == [None, None]


def test_a_record_without_person_or_time_is_known_by_nothing():
    rows = pl.DataFrame(
        {
            "line": [3, 4],
            "participant_id": [None, "P2"],
            "measured_at": [datetime(2026, 1, 5), None],
        }
    )
    assert refused_records(rows, LINES, "measure", "lab").is_empty()
