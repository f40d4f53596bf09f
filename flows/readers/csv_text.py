"""Delimited text: dialect by evidence, every cell as text, every row with its physical line.

Polars parses; the layout of the bytes (flows/readers/layout.py) is what its result is held against, because
a parser that fills up short rows would misread silently.
"""

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from flows.readers.layout import Layout, Records, is_plainly_even, read_layout, read_records
from flows.readers.table import NO_BROKEN, Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

BATCH_ROWS = 500_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEAD_BYTES = 1 << 20


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open one delimited file; raises ExportUnreadable where evidence is missing or contradictory."""
    layout = read_layout(path)
    encoding = _encoding(path, dialect, layout)
    head = _head(path, encoding)
    delimiter = dialect.delimiter or find_delimiter(head, wanted, path.name)
    rows, n_header_lines = _header_rows(head, delimiter, max(dialect.header_rows, 1))
    if not rows:
        raise ExportUnreadable(f"{path.name}: the file holds no header; export again")
    columns = tuple(rows[0]) if dialect.header_rows else tuple(str(i + 1) for i in range(len(rows[0])))
    _check_header(columns, wanted, path.name)
    receipt = {
        "encoding": f"{encoding}: {'declared' if dialect.encoding else layout.why_encoding}",
        "delimiter": f"{DELIMITERS.get(delimiter, delimiter)}: {'declared' if dialect.delimiter else 'the header holds every mapped column'}",
        "line ends": {b"\r": "CR only", b"\n": "LF or CRLF"}[layout.line_end],
    }

    def batches(names: tuple[str, ...]) -> Iterator[Batch]:
        with tempfile.TemporaryDirectory(prefix="followthrough-") as folder:
            plain = path if encoding in ("utf-8", "ascii") else _to_utf8(path, encoding, Path(folder))
            spans = n_header_lines if dialect.header_rows else 0
            settled = layout if plain is path else read_layout(plain)
            yield from _read(_File(plain, path.name, settled, delimiter, columns, spans), names)

    return TextTable(columns, batches, receipt)


class _File:
    """One file with its dialect settled."""

    def __init__(self, path: Path, name: str, layout: Layout, delimiter: str, columns: tuple[str, ...], skip: int) -> None:
        self.path, self.name, self.layout, self.delimiter = path, name, layout, delimiter
        self.columns, self.n_header_lines = columns, skip

    def scan(self, strict: bool) -> pl.LazyFrame:
        """All cells as text, columns named by position (names of exports repeat)."""
        lenient = {} if strict else {"truncate_ragged_lines": True, "extra_columns": "ignore", "missing_columns": "insert"}
        return pl.scan_csv(
            self.path,
            has_header=False,
            skip_lines=self.n_header_lines,
            separator=self.delimiter,
            eol_char=self.layout.line_end.decode(),
            schema={f"c{i}": pl.String for i in range(len(self.columns))},
            row_index_name="record",
            **lenient,  # type: ignore[arg-type]
        )


def _encoding(path: Path, dialect: Dialect, layout: Layout) -> str:
    if layout.n_bytes == 0:
        raise ExportUnreadable(f"{path.name}: the file is empty; export again")
    encoding = dialect.encoding or layout.encoding
    if encoding is None:
        raise ExportUnreadable(
            f"{path.name}: the text is not UTF-8, and which encoding it is cannot be told from the bytes; "
            'declare it under [dialect], for example encoding = "cp1252"'
        )
    if layout.has_nul and not encoding.startswith("utf-16"):
        raise ExportUnreadable(f"{path.name}: holds NUL bytes, so it is not a text file; export again as CSV")
    return encoding.lower()


def _head(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        raw = file.read(HEAD_BYTES)
    try:
        return raw.decode(encoding if encoding != "utf-8" else "utf-8-sig", errors="ignore")
    except LookupError as error:
        raise ExportUnreadable(f"{path.name}: encoding '{encoding}' in [dialect] is not known") from error


def _header_rows(head: str, delimiter: str, n_rows: int) -> tuple[list[list[str]], int]:
    """The first non-empty records, and the number of physical lines down to the end of them."""
    reader = csv.reader(io.StringIO(head, newline=None), delimiter=delimiter)
    rows = []
    for row in reader:
        if row:
            rows.append([name.strip() for name in row])
        if len(rows) == n_rows:
            break
    return rows, reader.line_num


def find_delimiter(head: str, wanted: tuple[str, ...], name: str) -> str:
    """The one delimiter under which the header holds every mapped column."""
    fits = [d for d in DELIMITERS if set(wanted) <= set((_header_rows(head, d, 1)[0] or [[]])[0])]
    if len(fits) > 1:  # a header of one cell reads the same under every delimiter that it lacks
        present = [d for d in fits if d in head.splitlines()[0]]
        fits = present or fits[:1]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise ExportUnreadable(f"{name}: several delimiters fit the header; declare delimiter under [dialect]")
    return max(DELIMITERS, key=lambda d: len(set(wanted) & set((_header_rows(head, d, 1)[0] or [[]])[0])))


def _check_header(columns: tuple[str, ...], wanted: tuple[str, ...], name: str) -> None:
    absent = [column for column in wanted if column not in columns]
    if absent:
        raise ExportUnreadable(
            f"{name}: the header lacks {', '.join(map(repr, absent[:5]))}, which source.toml maps; "
            "correct the column names in source.toml, or export again with these columns"
        )
    if repeated := [column for column in wanted if columns.count(column) > 1]:
        raise ExportUnreadable(f"{name}: the header holds {', '.join(map(repr, repeated))} more than once; rename one in the export")


def _to_utf8(path: Path, encoding: str, folder: Path) -> Path:
    copy = folder / "utf8.csv"
    try:
        with path.open("r", encoding=encoding, newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
            while text := source.read(1 << 22):
                target.write(text)
    except UnicodeError as error:
        raise ExportUnreadable(f"{path.name}: not valid {encoding}; correct encoding under [dialect]") from error
    return copy


def _read(file: _File, names: tuple[str, ...]) -> Iterator[Batch]:
    _check_header(file.columns, names, file.name)
    positions = [file.columns.index(name) for name in names]
    even = not file.layout.has_quotes and is_plainly_even(
        file.path, file.delimiter.encode(), len(file.columns), file.layout.line_end
    )
    records = None if even else read_records(file.path, file.delimiter.encode(), file.layout.line_end)
    columns = [pl.col(f"c{p}").alias(name) for p, name in zip(positions, names, strict=True)]
    plan = file.scan(strict=even).select("record", *columns)
    n_read = 0
    try:
        for frame in plan.collect_batches(chunk_size=BATCH_ROWS):
            n_read += frame.height
            yield _batch(frame, file, records, names)
    except pl.exceptions.PolarsError as error:
        raise ExportUnreadable(f"{file.name}: cannot be read as delimited text near record {n_read + 1}; check quotes and export again") from error
    if records is not None and n_read != _n_data(records, file):
        raise ExportUnreadable(f"{file.name}: quotes do not pair up, so rows cannot be told apart; export again")


def _n_data(records: Records, file: _File) -> int:
    return int(np.count_nonzero(records.lines > file.n_header_lines))


def _batch(frame: pl.DataFrame, file: _File, records: Records | None, names: tuple[str, ...]) -> Batch:
    if records is None:
        line = (pl.col("record").cast(pl.Int64) + file.n_header_lines + 1).alias("line")
        return _without_empty(frame.select(line, *names), NO_BROKEN, 0, file, names)
    first = len(records.lines) - _n_data(records, file)
    at = frame["record"].to_numpy().astype(np.int64) + first
    if at.size and at.max() >= len(records.lines):
        raise ExportUnreadable(f"{file.name}: quotes do not pair up, so rows cannot be told apart; export again")
    blank = records.is_blank[at]
    ragged = (records.n_cells[at] != len(file.columns)) & ~blank
    frame = frame.select(pl.Series("line", records.lines[at]), *names)
    broken = frame.filter(pl.Series(ragged)).select("line", rule_id=pl.lit("ragged_row"))
    kept = frame.filter(pl.Series(~ragged & ~blank))
    return _without_empty(kept, broken, int(blank.sum()), file, names)


def _without_empty(frame: pl.DataFrame, broken: pl.DataFrame, n_blank: int, file: _File, names: tuple[str, ...]) -> Batch:
    """Set aside rows in which every cell is empty; a row whose mapped cells alone are empty stays."""
    empty = frame
    for name in names:  # one column after the other: after the first there is hardly a row left to look at
        empty = empty.filter(_is_empty(pl.col(name)))
    if not names or empty.is_empty():
        return Batch(frame, broken, n_blank)
    if len(names) < len(file.columns):
        cells = [f"c{i}" for i in range(len(file.columns))]
        hollow = file.scan(strict=False).filter(pl.all_horizontal(_is_empty(pl.col(c)) for c in cells))
        n_hollow = hollow.select(pl.len()).collect().item()
        if n_hollow == 0:
            return Batch(frame, broken, n_blank)
    kept = frame.join(empty.select("line"), on="line", how="anti", maintain_order="left")
    return Batch(kept, broken, n_blank + empty.height)


def _is_empty(cell: pl.Expr) -> pl.Expr:
    return cell.is_null() | (cell.str.strip_chars() == "")
