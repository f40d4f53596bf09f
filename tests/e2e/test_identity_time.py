"""Clocks: the nights of the change, people who live or travel elsewhere, phones that are wrong, times in file names."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.exports import Clinic, read
from tests.identity_world import CLINIC, STARTED, built, counts, describe, enrol, sessions, write

HOME = "America/Los_Angeles"
COLUMNS = {
    "participant_id": "person", "started_at": "start", "ended_at": "end", "minutes": "minutes",
    "recorded_at": "sent", "tz": "zone",
}  # fmt: skip
Row = dict[str, Any]
# Everybody started on the day before their first session, Berlin's nights of 2025-10-26 and 2026-03-29 among them.
# person -> (home zone, start of the programme, sessions, (study day, minutes, flag) that stand)
PEOPLE: dict[str, tuple[str, str, list[Row], list[tuple[Any, ...]]]] = {
    "fold": ("", "2025-10-25", [{"start": "2025-10-26 02:30", "minutes": 20}], [(2, 20.0, "fold")]),
    "fold with its offset": (
        "", "2025-10-25", [{"start": "2025-10-26T02:30:00+01:00", "minutes": 20}], [(2, 20.0, None)],
    ),
    "the hour between": (
        "", "2025-10-25", [{"start": "2025-10-26 01:50", "end": "2025-10-26 03:10"}], [(2, 140.0, None)],
    ),
    "into the second hour": (
        "", "2025-10-25", [{"start": "2025-10-26 02:50", "end": "2025-10-26 02:10"}], [(2, 20.0, "fold")],
    ),
    "25 hours": (
        "", "2025-10-25",
        [{"start": f"2025-10-26 {at}", "minutes": 20} for at in ("00:10", "23:30")],
        [(2, 20.0, None), (2, 20.0, None)],
    ),
    "23 hours": (
        "", "2026-03-28",
        [{"start": f"2026-03-29 {at}", "minutes": 20} for at in ("00:10", "02:30", "23:30")],
        [(2, 20.0, None), (2, 20.0, None)],
    ),
    "the lost hour": (
        "", "2026-03-28", [{"start": "2026-03-29 01:50", "end": "2026-03-29 03:10"}], [(2, 20.0, None)],
    ),
    "over midnight": ("", STARTED, [{"start": "2026-03-02 23:50", "minutes": 20}], [(1, 20.0, None)]),
    "a traveller": (
        "", STARTED,
        [
            {"start": "2026-03-02 23:30", "minutes": 20, "zone": "Asia/Tokyo"},
            {"start": "2026-03-04 08:00", "minutes": 25, "zone": "Pacific/Auckland"},
        ],
        [(1, 20.0, None), (3, 25.0, None)],
    ),
    # Both are nine o'clock where the person lives; the row without a zone was first read as Berlin's.
    "one session twice": (
        HOME, STARTED,
        [{"start": "2026-03-02 09:00", "minutes": 20}, {"start": "2026-03-02 09:00", "minutes": 20, "zone": HOME}],
        [(1, 20.0, None)],
    ),
    # One instant as long as the home zone is not known, nine hours apart afterwards.
    "two sessions": (
        HOME, STARTED,
        [
            {"start": "2026-03-02 09:00", "minutes": 20},
            {"start": "2026-03-02 09:00", "minutes": 20, "zone": "Europe/Berlin"},
        ],
        [(1, 20.0, None), (1, 20.0, None)],
    ),
    "an offset moves the day": (
        HOME, STARTED, [{"start": "2026-03-03T07:30:00Z", "minutes": 20}], [(1, 20.0, None)],
    ),
    # 01:30 with the summer offset is the first of the two; it is the same session.
    "fold at home": (
        HOME, "2025-11-01",
        [{"start": "2025-11-02 01:30", "minutes": 20}, {"start": "2025-11-02T01:30:00-07:00", "minutes": 20}],
        [(2, 20.0, "fold")],
    ),
    "gap at home": (
        HOME, "2026-03-07", [{"start": "2026-03-08 02:30", "minutes": 20}], [(2, 20.0, "gap")],
    ),
    "logged before it began": (
        "", STARTED,
        [
            {"start": "2026-03-02 10:00", "minutes": 20, "sent": "2026-03-02 08:59"},
            {"start": "2026-03-03 10:00", "minutes": 20, "sent": "2026-03-03 09:01"},
            {"start": "2026-03-04 10:00", "minutes": 20, "sent": "2026-03-03T23:30:00Z"},
            {"start": "2026-03-06 10:00", "minutes": 20, "sent": "2026-03-04T08:00:00Z"},
            {"start": "2026-03-07 10:00", "minutes": 20, "sent": "2026-03-06"},
            {"start": "2026-03-08T10:00:00Z", "minutes": 20, "sent": "2026-03-08T08:59:00Z"},
        ],
        [(2, 20.0, None), (3, 20.0, None), (6, 20.0, None)],
    ),
    # Start and log by one wall clock, 46:40 h after the end: not recalled, whatever zone the clinic has.
    "logged at home": (
        HOME, STARTED,
        [{"start": "2026-03-02 20:00", "minutes": 20, "sent": "2026-03-04 19:00"}],
        [(1, 20.0, None)],
    ),
    "a phone in 2099": (
        "", STARTED,
        [{"start": "2099-03-02 10:00", "minutes": 20}, {"start": "2026-05-31 10:00", "minutes": 20}],
        [(91, 20.0, None)],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clocks")
    clinic = Clinic(CLINIC, date(2026, 5, 30))
    for person, (home, start, _, _) in PEOPLE.items():
        clinic.enrol(person, start_date=start, home_tz=home, enrolment_id=person, duration_weeks=12)
    clinic.write(folder)
    rows = [{"person": person} | row for person, told in PEOPLE.items() for row in told[2]]
    names = ("person", "start", "end", "minutes", "sent", "zone")
    write(describe(folder, "app", COLUMNS) / "2026-05-30.csv", *rows, columns=names)
    return folder


@pytest.fixture(scope="module")
def warehouse(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with built(data) as connection:
        yield connection


@pytest.mark.parametrize("person", PEOPLE)
def test_sessions_by_the_clock(person: str, warehouse: duckdb.DuckDBPyConnection) -> None:
    found = read(
        warehouse,
        f"select ady, minutes, time_flag from facts.fct_session where enrolment_id = '{person}' order by ady, line",
    )
    assert [tuple(row.values()) for row in found] == PEOPLE[person][3]


def test_the_lag_is_measured_on_one_clock(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Less than two days, as long as start and log are both read in the person's zone."""
    told = "select is_recalled from facts.fct_session where enrolment_id = 'logged at home'"
    assert read(warehouse, told) == [{"is_recalled": False}]


