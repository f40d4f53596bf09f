"""A first look at one export: its text as its reader hands it on, as far as the beginning of the file goes.

What the file does not settle by itself (an encoding, a delimiter) is guessed here, and marked as a guess.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from flows.readers import READERS, jsonl
from flows.readers.fhir import BATCH_ROWS
from flows.readers.first_look import first_records
from flows.readers.header import DELIMITERS
from flows.readers.table import TextTable
from flows.steps.inspect_fhir import FhirView, find_views
from flows.steps.inspect_format import Format
from flows.steps.inspect_json import is_lines, read_objects
from flows.steps.inspect_names import columns_of
from flows.steps.inspect_safe import beginning_of
from flows.steps.inspect_sheets import find_sheets
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

_KEYS_DEEP = 4
_PREAMBLE_SEEN = 25
# Stands for the zone that a mapping will declare: no cell is read as a time here.
_ANY_ZONE = "UTC"


@dataclass(frozen=True)
class Sample:
    """What was seen of one file, or of one sheet or kind of resource in it.

    `guesses` are choices that the file itself does not settle; `fhir` says what a FHIR file's elements are.
    """

    path: Path
    format: str
    why_format: str
    columns: tuple[str, ...] = ()
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    receipt: dict[str, str] = field(default_factory=dict)
    dialect: Dialect = field(default_factory=Dialect)
    guesses: dict[str, str] = field(default_factory=dict)
    fhir: FhirView | None = None

    @property
    def zone(self) -> str | None:
        """The one zone that the export itself names for its times."""
        told, _, rest = self.receipt.get("time zone", "").partition(" by the ImportIds")
        return told if rest and "," not in told else None


def read_samples(path: Path, found: Format) -> list[Sample]:
    """Look into one file; several samples where it holds several tables."""
    if found.name == "xlsx":
        return [_sheet_sample(path, found, sheet) for sheet in find_sheets(path)]
    if found.name in ("fhir", "jsonl") and not is_lines(path):  # is read element by element
        return _read(path, found)
    with beginning_of(path) as (beginning, told):
        samples = [replace(sample, path=path) for sample in _read(beginning, found)]
    if told:
        for sample in samples:
            sample.receipt["looked at"] = told
    return samples


def _read(path: Path, found: Format) -> list[Sample]:
    if found.name == "fhir":
        return [_fhir_sample(path, found, view) for view in find_views(path)]
    return [(_json_sample if found.name == "jsonl" else _delimited_sample)(path, found)]


def _fhir_sample(path: Path, found: Format, view: FhirView) -> Sample:
    table = READERS["fhir"](path, view.dialect, view.columns)
    frame = _first_batch(table, view.columns)
    return Sample(
        path, "fhir", found.why, view.columns, frame, table.receipt, view.dialect, fhir=view
    )


def _sheet_sample(path: Path, found: Format, sheet: str | None) -> Sample:
    dialect = Dialect(sheet=sheet) if sheet else Dialect()
    table = READERS["xlsx"](path, dialect, ())
    columns = _single(table)
    frame = _first_batch(table, columns)
    return Sample(path, "xlsx", found.why, columns, frame, table.receipt, dialect)


def _delimited_sample(path: Path, found: Format) -> Sample:
    table, dialect, guesses = _open_guessing(path, found.name)
    columns = _single(table) if found.name == "csv" else columns_of(path, found.name, table)
    if not columns:
        raise ExportUnreadable(f"{path.name}: no column of its header bears a name of its own")
    frame = _first_batch(table, columns)
    for key, value in guesses.items():
        table.receipt[key] = f"{DELIMITERS.get(value, value)}: a guess, not settled by the file"
    return Sample(path, found.name, found.why, columns, frame, table.receipt, dialect, guesses)


def _first_batch(table: TextTable, columns: tuple[str, ...]) -> pl.DataFrame:
    """The text of the first rows; the receipt says so where there are more."""
    batches = table.batches(columns)
    empty = pl.DataFrame(schema={"line": pl.Int64} | dict.fromkeys(columns, pl.String))
    frame = next((batch.frame for batch in batches), empty)
    is_more = frame.height >= BATCH_ROWS or any(batch.n_read for batch in islice(batches, 1))
    if is_more:  # the FHIR and the workbook reader are slow: their second batch is not asked for
        table.receipt["rows looked at"] = f"the first {frame.height}"
    return frame


def _open_guessing(path: Path, reader: str) -> tuple[TextTable, Dialect, dict[str, str]]:
    """Open with what the file settles; the rest is guessed here, and marked so."""
    guesses: dict[str, str] = {}
    dialect = _first_dialect(path, reader)
    wanted = _header_below_preamble(path) if reader == "csv" else ()
    while True:
        try:
            table = READERS[reader](path, dialect, wanted)
            columns = _single(table) if reader == "csv" else columns_of(path, reader, table)
            next(table.batches(columns), None)  # broken quotes show with the first rows only
            return table, dialect, guesses
        except ExportUnreadable as refusal:
            key, value = _guess(refusal.message, path)
            if key in guesses:
                raise
            guesses[key] = value
            dialect = dialect.model_copy(update=guesses).beside(timezone=_ANY_ZONE)


def _first_dialect(path: Path, reader: str) -> Dialect:
    """Nothing declared, but for the one header row that a Qualtrics export may have left."""
    records = first_records(path, 3)
    is_short = reader == "qualtrics" and records and "ResponseId" in records[0]
    has_ids = any("ImportId" in cell for row in records[1:] for cell in row)
    dialect = Dialect(header_rows=1) if is_short and not has_ids else Dialect()
    return dialect.beside(timezone=_ANY_ZONE)


def _header_below_preamble(path: Path) -> tuple[str, ...]:
    """The names of the header, where narrower lines stand above it: the reader then finds it by them."""
    records = first_records(path, _PREAMBLE_SEEN)
    width = max(map(len, records), default=0)
    at = next((n for n, record in enumerate(records) if len(record) == width), 0)
    if at == 0 or sum(len(record) == width for record in records) * 2 < len(records):
        return ()
    header = records[at]
    return tuple(c for c in header if c and c != "line" and header.count(c) == 1)


def _guess(refusal: str, path: Path) -> tuple[str, str]:
    """The key that a refusal asks for, with the likeliest value; re-raised by the caller if given in vain."""
    if "declare it under [dialect], for example encoding" in refusal:
        return "encoding", "cp1252"
    if "declare delimiter" in refusal:
        return "delimiter", _likeliest_delimiter(path)
    if "declare quote = '\"'" in refusal:
        return "quote", "'" if "begins a cell with an apostrophe" in refusal else '"'
    raise ExportUnreadable(refusal)


def _likeliest_delimiter(path: Path) -> str:
    """The one that splits the first line into most names."""
    with path.open("rb") as file:
        first = file.readline(1 << 16).decode("utf-8", errors="replace")
    return max(DELIMITERS, key=lambda delimiter: len(set(first.split(delimiter))))


def _single(table: TextTable) -> tuple[str, ...]:
    """The columns whose name can be mapped: no other bears it."""
    names = table.columns or ()
    return tuple(c for c in names if c and names.count(c) == 1 and c != "line")


def _json_sample(path: Path, found: Format) -> Sample:
    table = jsonl.open_table(path, Dialect(), ())
    columns = tuple(dict.fromkeys(_all_keys(path)))
    frame = _first_batch(table, columns)
    return Sample(path, "jsonl", found.why, columns, frame, table.receipt)


def _all_keys(path: Path) -> Iterator[str]:
    """The keys of the first records; a key may come with a late record only."""
    for record in read_objects(path):
        yield from (key for key in _keys(record, "", _KEYS_DEEP) if key != "line")


def _keys(record: dict[str, Any], before: str, deep: int) -> Iterator[str]:
    """The keys of a record; nested ones joined by dots, as source.toml names them."""
    for key, value in record.items():
        if isinstance(value, dict) and deep > 1:
            yield from _keys(value, f"{before}{key}.", deep - 1)
        elif not isinstance(value, list):
            yield before + key
