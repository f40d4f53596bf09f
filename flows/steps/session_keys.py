"""Natural keys of the sessions of one export, as hashes: which lines repeat, and which days were logged.

Identity between files is settled at build; what repeats inside one file, and the days it covers, is cheapest to say while the
rows are at hand. Ten million keys are sorted once as integers; no table of ten million keys is ever built.
"""

from datetime import date

import numpy as np
import polars as pl


class SessionKeys:
    """Collects one hash and one line per accepted session."""

    def __init__(self) -> None:
        self._hashes: list[pl.Series] = []
        self._lines: list[pl.Series] = []
        self.days: set[date] = set()

    def add(self, hashes: pl.Series, lines: pl.Series, days: pl.Series) -> None:
        """Note the sessions of one batch, in the order of the export."""
        self._hashes.append(hashes)
        self._lines.append(lines.cast(pl.UInt32))  # half the room; there are no more lines than that
        self.days.update(days.to_list())

    def repeated_lines(self) -> pl.Series:
        """Lines whose key occurs more than once in this file."""
        if not self._hashes:
            return pl.Series("line", [], pl.Int64)
        hashes, lines = pl.concat(self._hashes), pl.concat(self._lines)
        ordered = np.sort(hashes.to_numpy())
        twice = pl.Series(ordered[1:][ordered[1:] == ordered[:-1]]).unique()
        return lines.filter(hashes.is_in(twice.implode())) if len(twice) else lines.clear()


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
