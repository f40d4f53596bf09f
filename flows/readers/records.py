"""The records of a delimited file with quotes or uneven rows, counted from the bytes alone.

Parsers forgive: a short row is filled up, a stray quote swallows the lines up to the next one, a row index is
not a line number once quotes hold line breaks. So a file that is not plainly even must obey the grammar
(a quote opens at the start of a cell and closes at its end; inside, it is doubled), and the parser's result
is held against what is counted here.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.readers.header import DELIMITERS
from flows.readers.layout import (
    CR,
    LF,
    MAX_LINE_BYTES,
    Marks,
    check_lone,
    chunks,
    mapped,
    parity_of,
    too_long,
)
from schemas.errors import ExportUnreadable

QUOTE, APOSTROPHE, BACKSLASH = ord('"'), ord("'"), ord("\\")
_REFUSE_ROW = "with quote = '\"' under [dialect] only such rows are refused"


class BrokenQuotes(ExportUnreadable):
    """A quote where the grammar allows none, or one that is never closed."""


@dataclass(frozen=True)
class Records:
    """One entry per data record: its first physical line, its cells, and whether it is empty.

    `all_end_open`: every record ends with a delimiter, as some exporters write it.
    """

    lines: NDArray[np.int64]
    n_cells: NDArray[np.int64]
    is_blank: NDArray[np.bool_]
    all_end_open: bool


class _Tally:
    """What is open at the end of one piece of the file and goes on in the next."""

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line, self.in_quotes, self.cells, self.n_bytes = line, 0, 0, 0
        self.first_line = line  # of the record that is open
        self.quote_line = line  # on which the last quote was opened
        self.all_end_open = True


def read_records(path: Path, marks: Marks, offset: int, n_before: int, has_other: bool) -> Records:
    """Count the records from `offset` on, where `n_before` physical lines lie behind."""
    content = mapped(path)
    whole = np.frombuffer(content, np.uint8)
    tally = _Tally(path.name, n_before + 1)
    lines: list[NDArray[np.int64]] = []
    cells: list[NDArray[np.int64]] = []
    blanks: list[NDArray[np.bool_]] = []
    for start, array in chunks(content, offset):
        inside = np.zeros(len(array), np.uint8)
        if marks.quote is not None:
            inside = parity_of(array, marks.quote, tally.in_quotes)
            _check_quotes(whole, start, array, marks, tally, offset)
        if has_other:
            others = np.flatnonzero((array == marks.other_end) & (inside == 0)) + start
            check_lone(path.name, whole, others, marks)
        found = _count(whole, start, array, inside, marks, tally)
        lines.append(found[0])
        cells.append(found[1])
        blanks.append(found[2])
        if tally.n_bytes > MAX_LINE_BYTES:
            raise too_long(path.name, tally.first_line)
    if tally.in_quotes:
        raise BrokenQuotes(
            f"{path.name}: the quote opened on line {tally.quote_line} is never closed; "
            f"close it or double it, or export again; {_REFUSE_ROW}"
        )
    if tally.n_bytes:
        lines.append(np.array([tally.first_line]))
        cells.append(np.array([tally.cells + 1]))
        blanks.append(np.array([False]))
        tally.all_end_open &= int(whole[-1]) == marks.delimiter
    empty = np.array([], np.int64)
    return Records(
        np.concatenate([empty, *lines]),
        np.concatenate([empty, *cells]),
        np.concatenate([np.array([], np.bool_), *blanks]),
        tally.all_end_open,
    )


def _count(
    whole: NDArray[np.uint8],
    start: int,
    array: NDArray[np.uint8],
    inside: NDArray[np.uint8],
    marks: Marks,
    tally: _Tally,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """First lines, cells and emptiness of the records that end in this piece."""
    breaks = np.flatnonzero(array == marks.line_end)
    ends = breaks[inside[breaks] == 0]
    delimiters = np.flatnonzero((array == marks.delimiter) & (inside == 0))
    n_before = np.searchsorted(delimiters, ends)
    n_cells = np.diff(n_before, prepend=0)
    sizes = np.diff(ends, prepend=-1) - 1
    first_lines = np.concatenate(
        [[tally.first_line], tally.line + np.searchsorted(breaks, ends) + 1]
    )
    if len(ends):
        n_cells[0] += tally.cells
        sizes[0] += tally.n_bytes
        tally.cells, tally.n_bytes = (
            len(delimiters) - int(n_before[-1]),
            len(array) - int(ends[-1]) - 1,
        )
    else:
        tally.cells, tally.n_bytes = tally.cells + len(delimiters), tally.n_bytes + len(array)
    tally.line += len(breaks)
    tally.first_line = int(first_lines[-1])
    tally.in_quotes = int(inside[-1])
    if sizes.size and sizes.max() > MAX_LINE_BYTES:
        raise too_long(tally.name, int(first_lines[sizes.argmax()]))
    places = ends + start
    returns = (places > 0) & (whole[places - 1] == CR) if marks.line_end == LF else places < 0
    is_blank = sizes - returns <= 0
    last = whole[np.maximum(places - 1 - returns, 0)]
    tally.all_end_open &= bool(((last == marks.delimiter) | is_blank).all())
    return first_lines[:-1], n_cells + 1, is_blank


def _check_quotes(
    whole: NDArray[np.uint8],
    start: int,
    array: NDArray[np.uint8],
    marks: Marks,
    tally: _Tally,
    offset: int,
) -> None:
    """Hold every quote of this piece against the grammar; remember where the last one opened."""
    quotes = np.flatnonzero(array == marks.quote) + start
    opening, closing = quotes[tally.in_quotes :: 2], quotes[1 - tally.in_quotes :: 2]
    before = whole[np.maximum(opening - 1, 0)]
    after = whole[np.minimum(closing + 1, len(whole) - 1)]
    ends = [marks.delimiter, marks.line_end, marks.quote or 0]
    stray_open = opening[~np.isin(before, ends) & (opening > offset)]
    after_ends = [*ends, CR] if marks.line_end == LF else ends
    stray_close = closing[~np.isin(after, after_ends) & (closing + 1 < len(whole))]
    stray = np.concatenate([stray_open[:1], stray_close[:1]])
    if stray.size:
        line = tally.line + int(np.count_nonzero(whole[start : stray.min()] == marks.line_end))
        raise BrokenQuotes(
            f"{tally.name}: line {line} holds a quote in the middle of a cell, so cells cannot be told apart; "
            f'double it inside a quoted cell, or, if this export never quotes, declare quote = "" under [dialect]; {_REFUSE_ROW}'
        )
    if opening.size:
        behind = np.count_nonzero(whole[start : opening[-1]] == marks.line_end)
        tally.quote_line = tally.line + int(behind)


def check_undeclared(path: Path, marks: Marks, offset: int, n_before: int) -> None:
    """Refuse a file that may quote with apostrophes, or escape with backslashes, and does not say so."""
    content = mapped(path)
    whole = np.frombuffer(content, np.uint8)
    edges = (marks.delimiter, LF, CR)
    escapable = [*edges, QUOTE, APOSTROPHE, BACKSLASH, *map(ord, DELIMITERS)]
    in_quotes, opens, closes = 0, -1, -1
    for start, array in chunks(content, offset):
        inside = np.zeros(len(array), np.uint8)
        if marks.quote is not None:
            inside = parity_of(array, marks.quote, in_quotes)
            in_quotes = int(inside[-1])
        slashes = np.flatnonzero(array == BACKSLASH) + start
        slashes = slashes[slashes + 1 < len(whole)]
        escapes = slashes[np.isin(whole[slashes + 1], escapable)]
        if escapes.size:
            raise _undeclared(path, whole, marks, offset, n_before, int(escapes[0]), _ESCAPES)
        at = np.flatnonzero((array == APOSTROPHE) & (inside == 0)) + start
        first = at[(at == offset) | np.isin(whole[at - 1], edges)]
        last = at[
            (at + 1 == len(whole)) | np.isin(whole[np.minimum(at + 1, len(whole) - 1)], edges)
        ]
        opens = int(first[0]) if opens < 0 and first.size else opens
        closes = int(last[0]) if closes < 0 and last.size else closes
    if opens >= 0 and closes >= 0:
        raise _undeclared(path, whole, marks, offset, n_before, opens, _APOSTROPHES)


_ESCAPES = (
    "holds a backslash before a quote, a delimiter, a line break or another backslash, which may be an "
    "escape; export again with doubled quotes, or, if backslashes are plain text"
)
_APOSTROPHES = (
    'begins a cell with an apostrophe, which may be a quote; declare quote = "\'" under [dialect] if it is '
    "one, or, if apostrophes are plain text"
)


def _undeclared(
    path: Path,
    whole: NDArray[np.uint8],
    marks: Marks,
    offset: int,
    n_before: int,
    place: int,
    what: str,
) -> ExportUnreadable:
    line = n_before + 1 + int(np.count_nonzero(whole[offset:place] == marks.line_end))
    return ExportUnreadable(
        f"{path.name}: line {line} {what}, declare quote = '\"' under [dialect]"
    )
