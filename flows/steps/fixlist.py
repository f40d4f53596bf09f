"""The fix-list: what a clinic can mend, as the last build found it, and how far the mending has come.

Read from the problems of the last build, the ledger and the waivers; nothing is computed anew, and no value is read.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps.ledger import read_ledger
from flows.steps.problems import NAME, ORDER, read_problems
from flows.steps.waivers import describe_waivers, read_waivers, with_waivers
from schemas.errors import ExitCode, UserError

STATES = ("new", "persisting", "waived", "fixed")
OPEN = ("new", "persisting", "waived")
SHORT_ID = 10  # enough to name one of a million problems
GROUP = ("clinic_id", "source_id", "rule_id")


@dataclass(frozen=True)
class Fixlist:
    """`problems` as of the last build, with the waivers of today; `files` could not be taken in at all."""

    problems: pl.DataFrame
    waivers: list[dict[str, Any]]
    files: list[str]
    is_built: bool

    @property
    def open(self) -> pl.DataFrame:
        """What is still wrong, waived or not."""
        return self.problems.filter(pl.col("state").is_in(OPEN))

    @property
    def counts(self) -> dict[str, int]:
        """Problems by state."""
        found = dict(self.problems.group_by("state").len().iter_rows())
        return {state: found.get(state, 0) for state in STATES}


def read_fixlist(data: Path, today: date, clinic: str | None = None) -> Fixlist:
    """The fix-list of all clinics or of one; raises UserError (exit 16) for a clinic that sent nothing."""
    warehouse = data / "warehouse"
    ledger, waivers, problems = read_ledger(warehouse), read_waivers(data), read_problems(warehouse)
    told = describe_waivers(problems, waivers, today)
    problems = with_waivers(problems, waivers, today)
    files = [problem.message for problem in ledger.problems]
    if clinic is not None:
        sent = {f["clinic_id"] for f in (*ledger.files, *ledger.refused)}
        _check_known(clinic, sent | set(problems["clinic_id"]))
        problems = problems.filter(pl.col("clinic_id") == clinic)
        told = [waiver for waiver in told if waiver["clinic"] == clinic]
        files = [message for message in files if clinic in message]
    return Fixlist(problems, told, files, (warehouse / NAME).exists())


def _check_known(clinic: str, known: set[str]) -> None:
    if clinic not in known:
        names = ", ".join(sorted(known)) or "none yet"
        raise UserError(f"no clinic {clinic!r}; known: {names}", ExitCode.UNKNOWN_NAME)


def summary(fixlist: Fixlist) -> pl.DataFrame:
    """One row per clinic, source and rule: how many problems of each state, and one example; the largest first."""
    counts = [(pl.col("state") == state).sum().alias(state) for state in STATES]
    is_open = pl.col("state").is_in(OPEN)
    return (
        fixlist.problems.sort(is_open.not_(), *ORDER)
        .group_by(*GROUP, maintain_order=True)
        .agg(
            is_open.sum().alias("open"), *counts,
            *(pl.first(name) for name in ("severity", "file_name", "line", "column_name", "reason", "fix")),
            pl.col("first_seen").min(),
        )
        .sort("open", *GROUP, descending=[True, False, False, False])
    )  # fmt: skip


def count_open(data: Path, today: date) -> dict[str, Any]:
    """What a report says of problems and waivers: counts by state, waivers with their end, and those that are no use."""
    fixlist = read_fixlist(data, today)
    return {"problems": fixlist.counts, "waivers": fixlist.waivers}


def to_json(fixlist: Fixlist) -> dict[str, Any]:
    """The whole list for machines."""
    return {
        "counts": fixlist.counts,
        "summary": summary(fixlist).to_dicts(),
        "problems": fixlist.problems.drop("file_key").to_dicts(),
        "files": fixlist.files,
        "waivers": fixlist.waivers,
    }


def to_lines(fixlist: Fixlist) -> list[str]:
    """The whole list as plain lines: what was found in all, then each problem, those already fixed last."""
    lines = headline(fixlist)
    if fixlist.problems.height > MANY:
        lines += [_group_line(row) for row in summary(fixlist).iter_rows(named=True)]
    for states in (OPEN, ("fixed",)):
        told = fixlist.problems.filter(pl.col("state").is_in(states))
        lines += [_line(row) for row in told.iter_rows(named=True)]
    return [*lines, *waiver_lines(fixlist.waivers)]


MANY = 30  # from here on one wants to see first what it comes down to


def headline(fixlist: Fixlist) -> list[str]:
    """How many problems there are, and the files that could not be taken in."""
    counts = fixlist.counts
    lines = [f"file not taken in: {message}" for message in fixlist.files]
    if not fixlist.is_built:
        return [*lines, "no build yet: `followthrough run` makes the first"]
    n_open = sum(counts[state] for state in OPEN)
    told = ", ".join(f"{counts[state]} {state}" for state in OPEN)
    return [*lines, f"open problems: {n_open} ({told}); fixed of late: {counts['fixed']}"]


def _group_line(row: dict[str, Any]) -> str:
    states = ", ".join(f"{row[state]} {state}" for state in STATES if row[state])
    return f"{row['clinic_id']}/{row['source_id']} {row['rule_id']}: {states}; for example {place(row)}: {row['fix']}"


def _line(row: dict[str, Any]) -> str:
    until = f" until {row['waived_until']}" if row["state"] == "waived" else ""
    said = (
        f"{row['clinic_id']}/{row['source_id']}/{place(row)}: {row['reason']}. {row['fix']}".rstrip(
            ". "
        )
    )
    return f"{row['problem_id'][:SHORT_ID]} {row['state']}{until}, {row['severity']}, since {row['first_seen']}: {said}."


def place(row: dict[str, Any]) -> str:
    """Where in the export: file, line, column."""
    column = f", column '{row['column_name']}'" if row["column_name"] else ""
    part = f" ({row['part']})" if row.get("part") else ""
    return f"{row['file_name']} line {row['line']}{column}{part}"


def waiver_lines(waivers: list[dict[str, Any]]) -> list[str]:
    """Each waiver in a line; those that have ended or match nothing say so."""
    endings = {
        "active": "",
        "expired": " EXPIRED: renew it with `followthrough waive`, or delete it from waivers.toml",
        "dead": " DEAD: no open problem matches it; delete it from waivers.toml",
    }
    return [
        f"waiver {w['id'][:SHORT_ID]} ({w['scope']}, {w['clinic']}/{w['source']}"
        f"{', ' + w['rule'] if w['scope'] != 'source' else ''}) until {w['until']}, {w['owner']}: {w['reason']}; "
        f"{w['n_problems']} problems{endings[w['state']]}"
        for w in waivers
    ]
