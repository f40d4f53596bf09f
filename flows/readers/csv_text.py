"""Delimited text: dialect by evidence, every cell as text, every row with its physical line.

Opening a file settles encoding, line ends, delimiter and header, each declared or by evidence, and writes down
why (the receipt); csv_rows.py then reads the rows.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from flows.readers.broken_quotes import set_aside
from flows.readers.csv_rows import CsvFile, read_rows
from flows.readers.encoding import AS_UTF8, settle_encoding, to_utf8
from flows.readers.escapes import without_escapes
from flows.readers.header import DELIMITERS, Head, Header, find_header
from flows.readers.layout import Marks, find_line_end, read_layout
from flows.readers.records import BrokenQuotes
from flows.readers.table import WORK_FOLDER, Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

HEAD_BYTES = 4 << 20  # a header of 5,000 long names fits


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open one delimited file; raises ExportUnreadable where evidence is missing or contradictory."""

    def find(head: Head) -> Header:
        header = find_header(head, dialect, wanted)
        _check_header(header.columns, wanted, path.name)
        return header

    return open_with(path, dialect, find)


def open_with(path: Path, dialect: Dialect, find: Callable[[Head], Header]) -> TextTable:
    """Open one delimited file whose header, and with it the names of its columns, `find` reads from its head."""
    layout = read_layout(path)
    encoding, why_encoding = settle_encoding(path, dialect, layout)
    quote = '"' if dialect.quote is None else dialect.quote
    _check_marks(
        path.name, {"quote": quote, "delimiter": dialect.delimiter, "escape": dialect.escape}
    )
    text, is_whole = _head_text(path, encoding)
    line_end, end_name = find_line_end(text.encode(), ord(quote) if quote else None)
    head = Head(path.name, text, chr(line_end), quote, is_whole, dialect.escape)
    header = find(head)
    if dialect.escape:  # rows are read from a copy that doubles its quotes
        quote = quote or '"'
    marks = Marks(ord(header.delimiter), ord(quote) if quote else None, line_end)
    receipt = {
        "encoding": f"{encoding}: {why_encoding}",
        "line ends": end_name,
        "delimiter": f"{DELIMITERS.get(header.delimiter, header.delimiter)}: {header.why_delimiter}",
        "quote": f"{quote or 'none'}: {'not declared; checked cell by cell' if dialect.quote is None else 'declared'}",
        "header": header.why_header,
    }

    def batches(names: tuple[str, ...]) -> Iterator[Batch]:
        _check_header(header.columns, names, path.name)
        with tempfile.TemporaryDirectory(prefix="followthrough-", dir=WORK_FOLDER.get()) as folder:
            is_plain = encoding in AS_UTF8
            copy = path if is_plain else to_utf8(path, encoding, Path(folder))
            if dialect.escape:
                copy = without_escapes(copy, Path(folder), dialect, marks)
            settled = layout if copy == path else read_layout(copy)
            file = CsvFile(copy, path.name, settled, marks, header, dialect, receipt)
            try:
                yield from read_rows(file, names)  # broken quotes show before the first row
            except BrokenQuotes:
                if not dialect.quote:
                    raise
                yield from _rows_without_broken(file, Path(folder), names)

    return TextTable(header.columns, batches, receipt)


def _rows_without_broken(file: CsvFile, folder: Path, names: tuple[str, ...]) -> Iterator[Batch]:
    """The rows of a file some of whose records break the declared quoting; those are refused one by one."""
    copy, lines = set_aside(
        file.path, folder, file.marks, file.offset, file.header.n_lines, len(file.header.columns)
    )
    file.receipt["rows"] = f"{len(lines)} break the rules of quoting, and are refused"
    is_broken = pl.col("line").is_in(lines)
    for batch in read_rows(replace(file, path=copy, layout=read_layout(copy)), names):
        broken = batch.broken.with_columns(
            rule_id=pl.when(is_broken).then(pl.lit("broken_quotes")).otherwise("rule_id")
        )
        yield replace(batch, broken=broken)


def _check_marks(name: str, marks: dict[str, str | None]) -> None:
    seen: dict[str, str] = {}
    for key, mark in marks.items():
        if not mark:
            continue
        if len(mark.encode()) != 1 or mark in "\r\n\0":
            raise ExportUnreadable(f"{name}: {key} under [dialect] must be one ASCII character")
        if mark in seen:
            raise ExportUnreadable(
                f"{name}: {seen[mark]} and {key} under [dialect] are the same character"
            )
        seen[mark] = key


def _head_text(path: Path, encoding: str) -> tuple[str, bool]:
    with path.open("rb") as file:
        raw = file.read(HEAD_BYTES)
    text = raw.decode(encoding, errors="ignore").removeprefix("\ufeff")
    return text, path.stat().st_size <= HEAD_BYTES


def _check_header(columns: tuple[str, ...], wanted: tuple[str, ...], name: str) -> None:
    absent = [column for column in wanted if column not in columns]
    if absent:
        raise ExportUnreadable(
            f"{name}: the header lacks {', '.join(map(repr, absent[:5]))}, which source.toml maps; "
            "correct the column names in source.toml, or export again with these columns"
        )
    if "line" in wanted:  # rows carry their line number under that name
        raise ExportUnreadable(
            f"{name}: a mapped column may not be called 'line'; rename it in the export"
        )
    if repeated := [column for column in wanted if columns.count(column) > 1]:
        raise ExportUnreadable(
            f"{name}: the header holds {', '.join(map(repr, repeated))} more than once; rename one in the export"
        )
