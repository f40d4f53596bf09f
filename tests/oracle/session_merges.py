"""Sessions of one enrolment that are one session (clinical 3.5, Duplicates): the same one logged twice, or overlapping ones.

Plain lists, one enrolment at a time. First the same: in the order of their starts, each is held against the one before it.
Of those that are the same the best source stays. Of what is left, intervals that overlap become their union.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from oracle.landed import Row

SOURCES = ("device", "app_realtime", "clinician", "app_recalled", "paper_diary")
Rank = Callable[[Row], tuple[Any, ...]]


def merged(
    rows: list[Row], rank: Rank, near_minutes: Fraction, alike_minutes: Fraction
) -> list[Row]:
    """The sessions that stand; a union has start, end, day and minutes of what it covers.

    `rank` orders exports and lines, larger is better.
    """
    apart = [row for row in rows if not can_merge(row)]
    timed = sorted((row for row in rows if can_merge(row)), key=by_time(rank))
    same = grouped(timed, lambda group, row: is_same(group[-1], row, near_minutes, alike_minutes))
    chosen = sorted((best(group, rank) for group in same), key=by_time(rank))
    whole = grouped(chosen, overlaps)
    return apart + [group[0] if len(group) == 1 else union(group, rank) for group in whole]


def can_merge(row: Row) -> bool:
    """Something was done, at a known time."""
    return row["started_at"] is not None and row["status"] in ("completed", "partial", None)


def by_time(rank: Rank) -> Rank:
    """The order in which sessions are held against each other."""
    return lambda row: (row["started_at"], end_of(row), *(Reversed(part) for part in rank(row)))


class Reversed:
    """Sorts the other way round."""

    def __init__(self, part: Any) -> None:
        self.part = part

    def __lt__(self, other: "Reversed") -> bool:
        return bool(other.part < self.part)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reversed) and other.part == self.part


def grouped(rows: list[Row], belongs: Callable[[list[Row], Row], bool]) -> list[list[Row]]:
    """Neighbours that belong together."""
    groups: list[list[Row]] = []
    for row in rows:
        if groups and belongs(groups[-1], row):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def length_of(row: Row) -> Fraction | None:
    """Minutes as logged, to the millisecond; None: not known."""
    if row["minutes"] is None:
        return None
    return Fraction(round(Fraction(str(row["minutes"])) * 60000), 60000)


def end_of(row: Row) -> datetime:
    """Start and length; a length that is not known makes a point."""
    length = length_of(row) or Fraction(0)
    end: datetime = row["started_at"] + timedelta(milliseconds=int(length * 60000))
    return end


def is_same(before: Row, row: Row, near_minutes: Fraction, alike_minutes: Fraction) -> bool:
    """Begun within minutes of the one before, and as long."""
    if row["started_at"] - before["started_at"] > timedelta(minutes=int(near_minutes)):
        return False
    one, other = length_of(before), length_of(row)
    # spec silent: lengths that are not known. Both unknown are alike; one alone shows nothing.
    if one is None or other is None:
        return one is other
    return abs(one - other) <= alike_minutes


def overlaps(group: list[Row], row: Row) -> bool:
    """Begun while one of the group lasted, or with it; to begin as another ends is no overlap."""
    reached = max(end_of(other) for other in group)
    return bool(row["started_at"] < reached or row["started_at"] == group[-1]["started_at"])


def best(group: list[Row], rank: Rank) -> Row:
    """The one whose log is trusted most; then the newest export, then the first line."""
    trusted = min(source_place(row) for row in group)
    return max((row for row in group if source_place(row) == trusted), key=rank)


def source_place(row: Row) -> int:
    """Place of the log's source in the order of trust; unknown ones come last."""
    source = row["log_source"]
    return SOURCES.index(source) if source in SOURCES else len(SOURCES)


def union(group: list[Row], rank: Rank) -> Row:
    """The kept record with the time that all of them cover."""
    start, end = group[0]["started_at"], max(end_of(row) for row in group)
    minutes = (end - start) / timedelta(minutes=1)
    known = any(row["minutes"] is not None for row in group)
    return best(group, rank) | {
        "started_at": start,
        "ended_at": end,
        "local_date": group[0]["local_date"],
        "minutes": minutes if known else None,
    }
