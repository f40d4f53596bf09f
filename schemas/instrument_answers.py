"""One answer as it stands in an export or a request -> the figure that `answers` holds.

Clock times become minutes after midnight, ticks 0 and 1, "30 to 60" its middle where the item
allows it, other units those of the item. What is refused keeps a name, which is the rule id
everywhere. Ingest and `followthrough score` both read answers and options here.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from schemas.instrument_types import Instrument, Item

_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})(?::\d{2}(?:\.0*)?)?\s*([ap])?(?(3)\.?m\.?)\s*", re.I)
_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_TICKS = dict.fromkeys(("true", "yes", "y", "t"), 1.0) | dict.fromkeys(
    ("false", "no", "n", "f"), 0.0
)
# What a mapping may say under `options`; a request may say more, per response.
OPTIONS = ("missing", "value_set", "unit", "probe_cm2")


class AnswerRefused(ValueError):
    """An answer that cannot be one: `rule` is out_of_range, not_integer or not_a_number."""

    def __init__(self, item_id: str, rule: str) -> None:
        super().__init__(f"{item_id}: {rule}")
        self.item_id = item_id
        self.rule = rule


class OptionRefused(ValueError):
    """An option that the questionnaire does not know: ignored, it would silently score otherwise."""

    def __init__(self, rule: str, expected: str) -> None:
        super().__init__(expected)
        self.rule = rule


def to_answer(item: Item, value: object, factor: float = 1.0) -> float | None:
    """The figure of one answer (null stays null), in the unit of the item; or `AnswerRefused`."""
    if value is None or (isinstance(value, str) and not value.strip()):
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
    if item.kind == "clock":  # a bare 930 may be half past nine or 930 minutes: not guessed
        return clock_minutes(value) if isinstance(value, str) else None
    if isinstance(value, bool):
        return float(value) if item.kind == "boolean" else None
    if isinstance(value, int):  # one too long for a float is out of any range, not a bug
        return float(value) if abs(value) < 2**63 else math.inf
    if isinstance(value, float):
        return value
    if not isinstance(value, str):
        return None
    if item.kind == "boolean" and value.strip().lower() in _TICKS:
        return _TICKS[value.strip().lower()]
    return _number_in(value, accepts_range=item.accepts_range)


def clock_minutes(text: str) -> float | None:
    """`23:30` or `11:30 pm` -> 1410. Hour 25 is a figure out of range, not a word: infinite."""
    clock = _CLOCK.fullmatch(text)
    if not clock:
        return None
    hours, minutes, half = int(clock[1]), int(clock[2]), (clock[3] or "").lower()
    if minutes > 59 or not (1 <= hours <= 12 if half else hours <= 23):
        return math.inf
    return (hours % 12 + 12 * (half == "p") if half else hours) * 60.0 + minutes


def _number_in(text: str, *, accepts_range: bool) -> float | None:
    """`7.5` -> 7.5; `30 to 60` -> 45 where a range is an answer."""
    span = _RANGE.fullmatch(text)
    if span and accepts_range:
        return (float(span[1]) + float(span[2])) / 2
    return float(text) if _NUMBER.fullmatch(text) else None


def check_options(
    options: Mapping[str, Any], instrument: Instrument, known: tuple[str, ...] = OPTIONS
) -> None:
    """Refuse what would otherwise change nothing, or leave a response without any rule."""
    if unknown := [name for name in options if name not in known]:
        raise OptionRefused(
            "unknown_option", f"no option {', '.join(unknown)}; there are {', '.join(known)}"
        )
    rules = sorted(instrument.missing_options)
    if options.get("missing") not in (None, *rules):
        offered = f"it offers {', '.join(rules)}" if rules else "leave it out"
        raise OptionRefused(
            "unknown_option", f"missing: no such rule of {instrument.id}; {offered}"
        )
    if not isinstance(options.get("value_set"), str | None):
        raise OptionRefused("unknown_option", "value_set: give the name of its file, without .csv")
    unit_factor(options, instrument)


def unit_factor(options: Mapping[str, Any], instrument: Instrument) -> float:
    """From the unit of the answers to the unit of the items; a force is spread over its probe."""
    unit, probe = options.get("unit"), options.get("probe_cm2")
    units = [*instrument.units, *instrument.units_per_probe]
    if unit is None:
        return 1.0
    if unit not in units:
        known = f"it knows {', '.join(units)}" if units else "its answers have none"
        raise OptionRefused("unknown_unit", f"unit: no unit of {instrument.id}; {known}")
    if unit in instrument.units:
        return instrument.units[unit]
    if not isinstance(probe, int | float) or isinstance(probe, bool) or not probe > 0:
        raise OptionRefused("probe_cm2_needed", f"probe_cm2: {unit} needs the area of the probe")
    return instrument.units_per_probe[unit] / probe
