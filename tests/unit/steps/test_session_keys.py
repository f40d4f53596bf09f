"""Which lines of a file a build has to look at: all that could touch another session, found without a person's name."""

import random
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from flows.steps import session_keys
from flows.steps.session_keys import NEAR_MINUTES, SessionKeys, keyed

START = datetime(2026, 3, 2, 10)


def frame(rows: list[tuple[str, float | None, float | None, str]]) -> pl.DataFrame:
    """Person, minutes after ten o'clock, length, status; lines from 2."""
    at = [None if begun is None else START + timedelta(minutes=begun) for _, begun, _, _ in rows]
    return pl.DataFrame(
        {
            "line": range(2, len(rows) + 2),
            "participant_id": [person for person, _, _, _ in rows],
            "started_at": pl.Series(at, dtype=pl.Datetime("us")),
            "minutes": pl.Series([length for _, _, length, _ in rows], dtype=pl.Float64),
            "status": [status for _, _, _, status in rows],
            "local_date": [START.date()] * len(rows),
        }
    )


def near_lines(*frames: pl.DataFrame) -> list[int]:
    keys = SessionKeys()
    for one in frames:
        keys.add(keyed(one))
    return keys.near_lines().to_list()


def test_neighbours_of_one_person_are_near_and_those_of_two_are_not():
    rows = [("a", 0, 20, "completed"), ("b", 5, 20, "completed"), ("a", 19, 20, "partial")]
    assert near_lines(frame(rows)) == [2, 4]


def test_a_long_session_reaches_over_a_short_one():
    rows = [("a", 0, 240, "completed"), ("a", 30, 5, "completed"), ("a", 200, 5, "completed")]
    assert near_lines(frame(rows)) == [2, 3, 4]


def test_what_was_not_done_or_has_no_time_touches_nothing():
    rows = [("a", 0, 20, "completed"), ("a", 5, 20, "skipped"), ("a", None, 20, "completed")]
    assert near_lines(frame(rows)) == []
    assert near_lines(frame(rows).drop("started_at")) == near_lines() == []


def test_batches_are_one_file():
    assert near_lines(frame([("a", 0, 20, "completed")]), frame([("a", 5, 20, "completed")])) == [
        2,
        2,
    ]


@pytest.mark.parametrize("seed", range(20))
def test_no_pair_that_touches_is_missed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held against every pair, also where the blocks of comparison are tiny."""
    monkeypatch.setattr(session_keys, "_BLOCK", 1 + seed % 5)
    dice = random.Random(seed)
    rows: list[Any] = [
        (
            dice.choice("abc"),
            dice.randrange(4000) / 2,
            dice.choice((None, 1, 7.25, 20, 240)),
            "completed",
        )
        for _ in range(40)
    ]
    found = set(near_lines(frame(rows)))
    for i, (person, begun, length, _) in enumerate(rows):
        for j, (other, begun_too, _, _) in enumerate(rows):
            if (
                i != j
                and person == other
                and 0 <= begun_too - begun <= max(length or 0, NEAR_MINUTES)
            ):
                assert {i + 2, j + 2} <= found
