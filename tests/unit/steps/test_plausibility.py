"""A clinic in another unit is told from clinics that differ (attack 10: units)."""

from typing import Any

import polars as pl
import pytest

from flows.steps.plausibility import Samples, find_implausible
from schemas.policy import Policy, read_policy

POLICY = read_policy()


def file(
    clinic: str, median: float, n: int = 20, source: str = "app", number: int = 1
) -> dict[str, Any]:
    """The receipt of a session file of n people."""
    return {
        "clinic_id": clinic, "source_id": source, "file_key": f"{clinic}-{source}-{number}",
        "medians": {"minutes": (n, 3 * n, median)},
    }  # fmt: skip


def with_value(key: str, value: float) -> Policy:
    values = POLICY.values | {key: (value, "a test")}
    return Policy(values, POLICY.cells, POLICY.windows, (key,))


@pytest.mark.parametrize(
    ("median", "is_blocked"),
    [(0.33, True), (3.9, True), (4, False), (20, False), (100, False), (101, True), (1200, True)],
)
def test_a_median_outside_a_fifth_to_five_times_is_blocked(median, is_blocked):
    files = [file("a", 20), file("b", 20), file("c", median)]
    assert [one.file_key for one in find_implausible(files, POLICY)] == ["c-app-1"] * is_blocked


def test_of_two_clinics_nobody_can_say_which_is_off():
    assert find_implausible([file("a", 20), file("b", 0.3)], POLICY) == []
    (one,) = find_implausible(
        [file("a", 20), file("b", 0.3)], with_value("plausible.min_clinics", 2)
    )
    assert one.words == "median 3 % of that of the clinics"


def test_a_file_of_few_people_is_judged_with_its_source():
    clinics = [file("a", 20), file("b", 20)]
    assert find_implausible([*clinics, file("c", 1200, n=9)], POLICY) == []
    days = [file("c", 1200, n=5, number=n) for n in range(3)]
    assert len(find_implausible([*clinics, *days], POLICY)) == 3
    # A good file of the same source: only the bad one is blocked, by its own people.
    mixed = [file("c", 1200, number=1), file("c", 20, n=50, number=2)]
    assert [one.file_key for one in find_implausible([*clinics, *mixed], POLICY)] == ["c-app-1"]


def test_the_order_of_files_does_not_matter():
    files = [file("a", 20), file("b", 18), file("c", 1200), file("d", 25)]
    assert find_implausible(files, POLICY) == find_implausible(files[::-1], POLICY)
    assert find_implausible(files, POLICY)[0].ratio == pytest.approx(1200 / 22.5)


def test_without_figures_there_is_nothing_to_compare():
    assert find_implausible([], POLICY) == []
    assert find_implausible([file(c, 0) for c in "abc"], POLICY) == []


def test_a_sample_is_spread_over_the_batch_and_counts_people():
    samples = Samples()
    persons = pl.Series([f"P{n % 7}" for n in range(50_000)])
    samples.add("minutes", persons, pl.Series(range(50_000), dtype=pl.Float64))
    samples.add("minutes", persons[:3], pl.Series([None, None, 1.0]))
    samples.add("gad7.total", persons[:0], pl.Series([], dtype=pl.Float64))
    ((quantity, (n_persons, n, median)),) = samples.medians().items()
    assert (quantity, n_persons) == ("minutes", 7)
    assert 4096 <= n <= 4300
    assert median == pytest.approx(25_000, rel=0.01)
