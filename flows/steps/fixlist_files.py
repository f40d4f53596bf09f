"""The fix-list as files for the people who mend it: the rows themselves, with what is wrong and what to change before them.

These files alone show patients' values, so only their owner may read them. A spreadsheet takes a cell that begins with `=`, `+`,
`-` or `@` for a formula and would run what somebody typed into a form; every such cell is made plain text.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps.fixlist import Fixlist
from flows.steps.fixlist_rows import original_rows
from flows.steps.intake import read_context
from flows.steps.ledger import read_ledger
from schemas.errors import ExitCode, UserError

# Ours before theirs, so that a reader meets what to do first.
TOLD = {
    "reason": "what is wrong",
    "fix": "what to change",
    "state": "state",
    "first_seen": "first seen",
    "waived_until": "waived until",
    "severity": "severity",
    "clinic_id": "clinic",
    "source_id": "source",
    "file_name": "file",
    "line": "line",
    "column_name": "column",
    "part": "part",
    "rule_id": "rule",
    "problem_id": "problem",
}
# Also in full width, which Japanese and Chinese versions of spreadsheets take for the same.
FORMULA = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
SHEET_ROWS = 1_000_000  # a sheet holds 1,048,576
CELL_CHARACTERS = 32_767
ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
_FORMULA = re.compile(FORMULA)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_csv(fixlist: Fixlist, data: Path, path: Path) -> int:
    """All open problems with their rows in one CSV file; returns how many."""
    tables = [table for _, table in _tables(fixlist, data)]
    whole = pl.concat(tables, how="diagonal") if tables else _told(fixlist.open)
    safe = whole.select(_safe(pl.col(name)).alias(_safe_name(name)) for name in whole.columns)
    with _private(path) as draft:
        safe.write_csv(
            draft, include_bom=True
        )  # without the mark Excel takes UTF-8 for something else
    return whole.height


def _safe(cell: pl.Expr) -> pl.Expr:
    text = cell.cast(pl.String)
    return pl.when(text.str.contains(FORMULA)).then(pl.lit("'") + text).otherwise(text)


def _safe_name(name: str) -> str:
    return f"'{name}" if _FORMULA.match(name) else name


def write_xlsx(fixlist: Fixlist, data: Path, path: Path) -> int:
    """All open problems with their rows, a sheet for each clinic and source; returns how many."""
    from openpyxl import Workbook

    book, names = Workbook(write_only=True), set[str]()
    n_problems = 0
    for (clinic, source), table in _tables(fixlist, data):
        n_problems += table.height
        for rows in table.iter_slices(SHEET_ROWS):
            _write_sheet(book, _sheet_name(f"{clinic} {source}", names), rows)
    if not names:
        _write_sheet(book, _sheet_name("nothing to fix", names), _told(fixlist.open))
    with _private(path) as draft:
        book.save(draft)
    return n_problems


def _write_sheet(book: Any, name: str, rows: pl.DataFrame) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(rows.width)}{rows.height + 1}"
    for place, column in enumerate(rows.columns, 1):
        width = 44 if column in ("what is wrong", "what to change") else 16
        sheet.column_dimensions[get_column_letter(place)].width = width
    head = [_text_cell(sheet, column) for column in rows.columns]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in rows.iter_rows():
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: Any) -> Any:
    """A value as it may stand in a sheet: what looks like a formula or an error is told to be text."""
    if not isinstance(value, str):
        return value
    text = _ILLEGAL.sub("\ufffd", value)[:CELL_CHARACTERS]
    return _text_cell(sheet, text) if _FORMULA.match(text) or text in ERRORS else text


def _text_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=_ILLEGAL.sub("\ufffd", text)[:CELL_CHARACTERS])
    cell.data_type, cell.number_format = "s", "@"
    cell.quotePrefix = True  # stays text also when somebody edits the cell
    return cell


def _sheet_name(wish: str, taken: set[str]) -> str:
    """A name that Excel accepts: 31 characters, none of []:*?/\\, not twice in whatever case."""
    base = re.sub(r"[\[\]:*?/\\]", "_", wish).strip("' ") or "sheet"
    names = [base[:31], *(f"{base[:26]} {n}" for n in range(2, 1000))]
    name = next(name for name in names if name.casefold() not in taken)
    taken.add(name.casefold())
    return name


def _tables(fixlist: Fixlist, data: Path) -> Iterator[tuple[tuple[str, str], pl.DataFrame]]:
    """For each clinic and source its open problems with their rows, in the order of the list."""
    ledger = read_ledger(data / "warehouse")
    receipts = {f["file_key"]: f for f in (*ledger.files, *ledger.refused)}
    context = read_context(data)
    for key, problems in fixlist.open.group_by("clinic_id", "source_id", maintain_order=True):
        parts = []
        for (file_key,), of_file in problems.group_by("file_key", maintain_order=True):
            told = _told(of_file)
            if receipt := receipts.get(str(file_key)):
                rows = original_rows(data, receipt, of_file["line"].unique(), context)
                told = _beside(told, rows)
            parts.append(told)
        yield (str(key[0]), str(key[1])), pl.concat(parts, how="diagonal")


def _told(problems: pl.DataFrame) -> pl.DataFrame:
    return problems.select(pl.col(name).alias(title) for name, title in TOLD.items())


def _beside(told: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The problems with the columns of the export after them; a name that we use too says whose it is."""
    ours = {*TOLD.values()}
    names = {name: f"{name} (export)" for name in rows.columns if name in ours}
    theirs = rows.unique("line", keep="first", maintain_order=True).select(
        pl.col("line").alias("at line"), pl.all().exclude("line")
    )
    renamed = theirs.rename({old: new for old, new in names.items() if old != "line"})
    return told.join(renamed, left_on="line", right_on="at line", how="left", maintain_order="left")


@contextmanager
def _private(path: Path) -> Iterator[Path]:
    """A file that only its owner can read, in place once it is whole."""
    if not path.parent.is_dir():
        raise UserError(f"no folder {path.parent} to write {path.name} to", ExitCode.USAGE)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
