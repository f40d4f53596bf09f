"""The marts of adherence on worlds whose figures can be worked out by hand."""

import random
from typing import Any

import pytest
from adherence_world import Version, World, day
from scipy.stats import binomtest

CELL = ("level", "condition", "duration_band", "modality", "arm", "setting", "clinic_id")


def cell_of(world: World, mart: str, where: str = "", **cell: str) -> dict[str, Any]:
    """The one row of a cell; what is not named is not split by."""
    cell = {"level": "all", "condition": "all"} | cell
    named = " and ".join(f"{name} = '{cell.get(name, 'all')}'" for name in CELL)
    (row,) = world.read(f"select * from marts.{mart} where {named} {where}")
    return row


def small_world() -> World:
    """Adherence 1, 0.5, 0.25 and 0 of four weeks; one too early; one single session, done."""
    world = World(as_of_day=60)
    full = [1, 3, 5, 8, 10, 12, 15, 17, 19, 22, 24, 26]
    first = world.enrol()
    world.log(first, *full)
    world.log(world.enrol(modality="self_massage_adjunct"), *full[:6])
    world.log(world.enrol(condition="knee_oa", condition_group="arthritis"), *full[:3], minutes=30)
    world.enrol(arm="app")
    world.enrol(starts=58, person=first)
    world.log(world.enrol(None, [Version(1, None, 20)], plan="single_session"), 2)
    return world


def test_counts_means_and_rates_of_the_margin_leave_single_sessions_out() -> None:
    row = cell_of(small_world().build(), "mart_adherence")
    assert [row[n] for n in ("n_enrolled", "n_persons", "n_single_excluded")] == [6, 5, 1]
    assert [row[n] for n in ("n_evaluable", "n_finished", "n_running")] == [4, 4, 1]
    assert (row["n_initiated"], row["n_initiation_evaluable"], row["pct_initiated"]) == (3, 4, 75)
    quartiles = [row[f"adherence_capped_{q}"] for q in ("mean", "median", "q1", "q3")]
    assert quartiles == pytest.approx([0.4375, 0.375, 0.1875, 0.625], abs=1e-12)
    assert (row["sessions_capped_sum"], row["sessions_expected_sum"]) == (21, 48)
    assert row["adherence_pooled"] == pytest.approx(21 / 48)
    assert row["minutes_adherence_mean"] == pytest.approx(0.4375)
    assert (row["n_adherent80"], row["n_adherent80_evaluable"], row["pct_adherent80"]) == (1, 4, 25)
    wilson = binomtest(1, 4).proportion_ci(method="wilson")
    limits = (row["pct_adherent80_ci_lo"], row["pct_adherent80_ci_hi"])
    assert limits == pytest.approx((100 * wilson.low, 100 * wilson.high), abs=1e-9)
    assert (row["dose_minutes_median"], row["n_dose"]) == (90, 5)
    assert (row["over_adherent_pct"], row["weeks_matured_sum"]) == (0, 16)
    assert (row["suppressed"], row["suppression_reason"], row["release_id"]) == (False, None, "r1")
    assert row["as_of_date"] == day(60)


def test_single_sessions_have_a_band_of_their_own() -> None:
    row = cell_of(small_world().build(), "mart_adherence", duration_band="single")
    assert (row["n_enrolled"], row["adherence_capped_mean"], row["n_adherent80"]) == (1, 1.0, 1)
    assert (row["n_persistence"], row["persist_w1"]) == (0, None)


def test_every_level_and_split_is_there_once() -> None:
    world = small_world().build()
    split = cell_of(world, "mart_adherence", modality="self_massage_adjunct")
    group = cell_of(
        world, "mart_adherence", level="group", condition="arthritis", duration_band="w4"
    )
    assert (split["n_enrolled"], group["n_enrolled"], group["adherence_capped_mean"]) == (
        1,
        1,
        0.25,
    )
    assert cell_of(world, "mart_adherence", clinic_id="riverside")["n_enrolled"] == 6
    for mart, more in (
        ("adherence", ""),
        ("adherence_week", ", programme_week"),
        ("persistence", ", curve, day"),
    ):
        key = ", ".join(CELL) + more
        query = f"select {key}, count(*) as n from marts.mart_{mart} group by all having n > 1"
        assert world.read(query) == []


def test_weekly_means_keep_those_who_stopped() -> None:
    world = World()
    for person in range(4):
        key = world.enrol()
        weeks = range(4) if person < 2 else range(1)
        world.log(key, *[7 * week + offset for week in weeks for offset in (1, 3, 5)])
    world.build()
    last = cell_of(world, "mart_adherence_week", "and programme_week = 4")
    assert (last["n_at_risk"], last["n_meeting_week"], last["n_active"]) == (4, 2, 2)
    assert (last["pct_meeting_week"], last["mean_sessions"], last["mean_due"]) == (50, 1.5, 3)
    assert (last["adherence_capped_mean"], last["adherence_pooled"]) == (0.5, 0.5)


def test_a_week_without_a_denominator_is_null_and_says_who_is_left_out() -> None:
    world = World(as_of_day=3)
    world.log(world.enrol(), 1, 2)
    row = cell_of(world.build(), "mart_adherence_week")
    assert (row["n_begun"], row["n_at_risk"], row["n_running"]) == (1, 0, 1)
    names = (
        "pct_meeting_week",
        "pct_meeting_week_ci_lo",
        "pct_meeting_week_ci_hi",
        "mean_sessions",
    )
    assert [row[name] for name in names] == [None] * 4
    cell = cell_of(world, "mart_adherence")
    names = ("pct_adherent80", "pct_adherent80_ci_lo", "pct_adherent80_ci_hi", "adherence_pooled")
    assert [cell[name] for name in names] == [None] * 4


def awkward_world() -> World:
    """Many people whose adherence is a third, a seventh, an eleventh: doubles that add up differently."""
    dice = random.Random(7)
    world = World(as_of_day=90)
    for _ in range(120):
        weeks, per_week = dice.choice([3, 7, 11]), dice.choice([1, 3, 7])
        person = world.enrol(weeks, [Version(1, per_week, 13)])
        days = sorted(dice.sample(range(1, 7 * weeks), dice.randint(0, 2 * weeks)))
        world.log(person, *days, minutes=dice.choice([12.3, 7.7, 14.1]))
    return world


def test_the_order_of_rows_and_the_number_of_threads_change_nothing() -> None:
    def marts(threads: int, seed: int) -> dict[str, list[dict[str, Any]]]:
        world = awkward_world()
        random.Random(seed).shuffle(world.sessions)
        random.Random(seed).shuffle(world.enrolments)
        world.connection.execute(f"set threads = {threads}")
        world.build()
        names = ("mart_adherence", "mart_adherence_week", "mart_persistence")
        return {name: world.read(f"select * from marts.{name} order by all") for name in names}

    first = marts(1, 1)
    for threads, seed in ((4, 2), (2, 3)):
        assert marts(threads, seed) == first


def test_shifting_all_dates_by_whole_weeks_changes_nothing() -> None:
    def adherence(shift: int) -> list[dict[str, Any]]:
        world = World(as_of_day=60 + shift)
        person = world.enrol(starts=1 + shift)
        world.log(person, *[number + shift for number in (1, 4, 9, 30)])
        world.build()
        return world.read("select * exclude (as_of_date) from facts.fct_adherence")

    assert adherence(0) == adherence(7 * 52)
