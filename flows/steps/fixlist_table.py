"""The fix-list on a terminal: the summary as a table, then the first problems one by one."""

import unicodedata
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.steps.fixlist import (
    MANY,
    OPEN,
    SHORT_ID,
    Fixlist,
    headline,
    place,
    summary,
    waiver_lines,
)

_SUMMARY = {"open": "right", "new": "right", "waived": "right", "fixed": "right"}


def print_fixlist(fixlist: Fixlist, console: Console | None = None) -> None:
    """Print what one can take in at a glance; the files of --csv and --xlsx hold everything."""
    out = console or Console()
    for line in headline(fixlist):
        out.print(_text(line))
    shown = fixlist.problems.filter(pl.col("state").is_in(OPEN))
    if fixlist.problems.height > MANY:
        out.print(_summary_table(summary(fixlist)))
    if shown.height:
        out.print(_problem_table(shown.head(MANY)))
    if shown.height > MANY:
        more = f"{shown.height - MANY} more: --csv FILE or --xlsx FILE lists all, with the rows themselves"
        out.print(_text(more))
    for line in waiver_lines(fixlist.waivers):
        out.print(_text(line))


def _summary_table(rows: pl.DataFrame) -> Table:
    table = Table("clinic/source", "rule", title="By source and rule", title_justify="left")
    for name in _SUMMARY:
        table.add_column(name, justify="right")
    table.add_column("for example")
    table.add_column("what to change", ratio=1)
    for row in rows.iter_rows(named=True):
        counts = [str(row[name]) for name in _SUMMARY]
        source = f"{row['clinic_id']}/{row['source_id']}"
        table.add_row(*map(_text, [source, row["rule_id"], *counts, place(row), row["fix"]]))
    return table


def _problem_table(rows: pl.DataFrame) -> Table:
    table = Table("id", "state", "where", "why", "what to change", "since", title_justify="left")
    for row in rows.iter_rows(named=True):
        table.add_row(*map(_text, _cells(row)))
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    until = f" until {row['waived_until']}" if row["state"] == "waived" else ""
    where = f"{row['clinic_id']}/{row['source_id']}/{place(row)}"
    state = row["state"] + until + (" (warning)" if row["severity"] == "warning" else "")
    return [
        row["problem_id"][:SHORT_ID],
        state,
        where,
        row["reason"],
        row["fix"],
        str(row["first_seen"]),
    ]


def _text(line: str) -> Text:
    """Plain text: a file or column name must not speak to the terminal, or as markup."""
    return Text("".join(c if unicodedata.category(c)[0] != "C" else " " for c in line))
