"""What the oracle starts from: landed Parquet and the ledger, as lists of plain dicts.

Only reading happens here. Everything that decides which row stands is in `identity`.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet

Row = dict[str, Any]
TABLES = ("enrolment", "session", "survey_response", "score", "pause", "deleted")


@dataclass(frozen=True)
class Landed:
    """`tables` maps a table's name to its landed rows; `files` holds one ledger entry per export."""

    tables: dict[str, list[Row]]
    files: list[Row]


def read_landed(warehouse: Path) -> Landed:
    """All landed rows of the files that the ledger holds in force (architecture 5 and 8, Files)."""
    files = read_ledger(warehouse / "ledger.json")
    keys = {file["file_key"] for file in files}
    tables = {}
    for table in TABLES:
        rows = read_table(warehouse / "parquet" / table)
        tables[table] = [row for row in rows if row["file_key"] in keys]
    return Landed(tables, files)


def read_ledger(path: Path) -> list[Row]:
    """Ledger entries with `exported_at` as a datetime."""
    files = json.loads(path.read_text(encoding="utf-8"))["files"]
    return [{**file, "exported_at": datetime.fromisoformat(file["exported_at"])} for file in files]


def read_table(folder: Path) -> list[Row]:
    """Every row of every Parquet file below one table's folder, in the order of the file names."""
    rows: list[Row] = []
    for path in sorted(folder.rglob("*.parquet")):
        rows.extend(pyarrow.parquet.ParquetFile(path).read().to_pylist())
    return rows
