"""What is pooled with what: clinics with enough people, one score each, people once, modalities apart."""

import numpy as np
import polars as pl
import pytest

from flows.steps.infer_evidence import Rules, cohorts, pools
from tests.spec.evidence_pairs import VAS, Cohorts

RULES = Rules(level=0.95, pool_from=11, few_below=5)


def spread(mean: float, n: int, sd: float = 1.0) -> list[float]:
    """n changes with exactly this mean and standard deviation."""
    z = np.linspace(-1, 1, n)
    return list(mean + sd * z / z.std(ddof=1))


def pool(world: Cohorts, level: str = "condition", duration: str = "band") -> list[dict]:
    found = cohorts(world.pairs(), level, duration)
    return pools(found, RULES).sort("condition", "duration_band", "modality").to_dicts()


def test_three_clinics_as_published() -> None:
    """The worked example of the specification: y = 1.8, 0.9, 1.4 with v = 0.04, 0.09, 0.0625."""
    world = Cohorts()
    for clinic, y, v in (("a", 1.8, 0.04), ("b", 0.9, 0.09), ("c", 1.4, 0.0625)):
        world.add(clinic, spread(y, 25, np.sqrt(25 * v)))
    [row] = pool(world)
    assert (row["dl_mean"], row["dl_tau2"], row["q"]) == pytest.approx(
        (1.404367241195912, 0.13396103896103898, 6.3987206823027725), abs=1e-9
    )
    assert (row["k_clinics"], row["pool_state"], row["effect"]) == (3, "few_clinics", "points")
    assert row["loo_mean_min"] < row["pooled_mean"] < row["loo_mean_max"]


def test_one_clinic_is_no_pool_and_two_leave_no_clinic_out() -> None:
    world = Cohorts()
    world.add("a", spread(1, 20))
    [alone] = pool(world)
    assert (alone["k_clinics"], alone["pool_state"]) == (1, "not_pooled")
    assert np.isnan(alone["pooled_mean"])
    world.add("b", spread(2, 20))
    [two] = pool(world)
    assert (two["k_clinics"], two["pool_state"]) == (2, "few_clinics")
    assert two["pooled_mean"] == pytest.approx(1.5)
    # Without one of two clinics the other one would stand there by itself.
    assert np.isnan(two["loo_mean_min"]) and np.isnan(two["prediction_lo"])


def test_a_small_clinic_and_one_without_spread_stay_out_and_are_counted() -> None:
    world = Cohorts()
    for clinic in "abcde":
        world.add(clinic, spread(1, 12))
    world.add("small", spread(9, 10))
    world.add("same", [1.0] * 20)
    [row] = pool(world)
    assert (row["k_clinics"], row["k_left_out"], row["n_persons"]) == (5, 2, 60)
    assert (row["pool_state"], row["pooled_mean"]) == ("pooled", pytest.approx(1.0))


def test_modalities_are_never_pooled_together() -> None:
    world = Cohorts()
    for clinic in "ab":
        world.add(clinic, spread(1, 20))
        world.add(clinic, spread(5, 20), modality="self_massage_adjunct")
    adjunct, only = pool(world, "all", "all")
    assert (only["modality"], only["pooled_mean"]) == ("self_massage_only", pytest.approx(1))
    assert (adjunct["modality"], adjunct["pooled_mean"]) == (
        "self_massage_adjunct",
        pytest.approx(5),
    )


def test_a_person_in_two_programmes_counts_once_with_the_first() -> None:
    world = Cohorts()
    people = world.add("a", spread(1, 20))
    world.add("b", spread(1, 20))
    world.add("a", spread(9, 20), band="w8_12", persons=people, days_later=60)
    [row] = pool(world, "condition", "all")
    assert (row["n_persons"], row["pooled_mean"]) == (40, pytest.approx(1))
    # The wrong variant: enrolments as people. The clinic's mean would move by the second programmes.
    wrong = Cohorts()
    wrong.add("a", [*spread(1, 20), *spread(9, 20)])
    wrong.add("b", spread(1, 20))
    [moved] = pool(wrong, "condition", "all")
    assert moved["n_persons"] == 60 and abs(moved["pooled_mean"] - 1) > 0.1


def test_several_scores_are_standardised_and_one_clinic_speaks_with_one() -> None:
    world = Cohorts()
    people = world.add("a", spread(2, 20))
    world.add(
        "a", spread(20, 20, 10), score=VAS, persons=people, base=[50 + 5.0 * i for i in range(20)]
    )
    world.add("b", spread(20, 20, 10), score=VAS, base=[50 + 5.0 * i for i in range(20)])
    [row] = pool(world)
    assert (row["k_clinics"], row["n_persons"]) == (2, 40)
    assert (row["effect"], row["instrument"]) == ("smcr", "several")
    # The scale of the questionnaire is gone: ten times the points, and no effect ten times as large.
    assert 0 < row["pooled_mean"] < 3


def test_the_first_declared_score_with_enough_people_speaks() -> None:
    world = Cohorts()
    world.add("a", spread(2, 10))
    world.add("a", spread(20, 15, 10), score=VAS, base=[50 + 5.0 * i for i in range(15)])
    world.add("b", spread(30, 15, 10), score=VAS, base=[50 + 5.0 * i for i in range(15)])
    [row] = pool(world)
    assert (row["instrument"], row["effect"], row["pooled_mean"]) == (
        "vas_pain", "points", pytest.approx(25),
    )  # fmt: skip


def test_what_a_clinics_own_row_would_tell_apart_is_named() -> None:
    """mart_outcome shows each clinic over all modalities: here three people of `a` would stand apart."""
    world = Cohorts()
    for clinic in "ab":
        world.add(clinic, spread(1, 20))
    world.add("a", spread(5, 3), modality="self_massage_adjunct")
    only = pool(world)[-1]
    assert (only["n_persons"], only["n_apart"], only["n_unused"]) == (40, 3, 3)
    for clinic in "cde":
        world.add(clinic, spread(1, 20))
    only = pool(world)[-1]
    # Of five clinics no single one can be solved for any more; that three pairs are missing still shows.
    assert (only["k_clinics"], only["n_apart"], only["n_unused"]) == (5, 20, 3)


def test_the_order_of_rows_changes_no_bit() -> None:
    world = Cohorts()
    for number, clinic in enumerate("abcd"):
        world.add(clinic, list(np.round(spread(1 + number / 3, 17), 3)))
    again = Cohorts()
    again.rows = world.rows[::-1]
    first, second = (pl.DataFrame(pool(w, "all", "all")) for w in (world, again))
    assert first.equals(second)
