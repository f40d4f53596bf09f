"""Records that an export takes back: the rows of delete files, and forms whose status says that they were entered in error.

Such a record is no session and no form. It names another one of its source by id, and that one goes at build, with all
that was exported of it up to then; exported again later, it stands (sql/staging/deleted_record.sql).
"""

import fnmatch
from dataclasses import replace

import polars as pl

from flows.steps.discover import Export
from schemas.source import ColumnMap, Source

IN_ERROR = "entered-in-error"


def read_as_deletions(export: Export) -> Export:
    """A delete file with the mapping of one: ids of deleted records, and nothing else; any other export as it is."""
    mapping = export.source.mapping
    if mapping.deletes is None or not _matches(export.name, mapping.deletes.files):
        return export
    known = {"record_id": ColumnMap(column=mapping.deletes.column)}
    other = {"table": "deleted", "columns": known, "instruments": {}, "visits": None, "wide": ()}
    source = Source(export.source.path, export.source.text, mapping.model_copy(update=other))
    return replace(export, source=source)


def _matches(name: str, pattern: str) -> bool:
    """Glob as people mean it: `**/` also stands for no folder at all."""
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name, pattern.removeprefix("**/"))


def withdrawn(rows: pl.DataFrame) -> pl.Series:
    """Which forms were entered in error and say by id which one they are: they take back all that bears this id."""
    if not {"status", "response_id"} <= set(rows.columns):
        return pl.repeat(False, rows.height, eager=True)
    return ((rows["status"] == IN_ERROR) & rows["response_id"].is_not_null()).fill_null(False)


def to_deletions(rows: pl.DataFrame) -> pl.DataFrame:
    """Withdrawn forms as rows of the landed table `deleted`."""
    if rows.is_empty():
        return pl.DataFrame(schema={"line": pl.Int64, "record_id": pl.String})
    return rows.select("line", record_id="response_id")
