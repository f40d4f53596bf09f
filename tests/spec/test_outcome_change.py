"""Change, percent change and responders of one enrolment (clinical.md 4.2, 4.3)."""

from typing import Any

import pytest
from outcome_world import World

FLAGS = "is_resp_mic, is_resp30, is_resp50, is_eligible_resp, is_worse_mic"


def pair(base: float, aval: float, columns: str, **instrument: Any) -> tuple[Any, ...]:
    """One person with a baseline and the end of a 4-week programme."""
    world = World()
    world.instrument("it", **instrument)
    world.enrol()
    direction = instrument.get("direction", "higher_worse")
    world.answer(base, -1, instrument="it", direction=direction)
    world.answer(aval, 29, instrument="it", direction=direction)
    world.build()
    return world.outcome("EOP", columns, instrument="it")


@pytest.mark.parametrize(
    ("direction", "expected"),
    [("higher_worse", (-3.0, 3.0)), ("higher_better", (-3.0, -3.0))],
)
def test_improve_is_positive_where_people_are_better(
    direction: str, expected: tuple[float, float]
) -> None:
    assert pair(8, 5, "chg, improve", direction=direction) == expected


@pytest.mark.parametrize(
    ("base", "percent", "expected"), [(8, True, -37.5), (0, True, None), (8, False, None)]
)
def test_percent_change_needs_a_true_zero_and_a_baseline_above_it(
    base: float, percent: bool, expected: float | None
) -> None:
    assert pair(base, 5, "pchg", percent=percent) == (expected,)


def test_a_percentage_of_a_small_threshold_says_nothing() -> None:
    ppt = {"direction": "higher_better", "percent": True, "percent_from": 50, "top": 2000}
    assert pair(40, 80, "improve, pchg, is_resp30, is_eligible_resp", **ppt) == (
        40, None, False, False,
    )  # fmt: skip
    assert pair(50, 80, "pchg, is_resp30", **ppt) == (60, True)


@pytest.mark.parametrize(("base", "aval"), [(10, 7), (3.3, 2.31), (0.3, 0.21), (70, 49)])
def test_the_boundary_of_30_percent_is_inclusive(base: float, aval: float) -> None:
    assert pair(base, aval, "is_resp30, is_resp50", percent=True) == (True, False)


@pytest.mark.parametrize(
    ("base", "aval", "flags"),
    [
        (8, 6, (True, False, False, True, False)),  # by the MIC of 2, inclusive
        (8, 6.1, (False, False, False, True, False)),
        (8, 4, (True, True, True, True, False)),
        (1, 0, (False, True, True, False, False)),  # no room for a MIC of 2
        (0, 0, (False, False, False, False, False)),
        (6, 8, (False, False, False, True, True)),
        (0, 3, (False, False, False, False, True)),
    ],
)
def test_responders_in_points(base: float, aval: float, flags: tuple[bool, ...]) -> None:
    assert pair(base, aval, FLAGS, percent=True, mic=(2, "points"), top=10) == flags


@pytest.mark.parametrize(
    ("base", "aval", "flags"),
    [
        (10, 7, (True, True, False, True, False)),
        (10, 7.1, (False, False, False, True, False)),
        (10, 13, (False, False, False, True, True)),
        (0, 1, (False, False, False, False, True)),
    ],
)
def test_responders_by_a_percent_mic(base: float, aval: float, flags: tuple[bool, ...]) -> None:
    assert pair(base, aval, FLAGS, percent=True, mic=(30, "percent")) == flags


def test_room_to_improve_is_measured_towards_the_best_score() -> None:
    better = {"direction": "higher_better", "mic": (10, "points")}
    assert pair(95, 100, "is_eligible_resp, is_resp_mic, is_base_at_floor", **better) == (
        False, False, False,
    )  # fmt: skip
    assert pair(100, 90, "is_base_at_floor, is_worse_mic", **better) == (True, True)


def test_what_has_no_meaning_is_null() -> None:
    assert pair(8, 4, FLAGS) == (None, None, None, None, None)
