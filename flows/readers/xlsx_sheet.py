"""The rows of one worksheet, streamed: the text of each cell that is wanted, and the sheet's own row numbers.

A formula is read by the result that was saved with it. Where none was, the sheet is refused rather than read as empty.
"""

import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from openpyxl.utils.escape import unescape

from flows.readers.xlsx_archive import PartParser, damaged, read_pieces
from flows.readers.xlsx_package import MAX_CELL_CHARS, NUMBER, PERCENT, Package, Sheet
from flows.readers.xlsx_text import number_text, serial_text
from schemas.errors import ExportUnreadable

MAX_COLUMNS = 16_384  # as in Excel
MAX_MERGES = 100_000
_MERGE_BYTES = 1000  # no merged area takes more to name
_MERGE = re.compile(
    rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"""
)
_DIGITS = "0123456789"


@dataclass(frozen=True)
class Row:
    """One row of a sheet that holds anything. `cells`: column (from 0) -> text, without the empty and the unwanted ones."""

    number: int
    cells: dict[int, str]
    is_hidden: bool


@dataclass(frozen=True)
class Merge:
    """An area of cells that are shown as one: only its first cell holds anything."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int

    def covered(self, columns: frozenset[int]) -> tuple[int, int] | None:
        """First and last row in which a cell of these columns lies hidden under it."""
        inside = {c for c in columns if self.first_column <= c <= self.last_column}
        first = self.first_row + (inside == {self.first_column})  # its first cell is not hidden
        return (first, self.last_row) if inside and first <= self.last_row else None


def column_number(letters: str) -> int:
    """A is 0, Z 25, AA 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(number: int) -> str:
    """The name of a column in the sheet."""
    letters = ""
    while number >= 0:
        letters = chr(65 + number % 26) + letters
        number = number // 26 - 1
    return letters


def find_merges(package: Package, sheet: Sheet) -> set[Merge]:
    """The merged areas. They stand behind the rows in the file, and must be known before them."""
    merges, rest = set(), b""
    for piece in read_pieces(package.name, package.archive, sheet.part):
        text = rest + piece
        for found in _MERGE.finditer(text):
            first_column, first_row, last_column, last_row = found.groups()
            rows = int(first_row), int(last_row)
            columns = column_number(first_column.decode()), column_number(last_column.decode())
            merges.add(Merge(*rows, *columns))
        if len(merges) > MAX_MERGES:
            raise damaged(package.name, f"it has over {MAX_MERGES} merged areas")
        rest = text[-_MERGE_BYTES:]
    return merges


def read_rows(
    package: Package, sheet: Sheet, wanted: frozenset[int] | None, percent: set[int] | None = None
) -> Generator[Row]:
    """The rows that hold anything, in order; all columns where `wanted` is None.

    Columns in which a number is shown as a percentage are added to `percent`.
    """
    handlers = _Cells(package, sheet, wanted, set() if percent is None else percent)
    parts = (handlers.begin, handlers.end, handlers.read)
    is_on = True
    with closing(PartParser(package.name, package.archive, sheet.part, parts)) as parser:
        while is_on:
            is_on = parser.feed()
            yield from handlers.rows
            handlers.rows.clear()


class _Cells:
    """The handlers of a worksheet: one call per element, so what is asked most often is asked first."""

    def __init__(
        self, package: Package, sheet: Sheet, wanted: frozenset[int] | None, percent: set[int]
    ) -> None:
        self.package, self.sheet, self.wanted, self.percent = package, sheet, wanted, percent
        self.rows: list[Row] = []
        self._columns: dict[str, int] = {}  # letters -> number
        self._prefix = ""
        self._row, self._column = 0, -1
        self._cells: dict[int, str] = {}
        self._has_more = self._is_hidden = self._has_formula = False
        self._is_reading = self._in_reading = False
        self._attributes: dict[str, str] = {}
        self._words: list[str] = []
        self._n_chars = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = tag.removeprefix(self._prefix)
        if tag == "c":
            self._begin_cell(attributes)
        elif tag == "v" or (tag == "t" and not self._in_reading):
            self._is_reading = True
        elif tag == "row":
            self._begin_row(attributes)
        elif tag == "f":
            self._has_formula = True
        elif tag == "rPh":  # how a Chinese character is read
            self._in_reading = True
        elif ":" in tag and tag.endswith(":worksheet"):
            self._prefix = tag.removesuffix("worksheet")

    def end(self, tag: str) -> None:
        """An element ends."""
        tag = tag.removeprefix(self._prefix)
        if tag == "c":
            self._end_cell()
        elif tag in ("v", "t"):
            self._is_reading = False
        elif tag == "row":
            if self._cells or self._has_more:
                self.rows.append(Row(self._row, self._cells, self._is_hidden))
            self._cells, self._has_more = {}, False
        elif tag == "rPh":
            self._in_reading = False

    def read(self, text: str) -> None:
        """A stretch of text."""
        if self._is_reading:
            self._n_chars += len(text)
            if self._n_chars > MAX_CELL_CHARS:
                raise damaged(self.package.name, f"a cell holds over {MAX_CELL_CHARS} characters")
            self._words.append(text)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        before, self._column = self._row, -1
        self._row = int(number) if number and number.isdecimal() else before + 1
        if self._row <= before:
            raise damaged(self.package.name, f"row {self._row} stands below row {before}")
        self._is_hidden = attributes.get("hidden") in ("1", "true")

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        if place:
            letters = place.rstrip(_DIGITS)
            column = self._columns.get(letters)
            if column is None:
                column = self._columns[letters] = self._number(letters)
        else:
            column = self._column + 1
        if not self._column < column < MAX_COLUMNS:
            raise damaged(self.package.name, f"the cells of row {self._row} are out of order")
        self._column, self._attributes = column, attributes
        self._words, self._n_chars, self._has_formula = [], 0, False

    def _number(self, letters: str) -> int:
        if not (letters.isascii() and letters.isalpha() and letters.isupper()):
            raise damaged(self.package.name, f"a cell of row {self._row} has no place")
        return column_number(letters[:4])

    def _end_cell(self) -> None:
        words = self._words
        is_wanted = self.wanted is None or self._column in self.wanted
        if not words:
            if self._has_formula and self._attributes.get("t") != "str":
                self._check_unsaved(is_wanted)
            return
        if not is_wanted and (self._has_more or self._cells):
            return  # the row is known to hold something
        try:
            text = self._text(words[0] if len(words) == 1 else "".join(words))
        except (ValueError, IndexError):
            raise damaged(self.package.name, f"cell {self._place()} cannot be read") from None
        if not text or text.isspace():
            return
        if is_wanted:
            self._cells[self._column] = text
        else:
            self._has_more = True

    def _text(self, value: str) -> str:
        """The text of a cell; an error of Excel's, such as #N/A, is text too: better refused further on than lost here."""
        type_ = self._attributes.get("t", "n")
        if type_ == "s":
            if not value.isdecimal():
                raise ValueError
            return self.package.texts[int(value)]
        if type_ == "n":
            style = self._attributes.get("s")
            kind = self.package.kinds[int(style)] if style and self.package.kinds else NUMBER
            if kind == NUMBER:
                return number_text(value)
            if kind == PERCENT:
                self.percent.add(self._column)
                return number_text(value)
            return serial_text(value, kind, self.package.is_1904)
        if type_ == "b":
            return "true" if value in ("1", "true") else "false"
        if type_ == "d":
            return value.removesuffix("T00:00:00")
        return str(unescape(value))

    def _place(self) -> str:
        return f"{column_letters(self._column)}{self._row} of sheet '{self.sheet.name}'"

    def _check_unsaved(self, is_wanted: bool) -> None:
        """A formula without a result: an empty cell in a column that matters would be a guess."""
        if is_wanted and self.wanted is not None:
            raise ExportUnreadable(
                f"{self.package.name}: cell {self._place()} holds a formula whose result was never saved, as where a "
                "program wrote the workbook; open it in Excel or LibreOffice, save it, and export that"
            )
