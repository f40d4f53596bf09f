"""The bytes of a delimited file, before any parser sees them: encoding, NULs, line ends, evenness.

Everything here is a whole-file look at memory-mapped bytes with vectorised primitives; a plain file is looked
through this way and then by the parser, and by nothing else.
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
STEP = 1 << 20  # small enough to stay in the cache of the processor while it is looked at again
MAX_LINE_BYTES = 64 << 20  # a longer line is no row of a clinic's export, and would fill the memory
LF, CR = ord("\n"), ord("\r")
# UTF-32 before UTF-16: its little-endian mark begins with that of UTF-16.
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Layout:
    """What the bytes say. `encoding` is None where they are neither ASCII, UTF-8 nor marked."""

    n_bytes: int
    encoding: str | None
    why_encoding: str
    nul_at: int  # -1: none
    has_cr: bool
    has_lf: bool
    has_backslash: bool
    has_apostrophe: bool


@dataclass(frozen=True)
class Marks:
    """The bytes that give a file its form. `quote` is None where the export does not quote."""

    delimiter: int
    quote: int | None
    line_end: int

    @property
    def other_end(self) -> int:
        """The line break that must not stand alone in this file."""
        return CR if self.line_end == LF else LF


def mapped(path: Path) -> mmap.mmap:
    """The bytes without a copy; the file must not be empty."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def read_layout(path: Path) -> Layout:
    """Look once through the bytes."""
    n_bytes = path.stat().st_size
    if n_bytes == 0:
        raise ExportUnreadable(f"{path.name}: the file is empty; export again")
    content = mapped(path)
    first_beyond_ascii, found = _look_through(content)
    encoding, why = _bom(content) or _encoding_of(content, first_beyond_ascii)
    has = {byte: place >= 0 for byte, place in found.items()}
    return Layout(
        n_bytes, encoding, why, found[b"\0"], has[b"\r"], has[b"\n"], has[b"\\"], has[b"'"]
    )


def _bom(content: mmap.mmap) -> tuple[str, str] | None:
    head = content[:4]
    marks = BYTE_ORDER_MARKS.items()
    return next(((name, "byte order mark") for m, name in marks if head.startswith(m)), None)


def _look_through(content: mmap.mmap) -> tuple[int | None, dict[bytes, int]]:
    """Where the first piece with a byte beyond ASCII begins, and the first place of each byte that matters (-1: none)."""
    first_beyond_ascii = None
    found = dict.fromkeys((b"\0", b"\r", b"\n", b"\\", b"'"), -1)
    for start, array in chunks(content, 0):
        if first_beyond_ascii is None and array.max() > 127:
            first_beyond_ascii = start
        for byte in [byte for byte, place in found.items() if place < 0]:
            found[byte] = content.find(byte, start, start + len(array))
    return first_beyond_ascii, found


def _encoding_of(content: mmap.mmap, first: int | None) -> tuple[str | None, str]:
    if first is None:
        return "ascii", "every byte is ASCII, which is UTF-8 too"
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start, array in chunks(content, first):
        try:
            decoder.decode(array.tobytes(), start + CHUNK >= len(content))
        except UnicodeDecodeError as error:
            at = max(start + error.start - 4, 0)  # a character may have begun in the chunk before
            line = _line_at(content, at)
            return None, f"line {line} holds bytes that are not UTF-8"
    return "utf-8", "every byte sequence is valid UTF-8"


def _line_at(content: mmap.mmap, place: int) -> int:
    before = np.frombuffer(content, np.uint8)[:place]
    n_lf = int(np.count_nonzero(before == LF))
    return 1 + (n_lf or int(np.count_nonzero(before == CR)))


def line_at(path: Path, place: int) -> int:
    """The physical line on which a byte stands."""
    return _line_at(mapped(path), place)


def find_line_end(head: bytes, quote: int | None) -> tuple[int, str]:
    """The byte that ends a record, and its name, by the first line break outside quotes."""
    array = np.frombuffer(head, np.uint8)
    is_break = (array == LF) | (array == CR)
    if quote is not None:
        is_break &= parity_of(array, quote, 0) == 0
    breaks = np.flatnonzero(is_break)
    if not breaks.size or array[breaks[0]] == LF:
        return LF, "LF"
    is_pair = breaks[0] + 1 < len(array) and array[breaks[0] + 1] == LF
    return (LF, "CRLF") if is_pair else (CR, "CR")


