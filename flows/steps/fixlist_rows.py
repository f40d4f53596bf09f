"""The rows of an export to which problems belong, read again from the untouched file.

Only what the mapping reads is shown, under the export's own names: what it leaves unread (names, telephone numbers) stays
unread here too. The rows go into the files that a person asked for, and nowhere else.
"""

from pathlib import Path
from typing import Any

import polars as pl

from flows.readers import READERS
from flows.readers.table import WORK_FOLDER, TextTable
from flows.steps.canonicalise import wanted_columns
from flows.steps.cells import Context
from flows.steps.discover import Export, read_export
from flows.steps.survey_blocks import find_blocks
from schemas.errors import UserError
from schemas.source import read_source


def original_rows(
    data: Path, receipt: dict[str, Any], lines: pl.Series, context: Context
) -> pl.DataFrame:
    """The rows of one landed export at these lines: `line` and its mapped columns as text.

    Where the export was withdrawn or changed since it was taken in, its lines mean nothing any more: then only the cells that
    were refused are shown, as they were kept.
    """
    export = _find_export(data, receipt, context)
    if export is None:
        return _kept_cells(data / "warehouse", receipt)
    before = WORK_FOLDER.set(_work_folder(data))
    try:
        return _read_lines(export, lines, context)
    finally:
        WORK_FOLDER.reset(before)


def _work_folder(data: Path) -> Path:
    folder = data / "warehouse" / ".work"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _find_export(data: Path, receipt: dict[str, Any], context: Context) -> Export | None:
    """The export as it was when it was taken in: the same bytes, name and mapping."""
    try:
        source = read_source(data / receipt["source_path"])
        export = read_export(source, source.folder / receipt["file_name"], context)
    except (OSError, UserError):
        return None
    return export if export.key == receipt["file_key"] else None


def _read_lines(export: Export, lines: pl.Series, context: Context) -> pl.DataFrame:
    mapping = export.source.mapping
    table = READERS[mapping.reader](export.path, mapping.dialect, wanted_columns(export.source))
    wanted = _wanted(export, table, context)
    last, found = lines.max(), []
    for batch in table.batches(wanted):
        found.append(batch.frame.filter(pl.col("line").is_in(lines.implode())))
        if batch.frame.height and batch.frame["line"][-1] >= last:
            break
    schema = {"line": pl.Int64} | dict.fromkeys(wanted, pl.String)
    return pl.concat([pl.DataFrame(schema=schema), *(f.select(schema.keys()) for f in found)])


def _wanted(export: Export, table: TextTable, context: Context) -> tuple[str, ...]:
    """The mapped columns in the order of the export."""
    names = list(wanted_columns(export.source))
    if export.source.mapping.table == "survey":
        blocks = find_blocks(export.source, table.columns, context.instruments, export.label)
        names += [column for block in blocks for column in block.columns]
    order = {name: n for n, name in reversed(list(enumerate(table.columns or ())))}
    return tuple(sorted(dict.fromkeys(names), key=lambda name: order.get(name, len(order))))


def _kept_cells(warehouse: Path, receipt: dict[str, Any]) -> pl.DataFrame:
    path = warehouse / receipt["landed"].get("refused", "none")
    if not path.exists():
        return pl.DataFrame(schema={"line": pl.Int64})
    cells = (
        pl.read_parquet(path, columns=["line", "column_name", "cell"])
        .cast({"column_name": pl.String})
        .filter(pl.col("column_name") != "")
        .unique(["line", "column_name"], keep="first", maintain_order=True)
    )
    if cells.is_empty():
        return pl.DataFrame(schema={"line": pl.Int64})
    return cells.pivot(on="column_name", index="line", values="cell")
