"""A file without quotes in pieces of whole lines, so that no more of it is in memory than the batches under way.

A scan of the whole file reads ahead of those who judge the rows, by as many cells as all batches together hold.
"""

import codecs
import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.readers.layout import STEP, mapped

_MOST_BYTES = 64 << 20  # of very wide rows a piece holds fewer
# What a parser takes away at the beginning of its text, or takes for that of a compressed file; a line may begin with it.
_MISREAD = (codecs.BOM_UTF8, b"x^", b"x\x01")


def pieces(path: Path, offset: int, line_end: int, n_lines: int) -> Iterator[bytes]:
    """The bytes from `offset` on, `n_lines` at a time."""
    content, end = mapped(path), bytes([line_end])
    whole = np.frombuffer(content, np.uint8)
    while offset < len(whole):
        last = _end_of(whole, offset, line_end, n_lines)
        while content[last - 1 : last] != end or content[last : last + 3].startswith(_MISREAD):
            last = content.find(end, last) + 1
            if last == 0:
                last = len(whole)
                break
        yield content[offset:last]
        page = offset // mmap.PAGESIZE * mmap.PAGESIZE
        content.madvise(mmap.MADV_DONTNEED, page, last - page)
        offset = last


def _end_of(whole: NDArray[np.uint8], offset: int, line_end: int, n_lines: int) -> int:
    """Where so many lines end, or where it is enough."""
    most = min(offset + _MOST_BYTES, len(whole))
    for start in range(offset, most, STEP):
        is_end = whole[start : min(start + STEP, most)] == line_end
        n_here = int(np.count_nonzero(is_end))
        if n_here >= n_lines:
            return start + int(np.flatnonzero(is_end)[n_lines - 1]) + 1
        n_lines -= n_here
    return most