def test_what_was_refused_and_flagged(warehouse: duckdb.DuckDBPyConnection) -> None:
    rules = "select rule_id, severity, column_name, count(*) as n from ops.refused_row group by all order by 1"
    assert [tuple(row.values()) for row in read(warehouse, rules)] == [
        ("clock_skew", "row", "start", 4),
        ("time_in_fold", "warning", "start", 2),
        ("time_in_gap", "row", "start", 1),
    ]
    told = counts(warehouse, "2026-05-30.csv")
    assert (told["refused"], told["fold"]) == (5, 4)


def test_a_date_that_somebody_typed_says_nothing_of_clocks(tmp_path: Path) -> None:
    """Such a session stays, after the as-of day, as any later one does."""
    enrol(tmp_path, "p1")
    folder = describe(tmp_path, "app", COLUMNS, exported="fixed:2026-05-30")
    names = ("person", "start", "end", "minutes", "sent", "zone")
    row = {"person": "p1", "start": "2099-03-02 10:00", "minutes": 20}
    write(folder / "log.csv", row, columns=names)
    with built(tmp_path) as connection:
        assert sessions(connection, "not_counted_reason") == [("after_as_of",)]


def test_the_export_says_row_by_row_when_it_was_written(tmp_path: Path) -> None:
    """Started, finished, uploaded, zone: the four columns of an app that syncs late."""
    enrol(tmp_path, "p1")
    app = {
        "participant_id": "healthCode", "started_at": "startedOn", "ended_at": "finishedOn",
        "recorded_at": "uploadedOn", "tz": "clientTimeZone",
    }  # fmt: skip
    folder = describe(tmp_path, "bridge", app, exported="column:uploadedOn", zone="UTC")
    start, end = "2026-03-03T04:50:00.000Z", "2026-03-03T05:10:00.000Z"
    late = {"healthCode": "p1", "startedOn": start, "finishedOn": end, "clientTimeZone": HOME}
    skewed = late | {
        "startedOn": "2026-03-09T04:50:00.000Z",
        "finishedOn": "2026-03-09T05:10:00.000Z",
    }
    write(
        folder / "sync.csv",
        late | {"uploadedOn": "2026-03-06T09:00:00.000Z"},
        skewed | {"uploadedOn": "2026-03-09T03:00:00.000Z"},
    )
    with built(tmp_path) as connection:
        assert sessions(connection, "ady", "minutes", "is_recalled") == [(1, 20.0, True)]
        assert counts(connection, "sync.csv") == {"read": 2, "accepted": 1, "refused": 1}


def test_the_time_stands_only_in_the_file_name(tmp_path: Path) -> None:
    """As Beiwe writes it: one file per event, its time in UTC, and no final newline."""
    enrol(tmp_path, "p1")
    columns = {
        "participant_id": '{ path = "([a-z0-9]+)/" }',
        "started_at": r'{ path = "([0-9]{4}-.*)[.]csv", format = "%Y-%m-%d %H_%M_%S%z" }',
        "minutes": "answer",
    }
    folder = describe(tmp_path, "beiwe", columns, files="**/*.csv", zone=HOME)
    (folder / "p1").mkdir()
    for name in (
        "2026-03-10 03_58_51+00_00",
        "2026-03-10 20_00_00+00_00",
        "2026-03-10 21_01_00+01_00",
    ):
        write(folder / "p1" / f"{name}.csv", {"question id": "minutes", "answer": 20})
    with built(tmp_path) as connection:
        # The first is the evening of the 9th in Los Angeles; the last two are one session in two zones.
        assert sessions(connection, "ady") == [(8,), (9,)]
