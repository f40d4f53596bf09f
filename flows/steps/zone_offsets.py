"""How far a zone's clocks are ahead of UTC, day by day: a look-up instead of a calculation for each time.

Only days on which, and beside which, no clock is changed have one answer; of the few others, and of years that no zone table
is sure of, nothing is said here.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl

_EPOCH = date(1970, 1, 1)
_NONE = timedelta(0)
_FIRST_YEAR, _LAST_YEAR = 1970, 2037  # what zone tables write out; later rules are only continued


def steady_minutes(days: pl.Series, zone: str) -> pl.Series:
    """Minutes ahead of UTC on each day, NULL where the clocks are changed about then."""
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return _unknown(days)
    years = range(max(first.year, _FIRST_YEAR), min(last.year, _LAST_YEAR) + 1)
    if not years:
        return _unknown(days)
    minutes = pl.concat([_minutes_of(year, zone) for year in years])
    place = days.to_physical() - (date(years[0], 1, 1) - _EPOCH).days
    if first.year < years[0] or last.year > years[-1]:
        place = place.set((place < 0) | (place >= len(minutes)), None)
    return minutes.gather(place.cast(pl.UInt32))


def _unknown(days: pl.Series) -> pl.Series:
    return pl.repeat(None, len(days), dtype=pl.Int16, eager=True)


@cache
def _minutes_of(year: int, zone: str) -> pl.Series:
    """One entry per day of a year. An instant of a day in UTC lies on it or on a neighbour by every clock on earth."""
    offsets = [offset for _, offset in _midnights(year, zone)]
    found: list[int | None] = []
    for day in range(1, len(offsets) - 2):
        around = set(offsets[day - 1 : day + 3])
        offset = around.pop()
        is_steady = not around and offset.total_seconds() % 60 == 0
        found.append(int(offset.total_seconds()) // 60 if is_steady else None)
    return pl.Series(found, dtype=pl.Int16)


@cache
def fold_days(year: int, zone: str) -> tuple[date, ...]:
    """Days of a year in which a clock is put back, and their neighbours: the change may come at midnight."""
    back = [day for (day, a), (_, b) in pairwise(_midnights(year, zone)) if a > b]
    return tuple(day + timedelta(days=n) for day in back for n in (-1, 0, 1))


def _midnights(year: int, zone: str) -> Iterator[tuple[date, timedelta]]:
    """The days of a year, with one before it and two after it, and the offset at the beginning of each."""
    first, here = datetime(year, 1, 1), ZoneInfo(zone)
    n_days = (datetime(year + 1, 1, 1) - first).days
    for day in range(-1, n_days + 2):
        midnight = (first + timedelta(days=day)).replace(tzinfo=here)
        yield midnight.date(), midnight.utcoffset() or _NONE
