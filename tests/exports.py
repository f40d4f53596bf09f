"""Clinics as tests draw them: rows in, export files with their `source.toml` out, one plain run over them.

Columns are named as the canonical tables name them, so that a mapping is the identity and a test shows
what a clinic wrote.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from flows.steps.pipeline import build_release, ingest_all
from flows.steps.publish import export_marts

Row = dict[str, Any]
TABLES = ("enrolment", "session", "survey", "pause")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Clinic:
    """Exports of one clinic: rows by table, its zone and the last complete day of its logs."""

    name: str
    data_through: date
    timezone: str = "Europe/Berlin"
    exported_at: date = date(2026, 5, 30)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in TABLES})
    instruments: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def enrol(self, participant_id: str, **columns: Any) -> str:
        """One more row of the enrolment export; returns the participant."""
        plan: Row = {"condition_code": "neck_pain", "plan_type": "fixed_term", "duration_weeks": 4}
        plan |= {"sessions_per_week": 3, "minutes_per_session": 20}
        self.rows["enrolment"].append({"participant_id": participant_id} | plan | columns)
        return participant_id

    def log(self, participant_id: str, started_at: str, **columns: Any) -> None:
        """One more row of the session export."""
        row: Row = {"participant_id": participant_id, "started_at": started_at, "minutes": 20}
        self.rows["session"].append(row | columns)

    def ask(self, participant_id: str, completed_at: str, **answers: Any) -> None:
        """One more row of the survey export: a pain score from 0 to 10 unless told otherwise."""
        if not self.instruments:
            self.instruments["nrs_pain"] = ("0-10", {"q1": "nrs"})
        row: Row = {"participant_id": participant_id, "completed_at": completed_at}
        self.rows["survey"].append(row | answers)

    def write(self, data: Path) -> None:
        """Write every table that has rows below `data/raw`."""
        for table, rows in self.rows.items():
            if rows:
                self.write_table(data, table, rows)

    def write_table(
        self, data: Path, table: str, rows: Sequence[Row], name: str = "export"
    ) -> None:
        """Write one export file of a table, and its mapping beside it."""
        folder = data / "raw" / self.name / table
        folder.mkdir(parents=True, exist_ok=True)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        (folder / "source.toml").write_text(self._mapping(table, columns), encoding="utf-8")

    def _mapping(self, table: str, columns: list[str]) -> str:
        asked = {column for _, items in self.instruments.values() for column in items.values()}
        lines = [
            f'clinic = "{self.name}"',
            f'table = "{table}"',
            'reader = "csv"',
            'files = "*.csv"',
        ]
        lines += [f'exported_at = "fixed:{self.exported_at}"', f'timezone = "{self.timezone}"']
        lines += [f'data_through = "{self.data_through}"', "[dialect]", 'encoding = "utf-8"']
        lines += ['delimiter = ","', 'decimal = "."', 'date_order = "ymd"', "[columns]"]
        lines += [f'{column} = "{column}"' for column in columns if column not in asked]
        for instrument, (version, items) in self.instruments.items() if table == "survey" else ():
            told = ", ".join(f'{item} = "{column}"' for item, column in items.items())
            lines += [
                f"[instruments.{instrument}]",
                f'version = "{version}"',
                f"items = {{ {told} }}",
            ]
        return "\n".join(lines) + "\n"


def run(data: Path, as_of: date | None = None, now: datetime = NOW) -> duckdb.DuckDBPyConnection:
    """Ingest and build without the gate; opens what an analyst would see."""
    ledger = ingest_all(data)
    assert ledger.problems == []
    built = build_release(data, as_of, now, with_gate=False)
    assert built.release_id is not None
    return duckdb.connect(str(data / "warehouse" / "analyst.duckdb"), read_only=True)


def read(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    """Rows of a query, as the columns are named."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def mart_bytes(connection: duckdb.DuckDBPyConnection, out: Path) -> dict[str, bytes]:
    """Every mart as its export."""
    return {path.name: path.read_bytes() for path in export_marts(connection, out)}
