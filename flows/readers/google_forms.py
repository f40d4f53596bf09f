"""Google Forms exports: a time stamp under a localised name, the questions' own wording as names, no id of the response.

`Timestamp` stands for the stamp in any language. A scale whose answers all begin with their figure (`4`, `5 - very much`) is
read as the figure, unless the mapping translates one of its answers. Several choices in one cell stay one text.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from flows.readers.cell_text import read_cells
from flows.readers.first_look import first_records
from flows.readers.google_stamps import NAMES, STAMP, read_stamp
from flows.readers.named_header import Cells, NamedTable, Naming, one_line, open_named
from flows.readers.table import Batch, TextTable
from schemas.source import Dialect

# A figure alone, or a figure, a mark and words; no range such as `1 - 2 hours`.
_SCALE = re.compile(r"(\d{1,3})(?:(?:\s+[-–—]|\s*[=:)]|\.)\s+(?=[^\d\s])(.+))?", re.DOTALL)
_FIGURE = r"^\s*(\d{1,3})"
_MAX_ANSWERS = 50  # a scale has fewer different answers; free text has more


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open one export; raises ExportUnreadable where it cannot be read in one way only."""
    named = open_named(path, dialect, wanted, _name_columns, "no Google Forms export")
    named.check(wanted)
    export = _Export(named, dialect)
    return TextTable(tuple(named.by_name), export.batches, named.table.receipt)


def looks_like(path: Path) -> str | None:
    """What speaks for a Google Forms export, if anything does."""
    header = next(iter(first_records(path, 1)), ("",))
    is_asked = any(len(cell) > 25 or cell.endswith("?") for cell in header[1:])
    is_stamp = one_line(header[0]).casefold() in NAMES
    return f"first column {header[0]}, questions as names" if is_stamp and is_asked else None


def _name_columns(records: list[Cells], declared: int | None) -> Naming:
    names = tuple(
        (own := one_line(c), STAMP if own.casefold() in NAMES else "", c) for c in records[0]
    )
    return Naming(names, 1, "one row of questions")


class _Export:
    """One opened export, and the scales found in it."""

    def __init__(self, named: NamedTable, dialect: Dialect) -> None:
        self.named, self.dialect = named, dialect
        self.stamp = named.find(STAMP) or "1"
        self._is_scale: dict[str, bool] = {}  # columns already looked at

    def batches(self, names: tuple[str, ...]) -> Iterator[Batch]:
        """The wanted cells."""
        self.named.check(names)
        numbers = {name: self.named.number(name) for name in names}
        answers = (i for name, i in numbers.items() if name not in self.dialect.ids)
        scales = self._scales(tuple(dict.fromkeys(answers)))
        told = [name for name, number in numbers.items() if number in scales]
        if told:
            self.named.table.receipt["scales read by the figure before their words"] = "; ".join(
                told
            )
        cells = {name: self._cell(number, number in scales) for name, number in numbers.items()}
        yield from read_cells(self.named.table, cells, {}, {})

    def _cell(self, number: str, is_scale: bool) -> pl.Expr:
        if number == self.stamp:
            timezone = self.dialect.timezone
            return read_stamp(self.named.table, number, self.named.file_name, timezone)
        return pl.col(number).str.extract(_FIGURE, 1) if is_scale else pl.col(number)

    def _scales(self, numbers: Cells) -> set[str]:
        """One look over the file for the columns not looked at before: which of them are scales with words."""
        new = tuple(n for n in numbers if n not in self._is_scale and n != self.stamp)
        answers: dict[str, set[str]] = defaultdict(set)
        for batch in self.named.table.batches(new) if new else ():
            for number in new:
                if len(answers[number]) <= _MAX_ANSWERS:
                    found = batch.frame[number].str.strip_chars().unique().drop_nulls()
                    answers[number].update(found.to_list())
        self._is_scale |= {number: self._is_labelled(answers[number]) for number in new}
        return {number for number in numbers if self._is_scale.get(number)}

    def _is_labelled(self, answers: set[str]) -> bool:
        """Whether all answers begin with their figure, each figure with one wording, and none is translated."""
        answers = {answer for answer in answers if answer and answer not in self.dialect.missing}
        found = [_SCALE.fullmatch(answer) for answer in answers]
        if len(answers) > _MAX_ANSWERS or answers & self.dialect.coded or not all(found):
            return False
        wordings = [(match[1], match[2]) for match in found if match and match[2]]
        return bool(wordings) and len({figure for figure, _ in wordings}) == len(wordings)
