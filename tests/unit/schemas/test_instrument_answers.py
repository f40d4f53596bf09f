"""Single answers: what counts as one, and by which name the others are refused."""

import pytest

from schemas.instrument_answers import AnswerRefused, to_answer
from schemas.instrument_types import Item

WHOLE = Item("q1", 0, 4)
FRACTION = Item("hours", 0, 24, integer=False, accepts_range=True)
CLOCK = Item("bedtime", 0, 1439, integer=False, kind="clock")
TICK = Item("tick", 0, 1, kind="boolean")


@pytest.mark.parametrize(
    "item, value, answer",
    [
        (WHOLE, 3, 3), (WHOLE, "3", 3), (WHOLE, 3.0, 3), (WHOLE, None, None), (WHOLE, "", None),
        (FRACTION, "7.5", 7.5), (FRACTION, "6 to 8", 7), (FRACTION, "6-8", 7),
        (CLOCK, "23:30", 1410), (CLOCK, "07:05:00", 425),
        (CLOCK, "11:30 PM", 1410), (CLOCK, "12:05 a.m.", 5), (CLOCK, "12:00pm", 720),
        (TICK, True, 1), (TICK, "no", 0), (TICK, 1, 1), (WHOLE, " ", None), (FRACTION, ".5", 0.5),
    ],
)  # fmt: skip
def test_answers(item: Item, value: object, answer: float | None) -> None:
    assert to_answer(item, value) == answer


@pytest.mark.parametrize(
    "item, value, rule",
    [
        (WHOLE, 5, "out_of_range"), (WHOLE, -1, "out_of_range"), (WHOLE, 0.5, "not_integer"),
        (WHOLE, 999, "out_of_range"), (WHOLE, "much", "not_a_number"), (WHOLE, True, "not_a_number"),
        (WHOLE, "1 to 3", "not_a_number"), (WHOLE, float("nan"), "not_a_number"),
        (WHOLE, [1], "not_a_number"), (CLOCK, "24:10", "out_of_range"), (CLOCK, "late", "not_a_number"),
        (CLOCK, 1410, "not_a_number"), (CLOCK, "930", "not_a_number"), (CLOCK, "13:00 pm", "out_of_range"),
        (TICK, 2, "out_of_range"), (WHOLE, "inf", "not_a_number"), (WHOLE, "1_0", "not_a_number"),
        (WHOLE, 10**400, "out_of_range"), (WHOLE, float("inf"), "out_of_range"),
    ],
)  # fmt: skip
def test_refused_answers(item: Item, value: object, rule: str) -> None:
    with pytest.raises(AnswerRefused) as refused:
        to_answer(item, value)
    assert (refused.value.item_id, refused.value.rule) == (item.id, rule)


def test_the_range_is_that_of_the_items_unit() -> None:
    assert to_answer(Item("vas", 0, 100, integer=False), 9.5, factor=10) == 95
    with pytest.raises(AnswerRefused, match="out_of_range"):
        to_answer(Item("vas", 0, 100, integer=False), 10.5, factor=10)
