"""Canaries: a word that nobody else writes stands in every column of every table, and must turn up in no output.

Patients' values may stand in the exports, in the landed and the refused Parquet, and in the files that a person asked for.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from schemas.errors import ExitCode
from schemas.source import OPTIONAL, REQUIRED
from tests.exports import Clinic, Row
from tests.tiny_world import fast_folder, tiny_clinic

pytestmark = pytest.mark.slow
CANARY = "KANARIENVOGEL"
# Where a word is as good as any other, a record that holds one is accepted; it is a label, not a value, in the marts.
LABELS = {"arm"}
GOOD: dict[str, Row] = {
    "enrolment": {"participant_id": f"{CANARY}P5", "condition_code": "neck_pain", "start_date": "2026-01-05"},
    "session": {"participant_id": f"{CANARY}P1", "started_at": "2026-01-06 10:00", "minutes": 20},
    "survey": {"participant_id": f"{CANARY}P1", "completed_at": "2026-02-02 09:00", "nrs": 3},
    "measure": {"participant_id": f"{CANARY}P1", "measured_at": "2026-01-06 10:00", "kind": "pain_0_10", "value": 3, "unit": "points"},
    "pause": {"participant_id": f"{CANARY}P1", "from_date": "2026-01-10", "to_date": "2026-01-12"},
}  # fmt: skip
ONE_ROW_PER_PERSON = "mart_worklist"  # analyst only; names an enrolment by the clinic's own id
ALLOWED = ("raw/", "warehouse/parquet/", "warehouse/refused/", "asked/")


def ill_world(data: Path) -> Clinic:
    """Good records of people whose ids are canaries, and for each column of each table one record with a canary there."""
    clinic = tiny_clinic()
    for rows in clinic.rows.values():
        for row in rows:
            row["participant_id"] = CANARY + row["participant_id"]
    for table, good in GOOD.items():
        rows = clinic.rows.setdefault(table, [])
        rows.append(good)
        taken = _mapped_together(table)
        rows += [good | {column: f"{CANARY} {column}"} for column in taken if column not in LABELS]
    clinic.write(data)
    for table in GOOD:
        _add_unread_columns(data / f"raw/riverside/{table}/export.csv")
    (data / "policy.toml").write_text("[refused]\nceiling = 1\n")
    return clinic


def _mapped_together(table: str) -> list[str]:
    """All columns that one mapping can name; of those that mean the same only the first."""
    same = {"duration_days", "duration_months", "sessions_per_day", "age", "ended_at"}
    answers = ("nrs",) if table == "survey" else ()
    return [c for c in (*REQUIRED[table], *OPTIONAL[table], *answers) if c not in same]


def _add_unread_columns(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    extra = [["Name", "Remarks"], *([f"{CANARY} Name", f"{CANARY}\n=1+1"] for _ in rows[1:])]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [a + b for a, b in zip(rows, extra, strict=True)]
        )


def followthrough(home: Path, *words: object, before: str = "") -> subprocess.CompletedProcess[str]:
    """A command as its own process, with everything logged that our tools can log."""
    env = {n: v for n, v in os.environ.items() if not n.startswith(("PREFECT_", "FOLLOWTHROUGH_"))}
    env |= {"HOME": str(home), "FOLLOWTHROUGH_LOG_LEVEL": "DEBUG", "TMPDIR": str(home / "tmp")}
    program = f"{before}\nfrom flows.cli import main\nmain()"
    command = [sys.executable, "-X", "dev", "-c", program, *map(str, words)]
    return subprocess.run(command, env=env, text=True, capture_output=True, check=False)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Path, dict[str, subprocess.CompletedProcess[str]]]]:
    """The ill world after a whole run, every command that looks at it, and a run that crashes half-way."""
    with fast_folder() as folder:
        data, home = folder / "data", folder / "home"
        (home / "tmp").mkdir(parents=True)
        (data / "asked").mkdir(parents=True)
        clinic = ill_world(data)
        told = {"run": followthrough(home, "run", "--data", data)}
        asked = ("--csv", data / "asked/fix.csv", "--xlsx", data / "asked/fix.xlsx")
        told["files"] = followthrough(home, "fixlist", "--data", data, *asked)
        told["list"] = followthrough(home, "fixlist", "--data", data)
        told["json"] = followthrough(home, "fixlist", "--data", data, "--json")
        told["status"] = followthrough(home, "status", "--data", data, "--json")
        clinic.log(f"{CANARY}P2", "2026-01-09 10:00", status="completed")
        clinic.write_table(data, "session", clinic.rows["session"])
        crash = (
            "import duckdb, flows.steps.release as r\n"
            f"def crash(_): raise duckdb.ConversionException('no number: {CANARY}')\n"
            "r.build_tables = crash"
        )
        told["crash"] = followthrough(home, "run", "--data", data, before=crash)
        yield folder, told


def test_the_world_was_taken_in_and_published(world):
    folder, told = world
    assert told["run"].returncode == ExitCode.OK, told["run"].stdout + told["run"].stderr
    assert told["crash"].returncode == ExitCode.BUG
    assert "bug: ConversionException at " in told["crash"].stdout
    with duckdb.connect(str(folder / "data/warehouse/analyst.duckdb"), read_only=True) as database:
        query = "select table_name, column_name from ops.refused_row"
        found = set(database.execute(query).fetchall())
    # Each column that has a form or a list of words refused its canary; the others are free text.
    assert {("session", "minutes"), ("survey", "nrs"), ("enrolment", "condition_code")} <= found
    assert {("measure", "value"), ("pause", "from_date"), ("session", "status")} <= found


def test_no_output_of_any_command_holds_a_canary(world):
    _, told = world
    for name, process in told.items():
        assert CANARY not in process.stdout, name
        assert CANARY not in process.stderr, name
    assert told["files"].returncode == told["list"].returncode == told["json"].returncode == 0


def test_no_file_holds_a_canary_but_those_that_may(world):
    """Also a state of the orchestrator, a log, a leftover in a home or temporary folder."""
    folder, _ = world
    found = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not path.relative_to(folder).as_posix().startswith(tuple(f"data/{a}" for a in ALLOWED))
        and path.name != "analyst.duckdb"  # looked at below: facts hold what was accepted
        and (CANARY.encode() in path.read_bytes() or CANARY in str(path))
    ]
    assert found == []
    assert list((folder / "data/warehouse/.prefect").rglob("*.db"))


def test_no_table_that_is_told_holds_a_canary(world):
    folder, _ = world
    warehouse = folder / "data/warehouse"
    for name in ("dashboard", "analyst"):
        with duckdb.connect(str(warehouse / f"{name}.duckdb"), read_only=True) as database:
            tables = database.execute(
                "select schema_name || '.' || table_name from duckdb_tables() "
                "where schema_name in ('marts', 'ref', 'ops') and table_name <> ?",
                [ONE_ROW_PER_PERSON],
            ).fetchall()
            for (table,) in tables:
                text = database.sql(f"select * from {table}").pl().write_json()
                assert CANARY not in text, f"{name}: {table}"
    assert CANARY not in pl.read_parquet(warehouse / "problems.parquet").write_json()


def test_people_are_pseudonyms_in_everything_that_was_landed(world):
    folder, _ = world
    for path in (folder / "data/warehouse/parquet").rglob("*.parquet"):
        frame = pl.read_parquet(path)
        if "participant_key" in frame.columns:
            assert not frame["participant_key"].cast(pl.String).str.contains(CANARY).any(), (
                path.name
            )


def test_values_stand_in_the_files_that_were_asked_for(world):
    folder, _ = world
    text = (folder / "data/asked/fix.csv").read_text(encoding="utf-8")
    assert f"{CANARY} minutes" in text
    assert f"{CANARY} Name" not in text
