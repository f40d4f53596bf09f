"""The fix-list as files for the people who mend it: the rows themselves, with what is wrong and what to change before them.

These files alone show patients' values, so only their owner may read them. A spreadsheet takes a cell that begins with `=`, `+`,
`-` or `@` for a formula and would run what somebody typed into a form; every such cell is made plain text.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
_PIECE = 100_000  # problems written at a time
_AT = "\0line"  # a name that no export has
ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
_FORMULA = re.compile(FORMULA)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_csv(fixlist: Fixlist, data: Path, path: Path) -> int:
    """All open problems with their rows in one CSV file; returns how many."""
    parts = [part for _, of_source in _parts(fixlist, data) for part in of_source]
    columns = _columns(parts)
    with _private(path) as draft, draft.open("wb") as file:
        # Without the mark Excel takes UTF-8 for something else.
        pl.DataFrame(schema=[_safe_name(name) for name in columns]).write_csv(
            file, include_bom=True
        )
        for part in parts:  # the rows once, however many problems each of them has
            theirs = [_safe(name) for name in part.rows.columns if name != _AT]
            for table in _Part(part.problems, part.rows.with_columns(theirs)).tables(columns):
                table.with_columns(map(_safe, TOLD.values())).write_csv(file, include_header=False)
    return sum(part.problems.height for part in parts)


def _safe(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).alias(name)


def _safe_name(name: str) -> str:
    return f"'{name}" if _FORMULA.match(name) else name


def write_xlsx(fixlist: Fixlist, data: Path, path: Path) -> int:
    """All open problems with their rows, a sheet for each clinic and source; returns how many."""
    from openpyxl import Workbook

    book, names = Workbook(write_only=True), set[str]()
    n_problems = 0
    for (clinic, source), parts in _parts(fixlist, data):
        columns = _columns(parts)
        table = pl.concat([table for part in parts for table in part.tables(columns)])
        n_problems += table.height
        for rows in table.iter_slices(SHEET_ROWS):
            _write_sheet(book, _sheet_name(f"{clinic} {source}", names), rows)
    if not names:
        _write_sheet(book, _sheet_name("nothing to fix", names), pl.DataFrame(schema=_columns([])))
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


@dataclass(frozen=True)
class _Part:
    """The problems of one file, and the rows of its export that have one: their line (`_AT`), then the columns that are mapped."""

    problems: pl.DataFrame
    rows: pl.DataFrame

    def tables(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """A row for each problem, piece by piece: together they are far more text than either alone."""
        texts = dict.fromkeys((name for name in columns if name not in TOLD.values()), pl.String)
        for problems in self.problems.iter_slices(_PIECE):
            told = problems.select(pl.col(name).alias(title) for name, title in TOLD.items())
            here = pl.col(_AT).is_between(
                told["line"].min(), told["line"].max()
            )  # the list is in their order
            rows = self.rows.filter(here)
            both = told.join(rows, left_on="line", right_on=_AT, how="left", maintain_order="left")
            absent = [pl.lit(None, t).alias(n) for n, t in texts.items() if n not in both.columns]
            yield both.with_columns(absent).select(columns)


def _parts(fixlist: Fixlist, data: Path) -> Iterator[tuple[tuple[str, str], list[_Part]]]:
    """For each clinic and source its open problems by file, in the order of the list."""
    ledger = read_ledger(data / "warehouse")
    receipts = {f["file_key"]: f for f in (*ledger.files, *ledger.refused)}
    context = read_context(data)
    for key, problems in fixlist.open.group_by("clinic_id", "source_id", maintain_order=True):
        parts = []
        for (file_key,), of_file in problems.group_by("file_key", maintain_order=True):
            rows = pl.DataFrame(schema={"line": pl.Int64})
            if receipt := receipts.get(str(file_key)):
                rows = original_rows(data, receipt, of_file["line"].unique(), context)
            parts.append(_Part(of_file, _named_rows(rows)))
        yield (str(key[0]), str(key[1])), parts


def _named_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows by their line; a column of the name of one of ours says whose it is."""
    ours = {*TOLD.values()}
    names = {name: f"{name} (export)" if name in ours else name for name in rows.columns}
    once = rows.unique("line", keep="first", maintain_order=True)
    return once.rename(names | {"line": _AT})


def _columns(parts: Iterable[_Part]) -> list[str]:
    """Ours, then those of the exports as they come."""
    theirs = (name for part in parts for name in part.rows.columns if name != _AT)
    return list(dict.fromkeys([*TOLD.values(), *theirs]))


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
