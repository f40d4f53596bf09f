"""The fix-list: each problem keeps its name until it is mended, and a corrected export closes it by itself."""

import csv
import io
import json
import stat
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from openpyxl import load_workbook
from rich.console import Console

from flows.steps.fixlist import SHORT_ID, read_fixlist, summary, to_json, to_lines
from flows.steps.fixlist_files import write_csv, write_xlsx
from flows.steps.fixlist_table import print_fixlist
from flows.steps.pipeline import Built, run_all
from schemas.errors import ExitCode, UserError
from tests.exports import Clinic
from tests.tiny_world import fast_folder, tiny_clinic

MAY = datetime(2026, 5, 1, tzinfo=UTC)
DAY = MAY.date()
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, tzinfo=UTC)
FORMULA = "=HYPERLINK(1)"


def ill_clinic() -> Clinic:
    """Three good sessions, three bad ones: a cell that is no number, a code that is none, a person nobody knows."""
    clinic = tiny_clinic()
    clinic.log("P2", "2026-01-07 10:00", minutes="a lot", session_id="s11", status="completed")
    clinic.log("P3", "2026-01-07 11:00", minutes=20, session_id="s12", status=FORMULA)
    clinic.log("P9", "2026-01-07 12:00", minutes=20, session_id="s13", status="completed")
    return clinic


def mended(*sessions: str) -> Clinic:
    """The same clinic after staff corrected these sessions in their own system."""
    clinic = ill_clinic()
    for row in clinic.rows["session"]:
        if row.get("session_id") in sessions:
            row |= {"participant_id": "P2", "minutes": 20, "status": "completed"}
    return clinic


@pytest.fixture
def data():
    with fast_folder() as folder:
        ill_clinic().write(folder)
        yield folder


def run(data: Path, now: datetime = MAY) -> Built:
    ledger, built = run_all(data, now=now, with_gate=False)
    assert ledger.problems == []
    return built


def states(data: Path, today: date = DAY) -> dict[str, str]:
    """Rule -> state of its one problem."""
    problems = read_fixlist(data, today).problems
    return dict(zip(problems["rule_id"], problems["state"], strict=True))


def ids(data: Path) -> dict[str, str]:
    problems = read_fixlist(data, DAY).problems
    return dict(zip(problems["rule_id"], problems["problem_id"], strict=True))


def test_a_problem_lives_from_new_to_fixed_and_is_forgotten(data):
    run(data)
    first = ids(data)
    assert states(data) == dict.fromkeys(
        ("not_a_number", "unknown_code", "unknown_participant"), "new"
    )
    # Mended in part, under another file name, with the lines in another order.
    (data / "raw/riverside/session/export.csv").unlink()
    clinic = mended("s11")
    clinic.write_table(data, "session", clinic.rows["session"][::-1], name="corrected")
    run(data, JUNE)
    assert ids(data) == first
    assert states(data) == {
        "not_a_number": "fixed",
        "unknown_code": "persisting",
        "unknown_participant": "persisting",
    }
    seen = read_fixlist(data, JUNE.date()).problems.filter(pl.col("rule_id") == "unknown_code")
    assert seen.select("first_seen", "last_seen", "file_name").row(0) == (
        DAY, JUNE.date(), "corrected.csv",
    )  # fmt: skip
    clinic = mended("s11", "s12", "s13")
    clinic.write_table(data, "session", clinic.rows["session"], name="corrected")
    run(data, JUNE)
    assert set(states(data).values()) == {"fixed"}
    clinic.log("P1", "2026-01-08 10:00", session_id="s14", status="completed")
    clinic.write_table(data, "session", clinic.rows["session"], name="corrected")
    run(data, AUGUST)
    assert states(data) == {}


def test_after_the_mending_the_marts_are_those_of_a_world_that_was_never_ill(data, tmp_path):
    run(data)
    mended("s11", "s12", "s13").write(data)
    manifest = json.loads((run(data).folder / "manifest.json").read_text())
    mended("s11", "s12", "s13").write(tmp_path)
    (tmp_path / "keys").symlink_to(data / "keys")  # the same people, the same pseudonyms
    clean = json.loads((run(tmp_path).folder / "manifest.json").read_text())
    assert manifest["content_id"] == clean["content_id"]
    assert manifest["problems"] == {"new": 0, "persisting": 0, "fixed": 3, "waived": 0}


def test_a_run_that_adds_refused_rows_only_publishes_nothing_and_still_tells_them(data):
    before = run(data).release_id
    clinic = ill_clinic()
    clinic.log("P4", "2026-01-08 10:00", minutes="many", session_id="s14", status="completed")
    clinic.write(data)
    assert before and run(data).release_id is None
    assert read_fixlist(data, DAY).counts == {
        "new": 1, "persisting": 3, "waived": 0, "fixed": 0,
    }  # fmt: skip


