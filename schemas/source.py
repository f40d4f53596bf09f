"""`source.toml`: how one source's exports map to one canonical table.

Everything that can be wrong with such a file is found here, before an export is opened, and named with
file, line and key (exit 11). What depends on the export itself (a mapped column that is absent) is found by
the readers (exit 12).
"""

import re
import tomllib
import zoneinfo
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from schemas.deletes import Deletes
from schemas.errors import SourceWrong
from schemas.key_line import find_key_line

TableName = Literal["enrolment", "session", "survey", "measure", "pause"]

# What each table can map. The first set is required; of a group in ONE_OF at least one.
REQUIRED: dict[str, tuple[str, ...]] = {
    "enrolment": ("participant_id", "condition_code"),
    "session": ("participant_id",),
    "survey": ("participant_id",),
    "measure": ("participant_id", "measured_at", "kind", "value", "unit"),
    "pause": ("participant_id", "from_date", "to_date"),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "enrolment": (
        "start_date", "enrolment_id", "plan_type", "duration_weeks", "duration_days", "duration_months",
        "sessions_per_week", "sessions_per_day", "minutes_per_session", "due_days", "setting", "technique",
        "body_site", "tool", "modality", "self_massage_share", "arm", "effective_from", "index_date",
        "status", "status_date", "stop_reason", "sessions_reported", "birth_year", "age", "sex_at_birth",
        "gender", "language", "home_tz", "consent_research", "consent_date",
    ),
    "session": (
        "started_at", "ended_at", "local_date", "session_id", "enrolment_id", "minutes", "status", "technique",
        "body_site", "supervised", "pain_pre", "pain_post", "log_source", "recorded_at", "adverse_event", "tz",
    ),
    "survey": (
        "completed_at", "response_id", "enrolment_id", "status", "mode", "language", "session_phase", "tz",
    ),
    "measure": ("site", "side", "device", "tz"),
    "pause": ("reason", "recorded_at", "enrolment_id"),
}  # fmt: skip
UNITS = (
    "ms", "s", "min", "h", "epoch_s", "epoch_ms", "excel_serial", "mm", "cm", "kPa", "N/cm2", "kgf/cm2",
    "lbf/cm2", "psi", "N", "percent", "fraction",
)  # fmt: skip
DEFAULT_MISSING = ("", "NA", "NaN", "null")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ColumnMap(_Strict):
    """Where one canonical column comes from: exactly one of column, value, path, join."""

    column: str | None = None
    value: str | int | float | bool | None = None
    path: str | None = None
    join: tuple[str, ...] | None = None
    with_: str = Field(default=" ", alias="with")
    unit: str | None = None
    format: str | None = None
    probe_cm2: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> "ColumnMap":
        origins = [n for n in ("column", "value", "path", "join") if getattr(self, n) is not None]
        if len(origins) != 1:
            raise ValueError("give exactly one of column, value, path, join")
        if self.path is not None:
            _check_pattern(self.path)
        if self.unit is not None and self.unit not in UNITS:
            raise ValueError(f"unknown unit; allowed: {', '.join(UNITS)}")
        return self

    @property
    def export_columns(self) -> tuple[str, ...]:
        """The export's columns that this one is made of."""
        return self.join or ((self.column,) if self.column is not None else ())


def _check_pattern(pattern: str) -> None:
    try:
        n_groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"path is no regular expression: {error}") from error
    if n_groups < 1:
        raise ValueError("path needs a group in parentheses, for example (p[0-9]+)/")


