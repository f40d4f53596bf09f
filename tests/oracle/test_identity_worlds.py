"""Exports that overlap, correct and delete each other: the oracle in plain Python and the SQL tell the same figures."""

from pathlib import Path

import pytest

from oracle.cells import CELL_COLUMNS
from oracle.compare import differences
from oracle.landed import read_landed
from oracle.recompute import recompute
from tests.dealt_world import deal
from tests.exports import read, run

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(20, 32, 2))
def test_adherence_of_dealt_exports_equals_the_oracle(seed: int, tmp_path: Path) -> None:
    deal(seed, tmp_path / "raw")
    with run(tmp_path) as connection:
        rows = read(connection, "select * from marts.mart_adherence")
        merged = read(connection, "select reason, count(*) as n from ops.session_merge group by 1")
    assert {row["reason"] for row in merged} == {"duplicate", "overlap"}
    found = {tuple(row[name] for name in CELL_COLUMNS): row for row in rows}
    wanted = recompute(read_landed(tmp_path / "warehouse"), ROOT / "schemas").adherence
    columns = {column for row in wanted.values() for column in row}
    assert differences(wanted, found, columns) == []
