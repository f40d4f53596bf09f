"""The bytes of a delimited file, before any parser sees them: line ends, quotes, cells per record.

Parsers forgive: a short row is filled up, a row index is not a line number once quotes hold line breaks.
So the records are counted here, from the bytes alone, and the parser's result is held against it.
"""

import codecs
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ExportUnreadable

CHUNK = 1 << 24


@dataclass(frozen=True)
class Layout:
    """What the bytes say. `line_end` is the byte that ends a record."""

    n_bytes: int
    line_end: bytes
    has_quotes: bool
    has_nul: bool
    encoding: str | None  # None: neither ASCII, UTF-8 nor marked by a BOM
    why_encoding: str


@dataclass(frozen=True)
class Records:
    """One entry per record, header included: its first physical line, cells, and whether it is empty."""

    lines: NDArray[np.int64]
    n_cells: NDArray[np.int64]
    is_blank: NDArray[np.bool_]


def _mapped(path: Path) -> mmap.mmap:
    """The bytes without a copy."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _chunks(path: Path) -> Iterator[NDArray[np.uint8]]:
    """The bytes in pieces of bounded size."""
    whole = np.frombuffer(_mapped(path), np.uint8)
    for start in range(0, len(whole), CHUNK):
        yield whole[start : start + CHUNK]


def read_layout(path: Path) -> Layout:
    """Look once through the bytes."""
    n_bytes = path.stat().st_size
    if n_bytes == 0:
        return Layout(0, b"\n", False, False, "utf-8", "empty")
    content = _mapped(path)
    line_end = b"\n" if content.find(b"\n") >= 0 else b"\r" if content.find(b"\r") >= 0 else b"\n"
    encoding, why = _bom(path) or (("utf-8", "every byte sequence is valid UTF-8") if _is_utf8(path) else (None, "not UTF-8"))
    return Layout(n_bytes, line_end, content.find(b'"') >= 0, content.find(b"\0") >= 0, encoding, why)


def _is_utf8(path: Path) -> bool:
    decoder, is_ascii = codecs.getincrementaldecoder("utf-8")(), True
    for chunk in _chunks(path):
        is_ascii = is_ascii and not (chunk & 0x80).any()
        if not is_ascii and not _decodes(decoder, chunk.tobytes()):
            return False
    return is_ascii or _decodes(decoder, b"", final=True)


def _bom(path: Path) -> tuple[str, str] | None:
    with path.open("rb") as file:
        head = file.read(4)
    marks = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    return next(((name, "byte order mark") for mark, name in marks.items() if head.startswith(mark)), None)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def is_plainly_even(path: Path, delimiter: bytes, n_columns: int, line_end: bytes) -> bool:
    """Whether the cells of all lines add up: the cheap proof that no row is short and no line empty.

    Only valid without quotes, and with a parser that raises on a row that is too long.
    """
    n_delimiters, n_lines, last = 0, 0, ord(line_end)
    for chunk in _chunks(path):
        n_delimiters += int(np.count_nonzero(chunk == ord(delimiter)))
        n_lines += int(np.count_nonzero(chunk == ord(line_end)))
        last = int(chunk[-1])
    n_lines += last != ord(line_end)
    return n_delimiters == n_lines * (n_columns - 1)


def read_records(path: Path, delimiter: bytes, line_end: bytes) -> Records:
    """Every record's first line and number of cells, quotes respected; vectorised over the bytes."""
    lines, cells, blanks = [np.array([1])], [], []
    in_quotes, line, open_cells, open_bytes = 0, 1, 0, 0
    for array in _chunks(path):
        parity = (np.cumsum(array == ord('"')) + in_quotes) & 1
        breaks = np.flatnonzero(array == ord(line_end))
        ends = breaks[parity[breaks] == 0]
        marks = np.flatnonzero((array == ord(delimiter)) & (parity == 0))
        before = np.searchsorted(marks, ends)
        counts = np.diff(before, prepend=0)
        sizes = np.diff(ends, prepend=-1) - 1
        returns = (ends > 0) & (array[ends - 1] == ord("\r")) & (line_end == b"\n")
        if len(ends):
            counts[0] += open_cells
            sizes[0] += open_bytes
            open_cells, open_bytes = len(marks) - int(before[-1]), len(array) - int(ends[-1]) - 1
        else:
            open_cells, open_bytes = open_cells + len(marks), open_bytes + len(array)
        cells.append(counts + 1)
        blanks.append(sizes - returns <= 0)
        lines.append(line + np.searchsorted(breaks, ends) + 1)
        line += len(breaks)
        in_quotes = int(parity[-1])
    if in_quotes:
        raise ExportUnreadable(f"{path.name}: a quote is opened and never closed; check the quotes, or export again")
    if open_bytes:
        cells.append(np.array([open_cells + 1]))
        blanks.append(np.array([False]))
    n_cells = np.concatenate(cells) if cells else np.array([], np.int64)
    is_blank = np.concatenate(blanks) if blanks else np.array([], np.bool_)
    return Records(np.concatenate(lines)[: len(n_cells)], n_cells, is_blank)