class Dialect(_Strict):
    """How the text of an export is laid out; what is None is detected from evidence."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    decimal: Literal[".", ","] | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    skip_lines: int = Field(default=0, ge=0)
    header_rows: int = Field(default=1, ge=0, le=3)
    missing: tuple[str, ...] = DEFAULT_MISSING
    sheet: str | None = None
    resource: str | None = None  # FHIR: the resource type that holds the rows
    questionnaire: str | None = None  # FHIR: only responses to this one
    code: str | None = None  # FHIR: only resources of this code, or system|code
    # What the mapping says elsewhere and some readers must know; no keys of [dialect].
    _timezone: str | None = PrivateAttr(default=None)
    _coded: frozenset[str] = PrivateAttr(default=frozenset())
    _table: str | None = PrivateAttr(default=None)
    _ids: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def timezone(self) -> str | None:
        """The zone that the source declares: what a wall clock in its exports means."""
        return self._timezone

    @property
    def coded(self) -> frozenset[str]:
        """Cells that the mapping itself translates: a reader hands them on as they are."""
        return self._coded

    @property
    def table(self) -> str | None:
        """The canonical table that the mapping fills."""
        return self._table

    @property
    def ids(self) -> frozenset[str]:
        """Columns of the export that name people and records: a reader never rewrites their cells."""
        return self._ids

    def beside(
        self,
        timezone: str | None = None,
        coded: Iterable[str] = (),
        table: str | None = None,
        ids: Iterable[str] = (),
    ) -> "Dialect":
        """The same dialect, with what stands beside it in the mapping."""
        told = self.model_copy()
        told._timezone, told._coded, told._table = timezone, frozenset(coded), table
        told._ids = frozenset(ids)
        return told


class InstrumentMap(_Strict):
    """One questionnaire in a survey export: its items, or totals that the source computed."""

    version: str
    language: str | None = None
    items: dict[str, str] | str | None = None
    scores: dict[str, str] | None = None
    coding_variant: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    codes: dict[str, float] = Field(default_factory=dict)


class Visits(_Strict):
    """A column of a long export that names the visit."""

    column: str
    labels: dict[str, str]


class Wide(_Strict):
    """One visit block of a wide export."""

    visit: str
    suffix: str = ""
    columns: dict[str, str] = Field(default_factory=dict)


class Mapping(_Strict):
    """The content of one `source.toml`."""

    clinic: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    table: TableName
    reader: str
    files: str = "**/*"
    mode: Literal["delta", "snapshot"] = "delta"
    exported_at: str = "mtime"
    timezone: str | None = None
    data_through: str | None = None
    dialect: Dialect = Field(default_factory=Dialect)
    columns: dict[str, ColumnMap]
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    instruments: dict[str, InstrumentMap] = Field(default_factory=dict)
    visits: Visits | None = None
    deletes: Deletes | None = None
    wide: tuple[Wide, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in zoneinfo.available_timezones():
            raise ValueError("not an IANA time zone, such as Europe/Berlin")
        return value

    @field_validator("exported_at")
    @classmethod
    def _known_origin(cls, value: str) -> str:
        if value != "mtime" and not re.match(r"(name|column|fixed):.+", value):
            raise ValueError("use name:<format>, column:<name>, fixed:<date> or mtime")
        if value.startswith("fixed:"):
            _iso_instant(value.removeprefix("fixed:"))
        return value

    @field_validator("data_through")
    @classmethod
    def _known_day(cls, value: str | None) -> str | None:
        if value is not None:
            _iso_instant(value)
        return value

    @model_validator(mode="after")
    def _fits_its_table(self) -> "Mapping":
        allowed = REQUIRED[self.table] + OPTIONAL[self.table]
        if unknown := [name for name in self.columns if name not in allowed]:
            raise ValueError(
                f"columns.{unknown[0]}: table {self.table} has no column {', '.join(unknown)}"
            )
        if absent := [name for name in REQUIRED[self.table] if name not in self.columns]:
            raise ValueError(f"columns: table {self.table} needs {', '.join(absent)}")
        if self.table == "session" and not self.columns.keys() & {
            "started_at",
            "ended_at",
            "local_date",
        }:
            raise ValueError(
                "columns: table session needs started_at, ended_at with minutes, or local_date"
            )
        if self.deletes is not None:
            self.deletes.check(self.table, self.columns)
        if self.table == "survey" and not self.instruments:
            raise ValueError("instruments: a survey needs at least one [instruments.<id>]")
        return self

    @model_validator(mode="after")
    def _tell_the_dialect(self) -> "Mapping":
        coded = {text for codes in self.codes.values() for text in codes}
        coded |= {text for mapped in self.instruments.values() for text in mapped.codes}
        ids = [c for n, m in self.columns.items() if n.endswith("_id") for c in m.export_columns]
        told = self.dialect.beside(self.timezone, coded, self.table, ids)
        return self.model_copy(update={"dialect": told})


def _iso_instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("not a date of the form 2026-03-31") from error


class Source:
    """A mapping with its place: one source of one clinic."""

    def __init__(self, path: Path, text: str, mapping: Mapping) -> None:
        self.path, self.text, self.mapping = path, text, mapping

    @property
    def folder(self) -> Path:
        """The folder that holds the exports."""
        return self.path.parent

    @property
    def source_id(self) -> str:
        """Folder name, or `folder.stem` where a folder holds several mappings."""
        stem = self.path.name.removesuffix("source.toml").rstrip(".")
        return f"{self.folder.name}.{stem}" if stem else self.folder.name

    def line_of(self, *keys: str) -> int:
        """The line (1-based) of a key in the file, for messages."""
        return find_key_line(self.text, keys)


def read_source(path: Path) -> Source:
    """Read and check one mapping; raises SourceWrong naming file, line and key."""
    try:
        text = path.read_text(
            encoding="utf-8-sig"
        )  # some editors begin a file with a byte order mark
        content = tomllib.loads(text)
    except OSError as error:
        raise SourceWrong(f"{path}: cannot be opened ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SourceWrong(f"{path}, line {line}: is not UTF-8; save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        line = _line_told(error) or text.count("\n") + 1
        raise SourceWrong(f"{path}, line {line}: not a TOML file: {error}") from error
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        raise SourceWrong("\n".join(_messages(path, text, error))) from error
    return Source(path, text, mapping)


def _line_told(error: tomllib.TOMLDecodeError) -> int | None:
    """The line of a syntax error, which the parser tells only inside its message."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else None


def _messages(path: Path, text: str, error: ValidationError) -> list[str]:
    messages = []
    for problem in error.errors(include_url=False, include_input=False):
        keys = [str(part) for part in problem["loc"] if part not in ("function-before", "tagged")]
        what = problem["msg"].removeprefix("Value error, ")
        if not keys and ": " in what:  # a rule over several keys names its place first
            place, what = what.split(": ", 1)
            keys = place.split(".")
        expected = {"extra_forbidden": "unknown key", "missing": "this key is needed"}.get(
            problem["type"], what
        )
        messages.append(
            f"{path}, line {find_key_line(text, keys)}, key {'.'.join(keys) or '(file)'}: {expected}"
        )
    return messages
