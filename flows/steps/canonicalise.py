"""Export text to typed canonical columns, by `source.toml` alone.

Row-local: what becomes of a row depends on that row, its file name and its mapping, never on other rows.
Cells that cannot be typed are NULL here and named in `failures`; the contract judges the rest.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl

from flows.steps import parse, times
from schemas.enrolment import Enrolment
from schemas.errors import ExportUnreadable
from schemas.instrument import Instrument
from schemas.measure import Measure
from schemas.pause import Pause
from schemas.policy import Policy
from schemas.session import Session
from schemas.source import ColumnMap, Source
from schemas.survey import Survey
from schemas.vocabulary import Vocabularies

CONTRACTS: dict[str, type[pa.DataFrameModel]] = {
    "enrolment": Enrolment,
    "session": Session,
    "survey": Survey,
    "measure": Measure,
    "pause": Pause,
}
# Columns that a mapping may name and that only serve to derive others.
ALTERNATES = {"duration_days": "number", "duration_months": "number", "sessions_per_day": "number"}
# In a wide block these follow the suffix too; ids of people, constants and paths never do.
PER_VISIT = ("completed_at", "response_id", "status", "mode")
NO_FAILURES = pl.DataFrame(schema={"line": pl.Int64, "column_name": pl.String, "rule_id": pl.String, "part": pl.String})


@dataclass(frozen=True)
class Context:
    """What reading needs besides the file: vocabularies, questionnaires, policy."""

    vocabularies: Vocabularies
    instruments: dict[tuple[str, str], Instrument]
    policy: Policy


@dataclass(frozen=True)
class Canonical:
    """Typed rows of one batch: `frame` has `line` and the mapped columns; `failures` one row per bad cell."""

    frame: pl.DataFrame
    failures: pl.DataFrame


def wanted_columns(source: Source) -> tuple[str, ...]:
    """The export's columns that this mapping reads; all others never leave the reader."""
    mapping = source.mapping
    per_visit = PER_VISIT if mapping.wide else ()  # those stand in each block under a name of its own
    names = [c for n, m in mapping.columns.items() if n not in per_visit for c in m.export_columns]
    names += [mapping.visits.column] if mapping.visits else []
    if mapping.exported_at.startswith("column:"):
        names.append(mapping.exported_at.removeprefix("column:"))
    return tuple(dict.fromkeys(names))


def export_name(name: str, column: ColumnMap | None) -> str:
    """How the clinic knows a canonical column: by the name in its own export."""
    return " + ".join(column.export_columns) if column and column.export_columns else name


def canonicalise(text: pl.DataFrame, source: Source, relative_path: Path, context: Context) -> Canonical:
    """Type the mapped columns of one batch and derive what the table needs."""
    table, mapping = source.mapping.table, source.mapping
    cells = _Cells(text, source, relative_path, context)
    kinds = {n: c.metadata for n, c in CONTRACTS[table].to_schema().columns.items()}
    for name, column in mapping.columns.items():
        metadata = kinds.get(name) or {"kind": ALTERNATES.get(name)}
        cells.read(name, column, metadata)
    DERIVE[table](cells)
    frame = pl.DataFrame({"line": text["line"], **cells.typed})
    return Canonical(frame, pl.concat(cells.failures) if cells.failures else NO_FAILURES)


