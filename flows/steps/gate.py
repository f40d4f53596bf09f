"""The gate: whether what was built may be published. Nothing is repaired here, only found.

Two kinds of checks, by tools that share nothing: `sql/checks/*.sql`, each one SELECT that returns offenders
across tables, and a Great Expectations suite made from the headers of `sql/marts/*.sql` (keys, ranges).
gate.json says what was checked; it holds cells, never people. Great Expectations is imported inside
functions because its import takes longer than everything else that a build does.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from flows.steps.sql_files import SQL_ROOT, SqlFile, find_sql_files, read_sql_file

if TYPE_CHECKING:
    import pandas as pd

CHECKS = SQL_ROOT / "checks"
SHOWN_OFFENDERS = 5  # enough to find the fault; the file in sql/checks finds them all
LAST_BITS = 1e-9  # a Wilson limit at 100 % may be 100.00000000000001
# What the name of a column promises about its values.
RANGES: dict[str, tuple[float, float | None]] = {
    "n_": (0, None),
    "pct_": (-LAST_BITS, 100 + LAST_BITS),
    "adherence_": (-LAST_BITS, 1 + LAST_BITS),
    "minutes_adherence_": (-LAST_BITS, 1 + LAST_BITS),
}


class Outcome(StrEnum):
    """What became of one check; a crash says nothing about the data."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `n_offenders` is None where the check tells only yes or no."""

    name: str
    what: str
    outcome: Outcome
    n_offenders: int | None = None
    where: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class GateResult:
    """All checks of one build; only a build in which every single one passed may be published."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.outcome is Outcome.PASSED for check in self.checks)

    @property
    def refusals(self) -> tuple[Check, ...]:
        """The checks that failed or crashed."""
        return tuple(check for check in self.checks if check.outcome is not Outcome.PASSED)


def gate(
    analyst: Path, dashboard: Path, out: Path, contracts: Sequence[SqlFile] | None = None
) -> GateResult:
    """Check both databases and write the result as JSON to the file `out`."""
    marts = find_sql_files("marts") if contracts is None else contracts
    with _open(analyst, dashboard) as connection:
        checks = [_run_sql_check(connection, path) for path in sorted(CHECKS.glob("*.sql"))]
        checks += _run_expectations(connection, marts) if marts else []
    result = GateResult(tuple(checks))
    told = {"passed": result.passed, "checks": [asdict(check) for check in result.checks]}
    out.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


@contextmanager
def _open(analyst: Path, dashboard: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which `marts.x` is the analyst's and `dashboard.marts.x` the published one."""
    with duckdb.connect() as connection:
        for name, path in (("analyst", analyst), ("dashboard", dashboard)):
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        connection.execute("use analyst")
        yield connection


def _run_sql_check(connection: duckdb.DuckDBPyConnection, path: Path) -> Check:
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


def _run_expectations(
    connection: duckdb.DuckDBPyConnection, marts: Sequence[SqlFile]
) -> list[Check]:
    """Validate every mart by its contract: key complete and unique, columns as told, values in range."""
    checks: list[Check] = []
    with _quiet_import():
        context = _context()
    for mart in marts:
        try:
            rows = connection.execute(f"select * from {mart.name}").df()
        except duckdb.Error as error:
            what = f"{mart.name} can be read ({type(error).__name__})"
            checks.append(Check(f"{mart.name}: readable", what, Outcome.CRASHED))
            continue
        checks += _validate(context, mart, rows)
    return checks


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Great Expectations imports two modules that Python 3.11 calls deprecated; nothing else is silenced."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=r"module 'sre_\w+' is deprecated", category=DeprecationWarning
        )
        yield


def _context() -> Any:
    """A context in memory that reports to nobody, draws no progress bars and builds no Data Docs."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )


def _validate(context: Any, mart: SqlFile, rows: "pd.DataFrame") -> list[Check]:
    import great_expectations as gx

    suite = gx.ExpectationSuite(name=mart.name, expectations=_expectations(mart, rows))
    asset = context.data_sources.add_pandas(mart.name).add_dataframe_asset(mart.name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    # BOOLEAN_ONLY: any other format would carry values of the mart into the result.
    found = batch.validate(suite, result_format="BOOLEAN_ONLY")
    checks = [_check(mart, result) for result in found.results]
    return sorted(checks, key=lambda check: check.name)


def _expectations(mart: SqlFile, rows: "pd.DataFrame") -> list[Any]:
    """The contract of one mart, as its header and the names of its columns promise it."""
    import great_expectations as gx
    from pandas.api.types import is_numeric_dtype

    expect: Any = gx.expectations
    told: list[Any] = [
        expect.ExpectTableColumnsToMatchSet(
            column_set=list(mart.columns), meta=_meta("columns", "has the columns of its header")
        ),
        _unique(mart.key),
    ]
    for column in mart.key:
        meta = _meta(f"{column} present", f"{column} is part of the key and never missing")
        told.append(expect.ExpectColumnValuesToNotBeNull(column=column, meta=meta))
    for column in rows.columns:
        bounds = next((RANGES[prefix] for prefix in RANGES if column.startswith(prefix)), None)
        if bounds and column not in mart.key and is_numeric_dtype(rows[column]):
            lo, hi = bounds
            limits = f"at least {lo:g}" if hi is None else f"from {lo:.0f} to {hi:.0f}"
            meta = _meta(f"{column} in range", f"{column} is {limits}")
            told.append(
                expect.ExpectColumnValuesToBeBetween(
                    column=column, min_value=lo, max_value=hi, meta=meta
                )
            )
    return told


def _unique(key: tuple[str, ...]) -> Any:
    import great_expectations as gx

    expect: Any = gx.expectations
    meta = _meta("key unique", f"({', '.join(key)}) stands once")
    if len(key) == 1:
        return expect.ExpectColumnValuesToBeUnique(column=key[0], meta=meta)
    return expect.ExpectCompoundColumnsToBeUnique(column_list=list(key), meta=meta)


def _meta(name: str, what: str) -> dict[str, str]:
    return {"name": name, "what": what}


def _check(mart: SqlFile, result: Any) -> Check:
    """One result of Great Expectations; it reports a crashed metric as a failure, so that is looked up."""
    meta = result.expectation_config.meta
    outcome = Outcome.PASSED if result.success else Outcome.FAILED
    if _has_crashed(result.exception_info):
        outcome = Outcome.CRASHED
    return Check(f"{mart.name}: {meta['name']}", f"{mart.name}: {meta['what']}", outcome)


def _has_crashed(told: dict[str, Any] | None) -> bool:
    # Either one record, or one record per metric: the shape depends on where it crashed.
    records = [
        told or {},
        *(record for record in (told or {}).values() if isinstance(record, dict)),
    ]
    return any(record.get("raised_exception") for record in records)
