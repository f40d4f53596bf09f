"""The head of a delimited file: where the header stands, what its cells are, which delimiter that takes.

Evidence is the header that `source.toml` describes: the delimiter is the one under which a record holds
every mapped column. Without mapped columns (a first look, a file without a header) the rows must agree.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

from schemas.errors import ExportUnreadable
from schemas.source import Dialect

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MAX_PREAMBLE = 50  # records; what stands further down is no title of a report
_SEP = re.compile(r'"?sep=(.)"?\s*\Z')
_ROWS_SEEN = 200


@dataclass(frozen=True)
class Header:
    """The header as found. `n_lines` physical lines end with it; the data follow."""

    columns: tuple[str, ...]
    n_lines: int
    delimiter: str
    why_delimiter: str
    why_header: str


@dataclass(frozen=True)
class _Record:
    cells: tuple[str, ...]
    last_line: int


@dataclass(frozen=True)
class Head:
    """The first stretch of a file as text, with what is already settled about it."""

    name: str
    text: str
    line_end: str
    quote: str
    is_whole: bool
    escape: str | None = None

    @cached_property
    def _lines(self) -> list[str]:
        """The lines, each ended as csv expects it; asked for once per delimiter that may be."""
        lines = self.text.split(self.line_end)
        ended = [line + "\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
        if self.line_end != "\n":
            return ended
        return [
            line.removesuffix("\r\n") + "\n" if line.endswith("\r\n") else line for line in ended
        ]

    def records(self, delimiter: str, skip: int) -> Iterator[_Record]:
        """The non-empty records below `skip` lines; a fault of form ends them."""
        ended = self._lines
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        reader = csv.reader(
            ended[skip:],
            delimiter=delimiter,
            quotechar=self.quote or None,
            quoting=quoting,
            escapechar=self.escape,
            strict=True,
        )
        while True:
            try:
                cells = next(reader)
            except (StopIteration, csv.Error):
                return
            if any(cell.strip() for cell in cells):
                last_line = skip + reader.line_num
                if last_line == len(ended) and not self.is_whole:
                    return  # cut off: its cells are not known
                yield _Record(tuple(cell.strip() for cell in cells), last_line)


def find_header(head: Head, dialect: Dialect, wanted: tuple[str, ...]) -> Header:
    """Find the header and the delimiter; raises ExportUnreadable where the evidence does not settle them."""
    skip, separator = separator_line(head)
    skip = max(skip, dialect.skip_lines)
    declared = dialect.delimiter or separator
    candidates = [declared] if declared else list(DELIMITERS)
    why = "declared" if dialect.delimiter else "named in the first line (sep=)" if separator else ""
    if dialect.header_rows == 0:
        return _without_header(head, skip, candidates, why, wanted)
    if not wanted:
        delimiter, rows_why = delimiter_by_rows(head, skip, candidates)
        return _header(head, skip, delimiter, why or rows_why, dialect, 0)
    found = _places(head, skip, candidates, wanted)
    if len(found) > 1:
        found = _with_delimiter_in_header(head, skip, found)
    if len(found) > 1:
        raise ExportUnreadable(
            f"{head.name}: several delimiters fit the header; declare delimiter under [dialect]"
        )
    delimiter, place = next(iter(found.items()), (_closest(head, skip, candidates, wanted), 0))
    return _header(
        head, skip, delimiter, why or "the header holds every mapped column", dialect, place
    )


def separator_line(head: Head) -> tuple[int, str | None]:
    """Excel's `sep=;` in the first line: lines to skip, and the delimiter that it names."""
    first = head.text.partition(head.line_end)[0].rstrip("\r")
    match = _SEP.match(first)
    return (1, match[1]) if match else (0, None)


def _places(
    head: Head, skip: int, candidates: list[str], wanted: tuple[str, ...]
) -> dict[str, int]:
    """Delimiter -> number of the first record that holds all mapped columns; first records only, if any."""
    found = {}
    for delimiter in candidates:
        records = islice(head.records(delimiter, skip), MAX_PREAMBLE)
        for place, record in enumerate(records):
            if set(wanted) <= set(record.cells):
                found[delimiter] = place
                break
    at_top = {delimiter: place for delimiter, place in found.items() if place == 0}
    return at_top or found


