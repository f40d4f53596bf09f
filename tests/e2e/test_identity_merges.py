"""The same session from several sources, and sessions that overlap: one stands, and every merge can be followed."""

from collections.abc import Iterator
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.exports import Clinic, read
from tests.identity_world import (
    CLINIC,
    SESSION,
    STARTED,
    built,
    counts,
    describe,
    enrol,
    log,
    sessions,
    write,
)

APP = "2026-05-30"
MERGES = (
    "select merged_line, kept_line, reason, minutes from ops.session_merge order by merged_line"
)


def of_rows(data: Path, *rows: dict[str, Any], **columns: Any) -> Any:
    """One person, one export with these sessions, one run."""
    enrol(data, "p1", **columns)
    write(describe(data, "app", SESSION) / f"{APP}.csv", *rows)
    return built(data)


CASES = {
    "within five minutes and two": (
        [log("2026-03-02 10:00", 20), log("2026-03-02 10:05", 18)],
        [(1, 20.0)],
    ),
    "the device is believed first": (
        [log("2026-03-02 10:00", 20, log="app_realtime"), log("2026-03-02 10:01", 19, log="device")],
        [(1, 19.0)],
    ),
    "the app before the clinician, unknown last": (
        [
            log("2026-03-02 10:00", 20),
            log("2026-03-02 10:01", 21, log="clinician"),
            log("2026-03-02 10:02", 22, log="app_realtime"),
        ],
        [(1, 22.0)],
    ),
    "overlapping ones become their union": (
        [log("2026-03-02 10:00", 20), log("2026-03-02 10:15", 25)],
        [(1, 40.0)],
    ),
    "one inside the other": (
        [log("2026-03-02 10:00", 60), log("2026-03-02 10:30", 5)],
        [(1, 60.0)],
    ),
    "a chain": (
        [log("2026-03-02 10:00", 20), log("2026-03-02 10:35", 20), log("2026-03-02 10:15", 25)],
        [(1, 55.0)],
    ),
    "half an hour apart": (
        [log("2026-03-02 10:00", 20), log("2026-03-02 10:30", 20)],
        [(1, 20.0), (1, 20.0)],
    ),
    "one ends as the other begins": (
        [log("2026-03-02 10:00", 20), log("2026-03-02 10:20", 30)],
        [(1, 20.0), (1, 30.0)],
    ),
    "short ones of another length": (
        [log("2026-03-02 10:00", 1), log("2026-03-02 10:04", 8)],
        [(1, 1.0), (1, 8.0)],
    ),
    "short ones of the same length": (
        [log("2026-03-02 10:00", 2), log("2026-03-02 10:04", 3)],
        [(1, 2.0)],
    ),
    "no length inside a session": (
        [log("2026-03-02 10:05", ""), log("2026-03-02 10:00", 20)],
        [(1, 20.0)],
    ),
    "neither has a length": (
        [log("2026-03-02 10:05", ""), log("2026-03-02 10:00", "")],
        [(1, None)],
    ),
    "across midnight": (
        [log("2026-03-02 23:50", 20), log("2026-03-03 00:05", 20)],
        [(1, 35.0)],
    ),
    "skipped is no session": (
        [log("2026-03-02 10:00", 20), log("2026-03-02 10:01", 20, status="skipped")],
        [(1, 20.0), (1, 20.0)],
    ),
    "bare dates only by their key": (
        [log("2026-03-02", 20), log("2026-03-02", 21), log("2026-03-02 10:00", 20)],
        [(1, 20.0), (1, 20.0), (1, 21.0)],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """All cases in one run, each with a person of its own."""
    data = tmp_path_factory.mktemp("cases")
    enrol(data, *(f"p{number}" for number in range(len(CASES))))
    rows = [
        row | {"person": f"p{number}"}
        for number, (logged, _) in enumerate(CASES.values())
        for row in logged
    ]
    write(describe(data, "app", SESSION) / f"{APP}.csv", *rows)
    with built(data) as connection:
        yield connection


@pytest.fixture(scope="module")
def people(cases: Any) -> list[str]:
    """The people of the cases by their lines: those with a session in force, in the order of the cases."""
    told = "select participant_key from facts.fct_session group by 1 order by min(line)"
    return [row["participant_key"] for row in read(cases, told)]


@pytest.mark.parametrize("name", CASES)
def test_what_is_one_session(name: str, cases: Any, people: list[str]) -> None:
    person = people[list(CASES).index(name)]
    found = read(
        cases,
        f"select ady, minutes from facts.fct_session where participant_key = '{person}' order by ady, minutes",
    )
    assert [tuple(row.values()) for row in found] == CASES[name][1]


def test_what_was_merged_is_counted_as_superseded(cases: Any) -> None:
    told = counts(cases, f"{APP}.csv")
    merged = sum(len(rows) - len(wanted) for rows, wanted in CASES.values())
    assert told["merged"] == told["superseded"] == merged


def test_every_merge_names_both_records_and_why(tmp_path: Path) -> None:
    rows = [
        log("2026-03-02 10:00", 20, log="device"),
        log("2026-03-02 10:02", 21, log="app_realtime"),
        log("2026-03-04 10:00", 20),
        log("2026-03-04 10:10", 30, log="device"),
    ]
    with of_rows(tmp_path / "data", *rows) as connection:
        told = [tuple(row.values()) for row in read(connection, MERGES)]
        files = read(
            connection,
            "select merged_file_key = kept_file_key as same, merged_source_id from ops.session_merge",
        )
    assert told == [(3, 2, "duplicate", None), (4, 5, "overlap", 40.0)]
    assert all(row == {"same": True, "merged_source_id": "app"} for row in files)


def test_sessions_are_merged_after_they_were_given_to_an_enrolment(tmp_path: Path) -> None:
    """Named or not, they belong to one programme; what two programmes name stays two sessions."""
    rows = [log("2026-03-02 10:00", 20, programme="first"), log("2026-03-02 10:01", 20)]
    with of_rows(tmp_path / "one", *rows, enrolment_id="first") as connection:
        assert sessions(connection) == [(1, 20.0)]
    data = tmp_path / "two"
    clinic = Clinic(CLINIC, date(2026, 5, 30))
    for programme, condition in (("first", "neck_pain"), ("second", "knee_oa")):
        clinic.enrol("p1", start_date=STARTED, enrolment_id=programme, condition_code=condition)
    clinic.write(data)
    write(describe(data, "app", SESSION) / f"{APP}.csv", rows[0], rows[1] | {"programme": "second"})
    with built(data) as connection:
        assert sessions(connection) == [(1, 20.0), (1, 20.0)]


def two_sources(data: Path, app: str, device: str) -> Any:
    """A phone and a device log the same evening; the two write their exports on these days."""
    enrol(data, "p1")
    phone = describe(data, "phone", SESSION)
    write(phone / f"{app}.csv", log("2026-03-02 19:00", 20, id="a1", log="app_realtime"))
    tracker = describe(data, "tracker", SESSION)
    write(tracker / f"{device}.csv", log("2026-03-02 19:02", 21, id="t1", log="device"))
    return built(data)


@pytest.mark.parametrize("days", [*permutations(("2026-05-29", "2026-05-31"))])
def test_the_source_decides_and_not_the_age_of_its_export(
    days: tuple[str, str], tmp_path: Path
) -> None:
    with two_sources(tmp_path, *days) as connection:
        assert sessions(connection, "source_id", "minutes") == [("tracker", 21.0)]
        assert counts(connection, f"{days[0]}.csv")["merged"] == 1


def test_columns_renamed_in_one_folder_feed_one_table(tmp_path: Path) -> None:
    """Two mappings, each for its files: what both export is one session, with an id or without."""
    enrol(tmp_path, "p1")
    folder = describe(tmp_path, "app", SESSION, name="old", files="old_*.csv")
    renamed = {
        "participant_id": "patient",
        "started_at": "begun",
        "minutes": "lasted",
        "session_id": "key",
    }
    describe(tmp_path, "app", renamed, name="new", files="new_*.csv")
    write(
        folder / "old_2026-04-01.csv",
        log("2026-03-02 10:00", 20, id="s1"),
        log("2026-03-03 10:00", 20),
        log("2026-03-04 10:00", 20, id="s3"),
    )
    again = [("2026-03-02 10:00", "s1"), ("2026-03-03 10:00", ""), ("2026-03-05 10:00", "s5")]
    rows = [{"patient": "p1", "begun": at, "lasted": 20, "key": key} for at, key in again]
    write(folder / "new_2026-05-01.csv", *rows)
    with built(tmp_path) as connection:
        assert sessions(connection, "ady", "source_id") == [
            (1, "app.new"), (2, "app.new"), (3, "app.old"), (4, "app.new"),
        ]  # fmt: skip
        assert counts(connection, "old_2026-04-01.csv")["superseded"] == 2


def test_a_policy_of_the_clinic_decides_what_is_near(tmp_path: Path) -> None:
    """Also beyond what was noted while the file was read."""
    rows = [log("2026-03-02 10:00", 20), log("2026-03-02 10:40", 20)]
    with of_rows(tmp_path, *rows) as connection:
        assert len(sessions(connection)) == 2
    (tmp_path / "policy.toml").write_text("[session]\nsame_start_minutes = 45\n", encoding="utf-8")
    with built(tmp_path) as connection:
        assert len(sessions(connection)) == 1
