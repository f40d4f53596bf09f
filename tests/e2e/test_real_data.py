"""pmdata through a run, mapped by `source.toml` alone: 16 people, two session logs, one daily form.

Every row is accounted for, units and zones are right; held against a recomputation from the raw files.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.real.raw_truth import SHARED, pmdata_records, pmdata_refused
from tests.real.release import Warehouse, open_release

OSLO = ZoneInfo("Europe/Oslo")
DAY_1 = date(2019, 11, 1)  # start date of everyone in tests/real/pmdata/.../roster.csv

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="no example exports; set FOLLOWTHROUGH_SHARED"),
]


@pytest.fixture(scope="module")
def pmdata(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_release("pmdata", "simula/pmdata", tmp_path_factory.mktemp("pmdata")) as warehouse:
        yield warehouse


@pytest.mark.parametrize(
    ("source", "n_files", "n_read", "n_refused", "n_merged"),
    [("srpe", 16, 783, 11, 7), ("exercise", 16, 2440, 12, 13), ("wellness", 16, 1747, 5, 0)],
)
def test_every_pmdata_row_is_accounted_for(
    pmdata: Warehouse, source: str, n_files: int, n_read: int, n_refused: int, n_merged: int
) -> None:
    """People log some sessions twice, or two that overlap: these are one."""
    files = pmdata.execute(
        "select count(*), sum(rows_read), sum(rows_accepted), sum(rows_refused), sum(rows_superseded),"
        " sum(rows_ignored) from ops.file where source_id = ?",
        [f"pmdata.{source}"],
    ).fetchone()
    n_accepted = n_read - n_refused - n_merged
    assert files == (n_files, n_read, n_accepted, n_refused, n_merged, 0)


@pytest.mark.parametrize(
    ("source", "rule_id", "columns"),
    [
        ("srpe", "missing_required", {"duration_min"}),
        ("exercise", "out_of_range", {"duration"}),
        (
            "wellness",
            "answer_out_of_range",
            {"fatigue", "mood", "stress", "sleep_quality", "soreness"},
        ),
    ],
)
def test_refused_pmdata_rows_say_where_why_and_what_to_change(
    pmdata: Warehouse, source: str, rule_id: str, columns: set[str]
) -> None:
    found = pmdata.execute(
        "select file_name, line, column_name, rule_id, reason, fix from ops.refused_row where source_id = ?",
        [f"pmdata.{source}"],
    ).fetchall()
    assert {(file, line) for file, line, *_ in found} == pmdata_refused(source)
    assert {row[3] for row in found} == {rule_id}
    assert {row[2] for row in found} <= columns
    assert all(row[4] and row[5] for row in found)


def test_pmdata_counts_people_once_and_logs_apart(pmdata: Warehouse) -> None:
    arms = pmdata.execute(
        "select arm, n_enrolled, n_persons from marts.mart_adherence"
        " where level = 'condition' and condition = 'other' and duration_band = 'open_ended'"
        " and modality = 'all' and setting = 'all' and clinic_id = 'all' order by arm"
    ).fetchall()
    assert arms == [("all", 32, 16), ("fitbit", 16, 16), ("pmsys", 16, 16)]


def logged(source: str, row: dict[str, Any]) -> tuple[datetime, float]:
    """When a session began, and its minutes."""
    if source == "exercise":
        began = datetime.fromisoformat(row["startTime"]).replace(tzinfo=OSLO)
        return began.astimezone(UTC), row["duration"] / 60_000
    ended = datetime.fromisoformat(row["end_date_time"].replace("Z", "+00:00"))
    return ended - timedelta(minutes=float(row["duration_min"])), float(row["duration_min"])


def minutes_that_stand(sessions: list[tuple[datetime, float]]) -> list[float]:
    """Of one person: those begun within 5 minutes and as long within 2 are one, the others are united where they overlap."""
    apart: list[tuple[datetime, float]] = []
    for began, minutes in sorted(sessions):
        if not (
            apart
            and began - apart[-1][0] <= timedelta(minutes=5)
            and abs(minutes - apart[-1][1]) <= 2
        ):
            apart.append((began, minutes))
    united: list[tuple[datetime, float]] = []
    for began, minutes in apart:
        reached = united[-1][0] + timedelta(minutes=united[-1][1]) if united else began
        if began < reached:
            end = max(reached, began + timedelta(minutes=minutes))
            united[-1] = (united[-1][0], (end - united[-1][0]) / timedelta(minutes=1))
        else:
            united.append((began, minutes))
    return [minutes for _, minutes in united]


def test_minutes_are_minutes_whatever_the_export_counts_in(pmdata: Warehouse) -> None:
    truth: dict[str, list[float]] = {}
    for source, pattern in (("srpe", "pmsys/srpe.csv"), ("exercise", "fitbit/exercise.json")):
        refused, people = pmdata_refused(source), defaultdict(list)
        for name, n, row in pmdata_records(pattern):
            if (name, n) not in refused:
                people[name].append(logged(source, row))
        truth[source] = [m for sessions in people.values() for m in minutes_that_stand(sessions)]
    found = pmdata.execute(
        "select source_id, count(*), sum(minutes) from facts.fct_session group by all order by all"
    ).fetchall()
    assert found == [
        (f"pmdata.{source}", len(truth[source]), pytest.approx(sum(truth[source]), rel=1e-9))
        for source in ("exercise", "srpe")
    ]


@pytest.mark.parametrize(
    ("file", "line", "local_day"),
    [
        # began 2020-01-28 23:00:09 UTC, which is past midnight in Oslo: pmsys writes UTC
        ("p04/pmsys/srpe.csv", 52, date(2020, 1, 29)),
        # began 2019-12-01 00:09:17, November still in UTC: the wristband writes the wall clock
        ("p02/fitbit/exercise.json", 51, date(2019, 12, 1)),
    ],
)
def test_times_near_midnight_fall_on_the_local_day(
    pmdata: Warehouse, file: str, line: int, local_day: date
) -> None:
    row = next(row for name, n, row in pmdata_records(file[4:]) if (name, n) == (file, line))
    if "end_date_time" in row:
        ended = datetime.fromisoformat(row["end_date_time"].replace("Z", "+00:00"))
        began = ended - timedelta(minutes=float(row["duration_min"]))
        assert began.date() != began.astimezone(OSLO).date() == local_day
    else:
        began = datetime.fromisoformat(row["startTime"]).replace(tzinfo=OSLO)
        assert began.astimezone(UTC).date() != began.date() == local_day
    found = pmdata.execute(  # a release shows no dates, so the study day stands for the local day
        "select ady from facts.fct_session join ops.file using (file_key) where file_name = ? and line = ?",
        [file, line],
    ).fetchone()
    assert found == ((local_day - DAY_1).days + 1,)