def _with_delimiter_in_header(head: Head, skip: int, found: dict[str, int]) -> dict[str, int]:
    """A header of one cell reads the same under every delimiter that it lacks."""
    present = {d: p for d, p in found.items() if len(_record(head, skip, d, p).cells) > 1}
    return present or dict(islice(found.items(), 1))


def _closest(head: Head, skip: int, candidates: list[str], wanted: tuple[str, ...]) -> str:
    """The delimiter whose first record shares most with the mapping, for the message that names what lacks."""

    def shared(delimiter: str) -> int:
        first = next(head.records(delimiter, skip), None)
        return len(set(wanted) & set(first.cells)) if first else 0

    return max(candidates, key=shared)


def _record(head: Head, skip: int, delimiter: str, place: int) -> _Record:
    record = next(islice(head.records(delimiter, skip), place, None), None)
    if record is not None:
        return record
    if not head.is_whole:
        raise ExportUnreadable(
            f"{head.name}: no header within the first {len(head.text) >> 20} MB; its line ends or quotes "
            "are broken, export again"
        )
    raise ExportUnreadable(
        f"{head.name}: no header could be read; the file is empty, or its first line breaks the rules of "
        "quoting or mixes line ends; export again"
    )


def _header(
    head: Head, skip: int, delimiter: str, why: str, dialect: Dialect, place: int
) -> Header:
    record = _record(head, skip, delimiter, place)
    last = _record(head, skip, delimiter, place + dialect.header_rows - 1)
    before = list(islice(head.records(delimiter, skip), place))
    if any(len(b.cells) >= len(record.cells) for b in before):
        raise ExportUnreadable(
            f"{head.name}: the header stands on line {record.last_line}, below lines that look like rows; "
            "remove what stands above the header, or export again"
        )
    why_header = f"line {record.last_line}"
    if before:
        why_header += (
            f": the first record with every mapped column; {place} above it are a preamble"
        )
    return Header(record.cells, last.last_line, delimiter, why, why_header)


def _without_header(
    head: Head, skip: int, candidates: list[str], why: str, wanted: tuple[str, ...]
) -> Header:
    """Columns are known by their number, from 1."""
    delimiter, rows_why = delimiter_by_rows(head, skip, candidates)
    n_columns = len(_record(head, skip, delimiter, 0).cells)
    columns = tuple(str(number + 1) for number in range(n_columns))
    return Header(columns, skip, delimiter, why or rows_why, "none declared; columns are numbered")


def delimiter_by_rows(head: Head, skip: int, candidates: list[str]) -> tuple[str, str]:
    """The delimiter under which most of the first rows, and the very first, have the same number of cells."""
    if len(candidates) == 1:
        return candidates[0], "declared"
    fits, with_first = {}, set()
    for delimiter in candidates:
        sizes = [len(r.cells) for r in islice(head.records(delimiter, skip), _ROWS_SEEN)]
        counts = Counter(sizes)
        n_cells, n_rows = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        if n_cells > 1 and n_rows >= 0.9 * counts.total():
            fits[delimiter] = (n_cells, n_rows, counts.total())
            with_first |= {delimiter} if sizes[0] == n_cells else set()
    if with_first:  # a decimal comma splits the rows evenly too, but not the header
        fits = {delimiter: fit for delimiter, fit in fits.items() if delimiter in with_first}
    if not fits:
        return candidates[0], "no delimiter splits the rows evenly: taken for one column"
    if len(fits) > 1:
        raise ExportUnreadable(
            f"{head.name}: {' and '.join(DELIMITERS[d] for d in fits)} both split the rows evenly; "
            "declare delimiter under [dialect]"
        )
    delimiter, (n_cells, n_rows, n_all) = next(iter(fits.items()))
    return delimiter, f"{n_rows} of the first {n_all} records have {n_cells} cells"
