"""One mart of the inference steps alone, from exports as clinics write them; nothing is published."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from flows.steps import sql_files
from flows.steps.infer_acute import infer_acute
from flows.steps.infer_dose import infer_dose
from flows.steps.pipeline import ingest_all
from tests.exports import Clinic, Row, read
from tests.variants import build_only

NEEDS: dict[str, tuple[Callable[[duckdb.DuckDBPyConnection], None], tuple[str, ...]]] = {
    "mart_acute": (infer_acute, ("staging.acute_enrolment", "staging.adherence_log")),
    "mart_dose_response": (infer_dose, ("staging.dose_pair",)),
}


def land(data: Path, *clinics: Clinic, keys_of: Path | None = None) -> Path:
    """Write and ingest the exports; with the keys of another folder people get the same pseudonyms."""
    if keys_of is not None:
        shutil.copytree(keys_of / "keys", data / "keys")
    for clinic in clinics:
        clinic.write(data)
    assert ingest_all(data).problems == []
    return data


def build_mart(data: Path, folder: Path, mart: str, where: str = "true") -> list[Row]:
    """The rows of one mart, by the SQL that is in force."""
    infer, targets = NEEDS[mart]
    folder.mkdir(exist_ok=True)
    with build_only(data, folder, *targets, "staging.outcome_cell_size") as connection:
        infer(connection)
        path = sql_files.SQL_ROOT / "marts" / f"{mart}.sql"
        sql_files.build_table(connection, sql_files.read_sql_file(path))
        return read(connection, f"select * from marts.{mart} where {where} order by all")


EVERYONE = (
    "level = 'all' and duration_band = 'all' and modality = 'all' and arm = 'all' and setting = 'all'"
    " and clinic_id = 'all'"
)
