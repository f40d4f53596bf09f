"""Whether 03/04 is March or April: declared, or shown by the whole column, or refused; never guessed.

One row is enough to turn a sniffer's opinion and with it every date of a column, so the evidence is counted over the
whole file before the first row is typed (formats.md, "What was measured").
"""

from dataclasses import replace

import polars as pl

from flows.readers.evidence import date_order_of
from flows.readers.table import TextTable
from flows.steps.canonicalise import CONTRACTS
from flows.steps.discover import Export
from schemas.errors import ExportUnreadable
from schemas.source import Source

_NEEDS_ORDER = r"^\s*\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}"


def settle_date_order(export: Export, table: TextTable) -> Export:
    """The export with its date order settled; raises ExportUnreadable where the evidence is missing or contradictory."""
    names = _undeclared(export.source)
    if not names or not _is_in_question(table, names):
        return export
    orders = {}
    for name in names:
        order, why = date_order_of(batch.frame[name] for batch in table.batches((name,)))
        if order is None and why.startswith(("contradictory", "undecided")):
            raise ExportUnreadable(
                f"{export.label}: whether the dates in '{name}' are day or month first is {why}; "
                'declare date_order = "dmy" (or "mdy") under [dialect] in source.toml'
            )
        if order is not None:
            orders[name] = (order, why)
    if len({order for order, _ in orders.values()}) > 1:
        told = "; ".join(f"'{name}' {why}" for name, (_, why) in orders.items())
        raise ExportUnreadable(
            f"{export.label}: the columns disagree on day or month first: {told}; "
            "give each of these columns its own format in source.toml"
        )
    table.receipt["date order"] = "; ".join(
        f"{name}: {order}, {why}" for name, (order, why) in orders.items()
    )
    return _with_order(export, next((order for order, _ in orders.values()), None))


def _undeclared(source: Source) -> tuple[str, ...]:
    """Export columns of dates and instants that neither a format nor the dialect explains."""
    if source.mapping.dialect.date_order is not None:
        return ()
    kinds = {
        n: c.metadata["kind"]
        for n, c in CONTRACTS[source.mapping.table].to_schema().columns.items()
    }
    mapped = [c for n, c in source.mapping.columns.items() if kinds.get(n) in ("date", "instant")]
    plain = [
        c.export_columns[0]
        for c in mapped
        if c.export_columns and c.format is None and c.unit is None
    ]
    return tuple(dict.fromkeys(plain))


def _is_in_question(table: TextTable, names: tuple[str, ...]) -> bool:
    """Whether the first stretch holds a date in figures; later ones that do are refused cell by cell."""
    if table.columns is not None:
        names = tuple(name for name in names if name in table.columns)
    first = next(table.batches(names), None) if names else None
    if first is None:
        return False
    found = first.frame.select(
        pl.any_horizontal(pl.col(n).str.contains(_NEEDS_ORDER).any() for n in names)
    )
    return bool(found.item())


def _with_order(export: Export, order: str | None) -> Export:
    mapping = export.source.mapping
    dialect = mapping.dialect.model_copy(update={"date_order": order})
    settled = mapping.model_copy(update={"dialect": dialect})
    return replace(export, source=Source(export.source.path, export.source.text, settled))
