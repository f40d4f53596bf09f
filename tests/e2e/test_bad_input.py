"""Bad input: each bad row is refused with what to change, the rest goes on, nothing is lost and nothing leaks."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flows.steps.ledger import Problem, read_ledger
from flows.steps.pipeline import build_release, ingest_all, run_all
from schemas.errors import ExitCode
from tests.exports import read
from tests.tiny_world import failure_of_run, fast_folder, tiny_clinic, write_world

CANARY = "KANARIENVOGEL"
ENROLMENT, SESSION = (f"raw/riverside/{table}/export.csv" for table in ("enrolment", "session"))


@pytest.fixture(scope="module")
def world() -> Iterator[Path]:
    """The tiny world with one release; tests work on copies."""
    with fast_folder() as folder:
        write_world(folder)
        run_all(folder, with_gate=False)
        yield folder


@pytest.fixture
def data(world) -> Iterator[Path]:
    with fast_folder() as folder:
        shutil.copytree(world, folder, symlinks=True, dirs_exist_ok=True)
        yield folder


# --- rows -------------------------------------------------------------------------------------

# (table, what is wrong with an otherwise good row, column to look at, rule)
BAD_ROWS: list[tuple[str, dict[str, str], str, str]] = [
    ("enrolment", {"participant_id": ""}, "participant_id", "missing_required"),
    ("enrolment", {"condition_code": CANARY}, "condition_code", "unknown_code"),
    ("enrolment", {"duration_weeks": CANARY}, "duration_weeks", "not_a_number"),
    ("enrolment", {"duration_weeks": "4.5"}, "duration_weeks", "not_integer"),
    ("enrolment", {"start_date": f"31.31.{CANARY}"}, "start_date", "not_a_date"),
    ("enrolment", {"sessions_per_week": "300"}, "sessions_per_week", "out_of_range"),
    ("session", {"participant_id": f"{CANARY}7"}, "participant_id", "unknown_participant"),
    ("session", {"started_at": CANARY}, "started_at", "not_a_date"),
    ("session", {"started_at": "2026-03-29 02:30"}, "started_at", "time_in_gap"),
    ("session", {"minutes": CANARY}, "minutes", "not_a_number"),
    ("session", {"minutes": "999"}, "minutes", "out_of_range"),
    ("session", {"started_at": ""}, "started_at", "missing_required"),
    ("session", {"participant_id": "P1", "minutes": "44"}, "", "duplicate_key"),
    ("survey", {"nrs": "77"}, "nrs", "answer_out_of_range"),
    ("survey", {"nrs": CANARY}, "nrs", "answer_not_a_number"),
    ("survey", {"completed_at": ""}, "completed_at", "no_visit"),
    ("survey", {"participant_id": f"{CANARY}8"}, "participant_id", "unknown_participant"),
]
GOOD_ROWS = {
    "enrolment": {"participant_id": CANARY, "start_date": "2026-01-05"},
    "session": {"participant_id": "P2", "started_at": "2026-01-06 00:00"},
    "survey": {"participant_id": "P2", "completed_at": "2026-01-20 09:00", "nrs": "5"},
}


@pytest.fixture(scope="module")
def planted() -> Iterator[tuple[Path, list[tuple[str, int, str, str]]]]:
    """A world with every kind of bad row, a ragged and an empty one; and where each stands."""
    with fast_folder() as folder:
        clinic, where = tiny_clinic(), []
        for table, wrong, column, rule in BAD_ROWS:
            {"enrolment": clinic.enrol, "session": clinic.log, "survey": clinic.ask}[table](
                **{**GOOD_ROWS[table], **wrong}
            )
            where.append((table, len(clinic.rows[table]) + 1, column, rule))
        clinic.write(folder)
        with (folder / ENROLMENT).open("a") as file:
            file.write(f"{CANARY},neck_pain\n")
        where.append(("enrolment", len(clinic.rows["enrolment"]) + 2, "", "ragged_row"))
        with (folder / SESSION).open("a") as file:
            file.write(",,\n")
        assert failure_of_run(folder) == (0, "")
        yield folder, where


@pytest.fixture(scope="module")
def analyst(planted) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(planted[0] / "warehouse/analyst.duckdb"), read_only=True) as opened:
        yield opened


def test_each_bad_row_is_refused_where_it_stands_by_its_rule(planted, analyst):
    refused = analyst.sql("select source_id, line, column_name, rule_id from ops.refused_row")
    assert sorted(refused.fetchall()) == sorted(planted[1])


def test_each_refusal_says_why_and_what_to_change_without_a_value(analyst):
    rows = read(analyst, "select * from ops.refused_row")
    assert all(row["file_name"] == "export.csv" and row["severity"] for row in rows)
    for row in rows:
        assert row["reason"] and row["fix"]
        assert "{" not in row["reason"] + row["fix"]
        assert row["rule_id"] == "no_visit" or row["column_name"] in row["reason"] + row["fix"]
    out_of_range = {r["column_name"]: r["reason"] for r in rows if "range" in r["rule_id"]}
    assert "more than 0, at most 240" in out_of_range["minutes"]
    assert "0 to 10" in out_of_range["nrs"]


def test_the_rest_goes_on_and_no_row_is_lost(analyst):
    counts = "rows_read, rows_accepted, rows_refused, rows_superseded, rows_ignored"
    files = {
        r.pop("source_id"): r for r in read(analyst, f"select source_id, {counts} from ops.file")
    }
    assert {name: tuple(counted.values()) for name, counted in files.items()} == {
        "enrolment": (11, 4, 7, 0, 0),
        "session": (11, 3, 7, 0, 1),
        "survey": (12, 8, 4, 0, 0),
    }


def test_no_value_of_a_patient_leaves_the_restricted_file(planted, analyst):
    folder = planted[0]
    ours = [
        p for p in (folder / "warehouse").rglob("*") if p.is_file() and "refused" not in p.parts
    ]
    assert [path.name for path in ours if CANARY.encode() in path.read_bytes()] == []
    assert CANARY not in str(
        [r for t in tables(analyst) for r in analyst.sql(f"from {t}").fetchall()]
    )
    restricted = str(folder / "warehouse/refused/**/*.parquet")
    cells = duckdb.sql(
        "select cell from read_parquet($p) where cell is not null", params={"p": restricted}
    )
    assert any(CANARY in cell for (cell,) in cells.fetchall())


def tables(analyst: duckdb.DuckDBPyConnection) -> list[str]:
    """Everything that an analyst can read."""
    listed = "select table_schema || '.' || table_name from information_schema.tables"
    return [name for (name,) in analyst.sql(listed).fetchall()]


# --- files ------------------------------------------------------------------------------------

UNREADABLE = {
    "binary": b"\x7fELF\x02\x01\x01\0\0\0" + bytes(range(256)),
    "nul": b"participant_id,started_at,minutes\nP1,2026-01-06 10:00,\x0020\n",
    "empty": b"",
    "encoding": "participant_id,started_at,minutes\nP\xf6,2026-01-06 10:00,20\n".encode("cp1252"),
    "quotes": b'participant_id,started_at,minutes\n"P1,2026-01-06 10:00,20\nP2,2026-01-06 10:00,20\n',
    "column": b"participant_id,started_at,length\nP1,2026-01-06 10:00,20\n",
    "no_header": b"P1,2026-01-06 10:00,20\nP2,2026-01-06 10:00,20\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_told_and_its_earlier_version_keeps_contributing(data, name):
    before = read_ledger(data / "warehouse").files
    (data / SESSION).write_bytes(UNREADABLE[name])
    ledger = ingest_all(data)
    (problem,) = ledger.problems
    assert problem.exit_code == ExitCode.EXPORT_UNREADABLE
    assert problem.message.startswith("riverside/session/export.csv: ")
    assert "P1" not in problem.message
    assert ledger.files == before
    assert build_release(data, with_gate=False).release_id is None


def test_an_absent_column_is_named(data):
    (data / SESSION).write_bytes(UNREADABLE["column"])
    (problem,) = ingest_all(data).problems
    assert "'minutes'" in problem.message


def test_other_files_go_on_beside_an_unreadable_one(data):
    (data / SESSION).write_bytes(UNREADABLE["binary"])
    clinic = tiny_clinic()
    clinic.enrol("P5", start_date="2026-01-05")
    clinic.write_table(data, "enrolment", clinic.rows["enrolment"])
    ledger = ingest_all(data)
    assert [p.exit_code for p in ledger.problems] == [ExitCode.EXPORT_UNREADABLE]
    assert {f["table"]: f["rows_read"] for f in ledger.files} == {
        "enrolment": 5,
        "session": 3,
        "survey": 8,
    }
    assert build_release(data, with_gate=False).release_id is not None
    tiny_clinic().write(data)  # mended
    assert ingest_all(data).problems == []


def test_an_unreadable_file_that_was_never_read_contributes_nothing(data):
    (data / "raw/riverside/session/second.csv").write_bytes(UNREADABLE["binary"])
    ledger = ingest_all(data)
    assert [p.exit_code for p in ledger.problems] == [ExitCode.EXPORT_UNREADABLE]
    assert len(ledger.files) == 3


def test_a_bug_that_one_file_brings_up_is_told_without_its_values_and_others_go_on(
    data, monkeypatch
):
    def ingest_file(*_):
        raise ValueError(f"could not convert {CANARY}")

    write_world(data, 4)
    monkeypatch.setattr("flows.steps.intake.ingest_file", ingest_file)
    (problem,) = ingest_all(data).problems
    assert problem.exit_code == ExitCode.BUG
    assert problem.message.startswith(
        "riverside/session/export.csv: bug: ValueError at flows/steps/"
    )
    assert CANARY not in problem.message


def test_no_exports_at_all_is_told(tmp_path):
    (tmp_path / "raw").mkdir()
    (problem,) = ingest_all(tmp_path).problems
    assert problem.exit_code == ExitCode.NO_EXPORTS
    assert "source.toml" in problem.message
    assert build_release(tmp_path, with_gate=False).release_id is None


# --- source.toml ------------------------------------------------------------------------------

# (file to change, text, its replacement, key that the message names, words of the message)
WRONG = {
    "syntax": ("session", "[columns]", "[columns", None, "not a TOML file"),
    "unknown_key": ("session", 'reader = "csv"', 'reader = "csv"\ncolour = "red"', "colour", "unknown key"),
    "dialect_key": ("session", "[dialect]", '[dialect]\nquotes = "x"', "dialect.quotes", "unknown key"),
    "unknown_table": ("session", 'table = "session"', 'table = "sessions"', "table", "'session'"),
    "needed_key": ("session", 'reader = "csv"\n', "", "reader", "needed"),
    "bad_zone": ("session", "Europe/Berlin", "Europe/Birlin", "timezone", "IANA"),
    "bad_origin": ("session", "fixed:2026-03-31", "fixed:31.3.2026", "exported_at", "2026-03-31"),
    "unknown_column": ("session", 'minutes = "minutes"', 'minuets = "minutes"', "columns.minuets", "has no column"),
    "unknown_unit": (
        "session",
        'minutes = "minutes"',
        'minutes = { column = "minutes", unit = "parsec" }',
        "columns.minutes",
        "unknown unit",
    ),
    "wrong_unit": (
        "session",
        'minutes = "minutes"',
        'minutes = { column = "minutes", unit = "kPa" }',
        "columns.minutes.unit",
        "use ms, s, min, h",
    ),
    "needless_unit": (
        "enrolment",
        'sessions_per_week = "sessions_per_week"',
        'sessions_per_week = { column = "sessions_per_week", unit = "percent" }',
        "columns.sessions_per_week.unit",
        "takes none",
    ),
    "unknown_word": (
        "enrolment",
        "[columns]",
        '[codes.condition_code]\n"neck" = "neckpain"\n[columns]',
        "codes.condition_code.neck",
        "neck_pain",
    ),
    "unmapped_codes": ("session", "[columns]", '[codes.setting]\n"a" = "clinic"\n[columns]', "codes.setting", "map"),
    "unknown_questionnaire": (
        "survey",
        "[instruments.nrs_pain]",
        "[instruments.nrs_pian]",
        "instruments.nrs_pian.version",
        "no questionnaire of that id",
    ),
    "unknown_version": ("survey", 'version = "0-10"', 'version = "9"', "instruments.nrs_pain.version", "0-10"),
    "unknown_item": ("survey", 'q1 = "nrs"', 'q9 = "nrs"', "instruments.nrs_pain.items", "no item q9"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mapping_is_told_by_file_line_and_key_and_others_go_on(data, name):
    table, right, wrong, key, words = WRONG[name]
    path = data / f"raw/riverside/{table}/source.toml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    before = read_ledger(data / "warehouse").files
    ledger = ingest_all(data)
    (problem,) = ledger.problems
    assert problem.exit_code == ExitCode.SOURCE_WRONG
    assert problem.message.startswith(f"{path}, line ")
    line = int(
        problem.message.removeprefix(f"{path}, line ")
        .partition((key and ",") or ":")[0]
        .rstrip(":")
    )
    assert line == expected_line(text, right, wrong, name)
    if key:
        assert f"key {key}: " in problem.message
    assert words in problem.message
    assert ledger.files == before


def expected_line(text: str, right: str, wrong: str, name: str) -> int:
    """The line that somebody would look for: the changed one; where a key is missing, the first."""
    if name == "needed_key":
        return 1
    at = text[: text.index(right)].count("\n") + 1
    if name == "unknown_questionnaire":
        return at + 1  # the version that no questionnaire has
    if name == "unknown_item":
        return at
    added = wrong.count("\n") - right.count("\n")
    return {"unmapped_codes": at}.get(name, at + min(added, 1))


def test_a_mapping_with_a_byte_order_mark_is_read(data):
    path = data / "raw/riverside/session/source.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert ingest_all(data).problems == []


def test_a_mapping_in_another_encoding_is_told_with_its_line(data):
    path = data / "raw/riverside/session/source.toml"
    path.write_bytes(path.read_bytes() + "# f\xfcr Berlin\n".encode("cp1252"))
    (problem,) = ingest_all(data).problems
    n_lines = path.read_bytes().count(b"\n")
    assert problem == Problem(
        ExitCode.SOURCE_WRONG, f"{path}, line {n_lines}: is not UTF-8; save the file as UTF-8"
    )


def test_one_wrong_mapping_beside_an_unreadable_file_leaves_the_third_source_alone(data):
    (data / SESSION).write_bytes(UNREADABLE["binary"])
    (data / "raw/riverside/enrolment/source.toml").write_text("clinic =")
    clinic = tiny_clinic()
    clinic.ask("P1", "2026-02-10 09:00", nrs=2)
    clinic.write_table(data, "survey", clinic.rows["survey"])
    ledger = ingest_all(data)
    codes = sorted(problem.exit_code for problem in ledger.problems)
    assert codes == [ExitCode.SOURCE_WRONG, ExitCode.EXPORT_UNREADABLE]
    assert {f["table"]: f["rows_read"] for f in ledger.files} == {
        "enrolment": 4,
        "session": 3,
        "survey": 9,
    }
