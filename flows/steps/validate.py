"""Hold typed rows against their Pandera contract, and say row by row what is wrong.

Pandera is the judge: every accepted row passed it. `lazy=True` collects all failures of a batch; they are told
apart by row number, never by dropping (docs/decisions.md).
"""

import re

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

FAILURE_SCHEMA = {"line": pl.Int64, "column_name": pl.String, "rule_id": pl.String, "allowed": pl.String}
# Pandera's names of built-in checks -> our rules; custom checks are named `rule` or `rule:column`.
_RULES = {"not_nullable": "missing_required"}
_RANGES = re.compile(r"(in_range|greater_than|less_than|greater_than_or_equal_to|less_than_or_equal_to)\(")


def find_failures(frame: pl.DataFrame, contract: pa.DataFrameSchema) -> pl.DataFrame:
    """One row per failed check of a row: line, canonical column, rule, what is allowed.

    Columns of the contract that the frame lacks are not mapped: they are NULL for the rules that look at
    several columns, and are not judged themselves.
    """
    absent = [name for name in contract.columns if name not in frame.columns]
    nulls = [pl.lit(None, contract.columns[name].dtype.type).alias(name) for name in absent]
    judged = contract.remove_columns(absent) if absent else contract
    try:
        judged.validate(frame.with_columns(nulls), lazy=True)
    except SchemaErrors as errors:
        return _by_line(frame, errors.failure_cases, allowed_ranges(contract))
    return pl.DataFrame(schema=FAILURE_SCHEMA)


def _by_line(frame: pl.DataFrame, cases: pl.DataFrame, allowed: dict[str, str]) -> pl.DataFrame:
    if cases["index"].null_count():
        raise AssertionError(f"typed columns do not fit the contract: {cases.filter(pl.col('index').is_null())['check'].unique().to_list()}")
    rules = {check: _rule(check) for check in cases["check"].unique().to_list()}
    found = cases.select(
        pl.col("index").cast(pl.UInt32),
        column_name=pl.coalesce(
            pl.col("check").replace_strict({c: column for c, (_, column) in rules.items()}, return_dtype=pl.String), "column"),
        rule_id=pl.col("check").replace_strict({c: rule for c, (rule, _) in rules.items()}, return_dtype=pl.String),
    )
    lines = frame["line"].gather(found["index"])
    return found.select(
        lines.alias("line"), "column_name", "rule_id",
        allowed=pl.col("column_name").replace_strict(allowed, default="", return_dtype=pl.String),
    ).unique(subset=["line", "column_name", "rule_id"], maintain_order=True)


def _rule(check: str) -> tuple[str, str | None]:
    if _RANGES.match(check):
        return "out_of_range", None
    rule, _, column = _RULES.get(check, check).partition(":")
    return rule, column or None


def allowed_ranges(contract: pa.DataFrameSchema) -> dict[str, str]:
    """What each column's contract allows, in words: `0 to 10`, `more than 0, at most 240`."""
    words = {"greater_than": "more than", "less_than": "less than", "greater_than_or_equal_to": "at least", "less_than_or_equal_to": "at most"}
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
