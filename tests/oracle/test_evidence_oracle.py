"""Acute change, dose, votes, pools and standardised means equal a plain recomputation to 1e-9.

On the demo network, and on two drawn networks in which votes and pools have enough people.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from oracle.acute import SCORE, acute_mart
from oracle.cells import CELL_COLUMNS
from oracle.compare import differences
from oracle.dose import dose_mart
from oracle.evidence import pool_mart, standard_mart, vote_mart
from oracle.landed import read_landed
from oracle.network import Network, read_network
from tests.exports import Row, read, run
from tests.spec.evidence_world import draw_network, write_network

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
Both = tuple[Network, duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module", params=["demo", 1, 2])
def both(request: Any, tmp_path_factory: Any) -> Iterator[Both]:
    """The oracle's view of what was landed, and the warehouse."""
    data = tmp_path_factory.mktemp("network")
    if request.param == "demo":
        shutil.copytree(ROOT / "data" / "raw" / "demo", data / "raw" / "demo")
    else:
        write_network(data, draw_network(request.param))
    with run(data) as connection:
        yield read_network(read_landed(data / "warehouse"), ROOT / "schemas"), connection


def check(ours: dict[Any, Row], theirs: dict[Any, Row], at_least: int) -> None:
    assert len(theirs) >= at_least
    columns = set(next(iter(ours.values())))
    wrong = differences(ours, theirs, columns)
    by_column = {line.split(": ")[1]: line for line in reversed(wrong)}
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(by_column.values())


def test_mart_acute(both: Both) -> None:
    network, connection = both
    rows = read(connection, "select * from marts.mart_acute")
    theirs = {(tuple(r[c] for c in CELL_COLUMNS), *SCORE): r for r in rows}
    assert {(r["instrument"], r["version"], r["score_id"]) for r in rows} == {SCORE}
    check(acute_mart(network), theirs, 100)


def test_mart_dose_response(both: Both) -> None:
    network, connection = both
    rows = read(connection, "select * from marts.mart_dose_response")
    names = ("instrument", "version", "score_id", "visit", "dose")
    theirs = {(tuple(r[c] for c in CELL_COLUMNS), *(r[n] for n in names)): r for r in rows}
    check(dose_mart(network), theirs, 20)


def test_mart_evidence_pool(both: Both) -> None:
    network, connection = both
    rows = read(connection, "select * from marts.mart_evidence_pool")
    theirs = {
        ((r["level"], r["condition"], r["duration_band"]), r["modality"], r["domain"]): r
        for r in rows
    }
    check(pool_mart(network), theirs, 20)


def test_mart_evidence_vote(both: Both) -> None:
    network, connection = both
    rows = read(connection, "select * from marts.mart_evidence_vote where source = 'network'")
    theirs = {((r["level"], r["condition"], r["duration_band"]), r["domain"]): r for r in rows}
    check(vote_mart(network), theirs, 10)


def test_mart_standardised(both: Both) -> None:
    network, connection = both
    rows = read(connection, "select * from marts.mart_standardised")
    names = ("level", "condition", "instrument", "version", "score_id", "duration_band")
    check(standard_mart(network), {tuple(r[n] for n in names): r for r in rows}, 5)
