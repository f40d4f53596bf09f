"""The problems of the last build, kept beside the releases: a build that adds only refused rows publishes nothing, and still
the clinic must see them.

`warehouse/problems.parquet` is `staging.problem` of the last build that came to its end, whether or not the gate let it pass; the next
build tells from it what is new, persisting or fixed. It holds no value of anybody.
"""

import hmac
import os
from pathlib import Path

import duckdb
import polars as pl

from flows.steps.pseudonym import read_key

NAME = "problems.parquet"
PROBLEM = {
    "problem_id": pl.String, "clinic_id": pl.String, "source_id": pl.String, "table_name": pl.String, "file_name": pl.String,
    "file_key": pl.String, "line": pl.Int64, "part": pl.String, "column_name": pl.String, "rule_id": pl.String,
    "severity": pl.String, "reason": pl.String, "fix": pl.String, "first_seen": pl.Date, "last_seen": pl.Date,
    "state": pl.String,
}  # fmt: skip
ORDER = ("clinic_id", "source_id", "file_name", "line", "part", "column_name", "rule_id")


# Millions of problems are of few kinds: what they share is kept once and numbered.
_SHARED = [n for n, dtype in PROBLEM.items() if dtype == pl.String and n != "problem_id"]


def read_problems(warehouse: Path) -> pl.DataFrame:
    """The problems of the last build, open and fixed of late; none before the first."""
    path = warehouse / NAME
    shared = pl.col(_SHARED).cast(pl.Categorical)
    if not path.exists():
        return pl.DataFrame(schema=PROBLEM).with_columns(shared)
    told = pl.scan_parquet(path, glob=False).select(PROBLEM.keys()).with_columns(shared)
    return told.collect(engine="streaming").sort(*ORDER, "problem_id")


def write_problems(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Put the problems of this build in place of those of the last one."""
    draft = warehouse / f".{NAME}.{os.getpid()}.tmp"
    target = str(draft).replace("'", "''")
    columns = ", ".join(PROBLEM)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        connection.execute(
            f"copy (select {columns} from staging.problem) to '{target}' (format parquet)"
        )
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(warehouse / NAME)
    finally:
        draft.unlink(missing_ok=True)


def problem_secrets(keys: Path, clinics: list[str]) -> dict[str, str]:
    """A secret of each clinic for the names of its problems: of the key that makes its pseudonyms, but not that key."""
    return {
        clinic: hmac.digest(read_key(keys, clinic), b"problem", "sha256").hex()
        for clinic in clinics
    }
