"""One sheet of a workbook as text: the declared one, or the only visible one that holds every mapped column.

Whatever a cell shows, its content comes out: numbers by their shortest figure, dates and clock times in ISO form,
formulas by their saved result. The line of a record is its row in the sheet; hidden rows are rows.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from flows.readers.header import MAX_PREAMBLE
from flows.readers.table import NO_BROKEN, Batch, TextTable
from flows.readers.xlsx_archive import open_archive
from flows.readers.xlsx_package import Package, Sheet, read_package
from flows.readers.xlsx_sheet import Row, find_merges, read_rows
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

BATCH_ROWS = 50_000


@dataclass(frozen=True)
class _Head:
    """The header of a sheet: its names by column; the rows below `last_row` are data."""

    sheet: Sheet
    columns: tuple[str, ...]
    last_row: int
    why: str


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open one sheet; raises ExportUnreadable where it is not settled which, or where it cannot be read."""
    with closing(open_archive(path)) as archive:
        package = read_package(path.name, archive)
        head, why = _choose(package, dialect, wanted)
    _check_names(path.name, head, wanted)
    receipt = {
        "sheet": f"'{head.sheet.name}': {why}",
        "header": head.why,
        "dates": "counted from 1904" if package.is_1904 else "counted from 1900",
    }

    def batches(names: tuple[str, ...]) -> Iterator[Batch]:
        _check_names(path.name, head, names)
        with closing(open_archive(path)) as archive:
            rows = _Rows(read_package(path.name, archive), head, names)
            yield from rows.batches()
        receipt.update(rows.told())

    return TextTable(head.columns, batches, receipt)


def _choose(package: Package, dialect: Dialect, wanted: tuple[str, ...]) -> tuple[_Head, str]:
    """The header of the sheet to read, and why that sheet."""
    visible = [s for s in package.sheets if not s.is_hidden]
    if dialect.sheet is not None:
        visible = [s for s in package.sheets if s.name == dialect.sheet]
        if not visible:
            raise ExportUnreadable(
                f"{package.name}: has no sheet '{dialect.sheet}', which [dialect] names; it has "
                + _quoted(package.sheets)
            )
    heads = [head for s in visible if (head := _find_head(package, s, dialect, wanted))]
    if not heads:
        raise ExportUnreadable(f"{package.name}: {_quoted(visible)} is empty; export again")
    fitting = [head for head in heads if set(wanted) <= set(head.columns)]
    if len(fitting) > 1:
        raise ExportUnreadable(
            f"{package.name}: {_quoted([h.sheet for h in fitting])} could all be meant; declare sheet under [dialect]"
        )
    if dialect.sheet is not None:
        return heads[0], "declared"
    if len(visible) == 1:
        return heads[0], "the only visible sheet"
    if fitting:
        return fitting[0], "the only visible sheet with every mapped column"
    return max(heads, key=lambda head: len(set(wanted) & set(head.columns))), "the closest"


def _quoted(sheets: list[Sheet] | tuple[Sheet, ...]) -> str:
    return ", ".join(f"'{sheet.name}'" for sheet in sheets)


def _find_head(
    package: Package, sheet: Sheet, dialect: Dialect, wanted: tuple[str, ...]
) -> _Head | None:
    """The header: the first row that holds every mapped column, else the first row; None for an empty sheet."""
    with closing(read_rows(package, sheet, None)) as found:
        below = (row for row in found if row.number > dialect.skip_lines)
        rows = list(islice(below, MAX_PREAMBLE + dialect.header_rows))
    if not rows:
        return None
    if dialect.header_rows == 0:
        width = 1 + max(max(row.cells) for row in rows)
        names = tuple(str(number + 1) for number in range(width))
        return _Head(sheet, names, rows[0].number - 1, "none declared; columns are numbered")
    at = next((i for i, row in enumerate(rows) if set(wanted) <= set(_names(row))), 0)
    if any(len(row.cells) >= len(rows[at].cells) for row in rows[:at]):
        raise ExportUnreadable(
            f"{package.name}: the header stands on row {rows[at].number} of sheet '{sheet.name}', below rows that "
            "look like data; remove what stands above the header, or export again"
        )
    last = rows[min(at + dialect.header_rows, len(rows)) - 1]
    why = f"row {rows[at].number}"
    why += f": the first with every mapped column; {at} above it are a preamble" if at else ""
    return _Head(sheet, _names(rows[at]), last.number, why)


