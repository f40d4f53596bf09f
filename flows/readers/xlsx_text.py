"""The content of a cell as text, without loss: what is a number, a date or a clock time follows from the cell's format."""

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from flows.readers.xlsx_package import DATE, ELAPSED, TIME

_DAY_MS = 86_400_000
_EXACT = 10**15  # a workbook holds 15 digits; a longer figure is written as one that has lost some
_LAST_DAY = date(9999, 12, 31)


def number_text(value: str) -> str:
    """The shortest figure that reads back the same: 1 for 1.0, 0.1 for 0.10000000000000001; raises ValueError."""
    if (
        value.isdecimal()
        and value.isascii()
        and len(value) <= 15
        and (value[0] != "0" or value == "0")
    ):
        return value
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(value)
    if abs(number) >= _EXACT:
        return np.format_float_scientific(number, trim="-")
    return str(int(number)) if number.is_integer() else repr(number)


def serial_text(value: str, kind: str, is_1904: bool) -> str:
    """A number in a date or time format as ISO text; what lies outside the calendar stays a number."""
    number = float(value)
    if not 0 <= number < 3_000_000:
        return number_text(value)
    days, ms = divmod(round(number * _DAY_MS), _DAY_MS)
    if kind == ELAPSED:
        return _clock(days * _DAY_MS + ms)
    if days == 0 and (kind == TIME or (number > 0 and not is_1904)):  # a clock time without a day
        return _clock(ms)
    day = _day(days, is_1904)
    if day is None:
        return number_text(value)
    return day if kind == DATE and ms == 0 else f"{day} {_clock(ms)}"


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    fraction = f".{ms:03}" if ms else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


@lru_cache(maxsize=10_000)
def _day(days: int, is_1904: bool) -> str | None:
    """The day of a serial; day 60 is the 29 February 1900 that Excel believes in, and is written as such."""
    if is_1904:
        first = date(1904, 1, 1)
    elif days == 60:
        return "1900-02-29"
    else:
        first = date(1899, 12, 30) if days > 60 else date(1899, 12, 31)
    if days > (_LAST_DAY - first).days or (days == 0 and not is_1904):
        return None
    return (first + timedelta(days)).isoformat()
