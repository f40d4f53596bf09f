"""Typed rows before their judge: canonicalise, hold against the contract, and say what is wrong in the clinic's own words."""

from pathlib import Path

import pandera.polars as pa
import polars as pl

from flows.steps.canonicalise import Canonical, canonicalise
from flows.steps.cells import Context, export_name
from flows.steps.responses import FAILURE_COLUMNS
from flows.steps.validate import find_failures
from schemas.source import Source


def judge(
    text: pl.DataFrame, source: Source, path: Path, context: Context, contract: pa.DataFrameSchema
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Typed rows, and all failures by the export's column names; a cell's first reason is enough."""
    canonical = canonicalise(text, source, path, context)
    cases = find_failures(canonical.frame, contract)
    names = {name: _export_name(name, source) for name in contract.columns}
    cases = cases.with_columns(pl.col("column_name").replace(names), part=pl.lit(""))
    cases = cases.join(
        canonical.failures, on=["line", "column_name"], how="anti", maintain_order="left"
    )
    untyped = canonical.failures.with_columns(allowed=pl.lit(""))
    failures = pl.concat([untyped.select(FAILURE_COLUMNS), cases.select(FAILURE_COLUMNS)])
    return _with_status(canonical, source), _without_echoes(failures, source)


def without(failures: pl.DataFrame, *aligned: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """The same frames less the lines that failed."""
    if failures.is_empty():
        return aligned
    kept = ~aligned[0]["line"].is_in(failures["line"].unique().implode())
    return tuple(frame.filter(kept) for frame in aligned)


def _export_name(name: str, source: Source) -> str:
    """The export's name of a canonical column, also where that is derived from another one."""
    columns = source.mapping.columns
    origins = {
        "duration_weeks": ("duration_days", "duration_months"),
        "sessions_per_week": ("sessions_per_day",),
        "local_date": ("started_at", "ended_at", "completed_at", "measured_at"),
        "started_at": ("ended_at",),
    }
    for candidate in (name, *origins.get(name, ())):
        if candidate in columns:
            return export_name(candidate, columns[candidate])
    return name


def _without_echoes(failures: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Drop the missing local day of a row that already says why it has none."""
    if failures.is_empty() or source.mapping.table != "session":
        return failures
    echo = (pl.col("rule_id") == "missing_required") & (
        pl.col("column_name") == _export_name("local_date", source)
    )
    return failures.filter(~echo | (pl.len().over("line") == 1))


def _with_status(canonical: Canonical, source: Source) -> pl.DataFrame:
    """A logged session without a status was completed."""
    if source.mapping.table != "session":
        return canonical.frame
    status = pl.col("status") if "status" in canonical.frame.columns else pl.lit(None, pl.String)
    return canonical.frame.with_columns(status=status.fill_null("completed"))


def offending_cells(failures: pl.DataFrame, text: pl.DataFrame) -> pl.Series:
    """The text of each failing cell, for the restricted file only."""
    names = [
        name
        for name in failures["column_name"].unique().to_list()
        if name in text.columns and name != "line"
    ]
    rows = failures.select("line", "column_name").join(
        text.filter(pl.col("line").is_in(failures["line"].unique().implode())),
        on="line",
        how="left",
        maintain_order="left",
    )
    if not names:
        return pl.repeat(None, failures.height, dtype=pl.String, eager=True).alias("cell")
    cell = pl.coalesce(pl.when(pl.col("column_name") == name).then(pl.col(name)) for name in names)
    return rows.select(cell.alias("cell")).to_series()
