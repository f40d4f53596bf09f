"""What the cells of an export say about its times and figures: order of day and month, decimal mark, zone, units."""

import polars as pl

from flows.readers.evidence import date_order_of, decimal_of
from flows.steps import times
from flows.steps.canonicalise import ALTERNATES, CONTRACTS
from flows.steps.inspect_columns import Roles
from flows.steps.inspect_questionnaires import Found
from schemas.source import DEFAULT_MISSING

_LONG_SESSION = 240  # minutes; half of all sessions are never longer
_CLOCK = r"\d{1,2}:\d{2}"


def kind_of(table: str, name: str) -> tuple[str, str | None, str | None]:
    """How a canonical column is read: kind, vocabulary, canonical unit."""
    column = CONTRACTS[table].to_schema().columns.get(name)
    metadata = (
        (column.metadata or {}) if column is not None else {"kind": ALTERNATES.get(name, "text")}
    )
    return str(metadata.get("kind")), metadata.get("vocabulary"), metadata.get("unit")


def time_columns(
    roles: Roles, frame: pl.DataFrame, suffixes: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Canonical column of a time -> the export's columns that hold it (several in a wide export)."""
    found = {}
    for name, column in roles.columns.items():
        if kind_of(roles.table, name)[0] in ("date", "instant"):
            blocks = [column + s for s, group in suffixes.items() if column in group]
            held = [c for c in blocks or [column] if c in frame.columns]
            if held:
                found[name] = held
    return found


def date_evidence(columns: list[str], frame: pl.DataFrame) -> tuple[str | None, str]:
    """The order of day and month over all columns of time together."""
    return date_order_of(frame[column] for column in columns)


def decimal_evidence(
    roles: Roles, found: list[Found], frame: pl.DataFrame
) -> tuple[str | None, str]:
    """The decimal mark over all columns of figures together."""
    figures = [
        c for n, c in roles.columns.items() if kind_of(roles.table, n)[0] in ("number", "integer")
    ]
    figures += [c for f in found for c in (*f.items.values(), *f.totals)]
    return decimal_of(frame[column] for column in figures if column in frame.columns)


def epoch_unit(cells: pl.Series) -> str | None:
    """The unit of times that are written as plain figures."""
    figures = cells.drop_nulls().str.strip_chars().cast(pl.Float64, strict=False)
    if figures.is_empty() or figures.null_count() > 0.2 * len(figures):
        return None
    middle = figures.median()
    bounds = {"epoch_ms": (6e11, 4e12), "epoch_s": (6e8, 4e9), "excel_serial": (25000.0, 80000.0)}
    fits = (
        u for u, (low, high) in bounds.items() if isinstance(middle, float) and low < middle < high
    )
    return next(fits, None)


def n_unread_times(cells: pl.Series, order: str | None) -> int:
    """How many cells none of the known forms of a time fits."""
    written = times.read_times(cells, times.formats(order, None), DEFAULT_MISSING)
    return 0 if written.failed is None else int(written.failed.sum())


def has_clock(cells: pl.Series) -> bool:
    """Whether any cell tells a time of day, which only a zone places."""
    return bool(cells.str.contains(_CLOCK).any()) or epoch_unit(cells) is not None


def is_time(cells: pl.Series) -> bool:
    """Whether nearly all cells are dates or times, in one form or another."""
    filled = cells.drop_nulls().str.strip_chars()
    filled = filled.filter(filled.str.contains(r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}"))
    n_filled = int((cells.drop_nulls().str.strip_chars() != "").sum())
    return n_filled > 0 and len(filled) >= 0.9 * n_filled


def length_unit(cells: pl.Series) -> str | None:
    """The unit of lengths that are too long for minutes; None where they can be minutes."""
    figures = cells.drop_nulls().str.strip_chars().cast(pl.Float64, strict=False).drop_nulls()
    middle = figures.median()
    if not isinstance(middle, float) or middle <= _LONG_SESSION:
        return None
    return "s" if middle <= _LONG_SESSION * 60 else "ms"
