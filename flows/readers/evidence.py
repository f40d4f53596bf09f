"""What the cells themselves say about how they are written: order of day and month, decimal mark.

A column is never read by its first cells: one late row that fits only the other order would turn all dates
before it. So all cells are counted, and where they do not agree, or do not say, nothing is chosen.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import polars as pl

_FIGURES = r"^\s*(\d{1,2})([/.\-])(\d{1,2})[/.\-](?:\d{4}|\d{2})(?:\D|$)"
_YEAR_FIRST = r"^\s*\d{4}[/.\-]\d{1,2}[/.\-]\d{1,2}(?:\D|$)"


@dataclass(frozen=True)
class _DateCounts:
    """Cells by the orders that they allow; `same` reads alike under both, `neither` under none."""

    only_dmy: int = 0
    only_mdy: int = 0
    both: int = 0
    both_dotted: int = 0  # dots are written day first wherever dots are written
    same: int = 0
    neither: int = 0
    year_first: int = 0

    def __add__(self, other: "_DateCounts") -> "_DateCounts":
        return _DateCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        undecided = self.both + self.both_dotted + self.same
        return (
            f"{self.only_dmy} rows can only be dd/mm, {self.only_mdy} only mm/dd, {undecided} both"
            + (f", {self.neither} neither" if self.neither else "")
            + (f"; {self.year_first} begin with the year" if self.year_first else "")
        )


def date_order_of(column_text: Iterable[pl.Series]) -> tuple[str | None, str]:
    """`dmy`, `mdy`, `ymd` or None (undecided or contradictory) for the cells of one column, and the counts.

    None with a text that begins `contradictory` or `undecided` must be refused unless date_order is
    declared; `no dates in figures` needs no order.
    """
    counts = sum((_count_dates(text) for text in column_text), _DateCounts())
    if counts.only_dmy and counts.only_mdy:
        return None, f"contradictory: {counts}"
    if counts.only_mdy:
        if counts.both_dotted:
            return None, f"contradictory: {counts}, of which {counts.both_dotted} with dots (dd.mm)"
        return "mdy", str(counts)
    if counts.only_dmy or (counts.both_dotted and not counts.both):
        return "dmy", str(counts) + ("" if counts.only_dmy else "; dots are dd.mm")
    if counts.both or counts.both_dotted:
        return None, f"undecided: {counts}"
    if counts.same:
        return "dmy", f"{counts}, and all of them alike"
    if counts.year_first:
        return "ymd", str(counts)
    return None, f"no dates in figures: {counts}"


def _count_dates(text: pl.Series) -> _DateCounts:
    year_first = text.str.contains(_YEAR_FIRST).fill_null(False)
    figures = text.filter(~year_first).str.extract_groups(_FIGURES).struct.unnest().drop_nulls()
    if figures.is_empty():
        return _DateCounts(year_first=int(year_first.sum()))
    first, second = pl.col("1").cast(pl.Int32), pl.col("3").cast(pl.Int32)
    is_day, is_month = first.is_between(1, 31), first.is_between(1, 12)
    then_day, then_month = second.is_between(1, 31), second.is_between(1, 12)
    dmy, mdy, dotted = is_day & then_month, is_month & then_day, pl.col("2") == "."
    counted = figures.select(
        only_dmy=(dmy & ~mdy).sum(),
        only_mdy=(mdy & ~dmy).sum(),
        both=(dmy & mdy & (first != second) & ~dotted).sum(),
        both_dotted=(dmy & mdy & (first != second) & dotted).sum(),
        same=(dmy & mdy & (first == second)).sum(),
        neither=(~dmy & ~mdy).sum(),
    )
    return _DateCounts(**counted.row(0, named=True), year_first=int(year_first.sum()))


def decimal_of(column_text: Iterable[pl.Series]) -> tuple[str | None, str]:
    """`,` or `.` or None for the figures of some columns, and the counts.

    A mark before exactly three digits may separate thousands: it is no evidence for either.
    """
    comma, dot, unclear = 0, 0, 0
    for text in column_text:
        cells = text.str.strip_chars()
        comma += _n_like(cells, r"^[+-]?\d+,(\d{1,2}|\d{4,})$")
        dot += _n_like(cells, r"^[+-]?\d+\.(\d{1,2}|\d{4,})$")
        unclear += _n_like(cells, r"^[+-]?\d{1,3}[.,]\d{3}$")
    counts = f"{comma} figures with a decimal comma, {dot} with a decimal point, {unclear} unclear"
    if comma and dot:
        return None, f"contradictory: {counts}"
    if comma or dot:
        return ("," if comma else "."), counts
    return None, f"{'undecided' if unclear else 'whole numbers only'}: {counts}"


def _n_like(cells: pl.Series, pattern: str) -> int:
    return int(cells.str.contains(pattern).fill_null(False).sum())
