"""The outcome mart: cells, denominators, moments, intervals (clinical.md 1.8, 4.3, 4.6)."""

import random
import statistics
from datetime import timedelta

import pytest
from outcome_world import START, World


def world_of(pairs: list[tuple[float | None, float | None]], **plan: object) -> World:
    """One person per (baseline, end of a 4-week programme)."""
    world = World()
    for n, (base, aval) in enumerate(pairs):
        world.enrol(f"p{n}", **plan)
        if base is not None:
            world.answer(base, -1, person=f"p{n}")
        if aval is not None:
            world.answer(aval, 29, person=f"p{n}")
    return world


def test_means_are_over_the_pairs_and_visit_means_over_all() -> None:
    world = world_of([(8, 4), (6, 5), (7, None), (None, 9)]).build()
    assert world.cell("EOP", "n_visit, visit_mean, n_pair, baseline_mean, followup_mean") == (
        3, 6.0, 2, 7.0, 4.5,
    )  # fmt: skip
    assert world.cell("EOP", "improve_mean, improve_sd, change_mean") == (
        2.5, pytest.approx(statistics.stdev([4, 1]), abs=1e-12), -2.5,
    )  # fmt: skip
    assert world.cell("BASELINE", "n_visit, visit_mean, n_pair, improve_mean") == (3, 7.0, 0, None)


def test_one_pair_has_a_mean_and_neither_sd_nor_interval() -> None:
    world = world_of([(8, 4)]).build()
    columns = "n_pair, improve_mean, improve_sd, improve_ci_lo, change_ci_hi, r_pre_post"
    assert world.cell("EOP", columns) == (1, 4.0, None, None, None, None)


def test_the_three_denominators_of_a_responder_add_up() -> None:
    world = world_of([(8, 4), (6, 5), (1, 0), (7, None), (None, 2)]).build()
    assert world.cell("EOP", "n_pair, n_due, n_eligible_resp, completeness_pct") == (3, 5, 2, 60.0)
    assert world.cell(
        "EOP", "n_resp_mic_pair, n_resp_mic_due, n_resp_mic_eligible, n_resp_r30_eligible"
    ) == (1, 1, 1, 1)
    assert world.cell("EOP", "pct_resp_mic_pair, pct_resp_mic_due, pct_resp_mic_eligible") == (
        pytest.approx(100 / 3), 20.0, 50.0,
    )  # fmt: skip
    low, high = world.cell("EOP", "pct_resp_mic_due_ci_lo, pct_resp_mic_due_ci_hi")
    assert (low, high) == pytest.approx((3.62241, 62.44654), abs=1e-5)


def test_who_answers_before_the_window_has_closed_is_a_pair_but_not_due() -> None:
    world = World(as_of=START + timedelta(days=30))
    for person in ("a", "b"):
        world.enrol(person)
        world.answer(8, -1, person=person)
        world.answer(4, 29, person=person)
    world.enrol("c", start=START - timedelta(days=60))
    world.build()
    assert world.cell("EOP", "n_due, n_pair, n_pair_due, completeness_pct, n_resp_mic_due") == (
        1, 2, 0, 0.0, 0,
    )  # fmt: skip


def test_a_visit_is_due_for_those_whose_clinic_asks_this_score_for_their_condition() -> None:
    world = World()
    world.enrol("a")
    world.enrol("b")
    world.enrol("neck", condition="neck_pain", condition_group="spine_pain")
    world.answer(8, -1, person="a")
    world.build()
    assert world.cell("EOP", "n_enrolled, n_due, n_visit, completeness_pct") == (3, 2, 0, 0.0)
    assert world.rows("select count(*) from marts.mart_outcome where visit = 'WK4'") == [(0,)]
    assert world.rows("select count(*) from marts.mart_outcome where condition = 'neck_pain'") == [
        (0,)
    ]


def test_a_label_is_due_for_everyone_enrolled_in_the_clinic() -> None:
    world = World()
    for person, last in (("a", 4), ("b", None)):
        world.enrol(person, weeks=None, start=None)
        world.answer(8, person=person, label="BASELINE")
        if last is not None:
            world.answer(last, person=person, label="EOP")
    world.build()
    assert world.cell("EOP", "n_due, n_pair, completeness_pct, n_label") == (2, 1, 50.0, 1)


def test_every_enrolment_falls_into_one_cell_of_each_kind() -> None:
    world = World()
    world.enrol("a", arm="x")
    world.enrol("b", arm="y", weeks=8)
    world.enrol("b", condition="neck_pain", condition_group="spine_pain", start=START)
    for person in ("a", "b"):
        world.answer(7, -1, person=person)
    world.build()
    kinds = world.rows(
        "select level, sum(n_enrolled) from marts.mart_outcome where visit = 'BASELINE'"
        " and modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'all'"
        " and duration_band = 'all' group by level order by level"
    )
    assert kinds == [("all", 3), ("condition", 3), ("group", 3)]
    assert world.cell("BASELINE", "n_enrolled, n_persons") == (3, 2)
    arm = "level = 'condition' and condition = 'knee_oa' and duration_band = 'all' and arm = 'y'"
    assert world.cell("BASELINE", "n_enrolled, n_visit, visit_mean", arm) == (1, 1, 7.0)


def test_shares_without_a_meaning_are_null_and_true_zeros_are_zero() -> None:
    world = World()
    world.instrument("promis", top=80)
    world.enrol()
    world.answer(60, -1, instrument="promis")
    world.answer(50, 29, instrument="promis")
    world.build()
    columns = (
        "n_resp_mic_due, pct_resp_mic_due, n_resp_r30_due, pct_resp_r30_due_ci_lo, n_worse_mic"
    )
    assert world.cell("EOP", columns, instrument="promis") == (None,) * 5
    plain = world_of([(8, 8)]).build()
    assert plain.cell("EOP", "n_resp_mic_due, pct_resp_mic_due, pct_resp_mic_due_ci_lo") == (
        0,
        0,
        0,
    )
    assert plain.cell("BASELINE", "n_resp_mic_due, pct_resp_mic_due_ci_hi") == (None, None)


def test_row_order_and_threads_change_no_bit() -> None:
    rng = random.Random(7)
    pairs = [(round(rng.uniform(3, 10), 3), round(rng.uniform(0, 9), 3)) for _ in range(300)]
    marts = []
    for threads, is_shuffled in ((1, False), (2, True)):
        world = world_of(pairs)
        world.connection.execute(f"set threads = {threads}")
        if is_shuffled:
            for table in ("staging.enrolment", "staging.response", "facts.fct_score"):
                world.connection.execute(
                    f"create or replace table {table} as select t.* from {table} as t order by hash(t)"
                )
        world.build()
        marts.append(world.rows("select * from marts.mart_outcome order by all"))
    assert marts[0] == marts[1]


def test_complete_cases_are_never_shown_as_everyone() -> None:
    """Attack 14: without the worst half the mean looks better, and completeness says so."""
    everyone = [(8.0, float(n % 9)) for n in range(40)]
    stayed = [(base, aval if aval < 4 else None) for base, aval in everyone]
    full, part = world_of(everyone).build(), world_of(stayed).build()
    assert part.cell("EOP", "improve_mean") > full.cell("EOP", "improve_mean")
    assert part.cell("EOP", "completeness_pct")[0] < 60 < full.cell("EOP", "completeness_pct")[0]
    assert part.cell("EOP", "pct_resp_mic_due") <= full.cell("EOP", "pct_resp_mic_due")
