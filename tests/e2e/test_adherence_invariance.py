"""What must not move a figure: the clock, the order of rows, the calendar week, the zone in which one writes.

Three seeded clinics, run once as they are and once per variation, with the same pseudonym keys; the mart
exports are then compared byte by byte.
"""

import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.exports import NOW, Clinic, mart_bytes, run
from tests.seeded_world import Style, draw_clinic

SEEDS = (2, 3, 5)

pytestmark = pytest.mark.slow


def build(
    folder: Path, clinics: list[Clinic], keys: Path | None = None, **run_as: object
) -> dict[str, bytes]:
    """The mart exports of one run over these clinics."""
    data = folder / "data"
    if keys is not None:
        shutil.copytree(keys, data / "keys")
    for clinic in clinics:
        clinic.write(data)
    with run(data, **run_as) as connection:  # type: ignore[arg-type]
        return mart_bytes(connection, folder / "marts")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """The folder of pseudonym keys, and the marts of the clinics as they are."""
    folder = tmp_path_factory.mktemp("original")
    return folder / "data" / "keys", build(folder, [draw_clinic(seed) for seed in SEEDS])


def shuffled(seed: int) -> Clinic:
    """The clinic of a seed with the rows of every export in another order."""
    clinic = draw_clinic(seed)
    for table in ("session", "survey", "pause", "enrolment"):
        random.Random(seed).shuffle(clinic.rows[table])
    return clinic


def with_offsets(seed: int) -> Clinic:
    """The clinic of a seed, every instant written with its offset."""
    return draw_clinic(seed, style=Style(with_offsets=True))


@pytest.mark.parametrize("variation", [shuffled, with_offsets])
def test_the_way_of_writing_leaves_no_trace(
    variation: Callable[[int], Clinic], original: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    keys, marts = original
    found = build(tmp_path, [variation(seed) for seed in SEEDS], keys)
    assert [name for name in marts if found[name] != marts[name]] == []


def test_the_clock_leaves_no_trace(original: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    keys, marts = original
    found = build(
        tmp_path, [draw_clinic(seed) for seed in SEEDS], keys, now=NOW + timedelta(days=30)
    )
    assert [name for name in marts if found[name] != marts[name]] == []


def without_as_of(export: bytes) -> list[str]:
    """An export without its last column, the as-of date, which moves with the calendar."""
    lines = export.decode().splitlines()
    assert lines[0].endswith(",as_of_date")
    return [line.rpartition(",")[0] for line in lines]


def test_whole_weeks_later_says_the_same(
    original: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    """By 52 weeks, into other nights of the clock change and another calendar year."""
    keys, marts = original
    later = [draw_clinic(seed, style=Style(weeks_later=52)) for seed in SEEDS]
    found = build(tmp_path, later, keys)
    differing = [name for name in marts if without_as_of(found[name]) != without_as_of(marts[name])]
    assert differing == []
