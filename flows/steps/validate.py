"""Hold typed rows against their Pandera contract, and say row by row what is wrong.

Pandera is the judge: every accepted row passed the contract's own checks, in a whole validation or asked one by one. All
failures are collected, and told apart by row number, never by dropping (docs/decisions.md).
"""

import re
from collections.abc import Sequence

import pandera.polars as pa
import polars as pl
from pandera.api.base.checks import CheckResult
from pandera.errors import SchemaErrors

from schemas.rules import read_rules

FAILURE_SCHEMA = {
    "line": pl.Int64,
    "column_name": pl.String,
    "rule_id": pl.String,
    "allowed": pl.String,
}
# Pandera's names of built-in checks -> our rules; custom checks are named `rule` or `rule:column`.
_RULES = {"not_nullable": "missing_required"}
_WORTH_ASKING = 50_000  # rows; below that a whole validation is the cheaper way
_RANGES = re.compile(
    r"(in_range|greater_than|less_than|greater_than_or_equal_to|less_than_or_equal_to)\("
)


def find_failures(frame: pl.DataFrame, contract: pa.DataFrameSchema) -> pl.DataFrame:
    """One row per failed check of a row: line, canonical column, rule, what is allowed.

    Columns of the contract that the frame lacks are not mapped: they are NULL for the rules that look at several columns,
    and are not judged themselves. Of a long frame the same is asked in another way: see `_name_failures`.
    """
    absent = [name for name in contract.columns if name not in frame.columns]
    nulls = [pl.lit(None, contract.columns[name].dtype.type).alias(name) for name in absent]
    judged = contract.remove_columns(absent) if absent else contract
    whole = frame.with_columns(nulls)
    if whole.height < _WORTH_ASKING:
        return _judge(whole, judged)
    _check_types(whole, judged)
    return _name_failures(whole, judged)


def _check_types(rows: pl.DataFrame, contract: pa.DataFrameSchema) -> None:
    columns = contract.columns.items()
    if wrong := [name for name, column in columns if rows.schema[name] != column.dtype.type]:
        raise AssertionError(f"typed columns do not fit the contract: {wrong}")


def cell_columns(contract: pa.DataFrameSchema) -> list[str]:
    """Columns of which a bad cell is blanked instead of refusing its record."""
    return [n for n, c in contract.columns.items() if (c.metadata or {}).get("severity") == "cell"]


def severities(cells: Sequence[str] = ()) -> pl.Expr:
    """The severity of failures with `rule_id` and `name`; `cells` are the columns that may be blanked."""
    by_rule = {rule_id: rule["severity"] for rule_id, rule in read_rules().items()}
    of_rule = pl.col("rule_id").replace_strict(by_rule, return_dtype=pl.String)
    if not cells:
        return of_rule.alias("severity")
    is_cell = (of_rule == "row") & pl.col("name").is_in(list(cells))
    return pl.when(is_cell).then(pl.lit("cell")).otherwise(of_rule).alias("severity")


def _judge(rows: pl.DataFrame, contract: pa.DataFrameSchema) -> pl.DataFrame:
    try:
        contract.validate(rows, lazy=True)
    except SchemaErrors as errors:
        return _by_line(rows, errors.failure_cases, allowed_ranges(contract))
    return pl.DataFrame(schema=FAILURE_SCHEMA)


def _name_failures(rows: pl.DataFrame, contract: pa.DataFrameSchema) -> pl.DataFrame:
    """What the contract's own checks say of each row, asked one by one.

    The same verdicts as those of a whole validation, which copies the columns for each check and makes a Python object of
    every failing row: with all rows of a file bad that costs seven times the good file.
    """
    lazy, found = rows.lazy(), [pl.DataFrame(schema=FAILURE_SCHEMA)]
    allowed = allowed_ranges(contract)

    def name(case: str, failed: pl.Series, column: str) -> None:
        if not failed.any():
            return
        rule_id, told = _rule(case)
        found.append(
            rows["line"].filter(failed).to_frame("line").with_columns(
                column_name=pl.lit(told or column), rule_id=pl.lit(rule_id),
                allowed=pl.lit(allowed.get(told or column, "")),
            )
        )  # fmt: skip

    for key, column in contract.columns.items():
        if not column.nullable and rows[key].null_count():
            name("not_nullable", rows[key].is_null(), key)
        for check in column.checks:
            name(check.error or check.name, _failed(check(lazy, key)), key)
    for check in contract.checks:
        name(check.name, _failed(check(lazy)), "")
    return pl.concat(found)


def _failed(result: CheckResult) -> pl.Series:
    passed: pl.Series = result.check_output.collect().to_series()
    return ~passed


def _by_line(frame: pl.DataFrame, cases: pl.DataFrame, allowed: dict[str, str]) -> pl.DataFrame:
    if cases["index"].null_count():
        raise AssertionError(
            f"typed columns do not fit the contract: {cases.filter(pl.col('index').is_null())['check'].unique().to_list()}"
        )
    rules = {check: _rule(check) for check in cases["check"].unique().to_list()}
    found = cases.select(
        pl.col("index").cast(pl.UInt32),
        column_name=pl.coalesce(
            pl.col("check").replace_strict(
                {c: column for c, (_, column) in rules.items()}, return_dtype=pl.String
            ),
            "column",
        ),
        rule_id=pl.col("check").replace_strict(
            {c: rule for c, (rule, _) in rules.items()}, return_dtype=pl.String
        ),
    )
    lines = frame["line"].gather(found["index"])
    return found.select(
        lines.alias("line"),
        "column_name",
        "rule_id",
        allowed=pl.col("column_name").replace_strict(allowed, default="", return_dtype=pl.String),
    ).unique(subset=["line", "column_name", "rule_id"], maintain_order=True)


def _rule(check: str) -> tuple[str, str | None]:
    if _RANGES.match(check):
        return "out_of_range", None
    rule, _, column = _RULES.get(check, check).partition(":")
    return rule, column or None


def allowed_ranges(contract: pa.DataFrameSchema) -> dict[str, str]:
    """What each column's contract allows, in words: `0 to 10`, `more than 0, at most 240`."""
    words = {
        "greater_than": "more than",
        "less_than": "less than",
        "greater_than_or_equal_to": "at least",
        "less_than_or_equal_to": "at most",
    }
    ranges: dict[str, str] = {}
    for name, column in contract.columns.items():
        parts = []
        for check in column.checks:
            values = check.statistics or {}
            if check.name == "in_range":
                parts.append(f"{values['min_value']:g} to {values['max_value']:g}")
            elif check.name in words:
                parts.append(f"{words[check.name]} {next(iter(values.values())):g}")
        ranges[name] = ", ".join(parts)
    return ranges
