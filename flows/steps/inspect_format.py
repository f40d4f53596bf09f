"""Which format a file has, by what stands in it, never by its name; and what is no export at all.

The survey vendors' readers say themselves what speaks for them. What is recognised as something else (a data dictionary, a
survey's definition, a page of text) is refused with exit 12, and named.
"""

import codecs
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from flows.readers import google_forms, qualtrics, redcap, surveymonkey
from flows.readers.first_look import first_records
from flows.readers.redcap_dictionary import is_dictionary
from flows.readers.redcap_form import STRUCTURAL
from flows.readers.xlsx_archive import open_archive
from flows.steps.inspect_json import json_format
from schemas.errors import ExportUnreadable

_HEAD_BYTES = 8192
_RECORDS_SEEN = 25
_TEXT = {".csv", ".tsv", ".tab", ".txt", ".dat"}
_JSON = {".json", ".jsonl", ".ndjson"}
_NAMES = {"jsonl": _JSON, "fhir": _JSON, "xlsx": {".xlsx", ".xlsm"}}  # all others: _TEXT
# First bytes -> what they are the mark of.
_BINARY = {
    b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"GIF8": "a picture",
    b"PAR1": "a Parquet file", b"SQLite": "a database", b"\x1f\x8b": "a gzip archive", b"$FL2": "an SPSS file",
    b"$FL3": "an SPSS file", b"<stata": "a Stata file", b"RDX": "an R file", b"7z\xbc\xaf": "an archive",
}  # fmt: skip
# What REDCap exports beside records, by the first columns.
_BESIDE_REDCAP: dict[tuple[str, ...], str] = {
    ("arm_num", "name"): "arms", ("event_name", "arm_num"): "events", ("arm_num", "unique_event_name"): "instrument designations",
    ("data_access_group_name", "unique_group_name"): "data access groups", ("username", "expiration"): "users",
    ("username", "unique_role_name"): "user roles", ("unique_role_name", "role_label"): "user roles",
    ("username", "redcap_data_access_group"): "users",
}  # fmt: skip
_STATES = {"0", "1", "2", "", "Incomplete", "Unverified", "Complete"}
_GOOGLE_STAMP = re.compile(r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}:\d{2} [AP]M [A-Z]")


@dataclass(frozen=True)
class Format:
    """A reader's name, and what speaks for it. `misnamed` says so where the file is named like another format."""

    name: str
    why: str
    misnamed: str | None = None


def find_format(path: Path) -> Format:
    """The format of one plain file; raises ExportUnreadable for what is no export."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise ExportUnreadable(f"{path.name}: the file is empty; export again")
    name, why = _find(path, head)
    return Format(name, why, _misnamed(path, name))


def no_export(name: str, what: str) -> ExportUnreadable:
    """The refusal of a file that is something else."""
    return ExportUnreadable(f"{name}: not an export: {what}")


def _find(path: Path, head: bytes) -> tuple[str, str]:
    if head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return "xlsx", _zipped(path)
    if what := next((what for mark, what in _BINARY.items() if head.startswith(mark)), None):
        raise no_export(path.name, f"{what}, a binary file; export as CSV, JSON or xlsx")
    start = _as_text(head).lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        raise no_export(path.name, _about_markup(start))
    if start.startswith(("{", "[")):
        return json_format(path)
    return _delimited(path)


def _as_text(head: bytes) -> str:
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return head.decode("utf-16" if wide else "utf-8", errors="ignore")


def _about_markup(start: str) -> str:
    if "<ODM" in start:
        return "a CDISC ODM project as XML (REDCap's project file); export the records as CSV"
    if "hl7.org/fhir" in start:
        return "FHIR as XML; export FHIR as JSON or NDJSON"
    if re.match(r"<!doctype html|<html", start, re.IGNORECASE):
        return "a web page, perhaps of a login that ran out; export again"
    return "XML; export as CSV, JSON or xlsx"


def _zipped(path: Path) -> str:
    """Why a zip is a workbook; raises ExportUnreadable for other zips, and, as the reader does, for bombs."""
    try:
        with open_archive(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise ExportUnreadable(f"{path.name}: a damaged zip archive; export again") from error
    if any(name.startswith("xl/") for name in names):
        return "a zip archive with xl/ inside: an Excel workbook"
    if any(name.startswith("word/") for name in names):
        raise no_export(path.name, "a Word document; export as CSV, JSON or xlsx")
    raise no_export(path.name, "a zip archive; unpack it, and inspect what it holds")


def _delimited(path: Path) -> tuple[str, str]:
    """The vendors' marks from the surest to the weakest; without any it is delimited text."""
    if is_dictionary(path):
        raise no_export(
            path.name,
            "a REDCap data dictionary, which is read beside its export; inspect the file with the records",
        )
    records = first_records(path, _RECORDS_SEEN)
    header = records[0] if records else ()
    if what := _BESIDE_REDCAP.get(tuple(cell.lstrip("\ufeff") for cell in header[:2])):
        raise no_export(path.name, f"REDCap's list of {what}; inspect the file with the records")
    if why := qualtrics.looks_like(path):
        return "qualtrics", why
    if why := surveymonkey.looks_like(path):
        return "surveymonkey", why
    if why := google_forms.looks_like(path) or _google_by_stamps(records):
        return "google_forms", why
    if (why := redcap.looks_like(path)) and _is_redcap(records):
        return "redcap", why
    return "csv", _why_delimited(path.name, records)


