"""The contract's verdicts, however many rows are bad: check by check or in a whole validation, Pandera names the same failures."""

import random
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


@pytest.mark.parametrize("worth_asking", [0, 50_000])
def test_bad_rows_are_named_alike_by_checks_and_by_a_whole_validation(monkeypatch, worth_asking):
    monkeypatch.setattr(validate, "_WORTH_ASKING", worth_asking)
    found = find_failures(SESSIONS, CONTRACTS["session"].to_schema())
    assert set(found.select("line", "column_name", "rule_id").iter_rows()) == BAD
    allowed = dict(found.select("column_name", "allowed").iter_rows())
    assert (allowed["minutes"], allowed["pain_pre"]) in {
        ("more than 0, at most 240", "at least 0, at most 10")
    }


_VALUES = {
    pl.String: [None, "", "P1", "en", "not a language"],
    pl.Boolean: [None, True, False],
    pl.Float64: [None, -1.0, 0.0, 0.5, 1.0, 10.0, 10.5, 240.0, 241.0, 1e9],
    pl.Int32: [None, -1, 0, 1, 17, 120, 1900, 2026, 2**31 - 1],
    pl.Date: [None, date(1800, 1, 1), date(2026, 1, 5), date(2026, 1, 6)],
    pl.Datetime: [None, datetime(2026, 1, 5, 10), datetime(2026, 1, 5, 11), datetime(2026, 1, 7)],
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("table", CONTRACTS)
def test_checks_give_panderas_verdicts_on_any_rows(monkeypatch, table, seed):
    contract, chance = CONTRACTS[table].to_schema(), random.Random(f"{table} {seed}")
    kept = [name for name in contract.columns if seed == 0 or chance.random() < 0.7]
    columns = {name: contract.columns[name].dtype.type for name in kept}
    rows = pl.DataFrame(
        {"line": range(500)}
        | {
            name: pl.Series(chance.choices(_VALUES[dtype.base_type()], k=500), dtype=dtype)
            for name, dtype in columns.items()
        }
    )
    monkeypatch.setattr(validate, "_WORTH_ASKING", 501)
    by_pandera = find_failures(rows, contract)
    monkeypatch.setattr(validate, "_WORTH_ASKING", 0)
    assert find_failures(rows, contract).sort(pl.all()).equals(by_pandera.sort(pl.all()))


def test_a_contract_asks_nothing_but_types_blanks_and_checks():
    """What else Pandera could be asked, the checks alone would not tell."""
    for model in CONTRACTS.values():
        contract = model.to_schema()
        assert not (contract.unique or contract.strict or contract.coerce or contract.ordered)
        for column in contract.columns.values():
            assert not (column.unique or column.coerce or column.regex)
            assert all(check.groups is None and not check.element_wise for check in column.checks)


def test_columns_of_another_type_stop_the_run(monkeypatch):
    monkeypatch.setattr(validate, "_WORTH_ASKING", 0)
    wrong = SESSIONS.with_columns(pl.col("minutes").cast(pl.String))
    with pytest.raises(AssertionError, match=r"do not fit the contract: .*minutes"):
        find_failures(wrong, CONTRACTS["session"].to_schema())


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
