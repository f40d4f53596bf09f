"""A first look at one export: which format its marks show, and a sample of its text.

A format may be recognised for which no reader exists; what is no export is refused (exit 12).
"""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from flows.readers import csv_text, jsonl
from flows.readers.header import DELIMITERS
from flows.readers.table import TextTable
from flows.steps.inspect_words import plain
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

_RECORDS_SEEN = 500
_KEYS_DEEP = 4


@dataclass(frozen=True)
class Sample:
    """What was seen of one file. `guesses` are choices that the file itself does not settle."""

    path: Path
    format: str
    why_format: str
    columns: tuple[str, ...] = ()
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    receipt: dict[str, str] = field(default_factory=dict)
    dialect: Dialect = field(default_factory=Dialect)
    guesses: dict[str, str] = field(default_factory=dict)
    link_ids: tuple[str, ...] = ()


def read_sample(path: Path) -> Sample:
    """Look at one file; raises ExportUnreadable where it is no export that anything could read."""
    with path.open("rb") as file:
        head = file.read(8192)
    if not head:
        raise ExportUnreadable(f"{path.name}: the file is empty; export again")
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    if head.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"PAR1", b"SQLite", b"\x1f\x8b")):
        raise ExportUnreadable(
            f"{path.name}: a binary file, not an export as text; open it where it was made and export "
            "it as CSV, JSON or xlsx"
        )
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first == b"<":
        raise ExportUnreadable(
            f"{path.name}: XML or HTML (a project file or a web page), not an export of rows; export as CSV"
        )
    return _json_sample(path, head) if first in (b"{", b"[") else _csv_sample(path)


def _zipped(path: Path) -> Sample:
    try:
        with zipfile.ZipFile(path) as archive:
            is_sheet = any(name.startswith("xl/") for name in archive.namelist())
    except zipfile.BadZipFile as error:
        raise ExportUnreadable(f"{path.name}: a damaged zip archive; export again") from error
    if not is_sheet:
        raise ExportUnreadable(f"{path.name}: a zip archive; unpack it, and inspect what it holds")
    return Sample(path, "xlsx", "a zip archive with xl/ inside: an Excel workbook")


def _csv_sample(path: Path) -> Sample:
    table, dialect, guesses, rows = _open_guessing(path)
    kind, why, header_rows = _csv_format(table.columns or (), rows)
    if header_rows > 1:
        dialect = dialect.model_copy(update={"header_rows": header_rows})
        table = csv_text.open_table(path, dialect, ())
    columns = tuple(c for c in _single(table) if c)
    empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    frame = next((batch.frame for batch in table.batches(columns)), empty)
    for key, value in guesses.items():
        table.receipt[key] = f"{DELIMITERS.get(value, value)}: a guess, not settled by the file"
    return Sample(path, kind, why, table.columns or (), frame, table.receipt, dialect, guesses)


def _open_guessing(path: Path) -> tuple[TextTable, Dialect, dict[str, str], list[list[str]]]:
    """Open with what the file settles; the rest is guessed here, and marked so. Also the first two rows."""
    guesses: dict[str, str] = {}
    dialect = Dialect()
    while True:
        try:
            table = csv_text.open_table(path, dialect, ())
            return table, dialect, guesses, _first_rows(table)
        except ExportUnreadable as refusal:
            key, value = _guess(refusal.message, path, dialect)
            if key in guesses:
                raise
            guesses[key] = value
            dialect = dialect.model_copy(update=guesses)


def _guess(refusal: str, path: Path, dialect: Dialect) -> tuple[str, str]:
    """The key that a refusal asks for, with the likeliest value; re-raised by the caller if given in vain."""
    if "declare it under [dialect]" in refusal:
        return "encoding", "cp1252"
    if "declare delimiter" in refusal:
        return "delimiter", _likeliest_delimiter(path, dialect)
    if "declare quote = '\"'" in refusal:
        return "quote", "'" if "begins a cell with an apostrophe" in refusal else '"'
    raise ExportUnreadable(refusal)


def _likeliest_delimiter(path: Path, dialect: Dialect) -> str:
    """The one that splits the header into most names."""

    def n_names(delimiter: str) -> int:
        declared = dialect.model_copy(update={"delimiter": delimiter})
        return len(set(csv_text.open_table(path, declared, ()).columns or ()))

    return max(DELIMITERS, key=n_names)


def _single(table: TextTable) -> tuple[str, ...]:
    """The columns whose name can be mapped: no other bears it."""
    names = table.columns or ()
    return tuple(c for c in names if names.count(c) == 1 and c != "line")


