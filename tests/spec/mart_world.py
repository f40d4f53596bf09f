"""A small finished build, made by hand: marts, reference and audit tables as the last arrows meet them.

Two clinics, two conditions of one group, two duration bands, all counts large enough to be published. A test
plants its fault by one UPDATE. Columns come from the headers in sql/marts; a check on a column that the rows
below leave empty gives it a value there.
"""

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import duckdb
import polars as pl

from flows.steps.sql_files import SQL_ROOT, SqlFile, read_sql_file

Value = str | int | float | bool | None
Row = dict[str, Value]

RELEASE_ID = "20261122T080912Z"
AS_OF = "2026-11-20"
CELL = ("level", "condition", "duration_band", "modality", "arm", "setting", "clinic_id")
PUBLISHED = ("mart_adherence", "mart_adherence_week", "mart_outcome")
# The real headers, so that a new column of a mart is in this world by itself (counts 0, figures NULL).
CONTRACTS = [read_sql_file(SQL_ROOT / "marts" / f"{mart}.sql") for mart in PUBLISHED]
KEYS = {contract.path.stem: contract.key for contract in CONTRACTS}
TYPES = {
    "suppressed": "boolean",
    "as_of_date": "date",
    "programme_week": "bigint",
    **dict.fromkeys((*CELL, "instrument", "version", "score_id", "visit"), "varchar"),
    **dict.fromkeys(("mic_unit", "mic_source", "scored_by", "design"), "varchar"),
    **dict.fromkeys(("suppression_reason", "release_id", "wilcoxon_method"), "varchar"),
    **dict.fromkeys(("primary_test", "family_id", "change_code", "wording_code"), "varchar"),
    "low_completeness": "boolean",
}
REFERENCE = (
    "clinic",
    "condition",
    "vocabulary",
    "cell",
    "window",
    "instrument",
    "instrument_item",
    "instrument_score",
    "instrument_mic",
)
# Enrolments by condition, duration band and clinic.
ENROLLED = {
    ("low_back_pain", "w4", "riverside"): 30,
    ("low_back_pain", "w4", "hilltop"): 25,
    ("low_back_pain", "w8_12", "riverside"): 40,
    ("low_back_pain", "w8_12", "hilltop"): 35,
    ("neck_pain", "w4", "riverside"): 28,
    ("neck_pain", "w4", "hilltop"): 44,
}


def cells() -> dict[tuple[str, ...], int]:
    """Enrolments of every cell: level x duration, alone and split by clinic."""
    found: dict[tuple[str, ...], int] = {}
    for (condition, band, clinic), n in ENROLLED.items():
        levels = (("condition", condition), ("group", "spine"), ("all", "all"))
        for (level, name), duration, split in product(levels, (band, "all"), (clinic, "all")):
            cell = (level, name, duration, "all", "all", "all", split)
            found[cell] = found.get(cell, 0) + n
    return found


def adherence_row(cell: tuple[str, ...], n: int) -> Row:
    """All begun, finished and evaluable, a half of them adherent; nobody on the curve yet."""
    half = n // 2
    everybody = ("n_enrolled", "n_persons", "n_evaluable", "n_adherent80_evaluable", "n_finished")
    return {
        **dict(zip(CELL, cell, strict=True)),
        **dict.fromkeys((*everybody, "n_initiation_evaluable", "n_initiated"), n),
        **{"pct_initiated": 100.0, "n_running": 0},
        **{"adherence_capped_mean": 0.75, "adherence_capped_median": 0.8, "adherence_pooled": 0.7},
        **{"n_adherent80": half, "pct_adherent80": 100 * half / n},
        **{"pct_adherent80_ci_lo": 20.0, "pct_adherent80_ci_hi": 80.0},
    }


def week_row(cell: tuple[str, ...], n: int, week: int) -> Row:
    """Everybody at risk and active; all of them met the week."""
    return {
        **dict(zip(CELL, cell, strict=True)),
        "programme_week": week,
        **dict.fromkeys(("n_begun", "n_at_risk", "n_active", "n_meeting_week"), n),
        **{"pct_meeting_week": 100.0, "mean_sessions": 3.0},
    }


