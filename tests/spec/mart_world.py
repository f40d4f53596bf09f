"""A small finished build, made by hand: marts, reference and audit tables as the last arrows meet them.

Two clinics, two conditions of one group, two duration bands, all counts large enough to be published. A test
plants its fault by one UPDATE. Only the columns that disclosure, gate and checks speak of are here; whoever
writes a check on a further column adds it to this world.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path

import duckdb
import polars as pl

from flows.steps.sql_files import SqlFile

Value = str | int | float | bool | None
Row = dict[str, Value]

RELEASE_ID = "20261122T080912Z"
AS_OF = "2026-11-20"
CELL = ("level", "condition", "duration_band", "modality", "arm", "setting", "clinic_id")
RELEASE = {
    "suppressed": "boolean",
    "suppression_reason": "varchar",
    "release_id": "varchar",
    "as_of_date": "date",
}
KEYS: dict[str, tuple[str, ...]] = {
    "mart_adherence": CELL,
    "mart_adherence_week": (*CELL, "programme_week"),
    "mart_outcome": (*CELL, "instrument", "version", "score_id", "visit"),
}
FIGURES: dict[str, tuple[str, ...]] = {
    "mart_adherence": (
        "n_enrolled",
        "n_persons",
        "n_evaluable",
        "n_initiated",
        "pct_initiated",
        "n_finished",
        "n_running",
        "adherence_capped_mean",
        "adherence_capped_median",
        "adherence_pooled",
        "n_adherent80",
        "pct_adherent80",
        "pct_adherent80_ci_lo",
        "pct_adherent80_ci_hi",
    ),
    "mart_adherence_week": ("n_at_risk", "n_meeting_week", "pct_meeting_week", "mean_sessions"),
    "mart_outcome": (
        "n_enrolled",
        "n_persons",
        "n_due",
        "n_visit",
        "visit_mean",
        "visit_sd",
        "n_baseline",
        "n_followup",
        "n_pair",
        "n_pair_due",
        "completeness_pct",
        "change_mean",
        "change_sd",
        "change_ci_lo",
        "change_ci_hi",
        "improve_mean",
        "improve_ci_lo",
        "improve_ci_hi",
        "n_pchg",
        "n_eligible_resp",
        "n_worse_mic",
        *(
            f"n_resp_{kind}_{of}"
            for kind in ("mic", "r30", "r50")
            for of in ("pair", "due", "eligible")
        ),
        *(
            f"pct_resp_{kind}_{of}{limit}"
            for kind in ("mic", "r30", "r50")
            for of in ("pair", "due", "eligible")
            for limit in ("", "_ci_lo", "_ci_hi")
        ),
        "floor_pct",
    ),
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


def contract(mart: str) -> SqlFile:
    """The header that a SQL file for this mart would have."""
    columns = (*KEYS[mart], *FIGURES[mart], *RELEASE)
    return SqlFile(
        path=Path(f"{mart}.sql"),
        name=f"marts.{mart}",
        description="One row per cell.",
        key=KEYS[mart],
        columns={column: f"{column} of the person's cell" for column in columns},
        is_view=False,
        select="",
    )


CONTRACTS = [contract(mart) for mart in KEYS]


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
    """All evaluable, a half of them adherent."""
    half = n // 2
    return {
        **dict(zip(CELL, cell, strict=True)),
        **{"n_enrolled": n, "n_persons": n, "n_evaluable": n, "n_initiated": n},
        **{"pct_initiated": 100.0, "n_finished": n, "n_running": 0},
        **{"adherence_capped_mean": 0.75, "adherence_capped_median": 0.8, "adherence_pooled": 0.7},
        **{"n_adherent80": half, "pct_adherent80": 100 * half / n},
        **{"pct_adherent80_ci_lo": 20.0, "pct_adherent80_ci_hi": 80.0},
    }


def week_row(cell: tuple[str, ...], n: int, week: int) -> Row:
    """Everybody at risk, everybody met the week."""
    return {
        **dict(zip(CELL, cell, strict=True)),
        "programme_week": week,
        **{"n_at_risk": n, "n_meeting_week": n, "pct_meeting_week": 100.0, "mean_sessions": 3.0},
    }


def outcome_row(cell: tuple[str, ...], n: int, visit: str) -> Row:
    """Everybody answered; a half responds, whatever the definition and the denominator."""
    half = n // 2
    shares: Row = {}
    for kind, of in product(("mic", "r30", "r50"), ("pair", "due", "eligible")):
        shares |= {f"n_resp_{kind}_{of}": half, f"pct_resp_{kind}_{of}": 100 * half / n}
        shares |= {f"pct_resp_{kind}_{of}_ci_lo": 20.0, f"pct_resp_{kind}_{of}_ci_hi": 80.0}
    return {
        **dict(zip(CELL, cell, strict=True)),
        **{"instrument": "nrs_pain", "version": "0-10", "score_id": "score", "visit": visit},
        **{
            "n_enrolled": n,
            "n_persons": n,
            "n_due": n,
            "n_visit": n,
            "visit_mean": 4.0,
            "visit_sd": 2.0,
        },
        **{
            "n_baseline": n,
            "n_followup": n,
            "n_pair": n,
            "n_pair_due": n,
            "completeness_pct": 100.0,
        },
        **{"change_mean": -1.5, "change_sd": 1.0, "change_ci_lo": -1.9, "change_ci_hi": -1.1},
        **{"improve_mean": 1.5, "improve_ci_lo": 1.1, "improve_ci_hi": 1.9},
        **{"n_pchg": n, "n_eligible_resp": n, "n_worse_mic": 0, "floor_pct": 0.0},
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
        for schema in ("marts", "ref", "ops"):
            connection.execute(f"create schema {schema}")
        for mart in KEYS:
            _write_mart(connection, mart, told.get(mart, []))
        _write_surroundings(connection)
        connection.commit()
    return path


def _type(column: str) -> str:
    if column in RELEASE:
        return RELEASE[column]
    if column == "programme_week" or column.startswith("n_"):
        return "bigint"
    return "varchar" if any(column in key for key in KEYS.values()) else "double"


def _write_mart(connection: duckdb.DuckDBPyConnection, mart: str, rows: Iterable[Row]) -> None:
    columns = list(contract(mart).columns)
    typed = ", ".join(f"{column} {_type(column)}" for column in columns)
    connection.execute(f"create table marts.{mart} ({typed})")
    release: Row = {"suppressed": False, "release_id": RELEASE_ID, "as_of_date": AS_OF}
    frame = pl.DataFrame(
        [{**dict.fromkeys(columns), **release, **row} for row in rows], infer_schema_length=None
    )
    if not frame.is_empty():
        connection.execute(f"insert into marts.{mart} select {', '.join(columns)} from frame")
    connection.execute(f"comment on table marts.{mart} is 'One row per cell.'")
    for column, meaning in contract(mart).columns.items():
        quoted = meaning.replace("'", "''")
        connection.execute(f"comment on column marts.{mart}.{column} is '{quoted}'")


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
        """
    )
    for table in REFERENCE:
        connection.execute(f"create table ref.{table} as select 'a' as code")
