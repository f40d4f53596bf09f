"""Natural keys of the sessions of one export, as hashes: which lines repeat, which lie near another, which days were logged.

Identity between files is settled at build; what repeats inside one file, and the days it covers, is cheapest to say while the
rows are at hand. Ten million keys are sorted once as integers; no table of ten million keys is ever built.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

# Starts as near as this are handed to the build, which asks the policy; a policy that asks for more looks at all sessions.
NEAR_MINUTES = 15
_BLOCK = 1 << 16  # rows compared at once: ten million need no room of their own
_AT_ONCE = 16  # batches
_NO_LINES = pl.Series("line", [], pl.UInt32)
_LAST_SECOND, _LONGEST_MINUTES = (1 << 32) - 1, 255


@dataclass(frozen=True)
class Keyed:
    """The sessions of one batch: hash of the natural key, person with start and length as one number, line; days logged."""

    keys: pl.Series
    places: pl.Series  # NULL: a bare date, or nothing that was done
    lines: pl.Series
    days: pl.Series


def keyed(rows: pl.DataFrame) -> Keyed:
    """What is noted of the accepted sessions of one batch."""
    return Keyed(key_hashes(rows), places(rows), rows["line"], logged_days(rows))


class SessionKeys:
    """Collects two numbers and one line per accepted session."""

    def __init__(self) -> None:
        self._hashes: list[pl.Series] = []
        self._places: list[pl.Series] = []
        self._lines: list[pl.Series] = []
        self.days: set[date] = set()

    def add(self, batch: Keyed) -> None:
        """Note the sessions of one batch, in the order of the export."""
        self._hashes.append(batch.keys)
        self._places.append(batch.places)
        # Half the room; there are no more lines than that.
        self._lines.append(batch.lines.cast(pl.UInt32))
        self.days.update(batch.days.to_list())

    def repeated_lines(self) -> pl.Series:
        """Lines whose key occurs more than once in this file.

        Half of each hash tells the few that may repeat, in half the room and time.
        """
        halves = [pl.Series(h.to_numpy().astype(np.uint32)) for h in self._hashes]
        suspects, lines = _among(halves, _repeated(halves), self._hashes, self._lines)
        return pl.concat([_NO_LINES, *_among(suspects, _repeated(suspects), lines)[0]])

    def near_lines(self) -> pl.Series:
        """Lines of sessions that begin near, or while, another session of the same person lasts."""
        ordered = _ordered([places.drop_nulls() for places in self._places])
        return pl.concat([_NO_LINES, *_among(self._places, _near(ordered), self._lines)[0]])


def _ordered(parts: list[pl.Series]) -> np.ndarray:
    """All numbers in their order. Polars sorts whole numbers by their digits, in half the time of numpy."""
    return pl.concat(parts).sort().to_numpy() if parts else np.array([], np.uint64)


def _repeated(parts: list[pl.Series]) -> np.ndarray:
    """The numbers that occur more than once, each once less."""
    ordered = _ordered(parts)
    again: np.ndarray = ordered[1:][ordered[1:] == ordered[:-1]]
    return again


def _among(
    numbers: list[pl.Series], wanted: np.ndarray, *aligned: list[pl.Series]
) -> tuple[list[pl.Series], ...]:
    """What stands beside the numbers that are wanted; of several batches at once, but not of all: that would be a copy of all."""
    if not len(wanted):
        return tuple([] for _ in aligned)
    asked = pl.Series(wanted).implode()
    found: tuple[list[pl.Series], ...] = tuple([] for _ in aligned)
    for first in range(0, len(numbers), _AT_ONCE):
        batches = slice(first, first + _AT_ONCE)
        is_wanted = pl.concat(numbers[batches]).is_in(asked)
        for parts, kept in zip(aligned, found, strict=True):
            kept.append(pl.concat(parts[batches]).filter(is_wanted))
    return found


def _near(ordered: np.ndarray) -> np.ndarray:
    """Of numbers as `places` makes them, in their order, those whose times touch their neighbour's; some twice.

    All that began before is summed up in how far it reaches; a person's numbers all lie below the next person's.
    """
    found, reached, last = [ordered[:0]], np.uint64(0), ordered[:0]
    for first in range(0, len(ordered), _BLOCK):
        block = ordered[first : first + _BLOCK]
        starts = block >> np.uint64(8)
        seconds = np.maximum((block & np.uint64(255)) * np.uint64(60), np.uint64(NEAR_MINUTES * 60))
        reach = np.maximum.accumulate(np.concatenate(([reached], starts + seconds)))
        touches = starts <= reach[:-1]
        followed = np.append(touches[1:], False)
        found.append(block[touches | followed])
        if touches[0]:
            found.append(last)
        reached, last = reach[-1], block[-1:]
    return np.concatenate(found)


def places(rows: pl.DataFrame) -> pl.Series:
    """24 bits of the person, 32 of the start in seconds, 8 of the length in minutes, so that sorting puts neighbours together.

    Two people in one number only make work for the build, which looks at people by their name.
    """
    if "started_at" not in rows.columns:
        return pl.repeat(None, rows.height, dtype=pl.UInt64, eager=True)
    minutes = pl.col("minutes") if "minutes" in rows.columns else pl.lit(None, pl.Float64)
    person = pl.col("participant_id").hash(seed=3) & 0xFFFFFF
    start = pl.col("started_at").dt.epoch("s").clip(0, _LAST_SECOND).cast(pl.UInt64)
    length = minutes.fill_null(0).ceil().clip(0, _LONGEST_MINUTES).cast(pl.UInt64)
    place = person * (1 << 40) + start * 256 + length
    return rows.select(
        pl.when(pl.col("status").is_in(["completed", "partial"])).then(place).alias("place")
    ).to_series()


def key_hashes(rows: pl.DataFrame) -> pl.Series:
    """A hash of each session's natural key: its id, else person, enrolment and start (or day)."""
    if "session_id" not in rows.columns:
        return _natural_hashes(rows)
    ids = rows["session_id"]
    hashes = ids.hash(seed=2)
    if not ids.null_count():
        return hashes
    without = ids.is_null()
    return hashes.scatter(without.arg_true(), _natural_hashes(rows.filter(without)))


def _natural_hashes(rows: pl.DataFrame) -> pl.Series:
    day = pl.col("local_date").cast(pl.Datetime("us"))
    start = pl.coalesce("started_at", day) if "started_at" in rows.columns else day
    named = [name for name in ("participant_id", "enrolment_id") if name in rows.columns]
    return rows.select(pl.struct(*named, start.alias("start")).hash(seed=1)).to_series()


def logged_days(rows: pl.DataFrame) -> pl.Series:
    """The days on which anything was logged; an entry made in error is no sign of life."""
    days = pl.col("local_date").filter(pl.col("status") != "entered_in_error")
    return rows.select(days.unique()).to_series()
