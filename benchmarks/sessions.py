"""One clinic with millions of sessions, written in seconds: what the benchmarks read.

N sessions of N/50 people over a year, in time order, about 76 bytes a row, 3 % of the rows bad in
eight ways; with the enrolments of these people and a pain score of each at baseline and at the end.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

SESSIONS_PER_PERSON = 50
DAYS = 365
FIRST_DAY = datetime(2025, 4, 1)
EXPORTED = "2026-03-31"
BATCH = 1_000_000
# One bad row in each run of 33 rows, never the first or last of it: the row before a duplicate is
# always good, and no two bad rows touch.
BAD_EVERY = 33
RULES = (
    "unknown_code",
    "unknown_participant",
    "not_a_date",
    "not_a_number",
    "missing_required",
    "out_of_range",
    "duplicate_key",
    "end_before_start",
)
CONDITIONS = ("knee_oa", "low_back_pain", "neck_pain", "stress", "anxiety", "hand_oa", "back_pain")
WEEKS = (2, 4, 4, 4, 6, 8, 12)
LONGEST_DAYS = 84
SOURCES = {
    "app": """clinic = "bench"
table = "session"
reader = "csv"
files = "*.csv"
exported_at = "name:%Y-%m-%d"
timezone = "America/Los_Angeles"
[dialect]
encoding = "utf-8"
delimiter = ","
decimal = "."
date_order = "ymd"
[columns]
session_id = "session"
participant_id = "person"
started_at = "start"
ended_at = "end"
minutes = "minutes"
status = "status"
pain_pre = "pain_pre"
pain_post = "pain_post"
""",
    "registry": """clinic = "bench"
table = "enrolment"
reader = "csv"
files = "*.csv"
exported_at = "name:%Y-%m-%d"
timezone = "America/Los_Angeles"
[dialect]
encoding = "utf-8"
delimiter = ","
decimal = "."
date_order = "ymd"
[columns]
participant_id = "person"
condition_code = "condition"
start_date = "start"
plan_type = { value = "fixed_term" }
duration_weeks = "weeks"
sessions_per_week = "per_week"
minutes_per_session = "minutes"
setting = { value = "home_unsupervised" }
modality = { value = "self_massage_only" }
""",
    "surveys": """clinic = "bench"
table = "survey"
reader = "csv"
files = "*.csv"
exported_at = "name:%Y-%m-%d"
timezone = "America/Los_Angeles"
[dialect]
encoding = "utf-8"
delimiter = ","
decimal = "."
date_order = "ymd"
[columns]
participant_id = "person"
completed_at = "completed"
[instruments.nrs_pain]
version = "0-10"
language = "en"
items = { q1 = "pain" }
""",
}


def write_sessions(path: Path, n_sessions: int, seed: int = 7) -> Counter[str]:
    """Write `path/bench/{app,registry,surveys}/`; returns the planted bad rows by rule."""
    rng = np.random.default_rng(seed)
    people = _people(max(1, n_sessions // SESSIONS_PER_PERSON), rng)
    for source, toml in SOURCES.items():
        folder = path / "bench" / source
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "source.toml").write_text(f"# SYNTHETIC.\n{toml}", encoding="utf-8")
    people.write_csv(_export(path, "registry"))
    _surveys(people, rng).write_csv(_export(path, "surveys"))
    planted: Counter[str] = Counter()
    with _export(path, "app").open("wb") as file:
        for batch, rules in _batches(n_sessions, people.height, rng):
            batch.write_csv(file, include_header=file.tell() == 0)
            planted.update(rules)
    return planted


def _export(path: Path, source: str) -> Path:
    return path / "bench" / source / f"synthetic_{source}_{EXPORTED}.csv"


def _people(count: int, rng: np.random.Generator) -> pl.DataFrame:
    """One enrolment per person, in the order of their starts over the year."""
    start = pl.lit(FIRST_DAY.date()) + pl.duration(days=pl.col("number") * DAYS // count)
    return pl.DataFrame(
        {
            "number": np.arange(count),
            "condition": rng.choice(CONDITIONS, count),
            "weeks": rng.choice(WEEKS, count),
            "per_week": rng.integers(2, 8, count),
            "minutes": rng.choice([5, 10, 15, 20, 30], count),
        }
    ).select(
        _person(pl.col("number")), "condition", start.alias("start"), "weeks", "per_week", "minutes"
    )


def _person(number: pl.Expr) -> pl.Expr:
    return pl.format("P{}", number.cast(pl.String).str.zfill(7)).alias("person")


def _surveys(people: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A pain score of everybody on the first day, and one at the end where that day has come."""
    pain = rng.integers(3, 11, people.height)
    better = rng.integers(-1, 5, people.height)
    last_day = pl.col("start") + pl.duration(days=7 * pl.col("weeks"))
    first = people.select("person", completed="start", pain=pl.lit(pl.Series(pain)))
    after = people.select(
        "person", completed=last_day, pain=pl.lit(pl.Series(np.clip(pain - better, 0, 10)))
    )
    return pl.concat([first, after]).filter(pl.col("completed") <= pl.lit(EXPORTED).str.to_date())