def test_a_newer_snapshot_speaks_for_an_older_one(data):
    folder = data / "raw/riverside/session"
    ill_clinic().write_table(data, "session", ill_clinic().rows["session"], name="2026-05-29")
    (folder / "export.csv").unlink()
    mapping = (folder / "source.toml").read_text()
    dated = mapping.replace('"fixed:2026-03-31"', '"name:%Y-%m-%d"\nmode = "snapshot"')
    (folder / "source.toml").write_text(dated)
    run(data)
    assert len(states(data)) == 3
    clinic = mended("s11", "s12", "s13")
    clinic.write_table(data, "session", clinic.rows["session"], name="2026-05-30")
    (folder / "source.toml").write_text(dated)
    run(data, JUNE)
    assert set(states(data).values()) == {"fixed"}


def test_the_name_of_a_problem_gives_no_value_away(data):
    """Whoever knows the method and tries all values must not find the one: names are keyed."""
    run(data)
    before = ids(data)
    for path in (data / "warehouse").glob("*.json"):
        path.unlink()
    (data / "warehouse/problems.parquet").unlink()
    for key in (data / "keys").glob("*.key"):
        key.unlink()
    run(data)
    assert not set(before.values()) & set(ids(data).values())


def test_the_rows_of_a_file_that_was_refused_whole_can_be_mended_too(data, tmp_path):
    clinic = ill_clinic()
    for n in range(40):
        clinic.log("P4", f"2026-02-{1 + n % 28:02} 10:00", minutes="x" * 9, session_id=f"t{n}")
    clinic.write(data)
    ledger, _ = run_all(data, now=MAY, with_gate=False)
    assert [problem.exit_code for problem in ledger.problems] == [ExitCode.REFUSED_ABOVE_CEILING]
    fixlist = read_fixlist(data, DAY, "riverside")
    assert len(fixlist.files) == 1
    assert fixlist.open.filter(pl.col("rule_id") == "not_a_number").height == 41
    write_csv(fixlist, data, tmp_path / "fix.csv")
    assert (tmp_path / "fix.csv").read_text().count("xxxxxxxxx") == 40


# --- as a person reads it ------------------------------------------------------------------------


def test_lines_say_what_where_why_and_what_to_change_but_no_value(data):
    run(data)
    lines = to_lines(read_fixlist(data, DAY))
    assert lines[0] == "open problems: 3 (3 new, 0 persisting, 0 waived); fixed of late: 0"
    told = next(line for line in lines if "'minutes'" in line)
    name = ids(data)["not_a_number"][:SHORT_ID]
    assert told.startswith(
        f"{name} new, row, since 2026-05-01: riverside/session/export.csv line 5,"
    )
    assert "is not a number. Enter digits only" in told
    assert "a lot" not in "\n".join(lines)
    assert (
        json.loads(json.dumps(to_json(read_fixlist(data, DAY)), default=str))["counts"]["new"] == 3
    )


def test_many_problems_are_summed_up_first(data):
    clinic = ill_clinic()
    for n in range(40):
        clinic.log("P4", f"2026-02-{1 + n % 28:02} 10:00", minutes="x" * n, session_id=f"t{n}")
    clinic.write(data)
    (data / "policy.toml").write_text("[refused]\nceiling = 1\n")
    run(data)
    fixlist = read_fixlist(data, DAY)
    top = summary(fixlist).row(0, named=True)
    assert (top["rule_id"], top["open"], top["new"], top["fixed"]) == ("not_a_number", 40, 40, 0)
    assert to_lines(fixlist)[1].startswith("riverside/session not_a_number: 40 new; for example")
    out = io.StringIO()
    print_fixlist(fixlist, Console(file=out, width=200, force_terminal=False))
    assert "By source and rule" in out.getvalue()
    assert "more: --csv FILE or --xlsx FILE lists all" in out.getvalue()
    assert "xxxx" not in out.getvalue()


def test_names_from_an_export_do_not_speak_to_the_terminal(data):
    path = data / "raw/riverside/session/export.csv"
    path.rename(path.with_name("[red]ex\x1b[2Jport.csv"))
    run(data)
    out = io.StringIO()
    print_fixlist(read_fixlist(data, DAY), Console(file=out, width=300))
    assert "\x1b" not in out.getvalue()
    assert "[red]ex" in out.getvalue()


# --- as files to work in -------------------------------------------------------------------------


