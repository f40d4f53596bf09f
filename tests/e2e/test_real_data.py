"""Real exports through the plain steps, mapped by `source.toml` alone (tests/real), against plain recomputation.

Every truth here is computed from the raw files by the standard library; the published figures stand beside it
as literals, so that neither a wrong truth nor a wrong pipeline can agree with itself.
"""

import csv
import io
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import mean, stdev
from zoneinfo import ZoneInfo

import duckdb
import pytest

from flows.steps.pipeline import build_release, ingest_all

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", ROOT.parent / "shared")) / "data"
PORT_CSV = SHARED / "port_cbt" / "thomas-mcgregor_port-paper-variables_2024.csv"
XOVER_CSV = SHARED / "amitriptyline_hivsn" / "DataFiles" / "xoverPP.csv"
OSLO = ZoneInfo("Europe/Oslo")
DAY_1 = date(2019, 11, 1)  # start date of everyone in tests/real/pmdata/.../roster.csv

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="no example exports; set FOLLOWTHROUGH_SHARED"),
]

Warehouse = duckdb.DuckDBPyConnection


def copy_files(source: Path, target: Path) -> None:
    """Contents only: the originals are read-only, the copies must not be."""
    for path in source.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


@pytest.fixture(scope="module")
def open_release(tmp_path_factory: pytest.TempPathFactory):
    """Data set, clinic/source -> the analyst's warehouse that a run over it publishes."""

    def run(name: str, source: str) -> Warehouse:
        data = tmp_path_factory.mktemp(name)
        copy_files(SHARED / name, data / "raw" / source)
        copy_files(ROOT / "tests" / "real" / name, data)
        ingest_all(data)
        build_release(data)
        return duckdb.connect(str(data / "warehouse" / "analyst.duckdb"), read_only=True)

    return run


@pytest.fixture(scope="module")
def pmdata(open_release) -> Iterator[Warehouse]:
    with open_release("pmdata", "simula/pmdata") as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def port(open_release) -> Iterator[Warehouse]:
    with open_release("port_cbt", "ieso/port") as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def crossover(open_release) -> Iterator[Warehouse]:
    with open_release("amitriptyline_hivsn", "soweto/crossover") as warehouse:
        yield warehouse


def read_rows(path: Path) -> list[dict[str, str]]:
    """A CSV with any line ends."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=None)))


def number(text: str) -> float | None:
    return None if text in ("", "NA") else float(text)


def pairs_by(
    rows: list[dict[str, str]], group: str, first: str, last: str
) -> dict[str, list[float]]:
    """Group -> improvement (first - last) of every row that has both."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        before, after = number(row[first]), number(row[last])
        if before is not None and after is not None:
            found[row[group]].append(before - after)
    return found


# pmdata: 16 people, two session logs, one daily form


