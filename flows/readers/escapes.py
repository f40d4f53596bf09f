"""Exports that write a mark before a special character (\\") instead of doubling the quote."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from flows.readers.layout import LF, MAX_LINE_BYTES, Marks
from schemas.errors import ExportUnreadable
from schemas.source import Dialect


def without_escapes(path: Path, folder: Path, dialect: Dialect, marks: Marks) -> Path:
    """A copy that says the same with doubled quotes, physical line by physical line.

    Raises ExportUnreadable where the file breaks the rules that it is declared to follow.
    """
    copy, csv_limit = folder / f"doubled-{path.name}", csv.field_size_limit(MAX_LINE_BYTES)
    delimiter, quote = chr(marks.delimiter), chr(marks.quote or ord('"'))
    end = "\n" if marks.line_end == LF else "\r"
    n_lines = 0
    try:
        with (
            path.open("r", encoding="utf-8", newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            is_quoted = dialect.quote != ""
            reader = csv.reader(
                _lines(source, end),
                delimiter=delimiter,
                quotechar=quote if is_quoted else None,
                quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
                escapechar=dialect.escape,
                strict=True,
            )
            writer = csv.writer(
                target,
                delimiter=delimiter,
                quotechar=quote,
                quoting=csv.QUOTE_ALL,  # a cell that ends with a line break must not run into the next
                lineterminator=end,
            )
            for row in reader:
                writer.writerow(row)
                n_lines = reader.line_num
    except csv.Error:
        raise ExportUnreadable(
            f"{path.name}: the record that starts near line {n_lines + 1} breaks the rules of quoting with "
            f"escape = {dialect.escape!r}; correct [dialect], or export again"
        ) from None  # the parser's own message may quote a cell
    finally:
        csv.field_size_limit(csv_limit)
    return copy


def _lines(source: TextIO, end: str) -> Iterator[str]:
    """Physical lines with their ends."""
    rest = ""
    while text := source.read(1 << 22):
        *lines, rest = (rest + text).split(end)
        yield from (line + end for line in lines)
        if len(rest) > MAX_LINE_BYTES:
            raise csv.Error("line too long")
    if rest:
        yield rest
