"""A file that is declared to quote, and in which some rows do not keep to it: those rows are set aside, the others stay.

A stray quote makes a forgiving parser swallow the lines up to the next one. Here the record that holds it is told by the grammar
(a quote opens at the start of a cell and closes at its end; inside, it is doubled), only its first physical line is given up, and
reading takes up again on the next one.
"""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from flows.readers.layout import LF, Marks, mapped


def set_aside(
    path: Path, folder: Path, marks: Marks, offset: int, n_before: int, n_columns: int
) -> tuple[Path, list[int]]:
    """A copy in which each broken record is a line of too many cells, and the numbers of those lines."""
    content, end = mapped(path), bytes([marks.line_end])
    # More cells than the header under every reading of it, so that the row is refused and all others keep their line.
    ragged = bytes([marks.delimiter]) * (n_columns + 2)
    copy = folder / f"set-aside-{path.name}"
    numbers, line, done = [], n_before + 1, offset
    with copy.open("wb") as target:
        target.write(content[:offset])
        for start, stop in _broken_lines(content, offset, marks):
            target.write(content[done:start])
            target.write(b"x" + ragged + b"x")
            line += _count(content, end, done, start)
            numbers.append(line)
            done = stop
        target.write(content[done:])
    return copy, numbers


def _count(content: mmap.mmap, end: bytes, start: int, stop: int) -> int:
    """Line ends between two places."""
    return content[start:stop].count(end)


def _broken_lines(content: mmap.mmap, offset: int, marks: Marks) -> Iterator[tuple[int, int]]:
    """Start and end of the first physical line of each record that breaks the grammar."""
    record, quote = _grammar(marks), bytes([marks.quote or 0])
    end = bytes([marks.line_end])
    place = offset
    while (found := content.find(quote, place)) >= 0:
        start = max(content.rfind(end, place, found) + 1, place)
        if whole := record.match(content, start):
            place = whole.end()
            continue
        stop = content.find(end, start)
        stop = len(content) if stop < 0 else stop
        yield start, stop
        place = stop + 1


def _grammar(marks: Marks) -> re.Pattern[bytes]:
    """One record with its line end; possessive, so that no input makes it try twice."""
    quote, delimiter = re.escape(bytes([marks.quote or 0])), re.escape(bytes([marks.delimiter]))
    end = re.escape(bytes([marks.line_end]))
    close = rb"(?:\r?\n|\Z)" if marks.line_end == LF else rb"(?:\r|\Z)"
    quoted = quote + rb"(?>[^" + quote + rb"]++|" + quote * 2 + rb")*+" + quote
    cell = rb"(?>" + quoted + rb"|[^" + quote + delimiter + end + rb"]*+)"
    return re.compile(cell + rb"(?:" + delimiter + cell + rb")*+" + close)
