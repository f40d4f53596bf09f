"""The gate: whether what was built may be published. Nothing is repaired here, only found.

Two kinds of checks, by tools that share nothing: `sql/checks/*.sql`, each one SELECT that returns offenders
across tables, and the contract of each mart as the headers of `sql/marts/*.sql` promise it (columns, keys, ranges, dates,
finite figures), most of it by a Great Expectations suite. Checks of the sources come from outside and block only if the policy
says so. gate.json says what was checked; it holds cells, never people. Great Expectations is imported inside
functions because its import takes longer than everything else that a build does.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from flows.steps.checks import Check, GateResult, Kind, Outcome, find_offenders, run_sql_check
from flows.steps.sql_files import SQL_ROOT, SqlFile, find_sql_files

if TYPE_CHECKING:
    import pandas as pd

CHECKS = SQL_ROOT / "checks"
LAST_BITS = 1e-9  # a Wilson limit at 100 % may be 100.00000000000001
# What the name of a column promises about its values.
RANGES: dict[str, tuple[float, float | None]] = {
    "n_": (0, None),
    "pct_": (-LAST_BITS, 100 + LAST_BITS),
    "adherence_": (-LAST_BITS, 1 + LAST_BITS),
    "minutes_adherence_": (-LAST_BITS, 1 + LAST_BITS),
}
_FLOATS = ("DOUBLE", "FLOAT")
_NOT_OF_RUN = (
    "release_id is null or as_of_date is null or release_id <> (select run.release_id from ref.run) "
    "or as_of_date > (select run.as_of_date from ref.run)"
)


def gate(
    analyst: Path,
    dashboard: Path,
    out: Path,
    contracts: Sequence[SqlFile] | None = None,
    sources: Sequence[Check] = (),
) -> GateResult:
    """Check both databases and write the result as JSON to the file `out`; `sources` are checks made before."""
    marts = find_sql_files("marts") if contracts is None else contracts
    with _open(analyst, dashboard) as connection:
        checks = [run_sql_check(connection, path) for path in sorted(CHECKS.glob("*.sql"))]
        checks += _run_contracts(connection, marts) if marts else []
    result = GateResult((*checks, *sources))
    told = json.dumps(result.to_dict(), indent=2, ensure_ascii=False)
    out.write_text(told + "\n", encoding="utf-8")
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


def _run_contracts(connection: duckdb.DuckDBPyConnection, marts: Sequence[SqlFile]) -> list[Check]:
    """Hold every mart against its contract: there, complete in its key, unique, in range, finite, of this release."""
    checks: list[Check] = []
    with _quiet_import():
        context = _context()
    for mart in marts:
        try:
            rows = connection.sql(f"select * from {mart.name}").df()
        except duckdb.Error as error:
            what = f"{mart.name} can be read ({type(error).__name__})"
            name = f"{mart.name}: readable"
            checks.append(Check(name, what, Outcome.CRASHED, kind=Kind.EXPECTATION))
            continue
        found = _validate(context, mart, rows)
        checks += [_with_place(connection, mart, check, query) for check, query in found]
        checks += _check_rows(connection, mart)
    return checks


def _with_place(
    connection: duckdb.DuckDBPyConnection, mart: SqlFile, check: Check, query: str
) -> Check:
    """A failed expectation says only no; the same promise as SQL says how often and where."""
    if check.outcome is not Outcome.FAILED or not query:
        return check
    try:
        n_offenders, where = find_offenders(connection, mart, query)
    except duckdb.Error:  # its columns are not there, which another check of the mart says
        return check
    return Check(check.name, check.what, check.outcome, n_offenders, where, check.kind)


def _check_rows(connection: duckdb.DuckDBPyConnection, mart: SqlFile) -> list[Check]:
    """What no expectation can see: in a DataFrame NaN and missing are the same, and the release is another table's."""
    types = {row[0]: row[1] for row in connection.execute(f"describe {mart.name}").fetchall()}
    floats = [name for name, kind in types.items() if kind in _FLOATS]
    promises = {
        "figures finite": (
            "every figure is a number or missing, never infinite and never a division by zero",
            " or ".join(f"not isfinite({name})" for name in floats),
        ),
        "release and day": (
            "every row is of this release and of a day that its data reach",
            _NOT_OF_RUN,
        ),
    }
    return [
        _check_promise(connection, mart, name, what, fault)
        for name, (what, fault) in promises.items()
        if fault
    ]


