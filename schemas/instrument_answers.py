"""One answer as it stands in an export or a request -> the figure that `answers` holds.

Clock times become minutes after midnight, ticks 0 and 1, "30 to 60" its middle where the item
allows it. What is refused keeps a name, which is the rule id everywhere.
"""

import math
import re

from schemas.instrument_types import Item

_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})(?::\d{2}(?:\.0*)?)?\s*")
_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)\s*")
_TICKS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


class AnswerRefused(ValueError):
    """An answer that cannot be one: `rule` is out_of_range, not_integer or not_a_number."""

    def __init__(self, item_id: str, rule: str) -> None:
        super().__init__(f"{item_id}: {rule}")
        self.item_id = item_id
        self.rule = rule


def to_answer(item: Item, value: object, factor: float = 1.0) -> float | None:
    """The figure of one answer (null stays null), in the unit of the item; or `AnswerRefused`."""
    if value is None or value == "":
        return None
    number = read_number(item, value)
    if number is None or math.isnan(number):
        raise AnswerRefused(item.id, "not_a_number")
    number *= factor
    if not item.min <= number <= item.max:
        raise AnswerRefused(item.id, "out_of_range")
    if item.integer and number % 1:
        raise AnswerRefused(item.id, "not_integer")
    return number


def read_number(item: Item, value: object) -> float | None:
    """A number from a JSON value or a text; None where it is none."""
    if isinstance(value, bool):
        return float(value) if item.kind == "boolean" else None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    if item.kind == "clock":
        return clock_minutes(value)
    if item.kind == "boolean" and value.strip().lower() in _TICKS:
        return _TICKS[value.strip().lower()]
    return _number_in(value, accepts_range=item.accepts_range)


def clock_minutes(text: str) -> float | None:
    """`23:30` -> 1410. An hour 25 is a number out of range, not a word: it gets no place in a day."""
    clock = _CLOCK.fullmatch(text)
    if not clock:
        return None
    hours, minutes = int(clock[1]), int(clock[2])
    return hours * 60.0 + minutes if hours < 24 and minutes < 60 else math.inf


def _number_in(text: str, *, accepts_range: bool) -> float | None:
    """`7.5` -> 7.5; `30 to 60` -> 45 where a range is an answer."""
    span = _RANGE.fullmatch(text)
    if span and accepts_range:
        return (float(span[1]) + float(span[2])) / 2
    try:
        return float(text)
    except ValueError:
        return None
