"""Whether 3,5 is a number: declared, or shown by all figures of the file.

Only a file in which every figure with a mark has a comma is read with the comma. Where both marks stand, the point stays in
force and the cells with a comma are refused one by one: a typing error must not turn all other figures.
"""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from flows.readers.evidence import decimal_of
from flows.readers.table import TextTable
from flows.steps.canonicalise import CONTRACTS
from flows.steps.discover import Export
from schemas.source import Source

_WITH_COMMA = r"^\s*[+-]?\d+,\d+\s*$"


def settle_decimal(export: Export, table: TextTable, answers: tuple[str, ...]) -> Export:
    """The export with its decimal mark settled; `answers` are the columns of questionnaires."""
    names = _undeclared(export.source, answers, table)
    first = next(table.batches(names), None) if names else None
    if first is None or not any(first.frame[n].str.contains(_WITH_COMMA).any() for n in names):
        return export
    mark, why = decimal_of(_cells(table, names))
    table.receipt["decimal"] = f"{mark or 'point'}: {why}"
    if mark != ",":
        return export
    mapping = export.source.mapping
    dialect = mapping.dialect.model_copy(update={"decimal": mark})
    settled = mapping.model_copy(update={"dialect": dialect})
    return replace(export, source=Source(export.source.path, export.source.text, settled))


def _cells(table: TextTable, names: tuple[str, ...]) -> Iterator[pl.Series]:
    return (batch.frame[name] for batch in table.batches(names) for name in names)


def _undeclared(source: Source, answers: tuple[str, ...], table: TextTable) -> tuple[str, ...]:
    """Export columns of figures, where the dialect does not say how they are written."""
    if source.mapping.dialect.decimal is not None:
        return ()
    columns = CONTRACTS[source.mapping.table].to_schema().columns.items()
    figures = [n for n, c in columns if c.metadata["kind"] in ("number", "integer")]
    mapped = [c for n, c in source.mapping.columns.items() if n in figures]
    names = [c.export_columns[0] for c in mapped if c.export_columns] + list(answers)
    present = [n for n in names if table.columns is None or n in table.columns]
    return tuple(dict.fromkeys(present))
