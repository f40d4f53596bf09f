"""The columns of one batch while they are typed: text in, typed columns and named failures out."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps import times
from schemas.errors import ExportUnreadable
from schemas.instrument import Instrument
from schemas.policy import Policy
from schemas.source import ColumnMap, Source
from schemas.vocabulary import Vocabularies

# `name` is the canonical column, `column_name` the export's own.
NO_FAILURES = pl.DataFrame(
    schema={
        "line": pl.Int64,
        "name": pl.String,
        "column_name": pl.String,
        "rule_id": pl.String,
    }
)


@dataclass(frozen=True)
class Context:
    """What reading needs besides the file: vocabularies, questionnaires, policy."""

    vocabularies: Vocabularies
    instruments: dict[tuple[str, str], Instrument]
    policy: Policy


def export_name(name: str, column: ColumnMap | None) -> str:
    """How the clinic knows a canonical column: by the name in its own export."""
    return " + ".join(column.export_columns) if column and column.export_columns else name


class Cells:
    """The columns of one batch while they are typed."""

    def __init__(
        self, text: pl.DataFrame, source: Source, relative_path: Path, context: Context
    ) -> None:
        self.text, self.source, self.path, self.context = text, source, relative_path, context
        self.mapping, self.dialect = source.mapping, source.mapping.dialect
        self.decimal = self.dialect.decimal or "."
        self.typed: dict[str, pl.Series] = {}
        self.written: dict[str, times.Written] = {}
        self.failures: list[pl.DataFrame] = []

    def text_of(self, column: ColumnMap) -> pl.Series:
        """The text of one mapped column, whatever it is made of."""
        if column.column is not None:
            return self.text[column.column]
        if column.join is not None:
            return self.text.select(pl.concat_str(column.join, separator=column.with_)).to_series()
        constant = (
            path_value(column.path, self.path)
            if column.path is not None
            else _as_text(column.value)
        )
        return pl.repeat(constant, self.text.height, dtype=pl.String, eager=True)

    def keep(self, name: str, values: pl.Series) -> None:
        """Store a typed column."""
        self.typed[name] = values

    def fail(self, name: str, rule_id: str, mask: pl.Series) -> None:
        """Name the cells that break a rule."""
        lines = self.text["line"].filter(mask)
        known = export_name(name, self.mapping.columns.get(name))
        self.failures.append(
            lines.to_frame("line").with_columns(
                name=pl.lit(name), column_name=pl.lit(known), rule_id=pl.lit(rule_id)
            )
        )

    def zone(self) -> str | pl.Series:
        """The zone of each row: its own, else the source's."""
        default = self.mapping.timezone or "UTC"
        return self.typed["tz"].fill_null(default) if "tz" in self.typed else default


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def path_value(pattern: str, path: Path) -> str:
    """The first group of a pattern on the path below the source's folder."""
    if match := re.search(pattern, path.as_posix()):
        return match[1]
    raise ExportUnreadable(
        f"{path}: the pattern '{pattern}' in source.toml does not match this file's path; correct it, or move the file"
    )


def constant(cells: Cells, word: str) -> pl.Series:
    """A column that holds one word."""
    return pl.repeat(word, cells.text.height, dtype=pl.String, eager=True)