def _batches(
    n_sessions: int, n_people: int, rng: np.random.Generator
) -> Iterator[tuple[pl.DataFrame, list[str]]]:
    for first in range(0, n_sessions, BATCH):
        count = min(BATCH, n_sessions - first)
        good = _good(np.arange(first, first + count), n_sessions, n_people, rng)
        rule = _rules(count, rng)
        yield _spoiled(good, rule), [RULES[i] for i in rule[rule >= 0]]


def _good(
    number: np.ndarray, n_sessions: int, n_people: int, rng: np.random.Generator
) -> pl.DataFrame:
    """Sessions between 6 and 22 o'clock, by people whose programme began not long before."""
    day = (number + rng.random(len(number))) / n_sessions * DAYS
    lag = np.minimum(LONGEST_DAYS, day) * rng.random(len(number)) ** 2
    whole = day.astype(np.int64)
    second = whole * 86_400 + 6 * 3_600 + ((day - whole) * 16 * 3_600).astype(np.int64)
    minutes = rng.integers(3, 41, len(number))
    pain = rng.integers(2, 11, len(number))
    frame = pl.DataFrame(
        {
            "number": number,
            "person": np.minimum(((day - lag) / DAYS * n_people).astype(np.int64), n_people - 1),
            "second": second,
            "minutes": minutes,
            "pain_pre": pain,
            "pain_post": np.maximum(pain - rng.integers(0, 4, len(number)), 0),
        }
    )
    start = pl.lit(FIRST_DAY) + pl.duration(seconds=pl.col("second"))
    end = start + pl.duration(minutes=pl.col("minutes"))
    return frame.select(
        session=pl.format("S{}", pl.col("number").cast(pl.String).str.zfill(8)),
        person=_person(pl.col("person")),
        start=start.dt.to_string("%Y-%m-%d %H:%M:%S"),
        end=end.dt.to_string("%Y-%m-%d %H:%M:%S"),
        minutes=pl.col("minutes").cast(pl.String),
        status=pl.when(pl.col("minutes") < 6)
        .then(pl.lit("partial"))
        .otherwise(pl.lit("completed")),
        pain_pre=pl.col("pain_pre").cast(pl.String),
        pain_post=pl.col("pain_post").cast(pl.String),
    )


def _rules(count: int, rng: np.random.Generator) -> np.ndarray:
    """For each row the index of its rule, -1 for good rows."""
    rule = np.full(count, -1)
    starts = np.arange(0, count - BAD_EVERY + 1, BAD_EVERY)
    rule[starts + rng.integers(1, BAD_EVERY - 1, len(starts))] = rng.integers(
        0, len(RULES), len(starts)
    )
    return rule


def _spoiled(good: pl.DataFrame, rule: np.ndarray) -> pl.DataFrame:
    """Overwrite one value of each bad row; a duplicate takes the session id of the row before."""
    frame = good.with_columns(rule=pl.Series(rule))

    def bad(column: str, rule_id: str, value: pl.Expr) -> pl.Expr:
        is_bad = pl.col("rule") == RULES.index(rule_id)
        return pl.when(is_bad).then(value).otherwise(pl.col(column)).alias(column)

    stranger = pl.col("person").str.replace("P", "Q", literal=True)
    return (
        frame.with_columns(
            bad("session", "duplicate_key", pl.col("session").shift(1)),
            bad("person", "unknown_participant", stranger),
            bad("start", "not_a_date", pl.lit("2026-13-45 25:61:00")),
            bad("end", "end_before_start", pl.lit("2000-01-01 00:00:00")),
            bad("minutes", "not_a_number", pl.lit("forty")),
            bad("status", "unknown_code", pl.lit("finished?")),
            bad("pain_pre", "out_of_range", pl.lit("14")),
        )
        .select(
            bad("person", "missing_required", pl.lit(None)).alias("person"),
            pl.exclude("person", "rule"),
        )
        .select(good.columns)
    )
