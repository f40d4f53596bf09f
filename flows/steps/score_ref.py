"""Questionnaire definitions into the tables `ref.*` of a DuckDB: the same for a run and for `score`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from schemas.instrument import (
    REF_COLUMNS,
    SHIPPED,
    Instrument,
    read_instruments,
    read_licences,
    ref_rows,
)
from schemas.value_set import read_value_sets


def read_definitions(data: Path | None) -> dict[tuple[str, str], Instrument]:
    """(id, version) -> questionnaire: the shipped ones and the user's."""
    return read_instruments(SHIPPED, *([data / "instruments"] if data else []))


def read_score_ref(data: Path | None) -> dict[str, list[dict[str, Any]]]:
    """Rows of all tables that scoring reads, under the licences and value sets of this data folder."""
    instruments = read_definitions(data)
    if data is None:
        return ref_rows(instruments, {})
    licences = read_licences(data / "licences.toml")
    return ref_rows(instruments, licences, read_value_sets(data / "value_sets"))


def load_score_ref(
    connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Create `ref.<table>` for each of REF_COLUMNS, typed also where it has no rows."""
    connection.execute("create schema if not exists ref")
    for table, columns in REF_COLUMNS.items():
        connection.execute(f"create or replace table ref.{table} ({columns})")
        if rows[table]:
            connection.register("ref_rows_in", pl.DataFrame(rows[table], infer_schema_length=None))
            connection.execute(f"insert into ref.{table} by name select * from ref_rows_in")
            connection.unregister("ref_rows_in")