def test_the_files_hold_the_rows_with_the_remedy_first(data, tmp_path):
    run(data)
    fixlist = read_fixlist(data, DAY)
    assert write_csv(fixlist, data, tmp_path / "fix.csv") == 3
    assert write_xlsx(fixlist, data, tmp_path / "fix.xlsx") == 3
    for name in ("fix.csv", "fix.xlsx"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fix.csv", "fix.xlsx"]
    with (tmp_path / "fix.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["line"] for row in rows] == ["5", "6", "7"]
    assert list(rows[0])[:2] == ["what is wrong", "what to change"]
    assert (rows[0]["participant_id"], rows[0]["minutes"]) == ("P2", "a lot")
    assert rows[1]["status"] == f"'{FORMULA}"
    book = load_workbook(tmp_path / "fix.xlsx")
    assert book.sheetnames == ["riverside session"]
    head, *body = book["riverside session"].iter_rows()
    names = [cell.value for cell in head]
    assert names[:2] == ["what is wrong", "what to change"]
    cell = body[1][names.index("status")]
    assert (cell.value, cell.data_type) == (FORMULA, "s")
    assert {cell.data_type for row in body for cell in row} <= {"s", "inlineStr", "n", "d"}


HOSTILE = ("=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", "＝1", " =1", "#N/A", "'quoted", "bell\x07")


def test_no_cell_of_the_files_is_a_formula(data, tmp_path):
    clinic = ill_clinic()
    for n, word in enumerate(HOSTILE):
        clinic.log("P1", f"2026-02-0{n % 9 + 1} 10:00", session_id=f"h{n}", status=word)
    clinic.write(data)
    run(data)
    fixlist = read_fixlist(data, DAY)
    write_csv(fixlist, data, tmp_path / "fix.csv")
    write_xlsx(fixlist, data, tmp_path / "fix.xlsx")
    with (tmp_path / "fix.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "＝"))] == []
    book = load_workbook(tmp_path / "fix.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert not kinds & {"f", "e"}


def test_columns_that_the_mapping_leaves_unread_stay_unread(data, tmp_path):
    path = data / "raw/riverside/session/export.csv"
    head, *body = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},Name", *(f"{line},Erika Muster" for line in body)]) + "\n")
    run(data)
    fixlist = read_fixlist(data, DAY)
    write_csv(fixlist, data, tmp_path / "fix.csv")
    assert "Erika" not in (tmp_path / "fix.csv").read_text()


def test_of_an_export_that_changed_since_only_the_refused_cells_are_shown(data, tmp_path):
    run(data)
    path = data / "raw/riverside/session/export.csv"
    path.write_text(path.read_text().replace("P2", "P4"))
    write_csv(read_fixlist(data, DAY), data, tmp_path / "fix.csv")
    with (tmp_path / "fix.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["minutes"] == "a lot"
    assert "participant_id" not in rows[0]


def test_nothing_to_fix_gives_files_that_say_so(data, tmp_path):
    mended("s11", "s12", "s13").write(data)
    run(data)
    fixlist = read_fixlist(data, DAY)
    assert write_csv(fixlist, data, tmp_path / "fix.csv") == 0
    assert write_xlsx(fixlist, data, tmp_path / "fix.xlsx") == 0
    assert load_workbook(tmp_path / "fix.xlsx").sheetnames == ["nothing to fix"]
    with pytest.raises(UserError, match="no folder"):
        write_csv(fixlist, data, tmp_path / "nowhere" / "fix.csv")


# --- the command ---------------------------------------------------------------------------------


def command(*words: object) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys\nfrom flows.cli import main\ntry:\n    main()\nfinally:\n"
        "    assert 'prefect' not in sys.modules and 'great_expectations' not in sys.modules"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], text=True, capture_output=True, check=False
    )


def test_the_command_without_the_orchestrator(data, tmp_path):
    told = command("fixlist", "--data", data)
    assert (told.returncode, told.stdout) == (
        0,
        "no build yet: `followthrough run` makes the first\n",
    )
    run(data)
    told = command("fixlist", "--data", data, "--json")
    assert (told.returncode, told.stderr) == (0, "")
    assert {problem["state"] for problem in json.loads(told.stdout)["problems"]} == {"new"}
    told = command("fixlist", "--data", data, "--clinic", "riverside", "--csv", tmp_path / "f.csv")
    assert told.stdout.startswith(f"{tmp_path / 'f.csv'}: 3 open problems\n")
    told = command("fixlist", "--data", data, "--clinic", "elsewhere")
    assert (told.returncode, told.stdout) == (ExitCode.UNKNOWN_NAME, "")
    assert told.stderr == "no clinic 'elsewhere'; known: riverside\n"
    told = command("status", "--data", data)
    assert "to fix: 3 new, 0 persisting, 0 waived, 0 fixed" in told.stdout
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "healthy")


def test_the_release_tells_the_same(data):
    built = run(data)
    with duckdb.connect(str(built.folder / "analyst.duckdb"), read_only=True) as connection:
        found = connection.execute("select problem_id, state from ops.refused_row").fetchall()
    problems = read_fixlist(data, DAY).problems
    assert sorted(found) == sorted(problems.select("problem_id", "state").rows())