def _names(row: Row) -> tuple[str, ...]:
    return tuple(row.cells.get(column, "").strip() for column in range(max(row.cells) + 1))


def _check_names(name: str, head: _Head, wanted: tuple[str, ...]) -> None:
    where = f"{name}: the header of sheet '{head.sheet.name}'"
    if absent := [column for column in wanted if column not in head.columns]:
        raise ExportUnreadable(
            f"{where} lacks {', '.join(map(repr, absent[:5]))}, which source.toml maps; correct the column names in "
            "source.toml, declare sheet under [dialect], or export again with these columns"
        )
    if "line" in wanted:  # rows carry their line number under that name
        raise ExportUnreadable(f"{name}: a mapped column may not be called 'line'; rename it")
    if repeated := [column for column in wanted if head.columns.count(column) > 1]:
        raise ExportUnreadable(
            f"{where} holds {', '.join(map(repr, repeated))} more than once; rename one"
        )


class _Rows:
    """The data rows of a sheet on their way into batches."""

    def __init__(self, package: Package, head: _Head, names: tuple[str, ...]) -> None:
        self.package, self.head, self.names = package, head, names
        self.places = [head.columns.index(name) for name in names]
        self.percent: set[int] = set()
        self.n_hidden = 0
        merges = find_merges(package, head.sheet)
        spans = [s for merge in merges if (s := merge.covered(frozenset(self.places)))]
        self._first, self._last = _united(spans)

    def batches(self) -> Iterator[Batch]:
        """All data rows, a bounded number at a time."""
        wanted = frozenset(self.places)
        rows: list[Row] = []
        last = self.head.last_row
        for row in read_rows(self.package, self.head.sheet, wanted, self.percent):
            if row.number > self.head.last_row:
                rows.append(row)
            if len(rows) == BATCH_ROWS:
                yield self._batch(rows, last)
                last, rows = rows[-1].number, []
        yield self._batch(rows, last)

    def _batch(self, rows: list[Row], last: int) -> Batch:
        """Rows below row `last`; the rows between them are empty."""
        broken = [row.number for row in rows if self._is_covered(row.number)]
        n_empty = rows[-1].number - last - len(rows) if rows else 0
        kept = [row for row in rows if not self._is_covered(row.number)] if broken else rows
        self.n_hidden += sum(row.is_hidden for row in rows)
        columns = {"line": pl.Series([row.number for row in kept], dtype=pl.Int64)} | {
            name: pl.Series([row.cells.get(place) for row in kept], dtype=pl.String)
            for name, place in zip(self.names, self.places, strict=True)
        }
        lines = pl.DataFrame({"line": broken}, NO_BROKEN.select("line").schema)
        return Batch(
            pl.DataFrame(columns), lines.with_columns(rule_id=pl.lit("merged_cells")), n_empty
        )

    def _is_covered(self, row: int) -> bool:
        """Whether a mapped cell of this row lies hidden under a merged area."""
        at = bisect_right(self._first, row) - 1
        return at >= 0 and row <= self._last[at]

    def told(self) -> dict[str, str]:
        """What the receipt adds once all rows are read."""
        shown = [name for name, p in zip(self.names, self.places, strict=True) if p in self.percent]
        told = {"hidden rows": f"{self.n_hidden}, read like the others"} if self.n_hidden else {}
        if shown:
            told["percentages"] = f"{', '.join(shown)}: 0.5 stands where the sheet shows 50 %"
        return told


def _united(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """First and last rows of spans, in order and without overlap."""
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(spans):
        if lasts and first <= lasts[-1]:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return firsts, lasts