class _Cells:
    """The columns of one batch while they are typed."""

    def __init__(self, text: pl.DataFrame, source: Source, relative_path: Path, context: Context) -> None:
        self.text, self.source, self.path, self.context = text, source, relative_path, context
        self.mapping, self.dialect = source.mapping, source.mapping.dialect
        self.decimal = self.dialect.decimal or "."
        self.typed: dict[str, pl.Series] = {}
        self.written: dict[str, times.Written] = {}
        self.failures: list[pl.DataFrame] = []

    def read(self, name: str, column: ColumnMap, metadata: dict[str, Any]) -> None:
        """Type one mapped column by its kind."""
        READ[metadata["kind"]](self, name, column, self.text_of(column), metadata)

    def text_of(self, column: ColumnMap) -> pl.Series:
        """The text of one mapped column, whatever it is made of."""
        if column.column is not None:
            return self.text[column.column]
        if column.join is not None:
            return self.text.select(pl.concat_str(column.join, separator=column.with_)).to_series()
        constant = path_value(column.path, self.path) if column.path is not None else _as_text(column.value)
        return pl.repeat(constant, self.text.height, dtype=pl.String, eager=True)

    def keep(self, name: str, values: pl.Series) -> None:
        """Store a typed column."""
        self.typed[name] = values

    def fail(self, name: str, rule_id: str, mask: pl.Series) -> None:
        """Name the cells that break a rule."""
        lines = self.text["line"].filter(mask)
        known = export_name(name, self.mapping.columns.get(name))
        self.failures.append(lines.to_frame("line").with_columns(
            column_name=pl.lit(known), rule_id=pl.lit(rule_id), part=pl.lit("")))

    def zone(self) -> str | pl.Series:
        """The zone of each row: its own, else the source's."""
        default = self.mapping.timezone or "UTC"
        return self.typed["tz"].fill_null(default) if "tz" in self.typed else default


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def path_value(pattern: str, path: Path) -> str:
    """The first group of a pattern on the path below the source's folder."""
    if match := re.search(pattern, path.as_posix()):
        return match[1]
    raise ExportUnreadable(f"{path}: the pattern '{pattern}' in source.toml does not match this file's path; correct it, or move the file")


