"""A new warehouse from the landed Parquet: staging, facts, inference, marts, audit. Never an old one edited.

Staging holds dates, so it lives in memory beside the new file; what an analyst may see of it is copied at the end.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from flows.steps.infer import infer
from flows.steps.infer_acute import infer_acute
from flows.steps.infer_dose import infer_dose
from flows.steps.infer_evidence import infer_evidence
from flows.steps.infer_standard import infer_standard
from flows.steps.ledger import Ledger
from flows.steps.sql_files import SqlFile, build_table, find_sql_files, tables_done_with
from flows.steps.waivers import WAIVER_COLUMNS
from schemas.landed import ASIDE, LANDED
from schemas.reference import ReferenceTable, read_reference_tables

_FILE: dict[str, Any] = {
    "file_key": pl.String, "clinic_id": pl.String, "source_id": pl.String, "table_name": pl.String, "file_name": pl.String,
    "file_sha256": pl.String, "exported_at": pl.Datetime("us"), "mode": pl.String, "rows_read": pl.Int64,
    "rows_landed": pl.Int64, "rows_refused": pl.Int64, "rows_ignored": pl.Int64, "parts_refused": pl.Int64,
    "unmapped_columns": pl.String, "dialect": pl.String, "session_file_no": pl.Int32,
}  # fmt: skip
_REFUSED_BY = dict.fromkeys(("refused_by", "refused_why", "refused_column"), pl.String)
# What stands between facts and marts, each for the marts of its name.
INFERENCES = (infer, infer_acute, infer_dose, infer_evidence, infer_standard)
# What of staging is read from Python after the facts: by the inferences above, and by the note of problems for the next build.
READ_LATER = tuple(
    f"staging.{name}"
    for name in (
        "acute_enrolment", "adherence_log", "dose_pair", "evidence_pair", "outcome_cell", "outcome_cell_size", "outcome_count",
        "outcome_family", "outcome_score", "outcome_stratum", "outcome_stratum_name", "outcome_visit", "problem",
    )
)  # fmt: skip
# What a build knows of the problems of the build before, of the clinics' secrets that name problems, and of waivers.
_PROBLEM_BEFORE = """
create table landed.problem_before (
    problem_id varchar, clinic_id varchar, source_id varchar, table_name varchar, file_name varchar, file_key varchar,
    line bigint, part varchar, column_name varchar, rule_id varchar, severity varchar, reason varchar, fix varchar,
    first_seen date, last_seen date, state varchar
)
"""
WORTH_THREADS = 100_000  # rows; below, handing work to threads costs more than it saves
WORTH_REREADING = 500_000  # bytes of Parquet; below, opening the files for each reader costs more than keeping their rows
_SECRET = {"clinic_id": pl.String, "secret": pl.String}


def open_building(
    path: Path, memory_limit: str | None = None, n_rows: int | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection to a new, empty warehouse file, with the in-memory catalogs `landed` and `staging`."""
    connection = duckdb.connect(str(path))
    if n_rows is not None and n_rows < WORTH_THREADS:
        connection.execute("set threads = 1")
    connection.execute("set TimeZone = 'UTC'")  # nothing may depend on where the machine stands
    connection.execute("attach ':memory:' as landed")
    connection.execute("attach ':memory:' as staging")
    connection.execute(f"set temp_directory = '{_quoted(path.parent / 'spill')}'")
    if memory_limit:
        connection.execute(f"set memory_limit = '{memory_limit}'")
    for schema in ("ref", "facts", "marts", "ops"):
        connection.execute(f"create schema {schema}")
    return connection


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def load_landed(connection: duckdb.DuckDBPyConnection, warehouse: Path, ledger: Ledger) -> None:
    """Make `landed.<table>` stand for the landed files in force, and `landed.file` for the ledger."""
    for table, schema in {**LANDED, **ASIDE}.items():
        files = [*ledger.files, *ledger.refused] if table.startswith("refused") else ledger.files
        paths = [warehouse / f["landed"][table] for f in files if table in f["landed"]]
        _load_table(connection, table, schema, paths)
    session_files = [f["file_key"] for f in ledger.files if "session" in f["landed"]]
    rows = [
        _file_row(f)
        | {
            "session_file_no": session_files.index(f["file_key"])
            if f["file_key"] in session_files
            else None
        }
        for f in ledger.files
    ]
    _load_frame(connection, "file", pl.DataFrame(rows, schema=_FILE))
    refused = [_file_row(f) | {n: f[n] for n in _REFUSED_BY} for f in ledger.refused]
    _load_frame(connection, "refused_file", pl.DataFrame(refused, schema=_FILE | _REFUSED_BY))
    connection.execute(
        "create table ref.session_file as select session_file_no as file_no, file_key, clinic_id, source_id, file_name "
        "from landed.file where session_file_no is not null order by session_file_no"
    )
    days = [
        {"file_key": f["file_key"], "day": date.fromisoformat(day)}
        for f in ledger.files
        for day in f["logged_days"]
    ]
    _load_frame(
        connection,
        "session_day",
        pl.DataFrame(days, schema={"file_key": pl.String, "day": pl.Date}),
    )
    names = [
        {"file_key": f["file_key"], "name": n, "export_name": e}
        for f in ledger.files
        for n, e in f["columns"].items()
    ]
    _load_frame(
        connection,
        "column_name",
        pl.DataFrame(
            names, schema={"file_key": pl.String, "name": pl.String, "export_name": pl.String}
        ),
    )


