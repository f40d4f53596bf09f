"""`<data>/waivers.toml`: problems that somebody answers for, until a day. A waiver changes how a problem is told, never a figure.

The file belongs to its users: `followthrough waive` only appends to it, and they may edit or shorten it by hand.
"""

import json
import os
import re
import tomllib
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from schemas.errors import ExitCode, SourceWrong, UserError

SCOPES = ("problem", "rule", "source")
# How a waiver looks to a build: NULL stands for any.
WAIVER_COLUMNS = {
    "clinic_id": pl.String,
    "source_id": pl.String,
    "rule_id": pl.String,
    "problem_id": pl.String,
    "until": pl.Date,
}
_WORDS = ("id", "scope", "clinic", "source", "rule", "reason", "owner")


@dataclass(frozen=True)
class Waiver:
    """One entry of waivers.toml: what is waived, why, by whom, and the last day on which it holds."""

    id: str
    scope: str
    clinic: str
    source: str
    rule: str
    reason: str
    owner: str
    until: date

    def holds_on(self, day: date) -> bool:
        """Whether it has not ended; its last day counts."""
        return day <= self.until

    def covers(self) -> pl.Expr:
        """Which problems it speaks of: the one, those of its rule in its source, or all of its source."""
        if self.scope == "problem":
            return pl.col("problem_id") == self.id
        of_source = (pl.col("clinic_id") == self.clinic) & (pl.col("source_id") == self.source)
        return of_source & (pl.col("rule_id") == self.rule) if self.scope == "rule" else of_source


def read_waivers(data: Path) -> list[Waiver]:
    """All entries, in their order; raises SourceWrong (exit 11) where the file was edited into something else."""
    path = data / "waivers.toml"
    if not path.exists():
        return []
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceWrong(f"{path}: not a TOML file: {error}; correct it by hand") from None
    if unknown := sorted(content.keys() - {"waiver"}):
        raise SourceWrong(
            f"{path}, key {unknown[0]}: unknown key; expected entries [[waiver]] and nothing else"
        )
    return [_read_waiver(path, n, entry) for n, entry in enumerate(content.get("waiver", []), 1)]


def _read_waiver(path: Path, number: int, entry: dict[str, Any]) -> Waiver:
    for key in (*_WORDS, "until"):
        kind: type = date if key == "until" else str
        if not isinstance(entry.get(key), kind):
            expected = (
                "a day, for example 2026-12-31" if key == "until" else "a word between quotes"
            )
            raise SourceWrong(f"{path}, entry {number}, key {key}: expected {expected}")
    if entry["scope"] not in SCOPES:
        raise SourceWrong(f"{path}, entry {number}, key scope: expected {', '.join(SCOPES)}")
    if unknown := sorted(entry.keys() - {*_WORDS, "until"}):
        raise SourceWrong(f"{path}, entry {number}, key {unknown[0]}: unknown key; remove it")
    return Waiver(**entry)


def add_waiver(data: Path, waiver: Waiver) -> None:
    """Append one entry in a single write, so that neither a crash nor a second one leaves half of it among others."""
    told = asdict(waiver)
    lines = ["", "[[waiver]]", *(f"{key} = {_quoted(told[key])}" for key in _WORDS)]
    text = "\n".join([*lines, f"until = {waiver.until.isoformat()}", ""])
    handle = os.open(data / "waivers.toml", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _quoted(text: str) -> str:
    """A basic string of TOML, in one line; JSON escapes all that TOML wants escaped, but for DEL."""
    return json.dumps(re.sub(r"\s+", " ", text).strip(), ensure_ascii=False).replace("\x7f", "")


def new_waiver(
    problems: pl.DataFrame, word: str, scope: str, reason: str, owner: str, until: date, today: date
) -> Waiver:
    """A waiver for the open problem of that id (or its beginning); raises UserError (exit 2 or 16)."""
    for name, value in (("reason", reason), ("owner", owner)):
        if not value.strip():
            raise UserError(f"--{name} is empty; say it in a few words", ExitCode.USAGE)
    if until < today:
        raise UserError(
            f"--until {until} has passed (today is {today}); name a day to come", ExitCode.USAGE
        )
    if scope not in SCOPES:
        raise UserError(f"--scope {scope}: expected one of {', '.join(SCOPES)}", ExitCode.USAGE)
    problem = _find_open(problems, word)
    return Waiver(
        problem["problem_id"], scope, problem["clinic_id"], problem["source_id"],
        problem["rule_id"], reason, owner, until,
    )  # fmt: skip


def _find_open(problems: pl.DataFrame, word: str) -> dict[str, Any]:
    known = problems.filter(pl.col("problem_id").str.starts_with(word.strip().lower()))
    found = known.filter(pl.col("state") != "fixed")
    if found.height == 1 and word.strip():
        return found.row(0, named=True)
    if found.height > 1:
        told = f"{found.height} open problems begin with {word!r}; give more of the id"
    elif known.height:
        told = f"the problem {word!r} is fixed already; there is nothing to waive"
    else:
        told = f"no open problem {word!r} in the last build; `followthrough fixlist` lists the ids"
    raise UserError(told, ExitCode.UNKNOWN_NAME)


def waiver_table(waivers: list[Waiver]) -> pl.DataFrame:
    """The waivers as a build joins them to its problems."""
    rows = [
        {
            "clinic_id": w.clinic if w.scope != "problem" else None,
            "source_id": w.source if w.scope != "problem" else None,
            "rule_id": w.rule if w.scope == "rule" else None,
            "problem_id": w.id if w.scope == "problem" else None,
            "until": w.until,
        }
        for w in waivers
    ]
    return pl.DataFrame(rows, schema=WAIVER_COLUMNS)


def with_waivers(problems: pl.DataFrame, waivers: list[Waiver], today: date) -> pl.DataFrame:
    """The problems with `waived_until`, and state `waived` where one is open and a waiver holds today."""
    ends = [
        pl.when(waiver.covers() & (pl.col("state") != "fixed")).then(pl.lit(waiver.until))
        for waiver in waivers
        if waiver.holds_on(today)
    ]
    until = pl.max_horizontal(ends) if ends else pl.lit(None, pl.Date)
    told = problems.with_columns(waived_until=until.cast(pl.Date))
    state = pl.when(pl.col("waived_until").is_null()).then("state").otherwise(pl.lit("waived"))
    return told.with_columns(state=state)


def describe_waivers(
    problems: pl.DataFrame, waivers: list[Waiver], today: date
) -> list[dict[str, Any]]:
    """Each waiver with how many open problems it speaks of, and whether it is active, expired or dead."""
    is_open = problems.filter(pl.col("state") != "fixed")
    told = []
    for waiver in waivers:
        n_problems = is_open.filter(waiver.covers()).height
        state = "expired" if not waiver.holds_on(today) else "active" if n_problems else "dead"
        told.append(asdict(waiver) | {"n_problems": n_problems, "state": state})
    return told
