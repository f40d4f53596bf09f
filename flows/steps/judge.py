"""Typed rows before their judge: canonicalise, hold against the contract, and say what is wrong in the clinic's own words.

What is wrong reaches as far as its severity: `row` takes the record away, `cell` blanks one cell of it, `warning`
leaves everything as it is.
"""

from collections.abc import Callable
from pathlib import Path

import pandera.polars as pa
import polars as pl

from flows.steps.canonicalise import Canonical, canonicalise
from flows.steps.cells import Context, export_name
from flows.steps.responses import FAILURE_COLUMNS
from flows.steps.validate import cell_columns, find_failures, severities
from schemas import enrolment, pause, session
from schemas.policy import Policy
from schemas.source import Source

REMARKS: dict[str, Callable[[Policy], dict[str, pl.Expr]]] = {
    "enrolment": enrolment.remarks,
    "session": session.remarks,
    "pause": pause.remarks,
}
STANDING = ("cell", "warning")  # severities that leave the record in force
# A canonical column that is not mapped itself comes from the first of these that is.
ORIGINS = {
    "duration_weeks": ("duration_days", "duration_months"),
    "sessions_per_week": ("sessions_per_day",),
    "local_date": ("started_at", "ended_at", "completed_at", "measured_at"),
    "started_at": ("ended_at",),
}


def judge(
    text: pl.DataFrame, source: Source, path: Path, context: Context, contract: pa.DataFrameSchema
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Typed rows without their bad cells, and all failures by the export's column names.

    A cell's first reason is enough. Rows to be refused are still among the rows: see `without`.
    """
    canonical = canonicalise(text, source, path, context)
    cases = _named(find_failures(canonical.frame, contract), source)
    untyped = canonical.failures.unique(["line", "name"], keep="first", maintain_order=True)
    untyped = untyped.with_columns(allowed=pl.lit(""))
    cases = cases.join(untyped, on=["line", "column_name"], how="anti", maintain_order="left")
    failures = pl.concat([untyped, cases.select(untyped.columns)])
    failures = failures.with_columns(severities(cell_columns(contract)), part=pl.lit(""))
    failures = _without_echoes(failures, canonical.frame, source)
    rows = _blanked(_with_status(canonical, source), failures)
    remarked = _remarks(rows, failures, source, contract, context.policy)
    return rows, pl.concat([failures.select(FAILURE_COLUMNS), remarked])


def without(failures: pl.DataFrame, *aligned: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """The same frames less the lines that were refused."""
    refused = failures.filter(~pl.col("severity").is_in(STANDING))["line"]
    if refused.is_empty():
        return aligned
    kept = ~aligned[0]["line"].is_in(refused.unique().implode())
    return tuple(frame.filter(kept) for frame in aligned)


def column_origin(name: str, source: Source) -> str:
    """The export's name of a canonical column, also where that is derived from another one."""
    columns = source.mapping.columns
    for candidate in (name, *ORIGINS.get(name, ())):
        if candidate in columns:
            return export_name(candidate, columns[candidate])
    return name


def _named(cases: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Failures of the contract with the canonical name kept beside the export's own."""
    names = {name: column_origin(name, source) for name in cases["column_name"].unique().to_list()}
    return cases.rename({"column_name": "name"}).with_columns(
        pl.col("name").replace(names).alias("column_name")
    )


def _without_echoes(failures: pl.DataFrame, rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Drop what a session lacks only because of what is told beside it: its day, its length by the clock."""
    if failures.is_empty() or source.mapping.table != "session":
        return failures

    def lines(which: pl.Expr) -> pl.Series:
        return failures.filter(which)["line"].unique().implode()

    name, rule_id = pl.col("name"), pl.col("rule_id")
    no_day = (rule_id == "missing_required") & (name == "local_date")
    has_other = lines((pl.col("severity") == "row") & (name != "local_date"))
    failures = failures.filter(~(no_day & pl.col("line").is_in(has_other)))
    about_end = rule_id.is_in(["end_before_start", "too_long"])
    if {"started_at", "ended_at", "minutes"} <= set(rows.columns):
        at = pl.col("line").is_in(lines(about_end))
        told = rows.lazy().filter(at).select("line", "minutes", "started_at", "ended_at").collect()
        elapsed = (pl.col("ended_at") - pl.col("started_at")).dt.total_milliseconds() / 60000
        by_clock = told.filter(pl.col("minutes") == elapsed)["line"].implode()
        failures = failures.filter(~((name == "minutes") & pl.col("line").is_in(by_clock)))
    return failures


def _with_status(canonical: Canonical, source: Source) -> pl.DataFrame:
    """A logged session without a status was completed."""
    if source.mapping.table != "session":
        return canonical.frame
    frame = canonical.frame
    if "status" not in frame.columns:
        return frame.with_columns(status=pl.lit("completed"))
    if not frame["status"].null_count():
        return frame
    return frame.with_columns(pl.col("status").fill_null("completed"))


def _blanked(rows: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """The rows without the cells that could be read and are out of bounds, where a blank one will do."""
    bad = failures.filter((pl.col("severity") == "cell") & pl.col("name").is_in(rows.columns))
    for (name,), cells in bad.group_by("name"):
        is_bad = pl.col("line").is_in(cells["line"].implode())
        rows = rows.with_columns(pl.when(~is_bad).then(pl.col(str(name))).alias(str(name)))
    return rows


def _remarks(
    rows: pl.DataFrame,
    failures: pl.DataFrame,
    source: Source,
    contract: pa.DataFrameSchema,
    policy: Policy,
) -> pl.DataFrame:
    """What is odd about rows that stand."""
    found = [failures.select(FAILURE_COLUMNS).clear()]
    if source.mapping.table not in REMARKS or rows.is_empty():
        return found[0]
    doubts = REMARKS[source.mapping.table](policy)
    absent = [name for name in contract.columns if name not in rows.columns]
    nulls = [pl.lit(None, contract.columns[name].dtype.type).alias(name) for name in absent]
    odd = rows.lazy().with_columns(nulls).select("line", **doubts).collect()
    for case in doubts:
        rule_id, _, name = case.partition(":")
        (lines,) = without(failures, odd.filter(pl.col(case)).select("line"))
        if lines.height:
            told = lines.with_columns(
                column_name=pl.lit(column_origin(name, source)), rule_id=pl.lit(rule_id),
                allowed=pl.lit(""), part=pl.lit(""), severity=pl.lit("warning"),
            )  # fmt: skip
            found.append(told.select(FAILURE_COLUMNS))
    return pl.concat(found)


def offending_cells(failures: pl.DataFrame, text: pl.DataFrame) -> pl.Series:
    """The text of each failing cell, for the restricted file only. NULL where a record or several columns failed."""
    names = set(failures["column_name"].unique()) & set(text.columns) - {"line"}
    if not names or text.is_empty():
        return pl.repeat(None, failures.height, dtype=pl.String, eager=True).alias("cell")
    if not text["line"].is_sorted():
        text = text.sort("line")
    # By place, not by a join: with every row bad there are more failures than rows.
    place = text["line"].search_sorted(failures["line"]).clip(upper_bound=text.height - 1)
    is_there = text["line"].gather(place) == failures["line"]
    cell = pl.coalesce(
        pl.when(is_there & (failures["column_name"] == name)).then(text[name].gather(place))
        for name in sorted(names)
    )
    return pl.select(cell.alias("cell")).to_series()
