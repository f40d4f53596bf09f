"""The same people in another order, and read by another number of threads, give the same bytes."""

import random
import shutil
from pathlib import Path

import pytest

from tests.exports import mart_bytes, run
from tests.spec.evidence_world import draw_network, write_network

OURS = (
    "mart_acute",
    "mart_dose_response",
    "mart_evidence_vote",
    "mart_evidence_pool",
    "mart_standardised",
)


def exported(data: Path, out: Path) -> dict[str, bytes]:
    out.mkdir()
    with run(data) as connection:
        found = mart_bytes(connection, out)
    return {name: content for name, content in found.items() if name.startswith(OURS)}


@pytest.mark.slow
def test_rows_and_clinics_in_another_order(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_network(first, draw_network(7, n_clinics=4, n_people=40))
    before = exported(first, tmp_path / "a")
    clinics, dice = draw_network(7, n_clinics=4, n_people=40), random.Random(0)
    for clinic in clinics:
        for rows in clinic.rows.values():
            dice.shuffle(rows)
    shutil.copytree(first / "keys", second / "keys")
    write_network(second, clinics[::-1])
    after = exported(second, tmp_path / "b")
    assert len(before) == len(OURS)
    assert {name for name in before if before[name] != after[name]} == set()
