"""What a source takes back is gone, whenever the older export arrives; exported again later, it stands."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from flows.steps.discover import find_export_files
from flows.steps.pipeline import ingest_all
from schemas.errors import SourceWrong
from schemas.source import read_source
from tests.exports import read
from tests.identity_world import SESSION, built, counts, describe, enrol, log, sessions, write

DELETES = ("[deletes]", 'files = "**/*_Deleted*.csv"', 'column = "session"')
SURVEY = {
    "participant_id": "person",
    "completed_at": "done",
    "response_id": "id",
    "status": "state",
}
FORM = ("[instruments.nrs_pain]", 'version = "0-10"', 'items = { q1 = "nrs" }')
PEG = ("[instruments.peg]", 'version = "3"', 'items = "peg_{n}"')


def three(data: Path) -> Path:
    """Three sessions, the second one deleted in April."""
    enrol(data, "p1")
    folder = describe(data, "app", SESSION, *DELETES, files="**/*.csv")
    days = ("02", "03", "04")
    write(folder / "2026-03-31.csv", *(log(f"2026-03-{day} 10:00", id=f"s{day}") for day in days))
    (folder / "gone").mkdir(exist_ok=True)
    write(
        folder / "gone" / "log_Deleted_2026-04-30.csv",
        {"session": " s03 ", "by": "app"},
        {"session": "", "by": "app"},
        {"session": "never seen", "by": "app"},
    )
    return folder


def test_a_delete_file_deletes_and_is_no_data(tmp_path: Path) -> None:
    three(tmp_path)
    with built(tmp_path) as connection:
        assert sessions(connection, "ady") == [(1,), (3,)]
        told = counts(connection, "gone/log_Deleted_2026-04-30.csv")
        assert told == {"read": 3, "accepted": 2, "refused": 1}
        assert counts(connection, "2026-03-31.csv") == {
            "read": 3, "accepted": 2, "superseded": 1, "deleted": 1,
        }  # fmt: skip
        (refused,) = read(connection, "select line, column_name, rule_id from ops.refused_row")
        assert refused == {"line": 3, "column_name": "session", "rule_id": "missing_required"}


@pytest.mark.parametrize(("day", "stands"), [("2026-04-15", False), ("2026-05-15", True)])
def test_only_what_is_exported_later_revives(day: str, stands: bool, tmp_path: Path) -> None:
    folder = three(tmp_path)
    ingest_all(tmp_path)
    write(folder / f"{day}.csv", log("2026-03-03 10:00", 25, id="s03"))
    with built(tmp_path) as connection:
        assert sessions(connection) == [(1, 20.0), *([(2, 25.0)] if stands else []), (3, 20.0)]


def test_a_delete_file_makes_no_snapshot_old(tmp_path: Path) -> None:
    """And a full export deletes by what it lacks; its as-of day is that of the data."""
    enrol(tmp_path, "p1")
    folder = describe(tmp_path, "app", SESSION, *DELETES, files="*.csv")
    path = folder / "source.toml"
    path.write_text('mode = "snapshot"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    rows = [log(f"2026-03-0{day} 10:00", id=f"s{day}") for day in (2, 3, 4)]
    write(folder / "2026-03-31.csv", *rows)
    write(folder / "2026-04-30.csv", *rows[1:])
    write(folder / "x_Deleted_2026-05-20.csv", {"session": "s4"})
    with built(tmp_path) as connection:
        assert sessions(connection, "ady") == [(2,)]
        assert counts(connection, "2026-03-31.csv")["superseded"] == 3
        assert counts(connection, "2026-04-30.csv")["deleted"] == 1


@pytest.mark.parametrize("order", [*permutations((0, 1, 2))])
def test_a_status_in_error_deletes_in_any_order_of_arrival(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    """By id and by natural key; the export that holds nothing but errors is looked at too."""
    enrol(tmp_path, "p1")
    folder = describe(tmp_path, "app", SESSION)
    first = [log("2026-03-02 10:00", id="a"), log("2026-03-03 10:00"), log("2026-03-04 10:00")]
    wrong = [row | {"status": "entered_in_error"} for row in first[:2]]
    wrong[0]["start"] = "2026-04-02 12:00"
    files = [("2026-04-01.csv", first), ("2026-04-20.csv", wrong), ("2026-03-20.csv", first)]
    for number in order:
        write(folder / files[number][0], *files[number][1])
        ingest_all(tmp_path)
    with built(tmp_path) as connection:
        assert sessions(connection, "ady", "status") == [
            (2, "entered_in_error"), (3, "completed"), (32, "entered_in_error"),
        ]  # fmt: skip


def forms(data: Path, *rows: dict[str, Any], day: str) -> None:
    """A survey export with two questionnaires on a line."""
    columns = ("person", "done", "id", "state", "nrs", "peg_1", "peg_2", "peg_3")
    folder = describe(data, "forms", SURVEY, *FORM, *PEG, table="survey")
    write(folder / f"{day}.csv", *rows, columns=columns)


def test_a_form_in_error_takes_back_all_of_its_id(tmp_path: Path) -> None:
    """Also where it comes without answers, as an app withdraws it; the newer answers of another id stay."""
    enrol(tmp_path, "p1")
    full = {"person": "p1", "done": "2026-03-01 09:00", "id": "r1", "state": "completed"}
    full |= {"nrs": 5, "peg_1": 4, "peg_2": 4, "peg_3": 4}
    other = full | {"id": "r2", "done": "2026-03-30 09:00", "nrs": 3}
    forms(tmp_path, full, other, day="2026-04-01")
    forms(tmp_path, {"person": "p1", "id": "r1", "state": "entered-in-error"}, day="2026-04-10")
    with built(tmp_path) as connection:
        told = "select instrument, value from facts.fct_score order by instrument"
        assert [tuple(row.values()) for row in read(connection, told)] == [
            ("nrs_pain", 3.0), ("peg", 4.0),
        ]  # fmt: skip
        assert counts(connection, "2026-04-10.csv") == {"read": 1, "accepted": 1}
        assert counts(connection, "2026-04-01.csv") == {
            "read": 2, "accepted": 1, "superseded": 1, "deleted": 1,
        }  # fmt: skip


def test_deletions_that_could_never_work_are_told_at_once(tmp_path: Path) -> None:
    columns = {k: v for k, v in SESSION.items() if k != "session_id"}
    folder = describe(tmp_path, "app", columns, *DELETES, files="*.csv")
    with pytest.raises(SourceWrong, match="key deletes: only sessions with session_id"):
        read_source(folder / "source.toml")


def test_delete_files_are_found_beside_the_glob_of_the_data(tmp_path: Path) -> None:
    folder = describe(tmp_path, "app", {**SESSION}, *DELETES, files="sessions_*.csv")
    for name in ("sessions_2026.csv", "app_Deleted_2026.csv", "notes.csv"):
        (folder / name).write_text("session\n")
    found = find_export_files(read_source(folder / "source.toml"))
    assert [path.name for path in found] == ["app_Deleted_2026.csv", "sessions_2026.csv"]


def test_a_form_refused_beside_one_that_stands_is_counted_as_a_part(tmp_path: Path) -> None:
    """Only the build sees that the file has answered this form before; the record stands by its other form."""
    enrol(tmp_path, "p1")
    first = {"person": "p1", "done": "2026-03-02 09:00", "state": "completed", "nrs": 5}
    again = first | {"nrs": 6, "peg_1": 4, "peg_2": 4, "peg_3": 4}
    forms(tmp_path, first | {"peg_1": "", "peg_2": "", "peg_3": ""}, again, day="2026-04-01")
    with built(tmp_path) as connection:
        told = read(connection, "select line, rule_id, severity from ops.refused_row")
        assert told == [{"line": 3, "rule_id": "duplicate_key", "severity": "response"}]
        assert counts(connection, "2026-04-01.csv") == {"read": 2, "accepted": 2}
        (file,) = read(
            connection, "select parts_refused from ops.file where file_name = '2026-04-01.csv'"
        )
        assert file == {"parts_refused": 1}
