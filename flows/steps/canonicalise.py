"""Export text to typed canonical columns, by `source.toml` alone.

Row-local: what becomes of a row depends on that row, its file name and its mapping, never on other rows.
Cells that cannot be typed are NULL here and named in `failures`; the contract judges the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl

from flows.steps import parse, times
from flows.steps.cells import NO_FAILURES, Cells, Context
from flows.steps.derive import DERIVE
from schemas.deleted import Deleted
from schemas.enrolment import Enrolment
from schemas.measure import Measure
from schemas.pause import Pause
from schemas.session import Session
from schemas.source import ColumnMap, Source
from schemas.survey import Survey

CONTRACTS: dict[str, type[pa.DataFrameModel]] = {
    "enrolment": Enrolment,
    "session": Session,
    "survey": Survey,
    "measure": Measure,
    "pause": Pause,
    "deleted": Deleted,
}
# Columns that a mapping may name and that only serve to derive others.
ALTERNATES = {"duration_days": "number", "duration_months": "number", "sessions_per_day": "number"}
# In a wide block these follow the suffix too; ids of people, constants and paths never do.
PER_VISIT = ("completed_at", "response_id", "status", "mode")


@dataclass(frozen=True)
class Canonical:
    """Typed rows of one batch: `frame` has `line` and the mapped columns; `failures` one row per bad cell."""

    frame: pl.DataFrame
    failures: pl.DataFrame


def wanted_columns(source: Source) -> tuple[str, ...]:
    """The export's columns that this mapping reads; all others never leave the reader."""
    mapping = source.mapping
    per_visit = (
        PER_VISIT if mapping.wide else ()
    )  # those stand in each block under a name of its own
    names = [c for n, m in mapping.columns.items() if n not in per_visit for c in m.export_columns]
    names += [mapping.visits.column] if mapping.visits else []
    if mapping.exported_at.startswith("column:"):
        names.append(mapping.exported_at.removeprefix("column:"))
    return tuple(dict.fromkeys(names))


def canonicalise(
    text: pl.DataFrame, source: Source, relative_path: Path, context: Context
) -> Canonical:
    """Type the mapped columns of one batch and derive what the table needs."""
    table, mapping = source.mapping.table, source.mapping
    cells = Cells(text, source, relative_path, context)
    kinds = {n: c.metadata for n, c in CONTRACTS[table].to_schema().columns.items()}
    for name, column in mapping.columns.items():
        metadata = kinds.get(name) or {"kind": ALTERNATES.get(name)}
        READ[metadata["kind"]](cells, name, column, cells.text_of(column), metadata)
    DERIVE[table](cells)
    frame = pl.DataFrame({"line": text["line"], **cells.typed})
    return Canonical(frame, pl.concat(cells.failures) if cells.failures else NO_FAILURES)


def _read_text(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    values = parse.to_text(text, cells.dialect.missing)
    if metadata["kind"] == "id" and (values.str.len_bytes() != values.str.len_chars()).any():
        values = values.str.normalize("NFC")  # one person, however the accents were typed
    if codes := cells.mapping.codes.get(name):
        values = values.replace(codes)
    cells.keep(name, values)


def _read_code(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    allowed = tuple(cells.context.vocabularies[metadata["vocabulary"]])
    typed = parse.to_code(text, cells.mapping.codes.get(name, {}), allowed, cells.dialect.missing)
    _keep_typed(cells, name, typed)


def _read_number(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    typed = parse.to_number(text, cells.decimal, cells.dialect.missing)
    factors = parse.MINUTES if metadata.get("unit") == "min" else parse.FRACTION
    unit = column.unit if metadata.get("unit") else None
    _keep_typed(
        cells, name, parse.Typed(parse.to_unit(typed.values, unit, factors), typed.failures)
    )


def _read_integer(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    _keep_typed(cells, name, parse.to_integer(text, cells.decimal, cells.dialect.missing))


def _read_boolean(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    _keep_typed(
        cells,
        name,
        parse.to_boolean(text, cells.mapping.codes.get(name, {}), cells.dialect.missing),
    )


def _read_zone(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    _keep_typed(cells, name, parse.to_zone(text, cells.dialect.missing))


def _keep_typed(cells: Cells, name: str, typed: parse.Typed) -> None:
    cells.keep(name, typed.values)
    for rule_id, mask in typed.failures:
        cells.fail(name, rule_id, mask)


def _written(cells: Cells, name: str, column: ColumnMap, text: pl.Series) -> times.Written:
    if column.unit in ("epoch_s", "epoch_ms", "excel_serial"):
        number = parse.to_number(text, cells.decimal, cells.dialect.missing)
        for _, mask in number.failures:
            cells.fail(name, "not_a_date", mask)
        written = times.from_epoch(number.values, column.unit)
    else:
        patterns = times.formats(cells.dialect.date_order, column.format)
        written = times.read_times(text, patterns, cells.dialect.missing)
    if written.failed is not None:
        cells.fail(name, "not_a_date", written.failed)
    return written


def _read_date(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    cells.keep(name, _written(cells, name, column, text).at.dt.date())


def _read_instant(
    cells: Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]
) -> None:
    cells.written[name] = _written(cells, name, column, text)  # placed once the row's zone is known


READ: dict[str, Callable[[Cells, str, ColumnMap, pl.Series, dict[str, Any]], None]] = {
    "id": _read_text,
    "text": _read_text,
    "code": _read_code,
    "number": _read_number,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "zone": _read_zone,
    "date": _read_date,
    "instant": _read_instant,
}
