"""Counting significant results: which cohorts vote, what family their tests are, what stands beside the count."""

import numpy as np
import pytest

from flows.stats.multiplicity import holm
from flows.steps.infer_votes import published_reference, units, votes
from tests.spec.evidence_pairs import Cohorts
from tests.spec.test_evidence_pool import spread


def count(world: Cohorts, level: str = "all", duration: str = "all") -> dict:
    of_units = units(world.pairs(), test_from=20, t_from=30)
    [row] = votes(of_units, level, duration, 0.95).to_dicts()
    return row


def seven_of_eleven() -> Cohorts:
    world = Cohorts()
    for number in range(7):
        world.add(f"clinic-{number}", spread(2, 25))
    for number in range(7, 10):
        world.add(f"clinic-{number}", spread(0.05, 25))
    world.add("clinic-10", spread(-2, 25))
    world.add("clinic-11", spread(5, 19))
    return world


def test_k_of_k_with_its_companions() -> None:
    row = count(seven_of_eleven())
    assert (row["k_units"], row["k_improved_sig"], row["k_worse_sig"]) == (11, 7, 1)
    assert (row["k_insufficient"], row["n_smallest_unit"]) == (1, 25)
    assert (row["pct_improved_sig_ci_lo"], row["pct_improved_sig_ci_hi"]) == pytest.approx(
        (35.380117450784887, 84.83352890463243)
    )
    assert (row["pct_improved_sig_exact_lo"], row["pct_improved_sig_exact_hi"]) == pytest.approx(
        (30.790471501167715, 89.07365561809019)
    )
    assert (row["k_direction"], row["k_other_direction"]) == (10, 1)
    assert row["sign_test_p"] == pytest.approx(2 * 12 / 2**11)


def test_the_reviews_count_stands_apart() -> None:
    [row] = published_reference(11, 7, 0.95).to_dicts()
    assert (row["source"], row["k_units"], row["k_improved_sig"]) == ("published_reference", 11, 7)
    assert row["sign_test_p"] == pytest.approx(0.548828125)
    assert (row["family_m"], row["k_worse_sig"]) == (None, None)


def test_all_cohorts_of_all_margins_are_one_family() -> None:
    """Margins count the same tests again; their number is that of the cohorts, whatever is looked at."""
    world = Cohorts()
    for number in range(30):
        changes = spread(0.55, 25) if number == 0 else spread(0, 25)
        world.add(f"clinic-{number}", changes, condition=("knee_oa", "neck_pain")[number % 2])
    of_units = units(world.pairs(), 20, 30)
    assert sorted(holm(of_units["p"].to_numpy())) == sorted(of_units["p_holm"])
    for kind in (("all", "all"), ("condition", "band")):
        found = votes(of_units, *kind, 0.95)
        assert set(found["family_m"]) == {30}
        assert found["k_improved_sig"].sum() == 0
    # The wrong variant: a family of the cohorts on the screen. Alone, that one cohort would have won.
    alone = Cohorts()
    alone.add("clinic-0", spread(0.55, 25))
    assert count(alone)["k_improved_sig"] == 1


def test_other_modalities_have_no_vote_and_people_vote_once() -> None:
    world = Cohorts()
    people = world.add("a", spread(2, 19))
    world.add("a", spread(2, 5), persons=people[:5], days_later=60)
    world.add("a", spread(2, 40), modality="self_massage_adjunct")
    row = count(world)
    assert (row["k_units"], row["k_insufficient"], row["k_direction"]) == (0, 1, 0)
    assert np.isnan(row["pct_improved_sig"]) and np.isnan(row["sign_test_p"])


def test_noise_in_the_last_bits_changes_no_vote() -> None:
    world, noisy = seven_of_eleven(), seven_of_eleven()
    for place, row in enumerate(noisy.rows):
        row["improve"] += 1e-13 * (-1) ** place
    assert count(world) == count(noisy)
