"""What a reviewer would attack in adherence (clinical.md 6: 1, 2, 6, 15, 18), through exports and one run.

Each attack is then built again with its mistake planted in the SQL, and the same check must notice.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attack_clinics import START, Warehouse, cell, denominators, immortal, restarts, survivors

from tests.exports import read, run
from tests.variants import Change, build_only, change_sql, replacing, wrapping

Wrong = Callable[..., Warehouse]
MARTS = "marts.mart_adherence"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the clinics below one folder."""
    folder = tmp_path_factory.mktemp("attacks")
    for clinic in (immortal(), denominators(), survivors(), restarts()):
        clinic.write(folder)
    return folder


@pytest.fixture(scope="module")
def published(data: Path) -> Iterator[Warehouse]:
    """The one run over them."""
    with run(data) as connection:
        yield connection


@pytest.fixture
def wrong(
    data: Path, published: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Wrong:
    """Builds what a table rests on from the exports of the run, with one SQL file changed."""

    def build(name: str, change: Change, *targets: str) -> Warehouse:
        change_sql(monkeypatch, tmp_path, name, change)
        return build_only(data, tmp_path, *targets)

    return build


# 1: immortal time


def check_no_trend_by_band(warehouse: Warehouse) -> None:
    """The plan does not tell who lasts: every band has the same adherence."""
    rows = read(
        warehouse,
        "select duration_band, adherence_capped_mean as mean, n_enrolled from marts.mart_adherence where level = 'all'"
        " and modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'immortal' and duration_band <> 'all'",
    )
    assert sum(row["n_enrolled"] for row in rows) == 1992
    assert {round(row["mean"], 12) for row in rows} == {0.625}


def test_bands_by_prescription_know_nothing_of_who_lasted(
    published: Warehouse, wrong: Wrong
) -> None:
    check_no_trend_by_band(published)
    pain = read(
        published,
        "select distinct change_mean from marts.mart_outcome where clinic_id = 'immortal' and visit = 'WK4' and n_pair > 0",
    )
    assert [row["change_mean"] for row in pain] == [0.0]
    by_observed = """from (
        select enrolment.* replace (case when lasted.observed_duration_weeks <= 3 then 'w1_3'
            when lasted.observed_duration_weeks <= 7 then 'w4' else 'w8_12' end as duration_band)
        from facts.fct_enrolment as enrolment
        join staging.adherence_amount as lasted on lasted.enrolment_no = enrolment.enrolment_no)"""
    change = replacing("from facts.fct_enrolment", by_observed)
    broken = wrong("staging/adherence_stratum", change, MARTS)
    with pytest.raises(AssertionError):
        check_no_trend_by_band(broken)


# 2: denominators


def check_everyone_enrolled_counts(warehouse: Warehouse) -> None:
    row = cell(warehouse, "mart_adherence", "denominators")
    assert (row["n_enrolled"], row["n_evaluable"], row["n_initiated"]) == (3, 3, 2)
    assert row["adherence_capped_mean"] == pytest.approx((1 + 0 + 5 / 6) / 3)


def check_only_matured_weeks_are_due(warehouse: Warehouse) -> None:
    (row,) = read(warehouse, "select * from facts.fct_adherence where enrolment_id = 'running'")
    assert (row["expected_to_date"], row["sessions_to_date"], row["adherent80"]) == (6, 5, True)
    assert row["adherence_capped"] == pytest.approx(5 / 6)


def test_whoever_never_logged_is_in_the_denominator(published: Warehouse, wrong: Wrong) -> None:
    check_everyone_enrolled_counts(published)
    loggers = "from (select * from facts.fct_adherence where sessions_logged > 0) as adherence"
    change = replacing("from facts.fct_adherence as adherence", loggers)
    broken = wrong("staging/adherence_cell_count", change, MARTS)
    with pytest.raises(AssertionError):
        check_everyone_enrolled_counts(broken)


def test_running_programmes_are_not_judged_by_the_whole_plan(
    published: Warehouse, wrong: Wrong
) -> None:
    check_only_matured_weeks_are_due(published)
    right = "cast(capped_7 as double) / cast(expected_7 as double)"
    whole = "cast(capped_7 as double) / (select 7.0 * max(prescribed_total) from staging.adherence_plan)"
    broken = wrong("staging/adherence_amount", replacing(right, whole), "facts.fct_adherence")
    with pytest.raises(AssertionError):
        check_only_matured_weeks_are_due(broken)


def test_the_day_of_the_run_is_no_as_of_date(
    data: Path, published: Warehouse, tmp_path: Path
) -> None:
    """Thirty days later the same exports say the same; a pipeline that asks the clock would not."""
    late = START + timedelta(days=90)
    broken = build_only(data, tmp_path, "facts.fct_adherence", as_of=late)
    with pytest.raises(AssertionError):
        check_only_matured_weeks_are_due(broken)


# 6: survivors


def check_week_four_is_a_half(warehouse: Warehouse) -> None:
    weeks = [
        cell(warehouse, "mart_adherence_week", "survivors", f"and programme_week = {week}")
        for week in (1, 2, 3, 4)
    ]
    assert [row["adherence_capped_mean"] for row in weeks] == [1.0, 0.5, 0.5, 0.5]
    assert [row["n_at_risk"] for row in weeks] == [8, 8, 8, 8]


def test_the_weekly_mean_keeps_those_who_stopped(published: Warehouse, wrong: Wrong) -> None:
    check_week_four_is_a_half(published)
    survivors_only = "from (select * from facts.fct_enrolment_week where active_days > 0)"
    change = replacing("from facts.fct_enrolment_week", survivors_only)
    broken = wrong("staging/adherence_week_count", change, "marts.mart_adherence_week")
    with pytest.raises(AssertionError):
        check_week_four_is_a_half(broken)


# 15: one person is one person


def check_one_person_in_two_bands(warehouse: Warehouse) -> None:
    whole = cell(warehouse, "mart_adherence", "restarts")
    bands = [
        cell(warehouse, "mart_adherence", "restarts", duration_band=band)
        for band in ("w4", "w8_12")
    ]
    assert (whole["n_enrolled"], whole["n_persons"]) == (2, 1)
    assert [(row["n_enrolled"], row["n_persons"]) for row in bands] == [(1, 1), (1, 1)]


def test_a_person_in_two_bands_is_one_person_in_all(published: Warehouse, wrong: Wrong) -> None:
    check_one_person_in_two_bands(published)
    query = (
        "select n_persons, n_enrolled from marts.mart_outcome where clinic_id = 'restarts' and level = 'all'"
        " and duration_band = 'all' and visit = 'BASELINE'"
    )
    assert {tuple(row.values()) for row in read(published, query)} == {(1, 2)}
    people = replacing("member.n_of_person = 1", "true")
    several = replacing("member.n_of_person > 1", "false")
    broken = wrong("staging/adherence_cell_spread", lambda text: several(people(text)), MARTS)
    with pytest.raises(AssertionError):
        check_one_person_in_two_bands(broken)


# 18: restarts and overlaps


def check_each_session_is_in_one_numerator(warehouse: Warehouse) -> None:
    (logged,) = read(
        warehouse,
        "select count(*) as n, count(distinct (file_key, line)) as n_lines, count(*) filter (where is_counted) as n_counted"
        " from facts.fct_session where clinic_id = 'restarts'",
    )
    assert (logged["n"], logged["n_lines"]) == (10, 10)
    (weeks,) = read(
        warehouse,
        "select sum(sessions) as n from facts.fct_enrolment_week where clinic_id = 'restarts'",
    )
    assert weeks["n"] == logged["n_counted"] == 9


def test_a_session_counts_for_one_programme(published: Warehouse, wrong: Wrong) -> None:
    check_each_session_is_in_one_numerator(published)
    by_person = """
        select week.* replace (cast(coalesce(done.n, 0) as integer) as sessions)
        from {right} as week
        left join (
            select
                plan.enrolment_no,
                (own.start_date + session.ady - 1 - plan.start_date) // 7 + 1 as programme_week,
                count(*) as n
            from facts.fct_session as session
            join staging.adherence_plan as own on own.enrolment_no = session.enrolment_no
            join staging.adherence_plan as plan on plan.participant_key = own.participant_key
            where session.is_counted
            group by all
        ) as done on done.enrolment_no = week.enrolment_no and done.programme_week = week.programme_week"""
    targets = ("facts.fct_enrolment_week", "facts.fct_session")
    broken = wrong("facts/fct_enrolment_week", wrapping(by_person), *targets)
    with pytest.raises(AssertionError):
        check_each_session_is_in_one_numerator(broken)
