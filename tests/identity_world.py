"""One clinic whose exports are written file by file: several sources, days of export, deletions, in any order.

Enrolments are those of `tests.exports.Clinic`; everything else is written as the test tells it.
"""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from tests.exports import Clinic, read, run

CLINIC = "riverside"
STARTED = "2026-03-02"
SESSION = {
    "participant_id": "person", "session_id": "id", "started_at": "start", "minutes": "minutes", "status": "status",
    "log_source": "log", "enrolment_id": "programme",
}  # fmt: skip
Row = dict[str, Any]


def enrol(data: Path, *people: str, start_date: str = STARTED, **columns: Any) -> None:
    """Enrolments of four weeks from 2 March 2026; the logs are complete until the end of May."""
    clinic = Clinic(CLINIC, date(2026, 5, 30))
    for person in people:
        clinic.enrol(person, start_date=start_date, **columns)
    clinic.write(data)


def describe(
    data: Path,
    source: str,
    columns: dict[str, str],
    *lines: str,
    table: str = "session",
    zone: str = "Europe/Berlin",
    exported: str = "name:%Y-%m-%d",
    name: str = "source",
    files: str = "*.csv",
) -> Path:
    """The mapping of one source; returns its folder. `lines` are added as they stand."""
    folder = data / "raw" / CLINIC / source
    folder.mkdir(parents=True, exist_ok=True)
    head = {
        "clinic": CLINIC,
        "table": table,
        "reader": "csv",
        "files": files,
        "exported_at": exported,
    }
    told = [f'{key} = "{value}"' for key, value in (head | {"timezone": zone}).items()]
    told += [
        "[dialect]",
        'encoding = "utf-8"',
        'delimiter = ","',
        'date_order = "ymd"',
        "[columns]",
    ]
    told += [f"{key} = {_toml(value)}" for key, value in columns.items()]
    path = folder / ("source.toml" if name == "source" else f"{name}.source.toml")
    path.write_text("\n".join([*told, *lines]) + "\n", encoding="utf-8")
    return folder


def _toml(value: str) -> str:
    return value if value.startswith("{") else f'"{value}"'


def write(path: Path, *rows: Row, columns: tuple[str, ...] = ()) -> Path:
    """One export file."""
    names = columns or tuple(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def log(start: str, minutes: float | str = 20, **columns: Any) -> Row:
    """One row of a session export by the columns of SESSION."""
    row = {"person": "p1", "id": "", "start": start, "minutes": minutes}
    return row | {"status": "", "log": "", "programme": ""} | columns


def built(data: Path) -> duckdb.DuckDBPyConnection:
    """One run; nothing may be wrong with a file."""
    return run(data)


def sessions(connection: duckdb.DuckDBPyConnection, *columns: str) -> list[tuple[Any, ...]]:
    """Sessions in force, in the order of their days and lines."""
    named = ", ".join(columns or ("ady", "minutes"))
    rows = read(
        connection, f"select {named} from facts.fct_session order by ady, minutes, source_id, line"
    )
    return [tuple(row.values()) for row in rows]


def counts(connection: duckdb.DuckDBPyConnection, file_name: str) -> Row:
    """What became of the records of one file; they add up."""
    (row,) = read(connection, f"select * from ops.file where file_name = '{file_name}'")
    parts = ("accepted", "refused", "superseded", "ignored")
    assert row["rows_read"] == sum(row[f"rows_{part}"] for part in parts)
    return {
        name.removeprefix("rows_"): n for name, n in row.items() if name.startswith("rows_") and n
    }