def outcome_row(cell: tuple[str, ...], n: int, visit: str) -> Row:
    """Everybody answered; a half responds, whatever the definition and the denominator."""
    half = n // 2
    everybody = ("n_enrolled", "n_persons", "n_due", "n_visit", "n_baseline", "n_followup")
    shares: Row = {}
    for kind, of in product(("mic", "r30", "r50"), ("pair", "due", "eligible")):
        shares |= {f"n_resp_{kind}_{of}": half, f"pct_resp_{kind}_{of}": 100 * half / n}
        shares |= {f"pct_resp_{kind}_{of}_ci_lo": 20.0, f"pct_resp_{kind}_{of}_ci_hi": 80.0}
    return {
        **dict(zip(CELL, cell, strict=True)),
        **{"instrument": "nrs_pain", "version": "0-10", "score_id": "score", "visit": visit},
        **dict.fromkeys((*everybody, "n_pair", "n_pair_due", "n_pchg", "n_eligible_resp"), n),
        **{"completeness_pct": 100.0, "visit_mean": 4.0, "visit_sd": 2.0, "floor_pct": 0.0},
        **{"change_mean": -1.5, "change_sd": 1.0, "change_ci_lo": -1.9, "change_ci_hi": -1.1},
        **{"improve_mean": 1.5, "improve_ci_lo": 1.1, "improve_ci_hi": 1.9},
        **shares,
    }


def marts() -> dict[str, list[Row]]:
    """The rows of the healthy world."""
    counted = cells().items()
    return {
        "mart_adherence": [adherence_row(cell, n) for cell, n in counted],
        "mart_adherence_week": [week_row(cell, n, week) for cell, n in counted for week in (1, 2)],
        "mart_outcome": [
            outcome_row(cell, n, visit) for cell, n in counted for visit in ("WK4", "EOP")
        ],
    }


def write_analyst(path: Path, rows: Mapping[str, list[Row]] | None = None) -> Path:
    """Write analyst.duckdb with these mart rows (default: the healthy world)."""
    told = marts() if rows is None else rows
    with duckdb.connect(str(path)) as connection:
        connection.begin()  # one commit: every other one waits for the disk
        for schema in ("facts", "marts", "ref", "ops"):
            connection.execute(f"create schema {schema}")
        for mart in CONTRACTS:
            _write_mart(connection, mart, told.get(mart.path.stem, []))
        _write_surroundings(connection)
        connection.commit()
    return path


def _type(column: str) -> str:
    return TYPES.get(column, "bigint" if column.startswith("n_") else "double")


def _write_mart(connection: duckdb.DuckDBPyConnection, mart: SqlFile, rows: list[Row]) -> None:
    typed = ", ".join(f"{column} {_type(column)}" for column in mart.columns)
    connection.execute(f"create table {mart.name} ({typed})")
    empty: Row = {name: 0 if name.startswith("n_") else None for name in mart.columns}
    release: Row = {"suppressed": False, "release_id": RELEASE_ID, "as_of_date": AS_OF}
    if rows:
        whole = [{**empty, **release, **row} for row in rows]
        connection.register("world_row", pl.DataFrame(whole, infer_schema_length=None))
        columns = ", ".join(mart.columns)
        connection.execute(f"insert into {mart.name} select {columns} from world_row")
    connection.execute(f"comment on table {mart.name} is 'One row per cell.'")
    for column, meaning in mart.columns.items():
        quoted = meaning.replace("'", "''")
        connection.execute(f"comment on column {mart.name}.{column} is '{quoted}'")


def _write_surroundings(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        create table ref.run as select '{RELEASE_ID}' as release_id, date '{AS_OF}' as as_of_date,
          'c0de' as code_sha256;
        create table ref.policy as select 'disclosure.threshold' as key, 11.0 as value,
          null::varchar as text, 'CMS' as source;
        create table ref.participant as select 'riverside' as clinic_id, 'ABCDEF' as participant_key;
        create table ops.file as select 'riverside' as clinic_id, 'app' as source_id, 'ab12' as file_sha256,
          100 as rows_read, 95 as rows_accepted, 3 as rows_refused, 1 as rows_superseded, 1 as rows_ignored;
        create table facts.fct_outcome (response_no integer, instrument varchar, version varchar, score_id varchar);
        create table facts.fct_score (response_no integer, instrument varchar, version varchar, score_id varchar,
          definition_sha256 varchar, t_table_version varchar, value_set varchar);
        """
    )
    for table in REFERENCE:
        connection.execute(f"create table ref.{table} as select 'a' as code")