def _google_by_stamps(records: list[tuple[str, ...]]) -> str | None:
    """Time stamps as only Google Forms writes them, below a name in a language that is not known."""
    header, rows = (records[0], records[1:]) if records else ((), [])
    is_asked = any(len(cell) > 25 or cell.endswith("?") for cell in header[1:])
    if is_asked and rows and all(_GOOGLE_STAMP.match(row[0]) for row in rows):
        return "first column holds time stamps such as Google Forms writes, questions as names"
    return None


def _is_redcap(records: list[tuple[str, ...]]) -> bool:
    """Whether more speaks for REDCap than a name that ends in `_complete`: such a column holds the states of a form."""
    header, rows = records[0], records[1:]
    if any(n in STRUCTURAL or "___" in n or "(choice=" in n or n == "Complete?" for n in header):
        return True
    states = [n for n, name in enumerate(header) if name.endswith("_complete")]
    return all(row[n] in _STATES for row in rows for n in states if n < len(row))


def _why_delimited(name: str, records: list[tuple[str, ...]]) -> str:
    """How evenly the first records are cut; raises ExportUnreadable for prose."""
    sizes = Counter(len(record) for record in records)
    n_cells, n_rows = max(sizes.items(), key=lambda one: (one[1], one[0]), default=(0, 0))
    if not records or (n_cells > 1 and n_rows * 2 >= len(records)) or _may_be_one_column(records):
        return f"delimited text: {n_rows} of the first {len(records)} records have {n_cells} cells"
    raise no_export(
        name,
        "text in lines that no delimiter cuts into columns (tried comma, semicolon, tab, bar); if another mark "
        "separates its columns, write a source.toml with delimiter under [dialect]",
    )


def _may_be_one_column(records: list[tuple[str, ...]]) -> bool:
    """One column of short words below a name is thin, but it may be an export; lines of prose are not."""
    return all(len(row) == 1 and len(row[0].split()) < 4 and ":" not in row[0] for row in records)


def _misnamed(path: Path, name: str) -> str | None:
    usual = _NAMES.get(name, _TEXT)
    if path.suffix.lower() in usual:
        return None
    others = {"jsonl": "JSON", "fhir": "JSON", "xlsx": "a workbook"}
    told = f"its name ends in '{path.suffix}'" if path.suffix else "its name has no ending"
    return f"{told}, its content is {others.get(name, 'delimited text')}; the content counts, and `files` in source.toml goes by names"
