"""The persistence curve against a published table and an independent implementation."""

import json
import os
import random
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from adherence_world import World, find_adherence_files

from flows.steps.sql_files import build_table

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))
# Freireich 1963, 6-MP arm: weeks in remission, 1 = relapse.
FREIREICH = [
    (6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1),
    (17, 0), (19, 0), (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0),
]  # fmt: skip
STRATA = ("adherence_stratum", "adherence_member", "adherence_cell")
MARTS = ("persistence_curve", "persistence_week", "mart_persistence")


@pytest.fixture(scope="module")
def world() -> World:
    """One built world, whose enrolments only lend their cell to the courses of a test."""
    made = World()
    for _ in range(2):
        made.enrol()
    return made.build()


def curve_of(world: World, courses: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """The curve of given (time, event) pairs, in the cell of everybody."""
    connection: duckdb.DuckDBPyConnection = world.connection
    connection.execute("create or replace temp table course (km_time integer, km_event integer)")
    connection.executemany("insert into course values (?, ?)", courses)
    connection.execute(
        "create or replace table facts.fct_adherence_figure as"
        " select * replace (course.km_time as km_time, course.km_event as km_event)"
        " from (select * exclude (km_time, km_event), null as km_time, null as km_event"
        "       from facts.fct_adherence_figure limit 1) cross join course"
    )
    for file in find_adherence_files():
        if file.path.stem in MARTS:
            build_table(connection, file)
    return world.read(
        "select * from marts.mart_persistence where level = 'all' and duration_band = 'all'"
        " and curve = 'from_prescription' and modality = 'all' and arm = 'all'"
        " and setting = 'all' and clinic_id = 'all' order by day"
    )


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.exists(), reason="the shared reference numbers are not here")
def test_freireich_equals_the_published_table(world: World) -> None:
    reference = json.loads((SHARED / "vectors" / "reference_stats.json").read_text("utf-8"))
    published = reference["freireich_6mp"]
    steps = {row["day"]: row for row in curve_of(world, FREIREICH)}
    for week in ("6", "7", "10", "13", "16", "22", "23"):
        assert steps[int(week)]["persistence"] == pytest.approx(published[week], abs=1e-4)
    limits = (steps[10]["persistence_ci_lo"], steps[10]["persistence_ci_hi"])
    assert limits == pytest.approx(published["ci_at_10"], abs=1e-9)
    assert (steps[10]["n_at_risk"], steps[10]["n_event"], steps[10]["n_censored"]) == (15, 1, 1)
    (median,) = world.read(
        "select distinct median_persistence_days as m from staging.persistence_week"
    )
    assert median["m"] == published["median"]


N_WORLDS = 200


def random_courses(seed: int) -> list[tuple[int, int]]:
    """(time, event) pairs of one world: few or many people, mostly stopping or mostly staying, with ties."""
    dice = random.Random(seed)
    n, last_day, share = dice.randint(1, 60), dice.choice((5, 40, 200)), dice.random()
    return [(dice.randint(0, last_day), int(dice.random() < share)) for _ in range(n)]


def curves_of_worlds(world: World) -> dict[int, list[dict[str, Any]]]:
    """The curves of all worlds, each a pathway (arm) of its own, built at once."""
    connection = world.connection
    rows = [(seed, *course) for seed in range(N_WORLDS) for course in random_courses(seed)]
    connection.execute(
        "create or replace temp table course (arm integer, km_time integer, km_event integer)"
    )
    connection.register(
        "course_in", pl.DataFrame(rows, schema=["arm", "time", "event"], orient="row").to_arrow()
    )
    connection.execute("insert into course select * from course_in")
    connection.execute(
        "create or replace temp table numbered as"
        " select *, (row_number() over ())::integer as n from course"
    )
    connection.execute(
        "create or replace table facts.fct_adherence_figure as"
        " select a.* replace (c.n as enrolment_no, c.km_time as km_time, c.km_event as km_event)"
        " from (select * from facts.fct_adherence_figure limit 1) as a cross join numbered as c"
    )
    connection.execute(
        "create or replace table facts.fct_enrolment as"
        " select e.* replace (c.n as enrolment_no, concat('arm ', c.arm) as arm)"
        " from (select * from facts.fct_enrolment limit 1) as e cross join numbered as c"
    )
    for file in find_adherence_files():
        if file.path.stem in (*STRATA, *MARTS):
            build_table(connection, file)
    found: dict[int, list[dict[str, Any]]] = {}
    steps = world.read(
        "select * from marts.mart_persistence where level = 'all' and duration_band = 'all'"
        " and curve = 'from_prescription' and arm <> 'all' order by arm, day"
    )
    for row in steps:
        found.setdefault(int(row["arm"].removeprefix("arm ")), []).append(row)
    return found


def test_lifelines_agrees_on_200_random_worlds() -> None:
    lifelines = pytest.importorskip("lifelines")
    made = World()
    made.enrol()
    curves = curves_of_worlds(made.build())
    assert len(curves) == N_WORLDS
    for seed, steps in curves.items():
        fitter = lifelines.KaplanMeierFitter().fit(*zip(*random_courses(seed), strict=True))
        days = [row["day"] for row in steps]
        expected = fitter.survival_function_at_times(days)
        assert [row["persistence"] for row in steps] == pytest.approx(list(expected), abs=1e-9)
        interval = fitter.confidence_interval_survival_function_.loc[days].to_numpy()
        for row, limits in zip(steps, interval, strict=True):
            # At 1 and at 0 the interval on the log-log scale has no meaning: we say nothing there.
            if row["persistence_ci_lo"] is not None:
                ours = (row["persistence_ci_lo"], row["persistence_ci_hi"])
                assert ours == pytest.approx(tuple(limits), abs=1e-9)


def test_the_curve_is_read_at_the_end_of_weeks_and_only_while_people_are_followed(
    world: World,
) -> None:
    curve_of(world, [(0, 1), (7, 1), (14, 0), (28, 0)])
    (row,) = world.read("select distinct * exclude (cell_no) from staging.persistence_week")
    assert (row["persist_w1"], row["persist_w1_n_at_risk"]) == (pytest.approx(0.5), 3)
    assert (row["persist_w4"], row["persist_w4_n_at_risk"]) == (pytest.approx(0.5), 1)
    assert (row["persist_w8"], row["persist_w8_n_at_risk"]) == (None, 0)
    assert row["median_persistence_days"] == 7


def test_a_curve_that_reached_zero_stays_there(world: World) -> None:
    steps = curve_of(world, [(0, 1), (5, 1)])
    assert [row["persistence"] for row in steps] == [pytest.approx(0.5), 0.0]
    assert (steps[1]["persistence_ci_lo"], steps[1]["persistence_ci_hi"]) == (None, None)
    (row,) = world.read("select distinct persist_w12 from staging.persistence_week")
    assert row["persist_w12"] == 0.0


def test_initiators_have_a_curve_from_their_first_day() -> None:
    world = World()
    world.log(world.enrol(), 6, 8)
    world.enrol()
    world.build()
    rows = world.read("select distinct curve, day, n_at_start, n_event from marts.mart_persistence")
    assert sorted(tuple(row.values()) for row in rows) == [
        ("from_first_session", 3, 1, 1),
        ("from_prescription", 0, 2, 1),
        ("from_prescription", 8, 2, 1),
    ]
