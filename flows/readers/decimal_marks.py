"""Decimal comma or point column by column, for exports in which both stand side by side.

In one REDCap project a field may be validated with a comma while a calculated one keeps the point. Without a dictionary
that says so, a column's mark is what all of its cells agree on; where they do not agree, nothing is changed.
"""

from collections import Counter

import polars as pl

from flows.readers.table import TextTable

_MARKED = r"^\s*[+-]?\d+[.,]\d+\s*$"
_PATTERNS = {
    ",": r"^\s*[+-]?\d+,(\d{1,2}|\d{4,})\s*$",
    ".": r"^\s*[+-]?\d+\.(\d{1,2}|\d{4,})\s*$",
    # a mark before exactly three digits may separate thousands, which settles nothing
    "unclear": r"^\s*[+-]?\d{1,3}[.,]\d{3}\s*$",
    "whole": r"^\s*[+-]?\d+\s*$",
}


def find_decimal_marks(
    table: TextTable, names: tuple[str, ...], missing: tuple[str, ...], coded: frozenset[str]
) -> dict[str, tuple[str, int]]:
    """Column -> its mark, and the number of cells that say so; only columns of nothing but figures.

    A column with a cell that the mapping translates (`coded`) holds codes, such as a choice of `1,2`, and is left alone.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for batch in table.batches(names) if names else ():
        text = batch.frame.select(pl.col(names).str.strip_chars())
        counts.update({("", "rows"): text.height})
        for kind, pattern in _PATTERNS.items():
            _add(counts, kind, text.select(pl.all().str.contains(pattern).fill_null(False).sum()))
        empty = pl.all().is_null() | pl.all().is_in(["", *missing])
        _add(counts, "empty", text.select(empty.sum()))
        _add(counts, "coded", text.select(pl.all().is_in(list(coded)).fill_null(False).sum()))
    return {name: mark for name in names if (mark := _mark(name, counts)) is not None}


def _add(counts: Counter[tuple[str, str]], kind: str, found: pl.DataFrame) -> None:
    counts.update({(name, kind): n for name, n in found.row(0, named=True).items()})


def _mark(name: str, counts: Counter[tuple[str, str]]) -> tuple[str, int] | None:
    comma, point = counts[name, ","], counts[name, "."]
    told = counts[name, "empty"] + sum(counts[name, kind] for kind in _PATTERNS)
    if counts[name, "coded"] or told < counts["", "rows"] or bool(comma) == bool(point):
        return None
    return (",", comma) if comma else (".", point)


def with_mark(cell: pl.Expr, mark: str, wanted: str) -> pl.Expr:
    """The cell with its decimal mark as the pipeline expects it; what is no figure stays."""
    if mark == wanted:
        return cell
    is_marked = cell.str.contains(_MARKED)
    return pl.when(is_marked).then(cell.str.replace(mark, wanted, literal=True)).otherwise(cell)
