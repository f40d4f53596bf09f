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
_BLOCK = 1 << 20  # rows compared at once: ten million need no room of their own
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
        """Lines whose key occurs more than once in this file."""
        if not self._hashes:
            return pl.Series("line", [], pl.Int64)
        hashes, lines = pl.concat(self._hashes), pl.concat(self._lines)
        ordered = np.sort(hashes.to_numpy())
        twice = pl.Series(ordered[1:][ordered[1:] == ordered[:-1]]).unique()
        return lines.filter(hashes.is_in(twice.implode())) if len(twice) else lines.clear()

    def near_lines(self) -> pl.Series:
        """Lines of sessions that begin near, or while, another session of the same person lasts."""
        if not self._places:
            return pl.Series("line", [], pl.Int64)
        found, lines = pl.concat(self._places), pl.concat(self._lines)
        near = _near(np.sort(found.drop_nulls().to_numpy()))
        return lines.filter(found.is_in(pl.Series(near).implode())) if len(near) else lines.clear()


def _near(ordered: np.ndarray) -> np.ndarray:
    """Of numbers as `places` makes them, in their order, those whose times touch their neighbour's.

    All that began before is summed up in how far it reaches; a person's numbers all lie below the next person's.
    """
    found, reached, last = [], np.uint64(0), ordered[:0]
    for first in range(0, len(ordered), _BLOCK):
        block = ordered[first : first + _BLOCK]
        starts = block >> np.uint64(8)
        seconds = np.maximum((block & np.uint64(255)) * np.uint64(60), np.uint64(NEAR_MINUTES * 60))
        reach = np.maximum.accumulate(np.concatenate(([reached], starts + seconds)))
        touches = starts <= reach[:-1]
        followed = np.append(touches[1:], False)
        found.append(block[touches | followed])
        if len(touches) and touches[0]:
            found.append(last)
        reached, last = reach[-1], block[-1:]
    return np.unique(np.concatenate(found)) if found else ordered


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
    day = pl.col("local_date").cast(pl.Datetime("us"))
    start = pl.coalesce("started_at", day) if "started_at" in rows.columns else day
    named = [name for name in ("participant_id", "enrolment_id") if name in rows.columns]
    natural = rows.select(pl.struct(*named, start.alias("start")).hash(seed=1)).to_series()
    if "session_id" not in rows.columns:
        return natural
    ids = rows["session_id"]
    return ids.hash(seed=2).zip_with(ids.is_not_null(), natural)


def logged_days(rows: pl.DataFrame) -> pl.Series:
    """The days on which anything was logged; an entry made in error is no sign of life."""
    return rows.filter(pl.col("status") != "entered_in_error")["local_date"].unique()
