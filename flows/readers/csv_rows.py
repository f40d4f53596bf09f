"""The rows of a delimited file whose dialect is settled: Polars parses, the bytes confirm.

Of a file without quotes, pieces whose delimiters add up are proven even by two counts. From the first other piece on, and in every
other file, the records are counted from the bytes, and each row is held against its own.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from flows.readers.header import Header
from flows.readers.layout import (
    LF,
    Layout,
    Marks,
    check_lines,
    holds,
    is_plainly_even,
    mapped,
    offset_of,
)
from flows.readers.pieces import pieces
from flows.readers.records import Records, check_undeclared, read_records
from flows.readers.table import NO_BROKEN, Batch
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

BATCH_ROWS = 250_000  # of which several are in memory at a time
_RECORD = "# of the record"  # no name that an export would give a column


class Uneven(Exception):
    """The cells of a piece do not add up: only its records can tell which row is short."""


@dataclass(frozen=True)
class CsvFile:
    """One file in UTF-8 with its dialect settled."""

    path: Path
    name: str
    layout: Layout
    marks: Marks
    header: Header
    dialect: Dialect
    receipt: dict[str, str]

    @cached_property
    def offset(self) -> int:
        """The byte at which the data begin."""
        return offset_of(self.path, self.marks.line_end, self.header.n_lines)

    @property
    def has_other_end(self) -> bool:
        """Whether the other line break occurs at all."""
        return self.layout.has_cr if self.marks.line_end == LF else self.layout.has_lf

    @cached_property
    def has_quotes(self) -> bool:
        """Whether the data hold a quote."""
        quote = self.marks.quote
        return quote is not None and holds(self.path, quote, self.offset)

    def scan(self, strict: bool) -> pl.LazyFrame:
        """All cells as text, columns named by position (names of exports repeat)."""
        return self._scan(self.path, self.header.n_lines, strict)

    def _scan(self, source: Path | bytes, n_skipped: int, strict: bool) -> pl.LazyFrame:
        lenient = {
            "truncate_ragged_lines": True,
            "extra_columns": "ignore",
            "missing_columns": "insert",
        }
        return pl.scan_csv(
            source,
            has_header=False,
            glob=False,  # a name such as export[1].csv is no pattern
            skip_lines=n_skipped,
            separator=chr(self.marks.delimiter),
            quote_char=None if self.marks.quote is None else chr(self.marks.quote),
            eol_char=chr(self.marks.line_end),
            schema={f"c{i}": pl.String for i in range(len(self.header.columns))},
            row_index_name=_RECORD,
            **({} if strict else lenient),  # type: ignore[arg-type]
        )

    def slices(self) -> Iterator[pl.LazyFrame]:
        """The same of a file without quotes, piece by piece: rows are counted anew in each.

        Reading ahead, as a scan of the whole file does, would hold more of it in memory than all batches under way. Raises Uneven
        at the first piece of which a parser that raises on long rows is not proof enough.
        """
        for piece in self.even_pieces():
            yield self._scan(piece, 0, strict=True)

    def even_pieces(self) -> Iterator[bytes]:
        """The pieces that are plainly even, up to the first that is not: there, Uneven."""
        offset = self.offset
        for piece in pieces(self.path, offset, self.marks.line_end, BATCH_ROWS):
            check_lines(self.path, piece, offset, self.marks, self.has_other_end)
            if not is_plainly_even(piece, self.marks, len(self.header.columns)):
                raise Uneven
            yield piece
            offset += len(piece)

    def records(self) -> Records:
        """The records as the bytes have them."""
        n_before = self.header.n_lines
        return read_records(self.path, self.marks, self.offset, n_before, self.has_other_end)


def read_rows(file: CsvFile, names: tuple[str, ...]) -> Iterator[Batch]:
    if file.dialect.quote is None and (file.layout.has_apostrophe or file.layout.has_backslash):
        check_undeclared(file.path, file.marks, file.offset, file.header.n_lines)
    if (
        mapped(file.path)[file.offset : file.offset + 3] == codecs.BOM_UTF8
    ):  # the parser would take it away
        raise ExportUnreadable(
            f"{file.name}: line {file.header.n_lines + 1} begins with a byte order mark, as where two "
            "exports were pasted together; remove it, or export again"
        )
    n_done = 0
    if not file.has_quotes:
        try:
            for frame in _even_frames(file, names):
                line = pl.col(_RECORD).cast(pl.Int64) + (file.header.n_lines + n_done + 1)
                n_done += frame.height
                frame = frame.select(line.alias("line"), *names)
                yield _without_empty(frame, NO_BROKEN, 0, file, names, None)
            return
        except (Uneven, pl.exceptions.ComputeError) as error:  # from here on, row by row
            if not isinstance(error, Uneven):  # a long row beside a short one
                file.receipt["rows"] = "some have more or fewer cells than the header"
    yield from _read_by_records(file, names, n_done)


def _read_by_records(file: CsvFile, names: tuple[str, ...], n_done: int) -> Iterator[Batch]:
    """The rows from number `n_done` on, each held against its record in the bytes."""
    records = file.records()
    expected = _expected_cells(records, file)
    try:
        for frame in _frames(file, names, n_done, strict=False):
            n_done += frame.height
            if n_done <= len(records.lines):
                yield _batch(frame, file, records, expected, names)
    except pl.exceptions.PolarsError:
        raise ExportUnreadable(
            f"{file.name}: cannot be read as delimited text near record {n_done + 1}; export again"
        ) from None  # the parser's own message may quote a cell
    if n_done != len(records.lines):
        raise ExportUnreadable(
            f"{file.name}: {len(records.lines)} records by their bytes, {n_done} by the parser; "
            "check the quotes, and export again"
        )


def _even_frames(file: CsvFile, names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    if len(file.header.columns) == 1:
        # Where an empty line is a row, only the whole file has no ends.
        for _ in file.even_pieces():
            pass
        yield from _frames(file, names, 0, strict=True)
        return
    for plan in file.slices():
        frame = plan.select(_RECORD, *_cells(file, names)).collect()
        frame.columns = [_RECORD, *names]
        yield frame


def _cells(file: CsvFile, names: tuple[str, ...]) -> list[pl.Expr]:
    at = [file.header.columns.index(name) for name in names]
    return [pl.col(f"c{place}").alias(f"n{i}") for i, place in enumerate(at)]


def _frames(
    file: CsvFile, names: tuple[str, ...], n_done: int, strict: bool
) -> Iterator[pl.DataFrame]:
    if file.offset >= file.path.stat().st_size:
        return
    plan = file.scan(strict).select(_RECORD, *_cells(file, names))
    plan = plan.filter(pl.col(_RECORD) >= n_done) if n_done else plan
    for frame in plan.collect_batches(chunk_size=BATCH_ROWS):
        frame.columns = [_RECORD, *names]
        yield frame


def _expected_cells(records: Records, file: CsvFile) -> int:
    """Cells per row: as in the header, or one off where every row agrees that the last is a mere delimiter."""
    columns = file.header.columns
    cells = records.n_cells[~records.is_blank]
    if len(columns) < 2 or not cells.size:
        return len(columns)
    if not columns[-1] and (cells == len(columns) - 1).all():
        file.receipt["rows"] = "the header alone ends with a delimiter"
        return len(columns) - 1
    if records.all_end_open and (cells == len(columns) + 1).all():
        file.receipt["rows"] = "every row ends with a delimiter, the header does not"
        return len(columns) + 1
    return len(columns)


def _batch(
    frame: pl.DataFrame, file: CsvFile, records: Records, expected: int, names: tuple[str, ...]
) -> Batch:
    at = frame[_RECORD].to_numpy().astype(np.int64)
    blank = records.is_blank[at]
    ragged = (records.n_cells[at] != expected) & ~blank
    frame = frame.select(pl.Series("line", records.lines[at]), *names)
    broken = frame.filter(pl.Series(ragged)).select("line", rule_id=pl.lit("ragged_row"))
    kept = frame.filter(pl.Series(~ragged & ~blank))
    return _without_empty(kept, broken, int(blank.sum()), file, names, records)


def _without_empty(
    frame: pl.DataFrame,
    broken: pl.DataFrame,
    n_blank: int,
    file: CsvFile,
    names: tuple[str, ...],
    records: Records | None,
) -> Batch:
    """Set aside rows in which every cell is empty; a row whose mapped cells alone are empty stays."""
    empty = frame
    for (
        name
    ) in names:  # one column after the other: after the first there is hardly a row left to look at
        empty = empty.filter(_is_empty(pl.col(name)))
    if not names or empty.is_empty():
        return Batch(frame, broken, n_blank)
    hollow = empty["line"]
    if len(set(names)) < len(file.header.columns):
        hollow = hollow.filter(hollow.is_in(_hollow_lines(file, records).implode()))
    kept = frame.filter(~pl.col("line").is_in(hollow.implode()))
    return Batch(kept, broken, n_blank + len(hollow))


def _hollow_lines(file: CsvFile, records: Records | None) -> pl.Series:
    """The lines of all rows without any content."""
    cells = [f"c{i}" for i in range(len(file.header.columns))]
    hollow = file.scan(strict=False).filter(pl.all_horizontal(_is_empty(pl.col(c)) for c in cells))
    at = hollow.select(_RECORD).collect().to_series().to_numpy().astype(np.int64)
    return pl.Series("line", at + file.header.n_lines + 1 if records is None else records.lines[at])


def _is_empty(cell: pl.Expr) -> pl.Expr:
    return cell.is_null() | (cell.str.strip_chars() == "")
