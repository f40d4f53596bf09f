"""PORT and the amitriptyline trial through a run, mapped by `source.toml` alone: visits without any dates.

Every figure is held against a recomputation from the raw files (tests/real/raw_truth.py), and that against
the published figure.
"""

from collections.abc import Iterator
from statistics import mean, stdev

import pytest

from tests.real.raw_truth import (
    CONDITION_OF,
    PORT_CSV,
    SHARED,
    XOVER_CSV,
    number,
    pairs_by,
    read_rows,
)
from tests.real.release import Warehouse, open_release

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="no example exports; set FOLLOWTHROUGH_SHARED"),
]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_release("port_cbt", "ieso/port", tmp_path_factory.mktemp("port_cbt")) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def crossover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_release(
        "amitriptyline_hivsn", "soweto/crossover", tmp_path_factory.mktemp("amitriptyline_hivsn")
    ) as warehouse:
        yield warehouse


# PORT: 112 patients, labelled visits without dates

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


def test_a_plan_without_dates_and_frequency_keeps_its_weeks_and_visits(
    crossover: Warehouse,
) -> None:
    weeks = crossover.execute("select distinct duration_weeks from facts.fct_enrolment").fetchall()
    assert weeks == [(6,)]
    due = crossover.execute(
        "select visit, n_due from marts.mart_outcome where level = 'condition' and"
        + WHOLE_CELL.format(band="w5_7")
        + " order by visit"
    ).fetchall()
    assert due == [("BASELINE", 244), ("EOP", 244), ("WEEK3", 244)]


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
