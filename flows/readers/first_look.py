"""A cheap first look at what may be delimited text: the first records, for telling one form of export from another.

Nothing is settled here: an encoding that cannot be told is read as far as it goes, and the delimiter is the one that makes
most of the first record.
"""

import codecs
from itertools import islice
from pathlib import Path

from flows.readers.header import DELIMITERS, Head
from flows.readers.layout import BYTE_ORDER_MARKS, find_line_end

LOOK_BYTES = 1 << 18


def first_records(path: Path, n_records: int = 3) -> list[tuple[str, ...]]:
    """The first records' cells; none where the file holds no text."""
    with path.open("rb") as file:
        raw = file.read(LOOK_BYTES)
    marks = BYTE_ORDER_MARKS.items()
    encoding = next((name for mark, name in marks if raw.startswith(mark)), "utf-8")
    text = raw.decode(encoding, errors="replace").removeprefix(codecs.BOM_UTF8.decode())
    line_end, _ = find_line_end(text.encode(), ord('"'))
    head = Head(path.name, text, chr(line_end), '"', len(raw) < LOOK_BYTES)
    found = [[r.cells for r in islice(head.records(d, 0), n_records)] for d in DELIMITERS]
    return max(found, key=lambda records: len(records[0]) if records else 0)
