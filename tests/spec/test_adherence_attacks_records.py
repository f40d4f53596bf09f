"""What a reviewer would attack in the records behind adherence (clinical.md 6: 3 and 4).

Time zones with the night of the clock change, and duplicates: through exports and one run, then once more
with the mistake planted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from attack_clinics import Warehouse, cell, duplicates, nights, write_copies

from flows.steps import times
from flows.steps.pipeline import ingest_all
from tests.exports import read, run
from tests.variants import build_only, change_sql, wrapping

MARTS = ("marts.mart_adherence", "marts.mart_adherence_week")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the clinics below one folder."""
    folder = tmp_path_factory.mktemp("records")
    twice = duplicates("exported-often", 2)
    for clinic in (
        nights("night-wall", "wall"),
        nights("night-utc", "utc"),
        duplicates("exported-once", 1),
        twice,
    ):
        clinic.write(folder)
    write_copies(twice, folder)
    return folder


@pytest.fixture(scope="module")
def published(data: Path) -> Iterator[Warehouse]:
    """The one run over them."""
    with run(data) as connection:
        yield connection


# 3: time zones and the night of the clock change


def check_nights(warehouse: Warehouse) -> None:
    """23:30 in Los Angeles is that day, although it is the next in UTC; a night with 23 hours is short."""
    for clinic in ("night-wall", "night-utc"):
        rows = read(
            warehouse,
            f"select ady, minutes from facts.fct_session where clinic_id = '{clinic}' order by line",
        )
        assert [(row["ady"], row["minutes"]) for row in rows] == [(1, 20.0), (2, 20.0)]


def _reingested(tmp_path: Path) -> Warehouse:
    """The two night clinics read again, by a reader in which something was changed."""
    for name, style in (("night-wall", "wall"), ("night-utc", "utc")):
        nights(name, style).write(tmp_path / "data")
    assert ingest_all(tmp_path / "data").problems == []
    return build_only(tmp_path / "data", tmp_path, "facts.fct_session")


def test_nights_belong_to_their_local_day_and_have_their_real_length(
    published: Warehouse, tmp_path: Path
) -> None:
    check_nights(published)
    figures = [cell(published, "mart_adherence", name) for name in ("night-wall", "night-utc")]
    assert figures[0] | {"clinic_id": ""} == figures[1] | {"clinic_id": ""}
    check_nights(_reingested(tmp_path))


def _utc_days(written: times.Written, zone: Any) -> times.Located:
    """The mistake: the day of the instant in UTC."""
    right = _RIGHT(written, zone)
    return times.Located(right.utc, right.utc.dt.date(), right.offset_min, right.in_gap)


def _wall_clocks(written: times.Written, zone: Any) -> times.Located:
    """The mistake: wall clocks kept as if they were instants, so that differences ignore the lost hour."""
    right = _RIGHT(written, zone)
    wall = right.utc + pl.Series(right.offset_min.cast(pl.Int64) * 60_000_000).cast(
        pl.Duration("us")
    )
    return times.Located(wall, right.local_date, right.offset_min, right.in_gap)


_RIGHT = times.locate


@pytest.mark.parametrize("mistake", [_utc_days, _wall_clocks])
def test_the_nights_notice(mistake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "locate", mistake)
    broken = _reingested(tmp_path)
    with pytest.raises(AssertionError):
        check_nights(broken)


# 4: duplicates


def check_often_is_once(warehouse: Warehouse) -> None:
    """Exported twice, then day by day: the same figures."""
    found = [
        cell(warehouse, "mart_adherence", name) for name in ("exported-once", "exported-often")
    ]
    assert found[0]["dose_minutes_median"] == 160
    assert found[0] | {"clinic_id": ""} == found[1] | {"clinic_id": ""}
    forms = [
        cell(warehouse, "mart_adherence_week", name, "and programme_week = 1")
        for name in ("exported-once", "exported-often")
    ]
    assert forms[0] | {"clinic_id": ""} == forms[1] | {"clinic_id": ""}


def test_what_is_exported_again_is_counted_once(
    data: Path, published: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_often_is_once(published)
    nothing_repeats = wrapping("select * from {right} where false")
    change_sql(monkeypatch, tmp_path, "staging/session_outcome", nothing_repeats)
    broken = build_only(data, tmp_path, *MARTS)
    with pytest.raises(AssertionError):
        check_often_is_once(broken)


def test_of_two_forms_within_minutes_one_serves_the_visit(published: Warehouse) -> None:
    served = read(
        published,
        "select visit, count(*) as n, max(aval) as aval from facts.fct_outcome where clinic_id = 'exported-often'"
        " and aval is not null group by visit order by visit",
    )
    # The later of the two: of equally near ones the last is taken.
    assert [tuple(row.values()) for row in served] == [
        ("BASELINE", 1, 6.0),
        ("EOP", 1, 4.0),
        ("WK4", 1, 4.0),
    ]
