"""Fifty small clinics drawn from seeds: the oracle in plain Python and the SQL tell the same figures.

The clinics differ in zone, clock changes, pauses, changed plans, restarts, holes in the logs and in how
people keep to their plans. Ten of them share a run, so that fifty worlds cost five builds; the rows of
one clinic are the rows of one world, and the margins hold all ten.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from oracle.cells import CELL_COLUMNS
from oracle.compare import differences
from oracle.landed import read_landed
from oracle.recompute import Marts, recompute
from tests.exports import Row, read, run
from tests.seeded_world import draw_clinic

ROOT = Path(__file__).parents[2]
SCORE = ("instrument", "version", "score_id", "visit")
RUNS = tuple(range(5))

pytestmark = pytest.mark.slow


@pytest.fixture(
    scope="module", params=RUNS, ids=lambda number: f"seeds {10 * number} to {10 * number + 9}"
)
def both(request: Any, tmp_path_factory: Any) -> Iterator[tuple[Marts, duckdb.DuckDBPyConnection]]:
    """The oracle's marts and the warehouse of ten clinics."""
    data = tmp_path_factory.mktemp("worlds")
    for seed in range(10 * request.param, 10 * request.param + 10):
        draw_clinic(seed).write(data)
    with run(data) as connection:
        yield recompute(read_landed(data / "warehouse"), ROOT / "schemas"), connection


def mart_rows(connection: duckdb.DuckDBPyConnection, mart: str, *more: str) -> dict[Any, Row]:
    """Rows of a mart by the oracle's key."""
    rows = read(connection, f"select * from marts.{mart}")
    cell = {id(row): tuple(row[name] for name in CELL_COLUMNS) for row in rows}
    return {
        (cell[id(row)], *(row[name] for name in more)) if more else cell[id(row)]: row
        for row in rows
    }


def columns_of(rows: Any) -> set[str]:
    return {column for row in rows.values() for column in row}


def test_adherence_equals_the_oracle(both: tuple[Marts, duckdb.DuckDBPyConnection]) -> None:
    marts, connection = both
    found = mart_rows(connection, "mart_adherence")
    assert len(found) > 500
    assert differences(marts.adherence, found, columns_of(marts.adherence)) == []


def test_outcomes_equal_the_oracle(both: tuple[Marts, duckdb.DuckDBPyConnection]) -> None:
    marts, connection = both
    found = mart_rows(connection, "mart_outcome", *SCORE)
    assert len(found) > 500
    assert differences(marts.outcome, found, columns_of(marts.outcome)) == []