def _load_table(
    connection: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, paths: list[Path]
) -> None:
    # The place of a file in the list is free to read, and a small number where its key would be a long text.
    number = ", cast(file_index as integer) as file_no" if table == "session" else ""
    if paths:
        listed = ", ".join(f"'{_quoted(path)}'" for path in paths)
        kind = "table" if sum(path.stat().st_size for path in paths) < WORTH_REREADING else "view"
        connection.execute(
            f"create {kind} landed.{table} as select *{number} from read_parquet([{listed}], hive_partitioning = false)"
        )
    else:
        connection.register("empty_table", schema.empty_table())
        connection.execute(
            f"create table landed.{table} as select *{number.replace('file_index', '0')} from empty_table"
        )
        connection.unregister("empty_table")


def _load_frame(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    connection.register("frame_in", frame.to_arrow())
    connection.execute(f"create table landed.{name} as select * from frame_in")
    connection.unregister("frame_in")


def _file_row(receipt: dict[str, Any]) -> dict[str, Any]:
    row = {name: receipt.get(name) for name in _FILE}
    return row | {
        "table_name": receipt["table"],
        "exported_at": pl.Series([receipt["exported_at"]]).str.to_datetime(time_unit="us")[0],
        "unmapped_columns": ", ".join(receipt["unmapped_columns"]),
        "dialect": json.dumps(receipt["dialect"], sort_keys=True),
    }


def load_problems_before(
    connection: duckdb.DuckDBPyConnection,
    problems: Path,
    secrets: Mapping[str, str] | None = None,
    waivers: pl.DataFrame | None = None,
) -> None:
    """Make `landed.problem_before` the problems of the last build, if there was one, and load what names and waives them."""
    connection.execute(_PROBLEM_BEFORE)
    if problems.exists():
        connection.execute(
            f"insert into landed.problem_before by name select * from read_parquet('{_quoted(problems)}')"
        )
    told = [{"clinic_id": clinic, "secret": secret} for clinic, secret in (secrets or {}).items()]
    _load_frame(connection, "secret", pl.DataFrame(told, schema=_SECRET))
    known = pl.DataFrame(schema=WAIVER_COLUMNS) if waivers is None else waivers
    _load_frame(connection, "waiver", known)


def build_tables(connection: duckdb.DuckDBPyConnection, *, keeps_all: bool = False) -> None:
    """Build everything in its order; inference stands between the facts and the marts.

    A staging table that no later step reads is dropped at once (unless `keeps_all`): staging is what a build has in memory.
    """
    done_with = {} if keeps_all else tables_done_with(READ_LATER)
    for file in find_sql_files("staging", "facts"):
        if not (file.is_view and file.is_published and file.name.startswith("staging.")):
            build_table(
                connection, file
            )  # such a view is made at the end, over the copy that stays
        for name in done_with.get(file.name, ()):
            connection.execute(f"drop table {name}")
    for inference in INFERENCES:
        inference(connection)
    # Marts on one thread: sums of doubles then come in one order, and equal inputs give equal bytes.
    threads = connection.execute("select current_setting('threads')").fetchone()
    connection.execute("set threads = 1")
    for file in find_sql_files("marts", "ops"):
        build_table(connection, file)
    connection.execute(f"set threads = {threads[0] if threads else 2}")


def finish(connection: duckdb.DuckDBPyConnection) -> None:
    """Copy what of staging may be seen, write the comments, drop the rest, and close the file whole."""
    seen = [f for f in find_sql_files("staging", "facts", "marts", "ops") if f.is_published]
    staged = [f for f in seen if f.name.startswith("staging.")]
    # For a moment there are two of the name: the catalog in memory, and the schema of the file, named in full.
    row = connection.execute("select current_database()").fetchone()
    schema = f'"{row[0] if row else ""}".staging'
    connection.execute(f"create schema {schema}")
    for file in staged:
        if not file.is_view:
            stem = file.path.stem
            connection.execute(f"create table {schema}.{stem} as select * from staging.main.{stem}")
    connection.execute("detach staging")
    for file in staged:
        if file.is_view:
            connection.execute(f"create view {file.name} as\n{file.select}")
    connection.execute("detach landed")
    # More than a thousand small statements: one transaction, or each would be made safe on the disk by itself.
    told: list[SqlFile | ReferenceTable] = [*seen, *read_reference_tables().values()]
    comments = [comment for table in told for comment in _comments(table)]
    connection.execute("begin; " + "; ".join(comments) + "; commit")
    connection.execute("checkpoint")
    connection.close()


def _comments(told: SqlFile | ReferenceTable) -> list[str]:
    """The statements that give a table and its columns their meaning."""
    kind = "view" if told.is_view else "table"
    columns = [
        f'comment on column {told.name}."{column}" is {_literal(meaning)}'
        for column, meaning in told.columns.items()
    ]
    return [f"comment on {kind} {told.name} is {_literal(told.description)}", *columns]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