def pmdata_records(kind: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    """(file below the source, line or element, record) of every record of one kind."""
    for path in sorted((SHARED / "pmdata").glob(f"p*/{kind}")):
        name = path.relative_to(SHARED / "pmdata").as_posix()
        if path.suffix == ".json":
            yield from ((name, n, row) for n, row in enumerate(json.loads(path.read_text()), 1))
        else:
            yield from ((name, n, row) for n, row in enumerate(read_rows(path), 2))


def refused_by_truth(source: str) -> set[tuple[str, int]]:
    """What the contracts must refuse, by the words of the task: no duration, over 240 minutes, 0 on a 1-5 item."""
    scales = ("fatigue", "mood", "stress", "sleep_quality", "soreness")
    kind, is_bad = {
        "srpe": ("pmsys/srpe.csv", lambda row: not row["duration_min"]),
        "exercise": ("fitbit/exercise.json", lambda row: row["duration"] > 240 * 60_000),
        "wellness": ("pmsys/wellness.csv", lambda row: any(row[item] == "0" for item in scales)),
    }[source]
    return {(name, n) for name, n, row in pmdata_records(kind) if is_bad(row)}


@pytest.mark.parametrize(
    ("source", "n_files", "n_read", "n_refused"),
    [("srpe", 16, 783, 11), ("exercise", 16, 2440, 12), ("wellness", 16, 1747, 5)],
)
def test_every_pmdata_row_is_accounted_for(
    pmdata: Warehouse, source: str, n_files: int, n_read: int, n_refused: int
) -> None:
    files = pmdata.execute(
        "select count(*), sum(rows_read), sum(rows_accepted), sum(rows_refused), sum(rows_superseded),"
        " sum(rows_ignored) from ops.file where source_id = ?",
        [f"pmdata.{source}"],
    ).fetchone()
    assert files == (n_files, n_read, n_read - n_refused, n_refused, 0, 0)


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
    assert {(file, line) for file, line, *_ in found} == refused_by_truth(source)
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


def study_day(warehouse: Warehouse, source: str, file: str, line: int) -> int:
    """Study day of one session: its local date, since the release shows no dates."""
    return warehouse.execute(
        "select ady from facts.fct_session join ops.file using (file_key)"
        " where file_name = ? and line = ? and ops.file.source_id = ?",
        [file, line, f"pmdata.{source}"],
    ).fetchone()[0]


def test_times_near_midnight_fall_on_the_local_day(pmdata: Warehouse) -> None:
    """pmsys writes UTC, the wristband Oslo wall clock: the same half hour must land on the same day."""
    ended = datetime.fromisoformat("2020-01-29T02:00:09+00:00")  # p04, line 52, 180 minutes
    local = (ended - timedelta(minutes=180)).astimezone(OSLO).date()
    assert local == date(2020, 1, 29) != (ended - timedelta(minutes=180)).date()
    assert study_day(pmdata, "srpe", "p04/pmsys/srpe.csv", 52) == (local - DAY_1).days + 1
    # p02's exercise 51 began at 2019-12-01 00:09:17 on the wall, still November in UTC
    assert (
        study_day(pmdata, "exercise", "p02/fitbit/exercise.json", 51)
        == (date(2019, 12, 1) - DAY_1).days + 1
    )


# PORT: 112 patients, labelled visits without dates

CONDITION_OF = {
    "generalised_anxiety_disorder": "anxiety",
    "depressive_episode": "depression",
    "recurrent_depressive_disorder": "recurrent_depression",
    "social_phobias": "social_phobia",
    "panic_disorder_episodic_paroxysmal_anxiety": "panic_disorder",
    "agoraphobia_with_or_without_panic_disorder": "agoraphobia",
    "post_traumatic_stress_disorder": "post_traumatic_stress",
    "specific_isolated_phobias": "specific_phobia",
    "obsessive_compulsive_disorder": "obsessive_compulsive",
    "somatoform_disorders": "somatoform",
}
WHOLE_CELL = " duration_band = '{band}' and modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'all'"


@pytest.mark.parametrize(
    ("instrument", "visit", "column", "published"),
    [
        ("gad7", "BASELINE", "gad7_treatment_total_1", (109, 12.16, 4.09)),
        ("gad7", "EOP", "gad7_treatment_total_final", (109, 8.03, 4.89)),
        ("gad7", "ASSESSMENT", "gad7_assessment_total", (110, 12.28, 4.40)),
        ("gad7", "STUDY_FOLLOWUP", "gad7_followup_total", (106, 7.42, 4.84)),
        ("phq9", "BASELINE", "phq9_treatment_total_1", (109, 12.24, 4.61)),
        ("phq9", "EOP", "phq9_treatment_total_final", (109, 8.91, 4.84)),
        ("phq9", "STUDY_BASELINE", "phq9_baseline_total", (112, 12.41, 5.02)),
    ],
)
def test_port_visit_means(
    port: Warehouse, instrument: str, visit: str, column: str, published: tuple[int, float, float]
) -> None:
    values = [value for row in read_rows(PORT_CSV) if (value := number(row[column])) is not None]
    truth = (len(values), mean(values), stdev(values))
    assert truth == pytest.approx(published, abs=0.0051)
    found = port.execute(
        "select n_visit, visit_mean, visit_sd from marts.mart_outcome where level = 'all' and condition = 'all'"
        " and instrument = ? and score_id = 'total' and visit = ? and"
        + WHOLE_CELL.format(band="open_ended"),
        [instrument, visit],
    ).fetchone()
    assert found == pytest.approx(truth, abs=1e-9)


@pytest.mark.parametrize(
    ("instrument", "published"), [("gad7", (107, 4.15, 4.57)), ("phq9", (107, 3.40, 4.17))]
)
def test_port_improvement_over_all_and_by_condition(
    port: Warehouse, instrument: str, published: tuple[int, float, float]
) -> None:
    first, last = f"{instrument}_treatment_total_1", f"{instrument}_treatment_total_final"
    by_diagnosis = pairs_by(read_rows(PORT_CSV), "ieso_diagnosis_name", first, last)
    truth = {("condition", CONDITION_OF[name]): values for name, values in by_diagnosis.items()}
    truth["all", "all"] = [value for values in by_diagnosis.values() for value in values]
    everyone = truth["all", "all"]
    assert (len(everyone), mean(everyone), stdev(everyone)) == pytest.approx(published, abs=0.0051)
    found = {
        tuple(row[:2]): row[2:]
        for row in port.execute(
            "select level, condition, n_pair, improve_mean, change_sd from marts.mart_outcome"
            " where level in ('condition', 'all') and instrument = ? and score_id = 'total' and visit = 'EOP' and"
            + WHOLE_CELL.format(band="open_ended"),
            [instrument],
        ).fetchall()
        if row[0] == "all" or row[1] != "all"
    }
    assert found.keys() == truth.keys()
    for cell, values in truth.items():
        assert found[cell][:2] == pytest.approx((len(values), mean(values)), abs=1e-9)
        assert found[cell][2] == (
            pytest.approx(stdev(values), abs=1e-9) if len(values) > 1 else None
        )


def test_port_has_no_calendar_and_says_so(port: Warehouse) -> None:
    done = [int(row["ieso_treatment_completed_total"]) for row in read_rows(PORT_CSV)]
    assert mean(done) == pytest.approx(6.45, abs=0.0051)
    found = port.execute(
        "select n_enrolled, n_no_start_date, n_evaluable, adherence_capped_mean, n_sessions_reported,"
        " sessions_reported_mean from marts.mart_adherence where level = 'all' and condition = 'all' and"
        + WHOLE_CELL.format(band="open_ended")
    ).fetchone()
    assert found == (112, 112, 0, None, 112, pytest.approx(mean(done), abs=1e-9))


# Amitriptyline: two periods of six weeks per person, pain 0-10 at weeks 0, 3 and 6


@pytest.mark.parametrize(
    ("arm", "published"),
    [
        ("amitriptyline, no ARV", (61, 2.77, 3.28)),
        ("placebo, no ARV", (61, 2.80, 3.49)),
        ("amitriptyline, ARV", (61, 2.69, 3.38)),
        ("placebo, ARV", (61, 2.05, 2.81)),
    ],
)
def test_crossover_improvement_in_four_arms(
    crossover: Warehouse, arm: str, published: tuple[int, float, float]
) -> None:
    drug = {"amitriptyline": "A", "placebo": "P"}[arm.split(",")[0]]
    on_arv = "No" if "no ARV" in arm else "Yes"
    rows = [row for row in read_rows(XOVER_CSV) if row["ARV"] == on_arv]
    values = pairs_by(rows, "Treatment", "Time1", "Time3")[drug]
    truth = (len(values), mean(values), stdev(values))
    assert truth == pytest.approx(published, abs=0.0051)
    found = crossover.execute(
        "select n_pair, improve_mean, change_sd from marts.mart_outcome where level = 'condition'"
        " and condition = 'hiv_neuropathy' and duration_band = 'w5_7' and modality = 'all' and setting = 'all'"
        " and clinic_id = 'all' and instrument = 'nrs_pain' and visit = 'EOP' and arm = ?",
        [arm],
    ).fetchone()
    assert found == pytest.approx(truth, abs=1e-9)


def test_crossover_periods_are_enrolments_of_the_same_people(crossover: Warehouse) -> None:
    found = crossover.execute(
        "select n_enrolled, n_persons from marts.mart_adherence where level = 'condition'"
        " and condition = 'hiv_neuropathy' and" + WHOLE_CELL.format(band="w5_7")
    ).fetchone()
    assert found == (244, 122)


@pytest.mark.parametrize("name", ["port", "crossover"])
def test_nothing_is_refused_where_nothing_is_wrong(
    name: str, request: pytest.FixtureRequest
) -> None:
    warehouse: Warehouse = request.getfixturevalue(name)
    assert warehouse.execute("select count(*) from ops.refused_row").fetchone() == (0,)
    read, accepted = warehouse.execute(
        "select sum(rows_read), sum(rows_accepted) from ops.file"
    ).fetchone()
    assert read == accepted == {"port": 2 * 112, "crossover": 2 * 244}[name]
