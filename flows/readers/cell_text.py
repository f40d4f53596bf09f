"""The cells that a mapping asks for, made from the columns of an export, batch by batch; still text, still by line."""

from collections import Counter
from collections.abc import Iterator, Mapping

import polars as pl

from flows.readers.table import Batch, TextTable


def is_blank(cell: pl.Expr) -> pl.Expr:
    """Nothing, or nothing but blanks."""
    return cell.is_null() | (cell.str.strip_chars() == "")


def read_cells(
    table: TextTable,
    cells: Mapping[str, pl.Expr],
    left_out: Mapping[str, pl.Expr],
    noted: Mapping[str, pl.Expr],
) -> Iterator[Batch]:
    """Stream `cells` (name asked for -> its text, in terms of the table's own columns).

    `left_out`: records that are none for this mapping, by reason; they count as ignored. `noted`: what the receipt counts
    besides. Both go into the receipt, and a second pass over the same file begins to count anew.
    """
    made = [*cells.values(), *left_out.values(), *noted.values()]
    columns = tuple(dict.fromkeys(name for cell in made for name in cell.meta.root_names()))
    counts: Counter[str] = Counter()
    for batch in table.batches(columns):
        frame = batch.frame
        for why, is_out in left_out.items():
            kept = frame.filter(~is_out.fill_null(False))
            counts[why] += frame.height - kept.height
            frame = kept
        for what, is_so in noted.items():
            counts[what] += int(frame.select(is_so.fill_null(False).sum()).item())
        _write(table.receipt, (*left_out, *noted), counts)
        rows = frame.select("line", *(cell.alias(name) for name, cell in cells.items()))
        n_out = batch.frame.height - frame.height
        yield Batch(rows, batch.broken, batch.n_ignored + n_out)


def _write(receipt: dict[str, str], whats: tuple[str, ...], counts: Counter[str]) -> None:
    for what in whats:
        if counts[what]:
            receipt[what] = str(counts[what])
        else:
            receipt.pop(what, None)
