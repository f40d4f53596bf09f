"""The bytes of a delimited file, before any parser sees them: line ends, quotes, cells per record.

Parsers forgive: a short row is filled up, a row index is not a line number once quotes hold line breaks.
So the records are counted here, from the bytes alone, and the parser's result is held against it.
"""

import codecs
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


def read_chunks(path: Path) -> Iterator[bytes]:
    """The file in pieces of bounded size."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def read_layout(path: Path) -> Layout:
    """Look once through the bytes."""
    n_bytes, n_cr, n_lf, quotes, nul = 0, 0, 0, False, False
    decoder, utf8, ascii_only = codecs.getincrementaldecoder("utf-8")(), True, True
    bom = _bom(path)
    for chunk in read_chunks(path):
        n_bytes += len(chunk)
        n_lf += b"\n" in chunk
        n_cr += b"\r" in chunk
        quotes = quotes or b'"' in chunk
        nul = nul or b"\0" in chunk
        if utf8 and not (ascii_only and chunk.isascii()):
            ascii_only = False
            utf8 = _decodes(decoder, chunk)
    if utf8 and not ascii_only:
        utf8 = _decodes(decoder, b"", final=True)
    encoding, why = bom or (("utf-8", "every byte sequence is valid UTF-8") if utf8 else (None, "not UTF-8"))
    return Layout(n_bytes, b"\r" if n_cr and not n_lf else b"\n", quotes, nul, encoding, why)


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
    """Whether cells per line add up without quotes or empty lines: the cheap proof that no row is short.

    Only valid together with a parser that raises on a row that is too long.
    """
    n_delimiters, n_lines, last = 0, 0, b"\n"
    for chunk in read_chunks(path):
        array = np.frombuffer(chunk, np.uint8)
        n_delimiters += int(np.count_nonzero(array == ord(delimiter)))
        n_lines += int(np.count_nonzero(array == ord(line_end)))
        if line_end * 2 in chunk or b"\n\r\n" in chunk or (last == line_end and chunk[:1] in (b"\n", b"\r")):
            return False
        last = chunk[-1:]
    n_lines += last != line_end
    return n_delimiters == n_lines * (n_columns - 1)


def read_records(path: Path, delimiter: bytes, line_end: bytes) -> Records:
    """Every record's first line and number of cells, quotes respected; vectorised over the bytes."""
    lines, cells, blanks = [np.array([1])], [], []
    in_quotes, line, open_cells, open_bytes = 0, 1, 0, 0
    for chunk in read_chunks(path):
        array = np.frombuffer(chunk, np.uint8)
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