def _read_text(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    values = parse.to_text(text, cells.dialect.missing)
    if codes := cells.mapping.codes.get(name):
        values = values.replace(codes)
    cells.keep(name, values)


def _read_code(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    allowed = tuple(cells.context.vocabularies[metadata["vocabulary"]])
    typed = parse.to_code(text, cells.mapping.codes.get(name, {}), allowed, cells.dialect.missing)
    _keep_typed(cells, name, typed)


def _read_number(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    typed = parse.to_number(text, cells.decimal, cells.dialect.missing)
    factors = parse.MINUTES if metadata.get("unit") == "min" else parse.FRACTION
    unit = column.unit if metadata.get("unit") else None
    _keep_typed(cells, name, parse.Typed(parse.to_unit(typed.values, unit, factors), typed.failures))


def _read_integer(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    _keep_typed(cells, name, parse.to_integer(text, cells.decimal, cells.dialect.missing))


def _read_boolean(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    _keep_typed(cells, name, parse.to_boolean(text, cells.mapping.codes.get(name, {}), cells.dialect.missing))


def _read_zone(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    _keep_typed(cells, name, parse.to_zone(text, cells.dialect.missing))


def _keep_typed(cells: _Cells, name: str, typed: parse.Typed) -> None:
    cells.keep(name, typed.values)
    for rule_id, mask in typed.failures:
        cells.fail(name, rule_id, mask)


def _written(cells: _Cells, name: str, column: ColumnMap, text: pl.Series) -> times.Written:
    if column.unit in ("epoch_s", "epoch_ms", "excel_serial"):
        number = parse.to_number(text, cells.decimal, cells.dialect.missing)
        for _, mask in number.failures:
            cells.fail(name, "not_a_date", mask)
        return times.from_epoch(number.values, column.unit)
    written = times.read_times(text, times.formats(cells.dialect.date_order, column.format), cells.dialect.missing)
    if written.failed is not None:
        cells.fail(name, "not_a_date", written.failed)
    return written


def _read_date(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    cells.keep(name, _written(cells, name, column, text).at.dt.date())


def _read_instant(cells: _Cells, name: str, column: ColumnMap, text: pl.Series, metadata: dict[str, Any]) -> None:
    cells.written[name] = _written(cells, name, column, text)  # placed once the row's zone is known


READ: dict[str, Callable[[_Cells, str, ColumnMap, pl.Series, dict[str, Any]], None]] = {
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


def _place(cells: _Cells, name: str) -> times.Located | None:
    """Place a written instant in its zone and keep its UTC value."""
    if name not in cells.written:
        return None
    located = times.locate(cells.written[name], cells.zone())
    if located.in_gap is not None:
        cells.fail(name, "time_in_gap", located.in_gap)
    cells.keep(name, located.utc)
    return located


def _keep_day(cells: _Cells, located: times.Located, origin: str) -> None:
    """Local day, offset, zone and what the zone rests on: the row, the source, or (the instant) an offset."""
    cells.keep("local_date", located.local_date)
    cells.keep("utc_offset_min", located.offset_min)
    default = cells.mapping.timezone or "UTC"
    own = cells.typed.get("tz", pl.repeat(None, cells.text.height, dtype=pl.String, eager=True))
    written = cells.written[origin].form == times.UTC
    source = _constant(cells, "source").set(written, "offset").set(own.is_not_null(), "row")
    cells.keep("tz_source", source)
    cells.keep("tz", own.fill_null(default))


def _derive_enrolment(cells: _Cells) -> None:
    typed = cells.typed
    per_month = cells.context.policy.number("duration.days_per_month")
    if "duration_days" in typed:
        days = typed.pop("duration_days")
        weeks = (days / 7 + 0.5).floor().clip(lower_bound=1)
        _keep_weeks(cells, weeks.set(days.is_between(28, 31).fill_null(False), 4), "days")
    if "duration_months" in typed:
        _keep_weeks(cells, (typed.pop("duration_months") * per_month / 7 + 0.5).floor(), "months")
    if "duration_weeks" in typed and "duration_source" not in typed:
        cells.keep("duration_source", _constant(cells, "weeks"))
    if "sessions_per_day" in typed:
        cells.keep("sessions_per_week", typed.pop("sessions_per_day") * 7)
        cells.keep("freq_basis", _constant(cells, "per_day"))
    elif "sessions_per_week" in typed:
        cells.keep("freq_basis", _constant(cells, "per_week"))
    _derive_plan_type(cells)


def _derive_plan_type(cells: _Cells) -> None:
    weeks = cells.typed.get("duration_weeks")
    by_weeks = _constant(cells, "open_ended")
    if weeks is not None:
        by_weeks = by_weeks.set(weeks.is_not_null(), "fixed_term")
    given = cells.typed.get("plan_type")
    mapped = given is not None and "plan_type" in cells.mapping.columns
    cells.keep("plan_type", given if mapped and given is not None else by_weeks)


def _keep_weeks(cells: _Cells, weeks: pl.Series, source: str) -> None:
    cells.keep("duration_weeks", weeks.cast(pl.Int32, strict=False))
    cells.keep("duration_source", _constant(cells, source))


def _constant(cells: _Cells, word: str) -> pl.Series:
    return pl.repeat(word, cells.text.height, dtype=pl.String, eager=True)


def _derive_session(cells: _Cells) -> None:
    start, end = _place(cells, "started_at"), _place(cells, "ended_at")
    _place(cells, "recorded_at")
    minutes, declared_day = cells.typed.get("minutes"), cells.typed.get("local_date")
    if start is None and end is not None and minutes is not None:
        start_utc = end.utc - _duration(minutes)
        start = times.from_instants(start_utc, cells.zone())
        cells.keep("started_at", start_utc)
    elif start is not None and end is not None:
        elapsed = (end.utc - start.utc).dt.total_milliseconds() / 60000
        cells.keep("minutes", elapsed if minutes is None else minutes.zip_with(minutes.is_not_null(), elapsed))
    if start is not None:
        _keep_day(cells, start, "started_at" if "started_at" in cells.written else "ended_at")
    if declared_day is not None:
        known = cells.typed.get("local_date", declared_day)
        cells.keep("local_date", declared_day.zip_with(declared_day.is_not_null(), known))
    cells.typed.setdefault("local_date", pl.repeat(None, cells.text.height, dtype=pl.Date, eager=True))


def _duration(minutes: pl.Series) -> pl.Series:
    return (minutes * 60_000_000).round(0).cast(pl.Int64).cast(pl.Duration("us"))


def _derive_survey(cells: _Cells) -> None:
    located = _place(cells, "completed_at")
    if located is not None:
        _keep_day(cells, located, "completed_at")


def _derive_measure(cells: _Cells) -> None:
    located = _place(cells, "measured_at")
    if located is not None:
        _keep_day(cells, located, "measured_at")


def _derive_pause(cells: _Cells) -> None:
    recorded = _place(cells, "recorded_at")
    if recorded is not None:  # a bare date is enough to tell whether it was recorded in time
        cells.keep("recorded_at", recorded.utc.zip_with(recorded.utc.is_not_null(), recorded.local_date.cast(pl.Datetime("us"))))


DERIVE: dict[str, Callable[[_Cells], None]] = {
    "enrolment": _derive_enrolment,
    "session": _derive_session,
    "survey": _derive_survey,
    "measure": _derive_measure,
    "pause": _derive_pause,
}
