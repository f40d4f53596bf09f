"""Deliberately wrong SQL: the same landed exports, built with one file changed in a copy of `sql/`.

A test that passes on the right SQL says little; one that also fails on the mistake it is there for says what
it is worth.
"""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.steps import sql_files
from flows.steps.intake import read_context
from flows.steps.ledger import read_ledger
from flows.steps.reference import clinic_days, load_reference
from flows.steps.warehouse import load_landed, load_problems_before, open_building

Change = Callable[[str], str]


def replacing(old: str, new: str) -> Change:
    """The mistake as an edit of the text, which must be there to be edited."""

    def change(text: str) -> str:
        if (
            old not in text
        ):  # not an AssertionError, which a test would take for the mistake it waits for
            raise LookupError(f"no such SQL any more: {old}")
        return text.replace(old, new)

    return change


def wrapping(query: str) -> Change:
    """The mistake as a query over the right result: `{right}` stands for it."""
    return lambda text: query.format(right=f"(\n{text}\n)")


def change_sql(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, change: Change) -> None:
    """From here on `sql/` is a copy in `folder`, in which one file is wrong."""
    wrong = folder / "sql"
    if not wrong.exists():
        shutil.copytree(sql_files.SQL_ROOT, wrong)
    path = wrong / f"{name}.sql"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    monkeypatch.setattr(sql_files, "SQL_ROOT", wrong)


def build_only(
    data: Path, folder: Path, *targets: str, as_of: date | None = None
) -> duckdb.DuckDBPyConnection:
    """Staging, facts and marts that these tables rest on, from the landed exports; nothing is published."""
    ledger, context = read_ledger(data / "warehouse"), read_context(data)
    clinics = clinic_days(ledger, as_of)
    connection = open_building(folder / "variant.duckdb", n_rows=0)
    load_landed(connection, data / "warehouse", ledger)
    load_problems_before(connection, folder / "none.duckdb")
    day = max(clinics.values())
    run = {"release_id": "variant", "as_of_date": day, "code_sha256": "", "run_date": day}
    load_reference(connection, context, data, clinics, run)
    for file in _needed(sql_files.find_sql_files("staging", "facts", "marts"), set(targets)):
        sql_files.build_table(connection, file)
    return connection


def _needed(files: list[sql_files.SqlFile], targets: set[str]) -> list[sql_files.SqlFile]:
    """The files in their order, without those that no target rests on."""
    if unknown := targets - {file.name for file in files}:
        raise LookupError(f"no such tables: {unknown}")
    wanted = set(targets)
    for file in reversed(files):
        if file.name in wanted:
            wanted |= file.reads
    return [file for file in files if file.name in wanted]
