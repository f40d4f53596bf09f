"""What the gate finds, as data: one check each, how it came out, and how it is told to a person.

A check that failed has found something wrong in the data; one that crashed says nothing about the data. Both refuse a release.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.steps.sql_files import SqlFile, read_sql_file

SHOWN_OFFENDERS = 5  # enough to find the fault; the file in sql/checks finds them all
TOLD_CHECKS = 5  # in the message of a refusal; gate.json has all
# A mart with one of these in its key has rows of people, who are counted here and never named.
OF_PEOPLE = ("participant_key", "enrolment_id", "enrolment_no")
_COLUMNS = ("name", "what", "kind", "outcome", "n_offenders", "is_blocking")


class Outcome(StrEnum):
    """What became of one check; a crash says nothing about the data."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"


class Kind(StrEnum):
    """What is looked at: relations across tables, the contract of one mart, or what a source sent."""

    SQL = "sql"
    EXPECTATION = "expectation"
    SOURCE = "source"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `n_offenders` is None where the check tells only yes or no."""

    name: str
    what: str
    outcome: Outcome
    n_offenders: int | None = None
    where: list[dict[str, str]] = field(default_factory=list)
    kind: Kind = Kind.SQL
    is_blocking: bool = True


@dataclass(frozen=True)
class GateResult:
    """All checks of one build; it may be published only if every single one that blocks has passed."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the build may be published; nothing looked at is no pass."""
        return any(check.is_blocking for check in self.checks) and not self.refusals

    @property
    def refusals(self) -> tuple[Check, ...]:
        """The blocking checks that failed or crashed."""
        return tuple(
            check
            for check in self.checks
            if check.is_blocking and check.outcome is not Outcome.PASSED
        )

    def to_dict(self) -> dict[str, Any]:
        """As gate.json holds it."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}


def run_sql_check(connection: duckdb.DuckDBPyConnection, path: Path) -> Check:
    """One file of sql/checks: its rows are the offenders."""
    file = read_sql_file(path)
    try:
        rows = connection.execute(file.select).fetchall()
    except duckdb.Error as error:
        # The class only: a conversion error would carry the value that could not be converted.
        what = f"{file.description} ({type(error).__name__})"
        return Check(file.path.stem, what, Outcome.CRASHED)
    where = [dict(zip(file.columns, map(str, row), strict=True)) for row in rows[:SHOWN_OFFENDERS]]
    outcome = Outcome.FAILED if rows else Outcome.PASSED
    return Check(file.path.stem, file.description, outcome, len(rows), where)


def find_offenders(
    connection: duckdb.DuckDBPyConnection, mart: SqlFile, query: str
) -> tuple[int, list[dict[str, str]]]:
    """How many rows of a mart a query finds at fault, and the cells of the first; `query` follows `from` the mart."""
    key = ", ".join(mart.key)
    found = connection.execute(f"select {key} from {mart.name} {query} order by all").fetchall()
    if set(mart.key) & set(OF_PEOPLE):
        return len(found), []
    cells = [" / ".join(map(str, row)) for row in found[:SHOWN_OFFENDERS]]
    return len(found), [{"mart": mart.name.partition(".")[2], "cell": cell} for cell in cells]


def refusal_message(result: GateResult, results: Path) -> str:
    """Why the release was refused: which checks, where, and whether it is the data or the check."""
    told = "; ".join(_told(check) for check in result.refusals[:TOLD_CHECKS])
    n_more = len(result.refusals) - TOLD_CHECKS
    more = f"; and {n_more} more" if n_more > 0 else ""
    return (
        "the gate refused the new release; the old one stays in force. "
        f"{_count(result, Outcome.FAILED, 'failed')}{_count(result, Outcome.CRASHED, 'crashed')}"
        f"{told or 'there was nothing to check'}{more}. All results: {results}"
    )


def _count(result: GateResult, outcome: Outcome, word: str) -> str:
    n_checks = sum(check.outcome is outcome for check in result.refusals)
    return f"{n_checks} {'check' if n_checks == 1 else 'checks'} {word}. " if n_checks else ""


def _told(check: Check) -> str:
    if check.outcome is Outcome.CRASHED:
        return f"{check.name} crashed, which says nothing about the data: {check.what}"
    if check.n_offenders is None:
        return f"{check.name}: {check.what}"
    at = f", first {', '.join(check.where[0].values())}" if check.where else ""
    return f"{check.name}: {check.n_offenders} offending{at}"


def record_checks(analyst: Path, result: GateResult) -> None:
    """Put the results into `ops.check` of a finished warehouse that nobody reads yet; leaves no write-ahead log."""
    told = [{name: asdict(check)[name] for name in _COLUMNS} for check in result.checks]
    with duckdb.connect(str(analyst)) as connection:
        _insert(connection, told)
        connection.execute("checkpoint")


def _insert(connection: duckdb.DuckDBPyConnection, told: Sequence[dict[str, Any]]) -> None:
    schema = {
        "name": pl.String, "what": pl.String, "kind": pl.String, "outcome": pl.String,
        "n_offenders": pl.Int64, "is_blocking": pl.Boolean,
    }  # fmt: skip
    frame = pl.DataFrame([{k: _plain(v) for k, v in row.items()} for row in told], schema=schema)
    connection.register("check_in", frame.to_arrow())
    connection.execute("insert into ops.check by name select * from check_in order by name")
    connection.unregister("check_in")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value
