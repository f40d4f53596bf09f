"""The contract's verdicts, however many rows are bad: sorted apart or not, Pandera names the same failures."""

from datetime import date, datetime

import polars as pl
import pytest

from flows.steps import validate
from flows.steps.canonicalise import CONTRACTS
from flows.steps.validate import cell_columns, find_failures
from schemas.rules import SEVERITIES, read_rules, severity_of

SESSIONS = pl.DataFrame(
    {
        "line": [2, 3, 4, 5, 6, 7, 8],
        "participant_id": ["P1", None, "P1", "P1", "P1", "P1", "P1"],
        "started_at": [datetime(2026, 1, 5, 10)] * 6 + [None],
        "ended_at": [
            datetime(2026, 1, 5, 10, 20),
            None,
            None,
            datetime(2026, 1, 5, 10),
            datetime(2026, 1, 6, 10),
            datetime(2026, 1, 5, 14),
            datetime(2026, 1, 5, 10),
        ],
        "local_date": [date(2026, 1, 5)] * 7,
        "minutes": [20.0, 0.0, 240.0, 20.0, 20.0, None, None],
        "pain_pre": [None, 10.0, 11.0, -1.0, 0.0, 5.0, 5.0],
    }
)
BAD = {
    (3, "participant_id", "missing_required"),
    (3, "minutes", "out_of_range"),
    (4, "pain_pre", "out_of_range"),
    (5, "pain_pre", "out_of_range"),
    (5, "ended_at", "end_before_start"),
    (6, "ended_at", "too_long"),
    (8, "minutes", "missing_required"),
}


@pytest.mark.parametrize("worth_sorting", [0, 50_000])
def test_bad_rows_are_named_alike_with_and_without_sorting(monkeypatch, worth_sorting):
    monkeypatch.setattr(validate, "_WORTH_SORTING", worth_sorting)
    found = find_failures(SESSIONS, CONTRACTS["session"].to_schema())
    assert set(found.select("line", "column_name", "rule_id").iter_rows()) == BAD
    allowed = dict(found.select("column_name", "allowed").iter_rows())
    assert (allowed["minutes"], allowed["pain_pre"]) in {
        ("more than 0, at most 240", "at least 0, at most 10")
    }


def test_a_bad_row_that_the_sorting_misses_is_still_found(monkeypatch):
    monkeypatch.setattr(validate, "_WORTH_SORTING", 0)
    monkeypatch.setattr(validate, "_suspects", lambda rows, _: pl.repeat(False, 7, eager=True))
    found = find_failures(SESSIONS, CONTRACTS["session"].to_schema())
    assert set(found.select("line", "column_name", "rule_id").iter_rows()) == BAD


def test_severities_are_known_words_and_cells_are_those_that_decide_nothing():
    assert {rule["severity"] for rule in read_rules().values()} <= set(SEVERITIES)
    assert severity_of("unknown_code") == "row"
    assert severity_of("unknown_code", "cell") == "cell"
    assert severity_of("minutes_differ", "cell") == "warning"
    cells = {table: set(cell_columns(c.to_schema())) for table, c in CONTRACTS.items()}
    decides = {
        "enrolment": {"condition_code", "start_date", "plan_type", "duration_weeks", "setting", "modality",
                      "self_massage_share", "arm", "status", "status_date", "stop_reason", "home_tz"},
        "session": {"started_at", "ended_at", "local_date", "minutes", "status", "log_source", "tz"},
        "survey": {"completed_at", "status", "session_phase", "tz"},
        "measure": {"measured_at", "kind", "value", "unit", "site", "side"},
        "pause": {"from_date", "to_date", "recorded_at"},
    }  # fmt: skip
    for table, names in decides.items():
        assert not cells[table] & names
        assert names <= set(CONTRACTS[table].to_schema().columns)