def _first_rows(table: TextTable) -> list[list[str]]:
    """The first two rows below the header."""
    frame = next((batch.frame for batch in table.batches(_single(table))), pl.DataFrame())
    return [[cell or "" for cell in row[1:]] for row in frame.head(2).iter_rows()]


def _csv_format(columns: tuple[str, ...], rows: list[list[str]]) -> tuple[str, str, int]:
    """Format, why, and how many rows of header it has."""
    names = {column.casefold() for column in columns}
    second, third = [*rows, [], []][:2]
    if any("ImportId" in cell for cell in third):
        return "qualtrics", "the third row holds ImportIds", 3
    if {"startdate", "enddate"} <= names and names & {"responseid", "recordeddate", "progress"}:
        return "qualtrics", "columns StartDate, EndDate, ResponseId", 1
    if {"ResponseID", "IPAddress"} <= set(second) or {"StartDate", "EndDate"} <= set(second):
        return "qualtrics", "legacy export: the second row names ResponseID, StartDate, EndDate", 2
    if "variable / field name" in names:
        return (
            "redcap_dictionary",
            "a REDCap data dictionary: it describes an export, it is none",
            1,
        )
    marks = [c for c in columns if "___" in c or c.startswith("redcap_")]
    marks += [c for c in columns if c.endswith("_complete")][:3]
    if marks and not names & {"respondentid", "respondent id"}:
        return "redcap", f"columns {', '.join(marks[:3])}", 1
    if names & {"respondentid", "respondent id"}:
        two = "Response" in second or "Open-Ended Response" in second or columns.count("") > 1
        return (
            "surveymonkey",
            f"column {columns[0]}" + ("; two header rows" if two else ""),
            2 if two else 1,
        )
    stamps = {"timestamp", "zeitstempel", "horodateur", "marcatemporal", "informazionicronologiche"}
    if (
        columns
        and plain(columns[0]) in stamps
        and any(len(c) > 25 or c.endswith("?") for c in columns[1:])
    ):
        return "google_forms", f"first column {columns[0]}, questions as headers", 1
    return "csv", "delimited text", 1


def _json_sample(path: Path, head: bytes) -> Sample:
    records = list(islice(_records(path, head), _RECORDS_SEEN))
    if not records:
        raise ExportUnreadable(f"{path.name}: holds no JSON object; export again")
    kinds = {str(r.get("resourceType")) for r in records if "resourceType" in r}
    if kinds:
        links = tuple(dict.fromkeys(_link_ids(records)))
        why = f"resourceType {', '.join(sorted(kinds))}"
        return Sample(
            path, "fhir", why, receipt={"records": f"{len(records)} seen"}, link_ids=links
        )
    columns = tuple(
        dict.fromkeys(key for record in records for key in _keys(record, "", _KEYS_DEEP))
    )
    table = jsonl.open_table(path, Dialect(), ())
    wanted = tuple(c for c in columns if c != "line")
    batch = next(iter(table.batches(wanted)), None)
    frame = (
        batch.frame if batch is not None else pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    )
    return Sample(path, "jsonl", table.receipt["records"], columns, frame, table.receipt)


def _records(path: Path, head: bytes) -> Iterator[dict[str, Any]]:
    """The first records, whether one per line, in an array, or one FHIR resource."""
    first_line = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    is_whole = first_line[:1] == b"[" or (
        len(first_line) < len(head) and _loads(first_line) is None
    )
    if is_whole and path.stat().st_size <= jsonl.MAX_OBJECT_BYTES:
        whole = _loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        if whole is None and first_line[:1] == b"[":
            raise ExportUnreadable(f"{path.name}: is not one valid JSON array; export again")
        if whole is not None:
            yield from (
                r for r in (whole if isinstance(whole, list) else [whole]) if isinstance(r, dict)
            )
            return
    with path.open("rb") as file:
        for line in islice(file, _RECORDS_SEEN):
            record = _loads(line.removeprefix(b"\xef\xbb\xbf"))
            if isinstance(record, dict):
                yield record


def _loads(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _keys(record: dict[str, Any], before: str, deep: int) -> Iterator[str]:
    """The keys of a record; nested ones joined by dots, as source.toml names them."""
    for key, value in record.items():
        if isinstance(value, dict) and deep > 1:
            yield from _keys(value, f"{before}{key}.", deep - 1)
        elif not isinstance(value, list):
            yield before + key


def _link_ids(content: Any) -> Iterator[str]:
    """Every linkId and LOINC code at any depth, by a stack: a resource nests deeply."""
    stack = [content]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield from (
                str(node[key])
                for key in ("linkId", "code", "definition")
                if isinstance(node.get(key), str)
            )
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