def parity_of(array: NDArray[np.uint8], quote: int, before: int) -> NDArray[np.uint8]:
    """For each byte 1 inside quotes, 0 outside; an opening quote counts as inside."""
    counted = np.cumsum(array == quote, dtype=np.uint8)  # modulo 256 keeps the parity
    inside: NDArray[np.uint8] = np.bitwise_and(counted + np.uint8(before), np.uint8(1))
    return inside


def offset_of(path: Path, line_end: int, n_lines: int) -> int:
    """The byte at which the line after the first `n_lines` begins."""
    content, end, place = mapped(path), bytes([line_end]), 0
    if n_lines == 0:
        return 3 if content[:3] == codecs.BOM_UTF8 else 0
    for _ in range(n_lines):
        found = content.find(end, place)
        if found < 0:
            return len(content)
        place = found + 1
    return place


def chunks(content: mmap.mmap, offset: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The bytes from `offset` on, in pieces of bounded size, each with its place."""
    whole = np.frombuffer(content, np.uint8)
    for start in range(offset, len(whole), CHUNK):
        yield start, whole[start : start + CHUNK]
        # What was looked at need not stay resident; it is read again from the file where it is wanted.
        page = start // mmap.PAGESIZE * mmap.PAGESIZE
        content.madvise(mmap.MADV_DONTNEED, page, min(start + CHUNK, len(content)) - page)


def holds(path: Path, byte: int, offset: int) -> bool:
    """Whether a byte occurs from `offset` on."""
    content = mapped(path)
    places = ((start, start + len(array)) for start, array in chunks(content, offset))
    return any(content.find(bytes([byte]), *place) >= 0 for place in places)


def is_plainly_even(piece: bytes, marks: Marks, n_columns: int) -> bool:
    """Whether the cells of all these lines add up: the cheap proof that no row is short and no line empty.

    Only valid without quotes, and with a parser that raises on a row that is too long.
    """
    whole = np.frombuffer(piece, np.uint8)
    n_delimiters, n_lines = 0, int(bool(piece) and piece[-1] != marks.line_end)
    for start in range(0, len(whole), STEP):
        array = whole[start : start + STEP]
        n_delimiters += int(np.count_nonzero(array == marks.delimiter))
        n_lines += int(np.count_nonzero(array == marks.line_end))
    return n_delimiters == n_lines * (n_columns - 1)


def check_lines(path: Path, piece: bytes, offset: int, marks: Marks, has_other: bool) -> None:
    """Refuse what no parser should be given: a line that no memory should hold, a lone break of the other kind."""
    content = mapped(path)
    if len(piece) > MAX_LINE_BYTES:
        ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == marks.line_end)
        sizes = np.diff(ends, prepend=-1, append=len(piece))
        if sizes.max() > MAX_LINE_BYTES:
            before = (
                content[start : min(start + CHUNK, offset)] for start in range(0, offset, CHUNK)
            )
            n_before = sum(part.count(bytes([marks.line_end])) for part in before)
            raise too_long(path.name, n_before + int(sizes.argmax()) + 1)
    if has_other and bytes([marks.other_end]) in piece:
        at = np.flatnonzero(np.frombuffer(piece, np.uint8) == marks.other_end) + offset
        check_lone(path.name, np.frombuffer(content, np.uint8), at, marks)


def too_long(name: str, line: int) -> ExportUnreadable:
    """The refusal of a line that no memory should hold."""
    return ExportUnreadable(
        f"{name}: the record that starts near line {line} is longer than "
        f"{MAX_LINE_BYTES >> 20} MB; its quotes or line ends are broken, export again"
    )


def check_lone(name: str, whole: NDArray[np.uint8], at: NDArray[np.intp], marks: Marks) -> None:
    """Refuse the other line break where it stands alone: every parser would cut elsewhere."""
    if marks.line_end == LF:  # a CR that belongs to CRLF is no break of its own
        beyond = at + 1 >= len(whole)
        at = at[beyond | (whole[np.where(beyond, at, at + 1)] != LF)]
    if at.size:
        line = 1 + int(np.count_nonzero(whole[: at[0]] == marks.line_end))
        words = ("LF", "CR") if marks.line_end == LF else ("CR", "LF")
        raise ExportUnreadable(
            f"{name}: line ends are mixed: records end with {words[0]}, yet line {line} holds a lone "
            f"{words[1]} outside quotes; export again, or convert the line ends"
        )