def _check_promise(
    connection: duckdb.DuckDBPyConnection, mart: SqlFile, name: str, what: str, fault: str
) -> Check:
    told = f"{mart.name}: {name}", f"{mart.name}: {what}"
    try:
        n_offenders, where = find_offenders(connection, mart, f"where {fault}")
    except duckdb.Error as error:
        what = f"{told[1]} ({type(error).__name__})"
        return Check(told[0], what, Outcome.CRASHED, kind=Kind.EXPECTATION)
    outcome = Outcome.FAILED if n_offenders else Outcome.PASSED
    return Check(*told, outcome, n_offenders, where, Kind.EXPECTATION)


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


def _validate(context: Any, mart: SqlFile, rows: "pd.DataFrame") -> list[tuple[Check, str]]:
    """The checks of one mart, each with the SQL that would find its offenders."""
    import great_expectations as gx

    suite = gx.ExpectationSuite(name=mart.name, expectations=_expectations(mart, rows))
    asset = context.data_sources.add_pandas(mart.name).add_dataframe_asset(mart.name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    # BOOLEAN_ONLY: any other format would carry values of the mart into the result.
    found = batch.validate(suite, result_format="BOOLEAN_ONLY")
    checks = [
        (_check(mart, result), str(result.expectation_config.meta["offenders"]))
        for result in found.results
    ]
    return sorted(checks, key=lambda check: check[0].name)


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
        what = f"{column} is part of the key and never missing"
        meta = _meta(f"{column} present", what, f"where {column} is null")
        told.append(expect.ExpectColumnValuesToNotBeNull(column=column, meta=meta))
    for column in rows.columns:
        bounds = next((RANGES[prefix] for prefix in RANGES if column.startswith(prefix)), None)
        if bounds and column not in mart.key and is_numeric_dtype(rows[column]):
            told.append(_between(column, *bounds))
    return told


def _between(column: str, lo: float, hi: float | None) -> Any:
    import great_expectations as gx

    expect: Any = gx.expectations
    limits = f"at least {lo:g}" if hi is None else f"from {lo:.0f} to {hi:.0f}"
    above = "" if hi is None else f" or {column} > {hi!r}"
    meta = _meta(f"{column} in range", f"{column} is {limits}", f"where {column} < {lo!r}{above}")
    return expect.ExpectColumnValuesToBeBetween(
        column=column, min_value=lo, max_value=hi, meta=meta
    )


def _unique(key: tuple[str, ...]) -> Any:
    import great_expectations as gx

    expect: Any = gx.expectations
    meta = _meta(
        "key unique", f"({', '.join(key)}) stands once", "group by all having count(*) > 1"
    )
    if len(key) == 1:
        return expect.ExpectColumnValuesToBeUnique(column=key[0], meta=meta)
    return expect.ExpectCompoundColumnsToBeUnique(column_list=list(key), meta=meta)


def _meta(name: str, what: str, offenders: str = "") -> dict[str, str]:
    return {"name": name, "what": what, "offenders": offenders}


def _check(mart: SqlFile, result: Any) -> Check:
    """One result of Great Expectations; it reports a crashed metric as a failure, so that is looked up."""
    meta = result.expectation_config.meta
    outcome = Outcome.PASSED if result.success else Outcome.FAILED
    if _has_crashed(result.exception_info):
        outcome = Outcome.CRASHED
    name, what = f"{mart.name}: {meta['name']}", f"{mart.name}: {meta['what']}"
    return Check(name, what, outcome, kind=Kind.EXPECTATION)


def _has_crashed(told: dict[str, Any] | None) -> bool:
    # Either one record, or one record per metric: the shape depends on where it crashed.
    records = [
        told or {},
        *(record for record in (told or {}).values() if isinstance(record, dict)),
    ]
    return any(record.get("raised_exception") for record in records)
