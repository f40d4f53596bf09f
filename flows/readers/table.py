"""What every reader hands on: text, line by line, and nothing decided about meaning."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

NO_BROKEN = pl.DataFrame(schema={"line": pl.Int64, "rule_id": pl.String})
NO_DELETED = pl.DataFrame(schema={"line": pl.Int64, "record_id": pl.String})


@dataclass(frozen=True)
class Batch:
    """A stretch of an export: `frame` has `line` (Int64) and the wanted columns as text (NULL = empty cell).

    `broken` has `line` and `rule_id` of records that are no rows at all; `n_ignored` counts empty records, and
    those that only say that another record is gone: `deleted` names that one by the source's id.
    """

    frame: pl.DataFrame
    broken: pl.DataFrame
    n_ignored: int
    deleted: pl.DataFrame = field(default_factory=lambda: NO_DELETED)

    @property
    def n_read(self) -> int:
        """Source records in this stretch."""
        return self.frame.height + self.broken.height + self.n_ignored


@dataclass(frozen=True)
class TextTable:
    """An opened export. `columns` are its column names, None where the format has no header (JSON).

    `batches(wanted)` streams the wanted columns; `receipt` says how the file was read, and why.
    """

    columns: tuple[str, ...] | None
    batches: Callable[[tuple[str, ...]], Iterator[Batch]]
    receipt: dict[str, str] = field(default_factory=dict)


# Where a reader may put a copy of an export. A run sets it beside its warehouse, so that no copy of people's data is left
# in a folder of the system when the run is killed; without a run it is the system's own.
WORK_FOLDER: ContextVar[Path | None] = ContextVar("work_folder", default=None)
