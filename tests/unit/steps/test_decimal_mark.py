"""Undeclared figures with a comma: read so only where every figure of the file agrees."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.readers.table import NO_BROKEN, Batch, TextTable
from flows.steps.decimal_mark import settle_decimal
from flows.steps.discover import Export
from schemas.source import Mapping, Source

COLUMNS = {"participant_id": "id", "started_at": "start", "minutes": "min"}


def _export(**dialect: str) -> Export:
    mapping = Mapping.model_validate(
        {"clinic": "c", "table": "session", "reader": "csv", "columns": COLUMNS, "dialect": dialect}
    )
    source = Source(Path("c/app/source.toml"), "", mapping)
    return Export(source, Path("c/app/log.csv"), "log.csv", "0" * 64, "key", 1, 1)


def _table(*batches: list[str]) -> TextTable:
    def stream(names: tuple[str, ...]) -> Any:
        for cells in batches:
            frame = pl.DataFrame({"line": range(2, 2 + len(cells)), **dict.fromkeys(names, cells)})
            yield Batch(frame, NO_BROKEN, 0)

    return TextTable(("id", "start", "min"), stream, {})


def _mark(table: TextTable, **dialect: str) -> str | None:
    return settle_decimal(_export(**dialect), table, ()).source.mapping.dialect.decimal


@pytest.mark.parametrize(
    ("batches", "mark"),
    [
        ([["20,5", "7", "12,25"]], ","),
        ([["20.5", "7"]], None),
        ([["20,5", "7"], ["8.5"]], None),  # a later batch says otherwise: nothing is turned
        ([["1,234"]], None),  # could be thousands
        ([["7", "8"]], None),
    ],
)
def test_the_comma_needs_the_whole_file(batches: list[list[str]], mark: str | None) -> None:
    """One figure with a point is enough to leave the comma out of force."""
    assert _mark(_table(*batches)) == mark


def test_a_declared_mark_is_not_questioned() -> None:
    """What source.toml says stands."""
    assert _mark(_table(["20,5"]), decimal=".") == "."


def test_the_receipt_says_why() -> None:
    """Counts stand beside the verdict."""
    table = _table(["20,5", "3,25"])
    settle_decimal(_export(), table, ())
    assert table.receipt["decimal"].startswith(",: 2 figures with a decimal comma")
